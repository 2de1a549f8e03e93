//! Directory roles in both of Graph's views, `/directoryRoles` and `/roleManagement/directory`.

use crate::common::deployment::{Caller, DOMAIN, Deployment, NOBODY};
use serde_json::{Value, json};

const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
const USER_ADMINISTRATOR: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";
const GLOBAL_READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
const GUEST_USER: &str = "10dae51f-b6af-4016-8d66-8c2a99b929b3";
const ASSIGNMENTS: &str = "/roleManagement/directory/roleAssignments";
const DEFINITIONS: &str = "/roleManagement/directory/roleDefinitions";

async fn user(caller: &Caller, alias: &str) -> String {
    let body = json!({
        "accountEnabled": true, "displayName": alias, "mailNickname": alias,
        "userPrincipalName": format!("{alias}@{DOMAIN}"),
        "passwordProfile": { "password": "correct-Horse-7-battery" },
    });
    let user = caller.post("/users", body).await.expect(201);
    user.json["id"].as_str().unwrap().to_owned()
}

async fn group(caller: &Caller, name: &str, for_roles: bool) -> String {
    let body = json!({ "displayName": name, "mailEnabled": false, "mailNickname": name,
        "securityEnabled": true, "isAssignableToRole": for_roles });
    let group = caller.post("/groups", body).await.expect(201).json;
    if for_roles {
        assert_eq!(group["visibility"], "Private");
    }
    group["id"].as_str().unwrap().to_owned()
}

fn reference(id: &str) -> Value {
    json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}") })
}

fn assignment(role: &str, principal: &str) -> Value {
    json!({ "@odata.type": "#microsoft.graph.unifiedRoleAssignment", "roleDefinitionId": role,
        "principalId": principal, "directoryScopeId": "/" })
}

async fn list(caller: &Caller, target: &str) -> Vec<Value> {
    let page = caller.get(target).await.expect(200).json;
    page["value"].as_array().unwrap().clone()
}

/// The administrator that the tenant was made with.
async fn admin(d: &Deployment) -> String {
    let target = format!("/users/admin@{DOMAIN}");
    let admin = d.admin.get(&target).await.expect(200).json;
    admin["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_new_tenant_has_its_administrator_as_the_global_one() {
    let d = Deployment::start().await;
    let admin = admin(&d).await;
    let active = list(&d.admin, "/directoryRoles").await;
    assert_eq!(active.len(), 1, "{active:?}");
    let role = &active[0];
    assert_eq!(role["roleTemplateId"], GLOBAL_ADMINISTRATOR);
    assert_eq!(role["displayName"], "Global Administrator");
    let id = role["id"].as_str().unwrap();
    for target in [
        format!("/directoryRoles/{id}"),
        format!("/directoryRoles(roleTemplateId='{GLOBAL_ADMINISTRATOR}')"),
        format!("/directoryRoles/roleTemplateId={GLOBAL_ADMINISTRATOR}"),
    ] {
        let got = d.admin.get(&target).await.expect(200).json;
        assert_eq!(got["id"], id);
        let members = list(&d.admin, &format!("{target}/members")).await;
        assert_eq!(members.len(), 1);
        assert_eq!(members[0]["@odata.type"], "#microsoft.graph.user");
        assert_eq!(members[0]["id"], admin.as_str());
    }
    let assigned = list(&d.admin, ASSIGNMENTS).await;
    assert_eq!(assigned.len(), 1, "{assigned:?}");
    assert_eq!(assigned[0]["principalId"], admin.as_str());
    assert_eq!(assigned[0]["directoryScopeId"], "/");
    for relation in ["memberOf", "transitiveMemberOf"] {
        let of = format!("/users/{admin}/{relation}");
        let found = list(&d.admin, &of).await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["@odata.type"], "#microsoft.graph.directoryRole");
        assert_eq!(found[0]["roleTemplateId"], GLOBAL_ADMINISTRATOR);
        let cast = format!("{of}/microsoft.graph.directoryRole");
        assert_eq!(list(&d.admin, &cast).await[0]["id"], id);
        let cast = format!("{of}/microsoft.graph.group");
        assert!(list(&d.admin, &cast).await.is_empty());
    }
    let object = d.admin.get(&format!("/directoryObjects/{id}")).await;
    assert_eq!(
        object.expect(200).json["@odata.type"],
        "#microsoft.graph.directoryRole"
    );
    // A tenant from before there were roles gets there by the first look.
    let island = d.node.store().island(d.tenant.parse().unwrap()).unwrap();
    let forget = |tx: &mut store::Tx<'_>| {
        let tenant = tx.tenant();
        for table in ["role_assignments", "directory_roles"] {
            let sql = format!("DELETE FROM {table} WHERE tenant_id = ?1");
            tx.bookkeeping().execute(&sql, store::params![&tenant])?;
        }
        Ok(())
    };
    island.write(types::Actor::Operator, forget).await.unwrap();
    let again = list(&d.admin, ASSIGNMENTS).await;
    assert_eq!(again, assigned);
    let id = list(&d.admin, "/directoryRoles").await[0]["id"].clone();
    let id = id.as_str().unwrap();
    // Whoever reads memberships only learns that there is a role, not which.
    let reader = d.client(&["GroupMember.ReadBasic.All"]).await;
    let seen = list(&reader, &format!("/users/{admin}/memberOf")).await;
    assert_eq!(seen[0]["id"], id);
    assert_eq!(seen[0]["displayName"], Value::Null);
}

