//! What domain code relies on: durable groups, gapless feeds, snapshots, isolation, eviction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use store::{Change, NewTenant, Op, Options, Store, SystemClock, params};
use types::{Actor, DomainName, Error, TenantId};
use uuid::Uuid;

fn open(directory: &std::path::Path, open_islands: usize) -> Store {
    let mut options = engines::options(directory);
    options.open_islands = open_islands;
    engines::open(options, Arc::new(SystemClock)).unwrap()
}

fn tenant(store: &Store, domain: &str) -> TenantId {
    let new = NewTenant {
        tenant_id: None,
        display_name: domain.into(),
        domain: DomainName::parse(domain).unwrap(),
    };
    store
        .create_tenant(new, Actor::Operator, |_| Ok(()))
        .unwrap()
        .0
        .tenant_id
}

fn note(tx: &mut store::Tx<'_>, reader: &str) -> types::Result<u64> {
    let id = tx.new_uuid();
    let tenant = tx.tenant();
    let mut recorded = tx.record(Change::new("user", id, Op::Created, &[]))?;
    let seq = recorded.seq();
    recorded.execute(
        "INSERT INTO cursors (tenant_id, reader, seq) VALUES (?1, ?2, ?3)",
        params![&tenant, reader, seq],
    )?;
    Ok(seq)
}

#[test]
fn a_failed_command_leaves_nothing_and_the_feed_has_no_gap() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 4);
    let island = store.island(tenant(&store, "a.example")).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let island = &island;
            scope.spawn(move || {
                for i in 0..50 {
                    let fails = i % 3 == 0;
                    let outcome = island.write_blocking(Actor::System, move |tx| {
                        let seq = note(tx, &format!("{thread}/{i}"))?;
                        if fails {
                            Err(Error::conflict("no"))
                        } else {
                            Ok(seq)
                        }
                    });
                    assert_eq!(outcome.is_err(), fails);
                }
            });
        }
    });
    let (head, seqs, kept) = island
        .read_blocking(|tx| {
            let seqs: Vec<u64> = tx.changes(0, 10_000)?.iter().map(|c| c.seq).collect();
            let kept = tx.count(
                "SELECT count(*) FROM cursors WHERE tenant_id = ?1",
                params![&tx.tenant()],
            )?;
            Ok((tx.head()?, seqs, kept))
        })
        .unwrap();
    assert_eq!(seqs, (1..=head).collect::<Vec<_>>());
    assert_eq!(kept, head);
    assert_eq!(head, 8 * 33);
}

#[test]
fn an_attempt_undoes_its_part_only() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 4);
    let island = store.island(tenant(&store, "a.example")).unwrap();
    island
        .write_blocking(Actor::System, |tx| {
            note(tx, "kept")?;
            let failed: types::Result<()> = tx.attempt(|tx| {
                note(tx, "undone")?;
                Err(Error::conflict("no"))
            });
            assert!(failed.is_err());
            note(tx, "kept too")
        })
        .unwrap();
    let head = island.read_blocking(|tx| tx.head()).unwrap();
    assert_eq!(head, 2);
}

#[test]
fn attempts_within_attempts_undo_their_own_and_no_more() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 4);
    let island = store.island(tenant(&store, "a.example")).unwrap();
    let failing = |tx: &mut store::Tx<'_>, name: &'static str| {
        let failed: types::Result<()> = tx.attempt(|tx| {
            note(tx, name)?;
            Err(Error::conflict("no"))
        });
        assert!(failed.is_err());
    };
    // At the start of a transaction there is nothing that a mark would have to keep.
    island
        .write_blocking(Actor::System, move |tx| {
            tx.attempt(|tx| {
                failing(tx, "gone at the start");
                note(tx, "first")?;
                failing(tx, "gone behind the first");
                note(tx, "second")
            })?;
            failing(tx, "gone at the end");
            let outer: types::Result<()> = tx.attempt(|tx| {
                note(tx, "gone with the outer one")?;
                failing(tx, "gone before");
                Err(Error::conflict("no"))
            });
            assert!(outer.is_err());
            note(tx, "third")
        })
        .unwrap();
    let kept = island.read_blocking(|tx| tx.changes(0, 10)).unwrap();
    assert_eq!(kept.len(), 3);
    let names = island.read_blocking(|tx| {
        let all = "SELECT reader FROM cursors WHERE tenant_id = ?1 ORDER BY seq";
        tx.query(all, params![&tx.tenant()], |row| row.string(0))
    });
    assert_eq!(names.unwrap(), ["first", "second", "third"]);
}

