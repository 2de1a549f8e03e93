//! Places for calls under way: so many in the deployment, so many at one machine or of one tenant.
//!
//! Nobody waits for a place with another one in the hand: who gets none comes again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The places that are taken.
#[derive(Default)]
pub(crate) struct Places {
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_name: HashMap<String, usize>,
}

/// A place, given back when dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    name: String,
}

impl Places {
    /// A place under a name, if there is one.
    pub(crate) fn take(
        self: &Arc<Self>,
        name: String,
        (of_name, in_all): (usize, usize),
    ) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let here = taken.by_name.get(&name).copied().unwrap_or(0);
        if taken.all >= in_all || here >= of_name {
            return None;
        }
        taken.all += 1;
        taken.by_name.insert(name.clone(), here + 1);
        Some(Place {
            places: Arc::clone(self),
            name,
        })
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .all
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self
            .places
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        match taken.by_name.get_mut(&self.name) {
            Some(here) if *here > 1 => *here -= 1,
            _ => {
                taken.by_name.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_more_than_its_places() {
        let places = Arc::new(Places::default());
        let take = |name: &str| places.take(name.to_owned(), (2, 3));
        let (one, two) = (take("a:443").unwrap(), take("a:443").unwrap());
        assert!(take("a:443").is_none());
        let three = take("b:443").unwrap();
        assert!(take("c:443").is_none());
        drop(one);
        assert!(take("c:443").is_some());
        drop((two, three));
        assert_eq!(places.taken(), 0);
        assert!(places.taken.lock().unwrap().by_name.is_empty());
    }
}
