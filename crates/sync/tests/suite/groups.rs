//! Group objects: groups of a source in a target, with their members, in whatever order things come.

use std::collections::BTreeSet;

use crate::common::{GroupId, UserId, World, object};
use directory::groups::{self, Group};
use directory::{synced_groups, users};
use serde_json::json;
use types::TenantId;
use uuid::Uuid;

/// Two tenants; the second lets groups in.
async fn open() -> (World, TenantId, TenantId) {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let_groups_in(&w, there, home, true).await;
    (w, home, there)
}

async fn let_groups_in(w: &World, tenant: TenantId, from: TenantId, allowed: bool) {
    w.write(tenant, move |tx| {
        let body = json!({"groupSyncInbound": {"isSyncAllowed": allowed}});
        access::update_identity_sync(tx, from, &object(body))
    })
    .await;
}

async fn share(w: &World, home: TenantId, listed: &[GroupId]) {
    let what = json!({"scope": "selected", "groups": listed, "groupObjects": true});
    w.share(home, None, what).await;
}

/// The group of a source in a target, deleted or not.
async fn found(w: &World, there: TenantId, home: TenantId, group: GroupId) -> Option<Group> {
    w.read(there, move |tx| synced_groups::find(tx, home, group))
        .await
}

async fn there(w: &World, there: TenantId, home: TenantId, group: GroupId) -> Group {
    let found = found(w, there, home, group).await;
    found
        .filter(|group| group.deleted_at.is_none())
        .unwrap_or_else(|| panic!("{group} isn't in the target"))
}

/// The members of a group in the target, by their ids at home.
async fn members(w: &World, there: TenantId, home: TenantId, group: GroupId) -> BTreeSet<Uuid> {
    w.read(there, move |tx| {
        let group = synced_groups::find(tx, home, group)?.unwrap();
        let mut ids = BTreeSet::new();
        for link in groups::members(tx, group.id, None, 200_000)? {
            let user = users::find(tx, &link.id.to_string());
            let home = if let Ok(user) = user {
                user.home.map(|(_, id)| id.uuid())
            } else {
                let group = groups::get(tx, types::Id::new(link.id))?;
                group.home.map(|(_, id)| id.uuid())
            };
            ids.insert(home.unwrap());
        }
        Ok(ids)
    })
    .await
}

