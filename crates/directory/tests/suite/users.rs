//! The tenant's own users: what they may hold, what is unique, how they are shown.

use crate::common::{DOMAIN, fixture, object, synced, target, user_body};
use directory::users::{self, NewUser};
use directory::{domains, synced as sync};
use serde_json::{Value, json};
use types::{DomainName, Error};

fn new(properties: Value) -> NewUser {
    NewUser {
        properties: object(properties),
        ..NewUser::default()
    }
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let f = fixture();
    let body = |more: Value| {
        let mut body = user_body("ann");
        body.extend(object(more));
        Value::Object(body)
    };
    for (more, wrong) in [
        (json!({"accountEnabled": null}), "accountEnabled"),
        (json!({"accountEnabled": "yes"}), "accountEnabled"),
        (json!({"displayName": null}), "displayName"),
        (json!({"displayName": ""}), "displayName"),
        (json!({"displayName": "x".repeat(257)}), "displayName"),
        (json!({"mailNickname": "ann lee"}), "mailNickname"),
        (json!({"mailNickname": "x".repeat(65)}), "mailNickname"),
        (json!({"userPrincipalName": "ann"}), "userPrincipalName"),
        (
            json!({"userPrincipalName": "ann@other.example"}),
            "userPrincipalName",
        ),
        (
            json!({"userPrincipalName": format!("ann lee@{DOMAIN}")}),
            "userPrincipalName",
        ),
        (
            json!({"userPrincipalName": format!("änn@{DOMAIN}")}),
            "userPrincipalName",
        ),
        (
            json!({"userPrincipalName": format!("{}@{DOMAIN}", "x".repeat(65))}),
            "userPrincipalName",
        ),
        (
            json!({"userPrincipalName": format!("ann_x.example#ext#@{DOMAIN}")}),
            "userPrincipalName",
        ),
        (json!({"mail": "ann"}), "mail"),
        (
            json!({"otherMails": ["ann@x.example", "ann"]}),
            "otherMails",
        ),
        (json!({"otherMails": "ann@x.example"}), "otherMails"),
        (json!({"businessPhones": ["1", "2"]}), "businessPhones"),
        (json!({"usageLocation": "Germany"}), "usageLocation"),
        (json!({"usageLocation": "D1"}), "usageLocation"),
        (json!({"employeeId": "x".repeat(17)}), "employeeId"),
        (json!({"employeeHireDate": "soon"}), "employeeHireDate"),
        (json!({"employeeOrgData": {"team": "x"}}), "employeeOrgData"),
        (json!({"passwordPolicies": "Weak"}), "passwordPolicies"),
        (json!({"ageGroup": "Old"}), "ageGroup"),
        (json!({"userType": "Robot"}), "userType"),
        (json!({"userType": null}), "userType"),
        (json!({"department": 7}), "department"),
        (json!({"department": "a\u{1f}b"}), "department"),
        (json!({"id": "00000000-0000-4000-8000-000000000001"}), "id"),
        (
            json!({"createdDateTime": "2026-01-01T00:00:00Z"}),
            "createdDateTime",
        ),
        (
            json!({"externalUserState": "Accepted"}),
            "externalUserState",
        ),
        (json!({"blockedHere": true}), "blockedHere"),
        (json!({"#issuer": "x.example"}), "#issuer"),
        (json!({"favouriteColour": "red"}), "favouriteColour"),
    ] {
        let before = f.head();
        let body = body(more);
        let text = body.to_string();
        let error = f.refused(move |tx| users::create(tx, new(body)));
        assert_eq!(target(&error), wrong, "{text}: {error}");
        assert_eq!(f.head(), before, "nothing is written: {text}");
    }
    for name in [
        "accountEnabled",
        "displayName",
        "mailNickname",
        "userPrincipalName",
    ] {
        let mut body = user_body("ann");
        body.shift_remove(name);
        let error = f.refused(move |tx| users::create(tx, new(Value::Object(body))));
        assert_eq!(target(&error), name);
    }
}

