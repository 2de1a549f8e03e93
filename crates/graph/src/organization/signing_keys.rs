//! `/beta/isopolity/signingKeys`: the keys that the tenant's tokens are signed with. Graph has no
//! such resource; the keys themselves are in the tenant's key set.

use identity::keys::{self, KeyState};
use serde_json::{Value, json};

use super::LIST;
use crate::errors::Refusal;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::Area;

const SET: &str = "isopolity/signingKeys";

pub(super) fn routes(area: &mut Area<'_>) {
    area.get(
        "/isopolity/signingKeys",
        LIST,
        "List the keys that sign the tenant's tokens",
        list,
    );
    area.post(
        "/isopolity/signingKeys/rotate",
        super::WRITE,
        "Put another key in the place of the one that signs",
        rotate,
    );
}

fn show(key: &KeyState) -> Value {
    json!({
        "keyId": key.kid,
        "isSigning": key.retired_at.is_none(),
        "createdDateTime": key.created_at,
        "retiredDateTime": key.retired_at,
        "expirationDateTime": key.expires_at,
    })
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let keys = call.read_few(keys::list).await?;
    Reply::collection(&call, SET, &Page::all(keys.iter().map(show).collect()))
}

async fn rotate(call: Call) -> Result<Reply, Refusal> {
    if let Some(name) = call.parameters()?.keys().next() {
        return Err(Refusal::bad_request(format!(
            "The parameter '{name}' isn't supported: rotate takes none."
        ))
        .with_target(name.clone()));
    }
    let (tenant, actor) = (call.caller.tenant, call.caller.actor.clone());
    let made = call.platform().node.rotate_keys(tenant, actor).await?;
    let keys = call.read_few(keys::list).await?;
    let key = keys.iter().find(|key| key.kid == made);
    Reply::entity(&call, SET, &key.map(show))
}
