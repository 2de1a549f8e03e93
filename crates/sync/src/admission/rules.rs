//! The rules: the default, and those of single tenants.

use std::collections::BTreeSet;

use directory::synced::{EXTRA, MAPPED};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Tx, params};
use types::{DomainName, Error, Result, TenantId};

use super::{DOMAINS_MAX, HOLD_MAX, users};
use crate::again;

const KIND: &str = "admission";
/// Characters of `displayNameSuffix`.
const SUFFIX_CHARACTERS_MAX: usize = 64;
const NAMES: [&str; 6] = [
    "maxUsers",
    "allowedMailDomains",
    "attributes",
    "displayNameSuffix",
    "maxUserType",
    "holdFirst",
];

/// Rules; what is none isn't set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rules {
    /// Users of one tenant, at most.
    pub max_users: Option<u64>,
    /// Domains of their mail, folded; without a mail that of the name.
    pub allowed_mail_domains: Option<BTreeSet<String>>,
    /// Attributes that aren't taken from home.
    pub deny: Option<BTreeSet<String>>,
    /// Values instead of the home's.
    pub r#override: Option<Map<String, Value>>,
    /// What stands behind the home's display name.
    pub display_name_suffix: Option<String>,
    /// Whether they are guests at most.
    pub guests_only: Option<bool>,
    /// How many an admin looks at first.
    pub hold_first: Option<u64>,
}

impl Rules {
    /// Whether they let everybody and everything pass.
    pub fn is_open(&self) -> bool {
        let empty = |set: &Option<BTreeSet<String>>| set.as_ref().is_none_or(BTreeSet::is_empty);
        self.max_users.is_none()
            && empty(&self.allowed_mail_domains)
            && empty(&self.deny)
            && self.r#override.as_ref().is_none_or(Map::is_empty)
            && self
                .display_name_suffix
                .as_ref()
                .is_none_or(String::is_empty)
            && self.guests_only != Some(true)
            && self.hold_first.unwrap_or(0) == 0
    }

    /// These, and for what isn't set those of `default`.
    #[must_use]
    pub fn over(self, default: Self) -> Self {
        Self {
            max_users: self.max_users.or(default.max_users),
            allowed_mail_domains: self.allowed_mail_domains.or(default.allowed_mail_domains),
            deny: self.deny.or(default.deny),
            r#override: self.r#override.or(default.r#override),
            display_name_suffix: self.display_name_suffix.or(default.display_name_suffix),
            guests_only: self.guests_only.or(default.guests_only),
            hold_first: self.hold_first.or(default.hold_first),
        }
    }

    /// The API's form.
    pub fn to_json(&self) -> Value {
        json!({
            "maxUsers": self.max_users,
            "allowedMailDomains": self.allowed_mail_domains,
            "attributes": {
                "deny": self.deny.clone().unwrap_or_default(),
                "override": self.r#override.clone().unwrap_or_default(),
            },
            "displayNameSuffix": self.display_name_suffix,
            "maxUserType": if self.guests_only == Some(true) { "guest" } else { "member" },
            "holdFirst": self.hold_first.unwrap_or(0),
        })
    }

    /// These after a PATCH: absent leaves as it is, null unsets.
    pub fn patched(&self, body: &Map<String, Value>) -> Result<Self> {
        let mut new = self.clone();
        for (name, value) in body {
            match name.as_str() {
                "maxUsers" => new.max_users = number(name, value, u64::from(u32::MAX))?,
                "holdFirst" => new.hold_first = number(name, value, HOLD_MAX)?,
                "allowedMailDomains" => new.allowed_mail_domains = domains(name, value)?,
                "displayNameSuffix" => new.display_name_suffix = suffix(name, value)?,
                "maxUserType" => {
                    new.guests_only = match value.as_str() {
                        Some("guest") => Some(true),
                        Some("member") => Some(false),
                        None if value.is_null() => None,
                        _ => return Err(wrong(name, "member, guest or null")),
                    };
                }
                "attributes" => new.set_attributes(name, value)?,
                _ => {
                    return Err(Error::invalid(
                        name,
                        format!(
                            "Property '{name}' isn't one of an admission; these are {}.",
                            NAMES.join(", ")
                        ),
                    ));
                }
            }
        }
        Ok(new)
    }

