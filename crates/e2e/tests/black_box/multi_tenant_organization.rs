//! `/tenantRelationships/multiTenantOrganization`: founding, inviting, joining.

use e2e::{
    ORGANIZATION, Options, POLICY, Shared, ZERO, eventually, holds,
    metadata::{assert_all_fit, assert_fits},
    organization::{
        add, ask_to_join, becomes, create, is_gone, join_fails, join_request, member_path,
    },
};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

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
