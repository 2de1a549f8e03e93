//! Decisions and their traces.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at what it does not expect"
)]

use crate::common::{Fixture, everyone, fixture, list, object, partner};
use access::{Channel, Direction, Subject, TEAMS, Trust};
use serde_json::json;
use types::trace::Trace;
use types::{Id, TenantId, kind};
use uuid::Uuid;

const KAY: Id<kind::User> = Id::new(Uuid::from_u128(0xa));
const LEE: Id<kind::User> = Id::new(Uuid::from_u128(0xb));
const SALES: Id<kind::Group> = Id::new(Uuid::from_u128(0xc));
const APP: Uuid = Uuid::from_u128(0xd);

fn enter(f: &Fixture, id: TenantId, user: Id<kind::User>, application: Option<Uuid>) -> Trace {
    let groups: &[Id<kind::Group>] = if user == KAY { &[SALES] } else { &[] };
    let subject = Subject { user, groups };
    f.decide(id, |rules| {
        rules.sign_in(
            Direction::Inbound,
            Channel::Collaboration,
            &subject,
            application,
        )
    })
}

#[test]
fn without_an_entry_only_collaboration_is_open() {
    let f = fixture();
    let id = partner(1);
    let subject = Subject {
        user: KAY,
        groups: &[],
    };
    for direction in [Direction::Inbound, Direction::Outbound] {
        let of = |channel| {
            f.decide(id, |rules| {
                rules.sign_in(direction, channel, &subject, Some(TEAMS))
            })
        };
        let open = of(Channel::Collaboration);
        assert!(open.allowed);
        assert_eq!(open.steps.len(), 2);
        let closed = of(Channel::DirectConnect);
        assert!(!closed.allowed);
        let step = closed.refusal().unwrap();
        assert_eq!(step.tenant_id, f.tenant);
        assert_eq!(step.value, "blocked: AllUsers");
        assert!(
            step.setting.starts_with("default.b2bDirectConnect"),
            "{}",
            step.setting
        );
        assert!(!f.decide(id, |rules| rules.sync(direction)).allowed);
        assert!(
            !f.decide(id, |rules| rules.consent_suppressed(direction))
                .allowed
        );
    }
    assert_eq!(f.read(|tx| access::inbound_trust(tx, id)), Trust::default());
}

#[test]
fn synchronization_needs_its_settings_in_order_and_each_mend_is_a_request_that_helps() {
    let f = fixture();
    let id = partner(1);
    let ask = || f.read(|tx| access::inbound_sync(tx, id));
    let refused = |setting: &str, value: &str, method: &str| {
        let trace = ask();
        let step = trace.refusal().unwrap().clone();
        assert_eq!(step.setting, format!("partners/{id}.{setting}"));
        assert_eq!((step.value.as_str(), step.tenant_id), (value, f.tenant));
        let mend = step.mend.unwrap();
        assert_eq!(mend.method, method);
        f.mend(&mend).unwrap();
    };
    let sync = "identitySynchronization.userSyncInbound.isSyncAllowed";
    let consent = "automaticUserConsentSettings.inboundAllowed";
    refused(sync, "not set", "POST");
    refused(consent, "false", "PATCH");
    assert!(ask().allowed);
    assert_eq!(ask().steps.len(), 2);
    f.patch_sync(id, json!({"userSyncInbound": {"isSyncAllowed": false}}))
        .unwrap();
    refused(sync, "false", "PATCH");
    f.write(move |tx| access::delete_identity_sync(tx, id))
        .unwrap();
    refused(sync, "not set", "PUT");
    assert!(ask().allowed);

    let home = |f: &Fixture| f.read(|tx| access::outbound_sync(tx, partner(2)));
    let mend = home(&f).refusal().unwrap().mend.clone().unwrap();
    assert_eq!(
        mend.body,
        json!({
            "tenantId": partner(2), "automaticUserConsentSettings": {"outboundAllowed": true},
        })
    );
    f.mend(&mend).unwrap();
    assert!(home(&f).allowed);
    // Each direction has its own pair of switches.
    let inbound = f.read(|tx| access::consent_suppressed(tx, partner(2), Direction::Inbound));
    assert!(!inbound.allowed);
}

#[test]
fn lists_name_users_groups_and_applications() {
    let (kay, sales, app) = (KAY.to_string(), SALES.to_string(), APP.to_string());
    let users = |access: &str, kind: &str, target: &str| json!({"b2bCollaborationInbound": {"usersAndGroups": list(access, kind, &[target])}});
    let applications = |access: &str, target: &str| json!({"b2bCollaborationInbound": {"applications": list(access, "application", &[target])}});
    // The body; whether Kay, Lee, Kay with our application, Kay with Teams may come in.
    for (body, expected) in [
        (users("allowed", "user", &kay), [true, false, true, true]),
        (users("allowed", "group", &sales), [true, false, true, true]),
        (users("blocked", "user", &kay), [false, true, false, false]),
        (
            users("blocked", "group", &sales),
            [false, true, false, false],
        ),
        // A group's id says nothing about a user with the same id.
        (users("blocked", "group", &kay), [true, true, true, true]),
        (applications("allowed", &app), [true, true, true, false]),
        (applications("blocked", &app), [true, true, false, true]),
        (
            applications("allowed", "Office365"),
            [true, true, false, true],
        ),
        (
            applications("blocked", "Office365"),
            [true, true, true, false],
        ),
        (
            applications("blocked", "AllApplications"),
            [true, true, false, false],
        ),
        (
            json!({"b2bCollaborationInbound": everyone("blocked")}),
            [false; 4],
        ),
    ] {
        let f = fixture();
        let id = partner(1);
        f.create(body.clone(), id).unwrap();
        let asked = [
            enter(&f, id, KAY, None),
            enter(&f, id, LEE, None),
            enter(&f, id, KAY, Some(APP)),
            enter(&f, id, KAY, Some(TEAMS)),
        ];
        assert_eq!(asked.map(|trace| trace.allowed), expected, "{body}");
    }
}

