//! Partners: the entries for single tenants, which override the default part by part.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use store::{Among, Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Result, TenantId};

use crate::body::{self, Object};
use crate::identity_sync::{self, IdentitySync};
use crate::model::Settings;
use crate::records::{Difference, audit, differences, from_object, names, parse, text, to_object};

/// Graph's name of the type, which is the feed's too.
pub(crate) const PARTNER_KIND: &str = "crossTenantAccessPolicyConfigurationPartner";

/// The entry for a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// Which tenant.
    pub tenant_id: TenantId,
    /// What is set; null inherits the default.
    pub settings: Settings,
    /// Whether that tenant is active in this tenant's organization.
    pub is_in_organization: bool,
    /// Whether its users may be synced in.
    pub identity_synchronization: Option<IdentitySync>,
}

impl Partner {
    /// As Graph shows it, without `identitySynchronization`, which is shown when it is expanded.
    pub fn to_graph(&self) -> Result<Map<String, Value>> {
        let mut object = Map::new();
        object.insert("tenantId".into(), json!(self.tenant_id));
        object.insert("isServiceProvider".into(), Value::Null);
        object.insert(
            "isInMultiTenantOrganization".into(),
            json!(self.is_in_organization),
        );
        object.extend(to_object(&self.settings)?);
        Ok(object)
    }
    /// `identitySynchronization` as Graph expands it: null where there is none.
    pub fn identity_synchronization_to_graph(&self) -> Value {
        self.identity_synchronization
            .as_ref()
            .map_or(Value::Null, |sync| {
                Value::Object(sync.to_graph(self.tenant_id))
            })
    }
}

const GET: &str = "SELECT p.partner_tenant_id, p.doc, o.partner_tenant_id, i.partner_tenant_id, \
    i.display_name, i.is_sync_allowed, i.is_group_sync_allowed FROM access_partners p \
    LEFT JOIN access_organization o \
    ON o.tenant_id = p.tenant_id AND o.partner_tenant_id = p.partner_tenant_id \
    LEFT JOIN access_identity_sync i \
    ON i.tenant_id = p.tenant_id AND i.partner_tenant_id = p.partner_tenant_id \
    WHERE p.tenant_id = ?1 AND p.partner_tenant_id = ?2";
const LIST: &str = "SELECT p.partner_tenant_id, p.doc, o.partner_tenant_id, i.partner_tenant_id, \
    i.display_name, i.is_sync_allowed, i.is_group_sync_allowed FROM access_partners p \
    LEFT JOIN access_organization o \
    ON o.tenant_id = p.tenant_id AND o.partner_tenant_id = p.partner_tenant_id \
    LEFT JOIN access_identity_sync i \
    ON i.tenant_id = p.tenant_id AND i.partner_tenant_id = p.partner_tenant_id \
    WHERE p.tenant_id = ?1 AND p.partner_tenant_id > ?2 ORDER BY p.partner_tenant_id LIMIT ?3";
const INSERT: &str =
    "INSERT INTO access_partners (tenant_id, partner_tenant_id, doc) VALUES (?1, ?2, ?3)";
const UPDATE: &str =
    "UPDATE access_partners SET doc = ?3 WHERE tenant_id = ?1 AND partner_tenant_id = ?2";
const DELETE: &str = "DELETE FROM access_partners WHERE tenant_id = ?1 AND partner_tenant_id = ?2";

fn make(row: &Row<'_>) -> Result<Partner> {
    let identity_synchronization = match row.opt_bytes(3)? {
        Some(_) => Some(IdentitySync {
            display_name: row.opt_string(4)?,
            is_sync_allowed: row.opt_int(5)?.map(|allowed| allowed != 0),
            is_group_sync_allowed: row.opt_int(6)?.map(|allowed| allowed != 0),
        }),
        None => None,
    };
    Ok(Partner {
        tenant_id: row.id(0)?,
        settings: parse(row.text(1)?)?,
        is_in_organization: row.opt_bytes(2)?.is_some(),
        identity_synchronization,
    })
}

pub(crate) fn find_partner(tx: &ReadTx<'_>, partner: TenantId) -> Result<Option<Partner>> {
    tx.query_one(GET, params![&tx.tenant(), &partner], make)
}

/// The entries for several tenants, of those that have one.
pub(crate) fn find_partners(
    tx: &ReadTx<'_>,
    partners: &[TenantId],
) -> Result<HashMap<TenantId, Partner>> {
    static GET_MANY: LazyLock<Among> = LazyLock::new(|| Among::new(&GET.replace("?2", "??"), 2));
    let mut found = HashMap::with_capacity(partners.len());
    tx.for_each_among(&GET_MANY, params![&tx.tenant()], partners, |row| {
        let partner = make(row)?;
        found.insert(partner.tenant_id, partner);
        Ok(())
    })?;
    Ok(found)
}

/// The entry for a tenant.
pub fn get_partner(tx: &ReadTx<'_>, partner: TenantId) -> Result<Partner> {
    find_partner(tx, partner)?.ok_or_else(|| Error::not_found(PARTNER_KIND, partner))
}

