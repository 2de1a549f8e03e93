//! `/directoryRoleTemplates` and `/directoryRoles`: which roles there are, which are active here, and
//! who has them.
//!
//! A role is named by its object id, or by its template: `(roleTemplateId='…')`, or
//! `roleTemplateId=…` as a segment, as Graph's own pages write it.

use directory::groups::LinkKind;
use directory::roles::{self, Role, Scope, built_in};
use query::{Entity, Filter};
use serde_json::Value;
use store::ReadTx;
use types::{Actor, Error};
use uuid::Uuid;

use crate::directory_objects::{self, COUNTED, Part, RELATED, Related};
use crate::errors::Refusal;
use crate::expand::{Expand, Relation};
use crate::listing;
use crate::query_options::Allowed;
use crate::references::Reference;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Area, Routes, Versions};

pub(crate) const READ: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
];
pub(crate) const WRITE: &[&str] = &["RoleManagement.ReadWrite.Directory"];
const SET: &str = "directoryRoles";
const BY_TEMPLATE: &str = "roleTemplateId=";

/// What can be expanded.
static EXPANDED: [Relation<Role>; 1] = [Relation::many("members", |tx, role, limit| {
    roles::members(tx, role.built_in.id, None, None, limit)
})];

/// The paths of a role's members: the list, its count, and those of one type each.
const MEMBERS: [(&str, &str, Option<LinkKind>); 8] = [
    (
        "/directoryRoles/{id}/members",
        "/directoryRoles/{id}/members/$count",
        None,
    ),
    (
        "/directoryRoles/{id}/members/microsoft.graph.user",
        "/directoryRoles/{id}/members/microsoft.graph.user/$count",
        Some(LinkKind::User),
    ),
    (
        "/directoryRoles/{id}/members/microsoft.graph.group",
        "/directoryRoles/{id}/members/microsoft.graph.group/$count",
        Some(LinkKind::Group),
    ),
    (
        "/directoryRoles/{id}/members/microsoft.graph.servicePrincipal",
        "/directoryRoles/{id}/members/microsoft.graph.servicePrincipal/$count",
        Some(LinkKind::ServicePrincipal),
    ),
    (
        "/directoryRoles(roleTemplateId='{roleTemplateId}')/members",
        "/directoryRoles(roleTemplateId='{roleTemplateId}')/members/$count",
        None,
    ),
    (
        "/directoryRoles(roleTemplateId='{roleTemplateId}')/members/microsoft.graph.user",
        "/directoryRoles(roleTemplateId='{roleTemplateId}')/members/microsoft.graph.user/$count",
        Some(LinkKind::User),
    ),
    (
        "/directoryRoles(roleTemplateId='{roleTemplateId}')/members/microsoft.graph.group",
        "/directoryRoles(roleTemplateId='{roleTemplateId}')/members/microsoft.graph.group/$count",
        Some(LinkKind::Group),
    ),
    (
        "/directoryRoles(roleTemplateId='{roleTemplateId}')/members/microsoft.graph.servicePrincipal",
        "/directoryRoles(roleTemplateId='{roleTemplateId}')/members/microsoft.graph.servicePrincipal/$count",
        Some(LinkKind::ServicePrincipal),
    ),
];

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("directoryRoles", Versions::Both);
    area.get(
        "/directoryRoleTemplates",
        READ,
        "List the roles that there are",
        list_templates,
    )
    .query(Allowed::SELECT);
    area.get(
        "/directoryRoleTemplates/{id}",
        READ,
        "Get a role's template",
        get_template,
    )
    .query(Allowed::SELECT);
    area.get("/directoryRoles", READ, "List the active roles", list)
        .query(Allowed::SELECT.and(Allowed::FILTER).and(Allowed::EXPAND));
    area.post("/directoryRoles", WRITE, "Make a role active", activate);
    for path in [
        "/directoryRoles/{id}",
        "/directoryRoles(roleTemplateId='{roleTemplateId}')",
    ] {
        area.get(path, READ, "Get an active role", get)
            .query(Allowed::SELECT.and(Allowed::EXPAND));
    }
    for (path, count_path, cast) in MEMBERS {
        area.get(path, READ, "List who has a role", move |call| {
            members(call, cast)
        })
        .query(RELATED);
        area.get(count_path, READ, "Count who has a role", move |call| {
            count_members(call, cast)
        })
        .query(COUNTED);
    }
    change_members(
        &mut area,
        "/directoryRoles/{id}/members/$ref",
        "/directoryRoles/{id}/members/{memberId}/$ref",
    );
    change_members(
        &mut area,
        "/directoryRoles(roleTemplateId='{roleTemplateId}')/members/$ref",
        "/directoryRoles(roleTemplateId='{roleTemplateId}')/members/{memberId}/$ref",
    );
}

