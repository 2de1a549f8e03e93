//! Recovery codes: ten, each once, the old ones void with new ones.

use credentials::recovery;
use identity::Secret;
use types::{Id, kind};

use crate::common::{Fixture, fixture, user};

fn make(f: &Fixture) -> Vec<Secret> {
    let ann = f.ann;
    f.write(move |tx| recovery::make(tx, ann))
}

fn redeem(f: &Fixture, user: Id<kind::User>, code: &str) -> bool {
    let code = code.to_owned();
    f.write(move |tx| recovery::redeem(tx, user, &code))
}

#[test]
fn each_code_works_once_for_its_user() {
    let f = fixture();
    let ann = f.ann;
    let codes = make(&f);
    assert_eq!(codes.len(), 10);
    let ben = f.write(|tx| user(tx, "ben"));
    let [first, second, ..] = &codes[..] else {
        panic!("ten codes")
    };
    assert!(!redeem(&f, ben, first.expose()), "another's");
    assert!(redeem(
        &f,
        ann,
        &first.expose().to_uppercase().replace('-', " ")
    ));
    assert!(!redeem(&f, ann, first.expose()), "a second time");
    assert!(!redeem(&f, ann, "0000-0000-0000-0000"));
    assert_eq!(f.read(|tx| recovery::count(tx, ann)), 9);

    let new = make(&f);
    assert!(!redeem(&f, ann, second.expose()), "void");
    assert!(redeem(&f, ann, new[0].expose()));
    f.write(move |tx| recovery::drop_all(tx, ann));
    assert!(!redeem(&f, ann, new[1].expose()));
    assert_eq!(f.read(|tx| recovery::count(tx, ann)), 0);
}
