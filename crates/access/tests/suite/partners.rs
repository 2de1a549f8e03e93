//! Partners and their synchronization entries, through a real store.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at what it does not expect"
)]

use crate::common::{everyone, fixture, list, object, partner, refused};
use serde_json::{Value, json};
use store::Op;
use types::{Error, TenantId};

const USER: &str = "5e1f0c3a-0000-4000-8000-000000000001";

#[test]
fn a_fresh_partner_inherits_everything() {
    let f = fixture();
    let created = f.create(json!({}), partner(1)).unwrap();
    let graph = f.partner(partner(1));
    assert_eq!(Value::Object(created.to_graph().unwrap()), graph);
    assert_eq!(
        graph,
        json!({
            "tenantId": partner(1), "isServiceProvider": null, "isInMultiTenantOrganization": false,
            "inboundTrust": null,
            "automaticUserConsentSettings": {"inboundAllowed": null, "outboundAllowed": null},
            "b2bCollaborationOutbound": null, "b2bCollaborationInbound": null,
            "b2bDirectConnectOutbound": null, "b2bDirectConnectInbound": null,
            "tenantRestrictions": null, "m365CollaborationInbound": null,
            "m365CollaborationOutbound": null, "appServiceConnectInbound": null,
        })
    );
}

#[test]
fn what_cannot_be_a_partner() {
    let f = fixture();
    let own = f.tenant;
    let post = |body: Value| f.write(move |tx| access::create_partner(tx, &object(body)));
    for body in [
        json!({}),
        json!({"tenantId": null}),
        json!({"tenantId": 7}),
        json!({"tenantId": "fabrikam.example"}),
        json!({"tenantId": TenantId::nil()}),
        json!({"tenantId": own}),
    ] {
        assert_eq!(refused(post(body)), "tenantId");
    }
    f.create(json!({}), partner(1)).unwrap();
    let again = f.create(json!({}), partner(1));
    assert!(matches!(
        again,
        Err(Error::AlreadyExists {
            property: "tenantId"
        })
    ));
    let missing = f.update(partner(2), json!({}));
    assert!(matches!(missing, Err(Error::NotFound { .. })));
}

#[test]
fn absent_stays_null_inherits_a_value_replaces() {
    let f = fixture();
    let id = partner(1);
    f.create(json!({"inboundTrust": {"isMfaAccepted": true}}), id)
        .unwrap();
    let inbound = json!({
        "usersAndGroups": list("allowed", "user", &[USER]),
        "applications": list("allowed", "application", &["Office365"]),
    });
    f.update(
        id,
        json!({
            "b2bCollaborationInbound": inbound,
            "automaticUserConsentSettings": {"inboundAllowed": true},
        }),
    )
    .unwrap();
    // Members that aren't named stay; a half alone may be set.
    f.update(id, json!({
        "automaticUserConsentSettings": {"outboundAllowed": false},
        "b2bCollaborationInbound": {"applications": list("blocked", "application", &["Office365"])},
    }))
    .unwrap();
    let read = f.partner(id);
    assert_eq!(read["inboundTrust"]["isMfaAccepted"], true);
    assert_eq!(
        read["automaticUserConsentSettings"],
        json!({"inboundAllowed": true, "outboundAllowed": false})
    );
    assert_eq!(
        read["b2bCollaborationInbound"]["usersAndGroups"],
        inbound["usersAndGroups"]
    );
    assert_eq!(
        read["b2bCollaborationInbound"]["applications"]["accessType"],
        "blocked"
    );
    f.update(
        id,
        json!({
            "b2bCollaborationInbound": null, "automaticUserConsentSettings": null,
            "inboundTrust": {"isMfaAccepted": null},
        }),
    )
    .unwrap();
    let read = f.partner(id);
    assert_eq!(read["b2bCollaborationInbound"], Value::Null);
    assert_eq!(
        read["automaticUserConsentSettings"],
        json!({"inboundAllowed": null, "outboundAllowed": null})
    );
    assert_eq!(read["inboundTrust"]["isMfaAccepted"], Value::Null);
}

#[test]
fn clients_annotations_and_repetitions_are_taken() {
    let f = fixture();
    let id = partner(1);
    let shout = USER.to_uppercase();
    f.create(
        json!({"@odata.type": "#microsoft.graph.crossTenantAccessPolicyConfigurationPartner"}),
        id,
    )
    .unwrap();
    f.update(id, json!({
        "tenantId": id.to_string().to_uppercase(),
        "b2bCollaborationInbound": {
            "@odata.type": "#microsoft.graph.crossTenantAccessPolicyB2BSetting",
            "usersAndGroups": {
                "targets@odata.type": "#Collection(microsoft.graph.crossTenantAccessPolicyTarget)",
                "accessType": "blocked",
                "targets": [
                    {"target": shout, "targetType": "user"}, {"target": USER, "targetType": "user"},
                ],
            },
        },
    }))
    .unwrap();
    let users = &f.partner(id)["b2bCollaborationInbound"]["usersAndGroups"];
    assert_eq!(*users, list("blocked", "user", &[USER]));
}

