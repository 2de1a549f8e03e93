//! `identitySynchronization` of a partner: whether its users, and its groups, may be synced into this
//! tenant. `groupSyncInbound` is of Graph's beta; it is shown where it is set.
//!
//! PUT creates and never replaces; the partner's entry can't go before this one.

use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Result, TenantId};

use crate::body::{self, Object};
use crate::partners::{PARTNER_KIND, find_partner, get_partner};
use crate::records::{Difference, audit};

/// Graph's name of the type.
const KIND: &str = "crossTenantIdentitySyncPolicyPartner";

/// Whether users of a partner may be synced in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentitySync {
    /// A label.
    pub display_name: Option<String>,
    /// Whether they may; unset is no.
    pub is_sync_allowed: Option<bool>,
    /// Whether groups may; unset is no.
    pub is_group_sync_allowed: Option<bool>,
}

impl IdentitySync {
    /// As Graph shows it.
    pub fn to_graph(&self, partner: TenantId) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("tenantId".into(), json!(partner));
        object.insert("displayName".into(), json!(self.display_name));
        object.insert("userSyncInbound".into(), inbound(self.is_sync_allowed));
        if self.is_group_sync_allowed.is_some() {
            let groups = inbound(self.is_group_sync_allowed);
            object.insert("groupSyncInbound".into(), groups);
        }
        object
    }
    /// What a body makes of it.
    pub(crate) fn merged(&self, partner: TenantId, body: &Object) -> Result<Self> {
        let mut new = self.clone();
        body::apply(&[], KIND, &mut Map::new(), body, |name, value| {
            match name {
                "displayName" => new.display_name = body::display_name(name, value)?,
                "userSyncInbound" => {
                    new.is_sync_allowed =
                        body::user_sync_inbound(name, value, self.is_sync_allowed)?;
                }
                "groupSyncInbound" => {
                    new.is_group_sync_allowed =
                        body::group_sync_inbound(name, value, self.is_group_sync_allowed)?;
                }
                "tenantId" => return body::same_tenant(name, value, partner),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(new)
    }
    fn differences(old: Option<&Self>, new: Option<&Self>) -> Vec<Difference> {
        let name = |sync: Option<&Self>| sync.map_or(Value::Null, |sync| json!(sync.display_name));
        let users = |sync: Option<&Self>| inbound(sync.and_then(|sync| sync.is_sync_allowed));
        let groups =
            |sync: Option<&Self>| inbound(sync.and_then(|sync| sync.is_group_sync_allowed));
        [
            ("displayName".to_owned(), name(old), name(new)),
            ("userSyncInbound".to_owned(), users(old), users(new)),
            ("groupSyncInbound".to_owned(), groups(old), groups(new)),
        ]
        .into_iter()
        .filter(|(_, old, new)| old != new)
        .collect()
    }
}

fn inbound(allowed: Option<bool>) -> Value {
    allowed.map_or(Value::Null, |allowed| json!({"isSyncAllowed": allowed}))
}

/// Whether groups of a partner may be synced in.
pub fn inbound_group_sync(tx: &ReadTx<'_>, partner: TenantId) -> Result<bool> {
    let entry = find_partner(tx, partner)?.and_then(|partner| partner.identity_synchronization);
    Ok(entry.is_some_and(|sync| sync.is_group_sync_allowed == Some(true)))
}

/// The entry of a partner.
pub fn get_identity_sync(tx: &ReadTx<'_>, partner: TenantId) -> Result<IdentitySync> {
    find_partner(tx, partner)?
        .and_then(|partner| partner.identity_synchronization)
        .ok_or_else(|| Error::not_found(KIND, partner))
}

/// PUT: creates the entry of a partner that has none.
pub fn create_identity_sync(tx: &mut Tx<'_>, partner: TenantId, body: &Object) -> Result<()> {
    let entry = get_partner(tx, partner)?;
    if entry.identity_synchronization.is_some() {
        return Err(Error::AlreadyExists {
            property: "tenantId",
        });
    }
    let new = IdentitySync::default().merged(partner, body)?;
    create(tx, partner, &new)
}

const INSERT: &str = "INSERT INTO access_identity_sync (tenant_id, partner_tenant_id, \
    display_name, is_sync_allowed, is_group_sync_allowed) VALUES (?1, ?2, ?3, ?4, ?5)";
const UPDATE: &str = "UPDATE access_identity_sync SET display_name = ?3, is_sync_allowed = ?4, \
    is_group_sync_allowed = ?5 \
    WHERE tenant_id = ?1 AND partner_tenant_id = ?2";
const DELETE: &str =
    "DELETE FROM access_identity_sync WHERE tenant_id = ?1 AND partner_tenant_id = ?2";

/// A change of this entry is a change of the partner, for readers of the feed.
const fn change(partner: TenantId) -> Change<'static> {
    Change::new(
        PARTNER_KIND,
        partner.uuid(),
        Op::Updated,
        &["identitySynchronization"],
    )
}

pub(crate) fn create(tx: &mut Tx<'_>, partner: TenantId, new: &IdentitySync) -> Result<()> {
    let tenant = tx.tenant();
    tx.record(change(partner))?.execute(
        INSERT,
        params![
            &tenant,
            &partner,
            new.display_name.as_deref(),
            new.is_sync_allowed,
            new.is_group_sync_allowed
        ],
    )?;
    let modified = IdentitySync::differences(None, Some(new));
    audit(
        tx,
        "Create a partner cross-tenant identity sync setting",
        partner,
        "",
        modified,
    )
}

pub(crate) fn replace(
    tx: &mut Tx<'_>,
    partner: TenantId,
    old: &IdentitySync,
    new: &IdentitySync,
) -> Result<()> {
    let modified = IdentitySync::differences(Some(old), Some(new));
    if modified.is_empty() {
        return Ok(());
    }
    let tenant = tx.tenant();
    tx.record(change(partner))?.execute(
        UPDATE,
        params![
            &tenant,
            &partner,
            new.display_name.as_deref(),
            new.is_sync_allowed,
            new.is_group_sync_allowed
        ],
    )?;
    audit(
        tx,
        "Update a partner cross-tenant identity sync setting",
        partner,
        "",
        modified,
    )
}

/// PATCH of the entry.
pub fn update_identity_sync(tx: &mut Tx<'_>, partner: TenantId, body: &Object) -> Result<()> {
    let old = get_identity_sync(tx, partner)?;
    let new = old.merged(partner, body)?;
    replace(tx, partner, &old, &new)
}

/// DELETE of the entry. Users who were synced stay.
pub fn delete_identity_sync(tx: &mut Tx<'_>, partner: TenantId) -> Result<()> {
    let old = get_identity_sync(tx, partner)?;
    let tenant = tx.tenant();
    tx.record(change(partner))?
        .execute(DELETE, params![&tenant, &partner])?;
    let modified = IdentitySync::differences(Some(&old), None);
    audit(
        tx,
        "Delete a partner cross-tenant identity sync setting",
        partner,
        "",
        modified,
    )
}
