//! `/applicationTemplates`: what applications can be made from, and making one.
//!
//! Source: Microsoft Graph, "List applicationTemplates", "applicationTemplate: instantiate".

use directory::application_templates as templates;
use directory::{applications, service_principals};
use http::StatusCode;
use serde_json::{Map, Value, json};
use types::Error;

use crate::errors::Refusal;
use crate::listing;
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};

const READ: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
const INSTANTIATE: &[&str] = &[
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "Directory.ReadWrite.All",
];
const SET: &str = "applicationTemplates";
const LIST: Allowed = Allowed::SELECT
    .and(Allowed::FILTER)
    .and(Allowed::TOP)
    .and(Allowed::SKIP_TOKEN);
/// Characters of an application's name.
const NAME_LENGTH_MAX: usize = 256;

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area(SET, Versions::Both);
    area.get(
        "/applicationTemplates",
        READ,
        "List what applications can be made from",
        list,
    )
    .query(LIST);
    area.get(
        "/applicationTemplates/{id}",
        READ,
        "Get an application template",
        get,
    )
    .query(Allowed::SELECT);
    area.post(
        "/applicationTemplates/{id}/instantiate",
        INSTANTIATE,
        "Make an application and its service principal from a template",
        instantiate,
    );
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let (select, filter) = (listing::select(&call)?, listing::filter(&call)?);
    let size = listing::page_size(&call)?;
    let after: usize = call.skip_token(SET)?.unwrap_or(0);
    let mut found = Vec::new();
    for template in templates::all() {
        let whole = Value::Object(templates::project(template, None)?);
        let fits = match &filter {
            Some(filter) => query::evaluate(filter, templates::entity(), &whole)?,
            None => true,
        };
        if fits {
            found.push(templates::project(template, select.as_deref())?);
        }
    }
    let end = after.saturating_add(size);
    let more = found.len() > end;
    let items: Vec<_> = found.into_iter().skip(after).take(size).collect();
    let page = Page {
        next_link: more.then(|| call.next_link(SET, &end)).transpose()?,
        ..Page::all(items)
    };
    Reply::collection(&call, SET, &page)
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let select = listing::select(&call)?;
    let template = templates::get(call.key("id"))?;
    let shown = templates::project(template, select.as_deref())?;
    Reply::entity(&call, SET, &shown)
}

/// The name that the new application is to have.
fn name(parameters: &Map<String, Value>) -> Result<String, Refusal> {
    const KNOWN: [&str; 2] = ["displayName", "serviceManagementReference"];
    if let Some(other) = parameters
        .keys()
        .find(|name| !KNOWN.contains(&name.as_str()))
    {
        return Err(Error::invalid(
            other.as_str(),
            format!(
                "The parameter '{other}' in the request payload is not a valid parameter for the operation 'instantiate'."
            ),
        )
        .into());
    }
    let name = parameters.get("displayName").and_then(Value::as_str);
    let name = name.filter(|name| (1..=NAME_LENGTH_MAX).contains(&name.chars().count()));
    name.map(str::to_owned).ok_or_else(|| {
        Error::invalid(
            "displayName",
            format!("The parameter 'displayName' is required: 1 to {NAME_LENGTH_MAX} characters."),
        )
        .into()
    })
}

async fn instantiate(call: Call) -> Result<Reply, Refusal> {
    let name = name(&call.parameters()?)?;
    let template = templates::get(call.key("id"))?;
    let shown = call
        .write(move |tx| {
            let (application, principal) = templates::instantiate(tx, template, &name)?;
            Ok(json!({
                "application": applications::project(&application, None)?,
                "servicePrincipal": service_principals::project(&principal, None)?,
            }))
        })
        .await?;
    let reply = Reply::object(&call, "microsoft.graph.applicationServicePrincipal", &shown)?;
    Ok(reply.with_status(StatusCode::CREATED))
}
