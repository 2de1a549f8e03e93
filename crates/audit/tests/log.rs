//! The log through a real store: what is recorded is found, secrets aren't in it, its chain holds.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::sync::Arc;

use audit::sign_ins::{self, Kind, Person, SignIn};
use audit::{Entry, Filter, Outcome, Position, Target};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use store::{Island, ManualClock, NewTenant, params};
use types::{Actor, DomainName, Error, Timestamp};
use uuid::Uuid;

struct Fixture {
    island: Island,
    clock: Arc<ManualClock>,
    _directory: tempfile::TempDir,
}

const START: i64 = 1_800_000_000;

fn fixture() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(START)));
    let store = engines::open(engines::options(directory.path()), clock.clone()).unwrap();
    let new = NewTenant {
        tenant_id: None,
        display_name: "Contoso".into(),
        domain: DomainName::parse("contoso.example").unwrap(),
    };
    let tenant = store
        .create_tenant(new, Actor::Operator, |_| Ok(()))
        .unwrap()
        .0
        .tenant_id;
    Fixture {
        island: store.island(tenant).unwrap(),
        clock,
        _directory: directory,
    }
}

impl Fixture {
    fn record(&self, actor: Actor, entry: Entry) -> Uuid {
        self.island
            .write_blocking(actor, move |tx| audit::record(tx, entry))
            .unwrap()
    }
    fn names(&self, filter: Filter) -> Vec<String> {
        self.island
            .read_blocking(|tx| audit::list(tx, &filter, None, 100))
            .unwrap()
            .into_iter()
            .map(|row| row.entry.activity_display_name)
            .collect()
    }
    /// Takes entries into the index of what they name; answers how many are left.
    fn index(&self) -> u64 {
        self.island
            .write_blocking(Actor::System, audit::index)
            .unwrap()
    }
    /// All entries that a filter finds, page by page.
    fn pages(&self, filter: &Filter, page: usize) -> Vec<audit::Row> {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let rows = self
                .island
                .read_blocking(|tx| audit::list(tx, filter, after, page))
                .unwrap();
            let Some(last) = rows.last() else { return all };
            after = Some(Position {
                at: last.at,
                seq: last.seq,
            });
            all.extend(rows);
        }
    }
    fn places(&self, filter: &Filter, page: usize) -> Vec<u64> {
        let all = self.pages(filter, page);
        all.iter().map(|row| row.seq).collect()
    }
    /// Drops what is older than so many seconds after the start.
    fn trim(&self, seconds: i64) -> u64 {
        let before = Timestamp::from_seconds(START + seconds);
        self.island
            .write_blocking(Actor::System, move |tx| audit::trim(tx, before))
            .unwrap()
    }
    fn execute(&self, sql: &'static str) {
        self.island
            .write_blocking(Actor::System, move |tx| {
                let tenant = tx.tenant();
                tx.bookkeeping().execute(sql, params![&tenant])
            })
            .unwrap();
    }
    fn broken(&self) -> Option<String> {
        self.island.read_blocking(audit::verify).unwrap()
    }
    fn count(&self, sql: &'static str) -> u64 {
        self.island
            .read_blocking(|tx| tx.count(sql, params![&tx.tenant()]))
            .unwrap()
    }
}

