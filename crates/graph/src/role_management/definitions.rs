//! `/roleManagement/directory/roleDefinitions`: the built-in roles. A tenant can't define its own.

use directory::roles::BuiltIn;
use directory::roles::built_in;
use serde_json::{Value, json};
use types::Error;

use super::{READ, expanded};
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
const SET: &str = "roleManagement/directory/roleDefinitions";
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
        "Refused: a tenant has the built-in roles and no others",
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
        "Refused: the built-in roles are what they are",
        change,
    );
    area.delete(
        "/roleManagement/directory/roleDefinitions/{id}",
        WRITE_DEFINITIONS,
        "Refused: the built-in roles stay",
        change,
    );
}

fn show(role: &BuiltIn, select: Option<&[String]>, inherits: bool) -> types::Result<Shown> {
    let mut shown = role.definition(select)?;
    if inherits {
        let ids = role.inherits_from().map(|id| json!({ "id": id }));
        shown.insert(INHERITS.to_owned(), ids.collect());
    }
    Ok(shown)
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let (select, filter) = (listing::select(&call)?, listing::filter(&call)?);
    if let Some(select) = &select {
        built_in::check_select(select)?;
    }
    let entity = built_in::entity();
    passes(filter.as_ref(), entity, &Value::Null)?;
    let inherits = !expanded(&call, &[INHERITS])?.is_empty();
    let size = call.options.page_size(PAGE_MAX, PAGE_MAX)?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let after: Option<uuid::Uuid> = call.skip_token(SET)?;
    let mut found = Vec::new();
    for role in built_in::all()? {
        if after.is_none_or(|after| role.id > after)
            && passes(filter.as_ref(), entity, &role.filtered())?
        {
            found.push(role);
        }
    }
    let next = listing::cut(&mut found, size).map(|last| last.id);
    let items = found
        .into_iter()
        .map(|role| show(role, select.as_deref(), inherits))
        .collect::<types::Result<Vec<_>>>()?;
    let page = Page {
        next_link: next.map(|id| call.next_link(SET, &id)).transpose()?,
        ..Page::all(items)
    };
    Reply::collection(&call, SET, &page)
}

fn find(call: &Call) -> Result<&'static BuiltIn, Refusal> {
    let text = call.key("id");
    let found = match types::parse_uuid(text) {
        Some(id) => built_in::by_id(id)?,
        None => None,
    };
    found.ok_or_else(|| Error::not_found("unifiedRoleDefinition", text).into())
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let select = listing::select(&call)?;
    let inherits = !expanded(&call, &[INHERITS])?.is_empty();
    let shown = show(find(&call)?, select.as_deref(), inherits)?;
    Reply::entity(&call, SET, &shown)
}

async fn create(_call: Call) -> Result<Reply, Refusal> {
    Err(Refusal::bad_request(
        "The tenant can't define roles of its own: assign the built-in ones.",
    ))
}

async fn change(call: Call) -> Result<Reply, Refusal> {
    let role = find(&call)?;
    Err(Refusal::bad_request(format!(
        "'{}' is a built-in role, which can't be changed or deleted.",
        role.display_name
    )))
}
