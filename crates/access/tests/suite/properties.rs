//! What holds of every decision, whatever the settings are.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at what it does not expect"
)]

use crate::common::{Fixture, fixture, list, partner};
use access::{Channel, Direction, Rules, Subject};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use types::trace::Trace;
use types::{Id, TenantId, kind};
use uuid::Uuid;

const USER: Id<kind::User> = Id::new(Uuid::from_u128(1));
const GROUPS: [Id<kind::Group>; 1] = [Id::new(Uuid::from_u128(3))];

fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

/// One of: the user, another, the user's group, another, all; as a target.
fn users() -> impl Strategy<Value = Value> {
    let target = prop_oneof![
        Just(json!({"target": id(1), "targetType": "user"})),
        Just(json!({"target": id(2), "targetType": "user"})),
        Just(json!({"target": id(3), "targetType": "group"})),
        Just(json!({"target": id(4), "targetType": "group"})),
        Just(json!({"target": "AllUsers", "targetType": "user"})),
    ];
    half(target)
}

fn applications() -> impl Strategy<Value = Value> {
    let target = prop_oneof![
        Just(json!({"target": id(5), "targetType": "application"})),
        Just(json!({"target": id(6), "targetType": "application"})),
        Just(json!({"target": access::TEAMS, "targetType": "application"})),
        Just(json!({"target": "Office365", "targetType": "application"})),
        Just(json!({"target": "AllApplications", "targetType": "application"})),
    ];
    half(target)
}

/// A list of one to three, or null.
fn half(target: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    let access = prop_oneof![Just("allowed"), Just("blocked")];
    let targets = proptest::collection::vec(target, 1..4);
    prop_oneof![
        1 => Just(Value::Null),
        6 => (access, targets).prop_map(|(a, t)| json!({"accessType": a, "targets": t})),
    ]
}

#[derive(Debug, Clone)]
struct Case {
    part: Value,
    consent: Value,
    sync: Option<Value>,
    exists: bool,
    direction: Direction,
    channel: Channel,
    application: Option<Uuid>,
}

fn cases() -> impl Strategy<Value = Case> {
    let flag = || prop_oneof![Just(Value::Null), Just(json!(true)), Just(json!(false))];
    let part = (users(), applications()).prop_map(
        |(users, applications)| json!({"usersAndGroups": users, "applications": applications}),
    );
    let application = prop_oneof![
        Just(None),
        Just(Some(Uuid::from_u128(5))),
        Just(Some(Uuid::from_u128(7))),
        Just(Some(access::TEAMS)),
    ];
    (
        part,
        (flag(), flag()).prop_map(|(i, o)| json!({"inboundAllowed": i, "outboundAllowed": o})),
        proptest::option::of(flag().prop_map(|f| json!({"isSyncAllowed": f}))),
        prop::bool::weighted(0.9),
        prop_oneof![Just(Direction::Inbound), Just(Direction::Outbound)],
        prop_oneof![Just(Channel::Collaboration), Just(Channel::DirectConnect)],
        application,
    )
        .prop_map(
            |(part, consent, sync, exists, direction, channel, application)| Case {
                part,
                consent,
                sync,
                exists,
                direction,
                channel,
                application,
            },
        )
}

impl Case {
    fn part_name(&self) -> &'static str {
        match (self.direction, self.channel) {
            (Direction::Outbound, Channel::Collaboration) => "b2bCollaborationOutbound",
            (Direction::Inbound, Channel::Collaboration) => "b2bCollaborationInbound",
            (Direction::Outbound, Channel::DirectConnect) => "b2bDirectConnectOutbound",
            (Direction::Inbound, Channel::DirectConnect) => "b2bDirectConnectInbound",
        }
    }
    /// Writes the settings for a new partner; `None` where they are refused as a contradiction.
    fn set_up(&self, f: &Fixture, number: u128) -> Option<TenantId> {
        let of = partner(number);
        if self.exists {
            let mut body = json!({
                self.part_name(): self.part, "automaticUserConsentSettings": self.consent,
            });
            if let Some(sync) = &self.sync {
                body["identitySynchronization"] = json!({"userSyncInbound": sync});
            }
            f.create(body, of).ok()?;
        }
        Some(of)
    }
    fn sign_in(&self, rules: &Rules) -> Trace {
        let subject = Subject {
            user: USER,
            groups: &GROUPS,
        };
        rules.sign_in(self.direction, self.channel, &subject, self.application)
    }
    /// All decisions about the case.
    fn traces(&self, f: &Fixture, of: TenantId) -> [Trace; 3] {
        [
            f.decide(of, |rules| self.sign_in(rules)),
            f.decide(of, |rules| rules.sync(self.direction)),
            f.decide(of, |rules| rules.consent_suppressed(self.direction)),
        ]
    }
}

