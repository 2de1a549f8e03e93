//! The authorization request, and the answer that goes back through the browser.
//!
//! A request is read in two steps. As long as it isn't known where an answer may go
//! ([`Addressed`]), what is wrong is told to the person; from then on it is told to the client, at
//! that address and at no other.
//!
//! Every answer names its issuer (RFC 9207), so that a client of several providers can't be made to
//! mix them up. No access token is handed out here, and an ID token only to a client that has it
//! switched on (RFC 9700 §2.1.2).
//!
//! Source: RFC 6749 §4.1, OpenID Connect Core §3.1.2 and §3.3.2, OAuth 2.0 Multiple Response Types
//! and Form Post Response Mode.

use serde::{Deserialize, Serialize};
use types::{Id, TenantId, Timestamp, kind::User, parse_uuid};
use uuid::Uuid;

use super::Platform;
use super::{ClaimsRequest, Form, OAuthError, ScopeRequest, Trail, pkce};
use crate::PublicUrl;

/// The longest `state`, `nonce` or hint.
const VALUE_MAX: usize = 4_096;

/// Whose request it is, and where its answer is to go: both unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed {
    /// The client.
    pub client_id: Uuid,
    /// Where the answer is to go.
    pub redirect_uri: String,
}

impl Addressed {
    /// Reads the two.
    pub fn parse(form: &Form) -> Result<Self, OAuthError> {
        let client_id = form.require("client_id")?;
        Ok(Self {
            client_id: parse_uuid(client_id).ok_or_else(|| OAuthError::UnknownClient {
                client_id: client_id.to_owned(),
                tenant: String::new(),
            })?,
            redirect_uri: form.require("redirect_uri")?.to_owned(),
        })
    }
}

/// How an answer gets to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    Query,
    /// In its fragment.
    Fragment,
    /// In a form that the browser posts there.
    FormPost,
}

/// What an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseType {
    /// A code.
    Code,
    /// A code, and an ID token.
    CodeIdToken,
    /// An ID token alone.
    IdToken,
}

impl ResponseType {
    /// Whether there is a code in it.
    pub const fn has_code(self) -> bool {
        matches!(self, Self::Code | Self::CodeIdToken)
    }
    /// Whether there is an ID token in it.
    pub const fn has_id_token(self) -> bool {
        matches!(self, Self::CodeIdToken | Self::IdToken)
    }
}

/// Where an answer goes, and what of the request comes back with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnAddress {
    /// The client.
    pub client_id: Uuid,
    /// The registered redirect URI.
    pub redirect_uri: String,
    /// Of which kind it is.
    pub platform: Platform,
    /// How.
    pub mode: ResponseMode,
    /// The client's own.
    pub state: Option<String>,
}

/// What the person is to be asked, whatever is known already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// Nothing: an answer at once, or an error.
    pub none: bool,
    /// To sign in again.
    pub login: bool,
    /// To consent again.
    pub consent: bool,
    /// Which account.
    pub select_account: bool,
}

/// An authorization request that is well-formed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// Where the answer goes.
    pub to: ReturnAddress,
    /// What it is to hold.
    pub response_type: ResponseType,
    /// What the client asks for.
    pub scope: ScopeRequest,
    /// What the ID token is to repeat.
    pub nonce: Option<String>,
    /// The hash of the proof that redeems the code.
    pub code_challenge: Option<String>,
    /// What to ask.
    pub prompt: Prompt,
    /// How long ago the person may have signed in, in seconds.
    pub max_age: Option<i64>,
    /// Who it is about.
    pub login_hint: Option<String>,
    /// The languages that the person reads.
    pub ui_locales: Option<String>,
    /// Whether the client wants `client_info` (Microsoft's libraries do).
    pub client_info: bool,
    /// What tokens are to say beyond the usual.
    #[serde(default)]
    pub claims: ClaimsRequest,
    /// The session that it is about (`sid`).
    #[serde(default)]
    pub session: Option<Uuid>,
    /// Whom an ID token names that the client has shown (`id_token_hint`), once that is verified.
    #[serde(default)]
    pub user: Option<Id<User>>,
}

/// What a client is allowed of this endpoint.
#[derive(Debug, Clone, Copy)]
pub struct ClientRules {
    /// Of which kind the redirect URI is.
    pub platform: Platform,
    /// Whether ID tokens may go through the browser.
    pub allows_id_token: bool,
}

