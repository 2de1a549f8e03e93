//! An administrator's consent for everybody, by its own address.

use serde_json::{Value, json};

use crate::common::signing_in::{NAME, World, claims, form};

const GLOBAL: &str = "62e90394-69f5-4237-9190-012177145e10";
const APPLICATION: &str = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3";
const BACK: &str = "http://localhost:51234";

impl World {
    fn admin_consent(&self, scope: Option<&str>) -> String {
        let mut fields = vec![
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", BACK),
            ("state", "s&t"),
        ];
        fields.extend(scope.map(|scope| ("scope", scope)));
        self.path(&format!("/v2.0/adminconsent?{}", form(&fields)))
    }

    async fn appoint(&self, role: &str) {
        let activate = json!({ "roleTemplateId": role });
        self.d.admin.post("/directoryRoles", activate).await;
        let member = format!("{}/v1.0/directoryObjects/{}", self.d.url, self.user);
        let path = format!("/directoryRoles(roleTemplateId='{role}')/members/$ref");
        let body = json!({ "@odata.id": member });
        self.d.admin.post(&path, body).await.expect(204);
    }
}

const ACCEPT: [(&str, &str); 2] = [("step", "consent"), ("decision", "accept")];

#[tokio::test]
async fn an_administrator_allows_it_for_everybody() {
    let world = World::start().await;
    let scope = "openid https://graph.microsoft.com/User.Read https://graph.microsoft.com/Directory.Read.All";
    let ask = world.admin_consent(Some(scope));
    let mut browser = world.browser();
    let page = browser.sign_in(&ask, NAME).await;
    page.is_page(200, "An administrator has to allow this");
    let forged = browser.answer(&page, &ACCEPT).await;
    forged.is_page(200, "An administrator has to allow this");

    world.appoint(APPLICATION).await;
    let page = browser.get(&ask).await;
    page.is_page(200, "Allow it for everybody at Contoso");
    page.is_page(200, "only by an administrator");
    let end = browser.answer(&page, &ACCEPT).await;
    assert!(end.header("location").starts_with(BACK), "{}", end.text);
    for (name, value) in [
        ("admin_consent", "True"),
        ("tenant", world.d.tenant.as_str()),
        ("state", "s&t"),
        ("scope", "openid User.Read Directory.Read.All"),
    ] {
        assert_eq!(end.answer(name), value);
    }
    world.person("bob").await;
    let asked = world.authorize(&[("scope", "openid Directory.Read.All")]);
    let end = world.browser().sign_in(&asked, "bob@contoso.example").await;
    end.answer("code");

    let page = browser.get(&ask).await;
    let declined = [("step", "consent"), ("decision", "decline")];
    let end = browser.answer(&page, &declined).await;
    assert_eq!(end.answer("error"), "access_denied");
    assert_eq!(end.answer("state"), "s&t");
    let elsewhere = ask.replace("localhost", "evil.example");
    let page = browser.get(&elsewhere).await;
    assert_eq!((page.status, page.header("location")), (400, ""));
}

#[tokio::test]
async fn all_that_an_application_needs_is_allowed_at_once() {
    let world = World::start().await;
    let graph = "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')";
    let graph = world.d.admin.get(graph).await.expect(200).json;
    let id = |list: &str, value: &str| -> Value {
        let found = graph[list].as_array().unwrap();
        let found = found.iter().find(|it| it["value"] == value);
        found.unwrap()["id"].clone()
    };
    let needs = json!({ "requiredResourceAccess": [{
        "resourceAppId": "00000003-0000-0000-c000-000000000000",
        "resourceAccess": [
            { "id": id("appRoles", "User.Read.All"), "type": "Role" },
            { "id": id("oauth2PermissionScopes", "User.Read"), "type": "Scope" },
        ],
    }]});
    let application = world.application["id"].as_str().unwrap();
    let path = format!("/applications/{application}");
    world.d.admin.patch(&path, needs).await.expect(204);
    let ask = world.admin_consent(None);

    // Roles on Graph are for whoever may give any role.
    world.appoint(APPLICATION).await;
    let mut browser = world.browser();
    let page = browser.sign_in(&ask, NAME).await;
    page.is_page(200, "An administrator has to allow this");
    world.appoint(GLOBAL).await;
    for _ in 0..2 {
        let page = browser.get(&ask).await;
        let end = browser.answer(&page, &ACCEPT).await;
        assert_eq!(end.answer("admin_consent"), "True");
    }
    let own = world
        .token(&[
            ("grant_type", "client_credentials"),
            ("client_id", &world.client_id),
            ("client_secret", &world.secret),
            ("scope", "https://graph.microsoft.com/.default"),
        ])
        .await
        .expect(200);
    let token = claims(own.json["access_token"].as_str().unwrap());
    assert_eq!(token["roles"], json!(["User.Read.All"]));
    world.person("bob").await;
    let asked = world.authorize(&[("scope", "User.Read")]);
    let end = world.browser().sign_in(&asked, "bob@contoso.example").await;
    end.answer("code");
}
