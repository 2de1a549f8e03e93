//! Groups: security groups and Microsoft 365 groups, their members and owners.
//!
//! A group with the type `Unified` has a mail in the tenant's default domain. On the members of a group
//! with `DynamicMembership` a rule decides ([`rule`], [`dynamic`]); they aren't set by hand. A deleted
//! group keeps its rows and can be restored with the same id. What a group of another tenant is called and
//! who is in it is its home's ([`crate::synced_groups`]).
//!
//! Source: the `group` resource of Microsoft Graph and its operations.

pub mod dynamic;
mod members;
mod properties;
pub mod rule;

use query::SearchTable;
use serde_json::{Map, Value, json};
use store::{Change, Op, Param, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, TenantId, Timestamp, fold, kind};

use crate::listing::{Listing, Order, Ordered, Page, Place, Scope, folded_json, folded_json_list};
use crate::schema::{Purpose, is_nickname, set};
use crate::unique_names::{self, Named};
use crate::{audited, domains, references, search, synced_groups, tenant};

pub use members::{
    Link, LinkKind, TRANSITIVE_MAX, add_member, add_owner, count_members, groups_below, groups_of,
    is_member, is_owner, link_to, member_of, members, members_of_kind, owners, remove_member,
    remove_owner, rows, some_groups_of, transitive_groups, transitive_links, transitive_members,
    transitive_users, users_below, with_member, with_owner,
};
pub(crate) use members::{already_there, kind_of};
use properties::{ENTITY, GROUP};

macro_rules! columns {
    () => {
        "g.id, g.doc, g.created_at, g.deleted_at, g.mail_enabled, g.security_enabled, \
         g.home_tenant_id, g.home_id, g.deleted_by_home"
    };
}
use columns;

static LISTING: Listing = Listing {
    entity: &ENTITY,
    search: SearchTable {
        kind: search::GROUP,
        table: "groups AS g",
        tenant: "g.tenant_id",
        id: "g.id",
    },
    select: concat!(
        "SELECT ",
        columns!(),
        " FROM groups AS g WHERE g.tenant_id = ?1"
    ),
    count: "SELECT count(*) FROM groups AS g WHERE g.tenant_id = ?1",
    id: "g.id",
    display_name: "g.display_name",
    user_principal_name: None,
    created_at: None,
    deleted_at: None,
};

static DELETED_LISTING: Listing = Listing {
    deleted_at: Some("g.deleted_at"),
    ..LISTING
};
const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM groups AS g WHERE g.tenant_id = ?1 AND g.id = ?2"
);
const SCAN: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM groups AS g WHERE g.tenant_id = ?1 AND g.id > ?2 ORDER BY g.id LIMIT ?3"
);
pub(crate) const GET_BY_HOME: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM groups AS g WHERE g.tenant_id = ?1 AND g.home_tenant_id = ?2 AND g.home_id = ?3"
);
pub(crate) const LIST_OF_HOME: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM groups AS g WHERE g.tenant_id = ?1 AND g.home_tenant_id = ?2 \
     AND g.home_id IS NOT NULL AND g.home_id > ?3 ORDER BY g.home_id LIMIT ?4"
);
const EXISTS: &str =
    "SELECT count(*) FROM groups WHERE tenant_id = ?1 AND id = ?2 AND deleted_at IS NULL";
const MAIL_IS_TAKEN: &str = "SELECT count(*) FROM groups WHERE tenant_id = ?1 AND mail = ?2 \
    AND deleted_at IS NULL AND id <> ?3";
const EXPIRED: &str = "SELECT id FROM groups WHERE tenant_id = ?1 AND deleted_at IS NOT NULL \
    AND deleted_at < ?2 ORDER BY deleted_at LIMIT ?3";
const INSERT: &str = "INSERT INTO groups (tenant_id, id, doc, deleted_at, display_name, \
    description, mail, mail_nickname, mail_enabled, security_enabled, group_types, visibility, \
    classification, membership_rule_processing_state, is_assignable_to_role, created_at) VALUES \
    (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
const UPDATE: &str = "UPDATE groups SET doc = ?3, deleted_at = ?4, display_name = ?5, \
    description = ?6, mail = ?7, mail_nickname = ?8, mail_enabled = ?9, security_enabled = ?10, \
    group_types = ?11, visibility = ?12, classification = ?13, \
    membership_rule_processing_state = ?14, is_assignable_to_role = ?15, deleted_by_home = ?16 \
    WHERE tenant_id = ?1 AND id = ?2";
