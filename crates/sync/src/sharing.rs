//! What this tenant shares with the organization: a default, and entries of single tenants that
//! win over it. A tenant that joins later gets the default by itself.

use std::collections::BTreeSet;

use directory::groups::Group;
use directory::users::ScannedUser;
use query::Filter;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Id, Result, TenantId, Timestamp, kind};
use uuid::Uuid;

use crate::SHARING_LIST_MAX;
use crate::guard;
use crate::jobs::{self, scope::JobScope};
pub use crate::preview::{preview, preview_join};
use crate::schema::PairSchema;

/// Which users are shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// All internal members.
    All,
    /// Those that are listed, are in a listed group (nested ones included), or fit the rule.
    Selected,
    /// Nobody.
    None,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sharing {
    /// Which users.
    pub scope: Scope,
    /// With `selected`: these.
    #[serde(default)]
    pub users: BTreeSet<Id<kind::User>>,
    /// With `selected`: the members of these groups.
    #[serde(default)]
    pub groups: BTreeSet<Id<kind::Group>>,
    /// With `selected`: whether the groups themselves come into the target too, with the groups in
    /// them and their members.
    #[serde(default)]
    pub group_objects: bool,
    /// With `selected`: those for whom this `$filter` expression over users is true.
    #[serde(default)]
    pub rule: Option<String>,
    /// From this time on nobody is shared any more.
    #[serde(default)]
    pub until_date_time: Option<Timestamp>,
}

impl Sharing {
    /// Nobody, for ever: what holds until an admin shares.
    pub const fn nobody() -> Self {
        Self {
            scope: Scope::None,
            users: BTreeSet::new(),
            groups: BTreeSet::new(),
            group_objects: false,
            rule: None,
            until_date_time: None,
        }
    }

    /// Reads an entry from a request.
    pub fn parse(body: &Map<String, Value>) -> Result<Self> {
        let sharing = Self::read(body)?;
        if sharing.users.len() > SHARING_LIST_MAX || sharing.groups.len() > SHARING_LIST_MAX {
            return Err(Error::LimitExceeded {
                limit: "limits.sharing_list",
                message: format!(
                    "At most {SHARING_LIST_MAX} users and as many groups can be listed \
                     (limits.sharing_list). Use a group or a rule."
                ),
            });
        }
        if sharing.scope != Scope::Selected
            && !(sharing.users.is_empty()
                && sharing.groups.is_empty()
                && sharing.rule.is_none()
                && !sharing.group_objects)
        {
            return Err(Error::invalid(
                "scope",
                "Users, groups, group objects and a rule go with the scope 'selected' only.",
            ));
        }
        sharing.compile_rule()?;
        Ok(sharing)
    }

    fn read(body: &Map<String, Value>) -> Result<Self> {
        const NAMES: [&str; 6] = [
            "scope",
            "users",
            "groups",
            "groupObjects",
            "rule",
            "untilDateTime",
        ];
        if let Some(name) = body.keys().find(|name| !NAMES.contains(&name.as_str())) {
            return Err(Error::invalid(
                name,
                format!(
                    "Property '{name}' isn't one of a sharing; these are {}.",
                    NAMES.join(", ")
                ),
            ));
        }
        let given = |name: &str| body.get(name).filter(|value| !value.is_null());
        let text = |name: &'static str| match given(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::invalid(
                name,
                format!("'{name}' has to be a string."),
            )),
        };
        let scope = match text("scope")?.map(String::as_str) {
            Some("all") => Scope::All,
            Some("selected") => Scope::Selected,
            Some("none") => Scope::None,
            _ => {
                return Err(Error::invalid(
                    "scope",
                    "'scope' has to be all, selected or none.",
                ));
            }
        };
        let until_date_time = text("untilDateTime")?
            .map(|text| {
                text.parse()
                    .map_err(|error: Error| Error::invalid("untilDateTime", error.to_string()))
            })
            .transpose()?;
        let group_objects = match given("groupObjects") {
            None => false,
            Some(Value::Bool(wanted)) => *wanted,
            Some(_) => {
                let reason = "'groupObjects' has to be true or false.";
                return Err(Error::invalid("groupObjects", reason));
            }
        };
        Ok(Self {
            scope,
            users: ids("users", given("users"))?,
            groups: ids("groups", given("groups"))?,
            group_objects,
            rule: text("rule")?.cloned(),
            until_date_time,
        })
    }

    fn compile_rule(&self) -> Result<Option<Filter>> {
        let Some(rule) = &self.rule else {
            return Ok(None);
        };
        let filter = query::odata::parse_filter(rule).map_err(|error| renamed(&error))?;
        // Evaluated on nothing, so that a property that can't be filtered is refused now.
        query::evaluate(&filter, directory::users::entity(), &json!({}))
            .map_err(|error| renamed(&error))?;
        Ok(Some(filter))
    }

    /// The entry in the API's form.
    pub fn to_json(&self) -> Value {
        json!({
            "scope": self.scope,
            "users": self.users,
            "groups": self.groups,
            "groupObjects": self.group_objects,
            "rule": self.rule,
            "untilDateTime": self.until_date_time,
        })
    }

    /// The entry, ready to be asked about users.
    pub fn in_force(&self, now: Timestamp) -> Result<InForce> {
        let expired = self.until_date_time.is_some_and(|until| until <= now);
        let scope = if expired { Scope::None } else { self.scope };
        Ok(InForce {
            scope,
            users: self.users.clone(),
            groups: self.groups.clone(),
            group_objects: self.group_objects,
            rule: self.compile_rule()?,
            ends_at: self.until_date_time.filter(|_| !expired),
            job: None,
            schema: None,
            expired,
            key: match scope {
                Scope::All => "all".into(),
                Scope::None => "none".into(),
                Scope::Selected => {
                    let with = if self.group_objects {
                        "with groups "
                    } else {
                        ""
                    };
                    let rule = self.rule.as_deref().unwrap_or_default();
                    format!("selected {with}{rule}")
                }
            },
        })
    }
}

