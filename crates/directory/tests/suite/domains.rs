//! The tenant's domains, and the organization object that shows them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common;
use crate::common::{DOMAIN, Fixture, fixture, object, target, unified_body};
use directory::domains::{self, Domain};
use directory::{groups, synced as sync, tenant, users};
use serde_json::{Value, json};
use types::{DomainName, Error};

fn add(f: &Fixture, name: &str) -> Domain {
    let name = DomainName::parse(name).unwrap();
    f.write(move |tx| domains::add(tx, &name))
}
fn verified(f: &Fixture, name: &'static str) {
    add(f, name);
    f.write(move |tx| domains::mark_verified(tx, name));
}
fn update(f: &Fixture, name: &'static str, patch: Value) -> bool {
    let patch = object(patch);
    f.write(move |tx| domains::update(tx, name, &patch))
}
fn shown(f: &Fixture, name: &str) -> Value {
    let (domain, all) = f.read(|tx| Ok((domains::get(tx, name)?, domains::list(tx)?)));
    Value::Object(domains::project(&domain, &all, None).unwrap())
}

#[test]
fn the_initial_domain_is_there_verified_and_stays() {
    let f = fixture();
    assert_eq!(
        shown(&f, "CONTOSO.example"),
        json!({
            "authenticationType": "Managed", "availabilityStatus": null, "id": DOMAIN,
            "isAdminManaged": true, "isDefault": true, "isInitial": true, "isRoot": true,
            "isVerified": true, "passwordNotificationWindowInDays": null,
            "passwordValidityPeriodInDays": null, "state": null,
            "supportedServices": ["Email", "OfficeCommunicationsOnline"],
        })
    );
    f.refused(|tx| domains::remove(tx, DOMAIN));
    verified(&f, "second.example");
    update(&f, "second.example", json!({"isDefault": true}));
    f.refused(|tx| domains::remove(tx, DOMAIN));
    assert_eq!(f.read(tenant::initial_domain), DOMAIN);
}

#[test]
fn a_new_domain_gives_names_once_it_is_verified() {
    let f = fixture();
    let head = f.head();
    let second = add(&f, "Second.example");
    assert_eq!(second.name, "second.example");
    assert!(second.verification.starts_with("MS=ms"));
    assert_eq!(second.verification.len(), "MS=ms12345678".len());
    assert_eq!(shown(&f, "second.example")["isVerified"], false);
    assert_eq!(shown(&f, "second.example")["supportedServices"], json!([]));
    let name = DomainName::parse("SECOND.example").unwrap();
    let again = f.refused(move |tx| domains::add(tx, &name));
    assert!(matches!(again, Error::AlreadyExists { .. }), "{again:?}");
    let default = object(json!({"isDefault": true}));
    f.refused(move |tx| domains::update(tx, "second.example", &default));
    assert_eq!(f.read(tenant::verified_domains), [DOMAIN]);

    f.write(|tx| domains::mark_verified(tx, "second.example"));
    f.write(|tx| domains::mark_verified(tx, "Second.Example"));
    assert_eq!(
        f.changes(head),
        [
            "domain Created",
            "domain Updated isVerified,supportedServices"
        ]
    );
    assert_eq!(f.read(tenant::verified_domains), [DOMAIN, "second.example"]);
    for unknown in ["third.example", "", "%"] {
        let error = f.refused(move |tx| domains::mark_verified(tx, unknown));
        assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
    }
}

#[test]
fn a_body_names_a_domain_and_nothing_else() {
    let good = domains::parse_new(&object(json!({"id": "New.example"}))).unwrap();
    assert_eq!(good.as_str(), "new.example");
    for body in [
        json!({}),
        json!({"id": null}),
        json!({"id": "localhost"}),
        json!({"id": "a b.example"}),
        json!({"id": "bücher.example"}),
        json!({"id": format!("{}.example", "x".repeat(64))}),
        json!({"id": "new.example", "isDefault": true}),
        json!({"id": "new.example", "isVerified": true}),
        json!({"name": "new.example"}),
    ] {
        let error = domains::parse_new(&object(body.clone())).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{body}: {error:?}");
    }
}

