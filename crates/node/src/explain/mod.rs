//! `explain`: whether one person may do something in another tenant, and what decided it.
//!
//! Each side's steps are made by its own island: the home's first, then the other's, asked through
//! the border, which tells of its settings only whether they allow. An admin of the other tenant sees
//! that tenant's own steps whole.

mod sign_in;

use serde::{Deserialize, Serialize};
use store::ReadTx;
use types::trace::{Step, Trace};
use types::{Error, Id, Result, TenantId, kind};
use uuid::Uuid;

use crate::Node;

pub(crate) use sign_in::Messages;

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

/// Why nobody synchronizes somebody who is here by an invitation, of a home that isn't known (yet) or of
/// none; nothing of the tenant's own people.
fn guest(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<Option<Trace>> {
    if !directory::users::get(tx, user)?.is_external() {
        return Ok(None);
    }
    let mut trace = Trace::new();
    trace.step(Step::new(
        tx.tenant(),
        "user.userType",
        "external",
        false,
        "This user is here by an invitation: only internal members of another tenant are synchronized.",
    ));
    Ok(Some(trace))
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

    /// A question about a user of a tenant's own directory, asked of where that user is at home.
    pub async fn at_home(&self, mut question: Question) -> Result<Question> {
        let (Some(user), true) = (question.user, question.from == question.to) else {
            return Ok(question);
        };
        let island = self.store().island(question.from)?;
        let home = island
            .read(move |tx| directory::invitations::home_of(tx, &directory::users::get(tx, user)?))
            .await?;
        if let Some((home, user)) = home {
            question.from = home;
            question.user = Some(user);
        }
        Ok(question)
    }

    /// What one tenant lets nobody of another do, whoever it is: the steps of a sign-in at home.
    pub async fn doors(&self, from: TenantId, to: TenantId) -> Result<Vec<Step>> {
        let home = self.store().island(from)?;
        home.read(move |tx| sign_in::doors(tx, to)).await
    }

    /// Answers a question of a caller from one of its two tenants.
    pub async fn explain(&self, question: Question, viewer: TenantId) -> Result<Trace> {
        let home = self.store().island(question.from)?;
        if question.from == question.to {
            if question.action == Action::Signin {
                return home.read(move |tx| sign_in::within(tx, &question)).await;
            }
            if let Some(user) = question.user
                && let Some(trace) = home.read(move |tx| guest(tx, user)).await?
            {
                return Ok(trace);
            }
            return Err(Error::invalid(
                "to",
                "Name another tenant: within one, nothing crosses the border.",
            ));
        }
        // A tenant that isn't there and one that discloses nothing look the same.
        let target = self.store().island(question.to)?;
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
                let (mut trace, body) = home.read(move |tx| sign_in::home(tx, &question)).await?;
                if viewer == to {
                    if trace.allowed {
                        trace.join(
                            target
                                .read(move |tx| sign_in::there(tx, from, &body))
                                .await?,
                        );
                    }
                    return Ok(trace);
                }
                (sign_in::QUERY, serde_json::to_string(&body), trace)
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