#[test]
fn of_many_attempts_those_that_fail_leave_nothing_however_late() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 4);
    let island = store.island(tenant(&store, "a.example")).unwrap();
    let run = |items: &'static [&'static str]| {
        let done = island.write_blocking(Actor::System, move |tx| {
            let outcomes = tx.attempt_each(items, |tx, item| {
                if item.starts_with("early") {
                    return Err(Error::conflict(*item));
                }
                let seq = note(tx, item)?;
                match *item {
                    "late" => Err(Error::conflict(*item)),
                    "engine" => Err(Error::unavailable("no disk", 1)),
                    _ => Ok(seq),
                }
            })?;
            let told = outcomes.into_iter().map(|outcome| match outcome {
                Ok(seq) => seq.to_string(),
                Err(error) => error.to_string(),
            });
            Ok(told.collect::<Vec<_>>())
        });
        (done, island.read_blocking(|tx| tx.head()).unwrap())
    };
    let (done, head) = run(&["a", "early", "b"]);
    assert_eq!((done.unwrap().join(" "), head), ("1 early 2".into(), 2));
    let (done, head) = run(&["c", "early", "late", "d"]);
    assert_eq!(
        (done.unwrap().join(" "), head),
        ("3 early late 4".into(), 4)
    );
    let (done, head) = run(&["e", "engine", "f"]);
    assert!(matches!(done, Err(Error::Unavailable { .. })));
    assert_eq!(head, 4);
    let kept = island.read_blocking(|tx| tx.changes(0, 10)).unwrap();
    assert_eq!(kept.len(), 4);
}

#[test]
fn what_was_expected_and_came_otherwise_is_done_again_one_by_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 4);
    let island = store.island(tenant(&store, "a.example")).unwrap();
    let run = |names: &'static [&'static str]| {
        island.write_blocking(Actor::System, move |tx| {
            let tenant = tx.tenant();
            let made = tx.attempt_each(names, |tx, name| {
                let change = Change::new("user", Uuid::nil(), Op::Created, &[]);
                let made = tx.record(change)?.execute_expecting(
                    1,
                    "INSERT INTO cursors (tenant_id, reader, seq) VALUES (?1, ?2, ?3) \
                     ON CONFLICT (tenant_id, reader) DO NOTHING",
                    params![&tenant, *name, 1_u64],
                )?;
                match made {
                    1 => Ok(()),
                    _ => Err(Error::conflict(*name)),
                }
            })?;
            Ok(made.iter().map(Result::is_ok).collect::<Vec<_>>())
        })
    };
    assert_eq!(run(&["a", "b", "c"]).unwrap(), [true; 3]);
    assert_eq!(
        run(&["d", "b", "e", "e"]).unwrap(),
        [true, false, true, false]
    );
    let (head, kept) = island
        .read_blocking(|tx| Ok((tx.head()?, tx.changes(0, 10)?.len())))
        .unwrap();
    assert_eq!((head, kept), (5, 5));
    for name in ["a", "b", "c", "d", "e"] {
        assert_eq!(island.read_blocking(|tx| tx.cursor(name)).unwrap(), Some(1));
    }
}

#[test]
fn a_command_that_panics_is_refused_and_the_writer_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 4);
    let island = store.island(tenant(&store, "a.example")).unwrap();
    let panicked: types::Result<()> =
        island.write_blocking(Actor::System, |_| panic!("on purpose"));
    assert!(matches!(panicked, Err(Error::Internal(_))));
    assert_eq!(
        island
            .write_blocking(Actor::System, |tx| note(tx, "next"))
            .unwrap(),
        1
    );
}

#[test]
fn islands_are_closed_and_opened_again_without_loss() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 2);
    let tenants: Vec<_> = (0..6)
        .map(|i| tenant(&store, &format!("t{i}.example")))
        .collect();
    for round in 0..5 {
        for tenant in &tenants {
            let island = store.island(*tenant).unwrap();
            let seq = island
                .write_blocking(Actor::System, move |tx| note(tx, &format!("{round}")))
                .unwrap();
            assert_eq!(seq, round + 1);
        }
    }
    store.close();
    drop(store);
    let store = open(directory.path(), 2);
    for tenant in tenants {
        assert_eq!(
            store
                .island(tenant)
                .unwrap()
                .read_blocking(|tx| tx.head())
                .unwrap(),
            5
        );
    }
    assert!(store.island(TenantId::new(Uuid::nil())).is_err());
}

#[test]
fn a_closed_store_opens_no_file_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 2);
    let island = store.island(tenant(&store, "a.example")).unwrap();
    let (inside, is_inside) = std::sync::mpsc::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let reader = std::thread::spawn({
        let island = island.clone();
        move || {
            island.read_blocking(|tx| {
                inside.send(()).unwrap();
                may_go_on.recv().unwrap();
                tx.head()
            })
        }
    });
    is_inside.recv().unwrap();
    let closing = std::thread::spawn({
        let store = store.clone();
        move || store.close()
    });
    // Closing refuses what comes later and waits for what is under way.
    while island.read_blocking(|tx| tx.head()).is_ok() {
        std::thread::yield_now();
    }
    assert!(!closing.is_finished());
    go_on.send(()).unwrap();
    assert_eq!(reader.join().unwrap().unwrap(), 0);
    closing.join().unwrap();
    assert!(
        island
            .write_blocking(Actor::System, |tx| note(tx, "late"))
            .is_err()
    );
    store.close();
}

