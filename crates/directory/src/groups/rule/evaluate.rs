//! Holding a condition against a user's properties.

use serde_json::{Map, Value};
use types::{Timestamp, fold};

use super::properties::Property;
use super::{Condition, Test};

type Properties = Map<String, Value>;

/// Whether a condition is true of a user.
pub(super) fn is_true(condition: &Condition, properties: &Properties, now: Timestamp) -> bool {
    Subject {
        properties,
        now,
        item: None,
    }
    .passes(condition)
}

struct Subject<'a> {
    properties: &'a Properties,
    now: Timestamp,
    /// What `-any` or `-all` is at.
    item: Option<&'a Value>,
}

impl<'a> Subject<'a> {
    fn passes(&self, condition: &Condition) -> bool {
        match condition {
            Condition::And(all) => all.iter().all(|each| self.passes(each)),
            Condition::Or(any) => any.iter().any(|each| self.passes(each)),
            Condition::Not(inner) => !self.passes(inner),
            Condition::Compare(property, test) => self.compare(*property, test),
            Condition::Any(property, inner) => {
                let mut items = self.values(*property).into_iter();
                items.any(|item| self.at(item).passes(inner))
            }
            Condition::All(property, inner) => {
                let mut items = self.values(*property).into_iter();
                items.all(|item| self.at(item).passes(inner))
            }
        }
    }

    fn at(&self, item: &'a Value) -> Self {
        Self {
            item: Some(item),
            ..*self
        }
    }

    fn values(&self, property: Property) -> Vec<&'a Value> {
        let list = |name| self.properties.get(name).and_then(Value::as_array);
        let value = match property {
            Property::Text(name) | Property::Flag(name) | Property::Date(name) => {
                self.properties.get(name)
            }
            Property::First(name) => list(name).and_then(|list| list.first()),
            Property::Extension(name) => {
                let attributes = self.properties.get("onPremisesExtensionAttributes");
                attributes.and_then(|attributes| attributes.get(name))
            }
            Property::Texts(name) => return list(name).into_iter().flatten().collect(),
            Property::Nobodys(_) => None,
            Property::Item => self.item,
        };
        value.filter(|value| !value.is_null()).into_iter().collect()
    }

    /// Whether the value passes, or one of several does.
    fn compare(&self, property: Property, test: &Test) -> bool {
        let values = self.values(property);
        match test {
            Test::Null => values.is_empty(),
            Test::Is(wanted) => values.iter().any(|value| value.as_bool() == Some(*wanted)),
            Test::At(when) => date(&values) == Some(when.at(self.now)),
            Test::AtLeast(when) => date(&values).is_some_and(|at| at >= when.at(self.now)),
            Test::AtMost(when) => date(&values).is_some_and(|at| at <= when.at(self.now)),
            Test::Matches(pattern) => {
                let mut texts = values.iter().filter_map(|value| value.as_str());
                texts.any(|text| pattern.is_match(text))
            }
            Test::Equals(_)
            | Test::StartsWith(_)
            | Test::EndsWith(_)
            | Test::Contains(_)
            | Test::In(_) => {
                let mut texts = values.iter().filter_map(|value| value.as_str());
                texts.any(|text| passes(&fold(text), test))
            }
        }
    }
}

fn date(values: &[&Value]) -> Option<Timestamp> {
    values.first()?.as_str()?.parse().ok()
}

fn passes(folded: &str, test: &Test) -> bool {
    match test {
        Test::Equals(wanted) => folded == wanted,
        Test::StartsWith(wanted) => folded.starts_with(wanted),
        Test::EndsWith(wanted) => folded.ends_with(wanted),
        Test::Contains(wanted) => folded.contains(wanted),
        Test::In(wanted) => wanted.contains(folded),
        Test::Null
        | Test::Matches(_)
        | Test::Is(_)
        | Test::At(_)
        | Test::AtLeast(_)
        | Test::AtMost(_) => false,
    }
}
