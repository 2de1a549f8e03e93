//! The permissions that our routes ask for, against the ones that Graph lists.

use std::collections::BTreeSet;

use e2e::{Shared, metadata::permissions};
use serde_json::Value;

static SHARED: Shared = Shared::new();

/// Calls for which the reference of Graph names more than its data does.
const REFERENCE: [(&str, &str, &[&str]); 4] = [
    (
        "GET",
        "/tenantrelationships/multitenantorganization/tenants/{id}",
        &[
            "MultiTenantOrganization.Read.All",
            "MultiTenantOrganization.ReadBasic.All",
            "Directory.Read.All",
        ],
    ),
    // "List fido2AuthenticationMethod": the data has the least privileged permission only.
    (
        "GET",
        "/users/{id}/authentication/fido2methods",
        &[
            "UserAuthenticationMethod.Read.All",
            "UserAuthenticationMethod.ReadWrite.All",
        ],
    ),
    // "Get profilePhoto": who sets photos reads them.
    ("GET", "/users/{id}/photo", &["User.ReadWrite.All"]),
    // "Restore deleted directory object": the data has the users' permissions only.
    (
        "POST",
        "/directory/deleteditems/{id}/restore",
        &[
            "AdministrativeUnit.ReadWrite.All",
            "Application.ReadWrite.All",
            "Group.ReadWrite.All",
        ],
    ),
];

fn names(list: &Value) -> BTreeSet<String> {
    let list = list.as_array().into_iter().flatten();
    list.map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// A path as the data spells it: lower case, keys as `{id}`, without version, casts and `$ref`.
fn normal(path: &str) -> String {
    let mut normal = String::new();
    for segment in path.trim_start_matches("/v1.0").split('/').skip(1) {
        if segment.starts_with("microsoft.graph.") || segment == "$ref" || segment == "$count" {
            continue;
        }
        let (name, key) = match segment.split_once('(') {
            Some((name, key)) if !key.starts_with(')') => (name, true),
            Some((name, _)) => (name, false),
            None => (segment, false),
        };
        normal.push('/');
        if name.starts_with('{') {
            normal.push_str("{id}");
        } else {
            normal.push_str(&name.to_lowercase());
        }
        if key {
            normal.push_str("/{id}");
        }
    }
    normal
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_opens_to_a_permission_that_graph_does_not_list() {
    let d = SHARED.get();
    let openapi = d.anonymous().get("/openapi.json").await.expect(200);
    let data = permissions();
    let (mut compared, mut misfits) = (0, Vec::new());
    for (path, item) in openapi["paths"].as_object().unwrap() {
        if !path.starts_with("/v1.0/") {
            continue;
        }
        for (method, operation) in item.as_object().unwrap() {
            let asked = &operation["x-permissions"];
            let key = (method.to_uppercase(), normal(path));
            let Some(listed) = data.get(&key) else {
                continue;
            };
            let more = REFERENCE
                .iter()
                .filter(|(method, path, _)| (*method, *path) == (&*key.0, &*key.1))
                .flat_map(|(_, _, names)| names.iter().map(ToString::to_string));
            let more: BTreeSet<String> = more.collect();
            let [applications, users] = [&listed.application, &listed.delegated]
                .map(|listed| -> BTreeSet<String> { listed.union(&more).cloned().collect() });
            let ours = names(&asked["application"]);
            compared += 1;
            for (ours, theirs, whose) in [
                (ours, &applications, "application"),
                (names(&asked["delegated"]), &users, "delegated"),
            ] {
                let excess: Vec<&String> = ours.difference(theirs).collect();
                if !excess.is_empty() && !theirs.is_empty() {
                    misfits.push(format!("{} {path}: {whose} {excess:?}", key.0));
                }
                if whose == "application" && ours.is_empty() && !theirs.is_empty() {
                    misfits.push(format!("{} {path}: no application permission", key.0));
                }
            }
        }
    }
    assert!(misfits.is_empty(), "{misfits:#?}");
    assert!(compared >= 20, "only {compared} routes could be compared");
    d.finish().await;
}

#[test]
fn paths_are_compared_as_the_data_spells_them() {
    for (ours, theirs) in [
        ("/v1.0/users/{id}", "/users/{id}"),
        ("/v1.0/users/{userId}/manager/$ref", "/users/{id}/manager"),
        ("/v1.0/users/delta()", "/users/delta"),
        ("/v1.0/applications(appId='{appId}')", "/applications/{id}"),
        (
            "/v1.0/groups/{id}/members/microsoft.graph.user",
            "/groups/{id}/members",
        ),
        (
            "/v1.0/directory/deletedItems/{id}/restore",
            "/directory/deleteditems/{id}/restore",
        ),
    ] {
        assert_eq!(normal(ours), theirs);
    }
}
