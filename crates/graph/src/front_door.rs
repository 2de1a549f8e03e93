//! Where a browser is led that was given only the server's name: to the admin centre, or to set up the
//! first tenant while there is none. What isn't a browser gets the API's own answer.

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};

const ADMIN: &str = "/admin";
const SETUP: &str = "/setup";

/// The answer that leads on, if this request is a browser's at the door.
pub(crate) fn way(request: &Parts, awaits_setup: impl FnOnce() -> bool) -> Option<Response<Bytes>> {
    let path = request.uri.path();
    let is_admin = path
        .strip_prefix(ADMIN)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_read = request.method == Method::GET || request.method == Method::HEAD;
    if !(is_read && (path == "/" || is_admin) && wants_page(request)) {
        return None;
    }
    let to = match (awaits_setup(), is_admin) {
        (true, _) => SETUP,
        (false, false) => ADMIN,
        (false, true) => return None,
    };
    let mut response = Response::new(Bytes::new());
    // It isn't for ever: the first tenant changes it.
    *response.status_mut() = StatusCode::FOUND;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_static(to));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    Some(response)
}

/// Whether pages are named among what the client takes; `*/*` alone is any client.
fn wants_page(request: &Parts) -> bool {
    request
        .headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn led(path: &str, accept: &str, awaits_setup: bool) -> Option<String> {
        let request = http::Request::get(path).header("accept", accept);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let response = way(&parts, || awaits_setup)?;
        let to = response.headers()[header::LOCATION].to_str().unwrap();
        Some(to.to_owned())
    }

    #[test]
    fn a_browser_is_led_to_where_it_can_begin_and_a_client_isnt() {
        let browser = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
        assert_eq!(led("/", browser, true).as_deref(), Some("/setup"));
        assert_eq!(led("/", browser, false).as_deref(), Some("/admin"));
        assert_eq!(
            led("/admin/people", browser, true).as_deref(),
            Some("/setup")
        );
        for (path, accept, awaits_setup) in [
            ("/admin", browser, false),
            ("/administrators", browser, true),
            ("/", "*/*", true),
            ("/", "application/json", false),
        ] {
            assert_eq!(led(path, accept, awaits_setup), None, "{path} {accept}");
        }
    }
}
