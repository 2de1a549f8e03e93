//! `/organization/{id}/branding`: how the tenant's sign-in pages look.
//!
//! - `localizations` are the default branding and those for a language. Where there is no branding the
//!   list is empty: so a reader needn't ask for what isn't there. The branding itself is the default
//!   one, unless `Accept-Language` is the tag of a localization and nothing else.
//! - The first change makes the branding, as does its first localization; deleting it takes its images
//!   and its localizations along.
//! - Of images there are `bannerLogo` and `squareLogo`, JPEG or PNG by what their bytes are. They
//!   are decoded whole before they are kept, so that no browser is the first to read them.
//!
//! Source: the `organizationalBranding` and `organizationalBrandingLocalization` resources and their
//! operations (Microsoft Graph).

use std::io::Cursor;

use directory::branding::{self, Branding, Image, Logo, LogoKind, Which};
use http::StatusCode;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};

use super::check_id;
use crate::errors::Refusal;
use crate::images;
use crate::listing::{self, Shown};
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Area, Payload};

const READ: &[&str] = &[
    "Organization.Read.All",
    "Organization.ReadWrite.All",
    "OrganizationalBranding.Read.All",
    "OrganizationalBranding.ReadWrite.All",
];
const WRITE: &[&str] = &[
    "Organization.ReadWrite.All",
    "OrganizationalBranding.ReadWrite.All",
];
const DELETE: &[&str] = &["OrganizationalBranding.ReadWrite.All"];

/// What an image's body may be.
const PAYLOAD: Payload = Payload {
    media_types: images::MEDIA_TYPES,
    bytes_max: 51_200,
    limit: "limits.branding_image_bytes",
};
/// Bytes of memory that decoding an image may take.
const MEMORY_MAX: u64 = 8 * 1024 * 1024;

/// The addresses of the images: of the branding, and of a localization.
const IMAGES: [(&str, LogoKind); 4] = [
    ("/organization/{id}/branding/bannerLogo", LogoKind::Banner),
    ("/organization/{id}/branding/squareLogo", LogoKind::Square),
    (
        "/organization/{id}/branding/localizations/{localizationId}/bannerLogo",
        LogoKind::Banner,
    ),
    (
        "/organization/{id}/branding/localizations/{localizationId}/squareLogo",
        LogoKind::Square,
    ),
];

pub(super) fn routes(area: &mut Area<'_>) {
    const BRANDING: &str = "/organization/{id}/branding";
    const LOCALIZATION: &str = "/organization/{id}/branding/localizations/{localizationId}";
    area.get(BRANDING, READ, "Get how the sign-in pages look", get)
        .query(Allowed::SELECT);
    area.patch(BRANDING, WRITE, "Change how the sign-in pages look", update);
    area.delete(
        BRANDING,
        DELETE,
        "Let the sign-in pages look as they do by themselves",
        delete,
    );
    area.get(
        "/organization/{id}/branding/localizations",
        READ,
        "List how the sign-in pages look, by default and in languages",
        list,
    )
    .query(Allowed::SELECT);
    area.post(
        "/organization/{id}/branding/localizations",
        WRITE,
        "Say how the sign-in pages look in a language",
        create,
    );
    area.get(
        LOCALIZATION,
        READ,
        "Get how the sign-in pages look in a language",
        get,
    )
    .query(Allowed::SELECT);
    area.patch(
        LOCALIZATION,
        WRITE,
        "Change how the sign-in pages look in a language",
        update,
    );
    area.delete(
        LOCALIZATION,
        DELETE,
        "Let the sign-in pages look in a language as they do by default",
        delete,
    );
    for (path, kind) in IMAGES {
        area.get(path, READ, "Get a logo", move |call| get_image(call, kind));
        area.put(path, WRITE, "Set a logo", move |call| set_image(call, kind))
            .payload(PAYLOAD);
        area.patch(path, WRITE, "Set a logo", move |call| set_image(call, kind))
            .payload(PAYLOAD);
        area.delete(path, WRITE, "Delete a logo", move |call| {
            delete_image(call, kind)
        });
    }
}

fn not_found(id: &str) -> Refusal {
    types::Error::not_found("organizationalBrandingLocalization", id).into()
}

/// Which branding the path names, in the caller's tenant.
fn place(call: &Call) -> Result<Which, Refusal> {
    check_id(call)?;
    match call.find_key("localizationId") {
        None => Ok(Which::Default),
        Some(id) => Which::parse(id).ok_or_else(|| not_found(id)),
    }
}

