//! Ending a user's sessions: every refresh token and access token of theirs is worth nothing from
//! then on.
//!
//! Source: `user: revokeSignInSessions` (Microsoft Graph).

use directory::users;
use identity::revocation;
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
    call.write(move |tx| {
        let user = users::find(tx, &key)?.id;
        users::end_sessions(tx, user)?;
        revocation::revoke(tx, user)
    })
    .await?;
    Reply::object(&call, "Edm.Boolean", &json!({ "value": true }))
}
