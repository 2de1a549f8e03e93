//! Applications of one tenant in others: signed in to, consented to, granted and refused there, and
//! proven where they are registered.

use serde_json::{Value, json};

use super::visits::{BOB, fabrikam};
use crate::common::deployment::{Answer, Caller};
use crate::common::signing_in::{
    Browser, CHALLENGE, PASSWORD, Seen, WEB, World, claims, encode, form,
};

const GLOBAL: &str = "62e90394-69f5-4237-9190-012177145e10";
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// Contoso, which has the application, and Fabrikam, where it is used.
struct Two {
    world: World,
    there: String,
    admin: Caller,
    bob: String,
}

impl Two {
    async fn start() -> Self {
        let world = World::start().await;
        let (there, admin, bob) = fabrikam(&world).await;
        Self {
            world,
            there,
            admin,
            bob,
        }
    }

    /// Changes the application where it is registered.
    async fn change(&self, patch: Value) {
        let id = self.world.application["id"].as_str().unwrap();
        let path = format!("/applications/{id}");
        self.world.d.admin.patch(&path, patch).await.expect(204);
    }

    async fn open_to(&self, audience: &str) {
        self.change(json!({ "signInAudience": audience })).await;
    }

    /// The client's request at the other tenant's address.
    fn authorize(&self, changes: &[(&str, &str)]) -> String {
        let here = self.world.authorize(changes);
        here.replace(&self.world.d.tenant, &self.there)
    }

    async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        self.world.d.post_form(&self.there, form(fields)).await
    }

    async fn refresh(&self, token: &str) -> Answer {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("client_id", &self.world.client_id),
            ("refresh_token", token),
        ])
        .await
    }

    async fn redeem(&self, code: &str) -> Answer {
        let fields = self.redemption(code);
        self.token(&fields).await
    }

    fn redemption<'a>(&'a self, code: &'a str) -> [(&'a str, &'a str); 5] {
        [
            ("grant_type", "authorization_code"),
            ("client_id", &self.world.client_id),
            ("code", code),
            ("redirect_uri", "http://localhost:51234"),
            ("code_verifier", crate::common::signing_in::VERIFIER),
        ]
    }

    async fn by_itself(&self, secret: &str, scope: &str) -> Answer {
        self.token(&[
            ("grant_type", "client_credentials"),
            ("client_id", &self.world.client_id),
            ("client_secret", secret),
            ("scope", scope),
        ])
        .await
    }

    /// The application's service principals of the other tenant.
    async fn principals(&self) -> Vec<Value> {
        let path = format!(
            "/servicePrincipals?$filter=appOwnerOrganizationId eq {}",
            self.world.d.tenant
        );
        let listed = self.admin.get(&path).await.expect(200).json;
        listed["value"].as_array().unwrap().clone()
    }

    async fn appoint_bob(&self) {
        let activate = json!({ "roleTemplateId": GLOBAL });
        self.admin.post("/directoryRoles", activate).await;
        let member = format!("{}/v1.0/directoryObjects/{}", self.world.d.url, self.bob);
        let path = format!("/directoryRoles(roleTemplateId='{GLOBAL}')/members/$ref");
        let body = json!({ "@odata.id": member });
        self.admin.post(&path, body).await.expect(204);
    }

    async fn asked(&self, browser: &mut Browser, path: &str) -> Seen {
        let mut page = browser.get(path).await;
        if page.text.contains("id=\"name\"") {
            let fields = [("step", "name"), ("name", BOB)];
            page = browser.answer(&page, &fields).await;
        }
        let fields = [("step", "password"), ("password", PASSWORD)];
        browser.answer(&page, &fields).await
    }
}

#[track_caller]
fn refused(answer: &Answer, code: u32) {
    assert_eq!(answer.json["error_codes"], json!([code]), "{}", answer.text);
}

async fn audited(caller: &Caller, activity: &str) -> usize {
    let log = caller.get("/auditLogs/directoryAudits").await.expect(200);
    log.text.matches(&format!("\"{activity}\"")).count()
}

