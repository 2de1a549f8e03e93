//! Administrative units: parts of the directory for which directory roles can be given
//! ([`crate::roles`]), each a set of users and groups.
//!
//! - A user belongs to a unit by being its member. Who is in a group that is a member doesn't: the
//!   group itself can be managed by the unit's administrators, its members can't.
//! - A unit's members are set by hand. A rule (`membershipType` `Dynamic`) and restricted management
//!   are refused, rather than taken and not acted on.
//!
//! Source: the `administrativeUnit` resource of Microsoft Graph; "Administrative units in Microsoft
//! Entra ID".

mod members;
mod properties;

use query::SearchTable;
use serde_json::{Map, Value, json};
use store::{Change, Op, Param, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, Timestamp, fold, kind};

use crate::listing::{Listing, Order, Ordered, Page, Place, Scope, folded_json};
use crate::schema::Purpose;
use crate::{audited, roles, search};

pub(crate) use members::drop_memberships;
pub use members::{
    add_member, count_members, is_member, members, remove_member, units_of, with_member,
};
use properties::{ENTITY, UNIT};

macro_rules! columns {
    () => {
        "n.id, n.doc, n.created_at, n.deleted_at"
    };
}

static LISTING: Listing = Listing {
    entity: &ENTITY,
    search: SearchTable {
        kind: search::ADMINISTRATIVE_UNIT,
        table: "administrative_units AS n",
        tenant: "n.tenant_id",
        id: "n.id",
    },
    select: concat!(
        "SELECT ",
        columns!(),
        " FROM administrative_units AS n WHERE n.tenant_id = ?1"
    ),
    count: "SELECT count(*) FROM administrative_units AS n WHERE n.tenant_id = ?1",
    id: "n.id",
    display_name: "n.display_name",
    user_principal_name: None,
    created_at: None,
    deleted_at: None,
};

static DELETED_LISTING: Listing = Listing {
    deleted_at: Some("n.deleted_at"),
    ..LISTING
};
const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM administrative_units AS n WHERE n.tenant_id = ?1 AND n.id = ?2"
);
const EXISTS: &str = "SELECT count(*) FROM administrative_units WHERE tenant_id = ?1 AND id = ?2 \
    AND deleted_at IS NULL";
const COUNT: &str = "SELECT count(*) FROM administrative_units WHERE tenant_id = ?1";
const EXPIRED: &str = "SELECT id FROM administrative_units WHERE tenant_id = ?1 \
    AND deleted_at IS NOT NULL AND deleted_at < ?2 ORDER BY deleted_at LIMIT ?3";
const INSERT: &str = "INSERT INTO administrative_units (tenant_id, id, doc, deleted_at, \
    display_name, description, visibility, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const UPDATE: &str = "UPDATE administrative_units SET doc = ?3, deleted_at = ?4, \
    display_name = ?5, description = ?6, visibility = ?7 WHERE tenant_id = ?1 AND id = ?2";
const DELETE: &str = "DELETE FROM administrative_units WHERE tenant_id = ?1 AND id = ?2";

const ALIVE: Scope<'_> = Scope {
    sql: "n.deleted_at IS NULL",
    params: &[],
};
const DELETED: Scope<'_> = Scope {
    sql: "n.deleted_at IS NOT NULL",
    params: &[],
};

/// Administrative units of a tenant, at most, deleted ones included.
pub const UNITS_MAX: u64 = 5_000;

/// An administrative unit.
#[derive(Debug, Clone)]
pub struct AdministrativeUnit {
    /// Its object id.
    pub id: Id<kind::AdministrativeUnit>,
    document: Map<String, Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

impl AdministrativeUnit {
    /// The name for people.
    pub fn display_name(&self) -> &str {
        let name = self.document.get("displayName");
        name.and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether only its members see who else is in it.
    pub fn hides_members(&self) -> bool {
        self.document.get("visibility").and_then(Value::as_str) == Some("HiddenMembership")
    }

    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        Some(match name {
            "id" => json!(self.id),
            "deletedDateTime" => json!(self.deleted_at?),
            "isMemberManagementRestricted" => false.into(),
            _ => self.document.get(name)?.clone(),
        })
    }
}

fn unit(row: &Row<'_>) -> Result<AdministrativeUnit> {
    Ok(AdministrativeUnit {
        id: row.id(0)?,
        document: serde_json::from_str(row.text(1)?).map_err(Error::internal)?,
        created_at: row.timestamp(2)?,
        deleted_at: row.opt_timestamp(3)?,
    })
}

/// Shows a unit: Graph's default set, or the properties that are selected.
pub fn project(unit: &AdministrativeUnit, select: Option<&[String]>) -> Result<Map<String, Value>> {
    UNIT.project(select, |name| unit.value(name))
}

/// Refuses names that aren't properties of units.
pub fn check_select(select: &[String]) -> Result<()> {
    UNIT.selected(Some(select)).map(drop)
}

/// The names of the properties of units.
pub fn property_names() -> Vec<String> {
    let names = UNIT.properties.iter().map(|it| it.name.to_owned());
    names.collect()
}

/// What units can be filtered by.
pub fn entity() -> &'static query::Entity {
    &ENTITY
}

