//! `docs/permissions.md`, written from the route table.

use std::fmt::Write;

use crate::route::{Access, Route, Table, Version};

const HEAD: &str = "# Permissions

Every route and what opens it. Written from the route table: `REWRITE_DOCS=1 cargo test -p graph --test suite permissions_document` brings it up to date.

- **An application** that calls for itself needs any one of the *application* permissions.
- **On behalf of a user** it needs any one of the *delegated* permissions, and the user has to be allowed the call: by one of the actions in the last column, which the [built-in roles](https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference) allow (`microsoft.directory/` stands before each). Members have the role User, guests the one that `/policies/authorizationPolicy` names; directory roles come on top, and count as the directory has them at the moment of the call. An action may be allowed on everything, on what the user owns, or on the user's own object. *Own:* permissions reach the user's own object only.
- Who signs somebody in or out, or gets at their account, has to be above them: `accountEnabled`, `passwordProfile`, `userPrincipalName`, phone numbers and mails, deleting, restoring and ending sessions of people with directory roles are for those administrators who may reset their passwords. Groups that can be assigned to roles ask for `groupsAssignableToRoles/…` instead of `groups/…`.
- Who has another factor than a password changes the own ways of signing in only with a token for which it was shown (`amr` has `mfa`). A temporary access pass is given by somebody else.
- What depends on a body (a property, a consent) is refused in words that name what is missing.

Whoever isn't allowed gets 403 `Authorization_RequestDenied`, and the tenant's audit log says so.
";

fn listed(names: impl IntoIterator<Item = &'static str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The permissions that open a route on behalf of users, and the actions.
fn delegated(route: &Route) -> (String, String) {
    let mut scopes = listed(route.scopes().iter().copied());
    if route.is_me {
        scopes = listed(route.delegated_permissions());
    } else if route.scopes().is_empty() && !route.own_scopes().is_empty() {
        scopes = format!(
            "{} (of oneself)",
            listed(route.own_scopes().iter().copied())
        );
    } else if route.scopes().is_empty() {
        "applications only".clone_into(&mut scopes);
    } else if !route.own_scopes().is_empty() {
        let own = listed(route.own_scopes().iter().copied());
        scopes = format!("{scopes}; own: {own}");
    }
    (scopes, listed(route.actions().iter().copied()))
}

/// Renders the document.
pub fn document(table: &Table) -> String {
    let mut text = String::from(HEAD);
    let mut areas: Vec<&str> = Vec::new();
    for route in table.routes() {
        if !areas.contains(&route.area) {
            areas.push(route.area);
        }
    }
    for area in areas {
        let _ = write!(
            text,
            "\n## {area}\n| method | path | what it does | application | delegated | the user's right |\n|---|---|---|---|---|---|\n"
        );
        for route in table.routes().iter().filter(|route| route.area == area) {
            let versions: Vec<&str> = route.versions.each().map(Version::prefix).collect();
            let prefix = match versions.as_slice() {
                [one] => (*one).to_owned(),
                several => format!("{{{}}}", several.join(",")),
            };
            let (application, (scopes, actions)) = match route.access() {
                Access::Public => ("open".to_owned(), ("open".to_owned(), String::new())),
                Access::Batch => {
                    let any = "any; each request asks for its own";
                    (any.to_owned(), (any.to_owned(), String::new()))
                }
                Access::Application => {
                    (listed(route.permissions.iter().copied()), delegated(route))
                }
            };
            let _ = writeln!(
                text,
                "| {} | `{prefix}{}` | {} | {application} | {scopes} | {actions} |",
                route.method, route.path, route.summary
            );
        }
    }
    text
}
