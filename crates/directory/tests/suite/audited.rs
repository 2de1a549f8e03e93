//! What the audit log says of the directory's writes, and what it doesn't.
use crate::common;
use crate::common::{Fixture, fixture, home, home_id, object, synced, user_body};
use audit::Row;
use directory::key_credentials::Owner;
use directory::password_credentials::{self, NewPassword};
use directory::users::NewUser;
use directory::{
    app_roles, applications, domains, groups, service_principals, synced as sync, tenant, users,
};
use serde_json::{Value, json};
use store::Tx;
use types::{Actor, DomainName, Result, Timestamp};
use uuid::Uuid;

/// What is recorded in a write, the oldest first.
fn recorded<T: Send + 'static>(
    f: &Fixture,
    command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
) -> (T, Vec<Row>) {
    let known = entries(f).len();
    let done = f.write(command);
    (done, entries(f).split_off(known))
}

fn entries(f: &Fixture) -> Vec<Row> {
    let mut rows = f.read(|tx| audit::list(tx, &audit::Filter::default(), None, 1_000));
    rows.reverse();
    rows
}

/// Category and activity of each entry, and the names of what it was done to.
fn told(rows: &[Row]) -> Vec<String> {
    let tell = |row: &Row| {
        let names = row.entry.targets.iter().map(|target| {
            let name = target.display_name.as_deref().unwrap_or("-");
            format!("{} {name}", target.kind)
        });
        let names: Vec<String> = names.collect();
        let entry = &row.entry;
        format!(
            "{}: {}: {}",
            entry.category,
            entry.activity_display_name,
            names.join(", ")
        )
    };
    rows.iter().map(tell).collect()
}

fn modified(row: &Row) -> Vec<(&str, &Value, &Value)> {
    let modified = row.entry.targets.first().unwrap().modified.iter();
    modified
        .map(|(name, old, new)| (name.as_str(), old, new))
        .collect()
}

#[test]
fn users_are_followed_from_their_making_to_their_end() {
    let f = fixture();
    let (ids, rows) = recorded(&f, |tx| {
        let new = NewUser {
            properties: user_body("ann"),
            password_hash: Some("a-hash".into()),
            ..NewUser::default()
        };
        let ann = users::create(tx, new)?.id;
        let properties = user_body("ben");
        let ben = NewUser {
            properties,
            ..NewUser::default()
        };
        Ok((ann, users::create(tx, ben)?.id))
    });
    assert_eq!(
        told(&rows),
        [
            "UserManagement: Add user: User ann",
            "UserManagement: Add user: User ben"
        ]
    );
    let (ann, ben) = ids;
    assert_eq!(rows[0].entry.targets[0].id, ann.to_string());
    assert_eq!(rows[0].actor, Actor::Operator);

    let (_, rows) = recorded(&f, move |tx| {
        let patch = json!({"city": "Bonn", "accountEnabled": false, "displayName": "ann"});
        users::update(tx, ann, &object(patch))
    });
    assert_eq!(told(&rows), ["UserManagement: Update user: User ann"]);
    assert_eq!(
        modified(&rows[0]),
        [
            ("city", &Value::Null, &json!("Bonn")),
            ("accountEnabled", &json!(true), &json!(false)),
        ]
    );

    let ((), rows) = recorded(&f, move |tx| {
        users::update(tx, ann, &object(json!({"city": "Bonn"})))?;
        users::set_manager(tx, ann, ben)?;
        users::set_manager(tx, ann, ben)?;
        users::remove_manager(tx, ann)
    });
    assert_eq!(
        told(&rows),
        ["UserManagement: Update user: User ann"; 2],
        "what changes nothing has no entry"
    );
    assert_eq!(modified(&rows[0]), [("Manager", &Value::Null, &json!(ben))]);
    assert_eq!(modified(&rows[1]), [("Manager", &json!(ben), &Value::Null)]);

    let (_, rows) = recorded(&f, move |tx| {
        users::set_password(tx, ann, Some("another-hash"), users::PasswordChange::None)?;
        users::delete(tx, ann)?;
        users::restore(tx, ann)?;
        users::delete(tx, ann)?;
        users::purge(tx, ann)?;
        users::delete(tx, ben)?;
        users::purge_expired(tx, Timestamp(i64::MAX), 10)
    });
    assert_eq!(
        told(&rows),
        [
            "UserManagement: Reset user password: User ann",
            "UserManagement: Delete user: User ann",
            "UserManagement: Restore user: User ann",
            "UserManagement: Delete user: User ann",
            "UserManagement: Hard Delete user: User ann",
            "UserManagement: Delete user: User ben",
            "UserManagement: Hard Delete user: User ben",
        ]
    );
    assert!(!format!("{:?}", entries(&f)).contains("-hash"));
    assert_eq!(f.read(audit::verify), None);
}

