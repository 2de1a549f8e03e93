//! `…/userSharing/tenants/{tenantId}/schema`, its preview for one person, and `provisionOnDemand`: what
//! a synchronization job offers, for a pair that no job governs, too.
//!
//! Schemas are Graph's `synchronizationSchema`. If a job governs the pair, the schema is the job's.

use std::time::Instant;

use ::provisioning::Schema;
use serde_json::{Map, Value};
use sync::schema;
use types::{Id, TenantId, kind};

use super::target;
use crate::errors::Refusal;
use crate::fields::{Fields, required};
use crate::reply::Reply;
use crate::request::Call;

const SCHEMA: &str = "isopolity/userSharing/tenants/schema";

pub(super) async fn get(call: Call) -> Result<Reply, Refusal> {
    let target = target(&call)?;
    let (found, is_own) = call.read(move |tx| schema::of_pair(tx, target)).await?;
    let mut shown = found.to_json(&target.to_string());
    shown["source"] = if is_own { "own" } else { "default" }.into();
    Reply::object(&call, SCHEMA, &shown)
}

pub(super) async fn put(call: Call) -> Result<Reply, Refusal> {
    let target = target(&call)?;
    let mut body = call.object("synchronizationSchema")?;
    // What an answer says of it, and a body may bring back.
    body.shift_remove("source");
    let new = crate::synchronization::read_schema(body)?;
    call.write(move |tx| schema::set_of_pair(tx, target, Some(&new)))
        .await?;
    Ok(Reply::no_content())
}

/// Changes the parts that a body names.
pub(super) async fn update(call: Call) -> Result<Reply, Refusal> {
    let target = target(&call)?;
    let patch = call.object("synchronizationSchema")?;
    let new = merged(&call, target, patch).await?;
    call.write(move |tx| schema::set_of_pair(tx, target, Some(&new)))
        .await?;
    Ok(Reply::no_content())
}

/// The schema in force with the parts that a patch names.
async fn merged(
    call: &Call,
    target: TenantId,
    mut patch: Map<String, Value>,
) -> Result<Schema, Refusal> {
    let (known, _) = call.read(move |tx| schema::of_pair(tx, target)).await?;
    let Value::Object(mut whole) = known.to_json("") else {
        return Err(Refusal::fault("a schema that isn't an object"));
    };
    patch.shift_remove("source");
    whole.extend(patch);
    crate::synchronization::read_schema(whole)
}

pub(super) async fn delete(call: Call) -> Result<Reply, Refusal> {
    let target = target(&call)?;
    call.write(move |tx| schema::set_of_pair(tx, target, None))
        .await?;
    Ok(Reply::no_content())
}

/// `{"userId": …, "schema": …}`: what the schema doesn't name is as it is in force; without a user, whom it would
/// add and remove.
pub(super) async fn preview(call: Call) -> Result<Reply, Refusal> {
    let target = target(&call)?;
    let mut body = call.parameters()?;
    let new = match body.shift_remove("schema") {
        None | Some(Value::Null) => merged(&call, target, Map::new()).await?,
        Some(Value::Object(given)) => merged(&call, target, given).await?,
        Some(_) => {
            let reason = "'schema' has to be a synchronizationSchema.";
            return Err(types::Error::invalid("schema", reason).into());
        }
    };
    let mut body = Fields::from(body);
    let user = body.id::<kind::User>("userId")?;
    body.end()?;
    if user.is_none() {
        super::admit_preview(&call)?;
    }
    let preview = call
        .read(move |tx| match user {
            Some(user) => schema::preview(tx, target, &new, user),
            None => schema::preview_scope(tx, target, &new),
        })
        .await?;
    Reply::object(&call, "isopolity.schemaPreview", &preview)
}

pub(super) async fn provision(call: Call) -> Result<Reply, Refusal> {
    let target = target(&call)?;
    let user = user(call.parameters()?)?;
    call.app.on_demand().admit(
        call.caller.tenant,
        call.caller.app_id,
        call.platform().store.servers(),
        Instant::now(),
    )?;
    let (tenant, actor) = (call.caller.tenant, call.caller.actor.clone());
    let node = &call.platform().node;
    let account = node.provision_for_pair(tenant, actor, target, user).await?;
    Reply::object(&call, "isopolity.provisioningAccount", &account)
}

fn user(body: Map<String, Value>) -> Result<Id<kind::User>, Refusal> {
    let mut body = Fields::from(body);
    let user = body.id("userId")?.ok_or_else(|| required("userId"))?;
    body.end()?;
    Ok(user)
}
