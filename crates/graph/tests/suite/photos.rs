//! Photos of users and groups: set, read in their sizes, deleted; and what isn't taken.

use std::io::Cursor;

use crate::common::deployment::{Answer, Caller, DOMAIN, Deployment, NOBODY};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::{ImageFormat, RgbImage};
use serde_json::json;

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 90]));
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

async fn send(caller: &Caller, method: &str, target: &str, kind: &str, body: Vec<u8>) -> Answer {
    let call = caller.call(method, target).header("content-type", kind);
    Answer::read(call.body(body).send().await.unwrap()).await
}

/// The type and the bytes of a photo.
async fn read(caller: &Caller, target: &str) -> (String, Vec<u8>) {
    let response = caller.call("GET", target).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    (kind, response.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_photo_is_set_read_in_sizes_and_deleted() {
    let d = Deployment::start().await;
    let photo = format!("/users/admin@{DOMAIN}/photo");
    let value = format!("{photo}/$value");
    for target in [&photo, &value] {
        d.admin.get(target).await.refused(404, "ImageNotFound");
    }
    d.admin.delete(&photo).await.refused(404, "ImageNotFound");
    let large = picture(1000, 700, ImageFormat::Jpeg);
    let set = send(&d.admin, "PUT", &value, "image/jpeg", large).await;
    assert_eq!((set.status, set.text.as_str()), (200, ""));
    let known = d.admin.get(&photo).await.expect(200).json;
    assert_eq!(known["id"], "648x648");
    assert_eq!(
        (&known["width"], &known["height"]),
        (&json!(648), &json!(648))
    );
    assert_eq!(known["@odata.mediaContentType"], "image/jpeg");
    let (kind, bytes) = read(&d.admin, &value).await;
    assert_eq!(kind, "image/jpeg");
    assert_eq!(image::load_from_memory(&bytes).unwrap().width(), 648);
    let photos = format!("/users/admin@{DOMAIN}/photos");
    let all = d.admin.get(&photos).await.expect(200).json;
    assert_eq!(all["value"].as_array().unwrap().len(), 9);
    assert_eq!(all["value"][0]["id"], "48x48");
    let (_, small) = read(&d.admin, &format!("{photos}/48x48/$value")).await;
    assert_eq!(image::load_from_memory(&small).unwrap().height(), 48);
    for nothing in ["49x49", "nonsense", "48x64", "0x0"] {
        let target = format!("{photos}/{nothing}/$value");
        d.admin.get(&target).await.refused(404, "ImageNotFound");
    }

    // A small one stays as it is; of a size that it doesn't fill, the next smaller one is answered.
    let own = picture(130, 100, ImageFormat::Png);
    let set = send(
        &d.admin,
        "PATCH",
        &value,
        "application/octet-stream",
        own.clone(),
    )
    .await;
    set.expect(200);
    assert_eq!(read(&d.admin, &value).await, ("image/png".into(), own));
    let known = d
        .admin
        .get(&format!("{photos}/504x504"))
        .await
        .expect(200)
        .json;
    assert_eq!(known["id"], "130x100");
    let known = d
        .admin
        .get(&format!("{photos}('120X120')"))
        .await
        .expect(200)
        .json;
    assert_eq!(known["id"], "96x96");

    // In a batch the bytes stand in base64.
    let batch = json!({ "requests": [{ "id": "1", "method": "GET", "url": value }] });
    let answer = d.admin.post("/$batch", batch).await.expect(200).json;
    let inside = &answer["responses"][0];
    assert_eq!(inside["headers"]["Content-Type"], "image/png");
    let bytes = BASE64_STANDARD
        .decode(inside["body"].as_str().unwrap())
        .unwrap();
    assert_eq!(bytes, picture(130, 100, ImageFormat::Png));

    d.admin.delete(&value).await.expect(204);
    d.admin.get(&value).await.refused(404, "ImageNotFound");
}

#[tokio::test]
async fn what_is_no_photo_is_refused() {
    let d = Deployment::start().await;
    let value = format!("/users/admin@{DOMAIN}/photo/$value");
    let jpeg = picture(60, 60, ImageFormat::Jpeg);
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec();
    let bad = "Request_BadRequest";
    for (kind, body, status) in [
        ("application/json", b"{}".to_vec(), 415),
        ("image/svg+xml", svg.clone(), 415),
        ("text/html", jpeg.clone(), 415),
        ("image/png", svg, 400),
        ("image/jpeg", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), 400),
        ("image/jpeg", jpeg[..jpeg.len() / 2].to_vec(), 400),
        ("image/jpeg", Vec::new(), 400),
    ] {
        let refused = send(&d.admin, "PUT", &value, kind, body).await;
        refused.refused(status, bad);
    }
    let refused = send(&d.admin, "PUT", &value, "image/jpeg", vec![0; 5_000_000]).await;
    let refused = refused.refused(413, "RequestEntityTooLarge");
    assert!(refused.message().contains("limits.photo_bytes"));
    let wide = picture(9_000, 1, ImageFormat::Png);
    let refused = send(&d.admin, "PUT", &value, "image/png", wide).await;
    refused.refused(413, "RequestEntityTooLarge");
    d.admin.get(&value).await.refused(404, "ImageNotFound");
}

#[tokio::test]
async fn photos_are_their_tenants_and_go_with_their_owners() {
    let d = Deployment::start().await;
    let group = json!({ "displayName": "Cooks", "mailEnabled": false, "mailNickname": "cooks",
        "securityEnabled": true });
    let group = d.admin.post("/groups", group).await.expect(201).json;
    let group = format!("/groups/{}", group["id"].as_str().unwrap());
    let value = format!("{group}/photo/$value");
    let picture = picture(48, 48, ImageFormat::Png);
    let set = |caller: Caller, target: String| {
        let picture = picture.clone();
        async move { send(&caller, "PUT", &target, "image/png", picture).await }
    };
    set(d.admin.clone(), value.clone()).await.expect(200);
    let known = d
        .admin
        .get(&format!("{group}/photo"))
        .await
        .expect(200)
        .json;
    assert_eq!(known["id"], "48x48");
    let (_, other) = d.other("Fabrikam", "fabrikam.example").await;
    let missing = "Request_ResourceNotFound";
    other.get(&value).await.refused(404, missing);
    set(other.clone(), value.clone())
        .await
        .refused(404, missing);
    other.delete(&value).await.refused(404, missing);
    let nobody = format!("/users/{NOBODY}/photo/$value");
    set(d.admin.clone(), nobody.clone())
        .await
        .refused(404, missing);
    let reader = d.client(&["ProfilePhoto.Read.All"]).await;
    assert_eq!(reader.get(&value).await.status, 200);
    set(reader, value.clone())
        .await
        .refused(403, "Authorization_RequestDenied");
    // Deleted and brought back it has its photo; gone for good, nothing is left.
    let deleted = group.replace("/groups/", "/directory/deletedItems/");
    d.admin.delete(&group).await.expect(204);
    d.admin.get(&value).await.refused(404, missing);
    d.admin
        .post(&format!("{deleted}/restore"), json!({}))
        .await
        .expect(200);
    assert_eq!(read(&d.admin, &value).await.1, picture);
    d.admin.delete(&group).await.expect(204);
    d.admin.delete(&deleted).await.expect(204);
    let tenant = d.tenant.parse().unwrap();
    let left = d.node.store().island(tenant).unwrap();
    let left = left
        .read(|tx| {
            let tenant = tx.tenant();
            tx.count(
                "SELECT count(*) FROM photos WHERE tenant_id = ?1",
                store::params![&tenant],
            )
        })
        .await
        .unwrap();
    assert_eq!(left, 0);
}
