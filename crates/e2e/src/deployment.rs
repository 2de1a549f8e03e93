//! A deployment: a data directory, a server on it, and the tenants that a test makes there.

use std::{
    net::TcpListener,
    ops::Deref,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    caller::Caller,
    cli::{self, Cli},
    server::{Options, Server},
};

/// A data directory and the server that runs on it.
pub struct Deployment {
    directory: TempDir,
    listen: String,
    url: String,
    options: Mutex<Options>,
    server: Mutex<Option<Server>>,
}

/// A tenant, as the caller that may do everything in it: calls on it are made with the token of the
/// application that `tenant create` returns.
pub struct Tenant {
    /// The tenant's id.
    pub id: String,
    /// Its display name.
    pub name: String,
    /// The domain it was created with.
    pub domain: String,
    /// The automation application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The first administrator: `id`, `userPrincipalName`, `password`.
    pub admin: Value,
    caller: Caller,
}

impl Deref for Tenant {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// A server that the tests of one file share while at least one of them runs. Tests keep apart by
/// using tenants of their own.
pub struct Shared(Mutex<Weak<Deployment>>);

impl Shared {
    /// Not started yet.
    pub const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    /// The running deployment, started if none of the other tests holds one.
    pub fn get(&self) -> Arc<Deployment> {
        let mut slot = lock(&self.0);
        slot.upgrade().unwrap_or_else(|| {
            let deployment = Arc::new(Deployment::start());
            *slot = Arc::downgrade(&deployment);
            deployment
        })
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self::new()
    }
}

impl Deployment {
    /// A server on a fresh data directory.
    pub fn start() -> Self {
        Self::start_with(Options::default())
    }

    /// A server on a fresh data directory, with further arguments or environment.
    pub fn start_with(options: Options) -> Self {
        let deployment = Self::stopped(options);
        deployment.start_server();
        deployment
    }

    /// A server on a fresh data directory and on whichever port the system gives it.
    pub fn start_on_any_port() -> Self {
        let mut deployment = Self::stopped(Options::default());
        "127.0.0.1:0".clone_into(&mut deployment.listen);
        let server = Server::start(
            &deployment.data(),
            &deployment.log(),
            &deployment.listen,
            &Options::default(),
        );
        deployment.url.clone_from(&server.url);
        *lock(&deployment.server) = Some(server);
        deployment
    }

    /// A data directory (not made yet) and an address, without a server.
    pub fn stopped(options: Options) -> Self {
        let listen = free_address();
        let scheme = if options.arguments.iter().any(|a| a.starts_with("--tls")) {
            "https"
        } else {
            "http"
        };
        Self {
            directory: tempfile::tempdir().unwrap(),
            url: format!("{scheme}://{listen}"),
            listen,
            options: Mutex::new(options),
            server: Mutex::new(None),
        }
    }

    /// Starts the server.
    pub fn start_server(&self) {
        let options = lock(&self.options).clone();
        let server = Server::start(&self.data(), &self.log(), &self.listen, &options);
        if !options.arguments.iter().any(|it| it == "--public-url") {
            assert_eq!(server.url, self.url, "the ready line names the address");
        }
        *lock(&self.server) = Some(server);
    }

    /// Changes how the server is started the next time.
    pub fn set_options(&self, options: Options) {
        *lock(&self.options) = options;
    }

    /// Ends the server as a power cut would.
    pub fn kill9(&self) {
        if let Some(mut server) = lock(&self.server).take() {
            server.kill();
        }
    }

    /// Sends the server a signal, by its name with a dash.
    pub fn signal(&self, signal: &str) {
        let server = lock(&self.server);
        server.as_ref().expect("a running server").signal(signal);
    }

    /// SIGTERM, and the exit code with which the server ended.
    pub fn terminate(&self) -> Option<i32> {
        let mut server = lock(&self.server).take().expect("a running server");
        server.terminate().code()
    }

    /// Ends the server in order and starts it again at the same address.
    pub fn restart(&self) {
        assert_eq!(self.terminate(), Some(0), "SIGTERM drains and exits 0");
        self.start_server();
    }

    /// The server's address, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A directory for the test's own files.
    pub fn scratch(&self) -> &Path {
        self.directory.path()
    }

