//! The border: the only way from one island to another.
//!
//! Two forms pass it. An **envelope** has an effect in the receiver: it is identified by (from,
//! stream, seq), delivered at least once and applied exactly once, in order, because the receiver
//! records the last `seq` in the transaction of the effect. A **query** is answered from the other
//! island's snapshot and has no effect. Both go through a [`Handler`] of the receiving side, which
//! asks the receiver's own policy in that same transaction; the sender has asked its own when it
//! made the envelope. What is refused comes back with the trace of the decision.
//!
//! There are two kinds of streams. The *control* stream carries messages that a command has put
//! into the sender's durable [`outbox`]; other streams (the sync stream) are made from the feed by
//! their owner, who numbers them and keeps their position. Messages of the control stream are sent
//! one after the other, so the receiver keeps the last receipt: whoever didn't get it sends the
//! message again and gets it then.
//!
//! The [`Transport`] carries envelopes: in one process directly, between deployments by signed
//! requests. The code on both ends is the same.

pub mod courier;
pub mod inbound;
pub mod outbox;
mod transport;

pub use courier::Courier;
pub use inbound::{Handler, Received};
pub use transport::{InProcess, Transport};

use serde::{Deserialize, Serialize};
use store::Fence;
use types::TenantId;
use types::trace::Trace;

/// The stream of messages from the outbox.
pub const CONTROL: &str = "control";

/// Something that crosses the border and has an effect there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The sender.
    pub from: TenantId,
    /// The receiver.
    pub to: TenantId,
    /// The ordered stream it belongs to.
    pub stream: String,
    /// Its place in the stream, from 1, without gaps.
    pub seq: u64,
    /// What it is: `organization.invite`, `sync.users` ….
    pub kind: String,
    /// JSON, in the form of its kind.
    pub body: String,
    /// The sender's right to do this work, within a deployment of several servers.
    #[serde(skip)]
    pub fence: Fence,
}

/// What became of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum Receipt {
    /// It was applied now, once.
    Applied {
        /// The handler's reply, JSON.
        reply: String,
    },
    /// It, or a later one, had been applied before; nothing was done, and its receipt isn't kept.
    Duplicate {
        /// The last applied `seq` of the stream.
        last: u64,
    },
    /// An earlier one is missing; nothing was done.
    Gap {
        /// The last applied `seq` of the stream.
        last: u64,
    },
    /// The receiver's policy says no; counted as applied, without effect.
    Refused {
        /// How it was decided.
        trace: Trace,
    },
    /// It makes no sense to the receiver; counted as applied, without effect.
    Rejected {
        /// Why, in a sentence.
        reason: String,
    },
}
