//! What is made of an image that is sent: the photo in every size.
//!
//! - A photo that fits into the largest size, is small in bytes and says nothing of where and how it
//!   was taken stays as it is. Of any other one the square in the middle is kept, scaled to the
//!   largest size that it fills, so that nothing of the file itself is handed on.
//! - The smaller sizes are squares, too, as JPEG. What is transparent becomes white there.
//! - An image is looked at before it is decoded: sides, pixels and memory are bounded, and so is the
//!   number of images that are worked on at once.

use std::io::Cursor;

use bytes::Bytes;
use directory::photos::{Photo, Rendition, SIZES};
use http::StatusCode;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};
use tokio::sync::Semaphore;

use crate::errors::Refusal;
use crate::images;
use crate::request::Call;

/// Bytes of an image that is sent.
pub(super) const PHOTO_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Pixels of one of its sides.
const SIDE_MAX: u32 = 8_192;
/// Pixels of all of it.
const PIXELS_MAX: u64 = 25_000_000;
/// Bytes of memory that decoding it may take.
const MEMORY_MAX: u64 = 128 * 1024 * 1024;
/// Bytes of an image that stays as it is.
const KEPT_BYTES_MAX: usize = 256 * 1024;
/// Images that are worked on at once.
static PLACES: Semaphore = Semaphore::const_new(2);
const QUALITY: u8 = 85;
/// The size that photos have at most.
const LARGEST: u32 = 648;

fn unreadable(error: &image::ImageError) -> Refusal {
    if matches!(error, image::ImageError::Limits(_)) {
        return too_large();
    }
    images::not_an_image()
}

fn too_large() -> Refusal {
    Refusal::limit(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestEntityTooLarge",
        "limits.photo_pixels",
        &format!(
            "The photo has more than {PIXELS_MAX} pixels, or more than {SIDE_MAX} on one side."
        ),
    )
}

/// Makes the sizes of the image in a request's body.
pub(super) async fn of(call: &Call) -> Result<Vec<Rendition>, Refusal> {
    let format = images::format(call)?;
    let place = PLACES
        .acquire()
        .await
        .map_err(|error| Refusal::fault(error.to_string()))?;
    let body = call.body.clone();
    // Whoever has gone away leaves the work, which keeps its place until it is done.
    let work = move || {
        let _place = place;
        make(&body, format)
    };
    let made = tokio::task::spawn_blocking(work).await;
    made.map_err(|error| Refusal::fault(error.to_string()))?
}

/// An image, decoded.
struct Decoded {
    image: DynamicImage,
    /// Whether the file says more than what is to be seen.
    tells_more: bool,
}

fn decode(body: &Bytes, format: ImageFormat) -> Result<Decoded, Refusal> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(MEMORY_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(body.as_ref()), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|it| unreadable(&it))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS_MAX || decoder.total_bytes() > MEMORY_MAX {
        return Err(too_large());
    }
    let has_exif = decoder
        .exif_metadata()
        .map_err(|it| unreadable(&it))?
        .is_some();
    let has_xmp = decoder
        .xmp_metadata()
        .map_err(|it| unreadable(&it))?
        .is_some();
    let orientation = decoder.orientation().map_err(|it| unreadable(&it))?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(|it| unreadable(&it))?;
    image.apply_orientation(orientation);
    Ok(Decoded {
        image,
        tells_more: has_exif || has_xmp || orientation != Orientation::NoTransforms,
    })
}

