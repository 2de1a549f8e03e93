//! Applications and their secrets, service principals, and the roles that they are given.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common::{Fixture, fixture, object, target};
use directory::applications::{self, Application};
use directory::key_credentials::Owner;
use directory::password_credentials::{self, NewPassword, SECRETS_MAX};
use directory::permissions::{self, GRAPH_APP_ID};
use directory::service_principals::{self, ServicePrincipal};
use directory::{app_roles, groups, users};
use serde_json::{Value, json};
use types::{Actor, Error, Id, kind};
use uuid::Uuid;

const ROLE: &str = "11111111-0000-4000-8000-000000000001";
/// Its beginnings are hashes that differ.
const HASHES: [u8; SECRETS_MAX] = [7; SECRETS_MAX];
const OTHER_ROLE: &str = "11111111-0000-4000-8000-000000000002";

fn create(f: &Fixture, body: Value) -> Application {
    let body = object(body);
    f.write(move |tx| applications::create(tx, &body))
}
fn principal(f: &Fixture, application: &Application) -> ServicePrincipal {
    let body = object(json!({"appId": application.app_id}));
    f.write(move |tx| service_principals::create(tx, &body))
}
fn update(f: &Fixture, id: Id<kind::Application>, patch: Value) -> bool {
    let patch = object(patch);
    f.write(move |tx| applications::update(tx, id, &patch))
}
fn shown(f: &Fixture, id: Id<kind::Application>) -> Value {
    let found = f.read(|tx| applications::get(tx, id));
    Value::Object(applications::project(&found, None).unwrap())
}
fn shown_principal(f: &Fixture, id: Id<kind::ServicePrincipal>) -> Value {
    let found = f.read(|tx| service_principals::get(tx, id));
    Value::Object(service_principals::project(&found, None).unwrap())
}

