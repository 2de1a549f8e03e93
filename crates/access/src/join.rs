//! What membership in an organization does to this tenant's own policy.
//!
//! - A partner that is active in the organization gets the entries that it lacks, unconfigured.
//! - Then this tenant's templates are laid over them, each by its level. A template's null leaves
//!   the entry's value alone, member by member; a value overwrites it.
//! - The plan is made first and is all that is carried out, so that a preview can't differ from
//!   what follows. Each change says whether it loosens, so that nothing is loosened silently.
//! - There is no template in reverse: leaving changes no setting.

use serde::Serialize;
use serde_json::{Value, json};
use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Result, TenantId};

use crate::body::{self, Member, Object};
use crate::default::get_default;
use crate::evaluate::permits_more;
use crate::identity_sync::{self, IdentitySync};
use crate::model::Settings;
use crate::partners::{self, PARTNER_KIND, find_partner};
use crate::records::{from_object, to_object};
use crate::templates::{get_identity_sync_template, get_partner_template};

/// A setting that the templates change.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingChange {
    /// The partner whose entry it is in.
    pub tenant_id: TenantId,
    /// Whether the entry was there before.
    pub existing: bool,
    /// Its name: `partners/{id}.automaticUserConsentSettings.inboundAllowed`.
    pub setting: String,
    /// Its value before; null where it inherited or wasn't set.
    pub from: Value,
    /// Its value after.
    pub to: Value,
    /// Whether it may let something pass that didn't pass before.
    pub loosens: bool,
}

/// What is to be done about a partner.
struct Plan {
    partner: TenantId,
    old: Option<Settings>,
    new: Settings,
    old_sync: Option<IdentitySync>,
    new_sync: IdentitySync,
    changes: Vec<SettingChange>,
}

fn plan(tx: &ReadTx<'_>, partner: TenantId) -> Result<Plan> {
    if partner == tx.tenant() {
        return Err(Error::invalid(
            "tenantId",
            "A tenant can't be a partner of its own.",
        ));
    }
    let found = find_partner(tx, partner)?;
    let (old, old_sync) = match found {
        Some(found) => (Some(found.settings), found.identity_synchronization),
        None => (None, None),
    };
    let mut changes = Vec::new();
    let mut new = old.clone().unwrap_or_default();
    let template = get_partner_template(tx)?;
    if template.level.applies(old.is_some()) {
        let mut entry = to_object(&new)?;
        let default = to_object(&get_default(tx)?.settings)?;
        for mut change in overlay(&mut entry, &template.parts()?, &default)? {
            change.setting = format!("partners/{partner}.{}", change.setting);
            changes.push(SettingChange {
                tenant_id: partner,
                existing: old.is_some(),
                ..change
            });
        }
        new = from_object(entry)?;
    }
    let mut new_sync = old_sync.clone().unwrap_or_default();
    let template = get_identity_sync_template(tx)?;
    let existing = old_sync.is_some();
    if template.level.applies(existing)
        && let Some(allowed) = template.is_sync_allowed
        && new_sync.is_sync_allowed != Some(allowed)
    {
        changes.push(SettingChange {
            tenant_id: partner,
            existing,
            setting: format!(
                "partners/{partner}.identitySynchronization.userSyncInbound.isSyncAllowed"
            ),
            from: json!(new_sync.is_sync_allowed),
            to: json!(allowed),
            loosens: allowed,
        });
        new_sync.is_sync_allowed = Some(allowed);
    }
    Ok(Plan {
        partner,
        old,
        new,
        old_sync,
        new_sync,
        changes,
    })
}

/// Lays a template over an entry; answers what that changes.
fn overlay(entry: &mut Object, template: &Object, default: &Object) -> Result<Vec<SettingChange>> {
    let mut changes = Vec::new();
    for part in body::template_parts() {
        for (member, kind) in part.members {
            let to = at(template, part.name, member);
            let from = at(entry, part.name, member);
            if to.is_null() || to == from {
                continue;
            }
            let in_force = if from.is_null() {
                at(default, part.name, member)
            } else {
                from.clone()
            };
            changes.push(SettingChange {
                tenant_id: TenantId::nil(),
                existing: false,
                setting: format!("{}.{member}", part.name),
                from,
                to: to.clone(),
                loosens: loosens(*kind, &in_force, &to)?,
            });
            let slot = entry.entry(part.name).or_insert(Value::Null);
            if slot.is_null() {
                *slot = part
                    .members
                    .iter()
                    .map(|(name, _)| ((*name).to_owned(), Value::Null))
                    .collect();
            }
            if let Some(slot) = slot.as_object_mut() {
                slot.insert((*member).to_owned(), to);
            }
        }
    }
    Ok(changes)
}

fn at(entry: &Object, part: &str, member: &str) -> Value {
    entry
        .get(part)
        .and_then(|part| part.get(member))
        .cloned()
        .unwrap_or(Value::Null)
}

fn loosens(kind: Member, from: &Value, to: &Value) -> Result<bool> {
    if kind == Member::Flag {
        return Ok(*to == json!(true) && *from != json!(true));
    }
    if from.is_null() {
        return Ok(true);
    }
    let read = |value: &Value| serde_json::from_value(value.clone()).map_err(Error::internal);
    Ok(permits_more(&read(from)?, &read(to)?))
}

/// What [`apply_templates`] would change.
pub fn preview_templates(tx: &ReadTx<'_>, partner: TenantId) -> Result<Vec<SettingChange>> {
    Ok(plan(tx, partner)?.changes)
}

/// Makes the entries for a partner that has become active in the organization, where they are
/// missing, and applies the templates to them. Answers what that has changed.
pub fn apply_templates(tx: &mut Tx<'_>, partner: TenantId) -> Result<Vec<SettingChange>> {
    let plan = plan(tx, partner)?;
    match &plan.old {
        None => partners::insert(tx, plan.partner, &plan.new)?,
        Some(old) => partners::replace(tx, plan.partner, old, &plan.new)?,
    }
    match &plan.old_sync {
        None => identity_sync::create(tx, plan.partner, &plan.new_sync)?,
        Some(old) => identity_sync::replace(tx, plan.partner, old, &plan.new_sync)?,
    }
    Ok(plan.changes)
}

const IN_ORGANIZATION: &str = "SELECT count(*) FROM access_organization \
    WHERE tenant_id = ?1 AND partner_tenant_id = ?2";
const MARK: &str = "INSERT INTO access_organization (tenant_id, partner_tenant_id) \
    VALUES (?1, ?2)";
const UNMARK: &str =
    "DELETE FROM access_organization WHERE tenant_id = ?1 AND partner_tenant_id = ?2";

/// Marks a partner as active in this tenant's organization or not. Makes no entry.
pub fn set_membership(tx: &mut Tx<'_>, partner: TenantId, in_organization: bool) -> Result<()> {
    let tenant = tx.tenant();
    let key = params![&tenant, &partner];
    if (tx.count(IN_ORGANIZATION, key)? > 0) == in_organization {
        return Ok(());
    }
    let sql = if in_organization { MARK } else { UNMARK };
    if find_partner(tx, partner)?.is_none() {
        // Nobody can see the mark of a tenant without an entry.
        return tx.bookkeeping().execute(sql, key).map(drop);
    }
    let changed = ["isInMultiTenantOrganization"];
    tx.record(Change::new(
        PARTNER_KIND,
        partner.uuid(),
        Op::Updated,
        &changed,
    ))?
    .execute(sql, key)
    .map(drop)
}
