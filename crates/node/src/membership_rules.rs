//! The rules of dynamic membership groups at work: one task per tenant that follows its feed.
//!
//! The head of the feed is only a hint; losing one costs time, bounded by a timer. A tenant without
//! such groups is asked whether it has any once in a while, if something has changed in it.

use std::sync::Arc;
use std::time::Duration;

use directory::groups::dynamic::{self, Progress, Rules};
use store::{Fence, Island};
use types::{Actor, Result, TenantId, Timestamp};

use crate::Node;

/// The longest wait without a hint.
const WAIT_MAX: Duration = Duration::from_mins(1);
/// What comes within this time is looked at together: in a tenant with such groups, and in one without.
const REST: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));
/// Waits after failures double from the first to the second.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// How a tenant stands after a look.
enum Stand {
    /// There are no rules.
    None,
    /// All is done until something changes, or until then.
    Done(Option<Timestamp>),
}

impl Node {
    /// Begins to apply a tenant's rules by this right, if it isn't done already.
    pub(crate) fn follow_rules(&self, tenant: TenantId, fence: Fence) {
        let node = self.clone();
        let work = move || async move { node.apply_rules(tenant, fence).await };
        self.0.followers.begin(tenant, fence, work);
    }

    /// Leaves it to another server.
    pub(crate) fn leave_rules(&self, tenant: TenantId) {
        self.0.followers.leave(tenant);
    }

    /// Ends it for all tenants, and waits until nothing runs.
    pub(crate) async fn stop_following(&self) {
        self.0.followers.stop().await;
    }

    async fn apply_rules(&self, tenant: TenantId, fence: Fence) {
        let mut head = self.store().watch(tenant);
        let mut rules = Arc::new(Rules::default());
        let mut failing = RETRY.0;
        loop {
            head.borrow_and_update();
            let stand = match self.store().island(tenant) {
                Ok(island) => catch_up(&island.behind(fence), &mut rules).await,
                Err(error) => Err(error),
            };
            let (rest, wait) = match stand {
                Ok(Stand::None) => (REST.1, WAIT_MAX),
                Ok(Stand::Done(None)) => (REST.0, WAIT_MAX),
                Ok(Stand::Done(Some(due))) => (REST.0, self.until(due).min(WAIT_MAX)),
                Err(error) => {
                    tracing::warn!(%tenant, %error, "membership rules can't be applied");
                    // Whatever was known, the next try asks for it.
                    rules = Arc::default();
                    tokio::time::sleep(failing).await;
                    failing = failing.saturating_mul(2).min(RETRY.1);
                    continue;
                }
            };
            failing = RETRY.0;
            tokio::time::sleep(rest).await;
            let _ = tokio::time::timeout(wait, head.changed()).await;
        }
    }

    fn until(&self, due: Timestamp) -> Duration {
        let left = due.0.saturating_sub(self.store().clock().now().0);
        Duration::from_micros(u64::try_from(left).unwrap_or(0))
    }
}

/// Looks through the feed to its end, and walks until no rule is behind.
async fn catch_up(island: &Island, rules: &mut Arc<Rules>) -> Result<Stand> {
    if !island.read_few(dynamic::any).await? {
        *rules = Arc::default();
        return Ok(Stand::None);
    }
    loop {
        let is_last = follow(island, rules).await?;
        if !is_last {
            continue;
        }
        let known = Arc::clone(rules);
        let mut progress = island.read(move |tx| dynamic::progress(tx, &known)).await?;
        if progress == Progress::More {
            let known = Arc::clone(rules);
            let walk = move |tx: &mut store::Tx<'_>| dynamic::walk(tx, &known);
            progress = island.write(Actor::System, walk).await?;
        }
        // What has changed meanwhile goes before the next users.
        if let Progress::Until(due) = progress {
            return Ok(Stand::Done(due));
        }
    }
}

/// Looks at the next changes; answers whether these were the last.
async fn follow(island: &Island, rules: &mut Arc<Rules>) -> Result<bool> {
    let known = Arc::clone(rules);
    let plan = island.read(move |tx| dynamic::look(tx, &known)).await?;
    let is_last = plan.is_last;
    let (mut plan, mut is_all) = (plan, false);
    while plan.has_effect() && !is_all {
        let mut part = plan;
        let carry_out = move |tx: &mut store::Tx<'_>| {
            let is_all = dynamic::carry_out(tx, &mut part)?;
            Ok((part, is_all))
        };
        (plan, is_all) = island.write(Actor::System, carry_out).await?;
    }
    *rules = Arc::new(plan.into_rules());
    Ok(is_last)
}
