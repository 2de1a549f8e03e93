//! Commands that are committed together: each stands or falls alone, however it is undone.

use std::collections::BTreeSet;
use std::sync::mpsc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use store::{Carried, Change, Island, Op, Rows, Tx, params};
use tokio::sync::oneshot;
use types::{Actor, Error, Result, TenantId};
use uuid::Uuid;

use crate::island;

const INSERT: &str = "INSERT INTO cursors (tenant_id, reader, seq) VALUES (?1, ?2, ?3)";
const SET: &str = "INSERT INTO cursors (tenant_id, reader, seq) VALUES (?1, ?2, ?3) \
    ON CONFLICT (tenant_id, reader) DO UPDATE SET seq = excluded.seq";
const COUNT: &str = "count";
const COMMANDS: usize = 200;

/// How many have succeeded, as each of them counts on from the one before.
#[derive(Clone, Copy)]
struct Count(u64);

impl Carried for Count {
    fn write(&self, tenant: TenantId, rows: &Rows<'_>) -> Result<()> {
        rows.put(2, SET, params![&tenant, COUNT, self.0])
    }
}

fn count_on(tx: &mut Tx<'_>) -> Result<()> {
    let count = match tx.carried() {
        Some(Count(count)) => count,
        None => tx.cursor(COUNT)?.unwrap_or(0),
    };
    tx.bookkeeping().carry(Count(count + 1));
    Ok(())
}

/// What becomes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Succeeds,
    FailsEarly,
    FailsLate,
    Panics,
    /// It goes on though a part of it has failed.
    Recovers,
}

impl Fate {
    fn drawn(rng: &mut StdRng, failures: u32) -> Self {
        if !rng.random_ratio(failures, 100) {
            return Self::Succeeds;
        }
        let fates = [
            Self::FailsEarly,
            Self::FailsLate,
            Self::Panics,
            Self::Recovers,
        ];
        fates[rng.random_range(0..fates.len())]
    }
    fn succeeds(self) -> bool {
        matches!(self, Self::Succeeds | Self::Recovers)
    }
}

fn run(tx: &mut Tx<'_>, name: &str, fate: Fate) -> Result<u64> {
    if fate == Fate::FailsEarly {
        return Err(Error::conflict("early"));
    }
    let tenant = tx.tenant();
    let mut recorded = tx.record(Change::new("user", Uuid::nil(), Op::Created, &[]))?;
    let seq = recorded.seq();
    recorded.execute(INSERT, params![&tenant, name, seq])?;
    count_on(tx)?;
    if fate == Fate::Recovers {
        let part = tx.attempt(|tx| {
            count_on(tx)?;
            tx.set_cursor("part", 1)?;
            Err::<(), _>(Error::conflict("a part"))
        });
        assert!(part.is_err());
    }
    match fate {
        Fate::FailsLate => Err(Error::conflict("late")),
        Fate::Panics => panic!("meant"),
        _ => Ok(seq),
    }
}

/// Answers by way of another thread.
async fn hand_on(
    island: &Island,
    command: impl Fn(&mut Tx<'_>) -> Result<u64> + Send + 'static,
) -> Result<u64> {
    let then = |outcome, answer: oneshot::Sender<Result<u64>>| {
        std::thread::spawn(move || answer.send(outcome));
    };
    island
        .write_repeatable_then(Actor::System, command, then)
        .await
}

/// Has all commands wait for one that is under way, so that they come in groups. That one fails by a
/// question that its engine can't answer, which is nothing to those behind it.
async fn all_at_once(island: &Island, commands: &[(Fate, bool)]) -> Vec<Result<u64>> {
    let (go, gate) = mpsc::channel::<()>();
    let held = tokio::spawn({
        let island = island.clone();
        async move {
            let wait = move |tx: &mut Tx<'_>| {
                gate.recv().map_err(Error::internal)?;
                tx.count("SELECT count(*) FROM nowhere", &[])
            };
            island.write(Actor::System, wait).await
        }
    });
    let waiting: Vec<_> = commands
        .iter()
        .enumerate()
        .map(|(number, &(fate, is_repeatable))| {
            let island = island.clone();
            let name = format!("{number:03}");
            tokio::spawn(async move {
                let command = move |tx: &mut Tx<'_>| run(tx, &name, fate);
                match (is_repeatable, number % 2) {
                    (false, _) => island.write(Actor::System, command).await,
                    (true, 0) => island.write_repeatable(Actor::System, command).await,
                    (true, _) => hand_on(&island, command).await,
                }
            })
        })
        .collect();
    for _ in 0..COMMANDS {
        tokio::task::yield_now().await;
    }
    go.send(()).unwrap();
    assert!(held.await.unwrap().is_err());
    let mut outcomes = Vec::new();
    for outcome in waiting {
        outcomes.push(outcome.await.unwrap());
    }
    outcomes
}

