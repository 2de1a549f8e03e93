//! `Idempotency-Key`: a POST that is sent again gets the first answer.
//!
//! What is kept, and how it survives the process, is [`node::idempotency`]'s; this edge knows which
//! keys are being worked on at this moment. Only answers of success are kept: a refusal had no
//! effect, so the repeat is simply tried. Answers are sealed, for some hold a new secret.
//!
//! Source: draft-ietf-httpapi-idempotency-key-header; a repeat counts within 24 hours.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use identity::Sealer;
use node::idempotency::{self, Answer, Key, Known};
use store::{Island, Store};
use types::{Result, TenantId};
use uuid::Uuid;

use crate::errors::Refusal;

/// The header.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The longest key.
pub(crate) const KEY_BYTES_MAX: usize = 255;
const PURPOSE: &str = "idempotency";
const HOUR_SECONDS: i64 = 3_600;

/// What is to become of a request with a key.
pub(crate) enum Begun {
    /// It is carried out; whoever does it holds the place.
    Fresh(Place),
    /// It was answered: answer the same.
    Answered(Answer),
    /// It was carried out, but nobody knows the answer any more.
    Lost,
    /// It is being carried out at this moment.
    Running,
    /// The key was used for another request.
    Different,
}

/// That a key is too long or has something in it that can't be printed.
pub(crate) fn bad_key() -> Refusal {
    Refusal::bad_request(format!(
        "The header Idempotency-Key has to be 1 to {KEY_BYTES_MAX} printable characters."
    ))
    .with_target("Idempotency-Key")
}

/// The client's name for a request: tenant, application, key.
type Name = (TenantId, Uuid, String);
/// The requests that are being carried out, each by its name, with its digest.
type Running = Mutex<HashMap<Name, Vec<u8>>>;

/// The keys of a deployment.
pub struct Idempotency {
    store: Store,
    sealer: Sealer,
    hours: i64,
    running: Arc<Running>,
}

/// The right to carry out the request of a key; dropping it gives the right to the next.
pub(crate) struct Place {
    tenant: TenantId,
    key: Key,
    running: Arc<Running>,
}

impl Drop for Place {
    fn drop(&mut self) {
        held(&self.running).remove(&name(self.tenant, &self.key));
    }
}

fn name(tenant: TenantId, key: &Key) -> Name {
    (tenant, key.app_id, key.key.clone())
}

fn held(running: &Running) -> std::sync::MutexGuard<'_, HashMap<Name, Vec<u8>>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Idempotency {
    /// Keeps first answers for so many hours.
    pub fn new(store: Store, sealer: Sealer, hours: u64) -> Self {
        Self {
            store,
            sealer,
            hours: i64::try_from(hours).unwrap_or(i64::MAX / HOUR_SECONDS),
            running: Arc::default(),
        }
    }

    fn island(&self, tenant: TenantId) -> Result<Island> {
        self.store.island(tenant)
    }

    /// A client's key for a request with this digest.
    pub(crate) fn key(&self, app_id: Uuid, key: &str, request: Vec<u8>) -> Key {
        let now = self.store.clock().now();
        Key {
            app_id,
            key: key.to_owned(),
            request,
            since: now.plus_seconds(-self.hours.saturating_mul(HOUR_SECONDS)),
            is_marked: Arc::default(),
        }
    }

    /// Looks a key up and takes its place if it is fresh.
    pub(crate) async fn begin(&self, tenant: TenantId, key: &Key) -> Result<Begun> {
        match held(&self.running).entry(name(tenant, key)) {
            Entry::Occupied(other) if *other.get() == key.request => return Ok(Begun::Running),
            Entry::Occupied(_) => return Ok(Begun::Different),
            Entry::Vacant(entry) => entry.insert(key.request.clone()),
        };
        let place = Place {
            tenant,
            key: key.clone(),
            running: Arc::clone(&self.running),
        };
        let looked_up = key.clone();
        let known = self
            .island(tenant)?
            .read(move |tx| idempotency::look_up(tx, &looked_up))
            .await?;
        Ok(match known {
            Known::Fresh => Begun::Fresh(place),
            Known::Lost => Begun::Lost,
            Known::Different => Begun::Different,
            Known::Answered(mut answer) => {
                answer.body = self.sealer.open(PURPOSE, tenant, &answer.body)?.to_vec();
                Begun::Answered(answer)
            }
        })
    }

    /// Keeps the answer of a key.
    pub(crate) async fn keep(&self, place: &Place, mut answer: Answer) -> Result<()> {
        answer.body = self.sealer.seal(PURPOSE, place.tenant, &answer.body)?;
        let key = place.key.clone();
        self.island(place.tenant)?
            .write(types::Actor::System, move |tx| {
                idempotency::keep(tx, &key, Some(&answer))
            })
            .await
    }
}
