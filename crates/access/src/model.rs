//! The settings, as Graph's types have them.
//!
//! One struct holds the parts of an entry, whether it is a partner's, the default or a template:
//! null means "inherits", "filled in by the service" and "leaves untouched" in turn.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whether those who are listed may or may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AccessType {
    /// Only those listed may.
    Allowed,
    /// All but those listed may.
    Blocked,
}

/// What a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TargetType {
    /// A user, or all of them.
    User,
    /// A group.
    Group,
    /// An application, or a set of them.
    Application,
}

/// Whom a target names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Named {
    /// Every user.
    AllUsers,
    /// Every application.
    AllApplications,
    /// The applications of [`OFFICE_365`].
    Office365,
    /// One object: inbound users and groups are the partner's, outbound ones our own; inbound
    /// applications our own, outbound ones the partner's. Applications by their client id.
    #[serde(untagged)]
    Object(Uuid),
}

/// One that is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Whom.
    pub target: Named,
    /// As what.
    pub target_type: TargetType,
}

/// A list and what it means to be on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetConfiguration {
    /// Whether those listed may or may not.
    pub access_type: AccessType,
    /// Those listed.
    pub targets: Vec<Target>,
}

impl TargetConfiguration {
    /// Everybody, or every application.
    pub fn all(access_type: AccessType, target: Named) -> Self {
        let target_type = match target {
            Named::AllUsers => TargetType::User,
            _ => TargetType::Application,
        };
        Self {
            access_type,
            targets: vec![Target {
                target,
                target_type,
            }],
        }
    }
    /// Whether the list names all.
    pub fn names_all(&self) -> bool {
        self.targets
            .iter()
            .any(|t| matches!(t.target, Named::AllUsers | Named::AllApplications))
    }
}

/// Who, and which applications. A half that is null inherits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct B2bSetting {
    /// Who.
    pub users_and_groups: Option<TargetConfiguration>,
    /// Which applications.
    pub applications: Option<TargetConfiguration>,
}

/// Which devices, for tenant restrictions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Devices {
    /// Whether those that the rule finds may or may not.
    pub mode: Option<AccessType>,
    /// The rule.
    pub rule: Option<String>,
}

/// Restrictions on the accounts of other tenants that are used in this tenant's network. They are
/// kept for the devices and networks that enforce them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantRestrictions {
    /// Which devices.
    pub devices: Option<Devices>,
    /// Who.
    pub users_and_groups: Option<TargetConfiguration>,
    /// Which applications.
    pub applications: Option<TargetConfiguration>,
}

/// Claims of the home tenant that are taken as if they were made here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InboundTrust {
    /// Multifactor authentication.
    pub is_mfa_accepted: Option<bool>,
    /// A compliant device.
    pub is_compliant_device_accepted: Option<bool>,
    /// A hybrid joined device.
    #[serde(rename = "isHybridAzureADJoinedDeviceAccepted")]
    pub is_hybrid_joined_device_accepted: Option<bool>,
}

/// Automatic redemption: no consent prompt where home's outbound and resource's inbound are true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// For users who come here.
    pub inbound_allowed: Option<bool>,
    /// For users who go there.
    pub outbound_allowed: Option<bool>,
}

/// Which users, for Microsoft 365 collaboration that comes in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct M365Inbound {
    /// Who.
    pub users: Option<TargetConfiguration>,
}

/// Which users, for Microsoft 365 collaboration that goes out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct M365Outbound {
    /// Who.
    pub users_and_groups: Option<TargetConfiguration>,
}

/// Which applications may connect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppServiceConnect {
    /// Which applications.
    pub applications: Option<TargetConfiguration>,
}

/// Which identity providers an invited user may redeem with, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Redemption {
    /// The order.
    pub primary_identity_provider_precedence_order: Option<Vec<String>>,
    /// The last resort.
    pub fallback_identity_provider: Option<String>,
}

