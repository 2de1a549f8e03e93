//! `/users/{id}/authentication` and the policy: as an administrator's tool uses them.

use std::sync::Arc;

use authenticator::SoftAuthenticator;
use serde_json::{Value, json};
use store::SystemClock;

use crate::common::deployment::{Caller, DOMAIN, Deployment, NOBODY};

const PASSWORD_ID: &str = "28c10230-6103-485e-b985-444c60001490";
const POLICY: &str = "/policies/authenticationMethodsPolicy";

async fn user(caller: &Caller, alias: &str) -> String {
    let body = json!({
        "accountEnabled": true, "displayName": alias, "mailNickname": alias,
        "userPrincipalName": format!("{alias}@{DOMAIN}"),
        "passwordProfile": { "password": "correct-Horse-7-battery" },
    });
    let made = caller.post("/users", body).await.expect(201);
    made.json["id"].as_str().unwrap().to_owned()
}

/// A deployment under a name, which passkeys need.
async fn named() -> Deployment {
    Deployment::start_with(Arc::new(SystemClock), |config| {
        let url = config.public_url.take();
        config.public_url = url.map(|url| url.replace("127.0.0.1", "localhost"));
    })
    .await
}

fn origin(d: &Deployment) -> String {
    d.url.replace("127.0.0.1", "localhost")
}

/// Registers a passkey for a user as an administrator's tool does.
async fn register(d: &Deployment, path: &str, key: &mut SoftAuthenticator) -> Value {
    let options = d
        .admin
        .get(&format!(
            "{path}/creationOptions(challengeTimeoutInMinutes=10)"
        ))
        .await
        .expect(200)
        .json;
    assert!(options["challengeTimeoutDateTime"].is_string());
    let answer = key.create(&origin(d), &options).unwrap();
    let body = json!({
        "displayName": "Blue key",
        "publicKeyCredential": { "id": answer["id"], "response": answer["response"] },
    });
    d.admin.post(path, body).await.expect(201).json
}

#[tokio::test]
async fn a_users_methods_are_listed_with_their_types() {
    let d = named().await;
    let ann = user(&d.admin, "ann").await;
    let base = format!("/users/{ann}/authentication");
    let mut key = SoftAuthenticator::new();
    let passkey = register(&d, &format!("{base}/fido2Methods"), &mut key).await;
    assert_eq!(passkey["displayName"], "Blue key");
    assert_eq!(passkey["attestationLevel"], "notAttested");
    let pass = json!({ "lifetimeInMinutes": 60, "isUsableOnce": true });
    let passes = format!("{base}/temporaryAccessPassMethods");
    let made = d.admin.post(&passes, pass).await.expect(201).json;
    assert_eq!(made["temporaryAccessPass"].as_str().unwrap().len(), 8);
    assert_eq!(made["methodUsabilityReason"], "EnabledByPolicy");

    let listed = d
        .admin
        .get(&format!("{base}/methods"))
        .await
        .expect(200)
        .json;
    let types: Vec<&str> = listed["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|method| method["@odata.type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "#microsoft.graph.passwordAuthenticationMethod",
            "#microsoft.graph.fido2AuthenticationMethod",
            "#microsoft.graph.temporaryAccessPassAuthenticationMethod",
        ]
    );
    assert_eq!(listed["value"][0]["id"], PASSWORD_ID);
    assert_eq!(listed["value"][2]["temporaryAccessPass"], Value::Null);
    let text = made["temporaryAccessPass"].as_str().unwrap();
    assert!(!listed.to_string().contains(text), "it is shown once");

    let one = format!("{base}/fido2Methods/{}", passkey["id"].as_str().unwrap());
    let name = json!({ "displayName": "Green key" });
    d.admin.patch(&one, name).await.expect(204);
    let shown = d.admin.get(&one).await.expect(200).json;
    assert_eq!(shown["displayName"], "Green key");
    assert!(shown.get("@odata.type").is_none());
    d.admin.delete(&one).await.expect(204);
    d.admin
        .get(&one)
        .await
        .refused(404, "Request_ResourceNotFound");
    let pass = format!("{passes}/{}", made["id"].as_str().unwrap());
    d.admin.delete(&pass).await.expect(204);
    for kind in [
        "fido2Methods",
        "temporaryAccessPassMethods",
        "softwareOathMethods",
    ] {
        let left = d.admin.get(&format!("{base}/{kind}")).await.expect(200);
        assert_eq!(left.json["value"], json!([]), "{kind}");
    }
    let log = "/auditLogs/directoryAudits?$top=50";
    let log = d.admin.get(log).await.expect(200).text;
    assert!(log.contains("Admin registered security info"), "{log}");
    assert!(!log.contains(text), "a pass in the log");
}