#[test]
fn a_password_that_its_user_sets_is_changed_not_reset() {
    let f = fixture();
    let ann = f.user("ann").id;
    let actor = Actor::User {
        id: ann.uuid(),
        app_id: Uuid::nil(),
    };
    f.island
        .write_blocking(actor, move |tx| {
            users::set_password(tx, ann, Some("hash"), users::PasswordChange::None)
        })
        .unwrap();
    let rows = entries(&f);
    assert_eq!(
        told(&rows).last().unwrap(),
        "UserManagement: Change user password: User ann"
    );
}

#[test]
fn what_is_refused_or_synchronized_has_no_entry() {
    let f = fixture();
    let before = entries(&f).len();
    f.refused(|tx| users::create(tx, NewUser::default()));
    f.write(|tx| {
        let mut ann = synced(1, "ann", json!({}));
        sync::upsert(tx, &ann)?;
        ann.properties.insert("city".into(), "Bonn".into());
        sync::upsert(tx, &ann)?;
        sync::remove(tx, home(), home_id(1), false)?;
        sync::upsert(tx, &ann)?;
        sync::remove(tx, home(), home_id(1), true)
    });
    assert_eq!(entries(&f).len(), before);
}

#[test]
fn groups_their_members_and_owners_are_told_of() {
    let f = fixture();
    let (ann, ben) = (f.user("ann").id.uuid(), f.user("ben").id.uuid());
    let (team, rows) = recorded(&f, move |tx| {
        let body = json!({
            "displayName": "Team", "mailNickname": "team", "mailEnabled": false,
            "securityEnabled": true,
        });
        let team = groups::create(tx, &object(body))?.id;
        groups::update(tx, team, &object(json!({"description": "Ours"})))?;
        groups::add_member(tx, team, ann)?;
        groups::remove_member(tx, team, ann)?;
        groups::add_owner(tx, team, ben)?;
        groups::remove_owner(tx, team, ben)?;
        groups::add_member(tx, team, ben)?;
        groups::delete(tx, team)?;
        groups::restore(tx, team)?;
        groups::delete(tx, team)?;
        groups::purge(tx, team)?;
        Ok(team)
    });
    assert_eq!(
        told(&rows),
        [
            "GroupManagement: Add group: Group Team",
            "GroupManagement: Update group: Group Team",
            "GroupManagement: Add member to group: User ann, Group Team",
            "GroupManagement: Remove member from group: User ann, Group Team",
            "GroupManagement: Add owner to group: User ben, Group Team",
            "GroupManagement: Remove owner from group: User ben, Group Team",
            "GroupManagement: Add member to group: User ben, Group Team",
            "GroupManagement: Delete group: Group Team",
            "GroupManagement: Restore group: Group Team",
            "GroupManagement: Delete group: Group Team",
            "GroupManagement: Hard Delete group: Group Team",
        ]
    );
    assert_eq!(
        modified(&rows[1]),
        [("description", &Value::Null, &json!("Ours"))]
    );
    assert_eq!(
        modified(&rows[2]),
        [
            ("Group.ObjectID", &Value::Null, &json!(team)),
            ("Group.DisplayName", &Value::Null, &json!("Team")),
        ]
    );
    assert_eq!(
        modified(&rows[3]),
        [
            ("Group.ObjectID", &json!(team), &Value::Null),
            ("Group.DisplayName", &json!("Team"), &Value::Null),
        ]
    );
}

