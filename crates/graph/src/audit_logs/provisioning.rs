//! `GET /auditLogs/provisioning`: what synchronization did or couldn't do, user by user.
//!
//! `statusInfo/status` is the older name of `provisioningStatusInfo/status` in filters; both work.
//!
//! Source: Microsoft Graph, "List provisioningObjectSummary".

use query::{Entity, Filter, Operator, Operators, Property, PropertyKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync::provisioning::{self, Filter as Narrowed};
use types::Result;
use uuid::Uuid;

use super::{EQUAL, PAGE, PAGE_MAX, TIME};
use crate::errors::Refusal;
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::Area;

const READ: &[&str] = &[
    "AuditLog.Read.All",
    "Directory.Read.All",
    "ProvisioningLog.Read.All",
];
const SET: &str = "auditLogs/provisioning";
const LIST: Allowed = Allowed::FILTER
    .and(Allowed::ORDER_BY)
    .and(Allowed::TOP)
    .and(Allowed::SKIP_TOKEN);
/// `eq`, `in`, `contains`.
const CONTAINS: Operators = EQUAL.by_default(&[Operator::Contains]);
const ACTIONS: &[&str] = &[
    "other",
    "create",
    "delete",
    "disable",
    "update",
    "stagedDelete",
];
const STATUSES: &[&str] = &["success", "failure", "skipped", "warning"];

/// What a record can be found by, in its Graph form; columns aren't used.
static RECORD: Entity = Entity {
    name: "provisioningObjectSummary",
    properties: &[
        Property::new("id", PropertyKind::Text, "id", EQUAL),
        Property::new("activityDateTime", PropertyKind::DateTime, "at", TIME),
        Property::new("tenantId", PropertyKind::Text, "tenant", CONTAINS),
        Property::new("jobId", PropertyKind::Text, "job", CONTAINS),
        Property::new("cycleId", PropertyKind::Text, "cycle", CONTAINS),
        Property::new("changeId", PropertyKind::Text, "id", CONTAINS),
        Property::new("provisioningAction", PropertyKind::Text, "action", CONTAINS),
        Property::object("provisioningStatusInfo", &STATUS),
        Property::object("statusInfo", &STATUS),
        Property::object("sourceIdentity", &IDENTITY),
        Property::object("targetIdentity", &IDENTITY),
        Property::object("initiatedBy", &INITIATOR),
        Property::new(
            "durationInMilliseconds",
            PropertyKind::Integer,
            "took",
            TIME,
        ),
        Property::object("servicePrincipal", &IDENTITY),
        Property::object("sourceSystem", &IDENTITY),
        Property::object("targetSystem", &IDENTITY),
    ],
};
static STATUS: Entity = Entity {
    name: "provisioningStatusInfo",
    properties: &[Property::new(
        "status",
        PropertyKind::Text,
        "status",
        CONTAINS,
    )],
};
static INITIATOR: Entity = Entity {
    name: "initiator",
    properties: &[
        Property::new("id", PropertyKind::Text, "id", CONTAINS),
        Property::new("displayName", PropertyKind::Text, "name", CONTAINS),
        Property::new("initiatorType", PropertyKind::Text, "type", CONTAINS),
    ],
};
static IDENTITY: Entity = Entity {
    name: "identity",
    properties: &[
        Property::new("id", PropertyKind::Text, "id", CONTAINS),
        Property::new("displayName", PropertyKind::Text, "name", CONTAINS),
        Property::new("identityType", PropertyKind::Text, "type", CONTAINS),
    ],
};

pub(super) fn routes(area: &mut Area<'_>) {
    area.get(
        "/auditLogs/provisioning",
        READ,
        "List what synchronization did to each user",
        list,
    )
    .query(LIST);
}

/// Behind which record a page begins.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Place {
    id: Uuid,
}