#[tokio::test]
async fn the_last_global_administrator_stays() {
    let d = Deployment::start().await;
    let admin = admin(&d).await;
    let role = format!("/directoryRoles(roleTemplateId='{GLOBAL_ADMINISTRATOR}')");
    let in_role = |id: &str| format!("{role}/members/{id}/$ref");
    let own = list(&d.admin, ASSIGNMENTS).await[0]["id"].clone();
    let own = format!("{ASSIGNMENTS}/{}", own.as_str().unwrap());
    // An application with the role is no person who could sign in and mend things.
    let (_, app) = d.admin.application(json!({ "displayName": "App" })).await;
    let app = app["id"].as_str().unwrap();
    d.admin
        .post(ASSIGNMENTS, assignment(GLOBAL_ADMINISTRATOR, app))
        .await
        .expect(201);
    for refused in [
        d.admin.delete(&in_role(&admin)).await,
        d.admin.delete(&own).await,
        d.admin.delete(&format!("/users/{admin}")).await,
        d.admin
            .patch(
                &format!("/users/{admin}"),
                json!({ "accountEnabled": false }),
            )
            .await,
    ] {
        let refused = refused.refused(400, "Request_BadRequest");
        assert!(refused.message().contains("Global Administrator"));
    }
    // Somebody who has the role through a group is one.
    let (ann, admins) = (
        user(&d.admin, "ann").await,
        group(&d.admin, "admins", true).await,
    );
    d.admin
        .post(&format!("{role}/members/$ref"), reference(&admins))
        .await
        .expect(204);
    d.admin
        .delete(&own)
        .await
        .refused(400, "Request_BadRequest");
    d.admin
        .post(&format!("/groups/{admins}/members/$ref"), reference(&ann))
        .await
        .expect(204);
    let of = format!("/users/{ann}/transitiveMemberOf/microsoft.graph.directoryRole");
    assert_eq!(list(&d.admin, &of).await.len(), 1);
    d.admin.delete(&own).await.expect(204);
    d.admin
        .delete(&in_role(&admin))
        .await
        .refused(404, "Request_ResourceNotFound");
    d.admin
        .delete(&format!("/users/{ann}"))
        .await
        .refused(400, "Request_BadRequest");
    d.admin.delete(&in_role(app)).await.expect(204);
    d.admin.delete(&format!("/users/{admin}")).await.expect(204);
}

