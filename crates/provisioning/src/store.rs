//! The schemas that this tenant keeps for its pairs: at most one for each target tenant.
//!
//! A pair without one works by the default. Every change gets a new revision, by which the pair
//! notices that it has to go over its users again.

use ::store::{Change, Op, ReadTx, Tx, params};
use serde_json::{Value, json};
use types::{Error, Result, TenantId};

use crate::schema::{AttributeMapping, Schema};

const KIND: &str = "synchronizationSchema";

/// A schema as it is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The schema.
    pub schema: Schema,
    /// Its revision.
    pub revision: u64,
    /// What random values of this schema are made from, together with the user's id; a secret.
    pub seed: [u8; 16],
}

/// The schema of a pair; none if it has none of its own.
pub fn load(tx: &ReadTx<'_>, target: TenantId) -> Result<Option<Kept>> {
    let row = tx.query_one(
        "SELECT revision, seed, doc FROM synchronization_schemas \
         WHERE tenant_id = ?1 AND target_tenant_id = ?2 AND doc IS NOT NULL",
        params![&tx.tenant(), &target],
        |row| Ok((row.count(0)?, row.uuid(1)?, row.string(2)?)),
    )?;
    let Some((revision, seed, doc)) = row else {
        return Ok(None);
    };
    let doc: Value = serde_json::from_str(&doc).map_err(Error::internal)?;
    // It was valid when it was written.
    let schema = Schema::read(&doc)
        .map_err(|error| Error::internal(format!("a kept schema can't be read: {error}")))?;
    Ok(Some(Kept {
        schema,
        revision,
        seed: seed.into_bytes(),
    }))
}

/// The revision of a pair's own schema; none if it works by the default.
pub fn revision(tx: &ReadTx<'_>, target: TenantId) -> Result<Option<u64>> {
    tx.query_one(
        "SELECT revision FROM synchronization_schemas \
         WHERE tenant_id = ?1 AND target_tenant_id = ?2 AND doc IS NOT NULL",
        params![&tx.tenant(), &target],
        |row| row.count(0),
    )
}

/// Keeps a schema for a pair, and audits the change; the same again changes nothing. The caller makes
/// sure that the target is one that this tenant synchronizes to.
pub fn save(tx: &mut Tx<'_>, target: TenantId, schema: &Schema) -> Result<()> {
    let old = load(tx, target)?;
    let default = Schema::default_for_users();
    if old.as_ref().map_or(&default, |old| &old.schema) == schema {
        return Ok(());
    }
    let mut doc = schema.to_json("");
    if schema.directories == default.directories
        && let Some(doc) = doc.as_object_mut()
    {
        // The larger part of it, which reading fills in.
        doc.remove("directories");
    }
    let doc = doc.to_string();
    let seed = tx.random_bytes::<16>();
    write(tx, target, Op::Updated, Some(&doc), seed)?;
    let before = old.map_or(default, |old| old.schema);
    audit_change(tx, target, "Update synchronization schema", &before, schema)
}

/// Goes back to the default; a pair without a schema of its own is left as it is.
pub fn delete(tx: &mut Tx<'_>, target: TenantId) -> Result<()> {
    let Some(old) = load(tx, target)? else {
        return Ok(());
    };
    write(tx, target, Op::Deleted, None, [0; 16])?;
    audit_change(
        tx,
        target,
        "Delete synchronization schema",
        &old.schema,
        &Schema::default_for_users(),
    )
}

/// The row stays when the schema goes, so that no later one has a revision that was there before.
fn write(
    tx: &mut Tx<'_>,
    target: TenantId,
    op: Op,
    doc: Option<&str>,
    seed: [u8; 16],
) -> Result<()> {
    let (tenant, seed) = (tx.tenant(), uuid::Uuid::from_bytes(seed));
    tx.record(Change::new(KIND, target.uuid(), op, &["schema"]))?
        .execute(
            "INSERT INTO synchronization_schemas (tenant_id, target_tenant_id, revision, seed, doc) \
             VALUES (?1, ?2, 1, ?3, ?4) ON CONFLICT (tenant_id, target_tenant_id) DO UPDATE SET \
             revision = synchronization_schemas.revision + 1, seed = excluded.seed, \
             doc = excluded.doc",
            params![&tenant, &target, &seed, doc],
        )
        .map(drop)
}

/// What people look for in the log: which attribute is made from what, and whom it is for.
fn audit_change(
    tx: &mut Tx<'_>,
    target: TenantId,
    activity: &str,
    old: &Schema,
    new: &Schema,
) -> Result<()> {
    let mappings = |schema: &Schema| -> Value {
        let mappings = schema.rule.users.attribute_mappings.iter();
        let mappings = mappings.map(|mapping| (mapping.target.clone(), summary(mapping)));
        Value::Object(mappings.collect())
    };
    let scope = |schema: &Schema| {
        let users = &schema.rule.users;
        json!({
            "enabled": users.enabled,
            "flowTypes": users.flow_types.to_text(),
            "scope": users.scope.as_ref().map(crate::filter::Filter::to_json),
        })
    };
    let object = audit::Target::new(target.uuid(), "synchronizationSchema", "Other")
        .modified("attributeMappings", mappings(old), mappings(new))
        .modified("objectMapping", scope(old), scope(new));
    audit::record(
        tx,
        audit::Entry::success("ProvisioningManagement", activity).target(object),
    )
    .map(drop)
}

fn summary(mapping: &AttributeMapping) -> Value {
    let source = mapping.source.as_ref().map(ToString::to_string);
    let source = source.unwrap_or_default();
    json!(format!("{source} ({})", mapping.flow_type.name()))
}
