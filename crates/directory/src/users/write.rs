//! Making and changing users.

use serde_json::{Map, Value, json};
use store::{Change, Op, Param, ReadTx, Tx, params};
use types::{Error, Id, Result, TenantId, Upn, fold, kind};

use super::password::PasswordChange;
use super::properties::USER;
use super::sql::{self, Columns, Fixed, Folded};
use super::{HOME_DISABLED, ISSUER, User, free, get};
use crate::listing::folded_json;
use crate::schema::{Purpose, is_mail, is_nickname, set};
use crate::synced_mapping;
use crate::{audited, domains, roles};

/// A user to be made.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// Graph's properties; `passwordProfile` is taken out by whoever hashes the password.
    pub properties: Map<String, Value>,
    /// The password's hash; none for a user that can't sign in with one.
    pub password_hash: Option<String>,
    /// Whether it has to be changed at the next sign-in.
    pub password_change: PasswordChange,
    /// The key by which an import finds the user again.
    pub source_key: Option<String>,
    /// The manager: a user of this tenant who is there.
    pub manager: Option<Id<kind::User>>,
}

const REQUIRED: [&str; 4] = [
    "accountEnabled",
    "displayName",
    "mailNickname",
    "userPrincipalName",
];

/// Makes a user of this tenant.
pub fn create(tx: &mut Tx<'_>, new: NewUser) -> Result<User> {
    for name in REQUIRED {
        if new.properties.get(name).is_none_or(Value::is_null) {
            return Err(Error::invalid(
                name,
                format!("A value is required for property '{name}' of resource 'User'."),
            ));
        }
    }
    let mut body = new.properties;
    let id = Id::new(tx.new_uuid());
    let mut user = User {
        id,
        document: Map::new(),
        created_at: tx.now(),
        deleted_at: None,
        deleted_by_home: false,
        account_enabled: take_bool(&mut body, "accountEnabled")?.unwrap_or(true),
        blocked_here: false,
        folded_type: take_type(&mut body)?.unwrap_or_else(|| "member".into()),
        home: None,
        manager_ref: new.manager,
        source_key: new.source_key,
        is_invited: false,
    };
    USER.apply(&mut user.document, &body, Purpose::Create)?;
    let names: Vec<&str> = body.keys().map(String::as_str).collect();
    settle(tx, &mut user, &names)?;
    if new.password_hash.is_some() {
        let now = json!(tx.now());
        set(&mut user.document, "lastPasswordChangeDateTime", Some(now));
        new.password_change.note(&mut user.document);
    }
    if let Some(key) = &user.source_key
        && !free::is_source_key_free(tx, key)
        && tx.count(sql::SOURCE_IS_TAKEN, params![&tx.tenant(), key])? > 0
    {
        return Err(Error::AlreadyExists {
            property: "sourceKey",
        });
    }
    insert(tx, &user, new.password_hash.as_deref())?;
    audited::act(tx, "Add user", &user)?;
    Ok(user)
}

/// Writes the row of a user that is new and has no home elsewhere.
pub(crate) fn insert(tx: &mut Tx<'_>, user: &User, password_hash: Option<&str>) -> Result<()> {
    let (tenant, id) = (tx.tenant(), user.id);
    let doc = serde_json::to_string(&user.document).map_err(Error::internal)?;
    let folded = Folded::new(|name| user.document.get(name));
    let upn = fold(user.user_principal_name());
    let columns = columns(user, &doc, &folded, &upn);
    let fixed = Fixed {
        created_at: user.created_at,
        home: None,
        source_key: user.source_key.as_deref(),
        password_hash,
    };
    free::take(tx, user);
    // That nobody has the name was looked up before, under the lock on all writing.
    tx.record(Change::new("user", id.uuid(), Op::Created, &[]))?
        .execute_later(sql::INSERT, &sql::insertion(&tenant, &id, &columns, &fixed))
}

/// Changes a user by a JSON patch object; answers whether that changed anything.
pub fn update(tx: &mut Tx<'_>, id: Id<kind::User>, patch: &Map<String, Value>) -> Result<bool> {
    change(tx, get(tx, id)?, patch, true)
}

/// [`update`] of a user that was read already.
pub fn update_of(tx: &mut Tx<'_>, user: User, patch: &Map<String, Value>) -> Result<bool> {
    change(tx, user, patch, true)
}

