//! What members send each other through the border, and what they do when it arrives.
//!
//! | kind | from → to | body | reply |
//! |---|---|---|---|
//! | `organization.invite` | adder → added tenant | [`InviteBody`] | – |
//! | `organization.withdraw` | adder, or seat → pending tenant | [`WithdrawBody`] | – |
//! | `organization.decline` | invited tenant → adder | [`DeclineBody`] | – |
//! | `organization.inviter` (a query) | invited tenant → adder | – | [`invitations::Inviter`] |
//! | `organization.join` | invited tenant → adder, then seat | [`JoinBody`] | [`Answer`] |
//! | `organization.request` | owner or leaving member → seat | [`RequestBody`] | [`Answer`] |
//! | `organization.state` | seat → active members | the whole state | – |
//! | `organization.removed` | seat → tenant that isn't active any more | [`RemovedBody`] | – |
//!
//! Streams of different senders overtake each other, so each message says which state it is about.
//! What is older than what the receiver knows has no effect; what relies on something that the
//! receiver doesn't know yet waits (a transient error), for that is on its way.

use border::{Handler, Receipt, Received};
use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx};
use types::{Error, Result, TenantId, Timestamp};
use uuid::Uuid;

use crate::changes::{self, ChangeRequest};
use crate::model::{Snapshot, State};
use crate::{INVITATION_DAYS, audited, invitations, join, replica};

pub(crate) const INVITE: &str = "organization.invite";
pub(crate) const WITHDRAW: &str = "organization.withdraw";
pub(crate) const DECLINE: &str = "organization.decline";
pub(crate) const INVITER: &str = "organization.inviter";
pub(crate) const JOIN: &str = "organization.join";
pub(crate) const REQUEST: &str = "organization.request";
pub(crate) const STATE: &str = "organization.state";
pub(crate) const REMOVED: &str = "organization.removed";

