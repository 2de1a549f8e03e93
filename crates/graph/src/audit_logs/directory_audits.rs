//! `GET /auditLogs/directoryAudits`: the tenant's audit log.
//!
//! Source: Microsoft Graph, "List directoryAudits" and the directoryAudit resource type.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::time::Instant;

use audit::{Filter as Narrowed, Outcome, Position};
use directory::{service_principals, users};
use query::{Entity, Filter, Property, PropertyKind};
use serde_json::Value;
use store::ReadTx;
use types::{Actor, Error, Id, Result};
use uuid::Uuid;

use super::{EQUAL, PAGE, PAGE_MAX, Required, STARTS, TIME};
use crate::errors::Refusal;
use crate::listing::{self, CATCH_UP_TIME};
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::Area;

const READ: &[&str] = &["AuditLog.Read.All", "Directory.Read.All"];
const SET: &str = "auditLogs/directoryAudits";
/// Entries that aren't in the index of what they name, at most, for it to be left as it is.
const LOOKED_THROUGH: u64 = 500;
const LIST: Allowed = Allowed::SELECT
    .and(Allowed::FILTER)
    .and(Allowed::ORDER_BY)
    .and(Allowed::TOP)
    .and(Allowed::SKIP_TOKEN);

/// What an entry can be found by, in its Graph form; columns aren't used.
static ENTRY: Entity = Entity {
    name: "directoryAudit",
    properties: &[
        Property::new("id", PropertyKind::Guid, "id", EQUAL),
        Property::new("activityDateTime", PropertyKind::DateTime, "at", TIME),
        Property::new(
            "activityDisplayName",
            PropertyKind::Text,
            "activity",
            STARTS,
        ),
        Property::new("category", PropertyKind::Text, "category", EQUAL),
        Property::new("correlationId", PropertyKind::Guid, "correlation", EQUAL),
        Property::new("loggedByService", PropertyKind::Text, "service", EQUAL),
        Property::new("operationType", PropertyKind::Text, "operation", EQUAL),
        Property::new("result", PropertyKind::Text, "result", EQUAL),
        Property::unfilterable("resultReason", PropertyKind::Text),
        Property::object("initiatedBy", &INITIATOR),
        Property::rows("targetResources", &TARGET, "targets", "targets", EQUAL),
    ],
};
static INITIATOR: Entity = Entity {
    name: "auditActivityInitiator",
    properties: &[
        Property::object("user", &USER),
        Property::object("app", &APPLICATION),
    ],
};
static USER: Entity = Entity {
    name: "userIdentity",
    properties: &[
        Property::new("id", PropertyKind::Guid, "user_id", EQUAL),
        Property::new("displayName", PropertyKind::Text, "user_name", EQUAL),
        Property::new("userPrincipalName", PropertyKind::Text, "user_upn", STARTS),
    ],
};
static APPLICATION: Entity = Entity {
    name: "appIdentity",
    properties: &[
        Property::new("appId", PropertyKind::Guid, "app_id", EQUAL),
        Property::new("displayName", PropertyKind::Text, "app_name", EQUAL),
        Property::new("servicePrincipalId", PropertyKind::Guid, "app_sp", EQUAL),
    ],
};
static TARGET: Entity = Entity {
    name: "targetResource",
    properties: &[
        Property::new("id", PropertyKind::Text, "target_id", EQUAL),
        Property::new("displayName", PropertyKind::Text, "target_name", STARTS),
        Property::new("userPrincipalName", PropertyKind::Text, "target_upn", EQUAL),
        Property::new("type", PropertyKind::Text, "target_type", EQUAL),
    ],
};

pub(super) fn routes(area: &mut Area<'_>) {
    area.get(
        "/auditLogs/directoryAudits",
        READ,
        "List what was done in the tenant and what was refused",
        list,
    )
    .query(LIST);
    area.get(
        "/auditLogs/directoryAudits/{id}",
        READ,
        "Get an entry of the audit log",
        get,
    );
}

