//! What a person is about to do, carried by the pages themselves until it is done.
//!
//! A page's form holds it sealed: nobody can read or change it, and it is worth nothing in another
//! browser, in another tenant or after an hour. So nothing is written for people who only look at
//! the sign-in page, and a page is its own protection against forged requests.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use types::{Result, TenantId, Timestamp};
use uuid::Uuid;

use crate::{Sealer, Secret, sha256};

/// How long a page may stay open.
pub const FLOW_SECONDS_MAX: i64 = 3_600;
/// The longest sealed text that is looked at.
const TEXT_MAX: usize = 32 * 1024;
const PURPOSE: &str = "sign-in page";

/// What a person is about to do, and how far they have come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow<E, P = ()> {
    /// What for.
    pub errand: E,
    /// When it began.
    pub began_at: Timestamp,
    /// The name that the person has entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The session that the person has chosen or made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Uuid>,
    /// Whether the person has consented on the way.
    #[serde(default)]
    pub is_consented: bool,
    /// Where the person was sent to sign in at home, and what that sign-in is known by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<Away>,
    /// Whether its end is in the log of sign-ins already.
    #[serde(default)]
    pub is_logged: bool,
    /// What the person has proven so far.
    #[serde(default = "nothing", skip_serializing_if = "Option::is_none")]
    pub proof: Option<P>,
    /// The challenge that a passkey may answer on this page, sealed for the browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
}

/// A sign-in at the home tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// The home.
    pub home: TenantId,
    /// What its answer has to bear.
    pub nonce: String,
    /// Its answer, until it is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<String>,
    /// Whether the home was asked for more than one factor already.
    #[serde(default)]
    pub is_second: bool,
}

fn nothing<P>() -> Option<P> {
    None
}

impl<E, P> Flow<E, P> {
    /// The beginning of an errand.
    pub const fn new(errand: E, now: Timestamp) -> Self {
        Self {
            errand,
            began_at: now,
            name: None,
            session: None,
            is_consented: false,
            is_logged: false,
            away: None,
            proof: None,
            challenge: None,
        }
    }
}

/// Seals the flows of a deployment's tenants.
#[derive(Debug, Clone)]
pub struct Flows {
    sealer: Sealer,
}

impl Flows {
    /// With the deployment's key.
    pub const fn new(sealer: Sealer) -> Self {
        Self { sealer }
    }

    fn purpose(browser: &Secret) -> String {
        let hash = sha256(browser.expose().as_bytes());
        format!("{PURPOSE} {}", BASE64_URL_SAFE_NO_PAD.encode(hash))
    }

    /// Seals a flow for one browser.
    pub fn seal<E: Serialize, P: Serialize>(
        &self,
        tenant: TenantId,
        browser: &Secret,
        flow: &Flow<E, P>,
    ) -> Result<String> {
        let text = serde_json::to_vec(flow).map_err(types::Error::internal)?;
        let sealed = self.sealer.seal(&Self::purpose(browser), tenant, &text)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what a page of this browser holds; `None` if it is another's, too old or no flow.
    pub fn open<E: for<'de> Deserialize<'de>, P: for<'de> Deserialize<'de>>(
        &self,
        tenant: TenantId,
        browser: &Secret,
        text: &str,
        now: Timestamp,
    ) -> Option<Flow<E, P>> {
        if text.len() > TEXT_MAX {
            return None;
        }
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let opened = self.sealer.open(&Self::purpose(browser), tenant, &sealed);
        let flow: Flow<E, P> = serde_json::from_slice(&opened.ok()?).ok()?;
        let age = now.seconds() - flow.began_at.seconds();
        (-60..FLOW_SECONDS_MAX).contains(&age).then_some(flow)
    }
}
