//! Keycloak beside ours: its published distribution, in its production mode, with a realm that has the
//! same people, a public client and one with a secret.
//!
//! What it keeps is in its own file database (H2), as ours is in files. Everything else is as it
//! comes: argon2id with its own parameters (7 MiB, five passes), RS256, sessions that are kept.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{flows, http::Client, machine};

/// Where its distribution is unpacked.
const HOME: &str = "KEYCLOAK_HOME";
/// The longest that it may take to start.
const PATIENCE: Duration = Duration::from_mins(4);
const REALM: &str = "bench";
const SECRET: &str = "a-secret-of-the-bench-that-is-long-enough";

/// A running Keycloak.
pub(crate) struct Keycloak {
    child: Child,
    /// The virtual machine, which the script waits for.
    java: u32,
    pub(crate) url: String,
    _directory: TempDir,
}

impl Keycloak {
    /// Starts it with these people; none if there is no distribution.
    pub(crate) fn start(
        scratch: &Path,
        people: &[String],
        password: &str,
        callback: &str,
    ) -> Result<Option<Self>> {
        let Some(home) = std::env::var_os(HOME).map(PathBuf::from) else {
            return Ok(None);
        };
        // A copy: it writes into its own folders.
        let directory = TempDir::new_in(scratch)?;
        let own = directory.path().join("keycloak");
        machine::copy_directory(&home, &own)?;
        let import = own.join("data/import");
        std::fs::create_dir_all(&import)?;
        let realm = realm(people, password, callback);
        std::fs::write(import.join("bench-realm.json"), realm.to_string())?;
        let script = |arguments: &[&str]| {
            let mut command = Command::new("sh");
            command.arg(own.join("bin/kc.sh")).args(arguments);
            command
        };
        let built = script(&["build", "--db=dev-file"]).output()?;
        ensure!(
            built.status.success(),
            "Keycloak can't be built: {}",
            String::from_utf8_lossy(&built.stdout)
        );
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let log = own.join("bench.log");
        let mut child = script(&["start", "--optimized", "--import-realm"])
            .args(["--http-enabled=true", "--hostname-strict=false"])
            .args(["--http-host=127.0.0.1", &format!("--http-port={port}")])
            .args(["--cache=local"])
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .stderr(Stdio::null())
            .spawn()?;
        let url = format!("http://127.0.0.1:{port}");
        let discovery = format!("/realms/{REALM}/.well-known/openid-configuration");
        let started = Instant::now();
        loop {
            let answer = Client::connect(&url, None).and_then(|mut client| client.get(&discovery));
            if answer.is_ok_and(|answer| answer.status == 200) {
                let java = machine::children(child.id())?.first().copied();
                return Ok(Some(Self {
                    java: java.unwrap_or(child.id()),
                    child,
                    url,
                    _directory: directory,
                }));
            }
            if let Some(status) = child.try_wait()? {
                let text = std::fs::read_to_string(&log).unwrap_or_default();
                bail!("Keycloak ended with {status}: {text}");
            }
            ensure!(started.elapsed() < PATIENCE, "Keycloak doesn't answer");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Its process.
    pub(crate) const fn process(&self) -> u32 {
        self.java
    }

    /// What `flows` has to know of it.
    pub(crate) fn orders(&self, callback: &str) -> Value {
        let protocol = format!("/realms/{REALM}/protocol/openid-connect");
        let query = crate::http::form(&[
            ("client_id", "portal"),
            ("response_type", "code"),
            ("redirect_uri", callback),
            // Its refresh token comes without being asked for.
            ("scope", "openid"),
            ("code_challenge", flows::CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "s"),
            ("nonce", "n"),
        ]);
        json!({
            "url": self.url,
            "authorize": format!("{protocol}/auth?{query}"),
            "token": format!("{protocol}/token"),
            "client": "portal",
            "forms": [[
                "kc-form-login",
                format!("username={}&password={}", flows::NAME, flows::PASSWORD),
            ]],
        })
    }

    /// The request for a token of its client with a secret.
    pub(crate) fn grant() -> Value {
        let form = crate::http::form(&[
            ("grant_type", "client_credentials"),
            ("client_id", "service"),
            ("client_secret", SECRET),
        ]);
        let path = format!("/realms/{REALM}/protocol/openid-connect/token");
        json!({"method": "POST", "path": path, "body": form})
    }
}

impl Drop for Keycloak {
    fn drop(&mut self) {
        let _ = Command::new("kill")
            .args(["-KILL", &self.java.to_string()])
            .status();
        // The script ends with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn realm(people: &[String], password: &str, callback: &str) -> Value {
    let users: Vec<Value> = people
        .iter()
        .map(|name| {
            json!({
                "username": name,
                "email": name,
                "emailVerified": true,
                "firstName": "Made",
                "lastName": "By the bench",
                "enabled": true,
                "credentials": [{"type": "password", "value": password}],
            })
        })
        .collect();
    json!({
        "realm": REALM,
        "enabled": true,
        "sslRequired": "none",
        "clients": [
            {
                "clientId": "portal",
                "publicClient": true,
                "redirectUris": [callback],
                "attributes": {"pkce.code.challenge.method": "S256"},
            },
            {
                "clientId": "service",
                "secret": SECRET,
                "serviceAccountsEnabled": true,
                "standardFlowEnabled": false,
            },
        ],
        "users": users,
    })
}

/// How it stands in the table where there is none.
pub(crate) fn missing() -> String {
    format!("Keycloak isn't there: name its distribution in {HOME}")
}
