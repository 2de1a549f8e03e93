//! `/users`, `/me`, `/users/{id}/manager` and `/directory/deletedItems`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeSet;

use e2e::{
    Caller, Shared, Tenant, encode,
    metadata::{assert_all_fit, assert_fits},
};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

const DELETED: &str = "/v1.0/directory/deletedItems";

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

fn names(user: &Value) -> BTreeSet<&str> {
    let names = user.as_object().unwrap().keys().map(String::as_str);
    names.filter(|name| !name.contains('@')).collect()
}

fn minimal(tenant: &Tenant, alias: &str) -> Value {
    json!({
        "accountEnabled": true,
        "displayName": "Ann",
        "mailNickname": alias,
        "userPrincipalName": format!("{alias}@{}", tenant.domain),
        "passwordProfile": { "password": "Correct-horse-7-battery" },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn create_and_read() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let body = minimal(&contoso, "ann");
    let created = contoso.post("/v1.0/users", body).await.expect(201);
    assert_fits("user", &created.json);
    assert_eq!(names(&created.json), BTreeSet::from(DEFAULT));
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
        assert_eq!(names(&user.json), BTreeSet::from(DEFAULT), "{path}");
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
    let select: Vec<&str> = names(&properties).into_iter().collect();
    let full = contoso
        .get(&format!("{path}?$select={}", select.join(",")))
        .await
        .expect(200);
    assert_fits("user", &full.json);
    assert_eq!(names(&full.json), names(&properties));
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
        let mut body = minimal(&contoso, "ann");
        body[name] = value;
        body
    };
    let without = |name: &str| {
        let mut body = minimal(&contoso, "ann");
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
    taken(contoso.post("/v1.0/users", minimal(&contoso, "ann")).await);
    taken(contoso.post("/v1.0/users", minimal(&contoso, "ANN")).await);
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
        let call = contoso.post("/v1.0/users", minimal(&contoso, "ann"));
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
async fn pages_hold_every_user_once() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    for number in 0..7 {
        contoso.user(&format!("u{number}")).await;
    }
    let all = contoso.all("/v1.0/users?$top=999").await;
    assert_all_fit("user", &all);
    for top in [1, 3, 8, 9] {
        let mut seen = BTreeSet::new();
        let mut target = format!("/v1.0/users?$top={top}&$select=id,department");
        loop {
            let page = contoso.get(&target).await.expect(200);
            assert!(page.items().len() <= top);
            for user in page.items() {
                assert!(seen.insert(user["id"].as_str().unwrap().to_owned()));
                assert_eq!(names(user), BTreeSet::from(["id", "department"]));
            }
            match page["@odata.nextLink"].as_str() {
                Some(next) => {
                    assert!(next.contains("skiptoken"), "{next}");
                    next.clone_into(&mut target);
                }
                None => break,
            }
        }
        assert_eq!(seen.len(), all.len(), "$top={top}");
    }

    // A user who comes in meanwhile shifts nobody.
    let first = contoso.get("/v1.0/users?$top=4").await.expect(200);
    contoso.user("a0").await;
    let next = first["@odata.nextLink"].as_str().unwrap();
    let second = contoso.get(next).await.expect(200);
    let ids = |page: &e2e::Answer| -> BTreeSet<String> {
        let ids = page.items().iter().map(|user| user["id"].to_string());
        ids.collect()
    };
    assert!(ids(&first).is_disjoint(&ids(&second)));

    for wrong in [
        "$top=0",
        "$top=1000",
        "$top=-1",
        "$top=x",
        "$top=",
        "$skiptoken=x",
    ] {
        contoso
            .get(&format!("/v1.0/users?{wrong}"))
            .await
            .refused_somehow();
    }
    // A link of one tenant means nothing in another.
    let fabrikam = d.tenant("Fabrikam").await;
    let stolen = fabrikam.get(next).await;
    if stolen.status == 200 {
        assert!(ids(&stolen).is_disjoint(&ids(&second)));
        assert!(!stolen.text.contains(&contoso.domain));
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_need_the_consistency_level() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    for number in 0..3 {
        contoso.user(&format!("u{number}")).await;
    }
    let advanced = contoso.advanced();
    let all = contoso.all("/v1.0/users").await.len();

    let count = advanced.get("/v1.0/users/$count").await.expect(200);
    assert_eq!(count.text, all.to_string());
    let kind = count.header("content-type").unwrap();
    assert!(kind.starts_with("text/plain"), "{kind}");
    contoso
        .get("/v1.0/users/$count")
        .await
        .refused(400, "Request_BadRequest");
    let some = advanced
        .get("/v1.0/users/$count?$filter=startswith(mailNickname,'u')")
        .await
        .expect(200);
    assert_eq!(some.text, "3");

    // As a parameter it is on the first page only, and without the header it is ignored.
    let first = advanced
        .get("/v1.0/users?$count=true&$top=2")
        .await
        .expect(200);
    assert_eq!(first["@odata.count"], all);
    let second = advanced
        .get(first["@odata.nextLink"].as_str().unwrap())
        .await
        .expect(200);
    assert!(second["@odata.count"].is_null(), "{second:?}");
    let ignored = contoso.get("/v1.0/users?$count=true").await.expect(200);
    assert!(ignored["@odata.count"].is_null());
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    for (alias, department, enabled) in [
        ("ann", "Sales", true),
        ("bob", "sales", false),
        ("cyd", "Kitchen", true),
    ] {
        contoso
            .user_with(
                alias,
                json!({
                    "department": department, "accountEnabled": enabled, "givenName": alias,
                    "mail": format!("{alias}@{}", contoso.domain),
                }),
            )
            .await;
    }
    contoso.user("dan").await;
    let found = async |advanced: bool, filter: &str| {
        let (caller, count) = if advanced {
            (contoso.advanced(), "&$count=true")
        } else {
            (Caller::clone(&contoso), "")
        };
        let users = caller
            .all(&format!(
                "/v1.0/users?$select=mailNickname&$filter={}{count}",
                encode(filter)
            ))
            .await;
        let mut aliases: Vec<String> = users
            .iter()
            .filter_map(|user| user["mailNickname"].as_str())
            .filter(|alias| ["ann", "bob", "cyd", "dan"].contains(alias))
            .map(str::to_owned)
            .collect();
        aliases.sort();
        aliases.join(" ")
    };
    let domain = &contoso.domain;
    for (filter, expected) in [
        ("department eq 'Sales'", "ann bob"),
        ("department eq 'SALES' and accountEnabled eq true", "ann"),
        ("department eq 'Kitchen' or givenName eq 'ann'", "ann cyd"),
        ("department in ('Sales','Kitchen')", "ann bob cyd"),
        ("startswith(displayName,'A')", "ann"),
        ("startsWith(givenName,'c')", "cyd"),
        ("accountEnabled eq false", "bob"),
        (
            "(department eq 'Kitchen' or department eq 'Sales') and startswith(givenName,'b')",
            "bob",
        ),
        ("userType eq 'Member' and department eq 'Kitchen'", "cyd"),
        ("userType eq 'Guest'", ""),
        (&format!("userPrincipalName eq 'ANN@{domain}'"), "ann"),
        (&format!("mail eq 'ann@{domain}'"), "ann"),
        (&format!("id eq '{}'", e2e::NOBODY), ""),
    ] {
        assert_eq!(found(false, filter).await, expected, "{filter}");
        assert_eq!(found(true, filter).await, expected, "{filter}");
    }
    for (filter, expected) in [
        ("department ne 'Sales' and givenName ne null", "cyd"),
        ("not(department eq 'Sales') and givenName eq 'cyd'", "cyd"),
        (
            "not startswith(givenName,'a') and department eq 'Sales'",
            "bob",
        ),
        (
            "endswith(mail,'.example') and department eq 'Sales'",
            "ann bob",
        ),
        (
            &format!(
                "endswith(userPrincipalName,'@{domain}') and department eq null and mailNickname eq 'dan'"
            ),
            "dan",
        ),
    ] {
        assert_eq!(found(true, filter).await, expected, "{filter}");
        // The header without the count, the count without the header, and neither.
        let filter = encode(filter);
        let target = format!("/v1.0/users?$filter={filter}");
        contoso
            .advanced()
            .get(&target)
            .await
            .refused(400, "Request_UnsupportedQuery");
        contoso
            .get(&format!("{target}&$count=true"))
            .await
            .refused(400, "Request_UnsupportedQuery");
        contoso
            .get(&target)
            .await
            .refused(400, "Request_UnsupportedQuery");
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_filter_is_refused() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let sixteen = vec!["'x'"; 16].join(",");
    for filter in [
        "",
        "department",
        "department eq",
        "eq 'x'",
        "department eq 'x",
        "department eq 'x' and",
        "(department eq 'x'",
        "department eq 'x')",
        "department eq x",
        "department == 'x'",
        "accountEnabled eq 'true'",
        "nickname eq 'x'",
        "passwordProfile eq 'x'",
        "startswith(displayName)",
        "startswith('x',displayName)",
        "contains(displayName,'x')",
        "department in ()",
        "department eq 'x'; drop table users",
        "1 eq 1",
        &format!("department in ({sixteen})"),
        &format!("{}department eq 'x'{}", "(".repeat(2000), ")".repeat(2000)),
    ] {
        let answer = contoso
            .get(&format!("/v1.0/users?$filter={}", encode(filter)))
            .await;
        assert_eq!(answer.status, 400, "{filter:.60}: {answer:?}");
    }
    for query in ["$orderby=nickname", "$filter=a&$filter=b"] {
        contoso
            .get(&format!("/v1.0/users?{query}"))
            .await
            .refused_somehow();
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_restore_and_purge() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let id = contoso.user("ann").await;
    let path = format!("/v1.0/users/{id}");
    contoso.delete(&path).await.expect(204);
    contoso
        .get(&path)
        .await
        .refused(404, "Request_ResourceNotFound");
    contoso
        .delete(&path)
        .await
        .refused(404, "Request_ResourceNotFound");
    let list = contoso.all("/v1.0/users").await;
    assert!(list.iter().all(|user| user["id"] != id.as_str()));

    // The list of deleted objects demands the kind.
    contoso.get(DELETED).await.refused_somehow();
    let deleted = contoso
        .all(&format!("{DELETED}/microsoft.graph.user"))
        .await;
    assert_eq!(deleted.len(), 1);
    assert_eq!(deleted[0]["id"], id.as_str());
    assert!(deleted[0]["@odata.type"].is_null(), "one kind, so no type");
    assert_fits("user", &deleted[0]);
    contoso.get(&format!("{DELETED}/{id}")).await.expect(200);
    let groups = contoso
        .all(&format!("{DELETED}/microsoft.graph.group"))
        .await;
    assert_eq!(groups.len(), 0);

    let restored = contoso
        .call("POST", &format!("{DELETED}/{id}/restore"))
        .await
        .expect(200);
    assert_eq!(restored["id"], id.as_str());
    assert_eq!(restored["@odata.type"], "#microsoft.graph.user");
    let user = contoso.get(&path).await.expect(200);
    assert_eq!(
        user["userPrincipalName"],
        format!("ann@{}", contoso.domain),
        "with the name it had"
    );
    contoso
        .call("POST", &format!("{DELETED}/{id}/restore"))
        .await
        .refused_somehow();

    // Gone for good.
    contoso.delete(&path).await.expect(204);
    contoso.delete(&format!("{DELETED}/{id}")).await.expect(204);
    contoso
        .call("POST", &format!("{DELETED}/{id}/restore"))
        .await
        .expect(404);
    contoso.delete(&format!("{DELETED}/{id}")).await.expect(404);
    // A living user isn't in there.
    let bob = contoso.user("bob").await;
    contoso
        .delete(&format!("{DELETED}/{bob}"))
        .await
        .expect(404);
    contoso.get(&format!("/v1.0/users/{bob}")).await.expect(200);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restoring_does_not_take_a_name_from_somebody() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let old = contoso.user("ann").await;
    contoso
        .delete(&format!("/v1.0/users/{old}"))
        .await
        .expect(204);
    let new = contoso.user("ann").await;
    let conflict = contoso
        .call("POST", &format!("{DELETED}/{old}/restore"))
        .await;
    assert!([400, 409].contains(&conflict.status), "{conflict:?}");
    let upn = format!("/v1.0/users/ann@{}", contoso.domain);
    assert_eq!(contoso.get(&upn).await.expect(200).id(), new);
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
async fn managers() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let ann = contoso.user("ann").await;
    let boss = contoso.user("boss").await;
    let path = format!("/v1.0/users/{ann}/manager");
    let reference = |collection: &str, id: &str| json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/{collection}/{id}") });
    contoso
        .get(&path)
        .await
        .refused(404, "Request_ResourceNotFound");

    for collection in ["users", "directoryObjects"] {
        contoso
            .put(&format!("{path}/$ref"), reference(collection, &boss))
            .await
            .expect(204);
        let manager = contoso.get(&path).await.expect(200);
        assert_eq!(manager["id"], boss.as_str());
        assert_eq!(manager["@odata.type"], "#microsoft.graph.user");
        assert_fits("directoryObject", &manager.json);
    }
    let reports = contoso
        .all(&format!("/v1.0/users/{boss}/directReports"))
        .await;
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0]["id"], ann.as_str());
    let expanded = contoso
        .get(&format!(
            "/v1.0/users/{ann}?$select=id&$expand=manager($select=id)"
        ))
        .await
        .expect(200);
    assert_eq!(expanded["manager"]["id"], boss.as_str());

    contoso
        .put(&format!("{path}/$ref"), reference("users", e2e::NOBODY))
        .await
        .refused_somehow();
    contoso
        .put(&format!("{path}/$ref"), json!({}))
        .await
        .refused(400, "Request_BadRequest");
    contoso
        .put(&format!("{path}/$ref"), json!({ "@odata.id": "nonsense" }))
        .await
        .refused_somehow();
    assert_eq!(contoso.get(&path).await.expect(200).id(), boss);

    contoso.delete(&format!("{path}/$ref")).await.expect(204);
    contoso
        .get(&path)
        .await
        .refused(404, "Request_ResourceNotFound");

    // A manager who goes leaves nobody with a reference to nothing.
    contoso
        .put(&format!("{path}/$ref"), reference("users", &boss))
        .await
        .expect(204);
    contoso
        .delete(&format!("/v1.0/users/{boss}"))
        .await
        .expect(204);
    contoso
        .get(&path)
        .await
        .refused(404, "Request_ResourceNotFound");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_creation_returns_the_first_answer() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let create = || {
        contoso
            .post("/v1.0/users", minimal(&contoso, "ann"))
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
        .post("/v1.0/users", minimal(&fabrikam, "ann"))
        .header("Idempotency-Key", "only-once")
        .await
        .expect(201);
    assert_ne!(theirs.id(), first.id());
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_organization_and_its_domains() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let organization = contoso.get("/v1.0/organization").await.expect(200);
    assert_eq!(organization.items().len(), 1);
    let own = &organization.items()[0];
    assert_fits("organization", own);
    assert_eq!(own["id"], contoso.id.as_str());
    assert_eq!(own["displayName"], "Contoso");
    let domains = contoso.get("/v1.0/domains").await.expect(200);
    assert_all_fit("domain", domains.items());
    let domain = domains
        .items()
        .iter()
        .find(|domain| domain["id"] == contoso.domain.as_str())
        .expect("the domain of its birth");
    assert_eq!(domain["isVerified"], true);

    // A domain that isn't proven gives no names.
    let added = contoso
        .post(
            "/v1.0/domains",
            json!({ "id": format!("new.{}", contoso.domain) }),
        )
        .await
        .expect(201);
    assert_eq!(added["isVerified"], false);
    let mut body = minimal(&contoso, "ann");
    body["userPrincipalName"] = json!(format!("ann@new.{}", contoso.domain));
    contoso
        .post("/v1.0/users", body)
        .await
        .refused(400, "Request_BadRequest");
    d.finish().await;
}
