//! `/users/delta`: everybody once, then what changed.
//!
//! A round is a scan of the users by id and then a walk along the tenant's feed. Both are positions
//! in a token, which carries the query as well, so that a link says all and nothing is kept between
//! requests. The first link to the feed stands where it was when the scan began: what changed
//! during the scan comes again.
//!
//! Source: "Use delta query to track changes in Microsoft Graph data"; `user: delta`.

use std::collections::{BTreeMap, BTreeSet};

use directory::users::{self, User};
use directory::{Page as Wanted, Place};
use http::StatusCode;
use query::Filter;
use query::filter::{Comparison, Expression, Node, Value as Literal};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{ChangeRow, Op, ReadTx};
use types::{Error, Id, Timestamp};
use uuid::Uuid;

use crate::errors::Refusal;
use crate::query_options::{Allowed, encode};
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};

const READ: &[&str] = &[
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const PURPOSE: &str = "users/delta";
const PAGE_DEFAULT: usize = 200;
const PAGE_MAX: usize = 999;
/// Changes of all kinds that one page looks at, so that an answer never takes long.
const CHANGES_MAX: usize = 10_000;
const IDS_MAX: usize = 50;
const TOKEN_SECONDS: i64 = 7 * 24 * 3_600;
/// Tracked beside the properties: who the manager is.
const MANAGER: &str = "manager";
/// What a date shows that Graph declares as never null and that wasn't set.
const NEVER: &str = "0001-01-01T00:00:00Z";
const USER_TYPE: &str = "#microsoft.graph.user";
/// Properties that change with another.
const MADE_OF: [(&str, &str); 2] = [
    ("identities", "userPrincipalName"),
    ("proxyAddresses", "mail"),
];

/// Registers it.
pub(crate) fn routes(routes: &mut Routes) {
    let options = Allowed::SELECT
        .and(Allowed::FILTER)
        .and(Allowed::SKIP_TOKEN)
        .and(Allowed::DELTA_TOKEN);
    routes
        .area("users", Versions::Both)
        .get("/users/delta()", READ, "Users, and what changed", delta)
        .query(options);
}

/// What a round is about; every token carries it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Query {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    select: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    ids: Option<Vec<Uuid>>,
}

/// Where a round stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct State {
    query: Query,
    /// When the round began.
    at: Timestamp,
    /// The position in the feed.
    seq: u64,
    /// The user that the scan has come to; none once it is over.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    scanned: Option<Uuid>,
}

struct Found {
    items: Vec<Map<String, Value>>,
    state: State,
    is_last: bool,
}

async fn delta(call: Call) -> Result<Reply, Refusal> {
    let options = &call.options;
    let token = match (&options.skip_token, &options.delta_token) {
        (Some(_), Some(_)) => {
            return Err(Refusal::bad_request(
                "A link has either a $skiptoken or a $deltatoken.",
            ));
        }
        (Some(token), None) => Some(token),
        // An empty one starts over: that is where 410 points to.
        (None, Some(token)) => Some(token).filter(|token| !token.is_empty()),
        (None, None) => None,
    };
    let mut latest = false;
    let state: Option<State> = match token {
        None => None,
        Some(token) if token.eq_ignore_ascii_case("latest") => {
            latest = true;
            None
        }
        Some(token) => {
            if options.select.is_some() || options.filter.is_some() {
                return Err(Refusal::bad_request(
                    "The link carries its query. Follow it as it was handed out, or start over.",
                ));
            }
            Some(call.unsealed(PURPOSE, token)?)
        }
    };
    let query = query(&call)?;
    let (size, minimal) = (page_size(&call)?, call.prefers("return=minimal"));
    let found = call
        .read(move |tx| match state {
            Some(state) if tx.now().0 - state.at.0 > TOKEN_SECONDS * 1_000_000 => {
                Err(Error::Gone {
                    message: "The token is older than 7 days. Start over.".into(),
                })
            }
            Some(state) if state.scanned.is_none() => follow(tx, state, size, minimal),
            Some(state) => scan(tx, state, size),
            None => {
                check_select(&query)?;
                let state = State {
                    query,
                    at: tx.now(),
                    seq: tx.head()?,
                    scanned: (!latest).then(Uuid::nil),
                };
                if latest {
                    return Ok(Found {
                        items: Vec::new(),
                        state,
                        is_last: true,
                    });
                }
                scan(tx, state, size)
            }
        })
        .await?;
    let token = call.sealed(PURPOSE, &found.state)?;
    let link = |option: &str| {
        let mut link = format!("{}/users/delta?{option}=", call.root());
        encode(&token, &mut link);
        link
    };
    let mut page = Page::all(found.items);
    if found.is_last {
        page.delta_link = Some(link("$deltatoken"));
    } else {
        page.next_link = Some(link("$skiptoken"));
    }
    Reply::collection(&call, "users", &page)
}