/// [`update`] of a user of another tenant that has parted from this one: what its home has left here
/// is this tenant's to change, all but the name.
pub fn update_kept(
    tx: &mut Tx<'_>,
    id: Id<kind::User>,
    patch: &Map<String, Value>,
) -> Result<bool> {
    change(tx, get(tx, id)?, patch, false)
}

/// [`update_kept`] of a user that was read already.
pub fn update_kept_of(tx: &mut Tx<'_>, user: User, patch: &Map<String, Value>) -> Result<bool> {
    change(tx, user, patch, false)
}

fn change(
    tx: &mut Tx<'_>,
    old: User,
    patch: &Map<String, Value>,
    is_kept_current: bool,
) -> Result<bool> {
    let mut user = old.clone();
    let mut body = patch.clone();
    let enabled = take_bool(&mut body, "accountEnabled")?;
    let blocked = take_bool(&mut body, "blockedHere")?;
    if let Some(user_type) = take_type(&mut body)? {
        user.folded_type = user_type;
    }
    let mut changed = USER.apply(&mut user.document, &body, Purpose::Update)?;
    if user.is_external() {
        // Nobody else keeps the properties of one who was invited and hasn't come yet.
        let is_kept_current = is_kept_current && user.home.is_some();
        let is_homes = |name: &str| {
            synced_mapping::is_owned(&user, name)
                && (is_kept_current || name == "userPrincipalName")
        };
        if let Some(name) = changed.iter().find(|name| is_homes(name)) {
            return Err(Error::invalid(
                *name,
                format!(
                    "Property '{name}' of this user belongs to the user's home tenant. Change it there."
                ),
            ));
        }
        // Two names of one thing, as far as it is this tenant's to say.
        if enabled.is_some() && enabled == blocked {
            return Err(wrong(
                "blockedHere",
                "it says the opposite of accountEnabled",
            ));
        }
        if let Some(blocked) = blocked.or(enabled.map(|enabled| !enabled)) {
            user.blocked_here = blocked;
            user.account_enabled = user.enabled_at_home() && !blocked;
        }
    } else if blocked.is_some() {
        return Err(Error::invalid(
            "blockedHere",
            "Only users of other tenants are blocked here; set accountEnabled.",
        ));
    } else if let Some(enabled) = enabled {
        user.account_enabled = enabled;
    }
    if old.account_enabled && !user.account_enabled {
        roles::refuse_to_lose(tx, user.id.uuid())?;
    }
    settle(tx, &mut user, &changed)?;
    for (name, differs) in [
        (
            "accountEnabled",
            old.account_enabled != user.account_enabled,
        ),
        ("blockedHere", old.blocked_here != user.blocked_here),
        ("userType", old.folded_type != user.folded_type),
    ] {
        if differs {
            changed.push(name);
        }
    }
    if changed.is_empty() {
        return Ok(false);
    }
    save(tx, &user, Op::Updated, &changed)?;
    audited::change(tx, "Update user", &old, &user, &changed)?;
    Ok(true)
}

/// Notes that sessions from before now are over. The tokens themselves are revoked by the caller.
pub fn end_sessions(tx: &mut Tx<'_>, id: Id<kind::User>) -> Result<()> {
    let old = get(tx, id)?;
    let mut user = old.clone();
    let now = json!(tx.now());
    let name = "signInSessionsValidFromDateTime";
    set(&mut user.document, name, Some(now));
    save(tx, &user, Op::Updated, &[name])?;
    let activity = "Update StsRefreshTokenValidFrom Timestamp";
    audited::change(tx, activity, &old, &user, &[name])
}

/// Writes a user's row, with the change that it is in the feed.
pub(crate) fn save(tx: &mut Tx<'_>, user: &User, op: Op, changed: &[&str]) -> Result<()> {
    save_as(tx, user, Change::new("user", user.id.uuid(), op, changed))
}

/// [`save`], with a change of one's own.
pub(crate) fn save_as(tx: &mut Tx<'_>, user: &User, change: Change<'_>) -> Result<()> {
    let doc = serde_json::to_string(&user.document).map_err(Error::internal)?;
    free::take(tx, user);
    write(tx, user, &doc, change)?;
    #[cfg(debug_assertions)]
    check(tx, user, &doc)?;
    Ok(())
}