#[test]
fn each_command_of_a_group_stands_or_falls_alone() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    // Few failures leave long groups undisturbed, many disturb each; with and without commands that
    // run only once.
    for (seed, failures, once) in [(1, 1, 0), (2, 5, 0), (3, 50, 0), (4, 5, 10), (5, 50, 50)] {
        let directory = tempfile::tempdir().unwrap();
        let (_store, island) = island(directory.path());
        let mut rng = StdRng::seed_from_u64(seed);
        let commands: Vec<(Fate, bool)> = (0..COMMANDS)
            .map(|_| {
                let fate = Fate::drawn(&mut rng, failures);
                (fate, !rng.random_ratio(once, 100))
            })
            .collect();
        let outcomes = runtime.block_on(all_at_once(&island, &commands));
        let mut expected = BTreeSet::new();
        let mut places = BTreeSet::new();
        for (number, ((fate, _), outcome)) in commands.iter().zip(&outcomes).enumerate() {
            assert_eq!(outcome.is_ok(), fate.succeeds(), "{seed}: {fate:?}");
            if let Ok(seq) = outcome {
                expected.insert((format!("{number:03}"), *seq));
                places.insert(*seq);
            }
        }
        let count = u64::try_from(expected.len()).unwrap();
        expected.insert((COUNT.into(), count));
        let (rows, changes) = island
            .read_blocking(|tx| {
                let rows = tx.query(
                    "SELECT reader, seq FROM cursors WHERE tenant_id = ?1",
                    params![&tx.tenant()],
                    |row| Ok((row.string(0)?, row.count(1)?)),
                )?;
                Ok((rows, tx.changes(0, 2 * COMMANDS)?))
            })
            .unwrap();
        assert_eq!(rows.into_iter().collect::<BTreeSet<_>>(), expected);
        let recorded: BTreeSet<u64> = changes.iter().map(|change| change.seq).collect();
        assert_eq!(recorded, places);
        assert_eq!(recorded, (1..=count).collect());
    }
}

#[test]
fn who_goes_on_with_an_outcome_sees_it_committed_and_may_fail() {
    let directory = tempfile::tempdir().unwrap();
    let (_store, island) = island(directory.path());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let write = |tx: &mut Tx<'_>| run(tx, "1", Fate::Succeeds);
    let reader = island.clone();
    let look = move |outcome: Result<u64>, answer: oneshot::Sender<Result<u64>>| {
        let count = "SELECT count(*) FROM cursors WHERE tenant_id = ?1 AND reader = '1'";
        std::thread::spawn(move || {
            let seen = reader.read_blocking(|tx| tx.count(count, params![&tx.tenant()]));
            answer.send(outcome.and(seen))
        });
    };
    let seen = island.write_repeatable_then(Actor::System, write, look);
    assert_eq!(runtime.block_on(seen).unwrap(), 1);
    let panic = |_, _: oneshot::Sender<Result<u64>>| panic!("on purpose");
    let write = |tx: &mut Tx<'_>| run(tx, "2", Fate::Succeeds);
    let failed = island.write_repeatable_then(Actor::System, write, panic);
    assert!(runtime.block_on(failed).is_err());
    let write = |tx: &mut Tx<'_>| run(tx, "3", Fate::Succeeds);
    let next = island.write_repeatable(Actor::System, write);
    runtime.block_on(next).unwrap();
}