/// The part of the filter that the log can be read by.
fn narrowed(filter: Option<&Filter>, oldest_first: bool) -> Narrowed {
    let required = super::required(filter);
    let (from, until) = super::between(&required, "activitydatetime");
    let mut narrowed = Narrowed {
        from,
        until,
        oldest_first,
        ..Narrowed::default()
    };
    for one in &required {
        match one.path.as_str() {
            "result" => narrowed.result = narrowed.result.or_else(|| outcome(one)),
            "initiatedby/app/appid" => narrowed.app_id = narrowed.app_id.or_else(|| one.uuid()),
            "initiatedby/user/id" => narrowed.user_id = narrowed.user_id.or_else(|| one.uuid()),
            // Ids that aren't GUIDs may be written in another case: those are left to the filter.
            "targetresources/id" if narrowed.target_id.is_none() => {
                narrowed.target_id = one.uuid().map(|id| id.to_string());
            }
            _ => {}
        }
    }
    narrowed
}

fn outcome(one: &Required<'_>) -> Option<Outcome> {
    match one.one_of(&["success", "failure"])? {
        "success" => Some(Outcome::Success),
        _ => Some(Outcome::Failure),
    }
}

/// The names of who has done something, as they are now; each is looked up once.
#[derive(Default)]
struct Names(BTreeMap<Uuid, Option<(String, Option<String>)>>);

impl Names {
    /// An entry with its initiator's name.
    fn shown(&mut self, tx: &ReadTx<'_>, row: &audit::Row) -> Result<Value> {
        let mut entry = Value::Object(audit::to_graph(row));
        let (part, id) = match row.actor {
            Actor::Application {
                service_principal_id,
                ..
            } => ("app", service_principal_id),
            Actor::User { id, .. } => ("user", id),
            Actor::Operator | Actor::System | Actor::Tenant { .. } => return Ok(entry),
        };
        let known = match self.0.entry(id) {
            Slot::Occupied(slot) => slot.into_mut(),
            Slot::Vacant(slot) => slot.insert(name(tx, part, id)?),
        };
        if let (Some((name, upn)), Some(initiator)) =
            (known, entry["initiatedBy"][part].as_object_mut())
        {
            initiator.insert("displayName".into(), name.as_str().into());
            if let Some(upn) = upn {
                initiator.insert("userPrincipalName".into(), upn.as_str().into());
            }
        }
        Ok(entry)
    }
}

/// The name of somebody who is there, and of a user the name to sign in with.
fn name(tx: &ReadTx<'_>, part: &str, id: Uuid) -> Result<Option<(String, Option<String>)>> {
    let found = if part == "app" {
        service_principals::get(tx, Id::new(id)).map(|it| (it.display_name().to_owned(), None))
    } else {
        users::get(tx, Id::new(id)).map(|user| {
            let upn = user.user_principal_name().to_owned();
            (user.display_name().to_owned(), Some(upn))
        })
    };
    types::found(found)
}

/// What `$select` names, as it is spelled. Names that entries don't have are refused.
fn selected(call: &Call) -> Result<Option<Vec<&'static str>>, Refusal> {
    const MORE: [&str; 1] = ["additionalDetails"];
    let Some(names) = listing::select(call)? else {
        return Ok(None);
    };
    let known = ENTRY.properties.iter().map(|property| property.name);
    let known: Vec<&'static str> = known.chain(MORE).collect();
    let each = names.iter().map(|name| {
        let found = known.iter().find(|known| known.eq_ignore_ascii_case(name));
        found.copied().ok_or_else(|| {
            Refusal::from(Error::invalid(
                "$select",
                format!(
                    "Could not find a property named '{name}' on type 'microsoft.graph.{}'.",
                    ENTRY.name
                ),
            ))
        })
    });
    each.collect::<Result<Vec<_>, _>>().map(Some)
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let selected = selected(&call)?;
    let size = call.options.page_size(PAGE, PAGE_MAX)? as usize;
    let filter = super::filter(&call.options, &ENTRY)?;
    let oldest_first = super::oldest_first(&call.options, "activityDateTime")?;
    let start: Option<Position> = call.skip_token(SET)?;
    let narrowed = narrowed(filter.as_ref(), oldest_first);
    if narrowed.target_id.is_some() {
        make_findable(&call).await?;
    }
    let page = call
        .read(move |tx| {
            let mut names = Names::default();
            super::read_page(
                size,
                filter.is_some(),
                start,
                |after, limit| audit::list(tx, &narrowed, after, limit),
                |row| Position {
                    at: row.at,
                    seq: row.seq,
                },
                |row| {
                    let entry = names.shown(tx, row)?;
                    let fits = super::fits(filter.as_ref(), &ENTRY, &entry)?;
                    Ok(fits.then_some(entry).map(|mut entry| {
                        if let (Some(names), Some(entry)) = (&selected, entry.as_object_mut()) {
                            entry.retain(|name, _| names.contains(&name.as_str()));
                        }
                        entry
                    }))
                },
            )
        })
        .await?;
    super::reply(&call, SET, page)
}

