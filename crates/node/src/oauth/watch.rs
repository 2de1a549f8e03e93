//! Watching over visits: who was let in goes when one of the two tenants doesn't let them any more.
//!
//! The visited tenant follows its own feed and those of its visitors' homes. Where something has changed
//! that may concern a visitor (rules of either side, the account, the generation of the tokens or the groups
//! at home), it asks the home about them once more and holds the answer against its own rules. Whoever may
//! not stay loses sessions, refresh tokens and access tokens in one transaction; where it is about single
//! applications, these lose what they have from the person. A session here that came from one at home
//! which was signed out, from another browser for one, ends by itself.
//!
//! - The head of a feed is only a hint; losing one costs time, bounded by a timer.
//! - What was read of the feeds isn't kept. A process that begins the work looks at every visitor once, so
//!   that nothing is missed whenever the one before has ended.
//! - The home says of its changes only those that concern people who have been in the tenant that asks.
//! - The work grows with the visitors who are here, not with the tenants.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use directory::{groups, users};
use identity::oauth::refresh;
use identity::visit::live::{self, Visitor};
use identity::{revocation, session};
use serde::{Deserialize, Serialize};
use store::{ChangeRow, Fence, Island, Op, ReadTx, Tx};
use tokio::task::{AbortHandle, JoinSet};
use types::{Actor, Error, Id, Result, TenantId, kind};
use uuid::Uuid;

use super::back_channel::Told;
use super::sign_out;
use crate::Node;
use crate::published::Published;

/// Asks a home what of its changes concerns the asker's visitors.
pub(super) const CHANGES: &str = "signin.changes";
/// Asks a home about visitors.
pub(super) const STILL: &str = "signin.still";
/// Visitors in one question.
const AT_ONCE: usize = 100;
/// Sessions of one visitor that are asked about.
const SESSIONS_MAX: usize = 100;
/// Changes that are read at once; further behind, everybody is looked at.
const CHANGES_MAX: usize = 4_096;
/// The longest wait without a hint.
const WAIT_MAX: Duration = Duration::from_mins(1);
/// How long to rest after a look, which each change leads to: a busy tenant isn't looked at all the time.
const REST: Duration = Duration::from_millis(25);
/// Waits after failures double from the first to the second.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

#[derive(Debug, Serialize, Deserialize)]
struct ChangesBody {
    since: Option<u64>,
}

/// Whom changes concern.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Concern {
    /// Up to where they were read.
    through: u64,
    everybody: bool,
    users: HashSet<Uuid>,
}

impl Concern {
    fn everybody(through: u64) -> Self {
        Self {
            through,
            everybody: true,
            users: HashSet::new(),
        }
    }
    fn concerns(&self, user: Id<kind::User>) -> bool {
        self.everybody || self.users.contains(&user.uuid())
    }
    fn is_nothing(&self) -> bool {
        !self.everybody && self.users.is_empty()
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    user_id: Id<kind::User>,
    applications: Vec<Uuid>,
    /// The sessions at home that theirs came from.
    #[serde(default)]
    sessions: Vec<Uuid>,
}

/// What a home says of somebody who is elsewhere.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stands {
    is_enabled: bool,
    generation: u64,
    groups: Vec<Id<kind::Group>>,
    /// Whether the home lets the person go at all.
    is_allowed: bool,
    /// Of the applications that were asked about: those that it doesn't let the person use.
    refused: Vec<Uuid>,
    /// Of the sessions that were asked about: those that were signed out.
    #[serde(default)]
    ended: Vec<Uuid>,
}

/// The changes behind a position, if they aren't too many, and up to where that is.
fn changes(tx: &ReadTx<'_>, since: Option<u64>) -> Result<(u64, Option<Vec<ChangeRow>>)> {
    let head = tx.head()?;
    let Some(since) = since.filter(|since| *since <= head) else {
        return Ok((head, None));
    };
    if head - since > CHANGES_MAX as u64 {
        return Ok((head, None));
    }
    match tx.changes(since, CHANGES_MAX) {
        Ok(changes) => Ok((head, Some(changes))),
        Err(Error::Gone { .. }) => Ok((head, None)),
        Err(error) => Err(error),
    }
}

