//! Bodies: read within a limit, checked, and made into a JSON object.
//!
//! - A key that stands twice in one object is refused: parsers disagree about which one counts.
//! - At most [`DEPTH_MAX`] levels.
//! - `@odata.type` may say what the path says anyway; a contradiction is refused. Other
//!   annotations of the object itself and types of properties (`tags@odata.type`) are ignored,
//!   `…@odata.bind` stays.
//! - A compressed body is refused with 415: clients that compress by themselves (the Go SDK) send
//!   it again as it is.
//!
//! Source: OData JSON format 4.01 §4.6, RFC 8259 §4, RFC 7694.

use std::fmt;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::errors::Refusal;

/// The deepest nesting of a JSON body.
pub const DEPTH_MAX: usize = 64;

/// That the body is as it was written, not compressed.
pub(crate) fn check_encoding(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_plain = headers.get_all(CONTENT_ENCODING).iter().all(|encoding| {
        encoding
            .to_str()
            .is_ok_and(|encoding| encoding.trim().eq_ignore_ascii_case("identity"))
    });
    if is_plain {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "Request_BadRequest",
        "The body can't be compressed: send it without the header Content-Encoding.",
    )
    .with_target("Content-Encoding")
    .with_header(ACCEPT_ENCODING, "identity"))
}

/// Reads a whole body.
pub(crate) async fn collect<B>(
    body: B,
    bytes_max: usize,
    limit: &'static str,
) -> Result<Bytes, Refusal>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let hint = body.size_hint();
    if hint.lower() > bytes_max as u64 {
        return Err(too_large(bytes_max, limit));
    }
    if hint.exact() == Some(0) {
        return Ok(Bytes::new());
    }
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(bytes_max, limit)),
        Err(_) => Err(Refusal::bad_request(
            "The body ended before it was complete.",
        )),
    }
}

fn too_large(bytes_max: usize, limit: &'static str) -> Refusal {
    Refusal::limit(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestEntityTooLarge",
        limit,
        &format!("The body is larger than {bytes_max} bytes."),
    )
}

/// Whether the body says that it is of this media type; parameters are ignored.
pub(crate) fn is_of_type(headers: &HeaderMap, media_type: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case(media_type))
}

/// Reads a body that has to be JSON.
pub(crate) fn json(headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "Empty Payload. JSON content expected.",
        ));
    }
    if !is_of_type(headers, "application/json") {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Request_BadRequest",
            "The body has to be JSON and the header Content-Type has to say so: application/json.",
        )
        .with_target("Content-Type"));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = Strict { depth: 0 }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| {
        Refusal::bad_request(format!(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format: {error}."
        ))
    })
}

/// Builds a value, minding depth and duplicate keys.
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format_args!("more than {DEPTH_MAX} levels")));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.deeper()?)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                let shown: String = key.chars().take(64).collect();
                return Err(A::Error::custom(format_args!(
                    "the property '{shown}' stands twice"
                )));
            }
            let value = entries.next_value_seed(self.deeper()?)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

/// Makes a body into an object of a type (`user`), without annotations of the object itself.
pub(crate) fn object(value: Value, kind: Option<&str>) -> Result<Map<String, Value>, Refusal> {
    let Value::Object(mut object) = value else {
        return Err(Refusal::bad_request("The body has to be a JSON object."));
    };
    if let (Some(stated), Some(kind)) = (object.get("@odata.type"), kind) {
        let fits = stated.as_str().is_some_and(|stated| {
            let stated = stated.strip_prefix('#').unwrap_or(stated);
            let stated = stated.strip_prefix("microsoft.graph.").unwrap_or(stated);
            stated.eq_ignore_ascii_case(kind)
        });
        if !fits {
            return Err(Refusal::bad_request(format!(
                "The property '@odata.type' contradicts the address: here it is '#microsoft.graph.{kind}'."
            ))
            .with_target("@odata.type"));
        }
    }
    object.retain(|name, _| !name.starts_with("@odata."));
    drop_property_types(&mut object);
    Ok(object)
}

/// Takes away what is said about the types of properties, which are known: `tags@odata.type`.
fn drop_property_types(object: &mut Map<String, Value>) {
    let says_type = |name: &str| {
        name.strip_suffix("@odata.type")
            .is_some_and(|property| !property.is_empty())
    };
    object.retain(|name, _| !says_type(name));
    for value in object.values_mut() {
        match value {
            Value::Object(inner) => drop_property_types(inner),
            Value::Array(items) => items
                .iter_mut()
                .filter_map(Value::as_object_mut)
                .for_each(drop_property_types),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(content_type: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
        headers
    }
    fn read(body: &str) -> Result<Value, Refusal> {
        json(
            &headers("application/json;odata.metadata=minimal"),
            body.as_bytes(),
        )
    }

    #[test]
    fn json_is_read_strictly() {
        assert_eq!(
            read(r#"{"a":[1,-2,1.5,true,null,"x"]}"#).unwrap(),
            serde_json::json!({"a": [1, -2, 1.5, true, null, "x"]})
        );
        for body in [
            "",
            "  ",
            "{",
            "{}x",
            r#"{"a":1,"a":2}"#,
            r#"{"b":{"a":1,"a":2}}"#,
            &"[".repeat(100_000),
            &format!("{}{}", "[".repeat(65), "]".repeat(65)),
        ] {
            assert!(read(body).is_err(), "{body:.40}");
        }
        assert!(read(&format!("{}{}", "[".repeat(64), "]".repeat(64))).is_ok());
        let wrong = json(&headers("text/plain"), b"{}").unwrap_err();
        assert_eq!(wrong.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }

    #[test]
    fn the_type_has_to_fit() {
        let with = |kind: &str| {
            object(
                serde_json::json!({"@odata.type": kind, "@odata.context": "x", "m@odata.bind": [], "a": 1,
                    "l@odata.type": "#Collection(String)", "o": {"@odata.type": "#o", "l@odata.type": "#x"},
                    "os": [{"l@odata.type": "#x"}, 1]}),
                Some("user"),
            )
        };
        let map = with("#microsoft.graph.user").unwrap();
        assert_eq!(
            Value::Object(map),
            serde_json::json!({"m@odata.bind": [], "a": 1, "o": {"@odata.type": "#o"}, "os": [{}, 1]})
        );
        assert!(with("microsoft.graph.User").is_ok());
        assert!(with("#microsoft.graph.group").is_err());
        assert!(object(serde_json::json!([]), None).is_err());
    }
}
