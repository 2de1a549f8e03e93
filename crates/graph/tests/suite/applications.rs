//! Applications, their service principals and roles; and that what is taken from a client is gone
//! from the tokens that it has.

use crate::common;
use crate::common::deployment::{Answer, Caller, DOMAIN, Deployment, NOBODY};
use serde_json::{Value, json};

const GRAPH: &str = "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')";

fn person(alias: &str) -> Value {
    json!({
        "accountEnabled": true, "displayName": alias, "mailNickname": alias,
        "userPrincipalName": format!("{alias}@{DOMAIN}"),
        "passwordProfile": { "password": "correct-Horse-7-battery" },
    })
}

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

/// The service principal of a client.
async fn principal(d: &Deployment, caller: &Caller) -> Value {
    let path = format!("/servicePrincipals(appId='{}')", caller.client_id);
    d.admin.get(&path).await.expect(200).json
}

/// The ids of the Graph resource and of one of its roles.
async fn graph_role(d: &Deployment, value: &str) -> (String, String) {
    let graph = d.admin.get(GRAPH).await.expect(200).json;
    let roles = graph["appRoles"].as_array().unwrap();
    let role = roles.iter().find(|role| role["value"] == value).unwrap();
    (id(&graph).to_owned(), id(role).to_owned())
}

async fn works(caller: &Caller) -> bool {
    let answer = caller.get("/applications").await;
    match answer.status {
        200 => true,
        401 => {
            answer.refused(401, "InvalidAuthenticationToken");
            false
        }
        _ => panic!("{}", answer.text),
    }
}

#[tokio::test]
async fn a_role_opens_what_it_says_until_it_is_taken_back() {
    let d = Deployment::start().await;
    let mut reader = d.client(&[]).await;
    let forbidden = |answer: Answer| answer.refused(403, "Authorization_RequestDenied");
    forbidden(reader.get("/applications").await);

    let own = principal(&d, &reader).await;
    let (graph, role) = graph_role(&d, "Application.Read.All").await;
    let path = format!("/servicePrincipals/{graph}/appRoleAssignedTo");
    let body = json!({ "principalId": own["id"], "resourceId": graph, "appRoleId": role });
    let made = d.admin.post(&path, body.clone()).await.expect(201);
    assert_eq!(
        made.json["@odata.context"],
        format!(
            "{}/v1.0/$metadata#servicePrincipals('{graph}')/appRoleAssignedTo/$entity",
            d.url
        )
    );
    assert_eq!(made.json["principalType"], "ServicePrincipal");
    assert_eq!(made.json["resourceDisplayName"], "Microsoft Graph");
    let at = made.header("location").to_owned();
    d.admin.get(&at).await.expect(200);
    d.admin
        .post(&path, body)
        .await
        .refused(400, "Request_BadRequest");

    forbidden(reader.get("/applications").await);
    reader.token = d.token_of(&reader).await.token();
    assert!(works(&reader).await);
    // Who may read may not give himself more.
    let (_, all) = graph_role(&d, "Directory.ReadWrite.All").await;
    let more = json!({ "principalId": own["id"], "resourceId": graph, "appRoleId": all });
    forbidden(reader.post(&path, more).await);

    // The same assignment from its other end, by either key.
    for path in [
        format!("/servicePrincipals/{}/appRoleAssignments", id(&own)),
        format!(
            "/servicePrincipals(appId='{}')/appRoleAssignments",
            reader.client_id
        ),
    ] {
        let list = d.admin.get(&path).await.expect(200).json;
        assert_eq!(list["value"].as_array().unwrap().len(), 1);
        assert_eq!(list["value"][0]["id"], made.json["id"]);
    }
    // It isn't the other's.
    let wrong = format!(
        "/servicePrincipals/{graph}/appRoleAssignments/{}",
        id(&made.json)
    );
    d.admin
        .get(&wrong)
        .await
        .refused(404, "Request_ResourceNotFound");
    d.admin
        .delete(&wrong)
        .await
        .refused(404, "Request_ResourceNotFound");
    assert!(works(&reader).await);

    d.admin.delete(&at).await.expect(204);
    d.admin
        .delete(&at)
        .await
        .refused(404, "Request_ResourceNotFound");
    assert!(!works(&reader).await);
    reader.token = d.token_of(&reader).await.token();
    forbidden(reader.get("/applications").await);
}

#[tokio::test]
async fn an_assignment_has_to_fit_its_address_and_its_resource() {
    let d = Deployment::start().await;
    let own = principal(&d, &d.admin).await;
    let (graph, role) = graph_role(&d, "Application.Read.All").await;
    let full = json!({ "principalId": own["id"], "resourceId": graph, "appRoleId": role });
    let with = |name: &str, value: Value| {
        let mut body = full.clone();
        body[name] = value;
        body
    };
    let to = format!("/servicePrincipals/{graph}/appRoleAssignedTo");
    let of = format!("/servicePrincipals/{}/appRoleAssignments", id(&own));
    for (path, body, target) in [
        (&to, with("resourceId", own["id"].clone()), "resourceId"),
        (&of, with("principalId", json!(graph)), "principalId"),
        (&to, with("appRoleId", json!(NOBODY)), "appRoleId"),
        (&to, with("appRoleId", json!("x")), "appRoleId"),
        (&to, with("principalId", Value::Null), "principalId"),
        (&to, with("nonsense", json!(1)), "nonsense"),
    ] {
        let refused = d.admin.post(path, body).await;
        let refused = refused.refused(400, "Request_BadRequest");
        assert_eq!(refused.json["error"]["target"], target, "{}", refused.text);
    }
    let nobody = with("principalId", json!(NOBODY));
    d.admin
        .post(&to, nobody)
        .await
        .refused(404, "Request_ResourceNotFound");
    let of_nobody = format!("/servicePrincipals/{NOBODY}/appRoleAssignments");
    d.admin
        .get(&of_nobody)
        .await
        .refused(404, "Request_ResourceNotFound");
}