    /// How many files and sockets the server has open.
    pub fn open_files(&self) -> usize {
        let server = lock(&self.server);
        server.as_ref().expect("a running server").open_files()
    }

    /// What the server wrote to standard error.
    pub fn log(&self) -> PathBuf {
        self.directory.path().join("server.log")
    }

    /// Runs a command on this data directory.
    pub fn cli(&self, arguments: &[&str]) -> Cli {
        self.cli_with_input(arguments, "")
    }

    /// Runs a command on this data directory with this standard input.
    pub fn cli_with_input(&self, arguments: &[&str], input: &str) -> Cli {
        let data = self.data();
        let options = lock(&self.options).clone();
        let mut environment = vec![("ISOPOLITY_DATA", data.to_str().unwrap())];
        let database = options.environment.iter();
        let database = database.filter(|(name, _)| name == "DATABASE_URL");
        environment.extend(database.map(|(name, value)| (name.as_str(), value.as_str())));
        cli::run(arguments, &environment, input)
    }

    /// A new tenant with a domain of its own that begins with `name`.
    pub async fn tenant(&self, name: &str) -> Tenant {
        self.tenant_at(name, &fresh_domain(name)).await
    }

    /// A new tenant with this name and domain.
    pub async fn tenant_at(&self, name: &str, domain: &str) -> Tenant {
        let (tenant, client_id, client_secret) = self.create_tenant(name, domain);
        let caller = self.caller(&tenant.0, &client_id, &client_secret).await;
        Tenant {
            id: tenant.0,
            name: name.to_owned(),
            domain: domain.to_owned(),
            client_id,
            client_secret,
            admin: tenant.1,
            caller,
        }
    }

    /// `tenant create`, checked for the shape that the contract gives it.
    fn create_tenant(&self, name: &str, domain: &str) -> ((String, Value), String, String) {
        let made = self
            .cli(&["tenant", "create", "--name", name, "--domain", domain])
            .ok();
        assert_eq!(made["displayName"], name);
        assert_eq!(made["domain"], domain);
        let text = |value: &Value| {
            value
                .as_str()
                .filter(|text| !text.is_empty())
                .unwrap_or_else(|| panic!("{value} isn't a text: {made}"))
                .to_owned()
        };
        let _ = text(&made["admin"]["id"]);
        let _ = text(&made["admin"]["userPrincipalName"]);
        (
            (text(&made["tenantId"]), made["admin"].clone()),
            text(&made["app"]["clientId"]),
            text(&made["app"]["clientSecret"]),
        )
    }

    /// An application of the tenant with these permissions, as a caller.
    pub async fn app(&self, tenant: &Tenant, permissions: &[&str]) -> Caller {
        let mut arguments = vec!["app", "create", "--tenant", &tenant.id, "--name", "Narrow"];
        for permission in permissions {
            arguments.extend(["--permission", permission]);
        }
        let made = self.cli(&arguments).ok();
        let (id, secret) = (&made["clientId"], &made["clientSecret"]);
        self.caller(&tenant.id, id.as_str().unwrap(), secret.as_str().unwrap())
            .await
    }

    /// A caller with the token of this application.
    pub async fn caller(&self, tenant: &str, client_id: &str, client_secret: &str) -> Caller {
        let anonymous = self.anonymous();
        let token = anonymous
            .form(
                &format!("/{tenant}/oauth2/v2.0/token"),
                &[
                    ("grant_type", "client_credentials"),
                    ("client_id", client_id),
                    ("client_secret", client_secret),
                    ("scope", "https://graph.microsoft.com/.default"),
                ],
            )
            .await
            .expect(200);
        anonymous.with_token(token["access_token"].as_str().unwrap())
    }

    /// A caller without a token. It trusts the server's own certificate, if it has one.
    pub fn anonymous(&self) -> Caller {
        let client = match self.ca() {
            Some(ca) => {
                let ca = std::fs::read(ca).unwrap();
                let ca = reqwest::Certificate::from_pem(&ca).unwrap();
                client_builder().tls_certs_only([ca]).build().unwrap()
            }
            None => client(),
        };
        Caller::new(&self.url, client)
    }

    /// The file that vouches for a server with `--tls-self-signed`.
    pub fn ca(&self) -> Option<PathBuf> {
        self.url
            .starts_with("https:")
            .then(|| self.data().join("tls/ca.pem"))
    }

