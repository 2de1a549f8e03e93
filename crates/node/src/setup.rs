//! The first tenant, set up in the browser.
//!
//! It is offered while the deployment has no tenant, to whoever brings the code that the terminal shows
//! where the server was started. The code is made at each start, kept as a hash in memory only, and
//! good for one tenant; after too many wrong ones it is good for nothing until the next start.
//!
//! The first administrator signs in by a password or by a passkey. A passkey is made before the tenant is:
//! whoever gives up half-way leaves nothing behind, and nobody is ever an administrator who can't sign in.

use std::sync::atomic::{AtomicU32, Ordering};

use credentials::passkey::FirstRegistration;
use identity::{Secret, random, sha256};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};
use types::{DomainName, Error, Result, TenantId, Upn};

use crate::Node;
use crate::tenants::{Credential, Founding};

/// Letters and digits that nobody takes for one another; as many as a byte divides by evenly.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// How many wrong codes there may be: with forty bits, a chance of one in a hundred billion.
const WRONG_MAX: u32 = 10;
/// The longest name of an organization.
const NAME_MAX: usize = 256;
/// The longest answer of an authenticator that is looked at.
const ANSWER_MAX: usize = 16 * 1024;

/// What the first tenant is to be.
#[derive(Debug, Clone)]
pub struct FirstTenant {
    /// What it is called.
    pub name: String,
    /// Its initial domain.
    pub domain: String,
    /// Its administrator's name; without `@`, in the domain.
    pub admin: String,
}

/// How the first administrator is to sign in.
#[derive(Debug, Clone)]
pub enum FirstProof {
    /// By this password.
    Password(Secret),
    /// By a passkey, which is to be made.
    Passkey,
    /// By the passkey with which a browser answers.
    MadePasskey(String),
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
    /// The passkey isn't one, or its challenge is too old.
    Passkey,
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
    /// A passkey has to be made.
    Passkey {
        /// What the browser is asked for.
        options: String,
        /// The administrator's name.
        admin: String,
        /// What the passkey is bound to.
        host: String,
        /// What was wrong with the one before.
        problem: Option<SetupProblem>,
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
    /// One at a time; and the passkey that is being made.
    turn: Mutex<Option<FirstRegistration>>,
}

/// What was entered, as it is meant.
struct Checked {
    name: String,
    domain: DomainName,
    admin: Upn,
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
            turn: Mutex::new(None),
        };
        // A second offer would take nothing back, since the first code is on the terminal.
        Ok(self.0.setup.set(offer).is_ok().then(|| Secret::new(code)))
    }

    /// Whether the first tenant is still to be set up here.
    pub fn awaits_setup(&self) -> bool {
        self.0.setup.get().is_some() && self.store().tenants().is_empty()
    }

    /// Whether passkeys can be made here; they are bound to a host that has a name.
    pub fn has_passkeys(&self) -> bool {
        self.relying_party().is_some()
    }

    /// Sets the first tenant up.
    pub async fn set_up(&self, code: &str, first: FirstTenant, by: FirstProof) -> Result<SetUp> {
        let Some(offer) = self.0.setup.get() else {
            return Ok(SetUp::Late);
        };
        let turn = offer.turn.lock().await;
        if !self.store().tenants().is_empty() {
            return Ok(SetUp::Late);
        }
        let entered = match offer.opened_by(code).and_then(|()| checked(&first)) {
            Ok(entered) => entered,
            Err(problem) => return Ok(SetUp::Again(problem)),
        };
        match by {
            FirstProof::Password(password) => {
                if identity::password::check(&password).is_err() {
                    return Ok(SetUp::Again(SetupProblem::Password));
                }
                let password = password.expose().to_owned();
                self.found(entered, None, Credential::Password(Some(password)))
                    .await
            }
            FirstProof::Passkey => self.ask_for_passkey(turn, &entered, None),
            FirstProof::MadePasskey(answer) => self.found_by_passkey(turn, entered, &answer).await,
        }
    }

    /// Has the browser make a passkey. Of several that are asked for the last one counts.
    fn ask_for_passkey(
        &self,
        mut turn: MutexGuard<'_, Option<FirstRegistration>>,
        entered: &Checked,
        problem: Option<SetupProblem>,
    ) -> Result<SetUp> {
        let Some(rp) = self.relying_party() else {
            return Ok(SetUp::Again(SetupProblem::Passkey));
        };
        let tenant = TenantId::new(uuid::Builder::from_random_bytes(random()?).into_uuid());
        let admin = entered.admin.as_str().to_owned();
        let now = self.store().clock().now();
        let registration = rp.begin_first((tenant, &entered.name), &admin, now, random()?)?;
        let options = registration.options.to_string();
        *turn = Some(registration);
        Ok(SetUp::Passkey {
            options,
            admin,
            host: rp.host().to_owned(),
            problem,
        })
    }

    async fn found_by_passkey(
        &self,
        mut turn: MutexGuard<'_, Option<FirstRegistration>>,
        entered: Checked,
        answer: &str,
    ) -> Result<SetUp> {
        let answer: Value = if answer.len() <= ANSWER_MAX {
            serde_json::from_str(answer).unwrap_or_default()
        } else {
            Value::Null
        };
        let now = self.store().clock().now();
        // An answer is good once, whatever comes of it.
        let made = match (turn.take(), self.relying_party()) {
            (Some(first), Some(rp)) => {
                let made = rp.finish_first(&first, &answer, now);
                made.map(|made| (first.tenant, made))
            }
            _ => return self.ask_for_passkey(turn, &entered, Some(SetupProblem::Passkey)),
        };
        match made {
            Ok((tenant, passkey)) => {
                self.found(
                    entered,
                    Some(tenant),
                    Credential::Passkey(Box::new(passkey)),
                )
                .await
            }
            Err(Error::Invalid { .. }) => {
                self.ask_for_passkey(turn, &entered, Some(SetupProblem::Passkey))
            }
            Err(error) => Err(error),
        }
    }

    async fn found(
        &self,
        entered: Checked,
        tenant: Option<TenantId>,
        credential: Credential,
    ) -> Result<SetUp> {
        let made = self.make_tenant(Founding {
            tenant,
            name: entered.name,
            domain: entered.domain.to_string(),
            admin_upn: Some(entered.admin.as_str().to_owned()),
            credential,
        });
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

impl Offer {
    /// Whether this is the code; a wrong one is counted.
    fn opened_by(&self, code: &str) -> std::result::Result<(), SetupProblem> {
        if self.wrong.load(Ordering::Relaxed) >= WRONG_MAX {
            return Err(SetupProblem::Closed);
        }
        // Hashes are compared: how soon they differ tells nothing of the code.
        if sha256(normal(code).as_bytes()) != self.hash {
            self.wrong.fetch_add(1, Ordering::Relaxed);
            return Err(SetupProblem::Code);
        }
        Ok(())
    }
}

fn checked(first: &FirstTenant) -> std::result::Result<Checked, SetupProblem> {
    let name = first.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX {
        return Err(SetupProblem::Name);
    }
    let Ok(domain) = DomainName::parse(first.domain.trim()) else {
        return Err(SetupProblem::Domain);
    };
    let admin = first.admin.trim();
    let admin = if admin.contains('@') {
        admin.to_owned()
    } else {
        format!("{admin}@{domain}")
    };
    match Upn::parse(&admin) {
        Ok(admin) if admin.domain() == domain.as_str() => Ok(Checked {
            name: name.to_owned(),
            domain,
            admin,
        }),
        _ => Err(SetupProblem::Admin),
    }
}
