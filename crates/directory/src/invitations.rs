//! Invitations: users of other tenants, or of none, who are asked to come here.
//!
//! - An address is invited as one user: a repeated invitation makes a new link to the same user.
//! - Who is invited is external and pending until it is redeemed; the directory matches nobody by
//!   mail. Only a tenant that held the address's domain when the invitation was made can turn the
//!   invited user into its synced one ([`crate::synced`]), with the same object id.
//! - Of a link only the hash of its ticket is kept.
//! - Whose address is no tenant's signs in here: the link leads to where a password is chosen, once.
//!
//! Source: the `invitation` resource and "Create invitation" (Microsoft Graph); "Properties of a
//! Microsoft Entra B2B collaboration user".

use serde_json::{Map, json};
use store::{Op, ReadTx, Tx, params};
use types::{Error, Id, Result, TenantId, fold, kind};
use uuid::Uuid;

use crate::schema::{is_mail, set};
use crate::synced::{self, STATE, STATE_CHANGED};
use crate::users::{self, User, sql};
use crate::{audited, domains};

const FIND: &str = "SELECT user_id FROM invitations WHERE tenant_id = ?1 AND address = ?2";
const FIND_FROM: &str = "SELECT user_id FROM invitations WHERE tenant_id = ?1 AND address = ?2 \
    AND home_tenant_id = ?3";
const ANY_FROM: &str = "SELECT 1 FROM invitations WHERE tenant_id = ?1 AND home_tenant_id = ?2 \
    LIMIT 1";
const KEEP: &str = "INSERT INTO invitations (tenant_id, address, id, user_id, home_tenant_id, \
    ticket_hash, redirect_url, invited_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
    ON CONFLICT (tenant_id, address) DO UPDATE SET id = excluded.id, user_id = excluded.user_id, \
    home_tenant_id = excluded.home_tenant_id, ticket_hash = excluded.ticket_hash, \
    redirect_url = excluded.redirect_url, invited_at = excluded.invited_at";
const BY_LINK: &str = "SELECT address, home_tenant_id, redirect_url FROM invitations \
    WHERE tenant_id = ?1 AND user_id = ?2 AND ticket_hash = ?3";
const OUTSIDE: &str = "SELECT user_id FROM invitations WHERE tenant_id = ?1 AND address = ?2 \
    AND home_tenant_id IS NULL";
const IS_OUTSIDE: &str = "SELECT 1 FROM invitations WHERE tenant_id = ?1 AND user_id = ?2 \
    AND home_tenant_id IS NULL LIMIT 1";
const FORGET_OTHERS: &str = "DELETE FROM invitations WHERE tenant_id = ?1 AND user_id = ?2";

const REDEEM: &str = "INSERT INTO redemptions (tenant_id, home_tenant_id, home_id, user_id) \
    VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant_id, home_tenant_id, home_id) \
    DO UPDATE SET user_id = excluded.user_id";
const REDEEMED: &str = "SELECT user_id FROM redemptions WHERE tenant_id = ?1 \
    AND home_tenant_id = ?2 AND home_id = ?3";
const REDEEMED_BY: &str =
    "SELECT home_tenant_id, home_id FROM redemptions WHERE tenant_id = ?1 AND user_id = ?2";
const FORGET_REDEMPTION: &str = "DELETE FROM redemptions WHERE tenant_id = ?1 AND user_id = ?2";

const ADDRESS: &str = "invitedUserEmailAddress";
const PENDING: &str = "PendingAcceptance";
/// What an invited user's alias is cut to.
const NICKNAME_MAX: usize = 64;

/// Somebody to be invited.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// The mail address, which at home is the name to sign in with.
    pub address: String,
    /// The name for people; the beginning of the address if absent.
    pub display_name: Option<String>,
    /// Whether a user who is made becomes a member.
    pub is_member: bool,
    /// Where the person goes after redeeming.
    pub redirect_url: String,
    /// The tenant that holds the address's domain.
    pub home_tenant: Option<TenantId>,
    /// The hash of the link's ticket.
    pub ticket_hash: [u8; 32],
    /// The user who has to redeem once more, perhaps under another address.
    pub reset: Option<Id<kind::User>>,
}

