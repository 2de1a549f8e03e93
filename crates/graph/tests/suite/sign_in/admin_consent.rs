//! An administrator's consent for everybody, by its own address; and a tenant that leaves consent to its
//! administrators.

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

const POLICY: &str = "/policies/authorizationPolicy";

impl World {
    async fn leave_consent_to_people(&self, may: bool) {
        let legacy = json!(["ManagePermissionGrantsForSelf.microsoft-user-default-legacy"]);
        let assigned = if may { legacy } else { json!([]) };
        let patch = json!({ "defaultUserRolePermissions": { "permissionGrantPoliciesAssigned": assigned } });
        self.d.admin.patch(POLICY, patch).await.expect(204);
        let shown = self.d.admin.get(POLICY).await.expect(200).json;
        let shown = &shown["defaultUserRolePermissions"];
        assert_eq!(shown["permissionGrantPoliciesAssigned"], assigned);
        assert_eq!(shown["allowedToCreateApps"], true);
    }
}

#[tokio::test]
async fn a_tenant_leaves_consent_to_its_administrators() {
    let world = World::start().await;
    // What was allowed before stays.
    let before = world.authorize(&[("scope", "openid offline_access User.Read")]);
    let mut browser = world.browser();
    let code = browser.sign_in(&before, NAME).await.answer("code");
    let given = world.redeem(&code, &[]).await.expect(200);
    world.leave_consent_to_people(false).await;
    let refresh = given.json["refresh_token"].as_str().unwrap();
    world.refresh(refresh).await.expect(200);
    browser.get(&before).await.answer("code");

    // What wasn't, people don't allow; nor again, if they are asked again.
    for ask in [
        world.authorize(&[("scope", "openid User.ReadWrite")]),
        world.authorize(&[("scope", "openid User.Read"), ("prompt", "consent")]),
    ] {
        let page = browser.get(&ask).await;
        page.is_page(200, "An administrator has to allow this");
        page.is_page(200, "AADSTS90094");
        let forged = browser.answer(&page, &ACCEPT).await;
        forged.is_page(200, "An administrator has to allow this");
        let declined = [("step", "consent"), ("decision", "decline")];
        let back = browser.answer(&page, &declined).await;
        assert_eq!(back.answer("error"), "access_denied");
        let said = back.answer("error_description");
        assert!(said.starts_with("AADSTS90094"), "{said}");
    }
    let silent = [("scope", "openid User.ReadWrite"), ("prompt", "none")];
    let silent = browser.get(&world.authorize(&silent)).await;
    assert_eq!(silent.answer("error"), "consent_required");
    assert!(
        silent
            .answer("error_description")
            .starts_with("AADSTS65001")
    );
    // Graph leaves it to roles in any case.
    let scopes = "DelegatedPermissionGrant.ReadWrite.All";
    let graph = "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')";
    let graph = world.d.admin.get(graph).await.expect(200).json;
    let grant = json!({ "clientId": world.principal["id"], "consentType": "Principal",
        "principalId": world.user, "resourceId": graph["id"], "scope": "User.ReadWrite" });
    let ann = world.d.signed_in(&world.user, scopes).await;
    ann.post("/oauth2PermissionGrants", grant)
        .await
        .refused(403, "Authorization_RequestDenied");

    // An administrator still does, and for everybody that includes whom the call is for.
    world.appoint(APPLICATION).await;
    let ask = world.authorize(&[("scope", "openid User.ReadWrite")]);
    let page = browser.get(&ask).await;
    page.is_page(200, "Allow access?");
    let consent = world.admin_consent(Some("https://graph.microsoft.com/User.ReadWrite"));
    let page = browser.get(&consent).await;
    let end = browser.answer(&page, &ACCEPT).await;
    assert_eq!(end.answer("admin_consent"), "True");
    world.person("bob").await;
    let mut other = world.browser();
    let end = other.sign_in(&ask, "bob@contoso.example").await;
    world.redeem(&end.answer("code"), &[]).await.expect(200);
    let more = other.get(&before).await;
    more.is_page(200, "An administrator has to allow this");
    world.leave_consent_to_people(true).await;
    let more = other.get(&before).await;
    more.is_page(200, "Allow access?");
    other.allow(&more).await.answer("code");
}

#[tokio::test]
async fn what_people_may_consent_to_is_a_policy_that_there_is() {
    let world = World::start().await;
    let admin = &world.d.admin;
    world.leave_consent_to_people(false).await;
    let of_self = |name: &str| json!([format!("ManagePermissionGrantsForSelf.{name}")]);
    for (value, word) in [
        (of_self("microsoft-user-default-low"), "classified"),
        (of_self("my-own"), "permissionGrantPoliciesAssigned"),
        (json!(["microsoft-user-default-legacy"]), "takes"),
        (json!("ManagePermissionGrantsForSelf"), "list of texts"),
        (json!(null), "takes"),
        (json!([7]), "permissionGrantPoliciesAssigned"),
    ] {
        let part =
            json!({ "permissionGrantPoliciesAssigned": value, "allowedToCreateApps": false });
        let patch = json!({ "defaultUserRolePermissions": part });
        let refused = admin.patch(POLICY, patch).await;
        assert!(refused.text.contains(word), "{value} {}", refused.text);
        refused.refused(400, "Request_BadRequest");
    }
    // Nothing of it was kept, and what doesn't say anything of it changes nothing of it.
    let patch = json!({ "defaultUserRolePermissions": { "allowedToReadOtherUsers": false } });
    admin.patch(POLICY, patch).await.expect(204);
    let shown = admin.get(POLICY).await.expect(200).json;
    let shown = &shown["defaultUserRolePermissions"];
    assert_eq!(shown["permissionGrantPoliciesAssigned"], json!([]));
    assert_eq!(shown["allowedToCreateApps"], true);
    assert_eq!(shown["allowedToReadOtherUsers"], false);
    // Without any part, all of it is as at first.
    let reset = json!({ "defaultUserRolePermissions": null });
    admin.patch(POLICY, reset).await.expect(204);
    world.leave_consent_to_people(true).await;
    let audits = admin.get("/auditLogs/directoryAudits").await.expect(200);
    assert!(
        audits.text.contains("microsoft-user-default-legacy"),
        "{}",
        audits.text
    );
}
