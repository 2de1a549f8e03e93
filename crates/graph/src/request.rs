//! What a handler is given: the request as the framework has checked it.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Deref;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use node::idempotency;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use store::{Island, ReadTx, Tx};
use tokio::sync::OwnedSemaphorePermit;
use types::{Error, Id, Kind};

use crate::app::App;
use crate::body;
use crate::caller::{Authorized, Caller};
use crate::errors::Refusal;
use crate::platform::Platform;
use crate::query_options::{self, QueryOptions};
use crate::route::Version;

/// A request to a route that somebody was allowed to call.
pub struct Call {
    /// Who calls, and the proof that the route's requirement was met.
    pub caller: Authorized<Caller>,
    pub(crate) idempotency_key: Option<idempotency::Key>,
    request: Request,
}

/// A request to a route that is open to everybody.
pub struct PublicCall {
    request: Request,
}

/// What both kinds of calls know.
pub struct Request {
    pub(crate) app: App,
    pub(crate) version: Version,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) keys: Vec<(&'static str, String)>,
    /// The query options that the route allows.
    pub options: QueryOptions,
    pub(crate) peer: Option<IpAddr>,
    /// The headers as they came.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
    pub(crate) _place: Option<OwnedSemaphorePermit>,
    pub(crate) own_id: String,
}

impl Call {
    pub(crate) fn new(caller: Authorized<Caller>, request: Request) -> Self {
        Self {
            caller,
            idempotency_key: None,
            request,
        }
    }

    /// The island of the caller's tenant: the only one that this call reaches.
    pub fn island(&self) -> Result<Island, Refusal> {
        Ok(self.platform().store.island(self.caller.tenant)?)
    }

    /// Whether the path's `id` names the user who is signed in.
    pub(crate) fn is_about_caller(&self) -> bool {
        let rights = self.caller.rights.as_ref();
        rights.is_some_and(|rights| self.find_key("id").is_some_and(|key| rights.is_named(key)))
    }

