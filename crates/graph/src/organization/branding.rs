//! `/organization/{id}/branding`: how the tenant's sign-in pages look.
//!
//! - There is one branding, for all languages: `Accept-Language` makes no difference, and of
//!   `localizations` there is only the default one, in the list and with its images. Where there is no
//!   branding the list is empty: so a reader needn't ask for what isn't there.
//! - The first change makes the branding; deleting it takes its images along.
//! - Of images there are `bannerLogo` and `squareLogo`, JPEG or PNG by what their bytes are. They
//!   are decoded whole before they are kept, so that no browser is the first to read them.
//!
//! Source: the `organizationalBranding` resource and its operations (Microsoft Graph).

use std::io::Cursor;

use directory::branding::{self, Image, Logo, LogoKind};
use http::StatusCode;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};

use super::check_id;
use crate::errors::Refusal;
use crate::images;
use crate::listing;
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

/// The addresses of the images: of the branding, and of its default localization.
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
        "List how the sign-in pages look: the default, if there is one",
        list,
    )
    .query(Allowed::SELECT);
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

fn not_found() -> Refusal {
    types::Error::not_found("organizationalBranding", "0").into()
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    check_id(&call)?;
    let select = listing::select(&call)?;
    let cdn = call.platform().node.public_url();
    let branding = call.read_few(branding::get).await?.ok_or_else(not_found)?;
    let shown = branding::project(&branding, select.as_deref(), cdn.authority())?;
    Reply::object(&call, "branding", &shown)
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    check_id(&call)?;
    let select = listing::select(&call)?;
    let cdn = call.platform().node.public_url();
    let found = call.read_few(branding::get).await?;
    let shown = found
        .iter()
        .map(|branding| branding::project(branding, select.as_deref(), cdn.authority()))
        .collect::<types::Result<Vec<_>>>()?;
    let set = format!("organization('{}')/branding/localizations", call.key("id"));
    Reply::collection(&call, &set, &Page::all(shown))
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    check_id(&call)?;
    let patch = call.object("organizationalBranding")?;
    call.write(move |tx| branding::update(tx, &patch)).await?;
    Ok(Reply::no_content())
}

async fn delete(call: Call) -> Result<Reply, Refusal> {
    check_id(&call)?;
    call.write(branding::delete).await?;
    Ok(Reply::no_content())
}

/// That the path names the caller's tenant, and of localizations the default one.
fn check_place(call: &Call) -> Result<(), Refusal> {
    check_id(call)?;
    match call.find_key("localizationId") {
        None | Some("0" | "default") => Ok(()),
        Some(other) => {
            Err(types::Error::not_found("organizationalBrandingLocalization", other).into())
        }
    }
}

async fn get_image(call: Call, kind: LogoKind) -> Result<Reply, Refusal> {
    check_place(&call)?;
    let found = call.read(move |tx| branding::image(tx, kind)).await?;
    Ok(match found {
        Some(image) => Reply::bytes(images::kept_type(&image.logo.content_type), image.content),
        // An image that isn't set is an empty answer.
        None => Reply::no_content().with_status(StatusCode::OK),
    })
}

async fn set_image(call: Call, kind: LogoKind) -> Result<Reply, Refusal> {
    check_place(&call)?;
    let image = read_image(&call, kind)?;
    call.write(move |tx| branding::set_image(tx, &image))
        .await?;
    Ok(Reply::no_content())
}

async fn delete_image(call: Call, kind: LogoKind) -> Result<Reply, Refusal> {
    check_place(&call)?;
    call.write(move |tx| branding::delete_image(tx, kind))
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