#[test]
fn an_application_begins_with_graphs_defaults() {
    let f = fixture();
    let client = Actor::Application {
        app_id: Uuid::from_u128(5),
        service_principal_id: Uuid::from_u128(6),
    };
    let body = object(json!({"displayName": "Client"}));
    let made = f
        .island
        .write_blocking(client, move |tx| applications::create(tx, &body))
        .unwrap();
    let shown = shown(&f, made.id);
    for (name, value) in [
        ("displayName", json!("Client")),
        ("appId", json!(made.app_id)),
        ("signInAudience", json!("AzureADMyOrg")),
        ("publisherDomain", json!("contoso.example")),
        ("createdByAppId", json!(Uuid::from_u128(5))),
        ("identifierUris", json!([])),
        ("appRoles", json!([])),
        ("passwordCredentials", json!([])),
        ("deletedDateTime", Value::Null),
        ("spa", json!({"redirectUris": []})),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    assert_ne!(made.id.uuid(), made.app_id);
    let found = f.read(|tx| applications::get_by_app_id(tx, made.app_id));
    assert_eq!(found.id, made.id);
}

#[test]
fn what_is_wrong_is_named() {
    let f = fixture();
    let error = f.refused(|tx| applications::create(tx, &object(json!({}))));
    assert_eq!(target(&error), "displayName");
    for (more, wrong) in [
        (json!({"signInAudience": "Everybody"}), "signInAudience"),
        (
            json!({"web": {"redirectUris": ["http://a.example/cb"]}}),
            "web",
        ),
        (json!({"spa": {"redirectUris": ["myapp://auth"]}}), "spa"),
        (
            json!({"publicClient": {"redirectUris": ["https://a.example/#x"]}}),
            "publicClient",
        ),
        (json!({"identifierUris": ["graph"]}), "identifierUris"),
        (json!({"appRoles": [{"value": "Read"}]}), "appRoles"),
        (
            json!({"appRoles": [{"id": ROLE, "value": "A"}, {"id": ROLE, "value": "B"}]}),
            "appRoles",
        ),
        (
            json!({"api": {"oauth2PermissionScopes": [{"value": "read"}]}}),
            "api",
        ),
        (json!({"appId": ROLE}), "appId"),
        (json!({"passwordCredentials": []}), "passwordCredentials"),
        (json!({"colour": "red"}), "colour"),
    ] {
        let mut body = object(json!({"displayName": "App"}));
        body.extend(object(more.clone()));
        let error = f.refused(move |tx| applications::create(tx, &body));
        assert_eq!(target(&error), wrong, "{more}: {error}");
    }
    assert_eq!(f.read(|tx| applications::count(tx, None, false)), 0);
}

#[test]
fn a_patch_is_carried_over_to_the_service_principal() {
    let f = fixture();
    let app = create(&f, json!({"displayName": "App"}));
    let sp = principal(&f, &app);
    let head = f.head();
    assert!(!update(&f, app.id, json!({"displayName": "App"})));
    assert_eq!(f.head(), head);
    assert!(update(
        &f,
        app.id,
        json!({
            "displayName": "Renamed", "identifierUris": ["api://app"],
            "appRoles": [{"id": ROLE, "value": "Read", "allowedMemberTypes": ["Application"]}],
            "web": {"redirectUris": ["https://a.example/cb"]},
        })
    ));
    assert_eq!(
        f.changes(head),
        [
            "application Updated displayName,identifierUris,appRoles,web",
            "servicePrincipal Updated displayName,appDisplayName,appRoles,replyUrls,servicePrincipalNames",
        ]
    );
    let shown = shown_principal(&f, sp.id);
    assert_eq!(shown["displayName"], "Renamed");
    assert_eq!(shown["appRoles"][0]["isEnabled"], true);
    assert_eq!(shown["replyUrls"], json!(["https://a.example/cb"]));
    assert_eq!(
        shown["servicePrincipalNames"],
        json!(["api://app", app.app_id])
    );
    // The principal has a name of its own until the application is renamed.
    let own = object(json!({"displayName": "Own name"}));
    f.write(move |tx| service_principals::update(tx, sp.id, &own));
    update(&f, app.id, json!({"notes": "x"}));
    assert_eq!(shown_principal(&f, sp.id)["displayName"], "Own name");
}

#[test]
fn secrets_are_found_by_hash_while_they_are_valid() {
    let f = fixture();
    let app = create(&f, json!({"displayName": "App"}));
    let (id, owner) = (app.id, Owner::Application(app.id));
    let now = f.write(|tx| Ok(tx.now()));
    let add = |hash: &'static [u8], start: Option<i64>, end: Option<i64>| {
        f.try_write(move |tx| {
            let new = NewPassword {
                display_name: Some("ci"),
                start: start.map(|seconds| now.plus_seconds(seconds)),
                end: end.map(|seconds| now.plus_seconds(seconds)),
                secret_hash: hash,
                hint: "abc",
            };
            password_credentials::add(tx, owner, &new)
        })
    };
    let find = |hash: &[u8]| {
        let found = f.read(|tx| password_credentials::find(tx, owner.id(), hash));
        found.map(|found| (found.key_id, found.is_valid))
    };
    let head = f.head();
    let plain = add(b"plain", None, None).unwrap();
    let short = add(b"short", None, Some(100)).unwrap();
    let later = add(b"later", Some(50), Some(200)).unwrap();
    assert_eq!(
        f.changes(head),
        vec!["application Updated passwordCredentials"; 3]
    );
    assert_eq!(
        target(&add(b"x", Some(10), Some(10)).unwrap_err()),
        "endDateTime"
    );
    assert_eq!(plain.end, now.plus_seconds(2 * 365 * 24 * 3_600));

    assert_eq!(find(b"plain"), Some((plain.key_id, true)));
    assert_eq!(find(b"short"), Some((short.key_id, true)));
    assert_eq!(find(b"later"), Some((later.key_id, false)), "not yet");
    assert_eq!(find(b"other"), None);
    let elsewhere = f.read(|tx| password_credentials::find(tx, Uuid::from_u128(1), b"plain"));
    assert_eq!(elsewhere, None);
    f.clock.advance_seconds(100);
    assert_eq!(find(b"short"), Some((short.key_id, false)), "not any more");
    assert_eq!(find(b"later"), Some((later.key_id, true)));

    let shown = shown(&f, id);
    assert_eq!(shown["passwordCredentials"].as_array().unwrap().len(), 3);
    for credential in shown["passwordCredentials"].as_array().unwrap() {
        assert_eq!(credential["secretText"], Value::Null);
        assert_eq!(credential["hint"], "abc");
    }
    let seen = format!("{shown} {:?}", f.read(|tx| applications::get(tx, id)));
    assert!(
        !seen.contains("plain") && !seen.contains("112, 108"),
        "{seen}"
    );

    f.write(move |tx| password_credentials::remove(tx, owner, plain.key_id));
    assert_eq!(find(b"plain"), None);
    let again = f.refused(move |tx| password_credentials::remove(tx, owner, plain.key_id));
    assert_eq!(target(&again), "keyId");
    for length in 2..SECRETS_MAX {
        add(&HASHES[..length], None, None).unwrap();
    }
    assert!(matches!(
        add(b"one more", None, None),
        Err(Error::LimitExceeded {
            limit: "limits.client_secrets",
            ..
        })
    ));
    f.write(move |tx| applications::delete(tx, id));
    f.write(move |tx| applications::restore(tx, id));
    assert_eq!(find(b"later"), Some((later.key_id, true)));
    f.write(move |tx| {
        applications::delete(tx, id)?;
        applications::purge(tx, id)
    });
    let left = f.read(|tx| password_credentials::list(tx, owner.id()));
    assert_eq!(left, [], "secrets go with their application for good");
}