#[test]
fn one_domain_is_the_default() {
    let f = fixture();
    verified(&f, "second.example");
    let head = f.head();
    assert!(update(&f, "second.example", json!({"isDefault": true})));
    assert!(!update(&f, "second.example", json!({"isDefault": true})));
    assert!(!update(&f, DOMAIN, json!({"isDefault": false})));
    assert_eq!(
        f.changes(head),
        ["domain Updated isDefault", "domain Updated isDefault"]
    );
    assert_eq!(f.read(tenant::default_domain), "second.example");
    let defaults = f.read(domains::list).into_iter().filter(|it| it.is_default);
    assert_eq!(defaults.count(), 1);
    let none = object(json!({"isDefault": false}));
    let error = f.refused(move |tx| domains::update(tx, "second.example", &none));
    assert_eq!(target(&error), "isDefault");
    let fixed = object(json!({"id": "third.example"}));
    let error = f.refused(move |tx| domains::update(tx, "second.example", &fixed));
    assert_eq!(target(&error), "id");
    let error = f.refused(|tx| domains::remove(tx, "second.example"));
    assert!(error.to_string().contains("default"), "{error}");
}

#[test]
fn a_domain_in_use_is_not_removed() {
    let f = fixture();
    verified(&f, "second.example");
    verified(&f, "sub.second.example");
    assert_eq!(shown(&f, "second.example")["isRoot"], true);
    assert_eq!(shown(&f, "sub.second.example")["isRoot"], false);
    let ann = f.user_with("ann", json!({"userPrincipalName": "Ann@SECOND.example"}));
    f.refused(|tx| domains::remove(tx, "second.example"));
    // Names below it are in a domain of their own.
    f.write(|tx| domains::remove(tx, "sub.second.example"));
    f.patch(ann.id, json!({"userPrincipalName": "ann@contoso.example"}));

    update(&f, "second.example", json!({"isDefault": true}));
    let team = f.group_of(unified_body("team")).id;
    update(&f, DOMAIN, json!({"isDefault": true}));
    let mail = f.read(|tx| groups::get(tx, team));
    let mail = groups::project(&mail, None).unwrap();
    assert_eq!(mail["mail"], "team@second.example");
    let error = f.refused(|tx| domains::remove(tx, "second.example"));
    assert!(matches!(error, Error::Invalid { .. }), "{error:?}");
    f.write(move |tx| groups::delete(tx, team));

    // Names of home have nothing to do with this tenant's domains.
    let guest = common::synced(1, "eve", json!({}));
    f.write(move |tx| sync::upsert(tx, &guest));
    let head = f.head();
    f.write(|tx| domains::remove(tx, "second.example"));
    assert_eq!(f.changes(head), ["domain Purged"]);
    assert!(f.try_read(|tx| domains::get(tx, "second.example")).is_err());
    assert_eq!(f.read(|tx| users::count(tx, None, false)), 2);
}

#[test]
fn the_organization_shows_its_verified_domains() {
    let f = fixture();
    verified(&f, "second.example");
    add(&f, "third.example");
    let head = f.head();
    let set = |patch: Value| {
        let patch = object(patch);
        f.try_write(move |tx| tenant::update(tx, &patch))
    };
    let patch =
        json!({"displayName": "Contoso Ltd", "technicalNotificationMails": ["it@x.example"]});
    assert!(set(patch.clone()).unwrap());
    assert!(!set(patch).unwrap());
    assert_eq!(
        f.changes(head),
        ["organization Updated displayName,technicalNotificationMails"]
    );
    for (wrong, at) in [
        (json!({"displayName": null}), "displayName"),
        (
            json!({"technicalNotificationMails": ["it"]}),
            "technicalNotificationMails",
        ),
        (
            json!({"marketingNotificationEmails": ["it"]}),
            "marketingNotificationEmails",
        ),
        (json!({"verifiedDomains": []}), "verifiedDomains"),
        (json!({"tenantType": "X"}), "tenantType"),
    ] {
        assert_eq!(target(&set(wrong).unwrap_err()), at);
    }
    let organization = f.read(tenant::get);
    let shown = tenant::project(&organization, None).unwrap();
    assert_eq!(shown["id"], json!(f.tenant));
    assert_eq!(shown["displayName"], "Contoso Ltd");
    let services = "Email, OfficeCommunicationsOnline";
    assert_eq!(
        shown["verifiedDomains"],
        json!([
            {"capabilities": services, "isDefault": true, "isInitial": true, "name": DOMAIN,
                "type": "Managed"},
            {"capabilities": services, "isDefault": false, "isInitial": false,
                "name": "second.example", "type": "Managed"},
        ])
    );
}
