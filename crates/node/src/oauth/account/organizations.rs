//! The organizations that somebody is in beside the home: each is asked through the border, and says of
//! its own account for the person what the person may see there anyway.

use directory::{delegation, invitations, tenant};
use identity::visit::live;
use serde::{Deserialize, Serialize};
use store::ReadTx;
use types::{Error, Id, Result, TenantId, kind};

use super::super::next::Ready;
use super::apps;
use super::view::{OwnApp, OwnOrganization, Through};
use crate::Node;

/// Asks another tenant whether somebody is in it.
pub(in crate::oauth) const MEMBERSHIP: &str = "signin.membership";
/// Tenants that are asked.
const ASKED_MAX: usize = 200;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    user_id: Id<kind::User>,
    user_principal_name: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Membership {
    name: String,
    is_guest: bool,
    is_shared: bool,
    since: Option<String>,
    /// A tenant of an earlier version tells none.
    #[serde(default)]
    apps: Vec<OwnApp>,
}

/// In the other tenant: answers for its account of somebody from `from`.
pub(in crate::oauth) fn answer(tx: &ReadTx<'_>, from: TenantId, body: &str) -> Result<String> {
    let asked: Asked =
        serde_json::from_str(body).map_err(|error| Error::bad_request(error.to_string()))?;
    let found = invitations::visitor(tx, (from, asked.user_id), &asked.user_principal_name)?;
    let membership = match found.filter(|user| !invitations::is_pending(user)) {
        Some(user) => Some(Membership {
            name: tenant::get(tx)?.display_name().to_owned(),
            is_guest: user.user_type() == "Guest",
            is_shared: user.home.is_some(),
            since: user.property("createdDateTime").as_str().map(str::to_owned),
            apps: apps::open_to(tx, &user)?,
        }),
        None => None,
    };
    serde_json::to_string(&membership).map_err(Error::internal)
}

impl Node {
    pub(super) async fn organizations_of(
        &self,
        home: TenantId,
        ready: &Ready,
    ) -> Result<Vec<OwnOrganization>> {
        let user = ready.user.id;
        let island = self.store().island(home)?;
        let mut others = island
            .read(move |tx| {
                let mut others = organization::active_members(tx)?;
                others.extend(live::visited(tx, user, ASKED_MAX)?);
                Ok(others)
            })
            .await?;
        others.sort_unstable();
        others.dedup();
        others.truncate(ASKED_MAX);
        let body = serde_json::to_string(&Asked {
            user_id: user,
            user_principal_name: ready.user.user_principal_name().to_owned(),
        })
        .map_err(Error::internal)?;
        let mut found = Vec::new();
        for tenant in others {
            let answer = self
                .transport()
                .ask(home, tenant, MEMBERSHIP, body.clone())
                .await;
            // One that can't be reached now is left out; the page is for looking.
            let Ok(answer) = answer else {
                continue;
            };
            let membership: Option<Membership> =
                serde_json::from_str(&answer).map_err(Error::internal)?;
            found.extend(membership.map(|it| {
                OwnOrganization {
                    tenant,
                    name: it.name,
                    is_guest: it.is_guest,
                    through: if it.is_shared {
                        Through::Sharing
                    } else {
                        Through::Invitation
                    },
                    since: it.since,
                    // Of another tenant's word only addresses become links.
                    apps: (it.apps.into_iter())
                        .filter(|app| delegation::is_for_browsers(&app.href))
                        .take(apps::SHOWN_MAX)
                        .collect(),
                }
            }));
        }
        Ok(found)
    }
}
