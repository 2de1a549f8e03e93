//! A pair's place in the stream of its target: sending, asking again, finding out where the two stand
//! after a crash.

use std::time::Duration;

use border::{Envelope, Receipt};
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;
use types::trace::Trace;
use types::{Actor, Error, Result};

use super::{Answered, Outgoing, Runner, Step};
use crate::adoption::{self, adopt};
use crate::groups::{self, Work};
use crate::pair::{self, Phase, Stage};
use crate::wire::{Item, Outbound, Reply, STREAM, USERS};

/// Batches of at least this many users count against the deployment's large ones.
const LARGE_BATCH: usize = 64;
/// Numbers that a life has hardly ever used more of when it is cut off before they are written down.
const UNSETTLED_MAX: u64 = 3;
/// How long a pair that starts waits for its target before another one gets its turn.
const TURN_MAX: Duration = Duration::from_secs(1);

impl<'e> Runner<'e> {
    fn envelope(&self, items: &[&Item], work: &Work) -> Result<Envelope> {
        let (groups, members) = work.sent();
        let outbound = Outbound {
            items,
            configured: self.configured,
            groups: &groups,
            members: &members,
        };
        Ok(Envelope {
            from: self.island.tenant(),
            to: self.target,
            stream: STREAM.into(),
            seq: self.seq + 1,
            kind: USERS.into(),
            body: serde_json::to_string(&outbound).map_err(Error::internal)?,
            fence: self.island.fence(),
        })
    }

