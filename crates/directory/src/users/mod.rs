//! Users: the tenant's own, and those of other tenants as they stand here.
//!
//! - A name (UPN) is unique among the users that aren't deleted, its domain is verified here; a
//!   mail is unique among the tenant's own users, and nothing is ever matched by it.
//! - A synced user's mapped attributes, name and mail are its home's ([`crate::synced`]); its
//!   `accountEnabled` is what home says *and not* the block of this tenant's admin, which no source
//!   can lift (`blockedHere`).
//! - A deleted user can be restored with the same id until it is purged.
//! - Passwords come as hashes and are never part of the document.
//!
//! Source: the `user` resource of Microsoft Graph, its operations, and `directory: deletedItems`.

mod deletion;
mod free;
mod manager;
mod password;
mod people;
mod properties;
mod scan;
mod sponsors;
pub(crate) mod sql;
mod write;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value, json};
use store::{Among, ReadTx, Row, params};
use types::{Error, Id, Result, TenantId, Timestamp, fold, kind};

use crate::document::{Document, ObjectText, Unparsed};
use crate::invitations;
use crate::listing::{Order, Ordered, Page, Place, Scope};
use crate::schema::{PRIVATE, Stored, complete};

pub use deletion::{
    count_deleted, delete, get_deleted, list_deleted, purge, purge_expired, restore,
    restore_without_mail,
};
pub(crate) use deletion::{forget, mark_deleted};
pub use free::look_for_free;
pub use manager::{
    count_direct_reports, direct_reports, manager_of, manager_of_user, remove_manager, set_manager,
    set_manager_of,
};
pub use password::{
    PasswordChange, password_change, password_hash, require_password_change, set_password,
};
pub use people::People;
pub(crate) use scan::scanned;
pub use scan::{ScannedUser, external_among, get_scanned, scan, scanned_many};
pub(crate) use sponsors::drop_sponsors;
pub use sponsors::{
    SPONSORS_MAX, add_sponsor, count_sponsors, ensure_sponsor, remove_sponsor, sponsors,
};
pub use write::{NewUser, create, end_sessions, update, update_kept, update_kept_of, update_of};
pub(crate) use write::{
    check_mapped, insert, normal, refuse_taken, save, save_as, save_unseen, set_home_enabled,
};

/// Days in which a deleted object can be restored, unless the configuration says otherwise.
pub const DELETED_DAYS: i64 = 30;

/// Document keys of ours: what home said of the account, where that is "disabled"; home's name,
/// where the one here had to differ; the issuer of a name whose domain isn't the initial one.
pub(crate) const HOME_DISABLED: &str = "#homeDisabled";
pub(crate) const HOME_UPN: &str = "#homeUserPrincipalName";
pub(crate) const ISSUER: &str = "#issuer";

/// A user.
#[derive(Debug, Clone)]
pub struct User<D = Map<String, Value>> {
    /// Its object id, which never changes.
    pub id: Id<kind::User>,
    pub(crate) document: D,
    /// When it was made here.
    pub created_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// Whether its home deleted it, not this tenant's admin.
    pub(crate) deleted_by_home: bool,
    /// Whether it may sign in: home says so, and it isn't blocked here.
    pub account_enabled: bool,
    /// Whether this tenant's admin blocked it; synced users only.
    pub blocked_here: bool,
    /// `member` or `guest`, folded.
    pub(crate) folded_type: String,
    /// Where a synced user comes from: its tenant, and its id there.
    pub home: Option<(TenantId, Id<kind::User>)>,
    /// The manager's local id; of a synced user the manager's id at home.
    pub(crate) manager_ref: Option<Id<kind::User>>,
    /// The key by which an import finds it again.
    pub source_key: Option<String>,
    /// Whether it came by an invitation; users who are synced did, too.
    pub(crate) is_invited: bool,
}

impl User {
    /// The name for people.
    pub fn display_name(&self) -> &str {
        self.text("displayName")
    }
    /// The name to sign in with.
    pub fn user_principal_name(&self) -> &str {
        self.text("userPrincipalName")
    }
    /// A property as `$select` shows it; null if it has no value or doesn't exist.
    pub fn property(&self, name: &str) -> Value {
        properties::USER
            .property(name)
            .map_or(Value::Null, |property| {
                complete(property.shape, self.value(property.name))
            })
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.document
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// What home says, whether or not it is blocked here.
    pub(crate) fn enabled_at_home(&self) -> bool {
        !self.document.contains_key(HOME_DISABLED)
    }

    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        match self.origin(name) {
            Origin::Made(value) => Some(value),
            Origin::Document => self.document.get(name).cloned(),
            Origin::Nothing => None,
        }
    }
}