/// Whether it is a change of the rules about a tenant.
fn is_rule(change: &ChangeRow, partner: TenantId) -> bool {
    match change.kind.as_str() {
        "crossTenantAccessPolicy" => true,
        "crossTenantAccessPolicyConfigurationPartner" => change.object == partner.uuid(),
        _ => false,
    }
}

/// At home: whom of those who have been in `resource` the changes concern.
fn home_concern(tx: &ReadTx<'_>, resource: TenantId, since: Option<u64>) -> Result<Concern> {
    let (through, changes) = changes(tx, since)?;
    let Some(changes) = changes else {
        return Ok(Concern::everybody(through));
    };
    let mut concern = Concern {
        through,
        ..Concern::default()
    };
    let mut looked: HashSet<Uuid> = HashSet::new();
    for change in &changes {
        let user = match change.kind.as_str() {
            _ if is_rule(change, resource) => return Ok(Concern::everybody(through)),
            "user" if change.op == Op::Created => continue,
            "user" | "tokenRevocation" => change.object,
            "groupMember" => {
                let member = change.related.unwrap_or(change.object);
                // A group in a group: whoever is in it.
                if groups::exists(tx, Id::new(member))? {
                    return Ok(Concern::everybody(through));
                }
                member
            }
            "group" if matches!(change.op, Op::Deleted | Op::Restored | Op::Purged) => {
                return Ok(Concern::everybody(through));
            }
            _ => continue,
        };
        if looked.insert(user) && live::has_gone(tx, user, resource)? {
            concern.users.insert(user);
        }
    }
    Ok(concern)
}

/// In the visited tenant: whom of the visitors from `home` the changes concern, by their ids here.
fn own_concern(tx: &ReadTx<'_>, home: TenantId, since: Option<u64>) -> Result<Concern> {
    let (through, changes) = changes(tx, since)?;
    let Some(changes) = changes else {
        return Ok(Concern::everybody(through));
    };
    if changes.iter().any(|change| is_rule(change, home)) {
        return Ok(Concern::everybody(through));
    }
    let come = changes
        .iter()
        .filter(|change| change.kind == live::CHANGE_KIND);
    Ok(Concern {
        through,
        everybody: false,
        users: come.map(|change| change.object).collect(),
    })
}

fn still(tx: &ReadTx<'_>, resource: TenantId, asked: &Asked) -> Result<Option<Stands>> {
    let Some(user) = types::found(users::get(tx, asked.user_id))? else {
        return Ok(None);
    };
    let groups = groups::groups_of(tx, user.id)?;
    let rules = access::Rules::load(tx, resource)?;
    let (is_allowed, refused) = held_against(
        &rules,
        access::Direction::Outbound,
        (user.id, &groups),
        &asked.applications,
    );
    let mut ended = Vec::new();
    for session in asked.sessions.iter().take(SESSIONS_MAX) {
        if session::has_ended(tx, *session)? {
            ended.push(*session);
        }
    }
    Ok(Some(Stands {
        ended,
        is_enabled: user.account_enabled && user.home.is_none(),
        generation: revocation::generation(tx, user.id)?,
        groups,
        is_allowed,
        refused,
    }))
}

/// Whether rules let somebody pass at all, and which of the applications they refuse.
fn held_against(
    rules: &access::Rules,
    direction: access::Direction,
    (user, groups): (Id<kind::User>, &[Id<kind::Group>]),
    applications: &[Uuid],
) -> (bool, Vec<Uuid>) {
    let subject = access::Subject { user, groups };
    let passes = |application| {
        let channel = access::Channel::Collaboration;
        rules
            .sign_in(direction, channel, &subject, application)
            .allowed
    };
    let refused = applications.iter().copied();
    let refused = refused.filter(|id| !passes(Some(*id))).collect();
    (passes(None), refused)
}

