//! `/auditLogs`: what was done in the tenant, what synchronization did for it, and who has signed in.
//!
//! A page is read from the log in its own order. The part of `$filter` that every entry has to meet
//! narrows what is read; the whole of it is then asked of each entry in its Graph form, so that
//! both mean the same. One request looks at [`LOOK_MAX`] entries at most: a page may be short, or
//! empty, and still have a next one.

mod directory_audits;
mod provisioning;
mod sign_ins;

use query::filter::{Comparison, Expression, Node, Path, Quantifier, Value as Literal};
use query::{Entity, Filter, Operator, Operators};
use serde::Serialize;
use serde_json::Value;
use types::{Error, Result, Timestamp};

use crate::errors::Refusal;
use crate::query_options::QueryOptions;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};

/// The largest `$top`.
const PAGE_MAX: u32 = 1_000;
/// The size of a page without `$top`.
const PAGE: u32 = 100;
/// Entries that one request looks at.
const LOOK_MAX: usize = 10_000;
/// Entries that are read at once when only some of them may fit.
const CHUNK: usize = 500;

/// `eq` and `in`.
const EQUAL: Operators = Operators::NONE.by_default(&[Operator::Equal, Operator::In]);
/// Those, and `startswith`.
const STARTS: Operators = EQUAL.by_default(&[Operator::StartsWith]);
/// `eq`, `gt`, `ge`, `lt`, `le`.
const TIME: Operators = Operators::NONE.by_default(&[
    Operator::Equal,
    Operator::Greater,
    Operator::GreaterOrEqual,
    Operator::Less,
    Operator::LessOrEqual,
]);

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("auditLogs", Versions::Both);
    directory_audits::routes(&mut area);
    provisioning::routes(&mut area);
    sign_ins::routes(&mut area);
}

/// `$filter`, checked against what the log's entries have.
fn filter(options: &QueryOptions, entity: &Entity) -> Result<Option<Filter>> {
    let Some(text) = &options.filter else {
        return Ok(None);
    };
    let filter = query::parse_log_filter(text)?;
    // Asked of nothing, so that a name or an operator that isn't there is refused on every page.
    query::evaluate(&filter, entity, &Value::Null)?;
    Ok(Some(filter))
}

/// Whether `$orderby` asks for the oldest first; there is only the time to order by.
fn oldest_first(options: &QueryOptions, time: &str) -> Result<bool> {
    let Some(text) = &options.order_by else {
        return Ok(false);
    };
    match query::parse_orderby(text)?.as_slice() {
        [only] if only.property.eq_ignore_ascii_case(time) => Ok(!only.descending),
        _ => Err(Error::invalid(
            "$orderby",
            format!("The log can be ordered by {time} only, asc or desc."),
        )),
    }
}

/// A comparison that every entry has to meet.
struct Required<'f> {
    /// In lower case: `initiatedby/app/appid`; of a lambda `targetresources/id`.
    path: String,
    comparison: Comparison,
    value: &'f Literal,
}

impl Required<'_> {
    fn text(&self) -> Option<&str> {
        match (self.comparison, self.value) {
            (Comparison::Equal, Literal::Text(text)) => Some(text),
            _ => None,
        }
    }
    fn uuid(&self) -> Option<uuid::Uuid> {
        match (self.comparison, self.value) {
            (Comparison::Equal, Literal::Guid(id)) => Some(*id),
            _ => types::parse_uuid(self.text()?),
        }
    }
    /// The text as one of these, in their case.
    fn one_of(&self, words: &[&'static str]) -> Option<&'static str> {
        let text = self.text()?;
        words
            .iter()
            .copied()
            .find(|word| word.eq_ignore_ascii_case(text))
    }
}

fn required(filter: Option<&Filter>) -> Vec<Required<'_>> {
    let mut found = Vec::new();
    if let Some(filter) = filter {
        collect(filter.root(), &mut found);
    }
    found
}

fn collect<'f>(node: &'f Node, found: &mut Vec<Required<'f>>) {
    match &node.expression {
        Expression::And(nodes) => nodes.iter().for_each(|node| collect(node, found)),
        Expression::Compare {
            path,
            comparison,
            value,
        } => found.push(Required {
            path: lower(&path.segments),
            comparison: *comparison,
            value: &value.value,
        }),
        Expression::Lambda {
            path,
            quantifier: Quantifier::Any,
            predicate: Some(predicate),
        } => {
            if let Expression::Compare {
                path: Path { segments, .. },
                comparison,
                value,
            } = &predicate.body.expression
            {
                let inner = segments.get(1..).unwrap_or_default();
                found.push(Required {
                    path: format!("{}/{}", lower(&path.segments), lower(inner)),
                    comparison: *comparison,
                    value: &value.value,
                });
            }
        }
        _ => {}
    }
}

