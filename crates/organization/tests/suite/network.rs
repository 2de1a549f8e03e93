//! What a network may do to the messages of an organization: lose answers, repeat, hold one stream
//! back while another goes on; and what a tenant that tells lies can't bring about.

use crate::common::{Fate, Tenant, USERS_MAX, World, organization_of};
use organization::{Role, State};
use serde_json::json;

/// The life of an organization, for networks of all kinds.
fn live(world: &World) {
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    contoso.open_to_partners();
    contoso.create();
    contoso.add_as(&fabrikam, Role::Owner);
    fabrikam.join(&contoso);
    fabrikam.add(&tailspin);
    tailspin.join(&fabrikam);
    for side in [&contoso, &fabrikam, &tailspin] {
        side.sees(&[&contoso, &fabrikam, &tailspin]);
        assert_eq!(side.members(), contoso.members());
    }
    let partners = contoso.partner(&tailspin).unwrap();
    assert_eq!(
        partners["automaticUserConsentSettings"]["inboundAllowed"],
        true
    );
    fabrikam.set_role(&contoso, Role::Member);
    contoso.leave();
    tailspin.leave();
    assert!(!contoso.is_in_one() && !tailspin.is_in_one());
    fabrikam.sees(&[&fabrikam]);
    fabrikam.add(&contoso);
    contoso.join(&fabrikam);
    fabrikam.remove(&contoso);
    assert!(!contoso.is_in_one());
    fabrikam.leave();
    assert!(!fabrikam.is_in_one());
    // Each effect once: an admin finds each act once in the log.
    let log = contoso.audit();
    let joined = log.iter().filter(|entry| *entry == "Join a MultiTenantOrg");
    assert_eq!(joined.count(), 1, "{log:#?}");
    assert!(log.iter().all(|entry| !entry.contains(": ")), "{log:#?}");
}

#[test]
fn messages_that_arrive_twice_have_their_effect_once() {
    let world = World::new();
    world.network(|_| Fate::ArrivesTwice);
    live(&world);
}

#[test]
fn answers_that_are_lost_come_again() {
    let world = World::new();
    let mut count = 0;
    world.network(move |_| {
        count += 1;
        if count % 2 == 1 {
            Fate::AnswerLost
        } else {
            Fate::Arrives
        }
    });
    live(&world);
}

#[test]
fn who_is_away_holds_up_nobody_else() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    organization_of(&[&contoso, &fabrikam]);
    world.cut(&[(&contoso, &fabrikam)]);
    contoso.add(&tailspin);
    tailspin.join(&contoso);
    contoso.sees(&[&contoso, &fabrikam, &tailspin]);
    tailspin.sees(&[&contoso, &fabrikam, &tailspin]);
    fabrikam.sees(&[&contoso, &fabrikam]);
    world.heal();
    world.settle();
    fabrikam.sees(&[&contoso, &fabrikam, &tailspin]);
}

#[test]
fn one_round_of_a_courier_delivers_what_its_answers_lead_to() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    organization_of(&[&contoso, &fabrikam]);
    contoso.set_role(&fabrikam, Role::Owner);
    let them = tailspin.id;
    fabrikam
        .write(move |tx| organization::add(tx, them, "Tailspin", Role::Member))
        .unwrap();
    // Contoso is asked, and its answer lets Fabrikam invite.
    assert!(world.run(fabrikam.id));
    assert_eq!(tailspin.invited_by(), [fabrikam.id]);
    let by = fabrikam.id;
    tailspin
        .write(move |tx| organization::request_join(tx, by, 1, USERS_MAX))
        .unwrap();
    // Fabrikam is asked, and names Contoso.
    assert!(world.run(tailspin.id));
    tailspin.sees(&[&contoso, &fabrikam, &tailspin]);
}

#[test]
fn an_invitation_may_overtake_the_removal_before_it() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    organization_of(&[&contoso, &fabrikam, &tailspin]);
    contoso.set_role(&fabrikam, Role::Owner);
    world.cut(&[(&contoso, &tailspin)]);
    contoso.remove(&tailspin);
    fabrikam.add(&tailspin);
    assert!(tailspin.is_in_one(), "it doesn't know yet");
    world.heal();
    world.settle();
    assert!(!tailspin.is_in_one());
    assert_eq!(tailspin.invited_by(), [fabrikam.id]);
    tailspin.join(&fabrikam);
    tailspin.sees(&[&contoso, &fabrikam, &tailspin]);
}

