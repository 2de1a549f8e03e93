//! Users of other tenants: what home decides, what this tenant decides, and that the two don't mix.
#![allow(clippy::panic, reason = "a test fails by panicking")]

use crate::common::{DOMAIN, Fixture, fixture, home, home_id, object, synced, target};
use directory::invitations::{self, NewInvitation};
use directory::synced::{self as sync, SyncedOutcome, SyncedUser, Upserted};
use directory::users;
use serde_json::{Value, json};
use types::{Error, Id, TenantId, kind};
use uuid::Uuid;

fn upsert(f: &Fixture, user: &SyncedUser) -> Upserted {
    let user = user.clone();
    f.write(move |tx| sync::upsert(tx, &user))
}
fn refused(f: &Fixture, user: &SyncedUser) -> Error {
    let user = user.clone();
    f.refused(move |tx| sync::upsert(tx, &user))
}
/// The names of what an upsert changed.
fn changed(outcome: &SyncedOutcome) -> Vec<&str> {
    match outcome {
        SyncedOutcome::Updated { changed } | SyncedOutcome::Restored { changed } => {
            changed.iter().map(|(name, ..)| name.as_str()).collect()
        }
        other => panic!("{other:?}"),
    }
}
fn upn(f: &Fixture, id: Id<kind::User>) -> String {
    f.read(|tx| users::get(tx, id))
        .user_principal_name()
        .to_owned()
}
fn remove(f: &Fixture, number: u128, purge: bool) -> Option<Id<kind::User>> {
    f.write(move |tx| sync::remove(tx, home(), home_id(number), purge))
}

#[test]
fn a_synced_user_looks_as_graph_has_it() {
    let f = fixture();
    let ann = synced(
        1,
        "ann",
        json!({"department": "Sales", "businessPhones": ["1"]}),
    );
    let made = upsert(&f, &ann);
    assert_eq!(made.outcome, SyncedOutcome::Created);
    let select = [
        "id",
        "displayName",
        "department",
        "businessPhones",
        "userPrincipalName",
        "mail",
        "otherMails",
        "userType",
        "creationType",
        "externalUserState",
        "accountEnabled",
        "blockedHere",
        "identities",
        "proxyAddresses",
    ]
    .map(str::to_owned);
    let user = f.read(|tx| users::get(tx, made.id));
    assert_eq!(
        Value::Object(users::project(&user, Some(&select)).unwrap()),
        json!({
            "id": made.id, "displayName": "ann", "department": "Sales", "businessPhones": ["1"],
            "userPrincipalName": format!("ann_fabrikam.example#EXT#@{DOMAIN}"),
            "mail": "ann@fabrikam.example", "otherMails": ["ann@fabrikam.example"],
            "userType": "Member", "creationType": "Invitation", "externalUserState": "Accepted",
            "accountEnabled": true, "blockedHere": false,
            "identities": [
                {"signInType": "federated", "issuer": "ExternalAzureAD", "issuerAssignedId": null},
                {"signInType": "userPrincipalName", "issuer": DOMAIN,
                    "issuerAssignedId": format!("ann_fabrikam.example#EXT#@{DOMAIN}")},
            ],
            "proxyAddresses": ["SMTP:ann@fabrikam.example"],
        })
    );
    assert_eq!(user.home, Some((home(), home_id(1))));
    let found = f.read(|tx| users::find(tx, "Ann_Fabrikam.example#ext#@contoso.example"));
    assert_eq!(found.id, made.id);
    assert_eq!(f.read(|tx| sync::count(tx, home())), 1);
    assert_eq!(f.read(users::count_internal), 0);

    let head = f.head();
    assert_eq!(upsert(&f, &ann).outcome, SyncedOutcome::Unchanged);
    assert_eq!(f.head(), head, "what is the same isn't written again");
}

#[test]
fn a_taken_name_gets_a_suffix_and_keeps_it() {
    let f = fixture();
    let mut first = synced(1, "ann", json!({}));
    first.user_principal_name = "Ann@Fabrikam.example".into();
    let second = synced(2, "ann", json!({}));
    let third = synced(3, "ann", json!({}));
    let [first, second_id, third_id] = [&first, &second, &third].map(|user| upsert(&f, user).id);
    assert_eq!(upn(&f, first), "Ann_Fabrikam.example#EXT#@contoso.example");
    assert_eq!(
        upn(&f, second_id),
        "ann_fabrikam.example1#EXT#@contoso.example"
    );
    assert_eq!(
        upn(&f, third_id),
        "ann_fabrikam.example2#EXT#@contoso.example"
    );
    // The others are free now, but nobody's name moves for that.
    remove(&f, 1, true);
    assert_eq!(upsert(&f, &second).outcome, SyncedOutcome::Unchanged);
    assert_eq!(upsert(&f, &third).outcome, SyncedOutcome::Unchanged);
}

