//! Templates and membership: what a join changes, shown before and done alike.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at what it does not expect"
)]

use crate::common::{Fixture, everyone, fixture, list, object, partner};
use access::SettingChange;
use serde_json::{Value, json};
use types::TenantId;

fn templates(f: &Fixture, partners: Value, syncs: Value) {
    f.write(move |tx| {
        access::update_partner_template(tx, &object(partners))?;
        access::update_identity_sync_template(tx, &object(syncs))
    })
    .unwrap();
}

/// What the admin centre sets when an admin gives both consents.
fn consents() -> (Value, Value) {
    (
        json!({"automaticUserConsentSettings": {"inboundAllowed": true, "outboundAllowed": true}}),
        json!({"userSyncInbound": {"isSyncAllowed": true}}),
    )
}

/// Applies the templates, after checking that the preview says the same.
fn join(f: &Fixture, id: TenantId) -> Vec<SettingChange> {
    let before = f.changes().len();
    let preview = f.read(|tx| access::preview_templates(tx, id));
    assert_eq!(f.changes().len(), before, "a preview writes nothing");
    let applied = f.write(move |tx| access::apply_templates(tx, id)).unwrap();
    assert_eq!(preview, applied);
    applied
}

fn short(changes: &[SettingChange]) -> Vec<(String, bool, bool)> {
    let short = |change: &SettingChange| {
        let setting = change.setting.rsplit_once('.').unwrap().1;
        (setting.to_owned(), change.existing, change.loosens)
    };
    changes.iter().map(short).collect()
}

#[test]
fn without_templates_a_join_makes_entries_that_inherit() {
    let f = fixture();
    let id = partner(1);
    assert_eq!(join(&f, id), []);
    let entry = f.partner(id);
    assert_eq!(entry["inboundTrust"], Value::Null);
    assert_eq!(
        entry["automaticUserConsentSettings"]["inboundAllowed"],
        Value::Null
    );
    assert_eq!(f.sync(id)["userSyncInbound"], Value::Null);
    assert!(
        !f.decide(id, |rules| rules.sync(access::Direction::Inbound))
            .allowed
    );
}

#[test]
fn values_overwrite_and_nulls_leave_alone() {
    let f = fixture();
    let (new, old) = (partner(1), partner(2));
    let (partners, syncs) = consents();
    templates(&f, partners, syncs);
    f.create(
        json!({
            "automaticUserConsentSettings": {"inboundAllowed": false, "outboundAllowed": true},
            "inboundTrust": {"isMfaAccepted": true},
        }),
        old,
    )
    .unwrap();
    let changes = join(&f, new);
    let all = [
        ("inboundAllowed".to_owned(), false, true),
        ("outboundAllowed".to_owned(), false, true),
        ("isSyncAllowed".to_owned(), false, true),
    ];
    assert_eq!(short(&changes), all);
    assert_eq!(
        changes[0].setting,
        format!("partners/{new}.automaticUserConsentSettings.inboundAllowed")
    );
    assert_eq!(
        (&changes[0].from, &changes[0].to),
        (&Value::Null, &json!(true))
    );
    assert_eq!(changes[0].tenant_id, new);
    let changes = join(&f, old);
    let less = [
        ("inboundAllowed".to_owned(), true, true),
        ("isSyncAllowed".to_owned(), false, true),
    ];
    assert_eq!(short(&changes), less);
    assert_eq!(changes[0].from, json!(false));
    assert_eq!(f.partner(old)["inboundTrust"]["isMfaAccepted"], true);
    for id in [new, old] {
        assert_eq!(join(&f, id), [], "once is enough");
        for direction in [access::Direction::Inbound, access::Direction::Outbound] {
            assert!(f.decide(id, |rules| rules.sync(direction)).allowed);
        }
    }
    assert!(
        f.activities()
            .contains(&"Update a partner cross-tenant access setting".to_owned())
    );
}

#[test]
fn inner_values_follow_the_null_rule_on_their_own() {
    let f = fixture();
    let id = partner(1);
    templates(
        &f,
        json!({
            "automaticUserConsentSettings": {"outboundAllowed": false},
            "inboundTrust": {"isMfaAccepted": true},
        }),
        json!({}),
    );
    let entry = json!({
        "automaticUserConsentSettings": {"inboundAllowed": true, "outboundAllowed": true},
        "inboundTrust": {"isCompliantDeviceAccepted": true},
    });
    f.create(entry, id).unwrap();
    let changes = join(&f, id);
    assert_eq!(
        short(&changes),
        [
            ("isMfaAccepted".to_owned(), true, true),
            ("outboundAllowed".to_owned(), true, false)
        ]
    );
    let read = f.partner(id);
    assert_eq!(
        read["automaticUserConsentSettings"],
        json!({"inboundAllowed": true, "outboundAllowed": false})
    );
    assert_eq!(read["inboundTrust"]["isMfaAccepted"], true);
    assert_eq!(read["inboundTrust"]["isCompliantDeviceAccepted"], true);
}

