//! Images in a request's body: what one has to say of itself, and what it really is.

use http::StatusCode;
use http::header::CONTENT_TYPE;
use image::ImageFormat;

use crate::errors::Refusal;
use crate::request::Call;

/// What a body that is an image may be called.
pub(crate) const MEDIA_TYPES: &[&str] = &["image/jpeg", "image/png"];

fn unsupported() -> Refusal {
    Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "Request_BadRequest",
        "The body has to be an image, and the header Content-Type has to say so: image/jpeg or image/png.",
    )
    .with_target("Content-Type")
}

pub(crate) fn not_an_image() -> Refusal {
    Refusal::bad_request("The image can't be read: it has to be a whole JPEG or PNG image.")
}

/// The format of the image in a request's body, as its first bytes have it.
pub(crate) fn format(call: &Call) -> Result<ImageFormat, Refusal> {
    // Some clients call every stream by the general name; what it is, the bytes say.
    let declared = call.headers.get(CONTENT_TYPE);
    let declared = declared.map(|value| value.to_str().unwrap_or_default());
    let essence = declared
        .unwrap_or("application/octet-stream")
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let is_known = [
        "image/jpeg",
        "image/jpg",
        "image/png",
        "application/octet-stream",
    ]
    .contains(&essence.as_str());
    if !is_known {
        return Err(unsupported());
    }
    if call.body.is_empty() {
        return Err(Refusal::bad_request(
            "The body is empty: it has to be an image.",
        ));
    }
    match image::guess_format(&call.body) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png)) => Ok(format),
        _ => Err(not_an_image()),
    }
}

/// What an image of a format is sent as.
pub(crate) const fn content_type(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "image/png",
        _ => "image/jpeg",
    }
}

/// The same of an image that is kept.
pub(crate) fn kept_type(content_type: &str) -> &'static str {
    match content_type {
        "image/png" => "image/png",
        _ => "image/jpeg",
    }
}
