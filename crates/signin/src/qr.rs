//! A QR code as an image within the page, so that nothing is loaded for it.
//!
//! Source: ISO/IEC 18004 (a quiet zone of four modules); SVG 2.

use std::fmt::Write as _;

use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of white around the code.
const QUIET: i32 = 4;

/// A text as a QR code; nothing if it is too long for one.
pub(crate) fn code(text: &str, label: &str) -> Option<Markup> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            let _ = write!(path, "M{},{}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    let whole = size + 2 * QUIET;
    // Dark on light in dark pages too: not every camera reads it the other way around.
    Some(html! {
        svg .qr role="img" aria-label=(label) viewBox={ "0 0 " (whole) " " (whole) }
            xmlns="http://www.w3.org/2000/svg" shape-rendering="crispEdges" {
            rect width="100%" height="100%" fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    })
}
