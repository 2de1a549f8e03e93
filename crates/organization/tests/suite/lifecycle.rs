//! The life of an organization: founding, adding, roles, leaving, removal, dissolving.

use crate::common;
use crate::common::{World, organization_of};
use e2e::metadata::assert_fits;
use organization::{Organization, Role, State};
use serde_json::{Value, json};
use types::Error;

#[test]
fn the_founder_is_the_owner() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    assert!(!contoso.is_in_one());
    assert!(contoso.members().is_empty());
    let none = Organization::to_graph(None);
    assert_fits("multiTenantOrganization", &none);
    assert_eq!(
        none,
        json!({ "createdDateTime": null, "displayName": null, "description": null, "state": "inactive" })
    );
    contoso.create();
    let shown = Organization::to_graph(contoso.read(organization::get).as_ref());
    assert_fits("multiTenantOrganization", &shown);
    assert_eq!(shown["displayName"], "Round table");
    assert_eq!(shown["description"], "Of equals");
    assert_eq!(shown["state"], "active");
    let own = contoso.member(&contoso).unwrap();
    assert_eq!((own.state, own.role), (State::Active, Role::Owner));
    assert_eq!((own.added_by, own.joined_at), (contoso.id, None));
    assert_fits("multiTenantOrganizationMember", &own.to_graph());
    assert_eq!(own.to_graph()["transitionDetails"], Value::Null);
    // Founding isn't joining.
    let request = contoso.join_request().to_graph();
    assert_fits("multiTenantOrganizationJoinRequestRecord", &request);
    assert_eq!(request["memberState"], Value::Null);

    contoso.refused(|tx| organization::create(tx, "Another", None, "Contoso"));
    assert_eq!(contoso.audit(), ["Create a MultiTenantOrg"]);
}

#[test]
fn names_are_checked() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    for name in ["", "  ", "a\nb", &"x".repeat(257)] {
        let name = name.to_owned();
        contoso.refused(move |tx| organization::create(tx, &name, None, "Contoso"));
    }
    for description in ["a\u{0}b", &"x".repeat(1025)] {
        let description = description.to_owned();
        contoso.refused(move |tx| organization::create(tx, "x", Some(&description), "Contoso"));
    }
    assert!(!contoso.is_in_one());
    contoso.create();
    let id = fabrikam.id;
    contoso.refused(move |tx| organization::add(tx, id, "", Role::Member));
    contoso.refused(|tx| organization::update(tx, Some(String::new()), None));
    contoso.act(|tx| organization::update(tx, Some("Square table".into()), Some(None)));
    let organization = contoso.read(organization::get).unwrap();
    assert_eq!(organization.display_name, "Square table");
    assert_eq!(organization.description, None);
    let lines = "Of equals.\r\n\tAll sides alike.";
    contoso.act(|tx| organization::update(tx, None, Some(Some(lines.into()))));
    let organization = contoso.read(organization::get).unwrap();
    assert_eq!(organization.description.as_deref(), Some(lines));
    assert_eq!(contoso.members().len(), 1);
}

