//! A whole deployment with one tenant or more, reached over HTTP as its clients reach it.

use std::sync::Arc;

use graph::{App, Platform};
use identity::revocation;
use identity::token::{ClientStrength, GRAPH_AUDIENCE, Issuer, LIFETIME_SECONDS, UserToken};
use node::Node;
use node::command::Command;
use node::config::{Config, Secret};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use store::{Clock, SystemClock};
use tokio::net::TcpListener;
use types::{Id, kind};
use uuid::Uuid;

pub const DOMAIN: &str = "contoso.example";
pub const NOBODY: &str = "00000000-0000-4000-8000-00000000dead";

pub struct Deployment {
    pub url: String,
    pub node: Node,
    pub tenant: String,
    /// A client with all permissions.
    pub admin: Caller,
    client: Client,
    config: Config,
    clock: Arc<dyn Clock>,
    _directory: tempfile::TempDir,
}

/// A client with its token.
#[derive(Clone)]
pub struct Caller {
    url: String,
    client: Client,
    pub client_id: String,
    pub client_secret: String,
    pub token: String,
}

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Deployment {
    pub async fn start() -> Self {
        Self::start_with(Arc::new(SystemClock), |_| {}).await
    }

    /// A server that has no tenant yet: its address, its node, and its directory.
    pub async fn empty() -> (String, Node, tempfile::TempDir) {
        let (url, node, _, directory) = Self::launch(&(Arc::new(SystemClock) as _), |_| {}).await;
        (url, node, directory)
    }

    /// The same under a host name, which passkeys need.
    pub async fn empty_and_named() -> (String, Node, tempfile::TempDir) {
        let named = |config: &mut Config| {
            let url = config.public_url.take();
            config.public_url = url.map(|url| url.replace("127.0.0.1", "localhost"));
        };
        let (url, node, _, directory) = Self::launch(&(Arc::new(SystemClock) as _), named).await;
        (url, node, directory)
    }

    async fn launch(
        clock: &Arc<dyn Clock>,
        configure: impl FnOnce(&mut Config),
    ) -> (String, Node, Config, tempfile::TempDir) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::at(directory.path());
        config.public_url = Some(url.clone());
        config.database_url = engines::database_url(directory.path()).map(Secret::new);
        configure(&mut config);
        let node = Self::open(&config, clock, listener, &url).await;
        (url, node, config, directory)
    }

    /// With a clock and a configuration of its own.
    pub async fn start_with(clock: Arc<dyn Clock>, configure: impl FnOnce(&mut Config)) -> Self {
        let (url, node, config, directory) = Self::launch(&clock, configure).await;
        let made = Command::TenantCreate {
            name: "Contoso".into(),
            domain: DOMAIN.into(),
            admin_upn: None,
            admin_password: None,
        };
        let made = node.execute(made, &|_| {}).await.unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        let mut deployment = Self {
            admin: Caller {
                url: url.clone(),
                client: client.clone(),
                client_id: made["app"]["clientId"].as_str().unwrap().into(),
                client_secret: made["app"]["clientSecret"].as_str().unwrap().into(),
                token: String::new(),
            },
            tenant: made["tenantId"].as_str().unwrap().into(),
            url,
            node,
            client,
            config,
            clock,
            _directory: directory,
        };
        deployment.admin.token = deployment.token_of(&deployment.admin).await.token();
        deployment
    }

    async fn open(
        config: &Config,
        clock: &Arc<dyn Clock>,
        listener: TcpListener,
        public_url: &str,
    ) -> Node {
        let (config, clock) = (config.clone(), Arc::clone(clock));
        let node = tokio::task::spawn_blocking(|| Node::open_with(config, clock).unwrap());
        let node = node.await.unwrap();
        let app = App::new(Platform::of(&node, public_url), graph::all_routes()).unwrap();
        tokio::spawn(graph::serve(listener, app, None, std::future::pending()));
        node
    }

    /// Another server over the same data once this one has stopped, under another address; nothing works
    /// in it before it is started.
    pub async fn reopen(&mut self) {
        self.node.stop().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let public_url = self.url.clone();
        self.url = format!("http://{}", listener.local_addr().unwrap());
        self.node = Self::open(&self.config, &self.clock, listener, &public_url).await;
        self.admin.url.clone_from(&self.url);
    }

    /// Another tenant, and a client of it with all permissions.
    pub async fn other(&self, name: &str, domain: &str) -> (String, Caller) {
        let made = Command::TenantCreate {
            name: name.into(),
            domain: domain.into(),
            admin_upn: None,
            admin_password: None,
        };
        let made = self.node.execute(made, &|_| {}).await.unwrap();
        let tenant = made["tenantId"].as_str().unwrap().to_owned();
        let mut caller = Caller {
            client_id: made["app"]["clientId"].as_str().unwrap().into(),
            client_secret: made["app"]["clientSecret"].as_str().unwrap().into(),
            ..self.admin.clone()
        };
        caller.token = self.token_in(&tenant, &caller).await.token();
        (tenant, caller)
    }

    /// A new client with these permissions.
    pub async fn client(&self, permissions: &[&str]) -> Caller {
        let made = Command::AppCreate {
            tenant: self.tenant.clone(),
            name: "Client".into(),
            redirect_uris: Vec::new(),
            permissions: permissions.iter().map(ToString::to_string).collect(),
        };
        let made = self.node.execute(made, &|_| {}).await.unwrap();
        let mut caller = Caller {
            client_id: made["clientId"].as_str().unwrap().into(),
            client_secret: made["clientSecret"].as_str().unwrap().into(),
            ..self.admin.clone()
        };
        caller.token = self.token_of(&caller).await.token();
        caller
    }

    /// A client with another of its secrets.
    pub async fn client_with(&self, client: &Caller, secret: &str) -> Caller {
        let mut caller = Caller {
            client_secret: secret.into(),
            ..client.clone()
        };
        caller.token = self.token_of(&caller).await.token();
        caller
    }

    /// A client in the hands of a user of the tenant, with these delegated permissions.
    pub async fn signed_in(&self, user: &str, scopes: &str) -> Caller {
        let token = self.user_token(user, scopes).await;
        self.with_token(self.issue(&token).await)
    }

    /// What such a token says.
    pub async fn user_token(&self, user: &str, scopes: &str) -> UserToken {
        let user: Id<kind::User> = user.parse().unwrap();
        let island = self.node.store().island(self.tenant.parse().unwrap());
        let generation = island
            .unwrap()
            .read(move |tx| revocation::generation(tx, user))
            .await
            .unwrap();
        UserToken {
            tenant: self.tenant.parse().unwrap(),
            tenant_created_at: None,
            audience: GRAPH_AUDIENCE.into(),
            app_id: self.admin.client_id.parse().unwrap(),
            app_display_name: "Portal".into(),
            client_strength: ClientStrength::Public,
            user,
            user_principal_name: "somebody@contoso.example".into(),
            name: "Somebody".into(),
            is_guest: false,
            home: None,
            scopes: scopes.split(' ').map(str::to_owned).collect(),
            roles: Vec::new(),
            wids: Vec::new(),
            amr: vec!["pwd".into()],
            auth_time: self.node.store().clock().now(),
            session: Uuid::from_u128(1),
            generation,
            optional: serde_json::Map::new(),
            lifetime_seconds: LIFETIME_SECONDS,
        }
    }

    /// Signs a token with the key of its tenant.
    pub async fn issue(&self, token: &UserToken) -> String {
        let sealer = self.node.sealer().clone();
        let island = self.node.store().island(token.tenant).unwrap();
        let keys = island.read(move |tx| identity::keys::load(tx, &sealer));
        let (now, random) = (self.node.store().clock().now(), identity::random().unwrap());
        let issuer = Issuer::new(self.node.public_url().clone(), self.node.sealer()).unwrap();
        let keys = keys.await.unwrap();
        let token = issuer.issue_user(token, keys.signing(), now, random);
        token.unwrap().expose().to_owned()
    }

    pub fn with_token(&self, token: String) -> Caller {
        Caller {
            token,
            ..self.admin.clone()
        }
    }

    /// What the token endpoint answers to a client.
    pub async fn token_of(&self, caller: &Caller) -> Answer {
        self.token_in(&self.tenant, caller).await
    }

    async fn token_in(&self, tenant: &str, caller: &Caller) -> Answer {
        let fields = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope=https://graph.microsoft.com/.default",
            caller.client_id, caller.client_secret
        );
        self.post_form(tenant, fields).await
    }

    /// A request to the token endpoint under a tenant's name.
    pub async fn post_form(&self, tenant: &str, fields: String) -> Answer {
        let call = self
            .call("POST", &format!("/{tenant}/oauth2/v2.0/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(fields);
        Answer::read(call.send().await.unwrap()).await
    }

    /// A request of nobody's.
    pub fn call(&self, method: &str, path: &str) -> RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::read(self.call("GET", path).send().await.unwrap()).await
    }
}

