//! `provisionOnDemand`: users and groups provisioned at once, with an account of each step.
//!
//! The answer's `value` is JSON as text: a list, one element for each subject, as Graph answers for
//! cross-tenant synchronization.

use std::time::Instant;

use serde_json::{Map, Value, json};
use sync::jobs;
use sync::jobs::on_demand::{self, MEMBERS_MAX, SUBJECTS_MAX, Subject};
use types::{Error, Id};
use uuid::Uuid;

use super::actions::only;
use super::{At, Owner, WRITE};
use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::Call;

/// What the answer's `key` says for cross-tenant synchronization.
const KEY: &str = "Microsoft.Identity.Health.CPP.Common.DataContracts.SyncFabric.StatusInfo";

/// What a call names.
struct Named {
    rule: String,
    id: String,
    object_type: String,
    /// `links/members`.
    members: Vec<Uuid>,
}

impl Named {
    /// What it is; none if it is of a kind that isn't provisioned.
    fn subject(&self) -> Result<Option<Subject>, Refusal> {
        let is = |kind: &str| self.object_type.eq_ignore_ascii_case(kind);
        let uuid = types::parse_uuid(&self.id);
        if is("user") {
            let id = uuid.ok_or_else(|| Error::not_found("user", &self.id))?;
            return Ok(Some(Subject::User(Id::new(id))));
        }
        if is("group") {
            let id = uuid.ok_or_else(|| Error::not_found("group", &self.id))?;
            return Ok(Some(Subject::Group(Id::new(id), self.members.clone())));
        }
        Ok(None)
    }
}

/// The members that go with a group (`synchronizationLinkedObjects`).
fn members(subject: &Value) -> Result<Vec<Uuid>, Error> {
    let links = match subject.get("links") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(links) => links
            .as_object()
            .ok_or_else(|| Error::invalid("links", "'links' has to be an object."))?,
    };
    let some = |name: &str| links.get(name).filter(|value| !value.is_null());
    if some("owners").is_some_and(|owners| owners.as_array().is_none_or(|it| !it.is_empty())) {
        return Err(Error::invalid(
            "owners",
            "Owners of groups aren't synchronized: leave 'owners' out.",
        ));
    }
    let Some(members) = some("members") else {
        return Ok(Vec::new());
    };
    let wrong = || {
        Error::invalid(
            "members",
            "'members' has to be a list of objects with an 'objectId' each.",
        )
    };
    let members = members.as_array().ok_or_else(wrong)?;
    if members.len() > MEMBERS_MAX {
        return Err(Error::invalid(
            "members",
            format!(
                "At most {MEMBERS_MAX} members can go with a group in one call \
                 (limits.on_demand_members)."
            ),
        ));
    }
    let id = |member: &Value| types::parse_uuid(member.get("objectId")?.as_str()?);
    members
        .iter()
        .map(|member| id(member).ok_or_else(wrong))
        .collect()
}

/// `synchronizationJobApplicationParameters`.
fn subjects(parameters: &Map<String, Value>) -> Result<Vec<Named>, Refusal> {
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
            subjects.push(Named {
                rule: rule.clone(),
                id: text(&subject, "objectId")?,
                object_type: text(&subject, "objectTypeName")?,
                members: members(&subject)?,
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
    for named in subjects {
        let account = if let Some(subject) = named.subject()? {
            let node = &call.platform().node;
            let (tenant, actor) = (call.caller.tenant, call.caller.actor.clone());
            node.provision_on_demand(tenant, actor, (principal, name.clone()), subject)
                .await?
        } else {
            call.write(move |tx| Ok(on_demand::unsupported(tx, &named.id, &named.object_type)))
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
