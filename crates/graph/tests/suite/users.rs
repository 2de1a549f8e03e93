//! `/users`: order, what is expanded, passwords, and what the narrower permissions open.

use crate::common;
use crate::common::deployment::{Caller, DOMAIN, Deployment, NOBODY};
use serde_json::{Value, json};

const PASSWORD: &str = "correct-Horse-7-battery";

fn body(alias: &str) -> Value {
    json!({
        "accountEnabled": true, "displayName": alias, "mailNickname": alias,
        "userPrincipalName": format!("{alias}@{DOMAIN}"), "jobTitle": "Cook",
        "passwordProfile": { "password": PASSWORD, "forceChangePasswordNextSignIn": false },
    })
}

async fn user(caller: &Caller, alias: &str) -> String {
    let made = caller.post("/users", body(alias)).await.expect(201);
    made.json["id"].as_str().unwrap().to_owned()
}

async fn aliases(caller: &Caller, target: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut target = target.to_owned();
    loop {
        let page = caller.get_advanced(&target).await.expect(200).json;
        let items = page["value"].as_array().unwrap();
        found.extend(
            items
                .iter()
                .map(|item| item["displayName"].as_str().unwrap().to_owned()),
        );
        match page["@odata.nextLink"].as_str() {
            Some(next) => next.clone_into(&mut target),
            None => return found,
        }
    }
}

#[tokio::test]
async fn creation_says_where_or_nothing() {
    let d = Deployment::start().await;
    let made = d.admin.post("/users", body("ann")).await.expect(201);
    let id = made.json["id"].as_str().unwrap();
    assert_eq!(
        made.header("location"),
        format!("{}/v1.0/users/{id}", d.url)
    );
    let minimal = d
        .admin
        .call("POST", "/users")
        .header("Prefer", "return=minimal")
        .json(&body("bob"));
    let minimal = common::deployment::Answer::read(minimal.send().await.unwrap()).await;
    assert_eq!(minimal.expect(204).text, "");
    d.admin
        .get(&format!("/users/bob@{DOMAIN}"))
        .await
        .expect(200);
}

#[tokio::test]
async fn lists_have_an_order_across_pages() {
    let d = Deployment::start().await;
    for alias in ["dan", "Ann", "cyd", "bob"] {
        user(&d.admin, alias).await;
    }
    let up = ["Administrator", "Ann", "bob", "cyd", "dan"];
    let down: Vec<&str> = up.iter().rev().copied().collect();
    for (query, expected) in [
        ("$orderby=displayName", up.to_vec()),
        ("$orderby=displayName desc&$top=2", down),
        ("$orderby=userPrincipalName&$top=3", up.to_vec()),
        (
            "$filter=jobTitle eq 'Cook'&$orderby=displayName&$count=true&$top=3",
            up[1..].to_vec(),
        ),
    ] {
        assert_eq!(
            aliases(&d.admin, &format!("/users?{query}")).await,
            expected,
            "{query}"
        );
    }
    d.admin
        .get("/users?$orderby=displayName&$top=1")
        .await
        .expect(200);
    for query in [
        "$filter=jobTitle eq 'Cook'&$orderby=displayName",
        "$orderby=displayName,userPrincipalName",
        "$orderby=jobTitle",
    ] {
        d.admin
            .get(&format!("/users?{query}"))
            .await
            .refused(400, "Request_UnsupportedQuery");
    }
}

