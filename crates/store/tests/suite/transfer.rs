//! Moving all data to the other engine and back. Needs PostgreSQL beside files.

use std::path::Path;
use std::sync::Arc;

use store::{Change, MovedTenant, NewTenant, Op, Options, Store, SystemClock, params, transfer};
use types::{Actor, DomainName, Error, TenantId};

fn files(directory: &Path) -> Options {
    Options::new(directory)
}

fn open(options: &Options) -> Store {
    Store::open(options.clone(), Arc::new(SystemClock)).unwrap()
}

fn make(store: &Store, domain: &str) -> TenantId {
    let new = NewTenant {
        tenant_id: None,
        display_name: domain.into(),
        domain: DomainName::parse(domain).unwrap(),
    };
    let made = store.create_tenant(new, Actor::Operator, |_| Ok(()));
    made.unwrap().0.tenant_id
}

fn write(store: &Store, tenant: TenantId, name: &str) {
    let (island, name) = (store.island(tenant).unwrap(), name.to_owned());
    let written = island.write_blocking(Actor::System, move |tx| {
        let (id, tenant) = (tx.new_uuid(), tx.tenant());
        let mut recorded = tx.record(Change::new("user", id, Op::Created, &[]))?;
        recorded.execute(
            "INSERT INTO users (tenant_id, id, doc, created_at, account_enabled, blocked_here, \
             user_type, display_name) VALUES (?1, ?2, '{}', 1, 1, 0, 'member', ?3)",
            params![&tenant, &id, &name],
        )
    });
    written.unwrap();
}

fn move_all(from: &Options, to: &Options) -> types::Result<Vec<MovedTenant>> {
    transfer(from, to, &SystemClock, |_| {})
}

#[test]
fn everything_goes_to_the_database_and_back_however_often_it_is_cut_off() {
    let first = tempfile::tempdir().unwrap();
    let Some(url) = engines::database_url(first.path()) else {
        return;
    };
    let source = files(first.path());
    let database = Options {
        database_url: Some(url.clone()),
        ..files(first.path())
    };
    let store = open(&source);
    let (a, b) = (make(&store, "a.example"), make(&store, "b.example"));
    // More than a page, and names that are hard to spell.
    for number in 0..1100 {
        write(&store, a, &format!("Ünï \u{1F600} '{number}"));
    }
    write(&store, b, "b");
    store.close();
    drop(store);

    let moved = move_all(&source, &database).unwrap();
    let of = |moved: &[MovedTenant], tenant| {
        let found = moved.iter().find(|it| it.tenant_id == tenant);
        found.unwrap().clone()
    };
    assert!(of(&moved, a).rows > 2200 && of(&moved, a).seq == 1100);
    assert!(of(&moved, a).copied_tables > 1);
    let again = move_all(&source, &database).unwrap_err();
    assert!(matches!(again, Error::Conflict { .. }), "{again:?}");

    // As if it had been cut off before the end, and the server had gone on with the files.
    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    client
        .batch_execute("DELETE FROM registry_domains; DELETE FROM registry_tenants;")
        .unwrap();
    let store = open(&source);
    write(&store, a, "later");
    store.close();
    drop(store);
    let moved = move_all(&source, &database).unwrap();
    assert_eq!(of(&moved, b).copied_tables, 0, "it was there already");
    let tables = of(&moved, a).copied_tables;
    assert!((1..=3).contains(&tables), "{tables} tables were copied");

    let store = open(&database);
    assert_eq!(store.tenant_by_domain("b.example"), Some(b));
    write(&store, b, "on the database");
    let count = "SELECT count(*) FROM users WHERE tenant_id = ?1";
    let users = |store: &Store, tenant| {
        let island = store.island(tenant).unwrap();
        island.read_blocking(move |tx| tx.count(count, params![&tenant]))
    };
    assert_eq!(users(&store, a).unwrap(), 1101);
    store.close();
    drop(store);

    let second = tempfile::tempdir().unwrap();
    let back = files(second.path());
    let returned = move_all(
        &Options {
            directory: first.path().to_owned(),
            ..database
        },
        &back,
    )
    .unwrap();
    assert_eq!(of(&returned, a).digest, of(&moved, a).digest);
    assert_ne!(of(&returned, b).digest, of(&moved, b).digest);
    let store = open(&back);
    assert_eq!(
        (users(&store, a).unwrap(), users(&store, b).unwrap()),
        (1101, 2)
    );
}
