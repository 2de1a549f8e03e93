//! Groups: what they may be, who is in them, directly and through other groups.

use crate::common;
use crate::common::{Fixture, fixture, group_body, object, synced, target, unified_body};
use directory::groups::{self, Group, Link, LinkKind};
use directory::{applications, domains, service_principals, synced as sync, users};
use serde_json::{Value, json};
use types::{DomainName, Error, Id, kind};
use uuid::Uuid;

fn members(f: &Fixture, group: &Group) -> Vec<Uuid> {
    let links = f.read(|tx| groups::members(tx, group.id, None, 100));
    links.into_iter().map(|link| link.id).collect()
}
fn owners(f: &Fixture, group: &Group) -> Vec<Uuid> {
    let links = f.read(|tx| groups::owners(tx, group.id, None, 100));
    links.into_iter().map(|link| link.id).collect()
}
fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list
}
/// The service principal of a new application.
fn principal(f: &Fixture, name: &str) -> Id<kind::ServicePrincipal> {
    let body = object(json!({"displayName": name}));
    f.write(move |tx| {
        let app_id = applications::create(tx, &body)?.app_id;
        let made = service_principals::create(tx, &object(json!({"appId": app_id})))?;
        Ok(made.id)
    })
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let f = fixture();
    for name in [
        "displayName",
        "mailEnabled",
        "mailNickname",
        "securityEnabled",
    ] {
        let mut body = group_body("staff");
        body.shift_remove(name);
        let error = f.refused(move |tx| groups::create(tx, &body));
        assert_eq!(target(&error), name);
    }
    for (more, wrong) in [
        (json!({"displayName": "x".repeat(257)}), "displayName"),
        (json!({"mailNickname": "the staff"}), "mailNickname"),
        (json!({"mailEnabled": "no"}), "mailEnabled"),
        (json!({"mailEnabled": true}), "mailEnabled"),
        (json!({"securityEnabled": false}), "securityEnabled"),
        (json!({"groupTypes": ["Unified"]}), "mailEnabled"),
        (json!({"groupTypes": ["Distribution"]}), "groupTypes"),
        (
            json!({"groupTypes": ["DynamicMembership"]}),
            "membershipRule",
        ),
        (
            json!({"membershipRule": "user.city -eq \"Kiel\""}),
            "membershipRule",
        ),
        (json!({"visibility": "Secret"}), "visibility"),
        (json!({"mail": "staff@contoso.example"}), "mail"),
        (
            json!({"createdDateTime": "2026-01-01T00:00:00Z"}),
            "createdDateTime",
        ),
        (json!({"colour": "red"}), "colour"),
    ] {
        let mut body = group_body("staff");
        body.extend(object(more.clone()));
        let error = f.refused(move |tx| groups::create(tx, &body));
        assert_eq!(target(&error), wrong, "{more}: {error}");
    }
    assert_eq!(f.read(|tx| groups::count(tx, None, false)), 0);
}

#[test]
fn a_unified_group_has_a_mail_in_the_default_domain() {
    let f = fixture();
    let second = DomainName::parse("second.example").unwrap();
    f.write(move |tx| {
        domains::add(tx, &second)?;
        domains::mark_verified(tx, "second.example")?;
        domains::update(tx, "second.example", &object(json!({"isDefault": true})))
    });
    let team = f.group_of(unified_body("team"));
    let shown = |group: Id<kind::Group>| {
        let group = f.read(|tx| groups::get(tx, group));
        Value::Object(groups::project(&group, None).unwrap())
    };
    assert_eq!(shown(team.id)["mail"], "team@second.example");
    assert_eq!(
        shown(team.id)["proxyAddresses"],
        json!(["SMTP:team@second.example"])
    );
    let patch = object(json!({"mailNickname": "crew", "displayName": "Crew"}));
    assert!(f.write(move |tx| groups::update(tx, team.id, &patch)));
    assert_eq!(shown(team.id)["mail"], "team@second.example");
    let staff = f.group("staff");
    assert_eq!(shown(staff.id)["mail"], Value::Null);
    assert_eq!(shown(staff.id)["proxyAddresses"], json!([]));
}