#[test]
fn an_entry_reads_as_graph_has_it() {
    let fixture = fixture();
    let user = Uuid::from_u128(7);
    let correlation = Uuid::from_u128(9);
    let entry = Entry::success("Policy", "Update a partner cross-tenant access setting")
        .target(Target::new("id-1", "Fabrikam", "Policy").modified(
            "inboundTrust",
            Value::Null,
            json!({"isMfaAccepted": true}),
        ))
        .detail("source", "template")
        .correlated(Some(correlation));
    let id = fixture.record(
        Actor::User {
            id: user,
            app_id: Uuid::from_u128(8),
        },
        entry,
    );
    let row = fixture
        .island
        .read_blocking(|tx| audit::get(tx, id))
        .unwrap();
    assert_eq!(
        Value::Object(audit::to_graph(&row)),
        json!({
            "id": id, "category": "Policy", "correlationId": correlation, "result": "success",
            "resultReason": "",
            "activityDisplayName": "Update a partner cross-tenant access setting",
            "activityDateTime": "2027-01-15T08:00:00Z", "loggedByService": "Core Directory",
            "operationType": "Update",
            "initiatedBy": {"app": null, "user": {
                "id": user, "displayName": null, "userPrincipalName": null, "ipAddress": null,
            }},
            "targetResources": [{
                "id": "id-1", "displayName": "Fabrikam", "type": "Policy",
                "userPrincipalName": null, "groupType": null,
                "modifiedProperties": [{
                    "displayName": "inboundTrust", "oldValue": null,
                    "newValue": "{\"isMfaAccepted\":true}",
                }],
            }],
            "additionalDetails": [
                {"key": "source", "value": "template"},
                {"key": "AppId", "value": Uuid::from_u128(8)},
            ],
        })
    );
    let missing = fixture.island.read_blocking(|tx| audit::get(tx, user));
    assert!(matches!(missing, Err(Error::NotFound { .. })));
}

#[test]
fn an_entry_is_found_behind_many_other_ids_of_its_transaction() {
    let fixture = fixture();
    let ids = fixture
        .island
        .write_blocking(Actor::System, |tx| {
            let mut ids = Vec::new();
            for _ in 0..3 {
                for _ in 0..10_000 {
                    tx.new_uuid();
                }
                ids.push(audit::record(
                    tx,
                    Entry::success("Policy", "Update policy"),
                )?);
            }
            Ok(ids)
        })
        .unwrap();
    for id in ids {
        let found = fixture.island.read_blocking(|tx| audit::get(tx, id));
        assert_eq!(found.unwrap().id, id);
    }
}

#[test]
fn each_filter_finds_its_entries_newest_first() {
    let fixture = fixture();
    let (app, user) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let by_app = Actor::Application {
        app_id: app,
        service_principal_id: Uuid::from_u128(3),
    };
    let by_user = Actor::User {
        id: user,
        app_id: app,
    };
    let target = || Target::new("kay", "", "User");
    fixture.record(
        by_app,
        Entry::success("UserManagement", "Add user").target(target()),
    );
    fixture.clock.advance_seconds(10);
    // The same target named twice is one target.
    let twice = Entry::success("UserManagement", "Update user")
        .target(target())
        .target(target());
    fixture.record(by_user, twice);
    fixture.clock.advance_seconds(10);
    fixture.record(
        Actor::Operator,
        Entry::failure("Policy", "Delete policy", "No."),
    );

    let none = Filter::default;
    let at = |seconds| Some(Timestamp::from_seconds(START + seconds));
    assert_eq!(
        fixture.names(none()),
        ["Delete policy", "Update user", "Add user"]
    );
    assert_eq!(
        fixture.names(Filter {
            from: at(10),
            ..none()
        }),
        ["Delete policy", "Update user"]
    );
    assert_eq!(
        fixture.names(Filter {
            until: at(10),
            ..none()
        }),
        ["Update user", "Add user"]
    );
    let category = Some("UserManagement".into());
    assert_eq!(
        fixture.names(Filter { category, ..none() }),
        ["Update user", "Add user"]
    );
    let activity_display_name = Some("Add user".into());
    assert_eq!(
        fixture.names(Filter {
            activity_display_name,
            ..none()
        }),
        ["Add user"]
    );
    let result = Some(Outcome::Failure);
    assert_eq!(
        fixture.names(Filter { result, ..none() }),
        ["Delete policy"]
    );
    assert_eq!(
        fixture.names(Filter {
            app_id: Some(app),
            ..none()
        }),
        ["Add user"]
    );
    assert_eq!(
        fixture.names(Filter {
            user_id: Some(user),
            ..none()
        }),
        ["Update user"]
    );
    let target_id = Some("kay".to_owned());
    let of_kay = Filter {
        target_id,
        ..none()
    };
    assert_eq!(fixture.names(of_kay.clone()), ["Update user", "Add user"]);
    assert_eq!(
        fixture.names(Filter {
            until: at(5),
            ..of_kay.clone()
        }),
        ["Add user"]
    );
    assert_eq!(
        fixture.names(Filter {
            user_id: Some(user),
            ..of_kay
        }),
        ["Update user"]
    );
}

