//! What members send each other through the border, and what they do when it arrives.
//!
//! | kind | from → to | body | reply |
//! |---|---|---|---|
//! | `organization.invite` | seat → added tenant | [`InviteBody`] | – |
//! | `organization.withdraw` | seat → pending tenant | [`OrganizationBody`] | – |
//! | `organization.join` | invited tenant → seat | [`JoinBody`] | [`Answer`] |
//! | `organization.request` | owner or leaving member → seat | [`RequestBody`] | [`Answer`] |
//! | `organization.state` | seat → active members | the whole state | – |
//! | `organization.removed` | seat → removed tenant | [`OrganizationBody`] | – |

use border::{Handler, Receipt, Received};
use serde::{Deserialize, Serialize};
use store::Tx;
use types::{Error, Result, TenantId, Timestamp};
use uuid::Uuid;

use crate::changes::{self, ChangeRequest, Consequences};
use crate::model::Snapshot;
use crate::{INVITATIONS_MAX, join, replica};

pub(crate) const INVITE: &str = "organization.invite";
pub(crate) const WITHDRAW: &str = "organization.withdraw";
pub(crate) const JOIN: &str = "organization.join";
pub(crate) const REQUEST: &str = "organization.request";
pub(crate) const STATE: &str = "organization.state";
pub(crate) const REMOVED: &str = "organization.removed";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InviteBody {
    pub(crate) shared_id: Uuid,
    pub(crate) added_by: TenantId,
    pub(crate) organization_name: String,
    pub(crate) members: Vec<TenantId>,
    pub(crate) invited_at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationBody {
    pub(crate) shared_id: Uuid,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JoinBody {
    pub(crate) shared_id: Uuid,
    pub(crate) users: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestBody {
    pub(crate) shared_id: Uuid,
    pub(crate) request: ChangeRequest,
}

/// The seat's answer to a join or a request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Answer {
    /// Done: the state that came of it.
    Accepted(Snapshot),
    /// Not done, and why.
    Declined(String),
    /// Another tenant is the seat now.
    Moved(TenantId),
}

/// The organization's end of the border.
#[derive(Debug, Clone, Copy)]
pub struct Messages {
    active_tenants_max: usize,
    users_max: u64,
}

impl Messages {
    /// With these limits on the tenants of an organization and on the internal users of one that
    /// joins.
    pub const fn new(active_tenants_max: usize, users_max: u64) -> Self {
        Self {
            active_tenants_max,
            users_max,
        }
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T> {
    serde_json::from_str(body).map_err(|error| Error::bad_request(format!("Bad message: {error}")))
}

fn done() -> Result<Received> {
    Ok(Received::Done {
        reply: "null".into(),
    })
}

impl Handler for Messages {
    fn receive(&self, tx: &mut Tx<'_>, from: TenantId, kind: &str, body: &str) -> Result<Received> {
        match kind {
            INVITE => receive_invite(tx, from, &read(body)?),
            WITHDRAW => {
                join::forget_invitation(tx, read::<OrganizationBody>(body)?.shared_id, Some(from))?;
                done()
            }
            STATE => receive_state(tx, from, &read(body)?),
            REMOVED => receive_removed(tx, from, &read(body)?),
            JOIN => {
                let body: JoinBody = read(body)?;
                let answer = at_seat(tx, body.shared_id, |tx, mut state| {
                    if body.users > self.users_max {
                        return Ok(Answer::Declined(format!(
                            "The tenant has more than {} internal users \
                             (limits.organization_users).",
                            self.users_max
                        )));
                    }
                    let before = state.clone();
                    if let Err(reason) =
                        changes::admit(&mut state, from, tx.now(), self.active_tenants_max)
                    {
                        return Ok(Answer::Declined(reason));
                    }
                    if state == before {
                        return Ok(Answer::Accepted(state));
                    }
                    changes::audit_change(tx, "Tenant joins a MultiTenantOrg", from, "")?;
                    changes::carry_out(tx, state, &Consequences::default()).map(Answer::Accepted)
                })?;
                reply(&answer)
            }
            REQUEST => {
                let body: RequestBody = read(body)?;
                let answer = at_seat(tx, body.shared_id, |tx, mut state| {
                    match changes::apply(&mut state, from, &body.request, tx.now()) {
                        Ok(consequences) => {
                            changes::carry_out(tx, state, &consequences).map(Answer::Accepted)
                        }
                        Err(error) if error.is_transient() => Err(error),
                        Err(error) => Ok(Answer::Declined(error.to_string())),
                    }
                })?;
                reply(&answer)
            }
            other => Err(Error::bad_request(format!("'{other}' isn't known here."))),
        }
    }

    fn settled(
        &self,
        tx: &mut Tx<'_>,
        to: TenantId,
        kind: &str,
        body: &str,
        receipt: &Receipt,
    ) -> Result<()> {
        match kind {
            JOIN => join::settled(tx, to, &read(body)?, receipt),
            REQUEST => settled_request(tx, &read(body)?, receipt),
            _ => Ok(()),
        }
    }
}

fn reply(answer: &Answer) -> Result<Received> {
    Ok(Received::Done {
        reply: serde_json::to_string(answer).map_err(Error::internal)?,
    })
}

/// Runs `change` if this tenant is the organization's seat; else says who is.
fn at_seat(
    tx: &mut Tx<'_>,
    shared_id: Uuid,
    change: impl FnOnce(&mut Tx<'_>, Snapshot) -> Result<Answer>,
) -> Result<Answer> {
    match replica::snapshot(tx)? {
        Some(state) if state.shared_id == shared_id && state.seat == tx.tenant() => {
            change(tx, state)
        }
        Some(state) if state.shared_id == shared_id => Ok(Answer::Moved(state.seat)),
        _ => Ok(match join::remembered_seat(tx, shared_id)? {
            Some(seat) => Answer::Moved(seat),
            None => {
                Answer::Declined("The multi-tenant organization doesn't exist any more.".into())
            }
        }),
    }
}

fn receive_invite(tx: &mut Tx<'_>, from: TenantId, body: &InviteBody) -> Result<Received> {
    if body.organization_name.chars().count() > 256 || body.members.len() > 10_000 {
        return Err(Error::bad_request("The invitation is too large."));
    }
    if replica::get(tx)?.is_some_and(|organization| organization.shared_id == body.shared_id) {
        return done();
    }
    if join::invitations(tx)?.len() >= INVITATIONS_MAX {
        return Err(Error::bad_request(
            "Too many invitations wait at this tenant already.",
        ));
    }
    join::keep_invitation(tx, from, body)?;
    done()
}

fn receive_state(tx: &mut Tx<'_>, from: TenantId, new: &Snapshot) -> Result<Received> {
    match replica::snapshot(tx)? {
        Some(old) if old.shared_id == new.shared_id => {
            if new.version <= old.version {
                return done();
            }
            if from != old.seat {
                if !old.is_active(from) {
                    return Err(Error::bad_request(
                        "The sender isn't the organization's seat.",
                    ));
                }
                // The old seat's word of who follows it is still on its way.
                return Err(Error::unavailable(
                    "The sender isn't known as the seat yet.",
                    1,
                ));
            }
            replica::install(tx, new)?;
            if new.seat == tx.tenant() && old.seat != new.seat {
                // Those who are pending have to ask here from now on.
                let pending: Vec<TenantId> = new
                    .members
                    .iter()
                    .filter(|member| !new.is_active(member.tenant_id))
                    .map(|member| member.tenant_id)
                    .collect();
                for tenant in pending {
                    changes::invite(tx, new, tenant)?;
                }
            }
        }
        Some(_) => {}
        None => join::joined_by_state(tx, from, new)?,
    }
    done()
}

fn receive_removed(tx: &mut Tx<'_>, from: TenantId, body: &OrganizationBody) -> Result<Received> {
    if let Some(state) = replica::snapshot(tx)?
        && state.shared_id == body.shared_id
    {
        if state.seat != from && !state.is_active(from) {
            return Err(Error::bad_request(
                "The sender isn't the organization's seat.",
            ));
        }
        if state.seat != from {
            return Err(Error::unavailable(
                "The sender isn't known as the seat yet.",
                1,
            ));
        }
        replica::end(tx)?;
        let tenant = tx.tenant();
        changes::audit_change(tx, "Delete a MultiTenantOrg tenant", tenant, "")?;
    }
    done()
}

fn settled_request(tx: &mut Tx<'_>, body: &RequestBody, receipt: &Receipt) -> Result<()> {
    let Some(state) = replica::snapshot(tx)?.filter(|state| state.shared_id == body.shared_id)
    else {
        return Ok(());
    };
    match receipt {
        Receipt::Applied { reply } => match read::<Answer>(reply)? {
            Answer::Accepted(new) if new.version > state.version => replica::install(tx, &new),
            Answer::Accepted(_) => Ok(()),
            Answer::Moved(seat) => border::outbox::post(tx, seat, REQUEST, body).map(drop),
            Answer::Declined(reason) => declined(tx, &reason),
        },
        // Had it been applied, the state that came of it is on its way or here.
        Receipt::Duplicate { .. } | Receipt::Gap { .. } => Ok(()),
        Receipt::Refused { trace } => {
            let reason = trace
                .refusal()
                .map_or("refused", |step| step.reason.as_str())
                .to_owned();
            declined(tx, &reason)
        }
        Receipt::Rejected { reason } => declined(tx, reason),
    }
}

fn declined(tx: &mut Tx<'_>, reason: &str) -> Result<()> {
    audit::record(
        tx,
        audit::Entry::failure("MultiTenantOrg", "Change a MultiTenantOrg", reason),
    )
    .map(drop)
}