#[test]
fn names_are_unique_whatever_their_case() {
    let f = fixture();
    let ann = f.user("ann");
    let upper = json!({"userPrincipalName": format!("ANN@{}", DOMAIN.to_uppercase())});
    let mut body = user_body("other");
    body.extend(object(upper.clone()));
    let error = f.refused(move |tx| users::create(tx, new(Value::Object(body))));
    assert!(
        matches!(error, Error::AlreadyExists { property } if property == "userPrincipalName"),
        "{error:?}"
    );
    // One's own name in another case is a change like any other.
    assert!(f.patch(ann.id, upper));
    let found = f.read(|tx| users::find(tx, "ann@CONTOSO.example"));
    assert_eq!(found.id, ann.id);
    assert_eq!(found.user_principal_name(), "ANN@CONTOSO.EXAMPLE");
    let by_id = f.read(|tx| users::find(tx, &ann.id.to_string().to_uppercase()));
    assert_eq!(by_id.id, ann.id);
    assert!(matches!(
        f.try_read(|tx| users::find(tx, "nobody@contoso.example")),
        Err(Error::NotFound { .. })
    ));
}

#[test]
fn names_are_in_verified_domains_only() {
    let f = fixture();
    let second = || DomainName::parse("second.example").unwrap();
    f.write(move |tx| domains::add(tx, &second()));
    let ann = f.user("ann");
    let renamed = || json!({"userPrincipalName": "ann@Second.example"});
    let error = f.refused(move |tx| users::update(tx, ann.id, &object(renamed())));
    assert_eq!(target(&error), "userPrincipalName");
    f.write(|tx| domains::mark_verified(tx, "second.example"));
    assert!(f.patch(ann.id, renamed()));
    let name = "ann@contoso.example";
    assert!(f.try_read(|tx| users::find(tx, name)).is_err());
    // Who isn't in the initial domain still has his identity from there, as Entra has it.
    assert_eq!(
        f.shown(ann.id, "identities"),
        json!([{"signInType": "userPrincipalName", "issuer": DOMAIN, "issuerAssignedId": "ann@Second.example"}])
    );
    let taker = f.user("ann");
    assert_ne!(taker.id, ann.id);
}

#[test]
fn a_mail_is_unique_among_the_tenants_own_users() {
    let f = fixture();
    let mail = || json!({"mail": "Ann@Mail.example"});
    let ann = f.user_with("ann", mail());
    let bob = f.user("bob");
    let error = f
        .refused(move |tx| users::update(tx, bob.id, &object(json!({"mail": "ann@mail.EXAMPLE"}))));
    assert!(
        matches!(error, Error::AlreadyExists { property: "mail" }),
        "{error:?}"
    );
    // A mail says nothing of who a synced user is, so it may be the same, in either order.
    let mut other = synced(1, "ann", json!({}));
    other.home_mail = Some("ann@mail.example".into());
    let other = f.write(move |tx| sync::upsert(tx, &other)).id;
    assert!(!f.patch(ann.id, mail()));
    assert!(f.patch(ann.id, json!({"mail": null})));
    assert!(f.patch(bob.id, mail()));
    assert_eq!(f.shown(other, "mail"), "ann@mail.example");
}

#[test]
fn a_deleted_users_name_is_free_until_it_comes_back() {
    let f = fixture();
    let ann = f.user_with("ann", json!({"mail": "ann@mail.example"}));
    f.write(move |tx| users::delete(tx, ann.id));
    assert!(f.try_read(|tx| users::get(tx, ann.id)).is_err());
    let gone = f.read(|tx| users::get_deleted(tx, ann.id));
    let shown = users::project(&gone, None).unwrap();
    let prefix = ann.id.to_string().replace('-', "");
    assert_eq!(
        shown["userPrincipalName"],
        format!("{prefix}ann@contoso.example")
    );

    let second = f.user_with("ann", json!({"mail": "ann@mail.example"}));
    let error = f.refused(move |tx| users::restore(tx, ann.id));
    assert!(
        matches!(error, Error::AlreadyExists { property } if property == "userPrincipalName"),
        "{error:?}"
    );
    f.patch(
        second.id,
        json!({"userPrincipalName": "anna@contoso.example"}),
    );
    let error = f.refused(move |tx| users::restore(tx, ann.id));
    assert!(
        matches!(error, Error::AlreadyExists { property: "mail" }),
        "{error:?}"
    );
    f.patch(second.id, json!({"mail": null}));
    let back = f.write(move |tx| users::restore(tx, ann.id));
    assert_eq!(back.id, ann.id);
    assert_eq!(back.user_principal_name(), "ann@contoso.example");
    let found = f.read(|tx| users::find(tx, "ann@contoso.example"));
    assert_eq!(found.id, ann.id);
    assert_eq!(found.property("deletedDateTime"), Value::Null);
}

