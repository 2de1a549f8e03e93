//! A server on a port of its own with a few routes that exist for the tests only.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "each test file uses its part; a test stops at the first surprise"
)]

pub mod deployment;
pub mod dns;
pub mod receiver;
pub mod signing_in;
pub mod subscribing;
pub mod tenants;

use std::sync::{Arc, Mutex};

use graph::{
    Allowed, App, BoxFuture, Call, Caller, Limits, Page, Platform, Refusal, RefusalLog, Refused,
    Reply, Routes, Tls, TokenRefusal, TokenVerifier, Versions,
};
use node::Node;
use node::config::{Config, Secret};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use store::{Clock, NewTenant, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use types::{Actor, DomainName, Error, TenantId};
use uuid::Uuid;

pub const READ: &[&str] = &["Thing.Read.All", "Thing.ReadWrite.All"];
pub const WRITE: &[&str] = &["Thing.ReadWrite.All"];

/// Takes a list of permissions for a token.
pub struct Trusting;

impl TokenVerifier for Trusting {
    fn verify<'a>(&'a self, bearer: &'a str) -> BoxFuture<'a, Result<Caller, TokenRefusal>> {
        let outcome = if bearer == "garbage" {
            Err(TokenRefusal::Invalid {
                reason: "The token is malformed.",
                claims: None,
            })
        } else {
            Ok(Caller {
                tenant: TenantId::new(Uuid::from_u128(1)),
                app_id: Uuid::from_u128(2),
                actor: Actor::System,
                permissions: bearer.split(',').map(Box::from).collect(),
                rights: None,
                is_multifactor: false,
            })
        };
        Box::pin(std::future::ready(outcome))
    }
}

/// Keeps what was refused.
#[derive(Default)]
pub struct Log(pub Mutex<Vec<String>>);

impl RefusalLog for Log {
    fn on_refusal<'a>(&'a self, refused: &'a Refused<'a>) -> BoxFuture<'a, ()> {
        self.0.lock().unwrap().push(format!(
            "{} {} {}: {}",
            refused.caller.tenant, refused.method, refused.route, refused.reason
        ));
        Box::pin(std::future::ready(()))
    }
}

pub struct Rig {
    pub url: String,
    pub client: Client,
    pub log: Arc<Log>,
    /// Lets `/things/wait` go on.
    pub gate: Arc<Notify>,
    /// Is told when `/things/wait` was reached.
    pub reached: Arc<Notify>,
    pub app: App,
    pub directory: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
    pub server: tokio::task::JoinHandle<()>,
}

impl Rig {
    pub async fn start() -> Self {
        Self::with(Limits::default(), false).await
    }

    pub async fn with(limits: Limits, tls: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls { "https" } else { "http" };
        let url = format!(
            "{scheme}://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let directory = tempfile::tempdir().unwrap();
        let tls = tls.then(|| {
            Tls::self_signed(
                &directory.path().join("tls"),
                "localhost",
                SystemClock.now(),
            )
            .unwrap()
        });
        let log = Arc::new(Log::default());
        let (gate, reached) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let path = directory.path().to_owned();
        let node = tokio::task::spawn_blocking(move || {
            let mut config = Config::at(&path);
            config.database_url = engines::database_url(&path).map(Secret::new);
            let node = Node::open(config).unwrap();
            let new = NewTenant {
                tenant_id: Some(TenantId::new(Uuid::from_u128(1))),
                display_name: "Contoso".into(),
                domain: DomainName::parse("contoso.example").unwrap(),
            };
            let made = node.store().create_tenant(new, Actor::System, |_| Ok(()));
            made.map(|_| node).unwrap()
        });
        let node = node.await.unwrap();
        node.start();
        let platform = Platform {
            verifier: Arc::new(Trusting),
            refusals: Arc::<Log>::clone(&log),
            limits,
            ..Platform::of(&node, &url)
        };
        let app = App::new(platform, routes(Arc::clone(&gate), Arc::clone(&reached))).unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(graph::serve(listener, app.clone(), tls, async {
            let _ = stopped.await;
        }));
        Self {
            url,
            client: Client::builder().no_proxy().build().unwrap(),
            log,
            gate,
            reached,
            app,
            directory,
            stop: Some(stop),
            server,
        }
    }

    pub fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub fn call(&self, method: &str, path: &str) -> RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.client
            .request(method, format!("{}{path}", self.url))
            .bearer_auth("Thing.ReadWrite.All")
    }

