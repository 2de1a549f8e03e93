//! Users of other tenants, as synchronization puts them here.
//!
//! - Matched by (home tenant, home object id): a mail proves nothing. Only somebody who was invited
//!   under the name that the user has at home, in a domain of the home, is matched by that name.
//! - The mapped attributes, the name and the mail are the home's, their absence included; the rest
//!   is this tenant's. `userType` is set when the user is made and not touched after, but where this
//!   tenant takes guests at most.
//! - A repeated upsert changes nothing: no row is written and nothing goes into the feed.
//! - What the home deleted, the home brings back, with the same id. What this tenant's admin
//!   deleted stays deleted until the admin restores or purges it.
//! - What is wrong with a user is an error of that user; the caller runs each in `Tx::attempt`.
//!
//! Source: "Configure cross-tenant synchronization" and "What is cross-tenant synchronization"
//! (Microsoft Entra), for the form of the name, the states and the mapping.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};
use store::{Among, Change, Op, ReadTx, Tx, params};
use types::{Error, Id, Result, TenantId, Timestamp, Upn, fold, kind};

use crate::schema::{is_mail, set};
use crate::synced_mapping::{self, FLOWS, MAPPABLE, OwnMapping};
use crate::users::sql::{self, Columns, Fixed, Folded};
use crate::users::{self, HOME_DISABLED, HOME_UPN, ScannedUser, User};
use crate::{domains, invitations, users::check_mapped};

/// The mapped attributes. All of a synced user's values of these are its home's.
pub const MAPPED: [&str; 15] = [
    "displayName",
    "givenName",
    "surname",
    "mailNickname",
    "jobTitle",
    "department",
    "employeeId",
    "officeLocation",
    "streetAddress",
    "city",
    "state",
    "postalCode",
    "country",
    "businessPhones",
    "preferredLanguage",
];

/// Attributes that aren't taken from home, but may be set by this tenant's rules for whoever comes.
pub const EXTRA: [&str; 3] = ["companyName", "employeeType", "usageLocation"];

/// Document key of ours: whether the user is a guest because this tenant takes guests at most.
const CAPPED: &str = "#guestAtMost";

/// Names of the form `alias_domain`, `alias_domain1` … that are tried, at most.
const SUFFIX_MAX: u32 = 99;

/// How far an invitation has come, and since when.
pub(crate) const STATE: &str = "externalUserState";
pub(crate) const STATE_CHANGED: &str = "externalUserStateChangeDateTime";

/// What a home says of one of its users.
#[derive(Debug, Clone)]
pub struct SyncedUser {
    /// The home tenant.
    pub home_tenant: TenantId,
    /// The user's object id there.
    pub home_id: Id<kind::User>,
    /// The mapped attributes ([`MAPPED`]); what is absent is cleared.
    pub properties: Map<String, Value>,
    /// Whether the account is enabled at home.
    pub account_enabled: bool,
    /// The name at home.
    pub user_principal_name: String,
    /// The mail at home.
    pub home_mail: Option<String>,
    /// The manager's object id at home.
    pub manager_home_id: Option<Id<kind::User>>,
    /// Some of [`EXTRA`], by this tenant's own rules; what is absent stays.
    pub extra: Map<String, Value>,
    /// Whether this tenant takes guests at most.
    pub guest_at_most: bool,
    /// Whether this tenant has invited anybody of the home ([`has_invited`]), who may be this user.
    pub may_be_invited: bool,
    /// The home's own mapping, where it has another than the default.
    pub mapping: Option<Box<OwnMapping>>,
}

impl SyncedUser {
    /// Takes an attribute out of what the home says.
    pub fn deny(&mut self, name: &str) {
        match name {
            "mail" => self.home_mail = None,
            "manager" => self.manager_home_id = None,
            _ => {}
        }
        let own = self.mapping.as_deref_mut();
        let more = own.map(|own| [&mut own.on_creation, &mut own.if_absent]);
        let values = more.into_iter().flatten().chain([&mut self.properties]);
        for values in values {
            values.remove(name);
        }
    }
}

/// What an upsert did.
#[derive(Debug, Clone, PartialEq)]
pub enum SyncedOutcome {
    /// There was no such user.
    Created,
    /// Some properties changed: name, old and new value.
    Updated {
        /// Which.
        changed: Vec<(String, Value, Value)>,
    },
    /// The user had been deleted by its home and came back.
    Restored {
        /// What changed besides.
        changed: Vec<(String, Value, Value)>,
    },
    /// It was all the same already.
    Unchanged,
}

