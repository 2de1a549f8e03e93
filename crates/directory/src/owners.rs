//! Owners of applications and of service principals: the users and service principals that look
//! after them. Groups keep theirs themselves ([`crate::groups`]); what somebody owns of all three is
//! put together here.
//!
//! Deleted owners are none until they are restored.
//!
//! Source: `application: Add owner`, `servicePrincipal: Add owner`, `user: List ownedObjects`
//! (Microsoft Graph).

use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, kind};
use uuid::Uuid;

use crate::groups::{Link, LinkKind, kind_of, with_owner};
use crate::{applications, audited, groups, service_principals};

/// Owners of one object.
pub const OWNERS_MAX: usize = 100;
/// Groups that are looked at together.
const PAGE: usize = 500;

macro_rules! owner_is_there {
    () => {
        "((o.owner_kind = 1 AND EXISTS (SELECT 1 FROM users AS u WHERE u.tenant_id = ?1 \
         AND u.id = o.owner_id AND u.deleted_at IS NULL)) \
         OR (o.owner_kind = 3 AND EXISTS (SELECT 1 FROM service_principals AS s \
         WHERE s.tenant_id = ?1 AND s.id = o.owner_id AND s.deleted_at IS NULL)))"
    };
}
const OWNERS: &str = concat!(
    "SELECT o.owner_id, o.owner_kind FROM app_owners AS o WHERE o.tenant_id = ?1 \
     AND o.object_id = ?2 AND o.owner_id > ?3 AND ",
    owner_is_there!(),
    " ORDER BY o.owner_id LIMIT ?4"
);
const HAS: &str = "SELECT count(*) FROM app_owners WHERE tenant_id = ?1 AND object_id = ?2 \
    AND owner_id = ?3";
const COUNT: &str = "SELECT count(*) FROM app_owners WHERE tenant_id = ?1 AND object_id = ?2";
const ADD: &str = "INSERT INTO app_owners (tenant_id, object_id, owner_id, object_kind, owner_kind) \
    VALUES (?1, ?2, ?3, ?4, ?5)";
const REMOVE: &str =
    "DELETE FROM app_owners WHERE tenant_id = ?1 AND object_id = ?2 AND owner_id = ?3";
const OWNED: &str = "SELECT o.object_id, o.object_kind FROM app_owners AS o WHERE o.tenant_id = ?1 \
    AND o.owner_id = ?2 \
    AND ((o.object_kind = 3 AND EXISTS (SELECT 1 FROM service_principals AS s \
    WHERE s.tenant_id = ?1 AND s.id = o.object_id AND s.deleted_at IS NULL)) \
    OR (o.object_kind = 4 AND EXISTS (SELECT 1 FROM applications AS a \
    WHERE a.tenant_id = ?1 AND a.id = o.object_id AND a.deleted_at IS NULL))) \
    ORDER BY o.object_id";
const ALL_OF: &str = "SELECT object_id, owner_id, object_kind FROM app_owners WHERE tenant_id = ?1 \
    AND (object_id = ?2 OR owner_id = ?2)";

const SERVICE_PRINCIPAL: i64 = 3;
const APPLICATION: i64 = 4;

/// What has owners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owned {
    /// An application.
    Application(Id<kind::Application>),
    /// A service principal.
    ServicePrincipal(Id<kind::ServicePrincipal>),
}

impl Owned {
    fn id(self) -> Uuid {
        match self {
            Self::Application(id) => id.uuid(),
            Self::ServicePrincipal(id) => id.uuid(),
        }
    }
    const fn code(self) -> i64 {
        match self {
            Self::Application(_) => APPLICATION,
            Self::ServicePrincipal(_) => SERVICE_PRINCIPAL,
        }
    }
}

/// What the feed calls it.
const fn feed_kind(object_kind: i64) -> &'static str {
    if object_kind == APPLICATION {
        "applicationOwner"
    } else {
        "servicePrincipalOwner"
    }
}

/// What somebody owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Possession {
    /// A group.
    Group,
    /// A service principal.
    ServicePrincipal,
    /// An application.
    Application,
}

impl Possession {
    /// The Graph type: what stands behind `#microsoft.graph.`.
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::ServicePrincipal => "servicePrincipal",
            Self::Application => "application",
        }
    }
}

fn link(row: &Row<'_>) -> Result<Link> {
    Ok(Link {
        id: row.uuid(0)?,
        kind: LinkKind::from_code(row.int(1)?)?,
    })
}

