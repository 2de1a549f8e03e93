//! Who is on a visit: in the visited tenant the people who may have something that is good still, at home
//! those who have been elsewhere.
//!
//! A visitor is noted with the session that begins here, and forgotten when their sessions and grants are
//! over or taken back. The note is in the feed, so that whoever watches over visits looks at everybody who
//! comes: permissions that went away while somebody was on the way are noticed, too.

use store::{Change, Op, ReadTx, Tx, params};
use types::{Id, Result, TenantId, kind::User};
use uuid::Uuid;

/// The kind of change in the feed that notes a visitor.
pub const CHANGE_KIND: &str = "visitor";

/// How long it is known at home who was elsewhere after the last visit.
const ABROAD_SECONDS: i64 = 400 * 24 * 3_600;
/// How old a visitor's note is before it may go for want of anything to watch over.
const SETTLED_SECONDS: i64 = 3_600;

const FIND: &str = "SELECT home_tenant_id, home_id, home_generation, counts_home_factor \
    FROM visitors WHERE tenant_id = ?1 AND user_id = ?2";
const PUT: &str = "INSERT INTO visitors (tenant_id, user_id, home_tenant_id, home_id, \
    home_generation, counts_home_factor, came_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
    ON CONFLICT (tenant_id, user_id) DO UPDATE SET home_tenant_id = excluded.home_tenant_id, \
    home_id = excluded.home_id, home_generation = excluded.home_generation, \
    counts_home_factor = excluded.counts_home_factor, came_at = excluded.came_at";
const FORGET: &str = "DELETE FROM visitors WHERE tenant_id = ?1 AND user_id = ?2";
const NEXT_HOME: &str = "SELECT home_tenant_id FROM visitors WHERE tenant_id = ?1 \
    AND home_tenant_id > ?2 ORDER BY home_tenant_id LIMIT 1";
const OF_HOME: &str = "SELECT user_id, home_id, home_generation, counts_home_factor FROM visitors \
    WHERE tenant_id = ?1 AND home_tenant_id = ?2 AND user_id > ?3 ORDER BY user_id LIMIT ?4";
const CLIENTS: &str = "SELECT DISTINCT app_id FROM token_grants WHERE tenant_id = ?1 \
    AND user_id = ?2 AND revoked_at IS NULL AND expires_at > ?3 ORDER BY app_id LIMIT 100";
const OVER: &str = "SELECT v.user_id FROM visitors v WHERE v.tenant_id = ?1 AND v.came_at < ?2 \
    AND NOT EXISTS (SELECT 1 FROM sign_in_sessions s WHERE s.tenant_id = v.tenant_id \
    AND s.user_id = v.user_id) AND NOT EXISTS (SELECT 1 FROM token_grants g \
    WHERE g.tenant_id = v.tenant_id AND g.user_id = v.user_id) LIMIT ?3";
const GO: &str = "INSERT INTO visits_abroad (tenant_id, resource_tenant_id, user_id, visited_at) \
    VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant_id, resource_tenant_id, user_id) \
    DO UPDATE SET visited_at = excluded.visited_at";
const WENT: &str = "SELECT count(*) FROM visits_abroad WHERE tenant_id = ?1 \
    AND resource_tenant_id = ?2 AND user_id = ?3";
const VISITED: &str = "SELECT resource_tenant_id FROM visits_abroad WHERE tenant_id = ?1 \
    AND user_id = ?2 ORDER BY resource_tenant_id LIMIT ?3";
const LONG_AGO: &str = "SELECT resource_tenant_id, user_id FROM visits_abroad WHERE tenant_id = ?1 \
    AND visited_at < ?2 ORDER BY visited_at LIMIT ?3";
const DROP_ABROAD: &str = "DELETE FROM visits_abroad WHERE tenant_id = ?1 \
    AND resource_tenant_id = ?2 AND user_id = ?3";

/// Somebody of another tenant who is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor {
    /// The user here.
    pub user: Id<User>,
    /// The person's object at home.
    pub home_id: Id<User>,
    /// The generation of the person's tokens at home when they came.
    pub home_generation: u64,
    /// Whether something that they have here counts another factor that they have shown at home.
    pub counts_home_factor: bool,
}