    fn set_attributes(&mut self, name: &str, value: &Value) -> Result<()> {
        let parts = match value {
            Value::Null => {
                (self.deny, self.r#override) = (None, None);
                return Ok(());
            }
            Value::Object(parts) => parts,
            _ => return Err(wrong(name, "an object with deny and override, or null")),
        };
        for (part, value) in parts {
            match (part.as_str(), value) {
                ("deny", Value::Null) => self.deny = None,
                ("override", Value::Null) => self.r#override = None,
                ("deny", Value::Array(names)) => self.deny = Some(denied(names)?),
                ("override", Value::Object(values)) => {
                    self.r#override = Some(overriding(values)?);
                }
                ("deny", _) => return Err(wrong("attributes.deny", "a list of attributes")),
                ("override", _) => {
                    return Err(wrong("attributes.override", "an object of attributes"));
                }
                _ => {
                    return Err(Error::invalid(
                        format!("attributes.{part}"),
                        format!("Property 'attributes.{part}' isn't known: use deny and override."),
                    ));
                }
            }
        }
        Ok(())
    }
}

fn wrong(name: &str, has_to: &str) -> Error {
    Error::invalid(
        name,
        format!("Invalid value for property '{name}': it has to be {has_to}."),
    )
}

fn number(name: &str, value: &Value, max: u64) -> Result<Option<u64>> {
    if value.is_null() {
        return Ok(None);
    }
    let number = value.as_u64().filter(|number| *number <= max);
    let has_to = format!("a whole number from 0 to {max}, or null");
    number.map(Some).ok_or_else(|| wrong(name, &has_to))
}

fn domains(name: &str, value: &Value) -> Result<Option<BTreeSet<String>>> {
    let has_to = format!("a list of at most {DOMAINS_MAX} domains, or null for all");
    let list = match value {
        Value::Null => return Ok(None),
        Value::Array(list) if list.len() <= DOMAINS_MAX => list,
        _ => return Err(wrong(name, &has_to)),
    };
    let domain = |item: &Value| {
        let domain = item.as_str().and_then(|text| DomainName::parse(text).ok());
        domain
            .map(|domain| domain.as_str().to_owned())
            .ok_or_else(|| wrong(name, &has_to))
    };
    list.iter().map(domain).collect::<Result<_>>().map(Some)
}

fn suffix(name: &str, value: &Value) -> Result<Option<String>> {
    match value {
        Value::Null => Ok(None),
        Value::String(text)
            if text.chars().count() <= SUFFIX_CHARACTERS_MAX
                && !text.chars().any(char::is_control) =>
        {
            Ok(Some(text.clone()))
        }
        _ => {
            let has_to = format!(
                "a text of at most {SUFFIX_CHARACTERS_MAX} characters without control characters, or null"
            );
            Err(wrong(name, &has_to))
        }
    }
}

fn denied(names: &[Value]) -> Result<BTreeSet<String>> {
    let can_be = |name: &str| {
        (MAPPED.contains(&name) && name != "displayName") || ["mail", "manager"].contains(&name)
    };
    let one = |name: &Value| match name.as_str() {
        Some(name) if can_be(name) => Ok(name.to_owned()),
        _ => Err(wrong(
            "attributes.deny",
            "a list of attributes that are synchronized, displayName excepted",
        )),
    };
    names.iter().map(one).collect()
}

fn overriding(values: &Map<String, Value>) -> Result<Map<String, Value>> {
    let mut normal = Map::new();
    for (name, value) in values {
        let path = format!("attributes.override.{name}");
        let can_be = MAPPED.contains(&name.as_str()) || EXTRA.contains(&name.as_str());
        if !can_be || value.is_null() {
            return Err(wrong(&path, "a value of an attribute that is synchronized"));
        }
        let value = directory::synced::normal(name, value)?;
        normal.extend(value.map(|value| (name.clone(), value)));
    }
    Ok(normal)
}

const fn key_of(source: Option<TenantId>) -> TenantId {
    match source {
        Some(source) => source,
        None => TenantId::nil(),
    }
}

/// The rules of a tenant by itself, or (`None`) the default; nothing set where there is no entry.
pub fn get(tx: &ReadTx<'_>, source: Option<TenantId>) -> Result<Option<Rules>> {
    let doc = tx.query_one(
        "SELECT doc FROM admission_rules WHERE tenant_id = ?1 AND source_tenant_id = ?2",
        params![&tx.tenant(), &key_of(source)],
        |row| row.string(0),
    )?;
    doc.map(|doc| serde_json::from_str(&doc).map_err(Error::internal))
        .transpose()
}

/// The rules for users of a tenant.
pub fn in_force(tx: &ReadTx<'_>, source: TenantId) -> Result<Rules> {
    let default = get(tx, None)?.unwrap_or_default();
    Ok(get(tx, Some(source))?.unwrap_or_default().over(default))
}

fn refuse_stranger(tx: &ReadTx<'_>, source: Option<TenantId>) -> Result<()> {
    match source {
        Some(source) if source == tx.tenant() => Err(Error::invalid(
            "tenantId",
            "This is your own tenant: admission is for users of the others.",
        )),
        Some(source) => organization::member(tx, source).map(drop),
        None => Ok(()),
    }
}

/// Changes rules by a PATCH.
pub fn set(tx: &mut Tx<'_>, source: Option<TenantId>, body: &Map<String, Value>) -> Result<()> {
    refuse_stranger(tx, source)?;
    let old = get(tx, source)?;
    let before = old.clone().unwrap_or_default();
    let after = before.patched(body)?;
    if before == after {
        return Ok(());
    }
    let (tenant, key) = (tx.tenant(), key_of(source));
    let doc = serde_json::to_string(&after).map_err(Error::internal)?;
    let op = if old.is_some() {
        Op::Updated
    } else {
        Op::Created
    };
    tx.record(Change::new(KIND, key.uuid(), op, &[]))?.execute(
        "INSERT INTO admission_rules (tenant_id, source_tenant_id, doc) VALUES (?1, ?2, ?3) \
         ON CONFLICT (tenant_id, source_tenant_id) DO UPDATE SET doc = excluded.doc",
        params![&tenant, &key, &doc],
    )?;
    changed(tx, source, &before, &after)
}

/// Drops a tenant's own rules, so that the default applies to it.
pub fn reset(tx: &mut Tx<'_>, source: TenantId) -> Result<()> {
    let Some(before) = get(tx, Some(source))? else {
        return Err(Error::not_found("admission", source));
    };
    let tenant = tx.tenant();
    tx.record(Change::new(KIND, source.uuid(), Op::Deleted, &[]))?
        .execute(
            "DELETE FROM admission_rules WHERE tenant_id = ?1 AND source_tenant_id = ?2",
            params![&tenant, &source],
        )?;
    changed(tx, Some(source), &before, &Rules::default())
}

fn changed(tx: &mut Tx<'_>, source: Option<TenantId>, before: &Rules, after: &Rules) -> Result<()> {
    let name = if source.is_some() {
        "tenant"
    } else {
        "default"
    };
    let target = audit::Target::new(key_of(source).uuid(), name, "Other").modified(
        "admission",
        before.to_json(),
        after.to_json(),
    );
    let entry = audit::Entry::success("UserSharing", "Update admission of users of other tenants");
    audit::record(tx, entry.target(target))?;
    let sources = match source {
        Some(source) if organization::is_active_with(tx, source)? => vec![source],
        Some(_) => Vec::new(),
        None => organization::active_members(tx)?,
    };
    for source in sources {
        users::forget_turned_away(tx, source)?;
        again::ask(tx, source, &again::Whom::All)?;
    }
    Ok(())
}
