//! The policy itself: its name, and the clouds that it may reach.

use serde_json::{Map, Value, json};
use store::{ReadTx, Tx};
use types::{Error, Result, TenantId};

use crate::body::{self, Object};
use crate::records::{PolicyRow, audit, names};

/// The clouds of Microsoft's that a policy can name.
const CLOUDS: [&str; 3] = [
    "microsoftonline.com",
    "microsoftonline.us",
    "partner.microsoftonline.cn",
];

/// The policy of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Whose.
    pub tenant_id: TenantId,
    /// Its name.
    pub display_name: Option<String>,
    /// Clouds besides its own that it may collaborate with.
    pub allowed_cloud_endpoints: Vec<String>,
}

impl Policy {
    /// As Graph shows it. Its id is the tenant's: there is one per tenant.
    pub fn to_graph(&self) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("id".into(), json!(self.tenant_id));
        object.insert("deletedDateTime".into(), Value::Null);
        object.insert("description".into(), Value::Null);
        object.insert("displayName".into(), json!(self.display_name));
        object.insert(
            "allowedCloudEndpoints".into(),
            json!(self.allowed_cloud_endpoints),
        );
        object
    }
}

/// The policy.
pub fn get_policy(tx: &ReadTx<'_>) -> Result<Policy> {
    let row = PolicyRow::load(tx)?;
    Ok(Policy {
        tenant_id: tx.tenant(),
        display_name: row.display_name,
        allowed_cloud_endpoints: row.allowed_cloud_endpoints,
    })
}

/// PATCH of the policy.
pub fn update_policy(tx: &mut Tx<'_>, body: &Object) -> Result<()> {
    let old = PolicyRow::load(tx)?;
    let mut new = old.clone();
    body::apply(
        &[],
        "crossTenantAccessPolicy",
        &mut Map::new(),
        body,
        |name, value| {
            match name {
                "displayName" => new.display_name = body::display_name(name, value)?,
                "allowedCloudEndpoints" => new.allowed_cloud_endpoints = clouds(name, value)?,
                "id" | "deletedDateTime" | "description" => return Err(body::read_only(name)),
                _ => return Ok(false),
            }
            Ok(true)
        },
    )?;
    let mut modified = Vec::new();
    if new.display_name != old.display_name {
        let name = "displayName".to_owned();
        modified.push((name, json!(old.display_name), json!(new.display_name)));
    }
    if new.allowed_cloud_endpoints != old.allowed_cloud_endpoints {
        let (old, new) = (&old.allowed_cloud_endpoints, &new.allowed_cloud_endpoints);
        modified.push(("allowedCloudEndpoints".to_owned(), json!(old), json!(new)));
    }
    if modified.is_empty() {
        return Ok(());
    }
    new.save(tx, &names("", &modified))?;
    let tenant = tx.tenant();
    let name = new.display_name.unwrap_or_default();
    audit(
        tx,
        "Update cross-tenant access policy",
        tenant,
        &name,
        modified,
    )
}

fn clouds(path: &str, value: &Value) -> Result<Vec<String>> {
    let wrong = || {
        Error::invalid(
            path,
            format!(
                "Invalid value for property '{path}': it has to be a collection of {}.",
                CLOUDS.join(", ")
            ),
        )
    };
    let mut clouds: Vec<String> = Vec::new();
    for item in value.as_array().ok_or_else(wrong)? {
        let cloud = item
            .as_str()
            .filter(|cloud| CLOUDS.contains(cloud))
            .ok_or_else(wrong)?;
        if !clouds.iter().any(|known| known == cloud) {
            clouds.push(cloud.to_owned());
        }
    }
    Ok(clouds)
}
