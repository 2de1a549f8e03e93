//! What the log of sign-ins says of a sign-in: whose it is, to what, from where, and what has come of it.

use audit::sign_ins::{self, Crossing, Kind, Named, Person, SignIn};
use credentials::step::Step;
use directory::invitations;
use directory::service_principals::{self, ServicePrincipal};
use directory::users::{self, User};
use identity::oauth::{OAuthError, Platform, Resource, Trail, device};
use identity::session::Session;
use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx};
use types::trace::Trace;
use types::{Id, Result, TenantId, Timestamp, kind};
use uuid::Uuid;

use super::next::Need;
use super::sign_in::{Errand, Pending};
use super::{Browser, Screen, account, visit};
use crate::Node;

/// Where a request comes from.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Peer {
    /// Its address.
    pub address: Option<std::net::IpAddr>,
    /// What the browser or program says it is.
    pub user_agent: Option<String>,
    /// What ties it to the client's own log.
    pub correlation_id: Uuid,
}

impl Peer {
    pub(super) fn of(browser: &Browser, trail: &Trail) -> Self {
        Self {
            address: browser.address,
            user_agent: browser.user_agent.clone(),
            correlation_id: trail.correlation_id,
        }
    }

    /// The same with no more than the log keeps.
    fn shortened(&self) -> Self {
        let shorten = |text: &String| text.chars().take(sign_ins::USER_AGENT_MAX).collect();
        Self {
            user_agent: self.user_agent.as_ref().map(shorten),
            ..self.clone()
        }
    }

    /// A sign-in from there.
    pub(crate) fn sign_in(&self, kind: Kind) -> SignIn {
        SignIn {
            address: self.address,
            user_agent: self.user_agent.clone(),
            correlation_id: self.correlation_id,
            ..SignIn::new(kind)
        }
    }
}

/// Why somebody didn't get in.
#[derive(Debug, Clone)]
pub(super) struct Why {
    code: u32,
    reason: String,
}

impl From<&OAuthError> for Why {
    fn from(error: &OAuthError) -> Self {
        Self {
            code: error.code(),
            reason: error.sentence(),
        }
    }
}

impl Why {
    const fn coded(code: u32) -> Self {
        Self {
            code,
            reason: String::new(),
        }
    }
    fn new(code: u32, reason: &str) -> Self {
        Self {
            code,
            reason: reason.to_owned(),
        }
    }
    /// Nobody has the name that was entered.
    pub(super) fn unknown_name() -> Self {
        Self::new(50_034, "The user account does not exist in this tenant.")
    }
    /// A code, or a passkey as a second factor, was wrong.
    pub(super) fn second_factor() -> Self {
        Self::new(
            500_121,
            "Authentication failed during strong authentication request.",
        )
    }
    /// What is missing after the first factor; nothing if it is enough.
    pub(super) fn missing(step: &Step) -> Option<Self> {
        Some(match step {
            Step::SecondFactor { .. } => Self::new(
                50_074,
                "Strong authentication is required and the user did not pass the MFA challenge.",
            ),
            Step::Register { .. } => Self::new(
                50_079,
                "The user is required to enroll for multifactor authentication.",
            ),
            Step::ChangePassword => Self::new(50_055, "The password has to be changed."),
            Step::AskAdministrator => Self::new(
                50_074,
                "Strong authentication is required, and the user has no method left that the \
                 policy allows.",
            ),
            Step::FirstFactor { .. } | Step::Done { .. } => return None,
        })
    }

    pub(super) const fn code(&self) -> u32 {
        self.code
    }

    /// Notes it in a sign-in.
    pub(super) fn note(self, sign_in: &mut SignIn) {
        sign_in.error_code = self.code;
        sign_in.failure_reason = Some(self.reason);
    }
}

/// What the log calls the way in by an invitation's link.
const INVITATIONS: &str = "Invitation redemption";

/// Notes the client and the API that it asks for.
pub(super) fn of_client(
    tx: &ReadTx<'_>,
    sign_in: &mut SignIn,
    app_id: Uuid,
    resource: &Resource,
) -> Result<()> {
    let client = service_principals::find_by_app_id(tx, app_id)?;
    sign_in.app = Some(Named {
        id: app_id,
        display_name: client.map(|client| client.display_name().to_owned()),
    });
    let resource = match resource {
        Resource::Graph => Some(service_principals::graph(tx)?),
        Resource::Application(name) => service_principals::find_by_name(tx, name)?,
    };
    sign_in.resource = resource.map(|resource| named(&resource));
    Ok(())
}

/// As the log has it.
pub(super) fn named(principal: &ServicePrincipal) -> Named {
    Named {
        id: principal.app_id,
        display_name: Some(principal.display_name().to_owned()),
    }
}

