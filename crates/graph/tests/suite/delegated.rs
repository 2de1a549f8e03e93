//! Calls on behalf of a signed-in user: only what the client was allowed and the user may do.

use serde_json::{Value, json};

use crate::common::deployment::{Caller, DOMAIN, Deployment};

const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
const USER_ADMINISTRATOR: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";
const GROUPS_ADMINISTRATOR: &str = "fdd7a751-b60b-444a-984c-02652fe8fa1c";
const HELPDESK_ADMINISTRATOR: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";
const SECURITY_READER: &str = "5d6b6bb7-de71-4623-b4af-96380a352509";
const GLOBAL_READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
const PRIVILEGED_ROLE_ADMINISTRATOR: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";
const APPLICATION_ADMINISTRATOR: &str = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3";
const HYBRID_IDENTITY_ADMINISTRATOR: &str = "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2";
const PASSWORD: &str = "Correct-Horse-7-Staple";

fn body(alias: &str) -> Value {
    json!({ "accountEnabled": true, "displayName": alias, "mailNickname": alias, "jobTitle": "Cook",
        "userPrincipalName": format!("{alias}@{DOMAIN}"), "passwordProfile": { "password": PASSWORD } })
}

async fn user(d: &Deployment, alias: &str) -> String {
    let made = d.admin.post("/users", body(alias)).await.expect(201);
    made.json["id"].as_str().unwrap().to_owned()
}

async fn guest(d: &Deployment, alias: &str) -> String {
    let mut body = body(alias);
    body["userType"] = "Guest".into();
    let made = d.admin.post("/users", body).await.expect(201);
    made.json["id"].as_str().unwrap().to_owned()
}

/// Gives a role; answers the assignment's address.
async fn give(d: &Deployment, role: &str, to: &str) -> String {
    let body = json!({ "roleDefinitionId": role, "principalId": to, "directoryScopeId": "/" });
    let path = "/roleManagement/directory/roleAssignments";
    let made = d.admin.post(path, body).await.expect(201);
    format!("{path}/{}", made.json["id"].as_str().unwrap())
}

fn group(name: &str) -> Value {
    json!({ "displayName": name, "mailEnabled": false, "mailNickname": name, "securityEnabled": true })
}

fn reference(id: &str) -> Value {
    json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}") })
}

#[track_caller]
fn denied(answer: crate::common::deployment::Answer) {
    answer.refused(403, "Authorization_RequestDenied");
}

