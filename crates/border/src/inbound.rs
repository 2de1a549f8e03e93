//! The receiving side: order, exactly-once effect, and the receiver's own say.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx, params};
use types::trace::Trace;
use types::{Error, Result, TenantId};

use crate::{CONTROL, Envelope, Receipt};

/// What a handler made of an envelope.
#[derive(Debug)]
pub enum Received {
    /// It took effect.
    Done {
        /// JSON for the sender.
        reply: String,
    },
    /// The receiver's policy refused it.
    Refused(Trace),
}

/// A domain module's ends of the border: what it receives, and what it learns of what it sent.
pub trait Handler: Send + Sync {
    /// Applies an envelope, after asking the receiver's policy in the same transaction.
    ///
    /// A transient error leaves the envelope undelivered, to come again. Any other error rejects
    /// it for good: the stream goes on, nothing of this envelope remains.
    fn receive(&self, tx: &mut Tx<'_>, from: TenantId, kind: &str, body: &str) -> Result<Received> {
        let _ = (tx, from, body);
        Err(Error::bad_request(format!("'{kind}' isn't known here.")))
    }

    /// Answers a query from a snapshot, after asking the receiver's policy.
    fn answer(&self, tx: &ReadTx<'_>, from: TenantId, kind: &str, body: &str) -> Result<String> {
        let _ = (tx, from, body);
        Err(Error::bad_request(format!("'{kind}' isn't a query.")))
    }

    /// Learns, in the sender's island, what became of a message from its outbox.
    fn settled(
        &self,
        tx: &mut Tx<'_>,
        to: TenantId,
        kind: &str,
        body: &str,
        receipt: &Receipt,
    ) -> Result<()> {
        let _ = (tx, to, kind, body, receipt);
        Ok(())
    }
}

/// The handlers of a deployment, by the first part of the kind (`organization` of
/// `organization.invite`).
#[derive(Clone, Default)]
pub struct Handlers(Arc<BTreeMap<&'static str, Arc<dyn Handler>>>);

impl Handlers {
    /// Handlers by area.
    pub fn new(handlers: impl IntoIterator<Item = (&'static str, Arc<dyn Handler>)>) -> Self {
        Self(Arc::new(handlers.into_iter().collect()))
    }
    /// The handler of a kind.
    pub fn of(&self, kind: &str) -> Result<&Arc<dyn Handler>> {
        let area = kind.split('.').next().unwrap_or_default();
        self.0
            .get(area)
            .ok_or_else(|| Error::bad_request(format!("Nothing here handles '{kind}'.")))
    }
}

/// The last applied `seq` of an incoming stream.
pub fn position(tx: &ReadTx<'_>, from: TenantId, stream: &str) -> Result<u64> {
    Ok(tx
        .query_one(
            "SELECT seq FROM inbound_streams \
             WHERE tenant_id = ?1 AND from_tenant_id = ?2 AND stream = ?3",
            params![&tx.tenant(), &from, stream],
            |row| row.count(0),
        )?
        .unwrap_or(0))
}

/// What the last envelope of the control stream was answered with.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Which envelope: a sender that was restored from a backup numbers another one the same.
    digest: u64,
    receipt: Receipt,
}

/// FNV-1a over what an envelope says.
fn digest(envelope: &Envelope) -> u64 {
    let said = envelope
        .kind
        .bytes()
        .chain([0])
        .chain(envelope.body.bytes());
    said.fold(0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The receipt of this envelope, if it was the last one of the control stream: for a sender whom it
/// didn't reach.
fn kept_receipt(tx: &ReadTx<'_>, envelope: &Envelope) -> Result<Option<Receipt>> {
    let kept = tx.query_one(
        "SELECT receipt FROM inbound_streams \
         WHERE tenant_id = ?1 AND from_tenant_id = ?2 AND stream = ?3 AND seq = ?4",
        params![&tx.tenant(), &envelope.from, CONTROL, envelope.seq],
        |row| row.opt_string(0),
    )?;
    let Some(kept) = kept.flatten() else {
        return Ok(None);
    };
    let kept: Kept = serde_json::from_str(&kept).map_err(Error::internal)?;
    Ok((kept.digest == digest(envelope)).then_some(kept.receipt))
}

/// Receives an envelope in the receiver's transaction.
pub fn receive(tx: &mut Tx<'_>, handlers: &Handlers, envelope: &Envelope) -> Result<Receipt> {
    if envelope.to != tx.tenant() || envelope.from == envelope.to {
        return Err(Error::bad_request("The envelope isn't for this tenant."));
    }
    let is_control = envelope.stream == CONTROL;
    let last = position(tx, envelope.from, &envelope.stream)?;
    if envelope.seq <= last {
        let kept = if is_control {
            kept_receipt(tx, envelope)?
        } else {
            None
        };
        return Ok(kept.unwrap_or(Receipt::Duplicate { last }));
    }
    if envelope.seq > last + 1 {
        return Ok(Receipt::Gap { last });
    }
    let handled = handlers.of(&envelope.kind).cloned().and_then(|handler| {
        tx.attempt(|tx| handler.receive(tx, envelope.from, &envelope.kind, &envelope.body))
    });
    let receipt = match handled {
        Ok(Received::Done { reply }) => Receipt::Applied { reply },
        Ok(Received::Refused(trace)) => Receipt::Refused { trace },
        Err(error) if error.is_transient() => return Err(error),
        Err(error) => Receipt::Rejected {
            reason: error.to_string(),
        },
    };
    let tenant = tx.tenant();
    let kept = Kept {
        digest: digest(envelope),
        receipt,
    };
    let text = if is_control {
        Some(serde_json::to_string(&kept).map_err(Error::internal)?)
    } else {
        None
    };
    tx.bookkeeping().execute(
        "INSERT INTO inbound_streams (tenant_id, from_tenant_id, stream, seq, receipt) \
         VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (tenant_id, from_tenant_id, stream) DO UPDATE SET seq = excluded.seq, \
         receipt = excluded.receipt",
        params![
            &tenant,
            &envelope.from,
            envelope.stream.as_str(),
            envelope.seq,
            text.as_deref()
        ],
    )?;
    Ok(kept.receipt)
}
