//! `/isopolity/invitations`: the organizations to which other tenants have added this one, and what
//! joining one of them would change here. The key is the tenant that added this one, which is what
//! a join request names.

use node::command::Command;
use organization::Invitation;
use serde_json::{Map, Value, json};
use types::{Error, TenantId};

use super::{READ, WRITE, command, into_object};
use crate::errors::Refusal;
use crate::fields::Fields;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::Area;
use crate::user_sharing;

const SET: &str = "isopolity/invitations";
const SHARING: &str = "isopolity/invitations/sharing";
/// What giving the consents needs besides.
const CONSENT: &str = "Policy.ReadWrite.CrossTenantAccess";

pub(super) fn routes(area: &mut Area<'_>) {
    area.get(
        "/isopolity/invitations",
        READ,
        "List the organizations to which this tenant was added",
        list,
    );
    area.get(
        "/isopolity/invitations/{tenantId}",
        READ,
        "Get an invitation, with who has invited",
        get,
    );
    area.post(
        "/isopolity/invitations/{tenantId}/accept",
        WRITE,
        "Join the organization",
        accept,
    );
    area.post(
        "/isopolity/invitations/{tenantId}/decline",
        WRITE,
        "Decline to join, with a reason that the inviting tenant reads",
        decline,
    );
    area.post(
        "/isopolity/invitations/{tenantId}/preview",
        READ,
        "What joining would change in this tenant's policy",
        preview,
    );
    area.get(
        "/isopolity/invitations/{tenantId}/sharing",
        user_sharing::READ,
        "Whom of this tenant joining would share with each tenant",
        sharing,
    );
}

/// An invitation, and what its inviter says of itself, as far as it can be asked now.
async fn shown(call: &Call, invitation: &Invitation) -> Value {
    let by = invitation.added_by_tenant_id;
    let node = &call.platform().node;
    let days = node.config().limits.get("organization_invitation_days");
    let inviter = node.inviter(call.caller.tenant, by).await;
    let mut shown = json!(invitation);
    shown["expirationDateTime"] =
        json!(organization::expires_at(invitation.invited_date_time, days));
    shown["inviterDisplayName"] = json!(inviter.as_ref().map(|it| &it.display_name));
    shown["inviterVerifiedDomains"] = json!(inviter.as_ref().map(|it| &it.verified_domains));
    shown
}

/// The tenant that has invited. What is no tenant's id names none.
fn invited_by(call: &Call) -> Result<TenantId, Refusal> {
    let key = call.key("tenantId");
    let id = types::parse_uuid(key).map(TenantId::new);
    id.ok_or_else(|| Error::not_found("multiTenantOrganizationInvitation", key).into())
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let mut items = Vec::new();
    for invitation in call.read(organization::invitations).await? {
        items.push(shown(&call, &invitation).await);
    }
    Reply::collection(&call, SET, &Page::all(items))
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let by = invited_by(&call)?;
    let invitation = call
        .read(move |tx| organization::invitation(tx, by))
        .await?;
    Reply::entity(&call, SET, &shown(&call, &invitation).await)
}

/// With the two consents that the admin gives: `acceptUsers`, `skipConsent`. The answer is the join
/// request, which tells how it goes.
async fn accept(call: Call) -> Result<Reply, Refusal> {
    let by = invited_by(&call)?;
    let mut fields = Fields::from(call.parameters()?);
    let accept_users = fields.flag("acceptUsers")?;
    let skip_consent = fields.flag("skipConsent")?;
    fields.end()?;
    let may_consent = call.caller.allows(
        CONSENT,
        "crossTenantAccessPolicy/partners/b2bCollaboration/update",
    );
    if (accept_users || skip_consent) && !may_consent {
        return Err(Error::forbidden(format!(
            "The consents change the tenant's policy, which needs {CONSENT} besides."
        ))
        .into());
    }
    let limits = &call.platform().node.config().limits;
    let users_max = limits.get("organization_users");
    command(&call, move |tx| {
        organization::invitation(tx, by)?;
        let users = directory::users::count_internal(tx)?;
        if organization::join_request(tx)?.status.as_deref() == Some("failed") {
            organization::reset_join(tx)?;
        }
        node::consent(tx, accept_users, skip_consent)?;
        organization::request_join(tx, by, users, users_max)
    })
    .await?;
    let request = call.read(organization::join_request).await?;
    Reply::object(&call, "isopolity.joinRequest", &request.to_graph())
}

async fn decline(call: Call) -> Result<Reply, Refusal> {
    let by = invited_by(&call)?;
    let mut fields = Fields::from(call.parameters()?);
    let reason = fields.text("reason")?.flatten();
    fields.end()?;
    command(&call, move |tx| organization::decline(tx, by, reason)).await?;
    Ok(Reply::no_content())
}

/// What the others share can't be told before: they say it to tenants of the organization.
async fn sharing(call: Call) -> Result<Reply, Refusal> {
    let by = invited_by(&call)?;
    let invitation = call
        .read_few(move |tx| organization::invitation(tx, by))
        .await?;
    user_sharing::admit_preview(&call)?;
    let shown = call
        .read(move |tx| sync::sharing::preview_join(tx, &invitation.members))
        .await?;
    Reply::collection(&call, SHARING, &Page::all(shown))
}

/// With the two consents that the admin is asked for: `acceptUsers`, `skipConsent`.
async fn preview(call: Call) -> Result<Reply, Refusal> {
    let invited_by = invited_by(&call)?;
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
