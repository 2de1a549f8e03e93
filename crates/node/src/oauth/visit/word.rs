//! What the home says of somebody who visits, asked through the border; and what the visited tenant makes of
//! it.

use border::Handler;
use directory::users::User;
use identity::oauth::OAuthError;
use identity::session::{self, Methods};
use identity::visit;
use serde::{Deserialize, Serialize};
use store::ReadTx;
use types::trace::Trace;
use types::{Error, Id, Result, TenantId, Timestamp, kind};
use uuid::Uuid;

use super::super::{account, generation, watch};

/// Asks the home about a pass, and whether somebody may still come.
pub(super) const PASS: &str = "signin.pass";
pub(super) const MAY: &str = "signin.may";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PassBody {
    pub(super) pass: String,
    pub(super) nonce: String,
    pub(super) application: Uuid,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MayBody {
    pub(super) user_id: Id<kind::User>,
    pub(super) application: Uuid,
}

/// What the home says of somebody who visits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Word {
    pub(super) user_id: Id<kind::User>,
    pub(super) user_principal_name: String,
    /// The user's groups at home, which the other side's rules may name.
    pub(super) groups: Vec<Id<kind::Group>>,
    /// The generation of the user's tokens.
    #[serde(default)]
    pub(super) generation: u64,
    /// Whether the account is enabled and the home lets the person go.
    pub(super) is_enabled: bool,
    pub(super) is_allowed: bool,
    /// Which settings of the home have decided that, as far as it discloses them.
    #[serde(default)]
    pub(super) decision: Option<Trace>,
    /// Whether the home leaves out the question for consent.
    pub(super) redeems: bool,
    /// Of a pass: the session at home, how the person has proved who they are, and when.
    #[serde(default)]
    pub(super) session: Option<Uuid>,
    pub(super) methods: Methods,
    pub(super) authenticated_at: Option<Timestamp>,
}

pub(super) fn outbound(
    tx: &ReadTx<'_>,
    resource: TenantId,
    (user, groups): (Id<kind::User>, &[Id<kind::Group>]),
    application: Uuid,
) -> Result<Trace> {
    let subject = access::Subject { user, groups };
    let channel = access::Channel::Collaboration;
    access::outbound_sign_in(tx, resource, channel, &subject, named(application))
}

fn word(tx: &ReadTx<'_>, resource: TenantId, user: &User, application: Uuid) -> Result<Word> {
    let groups = directory::groups::groups_of(tx, user.id)?;
    let trace = outbound(tx, resource, (user.id, &groups), application)?;
    let redeems = access::consent_suppressed(tx, resource, access::Direction::Outbound)?.allowed;
    Ok(Word {
        user_id: user.id,
        user_principal_name: user.user_principal_name().to_owned(),
        generation: generation(tx, user.id)?,
        is_enabled: user.account_enabled,
        // Who is from elsewhere signs in there from his own home.
        is_allowed: trace.allowed && user.home.is_none(),
        decision: Some(access::disclosed(trace)),
        groups,
        redeems,
        session: None,
        methods: Methods::default(),
        authenticated_at: None,
    })
}

fn of_pass(tx: &ReadTx<'_>, from: TenantId, body: &PassBody) -> Result<Option<Word>> {
    let Some(pass) = visit::find(tx, &body.pass, from, &body.nonce)? else {
        return Ok(None);
    };
    let Some(user) = types::found(directory::users::get(tx, pass.user))? else {
        return Ok(None);
    };
    if generation(tx, user.id)? != pass.generation {
        return Ok(None);
    }
    if let Some(session) = pass.session
        && session::has_ended(tx, session)?
    {
        return Ok(None);
    }
    let mut word = word(tx, from, &user, body.application)?;
    word.session = pass.session;
    word.methods = pass.methods;
    word.authenticated_at = Some(pass.authenticated_at);
    Ok(Some(word))
}

/// The application that rules are asked about; a device's isn't known at first.
pub(super) fn named(application: Uuid) -> Option<Uuid> {
    (!application.is_nil()).then_some(application)
}

/// The end of the border that answers for this tenant's people who visit others.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Messages;

impl Handler for Messages {
    fn answer(&self, tx: &ReadTx<'_>, from: TenantId, kind: &str, body: &str) -> Result<String> {
        let malformed = |error: serde_json::Error| Error::bad_request(error.to_string());
        let word = match kind {
            PASS => of_pass(tx, from, &serde_json::from_str(body).map_err(malformed)?)?,
            MAY => {
                let body: MayBody = serde_json::from_str(body).map_err(malformed)?;
                match types::found(directory::users::get(tx, body.user_id))? {
                    Some(user) => Some(self::word(tx, from, &user, body.application)?),
                    None => None,
                }
            }
            account::MEMBERSHIP => return account::answer(tx, from, body),
            _ => return watch::answer(tx, from, kind, body),
        };
        serde_json::to_string(&word).map_err(Error::internal)
    }
}

/// Whether somebody may come, and which settings of both tenants have decided that.
pub(in crate::oauth) struct Verdict {
    pub(in crate::oauth) outcome: Result<(), OAuthError>,
    pub(in crate::oauth) decision: Option<Trace>,
    /// The name at home, of somebody who may come.
    pub(in crate::oauth) name: Option<String>,
}

impl Verdict {
    /// On a tenant's own people, whom no border holds up.
    pub(in crate::oauth) const OWN: Self = Self::of(Ok(()));

    /// By nobody's settings.
    pub(in crate::oauth) const fn of(outcome: Result<(), OAuthError>) -> Self {
        Self {
            outcome,
            decision: None,
            name: None,
        }
    }
}

/// Whether this tenant lets somebody in whom the home lets go.
pub(super) fn admits(
    tx: &ReadTx<'_>,
    home: TenantId,
    word: &Word,
    application: Uuid,
) -> Result<Verdict> {
    let verdict = |outcome: Result<(), OAuthError>, decision| {
        let name = outcome.is_ok().then(|| word.user_principal_name.clone());
        Ok(Verdict {
            outcome,
            decision,
            name,
        })
    };
    if !word.is_enabled {
        return verdict(Err(OAuthError::DisabledUser), None);
    }
    let mut decision = word.decision.clone();
    if !word.is_allowed {
        return verdict(Err(OAuthError::BlockedByHome), decision);
    }
    let subject = access::Subject {
        user: word.user_id,
        groups: &word.groups,
    };
    let channel = access::Channel::Collaboration;
    let trace = access::inbound_sign_in(tx, home, channel, &subject, named(application))?;
    let outcome = if trace.allowed {
        Ok(())
    } else {
        Err(OAuthError::BlockedHere)
    };
    decision.get_or_insert_default().join(trace);
    verdict(outcome, decision)
}

/// How a sign-in at home counts here.
pub(super) fn counted(tx: &ReadTx<'_>, home: TenantId, methods: &Methods) -> Result<Methods> {
    let trust = access::inbound_trust(tx, home)?;
    let counts = |method: &&String| trust.mfa || method.as_str() != "mfa";
    Ok(Methods(methods.0.iter().filter(counts).cloned().collect()))
}
