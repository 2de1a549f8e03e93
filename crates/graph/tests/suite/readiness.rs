//! The readiness matrix, its mending, and requests between tenants, over HTTP.

use crate::common::tenants::{Caller, NOBODY, Tenants};
use node::command::Command;
use serde_json::{Value, json};

const READINESS: &str = "/beta/isopolity/readiness";
const MEND: &str = "/beta/isopolity/readiness/mend";
const REQUESTS: &str = "/beta/isopolity/requests";
const ALL: &str = "Policy.Read.All,Policy.ReadWrite.CrossTenantAccess,\
    Synchronization.ReadWrite.All,AuditLog.Read.All,MultiTenantOrganization.ReadWrite.All";

async fn execute(d: &Tenants, command: Command) -> Value {
    d.node.execute(command, &|_| {}).await.unwrap()
}

/// Puts the tenants into one organization; nobody gives any consent.
async fn unite(d: &Tenants, tenants: &[&Caller]) {
    let first = tenants[0].id.to_string();
    execute(
        d,
        Command::OrganizationCreate {
            tenant: first.clone(),
            name: "Round table".into(),
            add: tenants[1..].iter().map(|it| it.id.to_string()).collect(),
            accept_users: false,
            skip_consent: false,
        },
    )
    .await;
    for tenant in &tenants[1..] {
        execute(
            d,
            Command::OrganizationJoin {
                tenant: tenant.id.to_string(),
                invited_by: first.clone(),
                accept_users: false,
                skip_consent: false,
            },
        )
        .await;
    }
}

async fn item(caller: &Caller, from: &Caller, to: &Caller, action: &str) -> Value {
    let list = caller.get(READINESS).await.expect(200);
    let list = list["value"].as_array().unwrap();
    let same = |item: &&Value| {
        item["from"] == json!(from.id) && item["to"] == json!(to.id) && item["action"] == action
    };
    list.iter().find(same).unwrap().clone()
}

fn body(from: &Caller, to: &Caller, action: &str) -> Value {
    json!({"from": from.id, "to": to.id, "action": action})
}

