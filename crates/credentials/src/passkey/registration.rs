//! Registering a passkey: a challenge, which is written for the user who asks, and its answer. The first
//! administrator of a deployment registers one before the tenant is there, and so before the challenge
//! could be written.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use directory::invitations;
use directory::users::User;
use identity::sha256;
use serde_json::{Value, json};
use store::{Tx, params};
use types::{Error, Id, Result, TenantId, Timestamp, kind};
use uuid::Uuid;
use webauthn_rs::prelude::{
    CredentialID, Passkey, PasskeyRegistration, RegisterPublicKeyCredential, WebauthnError,
};

use super::ceremony::{CHALLENGE_MINUTES, completed, handle, put};
use super::{Document, RelyingParty, aaguid_of, challenge_of, clean_name};
use crate::audited::{self, Verb};
use crate::methods::{self, Kind, Method, New};
use crate::policy::Policy;

/// The longest that Graph lets one ask for.
const CHALLENGE_MINUTES_MAX: u32 = 43_200;
/// Registrations of one user that may be under way.
const REGISTRATIONS_MAX: u64 = 20;

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

/// A challenge to register.
#[derive(Debug, Clone)]
pub struct Creation {
    /// What `navigator.credentials.create` takes, as `{"publicKey": …}` in JSON.
    pub options: Value,
    /// When it is too late for the answer.
    pub expires_at: Timestamp,
}

/// A challenge to register the passkey of a tenant's first user, neither of whom is there yet.
pub struct FirstRegistration {
    /// What `navigator.credentials.create` takes, as `{"publicKey": …}` in JSON.
    pub options: Value,
    /// The tenant that is to be made.
    pub tenant: TenantId,
    expires_at: Timestamp,
    handle: Vec<u8>,
    state: PasskeyRegistration,
}

impl std::fmt::Debug for FirstRegistration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FirstRegistration")
    }
}

/// A passkey that was made for a tenant's first user.
#[derive(Debug, Clone)]
pub struct FirstPasskey {
    handle: Vec<u8>,
    made: Made,
}

/// A passkey that an authenticator has made.
#[derive(Debug, Clone)]
struct Made {
    passkey: Passkey,
    aaguid: Uuid,
}

/// Whom a passkey is made for, as the authenticator shows it.
struct Account<'a> {
    tenant_name: &'a str,
    name: &'a str,
    display_name: &'a str,
    handle: &'a [u8],
}

fn refused(why: &str) -> Error {
    Error::invalid(
        "publicKeyCredential",
        format!("The passkey can't be registered: {why}"),
    )
}

/// Of an answer to no challenge of ours.
fn unknown() -> Error {
    refused("its challenge is unknown, was answered or is too old. Start over.")
}

impl RelyingParty {
    /// A challenge for an account, with the passkeys that it has.
    fn challenge(
        &self,
        account: &Account<'_>,
        registered: Vec<CredentialID>,
        minutes: u32,
    ) -> Result<(Value, PasskeyRegistration)> {
        let (options, state) = self
            .webauthn
            .start_passkey_registration(
                Uuid::nil(),
                account.name,
                account.display_name,
                Some(registered),
            )
            .map_err(Error::internal)?;
        let mut options = serde_json::to_value(options).map_err(Error::internal)?;
        let public_key = options
            .get_mut("publicKey")
            .ok_or_else(|| Error::internal("no options"))?;
        // What the library's own builder has no word for.
        put(public_key, &["rp", "name"], account.tenant_name.into());
        let handle = BASE64_URL_SAFE_NO_PAD.encode(account.handle);
        put(public_key, &["user", "id"], handle.into());
        let selection = "authenticatorSelection";
        put(public_key, &[selection, "residentKey"], "required".into());
        put(public_key, &[selection, "requireResidentKey"], true.into());
        put(
            public_key,
            &["timeout"],
            (u64::from(minutes) * 60_000).into(),
        );
        Ok((options, state))
    }

    /// What has answered a challenge.
    fn made(&self, response: &Value, state: &PasskeyRegistration) -> Result<Made> {
        let response: RegisterPublicKeyCredential =
            serde_json::from_value(completed(response)).map_err(|_| {
                refused("it has to have 'id' and 'response' with 'clientDataJSON' and 'attestationObject' in base64url.")
            })?;
        let passkey = self
            .webauthn
            .finish_passkey_registration(&response, state)
            .map_err(|error| refused(reason(&error)))?;
        let aaguid = aaguid_of(&response.response.attestation_object).unwrap_or_default();
        Ok(Made { passkey, aaguid })
    }

