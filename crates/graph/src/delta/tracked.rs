//! What is tracked of a type: its properties and relations, in the directory's functions.

use directory::Page as Wanted;
use directory::groups::Link;
use store::ReadTx;
use types::Result;
use uuid::Uuid;

use super::{Item, Query};
use crate::errors::Refusal;
use crate::hidden_members::Viewer;
use crate::request::Call;

/// A type whose changes are told.
pub(super) struct Tracked<T> {
    /// The entity set: `groups`.
    pub(super) set: &'static str,
    /// Tokens are of this kind.
    pub(super) purpose: &'static str,
    /// The kind of object in the feed.
    pub(super) kind: &'static str,
    pub(super) list: fn(&ReadTx<'_>, &Wanted<'_>) -> Result<Vec<T>>,
    pub(super) get: fn(&ReadTx<'_>, Uuid) -> Result<T>,
    pub(super) get_deleted: fn(&ReadTx<'_>, Uuid) -> Result<T>,
    pub(super) id: fn(&T) -> Uuid,
    pub(super) project: fn(&T, Option<&[String]>) -> Result<Item>,
    pub(super) property_names: fn() -> Vec<String>,
    pub(super) check_select: fn(&[String]) -> Result<()>,
    /// Properties that change with another: the made one first.
    pub(super) made_of: &'static [(&'static str, &'static str)],
    pub(super) relations: &'static [Relation],
    /// Whether a viewer sees who is in an object, which some hide.
    pub(super) shows_members: fn(&T, &ReadTx<'_>, Viewer) -> Result<bool>,
}

/// A relation, told as `name@delta`.
pub(super) struct Relation {
    pub(super) name: &'static str,
    /// Whether it is told when nothing is selected, to those who may see it.
    pub(super) by_default: bool,
    /// Any of these lets a caller see it.
    pub(super) permissions: &'static [&'static str],
    pub(super) ends: Ends,
}

/// What is at the other end.
pub(super) enum Ends {
    /// At most one user. The feed has a change of the object's property of the relation's name, with
    /// the one before as related.
    One(fn(&ReadTx<'_>, Uuid) -> Result<Option<Uuid>>),
    /// Any number of objects. The feed has changes of a kind of their own.
    Many(Many),
}

/// The functions of a relation to any number of objects. What is deleted isn't related.
pub(super) struct Many {
    /// The kind of change in the feed.
    pub(super) kind: &'static str,
    /// Whether it is who is in an object.
    pub(super) is_members: bool,
    /// The kinds of objects that it leads to.
    pub(super) to: &'static [&'static str],
    /// Those of an object, by id behind one.
    pub(super) page: fn(&ReadTx<'_>, Uuid, Uuid, usize) -> Result<Vec<Link>>,
    /// Whether an object has one.
    pub(super) has: fn(&ReadTx<'_>, Uuid, Uuid) -> Result<bool>,
    /// The objects that have one, or would if it weren't deleted, by id behind one.
    pub(super) holders: fn(&ReadTx<'_>, Uuid, Uuid, usize) -> Result<Vec<Uuid>>,
}

impl<T> Tracked<T> {
    fn is_relation(&self, name: &str) -> bool {
        let mut relations = self.relations.iter();
        relations.any(|relation| relation.name.eq_ignore_ascii_case(name))
    }

    /// The properties that a query tracks, all if nothing is selected.
    pub(super) fn properties(&self, query: &Query) -> Vec<String> {
        let Some(select) = &query.select else {
            return (self.property_names)();
        };
        let mut names: Vec<String> = vec!["id".into()];
        let properties = select.iter().filter(|name| !self.is_relation(name));
        names.extend(properties.cloned());
        names
    }

    /// Of each relation, whether a query tracks it. One that was selected and may not be seen is
    /// refused.
    pub(super) fn relations(&self, query: &Query, call: &Call) -> Result<Vec<bool>, Refusal> {
        let each = self.relations.iter().map(|relation| {
            let mut permissions = relation.permissions.iter();
            let may = permissions.any(|permission| call.caller.may(permission));
            if query.selects(relation.name) {
                return if may {
                    Ok(true)
                } else {
                    Err(Refusal::denied())
                };
            }
            Ok(may && relation.by_default && query.select.is_none())
        });
        each.collect()
    }
}