fn write(tx: &mut Tx<'_>, user: &User, doc: &str, change: Change<'_>) -> Result<()> {
    let tenant = tx.tenant();
    let is_update = change.op == Op::Updated;
    if is_update
        && let [name] = change.properties
        && let Some(sql) = sql::update_one(name)
    {
        let value = folded_json(user.document.get(*name));
        let params = params![&tenant, &user.id, doc, value.as_deref()];
        return tx.record(change)?.execute_later(sql, params);
    }
    with_update(tenant, user, doc, |params| {
        let mut names = change.properties.iter();
        if !is_update || names.any(|name| sql::INDEXED.contains(name)) {
            return tx.record(change)?.execute_later(sql::UPDATE, params);
        }
        let (params, count) = sql::unindexed(params);
        let (params, _) = params.split_at(count);
        tx.record(change)?
            .execute_later(sql::UPDATE_UNINDEXED, params)
    })
}

/// Hands `work` the parameters of [`sql::UPDATE`].
fn with_update<T>(
    tenant: TenantId,
    user: &User,
    doc: &str,
    work: impl FnOnce(&[Param<'_>]) -> T,
) -> T {
    let folded = Folded::new(|name| user.document.get(name));
    let upn = fold(user.user_principal_name());
    let columns = columns(user, doc, &folded, &upn);
    let params = sql::parameters(&tenant, &user.id, &columns);
    let (params, _) = params.split_at(sql::UPDATE_PARAMETERS);
    work(params)
}

/// That a row is as its user, though only those columns were written that have changed.
#[cfg(debug_assertions)]
fn check(tx: &ReadTx<'_>, user: &User, doc: &str) -> Result<()> {
    let is_same = |params: &[Param<'_>]| tx.count(&sql::IS_AS_UPDATED, params);
    if with_update(tx.tenant(), user, doc, is_same)? == 1 {
        return Ok(());
    }
    Err(Error::internal(
        "a change that doesn't name what it has changed",
    ))
}

/// Writes a document of which only what is never shown has changed.
pub(crate) fn save_unseen(tx: &mut Tx<'_>, user: &User) -> Result<()> {
    let tenant = tx.tenant();
    let doc = serde_json::to_string(&user.document).map_err(Error::internal)?;
    tx.bookkeeping()
        .execute_later(sql::SET_DOC, params![&tenant, &user.id, &doc])
}

fn columns<'a>(user: &'a User, doc: &'a str, folded: &'a Folded, upn: &'a str) -> Columns<'a> {
    Columns {
        doc,
        deleted_at: user.deleted_at,
        deleted_by_home: user.deleted_at.map(|_| user.deleted_by_home),
        account_enabled: user.account_enabled,
        blocked_here: user.blocked_here,
        user_type: &user.folded_type,
        user_principal_name: user.deleted_at.is_none().then_some(upn),
        manager_ref: user.manager_ref,
        folded,
    }
}

/// Checks what the table of properties can't, for the properties that were set.
fn settle(tx: &ReadTx<'_>, user: &mut User, names: &[&str]) -> Result<()> {
    for name in names {
        let Some(value) = user.document.get(*name) else {
            continue;
        };
        check_value(name, value)?;
        match (*name, value.as_str()) {
            ("userPrincipalName", Some(text)) => {
                let upn = Upn::parse(text)?;
                check_upn(tx, &upn, user.id)?;
                let initial = domains::initial(tx)?;
                let issuer = (fold(upn.domain()) != initial).then(|| initial.into());
                set(&mut user.document, ISSUER, issuer);
            }
            ("mail", Some(mail)) if !user.is_external() => {
                let mail = fold(mail);
                if !free::is_mail_free(tx, &mail)
                    && tx.count(sql::MAIL_IS_TAKEN, params![&tx.tenant(), &mail, &user.id])? > 0
                {
                    return Err(Error::AlreadyExists { property: "mail" });
                }
            }
            ("usageLocation", Some(code)) => {
                let code = code.to_ascii_uppercase().into();
                set(&mut user.document, name, Some(code));
            }
            _ => {}
        }
    }
    Ok(())
}

/// That a name may be that of a user of this tenant, and that nobody else has it.
pub(super) fn check_upn(tx: &ReadTx<'_>, upn: &Upn, id: Id<kind::User>) -> Result<()> {
    if fold(upn.local()).contains("#ext#") {
        return Err(Error::invalid(
            "userPrincipalName",
            "Property userPrincipalName is invalid: '#EXT#' is kept for users of other tenants.",
        ));
    }
    if !domains::is_verified(tx, &fold(upn.domain()))? {
        return Err(Error::invalid(
            "userPrincipalName",
            format!(
                "The domain portion of the userPrincipalName property is invalid: '{}' isn't a verified domain of this tenant.",
                upn.domain()
            ),
        ));
    }
    refuse_taken(tx, &upn.folded(), id)
}

/// That nobody else has a folded name.
pub(crate) fn refuse_taken(tx: &ReadTx<'_>, folded: &str, id: Id<kind::User>) -> Result<()> {
    if free::is_upn_free(tx, folded) {
        return Ok(());
    }
    let owner: Option<Id<kind::User>> =
        tx.query_one(sql::UPN_IS_TAKEN, params![&tx.tenant(), folded], |row| {
            row.id(0)
        })?;
    match owner {
        Some(owner) if owner != id => Err(Error::AlreadyExists {
            property: "userPrincipalName",
        }),
        _ => Ok(()),
    }
}

fn wrong(name: &str, reason: &str) -> Error {
    Error::invalid(
        name,
        format!("Invalid value specified for property '{name}' of resource 'User': {reason}."),
    )
}

/// Checks the form of one value, of those properties whose form isn't only a length.
fn check_value(name: &str, value: &Value) -> Result<()> {
    match (name, value) {
        ("mailNickname", Value::String(text)) if !is_nickname(text) => Err(wrong(
            name,
            "it can't have spaces, '@' or any of ()\\[]\";:<>,",
        )),
        ("mail", Value::String(text)) if !is_mail(text) => {
            Err(wrong(name, "it has to be a mail address"))
        }
        ("otherMails", Value::Array(mails))
            if !mails.iter().all(|mail| mail.as_str().is_some_and(is_mail)) =>
        {
            Err(wrong(name, "each has to be a mail address"))
        }
        ("usageLocation", Value::String(code))
            if code.len() != 2 || !code.bytes().all(|b| b.is_ascii_alphabetic()) =>
        {
            Err(wrong(name, "it has to be a country code of two letters"))
        }
        ("passwordPolicies", Value::String(text))
            if !text.split(',').all(|word| {
                ["None", "DisableStrongPassword", "DisablePasswordExpiration"]
                    .contains(&word.trim())
            }) =>
        {
            Err(wrong(
                name,
                "it has to be None, DisableStrongPassword or DisablePasswordExpiration",
            ))
        }
        _ => Ok(()),
    }
}

/// Checks a value that another tenant sends, and brings it into the form that is stored.
pub(crate) fn normal(name: &str, value: &Value) -> Result<Option<Value>> {
    let property = USER.settable(name, Purpose::Update)?;
    let value = USER.normal(property, value)?;
    if let Some(value) = &value {
        check_value(name, value)?;
    }
    Ok(value)
}

/// [`normal`] where the value is known to be in that form already; saves making another.
pub(crate) fn check_mapped(name: &str, value: &Value) -> Result<bool> {
    Ok(normal(name, value)?.as_ref() == Some(value))
}

fn take_bool(body: &mut Map<String, Value>, name: &str) -> Result<Option<bool>> {
    match body.shift_remove(name) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(flag)),
        Some(_) => Err(wrong(name, "it has to be true or false")),
    }
}

fn take_type(body: &mut Map<String, Value>) -> Result<Option<String>> {
    match body.shift_remove("userType") {
        None => Ok(None),
        Some(Value::String(text)) if ["member", "guest"].contains(&fold(&text).as_str()) => {
            Ok(Some(fold(&text)))
        }
        Some(_) => Err(wrong("userType", "it has to be Member or Guest")),
    }
}

/// Sets what home says of the account.
pub(crate) fn set_home_enabled(user: &mut User, enabled: bool) {
    set(
        &mut user.document,
        HOME_DISABLED,
        (!enabled).then_some(Value::Bool(true)),
    );
    user.account_enabled = enabled && !user.blocked_here;
}