#[test]
fn a_domain_belongs_to_one_tenant_and_a_failed_making_leaves_none() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 2);
    let first = tenant(&store, "a.example");
    let new = |domain: &str| NewTenant {
        tenant_id: None,
        display_name: "second".into(),
        domain: DomainName::parse(domain).unwrap(),
    };
    assert!(
        store
            .create_tenant(new("A.example"), Actor::Operator, |_| Ok(()))
            .is_err()
    );
    let failed: types::Result<(_, ())> =
        store.create_tenant(new("b.example"), Actor::Operator, |_| {
            Err(Error::conflict("no"))
        });
    assert!(failed.is_err());
    assert_eq!(store.tenants().len(), 1);
    assert_eq!(store.find_tenant("a.EXAMPLE").unwrap(), first);
    assert!(
        store
            .create_tenant(new("b.example"), Actor::Operator, |_| Ok(()))
            .is_ok()
    );
}

#[test]
fn readers_before_the_window_are_told_to_start_over() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 2);
    let island = store.island(tenant(&store, "a.example")).unwrap();
    for i in 0..10 {
        island
            .write_blocking(Actor::System, move |tx| note(tx, &i.to_string()))
            .unwrap();
    }
    island
        .write_blocking(Actor::System, |tx| tx.trim_feed(4))
        .unwrap();
    assert!(matches!(
        island.read_blocking(|tx| tx.changes(3, 5)),
        Err(Error::Gone { .. })
    ));
    assert_eq!(
        island.read_blocking(|tx| tx.changes(4, 5)).unwrap()[0].seq,
        5
    );
}

#[tokio::test]
async fn reads_see_what_was_acknowledged_and_heads_are_announced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_owned();
    let (store, id) = tokio::task::spawn_blocking(move || {
        let store = open(&path, 2);
        let id = tenant(&store, "a.example");
        (store, id)
    })
    .await
    .unwrap();
    let island = store.island(id).unwrap();
    let mut watch = island.watch();
    for i in 1..=20_u64 {
        island
            .write(Actor::System, move |tx| note(tx, &i.to_string()))
            .await
            .unwrap();
        assert_eq!(island.read(|tx| tx.head()).await.unwrap(), i);
        assert_eq!(*watch.borrow_and_update(), i);
    }
}

#[test]
fn readers_see_every_acknowledged_write_and_dont_keep_the_log_growing() {
    // More than the log may hold.
    const WRITES: u64 = 320;
    // Where the writer waits until what it says is in the file (`checkpoints`), and one more commit.
    const LOG_BYTES_MAX: u64 = (256 + 2) * 1024 * 1024;
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 4);
    let tenant = tenant(&store, "a.example");
    let island = store.island(tenant).unwrap();
    let written = AtomicU64::new(0);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    while !done.load(Ordering::SeqCst) {
                        let before = written.load(Ordering::SeqCst);
                        let seen = island.read_blocking(|tx| tx.head()).unwrap();
                        assert!(seen >= before, "{seen} of {before}");
                    }
                })
            })
            .collect();
        let doc = "x".repeat(1024 * 1024);
        for number in 0..WRITES {
            let doc = doc.clone();
            let seq = island.write_blocking(Actor::System, move |tx| {
                let (id, tenant) = (tx.new_uuid(), tx.tenant());
                let mut recorded = tx.record(Change::new("user", id, Op::Created, &[]))?;
                recorded.execute(
                    "INSERT INTO users (tenant_id, id, doc, created_at, account_enabled, \
                     blocked_here, user_type, display_name) VALUES (?1, ?2, ?3, ?4, 1, 0, 'member', 'x')",
                    params![&tenant, &id, &doc, number],
                )?;
                let seq = recorded.seq();
                let forget = "DELETE FROM users WHERE tenant_id = ?1";
                tx.bookkeeping().execute(forget, params![&tenant])?;
                Ok(seq)
            });
            written.store(seq.unwrap_or(0), Ordering::SeqCst);
        }
        done.store(true, Ordering::SeqCst);
        for reader in readers {
            reader.join().unwrap();
        }
    });
    assert_eq!(written.load(Ordering::SeqCst), WRITES);
    if engines::are_files() {
        let log = directory.path().join(format!("tenants/{tenant}.db-wal"));
        let bytes = std::fs::metadata(log).unwrap().len();
        assert!(bytes < LOG_BYTES_MAX, "the log has {bytes} bytes");
    }
}