#[tokio::test]
async fn an_answer_that_isnt_one_is_refused_and_registers_nothing() {
    let d = named().await;
    let ann = user(&d.admin, "ann").await;
    let ben = user(&d.admin, "ben").await;
    let path = format!("/users/{ann}/authentication/fido2Methods");
    let options = d.admin.get(&format!("{path}/creationOptions()")).await;
    let options = options.expect(200).json;
    let mut key = SoftAuthenticator::new();
    let answer = key.create(&origin(&d), &options).unwrap();
    let body = |answer: &Value| json!({ "displayName": "Key", "publicKeyCredential": answer });
    let bens = format!("/users/{ben}/authentication/fido2Methods");
    for (path, body) in [
        (&bens, body(&answer)),
        (&path, body(&json!({ "id": "AAAA" }))),
        (&path, body(&json!("text"))),
        (&path, json!({ "displayName": "Key" })),
        (&path, json!({ "publicKeyCredential": answer })),
        (
            &path,
            json!({ "displayName": "Key", "publicKeyCredential": answer, "model": "x" }),
        ),
    ] {
        d.admin
            .post(path, body)
            .await
            .refused(400, "Request_BadRequest");
    }
    d.admin.post(&path, body(&answer)).await.expect(201);
    let again = d.admin.post(&path, body(&answer)).await;
    again.refused(400, "Request_BadRequest");
    for minutes in ["0", "43201", "'x'"] {
        d.admin
            .get(&format!(
                "{path}/creationOptions(challengeTimeoutInMinutes={minutes})"
            ))
            .await
            .refused(400, "Request_BadRequest");
    }
}

#[tokio::test]
async fn without_a_host_name_there_are_no_passkeys() {
    let d = Deployment::start().await;
    let ann = user(&d.admin, "ann").await;
    let path = format!("/users/{ann}/authentication/fido2Methods/creationOptions()");
    let refused = d.admin.get(&path).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert!(refused.text.contains("public_url"), "{}", refused.text);
}

#[tokio::test]
async fn a_reset_answers_a_password_of_ours_or_takes_the_callers() {
    let d = Deployment::start().await;
    let ann = user(&d.admin, "ann").await;
    let base = format!("/users/{ann}/authentication");
    let reset = format!("{base}/methods/{PASSWORD_ID}/resetPassword");
    let answer = d.admin.post(&reset, json!({})).await.expect(202);
    let made = answer.json["newPassword"].as_str().unwrap().to_owned();
    assert!(made.len() >= 16, "{made}");
    let location = answer.headers["location"].to_str().unwrap().to_owned();
    let operation = d.admin.get(&location).await.expect(200).json;
    assert_eq!(operation["status"], "succeeded");
    let profile = format!("/users/{ann}?$select=passwordProfile");
    let shown = d.admin.get(&profile).await.expect(200).json;
    assert_eq!(
        shown["passwordProfile"]["forceChangePasswordNextSignIn"],
        true
    );

    let own =
        json!({ "newPassword": "another-Horse-8-battery", "requireChangeOnNextSignIn": false });
    let reset = format!("{base}/passwordMethods/{PASSWORD_ID}/resetPassword");
    let answer = d.admin.post(&reset, own).await.expect(202);
    assert_eq!(answer.text, "");
    let shown = d.admin.get(&profile).await.expect(200).json;
    assert_eq!(
        shown["passwordProfile"]["forceChangePasswordNextSignIn"],
        false
    );
    for (path, body, status) in [
        (&reset, json!({ "newPassword": "short" }), 400),
        (&reset, json!({ "newPassword": 7 }), 400),
        (&reset, json!({ "hint": "x" }), 400),
        (
            &format!("{base}/methods/{NOBODY}/resetPassword"),
            json!({}),
            404,
        ),
        (
            &format!("/users/{NOBODY}/authentication/methods/{PASSWORD_ID}/resetPassword"),
            json!({}),
            404,
        ),
    ] {
        let refused = d.admin.post(path, body).await;
        assert_eq!(refused.status, status, "{}", refused.text);
    }
    let operation = format!("{base}/operations/{NOBODY}");
    d.admin
        .get(&operation)
        .await
        .refused(404, "Request_ResourceNotFound");
    let log = d.admin.get("/auditLogs/directoryAudits?$top=50").await;
    assert!(
        !log.expect(200).text.contains(&made),
        "a password in the log"
    );
    // Only people have passwords to change, by the one before.
    let change = json!({ "currentPassword": made, "newPassword": "third-Horse-9-battery" });
    let path = format!("/users/{ann}/changePassword");
    let refused = d.admin.post(&path, change).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
}

