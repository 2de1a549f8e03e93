//! Speaking HTTP to the server, and what holds of every answer.

use std::{
    fmt,
    future::IntoFuture,
    ops::Index,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
};

use reqwest::{
    Client, Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::Value;

/// Somebody who calls: an address, a token or none, and headers that go with every call.
#[derive(Clone)]
pub struct Caller {
    url: String,
    client: Client,
    token: Option<String>,
    headers: HeaderMap,
}

/// A call that is sent when awaited.
#[must_use = "a call is sent when awaited"]
pub struct Call {
    caller: Caller,
    method: Method,
    target: String,
    body: Body,
}

enum Body {
    None,
    Json(Value),
    Form(Vec<(String, String)>),
    Raw(&'static str, Vec<u8>),
}

/// An answer of which everything that always holds has been checked.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; null if it isn't JSON.
    pub json: Value,
    /// The body as text.
    pub text: String,
    request: String,
}

impl Caller {
    pub(crate) fn new(url: &str, client: Client) -> Self {
        Self {
            url: url.to_owned(),
            client,
            token: None,
            headers: HeaderMap::new(),
        }
    }

    /// The server's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The token, if there is one.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// The same caller with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The same caller, sending this header with every call.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut caller = self.clone();
        set(&mut caller.headers, name, value);
        caller
    }

    /// The same caller, asking for the advanced queries of directory objects.
    #[must_use]
    pub fn advanced(&self) -> Self {
        self.with_header("ConsistencyLevel", "eventual")
    }

    /// The same caller through another client (one that trusts a certificate, say).
    #[must_use]
    pub fn through(&self, client: Client) -> Self {
        Self {
            client,
            ..self.clone()
        }
    }

    /// A call with any method.
    pub fn call(&self, method: &str, target: &str) -> Call {
        Call {
            caller: self.clone(),
            method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
            target: target.to_owned(),
            body: Body::None,
        }
    }

    /// GET. The target is a path, or an address that the server handed out.
    pub fn get(&self, target: &str) -> Call {
        self.call("GET", target)
    }

    /// DELETE.
    pub fn delete(&self, target: &str) -> Call {
        self.call("DELETE", target)
    }

    /// POST with a JSON body.
    pub fn post(&self, target: &str, body: Value) -> Call {
        self.call("POST", target).json(body)
    }

    /// PATCH with a JSON body.
    pub fn patch(&self, target: &str, body: Value) -> Call {
        self.call("PATCH", target).json(body)
    }

    /// PUT with a JSON body.
    pub fn put(&self, target: &str, body: Value) -> Call {
        self.call("PUT", target).json(body)
    }

    /// POST of a form, as OAuth has it.
    pub fn form(&self, target: &str, fields: &[(&str, &str)]) -> Call {
        let mut call = self.call("POST", target);
        call.body = Body::Form(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        );
        call
    }

    /// Every item of a collection, page by page.
    pub async fn all(&self, target: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = Some(target.to_owned());
        while let Some(target) = next {
            let page = self.get(&target).await.expect(200);
            items.extend(page["value"].as_array().expect("a collection").clone());
            next = page["@odata.nextLink"].as_str().map(str::to_owned);
        }
        items
    }
}

impl Call {
    /// With this header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        set(&mut self.caller.headers, name, value);
        self
    }

    /// With this JSON body.
    pub fn json(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// With these bytes as the body.
    pub fn raw(mut self, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Body::Raw(content_type, body.into());
        self
    }

    async fn send(self) -> Result<Answer, reqwest::Error> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let marker = format!("e2e00000-0000-4000-8000-{number:012x}");
        let Self {
            caller,
            method,
            target,
            body,
        } = self;
        let url = if target.starts_with("http") {
            assert!(
                target.starts_with(&caller.url),
                "a link of the server leads elsewhere: {target}"
            );
            target.clone()
        } else {
            format!("{}{target}", caller.url)
        };
        let mut request = caller
            .client
            .request(method.clone(), url)
            .header("client-request-id", &marker)
            .headers(caller.headers);
        if let Some(token) = &caller.token {
            request = request.bearer_auth(token);
        }
        let mut sent = target.clone();
        request = match body {
            Body::None => request,
            Body::Json(body) => {
                sent.push_str(&body.to_string());
                request
                    .header("content-type", "application/json")
                    .body(body.to_string())
            }
            Body::Form(fields) => {
                let encoded: Vec<String> = fields
                    .iter()
                    .map(|(name, value)| format!("{name}={}", encode(value)))
                    .collect();
                request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(encoded.join("&"))
            }
            Body::Raw(content_type, body) => {
                sent.push_str(&String::from_utf8_lossy(&body));
                request.header("content-type", content_type).body(body)
            }
        };
        let response = request.send().await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = String::from_utf8_lossy(&response.bytes().await?).into_owned();
        let answer = Answer {
            status,
            headers,
            json: serde_json::from_str(&text).unwrap_or_default(),
            text,
            request: format!("{method} {target}"),
        };
        answer.check_what_always_holds(&sent, &marker);
        Ok(answer)
    }

    /// Sends; an error if no answer came, as when the server is killed meanwhile.
    pub async fn attempt(self) -> Option<Answer> {
        self.send().await.ok()
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let what = format!("{} {}", self.method, self.target);
            match self.send().await {
                Ok(answer) => answer,
                Err(error) => panic!("{what}: no answer: {error:?}"),
            }
        })
    }
}

