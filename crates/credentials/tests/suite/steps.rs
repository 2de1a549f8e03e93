//! What comes next: the paths that people take, and that no path leads around what is demanded.

use std::collections::BTreeSet;

use credentials::step::{self, Demand, Proven, Step};
use credentials::{Kind, Policy, Standing};
use directory::users::PasswordChange;
use proptest::prelude::*;

const KINDS: [Kind; 5] = [
    Kind::Password,
    Kind::Passkey,
    Kind::Totp,
    Kind::RecoveryCode,
    Kind::TemporaryAccessPass,
];

fn proven(kinds: &[Kind]) -> Proven {
    let mut proven = Proven::nothing();
    for kind in kinds {
        proven.add(*kind);
    }
    proven
}

fn next(standing: &Standing, kinds: &[Kind]) -> Step {
    let policy = Policy::default();
    step::next(&policy, standing, &proven(kinds), Demand::default())
}

fn done(amr: &[&str]) -> Step {
    Step::Done {
        amr: amr.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn both() -> Vec<Kind> {
    vec![Kind::Passkey, Kind::Totp]
}

#[test]
fn who_needs_nothing_more_is_done_with_the_first_factor() {
    let standing = Standing::default();
    assert_eq!(
        next(&standing, &[]),
        Step::FirstFactor {
            options: vec![Kind::Password, Kind::Passkey, Kind::TemporaryAccessPass]
        }
    );
    assert_eq!(next(&standing, &[Kind::Password]), done(&["pwd"]));
    assert_eq!(next(&standing, &[Kind::Passkey]), done(&["fido", "mfa"]));
    assert_eq!(
        next(&standing, &[Kind::TemporaryAccessPass]),
        done(&["otp", "mfa"])
    );
}

#[test]
fn who_has_another_factor_shows_it_where_two_are_demanded() {
    let standing = Standing {
        needs_multifactor: true,
        registered: both(),
        usable: both(),
        registrable: both(),
        has_recovery_codes: true,
        ..Standing::default()
    };
    assert_eq!(
        next(&standing, &[Kind::Password]),
        Step::SecondFactor {
            options: vec![Kind::Passkey, Kind::Totp, Kind::RecoveryCode]
        }
    );
    assert_eq!(
        next(&standing, &[Kind::Password, Kind::Totp]),
        done(&["pwd", "otp", "mfa"])
    );
    assert_eq!(
        next(&standing, &[Kind::Password, Kind::RecoveryCode]),
        done(&["pwd", "otp", "mfa"])
    );
    assert_eq!(next(&standing, &[Kind::Passkey]), done(&["fido", "mfa"]));
    // Codes by themselves say nothing of who it is.
    assert!(matches!(
        next(&standing, &[Kind::Totp, Kind::RecoveryCode]),
        Step::FirstFactor { .. }
    ));
}

#[test]
fn who_has_none_registers_one_and_is_done() {
    let mut standing = Standing {
        needs_multifactor: true,
        registrable: both(),
        ..Standing::default()
    };
    let register = Step::Register { options: both() };
    assert_eq!(next(&standing, &[Kind::Password]), register);
    assert_eq!(next(&standing, &[Kind::TemporaryAccessPass]), register);
    standing.registered = vec![Kind::Totp];
    standing.usable = vec![Kind::Totp];
    assert_eq!(
        next(&standing, &[Kind::Password, Kind::Totp]),
        done(&["pwd", "otp", "mfa"])
    );
    // Who comes back with the password only has to show it.
    assert!(matches!(
        next(&standing, &[Kind::Password]),
        Step::SecondFactor { .. }
    ));
}

#[test]
fn a_client_may_ask_for_more_than_the_tenant() {
    let standing = Standing {
        registrable: both(),
        ..Standing::default()
    };
    let demand = Demand { multifactor: true };
    let policy = Policy::default();
    let next = |kinds: &[Kind]| step::next(&policy, &standing, &proven(kinds), demand);
    assert!(matches!(next(&[Kind::Password]), Step::Register { .. }));
    assert_eq!(next(&[Kind::Passkey]), done(&["fido", "mfa"]));
}

#[test]
fn methods_that_were_switched_off_arent_replaced_by_who_has_the_password_only() {
    let standing = Standing {
        needs_multifactor: true,
        registered: vec![Kind::Totp],
        registrable: vec![Kind::Passkey],
        has_recovery_codes: true,
        ..Standing::default()
    };
    assert_eq!(next(&standing, &[Kind::Password]), Step::AskAdministrator);
    assert!(!step::may_manage(&standing, &proven(&[Kind::Password])));
    assert_eq!(
        next(&standing, &[Kind::TemporaryAccessPass]),
        done(&["otp", "mfa"])
    );
    assert!(step::may_manage(
        &standing,
        &proven(&[Kind::TemporaryAccessPass])
    ));
}

#[test]
fn a_password_is_changed_by_who_has_shown_all_that_is_demanded() {
    let mut standing = Standing {
        password_change: PasswordChange::AtNextSignIn,
        ..Standing::default()
    };
    assert_eq!(next(&standing, &[Kind::Password]), Step::ChangePassword);
    // Who didn't use it isn't asked for another.
    assert_eq!(next(&standing, &[Kind::Passkey]), done(&["fido", "mfa"]));
    standing.registered = vec![Kind::Totp];
    standing.usable = vec![Kind::Totp];
    standing.password_change = PasswordChange::AtNextSignInWithMultifactor;
    assert!(matches!(
        next(&standing, &[Kind::Password]),
        Step::SecondFactor { .. }
    ));
    assert_eq!(
        next(&standing, &[Kind::Password, Kind::Totp]),
        Step::ChangePassword
    );
}

fn factors() -> impl Strategy<Value = Vec<Kind>> {
    proptest::sample::subsequence(both(), 0..=2)
}

prop_compose! {
    fn standings()(
        needs_multifactor: bool,
        registered in factors(),
        allowed in factors(),
        registrable in factors(),
        has_codes: bool,
        change in 0..3_u8,
    ) -> Standing {
        Standing {
            needs_multifactor,
            usable: registered.iter().copied().filter(|it| allowed.contains(it)).collect(),
            has_recovery_codes: has_codes && !registered.is_empty(),
            registered,
            registrable,
            password_change: match change {
                0 => PasswordChange::None,
                1 => PasswordChange::AtNextSignIn,
                _ => PasswordChange::AtNextSignInWithMultifactor,
            },
        }
    }
}

/// What somebody can do who has some of the secrets: all ends that can be reached by taking what is
/// offered.
fn ends(
    standing: Standing,
    demand: Demand,
    secrets: &BTreeSet<Kind>,
) -> Vec<(Standing, Proven, Step)> {
    let policy = Policy::default();
    let mut ends = Vec::new();
    let mut open = vec![(standing, Proven::nothing(), 0)];
    while let Some((standing, proven, depth)) = open.pop() {
        let step = step::next(&policy, &standing, &proven, demand);
        assert!(depth < 6, "it comes to an end: {step:?}");
        match &step {
            Step::FirstFactor { options } | Step::SecondFactor { options } => {
                for kind in options.iter().filter(|kind| secrets.contains(kind)) {
                    let mut proven = proven.clone();
                    proven.add(*kind);
                    open.push((standing.clone(), proven, depth + 1));
                }
            }
            Step::Register { options } => {
                assert!(
                    step::may_manage(&standing, &proven),
                    "{standing:?} {proven:?}"
                );
                assert!(!options.is_empty());
                for kind in options {
                    let (mut standing, mut proven) = (standing.clone(), proven.clone());
                    standing.registered.push(*kind);
                    standing.usable.push(*kind);
                    proven.add(*kind);
                    open.push((standing, proven, depth + 1));
                }
            }
            Step::ChangePassword => {
                let mut standing = standing.clone();
                standing.password_change = PasswordChange::None;
                open.push((standing, proven.clone(), depth + 1));
            }
            Step::AskAdministrator | Step::Done { .. } => {
                ends.push((standing.clone(), proven.clone(), step.clone()));
            }
        }
    }
    ends
}

proptest! {
    #[test]
    fn no_path_leads_to_the_end_without_what_is_demanded(
        standing in standings(),
        multifactor: bool,
        secrets in proptest::sample::subsequence(KINDS.to_vec(), 0..=5),
    ) {
        let secrets: BTreeSet<Kind> = secrets.into_iter().collect();
        let demand = Demand { multifactor };
        let had_none = standing.registered.is_empty();
        for (at_end, proven, step) in ends(standing.clone(), demand, &secrets) {
            let Step::Done { amr } = step else { continue };
            prop_assert!(proven.is_known());
            let demanded = standing.needs_multifactor || multifactor;
            if demanded {
                prop_assert!(amr.iter().any(|name| name == "mfa"), "{amr:?}");
            }
            // Two factors that were demanded are secrets that the person has, unless there was none.
            if demanded && !had_none {
                let one = [Kind::Passkey, Kind::TemporaryAccessPass];
                let two = [Kind::Totp, Kind::RecoveryCode, Kind::Passkey];
                prop_assert!(
                    one.iter().any(|kind| secrets.contains(kind))
                        || secrets.contains(&Kind::Password)
                            && two.iter().any(|kind| secrets.contains(kind))
                );
                // And nothing was registered on the way by who hasn't shown it.
                prop_assert_eq!(&at_end.registered, &standing.registered);
            }
            if proven.has(Kind::Password) {
                prop_assert_eq!(at_end.password_change, PasswordChange::None);
            }
        }
    }

    #[test]
    fn before_anything_is_proven_all_are_alike(
        one in standings(),
        other in standings(),
        multifactor: bool,
    ) {
        let policy = Policy::default();
        let demand = Demand { multifactor };
        let nothing = Proven::nothing();
        let expected = step::first(&policy);
        prop_assert_eq!(&step::next(&policy, &one, &nothing, demand), &expected);
        prop_assert_eq!(&step::next(&policy, &other, &nothing, demand), &expected);
    }
}