fn set<const N: usize>(ids: [Uuid; N]) -> BTreeSet<Uuid> {
    BTreeSet::from(ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_come_with_those_in_them_and_follow() {
    let (w, home, target) = open().await;
    let [ann, bob, cyd] = [
        w.user(home, "ann").await,
        w.user(home, "bob").await,
        w.user(home, "cyd").await,
    ];
    let outer = w.group(home, "outer").await;
    let inner = w.group(home, "inner").await;
    let other = w.group(home, "other").await;
    w.add_member(home, outer, ann.uuid()).await;
    w.add_member(home, outer, inner.uuid()).await;
    w.add_member(home, inner, bob.uuid()).await;
    // What acts for an application stays at home.
    let robot = w
        .write(home, |tx| {
            let robot = object(json!({"displayName": "Robot"}));
            let app_id = directory::applications::create(tx, &robot)?.app_id;
            let robot = object(json!({"appId": app_id}));
            directory::service_principals::create(tx, &robot)
        })
        .await;
    w.add_member(home, outer, robot.id.uuid()).await;
    // A group of the same name that is there is another one.
    let namesake = w.group(target, "outer").await;
    share(&w, home, &[outer]).await;
    let status = w.settled(home, target).await;
    assert_eq!((status.synced, status.groups), (2, Some((2, 0))));
    let copy = there(&w, target, home, outer).await;
    assert_ne!(copy.id, namesake);
    assert_eq!(copy.display_name(), "outer");
    assert!(copy.security_enabled && !copy.mail_enabled);
    assert_eq!(copy.property("organizationId"), json!(home));
    assert_eq!(
        members(&w, target, home, outer).await,
        set([ann.uuid(), inner.uuid()])
    );
    assert_eq!(members(&w, target, home, inner).await, set([bob.uuid()]));
    assert!(found(&w, target, home, other).await.is_none());
    w.check(home, target).await;

    // Changes: a name, members in and out, another group in, and all the way out.
    w.write(home, move |tx| {
        let patch = object(json!({"displayName": "Outer ring", "description": "All of us"}));
        groups::update(tx, outer, &patch)
    })
    .await;
    w.add_member(home, inner, cyd.uuid()).await;
    w.remove_member(home, inner, bob.uuid()).await;
    w.add_member(home, other, bob.uuid()).await;
    w.add_member(home, inner, other.uuid()).await;
    w.settled(home, target).await;
    let renamed = there(&w, target, home, outer).await;
    assert_eq!(renamed.id, copy.id);
    assert_eq!(renamed.display_name(), "Outer ring");
    assert_eq!(renamed.property("description"), "All of us");
    assert_eq!(
        members(&w, target, home, inner).await,
        set([cyd.uuid(), other.uuid()])
    );
    assert_eq!(members(&w, target, home, other).await, set([bob.uuid()]));
    w.remove_member(home, outer, inner.uuid()).await;
    w.settled(home, target).await;
    for gone in [inner, other] {
        assert!(
            found(&w, target, home, gone)
                .await
                .unwrap()
                .deleted_at
                .is_some()
        );
    }
    assert_eq!(members(&w, target, home, outer).await, set([ann.uuid()]));
    w.check(home, target).await;

    // Deletion is soft, a return brings the same group with its members of now.
    w.write(home, move |tx| groups::delete(tx, outer)).await;
    w.settled(home, target).await;
    assert!(
        found(&w, target, home, outer)
            .await
            .unwrap()
            .deleted_at
            .is_some()
    );
    w.write(home, move |tx| groups::restore(tx, outer).map(drop))
        .await;
    w.add_member(home, outer, inner.uuid()).await;
    w.settled(home, target).await;
    assert_eq!(there(&w, target, home, outer).await.id, copy.id);
    assert_eq!(
        members(&w, target, home, outer).await,
        set([ann.uuid(), inner.uuid()])
    );
    w.write(home, move |tx| {
        groups::delete(tx, outer)?;
        groups::purge(tx, outer)
    })
    .await;
    w.settled(home, target).await;
    assert!(found(&w, target, home, outer).await.is_none());
    assert_eq!(w.status(home, target).await.synced, 0);
    w.check(home, target).await;

    // Without group objects people stay and groups go.
    share(&w, home, &[inner]).await;
    w.settled(home, target).await;
    there(&w, target, home, inner).await;
    w.share(home, None, json!({"scope": "selected", "groups": [inner]}))
        .await;
    let status = w.settled(home, target).await;
    assert_eq!((status.synced, status.groups), (2, Some((0, 0))));
    assert!(
        found(&w, target, home, inner)
            .await
            .unwrap()
            .deleted_at
            .is_some()
    );
    w.check(home, target).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_linked_whenever_they_arrive() {
    let (w, home, target) = open().await;
    let group = w.group(home, "group").await;
    let off = w
        .user_with(home, "off", json!({"accountEnabled": false}))
        .await;
    let guest = w
        .user_with(home, "guest", json!({"userType": "Guest"}))
        .await;
    for member in [off, guest] {
        w.add_member(home, group, member.uuid()).await;
    }
    share(&w, home, &[group]).await;
    w.settled(home, target).await;
    assert!(members(&w, target, home, group).await.is_empty());
    // Those who weren't let come arrive later, and find their places.
    w.patch(home, off, json!({"accountEnabled": true})).await;
    w.patch(home, guest, json!({"userType": "Member"})).await;
    w.settled(home, target).await;
    let both = set([off.uuid(), guest.uuid()]);
    assert_eq!(members(&w, target, home, group).await, both);
    // One who was deleted for good in the target comes anew, and is a member again.
    let copy = w.there(target, home, off).await.id;
    w.write(target, move |tx| {
        users::delete(tx, copy)?;
        users::purge(tx, copy)
    })
    .await;
    w.patch(home, off, json!({"jobTitle": "Cook"})).await;
    w.settled(home, target).await;
    assert_ne!(w.there(target, home, off).await.id, copy);
    assert_eq!(members(&w, target, home, group).await, both);
    // A user is deleted and comes back; meanwhile another leaves the group.
    w.delete(home, off).await;
    w.settled(home, target).await;
    assert_eq!(members(&w, target, home, group).await, set([guest.uuid()]));
    w.remove_member(home, group, guest.uuid()).await;
    w.restore(home, off).await;
    w.settled(home, target).await;
    assert_eq!(members(&w, target, home, group).await, set([off.uuid()]));
    w.check(home, target).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_target_has_to_let_groups_in_and_cannot_write_them() {
    let (w, home, target) = open().await;
    let_groups_in(&w, target, home, false).await;
    let ann = w.user(home, "ann").await;
    let group = w.group(home, "group").await;
    w.add_member(home, group, ann.uuid()).await;
    share(&w, home, &[group]).await;
    w.until("the group fails and the user comes", async || {
        let status = w.status(home, target).await;
        status.groups == Some((0, 1)) && status.synced == 1
    })
    .await;
    let listed = w
        .read(home, move |tx| sync::groups::list(tx, target, None, 10))
        .await;
    assert_eq!(listed[0]["state"], "failing");
    assert_eq!(listed[0]["code"], "GroupSyncNotAllowed");
    let_groups_in(&w, target, home, true).await;
    w.clock.advance_seconds(31);
    w.until("the group comes", async || {
        w.status(home, target).await.groups == Some((1, 0))
    })
    .await;
    w.settled(home, target).await;
    assert_eq!(members(&w, target, home, group).await, set([ann.uuid()]));

    let copy = there(&w, target, home, group).await.id;
    let local = w.user(target, "local").await;
    let member = w.there(target, home, ann).await.id;
    let refused = async |command: fn(&mut store::Tx<'_>, GroupId, UserId) -> types::Result<()>,
                         user: UserId| {
        let outcome = w.try_write(target, move |tx| command(tx, copy, user)).await;
        assert!(
            matches!(outcome, Err(types::Error::Invalid { .. })),
            "{outcome:?}"
        );
    };
    refused(
        |tx, group, user| groups::add_member(tx, group, user.uuid()),
        local,
    )
    .await;
    refused(
        |tx, group, user| groups::remove_member(tx, group, user.uuid()),
        member,
    )
    .await;
    refused(
        |tx, group, _| groups::update(tx, group, &object(json!({"displayName": "Ours"}))).map(drop),
        local,
    )
    .await;
    // What isn't its home's is the target's; and its deletion stands, as of users.
    w.write(target, move |tx| {
        groups::update(tx, copy, &object(json!({"visibility": "Private"})))?;
        groups::add_owner(tx, copy, local.uuid())?;
        groups::delete(tx, copy)
    })
    .await;
    w.write(home, move |tx| {
        groups::update(tx, group, &object(json!({"displayName": "Group"})))
    })
    .await;
    w.until("the group fails", async || {
        w.status(home, target).await.groups == Some((1, 1))
    })
    .await;
    w.write(target, move |tx| groups::restore(tx, copy).map(drop))
        .await;
    w.clock.advance_seconds(100);
    w.until("the group is tried again", async || {
        w.status(home, target).await.groups == Some((1, 0))
    })
    .await;
    let back = there(&w, target, home, group).await;
    assert_eq!((back.id, back.display_name()), (copy, "Group"));
    assert_eq!(back.property("visibility"), "Private");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_group_comes_in_parts_and_a_change_is_one_link() {
    let (mut w, home, target) = open().await;
    let group = w.group(home, "everybody").await;
    let new: Vec<_> = (0..1_700)
        .map(|n| w.new_user(home, &format!("u{n}"), json!({})))
        .collect();
    let late = w.user(home, "late").await;
    w.write(home, move |tx| {
        for new in new {
            let user = users::create(tx, new)?;
            groups::add_member(tx, group, user.id.uuid())?;
        }
        Ok(())
    })
    .await;
    share(&w, home, &[group]).await;
    for round in 0..6_u32 {
        for _ in 0..round * 40 {
            w.status(home, target).await;
        }
        w = w.crash().await;
    }
    let status = w.settled(home, target).await;
    assert_eq!((status.synced, status.groups), (1_700, Some((1, 0))));
    assert_eq!(members(&w, target, home, group).await.len(), 1_700);

    let head = w
        .read(target, |tx| {
            let head = tx.head()?;
            Ok(head)
        })
        .await;
    w.add_member(home, group, late.uuid()).await;
    w.settled(home, target).await;
    assert_eq!(members(&w, target, home, group).await.len(), 1_701);
    let changes = w
        .read(target, move |tx| tx.changes(head, 1_000))
        .await
        .into_iter()
        .filter(|change| ["user", "group", "groupMember"].contains(&change.kind.as_str()))
        .count();
    assert_eq!(changes, 2, "a user and a link");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_finds_the_same_groups_and_none_that_are_gone() {
    let (w, home, target) = open().await;
    let ann = w.user(home, "ann").await;
    let [stays, goes] = [w.group(home, "stays").await, w.group(home, "goes").await];
    for group in [stays, goes] {
        w.add_member(home, group, ann.uuid()).await;
    }
    share(&w, home, &[stays, goes]).await;
    w.settled(home, target).await;
    let copy = there(&w, target, home, stays).await.id;
    w.leave(1).await;
    w.remove_member(home, stays, ann.uuid()).await;
    share(&w, home, &[stays]).await;
    w.join(1).await;
    w.settled(home, target).await;
    assert_eq!(there(&w, target, home, stays).await.id, copy);
    assert!(members(&w, target, home, stays).await.is_empty());
    assert!(
        found(&w, target, home, goes)
            .await
            .unwrap()
            .deleted_at
            .is_some()
    );
    w.check(home, target).await;
    // What came in isn't passed on.
    let foreign = there(&w, target, home, stays).await.id;
    let_groups_in(&w, home, target, true).await;
    share(&w, target, &[foreign]).await;
    w.settled(target, home).await;
    assert!(found(&w, home, target, foreign).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_wait_while_the_guard_holds_people() {
    let (w, home, target) = open().await;
    let group = w.group(home, "everybody").await;
    let new: Vec<_> = (0..30)
        .map(|n| w.new_user(home, &format!("u{n}"), json!({})))
        .collect();
    w.write(home, move |tx| {
        for new in new {
            let user = users::create(tx, new)?;
            groups::add_member(tx, group, user.id.uuid())?;
        }
        Ok(())
    })
    .await;
    share(&w, home, &[group]).await;
    w.settled(home, target).await;
    w.share(home, None, json!({"scope": "none"})).await;
    w.until("all of them wait", async || {
        let status = w.status(home, target).await;
        status.state == "quarantined" && status.pending_changes == 0
    })
    .await;
    there(&w, target, home, group).await;
    w.allow_deletions(home, target).await;
    w.until("the group goes with them", async || {
        w.status(home, target).await.groups == Some((0, 0))
    })
    .await;
    w.settled(home, target).await;
    assert!(
        found(&w, target, home, group)
            .await
            .unwrap()
            .deleted_at
            .is_some()
    );
}