/// The owners by id, behind `after`.
pub fn owners(tx: &ReadTx<'_>, of: Owned, after: Option<Uuid>, limit: usize) -> Result<Vec<Link>> {
    let after = after.unwrap_or_default();
    tx.query(OWNERS, params![&tx.tenant(), &of.id(), &after, limit], link)
}

/// Whether somebody is an owner.
pub fn is_owner(tx: &ReadTx<'_>, of: Owned, owner: Uuid) -> Result<bool> {
    Ok(tx.count(HAS, params![&tx.tenant(), &of.id(), &owner])? > 0)
}

/// Makes a user or a service principal an owner.
pub fn add(tx: &mut Tx<'_>, of: Owned, owner: Uuid) -> Result<()> {
    let kind = match kind_of(tx, owner)? {
        Some(kind @ (LinkKind::User | LinkKind::ServicePrincipal)) => kind,
        Some(_) => {
            return Err(Error::invalid(
                "owners",
                "Owners of an application or a service principal are users and service principals.",
            ));
        }
        None => return Err(Error::not_found("directoryObject", owner)),
    };
    if is_owner(tx, of, owner)? {
        return Err(Error::invalid(
            "owners",
            "One or more added object references already exist for the following modified properties: 'owners'.",
        ));
    }
    let tenant = tx.tenant();
    if tx.count(COUNT, params![&tenant, &of.id()])? >= OWNERS_MAX as u64 {
        return Err(Error::LimitExceeded {
            limit: "limits.app_owners",
            message: format!("An object has {OWNERS_MAX} owners at most (limits.app_owners)."),
        });
    }
    tx.record(Change::relation(
        feed_kind(of.code()),
        of.id(),
        owner,
        Op::Created,
    ))?
    .execute(
        ADD,
        params![&tenant, &of.id(), &owner, of.code(), kind.code()],
    )?;
    told(tx, of, owner, true)
}

/// Takes an owner's ownership away.
pub fn remove(tx: &mut Tx<'_>, of: Owned, owner: Uuid) -> Result<()> {
    if !is_owner(tx, of, owner)? {
        return Err(Error::not_found("directoryObject", owner));
    }
    let tenant = tx.tenant();
    tx.record(Change::relation(
        feed_kind(of.code()),
        of.id(),
        owner,
        Op::Deleted,
    ))?
    .execute(REMOVE, params![&tenant, &of.id(), &owner])?;
    told(tx, of, owner, false)
}

fn told(tx: &mut Tx<'_>, of: Owned, owner: Uuid, came: bool) -> Result<()> {
    match of {
        Owned::Application(id) => {
            let activity = if came {
                "Add owner to application"
            } else {
                "Remove owner from application"
            };
            let application = applications::get(tx, id)?;
            audited::owner(tx, activity, &application, owner, came)
        }
        Owned::ServicePrincipal(id) => {
            let activity = if came {
                "Add owner to service principal"
            } else {
                "Remove owner from service principal"
            };
            let principal = service_principals::get(tx, id)?;
            audited::owner(tx, activity, &principal, owner, came)
        }
    }
}

/// What somebody owns that isn't deleted, by id.
pub fn possessions(tx: &ReadTx<'_>, owner: Uuid) -> Result<Vec<(Uuid, Possession)>> {
    let mut all = tx.query(OWNED, params![&tx.tenant(), &owner], |row| {
        let what = if row.int(1)? == APPLICATION {
            Possession::Application
        } else {
            Possession::ServicePrincipal
        };
        Ok((row.uuid(0)?, what))
    })?;
    let mut after = Uuid::nil();
    loop {
        let page = with_owner(tx, owner, after, PAGE)?;
        for id in &page {
            if groups::exists(tx, Id::new(*id))? {
                all.push((*id, Possession::Group));
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = *last,
            _ => break,
        }
    }
    all.sort_unstable();
    Ok(all)
}

/// Drops what an object that is gone for good owned, and its owners.
pub(crate) fn drop_all(tx: &mut Tx<'_>, object: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    let rows: Vec<(Uuid, Uuid, i64)> = tx.query(ALL_OF, params![&tenant, &object], |row| {
        Ok((row.uuid(0)?, row.uuid(1)?, row.int(2)?))
    })?;
    for (id, owner, object_kind) in rows {
        tx.record(Change::relation(
            feed_kind(object_kind),
            id,
            owner,
            Op::Deleted,
        ))?
        .execute(REMOVE, params![&tenant, &id, &owner])?;
    }
    Ok(())
}
