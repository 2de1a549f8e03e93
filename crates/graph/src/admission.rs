//! `/beta/isopolity/admission`: what this tenant asks of users who are synced into it, and the users
//! whom that has stopped.
//!
//! The rules are the receiving tenant's policy on what comes in, so the permissions are those of
//! Graph's `crossTenantAccessPolicy`. A tenant's own rule wins over the default; its address shows
//! the rules in force.

use serde_json::{Map, Value, json};
use store::ReadTx;
use sync::admission;
use types::{Error, Id, TenantId, kind};

use crate::errors::Refusal;
use crate::fields::Fields;
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};

const READ: &[&str] = &["Policy.Read.All", "Policy.ReadWrite.CrossTenantAccess"];
const WRITE: &[&str] = &["Policy.ReadWrite.CrossTenantAccess"];

const ENTRY: &str = "isopolity/admission";
const TENANTS: &str = "isopolity/admission/tenants";
const USERS: &str = "isopolity/admission/tenants/users";
const USERS_PAGE: u32 = 100;
const USERS_PAGE_MAX: u32 = 999;

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("admission", Versions::Beta);
    area.get(
        "/isopolity/admission/default",
        READ,
        "Get the rules for users who are synced in",
        get_default,
    );
    area.patch(
        "/isopolity/admission/default",
        WRITE,
        "Change the rules for users who are synced in",
        patch_default,
    );
    area.get(
        "/isopolity/admission/tenants",
        READ,
        "List the other active tenants, whether and by which rules their users come in, and how many",
        list,
    );
    area.get(
        "/isopolity/admission/tenants/{tenantId}",
        READ,
        "Get the rules in force for the users of a tenant",
        get_own,
    );
    area.patch(
        "/isopolity/admission/tenants/{tenantId}",
        WRITE,
        "Change the rules for the users of a tenant",
        patch_own,
    );
    area.delete(
        "/isopolity/admission/tenants/{tenantId}",
        WRITE,
        "Drop a tenant's own rules, so that the default applies to it",
        delete_own,
    );
    area.get(
        "/isopolity/admission/tenants/{tenantId}/coming",
        READ,
        "Say who of a tenant would come, and what the rules would make of each",
        coming,
    );
    area.get(
        "/isopolity/admission/tenants/{tenantId}/users",
        READ,
        "List the users of a tenant who are held, were decided about or are turned away",
        users,
    )
    .query(Allowed::TOP.and(Allowed::SKIP_TOKEN));
    area.post(
        "/isopolity/admission/tenants/{tenantId}/users/{id}/release",
        WRITE,
        "Let a held user in",
        release,
    );
    area.post(
        "/isopolity/admission/tenants/{tenantId}/users/{id}/refuse",
        WRITE,
        "Refuse a held user, which the user's home can't undo",
        refuse,
    );
}

fn source(call: &Call) -> Result<TenantId, Refusal> {
    call.id("tenantId")
}

async fn get_default(call: Call) -> Result<Reply, Refusal> {
    let rules = call.read(|tx| admission::get(tx, None)).await?;
    Reply::object(&call, ENTRY, &rules.unwrap_or_default().to_json())
}

async fn patch_default(call: Call) -> Result<Reply, Refusal> {
    patch(call, None).await
}

async fn patch_own(call: Call) -> Result<Reply, Refusal> {
    let source = source(&call)?;
    patch(call, Some(source)).await
}

async fn patch(call: Call, source: Option<TenantId>) -> Result<Reply, Refusal> {
    let body = call.object("admission")?;
    call.write(move |tx| admission::set(tx, source, &body))
        .await?;
    call.platform().node.flush(call.caller.tenant).await;
    Ok(Reply::no_content())
}

async fn delete_own(call: Call) -> Result<Reply, Refusal> {
    let source = source(&call)?;
    call.write(move |tx| admission::reset(tx, source)).await?;
    call.platform().node.flush(call.caller.tenant).await;
    Ok(Reply::no_content())
}

/// The rules in force for a tenant, and where they are from.
fn entry(tx: &ReadTx<'_>, source: TenantId) -> types::Result<Map<String, Value>> {
    let own = admission::get(tx, Some(source))?.is_some();
    let mut shown = Map::new();
    shown.insert("tenantId".into(), json!(source));
    shown.insert("source".into(), if own { "own" } else { "default" }.into());
    if let Value::Object(rules) = admission::in_force(tx, source)?.to_json() {
        shown.extend(rules);
    }
    Ok(shown)
}

async fn get_own(call: Call) -> Result<Reply, Refusal> {
    let source = source(&call)?;
    let shown = call
        .read(move |tx| {
            organization::member(tx, source)?;
            if source == tx.tenant() {
                return Err(Error::not_found("admission", source));
            }
            entry(tx, source)
        })
        .await?;
    Reply::object(&call, ENTRY, &shown)
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let items = call
        .read(|tx| {
            let members = organization::active_members(tx)?;
            let one = |source: TenantId| {
                let mut shown = entry(tx, source)?;
                let allowed = access::inbound_sync(tx, source)?.allowed;
                shown.insert("syncAllowed".into(), allowed.into());
                let users = directory::synced::count(tx, source)?;
                shown.insert("users".into(), users.into());
                let since = directory::synced::since(tx, source)?;
                shown.insert("usersSinceDateTime".into(), json!(since));
                if let Value::Object(counts) = admission::counts(tx, source)? {
                    shown.extend(counts);
                }
                Ok(shown)
            };
            members
                .into_iter()
                .map(one)
                .collect::<types::Result<Vec<_>>>()
        })
        .await?;
    Reply::collection(&call, TENANTS, &Page::all(items))
}

async fn users(call: Call) -> Result<Reply, Refusal> {
    let source = source(&call)?;
    let size = call.options.page_size(USERS_PAGE, USERS_PAGE_MAX)? as usize;
    let after: Option<Id<kind::User>> = call.skip_token(USERS)?;
    // One more tells whether there is a next page.
    let mut found = call
        .read(move |tx| admission::list(tx, source, after, size + 1))
        .await?;
    let more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| more);
    let page = Page {
        next_link: last
            .map(|user| call.next_link(USERS, &user.home_id))
            .transpose()?,
        ..Page::all(
            found
                .iter()
                .map(admission::AdmissionUser::to_json)
                .collect(),
        )
    };
    Reply::collection(&call, USERS, &page)
}

async fn coming(call: Call) -> Result<Reply, Refusal> {
    let source = source(&call)?;
    let own = call.caller.tenant;
    call.read(move |tx| {
        if organization::is_active_with(tx, source)? {
            return Ok(());
        }
        Err(Error::not_found("admission", source))
    })
    .await?;
    let told = call.platform().node.coming(own, source).await?;
    let shown = call
        .write(move |tx| admission::coming::foresee(tx, source, told))
        .await?;
    Reply::object(&call, "isopolity.coming", &shown)
}

async fn release(call: Call) -> Result<Reply, Refusal> {
    decide(call, true).await
}

async fn refuse(call: Call) -> Result<Reply, Refusal> {
    decide(call, false).await
}

async fn decide(call: Call, release: bool) -> Result<Reply, Refusal> {
    let source = source(&call)?;
    let user: Id<kind::User> = call.id("id")?;
    Fields::from(call.parameters()?).end()?;
    call.write(move |tx| admission::decide(tx, source, user, release))
        .await?;
    call.platform().node.flush(call.caller.tenant).await;
    Ok(Reply::no_content())
}