#[test]
fn a_body_that_does_not_fit_is_refused_by_name() {
    let f = fixture();
    let id = partner(1);
    f.create(json!({"b2bDirectConnectInbound": everyone("allowed")}), id)
        .unwrap();
    let before = f.partner(id);
    let inbound = |part: &str, list: Value| json!({"b2bCollaborationInbound": {part: list}});
    let users = "b2bCollaborationInbound.usersAndGroups";
    let first = "b2bCollaborationInbound.usersAndGroups.targets[0]";
    let application = "b2bCollaborationInbound.applications.targets[0]";
    let many: Vec<String> = (0..=1_000).map(|i| partner(i).to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (body, named) in [
        (json!({"tenantId": partner(2)}), "tenantId".to_owned()),
        (json!({"nonsense": 1}), "nonsense".into()),
        (
            json!({"inboundTrust": null, "nonsense": 1}),
            "nonsense".into(),
        ),
        (
            json!({"isServiceProvider": true}),
            "isServiceProvider".into(),
        ),
        (
            json!({"isInMultiTenantOrganization": true}),
            "isInMultiTenantOrganization".into(),
        ),
        (
            json!({"identitySynchronization": {}}),
            "identitySynchronization".into(),
        ),
        (
            json!({"crossCloudMeetingConfiguration": null}),
            "crossCloudMeetingConfiguration".into(),
        ),
        (json!({"inboundTrust": 1}), "inboundTrust".into()),
        (
            json!({"automaticUserConsentSettings": {"inboundAllowed": "true"}}),
            "automaticUserConsentSettings.inboundAllowed".into(),
        ),
        (
            json!({"b2bCollaborationInbound": {"users": null}}),
            "b2bCollaborationInbound.users".into(),
        ),
        (
            inbound("usersAndGroups", json!({"accessType": "allowed"})),
            users.into(),
        ),
        (
            inbound("usersAndGroups", list("perhaps", "user", &["AllUsers"])),
            format!("{users}.accessType"),
        ),
        (
            inbound("usersAndGroups", list("allowed", "user", &[])),
            format!("{users}.targets"),
        ),
        (
            inbound("usersAndGroups", list("allowed", "user", &many)),
            format!("{users}.targets"),
        ),
        (
            inbound(
                "usersAndGroups",
                json!({"accessType": "allowed", "targets": "all"}),
            ),
            format!("{users}.targets"),
        ),
        (
            inbound("usersAndGroups", list("allowed", "planet", &["AllUsers"])),
            format!("{first}.targetType"),
        ),
        (
            inbound("usersAndGroups", list("allowed", "group", &["AllUsers"])),
            format!("{first}.targetType"),
        ),
        (
            inbound("usersAndGroups", list("allowed", "application", &[USER])),
            format!("{first}.targetType"),
        ),
        (
            inbound(
                "usersAndGroups",
                list("allowed", "user", &["kay@fabrikam.example"]),
            ),
            format!("{first}.target"),
        ),
        (
            inbound("usersAndGroups", list("allowed", "user", &["Office365"])),
            format!("{first}.target"),
        ),
        (
            inbound(
                "applications",
                list("allowed", "user", &["AllApplications"]),
            ),
            format!("{application}.targetType"),
        ),
        (
            inbound(
                "applications",
                list("allowed", "application", &["AllUsers"]),
            ),
            format!("{application}.target"),
        ),
        (
            json!({"b2bDirectConnectInbound": {"usersAndGroups": list("blocked", "user", &["AllUsers"])}}),
            "b2bDirectConnectInbound".into(),
        ),
        (
            json!({"tenantRestrictions": {"devices": {"mode": "perhaps"}}}),
            "tenantRestrictions.devices.mode".into(),
        ),
    ] {
        assert_eq!(refused(f.update(id, body)), named);
    }
    assert_eq!(f.partner(id), before, "a refused call has no effect");
    assert_eq!(f.changes().len(), 1);
    // One that is all and one that is listed may differ.
    f.update(
        id,
        json!({"b2bCollaborationInbound": {
            "usersAndGroups": list("blocked", "user", &[USER]),
            "applications": list("blocked", "application", &["AllApplications"]),
        }}),
    )
    .unwrap();
    let devices = json!({"devices": {"mode": "allowed", "rule": "device.x -eq 1"}});
    f.update(id, json!({"tenantRestrictions": devices}))
        .unwrap();
    assert_eq!(
        f.partner(id)["tenantRestrictions"]["devices"],
        devices["devices"]
    );
}

#[test]
fn synchronization_is_created_once_and_holds_its_partner() {
    let f = fixture();
    let id = partner(1);
    let allow = |allowed: bool| json!({"userSyncInbound": {"isSyncAllowed": allowed}});
    let absent = |outcome| assert!(matches!(outcome, Err(Error::NotFound { .. })));
    absent(f.put_sync(id, allow(true)));
    f.create(json!({}), id).unwrap();
    absent(f.patch_sync(id, allow(true)));
    absent(f.write(move |tx| access::delete_identity_sync(tx, id)));
    let mut body = allow(true);
    body["displayName"] = json!("Fabrikam");
    f.put_sync(id, body).unwrap();
    let again = f.put_sync(id, allow(false));
    assert!(matches!(
        again,
        Err(Error::AlreadyExists {
            property: "tenantId"
        })
    ));
    assert_eq!(
        f.sync(id),
        json!({
            "tenantId": id, "displayName": "Fabrikam", "userSyncInbound": {"isSyncAllowed": true},
        })
    );
    f.patch_sync(id, allow(false)).unwrap();
    f.patch_sync(id, allow(false)).unwrap();
    f.patch_sync(id, json!({"userSyncInbound": {}})).unwrap();
    assert_eq!(
        f.sync(id)["userSyncInbound"],
        json!({"isSyncAllowed": false})
    );
    for (body, named) in [
        (
            json!({"userSyncInbound": {"isSyncAllowed": "yes"}}),
            "userSyncInbound.isSyncAllowed",
        ),
        (json!({"userSyncInbound": true}), "userSyncInbound"),
        (json!({"tenantId": partner(2)}), "tenantId"),
        (json!({"nonsense": 1}), "nonsense"),
    ] {
        assert_eq!(refused(f.patch_sync(id, body)), named);
    }
    let delete = || f.write(move |tx| access::delete_partner(tx, id));
    assert!(matches!(delete(), Err(Error::Conflict { .. })));
    f.write(move |tx| access::delete_identity_sync(tx, id))
        .unwrap();
    delete().unwrap();
    absent(delete());
    assert_eq!(
        f.activities(),
        [
            "Add a partner to cross-tenant access setting",
            "Create a partner cross-tenant identity sync setting",
            "Update a partner cross-tenant identity sync setting",
            "Delete a partner cross-tenant identity sync setting",
            "Delete partner specific cross-tenant access setting",
        ]
    );
    let changes = f.changes();
    let ops: Vec<Op> = changes.iter().map(|change| change.op).collect();
    assert_eq!(
        ops,
        [
            Op::Created,
            Op::Updated,
            Op::Updated,
            Op::Updated,
            Op::Deleted
        ]
    );
    assert!(changes.iter().all(|change| change.object == id.uuid()));
    assert_eq!(changes[1].properties, ["identitySynchronization"]);
}

#[test]
fn a_change_is_audited_property_by_property() {
    let f = fixture();
    let id = partner(1);
    f.create(json!({}), id).unwrap();
    let trust = json!({"inboundTrust": {"isMfaAccepted": true}});
    f.update(id, trust.clone()).unwrap();
    f.update(id, trust).unwrap();
    let rows = f.audited();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].entry.category, "Policy");
    let target = &rows[1].entry.targets[0];
    assert_eq!(target.id, id.to_string());
    let new = json!({
        "isMfaAccepted": true, "isCompliantDeviceAccepted": null,
        "isHybridAzureADJoinedDeviceAccepted": null,
    });
    assert_eq!(
        target.modified,
        [("inboundTrust".to_owned(), Value::Null, new)]
    );
    assert_eq!(f.changes()[1].properties, ["inboundTrust"]);
    assert_eq!(f.read(audit::verify), None);
}

#[test]
fn pages_go_through_all_partners_in_order() {
    let f = fixture();
    for number in [4, 2, 5, 1, 3] {
        f.create(json!({}), partner(number)).unwrap();
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = f.read(|tx| access::list_partners(tx, after, 2));
        let Some(last) = page.last() else { break };
        after = Some(last.tenant_id);
        seen.extend(page.into_iter().map(|partner| partner.tenant_id));
    }
    assert_eq!(seen, [1, 2, 3, 4, 5].map(partner));
}
