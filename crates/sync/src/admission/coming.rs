//! Who would come: asked of the source, before anybody is let in.
//!
//! The source tells it to a tenant that it shares with, as far as its own settings let users go
//! there, whether or not the target lets them in yet. What the target's rules would make of each is
//! found out by applying them without effect.

use directory::synced::SyncedUser;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{ReadTx, Tx};
use types::trace::Trace;
use types::{Error, Id, Result, TenantId, kind};

use super::apply::{Verdict, admit};
use crate::links::{self, There};
use crate::{jobs, plan, sharing};

/// The question that crosses the border.
pub const QUERY: &str = "sync.coming";
/// Users that are named; the rest is counted.
pub const NAMES_MAX: usize = 100;
/// Users of the source that are looked at.
pub const LOOK_MAX: usize = 10_000;

/// A user who would come.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Coming {
    id: Id<kind::User>,
    display_name: String,
    user_principal_name: String,
    mail: Option<String>,
}

/// The source's answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Why nobody would come, by the source's settings.
    pub trace: Option<Trace>,
    /// How many would come.
    pub count: u64,
    /// Whether the source has more users than were looked at.
    pub more: bool,
    /// The first of them.
    pub users: Vec<Coming>,
}

/// The source's answer to [`QUERY`].
pub(crate) fn answer(tx: &ReadTx<'_>, from: TenantId) -> Result<String> {
    let membership = plan::membership(tx, from)?;
    if !membership.allowed && !jobs::governs(tx, from)? {
        return Err(Error::forbidden(membership.reason));
    }
    let outbound = plan::outbound(tx, from)?;
    let mut answer = Answer {
        trace: (!outbound.allowed).then(|| access::disclosed(outbound)),
        count: 0,
        more: false,
        users: Vec::new(),
    };
    if answer.trace.is_none() {
        look(tx, from, &mut answer)?;
    }
    serde_json::to_string(&answer).map_err(Error::internal)
}

fn look(tx: &ReadTx<'_>, target: TenantId, answer: &mut Answer) -> Result<()> {
    let scope = jobs::scope::of(tx, target)?;
    if scope.scope() == sharing::Scope::None {
        return Ok(());
    }
    let users = directory::users::scan(tx, None, LOOK_MAX)?;
    answer.more = users.len() == LOOK_MAX;
    for user in &users {
        let comes = sharing::is_eligible(user) && user.account_enabled;
        if !comes || !scope.contains(tx, user)? {
            continue;
        }
        let link = links::get(tx, target, user.id)?;
        if link.is_some_and(|link| link.there == There::Synced) {
            continue;
        }
        answer.count += 1;
        if answer.users.len() < NAMES_MAX {
            let properties = user.properties()?;
            let text = |name: &str| {
                let value = properties.get(name).and_then(Value::as_str);
                value.map(str::to_owned)
            };
            answer.users.push(Coming {
                id: user.id,
                display_name: text("displayName").unwrap_or_default(),
                user_principal_name: text("userPrincipalName").unwrap_or_default(),
                mail: text("mail"),
            });
        }
    }
    Ok(())
}

/// What a source has answered, with what this tenant's rules would make of each; nothing is done.
pub fn foresee(tx: &mut Tx<'_>, source: TenantId, answer: Answer) -> Result<Value> {
    if answer.users.len() > NAMES_MAX {
        return Err(Error::bad_request("The answer has too many users."));
    }
    let mut wishes: Vec<SyncedUser> = answer
        .users
        .iter()
        .map(|user| SyncedUser {
            home_tenant: source,
            home_id: user.id,
            properties: Map::from_iter([("displayName".into(), json!(user.display_name))]),
            account_enabled: true,
            user_principal_name: user.user_principal_name.clone(),
            home_mail: user.mail.clone(),
            manager_home_id: None,
            extra: Map::new(),
            guest_at_most: false,
            may_be_invited: true,
            mapping: None,
        })
        .collect();
    let mut verdicts = None;
    let undone: Result<()> = tx.attempt(|tx| {
        verdicts = admit(tx, source, wishes.iter_mut().map(Some))?;
        Err(Error::conflict("a preview has no effect"))
    });
    if let Err(error) = undone
        && error.is_transient()
    {
        return Err(error);
    }
    let users: Vec<Value> = answer
        .users
        .iter()
        .enumerate()
        .map(|(at, user)| {
            let verdict = verdicts.as_ref().and_then(|verdicts| verdicts.get(at));
            let (code, reason) = match verdict {
                Some(Verdict::Stopped { code, message }) => (Some(code), Some(message)),
                _ => (None, None),
            };
            json!({
                "id": user.id,
                "displayName": user.display_name,
                "userPrincipalName": user.user_principal_name,
                "mail": user.mail,
                "admitted": reason.is_none(),
                "code": code,
                "reason": reason,
            })
        })
        .collect();
    let mut trace = answer.trace.unwrap_or_default();
    for step in crate::receive::inbound(tx, source, false)?.steps {
        trace.step(step);
    }
    Ok(json!({
        "count": answer.count,
        "more": answer.more,
        "users": users,
        "allowed": trace.allowed,
        "steps": trace.steps,
    }))
}