const DELETE: &str = "DELETE FROM groups WHERE tenant_id = ?1 AND id = ?2";

const ALIVE: Scope<'_> = Scope {
    sql: "g.deleted_at IS NULL",
    params: &[],
};
const DELETED: Scope<'_> = Scope {
    sql: "g.deleted_at IS NOT NULL",
    params: &[],
};
const REQUIRED: [&str; 4] = [
    "displayName",
    "mailEnabled",
    "mailNickname",
    "securityEnabled",
];

/// The property that has the rule of a dynamic membership group.
const RULE: &str = "membershipRule";
/// Whether the rule is applied: `On`, if nothing is said, or `Paused`.
const RULE_STATE: &str = "membershipRuleProcessingState";

/// A group.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its object id, which never changes.
    pub id: Id<kind::Group>,
    document: Map<String, Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// Whether it has a mail.
    pub mail_enabled: bool,
    /// Whether it can be given rights.
    pub security_enabled: bool,
    /// Of a group of another tenant: which, and its id there.
    pub home: Option<(TenantId, Id<kind::Group>)>,
    /// Whether its home deleted it, not this tenant's admin.
    pub(crate) deleted_by_home: bool,
}

impl Group {
    /// A group without properties, for whoever sets them itself.
    pub(crate) fn bare(id: Id<kind::Group>, now: Timestamp) -> Self {
        Self {
            id,
            document: Map::new(),
            created_at: now,
            deleted_at: None,
            mail_enabled: false,
            security_enabled: true,
            home: None,
            deleted_by_home: false,
        }
    }
    /// Sets a property, or takes it away; answers whether that changed it.
    pub(crate) fn set(&mut self, name: &str, value: Option<Value>) -> bool {
        set(&mut self.document, name, value)
    }
    /// The value of a property, in the form that is stored.
    pub fn property(&self, name: &str) -> Value {
        self.value(name).unwrap_or(Value::Null)
    }
    /// The name for people.
    pub fn display_name(&self) -> &str {
        self.text("displayName")
    }
    /// Whether a rule decides who its members are.
    pub fn is_dynamic(&self) -> bool {
        self.has_type("DynamicMembership")
    }

    /// Whether only those who are in it or own it see who is in it.
    pub fn hides_members(&self) -> bool {
        self.property("visibility") == "HiddenMembership"
    }

    /// Whether it was made so that it can be given directory roles.
    pub fn is_assignable_to_role(&self) -> bool {
        self.document.get("isAssignableToRole") == Some(&Value::Bool(true))
    }

    fn has_type(&self, name: &str) -> bool {
        let types = self.document.get("groupTypes").and_then(Value::as_array);
        types.is_some_and(|types| types.iter().any(|t| t == name))
    }

    /// Whether a property is another tenant's to change.
    fn is_homes(&self, name: &str) -> bool {
        self.home.is_some() && synced_groups::OWNED.contains(&name)
    }

    fn text(&self, name: &str) -> &str {
        self.document
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        Some(match name {
            "id" => json!(self.id),
            "createdDateTime" | "renewedDateTime" => json!(self.created_at),
            "deletedDateTime" => json!(self.deleted_at?),
            // What was never said is no, as the column that filters read has it.
            "isAssignableToRole" => {
                let value = self.document.get(name).cloned();
                value.unwrap_or(Value::Bool(false))
            }
            "securityIdentifier" => types::security_identifier(self.id.uuid()).into(),
            // The tenant that it belongs to, if that is another one.
            "organizationId" => json!(self.home?.0),
            "mailEnabled" => self.mail_enabled.into(),
            "securityEnabled" => self.security_enabled.into(),
            "proxyAddresses" => json!([format!("SMTP:{}", self.document.get("mail")?.as_str()?)]),
            _ => self.document.get(name)?.clone(),
        })
    }
}

/// Shows a group: Graph's default set, or the properties that are selected; nulls are present.
pub fn project(group: &Group, select: Option<&[String]>) -> Result<Map<String, Value>> {
    GROUP.project(select, |name| group.value(name))
}