#[tokio::test]
async fn a_relation_stands_in_the_answer_if_asked_for() {
    let d = Deployment::start().await;
    let boss = user(&d.admin, "boss").await;
    let mut ann = body("ann");
    ann["manager@odata.bind"] = json!(format!("{}/v1.0/users/{boss}", d.url));
    d.admin.post("/users", ann).await.expect(201);
    let path = format!("/users/ann@{DOMAIN}");
    let shown = d
        .admin
        .get(&format!(
            "{path}?$select=displayName&$expand=manager($select=id,jobTitle)"
        ))
        .await
        .expect(200)
        .json;
    assert_eq!(
        shown["manager"],
        json!({ "@odata.type": "#microsoft.graph.user", "id": boss, "jobTitle": "Cook" })
    );
    let list = d
        .admin
        .get("/users?$select=displayName&$expand=manager")
        .await
        .expect(200)
        .json;
    let with_manager = list["value"].as_array().unwrap().iter();
    let with_manager = with_manager.filter(|user| !user["manager"].is_null());
    assert_eq!(with_manager.count(), 1);
    let reports = d
        .admin
        .get(&format!("/users/{boss}?$expand=directReports"))
        .await
        .expect(200)
        .json;
    assert_eq!(reports["directReports"][0]["displayName"], "ann");
    let count = d
        .admin
        .get_advanced(&format!("/users/{boss}/directReports/$count"))
        .await;
    assert_eq!(count.expect(200).text, "1");

    // All managers above a single user, each in the one below.
    let chief = user(&d.admin, "chief").await;
    let above = json!({ "@odata.id": format!("{}/v1.0/users/{chief}", d.url) });
    let at = format!("/users/{boss}/manager/$ref");
    d.admin.put(&at, above).await.expect(204);
    for (levels, has_chief) in [("max", true), ("2", true), ("1", false)] {
        let target =
            format!("{path}?$expand=manager($levels={levels};$select=id)&$select=id&$count=true");
        let shown = d.admin.get_advanced(&target).await.expect(200).json;
        assert_eq!(shown["manager"]["id"], *boss);
        let above = &shown["manager"]["manager"]["id"];
        assert_eq!(above == &json!(chief), has_chief, "{levels}");
    }
    let of_all = "/users?$expand=manager($levels=max)";
    d.admin.get(of_all).await.refused(400, "Request_BadRequest");

    for expand in [
        "nonsense",
        "manager($levels=0)",
        "directReports($levels=max)",
        "manager,directReports",
        "manager($select=nonsense)",
        "manager($filter=id eq '1')",
        "manager($select=id",
        "",
    ] {
        d.admin
            .get(&format!("{path}?$expand={expand}"))
            .await
            .refused(400, "Request_BadRequest");
    }

    // Gone again, and the manager isn't taken from nowhere.
    d.admin
        .delete(&format!("{path}/manager/$ref"))
        .await
        .expect(204);
    d.admin
        .delete(&format!("{path}/manager/$ref"))
        .await
        .refused(404, "Request_ResourceNotFound");
    let binding =
        json!({ "manager@odata.bind": format!("{}/v1.0/users/{NOBODY}", d.url), "city": "Chania" });
    d.admin
        .patch(&path, binding)
        .await
        .refused(404, "Request_ResourceNotFound");
    let city = d
        .admin
        .get(&format!("{path}?$select=city"))
        .await
        .expect(200);
    assert_eq!(city.json["city"], Value::Null, "all or nothing");
}

#[tokio::test]
async fn passwords_follow_the_rules_and_are_never_shown() {
    let d = Deployment::start().await;
    let ann = user(&d.admin, "ann").await;
    let path = format!("/users/{ann}");
    for profile in [
        json!({ "password": "short" }),
        json!({ "password": "" }),
        json!({ "password": null }),
        json!({ "password": 7 }),
        json!({ "password": PASSWORD, "hint": "horse" }),
        json!({ "forceChangePasswordNextSignIn": "yes" }),
        json!(PASSWORD),
        json!(null),
    ] {
        let answer = d
            .admin
            .patch(&path, json!({ "passwordProfile": profile }))
            .await
            .refused(400, "Request_BadRequest");
        assert!(!answer.text.contains(PASSWORD), "{}", answer.text);
    }
    let select = "?$select=passwordProfile,lastPasswordChangeDateTime";
    let before = d
        .admin
        .get(&format!("{path}{select}"))
        .await
        .expect(200)
        .json;
    let profile = |at_next: bool, with_multifactor: bool| {
        json!({
            "forceChangePasswordNextSignIn": at_next,
            "forceChangePasswordNextSignInWithMfa": with_multifactor,
            "password": null,
        })
    };
    assert_eq!(before["passwordProfile"], profile(false, false));
    for (sent, shown) in [
        (
            json!({ "password": "another-Horse-8-battery", "forceChangePasswordNextSignIn": true }),
            profile(true, false),
        ),
        (
            json!({ "forceChangePasswordNextSignInWithMfa": true }),
            profile(true, true),
        ),
        (
            json!({ "password": "another-Horse-9-battery" }),
            profile(false, false),
        ),
    ] {
        d.admin
            .patch(&path, json!({ "passwordProfile": sent }))
            .await
            .expect(204);
        let after = d.admin.get(&format!("{path}{select}")).await.expect(200);
        assert_eq!(after.json["passwordProfile"], shown);
    }
    let after = d
        .admin
        .get(&format!("{path}{select}"))
        .await
        .expect(200)
        .json;
    assert_ne!(
        before["lastPasswordChangeDateTime"],
        after["lastPasswordChangeDateTime"]
    );
}

