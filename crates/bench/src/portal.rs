//! A client and people with passwords, whom the benches of signing in sign in to it.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{deployment::Deployment, flows, http};

/// People who sign in in turn.
const PEOPLE: usize = 50;
pub(crate) const PASSWORD: &str = "Correct-horse-battery-9";
pub(crate) const CALLBACK: &str = "http://localhost/callback";

/// A public client in a tenant, and people of it.
pub(crate) struct Portal {
    pub(crate) people: Vec<String>,
    tenant: String,
    client: String,
    url: String,
}

impl Portal {
    /// Makes both, once for a deployment.
    pub(crate) fn make(deployment: &Deployment) -> Result<Self> {
        let mut client = deployment.client(0)?;
        let tenant = deployment.tenant(0)?;
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let name = format!("portal{number}@{}", tenant.domain);
            people.push(name.clone());
            if client.get(&format!("/v1.0/users/{name}"))?.status == 200 {
                continue;
            }
            let user = json!({
                "accountEnabled": true,
                "displayName": "Signs in",
                "mailNickname": format!("portal{number}"),
                "userPrincipalName": name,
                "passwordProfile": {
                    "password": PASSWORD, "forceChangePasswordNextSignIn": false,
                },
            });
            client
                .send_json("POST", "/v1.0/users", &user)?
                .expect(201)?;
        }
        let portal = json!({
            "displayName": "Portal", "publicClient": {"redirectUris": [CALLBACK]},
        });
        let made = client.send_json("POST", "/v1.0/applications", &portal)?;
        let made = made.expect(201)?;
        let app_id = made["appId"].as_str().context("no client id")?;
        let principal = json!({"appId": app_id});
        let made = client.send_json("POST", "/v1.0/servicePrincipals", &principal)?;
        made.expect(201)?;
        Ok(Self {
            people,
            tenant: tenant.id.clone(),
            client: app_id.to_owned(),
            url: deployment.server()?.url.clone(),
        })
    }

    /// What `flows` has to know of it.
    pub(crate) fn orders(&self) -> Value {
        let base = format!("/{}/oauth2/v2.0", self.tenant);
        let query = http::form(&[
            ("client_id", &self.client),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid profile offline_access User.Read"),
            ("code_challenge", flows::CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "s"),
            ("nonce", "n"),
        ]);
        let (name, password) = (flows::NAME, flows::PASSWORD);
        json!({
            "url": self.url,
            "authorize": format!("{base}/authorize?{query}&login_hint={name}"),
            "token": format!("{base}/token"),
            "client": self.client,
            "forms": [
                ["id=\"name\"", format!("step=name&name={name}")],
                ["id=\"password\"", format!("step=password&password={password}")],
                ["value=\"accept\"", "step=consent&decision=accept"],
            ],
        })
    }

    /// Adds who signs in, and how.
    pub(crate) fn with_people(&self, mut orders: Value, more: &Value) -> Value {
        orders["people"] = json!(self.people);
        orders["password"] = json!(PASSWORD);
        orders["callback"] = json!(CALLBACK);
        for (name, value) in more.as_object().into_iter().flatten() {
            orders[name] = value.clone();
        }
        orders
    }
}
