//! Codes of an authenticator app: set up, used once each, sealed at rest.

use credentials::{Kind, methods, totp};
use directory::users;
use totp_rs::Builder;

use crate::common::{Fixture, fixture, user};

/// The person's phone.
fn code(uri_seed: &str, at_seconds: i64) -> String {
    let seed = base32(uri_seed);
    let totp = Builder::new().with_secret(seed).build().unwrap();
    totp.generate(u64::try_from(at_seconds).unwrap())
        .to_string()
}

fn base32(text: &str) -> Vec<u8> {
    let mut bits = 0_u64;
    let mut count = 0;
    let mut bytes = Vec::new();
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'2'..=b'7' => c - b'2' + 26,
            _ => panic!("not base 32"),
        };
        bits = bits << 5 | u64::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

fn begin(f: &Fixture) -> totp::Enrolment {
    let ann = f.ann;
    let user = f.read(|tx| users::get(tx, ann));
    let now = f.read(|tx| Ok(tx.now()));
    totp::begin(&f.sealer, f.tenant, &user, "Contoso", [7; 20], now).unwrap()
}

fn finish(f: &Fixture, sealed: &str, code: &str) -> bool {
    let (sealer, ann) = (f.sealer.clone(), f.ann);
    let (sealed, code) = (sealed.to_owned(), code.to_owned());
    f.write(move |tx| totp::finish(tx, &sealer, ann, &sealed, &code, Some("Phone")))
        .is_some()
}

fn verify(f: &Fixture, code: &str) -> bool {
    let (sealer, ann, code) = (f.sealer.clone(), f.ann, code.to_owned());
    f.write(move |tx| totp::verify(tx, &sealer, ann, &code))
}

fn now(f: &Fixture) -> i64 {
    f.read(|tx| Ok(tx.now().seconds()))
}

#[test]
fn an_app_is_set_up_by_its_first_code_and_no_code_works_twice() {
    let f = fixture();
    let enrolment = begin(&f);
    let seed = enrolment.seed.expose().to_owned();
    let uri = enrolment.uri.expose();
    assert!(
        uri.starts_with("otpauth://totp/Contoso:ann%40contoso"),
        "{uri}"
    );
    assert!(
        uri.contains("issuer=Contoso") && uri.contains(&seed),
        "{uri}"
    );
    assert!(!finish(&f, &enrolment.sealed, "000000"));
    assert!(!verify(&f, &code(&seed, now(&f))), "it isn't set up yet");

    let first = code(&seed, now(&f));
    assert!(finish(&f, &enrolment.sealed, &first));
    assert!(!verify(&f, &first), "it was used to set the app up");
    f.clock.advance_seconds(30);
    let second = code(&seed, now(&f));
    let typed = format!(" {} {}", &second[..3], &second[3..]);
    assert!(verify(&f, &typed));
    assert!(!verify(&f, &second));
    // One that was shown before it is void, too: nobody goes back.
    assert!(!verify(&f, &first));
    // A clock that is a step ahead or behind does no harm; one that is two off isn't right.
    f.clock.advance_seconds(300);
    assert!(!verify(&f, &code(&seed, now(&f) - 60)));
    assert!(!verify(&f, &code(&seed, now(&f) + 60)));
    assert!(verify(&f, &code(&seed, now(&f) - 30)));
    assert!(verify(&f, &code(&seed, now(&f) + 30)));
    assert!(!verify(&f, &code(&seed, now(&f))), "a later one was used");
}

#[test]
fn a_set_up_is_one_persons_and_one_hours() {
    let f = fixture();
    let enrolment = begin(&f);
    let seed = enrolment.seed.expose().to_owned();
    let ben = f.write(|tx| user(tx, "ben"));
    let (sealer, sealed, good) = (
        f.sealer.clone(),
        enrolment.sealed.clone(),
        code(&seed, now(&f)),
    );
    let made = f.write(move |tx| totp::finish(tx, &sealer, ben, &sealed, &good, None));
    assert_eq!(made, None, "another's page");
    f.clock.advance_seconds(3_600);
    assert!(!finish(&f, &enrolment.sealed, &code(&seed, now(&f))));
    assert!(!finish(&f, "nonsense", "123456"));
}

#[test]
fn what_is_registered_is_listed_audited_and_taken_away() {
    let f = fixture();
    let enrolment = begin(&f);
    let seed = enrolment.seed.expose().to_owned();
    assert!(finish(&f, &enrolment.sealed, &code(&seed, now(&f))));
    let ann = f.ann;
    let listed = f.read(|tx| methods::list_of(tx, ann, Kind::Totp));
    assert_eq!(listed.len(), 1);
    assert_eq!(totp::name(&listed[0]).as_deref(), Some("Phone"));
    let shown = format!("{listed:?}");
    assert!(!shown.contains(&seed), "the seed is sealed");
    let id = listed[0].id;
    f.write(move |tx| totp::delete(tx, ann, id));
    f.clock.advance_seconds(30);
    assert!(!verify(&f, &code(&seed, now(&f))));
    let error = f.refused(move |tx| totp::delete(tx, ann, id));
    assert!(matches!(error, types::Error::NotFound { .. }), "{error:?}");
    let app = "Authenticator app code".to_owned();
    let audited = f.audited();
    for activity in [
        "Admin registered security info",
        "Admin deleted security info",
    ] {
        assert!(
            audited.contains(&(activity.into(), app.clone())),
            "{audited:?}"
        );
    }
}