/// Somebody who is invited.
#[derive(Debug, Clone)]
pub struct Invited {
    /// The invitation's id.
    pub id: Uuid,
    /// The user.
    pub user: User,
    /// Whether there is something to redeem.
    pub is_pending: bool,
}

/// Where a link leads.
#[derive(Debug, Clone)]
pub struct Link {
    /// Who was invited.
    pub user: User,
    /// Under which address.
    pub address: String,
    /// The tenant that held the address's domain.
    pub home_tenant: Option<TenantId>,
    /// Where the person goes on.
    pub redirect_url: String,
}

/// What the holder of a link's ticket has been invited to; nothing once another link has replaced it
/// or the user is gone.
pub fn of_link(
    tx: &ReadTx<'_>,
    user: Id<kind::User>,
    ticket_hash: &[u8; 32],
) -> Result<Option<Link>> {
    let found = tx.query_one(
        BY_LINK,
        params![&tx.tenant(), &user, &ticket_hash[..]],
        |row| Ok((row.string(0)?, row.opt_id(1)?, row.string(2)?)),
    )?;
    let Some((address, home_tenant, redirect_url)) = found else {
        return Ok(None);
    };
    let user = users::load(tx, user)?.filter(|user| user.deleted_at.is_none());
    Ok(user.map(|user| Link {
        user,
        address,
        home_tenant,
        redirect_url,
    }))
}

/// Whether a user proves to this tenant who they are: its own people, and those who were invited
/// under an address of no tenant.
pub fn signs_in_here(tx: &ReadTx<'_>, user: &User) -> Result<bool> {
    if !user.is_external() {
        return Ok(true);
    }
    if home_of(tx, user)?.is_some() {
        return Ok(false);
    }
    let found = tx.query_one(IS_OUTSIDE, params![&tx.tenant(), &user.id], |_| Ok(()))?;
    Ok(found.is_some())
}

/// The user who was invited under an address of no tenant.
pub fn from_outside(tx: &ReadTx<'_>, address: &str) -> Result<Option<User>> {
    let address = fold(address);
    let found = tx.query_one(OUTSIDE, params![&tx.tenant(), &address], |row| row.id(0))?;
    let user = match found {
        Some(id) => users::load(tx, id)?.filter(|user| user.deleted_at.is_none()),
        None => None,
    };
    match user {
        Some(user) if signs_in_here(tx, &user)? => Ok(Some(user)),
        _ => Ok(None),
    }
}

/// Checks an address: what Graph lets be invited.
pub fn check_address(address: &str) -> Result<()> {
    let local = address.rsplit_once('@').map_or("", |(local, _)| local);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-'".contains(c);
    let has_end = |text: &str| text.starts_with(['.', '-']) || text.ends_with(['.', '-']);
    if is_mail(address) && local.chars().all(is_plain) && !has_end(local) {
        return Ok(());
    }
    Err(Error::invalid(
        ADDRESS,
        "Invalid value specified for property 'invitedUserEmailAddress': it has to be a mail address without any of ~!#$%^&*()+=[]{}\\/|;:\"<>?, and its alias can't begin or end with a dot or a hyphen.",
    ))
}

/// Invites somebody: makes the user, or finds the one who was invited before.
pub fn invite(tx: &mut Tx<'_>, new: &NewInvitation) -> Result<Invited> {
    check_address(&new.address)?;
    let address = fold(&new.address);
    refuse_own(tx, &address)?;
    let user = match (new.reset, find(tx, new, &address)?) {
        (Some(id), known) => {
            if known.is_some_and(|known| known.id != id) {
                return Err(Error::invalid(
                    ADDRESS,
                    "Another user of this directory was invited under this address.",
                ));
            }
            reset(tx, id, new)?
        }
        (None, Some(user)) if user.deleted_at.is_some() => {
            return Err(Error::invalid(
                ADDRESS,
                format!(
                    "The invited user already exists in the directory as object ID: {}, but is deleted. Restore the user, or delete the user permanently.",
                    user.id
                ),
            ));
        }
        (None, Some(user)) => user,
        (None, None) => create(tx, new)?,
    };
    let id = keep(tx, new, &address, user.id)?;
    audited::act(tx, "Invite external user", &user)?;
    let is_pending = user.text(STATE) == PENDING;
    Ok(Invited {
        id,
        user,
        is_pending,
    })
}