#[tokio::test]
async fn applications_take_nobodys_account_who_has_roles() {
    let d = Deployment::start().await;
    let (admin, ann) = (admin(&d).await, user(&d.admin, "ann").await);
    let app = d.client(&["User.ReadWrite.All"]).await;
    let password = json!({ "passwordProfile": { "password": "correct-Horse-8-battery" } });
    for body in [
        password.clone(),
        json!({ "accountEnabled": false }),
        json!({ "otherMails": ["other@home.example"] }),
    ] {
        let of_admin = app.patch(&format!("/users/{admin}"), body.clone()).await;
        of_admin.refused(403, "Authorization_RequestDenied");
        let of_ann = app.patch(&format!("/users/{ann}"), body).await;
        of_ann.expect(204);
    }
    let harmless = json!({ "jobTitle": "Chef" });
    let at = format!("/users/{admin}");
    app.patch(&at, harmless).await.expect(204);
    // With a role that reaches the administrator it can.
    let own = list(&d.admin, "/servicePrincipals").await;
    let own = own
        .iter()
        .find(|it| it["appId"] == json!(app.client_id))
        .unwrap();
    let own = own["id"].as_str().unwrap();
    let role = assignment(GLOBAL_ADMINISTRATOR, own);
    d.admin.post(ASSIGNMENTS, role).await.expect(201);
    app.patch(&at, password).await.expect(204);
}

#[tokio::test]
async fn both_views_show_the_same_assignments() {
    let d = Deployment::start().await;
    let (ann, bob) = (user(&d.admin, "ann").await, user(&d.admin, "bob").await);
    let made = d
        .admin
        .post(ASSIGNMENTS, assignment(USER_ADMINISTRATOR, &ann))
        .await
        .expect(201);
    let id = made.json["id"].as_str().unwrap().to_owned();
    assert!(id.ends_with("-1"), "{id}");
    assert_eq!(made.json["roleDefinitionId"], USER_ADMINISTRATOR);
    let at = made.header("location").to_owned();
    assert_eq!(d.admin.get(&at).await.expect(200).json["id"], id.as_str());
    // Assigning has made the role active.
    let role = format!("/directoryRoles(roleTemplateId='{USER_ADMINISTRATOR}')");
    assert_eq!(list(&d.admin, &format!("{role}/members")).await.len(), 1);
    d.admin
        .post(&format!("{role}/members/$ref"), reference(&bob))
        .await
        .expect(204);
    let again = d
        .admin
        .post(&format!("{role}/members/$ref"), reference(&bob))
        .await
        .refused(400, "Request_BadRequest");
    assert!(again.message().contains("already exist"));
    let again = d
        .admin
        .post(ASSIGNMENTS, assignment(USER_ADMINISTRATOR, &bob))
        .await
        .refused(400, "Request_BadRequest");
    assert!(
        again
            .message()
            .starts_with("A conflicting object with one or more")
    );
    assert_eq!(
        again.json["error"]["details"][0]["code"],
        "ConflictingObjects"
    );

    let of_role = format!("{ASSIGNMENTS}?$filter=roleDefinitionId eq '{USER_ADMINISTRATOR}'");
    assert_eq!(list(&d.admin, &of_role).await.len(), 2);
    let page = d
        .admin
        .get(&format!("{of_role}&$top=1"))
        .await
        .expect(200)
        .json;
    let next = page["@odata.nextLink"].as_str().unwrap();
    let rest = list(&d.admin, next).await;
    assert_eq!(rest.len(), 1);
    assert_ne!(rest[0]["id"], page["value"][0]["id"]);
    let of_bob = format!(
        "{ASSIGNMENTS}?$filter=principalId eq '{bob}' and roleDefinitionId eq '{USER_ADMINISTRATOR}'\
         &$expand=principal($select=id,displayName),roleDefinition"
    );
    let found = list(&d.admin, &of_bob).await;
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0]["principal"],
        json!({ "@odata.type": "#microsoft.graph.user", "id": bob, "displayName": "bob" })
    );
    assert_eq!(
        found[0]["roleDefinition"]["displayName"],
        "User Administrator"
    );
    for bad in [
        "$filter=nonsense eq 'x'",
        "$expand=nonsense",
        "$expand=principal,principal",
        "$expand=principal(",
        "$select=nonsense",
        "$search=x",
    ] {
        d.admin
            .get(&format!("{ASSIGNMENTS}?{bad}"))
            .await
            .refused(400, "Request_BadRequest");
    }
    d.admin
        .delete(&format!("{role}/members/{ann}/$ref"))
        .await
        .expect(204);
    d.admin
        .get(&format!("{ASSIGNMENTS}/{id}"))
        .await
        .refused(404, "Request_ResourceNotFound");
    d.admin
        .delete(&format!("{ASSIGNMENTS}/{id}"))
        .await
        .refused(404, "Request_ResourceNotFound");
    // With the user the assignment goes, and it comes back with the user.
    d.admin.delete(&format!("/users/{bob}")).await.expect(204);
    assert!(list(&d.admin, &of_role).await.is_empty());
    let restore = format!("/directory/deletedItems/{bob}/restore");
    d.admin.post(&restore, json!({})).await.expect(200);
    assert_eq!(list(&d.admin, &of_role).await.len(), 1);
    d.admin.delete(&format!("/users/{bob}")).await.expect(204);
    d.admin
        .delete(&format!("/directory/deletedItems/{bob}"))
        .await
        .expect(204);

    let filter = "/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Add member to role'";
    let added = list(&d.admin, filter).await;
    let target = added
        .iter()
        .map(|entry| &entry["targetResources"][0])
        .find(|target| target["id"] == ann.as_str())
        .unwrap();
    assert_eq!(target["type"], "User");
    let named = target["modifiedProperties"].as_array().unwrap();
    let role = named
        .iter()
        .find(|it| it["displayName"] == "Role.DisplayName")
        .unwrap();
    assert_eq!(role["newValue"], "\"User Administrator\"");
    assert_eq!(role["oldValue"], Value::Null);
    assert!(added.iter().all(|it| it["category"] == "RoleManagement"));
}