/// What an upsert did, to which user.
#[derive(Debug, Clone, PartialEq)]
pub struct Upserted {
    /// The object here.
    pub id: Id<kind::User>,
    /// What was done.
    pub outcome: SyncedOutcome,
}

/// What is asked once for all users of a batch.
pub struct Batch {
    initial_domain: String,
    /// Whom there is of the home's users. Who was asked about once is looked up from then on.
    known: RefCell<HashMap<Id<kind::User>, Option<User>>>,
}

impl Batch {
    /// For these users of a home tenant.
    pub fn open(tx: &ReadTx<'_>, home: TenantId, users: &[Id<kind::User>]) -> Result<Self> {
        static GET_MANY: LazyLock<Among> = LazyLock::new(|| Among::new(sql::GET_BY_HOMES, 3));
        let mut known: HashMap<_, _> = users.iter().map(|user| (*user, None)).collect();
        let tenant = tx.tenant();
        tx.for_each_among(&GET_MANY, params![&tenant, &home], users, |row| {
            let user = sql::user(row)?;
            if let Some((_, id)) = user.home {
                known.insert(id, Some(user));
            }
            Ok(())
        })?;
        Ok(Self {
            initial_domain: domains::initial(tx)?,
            known: RefCell::new(known),
        })
    }

    fn known(&self, tx: &ReadTx<'_>, synced: &SyncedUser) -> Result<Option<User>> {
        if let Some(known) = self.known.borrow_mut().remove(&synced.home_id) {
            return Ok(known);
        }
        tx.query_one(
            sql::GET_BY_HOME,
            params![&tx.tenant(), &synced.home_tenant, &synced.home_id],
            sql::user,
        )
    }
}

/// Makes or changes the user that stands for one of another tenant.
pub fn upsert(tx: &mut Tx<'_>, synced: &SyncedUser) -> Result<Upserted> {
    let batch = Batch::open(tx, synced.home_tenant, &[synced.home_id])?;
    upsert_of(tx, &batch, synced)
}

/// The same, of a batch.
pub fn upsert_of(tx: &mut Tx<'_>, batch: &Batch, synced: &SyncedUser) -> Result<Upserted> {
    let normal;
    let synced = match &synced.mapping {
        None => synced,
        Some(own) => {
            let mapping = Some(Box::new(own.normal(synced)?));
            normal = SyncedUser {
                mapping,
                ..synced.clone()
            };
            &normal
        }
    };
    let properties = checked(synced)?;
    let initial = &batch.initial_domain;
    match batch.known(tx, synced)? {
        Some(user) => change(tx, synced, &properties, user),
        None if !synced.may_be_invited => create(tx, synced, &properties, initial),
        None => match invited(tx, synced)? {
            Some(user) => adopt(tx, synced, &properties, user),
            None => create(tx, synced, &properties, initial),
        },
    }
}

/// Whether this tenant has invited anybody of another one: asked once for many users, since hardly
/// anybody is.
pub fn has_invited(tx: &ReadTx<'_>, home: TenantId) -> Result<bool> {
    invitations::any_from(tx, home)
}

/// Whom this tenant has invited under the name that the user has at home. The name is the home's to
/// give, since its domain was the home's when the invitation was made; a mail would prove nothing.
fn invited(tx: &ReadTx<'_>, synced: &SyncedUser) -> Result<Option<User>> {
    let found = invitations::invited_from(tx, synced.home_tenant, &synced.user_principal_name)?;
    Ok(found.filter(|user| user.home.is_none() && user.deleted_at.is_none()))
}

/// Makes the user that was invited the one that is synced: with the same id and the same type.
fn adopt(
    tx: &mut Tx<'_>,
    synced: &SyncedUser,
    properties: &Map<String, Value>,
    mut user: User,
) -> Result<Upserted> {
    let tenant = tx.tenant();
    tx.bookkeeping().execute(
        sql::SET_HOME,
        params![&tenant, &user.id, &synced.home_tenant, &synced.home_id],
    )?;
    user.home = Some((synced.home_tenant, synced.home_id));
    change(tx, synced, properties, user)
}

