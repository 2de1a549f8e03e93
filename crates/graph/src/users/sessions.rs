//! Ending a user's sessions: every refresh token and access token of theirs is worth nothing from
//! then on, and the servers of clients hear of it (OpenID Connect Back-Channel Logout 1.0).
//!
//! Source: `user: revokeSignInSessions` (Microsoft Graph).

use directory::users;
use identity::revocation;
use node::oauth::end_sessions_of;
use serde_json::json;

use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::Area;

const REVOKE: &[&str] = &["User.RevokeSessions.All"];

pub(super) fn routes(area: &mut Area<'_>) {
    area.post(
        "/users/{id}/revokeSignInSessions",
        REVOKE,
        "End all sessions of a user",
        revoke,
    );
}

async fn revoke(call: Call) -> Result<Reply, Refusal> {
    if let Some(name) = call.parameters()?.keys().next() {
        return Err(Refusal::bad_request(format!(
            "The parameter '{name}' isn't supported: revokeSignInSessions takes none."
        ))
        .with_target(name.clone()));
    }
    let key = call.key("id").to_owned();
    let (node, tenant) = (&call.platform().node, call.caller.tenant);
    let issuer = node.public_url().issuer(tenant);
    let user = call.read(move |tx| Ok(users::find(tx, &key)?.id)).await?;
    let published = node.published_to(tenant, vec![user]).await?;
    let to_tell = call
        .write(move |tx| {
            let user = users::get(tx, user)?.id;
            let to_tell = end_sessions_of(tx, &published, user, &issuer)?;
            users::end_sessions(tx, user)?;
            revocation::revoke(tx, user)?;
            Ok(to_tell)
        })
        .await?;
    node.tell_of_end(tenant, to_tell);
    Reply::object(&call, "Edm.Boolean", &json!({ "value": true }))
}
