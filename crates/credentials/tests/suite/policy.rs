//! A tenant's policy: as it begins, as Graph changes it, and whom it is for.

use credentials::policy::graph::{self, Configuration};
use credentials::policy::{Multifactor, Target};
use credentials::{Kind, Policy, Standing};
use directory::{groups, roles, users};
use serde_json::{Value, json};
use types::{Error, Id, kind};

use crate::common::{Fixture, fixture};

fn standing(f: &Fixture) -> Standing {
    let ann = f.ann;
    f.read(|tx| Standing::of(tx, &*Policy::get(tx)?, &users::get(tx, ann)?))
}

fn patch(f: &Fixture, configuration: Configuration, body: Value) -> types::Result<bool> {
    f.try_write(move |tx| {
        let mut policy = Policy::clone(&*Policy::get(tx)?);
        configuration.patch(&mut policy, body.as_object().unwrap())?;
        Policy::set(tx, policy)
    })
}

#[test]
fn a_tenant_begins_with_all_methods_for_all_and_asks_for_no_second_factor() {
    let f = fixture();
    let standing = standing(&f);
    assert!(!standing.needs_multifactor);
    assert_eq!(standing.registrable, [Kind::Passkey, Kind::Totp]);
    let shown = graph::show(&f.read(Policy::get));
    assert_eq!(shown["id"], "authenticationMethodsPolicy");
    assert_eq!(shown["lastModifiedDateTime"], Value::Null);
    let configurations = shown["authenticationMethodConfigurations"]
        .as_array()
        .unwrap();
    let ids: Vec<&str> = configurations
        .iter()
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["Fido2", "TemporaryAccessPass", "SoftwareOath"]);
    assert!(configurations.iter().all(|it| it["state"] == "enabled"));
}

#[test]
fn a_method_is_for_the_groups_that_it_names() {
    let f = fixture();
    let ann = f.ann;
    let (all, sales) = f.write(move |tx| {
        let group = |tx: &mut store::Tx<'_>, name: &str| {
            let body = json!({
                "displayName": name, "mailEnabled": false, "mailNickname": name,
                "securityEnabled": true,
            });
            Ok::<_, Error>(groups::create(tx, body.as_object().unwrap())?.id)
        };
        let (all, sales) = (group(tx, "all")?, group(tx, "sales")?);
        groups::add_member(tx, all, sales.uuid())?;
        groups::add_member(tx, sales, ann.uuid())?;
        Ok((all, sales))
    });
    let target = |group: Id<kind::Group>| json!([{"targetType": "group", "id": group}]);
    // By a group in the group, too.
    patch(
        &f,
        Configuration::SoftwareOath,
        json!({"includeTargets": target(all)}),
    )
    .unwrap();
    assert_eq!(standing(&f).registrable, [Kind::Passkey, Kind::Totp]);
    patch(
        &f,
        Configuration::SoftwareOath,
        json!({"excludeTargets": target(sales)}),
    )
    .unwrap();
    assert_eq!(standing(&f).registrable, [Kind::Passkey]);
    patch(&f, Configuration::Fido2, json!({"state": "disabled"})).unwrap();
    assert_eq!(standing(&f).registrable, []);
    patch(
        &f,
        Configuration::Fido2,
        json!({
            "state": "enabled", "isSelfServiceRegistrationAllowed": false,
        }),
    )
    .unwrap();
    assert_eq!(standing(&f).registrable, []);
    let nobodys = json!([{"targetType": "group", "id": "11111111-2222-3333-4444-555555555555"}]);
    let error = patch(&f, Configuration::Fido2, json!({"includeTargets": nobodys}));
    assert!(matches!(error, Err(Error::Invalid { .. })), "{error:?}");
    assert_eq!(f.read(Policy::get).totp.include, [Target::Group(all)]);
}

#[test]
fn administrators_are_asked_for_more_where_the_policy_says_so() {
    let f = fixture();
    let ann = f.ann;
    f.set_policy(|policy| policy.multifactor = Multifactor::Administrators);
    assert!(!standing(&f).needs_multifactor);
    f.write(move |tx| {
        roles::assign(
            tx,
            roles::GLOBAL_ADMINISTRATOR,
            ann.uuid(),
            roles::Scope::Tenant,
        )
    });
    assert!(standing(&f).needs_multifactor);
    f.set_policy(|policy| policy.multifactor = Multifactor::Nobody);
    assert!(!standing(&f).needs_multifactor);
    f.set_policy(|policy| policy.multifactor = Multifactor::All);
    assert!(standing(&f).needs_multifactor);
}

#[test]
fn what_is_wrong_in_a_patch_is_named_and_changes_nothing() {
    let f = fixture();
    for (configuration, body, target) in [
        (Configuration::Fido2, json!({"state": "on"}), "state"),
        (
            Configuration::Fido2,
            json!({"isAttestationEnforced": true}),
            "isAttestationEnforced",
        ),
        (
            Configuration::Fido2,
            json!({"keyRestrictions": {"aaGuids": ["x"]}}),
            "aaGuids",
        ),
        (
            Configuration::Fido2,
            json!({"includeTargets": {}}),
            "includeTargets",
        ),
        (
            Configuration::SoftwareOath,
            json!({"defaultLength": 8}),
            "defaultLength",
        ),
        (
            Configuration::TemporaryAccessPass,
            json!({"defaultLength": 7}),
            "defaultLength",
        ),
        (
            Configuration::TemporaryAccessPass,
            json!({"defaultLength": -1}),
            "defaultLength",
        ),
        (
            Configuration::TemporaryAccessPass,
            json!({"minimumLifetimeInMinutes": 90, "maximumLifetimeInMinutes": 80}),
            "maximumLifetimeInMinutes",
        ),
    ] {
        match patch(&f, configuration, body.clone()) {
            Err(Error::Invalid {
                target: Some(found),
                ..
            }) => assert_eq!(found, target, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
    assert_eq!(*f.read(Policy::get), Policy::default());
    let same = patch(&f, Configuration::Fido2, json!({"state": "enabled"}));
    assert!(!same.unwrap(), "nothing has changed");
}

#[test]
fn changes_are_audited_with_what_they_changed() {
    let f = fixture();
    patch(
        &f,
        Configuration::TemporaryAccessPass,
        json!({"isUsableOnce": true}),
    )
    .unwrap();
    let rows = f.read(|tx| audit::list(tx, &audit::Filter::default(), None, 10));
    let entry = rows
        .iter()
        .map(|row| &row.entry)
        .find(|entry| entry.activity_display_name == "Authentication Methods Policy Update")
        .unwrap();
    let [(name, old, new)] = &entry.targets[0].modified[..] else {
        panic!("{entry:?}")
    };
    assert_eq!(name, "TemporaryAccessPass");
    assert_eq!(
        (&old["isUsableOnce"], &new["isUsableOnce"]),
        (&json!(false), &json!(true))
    );
    assert!(f.read(Policy::get).modified_at.is_some());
}
