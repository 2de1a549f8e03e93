//! Hashing, the pool, and the rules.

use std::num::NonZeroUsize;
use std::sync::Arc;

use identity::Secret;
use identity::password::{Hashing, check, check_for, hash, verify};
use proptest::prelude::*;
use types::Error;

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

#[test]
fn a_hash_carries_owasps_parameters_and_fits_its_password_only() {
    let made = hash(&secret("Correct-horse-7"), [1; 16]).unwrap();
    assert!(
        made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{made}"
    );
    assert!(verify(&secret("Correct-horse-7"), &made).unwrap());
    assert!(!verify(&secret("Correct-horse-8"), &made).unwrap());
    assert!(!verify(&secret(""), &made).unwrap());
    assert_ne!(hash(&secret("Correct-horse-7"), [2; 16]).unwrap(), made);
    assert!(verify(&secret("x"), "not a hash").is_err());
}

#[test]
fn composed_and_decomposed_letters_are_the_same() {
    let made = hash(&secret("Caf\u{e9}-horse-7"), [1; 16]).unwrap();
    assert!(verify(&secret("Cafe\u{301}-horse-7"), &made).unwrap());
}

#[test]
fn a_hash_that_was_kept_fits_by_the_parameters_that_it_carries() {
    for kept in [
        "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$hnGAw7andVzxwx1/tZm/Yzl/uC3hXTIRFS2sL90eKZ0",
        "$argon2id$v=19$m=64,t=3,p=2$BwcHBwcHBwcHBwcHBwcHBw$iptcMmAUbh67wC+R6pxxB8Pxt0NcAlxPuZg7Zh5iFQ8",
    ] {
        assert!(
            verify(&secret("Caf\u{e9}-horse-7"), kept).unwrap(),
            "{kept}"
        );
        assert!(!verify(&secret("Cafe-horse-7"), kept).unwrap(), "{kept}");
    }
}

#[tokio::test]
async fn hashes_in_memory_that_others_have_used_are_the_same() {
    let pool = Arc::new(Hashing::new(NonZeroUsize::MIN).unwrap());
    let asked: Vec<_> = (0..4)
        .map(|number| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move {
                let made = pool.hash(secret("Correct-horse-7"), [number; 16]).await;
                let made = made.unwrap();
                let fits = pool.verify(secret("Correct-horse-7"), made.clone()).await;
                assert!(fits.unwrap());
                (number, made)
            })
        })
        .collect();
    for task in asked {
        let (number, made) = task.await.unwrap();
        assert_eq!(
            made,
            hash(&secret("Correct-horse-7"), [number; 16]).unwrap()
        );
    }
}

#[tokio::test]
async fn a_pool_hashes_and_refuses_more_than_it_can() {
    let pool = Arc::new(Hashing::new(NonZeroUsize::MIN).unwrap());
    let made = pool.hash(secret("Correct-horse-7"), [1; 16]).await.unwrap();
    assert!(
        pool.verify(secret("Correct-horse-7"), made.clone())
            .await
            .unwrap()
    );
    assert!(pool.verify(secret("x"), "not a hash".into()).await.is_err());

    let asked: Vec<_> = (0..80)
        .map(|_| {
            let (pool, made) = (Arc::clone(&pool), made.clone());
            tokio::spawn(async move { pool.verify(secret("x"), made).await })
        })
        .collect();
    let (mut answered, mut refused) = (0, 0);
    for task in asked {
        match task.await.unwrap() {
            Ok(false) => answered += 1,
            Err(Error::Unavailable { .. }) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(
        answered >= 32 && refused > 0,
        "{answered} answered, {refused} refused"
    );
}

#[test]
fn rules() {
    let long = "Aa1".repeat(85) + "x";
    for good in [
        "Correct-horse-7-battery",
        "xY7!xY7!",
        "Ünïcode words",
        "sunny Tuesday 4",
        &long,
    ] {
        assert!(check(&secret(good)).is_ok(), "{good}");
    }
    for bad in [
        "",
        "p",
        "xY7!xY7",
        "alllowercase",
        "ALLUPPERCASE",
        "12345678",
        "lowerUPPER",
        "lower1234",
        "Password1",
        "Passw0rd!",
        "P@ssw0rd",
        "P@$$w0rd1",
        "Welcome1!",
        "Qwerty123!",
        "Admin1234",
        "Contoso123",
        "Isopolity1",
        "LetMeIn123!",
        "1Q2w3e4r5t!",
        "Zaq12wsx!",
        "August24!",
        &"aA1".repeat(86),
    ] {
        let Err(Error::Invalid { target, message }) = check(&secret(bad)) else {
            panic!("{bad} passed")
        };
        assert_eq!(target.as_deref(), Some("passwordProfile.password"));
        assert!(message.starts_with("The specified password does not comply with"));
        assert!(
            bad.len() < 8 || !message.contains(bad),
            "a password in a message"
        );
    }
}

#[test]
fn names_of_the_user_and_of_the_tenant_count_as_one_character() {
    let names = [
        "Quentin Vandermeer",
        "q.vandermeer@northwind.example",
        "Northwind Traders",
    ];
    for bad in [
        "Vandermeer1!",
        "N0rthw1nd#2",
        "Vandermeer-26",
        "northwindVandermeer1",
    ] {
        assert!(check(&secret(bad)).is_ok(), "{bad}");
        assert!(check_for(&secret(bad), &names).is_err(), "{bad}");
    }
    for good in ["Correct-horse-7-battery", "Vandermeer-likes-tea"] {
        assert!(check_for(&secret(good), &names).is_ok(), "{good}");
    }
}

proptest! {
    #[test]
    fn no_password_panics(text in ".{0,300}") {
        let _ = check_for(&secret(&text), &[&text]);
    }
}