#[test]
fn a_rename_at_home_keeps_the_object() {
    let f = fixture();
    let made = upsert(&f, &synced(1, "ann", json!({})));
    upsert(&f, &synced(2, "ann.lee", json!({})));
    let mut renamed = synced(1, "ann", json!({"surname": "Lee"}));
    renamed.user_principal_name = "ann.lee@fabrikam.example".into();
    renamed.home_mail = Some("ann.lee@fabrikam.example".into());
    let head = f.head();
    let again = upsert(&f, &renamed);
    assert_eq!(again.id, made.id);
    assert_eq!(
        changed(&again.outcome),
        ["surname", "userPrincipalName", "mail", "otherMails"]
    );
    assert_eq!(
        f.changes(head),
        ["user Updated surname,userPrincipalName,mail,otherMails"]
    );
    assert_eq!(
        upn(&f, made.id),
        "ann.lee_fabrikam.example1#EXT#@contoso.example"
    );
    assert_eq!(upsert(&f, &renamed).outcome, SyncedOutcome::Unchanged);
    assert!(
        f.try_read(|tx| users::find(tx, "ann_fabrikam.example#EXT#@contoso.example"))
            .is_err()
    );
    // Back to the name from before.
    let back = upsert(&f, &synced(1, "ann", json!({"surname": "Lee"})));
    assert_eq!(
        changed(&back.outcome),
        ["userPrincipalName", "mail", "otherMails"]
    );
    assert_eq!(
        upn(&f, made.id),
        "ann_fabrikam.example#EXT#@contoso.example"
    );
}

#[test]
fn what_home_clears_is_cleared_and_what_is_ours_stays() {
    let f = fixture();
    let full = synced(
        1,
        "ann",
        json!({"department": "Sales", "city": "Kiel", "businessPhones": ["1"], "givenName": "Ann"}),
    );
    let id = upsert(&f, &full).id;
    f.patch(id, json!({"companyName": "Ours", "userType": "Guest"}));
    let mut bare = synced(
        1,
        "ann",
        json!({"department": null, "businessPhones": [], "givenName": ""}),
    );
    bare.home_mail = None;
    let outcome = upsert(&f, &bare).outcome;
    let SyncedOutcome::Updated { changed: values } = &outcome else {
        panic!("{outcome:?}");
    };
    assert!(values.contains(&("department".into(), json!("Sales"), Value::Null)));
    assert_eq!(
        changed(&outcome),
        [
            "givenName",
            "department",
            "city",
            "businessPhones",
            "mail",
            "otherMails"
        ]
    );
    for name in ["department", "city", "givenName", "mail"] {
        assert_eq!(f.shown(id, name), Value::Null, "{name}");
    }
    for name in ["businessPhones", "otherMails"] {
        assert_eq!(f.shown(id, name), json!([]), "{name}");
    }
    assert_eq!(f.shown(id, "companyName"), "Ours");
    assert_eq!(f.shown(id, "userType"), "Guest");
    assert_eq!(upsert(&f, &bare).outcome, SyncedOutcome::Unchanged);
}

#[test]
fn what_home_decides_cannot_be_changed_here() {
    let f = fixture();
    let ann = synced(1, "ann", json!({}));
    let id = upsert(&f, &ann).id;
    for (patch, wrong) in [
        (json!({"displayName": "Anna"}), "displayName"),
        (json!({"department": "Sales"}), "department"),
        (json!({"mail": "ann@contoso.example"}), "mail"),
        (json!({"otherMails": []}), "otherMails"),
        (
            json!({"userPrincipalName": "ann@contoso.example"}),
            "userPrincipalName",
        ),
    ] {
        let error = f.refused(move |tx| users::update(tx, id, &object(patch)));
        assert_eq!(target(&error), wrong);
    }
    let error =
        f.refused(move |tx| users::set_password(tx, id, Some("hash"), users::PasswordChange::None));
    assert_eq!(target(&error), "passwordProfile");
    let boss = f.user("boss").id;
    let error = f.refused(move |tx| users::set_manager(tx, id, boss));
    assert_eq!(target(&error), "manager");
    assert!(f.patch(id, json!({"displayName": "ann", "usageLocation": "DE"})));
    assert_eq!(upsert(&f, &ann).outcome, SyncedOutcome::Unchanged);
    assert_eq!(f.shown(id, "usageLocation"), "DE");
}