impl Caller {
    /// A request with a path, or with an address that the server gave.
    pub fn call(&self, method: &str, target: &str) -> RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let target = match target {
            whole if whole.starts_with(&self.url) => whole.to_owned(),
            beta if beta.starts_with("/beta/") => format!("{}{beta}", self.url),
            v1 => format!("{}/v1.0{v1}", self.url),
        };
        let call = self.client.request(method, target);
        call.bearer_auth(&self.token)
    }

    pub async fn get(&self, target: &str) -> Answer {
        Answer::read(self.call("GET", target).send().await.unwrap()).await
    }
    /// With what advanced queries need in the header.
    pub async fn get_advanced(&self, target: &str) -> Answer {
        let call = self.call("GET", target);
        let call = call.header("ConsistencyLevel", "eventual");
        Answer::read(call.send().await.unwrap()).await
    }
    pub async fn delete(&self, target: &str) -> Answer {
        Answer::read(self.call("DELETE", target).send().await.unwrap()).await
    }
    pub async fn post(&self, target: &str, body: Value) -> Answer {
        let call = self.call("POST", target).json(&body);
        Answer::read(call.send().await.unwrap()).await
    }
    pub async fn put(&self, target: &str, body: Value) -> Answer {
        let call = self.call("PUT", target).json(&body);
        Answer::read(call.send().await.unwrap()).await
    }
    pub async fn patch(&self, target: &str, body: Value) -> Answer {
        let call = self.call("PATCH", target).json(&body);
        Answer::read(call.send().await.unwrap()).await
    }
    /// With a header of its own.
    pub async fn patch_with(&self, target: &str, body: Value, header: (&str, &str)) -> Answer {
        let call = self.call("PATCH", target).json(&body);
        let call = call.header(header.0, header.1);
        Answer::read(call.send().await.unwrap()).await
    }
    /// An application with a service principal, made by this client: both objects.
    pub async fn application(&self, body: Value) -> (Value, Value) {
        let application = self.post("/applications", body).await.expect(201).json;
        let body = json!({ "appId": application["appId"] });
        let principal = self.post("/servicePrincipals", body).await.expect(201).json;
        (application, principal)
    }
}

impl Answer {
    pub async fn read(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Self {
            json: serde_json::from_str(&text).unwrap_or_default(),
            status,
            headers,
            text,
        }
    }
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
    /// A refusal in Graph's form.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        let got = self.json["error"]["code"].as_str().unwrap_or_default();
        assert_eq!((self.status, got), (status, code), "{}", self.text);
        self
    }
    #[track_caller]
    pub fn token(&self) -> String {
        let token = self.json["access_token"].as_str();
        token.unwrap_or_else(|| panic!("{}", self.text)).to_owned()
    }
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
    pub fn message(&self) -> &str {
        self.json["error"]["message"].as_str().unwrap_or_default()
    }
}
