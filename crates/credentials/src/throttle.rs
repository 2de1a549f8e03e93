//! How often somebody may guess.
//!
//! Guesses are counted by the name that was entered, whether or not anybody has it, and by where they
//! come from, so that neither the answer nor its time tells who exists:
//!
//! - **From one network for one name** a few are free; then each costs a wait that doubles, up to an
//!   hour. Another network isn't held up: who guesses from afar doesn't shut the owner out.
//! - **From a browser where that person has signed in before** the same is counted apart, so even the
//!   owner's own network may be under attack.
//! - **For a name that is guessed from many networks at once** each network has one free guess instead
//!   of a few. The owner's first try with the right password still passes.
//! - **From one address for all names** there is a budget that fills up again with time, against one
//!   password tried on everybody. Browsers that are known don't count.
//! - **Codes of a second factor** have six digits, so they are counted for the user, wherever they are
//!   tried, except at browsers that are known. Who is there has the password already; passkeys aren't
//!   guessed and so never held up.
//!
//! Counts are rows, so a restart forgives nothing, and all servers of a database share them. They end
//! by themselves, and are so many at most: past that the ones that would end first go.
//!
//! Source: OWASP Authentication Cheat Sheet, "Login Throttling"; "Protect user accounts from attacks
//! with Microsoft Entra smart lockout"; NIST SP 800-63B §3.2.2.

use std::net::IpAddr;

use identity::sha256;
use store::{ReadTx, Tx, params};
use types::{Result, Timestamp, fold};

use crate::device::Device;

/// Guesses that are free for a name from one network.
const PAIR_FREE: u64 = 10;
/// Codes of a second factor that are free for a user.
const CODES_FREE: u64 = 10;
/// The first wait; each further failure doubles it.
const WAIT_SECONDS: i64 = 30;
/// The longest wait.
const WAIT_SECONDS_MAX: i64 = 3_600;
/// Failures for a name, from networks all over, past which it is under attack.
const NAME_PRESSURE: u64 = 50;
/// Failures that an address may have.
const ADDRESS_BUDGET: u64 = 100;
/// How long until one of them is forgiven.
const ADDRESS_SECONDS_EACH: i64 = 36;
/// How long counts for a name are kept after the last failure.
const KEEP_SECONDS: i64 = 24 * 3_600;
/// How long a name stays under attack.
const PRESSURE_SECONDS: i64 = 3_600;
/// Counts of a tenant, at most (`limits.sign_in_attempts`).
pub const ATTEMPTS_MAX: u64 = 50_000;
/// How many go in one statement.
const TRIM_AT_ONCE: usize = 500;

const GET: &str = "SELECT failures, failed_at FROM sign_in_attempts WHERE tenant_id = ?1 \
    AND subject = ?2 AND expires_at > ?3";
const PUT: &str = "INSERT INTO sign_in_attempts (tenant_id, subject, failures, failed_at, \
    expires_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (tenant_id, subject) DO UPDATE SET \
    failures = excluded.failures, failed_at = excluded.failed_at, expires_at = excluded.expires_at";
const DROP: &str = "DELETE FROM sign_in_attempts WHERE tenant_id = ?1 AND subject = ?2";
const COUNT: &str = "SELECT count(*) FROM sign_in_attempts WHERE tenant_id = ?1";
const TRIM_EXPIRED: &str = "DELETE FROM sign_in_attempts WHERE tenant_id = ?1 AND subject IN \
    (SELECT subject FROM sign_in_attempts WHERE tenant_id = ?1 AND expires_at <= ?2 \
    ORDER BY expires_at LIMIT ?3)";
const TRIM_OLDEST: &str = "DELETE FROM sign_in_attempts WHERE tenant_id = ?1 AND subject IN \
    (SELECT subject FROM sign_in_attempts WHERE tenant_id = ?1 ORDER BY expires_at LIMIT ?2)";

/// What is guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guess {
    /// A password or a temporary access pass.
    Secret,
    /// A code, by somebody whose password was right.
    Code,
}

/// A try to sign in.
#[derive(Debug, Clone)]
pub struct Attempt {
    name: [u8; 32],
    network: Vec<u8>,
    address: Vec<u8>,
    /// The browser, if this person has signed in there before.
    device: Option<[u8; 16]>,
}

/// The part of an address that one customer of a provider has, and the part that one building has.
fn networks(address: IpAddr) -> (Vec<u8>, Vec<u8>) {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let octets = v4.octets();
            (octets.to_vec(), octets.iter().copied().take(3).collect())
        }
        IpAddr::V6(v6) => {
            let octets = v6.octets();
            (
                octets.iter().copied().take(8).collect(),
                octets.iter().copied().take(6).collect(),
            )
        }
    }
}

impl Attempt {
    /// A try with this name, from this address and browser.
    pub fn new(name: &str, address: IpAddr, device: Option<&Device>) -> Self {
        let (address, network) = networks(address);
        Self {
            name: sha256(fold(name.trim()).as_bytes()),
            network,
            address,
            device: device
                .filter(|device| device.knows(name))
                .map(|device| *device.id()),
        }
    }

    fn subject(what: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut text = what.as_bytes().to_vec();
        for part in parts {
            text.push(part.len() as u8);
            text.extend_from_slice(part);
        }
        sha256(&text)
    }

    /// What is counted with waits: the name from there, or the user's codes.
    fn own(&self, guess: Guess) -> [u8; 32] {
        match (guess, &self.device) {
            (Guess::Secret, Some(device)) => Self::subject("device", &[&self.name, device]),
            (Guess::Secret, None) => Self::subject("pair", &[&self.name, &self.network]),
            (Guess::Code, Some(device)) => Self::subject("device codes", &[&self.name, device]),
            (Guess::Code, None) => Self::subject("codes", &[&self.name]),
        }
    }