#[test]
fn no_two_groups_have_one_mail() {
    let f = fixture();
    let taken = |error: &Error| matches!(error, Error::AlreadyExists { property } if *property == "mailNickname");
    let team = f.group_of(unified_body("team")).id;
    let again = || f.refused(|tx| groups::create(tx, &unified_body("Team")));
    assert!(taken(&again()));
    // Groups without a mail may share a nickname.
    f.group("team");
    f.group("team");
    // It is free while its owner is deleted; then the owner can't come back with it.
    f.write(move |tx| groups::delete(tx, team));
    let second = f.group_of(unified_body("Team")).id;
    assert!(taken(&f.refused(move |tx| groups::restore(tx, team))));
    f.write(move |tx| groups::delete(tx, second));
    f.write(move |tx| groups::restore(tx, team));
    assert!(taken(&again()));
}

#[test]
fn a_group_whose_mails_domain_went_away_does_not_come_back_with_it() {
    let f = fixture();
    let default = |name: &'static str| {
        let patch = object(json!({"isDefault": true}));
        f.write(move |tx| domains::update(tx, name, &patch))
    };
    let second = DomainName::parse("second.example").unwrap();
    f.write(move |tx| {
        domains::add(tx, &second)?;
        domains::mark_verified(tx, "second.example")
    });
    default("second.example");
    let team = f.group_of(unified_body("team")).id;
    f.write(move |tx| groups::delete(tx, team));
    default(common::DOMAIN);
    f.write(|tx| domains::remove(tx, "second.example"));
    let error = f.refused(move |tx| groups::restore(tx, team));
    assert!(matches!(error, Error::Conflict { .. }), "{error:?}");
}

#[test]
fn a_patch_changes_what_it_names_and_says_so_in_the_feed() {
    let f = fixture();
    let staff = f.group("staff").id;
    let head = f.head();
    let update = move |patch: Value| {
        let patch = object(patch);
        f.try_write(move |tx| groups::update(tx, staff, &patch))
            .map(|changed| (changed, f.changes(head)))
    };
    let same = json!({"displayName": "staff", "securityEnabled": true, "description": null});
    assert_eq!(update(same).unwrap(), (false, vec![]));
    for (patch, wrong) in [
        (json!({"securityEnabled": null}), "securityEnabled"),
        (json!({"mailEnabled": true}), "mailEnabled"),
        (
            json!({"groupTypes": ["DynamicMembership"], "membershipRule": "user.city -eq \"Kiel\""}),
            "groupTypes",
        ),
        (json!({"isAssignableToRole": true}), "isAssignableToRole"),
        (json!({"displayName": null}), "displayName"),
    ] {
        assert_eq!(target(&update(patch).unwrap_err()), wrong);
    }
    let patch = json!({"displayName": "Staff", "description": "All", "visibility": "private"});
    assert_eq!(
        update(patch).unwrap(),
        (
            true,
            vec!["group Updated displayName,description,visibility".into()]
        )
    );
}

#[test]
fn members_are_users_groups_and_clients_each_once() {
    let f = fixture();
    let (staff, inner) = (f.group("staff"), f.group("inner"));
    let ann = f.user("ann").id.uuid();
    let guest = synced(1, "eve", json!({}));
    let eve = f.write(move |tx| sync::upsert(tx, &guest)).id.uuid();
    let head = f.head();
    for member in [ann, eve, inner.id.uuid()] {
        f.add_member(&staff, member);
    }
    assert_eq!(f.changes(head), vec!["groupMember Created"; 3]);
    assert_eq!(members(&f, &staff), sorted(vec![ann, eve, inner.id.uuid()]));
    let only = f.read(|tx| groups::members_of_kind(tx, staff.id, LinkKind::Group, None, 10));
    assert_eq!(
        only,
        [Link {
            id: inner.id.uuid(),
            kind: LinkKind::Group
        }]
    );
    let counts = [None, Some(LinkKind::User), Some(LinkKind::Group)]
        .map(|kind| f.read(|tx| groups::count_members(tx, staff.id, kind)));
    assert_eq!(counts, [3, 2, 1]);
    // Page by page it is the same.
    let mut paged = Vec::new();
    while let Some(link) = f
        .read(|tx| groups::members(tx, staff.id, paged.last().copied(), 1))
        .first()
    {
        paged.push(link.id);
    }
    assert_eq!(paged, members(&f, &staff));

    let add = |member: Uuid| f.refused(move |tx| groups::add_member(tx, staff.id, member));
    assert_eq!(target(&add(ann)), "members", "already there");
    assert_eq!(target(&add(staff.id.uuid())), "members", "itself");
    let client = principal(&f, "client").uuid();
    let team = f.group_of(object(json!({
        "displayName": "team", "mailNickname": "team", "mailEnabled": true,
        "securityEnabled": false, "groupTypes": ["Unified"],
    })));
    let error = f.refused(move |tx| groups::add_member(tx, team.id, client));
    assert_eq!(target(&error), "members", "a client of a team");
    f.add_member(&staff, client);
    let users = f.read(|tx| groups::transitive_members(tx, staff.id));
    assert!(!users.contains(&Id::new(client)), "a client is nobody");
    let links = f.read(|tx| groups::transitive_links(tx, staff.id, 10));
    assert!(links.iter().any(|link| link.id == client));
    f.write(move |tx| groups::remove_member(tx, staff.id, client));
    assert!(matches!(add(Uuid::nil()), Error::NotFound { .. }));

    let head = f.head();
    f.write(move |tx| groups::remove_member(tx, staff.id, eve));
    assert_eq!(f.changes(head), ["groupMember Deleted"]);
    let again = f.refused(move |tx| groups::remove_member(tx, staff.id, eve));
    assert!(matches!(again, Error::NotFound { .. }), "{again:?}");
    assert!(f.read(|tx| users::exists(tx, Id::new(eve))));
}