#[tokio::test]
async fn the_policy_is_read_and_changed_as_graph_has_it() {
    let d = Deployment::start().await;
    let policy = d.admin.get(POLICY).await.expect(200).json;
    assert_eq!(policy["id"], "authenticationMethodsPolicy");
    let tap = format!("{POLICY}/authenticationMethodConfigurations/temporaryAccessPass");
    let before = d.admin.get(&tap).await.expect(200).json;
    assert_eq!(before["maximumLifetimeInMinutes"], 480);
    let body = json!({
        "@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration",
        "state": "disabled", "defaultLength": 12,
    });
    d.admin.patch(&tap, body).await.expect(204);
    let after = d.admin.get(&tap).await.expect(200).json;
    assert_eq!(
        (&after["state"], &after["defaultLength"]),
        (&json!("disabled"), &json!(12))
    );
    let ann = user(&d.admin, "ann").await;
    let passes = format!("/users/{ann}/authentication/temporaryAccessPassMethods");
    let refused = d.admin.post(&passes, json!({})).await;
    refused.refused(400, "Request_BadRequest");
    d.admin.delete(&tap).await.expect(204);
    let reset = d.admin.get(&tap).await.expect(200).json;
    assert_eq!(reset, before);

    let whole = json!({ "authenticationMethodConfigurations": [{
        "@odata.type": "#microsoft.graph.fido2AuthenticationMethodConfiguration",
        "id": "Fido2", "state": "disabled",
    }]});
    d.admin.patch(POLICY, whole).await.expect(204);
    let listed = d
        .admin
        .get(&format!("{POLICY}/authenticationMethodConfigurations"))
        .await
        .expect(200)
        .json;
    assert_eq!(listed["value"][0]["state"], "disabled");
    for (path, body) in [
        (POLICY.to_owned(), json!({ "policyVersion": "2" })),
        (tap.clone(), json!({ "state": "on" })),
        (
            tap.clone(),
            json!({ "@odata.type": "#microsoft.graph.user" }),
        ),
    ] {
        let refused = d.admin.patch(&path, body).await;
        refused.refused(400, "Request_BadRequest");
    }
    let unknown = format!("{POLICY}/authenticationMethodConfigurations/Sms");
    d.admin
        .get(&unknown)
        .await
        .refused(404, "Request_ResourceNotFound");

    let ours = "/beta/isopolity/signInPolicy";
    let begins = d.admin.get(ours).await.expect(200).json;
    assert_eq!(begins["multifactorAuthentication"], "nobody");
    let body = json!({ "multifactorAuthentication": "administrators", "sessionIdleMinutes": 60 });
    d.admin.patch(ours, body).await.expect(204);
    let after = d.admin.get(ours).await.expect(200).json;
    assert_eq!(after["multifactorAuthentication"], "administrators");
    assert_eq!(after["sessionIdleMinutes"], 60);
    for body in [
        json!({ "multifactorAuthentication": "some" }),
        json!({ "sessionIdleMinutes": 0 }),
        json!({ "lastModifiedDateTime": null }),
    ] {
        d.admin
            .patch(ours, body)
            .await
            .refused(400, "Request_BadRequest");
    }
}

