//! The way of a request: found, authorized, read, handled, answered.
//!
//! The order is fixed. Who may not call learns neither whether the query was right nor whether
//! the body was; who may gets the first thing that is wrong. Every request has an id from the
//! system's randomness, one span (route template, never the path as sent), one count, and an
//! answer: a panic or a fault becomes a 503, a request that takes too long too.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Body;
use node::idempotency::Answer;
use tokio::sync::Semaphore;
use tracing::{Instrument, Span, field};

use crate::body;
use crate::caller::{self, Caller, TokenRefusal};
use crate::delegated;
use crate::errors::Refusal;
use crate::front_door;
use crate::idempotency::{self, Begun, IDEMPOTENCY_KEY, KEY_BYTES_MAX};
use crate::metrics::Metrics;
use crate::openapi;
use crate::path;
use crate::platform::{Platform, Refused};
use crate::query_options::{Allowed, QueryOptions};
use crate::reply::Reply;
use crate::request::{Call, PublicCall, Request};
use crate::respond::{Mark, respond};
use crate::route::{
    Access, ApplicationHandler, ErrorForm, Found, Handler, Route, Routes, Table, Version,
};
use crate::server::Peer;
use crate::throttle::Throttle;

/// Bodies that aren't JSON, which may be large, in memory at once.
const PAYLOADS_IN_FLIGHT_MAX: usize = 16;

/// What answers requests for pages and what these load; none where an address isn't one of these.
pub type Pages = fn(&http::request::Parts) -> Option<Response<Bytes>>;

/// The HTTP face of a deployment. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>, Option<Pages>);

struct Inner {
    platform: Platform,
    table: Table,
    metrics: Metrics,
    /// Made when it is first asked for: most who start a server never read it.
    openapi: OnceLock<Bytes>,
    places: Semaphore,
    payloads: Arc<Semaphore>,
    throttle: Throttle,
    /// For users who are provisioned on demand.
    on_demand: Throttle,
    /// For what looks at every user of a tenant, to say whom a change would add and remove.
    previews: Throttle,
}

/// Counts a request in, and out whatever ends it: its answer or the client's going away.
struct InFlight<'a>(&'a Metrics);