#[tokio::test]
async fn me_is_whoever_is_signed_in() {
    let d = Deployment::start().await;
    let (ann, bob) = (user(&d, "ann").await, user(&d, "bob").await);
    let made = d.admin.post("/groups", group("cooks")).await.expect(201);
    let cooks = made.json["id"].as_str().unwrap().to_owned();
    let members = format!("/groups/{cooks}/members/$ref");
    d.admin.post(&members, reference(&ann)).await.expect(204);
    let manager = format!("/users/{ann}/manager/$ref");
    d.admin.put(&manager, reference(&bob)).await.expect(204);

    let me = d.signed_in(&ann, "openid profile User.Read").await;
    let shown = me
        .get("/me?$select=id,displayName,jobTitle")
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&shown["id"], &shown["jobTitle"]),
        (&json!(ann), &json!("Cook"))
    );
    let context = shown["@odata.context"].as_str().unwrap();
    assert!(
        context.ends_with("#users(id,displayName,jobTitle)/$entity"),
        "{context}"
    );
    // By any of one's names, whatever the spelling.
    for name in [ann.to_uppercase(), format!("ANN@{DOMAIN}")] {
        assert_eq!(
            me.get(&format!("/users/{name}")).await.expect(200).json["jobTitle"],
            "Cook"
        );
    }
    denied(me.get(&format!("/users/{bob}")).await);
    denied(me.get("/users").await);
    // That there is a group is one's own; what it is needs a permission.
    let groups = me.get("/me/memberOf").await.expect(200).json;
    assert_eq!(
        (
            &groups["value"][0]["id"],
            &groups["value"][0]["displayName"]
        ),
        (&json!(cooks), &Value::Null)
    );
    assert_eq!(
        me.get("/me/memberOf/$count").await.status,
        400,
        "asks for eventual consistency"
    );
    assert_eq!(
        me.get_advanced("/me/memberOf/$count")
            .await
            .expect(200)
            .text,
        "1"
    );
    denied(me.get("/me/manager").await);
    denied(me.get(&format!("/users/{bob}/memberOf")).await);
    let objects = me
        .post("/me/checkMemberObjects", json!({ "ids": [cooks] }))
        .await;
    assert_eq!(objects.expect(200).json["value"], json!([cooks]));

    let reader = d
        .signed_in(&ann, "User.Read.All GroupMember.Read.All")
        .await;
    assert_eq!(
        reader.get("/me/manager").await.expect(200).json["id"],
        json!(bob)
    );
    let groups = reader.get("/me/transitiveMemberOf").await.expect(200).json;
    assert_eq!(groups["value"][0]["displayName"], "cooks");
    let reports = d
        .signed_in(&bob, "User.Read")
        .await
        .get("/me/directReports")
        .await;
    assert_eq!(reports.expect(200).json["value"][0]["id"], json!(ann));
    assert_eq!(reader.get("/me/messages").await.status, 404);
    assert_eq!(me.call("DELETE", "/me").send().await.unwrap().status(), 405);
    // An application is nobody.
    d.admin.get("/me").await.refused(400, "BadRequest");
}

#[tokio::test]
async fn people_change_of_themselves_what_is_theirs() {
    let d = Deployment::start().await;
    let ann = user(&d, "ann").await;
    let me = d.signed_in(&ann, "User.ReadWrite").await;
    let change = json!({ "aboutMe": "I cook.", "mobilePhone": "+1 555 0100" });
    me.patch("/me", change).await.expect(204);
    let shown = me
        .get("/me?$select=aboutMe,mobilePhone")
        .await
        .expect(200)
        .json;
    assert_eq!(
        (&shown["aboutMe"], &shown["mobilePhone"]),
        (&json!("I cook."), &json!("+1 555 0100"))
    );
    for change in [
        json!({ "jobTitle": "Boss" }),
        json!({ "accountEnabled": false }),
        json!({ "userPrincipalName": format!("boss@{DOMAIN}") }),
        json!({ "passwordProfile": { "password": "Another-Horse-8" } }),
        json!({ "aboutMe": "x", "userType": "Guest" }),
    ] {
        denied(me.patch("/me", change).await);
    }
    // With a broader permission the user's own rights are no broader.
    let me = d.signed_in(&ann, "User.ReadWrite.All").await;
    denied(me.patch("/me", json!({ "jobTitle": "Boss" })).await);
    let bob = user(&d, "bob").await;
    denied(
        me.patch(&format!("/users/{bob}"), json!({ "aboutMe": "x" }))
            .await,
    );
    denied(me.delete(&format!("/users/{ann}")).await);
}

#[tokio::test]
async fn a_role_that_is_taken_away_is_gone_with_the_next_request() {
    let d = Deployment::start().await;
    let ann = user(&d, "ann").await;
    let caller = d.signed_in(&ann, "User.ReadWrite.All").await;
    denied(caller.post("/users", body("bob")).await);
    let assignment = give(&d, USER_ADMINISTRATOR, &ann).await;
    caller.post("/users", body("bob")).await.expect(201);
    d.admin.delete(&assignment).await.expect(204);
    let refused = caller.post("/users", body("cyd")).await;
    assert!(
        refused
            .message()
            .contains("microsoft.directory/users/create"),
        "{}",
        refused.message()
    );
    denied(refused);

    // By a group that was made for roles.
    let mut admins = group("admins");
    admins["isAssignableToRole"] = true.into();
    let admins = d.admin.post("/groups", admins).await.expect(201).json["id"].clone();
    let admins = admins.as_str().unwrap();
    give(&d, USER_ADMINISTRATOR, admins).await;
    let members = format!("/groups/{admins}/members");
    d.admin
        .post(&format!("{members}/$ref"), reference(&ann))
        .await
        .expect(204);
    caller.post("/users", body("cyd")).await.expect(201);
    d.admin
        .delete(&format!("{members}/{ann}/$ref"))
        .await
        .expect(204);
    denied(caller.post("/users", body("dan")).await);

    // The scope is needed as well as the role.
    give(&d, GLOBAL_ADMINISTRATOR, &ann).await;
    denied(
        d.signed_in(&ann, "User.Read.All")
            .await
            .post("/users", body("dan"))
            .await,
    );
}

