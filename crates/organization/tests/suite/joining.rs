//! Joining: when it fails and how that is told, and what it does to the policies of both sides.

use crate::common::{Tenant, USERS_MAX, World, organization_of};
use e2e::metadata::assert_fits;
use organization::{Role, State};
use serde_json::{Value, json};
use types::{Error, TenantId};
use uuid::Uuid;

fn is_reset(tenant: &Tenant<'_>) -> bool {
    let shown = tenant.join_request().to_graph();
    shown["addedByTenantId"] == "00000000-0000-0000-0000-000000000000"
        && ["memberState", "role", "transitionDetails"]
            .iter()
            .all(|name| shown[name].is_null())
}

#[test]
fn the_request_tells_how_it_goes() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    assert!(is_reset(&fabrikam));
    contoso.create();
    contoso.add(&fabrikam);
    world.cut(&[(&fabrikam, &contoso)]);
    fabrikam.ask_to_join(contoso.id);
    let shown = fabrikam.join_request().to_graph();
    assert_fits("multiTenantOrganizationJoinRequestRecord", &shown);
    assert_eq!(
        shown,
        json!({
            "id": shown["id"], "addedByTenantId": contoso.id, "memberState": "pending", "role": null,
            "transitionDetails": { "desiredMemberState": "active", "status": "notStarted", "details": "" },
        })
    );
    // Meanwhile nothing else can be begun, and it can't be taken back.
    let (us, other) = (contoso.id, TenantId::new(Uuid::from_u128(7)));
    for error in [
        fabrikam.refused(move |tx| organization::request_join(tx, other, 1, USERS_MAX)),
        fabrikam.refused(organization::reset_join),
        fabrikam.refused(|tx| organization::create(tx, "x", None, "Fabrikam")),
    ] {
        assert!(error.to_string().contains("joinRequest"), "{error}");
    }
    // To ask for the same once more changes nothing.
    fabrikam.act(move |tx| organization::request_join(tx, us, 1, USERS_MAX));
    assert_eq!(fabrikam.join_request().to_graph(), shown);
    world.heal();
    world.settle();
    let shown = fabrikam.join_request().to_graph();
    assert_fits("multiTenantOrganizationJoinRequestRecord", &shown);
    assert_eq!(shown["memberState"], "active");
    assert_eq!(shown["role"], "member");
    assert_eq!(shown["transitionDetails"], Value::Null);
    fabrikam.act(organization::reset_join);
    assert_eq!(
        fabrikam.join_request().to_graph(),
        shown,
        "nothing to reset"
    );
    fabrikam.act(move |tx| organization::request_join(tx, us, 1, USERS_MAX));
    assert_eq!(fabrikam.join_request().to_graph(), shown, "it has joined");
    fabrikam.leave();
    assert!(is_reset(&fabrikam));
}

#[test]
fn a_failed_request_says_why_and_can_be_reset() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let nobody = TenantId::new(Uuid::from_u128(7));
    contoso.create();
    for stranger in [contoso.id, fabrikam.id, nobody] {
        let reason = fabrikam.join_fails(stranger);
        assert!(reason.contains("hasn't added"), "{reason}");
        let shown = fabrikam.join_request().to_graph();
        assert_fits("multiTenantOrganizationJoinRequestRecord", &shown);
        assert_eq!(shown["transitionDetails"]["details"], reason);
        fabrikam.act(organization::reset_join);
        assert!(is_reset(&fabrikam));
    }
    // A failed one doesn't stand in the way of the next.
    fabrikam.join_fails(contoso.id);
    contoso.add(&fabrikam);
    fabrikam.join(&contoso);
    assert!(
        fabrikam
            .audit()
            .iter()
            .any(|entry| entry.starts_with("Join a MultiTenantOrg: ")),
    );
}

#[test]
fn whoever_founded_one_resets_to_nothing_and_whoever_joined_one_to_that() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    organization_of(&[&contoso, &fabrikam]);
    let joined = fabrikam.join_request().to_graph();
    for tenant in [&contoso, &fabrikam] {
        tenant.join_fails(tailspin.id);
        tenant.act(organization::reset_join);
    }
    assert!(is_reset(&contoso));
    let mut reset = fabrikam.join_request().to_graph();
    reset["id"] = joined["id"].clone();
    assert_eq!(reset, joined);
}

