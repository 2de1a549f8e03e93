//! The request that would let a refused step pass, opening no more than it must.

use serde_json::{Map, Value, json};
use types::TenantId;
use types::trace::Mend;

use crate::body::TARGETS_MAX;
use crate::model::{AccessType, Named, Target, TargetConfiguration};

const PARTNERS: &str = "/v1.0/policies/crossTenantAccessPolicy/partners";

/// Sets one member of a part of a partner's entry, which is made if there is none.
pub(crate) fn set(
    partner: TenantId,
    entry_exists: bool,
    part: &str,
    member: &str,
    value: &Value,
) -> Mend {
    let mut body = Map::new();
    if !entry_exists {
        body.insert("tenantId".into(), json!(partner));
    }
    body.insert(part.to_owned(), json!({ member: value }));
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
            "userSyncInbound",
            &inbound,
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