#[tokio::test]
async fn nobody_gets_at_the_accounts_of_those_above() {
    let d = Deployment::start().await;
    let (helper, boss, bob) = (
        user(&d, "helper").await,
        user(&d, "boss").await,
        user(&d, "bob").await,
    );
    give(&d, HELPDESK_ADMINISTRATOR, &helper).await;
    give(&d, GLOBAL_ADMINISTRATOR, &boss).await;
    let helpdesk = d
        .signed_in(&helper, "User.ReadWrite.All User.RevokeSessions.All")
        .await;
    let reset = json!({ "passwordProfile": { "password": "Another-Horse-8-Staple" } });
    helpdesk
        .patch(&format!("/users/{bob}"), reset.clone())
        .await
        .expect(204);
    helpdesk
        .post(&format!("/users/{bob}/revokeSignInSessions"), json!({}))
        .await
        .expect(200);
    for path in [format!("/users/{boss}"), format!("/users/boss@{DOMAIN}")] {
        denied(helpdesk.patch(&path, reset.clone()).await);
        denied(
            helpdesk
                .post(&format!("{path}/revokeSignInSessions"), json!({}))
                .await,
        );
    }
    give(&d, USER_ADMINISTRATOR, &helper).await;
    for change in [
        json!({ "accountEnabled": false }),
        json!({ "mobilePhone": "+1 555 0100" }),
    ] {
        denied(helpdesk.patch(&format!("/users/{boss}"), change).await);
    }
    denied(helpdesk.delete(&format!("/users/{boss}")).await);
    helpdesk
        .patch(&format!("/users/{boss}"), json!({ "jobTitle": "Boss" }))
        .await
        .expect(204);
    helpdesk.delete(&format!("/users/{bob}")).await.expect(204);
}