/// Checks what came, and brings its values into the form that is stored.
fn checked(synced: &SyncedUser) -> Result<Cow<'_, Map<String, Value>>> {
    if synced.mapping.is_some() {
        return checked_by_own(synced).map(Cow::Owned);
    }
    let mut is_normal = true;
    for (name, value) in &synced.properties {
        if !MAPPED.contains(&name.as_str()) {
            return Err(Error::invalid(
                name,
                format!("Property '{name}' isn't one that synchronization sets."),
            ));
        }
        is_normal &= check_mapped(name, value)?;
    }
    if !synced
        .properties
        .get("displayName")
        .is_some_and(Value::is_string)
    {
        return Err(no_display_name());
    }
    check_mail_and_name(synced)?;
    if is_normal && synced.extra.is_empty() {
        return Ok(Cow::Borrowed(&synced.properties));
    }
    let mut normal = Map::new();
    for (name, value) in synced.properties.iter().chain(extra(synced)) {
        if let Some(value) = users::normal(name, value)? {
            normal.insert(name.clone(), value);
        }
    }
    Ok(Cow::Owned(normal))
}

fn no_display_name() -> Error {
    Error::invalid(
        "displayName",
        "A value is required for property 'displayName' of resource 'User'.",
    )
}

fn check_mail_and_name(synced: &SyncedUser) -> Result<()> {
    if let Some(mail) = &synced.home_mail
        && !is_mail(mail)
    {
        return Err(Error::invalid(
            "mail",
            "Invalid value specified for property 'mail' of resource 'User': it has to be a mail address.",
        ));
    }
    Upn::parse(&synced.user_principal_name).map(drop)
}

fn extra(synced: &SyncedUser) -> impl Iterator<Item = (&String, &Value)> {
    let extra = synced.extra.iter();
    extra.filter(|(name, _)| EXTRA.contains(&name.as_str()))
}

/// [`checked`] where the home has a mapping of its own.
fn checked_by_own(synced: &SyncedUser) -> Result<Map<String, Value>> {
    check_mail_and_name(synced)?;
    let names_it = synced
        .mapping
        .as_ref()
        .is_some_and(|own| own.flows("displayName"));
    if names_it && !synced.properties.contains_key("displayName") {
        return Err(no_display_name());
    }
    let mut all = synced.properties.clone();
    all.extend(extra(synced).map(|(name, value)| (name.clone(), value.clone())));
    synced_mapping::checked(&all, &synced.user_principal_name)
}

/// `alias_domain` of a name at home.
pub(crate) fn base(home_upn: &str) -> String {
    match home_upn.rsplit_once('@') {
        Some((alias, domain)) => format!("{alias}_{domain}"),
        None => home_upn.to_owned(),
    }
}

pub(crate) fn name(base: &str, suffix: u32, initial: &str) -> Result<String> {
    let name = match suffix {
        0 => format!("{base}#EXT#@{initial}"),
        _ => format!("{base}{suffix}#EXT#@{initial}"),
    };
    Upn::parse(&name).map(|_| name)
}

fn no_free_name(base: &str) -> Error {
    Error::conflict(format!(
        "All names of the form {base}#EXT# are taken in this tenant."
    ))
}

/// A new user's document, written without making one first: this is the hot path.
struct NewDocument<'a> {
    properties: &'a Map<String, Value>,
    user_principal_name: &'a str,
    given_up: Option<&'a str>,
    mail: Option<&'a Value>,
    other_mails: Option<&'a Value>,
    now: Timestamp,
    account_enabled: bool,
    guest_at_most: bool,
    show_in_address_list: bool,
    flows: Option<&'a Value>,
}

impl Serialize for NewDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.properties {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("userPrincipalName", self.user_principal_name)?;
        if let (Some(mail), Some(others)) = (self.mail, self.other_mails) {
            map.serialize_entry("mail", mail)?;
            map.serialize_entry("otherMails", others)?;
        }
        map.serialize_entry("creationType", "Invitation")?;
        map.serialize_entry("externalUserState", "Accepted")?;
        map.serialize_entry("externalUserStateChangeDateTime", &self.now)?;
        map.serialize_entry("showInAddressList", &self.show_in_address_list)?;
        if !self.account_enabled {
            map.serialize_entry(HOME_DISABLED, &true)?;
        }
        if self.guest_at_most {
            map.serialize_entry(CAPPED, &true)?;
        }
        if let Some(home_upn) = self.given_up {
            map.serialize_entry(HOME_UPN, home_upn)?;
        }
        if let Some(flows) = self.flows {
            map.serialize_entry(FLOWS, flows)?;
        }
        map.end()
    }
}

