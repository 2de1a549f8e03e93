//! What the border promises, whatever the network does: each envelope has its effect once, in the
//! order of its stream; what the receiver's policy refuses at that moment has none; an outbox is
//! emptied in order, and a receiver that is away holds up nobody else.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use border::inbound::{self, Handlers};
use border::{Courier, Envelope, Handler, InProcess, Receipt, Received, Transport, outbox};
use proptest::prelude::*;
use store::{Change, NewTenant, Op, Store, SystemClock, Tx, params};
use types::trace::{Step, Trace};
use types::{Actor, DomainName, Error, Result, TenantId};

/// Keeps each body that it applies, in order, and refuses while its island's cursor `closed` is 1.
struct Notes;

fn closed(tx: &store::ReadTx<'_>) -> Result<bool> {
    Ok(tx.cursor("closed")?.unwrap_or(0) == 1)
}

impl Handler for Notes {
    fn receive(&self, tx: &mut Tx<'_>, _: TenantId, kind: &str, body: &str) -> Result<Received> {
        if closed(tx)? {
            let step = Step {
                tenant_id: tx.tenant(),
                setting: "closed".into(),
                value: "true".into(),
                allowed: false,
                code: None,
                reason: "closed".into(),
                mend: None,
            };
            return Ok(Received::Refused(Trace {
                allowed: false,
                steps: vec![step],
            }));
        }
        let (id, tenant) = (tx.new_uuid(), tx.tenant());
        let mut write = tx.record(Change::new("note", id, Op::Created, &[]))?;
        let seq = write.seq();
        write.execute(
            "INSERT INTO cursors (tenant_id, reader, seq) VALUES (?1, ?2, ?3)",
            params![&tenant, format!("note {seq:06} {body}").as_str(), seq],
        )?;
        match kind {
            "notes.away" => Err(Error::unavailable("away", 1)),
            "notes.bad" => Err(Error::bad_request("bad")),
            _ => Ok(Received::Done {
                reply: format!("\"{body}\""),
            }),
        }
    }
    fn settled(
        &self,
        tx: &mut Tx<'_>,
        _: TenantId,
        _: &str,
        body: &str,
        receipt: &Receipt,
    ) -> Result<()> {
        let tenant = tx.tenant();
        let known = match receipt {
            Receipt::Applied { reply } if reply == &format!("\"{body}\"") => "reply",
            _ => "nothing",
        };
        tx.bookkeeping()
            .execute(
                "INSERT INTO cursors (tenant_id, reader, seq) VALUES (?1, ?2, 0)",
                params![&tenant, format!("settled {known} {body}").as_str()],
            )
            .map(drop)
    }
}

fn handlers() -> Handlers {
    Handlers::new([("notes", Arc::new(Notes) as Arc<dyn Handler>)])
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

fn open(directory: &std::path::Path) -> (Store, TenantId, TenantId) {
    let store = engines::open(engines::options(directory), Arc::new(SystemClock)).unwrap();
    let (a, b) = (tenant(&store, "a.example"), tenant(&store, "b.example"));
    (store, a, b)
}

fn notes(store: &Store, tenant: TenantId, prefix: &'static str) -> Vec<String> {
    let island = store.island(tenant).unwrap();
    island
        .read_blocking(|tx| {
            tx.query(
                "SELECT reader FROM cursors WHERE tenant_id = ?1 ORDER BY reader",
                params![&tx.tenant()],
                |row| row.string(0),
            )
        })
        .unwrap()
        .into_iter()
        .filter_map(|reader| reader.strip_prefix(prefix).map(str::to_owned))
        .collect()
}

fn envelope(from: TenantId, to: TenantId, seq: u64, kind: &str) -> Envelope {
    Envelope {
        from,
        to,
        stream: "test".into(),
        seq,
        kind: kind.into(),
        body: seq.to_string(),
        fence: store::Fence::open(),
    }
}

#[derive(Debug, Clone)]
enum Event {
    Deliver(u64),
    Close(bool),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => (1_u64..12).prop_map(Event::Deliver),
        1 => any::<bool>().prop_map(Event::Close),
    ];
    prop::collection::vec(event, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn duplicates_reordering_and_policy_changes_leave_one_effect_each_in_order(events in events()) {
        let directory = tempfile::tempdir().unwrap();
        let (store, a, b) = open(directory.path());
        let island = store.island(b).unwrap();
        let (mut last, mut closed, mut expected) = (0_u64, false, Vec::new());
        for event in events {
            match event {
                Event::Close(now) => {
                    closed = now;
                    island.write_blocking(Actor::System, move |tx| tx.set_cursor("closed", u64::from(now))).unwrap();
                }
                Event::Deliver(seq) => {
                    let sent = envelope(a, b, seq, "notes.add");
                    let receipt = island
                        .write_blocking(Actor::System, move |tx| inbound::receive(tx, &handlers(), &sent))
                        .unwrap();
                    let right = if seq <= last {
                        receipt == Receipt::Duplicate { last }
                    } else if seq > last + 1 {
                        receipt == Receipt::Gap { last }
                    } else {
                        last = seq;
                        if closed {
                            matches!(receipt, Receipt::Refused { .. })
                        } else {
                            expected.push(seq.to_string());
                            receipt == Receipt::Applied { reply: format!("\"{seq}\"") }
                        }
                    };
                    prop_assert!(right, "{seq} after {last}: {receipt:?}");
                }
            }
        }
        let applied: Vec<String> = notes(&store, b, "note ").iter().map(|note| note[7..].to_owned()).collect();
        prop_assert_eq!(applied, expected);
    }
}

#[test]
fn a_transient_failure_leaves_the_stream_where_it_was_and_a_bad_message_does_not_stop_it() {
    let directory = tempfile::tempdir().unwrap();
    let (store, a, b) = open(directory.path());
    let island = store.island(b).unwrap();
    let deliver = |seq, kind: &'static str| {
        let sent = envelope(a, b, seq, kind);
        island.write_blocking(Actor::System, move |tx| {
            inbound::receive(tx, &handlers(), &sent)
        })
    };
    assert!(deliver(1, "notes.away").is_err());
    assert!(matches!(
        deliver(1, "notes.bad"),
        Ok(Receipt::Rejected { .. })
    ));
    assert!(matches!(
        deliver(2, "unknown.kind"),
        Ok(Receipt::Rejected { .. })
    ));
    assert!(matches!(
        deliver(3, "notes.add"),
        Ok(Receipt::Applied { .. })
    ));
    assert_eq!(
        notes(&store, b, "note "),
        ["000001 3"],
        "nothing of what failed remains"
    );
    let foreign = envelope(b, a, 1, "notes.add");
    assert!(
        island
            .write_blocking(Actor::System, move |tx| inbound::receive(
                tx,
                &handlers(),
                &foreign
            ))
            .is_err()
    );
}

