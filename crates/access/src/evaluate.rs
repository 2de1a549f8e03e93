//! Decisions: this tenant's half of each, as a trace.
//!
//! - Pure functions over [`Rules`], which are loaded from one snapshot; no decision writes.
//! - Each half of a part is asked on its own, users first: the partner's if it is set, otherwise
//!   the default's. An allow-list lets those pass that are on it, a block-list those that aren't.
//!   What is nowhere set refuses.
//! - A step says how many are listed, never who. Its mend holds the list as it would have to be,
//!   so a trace that goes to another tenant has to pass [`disclosed`].

use std::sync::Arc;

use serde_json::{Value, json};
use store::ReadTx;
use types::trace::{Mend, Step, Trace};
use types::{Id, Result, TenantId, kind};
use uuid::Uuid;

use crate::default::get_default;
use crate::mend;
use crate::model::{
    AccessType, B2bSetting, Named, OFFICE_365, Settings, Target, TargetConfiguration, TargetType,
};
use crate::partners::{Partner, find_partner, find_partners};
use crate::stance::{Door, Doors, Stance};

/// Which way a user goes, seen from this tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Our user, to the partner.
    Outbound,
    /// The partner's user, to us.
    Inbound,
}

/// How a user is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// As a B2B user, with an object in the resource tenant.
    Collaboration,
    /// Through B2B direct connect, without one.
    DirectConnect,
}

/// Who wants to.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The user, by the object id at home.
    pub user: Id<kind::User>,
    /// The user's groups at home, nested ones included.
    pub groups: &'a [Id<kind::Group>],
}

/// Claims of the home tenant that are taken as if they were made here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trust {
    /// Multifactor authentication.
    pub mfa: bool,
    /// A compliant device.
    pub compliant_device: bool,
    /// A hybrid joined device.
    pub hybrid_joined: bool,
}

/// What this tenant has set about one other, for any number of decisions.
#[derive(Debug, Clone)]
pub struct Rules {
    tenant: TenantId,
    partner: TenantId,
    entry: Option<Partner>,
    default: Arc<Settings>,
}

impl Rules {
    /// The rules about a tenant.
    pub fn load(tx: &ReadTx<'_>, partner: TenantId) -> Result<Self> {
        Ok(Self {
            tenant: tx.tenant(),
            partner,
            entry: find_partner(tx, partner)?,
            default: Arc::new(get_default(tx)?.settings),
        })
    }

    /// The rules about several tenants, each named once, in the order in which they are named.
    pub fn load_each(tx: &ReadTx<'_>, partners: &[TenantId]) -> Result<Vec<Self>> {
        let default = Arc::new(get_default(tx)?.settings);
        let mut entries = find_partners(tx, partners)?;
        Ok(partners
            .iter()
            .map(|partner| Self {
                tenant: tx.tenant(),
                partner: *partner,
                entry: entries.remove(partner),
                default: Arc::clone(&default),
            })
            .collect())
    }

    /// Whether users may be synced: outbound, ours there; inbound, theirs here.
    pub fn sync(&self, direction: Direction) -> Trace {
        decided(self.stance().sync_steps(self.tenant, direction))
    }

    /// Whether this tenant's half of automatic redemption is on: with both, users aren't asked.
    pub fn consent_suppressed(&self, direction: Direction) -> Trace {
        let needs = "Leaving out the consent prompt needs";
        decided([self.stance().consent_step(self.tenant, direction, needs)])
    }

    /// What holds for everybody of that tenant, without the lists.
    pub fn stance(&self) -> Stance {
        let entry = self.entry.as_ref();
        let sync = entry.and_then(|entry| entry.identity_synchronization.as_ref());
        let consent = entry.map(|entry| entry.settings.automatic_user_consent_settings);
        let (consent, default) = (
            consent.unwrap_or_default(),
            self.default.automatic_user_consent_settings,
        );
        let doors = |direction| {
            let door = |half| {
                let (_, list) = self.in_force(direction, Channel::Collaboration, half);
                Door::of(list.as_ref())
            };
            Doors {
                users: door(Half::Users),
                applications: door(Half::Applications),
            }
        };
        Stance {
            partner: self.partner,
            has_entry: entry.is_some(),
            has_sync_entry: sync.is_some(),
            sync_allowed: sync.and_then(|sync| sync.is_sync_allowed),
            consent_inbound: consent.inbound_allowed.or(default.inbound_allowed),
            consent_outbound: consent.outbound_allowed.or(default.outbound_allowed),
            collaboration_inbound: doors(Direction::Inbound),
            collaboration_outbound: doors(Direction::Outbound),
        }
    }