fn create(
    tx: &mut Tx<'_>,
    synced: &SyncedUser,
    properties: &Map<String, Value>,
    initial: &str,
) -> Result<Upserted> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let id = Id::new(tx.new_uuid());
    let own = synced.mapping.as_deref();
    let own = own
        .map(|own| own.new_user(synced, properties))
        .transpose()?;
    let own = own.as_ref();
    let properties = own.map_or(properties, |own| &own.properties);
    let home_name = own.map_or(synced.user_principal_name.as_str(), |own| own.name);
    let home_mail = own.map_or(synced.home_mail.as_deref(), |own| own.mail);
    let account_enabled = own.map_or(synced.account_enabled, |own| own.account_enabled);
    let base = base(home_name);
    let mail = home_mail.map(Value::from);
    let other_mails = mail.as_ref().map(|mail| json!([mail]));
    let (invitation, accepted) = (json!("Invitation"), json!("Accepted"));
    let folded = Folded::new(|name| match name {
        "mail" => mail.as_ref(),
        "otherMails" => other_mails.as_ref(),
        "creationType" => Some(&invitation),
        "externalUserState" => Some(&accepted),
        _ => properties.get(name),
    });
    let fixed = Fixed {
        created_at: now,
        home: Some((synced.home_tenant, synced.home_id)),
        source_key: None,
        password_hash: None,
    };
    let mut recorded = tx.record(Change::new("user", id.uuid(), Op::Created, &[]))?;
    // The insertion itself tells whether the name is taken, so that none is looked up.
    for suffix in 0..=SUFFIX_MAX {
        let upn = name(&base, suffix, initial)?;
        let document = NewDocument {
            properties,
            user_principal_name: &upn,
            given_up: (suffix > 0).then_some(home_name),
            mail: mail.as_ref(),
            other_mails: other_mails.as_ref(),
            now,
            account_enabled,
            guest_at_most: synced.guest_at_most,
            show_in_address_list: own.is_none_or(|own| own.show_in_address_list),
            flows: own.map(|own| &own.flows),
        };
        let doc = serde_json::to_string(&document).map_err(Error::internal)?;
        let folded_upn = fold(&upn);
        let columns = Columns {
            doc: &doc,
            deleted_at: None,
            deleted_by_home: None,
            account_enabled,
            blocked_here: false,
            user_type: if own.map_or(synced.guest_at_most, |own| own.is_guest) {
                "guest"
            } else {
                "member"
            },
            user_principal_name: Some(&folded_upn),
            manager_ref: own.map_or(synced.manager_home_id, |own| own.manager),
            folded: &folded,
        };
        let params = sql::insertion(&tenant, &id, &columns, &fixed);
        let inserted = recorded.execute_expecting(1, sql::INSERT, &params)?;
        if inserted == 1 {
            return Ok(Upserted {
                id,
                outcome: SyncedOutcome::Created,
            });
        }
    }
    Err(no_free_name(&base))
}

