//! `/beta/isopolity/explain` and `isopolity explain`: the decision and its trace.

use e2e::{
    Answer, Deployment, POLICY, Shared, Tenant,
    organization::form_organization,
    sharing::{share_all, synced, upn},
};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

const EXPLAIN: &str = "/beta/isopolity/explain";

async fn ask(caller: &Tenant, action: &str, from: (&Tenant, &str), to: &Tenant) -> Answer {
    let answer = caller
        .post(
            EXPLAIN,
            json!({
                "action": action,
                "from": { "tenantId": from.0.id, "userId": from.1 },
                "to": { "tenantId": to.id },
            }),
        )
        .await
        .expect(200);
    check_shape(&answer.json);
    answer
}

/// A decision is true or false, and its last step is the one that decided.
fn check_shape(decision: &Value) {
    let allowed = decision["allowed"].as_bool().unwrap();
    let steps = decision["steps"].as_array().unwrap();
    assert!(!steps.is_empty(), "{decision}");
    for step in steps {
        assert!(step["tenantId"].is_string(), "{step}");
        assert!(!step["setting"].as_str().unwrap().is_empty(), "{step}");
        assert!(step["allowed"].is_boolean(), "{step}");
        assert!(!step["reason"].as_str().unwrap().is_empty(), "{step}");
        let mend = &step["mend"];
        assert!(
            mend.is_null() || (mend["method"].is_string() && mend["path"].is_string()),
            "{step}"
        );
    }
    assert_eq!(steps.last().unwrap()["allowed"], allowed, "{decision}");
}

