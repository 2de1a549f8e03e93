//! `/tenantRelationships/multiTenantOrganization`: founding, inviting, joining, roles, leaving.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use e2e::{
    Answer, ORGANIZATION, Options, POLICY, Shared, Tenant, ZERO, eventually, form_organization,
    holds,
    metadata::{assert_all_fit, assert_fits},
    open_to_partners,
};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

fn member_path(tenant: &Tenant) -> String {
    format!("{ORGANIZATION}/tenants/{}", tenant.id)
}

fn join_request() -> String {
    format!("{ORGANIZATION}/joinRequest")
}

async fn create(owner: &Tenant) -> Answer {
    owner
        .put(
            ORGANIZATION,
            json!({ "displayName": "Round table", "description": "Of equals" }),
        )
        .await
}

async fn add(owner: &Tenant, other: &Tenant) -> Answer {
    owner
        .post(
            &format!("{ORGANIZATION}/tenants"),
            json!({ "tenantId": other.id, "displayName": other.name }),
        )
        .await
}

async fn ask_to_join(tenant: &Tenant, inviting: &str) {
    tenant
        .patch(&join_request(), json!({ "addedByTenantId": inviting }))
        .await
        .expect(204);
}

/// Waits until the member is seen like this by the one who looks.
async fn becomes(seen_by: &Tenant, tenant: &Tenant, state: &str, role: &str) -> Value {
    eventually(
        &format!("{} is {state} {role} to {}", tenant.name, seen_by.name),
        async || {
            let member = seen_by.get(&member_path(tenant)).await;
            holds(
                member["state"] == state && member["role"] == role,
                format!("{member:?}"),
            )?;
            Ok(member.json)
        },
    )
    .await
}

async fn is_gone(seen_by: &Tenant, tenant: &Tenant) {
    eventually(&format!("{} is gone", tenant.name), async || {
        let member = seen_by.get(&member_path(tenant)).await;
        holds(member.status == 404, format!("{member:?}"))
    })
    .await;
}

async fn is_without_organization(tenant: &Tenant) {
    eventually("the tenant has no organization", async || {
        let organization = tenant.get(ORGANIZATION).await.expect(200);
        holds(
            organization["state"] == "inactive",
            format!("{organization:?}"),
        )
    })
    .await;
}