impl AuthorizationRequest {
    /// Reads a request whose client and redirect URI have been found to belong together. An error
    /// is for the client, at that address.
    pub fn parse(
        form: &Form,
        addressed: &Addressed,
        rules: ClientRules,
        public_url: &PublicUrl,
    ) -> Result<Self, Box<(ReturnAddress, OAuthError)>> {
        let response_type = response_type(form, rules);
        let to = ReturnAddress {
            client_id: addressed.client_id,
            redirect_uri: addressed.redirect_uri.clone(),
            platform: rules.platform,
            mode: fallback_mode(form, response_type.as_ref().ok().copied()),
            state: form.get("state").map(str::to_owned),
        };
        Self::read(form, &to, rules, response_type, public_url)
            .map_err(|error| Box::new((to, error)))
    }

    fn read(
        form: &Form,
        to: &ReturnAddress,
        rules: ClientRules,
        response_type: Result<ResponseType, OAuthError>,
        public_url: &PublicUrl,
    ) -> Result<Self, OAuthError> {
        let response_type = response_type?;
        for (name, error) in [
            ("request", OAuthError::RequestObject),
            ("request_uri", OAuthError::RequestUri),
            ("registration", OAuthError::Registration),
        ] {
            if form.get(name).is_some() {
                return Err(error);
            }
        }
        for name in ["state", "nonce", "login_hint", "ui_locales"] {
            if form.get(name).is_some_and(|value| value.len() > VALUE_MAX) {
                return Err(OAuthError::Malformed("a parameter is too long"));
            }
        }
        let mode = match form.get("response_mode") {
            None => to.mode,
            Some("query") if response_type.has_id_token() => return Err(OAuthError::QueryMode),
            Some("query") => ResponseMode::Query,
            Some("fragment") => ResponseMode::Fragment,
            Some("form_post") => ResponseMode::FormPost,
            Some(other) => return Err(OAuthError::ResponseMode(other.to_owned())),
        };
        let scope = ScopeRequest::parse(form.require("scope")?, public_url)?;
        let nonce = form.get("nonce").map(str::to_owned);
        if response_type.has_id_token() {
            if !scope.has("openid") {
                return Err(OAuthError::InvalidUserScope(
                    form.get("scope").unwrap_or_default().to_owned(),
                ));
            }
            if nonce.is_none() {
                return Err(OAuthError::MissingParameter("nonce"));
            }
        }
        let code_challenge = pkce::challenge(
            form.get("code_challenge"),
            form.get("code_challenge_method"),
        )?;
        if code_challenge.is_none() && rules.platform.is_public() && response_type.has_code() {
            return Err(OAuthError::MissingChallenge);
        }
        let max_age = match form.get("max_age").map(str::parse::<u32>) {
            None => None,
            Some(Ok(seconds)) => Some(i64::from(seconds)),
            Some(Err(_)) => return Err(OAuthError::Malformed("max_age isn't a number of seconds")),
        };
        let claims = ClaimsRequest::parse(form.get("claims"), form.get("acr_values"))?;
        Ok(Self {
            to: ReturnAddress { mode, ..to.clone() },
            response_type,
            scope,
            nonce,
            code_challenge,
            prompt: prompt(form.get("prompt"))?,
            max_age,
            login_hint: form.get("login_hint").map(str::to_owned),
            ui_locales: form.get("ui_locales").map(str::to_owned),
            client_info: form.get("client_info") == Some("1"),
            claims,
            // What is no session's id selects none.
            session: form.get("sid").map(|id| parse_uuid(id).unwrap_or_default()),
            user: None,
        })
    }

    /// Whether somebody who signed in then has to do so again; `began_at`: when this was asked.
    pub fn wants_fresh_sign_in(
        &self,
        authenticated_at: Timestamp,
        began_at: Timestamp,
        now: Timestamp,
    ) -> bool {
        // Whoever signs in for this request has done what it asks for, however long it takes.
        if authenticated_at >= began_at {
            return false;
        }
        let age = now.seconds() - authenticated_at.seconds();
        self.prompt.login || self.max_age.is_some_and(|max_age| age > max_age)
    }
}

