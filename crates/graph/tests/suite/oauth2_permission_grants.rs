//! Grants of delegated permissions: made, found, changed, taken back.

use crate::common::deployment::{Deployment, NOBODY};
use serde_json::{Value, json};

const GRAPH: &str = "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')";

async fn ids(d: &Deployment, path: &str) -> Vec<Value> {
    let list = d.admin.get(path).await.expect(200).json;
    let list = list["value"].as_array().unwrap().iter();
    list.map(|grant| grant["id"].clone()).collect()
}

#[tokio::test]
async fn a_grant_lives_from_consent_to_its_end() {
    let d = Deployment::start().await;
    let graph = d.admin.get(GRAPH).await.expect(200).json;
    let (_, client) = d.admin.application(json!({ "displayName": "App" })).await;
    let user = json!({
        "accountEnabled": true, "displayName": "Ann", "mailNickname": "ann",
        "userPrincipalName": "ann@contoso.example", "passwordProfile": { "password": "Correct-Horse-7" },
    });
    let user = d.admin.post("/users", user).await.expect(201).json;
    let all = json!({
        "clientId": client["id"], "consentType": "AllPrincipals", "principalId": null,
        "resourceId": graph["id"], "scope": "  User.Read  Mail.Read User.Read",
    });
    let made = d
        .admin
        .post("/oauth2PermissionGrants", all.clone())
        .await
        .expect(201);
    assert_eq!(made.json["scope"], "User.Read Mail.Read");
    assert_eq!(made.json["principalId"], Value::Null);
    let at = made.header("location").to_owned();
    assert_eq!(
        d.admin.get(&at).await.expect(200).json["id"],
        made.json["id"]
    );
    d.admin
        .post("/oauth2PermissionGrants", all.clone())
        .await
        .refused(409, "Request_MultipleObjectsWithSameKeyValue");
    let mut one = all.clone();
    one["consentType"] = json!("Principal");
    one["principalId"] = user["id"].clone();
    let one = d
        .admin
        .post("/oauth2PermissionGrants", one)
        .await
        .expect(201)
        .json;

    let of = |collection: &str, object: &Value| {
        format!(
            "/{collection}/{}/oauth2PermissionGrants",
            object["id"].as_str().unwrap()
        )
    };
    assert_eq!(ids(&d, &of("users", &user)).await, [one["id"].clone()]);
    assert_eq!(ids(&d, &of("servicePrincipals", &client)).await.len(), 2);
    assert!(ids(&d, &of("servicePrincipals", &graph)).await.is_empty());
    let filter = |text: &str| format!("/oauth2PermissionGrants?$filter={text}");
    let user_id = user["id"].as_str().unwrap();
    let by_user = filter(&format!(
        "principalId eq '{user_id}' and consentType eq 'Principal'"
    ));
    assert_eq!(ids(&d, &by_user).await, [one["id"].clone()]);
    assert!(
        ids(&d, &filter(&format!("clientId eq '{NOBODY}'")))
            .await
            .is_empty()
    );
    d.admin
        .get(&filter("nonsense eq 1"))
        .await
        .refused(400, "Request_BadRequest");
    let first = d
        .admin
        .get("/oauth2PermissionGrants?$top=1")
        .await
        .expect(200)
        .json;
    let second = first["@odata.nextLink"].as_str().unwrap();
    assert_eq!(ids(&d, second).await.len(), 1);

    d.admin
        .patch(&at, json!({ "scope": "User.Read" }))
        .await
        .expect(204);
    assert_eq!(
        d.admin.get(&at).await.expect(200).json["scope"],
        "User.Read"
    );
    d.admin
        .patch(&at, json!({ "consentType": "Principal" }))
        .await
        .refused(400, "Request_BadRequest");

    // Nobody else's, and not without the permission.
    let (_, fabrikam) = d.other("Fabrikam", "fabrikam.example").await;
    let path = format!(
        "/oauth2PermissionGrants/{}",
        made.json["id"].as_str().unwrap()
    );
    fabrikam
        .get(&path)
        .await
        .refused(404, "Request_ResourceNotFound");
    fabrikam
        .delete(&path)
        .await
        .refused(404, "Request_ResourceNotFound");
    fabrikam
        .post("/oauth2PermissionGrants", all.clone())
        .await
        .refused(404, "Request_ResourceNotFound");
    let reader = d.client(&["Directory.Read.All"]).await;
    reader.get(&path).await.expect(200);
    reader
        .delete(&path)
        .await
        .refused(403, "Authorization_RequestDenied");

    d.admin.delete(&at).await.expect(204);
    d.admin
        .delete(&at)
        .await
        .refused(404, "Request_ResourceNotFound");
    // One that names a person goes with the person.
    d.admin
        .delete(&format!("/users/{user_id}"))
        .await
        .expect(204);
    d.admin
        .delete(&format!("/directory/deletedItems/{user_id}"))
        .await
        .expect(204);
    assert!(ids(&d, "/oauth2PermissionGrants").await.is_empty());
    let audits = d
        .admin
        .get("/auditLogs/directoryAudits")
        .await
        .expect(200)
        .text;
    for activity in ["Add", "Update", "Remove"] {
        assert!(audits.contains(&format!("{activity} delegated permission grant")));
    }
}

#[tokio::test]
async fn a_grant_has_to_be_whole() {
    let d = Deployment::start().await;
    let graph = d.admin.get(GRAPH).await.expect(200).json;
    let full = json!({
        "clientId": graph["id"], "consentType": "AllPrincipals", "resourceId": graph["id"], "scope": "User.Read",
    });
    let with = |name: &str, value: Value| {
        let mut body = full.clone();
        body[name] = value;
        body
    };
    for (body, status) in [
        (json!({}), 400),
        (with("clientId", Value::Null), 400),
        (with("resourceId", json!("x")), 400),
        (with("consentType", json!("Everybody")), 400),
        (with("consentType", json!("Principal")), 400),
        (with("principalId", json!(NOBODY)), 400),
        (with("scope", json!(7)), 400),
        (with("scope", json!("x".repeat(9_000))), 400),
        (with("nonsense", json!(1)), 400),
        (with("clientId", json!(NOBODY)), 404),
    ] {
        let answer = d.admin.post("/oauth2PermissionGrants", body.clone()).await;
        assert_eq!(answer.status, status, "{body} {}", answer.text);
    }
    for id in ["x", NOBODY, "AAAA", &"A".repeat(64), "%00"] {
        let answer = d.admin.get(&format!("/oauth2PermissionGrants/{id}")).await;
        assert!([400, 404].contains(&answer.status), "{}", answer.text);
    }
}
