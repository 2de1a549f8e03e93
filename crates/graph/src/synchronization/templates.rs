//! `…/synchronization/templates`: what jobs can be made from.

use directory::service_principals::ServicePrincipal;
use serde_json::{Value, json};
use sync::jobs::TEMPLATE;
use types::Error;

use super::{At, Owner, READ, set};
use crate::errors::Refusal;
use crate::reply::{Page, Reply};
use crate::request::Call;

fn shown(principal: &ServicePrincipal) -> Value {
    json!({
        "id": TEMPLATE,
        "applicationId": principal.app_id,
        "default": true,
        "description": "Users of this tenant as B2B collaboration users in another tenant.",
        "discoverable": false,
        "factoryTag": TEMPLATE,
        "metadata": [],
    })
}

/// The template that a path names.
pub(super) fn check(id: &str) -> types::Result<()> {
    if id == TEMPLATE {
        Ok(())
    } else {
        Err(Error::not_found("synchronizationTemplate", id))
    }
}

pub(super) async fn list(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, READ)?;
    let principal = call.read(move |tx| owner.find(tx)).await?;
    let page = Page::all(vec![shown(&principal)]);
    Reply::collection(&call, &set(&principal, "templates"), &page)
}

pub(super) async fn get(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, READ)?;
    let principal = call.read(move |tx| owner.find(tx)).await?;
    check(call.key("templateId"))?;
    Reply::entity(&call, &set(&principal, "templates"), &shown(&principal))
}