#[tokio::test]
async fn owners_look_after_what_is_theirs() {
    let d = Deployment::start().await;
    let (ann, bob) = (user(&d, "ann").await, user(&d, "bob").await);
    let scopes = "Group.ReadWrite.All Application.ReadWrite.All User.Read";
    let (of_ann, of_bob) = (
        d.signed_in(&ann, scopes).await,
        d.signed_in(&bob, scopes).await,
    );
    // Who makes it owns it.
    let cooks = of_ann
        .post("/groups", group("cooks"))
        .await
        .expect(201)
        .json["id"]
        .clone();
    let cooks = format!("/groups/{}", cooks.as_str().unwrap());
    let (app, _) = of_ann.application(json!({ "displayName": "Menu" })).await;
    let owned = of_ann.get("/me/ownedObjects").await.expect(200).json;
    assert_eq!(owned["value"].as_array().unwrap().len(), 3, "{owned}");
    let by_id = format!("/applications/{}", app["id"].as_str().unwrap());
    let by_app_id = format!("/applications(appId='{}')", app["appId"].as_str().unwrap());
    let add = |caller: Caller| {
        let path = format!("{cooks}/members/$ref");
        let member = reference(&bob);
        async move { caller.post(&path, member).await }
    };
    denied(add(of_bob.clone()).await);
    denied(of_bob.patch(&cooks, json!({ "displayName": "mine" })).await);
    denied(of_bob.delete(&cooks).await);
    add(of_ann.clone()).await.expect(204);
    of_ann
        .patch(&cooks, json!({ "displayName": "Cooks" }))
        .await
        .expect(204);
    for path in [&by_id, &by_app_id] {
        denied(of_bob.patch(path, json!({ "displayName": "Mine" })).await);
        denied(of_bob.post(&format!("{path}/addPassword"), json!({})).await);
        of_ann
            .patch(path, json!({ "displayName": "Menu" }))
            .await
            .expect(204);
        of_ann
            .post(&format!("{path}/addPassword"), json!({}))
            .await
            .expect(200);
    }
    // Another owner, until that is taken back.
    of_ann
        .post(&format!("{by_id}/owners/$ref"), reference(&bob))
        .await
        .expect(204);
    of_bob
        .patch(&by_id, json!({ "displayName": "Ours" }))
        .await
        .expect(204);
    of_ann
        .delete(&format!("{by_id}/owners/{bob}/$ref"))
        .await
        .expect(204);
    denied(of_bob.patch(&by_id, json!({ "displayName": "Mine" })).await);
    // An owner of a client gives it no rights on what others own.
    let by_client = by_app_id.replace("applications", "servicePrincipals");
    let client = of_ann.get(&by_client).await.expect(200).json["id"].clone();
    let assigning = d.signed_in(&ann, "AppRoleAssignment.ReadWrite.All").await;
    let client = client.as_str().unwrap();
    let all = json!({ "principalId": client, "resourceId": client,
        "appRoleId": "00000000-0000-0000-0000-000000000000" });
    denied(
        assigning
            .post(
                &format!("/servicePrincipals/{client}/appRoleAssignments"),
                all,
            )
            .await,
    );
}

#[tokio::test]
async fn who_manages_applications_gives_them_no_more_than_that() {
    let d = Deployment::start().await;
    let (ann, hal) = (user(&d, "ann").await, user(&d, "hal").await);
    give(&d, APPLICATION_ADMINISTRATOR, &ann).await;
    give(&d, HYBRID_IDENTITY_ADMINISTRATOR, &hal).await;
    let scopes = "Application.ReadWrite.All AppRoleAssignment.ReadWrite.All";
    let caller = d.signed_in(&ann, scopes).await;
    let (app, client) = caller.application(json!({ "displayName": "Menu" })).await;
    let graph = "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')";
    let graph = caller.get(graph).await.expect(200).json;
    let role = graph["appRoles"][0]["id"].clone();
    let grant = |resource: &Value, role: Value| {
        json!({ "principalId": client["id"],
        "resourceId": resource["id"], "appRoleId": role })
    };
    let of =
        |of: &Value, end: &str| format!("/servicePrincipals/{}/{end}", of["id"].as_str().unwrap());
    let assignments = of(&client, "appRoleAssignments");
    denied(caller.post(&assignments, grant(&graph, role.clone())).await);
    denied(
        caller
            .post(
                &of(&graph, "appRoleAssignedTo"),
                grant(&graph, role.clone()),
            )
            .await,
    );
    let plain = json!("00000000-0000-0000-0000-000000000000");
    caller
        .post(&assignments, grant(&client, plain))
        .await
        .expect(201);
    d.admin
        .post(&assignments, grant(&graph, role))
        .await
        .expect(201);
    // Not all who may change an application may become it.
    let hybrid = d.signed_in(&hal, scopes).await;
    let by_id = format!("/applications/{}", app["id"].as_str().unwrap());
    let keys = json!({ "displayName": "Mine", "keyCredentials": [] });
    hybrid
        .patch(&by_id, json!({ "displayName": "Menu" }))
        .await
        .expect(204);
    denied(hybrid.patch(&by_id, keys.clone()).await);
    denied(
        hybrid
            .patch(of(&client, "").trim_end_matches('/'), keys)
            .await,
    );
    denied(
        hybrid
            .post(&format!("{by_id}/addPassword"), json!({}))
            .await,
    );
}

