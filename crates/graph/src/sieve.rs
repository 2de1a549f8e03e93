//! `$filter`, `$search` and `$orderby` over related objects: members, owners, reports, the groups of a
//! user.
//!
//! A relation is worked out object by object, not read from one table, and so each object is looked
//! at by itself. In Graph this is an advanced query, whatever the filter says.
//!
//! Source: "Advanced query capabilities on Microsoft Entra ID objects" (Microsoft Graph).

use std::cell::RefCell;

use directory::groups::{Link, LinkKind};
use directory::{
    Order, OrderBy, Place, administrative_units, groups, roles, service_principals, users,
};
use query::{Entity, Filter};
use serde_json::Value;
use store::ReadTx;
use types::{Error, fold};

use crate::directory_objects::{Placed, project};
use crate::errors::Refusal;
use crate::listing::{self, Sorting};
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
    /// What the request asks for, of objects of one type or of several; none without `$filter` and
    /// `$search`.
    pub(crate) fn of(call: &Call, cast: Option<LinkKind>) -> Result<Option<Self>, Refusal> {
        let sights = Sights::of(&call.caller);
        let kinds = kinds(cast.as_ref());
        if let Some(filter) = listing::filter(call)? {
            for kind in kinds {
                query::evaluate(&filter, entity(*kind), &Value::Null)?;
            }
        }
        let Some(filter) = listing::condition(call)? else {
            return Ok(None);
        };
        // What is searched for may be a property of one of the types only: a group's description.
        let mut outcomes = kinds
            .iter()
            .map(|kind| query::evaluate(&filter, entity(*kind), &Value::Null));
        if let Some(Err(error)) = outcomes.clone().next()
            && outcomes.all(|outcome| outcome.is_err())
        {
            return Err(error.into());
        }
        for kind in kinds {
            sights.on(*kind).check_filter(&filter)?;
        }
        let names = RefCell::new(Vec::new());
        filter.names(|name| {
            names.borrow_mut().push(name.to_owned());
            false
        });
        Ok(Some(Self {
            filter,
            names: names.into_inner(),
        }))
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
        let shown = project(tx, link, Some(&self.names));
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

/// An order that was checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sorted(Order);

impl Sorted {
    /// What the request asks for; none without `$orderby`. Objects of several types have their names
    /// in common.
    pub(crate) fn of(call: &Call, cast: Option<LinkKind>) -> Result<Option<Self>, Refusal> {
        if call.options.order_by.is_none() {
            return Ok(None);
        }
        let order = listing::order(call, Sorting::Advanced)?;
        match order.by {
            OrderBy::Id | OrderBy::DisplayName => {}
            OrderBy::UserPrincipalName | OrderBy::CreatedDateTime
                if cast == Some(LinkKind::User) => {}
            _ => return Err(order.unsupported().into()),
        }
        let sights = Sights::of(&call.caller);
        let name = order.property().unwrap_or("id");
        if kinds(cast.as_ref())
            .iter()
            .any(|kind| !sights.on(*kind).shows(name))
        {
            return Err(Refusal::denied());
        }
        Ok(Some(Self(order)))
    }

    /// Puts objects in this order, each with its place; those behind one, so many at most.
    pub(crate) fn sort(
        self,
        tx: &ReadTx<'_>,
        links: Vec<Link>,
        after: Option<&Place>,
        limit: usize,
    ) -> types::Result<Placed> {
        let mut placed = Vec::with_capacity(links.len());
        for link in links {
            let place = self.place(tx, link)?;
            if after.is_none_or(|after| self.is_behind(&place, after)) {
                placed.push((place, link));
            }
        }
        placed.sort_by(|(one, _), (other, _)| key(one).cmp(&key(other)));
        if self.0.descending {
            placed.reverse();
        }
        placed.truncate(limit);
        Ok(placed)
    }

    fn is_behind(self, place: &Place, after: &Place) -> bool {
        if self.0.descending {
            key(place) < key(after)
        } else {
            key(place) > key(after)
        }
    }

    fn place(self, tx: &ReadTx<'_>, link: Link) -> types::Result<Place> {
        let Some(name) = self.0.property() else {
            return Ok(Place {
                key: None,
                id: link.id,
            });
        };
        let shown = types::found(project(tx, link, Some(&[name.to_owned()])))?;
        let value = shown.as_ref().and_then(|shown| shown.get(name)?.as_str());
        Ok(Place {
            key: Some(value.map(fold).unwrap_or_default()),
            id: link.id,
        })
    }
}

fn key(place: &Place) -> (Option<&str>, uuid::Uuid) {
    (place.key.as_deref(), place.id)
}

fn kinds(cast: Option<&LinkKind>) -> &[LinkKind] {
    cast.map_or(&MIXED[..], std::slice::from_ref)
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