#[test]
fn a_block_here_wins_over_home() {
    let f = fixture();
    let ann = synced(1, "ann", json!({}));
    let id = upsert(&f, &ann).id;
    f.patch(id, json!({"accountEnabled": false}));
    let blocked = |enabled: bool, is_blocked: bool| {
        assert_eq!(f.shown(id, "accountEnabled"), enabled);
        assert_eq!(f.shown(id, "blockedHere"), is_blocked);
    };
    blocked(false, true);
    assert_eq!(upsert(&f, &ann).outcome, SyncedOutcome::Unchanged);
    blocked(false, true);

    // Home disables meanwhile; nobody sees a difference until the block is lifted.
    let mut disabled = ann.clone();
    disabled.account_enabled = false;
    let head = f.head();
    assert_eq!(upsert(&f, &disabled).outcome, SyncedOutcome::Unchanged);
    assert_eq!(f.head(), head);
    f.patch(id, json!({"accountEnabled": true}));
    blocked(false, false);

    let outcome = upsert(&f, &ann).outcome;
    assert_eq!(changed(&outcome), ["accountEnabled"]);
    blocked(true, false);
    assert_eq!(changed(&upsert(&f, &disabled).outcome), ["accountEnabled"]);
    blocked(false, false);
    // Enabling here can't lift what home says either.
    assert!(!f.patch(id, json!({"accountEnabled": true})));
    blocked(false, false);
    // The field itself says the same.
    assert!(f.patch(id, json!({"blockedHere": true})));
    blocked(false, true);
    assert!(f.patch(id, json!({"blockedHere": false})));
    blocked(false, false);
    for (user, patch) in [
        (id, json!({"blockedHere": true, "accountEnabled": true})),
        (id, json!({"blockedHere": "yes"})),
        (f.user("own").id, json!({"blockedHere": true})),
    ] {
        let error = f.refused(move |tx| users::update(tx, user, &object(patch)));
        assert_eq!(target(&error), "blockedHere");
    }
    // The block survives deletion and return.
    f.patch(id, json!({"accountEnabled": false}));
    remove(&f, 1, false);
    upsert(&f, &ann);
    blocked(false, true);
}

#[test]
fn what_home_deletes_home_brings_back_with_the_same_id() {
    let f = fixture();
    let ann = synced(1, "ann", json!({}));
    let id = upsert(&f, &ann).id;
    assert_eq!(remove(&f, 9, false), None);
    let head = f.head();
    assert_eq!(remove(&f, 1, false), Some(id));
    assert_eq!(remove(&f, 1, false), Some(id));
    assert_eq!(f.changes(head), ["user Deleted"]);
    assert!(f.try_read(|tx| users::get(tx, id)).is_err());
    assert_eq!(f.read(|tx| sync::count(tx, home())), 0);
    let found = f.read(|tx| sync::find(tx, home(), home_id(1)));
    assert!(found.unwrap().deleted);

    // Meanwhile somebody else has got the name.
    let other = upsert(&f, &synced(2, "ann", json!({}))).id;
    assert_eq!(upn(&f, other), "ann_fabrikam.example#EXT#@contoso.example");
    let mut back = ann.clone();
    back.properties.insert("city".into(), "Kiel".into());
    let head = f.head();
    let again = upsert(&f, &back);
    assert_eq!(again.id, id);
    assert!(matches!(again.outcome, SyncedOutcome::Restored { .. }));
    assert_eq!(changed(&again.outcome), ["city", "userPrincipalName"]);
    assert_eq!(f.changes(head), ["user Restored city,userPrincipalName"]);
    assert_eq!(upn(&f, id), "ann_fabrikam.example1#EXT#@contoso.example");
    assert_eq!(f.shown(id, "deletedDateTime"), Value::Null);
}

#[test]
fn what_this_tenants_admin_deleted_home_does_not_bring_back() {
    let f = fixture();
    let ann = synced(1, "ann", json!({}));
    let id = upsert(&f, &ann).id;
    f.write(move |tx| users::delete(tx, id));
    let head = f.head();
    assert!(matches!(refused(&f, &ann), Error::Conflict { .. }));
    // Home's deleting and returning doesn't get around that.
    assert_eq!(remove(&f, 1, false), Some(id));
    assert!(matches!(refused(&f, &ann), Error::Conflict { .. }));
    assert_eq!(f.head(), head);

    f.write(move |tx| users::restore(tx, id));
    assert_eq!(upsert(&f, &ann).outcome, SyncedOutcome::Unchanged);
    // What the admin restores isn't gone by home's word any more.
    remove(&f, 1, false);
    f.write(move |tx| users::restore(tx, id));
    f.write(move |tx| users::delete(tx, id));
    assert!(matches!(refused(&f, &ann), Error::Conflict { .. }));
    // After a purge there is nothing left to keep to.
    f.write(move |tx| users::purge(tx, id));
    let anew = upsert(&f, &ann);
    assert_eq!(anew.outcome, SyncedOutcome::Created);
    assert_ne!(anew.id, id);
}

