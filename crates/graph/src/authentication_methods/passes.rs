//! Temporary access passes: made here, and shown once.

use credentials::Kind;
use credentials::access_pass::{Pass, Usability, Wanted};
use directory::users;
use serde_json::{Value, json};

use super::{WRITE, segment};
use crate::errors::Refusal;
use crate::fields::Fields;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::Area;

pub(super) fn routes(area: &mut Area<'_>) {
    area.post(
        "/users/{id}/authentication/temporaryAccessPassMethods",
        WRITE,
        "Give a user a temporary access pass",
        create,
    );
}

/// A pass as Graph shows it, without its text.
pub(super) fn show(pass: &Pass, usability: Usability) -> Value {
    json!({
        "id": pass.method.id,
        "createdDateTime": pass.method.created_at,
        "isUsable": usability == Usability::Usable,
        "isUsableOnce": pass.is_usable_once,
        "lifetimeInMinutes": pass.lifetime_minutes,
        "methodUsabilityReason": usability.as_str(),
        "startDateTime": pass.start_at,
        "temporaryAccessPass": null,
    })
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let body = call.object(Kind::TemporaryAccessPass.graph_type())?;
    let mut body = Fields::from(body);
    let wanted = Wanted {
        start_at: body.time("startDateTime")?,
        lifetime_minutes: body.number("lifetimeInMinutes")?,
        is_usable_once: body.bool("isUsableOnce")?,
    };
    body.end()?;
    let key = call.key("id").to_owned();
    let user = call.read(move |tx| Ok(users::find(tx, &key)?.id)).await?;
    let (pass, text) = call
        .platform()
        .node
        .give_access_pass(
            call.caller.tenant,
            call.caller.actor.clone(),
            user.to_string(),
            wanted,
        )
        .await?;
    let is_waiting = pass.start_at > pass.method.created_at;
    let usability = if is_waiting {
        Usability::NotYetValid
    } else {
        Usability::Usable
    };
    let mut made = show(&pass, usability);
    made["temporaryAccessPass"] = text.expose().into();
    let set = super::context(user, segment(Some(Kind::TemporaryAccessPass)));
    let location = format!(
        "/users/{user}/authentication/temporaryAccessPassMethods/{}",
        pass.method.id
    );
    Reply::created(&call, &set, &made, &location)
}
