//! What can be done with a job: `start`, `pause`, `restart`, `validateCredentials`.

use http::StatusCode;
use serde_json::{Map, Value};
use sync::jobs::secrets::{self, Settings};
use sync::jobs::{self, POLICY_CHECK_FAILURE, Reset, TEMPLATE};
use types::Error;

use super::{At, Owner, WRITE};
use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::Call;

/// The way in which the target knows that a job may: by its policy.
const SYNC_POLICY: &str = "SyncPolicy";

/// Refuses parameters that an action doesn't have.
pub(super) fn only(parameters: &Map<String, Value>, known: &[&str]) -> Result<(), Refusal> {
    match parameters
        .keys()
        .find(|name| !known.contains(&name.as_str()))
    {
        None => Ok(()),
        Some(other) => Err(Error::invalid(
            other.as_str(),
            format!("The action has no parameter '{other}'."),
        )
        .into()),
    }
}

pub(super) async fn start(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, WRITE)?;
    only(&call.parameters()?, &[])?;
    let name = call.key("jobId").to_owned();
    call.write(move |tx| {
        let principal = owner.find(tx)?;
        jobs::start(tx, principal.id, &name)
    })
    .await?;
    Ok(Reply::no_content())
}

pub(super) async fn pause(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, WRITE)?;
    only(&call.parameters()?, &[])?;
    let name = call.key("jobId").to_owned();
    call.write(move |tx| {
        let principal = owner.find(tx)?;
        jobs::pause(tx, principal.id, &name)
    })
    .await?;
    Ok(Reply::no_content())
}

/// `{"criteria": {"resetScope": "Watermark, Escrows"}}`; without it, the usual.
fn reset(parameters: &Map<String, Value>) -> Result<Reset, Refusal> {
    only(parameters, &["criteria"])?;
    let criteria = match parameters.get("criteria") {
        None | Some(Value::Null) => return Ok(Reset::USUAL),
        Some(Value::Object(criteria)) => criteria,
        Some(_) => {
            return Err(Error::invalid("criteria", "'criteria' has to be an object.").into());
        }
    };
    let mut named = criteria.clone();
    named.retain(|name, _| !name.starts_with("@odata."));
    only(&named, &["resetScope"])?;
    match named.get("resetScope") {
        None | Some(Value::Null) => Ok(Reset::USUAL),
        Some(Value::String(text)) => Ok(Reset::parse(text)?),
        Some(_) => Err(Error::invalid("resetScope", "'resetScope' has to be a text.").into()),
    }
}

pub(super) async fn restart(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, WRITE)?;
    let reset = reset(&call.parameters()?)?;
    let name = call.key("jobId").to_owned();
    call.write(move |tx| {
        let principal = owner.find(tx)?;
        jobs::restart(tx, principal.id, &name, reset)
    })
    .await?;
    Ok(Reply::no_content())
}

fn missing(message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "CredentialsMissing", message)
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "InvalidCredentials", message)
}

/// What credentials in a body say.
fn given(call: &Call, parameters: &Map<String, Value>) -> Result<Settings, Refusal> {
    let credentials = parameters
        .get("credentials")
        .filter(|value| !value.is_null());
    if credentials.is_none() {
        return Err(missing(
            "Name the target: the credential 'CompanyId' with its tenant id.",
        ));
    }
    let mut settings = Settings::default();
    for (name, value) in super::secrets::pairs("credentials", credentials)? {
        settings
            .set(call.caller.tenant, name, Some(value))
            .map_err(|error| invalid(error.to_string()))?;
    }
    Ok(settings)
}

pub(super) async fn validate_credentials(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, WRITE)?;
    let parameters = call.parameters()?;
    only(
        &parameters,
        &[
            "applicationIdentifier",
            "templateId",
            "useSavedCredentials",
            "credentials",
        ],
    )?;
    let saved = match parameters.get("useSavedCredentials") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(saved)) => *saved,
        Some(_) => {
            return Err(Error::invalid(
                "useSavedCredentials",
                "'useSavedCredentials' has to be true or false.",
            )
            .into());
        }
    };
    let template = parameters
        .get("templateId")
        .filter(|value| !value.is_null());
    if template.is_some_and(|template| *template != TEMPLATE) {
        return Err(Error::invalid(
            "templateId",
            format!("There is no such synchronization template. Use '{TEMPLATE}'."),
        )
        .into());
    }
    let job = call.find_key("jobId").map(str::to_owned);
    let kept = call
        .read(move |tx| {
            let principal = owner.find(tx)?;
            if let Some(job) = job {
                jobs::get(tx, principal.id, &job)?;
            }
            secrets::settings(tx, principal.id)
        })
        .await?;
    let settings = if saved {
        kept
    } else {
        given(&call, &parameters)?
    };
    if let Some(kind) = &settings.authentication_type
        && kind != SYNC_POLICY
    {
        return Err(invalid(format!(
            "'AuthenticationType' has to be '{SYNC_POLICY}'."
        )));
    }
    let target = settings.company_id.ok_or_else(|| {
        missing("Name the target: the credential 'CompanyId' with its tenant id.")
    })?;
    let node = &call.platform().node;
    let trace = node.job_policies(call.caller.tenant, target).await?;
    match trace.refusal() {
        None => Ok(Reply::no_content()),
        Some(step) => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            POLICY_CHECK_FAILURE,
            step.reason.clone(),
        )
        .with_target(step.setting.clone())),
    }
}
