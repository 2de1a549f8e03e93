//! The default: what holds for every tenant without an entry, and for what an entry leaves null.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{ReadTx, Tx};
use types::{Error, Result, TenantId};

use crate::body::{self, Object};
use crate::model::{Redemption, Settings};
use crate::records::{PolicyRow, audit, differences, from_object, names, parse, text, to_object};

/// The default of a tenant: every part is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultConfiguration {
    /// Whose.
    pub tenant_id: TenantId,
    /// Whether nobody has changed it.
    pub is_service_default: bool,
    /// Its parts.
    pub settings: Settings,
    /// How invitations are redeemed.
    pub redemption: Redemption,
}

/// What is stored.
#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(flatten)]
    settings: Settings,
    #[serde(rename = "invitationRedemptionIdentityProviderConfiguration")]
    redemption: Redemption,
}

fn service_default() -> Document {
    Document {
        settings: Settings::service_default(),
        redemption: Redemption::service_default(),
    }
}

impl DefaultConfiguration {
    /// As Graph shows it.
    pub fn to_graph(&self) -> Result<Map<String, Value>> {
        let mut object = Map::new();
        object.insert("id".into(), json!(self.tenant_id));
        object.insert("isServiceDefault".into(), json!(self.is_service_default));
        object.extend(to_object(&self.settings)?);
        object.insert(
            "invitationRedemptionIdentityProviderConfiguration".into(),
            json!(self.redemption),
        );
        Ok(object)
    }
}

/// The default.
pub fn get_default(tx: &ReadTx<'_>) -> Result<DefaultConfiguration> {
    let row = PolicyRow::load(tx)?;
    let is_service_default = row.default.is_none();
    let Document {
        settings,
        redemption,
    } = row
        .default
        .as_deref()
        .map_or_else(|| Ok(service_default()), parse)?;
    Ok(DefaultConfiguration {
        tenant_id: tx.tenant(),
        is_service_default,
        settings,
        redemption,
    })
}

/// PATCH of the default. What is sent as null is the service's again.
pub fn update_default(tx: &mut Tx<'_>, body: &Object) -> Result<()> {
    let row = PolicyRow::load(tx)?;
    let service = to_object(&service_default())?;
    let old = match row.default.as_deref() {
        Some(doc) => parse::<Object>(doc)?,
        None => service.clone(),
    };
    let mut new = old.clone();
    let kind = "crossTenantAccessPolicyConfigurationDefault";
    body::apply(
        body::default_parts(),
        kind,
        &mut new,
        body,
        |name, _| match name {
            "id" | "isServiceDefault" => Err(body::read_only(name)),
            _ => Ok(false),
        },
    )?;
    fill(&mut new, &service);
    let document: Document = from_object(new.clone())?;
    let consent = document.settings.automatic_user_consent_settings;
    if consent.inbound_allowed == Some(true) || consent.outbound_allowed == Some(true) {
        return Err(Error::invalid(
            "automaticUserConsentSettings",
            "Property 'automaticUserConsentSettings' can't allow every tenant: set it for a partner.",
        ));
    }
    let modified = differences(body::default_parts(), &old, &new);
    if modified.is_empty() {
        return Ok(());
    }
    let row = PolicyRow {
        default: Some(text(&document)?),
        ..row
    };
    row.save(tx, &names("default.", &modified))?;
    let tenant = tx.tenant();
    audit(
        tx,
        "Update the company default cross-tenant access setting",
        tenant,
        "default",
        modified,
    )
}

/// Puts the service's values where there are none: the default has nobody else to inherit from.
fn fill(entry: &mut Object, service: &Object) {
    for (name, from) in service {
        match (entry.get_mut(name), from) {
            (Some(Value::Object(part)), Value::Object(from)) => {
                for (member, value) in from {
                    if part.get(member).is_none_or(Value::is_null) {
                        part.insert(member.clone(), value.clone());
                    }
                }
            }
            _ => {
                entry.insert(name.clone(), from.clone());
            }
        }
    }
}

/// Back to the service's default.
pub fn reset_default(tx: &mut Tx<'_>) -> Result<()> {
    let row = PolicyRow::load(tx)?;
    let Some(doc) = row.default.as_deref() else {
        return Ok(());
    };
    let modified = differences(
        body::default_parts(),
        &parse::<Object>(doc)?,
        &to_object(&service_default())?,
    );
    PolicyRow {
        default: None,
        ..row
    }
    .save(tx, &["default".to_owned()])?;
    let tenant = tx.tenant();
    audit(
        tx,
        "Reset the cross-tenant access default setting",
        tenant,
        "default",
        modified,
    )
}
