//! `/groups`: members of users and groups, owners, and what a user is a member of.

use std::collections::BTreeSet;

use e2e::{
    Answer, Shared, Tenant, encode,
    metadata::{assert_all_fit, assert_fits},
};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

fn reference(id: &str) -> Value {
    json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}") })
}

async fn ids(tenant: &Tenant, target: &str) -> BTreeSet<String> {
    let items = tenant.all(target).await;
    let ids = items.iter().map(|item| item["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn create_read_change_delete_restore() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let body = json!({
        "displayName": "Cooks", "description": "All of them", "mailEnabled": false,
        "mailNickname": "cooks", "securityEnabled": true,
    });
    let group = contoso.post("/v1.0/groups", body).await.expect(201);
    assert_fits("group", &group.json);
    assert_eq!(group["securityEnabled"], true);
    assert_eq!(group["groupTypes"], json!([]));
    let path = format!("/v1.0/groups/{}", group.id());
    let read = contoso.get(&path).await.expect(200);
    assert_fits("group", &read.json);
    assert_eq!(read["displayName"], "Cooks");
    let selected = contoso
        .get(&format!("{path}?$select=description"))
        .await
        .expect(200);
    assert_eq!(selected["description"], "All of them");
    assert!(selected["displayName"].is_null());
    contoso
        .get(&format!("{path}?$select=nonsense"))
        .await
        .refused(400, "Request_BadRequest");

    contoso
        .patch(
            &path,
            json!({ "displayName": "Chefs", "description": null }),
        )
        .await
        .expect(204);
    let read = contoso.get(&path).await.expect(200);
    assert_eq!(read["displayName"], "Chefs");
    assert_eq!(read["description"], Value::Null);
    for patch in [
        json!({ "id": e2e::NOBODY }),
        json!({ "nonsense": 1 }),
        json!({ "displayName": null }),
        json!({ "displayName": 1 }),
    ] {
        contoso
            .patch(&path, patch)
            .await
            .refused(400, "Request_BadRequest");
    }

    contoso.delete(&path).await.expect(204);
    contoso
        .get(&path)
        .await
        .refused(404, "Request_ResourceNotFound");
    let deleted = ids(
        &contoso,
        "/v1.0/directory/deletedItems/microsoft.graph.group",
    )
    .await;
    assert_eq!(deleted, set(&[&group.id()]));
    let restored = contoso
        .call(
            "POST",
            &format!("/v1.0/directory/deletedItems/{}/restore", group.id()),
        )
        .await
        .expect(200);
    assert_eq!(restored["@odata.type"], "#microsoft.graph.group");
    contoso.get(&path).await.expect(200);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_creations() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let whole = json!({
        "displayName": "Cooks", "mailEnabled": false, "mailNickname": "cooks", "securityEnabled": true,
    });
    for required in [
        "displayName",
        "mailEnabled",
        "mailNickname",
        "securityEnabled",
    ] {
        let mut body = whole.clone();
        body.as_object_mut().unwrap().shift_remove(required);
        contoso
            .post("/v1.0/groups", body)
            .await
            .refused(400, "Request_BadRequest");
    }
    for (name, value) in [
        ("nonsense", json!(1)),
        ("displayName", json!("x".repeat(257))),
        ("mailNickname", json!("two words")),
        ("securityEnabled", json!("yes")),
    ] {
        let mut body = whole.clone();
        body[name] = value;
        contoso
            .post("/v1.0/groups", body)
            .await
            .refused(400, "Request_BadRequest");
    }
    let mut bound = whole.clone();
    bound["members@odata.bind"] = json!(vec![
        format!(
            "https://graph.microsoft.com/v1.0/users/{}",
            e2e::NOBODY
        );
        21
    ]);
    contoso.post("/v1.0/groups", bound).await.refused_somehow();
    assert_eq!(ids(&contoso, "/v1.0/groups").await, set(&[]));
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_users_and_groups() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let (ann, bob) = (contoso.user("ann").await, contoso.user("bob").await);
    let (outer, inner) = (contoso.group("outer").await, contoso.group("inner").await);
    let members = format!("/v1.0/groups/{outer}/members");
    contoso.add_member(&outer, &ann).await;
    contoso.add_member(&outer, &inner).await;
    contoso.add_member(&inner, &bob).await;

    let list = contoso.all(&members).await;
    assert_all_fit("directoryObject", &list);
    let kind = |id: &str| {
        let member = list.iter().find(|member| member["id"] == id).unwrap();
        member["@odata.type"].clone()
    };
    assert_eq!(list.len(), 2);
    assert_eq!(kind(&ann), "#microsoft.graph.user");
    assert_eq!(kind(&inner), "#microsoft.graph.group");
    assert_eq!(
        ids(&contoso, &format!("{members}/microsoft.graph.user")).await,
        set(&[&ann])
    );
    assert_eq!(
        ids(&contoso, &format!("/v1.0/groups/{outer}/transitiveMembers")).await,
        set(&[&ann, &bob, &inner])
    );
    assert_eq!(
        ids(&contoso, &format!("/v1.0/users/{bob}/memberOf")).await,
        set(&[&inner])
    );
    assert_eq!(
        ids(&contoso, &format!("/v1.0/users/{bob}/transitiveMemberOf")).await,
        set(&[&inner, &outer])
    );
    let count = contoso
        .advanced()
        .get(&format!("{members}/$count"))
        .await
        .expect(200);
    assert_eq!(count.text, "2");

    // Adding twice, nobody, and somebody of another tenant.
    let add = async |id: &str| -> Answer {
        contoso
            .post(&format!("{members}/$ref"), reference(id))
            .await
    };
    add(&ann).await.refused(400, "Request_BadRequest");
    add(e2e::NOBODY).await.expect(404);
    let fabrikam = d.tenant("Fabrikam").await;
    let stranger = fabrikam.user("eve").await;
    add(&stranger).await.expect(404);
    contoso
        .post(&format!("{members}/$ref"), json!({}))
        .await
        .refused(400, "Request_BadRequest");

    contoso
        .delete(&format!("{members}/{ann}/$ref"))
        .await
        .expect(204);
    contoso
        .delete(&format!("{members}/{ann}/$ref"))
        .await
        .expect(404);
    assert_eq!(ids(&contoso, &members).await, set(&[&inner]));
    contoso.get(&format!("/v1.0/users/{ann}")).await.expect(200);

    // Who is deleted is no member any more.
    contoso
        .delete(&format!("/v1.0/users/{bob}"))
        .await
        .expect(204);
    assert_eq!(
        ids(&contoso, &format!("/v1.0/groups/{inner}/members")).await,
        set(&[])
    );
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_in_a_circle_end() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let ann = contoso.user("ann").await;
    let (a, b) = (contoso.group("a").await, contoso.group("b").await);
    contoso.add_member(&a, &b).await;
    contoso.add_member(&b, &ann).await;
    // A circle is refused or harmless.
    contoso
        .post(&format!("/v1.0/groups/{b}/members/$ref"), reference(&a))
        .await;
    let all = ids(&contoso, &format!("/v1.0/groups/{a}/transitiveMembers")).await;
    assert!(all.is_superset(&set(&[&b, &ann])), "{all:?}");
    let of = ids(&contoso, &format!("/v1.0/users/{ann}/transitiveMemberOf")).await;
    assert_eq!(of, set(&[&a, &b]));
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_members_at_once_are_all_or_nothing() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let (ann, bob) = (contoso.user("ann").await, contoso.user("bob").await);
    let group = contoso.group("cooks").await;
    let path = format!("/v1.0/groups/{group}");
    let bind = |ids: &[&str]| {
        let links: Vec<String> = ids
            .iter()
            .map(|id| format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}"))
            .collect();
        json!({ "members@odata.bind": links })
    };
    contoso
        .patch(&path, bind(&[&ann, e2e::NOBODY]))
        .await
        .refused_somehow();
    assert_eq!(ids(&contoso, &format!("{path}/members")).await, set(&[]));
    contoso.patch(&path, bind(&[&ann, &bob])).await.expect(204);
    assert_eq!(
        ids(&contoso, &format!("{path}/members")).await,
        set(&[&ann, &bob])
    );
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn owners() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let ann = contoso.user("ann").await;
    let group = contoso.group("cooks").await;
    let owners = format!("/v1.0/groups/{group}/owners");
    assert_eq!(ids(&contoso, &owners).await, set(&[]));
    contoso
        .post(&format!("{owners}/$ref"), reference(&ann))
        .await
        .expect(204);
    assert_eq!(ids(&contoso, &owners).await, set(&[&ann]));
    contoso
        .post(&format!("{owners}/$ref"), reference(&ann))
        .await
        .refused(400, "Request_BadRequest");
    contoso
        .delete(&format!("{owners}/{ann}/$ref"))
        .await
        .expect(204);
    assert_eq!(ids(&contoso, &owners).await, set(&[]));
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_counts() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let cooks = contoso.group("Cooks").await;
    contoso.group("Drivers").await;
    for (filter, expected) in [
        ("displayName eq 'cooks'", 1),
        ("startswith(displayName,'C')", 1),
        ("securityEnabled eq true", 2),
        ("mailEnabled eq true", 0),
        ("displayName in ('Cooks','Drivers')", 2),
    ] {
        let groups = contoso
            .all(&format!("/v1.0/groups?$filter={}", encode(filter)))
            .await;
        assert_eq!(groups.len(), expected, "{filter}");
        assert_all_fit("group", &groups);
    }
    contoso
        .get(&format!(
            "/v1.0/groups?$filter={}",
            encode("displayName ne 'Cooks'")
        ))
        .await
        .refused(400, "Request_UnsupportedQuery");
    let count = contoso
        .advanced()
        .get("/v1.0/groups/$count")
        .await
        .expect(200);
    assert_eq!(count.text, "2");
    let fabrikam = d.tenant("Fabrikam").await;
    fabrikam
        .get(&format!("/v1.0/groups/{cooks}"))
        .await
        .refused(404, "Request_ResourceNotFound");
    d.finish().await;
}