/// At home: answers the visited tenant.
pub(super) fn answer(tx: &ReadTx<'_>, from: TenantId, kind: &str, body: &str) -> Result<String> {
    let malformed = |error: serde_json::Error| Error::bad_request(error.to_string());
    match kind {
        CHANGES => {
            let body: ChangesBody = serde_json::from_str(body).map_err(malformed)?;
            let concern = home_concern(tx, from, body.since)?;
            serde_json::to_string(&concern).map_err(Error::internal)
        }
        STILL => {
            let asked: Vec<Asked> = serde_json::from_str(body).map_err(malformed)?;
            let stands = asked.iter().take(AT_ONCE);
            let stands = stands.map(|asked| still(tx, from, asked));
            let stands = stands.collect::<Result<Vec<Option<Stands>>>>()?;
            serde_json::to_string(&stands).map_err(Error::internal)
        }
        _ => Err(Error::bad_request(format!("'{kind}' isn't a query."))),
    }
}

/// A visitor, and what there is here that may have to end.
struct Here {
    visitor: Visitor,
    applications: Vec<Uuid>,
    /// Sessions, each with the one at home that it came from.
    sessions: Vec<(Uuid, Uuid)>,
}

impl Here {
    fn look(tx: &ReadTx<'_>, visitor: Visitor) -> Result<Self> {
        Ok(Self {
            applications: live::clients(tx, visitor.user)?,
            sessions: session::from_home(tx, visitor.user, SESSIONS_MAX)?,
            visitor,
        })
    }
}