fn change_members(area: &mut Area<'_>, add: &'static str, remove: &'static str) {
    area.post(add, WRITE, "Give somebody a role", add_member);
    area.delete(remove, WRITE, "Take a role away", remove_member);
}

/// Sees to it that a tenant from before there were roles has its first administrator.
pub(crate) async fn settle(call: &Call) -> Result<(), Refusal> {
    if !call.read_few(roles::is_settled).await? {
        let island = call.island()?;
        island.write(Actor::System, roles::appoint_first).await?;
    }
    Ok(())
}

/// Whether a filter is true of an object, or there is none.
pub(crate) fn passes(
    filter: Option<&Filter>,
    entity: &Entity,
    object: &Value,
) -> types::Result<bool> {
    filter.map_or(Ok(true), |filter| query::evaluate(filter, entity, object))
}

async fn list_templates(call: Call) -> Result<Reply, Refusal> {
    let select = listing::select(&call)?;
    let items = built_in::all()?
        .iter()
        .map(|role| role.template(select.as_deref()))
        .collect::<types::Result<Vec<_>>>()?;
    Reply::collection(&call, "directoryRoleTemplates", &Page::all(items))
}

async fn get_template(call: Call) -> Result<Reply, Refusal> {
    let (select, text) = (listing::select(&call)?, call.key("id"));
    let found = match types::parse_uuid(text) {
        Some(id) => built_in::by_id(id)?,
        None => None,
    };
    let found = found.ok_or_else(|| Error::not_found("directoryRoleTemplate", text))?;
    let shown = found.template(select.as_deref())?;
    Reply::entity(&call, "directoryRoleTemplates", &shown)
}

/// Which role a path names.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    Id(Uuid),
    Template(Uuid),
}

impl Key {
    /// What isn't a GUID names nothing.
    pub(crate) fn of(call: &Call) -> Result<Self, Refusal> {
        let missing = |text: &str| Error::not_found("directoryRole", text).into();
        let of_template = |text: &str| {
            let id = types::parse_uuid(text.trim_matches('\''));
            id.map(Self::Template).ok_or_else(|| missing(text))
        };
        if let Some(text) = call.find_key("roleTemplateId") {
            return of_template(text);
        }
        let text = call.key("id");
        match text.split_at_checked(BY_TEMPLATE.len()) {
            Some((start, rest)) if start.eq_ignore_ascii_case(BY_TEMPLATE) => of_template(rest),
            _ => types::parse_uuid(text)
                .map(Self::Id)
                .ok_or_else(|| missing(text)),
        }
    }

