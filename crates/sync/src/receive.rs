//! The target's side: asks its own policy, then applies each item for itself.

use border::{Handler, Received};
use directory::groups::LinkKind;
use directory::synced::{self, SyncedOutcome, SyncedUser};
use directory::{synced_groups, users};
use serde_json::Map;
use store::{ReadTx, Tx};
use types::trace::Trace;
use types::{Error, Id, Result, TenantId, kind};

use crate::admission::Verdict;
use crate::audited::{self, Done, Told};
use crate::wire::{Batch, Item, Outcome, Reply, USERS};
use crate::{BATCH_USERS_MAX, admission, adoption, again, explain, groups, plan, schema};

/// Synchronization's end of the border.
#[derive(Debug, Clone, Copy, Default)]
pub struct Messages;

/// This tenant's settings on the way of users from another tenant. `configured`: they are sent by a
/// job, which needs this tenant's leave and no organization.
pub(crate) fn inbound(tx: &ReadTx<'_>, from: TenantId, configured: bool) -> Result<Trace> {
    let mut trace = Trace::new();
    let membership = plan::membership(tx, from)?;
    if membership.allowed || !configured {
        trace.step(membership);
    }
    if trace.allowed {
        trace.join(access::inbound_sync(tx, from)?);
    }
    Ok(trace)
}

impl Handler for Messages {
    fn receive(&self, tx: &mut Tx<'_>, from: TenantId, kind: &str, body: &str) -> Result<Received> {
        if kind == again::KIND {
            again::receive(tx, from, body)?;
            return Ok(Received::Done {
                reply: "null".into(),
            });
        }
        if kind != USERS {
            return Err(Error::bad_request(format!("'{kind}' isn't known here.")));
        }
        let batch: Batch = serde_json::from_str(body)
            .map_err(|error| Error::bad_request(format!("Bad batch: {error}")))?;
        let trace = inbound(tx, from, batch.configured)?;
        if !trace.allowed {
            return Ok(Received::Refused(trace));
        }
        if batch.items.len() > 2 * BATCH_USERS_MAX {
            return Err(Error::bad_request("The batch has too many users."));
        }
        let may_be_invited = synced::has_invited(tx, from)?;
        let items = batch.items.into_iter();
        let mut wishes: Vec<Wish> = items.map(|it| wish(from, may_be_invited, it)).collect();
        let users = wishes.iter_mut().map(|wish| match wish {
            Wish::Have(user) => Some(user),
            Wish::Remove { .. } | Wish::Stopped(_) => None,
        });
        if let Some(verdicts) = admission::admit(tx, from, users)? {
            for (wish, verdict) in wishes.iter_mut().zip(verdicts) {
                if let Verdict::Stopped { code, message } = verdict {
                    let code = code.to_owned();
                    *wish = Wish::Stopped(Outcome::Failed { code, message });
                }
            }
        }
        let wanted = wishes.iter().filter_map(|wish| match wish {
            Wish::Have(user) => Some(user.home_id),
            Wish::Remove { .. } | Wish::Stopped(_) => None,
        });
        let wanted: Vec<_> = wanted.collect();
        let here = synced::Batch::open(tx, from, &wanted)?;
        // The disk's failure is everybody's; a user's is the user's.
        let expected = synced_groups::expects_members(tx, from)?;
        let outcomes = tx.attempt_each(&wishes, |tx, wish| {
            let applied = apply(tx, &here, wish)?;
            if expected {
                join_groups(tx, wish, &applied.outcome)?;
            }
            Ok(applied)
        })?;
        let mut told = Vec::new();
        let mut results = Vec::with_capacity(outcomes.len());
        for (outcome, wish) in outcomes.into_iter().zip(wishes) {
            results.push(match outcome {
                Ok(applied) => {
                    told.extend(applied.told(wish));
                    applied.outcome
                }
                Err(error) => failed(&error),
            });
        }
        audited::in_target(tx, from, told)?;
        let (groups, members) = groups::receive::apply(tx, from, &batch.groups, &batch.members)?;
        let reply = Reply {
            results,
            groups,
            members,
        };
        let reply = serde_json::to_string(&reply).map_err(Error::internal)?;
        Ok(Received::Done { reply })
    }

    fn answer(&self, tx: &ReadTx<'_>, from: TenantId, kind: &str, body: &str) -> Result<String> {
        match kind {
            explain::QUERY => explain::answer(tx, from, body),
            adoption::QUERY => adoption::answer(tx, from, body),
            groups::adoption::QUERY => groups::adoption::answer(tx, from, body),
            admission::coming::QUERY => admission::coming::answer(tx, from),
            _ => Err(Error::bad_request(format!("'{kind}' isn't a query."))),
        }
    }
}

fn failed(error: &Error) -> Outcome {
    let (code, message) = worded(error, "user");
    Outcome::Failed { code, message }
}

/// An error in the words of the provisioning log: its code, and the reason.
pub(crate) fn worded(error: &Error, what: &str) -> (String, String) {
    let code = match error {
        Error::Invalid { .. } => "InvalidPropertyValue",
        Error::AlreadyExists { .. } => "EntryConflict",
        Error::Conflict { .. } => "Conflict",
        Error::LimitExceeded { .. } => "QuotaLimitExceeded",
        Error::Internal(_) => "InternalServerError",
        _ => "Failure",
    };
    if let Error::Internal(detail) = error {
        tracing::error!(detail, what, "a synced object couldn't be applied");
        let message = format!("The target tenant had an internal error with this {what}.");
        return (code.into(), message);
    }
    (code.into(), error.to_string())
}

