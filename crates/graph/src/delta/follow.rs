//! The rounds after the first: what the feed has since, each object once on a page.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use store::{ChangeRow, Op, ReadTx};
use types::{Error, Result};
use uuid::Uuid;

use super::show::is_nothing;
use super::tracked::Ends;
use super::{Asked, CHANGES_MAX, Found, Item, LINKS_MAX, Place, Query, Rest, State, show};

/// What happened to one object within a page.
#[derive(Default)]
struct Changed {
    /// It was made or brought back, or went and is there again: all of it is news.
    is_new: bool,
    properties: BTreeSet<String>,
    /// By relation: who was at the other end of it, or came or went.
    touched: BTreeMap<usize, BTreeSet<Uuid>>,
}

/// What happened within a page.
#[derive(Default)]
struct Changes {
    objects: BTreeMap<Uuid, Changed>,
    /// Those that came or went, of all objects.
    links: usize,
}

impl Changes {
    fn of(&mut self, object: Uuid) -> &mut Changed {
        self.objects.entry(object).or_default()
    }

    fn touch(&mut self, object: Uuid, relation: usize, related: Option<Uuid>) {
        self.links += 1;
        let touched = &mut self.of(object).touched;
        touched.entry(relation).or_default().extend(related);
    }
}

impl<T> Asked<T> {
    pub(super) fn follow(&self, tx: &ReadTx<'_>, mut state: State) -> Result<Found> {
        let mut changes = Changes::default();
        let mut looked_at = 0;
        let mut is_last = false;
        'page: while changes.objects.len() < self.size && looked_at < CHANGES_MAX {
            let rows = tx.changes(state.seq, self.size)?;
            looked_at += rows.len();
            is_last = rows.len() < self.size;
            for row in rows {
                state.seq = row.seq;
                state.rest = self.note(tx, &state, row, &mut changes)?;
                if state.rest.is_some() || changes.links >= LINKS_MAX {
                    is_last = false;
                    break 'page;
                }
            }
            if is_last {
                break;
            }
        }
        // A token that was followed lives on from now.
        state.at = tx.now();
        let mut items = Vec::new();
        for (id, changed) in &changes.objects {
            items.extend(self.change(tx, *id, changed)?);
        }
        Ok(Found {
            items,
            state,
            is_last,
        })
    }

    /// Takes a change in; what has to be told on pages of its own.
    fn note(
        &self,
        tx: &ReadTx<'_>,
        state: &State,
        row: ChangeRow,
        changes: &mut Changes,
    ) -> Result<Option<Rest>> {
        let mut rest = None;
        for (number, relation) in self.asked_relations() {
            let Ends::Many(many) = &relation.ends else {
                continue;
            };
            if row.kind == many.kind && state.query.wants(row.object) {
                changes.touch(row.object, number, row.related);
            }
            // What is deleted isn't related to anything, without a change of the relation.
            let comes_or_goes = matches!(row.op, Op::Deleted | Op::Restored);
            if comes_or_goes && many.to.contains(&row.kind.as_str()) {
                let holders = (many.holders)(tx, row.object, Uuid::nil(), self.size + 1)?;
                if holders.len() > self.size {
                    rest = Some(Rest::Holders(Place::first(row.object)));
                    continue;
                }
                for holder in holders.into_iter().filter(|id| state.query.wants(*id)) {
                    changes.touch(holder, number, Some(row.object));
                }
            }
        }
        if row.kind != self.tracked.kind || !state.query.wants(row.object) {
            return Ok(rest);
        }
        let is_back = row.op == Op::Restored;
        match row.op {
            Op::Created | Op::Restored | Op::Deleted | Op::Purged => {
                changes.of(row.object).is_new = true;
            }
            Op::Updated => {
                for (number, relation) in self.asked_relations() {
                    if row.properties.iter().any(|name| name == relation.name) {
                        changes.touch(row.object, number, row.related);
                    }
                }
                changes.of(row.object).properties.extend(row.properties);
            }
        }
        let has_many = self
            .asked_relations()
            .any(|(_, relation)| matches!(relation.ends, Ends::Many(_)));
        // Whoever was told that it went has forgotten what it was related to.
        if is_back && has_many && rest.is_none() {
            rest = Some(Rest::Links(Place::first(row.object)));
        }
        Ok(rest)
    }

    /// How an object's change is told; none if it isn't in what is tracked.
    fn change(&self, tx: &ReadTx<'_>, id: Uuid, changed: &Changed) -> Result<Option<Item>> {
        let removed = |reason: &str| {
            let mut shown = Item::new();
            shown.insert("id".into(), json!(id));
            shown.insert("@removed".into(), json!({ "reason": reason }));
            Ok(Some(shown))
        };
        let object = match (self.tracked.get)(tx, id) {
            Ok(object) => object,
            Err(Error::NotFound { .. }) => {
                return match (self.tracked.get_deleted)(tx, id) {
                    Ok(_) => removed("changed"),
                    Err(Error::NotFound { .. }) => removed("deleted"),
                    Err(error) => Err(error),
                };
            }
            Err(error) => return Err(error),
        };
        let is_changed = |name: &str| {
            changed.properties.contains(name)
                || self
                    .tracked
                    .made_of
                    .iter()
                    .any(|(made, of)| name == *made && changed.properties.contains(*of))
        };
        let whole = (self.tracked.project)(&object, Some(&self.properties))?;
        let is_known = changed.touched.is_empty() && !changed.is_new;
        if is_known && !whole.keys().any(|name| is_changed(name)) {
            return Ok(None);
        }
        let mut shown = whole;
        shown.retain(|name, value| {
            let is_told = !changed.is_new && is_changed(name);
            // A value that was taken away is told, too: with null.
            name == "id" || is_told || (!is_nothing(value) && (changed.is_new || !self.minimal))
        });
        let none = BTreeSet::new();
        for (number, relation) in self.seen_relations(tx, &object)? {
            let touched = changed.touched.get(&number);
            let told: Vec<Value> = match &relation.ends {
                // Told with its object, changed or not, unless only changes are asked for.
                Ends::One(_) if self.minimal && !changed.is_new && touched.is_none() => continue,
                Ends::One(current) => show::one(current(tx, id)?, touched.unwrap_or(&none)),
                Ends::Many(many) => show::changed(tx, many, id, touched.unwrap_or(&none))?,
            };
            if !told.is_empty() || touched.is_some() {
                shown.insert(format!("{}@delta", relation.name), told.into());
            }
        }
        Ok(Some(shown))
    }

    /// Goes on with those that are related to one that was deleted or came back.
    pub(super) fn more_holders(
        &self,
        tx: &ReadTx<'_>,
        query: &Query,
        place: Place,
        items: &mut Vec<Item>,
    ) -> Result<Option<Rest>> {
        for (number, relation) in self.asked_relations() {
            let Ends::Many(many) = &relation.ends else {
                continue;
            };
            if number < place.relation {
                continue;
            }
            let after = if number == place.relation {
                place.after
            } else {
                Uuid::nil()
            };
            let room = self.size - items.len();
            let holders = (many.holders)(tx, place.object, after, room + 1)?;
            for (told, holder) in holders.iter().enumerate() {
                if told == room {
                    let after = told.checked_sub(1).and_then(|last| holders.get(last));
                    return Ok(Some(Rest::Holders(Place {
                        relation: number,
                        after: after.copied().unwrap_or_default(),
                        ..place
                    })));
                }
                if !query.wants(*holder) {
                    continue;
                }
                let touched = BTreeSet::from([place.object]);
                let changed = Changed {
                    touched: BTreeMap::from([(number, touched)]),
                    ..Changed::default()
                };
                items.extend(self.change(tx, *holder, &changed)?);
            }
        }
        // It may be one of those that are told themselves.
        if !query.wants(place.object) {
            return Ok(None);
        }
        match (self.tracked.get)(tx, place.object) {
            Ok(_) => Ok(Some(Rest::Links(Place::first(place.object)))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
