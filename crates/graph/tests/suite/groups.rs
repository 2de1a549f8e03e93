//! `/groups` and what leads to them: what the bodies bind, what lists show to whom, pages.

use std::collections::BTreeSet;

use crate::common::deployment::{Caller, DOMAIN, Deployment, NOBODY};
use serde_json::{Value, json};

async fn user(caller: &Caller, alias: &str) -> String {
    let body = json!({
        "accountEnabled": true, "displayName": alias, "mailNickname": alias,
        "userPrincipalName": format!("{alias}@{DOMAIN}"), "jobTitle": "Cook",
        "passwordProfile": { "password": "correct-Horse-7-battery" },
    });
    let user = caller.post("/users", body).await.expect(201);
    user.json["id"].as_str().unwrap().to_owned()
}

fn body(name: &str) -> Value {
    json!({ "displayName": name, "mailEnabled": false, "mailNickname": name, "securityEnabled": true })
}

async fn group(caller: &Caller, name: &str) -> String {
    let group = caller.post("/groups", body(name)).await.expect(201);
    group.json["id"].as_str().unwrap().to_owned()
}

fn reference(id: &str) -> Value {
    json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}") })
}

async fn ids(caller: &Caller, target: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut target = target.to_owned();
    loop {
        let page = caller.get(&target).await.expect(200).json;
        for item in page["value"].as_array().unwrap() {
            assert!(found.insert(item["id"].as_str().unwrap().to_owned()));
        }
        match page["@odata.nextLink"].as_str() {
            Some(next) => next.clone_into(&mut target),
            None => return found,
        }
    }
}

fn set(ids: &[&String]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).clone()).collect()
}

#[tokio::test]
async fn references_are_addresses_of_this_server_or_of_graph() {
    let d = Deployment::start().await;
    let (ann, cooks) = (user(&d.admin, "ann").await, group(&d.admin, "cooks").await);
    let members = format!("/groups/{cooks}/members");
    for address in [
        format!("{}/v1.0/directoryObjects/{ann}", d.url),
        format!("{}/beta/users/{ann}", d.url),
        format!("{}/v1.0/users/ann@{DOMAIN}", d.url),
        format!("{}/v1.0/users('{ann}')", d.url),
        format!("https://graph.microsoft.com/beta/directoryObjects/{ann}"),
        format!("https://GRAPH.microsoft.com/v1.0/Users/{ann}"),
    ] {
        let body = json!({ "@odata.id": address });
        d.admin
            .post(&format!("{members}/$ref"), body)
            .await
            .expect(204);
        d.admin
            .delete(&format!("{members}/{ann}/$ref"))
            .await
            .expect(204);
    }
    for address in [
        format!("https://elsewhere.example/v1.0/users/{ann}"),
        format!("https://graph.microsoft.com.elsewhere.example/v1.0/users/{ann}"),
        format!("{}.elsewhere.example/v1.0/users/{ann}", d.url),
        format!("{}/users/{ann}", d.url),
        format!("{}/v1.0/devices/{ann}", d.url),
        format!("{}/v1.0/users/{ann}/manager", d.url),
        format!("{}/v1.0/users/{ann}?x=y", d.url),
        format!("/v1.0/users/{ann}"),
        ann.clone(),
        String::new(),
    ] {
        let body = json!({ "@odata.id": address });
        d.admin
            .post(&format!("{members}/$ref"), body)
            .await
            .refused(400, "Request_BadRequest");
    }
    // There, but of another kind.
    for address in [
        format!("{}/v1.0/groups/{ann}", d.url),
        format!("{}/v1.0/users/{cooks}", d.url),
        format!("{}/v1.0/users/{NOBODY}", d.url),
        format!("{}/v1.0/groups/nonsense", d.url),
    ] {
        let body = json!({ "@odata.id": address });
        d.admin
            .post(&format!("{members}/$ref"), body)
            .await
            .refused(404, "Request_ResourceNotFound");
    }
    assert_eq!(ids(&d.admin, &members).await, set(&[]));
}

