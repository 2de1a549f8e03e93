//! What a tenant puts on its pages: its colour around the card, its logo, a text and two links.
//!
//! Nothing of it can do anything: the colour is six digits in a style of its own, whose hash the
//! policy names; the logos are images at this origin; the text is a text; links are followed only by
//! who follows them.

use maud::{Markup, PreEscaped, html};
use node::oauth::{Face, Link};

use crate::policy::hash;
use crate::words::Words;

/// Whose a page is that is of no tenant.
pub(crate) const PRODUCT: &str = "isopolity";

fn style_text(face: Option<&Face>) -> Option<String> {
    let colour = face?.background.as_deref()?;
    let digits = colour.strip_prefix('#')?;
    let is_colour = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_colour.then(|| format!(":root{{--around:#{digits}}}"))
}

/// The style, if there is a colour.
pub(crate) fn style(face: Option<&Face>) -> Markup {
    html! { @if let Some(text) = style_text(face) { style { (PreEscaped(text)) } } }
}

/// The picture of the page's tab: the tenant's logo. A page that may show an image is asked for one
/// at an address where there is none, unless it says which.
pub(crate) fn icon(face: Option<&Face>) -> Markup {
    let logo = face.and_then(|face| face.square.as_ref().or(face.banner.as_ref()));
    html! { @if let Some(logo) = logo { link rel="icon" href=(logo.path); } }
}

/// What else the page's style and images may be.
pub(crate) fn policy(face: Option<&Face>) -> (String, &'static str) {
    let style = style_text(face).map(|text| format!(" {}", hash(&text)));
    let has_image = face.is_some_and(|face| face.banner.is_some() || face.square.is_some());
    let images = if has_image { "; img-src 'self'" } else { "" };
    (style.unwrap_or_default(), images)
}

/// Whose page it is: by its banner, or by its name beside a mark.
pub(crate) fn head(face: Option<&Face>, mark: &str) -> Markup {
    let name = face.map_or(PRODUCT, |face| face.name.as_str());
    let banner = face.and_then(|face| face.banner.as_ref());
    let square = face.and_then(|face| face.square.as_ref());
    html! {
        p .of {
            @if let Some(banner) = banner {
                img src=(banner.path) width=(banner.width) height=(banner.height) alt=(name);
            } @else {
                @if let Some(square) = square {
                    img .square src=(square.path) width=(square.width) height=(square.height) alt="";
                } @else {
                    (PreEscaped(mark))
                }
                bdi { (name) }
            }
        }
    }
}

/// What stands below a page's content.
pub(crate) fn foot(face: Option<&Face>, words: &Words) -> Markup {
    let Some(face) = face else {
        return html! {};
    };
    let link = |link: Option<&Link>, words: &'static str| {
        link.map(|Link { url, text }| {
            html! {
                a href=(url) rel="noreferrer" target="_blank" { (text.as_deref().unwrap_or(words)) }
            }
        })
    };
    html! {
        @if let Some(text) = &face.text { p .own dir="auto" { (text) } }
        @if face.privacy.is_some() || face.terms.is_some() {
            p .soft .links {
                (link(face.privacy.as_ref(), words.privacy).unwrap_or_default())
                (link(face.terms.as_ref(), words.terms).unwrap_or_default())
            }
        }
    }
}