fn make(body: &Bytes, format: ImageFormat) -> Result<Vec<Rendition>, Refusal> {
    let Decoded { image, tells_more } = decode(body, format)?;
    let (width, height) = (image.width(), image.height());
    let side = width.min(height);
    let mut made = Vec::with_capacity(SIZES.len());
    let stays = !tells_more && width.max(height) <= LARGEST && body.len() <= KEPT_BYTES_MAX;
    if stays {
        let content_type = images::content_type(format);
        made.push(rendition(width, height, content_type, body.to_vec()));
    }
    let (left, top) = ((width - side) / 2, (height - side) / 2);
    let square = image.crop_imm(left, top, side, side);
    drop(image);
    let mut sides: Vec<u32> = SIZES.into_iter().filter(|size| *size <= side).collect();
    if sides.is_empty() && !stays {
        sides.push(side);
    }
    // From large to small, each from the one before.
    let mut current = square;
    for size in sides.into_iter().rev() {
        if current.width() != size {
            current = current.resize_exact(size, size, FilterType::Triangle);
        }
        if !(stays && (width, height) == (size, size)) {
            made.push(rendition(size, size, "image/jpeg", jpeg(&current)?));
        }
    }
    Ok(made)
}

fn rendition(width: u32, height: u32, content_type: &str, content: Vec<u8>) -> Rendition {
    let mut digest = identity::sha256(&content).to_vec();
    digest.truncate(8);
    Rendition {
        photo: Photo {
            width,
            height,
            content_type: content_type.to_owned(),
            digest,
        },
        content,
    }
}

fn jpeg(image: &DynamicImage) -> Result<Vec<u8>, Refusal> {
    let mut content = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut content, QUALITY);
    flattened(image)
        .write_with_encoder(encoder)
        .map_err(|error| Refusal::fault(format!("a photo can't be written: {error}")))?;
    Ok(content)
}

/// The image on white.
fn flattened(image: &DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.to_rgb8();
    }
    let source = image.to_rgba8();
    RgbImage::from_fn(source.width(), source.height(), |x, y| {
        let [red, green, blue, alpha] = source.get_pixel(x, y).0;
        let on_white = |value: u8| {
            let (value, alpha) = (u32::from(value), u32::from(alpha));
            ((value * alpha + 255 * (255 - alpha)) / 255) as u8
        };
        image::Rgb([on_white(red), on_white(green), on_white(blue)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Bytes {
        let image = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 9]));
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner().into()
    }

    fn ids(made: &[Rendition]) -> Vec<String> {
        made.iter().map(|it| it.photo.id()).collect()
    }

    #[test]
    fn small_ones_stay_and_large_ones_are_cut_and_scaled() {
        let small = png(100, 80);
        let made = make(&small, ImageFormat::Png).unwrap();
        assert_eq!(ids(&made), ["100x80", "64x64", "48x48"]);
        assert_eq!(made[0].content, small);
        let tiny = make(&png(2, 1), ImageFormat::Png).unwrap();
        assert_eq!(ids(&tiny), ["2x1"]);
        let large = make(&png(900, 520), ImageFormat::Png).unwrap();
        assert_eq!(ids(&large)[0], "504x504");
        assert_eq!(large.len(), 8);
        for it in &large {
            let read = image::load_from_memory(&it.content).unwrap();
            assert_eq!(
                (read.width(), read.height()),
                (it.photo.width, it.photo.height)
            );
        }
    }

    #[test]
    fn what_says_more_than_is_seen_is_made_anew() {
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new(&mut bytes);
        let exif = b"II*\0\x08\0\0\0\0\0\0\0\0\0".to_vec();
        image::ImageEncoder::set_exif_metadata(&mut encoder, exif).unwrap();
        RgbImage::new(50, 50).write_with_encoder(encoder).unwrap();
        let made = make(&bytes.clone().into(), ImageFormat::Jpeg).unwrap();
        assert_eq!(ids(&made), ["48x48"]);
    }

    #[test]
    fn bombs_are_refused_before_they_go_off() {
        // 65,535 × 65,535 pixels in a few bytes: a header is enough.
        let mut bomb = png(1, 1).to_vec();
        bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        let crc = crc(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        let refused = make(&bomb.into(), ImageFormat::Png).unwrap_err();
        assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE, "{refused}");
        let cut = png(300, 300).slice(..200);
        let refused = make(&cut, ImageFormat::Png).unwrap_err();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{refused}");
    }

    /// CRC-32 of PNG.
    fn crc(bytes: &[u8]) -> u32 {
        let each = bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (0_u32.wrapping_sub(crc & 1)))
            })
        });
        !each
    }
}
