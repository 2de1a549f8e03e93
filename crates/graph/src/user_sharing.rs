//! `/beta/isopolity/userSharing`: what this tenant shares with the organization, and how each pair
//! stands.
//!
//! Graph has nothing like it. The nearest are its synchronization jobs, so the permissions are
//! theirs: `Synchronization.Read.All` reads, `Synchronization.ReadWrite.All` changes. A preview
//! changes nothing and asks for the former. A tenant's own entry can be set as soon as the tenant
//! is listed in the organization, so that the default never comes to it.
//!
//! `allowDeletions` in the body of a PUT is the admin's word that whoever goes by it may go; it isn't
//! kept.

mod schema;

use std::time::Instant;

use serde_json::Value;
use store::ReadTx;
use sync::guard;
use sync::sharing::{self, Sharing};
use sync::status;
use types::{Error, Id, TenantId};

use crate::errors::Refusal;
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};

pub(crate) const READ: &[&str] = &["Synchronization.Read.All", "Synchronization.ReadWrite.All"];
const WRITE: &[&str] = &["Synchronization.ReadWrite.All"];

const TENANTS: &str = "isopolity/userSharing/tenants";
/// The context of one entry.
const ENTRY: &str = "isopolity/userSharing";
const FAILURES: &str = "isopolity/userSharing/tenants/failures";
const DELETIONS: &str = "isopolity/userSharing/tenants/deletions";
const GROUPS: &str = "isopolity/userSharing/tenants/groups";
const GUARD: &str = "isopolity/userSharing/deletionGuard";
const FAILURES_PAGE: u32 = 100;
const FAILURES_PAGE_MAX: u32 = 999;

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("userSharing", Versions::Beta);
    area.get(
        "/isopolity/userSharing/default",
        READ,
        "Get what is shared with tenants that have no entry of their own",
        get_default,
    );
    area.put(
        "/isopolity/userSharing/default",
        WRITE,
        "Set what is shared with tenants that have no entry of their own",
        put_default,
    );
    area.post(
        "/isopolity/userSharing/default/preview",
        READ,
        "Say whom such a default would add and remove",
        preview_default,
    );
    area.get(
        "/isopolity/userSharing/tenants",
        READ,
        "List the other active tenants and how sharing with each stands",
        list,
    );
    area.get(
        "/isopolity/userSharing/tenants/{tenantId}",
        READ,
        "Get a tenant's own entry",
        get_own,
    );
    area.put(
        "/isopolity/userSharing/tenants/{tenantId}",
        WRITE,
        "Set a tenant's own entry",
        put_own,
    );
    area.delete(
        "/isopolity/userSharing/tenants/{tenantId}",
        WRITE,
        "Remove a tenant's own entry, so that the default applies to it",
        delete_own,
    );
    area.post(
        "/isopolity/userSharing/tenants/{tenantId}/preview",
        READ,
        "Say whom such an entry would add and remove",
        preview_own,
    );
    area.post(
        "/isopolity/userSharing/tenants/{tenantId}/pause",
        WRITE,
        "Stop sending to a tenant for a while",
        pause,
    );
    area.post(
        "/isopolity/userSharing/tenants/{tenantId}/resume",
        WRITE,
        "Go on sending to a tenant",
        resume,
    );
    area.get(
        "/isopolity/userSharing/tenants/{tenantId}/failures",
        READ,
        "List the users that fail, with the reason in words",
        failures,
    )
    .query(Allowed::TOP.and(Allowed::SKIP_TOKEN));
    area.get(
        "/isopolity/userSharing/tenants/{tenantId}/deletions",
        READ,
        "List the users whose deletion or disabling waits because these are too many",
        deletions,
    )
    .query(Allowed::TOP.and(Allowed::SKIP_TOKEN));
    area.post(
        "/isopolity/userSharing/tenants/{tenantId}/deletions/allow",
        WRITE,
        "Let the deletions and disablings that wait go through",
        allow_deletions,
    );
    area.get(
        "/isopolity/userSharing/tenants/{tenantId}/groups",
        READ,
        "List the groups that are sent to a tenant, and what it has of each",
        groups,
    )
    .query(Allowed::TOP.and(Allowed::SKIP_TOKEN));
    area.get(
        "/isopolity/userSharing/tenants/{tenantId}/schema",
        READ,
        "Get how users become users of a tenant: scoping filters and attribute mappings",
        schema::get,
    );
    area.put(
        "/isopolity/userSharing/tenants/{tenantId}/schema",
        WRITE,
        "Set how users become users of a tenant",
        schema::put,
    );
    area.patch(
        "/isopolity/userSharing/tenants/{tenantId}/schema",
        WRITE,
        "Change parts of how users become users of a tenant",
        schema::update,
    );
    area.delete(
        "/isopolity/userSharing/tenants/{tenantId}/schema",
        WRITE,
        "Go back to the default mapping for a tenant",
        schema::delete,
    );
    area.post(
        "/isopolity/userSharing/tenants/{tenantId}/schema/preview",
        READ,
        "Say what a schema would make of one person, or whom it would add and remove",
        schema::preview,
    );
    area.post(
        "/isopolity/userSharing/tenants/{tenantId}/provisionOnDemand",
        WRITE,
        "Provision a person at once, with an account of each step",
        schema::provision,
    );
    area.get(
        "/isopolity/userSharing/deletionGuard",
        READ,
        "Get how many deletions and disablings are too many",
        get_guard,
    );
    area.patch(
        "/isopolity/userSharing/deletionGuard",
        WRITE,
        "Change how many deletions and disablings are too many",
        patch_guard,
    );
}

fn target(call: &Call) -> Result<TenantId, Refusal> {
    call.id("tenantId")
}