#[tokio::test]
async fn readers_see_how_the_tenant_is_joined_to_others_and_change_nothing() {
    const POLICY: &str = "/policies/crossTenantAccessPolicy";
    let d = Deployment::start().await;
    let (other, _) = d.other("Fabrikam", "fabrikam.example").await;
    let partner = format!("{POLICY}/partners/{other}");
    let body = json!({ "tenantId": other,
        "identitySynchronization": { "userSyncInbound": { "isSyncAllowed": true } } });
    let made = d.admin.post(&format!("{POLICY}/partners"), body).await;
    made.expect(201);
    let scope =
        "Policy.Read.All Policy.ReadWrite.CrossTenantAccess MultiTenantOrganization.Read.All";
    let paths = [
        POLICY.to_owned(),
        format!("{POLICY}/default"),
        format!("{POLICY}/partners"),
        partner.clone(),
        format!("{partner}/identitySynchronization"),
        format!("{POLICY}/templates/multiTenantOrganizationPartnerConfiguration"),
    ];
    for (role, alias) in [(SECURITY_READER, "ann"), (GLOBAL_READER, "bob")] {
        let person = user(&d, alias).await;
        let before = d.signed_in(&person, scope).await;
        for path in &paths {
            denied(before.get(path).await);
        }
        give(&d, role, &person).await;
        let reader = d.signed_in(&person, scope).await;
        for path in &paths {
            reader.get(path).await.expect(200);
        }
        denied(reader.patch(&partner, json!({})).await);
        denied(reader.delete(&partner).await);
        denied(reader.patch(POLICY, json!({ "displayName": "ours" })).await);
    }
}

#[tokio::test]
async fn groups_for_roles_are_for_those_who_give_roles() {
    let d = Deployment::start().await;
    let (ann, ada) = (user(&d, "ann").await, user(&d, "ada").await);
    give(&d, GROUPS_ADMINISTRATOR, &ann).await;
    give(&d, PRIVILEGED_ROLE_ADMINISTRATOR, &ada).await;
    let scopes = "Group.ReadWrite.All RoleManagement.ReadWrite.Directory";
    let (groups, roles) = (
        d.signed_in(&ann, scopes).await,
        d.signed_in(&ada, scopes).await,
    );
    let mut admins = group("admins");
    admins["isAssignableToRole"] = true.into();
    denied(groups.post("/groups", admins.clone()).await);
    let admins = roles.post("/groups", admins).await.expect(201).json["id"].clone();
    let admins = format!("/groups/{}", admins.as_str().unwrap());
    denied(
        groups
            .post(&format!("{admins}/members/$ref"), reference(&ann))
            .await,
    );
    denied(
        groups
            .patch(&admins, json!({ "displayName": "mine" }))
            .await,
    );
    denied(groups.delete(&admins).await);
    roles
        .post(&format!("{admins}/members/$ref"), reference(&ann))
        .await
        .expect(204);
    let plain = groups
        .post("/groups", group("plain"))
        .await
        .expect(201)
        .json["id"]
        .clone();
    groups
        .delete(&format!("/groups/{}", plain.as_str().unwrap()))
        .await
        .expect(204);
    denied(groups.post("/roleManagement/directory/roleAssignments",
        json!({ "roleDefinitionId": USER_ADMINISTRATOR, "principalId": ann, "directoryScopeId": "/" })).await);
}