/// Where the value of a property comes from.
enum Origin {
    /// It is made of the row's columns or of other properties.
    Made(Value),
    /// The document has it, or nobody.
    Document,
    Nothing,
}

impl<D> User<D> {
    /// `Member` or `Guest`.
    pub fn user_type(&self) -> &'static str {
        spelled_type(&self.folded_type)
    }
    /// Whether it isn't this tenant's own: its home is another tenant, or it was invited and hasn't
    /// shown yet where it signs in.
    pub const fn is_external(&self) -> bool {
        self.home.is_some() || self.is_invited
    }

    fn origin(&self, name: &str) -> Origin
    where
        D: Document,
    {
        Origin::Made(match name {
            "id" => json!(self.id),
            "accountEnabled" => self.account_enabled.into(),
            "blockedHere" => self.blocked_here.into(),
            // Graph declares these three as never null; so it shows that they weren't set.
            "birthday" | "hireDate" if !self.document.has(name) => "0001-01-01T00:00:00Z".into(),
            "deviceEnrollmentLimit" => 5.into(),
            "createdDateTime" => json!(self.created_at),
            "deletedDateTime" => match self.deleted_at {
                Some(at) => json!(at),
                None => return Origin::Nothing,
            },
            "userType" => self.user_type().into(),
            "identities" => self.identities(),
            "passwordProfile" if !self.is_external() => password::profile(&self.document),
            "proxyAddresses" => match self.document.text("mail") {
                Some(mail) => json!([proxy_address(&mail)]),
                None => return Origin::Nothing,
            },
            "securityIdentifier" => types::security_identifier(self.id.uuid()).into(),
            // The name is free for others while its owner is deleted, so it is shown made unique.
            "userPrincipalName" if self.deleted_at.is_some() => {
                let upn = self.document.text(name).unwrap_or_default();
                format!("{}{upn}", self.id.uuid().simple()).into()
            }
            "signInSessionsValidFromDateTime" if !self.document.has(name) => {
                json!(self.created_at)
            }
            _ => return Origin::Document,
        })
    }

    fn identities(&self) -> Value
    where
        D: Document,
    {
        let upn = self.document.text("userPrincipalName").unwrap_or_default();
        let domain = upn.rsplit_once('@').map_or("", |(_, domain)| domain);
        let issuer = self.document.text(ISSUER);
        let issuer = issuer.as_deref().unwrap_or(domain);
        let own =
            json!({"signInType": "userPrincipalName", "issuer": issuer, "issuerAssignedId": upn});
        if self.home.is_some() {
            let home = json!({"signInType": "federated", "issuer": "ExternalAzureAD", "issuerAssignedId": null});
            json!([home, own])
        } else {
            json!([own])
        }
    }
}

/// The address that a mail is among all of a user's: the one that it is written to from.
fn proxy_address(mail: &str) -> String {
    format!("SMTP:{mail}")
}

pub(crate) fn spelled_type(folded: &str) -> &'static str {
    if folded == "guest" { "Guest" } else { "Member" }
}

/// Without what is ours alone.
pub(crate) fn public(mut document: Map<String, Value>) -> Map<String, Value> {
    document.retain(|name, _| !name.starts_with(PRIVATE));
    document
}

/// Shows a user: Graph's default set, or the properties that are selected; nulls are present.
/// `blockedHere` isn't Graph's; it is shown where it is named.
pub fn project(user: &User, select: Option<&[String]>) -> Result<Map<String, Value>> {
    properties::USER.project(select, |name| user.value(name))
}

/// What [`project`] shows of the user that [`find`] finds, as a text: for an answer with one user,
/// in a third of the time.
pub fn show(tx: &ReadTx<'_>, key: &str, select: Option<&[String]>) -> Result<ObjectText> {
    let show = |row: &Row<'_>| {
        let user = sql::user_with(row, Unparsed::of(row.text(1)?)?)?;
        if user.deleted_at.is_some() {
            return Ok(None);
        }
        let text = properties::USER.write(select, |name| match user.origin(name) {
            Origin::Made(value) => Some(Stored::Value(value)),
            Origin::Document => user.document.get(name).map(Stored::Text),
            Origin::Nothing => None,
        });
        text.map(Some)
    };
    let tenant = tx.tenant();
    let found = match types::parse_uuid(key) {
        Some(id) => tx.query_one(sql::GET, params![&tenant, &id], show),
        None => tx.query_one(sql::GET_BY_UPN, params![&tenant, &fold(key)], show),
    };
    found?
        .flatten()
        .ok_or_else(|| Error::not_found("user", key))
}