/// A page of entries in the order of their ids, after `after`.
pub fn list_partners(
    tx: &ReadTx<'_>,
    after: Option<TenantId>,
    limit: usize,
) -> Result<Vec<Partner>> {
    // No entry has the all-zero id, so everything comes after it.
    let after = after.unwrap_or(TenantId::nil());
    tx.query(LIST, params![&tx.tenant(), &after, limit], make)
}

/// POST: a new entry. Whether there is such a tenant is the caller's to check. The entry for
/// synchronization may come with it, since it is contained in it.
pub fn create_partner(tx: &mut Tx<'_>, body: &Object) -> Result<Partner> {
    let id = partner_id(tx, body)?;
    let mut entry = to_object(&Settings::default())?;
    let mut sync = None;
    let own = |name: &str, value: &Value| {
        match name {
            "tenantId" => {}
            "identitySynchronization" if value.is_null() => {}
            "identitySynchronization" => {
                let body = value.as_object().ok_or_else(|| {
                    Error::invalid(name, format!("Property '{name}' has to be an object."))
                })?;
                sync = Some(IdentitySync::default().merged(id, body)?);
            }
            _ => return read_only(name),
        }
        Ok(true)
    };
    body::apply(body::partner_parts(), PARTNER_KIND, &mut entry, body, own)?;
    if find_partner(tx, id)?.is_some() {
        return Err(Error::AlreadyExists {
            property: "tenantId",
        });
    }
    insert(tx, id, &from_object(entry)?)?;
    if let Some(sync) = sync {
        identity_sync::create(tx, id, &sync)?;
    }
    get_partner(tx, id)
}

fn partner_id(tx: &ReadTx<'_>, body: &Object) -> Result<TenantId> {
    let wrong = |message: &str| Error::invalid("tenantId", message);
    let id = body
        .get("tenantId")
        .and_then(Value::as_str)
        .and_then(types::parse_uuid)
        .map(TenantId::new)
        .filter(|id| !id.is_nil())
        .ok_or_else(|| wrong("Property 'tenantId' is required and has to be a tenant's GUID."))?;
    if id == tx.tenant() {
        return Err(wrong(
            "A tenant can't be a partner of its own: 'tenantId' is this tenant.",
        ));
    }
    Ok(id)
}

fn read_only(name: &str) -> Result<bool> {
    match name {
        "isServiceProvider" | "isInMultiTenantOrganization" => Err(body::read_only(name)),
        _ => Ok(false),
    }
}

/// PATCH of an entry.
pub fn update_partner(tx: &mut Tx<'_>, partner: TenantId, body: &Object) -> Result<()> {
    let old = get_partner(tx, partner)?.settings;
    let mut entry = to_object(&old)?;
    body::apply(
        body::partner_parts(),
        PARTNER_KIND,
        &mut entry,
        body,
        |name, value| match name {
            "tenantId" => body::same_tenant(name, value, partner),
            _ => read_only(name),
        },
    )?;
    replace(tx, partner, &old, &from_object(entry)?)
}

/// DELETE of an entry; its synchronization entry has to be gone.
pub fn delete_partner(tx: &mut Tx<'_>, partner: TenantId) -> Result<()> {
    let old = get_partner(tx, partner)?;
    if old.identity_synchronization.is_some() {
        return Err(Error::conflict(
            "The partner has an identitySynchronization: delete that first.",
        ));
    }
    let tenant = tx.tenant();
    tx.record(Change::new(PARTNER_KIND, partner.uuid(), Op::Deleted, &[]))?
        .execute(DELETE, params![&tenant, &partner])?;
    let modified = changes(&old.settings, &Settings::default())?;
    audit(
        tx,
        "Delete partner specific cross-tenant access setting",
        partner,
        "",
        modified,
    )
}

fn changes(old: &Settings, new: &Settings) -> Result<Vec<Difference>> {
    Ok(differences(
        body::partner_parts(),
        &to_object(old)?,
        &to_object(new)?,
    ))
}

pub(crate) fn insert(tx: &mut Tx<'_>, partner: TenantId, new: &Settings) -> Result<()> {
    let (tenant, doc) = (tx.tenant(), text(new)?);
    tx.record(Change::new(PARTNER_KIND, partner.uuid(), Op::Created, &[]))?
        .execute(INSERT, params![&tenant, &partner, &doc])?;
    let modified = changes(&Settings::default(), new)?;
    audit(
        tx,
        "Add a partner to cross-tenant access setting",
        partner,
        "",
        modified,
    )
}

pub(crate) fn replace(
    tx: &mut Tx<'_>,
    partner: TenantId,
    old: &Settings,
    new: &Settings,
) -> Result<()> {
    let modified = changes(old, new)?;
    if modified.is_empty() {
        return Ok(());
    }
    let (tenant, doc, names) = (tx.tenant(), text(new)?, names("", &modified));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    tx.record(Change::new(
        PARTNER_KIND,
        partner.uuid(),
        Op::Updated,
        &names,
    ))?
    .execute(UPDATE, params![&tenant, &partner, &doc])?;
    audit(
        tx,
        "Update a partner cross-tenant access setting",
        partner,
        "",
        modified,
    )
}