/// Notes that somebody has come.
pub fn come(tx: &mut Tx<'_>, visitor: Visitor, home: TenantId) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let known = tx.query_one(FIND, params![&tenant, &visitor.user], |row| {
        let visitor = Visitor {
            user: visitor.user,
            home_id: row.id(1)?,
            home_generation: row.count(2)?,
            counts_home_factor: row.bool(3)?,
        };
        Ok((row.id(0)?, visitor))
    })?;
    let same = known.filter(|known| (known.0, known.1.home_id) == (home, visitor.home_id));
    let mut visitor = visitor;
    if let Some((_, known)) = same {
        // Of an earlier generation: what was begun in it hasn't ended yet, and has to. So with the
        // factor of an earlier sign-in.
        visitor.home_generation = visitor.home_generation.min(known.home_generation);
        visitor.counts_home_factor |= known.counts_home_factor;
    }
    // Whether or not that is news: the session at home may have ended while they were on the way.
    let change = Change::new(CHANGE_KIND, visitor.user.uuid(), Op::Created, &[]);
    tx.record(change)?
        .execute(
            PUT,
            params![
                &tenant,
                &visitor.user,
                &home,
                &visitor.home_id,
                visitor.home_generation,
                visitor.counts_home_factor,
                now
            ],
        )
        .map(drop)
}

/// Forgets somebody who has nothing here any more.
pub fn forget(tx: &mut Tx<'_>, user: Id<User>) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(FORGET, params![&tenant, &user])
        .map(drop)
}

/// The tenants whose people are here.
pub fn homes(tx: &ReadTx<'_>) -> Result<Vec<TenantId>> {
    // From one to the next by the index, however many come from each.
    let (mut homes, mut last) = (Vec::new(), TenantId::nil());
    while let Some(home) = tx.query_one(NEXT_HOME, params![&tx.tenant(), &last], |row| row.id(0))? {
        homes.push(home);
        last = home;
    }
    Ok(homes)
}

/// The visitors from a tenant, so many at most, behind one.
pub fn visitors(
    tx: &ReadTx<'_>,
    home: TenantId,
    after: Id<User>,
    limit: usize,
) -> Result<Vec<Visitor>> {
    tx.query(
        OF_HOME,
        params![&tx.tenant(), &home, &after, limit],
        |row| {
            Ok(Visitor {
                user: row.id(0)?,
                home_id: row.id(1)?,
                home_generation: row.count(2)?,
                counts_home_factor: row.bool(3)?,
            })
        },
    )
}

/// Whether something that somebody has here counts another factor that was shown at home.
pub fn counts_home_factor(tx: &ReadTx<'_>, user: Id<User>) -> Result<bool> {
    let counts = tx.query_one(FIND, params![&tx.tenant(), &user], |row| row.bool(3))?;
    Ok(counts == Some(true))
}

/// The clients that have something from somebody.
pub fn clients(tx: &ReadTx<'_>, user: Id<User>) -> Result<Vec<Uuid>> {
    tx.query(CLIENTS, params![&tx.tenant(), &user, tx.now()], |row| {
        row.uuid(0)
    })
}

/// Notes at home that somebody goes to another tenant.
pub fn go(tx: &mut Tx<'_>, user: Id<User>, resource: TenantId) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    tx.bookkeeping()
        .execute(GO, params![&tenant, &resource, &user, now])
        .map(drop)
}

/// Whether somebody has been in another tenant.
pub fn has_gone(tx: &ReadTx<'_>, user: Uuid, resource: TenantId) -> Result<bool> {
    Ok(tx.count(WENT, params![&tx.tenant(), &resource, &user])? > 0)
}

/// The tenants that somebody has been in, so many at most.
pub fn visited(tx: &ReadTx<'_>, user: Id<User>, limit: usize) -> Result<Vec<TenantId>> {
    tx.query(VISITED, params![&tx.tenant(), &user, limit], |row| {
        row.id(0)
    })
}

/// Drops the notes of visits that are over; answers how many of those of one kind, at most.
pub(super) fn sweep(tx: &mut Tx<'_>, limit: usize) -> Result<usize> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let settled = now.plus_seconds(-SETTLED_SECONDS);
    let over: Vec<Id<User>> = tx.query(OVER, params![&tenant, settled, limit], |row| row.id(0))?;
    for user in &over {
        forget(tx, *user)?;
    }
    let before = now.plus_seconds(-ABROAD_SECONDS);
    let long_ago: Vec<(TenantId, Id<User>)> =
        tx.query(LONG_AGO, params![&tenant, before, limit], |row| {
            Ok((row.id(0)?, row.id(1)?))
        })?;
    for (resource, user) in &long_ago {
        tx.bookkeeping()
            .execute(DROP_ABROAD, params![&tenant, resource, user])?;
    }
    Ok(over.len().max(long_ago.len()))
}
