//! `explain`: whether one person may do something in another tenant, and what decided it.
//!
//! Each side's steps are made by its own island: the home's first, then the other's, asked through
//! the border, which tells of its settings only whether they allow.

use border::{Handler, Received};
use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx};
use types::trace::{Step, Trace};
use types::{Error, Id, Result, TenantId, kind};
use uuid::Uuid;

use crate::Node;

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Being synchronized into the other tenant.
    Sync,
    /// Signing in to the other tenant.
    Signin,
}

impl Action {
    /// Reads the API's word.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "sync" => Ok(Self::Sync),
            "signin" => Ok(Self::Signin),
            "chat" | "call" | "meet" | "share" => Err(Error::invalid(
                "action",
                format!("'{text}' can't be explained yet: this version knows sync and signin."),
            )),
            other => Err(Error::invalid(
                "action",
                format!("'{other}' isn't an action: use sync or signin."),
            )),
        }
    }
}

/// A question.
#[derive(Debug, Clone)]
pub struct Question {
    /// What.
    pub action: Action,
    /// Whose user.
    pub from: TenantId,
    /// Which user; anybody of that tenant if absent.
    pub user: Option<Id<kind::User>>,
    /// Where to.
    pub to: TenantId,
    /// To which application there; the tenant itself if absent.
    pub application: Option<Uuid>,
}

const SIGN_IN: &str = "explain.signin";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignInBody {
    user_id: Id<kind::User>,
    groups: Vec<Id<kind::Group>>,
    application_id: Option<Uuid>,
}

/// The end of the border that answers for this tenant's part of a sign-in.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Messages;

impl Handler for Messages {
    fn receive(&self, _: &mut Tx<'_>, _: TenantId, kind: &str, _: &str) -> Result<Received> {
        Err(Error::bad_request(format!("'{kind}' isn't known here.")))
    }

    fn answer(&self, tx: &ReadTx<'_>, from: TenantId, kind: &str, body: &str) -> Result<String> {
        if kind != SIGN_IN {
            return Err(Error::bad_request(format!("'{kind}' isn't a query.")));
        }
        let body: SignInBody =
            serde_json::from_str(body).map_err(|error| Error::bad_request(error.to_string()))?;
        serde_json::to_string(&resource_side(tx, from, &body)?).map_err(Error::internal)
    }
}

fn plain_step(tx: &ReadTx<'_>, setting: &str, value: &str, allowed: bool, reason: &str) -> Step {
    Step {
        tenant_id: tx.tenant(),
        setting: setting.into(),
        value: value.into(),
        allowed,
        reason: reason.into(),
        mend: None,
    }
}

/// The steps at home, and what the other side has to know for its own.
fn home_side(tx: &ReadTx<'_>, question: &Question) -> Result<(Trace, SignInBody)> {
    let id = question.user.ok_or_else(|| {
        Error::invalid(
            "from",
            "Name the user who signs in: each user may have another answer.",
        )
    })?;
    let user = directory::users::get_scanned(tx, id)?
        .filter(|user| !user.deleted)
        .ok_or_else(|| Error::not_found("user", id))?;
    let body = SignInBody {
        user_id: id,
        groups: directory::groups::groups_of(tx, id)?,
        application_id: question.application,
    };
    let mut trace = Trace::new();
    let enabled = user.account_enabled;
    let (value, reason) = if enabled {
        ("true", "The account is enabled at home.")
    } else {
        ("false", "The account is disabled at home. Enable it there.")
    };
    trace.step(plain_step(
        tx,
        "user.accountEnabled",
        value,
        enabled,
        reason,
    ));
    if trace.allowed && user.is_external {
        trace.step(plain_step(
            tx,
            "user.userType",
            "external",
            false,
            "This is a user of another tenant, who signs in from there, not from here.",
        ));
    }
    if trace.allowed {
        let subject = access::Subject {
            user: id,
            groups: &body.groups,
        };
        trace.join(access::outbound_sign_in(
            tx,
            question.to,
            access::Channel::Collaboration,
            &subject,
            question.application,
        )?);
    }
    Ok((trace, body))
}

/// The steps in the tenant that is signed in to, as the home tenant may see them.
fn resource_side(tx: &ReadTx<'_>, from: TenantId, body: &SignInBody) -> Result<Trace> {
    let subject = access::Subject {
        user: body.user_id,
        groups: &body.groups,
    };
    let mut trace = access::inbound_sign_in(
        tx,
        from,
        access::Channel::Collaboration,
        &subject,
        body.application_id,
    )?;
    if trace.allowed {
        let here = directory::synced::find(tx, from, body.user_id)?;
        let (value, allowed, reason) = match &here {
            // The rules let the user in; whether there is an account yet is another matter.
            None => (
                "none",
                true,
                "The user has no account in this tenant yet. Share the user with it, or invite the user.",
            ),
            Some(user) if user.deleted => (
                "deleted",
                false,
                "The user's account in this tenant is deleted. Restore it.",
            ),
            Some(user) if !user.account_enabled => (
                "disabled",
                false,
                "The user's account in this tenant is disabled or blocked by its admin.",
            ),
            Some(_) => ("enabled", true, "The user has an account in this tenant."),
        };
        trace.step(plain_step(
            tx,
            "user.accountEnabled",
            value,
            allowed,
            reason,
        ));
    }
    Ok(access::disclosed(trace))
}

impl Node {
    /// Who has invited a tenant, by the inviter's own word; none if it can't be asked now.
    pub async fn inviter(
        &self,
        invited: TenantId,
        inviter: TenantId,
    ) -> Option<organization::Inviter> {
        let kind = organization::INVITER_QUERY;
        let answer = self.transport().ask(invited, inviter, kind, "null".into());
        serde_json::from_str(&answer.await.ok()?).ok()
    }

    /// Answers a question of a caller from the home tenant.
    pub async fn explain(&self, question: Question) -> Result<Trace> {
        let home = self.store().island(question.from)?;
        if question.from == question.to {
            return Err(Error::invalid(
                "to",
                "Name another tenant: within one, nothing crosses the border.",
            ));
        }
        // A tenant that isn't there and one that discloses nothing look the same.
        self.store().island(question.to)?;
        let (from, to) = (question.from, question.to);
        let (kind, body, mut trace) = match question.action {
            Action::Sync => {
                let user = question.user;
                let (trace, configured) = home
                    .read(move |tx| {
                        let configured = sync::jobs::governs(tx, to)?;
                        Ok((sync::explain::home(tx, to, user)?, configured))
                    })
                    .await?;
                let body = serde_json::to_string(&sync::explain::Question {
                    user_id: user,
                    configured,
                });
                (sync::explain::QUERY, body, trace)
            }
            Action::Signin => {
                let (trace, body) = home.read(move |tx| home_side(tx, &question)).await?;
                (SIGN_IN, serde_json::to_string(&body), trace)
            }
        };
        if trace.allowed {
            let body = body.map_err(Error::internal)?;
            let answer = self.transport().ask(from, to, kind, body).await?;
            trace.join(serde_json::from_str(&answer).map_err(Error::internal)?);
        }
        Ok(trace)
    }
}