/// Waits for the join to fail, and returns what it says.
async fn join_fails(tenant: &Tenant) -> String {
    let details = eventually("the join fails", async || {
        let request = tenant.get(&join_request()).await.expect(200);
        let transition = &request["transitionDetails"];
        holds(transition["status"] == "failed", format!("{request:?}"))?;
        Ok(transition["details"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    })
    .await;
    assert!(!details.is_empty(), "a failure has a reason");
    details
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_organization() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    // Never a 404.
    let organization = contoso.get(ORGANIZATION).await.expect(200);
    assert_fits("multiTenantOrganization", &organization.json);
    assert_eq!(organization["state"], "inactive");
    for name in ["createdDateTime", "displayName", "description"] {
        assert_eq!(organization[name], Value::Null, "{name}");
    }
    assert!(organization.json.get("id").is_none(), "{organization:?}");

    let request = contoso.get(&join_request()).await.expect(200);
    assert_fits("multiTenantOrganizationJoinRequestRecord", &request.json);
    assert_eq!(request["addedByTenantId"], ZERO);
    for name in ["memberState", "role", "transitionDetails"] {
        assert_eq!(request[name], Value::Null, "{name}");
    }

    contoso
        .patch(ORGANIZATION, json!({ "displayName": "x" }))
        .await
        .refused_somehow();
    contoso.delete(ORGANIZATION).await.expect(405);
    contoso.get(&member_path(&contoso)).await.refused_somehow();
    let fabrikam = d.tenant("Fabrikam").await;
    add(&contoso, &fabrikam).await.refused_somehow();
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn create_and_change() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    for body in [
        json!({}),
        json!({ "description": "x" }),
        json!({ "displayName": "" }),
        json!({ "displayName": null }),
        json!({ "displayName": 1 }),
        json!({ "displayName": "x", "nonsense": 1 }),
        json!({ "displayName": "x", "state": "inactive" }),
    ] {
        contoso.put(ORGANIZATION, body).await.expect(400);
    }
    let created = create(&contoso).await.expect(201);
    assert_fits("multiTenantOrganization", &created.json);
    assert_eq!(created["state"], "active");
    assert_eq!(created["displayName"], "Round table");
    assert_eq!(created["description"], "Of equals");
    let read = contoso.get(ORGANIZATION).await.expect(200);
    assert_eq!(read["id"], created["id"]);
    assert!(read["createdDateTime"].is_string());

    // Not an upsert.
    create(&contoso).await.refused(400, "Request_BadRequest");

    let own = contoso.get(&member_path(&contoso)).await.expect(200);
    let list = contoso.all(&format!("{ORGANIZATION}/tenants")).await;
    assert_eq!(list.len(), 1);
    for own in [&own.json, &list[0]] {
        assert_fits("multiTenantOrganizationMember", own);
        assert_eq!(own["tenantId"], contoso.id);
        assert_eq!(own["role"], "owner");
        assert_eq!(own["state"], "active");
        assert_eq!(own["addedByTenantId"], contoso.id);
        assert_eq!(own["joinedDateTime"], Value::Null, "it never joined");
        assert!(own["addedDateTime"].is_string());
        assert_eq!(own["transitionDetails"], Value::Null);
        assert!(own.get("id").is_none(), "the key is the tenant's id");
    }

    contoso
        .patch(ORGANIZATION, json!({ "displayName": "Square table" }))
        .await
        .expect(204);
    let read = contoso.get(ORGANIZATION).await.expect(200);
    assert_eq!(read["displayName"], "Square table");
    assert_eq!(read["description"], "Of equals");
    contoso
        .patch(ORGANIZATION, json!({ "state": "inactive" }))
        .await
        .expect(400);
    contoso.delete(ORGANIZATION).await.expect(405);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn add_join_and_see_each_other() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    create(&contoso).await.expect(201);
    let added = add(&contoso, &fabrikam).await.expect(201);
    assert_fits("multiTenantOrganizationMember", &added.json);
    assert_eq!(added["tenantId"], fabrikam.id);
    assert_eq!(added["state"], "pending");
    assert_eq!(added["role"], "member");
    assert_eq!(added["joinedDateTime"], Value::Null);
    assert_eq!(added["transitionDetails"], Value::Null);
    assert_eq!(added["addedByTenantId"], contoso.id);

    let pending = contoso.get(&member_path(&fabrikam)).await.expect(200);
    assert_fits("multiTenantOrganizationMember", &pending.json);
    assert_eq!(pending["state"], "pending");
    let transition = &pending["transitionDetails"];
    assert_eq!(transition["desiredState"], "active");
    assert_eq!(transition["status"], "notStarted");

    // Being listed is one-sided: nothing has changed in the added tenant.
    let organization = fabrikam.get(ORGANIZATION).await.expect(200);
    assert_eq!(organization["state"], "inactive");
    assert_eq!(fabrikam.all(&format!("{POLICY}/partners")).await.len(), 0);

    ask_to_join(&fabrikam, &contoso.id).await;
    for side in [&contoso, &fabrikam] {
        let member = becomes(side, &fabrikam, "active", "member").await;
        assert_fits("multiTenantOrganizationMember", &member);
        assert!(member["joinedDateTime"].is_string());
        assert_eq!(member["transitionDetails"], Value::Null);
        becomes(side, &contoso, "active", "owner").await;
        let members = side.all(&format!("{ORGANIZATION}/tenants")).await;
        assert_all_fit("multiTenantOrganizationMember", &members);
        assert_eq!(members.len(), 2);
    }
    let request = fabrikam.get(&join_request()).await.expect(200);
    assert_fits("multiTenantOrganizationJoinRequestRecord", &request.json);
    assert_eq!(request["addedByTenantId"], contoso.id);
    assert_eq!(request["memberState"], "active");
    assert_eq!(request["role"], "member");
    assert_eq!(request["transitionDetails"], Value::Null);

    // The same organization has another id in each tenant.
    let ours = contoso.get(ORGANIZATION).await.expect(200);
    let theirs = fabrikam.get(ORGANIZATION).await.expect(200);
    assert_eq!(theirs["displayName"], "Round table");
    assert_eq!(theirs["state"], "active");
    assert_ne!(ours.id(), theirs.id());
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_added() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    create(&contoso).await.expect(201);
    add(&contoso, &fabrikam).await.expect(201);
    let tenants = format!("{ORGANIZATION}/tenants");
    add(&contoso, &fabrikam)
        .await
        .refused(400, "Request_BadRequest");
    add(&contoso, &contoso)
        .await
        .refused(400, "Request_BadRequest");
    for body in [
        json!({}),
        json!({ "tenantId": e2e::NOBODY }),
        json!({ "displayName": "x" }),
        json!({ "tenantId": "x", "displayName": "x" }),
        json!({ "tenantId": fabrikam.domain, "displayName": "x" }),
        json!({ "tenantId": e2e::NOBODY, "displayName": "" }),
        json!({ "tenantId": e2e::NOBODY, "displayName": "x", "role": "king" }),
        json!({ "tenantId": e2e::NOBODY, "displayName": "x", "nonsense": 1 }),
        json!({ "tenantId": e2e::ZERO, "displayName": "x" }),
    ] {
        contoso.post(&tenants, body).await.expect(400);
    }
    assert_eq!(contoso.all(&tenants).await.len(), 2);

    // Only an owner adds; a pending tenant isn't even in.
    let tailspin = d.tenant("Tailspin").await;
    add(&fabrikam, &tailspin).await.refused_somehow();
    ask_to_join(&fabrikam, &contoso.id).await;
    becomes(&fabrikam, &fabrikam, "active", "member").await;
    add(&fabrikam, &tailspin).await.refused_somehow();
    fabrikam
        .patch(ORGANIZATION, json!({ "displayName": "Mine" }))
        .await
        .refused_somehow();
    let organization = contoso.get(ORGANIZATION).await.expect(200);
    assert_eq!(organization["displayName"], "Round table");

    // The adder's label can't be changed, nor anything but the role.
    for patch in [
        json!({ "displayName": "Other" }),
        json!({ "state": "removed" }),
        json!({ "role": "king" }),
        json!({ "tenantId": tailspin.id }),
    ] {
        contoso
            .patch(&member_path(&fabrikam), patch)
            .await
            .expect(400);
    }
    let nobody = format!("{tenants}/{}", e2e::NOBODY);
    contoso
        .get(&nobody)
        .await
        .refused(404, "Directory_ObjectNotFound");
    contoso
        .patch(&nobody, json!({ "role": "owner" }))
        .await
        .refused(404, "Directory_ObjectNotFound");
    contoso
        .delete(&nobody)
        .await
        .refused(404, "Directory_ObjectNotFound");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_joins_say_why_and_can_be_reset() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let tailspin = d.tenant("Tailspin").await;
    create(&contoso).await.expect(201);

    for body in [
        json!({}),
        json!({ "addedByTenantId": "x" }),
        json!({ "addedByTenantId": null }),
        json!({ "addedByTenantId": contoso.id, "nonsense": 1 }),
    ] {
        fabrikam.patch(&join_request(), body).await.expect(400);
    }

    // Not added: the request is taken, and fails.
    ask_to_join(&fabrikam, &contoso.id).await;
    join_fails(&fabrikam).await;
    let organization = fabrikam.get(ORGANIZATION).await.expect(200);
    assert_eq!(organization["state"], "inactive");
    ask_to_join(&fabrikam, ZERO).await;
    eventually("the request is as new", async || {
        let request = fabrikam.get(&join_request()).await.expect(200);
        holds(
            request["addedByTenantId"] == ZERO && request["transitionDetails"].is_null(),
            format!("{request:?}"),
        )
    })
    .await;

    // A tenant that doesn't exist, and one that has no organization.
    for nobody in [e2e::NOBODY, &tailspin.id] {
        ask_to_join(&fabrikam, nobody).await;
        join_fails(&fabrikam).await;
        ask_to_join(&fabrikam, ZERO).await;
    }

    // Once added it works.
    add(&contoso, &fabrikam).await.expect(201);
    ask_to_join(&fabrikam, &contoso.id).await;
    becomes(&contoso, &fabrikam, "active", "member").await;

    // Who is in one organization can be pending in another, but not join it.
    create(&tailspin).await.expect(201);
    add(&tailspin, &fabrikam).await.expect(201);
    fabrikam
        .patch(&join_request(), json!({ "addedByTenantId": tailspin.id }))
        .await;
    // However that is refused, it has no effect.
    becomes(&tailspin, &fabrikam, "pending", "member").await;
    becomes(&contoso, &fabrikam, "active", "member").await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_founded_one_cannot_join_another() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    create(&contoso).await.expect(201);
    create(&fabrikam).await.expect(201);
    add(&contoso, &fabrikam).await.expect(201);
    ask_to_join(&fabrikam, &contoso.id).await;
    join_fails(&fabrikam).await;
    becomes(&contoso, &fabrikam, "pending", "member").await;
    becomes(&fabrikam, &fabrikam, "active", "owner").await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_may_be_invited_by_several() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let tailspin = d.tenant("Tailspin").await;
    for owner in [&contoso, &fabrikam] {
        create(owner).await.expect(201);
        add(owner, &tailspin).await.expect(201);
    }
    ask_to_join(&tailspin, &fabrikam.id).await;
    becomes(&fabrikam, &tailspin, "active", "member").await;
    becomes(&contoso, &tailspin, "pending", "member").await;
    let members = tailspin.all(&format!("{ORGANIZATION}/tenants")).await;
    assert!(
        members
            .iter()
            .all(|member| member["tenantId"] != contoso.id)
    );
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let tailspin = d.tenant("Tailspin").await;
    create(&contoso).await.expect(201);

    // A wish for a pending tenant waits for its joining.
    contoso
        .post(
            &format!("{ORGANIZATION}/tenants"),
            json!({ "tenantId": fabrikam.id, "displayName": "F", "role": "owner" }),
        )
        .await
        .expect(201);
    let pending = contoso.get(&member_path(&fabrikam)).await.expect(200);
    assert_eq!(pending["role"], "member");
    assert_eq!(
        pending["transitionDetails"],
        json!({ "desiredRole": "owner", "desiredState": "active", "status": "notStarted", "details": null })
    );
    ask_to_join(&fabrikam, &contoso.id).await;
    becomes(&contoso, &fabrikam, "active", "owner").await;
    becomes(&fabrikam, &fabrikam, "active", "owner").await;

    add(&fabrikam, &tailspin).await.expect(201);
    contoso
        .patch(&member_path(&tailspin), json!({ "role": "owner" }))
        .await
        .expect(204);
    let pending = contoso.get(&member_path(&tailspin)).await.expect(200);
    assert_eq!(pending["role"], "member");
    assert_eq!(pending["transitionDetails"]["desiredRole"], "owner");
    contoso
        .patch(&member_path(&tailspin), json!({ "role": "member" }))
        .await
        .expect(204);
    // It names the tenant that added it.
    ask_to_join(&tailspin, &fabrikam.id).await;
    becomes(&contoso, &tailspin, "active", "member").await;

    // A member changes nobody's role, not its own either.
    becomes(&tailspin, &tailspin, "active", "member").await;
    tailspin
        .patch(&member_path(&tailspin), json!({ "role": "owner" }))
        .await
        .refused_somehow();
    tailspin
        .patch(&member_path(&contoso), json!({ "role": "member" }))
        .await
        .refused_somehow();

    // Owners are equal: one demotes the other, but the last one stays.
    fabrikam
        .patch(&member_path(&contoso), json!({ "role": "member" }))
        .await
        .expect(204);
    becomes(&contoso, &contoso, "active", "member").await;
    becomes(&tailspin, &contoso, "active", "member").await;
    fabrikam
        .patch(&member_path(&fabrikam), json!({ "role": "member" }))
        .await
        .refused_somehow();
    becomes(&tailspin, &fabrikam, "active", "owner").await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_and_dissolving() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let tailspin = d.tenant("Tailspin").await;
    form_organization(&[&contoso, &fabrikam, &tailspin]).await;

    // The only owner can't leave the others alone.
    contoso
        .delete(&member_path(&contoso))
        .await
        .refused_somehow();
    becomes(&contoso, &contoso, "active", "owner").await;
    // A member removes nobody else.
    fabrikam
        .delete(&member_path(&tailspin))
        .await
        .refused_somehow();
    fabrikam
        .delete(&member_path(&contoso))
        .await
        .refused_somehow();

    // A member leaves itself.
    fabrikam.delete(&member_path(&fabrikam)).await.expect(204);
    is_without_organization(&fabrikam).await;
    is_gone(&contoso, &fabrikam).await;
    is_gone(&tailspin, &fabrikam).await;
    contoso
        .get(&member_path(&fabrikam))
        .await
        .refused(404, "Directory_ObjectNotFound");

    // With a second owner the first one may go.
    contoso
        .patch(&member_path(&tailspin), json!({ "role": "owner" }))
        .await
        .expect(204);
    becomes(&tailspin, &tailspin, "active", "owner").await;
    contoso.delete(&member_path(&contoso)).await.expect(204);
    is_without_organization(&contoso).await;
    is_gone(&tailspin, &contoso).await;

    // The last one dissolves it; that somebody is pending doesn't prevent it.
    add(&tailspin, &contoso).await.expect(201);
    tailspin.delete(&member_path(&tailspin)).await.expect(204);
    is_without_organization(&tailspin).await;
    ask_to_join(&contoso, &tailspin.id).await;
    join_fails(&contoso).await;
    ask_to_join(&contoso, ZERO).await;

    // And everybody is free for another one.
    create(&fabrikam).await.expect(201);
    add(&fabrikam, &tailspin).await.expect(201);
    ask_to_join(&tailspin, &fabrikam.id).await;
    becomes(&fabrikam, &tailspin, "active", "member").await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_removes_any_other() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let tailspin = d.tenant("Tailspin").await;
    form_organization(&[&contoso, &fabrikam]).await;
    add(&contoso, &tailspin).await.expect(201);
    contoso.delete(&member_path(&tailspin)).await.expect(204);
    is_gone(&contoso, &tailspin).await;
    contoso.delete(&member_path(&fabrikam)).await.expect(204);
    is_gone(&contoso, &fabrikam).await;
    is_without_organization(&fabrikam).await;
    let members = contoso.all(&format!("{ORGANIZATION}/tenants")).await;
    assert_eq!(members.len(), 1);

    // What the join opened in the policies stays: there is no template in reverse.
    let entry = contoso
        .get(&format!("{POLICY}/partners/{}", fabrikam.id))
        .await
        .expect(200);
    assert_eq!(
        entry["automaticUserConsentSettings"]["inboundAllowed"],
        true
    );
    assert_ne!(entry["isInMultiTenantOrganization"], true);

    // Removed isn't banned, and the creator itself can be removed by another owner.
    add(&contoso, &fabrikam).await.expect(201);
    ask_to_join(&fabrikam, &contoso.id).await;
    becomes(&contoso, &fabrikam, "active", "member").await;
    contoso
        .patch(&member_path(&fabrikam), json!({ "role": "owner" }))
        .await
        .expect(204);
    becomes(&fabrikam, &fabrikam, "active", "owner").await;
    fabrikam.delete(&member_path(&contoso)).await.expect(204);
    is_gone(&fabrikam, &contoso).await;
    is_without_organization(&contoso).await;
    d.finish().await;
}

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

#[tokio::test(flavor = "multi_thread")]
async fn pending_is_seen_by_owners_only_and_never_by_strangers() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let stranger = d.tenant("Stranger").await;
    form_organization(&[&contoso, &fabrikam]).await;
    let list = stranger.get(&format!("{ORGANIZATION}/tenants")).await;
    assert!(!list.text.contains(&contoso.id) && !list.text.contains(&fabrikam.id));
    stranger.get(&member_path(&contoso)).await.refused_somehow();
    stranger
        .delete(&member_path(&contoso))
        .await
        .refused_somehow();
    let reader = d
        .app(&fabrikam, &["MultiTenantOrganization.Read.All"])
        .await;
    reader.get(ORGANIZATION).await.expect(200);
    reader
        .delete(&member_path(&fabrikam))
        .await
        .refused(403, "Authorization_RequestDenied");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_counts_active_tenants_at_the_join() {
    let d = e2e::Deployment::start_with(Options::arguments(&[
        "--set",
        "limits.organization_tenants=2",
    ]));
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let tailspin = d.tenant("Tailspin").await;
    create(&contoso).await.expect(201);
    // Any number may be pending.
    add(&contoso, &fabrikam).await.expect(201);
    add(&contoso, &tailspin).await.expect(201);
    ask_to_join(&fabrikam, &contoso.id).await;
    becomes(&contoso, &fabrikam, "active", "member").await;
    ask_to_join(&tailspin, &contoso.id).await;
    let details = join_fails(&tailspin).await;
    assert!(details.contains('2'), "it names the limit: {details}");
    becomes(&contoso, &tailspin, "pending", "member").await;

    // Room again, and the same request works.
    fabrikam.delete(&member_path(&fabrikam)).await.expect(204);
    is_gone(&contoso, &fabrikam).await;
    ask_to_join(&tailspin, ZERO).await;
    ask_to_join(&tailspin, &contoso.id).await;
    becomes(&contoso, &tailspin, "active", "member").await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_way_by_command() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    d.cli(&[
        "organization",
        "create",
        "--tenant",
        &contoso.id,
        "--name",
        "Round table",
        "--add",
        &fabrikam.id,
        "--accept-users",
        "--skip-consent",
    ])
    .ok();
    becomes(&contoso, &fabrikam, "pending", "member").await;
    d.cli(&[
        "organization",
        "join",
        "--tenant",
        &fabrikam.id,
        "--invited-by",
        &contoso.id,
        "--accept-users",
        "--skip-consent",
        "--yes",
    ])
    .ok();
    becomes(&contoso, &fabrikam, "active", "member").await;
    for (side, other) in [(&contoso, &fabrikam), (&fabrikam, &contoso)] {
        let entry = side
            .get(&format!("{POLICY}/partners/{}", other.id))
            .await
            .expect(200);
        assert_eq!(
            entry["automaticUserConsentSettings"],
            json!({ "inboundAllowed": true, "outboundAllowed": true })
        );
        let sync = side
            .get(&format!(
                "{POLICY}/partners/{}/identitySynchronization",
                other.id
            ))
            .await
            .expect(200);
        assert_eq!(sync["userSyncInbound"]["isSyncAllowed"], true);
    }
    d.cli(&["organization", "show", "--tenant", &contoso.id])
        .ok();
    d.cli(&["organization", "leave", "--tenant", &contoso.id])
        .refused(1);
    d.cli(&[
        "organization",
        "create",
        "--tenant",
        &contoso.id,
        "--name",
        "x",
    ])
    .refused(1);
    d.cli(&["organization", "leave", "--tenant", &fabrikam.id]);
    is_gone(&contoso, &fabrikam).await;
    d.finish().await;
}
