//! Who has a role for a unit: `scopedRoleMembers` of the unit, `scopedMembers` of the role and
//! `scopedRoleMemberOf` of the user are three views of the assignments that
//! `/roleManagement/directory/roleAssignments` has, too.
//!
//! `roleId` is the role's object in the tenant, as in `/directoryRoles`; a template's id is taken as
//! well, and one of the tenant's own roles has no other.
//!
//! Source: the `scopedRoleMembership` resource and its operations (Microsoft Graph).

use directory::administrative_units as units;
use directory::groups::LinkKind;
use directory::roles::{self, Assignment, Of, Place, Scope};
use directory::{app_roles, users};
use serde_json::{Map, Value, json};
use store::ReadTx;
use types::{Error, Id};
use uuid::Uuid;

use crate::directory_roles::{self, READ as READ_ROLES, WRITE as WRITE_ROLES, settle};
use crate::errors::Refusal;
use crate::listing::{self, Shown};
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Area, Routes, Versions};

const SET: &str = "scopedRoleMemberships";
const PAGE: Allowed = Allowed::TOP.and(Allowed::SKIP_TOKEN);
/// Assignments that one request looks at; the next page goes on behind them.
const LOOK_MAX: usize = 1_000;

pub(super) fn routes(area: &mut Area<'_>) {
    area.get(
        "/directory/administrativeUnits/{id}/scopedRoleMembers",
        READ_ROLES,
        "List who has a role for an administrative unit",
        list,
    )
    .query(PAGE);
    area.post(
        "/directory/administrativeUnits/{id}/scopedRoleMembers",
        WRITE_ROLES,
        "Give somebody a role for an administrative unit",
        create,
    );
    area.get(
        "/directory/administrativeUnits/{id}/scopedRoleMembers/{membershipId}",
        READ_ROLES,
        "Get who has a role for an administrative unit",
        get,
    );
    area.delete(
        "/directory/administrativeUnits/{id}/scopedRoleMembers/{membershipId}",
        WRITE_ROLES,
        "Take a role for an administrative unit away",
        remove,
    );
}

/// Registers the views of users and roles.
pub(crate) fn views(routes: &mut Routes) {
    let mut area = routes.area("administrativeUnits", Versions::Both);
    area.get(
        "/users/{id}/scopedRoleMemberOf",
        READ_ROLES,
        "List the roles that a user has for administrative units",
        of_user,
    )
    .query(PAGE);
    for path in [
        "/directoryRoles/{id}/scopedMembers",
        "/directoryRoles(roleTemplateId='{roleTemplateId}')/scopedMembers",
    ] {
        area.get(
            path,
            READ_ROLES,
            "List who has a role for an administrative unit",
            of_role,
        )
        .query(PAGE);
    }
}

/// The unit that an assignment is for.
const fn unit_of(assignment: &Assignment) -> Option<Uuid> {
    match assignment.scope {
        Scope::AdministrativeUnit(unit) => Some(unit),
        _ => None,
    }
}

fn show(tx: &ReadTx<'_>, assignment: &Assignment) -> types::Result<Shown> {
    // One of the tenant's own has no object but its definition.
    let role = types::found(roles::get_by_template(tx, assignment.template))?;
    let role = role.map_or(assignment.template, |role| role.id);
    let id = assignment.principal;
    let name = app_roles::name_of(tx, assignment.principal_kind, id)?;
    let mut member = Map::from_iter([
        ("id".to_owned(), json!(id)),
        ("displayName".to_owned(), json!(name)),
    ]);
    if assignment.principal_kind == LinkKind::User {
        let user = users::get(tx, Id::new(id))?;
        let name = user.user_principal_name().into();
        member.insert("userPrincipalName".into(), name);
    }
    Ok(Map::from_iter([
        ("id".to_owned(), assignment.id().into()),
        ("roleId".to_owned(), json!(role)),
        (
            "administrativeUnitId".to_owned(),
            json!(unit_of(assignment)),
        ),
        ("roleMemberInfo".to_owned(), member.into()),
    ]))
}