impl<'a> InFlight<'a> {
    fn new(metrics: &'a Metrics) -> Self {
        metrics.enter();
        Self(metrics)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl App {
    /// Puts a table of routes before a deployment.
    pub fn new(platform: Platform, routes: Routes) -> types::Result<Self> {
        let table = Table::new(routes)?;
        let inner = Inner {
            metrics: Metrics::new(table.routes().len()),
            payloads: Arc::new(Semaphore::new(PAYLOADS_IN_FLIGHT_MAX)),
            places: Semaphore::new(platform.limits.requests_in_flight),
            throttle: Throttle::new(
                platform.limits.application_requests,
                platform.limits.tenant_requests,
            ),
            on_demand: Throttle::of_tenant(
                "limits.on_demand_requests",
                platform.limits.on_demand_requests,
            ),
            previews: Throttle::of_tenant(
                "limits.scope_preview_requests",
                platform.limits.scope_preview_requests,
            ),
            openapi: OnceLock::new(),
            table,
            platform,
        };
        Ok(Self(Arc::new(inner), None))
    }

    /// With pages beside the API. They hold nothing of any tenant, so they are asked first and by
    /// themselves: neither the limits nor the counts of requests are about them.
    #[must_use]
    pub fn with_pages(self, pages: Pages) -> Self {
        Self(self.0, Some(pages))
    }

    /// The deployment.
    pub fn platform(&self) -> &Platform {
        &self.0.platform
    }

    /// The routes.
    pub fn table(&self) -> &Table {
        &self.0.table
    }

    /// The table of routes as OpenAPI, the same for everybody.
    pub(crate) fn openapi(&self) -> types::Result<Bytes> {
        if let Some(document) = self.0.openapi.get() {
            return Ok(document.clone());
        }
        let document = openapi::render(&self.0.table, &self.0.platform.public_url)?;
        Ok(self.0.openapi.get_or_init(|| document).clone())
    }

    pub(crate) fn on_demand(&self) -> &Throttle {
        &self.0.on_demand
    }

    pub(crate) fn previews(&self) -> &Throttle {
        &self.0.previews
    }

    pub(crate) fn metrics_text(&self) -> String {
        self.0.metrics.render(self.0.table.routes()) + &self.0.platform.node.metrics()
    }

    /// Answers one request.
    pub async fn handle<B>(&self, request: http::Request<B>) -> Response<Full<Bytes>>
    where
        B: Body + Send,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        if let Some(pages) = self.1 {
            let way = front_door::way(&parts, || self.0.platform.node.awaits_setup());
            if let Some(page) = way.or_else(|| pages(&parts)) {
                return page.map(Full::new);
            }
        }
        let url_bytes_max = self.0.platform.limits.url_bytes;
        let request = http::Request::from_parts(parts, body);
        self.answer(request, url_bytes_max).await.map(Full::new)
    }

    /// [`App::handle`], with another bound for the address.
    pub(crate) async fn answer<B>(
        &self,
        request: http::Request<B>,
        url_bytes_max: usize,
    ) -> Response<Bytes>
    where
        B: Body + Send,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let metrics = &self.0.metrics;
        let _in_flight = InFlight::new(metrics);
        let (parts, body) = request.into_parts();
        let (version, rest) = Version::split(parts.uri.path());
        let mark = Mark::new(version, parts.method.clone(), &parts.headers);
        let found = self.find(&mark, &parts.uri, rest, url_bytes_max);
        let index = found.as_ref().ok().map(|(index, _)| *index);
        let route = index.and_then(|index| self.0.table.get(index));
        // Made only when somebody looks at debug level: writing its fields for every request costs a
        // tenth of a read. What goes wrong is logged with the request's id in any case.
        let span = tracing::debug_span!(
            "request",
            http.route = route.map_or("", |route| route.path),
            http.method = %mark.method,
            request.id = %mark.request_id,
            tenant.id = field::Empty,
            http.status = field::Empty,
            duration_ms = field::Empty,
        );
        let (outcome, errors) = match (found, route) {
            (Ok((_, keys)), Some(route)) => {
                // Pinned where it is made: a future of this size is dear to move.
                let work = pin!(self.guarded(&mark, route, keys, parts, body));
                (work.instrument(span.clone()).await, route.errors)
            }
            (Err(Missed::Options { allow, cors }), _) => {
                let asked = parts.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
                let asked = asked.and_then(|asked| asked.to_str().ok());
                let reply = Reply::no_content().with_header(header::ALLOW, &allow);
                let reply = if cors {
                    preflight(reply, &allow, asked)
                } else {
                    reply
                };
                (Ok(reply), ErrorForm::Graph)
            }
            (Err(Missed::Refused(refusal, errors)), _) => (Err(refusal), errors),
            (Ok(_), None) => (
                Err(Refusal::fault("the table has no such route")),
                ErrorForm::Graph,
            ),
        };
        let response = respond(&self.0.platform, &mark, outcome, errors, &span);
        let took = mark.came.elapsed();
        let status = response.status().as_u16();
        span.record("http.status", status);
        span.record("duration_ms", took.as_secs_f64() * 1000.0);
        metrics.count(index, status, took);
        response
    }

    fn find(
        &self,
        mark: &Mark,
        uri: &http::Uri,
        rest: &str,
        url_bytes_max: usize,
    ) -> Result<Match, Missed> {
        let url_bytes = uri.path().len() + uri.query().map_or(0, |query| query.len() + 1);
        if url_bytes > url_bytes_max {
            return Err(Missed::graph(Refusal::limit(
                StatusCode::URI_TOO_LONG,
                "RequestUriTooLong",
                "limits.url_bytes",
                &format!("The address is longer than {url_bytes_max} bytes."),
            )));
        }
        let pieces = path::read(rest).map_err(|bad| Missed::graph(Refusal::bad_path(bad.0)))?;
        match self.0.table.find(mark.version, &mark.method, pieces) {
            Found::Route { index, keys } => Ok((index, keys)),
            Found::OtherMethods { allow, cors, .. } if mark.method == Method::OPTIONS => {
                Err(Missed::Options { allow, cors })
            }
            Found::OtherMethods { allow, errors, .. } => Err(Missed::Refused(
                Refusal::wrong_method(&mark.method, &allow),
                errors,
            )),
            Found::Nothing(piece) => Err(Missed::graph(Refusal::unknown_segment(
                piece.as_ref().map_or("", path::Piece::shown),
            ))),
        }
    }

