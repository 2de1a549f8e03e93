//! Branding: set, read and taken away; what isn't taken; and what comes onto the sign-in pages.

use std::io::Cursor;

use crate::common::deployment::{Answer, Caller, Deployment, NOBODY};
use image::{ImageFormat, RgbImage};
use serde_json::json;

const MISSING: &str = "Request_ResourceNotFound";
const BAD: &str = "Request_BadRequest";

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 90]));
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

async fn put(caller: &Caller, target: &str, kind: &str, body: Vec<u8>) -> Answer {
    let call = caller.call("PUT", target).header("content-type", kind);
    Answer::read(call.body(body).send().await.unwrap()).await
}

#[tokio::test]
async fn a_branding_begins_with_its_first_change_and_ends_with_its_images() {
    let d = Deployment::start().await;
    let branding = format!("/organization/{}/branding", d.tenant);
    let banner = format!("{branding}/bannerLogo");
    for target in [&branding, &banner] {
        d.admin.get(target).await.refused(404, MISSING);
    }
    d.admin.delete(&branding).await.refused(404, MISSING);
    // Whether there is one is told by the list, which is always there.
    let listed = format!("{branding}/localizations");
    let none = d.admin.get(&listed).await.expect(200).json;
    assert_eq!(none["value"], json!([]));
    let patch = json!({
        "backgroundColor": "#4851BD", "signInPageText": "Call 555-0100", "usernameHintText": null,
    });
    d.admin.patch(&branding, patch).await.expect(204);
    let shown = d.admin.get(&branding).await.expect(200).json;
    assert_eq!(
        shown["@odata.context"],
        format!("{}/v1.0/$metadata#branding", d.url)
    );
    assert_eq!(shown["id"], "0");
    assert_eq!(shown["backgroundColor"], "#4851BD");
    assert_eq!(shown["cdnList"], json!([]));
    assert_eq!(shown["bannerLogoRelativeUrl"], json!(null));
    let localizations = d.admin.get(&listed).await.expect(200).json;
    assert_eq!(
        localizations["@odata.context"],
        format!(
            "{}/v1.0/$metadata#organization('{}')/branding/localizations",
            d.url, d.tenant
        )
    );
    assert_eq!(localizations["value"].as_array().unwrap().len(), 1);
    assert_eq!(localizations["value"][0]["id"], "0");
    assert_eq!(localizations["value"][0]["backgroundColor"], "#4851BD");
    // An image that isn't set is nothing.
    let nothing = d.admin.get(&banner).await.expect(200);
    assert_eq!(nothing.text, "");

    let logo = picture(245, 36, ImageFormat::Png);
    put(&d.admin, &banner, "image/png", logo.clone())
        .await
        .expect(204);
    let square = format!("{branding}/localizations/default/squareLogo");
    let jpeg = picture(240, 240, ImageFormat::Jpeg);
    put(&d.admin, &square, "application/octet-stream", jpeg)
        .await
        .expect(204);
    let elsewhere = format!("{branding}/localizations/fr-FR/squareLogo");
    d.admin.get(&elsewhere).await.refused(404, MISSING);
    let shown = d.admin.get(&branding).await.expect(200).json;
    let relative = shown["bannerLogoRelativeUrl"].as_str().unwrap().to_owned();
    let host = d.url.split_once("://").unwrap().1;
    assert_eq!(shown["cdnList"], json!([host]));

    // Everybody sees it, as on the pages: with its type, and unable to do anything.
    let public = reqwest::get(format!("{}/{relative}", d.url)).await.unwrap();
    assert_eq!(public.status(), 200);
    let header = |name: &str| public.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(
        header("content-security-policy"),
        "default-src 'none'; sandbox"
    );
    assert_eq!(public.bytes().await.unwrap(), logo);

    // Who has read it has read another version once it changes.
    put(
        &d.admin,
        &banner,
        "image/png",
        picture(8, 8, ImageFormat::Png),
    )
    .await
    .expect(204);
    let shown = d.admin.get(&branding).await.expect(200).json;
    assert_ne!(shown["bannerLogoRelativeUrl"], relative.as_str());
    d.admin.delete(&square).await.expect(204);
    let log = "/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Update organizational branding'";
    let log = d.admin.get(log).await.expect(200).json;
    assert_eq!(log["value"].as_array().unwrap().len(), 5);

    d.admin.delete(&branding).await.expect(204);
    d.admin.get(&branding).await.refused(404, MISSING);
    let public = reqwest::get(format!("{}/{relative}", d.url)).await.unwrap();
    assert_eq!(public.status(), 404);
}

