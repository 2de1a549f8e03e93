//! `/users` as a collection: pages, counts and filters.

use std::collections::BTreeSet;

use e2e::{
    Caller, Shared, encode,
    metadata::{assert_all_fit, property_names},
};
use serde_json::json;

static SHARED: Shared = Shared::new();

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
                assert_eq!(property_names(user), BTreeSet::from(["id", "department"]));
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