#[test]
fn an_added_tenant_is_pending_until_it_joins() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    contoso.create();
    contoso.add(&fabrikam);
    let pending = contoso.member(&fabrikam).unwrap();
    assert_eq!(
        (pending.state, pending.role),
        (State::Pending, Role::Member)
    );
    let shown = pending.to_graph();
    assert_fits("multiTenantOrganizationMember", &shown);
    assert_eq!(
        shown["transitionDetails"],
        json!({ "desiredRole": "member", "desiredState": "active", "status": "notStarted", "details": null })
    );
    // It gives no rights, and changes nothing there.
    assert!(!fabrikam.is_in_one());
    assert!(fabrikam.members().is_empty());
    assert_eq!(fabrikam.partner(&contoso), None);
    assert_eq!(contoso.partner(&fabrikam), None);
    let (us, them) = (contoso.id, fabrikam.id);
    assert!(!contoso.read(|tx| organization::is_active_with(tx, them)));
    assert_eq!(fabrikam.invited_by(), [us]);

    let again = contoso.refused(move |tx| organization::add(tx, them, "F", Role::Member));
    assert!(again.to_string().contains("pending"), "{again}");
    contoso.refused(move |tx| organization::add(tx, us, "C", Role::Member));

    fabrikam.join(&contoso);
    for side in [&contoso, &fabrikam] {
        side.sees(&[&contoso, &fabrikam]);
        let joined = side.member(&fabrikam).unwrap();
        assert!(joined.joined_at.is_some());
        assert_eq!(joined.to_graph()["transitionDetails"], Value::Null);
        assert_eq!(side.role_of(&contoso), Role::Owner);
    }
    assert!(fabrikam.read(|tx| organization::is_active_with(tx, us)));
    assert_eq!(fabrikam.read(organization::active_members), [us]);
    assert!(fabrikam.invited_by().is_empty());
    let again = contoso.refused(move |tx| organization::add(tx, them, "F", Role::Member));
    assert!(again.to_string().contains("active"), "{again}");
    // The same organization has another id in each tenant.
    let id = |tenant: &common::Tenant<'_>| tenant.read(organization::get).unwrap().local_id;
    assert_ne!(id(&contoso), id(&fabrikam));
}

#[test]
fn a_tenant_may_be_pending_in_several_and_active_in_one() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    for owner in [&contoso, &fabrikam] {
        owner.create();
        owner.add(&tailspin);
    }
    assert_eq!(tailspin.invited_by().len(), 2);
    tailspin.join(&contoso);
    let reason = tailspin.join_fails(fabrikam.id);
    assert!(reason.contains("already active"), "{reason}");
    assert_eq!(
        tailspin.join_request().member_state.as_deref(),
        Some("active")
    );
    tailspin.refused(|tx| organization::create(tx, "x", None, "Tailspin"));
    assert_eq!(fabrikam.member(&tailspin).unwrap().state, State::Pending);
    tailspin.sees(&[&contoso, &tailspin]);
    // Having left the one, it can join the other.
    tailspin.leave();
    tailspin.join(&fabrikam);
    tailspin.sees(&[&fabrikam, &tailspin]);
    contoso.sees(&[&contoso]);
}

#[test]
fn only_owners_change_the_organization() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    organization_of(&[&contoso, &fabrikam]);
    let (us, them, other) = (contoso.id, fabrikam.id, tailspin.id);
    for error in [
        fabrikam.refused(move |tx| organization::add(tx, other, "T", Role::Member)),
        fabrikam.refused(move |tx| organization::remove(tx, us)),
        fabrikam.refused(move |tx| organization::set_role(tx, them, Role::Owner)),
        fabrikam.refused(|tx| organization::update(tx, Some("Mine".into()), None)),
    ] {
        assert!(matches!(error, Error::Forbidden { .. }), "{error}");
    }
    // Who is in none has nothing to change.
    for error in [
        tailspin.refused(move |tx| organization::add(tx, us, "T", Role::Member)),
        tailspin.refused(organization::leave),
    ] {
        assert!(matches!(error, Error::NotFound { .. }), "{error}");
    }
    let nobody = contoso.refused(move |tx| organization::remove(tx, other));
    assert!(matches!(nobody, Error::NotFound { .. }), "{nobody}");
    assert_eq!(contoso.members(), fabrikam.members());
}