#[tokio::test]
async fn a_group_is_made_with_its_owners_and_members_or_not_at_all() {
    let d = Deployment::start().await;
    let (ann, bob) = (user(&d.admin, "ann").await, user(&d.admin, "bob").await);
    let address = |id: &str| format!("{}/v1.0/users/{id}", d.url);
    let mut whole = body("cooks");
    whole["owners@odata.bind"] = json!([address(&ann)]);
    whole["members@odata.bind"] = json!([address(&ann), address(&bob)]);
    let made = d.admin.post("/groups", whole.clone()).await.expect(201);
    let path = format!("/groups/{}", made.json["id"].as_str().unwrap());
    assert_eq!(ids(&d.admin, &format!("{path}/owners")).await, set(&[&ann]));
    assert_eq!(
        ids(&d.admin, &format!("{path}/members")).await,
        set(&[&ann, &bob])
    );
    let expanded = d
        .admin
        .get(&format!(
            "{path}?$select=id&$expand=members($select=displayName)"
        ))
        .await
        .expect(200)
        .json;
    let names: BTreeSet<&str> = expanded["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["displayName"].as_str().unwrap())
        .collect();
    assert_eq!(names, BTreeSet::from(["ann", "bob"]));

    let (mut unknown, mut many, mut wrong) = (whole.clone(), whole.clone(), whole);
    unknown["members@odata.bind"] = json!([address(NOBODY)]);
    d.admin
        .post("/groups", unknown)
        .await
        .refused(404, "Request_ResourceNotFound");
    many["members@odata.bind"] = json!(vec![address(&bob); 20]);
    let refusal = d
        .admin
        .post("/groups", many)
        .await
        .refused(400, "Request_BadRequest");
    assert!(refusal.message().contains("limits.bind_objects"));
    wrong["members@odata.bind"] = json!([7]);
    d.admin
        .post("/groups", wrong)
        .await
        .refused(400, "Request_BadRequest");
    assert_eq!(ids(&d.admin, "/groups").await.len(), 1);
}

#[tokio::test]
async fn lists_of_members_come_in_pages_by_type_and_counted() {
    let d = Deployment::start().await;
    let (outer, inner) = (
        group(&d.admin, "outer").await,
        group(&d.admin, "inner").await,
    );
    let mut users = BTreeSet::new();
    for alias in ["ann", "bob", "cyd", "dan"] {
        users.insert(user(&d.admin, alias).await);
    }
    for id in users.iter().chain([&inner]) {
        d.admin
            .post(&format!("/groups/{outer}/members/$ref"), reference(id))
            .await
            .expect(204);
    }
    let one = users.first().unwrap();
    d.admin
        .post(&format!("/groups/{inner}/members/$ref"), reference(one))
        .await
        .expect(204);
    let mut everything = users.clone();
    everything.insert(inner.clone());
    for (list, expected) in [
        ("members", &everything),
        ("members/microsoft.graph.user", &users),
        ("transitiveMembers", &everything),
        ("transitiveMembers/microsoft.graph.user", &users),
        ("transitiveMembers/microsoft.graph.group", &set(&[&inner])),
        ("owners", &set(&[])),
        ("owners/microsoft.graph.servicePrincipal", &set(&[])),
    ] {
        let path = format!("/groups/{outer}/{list}");
        assert_eq!(ids(&d.admin, &path).await, *expected, "{list}");
        assert_eq!(
            ids(&d.admin, &format!("{path}?$top=2")).await,
            *expected,
            "{list}"
        );
        let count = d.admin.get_advanced(&format!("{path}/$count")).await;
        assert_eq!(count.expect(200).text, expected.len().to_string(), "{list}");
        d.admin
            .get(&format!("{path}/$count"))
            .await
            .refused(400, "Request_BadRequest");
        let first = d
            .admin
            .get_advanced(&format!("{path}?$count=true&$top=1"))
            .await
            .expect(200)
            .json;
        assert_eq!(first["@odata.count"], expected.len(), "{list}");
        let gone = path.replace(&outer, NOBODY);
        d.admin
            .get(&gone)
            .await
            .refused(404, "Request_ResourceNotFound");
    }
    for (path, expected) in [
        (format!("/groups/{inner}/memberOf"), set(&[&outer])),
        (format!("/groups/{outer}/memberOf"), set(&[])),
        (
            format!("/groups/{inner}/transitiveMemberOf/microsoft.graph.group"),
            set(&[&outer]),
        ),
        (
            format!("/users/{one}/memberOf?$top=1"),
            set(&[&inner, &outer]),
        ),
        (
            format!("/users/{one}/transitiveMemberOf/microsoft.graph.group"),
            set(&[&inner, &outer]),
        ),
    ] {
        assert_eq!(ids(&d.admin, &path).await, expected, "{path}");
    }

    // Each says what it is, unless the address does.
    let mixed = d
        .admin
        .get(&format!(
            "/groups/{outer}/members?$select=jobTitle,groupTypes"
        ))
        .await
        .expect(200)
        .json;
    let kinds: BTreeSet<String> = mixed["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            item.as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert_eq!(
        kinds,
        BTreeSet::from([
            "@odata.type groupTypes".into(),
            "@odata.type jobTitle".into()
        ])
    );
    let cast = d
        .admin
        .get(&format!(
            "/groups/{outer}/members/microsoft.graph.user?$select=id"
        ))
        .await
        .expect(200)
        .json;
    assert!(cast["value"][0]["@odata.type"].is_null());
    d.admin
        .get(&format!("/groups/{outer}/members?$select=nonsense"))
        .await
        .refused(400, "Request_BadRequest");
}

#[tokio::test]
async fn who_reads_memberships_only_sees_who_and_not_what() {
    let d = Deployment::start().await;
    let (ann, cooks) = (user(&d.admin, "ann").await, group(&d.admin, "cooks").await);
    let members = format!("/groups/{cooks}/members");
    d.admin
        .post(&format!("{members}/$ref"), reference(&ann))
        .await
        .expect(204);
    let seen = async |permissions: &[&str]| {
        let caller = d.client(permissions).await;
        let list = caller
            .get(&format!("{members}?$select=id,displayName,jobTitle"))
            .await
            .expect(200);
        list.json["value"][0].clone()
    };
    let kind = "#microsoft.graph.user";
    assert_eq!(
        seen(&["GroupMember.Read.All"]).await,
        json!({ "@odata.type": kind, "id": ann, "displayName": null, "jobTitle": null })
    );
    assert_eq!(
        seen(&["GroupMember.Read.All", "User.ReadBasic.All"]).await,
        json!({ "@odata.type": kind, "id": ann, "displayName": "ann", "jobTitle": null })
    );
    assert_eq!(
        seen(&["GroupMember.Read.All", "User.Read.All"]).await,
        json!({ "@odata.type": kind, "id": ann, "displayName": "ann", "jobTitle": "Cook" })
    );

    // A member's address without `$ref` would be the member: it isn't one that can be deleted.
    let refused = d.admin.delete(&format!("{members}/{ann}")).await;
    assert_eq!(refused.status, 404);
    d.admin.get(&format!("/users/{ann}")).await.expect(200);
}

#[tokio::test]
async fn objects_are_found_by_id_alone() {
    let d = Deployment::start().await;
    let (ann, cooks) = (user(&d.admin, "ann").await, group(&d.admin, "cooks").await);
    let found = d
        .admin
        .get(&format!("/directoryObjects/{cooks}"))
        .await
        .expect(200);
    assert_eq!(found.json["@odata.type"], "#microsoft.graph.group");
    for id in [NOBODY, "nonsense"] {
        d.admin
            .get(&format!("/directoryObjects/{id}"))
            .await
            .refused(404, "Request_ResourceNotFound");
    }
    for (body, expected) in [
        (json!({ "ids": [ann, NOBODY, cooks] }), vec![&ann, &cooks]),
        (
            json!({ "ids": [ann, cooks], "types": ["user"] }),
            vec![&ann],
        ),
        (json!({ "ids": [] }), vec![]),
    ] {
        let answer = d
            .admin
            .post("/directoryObjects/getByIds", body)
            .await
            .expect(200)
            .json;
        let items = answer["value"].as_array().unwrap();
        let ids: Vec<_> = items
            .iter()
            .map(|item| item["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, expected);
    }
    // Applications are among them.
    let app = json!({ "displayName": "Wiki" });
    let app = d.admin.post("/applications", app).await.expect(201).json;
    let id = app["id"].as_str().unwrap();
    let one = d.admin.get(&format!("/directoryObjects/{id}")).await;
    let one = one.expect(200).json;
    assert_eq!(one["@odata.type"], "#microsoft.graph.application");
    assert_eq!(one["appId"], app["appId"]);
    for (types, found) in [(json!(["application"]), 1), (json!(["user"]), 0)] {
        let body = json!({ "ids": [id], "types": types });
        let answer = d.admin.post("/directoryObjects/getByIds", body).await;
        let items = answer.expect(200).json["value"].as_array().unwrap().len();
        assert_eq!(items, found);
    }
    for body in [
        json!({}),
        json!({ "ids": "x" }),
        json!({ "ids": vec![NOBODY; 1001] }),
        json!({ "ids": [], "types": "user" }),
    ] {
        d.admin
            .post("/directoryObjects/getByIds", body)
            .await
            .refused(400, "Request_BadRequest");
    }
}

#[tokio::test]
async fn related_objects_are_filtered_by_advanced_queries() {
    let d = Deployment::start().await;
    let (ann, bob) = (user(&d.admin, "ann").await, user(&d.admin, "bob").await);
    let (cooks, bakers) = (
        group(&d.admin, "cooks").await,
        group(&d.admin, "bakers").await,
    );
    let members = format!("/groups/{cooks}/members");
    for member in [&ann, &bob, &bakers] {
        let body = reference(member);
        let target = format!("{members}/$ref");
        let added = d.admin.post(&target, body);
        added.await.expect(204);
    }
    let found = async |target: &str| {
        let page = d.admin.get_advanced(target).await.expect(200).json;
        let items = page["value"].as_array().unwrap().iter();
        let ids = items.map(|item| item["id"].as_str().unwrap().to_owned());
        (ids.collect::<BTreeSet<_>>(), page["@odata.count"].clone())
    };
    let by_name = "$filter=startswith(displayName,'b')&$count=true";
    for (path, expected) in [
        (members.clone(), set(&[&bob, &bakers])),
        (format!("{members}/microsoft.graph.user"), set(&[&bob])),
        (format!("{members}/microsoft.graph.group"), set(&[&bakers])),
        (
            format!("/groups/{cooks}/transitiveMembers/microsoft.graph.user"),
            set(&[&bob]),
        ),
        (format!("/users/{ann}/memberOf"), set(&[])),
    ] {
        let count = expected.len();
        let (ids, counted) = found(&format!("{path}?{by_name}")).await;
        assert_eq!((ids, counted), (expected, json!(count)), "{path}");
        d.admin
            .get(&format!("{path}?{by_name}"))
            .await
            .refused(400, "Request_UnsupportedQuery");
    }
    // One by its id is found without the header, as automation tools look for it.
    for (asked, expected) in [(&bob, set(&[&bob])), (&cooks, set(&[]))] {
        let target = format!("{members}?$filter=id eq '{asked}'");
        let read = d.admin.get(&target).await.expect(200).json;
        let items = read["value"].as_array().unwrap().iter();
        let ids = items.map(|item| item["id"].as_str().unwrap().to_owned());
        assert_eq!(ids.collect::<BTreeSet<_>>(), expected);
    }
    let users = format!("{members}/microsoft.graph.user");
    let cooks = "jobTitle eq 'cook' and displayName ne 'bob'";
    let (ids, _) = found(&format!("{users}?$filter={cooks}&$count=true")).await;
    assert_eq!(ids, set(&[&ann]));
    let target = format!("{users}/$count?$filter={cooks}");
    let counted = d.admin.get_advanced(&target);
    assert_eq!(counted.await.expect(200).text, "1");

    let reports = format!("/users/{ann}/directReports/microsoft.graph.user");
    let manager = json!({ "@odata.id": format!("{}/v1.0/users/{ann}", d.url) });
    let set_manager = format!("/users/{bob}/manager/$ref");
    d.admin.put(&set_manager, manager).await.expect(204);
    for (filter, expected) in [("Cook", set(&[&bob])), ("Baker", set(&[]))] {
        let query = format!("$filter=jobTitle eq '{filter}'");
        let (ids, _) = found(&format!("{reports}?{query}&$count=true")).await;
        let target = format!("{reports}/$count?{query}");
        let counted = d.admin.get_advanced(&target).await.expect(200).text;
        assert_eq!(counted, expected.len().to_string());
        assert_eq!(ids, expected);
    }
    let groups = format!("/users/{bob}/memberOf/microsoft.graph.group/$count");
    assert_eq!(d.admin.get_advanced(&groups).await.expect(200).text, "1");

    // What is sought may be of one type only; the header suffices.
    let described = json!({ "description": "Bread and rolls" });
    let at = format!("/groups/{bakers}");
    d.admin.patch(&at, described).await.expect(204);
    for (search, expected) in [
        ("\"displayName:bo\"", set(&[&bob])),
        ("\"description:rolls\"", set(&[&bakers])),
        (
            "\"displayName:ann\" OR \"displayName:bakers\"",
            set(&[&ann, &bakers]),
        ),
    ] {
        let (ids, _) = found(&format!("{members}?$search={search}")).await;
        assert_eq!(ids, expected, "{search}");
        let plain = d.admin.get(&format!("{members}?$search={search}")).await;
        plain.refused(400, "Request_UnsupportedQuery");
    }
    let target = format!("{members}/$count?$search=\"displayName:bo\"");
    let counted = d.admin.get_advanced(&target);
    assert_eq!(counted.await.expect(200).text, "1");

    // In an order, across pages, with and without a filter.
    for (query, expected) in [
        ("$orderby=displayName", vec!["ann", "bakers", "bob"]),
        ("$orderby=displayName desc", vec!["bob", "bakers", "ann"]),
        (
            "$orderby=displayName desc&$filter=startswith(displayName,'b')",
            vec!["bob", "bakers"],
        ),
    ] {
        let mut target = format!("{members}?{query}&$count=true&$top=1");
        let mut names = Vec::new();
        loop {
            let page = d.admin.get_advanced(&target).await.expect(200).json;
            let items = page["value"].as_array().unwrap().iter();
            names.extend(items.map(|item| item["displayName"].as_str().unwrap().to_owned()));
            match page["@odata.nextLink"].as_str() {
                Some(next) => next.clone_into(&mut target),
                None => break,
            }
        }
        assert_eq!(names, expected, "{query}");
    }
    let by_upn = "$orderby=userPrincipalName&$count=true";
    let (ids, _) = found(&format!("{members}/microsoft.graph.user?{by_upn}")).await;
    assert_eq!(ids, set(&[&ann, &bob]));
    let refused = d.admin.get_advanced(&format!("{members}?{by_upn}")).await;
    refused.refused(400, "Request_UnsupportedQuery");
    let plain = d
        .admin
        .get(&format!("{members}?$orderby=displayName"))
        .await;
    plain.refused(400, "Request_UnsupportedQuery");

    // Page by page the count is that of all, once.
    let target = format!("{members}?{by_name}&$top=1");
    let page = d.admin.get_advanced(&target);
    let page = page.await.expect(200).json;
    assert_eq!(page["@odata.count"], 2);
    let (rest, again) = found(page["@odata.nextLink"].as_str().unwrap()).await;
    assert_eq!((rest, again), (set(&[&bakers]), Value::Null));

    // Of several types, only what they have in common; and nothing that isn't seen.
    for filter in ["jobTitle eq 'Cook'", "nonsense eq 1"] {
        let target = format!("{members}?$filter={filter}&$count=true");
        let refused = d.admin.get_advanced(&target);
        refused.await.refused(400, "Request_BadRequest");
    }
    let narrow = d.client(&["GroupMember.Read.All"]).await;
    for query in [by_name, "$orderby=displayName&$count=true"] {
        let target = format!("{users}?{query}");
        let refused = narrow.get_advanced(&target);
        refused.await.refused(403, "Authorization_RequestDenied");
    }
}

#[tokio::test]
async fn actions_tell_in_which_groups_an_object_is() {
    let d = Deployment::start().await;
    let ann = user(&d.admin, "ann").await;
    let (inner, outer, other) = (
        group(&d.admin, "inner").await,
        group(&d.admin, "outer").await,
        group(&d.admin, "other").await,
    );
    let list = json!({
        "displayName": "list", "mailEnabled": true, "mailNickname": "list",
        "securityEnabled": false, "groupTypes": ["Unified"],
    });
    let list = d.admin.post("/groups", list).await.expect(201).json;
    let list = list["id"].as_str().unwrap().to_owned();
    for (group, member) in [(&inner, &ann), (&outer, &inner), (&list, &ann)] {
        let path = format!("/groups/{group}/members/$ref");
        d.admin.post(&path, reference(member)).await.expect(204);
    }
    let ask = async |path: String, body: Value| -> BTreeSet<String> {
        let answer = d.admin.post(&path, body).await.expect(200).json;
        assert!(
            answer["@odata.context"]
                .as_str()
                .unwrap()
                .ends_with("#Collection(Edm.String)")
        );
        serde_json::from_value(answer["value"].clone()).unwrap()
    };
    let all = json!({ "securityEnabledOnly": false });
    let secure = json!({ "securityEnabledOnly": true });
    for whose in ["users", "directoryObjects"] {
        let path = |action: &str| format!("/{whose}/{ann}/{action}");
        let every = set(&[&inner, &outer, &list]);
        assert_eq!(ask(path("getMemberGroups"), all.clone()).await, every);
        assert_eq!(ask(path("getMemberObjects"), all.clone()).await, every);
        assert_eq!(
            ask(path("getMemberGroups"), secure.clone()).await,
            set(&[&inner, &outer])
        );
        for (action, name) in [
            ("checkMemberGroups", "groupIds"),
            ("checkMemberObjects", "ids"),
        ] {
            let asked = json!({ name: [outer, other, NOBODY] });
            assert_eq!(ask(path(action), asked).await, set(&[&outer]));
        }
    }
    assert_eq!(
        ask(format!("/groups/{inner}/getMemberGroups"), all.clone()).await,
        set(&[&outer])
    );

    let refused = async |path: String, body: Value, status: u16, code: &str| {
        d.admin.post(&path, body).await.refused(status, code);
    };
    let check = format!("/users/{ann}/checkMemberGroups");
    for body in [
        json!({}),
        json!({ "groupIds": "x" }),
        json!({ "groupIds": ["x"] }),
        json!({ "groupIds": vec![NOBODY; 21] }),
        json!({ "groupIds": [], "more": 1 }),
    ] {
        refused(check.clone(), body, 400, "Request_BadRequest").await;
    }
    for whose in ["users", "groups", "servicePrincipals", "directoryObjects"] {
        let path = format!("/{whose}/{NOBODY}/getMemberGroups");
        refused(path, all.clone(), 404, "Request_ResourceNotFound").await;
    }
    let stranger = d.client(&["Application.ReadWrite.OwnedBy"]).await;
    stranger
        .post(&check, json!({ "groupIds": [] }))
        .await
        .refused(403, "Authorization_RequestDenied");
    let (_, fabrikam) = d.other("Fabrikam", "fabrikam.example").await;
    fabrikam
        .post(&check, json!({ "groupIds": [] }))
        .await
        .refused(404, "Request_ResourceNotFound");
}

#[tokio::test]
async fn references_are_read_one_by_one_and_together() {
    let d = Deployment::start().await;
    let (ann, bob) = (user(&d.admin, "ann").await, user(&d.admin, "bob").await);
    let group = group(&d.admin, "cooks").await;
    for relation in ["members", "owners"] {
        let path = format!("/groups/{group}/{relation}/$ref");
        d.admin.post(&path, reference(&ann)).await.expect(204);
        let address = format!("{}/v1.0/directoryObjects/{ann}", d.url);
        let listed = d.admin.get(&path).await.expect(200).json;
        assert_eq!(listed["value"], json!([{ "@odata.id": address }]));
        let one = format!("/groups/{group}/{relation}/{ann}/$ref");
        assert_eq!(
            d.admin.get(&one).await.expect(200).json["@odata.id"],
            *address
        );
        d.admin
            .get(&format!("/groups/{group}/{relation}/{bob}/$ref"))
            .await
            .refused(404, "Request_ResourceNotFound");
    }
}

#[tokio::test]
async fn what_few_groups_have_is_filtered_too() {
    let d = Deployment::start().await;
    for (name, more) in [
        ("sales", json!({ "preferredLanguage": "el-GR" })),
        (
            "both",
            json!({ "preferredLanguage": "en-GB", "uniqueName": "unique-1" }),
        ),
        ("none", json!({})),
    ] {
        let mut body = body(name);
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        d.admin.post("/groups", body).await.expect(201);
    }
    let names = async |filter: &str| {
        let target = format!("/groups?$count=true&$filter={filter}");
        let page = d.admin.get_advanced(&target).await.expect(200).json;
        let items = page["value"].as_array().unwrap().iter();
        let mut names: Vec<String> = items
            .map(|item| item["displayName"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("preferredLanguage eq 'EL-gr'").await, ["sales"]);
    assert_eq!(names("startswith(preferredLanguage,'e')").await.len(), 2);
    assert_eq!(names("preferredLanguage eq null").await, ["none"]);
    let plain = "/groups?$filter=uniqueName eq 'unique-1'";
    let plain = d.admin.get(plain).await.expect(200).json;
    assert_eq!(plain["value"][0]["displayName"], "both");
    // What scripts look for everywhere, and what nothing here has.
    let teams = "resourceProvisioningOptions/Any(x:x eq 'Team')";
    assert!(names(teams).await.is_empty());
    assert_eq!(names(&format!("not {teams}")).await.len(), 3);
    let plain = format!("/groups?$filter={teams}");
    d.admin.get(&plain).await.expect(200);
    assert!(names("assignedLicenses/any()").await.is_empty());
    assert_eq!(names("onPremisesSamAccountName eq null").await.len(), 3);
    assert_eq!(names("expirationDateTime eq null").await.len(), 3);
    assert_eq!(
        names("renewedDateTime ge 2020-01-01T00:00:00Z").await.len(),
        3
    );
    assert!(
        names("proxyAddresses/any(p:startswith(p,'smtp:'))")
            .await
            .is_empty()
    );
}