/// The user here who is somebody of another tenant: synced from there, by a redeemed invitation, or by
/// one that waits for the name that the home gives the person. Deleted users are nobody.
pub fn visitor(
    tx: &ReadTx<'_>,
    home: (TenantId, Id<kind::User>),
    name: &str,
) -> Result<Option<User>> {
    let (tenant, id) = home;
    let known = match synced::find(tx, tenant, id)? {
        Some(user) => Some(user.id),
        None => tx.query_one(REDEEMED, params![&tx.tenant(), &tenant, &id], |row| {
            row.id(0)
        })?,
    };
    let user = match known {
        Some(known) => users::load(tx, known)?,
        None => invited_from(tx, tenant, name)?
            .filter(|user| user.home.is_none() && user.text(STATE) == PENDING),
    };
    Ok(user.filter(|user| user.deleted_at.is_none()))
}

/// Whether a user has yet to accept coming here.
pub fn is_pending(user: &User) -> bool {
    user.text(STATE) == PENDING
}

/// Whether a user is at home here, as [`home_of`] says.
pub fn is_own(user: &User) -> bool {
    user.home.is_none() && !user.is_external()
}

/// Where a user of another tenant is at home.
pub fn home_of(tx: &ReadTx<'_>, user: &User) -> Result<Option<(TenantId, Id<kind::User>)>> {
    if user.home.is_some() || is_own(user) {
        return Ok(user.home);
    }
    tx.query_one(REDEEMED_BY, params![&tx.tenant(), &user.id], |row| {
        Ok((row.id(0)?, row.id(1)?))
    })
}

/// The person has accepted to come here: from now on the user is theirs alone.
pub fn redeem(
    tx: &mut Tx<'_>,
    id: Id<kind::User>,
    (home_tenant, home_id): (TenantId, Id<kind::User>),
) -> Result<()> {
    let user = accept(tx, id)?;
    if user.home.is_none() {
        let tenant = tx.tenant();
        tx.bookkeeping()
            .execute(REDEEM, params![&tenant, &home_tenant, &home_id, &id])?;
    }
    Ok(())
}

/// Notes that the person has accepted.
pub fn accept(tx: &mut Tx<'_>, id: Id<kind::User>) -> Result<User> {
    let old = users::get(tx, id)?;
    let mut user = old.clone();
    set(&mut user.document, STATE, Some("Accepted".into()));
    let now = json!(tx.now());
    set(&mut user.document, STATE_CHANGED, Some(now));
    let names = [STATE, STATE_CHANGED];
    users::save(tx, &user, Op::Updated, &names)?;
    audited::change(tx, "Redeem external user invite", &old, &user, &names)?;
    Ok(user)
}

/// Whether anybody was invited under an address whose domain was a tenant's.
pub(crate) fn any_from(tx: &ReadTx<'_>, home: TenantId) -> Result<bool> {
    let found = tx.query_one(ANY_FROM, params![&tx.tenant(), &home], |_| Ok(()))?;
    Ok(found.is_some())
}

/// The user who was invited under an address whose domain was a tenant's.
pub(crate) fn invited_from(tx: &ReadTx<'_>, home: TenantId, address: &str) -> Result<Option<User>> {
    let address = fold(address);
    let found = tx.query_one(FIND_FROM, params![&tx.tenant(), &address, &home], |row| {
        row.id(0)
    })?;
    match found {
        Some(id) => users::load(tx, id),
        None => Ok(None),
    }
}

/// That the address isn't one of this tenant's own people.
fn refuse_own(tx: &ReadTx<'_>, address: &str) -> Result<()> {
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    if domains::is_verified(tx, domain)? {
        return Err(Error::invalid(
            ADDRESS,
            format!(
                "'{domain}' is a verified domain of this directory. Its people are created, not invited."
            ),
        ));
    }
    let own: Option<Id<kind::User>> = tx.query_one(
        sql::INTERNAL_BY_MAIL,
        params![&tx.tenant(), address],
        |row| row.id(0),
    )?;
    match own {
        None => Ok(()),
        Some(id) => Err(Error::invalid(
            ADDRESS,
            format!(
                "The invited user already exists in the directory as object ID: {id}. They can use that account to sign in to shared apps and resources."
            ),
        )),
    }
}