/// The parts of an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Claims that are trusted.
    pub inbound_trust: Option<InboundTrust>,
    /// Automatic redemption; an object with nulls where nothing is set, never null.
    pub automatic_user_consent_settings: Consent,
    /// Our users in their tenant, as B2B users.
    pub b2b_collaboration_outbound: Option<B2bSetting>,
    /// Their users in our tenant, as B2B users.
    pub b2b_collaboration_inbound: Option<B2bSetting>,
    /// Our users in their shared channels, without a user there.
    pub b2b_direct_connect_outbound: Option<B2bSetting>,
    /// Their users in our shared channels, without a user here.
    pub b2b_direct_connect_inbound: Option<B2bSetting>,
    /// Restrictions on accounts of other tenants.
    pub tenant_restrictions: Option<TenantRestrictions>,
    /// Microsoft 365 collaboration that comes in; kept, not evaluated.
    pub m365_collaboration_inbound: Option<M365Inbound>,
    /// Microsoft 365 collaboration that goes out; kept, not evaluated.
    pub m365_collaboration_outbound: Option<M365Outbound>,
    /// App services that connect from there; kept, not evaluated.
    pub app_service_connect_inbound: Option<AppServiceConnect>,
}

const fn guid(value: u128) -> Uuid {
    Uuid::from_u128(value)
}

/// Microsoft Teams, which chats, channels and calls are asked for as.
pub const TEAMS: Uuid = guid(0xcc15_fd57_2c6c_4117_a88c_83b1_d56b_4bbe);

/// What the target `Office365` stands for, by Microsoft's well-known client ids.
pub const OFFICE_365: [Uuid; 6] = [
    TEAMS,
    // Exchange Online, SharePoint Online, Skype for Business Online.
    guid(0x0000_0002_0000_0ff1_ce00_0000_0000_0000),
    guid(0x0000_0003_0000_0ff1_ce00_0000_0000_0000),
    guid(0x0000_0004_0000_0ff1_ce00_0000_0000_0000),
    // The Teams clients on the desktop and in the browser.
    guid(0x1fec_8e78_bce4_4aaf_ab1b_5451_cc38_7264),
    guid(0x5e3c_e6c0_2b1f_4285_8d4b_75ee_7878_7346),
];

impl Settings {
    /// What holds where nobody has set anything: B2B collaboration is open, direct connect is
    /// closed, nothing is trusted, consent is asked for.
    pub(crate) fn service_default() -> Self {
        let users = |access| Some(TargetConfiguration::all(access, Named::AllUsers));
        let applications = |access| Some(TargetConfiguration::all(access, Named::AllApplications));
        let both = |access| {
            Some(B2bSetting {
                users_and_groups: users(access),
                applications: applications(access),
            })
        };
        let (no, open, closed) = (Some(false), AccessType::Allowed, AccessType::Blocked);
        Self {
            inbound_trust: Some(InboundTrust {
                is_mfa_accepted: no,
                is_compliant_device_accepted: no,
                is_hybrid_joined_device_accepted: no,
            }),
            automatic_user_consent_settings: Consent {
                inbound_allowed: no,
                outbound_allowed: no,
            },
            b2b_collaboration_outbound: both(open),
            b2b_collaboration_inbound: both(open),
            b2b_direct_connect_outbound: both(closed),
            b2b_direct_connect_inbound: both(closed),
            tenant_restrictions: Some(TenantRestrictions {
                devices: None,
                users_and_groups: users(closed),
                applications: applications(closed),
            }),
            m365_collaboration_inbound: Some(M365Inbound {
                users: users(closed),
            }),
            m365_collaboration_outbound: Some(M365Outbound {
                users_and_groups: users(open),
            }),
            app_service_connect_inbound: Some(AppServiceConnect {
                applications: applications(closed),
            }),
        }
    }
}

impl Redemption {
    pub(crate) fn service_default() -> Self {
        let order = [
            "externalFederation",
            "azureActiveDirectory",
            "socialIdentityProviders",
        ];
        Self {
            primary_identity_provider_precedence_order: Some(order.map(str::to_owned).to_vec()),
            fallback_identity_provider: Some("defaultConfiguredIdp".into()),
        }
    }
}