#[test]
fn a_user_whose_domain_went_away_is_not_restored_into_it() {
    let f = fixture();
    let second = DomainName::parse("second.example").unwrap();
    f.write(move |tx| {
        domains::add(tx, &second)?;
        domains::mark_verified(tx, "second.example")
    });
    let ann = f.user_with("ann", json!({"userPrincipalName": "ann@second.example"}));
    f.write(move |tx| users::delete(tx, ann.id));
    f.write(|tx| domains::remove(tx, "second.example"));
    let error = f.refused(move |tx| users::restore(tx, ann.id));
    assert_eq!(target(&error), "userPrincipalName");
}

#[test]
fn an_answer_has_graphs_default_set_or_what_is_selected() {
    let f = fixture();
    let ann = f.user_with(
        "ann",
        json!({"department": "Sales", "usageLocation": "de", "jobTitle": "",
            "employeeOrgData": {"division": "North"}}),
    );
    let user = f.read(|tx| users::get(tx, ann.id));
    assert_eq!(
        Value::Object(users::project(&user, None).unwrap()),
        json!({
            "id": ann.id, "businessPhones": [], "displayName": "ann", "givenName": null,
            "jobTitle": null, "mail": null, "mobilePhone": null, "officeLocation": null,
            "preferredLanguage": null, "surname": null,
            "userPrincipalName": "ann@contoso.example",
        })
    );
    let names = [
        "DEPARTMENT",
        "department",
        "userType",
        "accountEnabled",
        "usageLocation",
        "otherMails",
        "companyName",
        "employeeOrgData",
        "creationType",
        "deletedDateTime",
    ];
    let select = names.map(str::to_owned);
    let shown = users::project(&user, Some(&select)).unwrap();
    assert_eq!(
        Value::Object(shown),
        json!({
            "department": "Sales", "userType": "Member", "accountEnabled": true,
            "usageLocation": "DE", "otherMails": [], "companyName": null,
            "employeeOrgData": {"costCenter": null, "division": "North"},
            "creationType": null, "deletedDateTime": null,
        })
    );
    for unknown in ["colour", "#issuer", ""] {
        let error = users::project(&user, Some(&[unknown.to_owned()])).unwrap_err();
        assert_eq!(target(&error), "$select");
    }
}

#[test]
fn a_patch_changes_what_it_names_and_says_so_in_the_feed() {
    let f = fixture();
    let ann = f.user_with(
        "ann",
        json!({"department": "Sales", "city": "Kiel", "employeeOrgData": {"costCenter": "1"}}),
    );
    let head = f.head();
    assert!(!f.patch(ann.id, json!({})));
    assert!(!f.patch(
        ann.id,
        json!({"department": "Sales", "accountEnabled": true, "surname": null, "userType": "member"})
    ));
    assert_eq!(f.head(), head, "what is the same already isn't a change");
    assert!(f.patch(
        ann.id,
        json!({"department": null, "accountEnabled": false, "userType": "guest",
            "employeeOrgData": {"division": "North"}})
    ));
    let changes = f.changes(head);
    assert_eq!(
        changes,
        ["user Updated department,employeeOrgData,accountEnabled,userType"]
    );
    assert_eq!(f.shown(ann.id, "department"), Value::Null);
    assert_eq!(f.shown(ann.id, "city"), "Kiel");
    assert_eq!(f.shown(ann.id, "userType"), "Guest");
    assert_eq!(
        f.shown(ann.id, "employeeOrgData"),
        json!({"costCenter": "1", "division": "North"})
    );
    for wrong in [
        json!({"city": "Köln", "displayName": null}),
        json!({"city": "Köln", "userPrincipalName": null}),
        json!({"city": "Köln", "id": "x"}),
        json!({"city": "Köln", "accountEnabled": null}),
    ] {
        f.refused(move |tx| users::update(tx, ann.id, &object(wrong)));
        assert_eq!(f.shown(ann.id, "city"), "Kiel", "all or nothing");
    }
    f.write(move |tx| users::delete(tx, ann.id));
    let error = f.refused(move |tx| users::update(tx, ann.id, &object(json!({}))));
    assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
}