/// A sign-in for an errand.
pub(super) fn of_errand(
    tx: &ReadTx<'_>,
    errand: &Errand,
    peer: &Peer,
    kind: Kind,
) -> Result<SignIn> {
    let mut sign_in = peer.sign_in(kind);
    match errand {
        Errand::Authorize(request) => {
            of_client(
                tx,
                &mut sign_in,
                request.to.client_id,
                &request.scope.resource,
            )?;
            sign_in.is_browser = request.to.platform != Platform::Native;
        }
        Errand::Device { code } => {
            sign_in.protocol = Some("deviceCode".to_owned());
            if let Some(code) = code
                && let Some(waiting) = device::find(tx, code)?
            {
                let resource = &waiting.scope.resource;
                of_client(tx, &mut sign_in, waiting.client_id, resource)?;
            }
        }
        Errand::Visit(visit) => {
            sign_in.app = visit.named().map(|id| Named {
                id,
                display_name: None,
            });
            sign_in.crossing = Some(Crossing {
                home: tx.tenant(),
                resource: visit.resource(),
                decision: None,
            });
        }
        Errand::AdminConsent(asked) => {
            of_client(tx, &mut sign_in, asked.to.client_id, &Resource::Graph)?;
        }
        Errand::Account(_) => {
            sign_in.app = Some(Named {
                id: account::APP_ID,
                display_name: Some(account::APP_NAME.to_owned()),
            });
        }
        Errand::Invitation(_) => {
            sign_in.app = Some(Named {
                id: Uuid::nil(),
                display_name: Some(INVITATIONS.to_owned()),
            });
        }
        Errand::SignOut(_) => {}
    }
    Ok(sign_in)
}

/// Notes whose it is.
pub(super) fn of_user(tx: &ReadTx<'_>, sign_in: &mut SignIn, user: &User) -> Result<()> {
    sign_in.user = Some(Person {
        id: Some(user.id.uuid()),
        user_principal_name: user.user_principal_name().to_owned(),
        display_name: user.display_name().to_owned(),
        is_guest: user.user_type() == "Guest",
    });
    if sign_in.crossing.is_none()
        && let Some((home, _)) = invitations::home_of(tx, user)?
    {
        sign_in.crossing = Some(Crossing {
            home,
            resource: tx.tenant(),
            decision: None,
        });
    }
    Ok(())
}

/// Notes what the tenants' settings have decided, and says the deciding one in words.
pub(super) fn decided(sign_in: &mut SignIn, decision: Option<Trace>) {
    let Some(crossing) = &mut sign_in.crossing else {
        return;
    };
    if let Some(step) = decision.as_ref().and_then(|trace| trace.steps.last()) {
        sign_in.additional_details = Some(format!(
            "{} of tenant {} decided: {}",
            step.setting, step.tenant_id, step.reason
        ));
    }
    crossing.decision = decision;
}

/// Records a refusal for somebody who is known by the object id.
pub(super) fn refused(
    tx: &mut Tx<'_>,
    mut sign_in: SignIn,
    user: Id<kind::User>,
    why: Why,
    decision: Option<Trace>,
) -> Result<()> {
    let Some(user) = types::found(users::get(tx, user))? else {
        return Ok(());
    };
    of_user(tx, &mut sign_in, &user)?;
    why.note(&mut sign_in);
    decided(&mut sign_in, decision);
    sign_ins::record(tx, sign_in)
}

/// Records a refusal for a name that was entered; what was entered isn't kept if nobody has it.
pub(super) fn refused_name(
    tx: &mut Tx<'_>,
    mut sign_in: SignIn,
    name: &str,
    why: Why,
) -> Result<()> {
    match types::found(users::find(tx, name))? {
        Some(user) => {
            of_user(tx, &mut sign_in, &user)?;
            why.note(&mut sign_in);
        }
        None => Why::unknown_name().note(&mut sign_in),
    }
    sign_ins::record(tx, sign_in)
}

/// What is missing still when the first factor was right.
pub(super) struct Interruption {
    pub(super) code: u32,
    pub(super) at: Timestamp,
}

/// Records the sign-in that has begun a session, as far as it has come; answers whether that is its end.
pub(super) fn began(
    tx: &mut Tx<'_>,
    flow: &Pending,
    peer: &Peer,
    of: (&User, &Session, Option<Trace>),
    interruption: Option<&Interruption>,
    need: &Need,
) -> Result<bool> {
    let (user, session, mut decision) = of;
    let mut sign_in = of_errand(tx, &flow.errand, peer, Kind::InteractiveUser)?;
    of_user(tx, &mut sign_in, user)?;
    if let Some(interruption) = interruption {
        let mut alike = sign_in.clone();
        Why::coded(interruption.code).note(&mut alike);
        sign_ins::take_back(tx, &alike, interruption.at)?;
    }
    sign_in.methods.clone_from(&session.methods.0);
    sign_in.session = Some(session.id);
    let mut is_end = true;
    match need {
        Need::Refuse(error, _) => Why::from(error).note(&mut sign_in),
        Need::Go(_) => {
            if let Errand::Visit(visit) = &flow.errand {
                let outbound = visit.outbound(tx, user)?;
                if !outbound.allowed {
                    Why::from(&OAuthError::BlockedByHome).note(&mut sign_in);
                }
                decision = Some(outbound);
            }
        }
        Need::Show(screen) => {
            // Another tenant's application that isn't here yet is called what the page calls it.
            if let Screen::Consent(asked)
            | Screen::Approval(asked)
            | Screen::Device(asked)
            | Screen::AdminConsent(asked) = screen.as_ref()
                && let Some(app) = &mut sign_in.app
            {
                let name = || asked.client.name.clone();
                app.display_name.get_or_insert_with(name);
            }
            let why = match screen.as_ref() {
                Screen::Consent(_) => Some(Why::new(
                    65_001,
                    "The user or an administrator has not consented to use the application.",
                )),
                Screen::Approval(_) => Some(Why::from(&OAuthError::ApprovalNeeded)),
                _ => None,
            };
            is_end = false;
            if let Some(why) = why {
                why.note(&mut sign_in);
            }
        }
    }
    decided(&mut sign_in, decision);
    sign_ins::record(tx, sign_in)?;
    Ok(is_end)
}