    fn everywhere(&self) -> [u8; 32] {
        Self::subject("name", &[&self.name])
    }

    fn of_address(&self) -> [u8; 32] {
        Self::subject("address", &[&self.address])
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    failures: u64,
    failed_at: i64,
}

fn count(tx: &ReadTx<'_>, subject: &[u8; 32]) -> Result<Count> {
    let now = tx.now();
    let found = tx.query_one(GET, params![&tx.tenant(), subject, now], |row| {
        Ok(Count {
            failures: row.count(0)?,
            failed_at: row.int(1)?,
        })
    })?;
    Ok(found.unwrap_or_default())
}

fn put(tx: &mut Tx<'_>, subject: &[u8; 32], failures: u64, keep_seconds: i64) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    tx.bookkeeping().execute(
        PUT,
        params![
            &tenant,
            subject,
            failures,
            now,
            now.plus_seconds(keep_seconds)
        ],
    )?;
    Ok(())
}

/// The wait after so many failures.
fn wait_seconds(failures: u64, free: u64) -> i64 {
    let Some(beyond) = failures.checked_sub(free) else {
        return 0;
    };
    let doublings = u32::try_from(beyond).unwrap_or(u32::MAX).min(10);
    (WAIT_SECONDS << doublings).min(WAIT_SECONDS_MAX)
}

impl Count {
    /// Seconds that are still to wait.
    fn rest(self, free: u64, now: Timestamp) -> i64 {
        let until = Timestamp(self.failed_at).plus_seconds(wait_seconds(self.failures, free));
        // Rounded up, so that who comes when told isn't too early.
        (until.0 - now.0 + 999_999).div_euclid(1_000_000).max(0)
    }

    /// Failures of an address that aren't forgiven yet.
    fn held_against(self, now: Timestamp) -> u64 {
        let forgiven = (now.seconds() - Timestamp(self.failed_at).seconds()) / ADDRESS_SECONDS_EACH;
        self.failures
            .saturating_sub(u64::try_from(forgiven).unwrap_or(0))
    }
}

fn free(tx: &ReadTx<'_>, attempt: &Attempt, guess: Guess) -> Result<u64> {
    Ok(match guess {
        Guess::Code => CODES_FREE,
        Guess::Secret if attempt.device.is_some() => PAIR_FREE,
        Guess::Secret if count(tx, &attempt.everywhere())?.failures >= NAME_PRESSURE => 1,
        Guess::Secret => PAIR_FREE,
    })
}

/// How many seconds an attempt has to wait; `None` if it may be made.
pub fn check(tx: &ReadTx<'_>, attempt: &Attempt, guess: Guess) -> Result<Option<u32>> {
    let now = tx.now();
    let mut wait = count(tx, &attempt.own(guess))?.rest(free(tx, attempt, guess)?, now);
    if attempt.device.is_none()
        && guess == Guess::Secret
        && count(tx, &attempt.of_address())?.held_against(now) >= ADDRESS_BUDGET
    {
        wait = wait.max(ADDRESS_SECONDS_EACH);
    }
    Ok(u32::try_from(wait).ok().filter(|wait| *wait > 0))
}

/// Counts an attempt that failed.
pub fn failed(tx: &mut Tx<'_>, attempt: &Attempt, guess: Guess) -> Result<()> {
    let own = attempt.own(guess);
    let before = count(tx, &own)?;
    put(tx, &own, before.failures + 1, KEEP_SECONDS)?;
    if guess == Guess::Secret && attempt.device.is_none() {
        let everywhere = attempt.everywhere();
        let before_everywhere = count(tx, &everywhere)?;
        put(
            tx,
            &everywhere,
            before_everywhere.failures + 1,
            PRESSURE_SECONDS,
        )?;
        let address = attempt.of_address();
        let held = count(tx, &address)?.held_against(tx.now());
        // Beyond the budget nothing is tried, so there is no more to hold against it.
        let held = (held + 1).min(ADDRESS_BUDGET * 2);
        let forgiven_in = i64::try_from(held).unwrap_or(0) * ADDRESS_SECONDS_EACH;
        put(tx, &address, held, forgiven_in)?;
    }
    if before.failures == 0 && tx.random_bytes::<1>() < [4] {
        trim(tx, TRIM_AT_ONCE)?;
    }
    Ok(())
}

/// Forgives what was counted before an attempt that succeeded.
pub fn passed(tx: &mut Tx<'_>, attempt: &Attempt, guess: Guess) -> Result<()> {
    let own = attempt.own(guess);
    if count(tx, &own)?.failures > 0 {
        let tenant = tx.tenant();
        tx.bookkeeping().execute(DROP, params![&tenant, &own])?;
    }
    Ok(())
}

/// Drops counts that are over, and those beyond the most; answers whether there may be more.
pub fn trim(tx: &mut Tx<'_>, limit: usize) -> Result<bool> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let expired = tx
        .bookkeeping()
        .execute(TRIM_EXPIRED, params![&tenant, now, limit])?;
    let beyond = tx
        .count(COUNT, params![&tenant])?
        .saturating_sub(ATTEMPTS_MAX);
    if beyond > 0 {
        let beyond = beyond.min(limit as u64);
        tx.bookkeeping()
            .execute(TRIM_OLDEST, params![&tenant, beyond])?;
    }
    Ok(expired >= limit as u64 || beyond >= limit as u64)
}