    /// Takes the next place in the target's stream.
    pub(super) async fn make_sure(&mut self) -> Result<Step<'e>> {
        let envelope = self.envelope(&[], &Work::default())?;
        let delivered = self.engine.transport().deliver(envelope);
        let mut delivered = std::pin::pin!(delivered);
        let receipt = if let Ok(receipt) = timeout(TURN_MAX, &mut delivered).await {
            receipt?
        } else {
            // Others don't wait for a target that is slow to answer.
            self.turn = None;
            delivered.await?
        };
        self.sure = matches!(receipt, Receipt::Applied { .. } | Receipt::Refused { .. });
        Ok(match receipt {
            Receipt::Applied { .. } => {
                self.seq += 1;
                self.keep_stand(None).await?;
                Step::Again
            }
            Receipt::Refused { trace } => Step::Refused(trace, true),
            Receipt::Rejected { reason } => Step::Rejected(reason),
            Receipt::Duplicate { last } | Receipt::Gap { last } => Step::Doubt(last),
        })
    }

    /// Notes that the links may be wrong. A target that is a little ahead has got batches of a life
    /// that was cut off, whose users lie behind the position. Otherwise one of the two was restored
    /// from a backup, and everybody has to be looked at.
    pub(super) async fn doubt(&mut self, last: u64) -> Result<()> {
        tracing::info!(
            from = %self.island.tenant(), to = %self.target, last, used = self.seq,
            "the target stands elsewhere: its users are listed"
        );
        let from_the_start = last < self.seq || last > self.seq + UNSETTLED_MAX;
        let target = self.target;
        let pair = self
            .island
            .write(Actor::System, move |tx| {
                pair::doubt(tx, target, last, from_the_start)?;
                pair::ensure(tx, target)
            })
            .await?;
        self.engine.publish(self.island.tenant(), self.target, None);
        self.seq = last;
        self.sure = false;
        self.knows = false;
        self.position = pair.position.clone();
        self.kept = pair.position;
        Ok(())
    }

    /// Brings the links in line with what the target has.
    pub(super) async fn adopt(&mut self) -> Result<Step<'e>> {
        // As long as the target has users to list; others that start don't wait for it.
        self.turn = None;
        let (from, target) = (self.island.tenant(), self.target);
        let configured = self.configured;
        let mut after = None;
        let mut knows_some = false;
        loop {
            let question = serde_json::to_string(&adoption::Question { after, configured })
                .map_err(Error::internal)?;
            let answer = self
                .engine
                .transport()
                .ask(from, target, adoption::QUERY, question)
                .await?;
            let users = match serde_json::from_str(&answer).map_err(Error::internal)? {
                adoption::Answer::Known { users } => users,
                adoption::Answer::Refused { trace } => return Ok(Step::Refused(trace, false)),
            };
            if after.is_none() {
                self.adopt_groups().await?;
            }
            knows_some |= !users.is_empty();
            let recounts = knows_some;
            let (more, position) = self
                .island
                .write(Actor::System, move |tx| {
                    let more = adopt(tx, target, after, &users)?;
                    if more.is_some() {
                        return Ok((more, None));
                    }
                    pair::set_stage(tx, target, Stage::Running)?;
                    if recounts {
                        pair::recount(tx, target)?;
                    }
                    Ok((None, pair::get(tx, target)?.map(|pair| pair.position)))
                })
                .await?;
            after = more;
            if after.is_none() {
                self.knows = true;
                if let Some(position) = position.filter(|_| knows_some) {
                    if self.position.phase != Phase::Follow {
                        self.position.clone_from(&position);
                    }
                    self.kept = position;
                }
                return Ok(Step::Again);
            }
        }
    }

    pub(super) async fn place(&mut self) -> Result<SemaphorePermit<'e>> {
        self.turn = None;
        self.engine.large().acquire().await.map_err(Error::internal)
    }

    pub(super) async fn send(
        &mut self,
        batch: Outgoing,
        place: Option<SemaphorePermit<'e>>,
    ) -> Result<Step<'e>> {
        let items: Vec<&Item> = batch
            .planned
            .iter()
            .filter_map(|planned| planned.item.as_ref())
            .collect();
        let (groups, members) = batch.work.sent();
        if items.is_empty() && groups.is_empty() && members.is_empty() {
            self.position.clone_from(&batch.position);
            let reply = Reply::default();
            return Ok(Step::Sent(Answered {
                seq: self.seq,
                batch,
                reply,
                place,
            }));
        }
        let place = match place {
            None if items.len() + batch.work.weight() >= LARGE_BATCH => Some(self.place().await?),
            place => place,
        };
        let envelope = self.envelope(&items, &batch.work)?;
        let (receipt, ahead) = tokio::join!(
            self.engine.transport().deliver(envelope),
            self.plan_ahead(&batch.position)
        );
        Ok(match receipt {
            Ok(Receipt::Applied { reply }) => {
                self.ahead = ahead;
                self.seq += 1;
                self.position.clone_from(&batch.position);
                Step::Sent(Answered {
                    seq: self.seq,
                    reply: serde_json::from_str(&reply).map_err(Error::internal)?,
                    batch,
                    place,
                })
            }
            Ok(Receipt::Refused { trace }) => Step::Refused(trace, true),
            Ok(Receipt::Rejected { reason }) => Step::Rejected(reason),
            Ok(Receipt::Duplicate { last } | Receipt::Gap { last }) => Step::Doubt(last),
            Err(error) => {
                self.unanswered = Some(batch);
                Step::Unanswered(error)
            }
        })
    }

    /// Sends a batch whose answer was lost once more, under another number: items carry state, so
    /// that does no harm if the target has it already, and it brings the answer. An empty batch goes
    /// before it and takes the number of the lost one, unless that has arrived.
    pub(super) async fn send_again(&mut self) -> Result<Step<'e>> {
        let envelope = self.envelope(&[], &Work::default())?;
        let step = match self.engine.transport().deliver(envelope).await {
            Ok(Receipt::Duplicate { last }) if last == self.seq + 1 => {
                self.seq = last;
                None
            }
            Ok(Receipt::Applied { .. }) => {
                self.seq += 1;
                None
            }
            Ok(Receipt::Duplicate { last } | Receipt::Gap { last }) => {
                self.unanswered = None;
                Some(Step::Doubt(last))
            }
            Ok(Receipt::Refused { trace }) => Some(Step::Refused(trace, true)),
            Ok(Receipt::Rejected { reason }) => Some(Step::Rejected(reason)),
            Err(error) => Some(Step::Unanswered(error)),
        };
        match (step, self.unanswered.take()) {
            (None, Some(batch)) => self.send(batch, None).await,
            (None, None) => Ok(Step::Again),
            (Some(step), batch) => {
                self.unanswered = batch;
                Ok(step)
            }
        }
    }

    /// Asks the target whether it still refuses.
    pub(super) async fn probe(&mut self) -> Result<Step<'e>> {
        let question = serde_json::to_string(&crate::explain::Question {
            user_id: None,
            configured: self.configured,
        })
        .map_err(Error::internal)?;
        let (from, transport) = (self.island.tenant(), self.engine.transport());
        let answer = transport
            .ask(from, self.target, crate::explain::QUERY, question)
            .await?;
        let trace: Trace = serde_json::from_str(&answer).map_err(Error::internal)?;
        if trace.allowed {
            self.set_blocked(None).await?;
            self.retry.reset();
            Ok(Step::Again)
        } else {
            Ok(Step::Refused(trace, false))
        }
    }

    /// The same for groups.
    async fn adopt_groups(&mut self) -> Result<()> {
        let (from, target) = (self.island.tenant(), self.target);
        let mut after = None;
        loop {
            let configured = self.configured;
            let question = groups::adoption::Question { after, configured };
            let question = serde_json::to_string(&question).map_err(Error::internal)?;
            let transport = self.engine.transport();
            let answer = transport
                .ask(from, target, groups::adoption::QUERY, question)
                .await?;
            let known: Vec<groups::adoption::Known> =
                serde_json::from_str(&answer).map_err(Error::internal)?;
            after = self
                .island
                .write(Actor::System, move |tx| {
                    groups::adoption::adopt(tx, target, after, &known)
                })
                .await?;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