fn lower(segments: &[String]) -> String {
    segments.join("/").to_ascii_lowercase()
}

/// The times between which every entry has to be, both included.
fn between(required: &[Required<'_>], time: &str) -> (Option<Timestamp>, Option<Timestamp>) {
    let (mut from, mut until) = (None::<Timestamp>, None::<Timestamp>);
    for one in required {
        let &Literal::DateTime(at) = one.value else {
            continue;
        };
        if one.path != time {
            continue;
        }
        let (after, before) = match one.comparison {
            Comparison::Equal => (Some(at), Some(at)),
            Comparison::Greater => (Some(Timestamp(at.0.saturating_add(1))), None),
            Comparison::GreaterOrEqual => (Some(at), None),
            Comparison::Less => (None, Some(Timestamp(at.0.saturating_sub(1)))),
            Comparison::LessOrEqual => (None, Some(at)),
            Comparison::NotEqual => continue,
        };
        from = from.max(after);
        until = match (until, before) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    (from, until)
}

/// Whether an entry in its Graph form fits.
fn fits(filter: Option<&Filter>, entity: &Entity, entry: &Value) -> Result<bool> {
    filter.map_or(Ok(true), |filter| query::evaluate(filter, entity, entry))
}

/// A page as it is answered.
fn reply<P: Serialize>(
    call: &Call,
    set: &str,
    (items, next): (Vec<Value>, Option<P>),
) -> Result<Reply, Refusal> {
    let page = Page {
        next_link: next.map(|next| call.next_link(set, &next)).transpose()?,
        ..Page::all(items)
    };
    Reply::collection(call, set, &page)
}

/// Reads a page: its entries, and the place behind which the next one begins, if there is one.
fn read_page<R, P: Copy>(
    size: usize,
    filtered: bool,
    start: Option<P>,
    mut read: impl FnMut(Option<P>, usize) -> Result<Vec<R>>,
    place: impl Fn(&R) -> P,
    mut show: impl FnMut(&R) -> Result<Option<Value>>,
) -> Result<(Vec<Value>, Option<P>)> {
    let chunk = if filtered { CHUNK } else { size + 1 };
    let (mut shown, mut last, mut looked) = (Vec::new(), start, 0);
    loop {
        let rows = read(last, chunk)?;
        let is_end = rows.len() < chunk;
        looked += rows.len();
        for row in &rows {
            if let Some(entry) = show(row)? {
                if shown.len() == size {
                    return Ok((shown, last));
                }
                shown.push(entry);
            }
            last = Some(place(row));
        }
        if is_end {
            return Ok((shown, None));
        }
        if looked >= LOOK_MAX {
            return Ok((shown, last));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(all: &[u32], size: usize, fits: impl Fn(u32) -> bool + Copy) -> Vec<Vec<u32>> {
        let mut pages = Vec::new();
        let mut place = None;
        loop {
            let (shown, next) = read_page(
                size,
                true,
                place,
                |after: Option<u32>, limit| {
                    let rest = all.iter().filter(|n| after.is_none_or(|after| **n > after));
                    Ok(rest.copied().take(limit).collect::<Vec<u32>>())
                },
                |row| *row,
                |row| Ok(fits(*row).then(|| Value::from(*row))),
            )
            .unwrap();
            pages.push(
                shown
                    .iter()
                    .map(|value| value.as_u64().unwrap() as u32)
                    .collect(),
            );
            place = next;
            if place.is_none() {
                return pages;
            }
        }
    }

    #[test]
    fn pages_are_full_and_there_is_no_empty_last_one() {
        let all: Vec<u32> = (0..2_000).collect();
        assert_eq!(pages(&all, 4, |n| n == 7), [[7]]);
        assert_eq!(
            pages(&all, 2, |n| n % 500 == 0),
            [vec![0, 500], vec![1_000, 1_500]]
        );
        assert_eq!(pages(&all, 2, |_| false), [Vec::<u32>::new()]);
        assert_eq!(pages(&[], 2, |_| true), [Vec::<u32>::new()]);
        let every = pages(&all, 1_000, |_| true);
        assert_eq!(every.iter().map(Vec::len).collect::<Vec<_>>(), [1_000; 2]);
    }

    #[test]
    fn a_rare_entry_is_found_over_several_requests() {
        let all: Vec<u32> = (0..25_000).collect();
        let pages = pages(&all, 2, |n| n == 24_999);
        assert_eq!(pages.len(), 3, "two pages only lead on");
        assert_eq!(pages.concat(), [24_999]);
    }
}