pub(crate) fn load(
    tx: &ReadTx<'_>,
    id: Id<kind::AdministrativeUnit>,
) -> Result<Option<AdministrativeUnit>> {
    tx.query_one(GET, params![&tx.tenant(), &id], unit)
}

/// A unit that isn't deleted.
pub fn get(tx: &ReadTx<'_>, id: Id<kind::AdministrativeUnit>) -> Result<AdministrativeUnit> {
    load(tx, id)?
        .filter(|found| found.deleted_at.is_none())
        .ok_or_else(|| Error::not_found("administrativeUnit", id))
}

/// Whether there is a unit of this id that isn't deleted.
pub fn exists(tx: &ReadTx<'_>, id: Id<kind::AdministrativeUnit>) -> Result<bool> {
    Ok(tx.count(EXISTS, params![&tx.tenant(), &id])? > 0)
}

/// A page of the units that aren't deleted.
pub fn list(tx: &ReadTx<'_>, page: &Page<'_>) -> Result<Vec<AdministrativeUnit>> {
    LISTING.page(tx, &ALIVE, page, unit)
}

/// How many there are, or for how many a filter is true.
pub fn count(tx: &ReadTx<'_>, filter: Option<&query::Filter>, advanced: bool) -> Result<u64> {
    LISTING.count(tx, &ALIVE, filter, advanced)
}

/// A page of the deleted units.
pub fn list_deleted(tx: &ReadTx<'_>, page: &Page<'_>) -> Result<Vec<AdministrativeUnit>> {
    DELETED_LISTING.page(tx, &DELETED, page, unit)
}

/// How many deleted units there are, or for how many a filter is true.
pub fn count_deleted(
    tx: &ReadTx<'_>,
    filter: Option<&query::Filter>,
    advanced: bool,
) -> Result<u64> {
    DELETED_LISTING.count(tx, &DELETED, filter, advanced)
}

/// Where a page that ends with this one ended.
pub fn place(unit: &AdministrativeUnit, order: Order) -> Place {
    order.place(&Ordered {
        id: unit.id.uuid(),
        display_name: unit.display_name(),
        user_principal_name: None,
        created_at: unit.created_at,
        deleted_at: unit.deleted_at,
    })
}

/// Makes a unit without members.
pub fn create(tx: &mut Tx<'_>, properties: &Map<String, Value>) -> Result<AdministrativeUnit> {
    if properties.get("displayName").is_none_or(Value::is_null) {
        return Err(Error::invalid(
            "displayName",
            "A value is required for property 'displayName' of resource 'AdministrativeUnit'.",
        ));
    }
    if tx.count(COUNT, params![&tx.tenant()])? >= UNITS_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.administrative_units",
            message: format!(
                "A tenant has {UNITS_MAX} administrative units at most, those deleted for less than 30 days included (limits.administrative_units)."
            ),
        });
    }
    let mut made = AdministrativeUnit {
        id: Id::new(tx.new_uuid()),
        document: Map::new(),
        created_at: tx.now(),
        deleted_at: None,
    };
    UNIT.apply(&mut made.document, properties, Purpose::Create)?;
    settle(&made)?;
    store(tx, &made, Op::Created, &[])?;
    audited::act(tx, "Add administrative unit", &made)?;
    Ok(made)
}

/// Changes a unit by a JSON patch object; answers whether that changed anything.
pub fn update(
    tx: &mut Tx<'_>,
    id: Id<kind::AdministrativeUnit>,
    patch: &Map<String, Value>,
) -> Result<bool> {
    let old = get(tx, id)?;
    let mut unit = old.clone();
    let changed = UNIT.apply(&mut unit.document, patch, Purpose::Update)?;
    if changed.is_empty() {
        return Ok(false);
    }
    settle(&unit)?;
    store(tx, &unit, Op::Updated, &changed)?;
    audited::change(tx, "Update administrative unit", &old, &unit, &changed)?;
    Ok(true)
}

