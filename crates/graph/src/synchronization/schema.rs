//! `…/synchronization/jobs/{id}/schema` and that of a template: how users of this tenant become users
//! of the target, and what there is to write it with.
//!
//! PUT replaces the whole schema, PATCH the parts that it names, DELETE goes back to the template's.
//! What is wrong with one is `schemaInvalid`, with the place as its target.

use ::provisioning::{
    ParseExpression, SCHEMA_INVALID, Schema, filter_operators_json, functions_json,
    parse_expression,
};
use directory::service_principals::ServicePrincipal;
use directory::tenant;
use http::StatusCode;
use serde_json::{Map, Value, json};
use store::ReadTx;
use sync::jobs::{self, Job};
use types::Error;

use super::templates::check;
use super::{At, Owner, READ, WRITE};
use crate::errors::Refusal;
use crate::reply::{Page, Reply};
use crate::request::Call;

/// What opens `discover`.
pub(super) const DISCOVER: &[&str] = &["Application.ReadWrite.OwnedBy", "Directory.ReadWrite.All"];

/// The ids of the rules of a job's schema.
pub(super) fn rule_ids(job: &Job) -> types::Result<Vec<String>> {
    Ok(vec![jobs::schema(job)?.rule.id])
}

/// Whose schema a path names.
struct Named {
    principal: ServicePrincipal,
    /// `jobs('…')` or `templates('…')`.
    below: String,
    /// The id that the schema is shown with.
    id: String,
    schema: Schema,
}

impl Named {
    fn context(&self, rest: &str) -> String {
        let below = format!("{}/schema{rest}", self.below);
        super::set(&self.principal, &below)
    }

    /// The schema that the path names: of a job or of a template.
    async fn of(
        call: &Call,
        at: At,
        permissions: &'static [&'static str],
    ) -> Result<Self, Refusal> {
        let owner = Owner::of(call, at, permissions)?;
        let job = call.find_key("jobId").map(str::to_owned);
        let template = call.find_key("templateId").map(str::to_owned);
        let named = call
            .read(move |tx| {
                let principal = owner.find(tx)?;
                let (below, id, schema) = match (job, template) {
                    (Some(name), _) => {
                        let job = jobs::get(tx, principal.id, &name)?;
                        let name = job.name();
                        (format!("jobs('{name}')"), name, jobs::schema(&job)?)
                    }
                    (None, template) => {
                        let template = template.unwrap_or_default();
                        check(&template)?;
                        let below = format!("templates('{template}')");
                        (below, template, Schema::default_for_users())
                    }
                };
                Ok(Self {
                    principal,
                    below,
                    id,
                    schema,
                })
            })
            .await?;
        Ok(named)
    }
}

pub(super) async fn get(call: Call, at: At) -> Result<Reply, Refusal> {
    let named = Named::of(&call, at, READ).await?;
    let shown = named.schema.to_json(&named.id);
    Reply::object(&call, &named.context("/$entity"), &shown)
}

/// A schema that a body makes.
pub(crate) fn read(body: Map<String, Value>) -> Result<Schema, Refusal> {
    Schema::from_json(&Value::Object(body)).map_err(|error| match error {
        Error::Invalid { target, message } => {
            let refusal = Refusal::new(StatusCode::BAD_REQUEST, SCHEMA_INVALID, message);
            match target {
                Some(target) => refusal.with_target(target),
                None => refusal,
            }
        }
        other => other.into(),
    })
}

async fn set(call: Call, owner: Owner, schema: Option<Schema>) -> Result<Reply, Refusal> {
    let name = call.key("jobId").to_owned();
    call.write(move |tx| {
        let principal = owner.find(tx)?;
        jobs::set_schema(tx, principal.id, &name, schema.as_ref())
    })
    .await?;
    Ok(Reply::no_content())
}

pub(super) async fn replace(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, WRITE)?;
    let schema = read(call.object("synchronizationSchema")?)?;
    set(call, owner, Some(schema)).await
}

pub(super) async fn update(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, WRITE)?;
    let patch = call.object("synchronizationSchema")?;
    let named = Named::of(&call, at, WRITE).await?;
    let Value::Object(mut whole) = named.schema.to_json(&named.id) else {
        return Err(Refusal::fault("a schema that isn't an object"));
    };
    whole.extend(patch);
    set(call, owner, Some(read(whole)?)).await
}

pub(super) async fn delete(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, WRITE)?;
    set(call, owner, None).await
}

pub(super) async fn directories(call: Call, at: At) -> Result<Reply, Refusal> {
    let named = Named::of(&call, at, READ).await?;
    let items = named.schema.directories.iter();
    let items = items.map(::provisioning::Directory::to_json).collect();
    Reply::collection(&call, &named.context("/directories"), &Page::all(items))
}

/// The directory that a path names, by its id or its name.
fn directory(named: &Named, key: &str) -> Result<Value, Refusal> {
    let found = named.schema.directory(key);
    let found = found.ok_or_else(|| Error::not_found("directoryDefinition", key))?;
    Ok(found.to_json())
}

pub(super) async fn get_directory(call: Call, at: At) -> Result<Reply, Refusal> {
    let named = Named::of(&call, at, READ).await?;
    let shown = directory(&named, call.key("directoryId"))?;
    Reply::entity(&call, &named.context("/directories"), &shown)
}

/// What a directory's users and groups have, found out anew.
pub(super) async fn discover(call: Call, at: At) -> Result<Reply, Refusal> {
    let mut named = Named::of(&call, at, DISCOVER).await?;
    let asked = directory(&named, call.key("directoryId"))?;
    // Both are this product's own, so that their attributes are known without asking.
    named.schema = Schema::default_for_users();
    let name = asked["name"].as_str().unwrap_or_default();
    let mut found = directory(&named, name).unwrap_or_else(|_| asked.clone());
    found["id"] = asked["id"].clone();
    found["discoveryDateTime"] = json!(call.platform().store.clock().now());
    Reply::object(&call, "microsoft.graph.directoryDefinition", &found)
}

pub(super) async fn functions(call: Call, at: At) -> Result<Reply, Refusal> {
    Named::of(&call, at, WRITE).await?;
    let kind = "Collection(microsoft.graph.attributeMappingFunctionSchema)";
    Reply::collection(&call, kind, &Page::all(functions_json()))
}

pub(super) async fn filter_operators(call: Call, at: At) -> Result<Reply, Refusal> {
    Named::of(&call, at, WRITE).await?;
    let kind = "Collection(microsoft.graph.filterOperatorSchema)";
    Reply::collection(&call, kind, &Page::all(filter_operators_json()))
}

pub(super) async fn parse(call: Call, at: At) -> Result<Reply, Refusal> {
    let body = call.parameters()?;
    Named::of(&call, at, WRITE).await?;
    let seed = identity::random()?;
    let parsed = call
        .read(move |tx: &ReadTx<'_>| {
            let domain = tenant::default_domain(tx)?;
            parse_expression(&ParseExpression {
                default_domain: Some(&domain),
                ..ParseExpression::from_body(&body, tx.now(), seed)?
            })
        })
        .await?;
    Reply::object(&call, "microsoft.graph.parseExpressionResponse", &parsed)
}
