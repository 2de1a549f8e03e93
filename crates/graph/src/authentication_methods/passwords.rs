//! Passwords as a method: one for each user who has one, under an id that is the same for all.
//!
//! Resetting one is done at once. Graph lets it take a while, so the answer is 202 with the address
//! of an operation, which has succeeded; its id is that of the entry in the audit log.

use directory::users::{self, PasswordChange, User};
use http::{StatusCode, header};
use identity::Secret;
use serde_json::{Value, json};
use store::ReadTx;
use types::{Actor, Error, Id};
use uuid::{Uuid, uuid};

use super::{READ, WRITE};
use crate::errors::Refusal;
use crate::fields::Fields;
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::Area;

/// The id of every user's password.
const PASSWORD_ID: Uuid = uuid!("28c10230-6103-485e-b985-444c60001490");
/// What the audit log calls a reset.
const RESET: &str = "Reset user password";

pub(super) fn routes(area: &mut Area<'_>) {
    for path in [
        "/users/{id}/authentication/methods/{methodId}/resetPassword",
        "/users/{id}/authentication/passwordMethods/{methodId}/resetPassword",
    ] {
        area.post(path, WRITE, "Reset a user's password", reset);
    }
    area.get(
        "/users/{id}/authentication/operations/{operationId}",
        READ,
        "Get how a reset of a password went",
        operation,
    )
    .query(Allowed::SELECT);
    area.post(
        "/users/{id}/changePassword",
        &["Directory.ReadWrite.All", "User.ReadWrite.All"],
        "Change one's own password",
        change,
    );
}

/// A user's password as Graph shows it: that there is one, and since when.
pub(super) fn show(tx: &ReadTx<'_>, user: &User) -> types::Result<Option<Value>> {
    if users::password_hash(tx, user.id)?.is_none() {
        return Ok(None);
    }
    Ok(Some(json!({
        "id": PASSWORD_ID,
        "createdDateTime": user.property("lastPasswordChangeDateTime"),
        "password": null,
    })))
}

async fn reset(call: Call) -> Result<Reply, Refusal> {
    let id = call.key("methodId");
    if types::parse_uuid(id) != Some(PASSWORD_ID) {
        return Err(Error::not_found("passwordAuthenticationMethod", id).into());
    }
    let mut body = Fields::from(call.parameters()?);
    let new = body.text("newPassword")?.flatten();
    let asks = body.bool("requireChangeOnNextSignIn")?.unwrap_or(true);
    body.end()?;
    let key = call.key("id").to_owned();
    let user = call.read(move |tx| Ok(users::find(tx, &key)?.id)).await?;
    if matches!(call.caller.actor, Actor::User { id, .. } if id == user.uuid()) {
        return Err(Error::forbidden(
            "Nobody resets the own password: it is changed with the one before.",
        )
        .into());
    }
    let node = &call.platform().node;
    let done = node
        .reset_password(
            call.caller.tenant,
            call.caller.actor.clone(),
            user.to_string(),
            new.map(Secret::new),
            PasswordChange::of_profile(asks, false),
        )
        .await?;
    let reply = match &done.made {
        None => Reply::no_content(),
        Some(made) => Reply::object(
            &call,
            "microsoft.graph.passwordResetResponse",
            &json!({ "newPassword": made.expose() }),
        )?,
    };
    let operation = done.audit_id.unwrap_or_default();
    let location = format!(
        "{}/users/{user}/authentication/operations/{operation}",
        call.root()
    );
    Ok(reply
        .with_status(StatusCode::ACCEPTED)
        .with_header(header::LOCATION, &location))
}

async fn operation(call: Call) -> Result<Reply, Refusal> {
    let (key, text) = (
        call.key("id").to_owned(),
        call.key("operationId").to_owned(),
    );
    let (user, row) = call
        .read(move |tx| {
            let user = users::find(tx, &key)?.id;
            let missing = || Error::not_found("longRunningOperation", &text);
            let id = types::parse_uuid(&text).ok_or_else(missing)?;
            let Some(row) = types::found(audit::get(tx, id))? else {
                return Err(missing());
            };
            let of_user = row.entry.targets.iter().any(|it| it.id == user.to_string());
            if row.entry.activity_display_name != RESET || !of_user {
                return Err(missing());
            }
            Ok((user, row))
        })
        .await?;
    let shown = super::Shown {
        kind: "longRunningOperation",
        more: &[],
    };
    let operation = json!({
        "id": row.id,
        "createdDateTime": row.at,
        "lastActionDateTime": row.at,
        "resourceLocation": format!(
            "{}/users/{user}/authentication/passwordMethods/{PASSWORD_ID}",
            call.root()
        ),
        "status": "succeeded",
        "statusDetail": null,
    });
    let operation = operation.as_object().cloned().unwrap_or_default();
    let operation = shown.select(&call.options, operation)?;
    Reply::entity(&call, &super::context(user, "operations"), &operation)
}

/// A user's own password, with the one before.
async fn change(call: Call) -> Result<Reply, Refusal> {
    let mut body = Fields::from(call.parameters()?);
    let current = body.required_text("currentPassword")?;
    let new = body.required_text("newPassword")?;
    body.end()?;
    let key = call.key("id").to_owned();
    let user = call.read(move |tx| Ok(users::find(tx, &key)?.id)).await?;
    let Actor::User { id, .. } = call.caller.actor else {
        return Err(Refusal::no_me());
    };
    if Id::new(id) != user {
        return Err(Error::forbidden(
            "Only the user can change a password with the one before; an administrator resets it.",
        )
        .into());
    }
    let node = &call.platform().node;
    node.change_password(
        call.caller.tenant,
        call.caller.actor.clone(),
        user,
        Secret::new(current),
        Secret::new(new),
    )
    .await?;
    Ok(Reply::no_content())
}
