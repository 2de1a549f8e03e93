//! `docs/permissions.md` is what the route table says.

use std::path::Path;

use graph::{Table, permissions};

#[test]
fn the_document_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/permissions.md");
    let document = permissions::document(&Table::new(graph::all_routes()).unwrap());
    if std::env::var_os("REWRITE_DOCS").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == document,
        "docs/permissions.md isn't up to date: REWRITE_DOCS=1 cargo test -p graph --test suite permissions_document"
    );
}