/// The step that decided.
fn deciding(answer: &Answer) -> Value {
    answer["steps"].as_array().unwrap().last().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_is_refused_until_both_sides_agree_and_each_mend_mends() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let ann = contoso.user("ann").await;
    let refused = ask(&contoso, "sync", (&contoso, &ann), &fabrikam).await;
    assert_eq!(refused["allowed"], false);

    form_organization(&[&contoso, &fabrikam]).await;
    share_all(&contoso).await;
    let allowed = ask(&contoso, "sync", (&contoso, &ann), &fabrikam).await;
    assert_eq!(allowed["allowed"], true, "{allowed:?}");
    // Both sides were asked, and both see the same answer.
    let sides: Vec<&Value> = allowed["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["tenantId"])
        .collect();
    for tenant in [&contoso, &fabrikam] {
        assert!(
            sides.iter().any(|id| **id == tenant.id.as_str()),
            "{sides:?}"
        );
    }
    let theirs = ask(&fabrikam, "sync", (&contoso, &ann), &fabrikam).await;
    assert_eq!(theirs["allowed"], true);

    // Each of the settings that have to say yes, taken away on its own.
    let ours = format!("{POLICY}/partners/{}", fabrikam.id);
    let theirs = format!("{POLICY}/partners/{}", contoso.id);
    for (side, path, body) in [
        (
            &contoso,
            ours,
            json!({ "automaticUserConsentSettings": { "outboundAllowed": false } }),
        ),
        (
            &fabrikam,
            theirs.clone(),
            json!({ "automaticUserConsentSettings": { "inboundAllowed": false } }),
        ),
        (
            &fabrikam,
            format!("{theirs}/identitySynchronization"),
            json!({ "userSyncInbound": { "isSyncAllowed": false } }),
        ),
    ] {
        side.patch(&path, body).await.expect(204);
        let refused = ask(side, "sync", (&contoso, &ann), &fabrikam).await;
        assert_eq!(refused["allowed"], false, "{refused:?}");
        let step = deciding(&refused);
        assert_eq!(step["tenantId"], side.id, "{step}");

        // The mend is a call that the admin of that side can make, and it helps.
        let mend = &step["mend"];
        let (method, target) = (
            mend["method"].as_str().unwrap(),
            mend["path"].as_str().unwrap(),
        );
        side.call(method, target)
            .json(mend["body"].clone())
            .await
            .ok();
        let allowed = ask(side, "sync", (&contoso, &ann), &fabrikam).await;
        assert_eq!(allowed["allowed"], true, "{allowed:?}");
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_follows_collaboration_settings() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let ann = contoso.user("ann").await;
    let bob = contoso.user("bob").await;
    // Collaboration is allowed by default, both ways.
    let allowed = ask(&contoso, "signin", (&contoso, &ann), &fabrikam).await;
    assert_eq!(allowed["allowed"], true, "{allowed:?}");

    let block = |who: &str| {
        json!({
            "usersAndGroups": {
                "accessType": "blocked", "targets": [{ "target": who, "targetType": "user" }],
            },
            "applications": {
                "accessType": "blocked",
                "targets": [{ "target": "AllApplications", "targetType": "application" }],
            },
        })
    };
    // Home says no to one person.
    contoso
        .post(
            &format!("{POLICY}/partners"),
            json!({ "tenantId": fabrikam.id, "b2bCollaborationOutbound": block(&ann) }),
        )
        .await
        .expect(201);
    let refused = ask(&contoso, "signin", (&contoso, &ann), &fabrikam).await;
    assert_eq!(refused["allowed"], false, "{refused:?}");
    assert_eq!(deciding(&refused)["tenantId"], contoso.id);
    let allowed = ask(&contoso, "signin", (&contoso, &bob), &fabrikam).await;
    assert_eq!(allowed["allowed"], true, "{allowed:?}");

    // The resource says no to everybody from there.
    fabrikam
        .post(
            &format!("{POLICY}/partners"),
            json!({ "tenantId": contoso.id, "b2bCollaborationInbound": block("AllUsers") }),
        )
        .await
        .expect(201);
    let refused = ask(&contoso, "signin", (&contoso, &bob), &fabrikam).await;
    assert_eq!(refused["allowed"], false, "{refused:?}");
    assert_eq!(deciding(&refused)["tenantId"], fabrikam.id);
    d.finish().await;
}

/// Does what the deciding step says would mend it.
async fn mend(caller: &Tenant, refused: &Answer) {
    let mend = &deciding(refused)["mend"];
    let (method, path) = (&mend["method"], &mend["path"]);
    caller
        .call(method.as_str().unwrap(), path.as_str().unwrap())
        .json(mend["body"].clone())
        .await
        .ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_explained_down_to_the_account_and_the_application() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let ann = contoso.user("ann").await;
    form_organization(&[&contoso, &fabrikam]).await;
    share_all(&contoso).await;
    let there = synced(&fabrikam, &upn(&contoso, "ann")).await;
    let there = there["id"].as_str().unwrap().to_owned();
    let made = fabrikam
        .post("/v1.0/applications", json!({ "displayName": "Wiki" }))
        .await
        .expect(201);
    let app = made["appId"].as_str().unwrap().to_owned();
    let principal = fabrikam
        .post("/v1.0/servicePrincipals", json!({ "appId": app }))
        .await
        .expect(201);
    let principal = format!(
        "/v1.0/servicePrincipals/{}",
        principal["id"].as_str().unwrap()
    );
    let at_home = || {
        let question = json!({
            "action": "signin",
            "from": { "tenantId": contoso.id, "userId": ann },
            "to": { "tenantId": fabrikam.id, "applicationId": app },
        });
        contoso.post(EXPLAIN, question)
    };
    // Where the account is, it is named by its id there.
    let here = || {
        let question = json!({
            "action": "signin",
            "to": { "tenantId": fabrikam.id, "userId": there, "applicationId": app },
        });
        fabrikam.post(EXPLAIN, question)
    };
    let account = format!("/v1.0/users/{there}");
    for (path, body) in [
        (&principal, json!({ "appRoleAssignmentRequired": true })),
        (&principal, json!({ "accountEnabled": false })),
        (&account, json!({ "blockedHere": true })),
    ] {
        for allowed in [here().await.expect(200), at_home().await.expect(200)] {
            check_shape(&allowed.json);
            assert_eq!(allowed["allowed"], true, "{allowed:?}");
        }
        fabrikam.patch(path, body).await.expect(204);
        // The home tenant learns what is in the way, and nothing of the objects there.
        let theirs = at_home().await.expect(200);
        check_shape(&theirs.json);
        assert_eq!(theirs["allowed"], false, "{theirs:?}");
        assert_eq!(deciding(&theirs)["tenantId"], fabrikam.id);
        assert!(deciding(&theirs)["mend"].is_null());
        assert!(!theirs.json.to_string().contains(&there));
        let refused = here().await.expect(200);
        check_shape(&refused.json);
        assert_eq!(refused["allowed"], false, "{refused:?}");
        assert_eq!(deciding(&refused)["setting"], deciding(&theirs)["setting"]);
        mend(&fabrikam, &refused).await;
    }
    let allowed = here().await.expect(200);
    assert_eq!(allowed["allowed"], true, "{allowed:?}");

    // Of a tenant's own people nothing crosses the border.
    let carl = fabrikam.user("carl").await;
    let own = |action: &str| {
        let to = json!({ "tenantId": fabrikam.id, "userId": carl, "applicationId": app });
        fabrikam.post(EXPLAIN, json!({ "action": action, "to": to }))
    };
    let refused = own("signin").await.expect(200);
    assert_eq!(refused["allowed"], false, "{refused:?}");
    mend(&fabrikam, &refused).await;
    assert_eq!(own("signin").await.expect(200)["allowed"], true);
    own("sync").await.expect(400);
    // An account of another tenant's directory is nobody here.
    let strange = json!({ "tenantId": fabrikam.id, "userId": ann });
    fabrikam
        .post(EXPLAIN, json!({ "action": "signin", "to": strange }))
        .await
        .expect(404);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_learns_nothing() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let stranger = d.tenant("Stranger").await;
    let ann = contoso.user("ann").await;
    let question = |from: &str, to: &str| {
        json!({
            "action": "sync", "from": { "tenantId": from, "userId": ann },
            "to": { "tenantId": to },
        })
    };
    // Neither side is the caller's.
    stranger
        .post(EXPLAIN, question(&contoso.id, &fabrikam.id))
        .await
        .refused_somehow();
    for body in [
        json!({}),
        json!({ "action": "dance", "from": { "tenantId": contoso.id, "userId": ann }, "to": { "tenantId": fabrikam.id } }),
        json!({ "action": "sync", "from": { "tenantId": contoso.id }, "to": {} }),
        json!({ "action": ["sync"], "from": { "tenantId": contoso.id }, "to": { "tenantId": fabrikam.id } }),
        json!({ "action": "sync", "from": "contoso", "to": { "tenantId": fabrikam.id } }),
        json!({ "action": "sync", "from": { "tenantId": contoso.id }, "to": [] }),
        json!({ "action": "sync", "from": { "tenantId": contoso.id, "userId": 1 }, "to": { "tenantId": fabrikam.id } }),
        json!({ "action": "sync", "from": { "tenantId": contoso.id }, "to": { "tenantId": fabrikam.id, "applicationId": "x" } }),
        json!({ "action": "sync", "from": { "tenantId": contoso.id, "what": 1 }, "to": { "tenantId": fabrikam.id } }),
        question("x", &fabrikam.id),
        question(&contoso.id, "x"),
    ] {
        contoso.post(EXPLAIN, body).await.refused_somehow();
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_says_the_same() {
    let d = Deployment::start();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let ann = contoso.user("ann").await;
    let explain = |action: &str| {
        let from = format!("{}/{ann}", contoso.id);
        d.cli(&[
            "explain",
            "--from",
            &from,
            "--to",
            &fabrikam.id,
            "--action",
            action,
        ])
    };
    for action in ["sync", "signin"] {
        let said = explain(action);
        let asked = ask(&contoso, action, (&contoso, &ann), &fabrikam).await;
        let said = said
            .json
            .unwrap_or_else(|| panic!("no JSON: {}", said.stderr));
        check_shape(&said);
        assert_eq!(said["allowed"], asked["allowed"]);
    }
    form_organization(&[&contoso, &fabrikam]).await;
    share_all(&contoso).await;
    let said = explain("sync").ok();
    assert_eq!(said["allowed"], true, "{said}");
    d.finish().await;
    // The store answers without a server, too.
    assert_eq!(d.terminate(), Some(0));
    let said = explain("sync").ok();
    assert_eq!(said["allowed"], true, "{said}");
}