#[test]
fn a_state_may_overtake_the_one_that_made_its_sender_the_seat() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    let woodgrove = world.tenant("Woodgrove");
    organization_of(&[&contoso, &fabrikam, &tailspin]);
    // Tailspin hears neither that Fabrikam has become an owner nor that Contoso has left.
    world.cut(&[(&contoso, &tailspin)]);
    contoso.set_role(&fabrikam, Role::Owner);
    contoso.leave();
    fabrikam.add(&woodgrove);
    fabrikam.sees(&[&fabrikam, &tailspin]);
    tailspin.sees(&[&contoso, &fabrikam, &tailspin]);
    // Being asked, the new seat answers; being pending doesn't depend on who hears what.
    woodgrove.join(&fabrikam);
    world.heal();
    world.settle();
    for side in [&fabrikam, &tailspin, &woodgrove] {
        side.sees(&[&fabrikam, &tailspin, &woodgrove]);
    }
}

#[test]
fn states_may_be_skipped_and_policies_follow_all_the_same() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    let woodgrove = world.tenant("Woodgrove");
    organization_of(&[&contoso, &fabrikam, &tailspin, &woodgrove]);
    contoso.set_role(&woodgrove, Role::Owner);
    world.cut(&[(&contoso, &tailspin)]);
    fabrikam.leave();
    contoso.add(&fabrikam);
    contoso.leave();
    // Woodgrove, known as an owner, speaks now; what Contoso said last is on its way still.
    woodgrove.act(|tx| organization::update(tx, Some("Square table".into()), None));
    tailspin.sees(&[&tailspin, &woodgrove]);
    assert_eq!(tailspin.member(&fabrikam).unwrap().state, State::Pending);
    let marked =
        |of: &Tenant<'_>| tailspin.partner(of).unwrap()["isInMultiTenantOrganization"].clone();
    assert_eq!(marked(&fabrikam), false);
    assert_eq!(marked(&contoso), false);
    assert_eq!(marked(&woodgrove), true);
    world.heal();
    world.settle();
    assert_eq!(tailspin.members(), woodgrove.members());
}

#[test]
fn a_question_finds_the_seat_wherever_it_has_gone() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    let woodgrove = world.tenant("Woodgrove");
    contoso.create();
    for owner in [&fabrikam, &tailspin] {
        contoso.add_as(owner, Role::Owner);
        owner.join(&contoso);
    }
    contoso.add(&woodgrove);
    // Who has invited leaves, and who came after it too.
    contoso.leave();
    fabrikam.leave();
    tailspin.sees(&[&tailspin]);
    woodgrove.join(&contoso);
    tailspin.sees(&[&tailspin, &woodgrove]);

    // A change that was sent to the old seat finds the new one.
    tailspin.set_role(&woodgrove, Role::Owner);
    world.cut(&[(&tailspin, &woodgrove), (&woodgrove, &tailspin)]);
    tailspin
        .write(|tx| {
            let own = tx.tenant();
            organization::set_role(tx, own, Role::Member)
        })
        .unwrap();
    woodgrove
        .write(|tx| organization::update(tx, Some("Square table".into()), None))
        .unwrap();
    world.settle();
    world.heal();
    world.settle();
    for side in [&tailspin, &woodgrove] {
        let organization = side.read(organization::get).unwrap();
        assert_eq!(organization.display_name, "Square table");
        assert_eq!(side.role_of(&tailspin), Role::Member);
    }
}