/// Refuses names that aren't properties of groups.
pub fn check_select(select: &[String]) -> Result<()> {
    GROUP.selected(Some(select)).map(drop)
}

/// The names of all properties.
pub fn property_names() -> Vec<String> {
    let names = GROUP.properties.iter().map(|it| it.name);
    names.map(str::to_owned).collect()
}

/// What groups can be filtered by.
pub fn entity() -> &'static query::Entity {
    &ENTITY
}

pub(crate) fn group(row: &Row<'_>) -> Result<Group> {
    Ok(Group {
        id: row.id(0)?,
        document: serde_json::from_str(row.text(1)?).map_err(Error::internal)?,
        created_at: row.timestamp(2)?,
        deleted_at: row.opt_timestamp(3)?,
        mail_enabled: row.bool(4)?,
        security_enabled: row.bool(5)?,
        home: row.opt_id(6)?.zip(row.opt_id(7)?),
        deleted_by_home: row.bool(8)?,
    })
}

/// A group, deleted or not.
pub(crate) fn load(tx: &ReadTx<'_>, id: Id<kind::Group>) -> Result<Option<Group>> {
    tx.query_one(GET, params![&tx.tenant(), &id], group)
}

/// A group that isn't deleted.
pub fn get(tx: &ReadTx<'_>, id: Id<kind::Group>) -> Result<Group> {
    load(tx, id)?
        .filter(|group| group.deleted_at.is_none())
        .ok_or_else(|| Error::not_found("group", id))
}

/// Whether there is such a group that isn't deleted.
pub fn exists(tx: &ReadTx<'_>, id: Id<kind::Group>) -> Result<bool> {
    Ok(tx.count(EXISTS, params![&tx.tenant(), &id])? > 0)
}

/// The group that isn't deleted and has this `uniqueName`.
pub fn get_by_unique_name(tx: &ReadTx<'_>, name: &str) -> Result<Group> {
    match Named::Group.find(tx, name)? {
        Some(id) => get(tx, Id::new(id)),
        None => Err(Error::not_found("group", name)),
    }
}

/// A page of the groups that aren't deleted.
pub fn list(tx: &ReadTx<'_>, page: &Page<'_>) -> Result<Vec<Group>> {
    LISTING.page(tx, &ALIVE, page, group)
}

/// How many groups there are, or for how many a filter is true.
pub fn count(tx: &ReadTx<'_>, filter: Option<&query::Filter>, advanced: bool) -> Result<u64> {
    LISTING.count(tx, &ALIVE, filter, advanced)
}

/// Where a page that ends with this group ended.
pub fn place(group: &Group, order: Order) -> Place {
    order.place(&Ordered {
        id: group.id.uuid(),
        display_name: group.display_name(),
        user_principal_name: None,
        created_at: group.created_at,
        deleted_at: group.deleted_at,
    })
}

/// Makes a group.
pub fn create(tx: &mut Tx<'_>, properties: &Map<String, Value>) -> Result<Group> {
    for name in REQUIRED {
        if properties.get(name).is_none_or(Value::is_null) {
            return Err(Error::invalid(
                name,
                format!("A value is required for property '{name}' of resource 'Group'."),
            ));
        }
    }
    let id = Id::new(tx.new_uuid());
    let mut group = Group {
        id,
        document: Map::new(),
        created_at: tx.now(),
        deleted_at: None,
        mail_enabled: false,
        security_enabled: false,
        home: None,
        deleted_by_home: false,
    };
    apply(tx, &mut group, properties, Purpose::Create)?;
    refuse_taken_unique_name(tx, &group)?;
    if group.is_dynamic() {
        dynamic::refuse_too_many(tx)?;
    }
    write(tx, &group, Op::Created, &[])?;
    audited::act(tx, "Add group", &group)?;
    Ok(group)
}

/// Changes a group by a JSON patch object; answers whether that changed anything.
pub fn update(tx: &mut Tx<'_>, id: Id<kind::Group>, patch: &Map<String, Value>) -> Result<bool> {
    let old = get(tx, id)?;
    let mut group = old.clone();
    let changed = apply(tx, &mut group, patch, Purpose::Update)?;
    if changed.is_empty() {
        return Ok(false);
    }
    if let Some(name) = changed.iter().find(|name| old.is_homes(name)) {
        return Err(Error::invalid(
            *name,
            format!(
                "Property '{name}' of this group belongs to the group's home tenant. Change it there."
            ),
        ));
    }
    write(tx, &group, Op::Updated, &changed)?;
    audited::change(tx, "Update group", &old, &group, &changed)?;
    Ok(true)
}

