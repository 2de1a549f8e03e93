//! Administrative units, roles that a tenant defines, and roles for a part of the tenant.

use serde_json::{Value, json};

use crate::common::deployment::{Answer, Caller, DOMAIN, Deployment, NOBODY};

const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
const USER_ADMINISTRATOR: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";
const GROUPS_ADMINISTRATOR: &str = "fdd7a751-b60b-444a-984c-02652fe8fa1c";
const HELPDESK_ADMINISTRATOR: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";
const APPLICATION_ADMINISTRATOR: &str = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3";
const GLOBAL_READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
const PRIVILEGED_ROLE_ADMINISTRATOR: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";
const UNITS: &str = "/directory/administrativeUnits";
const ASSIGNMENTS: &str = "/roleManagement/directory/roleAssignments";
const DEFINITIONS: &str = "/roleManagement/directory/roleDefinitions";

async fn user(d: &Deployment, alias: &str) -> String {
    let body = json!({ "accountEnabled": true, "displayName": alias, "mailNickname": alias,
        "userPrincipalName": format!("{alias}@{DOMAIN}"),
        "passwordProfile": { "password": "Correct-Horse-7-Staple" } });
    let made = d.admin.post("/users", body).await.expect(201);
    made.json["id"].as_str().unwrap().to_owned()
}

fn group_body(name: &str) -> Value {
    json!({ "displayName": name, "mailEnabled": false, "mailNickname": name, "securityEnabled": true })
}

async fn group(d: &Deployment, name: &str) -> String {
    let made = d.admin.post("/groups", group_body(name)).await.expect(201);
    made.json["id"].as_str().unwrap().to_owned()
}

async fn unit(d: &Deployment, name: &str) -> String {
    let body = json!({ "displayName": name });
    let made = d.admin.post(UNITS, body).await.expect(201);
    made.json["id"].as_str().unwrap().to_owned()
}

fn reference(id: &str) -> Value {
    json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}") })
}

async fn put_in(d: &Deployment, unit: &str, member: &str) {
    let to = format!("{UNITS}/{unit}/members/$ref");
    d.admin.post(&to, reference(member)).await.expect(204);
}

fn assignment(role: &str, principal: &str, scope: &str) -> Value {
    json!({ "roleDefinitionId": role, "principalId": principal, "directoryScopeId": scope })
}

/// Gives a role for a scope; answers the assignment's address.
async fn give(d: &Deployment, role: &str, to: &str, scope: &str) -> String {
    let body = assignment(role, to, scope);
    let made = d.admin.post(ASSIGNMENTS, body).await.expect(201);
    assert_eq!(made.json["directoryScopeId"], scope);
    format!("{ASSIGNMENTS}/{}", made.json["id"].as_str().unwrap())
}

async fn list(caller: &Caller, target: &str) -> Vec<Value> {
    let page = caller.get(target).await.expect(200).json;
    page["value"].as_array().unwrap().clone()
}

fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().filter_map(|it| it["id"].as_str()).collect()
}

#[track_caller]
fn denied(answer: Answer) {
    answer.refused(403, "Authorization_RequestDenied");
}