/// What becomes of a visitor.
enum End {
    Stays,
    /// Loses everything: why.
    Goes(&'static str),
    /// These applications lose what they have, and these sessions end.
    Loses {
        applications: Vec<Uuid>,
        sessions: Vec<Uuid>,
    },
}

fn end(rules: &access::Rules, here: &Here, stands: Option<&Stands>) -> End {
    let Here {
        visitor,
        applications,
        sessions,
    } = here;
    let Some(stands) = stands else {
        return End::Goes("The home tenant has no such user any more.");
    };
    if !stands.is_enabled {
        return End::Goes("The account is disabled in the home tenant.");
    }
    if stands.generation != visitor.home_generation {
        return End::Goes("The sessions were ended in the home tenant.");
    }
    if visitor.counts_home_factor && !rules.inbound_trust().mfa {
        return End::Goes(
            "This tenant doesn't trust the home's multifactor authentication any more.",
        );
    }
    if !stands.is_allowed {
        return End::Goes("The home tenant's outbound access doesn't let this user go here.");
    }
    let subject = (visitor.home_id, &*stands.groups);
    let direction = access::Direction::Inbound;
    let (is_allowed, mut refused) = held_against(rules, direction, subject, applications);
    if !is_allowed {
        return End::Goes("This tenant's inbound access doesn't let this user in.");
    }
    refused.extend(&stands.refused);
    refused.sort_unstable();
    refused.dedup();
    let ended = |(own, home): &(Uuid, Uuid)| stands.ended.contains(home).then_some(*own);
    let sessions: Vec<Uuid> = sessions.iter().filter_map(ended).collect();
    if !refused.is_empty() && applications.iter().all(|id| refused.contains(id)) {
        End::Goes("None of the applications in use is allowed any more.")
    } else if refused.is_empty() && sessions.is_empty() {
        End::Stays
    } else {
        End::Loses {
            applications: refused,
            sessions,
        }
    }
}

/// Takes back all that a visitor has here; answers whom to tell.
fn turn_out(
    tx: &mut Tx<'_>,
    published: &Published,
    user: Id<kind::User>,
    why: &str,
    issuer: &str,
) -> Result<Vec<Told>> {
    let told = sign_out::end_sessions_of(tx, published, user, issuer)?.0;
    live::forget(tx, user)?;
    revocation::revoke(tx, user)?;
    match users::get(tx, user) {
        Ok(found) => {
            users::end_sessions(tx, user)?;
            let target = audit::Target::new(user, found.display_name(), "User");
            let mut entry = audit::Entry::success("Authentication", "End visit").target(target);
            entry.details.push(("Reason".to_owned(), why.to_owned()));
            audit::record(tx, entry)?;
        }
        Err(Error::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(told)
}

/// How far the feeds were read, in one life of a process.
#[derive(Default)]
struct Known {
    own: Option<u64>,
    home: Option<u64>,
}

impl Node {
    /// Begins to watch over a tenant's visits by this right, if it isn't done already.
    pub(crate) fn watch_visits(&self, tenant: TenantId, fence: Fence) {
        let node = self.clone();
        let work = move || async move { node.watch_tenant(tenant, fence).await };
        self.0.sign_in.watches.begin(tenant, fence, work);
    }

    /// Leaves it to another server.
    pub(crate) fn leave_visits(&self, tenant: TenantId) {
        self.0.sign_in.watches.leave(tenant);
    }

    /// Ends it for all tenants, and waits until nothing runs.
    pub(crate) async fn stop_watching(&self) {
        self.0.sign_in.watches.stop().await;
    }

    async fn watch_tenant(&self, tenant: TenantId, fence: Fence) {
        let mut head = self.store().watch(tenant);
        let mut tasks = JoinSet::new();
        let mut running: HashMap<TenantId, AbortHandle> = HashMap::new();
        loop {
            head.borrow_and_update();
            running.retain(|_, task| !task.is_finished());
            match self.homes(tenant, fence).await {
                Ok((island, homes)) => {
                    for home in homes {
                        running.entry(home).or_insert_with(|| {
                            let (node, island) = (self.clone(), island.clone());
                            tasks.spawn(async move { node.watch_home(&island, home).await })
                        });
                    }
                }
                Err(error) => tracing::warn!(%tenant, %error, "visits can't be watched over"),
            }
            tokio::time::sleep(REST).await;
            tokio::select! {
                _ = tokio::time::timeout(WAIT_MAX, head.changed()) => {}
                Some(_) = tasks.join_next() => {}
            }
        }
    }

    async fn homes(&self, tenant: TenantId, fence: Fence) -> Result<(Island, Vec<TenantId>)> {
        let island = self.store().island(tenant)?.behind(fence);
        let homes = island.read(live::homes).await?;
        Ok((island, homes))
    }

    /// Watches over the visitors from one tenant, until there are none.
    async fn watch_home(&self, island: &Island, home: TenantId) {
        let (mut own, mut theirs) = (island.watch(), self.store().watch(home));
        let mut known = Known::default();
        let mut wait = RETRY.0;
        let mut asks_home = true;
        loop {
            own.borrow_and_update();
            theirs.borrow_and_update();
            match self.look(island, home, &mut known, asks_home).await {
                Ok(false) => return,
                Ok(true) => wait = RETRY.0,
                Err(error) => {
                    tracing::warn!(tenant = %island.tenant(), %home, %error,
                        "visitors can't be looked at");
                    tokio::time::sleep(wait).await;
                    wait = wait.saturating_mul(2).min(RETRY.1);
                    asks_home = true;
                    continue;
                }
            }
            tokio::time::sleep(REST).await;
            // What another server has changed at home may give no hint.
            asks_home = tokio::select! {
                _ = theirs.changed() => true,
                _ = own.changed() => theirs.has_changed().unwrap_or(true),
                () = tokio::time::sleep(WAIT_MAX) => true,
            };
        }
    }

    /// Looks at those whom the changes since the last look concern; answers whether there are visitors.
    async fn look(
        &self,
        island: &Island,
        home: TenantId,
        known: &mut Known,
        asks_home: bool,
    ) -> Result<bool> {
        let (tenant, since) = (island.tenant(), known.own);
        let (any, own) = island
            .read(move |tx| {
                let any = live::visitors(tx, home, Id::new(Uuid::nil()), 1)?;
                Ok((!any.is_empty(), own_concern(tx, home, since)?))
            })
            .await?;
        if !any {
            return Ok(false);
        }
        let theirs = if asks_home || !own.is_nothing() {
            let body = ChangesBody { since: known.home };
            let body = serde_json::to_string(&body).map_err(Error::internal)?;
            let answer = self.transport().ask(tenant, home, CHANGES, body).await?;
            Some(serde_json::from_str::<Concern>(&answer).map_err(Error::internal)?)
        } else {
            None
        };
        let concerned = |visitor: &Visitor| {
            own.concerns(visitor.user)
                || (theirs.as_ref()).is_some_and(|theirs| theirs.concerns(visitor.home_id))
        };
        if !own.is_nothing() || theirs.as_ref().is_some_and(|theirs| !theirs.is_nothing()) {
            let mut after = Id::new(Uuid::nil());
            loop {
                let page = island
                    .read(move |tx| live::visitors(tx, home, after, AT_ONCE))
                    .await?;
                let Some(last) = page.last() else { break };
                after = last.user;
                let is_end = page.len() < AT_ONCE;
                let page: Vec<Visitor> = page.into_iter().filter(|it| concerned(it)).collect();
                if !page.is_empty() {
                    self.look_at(island, home, page).await?;
                }
                if is_end {
                    break;
                }
            }
        }
        known.own = Some(own.through);
        if let Some(theirs) = theirs {
            known.home = Some(theirs.through);
        }
        Ok(true)
    }

    /// Asks the home about visitors, and turns out who may not stay.
    async fn look_at(&self, island: &Island, home: TenantId, page: Vec<Visitor>) -> Result<()> {
        let tenant = island.tenant();
        let page = island
            .read(move |tx| {
                let here = page.into_iter().map(|visitor| Here::look(tx, visitor));
                here.collect::<Result<Vec<Here>>>()
            })
            .await?;
        let asked: Vec<Asked> = page
            .iter()
            .map(|here| Asked {
                user_id: here.visitor.home_id,
                applications: here.applications.clone(),
                sessions: here.sessions.iter().map(|(_, home)| *home).collect(),
            })
            .collect();
        let body = serde_json::to_string(&asked).map_err(Error::internal)?;
        let answer = self.transport().ask(tenant, home, STILL, body).await?;
        let stands: Vec<Option<Stands>> = serde_json::from_str(&answer).map_err(Error::internal)?;
        if stands.len() != page.len() {
            return Err(Error::internal("a home has answered for others"));
        }
        let judged = island
            .read(move |tx| {
                let rules = access::Rules::load(tx, home)?;
                let ends = page.iter().zip(stands).map(|(here, stands)| {
                    let end = end(&rules, here, stands.as_ref());
                    (here.visitor.user, end)
                });
                Ok(ends
                    .filter(|(_, end)| !matches!(end, End::Stays))
                    .collect::<Vec<_>>())
            })
            .await?;
        if judged.is_empty() {
            return Ok(());
        }
        let issuer = self.public_url().issuer(tenant);
        let going = judged.iter().map(|(user, _)| *user).collect();
        let published = self.published_to(tenant, going).await?;
        let told = island
            .write(Actor::System, move |tx| {
                let mut told = Vec::new();
                for (user, end) in &judged {
                    match end {
                        End::Stays => {}
                        End::Goes(why) => {
                            told.extend(turn_out(tx, &published, *user, why, &issuer)?);
                        }
                        End::Loses {
                            applications,
                            sessions,
                        } => {
                            for application in applications {
                                refresh::revoke_client(tx, *user, *application)?;
                            }
                            let ending = sessions.iter().copied();
                            told.extend(sign_out::end_unseen(tx, &published, ending, &issuer)?);
                        }
                    }
                }
                Ok(told)
            })
            .await?;
        self.tell_clients(tenant, told);
        Ok(())
    }
}
