//! A deployment with several tenants, reached over HTTP. Its tokens are plain text: a tenant's id
//! and the permissions that it gives.

use std::sync::Arc;

use graph::{App, BoxFuture, Caller as Known, Platform, TokenRefusal, TokenVerifier};
use node::Node;
use node::command::Command;
use node::config::{Config, Flag, Inputs, Secret};
use reqwest::{Client, Method, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use types::{Actor, TenantId};
use uuid::Uuid;

/// An id that no tenant has.
pub const NOBODY: &str = "5f1e9a3c-7d2b-4e60-8a41-c0ffee000001";

/// Takes tokens of the form `tenant:permission,permission`.
struct Plain;

impl TokenVerifier for Plain {
    fn verify<'a>(&'a self, bearer: &'a str) -> BoxFuture<'a, Result<Known, TokenRefusal>> {
        let (tenant, permissions) = bearer.split_once(':').unwrap();
        Box::pin(std::future::ready(Ok(Known {
            tenant: tenant.parse().unwrap(),
            app_id: Uuid::from_u128(2),
            actor: Actor::System,
            permissions: permissions.split(',').map(Box::from).collect(),
            rights: None,
            is_multifactor: false,
        })))
    }
}

pub struct Tenants {
    url: String,
    pub node: Node,
    client: Client,
    /// Permissions of the callers that [`Tenants::tenant`] makes.
    permissions: &'static str,
    _directory: tempfile::TempDir,
}

/// A tenant's client.
#[derive(Clone)]
pub struct Caller {
    pub id: TenantId,
    pub name: String,
    url: String,
    client: Client,
    token: String,
}

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub json: Value,
}

impl Tenants {
    /// Callers have these permissions, with commas between them.
    pub async fn start(permissions: &'static str) -> Self {
        Self::with_limits(permissions, &[]).await
    }

    pub async fn with_limits(permissions: &'static str, limits: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let directory = tempfile::tempdir().unwrap();
        let flag = |key: String, value: &str| Flag {
            flag: key.clone(),
            key,
            value: value.to_owned(),
        };
        let mut flags = vec![
            flag("data".into(), directory.path().to_str().unwrap()),
            flag("public_url".into(), &url),
        ];
        for (name, value) in limits {
            flags.push(flag(format!("limits.{name}"), value));
        }
        let inputs = Inputs {
            flags,
            ..Inputs::default()
        };
        let mut config = Config::load(&inputs).unwrap();
        config.database_url = engines::database_url(directory.path()).map(Secret::new);
        let node = tokio::task::spawn_blocking(|| Node::open(config).unwrap());
        let node = node.await.unwrap();
        node.start();
        let platform = Platform {
            verifier: Arc::new(Plain),
            ..Platform::of(&node, &url)
        };
        let app = App::new(platform, graph::all_routes()).unwrap();
        tokio::spawn(graph::serve(listener, app, None, std::future::pending()));
        Self {
            url,
            node,
            client: Client::builder().no_proxy().build().unwrap(),
            permissions,
            _directory: directory,
        }
    }

    pub async fn tenant(&self, name: &str) -> Caller {
        let made = Command::TenantCreate {
            name: name.into(),
            domain: format!("{}.example", name.to_lowercase()),
            admin_upn: None,
            admin_password: None,
        };
        let made = self.node.execute(made, &|_| {}).await.unwrap();
        let id: TenantId = made["tenantId"].as_str().unwrap().parse().unwrap();
        Caller {
            id,
            name: name.to_owned(),
            url: self.url.clone(),
            client: self.client.clone(),
            token: format!("{id}:{}", self.permissions),
        }
    }
}

impl Tenants {
    /// Imports users from CSV.
    pub async fn import(&self, tenant: &Caller, csv: &str) {
        let command = Command::ImportUsers {
            tenant: tenant.id.to_string(),
            format: "csv".into(),
            content: base64(csv.as_bytes()),
            map: None,
            dry_run: false,
        };
        self.node.execute(command, &|_| {}).await.unwrap();
    }
}

/// RFC 4648 §4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            if place > group.len() {
                text.push('=');
            } else {
                text.push(char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]));
            }
        }
    }
    text
}

impl Caller {
    pub fn with_permissions(&self, permissions: &str) -> Self {
        Self {
            token: format!("{}:{permissions}", self.id),
            ..self.clone()
        }
    }

    /// A path below `/v1.0`, or an address that the server gave.
    pub async fn call(&self, method: &str, target: &str, body: Option<Value>) -> Answer {
        let target = if target.starts_with(&self.url) {
            target.to_owned()
        } else if target.starts_with("/beta") {
            format!("{}{target}", self.url)
        } else {
            format!("{}/v1.0{target}", self.url)
        };
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let call = self.client.request(method, target).bearer_auth(&self.token);
        let call = match body {
            Some(body) => call.json(&body),
            None => call,
        };
        Answer::read(call.send().await.unwrap()).await
    }
    pub async fn get(&self, target: &str) -> Answer {
        self.call("GET", target, None).await
    }
    pub async fn delete(&self, target: &str) -> Answer {
        self.call("DELETE", target, None).await
    }
    pub async fn post(&self, target: &str, body: Value) -> Answer {
        self.call("POST", target, Some(body)).await
    }
    pub async fn patch(&self, target: &str, body: Value) -> Answer {
        self.call("PATCH", target, Some(body)).await
    }
    pub async fn put(&self, target: &str, body: Value) -> Answer {
        self.call("PUT", target, Some(body)).await
    }
}

impl Answer {
    async fn read(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Self {
            status,
            headers,
            json: serde_json::from_str(&text).unwrap_or_default(),
        }
    }
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.json);
        self.json
    }
    /// A refusal in Graph's form; answers its message.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> String {
        let error = &self.json["error"];
        let got = error["code"].as_str().unwrap_or_default();
        assert_eq!((self.status, got), (status, code), "{}", self.json);
        error["message"].as_str().unwrap().to_owned()
    }
}
