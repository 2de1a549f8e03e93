//! The link of an invitation: who was invited proves who they are, says whether they want to come,
//! and goes on to where the inviter has said.
//!
//! - Somebody of another tenant signs in there, as with any visit ([`super::visit`]).
//! - Whoever was invited under an address of no tenant has nothing to sign in with yet. The link's
//!   ticket stands for the address, once: it leads to where a password is chosen, with another factor
//!   where the tenant demands one. From then on the link is a way to sign in like any other, and the
//!   address is the name to do so with.
//!
//! Source: Microsoft Entra External ID, "B2B collaboration invitation redemption".

use credentials::{Kind, methods};
use directory::invitations;
use directory::users::{self, PasswordChange, User};
use identity::oauth::{OAuthError, Trail, secret_hash};
use identity::session::Flow;
use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx};
use types::{Actor, Id, Result, TenantId, kind};
use uuid::Uuid;

use super::log::Unlogged;
use super::next::Ready;
use super::sign_in::{Errand, Pending};
use super::{Browser, Outcome, Screen, Step, prove};
use crate::Node;

/// Somebody who follows a link.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invited {
    user: Id<kind::User>,
    ticket_hash: [u8; 32],
    /// Where the person goes on.
    to: String,
}

impl Invited {
    /// Who was invited.
    pub(super) const fn user(&self) -> Id<kind::User> {
        self.user
    }
    /// Where the person goes on.
    pub(super) fn redirect_uri(&self) -> &str {
        &self.to
    }
    /// `https` or `http`.
    pub(super) fn scheme(&self) -> &str {
        self.to.split(':').next().unwrap_or("https")
    }
}

/// Whether a user who is to sign in here has nothing yet to do so with.
fn is_without_credentials(tx: &ReadTx<'_>, user: &User) -> Result<bool> {
    Ok(invitations::signs_in_here(tx, user)?
        && users::password_hash(tx, user.id)?.is_none()
        && methods::list(tx, user.id)?.is_empty())
}

impl Node {
    /// Somebody has followed an invitation's link.
    pub async fn follow_invitation(
        &self,
        tenant: TenantId,
        user: Uuid,
        ticket: &str,
        browser: Browser,
        trail: Trail,
    ) -> Result<Outcome> {
        let (user, ticket_hash) = (Id::new(user), secret_hash(ticket));
        let island = self.store().island(tenant)?;
        let found = island
            .read(move |tx| {
                let Some(link) = invitations::of_link(tx, user, &ticket_hash)? else {
                    return Ok(None);
                };
                let is_new = is_without_credentials(tx, &link.user)?;
                Ok(Some((link, is_new)))
            })
            .await?;
        let Some((link, is_new)) = found else {
            return Ok(Outcome::problem(OAuthError::UnknownInvitation));
        };
        let errand = Errand::Invitation(Box::new(Invited {
            user,
            ticket_hash,
            to: link.redirect_url,
        }));
        let mut flow = Flow::new(errand, self.store().clock().now());
        if is_new {
            let screen = Screen::Redeem {
                name: link.address,
                tenant: self.tenant_name(tenant).await?,
            };
            return self.page(tenant, &flow, screen, browser, Vec::new());
        }
        flow.name = Some(link.address);
        self.go_on(tenant, flow, browser, trail).await
    }

    /// Somebody of no tenant wants to come: on to a password.
    pub(super) async fn accept_invitation(
        &self,
        tenant: TenantId,
        mut flow: Pending,
        browser: Browser,
        trail: Trail,
    ) -> Result<Outcome> {
        let Errand::Invitation(invited) = &flow.errand else {
            return Ok(Outcome::problem(OAuthError::PageExpired));
        };
        let invited = invited.clone();
        let actor = Actor::User {
            id: invited.user.uuid(),
            app_id: Uuid::nil(),
        };
        let island = self.store().island(tenant)?;
        let proof = island
            .write(actor, move |tx: &mut Tx<'_>| {
                // The link may have been replaced, or followed to its end, since the page was sent.
                let link = invitations::of_link(tx, invited.user, &invited.ticket_hash)?;
                let Some(link) = link else {
                    return Ok(Err(OAuthError::UnknownInvitation));
                };
                if !is_without_credentials(tx, &link.user)? {
                    return Ok(Err(OAuthError::PageExpired));
                }
                if !link.user.account_enabled {
                    return Ok(Err(OAuthError::DisabledUser));
                }
                if invitations::is_pending(&link.user) {
                    invitations::accept(tx, link.user.id)?;
                }
                let change = PasswordChange::AtNextSignIn;
                users::require_password_change(tx, link.user.id, change)?;
                prove::proof(tx, link.user.id, Kind::Password, false)
            })
            .await?;
        match proof {
            Err(error) => Ok(Outcome::problem(error)),
            Ok(proof) => {
                flow.proof = Some(proof);
                self.go_on_proving(tenant, flow, browser, trail, None, None)
                    .await
            }
        }
    }

    /// The end: the person is here, and goes on.
    pub(super) async fn go_where_invited(
        &self,
        tenant: TenantId,
        invited: Invited,
        ready: Ready,
        unlogged: Option<Unlogged>,
    ) -> Result<Outcome> {
        let actor = Actor::User {
            id: ready.user.id.uuid(),
            app_id: Uuid::nil(),
        };
        let to = invited.to.clone();
        let errand = Errand::Invitation(Box::new(invited));
        let island = self.store().island(tenant)?;
        island
            .write(actor, move |tx| {
                ready.note_use(tx, &errand, unlogged.as_ref())
            })
            .await?;
        Ok(Step::Moved(to).into())
    }
}