#[tokio::test]
async fn who_can_have_a_role_and_which() {
    let d = Deployment::start().await;
    let ann = user(&d.admin, "ann").await;
    let (plain, fit) = (
        group(&d.admin, "plain", false).await,
        group(&d.admin, "fit", true).await,
    );
    for (status, body) in [
        (404, assignment(NOBODY, &ann)),
        (404, assignment(GLOBAL_READER, NOBODY)),
        (400, assignment(GLOBAL_READER, &plain)),
        (400, assignment(GUEST_USER, &ann)),
        (400, assignment("nonsense", &ann)),
        (
            400,
            json!({ "roleDefinitionId": GLOBAL_READER, "principalId": ann }),
        ),
        (
            400,
            json!({ "roleDefinitionId": GLOBAL_READER, "directoryScopeId": "/" }),
        ),
        (400, json!({ "principalId": ann, "directoryScopeId": "/" })),
        (
            400,
            json!({ "roleDefinitionId": GLOBAL_READER, "principalId": ann, "directoryScopeId": "here" }),
        ),
        (
            404,
            json!({ "roleDefinitionId": GLOBAL_READER, "principalId": ann,
            "directoryScopeId": format!("/administrativeUnits/{NOBODY}") }),
        ),
        (
            404,
            json!({ "roleDefinitionId": GLOBAL_READER, "principalId": ann,
            "directoryScopeId": format!("/{NOBODY}") }),
        ),
        (
            400,
            json!({ "roleDefinitionId": GLOBAL_READER, "principalId": ann,
            "directoryScopeId": "/", "appScopeId": "/" }),
        ),
    ] {
        let code = match status {
            404 => "Request_ResourceNotFound",
            _ => "Request_BadRequest",
        };
        d.admin.post(ASSIGNMENTS, body).await.refused(status, code);
    }
    d.admin
        .post(ASSIGNMENTS, assignment(GLOBAL_READER, &fit))
        .await
        .expect(201);
    // What such a group is, and who may decide who is in it.
    let nested = format!("/groups/{fit}/members/$ref");
    d.admin
        .post(&nested, reference(&plain))
        .await
        .refused(400, "Request_BadRequest");
    let group_admin = d.client(&["Group.ReadWrite.All"]).await;
    let denied = "Authorization_RequestDenied";
    group_admin
        .post(&nested, reference(&ann))
        .await
        .refused(403, denied);
    group_admin
        .patch(&format!("/groups/{fit}"), json!({ "description": "x" }))
        .await
        .refused(403, denied);
    group_admin
        .delete(&format!("/groups/{fit}"))
        .await
        .refused(403, denied);
    let mut made = json!({ "displayName": "x", "mailEnabled": false, "mailNickname": "x",
        "securityEnabled": true, "isAssignableToRole": true });
    group_admin
        .post("/groups", made.clone())
        .await
        .refused(403, denied);
    made["visibility"] = json!("Public");
    d.admin
        .post("/groups", made)
        .await
        .refused(400, "Request_BadRequest");

    // Another tenant's people are nobody's here, and its roles are others.
    let (_, other) = d.other("Fabrikam", "fabrikam.example").await;
    let theirs = list(&other, "/directoryRoles").await[0]["id"].clone();
    d.admin
        .get(&format!("/directoryRoles/{}", theirs.as_str().unwrap()))
        .await
        .refused(404, "Request_ResourceNotFound");
    other
        .post(ASSIGNMENTS, assignment(GLOBAL_READER, &ann))
        .await
        .refused(404, "Request_ResourceNotFound");
    other
        .post(
            &format!("/directoryRoles(roleTemplateId='{GLOBAL_ADMINISTRATOR}')/members/$ref"),
            reference(&ann),
        )
        .await
        .refused(404, "Request_ResourceNotFound");
}

