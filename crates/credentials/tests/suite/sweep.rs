//! What goes by itself.

use credentials::{methods, recovery, sweep};
use directory::users;

use crate::common::{fixture, user};

#[test]
fn nothing_of_a_user_who_is_gone_for_good_stays() {
    let f = fixture();
    let ben = f.write(|tx| user(tx, "ben"));
    let ann = f.ann;
    f.write(move |tx| {
        recovery::make(tx, ann)?;
        recovery::make(tx, ben)
    });
    f.write(move |tx| users::delete(tx, ben));
    while f.write(|tx| sweep(tx, 2)) {}
    assert_eq!(
        f.read(|tx| recovery::count(tx, ben)),
        10,
        "it may come back"
    );
    f.write(move |tx| users::purge(tx, ben));
    while f.write(|tx| sweep(tx, 2)) {}
    assert_eq!(f.read(|tx| recovery::count(tx, ben)), 0);
    assert_eq!(f.read(|tx| methods::list(tx, ben)), []);
    assert_eq!(f.read(|tx| recovery::count(tx, ann)), 10);
}
