//! Why a user is or isn't synced to a tenant: the steps of the pair, in their order, for one user.

use serde::{Deserialize, Serialize};
use store::ReadTx;
use types::trace::{Mend, Step, Trace};
use types::{Error, Id, Result, TenantId, kind};

use crate::admission::UserState;
use crate::links::{self, There};
use crate::outlook::Outlook;
use crate::{admission, jobs, pair, plan, receive, schema, sharing};

/// The question that crosses the border.
pub const QUERY: &str = "sync.explain";

/// Its body.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// The user, by home object id.
    pub user_id: Option<Id<kind::User>>,
    /// Whether a job asks, which needs no organization.
    #[serde(default)]
    pub configured: bool,
}

/// The home tenant's part.
pub fn home(tx: &ReadTx<'_>, target: TenantId, user: Option<Id<kind::User>>) -> Result<Trace> {
    let mut trace = Trace::new();
    let mut subject = None;
    if let Some(id) = user {
        let found = directory::users::get_scanned(tx, id)?
            .filter(|found| !found.deleted)
            .ok_or_else(|| Error::not_found("user", id))?;
        let eligible = sharing::is_eligible(&found);
        let value = if found.is_external {
            "external"
        } else {
            found.user_type.as_str()
        };
        trace.step(Step::new(
            tx.tenant(),
            "user.userType",
            value,
            eligible,
            if eligible {
                "The user is an internal member of this tenant."
            } else {
                "Only internal members are synchronized: no guests and no users of other tenants."
            },
        ));
        subject = Some(found);
    }
    if !trace.join(plan::outbound(tx, target)?) {
        return Ok(trace);
    }
    let (entry, own) = sharing::of(tx, target)?;
    let scope = jobs::scope::of(tx, target)?;
    let (setting, path) = if own {
        (
            format!("userSharing/tenants/{target}"),
            format!("/beta/isopolity/userSharing/tenants/{target}"),
        )
    } else {
        (
            "userSharing/default".to_owned(),
            "/beta/isopolity/userSharing/default".to_owned(),
        )
    };
    let shared = match &subject {
        Some(user) => scope.is_shared(tx, user)?,
        None => scope.scope() != sharing::Scope::None,
    };
    let reason = match (subject.is_some(), shared) {
        (true, true) => "The user is shared.",
        (true, false) => "The user isn't among those that are shared.",
        (false, true) => "Users are shared.",
        (false, false) => "Nobody is shared.",
    };
    let mut sharing_step = Step::new(tx.tenant(), &setting, word(scope.scope()), shared, reason);
    if !shared {
        let mut users = entry.users.clone();
        users.extend(user);
        let body = match (user, entry.scope) {
            (Some(_), sharing::Scope::Selected) => serde_json::json!({
                "scope": "selected", "users": users, "groups": entry.groups,
                "groupObjects": entry.group_objects, "rule": entry.rule,
            }),
            (Some(id), _) => serde_json::json!({"scope": "selected", "users": [id]}),
            (None, _) => serde_json::json!({"scope": "all"}),
        };
        sharing_step.mend = Some(Mend {
            method: "PUT".into(),
            path,
            body,
        });
    }
    trace.step(sharing_step);
    if scope.schema.is_some() && subject.is_some() {
        let is_filtered = schema::is_filtered(&scope, subject.as_ref())?;
        trace.step(Step::new(
            tx.tenant(),
            &format!("userSharing/tenants/{target}/schema"),
            if is_filtered { "outOfScope" } else { "inScope" },
            !is_filtered,
            if is_filtered {
                "The pair's synchronization schema leaves the user out: its scoping filter, or the \
                 mapping of users being switched off."
            } else {
                "The pair's synchronization schema lets the user through."
            },
        ));
    }
    let pair = pair::get(tx, target)?;
    if pair.as_ref().is_some_and(|pair| pair.paused) {
        let outlook = Outlook {
            shares: true,
            ends_at: None,
            paused: true,
        };
        let [_, paused] = outlook.steps(tx.tenant(), target);
        trace.step(paused);
    }
    if let Some(user) = &subject {
        let link = links::get(tx, target, user.id)?;
        let there = link
            .as_ref()
            .is_some_and(|link| link.there == There::Synced);
        if !user.account_enabled && !there {
            let mut disabled = Step::new(
                tx.tenant(),
                "user.accountEnabled",
                "false",
                false,
                "A disabled user isn't provisioned anew. Enable the user first.",
            );
            disabled.mend = Some(Mend {
                method: "PATCH".into(),
                path: format!("/v1.0/users/{}", user.id),
                body: serde_json::json!({"accountEnabled": true}),
            });
            trace.step(disabled);
        }
        if let Some(failure) = link.and_then(|link| link.failure) {
            trace.step(Step {
                code: Some(failure.code.clone()),
                ..Step::new(
                    tx.tenant(),
                    "provisioning",
                    &failure.code,
                    false,
                    &failure.message,
                )
            });
        }
    }
    Ok(trace)
}

const fn word(scope: sharing::Scope) -> &'static str {
    match scope {
        sharing::Scope::All => "all",
        sharing::Scope::Selected => "selected",
        sharing::Scope::None => "none",
    }
}

/// What this tenant's own admission rules have made of a user of another tenant, if they stand in the
/// way.
pub fn stopped(tx: &ReadTx<'_>, from: TenantId, user: Id<kind::User>) -> Result<Option<Step>> {
    let Some(found) = admission::find(tx, from, user)? else {
        return Ok(None);
    };
    let reason = match found.state {
        UserState::Released => return Ok(None),
        UserState::Held => "The user waits until an admin of this tenant lets it in.",
        UserState::Refused => "An admin of this tenant has refused the user.",
        UserState::TurnedAway => found
            .reason()
            .unwrap_or("A rule of this tenant turns the user away."),
    };
    let setting = format!("admission/tenants/{from}/users/{user}");
    let mut stopped = Step::new(tx.tenant(), &setting, found.state.as_str(), false, reason);
    stopped.code = found.code().map(str::to_owned);
    stopped.mend = (found.state != UserState::TurnedAway).then(|| Mend {
        method: "POST".into(),
        path: format!("/beta/isopolity/{setting}/release"),
        body: serde_json::Value::Null,
    });
    Ok(Some(stopped))
}

/// The target's answer to [`QUERY`]: the steps of its own settings.
pub(crate) fn answer(tx: &ReadTx<'_>, from: TenantId, body: &str) -> Result<String> {
    let question: Question =
        serde_json::from_str(body).map_err(|error| Error::bad_request(error.to_string()))?;
    serde_json::to_string(&receive::inbound(tx, from, question.configured)?)
        .map_err(Error::internal)
}