#[tokio::test]
async fn what_does_not_belong_on_a_page_is_refused() {
    let d = Deployment::start().await;
    let branding = format!("/organization/{}/branding", d.tenant);
    for patch in [
        json!({ "backgroundColor": "#4851BD;}*{background:url(//evil.example)" }),
        json!({ "backgroundColor": "red" }),
        json!({ "backgroundColor": 4 }),
        json!({ "signInPageText": "x".repeat(1_025) }),
        json!({ "usernameHintText": "x".repeat(65) }),
        json!({ "customTermsOfUseUrl": "javascript:alert(1)" }),
        json!({ "customPrivacyAndCookiesUrl": "http://contoso.example" }),
        json!({ "customCSS": "*{}" }),
        json!({ "bannerLogo": "aGVsbG8=" }),
        json!({ "headerBackgroundColor": "#ffffff" }),
        json!({ "id": "fr-FR" }),
    ] {
        d.admin.patch(&branding, patch).await.refused(400, BAD);
    }
    let banner = format!("{branding}/bannerLogo");
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec();
    let png = picture(100, 30, ImageFormat::Png);
    for (kind, body, status) in [
        ("image/svg+xml", svg.clone(), 415),
        ("text/html", png.clone(), 415),
        ("image/png", svg, 400),
        ("image/png", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), 400),
        ("image/png", png[..png.len() / 2].to_vec(), 400),
        ("image/png", Vec::new(), 400),
        ("image/png", picture(246, 36, ImageFormat::Png), 400),
        ("image/png", picture(100, 37, ImageFormat::Jpeg), 400),
    ] {
        put(&d.admin, &banner, kind, body)
            .await
            .refused(status, BAD);
    }
    let refused = put(&d.admin, &banner, "image/png", vec![0; 51_201]).await;
    let refused = refused.refused(413, "RequestEntityTooLarge");
    assert!(refused.message().contains("limits.branding_image_bytes"));
    d.admin.get(&branding).await.refused(404, MISSING);
}

#[tokio::test]
async fn a_branding_is_its_tenants_and_its_administrators() {
    let d = Deployment::start().await;
    let branding = format!("/organization/{}/branding", d.tenant);
    let banner = format!("{branding}/bannerLogo");
    let png = picture(30, 30, ImageFormat::Png);
    put(&d.admin, &banner, "image/png", png.clone())
        .await
        .expect(204);
    let (_, other) = d.other("Fabrikam", "fabrikam.example").await;
    for target in [&branding, &banner] {
        other.get(target).await.refused(404, MISSING);
        other.delete(target).await.refused(404, MISSING);
    }
    other
        .patch(&branding, json!({ "signInPageText": "mine" }))
        .await
        .refused(404, MISSING);
    put(&other, &banner, "image/png", png.clone())
        .await
        .refused(404, MISSING);
    let nobody = format!("/organization/{NOBODY}/branding");
    d.admin.get(&nobody).await.refused(404, MISSING);
    let reader = d.client(&["OrganizationalBranding.Read.All"]).await;
    reader.get(&branding).await.expect(200);
    put(&reader, &banner, "image/png", png)
        .await
        .refused(403, "Authorization_RequestDenied");
    let address = |name: &str| format!("{}/{name}/branding/bannerLogo", d.url);
    for name in [NOBODY, "nobody.example", "common"] {
        let public = reqwest::get(address(name)).await.unwrap();
        assert_eq!(public.status(), 404, "{name}");
    }
    let known = address(&d.tenant).replace("bannerLogo", "squareLogo");
    assert_eq!(reqwest::get(known).await.unwrap().status(), 404);
}