#[tokio::test]
async fn a_basic_reader_sees_a_colleagues_card() {
    let d = Deployment::start().await;
    user(&d.admin, "ann").await;
    let basic = d.client(&["User.ReadBasic.All"]).await;
    let path = format!("/users/ann@{DOMAIN}");
    let shown = basic.get(&path).await.expect(200).json;
    assert_eq!(shown["displayName"], "ann");
    assert_eq!(shown["jobTitle"], Value::Null);
    assert_eq!(shown["businessPhones"], json!([]));
    for query in [
        "/users?$filter=jobTitle eq 'Cook'",
        "/users?$filter=not (jobTitle eq 'Cook')&$count=true",
        "/users/$count?$filter=jobTitle eq 'Cook'",
        "/users?$expand=manager",
        "/users/delta",
    ] {
        // Sees neither the value nor whom it picks.
        if query.contains("expand") {
            basic
                .get(query)
                .await
                .refused(403, "Authorization_RequestDenied");
        } else {
            basic
                .get_advanced(query)
                .await
                .refused(403, "Authorization_RequestDenied");
        }
    }
    let found = basic
        .get("/users?$filter=startswith(displayName,'an')&$select=displayName,jobTitle")
        .await
        .expect(200)
        .json;
    assert_eq!(
        found["value"],
        json!([{ "displayName": "ann", "jobTitle": null }])
    );
}

#[tokio::test]
async fn permissions_for_one_property_change_that_property() {
    let d = Deployment::start().await;
    let ann = user(&d.admin, "ann").await;
    let path = format!("/users/{ann}");
    for (permission, open) in [
        (
            "User-Mail.ReadWrite.All",
            json!({ "otherMails": ["ann@home.example"] }),
        ),
        (
            "User-Phone.ReadWrite.All",
            json!({ "mobilePhone": "+30 1", "businessPhones": ["+30 2"] }),
        ),
        (
            "User.EnableDisableAccount.All",
            json!({ "accountEnabled": false }),
        ),
        (
            "User-PasswordProfile.ReadWrite.All",
            json!({ "passwordProfile": { "password": "another-Horse-8-battery" } }),
        ),
    ] {
        let caller = d.client(&[permission]).await;
        let mut closed = open.clone();
        closed["displayName"] = json!("Eve");
        let refusal = caller
            .patch(&path, closed)
            .await
            .refused(403, "Authorization_RequestDenied");
        assert!(refusal.message().contains("'displayName'"), "{permission}");
        caller.patch(&path, open).await.expect(204);
    }
    // What is for users of other tenants isn't for this tenant's own.
    let cross = d.client(&["User.ReadWrite.CrossCloud"]).await;
    cross
        .patch(&path, json!({ "city": "Chania" }))
        .await
        .refused(403, "Authorization_RequestDenied");
    cross
        .delete(&path)
        .await
        .refused(403, "Authorization_RequestDenied");
    let select = "?$select=displayName,city,accountEnabled,mobilePhone";
    let ann = d
        .admin
        .get(&format!("{path}{select}"))
        .await
        .expect(200)
        .json;
    assert_eq!(ann["displayName"], "ann");
    assert_eq!(ann["city"], Value::Null);
    assert_eq!(ann["accountEnabled"], false);
    assert_eq!(ann["mobilePhone"], "+30 1");
}