/// A sign-in that has reached its end and isn't in the log yet.
#[derive(Debug, Clone)]
pub(super) struct Unlogged {
    pub(super) peer: Peer,
    pub(super) kind: Kind,
    pub(super) decision: Option<Trace>,
}

impl Unlogged {
    /// Of a flow, if it isn't in the log.
    pub(super) fn of(
        flow: &Pending,
        peer: Peer,
        session: &Session,
        decision: Option<Trace>,
    ) -> Option<Self> {
        // By a session of before nobody has proved anything now.
        let kind = if session.authenticated_at >= flow.began_at {
            Kind::InteractiveUser
        } else {
            Kind::NonInteractiveUser
        };
        (!flow.is_logged).then_some(Self {
            peer,
            kind,
            decision,
        })
    }

    /// Whom a code can tell of, so that it's logged when the code gives tokens: who was let in by a
    /// session of before, without a question to anybody. Without a code that is redeemed nobody gets in.
    pub(super) fn by_code(&self) -> Option<Peer> {
        let is_silent = matches!(self.kind, Kind::NonInteractiveUser) && self.decision.is_none();
        is_silent.then(|| self.peer.shortened())
    }

    /// Records it.
    pub(super) fn record(
        &self,
        tx: &mut Tx<'_>,
        errand: &Errand,
        user: &User,
        session: &Session,
    ) -> Result<()> {
        let mut sign_in = of_errand(tx, errand, &self.peer, self.kind)?;
        of_user(tx, &mut sign_in, user)?;
        sign_in.methods.clone_from(&session.methods.0);
        sign_in.session = Some(session.id);
        let mut decision = self.decision.clone();
        if let Errand::Visit(visit) = errand {
            let outbound = visit.outbound(tx, user)?;
            if !outbound.allowed {
                Why::from(&OAuthError::BlockedByHome).note(&mut sign_in);
            }
            decision = Some(outbound);
        }
        decided(&mut sign_in, decision);
        sign_ins::record(tx, sign_in)
    }
}

impl Node {
    /// Records that somebody who is known was refused, where no transaction has.
    pub(super) async fn log_refusal(
        &self,
        tenant: TenantId,
        flow: &Pending,
        peer: Peer,
        user: Option<Id<kind::User>>,
        (error, decision): (&OAuthError, Option<Trace>),
    ) -> Result<()> {
        let is_known = user.is_some() || flow.session.is_some();
        if flow.is_logged || !is_known {
            return Ok(());
        }
        let (flow, why) = (flow.clone(), Why::from(error));
        let island = self.store().island(tenant)?;
        island
            .write(types::Actor::System, move |tx| {
                let user = match (user, flow.session) {
                    (Some(user), _) => Some(user),
                    (None, Some(session)) => {
                        identity::session::get(tx, session)?.map(|session| session.user)
                    }
                    (None, None) => None,
                };
                let Some(user) = user else {
                    return Ok(());
                };
                let sign_in = of_errand(tx, &flow.errand, &peer, Kind::InteractiveUser)?;
                refused(tx, sign_in, user, why, decision)
            })
            .await
    }
}

/// Records that somebody at the door was refused: the user here, or the name at home where there is none.
pub(super) fn refused_at_the_door(
    tx: &mut Tx<'_>,
    mut sign_in: SignIn,
    arrival: &visit::Arrival,
    why: Why,
    decision: Option<Trace>,
) -> Result<()> {
    sign_in.crossing = Some(Crossing {
        home: arrival.home,
        resource: tx.tenant(),
        decision: None,
    });
    match arrival.user(tx)? {
        Some(user) => of_user(tx, &mut sign_in, &user)?,
        None => {
            sign_in.user = Some(Person {
                id: None,
                user_principal_name: arrival.name().to_owned(),
                display_name: String::new(),
                is_guest: true,
            });
        }
    }
    why.note(&mut sign_in);
    decided(&mut sign_in, decision);
    sign_ins::record(tx, sign_in)
}