#[tokio::test]
async fn people_of_another_tenant_sign_in_by_their_own_tenants_rules() {
    let two = Two::start().await;
    let world = &two.world;
    let ask = two.authorize(&[]);
    let (_, query) = ask.split_once('?').unwrap();
    let any = format!(
        "/organizations/oauth2/v2.0/authorize?{query}&login_hint={}",
        encode(BOB)
    );
    let body = json!({ "appId": world.client_id });
    let mut browser = world.browser();

    // For the people of its own tenant only.
    browser.get(&any).await.is_page(400, "AADSTS50194");
    browser.get(&ask).await.is_page(400, "AADSTS700016");
    two.admin.post("/servicePrincipals", body).await.expect(400);

    two.open_to("AzureADMultipleOrgs").await;
    let moved = browser.get(&any).await;
    let there = format!("/{}/oauth2/v2.0/authorize?", two.there);
    assert!(
        moved.header("location").starts_with(&there),
        "{}",
        moved.text
    );
    let evil = two.authorize(&[("redirect_uri", "https://evil.example/cb")]);
    browser.get(&evil).await.is_page(400, "AADSTS50011");
    let page = two.asked(&mut browser, &ask).await;
    page.is_page(200, "Allow access?");
    page.is_page(200, "Wiki");
    page.is_page(200, "Made by contoso.example");
    assert_eq!(two.principals().await, Vec::<Value>::new());
    let before = audited(&world.d.admin, "Add service principal").await;
    let code = browser.allow(&page).await.answer("code");

    // The consent has brought it, in Fabrikam's name and log.
    let [principal] = &two.principals().await[..] else {
        panic!("one service principal");
    };
    for (name, value) in [
        ("appId", world.client_id.as_str()),
        ("displayName", "Wiki"),
        ("appOwnerOrganizationId", &world.d.tenant),
        ("signInAudience", "AzureADMultipleOrgs"),
    ] {
        assert_eq!(principal[name], value, "{principal}");
    }
    assert_ne!(principal["id"], world.principal["id"]);
    assert_eq!(audited(&two.admin, "Add service principal").await, 2);
    assert_eq!(
        audited(&world.d.admin, "Add service principal").await,
        before
    );
    let path = format!("/applications(appId='{}')", world.client_id);
    two.admin.get(&path).await.expect(404);

    // The code and what comes of it are Fabrikam's.
    refused(&world.redeem(&code, &[]).await, 70_000);
    let given = two.redeem(&code).await.expect(200);
    let (access, id) = (
        claims(&given.token()),
        claims(given.json["id_token"].as_str().unwrap()),
    );
    assert_eq!(access["tid"], two.there.as_str());
    assert_eq!(access["oid"], two.bob.as_str());
    assert_eq!(id["aud"], world.client_id.as_str());
    let issuer = format!("{}/{}/v2.0", world.d.url, two.there);
    assert_eq!(id["iss"], issuer);
    let me = async |token: String| {
        let answer = world.d.with_token(token).get("/me").await;
        (answer.status, answer.json["userPrincipalName"].clone())
    };
    assert_eq!(me(given.token()).await, (200, json!(BOB)));
    let refresh = given.json["refresh_token"].as_str().unwrap();
    refused(&world.refresh(refresh).await, 70_000);

    // What the application is, its own tenant says, at once.
    two.change(json!({ "displayName": "Wiki 2", "publicClient": { "redirectUris": [] } }))
        .await;
    let given = two.refresh(refresh).await.expect(200);
    assert_eq!(two.principals().await[0]["displayName"], "Wiki 2");
    browser.get(&ask).await.is_page(400, "AADSTS50011");
    two.change(json!({ "publicClient": { "redirectUris": ["http://localhost"] } }))
        .await;

    // Who may use it, Fabrikam says.
    let path = format!("/servicePrincipals/{}", principal["id"].as_str().unwrap());
    let refresh = given.json["refresh_token"].as_str().unwrap();
    for (patch, code) in [
        (json!({ "accountEnabled": false }), 7_000_112),
        (
            json!({ "accountEnabled": true, "appRoleAssignmentRequired": true }),
            50_105,
        ),
    ] {
        two.admin.patch(&path, patch).await.expect(204);
        refused(&two.refresh(refresh).await, code);
    }
    world.code().await;
    let patch = json!({ "appRoleAssignmentRequired": false });
    two.admin.patch(&path, patch).await.expect(204);
    let given = two.refresh(refresh).await.expect(200);
    let refresh = given.json["refresh_token"].as_str().unwrap();
    assert_eq!(me(given.token()).await.0, 200);

    // Back to its own people, and gone: nothing of it works elsewhere.
    two.open_to("AzureADMyOrg").await;
    assert_eq!(me(given.token()).await.0, 401);
    refused(&two.refresh(refresh).await, 700_016);
    browser.get(&ask).await.is_page(400, "AADSTS700016");
    world.code().await;
    two.open_to("AzureADandPersonalMicrosoftAccount").await;
    assert_eq!(me(given.token()).await.0, 200);
    let given = two.refresh(refresh).await.expect(200);
    let refresh = given.json["refresh_token"].as_str().unwrap();
    let id = world.application["id"].as_str().unwrap();
    let path = format!("/applications/{id}");
    world.d.admin.delete(&path).await.expect(204);
    assert_eq!(me(given.token()).await.0, 401);
    refused(&two.refresh(refresh).await, 700_016);
    let path = format!("/directory/deletedItems/{id}/restore");
    world.d.admin.post(&path, json!({})).await.expect(200);
    two.refresh(refresh).await.expect(200);

    // A grant that Fabrikam takes back is missing; its service principal can be deleted and comes back.
    let grants = two.admin.get("/oauth2PermissionGrants").await.expect(200);
    let grant = grants.json["value"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/oauth2PermissionGrants/{grant}");
    two.admin.delete(&path).await.expect(204);
    let silent = two.authorize(&[("prompt", "none")]);
    let end = browser.get(&silent).await;
    assert_eq!(end.answer("error"), "consent_required");
    let path = format!("/servicePrincipals/{}", principal["id"].as_str().unwrap());
    two.admin.delete(&path).await.expect(204);
    let page = browser.get(&ask).await;
    page.is_page(200, "Allow access?");
    let code = browser.allow(&page).await.answer("code");
    two.redeem(&code).await.expect(200);
}

#[tokio::test]
async fn applications_act_by_themselves_where_an_administrator_has_let_them_in() {
    let two = Two::start().await;
    let world = &two.world;
    let graph = "https://graph.microsoft.com/.default";
    two.open_to("AzureADMultipleOrgs").await;
    refused(&two.by_itself(&world.secret, graph).await, 700_016);

    // All that it says it needs, allowed by an administrator of Fabrikam.
    let found = two
        .admin
        .get(&format!("/servicePrincipals(appId='{GRAPH}')"))
        .await
        .expect(200)
        .json;
    let roles = found["appRoles"].as_array().unwrap();
    let role = roles.iter().find(|it| it["value"] == "User.Read.All");
    two.change(json!({ "requiredResourceAccess": [{
        "resourceAppId": GRAPH,
        "resourceAccess": [{ "id": role.unwrap()["id"], "type": "Role" }],
    }]}))
    .await;
    let fields = [
        ("client_id", world.client_id.as_str()),
        ("redirect_uri", WEB),
        ("state", "s"),
    ];
    let ask = format!("/{}/v2.0/adminconsent?{}", two.there, form(&fields));
    let mut browser = world.browser();
    let page = two.asked(&mut browser, &ask).await;
    page.is_page(200, "An administrator has to allow this");
    assert_eq!(two.principals().await.len(), 0);
    two.appoint_bob().await;
    let page = browser.get(&ask).await;
    let end = browser.allow(&page).await;
    assert_eq!(end.answer("admin_consent"), "True");
    assert_eq!(end.answer("tenant"), two.there);
    assert_eq!(two.principals().await.len(), 1);

    // The secret is Contoso's, the token is Fabrikam's.
    refused(&two.by_itself("wrong", graph).await, 7_000_215);
    let given = two.by_itself(&world.secret, graph).await.expect(200);
    let token = claims(&given.token());
    assert_eq!(
        (&token["tid"], &token["roles"]),
        (&json!(two.there), &json!(["User.Read.All"]))
    );
    let caller = world.d.with_token(given.token());
    let users = caller.get("/users").await.expect(200);
    assert!(users.text.contains(BOB) && !users.text.contains("contoso.example"));
    // At home it may do nothing.
    let own = world
        .token(&[
            ("grant_type", "client_credentials"),
            ("client_id", &world.client_id),
            ("client_secret", &world.secret),
            ("scope", graph),
        ])
        .await
        .expect(200);
    let own = world.d.with_token(own.token()).get("/users").await;
    assert_eq!(own.status, 403);

    // Another key, and the old one is worth nothing, nor is what it gave.
    let id = world.application["id"].as_str().unwrap();
    let listed = world.d.admin.get(&format!("/applications/{id}")).await;
    let key = listed.json["passwordCredentials"][0]["keyId"].clone();
    let path = format!("/applications/{id}/addPassword");
    let added = world.d.admin.post(&path, json!({})).await.expect(200);
    let path = format!("/applications/{id}/removePassword");
    let body = json!({ "keyId": key });
    world.d.admin.post(&path, body).await.expect(204);
    assert_eq!(caller.get("/users").await.status, 401);
    refused(&two.by_itself(&world.secret, graph).await, 7_000_215);
    let secret = added.json["secretText"].as_str().unwrap();
    let given = two.by_itself(secret, graph).await.expect(200);
    let caller = world.d.with_token(given.token());
    caller.get("/users").await.expect(200);
    two.open_to("AzureADMyOrg").await;
    assert_eq!(caller.get("/users").await.status, 401);
    refused(&two.by_itself(secret, graph).await, 700_016);
}

#[tokio::test]
async fn an_api_of_another_tenant_is_one_once_it_is_there() {
    let two = Two::start().await;
    let world = &two.world;
    two.open_to("AzureADMultipleOrgs").await;
    let id = "11111111-0000-4000-8000-000000000001";
    let api = |uri: &str| {
        json!({
            "displayName": "Ledger", "signInAudience": "AzureADMultipleOrgs",
            "identifierUris": [uri],
            "appRoles": [{
                "id": id, "value": "Read.All", "displayName": "Read", "description": "Read",
                "allowedMemberTypes": ["Application"],
            }],
            "api": { "oauth2PermissionScopes": [{
                "id": id, "value": "read", "type": "User", "userConsentDisplayName": "Read the ledger",
                "adminConsentDisplayName": "x", "adminConsentDescription": "x",
            }]},
        })
    };
    // No name that might be somebody else's.
    for uri in ["api://ledger", "https://fabrikam.example/ledger"] {
        let made = world.d.admin.post("/applications", api(uri)).await;
        assert!(made.expect(400).message().contains("verified domain"));
    }
    let uri = "https://ledger.contoso.example/v1";
    let (ledger, _) = world.d.admin.application(api(uri)).await;
    let scope = format!("{uri}/.default");
    let named = format!("openid {uri}/read");
    let body = json!({ "appId": world.client_id });
    let client = two.admin.post("/servicePrincipals", body).await.expect(201);
    refused(&two.by_itself(&world.secret, &scope).await, 500_011);
    let mut browser = world.browser();
    let web = [
        ("redirect_uri", WEB),
        ("scope", &*named),
        ("code_challenge", CHALLENGE),
    ];
    let end = browser.get(&two.authorize(&web)).await;
    assert_eq!(end.answer("error"), "invalid_target");

    let body = json!({ "appId": ledger["appId"] });
    let there = two.admin.post("/servicePrincipals", body).await.expect(201);
    assert_eq!(there.json["appRoles"][0]["value"], "Read.All");
    let names = there.json["servicePrincipalNames"].as_array().unwrap();
    assert!(names.contains(&json!(uri)), "{names:?}");
    let body = json!({
        "principalId": client.json["id"], "resourceId": there.json["id"], "appRoleId": id,
    });
    let path = format!(
        "/servicePrincipals/{}/appRoleAssignments",
        client.json["id"].as_str().unwrap()
    );
    two.admin.post(&path, body).await.expect(201);
    let given = two.by_itself(&world.secret, &scope).await.expect(200);
    let token = claims(&given.token());
    assert_eq!(
        (&token["aud"], &token["roles"], &token["tid"]),
        (&ledger["appId"], &json!(["Read.All"]), &json!(two.there))
    );

    let page = two.asked(&mut browser, &two.authorize(&web)).await;
    page.is_page(200, "Read the ledger");
    let code = browser.allow(&page).await.answer("code");
    let mut fields = two.redemption(&code).to_vec();
    fields.retain(|(name, _)| *name != "redirect_uri");
    fields.push(("redirect_uri", WEB));
    refused(&two.token(&fields).await, 7_000_218);
    fields.push(("client_secret", &world.secret));
    let given = two.token(&fields).await.expect(200);
    let token = claims(&given.token());
    assert_eq!(
        (&token["aud"], &token["scp"], &token["tid"]),
        (&ledger["appId"], &json!("read"), &json!(two.there))
    );

    // Whoever signs out there lets the client know at the address that its tenant has for it.
    let hint = given.json["id_token"].as_str().unwrap();
    for (back, seen) in [
        (WEB, "https://app.example/out?iss="),
        ("https://evil.example", "AADSTS50011"),
    ] {
        let fields = [("id_token_hint", hint), ("post_logout_redirect_uri", back)];
        let path = format!("/{}/oauth2/v2.0/logout?{}", two.there, form(&fields));
        let page = browser.get(&path).await;
        assert!(page.text.contains(seen), "{}", page.text);
    }

    // A role of another value is one here, too, with the next use; and none once it is for its own only.
    let path = format!("/applications/{}", ledger["id"].as_str().unwrap());
    let mut role = ledger["appRoles"][0].clone();
    role["value"] = json!("Read.Everything");
    let patch = json!({ "appRoles": [role] });
    world.d.admin.patch(&path, patch).await.expect(204);
    let given = two.by_itself(&world.secret, &scope).await.expect(200);
    assert_eq!(claims(&given.token())["roles"], json!(["Read.Everything"]));
    let patch = json!({ "signInAudience": "AzureADMyOrg" });
    world.d.admin.patch(&path, patch).await.expect(204);
    refused(&two.by_itself(&world.secret, &scope).await, 500_011);
}

#[tokio::test]
async fn a_device_is_let_in_by_a_first_consent_too() {
    let two = Two::start().await;
    let world = &two.world;
    let fields = [
        ("client_id", world.client_id.as_str()),
        ("scope", "openid offline_access User.Read"),
    ];
    let begin = async || {
        let call = world
            .d
            .call("POST", &format!("/{}/oauth2/v2.0/devicecode", two.there))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(&fields));
        Answer::read(call.send().await.unwrap()).await
    };
    refused(&begin().await, 700_016);
    two.open_to("AzureADMultipleOrgs").await;
    let begun = begin().await.expect(200).json;
    let mut browser = world.browser();
    let path = begun["verification_uri"].as_str().unwrap();
    let page = two.asked(&mut browser, path).await;
    let code = begun["user_code"].as_str().unwrap();
    let page = browser
        .answer(&page, &[("step", "device"), ("code", code)])
        .await;
    page.is_page(200, "Sign in to Wiki on the other device?");
    browser
        .allow(&page)
        .await
        .is_page(200, "You have signed in");
    assert_eq!(two.principals().await.len(), 1);
    world.clock.advance_seconds(5);
    let given = two
        .token(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", &world.client_id),
            ("device_code", begun["device_code"].as_str().unwrap()),
        ])
        .await
        .expect(200);
    let token = claims(&given.token());
    assert_eq!(
        (&token["tid"], &token["oid"]),
        (&json!(two.there), &json!(two.bob))
    );
    let refresh = given.json["refresh_token"].as_str().unwrap();
    two.refresh(refresh).await.expect(200);
}
