//! Admins of several tenants do as they like over a network that loses, repeats and delays. Once it
//! is repaired and everything has arrived, all members of an organization agree on it, and nobody
//! is stuck. A seed decides everything; a failure names it.

use std::collections::BTreeMap;

use crate::common::{Dice, Fate, Tenant, USERS_MAX, World};
use organization::{Role, State};
use types::{Error, TenantId};

const SEEDS: u64 = 16;
const STEPS: usize = 400;
const TENANTS: usize = 5;

#[test]
fn all_members_agree_in_the_end() {
    for seed in 0..SEEDS {
        walk(seed);
    }
}

fn walk(seed: u64) {
    let world = World::new();
    let tenants: Vec<Tenant<'_>> = (0..TENANTS)
        .map(|number| world.tenant(&format!("T{number}")))
        .collect();
    let mut dice = Dice::new(seed);
    tenants[0].create();
    for step in 0..STEPS {
        let place = format!("seed {seed}, step {step}");
        match dice.roll(12) {
            0 => misbehave(&world, &mut dice),
            1 => world.heal(),
            2..=4 => command(&tenants, &mut dice, &place),
            _ => drop(world.run(dice.pick(&tenants).id)),
        }
    }
    world.heal();
    world.settle();
    check(&world, &tenants, &format!("seed {seed}"));

    // Nobody is stuck: whoever is pending and free can join, and what comes of that is agreed on.
    for tenant in tenants.iter().filter(|tenant| !tenant.is_in_one()) {
        for added_by in tenant.invited_by() {
            if !tenant.is_in_one() {
                tenant.ask_to_join(added_by);
            }
        }
        let invited = tenant.invited_by();
        assert!(
            tenant.is_in_one() || invited.is_empty(),
            "seed {seed}: {} can't take up {invited:?}: {:?}",
            tenant.name,
            tenant.join_request()
        );
    }
    check(&world, &tenants, &format!("seed {seed}, after joining"));
}

/// Some links are cut, the others lose and repeat. Each link has dice of its own, since deliveries
/// on different links are under way at once.
fn misbehave(world: &World, dice: &mut Dice) {
    let seed = dice.next();
    let mut links: BTreeMap<(TenantId, TenantId), Dice> = BTreeMap::new();
    world.network(move |envelope| {
        let link = (envelope.from, envelope.to);
        let number = link.0.uuid().as_u128() ^ link.1.uuid().as_u128().rotate_left(7);
        let own = seed ^ u64::try_from(number % u128::from(u64::MAX)).unwrap();
        let is_cut = Dice::new(own).roll(8) == 0;
        let dice = links
            .entry(link)
            .or_insert_with(|| Dice::new(own.rotate_left(32)));
        match dice.roll(8) {
            _ if is_cut => Fate::Lost,
            0 => Fate::Lost,
            1 => Fate::AnswerLost,
            2 => Fate::ArrivesTwice,
            _ => Fate::Arrives,
        }
    });
}

/// A command that makes sense to whoever gives it, mostly.
fn command(tenants: &[Tenant<'_>], dice: &mut Dice, place: &str) {
    let is_owner = |tenant: &&Tenant<'_>| {
        let own = tenant.member(tenant);
        own.is_some_and(|own| own.role == Role::Owner)
    };
    let is_invited = |tenant: &&Tenant<'_>| !tenant.is_in_one() && !tenant.invited_by().is_empty();
    let choice = dice.roll(40);
    let mut fit: Vec<&Tenant<'_>> = match choice {
        0..=11 => tenants.iter().filter(is_invited).collect(),
        12..=33 => tenants.iter().filter(is_owner).collect(),
        _ => Vec::new(),
    };
    if fit.is_empty() || dice.roll(8) == 0 {
        fit = tenants.iter().collect();
    }
    let tenant = *dice.pick(&fit);
    let other = dice.pick(tenants).id;
    let role = *dice.pick(&[Role::Owner, Role::Member]);
    let done = match choice {
        0..=11 => {
            let invited = tenant.invited_by();
            let by = if invited.is_empty() {
                other
            } else {
                *dice.pick(&invited)
            };
            tenant.write(move |tx| organization::request_join(tx, by, 1, USERS_MAX))
        }
        12..=23 => tenant.write(move |tx| organization::add(tx, other, "T", role).map(drop)),
        24..=29 => tenant.write(move |tx| organization::set_role(tx, other, role)),
        30 | 31 => tenant.write(move |tx| organization::remove(tx, other)),
        32 | 33 => {
            let name = format!("Table {}", dice.roll(1_000));
            tenant.write(move |tx| organization::update(tx, Some(name), None))
        }
        34..=36 => tenant.write(organization::leave),
        37 => tenant.write(|tx| organization::create(tx, "Round table", None, "T").map(drop)),
        _ => tenant.write(organization::reset_join),
    };
    match done {
        Ok(())
        | Err(
            Error::Invalid { .. }
            | Error::Forbidden { .. }
            | Error::NotFound { .. }
            | Error::LimitExceeded { .. },
        ) => {}
        Err(error) => panic!("{place}: {error}"),
    }
}

