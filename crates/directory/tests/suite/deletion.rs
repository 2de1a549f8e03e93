//! Deleted items: listed, restorable for a time, then gone for good with all that names them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::common;
use crate::common::{Fixture, fixture, object, synced};
use directory::{Page, applications, groups, service_principals, synced as sync, users};
use serde_json::{Value, json};
use store::{ReadTx, Tx};
use types::{Error, Id, Result, Timestamp, kind};
use uuid::Uuid;

/// Deleted objects, each with its `deletedDateTime`.
type Deleted = Vec<(Uuid, Value)>;

/// What all kinds of deletable objects have in common.
struct Kind {
    name: &'static str,
    create: fn(&mut Tx<'_>, usize) -> Result<Uuid>,
    delete: fn(&mut Tx<'_>, Uuid) -> Result<()>,
    restore: fn(&mut Tx<'_>, Uuid) -> Result<Uuid>,
    purge: fn(&mut Tx<'_>, Uuid) -> Result<()>,
    purge_expired: fn(&mut Tx<'_>, Timestamp, usize) -> Result<usize>,
    alive: fn(&ReadTx<'_>) -> Result<Vec<Uuid>>,
    deleted: fn(&ReadTx<'_>) -> Result<Deleted>,
}

/// The functions of a module, over bare ids.
macro_rules! kind {
    ($module:ident, $name:literal, $create:expr) => {
        Kind {
            name: $name,
            create: $create,
            delete: |tx, id| $module::delete(tx, Id::new(id)),
            restore: |tx, id| Ok($module::restore(tx, Id::new(id))?.id.uuid()),
            purge: |tx, id| $module::purge(tx, Id::new(id)),
            purge_expired: |tx, before, limit| $module::purge_expired(tx, before, limit),
            alive: |tx| {
                let all = $module::list(tx, &Page::first(100))?;
                Ok(all.iter().map(|it| it.id.uuid()).collect())
            },
            deleted: |tx| {
                let all = $module::list_deleted(tx, &Page::first(100))?;
                all.iter()
                    .map(|it| {
                        let select = ["deletedDateTime".to_owned()];
                        let shown = $module::project(it, Some(&select))?;
                        assert_eq!($module::get_deleted(tx, it.id)?.id, it.id);
                        Ok((it.id.uuid(), shown["deletedDateTime"].clone()))
                    })
                    .collect()
            },
        }
    };
}

fn kinds() -> [Kind; 4] {
    [
        kind!(users, "user", |tx, number| {
            let new = users::NewUser {
                properties: common::user_body(&format!("user{number}")),
                ..users::NewUser::default()
            };
            Ok(users::create(tx, new)?.id.uuid())
        }),
        kind!(groups, "group", |tx, number| {
            let body = common::group_body(&format!("group{number}"));
            Ok(groups::create(tx, &body)?.id.uuid())
        }),
        kind!(applications, "application", |tx, number| {
            let body = object(json!({"displayName": format!("app{number}")}));
            Ok(applications::create(tx, &body)?.id.uuid())
        }),
        kind!(service_principals, "servicePrincipal", |tx, number| {
            let body = object(json!({"displayName": format!("client{number}")}));
            let app_id = applications::create(tx, &body)?.app_id;
            let body = object(json!({"appId": app_id}));
            Ok(service_principals::create(tx, &body)?.id.uuid())
        }),
    ]
}

fn deleted(f: &Fixture, kind: &Kind) -> Vec<Uuid> {
    let all = f.read(kind.deleted);
    all.into_iter().map(|(id, _)| id).collect()
}

#[test]
fn what_is_deleted_is_listed_apart_and_comes_back() {
    for kind in kinds() {
        let f = fixture();
        let (create, delete, restore, purge) = (kind.create, kind.delete, kind.restore, kind.purge);
        let before = f.read(kind.alive);
        let one = f.write(move |tx| create(tx, 1));
        let two = f.write(move |tx| create(tx, 2));
        f.clock.advance_seconds(60);
        let at = f.write(move |tx| {
            delete(tx, one)?;
            Ok(tx.now())
        });
        assert_eq!(f.read(kind.deleted), [(one, json!(at))], "{}", kind.name);
        let alive = f.read(kind.alive);
        assert_eq!(alive.len(), before.len() + 1);
        assert!(alive.contains(&two));
        for refused in [
            f.refused(move |tx| delete(tx, one)),
            f.refused(move |tx| restore(tx, two).map(drop)),
            f.refused(move |tx| purge(tx, two)),
            f.refused(move |tx| purge(tx, Uuid::nil())),
        ] {
            assert!(
                matches!(&refused, Error::NotFound { kind: named, .. } if *named == kind.name),
                "{refused:?}"
            );
        }
        let head = f.head();
        assert_eq!(f.write(move |tx| restore(tx, one)), one);
        assert_eq!(f.changes(head), [format!("{} Restored", kind.name)]);
        assert_eq!(deleted(&f, &kind), Vec::<Uuid>::new());
        let head = f.head();
        f.write(move |tx| {
            delete(tx, one)?;
            purge(tx, one)
        });
        assert_eq!(
            f.changes(head),
            [
                format!("{} Deleted", kind.name),
                format!("{} Purged", kind.name)
            ]
        );
        assert_eq!(deleted(&f, &kind), Vec::<Uuid>::new());
        f.refused(move |tx| restore(tx, one));
    }
}

#[test]
fn what_was_deleted_long_ago_is_purged_the_oldest_first() {
    for kind in kinds() {
        let f = fixture();
        let (create, delete, restore) = (kind.create, kind.delete, kind.restore);
        let mut ids = Vec::new();
        let mut times = Vec::new();
        for number in 0..5 {
            let id = f.write(move |tx| create(tx, number));
            f.clock.advance_seconds(60);
            times.push(f.write(move |tx| {
                delete(tx, id)?;
                Ok(tx.now())
            }));
            ids.push(id);
        }
        // Who came back is out of it, and begins anew when it is deleted again.
        let returned = ids[0];
        f.write(move |tx| restore(tx, returned));
        let purge = |before: Timestamp, limit: usize| {
            let purge_expired = kind.purge_expired;
            f.write(move |tx| purge_expired(tx, before, limit))
        };
        let head = f.head();
        assert_eq!(purge(times[0], 10), 0);
        assert_eq!(purge(times[1], 10), 0, "not yet: deleted at, not before");
        assert_eq!(f.head(), head);
        assert_eq!(purge(times[4], 1), 1);
        assert_eq!(deleted(&f, &kind).len(), 3);
        assert!(!deleted(&f, &kind).contains(&ids[1]), "the oldest first");
        assert_eq!(purge(times[4], 10), 2);
        assert_eq!(deleted(&f, &kind), [ids[4]]);
        assert_eq!(purge(times[4], 10), 0);
        f.clock.advance_seconds(60);
        f.write(move |tx| delete(tx, returned));
        assert_eq!(purge(times[4].plus_seconds(1), 10), 1);
        assert_eq!(deleted(&f, &kind), [returned], "{}", kind.name);
    }
}

#[test]
fn synced_users_expire_as_well_whoever_deleted_them() {
    let f = fixture();
    let made: Vec<Id<kind::User>> = [(1, "ann"), (2, "bob")]
        .into_iter()
        .map(|(number, alias)| {
            let user = synced(number, alias, json!({}));
            f.write(move |tx| sync::upsert(tx, &user)).id
        })
        .collect();
    let by_admin = made[0];
    f.write(move |tx| {
        users::delete(tx, by_admin)?;
        sync::remove(tx, common::home(), common::home_id(2), false)
    });
    f.clock.advance_seconds(1);
    let purged = f.write(|tx| {
        let now = tx.now();
        users::purge_expired(tx, now, 10)
    });
    assert_eq!(purged, 2);
    // Then home makes them anew.
    let ann = synced(1, "ann", json!({}));
    let again = f.write(move |tx| sync::upsert(tx, &ann));
    assert_eq!(again.outcome, sync::SyncedOutcome::Created);
    assert_ne!(again.id, by_admin);
}

#[test]
fn applications_and_their_service_principals_expire_together() {
    let f = fixture();
    let (app, principal) = f.write(|tx| {
        let app = applications::create(tx, &object(json!({"displayName": "App"})))?;
        let body = object(json!({"appId": app.app_id}));
        Ok((app.id, service_principals::create(tx, &body)?.id))
    });
    f.write(move |tx| applications::delete(tx, app));
    f.clock.advance_seconds(1);
    let purged = f.write(|tx| {
        let now = tx.now();
        Ok((
            applications::purge_expired(tx, now, 10)?,
            service_principals::purge_expired(tx, now, 10)?,
        ))
    });
    assert_eq!(purged, (1, 1));
    assert!(f.try_read(|tx| applications::get_deleted(tx, app)).is_err());
    let gone = f.try_read(|tx| service_principals::get_deleted(tx, principal));
    assert!(gone.is_err());
}
