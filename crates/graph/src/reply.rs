//! Answers of success, in Graph's form.
//!
//! `@odata.context` comes first. It is written in front of the object's own JSON, which may be the
//! text that the store keeps (as a `serde_json::value::RawValue`).
//!
//! Source: OData JSON format 4.01 §4, §10; Microsoft Graph, "use the Graph API".

use bytes::Bytes;
use directory::ObjectText;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;

use crate::errors::Refusal;
use crate::request::Request;

/// Graph's Content-Type.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static(
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
);
/// The Content-Type of JSON that isn't OData.
pub(crate) const PLAIN_JSON: HeaderValue =
    HeaderValue::from_static("application/json; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// An answer of success.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) body: Bytes,
    pub(crate) headers: HeaderMap,
}

/// One page of a collection.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// `@odata.count`, if it was asked for.
    pub count: Option<u64>,
    /// `@odata.nextLink`, if there is more.
    pub next_link: Option<String>,
    /// `@odata.deltaLink`, on the last page of a delta.
    pub delta_link: Option<String>,
}

impl<T> Page<T> {
    /// All there is.
    pub const fn all(items: Vec<T>) -> Self {
        Self {
            items,
            count: None,
            next_link: None,
            delta_link: None,
        }
    }
}

impl Reply {
    fn new(status: StatusCode, content_type: Option<HeaderValue>, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            content_type,
            body: body.into(),
            headers: HeaderMap::new(),
        }
    }

    /// 204.
    pub fn no_content() -> Self {
        Self::new(StatusCode::NO_CONTENT, None, Bytes::new())
    }

    /// 200 with one object of an entity set: `users`.
    pub fn entity<T: Serialize>(request: &Request, set: &str, object: &T) -> Result<Self, Refusal> {
        Self::object(request, &format!("{set}/$entity"), object)
    }

    /// [`Reply::entity`] of an object that is written already.
    pub fn entity_text(request: &Request, set: &str, object: &ObjectText) -> Result<Self, Refusal> {
        let mut body = start(request, &format!("{set}/$entity"));
        let at = body.len();
        body.extend_from_slice(object.as_bytes());
        join(&mut body, at)?;
        Ok(Self::new(StatusCode::OK, Some(JSON), body))
    }

    /// 200 with one object whose context is spelled otherwise: a singleton, an action's answer.
    pub fn object<T: Serialize>(
        request: &Request,
        context: &str,
        object: &T,
    ) -> Result<Self, Refusal> {
        let mut body = start(request, context);
        append(&mut body, object)?;
        Ok(Self::new(StatusCode::OK, Some(JSON), body))
    }

    /// 201 with the object that was made, and where it is (`/users/{id}`); 204 if the client
    /// prefers that.
    pub fn created<T: Serialize>(
        request: &Request,
        set: &str,
        object: &T,
        location: &str,
    ) -> Result<Self, Refusal> {
        let mut reply = Self::minimal_or(request, || Self::entity(request, set, object))?;
        if reply.status == StatusCode::OK {
            reply.status = StatusCode::CREATED;
        }
        let location = format!("{}{location}", request.root());
        Ok(reply.with_header(header::LOCATION, &location))
    }

    /// 200 with the object as a PATCH left it; 204 if the client prefers that. For the resources
    /// whose PATCH doesn't answer 204 anyway.
    pub fn updated<T: Serialize>(
        request: &Request,
        set: &str,
        object: &T,
    ) -> Result<Self, Refusal> {
        Self::minimal_or(request, || Self::entity(request, set, object))
    }

    fn minimal_or(
        request: &Request,
        full: impl FnOnce() -> Result<Self, Refusal>,
    ) -> Result<Self, Refusal> {
        let writes = matches!(
            *request.method(),
            Method::POST | Method::PATCH | Method::PUT
        );
        if writes && request.prefers("return=minimal") {
            return Ok(Self::no_content().with_header(
                HeaderName::from_static("preference-applied"),
                "return=minimal",
            ));
        }
        full()
    }

    /// 200 with a page of a collection: `users`.
    pub fn collection<T: Serialize>(
        request: &Request,
        set: &str,
        page: &Page<T>,
    ) -> Result<Self, Refusal> {
        let mut body = start(request, set);
        let mut annotation = |name: &str, value: &str| {
            body.extend_from_slice(b",\"");
            body.extend_from_slice(name.as_bytes());
            body.extend_from_slice(b"\":");
            body.extend_from_slice(value.as_bytes());
        };
        if let Some(count) = page.count {
            annotation("@odata.count", &count.to_string());
        }
        if let Some(link) = &page.next_link {
            annotation("@odata.nextLink", &quoted(link));
        }
        if let Some(link) = &page.delta_link {
            annotation("@odata.deltaLink", &quoted(link));
        }
        body.extend_from_slice(b",\"value\":");
        serde_json::to_writer(&mut body, &page.items).map_err(unwritable)?;
        body.push(b'}');
        Ok(Self::new(StatusCode::OK, Some(JSON), body))
    }

    /// 200 with the value of a function or an action, whose type is `kind`: `Edm.Boolean`,
    /// `Collection(Edm.String)`.
    pub fn value<T: Serialize>(request: &Request, kind: &str, value: &T) -> Result<Self, Refusal> {
        let context = format!("{}/$metadata#{kind}", request.root());
        let mut body = format!("{{\"@odata.context\":{},\"value\":", quoted(&context)).into_bytes();
        serde_json::to_writer(&mut body, value).map_err(unwritable)?;
        body.push(b'}');
        Ok(Self::new(StatusCode::OK, Some(JSON), body))
    }

    /// JSON that isn't OData: OAuth, descriptions.
    pub fn json<T: Serialize>(status: StatusCode, value: &T) -> Result<Self, Refusal> {
        let body = serde_json::to_vec(value).map_err(unwritable)?;
        Ok(Self::new(status, Some(PLAIN_JSON), body))
    }

    /// 200 with plain text: `/$count`.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(StatusCode::OK, Some(TEXT), text.into())
    }

    /// 200 with bytes of a media type.
    pub fn bytes(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self::new(
            StatusCode::OK,
            Some(HeaderValue::from_static(content_type)),
            body,
        )
    }

    /// With another status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// With another header beside those of the same name.
    #[must_use]
    pub(crate) fn with_added_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.append(name, value);
        }
        self
    }

    /// With another header. A value that can't be a header's is left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