#[test]
fn roles_of_pending_and_of_active_tenants() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    contoso.create();
    contoso.add_as(&fabrikam, Role::Owner);
    let pending = contoso.member(&fabrikam).unwrap();
    assert_eq!(pending.role, Role::Member);
    assert_eq!(
        pending.to_graph()["transitionDetails"]["desiredRole"],
        "owner"
    );
    fabrikam.join(&contoso);
    assert_eq!(fabrikam.role_of(&fabrikam), Role::Owner);
    assert_eq!(fabrikam.join_request().role.as_deref(), Some("owner"));

    // An owner that doesn't order the changes has the same rights.
    fabrikam.add(&tailspin);
    contoso.set_role(&tailspin, Role::Owner);
    fabrikam.set_role(&tailspin, Role::Member);
    tailspin.join(&fabrikam);
    for side in [&contoso, &fabrikam, &tailspin] {
        assert_eq!(side.role_of(&tailspin), Role::Member);
        assert_eq!(side.role_of(&contoso), Role::Owner);
    }
    fabrikam.set_role(&contoso, Role::Member);
    for side in [&contoso, &fabrikam, &tailspin] {
        assert_eq!(side.role_of(&contoso), Role::Member);
    }
    let (us, them) = (contoso.id, fabrikam.id);
    contoso.refused(move |tx| organization::set_role(tx, us, Role::Owner));
    fabrikam.refused(move |tx| organization::set_role(tx, them, Role::Member));
    // Whom an owner promotes finds it in its join request too.
    fabrikam.set_role(&tailspin, Role::Owner);
    assert_eq!(tailspin.join_request().role.as_deref(), Some("owner"));
    tailspin.set_role(&fabrikam, Role::Member);
    for side in [&contoso, &fabrikam, &tailspin] {
        assert_eq!(side.role_of(&fabrikam), Role::Member);
        assert_eq!(side.members(), contoso.members());
    }
}

#[test]
fn an_active_owner_always_remains() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    organization_of(&[&contoso, &fabrikam, &tailspin]);
    let reason = contoso.refused(organization::leave);
    assert!(reason.to_string().contains("owner"), "{reason}");
    let us = contoso.id;
    contoso.refused(move |tx| organization::remove(tx, us));
    contoso.refused(move |tx| organization::set_role(tx, us, Role::Member));
    contoso.sees(&[&contoso, &fabrikam, &tailspin]);
    // A pending owner is none.
    let woodgrove = world.tenant("Woodgrove");
    contoso.add_as(&woodgrove, Role::Owner);
    contoso.refused(organization::leave);

    contoso.set_role(&fabrikam, Role::Owner);
    contoso.leave();
    assert!(!contoso.is_in_one());
    for side in [&fabrikam, &tailspin] {
        side.sees(&[&fabrikam, &tailspin]);
    }
    fabrikam.refused(organization::leave);
    // What goes on without the founder goes on.
    woodgrove.join(&contoso);
    for side in [&fabrikam, &tailspin, &woodgrove] {
        side.sees(&[&fabrikam, &tailspin, &woodgrove]);
    }
    assert_eq!(tailspin.role_of(&woodgrove), Role::Owner);
}

#[test]
fn two_owners_who_leave_at_once_leave_nobody_behind() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    organization_of(&[&contoso, &fabrikam, &tailspin]);
    contoso.set_role(&fabrikam, Role::Owner);
    // Neither knows of the other's leaving.
    contoso.write(organization::leave).unwrap();
    fabrikam.write(organization::leave).unwrap();
    world.settle();
    assert!(!contoso.is_in_one());
    fabrikam.sees(&[&fabrikam, &tailspin]);
    tailspin.sees(&[&fabrikam, &tailspin]);
    let audit = fabrikam.audit();
    let refusal = "Delete a MultiTenantOrg tenant: The last active owner";
    assert!(
        audit.iter().any(|entry| entry.starts_with(refusal)),
        "{audit:?}"
    );
}