    /// The work on a request within the limits of number and time; panics end here.
    async fn guarded<B>(
        &self,
        mark: &Mark,
        route: &Route,
        keys: Vec<(&'static str, String)>,
        parts: http::request::Parts,
        body: B,
    ) -> Result<Reply, Refusal>
    where
        B: Body + Send,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let _place = match self.0.places.try_acquire() {
            Ok(place) => Some(place),
            Err(_) if route.always => None,
            Err(_) => {
                return Err(Refusal::busy(
                    "The server works on as many requests as it may (limit: limits.requests_in_flight). Try again.",
                    1,
                ));
            }
        };
        let time = self.0.platform.limits.request_time;
        let work = pin!(self.work(mark, route, keys, parts, body));
        let mut work = pin!(caught(work));
        // What is done at the first look, as most reads are, needs no timer.
        let first = poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await;
        let outcome = match first {
            Poll::Ready(outcome) => Ok(outcome),
            Poll::Pending => tokio::time::timeout(time, work).await,
        };
        match outcome {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Err(Refusal::fault("a handler panicked")),
            Err(_) => Err(Refusal::busy(
                "The request took longer than it may (limit: limits.request_seconds).",
                5,
            )),
        }
    }

    async fn work<B>(
        &self,
        mark: &Mark,
        route: &Route,
        mut keys: Vec<(&'static str, String)>,
        parts: http::request::Parts,
        body: B,
    ) -> Result<Reply, Refusal>
    where
        B: Body + Send,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match &route.handler {
            Handler::Public(handler) => {
                let request = self.request(mark, route, keys, parts, body).await?;
                handler(PublicCall::new(request)).await
            }
            Handler::Application(handler) => {
                let caller = self.authenticate(&parts.headers).await?;
                Span::current().record("tenant.id", field::display(caller.tenant));
                let refused = async |caller: &Caller, refusal: &Refusal| {
                    if is_audited(&route.method, refusal.status()) {
                        let refused = Refused {
                            caller,
                            method: &route.method,
                            status: refusal.status(),
                            route: route.path,
                            reason: refusal.message(),
                            request_id: &mark.request_id,
                        };
                        self.0.platform.refusals.on_refusal(&refused).await;
                    }
                };
                let is_batch = route.access() == Access::Batch;
                // Of a batch, each part by itself counts and is done once.
                if !is_batch {
                    let servers = self.0.platform.store.servers();
                    self.0
                        .throttle
                        .admit(caller.tenant, caller.app_id, servers, mark.came)?;
                }
                if route.is_me {
                    let user = caller.user().ok_or_else(Refusal::no_me)?;
                    keys.push(("id", user.to_string()));
                }
                let checked = if is_batch {
                    caller::check_any(caller)
                } else if caller.rights.is_some() {
                    let store = &self.0.platform.store;
                    Box::pin(delegated::check(store, caller, route, &keys)).await
                } else {
                    caller::check(caller, route.permissions)
                };
                let authorized = match checked {
                    Ok(authorized) => authorized,
                    Err((caller, refusal)) => {
                        Box::pin(refused(&caller, &refusal)).await;
                        return Err(refusal);
                    }
                };
                let asker = (*authorized).clone();
                let request = self.request(mark, route, keys, parts, body).await?;
                // Where a reader that fell behind starts over.
                let start = (route.options.has(Allowed::DELTA_TOKEN))
                    .then(|| request.link("$deltatoken", ""));
                let call = Call::new(authorized, request);
                let outcome = if route.method == Method::POST && !is_batch {
                    Box::pin(self.once(&asker, call, handler)).await
                } else {
                    handler(call).await
                };
                match outcome {
                    Ok(reply) => Ok(reply),
                    Err(refusal) => {
                        Box::pin(refused(&asker, &refusal)).await;
                        Err(match start {
                            Some(start) if refusal.status() == StatusCode::GONE => {
                                refusal.with_header(header::LOCATION, &start)
                            }
                            _ => refusal,
                        })
                    }
                }
            }
        }
    }

