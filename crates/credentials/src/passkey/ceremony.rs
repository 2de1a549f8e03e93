//! Registering a passkey and signing in with one: the two ceremonies of Web Authentication, each a
//! challenge and its answer.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use directory::users::User;
use identity::{Secret, sha256};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{ReadTx, Tx, params};
use types::{Error, Id, Result, TenantId, Timestamp, kind};
use uuid::Uuid;
use webauthn_rs::prelude::{
    CredentialID, DiscoverableAuthentication, DiscoverableKey, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, WebauthnError,
};

use super::{Document, RelyingParty, aaguid_of, challenge_of, clean_name};
use crate::audited::{self, Verb};
use crate::methods::{self, Kind, Method, New};
use crate::policy::Policy;

/// How long a challenge may wait for its answer.
pub const CHALLENGE_MINUTES: u32 = 10;
/// The longest that Graph lets one ask for.
const CHALLENGE_MINUTES_MAX: u32 = 43_200;
/// Registrations of one user that may be under way.
const REGISTRATIONS_MAX: u64 = 20;
/// The longest sealed challenge that is looked at.
const STATE_MAX: usize = 4_096;
const STATE: &str = "passkey sign-in";

const HANDLE: &str = "SELECT handle FROM passkey_handles WHERE tenant_id = ?1 AND user_id = ?2";
const SET_HANDLE: &str = "INSERT INTO passkey_handles (tenant_id, user_id, handle) \
    VALUES (?1, ?2, ?3) ON CONFLICT (tenant_id, user_id) DO NOTHING";
const PENDING: &str = "SELECT doc, expires_at FROM passkey_registrations WHERE tenant_id = ?1 \
    AND user_id = ?2 AND challenge = ?3";
const COUNT_PENDING: &str =
    "SELECT count(*) FROM passkey_registrations WHERE tenant_id = ?1 AND user_id = ?2";
const ADD_PENDING: &str = "INSERT INTO passkey_registrations (tenant_id, user_id, challenge, doc, \
    expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
const DROP_PENDING: &str = "DELETE FROM passkey_registrations WHERE tenant_id = ?1 \
    AND user_id = ?2 AND challenge = ?3";
/// The one that would end first.
const DROP_OLDEST: &str = "DELETE FROM passkey_registrations WHERE tenant_id = ?1 \
    AND user_id = ?2 AND challenge = (SELECT challenge FROM passkey_registrations \
    WHERE tenant_id = ?1 AND user_id = ?2 ORDER BY expires_at, challenge LIMIT 1)";
const NOTE_ANSWERED: &str = "INSERT INTO passkey_challenges (tenant_id, challenge, expires_at) \
    VALUES (?1, ?2, ?3) ON CONFLICT (tenant_id, challenge) DO NOTHING";

/// A challenge to register.
#[derive(Debug, Clone)]
pub struct Creation {
    /// What `navigator.credentials.create` takes, as `{"publicKey": …}` in JSON.
    pub options: Value,
    /// When it is too late for the answer.
    pub expires_at: Timestamp,
}

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

