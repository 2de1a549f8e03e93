//! Browsers that somebody has signed in at before: a guess from there is counted by itself, so that a
//! stranger's guesses elsewhere never shut the owner out.
//!
//! The cookie is sealed and holds who has signed in there; nothing of it is kept here. A stolen one
//! opens nothing: it gives its thief a count of guesses of his own.
//!
//! Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".

use std::collections::VecDeque;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity::{Sealer, Secret, sha256};
use serde::{Deserialize, Serialize};
use types::{Error, Result, TenantId, Timestamp, fold};

const PURPOSE: &str = "device cookie";
/// How long a browser is remembered after the last sign-in there.
pub const DEVICE_SECONDS: i64 = 365 * 24 * 3_600;
/// People who are remembered at one browser.
const PEOPLE_MAX: usize = 10;
/// The longest cookie that is looked at.
const COOKIE_MAX: usize = 2_048;

/// A browser, as its cookie says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Device {
    id: [u8; 16],
    people: VecDeque<[u8; 8]>,
    used_at: i64,
}

fn person(name: &str) -> [u8; 8] {
    let hash = sha256(fold(name.trim()).as_bytes());
    let mut short = [0; 8];
    short.copy_from_slice(hash.first_chunk::<8>().unwrap_or(&[0; 8]));
    short
}

impl Device {
    /// A browser that nobody has signed in at.
    pub fn new(id: [u8; 16], now: Timestamp) -> Self {
        Self {
            id,
            people: VecDeque::new(),
            used_at: now.seconds(),
        }
    }

    /// What a cookie says, if it is ours, this tenant's and not too old.
    pub fn open(sealer: &Sealer, tenant: TenantId, cookie: &str, now: Timestamp) -> Option<Self> {
        if cookie.len() > COOKIE_MAX {
            return None;
        }
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let opened = sealer.open(PURPOSE, tenant, &sealed).ok()?;
        let device: Self = serde_json::from_slice(&opened).ok()?;
        let age = now.seconds() - device.used_at;
        (age < DEVICE_SECONDS).then_some(device)
    }

    /// The cookie's value.
    pub fn seal(&self, sealer: &Sealer, tenant: TenantId) -> Result<Secret> {
        let text = serde_json::to_vec(self).map_err(Error::internal)?;
        let sealed = sealer.seal(PURPOSE, tenant, &text)?;
        Ok(Secret::new(BASE64_URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Notes that somebody has signed in there.
    pub fn note(&mut self, name: &str, now: Timestamp) {
        let person = person(name);
        self.people.retain(|own| *own != person);
        self.people.push_front(person);
        self.people.truncate(PEOPLE_MAX);
        self.used_at = now.seconds();
    }

    /// Whether this person has signed in there.
    pub fn knows(&self, name: &str) -> bool {
        self.people.contains(&person(name))
    }

    pub(crate) const fn id(&self) -> &[u8; 16] {
        &self.id
    }
}
