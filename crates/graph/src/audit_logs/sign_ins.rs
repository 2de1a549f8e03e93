//! `GET /auditLogs/signIns`: who has signed in, or hasn't got in, and why.
//!
//! Without a condition on `signInEventTypes` it is the interactive ones, as in Graph. What only `/beta`
//! declares (`signInEventTypes`, `crossTenantAccessType` …) is shown there, and can be filtered in both.
//!
//! Source: Microsoft Graph, "List signIns", and the signIn resource type of both versions.

use audit::sign_ins::{self, Filter as Narrowed, Kind, Position};
use query::filter::{Comparison, Expression, Node, Value as Literal};
use query::{Entity, Filter, Operator, Operators, Property, PropertyKind};
use types::{Error, Result};

use super::{EQUAL, PAGE_MAX, STARTS, TIME};
use crate::errors::Refusal;
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Area, Version};

const READ: &[&str] = &["AuditLog.Read.All"];
const SET: &str = "auditLogs/signIns";
const LIST: Allowed = Allowed::FILTER
    .and(Allowed::ORDER_BY)
    .and(Allowed::TOP)
    .and(Allowed::SKIP_TOKEN);
/// `eq`, `ne`, `in`: kinds of access are asked for by what they aren't, too.
const DIFFERS: Operators = EQUAL.by_default(&[Operator::NotEqual]);
/// Of numbers.
const NUMBER: Operators = TIME.by_default(&[Operator::In, Operator::NotEqual]);

/// What a sign-in can be found by, in its Graph form; columns aren't used.
static SIGN_IN: Entity = Entity {
    name: "signIn",
    properties: &[
        Property::new("id", PropertyKind::Guid, "id", EQUAL),
        Property::new("createdDateTime", PropertyKind::DateTime, "at", TIME),
        Property::new("userId", PropertyKind::Text, "user", EQUAL),
        Property::new("userDisplayName", PropertyKind::Text, "name", STARTS),
        Property::new("userPrincipalName", PropertyKind::Text, "upn", STARTS),
        Property::new("appId", PropertyKind::Guid, "app", EQUAL),
        Property::new("appDisplayName", PropertyKind::Text, "app_name", STARTS),
        Property::new("ipAddress", PropertyKind::Text, "address", STARTS),
        Property::new("clientAppUsed", PropertyKind::Text, "client", EQUAL),
        Property::new("correlationId", PropertyKind::Guid, "correlation", EQUAL),
        Property::new(
            "conditionalAccessStatus",
            PropertyKind::Text,
            "access",
            EQUAL,
        ),
        Property::new("isInteractive", PropertyKind::Bool, "interactive", EQUAL),
        Property::new("resourceId", PropertyKind::Guid, "resource", EQUAL),
        Property::new(
            "resourceDisplayName",
            PropertyKind::Text,
            "resource_name",
            STARTS,
        ),
        Property::new("servicePrincipalId", PropertyKind::Guid, "principal", EQUAL),
        Property::new(
            "servicePrincipalName",
            PropertyKind::Text,
            "principal_name",
            STARTS,
        ),
        Property::new("homeTenantId", PropertyKind::Guid, "home", DIFFERS),
        Property::new("resourceTenantId", PropertyKind::Guid, "visited", DIFFERS),
        Property::new(
            "crossTenantAccessType",
            PropertyKind::Text,
            "crossing",
            DIFFERS,
        ),
        Property::new("userType", PropertyKind::Text, "type", DIFFERS),
        Property::new(
            "authenticationRequirement",
            PropertyKind::Text,
            "factors",
            EQUAL,
        ),
        Property::new(
            "signInEventTypes",
            PropertyKind::TextList,
            "events",
            DIFFERS,
        ),
        Property::object("status", &STATUS),
    ],
};
static STATUS: Entity = Entity {
    name: "signInStatus",
    properties: &[
        Property::new("errorCode", PropertyKind::Integer, "error", NUMBER),
        Property::unfilterable("failureReason", PropertyKind::Text),
        Property::unfilterable("additionalDetails", PropertyKind::Text),
    ],
};

