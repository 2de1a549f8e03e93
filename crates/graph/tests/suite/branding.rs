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

/// The sign-in page of the tenant, as a browser that wants these languages sees it.
async fn page(d: &Deployment, languages: &str) -> String {
    let (app, _) = d
        .admin
        .application(json!({ "displayName": "Wiki",
            "web": { "redirectUris": ["https://wiki.example/cb"] } }))
        .await;
    let url = format!(
        "{}/{}/oauth2/v2.0/authorize?client_id={}&response_type=code&scope=openid\
         &redirect_uri=https://wiki.example/cb&code_challenge={}&code_challenge_method=S256",
        d.url,
        d.tenant,
        app["appId"].as_str().unwrap(),
        "x".repeat(43)
    );
    let call = reqwest::Client::new().get(url);
    let answer = call.header("accept-language", languages).send().await;
    answer.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_page_looks_as_its_language_says() {
    let d = Deployment::start().await;
    let branding = format!("/organization/{}/branding", d.tenant);
    let localizations = format!("{branding}/localizations");
    let french = format!("{localizations}/fr-FR");
    d.admin.get(&french).await.refused(404, MISSING);
    let change = json!({ "signInPageText": "x" });
    d.admin.patch(&french, change).await.refused(404, MISSING);
    let body =
        json!({ "id": "fr-FR", "signInPageText": "Appelez le 555", "usernameHintText": " " });
    let made = d.admin.post(&localizations, body.clone()).await.expect(201);
    assert_eq!(made.json["id"], "fr-FR");
    assert!(made.header("location").ends_with(&french));
    let context = made.json["@odata.context"].as_str().unwrap();
    assert!(
        context.ends_with("/branding/localizations/$entity"),
        "{context}"
    );
    // It has made the default one, too.
    let change = json!({ "signInPageText": "Call 555", "usernameHintText": "you@contoso.example" });
    d.admin.patch(&branding, change).await.expect(204);
    let listed = d.admin.get(&localizations).await.expect(200).json;
    let ids: Vec<&str> = listed["value"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["id"].as_str())
        .collect();
    assert_eq!(ids, ["0", "fr-FR"]);
    for (asked, id) in [
        ("fr-FR", "fr-FR"),
        ("fr-FR,en;q=0.5", "0"),
        ("de", "0"),
        ("*", "0"),
    ] {
        let call = d
            .admin
            .call("GET", &branding)
            .header("accept-language", asked);
        let shown = Answer::read(call.send().await.unwrap()).await.expect(200);
        assert_eq!(shown.json["id"], id, "{asked}");
    }
    let again = d.admin.post(&localizations, body).await;
    again.refused(400, BAD);
    for bad in [
        json!({ "signInPageText": "x" }),
        json!({ "id": "0" }),
        json!({ "id": "fr_FR" }),
        json!({ "id": "../x" }),
        json!({ "id": "es", "backgroundColor": "red" }),
    ] {
        d.admin.post(&localizations, bad).await.refused(400, BAD);
    }
    let change = json!({ "id": "fr-FR", "backgroundColor": "#123456" });
    d.admin.patch(&french, change).await.expect(204);
    assert_eq!(
        d.admin.get(&french).await.expect(200).json["backgroundColor"],
        "#123456"
    );
    d.admin
        .patch(&french, json!({ "id": "de" }))
        .await
        .refused(400, BAD);

    // A logo of its own, beside the default one.
    let (plain, own) = (
        picture(8, 8, ImageFormat::Png),
        picture(9, 9, ImageFormat::Png),
    );
    let default = format!("{branding}/bannerLogo");
    put(&d.admin, &default, "image/png", plain.clone())
        .await
        .expect(204);
    let logo = format!("{french}/bannerLogo");
    assert_eq!(d.admin.get(&logo).await.expect(200).text, "");
    put(&d.admin, &logo, "image/png", own.clone())
        .await
        .expect(204);
    let shown = d.admin.get(&french).await.expect(200).json;
    let relative = shown["bannerLogoRelativeUrl"].as_str().unwrap();
    let public = reqwest::get(format!("{}/{relative}", d.url)).await.unwrap();
    assert_eq!(
        (
            public.status().as_u16(),
            public.bytes().await.unwrap().to_vec()
        ),
        (200, own)
    );
    for unknown in ["de-DE", "x_y"] {
        let url = format!("{}/{}/branding/{unknown}/bannerLogo", d.url, d.tenant);
        assert_eq!(reqwest::get(url).await.unwrap().status(), 404);
    }

    // The page takes what the language says, and else what is there by default.
    for (languages, is_french) in [
        ("fr-FR", true),
        ("fr-CA, en", true),
        ("ja, fr;q=0.4", true),
        ("de, en", false),
        ("", false),
    ] {
        let page = page(&d, languages).await;
        assert_eq!(page.contains("Appelez le 555"), is_french, "{languages}");
        assert_eq!(page.contains("Call 555"), !is_french, "{languages}");
        assert_eq!(
            page.contains("/branding/fr-fr/bannerLogo"),
            is_french,
            "{languages}"
        );
        assert!(page.contains("you@contoso.example"), "{languages}");
    }
    d.admin.delete(&logo).await.expect(204);
    assert!(page(&d, "fr").await.contains("/branding/bannerLogo"));
    let (_, other) = d.other("Fabrikam", "fabrikam.example").await;
    other.get(&french).await.refused(404, MISSING);
    d.admin.delete(&french).await.expect(204);
    d.admin.get(&french).await.refused(404, MISSING);
    d.admin
        .post(&localizations, json!({ "id": "de" }))
        .await
        .expect(201);
    d.admin.delete(&branding).await.expect(204);
    let none = d.admin.get(&localizations).await.expect(200).json;
    assert_eq!(none["value"], json!([]));
}
