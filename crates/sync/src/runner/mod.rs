//! One pair at work: plans, sends, settles.
//!
//! All decisions are made in [`plan`] and by the receiver; this is the driver. During a scan it
//! overlaps the settling of one batch in the source with the sending of the next and the planning of
//! the one after that, so that both islands' writers and a reader are busy.
//!
//! - Nothing is said to be reached before it is settled: positions are written down and shown only
//!   behind the batches before them.
//! - Before the first batch of a life the pair makes sure where it stands: an empty batch takes its
//!   place in the target's stream, behind whatever an earlier life may still have on its way. If
//!   the target has seen more, or less, than was settled, the links are brought in line with the
//!   target ([`crate::adoption`]).
//! - A batch whose answer is lost is sent again as it was, until there is an answer.

mod stream;

use std::time::Duration;

use store::Island;
use tokio::sync::{Mutex, SemaphorePermit};
use tokio::time::Instant;
use types::trace::Trace;
use types::{Actor, Error, Result, TenantId, Timestamp};

use crate::concern::Concerns;
use crate::engine::{Begun, Engine, Heads, Retry, WAIT_MAX};
use crate::groups::Work;
use crate::jobs::{self, Done};
use crate::pair::{self, Phase, Position, Stage};
use crate::plan::{self, Next, Planned};
use crate::settle;
use crate::wire::Reply;

/// A position that moved by this much without anything to send is written down.
const POSITION_KEPT_EVERY: u64 = 1_024;
/// Large batches that may be under way beside one that is planned ahead, for pairs that have none yet.
const PLACES_KEPT: usize = 4;

/// A batch, and where the pair stands once it is settled.
#[derive(Clone)]
struct Outgoing {
    planned: Vec<Planned>,
    work: Work,
    position: Position,
}

/// What was planned behind a batch while that was on its way.
struct Ahead<'e> {
    /// Where it goes on from.
    from: Position,
    next: Next,
    place: SemaphorePermit<'e>,
}

/// A batch that was answered and waits to be settled.
struct Answered<'e> {
    seq: u64,
    batch: Outgoing,
    reply: Reply,
    /// The place that a large batch takes until it is settled.
    place: Option<SemaphorePermit<'e>>,
}

/// What came of a step. A step itself writes nothing in the source while a batch is being settled
/// beside it; what it found out is written down behind that.
enum Step<'e> {
    Sent(Answered<'e>),
    Again,
    /// Nothing to send up to here; wait so long, if at all.
    Reached(Position, Option<Duration>),
    /// This side holds the pair up.
    Held(Option<Trace>),
    /// The target said no; `true` if it took the number of an envelope with it.
    Refused(Trace, bool),
    /// The target couldn't make sense of a batch.
    Rejected(String),
    /// The target has seen another number than the last one that was used: this one.
    Doubt(u64),
    /// There is no answer; try again later.
    Unanswered(Error),
    Over,
}

pub(crate) struct Runner<'e> {
    engine: &'e Engine,
    retry: &'e mut Retry,
    island: Island,
    target: TenantId,
    heads: Heads,
    /// The last number of the stream that was used.
    seq: u64,
    /// Up to where plans were made.
    position: Position,
    /// Up to where it is written down.
    kept: Position,
    /// Whether this life knows where its stream stands.
    sure: bool,
    /// Whether the links say what the target has.
    knows: bool,
    /// Whether a job governs the pair, as of the last look.
    configured: bool,
    blocked: Option<Trace>,
    unanswered: Option<Outgoing>,
    ahead: Option<Ahead<'e>>,
    /// Up to where other servers were told that all is settled.
    told: Option<Position>,
    /// Its turn among the pairs that start.
    turn: Option<SemaphorePermit<'e>>,
    is_over: bool,
}

impl Drop for Runner<'_> {
    fn drop(&mut self) {
        self.engine.publish(self.island.tenant(), self.target, None);
    }
}

