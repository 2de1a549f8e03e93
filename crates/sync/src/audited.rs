//! What the audit logs say of a synchronization: in the target each user that another tenant has
//! made, changed or deleted there, in the source what it has sent.
//!
//! Of a few users each has an entry with the old and the new values. Many who are new at once share
//! entries of [`NAMED_MAX`]. Of a large batch, as the first synchronization of a large tenant sends
//! them, there is one entry with their number and the first names: naming everybody took longer than
//! an eighth of making them. The source's provisioning log names each, whatever the number.

use audit::{Entry, Target};
use serde_json::{Map, Value, json};
use store::Tx;
use types::{Id, Result, TenantId, kind};

use crate::provisioning::Log;

/// Users that have an entry each, if there are no more of them in one batch.
const EACH_MAX: usize = 20;
/// Users that one entry names.
const NAMED_MAX: usize = 50;
/// New users that are all named, if there are no more of them in one batch.
const ALL_NAMED_MAX: usize = 250;
const USERS: &str = "UserManagement";
const PROVISIONING: &str = "ProvisioningManagement";
const SERVICE: &str = "Account Provisioning";

/// What was done about one user.
#[derive(Debug)]
pub(crate) enum Done {
    /// A new user, with these properties.
    Created(Map<String, Value>),
    /// Other values: property, before, after.
    Updated(Vec<(String, Value, Value)>),
    /// Back from deletion, with other values.
    Restored(Vec<(String, Value, Value)>),
    /// Deleted, for 30 days restorably.
    Deleted,
    /// Deleted for good.
    Purged,
}

/// A user about whom something was done.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) id: Id<kind::User>,
    pub(crate) display_name: String,
    pub(crate) done: Done,
}

impl Told {
    /// Takes the values away that the source's logs don't tell.
    pub(crate) fn redact(&mut self, log: &Log) {
        match &mut self.done {
            Done::Created(properties) => log.redact(properties),
            Done::Updated(changes) | Done::Restored(changes) => log.redact_changes(changes),
            Done::Deleted | Done::Purged => {}
        }
    }

    fn target(&self) -> Target {
        Target::new(self.id, &self.display_name, "User")
    }

    /// The user, with the values before and after.
    fn whole(self) -> Target {
        let mut target = self.target();
        match self.done {
            Done::Created(properties) => {
                for (name, value) in properties {
                    target = target.modified(name, Value::Null, value);
                }
            }
            Done::Updated(changes) | Done::Restored(changes) => {
                for (name, old, new) in changes {
                    target = target.modified(name, old, new);
                }
            }
            Done::Deleted => target = target.modified("IsSoftDeleted", json!(false), json!(true)),
            Done::Purged => {}
        }
        target
    }

    const fn activity(&self) -> &'static str {
        match self.done {
            Done::Created(_) => "Add user",
            Done::Updated(_) => "Update user",
            Done::Restored(_) => "Restore user",
            Done::Deleted => "Delete user",
            Done::Purged => "Hard Delete user",
        }
    }
}

/// Tells in the target what a batch of another tenant has done.
pub(crate) fn in_target(tx: &mut Tx<'_>, source: TenantId, told: Vec<Told>) -> Result<()> {
    let entry = |activity: &str| {
        let entry = Entry::success(USERS, activity).logged_by(SERVICE);
        entry.detail("SourceTenantId", source.to_string())
    };
    let (new, others): (Vec<Told>, Vec<Told>) = told
        .into_iter()
        .partition(|told| matches!(told.done, Done::Created(_)));
    if new.len() > ALL_NAMED_MAX {
        let count = new.len().to_string();
        let entry = entry("Add user").detail("Created", count);
        let first = new.iter().take(NAMED_MAX);
        let entry = first.fold(entry, |entry, told| entry.target(told.target()));
        audit::record(tx, entry)?;
    } else if new.len() > EACH_MAX {
        for part in new.chunks(NAMED_MAX) {
            let entry = part
                .iter()
                .fold(entry("Add user"), |entry, told| entry.target(told.target()));
            audit::record(tx, entry)?;
        }
    } else {
        for told in new {
            let entry = entry(told.activity());
            audit::record(tx, entry.target(told.whole()))?;
        }
    }
    for told in others {
        let entry = entry(told.activity());
        audit::record(tx, entry.target(told.whole()))?;
    }
    Ok(())
}

/// What a batch has come to, for the source's log.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// The first of those that changed something.
    pub(crate) first: Vec<Told>,
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) deleted: u64,
    pub(crate) failed: u64,
}

impl Sent {
    /// Counts a user in; keeps what is told of the first ones.
    pub(crate) fn add(&mut self, told: impl FnOnce() -> Told) {
        if self.first.len() <= EACH_MAX {
            self.first.push(told());
        }
    }
}

/// Tells in the source what it has done in the target.
pub(crate) fn in_source(tx: &mut Tx<'_>, target: TenantId, sent: Sent) -> Result<()> {
    if sent.created + sent.updated + sent.deleted == 0 {
        return Ok(());
    }
    let entry = || {
        Entry::success(PROVISIONING, "Export")
            .logged_by(SERVICE)
            .detail("TargetTenantId", target.to_string())
    };
    let tenant = || Target::new(target.uuid(), "", "Tenant");
    if sent.first.len() <= EACH_MAX {
        for told in sent.first {
            let entry = entry().detail("Action", told.activity());
            audit::record(tx, entry.target(told.whole()).target(tenant()))?;
        }
        return Ok(());
    }
    let counted = [
        ("Created", sent.created),
        ("Updated", sent.updated),
        ("Deleted", sent.deleted),
        ("Failed", sent.failed),
    ];
    let entry = counted
        .iter()
        .fold(entry().target(tenant()), |entry, (name, count)| {
            entry.detail(*name, count.to_string())
        });
    audit::record(tx, entry).map(drop)
}
