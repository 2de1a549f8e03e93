//! Our own apps as clients of the tenants: the same client ids in every deployment, no application
//! object anywhere, and in each tenant a service principal, which is made with the first sign-in.
//!
//! They need nobody's consent: whoever runs the deployment has installed them with it. What they can
//! do is what the person who is signed in may do.
//!
//! Source: "First-party Microsoft applications" and "Apps & service principals" (Microsoft Entra).

use std::sync::Arc;

use serde_json::{Map, json};
use store::{Op, ReadTx, Tx};
use types::{Id, Result};
use uuid::{Uuid, uuid};

use crate::applications::Application;
use crate::permissions::{self, GRAPH_APP_ID};
use crate::service_principals::{self, ServicePrincipal};

/// The admin centre.
pub const ADMIN_CENTRE: FirstParty = FirstParty {
    app_id: uuid!("19af044d-e893-47ae-ab69-56c921fea6e9"),
    name: "isopolity admin centre",
    redirects: &["/admin/signed-in", "/admin"],
    scopes: &[
        "Application.ReadWrite.All",
        "AppRoleAssignment.ReadWrite.All",
        "AuditLog.Read.All",
        "CrossTenantInformation.ReadBasic.All",
        "DelegatedPermissionGrant.ReadWrite.All",
        // The names of what is chosen: Graph takes no more for `getByIds`.
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "Domain.ReadWrite.All",
        "Group.ReadWrite.All",
        "MultiTenantOrganization.ReadWrite.All",
        "Organization.ReadWrite.All",
        "Policy.Read.All",
        "Policy.ReadWrite.AuthenticationMethod",
        "Policy.ReadWrite.Authorization",
        "Policy.ReadWrite.CrossTenantAccess",
        "ProfilePhoto.ReadWrite.All",
        "RoleManagement.ReadWrite.Directory",
        "Synchronization.ReadWrite.All",
        "User.DeleteRestore.All",
        "User.EnableDisableAccount.All",
        "User.Invite.All",
        "User.ReadWrite.All",
        "User.RevokeSessions.All",
        "UserAuthenticationMethod.ReadWrite.All",
    ],
};

/// All of them.
const ALL: [&FirstParty; 1] = [&ADMIN_CENTRE];

/// One of our apps.
#[derive(Debug)]
pub struct FirstParty {
    /// Its client id.
    pub app_id: Uuid,
    /// Its name.
    pub name: &'static str,
    /// Where its answers go, below the deployment's public address.
    redirects: &'static [&'static str],
    /// What of Graph it asks for.
    scopes: &'static [&'static str],
}

impl FirstParty {
    /// The app of a client id.
    pub fn find(app_id: Uuid) -> Option<&'static Self> {
        ALL.into_iter().find(|app| app.app_id == app_id)
    }

    /// What of Graph it may do in people's names.
    pub const fn scopes(&self) -> &'static [&'static str] {
        self.scopes
    }

    /// The addresses that its answers may go to.
    pub fn redirect_uris(&self, public_url: &str) -> Vec<String> {
        let of = |path: &&str| format!("{}{path}", public_url.trim_end_matches('/'));
        self.redirects.iter().map(of).collect()
    }

    /// What stands for its application object, of which there is none.
    pub fn application(&self, tx: &ReadTx<'_>) -> Result<Application> {
        let known = permissions::delegated()?;
        let access: Vec<_> = known
            .iter()
            .filter(|scope| self.scopes.contains(&scope.value.as_str()))
            .map(|scope| json!({ "id": scope.id(), "type": "Scope" }))
            .collect();
        let required = json!([{ "resourceAppId": GRAPH_APP_ID, "resourceAccess": access }]);
        let mut document = Map::new();
        document.insert("displayName".into(), json!(self.name));
        document.insert("requiredResourceAccess".into(), required);
        Ok(Application::first_party(self.app_id, document, tx.now()))
    }

    /// Its service principal, with these addresses; made, or brought up to date, if need be.
    pub fn ensure(&self, tx: &mut Tx<'_>, redirect_uris: &[String]) -> Result<()> {
        let known = service_principals::find_by_app_id(tx, self.app_id)?;
        if known
            .as_ref()
            .is_some_and(|it| it.has_reply_urls(redirect_uris))
        {
            return Ok(());
        }
        let (op, mut principal) = if let Some(known) = known {
            (Op::Updated, Arc::unwrap_or_clone(known))
        } else {
            let id = Id::new(tx.new_uuid());
            let new = ServicePrincipal::first_party(id, self.app_id, self.name, tx.now());
            (Op::Created, new)
        };
        principal.set_reply_urls(redirect_uris);
        service_principals::store_first_party(tx, &principal, op)
    }

    /// Whether its service principal is there with these addresses.
    pub fn is_ready(&self, tx: &ReadTx<'_>, redirect_uris: &[String]) -> Result<bool> {
        let known = service_principals::find_by_app_id(tx, self.app_id)?;
        Ok(known.is_some_and(|it| it.has_reply_urls(redirect_uris)))
    }
}
