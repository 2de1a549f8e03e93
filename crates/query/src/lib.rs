//! The filter that Graph's `$filter`, a sharing rule and SCIM's filter become: one syntax tree, one
//! SQL writer, one evaluator.
//!
//! A text is parsed ([`parse_filter`]) into a [`Filter`], which knows nothing of any entity. An
//! [`Entity`] is a table that says which properties there are, where they are stored and how they
//! may be filtered. Binding one to the other checks every name, operator and literal; from the
//! result come the SQL ([`compile`]) and the answer for one JSON object ([`evaluate()`]). Both read
//! the same checked form, so that a sharing rule means the same on the disk and in the feed.
//!
//! ```
//! use query::{Entity, Operators, Options, Property, PropertyKind, compile, evaluate, parse_filter};
//!
//! static USER: Entity = Entity {
//!     name: "user",
//!     properties: &[Property::new("mail", PropertyKind::Text, "u.mail", Operators::MAIL)],
//! };
//! let filter = parse_filter("startswith(mail,'Ada')")?;
//! let compiled = compile(&filter, &USER, Options::default(), 1)?;
//! assert_eq!(compiled.sql, "(u.mail IS NOT NULL AND u.mail >= ?1 AND u.mail < ?2)");
//! assert!(evaluate(&filter, &USER, &serde_json::json!({ "mail": "ada@a.example" }))?);
//! # Ok::<(), types::Error>(())
//! ```

mod bind;
mod evaluate;
pub mod filter;
pub mod odata;
mod plan;
pub mod schema;
pub mod search;
pub mod sql;

pub use evaluate::evaluate;
pub use filter::Filter;
pub use odata::{OrderBy, parse_filter, parse_log_filter, parse_orderby, parse_select};
pub use schema::{Column, Entity, Operator, Operators, Property, PropertyKind};
pub use search::{Search, SearchTable, parse_search};
pub use sql::{Compiled, Options, SqlValue, compile, uses_index};