#[tokio::test]
async fn pages_of_assignments_go_on_where_they_ended() {
    let d = Deployment::start().await;
    let own = principal(&d, &d.admin).await;
    let path = format!("/servicePrincipals/{}/appRoleAssignments", id(&own));
    let all = d.admin.get(&path).await.expect(200).json;
    let all = all["value"].as_array().unwrap().len();
    let (mut next, mut seen) = (format!("{path}?$top=7&$select=id"), Vec::new());
    loop {
        let page = d.admin.get(&next).await.expect(200).json;
        seen.extend(page["value"].as_array().unwrap().clone());
        match page["@odata.nextLink"].as_str() {
            Some(link) => next = link.to_owned(),
            None => break,
        }
    }
    seen.dedup();
    assert!(seen.len() == all && all > 7, "{} of {all}", seen.len());
    assert_eq!(seen[0].as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn what_takes_a_client_out_ends_its_tokens() {
    let d = Deployment::start().await;
    for way in [
        "removePassword",
        "disable",
        "delete principal",
        "delete application",
    ] {
        let client = d.client(&["Application.Read.All"]).await;
        let other = d.client(&["Application.Read.All"]).await;
        assert!(works(&client).await && works(&other).await);
        let application = format!("/applications(appId='{}')", client.client_id);
        let principal = format!("/servicePrincipals(appId='{}')", client.client_id);
        let done = match way {
            "removePassword" => {
                let read = d.admin.get(&application).await.expect(200).json;
                let key = json!({ "keyId": read["passwordCredentials"][0]["keyId"] });
                d.admin
                    .post(&format!("{application}/removePassword"), key)
                    .await
            }
            "disable" => {
                d.admin
                    .patch(&principal, json!({ "accountEnabled": false }))
                    .await
            }
            "delete principal" => d.admin.delete(&principal).await,
            _ => d.admin.delete(&application).await,
        };
        done.expect(204);
        assert!(!works(&client).await, "{way}");
        assert!(works(&other).await, "{way}");
        let refused = d.token_of(&client).await;
        assert!(
            [400, 401].contains(&refused.status),
            "{way}: {}",
            refused.text
        );
    }
}

#[tokio::test]
async fn a_service_principal_has_secrets_of_its_own() {
    let d = Deployment::start().await;
    let client = d.client(&["Application.Read.All"]).await;
    let principal = format!("/servicePrincipals(appId='{}')", client.client_id);
    let add = format!("{principal}/addPassword");
    let body = json!({ "passwordCredential": { "displayName": "its own" } });
    let added = d.admin.post(&add, body).await.expect(200).json;
    let secret = added["secretText"].as_str().unwrap();
    let by_it = d.client_with(&client, secret).await;
    assert!(works(&by_it).await);
    let read = d.admin.get(&principal).await.expect(200).json;
    let shown = &read["passwordCredentials"];
    assert_eq!(shown[0]["keyId"], added["keyId"]);
    assert_eq!(shown[0]["displayName"], "its own");
    assert_eq!(shown[0]["secretText"], Value::Null);
    assert_eq!(shown.as_array().unwrap().len(), 1);
    // Those of the application are the application's.
    let application = format!("/applications(appId='{}')", client.client_id);
    let of_app = d.admin.get(&application).await.expect(200).json;
    let key = json!({ "keyId": of_app["passwordCredentials"][0]["keyId"] });
    let remove = format!("{principal}/removePassword");
    d.admin.post(&remove, key).await.expect(400);
    let key = json!({ "keyId": added["keyId"] });
    d.admin.post(&remove, key.clone()).await.expect(204);
    d.admin.post(&remove, key).await.expect(400);
    assert!(!works(&by_it).await, "its secret is gone");
    assert!(works(&client).await, "the application's is there");
    // Whoever may only read gets none, nor does another tenant.
    client.post(&add, json!({})).await.expect(403);
    let path = format!("/servicePrincipals/{}/addPassword", id(&read));
    let (_, other) = d.other("Fabrikam", "fabrikam.example").await;
    other.post(&path, json!({})).await.expect(404);
}

#[tokio::test]
async fn what_an_automation_tool_sends_whole_is_taken() {
    let d = Deployment::start().await;
    let (application, principal) = d.admin.application(json!({ "displayName": "Wiki" })).await;
    let path = format!("/applications/{}", id(&application));
    let whole = json!({ "id": id(&application), "notes": "ours" });
    d.admin.patch(&path, whole).await.expect(204);
    let other = json!({ "id": id(&principal), "notes": "theirs" });
    d.admin.patch(&path, other).await.expect(400);
    let by_id = format!("/servicePrincipals/{}", id(&principal));
    let patch = json!({
        "preferredSingleSignOnMode": "oidc", "samlSingleSignOnSettings": { "relayState": "/x" },
        "loginUrl": null, "notificationEmailAddresses": [],
    });
    d.admin.patch(&by_id, patch).await.expect(204);
    let read = d.admin.get(&by_id).await.expect(200).json;
    assert_eq!(read["preferredSingleSignOnMode"], "oidc");
    assert_eq!(read["samlSingleSignOnSettings"]["relayState"], "/x");
    let beta = d
        .admin
        .get(&format!("/beta{by_id}?$select=samlMetadataUrl"))
        .await;
    assert_eq!(beta.expect(200).json["samlMetadataUrl"], Value::Null);
    let wrong = json!({ "preferredSingleSignOnMode": "magic" });
    d.admin.patch(&by_id, wrong).await.expect(400);
}

#[tokio::test]
async fn replacing_a_secret_interrupts_nobody() {
    let d = Deployment::start().await;
    let client = d.client(&["Application.Read.All"]).await;
    let application = format!("/applications(appId='{}')", client.client_id);
    let remove = format!("{application}/removePassword");
    let old = d.admin.get(&application).await.expect(200).json;
    let added = d
        .admin
        .post(&format!("{application}/addPassword"), json!({}))
        .await
        .expect(200)
        .json;
    let secret = added["secretText"].as_str().unwrap();
    let replaced = d.client_with(&client, secret).await;
    assert!(works(&client).await && works(&replaced).await);
    let key = json!({ "keyId": old["passwordCredentials"][0]["keyId"] });
    d.admin.post(&remove, key).await.expect(204);
    assert!(!works(&client).await, "its secret is gone");
    assert!(works(&replaced).await, "its secret is there");
    // The last one, from which nobody is left.
    let key = json!({ "keyId": added["keyId"] });
    d.admin.post(&remove, key).await.expect(204);
    assert!(!works(&replaced).await);
}

#[tokio::test]
async fn a_role_that_is_switched_off_ends_the_tokens_of_its_holders() {
    let d = Deployment::start().await;
    let role = |enabled: bool, value: &str| {
        json!({ "appRoles": [{
            "id": "11111111-1111-4111-8111-111111111111", "displayName": "Clerk",
            "description": "Clerks", "value": value, "isEnabled": enabled,
            "allowedMemberTypes": ["Application"],
        }] })
    };
    let mut body = role(true, "clerk");
    body["displayName"] = "Payroll".into();
    let (application, resource) = d.admin.application(body).await;
    let path = format!("/applications/{}", id(&application));
    for (patch, ends) in [
        (json!({ "displayName": "Wages" }), false),
        (role(false, "clerk"), true),
        (role(true, "clerk"), false),
        (role(true, "scribe"), true),
        (role(false, "scribe"), true),
    ] {
        let holder = d.client(&["Application.Read.All"]).await;
        let other = d.client(&["Application.Read.All"]).await;
        let assigned = json!({
            "principalId": principal(&d, &holder).await["id"],
            "resourceId": resource["id"],
            "appRoleId": "11111111-1111-4111-8111-111111111111",
        });
        let to = format!("/servicePrincipals/{}/appRoleAssignedTo", id(&resource));
        d.admin.post(&to, assigned).await.expect(201);
        assert!(works(&holder).await);
        d.admin.patch(&path, patch.clone()).await.expect(204);
        assert_eq!(works(&holder).await, !ends, "{patch}");
        assert!(works(&other).await, "{patch}");
    }
    // One that is on isn't removed by leaving it out.
    d.admin.patch(&path, role(true, "scribe")).await.expect(204);
    let none = json!({ "appRoles": [] });
    let refused = d.admin.patch(&path, none.clone()).await;
    refused.refused(400, "Request_BadRequest");
    d.admin
        .patch(&path, role(false, "scribe"))
        .await
        .expect(204);
    d.admin.patch(&path, none).await.expect(204);
}

#[tokio::test]
async fn what_has_a_unique_name_is_found_by_it_and_made_if_it_is_not_there() {
    let d = Deployment::start().await;
    let upsert = ("prefer", "create-if-missing");
    for (set, body, change) in [
        (
            "applications",
            json!({ "displayName": "Payroll" }),
            json!({ "displayName": "Wages" }),
        ),
        (
            "groups",
            json!({ "displayName": "Payroll", "mailEnabled": false, "mailNickname": "payroll",
                "securityEnabled": true }),
            json!({ "displayName": "Wages" }),
        ),
    ] {
        let path = format!("/{set}(uniqueName='Pay''s roll')");
        d.admin.get(&path).await.expect(404);
        d.admin.patch(&path, body.clone()).await.expect(404);
        let made = d.admin.patch_with(&path, body.clone(), upsert).await;
        let made = made.expect(201).json;
        assert_eq!(made["displayName"], "Payroll", "{set}");
        let changed = d.admin.patch_with(&path, change, upsert).await;
        changed.expect(204);
        let read = d.admin.get(&path).await.expect(200).json;
        assert_eq!(
            (&read["id"], &read["displayName"]),
            (&made["id"], &json!("Wages"))
        );
        // Nobody else has it meanwhile, in whatever case, but once it is deleted.
        let mut other = body.clone();
        other["uniqueName"] = "PAY'S ROLL".into();
        let taken = d.admin.post(&format!("/{set}"), other.clone()).await;
        taken.refused(400, "Request_BadRequest");
        let at = format!("/{set}/{}", id(&made));
        d.admin.delete(&at).await.expect(204);
        d.admin.get(&path).await.expect(404);
        let next = d.admin.post(&format!("/{set}"), other).await.expect(201);
        let found = d.admin.get(&path).await.expect(200).json;
        assert_eq!(found["id"], next.json["id"]);
        let restore = format!("/directory/deletedItems/{}/restore", id(&made));
        let refused = d.admin.post(&restore, json!({})).await;
        refused.refused(400, "Request_BadRequest");
    }
    // A service principal has its client id for that.
    let made = d
        .admin
        .post("/applications", json!({ "displayName": "Late" }))
        .await
        .expect(201)
        .json;
    let path = format!(
        "/servicePrincipals(appId='{}')",
        made["appId"].as_str().unwrap()
    );
    let tags = json!({ "tags": ["late"] });
    d.admin.patch(&path, tags.clone()).await.expect(404);
    let upserted = d.admin.patch_with(&path, tags.clone(), upsert).await;
    assert_eq!(upserted.expect(201).json["tags"], tags["tags"]);
    d.admin.patch_with(&path, tags, upsert).await.expect(204);
    // Who may only change groups makes none.
    let narrow = d.client(&["Group-NestingSupport.ReadWrite.All"]).await;
    let body = json!({ "displayName": "x" });
    let refused = narrow
        .patch_with("/groups(uniqueName='x')", body, upsert)
        .await;
    refused.refused(403, "Authorization_RequestDenied");
}

#[tokio::test]
async fn assignments_are_filtered_and_tell_what_comes_by_a_group() {
    let d = Deployment::start().await;
    let role = "11111111-1111-4111-8111-111111111111";
    let named = |name: &str| {
        json!({ "displayName": name, "appRoles": [{ "id": role, "displayName": "Clerk",
            "description": "Clerks", "value": "clerk", "allowedMemberTypes": ["User"] }] })
    };
    let (_, payroll) = d.admin.application(named("Payroll")).await;
    let (_, wiki) = d.admin.application(named("Wiki")).await;
    let ann = d.admin.post("/users", person("ann")).await.expect(201).json;
    let group = json!({ "displayName": "clerks", "mailEnabled": false, "mailNickname": "clerks",
        "securityEnabled": true });
    let group = d.admin.post("/groups", group).await.expect(201).json;
    let member = json!({ "@odata.id": format!("{}/v1.0/users/{}", d.url, id(&ann)) });
    let members = format!("/groups/{}/members/$ref", id(&group));
    d.admin.post(&members, member).await.expect(204);
    for (principal, resource) in [(&ann, &payroll), (&group, &wiki)] {
        let to = format!("/servicePrincipals/{}/appRoleAssignedTo", id(resource));
        let body = json!({ "principalId": principal["id"], "resourceId": resource["id"],
            "appRoleId": role });
        d.admin.post(&to, body).await.expect(201);
    }
    let of_ann = format!("/users/{}/appRoleAssignments", id(&ann));
    let names = async |target: String, name: &str| {
        let page = d.admin.get_advanced(&target).await.expect(200).json;
        let items = page["value"].as_array().unwrap().iter();
        let names = items.map(|item| item[name].as_str().unwrap().to_owned());
        let names: std::collections::BTreeSet<_> = names.collect();
        (
            names.into_iter().collect::<Vec<_>>(),
            page["@odata.count"].clone(),
        )
    };
    let all = names(of_ann.clone(), "resourceDisplayName").await.0;
    assert_eq!(all, ["Payroll", "Wiki"]);
    let wiki_id = id(&wiki);
    let target = format!("{of_ann}?$filter=resourceId eq {wiki_id}&$count=true");
    let found = names(target, "principalDisplayName").await;
    assert_eq!(found, (vec!["clerks".to_owned()], json!(1)));
    let to = format!("/servicePrincipals/{wiki_id}/appRoleAssignedTo");
    for (filter, expected) in [
        ("startswith(principalDisplayName,'CL')", 1),
        ("principalDisplayName eq 'ann'", 0),
    ] {
        let target = format!("{to}?$filter={filter}");
        assert_eq!(names(target, "id").await.0.len(), expected, "{filter}");
    }
    let refused = d.admin.get(&format!("{to}?$filter=nonsense eq 1")).await;
    refused.refused(400, "Request_BadRequest");
}

#[tokio::test]
async fn who_has_no_owner_or_few_is_found() {
    let d = Deployment::start().await;
    let ann = d.admin.post("/users", person("ann")).await.expect(201).json;
    let (owned, _) = d.admin.application(json!({ "displayName": "Owned" })).await;
    let (lone, _) = d.admin.application(json!({ "displayName": "Lone" })).await;
    let owner = json!({ "@odata.id": format!("{}/v1.0/users/{}", d.url, id(&ann)) });
    let owners = format!("/applications/{}/owners/$ref", id(&owned));
    d.admin.post(&owners, owner).await.expect(204);
    let names = async |filter: &str| {
        let target = format!("/applications?$filter={filter}&$count=true");
        let page = d.admin.get_advanced(&target).await.expect(200).json;
        let items = page["value"].as_array().unwrap().iter();
        let mut names: Vec<String> = items
            .map(|item| item["displayName"].as_str().unwrap().to_owned())
            .filter(|name| ["Owned", "Lone"].contains(&name.as_str()))
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names("owners/$count eq 1").await, ["Owned"]);
    assert_eq!(names("owners/$count eq 0").await, ["Lone"]);
    let both = "owners/$count eq 0 or owners/$count eq 1";
    assert_eq!(names(both).await, ["Lone", "Owned"]);
    let gone = format!("/users/{}", id(&ann));
    d.admin.delete(&gone).await.expect(204);
    assert_eq!(names("owners/$count ge 1").await, Vec::<String>::new());
    let _ = lone;
    let plain = d
        .admin
        .get("/applications?$filter=owners/$count eq 0")
        .await;
    plain.refused(400, "Request_UnsupportedQuery");
}

#[tokio::test]
async fn who_manages_his_own_applications_leaves_the_others_alone() {
    let d = Deployment::start().await;
    let owner = d.client(&["Application.ReadWrite.OwnedBy"]).await;
    let (mine, my_principal) = owner.application(json!({ "displayName": "Mine" })).await;
    let theirs = d
        .admin
        .post("/applications", json!({ "displayName": "Theirs" }))
        .await;
    let theirs = theirs.expect(201).json;
    let path = |application: &Value| format!("/applications/{}", id(application));
    let forbidden = |answer: Answer| answer.refused(403, "Authorization_RequestDenied");
    let new_name = json!({ "displayName": "Ours" });

    // All are there to be read, as in Graph.
    owner.get(&path(&theirs)).await.expect(200);
    owner
        .patch(&path(&mine), new_name.clone())
        .await
        .expect(204);
    let add = format!("{}/addPassword", path(&mine));
    owner.post(&add, json!({})).await.expect(200);

    forbidden(owner.patch(&path(&theirs), new_name.clone()).await);
    forbidden(
        owner
            .post(&format!("{}/addPassword", path(&theirs)), json!({}))
            .await,
    );
    let key = json!({ "keyId": NOBODY });
    forbidden(
        owner
            .post(&format!("{}/removePassword", path(&theirs)), key)
            .await,
    );
    forbidden(owner.delete(&path(&theirs)).await);
    let body = json!({ "appId": theirs["appId"] });
    forbidden(owner.post("/servicePrincipals", body.clone()).await);
    let their_principal = d
        .admin
        .post("/servicePrincipals", body)
        .await
        .expect(201)
        .json;
    let of = |principal: &Value| format!("/servicePrincipals/{}", id(principal));
    forbidden(owner.patch(&of(&their_principal), new_name.clone()).await);
    forbidden(owner.delete(&of(&their_principal)).await);
    // Nor himself: somebody else has made him.
    let himself = format!("/applications(appId='{}')/addPassword", owner.client_id);
    forbidden(owner.post(&himself, json!({})).await);

    owner.delete(&of(&my_principal)).await.expect(204);
    owner.delete(&path(&mine)).await.expect(204);
    let registrar = d.client(&["AppRegistration.Create"]).await;
    registrar.post("/applications", new_name).await.expect(201);
    forbidden(registrar.get(&path(&theirs)).await);
}

#[tokio::test]
async fn nobody_takes_the_name_of_another() {
    let d = Deployment::start().await;
    let named = |name: &str, uri: &str| json!({ "displayName": name, "identifierUris": [uri] });
    let (_, payroll) = d.admin.application(named("Payroll", "api://payroll")).await;
    let (other, other_principal) = d.admin.application(named("Other", "api://other")).await;
    // One whose service principal isn't there yet.
    let early = d
        .admin
        .post("/applications", named("Early", "api://early"))
        .await;
    early.expect(201);

    let path = format!("/servicePrincipals/{}", id(&other_principal));
    for uri in [
        "api://payroll",
        "API://Payroll",
        "api://early",
        "https://graph.microsoft.com",
    ] {
        let names = json!({ "servicePrincipalNames": [uri] });
        let refused = d.admin.patch(&path, names).await;
        refused.refused(400, "Request_BadRequest");
        let uris = json!({ "identifierUris": [uri] });
        let at = format!("/applications/{}", id(&other));
        d.admin
            .patch(&at, uris)
            .await
            .refused(400, "Request_BadRequest");
    }
    let names = json!({ "servicePrincipalNames": ["api://other", "api://other2"] });
    d.admin.patch(&path, names).await.expect(204);
    let gone = format!("/servicePrincipals/{}", id(&payroll));
    d.admin.delete(&gone).await.expect(204);
}

#[tokio::test]
async fn service_principals_that_need_an_assignment_are_found() {
    let d = Deployment::start().await;
    let quoted = r#"x "appRoleAssignmentRequired":true"#;
    for (name, required) in [
        ("o-open", None),
        ("o-closed", Some(true)),
        ("o-opened", Some(false)),
    ] {
        let (_, principal) = d.admin.application(json!({ "displayName": name })).await;
        let path = format!("/servicePrincipals/{}", principal["id"].as_str().unwrap());
        let mut change = json!({ "notes": quoted });
        if let Some(required) = required {
            change["appRoleAssignmentRequired"] = required.into();
        }
        d.admin.patch(&path, change).await.expect(204);
    }
    let names = async |filter: &str| {
        let path = format!(
            "/servicePrincipals?$count=true&$filter=startswith(displayName,'o-') and {filter}"
        );
        let page = d.admin.get_advanced(&path).await.expect(200).json;
        let items = page["value"].as_array().unwrap().iter();
        let names = items.map(|item| item["displayName"].as_str().unwrap().to_owned());
        names.collect::<std::collections::BTreeSet<String>>()
    };
    let closed = ["o-closed".to_owned()].into();
    let open = ["o-open".to_owned(), "o-opened".to_owned()].into();
    assert_eq!(names("appRoleAssignmentRequired eq true").await, closed);
    assert_eq!(names("appRoleAssignmentRequired eq false").await, open);
    assert_eq!(names("not(appRoleAssignmentRequired eq true)").await, open);
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_counted() {
    let d = Deployment::start().await;
    for name in ["Bravo", "alpha", "Charlie"] {
        d.admin.application(json!({ "displayName": name })).await;
    }
    for set in ["applications", "servicePrincipals"] {
        let names = |answer: &Answer| -> Vec<String> {
            let items = answer.json["value"].as_array().unwrap().clone();
            let name = |item: &Value| item["displayName"].as_str().unwrap().to_owned();
            items.iter().map(name).collect()
        };
        let one = format!("/{set}?$filter=startswith(displayName,'ALPHA')&$select=displayName");
        let one = d.admin.get(&one).await.expect(200);
        assert_eq!(one.json["value"], json!([{ "displayName": "alpha" }]));
        assert_eq!(
            one.json["@odata.context"],
            format!("{}/v1.0/$metadata#{set}(displayName)", d.url)
        );

        let sorted = format!(
            "/{set}?$orderby=displayName desc&$count=true&$top=2&$filter=displayName ne 'Automation' and displayName ne 'Microsoft Graph'"
        );
        d.admin
            .get(&sorted)
            .await
            .refused(400, "Request_UnsupportedQuery");
        let first = d.admin.get_advanced(&sorted).await.expect(200);
        assert_eq!(names(&first), ["Charlie", "Bravo"]);
        assert_eq!(first.json["@odata.count"], 3);
        let next = first.json["@odata.nextLink"].as_str().unwrap();
        let second = d.admin.get_advanced(next).await.expect(200);
        assert_eq!(names(&second), ["alpha"]);
        assert!(second.json.get("@odata.count").is_none());
        assert!(second.json.get("@odata.nextLink").is_none());

        let plain = d
            .admin
            .get(&format!("/{set}?$count=true"))
            .await
            .expect(200);
        assert!(plain.json.get("@odata.count").is_none());
        let count = format!("/{set}/$count");
        d.admin.get(&count).await.refused(400, "Request_BadRequest");
        let number: u64 = d
            .admin
            .get_advanced(&count)
            .await
            .expect(200)
            .text
            .parse()
            .unwrap();
        let whole = plain.json["value"].as_array().unwrap().len();
        assert_eq!(usize::try_from(number).unwrap(), whole);
        let count = format!("/{set}/$count?$filter=displayName eq 'bravo'");
        assert_eq!(d.admin.get_advanced(&count).await.expect(200).text, "1");

        for query in [
            "$filter=nonsense eq 'x'",
            "$filter=displayName",
            "$select=nonsense",
            "$top=1000",
            "$skiptoken=x",
            "$expand=nonsense",
            "$expand=owners,members",
        ] {
            let refused = d.admin.get(&format!("/{set}?{query}")).await;
            assert_eq!(refused.status, 400, "{query}: {}", refused.text);
        }
        // Another set's place isn't one of this set.
        let other = if set == "applications" {
            "servicePrincipals"
        } else {
            "applications"
        };
        let page = d.admin.get(&format!("/{other}?$top=1")).await.expect(200);
        let link = page.json["@odata.nextLink"].as_str().unwrap();
        let token = link.split_once("$skiptoken=").unwrap().1;
        let crossed = d.admin.get(&format!("/{set}?$skiptoken={token}")).await;
        assert_eq!(crossed.status, 400, "{}", crossed.text);
    }
}

#[tokio::test]
async fn a_secret_is_as_it_was_asked_for() {
    let d = Deployment::start().await;
    let (application, _) = d
        .admin
        .application(json!({ "displayName": "Payroll" }))
        .await;
    let path = format!("/applications/{}", id(&application));
    let add = format!("{path}/addPassword");
    let body = json!({ "passwordCredential": {
        "@odata.type": "#microsoft.graph.passwordCredential",
        "displayName": "until spring", "endDateTime": "2099-03-01T00:00:00Z",
    }});
    let made = d.admin.post(&add, body).await.expect(200);
    assert_eq!(
        made.json["@odata.context"],
        format!(
            "{}/v1.0/$metadata#microsoft.graph.passwordCredential",
            d.url
        )
    );
    assert_eq!(made.json["displayName"], "until spring");
    assert_eq!(made.json["endDateTime"], "2099-03-01T00:00:00Z");
    let secret = made.json["secretText"].as_str().unwrap();
    assert!(secret.starts_with(made.json["hint"].as_str().unwrap()));
    // No body at all is a body without wishes.
    let call = d.admin.call("POST", &add).send().await.unwrap();
    let plain = Answer::read(call).await.expect(200);
    assert_ne!(plain.json["secretText"], made.json["secretText"]);
    let read = d.admin.get(&path).await.expect(200);
    assert!(!read.text.contains(secret));

    for (body, target) in [
        (json!({ "nonsense": 1 }), "nonsense"),
        (json!({ "passwordCredential": "x" }), "passwordCredential"),
        (
            json!({ "passwordCredential": { "secretText": "mine" } }),
            "secretText",
        ),
        (
            json!({ "passwordCredential": { "endDateTime": "soon" } }),
            "endDateTime",
        ),
        (
            json!({ "passwordCredential": { "endDateTime": "1999-01-01T00:00:00Z" } }),
            "endDateTime",
        ),
    ] {
        let refused = d.admin.post(&add, body).await;
        let refused = refused.refused(400, "Request_BadRequest");
        assert_eq!(refused.json["error"]["target"], target);
    }
    let remove = format!("{path}/removePassword");
    for body in [
        json!({}),
        json!({ "keyId": "x" }),
        json!({ "keyId": NOBODY }),
    ] {
        d.admin
            .post(&remove, body)
            .await
            .refused(400, "Request_BadRequest");
    }
}

#[tokio::test]
async fn the_graph_resource_stays() {
    let d = Deployment::start().await;
    let disable = json!({ "accountEnabled": false });
    d.admin
        .patch(GRAPH, disable)
        .await
        .refused(400, "Request_BadRequest");
    d.admin
        .delete(GRAPH)
        .await
        .refused(400, "Request_BadRequest");
    let again = json!({ "appId": "00000003-0000-0000-c000-000000000000" });
    d.admin
        .post("/servicePrincipals", again)
        .await
        .refused(400, "Request_BadRequest");
    assert!(works(&d.admin).await);
}

#[tokio::test]
async fn applications_and_service_principals_have_owners() {
    let d = Deployment::start().await;
    let reference =
        |id: &str| json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{id}", d.url) });
    let person = json!({
        "accountEnabled": true, "displayName": "Ann", "mailNickname": "ann",
        "userPrincipalName": format!("ann@{}", common::deployment::DOMAIN),
        "passwordProfile": { "password": "correct-Horse-7-battery" },
    });
    let ann = d.admin.post("/users", person).await.expect(201).json;
    let group = json!({
        "displayName": "Cooks", "mailEnabled": false, "mailNickname": "cooks", "securityEnabled": true,
        "owners@odata.bind": [format!("https://graph.microsoft.com/v1.0/users/{}", id(&ann))],
    });
    let group = d.admin.post("/groups", group).await.expect(201).json;
    let body = json!({
        "displayName": "Wiki",
        "owners@odata.bind": [format!("https://graph.microsoft.com/v1.0/directoryObjects/{}", id(&ann))],
    });
    let wiki = d.admin.post("/applications", body).await.expect(201).json;
    let body = json!({ "appId": wiki["appId"] });
    let acting = d
        .admin
        .post("/servicePrincipals", body)
        .await
        .expect(201)
        .json;

    let owners = format!("/applications/{}/owners", id(&wiki));
    let listed = d.admin.get(&owners).await.expect(200).json;
    assert_eq!(listed["value"][0]["@odata.type"], "#microsoft.graph.user");
    assert_eq!(id(&listed["value"][0]), id(&ann));
    // Owners are users and service principals, each once.
    let add = format!("{owners}/$ref");
    for (who, status, code) in [
        (id(&ann), 400, "Request_BadRequest"),
        (id(&group), 400, "Request_BadRequest"),
        (NOBODY, 404, "Request_ResourceNotFound"),
    ] {
        d.admin
            .post(&add, reference(who))
            .await
            .refused(status, code);
    }

    // A client that reaches only what it owns reaches this once it is an owner.
    let client = d.client(&["Application.ReadWrite.OwnedBy"]).await;
    let own = principal(&d, &client).await;
    let at = format!("/applications/{}", id(&wiki));
    let rename = json!({ "displayName": "Wiki of the kitchen" });
    let denied = "Authorization_RequestDenied";
    client.patch(&at, rename.clone()).await.refused(403, denied);
    client
        .post(&add, reference(id(&own)))
        .await
        .refused(403, denied);
    d.admin.post(&add, reference(id(&own))).await.expect(204);
    client.patch(&at, rename).await.expect(204);
    client
        .delete(&format!("{owners}/{}/$ref", id(&ann)))
        .await
        .expect(204);
    client
        .delete(&format!("{owners}/{}/$ref", id(&ann)))
        .await
        .refused(404, "Request_ResourceNotFound");

    let by_app = format!(
        "/servicePrincipals(appId='{}')/owners",
        wiki["appId"].as_str().unwrap()
    );
    d.admin
        .post(&format!("{by_app}/$ref"), reference(id(&ann)))
        .await
        .expect(204);
    let owned = format!("/users/{}/ownedObjects", id(&ann));
    let all = d.admin.get(&owned).await.expect(200).json;
    let all: Vec<(&str, &str)> = all["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["@odata.type"].as_str().unwrap(), id(it)))
        .collect();
    assert_eq!(
        all,
        [
            ("#microsoft.graph.group", id(&group)),
            ("#microsoft.graph.servicePrincipal", id(&acting)),
        ]
    );
    let mine = format!(
        "/servicePrincipals/{}/ownedObjects/microsoft.graph.application",
        id(&own)
    );
    let mine = d.admin.get(&mine).await.expect(200).json;
    assert_eq!(mine["value"][0]["displayName"], "Wiki of the kitchen");
    assert!(mine["value"][0].get("@odata.type").is_none());
    let page = d
        .admin
        .get(&format!("{owned}?$top=1"))
        .await
        .expect(200)
        .json;
    let next = page["@odata.nextLink"].as_str().unwrap().to_owned();
    assert_eq!(
        id(&d.admin.get(&next).await.expect(200).json["value"][0]),
        id(&acting)
    );

    // Who is deleted owns nothing until restored; who is gone for good is no owner.
    d.admin
        .delete(&format!("/users/{}", id(&ann)))
        .await
        .expect(204);
    assert_eq!(
        d.admin.get(&by_app).await.expect(200).json["value"],
        json!([])
    );
    d.admin
        .post(
            &format!("/directory/deletedItems/{}/restore", id(&ann)),
            json!({}),
        )
        .await
        .expect(200);
    assert_eq!(
        d.admin.get(&by_app).await.expect(200).json["value"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let (_, fabrikam) = d.other("Fabrikam", "fabrikam.example").await;
    fabrikam
        .get(&owners)
        .await
        .refused(404, "Request_ResourceNotFound");
    fabrikam
        .post(&add, reference(NOBODY))
        .await
        .refused(404, "Request_ResourceNotFound");
    fabrikam
        .get(&owned)
        .await
        .refused(404, "Request_ResourceNotFound");
}

#[tokio::test]
async fn credentials_that_end_soon_are_found() {
    let d = Deployment::start().await;
    let mut ids = Vec::new();
    for (name, end) in [
        ("soon", "2027-01-01T00:00:00Z"),
        ("later", "2028-01-01T00:00:00Z"),
    ] {
        let made = json!({ "displayName": name, "description": format!("{name} or not") });
        let made = d.admin.post("/applications", made).await.expect(201).json;
        let id = made["id"].as_str().unwrap().to_owned();
        let secret = json!({ "passwordCredential": { "endDateTime": end } });
        let secret = d
            .admin
            .post(&format!("/applications/{id}/addPassword"), secret)
            .await
            .expect(200)
            .json;
        ids.push((id, secret["keyId"].as_str().unwrap().to_owned()));
    }
    let names = async |filter: &str| {
        let target = format!("/applications?$select=displayName&$filter={filter}");
        let page = d.admin.get(&target).await.expect(200).json;
        let items = page["value"].as_array().unwrap().iter();
        let names: Vec<String> = items
            .map(|item| item["displayName"].as_str().unwrap().to_owned())
            .collect();
        names
    };
    let soon = "passwordCredentials/any(c:c/endDateTime le 2027-06-01T00:00:00Z)";
    assert_eq!(names(soon).await, ["soon"]);
    let key = format!("passwordCredentials/any(c:c/keyId eq {})", ids[1].1);
    assert_eq!(names(&key).await, ["later"]);
    assert!(
        names("keyCredentials/any(c:c/endDateTime ge 2026-01-01T00:00:00Z)")
            .await
            .is_empty()
    );
    assert_eq!(names("startswith(description,'later or')").await, ["later"]);
}

#[tokio::test]
async fn a_service_principal_is_in_groups_and_has_roles() {
    let d = Deployment::start().await;
    let (application, principal) = d.admin.application(json!({ "displayName": "Robot" })).await;
    let id = principal["id"].as_str().unwrap();
    let reference =
        |id: &str| json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{id}", d.url) });
    let mut groups = Vec::new();
    for name in ["outer", "inner"] {
        let body = json!({ "displayName": name, "mailEnabled": false, "mailNickname": name,
            "securityEnabled": true });
        let made = d.admin.post("/groups", body).await.expect(201).json;
        groups.push(made["id"].as_str().unwrap().to_owned());
    }
    for (group, member) in [(&groups[0], groups[1].as_str()), (&groups[1], id)] {
        let path = format!("/groups/{group}/members/$ref");
        d.admin.post(&path, reference(member)).await.expect(204);
    }
    let reader = "5d6b6bb7-de71-4623-b4af-96380a352509";
    let assignment = json!({ "principalId": id, "roleDefinitionId": reader,
        "directoryScopeId": "/" });
    d.admin
        .post("/roleManagement/directory/roleAssignments", assignment)
        .await
        .expect(201);

    let names = |list: &Value| {
        let items = list.as_array().unwrap().iter();
        let mut names: Vec<String> = items
            .map(|item| item["displayName"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let by_app = format!(
        "/servicePrincipals(appId='{}')",
        application["appId"].as_str().unwrap()
    );
    for path in [format!("/servicePrincipals/{id}"), by_app] {
        let read = async |end: &str| d.admin.get(&format!("{path}/{end}")).await.expect(200).json;
        assert_eq!(
            names(&read("memberOf").await["value"]),
            ["Security Reader", "inner"]
        );
        assert_eq!(
            names(&read("transitiveMemberOf").await["value"]),
            ["Security Reader", "inner", "outer"]
        );
        let cast = read("transitiveMemberOf/microsoft.graph.group").await;
        assert_eq!(names(&cast["value"]), ["inner", "outer"]);
        let count = format!("{path}/transitiveMemberOf/$count");
        assert_eq!(d.admin.get_advanced(&count).await.expect(200).text, "3");
    }
    // Seen from the groups.
    let members = async |end: &str| {
        let list = d
            .admin
            .get(&format!("/groups/{end}"))
            .await
            .expect(200)
            .json;
        names(&list["value"])
    };
    let inside = format!("{}/members/microsoft.graph.servicePrincipal", groups[1]);
    assert_eq!(members(&inside).await, ["Robot"]);
    let through = format!("{}/transitiveMembers", groups[0]);
    assert_eq!(members(&through).await, ["Robot", "inner"]);
    let people = format!("{through}/microsoft.graph.user");
    assert!(members(&people).await.is_empty());
    let team = json!({ "displayName": "team", "mailEnabled": true, "mailNickname": "team",
        "securityEnabled": false, "groupTypes": ["Unified"] });
    let team = d.admin.post("/groups", team).await.expect(201).json;
    let path = format!("/groups/{}/members/$ref", team["id"].as_str().unwrap());
    d.admin
        .post(&path, reference(id))
        .await
        .refused(400, "Request_BadRequest");

    // As parts of the object, too.
    let expanded =
        format!("/servicePrincipals/{id}?$select=id&$expand=memberOf($select=id,displayName)");
    let expanded = d.admin.get(&expanded).await.expect(200).json;
    assert_eq!(names(&expanded["memberOf"]), ["Security Reader", "inner"]);
    let list = format!("/servicePrincipals?$filter=id eq '{id}'&$expand=transitiveMemberOf");
    let list = d.admin.get(&list).await.expect(200).json;
    assert_eq!(
        list["value"][0]["transitiveMemberOf"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let owner = json!({
        "accountEnabled": true, "displayName": "Ann", "mailNickname": "ann",
        "userPrincipalName": "ann@contoso.example",
        "passwordProfile": { "password": "correct-Horse-7-battery" },
    });
    let owner = d.admin.post("/users", owner).await.expect(201).json;
    let owner = owner["id"].as_str().unwrap();
    let path = format!("/applications/{}", application["id"].as_str().unwrap());
    d.admin
        .post(&format!("{path}/owners/$ref"), reference(owner))
        .await
        .expect(204);
    let expanded = d.admin.get(&format!("{path}?$expand=owners")).await;
    let expanded = expanded.expect(200).json;
    assert_eq!(names(&expanded["owners"]), ["Ann"]);

    // Who reads users only isn't told of service principals.
    let (_, other) = d.other("Fabrikam", "fabrikam.example").await;
    let path = format!("/servicePrincipals/{id}/memberOf");
    other
        .get(&path)
        .await
        .refused(404, "Request_ResourceNotFound");
    let narrow = d.client(&["User.Read.All"]).await;
    narrow
        .get(&path)
        .await
        .refused(403, "Authorization_RequestDenied");
    // Who is deleted is no member.
    let principal = format!("/servicePrincipals/{id}");
    d.admin.delete(&principal).await.expect(204);
    let list = d.admin.get(&format!("/groups/{inside}")).await.expect(200);
    assert_eq!(list.json["value"], json!([]));
}

#[tokio::test]
async fn where_an_application_hears_of_sign_outs_is_of_the_web() {
    let d = Deployment::start().await;
    let body = json!({ "displayName": "Wiki" });
    let made = d.admin.post("/applications", body).await.expect(201);
    let path = format!("/applications/{}", made.json["id"].as_str().unwrap());
    let set = async |url: &str| {
        let body = json!({ "web": { "logoutUrl": url } });
        d.admin.patch(&path, body).await
    };
    for url in [
        "https://wiki.example/out",
        "http://localhost:3000/out",
        "http://127.0.0.1/out",
    ] {
        set(url).await.expect(204);
    }
    for url in [
        "javascript:alert(1)",
        "http://evil.example/",
        "http://localhost.evil.example/",
        "wiki://out",
    ] {
        set(url).await.refused(400, "Request_BadRequest");
    }
    let body = json!({ "web": { "logoutUrl": null } });
    d.admin.patch(&path, body).await.expect(204);
}