impl<'e> Runner<'e> {
    /// Holds its turn among the starts until it has sent something or waits for something.
    pub(crate) fn new(
        engine: &'e Engine,
        island: &Island,
        begun: Begun,
        heads: Heads,
        retry: &'e mut Retry,
        turn: SemaphorePermit<'e>,
    ) -> Self {
        let Begun { pair, configured } = begun;
        Self {
            configured,
            engine,
            retry,
            target: pair.target,
            heads,
            island: island.clone(),
            seq: pair.stream_seq,
            kept: pair.position.clone(),
            position: pair.position,
            sure: false,
            knows: pair.stage == Stage::Running,
            blocked: pair.blocked,
            unanswered: None,
            ahead: None,
            told: None,
            turn: Some(turn),
            is_over: false,
        }
    }

    /// Works until the two tenants have parted.
    pub(crate) async fn run(&mut self, concerns: &Mutex<Concerns>) -> Result<()> {
        let mut answered: Option<Answered<'e>> = None;
        loop {
            self.heads.see();
            // While a scan goes on, the batch before is settled as the next is planned and sent:
            // they have no user in common. Otherwise the plan has to see what was settled.
            let overlapping = answered
                .as_ref()
                .is_some_and(|answered| answered.batch.position.phase == Phase::Scan);
            let (island, target) = (self.island.clone(), self.target);
            let settled = answered
                .as_ref()
                .map(|answered| answered.batch.position.clone());
            let settling = settle_answered(&island, target, answered.take());
            let step = if overlapping {
                let (settled, step) = tokio::join!(settling, self.step(true));
                settled?;
                step
            } else {
                settling.await?;
                Ok(Step::Again)
            };
            if let Some(position) = settled {
                self.show(&position);
                self.kept = position;
            }
            let step = if overlapping {
                step?
            } else {
                self.step(false).await?
            };
            answered = self.follow(step, concerns).await?;
            if self.is_over {
                return Ok(());
            }
        }
    }

