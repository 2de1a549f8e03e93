//! The first round: every object once, by id.

use directory::{Page as Wanted, Place as Behind};
use store::ReadTx;
use types::{Error, Result};
use uuid::Uuid;

use super::{Asked, Found, Item, LINKS_MAX, Place, Rest, State};

impl<T> Asked<T> {
    pub(super) fn scan(&self, tx: &ReadTx<'_>, mut state: State) -> Result<Found> {
        let after = state.scanned.unwrap_or_default();
        let mut objects = if let Some(ids) = &state.query.ids {
            self.named(tx, ids, after)?
        } else {
            let after = Behind {
                key: None,
                id: after,
            };
            let wanted = Wanted {
                after: Some(&after),
                ..Wanted::first(self.size + 1)
            };
            (self.tracked.list)(tx, &wanted)?
        };
        let is_last = objects.len() <= self.size;
        objects.truncate(self.size);
        state.scanned = if is_last {
            None
        } else {
            objects.last().map(self.tracked.id)
        };
        let (mut items, mut room) = (Vec::with_capacity(objects.len()), LINKS_MAX);
        for object in &objects {
            let id = (self.tracked.id)(object);
            let rest = self.add_whole(tx, object, Place::first(id), &mut room, &mut items)?;
            if rest.is_some() {
                state.scanned = Some(id);
                state.rest = rest.map(Rest::Links);
                return Ok(Found {
                    items,
                    state,
                    is_last: false,
                });
            }
        }
        Ok(Found {
            items,
            state,
            is_last,
        })
    }

    /// Those of some ids that there are, behind one of them.
    fn named(&self, tx: &ReadTx<'_>, ids: &[Uuid], after: Uuid) -> Result<Vec<T>> {
        let mut objects = Vec::new();
        for id in ids.iter().filter(|id| **id > after) {
            match (self.tracked.get)(tx, *id) {
                Ok(object) => objects.push(object),
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(objects)
    }

    /// Goes on with the relations of an object.
    pub(super) fn more_links(
        &self,
        tx: &ReadTx<'_>,
        place: Place,
        items: &mut Vec<Item>,
    ) -> Result<Option<Rest>> {
        match (self.tracked.get)(tx, place.object) {
            Ok(object) => {
                let mut room = LINKS_MAX;
                let rest = self.add_whole(tx, &object, place, &mut room, items)?;
                Ok(rest.map(Rest::Links))
            }
            // It went meanwhile, as the feed will tell.
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
