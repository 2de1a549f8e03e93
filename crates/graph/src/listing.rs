//! Lists of directory objects: size, filter, order, count and the way to the next page.
//!
//! Whether a query is an advanced one, and so needs `ConsistencyLevel: eventual` and
//! `$count=true`, is decided for filters by the directory; for sorting here.
//!
//! Source: "Advanced query capabilities on Microsoft Entra ID objects" (Microsoft Graph).

use std::time::{Duration, Instant};

use directory::search::{self, Progress};
use directory::{Order, Page as Wanted, Place};
use query::{Entity, Filter};
use serde_json::{Map, Value};
use store::ReadTx;
use types::{Actor, Error};

use crate::errors::Refusal;
use crate::reply::{Page, Reply};
use crate::request::Call;

const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 999;
/// The changes that a search may not have seen yet.
const BEHIND_MAX: u64 = 10_000;
/// How long whoever looks in an index works on it before.
pub(crate) const CATCH_UP_TIME: Duration = Duration::from_secs(5);

/// An object as an answer has it.
pub(crate) type Shown = Map<String, Value>;

/// A set of objects of one type, in the directory's functions.
pub(crate) struct Source<T> {
    /// The entity set: `applications`. Tokens of its links are of this kind.
    pub(crate) set: &'static str,
    /// How its objects are filtered.
    pub(crate) entity: fn() -> &'static Entity,
    pub(crate) list: fn(&ReadTx<'_>, &Wanted<'_>) -> types::Result<Vec<T>>,
    pub(crate) count: fn(&ReadTx<'_>, Option<&Filter>, bool) -> types::Result<u64>,
    pub(crate) place: fn(&T, Order) -> Place,
    pub(crate) project: fn(&T, Option<&[String]>) -> types::Result<Shown>,
}

/// What sorting asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sorting {
    /// Nothing, unless there is a filter as well: users and groups.
    Plain,
    /// An advanced query, always.
    Advanced,
}

/// What `$select` names.
pub(crate) fn select(call: &Call) -> Result<Option<Vec<String>>, Refusal> {
    let select = call.options.select.as_deref();
    Ok(select.map(query::parse_select).transpose()?)
}

/// The number of items that a page is to have.
pub(crate) fn page_size(call: &Call) -> Result<usize, Refusal> {
    let size = call.options.page_size(PAGE_DEFAULT, PAGE_MAX)?;
    Ok(usize::try_from(size).unwrap_or(usize::MAX))
}

/// What `$filter` says.
pub(crate) fn filter(call: &Call) -> Result<Option<Filter>, Refusal> {
    let filter = call.options.filter.as_deref();
    Ok(filter.map(query::parse_filter).transpose()?)
}

/// What `$filter` and `$search` say together.
pub(crate) fn condition(call: &Call) -> Result<Option<Filter>, Refusal> {
    let Some(text) = call.options.search.as_deref() else {
        return filter(call);
    };
    if !call.options.is_eventual {
        return Err(Error::unsupported(
            "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'.",
        )
        .into());
    }
    let search = query::parse_search(text)?;
    Ok(Some(match filter(call)? {
        Some(filter) => filter.and(search),
        None => search,
    }))
}

/// Whether a query is an advanced one. `$search` makes it one without `$count`.
pub(crate) fn is_advanced(call: &Call) -> bool {
    call.options.is_advanced() || (call.options.is_eventual && call.options.search.is_some())
}

/// Brings the index of words up to what was written before a search, or a filter by what only the
/// index has.
async fn make_searchable<T>(
    call: &Call,
    source: &Source<T>,
    condition: Option<&Filter>,
) -> Result<(), Refusal> {
    let entity = (source.entity)();
    if condition.is_none_or(|condition| !query::uses_index(condition, entity)) {
        return Ok(());
    }
    let mut progress = call.read_few(search::progress).await?;
    let island = call.island()?;
    let begun = Instant::now();
    while progress != Progress::Current && begun.elapsed() < CATCH_UP_TIME {
        progress = island.write(Actor::System, search::catch_up).await?;
    }
    // Behind by some changes is what `ConsistencyLevel: eventual` allows.
    let is_near = match progress {
        Progress::Current => true,
        Progress::Behind(changes) => call.options.is_eventual && changes <= BEHIND_MAX,
        Progress::Building => false,
    };
    if !is_near {
        return Err(Refusal::busy(
            "The index that this query needs is being made. Try again.",
            5,
        ));
    }
    Ok(())
}

