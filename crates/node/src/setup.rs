//! The first tenant, set up in the browser.
//!
//! It is offered while the deployment has no tenant, to whoever brings the code that the terminal shows
//! where the server was started. The code is made at each start, kept as a hash in memory only, and
//! good for one tenant; after too many wrong ones it is good for nothing until the next start.

use std::sync::atomic::{AtomicU32, Ordering};

use identity::{Secret, random, sha256};
use tokio::sync::Mutex;
use types::{DomainName, Error, Result, TenantId, Upn};

use crate::Node;

/// Letters and digits that nobody takes for one another; as many as a byte divides by evenly.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// How many wrong codes there may be: with forty bits, a chance of one in a hundred billion.
const WRONG_MAX: u32 = 10;
/// The longest name of an organization.
const NAME_MAX: usize = 256;

/// What the first tenant is to be.
#[derive(Debug, Clone)]
pub struct FirstTenant {
    /// What it is called.
    pub name: String,
    /// Its initial domain.
    pub domain: String,
    /// Its administrator's name; without `@`, in the domain.
    pub admin: String,
    /// And password.
    pub password: Secret,
}

/// What was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupProblem {
    /// The code.
    Code,
    /// Too many codes: the server has to be started anew.
    Closed,
    /// The organization's name.
    Name,
    /// The domain.
    Domain,
    /// The administrator's name.
    Admin,
    /// The password is too easy to guess.
    Password,
}

/// What came of it.
#[derive(Debug, Clone)]
pub enum SetUp {
    /// The tenant is there.
    Done {
        /// Its id.
        tenant: TenantId,
        /// Its administrator's name.
        admin: String,
    },
    /// Something has to be entered otherwise.
    Again(SetupProblem),
    /// There is a tenant already.
    Late,
}

/// The offer.
#[derive(Debug)]
pub(crate) struct Offer {
    /// Of the code.
    hash: [u8; 32],
    wrong: AtomicU32,
    /// One at a time.
    turn: Mutex<()>,
}

/// A code as it was meant, however it was typed.
fn normal(code: &str) -> String {
    let kept = code.chars().filter(char::is_ascii_alphanumeric).take(32);
    kept.map(|letter| letter.to_ascii_uppercase()).collect()
}

fn new_code() -> Result<String> {
    let bytes: [u8; 8] = random()?;
    let letters = bytes.iter().filter_map(|byte| {
        let letter = ALPHABET.get(usize::from(byte % 32))?;
        Some(char::from(*letter))
    });
    let mut code: String = letters.collect();
    code.insert(4, '-');
    Ok(code)
}

impl Node {
    /// Offers to set the first tenant up in the browser, if there is none: the code for it.
    pub fn offer_setup(&self) -> Result<Option<Secret>> {
        if !self.store().tenants().is_empty() {
            return Ok(None);
        }
        let code = new_code()?;
        let offer = Offer {
            hash: sha256(normal(&code).as_bytes()),
            wrong: AtomicU32::new(0),
            turn: Mutex::default(),
        };
        // A second offer would take nothing back, since the first code is on the terminal.
        Ok(self.0.setup.set(offer).is_ok().then(|| Secret::new(code)))
    }

    /// Whether the first tenant is still to be set up here.
    pub fn awaits_setup(&self) -> bool {
        self.0.setup.get().is_some() && self.store().tenants().is_empty()
    }

    /// Sets the first tenant up.
    pub async fn set_up(&self, code: &str, first: FirstTenant) -> Result<SetUp> {
        let Some(offer) = self.0.setup.get() else {
            return Ok(SetUp::Late);
        };
        let _turn = offer.turn.lock().await;
        if !self.store().tenants().is_empty() {
            return Ok(SetUp::Late);
        }
        if offer.wrong.load(Ordering::Relaxed) >= WRONG_MAX {
            return Ok(SetUp::Again(SetupProblem::Closed));
        }
        // Hashes are compared: how soon they differ tells nothing of the code.
        if sha256(normal(code).as_bytes()) != offer.hash {
            offer.wrong.fetch_add(1, Ordering::Relaxed);
            return Ok(SetUp::Again(SetupProblem::Code));
        }
        let name = first.name.trim();
        if name.is_empty() || name.chars().count() > NAME_MAX {
            return Ok(SetUp::Again(SetupProblem::Name));
        }
        let Ok(domain) = DomainName::parse(first.domain.trim()) else {
            return Ok(SetUp::Again(SetupProblem::Domain));
        };
        let admin = first.admin.trim();
        let admin = if admin.contains('@') {
            admin.to_owned()
        } else {
            format!("{admin}@{domain}")
        };
        match Upn::parse(&admin) {
            Ok(upn) if upn.domain() == domain.as_str() => {}
            _ => return Ok(SetUp::Again(SetupProblem::Admin)),
        }
        if identity::password::check(&first.password).is_err() {
            return Ok(SetUp::Again(SetupProblem::Password));
        }
        let password = first.password.expose().to_owned();
        let made = self.make_tenant(
            name.to_owned(),
            domain.as_str(),
            Some(admin),
            Some(password),
        );
        match made.await {
            Ok(made) => Ok(SetUp::Done {
                tenant: made.tenant.tenant_id,
                admin: made.admin.user_principal_name().to_owned(),
            }),
            // The names of the tenant and the administrator make a password easy to guess, too.
            Err(Error::Invalid {
                target: Some(target),
                ..
            }) if target.to_ascii_lowercase().contains("password") => {
                Ok(SetUp::Again(SetupProblem::Password))
            }
            Err(error) => Err(error),
        }
    }
}
