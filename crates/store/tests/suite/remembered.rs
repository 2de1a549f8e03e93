//! What is remembered from one transaction to the next is what is there, whatever becomes of commands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use store::{Change, Island, Op, ReadTx, Tx, params};
use types::{Actor, Error, Result};
use uuid::Uuid;

use crate::island;

const INSERT: &str = "INSERT INTO cursors (tenant_id, reader, seq) VALUES (?1, ?2, ?3)";
const COUNT: &str = "SELECT count(*) FROM cursors WHERE tenant_id = ?1";
const COMMANDS: usize = 150;

/// How many rows there are, by memory.
fn remembered(tx: &ReadTx<'_>) -> Result<Option<u64>> {
    let count = || tx.count(COUNT, params![&tx.tenant()]).map(Some);
    Ok(tx.remembered(b"rows", count)?.map(|count| *count))
}

/// That memory and the database say the same.
fn check(tx: &ReadTx<'_>) -> Result<()> {
    let counted = tx.count(COUNT, params![&tx.tenant()])?;
    assert_eq!(remembered(tx)?, Some(counted));
    Ok(())
}

fn insert(tx: &mut Tx<'_>) -> Result<()> {
    let (tenant, name) = (tx.tenant(), tx.new_uuid().to_string());
    let mut recorded = tx.record(Change::new("user", Uuid::nil(), Op::Created, &[]))?;
    recorded
        .execute(INSERT, params![&tenant, &name, 1_u64])
        .map(drop)
}

/// A command that looks before and after what it writes, and may fail in part or altogether.
fn run(tx: &mut Tx<'_>, fate: u32) -> Result<()> {
    check(tx)?;
    if fate == 0 {
        return Ok(());
    }
    insert(tx)?;
    check(tx)?;
    if fate == 1 {
        let part = tx.attempt(|tx| {
            insert(tx)?;
            check(tx)?;
            Err::<(), _>(Error::conflict("a part"))
        });
        assert!(part.is_err());
        check(tx)?;
    }
    if fate == 2 {
        return Err(Error::conflict("late"));
    }
    Ok(())
}

async fn mix(island: &Island, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let is_over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (island, is_over) = (island.clone(), Arc::clone(&is_over));
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    island.read(check).await.unwrap();
                    island.read_few(check).await.unwrap();
                }
            })
        })
        .collect();
    let commands: Vec<_> = (0..COMMANDS)
        .map(|_| {
            let (island, fate) = (island.clone(), rng.random_range(0..6));
            let is_repeatable = rng.random_ratio(2, 3);
            tokio::spawn(async move {
                let command = move |tx: &mut Tx<'_>| run(tx, fate);
                let outcome = if is_repeatable {
                    island.write_repeatable(Actor::System, command).await
                } else {
                    island.write(Actor::System, command).await
                };
                assert_eq!(outcome.is_err(), fate == 2, "{outcome:?}");
            })
        })
        .collect();
    for command in commands {
        command.await.unwrap();
    }
    is_over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    island.read(check).await.unwrap();
}

#[test]
fn it_is_what_is_there_while_commands_succeed_and_fail() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    for seed in 0..4 {
        let directory = tempfile::tempdir().unwrap();
        let (_store, island) = island(directory.path());
        runtime.block_on(mix(&island, seed));
    }
}

#[test]
fn it_is_read_again_only_after_a_change() {
    let directory = tempfile::tempdir().unwrap();
    let (_store, island) = island(directory.path());
    let reads = AtomicU64::new(0);
    let look = |found: Option<u64>| {
        island
            .read_blocking(|tx| {
                let kept = tx.remembered(b"value", || {
                    reads.fetch_add(1, Ordering::Relaxed);
                    Ok(found)
                })?;
                Ok(kept.map(|kept| *kept))
            })
            .unwrap()
    };
    // What isn't found is looked for again.
    assert_eq!((look(None), look(None)), (None, None));
    assert_eq!((look(Some(1)), look(Some(2))), (Some(1), Some(1)));
    assert_eq!(reads.load(Ordering::Relaxed), 3);
    island.write_blocking(Actor::System, insert).unwrap();
    assert_eq!((look(Some(3)), look(None)), (Some(3), Some(3)));
    // Positions are no changes.
    island
        .write_blocking(Actor::System, |tx| tx.set_cursor("a", 1))
        .unwrap();
    assert_eq!(look(None), Some(3));
    assert_eq!(reads.load(Ordering::Relaxed), 4);
}
