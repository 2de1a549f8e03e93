//! The cross-tenant access policy of a tenant: what it lets its own users do in other tenants, and
//! users of other tenants do in it.
//!
//! - Tenants are named by id, never by domain. Access needs home's *outbound* and resource's
//!   *inbound*; each tenant decides its own half, and everything is denied unless both agree.
//! - What a partner's entry leaves null it inherits from the default, half by half and flag by
//!   flag; the default inherits from the service's.
//! - [`outbound_sync`] and its kin decide from a snapshot and tell how: one [`types::trace::Step`]
//!   per setting, with the request that would mend it. A trace that leaves the tenant goes through
//!   [`disclosed`] first.
//! - Joining an organization applies this tenant's templates to its own entries
//!   ([`apply_templates`]); a preview is the same plan without effect.
//! - Every change is in the feed and in the audit log; what changes nothing writes nothing.
//!
//! Source: Microsoft Graph, crossTenantAccessPolicy and the types it contains (v1.0).

mod body;
mod default;
mod evaluate;
mod identity_sync;
mod join;
mod mend;
mod model;
mod partners;
mod policy;
mod records;
mod stance;
mod templates;

pub use default::{DefaultConfiguration, get_default, reset_default, update_default};
pub use evaluate::{
    Channel, Direction, Rules, Subject, Trust, consent_suppressed, disclosed, inbound_invitation,
    inbound_sign_in, inbound_sync, inbound_trust, outbound_sign_in, outbound_sync,
};
pub use identity_sync::{
    IdentitySync, create_identity_sync, delete_identity_sync, get_identity_sync,
    inbound_group_sync, update_identity_sync,
};
pub use join::{SettingChange, apply_templates, preview_templates, set_membership};
pub use mend::{Opened, close, mend_consent, mend_doors, mend_sync, reopen};
pub use model::{
    AccessType, AppServiceConnect, B2bSetting, Consent, Devices, InboundTrust, M365Inbound,
    M365Outbound, Named, OFFICE_365, Redemption, Settings, TEAMS, Target, TargetConfiguration,
    TargetType, TenantRestrictions,
};
pub use partners::{
    Partner, create_partner, delete_partner, get_partner, list_partners, update_partner,
};
pub use policy::{Policy, get_policy, update_policy};
pub use stance::{Door, Doors, Opening, Stance};
pub use templates::{
    IdentitySyncTemplate, Level, PartnerTemplate, get_identity_sync_template, get_partner_template,
    reset_identity_sync_template, reset_partner_template, update_identity_sync_template,
    update_partner_template,
};
