//! A deployment with a person, clients of each kind, and browsers that do what browsers do: keep
//! cookies, follow nothing by themselves, send forms.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::{Client, redirect};
use serde_json::{Value, json};
use store::ManualClock;
use types::Timestamp;

use super::deployment::{Answer, DOMAIN, Deployment};

pub const NAME: &str = "ann@contoso.example";
pub const PASSWORD: &str = "Correct-Horse-7-Staple";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const WEB: &str = "https://app.example/cb";
pub const SPA: &str = "https://spa.example/cb";
pub const NATIVE: &str = "http://localhost";

pub struct World {
    pub d: Deployment,
    pub clock: Arc<ManualClock>,
    /// The person's object id.
    pub user: String,
    /// A client with a redirect URI of each kind, and a secret.
    pub client_id: String,
    pub secret: String,
    pub application: Value,
    pub principal: Value,
}

/// A browser of somebody's.
pub struct Browser {
    client: Client,
    url: String,
    pub cookies: BTreeMap<String, String>,
    pub language: &'static str,
    pub set_cookies: Vec<String>,
}

/// What a browser has got.
pub struct Seen {
    pub status: u16,
    pub text: String,
    pub headers: reqwest::header::HeaderMap,
}

pub fn encode(value: &str) -> String {
    let mut encoded = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap();
        }
    }
    encoded
}

pub fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

impl World {
    pub async fn start() -> Self {
        Self::start_with(|config| {
            config.allow_egress = vec!["127.0.0.0/8".parse().unwrap()];
        })
        .await
    }

    /// Under a host name, which passkeys need.
    pub async fn named() -> Self {
        Self::start_with(|config| {
            let url = config.public_url.take();
            config.public_url = url.map(|url| url.replace("127.0.0.1", "localhost"));
        })
        .await
    }

    async fn start_with(configure: impl FnOnce(&mut node::config::Config)) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp(1_790_000_000_000_000)));
        let d = Deployment::start_with(Arc::<ManualClock>::clone(&clock), configure).await;
        let (application, principal) = d
            .admin
            .application(json!({
                "displayName": "Wiki",
                "web": { "redirectUris": [WEB], "logoutUrl": "https://app.example/out" },
                "spa": { "redirectUris": [SPA] },
                "publicClient": { "redirectUris": [NATIVE, "wiki://auth"] },
            }))
            .await;
        let id = application["id"].as_str().unwrap();
        let secret = d
            .admin
            .post(&format!("/applications/{id}/addPassword"), json!({}))
            .await
            .expect(200);
        let mut world = Self {
            client_id: application["appId"].as_str().unwrap().to_owned(),
            secret: secret.json["secretText"].as_str().unwrap().to_owned(),
            application,
            principal,
            user: String::new(),
            d,
            clock,
        };
        world.user = world.person("ann").await;
        world
    }

    /// Another person; answers the id.
    pub async fn person(&self, alias: &str) -> String {
        let made = self
            .d
            .admin
            .post(
                "/users",
                json!({
                    "accountEnabled": true, "displayName": format!("{alias} <b>Doe</b>"),
                    "givenName": alias, "mail": format!("{alias}@contoso.example"),
                    "mailNickname": alias,
                    "userPrincipalName": format!("{alias}@{DOMAIN}"),
                    "passwordProfile": { "password": PASSWORD, "forceChangePasswordNextSignIn": false },
                }),
            )
            .await
            .expect(201);
        made.json["id"].as_str().unwrap().to_owned()
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.d.url)
    }

    pub fn path(&self, end: &str) -> String {
        format!("/{}{end}", self.d.tenant)
    }

    /// An authorization request of the native client, with changes: a name without a value is left
    /// out.
    pub fn authorize(&self, changes: &[(&str, &str)]) -> String {
        let mut fields = vec![
            ("client_id", self.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", "http://localhost:51234"),
            ("scope", "openid profile email offline_access User.Read"),
            ("state", "s&t"),
            ("nonce", "n-1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        for change in changes {
            fields.retain(|(name, _)| *name != change.0);
            if !change.1.is_empty() {
                fields.push(*change);
            }
        }
        self.path(&format!("/oauth2/v2.0/authorize?{}", form(&fields)))
    }

    /// Lets the client do what it asks for, for everybody.
    pub async fn consent(&self) {
        let graph = "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')";
        let graph = self.d.admin.get(graph).await.expect(200).json;
        let body = json!({
            "clientId": self.principal["id"], "consentType": "AllPrincipals",
            "resourceId": graph["id"], "scope": "openid profile email offline_access User.Read",
        });
        let made = self.d.admin.post("/oauth2PermissionGrants", body).await;
        made.expect(201);
    }

    pub async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        self.d.post_form(&self.d.tenant, form(fields)).await
    }

    /// Redeems the native client's code, with changes.
    pub async fn redeem(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("client_id", self.client_id.as_str()),
            ("code", code),
            ("redirect_uri", "http://localhost:51234"),
            ("code_verifier", VERIFIER),
            ("client_info", "1"),
        ];
        for change in changes {
            fields.retain(|(name, _)| *name != change.0);
            if !change.1.is_empty() {
                fields.push(*change);
            }
        }
        self.token(&fields).await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("client_id", &self.client_id),
            ("refresh_token", token),
        ])
        .await
    }

    /// A code of the native client for a person who signs in at a new browser, consent given.
    pub async fn code(&self) -> String {
        let mut browser = self.browser();
        let end = browser.sign_in(&self.authorize(&[]), NAME).await;
        end.answer("code")
    }
}

/// The claims of a token, unverified.
pub fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

