//! The policy, its default and its templates, through a real store.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at what it does not expect"
)]

use crate::common::{everyone, fixture, list, object, refused};
use serde_json::{Value, json};
use types::Result;

const PARTS: [&str; 10] = [
    "inboundTrust",
    "automaticUserConsentSettings",
    "b2bCollaborationOutbound",
    "b2bCollaborationInbound",
    "b2bDirectConnectOutbound",
    "b2bDirectConnectInbound",
    "tenantRestrictions",
    "m365CollaborationInbound",
    "m365CollaborationOutbound",
    "appServiceConnectInbound",
];

#[test]
fn the_policy_has_a_name_and_clouds() {
    let f = fixture();
    let get = || Value::Object(f.read(access::get_policy).to_graph());
    let patch = |body: Value| f.write(move |tx| access::update_policy(tx, &object(body)));
    assert_eq!(get()["allowedCloudEndpoints"], json!([]));
    patch(json!({"displayName": "Ours", "allowedCloudEndpoints": ["microsoftonline.us"]})).unwrap();
    assert_eq!(get()["displayName"], "Ours");
    patch(json!({"displayName": null})).unwrap();
    assert_eq!(get()["displayName"], Value::Null);
    assert_eq!(
        get()["allowedCloudEndpoints"],
        json!(["microsoftonline.us"])
    );
    for (body, named) in [
        (json!({"nonsense": 1}), "nonsense"),
        (json!({"id": "x"}), "id"),
        (json!({"displayName": 1}), "displayName"),
        (json!({"displayName": "x".repeat(257)}), "displayName"),
        (
            json!({"allowedCloudEndpoints": "microsoftonline.us"}),
            "allowedCloudEndpoints",
        ),
        (
            json!({"allowedCloudEndpoints": ["example.com"]}),
            "allowedCloudEndpoints",
        ),
        (
            json!({"@odata.type": "#microsoft.graph.user"}),
            "@odata.type",
        ),
    ] {
        assert_eq!(refused(patch(body)), named);
    }
    patch(json!({"@odata.type": "#microsoft.graph.crossTenantAccessPolicy"})).unwrap();
    assert_eq!(
        f.activities().len(),
        2,
        "what changes nothing writes nothing"
    );
    assert_eq!(f.changes().len(), 2);
    assert_eq!(
        f.changes()[0].properties,
        ["displayName", "allowedCloudEndpoints"]
    );
}

#[test]
fn the_default_is_filled_in_and_goes_back_to_the_services() {
    let f = fixture();
    let get = || Value::Object(f.read(|tx| access::get_default(tx)?.to_graph()));
    let patch = |body: Value| f.write(move |tx| access::update_default(tx, &object(body)));
    let service = get();
    assert_eq!(service["isServiceDefault"], true);
    assert_eq!(service["b2bCollaborationInbound"], everyone("allowed"));
    assert_eq!(service["b2bDirectConnectOutbound"], everyone("blocked"));
    assert_eq!(
        service["automaticUserConsentSettings"],
        json!({"inboundAllowed": false, "outboundAllowed": false})
    );
    assert!(PARTS.iter().all(|part| service[part].is_object()));
    let redemption = "invitationRedemptionIdentityProviderConfiguration";
    assert_eq!(
        service[redemption]["fallbackIdentityProvider"],
        "defaultConfiguredIdp"
    );

    // What is there already is no change.
    patch(json!({"inboundTrust": {"isMfaAccepted": false}, "b2bCollaborationInbound": everyone("allowed")})).unwrap();
    assert_eq!(get(), service);
    assert!(f.changes().is_empty() && f.activities().is_empty());

    let redeem = json!({"primaryIdentityProviderPrecedenceOrder": ["azureActiveDirectory"]});
    patch(json!({"inboundTrust": {"isMfaAccepted": true}, redemption: redeem})).unwrap();
    let changed = get();
    assert_eq!(changed["isServiceDefault"], false);
    assert_eq!(
        changed["inboundTrust"],
        json!({
            "isMfaAccepted": true, "isCompliantDeviceAccepted": false,
            "isHybridAzureADJoinedDeviceAccepted": false,
        })
    );
    assert_eq!(
        changed[redemption]["fallbackIdentityProvider"],
        "defaultConfiguredIdp"
    );
    assert_eq!(
        f.changes()[0].properties,
        [
            "default.inboundTrust".to_owned(),
            format!("default.{redemption}"),
        ]
    );

    for (body, named) in [
        (
            json!({"automaticUserConsentSettings": {"inboundAllowed": true}}),
            "automaticUserConsentSettings",
        ),
        (json!({"isServiceDefault": true}), "isServiceDefault"),
        (json!({"nonsense": {}}), "nonsense"),
        (json!({"inboundTrust": true}), "inboundTrust"),
        (
            json!({"inboundTrust": {"isMfaAccepted": "yes"}}),
            "inboundTrust.isMfaAccepted",
        ),
        (
            json!({"inboundTrust": {"isMfa": true}}),
            "inboundTrust.isMfa",
        ),
        (
            json!({redemption: {"fallbackIdentityProvider": "socialIdentityProviders"}}),
            "invitationRedemptionIdentityProviderConfiguration.fallbackIdentityProvider",
        ),
        // Half of what is all and blocked can't be all and allowed.
        (
            json!({"b2bDirectConnectInbound": {"usersAndGroups": list("allowed", "user", &["AllUsers"])}}),
            "b2bDirectConnectInbound",
        ),
    ] {
        assert_eq!(refused(patch(body)), named);
    }
    assert_eq!(get(), changed, "a refused call has no effect");

    // Null is the service's again; a reset makes it the service's own.
    patch(json!({"inboundTrust": null, redemption: null, "automaticUserConsentSettings": null}))
        .unwrap();
    let mut back = get();
    assert_eq!(back["isServiceDefault"], false);
    back["isServiceDefault"] = json!(true);
    assert_eq!(back, service);
    f.write(access::reset_default).unwrap();
    f.write(access::reset_default).unwrap();
    assert_eq!(get(), service);
    assert_eq!(
        f.activities(),
        [
            "Update the company default cross-tenant access setting",
            "Update the company default cross-tenant access setting",
            "Reset the cross-tenant access default setting",
        ]
    );
}