#[test]
fn what_belongs_to_an_earlier_membership_has_no_effect_on_the_next() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    organization_of(&[&contoso, &fabrikam, &tailspin]);
    contoso.set_role(&fabrikam, Role::Owner);
    // A leaving that doesn't arrive before the tenant is removed and added again.
    world.cut(&[(&tailspin, &contoso)]);
    tailspin.leave();
    contoso.remove(&tailspin);
    contoso.add(&tailspin);
    tailspin.ask_to_join(contoso.id);
    world.heal();
    world.settle();
    for side in [&contoso, &fabrikam, &tailspin] {
        side.sees(&[&contoso, &fabrikam, &tailspin]);
    }
    // A state of the time when it was in before comes while it is about to join again.
    world.cut(&[(&contoso, &tailspin)]);
    contoso.act(|tx| organization::update(tx, Some("Square table".into()), None));
    tailspin.leave();
    fabrikam.add(&tailspin);
    let by = fabrikam.id;
    world.cut(&[(&contoso, &tailspin), (&tailspin, &fabrikam)]);
    tailspin
        .write(move |tx| organization::request_join(tx, by, 1, USERS_MAX))
        .unwrap();
    world.cut(&[(&tailspin, &fabrikam)]);
    world.settle();
    assert!(!tailspin.is_in_one());
    world.heal();
    world.settle();
    for side in [&contoso, &fabrikam, &tailspin] {
        side.sees(&[&contoso, &fabrikam, &tailspin]);
        assert_eq!(side.members(), contoso.members());
    }
}

#[test]
fn nobody_invites_in_the_name_of_another() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let liar = world.tenant("Liar");
    liar.create();
    let (us, them) = (contoso.id, fabrikam.id);
    liar.act(move |tx| {
        let body = json!({
            "sharedId": tx.new_uuid(), "version": 1, "addedBy": us, "addedByTenantId": us,
            "organizationName": "Round table", "members": [us], "invitedAt": tx.now(),
        });
        border::outbox::post(tx, them, "organization.invite", &body)
    });
    assert_eq!(fabrikam.invited_by(), [liar.id]);
    let reason = fabrikam.join_fails(contoso.id);
    assert!(reason.contains("hasn't added"), "{reason}");
}

#[test]
fn a_member_that_is_no_owner_speaks_for_nobody() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let liar = world.tenant("Liar");
    organization_of(&[&contoso, &fabrikam, &liar]);
    let before = fabrikam.members();
    let them = fabrikam.id;
    // It knows what a member knows.
    liar.write(move |tx| {
        let shared_id = tx.query_one(
            "SELECT shared_id FROM organization WHERE tenant_id = ?1",
            store::params![&tx.tenant()],
            |row| row.uuid(0),
        )?;
        let body = json!({ "sharedId": shared_id, "version": 1_000, "by": tx.tenant() });
        border::outbox::post(tx, them, "organization.removed", &body)
    })
    .unwrap();
    world.settle();
    assert_eq!(fabrikam.members(), before);
    // Whom it speaks to goes on without it.
    contoso.act(|tx| organization::update(tx, Some("Square table".into()), None));
    let organization = fabrikam.read(organization::get).unwrap();
    assert_eq!(organization.display_name, "Square table");
}

#[test]
fn nonsense_is_rejected_and_leaves_nothing() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    contoso.create();
    let them = fabrikam.id;
    for kind in ["invite", "withdraw", "state", "removed", "x"] {
        for body in [json!(null), json!({}), json!({ "sharedId": 1 }), json!([])] {
            let kind = format!("organization.{kind}");
            contoso.act(move |tx| border::outbox::post(tx, them, &kind, &body));
        }
    }
    // Questions about an organization that there isn't.
    for kind in ["join", "request"] {
        let kind = format!("organization.{kind}");
        contoso.act(move |tx| {
            let body = json!({
                "sharedId": tx.new_uuid(), "requestId": tx.new_uuid(), "atLeast": 7, "hops": 0,
                "users": 1, "memberSince": 1, "request": { "op": "leave" },
            });
            border::outbox::post(tx, them, &kind, &body)
        });
    }
    assert!(world.is_settled());
    assert!(fabrikam.invited_by().is_empty() && !fabrikam.is_in_one());
    contoso.add(&fabrikam);
    fabrikam.join(&contoso);
}

#[test]
fn an_invitation_that_is_not_taken_is_told_to_the_adder() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    contoso.create();
    let nobody = types::TenantId::new(uuid::Uuid::from_u128(7));
    contoso.act(move |tx| organization::add(tx, nobody, "Nobody", Role::Member));
    let log = contoso.audit();
    let last = log.last().unwrap();
    assert!(last.contains("doesn't exist"), "{log:?}");
}
