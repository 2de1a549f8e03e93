//! How signed-in users stand: whether they may go on, and what they may do.
//!
//! What was read is good for as long as the head of the tenant's feed stays where it was, as
//! everything that it depends on is in the feed: users, roles, groups, clients, policies. So a role
//! that is taken away is gone with the next request, and a tenant where nothing happens is read
//! once. Of a client that is another tenant's application, the head of that one's feed counts too.

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

use crate::published::{Offer, Publications, home_elsewhere};

/// How many users are kept, each with each of their clients; some 500 bytes each.
const KEPT_MAX: u64 = 50_000;

/// A user who is signed in to a client, neither of them gone nor disabled.
#[derive(Debug)]
pub struct UserStanding {
    /// [`revocation::generation`] of the user.
    pub generation: u64,
    /// What the user may do.
    pub rights: Arc<Rights>,
    /// Whether the client is another tenant's application.
    pub hangs_elsewhere: bool,
}

/// The head of a feed that it hangs on, and where that was before.
struct Seen {
    head: watch::Receiver<u64>,
    read_at: u64,
}

impl Seen {
    fn of(store: &Store, tenant: TenantId) -> Self {
        let head = store.watch(tenant);
        let read_at = *head.borrow();
        Self { head, read_at }
    }

    fn is_newest(&self) -> bool {
        *self.head.borrow() == self.read_at
    }
}

struct Kept {
    own: Seen,
    /// Of a client that is another tenant's: that one.
    client: Option<Seen>,
    standing: Option<Arc<UserStanding>>,
}

/// The users of all tenants, as far as they were asked for.
pub(crate) struct Standings {
    store: Store,
    publications: Publications,
    kept: Cache<(TenantId, Id<User>, Uuid), Arc<Kept>>,
}

impl Standings {
    pub(crate) fn new(store: Store, publications: Publications) -> Self {
        Self {
            store,
            publications,
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
        let is_fresh = kept.own.is_newest() && kept.client.as_ref().is_none_or(Seen::is_newest);
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
        // Before the snapshot, so that a change in between is noticed.
        let own = Seen::of(&self.store, tenant);
        let island = self.store.island(tenant)?;
        let read = island.read_few(move |tx| read(tx, user, app_id)).await?;
        let (mut standing, home) = read.unzip();
        let home = home.flatten();
        let client = home.map(|home| Seen::of(&self.store, home));
        if let Some(home) = home {
            let offer = self.publications.is_offered(tenant, home, app_id, None);
            if offer.await? == Offer::None {
                standing = None;
            }
        }
        let standing = standing.map(Arc::new);
        let kept = Kept {
            own,
            client,
            standing: standing.clone(),
        };
        self.kept.insert((tenant, user, app_id), Arc::new(kept));
        Ok(standing)
    }
}

/// How a user stands here, and the tenant of the client if that is another one.
fn read(
    tx: &ReadTx<'_>,
    user: Id<User>,
    app_id: Uuid,
) -> Result<Option<(UserStanding, Option<TenantId>)>> {
    let client = service_principals::find_by_app_id(tx, app_id)?;
    let Some(client) = client.filter(|client| client.account_enabled) else {
        return Ok(None);
    };
    let Some(rights) = rights::of(tx, user)? else {
        return Ok(None);
    };
    let home = home_elsewhere(tx, &client);
    let standing = UserStanding {
        generation: revocation::generation(tx, user)?,
        rights: Arc::new(rights),
        hangs_elsewhere: home.is_some(),
    };
    Ok(Some((standing, home)))
}