#[test]
fn what_is_deleted_is_in_no_group_and_comes_back_into_it() {
    let f = fixture();
    let (staff, inner) = (f.group("staff"), f.group("inner"));
    let (ann, bob) = (f.user("ann").id, f.user("bob").id);
    f.add_member(&staff, ann.uuid());
    f.add_member(&staff, inner.id.uuid());
    f.add_member(&inner, bob.uuid());
    f.write(move |tx| groups::add_owner(tx, staff.id, ann.uuid()));
    let of = |user| f.read(|tx| groups::groups_of(tx, user));
    let inside = || f.read(|tx| groups::transitive_members(tx, staff.id));
    let is_member = |id: Uuid| f.read(|tx| groups::is_member(tx, staff.id, id));

    f.write(move |tx| users::delete(tx, ann));
    assert_eq!(members(&f, &staff), [inner.id.uuid()]);
    assert_eq!(owners(&f, &staff), Vec::<Uuid>::new());
    assert_eq!(inside(), [bob]);
    assert!(!is_member(ann.uuid()));
    assert_eq!(
        f.read(|tx| groups::count_members(tx, staff.id, Some(LinkKind::User))),
        0
    );
    f.write(move |tx| users::restore(tx, ann));
    assert!(is_member(ann.uuid()));
    assert_eq!(owners(&f, &staff), [ann.uuid()]);
    assert_eq!(inside(), sorted(vec![ann, bob]));

    f.write(move |tx| groups::delete(tx, inner.id));
    assert_eq!(members(&f, &staff), [ann.uuid()]);
    assert!(!is_member(inner.id.uuid()));
    assert_eq!((inside(), of(bob)), (vec![ann], vec![]));
    f.write(move |tx| groups::restore(tx, inner.id));
    assert_eq!(of(bob), sorted(vec![staff.id, inner.id]));

    // What is gone for good leaves nothing behind.
    let head = f.head();
    f.write(move |tx| {
        groups::delete(tx, inner.id)?;
        groups::purge(tx, inner.id)
    });
    assert_eq!(
        f.changes(head),
        [
            "group Deleted",
            "groupMember Deleted",
            "groupMember Deleted",
            "group Purged"
        ]
    );
    let head = f.head();
    f.write(move |tx| {
        users::delete(tx, ann)?;
        users::purge(tx, ann)
    });
    assert_eq!(
        f.changes(head),
        [
            "user Deleted",
            "groupMember Deleted",
            "groupOwner Deleted",
            "user Purged"
        ]
    );
    assert_eq!(members(&f, &staff), Vec::<Uuid>::new());
}