    /// Asks the caller's island.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&ReadTx<'_>) -> types::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        Ok(self.island()?.read(query).await?)
    }

    /// Asks the caller's island for a few rows by their keys.
    pub async fn read_few<T: Send + 'static>(
        &self,
        query: impl FnOnce(&ReadTx<'_>) -> types::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        Ok(self.island()?.read_few(query).await?)
    }

    /// Carries out a command on the caller's island, in the caller's name.
    pub async fn write<T: Send + 'static>(
        &self,
        command: impl FnOnce(&mut Tx<'_>) -> types::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let actor = self.caller.actor.clone();
        Ok(self.island()?.write(actor, self.once(command)).await?)
    }

    /// [`Call::write`] of a command that may run twice, to the same effect, which is cheaper where many
    /// come at once.
    pub async fn write_repeatable<T: Send + 'static>(
        &self,
        command: impl Fn(&mut Tx<'_>) -> types::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let actor = self.caller.actor.clone();
        let key = self.idempotency_key.clone();
        let command = move |tx: &mut Tx<'_>| {
            mark(tx, key.as_ref())?;
            command(tx)
        };
        Ok(self.island()?.write_repeatable(actor, command).await?)
    }

    /// A command that marks the request's `Idempotency-Key`, if it has one: with the effect or not
    /// at all, so that a repeat never does it twice.
    pub(crate) fn once<T>(
        &self,
        command: impl FnOnce(&mut Tx<'_>) -> types::Result<T> + Send + 'static,
    ) -> impl FnOnce(&mut Tx<'_>) -> types::Result<T> + Send + 'static {
        let key = self.idempotency_key.clone();
        move |tx| {
            mark(tx, key.as_ref())?;
            command(tx)
        }
    }

    /// A token that carries `state` in a link, for [`Call::unsealed`] with the same purpose. It is
    /// signed for the caller's tenant: nobody else's link passes, nor one of another kind.
    pub fn sealed<T: Serialize>(&self, purpose: &str, state: &T) -> Result<String, Refusal> {
        let bytes = serde_json::to_vec(state).map_err(Error::internal)?;
        let sealer = &self.platform().sealer;
        Ok(sealer.sign_cursor(purpose, self.caller.tenant, &bytes))
    }

    /// What a token from a link carries.
    pub fn unsealed<T: DeserializeOwned>(&self, purpose: &str, token: &str) -> Result<T, Refusal> {
        let sealer = &self.platform().sealer;
        let bytes = sealer.verify_cursor(purpose, self.caller.tenant, token)?;
        serde_json::from_slice(&bytes)
            .map_err(|_| Refusal::bad_request("The token in this link is of another version."))
    }

    /// What the request's `$skiptoken` carries, if it has one.
    pub fn skip_token<T: DeserializeOwned>(&self, purpose: &str) -> Result<Option<T>, Refusal> {
        let token = self.options.skip_token.as_deref();
        token.map(|token| self.unsealed(purpose, token)).transpose()
    }

    /// The address of the next page, which goes on behind `state`.
    pub fn next_link<T: Serialize>(&self, purpose: &str, state: &T) -> Result<String, Refusal> {
        Ok(self.link("$skiptoken", &self.sealed(purpose, state)?))
    }
}

/// Before what the request does: a repeat at another server is told that it is one, and not what is in
/// its way by then.
fn mark(tx: &mut Tx<'_>, key: Option<&idempotency::Key>) -> types::Result<()> {
    key.map_or(Ok(()), |key| idempotency::mark(tx, key))
}

impl Deref for Call {
    type Target = Request;
    fn deref(&self) -> &Request {
        &self.request
    }
}

impl PublicCall {
    pub(crate) fn new(request: Request) -> Self {
        Self { request }
    }
}

impl Deref for PublicCall {
    type Target = Request;
    fn deref(&self) -> &Request {
        &self.request
    }
}

impl Request {
    /// The deployment.
    pub fn platform(&self) -> &Platform {
        self.app.platform()
    }

    /// The method; HEAD arrives as GET.
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// The request's id, as the answer's header has it.
    pub fn request_id(&self) -> &str {
        &self.own_id
    }

    /// The version's root: `https://host/v1.0`.
    pub fn root(&self) -> String {
        format!("{}{}", self.platform().public_url, self.version.prefix())
    }

    /// A key of the path, decoded; `name` is the one in the route's template.
    pub fn key(&self, name: &str) -> &str {
        let found = self.keys.iter().find(|(own, _)| *own == name);
        debug_assert!(found.is_some(), "the template has no key {name}");
        found.map_or("", |(_, value)| value)
    }

    /// A key that not every template of the handler has.
    pub fn find_key(&self, name: &str) -> Option<&str> {
        let found = self.keys.iter().find(|(own, _)| *own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A key that is an object id. What isn't one names nothing, so it is `NotFound` too.
    pub fn id<K: Kind>(&self, name: &str) -> Result<Id<K>, Refusal> {
        let text = self.key(name);
        let id = types::parse_uuid(text).map(Id::new);
        id.ok_or_else(|| Error::not_found(K::NAME, text).into())
    }

    /// The address of whoever asks: the other end of the connection or, where that is a proxy that is
    /// trusted, the last one that none of those has forwarded for.
    pub fn client_address(&self) -> IpAddr {
        let Some(peer) = self.peer else {
            return IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        };
        let trusted = &self.platform().node.config().trusted_proxy;
        let is_trusted = |address: IpAddr| trusted.iter().any(|block| block.contains(address));
        if !is_trusted(peer) {
            return peer;
        }
        let forwarded = self.headers.get_all("x-forwarded-for").iter();
        let texts: Vec<&str> = forwarded
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        // From the end: what stands before it, anybody may have written.
        let mut addresses = texts
            .into_iter()
            .rev()
            .map_while(|text| text.trim().parse().ok());
        let behind = addresses.find(|address| !is_trusted(*address));
        behind.unwrap_or(peer)
    }

    /// A header as text, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether `Prefer` asks for this: `return=minimal`.
    pub fn prefers(&self, preference: &str) -> bool {
        self.headers
            .get_all("prefer")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split([',', ';']))
            .any(|own| own.trim().eq_ignore_ascii_case(preference))
    }

    /// The size of a page that `Prefer: odata.maxpagesize` asks for.
    pub fn max_page_size(&self) -> Result<Option<usize>, Refusal> {
        let values = self.headers.get_all("prefer").iter();
        let mut preferences = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split([',', ';']))
            .filter_map(|preference| preference.split_once('='));
        let asked = preferences.find(|(name, _)| {
            let name = name.trim();
            name.eq_ignore_ascii_case("odata.maxpagesize")
                || name.eq_ignore_ascii_case("maxpagesize")
        });
        let Some((_, value)) = asked else {
            return Ok(None);
        };
        match value.trim().parse() {
            Ok(size) if size > 0 => Ok(Some(size)),
            _ => Err(Refusal::bad_request(
                "The preference odata.maxpagesize has to be a number above 0.",
            )
            .with_target("Prefer")),
        }
    }

    /// The body as JSON of any shape, annotations included.
    pub fn json(&self) -> Result<Value, Refusal> {
        body::json(&self.headers, &self.body)
    }

    /// The body as an object of a Graph type (`user`), without annotations.
    ///
    /// In a change it may name the object's own id again, as clients do that send whole objects.
    pub fn object(&self, kind: &str) -> Result<Map<String, Value>, Refusal> {
        let mut object = body::object(self.json()?, Some(kind))?;
        let is_own = |id: &str| {
            self.find_key("id")
                .is_some_and(|own| own.eq_ignore_ascii_case(id))
        };
        if self.method == Method::PATCH
            && object.get("id").and_then(Value::as_str).is_some_and(is_own)
        {
            object.shift_remove("id");
        }
        Ok(object)
    }

    /// The body of an action: an object without a type. An empty body has no parameters.
    pub fn parameters(&self) -> Result<Map<String, Value>, Refusal> {
        if self.body.is_empty() {
            return Ok(Map::new());
        }
        body::object(self.json()?, None)
    }

    /// The body of `…/$ref`: the address in its `@odata.id`.
    pub fn reference(&self) -> Result<String, Refusal> {
        let value = self.json()?;
        let reference = value.get("@odata.id").and_then(Value::as_str);
        reference.map(str::to_owned).ok_or_else(|| {
            Refusal::bad_request("The body has to name the object: {\"@odata.id\": \"…\"}.")
                .with_target("@odata.id")
        })
    }

    /// The body as the fields of a form.
    pub fn form(&self) -> Result<Vec<(String, String)>, Refusal> {
        if !body::is_of_type(&self.headers, "application/x-www-form-urlencoded") {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Request_BadRequest",
                "The body has to be a form: application/x-www-form-urlencoded.",
            ));
        }
        let text = std::str::from_utf8(&self.body)
            .map_err(|_| Refusal::bad_request("The body isn't UTF-8."))?;
        query_options::pairs(text)
    }

    /// This request's address with another token in it: for `@odata.nextLink` (`$skiptoken`) and
    /// `@odata.deltaLink` (`$deltatoken`). The other options stay as they were written.
    pub fn link(&self, option: &str, token: &str) -> String {
        let mut link = format!("{}{}?", self.platform().public_url, self.path);
        let is_token = |pair: &str| {
            let name = pair.split('=').next().unwrap_or_default();
            let name = name.trim_start_matches("%24").trim_start_matches('$');
            name.eq_ignore_ascii_case("skiptoken") || name.eq_ignore_ascii_case("deltatoken")
        };
        for pair in self.query.split('&') {
            if !pair.is_empty() && !is_token(pair) {
                link.push_str(pair);
                link.push('&');
            }
        }
        link.push_str(option);
        link.push('=');
        query_options::encode(token, &mut link);
        link
    }
}
