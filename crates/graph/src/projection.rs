//! `$select` and `$expand` of objects that show all their properties unless the caller asks for
//! less: policies, the organization.

use serde_json::{Map, Value};
use types::Error;

use crate::errors::Refusal;
use crate::query_options::QueryOptions;

/// A type whose objects hold all their properties already.
pub(crate) struct Shown {
    /// Its name: `multiTenantOrganization`.
    pub(crate) kind: &'static str,
    /// Properties that an object may lack and relations: naming one is no mistake.
    pub(crate) more: &'static [&'static str],
}

impl Shown {
    /// Leaves of an object what `$select` names.
    pub(crate) fn select(
        &self,
        options: &QueryOptions,
        object: Map<String, Value>,
    ) -> Result<Map<String, Value>, Refusal> {
        let Some(select) = &options.select else {
            return Ok(object);
        };
        let names = query::parse_select(select)?;
        for name in &names {
            let is_known = name == "*"
                || object.keys().any(|own| own.eq_ignore_ascii_case(name))
                || self.more.iter().any(|own| own.eq_ignore_ascii_case(name));
            if !is_known {
                return Err(Error::invalid(
                    "$select",
                    format!(
                        "Could not find a property named '{name}' on type 'microsoft.graph.{}'.",
                        self.kind
                    ),
                )
                .into());
            }
        }
        let is_selected = |own: &str| {
            names
                .iter()
                .any(|name| name == "*" || name.eq_ignore_ascii_case(own))
        };
        Ok(object
            .into_iter()
            .filter(|(own, _)| is_selected(own))
            .collect())
    }

    /// Whether `$expand` names `relation`, which is the only one that it may name.
    pub(crate) fn expands(
        &self,
        options: &QueryOptions,
        relation: &'static str,
    ) -> Result<bool, Refusal> {
        match options.expand.as_deref().map(str::trim) {
            None => Ok(false),
            Some(name) if name.eq_ignore_ascii_case(relation) => Ok(true),
            Some(_) => Err(Refusal::bad_request(format!(
                "$expand of 'microsoft.graph.{}' takes {relation} and nothing else.",
                self.kind
            ))
            .with_target("$expand")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::query_options::Allowed;

    const THING: Shown = Shown {
        kind: "thing",
        more: &["parts"],
    };

    fn options(query: &str) -> QueryOptions {
        QueryOptions::parse(query, None, Allowed::SELECT.and(Allowed::EXPAND)).unwrap()
    }

    fn selected(query: &str) -> Result<Value, Refusal> {
        let object = Map::from_iter([("id".into(), json!(1)), ("name".into(), Value::Null)]);
        THING.select(&options(query), object).map(Value::Object)
    }

    #[test]
    fn what_is_selected_is_shown() {
        for (query, shown) in [
            ("", json!({ "id": 1, "name": null })),
            ("$select=*", json!({ "id": 1, "name": null })),
            ("$select=name", json!({ "name": null })),
            ("$select=ID,%20name", json!({ "id": 1, "name": null })),
            ("$select=id,parts", json!({ "id": 1 })),
        ] {
            assert_eq!(selected(query).unwrap(), shown, "{query}");
        }
        let refused = selected("$select=nonsense").unwrap_err();
        assert!(refused.message().contains("'nonsense'"), "{refused}");
    }

    #[test]
    fn one_relation_can_be_expanded() {
        let expands = |query: &str| THING.expands(&options(query), "parts");
        assert!(!expands("").unwrap());
        assert!(expands("$expand=parts").unwrap());
        assert!(expands("$expand=owners").is_err());
    }
}
