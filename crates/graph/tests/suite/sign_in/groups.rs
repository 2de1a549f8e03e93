//! What tokens say of the groups of whoever signs in, as applications ask for it.

use serde_json::{Value, json};

use crate::common::signing_in::{Browser, NAME, WEB, World, claims};

const NO_ROLE: &str = "00000000-0000-0000-0000-000000000000";

struct Asked {
    world: World,
    browser: Browser,
}

impl Asked {
    async fn start() -> Self {
        let world = World::start().await;
        world.consent().await;
        let mut browser = world.browser();
        browser.sign_in(&world.authorize(&[]), NAME).await;
        Self { world, browser }
    }

    async fn group(&self, name: &str, is_security: bool, member: &str) -> String {
        let body = json!({
            "displayName": name, "mailNickname": name.replace(' ', ""), "mailEnabled": !is_security,
            "securityEnabled": is_security,
            "groupTypes": if is_security { json!([]) } else { json!(["Unified"]) },
        });
        let made = self.world.d.admin.post("/groups", body).await.expect(201);
        let id = made.json["id"].as_str().unwrap().to_owned();
        self.join(&id, member).await;
        id
    }

    async fn join(&self, group: &str, member: &str) {
        let url = &self.world.d.url;
        let body = json!({ "@odata.id": format!("{url}/v1.0/directoryObjects/{member}") });
        let path = format!("/groups/{group}/members/$ref");
        self.world.d.admin.post(&path, body).await.expect(204);
    }

    async fn set(&self, change: Value) {
        let path = format!(
            "/applications/{}",
            self.world.application["id"].as_str().unwrap()
        );
        self.world.d.admin.patch(&path, change).await.expect(204);
    }

    /// The ID token that the client gets by a code.
    async fn id_token(&mut self) -> Value {
        let ask = self.world.authorize(&[("prompt", "none")]);
        let end = self.browser.get(&ask).await;
        let given = self.world.redeem(&end.answer("code"), &[]).await;
        let given = given.expect(200);
        claims(given.json["id_token"].as_str().unwrap())
    }
}

fn told(claims: &Value, name: &str) -> Vec<String> {
    let list = claims[name].as_array().into_iter().flatten();
    let mut list: Vec<String> = list.map(|it| it.as_str().unwrap().to_owned()).collect();
    list.sort();
    list
}

