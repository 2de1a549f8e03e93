//! A network that fails as it is told to.

use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;
use border::{Envelope, InProcess, Receipt, Transport};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use types::{Error, Result, TenantId};

/// How often it fails, of 100.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    pub lost: u32,
    pub answer_lost: u32,
    pub twice: u32,
}

pub struct Net {
    inner: Mutex<Option<InProcess>>,
    state: Mutex<State>,
}

struct State {
    faults: Faults,
    rng: StdRng,
    away: BTreeSet<TenantId>,
    /// Envelopes of sync whose answers will be lost.
    answers_to_lose: usize,
}

impl Net {
    pub fn new() -> Self {
        Self {
            inner: Mutex::default(),
            state: Mutex::new(State {
                faults: Faults::default(),
                rng: StdRng::seed_from_u64(1),
                away: BTreeSet::new(),
                answers_to_lose: 0,
            }),
        }
    }
    pub fn connect(&self, inner: InProcess) {
        *self.inner.lock().unwrap() = Some(inner);
    }
    pub fn disconnect(&self) {
        *self.inner.lock().unwrap() = None;
    }
    pub fn set_faults(&self, faults: Faults, seed: u64) {
        let mut state = self.state.lock().unwrap();
        state.faults = faults;
        state.rng = StdRng::seed_from_u64(seed);
    }
    pub fn set_away(&self, tenant: TenantId, away: bool) {
        let mut state = self.state.lock().unwrap();
        if away {
            state.away.insert(tenant);
        } else {
            state.away.remove(&tenant);
        }
    }
    pub fn lose_answers(&self, count: usize) {
        self.state.lock().unwrap().answers_to_lose = count;
    }
    pub fn answers_to_lose(&self) -> usize {
        self.state.lock().unwrap().answers_to_lose
    }

    fn inner(&self) -> Result<InProcess> {
        self.inner.lock().unwrap().clone().ok_or_else(failed)
    }

    /// Whether something of this likelihood happens.
    fn happens(&self, of: impl Fn(&Faults) -> u32) -> bool {
        let mut state = self.state.lock().unwrap();
        let chance = of(&state.faults);
        chance > 0 && state.rng.random_range(0..100) < chance
    }

    fn reach(&self, from: TenantId, to: TenantId) -> Result<()> {
        let away = &self.state.lock().unwrap().away;
        if away.contains(&from) || away.contains(&to) {
            return Err(failed());
        }
        Ok(())
    }

    fn loses_this_answer(&self, envelope: &Envelope) -> bool {
        let mut state = self.state.lock().unwrap();
        let loses = state.answers_to_lose > 0 && !envelope.body.contains("\"items\":[]");
        let is_sync = envelope.stream != border::CONTROL;
        if loses && is_sync {
            state.answers_to_lose -= 1;
        }
        loses && is_sync
    }
}

fn failed() -> Error {
    Error::unavailable("The network failed.", 1)
}

#[async_trait]
impl Transport for Net {
    async fn deliver(&self, envelope: Envelope) -> Result<Receipt> {
        let inner = self.inner()?;
        self.reach(envelope.from, envelope.to)?;
        if self.happens(|faults| faults.lost) {
            return Err(failed());
        }
        let receipt = inner.deliver(envelope.clone()).await?;
        if self.happens(|faults| faults.twice) {
            inner.deliver(envelope.clone()).await?;
        }
        if self.loses_this_answer(&envelope) || self.happens(|faults| faults.answer_lost) {
            return Err(failed());
        }
        Ok(receipt)
    }

    async fn ask(&self, from: TenantId, to: TenantId, kind: &str, body: String) -> Result<String> {
        let inner = self.inner()?;
        self.reach(from, to)?;
        if self.happens(|faults| faults.lost) {
            return Err(failed());
        }
        inner.ask(from, to, kind, body).await
    }
}

/// For tests that make choices.
pub fn pick<'a, T>(rng: &mut impl Rng, from: &'a [T]) -> Option<&'a T> {
    (!from.is_empty()).then(|| &from[rng.random_range(0..from.len())])
}