    /// The list of a half that counts, and whether it is the partner's own.
    fn in_force(
        &self,
        direction: Direction,
        channel: Channel,
        half: Half,
    ) -> (bool, Option<TargetConfiguration>) {
        let of = |settings: &Settings| {
            part_of(settings, direction, channel)
                .and_then(|part| half.of(part))
                .cloned()
        };
        let own = self.entry.as_ref().and_then(|entry| of(&entry.settings));
        (own.is_some(), own.or_else(|| of(&self.default)))
    }

    /// Whether a user may sign in, and into an application. `None` is the tenant itself, which no
    /// list of applications names: only the half about users is asked. Whoever lets somebody into
    /// an application asks with it.
    pub fn sign_in(
        &self,
        direction: Direction,
        channel: Channel,
        subject: &Subject<'_>,
        application: Option<Uuid>,
    ) -> Trace {
        let mut trace = Trace::new();
        let user = Target {
            target: Named::Object(subject.user.uuid()),
            target_type: TargetType::User,
        };
        let passed = trace.step(
            self.half_step(direction, channel, Half::Users, user, |target| {
                match (target.target, target.target_type) {
                    (Named::AllUsers, _) => true,
                    (Named::Object(id), TargetType::User) => id == subject.user.uuid(),
                    (Named::Object(id), TargetType::Group) => {
                        subject.groups.iter().any(|group| group.uuid() == id)
                    }
                    _ => false,
                }
            }),
        );
        let Some(id) = application.filter(|_| passed) else {
            return trace;
        };
        let wanted = Target {
            target: Named::Object(id),
            target_type: TargetType::Application,
        };
        trace.step(
            self.half_step(
                direction,
                channel,
                Half::Applications,
                wanted,
                |target| match target.target {
                    Named::AllApplications => true,
                    Named::Office365 => OFFICE_365.contains(&id),
                    Named::Object(listed) => listed == id,
                    Named::AllUsers => false,
                },
            ),
        );
        trace
    }

    /// Whether people of the partner may be invited. Who it will be shows when the invitation is
    /// redeemed, so that here only a rule refuses that lets nobody in.
    pub fn invitation(&self) -> Trace {
        let (direction, channel) = (Direction::Inbound, Channel::Collaboration);
        let of = |settings: &Settings| {
            part_of(settings, direction, channel).and_then(|part| part.users_and_groups.clone())
        };
        let own = self.entry.as_ref().and_then(|entry| of(&entry.settings));
        let in_force = own.or_else(|| of(&self.default));
        let is_allow_list = in_force
            .as_ref()
            .is_some_and(|list| list.access_type == AccessType::Allowed);
        let everybody = Target {
            target: Named::AllUsers,
            target_type: TargetType::User,
        };
        let mut trace = Trace::new();
        trace.step(
            self.half_step(direction, channel, Half::Users, everybody, |target| {
                is_allow_list || target.target == Named::AllUsers
            }),
        );
        trace
    }

    /// Which claims of the partner's are trusted.
    pub fn inbound_trust(&self) -> Trust {
        let entry = self
            .entry
            .as_ref()
            .and_then(|entry| entry.settings.inbound_trust);
        let (entry, default) = (
            entry.unwrap_or_default(),
            self.default.inbound_trust.unwrap_or_default(),
        );
        let of = |own: Option<bool>, default: Option<bool>| own.or(default) == Some(true);
        Trust {
            mfa: of(entry.is_mfa_accepted, default.is_mfa_accepted),
            compliant_device: of(
                entry.is_compliant_device_accepted,
                default.is_compliant_device_accepted,
            ),
            hybrid_joined: of(
                entry.is_hybrid_joined_device_accepted,
                default.is_hybrid_joined_device_accepted,
            ),
        }
    }