/// Refuses names that aren't properties of users.
pub fn check_select(select: &[String]) -> Result<()> {
    properties::USER.selected(Some(select)).map(drop)
}

/// The names of Graph's properties of users.
pub fn property_names() -> Vec<String> {
    let names = properties::USER.properties.iter().map(|it| it.name);
    names
        .filter(|name| *name != "blockedHere")
        .map(str::to_owned)
        .collect()
}

/// What users can be filtered by.
pub fn entity() -> &'static query::Entity {
    &properties::ENTITY
}

const ALIVE: Scope<'_> = Scope {
    sql: "u.deleted_at IS NULL",
    params: &[],
};

/// The user of an id, deleted or not.
pub(crate) fn load(tx: &ReadTx<'_>, id: Id<kind::User>) -> Result<Option<User>> {
    tx.query_one(sql::GET, params![&tx.tenant(), &id], sql::user)
}

/// The user of an id that isn't deleted.
pub fn get(tx: &ReadTx<'_>, id: Id<kind::User>) -> Result<User> {
    load(tx, id)?
        .filter(|user| user.deleted_at.is_none())
        .ok_or_else(|| Error::not_found("user", id))
}

/// The same, if there is one, for what is asked for all the time: a tenant's own people are remembered.
/// Of those from elsewhere a part is written without a change in the feed.
pub fn look_up(tx: &ReadTx<'_>, id: Id<kind::User>) -> Result<Option<Arc<User>>> {
    let mut from_elsewhere = None;
    let own = tx.remembered(id.bytes(), || {
        let found = types::found(get(tx, id))?;
        let (own, other) = match found {
            Some(user) if invitations::is_own(&user) => (Some(user), None),
            other => (None, other),
        };
        from_elsewhere = other;
        Ok(own)
    })?;
    Ok(own.or(from_elsewhere.map(Arc::new)))
}

/// The user of an id or a UPN that isn't deleted.
pub fn find(tx: &ReadTx<'_>, key: &str) -> Result<User> {
    if let Some(uuid) = types::parse_uuid(key) {
        return get(tx, Id::new(uuid));
    }
    tx.query_one(
        sql::GET_BY_UPN,
        params![&tx.tenant(), &fold(key)],
        sql::user,
    )?
    .ok_or_else(|| Error::not_found("user", key))
}

/// The user that an import made of a source's record, deleted or not.
pub fn find_by_source(tx: &ReadTx<'_>, source_key: &str) -> Result<Option<User>> {
    tx.query_one(
        sql::GET_BY_SOURCE,
        params![&tx.tenant(), source_key],
        sql::user,
    )
}

/// The same of many records, by their keys.
pub fn find_by_sources(tx: &ReadTx<'_>, source_keys: &[&str]) -> Result<HashMap<String, User>> {
    static GET_MANY: LazyLock<Among> = LazyLock::new(|| Among::new(sql::GET_BY_SOURCES, 2));
    let mut found = HashMap::new();
    tx.for_each_named(&GET_MANY, params![&tx.tenant()], source_keys, |row| {
        let user = sql::user(row)?;
        if let Some(key) = user.source_key.clone() {
            found.insert(key, user);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Whether there is such a user that isn't deleted.
pub fn exists(tx: &ReadTx<'_>, id: Id<kind::User>) -> Result<bool> {
    Ok(tx.count(sql::EXISTS, params![&tx.tenant(), &id])? > 0)
}

/// A page of the users that aren't deleted.
pub fn list(tx: &ReadTx<'_>, page: &Page<'_>) -> Result<Vec<User>> {
    sql::LISTING.page(tx, &ALIVE, page, sql::user)
}

/// How many users there are, or for how many a filter is true.
pub fn count(tx: &ReadTx<'_>, filter: Option<&query::Filter>, advanced: bool) -> Result<u64> {
    sql::LISTING.count(tx, &ALIVE, filter, advanced)
}

/// How many rows [`scan()`] goes over, deleted users included.
pub fn count_all(tx: &ReadTx<'_>) -> Result<u64> {
    tx.count(sql::COUNT_ALL, params![&tx.tenant()])
}

/// How many users are this tenant's own.
pub fn count_internal(tx: &ReadTx<'_>) -> Result<u64> {
    tx.count(sql::COUNT_INTERNAL, params![&tx.tenant()])
}

/// Where a page that ends with this user ended.
pub fn place(user: &User, order: Order) -> Place {
    order.place(&Ordered {
        id: user.id.uuid(),
        display_name: user.display_name(),
        user_principal_name: Some(user.user_principal_name()),
        created_at: user.created_at,
        deleted_at: user.deleted_at,
    })
}
