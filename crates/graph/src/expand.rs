//! `$expand` of a directory object: one relation, with the first of what it leads to.
//!
//! Source: Microsoft Graph "query parameters", limits of `$expand` on directory objects.

use directory::groups::LinkKind;
use store::ReadTx;
use types::Error;

use crate::directory_objects::{Lens, Link};
use crate::errors::Refusal;
use crate::hidden_members::{HidesMembers, Viewer, keep_seen};
use crate::listing::{Shown, Source};
use crate::request::Call;
use crate::sight::{Sight, Sights};

/// Objects of one relation that stand in an answer, at most.
pub(crate) const EXPANDED_MAX: usize = 20;

/// The first of what a relation of an object leads to, so many at most.
type Find<T> = fn(&ReadTx<'_>, &T, usize) -> types::Result<Vec<Link>>;

/// Whether a viewer sees a relation of an object.
type IsSeen<T> = fn(&T, &ReadTx<'_>, Viewer) -> types::Result<bool>;

/// A relation of a `T` that can be expanded.
pub(crate) struct Relation<T: 'static> {
    name: &'static str,
    /// Whether it leads to one object at most.
    is_single: bool,
    find: Find<T>,
    /// Who sees it, if not everybody who sees the object.
    is_seen: Option<IsSeen<T>>,
    /// Whether it leads to what the object is a member of, of which some hides its members.
    is_memberships: bool,
}

impl<T> Relation<T> {
    /// One that leads to any number of objects.
    pub(crate) const fn many(name: &'static str, find: Find<T>) -> Self {
        Self {
            name,
            is_single: false,
            find,
            is_seen: None,
            is_memberships: false,
        }
    }

    /// One that leads to what the object is a member of.
    pub(crate) const fn memberships(name: &'static str, find: Find<T>) -> Self {
        Self {
            is_memberships: true,
            ..Self::many(name, find)
        }
    }

    /// One that leads to one object at most.
    pub(crate) const fn one(name: &'static str, find: Find<T>) -> Self {
        Self {
            is_single: true,
            ..Self::many(name, find)
        }
    }
}

impl<T: HidesMembers> Relation<T> {
    /// One that leads to the members, which some objects hide: then it leads nowhere.
    pub(crate) const fn members(find: Find<T>) -> Self {
        Self {
            is_seen: Some(T::shows_members),
            ..Self::many("members", find)
        }
    }
}

/// What a request expands.
pub(crate) struct Expand<T: 'static> {
    relation: &'static Relation<T>,
    lens: Lens,
    viewer: Viewer,
}

impl<T> Expand<T> {
    /// Reads the request's `$expand`. Relations are part of a user, so whoever sees users only in
    /// part can't ask for them; of a kind without such parts it is `None`.
    pub(crate) fn of(
        call: &Call,
        relations: &'static [Relation<T>],
        kind: impl Into<Option<LinkKind>>,
    ) -> Result<Option<Self>, Refusal> {
        let Some(text) = call.options.expand.as_deref() else {
            return Ok(None);
        };
        if call.options.is_advanced() || call.options.search.is_some() {
            return Err(Error::unsupported("$expand isn't supported in advanced queries.").into());
        }
        let sights = Sights::of(&call.caller);
        if kind
            .into()
            .is_some_and(|kind| sights.on(kind) != Sight::Whole)
        {
            return Err(Refusal::denied());
        }
        let text = text.trim();
        let (name, options) = match text.split_once('(') {
            None => (text, ""),
            Some((name, rest)) => {
                let options = rest.strip_suffix(')').ok_or_else(|| {
                    wrong("the parenthesis isn't closed: write relation($select=a,b)")
                })?;
                (name.trim_end(), options)
            }
        };
        let relation = relations
            .iter()
            .find(|relation| relation.name.eq_ignore_ascii_case(name));
        let Some(relation) = relation else {
            let names: Vec<&str> = relations.iter().map(|relation| relation.name).collect();
            return Err(wrong(&format!(
                "it takes one of {}, and one only",
                names.join(", ")
            )));
        };
        let mut select = None;
        for option in options.split(';').map(str::trim).filter(|o| !o.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let bare = name.trim().trim_start_matches('$');
            if !bare.eq_ignore_ascii_case("select") || select.is_some() {
                return Err(wrong("inside the parentheses stands $select, once"));
            }
            select = Some(query::parse_select(value)?);
        }
        Ok(Some(Self {
            relation,
            lens: Lens::new(sights, select)?,
            viewer: Viewer::of(&call.caller),
        }))
    }

    /// Adds what is expanded to an object.
    pub(crate) fn add(&self, tx: &ReadTx<'_>, object: &T, shown: &mut Shown) -> types::Result<()> {
        let Relation {
            name,
            is_single,
            find,
            is_seen,
            is_memberships,
        } = *self.relation;
        let mut links = Vec::new();
        if is_seen.map_or(Ok(true), |is_seen| is_seen(object, tx, self.viewer))? {
            links = find(tx, object, EXPANDED_MAX)?;
        }
        if is_memberships {
            keep_seen(tx, self.viewer, &mut links)?;
        }
        let mut related = Vec::with_capacity(links.len());
        for link in links {
            related.extend(self.lens.show(tx, link)?);
        }
        if is_single {
            // One that isn't there is left out, as in Graph.
            if let Some(one) = related.into_iter().next() {
                shown.insert(name.to_owned(), one.into());
            }
        } else {
            shown.insert(name.to_owned(), related.into());
        }
        Ok(())
    }
}

/// How a request looks at objects of one type: as the directory shows them, with what it expands.
pub(crate) struct Look<T: 'static> {
    source: &'static Source<T>,
    expand: Option<Expand<T>>,
}

impl<T> Look<T> {
    /// Reads the request's `$expand`, as [`Expand::of`] does.
    pub(crate) fn of(
        call: &Call,
        source: &'static Source<T>,
        relations: &'static [Relation<T>],
        kind: impl Into<Option<LinkKind>>,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            source,
            expand: Expand::of(call, relations, kind)?,
        })
    }

    pub(crate) fn show(
        &self,
        tx: &ReadTx<'_>,
        object: &T,
        select: Option<&[String]>,
    ) -> types::Result<Shown> {
        let mut shown = (self.source.project)(object, select)?;
        if let Some(expand) = &self.expand {
            expand.add(tx, object, &mut shown)?;
        }
        Ok(shown)
    }
}

fn wrong(reason: &str) -> Refusal {
    Refusal::bad_request(format!("Parsing OData Select and Expand failed: {reason}."))
        .with_target("$expand")
}