fn sorted(ids: &[&String]) -> Vec<String> {
    let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn a_token_tells_the_groups_that_its_application_asks_for() {
    let mut asked = Asked::start().await;
    let ann = asked.world.user.clone();
    let team = asked.group("team", true, &ann).await;
    let around = asked.group("around", true, &team).await;
    let list = asked.group("list", false, &ann).await;
    let assigned = asked.group("assigned", false, &ann).await;
    let stranger = asked.world.person("ben").await;
    asked.group("elsewhere", true, &stranger).await;
    let resource = asked.world.principal["id"].as_str().unwrap().to_owned();
    for group in [&assigned, &around] {
        let body = json!({ "principalId": group, "resourceId": resource, "appRoleId": NO_ROLE });
        let path = format!("/servicePrincipals/{resource}/appRoleAssignedTo");
        asked.world.d.admin.post(&path, body).await.expect(201);
    }
    let reader = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
    let role = json!({ "roleDefinitionId": reader, "principalId": ann, "directoryScopeId": "/" });
    let path = "/roleManagement/directory/roleAssignments";
    asked.world.d.admin.post(path, role).await.expect(201);

    let all = [&team, &around, &list, &assigned];
    for (setting, groups, wids) in [
        (json!(null), &[][..], false),
        (json!(""), &[][..], false),
        (json!("None"), &[][..], false),
        (json!("All"), &all[..], true),
        (json!("SecurityGroup"), &[&team, &around][..], true),
        (json!("DirectoryRole"), &[][..], true),
        // Whoever is in it by way of another group isn't assigned by it either.
        (json!("ApplicationGroup"), &[&assigned][..], false),
        (
            json!("SecurityGroup,ApplicationGroup"),
            &[&team, &around, &assigned][..],
            true,
        ),
    ] {
        asked.set(json!({ "groupMembershipClaims": setting })).await;
        let said = asked.id_token().await;
        assert_eq!(told(&said, "groups"), sorted(groups), "{setting}: {said}");
        assert_eq!(told(&said, "wids") == [reader], wids, "{setting}: {said}");
    }
    let path = format!(
        "/applications/{}",
        asked.world.application["id"].as_str().unwrap()
    );
    let shown = asked.world.d.admin.get(&path).await.expect(200);
    assert_eq!(
        shown.json["groupMembershipClaims"],
        "SecurityGroup,ApplicationGroup"
    );
    let wrong = json!({ "groupMembershipClaims": "Everything" });
    let refused = asked.world.d.admin.patch(&path, wrong).await;
    refused.refused(400, "Request_BadRequest");

    // Names: only of assigned groups, since anybody may call a group as another is called.
    let named =
        |more: Value| json!({ "idToken": [{ "name": "groups", "additionalProperties": more }] });
    let claims = named(json!(["sam_account_name", "cloud_displayname"]));
    asked
        .set(json!({ "groupMembershipClaims": "ApplicationGroup", "optionalClaims": claims }))
        .await;
    assert_eq!(told(&asked.id_token().await, "groups"), ["assigned"]);
    asked.set(json!({ "groupMembershipClaims": "All" })).await;
    assert_eq!(told(&asked.id_token().await, "groups"), [""; 0]);
    let claims = named(json!(["cloud_displayname", "emit_as_roles"]));
    asked.set(json!({ "optionalClaims": claims })).await;
    let said = asked.id_token().await;
    assert_eq!(said["groups"], Value::Null);
    assert_eq!(told(&said, "roles"), sorted(&all));
}

#[tokio::test]
async fn an_access_token_tells_the_groups_that_its_api_asks_for() {
    let mut asked = Asked::start().await;
    let ann = asked.world.user.clone();
    let team = asked.group("team", true, &ann).await;
    let scope = "9d4e2c0a-0000-4000-8000-000000000001";
    let api = json!({
        "displayName": "Payroll", "identifierUris": ["api://payroll"],
        "groupMembershipClaims": "SecurityGroup",
        "api": { "oauth2PermissionScopes": [{
            "id": scope, "value": "pay.read", "type": "User", "isEnabled": true,
        }], "preAuthorizedApplications": [
            { "appId": asked.world.client_id, "delegatedPermissionIds": [scope] }
        ]},
    });
    asked.world.d.admin.application(api).await;
    for (scope, groups) in [
        ("openid profile api://payroll/pay.read", vec![team]),
        // Graph asks for none, whatever the client does.
        ("openid profile User.Read", vec![]),
    ] {
        let ask = asked.world.authorize(&[("scope", scope)]);
        let page = asked.browser.get(&ask).await;
        let end = if page.status == 200 {
            asked.browser.allow(&page).await
        } else {
            page
        };
        let given = asked.world.redeem(&end.answer("code"), &[]).await;
        let given = given.expect(200);
        assert_eq!(told(&claims(&given.token()), "groups"), groups, "{scope}");
        let id_token = claims(given.json["id_token"].as_str().unwrap());
        assert_eq!(id_token["groups"], Value::Null);
    }
}

#[tokio::test]
async fn of_very_many_groups_a_token_tells_where_to_ask_for_them() {
    let mut asked = Asked::start().await;
    let ann = asked.world.user.clone();
    asked
        .set(json!({
            "groupMembershipClaims": "SecurityGroup",
            "web": { "redirectUris": [WEB],
                "implicitGrantSettings": { "enableIdTokenIssuance": true } },
        }))
        .await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(asked.group(&format!("team{number}"), true, &ann).await);
    }
    let hybrid = asked.world.authorize(&[
        ("redirect_uri", WEB),
        ("response_type", "code id_token"),
        ("prompt", "none"),
    ]);
    let end = asked.browser.get(&hybrid).await;
    let said = claims(&end.answer("id_token"));
    assert_eq!(told(&said, "groups").len(), 5, "{said}");
    for number in 5..200 {
        made.push(asked.group(&format!("team{number}"), true, &ann).await);
    }
    // An address has less room than an answer.
    let end = asked.browser.get(&hybrid).await;
    let said = claims(&end.answer("id_token"));
    assert_eq!(said["hasgroups"], true, "{said}");
    assert_eq!(said["groups"], Value::Null);
    let said = asked.id_token().await;
    assert_eq!(told(&said, "groups").len(), 200);

    made.push(asked.group("one too many", true, &ann).await);
    let said = asked.id_token().await;
    assert_eq!(said["groups"], Value::Null);
    let source = said["_claim_names"]["groups"].as_str().unwrap();
    let endpoint = said["_claim_sources"][source]["endpoint"].as_str().unwrap();
    let body = json!({ "securityEnabledOnly": true });
    let found = asked.world.d.admin.post(endpoint, body).await.expect(200);
    assert_eq!(
        told(&found.json, "value"),
        sorted(&made.iter().collect::<Vec<_>>())
    );
}
