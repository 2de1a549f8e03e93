//! Inviting people of other tenants: the home's rules are asked through the border, the own ones in
//! the transaction that makes the user.
//!
//! The home answers whether it lets somebody of that name go, and the same for names that nobody
//! has: an invitation never tells who exists.

use border::Handler;
use credentials::methods;
use directory::invitations::{Invited, NewInvitation};
use directory::users::{self, PasswordChange};
use identity::revocation;
use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx};
use types::{Error, Id, Result, TenantId};
use uuid::Uuid;

use crate::Node;

const MAY_GO: &str = "invitations.may_go";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    user_principal_name: String,
}

/// The end of the border that answers for this tenant's people.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Messages;

impl Handler for Messages {
    fn answer(&self, tx: &ReadTx<'_>, from: TenantId, kind: &str, body: &str) -> Result<String> {
        if kind != MAY_GO {
            return Err(Error::bad_request(format!("'{kind}' isn't a query.")));
        }
        let question: Question =
            serde_json::from_str(body).map_err(|error| Error::bad_request(error.to_string()))?;
        let allowed = may_go(tx, from, &question.user_principal_name)?;
        serde_json::to_string(&allowed).map_err(Error::internal)
    }
}

fn may_go(tx: &ReadTx<'_>, to: TenantId, name: &str) -> Result<bool> {
    let (user, groups) = match directory::users::find(tx, name) {
        Ok(user) => (user.id, directory::groups::groups_of(tx, user.id)?),
        Err(Error::NotFound { .. }) => (Id::new(Uuid::nil()), Vec::new()),
        Err(error) => return Err(error),
    };
    let subject = access::Subject {
        user,
        groups: &groups,
    };
    let channel = access::Channel::Collaboration;
    let trace = access::outbound_sign_in(tx, to, channel, &subject, None)?;
    Ok(trace.allowed)
}

fn blocked() -> Error {
    Error::forbidden(
        "This invitation is blocked by cross-tenant access settings. Admins in both your organization and the invited user's organization must configure cross-tenant access settings to allow the invitation.",
    )
}

/// Invites somebody into the transaction's tenant, if its rules let people of the home in.
pub fn invite(tx: &mut Tx<'_>, new: &NewInvitation) -> Result<Invited> {
    if let Some(home) = new.home_tenant
        && !access::inbound_invitation(tx, home)?.allowed
    {
        return Err(blocked());
    }
    let invited = directory::invitations::invite(tx, new)?;
    if new.reset.is_some() {
        // Whoever redeems next may be another person: nothing that the last one has leads in.
        let user = invited.user.id;
        methods::clear(tx, user)?;
        if users::password_hash(tx, user)?.is_some() {
            users::set_password(tx, user, None, PasswordChange::None)?;
        }
        revocation::revoke(tx, user)?;
    }
    Ok(invited)
}

impl Node {
    /// The other tenant whose people have addresses like this, if one has and it lets this person be
    /// invited by `inviter`.
    pub async fn home_of(&self, inviter: TenantId, address: &str) -> Result<Option<TenantId>> {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let home = self.store().look_for_domain(domain).await?;
        let Some(home) = home.filter(|home| *home != inviter) else {
            return Ok(None);
        };
        let question = Question {
            user_principal_name: address.to_owned(),
        };
        let body = serde_json::to_string(&question).map_err(Error::internal)?;
        let answer = self.transport().ask(inviter, home, MAY_GO, body).await?;
        let allowed: bool = serde_json::from_str(&answer).map_err(Error::internal)?;
        if allowed {
            Ok(Some(home))
        } else {
            Err(blocked())
        }
    }
}
