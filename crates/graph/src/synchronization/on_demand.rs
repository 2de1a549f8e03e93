//! `provisionOnDemand`: users provisioned at once, with an account of each step.
//!
//! The answer's `value` is JSON as text: a list, one element for each subject, as Graph answers for
//! cross-tenant synchronization.

use std::time::Instant;

use serde_json::{Map, Value, json};
use sync::jobs::on_demand::{self, SUBJECTS_MAX};
use sync::jobs::{self};
use types::{Error, Id};

use super::actions::only;
use super::{At, Owner, WRITE};
use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::Call;

/// What the answer's `key` says for cross-tenant synchronization.
const KEY: &str = "Microsoft.Identity.Health.CPP.Common.DataContracts.SyncFabric.StatusInfo";

/// What is to be provisioned.
struct Subject {
    rule: String,
    id: String,
    object_type: String,
}

/// `synchronizationJobApplicationParameters`.
fn subjects(parameters: &Map<String, Value>) -> Result<Vec<Subject>, Refusal> {
    only(parameters, &["parameters"])?;
    let wrong =
        |name: &str, what: &str| Error::invalid(name, format!("'{name}' has to be {what}."));
    let list = |value: Option<&Value>, name: &str| {
        let list = value
            .and_then(Value::as_array)
            .filter(|list| !list.is_empty());
        list.cloned()
            .ok_or_else(|| wrong(name, "a list with one object or more"))
    };
    let text = |value: &Value, name: &str| {
        let text = value.get(name).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| wrong(name, "a text"))
    };
    let mut subjects = Vec::new();
    for parameter in list(parameters.get("parameters"), "parameters")? {
        let rule = text(&parameter, "ruleId")?;
        for subject in list(parameter.get("subjects"), "subjects")? {
            subjects.push(Subject {
                rule: rule.clone(),
                id: text(&subject, "objectId")?,
                object_type: text(&subject, "objectTypeName")?,
            });
        }
    }
    if subjects.len() > SUBJECTS_MAX {
        return Err(Error::invalid(
            "subjects",
            format!(
                "At most {SUBJECTS_MAX} objects can be provisioned in one call \
                 (limits.on_demand_subjects)."
            ),
        )
        .into());
    }
    Ok(subjects)
}

pub(super) async fn provision(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, WRITE)?;
    let subjects = subjects(&call.parameters()?)?;
    let name = call.key("jobId").to_owned();
    let rules: Vec<String> = subjects
        .iter()
        .map(|subject| subject.rule.clone())
        .collect();
    let job = name.clone();
    let principal = call
        .read(move |tx| {
            let principal = owner.find(tx)?;
            let job = jobs::get(tx, principal.id, &job)?;
            let known = super::schema::rule_ids(&job)?;
            match rules.iter().find(|rule| !known.contains(rule)) {
                None => Ok(principal.id),
                Some(rule) => Err(Error::invalid(
                    "ruleId",
                    format!("The job's schema has no synchronization rule '{rule}'."),
                )),
            }
        })
        .await?;
    let servers = call.platform().store.servers();
    call.app.on_demand().admit(
        call.caller.tenant,
        call.caller.app_id,
        servers,
        Instant::now(),
    )?;
    let mut accounts = Vec::new();
    for subject in subjects {
        let account = if subject.object_type.eq_ignore_ascii_case("user") {
            let user = types::parse_uuid(&subject.id).map(Id::new);
            let user = user.ok_or_else(|| Error::not_found("user", &subject.id))?;
            let node = &call.platform().node;
            let (tenant, actor) = (call.caller.tenant, call.caller.actor.clone());
            node.provision_on_demand(tenant, actor, (principal, name.clone()), user)
                .await?
        } else {
            call.write(move |tx| {
                Ok(on_demand::unsupported(
                    tx,
                    &subject.id,
                    &subject.object_type,
                ))
            })
            .await?
        };
        accounts.push(account);
    }
    Reply::object(
        &call,
        "microsoft.graph.stringKeyStringValuePair",
        &json!({"key": KEY, "value": Value::Array(accounts).to_string()}),
    )
}