#[test]
fn users_are_counted_on_both_sides() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    contoso.create();
    contoso.add(&fabrikam);
    let us = contoso.id;
    fabrikam.act(move |tx| organization::request_join(tx, us, USERS_MAX + 1, USERS_MAX));
    let here = fabrikam.join_request();
    assert_eq!(here.status.as_deref(), Some("failed"));
    assert!(here.details.contains("100"), "{here:?}");
    // The joiner's own limit may be another one than the organization's.
    fabrikam.act(move |tx| organization::request_join(tx, us, USERS_MAX + 1, USERS_MAX * 2));
    let there = fabrikam.join_request();
    assert_eq!(there.status.as_deref(), Some("failed"));
    assert!(there.details.contains("100"), "{there:?}");
    assert_eq!(contoso.member(&fabrikam).unwrap().state, State::Pending);
    assert_eq!(fabrikam.invited_by(), [us], "the invitation stands");
    fabrikam.act(move |tx| organization::request_join(tx, us, USERS_MAX, USERS_MAX));
    fabrikam.sees(&[&contoso, &fabrikam]);
}

#[test]
fn active_tenants_are_counted_when_one_joins() {
    let world = World::with_tenants_max(2);
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    contoso.create();
    contoso.add(&fabrikam);
    contoso.add(&tailspin);
    fabrikam.join(&contoso);
    let reason = tailspin.join_fails(contoso.id);
    assert!(reason.contains("2 active tenants"), "{reason}");
    assert!(reason.contains("limits.organization_tenants"), "{reason}");
    assert_eq!(contoso.member(&tailspin).unwrap().state, State::Pending);
    fabrikam.leave();
    tailspin.join(&contoso);
    contoso.sees(&[&contoso, &tailspin]);
}

#[test]
fn a_withdrawn_invitation_fails_and_is_forgotten() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    contoso.create();
    contoso.add(&fabrikam);
    // The withdrawal is under way while the tenant asks to join.
    world.cut(&[(&contoso, &fabrikam)]);
    contoso.remove(&fabrikam);
    assert_eq!(fabrikam.invited_by(), [contoso.id]);
    let reason = fabrikam.join_fails(contoso.id);
    assert!(reason.contains("list"), "{reason}");
    assert!(fabrikam.invited_by().is_empty());
    world.heal();
    world.settle();
    assert!(fabrikam.invited_by().is_empty());
    // And the other way round: it arrives before the answer.
    contoso.add(&fabrikam);
    world.cut(&[(&fabrikam, &contoso)]);
    fabrikam.ask_to_join(contoso.id);
    contoso.remove(&fabrikam);
    assert!(fabrikam.invited_by().is_empty());
    world.heal();
    world.settle();
    let request = fabrikam.join_request();
    assert_eq!(request.status.as_deref(), Some("failed"), "{request:?}");
}

#[test]
fn an_invitation_is_kept_up_to_date_and_previews_the_join() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    organization_of(&[&contoso]);
    contoso.add(&tailspin);
    tailspin.open_to_partners();
    contoso.add(&fabrikam);
    fabrikam.join(&contoso);
    contoso.act(|tx| organization::update(tx, Some("Square table".into()), None));
    let us = contoso.id;
    let preview = tailspin.read(|tx| organization::preview_join(tx, us));
    assert_eq!(preview.organization_name, "Square table");
    let mut tenants = [contoso.id, fabrikam.id];
    tenants.sort();
    assert_eq!(preview.tenants, tenants);
    assert_eq!(preview.changes.len(), 6);
    assert!(preview.changes.iter().all(|change| change.loosens));
    let unknown = fabrikam.id;
    let unknown = tailspin.refused(move |tx| organization::preview_join(tx, unknown));
    assert!(matches!(unknown, Error::NotFound { .. }), "{unknown}");

    // The preview had no effect, and the join has just that.
    assert_eq!(tailspin.partner(&contoso), None);
    tailspin.join(&contoso);
    for other in [&contoso, &fabrikam] {
        let entry = tailspin.partner(other).unwrap();
        for change in preview
            .changes
            .iter()
            .filter(|change| change.tenant_id == other.id)
        {
            let path = change.setting.split_once('.').unwrap().1;
            let set = path.split('.').fold(&entry, |value, name| &value[name]);
            assert_eq!(*set, change.to, "{path}");
        }
    }
    let invitations = serde_json::to_string(&tailspin.read(organization::invitations)).unwrap();
    assert_eq!(invitations, "[]");
}

