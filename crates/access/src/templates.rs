//! The two templates that joining an organization applies. Editing one touches no entry that is
//! there; `templateApplicationLevel` says to which entries a join applies it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{ReadTx, Tx};
use types::{Error, Result};

use crate::body::{self, Object};
use crate::model::Settings;
use crate::records::{PolicyRow, audit, differences, from_object, names, parse, text, to_object};

/// To which entries a template is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Those that the join makes.
    pub new_partners: bool,
    /// Those that were there.
    pub existing_partners: bool,
}

impl Level {
    /// To all of them, which is how templates are until somebody changes them.
    pub const ALL: Self = Self {
        new_partners: true,
        existing_partners: true,
    };

    /// As Graph writes it.
    pub const fn as_str(self) -> &'static str {
        match (self.new_partners, self.existing_partners) {
            (true, true) => "newPartners,existingPartners",
            (true, false) => "newPartners",
            (false, true) => "existingPartners",
            (false, false) => "none",
        }
    }
    /// Reads Graph's flags: words with commas between them, in any order; nothing is `none`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut level = Self {
            new_partners: false,
            existing_partners: false,
        };
        if text.trim().is_empty() {
            return Some(level);
        }
        for word in text.split(',') {
            match word.trim() {
                "none" => {}
                "newPartners" => level.new_partners = true,
                "existingPartners" => level.existing_partners = true,
                _ => return None,
            }
        }
        Some(level)
    }
    /// Whether it applies to an entry.
    pub const fn applies(self, existing: bool) -> bool {
        if existing {
            self.existing_partners
        } else {
            self.new_partners
        }
    }
    fn from_body(name: &str, value: &Value) -> Result<Self> {
        value.as_str().and_then(Self::parse).ok_or_else(|| {
            Error::invalid(
                name,
                format!(
                    "Invalid value for property '{name}': it has to be none, newPartners, \
                     existingPartners or newPartners,existingPartners."
                ),
            )
        })
    }
}

/// `multiTenantOrganizationPartnerConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerTemplate {
    /// To which entries it is applied.
    pub level: Level,
    /// What it sets; null leaves untouched.
    pub settings: Settings,
}

/// `multiTenantOrganizationIdentitySynchronization`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentitySyncTemplate {
    /// To which entries it is applied.
    pub level: Level,
    /// What it sets; null leaves untouched.
    pub is_sync_allowed: Option<bool>,
}

const PARTNER_TEMPLATE: &str = "multiTenantOrganizationPartnerConfiguration";
const IDENTITY_TEMPLATE: &str = "multiTenantOrganizationIdentitySynchronization";
const LEVEL: &str = "templateApplicationLevel";

impl Default for PartnerTemplate {
    fn default() -> Self {
        Self {
            level: Level::ALL,
            settings: Settings::default(),
        }
    }
}

impl Default for IdentitySyncTemplate {
    fn default() -> Self {
        Self {
            level: Level::ALL,
            is_sync_allowed: None,
        }
    }
}

impl PartnerTemplate {
    /// As Graph shows it.
    pub fn to_graph(&self) -> Result<Map<String, Value>> {
        let mut object = Map::new();
        object.insert("id".into(), json!(PARTNER_TEMPLATE));
        object.insert(LEVEL.into(), json!(self.level.as_str()));
        object.extend(self.parts()?);
        Ok(object)
    }
    /// The parts that a template has, of those that an entry has.
    pub(crate) fn parts(&self) -> Result<Object> {
        let mut settings = to_object(&self.settings)?;
        settings.retain(|name, _| body::template_parts().iter().any(|part| part.name == name));
        Ok(settings)
    }
}

impl IdentitySyncTemplate {
    /// As Graph shows it.
    pub fn to_graph(&self) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("id".into(), json!(IDENTITY_TEMPLATE));
        object.insert(LEVEL.into(), json!(self.level.as_str()));
        object.insert("userSyncInbound".into(), self.inbound());
        object
    }
    fn inbound(&self) -> Value {
        self.is_sync_allowed
            .map_or(Value::Null, |allowed| json!({"isSyncAllowed": allowed}))
    }
}

/// The template for partner configurations.
pub fn get_partner_template(tx: &ReadTx<'_>) -> Result<PartnerTemplate> {
    let row = PolicyRow::load(tx)?;
    Ok(row
        .partner_template
        .as_deref()
        .map(parse)
        .transpose()?
        .unwrap_or_default())
}