#[test]
fn applications_secrets_and_roles_are_told_of_without_the_secrets() {
    let f = fixture();
    let ann = f.user("ann").id.uuid();
    let (role, rows) = recorded(&f, move |tx| {
        let app = applications::create(tx, &object(json!({"displayName": "Payroll"})))?;
        let password = NewPassword {
            display_name: Some("first"),
            start: None,
            end: None,
            secret_hash: b"the-hash",
            hint: "hint-of-it",
        };
        let owner = Owner::Application(app.id);
        let key = password_credentials::add(tx, owner, &password)?.key_id;
        applications::update(tx, app.id, &object(json!({"notes": "Ours"})))?;
        password_credentials::remove(tx, owner, key)?;
        let body = object(json!({"appId": app.app_id}));
        let principal = service_principals::create(tx, &body)?.id;
        let patch = object(json!({"accountEnabled": false}));
        service_principals::update(tx, principal, &patch)?;
        let graph = service_principals::graph(tx)?.id;
        let role = directory::permissions::ALL.first().unwrap();
        let made = app_roles::assign_app_role(tx, principal.uuid(), graph, role.id())?;
        app_roles::remove(tx, made.id)?;
        app_roles::assign_app_role(tx, ann, principal, Uuid::nil())?;
        service_principals::delete(tx, principal)?;
        service_principals::restore(tx, principal)?;
        // The service principal goes and comes with its application.
        applications::delete(tx, app.id)?;
        applications::restore(tx, app.id)?;
        applications::delete(tx, app.id)?;
        applications::purge(tx, app.id)?;
        service_principals::purge(tx, principal)?;
        Ok(role.value)
    });
    assert_eq!(
        told(&rows),
        [
            "ApplicationManagement: Add application: Application Payroll",
            "ApplicationManagement: Update application – Certificates and secrets management: \
             Application Payroll",
            "ApplicationManagement: Update application: Application Payroll",
            "ApplicationManagement: Update application – Certificates and secrets management: \
             Application Payroll",
            "ApplicationManagement: Add service principal: ServicePrincipal Payroll",
            "ApplicationManagement: Update service principal: ServicePrincipal Payroll",
            "ApplicationManagement: Add app role assignment to service principal: \
             ServicePrincipal Microsoft Graph, ServicePrincipal Payroll",
            "ApplicationManagement: Remove app role assignment from service principal: \
             ServicePrincipal Microsoft Graph, ServicePrincipal Payroll",
            "UserManagement: Add app role assignment grant to user: \
             ServicePrincipal Payroll, User ann",
            "ApplicationManagement: Remove service principal: ServicePrincipal Payroll",
            "ApplicationManagement: Restore service principal: ServicePrincipal Payroll",
            "ApplicationManagement: Delete application: Application Payroll",
            "ApplicationManagement: Restore application: Application Payroll",
            "ApplicationManagement: Delete application: Application Payroll",
            "ApplicationManagement: Hard Delete application: Application Payroll",
            "ApplicationManagement: Hard delete service principal: ServicePrincipal Payroll",
        ]
    );
    let (name, old, new) = modified(&rows[1])[0];
    assert_eq!((name, old), ("KeyDescription", &json!([])));
    assert!(new.to_string().contains("DisplayName=first"));
    assert_eq!(
        modified(&rows[6])[1],
        ("AppRole.Value", &Value::Null, &json!(role))
    );
    let everything = format!("{:?}", entries(&f));
    assert!(!everything.contains("the-hash") && !everything.contains("hint-of-it"));
}

#[test]
fn domains_and_the_organization_are_told_of() {
    let f = fixture();
    let (_, rows) = recorded(&f, |tx| {
        for name in ["one.example", "two.example"] {
            domains::add(tx, &DomainName::parse(name)?)?;
        }
        domains::mark_verified(tx, "one.example")?;
        domains::mark_verified(tx, "one.example")?;
        domains::update(tx, "one.example", &object(json!({"isDefault": true})))?;
        let initial = object(json!({"isDefault": true}));
        domains::update(tx, common::DOMAIN, &initial)?;
        domains::remove(tx, "one.example")?;
        domains::remove(tx, "two.example")?;
        tenant::update(tx, &object(json!({"city": "Bonn"})))
    });
    let moved = [
        format!(
            "DirectoryManagement: Update domain: Domain {}",
            common::DOMAIN
        ),
        "DirectoryManagement: Update domain: Domain one.example".to_owned(),
    ];
    let [initial, one] = moved.each_ref().map(String::as_str);
    assert_eq!(
        told(&rows),
        [
            "DirectoryManagement: Add unverified domain: Domain one.example",
            "DirectoryManagement: Add unverified domain: Domain two.example",
            "DirectoryManagement: Verify domain: Domain one.example",
            initial,
            one,
            one,
            initial,
            "DirectoryManagement: Remove verified domain: Domain one.example",
            "DirectoryManagement: Remove unverified domain: Domain two.example",
            "DirectoryManagement: Set Company Information: Tenant Contoso",
        ]
    );
    assert_eq!(
        modified(&rows[4]),
        [("isDefault", &json!(false), &json!(true))]
    );
    assert_eq!(modified(&rows[9]), [("city", &Value::Null, &json!("Bonn"))]);
}
