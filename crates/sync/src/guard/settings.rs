//! A tenant's own thresholds.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Result};

use super::{DELETIONS_MAX, FLOOR, PERCENT_MAX, WINDOW_HOURS};
use crate::pair;

/// The greatest number that can be set.
const NUMBER_MAX: u64 = 1_000_000;

/// The thresholds of all pairs of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Whether anything is stopped.
    pub is_enabled: bool,
    /// Deletions and disablings within the window.
    pub max_deletions: u64,
    /// The same in percent of the users that the target has.
    pub max_percent: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            is_enabled: true,
            max_deletions: DELETIONS_MAX,
            max_percent: PERCENT_MAX,
        }
    }
}

impl Settings {
    /// How many of so many users may go.
    pub fn threshold(&self, users: u64) -> u64 {
        let percent = users.saturating_mul(self.max_percent) / 100;
        percent.max(FLOOR).min(self.max_deletions)
    }

    /// The API's form.
    pub fn to_json(&self) -> Value {
        json!({
            "isEnabled": self.is_enabled,
            "maxDeletions": self.max_deletions,
            "maxPercent": self.max_percent,
            "floor": FLOOR,
            "windowHours": WINDOW_HOURS,
        })
    }

    /// These after a PATCH: absent leaves as it is, null sets the default.
    fn patched(&self, body: &Map<String, Value>) -> Result<Self> {
        let mut new = self.clone();
        let default = Self::default();
        for (name, value) in body {
            match name.as_str() {
                "isEnabled" => {
                    new.is_enabled = match value {
                        Value::Null => default.is_enabled,
                        Value::Bool(enabled) => *enabled,
                        _ => return Err(wrong(name, "true or false")),
                    };
                }
                "maxDeletions" => {
                    let number = number(name, value, 0, NUMBER_MAX)?;
                    new.max_deletions = number.unwrap_or(default.max_deletions);
                }
                "maxPercent" => {
                    let number = number(name, value, 1, 100)?;
                    new.max_percent = number.unwrap_or(default.max_percent);
                }
                _ => {
                    return Err(Error::invalid(
                        name,
                        format!(
                            "Property '{name}' can't be set; these can be: isEnabled, \
                             maxDeletions, maxPercent."
                        ),
                    ));
                }
            }
        }
        Ok(new)
    }
}

fn wrong(name: &str, what: &str) -> Error {
    Error::invalid(name, format!("'{name}' has to be {what}."))
}

fn number(name: &str, value: &Value, min: u64, max: u64) -> Result<Option<u64>> {
    match value {
        Value::Null => Ok(None),
        value => match value.as_u64().filter(|number| (min..=max).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(
                name,
                &format!("a whole number from {min} to {max}, or null"),
            )),
        },
    }
}

/// The thresholds in force.
pub fn get(tx: &ReadTx<'_>) -> Result<Settings> {
    let text = tx.query_one(
        "SELECT doc FROM deletion_guard WHERE tenant_id = ?1",
        params![&tx.tenant()],
        |row| row.string(0),
    )?;
    text.map_or_else(
        || Ok(Settings::default()),
        |text| serde_json::from_str(&text).map_err(Error::internal),
    )
}

/// Changes them by a JSON patch object. Without a guard nothing waits.
pub fn update(tx: &mut Tx<'_>, body: &Map<String, Value>) -> Result<()> {
    let old = get(tx)?;
    let new = old.patched(body)?;
    if old == new {
        return Ok(());
    }
    let tenant = tx.tenant();
    let doc = serde_json::to_string(&new).map_err(Error::internal)?;
    let change = Change::new(
        "userSharing",
        uuid::Uuid::nil(),
        Op::Updated,
        &["deletionGuard"],
    );
    tx.record(change)?.execute(
        "INSERT INTO deletion_guard (tenant_id, doc) VALUES (?1, ?2) \
         ON CONFLICT (tenant_id) DO UPDATE SET doc = excluded.doc",
        params![&tenant, &doc],
    )?;
    if !new.is_enabled {
        for pair in pair::all(tx)? {
            if pair.quarantined_at.is_some() {
                super::confirm(tx, pair.target)?;
            }
        }
    }
    let target = audit::Target::new(tenant.uuid(), "", "Tenant");
    let target = target.modified("deletionGuard", old.to_json(), new.to_json());
    let entry = audit::Entry::success("UserSharing", "Change the guard against deletions");
    audit::record(tx, entry.target(target)).map(drop)
}
