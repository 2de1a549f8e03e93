//! Which file answers which address, and the headers that it gets.

use std::fmt::Write as _;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};

use crate::files::{File, Files};

/// The Content-Security-Policy of pages.
///
/// Scripts and styles come from this origin's files; there is no inline script and no `eval`. The one
/// hash is that of an *empty* `style` element: the component library makes such an element and adds
/// its rules through the CSSOM, which the policy doesn't restrict, while one with a content isn't
/// allowed. Nothing is sent anywhere but here, and the DOM takes no text for markup (Trusted Types).
///
/// Source: Content Security Policy Level 3 §6.7; W3C Trusted Types.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; \
    img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

/// Apps, by the address that they are below.
const APPS: [(&str, &str); 1] = [("/admin", "admin/index.html")];
const ASSETS: &str = "/assets/";
/// What search engines may ask for: pages, of which those of a tenant say themselves that they belong
/// into no index (which they couldn't if they weren't asked for), and not the API.
const ROBOTS: (&str, &str) = (
    "/robots.txt",
    "User-agent: *\nDisallow: /v1.0/\nDisallow: /beta/\n",
);

/// Asked for by browsers at pages that name no mark, as what the API answers with.
const MARK: (&str, &str) = ("/favicon.ico", include_str!("../../../web/admin/mark.svg"));

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// What is shown instead of a page that wasn't built.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><title>isopolity</title>\
    <h1>The web apps aren't in this build</h1>\
    <p>Build them with <code>scripts/web.sh</code> (it needs Node.js 20) and compile again, or use \
    <code>make build</code>, which does both. The API works without them.</p></html>\n";

/// [`crate::answer`] from other files.
pub fn answer_from(files: &impl Files, request: &Parts) -> Option<Response<Bytes>> {
    let path = request.uri.path();
    let is_robots = path == ROBOTS.0;
    let is_mark = path == MARK.0;
    let page = APPS.iter().find(|(below, _)| is_below(path, below));
    let (name, is_page) = match page {
        Some((_, page)) => (*page, true),
        None if is_robots || is_mark => (path, false),
        None => (path.strip_prefix(ASSETS).map(|_| &path[1..])?, false),
    };
    if request.method != Method::GET && request.method != Method::HEAD {
        let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD.\n");
        let allow = HeaderValue::from_static("GET, HEAD");
        refused.headers_mut().insert(header::ALLOW, allow);
        return Some(refused);
    }
    // Names are made by the build: letters, digits, and `-_.`; what has others was never built.
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let file = name.bytes().all(is_name).then(|| files.get(name)).flatten();
    let mut response = match file {
        Some(file) => whole(files, name, file, is_page, &request.headers),
        None if is_robots => plain(StatusCode::OK, ROBOTS.1),
        None if is_mark => {
            let mut mark = plain(StatusCode::OK, MARK.1);
            let svg = HeaderValue::from_static("image/svg+xml");
            mark.headers_mut().insert(header::CONTENT_TYPE, svg);
            mark
        }
        None if is_page => {
            let mut missing = plain(StatusCode::NOT_FOUND, NOT_BUILT);
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            missing.headers_mut().insert(header::CONTENT_TYPE, html);
            missing
        }
        None => plain(StatusCode::NOT_FOUND, "There is no such file.\n"),
    };
    if request.method == Method::HEAD {
        let length = HeaderValue::from(response.body().len());
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, length);
        *response.body_mut() = Bytes::new();
    }
    Some(response)
}

/// `/admin` itself and what is below it, but not `/administrators`.
fn is_below(path: &str, below: &str) -> bool {
    path.strip_prefix(below)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn whole(
    files: &impl Files,
    name: &str,
    file: File,
    is_page: bool,
    asked: &HeaderMap,
) -> Response<Bytes> {
    let tag = tag(&file.hash);
    let packed = takes_brotli(asked)
        .then(|| files.get(&format!("{name}.br")))
        .flatten();
    let mut response = Response::new(Bytes::new());
    secure(response.headers_mut(), is_page);
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(
        header::CACHE_CONTROL,
        if is_page { ASK_AGAIN } else { FOR_EVER },
    );
    if let Ok(value) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, value);
    }
    if is_known(asked, &tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(header::CONTENT_TYPE, content_type(name));
    if packed.is_some() {
        let brotli = HeaderValue::from_static("br");
        headers.insert(header::CONTENT_ENCODING, brotli);
    }
    *response.body_mut() = packed.map_or(file.content, |packed| packed.content);
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    secure(response.headers_mut(), true);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, ASK_AGAIN);
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, text);
    response
}

fn secure(headers: &mut HeaderMap, is_page: bool) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    if is_page {
        set(header::CONTENT_SECURITY_POLICY, POLICY);
        set(header::X_FRAME_OPTIONS, "DENY");
        set(header::REFERRER_POLICY, "no-referrer");
        set(
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        );
        set(
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        );
    }
}

/// A weak tag, for it is that of the content whichever way it is encoded.
fn tag(hash: &[u8; 32]) -> String {
    let mut tag = String::from("W/\"");
    for byte in hash.iter().take(16) {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let strong = tag.trim_start_matches("W/");
    asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == "*" || known == strong)
}

/// Whether a client takes Brotli: it names it, and not with a weight of zero.
fn takes_brotli(asked: &HeaderMap) -> bool {
    asked
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let is_brotli = parts
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case("br"));
            let refused = parts.any(|weight| {
                weight
                    .strip_prefix("q=")
                    .and_then(|weight| weight.parse::<f32>().ok())
                    .is_some_and(|weight| weight <= 0.0)
            });
            is_brotli && !refused
        })
}

fn content_type(name: &str) -> HeaderValue {
    HeaderValue::from_static(match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    })
}