#[test]
fn a_purge_at_home_is_a_purge_here() {
    let f = fixture();
    let (first, second) = (synced(1, "ann", json!({})), synced(2, "bob", json!({})));
    let (ann, bob) = (upsert(&f, &first).id, upsert(&f, &second).id);
    f.write(move |tx| users::delete(tx, bob));
    let head = f.head();
    assert_eq!(remove(&f, 1, true), Some(ann));
    assert_eq!(remove(&f, 2, true), Some(bob));
    assert_eq!(remove(&f, 1, true), None);
    assert_eq!(f.changes(head), ["user Purged", "user Purged"]);
    assert!(f.try_read(|tx| users::get_deleted(tx, bob)).is_err());
    assert_eq!(f.read(users::count_all), 0);
}

#[test]
fn nobody_is_matched_by_name_or_mail() {
    let f = fixture();
    let own = f
        .user_with("ann", json!({"mail": "ann@fabrikam.example"}))
        .id;
    let ann = synced(1, "ann", json!({}));
    let first = upsert(&f, &ann).id;
    let mut elsewhere = ann.clone();
    elsewhere.home_tenant = TenantId::new(Uuid::from_u128(7));
    let second = upsert(&f, &elsewhere).id;
    assert!(first != own && second != own && first != second);
    // The same id at another home is another user.
    assert_eq!(f.read(|tx| sync::count(tx, home())), 1);
    remove(&f, 1, true);
    assert_eq!(f.read(|tx| users::get(tx, second)).id, second);
    let listed = f.read(|tx| sync::list(tx, elsewhere.home_tenant, None, 10));
    assert_eq!(listed.len(), 1);
    assert_eq!(f.read(|tx| sync::list(tx, home(), None, 10)).len(), 0);
}

#[test]
fn managers_are_linked_in_either_order() {
    let f = fixture();
    let mut report = synced(1, "ann", json!({}));
    report.manager_home_id = Some(home_id(2));
    let boss = synced(2, "bob", json!({}));
    let ann = upsert(&f, &report).id;
    let manager = |id| f.read(|tx| users::manager_of(tx, id));
    assert_eq!(manager(ann), None, "the manager isn't here yet");
    let bob = upsert(&f, &boss).id;
    assert_eq!(manager(ann), Some(bob));
    let reports = f.read(|tx| users::direct_reports(tx, bob, None, 10));
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].id, ann);

    // A manager who was here before his report.
    let mut late = synced(3, "eve", json!({}));
    late.manager_home_id = Some(home_id(2));
    let eve = upsert(&f, &late).id;
    assert_eq!(manager(eve), Some(bob));
    // The id at home is one of that home only.
    let mut stranger = synced(4, "mallory", json!({}));
    stranger.home_tenant = TenantId::new(Uuid::from_u128(7));
    stranger.manager_home_id = Some(home_id(2));
    let mallory = upsert(&f, &stranger).id;
    assert_eq!(manager(mallory), None);
    // An own user can have a synced manager.
    let own = f.user("own").id;
    f.write(move |tx| users::set_manager(tx, own, bob));
    let reports = f.read(|tx| users::direct_reports(tx, bob, None, 10));
    assert_eq!(reports.len(), 3);

    remove(&f, 2, false);
    assert_eq!((manager(ann), manager(own)), (None, None));
    upsert(&f, &boss);
    assert_eq!((manager(ann), manager(own)), (Some(bob), Some(bob)));
    let head = f.head();
    report.manager_home_id = None;
    assert_eq!(changed(&upsert(&f, &report).outcome), ["manager"]);
    assert_eq!(f.changes(head), ["user Updated manager"]);
    assert_eq!(manager(ann), None);
}

