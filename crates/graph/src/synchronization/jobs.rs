//! `…/synchronization/jobs`: making, reading, changing and deleting jobs.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sync::jobs::{self, TEMPLATE, status};
use types::Error;

use super::{At, Owner, READ, UPDATE, WRITE, set};
use crate::errors::Refusal;
use crate::listing;
use crate::reply::{Page, Reply};
use crate::request::Call;

/// What a job has.
const PROPERTIES: [&str; 5] = [
    "id",
    "templateId",
    "schedule",
    "status",
    "synchronizationJobSettings",
];

/// A job with the properties that were selected.
fn selected(job: Value, select: Option<&[String]>) -> Result<Value, Refusal> {
    let Some(select) = select else {
        return Ok(job);
    };
    if let Some(unknown) = select
        .iter()
        .find(|name| !PROPERTIES.contains(&name.as_str()))
    {
        return Err(Error::invalid(
            "$select",
            format!(
                "Could not find a property named '{unknown}' on type 'microsoft.graph.synchronizationJob'."
            ),
        )
        .into());
    }
    let Value::Object(mut job) = job else {
        return Ok(job);
    };
    job.retain(|name, _| name == "id" || select.contains(name));
    Ok(Value::Object(job))
}

pub(super) async fn list(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, READ)?;
    let select = listing::select(&call)?;
    let (principal, found) = call
        .read(move |tx| {
            let principal = owner.find(tx)?;
            let found = jobs::of(tx, principal.id)?;
            Ok((principal, found))
        })
        .await?;
    let node = &call.platform().node;
    let shown = node.jobs(call.caller.tenant, found).await?;
    let items = shown
        .iter()
        .map(|job| selected(job.to_graph(), select.as_deref()))
        .collect::<Result<Vec<_>, _>>()?;
    Reply::collection(&call, &set(&principal, "jobs"), &Page::all(items))
}

pub(super) async fn get(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, READ)?;
    let select = listing::select(&call)?;
    let principal = call.read(move |tx| owner.find(tx)).await?;
    let (node, name) = (&call.platform().node, call.key("jobId").to_owned());
    let shown = node.job(call.caller.tenant, principal.id, name).await?;
    let shown = selected(shown.to_graph(), select.as_deref())?;
    Reply::entity(&call, &set(&principal, "jobs"), &shown)
}

/// Refuses what a body has besides what it may have; null says nothing.
fn only(body: &Map<String, Value>, known: &[&str]) -> Result<(), Refusal> {
    let other = body
        .iter()
        .find(|(name, value)| !known.contains(&name.as_str()) && !value.is_null());
    match other {
        None => Ok(()),
        Some((name, _)) => Err(Error::invalid(
            name.as_str(),
            format!("Property '{name}' can't be set here."),
        )
        .into()),
    }
}

pub(super) async fn create(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, WRITE)?;
    let body = call.object("synchronizationJob")?;
    only(&body, &["templateId", "synchronizationJobSettings"])?;
    let template = body.get("templateId").and_then(Value::as_str);
    let template = template.map(str::to_owned).ok_or_else(|| {
        Error::invalid(
            "templateId",
            format!("A value is required for property 'templateId': '{TEMPLATE}'."),
        )
    })?;
    let settings = settings(&body)?;
    let (principal, made) = call
        .write(move |tx| {
            let principal = owner.find(tx)?;
            let mut made = jobs::create(tx, principal.id, &template)?;
            if !settings.is_empty() {
                jobs::set_settings(tx, principal.id, &made.name(), &settings)?;
                made = jobs::get(tx, principal.id, &made.name())?;
            }
            Ok((principal, status::look(tx, made, &BTreeMap::new())?))
        })
        .await?;
    let location = format!(
        "/servicePrincipals/{}/synchronization/jobs/{}",
        principal.id,
        made.job.name()
    );
    Reply::created(&call, &set(&principal, "jobs"), &made.to_graph(), &location)
}

/// `synchronizationJobSettings`: pairs of name and value.
fn settings(body: &Map<String, Value>) -> Result<Vec<(String, Option<String>)>, Refusal> {
    let wrong = || {
        Error::invalid(
            "synchronizationJobSettings",
            "'synchronizationJobSettings' has to be a list of objects with 'name' and 'value'.",
        )
    };
    let list = match body.get("synchronizationJobSettings") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(wrong().into()),
    };
    let mut settings = Vec::new();
    for setting in list {
        let name = setting
            .get("name")
            .and_then(Value::as_str)
            .ok_or_else(wrong)?;
        let value = match setting.get("value") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => return Err(wrong().into()),
        };
        settings.push((name.to_owned(), value));
    }
    Ok(settings)
}

pub(super) async fn update(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, UPDATE)?;
    let body = call.object("synchronizationJob")?;
    only(&body, &["id", "templateId", "synchronizationJobSettings"])?;
    let settings = settings(&body)?;
    let name = call.key("jobId").to_owned();
    call.write(move |tx| {
        let principal = owner.find(tx)?;
        let job = jobs::get(tx, principal.id, &name)?;
        for (property, own) in [("id", job.name()), ("templateId", job.template_id.clone())] {
            let said = body.get(property).filter(|value| !value.is_null());
            if said.is_some_and(|said| *said != own.as_str()) {
                return Err(Error::invalid(
                    property,
                    format!("Property '{property}' can't be changed."),
                ));
            }
        }
        if settings.is_empty() {
            return Ok(());
        }
        jobs::set_settings(tx, principal.id, &name, &settings)
    })
    .await?;
    Ok(Reply::no_content())
}

pub(super) async fn delete(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, WRITE)?;
    let name = call.key("jobId").to_owned();
    call.write(move |tx| {
        let principal = owner.find(tx)?;
        jobs::delete(tx, principal.id, &name)
    })
    .await?;
    Ok(Reply::no_content())
}