    /// Reads the query and, where there may be one, the body.
    async fn request<B>(
        &self,
        mark: &Mark,
        route: &Route,
        keys: Vec<(&'static str, String)>,
        parts: http::request::Parts,
        body: B,
    ) -> Result<Request, Refusal>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let query = parts.uri.query().unwrap_or_default();
        let consistency_level = parts
            .headers
            .get("consistencylevel")
            .and_then(|value| value.to_str().ok());
        let options = if mark.version == Version::Root {
            QueryOptions::plain(query)?
        } else {
            QueryOptions::parse(query, consistency_level, route.options)?
        };
        // So that there are never many of the large ones in memory.
        let place = match route.payload {
            Some(_) => {
                let places = Arc::clone(&self.0.payloads);
                let place = places.acquire_owned().await;
                Some(place.map_err(|error| Refusal::fault(error.to_string()))?)
            }
            None => None,
        };
        let body = if route.method == Method::GET {
            Bytes::new()
        } else {
            body::check_encoding(&parts.headers)?;
            let (bytes_max, limit) = match route.payload {
                Some(payload) => (payload.bytes_max, payload.limit),
                None => (self.0.platform.limits.body_bytes, "limits.body_bytes"),
            };
            Box::pin(body::collect(body, bytes_max, limit)).await?
        };
        Ok(Request {
            app: self.clone(),
            version: mark.version,
            method: route.method.clone(),
            path: parts.uri.path().to_owned(),
            query: query.to_owned(),
            keys,
            options,
            peer: parts.extensions.get::<Peer>().map(|peer| peer.0),
            headers: parts.headers,
            body,
            _place: place,
            own_id: mark.request_id.clone(),
        })
    }

    async fn authenticate(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let platform = &self.0.platform;
        let refuse = |message: &str| Refusal::unauthenticated(&platform.public_url, message);
        let Some(authorization) = headers.get(header::AUTHORIZATION) else {
            return Err(refuse("Access token is empty."));
        };
        if headers.get_all(header::AUTHORIZATION).iter().count() > 1 {
            return Err(refuse("The request carries more than one access token."));
        }
        let bearer = authorization
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .filter(|token| !token.is_empty());
        let Some(bearer) = bearer else {
            return Err(refuse("Access token is empty or isn't a bearer token."));
        };
        platform
            .verifier
            .verify(bearer)
            .await
            .map_err(|refusal| match refusal {
                TokenRefusal::Invalid {
                    reason,
                    claims: None,
                } => refuse(reason),
                TokenRefusal::Invalid {
                    reason,
                    claims: Some(claims),
                } => Refusal::challenged(&platform.public_url, reason, &claims),
                TokenRefusal::Unavailable(error) => error.into(),
            })
    }