/// Runs a property on fresh partners of one tenant.
fn check(property: impl Fn(&Fixture, &Case, TenantId) -> Result<(), TestCaseError>) {
    let f = fixture();
    let number = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&cases(), |case| {
            number.set(number.get() + 1);
            match case.set_up(&f, number.get()) {
                Some(of) => property(&f, &case, of),
                None => Err(TestCaseError::reject("refused as a contradiction")),
            }
        })
        .unwrap();
}

#[test]
fn applying_a_mend_lets_its_step_pass() {
    check(|f, case, of| {
        for which in 0..3 {
            // A decision has at most two steps, so it takes at most two mends.
            for _ in 0..2 {
                let trace = case.traces(f, of)[which].clone();
                let Some(refusal) = trace.refusal() else {
                    break;
                };
                let mend = refusal.mend.clone();
                prop_assert!(mend.is_some(), "{refusal:?} has no mend");
                let mend = mend.unwrap();
                let done = f.mend(&mend);
                prop_assert!(done.is_ok(), "{mend:?} was refused: {done:?}");
                let after = &case.traces(f, of)[which];
                let step = &after.steps[trace.steps.len() - 1];
                prop_assert!(step.allowed, "{mend:?} didn't help: {step:?}");
            }
            let trace = &case.traces(f, of)[which];
            prop_assert!(trace.allowed, "{trace:?}");
        }
        Ok(())
    });
}

#[test]
fn adding_a_block_never_turns_a_no_into_a_yes() {
    check(|f, case, of| {
        if !case.exists {
            return Ok(());
        }
        let before = f.decide(of, |rules| case.sign_in(rules)).allowed;
        let part = case.part_name();
        let entry = f.partner(of)[part].clone();
        for half in ["usersAndGroups", "applications"] {
            let (kind, all, one) = match half {
                "usersAndGroups" => ("user", "AllUsers", id(1)),
                _ => ("application", "AllApplications", id(5)),
            };
            let list_now = &entry[half];
            let mut tighter = vec![list("blocked", kind, &[all])];
            if list_now["accessType"] == "blocked" {
                // One more is blocked.
                let mut more = list_now.clone();
                let target = json!({"target": one, "targetType": kind});
                more["targets"].as_array_mut().unwrap().push(target);
                tighter.push(more);
            } else if let Some(targets) = list_now["targets"].as_array().filter(|t| t.len() > 1) {
                // One fewer is allowed.
                tighter.push(json!({"accessType": "allowed", "targets": targets[1..]}));
            }
            for list in tighter {
                // A contradiction is refused and changes nothing, which is as good.
                let _ = f.update(of, json!({part: {half: list}}));
                let after = f.decide(of, |rules| case.sign_in(rules)).allowed;
                prop_assert!(before || !after);
                f.update(of, json!({part: null})).unwrap();
                f.update(of, json!({part: entry})).unwrap();
            }
        }
        Ok(())
    });
}

#[test]
fn a_trace_is_a_yes_only_if_each_step_is_and_a_no_ends_it() {
    check(|f, case, of| {
        for trace in case.traces(f, of) {
            prop_assert!(!trace.steps.is_empty());
            prop_assert_eq!(trace.allowed, trace.steps.iter().all(|step| step.allowed));
            let (last, before) = trace.steps.split_last().unwrap();
            prop_assert!(before.iter().all(|step| step.allowed));
            prop_assert_eq!(last.allowed, last.mend.is_none());
            prop_assert!(trace.steps.iter().all(|step| step.tenant_id == f.tenant));
        }
        Ok(())
    });
}

#[test]
fn both_sides_have_to_agree() {
    // Home and resource are two tenants, each with its own rules about the other.
    let (home, resource) = (fixture(), fixture());
    for (out, inn) in [(true, true), (true, false), (false, true), (false, false)] {
        for (f, of, member, value) in [
            (&home, resource.tenant, "outboundAllowed", out),
            (&resource, home.tenant, "inboundAllowed", inn),
        ] {
            let body = json!({"automaticUserConsentSettings": {member: value}});
            if f.create(body.clone(), of).is_err() {
                f.update(of, body).unwrap();
            }
        }
        let mut trace = home.decide(resource.tenant, |r| {
            r.consent_suppressed(Direction::Outbound)
        });
        trace.join(resource.decide(home.tenant, |r| r.consent_suppressed(Direction::Inbound)));
        assert_eq!(trace.allowed, out && inn);
        let decider = if out { resource.tenant } else { home.tenant };
        assert_eq!(trace.steps.last().unwrap().tenant_id, decider);
    }
}
