//! One server works on a database at a time.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use store::{NewTenant, Options, Store, SystemClock};
use types::{Actor, DomainName, Error};

#[test]
fn a_second_server_is_refused_until_the_first_is_done() {
    let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let Some(url) = engines::database_url(first.path()) else {
        return;
    };
    let open = |directory: &tempfile::TempDir| {
        let options = Options {
            database_url: Some(url.clone()),
            ..Options::new(directory.path())
        };
        Store::open(options, Arc::new(SystemClock))
    };
    let store = open(&first).unwrap();
    let refused = open(&second).map(drop).unwrap_err();
    assert!(
        matches!(&refused, Error::Conflict { message } if message.contains("Another")),
        "{refused:?}"
    );
    let new = NewTenant {
        tenant_id: None,
        display_name: "Contoso".into(),
        domain: DomainName::parse("contoso.example").unwrap(),
    };
    store
        .create_tenant(new, Actor::Operator, |_| Ok(()))
        .unwrap();
    // What was killed comes back on its own directory without waiting.
    let again = open(&first).unwrap();
    assert_eq!(again.tenants().len(), 1);
    drop(again);
    store.close();
    drop(store);
    let second = open(&second).unwrap();
    assert_eq!(second.tenants().len(), 1);
}