#[test]
fn what_is_wrong_is_an_error_of_that_user_only() {
    let f = fixture();
    let good = synced(1, "ann", json!({}));
    let mut cases = vec![
        (
            synced(2, "bob", json!({"displayName": null})),
            "displayName",
        ),
        (synced(2, "bob", json!({"companyName": "x"})), "companyName"),
        (
            synced(2, "bob", json!({"accountEnabled": true})),
            "accountEnabled",
        ),
        (synced(2, "bob", json!({"givenName": 1})), "givenName"),
        (
            synced(2, "bob", json!({"employeeId": "x".repeat(17)})),
            "employeeId",
        ),
        (
            synced(2, "bob", json!({"mailNickname": "b b"})),
            "mailNickname",
        ),
        (
            synced(2, "bob", json!({"businessPhones": ["1", "2"]})),
            "businessPhones",
        ),
    ];
    let mut mail = synced(2, "bob", json!({}));
    mail.home_mail = Some("bob".into());
    cases.push((mail, "mail"));
    for name in ["bob", "b b@fabrikam.example", "@fabrikam.example"] {
        let mut wrong = synced(2, "bob", json!({}));
        wrong.user_principal_name = name.into();
        cases.push((wrong, "userPrincipalName"));
    }
    for (wrong, at) in cases {
        let good = good.clone();
        let (error, done) = f.write(move |tx| {
            let error = tx.attempt(|tx| sync::upsert(tx, &wrong)).unwrap_err();
            Ok((error, tx.attempt(|tx| sync::upsert(tx, &good))?))
        });
        assert_eq!(target(&error), at);
        assert!(!matches!(done.outcome, SyncedOutcome::Updated { .. }));
    }
    assert_eq!(f.read(users::count_all), 1);
}

#[test]
fn who_was_invited_under_the_name_at_home_is_matched_and_nobody_else() {
    let f = fixture();
    let invite = |address: &str, home_tenant: Option<TenantId>| {
        let new = NewInvitation {
            address: address.to_owned(),
            display_name: None,
            is_member: false,
            redirect_url: "https://app.example".to_owned(),
            home_tenant,
            ticket_hash: [7; 32],
            reset: None,
        };
        f.write(move |tx| invitations::invite(tx, &new)).user.id
    };
    let ann = synced(1, "ann", json!({"department": "Sales"}));
    let invited = invite(&ann.user_principal_name.to_uppercase(), Some(home()));
    let name = upn(&f, invited);
    // Not yet this tenant's to send on, nor the home's to change.
    assert!(f.read(|tx| users::get(tx, invited)).is_external());
    f.write(move |tx| {
        let manager = f_manager(tx);
        users::set_manager(tx, invited, manager)
    });

    let matched = upsert(&f, &ann);
    assert_eq!(matched.id, invited);
    assert!(changed(&matched.outcome).contains(&"externalUserState"));
    let user = f.read(|tx| users::get(tx, invited));
    assert_eq!(user.home, Some((home(), home_id(1))));
    assert_eq!(user.property("externalUserState"), "Accepted");
    assert_eq!(user.property("department"), "Sales");
    assert_eq!(user.user_type(), "Guest");
    assert_eq!(f.read(|tx| users::manager_of(tx, invited)), None);
    assert_ne!(upn(&f, invited), name);
    assert_eq!(upsert(&f, &ann).outcome, SyncedOutcome::Unchanged);
    // Invited again it is the same user, with nothing left to redeem.
    assert_eq!(invite(&ann.user_principal_name, Some(home())), invited);

    // Not by its mail, not under a name whose domain wasn't the home's when it was invited.
    let mut bob = synced(2, "bob", json!({}));
    let elsewhere = TenantId::new(Uuid::from_u128(0xe15e));
    let other = invite(&bob.user_principal_name, Some(elsewhere));
    let by_mail = invite("bob@mail.example", None);
    bob.home_mail = Some("bob@mail.example".to_owned());
    let made = upsert(&f, &bob);
    assert_eq!(made.outcome, SyncedOutcome::Created);
    assert!(made.id != other && made.id != by_mail);

    // Who was synced first is who is invited.
    let cy = synced(3, "cy", json!({}));
    let made = upsert(&f, &cy).id;
    assert_eq!(invite(&cy.user_principal_name, Some(home())), made);
}

/// A manager of this tenant's.
fn f_manager(tx: &mut store::Tx<'_>) -> Id<kind::User> {
    let Value::Object(properties) = json!({
        "accountEnabled": true, "displayName": "Max", "mailNickname": "max",
        "userPrincipalName": format!("max@{DOMAIN}"),
    }) else {
        unreachable!()
    };
    let new = users::NewUser {
        properties,
        ..users::NewUser::default()
    };
    users::create(tx, new).map_or_else(|error| panic!("{error}"), |user| user.id)
}