/// A list of ids; none is an empty one.
fn ids<K: types::Kind>(name: &str, value: Option<&Value>) -> Result<BTreeSet<Id<K>>> {
    let wrong = || Error::invalid(name, format!("'{name}' has to be a list of object ids."));
    let list = match value {
        None => return Ok(BTreeSet::new()),
        Some(value) => value.as_array().ok_or_else(wrong)?,
    };
    list.iter()
        .map(|id| id.as_str().ok_or_else(wrong)?.parse().map_err(|_| wrong()))
        .collect()
}

fn renamed(error: &Error) -> Error {
    Error::invalid("rule", error.to_string())
}

/// An entry at one moment.
#[derive(Debug)]
pub struct InForce {
    scope: Scope,
    users: BTreeSet<Id<kind::User>>,
    groups: BTreeSet<Id<kind::Group>>,
    group_objects: bool,
    rule: Option<Filter>,
    /// What is in scope beside it.
    job: Option<JobScope>,
    /// When it will end by itself.
    pub ends_at: Option<Timestamp>,
    /// The schema of the pair, where it has one of its own.
    pub(crate) schema: Option<Box<PairSchema>>,
    expired: bool,
    /// What a change of asks for a scan; the lists aren't in it, since whom a change of them
    /// concerns is in the feed one by one, a change from one entry to the other included.
    pub key: String,
}

impl InForce {
    /// The same, and beside it whom a job brings in.
    #[must_use]
    pub(crate) fn with_job(mut self, job: Option<JobScope>) -> Self {
        if let Some(job) = &job {
            self.key = format!("{} {}", self.key, job.key);
        }
        self.job = job;
        self
    }

    /// Which users.
    pub fn scope(&self) -> Scope {
        match (self.scope, &self.job) {
            (Scope::All, _) | (_, None) => self.scope,
            (_, Some(job)) => job.scope(),
        }
    }

    /// Whether it has ended by itself.
    pub const fn is_expired(&self) -> bool {
        self.expired
    }

    /// Whether groups decide.
    pub fn has_groups(&self) -> bool {
        let shared = self.scope == Scope::Selected && !self.groups.is_empty();
        shared || self.job.as_ref().is_some_and(JobScope::has_groups)
    }

    /// Whether a job brings users in.
    pub(crate) const fn has_job(&self) -> bool {
        self.job.is_some()
    }

    /// Whether groups themselves belong to it.
    pub fn has_group_objects(&self) -> bool {
        self.shares_groups() || self.assigns_groups()
    }

    /// Whether those that are listed do.
    fn shares_groups(&self) -> bool {
        self.scope == Scope::Selected && (self.group_objects || self.maps_groups())
    }

    /// Whether those that are assigned to the job do.
    fn assigns_groups(&self) -> bool {
        let job = self.job.as_ref().map(JobScope::scope);
        job == Some(Scope::Selected) && self.maps_groups()
    }

    fn maps_groups(&self) -> bool {
        self.schema.as_deref().is_some_and(PairSchema::maps_groups)
    }