#[test]
fn a_half_that_is_null_inherits_the_default() {
    let f = fixture();
    let id = partner(1);
    f.create(
        json!({"b2bCollaborationInbound": {
            "usersAndGroups": list("allowed", "user", &[&KAY.to_string()]),
        }}),
        id,
    )
    .unwrap();
    assert!(enter(&f, id, KAY, Some(APP)).allowed);
    let blocked = json!({"b2bCollaborationInbound": everyone("blocked")});
    f.write(move |tx| access::update_default(tx, &object(blocked)))
        .unwrap();
    assert!(enter(&f, id, KAY, None).allowed);
    let trace = enter(&f, id, KAY, Some(APP));
    let step = trace.refusal().unwrap();
    assert_eq!(step.setting, "default.b2bCollaborationInbound.applications");
    // The mend is for this partner alone, never for everybody.
    f.mend(step.mend.as_ref().unwrap()).unwrap();
    assert!(enter(&f, id, KAY, Some(APP)).allowed);
    assert!(!enter(&f, partner(2), KAY, None).allowed);
}

#[test]
fn a_mend_opens_no_more_than_it_must() {
    let (kay, lee, sales) = (KAY.to_string(), LEE.to_string(), SALES.to_string());
    let everyone_in = list("allowed", "user", &["AllUsers"]);
    for (before, after) in [
        (
            list("blocked", "user", &["AllUsers"]),
            list("allowed", "user", &[&kay]),
        ),
        (
            list("blocked", "user", &[&kay, &lee]),
            list("blocked", "user", &[&lee]),
        ),
        (list("blocked", "user", &[&kay]), everyone_in.clone()),
        (list("blocked", "group", &[&sales]), everyone_in),
        (
            list("allowed", "user", &[&lee]),
            list("allowed", "user", &[&lee, &kay]),
        ),
    ] {
        let f = fixture();
        let id = partner(1);
        f.create(
            json!({"b2bCollaborationInbound": {"usersAndGroups": before}}),
            id,
        )
        .unwrap();
        let mend = enter(&f, id, KAY, None)
            .refusal()
            .unwrap()
            .mend
            .clone()
            .unwrap();
        assert_eq!(
            mend.body,
            json!({"b2bCollaborationInbound": {"usersAndGroups": after}})
        );
        f.mend(&mend).unwrap();
        assert!(enter(&f, id, KAY, None).allowed);
    }
    // A list that is full has no mend.
    let f = fixture();
    let full: Vec<String> = (0..1_000).map(|i| partner(i).to_string()).collect();
    let full: Vec<&str> = full.iter().map(String::as_str).collect();
    let body =
        json!({"b2bCollaborationInbound": {"usersAndGroups": list("allowed", "user", &full)}});
    f.create(body, partner(1)).unwrap();
    let trace = enter(&f, partner(1), KAY, None);
    assert_eq!(trace.refusal().unwrap().value, "allowed: 1000 listed");
    assert_eq!(trace.refusal().unwrap().mend, None);
}

#[test]
fn nobody_who_is_listed_is_disclosed() {
    let f = fixture();
    let id = partner(1);
    let body = json!({"b2bCollaborationInbound": {
        "usersAndGroups": list("allowed", "user", &[&LEE.to_string()]),
    }});
    f.create(body, id).unwrap();
    let trace = enter(&f, id, KAY, None);
    let step = trace.refusal().unwrap();
    assert_eq!(step.value, "allowed: 1 listed");
    assert!(!format!("{}{}{}", step.setting, step.value, step.reason).contains(&LEE.to_string()));
    let text = serde_json::to_string(&access::disclosed(trace)).unwrap();
    assert!(!text.contains(&LEE.to_string()), "{text}");
    // What holds no list is kept.
    let trace = access::disclosed(f.read(|tx| access::outbound_sync(tx, id)));
    assert!(trace.refusal().unwrap().mend.is_some());
}

#[test]
fn trust_is_inherited_claim_by_claim() {
    let f = fixture();
    let id = partner(1);
    let default = json!({"inboundTrust": {
        "isMfaAccepted": true, "isCompliantDeviceAccepted": true,
    }});
    f.write(move |tx| access::update_default(tx, &object(default)))
        .unwrap();
    f.create(
        json!({"inboundTrust": {
            "isCompliantDeviceAccepted": false, "isHybridAzureADJoinedDeviceAccepted": true,
        }}),
        id,
    )
    .unwrap();
    let trust = f.read(|tx| access::inbound_trust(tx, id));
    assert_eq!(
        trust,
        Trust {
            mfa: true,
            compliant_device: false,
            hybrid_joined: true
        }
    );
}
