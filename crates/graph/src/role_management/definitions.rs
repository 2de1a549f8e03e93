//! `/roleManagement/directory/roleDefinitions`: the built-in roles, and those that the tenant has defined.

use directory::groups::Link;
use directory::roles::{self, Definition, Of};
use serde_json::{Value, json};
use store::ReadTx;
use types::Error;
use uuid::Uuid;

use super::{READ, expanded};
use crate::directory_objects::{self, Part, RELATED, Related};
use crate::directory_roles::{WRITE, passes};
use crate::errors::Refusal;
use crate::listing::{self, Shown};
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::Area;

const WRITE_DEFINITIONS: &[&str] = &[
    "Directory.ReadWrite.All",
    "RoleManagement.ReadWrite.Directory",
];
const ASSIGNED: &[&str] = &[
    "Directory.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
];
const SET: &str = "roleManagement/directory/roleDefinitions";
/// Assignments of one role that are looked at.
const ASSIGNED_MAX: usize = 10_000;
const INHERITS: &str = "inheritsPermissionsFrom";
/// More than there are: without `$top` all of them stand on one page, as in Graph.
const PAGE_MAX: u32 = 999;

pub(super) fn routes(area: &mut Area<'_>) {
    debug_assert!(WRITE.iter().all(|it| WRITE_DEFINITIONS.contains(it)));
    area.get(
        "/roleManagement/directory/roleDefinitions",
        READ,
        "List the definitions of roles",
        list,
    )
    .query(
        Allowed::SELECT
            .and(Allowed::FILTER)
            .and(Allowed::EXPAND)
            .and(Allowed::TOP)
            .and(Allowed::SKIP_TOKEN),
    );
    area.post(
        "/roleManagement/directory/roleDefinitions",
        WRITE_DEFINITIONS,
        "Define a role",
        create,
    );
    area.get(
        "/roleManagement/directory/roleDefinitions/{id}",
        READ,
        "Get the definition of a role",
        get,
    )
    .query(Allowed::SELECT.and(Allowed::EXPAND));
    area.patch(
        "/roleManagement/directory/roleDefinitions/{id}",
        WRITE_DEFINITIONS,
        "Change a role that the tenant has defined",
        update,
    );
    area.delete(
        "/roleManagement/directory/roleDefinitions/{id}",
        WRITE_DEFINITIONS,
        "Delete a role that the tenant has defined, and take it from everybody",
        remove,
    );
    area.get(
        "/roleManagement/directory/roleDefinitions/{id}/assignedPrincipals()",
        ASSIGNED,
        "List who has a role, whatever for",
        assigned_principals,
    )
    .query(RELATED);
}

fn show(role: &Definition, select: Option<&[String]>, inherits: bool) -> types::Result<Shown> {
    let mut shown = role.project(select)?;
    if inherits {
        let ids = role.inherits_from().into_iter();
        let ids = ids.map(|id| json!({ "id": id }));
        shown.insert(INHERITS.to_owned(), ids.collect());
    }
    Ok(shown)
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let (select, filter) = (listing::select(&call)?, listing::filter(&call)?);
    if let Some(select) = &select {
        roles::check_definition_select(select)?;
    }
    let entity = roles::definition_entity();
    passes(filter.as_ref(), entity, &Value::Null)?;
    let inherits = !expanded(&call, &[INHERITS])?.is_empty();
    let size = call.options.page_size(PAGE_MAX, PAGE_MAX)?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let after: Option<Uuid> = call.skip_token(SET)?;
    let (items, next) = call
        .read(move |tx| {
            let mut found = Vec::new();
            for role in roles::definitions(tx)? {
                if after.is_none_or(|after| role.id() > after)
                    && passes(filter.as_ref(), entity, &role.filtered())?
                {
                    found.push(role);
                }
            }
            let next = listing::cut(&mut found, size).map(Definition::id);
            let items = found
                .iter()
                .map(|role| show(role, select.as_deref(), inherits))
                .collect::<types::Result<Vec<_>>>()?;
            Ok((items, next))
        })
        .await?;
    let page = Page {
        next_link: next.map(|id| call.next_link(SET, &id)).transpose()?,
        ..Page::all(items)
    };
    Reply::collection(&call, SET, &page)
}

/// The id that the path names.
fn key(call: &Call) -> Result<Uuid, Refusal> {
    let text = call.key("id");
    types::parse_uuid(text).ok_or_else(|| missing(text).into())
}

fn missing(id: impl std::fmt::Display) -> Error {
    Error::not_found("unifiedRoleDefinition", id)
}

fn find(tx: &ReadTx<'_>, id: Uuid) -> types::Result<Definition> {
    roles::find_definition(tx, id)?.ok_or_else(|| missing(id))
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let (select, id) = (listing::select(&call)?, key(&call)?);
    let inherits = !expanded(&call, &[INHERITS])?.is_empty();
    let shown = call
        .read(move |tx| show(&find(tx, id)?, select.as_deref(), inherits))
        .await?;
    Reply::entity(&call, SET, &shown)
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let mut body = call.object("unifiedRoleDefinition")?;
    // What a role is follows from how it is made, whatever a client writes.
    for name in ["id", "isBuiltIn"] {
        body.shift_remove(name);
    }
    let (id, shown) = call
        .write(move |tx| {
            let made = roles::create(tx, &body)?;
            let id = made.id;
            Ok((id, show(&Definition::Custom(made), None, false)?))
        })
        .await?;
    Reply::created(&call, SET, &shown, &format!("/{SET}/{id}"))
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let (id, mut body) = (key(&call)?, call.object("unifiedRoleDefinition")?);
    for name in ["id", "isBuiltIn"] {
        body.shift_remove(name);
    }
    // Clients send back what they have read.
    let own = body.get("templateId").and_then(Value::as_str);
    if own.and_then(types::parse_uuid) == Some(id) {
        body.shift_remove("templateId");
    }
    call.write(move |tx| roles::update(tx, id, &body)).await?;
    Ok(Reply::no_content())
}

async fn remove(call: Call) -> Result<Reply, Refusal> {
    let id = key(&call)?;
    call.write(move |tx| roles::delete(tx, id)).await?;
    Ok(Reply::no_content())
}

/// Who has a role.
struct Assigned(Uuid);

impl Assigned {
    fn whole(&self, tx: &ReadTx<'_>) -> types::Result<Vec<Link>> {
        find(tx, self.0)?;
        let found = roles::list(tx, Of::Role(self.0), None, ASSIGNED_MAX)?;
        let links = found.into_iter().map(|it| Link {
            id: it.principal,
            kind: it.principal_kind,
        });
        let mut links: Vec<Link> = links.collect();
        links.sort_by_key(|link| link.id);
        links.dedup();
        Ok(links)
    }
}

impl Related for Assigned {
    fn part(&self, tx: &ReadTx<'_>, part: Part) -> types::Result<Vec<Link>> {
        Ok(part.of(self.whole(tx)?))
    }
    fn count(&self, tx: &ReadTx<'_>) -> types::Result<u64> {
        Ok(self.whole(tx)?.len() as u64)
    }
}

async fn assigned_principals(call: Call) -> Result<Reply, Refusal> {
    let assigned = Assigned(key(&call)?);
    directory_objects::list(&call, "roleDefinitions/assignedPrincipals", None, assigned).await
}
