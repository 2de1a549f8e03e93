//! Writes the answer of a batch. JSON stands in it as its part wrote it, anything else in base64.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use http::header::{self, HeaderName};

use super::run::Done;

/// Headers whose names aren't written with each word's first letter as a capital. Clients look for
/// some names by their exact spelling (the SDK for JavaScript for `Content-Type`).
const SPELLINGS: [(&str, &str); 5] = [
    ("client-request-id", "client-request-id"),
    ("etag", "ETag"),
    ("odata-version", "OData-Version"),
    ("request-id", "request-id"),
    ("www-authenticate", "WWW-Authenticate"),
];

/// Writes it.
pub(super) fn write(done: &[Done]) -> Vec<u8> {
    let bytes: usize = done.iter().map(|part| part.body.len() + 512).sum();
    let mut text = Vec::with_capacity(bytes + 32);
    text.extend_from_slice(b"{\"responses\":[");
    for (place, part) in done.iter().enumerate() {
        if place > 0 {
            text.push(b',');
        }
        text.extend_from_slice(b"{\"id\":");
        push_text(&mut text, &part.id);
        text.extend_from_slice(b",\"status\":");
        text.extend_from_slice(part.status.as_str().as_bytes());
        text.extend_from_slice(b",\"headers\":{");
        push_headers(&mut text, &part.headers);
        text.push(b'}');
        if !part.body.is_empty() {
            text.extend_from_slice(b",\"body\":");
            if is_json(&part.headers) {
                text.extend_from_slice(&part.body);
            } else {
                push_text(&mut text, &BASE64_STANDARD.encode(&part.body));
            }
        }
        text.push(b'}');
    }
    text.extend_from_slice(b"]}");
    text
}

fn push_headers(text: &mut Vec<u8>, headers: &HeaderMap) {
    let mut is_first = true;
    for name in headers.keys() {
        let values: Vec<&str> = headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        if values.is_empty() || *name == header::X_CONTENT_TYPE_OPTIONS {
            continue;
        }
        if !is_first {
            text.push(b',');
        }
        is_first = false;
        push_text(text, &spelled(name));
        text.push(b':');
        push_text(text, &values.join(", "));
    }
}

fn push_text(text: &mut Vec<u8>, value: &str) {
    text.extend_from_slice(serde_json::Value::from(value).to_string().as_bytes());
}

fn is_json(headers: &HeaderMap) -> bool {
    crate::body::is_of_type(headers, "application/json")
}

fn spelled(name: &HeaderName) -> String {
    let found = SPELLINGS.iter().find(|(own, _)| *own == name.as_str());
    if let Some((_, spelling)) = found {
        return (*spelling).to_owned();
    }
    let mut begins = true;
    let letter = |letter: char| {
        let spelled = if begins {
            letter.to_ascii_uppercase()
        } else {
            letter
        };
        begins = letter == '-';
        spelled
    };
    name.as_str().chars().map(letter).collect()
}