    /// Whether a group itself belongs to it: one of this tenant that is listed or assigned, or is in
    /// such a one, directly or through others.
    pub fn contains_group(&self, tx: &ReadTx<'_>, group: &Group) -> Result<bool> {
        if !self.has_group_objects() || group.home.is_some() || group.deleted_at.is_some() {
            return Ok(false);
        }
        let mut groups = directory::groups::transitive_groups(tx, group.id.uuid())?;
        groups.push(group.id);
        if self.shares_groups() && groups.iter().any(|group| self.groups.contains(group)) {
            return Ok(true);
        }
        match &self.job {
            Some(job) if self.assigns_groups() => job.has_one_of(tx, &groups),
            _ => Ok(false),
        }
    }

    /// Whether a user belongs to it.
    pub fn contains(&self, tx: &ReadTx<'_>, user: &ScannedUser) -> Result<bool> {
        let is_filtered = |schema: &PairSchema| Ok::<_, Error>(!schema.lets_in(user)?);
        if self.schema.as_deref().map_or(Ok(false), is_filtered)? {
            return Ok(false);
        }
        self.is_shared(tx, user)
    }

    /// Whether a user is shared or assigned to the job, whatever the pair's schema makes of that.
    pub(crate) fn is_shared(&self, tx: &ReadTx<'_>, user: &ScannedUser) -> Result<bool> {
        if self.shares(tx, user)? {
            return Ok(true);
        }
        match &self.job {
            Some(job) => job.contains(tx, user),
            None => Ok(false),
        }
    }

    /// Whether a user is shared.
    fn shares(&self, tx: &ReadTx<'_>, user: &ScannedUser) -> Result<bool> {
        match self.scope {
            Scope::All => return Ok(true),
            Scope::None => return Ok(false),
            Scope::Selected => {}
        }
        if self.users.contains(&user.id) {
            return Ok(true);
        }
        if !self.groups.is_empty()
            && directory::groups::groups_of(tx, user.id)?
                .iter()
                .any(|group| self.groups.contains(group))
        {
            return Ok(true);
        }
        match &self.rule {
            Some(rule) => query::evaluate(
                rule,
                directory::users::entity(),
                &Value::Object(user.properties()?),
            ),
            None => Ok(false),
        }
    }
}

/// Whether a user of this tenant can be shared at all: an internal member who isn't deleted.
pub fn is_eligible(user: &ScannedUser) -> bool {
    !user.deleted && !user.is_external && user.user_type.eq_ignore_ascii_case("member")
}

fn key_of(target: Option<TenantId>) -> TenantId {
    target.unwrap_or_else(TenantId::nil)
}

/// The entry of one tenant, or (`None`) the default; `None` if there is no such entry.
pub fn get(tx: &ReadTx<'_>, target: Option<TenantId>) -> Result<Option<Sharing>> {
    let text = tx.query_one(
        "SELECT doc FROM sharing WHERE tenant_id = ?1 AND target_tenant_id = ?2",
        params![&tx.tenant(), &key_of(target)],
        |row| row.string(0),
    )?;
    text.map(|text| serde_json::from_str(&text).map_err(Error::internal))
        .transpose()
}

/// The entry that applies to a tenant, and whether it is its own.
pub fn of(tx: &ReadTx<'_>, target: TenantId) -> Result<(Sharing, bool)> {
    if let Some(own) = get(tx, Some(target))? {
        return Ok((own, true));
    }
    Ok((get(tx, None)?.unwrap_or_else(Sharing::nobody), false))
}

/// Whoever is in the entry already may stay in it, though gone meanwhile: an entry that was read can
/// be written back.
pub(crate) fn refuse_unknown(
    tx: &ReadTx<'_>,
    sharing: &Sharing,
    old: Option<&Sharing>,
) -> Result<()> {
    let nobody = Sharing::nobody();
    let old = old.unwrap_or(&nobody);
    for user in sharing.users.difference(&old.users) {
        if directory::users::get_scanned(tx, *user)?.is_none() {
            return Err(Error::invalid(
                "users",
                format!("There is no user {user} in this tenant."),
            ));
        }
    }
    for group in sharing.groups.difference(&old.groups) {
        if !directory::groups::exists(tx, *group)? {
            return Err(Error::invalid(
                "groups",
                format!("There is no group {group} in this tenant."),
            ));
        }
    }
    Ok(())
}

/// Own entries are for the organization's other tenants, pending ones included: what is shared with
/// a tenant can be settled before it joins.
pub(crate) fn refuse_stranger(tx: &ReadTx<'_>, target: Option<TenantId>) -> Result<()> {
    match target {
        Some(target) if target == tx.tenant() => Err(Error::invalid(
            "tenantId",
            "This is your own tenant: users are shared with the others.",
        )),
        Some(target) => organization::member(tx, target).map(drop),
        None => Ok(()),
    }
}