impl Browser {
    pub fn new(url: &str) -> Self {
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            client,
            url: url.to_owned(),
            cookies: BTreeMap::new(),
            language: "en",
            set_cookies: Vec::new(),
        }
    }

    /// The same browser, where the server has another address.
    pub fn moved(&self, url: &str) -> Self {
        Self {
            cookies: self.cookies.clone(),
            ..Self::new(url)
        }
    }

    async fn send(&mut self, call: reqwest::RequestBuilder) -> Seen {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut call = call.header("accept-language", self.language);
        if !pairs.is_empty() {
            call = call.header("cookie", pairs.join("; "));
        }
        let response = call.send().await.unwrap();
        self.set_cookies.clear();
        for set in response.headers().get_all("set-cookie") {
            let set = set.to_str().unwrap().to_owned();
            let (pair, attributes) = set.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            self.set_cookies.push(set);
        }
        Seen {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    /// Visits a path, or an address of the server.
    pub async fn get(&mut self, path: &str) -> Seen {
        let path = path.strip_prefix(&*self.url).unwrap_or(path).to_owned();
        let call = self.client.get(format!("{}{path}", self.url));
        self.send(call).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let call = self
            .client
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(fields));
        self.send(call).await
    }

    /// Fills in the form of a page.
    pub async fn answer(&mut self, page: &Seen, fields: &[(&str, &str)]) -> Seen {
        let (action, flow) = (page.attribute("action"), page.field("flow"));
        let mut all = vec![("flow", flow.as_str())];
        all.extend(fields);
        self.post(&action, &all).await
    }

    /// Signs in, and consents if that is asked; answers what the browser gets at the end.
    pub async fn sign_in(&mut self, path: &str, name: &str) -> Seen {
        let mut page = self.get(path).await;
        if page.text.contains("id=\"name\"") {
            page = self
                .answer(&page, &[("step", "name"), ("name", name)])
                .await;
        }
        if page.text.contains("id=\"password\"") {
            let fields = [("step", "password"), ("password", PASSWORD)];
            page = self.answer(&page, &fields).await;
        }
        if page.text.contains("Allow access?") {
            page = self.allow(&page).await;
        }
        page
    }

    pub async fn allow(&mut self, page: &Seen) -> Seen {
        self.answer(page, &[("step", "consent"), ("decision", "accept")])
            .await
    }
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    #[track_caller]
    pub fn is_page(&self, status: u16, holds: &str) {
        assert_eq!(
            self.status,
            status,
            "{} {}",
            self.header("location"),
            self.text
        );
        assert!(self.text.contains(holds), "no {holds} in {}", self.text);
    }

    #[track_caller]
    pub fn attribute(&self, name: &str) -> String {
        let start = format!(" {name}=\"");
        let (_, rest) = self
            .text
            .split_once(&start)
            .unwrap_or_else(|| panic!("no {name} in {} {}", self.status, self.text));
        unescaped(rest.split_once('"').unwrap().0)
    }

    /// The value of a hidden field.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let (_, rest) = self
            .text
            .split_once(&start)
            .unwrap_or_else(|| panic!("no {name} in {} {}", self.status, self.text));
        unescaped(rest.split_once('"').unwrap().0)
    }

    /// A parameter of the answer that the browser is sent to the client with.
    #[track_caller]
    pub fn answer(&self, name: &str) -> String {
        self.find_answer(name)
            .unwrap_or_else(|| panic!("no {name} in {} {}", self.header("location"), self.text))
    }

    pub fn find_answer(&self, name: &str) -> Option<String> {
        let location = self.header("location");
        let query = location.split_once(['?', '#'])?.1;
        query.split('&').find_map(|pair| {
            let (own, value) = pair.split_once('=')?;
            (own == name).then(|| decoded(value))
        })
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            out.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).unwrap()
}

/// What stands between two texts.
pub fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).unwrap();
    rest.split_once(to).unwrap().0
}

impl World {
    /// The code of an authenticator app with a seed in base 32.
    pub fn app_code(&self, seed: &str) -> String {
        let secret = totp_rs::Secret::try_from_base32(seed.replace(' ', "")).unwrap();
        let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
        let now = store::Clock::now(&*self.clock).seconds();
        totp.generate(u64::try_from(now).unwrap()).to_string()
    }

    /// Sets an authenticator app up from the page that asks for it; answers its seed, the recovery
    /// codes, and what comes behind.
    pub async fn register_app(
        &self,
        browser: &mut Browser,
        page: &Seen,
    ) -> (String, Vec<String>, Seen) {
        page.is_page(200, "Protect your account");
        let page = browser
            .answer(page, &[("step", "choose"), ("kind", "totp")])
            .await;
        page.is_page(200, "<svg");
        let seed = between(&page.text, "<code dir=\"ltr\">", "</code>").to_owned();
        let wrong = [("step", "register-app"), ("code", "000000")];
        let page = browser.answer(&page, &wrong).await;
        page.is_page(200, "The code is wrong");
        assert!(page.text.contains(&seed), "the same seed again");
        let good = self.app_code(&seed);
        let page = browser
            .answer(&page, &[("step", "register-app"), ("code", &good)])
            .await;
        page.is_page(200, "Your recovery codes");
        let codes = page.text.split("<li><code>").skip(1);
        let codes: Vec<String> = codes
            .map(|rest| rest.split_once('<').unwrap().0.to_owned())
            .collect();
        assert_eq!(codes.len(), 10);
        let end = browser.answer(&page, &[("step", "codes")]).await;
        (seed, codes, end)
    }
}
