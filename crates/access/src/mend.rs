//! The request that would let a refused step pass, opening no more than it must; and carrying it
//! out.

use serde_json::{Map, Value, json};
use store::Tx;
use types::trace::Mend;
use types::{Error, Result, TenantId};

use crate::body::TARGETS_MAX;
use crate::evaluate::{Direction, Rules};
use crate::identity_sync::{create_identity_sync, update_identity_sync};
use crate::model::{AccessType, Named, Target, TargetConfiguration};
use crate::partners::{create_partner, find_partner, update_partner};

const PARTNERS: &str = "/v1.0/policies/crossTenantAccessPolicy/partners";

/// Sets members of a part of a partner's entry, which is made if there is none.
pub(crate) fn set(
    partner: TenantId,
    entry_exists: bool,
    part: &str,
    members: &[(&str, Value)],
) -> Mend {
    let members: Map<String, Value> = members
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    let mut body = Map::new();
    if !entry_exists {
        body.insert("tenantId".into(), json!(partner));
    }
    body.insert(part.to_owned(), Value::Object(members));
    if entry_exists {
        let path = format!("{PARTNERS}/{partner}");
        Mend {
            method: "PATCH".into(),
            path,
            body: Value::Object(body),
        }
    } else {
        Mend {
            method: "POST".into(),
            path: PARTNERS.into(),
            body: Value::Object(body),
        }
    }
}

/// Allows synchronization from a partner.
pub(crate) fn allow_sync(partner: TenantId, entry_exists: bool, sync_exists: bool) -> Mend {
    let inbound = json!({"isSyncAllowed": true});
    if !entry_exists {
        return set(
            partner,
            false,
            "identitySynchronization",
            &[("userSyncInbound", inbound)],
        );
    }
    Mend {
        method: if sync_exists { "PATCH" } else { "PUT" }.into(),
        path: format!("{PARTNERS}/{partner}/identitySynchronization"),
        body: json!({"userSyncInbound": inbound}),
    }
}

/// The list that lets `wanted` pass, made from the one in force. `None` if the list is full.
///
/// - An allow-list gets one more.
/// - A block-list loses those that stand in the way; what is left stays blocked.
/// - Where all are blocked, only the one that is wanted is allowed.
pub(crate) fn opened(
    in_force: Option<&TargetConfiguration>,
    other_half: Option<&TargetConfiguration>,
    wanted: Target,
    all: Named,
    stands_in_the_way: impl Fn(&Target) -> bool,
) -> Option<TargetConfiguration> {
    let only_wanted = TargetConfiguration {
        access_type: AccessType::Allowed,
        targets: vec![wanted],
    };
    let Some(in_force) = in_force else {
        return Some(only_wanted);
    };
    let mut targets = in_force.targets.clone();
    if in_force.access_type == AccessType::Allowed {
        targets.push(wanted);
        let opened = TargetConfiguration {
            access_type: AccessType::Allowed,
            targets,
        };
        return (opened.targets.len() <= TARGETS_MAX).then_some(opened);
    }
    if in_force.names_all() {
        return Some(only_wanted);
    }
    targets.retain(|target| !stands_in_the_way(target));
    if !targets.is_empty() {
        return Some(TargetConfiguration {
            access_type: AccessType::Blocked,
            targets,
        });
    }
    // All of one kind can't be allowed while all of the other are blocked.
    let other_is_closed = other_half
        .is_some_and(|other| other.access_type == AccessType::Blocked && other.names_all());
    Some(if other_is_closed {
        only_wanted
    } else {
        TargetConfiguration::all(AccessType::Allowed, all)
    })
}

/// Carries out a request that [`crate::Stance`] has made, in this tenant.
fn carry_out(tx: &mut Tx<'_>, partner: TenantId, mend: Mend) -> Result<()> {
    let Value::Object(body) = mend.body else {
        return Err(Error::internal("a mend without a body"));
    };
    match mend.method.as_str() {
        "POST" => create_partner(tx, &body).map(drop),
        "PUT" => create_identity_sync(tx, partner, &body),
        _ if mend.path.ends_with("/identitySynchronization") => {
            update_identity_sync(tx, partner, &body)
        }
        _ => update_partner(tx, partner, &body),
    }
}

/// Allows users of a partner to be synced in, if they may not be.
pub fn mend_sync(tx: &mut Tx<'_>, partner: TenantId) -> Result<()> {
    let stance = Rules::load(tx, partner)?.stance();
    if stance.sync_allowed == Some(true) {
        return Ok(());
    }
    carry_out(tx, partner, stance.allow_sync())
}

/// Turns this tenant's half of automatic redemption on, if it is off.
pub fn mend_consent(tx: &mut Tx<'_>, partner: TenantId, direction: Direction) -> Result<()> {
    let stance = Rules::load(tx, partner)?.stance();
    let value = match direction {
        Direction::Inbound => stance.consent_inbound,
        Direction::Outbound => stance.consent_outbound,
    };
    if value == Some(true) {
        return Ok(());
    }
    carry_out(tx, partner, stance.consent(direction))
}

/// Opens those halves of B2B collaboration that are open for nobody.
pub fn mend_doors(tx: &mut Tx<'_>, partner: TenantId, direction: Direction) -> Result<()> {
    let stance = Rules::load(tx, partner)?.stance();
    let steps = stance.sign_in_steps(tx.tenant(), direction);
    if steps.iter().all(|(step, _)| step.allowed) {
        return Ok(());
    }
    carry_out(tx, partner, stance.open_doors(direction))
}

/// What a tenant has opened for another, as far as [`close`] closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opened {
    sync_allowed: Option<bool>,
    consent_inbound: Option<bool>,
    consent_outbound: Option<bool>,
}

fn set_opened(tx: &mut Tx<'_>, partner: TenantId, new: Opened) -> Result<Option<Opened>> {
    let Some(entry) = find_partner(tx, partner)? else {
        return Ok(None);
    };
    let consent = entry.settings.automatic_user_consent_settings;
    let old = Opened {
        sync_allowed: entry
            .identity_synchronization
            .as_ref()
            .and_then(|sync| sync.is_sync_allowed),
        consent_inbound: consent.inbound_allowed,
        consent_outbound: consent.outbound_allowed,
    };
    let object = |value: Value| match value {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    let consent = object(json!({"automaticUserConsentSettings": {
        "inboundAllowed": new.consent_inbound,
        "outboundAllowed": new.consent_outbound,
    }}));
    update_partner(tx, partner, &consent)?;
    if entry.identity_synchronization.is_some() {
        let sync = object(json!({"userSyncInbound": {"isSyncAllowed": new.sync_allowed}}));
        update_identity_sync(tx, partner, &sync)?;
    }
    Ok(Some(old))
}

/// Closes what this tenant has opened for a partner's users and its own in the partner: none are
/// synced in any more, and both halves of automatic redemption are as the default has them. Answers
/// what was open, for [`reopen`]; none if there is no entry.
pub fn close(tx: &mut Tx<'_>, partner: TenantId) -> Result<Option<Opened>> {
    let closed = Opened {
        sync_allowed: Some(false),
        consent_inbound: None,
        consent_outbound: None,
    };
    set_opened(tx, partner, closed)
}

/// Opens what [`close`] has closed.
pub fn reopen(tx: &mut Tx<'_>, partner: TenantId, opened: Opened) -> Result<()> {
    set_opened(tx, partner, opened).map(drop)
}
