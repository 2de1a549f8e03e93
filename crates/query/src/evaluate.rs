//! Answers a filter for one JSON object, as the SQL would for its row.
//!
//! The object carries the values as the API shows them, in their own case; an absent property is
//! null. There is no request here whose header could be missing, so advanced operators work.
//!
//! Source: the semantics are those of [`crate::plan`], shared with [`crate::sql`].

use serde_json::Value;
use types::Result;

use crate::bind::bind_object;
use crate::filter::Filter;
use crate::plan::{Plan, Sought};
use crate::schema::Entity;

/// Whether `object`, which is an `entity`, passes the filter.
pub fn evaluate(filter: &Filter, entity: &Entity, object: &Value) -> Result<bool> {
    Ok(holds(&bind_object(filter, entity)?, object))
}

fn holds(plan: &Plan, object: &Value) -> bool {
    match plan {
        Plan::And(plans) => plans.iter().all(|plan| holds(plan, object)),
        Plan::Or(plans) => plans.iter().any(|plan| holds(plan, object)),
        Plan::Not(plan) => !holds(plan, object),
        Plan::IsNull(slot) => slot.value(object).is_none(),
        Plan::Test(slot, test) => slot.value(object).is_some_and(|value| test.holds(&value)),
        Plan::ListAny(slot, tests) => slot.elements(object).iter().any(|element| {
            tests.is_empty()
                || tests
                    .iter()
                    .any(|test| test.test.holds(element) != test.negated)
        }),
        Plan::ListCount(slot, comparison, number) => {
            comparison.holds(length(slot.elements(object).len()).cmp(number))
        }
        Plan::RowsAny(rows, body) => rows
            .elements(object)
            .iter()
            .any(|row| body.as_ref().is_none_or(|body| holds(body, row))),
        Plan::RowsCount(rows, comparison, number) => {
            comparison.holds(length(rows.elements(object).len()).cmp(number))
        }
        Plan::Search(sought) => is_found(sought, object),
    }
}

fn is_found(sought: &Sought, object: &Value) -> bool {
    match sought {
        Sought::All(parts) => parts.iter().all(|part| is_found(part, object)),
        Sought::Any(parts) => parts.iter().any(|part| is_found(part, object)),
        Sought::Words { name, words, .. } => Sought::has_words(object, name, words),
        Sought::Where(plan) => holds(plan, object),
    }
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
