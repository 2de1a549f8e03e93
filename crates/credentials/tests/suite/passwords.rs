//! Passwords: whose it is, what a new one mustn't be, and the change that is asked for.

use credentials::password::{self, NOBODYS};
use directory::users::{self, PasswordChange};
use identity::Secret;
use identity::password::{hash, verify};
use types::Error;

use crate::common::{ANN, fixture, user};

#[test]
fn a_name_that_nobody_has_costs_what_a_wrong_password_costs() {
    let f = fixture();
    let made = hash(&Secret::new("Correct-horse-7"), [1; 16]).unwrap();
    let ann = f.ann;
    let own = made.clone();
    f.write(move |tx| password::change(tx, ann, &own));
    let anns = f.read(|tx| password::challenge(tx, ANN));
    assert_eq!(anns.conclude(true), Some(ann));
    assert_eq!(anns.conclude(false), None);
    // An object id isn't a name to sign in with.
    for nobody in ["nobody@contoso.example", "", "ann", &ann.to_string()] {
        let challenge = f.read(|tx| password::challenge(tx, nobody));
        assert_eq!(challenge.hash(), NOBODYS, "{nobody}");
        assert_eq!(challenge.conclude(true), None, "{nobody}");
    }
    let parameters = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
    assert_eq!(parameters(NOBODYS), parameters(&made));
    for guess in ["", "password", "nobody"] {
        assert!(!verify(&Secret::new(guess), NOBODYS).unwrap());
    }
}

#[test]
fn a_change_that_is_asked_for_is_shown_and_ends_with_the_change() {
    let f = fixture();
    let ann = f.ann;
    let demanded =
        |f: &crate::common::Fixture| f.read(|tx| Ok(users::password_change(&users::get(tx, ann)?)));
    assert_eq!(demanded(&f), PasswordChange::None);
    f.write(move |tx| password::reset(tx, ann, "hash", PasswordChange::AtNextSignIn));
    assert_eq!(demanded(&f), PasswordChange::AtNextSignIn);
    let shown = f.read(|tx| Ok(users::get(tx, ann)?.property("passwordProfile")));
    assert_eq!(shown["forceChangePasswordNextSignIn"], true);
    assert_eq!(shown["password"], serde_json::Value::Null);
    f.write(move |tx| {
        users::require_password_change(tx, ann, PasswordChange::AtNextSignInWithMultifactor)
    });
    assert_eq!(demanded(&f), PasswordChange::AtNextSignInWithMultifactor);
    f.write(move |tx| password::change(tx, ann, "another"));
    assert_eq!(demanded(&f), PasswordChange::None);
}

#[test]
fn a_new_password_isnt_made_of_names() {
    let f = fixture();
    let person = f.write(|tx| user(tx, "vandermeer"));
    let check = |text: &str| {
        let password = Secret::new(text);
        f.read(|tx| Ok(password::check(tx, &users::get(tx, person)?, &password)))
    };
    assert!(check("Correct-horse-7").is_ok());
    for wrong in ["Vandermeer-26", "C0ntoso-26", "short", "Password1!"] {
        assert!(
            matches!(check(wrong), Err(Error::Invalid { .. })),
            "{wrong}"
        );
    }
}