fn apply(
    tx: &ReadTx<'_>,
    group: &mut Group,
    body: &Map<String, Value>,
    purpose: Purpose,
) -> Result<Vec<&'static str>> {
    let mut document = group.document.clone();
    set(
        &mut document,
        "mailEnabled",
        Some(group.mail_enabled.into()),
    );
    let enabled = group.security_enabled.into();
    set(&mut document, "securityEnabled", Some(enabled));
    let mut changed = GROUP.apply(&mut document, body, purpose)?;
    for (name, flag) in [
        ("mailEnabled", &mut group.mail_enabled),
        ("securityEnabled", &mut group.security_enabled),
    ] {
        // Null took the value away, which these two can't do without.
        let Some(Value::Bool(value)) = document.shift_remove(name) else {
            return Err(wrong(name, "it has to be true or false"));
        };
        *flag = value;
    }
    let was_dynamic = group.is_dynamic();
    group.document = document;
    if !is_nickname(group.text("mailNickname")) {
        return Err(wrong(
            "mailNickname",
            "it can't have spaces, '@' or any of ()\\[]\";:<>,",
        ));
    }
    check_types(group)?;
    settle_visibility(group, changed.contains(&"visibility"), purpose)?;
    if group.is_dynamic() && (purpose == Purpose::Create || changed.contains(&RULE)) {
        rule::Rule::parse(group.text(RULE)).map_err(|error| wrong(RULE, &error.to_string()))?;
    }
    if group.document.contains_key("resourceProvisioningOptions") {
        return Err(wrong(
            "resourceProvisioningOptions",
            "nothing can be provisioned with a group here, so it has to be empty",
        ));
    }
    if purpose == Purpose::Update && was_dynamic != group.is_dynamic() {
        return Err(wrong(
            "groupTypes",
            "whether a rule decides on the members can't change later",
        ));
    }
    let mail = if group.mail_enabled {
        let domain = tenant::default_domain(tx)?;
        Some(format!("{}@{domain}", group.text("mailNickname")).into())
    } else {
        None
    };
    // A mail that is there stays, so that a rename doesn't cut off those who know it.
    if (mail.is_some() != group.document.contains_key("mail"))
        && set(&mut group.document, "mail", mail)
    {
        refuse_taken_mail(tx, group)?;
        changed.push("mail");
    }
    Ok(changed)
}

fn refuse_taken_unique_name(tx: &ReadTx<'_>, group: &Group) -> Result<()> {
    let is_there = |other| exists(tx, Id::new(other));
    Named::Group.refuse_taken(tx, &group.document, group.id.uuid(), is_there)
}

/// A mail is made of the nickname, so that is what has to differ.
fn refuse_taken_mail(tx: &ReadTx<'_>, group: &Group) -> Result<()> {
    let mail = fold(group.text("mail"));
    if !mail.is_empty() && tx.count(MAIL_IS_TAKEN, params![&tx.tenant(), &mail, &group.id])? > 0 {
        return Err(Error::AlreadyExists {
            property: "mailNickname",
        });
    }
    Ok(())
}

fn check_types(group: &mut Group) -> Result<()> {
    let types = group.document.get("groupTypes").and_then(Value::as_array);
    for name in types.into_iter().flatten() {
        if name != "Unified" && name != "DynamicMembership" {
            return Err(wrong(
                "groupTypes",
                "each has to be Unified or DynamicMembership",
            ));
        }
    }
    if group.has_type("Unified") {
        if !group.mail_enabled {
            return Err(wrong("mailEnabled", "a group of type Unified has a mail"));
        }
    } else if group.mail_enabled {
        return Err(wrong(
            "mailEnabled",
            "only groups of type Unified can have a mail",
        ));
    } else if !group.security_enabled {
        return Err(wrong(
            "securityEnabled",
            "a group without a mail has to be a security group",
        ));
    }
    if group.is_assignable_to_role() {
        check_for_roles(group)?;
    }
    if group.is_dynamic() != group.document.contains_key(RULE) {
        return Err(wrong(
            "membershipRule",
            "it goes with the type DynamicMembership, and that needs it",
        ));
    }
    Ok(())
}