/// What `$orderby` says.
pub(crate) fn order(call: &Call, sorting: Sorting) -> Result<Order, Refusal> {
    let Some(text) = call.options.order_by.as_deref() else {
        return Ok(Order::default());
    };
    let order = Order::parse(&query::parse_orderby(text)?)?;
    let is_plain =
        sorting == Sorting::Plain && !order.is_advanced() && call.options.filter.is_none();
    if !is_plain && !is_advanced(call) {
        return Err(Error::unsupported(
            "Sorting needs the header ConsistencyLevel: eventual and the parameter $count=true here.",
        )
        .into());
    }
    Ok(order)
}

/// Answers a page of a set.
pub(crate) async fn list<T: 'static>(
    call: &Call,
    source: &'static Source<T>,
) -> Result<Reply, Refusal> {
    list_shown(call, source, Sorting::Advanced, |_, object, select| {
        (source.project)(object, select)
    })
    .await
}

/// [`list`], sorted and shown in a way of one's own.
pub(crate) async fn list_shown<T: 'static>(
    call: &Call,
    source: &'static Source<T>,
    sorting: Sorting,
    show: impl Fn(&ReadTx<'_>, &T, Option<&[String]>) -> types::Result<Shown> + Send + 'static,
) -> Result<Reply, Refusal> {
    let (select, filter, order) = (select(call)?, condition(call)?, order(call, sorting)?);
    let size = page_size(call)?;
    let after: Option<Place> = call.skip_token(source.set)?;
    let (advanced, counts) = (is_advanced(call), call.options.is_advanced());
    make_searchable(call, source, filter.as_ref()).await?;
    let (items, count, next) = call
        .read(move |tx| {
            let wanted = Wanted {
                filter: filter.as_ref(),
                advanced,
                order,
                after: after.as_ref(),
                limit: size + 1,
            };
            let mut found = (source.list)(tx, &wanted)?;
            let next = cut(&mut found, size).map(|last| (source.place)(last, order));
            // Without the header `$count` is ignored, and later pages don't repeat it.
            let count = if counts && after.is_none() {
                Some((source.count)(tx, filter.as_ref(), advanced)?)
            } else {
                None
            };
            let items = found
                .iter()
                .map(|object| show(tx, object, select.as_deref()))
                .collect::<types::Result<Vec<_>>>()?;
            Ok((items, count, next))
        })
        .await?;
    let page = Page {
        count,
        next_link: next
            .map(|place| call.next_link(source.set, &place))
            .transpose()?,
        ..Page::all(items)
    };
    Reply::collection(call, source.set, &page)
}

/// Cuts what was found to the size of a page; the last of it, if there is more behind.
pub(crate) fn cut<T>(found: &mut Vec<T>, size: usize) -> Option<&T> {
    if found.len() <= size {
        return None;
    }
    found.truncate(size);
    found.last()
}

/// That the caller has asked for `…/$count` as Graph wants it.
pub(crate) fn check_count(call: &Call) -> Result<(), Refusal> {
    if call.options.is_eventual {
        return Ok(());
    }
    Err(
        Refusal::bad_request("$count needs the header ConsistencyLevel: eventual.")
            .with_target("ConsistencyLevel"),
    )
}

/// Answers how many objects of a set there are.
pub(crate) async fn count<T: 'static>(
    call: &Call,
    source: &'static Source<T>,
) -> Result<Reply, Refusal> {
    check_count(call)?;
    let filter = condition(call)?;
    make_searchable(call, source, filter.as_ref()).await?;
    let count = call
        .read(move |tx| (source.count)(tx, filter.as_ref(), true))
        .await?;
    Ok(Reply::text(count.to_string()))
}