#[test]
fn levels_choose_between_new_and_existing_entries() {
    for (level, on_new, on_existing) in [
        ("none", false, false),
        ("newPartners", true, false),
        ("existingPartners", false, true),
        ("newPartners,existingPartners", true, true),
    ] {
        let f = fixture();
        let (mut partners, mut syncs) = consents();
        partners["templateApplicationLevel"] = json!(level);
        syncs["templateApplicationLevel"] = json!(level);
        templates(&f, partners, syncs);
        let (new, old) = (partner(1), partner(2));
        f.create(json!({"identitySynchronization": {}}), old)
            .unwrap();
        assert_eq!(join(&f, new).len(), if on_new { 3 } else { 0 }, "{level}");
        assert_eq!(
            join(&f, old).len(),
            if on_existing { 3 } else { 0 },
            "{level}"
        );
        f.partner(new);
        f.sync(new);
    }
}

#[test]
fn a_change_says_whether_it_loosens() {
    let (a, b) = (
        "5e1f0c3a-0000-4000-8000-00000000000a",
        "5e1f0c3a-0000-4000-8000-00000000000b",
    );
    let users = |access: &str, targets: &[&str]| list(access, "user", targets);
    for (from, to, loosens) in [
        (
            users("blocked", &["AllUsers"]),
            users("allowed", &[a]),
            true,
        ),
        (
            users("allowed", &["AllUsers"]),
            users("allowed", &[a]),
            false,
        ),
        (
            users("allowed", &["AllUsers"]),
            users("blocked", &[a]),
            false,
        ),
        (users("allowed", &[a, b]), users("allowed", &[a]), false),
        (users("allowed", &[a]), users("allowed", &[a, b]), true),
        (users("blocked", &[a]), users("blocked", &[a, b]), false),
        (users("blocked", &[a, b]), users("blocked", &[a]), true),
        (
            users("allowed", &[a]),
            users("blocked", &["AllUsers"]),
            false,
        ),
        (users("allowed", &[a]), users("blocked", &[b]), true),
        (users("blocked", &[a]), users("allowed", &[b]), true),
        // Null inherits the default, which allows all collaboration.
        (Value::Null, users("blocked", &[a]), false),
    ] {
        let f = fixture();
        let id = partner(1);
        f.create(
            json!({"b2bCollaborationInbound": {"usersAndGroups": from}}),
            id,
        )
        .unwrap();
        templates(
            &f,
            json!({"b2bCollaborationInbound": {"usersAndGroups": to}}),
            json!({}),
        );
        let changes = join(&f, id);
        assert_eq!(changes[0].loosens, loosens, "{from} to {to}");
        assert_eq!(
            f.partner(id)["b2bCollaborationInbound"]["usersAndGroups"],
            to
        );
    }
    // The same value against the default of direct connect, which blocks all.
    let f = fixture();
    templates(
        &f,
        json!({"b2bDirectConnectInbound": everyone("allowed")}),
        json!({}),
    );
    assert!(join(&f, partner(1)).iter().all(|change| change.loosens));
}

#[test]
fn membership_is_a_mark_that_survives_its_entry() {
    let f = fixture();
    let id = partner(1);
    let mark = |on: bool| {
        f.write(move |tx| access::set_membership(tx, id, on))
            .unwrap();
    };
    let shown = || f.partner(id)["isInMultiTenantOrganization"].clone();
    mark(true);
    assert!(f.changes().is_empty(), "a mark makes no entry");
    f.create(json!({}), id).unwrap();
    assert_eq!(shown(), true);
    mark(true);
    assert_eq!(f.changes().len(), 1);
    mark(false);
    assert_eq!(shown(), false);
    assert_eq!(f.changes()[1].properties, ["isInMultiTenantOrganization"]);
    mark(true);
    f.write(move |tx| access::delete_partner(tx, id)).unwrap();
    f.create(json!({}), id).unwrap();
    assert_eq!(shown(), true);
}