#[tokio::test]
async fn who_may_read_methods_may_not_change_them_and_nobody_sees_another_tenants() {
    let d = Deployment::start().await;
    let ann = user(&d.admin, "ann").await;
    let base = format!("/users/{ann}/authentication");
    let reader = d.client(&["UserAuthenticationMethod.Read.All"]).await;
    reader.get(&format!("{base}/methods")).await.expect(200);
    let passes = format!("{base}/temporaryAccessPassMethods");
    let denied = reader.post(&passes, json!({})).await;
    denied.refused(403, "Authorization_RequestDenied");
    reader
        .get(POLICY)
        .await
        .refused(403, "Authorization_RequestDenied");
    let users = d.client(&["User.ReadWrite.All"]).await;
    let denied = users.get(&format!("{base}/methods")).await;
    denied.refused(403, "Authorization_RequestDenied");
    let (_, stranger) = d.other("Fabrikam", "fabrikam.example").await;
    let foreign = stranger.get(&format!("{base}/methods")).await;
    foreign.refused(404, "Request_ResourceNotFound");
    let foreign = stranger.post(&passes, json!({})).await;
    foreign.refused(404, "Request_ResourceNotFound");
}

#[tokio::test]
async fn the_report_says_who_can_sign_in_by_what() {
    let d = named().await;
    let ann = user(&d.admin, "ann").await;
    let mut key = SoftAuthenticator::new();
    let path = format!("/users/{ann}/authentication/fido2Methods");
    register(&d, &path, &mut key).await;
    let report = "/reports/authenticationMethods/userRegistrationDetails";
    let shown = d
        .admin
        .get(&format!("{report}/{ann}"))
        .await
        .expect(200)
        .json;
    assert_eq!(shown["isMfaRegistered"], true);
    assert_eq!(shown["isPasswordlessCapable"], true);
    assert_eq!(shown["isAdmin"], false);
    let listed = d
        .admin
        .get(&format!("{report}?$top=1"))
        .await
        .expect(200)
        .json;
    assert!(listed["@odata.nextLink"].is_string(), "{listed}");
    let all = d.admin.get(report).await.expect(200).json;
    let admins = all["value"].as_array().unwrap().iter();
    assert_eq!(admins.filter(|it| it["isAdmin"] == true).count(), 1);
}

#[tokio::test]
async fn nobody_gives_themself_a_pass_or_changes_methods_by_a_password_alone() {
    let d = named().await;
    let ann = user(&d.admin, "ann").await;
    let scope = "UserAuthenticationMethod.ReadWrite.All";
    let by_password = d.signed_in(&ann, scope).await;
    let mut token = d.user_token(&ann, scope).await;
    token.amr = vec!["pwd".into(), "otp".into(), "mfa".into()];
    let by_both = d.with_token(d.issue(&token).await);
    let name = format!("ann@{DOMAIN}");
    for caller in [&by_password, &by_both] {
        for of in ["/me", &format!("/users/{ann}"), &format!("/users/{name}")] {
            let passes = format!("{of}/authentication/temporaryAccessPassMethods");
            let refused = caller.post(&passes, json!({})).await;
            assert!(refused.text.contains("nobody can give themself"), "{of}");
            refused.refused(403, "Authorization_RequestDenied");
        }
    }
    // Who can give others one can't either.
    let role = "c4e39bd9-1100-46d3-8c65-fb160da0071f";
    let body = json!({ "roleDefinitionId": role, "principalId": ann, "directoryScopeId": "/" });
    let roles = "/roleManagement/directory/roleAssignments";
    d.admin.post(roles, body).await.expect(201);
    let bob = user(&d.admin, "bob").await;
    let passes = |of: &str| format!("/users/{of}/authentication/temporaryAccessPassMethods");
    by_password.post(&passes(&bob), json!({})).await.expect(201);
    let refused = by_password.post(&passes(&ann), json!({})).await;
    refused.refused(403, "Authorization_RequestDenied");

    // The first method is set up by the password; with it, that doesn't do any more.
    let keys = "/me/authentication/fido2Methods";
    let options = format!("{keys}/creationOptions()");
    by_password.get(&options).await.expect(200);
    let mut key = SoftAuthenticator::new();
    let of_ann = format!("/users/{ann}/authentication/fido2Methods");
    let made = register(&d, &of_ann, &mut key).await;
    let one = format!("{keys}/{}", made["id"].as_str().unwrap());
    by_password.get(&one).await.expect(200);
    for refused in [
        by_password.get(&options).await,
        by_password.patch(&one, json!({ "displayName": "x" })).await,
        by_password.delete(&one).await,
        by_password
            .delete(&format!("{of_ann}/{}", &one[keys.len() + 1..]))
            .await,
    ] {
        assert!(refused.text.contains("sign in with it"), "{}", refused.text);
        refused.refused(403, "Authorization_RequestDenied");
    }
    by_both.get(&options).await.expect(200);
    by_both.delete(&one).await.expect(204);
}

