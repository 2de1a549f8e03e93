//! Applications that are for several tenants: what other tenants learn of them, and what stands for
//! them there.
//!
//! Another tenant's service principal takes its names, roles and scopes from this; what proves the
//! client stays with the application. Names are of the tenant's own domains or of its ids, so that no
//! tenant can take a name that another one's APIs go by.
//!
//! Source: "Tenancy in Microsoft Entra ID", "Application and service principal objects",
//! "Restrictions on identifier URIs" (Microsoft Entra).

use std::sync::Arc;

use serde_json::{Map, Value};
use store::{ReadTx, params};
use types::{Error, Id, Result, TenantId, Timestamp, fold};
use uuid::Uuid;

use super::Application;
use crate::domains;

/// The audiences that take in people of other organizations, folded.
const SEVERAL: [&str; 2] = ["azureadmultipleorgs", "azureadandpersonalmicrosoftaccount"];
const FOR_SEVERAL: &str = "SELECT app_id FROM applications WHERE tenant_id = ?1 \
    AND sign_in_audience IN (?2, ?3) ORDER BY id";

/// What other tenants learn of an application: what says how its clients and its APIs behave, nothing of
/// who owns it, of its notes, or of what it proves itself with.
const PUBLISHED: [&str; 18] = [
    "api",
    "appRoles",
    "applicationTemplateId",
    super::BACK_CHANNEL_LOGOUT_URL,
    "description",
    "displayName",
    "groupMembershipClaims",
    "identifierUris",
    "info",
    "isFallbackPublicClient",
    "optionalClaims",
    "publicClient",
    "publisherDomain",
    "requiredResourceAccess",
    "signInAudience",
    "spa",
    "verifiedPublisher",
    "web",
];

/// An application of another tenant, as that tenant has it now.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    /// Where it is registered.
    pub home: TenantId,
    /// What is published of it.
    pub application: Arc<Application>,
}

impl Application {
    /// Whether people of other tenants may use it.
    pub fn is_for_several_tenants(&self) -> bool {
        SEVERAL.contains(&fold(self.text("signInAudience")).as_str())
    }

    fn identifier_uris(&self) -> impl Iterator<Item = &str> {
        let uris = self.document.get("identifierUris");
        let uris = uris.and_then(Value::as_array).into_iter().flatten();
        uris.filter_map(Value::as_str)
    }

    /// What other tenants learn of it; nothing if it isn't for them.
    pub fn published(&self, tx: &ReadTx<'_>) -> Result<Option<Map<String, Value>>> {
        if !self.is_for_several_tenants() || self.deleted_at.is_some() {
            return Ok(None);
        }
        let mut document = self.document.clone();
        document.retain(|name, _| PUBLISHED.contains(&name.as_str()));
        let mut own = Vec::new();
        for uri in self.identifier_uris() {
            if is_own_uri(tx, self.app_id, uri)? {
                own.push(Value::from(uri));
            }
        }
        document.shift_remove("identifierUris");
        if !own.is_empty() {
            document.insert("identifierUris".into(), own.into());
        }
        Ok(Some(document))
    }

    /// What stands here for an application of another tenant, by what that has published.
    pub fn of_elsewhere(app_id: Uuid, published: Map<String, Value>, now: Timestamp) -> Self {
        Self {
            id: Id::nil(),
            app_id,
            document: published,
            created_at: now,
            deleted_at: None,
            passwords: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// Refuses identifier URIs that other tenants couldn't tell from their own.
    pub(super) fn refuse_foreign_uris(&self, tx: &ReadTx<'_>) -> Result<()> {
        if !self.is_for_several_tenants() {
            return Ok(());
        }
        for uri in self.identifier_uris() {
            if !is_own_uri(tx, self.app_id, uri)? {
                return Err(Error::invalid(
                    "identifierUris",
                    format!(
                        "Values of identifierUris property must use a verified domain of the organization or its subdomain: '{uri}'"
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// Whether a URI begins with the client id, the tenant's id, or one of its verified domains or what is
/// below one.
fn is_own_uri(tx: &ReadTx<'_>, app_id: Uuid, uri: &str) -> Result<bool> {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return Ok(false);
    };
    let host = fold(rest.split(['/', '?', '#']).next().unwrap_or_default());
    let is_id = types::parse_uuid(&host).is_some_and(|id| id == app_id || id == tx.tenant().uuid());
    match fold(scheme).as_str() {
        "api" if is_id => return Ok(true),
        "api" | "https" => {}
        _ => return Ok(false),
    }
    let mut below = host.as_str();
    loop {
        if domains::is_verified(tx, below)? {
            return Ok(true);
        }
        match below.split_once('.') {
            Some((_, parent)) => below = parent,
            None => return Ok(false),
        }
    }
}

/// The client ids of all applications that are for several tenants, or would be if they were restored.
pub fn for_several_tenants(tx: &ReadTx<'_>) -> Result<Vec<Uuid>> {
    let [first, second] = SEVERAL;
    tx.query(FOR_SEVERAL, params![&tx.tenant(), first, second], |row| {
        row.uuid(0)
    })
}
