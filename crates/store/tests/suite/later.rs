//! Statements whose answers nobody waits for, questions about many, and what a transaction knows.

use store::{Among, Change, Island, Op, Tx, params};
use types::{Actor, Error, Id, Result, kind};
use uuid::Uuid;

use crate::island;

const INSERT: &str = "INSERT INTO cursors (tenant_id, reader, seq) VALUES (?1, ?2, ?3)";
const PUT: &str = "INSERT INTO cursors (tenant_id, reader, seq) VALUES (?1, ?2, ?3) \
    ON CONFLICT (tenant_id, reader) DO UPDATE SET seq = excluded.seq";
const RAISE: &str = "UPDATE cursors SET seq = seq * 10 + ?3 WHERE tenant_id = ?1 AND reader = ?2";
/// More than wait or are on their way at once.
const MANY: usize = 5_000;

fn write<T: Send + 'static>(
    island: &Island,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    island.write_blocking(Actor::System, work)
}

/// Writes a row and its change; nobody waits for either.
fn note(tx: &mut Tx<'_>, reader: &str) -> Result<()> {
    let tenant = tx.tenant();
    let mut recorded = tx.record(Change::new("user", Uuid::nil(), Op::Created, &[]))?;
    let seq = recorded.seq();
    recorded.execute_later(INSERT, params![&tenant, reader, seq])
}

fn readers(island: &Island) -> Vec<(String, u64)> {
    island
        .read_blocking(|tx| {
            tx.query(
                "SELECT reader, seq FROM cursors WHERE tenant_id = ?1 ORDER BY seq, reader",
                params![&tx.tenant()],
                |row| Ok((row.string(0)?, row.count(1)?)),
            )
        })
        .unwrap()
}

fn changes(island: &Island) -> usize {
    let changes = island.read_blocking(|tx| tx.changes(0, 2 * MANY));
    changes.unwrap().len()
}

#[test]
fn many_statements_are_all_there_with_the_commit() {
    let directory = tempfile::tempdir().unwrap();
    let (_store, island) = island(directory.path());
    write(&island, |tx| {
        for number in 0..MANY {
            note(tx, &format!("{number:05}"))?;
            // What is asked in between sees all of them.
            if number % 777 == 0 {
                let count = tx.count(
                    "SELECT count(*) FROM cursors WHERE tenant_id = ?1",
                    params![&tx.tenant()],
                )?;
                assert_eq!(count, number as u64 + 1);
            }
        }
        Ok(())
    })
    .unwrap();
    let readers = readers(&island);
    assert_eq!((readers.len(), changes(&island)), (MANY, MANY));
    for (number, (reader, seq)) in readers.iter().enumerate() {
        assert_eq!((reader, *seq), (&format!("{number:05}"), number as u64 + 1));
    }
}

#[test]
fn one_that_fails_leaves_nothing_of_its_command() {
    let directory = tempfile::tempdir().unwrap();
    let (_store, island) = island(directory.path());
    write(&island, |tx| note(tx, "there")).unwrap();
    // Early, in the middle and at the very end; by itself and among many.
    for (count, twice) in [(1, 0), (10, 3), (MANY, 0), (MANY, 2_500), (MANY, MANY - 1)] {
        let failed = write(&island, move |tx| {
            for number in 0..count {
                if number == twice {
                    note(tx, "there")?;
                }
                note(tx, &format!("{number}"))?;
            }
            Ok(())
        });
        assert!(failed.is_err(), "{count} {twice}");
        assert_eq!((readers(&island).len(), changes(&island)), (1, 1));
    }
    write(&island, |tx| note(tx, "next")).unwrap();
    assert_eq!(readers(&island).last(), Some(&("next".into(), 2)));
}

#[test]
fn one_that_fails_fails_its_attempt_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (_store, island) = island(directory.path());
    let outcomes = write(&island, |tx| {
        note(tx, "before")?;
        let mut outcomes = Vec::new();
        for readers in [["a", "b"], ["c", "before"], ["a", "d"], ["d", "e"]] {
            let outcome = tx.attempt(|tx| readers.iter().try_for_each(|reader| note(tx, reader)));
            outcomes.push(outcome.is_ok());
        }
        // Nothing is written in these.
        tx.attempt(|_| Ok(()))?;
        tx.attempt(|_| Err::<(), _>(Error::conflict("no")))
            .unwrap_err();
        note(tx, "behind")?;
        Ok(outcomes)
    })
    .unwrap();
    assert_eq!(outcomes, [true, false, false, true]);
    let readers: Vec<String> = readers(&island).into_iter().map(|(it, _)| it).collect();
    assert_eq!(readers, ["before", "a", "b", "d", "e", "behind"]);
    assert_eq!(changes(&island), 6);
}

