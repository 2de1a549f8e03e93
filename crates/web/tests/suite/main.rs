//! What a browser gets of the web apps.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response};
use web::{File, Files, POLICY, answer_from};

struct Built(BTreeMap<&'static str, &'static str>);

impl Files for Built {
    fn get(&self, path: &str) -> Option<File> {
        let content = self.0.get(path)?;
        let mut hash = [0; 32];
        for (to, from) in hash.iter_mut().zip(content.bytes()) {
            *to = from;
        }
        Some(File {
            content: Bytes::from_static(content.as_bytes()),
            hash,
        })
    }
}

fn built() -> Built {
    Built(BTreeMap::from([
        ("admin/index.html", "<page>"),
        ("admin/index.html.br", "packed page"),
        ("assets/admin-1a2b.js", "script"),
        ("assets/admin-1a2b.js.br", "packed script"),
        ("assets/mark-3c4d.svg", "<svg>"),
    ]))
}

fn ask(
    files: &Built,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Option<Response<Bytes>> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    answer_from(files, &parts)
}

fn header<'r>(response: &'r Response<Bytes>, name: &str) -> &'r str {
    response.headers()[name].to_str().unwrap()
}

#[test]
fn every_address_below_an_app_is_its_page() {
    for path in ["/admin", "/admin/", "/admin/people", "/admin/people?q=ann"] {
        let page = ask(&built(), "GET", path, &[]).unwrap();
        assert_eq!(
            (page.status().as_u16(), &page.body()[..]),
            (200, &b"<page>"[..]),
            "{path}"
        );
        assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
        assert_eq!(header(&page, "content-security-policy"), POLICY);
        assert_eq!(header(&page, "cache-control"), "no-cache");
    }
    for path in [
        "/",
        "/administrators",
        "/v1.0/users",
        "/contoso.example/oauth2/v2.0/token",
    ] {
        assert!(
            ask(&built(), "GET", path, &[]).is_none(),
            "{path} isn't ours"
        );
    }
}

#[test]
fn a_page_that_is_known_is_not_sent_again() {
    let page = ask(&built(), "GET", "/admin", &[]).unwrap();
    let tag = header(&page, "etag").to_owned();
    let again = ask(&built(), "GET", "/admin/people", &[("if-none-match", &tag)]).unwrap();
    assert_eq!((again.status().as_u16(), again.body().len()), (304, 0));
    assert_eq!(header(&again, "content-security-policy"), POLICY);
    let other = ask(&built(), "GET", "/admin", &[("if-none-match", "\"00\"")]).unwrap();
    assert_eq!(other.status(), 200);
}

#[test]
fn what_has_its_hash_in_its_name_is_kept_for_ever() {
    let script = ask(&built(), "GET", "/assets/admin-1a2b.js", &[]).unwrap();
    assert_eq!(&script.body()[..], b"script");
    assert_eq!(
        header(&script, "cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(
        header(&script, "content-type"),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(header(&script, "x-content-type-options"), "nosniff");
    let gone = ask(&built(), "GET", "/assets/admin-0000.js", &[]).unwrap();
    assert_eq!(gone.status(), 404);
    assert_eq!(header(&gone, "cache-control"), "no-cache");
}

#[test]
fn who_takes_brotli_gets_what_was_packed_when_it_was_built() {
    let ask = |coding| {
        ask(
            &built(),
            "GET",
            "/assets/admin-1a2b.js",
            &[("accept-encoding", coding)],
        )
    };
    for coding in ["br", "gzip, deflate, br, zstd", "gzip;q=0.5, BR;q=0.1"] {
        let script = ask(coding).unwrap();
        assert_eq!(&script.body()[..], b"packed script", "{coding}");
        assert_eq!(header(&script, "content-encoding"), "br");
        assert_eq!(header(&script, "vary"), "accept-encoding");
    }
    for coding in ["gzip", "br;q=0", "broccoli"] {
        let script = ask(coding).unwrap();
        assert_eq!(&script.body()[..], b"script", "{coding}");
        assert!(script.headers().get("content-encoding").is_none());
    }
}

#[test]
fn nothing_but_what_was_built_can_be_read() {
    for path in [
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/admin/index.html",
        "/assets/",
        "/assets/a\\b",
    ] {
        let Ok(uri) = path.parse::<http::Uri>() else {
            continue;
        };
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.uri = uri;
        assert_eq!(
            answer_from(&built(), &parts).unwrap().status(),
            404,
            "{path}"
        );
    }
    let posted = ask(&built(), "POST", "/admin", &[]).unwrap();
    assert_eq!(
        (posted.status().as_u16(), header(&posted, "allow")),
        (405, "GET, HEAD")
    );
    let head = ask(&built(), "HEAD", "/admin", &[]).unwrap();
    assert_eq!(
        (header(&head, "content-length"), head.body().len()),
        ("6", 0)
    );
}

#[test]
fn search_engines_are_told_to_leave_the_api_alone() {
    let robots = ask(&built(), "GET", "/robots.txt", &[]).unwrap();
    assert_eq!(robots.status(), 200);
    assert_eq!(header(&robots, "content-type"), "text/plain; charset=utf-8");
    let text = std::str::from_utf8(robots.body()).unwrap();
    assert!(text.starts_with("User-agent: *\n"));
    assert!(text.lines().any(|line| line == "Disallow: /v1.0/"));
}

#[test]
fn without_a_build_the_page_says_how_to_make_one() {
    let page = ask(&Built(BTreeMap::new()), "GET", "/admin", &[]).unwrap();
    assert_eq!(page.status(), 404);
    assert!(
        std::str::from_utf8(page.body())
            .unwrap()
            .contains("scripts/web.sh")
    );
}

#[test]
fn the_mark_is_there_for_pages_that_name_none() {
    let mark = ask(&built(), "GET", "/favicon.ico", &[]).unwrap();
    assert_eq!(mark.status(), 200);
    assert_eq!(header(&mark, "content-type"), "image/svg+xml");
    assert!(mark.body().starts_with(b"<svg"));
}
