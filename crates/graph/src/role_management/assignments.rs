//! `/roleManagement/directory/roleAssignments`: who has which role, for the whole tenant or a part of it.

use directory::groups::Link;
use directory::roles::{self, Assignment, Of, Place};
use query::Filter;
use query::filter::{Comparison, Expression, Node, Value as Literal};
use serde_json::Value;
use store::ReadTx;
use uuid::Uuid;

use super::{Expanded, expanded};
use crate::directory_objects::{self, Lens};
use crate::directory_roles::{READ, WRITE, passes, settle};
use crate::errors::{Detail, Refusal};
use crate::listing::{self, Shown};
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::Area;
use crate::sight::Sights;

const SET: &str = "roleManagement/directory/roleAssignments";
const RELATIONS: [&str; 3] = ["directoryScope", "principal", "roleDefinition"];
/// Assignments that one request looks at; the next page goes on behind them.
const LOOK_MAX: usize = 10_000;

pub(super) fn routes(area: &mut Area<'_>) {
    area.get(
        "/roleManagement/directory/roleAssignments",
        READ,
        "List who has which role",
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
        "/roleManagement/directory/roleAssignments",
        WRITE,
        "Assign somebody to a role",
        create,
    );
    area.get(
        "/roleManagement/directory/roleAssignments/{id}",
        READ,
        "Get an assignment to a role",
        get,
    )
    .query(Allowed::SELECT.and(Allowed::EXPAND));
    area.delete(
        "/roleManagement/directory/roleAssignments/{id}",
        WRITE,
        "Take an assignment to a role back",
        remove,
    );
}

/// How a request looks at assignments.
struct Look {
    select: Option<Vec<String>>,
    principal: Option<Lens>,
    scope: Option<Lens>,
    definition: Option<Expanded>,
}

impl Look {
    fn of(call: &Call) -> Result<Self, Refusal> {
        let mut look = Self {
            select: listing::select(call)?,
            principal: None,
            scope: None,
            definition: None,
        };
        if let Some(select) = &look.select {
            roles::check_assignment_select(select)?;
        }
        for relation in expanded(call, &RELATIONS)? {
            let lens = |select| Lens::new(Sights::of(&call.caller), select);
            match relation.name {
                "principal" => look.principal = Some(lens(relation.select)?),
                "directoryScope" => look.scope = Some(lens(relation.select)?),
                _ => {
                    if let Some(select) = &relation.select {
                        roles::check_definition_select(select)?;
                    }
                    look.definition = Some(relation);
                }
            }
        }
        Ok(look)
    }

    fn show(&self, tx: &ReadTx<'_>, assignment: &Assignment) -> types::Result<Shown> {
        let mut shown = roles::project_assignment(tx, assignment, self.select.as_deref())?;
        if let Some(lens) = &self.principal {
            let link = Link {
                id: assignment.principal,
                kind: assignment.principal_kind,
            };
            let principal = lens.show(tx, link)?;
            shown.insert(
                "principal".to_owned(),
                principal.map_or(Value::Null, Value::from),
            );
        }
        if let Some(lens) = &self.scope {
            // The tenant as a whole is no object of the directory.
            let scope = directory_objects::find(tx, lens, assignment.scope.id(), |_| true)?;
            let scope = scope.map_or(Value::Null, Value::from);
            shown.insert("directoryScope".to_owned(), scope);
        }
        if let Some(Expanded { select, .. }) = &self.definition {
            let role = roles::find_definition(tx, assignment.template)?;
            let definition = role.map(|role| role.project(select.as_deref()));
            let definition = definition.transpose()?.map_or(Value::Null, Value::from);
            shown.insert("roleDefinition".to_owned(), definition);
        }
        Ok(shown)
    }
}

/// Which assignments a filter can be true of, as far as an index knows.
fn of(filter: Option<&Filter>) -> Of {
    let Some(root) = filter.map(Filter::root) else {
        return Of::Tenant;
    };
    let parts = match &root.expression {
        Expression::And(parts) => parts.as_slice(),
        _ => std::slice::from_ref(root),
    };
    if let Some(id) = parts.iter().find_map(|part| equal(part, "principalId")) {
        return Of::Principal(id);
    }
    if let Some(id) = parts
        .iter()
        .find_map(|part| equal(part, "roleDefinitionId"))
    {
        return Of::Role(id);
    }
    let scope = parts
        .iter()
        .find_map(|part| equal_text(part, "directoryScopeId"));
    let object = scope.and_then(|scope| scope.rsplit('/').next());
    match object.and_then(types::parse_uuid) {
        Some(id) => Of::Scope(id),
        None => Of::Tenant,
    }
}

