//! What a join does to each side's cross-tenant access policy.

use e2e::{
    POLICY, Shared, Tenant, eventually, holds,
    metadata::assert_fits,
    organization::{add, ask_to_join, becomes, create, open_to_partners},
};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

#[tokio::test(flavor = "multi_thread")]
async fn a_join_applies_each_sides_templates_to_its_own_policy() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    open_to_partners(&contoso).await;
    // Fabrikam leaves its templates as they are: nothing is opened there.
    create(&contoso).await.expect(201);
    add(&contoso, &fabrikam).await.expect(201);
    ask_to_join(&fabrikam, &contoso.id).await;
    becomes(&contoso, &fabrikam, "active", "member").await;
    becomes(&fabrikam, &fabrikam, "active", "member").await;

    let entry = |of: &Tenant| format!("{POLICY}/partners/{}", of.id);
    let ours = contoso.get(&entry(&fabrikam)).await.expect(200);
    assert_fits("crossTenantAccessPolicyConfigurationPartner", &ours.json);
    assert_eq!(
        ours["automaticUserConsentSettings"],
        json!({ "inboundAllowed": true, "outboundAllowed": true })
    );
    assert_eq!(ours["isInMultiTenantOrganization"], true);
    assert_eq!(ours["b2bDirectConnectInbound"], Value::Null);
    assert_eq!(ours["inboundTrust"], Value::Null, "nothing else is opened");
    let sync = contoso
        .get(&format!("{}/identitySynchronization", entry(&fabrikam)))
        .await
        .expect(200);
    assert_eq!(sync["userSyncInbound"]["isSyncAllowed"], true);

    let theirs = fabrikam.get(&entry(&contoso)).await.expect(200);
    assert_eq!(
        theirs["automaticUserConsentSettings"],
        json!({ "inboundAllowed": null, "outboundAllowed": null }),
        "never the other tenant's templates"
    );
    assert_eq!(theirs["isInMultiTenantOrganization"], true);
    let sync = fabrikam
        .get(&format!("{}/identitySynchronization", entry(&contoso)))
        .await
        .expect(200);
    assert_ne!(sync["userSyncInbound"]["isSyncAllowed"], true);

    // Editing a template afterwards touches nothing that exists …
    open_to_partners(&fabrikam).await;
    let theirs = fabrikam.get(&entry(&contoso)).await.expect(200);
    assert_eq!(
        theirs["automaticUserConsentSettings"],
        json!({ "inboundAllowed": null, "outboundAllowed": null })
    );
    // … but a partner that joins later is met by it, on the side of every active tenant.
    let tailspin = d.tenant("Tailspin").await;
    add(&contoso, &tailspin).await.expect(201);
    ask_to_join(&tailspin, &contoso.id).await;
    becomes(&fabrikam, &tailspin, "active", "member").await;
    for side in [&contoso, &fabrikam] {
        eventually("the newcomer's entry", async || {
            let entry = side.get(&entry(&tailspin)).await;
            holds(
                entry["automaticUserConsentSettings"]["inboundAllowed"] == true,
                format!("{entry:?}"),
            )
        })
        .await;
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn template_levels_choose_between_new_and_existing_partners() {
    let d = SHARED.get();
    let owner = d.tenant("Owner").await;
    create(&owner).await.expect(201);
    // The level, and whether an existing and a new entry are touched.
    for (level, on_existing, on_new) in [
        ("none", false, false),
        ("newPartners", false, true),
        ("existingPartners", true, false),
        ("newPartners,existingPartners", true, true),
    ] {
        for existing in [true, false] {
            let joiner = d.tenant("Joiner").await;
            let entry = format!("{POLICY}/partners/{}", owner.id);
            if existing {
                joiner
                    .post(
                        &format!("{POLICY}/partners"),
                        json!({
                            "tenantId": owner.id,
                            "automaticUserConsentSettings": { "inboundAllowed": false },
                            "inboundTrust": { "isMfaAccepted": true },
                        }),
                    )
                    .await
                    .expect(201);
            }
            joiner
                .patch(
                    &format!("{POLICY}/templates/multiTenantOrganizationPartnerConfiguration"),
                    json!({
                        "automaticUserConsentSettings": { "inboundAllowed": true },
                        "templateApplicationLevel": level,
                    }),
                )
                .await
                .expect(204);
            add(&owner, &joiner).await.expect(201);
            ask_to_join(&joiner, &owner.id).await;
            becomes(&joiner, &joiner, "active", "member").await;
            let after = joiner.get(&entry).await.expect(200);
            let expected = match (existing, on_existing, on_new) {
                (true, true, _) | (false, _, true) => json!(true),
                (true, false, _) => json!(false),
                (false, _, false) => Value::Null,
            };
            assert_eq!(
                after["automaticUserConsentSettings"]["inboundAllowed"], expected,
                "level {level}, entry existed: {existing}"
            );
            if existing {
                assert_eq!(
                    after["inboundTrust"]["isMfaAccepted"], true,
                    "what the template leaves null stays"
                );
            }
        }
    }
    d.finish().await;
}