    /// Begins to register a passkey for a user. `minutes`: until when the answer has to come.
    pub fn begin_registration(
        &self,
        tx: &mut Tx<'_>,
        user: &User,
        minutes: u32,
    ) -> Result<Creation> {
        if !invitations::signs_in_here(tx, user)? {
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
            set_handle(tx, id, &new)?;
            new
        };
        let registered: Vec<CredentialID> = methods::list_of(tx, id, Kind::Passkey)?
            .into_iter()
            .filter_map(|method| method.lookup)
            .collect();
        let organization = directory::tenant::get(tx)?;
        let account = Account {
            tenant_name: organization.display_name(),
            name: user.user_principal_name(),
            display_name: user.display_name(),
            handle: &handle,
        };
        let (options, state) = self.challenge(&account, registered, minutes)?;
        let expires_at = tx.now().plus_seconds(i64::from(minutes) * 60);
        let challenge = options
            .get("publicKey")
            .and_then(|options| options.get("challenge"))
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
        let made = self.made(response, &state)?;
        if !policy.passkeys.restrictions.allow(made.aaguid) {
            return Err(refused(
                "the tenant's policy doesn't allow this model of authenticator.",
            ));
        }
        insert(tx, id, made, name)
    }

    /// Begins to register the passkey of a tenant's first user, before either is there.
    pub fn begin_first(
        &self,
        tenant: (TenantId, &str),
        user_principal_name: &str,
        now: Timestamp,
        random: [u8; 16],
    ) -> Result<FirstRegistration> {
        let (tenant, tenant_name) = tenant;
        let handle = self.new_handle(tenant, random)?;
        let account = Account {
            tenant_name,
            name: user_principal_name,
            display_name: user_principal_name,
            handle: &handle,
        };
        let (options, state) = self.challenge(&account, Vec::new(), CHALLENGE_MINUTES)?;
        Ok(FirstRegistration {
            options,
            tenant,
            expires_at: now.plus_seconds(i64::from(CHALLENGE_MINUTES) * 60),
            handle,
            state,
        })
    }

    /// Checks the passkey that answers a challenge of [`RelyingParty::begin_first`].
    pub fn finish_first(
        &self,
        first: &FirstRegistration,
        response: &Value,
        now: Timestamp,
    ) -> Result<FirstPasskey> {
        if now >= first.expires_at {
            return Err(unknown());
        }
        Ok(FirstPasskey {
            handle: first.handle.clone(),
            made: self.made(response, &first.state)?,
        })
    }
}

impl FirstPasskey {
    /// Registers it for the user, who is there now.
    pub fn register(self, tx: &mut Tx<'_>, user: Id<kind::User>, name: &str) -> Result<Method> {
        set_handle(tx, user, &self.handle)?;
        insert(tx, user, self.made, clean_name(name)?)
    }
}

fn set_handle(tx: &mut Tx<'_>, user: Id<kind::User>, handle: &[u8]) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(SET_HANDLE, params![&tenant, &user, handle])?;
    Ok(())
}

fn insert(tx: &mut Tx<'_>, user: Id<kind::User>, made: Made, name: String) -> Result<Method> {
    let credential: &[u8] = made.passkey.cred_id();
    if methods::by_lookup(tx, credential)?.is_some() {
        return Err(refused("it is registered already."));
    }
    let credential = credential.to_vec();
    let document = Document {
        is_synced: is_synced(&made.passkey),
        passkey: made.passkey,
        name,
        aaguid: made.aaguid,
    };
    let new = New {
        kind: Kind::Passkey,
        lookup: Some(&credential),
        secret: None,
        counter: 0,
        doc: serde_json::to_string(&document).map_err(Error::internal)?,
    };
    let method = methods::insert(tx, user, new)?;
    audited::method(tx, user, Kind::Passkey, Verb::Registered)?;
    Ok(method)
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
fn is_synced(passkey: &Passkey) -> bool {
    let shown = serde_json::to_value(passkey).unwrap_or_default();
    shown["cred"]["backup_state"] == json!(true)
}