#[test]
fn a_source_key_finds_its_user_and_belongs_to_one() {
    let f = fixture();
    let with_key = |alias: &str| NewUser {
        properties: user_body(alias),
        source_key: Some("uid=ann,o=Hogwarts".into()),
        ..NewUser::default()
    };
    let first = with_key("ann");
    let ann = f.write(move |tx| users::create(tx, first));
    let second = with_key("bob");
    let error = f.refused(move |tx| users::create(tx, second));
    assert!(
        matches!(error, Error::AlreadyExists { property } if property == "sourceKey"),
        "{error:?}"
    );
    // A deleted user is found as well, so that an import doesn't make it anew.
    f.write(move |tx| users::delete(tx, ann.id));
    let found = f.read(|tx| users::find_by_source(tx, "uid=ann,o=Hogwarts"));
    assert_eq!(found.unwrap().id, ann.id);
    let unknown = f.read(|tx| users::find_by_source(tx, "UID=ann,o=Hogwarts"));
    assert!(unknown.is_none(), "keys are compared as they are");
}

#[test]
fn what_was_found_free_is_given_away_once() {
    let f = fixture();
    f.user("ann");
    let made = f.write(|tx| {
        let upn = |alias: &str| format!("{alias}@{DOMAIN}").to_lowercase();
        let names = ["ann", "bob", "cat"].map(upn);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mails = ["bob@x.example", "cat@x.example"];
        users::look_for_free(tx, &names, &mails, &["1", "2"])?;
        let mut outcomes = Vec::new();
        for (alias, mail, key) in [
            ("ann", "ann@x.example", "1"),
            ("bob", "BOB@x.example", "1"),
            ("Bob", "cat@x.example", "2"),
            ("cat", "bob@x.example", "2"),
            ("cat", "cat@x.example", "1"),
            ("cat", "cat@x.example", "2"),
            ("eve", "eve@x.example", "3"),
        ] {
            let mut properties = user_body(alias);
            properties.insert("mail".into(), mail.into());
            let new = NewUser {
                properties,
                source_key: Some(key.into()),
                ..NewUser::default()
            };
            // One that is made and taken back leaves its name free.
            let taken_back = tx.attempt(|tx| {
                users::create(tx, new.clone())?;
                Err::<(), _>(Error::conflict("taken back"))
            });
            assert!(taken_back.is_err());
            outcomes.push(match tx.attempt(|tx| users::create(tx, new)) {
                Ok(_) => "made",
                Err(Error::AlreadyExists { property }) => property,
                Err(error) => return Err(error),
            });
            users::look_for_free(tx, &names, &mails, &["1", "2"])?;
        }
        let found = users::find_by_sources(tx, &["1", "2", "3", "4"])?;
        let mut keys: Vec<String> = found.into_keys().collect();
        keys.sort();
        assert_eq!(keys, ["1", "2", "3"]);
        Ok(outcomes)
    });
    let (name, mail, key) = ("userPrincipalName", "mail", "sourceKey");
    assert_eq!(made, [name, "made", name, mail, key, "made", "made"]);
}