#[tokio::test]
async fn guests_see_little_and_the_policy_says_how_little() {
    let d = Deployment::start().await;
    let (gus, ann) = (guest(&d, "gus").await, user(&d, "ann").await);
    let made = d.admin.post("/groups", group("cooks")).await.expect(201);
    let cooks = format!("/groups/{}", made.json["id"].as_str().unwrap());
    let caller = d
        .signed_in(&gus, "Directory.Read.All User.Invite.All")
        .await;
    denied(caller.get("/users").await);
    denied(caller.get("/groups").await);
    let seen = caller
        .get(&format!("/users/{ann}?$select=displayName,jobTitle"))
        .await
        .expect(200);
    assert_eq!(
        (&seen.json["displayName"], &seen.json["jobTitle"]),
        (&json!("ann"), &Value::Null)
    );
    assert_eq!(
        caller.get("/me?$select=jobTitle").await.expect(200).json["jobTitle"],
        "Cook"
    );
    caller.get(&cooks).await.expect(200);
    denied(caller.get(&format!("{cooks}/members")).await);
    d.admin
        .post(&format!("{cooks}/members/$ref"), reference(&gus))
        .await
        .expect(204);
    caller.get(&format!("{cooks}/members")).await.expect(200);

    let invite = json!({ "invitedUserEmailAddress": "x@outside.example", "inviteRedirectUrl": "https://x.example" });
    caller
        .post("/invitations", invite.clone())
        .await
        .expect(201);
    let policy = "/policies/authorizationPolicy";
    let shown = caller.get(policy).await;
    denied(shown);
    let shown = d.admin.get(policy).await.expect(200).json;
    assert_eq!(shown["allowInvitesFrom"], "everyone");
    let change = json!({ "allowInvitesFrom": "adminsAndGuestInviters",
        "guestUserRoleId": "a0b1b346-4d3e-4e8b-98f8-753987be4970",
        "defaultUserRolePermissions": { "allowedToCreateApps": false, "allowedToCreateSecurityGroups": false } });
    d.admin.patch(policy, change).await.expect(204);
    denied(caller.post("/invitations", invite.clone()).await);
    caller.get("/users").await.expect(200);
    let member = d
        .signed_in(
            &ann,
            "Group.ReadWrite.All Application.ReadWrite.All User.Invite.All",
        )
        .await;
    denied(member.post("/groups", group("plain")).await);
    denied(
        member
            .post("/applications", json!({ "displayName": "Menu" }))
            .await,
    );
    denied(member.post("/invitations", invite).await);
    let wrong = json!({ "guestUserRoleId": GLOBAL_ADMINISTRATOR });
    d.admin
        .patch(policy, wrong)
        .await
        .refused(400, "Request_BadRequest");
}

#[tokio::test]
async fn sessions_end_when_somebody_ends_them() {
    let d = Deployment::start().await;
    let (ann, bob) = (user(&d, "ann").await, user(&d, "bob").await);
    let scopes = "User.Read User.RevokeSessions.All";
    let (of_ann, of_bob) = (
        d.signed_in(&ann, scopes).await,
        d.signed_in(&bob, scopes).await,
    );
    denied(
        of_ann
            .post(&format!("/users/{bob}/revokeSignInSessions"), json!({}))
            .await,
    );
    let ended = of_ann
        .post("/me/revokeSignInSessions", json!({}))
        .await
        .expect(200);
    assert_eq!(ended.json["value"], true);
    of_ann
        .get("/me")
        .await
        .refused(401, "InvalidAuthenticationToken");
    of_bob.get("/me").await.expect(200);
    let again = d.signed_in(&ann, scopes).await;
    let since = again
        .get("/me?$select=signInSessionsValidFromDateTime,createdDateTime")
        .await;
    let since = since.expect(200).json;
    assert!(since["signInSessionsValidFromDateTime"].as_str() > since["createdDateTime"].as_str());
    for change in [
        json!({ "passwordProfile": { "password": "Another-Horse-8-Staple" } }),
        json!({ "accountEnabled": false }),
    ] {
        let caller = d.signed_in(&bob, scopes).await;
        caller.get("/me").await.expect(200);
        d.admin
            .patch(&format!("/users/{bob}"), change)
            .await
            .expect(204);
        caller
            .get("/me")
            .await
            .refused(401, "InvalidAuthenticationToken");
    }
    again.get("/me").await.expect(200);
    d.admin.delete(&format!("/users/{ann}")).await.expect(204);
    again
        .get("/me")
        .await
        .refused(401, "InvalidAuthenticationToken");
}