    pub(crate) fn role(self, tx: &ReadTx<'_>) -> types::Result<Role> {
        match self {
            Self::Id(id) => roles::get(tx, id),
            Self::Template(id) => roles::get_by_template(tx, id),
        }
    }
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    settle(&call).await?;
    let (select, filter) = (listing::select(&call)?, listing::filter(&call)?);
    let expand = Expand::of(&call, &EXPANDED, LinkKind::DirectoryRole)?;
    passes(filter.as_ref(), roles::entity(), &Value::Null)?;
    let items = call
        .read(move |tx| {
            let mut items = Vec::new();
            for role in roles::active(tx)? {
                let whole = roles::project(&role, None)?.into();
                if !passes(filter.as_ref(), roles::entity(), &whole)? {
                    continue;
                }
                let mut shown = roles::project(&role, select.as_deref())?;
                if let Some(expand) = &expand {
                    expand.add(tx, &role, &mut shown)?;
                }
                items.push(shown);
            }
            Ok(items)
        })
        .await?;
    Reply::collection(&call, SET, &Page::all(items))
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    settle(&call).await?;
    let (select, key) = (listing::select(&call)?, Key::of(&call)?);
    let expand = Expand::of(&call, &EXPANDED, LinkKind::DirectoryRole)?;
    let shown = call
        .read(move |tx| {
            let role = key.role(tx)?;
            let mut shown = roles::project(&role, select.as_deref())?;
            if let Some(expand) = &expand {
                expand.add(tx, &role, &mut shown)?;
            }
            Ok(shown)
        })
        .await?;
    Reply::entity(&call, SET, &shown)
}

async fn activate(call: Call) -> Result<Reply, Refusal> {
    settle(&call).await?;
    let body = call.object("directoryRole")?;
    if let Some(name) = body.keys().find(|name| *name != "roleTemplateId") {
        return Err(Error::invalid(
            name.as_str(),
            "A role is made active by its 'roleTemplateId' and nothing else.",
        )
        .into());
    }
    let template = body.get("roleTemplateId").and_then(Value::as_str);
    let template = template.and_then(types::parse_uuid).ok_or_else(|| {
        Error::invalid(
            "roleTemplateId",
            "A value is required for property 'roleTemplateId' of resource 'DirectoryRole': the id of a role's template.",
        )
    })?;
    let shown = call
        .write(move |tx| {
            let role = roles::activate(tx, template)?;
            Ok((role.id, roles::project(&role, None)?))
        })
        .await?;
    let (id, shown) = shown;
    Reply::created(&call, SET, &shown, &format!("/{SET}/{id}"))
}

/// Who has a role.
struct Members {
    key: Key,
    cast: Option<LinkKind>,
}

impl Related for Members {
    fn part(&self, tx: &ReadTx<'_>, part: Part) -> types::Result<Vec<directory_objects::Link>> {
        let template = self.key.role(tx)?.built_in.id;
        roles::members(tx, template, self.cast, part.after, part.limit)
    }
    fn count(&self, tx: &ReadTx<'_>) -> types::Result<u64> {
        roles::count_members(tx, self.key.role(tx)?.built_in.id, self.cast)
    }
}

async fn members(call: Call, cast: Option<LinkKind>) -> Result<Reply, Refusal> {
    settle(&call).await?;
    let key = Key::of(&call)?;
    directory_objects::list(&call, "directoryRoles/members", cast, Members { key, cast }).await
}

async fn count_members(call: Call, cast: Option<LinkKind>) -> Result<Reply, Refusal> {
    settle(&call).await?;
    let key = Key::of(&call)?;
    directory_objects::count(&call, cast, Members { key, cast }).await
}

async fn add_member(call: Call) -> Result<Reply, Refusal> {
    settle(&call).await?;
    let (key, member) = (Key::of(&call)?, Reference::of_body(&call)?);
    call.write(move |tx| {
        let role = key.role(tx)?;
        let member = member.resolve(tx)?;
        if roles::has(tx, role.built_in.id, member, Scope::Tenant)? {
            return Err(roles::already_there("members"));
        }
        roles::assign(tx, role.built_in.id, member, Scope::Tenant).map(drop)
    })
    .await?;
    Ok(Reply::no_content())
}

async fn remove_member(call: Call) -> Result<Reply, Refusal> {
    settle(&call).await?;
    let key = Key::of(&call)?;
    let member = directory_objects::id_of(&call, "memberId")?;
    call.write(move |tx| {
        let role = key.role(tx)?;
        roles::remove(tx, role.built_in.id, member)
    })
    .await?;
    Ok(Reply::no_content())
}