#[test]
fn attempts_within_attempts_undo_what_waits_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let (_store, island) = island(directory.path());
    write(&island, |tx| {
        let tenant = tx.tenant();
        let first = params![&tenant, "first", 1_u64];
        tx.bookkeeping().execute(PUT, first)?;
        tx.attempt(|tx| {
            let inner = tx.attempt(|tx| {
                note(tx, "inner")?;
                Err::<(), _>(Error::conflict("no"))
            });
            assert!(inner.is_err());
            note(tx, "outer")?;
            let inner = tx.attempt(|tx| note(tx, "outer"));
            assert!(inner.is_err());
            note(tx, "last")
        })?;
        let outer = tx.attempt(|tx| {
            note(tx, "x")?;
            tx.attempt(|tx| note(tx, "y"))?;
            Err::<(), _>(Error::conflict("no"))
        });
        assert!(outer.is_err());
        Ok(())
    })
    .unwrap();
    let readers: Vec<String> = readers(&island).into_iter().map(|(it, _)| it).collect();
    assert_eq!(readers, ["first", "outer", "last"]);
}

#[test]
fn statements_of_one_text_keep_their_order() {
    let directory = tempfile::tempdir().unwrap();
    let (_store, island) = island(directory.path());
    write(&island, |tx| {
        let tenant = tx.tenant();
        let mut books = tx.bookkeeping();
        books.execute(PUT, params![&tenant, "a", 1_u64])?;
        for digit in [2_u64, 3, 4] {
            books.execute_later(RAISE, params![&tenant, "a", digit])?;
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(readers(&island), [("a".to_owned(), 1_234)]);
}

#[test]
fn a_question_about_many_is_answered_for_each() {
    let directory = tempfile::tempdir().unwrap();
    let (_store, island) = island(directory.path());
    let ids: Vec<Id<kind::User>> = (1..=1_500_u128)
        .map(|number| Id::new(Uuid::from_u128(number)))
        .collect();
    let there: Vec<Id<kind::User>> = ids.iter().copied().step_by(3).collect();
    let written = there.clone();
    write(&island, move |tx| {
        for id in &written {
            tx.record(Change::new("user", id.uuid(), Op::Created, &[]))?;
        }
        Ok(())
    })
    .unwrap();
    for length in [0, 1, 4, 5, 16, 17, 20, 21, ids.len()] {
        let asked = &ids[..length];
        let found = island
            .read_blocking({
                let asked = asked.to_vec();
                let among = Among::new(
                    "SELECT f.object_id, f.op FROM feed AS f WHERE f.tenant_id = ?1 \
                     AND f.kind = ?2 AND f.object_id = ??",
                    3,
                );
                move |tx| {
                    let mut found: Vec<Id<kind::User>> = Vec::new();
                    let tenant = tx.tenant();
                    let fixed = params![&tenant, "user"];
                    tx.for_each_among(&among, fixed, &asked, |row| {
                        found.push(row.id(0)?);
                        Ok(())
                    })?;
                    found.sort_unstable();
                    Ok(found)
                }
            })
            .unwrap();
        let expected: Vec<_> = asked.iter().filter(|id| there.contains(id)).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn what_a_transaction_knows_is_forgotten_with_what_is_undone() {
    #[derive(Default)]
    struct Known(Option<u64>);
    let directory = tempfile::tempdir().unwrap();
    let (_store, island) = island(directory.path());
    write(&island, |tx| {
        assert_eq!(tx.known(|known: &mut Known| known.0), None);
        tx.known(|known: &mut Known| known.0 = Some(1));
        tx.attempt(|tx| {
            note(tx, "a")?;
            tx.known(|known: &mut Known| known.0 = Some(2));
            Ok(())
        })?;
        assert_eq!(tx.known(|known: &mut Known| known.0), Some(2));
        let failed = tx.attempt(|tx| {
            note(tx, "b")?;
            tx.known(|known: &mut Known| known.0 = Some(3));
            Err::<(), _>(Error::conflict("no"))
        });
        assert!(failed.is_err());
        assert_eq!(tx.known(|known: &mut Known| known.0), None);
        tx.known(|known: &mut Known| known.0 = Some(4));
        tx.forget::<Known>();
        assert_eq!(tx.known(|known: &mut Known| known.0), None);
        Ok(())
    })
    .unwrap();
    // The next command knows nothing of it.
    let known = write(&island, |tx| Ok(tx.known(|known: &mut Known| known.0)));
    assert_eq!(known.unwrap(), None);
}