/// The template for identity synchronization.
pub fn get_identity_sync_template(tx: &ReadTx<'_>) -> Result<IdentitySyncTemplate> {
    let row = PolicyRow::load(tx)?;
    Ok(row
        .identity_template
        .as_deref()
        .map(parse)
        .transpose()?
        .unwrap_or_default())
}

/// PATCH of the template for partner configurations.
pub fn update_partner_template(tx: &mut Tx<'_>, body: &Object) -> Result<()> {
    let old = get_partner_template(tx)?;
    let mut level = old.level;
    let mut entry = to_object(&old.settings)?;
    let kind = "multiTenantOrganizationPartnerConfigurationTemplate";
    body::apply(
        body::template_parts(),
        kind,
        &mut entry,
        body,
        |name, value| match name {
            LEVEL => Level::from_body(name, value)
                .map(|new| level = new)
                .map(|()| true),
            "id" => Err(body::read_only(name)),
            _ => Ok(false),
        },
    )?;
    let new = PartnerTemplate {
        level,
        settings: from_object(entry)?,
    };
    set_partner_template(tx, &old, &new, "Update")
}

/// Back to a template that sets nothing.
pub fn reset_partner_template(tx: &mut Tx<'_>) -> Result<()> {
    let old = get_partner_template(tx)?;
    set_partner_template(tx, &old, &PartnerTemplate::default(), "Reset")
}

fn set_partner_template(
    tx: &mut Tx<'_>,
    old: &PartnerTemplate,
    new: &PartnerTemplate,
    verb: &str,
) -> Result<()> {
    let mut modified = differences(body::template_parts(), &old.parts()?, &new.parts()?);
    if old.level != new.level {
        let (old, new) = (old.level.as_str(), new.level.as_str());
        modified.push((LEVEL.into(), json!(old), json!(new)));
    }
    if modified.is_empty() {
        return Ok(());
    }
    let row = PolicyRow {
        partner_template: Some(text(new)?),
        ..PolicyRow::load(tx)?
    };
    row.save(
        tx,
        &names(&format!("templates.{PARTNER_TEMPLATE}."), &modified),
    )?;
    let activity = format!("{verb} MultiTenantOrg partner configuration template");
    audit(tx, &activity, PARTNER_TEMPLATE, "", modified)
}

/// PATCH of the template for identity synchronization.
pub fn update_identity_sync_template(tx: &mut Tx<'_>, body: &Object) -> Result<()> {
    let old = get_identity_sync_template(tx)?;
    let mut new = old.clone();
    let kind = "multiTenantOrganizationIdentitySyncPolicyTemplate";
    body::apply(&[], kind, &mut Map::new(), body, |name, value| {
        match name {
            LEVEL => new.level = Level::from_body(name, value)?,
            "userSyncInbound" => {
                new.is_sync_allowed = body::user_sync_inbound(name, value, old.is_sync_allowed)?;
            }
            "id" => return Err(body::read_only(name)),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    set_identity_sync_template(tx, &old, &new, "Update")
}

/// Back to a template that sets nothing.
pub fn reset_identity_sync_template(tx: &mut Tx<'_>) -> Result<()> {
    let old = get_identity_sync_template(tx)?;
    set_identity_sync_template(tx, &old, &IdentitySyncTemplate::default(), "Reset")
}

fn set_identity_sync_template(
    tx: &mut Tx<'_>,
    old: &IdentitySyncTemplate,
    new: &IdentitySyncTemplate,
    verb: &str,
) -> Result<()> {
    let mut modified = Vec::new();
    if old.is_sync_allowed != new.is_sync_allowed {
        modified.push(("userSyncInbound".to_owned(), old.inbound(), new.inbound()));
    }
    if old.level != new.level {
        let (old, new) = (old.level.as_str(), new.level.as_str());
        modified.push((LEVEL.into(), json!(old), json!(new)));
    }
    if modified.is_empty() {
        return Ok(());
    }
    let row = PolicyRow {
        identity_template: Some(text(new)?),
        ..PolicyRow::load(tx)?
    };
    row.save(
        tx,
        &names(&format!("templates.{IDENTITY_TEMPLATE}."), &modified),
    )?;
    let activity = format!("{verb} MultiTenantOrg identity sync template");
    audit(tx, &activity, IDENTITY_TEMPLATE, "", modified)
}
