//! Guessing: what is free, what has to wait, and whom it doesn't hold up.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use credentials::device::Device;
use credentials::throttle::{self, Attempt, Guess};
use types::Timestamp;

use crate::common::{ANN, Fixture, fixture};

fn ip(last: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, last).into()
}

/// An address in another network for each number.
fn far(number: u16) -> IpAddr {
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(198, high, low, 1).into()
}

fn device(f: &Fixture, name: &str) -> Device {
    let now = f.read(|tx| Ok(tx.now()));
    let mut device = Device::new([1; 16], now);
    device.note(name, now);
    device
}

fn wait(f: &Fixture, attempt: &Attempt, guess: Guess) -> Option<u32> {
    f.read(|tx| throttle::check(tx, attempt, guess))
}

/// Fails as often, whenever that is allowed at once; answers how often it was.
fn guess(f: &Fixture, attempt: &Attempt, guess: Guess, times: usize) -> usize {
    let mut made = 0;
    for _ in 0..times {
        if wait(f, attempt, guess).is_some() {
            break;
        }
        made += 1;
        let attempt = attempt.clone();
        f.write(move |tx| throttle::failed(tx, &attempt, guess));
    }
    made
}

#[test]
fn a_few_guesses_are_free_and_then_each_costs_twice_the_wait() {
    let f = fixture();
    let here = Attempt::new(ANN, ip(1), None);
    assert_eq!(guess(&f, &here, Guess::Secret, 100), 10);
    let mut waits = Vec::new();
    for _ in 0..9 {
        let seconds = wait(&f, &here, Guess::Secret).unwrap();
        waits.push(seconds);
        f.clock.advance_seconds(i64::from(seconds) - 1);
        assert_eq!(wait(&f, &here, Guess::Secret), Some(1));
        f.clock.advance_seconds(1);
        assert_eq!(guess(&f, &here, Guess::Secret, 5), 1);
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
    // Spelled otherwise it is the same name, and next door the same network.
    let next_door = Attempt::new(" ANN@contoso.example", ip(200), None);
    assert!(wait(&f, &next_door, Guess::Secret).is_some());
    f.clock.advance_seconds(24 * 3_600);
    assert_eq!(wait(&f, &here, Guess::Secret), None);
}

#[test]
fn names_that_nobody_has_are_counted_alike() {
    let f = fixture();
    let (ann, nobody) = (
        Attempt::new(ANN, ip(1), None),
        Attempt::new("nobody@contoso.example", ip(1), None),
    );
    assert_eq!(
        guess(&f, &ann, Guess::Secret, 50),
        guess(&f, &nobody, Guess::Secret, 50)
    );
    assert_eq!(
        wait(&f, &ann, Guess::Secret),
        wait(&f, &nobody, Guess::Secret)
    );
}

#[test]
fn a_stranger_doesnt_shut_the_owner_out() {
    let f = fixture();
    for number in 0..100 {
        guess(&f, &Attempt::new(ANN, far(number), None), Guess::Secret, 20);
    }
    let at_home = Attempt::new(ANN, ip(1), None);
    // From a network that hasn't guessed: one try, which is enough for who knows the password.
    assert_eq!(guess(&f, &at_home, Guess::Secret, 20), 1);
    // At a browser where she has signed in before: as if nothing was, in the attacked network too.
    let known = device(&f, ANN);
    for address in [ip(1), far(3)] {
        let attempt = Attempt::new(ANN, address, Some(&known));
        assert_eq!(wait(&f, &attempt, Guess::Secret), None);
    }
    // Who has that browser for another name is a stranger for this one.
    let strange = device(&f, "ben@contoso.example");
    assert!(
        wait(
            &f,
            &Attempt::new(ANN, far(3), Some(&strange)),
            Guess::Secret
        )
        .is_some()
    );
    // And guesses at the known browser have their own end.
    let there = Attempt::new(ANN, ip(1), Some(&known));
    assert_eq!(guess(&f, &there, Guess::Secret, 50), 10);
}

#[test]
fn who_gets_in_begins_anew() {
    let f = fixture();
    let here = Attempt::new(ANN, ip(1), None);
    assert_eq!(guess(&f, &here, Guess::Secret, 9), 9);
    let passed = here.clone();
    f.write(move |tx| throttle::passed(tx, &passed, Guess::Secret));
    assert_eq!(guess(&f, &here, Guess::Secret, 50), 10);
}

#[test]
fn one_password_tried_on_everybody_ends_with_the_addresss_budget() {
    let f = fixture();
    let mut made = 0;
    for number in 0..150 {
        let name = format!("user{number}@contoso.example");
        made += guess(&f, &Attempt::new(&name, ip(1), None), Guess::Secret, 1);
    }
    assert_eq!(made, 100);
    // Another address isn't held up, nor is a browser that is known.
    assert_eq!(
        wait(&f, &Attempt::new(ANN, far(1), None), Guess::Secret),
        None
    );
    let known = device(&f, ANN);
    let at_known = Attempt::new(ANN, ip(1), Some(&known));
    assert_eq!(wait(&f, &at_known, Guess::Secret), None);
    let fresh = Attempt::new("fresh@contoso.example", ip(1), None);
    assert!(wait(&f, &fresh, Guess::Secret).is_some());
    f.clock.advance_seconds(36);
    assert_eq!(guess(&f, &fresh, Guess::Secret, 2), 1, "one is forgiven");
}

#[test]
fn codes_are_counted_for_the_user_wherever_they_are_tried() {
    let f = fixture();
    let mut made = 0;
    for number in 0..30 {
        made += guess(&f, &Attempt::new(ANN, far(number), None), Guess::Code, 5);
    }
    assert_eq!(made, 10);
    let known = device(&f, ANN);
    let there = Attempt::new(ANN, far(3), Some(&known));
    assert_eq!(wait(&f, &there, Guess::Code), None);
    // Passwords are another count.
    assert_eq!(
        wait(&f, &Attempt::new(ANN, far(3), None), Guess::Secret),
        None
    );
}

#[test]
fn a_customers_ipv6_network_is_one_and_a_mapped_address_is_ipv4() {
    let f = fixture();
    let v6 = |last: u16| IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 7, last, 0, 0, 0, last));
    assert_eq!(
        guess(&f, &Attempt::new(ANN, v6(1), None), Guess::Secret, 50),
        10
    );
    assert!(wait(&f, &Attempt::new(ANN, v6(2), None), Guess::Secret).is_some());
    let mapped = IpAddr::from(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped());
    assert_eq!(
        guess(&f, &Attempt::new(ANN, mapped, None), Guess::Secret, 50),
        10
    );
    assert!(wait(&f, &Attempt::new(ANN, ip(9), None), Guess::Secret).is_some());
}

#[test]
fn a_browsers_cookie_is_this_tenants_and_ends() {
    let f = fixture();
    let cookie = device(&f, ANN).seal(&f.sealer, f.tenant).unwrap();
    let now = f.read(|tx| Ok(tx.now()));
    let open = |tenant, text: &str, now| Device::open(&f.sealer, tenant, text, now);
    assert!(
        open(f.tenant, cookie.expose(), now)
            .unwrap()
            .knows("ANN@Contoso.example")
    );
    let elsewhere = types::TenantId::new(uuid::Uuid::from_u128(7));
    assert!(open(elsewhere, cookie.expose(), now).is_none());
    assert!(open(f.tenant, "nonsense", now).is_none());
    let later = Timestamp(now.0).plus_seconds(365 * 24 * 3_600);
    assert!(open(f.tenant, cookie.expose(), later).is_none());
    // So many people sign in at one browser, and no more are kept.
    let mut shared = device(&f, ANN);
    for number in 0..10 {
        shared.note(&format!("user{number}@contoso.example"), now);
    }
    assert!(!shared.knows(ANN));
}
