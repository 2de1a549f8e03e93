//! Passkeys: registered by an administrator's tool, or by the user's own, with the answer of an
//! authenticator to a challenge of ours.

use credentials::passkey;
use credentials::{Kind, Method, Policy};
use directory::users;
use serde_json::{Map, Value, json};
use types::Error;

use super::{WRITE, method_id, one_of, segment};
use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::Area;

/// Minutes that a challenge lives where nobody says how many (Graph's default).
const MINUTES: u32 = 5;

pub(super) fn routes(area: &mut Area<'_>) {
    for path in [
        "/users/{id}/authentication/fido2Methods/creationOptions()",
        "/users/{id}/authentication/fido2Methods/creationOptions(challengeTimeoutInMinutes='{minutes}')",
    ] {
        area.get(
            path,
            WRITE,
            "Get a challenge to register a passkey with",
            creation_options,
        );
    }
    area.post(
        "/users/{id}/authentication/fido2Methods",
        WRITE,
        "Register a passkey",
        create,
    );
    area.patch(
        "/users/{id}/authentication/fido2Methods/{methodId}",
        WRITE,
        "Give a passkey another name",
        rename,
    );
}

/// A passkey as Graph shows it.
pub(super) fn show(method: &Method) -> types::Result<Value> {
    let shown = passkey::show(method)?;
    let kind = if shown.is_synced {
        "synced"
    } else {
        "deviceBound"
    };
    Ok(json!({
        "id": method.id,
        "displayName": shown.name,
        "createdDateTime": method.created_at,
        "aaGuid": shown.aaguid,
        "model": null,
        "attestationCertificates": [],
        "attestationLevel": "notAttested",
        "passkeyType": kind,
        "publicKeyCredential": { "id": shown.credential_id },
    }))
}

async fn creation_options(call: Call) -> Result<Reply, Refusal> {
    let minutes = match call.find_key("minutes") {
        None => MINUTES,
        Some(text) => text.parse().map_err(|_| {
            Error::invalid(
                "challengeTimeoutInMinutes",
                "'challengeTimeoutInMinutes' has to be a whole number.",
            )
        })?,
    };
    let rp = call.platform().node.require_relying_party()?.clone();
    let key = call.key("id").to_owned();
    let creation = call
        .write(move |tx| {
            let user = users::find(tx, &key)?;
            rp.begin_registration(tx, &user, minutes)
        })
        .await?;
    let mut options = Map::new();
    let until = json!(creation.expires_at);
    options.insert("challengeTimeoutDateTime".into(), until);
    if let Value::Object(members) = creation.options {
        options.extend(members);
    }
    Reply::object(
        &call,
        "microsoft.graph.webauthnCredentialCreationOptions",
        &options,
    )
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let body = call.object(Kind::Passkey.graph_type())?;
    let name = body
        .get("displayName")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if let Some(other) = body
        .keys()
        .find(|name| !["displayName", "publicKeyCredential"].contains(&name.as_str()))
    {
        return Err(Error::invalid(
            other.as_str(),
            format!("The property '{other}' can't be set."),
        )
        .into());
    }
    let answer = body.get("publicKeyCredential").cloned().unwrap_or_default();
    let rp = call.platform().node.require_relying_party()?.clone();
    let key = call.key("id").to_owned();
    let (user, made) = call
        .write(move |tx| {
            let (policy, user) = (Policy::get(tx)?, users::find(tx, &key)?);
            let method = rp.finish_registration(tx, &policy, &user, &answer, &name)?;
            let found = super::methods_of(tx, &user, Some(Kind::Passkey))?;
            let made = one_of(found, &method.id.to_string(), Some(Kind::Passkey))?;
            Ok((user.id, made))
        })
        .await?;
    let set = super::context(user, segment(Some(Kind::Passkey)));
    let id = made.get("id").and_then(Value::as_str).unwrap_or_default();
    let location = format!("/users/{user}/authentication/fido2Methods/{id}");
    Reply::created(&call, &set, &made, &location)
}

async fn rename(call: Call) -> Result<Reply, Refusal> {
    let body = call.object(Kind::Passkey.graph_type())?;
    let name = match body.get("displayName") {
        Some(Value::String(name)) if body.len() == 1 => name.clone(),
        _ => {
            return Err(Error::invalid(
                "displayName",
                "The body has to have 'displayName', and nothing else can be changed.",
            )
            .into());
        }
    };
    let (key, id) = (call.key("id").to_owned(), method_id(&call, Kind::Passkey)?);
    call.write(move |tx| {
        let user = users::find(tx, &key)?.id;
        passkey::rename(tx, user, id, &name)
    })
    .await?;
    Ok(Reply::no_content())
}