/// Refuses what would be kept and not acted on.
fn settle(unit: &AdministrativeUnit) -> Result<()> {
    let document = &unit.document;
    if document.get("membershipType").and_then(Value::as_str) == Some("Dynamic")
        || document.contains_key("membershipRule")
        || document.contains_key("membershipRuleProcessingState")
    {
        return Err(Error::invalid(
            "membershipType",
            "Members of an administrative unit are added one by one here; a rule can't decide on them.",
        ));
    }
    if document.get("isMemberManagementRestricted") == Some(&Value::Bool(true)) {
        return Err(Error::invalid(
            "isMemberManagementRestricted",
            "Restricted management of an administrative unit's members isn't supported here.",
        ));
    }
    Ok(())
}

fn store(tx: &mut Tx<'_>, unit: &AdministrativeUnit, op: Op, changed: &[&str]) -> Result<()> {
    let tenant = tx.tenant();
    let document = &unit.document;
    let doc = serde_json::to_string(document).map_err(Error::internal)?;
    let name = fold(unit.display_name());
    let description = folded_json(document.get("description"));
    let visibility = folded_json(document.get("visibility"));
    let mut values: Vec<Param<'_>> = vec![
        (&tenant).into(),
        (&unit.id).into(),
        (&doc).into(),
        unit.deleted_at.into(),
        (&name).into(),
        description.as_deref().into(),
        visibility.as_deref().into(),
    ];
    let change = Change::new("administrativeUnit", unit.id.uuid(), op, changed);
    let mut recorded = tx.record(change)?;
    if op == Op::Created {
        values.push(unit.created_at.into());
        recorded.execute(INSERT, &values)?;
    } else {
        recorded.execute(UPDATE, &values)?;
    }
    Ok(())
}

/// Deletes a unit, which can be restored for 30 days with its members and the roles given for it;
/// until then these open nothing.
pub fn delete(tx: &mut Tx<'_>, id: Id<kind::AdministrativeUnit>) -> Result<()> {
    let mut unit = get(tx, id)?;
    unit.deleted_at = Some(tx.now());
    store(tx, &unit, Op::Deleted, &[])?;
    audited::act(tx, "Delete administrative unit", &unit)
}

/// A deleted unit.
pub fn get_deleted(
    tx: &ReadTx<'_>,
    id: Id<kind::AdministrativeUnit>,
) -> Result<AdministrativeUnit> {
    load(tx, id)?
        .filter(|found| found.deleted_at.is_some())
        .ok_or_else(|| Error::not_found("administrativeUnit", id))
}

/// Brings a deleted unit back with its id.
pub fn restore(tx: &mut Tx<'_>, id: Id<kind::AdministrativeUnit>) -> Result<AdministrativeUnit> {
    let mut unit = get_deleted(tx, id)?;
    unit.deleted_at = None;
    store(tx, &unit, Op::Restored, &[])?;
    audited::act(tx, "Restore administrative unit", &unit)?;
    Ok(unit)
}

/// Deletes a deleted unit for good, and with it the roles that were given for it.
pub fn purge(tx: &mut Tx<'_>, id: Id<kind::AdministrativeUnit>) -> Result<()> {
    let unit = get_deleted(tx, id)?;
    let tenant = tx.tenant();
    roles::drop_all(tx, id.uuid())?;
    drop_memberships(tx, id.uuid())?;
    tx.record(Change::new(
        "administrativeUnit",
        id.uuid(),
        Op::Purged,
        &[],
    ))?
    .execute(DELETE, params![&tenant, &id])?;
    audited::act(tx, "Hard Delete administrative unit", &unit)
}

/// Purges those that were deleted before an instant, so many at most; answers how many.
pub fn purge_expired(tx: &mut Tx<'_>, deleted_before: Timestamp, limit: usize) -> Result<usize> {
    let ids: Vec<Id<kind::AdministrativeUnit>> = tx.query(
        EXPIRED,
        params![&tx.tenant(), deleted_before, limit],
        |row| row.id(0),
    )?;
    for id in &ids {
        purge(tx, *id)?;
    }
    Ok(ids.len())
}