/// What the templates of the tests set.
fn consent_of(entry: &Value) -> [&Value; 2] {
    let consent = &entry["automaticUserConsentSettings"];
    [&consent["inboundAllowed"], &consent["outboundAllowed"]]
}

fn sync_of(entry: &Value) -> &Value {
    &entry["identitySynchronization"]["userSyncInbound"]["isSyncAllowed"]
}

#[test]
fn a_join_applies_each_sides_templates_to_its_own_policy() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    contoso.open_to_partners();
    organization_of(&[&contoso, &fabrikam]);
    let ours = contoso.partner(&fabrikam).unwrap();
    assert_eq!(consent_of(&ours), [true, true]);
    assert_eq!(*sync_of(&ours), true);
    assert_eq!(ours["isInMultiTenantOrganization"], true);
    for part in [
        "inboundTrust",
        "b2bDirectConnectInbound",
        "b2bCollaborationInbound",
    ] {
        assert_eq!(ours[part], Value::Null, "nothing else is opened");
    }
    // Never the other tenant's templates: the entries are made, and set nothing.
    let theirs = fabrikam.partner(&contoso).unwrap();
    assert_eq!(consent_of(&theirs), [&Value::Null, &Value::Null]);
    assert_eq!(*sync_of(&theirs), Value::Null);
    assert!(theirs["identitySynchronization"].is_object());
    assert_eq!(theirs["isInMultiTenantOrganization"], true);

    // Editing a template touches nothing that is there; a later partner meets it, on every side.
    fabrikam.open_to_partners();
    assert_eq!(fabrikam.partner(&contoso).unwrap(), theirs);
    contoso.add(&tailspin);
    tailspin.join(&contoso);
    for side in [&contoso, &fabrikam] {
        let entry = side.partner(&tailspin).unwrap();
        assert_eq!(consent_of(&entry), [true, true], "{}", side.name);
        let entry = tailspin.partner(side).unwrap();
        assert_eq!(consent_of(&entry), [&Value::Null, &Value::Null]);
    }
    assert_eq!(fabrikam.partner(&contoso).unwrap(), theirs);

    // There is no template in reverse.
    tailspin.leave();
    for side in [&contoso, &fabrikam] {
        let entry = side.partner(&tailspin).unwrap();
        assert_eq!(consent_of(&entry), [true, true]);
        assert_eq!(entry["isInMultiTenantOrganization"], false);
        assert_eq!(
            tailspin.partner(side).unwrap()["isInMultiTenantOrganization"],
            false
        );
    }
}

#[test]
fn levels_choose_between_new_and_existing_partners() {
    for (level, on_existing, on_new) in [
        ("none", false, false),
        ("newPartners", false, true),
        ("existingPartners", true, false),
        ("newPartners,existingPartners", true, true),
    ] {
        for existing in [true, false] {
            let world = World::new();
            let contoso = world.tenant("Contoso");
            let fabrikam = world.tenant("Fabrikam");
            // On the side of the joiner and on the side of those who are in.
            for (side, other) in [(&contoso, fabrikam.id), (&fabrikam, contoso.id)] {
                if existing {
                    let body = json!({
                        "tenantId": other,
                        "automaticUserConsentSettings": { "inboundAllowed": false },
                        "inboundTrust": { "isMfaAccepted": true },
                        "identitySynchronization": { "userSyncInbound": { "isSyncAllowed": false } },
                    });
                    side.act(move |tx| access::create_partner(tx, body.as_object().unwrap()));
                }
                side.set_templates(
                    json!({
                        "automaticUserConsentSettings": { "inboundAllowed": true },
                        "templateApplicationLevel": level,
                    }),
                    json!({
                        "userSyncInbound": { "isSyncAllowed": true },
                        "templateApplicationLevel": level,
                    }),
                );
            }
            organization_of(&[&contoso, &fabrikam]);
            for (side, other) in [(&contoso, &fabrikam), (&fabrikam, &contoso)] {
                let entry = side.partner(other).unwrap();
                let expected = match (existing, on_existing, on_new) {
                    (true, true, _) | (false, _, true) => json!(true),
                    (true, false, _) => json!(false),
                    (false, _, false) => Value::Null,
                };
                let told = format!("{level}, existing: {existing}, {}", side.name);
                assert_eq!(*consent_of(&entry)[0], expected, "{told}");
                assert_eq!(*sync_of(&entry), expected, "{told}");
                if existing {
                    assert_eq!(entry["inboundTrust"]["isMfaAccepted"], true, "{told}");
                }
            }
        }
    }
}