    /// The end of every test: the server is well, and the doctor finds nothing wrong.
    pub async fn finish(&self) {
        let started = Instant::now();
        let health = self.anonymous().get("/healthz").await;
        assert_eq!(health.status, 200, "/healthz: {health:?}");
        assert!(
            started.elapsed() < Duration::from_secs(1),
            "/healthz took {:?}",
            started.elapsed()
        );
        self.assert_doctor_is_content();
        let mut server = lock(&self.server);
        assert!(
            server.as_mut().is_some_and(Server::is_running),
            "the server still runs"
        );
    }

    /// `isopolity doctor` finds nothing wrong; with the server running or without.
    pub fn assert_doctor_is_content(&self) {
        let doctor = self.cli(&["doctor"]).ok();
        assert_eq!(doctor["ok"], true, "doctor: {doctor:#}");
        let checks = doctor["checks"].as_array().expect("checks");
        assert!(!checks.is_empty(), "a doctor who looked at nothing");
        for check in checks {
            assert!(
                check["name"].is_string() && check["ok"] == true,
                "doctor: {check}"
            );
        }
    }

    /// What a token request for this tenant looks like when everything in it is right.
    pub fn token_request(tenant: &Tenant) -> Vec<(&str, &str)> {
        vec![
            ("grant_type", "client_credentials"),
            ("client_id", &tenant.client_id),
            ("client_secret", &tenant.client_secret),
            ("scope", "https://graph.microsoft.com/.default"),
        ]
    }
}

impl Tenant {
    /// What has to be sent to create a user, and no more.
    pub fn user_body(&self, alias: &str) -> Value {
        json!({
            "accountEnabled": true,
            "displayName": alias,
            "mailNickname": alias,
            "userPrincipalName": format!("{alias}@{}", self.domain),
            "passwordProfile": { "password": "Correct-horse-7-battery" },
        })
    }

    /// A user of this tenant with everything that is required, and `more` on top.
    pub async fn user_with(&self, alias: &str, more: Value) -> Value {
        let mut body = self.user_body(alias);
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        self.post("/v1.0/users", body).await.expect(201).json
    }

    /// A user of this tenant with no more than what is required; its id.
    pub async fn user(&self, alias: &str) -> String {
        let user = self.user_with(alias, json!({})).await;
        user["id"].as_str().unwrap().to_owned()
    }

    /// A security group of this tenant; its id.
    pub async fn group(&self, name: &str) -> String {
        let body = json!({
            "displayName": name, "mailEnabled": false, "mailNickname": name, "securityEnabled": true,
        });
        let group = self.post("/v1.0/groups", body).await.expect(201);
        group["id"].as_str().unwrap().to_owned()
    }

    /// Adds an object to a group.
    pub async fn add_member(&self, group: &str, object: &str) {
        self.post(
            &format!("/v1.0/groups/{group}/members/$ref"),
            json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{object}", self.url()) }),
        )
        .await
        .expect(204);
    }

    /// The domain with which the tenant was born, which the UPNs of external users end with.
    pub async fn initial_domain(&self) -> String {
        let organization = self.get("/v1.0/organization").await.expect(200);
        let domains = organization["value"][0]["verifiedDomains"].clone();
        let initial = domains
            .as_array()
            .and_then(|domains| domains.iter().find(|domain| domain["isInitial"] == true));
        let name = initial.and_then(|domain| domain["name"].as_str());
        name.unwrap_or_else(|| panic!("no initial domain: {domains}"))
            .to_owned()
    }
}

/// A domain that no other tenant of this process has.
fn fresh_domain(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let label: String = name
        .to_lowercase()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!("{label}{number}.example")
}

/// An address at which nobody listens. It is chosen here and not by the server, so that a restart
/// comes back under the same one; and below the ports that the system gives to outgoing connections,
/// so that none of those takes it meanwhile.
fn free_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id() * 16 + NEXT.fetch_add(1, Ordering::Relaxed);
        let address = format!("127.0.0.1:{}", 20_000 + number % 12_000);
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

/// An HTTP client. Each test has its own: a connection dies with the runtime that opened it.
pub fn client() -> reqwest::Client {
    client_builder().build().unwrap()
}

fn client_builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .timeout(Duration::from_mins(1))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
}

/// A lock that a failed test before doesn't keep shut.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
