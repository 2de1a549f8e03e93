//! Lists: filters, order and keyset pages, the same for all aggregates.
//!
//! A page goes on behind the last object of the one before, by (key, id) and never by offset, so
//! what comes or goes meanwhile shifts nobody. Names in the SQL come from constants and from the
//! entity's table; values are always parameters.
//!
//! Source: "Advanced query capabilities on Microsoft Entra ID objects" (Microsoft Graph).

use query::{Entity, Filter, Options, SearchTable, SqlValue};
use serde::{Deserialize, Serialize};
use store::{Param, ReadTx, Row};
use types::{Error, Result, Timestamp};
use uuid::Uuid;

/// Which objects, and in which order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Page<'a> {
    /// Only those for which this is true; a `$search` is part of it.
    pub filter: Option<&'a Filter>,
    /// The request came with `ConsistencyLevel: eventual` and `$count=true`.
    pub advanced: bool,
    /// The order.
    pub order: Order,
    /// Those behind this place.
    pub after: Option<&'a Place>,
    /// How many at most.
    pub limit: usize,
}

impl Page<'_> {
    /// The first so many, by id.
    pub fn first(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }
}

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Order {
    /// What by; ids decide among equals.
    pub by: OrderBy,
    /// The largest first.
    pub descending: bool,
}

/// What lists are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrderBy {
    /// The id, which is about the order of creation.
    #[default]
    Id,
    /// `displayName`.
    DisplayName,
    /// `userPrincipalName`; users only.
    UserPrincipalName,
    /// `createdDateTime`; users and applications.
    CreatedDateTime,
    /// `deletedDateTime`; what isn't deleted has none and is in the order of ids.
    DeletedDateTime,
}

impl Order {
    /// Reads a `$orderby`, of which Graph's directory takes one key.
    pub fn parse(orderby: &[query::OrderBy]) -> Result<Self> {
        let [key] = orderby else {
            return match orderby.first() {
                None => Ok(Self::default()),
                Some(_) => Err(Error::unsupported(
                    "Sorting by several properties is not supported.",
                )),
            };
        };
        let by = [
            ("id", OrderBy::Id),
            ("displayName", OrderBy::DisplayName),
            ("userPrincipalName", OrderBy::UserPrincipalName),
            ("createdDateTime", OrderBy::CreatedDateTime),
            ("deletedDateTime", OrderBy::DeletedDateTime),
        ]
        .into_iter()
        .find(|(name, _)| key.property.eq_ignore_ascii_case(name))
        .map(|(_, by)| by)
        .ok_or_else(|| unsortable(&key.property))?;
        Ok(Self {
            by,
            descending: key.descending,
        })
    }

    /// The property that it is by; none if that is the id.
    pub fn property(self) -> Option<&'static str> {
        match self.by {
            OrderBy::Id => None,
            OrderBy::DisplayName => Some("displayName"),
            OrderBy::UserPrincipalName => Some("userPrincipalName"),
            OrderBy::CreatedDateTime => Some("createdDateTime"),
            OrderBy::DeletedDateTime => Some("deletedDateTime"),
        }
    }

    /// What whoever can't sort by it answers.
    pub fn unsupported(self) -> Error {
        unsortable(self.property().unwrap_or("id"))
    }

    /// Whether Graph has it in advanced queries only, of whatever type the objects are.
    pub fn is_advanced(self) -> bool {
        matches!(self.by, OrderBy::CreatedDateTime | OrderBy::DeletedDateTime)
    }

    /// Where an object stands in this order.
    pub(crate) fn place(self, of: &Ordered<'_>) -> Place {
        let instant = |at: Timestamp| at.0.to_string();
        let key = match self.by {
            OrderBy::Id => None,
            OrderBy::DisplayName => Some(types::fold(of.display_name)),
            OrderBy::UserPrincipalName => of.user_principal_name.map(types::fold),
            OrderBy::CreatedDateTime => Some(instant(of.created_at)),
            OrderBy::DeletedDateTime => of.deleted_at.map(instant),
        };
        Place { key, id: of.id }
    }
}

/// What an object has that lists are ordered by.
pub(crate) struct Ordered<'a> {
    pub(crate) id: Uuid,
    pub(crate) display_name: &'a str,
    pub(crate) user_principal_name: Option<&'a str>,
    pub(crate) created_at: Timestamp,
    pub(crate) deleted_at: Option<Timestamp>,
}

fn other_order() -> Error {
    Error::invalid("$skiptoken", "The page token belongs to another order.")
}

fn unsortable(property: &str) -> Error {
    Error::unsupported(format!(
        "Sorting is not supported for property '{property}'."
    ))
}

/// Where a page ended; what the next page's token carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The folded value that the list is ordered by, of an instant its microseconds; none if that
    /// is the id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<String>,
    /// The object.
    pub id: Uuid,
}

/// A table that can be listed, in constants.
pub(crate) struct Listing {
    pub(crate) entity: &'static Entity,
    /// What `$search` looks through.
    pub(crate) search: SearchTable,
    /// `SELECT … FROM users AS u WHERE u.tenant_id = ?1`
    pub(crate) select: &'static str,
    /// `SELECT count(*) FROM users AS u WHERE u.tenant_id = ?1`
    pub(crate) count: &'static str,
    pub(crate) id: &'static str,
    pub(crate) display_name: &'static str,
    pub(crate) user_principal_name: Option<&'static str>,
    pub(crate) created_at: Option<&'static str>,
    /// Where what is listed is deleted.
    pub(crate) deleted_at: Option<&'static str>,
}