/// How often a question may be passed on. A chain of former seats is as long as the organization
/// has had seats meanwhile; a longer one is a circle.
pub(crate) const HOPS_MAX: u32 = 32;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InviteBody {
    pub(crate) shared_id: Uuid,
    pub(crate) version: u64,
    pub(crate) organization_name: String,
    pub(crate) members: Vec<TenantId>,
    pub(crate) invited_at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WithdrawBody {
    pub(crate) shared_id: Uuid,
    pub(crate) version: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeclineBody {
    pub(crate) shared_id: Uuid,
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RemovedBody {
    pub(crate) shared_id: Uuid,
    pub(crate) version: u64,
    /// Who wanted it; the tenant itself if it has left.
    pub(crate) by: TenantId,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JoinBody {
    pub(crate) shared_id: Uuid,
    /// The sender's join request that this belongs to.
    pub(crate) request_id: Uuid,
    /// The newest state that the sender has been told of.
    pub(crate) at_least: u64,
    pub(crate) hops: u32,
    pub(crate) users: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestBody {
    pub(crate) shared_id: Uuid,
    /// The newest state that the sender has been told of.
    pub(crate) at_least: u64,
    pub(crate) hops: u32,
    /// The state that the sender was added in: a request from an earlier membership says nothing
    /// about this one.
    pub(crate) member_since: u64,
    pub(crate) request: ChangeRequest,
}

/// The answer to a join or a request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Answer {
    /// Done: the state that came of it.
    Accepted(Snapshot),
    /// Not done.
    Declined {
        /// Why.
        reason: String,
        /// The state in which the sender isn't on the list at all, if that is why.
        version: Option<u64>,
    },
    /// Another tenant was made the seat in this state.
    Moved { seat: TenantId, version: u64 },
}

impl Answer {
    fn declined(reason: impl Into<String>) -> Self {
        Self::Declined {
            reason: reason.into(),
            version: None,
        }
    }
}

/// The organization's end of the border.
#[derive(Debug, Clone, Copy)]
pub struct Messages {
    active_tenants_max: usize,
    users_max: u64,
    invitation_days: u64,
}

impl Messages {
    /// With these limits on the tenants of an organization and on the internal users of one that
    /// joins.
    pub const fn new(active_tenants_max: usize, users_max: u64) -> Self {
        Self {
            active_tenants_max,
            users_max,
            invitation_days: INVITATION_DAYS,
        }
    }

    /// With another time that an invitation is good for.
    #[must_use]
    pub const fn invitation_days(self, days: u64) -> Self {
        Self {
            invitation_days: days,
            ..self
        }
    }

    /// At the seat: lets a pending tenant in.
    fn admit(
        &self,
        tx: &mut Tx<'_>,
        joiner: TenantId,
        body: &JoinBody,
        before: &Snapshot,
    ) -> Result<Answer> {
        match before.member(joiner).map(|member| member.state) {
            Some(State::Pending) => {}
            Some(State::Active) => return Ok(Answer::Accepted(before.clone())),
            None => {
                return Ok(Answer::Declined {
                    reason: "The tenant isn't on the multi-tenant organization's list any more. \
                             Ask an owner there to add it again."
                        .into(),
                    version: Some(before.version),
                });
            }
        }
        let expires_at = before
            .member(joiner)
            .map(|member| invitations::expires_at(member.added_at, self.invitation_days));
        if expires_at.is_some_and(|at| at <= tx.now()) {
            return Ok(Answer::declined(format!(
                "The invitation was good for {} days (limits.organization_invitation_days). Ask \
                 an owner there to remove the tenant and add it again.",
                self.invitation_days
            )));
        }
        if body.users > self.users_max {
            return Ok(Answer::declined(format!(
                "The tenant has more than {} internal users (limits.organization_users).",
                self.users_max
            )));
        }
        let mut after = before.clone();
        if let Err(reason) = changes::admit(&mut after, joiner, tx.now(), self.active_tenants_max) {
            return Ok(Answer::declined(reason));
        }
        audited::news(tx, before, &after)?;
        changes::carry_out(tx, before, after, joiner).map(Answer::Accepted)
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T> {
    serde_json::from_str(body).map_err(|error| Error::bad_request(format!("Bad message: {error}")))
}

pub(crate) fn done() -> Received {
    Received::Done {
        reply: "null".into(),
    }
}

impl Handler for Messages {
    fn receive(&self, tx: &mut Tx<'_>, from: TenantId, kind: &str, body: &str) -> Result<Received> {
        let answer = match kind {
            INVITE => return invitations::receive_invite(tx, from, &read(body)?),
            DECLINE => return invitations::receive_decline(tx, from, &read(body)?),
            WITHDRAW => return invitations::receive_withdraw(tx, from, &read(body)?),
            STATE => return receive_state(tx, from, &read(body)?),
            REMOVED => return receive_removed(tx, from, &read(body)?),
            JOIN => {
                let body: JoinBody = read(body)?;
                at_seat(tx, body.shared_id, body.at_least, |tx, before| {
                    self.admit(tx, from, &body, before)
                })?
            }
            REQUEST => {
                let body: RequestBody = read(body)?;
                at_seat(tx, body.shared_id, body.at_least, |tx, before| {
                    carry_out_request(tx, from, &body, before)
                })?
            }
            other => return Err(Error::bad_request(format!("'{other}' isn't known here."))),
        };
        Ok(Received::Done {
            reply: serde_json::to_string(&answer).map_err(Error::internal)?,
        })
    }

    fn answer(&self, tx: &ReadTx<'_>, from: TenantId, kind: &str, _: &str) -> Result<String> {
        if kind != INVITER {
            return Err(Error::bad_request(format!("'{kind}' isn't a query.")));
        }
        let inviter = invitations::inviter(tx, from)?;
        serde_json::to_string(&inviter).map_err(Error::internal)
    }

    fn settled(
        &self,
        tx: &mut Tx<'_>,
        to: TenantId,
        kind: &str,
        body: &str,
        receipt: &Receipt,
    ) -> Result<()> {
        match (kind, receipt) {
            (JOIN, _) => join::settled(tx, to, read(body)?, receipt),
            (REQUEST, _) => settled_request(tx, read(body)?, receipt),
            (INVITE, Receipt::Rejected { reason }) => {
                let activity = "Invite a tenant to a MultiTenantOrg";
                audited::failure(tx, activity, to, reason)
            }
            (DECLINE, Receipt::Rejected { reason }) => {
                audited::failure(tx, invitations::DECLINES, to, reason)
            }
            _ => Ok(()),
        }
    }
}

/// Runs `decide` if this tenant is the organization's seat; else says who is.
fn at_seat(
    tx: &mut Tx<'_>,
    shared_id: Uuid,
    at_least: u64,
    decide: impl FnOnce(&mut Tx<'_>, &Snapshot) -> Result<Answer>,
) -> Result<Answer> {
    if let Some(state) = replica::snapshot(tx)?.filter(|state| state.shared_id == shared_id) {
        if state.version < at_least {
            return Err(Error::unavailable(
                "The organization's newest state isn't here yet.",
                1,
            ));
        }
        return if state.seat == tx.tenant() {
            decide(tx, &state)
        } else {
            Ok(Answer::Moved {
                seat: state.seat,
                version: state.version,
            })
        };
    }
    if join::is_joining(tx, shared_id)? {
        // It may have been let in and made the seat, and not know it yet.
        return Err(Error::unavailable(
            "The tenant is about to join the organization.",
            1,
        ));
    }
    let left = replica::left(tx, shared_id)?;
    Ok(
        match left.and_then(|left| Some((left.seat?, left.version))) {
            Some((seat, version)) => Answer::Moved { seat, version },
            None => Answer::Declined {
                reason: "The multi-tenant organization doesn't exist any more.".into(),
                version: Some(left.map_or(at_least, |left| left.version.max(at_least))),
            },
        },
    )
}

/// At the seat: does what another member has asked for, if it may.
fn carry_out_request(
    tx: &mut Tx<'_>,
    from: TenantId,
    body: &RequestBody,
    before: &Snapshot,
) -> Result<Answer> {
    let asker = before.member(from);
    if asker.is_none() && body.request == ChangeRequest::Leave {
        return Ok(Answer::Accepted(before.clone()));
    }
    if asker.is_none_or(|asker| asker.added_in != body.member_since) {
        return Ok(Answer::declined(
            "The tenant isn't in the multi-tenant organization any more.",
        ));
    }
    let mut after = before.clone();
    match changes::apply(&mut after, from, &body.request, tx.now()) {
        Ok(()) if after == *before => Ok(Answer::Accepted(after)),
        Ok(()) => {
            if from != tx.tenant() {
                audited::news(tx, before, &after)?;
            }
            changes::carry_out(tx, before, after, from).map(Answer::Accepted)
        }
        Err(error) if error.is_transient() => Err(error),
        Err(error) => Ok(Answer::declined(error.to_string())),
    }
}

fn receive_state(tx: &mut Tx<'_>, from: TenantId, new: &Snapshot) -> Result<Received> {
    match replica::snapshot(tx)? {
        Some(old) if old.shared_id == new.shared_id => {
            if new.version > old.version {
                check_speaker(&old, from)?;
                // What was asked for here stands in the log already.
                let is_own = new.changed_by == Some(tx.tenant()) && new.version == old.version + 1;
                if !is_own {
                    audited::news(tx, &old, new)?;
                }
                replica::install(tx, new)?;
            }
        }
        Some(_) => {}
        None => join::joined_by_state(tx, from, new)?,
    }
    Ok(done())
}

/// Owners speak for the organization. Whoever isn't one, as far as is known here, may have become
/// one in a state that is still on its way.
fn check_speaker(known: &Snapshot, from: TenantId) -> Result<()> {
    if known.is_owner(from) {
        return Ok(());
    }
    Err(Error::unavailable(
        "The sender isn't known as an owner of the organization yet.",
        1,
    ))
}

fn receive_removed(tx: &mut Tx<'_>, from: TenantId, body: &RemovedBody) -> Result<Received> {
    let tenant = tx.tenant();
    let Some(state) = replica::snapshot(tx)?.filter(|state| state.shared_id == body.shared_id)
    else {
        if join::is_joining(tx, body.shared_id)? {
            return Err(Error::unavailable(
                "The answer to the tenant's join request isn't here yet.",
                1,
            ));
        }
        return Ok(done());
    };
    if body.version > state.version {
        check_speaker(&state, from)?;
        replica::end(tx, Some(from), body.version)?;
        if body.by != tenant {
            let removal = ChangeRequest::Remove { tenant_id: tenant };
            audited::removed(tx, removal.activity(), state.member(tenant))?;
        }
    }
    Ok(done())
}

fn settled_request(tx: &mut Tx<'_>, body: RequestBody, receipt: &Receipt) -> Result<()> {
    let tenant = tx.tenant();
    let known = replica::snapshot(tx)?.filter(|state| {
        let own = state.member(tenant);
        state.shared_id == body.shared_id
            && own.is_some_and(|own| own.added_in == body.member_since)
    });
    let Some(state) = known else {
        return Ok(());
    };
    let reason = match receipt {
        Receipt::Applied { reply } => match read::<Answer>(reply)? {
            Answer::Accepted(new) if new.version > state.version => {
                // What was asked for here stands in the log already.
                let mut expected = state.clone();
                if changes::apply(&mut expected, tenant, &body.request, tx.now()).is_ok() {
                    audited::news(tx, &expected, &new)?;
                }
                return replica::install(tx, &new);
            }
            Answer::Accepted(_) => return Ok(()),
            Answer::Moved { seat, version } if body.hops < HOPS_MAX && seat != tenant => {
                let body = RequestBody {
                    at_least: version.max(body.at_least),
                    hops: body.hops + 1,
                    ..body
                };
                return border::outbox::post(tx, seat, REQUEST, &body).map(drop);
            }
            // This tenant has become the seat meanwhile.
            Answer::Moved { .. } if state.seat == tenant => {
                match carry_out_request(tx, tenant, &body, &state)? {
                    Answer::Declined { reason, .. } => reason,
                    _ => return Ok(()),
                }
            }
            Answer::Moved { .. } => "Nobody knows who orders the organization's changes.".into(),
            Answer::Declined { reason, .. } => reason,
        },
        // Had it been applied, the state that came of it is on its way or here.
        Receipt::Duplicate { .. } | Receipt::Gap { .. } => return Ok(()),
        Receipt::Refused { trace } => trace
            .refusal()
            .map_or_else(|| "Refused.".into(), |step| step.reason.clone()),
        Receipt::Rejected { reason } => reason.clone(),
    };
    let about = body.request.subject().unwrap_or(tenant);
    audited::failure(tx, body.request.activity(), about, &reason)
}
