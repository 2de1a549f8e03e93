//! `docs/permissions.md`, written from the route table.

use std::fmt::Write;

use crate::route::{Access, Table, Version};

/// Renders the document.
pub fn document(table: &Table) -> String {
    let mut text = String::from(
        "# Permissions\n\nEvery route and the application permissions that open it; any one of them suffices. Written from the route table: `REWRITE_DOCS=1 cargo test -p graph --test suite permissions_document` brings it up to date. A token without any of them gets 403 `Authorization_RequestDenied`, and the tenant's audit log says so.\n",
    );
    let mut areas: Vec<&str> = Vec::new();
    for route in table.routes() {
        if !areas.contains(&route.area) {
            areas.push(route.area);
        }
    }
    for area in areas {
        let _ = write!(
            text,
            "\n## {area}\n| method | path | any of | what it does |\n|---|---|---|---|\n"
        );
        for route in table.routes().iter().filter(|route| route.area == area) {
            let versions: Vec<&str> = route.versions.each().map(Version::prefix).collect();
            let prefix = match versions.as_slice() {
                [one] => (*one).to_owned(),
                several => format!("{{{}}}", several.join(",")),
            };
            let permissions = match route.access() {
                Access::Public => "open".to_owned(),
                Access::Batch => "any permission; each request asks for its own".to_owned(),
                Access::Application => route
                    .permissions
                    .iter()
                    .map(|permission| format!("`{permission}`"))
                    .collect::<Vec<_>>()
                    .join(", "),
            };
            let _ = writeln!(
                text,
                "| {} | `{prefix}{}` | {permissions} | {} |",
                route.method, route.path, route.summary
            );
        }
    }
    text
}