#[test]
fn a_service_principal_stands_for_one_application() {
    let f = fixture();
    let app = create(
        &f,
        json!({"displayName": "App", "identifierUris": ["api://App"]}),
    );
    for body in [
        json!({}),
        json!({"appId": "app"}),
        json!({"appId": Uuid::from_u128(9)}),
        json!({"appId": null}),
    ] {
        let error = f.refused(move |tx| service_principals::create(tx, &object(body)));
        assert_eq!(target(&error), "appId");
    }
    let sp = principal(&f, &app);
    let body = object(json!({"appId": app.app_id}));
    let again = f.refused(move |tx| service_principals::create(tx, &body));
    assert!(
        matches!(again, Error::AlreadyExists { property } if property == "servicePrincipalNames"),
        "{again:?}"
    );
    for name in ["api://APP", &app.app_id.to_string().to_uppercase()] {
        let found = f.read(|tx| service_principals::find_by_name(tx, name));
        assert_eq!(found.unwrap().id, sp.id);
    }
    for name in ["api://", "api://Ap_", "api:%", ""] {
        let found = f.read(|tx| service_principals::find_by_name(tx, name));
        assert!(found.is_none(), "{name}");
    }
    let patch = object(json!({"accountEnabled": false, "tags": ["x"]}));
    let head = f.head();
    assert!(f.write(move |tx| service_principals::update(tx, sp.id, &patch)));
    assert_eq!(
        f.changes(head),
        ["servicePrincipal Updated tags,accountEnabled"]
    );
    let patch = object(json!({"accountEnabled": null}));
    let error = f.refused(move |tx| service_principals::update(tx, sp.id, &patch));
    assert_eq!(target(&error), "accountEnabled");
}

#[test]
fn no_two_have_one_name() {
    let f = fixture();
    let taken = |error: &Error| matches!(error, Error::AlreadyExists { .. });
    let first = create(
        &f,
        json!({"displayName": "A", "identifierUris": ["api://a"]}),
    );
    let second = create(&f, json!({"displayName": "A"}));
    let sp = principal(&f, &second).id;
    for uri in ["api://a", "API://A", "https://graph.microsoft.com"] {
        let patch = object(json!({"identifierUris": [uri]}));
        let error = f.refused(move |tx| applications::update(tx, second.id, &patch));
        assert!(taken(&error), "{uri}: {error:?}");
        let patch = object(json!({"servicePrincipalNames": [uri]}));
        let error = f.refused(move |tx| service_principals::update(tx, sp, &patch));
        assert!(taken(&error), "{uri}: {error:?}");
    }
    // It's free while its owner is deleted; then the owner can't come back with it.
    f.write(move |tx| applications::delete(tx, first.id));
    assert!(update(
        &f,
        second.id,
        json!({"identifierUris": ["api://a"]})
    ));
    let error = f.refused(move |tx| applications::restore(tx, first.id));
    assert!(taken(&error), "{error:?}");
    assert!(update(&f, second.id, json!({"identifierUris": []})));
    f.write(move |tx| applications::restore(tx, first.id));
}

