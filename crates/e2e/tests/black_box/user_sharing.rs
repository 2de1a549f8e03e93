//! `/beta/isopolity/userSharing`: who is shared with whom, and how each pair stands.

use e2e::{
    ORGANIZATION, POLICY, SHARING, Shared, eventually, holds,
    organization::{form_organization, open_to_partners},
    sharing::{
        external_users, home_upn_in, is_soft_deleted, pair, selected, settled, share, share_all,
        status, synced, target_has, text, upn, users,
    },
};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_shared_in_one_call() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    for alias in ["ann", "bob"] {
        contoso.user(alias).await;
    }
    let before = contoso.get(&format!("{SHARING}/default")).await.expect(200);
    assert_eq!(before["scope"], "none", "nothing is shared by itself");
    share_all(&contoso).await;
    let after = contoso.get(&format!("{SHARING}/default")).await.expect(200);
    assert_eq!(after["scope"], "all");

    let ann = synced(&fabrikam, &upn(&contoso, "ann")).await;
    synced(&fabrikam, &upn(&contoso, "bob")).await;
    let status = settled(&contoso, &fabrikam).await;
    let own = users(&contoso).await;
    let internal = own.iter().filter(|user| user["creationType"].is_null());
    assert_eq!(status["inScope"], internal.count(), "{status}");
    assert_eq!(status["source"], "default");
    assert_eq!(status["scope"], "all");
    assert_eq!(status["failed"], 0);
    assert!(status["lagMilliseconds"].is_u64());
    assert!(status["lastAppliedDateTime"].is_string());

    // It is one direction: nobody of Fabrikam came to Contoso.
    assert_eq!(external_users(&contoso).await.len(), 0);
    assert_ne!(ann["id"], Value::Null);

    // A newcomer comes by itself.
    contoso.user("cyd").await;
    synced(&fabrikam, &upn(&contoso, "cyd")).await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_users_and_groups() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    let ann = contoso.user("ann").await;
    let bob = contoso.user("bob").await;
    contoso.user("cyd").await;
    let dan = contoso.user("dan").await;
    let group = contoso.group("cooks").await;
    contoso.add_member(&group, &bob).await;

    share(&contoso, selected(&[&ann], &[&group])).await;
    target_has(&contoso, &fabrikam, &["ann", "bob"]).await;
    let status = settled(&contoso, &fabrikam).await;
    assert_eq!(status["inScope"], 2);
    assert_eq!(status["scope"], "selected");

    // Membership is followed.
    contoso.add_member(&group, &dan).await;
    target_has(&contoso, &fabrikam, &["ann", "bob", "dan"]).await;
    let bob_there = text(&synced(&fabrikam, &upn(&contoso, "bob")).await, "id");
    contoso
        .delete(&format!("/v1.0/groups/{group}/members/{bob}/$ref"))
        .await
        .expect(204);
    target_has(&contoso, &fabrikam, &["ann", "dan"]).await;
    is_soft_deleted(&fabrikam, &bob_there).await;

    // Out of the scope and back: the same id.
    share(&contoso, selected(&[&ann, &bob], &[&group])).await;
    let back = synced(&fabrikam, &upn(&contoso, "bob")).await;
    assert_eq!(back["id"], bob_there.as_str());

    // A group that goes takes its people with it.
    contoso
        .delete(&format!("/v1.0/groups/{group}"))
        .await
        .expect(204);
    target_has(&contoso, &fabrikam, &["ann", "bob"]).await;

    share(
        &contoso,
        json!({ "scope": "none", "users": [], "groups": [] }),
    )
    .await;
    target_has(&contoso, &fabrikam, &[]).await;
    share_all(&contoso).await;
    let back = synced(&fabrikam, &upn(&contoso, "bob")).await;
    assert_eq!(back["id"], bob_there.as_str());
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn different_people_for_different_tenants() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let tailspin = d.tenant("Tailspin").await;
    form_organization(&[&contoso, &fabrikam, &tailspin]).await;
    let ann = contoso.user("ann").await;
    let bob = contoso.user("bob").await;
    share(&contoso, selected(&[&ann], &[])).await;
    target_has(&contoso, &fabrikam, &["ann"]).await;
    target_has(&contoso, &tailspin, &["ann"]).await;

    // A tenant's own entry wins over the default.
    let own = format!("{SHARING}/tenants/{}", tailspin.id);
    contoso.put(&own, selected(&[&bob], &[])).await.ok();
    target_has(&contoso, &tailspin, &["bob"]).await;
    target_has(&contoso, &fabrikam, &["ann"]).await;
    let entry = contoso.get(&own).await.expect(200);
    assert_eq!(entry["scope"], "selected");
    assert_eq!(entry["users"], json!([bob]));
    assert_eq!(status(&contoso, &tailspin).await["source"], "own");
    assert_eq!(status(&contoso, &fabrikam).await["source"], "default");

    contoso
        .put(&own, json!({ "scope": "none", "users": [], "groups": [] }))
        .await
        .ok();
    target_has(&contoso, &tailspin, &[]).await;

    // Without it, the default again.
    contoso.delete(&own).await.ok();
    target_has(&contoso, &tailspin, &["ann"]).await;
    assert_eq!(status(&contoso, &tailspin).await["source"], "default");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_shared() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    let ann = contoso.user("ann").await;
    let theirs = fabrikam.user("eve").await;
    share(&contoso, selected(&[&ann], &[])).await;
    let default = format!("{SHARING}/default");
    for body in [
        json!({}),
        json!({ "scope": "some" }),
        json!({ "scope": 1 }),
        json!({ "scope": "selected", "users": "all" }),
        json!({ "scope": "selected", "users": ["x"] }),
        json!({ "scope": "selected", "users": [[]] }),
        json!({ "scope": "selected", "users": { "a": 1 } }),
        json!({ "scope": "selected", "groups": 7 }),
        json!({ "scope": "selected", "rule": true }),
        json!({ "scope": "all", "untilDateTime": [] }),
        json!({ "scope": "all", "untilDateTime": "soon" }),
        json!({ "scope": "selected", "users": [e2e::NOBODY] }),
        json!({ "scope": "selected", "users": [theirs] }),
        json!({ "scope": "selected", "groups": [ann] }),
        json!({ "scope": "all", "nonsense": 1 }),
        json!({ "scope": "all", "untilDateTime": "soon" }),
        json!({ "scope": "selected", "rule": 7 }),
    ] {
        let refused = contoso.put(&default, body.clone()).await.expect(400);
        let message = refused["error"]["message"].as_str().unwrap();
        for word in ["variant", "field", "invalid type", ".."] {
            assert!(!message.contains(word), "{body}: {message}");
        }
    }
    let unchanged = contoso.get(&default).await.expect(200);
    assert_eq!(unchanged["users"], json!([ann]));
    for nobody in [e2e::NOBODY, &contoso.id, "nonsense"] {
        let path = format!("{SHARING}/tenants/{nobody}");
        contoso
            .put(&path, selected(&[&ann], &[]))
            .await
            .refused_somehow();
        contoso
            .call("POST", &format!("{path}/pause"))
            .await
            .refused_somehow();
        contoso
            .get(&format!("{path}/failures"))
            .await
            .refused_somehow();
    }
    target_has(&contoso, &fabrikam, &["ann"]).await;
    // An entry that was read can be written back, whoever is gone meanwhile.
    let bob = contoso.user("bob").await;
    share(&contoso, selected(&[&ann, &bob], &[])).await;
    for path in ["users", "directory/deletedItems"] {
        let path = format!("/v1.0/{path}/{bob}");
        contoso.delete(&path).await.expect(204);
    }
    let mut entry = contoso.get(&default).await.expect(200).json;
    entry["untilDateTime"] = json!("2200-01-01T00:00:00Z");
    contoso.put(&default, entry).await.expect(204);
    let bob_only = selected(&[&bob], &[]);
    share(&contoso, selected(&[&ann], &[])).await;
    contoso.put(&default, bob_only).await.expect(400);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_counts_and_changes_nothing() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    let ann = contoso.user("ann").await;
    let bob = contoso.user("bob").await;
    share(&contoso, selected(&[&ann], &[])).await;
    target_has(&contoso, &fabrikam, &["ann"]).await;
    let preview = contoso
        .post(
            &format!("{SHARING}/default/preview"),
            selected(&[&bob], &[]),
        )
        .await
        .expect(200);
    assert!(preview.text.contains(&bob), "whom it adds: {preview:?}");
    assert!(preview.text.contains(&ann), "whom it removes: {preview:?}");
    contoso
        .post(
            &format!("{SHARING}/default/preview"),
            json!({ "scope": "some" }),
        )
        .await
        .expect(400);
    let unchanged = contoso.get(&format!("{SHARING}/default")).await.expect(200);
    assert_eq!(unchanged["users"], json!([ann]));
    target_has(&contoso, &fabrikam, &["ann"]).await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_joins_later_gets_the_default() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    contoso.user("ann").await;
    share_all(&contoso).await;
    synced(&fabrikam, &upn(&contoso, "ann")).await;

    let late = d.tenant("Late").await;
    open_to_partners(&late).await;
    contoso
        .post(
            &format!("{ORGANIZATION}/tenants"),
            json!({ "tenantId": late.id, "displayName": "Late" }),
        )
        .await
        .expect(201);
    let listed = contoso.all(&format!("{SHARING}/tenants")).await;
    assert!(
        listed.iter().all(|entry| entry["tenantId"] != late.id),
        "pending tenants get nothing"
    );
    late.patch(
        &format!("{ORGANIZATION}/joinRequest"),
        json!({ "addedByTenantId": contoso.id }),
    )
    .await
    .expect(204);
    synced(&late, &upn(&contoso, "ann")).await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_and_resume() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    contoso.user("ann").await;
    share_all(&contoso).await;
    synced(&fabrikam, &upn(&contoso, "ann")).await;
    settled(&contoso, &fabrikam).await;
    let path = format!("{SHARING}/tenants/{}", fabrikam.id);
    contoso.call("POST", &format!("{path}/pause")).await.ok();
    assert_eq!(status(&contoso, &fabrikam).await["state"], "paused");
    contoso.user("bob").await;
    // The other direction isn't paused, and when its change has arrived, ours would have too.
    fabrikam.user("eve").await;
    share_all(&fabrikam).await;
    synced(&contoso, &upn(&fabrikam, "eve")).await;
    let bob = home_upn_in(&fabrikam, &upn(&contoso, "bob")).await;
    let there = external_users(&fabrikam).await;
    assert!(there.iter().all(|user| user["userPrincipalName"] != bob));

    contoso.call("POST", &format!("{path}/resume")).await.ok();
    synced(&fabrikam, &upn(&contoso, "bob")).await;
    settled(&contoso, &fabrikam).await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_pair_says_why_and_comes_alive_when_it_is_mended() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    // Only Contoso consents; Fabrikam opens nothing.
    open_to_partners(&contoso).await;
    contoso
        .put(ORGANIZATION, json!({ "displayName": "Round table" }))
        .await
        .expect(201);
    contoso
        .post(
            &format!("{ORGANIZATION}/tenants"),
            json!({ "tenantId": fabrikam.id, "displayName": "Fabrikam" }),
        )
        .await
        .expect(201);
    fabrikam
        .patch(
            &format!("{ORGANIZATION}/joinRequest"),
            json!({ "addedByTenantId": contoso.id }),
        )
        .await
        .expect(204);
    eventually("Fabrikam is listed", async || {
        let list = contoso.all(&format!("{SHARING}/tenants")).await;
        holds(list.len() == 1, format!("{list:?}"))
    })
    .await;
    contoso.user("ann").await;
    share_all(&contoso).await;

    let blocked = async || {
        eventually("the pair is blocked", async || {
            let status = status(&contoso, &fabrikam).await;
            holds(status["state"] == "blocked", &status)?;
            Ok(status)
        })
        .await
    };
    let status = blocked().await;
    let trace = status["trace"].to_string();
    assert!(
        trace.contains("isSyncAllowed") || trace.contains("inboundAllowed"),
        "the setting that would have to change: {status}"
    );
    assert!(trace.contains(&fabrikam.id), "whose it is: {status}");
    assert_eq!(external_users(&fabrikam).await.len(), 0);

    // Sync allowed, but no automatic redemption: still blocked, for the next reason.
    let partner = format!("{POLICY}/partners/{}", contoso.id);
    let identity = format!("{partner}/identitySynchronization");
    fabrikam
        .patch(
            &identity,
            json!({ "userSyncInbound": { "isSyncAllowed": true } }),
        )
        .await
        .expect(204);
    eventually("the next reason", async || {
        let status = blocked().await;
        holds(
            status["trace"].to_string().contains("inboundAllowed"),
            &status,
        )
    })
    .await;
    assert_eq!(external_users(&fabrikam).await.len(), 0);

    fabrikam
        .patch(
            &partner,
            json!({ "automaticUserConsentSettings": { "inboundAllowed": true } }),
        )
        .await
        .expect(204);
    let ann = text(&synced(&fabrikam, &upn(&contoso, "ann")).await, "id");
    settled(&contoso, &fabrikam).await;

    // Closed again: who is there stays, what changes at home doesn't come any more.
    fabrikam
        .patch(
            &identity,
            json!({ "userSyncInbound": { "isSyncAllowed": false } }),
        )
        .await
        .expect(204);
    contoso.user("bob").await;
    blocked().await;
    fabrikam
        .get(&format!("/v1.0/users/{ann}"))
        .await
        .expect(200);
    let bob = home_upn_in(&fabrikam, &upn(&contoso, "bob")).await;
    let there = external_users(&fabrikam).await;
    assert!(there.iter().all(|user| user["userPrincipalName"] != bob));
    fabrikam
        .patch(
            &identity,
            json!({ "userSyncInbound": { "isSyncAllowed": true } }),
        )
        .await
        .expect(204);
    synced(&fabrikam, &upn(&contoso, "bob")).await;

    // The source's own outbound consent counts as well.
    contoso
        .patch(
            &format!("{POLICY}/partners/{}", fabrikam.id),
            json!({ "automaticUserConsentSettings": { "outboundAllowed": false } }),
        )
        .await
        .expect(204);
    contoso.user("cyd").await;
    let status = blocked().await;
    assert!(
        status["trace"].to_string().contains("outboundAllowed"),
        "{status}"
    );
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sharing_needs_an_organization() {
    let d = SHARED.get();
    let alone = d.tenant("Alone").await;
    let tenants = alone.get(&format!("{SHARING}/tenants")).await.expect(200);
    assert_eq!(tenants.items().len(), 0);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sharing_by_command() {
    let d = SHARED.get();
    let (contoso, fabrikam) = pair(&d).await;
    let ann = contoso.user("ann").await;
    contoso.user("bob").await;
    d.cli(&["share", "--tenant", &contoso.id, "--user", &ann])
        .ok();
    target_has(&contoso, &fabrikam, &["ann"]).await;
    d.cli(&["share", "--tenant", &contoso.id, "--all"]).ok();
    synced(&fabrikam, &upn(&contoso, "bob")).await;
    d.cli(&["share", "--tenant", &contoso.id, "--user", e2e::NOBODY])
        .refused(1);
    d.cli(&["share", "--tenant", e2e::NOBODY, "--all"])
        .refused(1);
    d.finish().await;
}
