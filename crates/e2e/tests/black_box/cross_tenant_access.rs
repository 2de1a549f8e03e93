//! `/policies/crossTenantAccessPolicy`: the policy, its default, partners and templates.

use e2e::{
    POLICY, Shared, Tenant,
    metadata::{assert_all_fit, assert_fits},
};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

/// A B2B setting about everybody and every application.
fn everyone(access: &str) -> Value {
    json!({
        "usersAndGroups": {
            "accessType": access,
            "targets": [{ "target": "AllUsers", "targetType": "user" }],
        },
        "applications": {
            "accessType": access,
            "targets": [{ "target": "AllApplications", "targetType": "application" }],
        },
    })
}

/// The same setting without the order and the annotations of its parts.
fn access_of(setting: &Value) -> [&Value; 2] {
    ["usersAndGroups", "applications"].map(|part| &setting[part]["accessType"])
}

async fn partner(tenant: &Tenant, of: &Tenant) -> String {
    tenant
        .post(&format!("{POLICY}/partners"), json!({ "tenantId": of.id }))
        .await
        .expect(201);
    format!("{POLICY}/partners/{}", of.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let policy = contoso.get(POLICY).await.expect(200);
    assert_fits("crossTenantAccessPolicy", &policy.json);
    contoso
        .patch(
            POLICY,
            json!({ "displayName": "Ours", "allowedCloudEndpoints": ["microsoftonline.us"] }),
        )
        .await
        .expect(204);
    let policy = contoso.get(POLICY).await.expect(200);
    assert_eq!(policy["displayName"], "Ours");
    assert_eq!(
        policy["allowedCloudEndpoints"],
        json!(["microsoftonline.us"])
    );
    for patch in [
        json!({ "nonsense": 1 }),
        json!({ "displayName": 1 }),
        json!({ "allowedCloudEndpoints": "microsoftonline.us" }),
        json!({ "id": "x" }),
    ] {
        contoso.patch(POLICY, patch).await.expect(400);
    }
    contoso.delete(POLICY).await.refused_somehow();
    contoso.post(POLICY, json!({})).await.refused_somehow();
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_is_filled_in_and_can_be_reset() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let path = format!("{POLICY}/default");
    let check_system_default = async || {
        let default = contoso.get(&path).await.expect(200);
        assert_fits("crossTenantAccessPolicyConfigurationDefault", &default.json);
        assert_eq!(default["isServiceDefault"], true);
        for (setting, access) in [
            ("b2bCollaborationInbound", "allowed"),
            ("b2bCollaborationOutbound", "allowed"),
            ("b2bDirectConnectInbound", "blocked"),
            ("b2bDirectConnectOutbound", "blocked"),
        ] {
            assert_eq!(access_of(&default[setting]), [access, access], "{setting}");
            assert_eq!(
                default[setting]["usersAndGroups"]["targets"][0]["target"],
                "AllUsers"
            );
            assert_eq!(
                default[setting]["applications"]["targets"][0]["target"],
                "AllApplications"
            );
        }
        for trust in [
            "isMfaAccepted",
            "isCompliantDeviceAccepted",
            "isHybridAzureADJoinedDeviceAccepted",
        ] {
            assert_eq!(default["inboundTrust"][trust], false);
        }
        assert_eq!(
            default["automaticUserConsentSettings"]["inboundAllowed"],
            false
        );
        assert_eq!(
            default["automaticUserConsentSettings"]["outboundAllowed"],
            false
        );
        assert!(default["invitationRedemptionIdentityProviderConfiguration"].is_object());
    };
    check_system_default().await;

    contoso
        .patch(
            &path,
            json!({
                "inboundTrust": { "isMfaAccepted": true },
                "b2bDirectConnectInbound": everyone("allowed"),
            }),
        )
        .await
        .expect(204);
    let default = contoso.get(&path).await.expect(200);
    assert_eq!(default["isServiceDefault"], false);
    assert_eq!(default["inboundTrust"]["isMfaAccepted"], true);
    assert_eq!(
        access_of(&default["b2bDirectConnectInbound"]),
        ["allowed", "allowed"]
    );
    assert_eq!(
        access_of(&default["b2bDirectConnectOutbound"]),
        ["blocked", "blocked"],
        "what isn't named stays"
    );

    // Consent for everybody in the world can't be the default.
    for patch in [
        json!({ "automaticUserConsentSettings": { "inboundAllowed": true } }),
        json!({ "automaticUserConsentSettings": { "outboundAllowed": true } }),
        json!({ "isServiceDefault": true }),
        json!({ "nonsense": {} }),
        json!({ "inboundTrust": { "isMfaAccepted": "yes" } }),
        json!({ "inboundTrust": true }),
        json!({ "b2bCollaborationInbound": everyone("perhaps") }),
    ] {
        contoso.patch(&path, patch).await.expect(400);
    }

    contoso
        .call("POST", &format!("{path}/resetToSystemDefault"))
        .await
        .expect(204);
    check_system_default().await;
    contoso.delete(&path).await.refused_somehow();
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_partner_inherits_everything() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    assert_eq!(contoso.all(&format!("{POLICY}/partners")).await.len(), 0);
    let created = contoso
        .post(
            &format!("{POLICY}/partners"),
            json!({ "tenantId": fabrikam.id }),
        )
        .await
        .expect(201);
    let path = format!("{POLICY}/partners/{}", fabrikam.id);
    let read = contoso.get(&path).await.expect(200);
    let listed = contoso.all(&format!("{POLICY}/partners")).await;
    assert_eq!(listed.len(), 1);
    for partner in [&created.json, &read.json, &listed[0]] {
        assert_fits("crossTenantAccessPolicyConfigurationPartner", partner);
        assert_eq!(partner["tenantId"], fabrikam.id);
        for part in [
            "b2bCollaborationInbound",
            "b2bCollaborationOutbound",
            "b2bDirectConnectInbound",
            "b2bDirectConnectOutbound",
            "inboundTrust",
            "tenantRestrictions",
            "isServiceProvider",
        ] {
            assert_eq!(partner[part], Value::Null, "{part}");
            assert!(partner.get(part).is_some(), "{part} is there as null");
        }
        assert_eq!(
            partner["automaticUserConsentSettings"],
            json!({ "inboundAllowed": null, "outboundAllowed": null }),
            "an object with nulls, not null"
        );
        assert_ne!(partner["isInMultiTenantOrganization"], true);
    }
    // It is ours alone.
    assert_eq!(fabrikam.all(&format!("{POLICY}/partners")).await.len(), 0);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_overrides_part_by_part() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let ann = contoso.user("ann").await;
    let theirs = fabrikam.user("eve").await;
    let path = partner(&contoso, &fabrikam).await;
    let inbound = json!({
        "usersAndGroups": {
            "accessType": "allowed",
            "targets": [{ "target": theirs, "targetType": "user" }],
        },
        "applications": {
            "accessType": "allowed",
            "targets": [{ "target": "Office365", "targetType": "application" }],
        },
    });
    let outbound = json!({
        "usersAndGroups": {
            "accessType": "blocked",
            "targets": [{ "target": ann, "targetType": "user" }],
        },
        "applications": {
            "accessType": "blocked",
            "targets": [{ "target": "AllApplications", "targetType": "application" }],
        },
    });
    contoso
        .patch(
            &path,
            json!({
                "b2bCollaborationInbound": inbound,
                "b2bCollaborationOutbound": outbound,
                "inboundTrust": {
                    "isMfaAccepted": true, "isCompliantDeviceAccepted": false,
                    "isHybridAzureADJoinedDeviceAccepted": false,
                },
                "automaticUserConsentSettings": { "inboundAllowed": true },
            }),
        )
        .await
        .expect(204);
    let read = contoso.get(&path).await.expect(200);
    assert_fits("crossTenantAccessPolicyConfigurationPartner", &read.json);
    assert_eq!(read["b2bCollaborationInbound"], inbound);
    assert_eq!(read["b2bCollaborationOutbound"], outbound);
    assert_eq!(read["inboundTrust"]["isMfaAccepted"], true);
    assert_eq!(
        read["automaticUserConsentSettings"],
        json!({ "inboundAllowed": true, "outboundAllowed": null })
    );
    assert_eq!(read["b2bDirectConnectInbound"], Value::Null);

    // A part sent as null inherits again; the others stay.
    contoso
        .patch(&path, json!({ "b2bCollaborationInbound": null }))
        .await
        .expect(204);
    let read = contoso.get(&path).await.expect(200);
    assert_eq!(read["b2bCollaborationInbound"], Value::Null);
    assert_eq!(read["b2bCollaborationOutbound"], outbound);

    for patch in [
        json!({ "tenantId": contoso.id }),
        json!({ "nonsense": 1 }),
        json!({ "isServiceProvider": true }),
        json!({ "isInMultiTenantOrganization": true }),
        json!({ "inboundTrust": 1 }),
        json!({ "b2bCollaborationInbound": everyone("perhaps") }),
        json!({ "b2bCollaborationInbound": { "usersAndGroups": { "accessType": "allowed", "targets": "all" } } }),
        json!({ "b2bCollaborationInbound": { "usersAndGroups": { "accessType": "allowed", "targets": [{ "target": "AllUsers", "targetType": "planet" }] } } }),
        json!({ "automaticUserConsentSettings": { "inboundAllowed": "true" } }),
        json!({ "inboundTrust": null, "nonsense": 1 }),
    ] {
        contoso.patch(&path, patch).await.expect(400);
    }
    let unchanged = contoso.get(&path).await.expect(200);
    assert_eq!(unchanged.json, read.json, "a refused call has no effect");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_partner() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let partners = format!("{POLICY}/partners");
    let path = partner(&contoso, &fabrikam).await;
    let again = contoso
        .post(&partners, json!({ "tenantId": fabrikam.id }))
        .await;
    assert!([400, 409].contains(&again.status), "{again:?}");
    assert_eq!(
        again["error"]["code"],
        "Request_MultipleObjectsWithSameKeyValue"
    );
    for body in [
        json!({ "tenantId": contoso.id }),
        json!({ "tenantId": e2e::NOBODY }),
        json!({ "tenantId": fabrikam.domain }),
        json!({ "tenantId": "" }),
        json!({ "tenantId": 7 }),
        json!({ "tenantId": null }),
        json!({}),
        json!({ "tenantId": e2e::ZERO }),
    ] {
        contoso.post(&partners, body).await.expect(400);
    }
    assert_eq!(contoso.all(&partners).await.len(), 1);
    let nobody = format!("{partners}/{}", e2e::NOBODY);
    contoso.get(&nobody).await.expect(404);
    contoso.patch(&nobody, json!({})).await.expect(404);
    contoso.delete(&nobody).await.expect(404);
    contoso
        .get(&format!("{partners}/nonsense"))
        .await
        .refused_somehow();

    contoso.delete(&path).await.expect(204);
    contoso.get(&path).await.expect(404);
    contoso.delete(&path).await.expect(404);
    // And again, from the beginning.
    partner(&contoso, &fabrikam).await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_synchronization_of_a_partner() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let partner = partner(&contoso, &fabrikam).await;
    let path = format!("{partner}/identitySynchronization");
    contoso.get(&path).await.expect(404);
    contoso
        .patch(
            &path,
            json!({ "userSyncInbound": { "isSyncAllowed": true } }),
        )
        .await
        .expect(404);
    contoso.delete(&path).await.expect(404);

    contoso
        .put(
            &path,
            json!({ "displayName": "Fabrikam", "userSyncInbound": { "isSyncAllowed": true } }),
        )
        .await
        .expect(204);
    let read = contoso.get(&path).await.expect(200);
    assert_fits("crossTenantIdentitySyncPolicyPartner", &read.json);
    assert_eq!(read["tenantId"], fabrikam.id);
    assert_eq!(read["displayName"], "Fabrikam");
    assert_eq!(read["userSyncInbound"]["isSyncAllowed"], true);

    // PUT creates only.
    let again = contoso
        .put(
            &path,
            json!({ "userSyncInbound": { "isSyncAllowed": false } }),
        )
        .await;
    assert!([400, 409].contains(&again.status), "{again:?}");
    assert_eq!(
        again["error"]["code"],
        "Request_MultipleObjectsWithSameKeyValue"
    );
    let read = contoso.get(&path).await.expect(200);
    assert_eq!(read["userSyncInbound"]["isSyncAllowed"], true);

    contoso
        .patch(
            &path,
            json!({ "userSyncInbound": { "isSyncAllowed": false } }),
        )
        .await
        .expect(204);
    let read = contoso.get(&path).await.expect(200);
    assert_eq!(read["userSyncInbound"]["isSyncAllowed"], false);
    assert_eq!(read["displayName"], "Fabrikam");
    for patch in [
        json!({ "userSyncInbound": { "isSyncAllowed": "yes" } }),
        json!({ "userSyncInbound": true }),
        json!({ "nonsense": 1 }),
        json!({ "tenantId": contoso.id }),
    ] {
        contoso.patch(&path, patch).await.expect(400);
    }

    // The partner can't go before it.
    contoso.delete(&partner).await.refused_somehow();
    contoso.get(&partner).await.expect(200);
    contoso.delete(&path).await.expect(204);
    contoso.get(&path).await.expect(404);
    contoso.delete(&partner).await.expect(204);

    let nobody = format!("{POLICY}/partners/{}/identitySynchronization", e2e::NOBODY);
    contoso
        .put(
            &nobody,
            json!({ "userSyncInbound": { "isSyncAllowed": true } }),
        )
        .await
        .expect(404);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn templates() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let partner = format!("{POLICY}/templates/multiTenantOrganizationPartnerConfiguration");
    let identity = format!("{POLICY}/templates/multiTenantOrganizationIdentitySynchronization");
    let check_unconfigured = async || {
        let template = contoso.get(&partner).await.expect(200);
        assert_fits(
            "multiTenantOrganizationPartnerConfigurationTemplate",
            &template.json,
        );
        template.id();
        for part in [
            "b2bCollaborationInbound",
            "b2bCollaborationOutbound",
            "b2bDirectConnectInbound",
            "b2bDirectConnectOutbound",
            "inboundTrust",
        ] {
            assert_eq!(template[part], Value::Null, "{part}");
        }
        assert_eq!(
            template["automaticUserConsentSettings"],
            json!({ "inboundAllowed": null, "outboundAllowed": null })
        );
        assert_eq!(
            template["templateApplicationLevel"],
            "newPartners,existingPartners"
        );
        let template = contoso.get(&identity).await.expect(200);
        assert_fits(
            "multiTenantOrganizationIdentitySyncPolicyTemplate",
            &template.json,
        );
        assert_ne!(template["userSyncInbound"]["isSyncAllowed"], true);
        assert_eq!(
            template["templateApplicationLevel"],
            "newPartners,existingPartners"
        );
    };
    check_unconfigured().await;

    contoso
        .patch(
            &partner,
            json!({
                "automaticUserConsentSettings": { "inboundAllowed": true, "outboundAllowed": false },
                "inboundTrust": {
                    "isMfaAccepted": true, "isCompliantDeviceAccepted": true,
                    "isHybridAzureADJoinedDeviceAccepted": false,
                },
                "b2bCollaborationInbound": everyone("allowed"),
                "templateApplicationLevel": "newPartners",
            }),
        )
        .await
        .expect(204);
    let read = contoso.get(&partner).await.expect(200);
    assert_fits(
        "multiTenantOrganizationPartnerConfigurationTemplate",
        &read.json,
    );
    assert_eq!(read["templateApplicationLevel"], "newPartners");
    assert_eq!(
        read["automaticUserConsentSettings"],
        json!({ "inboundAllowed": true, "outboundAllowed": false })
    );
    assert_eq!(read["inboundTrust"]["isMfaAccepted"], true);
    assert_eq!(
        access_of(&read["b2bCollaborationInbound"]),
        ["allowed", "allowed"]
    );
    contoso
        .patch(
            &identity,
            json!({
                "userSyncInbound": { "isSyncAllowed": true },
                "templateApplicationLevel": "none",
            }),
        )
        .await
        .expect(204);
    let read = contoso.get(&identity).await.expect(200);
    assert_eq!(read["userSyncInbound"]["isSyncAllowed"], true);
    assert_eq!(read["templateApplicationLevel"], "none");

    for template in [&partner, &identity] {
        for patch in [
            json!({ "templateApplicationLevel": "sometimes" }),
            json!({ "templateApplicationLevel": "newPartners,sometimes" }),
            json!({ "templateApplicationLevel": 1 }),
            json!({ "nonsense": 1 }),
        ] {
            contoso.patch(template, patch).await.expect(400);
        }
        contoso.delete(template).await.refused_somehow();
        contoso.post(template, json!({})).await.refused_somehow();
    }

    for template in [&partner, &identity] {
        contoso
            .call("POST", &format!("{template}/resetToDefaultSettings"))
            .await
            .expect(204);
    }
    check_unconfigured().await;
    contoso
        .get(&format!("{POLICY}/templates/nonsense"))
        .await
        .refused_somehow();
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_read_may_not_write() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let path = partner(&contoso, &fabrikam).await;
    let reader = d.app(&contoso, &["Policy.Read.All"]).await;
    for target in [POLICY, &format!("{POLICY}/default"), &path] {
        reader.get(target).await.expect(200);
        reader
            .patch(target, json!({}))
            .await
            .refused(403, "Authorization_RequestDenied");
    }
    reader
        .delete(&path)
        .await
        .refused(403, "Authorization_RequestDenied");
    let writer = d
        .app(&contoso, &["Policy.ReadWrite.CrossTenantAccess"])
        .await;
    writer
        .patch(&path, json!({ "inboundTrust": { "isMfaAccepted": true } }))
        .await
        .expect(204);
    let list = writer.all(&format!("{POLICY}/partners")).await;
    assert_all_fit("crossTenantAccessPolicyConfigurationPartner", &list);
    d.finish().await;
}