#[test]
fn a_deleted_application_takes_its_service_principal_along() {
    let f = fixture();
    let app = create(
        &f,
        json!({"displayName": "App", "identifierUris": ["api://app"]}),
    );
    let sp = principal(&f, &app).id;
    let graph = f.read(service_principals::graph);
    let role = permissions::ALL[0].id();
    f.write(move |tx| app_roles::assign_app_role(tx, sp.uuid(), graph.id, role));
    let head = f.head();
    f.write(move |tx| applications::delete(tx, app.id));
    assert_eq!(
        f.changes(head),
        ["servicePrincipal Deleted", "application Deleted"]
    );
    assert!(f.try_read(|tx| applications::get(tx, app.id)).is_err());
    assert!(f.try_read(|tx| service_principals::get(tx, sp)).is_err());
    let named = f.read(|tx| service_principals::find_by_name(tx, "api://app"));
    assert!(named.is_none());
    let back = f.write(move |tx| applications::restore(tx, app.id));
    assert_eq!((back.id, back.app_id), (app.id, app.app_id));
    assert_eq!(f.read(|tx| service_principals::get(tx, sp)).id, sp);
    let roles = f.read(|tx| app_roles::roles_of(tx, sp));
    assert_eq!(roles, [permissions::ALL[0].value], "and its permissions");

    // One that was deleted before its application stays deleted.
    f.write(move |tx| service_principals::delete(tx, sp));
    f.clock.advance_seconds(1);
    f.write(move |tx| applications::delete(tx, app.id));
    f.write(move |tx| applications::restore(tx, app.id));
    assert!(f.try_read(|tx| service_principals::get(tx, sp)).is_err());
    // A second one can be made, and then the first can't come back.
    principal(&f, &app);
    let error = f.refused(move |tx| service_principals::restore(tx, sp));
    assert!(matches!(error, Error::AlreadyExists { .. }), "{error:?}");
    let head = f.head();
    f.write(move |tx| service_principals::purge(tx, sp));
    assert_eq!(
        f.changes(head),
        ["appRoleAssignment Deleted", "servicePrincipal Purged"]
    );
}

#[test]
fn a_service_principal_does_not_come_back_without_its_application() {
    let f = fixture();
    let app = create(&f, json!({"displayName": "App"}));
    let sp = principal(&f, &app).id;
    f.write(move |tx| applications::delete(tx, app.id));
    let restore = || f.refused(move |tx| service_principals::restore(tx, sp));
    assert!(matches!(restore(), Error::Conflict { .. }));
    f.write(move |tx| applications::purge(tx, app.id));
    assert!(matches!(restore(), Error::Conflict { .. }));
}

#[test]
fn graphs_own_service_principal_stays() {
    let f = fixture();
    let graph = f.read(service_principals::graph);
    assert_eq!(graph.app_id, GRAPH_APP_ID);
    let graph = graph.id;
    f.refused(move |tx| service_principals::delete(tx, graph));
    let patch = object(json!({"accountEnabled": false}));
    f.refused(move |tx| service_principals::update(tx, graph, &patch));
    let shown = shown_principal(&f, graph);
    let roles = shown["appRoles"].as_array().unwrap();
    assert_eq!(roles.len(), permissions::ALL.len());
    assert_eq!(shown["accountEnabled"], true);
}