/// What ends by its time passes the guard against deletions, so the time has to come first. An entry
/// that has ended already can be kept as it is.
fn refuse_past_end(sharing: &Sharing, old: Option<&Sharing>, now: Timestamp) -> Result<()> {
    let is_past = sharing.until_date_time.is_some_and(|until| until <= now);
    if is_past && old.and_then(|old| old.until_date_time) != sharing.until_date_time {
        return Err(Error::invalid(
            "untilDateTime",
            "'untilDateTime' has to be in the future. To end a sharing now, set 'scope' to none.",
        ));
    }
    Ok(())
}

/// Sets an entry.
pub fn put(tx: &mut Tx<'_>, target: Option<TenantId>, sharing: &Sharing) -> Result<()> {
    refuse_stranger(tx, target)?;
    let old = get(tx, target)?;
    refuse_past_end(sharing, old.as_ref(), tx.now())?;
    refuse_unknown(tx, sharing, old.as_ref())?;
    write(tx, target, sharing, old)
}

/// Sets a tenant's own entry as it was before, whether or not that is in the organization now.
pub fn put_back(tx: &mut Tx<'_>, target: TenantId, sharing: &Sharing) -> Result<()> {
    let old = get(tx, Some(target))?;
    write(tx, Some(target), sharing, old)
}

fn write(
    tx: &mut Tx<'_>,
    target: Option<TenantId>,
    sharing: &Sharing,
    old: Option<Sharing>,
) -> Result<()> {
    if old.as_ref() == Some(sharing) {
        return Ok(());
    }
    guard::revoke(tx, target)?;
    let (tenant, key) = (tx.tenant(), key_of(target));
    let text = serde_json::to_string(sharing).map_err(Error::internal)?;
    // Each listed user or group that comes or goes is a change of its own, so that pairs look at
    // these and not at everybody.
    let in_force = match (&old, target) {
        (None, Some(target)) => of(tx, target)?.0,
        (old, _) => old.clone().unwrap_or_else(Sharing::nobody),
    };
    let listed = |sharing: &Sharing| -> BTreeSet<Uuid> {
        let users = sharing.users.iter().map(|id| id.uuid());
        users
            .chain(sharing.groups.iter().map(|id| id.uuid()))
            .collect()
    };
    for changed in listed(&in_force).symmetric_difference(&listed(sharing)) {
        tx.record(Change::relation(
            "userSharingMember",
            key.uuid(),
            *changed,
            Op::Updated,
        ))?;
    }
    tx.record(Change::new(
        "userSharing",
        key.uuid(),
        Op::Updated,
        &["scope"],
    ))?
    .execute(
        "INSERT INTO sharing (tenant_id, target_tenant_id, doc) VALUES (?1, ?2, ?3) \
         ON CONFLICT (tenant_id, target_tenant_id) DO UPDATE SET doc = excluded.doc",
        params![&tenant, &key, &text],
    )?;
    jobs::take_up(tx)?;
    audit_change(tx, key, &in_force, sharing)
}

/// Removes a tenant's own entry, so that the default applies to it.
pub fn delete(tx: &mut Tx<'_>, target: TenantId) -> Result<()> {
    let Some(old) = get(tx, Some(target))? else {
        return Err(Error::not_found("userSharing", target));
    };
    guard::revoke(tx, Some(target))?;
    let tenant = tx.tenant();
    // The lists of the two entries have nothing to do with each other: every listed one is looked at.
    let default = get(tx, None)?.unwrap_or_else(Sharing::nobody);
    for sharing in [&old, &default] {
        let users = sharing.users.iter().map(|id| id.uuid());
        for listed in users.chain(sharing.groups.iter().map(|id| id.uuid())) {
            tx.record(Change::relation(
                "userSharingMember",
                target.uuid(),
                listed,
                Op::Updated,
            ))?;
        }
    }
    tx.record(Change::new("userSharing", target.uuid(), Op::Deleted, &[]))?
        .execute(
            "DELETE FROM sharing WHERE tenant_id = ?1 AND target_tenant_id = ?2",
            params![&tenant, &target],
        )?;
    jobs::take_up(tx)?;
    audit_change(tx, target, &old, &default)
}

fn audit_change(tx: &mut Tx<'_>, target: TenantId, old: &Sharing, new: &Sharing) -> Result<()> {
    let name = if target.is_nil() { "default" } else { "tenant" };
    audit::record(
        tx,
        audit::Entry::success("UserSharing", "Share users with the organization").target(
            audit::Target::new(target.uuid(), name, "Other").modified(
                "userSharing",
                old.to_json(),
                new.to_json(),
            ),
        ),
    )
    .map(drop)
}
