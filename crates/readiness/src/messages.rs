//! What crosses the border.
//!
//! | kind | from → to | body |
//! |---|---|---|
//! | `readiness.posture` (a query) | member → member | [`posture::Question`] |
//! | `readiness.request` | who asks → who is asked | [`RequestBody`] |
//! | `readiness.decision` | who was asked → who asks | [`DecisionBody`] |

use border::{Handler, Receipt, Received};
use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx};
use types::trace::Trace;
use types::{Error, Result, TenantId};
use uuid::Uuid;

use crate::change::Change;
use crate::matrix::Action;
use crate::{posture, requests};

pub(crate) const REQUEST: &str = "readiness.request";
pub(crate) const DECISION: &str = "readiness.decision";

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RequestBody {
    pub(crate) id: Uuid,
    pub(crate) from: TenantId,
    pub(crate) to: TenantId,
    pub(crate) action: Action,
    pub(crate) changes: Vec<Change>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DecisionBody {
    pub(crate) id: Uuid,
    pub(crate) accepted: bool,
    pub(crate) reason: Option<String>,
}

/// Readiness' end of the border.
#[derive(Debug, Clone, Copy, Default)]
pub struct Messages;

fn read<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T> {
    serde_json::from_str(body).map_err(|error| Error::bad_request(format!("Bad message: {error}")))
}

impl Handler for Messages {
    fn receive(&self, tx: &mut Tx<'_>, from: TenantId, kind: &str, body: &str) -> Result<Received> {
        match kind {
            REQUEST => {
                let membership = sync::plan::membership(tx, from)?;
                if !membership.allowed {
                    let mut trace = Trace::new();
                    trace.step(membership);
                    return Ok(Received::Refused(trace));
                }
                requests::receive(tx, from, read(body)?)?;
            }
            DECISION => requests::decided(tx, from, read(body)?)?,
            other => return Err(Error::bad_request(format!("'{other}' isn't known here."))),
        }
        Ok(Received::Done {
            reply: "null".into(),
        })
    }

    fn answer(&self, tx: &ReadTx<'_>, from: TenantId, kind: &str, body: &str) -> Result<String> {
        if kind != posture::QUERY {
            return Err(Error::bad_request(format!("'{kind}' isn't a query.")));
        }
        let answer = posture::tell(tx, Some(from), read(body)?)?;
        serde_json::to_string(&answer).map_err(Error::internal)
    }

    fn settled(
        &self,
        tx: &mut Tx<'_>,
        _: TenantId,
        kind: &str,
        body: &str,
        receipt: &Receipt,
    ) -> Result<()> {
        let reason = match receipt {
            Receipt::Refused { trace } => trace
                .refusal()
                .map_or_else(|| "Refused.".into(), |step| step.reason.clone()),
            Receipt::Rejected { reason } => reason.clone(),
            _ => return Ok(()),
        };
        if kind == REQUEST {
            let body: RequestBody = read(body)?;
            return requests::failed(tx, body.id, reason);
        }
        Ok(())
    }
}
