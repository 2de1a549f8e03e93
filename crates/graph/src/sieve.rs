//! `$filter` over related objects: members, owners, reports, the groups of a user.
//!
//! A relation is worked out object by object, not read from one table, and so each object is looked
//! at by itself. In Graph this is an advanced query, whatever the filter says.
//!
//! Source: "Advanced query capabilities on Microsoft Entra ID objects" (Microsoft Graph).

use directory::groups::{Link, LinkKind};
use directory::{administrative_units, groups, roles, service_principals, users};
use query::filter::{Expression, Node};
use query::{Entity, Filter};
use serde_json::Value;
use store::ReadTx;
use types::{Error, Id};

use crate::errors::Refusal;
use crate::listing;
use crate::request::Call;
use crate::sight::Sights;

/// What objects of several types can be: a filter over them names what these have in common.
const MIXED: [LinkKind; 2] = [LinkKind::User, LinkKind::Group];

/// A filter that was checked.
pub(crate) struct Sieve {
    filter: Filter,
    /// The properties that it looks at.
    names: Vec<String>,
}

impl Sieve {
    /// What the request asks for, of objects of one type or of several; none without `$filter`.
    pub(crate) fn of(call: &Call, cast: Option<LinkKind>) -> Result<Option<Self>, Refusal> {
        let Some(filter) = listing::filter(call)? else {
            return Ok(None);
        };
        let sights = Sights::of(&call.caller);
        let kinds = cast.as_ref().map_or(&MIXED[..], std::slice::from_ref);
        for kind in kinds {
            query::evaluate(&filter, entity(*kind), &Value::Null)?;
            sights.on(*kind).check_filter(&filter)?;
        }
        let mut names = Vec::new();
        add_names(filter.root(), &mut names);
        Ok(Some(Self { filter, names }))
    }

    /// Whether it asks for objects by their ids alone, which Graph takes without the header that
    /// other filters need.
    pub(crate) fn is_by_id(&self) -> bool {
        !self.names.is_empty() && self.names.iter().all(|name| name == "id")
    }

    /// Whether an object passes. What isn't there any more doesn't.
    pub(crate) fn passes(&self, tx: &ReadTx<'_>, link: Link) -> types::Result<bool> {
        if self.is_by_id() {
            let shown = serde_json::json!({ "id": link.id });
            return query::evaluate(&self.filter, entity(link.kind), &shown);
        }
        let select = Some(self.names.as_slice());
        let shown = match link.kind {
            LinkKind::User => {
                users::get(tx, Id::new(link.id)).and_then(|user| users::project(&user, select))
            }
            LinkKind::Group => {
                groups::get(tx, Id::new(link.id)).and_then(|group| groups::project(&group, select))
            }
            LinkKind::ServicePrincipal => service_principals::get(tx, Id::new(link.id))
                .and_then(|principal| service_principals::project(&principal, select)),
            LinkKind::DirectoryRole => {
                roles::get(tx, link.id).and_then(|role| roles::project(&role, select))
            }
            LinkKind::AdministrativeUnit => administrative_units::get(tx, Id::new(link.id))
                .and_then(|unit| administrative_units::project(&unit, select)),
        };
        let outcome =
            shown.and_then(|shown| query::evaluate(&self.filter, entity(link.kind), &shown.into()));
        match outcome {
            // The type of this one has no such property.
            Err(
                Error::NotFound { .. } | Error::Invalid { .. } | Error::UnsupportedQuery { .. },
            ) => Ok(false),
            outcome => outcome,
        }
    }
}

fn entity(kind: LinkKind) -> &'static Entity {
    match kind {
        LinkKind::User => users::entity(),
        LinkKind::Group => groups::entity(),
        LinkKind::ServicePrincipal => service_principals::entity(),
        LinkKind::DirectoryRole => roles::entity(),
        LinkKind::AdministrativeUnit => administrative_units::entity(),
    }
}

fn add_names(node: &Node, names: &mut Vec<String>) {
    let path = match &node.expression {
        Expression::And(parts) | Expression::Or(parts) => {
            return parts.iter().for_each(|part| add_names(part, names));
        }
        Expression::Not(inner) => return add_names(inner, names),
        // Relations aren't searched.
        Expression::Search(_) => return,
        Expression::Compare { path, .. }
        | Expression::In { path, .. }
        | Expression::Call { path, .. }
        | Expression::Lambda { path, .. }
        | Expression::Count { path, .. } => path,
    };
    names.extend(path.segments.first().map(ToString::to_string));
}
