//! How an object is told: whole, or what changed of it.

use std::collections::BTreeSet;

use directory::groups::{self, LinkKind};
use directory::{service_principals, users};
use serde_json::{Value, json};
use store::ReadTx;
use types::{Error, Id, Result};
use uuid::Uuid;

use super::tracked::{Ends, Many, Relation};
use super::{Asked, Item, Place};

/// What a date shows that Graph declares as never null and that wasn't set.
const NEVER: &str = "0001-01-01T00:00:00Z";

impl<T> Asked<T> {
    /// The relations that are asked for, with their numbers.
    pub(super) fn asked_relations(&self) -> impl Iterator<Item = (usize, &'static Relation)> {
        let relations = self.tracked.relations.iter().enumerate();
        relations.filter(|(number, _)| self.relations.get(*number) == Some(&true))
    }

    /// Those of them that the caller sees of an object.
    pub(super) fn seen_relations(
        &self,
        tx: &ReadTx<'_>,
        object: &T,
    ) -> Result<impl Iterator<Item = (usize, &'static Relation)>> {
        let shows_members = (self.tracked.shows_members)(object, tx, self.viewer)?;
        let is_seen = move |relation: &Relation| match &relation.ends {
            Ends::Many(many) => shows_members || !many.is_members,
            Ends::One(_) => true,
        };
        let asked = self.asked_relations();
        Ok(asked.filter(move |(_, relation)| is_seen(relation)))
    }

    /// An object's properties that have values.
    pub(super) fn present(&self, object: &T) -> Result<Item> {
        let mut shown = (self.tracked.project)(object, Some(&self.properties))?;
        shown.retain(|name, value| name == "id" || !is_nothing(value));
        Ok(shown)
    }

    /// Adds an object with what it is related to, from a place on and as far as there is room; the
    /// place where it has to go on.
    pub(super) fn add_whole(
        &self,
        tx: &ReadTx<'_>,
        object: &T,
        place: Place,
        room: &mut usize,
        items: &mut Vec<Item>,
    ) -> Result<Option<Place>> {
        let mut shown = self.present(object)?;
        let mut rest = None;
        for (number, relation) in self.seen_relations(tx, object)? {
            if number < place.relation {
                continue;
            }
            let told: Vec<Value> = match &relation.ends {
                Ends::One(current) => {
                    let one = current(tx, place.object)?;
                    one.map(|id| told(LinkKind::User.type_name(), id))
                        .into_iter()
                        .collect()
                }
                Ends::Many(many) => {
                    let after = if number == place.relation {
                        place.after
                    } else {
                        Uuid::nil()
                    };
                    let mut links = (many.page)(tx, place.object, after, *room + 1)?;
                    if links.len() > *room {
                        links.truncate(*room);
                        rest = Some(Place {
                            relation: number,
                            after: links.last().map_or(after, |link| link.id),
                            ..place
                        });
                    }
                    *room -= links.len();
                    let links = links.iter();
                    links
                        .map(|link| told(link.kind.type_name(), link.id))
                        .collect()
                }
            };
            if !told.is_empty() {
                shown.insert(format!("{}@delta", relation.name), told.into());
            }
            if rest.is_some() {
                break;
            }
        }
        items.push(shown);
        Ok(rest)
    }
}

pub(super) fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value == NEVER
}

fn told(kind: &str, id: Uuid) -> Value {
    json!({ "@odata.type": format!("#microsoft.graph.{kind}"), "id": id })
}

fn told_gone(kind: &str, id: Uuid) -> Value {
    let mut told = told(kind, id);
    if let Some(told) = told.as_object_mut() {
        told.insert("@removed".into(), json!({ "reason": "deleted" }));
    }
    told
}

/// The one at the other end, and those who aren't any more.
pub(super) fn one(current: Option<Uuid>, former: &BTreeSet<Uuid>) -> Vec<Value> {
    let kind = LinkKind::User.type_name();
    let gone = former.iter().filter(|id| Some(**id) != current);
    let current = current.map(|id| told(kind, id));
    current
        .into_iter()
        .chain(gone.map(|id| told_gone(kind, *id)))
        .collect()
}

/// Those that came or went, as they stand now.
pub(super) fn changed(
    tx: &ReadTx<'_>,
    many: &Many,
    object: Uuid,
    touched: &BTreeSet<Uuid>,
) -> Result<Vec<Value>> {
    let each = touched.iter().map(|id| {
        let kind = kind_of(tx, *id)?;
        Ok(if (many.has)(tx, object, *id)? {
            told(kind, *id)
        } else {
            told_gone(kind, *id)
        })
    });
    each.collect()
}

/// The type of what is there, deleted or not. Of what is gone for good nobody knows more than that
/// it was in the directory.
fn kind_of(tx: &ReadTx<'_>, id: Uuid) -> Result<&'static str> {
    if let Some(link) = groups::link_to(tx, id)? {
        return Ok(link.kind.type_name());
    }
    let is_there = |found: Result<()>| match found {
        Ok(()) => Ok(true),
        Err(Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    };
    Ok(
        if is_there(users::get_deleted(tx, Id::new(id)).map(drop))? {
            LinkKind::User.type_name()
        } else if is_there(groups::get_deleted(tx, Id::new(id)).map(drop))? {
            LinkKind::Group.type_name()
        } else if is_there(service_principals::get_deleted(tx, Id::new(id)).map(drop))? {
            LinkKind::ServicePrincipal.type_name()
        } else {
            "directoryObject"
        },
    )
}