fn handle(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<Option<Vec<u8>>> {
    tx.query_one(HANDLE, params![&tx.tenant(), &user], |row| {
        Ok(row.bytes(0)?.to_vec())
    })
}

fn refused(why: &str) -> Error {
    Error::invalid(
        "publicKeyCredential",
        format!("The passkey can't be registered: {why}"),
    )
}

impl RelyingParty {
    /// Begins to register a passkey for a user. `minutes`: until when the answer has to come.
    pub fn begin_registration(
        &self,
        tx: &mut Tx<'_>,
        user: &User,
        minutes: u32,
    ) -> Result<Creation> {
        if user.is_external() {
            return Err(Error::invalid(
                "userId",
                "This user signs in at the home tenant and has no passkeys here.",
            ));
        }
        if !(1..=CHALLENGE_MINUTES_MAX).contains(&minutes) {
            return Err(Error::invalid(
                "challengeTimeoutInMinutes",
                format!("'challengeTimeoutInMinutes' has to be from 1 to {CHALLENGE_MINUTES_MAX}."),
            ));
        }
        let (tenant, id) = (tx.tenant(), user.id);
        let handle = if let Some(handle) = handle(tx, id)? {
            handle
        } else {
            let new = self.new_handle(tenant, tx.random_bytes())?;
            tx.bookkeeping()
                .execute(SET_HANDLE, params![&tenant, &id, &new])?;
            new
        };
        let registered: Vec<CredentialID> = methods::list_of(tx, id, Kind::Passkey)?
            .into_iter()
            .filter_map(|method| method.lookup)
            .collect();
        let (options, state) = self
            .webauthn
            .start_passkey_registration(
                Uuid::nil(),
                user.user_principal_name(),
                user.display_name(),
                Some(registered),
            )
            .map_err(Error::internal)?;
        let expires_at = tx.now().plus_seconds(i64::from(minutes) * 60);
        let mut options = serde_json::to_value(options).map_err(Error::internal)?;
        let tenant_name = directory::tenant::get(tx)?.display_name().to_owned();
        let public_key = options
            .get_mut("publicKey")
            .ok_or_else(|| Error::internal("no options"))?;
        // What the library's own builder has no word for.
        put(public_key, &["rp", "name"], tenant_name.into());
        let handle = BASE64_URL_SAFE_NO_PAD.encode(handle);
        put(public_key, &["user", "id"], handle.into());
        let selection = "authenticatorSelection";
        put(public_key, &[selection, "residentKey"], "required".into());
        put(public_key, &[selection, "requireResidentKey"], true.into());
        put(
            public_key,
            &["timeout"],
            (u64::from(minutes) * 60_000).into(),
        );
        let challenge = public_key
            .get("challenge")
            .and_then(Value::as_str)
            .map(|challenge| sha256(challenge.as_bytes()))
            .ok_or_else(|| Error::internal("no challenge"))?;
        let doc = serde_json::to_string(&state).map_err(Error::internal)?;
        if tx.count(COUNT_PENDING, params![&tenant, &id])? >= REGISTRATIONS_MAX {
            tx.bookkeeping()
                .execute(DROP_OLDEST, params![&tenant, &id])?;
        }
        tx.bookkeeping().execute(
            ADD_PENDING,
            params![&tenant, &id, &challenge, &doc, expires_at],
        )?;
        Ok(Creation {
            options,
            expires_at,
        })
    }

    /// Registers the passkey that answers a challenge of [`RelyingParty::begin_registration`].
    pub fn finish_registration(
        &self,
        tx: &mut Tx<'_>,
        policy: &Policy,
        user: &User,
        response: &Value,
        name: &str,
    ) -> Result<Method> {
        let (tenant, id, now) = (tx.tenant(), user.id, tx.now());
        let name = clean_name(name)?;
        let unknown =
            || refused("its challenge is unknown, was answered or is too old. Start over.");
        let challenge = challenge_of(response).ok_or_else(unknown)?;
        let pending = tx
            .query_one(PENDING, params![&tenant, &id, &challenge], |row| {
                Ok((row.string(0)?, row.timestamp(1)?))
            })?
            .filter(|(_, expires_at)| now < *expires_at)
            .ok_or_else(unknown)?;
        tx.bookkeeping()
            .execute(DROP_PENDING, params![&tenant, &id, &challenge])?;
        let state: PasskeyRegistration =
            serde_json::from_str(&pending.0).map_err(Error::internal)?;
        let response: RegisterPublicKeyCredential =
            serde_json::from_value(completed(response)).map_err(|_| {
                refused("it has to have 'id' and 'response' with 'clientDataJSON' and 'attestationObject' in base64url.")
            })?;
        let passkey = self
            .webauthn
            .finish_passkey_registration(&response, &state)
            .map_err(|error| refused(reason(&error)))?;
        let aaguid = aaguid_of(&response.response.attestation_object).unwrap_or_default();
        if !policy.passkeys.restrictions.allow(aaguid) {
            return Err(refused(
                "the tenant's policy doesn't allow this model of authenticator.",
            ));
        }
        let credential: &[u8] = passkey.cred_id();
        if methods::by_lookup(tx, credential)?.is_some() {
            return Err(refused("it is registered already."));
        }
        let credential = credential.to_vec();
        let document = Document {
            is_synced: is_synced(&passkey),
            passkey,
            name,
            aaguid,
        };
        let new = New {
            kind: Kind::Passkey,
            lookup: Some(&credential),
            secret: None,
            counter: 0,
            doc: serde_json::to_string(&document).map_err(Error::internal)?,
        };
        let method = methods::insert(tx, id, new)?;
        audited::method(tx, id, Kind::Passkey, Verb::Registered)?;
        Ok(method)
    }

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

/// Forgets what authenticators know a user by.
pub(crate) fn forget(tx: &mut Tx<'_>, user: Id<kind::User>) -> Result<()> {
    let tenant = tx.tenant();
    for sql in [
        "DELETE FROM passkey_handles WHERE tenant_id = ?1 AND user_id = ?2",
        "DELETE FROM passkey_registrations WHERE tenant_id = ?1 AND user_id = ?2",
    ] {
        tx.bookkeeping().execute(sql, params![&tenant, &user])?;
    }
    Ok(())
}

fn reason(error: &WebauthnError) -> &'static str {
    match error {
        WebauthnError::InvalidRPOrigin => "it was made for another site.",
        WebauthnError::UserNotVerified => {
            "the authenticator has to check who uses it: by a PIN, a finger or a face."
        }
        WebauthnError::MismatchedChallenge => "its challenge is another's.",
        _ => "the authenticator's answer isn't right.",
    }
}

/// Whether it is kept in an account: its flags say so.
fn is_synced(passkey: &webauthn_rs::prelude::Passkey) -> bool {
    let shown = serde_json::to_value(passkey).unwrap_or_default();
    shown["cred"]["backup_state"] == json!(true)
}

/// A member deep in an object.
fn put(value: &mut Value, path: &[&str], new: Value) {
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
fn completed(response: &Value) -> Value {
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
