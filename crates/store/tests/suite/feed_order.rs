//! Whoever reads the feed never sees a change before an earlier one, however long transactions stay
//! open that write to it or read from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use store::{Change, NewTenant, Op, Store, SystemClock};
use types::{Actor, DomainName};

const WRITERS: u64 = 8;
const WRITES: u64 = 60;
const READERS: usize = 10;
/// How long some transactions are held open.
const HELD: Duration = Duration::from_millis(15);

#[test]
fn no_reader_sees_a_change_before_an_earlier_one() {
    let directory = tempfile::tempdir().unwrap();
    let options = engines::options(directory.path());
    let store: Store = engines::open(options, Arc::new(SystemClock)).unwrap();
    let new = NewTenant {
        tenant_id: None,
        display_name: "A".into(),
        domain: DomainName::parse("a.example").unwrap(),
    };
    let made = store.create_tenant(new, Actor::Operator, |_| Ok(()));
    let tenant = made.unwrap().0.tenant_id;
    let island = store.island(tenant).unwrap();
    let start = island.read_blocking(|tx| tx.head()).unwrap();
    let acknowledged = AtomicU64::new(start);
    let last = start + WRITERS * WRITES;
    scope(|scope| {
        for writer in 0..WRITERS {
            let (island, acknowledged) = (&island, &acknowledged);
            scope.spawn(move || {
                for number in 0..WRITES {
                    let is_held = (writer + number) % 12 == 0;
                    let seq = island.write_blocking(Actor::System, move |tx| {
                        let id = tx.new_uuid();
                        let seq = tx.record(Change::new("user", id, Op::Created, &[]))?.seq();
                        if is_held {
                            sleep(HELD);
                        }
                        Ok(seq)
                    });
                    acknowledged.fetch_max(seq.unwrap(), Ordering::SeqCst);
                }
            });
        }
        for reader in 0..READERS {
            let (island, acknowledged) = (&island, &acknowledged);
            scope.spawn(move || {
                let mut seen = start;
                while seen < last {
                    let before = acknowledged.load(Ordering::SeqCst);
                    let (first, then) = island
                        .read_blocking(move |tx| {
                            let first = tx.changes(seen, 100)?;
                            // Every other reader keeps its transaction open while others write.
                            if reader % 2 == 0 {
                                sleep(HELD);
                            }
                            Ok((first, tx.changes(seen, 100)?))
                        })
                        .unwrap();
                    let seqs = |changes: &[store::ChangeRow]| -> Vec<u64> {
                        changes.iter().map(|change| change.seq).collect()
                    };
                    let (first, then) = (seqs(&first), seqs(&then));
                    assert_eq!(first, then, "one transaction, two sights");
                    let count = u64::try_from(first.len()).unwrap();
                    let expected: Vec<u64> = (seen + 1..=seen + count).collect();
                    assert_eq!(first, expected, "a change is missing before another");
                    seen += count;
                    assert!(
                        seen >= before || count == 100,
                        "{seen}, though {before} was acknowledged"
                    );
                }
            });
        }
    });
    assert_eq!(island.read_blocking(|tx| tx.head()).unwrap(), last);
}
