//! How signed-in users stand: whether they may go on, and what they may do.
//!
//! What was read is good for as long as the head of the tenant's feed stays where it was, as
//! everything that it depends on is in the feed: users, roles, groups, clients, policies. So a role
//! that is taken away is gone with the next request, and a tenant where nothing happens is read
//! once.

use std::sync::Arc;

use directory::rights::{self, Rights};
use directory::service_principals;
use identity::revocation;
use moka::sync::Cache;
use store::{ReadTx, Store};
use tokio::sync::watch;
use types::kind::User;
use types::{Id, Result, TenantId};
use uuid::Uuid;

/// How many users are kept, each with each of their clients; some 500 bytes each.
const KEPT_MAX: u64 = 50_000;

/// A user who is signed in to a client, neither of them gone nor disabled.
#[derive(Debug)]
pub struct UserStanding {
    /// [`revocation::generation`] of the user.
    pub generation: u64,
    /// What the user may do.
    pub rights: Arc<Rights>,
}

struct Kept {
    head: watch::Receiver<u64>,
    read_at: u64,
    standing: Option<Arc<UserStanding>>,
}

/// The users of all tenants, as far as they were asked for.
pub(crate) struct Standings {
    store: Store,
    kept: Cache<(TenantId, Id<User>, Uuid), Arc<Kept>>,
}

impl Standings {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            kept: Cache::new(KEPT_MAX),
        }
    }

    /// What is known and still good; `None` says nothing.
    pub(crate) fn known(
        &self,
        tenant: TenantId,
        user: Id<User>,
        app_id: Uuid,
    ) -> Option<Arc<UserStanding>> {
        let kept = self.kept.get(&(tenant, user, app_id))?;
        let is_fresh = *kept.head.borrow() == kept.read_at;
        kept.standing.clone().filter(|_| is_fresh)
    }

    /// How a user stands now; `None` if the user or the client is gone or disabled.
    pub(crate) async fn get(
        &self,
        tenant: TenantId,
        user: Id<User>,
        app_id: Uuid,
    ) -> Result<Option<Arc<UserStanding>>> {
        if let Some(known) = self.known(tenant, user, app_id) {
            return Ok(Some(known));
        }
        let head = self.store.watch(tenant);
        // Before the snapshot, so that a change in between is noticed.
        let read_at = *head.borrow();
        let island = self.store.island(tenant)?;
        let standing = island.read_few(move |tx| read(tx, user, app_id)).await?;
        let standing = standing.map(Arc::new);
        let kept = Kept {
            head,
            read_at,
            standing: standing.clone(),
        };
        self.kept.insert((tenant, user, app_id), Arc::new(kept));
        Ok(standing)
    }
}

fn read(tx: &ReadTx<'_>, user: Id<User>, app_id: Uuid) -> Result<Option<UserStanding>> {
    let client = service_principals::find_by_app_id(tx, app_id)?;
    if !client.is_some_and(|client| client.account_enabled) {
        return Ok(None);
    }
    let Some(rights) = rights::of(tx, user)? else {
        return Ok(None);
    };
    Ok(Some(UserStanding {
        generation: revocation::generation(tx, user)?,
        rights: Arc::new(rights),
    }))
}