/// A page of the assignments of some sort that are for units.
fn page(
    tx: &ReadTx<'_>,
    of: Of,
    mut after: Option<Place>,
    size: usize,
) -> types::Result<(Vec<Shown>, Option<Place>)> {
    let (mut items, mut looked) = (Vec::new(), 0);
    while looked < LOOK_MAX {
        let found = roles::list(tx, of, after, size + 1)?;
        let is_last = found.len() <= size;
        for assignment in &found {
            if unit_of(assignment).is_some() {
                if items.len() == size {
                    return Ok((items, after));
                }
                items.push(show(tx, assignment)?);
            }
            after = Some(assignment.place());
            looked += 1;
        }
        if is_last {
            return Ok((items, None));
        }
    }
    Ok((items, after))
}

/// Answers a page of what `of` finds in the snapshot. `name` is that of the tokens in its links.
async fn answer(
    call: &Call,
    name: &'static str,
    of: impl FnOnce(&ReadTx<'_>) -> types::Result<Of> + Send + 'static,
) -> Result<Reply, Refusal> {
    settle(call).await?;
    let (size, after) = (listing::page_size(call)?, call.skip_token(name)?);
    let (items, next) = call
        .read(move |tx| {
            let of = of(tx)?;
            page(tx, of, after, size)
        })
        .await?;
    let page = Page {
        next_link: next.map(|place| call.next_link(name, &place)).transpose()?,
        ..Page::all(items)
    };
    Reply::collection(call, SET, &page)
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let unit = call.id("id")?;
    answer(&call, "administrativeUnits/scopedRoleMembers", move |tx| {
        Ok(Of::Scope(units::get(tx, unit)?.id.uuid()))
    })
    .await
}

async fn of_user(call: Call) -> Result<Reply, Refusal> {
    let key = call.key("id").to_owned();
    answer(&call, "users/scopedRoleMemberOf", move |tx| {
        Ok(Of::Principal(users::find(tx, &key)?.id.uuid()))
    })
    .await
}

async fn of_role(call: Call) -> Result<Reply, Refusal> {
    let key = directory_roles::Key::of(&call)?;
    answer(&call, "directoryRoles/scopedMembers", move |tx| {
        Ok(Of::Role(key.role(tx)?.built_in.id))
    })
    .await
}

/// The assignment that the path names, if it is for the unit that it names.
fn find(
    tx: &ReadTx<'_>,
    unit: Id<types::kind::AdministrativeUnit>,
    id: &str,
) -> types::Result<Assignment> {
    units::get(tx, unit)?;
    types::found(roles::find(tx, id))?
        .filter(|found| unit_of(found) == Some(unit.uuid()))
        .ok_or_else(|| Error::not_found("scopedRoleMembership", id))
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    settle(&call).await?;
    let (unit, id) = (call.id("id")?, call.key("membershipId").to_owned());
    let shown = call.read(move |tx| show(tx, &find(tx, unit, &id)?)).await?;
    Reply::entity(&call, SET, &shown)
}

fn required(name: &str, value: Option<&Value>) -> Result<Uuid, Refusal> {
    let id = value.and_then(Value::as_str).and_then(types::parse_uuid);
    id.ok_or_else(|| {
        Error::invalid(
            name,
            format!("A value is required for property '{name}' of resource 'ScopedRoleMembership': an object's id."),
        )
        .into()
    })
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    settle(&call).await?;
    let (unit, body) = (call.id("id")?, call.object("scopedRoleMembership")?);
    let role = required("roleId", body.get("roleId"))?;
    let member = body.get("roleMemberInfo").and_then(|info| info.get("id"));
    let member = required("roleMemberInfo", member)?;
    let (id, shown) = call
        .write(move |tx| {
            let scope = Scope::AdministrativeUnit(units::get(tx, unit)?.id.uuid());
            let active = types::found(roles::get(tx, role))?;
            let template = active.map_or(role, |active| active.built_in.id);
            if roles::has(tx, template, member, scope)? {
                return Err(roles::already_there("scopedRoleMembers"));
            }
            let made = roles::assign(tx, template, member, scope)?;
            Ok((made.id(), show(tx, &made)?))
        })
        .await?;
    let path = format!("/directory/administrativeUnits/{unit}/scopedRoleMembers/{id}");
    Reply::created(&call, SET, &shown, &path)
}

async fn remove(call: Call) -> Result<Reply, Refusal> {
    settle(&call).await?;
    let (unit, id) = (call.id("id")?, call.key("membershipId").to_owned());
    call.write(move |tx| {
        let found = find(tx, unit, &id)?;
        roles::take_back(tx, &found)
    })
    .await?;
    Ok(Reply::no_content())
}