#[test]
fn a_file_that_is_gone_or_damaged_is_named_and_never_made_anew() {
    if !engines::are_files() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 4);
    let (a, b) = (tenant(&store, "a.example"), tenant(&store, "b.example"));
    store.close();
    drop(store);
    let file = |tenant: TenantId| directory.path().join(format!("tenants/{tenant}.db"));
    std::fs::remove_file(file(a)).unwrap();
    std::fs::write(file(b), b"nonsense".repeat(1_000)).unwrap();

    let store = open(directory.path(), 4);
    for (tenant, says) in [(a, "missing"), (b, "can't be read")] {
        let island = store.island(tenant).unwrap();
        assert!(matches!(
            island.write_blocking(Actor::System, |tx| note(tx, "x")),
            Err(Error::Unavailable { .. })
        ));
        assert!(matches!(
            island.read_blocking(|tx| tx.head()),
            Err(Error::Unavailable { .. })
        ));
        let problem = island.integrity().unwrap();
        assert!(problem.contains(says) && problem.contains(&tenant.to_string()));
    }
    assert!(!file(a).exists());
    drop(store);

    let registry = directory.path().join("registry.db");
    let again = |says: &str| {
        let refused = Store::open(Options::new(directory.path()), Arc::new(SystemClock));
        let message = refused.err().unwrap().to_string();
        assert!(
            message.contains("registry.db") && message.contains(says),
            "{message}"
        );
    };
    std::fs::write(&registry, b"nonsense".repeat(1_000)).unwrap();
    again("damaged");
    std::fs::remove_file(&registry).unwrap();
    again("missing");
    assert!(!registry.exists());
}

#[test]
fn islands_that_were_busy_all_at_once_are_closed_afterwards() {
    if !engines::are_files() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 2);
    let tenants: Vec<TenantId> = (0..6)
        .map(|n| tenant(&store, &format!("t{n}.example")))
        .collect();
    let open_files = || {
        let files = std::fs::read_dir("/proc/self/fd").unwrap();
        let mut open: Vec<_> = files
            .filter_map(|file| std::fs::read_link(file.unwrap().path()).ok())
            .filter(|path| path.starts_with(directory.path().join("tenants")))
            .filter(|path| path.extension().is_some_and(|extension| extension == "db"))
            .collect();
        open.sort();
        open.dedup();
        open.len()
    };
    let busy = std::sync::Barrier::new(tenants.len());
    std::thread::scope(|scope| {
        for tenant in &tenants {
            let (busy, store) = (&busy, &store);
            scope.spawn(move || {
                let island = store.island(*tenant).unwrap();
                island.read_blocking(|_| Ok(busy.wait())).unwrap();
            });
        }
    });
    assert_eq!(open_files(), tenants.len());
    for tenant in tenants.iter().take(2) {
        let island = store.island(*tenant).unwrap();
        island
            .write_blocking(Actor::System, |tx| note(tx, "x"))
            .unwrap();
    }
    let last = tenant(&store, "last.example");
    store
        .island(last)
        .unwrap()
        .read_blocking(|_| Ok(()))
        .unwrap();
    assert_eq!(open_files(), 2);
}

#[test]
fn a_handle_reaches_its_own_tenant_whatever_the_statement_says() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path(), 4);
    let (mine, other) = (tenant(&store, "a.example"), tenant(&store, "b.example"));
    let [island, others] = [mine, other].map(|tenant| store.island(tenant).unwrap());
    others
        .write_blocking(Actor::System, |tx| note(tx, "theirs"))
        .unwrap();
    let count = "SELECT count(*) FROM cursors WHERE tenant_id = ?1";
    let all = "SELECT count(*) FROM feed";
    let seen = island.read_blocking(move |tx| {
        Ok((tx.count(count, params![&other])?, tx.count(all, params![])?))
    });
    assert_eq!(seen.unwrap(), (0, 0));
    let changed = island.write_blocking(Actor::System, move |tx| {
        let mut books = tx.bookkeeping();
        let update = "UPDATE cursors SET seq = 99 WHERE tenant_id = ?1";
        let delete = "DELETE FROM feed WHERE tenant_id = ?1";
        Ok(books.execute(update, params![&other])? + books.execute(delete, params![&other])?)
    });
    assert_eq!(changed.unwrap(), 0);
    let planted = island.write_blocking(Actor::System, move |tx| {
        let insert = "INSERT INTO cursors (tenant_id, reader, seq) VALUES (?1, 'planted', 1)";
        tx.bookkeeping().execute(insert, params![&other])
    });
    // In a file of its own it is only lost; in a table for all it has to be refused.
    assert!(planted.is_err() || engines::are_files());
    let (theirs, head) = others
        .read_blocking(move |tx| Ok((tx.count(count, params![&other])?, tx.head()?)))
        .unwrap();
    assert_eq!((theirs, head), (1, 1));
}
