//! `/users/delta`, `/groups/delta`, `/applications/delta`, `/servicePrincipals/delta`: everything
//! once, then what changed.
//!
//! A round is a scan of the objects by id and then a walk along the tenant's feed. Both are positions
//! in a token, which carries the query as well, so that a link says all and nothing is kept between
//! requests. The first link to the feed stands where it was when the scan began: what changed
//! during the scan comes again.
//!
//! What is tracked of each type is a table ([`tracked::Tracked`]). A relation with many objects comes
//! in parts: the same object on several pages, each with some more in `members@delta`.
//!
//! Source: "Use delta query to track changes in Microsoft Graph data"; `user: delta`, `group: delta`,
//! `application: delta`, `servicePrincipal: delta`.

mod follow;
mod resources;
mod scan;
mod show;
mod tracked;

use http::StatusCode;
use query::Filter;
use query::filter::{Comparison, Expression, Node, Value as Literal};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::ReadTx;
use types::{Error, Timestamp};
use uuid::Uuid;

use crate::errors::Refusal;
use crate::hidden_members::Viewer;
use crate::query_options::encode;
use crate::reply::{Page, Reply};
use crate::request::Call;

pub(crate) use resources::routes;
use tracked::Tracked;

const PAGE_DEFAULT: usize = 200;
const PAGE_MAX: usize = 999;
/// Related objects on one page.
const LINKS_MAX: usize = 1_000;
/// Changes of all kinds that one page looks at, so that an answer never takes long.
const CHANGES_MAX: usize = 10_000;
const IDS_MAX: usize = 50;
const TOKEN_SECONDS: i64 = 7 * 24 * 3_600;

/// An object as an answer has it.
type Item = Map<String, Value>;

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
    /// The object that the scan has come to; none once it is over.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    scanned: Option<Uuid>,
    /// What is told before anything else.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    rest: Option<Rest>,
}

/// What didn't fit on a page any more.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Rest {
    /// The objects that one is related to.
    Links(Place),
    /// The objects that are related to one that was deleted or came back.
    Holders(Place),
}

/// A place among the relations of an object.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Place {
    object: Uuid,
    /// The number of the relation.
    relation: usize,
    after: Uuid,
}

impl Place {
    const fn first(object: Uuid) -> Self {
        Self {
            object,
            relation: 0,
            after: Uuid::nil(),
        }
    }
}

struct Found {
    items: Vec<Item>,
    state: State,
    is_last: bool,
}

/// What one request asks of a round.
struct Asked<T: 'static> {
    tracked: &'static Tracked<T>,
    /// The tracked properties.
    properties: Vec<String>,
    /// Of each relation, whether it is tracked and the caller may see it.
    relations: Vec<bool>,
    viewer: Viewer,
    size: usize,
    minimal: bool,
}

async fn delta<T>(call: Call, tracked: &'static Tracked<T>) -> Result<Reply, Refusal> {
    let token = token(&call)?;
    let latest = token.is_some_and(|token| token.eq_ignore_ascii_case("latest"));
    let state: Option<State> = match token {
        Some(token) if !latest => {
            if call.options.select.is_some() || call.options.filter.is_some() {
                return Err(Refusal::bad_request(
                    "The link carries its query. Follow it as it was handed out, or start over.",
                ));
            }
            Some(call.unsealed(tracked.purpose, token)?)
        }
        _ => None,
    };
    let query = match &state {
        Some(state) => state.query.clone(),
        None => query(&call, tracked)?,
    };
    let asked = Asked {
        tracked,
        properties: tracked.properties(&query),
        relations: tracked.relations(&query, &call)?,
        viewer: Viewer::of(&call.caller),
        size: call.max_page_size()?.unwrap_or(PAGE_DEFAULT).min(PAGE_MAX),
        minimal: call.prefers("return=minimal"),
    };
    let found = call
        .read(move |tx| match state {
            Some(state) if tx.now().0 - state.at.0 > TOKEN_SECONDS * 1_000_000 => {
                Err(Error::Gone {
                    message: "The token is older than 7 days. Start over.".into(),
                })
            }
            Some(state) => asked.go_on(tx, state),
            None => {
                (asked.tracked.check_select)(&asked.properties)?;
                let state = State {
                    query,
                    at: tx.now(),
                    seq: tx.head()?,
                    scanned: (!latest).then(Uuid::nil),
                    rest: None,
                };
                if latest {
                    return Ok(Found {
                        items: Vec::new(),
                        state,
                        is_last: true,
                    });
                }
                asked.scan(tx, state)
            }
        })
        .await?;
    let token = call.sealed(tracked.purpose, &found.state)?;
    let link = |option: &str| {
        let mut link = format!("{}/{}/delta?{option}=", call.root(), tracked.set);
        encode(&token, &mut link);
        link
    };
    let mut page = Page::all(found.items);
    if found.is_last {
        page.delta_link = Some(link("$deltatoken"));
    } else {
        page.next_link = Some(link("$skiptoken"));
    }
    Reply::collection(&call, tracked.set, &page)
}

impl<T> Asked<T> {
    fn go_on(&self, tx: &ReadTx<'_>, mut state: State) -> types::Result<Found> {
        let mut items = Vec::new();
        match state.rest.take() {
            None if state.scanned.is_some() => return self.scan(tx, state),
            None => return self.follow(tx, state),
            Some(Rest::Links(place)) => state.rest = self.more_links(tx, place, &mut items)?,
            Some(Rest::Holders(place)) => {
                state.rest = self.more_holders(tx, &state.query, place, &mut items)?;
            }
        }
        if state.scanned.is_none() {
            state.at = tx.now();
        }
        Ok(Found {
            items,
            state,
            is_last: false,
        })
    }
}

/// What the link that was followed carries.
fn token(call: &Call) -> Result<Option<&str>, Refusal> {
    match (&call.options.skip_token, &call.options.delta_token) {
        (Some(_), Some(_)) => Err(Refusal::bad_request(
            "A link has either a $skiptoken or a $deltatoken.",
        )),
        (Some(token), None) => Ok(Some(token)),
        // An empty one starts over: that is where 410 points to.
        (None, Some(token)) => Ok(Some(token.as_str()).filter(|token| !token.is_empty())),
        (None, None) => Ok(None),
    }
}

fn query<T>(call: &Call, tracked: &Tracked<T>) -> Result<Query, Refusal> {
    let select = call.options.select.as_deref().map(query::parse_select);
    let ids = match call.options.filter.as_deref() {
        None => None,
        Some(text) => Some(ids(&query::parse_filter(text)?, tracked.set)?),
    };
    Ok(Query {
        select: select.transpose()?,
        ids,
    })
}

/// The ids of a filter that names ids and nothing else, in their order.
fn ids(filter: &Filter, set: &str) -> Result<Vec<Uuid>, Refusal> {
    let unsupported = || {
        Refusal::from(Error::unsupported(format!(
            "A delta of {set} takes only filters of the form: id eq 'a' or id eq 'b'."
        )))
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
    let ids = nodes.iter().map(|node| one(node).ok_or_else(unsupported));
    let mut ids = ids.collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

impl Query {
    fn wants(&self, id: Uuid) -> bool {
        self.ids.as_ref().is_none_or(|ids| ids.contains(&id))
    }

    fn selects(&self, name: &str) -> bool {
        let select = self.select.as_ref();
        select.is_some_and(|select| select.iter().any(|own| own.eq_ignore_ascii_case(name)))
    }
}