    /// Does what a step asks for.
    async fn follow(
        &mut self,
        step: Step<'e>,
        concerns: &Mutex<Concerns>,
    ) -> Result<Option<Answered<'e>>> {
        if !matches!(step, Step::Again) {
            self.turn = None;
        }
        match step {
            Step::Sent(answered) => {
                self.retry.reset();
                return Ok(Some(answered));
            }
            Step::Again => {}
            Step::Over => self.is_over = true,
            Step::Reached(position, wait) => {
                self.reach(position, wait.is_some()).await?;
                if let Some(at_most) = wait {
                    self.wait_for_concern(at_most, concerns).await?;
                }
            }
            Step::Held(trace) => {
                if trace.is_some() {
                    self.set_blocked(trace).await?;
                }
                self.heads.wait_for_source(WAIT_MAX).await;
            }
            Step::Refused(trace, counted) => {
                // A job may have taken the pair since, or let it go.
                let target = self.target;
                self.configured = (self.island)
                    .read(move |tx| jobs::governs(tx, target))
                    .await?;
                if counted {
                    self.seq += 1;
                    self.keep_stand(Some(trace)).await?;
                } else {
                    self.set_blocked(Some(trace)).await?;
                }
                let at_most = self.retry.next();
                self.heads.wait_for_either(at_most).await;
            }
            Step::Rejected(reason) => {
                tracing::error!(from = %self.island.tenant(), to = %self.target, reason, "a batch was rejected");
                self.seq += 1;
                self.keep_stand(self.blocked.clone()).await?;
                let at_most = self.retry.next();
                self.heads.wait_for_either(at_most).await;
            }
            Step::Doubt(last) => self.doubt(last).await?,
            Step::Unanswered(error) => {
                tracing::warn!(
                    from = %self.island.tenant(), to = %self.target, %error,
                    "a batch has no answer yet"
                );
                let at_most = self.retry.next();
                self.heads.rest(at_most).await;
            }
        }
        Ok(None)
    }

    /// Waits until there may be something to do, and moves on meanwhile behind what concerns others.
    async fn wait_for_concern(
        &mut self,
        at_most: Duration,
        concerns: &Mutex<Concerns>,
    ) -> Result<()> {
        let until = Instant::now() + at_most;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Some(head) = self.heads.wait_for_source(left).await else {
                return Ok(());
            };
            let seq = self.position.feed_seq;
            let mut concerns = concerns.lock().await;
            let nothing = concerns.nothing_behind(&self.island, self.target, seq, head);
            let Some(through) = nothing.await? else {
                return Ok(());
            };
            drop(concerns);
            let position = Position {
                feed_seq: through,
                ..self.position.clone()
            };
            self.reach(position, true).await?;
        }
    }

    async fn step(&mut self, overlapping: bool) -> Result<Step<'e>> {
        let (target, position) = (self.target, self.position.clone());
        let ahead = self.ahead.take();
        if self.blocked.is_some() || self.unanswered.is_some() {
            // Nothing new is planned before the target takes something again.
            let before = self
                .island
                .read(move |tx| plan::before(tx, target, &position))
                .await?;
            return match before {
                Some(next) => Ok(Self::without_target(next)),
                None if self.blocked.is_some() => self.probe().await,
                None => self.send_again().await,
            };
        }
        let ahead = ahead.filter(|ahead| overlapping && ahead.from == position);
        let (next, now, place) = if let Some((next, now, place)) = self.still_free(ahead).await? {
            (next, now, Some(place))
        } else {
            // Planned batches take memory, so a pair that goes through all users waits for its turn
            // before it plans.
            let place = if position.phase == Phase::Follow {
                None
            } else {
                Some(self.place().await?)
            };
            let next = self.island.read(move |tx| {
                let next = plan::next(tx, target, &position, !overlapping)?;
                Ok((next, tx.now()))
            });
            let (next, now) = next.await?;
            (next, now, place)
        };
        let goes_on = next.position().is_none_or(|next| {
            next.scope_key == self.position.scope_key && next.feed_seq == self.position.feed_seq
        });
        if overlapping && !goes_on {
            // The scan starts anew: not before everything is settled.
            return Ok(Step::Again);
        }
        if let Next::Moved(position) | Next::Idle { position, .. } | Next::Send { position, .. } =
            &next
            && let Some(step) = self.not_ready(position).await?
        {
            return Ok(step);
        }
        match next {
            Next::Moved(position) => Ok(Step::Reached(position, None)),
            Next::Idle { position, wake_at } => {
                Ok(Step::Reached(position, Some(until(now, wake_at))))
            }
            Next::Send {
                items,
                work,
                position,
            } => {
                let batch = Outgoing {
                    planned: items,
                    work,
                    position,
                };
                self.send(batch, place).await
            }
            other => Ok(Self::without_target(other)),
        }
    }

    /// What was planned ahead, unless the pair has been held up or has got another scope since.
    async fn still_free(
        &self,
        ahead: Option<Ahead<'e>>,
    ) -> Result<Option<(Next, Timestamp, SemaphorePermit<'e>)>> {
        let Some(Ahead { from, next, place }) = ahead else {
            return Ok(None);
        };
        let target = self.target;
        let (held, now) = self
            .island
            .read(move |tx| Ok((plan::before(tx, target, &from)?, tx.now())))
            .await?;
        Ok(held.is_none().then_some((next, now, place)))
    }

    /// Plans what comes behind a batch that is on its way, if there is memory to spare. Only during
    /// a scan, whose batches have no user in common. What goes wrong is met again in its turn.
    async fn plan_ahead(&self, from: &Position) -> Option<Ahead<'e>> {
        if from.phase != Phase::Scan {
            return None;
        }
        let large = self.engine.large();
        if large.available_permits() < PLACES_KEPT {
            return None;
        }
        // Never waited for: this pair holds places itself, and others may wait for those.
        let place = large.try_acquire().ok()?;
        let (target, position) = (self.target, from.clone());
        let next = self
            .island
            .read(move |tx| plan::next(tx, target, &position, false))
            .await
            .ok()?;
        Some(Ahead {
            from: from.clone(),
            next,
            place,
        })
    }

    /// The step for what this side decides alone.
    fn without_target(next: Next) -> Step<'e> {
        match next {
            Next::Over => Step::Over,
            Next::Blocked(trace) => Step::Held(Some(trace)),
            Next::Counted(position) => Step::Reached(position, None),
            Next::Paused | Next::Moved(_) | Next::Idle { .. } | Next::Send { .. } => {
                Step::Held(None)
            }
        }
    }

    /// What has to be done before anything is sent, or said to be there.
    async fn not_ready(&mut self, position: &Position) -> Result<Option<Step<'e>>> {
        if self.seq == 0 && position.scope_key == "none" {
            // The target has never got anything from here and isn't about to.
            return Ok(None);
        }
        if !self.sure {
            return self.make_sure().await.map(Some);
        }
        if !self.knows {
            return self.adopt().await.map(Some);
        }
        Ok(None)
    }

    async fn set_blocked(&mut self, trace: Option<Trace>) -> Result<()> {
        if self.blocked != trace {
            self.keep_stand(trace).await?;
        }
        Ok(())
    }

    async fn keep_stand(&mut self, trace: Option<Trace>) -> Result<()> {
        self.blocked.clone_from(&trace);
        let (target, seq) = (self.target, self.seq);
        self.island
            .write(Actor::System, move |tx| {
                pair::keep_stand(tx, target, seq, trace.as_ref())
            })
            .await
    }

    fn show(&self, position: &Position) {
        self.engine
            .publish(self.island.tenant(), self.target, Some(position));
    }

    /// Moves on without anything to send; writes it down now and then.
    async fn reach(&mut self, position: Position, is_idle: bool) -> Result<()> {
        let near = position.phase == self.kept.phase
            && position.scope_key == self.kept.scope_key
            && position.feed_seq.saturating_sub(self.kept.feed_seq) < POSITION_KEPT_EVERY;
        // Other servers know of a position only what is written down.
        let told =
            !is_idle || self.told.as_ref() == Some(&position) || self.island.store().servers() == 1;
        if !near || !told {
            let (target, kept) = (self.target, position.clone());
            let epoch = self.island.fence().epoch();
            let is_scan_over = position.phase == Phase::Follow && self.kept.phase != Phase::Follow;
            self.island
                .write(Actor::System, move |tx| {
                    if is_scan_over {
                        jobs::note(tx, target, Done::default(), kept.phase)?;
                    }
                    pair::keep_position(tx, target, &kept)?;
                    if !told {
                        pair::keep_sure(tx, target, epoch)?;
                    }
                    Ok(())
                })
                .await?;
            self.kept.clone_from(&position);
            if !told {
                self.told = Some(position.clone());
            }
        }
        self.show(&position);
        self.position = position;
        Ok(())
    }
}

async fn settle_answered(
    island: &Island,
    target: TenantId,
    answered: Option<Answered<'_>>,
) -> Result<()> {
    let Some(Answered {
        seq,
        batch,
        reply,
        place,
    }) = answered
    else {
        return Ok(());
    };
    let settled = island
        .write(Actor::System, move |tx| {
            let planned = (batch.planned, batch.work);
            settle::settle(tx, target, seq, planned, reply, &batch.position)
        })
        .await;
    drop(place);
    settled
}

fn until(now: Timestamp, at: Option<Timestamp>) -> Duration {
    at.map_or(WAIT_MAX, |at| {
        Duration::from_micros(u64::try_from(at.0 - now.0).unwrap_or(0).max(1_000)).min(WAIT_MAX)
    })
}
