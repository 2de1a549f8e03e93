//! Reads a batch: its requests, and what each waits for.

use std::collections::BTreeMap;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Uri};
use http_body_util::Full;
use serde_json::{Map, Value};

use crate::body;
use crate::errors::Refusal;
use crate::idempotency::{IDEMPOTENCY_KEY, KEY_BYTES_MAX};
use crate::path;
use crate::request::Call;
use crate::respond::CLIENT_REQUEST_ID;
use crate::route::Version;

/// The longest address of a part. More than one that is sent alone may have: a batch is the way to
/// send a long `$filter`.
pub(super) const URL_BYTES_MAX: usize = 60_000;
const HEADERS_MAX: usize = 64;
const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PATCH,
    Method::PUT,
    Method::DELETE,
];
/// What belongs to the connection or says who calls: the batch's counts.
const NOT_OF_A_PART: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];
/// `=` at the end may stand or be left out.
const PADDED_OR_NOT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: [GeneralPurpose; 2] = [
    GeneralPurpose::new(&URL_SAFE, PADDED_OR_NOT),
    GeneralPurpose::new(&STANDARD, PADDED_OR_NOT),
];

/// One request of a batch.
pub(super) struct Part {
    /// As it was written.
    pub(super) id: String,
    pub(super) method: Method,
    /// What is sent; or why it alone is refused.
    pub(super) request: Result<http::Request<Full<Bytes>>, Refusal>,
    /// Its dependencies, by their places in the batch, all of which are before its own.
    pub(super) after: Vec<usize>,
}

/// Reads the batch that a call carries.
pub(super) fn read(call: &Call) -> Result<Vec<Part>, Refusal> {
    let body = call.json()?;
    let requests = match body.get("requests") {
        Some(Value::Array(requests)) if !requests.is_empty() => requests,
        _ => {
            return Err(malformed(
                "The body has to be {\"requests\": […]} with at least one request.",
            ));
        }
    };
    let requests_max = call.platform().limits.batch_requests;
    if requests.len() > requests_max {
        return Err(Refusal::limit(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "limits.batch_requests",
            &format!("Number of batch request steps exceeds the maximum value of {requests_max}."),
        ));
    }
    let outer = Outer::of(call)?;
    let mut places = BTreeMap::new();
    let mut parts: Vec<Part> = Vec::with_capacity(requests.len());
    for (place, request) in requests.iter().enumerate() {
        let part = outer.part(request, &places)?;
        if places.insert(part.id.to_lowercase(), place).is_some() {
            return Err(malformed(format!(
                "Request id '{}' is used more than once; ids are compared without regard to case.",
                shown(&part.id)
            )));
        }
        parts.push(part);
    }
    Ok(parts)
}

/// What the parts get from the batch.
struct Outer<'c> {
    public_url: &'c str,
    version: Version,
    authorization: Option<HeaderValue>,
    client_request_id: Option<HeaderValue>,
    idempotency_key: Option<&'c str>,
}

impl<'c> Outer<'c> {
    fn of(call: &'c Call) -> Result<Self, Refusal> {
        let idempotency_key = match call.headers.get(IDEMPOTENCY_KEY) {
            None => None,
            Some(key) => Some(
                key.to_str()
                    .ok()
                    .filter(|text| (1..=KEY_BYTES_MAX).contains(&text.len()))
                    .ok_or_else(crate::idempotency::bad_key)?,
            ),
        };
        Ok(Self {
            public_url: &call.platform().public_url,
            version: call.version,
            authorization: call.headers.get(header::AUTHORIZATION).cloned(),
            client_request_id: call.headers.get(CLIENT_REQUEST_ID).cloned(),
            idempotency_key,
        })
    }

    fn part(&self, request: &Value, places: &BTreeMap<String, usize>) -> Result<Part, Refusal> {
        let Value::Object(request) = request else {
            return Err(malformed("Each of the requests has to be an object."));
        };
        let Some(id) = text(request, "id").filter(|id| !id.is_empty()) else {
            return Err(malformed(
                "Each request needs an id: a text that isn't empty.",
            ));
        };
        let wrong = |what: &str| malformed(format!("Request id '{}': {what}", shown(id)));
        if request
            .get("atomicityGroup")
            .is_some_and(|it| !it.is_null())
        {
            return Err(wrong("atomicityGroup isn't supported."));
        }
        let method = text(request, "method").and_then(|name| {
            let same = |method: &&Method| name.eq_ignore_ascii_case(method.as_str());
            METHODS.iter().find(same).cloned()
        });
        let Some(method) = method else {
            return Err(wrong("method has to be GET, POST, PATCH, PUT or DELETE."));
        };
        let Some(url) = text(request, "url").filter(|url| !url.is_empty()) else {
            return Err(wrong("url is missing."));
        };
        let Some(url) = self.relative(url) else {
            return Err(wrong(
                "url has to be relative to the version that the batch was sent to: /users.",
            ));
        };
        let address = format!("{}{}", self.version.prefix(), encoded(&url));
        if is_batch(&address) {
            return Err(wrong("a batch can't contain a batch."));
        }
        let after = after(request, places).map_err(|what| wrong(&what))?;
        let mut headers = headers(request).map_err(|what| wrong(&what))?;
        let body = body_of(request, &headers).map_err(|what| wrong(&what))?;
        self.add_headers(&mut headers, &method, id);
        Ok(Part {
            id: id.to_owned(),
            request: sent(&method, &address, headers, body),
            method,
            after,
        })
    }