/// A Microsoft 365 group is public unless it says otherwise. Who is in it is hidden from the
/// beginning or never (the `group` resource of Microsoft Graph).
fn settle_visibility(group: &mut Group, is_changed: bool, purpose: Purpose) -> Result<()> {
    let visibility = group.document.get("visibility").and_then(Value::as_str);
    let is_unified = group.has_type("Unified");
    match visibility {
        None if is_unified && purpose == Purpose::Create => {
            set(&mut group.document, "visibility", Some("Public".into()));
        }
        Some("HiddenMembership") if is_changed && !(is_unified && purpose == Purpose::Create) => {
            return Err(wrong(
                "visibility",
                "HiddenMembership can be set for Microsoft 365 groups only, when they are created",
            ));
        }
        _ => {}
    }
    Ok(())
}

/// What a group has to be whose members get roles: nothing but an administrator's word lets
/// anybody in.
fn check_for_roles(group: &mut Group) -> Result<()> {
    if !group.security_enabled {
        return Err(wrong(
            "securityEnabled",
            "a group that can be assigned to roles has to be a security group",
        ));
    }
    if group.is_dynamic() {
        return Err(wrong(
            "groupTypes",
            "a rule can't decide on the members of a group that can be assigned to roles",
        ));
    }
    match group.document.get("visibility").and_then(Value::as_str) {
        None => {
            set(&mut group.document, "visibility", Some("Private".into()));
            Ok(())
        }
        Some("Private") => Ok(()),
        Some(_) => Err(wrong(
            "visibility",
            "a group that can be assigned to roles has to be private",
        )),
    }
}

fn wrong(name: &str, reason: &str) -> Error {
    Error::invalid(
        name,
        format!("Invalid value specified for property '{name}' of resource 'Group': {reason}."),
    )
}

pub(crate) fn write(tx: &mut Tx<'_>, group: &Group, op: Op, changed: &[&str]) -> Result<()> {
    let tenant = tx.tenant();
    let document = &group.document;
    let doc = serde_json::to_string(document).map_err(Error::internal)?;
    let text = |name: &str| folded_json(document.get(name));
    let name = fold(group.display_name());
    let nickname = fold(group.text("mailNickname"));
    let (description, mail) = (text("description"), text("mail"));
    let types = folded_json_list(document.get("groupTypes"));
    let (visibility, classification) = (text("visibility"), text("classification"));
    let state = text(RULE_STATE);
    let for_roles = group.is_assignable_to_role();
    let mut values: Vec<Param<'_>> = vec![
        (&tenant).into(),
        (&group.id).into(),
        (&doc).into(),
        group.deleted_at.into(),
        (&name).into(),
        description.as_deref().into(),
        mail.as_deref().into(),
        (&nickname).into(),
        group.mail_enabled.into(),
        group.security_enabled.into(),
        types.as_deref().into(),
        visibility.as_deref().into(),
        classification.as_deref().into(),
        state.as_deref().into(),
        for_roles.into(),
    ];
    let mut recorded = tx.record(Change::new("group", group.id.uuid(), op, changed))?;
    if op == Op::Created {
        values.push(group.created_at.into());
        recorded.execute(INSERT, &values)?;
    } else {
        values.push(group.deleted_by_home.into());
        recorded.execute(UPDATE, &values)?;
    }
    if matches!(op, Op::Created | Op::Restored) {
        Named::Group.take(&mut recorded, tenant, document, group.id.uuid())?;
    }
    let has_new_rule = changed.contains(&RULE) || changed.contains(&RULE_STATE);
    if group.is_dynamic() && (has_new_rule || op == Op::Restored) {
        dynamic::begin_anew(tx, group.id)?;
    }
    Ok(())
}

/// Moves a group's mail to another domain.
pub(crate) fn move_mail(tx: &mut Tx<'_>, id: Id<kind::Group>, domain: &str) -> Result<()> {
    let old = get(tx, id)?;
    let mut group = old.clone();
    let mail = old.text("mail").rsplit_once('@');
    let mail = mail.map(|(local, _)| format!("{local}@{domain}").into());
    if mail.is_none() || !group.set("mail", mail) {
        return Ok(());
    }
    refuse_taken_mail(tx, &group)?;
    write(tx, &group, Op::Updated, &["mail"])?;
    audited::change(tx, "Update group", &old, &group, &["mail"])
}