#[tokio::test]
async fn roles_are_made_active_and_defined_by_microsoft() {
    let d = Deployment::start().await;
    let templates = list(&d.admin, "/directoryRoleTemplates").await;
    assert!(templates.len() > 100);
    let template = format!("/directoryRoleTemplates/{GLOBAL_READER}");
    let got = d.admin.get(&template).await.expect(200).json;
    assert_eq!(got["displayName"], "Global Reader");
    d.admin
        .get(&format!("/directoryRoleTemplates/{NOBODY}"))
        .await
        .refused(404, "Request_ResourceNotFound");
    let by_template = format!("/directoryRoles(roleTemplateId='{GLOBAL_READER}')");
    d.admin
        .get(&by_template)
        .await
        .refused(404, "Request_ResourceNotFound");
    let body = json!({ "roleTemplateId": GLOBAL_READER });
    let made = d
        .admin
        .post("/directoryRoles", body.clone())
        .await
        .expect(201)
        .json;
    let got = d.admin.get(&by_template).await.expect(200).json;
    assert_eq!(got["id"], made["id"]);
    let again = d
        .admin
        .post("/directoryRoles", body)
        .await
        .refused(400, "Request_BadRequest");
    assert!(again.message().starts_with("A conflicting object"));
    for (status, body) in [
        (404, json!({ "roleTemplateId": NOBODY })),
        (400, json!({ "roleTemplateId": "nonsense" })),
        (400, json!({})),
        (
            400,
            json!({ "roleTemplateId": GLOBAL_READER, "displayName": "x" }),
        ),
    ] {
        let refused = d.admin.post("/directoryRoles", body).await;
        assert_eq!(refused.status, status, "{refused:?}");
    }
    let named = list(
        &d.admin,
        "/directoryRoles?$filter=displayName eq 'global reader'&$expand=members&$select=id",
    )
    .await;
    assert_eq!(named, [json!({ "id": made["id"], "members": [] })]);

    let all = list(&d.admin, DEFINITIONS).await;
    assert_eq!(all.len(), templates.len());
    let found = list(
        &d.admin,
        &format!("{DEFINITIONS}?$filter=startswith(displayName,'Global R')&$expand=inheritsPermissionsFrom"),
    )
    .await;
    assert_eq!(found.len(), 1);
    let reader = &found[0];
    assert_eq!(reader["id"], GLOBAL_READER);
    assert_eq!(reader["templateId"], GLOBAL_READER);
    assert_eq!(reader["isBuiltIn"], true);
    let actions = &reader["rolePermissions"][0]["allowedResourceActions"];
    assert!(!actions.as_array().unwrap().is_empty());
    assert_eq!(
        reader["inheritsPermissionsFrom"].as_array().unwrap().len(),
        1
    );
    let one = format!("{DEFINITIONS}/{GLOBAL_READER}");
    assert_eq!(d.admin.get(&one).await.expect(200).json["version"], "1");
    let refused = "Request_BadRequest";
    d.admin.delete(&one).await.refused(400, refused);
    d.admin
        .patch(&one, json!({ "isEnabled": false }))
        .await
        .refused(400, refused);
    d.admin
        .post(
            DEFINITIONS,
            json!({ "displayName": "Mine", "rolePermissions": [], "isEnabled": true }),
        )
        .await
        .refused(400, refused);
    d.admin
        .delete(&format!("{DEFINITIONS}/{NOBODY}"))
        .await
        .refused(404, "Request_ResourceNotFound");
    // Reading opens nothing that writes.
    let reader = d.client(&["RoleManagement.Read.Directory"]).await;
    list(&reader, ASSIGNMENTS).await;
    reader
        .post(
            "/directoryRoles",
            json!({ "roleTemplateId": USER_ADMINISTRATOR }),
        )
        .await
        .refused(403, "Authorization_RequestDenied");
}

