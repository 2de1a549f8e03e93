//! Several servers on one database: who works for which tenant, and who does no longer.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use store::{Fence, NewTenant, Options, Store, SystemClock, params};
use types::{Actor, DomainName, Error, TenantId};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server of the database that belongs to a directory; `None` on files.
fn server(database: &Path, own: &Path) -> Option<Store> {
    let options = Options {
        database_url: Some(engines::database_url(database)?),
        database_connections: 6,
        ..Options::new(own)
    };
    Some(Store::open(options, Arc::new(SystemClock)).unwrap())
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn tenant(store: &Store, name: &str) -> TenantId {
    let new = NewTenant {
        tenant_id: None,
        display_name: name.into(),
        domain: DomainName::parse(&format!("{name}.example")).unwrap(),
    };
    let made = store.create_tenant(new, Actor::Operator, |_| Ok(()));
    made.unwrap().0.tenant_id
}

/// A write that nobody else would notice.
fn write(store: &Store, tenant: TenantId, fence: Fence) -> types::Result<()> {
    let island = store.island(tenant)?.behind(fence);
    island.write_blocking(Actor::System, move |tx| tx.set_cursor("test", 1))
}

#[test]
fn work_is_shared_and_who_lost_it_writes_nothing_more() {
    let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let Some(a) = server(first.path(), first.path()) else {
        return;
    };
    let contoso = tenant(&a, "contoso");
    a.begin_work(false).unwrap();
    let anybody: Vec<TenantId> = (0..200)
        .map(|number: u128| TenantId::new(uuid::Uuid::from_u128(number * 7919)))
        .collect();
    let owned = |store: &Store| {
        let own = anybody.iter().filter(|it| store.fence(**it).is_some());
        own.count()
    };
    eventually("one server does all", || owned(&a) == anybody.len());

    let b = server(first.path(), second.path()).unwrap();
    b.begin_work(false).unwrap();
    eventually("two servers share", || {
        let shared = owned(&a) < 150 && owned(&b) < 150;
        shared && owned(&a) + owned(&b) == anybody.len() && a.servers() == 2 && b.servers() == 2
    });
    for it in &anybody {
        assert!(a.fence(*it).is_none() || b.fence(*it).is_none(), "{it}");
    }

    // A guest takes nothing from them.
    let third = tempfile::tempdir().unwrap();
    let guest = server(first.path(), third.path()).unwrap();
    guest.begin_work(true).unwrap();
    eventually("the guest has looked", || guest.epoch(contoso).is_some());
    assert_eq!(owned(&guest), 0);
    guest.close();

    let (mine, other) = if a.fence(contoso).is_some() {
        (&a, &b)
    } else {
        (&b, &a)
    };
    let old = mine.fence(contoso).unwrap();
    write(mine, contoso, old).unwrap();
    assert_eq!(mine.epoch(contoso), old.epoch());
    mine.close();
    eventually("the other has taken over", || {
        other.fence(contoso).is_some()
    });
    let new = other.fence(contoso).unwrap();
    assert!(new.epoch() > old.epoch());
    let refused = write(other, contoso, old).unwrap_err();
    assert!(matches!(refused, Error::Unavailable { .. }), "{refused:?}");
    write(other, contoso, new).unwrap();
    write(other, contoso, Fence::open()).unwrap();
    other.close();
}

#[test]
fn what_one_server_makes_the_other_finds() {
    let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let Some(a) = server(first.path(), first.path()) else {
        return;
    };
    let b = server(first.path(), second.path()).unwrap();
    let contoso = tenant(&a, "contoso");
    assert!(b.tenant(contoso).is_none(), "nobody has looked");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let found = runtime.block_on(b.look_for_tenant(contoso)).unwrap();
    assert_eq!(found.unwrap().display_name, "contoso");
    // Both write to it, in one order.
    let changed = |store: &Store| {
        let change = store::Change::new("user", uuid::Uuid::nil(), store::Op::Created, &[]);
        let island = store.island(contoso).unwrap();
        for _ in 0..50 {
            let record = move |tx: &mut store::Tx<'_>| {
                let tenant = tx.tenant();
                let sql = "INSERT INTO cursors (tenant_id, reader, seq) VALUES (?1, ?2, 1)";
                let name = format!("reader {}", tx.new_uuid());
                tx.record(change)?
                    .execute(sql, params![&tenant, &name])
                    .map(drop)
            };
            island.write_blocking(Actor::System, record).unwrap();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| changed(&a));
        scope.spawn(|| changed(&b));
    });
    let island = a.island(contoso).unwrap();
    let (head, feed) = island
        .read_blocking(|tx| Ok((tx.head()?, tx.changes(0, 1_000)?)))
        .unwrap();
    assert_eq!(head, 100);
    let order: Vec<u64> = feed.iter().map(|change| change.seq).collect();
    assert_eq!(order, (1..=100).collect::<Vec<u64>>());
    // A domain is one tenant's, wherever it is claimed.
    let domain = DomainName::parse("shared.example").unwrap();
    let fabrikam = tenant(&b, "fabrikam");
    a.claim_domain(contoso, &domain).unwrap();
    assert!(b.claim_domain(fabrikam, &domain).is_err());
    a.close();
    b.close();
}
