//! Members of an organization: roles, leaving, removal, dissolving, and who sees whom.

use e2e::{
    ORGANIZATION, POLICY, Shared, ZERO,
    organization::{
        add, ask_to_join, becomes, create, form_organization, is_gone, is_without_organization,
        join_fails, member_path,
    },
};
use serde_json::json;

static SHARED: Shared = Shared::new();

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