/// The part of the filter that the log can be read by.
fn narrowed(filter: Option<&Filter>, oldest_first: bool) -> Narrowed {
    let required = super::required(filter);
    let (since, until) = super::between(&required, "activitydatetime");
    let mut narrowed = Narrowed {
        since,
        until,
        oldest_first,
        ..Narrowed::default()
    };
    for one in &required {
        let word = |words| one.one_of(words).map(str::to_owned);
        let (place, id) = match one.path.as_str() {
            "id" | "changeid" => (&mut narrowed.change_id, one.uuid()),
            "cycleid" => (&mut narrowed.cycle_id, one.uuid()),
            "jobid" => (
                &mut narrowed.job_id,
                one.text().and_then(provisioning::parse_job_name),
            ),
            "sourceidentity/id" => (&mut narrowed.source_id, one.uuid()),
            "targetidentity/id" => (&mut narrowed.target_id, one.uuid()),
            "targetsystem/id" => (&mut narrowed.target_tenant_id, one.uuid()),
            "provisioningaction" => {
                narrowed.action = narrowed.action.or_else(|| word(ACTIONS));
                continue;
            }
            "provisioningstatusinfo/status" | "statusinfo/status" => {
                narrowed.status = narrowed.status.or_else(|| word(STATUSES));
                continue;
            }
            _ => continue,
        };
        *place = place.or(id);
    }
    narrowed
}

/// Whether a record fits.
fn fits(filter: &Filter, record: &mut Value) -> Result<bool> {
    let status = record["provisioningStatusInfo"].clone();
    let Some(members) = record.as_object_mut() else {
        return Ok(false);
    };
    members.insert("statusInfo".into(), status);
    let fits = query::evaluate(filter, &RECORD, record)?;
    if let Some(members) = record.as_object_mut() {
        members.remove("statusInfo");
    }
    Ok(fits)
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let size = call.options.page_size(PAGE, PAGE_MAX)? as usize;
    let filter = super::filter(&call.options, &RECORD)?;
    let oldest_first = super::oldest_first(&call.options, "activityDateTime")?;
    let start: Option<Place> = call.skip_token(SET)?;
    let tenant = call.caller.tenant;
    let page = call
        .read(move |tx| {
            let narrowed = narrowed(filter.as_ref(), oldest_first);
            let principals = sync::jobs::principals(tx)?;
            super::read_page(
                size,
                filter.is_some(),
                start,
                |after, limit| {
                    provisioning::list(tx, &narrowed, after.map(|after: Place| after.id), limit)
                },
                |record| Place { id: record.id },
                |record| {
                    let mut shown = record.to_graph(tenant, &principals);
                    let fits = match &filter {
                        Some(filter) => fits(filter, &mut shown)?,
                        None => true,
                    };
                    Ok(fits.then_some(shown))
                },
            )
        })
        .await?;
    super::reply(&call, SET, page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_record_has_to_meet_narrows_the_reading() {
        let id = "0a6e2b0e-9e0c-4f6f-8a37-2b7a6a1d0c11";
        let uuid = types::parse_uuid(id).unwrap();
        let filter = query::parse_filter(&format!(
            "jobId eq 'Azure2Azure.x.{id}' and sourceIdentity/id eq '{id}' and \
             statusInfo/status eq 'Failure' and provisioningAction eq 'create' and \
             contains(targetIdentity/displayName,'a')"
        ))
        .unwrap();
        let narrowed = narrowed(Some(&filter), true);
        assert_eq!(narrowed.job_id, Some(uuid));
        assert_eq!(narrowed.source_id, Some(uuid));
        assert_eq!(narrowed.status.as_deref(), Some("failure"));
        assert_eq!(narrowed.action.as_deref(), Some("create"));
        assert_eq!(narrowed.target_id, None);
        assert!(narrowed.oldest_first);
    }

    #[test]
    fn both_names_of_the_status_work_and_only_one_is_shown() {
        let record = serde_json::json!({"provisioningStatusInfo": {"status": "success"}});
        for name in ["statusInfo", "provisioningStatusInfo"] {
            for (status, expected) in [("success", true), ("failure", false)] {
                let text = format!("{name}/status eq '{status}'");
                let mut shown = record.clone();
                let filter = query::parse_filter(&text).unwrap();
                assert_eq!(fits(&filter, &mut shown).unwrap(), expected, "{text}");
                assert_eq!(shown, record);
            }
        }
    }
}
