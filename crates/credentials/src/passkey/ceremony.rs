//! Signing in with a passkey: a challenge, which the page carries, and its answer.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity::{Secret, sha256};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{ReadTx, Tx, params};
use types::{Error, Id, Result, TenantId, Timestamp, kind};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, DiscoverableKey, PublicKeyCredential, WebauthnError,
};

use super::{Document, RelyingParty, challenge_of};
use crate::audited;
use crate::methods::{self, Kind, Method};

/// How long a challenge may wait for its answer.
pub const CHALLENGE_MINUTES: u32 = 10;
/// The longest sealed challenge that is looked at.
const STATE_MAX: usize = 4_096;
const STATE: &str = "passkey sign-in";

const HANDLE: &str = "SELECT handle FROM passkey_handles WHERE tenant_id = ?1 AND user_id = ?2";
const NOTE_ANSWERED: &str = "INSERT INTO passkey_challenges (tenant_id, challenge, expires_at) \
    VALUES (?1, ?2, ?3) ON CONFLICT (tenant_id, challenge) DO NOTHING";

/// A challenge to sign in.
#[derive(Debug, Clone)]
pub struct Request {
    /// What `navigator.credentials.get` takes, as `{"publicKey": …}` in JSON.
    pub options: Value,
    /// What [`RelyingParty::verify`] takes; the page carries it.
    pub state: String,
}

/// The passkey that an answer says it is of.
#[derive(Debug, Clone)]
pub struct Candidate {
    method: Method,
    document: Document,
}

impl Candidate {
    /// Whose it would be.
    pub const fn user(&self) -> Id<kind::User> {
        self.method.user
    }
}

/// An answer whose signature was right.
#[derive(Debug, Clone)]
pub struct Answer {
    method: Method,
    challenge: [u8; 32],
    expires_at: Timestamp,
    counter: u64,
    doc: String,
}

impl Answer {
    /// Whose it is.
    pub const fn user(&self) -> Id<kind::User> {
        self.method.user
    }
}

#[derive(Serialize, Deserialize)]
struct State {
    challenge: DiscoverableAuthentication,
    expires_at: i64,
}

fn purpose(browser: &Secret) -> String {
    let hash = sha256(browser.expose().as_bytes());
    format!("{STATE} {}", BASE64_URL_SAFE_NO_PAD.encode(hash))
}