fn page_size(call: &Call) -> Result<usize, Refusal> {
    Ok(call.max_page_size()?.unwrap_or(PAGE_DEFAULT).min(PAGE_MAX))
}

fn query(call: &Call) -> Result<Query, Refusal> {
    let select = call.options.select.as_deref().map(query::parse_select);
    let ids = match call.options.filter.as_deref() {
        None => None,
        Some(text) => Some(ids(&query::parse_filter(text)?)?),
    };
    Ok(Query {
        select: select.transpose()?,
        ids,
    })
}

/// The ids of a filter that names ids and nothing else.
fn ids(filter: &Filter) -> Result<Vec<Uuid>, Refusal> {
    let unsupported = || {
        Refusal::from(Error::unsupported(
            "A delta of users takes only filters of the form: id eq 'a' or id eq 'b'.",
        ))
    };
    let one = |node: &Node| match &node.expression {
        Expression::Compare {
            path,
            comparison: Comparison::Equal,
            value,
        } if path.segments == ["id"] => match &value.value {
            Literal::Guid(id) => Some(*id),
            Literal::Text(text) => types::parse_uuid(text),
            _ => None,
        },
        _ => None,
    };
    let root = filter.root();
    let nodes = match &root.expression {
        Expression::Or(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(root),
    };
    if nodes.len() > IDS_MAX {
        return Err(Refusal::limit(
            StatusCode::BAD_REQUEST,
            "Request_BadRequest",
            "limits.delta_filter_ids",
            &format!("The filter has more than {IDS_MAX} ids."),
        ));
    }
    nodes
        .iter()
        .map(|node| one(node).ok_or_else(unsupported))
        .collect()
}

impl Query {
    /// What is tracked, all if nothing is selected; without the relation that isn't a property.
    fn properties(&self) -> Vec<String> {
        let Some(select) = &self.select else {
            return users::property_names();
        };
        let mut names: Vec<String> = vec!["id".into()];
        names.extend(
            select
                .iter()
                .filter(|name| !name.eq_ignore_ascii_case(MANAGER))
                .cloned(),
        );
        names
    }

    fn has_manager(&self) -> bool {
        let select = self.select.as_ref();
        select.is_some_and(|select| select.iter().any(|name| name.eq_ignore_ascii_case(MANAGER)))
    }

    fn wants(&self, id: Uuid) -> bool {
        self.ids.as_ref().is_none_or(|ids| ids.contains(&id))
    }
}

fn check_select(query: &Query) -> types::Result<()> {
    users::check_select(&query.properties())
}

/// A user with the values that it has.
fn present(
    tx: &ReadTx<'_>,
    user: &User,
    query: &Query,
    former_managers: &BTreeSet<Uuid>,
) -> types::Result<Map<String, Value>> {
    let mut shown = users::project(user, Some(&query.properties()))?;
    shown.retain(|name, value| name == "id" || !is_nothing(value));
    if query.has_manager() {
        let managers = managers(tx, user, former_managers)?;
        if !managers.is_empty() {
            shown.insert("manager@delta".into(), managers.into());
        }
    }
    Ok(shown)
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value == NEVER
}

/// The manager, and those who aren't any more.
fn managers(tx: &ReadTx<'_>, user: &User, former: &BTreeSet<Uuid>) -> types::Result<Vec<Value>> {
    let manager = users::manager_of(tx, user.id)?.map(Id::uuid);
    let current = manager.map(|id| json!({"@odata.type": USER_TYPE, "id": id}));
    let gone = former
        .iter()
        .filter(|id| Some(**id) != manager)
        .map(|id| json!({"@odata.type": USER_TYPE, "id": id, "@removed": {"reason": "deleted"}}));
    Ok(current.into_iter().chain(gone).collect())
}

fn scan(tx: &ReadTx<'_>, mut state: State, size: usize) -> types::Result<Found> {
    let mut items = Vec::new();
    let after = state.scanned.unwrap_or_default();
    let mut rest = None;
    if let Some(ids) = &state.query.ids {
        for id in ids {
            match users::get(tx, Id::new(*id)) {
                Ok(user) => items.push(present(tx, &user, &state.query, &BTreeSet::new())?),
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    } else {
        let after = Place {
            key: None,
            id: after,
        };
        let wanted = Wanted {
            after: Some(&after),
            ..Wanted::first(size + 1)
        };
        let mut found = users::list(tx, &wanted)?;
        if found.len() > size {
            found.truncate(size);
            rest = found.last().map(|user| user.id.uuid());
        }
        for user in &found {
            items.push(present(tx, user, &state.query, &BTreeSet::new())?);
        }
    }
    state.scanned = rest;
    Ok(Found {
        items,
        is_last: rest.is_none(),
        state,
    })
}

/// What happened to one user within a page.
#[derive(Default)]
struct Changed {
    /// It was made or brought back: all of it is news.
    is_new: bool,
    is_gone: bool,
    properties: Vec<String>,
    /// Who was the manager in between.
    former_managers: BTreeSet<Uuid>,
}

fn follow(tx: &ReadTx<'_>, mut state: State, size: usize, minimal: bool) -> types::Result<Found> {
    let mut changed: BTreeMap<Uuid, Changed> = BTreeMap::new();
    let mut looked_at = 0;
    let mut is_last = false;
    while changed.len() < size && looked_at < CHANGES_MAX {
        let rows = tx.changes(state.seq, size)?;
        looked_at += rows.len();
        is_last = rows.len() < size;
        for row in rows {
            state.seq = row.seq;
            if row.kind == "user" && state.query.wants(row.object) {
                note(changed.entry(row.object).or_default(), row);
            }
        }
        if is_last {
            break;
        }
    }
    // A token that was followed lives on from now.
    state.at = tx.now();
    let mut items = Vec::new();
    for (id, changed) in changed {
        items.extend(change(tx, id, &changed, &state.query, minimal)?);
    }
    Ok(Found {
        items,
        state,
        is_last,
    })
}

fn note(changed: &mut Changed, row: ChangeRow) {
    match row.op {
        Op::Created | Op::Restored => changed.is_new = true,
        Op::Updated => {
            if row.properties.iter().any(|name| name == MANAGER) {
                changed.former_managers.extend(row.related);
            }
            changed.properties.extend(row.properties);
        }
        Op::Deleted | Op::Purged => changed.is_gone = true,
    }
}

/// How a user's change is told; none if it isn't in what is selected.
fn change(
    tx: &ReadTx<'_>,
    id: Uuid,
    changed: &Changed,
    query: &Query,
    minimal: bool,
) -> types::Result<Option<Map<String, Value>>> {
    let removed = |reason: &str| {
        let mut shown = Map::new();
        shown.insert("id".into(), json!(id));
        shown.insert("@removed".into(), json!({ "reason": reason }));
        Ok(Some(shown))
    };
    let user = match users::get(tx, Id::new(id)) {
        Ok(user) => user,
        Err(Error::NotFound { .. }) => {
            return match users::get_deleted(tx, Id::new(id)) {
                Ok(_) => removed("changed"),
                Err(Error::NotFound { .. }) => removed("deleted"),
                Err(error) => Err(error),
            };
        }
        Err(error) => return Err(error),
    };
    if changed.is_new || changed.is_gone {
        return present(tx, &user, query, &changed.former_managers).map(Some);
    }
    let whole = users::project(&user, Some(&query.properties()))?;
    let is_changed = |name: &str| {
        changed.properties.iter().any(|changed| changed == name)
            // These are made of others.
            || MADE_OF.iter().any(|(made, of)| {
                name == *made && changed.properties.iter().any(|changed| changed == of)
            })
    };
    let manager = query.has_manager() && is_changed(MANAGER);
    if !manager && !whole.keys().any(|name| is_changed(name)) {
        return Ok(None);
    }
    if !minimal {
        return present(tx, &user, query, &changed.former_managers).map(Some);
    }
    let mut shown = whole;
    shown.retain(|name, _| name == "id" || is_changed(name));
    if manager {
        let managers = managers(tx, &user, &changed.former_managers)?;
        shown.insert("manager@delta".into(), managers.into());
    }
    Ok(Some(shown))
}
