//! Temporary access passes: their time, their number of uses, and the policy.

use credentials::Policy;
use credentials::access_pass::{self, Pass, Usability, Wanted};
use credentials::password::Challenge;
use directory::users;
use identity::Secret;
use identity::password::{hash, verify};
use types::Error;

use crate::common::{ANN, Fixture, fixture};

const TEXT: &str = "a-pass-1";

fn try_create(f: &Fixture, wanted: Wanted) -> types::Result<Pass> {
    let ann = f.ann;
    let hash = hash(&Secret::new(TEXT), [1; 16]).unwrap();
    f.try_write(move |tx| {
        let (policy, user) = (Policy::get(tx)?, users::get(tx, ann)?);
        access_pass::create(tx, &policy, &user, wanted, &hash)
    })
}

fn create(f: &Fixture, wanted: Wanted) -> Pass {
    try_create(f, wanted).unwrap()
}

fn challenge(f: &Fixture, name: &'static str) -> Challenge {
    f.read(|tx| access_pass::challenge(tx, &*Policy::get(tx)?, name))
}

/// Whether the pass, or another text, opens the account now.
fn opens(f: &Fixture, text: &str) -> bool {
    let challenge = challenge(f, ANN);
    let matched = verify(&Secret::new(text), challenge.hash()).unwrap();
    let Some(user) = challenge.conclude(matched) else {
        return false;
    };
    f.write(move |tx| access_pass::redeem(tx, &*Policy::get(tx)?, user, &challenge))
}

fn usability(f: &Fixture) -> Usability {
    let ann = f.ann;
    f.read(|tx| access_pass::list(tx, ann)?[0].usability(tx, &*Policy::get(tx)?))
}

#[test]
fn a_pass_opens_its_account_in_its_time_as_often_as_it_may() {
    let f = fixture();
    assert!(!opens(&f, TEXT), "there is none");
    let start_at = f.read(|tx| Ok(tx.now().plus_seconds(600)));
    create(
        &f,
        Wanted {
            start_at: Some(start_at),
            ..Wanted::default()
        },
    );
    assert_eq!(usability(&f), Usability::NotYetValid);
    assert!(!opens(&f, TEXT));
    f.clock.advance_seconds(600);
    assert_eq!(usability(&f), Usability::Usable);
    assert!(!opens(&f, "another"));
    assert!(opens(&f, TEXT) && opens(&f, TEXT));
    f.clock.advance_seconds(3_600);
    assert_eq!(usability(&f), Usability::Expired);
    assert!(!opens(&f, TEXT));

    create(
        &f,
        Wanted {
            is_usable_once: Some(true),
            lifetime_minutes: Some(120),
            ..Wanted::default()
        },
    );
    assert_eq!(
        f.read(|tx| access_pass::list(tx, f.ann)).len(),
        1,
        "one replaces the other"
    );
    assert!(opens(&f, TEXT));
    assert_eq!(usability(&f), Usability::OneTimeUsed);
    assert!(!opens(&f, TEXT));
}

#[test]
fn of_two_who_use_a_pass_for_one_sign_in_at_once_one_gets_in() {
    let f = fixture();
    create(
        &f,
        Wanted {
            is_usable_once: Some(true),
            ..Wanted::default()
        },
    );
    let ann = f.ann;
    let (one, other) = (challenge(&f, ANN), challenge(&f, ANN));
    assert!(f.write(move |tx| access_pass::redeem(tx, &*Policy::get(tx)?, ann, &one)));
    assert!(!f.write(move |tx| access_pass::redeem(tx, &*Policy::get(tx)?, ann, &other)));
}

#[test]
fn the_policy_says_how_long_and_whether() {
    let f = fixture();
    let minutes = |minutes| Wanted {
        lifetime_minutes: Some(minutes),
        ..Wanted::default()
    };
    for wrong in [0, 59, 481] {
        let error = try_create(&f, minutes(wrong)).unwrap_err();
        assert!(
            matches!(&error, Error::Invalid { target: Some(target), .. } if target == "lifetimeInMinutes"),
            "{error:?}"
        );
    }
    create(&f, minutes(480));
    f.set_policy(|policy| policy.access_passes.offer.is_enabled = false);
    assert_eq!(usability(&f), Usability::DisabledByPolicy);
    assert!(!opens(&f, TEXT));
    assert!(try_create(&f, minutes(60)).is_err());
    f.set_policy(|policy| {
        policy.access_passes.offer.is_enabled = true;
        policy.access_passes.is_usable_once = true;
    });
    let several = Wanted {
        is_usable_once: Some(false),
        ..Wanted::default()
    };
    assert!(try_create(&f, several).is_err());
    assert!(create(&f, Wanted::default()).is_usable_once);
}

#[test]
fn a_name_without_a_pass_is_compared_with_nobodys() {
    let f = fixture();
    let nobodys = challenge(&f, "nobody@contoso.example");
    let anns = challenge(&f, ANN);
    assert_eq!(nobodys.hash(), anns.hash());
    assert_eq!(nobodys.conclude(true), None);
    assert_eq!(anns.conclude(true), None);
}

#[test]
fn made_passes_have_the_length_that_was_asked_for() {
    for length in [8, 48] {
        let random: [u8; 128] = std::array::from_fn(|place| (place * 7) as u8);
        let text = access_pass::text(length, random).unwrap();
        assert_eq!(text.expose().len(), length as usize);
    }
    assert!(access_pass::text(8, [255; 128]).is_none());
}