/// The id that a property has to be equal to.
fn equal(node: &Node, name: &str) -> Option<Uuid> {
    match compared(node, name)? {
        Literal::Text(text) => types::parse_uuid(text),
        Literal::Guid(id) => Some(*id),
        _ => None,
    }
}

/// The text that a property has to be equal to.
fn equal_text<'n>(node: &'n Node, name: &str) -> Option<&'n str> {
    match compared(node, name)? {
        Literal::Text(text) => Some(text),
        _ => None,
    }
}

fn compared<'n>(node: &'n Node, name: &str) -> Option<&'n Literal> {
    let Expression::Compare {
        path,
        comparison: Comparison::Equal,
        value,
    } = &node.expression
    else {
        return None;
    };
    match path.segments.as_slice() {
        [own] if own.eq_ignore_ascii_case(name) => Some(&value.value),
        _ => None,
    }
}

/// What is looked through, and how far.
struct Search {
    of: Of,
    after: Option<Place>,
    size: usize,
    filter: Option<Filter>,
}

impl Search {
    /// The assignments of a page, and behind which one the next begins.
    fn through(&self, tx: &ReadTx<'_>) -> types::Result<(Vec<Assignment>, Option<Place>)> {
        let (mut passed, mut after, mut looked) = (Vec::new(), self.after, 0);
        while looked < LOOK_MAX {
            let found = roles::list(tx, self.of, after, self.size + 1)?;
            let is_last = found.len() <= self.size;
            for assignment in found {
                let whole = roles::project_assignment(tx, &assignment, None)?.into();
                if passes(self.filter.as_ref(), roles::assignment_entity(), &whole)? {
                    if passed.len() == self.size {
                        return Ok((passed, after));
                    }
                    passed.push(assignment);
                }
                after = Some(assignment.place());
                looked += 1;
            }
            if is_last {
                return Ok((passed, None));
            }
        }
        Ok((passed, after))
    }
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    settle(&call).await?;
    let (look, filter) = (Look::of(&call)?, listing::filter(&call)?);
    passes(filter.as_ref(), roles::assignment_entity(), &Value::Null)?;
    let search = Search {
        of: of(filter.as_ref()),
        after: call.skip_token(SET)?,
        size: listing::page_size(&call)?,
        filter,
    };
    let (items, next) = call
        .read(move |tx| {
            let (found, next) = search.through(tx)?;
            let shown = found
                .iter()
                .map(|assignment| look.show(tx, assignment))
                .collect::<types::Result<Vec<_>>>()?;
            Ok((shown, next))
        })
        .await?;
    let page = Page {
        next_link: next.map(|place| call.next_link(SET, &place)).transpose()?,
        ..Page::all(items)
    };
    Reply::collection(&call, SET, &page)
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    settle(&call).await?;
    let (look, id) = (Look::of(&call)?, call.key("id").to_owned());
    let shown = call
        .read(move |tx| look.show(tx, &roles::find(tx, &id)?))
        .await?;
    Reply::entity(&call, SET, &shown)
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    settle(&call).await?;
    let mut body = call.object("unifiedRoleAssignment")?;
    // The id follows from the rest, whatever a client writes.
    body.shift_remove("id");
    let new = roles::parse(&body)?;
    let made = call
        .write(move |tx| {
            let scope = new.scope(tx)?;
            let made = if roles::has(tx, new.template, new.principal, scope)? {
                None
            } else {
                Some(roles::assign(tx, new.template, new.principal, scope)?)
            };
            made.map(|made| Ok((made.id(), roles::project_assignment(tx, &made, None)?)))
                .transpose()
        })
        .await?;
    let Some((id, shown)) = made else {
        let conflict = Refusal::from(roles::conflict("principalId"));
        let message = conflict.message().to_owned();
        return Err(conflict.with_detail(Detail {
            code: "ConflictingObjects",
            message,
            target: "principalId".to_owned(),
        }));
    };
    Reply::created(&call, SET, &shown, &format!("/{SET}/{id}"))
}

async fn remove(call: Call) -> Result<Reply, Refusal> {
    settle(&call).await?;
    let id = call.key("id").to_owned();
    call.write(move |tx| {
        let found = roles::find(tx, &id)?;
        roles::take_back(tx, &found)
    })
    .await?;
    Ok(Reply::no_content())
}