    /// A part's address without version and origin, with a slash before it. The SDKs write the
    /// version and, those for Python, the origin as well; both have to be the batch's own.
    fn relative(&self, url: &str) -> Option<String> {
        let is_absolute = url.split_once("://").is_some_and(|(scheme, _)| {
            scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
        });
        if is_absolute {
            let (origin, rest) = url.split_at_checked(self.public_url.len())?;
            let (path, query) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
            let (version, path) = Version::split(path);
            let is_ours = origin.eq_ignore_ascii_case(self.public_url) && version == self.version;
            return is_ours.then(|| format!("{path}{query}"));
        }
        let url = format!("/{}", url.strip_prefix('/').unwrap_or(url));
        let (path, query) = url.split_at(url.find(['?', '#']).unwrap_or(url.len()));
        match Version::split(path) {
            (version, path) if version == self.version => Some(format!("{path}{query}")),
            _ => Some(url),
        }
    }

    fn add_headers(&self, headers: &mut HeaderMap, method: &Method, id: &str) {
        for name in NOT_OF_A_PART {
            headers.remove(name);
        }
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        if let Some(id) = &self.client_request_id
            && !headers.contains_key(CLIENT_REQUEST_ID)
        {
            headers.insert(CLIENT_REQUEST_ID, id.clone());
        }
        if let Some(key) = self.idempotency_key
            && *method == Method::POST
            && !headers.contains_key(IDEMPOTENCY_KEY)
        {
            let digest = identity::sha256(format!("{key}\n{}", id.to_lowercase()).as_bytes());
            let [url_safe, _] = BASE64;
            if let Ok(value) = HeaderValue::try_from(url_safe.encode(digest)) {
                headers.insert(IDEMPOTENCY_KEY, value);
            }
        }
    }
}

fn sent(
    method: &Method,
    address: &str,
    headers: HeaderMap,
    body: Bytes,
) -> Result<http::Request<Full<Bytes>>, Refusal> {
    if address.len() > URL_BYTES_MAX {
        return Err(Refusal::limit(
            StatusCode::URI_TOO_LONG,
            "RequestUriTooLong",
            "limits.batch_url_bytes",
            &format!("The address is longer than {URL_BYTES_MAX} bytes."),
        ));
    }
    let uri: Uri = address
        .parse()
        .map_err(|_| Refusal::bad_path("The address can't be read.".into()))?;
    let mut request = http::Request::new(Full::new(body));
    *request.method_mut() = method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Whether an address is that of a batch, however it is spelled.
fn is_batch(address: &str) -> bool {
    let path = address.split('?').next().unwrap_or_default();
    let (_, rest) = Version::split(path);
    path::read(rest).is_ok_and(|pieces| path::is_below(&pieces, "$batch"))
}

/// The places of those that `dependsOn` names.
fn after(
    request: &Map<String, Value>,
    places: &BTreeMap<String, usize>,
) -> Result<Vec<usize>, String> {
    // The SDK for Python writes it as `depends_on`.
    let names = ["dependsOn", "depends_on"];
    let mut after = Vec::new();
    for value in names.iter().filter_map(|name| request.get(*name)) {
        let ids = match value {
            Value::Null => continue,
            Value::Array(ids) => ids,
            _ => return Err("dependsOn has to be a list of ids.".into()),
        };
        for id in ids {
            let Value::String(id) = id else {
                return Err("dependsOn has to be a list of ids.".into());
            };
            let place = places.get(&id.to_lowercase()).ok_or_else(|| {
                format!(
                    "invalid dependency '{}': dependsOn has to name requests that stand before this one.",
                    shown(id)
                )
            })?;
            after.push(*place);
        }
    }
    after.sort_unstable();
    after.dedup();
    Ok(after)
}

fn headers(request: &Map<String, Value>) -> Result<HeaderMap, String> {
    let written = match request.get("headers") {
        None | Some(Value::Null) => return Ok(HeaderMap::new()),
        Some(Value::Object(headers)) => headers,
        Some(_) => return Err("headers has to be an object.".into()),
    };
    if written.len() > HEADERS_MAX {
        return Err(format!("there are more than {HEADERS_MAX} headers."));
    }
    let mut headers = HeaderMap::with_capacity(written.len() + 4);
    for (name, value) in written {
        let valid = || {
            let name = HeaderName::try_from(name).ok()?;
            let value = HeaderValue::try_from(value.as_str()?).ok()?;
            Some((name, value))
        };
        match valid() {
            Some((name, value)) => headers.append(name, value),
            None => return Err(format!("the header '{}' isn't valid.", shown(name))),
        };
    }
    Ok(headers)
}

/// The bytes of a part's body: JSON as it stands, anything else in base64.
fn body_of(request: &Map<String, Value>, headers: &HeaderMap) -> Result<Bytes, String> {
    let has_type = headers.contains_key(header::CONTENT_TYPE);
    let body = match request.get("body") {
        None | Some(Value::Null) => return Ok(Bytes::new()),
        Some(Value::String(text)) if text.is_empty() => return Ok(Bytes::new()),
        Some(_) if !has_type => {
            return Err("a body needs the header Content-Type.".into());
        }
        Some(body) => body,
    };
    let is_json = body::is_of_type(headers, "application/json");
    match body {
        // The SDK for Python writes JSON that isn't an object in base64, too.
        Value::String(text) => match decoded(text) {
            Some(bytes) if !is_json || serde_json::from_slice::<Value>(&bytes).is_ok() => {
                Ok(bytes.into())
            }
            _ if is_json => Ok(body.to_string().into()),
            _ => Err("a body that isn't JSON has to be written in base64.".into()),
        },
        _ if is_json => Ok(body.to_string().into()),
        _ => Err("a body that isn't JSON has to be written in base64.".into()),
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    BASE64.iter().find_map(|engine| engine.decode(text).ok())
}

/// An address in which all that has to be percent-encoded is. People write addresses into a batch
/// as they would read them aloud.
fn encoded(url: &str) -> String {
    let mut encoded = String::with_capacity(url.len());
    for character in url.chars() {
        if character.is_ascii_graphic() && !"\"#<>\\^`{|}".contains(character) {
            encoded.push(character);
        } else {
            let mut bytes = [0; 4];
            crate::query_options::encode(character.encode_utf8(&mut bytes), &mut encoded);
        }
    }
    encoded
}

fn text<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    object.get(name).and_then(Value::as_str)
}

fn malformed(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "BadRequest", message)
}

fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outer() -> Outer<'static> {
        Outer {
            public_url: "https://Graph.example:8443",
            version: Version::V1,
            authorization: None,
            client_request_id: None,
            idempotency_key: None,
        }
    }

    #[test]
    fn addresses_as_the_sdks_write_them() {
        for (written, relative) in [
            ("/users", "/users"),
            ("users?$top=1", "/users?$top=1"),
            ("/v1.0/users", "/users"),
            ("V1.0/users?a=/v1.0/", "/users?a=/v1.0/"),
            (
                "https://graph.example:8443/v1.0/users?$top=1",
                "/users?$top=1",
            ),
            ("/beta/users", "/beta/users"),
            (
                "users?$filter=a eq 'http://x'",
                "/users?$filter=a eq 'http://x'",
            ),
        ] {
            assert_eq!(outer().relative(written).as_deref(), Some(relative));
        }
        for written in [
            "https://graph.example:8443/beta/users",
            "https://graph.example:8443/healthz",
            "https://graph.example:8443",
            "https://graph.example:8443.evil.example/v1.0/users",
            "https://graph.microsoft.com/v1.0/users",
            "HTTP://x/v1.0/users",
            "https://é",
        ] {
            assert_eq!(outer().relative(written), None, "{written}");
        }
    }

    #[test]
    fn addresses_are_encoded() {
        assert_eq!(
            encoded("/users?$filter=city eq 'Zürich'&a=%20#x"),
            "/users?$filter=city%20eq%20'Z%C3%BCrich'&a=%20%23x"
        );
        for nested in [
            "/v1.0/$batch",
            "/v1.0/%24BATCH?x",
            "/v1.0/$batch/",
            "/v1.0/$batch/x",
        ] {
            assert!(is_batch(nested), "{nested}");
        }
        assert!(!is_batch("/v1.0/users?$batch"));
    }

    #[test]
    fn bodies_are_json_or_base64() {
        let of = |kind: &str, body: Value| {
            let request = serde_json::json!({ "headers": { "content-type": kind }, "body": body });
            let request = request.as_object().unwrap();
            body_of(request, &headers(request).unwrap())
        };
        let json = "application/json;odata.metadata=minimal";
        assert_eq!(
            of(json, serde_json::json!({ "a": 1 })).unwrap(),
            r#"{"a":1}"#
        );
        assert_eq!(of(json, "WzFd".into()).unwrap(), "[1]");
        assert_eq!(of(json, "é".into()).unwrap(), "\"é\"");
        assert_eq!(of("image/png", "_-8".into()).unwrap(), &[0xff, 0xef][..]);
        assert_eq!(of("image/png", "/+8=".into()).unwrap(), &[0xff, 0xef][..]);
        assert!(of("image/png", "é".into()).is_err());
        assert!(of("image/png", serde_json::json!({})).is_err());
        let bare = serde_json::json!({ "body": {} });
        assert!(body_of(bare.as_object().unwrap(), &HeaderMap::new()).is_err());
    }
}