fn change(
    tx: &mut Tx<'_>,
    synced: &SyncedUser,
    properties: &Map<String, Value>,
    old: User,
) -> Result<Upserted> {
    let id = old.id;
    let returns = old.deleted_at.is_some();
    if returns && !old.deleted_by_home {
        return Err(Error::conflict(
            "An administrator of the target tenant deleted this user. Restore the user there, or delete it permanently.",
        ));
    }
    let mut user = old.clone();
    let mail = synced.home_mail.as_deref().map(Value::from);
    let other_mails = mail.as_ref().map(|mail| json!([mail]));
    let own = synced.mapping.as_deref();
    let flows = |name: &str| own.is_none_or(|own| own.flows(name));
    for name in MAPPED {
        let value = properties.get(name);
        if value.is_some() || flows(name) {
            set(&mut user.document, name, value.cloned());
        }
    }
    for name in EXTRA {
        if let Some(value) = properties.get(name) {
            set(&mut user.document, name, Some(value.clone()));
        }
    }
    if flows("mail") {
        set(&mut user.document, "mail", mail);
        set(&mut user.document, "otherMails", other_mails);
    }
    match own {
        Some(own) => own.apply(&mut user, properties)?,
        None => drop(set(&mut user.document, FLOWS, None)),
    }
    cap(&mut user, synced.guest_at_most);
    let accepts = user.text(STATE) == "PendingAcceptance";
    if accepts {
        set(&mut user.document, STATE, Some("Accepted".into()));
        let now = json!(tx.now());
        set(&mut user.document, STATE_CHANGED, Some(now));
    }
    if flows("accountEnabled") {
        users::set_home_enabled(&mut user, synced.account_enabled);
    }
    if flows("manager") {
        user.manager_ref = synced.manager_home_id;
    }
    let home_name = own.map_or(synced.user_principal_name.as_str(), |own| own.name(synced));
    if returns || (flows("userPrincipalName") && is_renamed(&old, home_name)) {
        rename(tx, &mut user, home_name)?;
    }
    user.deleted_at = None;
    user.deleted_by_home = false;

    let mut changed: Vec<(String, Value, Value)> = Vec::new();
    let owned = MAPPED.iter().copied().chain(MAPPABLE).chain([
        "userPrincipalName",
        "mail",
        "otherMails",
        "showInAddressList",
        STATE,
    ]);
    for name in owned {
        let (before, after) = (old.document.get(name), user.document.get(name));
        if before != after {
            let value = |value: Option<&Value>| value.cloned().unwrap_or(Value::Null);
            changed.push((name.to_owned(), value(before), value(after)));
        }
    }
    if old.account_enabled != user.account_enabled {
        changed.push((
            "accountEnabled".to_owned(),
            old.account_enabled.into(),
            user.account_enabled.into(),
        ));
    }
    if old.folded_type != user.folded_type {
        changed.push((
            "userType".to_owned(),
            old.user_type().into(),
            user.user_type().into(),
        ));
    }
    if old.manager_ref != user.manager_ref {
        changed.push((
            "manager".to_owned(),
            json!(old.manager_ref),
            json!(user.manager_ref),
        ));
    }
    let names: Vec<&str> = changed.iter().map(|(name, ..)| name.as_str()).collect();
    let outcome = if returns {
        users::save(tx, &user, Op::Restored, &names)?;
        SyncedOutcome::Restored { changed }
    } else if !changed.is_empty() {
        let before = if old.manager_ref == user.manager_ref {
            None
        } else {
            users::manager_of(tx, id)?.map(Id::uuid)
        };
        let change = Change::new("user", id.uuid(), Op::Updated, &names).with_related(before);
        users::save_as(tx, &user, change)?;
        SyncedOutcome::Updated { changed }
    } else {
        let differs = |name: &str| old.document.get(name) != user.document.get(name);
        if old.enabled_at_home() != user.enabled_at_home() || differs(FLOWS) {
            // Nobody sees a difference: blocked here, the first counts once the block is lifted;
            // the other says what this tenant may change.
            users::save_unseen(tx, &user)?;
        }
        SyncedOutcome::Unchanged
    };
    Ok(Upserted { id, outcome })
}

/// Makes a guest of a member if this tenant takes guests at most, and a member again of whom that
/// has made a guest.
fn cap(user: &mut User, guest_at_most: bool) {
    if guest_at_most && user.folded_type != "guest" {
        user.folded_type = "guest".into();
        set(&mut user.document, CAPPED, Some(true.into()));
    } else if !guest_at_most && user.document.contains_key(CAPPED) {
        user.folded_type = "member".into();
        set(&mut user.document, CAPPED, None);
    }
}

/// A value of an attribute in the form that is stored; none for one that clears it.
pub fn normal(name: &str, value: &Value) -> Result<Option<Value>> {
    users::normal(name, value)
}

fn is_renamed(user: &User, home_upn: &str) -> bool {
    if let Some(known) = user.document.get(HOME_UPN).and_then(Value::as_str) {
        return known != home_upn;
    }
    let name = user.user_principal_name().split_once("#EXT#");
    let (local, _) = name.unwrap_or_default();
    local != base(home_upn)
}