/// What stands in the way: tenant and setting.
fn refusing(item: &Value) -> Vec<(String, String)> {
    let steps = item["steps"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    steps
        .filter(|step| step["allowed"] == false)
        .map(|step| (text(&step["tenantId"]), text(&step["setting"])))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_ordered_pair_is_listed_with_what_stands_in_the_way() {
    let d = Tenants::start(ALL).await;
    let contoso = d.tenant("Contoso").await;
    assert_eq!(contoso.get(READINESS).await.expect(200)["value"], json!([]));
    let fabrikam = d.tenant("Fabrikam").await;
    let tailspin = d.tenant("Tailspin").await;
    unite(&d, &[&contoso, &fabrikam, &tailspin]).await;

    let list = contoso.get(READINESS).await.expect(200);
    assert_eq!(list["value"].as_array().unwrap().len(), 12);
    let sync = item(&contoso, &contoso, &fabrikam, "sync").await;
    assert_eq!(sync["state"], "blocked");
    let (ours, theirs) = (contoso.id.to_string(), fabrikam.id.to_string());
    let wanted = [
        (
            &ours,
            format!("partners/{theirs}.automaticUserConsentSettings.outboundAllowed"),
        ),
        (&ours, format!("userSharing/tenants/{theirs}")),
        (
            &theirs,
            format!("partners/{ours}.identitySynchronization.userSyncInbound.isSyncAllowed"),
        ),
        (
            &theirs,
            format!("partners/{ours}.automaticUserConsentSettings.inboundAllowed"),
        ),
    ];
    let wanted: Vec<_> = wanted
        .map(|(tenant, setting)| (tenant.clone(), setting))
        .into();
    assert_eq!(refusing(&sync), wanted);
    for step in sync["steps"].as_array().unwrap() {
        assert_eq!(step["mend"].is_object(), step["allowed"] == false, "{step}");
    }
    // Microsoft's default leaves B2B collaboration open.
    let signin = item(&contoso, &contoso, &fabrikam, "signin").await;
    assert_eq!(
        (&signin["state"], &signin["steps"]),
        (&json!("ready"), &json!([]))
    );

    // A list lets some pass: whoever looks sees that, and nobody of the list.
    let list = json!({"b2bCollaborationInbound": {"usersAndGroups": {
        "accessType": "allowed",
        "targets": [{"target": NOBODY, "targetType": "user"}]
    }}});
    let partner = format!("/policies/crossTenantAccessPolicy/partners/{ours}");
    fabrikam.patch(&partner, list).await.expect(204);
    for viewer in [&contoso, &fabrikam, &tailspin] {
        let partial = item(viewer, &contoso, &fabrikam, "signin").await;
        assert_eq!(partial["state"], "partial");
        assert!(!partial.to_string().contains(NOBODY), "{partial}");
    }
    let blocked = "$filter=state eq 'blocked' and action eq 'signin'";
    let none = contoso
        .get(&format!("{READINESS}?{blocked}"))
        .await
        .expect(200);
    assert_eq!(none["value"], json!([]));
    let both = |access: &str| {
        json!({"b2bCollaborationOutbound": {
            "usersAndGroups": {"accessType": access, "targets": [{"target": "AllUsers", "targetType": "user"}]},
            "applications": {"accessType": access, "targets": [{"target": "AllApplications", "targetType": "application"}]}
        }})
    };
    let partner = format!("/policies/crossTenantAccessPolicy/partners/{theirs}");
    contoso.patch(&partner, both("blocked")).await.expect(204);
    let one = tailspin
        .get(&format!("{READINESS}?{blocked}"))
        .await
        .expect(200);
    assert_eq!(one["value"].as_array().unwrap().len(), 1);
    assert_eq!(one["value"][0]["to"], json!(fabrikam.id));
    let mended = contoso
        .post(MEND, body(&contoso, &fabrikam, "signin"))
        .await
        .expect(200);
    assert_eq!(
        (&mended["state"], &mended["requests"]),
        (&json!("partial"), &json!([]))
    );

    let query = contoso
        .get(&format!("{READINESS}?$filter=steps eq 'x'"))
        .await;
    query.refused(400, "Request_BadRequest");
    let nothing = contoso
        .with_permissions("User.Read.All")
        .get(READINESS)
        .await;
    nothing.refused(403, "Authorization_RequestDenied");
}

#[tokio::test(flavor = "multi_thread")]
async fn mending_changes_what_is_ones_own_and_asks_for_the_rest() {
    let d = Tenants::start(ALL).await;
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let tailspin = d.tenant("Tailspin").await;
    let stranger = d.tenant("Stranger").await;
    unite(&d, &[&contoso, &fabrikam, &tailspin]).await;

    let mut dry = body(&contoso, &fabrikam, "sync");
    dry["dryRun"] = true.into();
    let preview = contoso.post(MEND, dry).await.expect(200);
    assert_eq!(preview["state"], "blocked");
    assert_eq!(preview["changes"].as_array().unwrap().len(), 2);
    let asked = &preview["requests"][0];
    assert_eq!(asked["requestedOfTenantId"], json!(fabrikam.id));
    assert_eq!(contoso.get(REQUESTS).await.expect(200)["value"], json!([]));

    let narrow = contoso.with_permissions("Policy.ReadWrite.CrossTenantAccess");
    let refused = narrow.post(MEND, body(&contoso, &fabrikam, "sync")).await;
    refused.refused(403, "Authorization_RequestDenied");

    let done = contoso
        .post(MEND, body(&contoso, &fabrikam, "sync"))
        .await
        .expect(200);
    assert_eq!(done["changes"], preview["changes"]);
    assert_eq!(done["requests"][0]["changes"], asked["changes"]);
    let again = contoso
        .post(MEND, body(&contoso, &fabrikam, "sync"))
        .await
        .expect(200);
    assert_eq!(again["changes"], json!([]));
    assert_eq!(again["requests"][0]["id"], done["requests"][0]["id"]);

    // The other end sees what it would change, and so does nobody else.
    let id = done["requests"][0]["id"].as_str().unwrap().to_owned();
    let one = format!("{REQUESTS}/{id}");
    let waiting = fabrikam.get(REQUESTS).await.expect(200);
    assert_eq!(waiting["value"].as_array().unwrap().len(), 1);
    let waiting = &waiting["value"][0];
    assert_eq!(
        (&waiting["direction"], &waiting["state"]),
        (&json!("received"), &json!("pending"))
    );
    assert_eq!(waiting["changes"], asked["changes"]);
    for other in [&tailspin, &stranger] {
        let hidden = other.get(&one).await;
        let missing = other.get(&format!("{REQUESTS}/{NOBODY}")).await;
        assert_eq!(hidden.status, missing.status);
        hidden.refused(404, "Request_ResourceNotFound");
        let accept = other.call("POST", &format!("{one}/accept"), None).await;
        accept.refused(404, "Request_ResourceNotFound");
    }
    // Whoever has asked can't be the one who accepts.
    let own = contoso.call("POST", &format!("{one}/accept"), None).await;
    assert_eq!(own.status, 409, "{}", own.json);

    let accepted = fabrikam
        .call("POST", &format!("{one}/accept"), None)
        .await
        .expect(200);
    assert_eq!(accepted["state"], "accepted");
    assert_eq!(contoso.get(&one).await.expect(200)["state"], "accepted");
    assert_eq!(
        item(&tailspin, &contoso, &fabrikam, "sync").await["state"],
        "ready"
    );
    let again = fabrikam.call("POST", &format!("{one}/accept"), None).await;
    assert_eq!(again.status, 409, "{}", again.json);
    // Exactly that, and nothing else, was changed there.
    let partner = format!("/policies/crossTenantAccessPolicy/partners/{}", contoso.id);
    let entry = fabrikam
        .get(&format!("{partner}?$expand=identitySynchronization"))
        .await
        .expect(200);
    assert_eq!(
        entry["automaticUserConsentSettings"],
        json!({"inboundAllowed": true, "outboundAllowed": null})
    );
    assert_eq!(
        entry["identitySynchronization"]["userSyncInbound"]["isSyncAllowed"],
        true
    );
    for (tenant, activity) in [
        (&contoso, "Request a change of another tenant"),
        (&fabrikam, "Receive a request for a change"),
        (&fabrikam, "Accept a request for a change"),
        (&contoso, "Receive an accepted request"),
    ] {
        let log = tenant
            .get(&format!(
                "/auditLogs/directoryAudits?$filter=activityDisplayName eq '{activity}'"
            ))
            .await
            .expect(200);
        assert_eq!(log["value"].as_array().unwrap().len(), 1, "{activity}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_declined_with_a_reason() {
    let d = Tenants::start(ALL).await;
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    unite(&d, &[&contoso, &fabrikam]).await;
    let before = item(&contoso, &fabrikam, &contoso, "sync").await;
    // From the target's side: its own halves are changed, the home tenant is asked to share.
    let done = contoso
        .post(MEND, body(&fabrikam, &contoso, "sync"))
        .await
        .expect(200);
    assert_eq!(done["changes"].as_array().unwrap().len(), 2);
    let one = format!("{REQUESTS}/{}", done["requests"][0]["id"].as_str().unwrap());
    let long = json!({"reason": "x".repeat(1_025)});
    fabrikam
        .post(&format!("{one}/decline"), long)
        .await
        .refused(400, "Request_BadRequest");
    let odd = json!({"because": "no"});
    fabrikam
        .post(&format!("{one}/decline"), odd)
        .await
        .refused(400, "Request_BadRequest");
    // Sharing asks for more than the policy's permission.
    let narrow = fabrikam.with_permissions("Policy.ReadWrite.CrossTenantAccess");
    let refused = narrow.call("POST", &format!("{one}/accept"), None).await;
    refused.refused(403, "Authorization_RequestDenied");
    let reason = json!({"reason": "Not before the merger."});
    let declined = fabrikam
        .post(&format!("{one}/decline"), reason)
        .await
        .expect(200);
    assert_eq!(declined["state"], "declined");
    let seen = contoso.get(&one).await.expect(200);
    assert_eq!(
        (&seen["state"], &seen["reason"]),
        (&json!("declined"), &json!("Not before the merger."))
    );
    let after = item(&contoso, &fabrikam, &contoso, "sync").await;
    assert_eq!(after["state"], "blocked");
    assert!(refusing(&after).len() < refusing(&before).len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused() {
    let d = Tenants::start(ALL).await;
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let tailspin = d.tenant("Tailspin").await;
    let stranger = d.tenant("Stranger").await;
    unite(&d, &[&contoso, &fabrikam, &tailspin]).await;
    let good = body(&contoso, &fabrikam, "sync");
    for (name, value) in [
        ("from", json!("x")),
        ("from", json!(NOBODY)),
        ("from", json!(fabrikam.id)),
        ("from", json!(tailspin.id)),
        ("to", Value::Null),
        ("to", json!(contoso.id)),
        ("action", json!("chat")),
        ("action", json!(7)),
        ("dryRun", json!("yes")),
        ("more", json!(1)),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        contoso
            .post(MEND, bad)
            .await
            .refused(400, "Request_BadRequest");
    }
    // A tenant outside and one that isn't there look the same.
    let mut outside = Vec::new();
    for id in [stranger.id.to_string(), NOBODY.to_owned()] {
        let wish = json!({"from": contoso.id, "to": id, "action": "sync"});
        let message = contoso
            .post(MEND, wish)
            .await
            .refused(404, "Directory_ObjectNotFound");
        outside.push(message.replace(&id, ""));
    }
    assert_eq!(outside[0], outside[1]);
    contoso
        .get(&format!("{REQUESTS}/x"))
        .await
        .refused(404, "Request_ResourceNotFound");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_follows_what_changes() {
    let d = Tenants::start(ALL).await;
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    unite(&d, &[&contoso, &fabrikam]).await;
    for (from, to) in [(&contoso, &fabrikam), (&fabrikam, &contoso)] {
        from.post(MEND, body(from, to, "sync")).await.expect(200);
        to.post(MEND, body(from, to, "sync")).await.expect(200);
    }
    assert_eq!(
        item(&contoso, &contoso, &fabrikam, "sync").await["state"],
        "ready"
    );
    let pause = format!("/beta/isopolity/userSharing/tenants/{}/pause", fabrikam.id);
    contoso.call("POST", &pause, None).await.expect(204);
    let paused = item(&fabrikam, &contoso, &fabrikam, "sync").await;
    assert_eq!(paused["state"], "blocked");
    assert_eq!(refusing(&paused).len(), 1);
    contoso
        .post(MEND, body(&contoso, &fabrikam, "sync"))
        .await
        .expect(200);
    assert_eq!(
        item(&fabrikam, &contoso, &fabrikam, "sync").await["state"],
        "ready"
    );
    // Whoever leaves sees nobody's any more, and nobody sees its own.
    execute(
        &d,
        Command::OrganizationLeave {
            tenant: fabrikam.id.to_string(),
        },
    )
    .await;
    assert_eq!(
        fabrikam.get(READINESS).await.expect(200)["value"],
        json!([])
    );
    let left = contoso.get(READINESS).await.expect(200);
    assert_eq!(left["value"], json!([]));
    contoso
        .post(MEND, body(&contoso, &fabrikam, "sync"))
        .await
        .refused(404, "Directory_ObjectNotFound");
}