fn check(world: &World, tenants: &[Tenant<'_>], place: &str) {
    assert!(world.is_settled(), "{place}: messages are stuck");
    let find = |id: TenantId| tenants.iter().find(|tenant| tenant.id == id).unwrap();
    for tenant in tenants {
        let who = format!("{place}, {}", tenant.name);
        let request = tenant.join_request();
        assert!(
            !matches!(request.status.as_deref(), Some("notStarted" | "running")),
            "{who}: {request:?}"
        );
        let Some(own) = tenant.read(organization::get) else {
            assert!(tenant.members().is_empty(), "{who}");
            for other in tenants {
                assert!(!is_marked(tenant, other), "{who}: {}", other.name);
            }
            continue;
        };
        let members = tenant.members();
        let state_of = |id| members.iter().find(|member| member.tenant_id == id);
        assert!(
            members
                .iter()
                .any(|member| member.state == State::Active && member.role == Role::Owner),
            "{who}: no owner in {members:#?}"
        );
        let me = state_of(tenant.id).unwrap();
        assert_eq!(me.state, State::Active, "{who}");
        if me.joined_at.is_some() && request.status.is_none() {
            assert_eq!(request.member_state.as_deref(), Some("active"), "{who}");
            assert_eq!(request.role.as_deref(), Some(me.role.as_str()), "{who}");
        }
        for member in &members {
            let other = find(member.tenant_id);
            if member.state == State::Active {
                let theirs = other.read(organization::get);
                let theirs = theirs.unwrap_or_else(|| panic!("{who}: {} is out", other.name));
                assert_eq!(other.members(), members, "{who}: {}", other.name);
                assert_eq!(theirs.display_name, own.display_name, "{who}");
                assert_eq!(theirs.created_at, own.created_at, "{who}");
                assert_eq!(theirs.local_id == own.local_id, other.id == tenant.id);
            } else if state_of(member.added_by).is_some_and(|by| by.state == State::Active) {
                // The invitation is there, and says how things are now.
                let invitations = other.read(organization::invitations);
                let found = invitations.iter().find(|invitation| {
                    invitation.added_by_tenant_id == member.added_by
                        && invitation.invited_date_time == member.added_at
                });
                let found = found.unwrap_or_else(|| panic!("{who}: {} knows nothing", other.name));
                assert_eq!(found.organization_name, own.display_name, "{who}");
                let active = members.iter().filter(|m| m.state == State::Active);
                let active: Vec<TenantId> = active.map(|m| m.tenant_id).collect();
                assert_eq!(found.members, active, "{who}");
            }
        }
        for other in tenants.iter().filter(|other| other.id != tenant.id) {
            let active = state_of(other.id).is_some_and(|member| member.state == State::Active);
            assert_eq!(is_marked(tenant, other), active, "{who}: {}", other.name);
        }
    }
}

/// Whether the partner's entry says that it is in the organization.
fn is_marked(tenant: &Tenant<'_>, other: &Tenant<'_>) -> bool {
    let entry = tenant.partner(other);
    entry.is_some_and(|entry| entry["isInMultiTenantOrganization"] == true)
}