pub(super) fn routes(area: &mut Area<'_>) {
    area.get(
        "/auditLogs/signIns",
        READ,
        "List who has signed in and who was refused",
        list,
    )
    .query(LIST);
    area.get("/auditLogs/signIns/{id}", READ, "Get a sign-in", get);
}

/// Whether the filter says of which kinds they are to be.
fn names_kinds(node: &Node) -> bool {
    match &node.expression {
        Expression::And(nodes) | Expression::Or(nodes) => nodes.iter().any(names_kinds),
        Expression::Not(node) => names_kinds(node),
        Expression::Lambda { path, .. }
        | Expression::Compare { path, .. }
        | Expression::In { path, .. }
        | Expression::Call { path, .. }
        | Expression::Count { path, .. } => {
            let first = path.segments.first();
            first.is_some_and(|name| {
                name.eq_ignore_ascii_case("signInEventTypes")
                    || name.eq_ignore_ascii_case("isInteractive")
            })
        }
        Expression::Search(_) => false,
    }
}

/// The part of the filter that the log can be read by.
fn narrowed(filter: Option<&Filter>, oldest_first: bool) -> Narrowed {
    let required = super::required(filter);
    let (from, until) = super::between(&required, "createddatetime");
    let mut narrowed = Narrowed {
        from,
        until,
        oldest_first,
        kind: (!filter.is_some_and(|filter| names_kinds(filter.root())))
            .then_some(Kind::InteractiveUser),
        ..Narrowed::default()
    };
    for one in &required {
        match one.path.as_str() {
            "userid" => narrowed.user_id = narrowed.user_id.or_else(|| one.uuid()),
            "appid" => narrowed.app_id = narrowed.app_id.or_else(|| one.uuid()),
            "status/errorcode" => {
                let code = match (one.comparison, one.value) {
                    (Comparison::Equal, Literal::Integer(code)) => Some(*code),
                    _ => None,
                };
                narrowed.error_code = narrowed.error_code.or(code);
            }
            // Of a lambda over texts: the kind itself.
            "signineventtypes/" => {
                narrowed.kind = narrowed.kind.or_else(|| one.text().and_then(Kind::parse));
            }
            _ => {}
        }
    }
    narrowed
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let size = call.options.page_size(PAGE_MAX, PAGE_MAX)? as usize;
    let filter = super::filter(&call.options, &SIGN_IN)?;
    let oldest_first = super::oldest_first(&call.options, "createdDateTime")?;
    let start: Option<Position> = call.skip_token(SET)?;
    let (tenant, is_beta) = (call.caller.tenant, call.version == Version::Beta);
    call.platform().node.add_repeats(Some(tenant)).await;
    let page = call
        .read(move |tx| {
            let narrowed = narrowed(filter.as_ref(), oldest_first);
            super::read_page(
                size,
                filter.is_some(),
                start,
                |after, limit| sign_ins::list(tx, &narrowed, after, limit),
                |row| Position {
                    at: row.at,
                    id: row.id,
                },
                |row| {
                    // What only beta shows can be filtered by in both.
                    let shown = sign_ins::to_graph(row, tenant, is_beta || filter.is_some());
                    if !super::fits(filter.as_ref(), &SIGN_IN, &shown)? {
                        return Ok(None);
                    }
                    Ok(Some(if is_beta || filter.is_none() {
                        shown
                    } else {
                        sign_ins::to_graph(row, tenant, false)
                    }))
                },
            )
        })
        .await?;
    super::reply(&call, SET, page)
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let text = call.key("id");
    let id = types::parse_uuid(text).ok_or_else(|| Error::not_found("signIn", text))?;
    let (tenant, is_beta) = (call.caller.tenant, call.version == Version::Beta);
    call.platform().node.add_repeats(Some(tenant)).await;
    let shown = call
        .read(move |tx| Ok(sign_ins::to_graph(&sign_ins::get(tx, id)?, tenant, is_beta)))
        .await?;
    Reply::entity(&call, SET, &shown)
}