#[test]
fn groups_in_groups_are_followed_and_circles_end() {
    let f = fixture();
    let [a, b, c] = ["a", "b", "c"].map(|name| f.group(name));
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| f.user(name).id);
    for (group, user) in [(&a, ann), (&b, bob), (&c, eve), (&c, ann)] {
        f.add_member(group, user.uuid());
    }
    for (outer, inner) in [(&a, &b), (&b, &c), (&c, &a)] {
        f.add_member(outer, inner.id.uuid());
    }
    let all = sorted(vec![ann, bob, eve]);
    let groups = sorted(vec![a.id, b.id, c.id]);
    for group in &groups {
        assert_eq!(
            f.read(|tx| groups::transitive_members(tx, *group)),
            all,
            "everybody, each once"
        );
    }
    for user in &all {
        assert_eq!(f.read(|tx| groups::groups_of(tx, *user)), groups);
    }
    let some = f.read(|tx| groups::transitive_users(tx, a.id, 2));
    assert_eq!(some.len(), 2);
    let links = f.read(|tx| groups::transitive_links(tx, a.id, 100));
    let ids: Vec<Uuid> = links.iter().map(|link| link.id).collect();
    let wanted = [ann, bob, eve].map(Id::uuid).into_iter();
    let wanted = wanted.chain([b.id.uuid(), c.id.uuid()]).collect();
    assert_eq!(ids, sorted(wanted), "and not the group itself");
    assert_eq!(f.read(|tx| groups::member_of(tx, bob.uuid())), [b.id]);
    let nobody: Vec<Id<kind::User>> = Vec::new();
    assert_eq!(
        f.read(|tx| groups::transitive_members(tx, Id::new(ann.uuid()))),
        nobody,
        "a user isn't a group"
    );
}

#[test]
fn a_dynamic_groups_members_are_not_set_by_hand() {
    let f = fixture();
    let mut body = group_body("dynamic");
    body.extend(object(json!({
        "groupTypes": ["DynamicMembership"], "membershipRule": "user.city -eq \"Kiel\"",
        "membershipRuleProcessingState": "on",
    })));
    let dynamic = f.group_of(body);
    assert!(dynamic.is_dynamic());
    let shown = groups::project(&dynamic, None).unwrap();
    assert_eq!(shown["membershipRuleProcessingState"], "On");
    let ann = f.user("ann").id.uuid();
    let add = f.refused(move |tx| groups::add_member(tx, dynamic.id, ann));
    let remove = f.refused(move |tx| groups::remove_member(tx, dynamic.id, ann));
    assert_eq!((target(&add), target(&remove)), ("members", "members"));
    f.write(move |tx| groups::add_owner(tx, dynamic.id, ann));
}

#[test]
fn owners_are_users_and_clients_and_a_team_keeps_one() {
    let f = fixture();
    let (staff, team) = (f.group("staff"), f.group_of(unified_body("team")));
    let ann = f.user("ann").id.uuid();
    let client = principal(&f, "client").uuid();
    for group in [staff.id, team.id] {
        f.write(move |tx| {
            groups::add_owner(tx, group, ann)?;
            groups::add_owner(tx, group, client)
        });
    }
    assert_eq!(owners(&f, &team), sorted(vec![ann, client]));
    assert_eq!(members(&f, &team), Vec::<Uuid>::new());
    let add = |owner: Uuid| f.refused(move |tx| groups::add_owner(tx, staff.id, owner));
    assert_eq!(target(&add(ann)), "owners");
    assert_eq!(target(&add(team.id.uuid())), "owners");
    assert!(matches!(add(Uuid::nil()), Error::NotFound { .. }));

    let head = f.head();
    f.write(move |tx| groups::remove_owner(tx, team.id, client));
    assert_eq!(f.changes(head), ["groupOwner Deleted"]);
    let last = f.refused(move |tx| groups::remove_owner(tx, team.id, ann));
    assert_eq!(target(&last), "owners");
    let again = f.refused(move |tx| groups::remove_owner(tx, team.id, client));
    assert!(matches!(again, Error::NotFound { .. }), "{again:?}");
    f.write(move |tx| {
        groups::remove_owner(tx, staff.id, client)?;
        groups::remove_owner(tx, staff.id, ann)
    });
    assert_eq!(owners(&f, &staff), Vec::<Uuid>::new());
}

#[test]
fn a_deleted_group_takes_no_members_and_comes_back_the_same() {
    let f = fixture();
    let staff = f.group("staff").id;
    let ann = f.user("ann").id.uuid();
    f.write(move |tx| groups::delete(tx, staff));
    for error in [
        f.refused(move |tx| groups::add_member(tx, staff, ann)),
        f.refused(move |tx| groups::add_owner(tx, staff, ann)),
        f.refused(move |tx| groups::update(tx, staff, &object(json!({})))),
        f.refused(move |tx| groups::delete(tx, staff)),
    ] {
        assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
    }
    let deleted = f.read(|tx| groups::get_deleted(tx, staff));
    let shown = groups::project(&deleted, None).unwrap();
    assert!(shown["deletedDateTime"].is_string());
    let back = f.write(move |tx| groups::restore(tx, staff));
    assert_eq!((back.id, back.display_name()), (staff, "staff"));
    let error = f.refused(move |tx| groups::restore(tx, staff));
    assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
}