/// Deletes a group; it can be restored for 30 days. Of a group of another tenant this is the word of
/// this tenant's admin: its home can't bring it back.
pub fn delete(tx: &mut Tx<'_>, id: Id<kind::Group>) -> Result<()> {
    let mut group = get(tx, id)?;
    group.deleted_at = Some(tx.now());
    write(tx, &group, Op::Deleted, &[])?;
    audited::act(tx, "Delete group", &group)
}

/// A page of the deleted groups.
pub fn list_deleted(tx: &ReadTx<'_>, page: &Page<'_>) -> Result<Vec<Group>> {
    DELETED_LISTING.page(tx, &DELETED, page, group)
}

/// How many deleted groups there are, or for how many a filter is true.
pub fn count_deleted(
    tx: &ReadTx<'_>,
    filter: Option<&query::Filter>,
    advanced: bool,
) -> Result<u64> {
    DELETED_LISTING.count(tx, &DELETED, filter, advanced)
}

/// A deleted group.
pub fn get_deleted(tx: &ReadTx<'_>, id: Id<kind::Group>) -> Result<Group> {
    load(tx, id)?
        .filter(|group| group.deleted_at.is_some())
        .ok_or_else(|| Error::not_found("group", id))
}

/// Brings a deleted group back with its id, if its mail is still free and its domain still verified.
pub fn restore(tx: &mut Tx<'_>, id: Id<kind::Group>) -> Result<Group> {
    let mut group = get_deleted(tx, id)?;
    if let Some((_, domain)) = group.text("mail").rsplit_once('@')
        && !domains::is_verified(tx, domain)?
    {
        return Err(Error::conflict(format!(
            "The group's mail is in '{domain}', which isn't a verified domain of this tenant. Add and verify it first."
        )));
    }
    refuse_taken_mail(tx, &group)?;
    refuse_taken_unique_name(tx, &group)?;
    if group.is_dynamic() {
        dynamic::refuse_too_many(tx)?;
    }
    group.deleted_at = None;
    group.deleted_by_home = false;
    write(tx, &group, Op::Restored, &[])?;
    audited::act(tx, "Restore group", &group)?;
    Ok(group)
}

/// Deletes a deleted group for good.
pub fn purge(tx: &mut Tx<'_>, id: Id<kind::Group>) -> Result<()> {
    let group = get_deleted(tx, id)?;
    forget(tx, id)?;
    audited::act(tx, "Hard Delete group", &group)
}

/// Removes a group and every reference to it.
pub(crate) fn forget(tx: &mut Tx<'_>, id: Id<kind::Group>) -> Result<()> {
    let tenant = tx.tenant();
    references::drop_all(tx, id.uuid())?;
    dynamic::begin_anew(tx, id)?;
    let mut recorded = tx.record(Change::new("group", id.uuid(), Op::Purged, &[]))?;
    unique_names::forget(&mut recorded, tenant, id.uuid())?;
    recorded.execute(DELETE, params![&tenant, &id])?;
    Ok(())
}

/// Groups in the order of their ids, deleted ones included, behind `after`.
pub fn scan(tx: &ReadTx<'_>, after: Option<Id<kind::Group>>, limit: usize) -> Result<Vec<Group>> {
    tx.query(
        SCAN,
        params![&tx.tenant(), &after.unwrap_or_else(Id::nil), limit],
        group,
    )
}

/// A group, deleted or not.
pub fn find(tx: &ReadTx<'_>, id: Id<kind::Group>) -> Result<Option<Group>> {
    load(tx, id)
}

/// Purges groups that were deleted before an instant, so many at most; answers how many.
pub fn purge_expired(tx: &mut Tx<'_>, deleted_before: Timestamp, limit: usize) -> Result<usize> {
    let ids: Vec<Id<kind::Group>> = tx.query(
        EXPIRED,
        params![&tx.tenant(), deleted_before, limit],
        |row| row.id(0),
    )?;
    for id in &ids {
        purge(tx, *id)?;
    }
    Ok(ids.len())
}