#[test]
fn roles_are_assigned_once_and_shown_with_names() {
    let f = fixture();
    let resource = create(
        &f,
        json!({"displayName": "Resource", "appRoles": [
            {"id": ROLE, "value": "Read", "isEnabled": true},
            {"id": OTHER_ROLE, "value": "Write"},
        ]}),
    );
    let resource_sp = principal(&f, &resource).id;
    let client = create(&f, json!({"displayName": "Client"}));
    let client_sp = principal(&f, &client).id;
    let (ann, staff) = (f.user("ann").id, f.group("staff").id);
    let role: Uuid = ROLE.parse().unwrap();
    let other: Uuid = OTHER_ROLE.parse().unwrap();
    let head = f.head();
    let assign = |to: Uuid, role: Uuid| {
        f.try_write(move |tx| app_roles::assign_app_role(tx, to, resource_sp, role))
    };
    let made = assign(client_sp.uuid(), role).unwrap();
    assign(ann.uuid(), role).unwrap();
    assign(staff.uuid(), other).unwrap();
    assert_eq!(f.changes(head), vec!["appRoleAssignment Created"; 3]);
    let shown = f.read(|tx| app_roles::project(tx, &made, None));
    assert_eq!(
        Value::Object(shown),
        json!({
            "id": made.id, "deletedDateTime": null, "appRoleId": ROLE,
            "createdDateTime": made.created_at, "principalDisplayName": "Client",
            "principalId": client_sp, "principalType": "ServicePrincipal",
            "resourceDisplayName": "Resource", "resourceId": resource_sp,
        })
    );
    let list = f.read(|tx| app_roles::assigned_to(tx, resource_sp, None, 10));
    assert_eq!(list.len(), 3);
    let of_ann = f.read(|tx| app_roles::assignments_of(tx, ann.uuid(), None, 10));
    assert_eq!(of_ann.len(), 1);
    let holders = f.read(|tx| app_roles::holders(tx, resource_sp, role));
    assert_eq!(holders, [client_sp]);

    let unknown = assign(client_sp.uuid(), Uuid::from_u128(1)).unwrap_err();
    assert_eq!(target(&unknown), "appRoleId");
    let twice = assign(client_sp.uuid(), role).unwrap_err();
    assert_eq!(target(&twice), "appRoleId");
    let default = assign(client_sp.uuid(), Uuid::nil()).unwrap_err();
    assert_eq!(target(&default), "appRoleId", "it has roles of its own");
    let nobody = assign(Uuid::from_u128(1), role).unwrap_err();
    assert!(matches!(nobody, Error::NotFound { .. }), "{nobody:?}");
    // Without any role of its own, access is what is assigned.
    f.write(move |tx| app_roles::assign_app_role(tx, ann.uuid(), client_sp, Uuid::nil()));

    let roles = || {
        f.read(|tx| {
            let resource = service_principals::get(tx, resource_sp)?;
            app_roles::roles_on(tx, client_sp, &resource)
        })
    };
    assert_eq!(roles(), ["Read"]);
    update(
        &f,
        resource.id,
        json!({"appRoles": [
            {"id": ROLE, "value": "Read", "isEnabled": false},
            {"id": OTHER_ROLE, "value": "Write"},
        ]}),
    );
    assert_eq!(
        roles(),
        Vec::<String>::new(),
        "a disabled role says nothing"
    );
    let head = f.head();
    f.write(move |tx| app_roles::remove(tx, made.id));
    assert_eq!(f.changes(head), ["appRoleAssignment Deleted"]);
    let gone = f.refused(move |tx| app_roles::remove(tx, made.id));
    assert!(matches!(gone, Error::NotFound { .. }), "{gone:?}");

    // What is gone for good has no roles.
    f.write(move |tx| {
        users::delete(tx, ann)?;
        users::purge(tx, ann)?;
        groups::delete(tx, staff)?;
        groups::purge(tx, staff)
    });
    let list = f.read(|tx| app_roles::assigned_to(tx, resource_sp, None, 10));
    assert_eq!(list, []);
}

#[test]
fn an_assignments_body_is_three_guids() {
    let body = json!({"principalId": ROLE, "resourceId": OTHER_ROLE, "appRoleId": ROLE});
    let (to, on, role) = app_roles::parse(&object(body.clone())).unwrap();
    assert_eq!(
        [to, on.uuid(), role].map(|id| id.to_string()),
        [ROLE, OTHER_ROLE, ROLE]
    );
    for name in ["principalId", "resourceId", "appRoleId"] {
        for wrong in [json!(null), json!("x"), json!(1)] {
            let mut body = object(body.clone());
            body.insert(name.into(), wrong);
            assert_eq!(target(&app_roles::parse(&body).unwrap_err()), name);
        }
    }
}