#[test]
fn templates_are_singletons_with_a_level() {
    let f = fixture();
    let partners = || Value::Object(f.read(|tx| access::get_partner_template(tx)?.to_graph()));
    let syncs = || Value::Object(f.read(access::get_identity_sync_template).to_graph());
    let patch_partners =
        |body: Value| f.write(move |tx| access::update_partner_template(tx, &object(body)));
    let patch_syncs =
        |body: Value| f.write(move |tx| access::update_identity_sync_template(tx, &object(body)));
    let unconfigured = (partners(), syncs());
    assert_eq!(
        unconfigured.0,
        json!({
            "id": "multiTenantOrganizationPartnerConfiguration",
            "templateApplicationLevel": "newPartners,existingPartners",
            "inboundTrust": null,
            "automaticUserConsentSettings": {"inboundAllowed": null, "outboundAllowed": null},
            "b2bCollaborationOutbound": null, "b2bCollaborationInbound": null,
            "b2bDirectConnectOutbound": null, "b2bDirectConnectInbound": null,
        })
    );
    assert_eq!(
        unconfigured.1,
        json!({
            "id": "multiTenantOrganizationIdentitySynchronization",
            "templateApplicationLevel": "newPartners,existingPartners", "userSyncInbound": null,
        })
    );
    patch_partners(json!({
        "automaticUserConsentSettings": {"inboundAllowed": true},
        "b2bCollaborationInbound": everyone("allowed"),
        "templateApplicationLevel": "existingPartners, newPartners",
    }))
    .unwrap();
    patch_syncs(
        json!({"userSyncInbound": {"isSyncAllowed": true}, "templateApplicationLevel": "none"}),
    )
    .unwrap();
    assert_eq!(
        partners()["templateApplicationLevel"],
        "newPartners,existingPartners"
    );
    assert_eq!(
        partners()["automaticUserConsentSettings"],
        json!({"inboundAllowed": true, "outboundAllowed": null})
    );
    assert_eq!(syncs()["userSyncInbound"], json!({"isSyncAllowed": true}));
    assert_eq!(syncs()["templateApplicationLevel"], "none");
    for (level, reads) in [
        ("", "none"),
        ("newPartners", "newPartners"),
        ("none,newPartners", "newPartners"),
    ] {
        patch_partners(json!({"templateApplicationLevel": level})).unwrap();
        assert_eq!(partners()["templateApplicationLevel"], reads);
    }
    for level in [
        json!("sometimes"),
        json!("newPartners,sometimes"),
        json!(1),
        json!(null),
    ] {
        for patch in [
            &patch_partners as &dyn Fn(Value) -> Result<()>,
            &patch_syncs as &dyn Fn(Value) -> Result<()>,
        ] {
            let body = json!({"templateApplicationLevel": level});
            assert_eq!(refused(patch(body)), "templateApplicationLevel");
        }
    }
    // A template has fewer parts than an entry.
    assert_eq!(
        refused(patch_partners(json!({"tenantRestrictions": null}))),
        "tenantRestrictions"
    );
    assert_eq!(refused(patch_partners(json!({"id": "x"}))), "id");
    assert_eq!(
        refused(patch_syncs(json!({"inboundTrust": null}))),
        "inboundTrust"
    );
    f.write(access::reset_partner_template).unwrap();
    f.write(access::reset_identity_sync_template).unwrap();
    assert_eq!((partners(), syncs()), unconfigured);
    let count = f.activities().len();
    f.write(access::reset_partner_template).unwrap();
    assert_eq!(f.activities().len(), count);
}
