//! Requests to a server that has a tenant with some people and groups, without a socket between.
//! Whatever is asked: no fault of the server's own comes back.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use graph::{App, BoxFuture, Caller, Platform, RefusalLog, Refused, TokenRefusal, TokenVerifier};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use node::Node;
use node::command::Command;
use node::config::Config;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use types::{Actor, TenantId};
use uuid::Uuid;

const URL: &str = "https://graph.example";

/// Whoever asks may do everything.
struct Anybody(TenantId, Vec<Box<str>>);

impl TokenVerifier for Anybody {
    fn verify<'a>(&'a self, _bearer: &'a str) -> BoxFuture<'a, Result<Caller, TokenRefusal>> {
        let caller = Caller {
            tenant: self.0,
            app_id: Uuid::from_u128(2),
            actor: Actor::System,
            permissions: self.1.iter().cloned().collect(),
            rights: None,
            is_multifactor: false,
        };
        Box::pin(std::future::ready(Ok(caller)))
    }
}

/// Refusals are what most requests here come to; nobody reads them.
struct Unread;

impl RefusalLog for Unread {
    fn on_refusal<'a>(&'a self, _refused: &'a Refused<'a>) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
}

struct Server {
    runtime: Runtime,
    app: App,
    /// Links that the server has handed out.
    links: Vec<String>,
    _directory: TempDir,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start)
}

impl Server {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let mut config = Config::at(directory.path());
        config.public_url = Some(URL.into());
        let node = Node::open(config).unwrap();
        let made = Command::TenantCreate {
            name: "Contoso".into(),
            domain: "contoso.example".into(),
            admin_upn: None,
            admin_password: None,
        };
        let made = runtime.block_on(node.execute(made, &|_| {})).unwrap();
        let tenant = made["tenantId"].as_str().unwrap();
        let tenant = TenantId::new(types::parse_uuid(tenant).unwrap());
        let app = {
            let _inside = runtime.enter();
            let routes = graph::all_routes();
            let bare = App::new(Platform::of(&node, URL), routes).unwrap();
            let routes = bare.table().routes().iter();
            let all = routes.flat_map(|route| route.permissions().iter().copied());
            let platform = Platform {
                verifier: Arc::new(Anybody(tenant, all.map(Box::from).collect())),
                refusals: Arc::new(Unread),
                ..Platform::of(&node, URL)
            };
            App::new(platform, graph::all_routes()).unwrap()
        };
        let mut server = Self {
            runtime,
            app,
            links: Vec::new(),
            _directory: directory,
        };
        server.furnish();
        server
    }

    fn furnish(&mut self) {
        for name in ["ann", "bob"] {
            let user = json!({
                "accountEnabled": true, "displayName": name, "mailNickname": name,
                "userPrincipalName": format!("{name}@contoso.example"),
                "passwordProfile": { "password": "Correct-horse-7-battery" },
            });
            let group = json!({ "displayName": name, "mailEnabled": false, "mailNickname": name,
                "securityEnabled": true });
            for (path, body) in [("/v1.0/users", user), ("/v1.0/groups", group)] {
                let made = self.json("POST", path, &body);
                assert!(made["id"].is_string(), "{made}");
            }
        }
        for path in [
            "/v1.0/users?$top=1",
            "/v1.0/users/delta",
            "/v1.0/groups/delta?$top=1",
        ] {
            let page = self.json("GET", path, &Value::Null);
            let links = ["@odata.nextLink", "@odata.deltaLink"];
            let links = links.iter().filter_map(|name| page[*name].as_str());
            self.links
                .extend(links.map(|link| link.replacen(URL, "", 1)));
        }
        assert!(!self.links.is_empty());
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> Value {
        let (_, text) = self.ask(method, path, body.to_string().as_bytes()).unwrap();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// The answer to a request; `None` if no such request can be made.
    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Option<(u16, Bytes)> {
        let method = Method::from_bytes(method.as_bytes()).ok()?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", "Bearer x")
            .header("content-type", "application/json")
            .header("consistencylevel", "eventual")
            .body(Full::new(Bytes::copy_from_slice(body)))
            .ok()?;
        let answer: Response<Full<Bytes>> = self.runtime.block_on(self.app.handle(request));
        let status = answer.status().as_u16();
        let body = self.runtime.block_on(answer.into_body().collect()).unwrap();
        let body = body.to_bytes();
        assert!(status < 500, "{status} {}", String::from_utf8_lossy(&body));
        Some((status, body))
    }
}

/// The first byte as a choice, and the rest.
fn choice<'d, T: Copy>(choices: &[T], data: &'d [u8]) -> Option<(T, &'d [u8])> {
    let (first, rest) = data.split_first()?;
    Some((*choices.get(usize::from(*first) % choices.len())?, rest))
}