    /// Runs a POST; if it carries an `Idempotency-Key`, once.
    async fn once(
        &self,
        caller: &Caller,
        mut call: Call,
        handler: &ApplicationHandler,
    ) -> Result<Reply, Refusal> {
        let Some(key) = call.headers.get(IDEMPOTENCY_KEY) else {
            return handler(call).await;
        };
        let text = key
            .to_str()
            .ok()
            .filter(|text| (1..=KEY_BYTES_MAX).contains(&text.len()));
        let Some(text) = text else {
            return Err(idempotency::bad_key());
        };
        let request = [
            call.path.as_bytes(),
            b"?",
            call.query.as_bytes(),
            b"\n",
            &call.body,
        ];
        let keeper = Arc::clone(&self.0.platform.idempotency);
        let digest = identity::sha256(&request.concat()).to_vec();
        let key = keeper.key(caller.app_id, text, digest);
        let place = match keeper.begin(caller.tenant, &key).await? {
            Begun::Fresh(place) => place,
            Begun::Answered(answer) => return Ok(replay(answer)),
            Begun::Running => {
                return Err(Refusal::new(
                    StatusCode::CONFLICT,
                    "Conflict",
                    "A request with this Idempotency-Key is being carried out.",
                )
                .with_header(header::RETRY_AFTER, "1"));
            }
            Begun::Lost => {
                return Err(Refusal::new(
                    StatusCode::CONFLICT,
                    "Conflict",
                    "The request with this Idempotency-Key was carried out, but the server stopped \
                     before it could answer. Read the resource to see its effect.",
                ));
            }
            Begun::Different => {
                return Err(Refusal::bad_request(
                    "This Idempotency-Key was used for another request.",
                )
                .with_target("Idempotency-Key"));
            }
        };
        call.idempotency_key = Some(key);
        // In a task of its own: a client that goes away mustn't leave an effect without an answer.
        let handler = Arc::clone(handler);
        let work = async move {
            let outcome = caught(async { handler(call).await })
                .await
                .unwrap_or_else(|| Err(Refusal::fault("a handler panicked")));
            if let Ok(reply) = &outcome
                && let Err(error) = keeper.keep(&place, kept(reply)).await
            {
                tracing::error!(%error, "the answer to an idempotency key couldn't be kept");
            }
            outcome
        };
        tokio::spawn(work.in_current_span())
            .await
            .unwrap_or_else(|error| Err(Refusal::fault(error.to_string())))
    }
}

/// Characters of the names of headers that a script wants to send.
const HEADERS_ASKED_MAX: usize = 1_024;

type Match = (usize, Vec<(&'static str, String)>);

enum Missed {
    Refused(Refusal, ErrorForm),
    /// OPTIONS on a path with these methods.
    Options {
        allow: String,
        cors: bool,
    },
}

impl Missed {
    const fn graph(refusal: Refusal) -> Self {
        Self::Refused(refusal, ErrorForm::Graph)
    }
}

/// Whether these are names of headers, and not very many: they are repeated.
fn are_names(asked: &str) -> bool {
    let is_name = |name: &str| {
        let name = name.trim_matches(' ');
        (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    asked.len() <= HEADERS_ASKED_MAX && asked.split(',').all(is_name)
}

/// Answers a browser that asks whether a script of another site may call this. It may; whether it
/// may read the answer, the answer says.
fn preflight(reply: Reply, allow: &str, asked: Option<&str>) -> Reply {
    let asked = asked.filter(|asked| are_names(asked));
    reply
        .with_header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
        .with_header(header::ACCESS_CONTROL_ALLOW_METHODS, allow)
        .with_header(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            asked.unwrap_or(
                "authorization, client-request-id, content-type, return-client-request-id",
            ),
        )
        .with_header(header::VARY, "access-control-request-headers")
        .with_header(header::ACCESS_CONTROL_MAX_AGE, "86400")
}

/// Whether a refusal goes into the audit log: what a caller may not do at all, and changes that
/// were asked for and can't be made.
fn is_audited(method: &Method, status: StatusCode) -> bool {
    status == StatusCode::FORBIDDEN
        || (status.is_client_error()
            && status != StatusCode::TOO_MANY_REQUESTS
            && !method.is_safe())
}

fn kept(reply: &Reply) -> Answer {
    let text = |value: Option<&HeaderValue>| value?.to_str().ok().map(str::to_owned);
    Answer {
        status: reply.status.as_u16(),
        location: text(reply.headers.get(header::LOCATION)),
        content_type: text(reply.content_type.as_ref()),
        body: reply.body.to_vec(),
    }
}

fn replay(answer: Answer) -> Reply {
    let reply = Reply {
        status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK),
        content_type: answer
            .content_type
            .and_then(|text| HeaderValue::try_from(text).ok()),
        body: answer.body.into(),
        headers: HeaderMap::new(),
    };
    match answer.location {
        Some(location) => reply.with_header(header::LOCATION, &location),
        None => reply,
    }
}

/// Runs a future to its end; `None` if it panics.
async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Ready(value)) => Poll::Ready(Some(value)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(_) => Poll::Ready(None),
        },
    )
    .await
}
