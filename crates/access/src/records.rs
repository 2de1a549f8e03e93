//! What the modules of the policy share: the policy's row, conversion, differences, audit.

use audit::Target;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Result};

use crate::body::{Object, Part};

/// The feed's name for changes of the policy, its default and its templates.
const POLICY_KIND: &str = "crossTenantAccessPolicy";
/// The audit log's category for all that happens here.
const CATEGORY: &str = "Policy";

/// The policy's row. A document that is `None` is the service's own.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct PolicyRow {
    pub(crate) display_name: Option<String>,
    pub(crate) allowed_cloud_endpoints: Vec<String>,
    pub(crate) default: Option<String>,
    pub(crate) partner_template: Option<String>,
    pub(crate) identity_template: Option<String>,
}

const GET: &str = "SELECT display_name, allowed_cloud_endpoints, default_doc, partner_template_doc, \
    identity_template_doc FROM access_policy WHERE tenant_id = ?1";
const SET: &str = "INSERT INTO access_policy (tenant_id, display_name, allowed_cloud_endpoints, \
    default_doc, partner_template_doc, identity_template_doc) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
    ON CONFLICT (tenant_id) DO UPDATE SET display_name = excluded.display_name, \
    allowed_cloud_endpoints = excluded.allowed_cloud_endpoints, \
    default_doc = excluded.default_doc, partner_template_doc = excluded.partner_template_doc, \
    identity_template_doc = excluded.identity_template_doc";

impl PolicyRow {
    pub(crate) fn load(tx: &ReadTx<'_>) -> Result<Self> {
        let row = tx.query_one(GET, params![&tx.tenant()], |row| {
            Ok(Self {
                display_name: row.opt_string(0)?,
                allowed_cloud_endpoints: parse(row.text(1)?)?,
                default: row.opt_string(2)?,
                partner_template: row.opt_string(3)?,
                identity_template: row.opt_string(4)?,
            })
        })?;
        Ok(row.unwrap_or_default())
    }

    /// Writes the row, with the change that it is in the feed.
    pub(crate) fn save(&self, tx: &mut Tx<'_>, changed: &[String]) -> Result<()> {
        let tenant = tx.tenant();
        let endpoints = text(&self.allowed_cloud_endpoints)?;
        let changed: Vec<&str> = changed.iter().map(String::as_str).collect();
        tx.record(Change::new(
            POLICY_KIND,
            tenant.uuid(),
            Op::Updated,
            &changed,
        ))?
        .execute(
            SET,
            params![
                &tenant,
                self.display_name.as_deref(),
                &endpoints,
                self.default.as_deref(),
                self.partner_template.as_deref(),
                self.identity_template.as_deref(),
            ],
        )?;
        Ok(())
    }
}

/// A value as it is stored.
pub(crate) fn text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}

/// A stored value.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(Error::internal)
}

/// A value as the API has it.
pub(crate) fn to_object(value: &impl Serialize) -> Result<Object> {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Error::internal("not an object")),
        Err(error) => Err(Error::internal(error)),
    }
}

/// A value from what [`crate::body`] has checked.
pub(crate) fn from_object<T: DeserializeOwned>(object: Object) -> Result<T> {
    serde_json::from_value(Value::Object(object)).map_err(Error::internal)
}

/// What changed: the property, before, after.
pub(crate) type Difference = (String, Value, Value);

/// The parts in which two entries differ.
pub(crate) fn differences(parts: &[Part], old: &Object, new: &Object) -> Vec<Difference> {
    let of = |object: &Object, name| object.get(name).cloned().unwrap_or(Value::Null);
    parts
        .iter()
        .map(|part| (part.name.to_owned(), of(old, part.name), of(new, part.name)))
        .filter(|(_, old, new)| old != new)
        .collect()
}

/// The names of what changed, below `prefix`.
pub(crate) fn names(prefix: &str, differences: &[Difference]) -> Vec<String> {
    differences
        .iter()
        .map(|(name, _, _)| format!("{prefix}{name}"))
        .collect()
}

/// Records a change of a policy in the audit log.
pub(crate) fn audit(
    tx: &mut Tx<'_>,
    activity: &str,
    target: impl ToString,
    name: &str,
    modified: Vec<Difference>,
) -> Result<()> {
    let target = Target {
        modified,
        ..Target::new(target, name, "Policy")
    };
    audit::record(tx, audit::Entry::success(CATEGORY, activity).target(target)).map(drop)
}