/// A condition with its parameters, `?2` and up.
pub(crate) struct Scope<'a> {
    pub(crate) sql: &'static str,
    pub(crate) params: &'a [Param<'a>],
}

impl Listing {
    pub(crate) fn page<T>(
        &self,
        tx: &ReadTx<'_>,
        scope: &Scope<'_>,
        page: &Page<'_>,
        make: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let tenant = tx.tenant();
        let filter = self.filter(page, scope.params.len() + 2)?;
        let mut params = vec![Param::from(&tenant)];
        params.extend_from_slice(scope.params);
        params.extend(filter.params.iter().map(param));
        let mut sql = format!("{} AND {}", self.select, scope.sql);
        if !filter.sql.is_empty() {
            sql.push_str(" AND ");
            sql.push_str(&filter.sql);
        }
        let key = self.key(page.order.by)?.map(str::to_owned);
        // What is found by its words or its name is few, and is to be looked up by that: this takes
        // the order's index from the engine's choice.
        let ordered = |column: &str| {
            if filter.is_selective {
                format!("COALESCE({column}, {column})")
            } else {
                column.to_owned()
            }
        };
        let key = key.map(|column| ordered(&column));
        let (sign, direction) = if page.order.descending {
            ("<", " DESC")
        } else {
            (">", "")
        };
        let id = &ordered(self.id);
        if let Some(after) = page.after {
            let next = params.len() + 1;
            let behind = match (&key, &after.key) {
                (None, None) => format!(" AND {id} {sign} ?{next}"),
                (Some(column), Some(value)) => {
                    params.push(if page.order.is_advanced() {
                        Param::Int(value.parse().map_err(|_| other_order())?)
                    } else {
                        Param::from(value)
                    });
                    format!(" AND ({column}, {id}) {sign} (?{next}, ?{})", next + 1)
                }
                _ => return Err(other_order()),
            };
            sql.push_str(&behind);
            params.push(Param::from(&after.id));
        }
        let by_key = key.map_or(String::new(), |column| format!("{column}{direction}, "));
        params.push(Param::from(page.limit));
        let end = format!(" ORDER BY {by_key}{id}{direction} LIMIT ?{}", params.len());
        sql.push_str(&end);
        tx.query(&sql, &params, make)
    }

    /// The column of an order; none if that is the id.
    fn key(&self, by: OrderBy) -> Result<Option<&'static str>> {
        let column = match by {
            OrderBy::Id => return Ok(None),
            OrderBy::DeletedDateTime => return Ok(self.deleted_at),
            OrderBy::DisplayName => Some(self.display_name),
            OrderBy::UserPrincipalName => self.user_principal_name,
            OrderBy::CreatedDateTime => self.created_at,
        };
        let order = Order {
            by,
            descending: false,
        };
        column.map(Some).ok_or_else(|| order.unsupported())
    }

    pub(crate) fn count(
        &self,
        tx: &ReadTx<'_>,
        scope: &Scope<'_>,
        filter: Option<&Filter>,
        advanced: bool,
    ) -> Result<u64> {
        let tenant = tx.tenant();
        let page = Page {
            filter,
            advanced,
            ..Page::default()
        };
        let filter = self.filter(&page, scope.params.len() + 2)?;
        let mut params = vec![Param::from(&tenant)];
        params.extend_from_slice(scope.params);
        params.extend(filter.params.iter().map(param));
        let mut sql = format!("{} AND {}", self.count, scope.sql);
        if !filter.sql.is_empty() {
            sql.push_str(" AND ");
            sql.push_str(&filter.sql);
        }
        tx.count(&sql, &params)
    }

    fn filter(&self, page: &Page<'_>, first_parameter: usize) -> Result<query::Compiled> {
        let options = Options {
            advanced: page.advanced,
            search: Some(self.search),
        };
        match page.filter {
            Some(filter) => query::compile(filter, self.entity, options, first_parameter),
            None => Ok(query::Compiled {
                sql: String::new(),
                params: Vec::new(),
                is_selective: false,
            }),
        }
    }
}

fn param(value: &SqlValue) -> Param<'_> {
    match value {
        SqlValue::Null => Param::Null,
        SqlValue::Int(number) => Param::Int(*number),
        SqlValue::Text(text) => Param::Text(text),
        SqlValue::Bytes(bytes) => Param::Bytes(bytes),
    }
}

/// The column form of a list: each folded value behind a U+001F, and one at the end; none if empty.
pub(crate) fn folded_list<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut text = String::new();
    for value in values {
        text.push('\u{1f}');
        text.push_str(&types::fold(value));
    }
    if text.is_empty() {
        return None;
    }
    text.push('\u{1f}');
    Some(text)
}

/// [`folded_list`] of a document's property.
pub(crate) fn folded_json_list(value: Option<&serde_json::Value>) -> Option<String> {
    let list = value.and_then(serde_json::Value::as_array)?;
    folded_list(list.iter().filter_map(serde_json::Value::as_str))
}

/// The folded text of a document's property.
pub(crate) fn folded_json(value: Option<&serde_json::Value>) -> Option<String> {
    value.and_then(serde_json::Value::as_str).map(types::fold)
}