#[tokio::test]
async fn kinds_that_there_arent_are_empty_lists() {
    let d = Deployment::start().await;
    let ann = user(&d.admin, "ann").await;
    let own = d.signed_in(&ann, "UserAuthenticationMethod.Read").await;
    for kind in [
        "phoneMethods",
        "emailMethods",
        "microsoftAuthenticatorMethods",
        "windowsHelloForBusinessMethods",
        "operations",
    ] {
        let path = format!("/users/{ann}/authentication/{kind}");
        for path in [path.clone(), format!("/beta{path}")] {
            let listed = d.admin.get(&path).await.expect(200);
            assert_eq!(listed.json["value"], json!([]), "{path}");
        }
        let missing = format!("/users/{NOBODY}/authentication/{kind}");
        let missing = d.admin.get(&missing).await;
        missing.refused(404, "Request_ResourceNotFound");
        if kind != "operations" {
            let me = format!("/me/authentication/{kind}");
            own.get(&me).await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_demand_says_beforehand_whom_it_concerns() {
    let d = named().await;
    let (ann, bob) = (user(&d.admin, "ann").await, user(&d.admin, "bob").await);
    let off = json!({ "accountEnabled": false });
    let cem = user(&d.admin, "cem").await;
    d.admin
        .patch(&format!("/users/{cem}"), off)
        .await
        .expect(204);
    let role = json!({ "roleDefinitionId": "fe930be7-5e62-47db-91af-98c3a49a38b1",
        "principalId": bob, "directoryScopeId": "/" });
    let roles = "/roleManagement/directory/roleAssignments";
    d.admin.post(roles, role).await.expect(201);
    let keys = format!("/users/{ann}/authentication/fido2Methods");
    register(&d, &keys, &mut SoftAuthenticator::new()).await;

    let ours = "/beta/isopolity/signInPolicy";
    let preview = async |caller: &Caller, who: &str| {
        let body = json!({ "multifactorAuthentication": who });
        caller.post(&format!("{ours}/preview"), body).await
    };
    let names = |shown: &Value, part: &str| {
        let users = shown[part]["users"].as_array().unwrap();
        assert_eq!(shown[part]["count"], users.len());
        let names = users.iter().map(|it| it["displayName"].as_str().unwrap());
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        names
    };
    let all = preview(&d.admin, "all").await.expect(200).json;
    assert_eq!(
        names(&all, "reached"),
        ["Administrator", "ann", "bob"],
        "{all}"
    );
    assert_eq!(names(&all, "added"), ["Administrator", "ann", "bob"]);
    assert_eq!(names(&all, "toRegister"), ["Administrator", "bob"]);
    assert!(names(&all, "withoutWay").is_empty());
    let admins = preview(&d.admin, "administrators").await.expect(200).json;
    assert_eq!(names(&admins, "reached"), ["Administrator", "bob"]);
    // It was a question.
    let kept = d.admin.get(ours).await.expect(200).json;
    assert_eq!(kept["multifactorAuthentication"], "nobody");

    // Without a method that anybody could register, an administrator has to help.
    for method in ["Fido2", "SoftwareOath"] {
        let path = format!("{POLICY}/authenticationMethodConfigurations/{method}");
        let off = json!({ "state": "disabled" });
        d.admin.patch(&path, off).await.expect(204);
    }
    let all = preview(&d.admin, "all").await.expect(200).json;
    assert_eq!(names(&all, "withoutWay"), ["Administrator", "ann", "bob"]);
    assert!(names(&all, "toRegister").is_empty());
    let demand = json!({ "multifactorAuthentication": "all" });
    d.admin.patch(ours, demand).await.expect(204);
    let less = preview(&d.admin, "administrators").await.expect(200).json;
    assert_eq!(names(&less, "removed"), ["ann"]);
    assert!(names(&less, "added").is_empty());

    preview(&d.admin, "some")
        .await
        .refused(400, "Request_BadRequest");
    let more = json!({ "multifactorAuthentication": "all", "sessionIdleMinutes": 60 });
    let more = d.admin.post(&format!("{ours}/preview"), more).await;
    more.refused(400, "Request_BadRequest");
    // Who has registered what isn't for everybody who reads policies.
    let reader = d.client(&["Policy.Read.All"]).await;
    preview(&reader, "all")
        .await
        .refused(403, "Authorization_RequestDenied");
}