fn unwritable(error: serde_json::Error) -> Refusal {
    Refusal::fault(format!("an answer can't be written as JSON: {error}"))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `{"@odata.context":"…"`, with the selected properties named in it.
fn start(request: &Request, context: &str) -> Vec<u8> {
    let mut body = Vec::with_capacity(1024);
    body.extend_from_slice(b"{\"@odata.context\":\"");
    let mut push = |text: &str| push_escaped(&mut body, text);
    push(&request.platform().public_url);
    push(request.version.prefix());
    push("/$metadata#");
    match &request.options.select {
        Some(select) => {
            let (set, rest) = match context.strip_suffix("/$entity") {
                Some(set) => (set, "/$entity"),
                None => (context, ""),
            };
            let names: String = select.chars().filter(|c| !c.is_whitespace()).collect();
            push(set);
            push("(");
            push(&names);
            push(")");
            push(rest);
        }
        None => push(context),
    }
    body.push(b'"');
    body
}

/// Adds a part of a text. Nearly always it has nothing in it that JSON would escape.
fn push_escaped(body: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\') {
        body.extend_from_slice(text.as_bytes());
    } else {
        let text = quoted(text);
        let inner = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        body.extend_from_slice(inner.unwrap_or_default().as_bytes());
    }
}

/// Adds an object's members behind what was started.
fn append<T: Serialize>(body: &mut Vec<u8>, object: &T) -> Result<(), Refusal> {
    let at = body.len();
    serde_json::to_writer(&mut *body, object).map_err(unwritable)?;
    join(body, at)
}

/// Makes the object that begins at `at` part of the one before it.
fn join(body: &mut Vec<u8>, at: usize) -> Result<(), Refusal> {
    // The object's own brace becomes the comma, or goes if there is nothing behind it.
    match body.get(at..) {
        Some([b'{', b'}']) => {
            body.remove(at);
        }
        Some([b'{', ..]) => {
            if let Some(brace) = body.get_mut(at) {
                *brace = b',';
            }
        }
        _ => {
            return Err(Refusal::fault(
                "an answer that has to be an object isn't one",
            ));
        }
    }
    Ok(())
}
