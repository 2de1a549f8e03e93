//! `/isopolity/invitations`: the organizations to which other tenants have added this one, and what
//! joining one of them would change here. The key is the tenant that added this one, which is what
//! a join request names.

use node::command::Command;
use serde_json::{Map, Value, json};
use types::{Error, TenantId};

use super::{READ, into_object};
use crate::errors::Refusal;
use crate::fields::Fields;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::Area;

const SET: &str = "isopolity/invitations";

pub(super) fn routes(area: &mut Area<'_>) {
    area.get(
        "/isopolity/invitations",
        READ,
        "List the organizations to which this tenant was added",
        list,
    );
    area.post(
        "/isopolity/invitations/{tenantId}/preview",
        READ,
        "What joining would change in this tenant's policy",
        preview,
    );
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let invitations = call.read(organization::invitations).await?;
    let items = invitations
        .iter()
        .map(|invitation| json!(invitation))
        .collect();
    Reply::collection(&call, SET, &Page::all(items))
}

/// With the two consents that the admin is asked for: `acceptUsers`, `skipConsent`.
async fn preview(call: Call) -> Result<Reply, Refusal> {
    let key = call.key("tenantId");
    let invited_by = types::parse_uuid(key).map(TenantId::new);
    let invited_by =
        invited_by.ok_or_else(|| Error::not_found("multiTenantOrganizationInvitation", key))?;
    let mut fields = Fields::from(call.parameters()?);
    let accept_users = fields.flag("acceptUsers")?;
    let skip_consent = fields.flag("skipConsent")?;
    fields.end()?;
    // Whoever hasn't invited this tenant looks the same, whether there is such a tenant or not.
    call.read(move |tx| organization::preview_join(tx, invited_by).map(drop))
        .await?;
    let command = Command::OrganizationPreviewJoin {
        tenant: call.caller.tenant.to_string(),
        invited_by: invited_by.to_string(),
        accept_users,
        skip_consent,
    };
    let preview = call.platform().node.execute(command, &|_| {}).await?;
    let shown: Map<String, Value> = into_object(preview);
    Reply::object(&call, "isopolity.joinPreview", &shown)
}
