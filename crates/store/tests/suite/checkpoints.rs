//! The log of an island's file: it is taken into the file while the island is written and read.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use store::{Island, SystemClock, params};
use types::Actor;

use crate::island;

const PUT: &str = "INSERT INTO cursors (tenant_id, reader, seq) VALUES (?1, ?2, ?3)";
const COUNT: &str = "SELECT count(*) FROM cursors WHERE tenant_id = ?1 AND seq = 7";
/// Bytes of one row, and rows of one command.
const ROW: usize = 64 * 1024;
const ROWS: usize = 40;
/// Commands that make the log longer than it may get twice over.
const COMMANDS: usize = 30;
const PATIENCE: Duration = Duration::from_mins(1);

fn write(island: &Island, number: usize, rows: usize) {
    island
        .write_blocking(Actor::System, move |tx| {
            let tenant = tx.tenant();
            for row in 0..rows {
                let name = format!("{number}.{row}.{}", "x".repeat(ROW));
                tx.bookkeeping()
                    .execute(PUT, params![&tenant, &name, 7_u64])?;
            }
            Ok(())
        })
        .unwrap();
}

fn count(island: &Island) -> u64 {
    island
        .read_blocking(|tx| tx.count(COUNT, params![&tx.tenant()]))
        .unwrap()
}

fn length(path: &Path) -> usize {
    usize::try_from(path.metadata().unwrap().len()).unwrap()
}

#[test]
fn a_long_log_gets_into_the_file_beside_writing_and_reading() {
    if !engines::are_files() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let (store, island) = island(directory.path());
    let file = directory
        .path()
        .join(format!("tenants/{}.db", island.tenant()));
    let mut rows = 0;
    for number in 0..COMMANDS {
        write(&island, number, ROWS);
        rows += ROWS;
        assert_eq!(count(&island), rows as u64);
    }
    // It is done for good once nobody reads what is older; each commit looks again.
    let begun = Instant::now();
    while length(&file) < ROW * ROWS * COMMANDS {
        assert!(begun.elapsed() < PATIENCE, "{} bytes", length(&file));
        write(&island, COMMANDS + rows, 1);
        rows += 1;
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(count(&island), rows as u64);
    assert_eq!(island.integrity(), None);
    store.close();
    drop((store, island));
    let options = engines::options(directory.path());
    let store = engines::open(options, Arc::new(SystemClock)).unwrap();
    let island = store.island(store.tenants()[0].tenant_id).unwrap();
    assert_eq!(count(&island), rows as u64);
}