#[test]
fn an_existing_relationship_is_never_loosened_silently() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let us = contoso.id;
    let body = json!({
        "tenantId": us,
        "automaticUserConsentSettings": { "inboundAllowed": false, "outboundAllowed": true },
    });
    fabrikam.act(move |tx| access::create_partner(tx, body.as_object().unwrap()));
    fabrikam.open_to_partners();
    contoso.create();
    contoso.add(&fabrikam);
    // It is previewed …
    let preview = fabrikam.read(|tx| organization::preview_join(tx, us));
    let told: Vec<_> = preview
        .changes
        .iter()
        .map(|change| {
            let setting = change.setting.rsplit('.').next().unwrap();
            (setting, change.existing, change.loosens)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("inboundAllowed", true, true),
            ("isSyncAllowed", false, true)
        ]
    );
    // … and in the audit log, with the value before and after.
    fabrikam.join(&contoso);
    let rows = fabrikam.read(|tx| audit::list(tx, &audit::Filter::default(), None, 100));
    let targets = rows.iter().flat_map(|row| &row.entry.targets);
    let modified: Vec<_> = targets
        .filter(|target| target.id == us.to_string())
        .flat_map(|target| &target.modified)
        .collect();
    let inbound = |allowed: bool| json!({ "inboundAllowed": allowed, "outboundAllowed": true });
    assert!(
        modified.contains(&&(
            "automaticUserConsentSettings".into(),
            inbound(false),
            inbound(true)
        )),
        "{modified:#?}"
    );
}

#[test]
fn a_pending_owner_becomes_one_when_it_joins() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    contoso.create();
    contoso.add_as(&fabrikam, Role::Owner);
    fabrikam.join(&contoso);
    assert_eq!(fabrikam.join_request().role.as_deref(), Some("owner"));
    // Now either of the two may go.
    contoso.leave();
    fabrikam.sees(&[&fabrikam]);
}

#[test]
fn an_invitation_is_good_for_a_time() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    contoso.create();
    contoso.add(&fabrikam);
    world.settle();
    world.wait_days(31);
    let reason = fabrikam.join_fails(contoso.id);
    assert!(
        reason.contains("limits.organization_invitation_days"),
        "{reason}"
    );
    fabrikam.act(|tx| {
        let before = tx.now().plus_seconds(-30 * 86_400);
        assert_eq!(organization::trim_invitations(tx, before, 10)?, 1);
        Ok(())
    });
    assert_eq!(fabrikam.invited_by(), Vec::<TenantId>::new());
    // Added anew, it joins.
    contoso.remove(&fabrikam);
    world.settle();
    contoso.add(&fabrikam);
    world.settle();
    fabrikam.act(organization::reset_join);
    fabrikam.join(&contoso);
}

#[test]
fn who_declines_is_pending_no_more() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    contoso.create();
    contoso.add(&fabrikam);
    world.settle();
    let (us, nobody) = (contoso.id, TenantId::new(Uuid::from_u128(7)));
    let missing = fabrikam.refused(move |tx| organization::decline(tx, nobody, None));
    assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
    let long = "x".repeat(types::REASON_CHARACTERS_MAX + 1);
    let wrong = fabrikam.refused(move |tx| organization::decline(tx, us, Some(long)));
    assert!(matches!(wrong, Error::Invalid { .. }), "{wrong}");
    fabrikam.act(move |tx| organization::decline(tx, us, Some("Not now.".into())));
    world.settle();
    assert_eq!(fabrikam.invited_by(), Vec::<TenantId>::new());
    assert!(contoso.member(&fabrikam).is_none());
    for tenant in [&contoso, &fabrikam] {
        let log = tenant.audit();
        let says = |entry: &String| entry.contains("Decline to join a MultiTenantOrg");
        assert!(log.iter().any(says), "{log:?}");
    }
    // It can be asked again.
    contoso.add(&fabrikam);
    world.settle();
    assert_eq!(fabrikam.invited_by(), vec![contoso.id]);
}