fn show(call: &Call, branding: &Branding, select: Option<&[String]>) -> types::Result<Shown> {
    let cdn = call.platform().node.public_url();
    branding::project(branding, select, cdn.authority())
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let which = place(&call)?;
    let asked = call.header("accept-language").map(str::trim);
    let localized = match (&which, asked.and_then(Which::parse)) {
        (Which::Default, Some(which @ Which::Localization(_)))
            if call.find_key("localizationId").is_none() =>
        {
            Some(which)
        }
        _ => None,
    };
    let missing = which.clone();
    let found = call
        .read_few(move |tx| {
            let localized = localized.map(|it| branding::get(tx, &it)).transpose()?;
            match localized.flatten() {
                Some(found) => Ok(Some(found)),
                None => branding::get(tx, &which),
            }
        })
        .await?;
    let found = found.ok_or_else(|| missing.missing())?;
    let shown = show(&call, &found, listing::select(&call)?.as_deref())?;
    match missing {
        Which::Default => Reply::object(&call, "branding", &shown),
        Which::Localization(_) => Reply::entity(&call, &set(&call), &shown),
    }
}

/// The set of the localizations, as contexts name it.
fn set(call: &Call) -> String {
    format!("organization('{}')/branding/localizations", call.key("id"))
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    check_id(&call)?;
    let found = call.read_few(branding::list).await?;
    let select = listing::select(&call)?;
    let shown = found
        .iter()
        .map(|branding| show(&call, branding, select.as_deref()))
        .collect::<types::Result<Vec<_>>>()?;
    Reply::collection(&call, &set(&call), &Page::all(shown))
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    check_id(&call)?;
    let body = call.object("organizationalBrandingLocalization")?;
    let made = call.write(move |tx| branding::create(tx, &body)).await?;
    let shown = show(&call, &made, None)?;
    let id = shown.get("id").and_then(serde_json::Value::as_str);
    let path = format!(
        "/organization/{}/branding/localizations/{}",
        call.key("id"),
        id.unwrap_or_default()
    );
    Reply::created(&call, &set(&call), &shown, &path)
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let which = place(&call)?;
    let mut patch = call.object(match which {
        Which::Default => "organizationalBranding",
        Which::Localization(_) => "organizationalBrandingLocalization",
    })?;
    // Clients send back what they have read.
    let own = patch.get("id").and_then(serde_json::Value::as_str);
    if own.and_then(Which::parse).as_ref() == Some(&which) {
        patch.shift_remove("id");
    }
    call.write(move |tx| branding::update(tx, &which, &patch))
        .await?;
    Ok(Reply::no_content())
}

async fn delete(call: Call) -> Result<Reply, Refusal> {
    let which = place(&call)?;
    call.write(move |tx| branding::delete(tx, &which)).await?;
    Ok(Reply::no_content())
}

async fn get_image(call: Call, kind: LogoKind) -> Result<Reply, Refusal> {
    let which = place(&call)?;
    let found = call
        .read(move |tx| branding::image(tx, &which, kind))
        .await?;
    Ok(match found {
        Some(image) => Reply::bytes(images::kept_type(&image.logo.content_type), image.content),
        // An image that isn't set is an empty answer.
        None => Reply::no_content().with_status(StatusCode::OK),
    })
}

async fn set_image(call: Call, kind: LogoKind) -> Result<Reply, Refusal> {
    let which = place(&call)?;
    let image = read_image(&call, kind)?;
    call.write(move |tx| branding::set_image(tx, &which, &image))
        .await?;
    Ok(Reply::no_content())
}

async fn delete_image(call: Call, kind: LogoKind) -> Result<Reply, Refusal> {
    let which = place(&call)?;
    call.write(move |tx| branding::delete_image(tx, &which, kind))
        .await?;
    Ok(Reply::no_content())
}

/// The image of a request's body, looked at before it is decoded, and decoded before it is taken.
fn read_image(call: &Call, kind: LogoKind) -> Result<Image, Refusal> {
    let format = images::format(call)?;
    let (width_max, height_max) = kind.pixels_max();
    let too_large = || {
        Refusal::bad_request(format!(
            "A {} has {width_max} × {height_max} pixels at most.",
            kind.name()
        ))
    };
    let refused = |error: ImageError| match error {
        ImageError::Limits(_) => too_large(),
        _ => images::not_an_image(),
    };
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(call.body.as_ref()), format);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    if width > width_max || height > height_max {
        return Err(too_large());
    }
    DynamicImage::from_decoder(decoder).map_err(refused)?;
    let mut digest = identity::sha256(&call.body).to_vec();
    digest.truncate(8);
    Ok(Image {
        logo: Logo {
            kind,
            width,
            height,
            content_type: images::content_type(format).to_owned(),
            digest,
        },
        content: call.body.to_vec(),
    })
}
