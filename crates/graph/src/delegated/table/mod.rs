//! For each route the scopes that open it to a user's client, and the actions of which the user
//! needs one.
//!
//! - `$count`, casts and alternate keys ask for the same as what they stand behind.
//! - A scope in [`Row::own_scopes`] reaches the signed-in user's own object only.
//! - `…/limitedRead` is what guests may: what they know the id of, but no lists.
//!
//! Source: permissions per method and path of microsoftgraph/microsoft-graph-devx-content (MIT);
//! the supported roles on the pages of each operation.

mod administrative_units;
mod applications;
mod authentication;
mod groups;
mod isopolity;
mod organization;
mod roles;
mod users;

use std::collections::HashMap;
use std::sync::LazyLock;

use http::Method;

use crate::route::plain_beta;

/// What a route asks of users.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) method: &'static str,
    /// The route's template.
    pub(crate) path: &'static str,
    /// Any of them opens the route; with none it is closed to users.
    pub(crate) scopes: Texts,
    /// Any of them opens it for the user's own object.
    pub(crate) own_scopes: Texts,
    /// The user needs one of them; none if everybody may.
    pub(crate) actions: Texts,
    /// Whether it could take an account from, or give it to, somebody who has more roles.
    pub(crate) is_sensitive: bool,
    /// Whether it doesn't matter who owns what the path names.
    pub(crate) is_unowned: bool,
    /// What more it asks of who does it to oneself.
    pub(crate) to_oneself: ToOneself,
}

/// What a route asks of who does it to oneself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ToOneself {
    /// Nothing more.
    Open,
    /// Another factor, of who has one: else a token that a password has brought could take it away.
    Factor,
    /// It is for others to do.
    Closed,
}

pub(crate) type Texts = &'static [&'static str];

const NONE: Texts = &[];
/// The scopes for one's own object.
const OWN_READ: Texts = &["User.Read"];
const OWN_WRITE: Texts = &["User.ReadWrite"];

const fn row(method: &'static str, path: &'static str, scopes: Texts, actions: Texts) -> Row {
    Row {
        method,
        path,
        scopes,
        own_scopes: NONE,
        actions,
        is_sensitive: false,
        is_unowned: false,
        to_oneself: ToOneself::Open,
    }
}
const fn get(path: &'static str, scopes: Texts, actions: Texts) -> Row {
    row("GET", path, scopes, actions)
}
const fn post(path: &'static str, scopes: Texts, actions: Texts) -> Row {
    row("POST", path, scopes, actions)
}
const fn patch(path: &'static str, scopes: Texts, actions: Texts) -> Row {
    row("PATCH", path, scopes, actions)
}
const fn put(path: &'static str, scopes: Texts, actions: Texts) -> Row {
    row("PUT", path, scopes, actions)
}
const fn delete(path: &'static str, scopes: Texts, actions: Texts) -> Row {
    row("DELETE", path, scopes, actions)
}

impl Row {
    /// These scopes open it, too, for the user's own object.
    const fn own(self, own_scopes: Texts) -> Self {
        Self { own_scopes, ..self }
    }
    const fn sensitive(self) -> Self {
        Self {
            is_sensitive: true,
            ..self
        }
    }
    const fn by_factor(self) -> Self {
        Self {
            to_oneself: ToOneself::Factor,
            ..self
        }
    }
    const fn others_only(self) -> Self {
        Self {
            to_oneself: ToOneself::Closed,
            ..self
        }
    }
    const fn unowned(self) -> Self {
        Self {
            is_unowned: true,
            ..self
        }
    }
}

static ALL: [&[Row]; 11] = [
    administrative_units::ROWS,
    applications::ROWS,
    applications::SYNCHRONIZATION,
    authentication::ROWS,
    groups::ROWS,
    isopolity::ROWS,
    organization::ROWS,
    organization::LOGOS,
    organization::TEMPLATES,
    roles::ROWS,
    users::ROWS,
];

/// All rows.
pub(crate) fn all() -> impl Iterator<Item = &'static Row> {
    ALL.iter().copied().flatten()
}

static BY_PATH: LazyLock<HashMap<(&str, String), &'static Row>> = LazyLock::new(|| {
    all()
        .map(|row| ((row.method, plain(row.path)), row))
        .collect()
});

/// A template without what asks for nothing of its own: `/me` is `/users/{}`.
fn plain(path: &str) -> String {
    let path = plain_beta(path);
    let mut text = String::with_capacity(path.len());
    for segment in path.split('/').skip(1) {
        // What was deleted is listed by its type.
        let is_cast = segment.starts_with("microsoft.graph.") && !text.ends_with("/deletedItems");
        if segment == "$count" || is_cast {
            continue;
        }
        let mut keys = ["(appId=", "(roleTemplateId=", "(uniqueName="].iter();
        let named = keys.find_map(|key| segment.split_once(key));
        let (name, key) = named.map_or((segment, false), |(name, _)| (name, true));
        text.push('/');
        match name {
            "me" if text == "/" => text.push_str("users/{}"),
            name if name.starts_with('{') => text.push_str("{}"),
            name => text.push_str(name),
        }
        if key {
            text.push_str("/{}");
        }
    }
    text
}

/// What a route asks of users; `None` if it isn't open to them.
pub(crate) fn find(method: &Method, path: &str) -> Option<&'static Row> {
    BY_PATH.get(&(method.as_str(), plain(path))).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::route::{Access, Table};

    #[test]
    fn every_route_says_what_users_may() {
        let table = Table::new(crate::all_routes()).unwrap();
        let mut asked = HashSet::new();
        for route in table.routes() {
            if route.access() != Access::Application {
                continue;
            }
            let found = find(route.method(), route.path());
            assert!(found.is_some(), "{} {}", route.method(), route.path());
            asked.insert((route.method().to_string(), plain(route.path())));
        }
        for row in all() {
            let key = (row.method.to_owned(), plain(row.path));
            assert!(
                asked.contains(&key),
                "no route: {} {}",
                row.method,
                row.path
            );
        }
        assert_eq!(BY_PATH.len(), all().count(), "a row twice");
    }

    #[test]
    fn the_actions_are_those_of_the_roles() {
        // Those that only "all tasks" of their kind allow.
        let of_all_tasks = |action: &str| {
            [
                "administrativeUnits/",
                "domains/",
                "directoryRoles/",
                "roleAssignments/",
                "roleDefinitions/",
                "oAuth2PermissionGrants/",
                "authorizationPolicy/",
            ]
            .iter()
            .any(|kind| action.starts_with(kind))
        };
        for action in all().flat_map(|row| row.actions) {
            assert!(
                of_all_tasks(action) || directory::rights::is_action(action),
                "{action}"
            );
        }
    }
}