/// A user who is new here becomes a member of the groups that expect it.
fn join_groups(tx: &mut Tx<'_>, wish: &Wish, outcome: &Outcome) -> Result<()> {
    let (Outcome::Created { target_id } | Outcome::Updated { target_id, .. }) = outcome else {
        return Ok(());
    };
    let Wish::Have(user) = wish else {
        return Ok(());
    };
    // Who was here already may be somebody who was invited before.
    if matches!(outcome, Outcome::Updated { .. }) && !user.may_be_invited {
        return Ok(());
    }
    let (home, id) = (user.home_tenant, user.home_id.uuid());
    synced_groups::arrived(tx, home, id, target_id.uuid(), LinkKind::User)
}

/// What the source wants of one user.
enum Wish {
    Have(SyncedUser),
    Remove {
        home_tenant: TenantId,
        home_id: Id<kind::User>,
        purge: bool,
    },
    /// The rules of this tenant have stopped it.
    Stopped(Outcome),
}

fn wish(from: TenantId, may_be_invited: bool, item: Item) -> Wish {
    let Some(user) = item.user else {
        return Wish::Remove {
            home_tenant: from,
            home_id: item.id,
            purge: item.purged,
        };
    };
    let mut properties = user.properties;
    let mapping = user.own.map(|own| Box::new(schema::received(*own)));
    // The mapping decides what crosses the border; the target takes nothing else.
    properties.retain(|name, _| match &mapping {
        None => crate::mapping::PROPERTIES.contains(&name.as_str()),
        Some(mapping) => mapping.flows.contains(name),
    });
    Wish::Have(SyncedUser {
        home_tenant: from,
        home_id: item.id,
        properties,
        account_enabled: user.account_enabled,
        user_principal_name: user.user_principal_name,
        home_mail: user.mail,
        manager_home_id: user.manager,
        extra: Map::new(),
        guest_at_most: false,
        may_be_invited,
        mapping,
    })
}

/// What became of a wish.
struct Applied {
    outcome: Outcome,
    /// Who was deleted, and by which name.
    deleted: Option<(Id<kind::User>, String)>,
}

impl Applied {
    /// What the audit log says of it; nothing of what was so already.
    fn told(&self, wish: Wish) -> Option<Told> {
        let named = |id: &Id<kind::User>, display_name: String, done| Told {
            id: *id,
            display_name,
            done,
        };
        match (&self.outcome, wish) {
            (Outcome::Created { target_id }, Wish::Have(user)) => {
                let name = display_name(&user.properties);
                Some(named(target_id, name, Done::Created(user.properties)))
            }
            (
                Outcome::Updated {
                    target_id,
                    restored,
                    changes,
                },
                Wish::Have(user),
            ) => {
                let done = if *restored {
                    Done::Restored(changes.clone())
                } else {
                    Done::Updated(changes.clone())
                };
                Some(named(target_id, display_name(&user.properties), done))
            }
            (Outcome::Removed { .. }, Wish::Remove { purge, .. }) => {
                let (id, name) = self.deleted.clone()?;
                let done = if purge { Done::Purged } else { Done::Deleted };
                Some(named(&id, name, done))
            }
            _ => None,
        }
    }
}

fn display_name(properties: &Map<String, serde_json::Value>) -> String {
    let name = properties.get("displayName").and_then(|it| it.as_str());
    name.unwrap_or_default().to_owned()
}

/// The name of somebody who is about to be deleted, unless that was done before.
fn leaving(
    tx: &ReadTx<'_>,
    home_tenant: TenantId,
    home_id: Id<kind::User>,
    purge: bool,
) -> Result<Option<(Id<kind::User>, String)>> {
    let Some(found) = synced::find(tx, home_tenant, home_id)? else {
        return Ok(None);
    };
    let user = if !found.deleted {
        users::get(tx, found.id)?
    } else if purge {
        users::get_deleted(tx, found.id)?
    } else {
        return Ok(None);
    };
    Ok(Some((user.id, user.display_name().to_owned())))
}

fn apply(tx: &mut Tx<'_>, batch: &synced::Batch, wish: &Wish) -> Result<Applied> {
    let user = match wish {
        Wish::Have(user) => user,
        Wish::Remove {
            home_tenant,
            home_id,
            purge,
        } => {
            let deleted = leaving(tx, *home_tenant, *home_id, *purge)?;
            let target_id = synced::remove(tx, *home_tenant, *home_id, *purge)?;
            return Ok(Applied {
                outcome: Outcome::Removed { target_id },
                deleted,
            });
        }
        Wish::Stopped(outcome) => {
            return Ok(Applied {
                outcome: outcome.clone(),
                deleted: None,
            });
        }
    };
    let upserted = synced::upsert_of(tx, batch, user)?;
    let target_id = upserted.id;
    let outcome = match upserted.outcome {
        SyncedOutcome::Created => Outcome::Created { target_id },
        SyncedOutcome::Unchanged => Outcome::Unchanged { target_id },
        SyncedOutcome::Updated { changed } => Outcome::Updated {
            target_id,
            restored: false,
            changes: changed,
        },
        SyncedOutcome::Restored { changed } => Outcome::Updated {
            target_id,
            restored: true,
            changes: changed,
        },
    };
    Ok(Applied {
        outcome,
        deleted: None,
    })
}