    fn half_step(
        &self,
        direction: Direction,
        channel: Channel,
        half: Half,
        wanted: Target,
        names: impl Fn(&Target) -> bool,
    ) -> Step {
        let part = part_name(direction, channel);
        let (is_own, in_force) = self.in_force(direction, channel, half);
        let whose = if is_own {
            format!("partners/{}", self.partner)
        } else {
            "default".into()
        };
        let listed = in_force
            .as_ref()
            .is_some_and(|list| list.targets.iter().any(&names));
        let allowed = in_force
            .as_ref()
            .is_some_and(|list| match list.access_type {
                AccessType::Allowed => listed,
                AccessType::Blocked => !listed,
            });
        let mend = || {
            let (_, other) = self.in_force(direction, channel, half.other());
            mend::opened(
                in_force.as_ref(),
                other.as_ref(),
                wanted,
                half.all(),
                &names,
            )
            .map(|list| self.set(part, half.name(), json!(list)))
        };
        Step {
            tenant_id: self.tenant,
            setting: format!("{whose}.{part}.{}", half.name()),
            value: in_force.as_ref().map_or_else(|| "not set".into(), words),
            allowed,
            code: None,
            reason: format!(
                "Tenant {} {} {} {} tenant {}{}.",
                self.tenant,
                if allowed { "lets" } else { "doesn't let" },
                match half {
                    Half::Users => "this user",
                    Half::Applications => "users of this application",
                },
                match direction {
                    Direction::Outbound => "go to",
                    Direction::Inbound => "come in from",
                },
                self.partner,
                match channel {
                    Channel::Collaboration => "",
                    Channel::DirectConnect => " by direct connect",
                }
            ),
            mend: if allowed { None } else { mend() },
        }
    }

    fn set(&self, part: &str, member: &str, value: Value) -> Mend {
        mend::set(self.partner, self.entry.is_some(), part, &[(member, value)])
    }
}

/// A half of a B2B setting.
#[derive(Clone, Copy)]
enum Half {
    Users,
    Applications,
}

impl Half {
    const fn of(self, part: &B2bSetting) -> Option<&TargetConfiguration> {
        match self {
            Self::Users => part.users_and_groups.as_ref(),
            Self::Applications => part.applications.as_ref(),
        }
    }
    const fn name(self) -> &'static str {
        match self {
            Self::Users => "usersAndGroups",
            Self::Applications => "applications",
        }
    }
    const fn all(self) -> Named {
        match self {
            Self::Users => Named::AllUsers,
            Self::Applications => Named::AllApplications,
        }
    }
    const fn other(self) -> Self {
        match self {
            Self::Users => Self::Applications,
            Self::Applications => Self::Users,
        }
    }
}

const fn part_of(
    settings: &Settings,
    direction: Direction,
    channel: Channel,
) -> Option<&B2bSetting> {
    match (direction, channel) {
        (Direction::Outbound, Channel::Collaboration) => &settings.b2b_collaboration_outbound,
        (Direction::Inbound, Channel::Collaboration) => &settings.b2b_collaboration_inbound,
        (Direction::Outbound, Channel::DirectConnect) => &settings.b2b_direct_connect_outbound,
        (Direction::Inbound, Channel::DirectConnect) => &settings.b2b_direct_connect_inbound,
    }
    .as_ref()
}

pub(crate) const fn part_name(direction: Direction, channel: Channel) -> &'static str {
    match (direction, channel) {
        (Direction::Outbound, Channel::Collaboration) => "b2bCollaborationOutbound",
        (Direction::Inbound, Channel::Collaboration) => "b2bCollaborationInbound",
        (Direction::Outbound, Channel::DirectConnect) => "b2bDirectConnectOutbound",
        (Direction::Inbound, Channel::DirectConnect) => "b2bDirectConnectInbound",
    }
}

/// The steps up to the one that refuses.
fn decided(steps: impl IntoIterator<Item = Step>) -> Trace {
    let mut trace = Trace::new();
    for step in steps {
        trace.step(step);
    }
    trace
}