pub(super) fn handle(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<Option<Vec<u8>>> {
    tx.query_one(HANDLE, params![&tx.tenant(), &user], |row| {
        Ok(row.bytes(0)?.to_vec())
    })
}

impl RelyingParty {
    /// A challenge to sign in, for one browser; for a tenant, or for whichever it turns out to be
    /// (nil).
    pub fn begin_sign_in(
        &self,
        tenant: TenantId,
        browser: &Secret,
        now: Timestamp,
    ) -> Result<Request> {
        let (options, challenge) = self
            .webauthn
            .start_discoverable_authentication()
            .map_err(Error::internal)?;
        let mut options = serde_json::to_value(options).map_err(Error::internal)?;
        // The page says itself whether it asks by autofill or by a button.
        if let Some(options) = options.as_object_mut() {
            options.shift_remove("mediation");
        }
        if let Some(public_key) = options.get_mut("publicKey") {
            let milliseconds = u64::from(CHALLENGE_MINUTES) * 60_000;
            put(public_key, &["timeout"], milliseconds.into());
        }
        let state = State {
            challenge,
            expires_at: now
                .plus_seconds(i64::from(CHALLENGE_MINUTES) * 60)
                .seconds(),
        };
        let state = serde_json::to_vec(&state).map_err(Error::internal)?;
        let sealed = self.sealer.seal(&purpose(browser), tenant, &state)?;
        Ok(Request {
            options,
            state: BASE64_URL_SAFE_NO_PAD.encode(sealed),
        })
    }

    /// The passkey that an answer says it is of; it proves nothing yet.
    pub fn candidate(&self, tx: &ReadTx<'_>, response: &Value) -> Result<Option<Candidate>> {
        let decode = |text: Option<&Value>| {
            let text = text?.as_str()?.trim_end_matches('=');
            BASE64_URL_SAFE_NO_PAD.decode(text).ok()
        };
        let Some(credential) = decode(response.get("rawId").or_else(|| response.get("id"))) else {
            return Ok(None);
        };
        let Some(method) = methods::by_lookup(tx, &credential)? else {
            return Ok(None);
        };
        let shown = decode(
            response
                .get("response")
                .and_then(|response| response.get("userHandle")),
        );
        // A handle that isn't the user's means that the credential is another's.
        if shown.is_none() || shown != handle(tx, method.user)? {
            return Ok(None);
        }
        let document = method.document()?;
        Ok(Some(Candidate { method, document }))
    }

    /// Checks an answer's signature, which takes a fraction of a millisecond of a processor. An error
    /// says why it is refused, for the log.
    pub fn verify(
        &self,
        tenant: TenantId,
        browser: &Secret,
        state: &str,
        response: &Value,
        candidate: Candidate,
        now: Timestamp,
    ) -> Result<Answer, Refused> {
        let state = self.open(tenant, browser, state, now)?;
        let challenge = challenge_of(response).ok_or(Refused::Malformed)?;
        let response: PublicKeyCredential =
            serde_json::from_value(completed(response)).map_err(|_| Refused::Malformed)?;
        let Candidate {
            method,
            mut document,
        } = candidate;
        let key = DiscoverableKey::from(&document.passkey);
        let result = self
            .webauthn
            .finish_discoverable_authentication_v2(&response, state.challenge, &key)
            .map_err(|error| match error {
                WebauthnError::CredentialPossibleCompromise => Refused::Copied(method.user),
                _ => Refused::Wrong,
            })?;
        // Presence alone would make one factor of it.
        if !result.user_verified() {
            return Err(Refused::Wrong);
        }
        document.passkey.update_credential(&result);
        document.is_synced = result.backup_state();
        let doc = serde_json::to_string(&document).map_err(|_| Refused::Malformed)?;
        Ok(Answer {
            challenge,
            expires_at: Timestamp::from_seconds(state.expires_at),
            counter: u64::from(result.counter()),
            doc,
            method,
        })
    }

    fn open(
        &self,
        tenant: TenantId,
        browser: &Secret,
        state: &str,
        now: Timestamp,
    ) -> Result<State, Refused> {
        let bytes = (state.len() <= STATE_MAX)
            .then(|| BASE64_URL_SAFE_NO_PAD.decode(state).ok())
            .flatten()
            .ok_or(Refused::Malformed)?;
        let opened = self.sealer.open(&purpose(browser), tenant, &bytes);
        let opened = opened.map_err(|_| Refused::Malformed)?;
        let state: State = serde_json::from_slice(&opened).map_err(|_| Refused::Malformed)?;
        if now.seconds() < state.expires_at {
            Ok(state)
        } else {
            Err(Refused::TooLate)
        }
    }
}

/// Why an answer is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It isn't an answer, or its challenge isn't this browser's.
    Malformed,
    /// Its challenge is too old.
    TooLate,
    /// It isn't that passkey's.
    Wrong,
    /// The authenticator's counter went back: somebody has a copy of this user's passkey.
    Copied(Id<kind::User>),
}

/// Uses an answer, which was verified before; `None` if its challenge was answered meanwhile, or the
/// passkey is gone.
pub fn accept(tx: &mut Tx<'_>, answer: &Answer) -> Result<Option<Id<kind::User>>> {
    let tenant = tx.tenant();
    let Some(method) = types::found(methods::get(
        tx,
        answer.method.user,
        Kind::Passkey,
        answer.method.id,
    ))?
    else {
        return Ok(None);
    };
    let noted = tx.bookkeeping().execute(
        NOTE_ANSWERED,
        params![&tenant, &answer.challenge, answer.expires_at],
    )?;
    if noted == 0 {
        return Ok(None);
    }
    // Passkeys that are kept in an account don't count; those that do only count on.
    if answer.counter > 0 && !methods::advance(tx, &method, answer.counter)? {
        copied(tx, method.user)?;
        return Ok(None);
    }
    methods::note_use(tx, &method, &answer.doc)?;
    Ok(Some(method.user))
}

/// Records that a passkey has a copy somewhere.
pub fn copied(tx: &mut Tx<'_>, user: Id<kind::User>) -> Result<()> {
    audited::misuse(
        tx,
        user,
        Kind::Passkey,
        "The passkey's signature counter went back: there may be a copy of it.",
    )
}

/// A member deep in an object.
pub(super) fn put(value: &mut Value, path: &[&str], new: Value) {
    let mut at = value;
    for name in path {
        if !at.is_object() {
            *at = json!({});
        }
        at = &mut at[*name];
    }
    *at = new;
}

/// An answer with the members that Graph's clients leave away.
pub(super) fn completed(response: &Value) -> Value {
    let mut response = response.clone();
    if let Some(members) = response.as_object_mut() {
        if let Some(id) = members.get("id").cloned() {
            members.entry("rawId").or_insert(id);
        }
        members.entry("type").or_insert_with(|| "public-key".into());
        if members
            .get("clientExtensionResults")
            .is_some_and(|it| !it.is_object())
        {
            members.shift_remove("clientExtensionResults");
        }
    }
    response
}
