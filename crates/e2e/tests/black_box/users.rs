//! `/users` and `/me`: creating, reading, changing.

use std::collections::BTreeSet;

use e2e::{
    Shared, encode,
    metadata::{assert_fits, property_names},
};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

/// The properties that a user has in an answer without `$select`, and no others.
const DEFAULT: [&str; 11] = [
    "id",
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

#[tokio::test(flavor = "multi_thread")]
async fn create_and_read() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let body = contoso.user_body("ann");
    let created = contoso.post("/v1.0/users", body).await.expect(201);
    assert_fits("user", &created.json);
    assert_eq!(property_names(&created.json), BTreeSet::from(DEFAULT));
    assert_eq!(
        created["@odata.context"],
        format!("{}/v1.0/$metadata#users/$entity", d.url())
    );
    assert_eq!(
        created.json.as_object().unwrap().keys().next().unwrap(),
        "@odata.context"
    );
    let id = created.id();
    assert!(!created.text.contains("horse"), "a password in an answer");

    let upn = format!("ann@{}", contoso.domain);
    for path in [
        format!("/v1.0/users/{id}"),
        format!("/v1.0/users/{}", id.to_uppercase()),
        format!("/v1.0/users/{upn}"),
        format!("/v1.0/users/{}", upn.to_uppercase()),
        format!("/v1.0/users/{}", encode(&upn)),
        format!("/v1.0/users('{id}')"),
        format!("/v1.0/users('{upn}')"),
        format!("/v1.0/Users/{id}"),
    ] {
        let user = contoso.get(&path).await.expect(200);
        assert_eq!(
            property_names(&user.json),
            BTreeSet::from(DEFAULT),
            "{path}"
        );
        assert_eq!(user["id"], id.as_str(), "{path}");
        assert_eq!(user["userPrincipalName"], upn, "{path}");
        assert_eq!(user["businessPhones"], json!([]));
        assert_eq!(user["jobTitle"], Value::Null);
        assert_fits("user", &user.json);
    }

    for nobody in [
        e2e::NOBODY.to_owned(),
        "nobody".to_owned(),
        format!("nobody@{}", contoso.domain),
        "%00".to_owned(),
        "'".to_owned(),
    ] {
        contoso
            .get(&format!("/v1.0/users/{nobody}"))
            .await
            .refused_somehow();
    }
    contoso
        .get(&format!("/v1.0/users/{}", e2e::NOBODY))
        .await
        .refused(404, "Request_ResourceNotFound");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_property_can_be_set_selected_and_cleared() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let properties = json!({
        "givenName": "Ann", "surname": "Lee", "jobTitle": "Cook", "department": "Kitchen",
        "employeeId": "4711", "officeLocation": "2/14", "streetAddress": "Main St 1",
        "city": "Chania", "state": "Crete", "postalCode": "73100", "country": "Greece",
        "businessPhones": ["+30 1"], "mobilePhone": "+30 2", "preferredLanguage": "el-GR",
        "companyName": "Contoso Ltd", "showInAddressList": true, "usageLocation": "GR",
        "mail": format!("ann@{}", contoso.domain), "otherMails": ["ann@home.example"],
    });
    let user = contoso.user_with("ann", properties.clone()).await;
    let path = format!("/v1.0/users/{}", user["id"].as_str().unwrap());
    let select: Vec<&str> = property_names(&properties).into_iter().collect();
    let full = contoso
        .get(&format!("{path}?$select={}", select.join(",")))
        .await
        .expect(200);
    assert_fits("user", &full.json);
    assert_eq!(property_names(&full.json), property_names(&properties));
    for (name, value) in properties.as_object().unwrap() {
        assert_eq!(&full[name], value, "{name}");
    }

    let patch = json!({ "jobTitle": "Chef", "department": null, "businessPhones": [] });
    let patched = contoso.patch(&path, patch).await.expect(204);
    assert!(patched.text.is_empty());
    let after = contoso
        .get(&format!(
            "{path}?$select=jobTitle,department,businessPhones,city"
        ))
        .await
        .expect(200);
    assert_eq!(after["jobTitle"], "Chef");
    assert_eq!(after["department"], Value::Null);
    assert_eq!(after["businessPhones"], json!([]));
    assert_eq!(after["city"], "Chania", "what isn't named stays");

    // The rest that is only there when asked for.
    let asked = contoso
        .get(&format!(
            "{path}?$select=id,accountEnabled,userType,creationType,externalUserState,createdDateTime"
        ))
        .await
        .expect(200);
    assert_fits("user", &asked.json);
    assert_eq!(asked["accountEnabled"], true);
    assert_eq!(asked["userType"], "Member");
    assert_eq!(asked["creationType"], Value::Null);
    assert_eq!(asked["externalUserState"], Value::Null);
    assert!(asked["createdDateTime"].is_string());

    contoso
        .get(&format!("{path}?$select=id,nickname"))
        .await
        .refused(400, "Request_BadRequest");
    contoso
        .patch(
            &format!("/v1.0/users/{}", e2e::NOBODY),
            json!({ "city": "x" }),
        )
        .await
        .refused(404, "Request_ResourceNotFound");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_creations_have_no_effect() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let before = contoso.all("/v1.0/users?$select=id").await.len();
    let with = |name: &str, value: Value| {
        let mut body = contoso.user_body("ann");
        body[name] = value;
        body
    };
    let without = |name: &str| {
        let mut body = contoso.user_body("ann");
        body.as_object_mut().unwrap().shift_remove(name);
        body
    };
    let own = |local: &str| json!(format!("{local}@{}", contoso.domain));
    for body in [
        without("accountEnabled"),
        without("displayName"),
        without("mailNickname"),
        without("userPrincipalName"),
        without("passwordProfile"),
        with("passwordProfile", json!({})),
        with("userPrincipalName", json!("ann@elsewhere.example")),
        with("userPrincipalName", json!("ann")),
        with("userPrincipalName", json!("@")),
        with("userPrincipalName", own("an n")),
        with("userPrincipalName", own("")),
        with("userPrincipalName", own("änn")),
        with("userPrincipalName", own("a/b")),
        with("userPrincipalName", Value::Null),
        with("mailNickname", json!("two words")),
        with("mailNickname", json!("x".repeat(65))),
        with("displayName", json!("x".repeat(257))),
        with("displayName", json!("")),
        with("displayName", json!(7)),
        with("accountEnabled", json!("yes")),
        with("businessPhones", json!(["1", "2"])),
        with("businessPhones", json!("1")),
        with("nickname", json!("Annie")),
        with("DisplayName", json!("Ann")),
        with("createdDateTime", json!("2020-01-01T00:00:00Z")),
        with("@odata.type", json!("#microsoft.graph.group")),
    ] {
        contoso
            .post("/v1.0/users", body.clone())
            .await
            .refused(400, "Request_BadRequest");
    }
    for body in ["", "{", "[]", "7", "null", "\"x\"", "{\"displayName\":"] {
        contoso
            .call("POST", "/v1.0/users")
            .raw("application/json", body)
            .await
            .refused_somehow();
    }
    contoso
        .call("POST", "/v1.0/users")
        .raw("application/json", b"{\"displayName\":\"\xff\"}".as_slice())
        .await
        .refused_somehow();
    contoso
        .call("POST", "/v1.0/users")
        .raw("application/json", "[".repeat(100_000))
        .await
        .refused_somehow();
    let after = contoso.all("/v1.0/users?$select=id").await.len();
    assert_eq!(after, before);

    // What SDKs send besides.
    contoso
        .call("POST", "/v1.0/users")
        .raw(
            "application/json;odata.metadata=minimal;charset=utf-8",
            with("@odata.type", json!("#microsoft.graph.user")).to_string(),
        )
        .await
        .expect(201);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_principal_name_is_taken_once() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    contoso.user("ann").await;
    let bob = contoso.user("bob").await;
    let taken = |answer: e2e::Answer| {
        let answer = answer.refused(400, "Request_BadRequest");
        assert!(answer.message().contains("userPrincipalName"), "{answer:?}");
        assert_eq!(
            answer["error"]["details"][0]["code"], "ObjectConflict",
            "{answer:?}"
        );
    };
    taken(contoso.post("/v1.0/users", contoso.user_body("ann")).await);
    taken(contoso.post("/v1.0/users", contoso.user_body("ANN")).await);
    let ann = json!({ "userPrincipalName": format!("Ann@{}", contoso.domain) });
    taken(contoso.patch(&format!("/v1.0/users/{bob}"), ann).await);

    // Another tenant has names of its own; and a deleted user's name is free.
    let fabrikam = d.tenant("Fabrikam").await;
    fabrikam.user("ann").await;
    contoso
        .delete(&format!("/v1.0/users/{bob}"))
        .await
        .expect(204);
    contoso.user("bob").await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_do_not_take_one_name() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let calls = (0..8).map(|_| {
        let call = contoso.post("/v1.0/users", contoso.user_body("ann"));
        tokio::spawn(async move { call.await.status })
    });
    let calls: Vec<_> = calls.collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400, 400, 400, 400, 400, 400, 400]);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_changes_have_no_effect() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let id = contoso.user("ann").await;
    let path = format!("/v1.0/users/{id}");
    for patch in [
        json!({ "id": e2e::NOBODY }),
        json!({ "createdDateTime": "2020-01-01T00:00:00Z" }),
        json!({ "creationType": "Invitation" }),
        json!({ "nickname": "x" }),
        json!({ "displayName": 7 }),
        json!({ "displayName": null }),
        json!({ "userPrincipalName": null }),
        json!({ "userPrincipalName": "ann@elsewhere.example" }),
        json!({ "businessPhones": ["1", "2"] }),
        json!({ "jobTitle": "Cook", "nickname": "x" }),
        json!([]),
    ] {
        contoso
            .patch(&path, patch.clone())
            .await
            .refused(400, "Request_BadRequest");
    }
    let user = contoso.get(&path).await.expect(200);
    assert_eq!(user["displayName"], "ann");
    assert_eq!(user["jobTitle"], Value::Null, "all or nothing");
    contoso.put(&path, json!({})).await.refused_somehow();
    contoso.post(&path, json!({})).await.refused_somehow();
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rename_keeps_the_id() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let id = contoso.user("ann").await;
    let new = format!("anna.o'neil-1@{}", contoso.domain);
    contoso
        .patch(
            &format!("/v1.0/users/ann@{}", contoso.domain),
            json!({ "userPrincipalName": new, "displayName": "Anna" }),
        )
        .await
        .expect(204);
    let user = contoso
        .get(&format!("/v1.0/users/{}", encode(&new)))
        .await
        .expect(200);
    assert_eq!(user["id"], id.as_str());
    contoso
        .get(&format!("/v1.0/users/ann@{}", contoso.domain))
        .await
        .refused(404, "Request_ResourceNotFound");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_all_scripts_come_back_as_sent() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let names = [
        "Ἀριστοτέλης Ὀνάσης",
        "Łukasz Żółć",
        "山田 太郎",
        "محمد بن سلمان",
        "Ирина Ёлкина",
        "O'Brien \"Bob\" <b&b>",
        "नरेन्द्र",
        "Zoë 👩🏽‍🚀",
        "e\u{301}",
    ];
    for (number, name) in names.iter().enumerate() {
        let alias = format!("u{number}");
        let user = contoso
            .user_with(&alias, json!({ "displayName": name, "city": name }))
            .await;
        let id = user["id"].as_str().unwrap();
        let read = contoso
            .get(&format!("/v1.0/users/{id}?$select=displayName,city"))
            .await
            .expect(200);
        assert_eq!(read["displayName"], *name);
        assert_eq!(read["city"], *name);
    }
    // Case folds beyond ASCII, and a quote inside is doubled.
    for (filter, count) in [
        ("displayName eq 'ИРИНА ЁЛКИНА'", 1),
        ("displayName eq 'łukasz żółć'", 1),
        ("startswith(displayName,'山田')", 1),
        ("displayName eq 'O''Brien \"Bob\" <b&b>'", 1),
        ("displayName eq 'O'", 0),
    ] {
        let found = contoso
            .get(&format!("/v1.0/users?$filter={}", encode(filter)))
            .await
            .expect(200);
        assert_eq!(found.items().len(), count, "{filter}: {found:?}");
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn me_needs_a_person() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let answer = contoso.get("/v1.0/me").await.refused(400, "BadRequest");
    assert_eq!(
        answer.message(),
        "/me request is only valid with delegated authentication flow."
    );
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_creation_returns_the_first_answer() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let create = || {
        contoso
            .post("/v1.0/users", contoso.user_body("ann"))
            .header("Idempotency-Key", "only-once")
    };
    let first = create().await.expect(201);
    let second = create().await.expect(201);
    assert_eq!(first.id(), second.id());
    let anns = contoso
        .all(&format!(
            "/v1.0/users?$filter={}",
            encode("displayName eq 'Ann'")
        ))
        .await;
    assert_eq!(anns.len(), 1);

    // The key is the caller's: in another tenant it says nothing.
    let fabrikam = d.tenant("Fabrikam").await;
    let theirs = fabrikam
        .post("/v1.0/users", fabrikam.user_body("ann"))
        .header("Idempotency-Key", "only-once")
        .await
        .expect(201);
    assert_ne!(theirs.id(), first.id());
    d.finish().await;
}