#[test]
fn pages_neither_repeat_nor_skip_within_one_instant() {
    let fixture = fixture();
    for i in 0..7 {
        fixture.record(
            Actor::System,
            Entry::success("c", format!("a{i}")).target(Target::new("t", "", "User")),
        );
    }
    let ways = [None, Some("t".to_owned())];
    for (target_id, oldest_first) in ways
        .into_iter()
        .flat_map(|target_id| [(target_id.clone(), false), (target_id, true)])
    {
        let filter = Filter {
            target_id,
            oldest_first,
            ..Filter::default()
        };
        let all = fixture.pages(&filter, 3).into_iter();
        let mut seen: Vec<String> = all.map(|row| row.entry.activity_display_name).collect();
        if oldest_first {
            seen.reverse();
        }
        assert_eq!(seen, ["a6", "a5", "a4", "a3", "a2", "a1", "a0"]);
    }
}

/// Whatever of the log is in the index of what entries name, those of an object are found: as a look at
/// each entry finds them, in any order and with any other condition, while the log grows, the clock is
/// set back, and old entries go.
#[test]
fn the_entries_of_an_object_are_found_however_far_the_index_is() {
    const NAMES: [&str; 5] = ["kay", "k_y", "100%", "a\"b\\c", "mo"];
    for seed in 0..6 {
        let fixture = fixture();
        let mut random = StdRng::seed_from_u64(seed);
        for _ in 0..60 {
            match random.random_range(0..10) {
                0 => assert_eq!(fixture.index(), 0),
                1 => {
                    fixture.trim(random.random_range(0..40));
                }
                2 => fixture.clock.advance_seconds(-3),
                _ => {
                    fixture.clock.advance_seconds(random.random_range(0..3));
                    let mut entry = Entry::success(["c", "d"][random.random_range(0..2)], "a");
                    for _ in 0..random.random_range(0..3) {
                        let name = NAMES[random.random_range(0..NAMES.len())];
                        let other = NAMES[random.random_range(0..NAMES.len())];
                        // Another's name in what changed isn't an entry of the other.
                        let target = Target::new(name, "", "User");
                        entry = entry.target(target.modified("m", Value::Null, json!(other)));
                    }
                    fixture.record(Actor::System, entry);
                }
            }
            let all = fixture
                .island
                .read_blocking(|tx| audit::list(tx, &Filter::default(), None, 1_000))
                .unwrap();
            for name in NAMES {
                let filter = Filter {
                    target_id: Some(name.into()),
                    category: random.random_bool(0.3).then(|| "c".into()),
                    from: random
                        .random_bool(0.3)
                        .then(|| Timestamp::from_seconds(START + 10)),
                    oldest_first: random.random_bool(0.5),
                    ..Filter::default()
                };
                let mut expected: Vec<u64> = all
                    .iter()
                    .filter(|row| row.entry.targets.iter().any(|it| it.id == name))
                    .filter(|row| filter.from.is_none_or(|from| row.at >= from))
                    .filter(|row| filter.category.is_none() || row.entry.category == "c")
                    .map(|row| row.seq)
                    .collect();
                if filter.oldest_first {
                    expected.reverse();
                }
                assert_eq!(fixture.places(&filter, 3), expected, "{name}, seed {seed}");
            }
        }
        assert_eq!(fixture.broken(), None);
    }
}