#[test]
fn each_tenant_has_in_its_log_what_the_others_did() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    let woodgrove = world.tenant("Woodgrove");
    organization_of(&[&contoso, &fabrikam]);
    contoso.set_role(&fabrikam, Role::Owner);
    let (of_contoso, of_fabrikam) = (contoso.audit().len(), fabrikam.audit().len());
    // By the owner that doesn't order the changes.
    fabrikam.act(|tx| organization::update(tx, Some("Square table".into()), None));
    fabrikam.add(&tailspin);
    fabrikam.add_as(&woodgrove, Role::Owner);
    tailspin.join(&fabrikam);
    fabrikam.set_role(&tailspin, Role::Owner);
    let of_tailspin = tailspin.audit().len();
    fabrikam.set_role(&contoso, Role::Member);
    fabrikam.remove(&woodgrove);
    contoso.leave();
    let told = |log: Vec<String>, from: usize| log[from..].to_vec();
    let everything = [
        "Update a MultiTenantOrg",
        "Add a MultiTenantOrg tenant",
        "Add a MultiTenantOrg tenant",
        "Tenant joins a MultiTenantOrg",
        "Update a MultiTenantOrg tenant",
        "Update a MultiTenantOrg tenant",
        "Delete a MultiTenantOrg tenant",
        "Delete a MultiTenantOrg tenant",
    ];
    assert_eq!(told(contoso.audit(), of_contoso), everything);
    assert_eq!(told(fabrikam.audit(), of_fabrikam), everything);
    assert_eq!(told(tailspin.audit(), of_tailspin), everything[5..]);
    assert_eq!(
        woodgrove.audit(),
        [
            "Tenant was added to a MultiTenantOrg",
            "Tenant was removed from a MultiTenantOrg"
        ]
    );
}

#[test]
fn the_last_active_tenant_dissolves_it() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    organization_of(&[&contoso, &fabrikam]);
    contoso.add(&tailspin);
    fabrikam.leave();
    contoso.leave();
    for tenant in [&contoso, &fabrikam, &tailspin] {
        assert!(!tenant.is_in_one());
        assert!(tenant.members().is_empty());
        assert!(tenant.invited_by().is_empty(), "{}", tenant.name);
    }
    let reason = tailspin.join_fails(contoso.id);
    assert!(reason.contains("hasn't added"), "{reason}");
    // Everybody is free for another one.
    fabrikam.create();
    fabrikam.add(&contoso);
    contoso.join(&fabrikam);
    fabrikam.sees(&[&contoso, &fabrikam]);
}

#[test]
fn an_owner_removes_any_other() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    let woodgrove = world.tenant("Woodgrove");
    organization_of(&[&contoso, &fabrikam, &tailspin]);
    contoso.add(&woodgrove);
    contoso.remove(&woodgrove);
    assert_eq!(contoso.member(&woodgrove), None);
    assert!(woodgrove.invited_by().is_empty());
    contoso.remove(&tailspin);
    assert!(!tailspin.is_in_one());
    assert_eq!(tailspin.join_request().member_state, None);
    fabrikam.sees(&[&contoso, &fabrikam]);
    assert!(
        tailspin
            .audit()
            .contains(&"Delete a MultiTenantOrg tenant".to_owned())
    );
    // The founder isn't safe from another owner either.
    contoso.set_role(&fabrikam, Role::Owner);
    fabrikam.remove(&contoso);
    assert!(!contoso.is_in_one());
    fabrikam.sees(&[&fabrikam]);
    // Removed isn't banned.
    fabrikam.add(&contoso);
    contoso.join(&fabrikam);
    fabrikam.add(&tailspin);
    tailspin.join(&fabrikam);
    for side in [&contoso, &fabrikam, &tailspin] {
        side.sees(&[&contoso, &fabrikam, &tailspin]);
        assert_eq!(side.role_of(&contoso), Role::Member);
    }
}

#[test]
fn the_seat_may_come_back_and_the_organization_still_end() {
    let world = World::new();
    let contoso = world.tenant("Contoso");
    let fabrikam = world.tenant("Fabrikam");
    let tailspin = world.tenant("Tailspin");
    contoso.create();
    contoso.add_as(&fabrikam, Role::Owner);
    fabrikam.join(&contoso);
    contoso.leave();
    fabrikam.add_as(&contoso, Role::Owner);
    contoso.join(&fabrikam);
    fabrikam.leave();
    // Each has been the seat before the other; a question must not go round in a circle.
    contoso.add(&tailspin);
    contoso.write(organization::leave).unwrap();
    tailspin.ask_to_join(contoso.id);
    let request = tailspin.join_request();
    assert_eq!(request.status.as_deref(), Some("failed"), "{request:?}");
    for tenant in [&contoso, &fabrikam, &tailspin] {
        assert!(!tenant.is_in_one());
    }
}