/// Gives the user the name that its name at home makes, or the next one that is free.
pub(crate) fn rename(tx: &ReadTx<'_>, user: &mut User, home_upn: &str) -> Result<()> {
    let initial = domains::initial(tx)?;
    let base = base(home_upn);
    for suffix in 0..=SUFFIX_MAX {
        let upn = name(&base, suffix, &initial)?;
        let taken = users::refuse_taken(tx, &fold(&upn), user.id);
        match taken {
            Ok(()) => {
                let given_up = (suffix > 0).then(|| home_upn.into());
                set(&mut user.document, HOME_UPN, given_up);
                set(&mut user.document, "userPrincipalName", Some(upn.into()));
                return Ok(());
            }
            Err(Error::AlreadyExists { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(no_free_name(&base))
}

/// Deletes the user that stands for one of another tenant: for now, or for good if it is gone for
/// good at home. Answers the object here, if there is one.
pub fn remove(
    tx: &mut Tx<'_>,
    home_tenant: TenantId,
    home_id: Id<kind::User>,
    purge: bool,
) -> Result<Option<Id<kind::User>>> {
    let Some(user) = find(tx, home_tenant, home_id)? else {
        return Ok(None);
    };
    if purge {
        users::forget(tx, user.id)?;
    } else if !user.deleted {
        users::mark_deleted(tx, user.id, true)?;
    }
    Ok(Some(user.id))
}

/// The user that stands for one of another tenant, deleted or not.
pub fn find(
    tx: &ReadTx<'_>,
    home_tenant: TenantId,
    home_id: Id<kind::User>,
) -> Result<Option<ScannedUser>> {
    tx.query_one(
        sql::GET_BY_HOME,
        params![&tx.tenant(), &home_tenant, &home_id],
        users::scanned,
    )
}

/// How many users of another tenant are here, deleted ones not counted.
pub fn count(tx: &ReadTx<'_>, home_tenant: TenantId) -> Result<u64> {
    tx.count(sql::COUNT_HOME, params![&tx.tenant(), &home_tenant])
}

/// When the first of another tenant's users who are here came.
pub fn since(tx: &ReadTx<'_>, home_tenant: TenantId) -> Result<Option<Timestamp>> {
    let first = tx.query_one(
        "SELECT min(created_at) FROM users \
         WHERE tenant_id = ?1 AND home_tenant_id = ?2 AND home_id IS NOT NULL",
        params![&tx.tenant(), &home_tenant],
        |row| row.opt_timestamp(0),
    )?;
    Ok(first.flatten())
}

/// The users of another tenant in the order of their ids at home, deleted ones included, behind
/// the one whose id at home is `after`.
pub fn list(
    tx: &ReadTx<'_>,
    home_tenant: TenantId,
    after: Option<Id<kind::User>>,
    limit: usize,
) -> Result<Vec<User>> {
    match &after {
        Some(after) => tx.query(
            sql::SCAN_HOME,
            params![&tx.tenant(), limit, &home_tenant, after],
            sql::user,
        ),
        None => tx.query(
            sql::SCAN_HOME_FIRST,
            params![&tx.tenant(), limit, &home_tenant],
            sql::user,
        ),
    }
}

/// What the users of another tenant have here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// The users, deleted ones not counted.
    pub users: u64,
    /// Their memberships in groups.
    pub group_memberships: u64,
    /// Roles that they are assigned, of applications and of the directory.
    pub role_assignments: u64,
}

/// Counts the rows of a table that name a user of another tenant, in this column.
macro_rules! of_users_of {
    ($table:literal, $column:literal) => {
        concat!(
            "SELECT count(*) FROM users u JOIN ",
            $table,
            " a ON a.tenant_id = u.tenant_id AND a.",
            $column,
            " = u.id WHERE u.tenant_id = ?1 AND u.home_tenant_id = ?2 \
             AND u.home_id IS NOT NULL AND u.deleted_at IS NULL"
        )
    };
}

const GROUP_MEMBERSHIPS_OF: &str = of_users_of!("group_members", "member_id");
const ROLE_ASSIGNMENTS_OF: [&str; 3] = [
    of_users_of!("app_role_assignments", "principal_id"),
    of_users_of!("role_assignments", "principal_id"),
    of_users_of!("scoped_role_assignments", "principal_id"),
];

/// What the users of another tenant have here.
pub fn standing(tx: &ReadTx<'_>, home_tenant: TenantId) -> Result<Standing> {
    let tenant = tx.tenant();
    let key = params![&tenant, &home_tenant];
    let mut role_assignments = 0;
    for sql in ROLE_ASSIGNMENTS_OF {
        role_assignments += tx.count(sql, key)?;
    }
    Ok(Standing {
        users: count(tx, home_tenant)?,
        group_memberships: tx.count(GROUP_MEMBERSHIPS_OF, key)?,
        role_assignments,
    })
}