impl Answer {
    /// The answer, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The answer, if it is a success of whatever kind.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "{self:?}");
        self
    }

    /// The answer, if it is an error with this status and code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status, self.json["error"]["code"].as_str()),
            (status, Some(code)),
            "{self:?}"
        );
        self
    }

    /// The answer, if it is a refusal of whatever kind (4xx).
    #[track_caller]
    pub fn refused_somehow(self) -> Self {
        assert!((400..500).contains(&self.status), "{self:?}");
        self
    }

    /// The error's message.
    pub fn message(&self) -> &str {
        self.json["error"]["message"].as_str().unwrap_or_default()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The items of a collection.
    #[track_caller]
    pub fn items(&self) -> &Vec<Value> {
        let Some(items) = self.json["value"].as_array() else {
            panic!("not a collection: {self:?}");
        };
        items
    }

    /// The id of the object.
    #[track_caller]
    pub fn id(&self) -> String {
        let Some(id) = self.json["id"].as_str() else {
            panic!("no id: {self:?}");
        };
        id.to_owned()
    }

    /// What always holds, whatever was asked.
    fn check_what_always_holds(&self, sent: &str, marker: &str) {
        if self.status == 503 || self.status == 429 {
            let seconds = self.header("retry-after").map(str::parse::<u32>);
            assert!(matches!(seconds, Some(Ok(_))), "no Retry-After: {self:?}");
        } else {
            assert!(self.status < 500, "{self:?}");
        }
        if self.status == 204 {
            assert!(self.text.is_empty(), "204 has no body: {self:?}");
        }
        if self.status < 400 {
            return;
        }
        for inside in [
            "SELECT ",
            "INSERT ",
            "sqlite",
            "SQLITE",
            "no such table",
            "postgres",
            "panicked",
            ".rs:",
            "/tmp/",
            "/home/",
            "::",
            "Error(",
            "Err(",
            "invalid type",
            "expected struct",
            "Some(",
            "stack backtrace",
        ] {
            assert!(
                !self.text.contains(inside) || sent.contains(inside),
                "an error shows its insides ({inside:?}): {self:?}"
            );
        }
        let path = self.request.split_once(' ').unwrap().1;
        if !path.starts_with("/v1.0") && !path.starts_with("/beta") {
            return;
        }
        let error = &self.json["error"];
        for (value, name) in [
            (&error["code"], "code"),
            (&error["message"], "message"),
            (&error["innerError"]["date"], "innerError.date"),
            (&error["innerError"]["request-id"], "innerError.request-id"),
        ] {
            let text = value.as_str().unwrap_or_default();
            assert!(!text.is_empty(), "an error without {name}: {self:?}");
        }
        assert_eq!(
            self.header("request-id"),
            error["innerError"]["request-id"].as_str(),
            "{self:?}"
        );
        assert_eq!(
            error["innerError"]["client-request-id"].as_str(),
            Some(marker),
            "client-request-id is echoed: {self:?}"
        );
        if self.status == 401 {
            let challenge = self.header("www-authenticate").unwrap_or_default();
            assert!(challenge.starts_with("Bearer"), "401 asks: {self:?}");
        }
    }
}

impl Index<&str> for Answer {
    type Output = Value;
    fn index(&self, name: &str) -> &Value {
        &self.json[name]
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body: String = self.text.chars().take(2000).collect();
        write!(f, "{} → {} {body}", self.request, self.status)
    }
}

/// Percent-encodes a piece of an address.
pub fn encode(text: &str) -> String {
    use fmt::Write;
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    let name: HeaderName = name.parse().unwrap();
    headers.insert(name, HeaderValue::from_str(value).unwrap());
}