#[tokio::test]
async fn the_audit_log_says_who_did_it_and_who_was_refused() {
    let d = Deployment::start().await;
    let ann = user(&d, "ann").await;
    let assignment = give(&d, USER_ADMINISTRATOR, &ann).await;
    let caller = d.signed_in(&ann, "User.ReadWrite.All").await;
    caller.post("/users", body("bob")).await.expect(201);
    d.admin.delete(&assignment).await.expect(204);
    denied(caller.post("/users", body("cyd")).await);
    let path = format!("/auditLogs/directoryAudits?$filter=initiatedBy/user/id eq '{ann}'");
    let found = d.admin.get(&path).await.expect(200).json;
    let entries = found["value"].as_array().unwrap();
    assert_eq!(entries.len(), 2, "{found}");
    for entry in entries {
        let by = &entry["initiatedBy"];
        assert_eq!((&by["app"], &by["user"]["id"]), (&Value::Null, &json!(ann)));
        assert_eq!(by["user"]["userPrincipalName"], format!("ann@{DOMAIN}"));
        let details = entry["additionalDetails"].as_array().unwrap();
        let client = json!({ "key": "AppId", "value": d.admin.client_id });
        assert!(details.contains(&client), "{entry}");
    }
    assert_eq!(
        (&entries[0]["result"], &entries[0]["activityDisplayName"]),
        (&json!("failure"), &json!("POST /users"))
    );
    let reason = entries[0]["resultReason"].as_str().unwrap();
    assert!(
        reason.contains("microsoft.directory/users/create"),
        "{reason}"
    );
    assert_eq!(entries[1]["activityDisplayName"], "Add user");
}

#[tokio::test]
async fn a_group_that_hides_its_members_hides_them_everywhere() {
    let d = Deployment::start().await;
    let (ann, bob) = (user(&d, "ann").await, user(&d, "bob").await);
    let mut quiet = group("quiet");
    quiet["groupTypes"] = json!(["Unified"]);
    quiet["mailEnabled"] = true.into();
    quiet["visibility"] = "HiddenMembership".into();
    let made = d.admin.post("/groups", quiet).await.expect(201).json;
    let at = format!("/groups/{}", made["id"].as_str().unwrap());
    let members = format!("{at}/members/$ref");
    d.admin.post(&members, reference(&ann)).await.expect(204);
    let expanded = format!("{at}?$expand=members");
    for (who, seen) in [(&ann, 1), (&bob, 0)] {
        let caller = d
            .signed_in(who, "Group.Read.All User.Read.All Directory.Read.All")
            .await;
        let shown = caller.get(&expanded).await.expect(200).json;
        assert_eq!(shown["members"].as_array().unwrap().len(), seen);
        let all = caller.get("/groups?$expand=members").await.expect(200).json;
        assert_eq!(all["value"][0]["members"].as_array().unwrap().len(), seen);
        let told = caller.get("/groups/delta").await.expect(200).json;
        let told = told["value"][0]["members@delta"].as_array();
        assert_eq!(told.map_or(0, Vec::len), seen);
        let listed = caller.get(&format!("{at}/members")).await;
        assert_eq!(listed.status, if seen == 1 { 200 } else { 403 });
        // Nor is it told of those who are in it.
        for of in ["memberOf", "transitiveMemberOf"] {
            let list = caller.get(&format!("/users/{ann}/{of}")).await.expect(200);
            assert_eq!(list.json["value"].as_array().unwrap().len(), seen, "{of}");
            let expanded = format!("/users/{ann}?$expand={of}");
            let expanded = caller.get(&expanded).await.expect(200).json;
            assert_eq!(expanded[of].as_array().unwrap().len(), seen, "{of}");
        }
        let groups = format!("/users/{ann}/getMemberGroups");
        let groups = caller.post(&groups, json!({})).await.expect(200).json;
        assert_eq!(groups["value"].as_array().unwrap().len(), seen);
    }
}