#[test]
fn without_being_asked_again_a_name_is_still_given_away_once() {
    let f = fixture();
    let made = f.write(|tx| {
        let name = format!("bob@{DOMAIN}").to_lowercase();
        users::look_for_free(tx, &[&name], &[], &[])?;
        let body = || new(Value::Object(user_body("bob")));
        users::create(tx, body())?;
        Ok(users::create(tx, body()).is_ok())
    });
    assert!(!made);
}

#[test]
fn passwords_are_never_shown() {
    const HASH: &str = "$argon2id$secret-hash";
    let f = fixture();
    let made = NewUser {
        properties: user_body("ann"),
        password_hash: Some(HASH.into()),
        ..NewUser::default()
    };
    let ann = f.write(move |tx| users::create(tx, made)).id;
    assert_eq!(
        f.read(|tx| users::password_hash(tx, ann)).as_deref(),
        Some(HASH)
    );
    let changed_first = f.shown(ann, "lastPasswordChangeDateTime");
    assert!(changed_first.is_string());

    f.clock.advance_seconds(60);
    let head = f.head();
    f.write(move |tx| {
        users::set_password(
            tx,
            ann,
            Some("$argon2id$secret-hash2"),
            users::PasswordChange::None,
        )
    });
    assert_eq!(
        f.changes(head),
        ["user Updated passwordProfile,lastPasswordChangeDateTime"]
    );
    assert_ne!(f.shown(ann, "lastPasswordChangeDateTime"), changed_first);
    // Other changes leave the password alone.
    f.patch(ann, json!({"city": "Kiel"}));
    let hash = f.read(|tx| users::password_hash(tx, ann));
    assert_eq!(hash.as_deref(), Some("$argon2id$secret-hash2"));

    let user = f.read(|tx| users::get(tx, ann));
    assert_eq!(user.property("passwordProfile")["password"], Value::Null);
    let scanned = f.read(|tx| users::scan(tx, None, 10));
    let properties = scanned[0].properties().unwrap();
    let seen = format!("{user:?} {scanned:?} {properties:?}");
    assert!(!seen.contains("secret-hash"), "{seen}");

    let body = json!({"passwordProfile": {"password": "x"}});
    let error = f.refused(move |tx| users::update(tx, ann, &object(body)));
    assert_eq!(target(&error), "passwordProfile");
    f.write(move |tx| users::set_password(tx, ann, None, users::PasswordChange::None));
    assert_eq!(f.read(|tx| users::password_hash(tx, ann)), None);
    f.write(move |tx| users::delete(tx, ann));
    assert!(f.try_read(|tx| users::password_hash(tx, ann)).is_err());
}

#[test]
fn a_manager_is_somebody_else_who_is_there() {
    let f = fixture();
    let (ann, bob) = (f.user("ann").id, f.user("bob").id);
    let manager = |id| f.read(|tx| users::manager_of(tx, id));
    assert_eq!(manager(ann), None);
    assert!(matches!(
        f.refused(move |tx| users::remove_manager(tx, ann)),
        Error::NotFound { .. }
    ));
    f.refused(move |tx| users::set_manager(tx, ann, ann));
    let head = f.head();
    f.write(move |tx| users::set_manager(tx, ann, bob));
    f.write(move |tx| users::set_manager(tx, ann, bob));
    assert_eq!(f.changes(head), ["user Updated manager"]);
    let reports = f.read(|tx| users::direct_reports(tx, bob, None, 10));
    assert_eq!(
        reports.iter().map(|user| user.id).collect::<Vec<_>>(),
        [ann]
    );

    f.write(move |tx| users::delete(tx, bob));
    assert_eq!(manager(ann), None, "a deleted manager is no manager");
    assert!(matches!(
        f.refused(move |tx| users::set_manager(tx, ann, bob)),
        Error::NotFound { .. }
    ));
    f.write(move |tx| users::restore(tx, bob));
    assert_eq!(manager(ann), Some(bob));
    let head = f.head();
    f.write(move |tx| {
        users::delete(tx, bob)?;
        users::purge(tx, bob)
    });
    assert_eq!(
        f.changes(head),
        ["user Deleted", "user Updated manager", "user Purged"]
    );
    assert_eq!(manager(ann), None);
}