/// The path and the query of a request, behind its method.
pub fn path(data: &[u8]) {
    let methods = ["GET", "DELETE", "POST", "PATCH", "PUT", "OPTIONS", "HEAD"];
    let Some((method, path)) = choice(&methods, data) else {
        return;
    };
    if let Ok(path) = std::str::from_utf8(path) {
        let _ = server().ask(method, path, b"{}");
    }
}

/// The value of a query option, of lists that are read from the disk.
pub fn query(data: &[u8]) {
    let paths = [
        "/v1.0/users?$count=true&$filter=",
        "/v1.0/groups?$count=true&$filter=",
        "/v1.0/users?$search=",
        "/v1.0/users?$count=true&$orderby=",
        "/v1.0/users?$select=",
        "/v1.0/users?$expand=",
        "/v1.0/groups?$expand=",
        "/v1.0/applications?$filter=",
        "/v1.0/servicePrincipals?$filter=",
        "/v1.0/users/delta?$filter=",
        "/v1.0/auditLogs/directoryAudits?$filter=",
        "/v1.0/users?$top=",
    ];
    let Some((path, value)) = choice(&paths, data) else {
        return;
    };
    let encoded: String = escaped(value);
    let _ = server().ask("GET", &format!("{path}{encoded}"), b"");
}

/// The body of a batch.
pub fn batch(data: &[u8]) {
    let answer = server().ask("POST", "/v1.0/$batch", data);
    let Some((200, body)) = answer else {
        return;
    };
    let answer: Value = serde_json::from_slice(&body).expect("an answer in JSON");
    for part in answer["responses"].as_array().expect("answers") {
        let status = part["status"].as_u64().expect("a status");
        assert!(status < 500, "{part}");
    }
}

/// The body of something else.
pub fn body(data: &[u8]) {
    let places = [
        ("POST", "/v1.0/users"),
        ("POST", "/v1.0/groups"),
        ("POST", "/v1.0/applications"),
        ("POST", "/v1.0/servicePrincipals"),
        ("POST", "/v1.0/invitations"),
        ("POST", "/v1.0/domains"),
        ("POST", "/v1.0/directoryObjects/getByIds"),
        ("POST", "/v1.0/oauth2PermissionGrants"),
        ("PATCH", "/v1.0/users/ann@contoso.example"),
        ("PUT", "/v1.0/users/ann@contoso.example/manager/$ref"),
        ("PATCH", "/v1.0/policies/crossTenantAccessPolicy/default"),
        ("POST", "/v1.0/policies/crossTenantAccessPolicy/partners"),
        ("PUT", "/v1.0/tenantRelationships/multiTenantOrganization"),
        ("PUT", "/beta/isopolity/userSharing/default"),
        ("PATCH", "/beta/isopolity/admission/default"),
        ("POST", "/beta/isopolity/explain"),
    ];
    if let Some(((method, path), body)) = choice(&places, data) {
        let _ = server().ask(method, path, body);
    }
}

/// A token of a link, changed: bytes are laid over one that the server has made. Nothing but the
/// token itself opens.
pub fn cursor(data: &[u8]) {
    let server = server();
    let links: Vec<&str> = server.links.iter().map(String::as_str).collect();
    let Some((link, changes)) = choice(&links, data) else {
        return;
    };
    let Some((before, token)) = link.rsplit_once('=') else {
        return;
    };
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap();
    let length = bytes.len();
    for (place, change) in changes.iter().enumerate() {
        match bytes.get_mut(place % length) {
            Some(byte) if place < length => *byte ^= change,
            _ => bytes.push(*change),
        }
    }
    let changed = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let Some((status, body)) = server.ask("GET", &format!("{before}={changed}"), b"") else {
        return;
    };
    assert_eq!(
        status < 300,
        changed == token,
        "{status} {}",
        String::from_utf8_lossy(&body)
    );
    // What no server has made is refused, too; no token at all and `latest` are beginnings.
    let raw: String = escaped(changes);
    let is_beginning = changes.is_empty() || changes.eq_ignore_ascii_case(b"latest");
    if let Some((status, _)) = server.ask("GET", &format!("{before}={raw}"), b"") {
        assert!(
            status >= 400 || is_beginning || changes == token.as_bytes(),
            "{status}"
        );
    }
}

/// Every byte percent-encoded.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "%{byte:02X}");
        text
    })
}