    pub async fn get(&self, path: &str) -> Response {
        self.call("GET", path).send().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &'static str) -> Response {
        self.call("POST", path)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap()
    }
}

/// An answer that is an error in Graph's form, with its code.
pub async fn refused(response: Response, status: u16, code: &str) -> Value {
    let headers = response.headers().clone();
    let got = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    assert_eq!(
        (got, body["error"]["code"].as_str()),
        (status, Some(code)),
        "{body}"
    );
    let inner = &body["error"]["innerError"];
    assert_eq!(inner["request-id"], headers["request-id"].to_str().unwrap());
    assert_eq!(
        inner["client-request-id"],
        headers["client-request-id"].to_str().unwrap()
    );
    assert!(inner["date"].as_str().unwrap().ends_with('Z'), "{body}");
    assert!(!body["error"]["message"].as_str().unwrap().is_empty());
    if status == 503 {
        assert!(headers.contains_key("retry-after"));
    }
    body["error"].clone()
}

fn routes(gate: Arc<Notify>, reached: Arc<Notify>) -> Routes {
    let mut all = graph::all_routes();
    let mut things = all.area("things", Versions::Both);
    things
        .get("/things", READ, "List things", list)
        .query(Allowed::LIST);
    things.post("/things", WRITE, "Create a thing", create);
    things
        .get("/things/{id}", READ, "Get a thing", get)
        .query(Allowed::SELECT);
    things.patch("/things/{id}", WRITE, "Update a thing", update);
    things.get(
        "/things(code='{code}')",
        READ,
        "Get a thing by code",
        by_code,
    );
    things.get("/things/{id}/parts/{part}", READ, "Get a part", part);
    things
        .get("/things/delta()", READ, "Changes", delta)
        .query(Allowed::DELTA);
    things.get("/things/$count", READ, "Count", count);
    things.get("/things/large", READ, "A large answer", large);
    things.get("/things/{id}/panic", READ, "Panics", panics);
    things.get("/things/{id}/fault", READ, "Fails", fault);
    things.get("/things/{id}/forbidden", READ, "Refuses", forbidden);
    things.get("/things/wait", READ, "Waits", move |_call| {
        let (gate, reached) = (Arc::clone(&gate), Arc::clone(&reached));
        async move {
            reached.notify_one();
            gate.notified().await;
            Ok(Reply::text("waited"))
        }
    });
    all
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let size = call.options.page_size(100, 999)?;
    let page = Page {
        count: call.options.count.then_some(1),
        next_link: Some(call.link("$skiptoken", "a b")),
        ..Page::all(vec![json!({ "id": "1", "size": size })])
    };
    Reply::collection(&call, "things", &page)
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let thing = call.object("thing")?;
    let made = json!({ "id": Uuid::from_u128(rand::random()), "thing": thing });
    let location = format!("/things/{}", made["id"].as_str().unwrap());
    Reply::created(&call, "things", &made, &location)
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    if call.key("id") == "missing" {
        return Err(Error::not_found("thing", "missing").into());
    }
    Reply::entity(&call, "things", &json!({ "id": call.key("id") }))
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    call.object("thing")?;
    Ok(Reply::no_content())
}

async fn by_code(call: Call) -> Result<Reply, Refusal> {
    Ok(Reply::text(format!("code {}", call.key("code"))))
}

async fn part(call: Call) -> Result<Reply, Refusal> {
    Ok(Reply::text(format!(
        "{} of {}",
        call.key("part"),
        call.key("id")
    )))
}

async fn delta(call: Call) -> Result<Reply, Refusal> {
    if call.options.delta_token.as_deref() == Some("old") {
        let message = "The token is too old: start over.".into();
        return Err(Error::Gone { message }.into());
    }
    Ok(Reply::text("delta"))
}

async fn count(_call: Call) -> Result<Reply, Refusal> {
    Ok(Reply::text("1"))
}

async fn large(_call: Call) -> Result<Reply, Refusal> {
    Ok(Reply::text("x".repeat(32 * 1024 * 1024)))
}

async fn panics(_call: Call) -> Result<Reply, Refusal> {
    tokio::task::yield_now().await;
    panic!("on purpose")
}

async fn fault(_call: Call) -> Result<Reply, Refusal> {
    Err(Error::internal("no such table: secrets").into())
}

async fn forbidden(_call: Call) -> Result<Reply, Refusal> {
    Err(Error::forbidden("Not this one.").into())
}