fn body(call: &Call) -> Result<Sharing, Refusal> {
    Ok(Sharing::parse(&call.object("userSharing")?)?)
}

async fn get_default(call: Call) -> Result<Reply, Refusal> {
    let entry = call.read(|tx| sharing::get(tx, None)).await?;
    let entry = entry.unwrap_or_else(Sharing::nobody);
    Reply::object(&call, ENTRY, &entry.to_json())
}

async fn put_default(call: Call) -> Result<Reply, Refusal> {
    put(call, None).await
}

async fn preview_default(call: Call) -> Result<Reply, Refusal> {
    preview(call, None).await
}

async fn get_own(call: Call) -> Result<Reply, Refusal> {
    let target = target(&call)?;
    let entry = call
        .read(move |tx| {
            sharing::get(tx, Some(target))?.ok_or_else(|| Error::not_found("userSharing", target))
        })
        .await?;
    Reply::object(&call, ENTRY, &entry.to_json())
}

async fn put_own(call: Call) -> Result<Reply, Refusal> {
    let target = target(&call)?;
    put(call, Some(target)).await
}

async fn preview_own(call: Call) -> Result<Reply, Refusal> {
    let target = target(&call)?;
    preview(call, Some(target)).await
}

async fn put(call: Call, target: Option<TenantId>) -> Result<Reply, Refusal> {
    let mut body = call.object("userSharing")?;
    let allows = match body.shift_remove("allowDeletions") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(allows)) => allows,
        Some(_) => {
            let reason = "'allowDeletions' has to be true or false.";
            return Err(Error::invalid("allowDeletions", reason).into());
        }
    };
    let entry = Sharing::parse(&body)?;
    call.write(move |tx| {
        sharing::put(tx, target, &entry)?;
        if allows {
            guard::confirm_entry(tx, target)?;
        }
        Ok(())
    })
    .await?;
    Ok(Reply::no_content())
}

/// Lets a preview pass that looks at every user of the tenant, or says when to come again.
pub(crate) fn admit_preview(call: &Call) -> Result<(), Refusal> {
    call.app.previews().admit(
        call.caller.tenant,
        call.caller.app_id,
        call.platform().store.servers(),
        Instant::now(),
    )
}

async fn preview(call: Call, target: Option<TenantId>) -> Result<Reply, Refusal> {
    let entry = body(&call)?;
    admit_preview(&call)?;
    let preview = call
        .read(move |tx| sharing::preview(tx, target, &entry))
        .await?;
    Reply::object(&call, "isopolity.userSharingPreview", &preview)
}

async fn delete_own(call: Call) -> Result<Reply, Refusal> {
    let target = target(&call)?;
    call.write(move |tx| sharing::delete(tx, target)).await?;
    Ok(Reply::no_content())
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let tenant = call.caller.tenant;
    let pairs = call.platform().node.share_status(tenant).await?;
    let items: Vec<Value> = pairs.iter().map(status::PairStatus::to_json).collect();
    Reply::collection(&call, TENANTS, &Page::all(items))
}

async fn pause(call: Call) -> Result<Reply, Refusal> {
    set_paused(call, true).await
}

async fn resume(call: Call) -> Result<Reply, Refusal> {
    set_paused(call, false).await
}

async fn set_paused(call: Call, paused: bool) -> Result<Reply, Refusal> {
    let target = target(&call)?;
    call.write(move |tx| status::set_paused(tx, target, paused))
        .await?;
    Ok(Reply::no_content())
}

async fn failures(call: Call) -> Result<Reply, Refusal> {
    listed(call, FAILURES, "userId", status::failures).await
}

async fn deletions(call: Call) -> Result<Reply, Refusal> {
    listed(call, DELETIONS, "userId", guard::list).await
}

async fn groups(call: Call) -> Result<Reply, Refusal> {
    listed(call, GROUPS, "groupId", sync::groups::list).await
}

type List<K> = fn(&ReadTx<'_>, TenantId, Option<Id<K>>, usize) -> types::Result<Vec<Value>>;

/// A page of what there is of a pair, in the order of ids that each item has under `key`.
async fn listed<K: types::Kind + 'static>(
    call: Call,
    context: &'static str,
    key: &'static str,
    list: List<K>,
) -> Result<Reply, Refusal> {
    let target = target(&call)?;
    let size = call.options.page_size(FAILURES_PAGE, FAILURES_PAGE_MAX)? as usize;
    let after: Option<Id<K>> = call.skip_token(context)?;
    // One more tells whether there is a next page.
    let (mut items, next) = call
        .read(move |tx| {
            let items = list(tx, target, after, size + 1)?;
            let next = (items.len() > size)
                .then(|| items.get(size - 1))
                .flatten()
                .map(|last| last[key].clone());
            Ok((items, next))
        })
        .await?;
    items.truncate(size);
    let page = Page {
        next_link: next
            .map(|last| call.next_link(context, &last))
            .transpose()?,
        ..Page::all(items)
    };
    Reply::collection(&call, context, &page)
}

async fn allow_deletions(call: Call) -> Result<Reply, Refusal> {
    let target = target(&call)?;
    call.write(move |tx| guard::allow(tx, target)).await?;
    Ok(Reply::no_content())
}

async fn get_guard(call: Call) -> Result<Reply, Refusal> {
    let settings = call.read(guard::get).await?;
    Reply::object(&call, GUARD, &settings.to_json())
}

async fn patch_guard(call: Call) -> Result<Reply, Refusal> {
    let body = call.object("deletionGuard")?;
    call.write(move |tx| guard::update(tx, &body)).await?;
    Ok(Reply::no_content())
}