#[test]
fn the_last_receipt_of_the_control_stream_comes_again_for_the_same_message_only() {
    let directory = tempfile::tempdir().unwrap();
    let (store, a, b) = open(directory.path());
    let island = store.island(b).unwrap();
    let deliver = |seq, kind: &str| {
        let sent = Envelope {
            stream: border::CONTROL.into(),
            ..envelope(a, b, seq, kind)
        };
        let receive = move |tx: &mut Tx<'_>| inbound::receive(tx, &handlers(), &sent);
        island.write_blocking(Actor::System, receive).unwrap()
    };
    let first = deliver(1, "notes.add");
    assert!(matches!(first, Receipt::Applied { .. }));
    assert_eq!(deliver(1, "notes.add"), first);
    // A sender that was restored from a backup has numbered another message the same.
    assert_eq!(deliver(1, "notes.other"), Receipt::Duplicate { last: 1 });
    let second = deliver(2, "notes.bad");
    assert!(matches!(second, Receipt::Rejected { .. }));
    assert_eq!(deliver(2, "notes.bad"), second);
    assert_eq!(deliver(1, "notes.add"), Receipt::Duplicate { last: 2 });
    assert_eq!(notes(&store, b, "note ").len(), 1);
}

/// Loses every other answer, and everything for one tenant while it is away.
struct Flaky {
    inner: InProcess,
    lose: Mutex<bool>,
    away: TenantId,
    is_away: AtomicBool,
}

#[async_trait::async_trait]
impl Transport for Flaky {
    async fn deliver(&self, envelope: Envelope) -> Result<Receipt> {
        if envelope.to == self.away && self.is_away.load(Ordering::SeqCst) {
            return Err(Error::unavailable("away", 1));
        }
        let receipt = self.inner.deliver(envelope).await?;
        let mut lose = self.lose.lock().unwrap();
        *lose = !*lose;
        if *lose {
            Err(Error::unavailable("the answer was lost", 1))
        } else {
            Ok(receipt)
        }
    }
    async fn ask(&self, from: TenantId, to: TenantId, kind: &str, body: String) -> Result<String> {
        self.inner.ask(from, to, kind, body).await
    }
}

#[test]
fn an_outbox_arrives_once_and_in_order_though_answers_are_lost_and_a_receiver_is_away() {
    let directory = tempfile::tempdir().unwrap();
    let (store, a, b) = open(directory.path());
    let c = tenant(&store, "c.example");
    let transport = Arc::new(Flaky {
        inner: InProcess::new(store.clone(), handlers()),
        lose: Mutex::new(false),
        away: c,
        is_away: AtomicBool::new(true),
    });
    let courier = Courier::new(store.clone(), handlers(), Arc::clone(&transport) as _);
    let island = store.island(a).unwrap();
    for number in 0..5 {
        for to in [b, c] {
            island
                .write_blocking(Actor::System, move |tx| {
                    outbox::post(tx, to, "notes.add", &format!("{number}{to}"))
                })
                .unwrap();
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let run_until = |unreached: Vec<TenantId>| {
        for _ in 0..40 {
            if runtime.block_on(courier.run(a)).unwrap() == unreached {
                return;
            }
        }
        panic!("the outbox wasn't delivered");
    };
    run_until(vec![c]);
    assert_eq!(notes(&store, b, "note ").len(), 5);
    assert!(notes(&store, c, "note ").is_empty());
    transport.is_away.store(false, Ordering::SeqCst);
    run_until(vec![]);
    for tenant in [b, c] {
        let arrived = notes(&store, tenant, "note ");
        let numbers: String = arrived
            .iter()
            .map(|note| note.chars().nth(8).unwrap())
            .collect();
        assert_eq!(numbers, "01234");
    }
    // The sender has learned each reply, those that were lost at first too.
    assert_eq!(notes(&store, a, "settled reply ").len(), 10);
    assert!(notes(&store, a, "settled nothing ").is_empty());
}
