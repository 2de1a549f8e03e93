//! What the others are told: the report, when a departure begins and when it is over. Who hasn't
//! been told of the begin, while both were in the organization, believes nothing of its end.

use border::{Handler, Received};
use store::Tx;
use types::{Error, Result, TenantId};

use crate::model::{Departure, Report};
use crate::records;

pub(crate) const BEGIN: &str = "departures.begin";
pub(crate) const END: &str = "departures.end";

/// Tells each of the others.
pub(crate) fn tell(tx: &mut Tx<'_>, departure: &Departure, kind: &str) -> Result<()> {
    for side in &departure.sides {
        border::outbox::post(tx, side.tenant_id, kind, &departure.report(side))?;
    }
    Ok(())
}

/// The end of the border.
#[derive(Debug, Clone, Copy, Default)]
pub struct Messages;

impl Handler for Messages {
    fn receive(&self, tx: &mut Tx<'_>, from: TenantId, kind: &str, body: &str) -> Result<Received> {
        if ![BEGIN, END].contains(&kind) {
            return Err(Error::bad_request(format!("'{kind}' isn't known here.")));
        }
        let report: Report = serde_json::from_str(body)
            .map_err(|error| Error::bad_request(format!("Bad report: {error}")))?;
        if report.by != from || report.state.len() > 32 {
            return Err(Error::bad_request("The report isn't the sender's."));
        }
        let is_first = kind == BEGIN && organization::is_active_with(tx, from)?;
        if records::keep(tx, from, &report, is_first)? {
            let activity = if kind == BEGIN {
                "Receive the begin of a departure"
            } else {
                "Receive the report of a departure"
            };
            let target = audit::Target::new(report.tenant, "", "Tenant");
            let entry = audit::Entry::success("MultiTenantOrg", activity).target(target);
            audit::record(tx, entry)?;
        }
        Ok(Received::Done {
            reply: "null".into(),
        })
    }
}