#[tokio::test]
async fn a_unit_lives_with_its_members() {
    let d = Deployment::start().await;
    let (ann, cooks) = (user(&d, "ann").await, group(&d, "cooks").await);
    let body = json!({ "displayName": "West", "description": "West of here",
        "members@odata.bind": [format!("https://graph.microsoft.com/v1.0/users/{ann}")] });
    let made = d.admin.post(UNITS, body).await.expect(201);
    let west = made.json["id"].as_str().unwrap().to_owned();
    assert_eq!(made.json["visibility"], Value::Null);
    assert!(
        made.header("location")
            .ends_with(&format!("{UNITS}/{west}"))
    );
    let at = format!("{UNITS}/{west}");
    let members = format!("{at}/members");
    d.admin
        .post(&format!("{members}/$ref"), reference(&cooks))
        .await
        .expect(204);
    let again = d
        .admin
        .post(&format!("{members}/$ref"), reference(&cooks))
        .await;
    let again = again.refused(400, "Request_BadRequest");
    assert!(again.message().contains("already exist"));

    let shown = list(&d.admin, &members).await;
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(
        shown
            .iter()
            .any(|it| it["@odata.type"] == "#microsoft.graph.group")
    );
    let people = list(
        &d.admin,
        &format!("{members}/microsoft.graph.user?$select=id"),
    )
    .await;
    assert_eq!(people, [json!({ "id": ann })]);
    let count = d.admin.get_advanced(&format!("{members}/$count")).await;
    assert_eq!(count.expect(200).text, "2");
    let one = d.admin.get(&format!("{members}/{cooks}")).await.expect(200);
    assert_eq!(one.json["displayName"], "cooks");
    let addresses = list(&d.admin, &format!("{members}/$ref")).await;
    assert_eq!(addresses.len(), 2);
    let expanded = d
        .admin
        .get(&format!("{at}?$expand=members($select=id)"))
        .await;
    assert_eq!(
        expanded.expect(200).json["members"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    for (of, kind) in [
        (format!("/users/{ann}/memberOf"), "user"),
        (format!("/users/{ann}/transitiveMemberOf"), "user"),
        (format!("/groups/{cooks}/memberOf"), "group"),
    ] {
        let found = list(&d.admin, &of).await;
        assert_eq!(ids(&found), [&west], "{kind}");
        assert_eq!(
            found[0]["@odata.type"],
            "#microsoft.graph.administrativeUnit"
        );
        let cast = format!("{of}/microsoft.graph.administrativeUnit");
        assert_eq!(list(&d.admin, &cast).await[0]["displayName"], "West");
    }
    let one = format!("/users/{ann}/memberOf/{west}");
    let one = d.admin.get(&one).await.expect(200);
    assert_eq!(
        one.json["@odata.type"],
        "#microsoft.graph.administrativeUnit"
    );
    let other = format!("/users/{ann}/memberOf/{cooks}");
    d.admin
        .get(&other)
        .await
        .refused(404, "Request_ResourceNotFound");
    let objects = format!("/users/{ann}/getMemberObjects");
    let objects = d.admin.post(&objects, json!({})).await.expect(200);
    assert_eq!(objects.json["value"], json!([west]));
    let object = d
        .admin
        .get(&format!("/directoryObjects/{west}"))
        .await
        .expect(200);
    assert_eq!(
        object.json["@odata.type"],
        "#microsoft.graph.administrativeUnit"
    );

    let change = json!({ "description": null, "visibility": "HiddenMembership" });
    d.admin.patch(&at, change).await.expect(204);
    let shown = d.admin.get(&at).await.expect(200).json;
    assert_eq!(
        (&shown["description"], &shown["displayName"]),
        (&Value::Null, &json!("West"))
    );
    let found = list(
        &d.admin,
        &format!("{UNITS}?$filter=displayName eq 'west'&$select=id"),
    )
    .await;
    assert_eq!(found, [json!({ "id": west })]);
    let searched = format!("{UNITS}?$search=\"displayName:west\"");
    let searched = d.admin.get_advanced(&searched).await.expect(200).json;
    assert_eq!(searched["value"][0]["id"], west.as_str());

    // Older clients leave a part of the address out.
    let older = format!("/beta/administrativeUnits/{west}/members/{cooks}");
    d.admin.get(&older).await.expect(200);
    d.admin.delete(&format!("{older}/$ref")).await.expect(204);
    d.admin
        .get(&format!("/administrativeUnits/{west}"))
        .await
        .refused(404, "ResourceNotFound");
    d.admin
        .get(&format!("{members}/{cooks}"))
        .await
        .refused(404, "Request_ResourceNotFound");
    // A member that is deleted is one no more, until it is restored.
    d.admin.delete(&format!("/users/{ann}")).await.expect(204);
    assert!(list(&d.admin, &members).await.is_empty());
    let restore = format!("/directory/deletedItems/{ann}/restore");
    d.admin.post(&restore, json!({})).await.expect(200);
    assert_eq!(list(&d.admin, &members).await.len(), 1);
    // A deleted unit comes back with its members, or goes for good.
    d.admin.delete(&at).await.expect(204);
    d.admin
        .get(&at)
        .await
        .refused(404, "Request_ResourceNotFound");
    assert!(
        list(&d.admin, &format!("/users/{ann}/memberOf"))
            .await
            .is_empty()
    );
    let deleted = "/directory/deletedItems/microsoft.graph.administrativeUnit";
    assert_eq!(ids(&list(&d.admin, deleted).await), [&west]);
    let item = format!("/directory/deletedItems/{west}");
    d.admin
        .post(&format!("{item}/restore"), json!({}))
        .await
        .expect(200);
    assert_eq!(list(&d.admin, &members).await.len(), 1);
    d.admin.delete(&at).await.expect(204);
    d.admin.delete(&item).await.expect(204);
    d.admin
        .get(&item)
        .await
        .refused(404, "Request_ResourceNotFound");

    let filter = "/auditLogs/directoryAudits?$filter=category eq 'AdministrativeUnit'";
    let entries = list(&d.admin, filter).await;
    let activities: Vec<&str> = entries
        .iter()
        .filter_map(|entry| entry["activityDisplayName"].as_str())
        .collect();
    for activity in [
        "Add administrative unit",
        "Update administrative unit",
        "Add member to administrative unit",
        "Remove member from administrative unit",
        "Delete administrative unit",
        "Restore administrative unit",
        "Hard Delete administrative unit",
    ] {
        assert!(activities.contains(&activity), "{activity}: {activities:?}");
    }
}

#[tokio::test]
async fn what_a_unit_cannot_be_is_refused() {
    let d = Deployment::start().await;
    let (west, ann) = (unit(&d, "West").await, user(&d, "ann").await);
    for body in [
        json!({}),
        json!({ "displayName": "" }),
        json!({ "displayName": "x", "visibility": "Secret" }),
        json!({ "displayName": "x", "membershipType": "Dynamic",
            "membershipRule": "user.city -eq \"Rome\"" }),
        json!({ "displayName": "x", "isMemberManagementRestricted": true }),
        json!({ "displayName": "x", "colour": "red" }),
    ] {
        d.admin
            .post(UNITS, body)
            .await
            .refused(400, "Request_BadRequest");
    }
    let members = format!("{UNITS}/{west}/members");
    let (_, app) = d.admin.application(json!({ "displayName": "App" })).await;
    for (status, code, body) in [
        (
            400,
            "Request_BadRequest",
            reference(app["id"].as_str().unwrap()),
        ),
        (404, "Request_ResourceNotFound", reference(NOBODY)),
        (404, "Request_ResourceNotFound", reference(&west)),
        (400, "Request_BadRequest", json!({})),
    ] {
        let answer = d.admin.post(&format!("{members}/$ref"), body).await;
        answer.refused(status, code);
    }
    for missing in [
        format!("{UNITS}/{NOBODY}"),
        format!("{UNITS}/nonsense"),
        format!("{UNITS}/{NOBODY}/members"),
        format!("{UNITS}/{NOBODY}/scopedRoleMembers"),
        format!("{members}/{ann}"),
        format!("{UNITS}/{west}/scopedRoleMembers/nonsense"),
    ] {
        d.admin
            .get(&missing)
            .await
            .refused(404, "Request_ResourceNotFound");
    }
    let remove = d.admin.delete(&format!("{members}/{ann}/$ref")).await;
    remove.refused(404, "Request_ResourceNotFound");
    denied(d.client(&["User.Read.All"]).await.get(UNITS).await);
    let reader = d.client(&["AdministrativeUnit.Read.All"]).await;
    assert_eq!(list(&reader, UNITS).await.len(), 1);
    denied(reader.post(UNITS, json!({ "displayName": "x" })).await);
}

#[tokio::test]
async fn changes_of_units_are_told() {
    let d = Deployment::start().await;
    let (west, ann) = (unit(&d, "West").await, user(&d, "ann").await);
    let first = d
        .admin
        .get(&format!("{UNITS}/delta"))
        .await
        .expect(200)
        .json;
    assert_eq!(first["value"][0]["id"], west.as_str());
    let link = first["@odata.deltaLink"].as_str().unwrap().to_owned();
    put_in(&d, &west, &ann).await;
    let at = format!("{UNITS}/{west}");
    let change = json!({ "description": "Sunset" });
    d.admin.patch(&at, change).await.expect(204);
    let round = d.admin.get(&link).await.expect(200).json;
    let told = &round["value"][0];
    assert_eq!(told["description"], "Sunset");
    assert_eq!(told["members@delta"][0]["id"], ann.as_str());
    let link = round["@odata.deltaLink"].as_str().unwrap().to_owned();
    d.admin.delete(&at).await.expect(204);
    let round = d.admin.get(&link).await.expect(200).json;
    assert_eq!(round["value"][0]["@removed"]["reason"], "changed");
}

#[tokio::test]
async fn a_role_for_a_unit_reaches_its_members_alone() {
    let d = Deployment::start().await;
    let (west, east) = (unit(&d, "West").await, unit(&d, "East").await);
    let (helper, ann, bob) = (
        user(&d, "helper").await,
        user(&d, "ann").await,
        user(&d, "bob").await,
    );
    put_in(&d, &west, &ann).await;
    put_in(&d, &east, &bob).await;
    let scope = format!("/administrativeUnits/{west}");
    let given = give(&d, USER_ADMINISTRATOR, &helper, &scope).await;
    let shown = d.admin.get(&given).await.expect(200).json;
    assert_eq!(shown["directoryScopeId"], scope.as_str());
    let scopes = "User.ReadWrite.All User.RevokeSessions.All Directory.Read.All";
    let caller = d.signed_in(&helper, scopes).await;
    let title = json!({ "jobTitle": "Cook" });
    caller
        .patch(&format!("/users/{ann}"), title.clone())
        .await
        .expect(204);
    denied(caller.patch(&format!("/users/{bob}"), title.clone()).await);
    let password = json!({ "passwordProfile": { "password": "Other-Horse-8-Staple" } });
    caller
        .patch(&format!("/users/{ann}"), password.clone())
        .await
        .expect(204);
    denied(
        caller
            .patch(&format!("/users/{bob}"), password.clone())
            .await,
    );
    let revoke = |id: &str| format!("/users/{id}/revokeSignInSessions");
    caller.post(&revoke(&ann), json!({})).await.expect(200);
    denied(caller.post(&revoke(&bob), json!({})).await);
    denied(caller.delete(&format!("/users/{bob}")).await);
    // It makes nobody, since whoever is made is in no unit.
    let new = json!({ "accountEnabled": true, "displayName": "eve", "mailNickname": "eve",
        "userPrincipalName": format!("eve@{DOMAIN}"),
        "passwordProfile": { "password": "Correct-Horse-7-Staple" } });
    denied(caller.post("/users", new).await);
    // Somebody in the unit who has a role that isn't managed by this one.
    give(&d, GLOBAL_READER, &ann, "/").await;
    denied(
        caller
            .patch(&format!("/users/{ann}"), password.clone())
            .await,
    );
    caller
        .patch(&format!("/users/{ann}"), title.clone())
        .await
        .expect(204);
    // A token names the roles for the whole tenant, of which there is none.
    let own = d
        .admin
        .get(&format!("/users/{helper}/memberOf"))
        .await
        .expect(200);
    assert_eq!(own.json["value"], json!([]));
    // With the unit the role is gone, and with its restoring it is back.
    let item = format!("/directory/deletedItems/{west}");
    d.admin.delete(&format!("{UNITS}/{west}")).await.expect(204);
    denied(caller.patch(&format!("/users/{ann}"), title.clone()).await);
    d.admin
        .get(&given)
        .await
        .refused(404, "Request_ResourceNotFound");
    d.admin
        .post(&format!("{item}/restore"), json!({}))
        .await
        .expect(200);
    caller
        .patch(&format!("/users/{ann}"), title.clone())
        .await
        .expect(204);
    // So it is when the member leaves the unit, or the role is taken away.
    let member = format!("{UNITS}/{west}/members/{ann}/$ref");
    d.admin.delete(&member).await.expect(204);
    denied(caller.patch(&format!("/users/{ann}"), title.clone()).await);
    put_in(&d, &west, &ann).await;
    caller
        .patch(&format!("/users/{ann}"), title.clone())
        .await
        .expect(204);
    d.admin.delete(&given).await.expect(204);
    denied(caller.patch(&format!("/users/{ann}"), title).await);
}

#[tokio::test]
async fn groups_of_a_unit_are_managed_and_made_in_it() {
    let d = Deployment::start().await;
    let (west, helper) = (unit(&d, "West").await, user(&d, "helper").await);
    let (cooks, bakers) = (group(&d, "cooks").await, group(&d, "bakers").await);
    let ann = user(&d, "ann").await;
    put_in(&d, &west, &cooks).await;
    let scope = format!("/administrativeUnits/{west}");
    give(&d, GROUPS_ADMINISTRATOR, &helper, &scope).await;
    let scopes = "User.ReadWrite.All Group.ReadWrite.All Directory.Read.All";
    let caller = d.signed_in(&helper, scopes).await;
    let members = |group: &str| format!("/groups/{group}/members/$ref");
    caller
        .post(&members(&cooks), reference(&ann))
        .await
        .expect(204);
    denied(caller.post(&members(&bakers), reference(&ann)).await);
    // Who is in a group of the unit isn't in the unit.
    denied(
        caller
            .patch(&format!("/users/{ann}"), json!({ "jobTitle": "Cook" }))
            .await,
    );
    let mut body = group_body("waiters");
    body["@odata.type"] = "#microsoft.graph.group".into();
    body["owners@odata.bind"] = json!([format!("https://graph.microsoft.com/v1.0/users/{ann}")]);
    let made = caller
        .post(&format!("{UNITS}/{west}/members"), body.clone())
        .await;
    let made = made.expect(201).json;
    assert_eq!(made["@odata.type"], "#microsoft.graph.group");
    let waiters = made["id"].as_str().unwrap();
    let owners = list(&d.admin, &format!("/groups/{waiters}/owners")).await;
    assert_eq!(ids(&owners), [&ann]);
    let shown = list(&d.admin, &format!("{UNITS}/{west}/members")).await;
    assert!(ids(&shown).contains(&waiters), "{shown:?}");
    let other = unit(&d, "East").await;
    denied(
        caller
            .post(&format!("{UNITS}/{other}/members"), body.clone())
            .await,
    );
    body["@odata.type"] = "#microsoft.graph.user".into();
    let refused = d.admin.post(&format!("{UNITS}/{west}/members"), body).await;
    refused.refused(400, "Request_BadRequest");
}

#[tokio::test]
async fn a_role_can_be_for_one_application_or_group() {
    let d = Deployment::start().await;
    let helper = user(&d, "helper").await;
    let (app, principal) = d.admin.application(json!({ "displayName": "Wiki" })).await;
    let (other, _) = d.admin.application(json!({ "displayName": "Blog" })).await;
    let id = |it: &Value| it["id"].as_str().unwrap().to_owned();
    give(
        &d,
        APPLICATION_ADMINISTRATOR,
        &helper,
        &format!("/{}", id(&app)),
    )
    .await;
    let caller = d.signed_in(&helper, "Application.ReadWrite.All").await;
    let notes = json!({ "notes": "Mine" });
    let at = |it: &Value| format!("/applications/{}", id(it));
    caller.patch(&at(&app), notes.clone()).await.expect(204);
    denied(caller.patch(&at(&other), notes).await);
    denied(
        caller
            .patch(
                &format!("/servicePrincipals/{}", id(&principal)),
                json!({ "notes": "Mine" }),
            )
            .await,
    );
    let (cooks, bakers) = (group(&d, "cooks").await, group(&d, "bakers").await);
    give(&d, GROUPS_ADMINISTRATOR, &helper, &format!("/{cooks}")).await;
    let caller = d.signed_in(&helper, "Group.ReadWrite.All").await;
    let text = json!({ "description": "Mine" });
    caller
        .patch(&format!("/groups/{cooks}"), text.clone())
        .await
        .expect(204);
    denied(caller.patch(&format!("/groups/{bakers}"), text).await);
    let west = unit(&d, "West").await;
    for (role, scope) in [
        (GLOBAL_ADMINISTRATOR, format!("/administrativeUnits/{west}")),
        (USER_ADMINISTRATOR, format!("/{}", id(&app))),
        (APPLICATION_ADMINISTRATOR, format!("/{cooks}")),
        (GROUPS_ADMINISTRATOR, format!("/{helper}")),
        (GROUPS_ADMINISTRATOR, "/administrativeUnits/".to_owned()),
    ] {
        let refused = d
            .admin
            .post(ASSIGNMENTS, assignment(role, &helper, &scope))
            .await;
        refused.refused(400, "Request_BadRequest");
    }
    // One list has those for the tenant and those for its parts, each once.
    give(&d, GROUPS_ADMINISTRATOR, &helper, "/").await;
    let filter = format!("{ASSIGNMENTS}?$filter=principalId eq '{helper}'");
    let all = list(&d.admin, &filter).await;
    assert_eq!(all.len(), 3, "{all:?}");
    let mut paged = Vec::new();
    let mut next = Some(format!("{filter}&$top=1"));
    while let Some(target) = next {
        let page = d.admin.get(&target).await.expect(200).json;
        paged.extend(page["value"].as_array().unwrap().clone());
        next = page["@odata.nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(paged, all);
    let expanded = format!("{filter}&$expand=directoryScope($select=id,displayName)");
    let expanded = list(&d.admin, &expanded).await;
    let names: Vec<&Value> = expanded
        .iter()
        .map(|it| &it["directoryScope"]["displayName"])
        .collect();
    for name in ["cooks".into(), "Wiki".into(), Value::Null] {
        assert!(names.contains(&&name), "{expanded:?}");
    }
    let of_scope = format!("{ASSIGNMENTS}?$filter=directoryScopeId eq '/{cooks}'");
    assert_eq!(list(&d.admin, &of_scope).await.len(), 1);
}

#[tokio::test]
async fn scoped_memberships_are_the_same_assignments() {
    let d = Deployment::start().await;
    let (west, ann) = (unit(&d, "West").await, user(&d, "ann").await);
    let body = json!({ "roleTemplateId": HELPDESK_ADMINISTRATOR });
    let role = d.admin.post("/directoryRoles", body).await.expect(201).json;
    let role = role["id"].as_str().unwrap().to_owned();
    let of_unit = format!("{UNITS}/{west}/scopedRoleMembers");
    let body = json!({ "roleId": role, "roleMemberInfo": { "id": ann } });
    let made = d.admin.post(&of_unit, body.clone()).await.expect(201).json;
    assert_eq!(made["roleId"], role.as_str());
    assert_eq!(made["administrativeUnitId"], west.as_str());
    assert_eq!(made["roleMemberInfo"]["displayName"], "ann");
    assert!(
        made["@odata.context"]
            .as_str()
            .unwrap()
            .ends_with("#scopedRoleMemberships/$entity")
    );
    d.admin
        .post(&of_unit, body)
        .await
        .refused(400, "Request_BadRequest");
    let id = made["id"].as_str().unwrap();
    for of in [
        of_unit.clone(),
        format!("/users/{ann}/scopedRoleMemberOf"),
        format!("/directoryRoles/{role}/scopedMembers"),
        format!("/directoryRoles(roleTemplateId='{HELPDESK_ADMINISTRATOR}')/scopedMembers"),
    ] {
        assert_eq!(ids(&list(&d.admin, &of).await), [id], "{of}");
    }
    let me = d.signed_in(&ann, "User.Read").await;
    assert_eq!(list(&me, "/me/scopedRoleMemberOf").await.len(), 1);
    assert!(
        list(&d.admin, &format!("/directoryRoles/{role}/members"))
            .await
            .is_empty()
    );
    let of_ann = format!("{ASSIGNMENTS}?$filter=principalId eq '{ann}'");
    let assigned = list(&d.admin, &of_ann).await;
    assert_eq!(
        assigned[0]["directoryScopeId"],
        format!("/administrativeUnits/{west}")
    );
    let assigned = format!("{DEFINITIONS}/{HELPDESK_ADMINISTRATOR}/assignedPrincipals");
    assert_eq!(ids(&list(&d.admin, &assigned).await), [&ann]);
    let one = format!("{of_unit}/{id}");
    assert_eq!(d.admin.get(&one).await.expect(200).json["id"], id);
    // By another unit it isn't there.
    let east = unit(&d, "East").await;
    let elsewhere = format!("{UNITS}/{east}/scopedRoleMembers/{id}");
    d.admin
        .get(&elsewhere)
        .await
        .refused(404, "Request_ResourceNotFound");
    d.admin
        .delete(&elsewhere)
        .await
        .refused(404, "Request_ResourceNotFound");
    d.admin.delete(&one).await.expect(204);
    assert!(list(&d.admin, &of_ann).await.is_empty());
    for body in [
        json!({}),
        json!({ "roleId": role }),
        json!({ "roleId": role, "roleMemberInfo": { "id": "x" } }),
    ] {
        d.admin
            .post(&of_unit, body)
            .await
            .refused(400, "Request_BadRequest");
    }
    // With the user the assignment goes for good.
    let body = json!({ "roleId": role, "roleMemberInfo": { "id": ann } });
    d.admin.post(&of_unit, body).await.expect(201);
    d.admin.delete(&format!("/users/{ann}")).await.expect(204);
    let item = format!("/directory/deletedItems/{ann}");
    d.admin.delete(&item).await.expect(204);
    assert!(list(&d.admin, &of_unit).await.is_empty());
}

#[tokio::test]
async fn who_sees_the_members_of_a_hidden_unit() {
    let d = Deployment::start().await;
    let (ann, bob) = (user(&d, "ann").await, user(&d, "bob").await);
    let body = json!({ "displayName": "Quiet", "visibility": "HiddenMembership" });
    let made = d.admin.post(UNITS, body).await.expect(201).json;
    let quiet = made["id"].as_str().unwrap().to_owned();
    put_in(&d, &quiet, &ann).await;
    let members = format!("{UNITS}/{quiet}/members");
    let scopes = "AdministrativeUnit.Read.All User.Read.All";
    let from_within = d.signed_in(&ann, scopes).await;
    assert_eq!(list(&from_within, &members).await.len(), 1);
    let outside = d.signed_in(&bob, scopes).await;
    outside.get(&format!("{UNITS}/{quiet}")).await.expect(200);
    denied(outside.get(&members).await);
    give(&d, GLOBAL_READER, &bob, "/").await;
    assert_eq!(list(&outside, &members).await.len(), 1);
    denied(
        outside
            .patch(
                &format!("{UNITS}/{quiet}"),
                json!({ "displayName": "Loud" }),
            )
            .await,
    );
    let writer = d.signed_in(&ann, "AdministrativeUnit.ReadWrite.All").await;
    denied(writer.post(UNITS, json!({ "displayName": "Mine" })).await);
    give(&d, PRIVILEGED_ROLE_ADMINISTRATOR, &ann, "/").await;
    writer
        .post(UNITS, json!({ "displayName": "Mine" }))
        .await
        .expect(201);
    // Nobody learns it by expanding or by following changes.
    let eve = user(&d, "eve").await;
    let outside = d.signed_in(&eve, scopes).await;
    let expanded = |caller: &Caller| {
        let (caller, target) = (caller.clone(), format!("{UNITS}/{quiet}?$expand=members"));
        async move { caller.get(&target).await.expect(200).json["members"].clone() }
    };
    let told = |caller: &Caller| {
        let caller = caller.clone();
        async move {
            let page = caller.get(&format!("{UNITS}/delta")).await.expect(200).json;
            page["value"][0]["members@delta"].clone()
        }
    };
    assert_eq!(expanded(&outside).await, json!([]));
    assert_eq!(told(&outside).await, Value::Null);
    for caller in [&from_within, &d.admin] {
        assert_eq!(expanded(caller).await.as_array().unwrap().len(), 1);
        assert_eq!(told(caller).await.as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_tenant_defines_roles_of_its_own() {
    let d = Deployment::start().await;
    let (helper, ann) = (user(&d, "helper").await, user(&d, "ann").await);
    let body = json!({ "description": "Update basic properties", "displayName": "Title Keeper",
        "rolePermissions": [{ "allowedResourceActions":
            ["microsoft.directory/users/basic/update", "microsoft.directory/applications/basic/read"] }],
        "isEnabled": true });
    let made = d
        .admin
        .post(DEFINITIONS, body.clone())
        .await
        .expect(201)
        .json;
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (&made["isBuiltIn"], &made["templateId"], &made["version"]),
        (&json!(false), &json!(id), &Value::Null)
    );
    assert_eq!(made["resourceScopes"], json!(["/"]));
    assert_eq!(made["rolePermissions"][0]["condition"], Value::Null);
    let at = format!("{DEFINITIONS}/{id}");
    assert_eq!(
        d.admin.get(&at).await.expect(200).json["displayName"],
        "Title Keeper"
    );
    let own = list(
        &d.admin,
        &format!("{DEFINITIONS}?$filter=isBuiltIn eq false"),
    )
    .await;
    assert_eq!(ids(&own), [&id]);
    let every = list(&d.admin, DEFINITIONS).await;
    assert!(every.len() > 100 && ids(&every).contains(&id.as_str()));

    let given = give(&d, &id, &helper, "/").await;
    let caller = d.signed_in(&helper, "User.ReadWrite.All").await;
    let title = json!({ "jobTitle": "Cook" });
    caller
        .patch(&format!("/users/{ann}"), title.clone())
        .await
        .expect(204);
    let password = json!({ "passwordProfile": { "password": "Other-Horse-8-Staple" } });
    denied(caller.patch(&format!("/users/{ann}"), password).await);
    let shown = d
        .admin
        .get(&format!("{given}?$expand=roleDefinition"))
        .await;
    assert_eq!(
        shown.expect(200).json["roleDefinition"]["displayName"],
        "Title Keeper"
    );
    // What the role allows is looked at with the next call.
    let less = json!({ "rolePermissions": [{ "allowedResourceActions":
        ["microsoft.directory/groups/basic/update"], "condition": null }], "displayName": "Grouper" });
    d.admin.patch(&at, less).await.expect(204);
    denied(caller.patch(&format!("/users/{ann}"), title.clone()).await);
    // Disabled, it isn't given any more.
    d.admin
        .patch(&at, json!({ "isEnabled": false }))
        .await
        .expect(204);
    let refused = d.admin.post(ASSIGNMENTS, assignment(&id, &ann, "/")).await;
    refused.refused(400, "Request_BadRequest");
    d.admin.patch(&at, body.clone()).await.expect(204);
    // For a unit as well.
    let west = unit(&d, "West").await;
    let bob = user(&d, "bob").await;
    put_in(&d, &west, &ann).await;
    give(&d, &id, &bob, &format!("/administrativeUnits/{west}")).await;
    let there = d.signed_in(&bob, "User.ReadWrite.All").await;
    there
        .patch(&format!("/users/{ann}"), title.clone())
        .await
        .expect(204);
    denied(
        there
            .patch(&format!("/users/{helper}"), title.clone())
            .await,
    );
    // With the role its assignments go.
    d.admin.delete(&at).await.expect(204);
    d.admin
        .get(&at)
        .await
        .refused(404, "Request_ResourceNotFound");
    denied(caller.patch(&format!("/users/{ann}"), title.clone()).await);
    denied(there.patch(&format!("/users/{ann}"), title).await);
    let left = list(
        &d.admin,
        &format!("{ASSIGNMENTS}?$filter=roleDefinitionId eq '{id}'"),
    )
    .await;
    assert!(left.is_empty());

    // A template's id that is chosen is the role's.
    let mut chosen = body.clone();
    chosen["templateId"] = "d5eec5e0-6992-4c6b-b430-0f833f1a815a".into();
    let made = d
        .admin
        .post(DEFINITIONS, chosen.clone())
        .await
        .expect(201)
        .json;
    assert_eq!(made["id"], chosen["templateId"]);
    let again = d.admin.post(DEFINITIONS, chosen).await;
    again.refused(400, "Request_BadRequest");
    let wrong = |name: &str, value: Value| {
        let mut body = body.clone();
        body[name] = value;
        body
    };
    let allowing = |action: &str| json!([{ "allowedResourceActions": [action] }]);
    for bad in [
        wrong("displayName", Value::Null),
        wrong("isEnabled", Value::Null),
        wrong("rolePermissions", json!([])),
        wrong("rolePermissions", json!([{}])),
        wrong(
            "rolePermissions",
            allowing("microsoft.directory/moons/create"),
        ),
        wrong("rolePermissions", allowing("users/create")),
        wrong(
            "rolePermissions",
            allowing("microsoft.directory/roleAssignments/allProperties/allTasks"),
        ),
        wrong(
            "rolePermissions",
            json!([{ "allowedResourceActions":
            ["microsoft.directory/users/create"], "excludedResourceActions": ["x"] }]),
        ),
        wrong("resourceScopes", json!(["/x"])),
        wrong("templateId", GLOBAL_ADMINISTRATOR.into()),
        wrong("templateId", "x".into()),
        wrong("displayName", "".into()),
        wrong("colour", "red".into()),
    ] {
        d.admin
            .post(DEFINITIONS, bad)
            .await
            .refused(400, "Request_BadRequest");
    }
    let built_in = format!("{DEFINITIONS}/{GLOBAL_ADMINISTRATOR}");
    for refused in [
        d.admin
            .patch(&built_in, json!({ "displayName": "x" }))
            .await,
        d.admin.delete(&built_in).await,
    ] {
        let refused = refused.refused(400, "Request_BadRequest");
        assert!(refused.message().contains("built-in"));
    }
    let missing = d.admin.delete(&format!("{DEFINITIONS}/{NOBODY}")).await;
    missing.refused(404, "Request_ResourceNotFound");
    denied(
        d.signed_in(&ann, "RoleManagement.ReadWrite.Directory")
            .await
            .post(DEFINITIONS, body)
            .await,
    );
}
