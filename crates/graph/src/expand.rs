//! `$expand` of a directory object: one relation, with the first of what it leads to.
//!
//! Source: Microsoft Graph "query parameters", limits of `$expand` on directory objects.

use std::collections::HashSet;

use directory::groups::LinkKind;
use store::ReadTx;
use types::Error;

use crate::directory_objects::{Lens, Link};
use crate::errors::Refusal;
use crate::hidden_members::{HidesMembers, Viewer, keep_seen};
use crate::listing::{self, Shown, Source};
use crate::request::Call;
use crate::sight::{Sight, Sights};

/// Objects of one relation that stand in an answer, at most.
pub(crate) const EXPANDED_MAX: usize = 20;

/// How far `$levels` follows a relation, at most: a longer chain of managers is cut there.
const LEVELS_MAX: usize = 100;

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
    /// Where it leads on from what it leads to, if it can be followed by `$levels`.
    next: Option<Next>,
}

/// Where a relation leads on from an object.
type Next = fn(&ReadTx<'_>, Link) -> types::Result<Option<Link>>;

impl<T> Relation<T> {
    /// One that leads to any number of objects.
    pub(crate) const fn many(name: &'static str, find: Find<T>) -> Self {
        Self {
            name,
            is_single: false,
            find,
            is_seen: None,
            is_memberships: false,
            next: None,
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
    pub(crate) const fn one(name: &'static str, find: Find<T>, next: Next) -> Self {
        Self {
            is_single: true,
            next: Some(next),
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
    /// How far a relation is followed that leads to one object.
    levels: usize,
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
        let is_list = call.find_key("id").is_none() && call.find_key("appId").is_none();
        if is_list && listing::is_advanced(call) {
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
        let (mut select, mut levels) = (None, None);
        for option in options.split(';').map(str::trim).filter(|o| !o.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let bare = name.trim().trim_start_matches('$');
            if bare.eq_ignore_ascii_case("select") && select.is_none() {
                select = Some(query::parse_select(value)?);
            } else if bare.eq_ignore_ascii_case("levels") && levels.is_none() {
                if is_list || relation.next.is_none() {
                    return Err(wrong("$levels works for the manager of a single user"));
                }
                levels = Some(levels_of(value.trim())?);
            } else {
                return Err(wrong(
                    "inside the parentheses stand $select and, for a manager, $levels, each once",
                ));
            }
        }
        Ok(Some(Self {
            relation,
            levels: levels.unwrap_or(1),
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
            next,
        } = *self.relation;
        let mut links = Vec::new();
        if is_seen.map_or(Ok(true), |is_seen| is_seen(object, tx, self.viewer))? {
            links = find(tx, object, EXPANDED_MAX)?;
        }
        if is_memberships {
            keep_seen(tx, self.viewer, &mut links)?;
        }
        if is_single {
            // One that isn't there is left out, as in Graph.
            if let Some(one) = self.chain(tx, links.into_iter().next(), next)? {
                shown.insert(name.to_owned(), one.into());
            }
            return Ok(());
        }
        let mut related = Vec::with_capacity(links.len());
        for link in links {
            related.extend(self.lens.show(tx, link)?);
        }
        shown.insert(name.to_owned(), related.into());
        Ok(())
    }

    /// An object with the one that the relation leads to from there in it, and so on.
    fn chain(
        &self,
        tx: &ReadTx<'_>,
        first: Option<Link>,
        next: Option<Next>,
    ) -> types::Result<Option<Shown>> {
        let (mut chain, mut link) = (Vec::new(), first);
        let mut seen = HashSet::new();
        while let Some(at) = link
            && chain.len() < self.levels
            && seen.insert(at.id)
            && let Some(shown) = self.lens.show(tx, at)?
        {
            chain.push(shown);
            link = match next {
                Some(next) if chain.len() < self.levels => next(tx, at)?,
                _ => None,
            };
        }
        Ok(chain.into_iter().rev().reduce(|inner, mut outer| {
            outer.insert(self.relation.name.to_owned(), inner.into());
            outer
        }))
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

/// `max`, or a number.
fn levels_of(text: &str) -> Result<usize, Refusal> {
    if text.eq_ignore_ascii_case("max") {
        return Ok(LEVELS_MAX);
    }
    match text.parse() {
        Ok(levels) if (1..=1_000).contains(&levels) => Ok(LEVELS_MAX.min(levels)),
        _ => Err(wrong("$levels is max or a number from 1 to 1000")),
    }
}

fn wrong(reason: &str) -> Refusal {
    Refusal::bad_request(format!("Parsing OData Select and Expand failed: {reason}."))
        .with_target("$expand")
}