/// Takes entries into the index of what they name before somebody looks there. Few that aren't in it
/// are looked through as fast, and more than there is time for as well.
async fn make_findable(call: &Call) -> Result<(), Refusal> {
    let mut behind = call.read_few(audit::behind).await?;
    let island = call.island()?;
    let begun = Instant::now();
    while behind > LOOKED_THROUGH && begun.elapsed() < CATCH_UP_TIME {
        behind = island.write(Actor::System, audit::index).await?;
    }
    Ok(())
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let text = call.key("id");
    let id = types::parse_uuid(text).ok_or_else(|| Error::not_found("directoryAudit", text))?;
    let shown = call
        .read(move |tx| Names::default().shown(tx, &audit::get(tx, id)?))
        .await?;
    Reply::entity(&call, SET, &shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Narrowed {
        narrowed(Some(&query::parse_filter(text).unwrap()), false)
    }

    #[test]
    fn what_every_entry_has_to_meet_narrows_the_reading() {
        let id = "0a6e2b0e-9e0c-4f6f-8a37-2b7a6a1d0c11";
        let uuid = types::parse_uuid(id).unwrap();
        let at = |text: &str| Some(text.parse().unwrap());
        assert_eq!(
            of(&format!(
                "activityDateTime ge 2026-01-01T00:00:00Z and activityDateTime lt \
                 2026-02-01T00:00:00Z and result eq 'Failure' and initiatedBy/app/appId eq '{id}' \
                 and (targetResources/any(t:t/id eq '{}') and category eq 'x')",
                id.to_ascii_uppercase()
            )),
            Narrowed {
                from: at("2026-01-01T00:00:00Z"),
                until: at("2026-01-31T23:59:59.999999Z"),
                result: Some(Outcome::Failure),
                app_id: Some(uuid),
                target_id: Some(id.to_owned()),
                ..Narrowed::default()
            }
        );
        assert_eq!(
            of(&format!("initiatedBy/user/id eq '{id}'")).user_id,
            Some(uuid)
        );
    }

    #[test]
    fn what_only_some_have_to_meet_does_not() {
        for text in [
            "result eq 'failure' or category eq 'x'",
            "result in ('failure')",
            "targetResources/any(t:t/id eq 'default')",
            "targetResources/any(t:t/displayName eq 'x' or t/id eq 'y')",
            "startswith(activityDisplayName,'Add')",
        ] {
            assert_eq!(of(text), Narrowed::default(), "{text}");
        }
    }

    #[test]
    fn the_operators_are_those_of_graph() {
        let check =
            |text: &str| query::evaluate(&query::parse_filter(text).unwrap(), &ENTRY, &Value::Null);
        for text in [
            "activityDateTime le 2026-01-01T00:00:00Z",
            "startswith(activityDisplayName,'Add')",
            "startswith(initiatedBy/user/userPrincipalName,'a')",
            "targetResources/any(t:startswith(t/displayName,'a'))",
            "correlationId eq '0a6e2b0e-9e0c-4f6f-8a37-2b7a6a1d0c11'",
        ] {
            assert!(check(text).is_ok(), "{text}");
        }
        for text in [
            "category ne 'x'",
            "not (category eq 'x')",
            "resultReason eq 'x'",
            "initiatedBy eq 'x'",
            "nonsense eq 'x'",
            "targetResources/id eq 'x'",
            "activityDateTime ge 'yesterday'",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