#[tokio::test]
async fn changes_of_roles_are_told() {
    let d = Deployment::start().await;
    let (ann, bob) = (user(&d.admin, "ann").await, user(&d.admin, "bob").await);
    let give = async |role: &str, to: &str| {
        let made = d.admin.post(ASSIGNMENTS, assignment(role, to)).await;
        made.expect(201).json["id"].as_str().unwrap().to_owned()
    };
    give(USER_ADMINISTRATOR, &ann).await;
    let first = d.admin.get("/directoryRoles/delta").await.expect(200).json;
    let told = first["value"].as_array().unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    let of = |told: &[Value], template: &str| {
        let found = told.iter().find(|it| it["roleTemplateId"] == template);
        found.unwrap()["members@delta"].clone()
    };
    assert_eq!(of(told, USER_ADMINISTRATOR)[0]["id"], ann.as_str());
    let link = first["@odata.deltaLink"].as_str().unwrap();
    let given = give(USER_ADMINISTRATOR, &bob).await;
    give(GLOBAL_READER, &bob).await;
    let round = d.admin.get(link).await.expect(200).json;
    let told = round["value"].as_array().unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(of(told, GLOBAL_READER)[0]["id"], bob.as_str());
    let link = round["@odata.deltaLink"].as_str().unwrap();
    d.admin
        .delete(&format!("{ASSIGNMENTS}/{given}"))
        .await
        .expect(204);
    d.admin.delete(&format!("/users/{ann}")).await.expect(204);
    let round = d.admin.get(link).await.expect(200).json;
    let gone = of(round["value"].as_array().unwrap(), USER_ADMINISTRATOR);
    let gone = gone.as_array().unwrap();
    assert_eq!(gone.len(), 2, "{gone:?}");
    assert!(gone.iter().all(|it| it["@removed"]["reason"] == "deleted"));
}