#[test]
fn the_index_goes_on_in_parts_and_where_it_was() {
    let fixture = fixture();
    let record = |count: u32| {
        fixture
            .island
            .write_blocking(Actor::System, move |tx| {
                for i in 0..count {
                    let target = Target::new(format!("t{}", i % 7), "", "User");
                    audit::record(tx, Entry::success("c", "a").target(target))?;
                }
                // As a command sees it that goes on with the index after what it has recorded.
                audit::index(tx)
            })
            .unwrap()
    };
    assert_eq!(record(4_100), 2_100);
    assert_eq!(fixture.island.read_blocking(audit::behind).unwrap(), 2_100);
    let of = Filter {
        target_id: Some("t3".into()),
        ..Filter::default()
    };
    let expected: Vec<u64> = (1..=4_100).rev().filter(|seq| (seq - 1) % 7 == 3).collect();
    assert_eq!(fixture.places(&of, 100), expected);
    assert_eq!(
        (fixture.index(), fixture.index(), fixture.index()),
        (100, 0, 0)
    );
    assert_eq!(fixture.places(&of, 100), expected);
    let named = "SELECT count(*) FROM audit_targets WHERE tenant_id = ?1";
    assert_eq!(fixture.count(named), 4_100);
    assert_eq!(record(1), 0);
    assert_eq!(fixture.count(named), 4_101);
    // A log from before it was written behind has all of its entries in it and no position.
    fixture.execute("UPDATE audit_chain SET indexed_seq = NULL WHERE tenant_id = ?1");
    assert_eq!(fixture.island.read_blocking(audit::behind).unwrap(), 0);
    let target = Target::new("t3", "", "User");
    fixture.record(Actor::System, Entry::success("c", "a").target(target));
    assert_eq!(fixture.island.read_blocking(audit::behind).unwrap(), 1);
    let expected: Vec<u64> = std::iter::once(4_102).chain(expected).collect();
    assert_eq!(fixture.places(&of, 100), expected);
    assert_eq!(fixture.broken(), None);
}

#[test]
fn no_secret_is_written() {
    let fixture = fixture();
    let target = Target::new("1", "", "Application")
        .modified("secretText", Value::Null, json!("hunter2"))
        .modified(
            "passwordCredentials",
            Value::Null,
            json!([{"keyId": 1, "secretText": "hunter2"}]),
        );
    let entry = Entry::success("c", "a")
        .target(target)
        .detail("accessToken", "hunter2");
    fixture.record(Actor::System, entry);
    let found = fixture
        .count("SELECT count(*) FROM audit_log WHERE tenant_id = ?1 AND doc LIKE '%hunter2%'");
    assert_eq!(found, 0);
    let row = fixture
        .island
        .read_blocking(|tx| audit::list(tx, &Filter::default(), None, 1));
    let modified = &row.unwrap()[0].entry.targets[0].modified;
    assert_eq!(
        *modified,
        [(
            "passwordCredentials".into(),
            Value::Null,
            json!([{"keyId": 1}])
        )]
    );
}

#[test]
fn what_a_failed_command_recorded_is_gone_with_it() {
    let fixture = fixture();
    let failed: types::Result<()> = fixture.island.write_blocking(Actor::System, |tx| {
        audit::record(tx, Entry::success("c", "a"))?;
        Err(Error::conflict("no"))
    });
    assert!(failed.is_err());
    assert!(fixture.names(Filter::default()).is_empty());
    assert_eq!(fixture.broken(), None);
}

#[test]
fn trimming_keeps_the_chain_whole() {
    let fixture = fixture();
    for i in 0..5 {
        let entry = Entry::success("c", format!("a{i}")).target(Target::new("t", "", "User"));
        fixture.record(Actor::System, entry);
        fixture.clock.advance_seconds(1);
    }
    let trim = |seconds| fixture.trim(seconds);
    assert_eq!(trim(0), 0);
    fixture.index();
    assert_eq!(trim(3), 3);
    assert_eq!(fixture.names(Filter::default()), ["a4", "a3"]);
    assert_eq!(
        fixture.count("SELECT count(*) FROM audit_targets WHERE tenant_id = ?1"),
        2
    );
    assert_eq!(fixture.broken(), None);
    assert_eq!(trim(100), 2);
    assert_eq!(fixture.broken(), None);
    fixture.record(Actor::System, Entry::success("c", "next"));
    assert_eq!(fixture.names(Filter::default()), ["next"]);
    assert_eq!(fixture.broken(), None);
}