/// Who has come here under this address: by an invitation, or synced by the tenant whose it is.
fn find(tx: &ReadTx<'_>, new: &NewInvitation, address: &str) -> Result<Option<User>> {
    let known = tx.query_one(FIND, params![&tx.tenant(), address], |row| row.id(0))?;
    if let Some(id) = known {
        return users::load(tx, id);
    }
    let Some(home) = new.home_tenant else {
        return Ok(None);
    };
    let name = synced::name(&synced::base(&new.address), 0, &domains::initial(tx)?);
    let Ok(name) = name else {
        return Ok(None);
    };
    let found = tx.query_one(
        sql::GET_BY_UPN,
        params![&tx.tenant(), &fold(&name)],
        sql::user,
    )?;
    Ok(found.filter(|user| user.home.is_some_and(|(tenant, _)| tenant == home)))
}

fn create(tx: &mut Tx<'_>, new: &NewInvitation) -> Result<User> {
    let base = synced::base(&new.address);
    let local = new.address.rsplit_once('@').map_or("", |(local, _)| local);
    let nickname: String = format!("{base}#EXT#").chars().take(NICKNAME_MAX).collect();
    let display_name = json!(new.display_name.as_deref().unwrap_or(local));
    let display_name = users::normal("displayName", &display_name)?;
    let mut document = Map::new();
    set(&mut document, "displayName", display_name);
    set(&mut document, "mailNickname", Some(nickname.into()));
    set(&mut document, "creationType", Some("Invitation".into()));
    let mut user = User {
        id: Id::new(tx.new_uuid()),
        document,
        created_at: tx.now(),
        deleted_at: None,
        deleted_by_home: false,
        account_enabled: true,
        blocked_here: false,
        folded_type: if new.is_member { "member" } else { "guest" }.to_owned(),
        home: None,
        manager_ref: None,
        source_key: None,
        is_invited: true,
    };
    await_acceptance(tx, &mut user, &new.address);
    synced::rename(tx, &mut user, &new.address).map_err(|error| match error {
        Error::Invalid { .. } => Error::invalid(ADDRESS, "The address is too long."),
        other => other,
    })?;
    users::insert(tx, &user, None)?;
    audited::act(tx, "Add user", &user)?;
    Ok(user)
}

fn await_acceptance(tx: &ReadTx<'_>, user: &mut User, address: &str) {
    let document = &mut user.document;
    set(document, "mail", Some(address.into()));
    set(document, "otherMails", Some(json!([address])));
    set(document, STATE, Some(PENDING.into()));
    set(document, STATE_CHANGED, Some(json!(tx.now())));
}

/// Lets an invited user redeem once more: the id, the name and all that the user is part of stay.
fn reset(tx: &mut Tx<'_>, id: Id<kind::User>, new: &NewInvitation) -> Result<User> {
    let old = users::get(tx, id)?;
    if !old.is_external() || old.home.is_some() {
        return Err(Error::invalid(
            "invitedUser",
            "Only users who came by an invitation can be invited once more: this one is the tenant's own, or kept current by its home tenant.",
        ));
    }
    let mut user = old.clone();
    await_acceptance(tx, &mut user, &new.address);
    let names = ["mail", "otherMails", STATE, STATE_CHANGED];
    users::save(tx, &user, Op::Updated, &names)?;
    audited::change(tx, "Update user", &old, &user, &names)?;
    let tenant = tx.tenant();
    let mut books = tx.bookkeeping();
    books.execute(FORGET_OTHERS, params![&tenant, &id])?;
    // Whoever redeems next may be another person.
    books.execute(FORGET_REDEMPTION, params![&tenant, &id])?;
    Ok(user)
}

fn keep(tx: &mut Tx<'_>, new: &NewInvitation, address: &str, user: Id<kind::User>) -> Result<Uuid> {
    let (tenant, now, id) = (tx.tenant(), tx.now(), tx.new_uuid());
    tx.bookkeeping().execute(
        KEEP,
        params![
            &tenant,
            address,
            &id,
            &user,
            new.home_tenant.as_ref(),
            &new.ticket_hash[..],
            &new.redirect_url,
            now
        ],
    )?;
    Ok(id)
}