#[tokio::test]
async fn properties_that_are_made_of_others_or_ignored() {
    let d = Deployment::start().await;
    let ann = format!("/users/{}", user(&d.admin, "ann").await);
    let change = json!({
        "mail": "Ann@home.example", "businessPhones@odata.type": "#Collection(String)",
        "businessPhones": ["+30 1"], "onPremisesExtensionAttributes": { "extensionAttribute3": "x" },
    });
    d.admin.patch(&ann, change).await.expect(204);
    let select = "$select=businessPhones,proxyAddresses,onPremisesExtensionAttributes";
    let shown = d
        .admin
        .get(&format!("{ann}?{select}"))
        .await
        .expect(200)
        .json;
    assert_eq!(shown["businessPhones"], json!(["+30 1"]));
    assert_eq!(shown["proxyAddresses"], json!(["SMTP:Ann@home.example"]));
    let attributes = &shown["onPremisesExtensionAttributes"];
    assert_eq!(attributes["extensionAttribute3"], "x");
    assert_eq!(attributes["extensionAttribute15"], Value::Null);

    let proxy = "/users?$filter=proxyAddresses/any(p:p eq 'smtp:ann@home.example')";
    assert_eq!(aliases(&d.admin, proxy).await, ["ann"]);
    d.admin
        .patch(&ann, json!({ "mail": null }))
        .await
        .expect(204);
    assert!(aliases(&d.admin, proxy).await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_filtered_is_not_said_to_be_missing() {
    let d = Deployment::start().await;
    for filter in [
        "aboutMe eq 'x'",
        "birthday le 2026-01-01T00:00:00Z",
        "mailboxSettings eq 'x'",
        "onPremisesExtensionAttributes eq 'x'",
        "interests/any(i:i eq 'x')",
    ] {
        let target = format!("/users?$count=true&$filter={filter}");
        let refused = d.admin.get_advanced(&target);
        let refused = refused.await.refused(400, "Request_UnsupportedQuery");
        assert!(refused.message().contains("position"), "{filter}");
    }
}

#[tokio::test]
async fn users_and_groups_are_found_by_their_security_identifiers() {
    let d = Deployment::start().await;
    let ann = user(&d.admin, "ann").await;
    user(&d.admin, "bob").await;
    let sales = json!({
        "displayName": "Sales", "mailEnabled": false, "mailNickname": "sales", "securityEnabled": true,
    });
    let sales = d.admin.post("/groups", sales).await.expect(201).json;
    let sales = sales["id"].as_str().unwrap();
    for (set, id) in [("users", ann.as_str()), ("groups", sales)] {
        let select = format!("/{set}/{id}?$select=securityIdentifier");
        let sid = d.admin.get(&select).await.expect(200).json;
        let sid = sid["securityIdentifier"].as_str().unwrap().to_owned();
        assert!(sid.starts_with("S-1-12-1-"), "{sid}");
        let found = async |filter: String| {
            let path = format!("/{set}?$count=true&$filter={filter}");
            let page = d.admin.get_advanced(&path).await.expect(200).json;
            let items = page["value"].as_array().unwrap().iter();
            let ids = items.map(|item| item["id"].as_str().unwrap().to_owned());
            ids.collect::<Vec<String>>()
        };
        let lower = sid.to_lowercase();
        for own in [
            format!("securityIdentifier eq '{sid}'"),
            format!("securityIdentifier in ('S-1-5-18','{lower}')"),
        ] {
            assert_eq!(found(own).await, [id]);
        }
        for none in ["S-1-12-1-1-2-3-4", "S-1-12-1-1-2-3", "S-1-5-18", ""] {
            let none = format!("securityIdentifier eq '{none}'");
            assert_eq!(found(none).await, [""; 0]);
        }
        let others = found(format!("securityIdentifier ne '{sid}'")).await;
        assert!(!others.contains(&id.to_owned()));
        let starts = format!("/{set}?$filter=startswith(securityIdentifier,'S')");
        let refused = d.admin.get(&starts).await;
        refused.refused(400, "Request_UnsupportedQuery");
    }
}

#[tokio::test]
async fn dates_sort_advanced_queries() {
    let d = Deployment::start().await;
    for alias in ["ann", "bob", "cyd"] {
        user(&d.admin, alias).await;
    }
    let path = "/users?$orderby=createdDateTime desc&$top=2";
    d.admin
        .get(path)
        .await
        .refused(400, "Request_UnsupportedQuery");
    let newest_first = aliases(&d.admin, &format!("{path}&$count=true")).await;
    assert_eq!(newest_first, ["cyd", "bob", "ann", "Administrator"]);
}

#[tokio::test]
async fn an_application_has_no_me() {
    let d = Deployment::start().await;
    for path in ["/me", "/me/manager", "/Me/memberOf/$count"] {
        let refused = d.admin.get(path).await.refused(400, "BadRequest");
        assert!(refused.message().contains("delegated"), "{path}");
    }
}

#[tokio::test]
async fn somebody_answers_for_who_is_invited() {
    let d = Deployment::start().await;
    let admin = format!("/users/admin@{DOMAIN}");
    let admin = d.admin.get(&admin).await.expect(200).json["id"].clone();
    let group = json!({ "displayName": "Hosts", "mailEnabled": false, "mailNickname": "hosts",
        "securityEnabled": true });
    let group = d.admin.post("/groups", group).await.expect(201).json["id"].clone();
    let (_, other) = d.other("Fabrikam", "fabrikam.example").await;
    let theirs = other.get("/users/admin@fabrikam.example").await;
    let theirs = theirs.expect(200).json["id"].clone();
    let invitation = |sponsors: serde_json::Value| {
        let mut body = json!({ "invitedUserEmailAddress": "ann@outside.example",
            "inviteRedirectUrl": "https://app.contoso.example" });
        body.as_object_mut()
            .unwrap()
            .extend(sponsors.as_object().unwrap().clone());
        body
    };
    for (status, sponsors) in [
        (404, json!({ "invitedUserSponsors": [{ "id": theirs }] })),
        (400, json!({ "invitedUserSponsors": [{}] })),
        (400, json!({ "invitedUserSponsors": "me" })),
        (
            400,
            json!({ "invitedUserSponsors@odata.bind": ["nonsense"] }),
        ),
    ] {
        let refused = d.admin.post("/invitations", invitation(sponsors)).await;
        assert_eq!(refused.status, status, "{refused:?}");
    }
    let address = format!("{}/v1.0/groups/{}", d.url, group.as_str().unwrap());
    let sponsors = json!({
        "invitedUserSponsors": [{ "@odata.type": "#microsoft.graph.user", "id": admin }],
        "invitedUserSponsors@odata.bind": [address],
    });
    let invited = d.admin.post("/invitations", invitation(sponsors)).await;
    let invited = invited.expect(201).json["invitedUser"]["id"].clone();
    let user = format!("/users/{}", invited.as_str().unwrap());
    let sponsors = format!("{user}/sponsors");
    let listed = d.admin.get(&sponsors).await.expect(200).json;
    let kinds = listed["value"].as_array().unwrap().iter();
    let kinds: std::collections::BTreeSet<_> = kinds
        .map(|it| it["@odata.type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["#microsoft.graph.group", "#microsoft.graph.user"].into()
    );
    let whole = d
        .admin
        .get(&format!("{user}?$expand=sponsors($select=id)"))
        .await;
    assert_eq!(
        whole.expect(200).json["sponsors"].as_array().unwrap().len(),
        2
    );

    let reference = json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{}", d.url, admin.as_str().unwrap()) });
    let add = format!("{sponsors}/$ref");
    let again = d.admin.post(&add, reference.clone()).await;
    assert!(
        again
            .refused(400, "Request_BadRequest")
            .message()
            .contains("'sponsors'")
    );
    let remove = format!("{sponsors}/{}/$ref", admin.as_str().unwrap());
    d.admin.delete(&remove).await.expect(204);
    d.admin
        .delete(&remove)
        .await
        .refused(404, "Request_ResourceNotFound");
    d.admin.post(&add, reference.clone()).await.expect(204);
    other
        .post(&add, reference)
        .await
        .refused(404, "Request_ResourceNotFound");
    let reader = d.client(&["User.Read.All"]).await;
    reader
        .delete(&remove)
        .await
        .refused(403, "Authorization_RequestDenied");
}

#[tokio::test]
async fn what_few_users_have_is_filtered_too() {
    let d = Deployment::start().await;
    for (alias, body) in [
        (
            "ann",
            json!({
                "faxNumber": "+30 281 1",
                "employeeLeaveDateTime": "2026-12-31T00:00:00Z",
                "onPremisesExtensionAttributes": {
                    "extensionAttribute1": "Blue", "extensionAttribute15": "x"
                },
            }),
        ),
        (
            "bob",
            json!({
                "ageGroup": "Adult",
                "employeeLeaveDateTime": "1969-07-20T20:17:00Z",
                "employeeOrgData": { "costCenter": "C1", "division": "North" },
                "onPremisesExtensionAttributes": { "extensionAttribute1": "blueish" },
            }),
        ),
        (
            "cyd",
            json!({ "passwordPolicies": "DisablePasswordExpiration" }),
        ),
    ] {
        let id = user(&d.admin, alias).await;
        d.admin
            .patch(&format!("/users/{id}"), body)
            .await
            .expect(204);
    }
    let one = "onPremisesExtensionAttributes/extensionAttribute1";
    let found = async |filter: &str| {
        let page = d.admin.get(&format!("/users?$filter={filter}")).await;
        let page = page.expect(200).json;
        let items = page["value"].as_array().unwrap().iter();
        let names: Vec<String> = items
            .map(|item| item["displayName"].as_str().unwrap().to_owned())
            .collect();
        names
    };
    let advanced = async |filter: &str| {
        aliases(&d.admin, &format!("/users?$count=true&$filter={filter}")).await
    };

    // As plain queries.
    assert_eq!(found(&format!("{one} eq 'BLUE'")).await, ["ann"]);
    let begins = format!("startswith({one},'blu') and startswith(userPrincipalName,'b')");
    assert_eq!(found(&begins).await, ["bob"]);
    let either = format!("{one} in ('blue','green') or faxNumber eq '1'");
    assert_eq!(found(&either).await, ["ann"]);
    let both = "employeeOrgData/costCenter eq 'c1' and employeeOrgData/division eq 'north'";
    assert_eq!(found(both).await, ["bob"]);
    assert_eq!(found("ageGroup eq 'Adult'").await, ["bob"]);
    let leaves = "employeeLeaveDateTime le 2026-12-31T00:00:00Z";
    assert_eq!(found(leaves).await.len(), 2);
    assert_eq!(
        found("employeeLeaveDateTime ge 2000-01-01T00:00:00Z").await,
        ["ann"]
    );
    for nobody in [
        "onPremisesSamAccountName eq 'x'",
        "onPremisesImmutableId eq 'x'",
        "imAddresses/any(i:i eq 'x')",
        "identities/any(i:i/issuer eq 'x' and i/issuerAssignedId eq 'y')",
        "assignedLicenses/any(l:l/skuId eq 6fd2c87f-b296-42f0-b197-1e91e994b900)",
        "assignedPlans/any(p:p/servicePlanId eq 6fd2c87f-b296-42f0-b197-1e91e994b900)",
        "serviceProvisioningErrors/any(p:p/serviceInstance eq 'x')",
    ] {
        assert!(found(nobody).await.is_empty(), "{nobody}");
    }

    // What only advanced queries may ask.
    let unequal = format!("{one} ne 'blue' and {one} ne null");
    assert_eq!(advanced(&unequal).await, ["bob"]);
    let everybody = advanced("assignedLicenses/$count eq 0").await;
    assert_eq!(everybody.len(), 4);
    assert!(advanced("assignedLicenses/$count ne 0").await.is_empty());
    let none = format!("{one} eq null");
    assert_eq!(advanced(&none).await.len(), 2);
    let policy = "passwordPolicies ne 'DisablePasswordExpiration' and not(ageGroup eq 'adult')";
    assert_eq!(advanced(policy).await.len(), 2);
    d.admin
        .get(&format!("/users?$filter={none}"))
        .await
        .refused(400, "Request_UnsupportedQuery");

    // It follows what changes, and finds who was deleted among the deleted.
    let ann = found(&format!("{one} eq 'blue'")).await;
    assert_eq!(ann, ["ann"]);
    let ann = "/users/ann@contoso.example";
    let change = json!({ "onPremisesExtensionAttributes": { "extensionAttribute1": null } });
    d.admin.patch(ann, change).await.expect(204);
    assert!(found(&format!("{one} eq 'blue'")).await.is_empty());
    assert_eq!(
        found("onPremisesExtensionAttributes/extensionAttribute15 eq 'x'").await,
        ["ann"]
    );
    d.admin.delete(ann).await.expect(204);
    assert!(found("faxNumber eq '+30 281 1'").await.is_empty());
    let deleted = "/directory/deletedItems/microsoft.graph.user?$filter=faxNumber eq '%2B30 281 1'";
    let deleted = d.admin.get(deleted).await.expect(200).json;
    assert_eq!(deleted["value"].as_array().unwrap().len(), 1);
}