#[test]
fn a_changed_or_missing_entry_shows() {
    for (damage, says) in [
        (
            "UPDATE audit_log SET category = 'x' WHERE tenant_id = ?1 AND seq = 2",
            "Entry 2",
        ),
        (
            "DELETE FROM audit_log WHERE tenant_id = ?1 AND seq = 1",
            "Entry 1",
        ),
        (
            "DELETE FROM audit_log WHERE tenant_id = ?1 AND seq = 2",
            "Entry 2",
        ),
        (
            "DELETE FROM audit_log WHERE tenant_id = ?1 AND seq = 3",
            "ends at entry 2",
        ),
    ] {
        let fixture = fixture();
        for _ in 0..3 {
            fixture.record(Actor::System, Entry::success("c", "a"));
        }
        assert_eq!(fixture.broken(), None);
        fixture.execute(damage);
        assert!(fixture.broken().unwrap().contains(says));
    }
}

#[test]
fn a_long_log_is_trimmed_in_parts() {
    let fixture = fixture();
    fixture
        .island
        .write_blocking(Actor::System, |tx| {
            for _ in 0..5_003 {
                audit::record(tx, Entry::success("c", "a"))?;
            }
            Ok(())
        })
        .unwrap();
    let trim = || fixture.trim(1);
    assert_eq!(trim(), 5_000);
    assert_eq!(fixture.broken(), None);
    assert_eq!((trim(), trim()), (3, 0));
    assert_eq!(fixture.broken(), None);
}

/// A refusal for somebody, from somewhere.
fn refusal(user: u128) -> SignIn {
    let mut sign_in = SignIn::new(Kind::InteractiveUser);
    sign_in.error_code = 50_126;
    sign_in.user = Some(Person {
        id: Some(Uuid::from_u128(user)),
        user_principal_name: format!("user{user}@contoso.example"),
        ..Person::default()
    });
    sign_in
}

#[test]
fn refused_sign_ins_take_a_bounded_number_of_rows_and_go_in_time() {
    const ROWS: &str = "SELECT count(*) FROM sign_ins WHERE tenant_id = ?1";
    let fixture = fixture();
    let guess = |first: u128, count: u128| {
        fixture
            .island
            .write_blocking(Actor::System, move |tx| {
                (first..first + count).try_for_each(|user| sign_ins::record(tx, refusal(user)))
            })
            .unwrap();
    };
    let most = u128::from(sign_ins::REFUSALS_MAX);
    guess(0, most + 50);
    guess(0, 10);
    assert_eq!(fixture.count(ROWS), sign_ins::REFUSALS_MAX + 1);
    let newest = fixture
        .island
        .read_blocking(|tx| {
            let filter = sign_ins::Filter {
                user_id: Some(Uuid::from_u128(3)),
                ..sign_ins::Filter::default()
            };
            sign_ins::list(tx, &filter, None, 10)
        })
        .unwrap();
    assert_eq!(newest.len(), 1);
    assert_eq!(newest.first().unwrap().times, 2);

    // The next hour has rows of its own, and all go when their time is over.
    fixture.clock.advance_seconds(3_600);
    guess(0, 5);
    assert_eq!(fixture.count(ROWS), sign_ins::REFUSALS_MAX + 6);
    let before = Timestamp::from_seconds(START + 1_800);
    loop {
        let gone = fixture
            .island
            .write_blocking(Actor::System, move |tx| sign_ins::trim(tx, before, 4_000));
        if gone.unwrap() < 4_000 {
            break;
        }
    }
    assert_eq!(fixture.count(ROWS), 5);
}