fn response_type(form: &Form, rules: ClientRules) -> Result<ResponseType, OAuthError> {
    let text = form.require("response_type")?;
    let mut words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    let asked = match words.as_slice() {
        ["code"] => return Ok(ResponseType::Code),
        ["code", "id_token"] => ResponseType::CodeIdToken,
        ["id_token"] => ResponseType::IdToken,
        _ => return Err(OAuthError::ResponseType(text.to_owned())),
    };
    if rules.allows_id_token {
        Ok(asked)
    } else {
        Err(OAuthError::IdTokenSwitchedOff)
    }
}

/// How the client is told what is wrong, where that may be the mode itself (Multiple Response Types
/// §5: the fragment where a token was asked for).
fn fallback_mode(form: &Form, response_type: Option<ResponseType>) -> ResponseMode {
    let wants_token = match response_type {
        Some(response_type) => response_type.has_id_token(),
        None => form
            .get("response_type")
            .is_some_and(|text| text.contains("token")),
    };
    match form.get("response_mode") {
        Some("form_post") => ResponseMode::FormPost,
        Some("fragment") => ResponseMode::Fragment,
        Some("query") if !wants_token => ResponseMode::Query,
        _ if wants_token => ResponseMode::Fragment,
        _ => ResponseMode::Query,
    }
}

fn prompt(text: Option<&str>) -> Result<Prompt, OAuthError> {
    let mut prompt = Prompt::default();
    let mut words = 0;
    for word in text
        .unwrap_or_default()
        .split(' ')
        .filter(|it| !it.is_empty())
    {
        words += 1;
        match word {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "consent" | "admin_consent" => prompt.consent = true,
            "select_account" => prompt.select_account = true,
            _ => return Err(OAuthError::Prompt(text.unwrap_or_default().to_owned())),
        }
    }
    if prompt.none && words > 1 {
        return Err(OAuthError::Prompt(text.unwrap_or_default().to_owned()));
    }
    Ok(prompt)
}

/// An answer on its way through the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Where it goes.
    pub redirect_uri: String,
    /// How.
    pub mode: ResponseMode,
    /// What it says.
    pub parameters: Vec<(&'static str, String)>,
}

impl ReturnAddress {
    /// An answer to the client, from a tenant.
    pub fn answer(
        &self,
        public_url: &PublicUrl,
        tenant: TenantId,
        mut parameters: Vec<(&'static str, String)>,
    ) -> Answer {
        parameters.push(("iss", public_url.issuer(tenant)));
        if let Some(state) = &self.state {
            parameters.push(("state", state.clone()));
        }
        Answer {
            redirect_uri: self.redirect_uri.clone(),
            mode: self.mode,
            parameters,
        }
    }

    /// An error to the client.
    pub fn refuse(
        &self,
        public_url: &PublicUrl,
        tenant: TenantId,
        error: &OAuthError,
        trail: &Trail,
    ) -> Answer {
        let mut parameters = vec![
            ("error", error.front_channel_error().to_owned()),
            ("error_description", error.description(trail)),
            ("error_uri", error.page()),
        ];
        if let Some(suberror) = error.suberror() {
            parameters.push(("suberror", suberror.to_owned()));
        }
        self.answer(public_url, tenant, parameters)
    }
}

impl Answer {
    /// The address that the browser is sent to; for [`ResponseMode::FormPost`], where the form goes.
    pub fn location(&self) -> String {
        let mut location = self.redirect_uri.clone();
        let mut separator = match self.mode {
            ResponseMode::FormPost => return location,
            ResponseMode::Fragment => '#',
            ResponseMode::Query if location.contains('?') => '&',
            ResponseMode::Query => '?',
        };
        for (name, value) in &self.parameters {
            location.push(separator);
            separator = '&';
            location.push_str(name);
            location.push('=');
            encode(value, &mut location);
        }
        location
    }
}

/// An address without a query, with parameters.
pub fn with_parameters<T: AsRef<str>>(address: &str, parameters: &[(T, T)]) -> String {
    let mut whole = address.to_owned();
    for (index, (name, value)) in parameters.iter().enumerate() {
        whole.push(if index == 0 { '?' } else { '&' });
        encode(name.as_ref(), &mut whole);
        whole.push('=');
        encode(value.as_ref(), &mut whole);
    }
    whole
}

/// Percent-encodes a value for the query or the fragment of an address.
pub fn encode(value: &str, to: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            to.push(char::from(byte));
        } else {
            to.push('%');
            for digit in [byte >> 4, byte & 15] {
                let digit = DIGITS.get(usize::from(digit)).copied();
                to.push(char::from(digit.unwrap_or(b'0')));
            }
        }
    }
}
