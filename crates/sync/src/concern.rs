//! Whom the latest changes of a tenant concern.
//!
//! All pairs of a tenant hear of each of its changes, and for most of them there is nothing in it: a
//! user who was synchronized in here goes on to nobody, a setting for one partner is of no interest to
//! the others. Each change is read once for all pairs; a pair for which there was nothing moves on
//! without a look of its own. Without this, a change in each of n tenants costs n × n × n looks.

use std::collections::HashMap;

use store::{ChangeRow, Island, ReadTx};
use types::{Error, Id, Result, TenantId, kind};
use uuid::Uuid;

/// Changes that are read together.
const PAGE: usize = 256;
/// Further behind, the pairs look for themselves.
const BEHIND_MAX: u64 = 4_096;

/// What is known of a stretch of the feed up to its end.
#[derive(Debug, Default)]
pub(crate) struct Concerns {
    /// Up to where changes were read; 0 before the first.
    through: u64,
    /// The last change that may concern every pair. What lies before the stretch counts as such.
    everybody: u64,
    /// The last one that concerns this pair alone.
    one: HashMap<TenantId, u64>,
}

/// Whom a change concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whom {
    Nobody,
    One(TenantId),
    Everybody,
}

impl Concerns {
    /// Reads on to the end of the feed, which is at `head` at least, and answers it if nothing
    /// behind `seq` concerns the pair with this target.
    pub(crate) async fn nothing_behind(
        &mut self,
        island: &Island,
        target: TenantId,
        seq: u64,
        head: u64,
    ) -> Result<Option<u64>> {
        while self.through < head {
            let through = self.through;
            let read = island.read(move |tx| page(tx, through)).await?;
            let is_end = read.is_end;
            self.add(read);
            if is_end {
                break;
            }
        }
        let last = self.one.get(&target).copied().unwrap_or(0);
        Ok((last.max(self.everybody) <= seq).then_some(self.through.max(seq)))
    }

    fn add(&mut self, read: Read) {
        for (seq, whom) in read.changes {
            match whom {
                Whom::Nobody => {}
                Whom::One(target) => {
                    self.one.insert(target, seq);
                }
                Whom::Everybody => self.everybody = seq,
            }
        }
        if let Some(skipped) = read.skipped {
            self.everybody = skipped;
        }
        self.through = read.through;
        // Those of long ago say no more than the stretch's beginning.
        let everybody = self.everybody;
        self.one.retain(|_, seq| *seq > everybody);
    }
}

/// A page of the feed.
struct Read {
    changes: Vec<(u64, Whom)>,
    /// Up to where nothing was read.
    skipped: Option<u64>,
    through: u64,
    is_end: bool,
}

fn page(tx: &ReadTx<'_>, through: u64) -> Result<Read> {
    let head = tx.head()?;
    let changes = if through == 0 || head.saturating_sub(through) > BEHIND_MAX {
        None
    } else {
        match tx.changes(through, PAGE) {
            Err(Error::Gone { .. }) => None,
            changes => Some(changes?),
        }
    };
    let Some(changes) = changes else {
        return Ok(Read {
            changes: Vec::new(),
            skipped: Some(head),
            through: head,
            is_end: true,
        });
    };
    let users = changes.iter().filter(|change| change.kind == "user");
    let mut users: Vec<Id<kind::User>> = users.map(|change| Id::new(change.object)).collect();
    users.sort_unstable();
    users.dedup();
    let external = directory::users::external_among(tx, &users)?;
    let is_external = |user: Uuid| external.contains(&Id::new(user));
    Ok(Read {
        is_end: changes.len() < PAGE,
        skipped: None,
        through: changes.last().map_or(through, |change| change.seq),
        changes: changes
            .iter()
            .map(|change| (change.seq, whom(change, is_external)))
            .collect(),
    })
}

fn whom(change: &ChangeRow, is_external: impl Fn(Uuid) -> bool) -> Whom {
    match change.kind.as_str() {
        // Only a tenant's own people are passed on. One that was deleted for good may have been.
        "user" if is_external(change.object) => Whom::Nobody,
        // What is let in here, what others are told and asked.
        "admission" | "changeRequest" | "envelope" | "subscription" | "visitor" => Whom::Nobody,
        // Settings for one partner. Those for all are of the nil id or of the tenant's own.
        "userSharing"
        | "crossTenantAccessPolicyConfigurationPartner"
        | "crossTenantIdentitySyncPolicyPartner"
            if !change.object.is_nil() =>
        {
            Whom::One(TenantId::new(change.object))
        }
        _ => Whom::Everybody,
    }
}