/// A list in words that may be disclosed: how many, and only "all" by name.
pub(crate) fn words(list: &TargetConfiguration) -> String {
    let access = match list.access_type {
        AccessType::Allowed => "allowed",
        AccessType::Blocked => "blocked",
    };
    let all = list.targets.iter().find_map(|target| match target.target {
        Named::AllUsers => Some("AllUsers"),
        Named::AllApplications => Some("AllApplications"),
        Named::Office365 | Named::Object(_) => None,
    });
    match (all, list.targets.as_slice()) {
        (Some(all), _) => format!("{access}: {all}"),
        (
            None,
            [
                Target {
                    target: Named::Office365,
                    ..
                },
            ],
        ) => format!("{access}: Office365"),
        (None, targets) => format!("{access}: {} listed", targets.len()),
    }
}

/// Whether `new` may let somebody pass whom `old` didn't. Groups can't be looked into here, so what
/// can't be told counts as yes.
pub(crate) fn permits_more(old: &TargetConfiguration, new: &TargetConfiguration) -> bool {
    use AccessType::{Allowed, Blocked};
    let missing = |from: &TargetConfiguration, of: &TargetConfiguration| {
        of.targets
            .iter()
            .any(|target| !from.targets.contains(target))
    };
    match (old.access_type, new.access_type) {
        (_, Blocked) if new.names_all() => false,
        (Allowed, _) if old.names_all() => false,
        (Allowed, Allowed) => missing(old, new),
        (Blocked, Blocked) => missing(new, old),
        (Allowed, Blocked) | (Blocked, Allowed) => true,
    }
}

/// A trace as another tenant may see it: a mend that holds a list of targets is left out.
pub fn disclosed(mut trace: Trace) -> Trace {
    for step in &mut trace.steps {
        step.mend.take_if(|mend| names_targets(&mend.body));
    }
    trace
}

fn names_targets(body: &Value) -> bool {
    body.as_object().is_some_and(|members| {
        members
            .iter()
            .any(|(name, value)| name == "targets" || names_targets(value))
    })
}

/// Whether this tenant lets its users be synchronized to a tenant.
pub fn outbound_sync(tx: &ReadTx<'_>, to: TenantId) -> Result<Trace> {
    Ok(Rules::load(tx, to)?.sync(Direction::Outbound))
}
/// Whether this tenant lets users of a tenant be synchronized into it.
pub fn inbound_sync(tx: &ReadTx<'_>, from: TenantId) -> Result<Trace> {
    Ok(Rules::load(tx, from)?.sync(Direction::Inbound))
}
/// Whether this tenant lets one of its users into a tenant; see [`Rules::sign_in`].
pub fn outbound_sign_in(
    tx: &ReadTx<'_>,
    to: TenantId,
    channel: Channel,
    subject: &Subject<'_>,
    application: Option<Uuid>,
) -> Result<Trace> {
    Ok(Rules::load(tx, to)?.sign_in(Direction::Outbound, channel, subject, application))
}
/// Whether this tenant lets in a user of a tenant; see [`Rules::sign_in`].
pub fn inbound_sign_in(
    tx: &ReadTx<'_>,
    from: TenantId,
    channel: Channel,
    subject: &Subject<'_>,
    application: Option<Uuid>,
) -> Result<Trace> {
    Ok(Rules::load(tx, from)?.sign_in(Direction::Inbound, channel, subject, application))
}
/// Whether this tenant lets people of a tenant be invited; see [`Rules::invitation`].
pub fn inbound_invitation(tx: &ReadTx<'_>, from: TenantId) -> Result<Trace> {
    Ok(Rules::load(tx, from)?.invitation())
}
/// This tenant's half of automatic redemption: at home outbound, at the resource inbound.
pub fn consent_suppressed(
    tx: &ReadTx<'_>,
    partner: TenantId,
    direction: Direction,
) -> Result<Trace> {
    Ok(Rules::load(tx, partner)?.consent_suppressed(direction))
}
/// Which claims of a tenant's are trusted here.
pub fn inbound_trust(tx: &ReadTx<'_>, from: TenantId) -> Result<Trust> {
    Ok(Rules::load(tx, from)?.inbound_trust())
}
