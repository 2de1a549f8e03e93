//! `/subscriptions`: what an application is told of when it changes.
//!
//! An application sees and changes its own subscriptions only; in the name of a signed-in user those that it
//! has made in that user's. What it is told of in somebody's name it has to be allowed, and the person has
//! to have the right to read; either going away ends the subscription. The `clientState` is shown to whoever
//! has just written it, and not again.
//!
//! Source: the `subscription` resource and its operations (Microsoft Graph).

use directory::service_principals;
use http::StatusCode;
use subscriptions::{NewSubscription, Renewal, Subscriber, Subscription};
use types::{Actor, Id, kind};

use crate::errors::Refusal;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};

/// Which of them is needed depends on the resource.
const ANY: &[&str] = &["User.Read.All", "Group.Read.All", "Directory.Read.All"];
const SET: &str = "subscriptions";

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("subscriptions", Versions::Both);
    area.get(
        "/subscriptions",
        ANY,
        "List the caller's subscriptions",
        list,
    );
    area.post("/subscriptions", ANY, "Subscribe to changes", create);
    area.get("/subscriptions/{id}", ANY, "Get a subscription", get);
    area.patch("/subscriptions/{id}", ANY, "Renew a subscription", renew);
    area.delete("/subscriptions/{id}", ANY, "End a subscription", remove);
    area.post(
        "/subscriptions/{id}/reauthorize",
        ANY,
        "Confirm a subscription",
        reauthorize,
    );
}

/// Refusals in the words of this resource, which differ from the directory's.
fn worded(refusal: Refusal) -> Refusal {
    let code = match (refusal.status(), refusal.code()) {
        (StatusCode::BAD_REQUEST, "Request_BadRequest") => "InvalidRequest",
        (StatusCode::CONFLICT, _) => "ObjectIdentifierInUse",
        (StatusCode::NOT_FOUND, "Request_ResourceNotFound") => "ResourceNotFound",
        _ => return refusal,
    };
    Refusal::new(refusal.status(), code, refusal.message())
}

/// Who calls: a client for itself, or in the name of the signed-in user.
fn subscriber(call: &Call) -> Subscriber {
    let user = call.caller.rights.as_ref().map(|rights| rights.user);
    Subscriber {
        app_id: call.caller.app_id,
        user,
    }
}

/// The client that calls, as its tenant's directory knows it.
async fn creator(call: &Call) -> Result<Id<kind::ServicePrincipal>, Refusal> {
    match call.caller.actor {
        Actor::Application {
            service_principal_id,
            ..
        } => Ok(Id::new(service_principal_id)),
        Actor::User { app_id, .. } => {
            let found = call
                .read_few(move |tx| service_principals::get_by_app_id(tx, app_id))
                .await?;
            Ok(found.id)
        }
        _ => Err(Refusal::denied()),
    }
}

/// Whether a resource is the signed-in user's own object.
fn is_own(call: &Call, resource: &str) -> bool {
    let path = resource.trim_matches('/');
    let Some(rights) = &call.caller.rights else {
        return false;
    };
    let key = path
        .strip_prefix("users/")
        .or_else(|| path.strip_prefix("users('")?.strip_suffix("')"));
    path.eq_ignore_ascii_case("me") || key.is_some_and(|key| rights.is_named(key))
}

fn check_permission(call: &Call, resource: &str) -> Result<(), Refusal> {
    if is_own(call, resource) && call.caller.may("User.Read") {
        return Ok(());
    }
    let Some(permissions) = subscriptions::permissions_for(resource) else {
        // That there is no such resource is said where it is looked up.
        return Ok(());
    };
    if permissions.iter().any(|it| call.caller.may(it)) {
        Ok(())
    } else {
        Err(Refusal::denied())
    }
}

async fn prove<'a>(call: &Call, urls: impl Iterator<Item = &'a str>) -> Result<(), Refusal> {
    let node = &call.platform().node;
    for url in urls {
        let proved = node.prove_notification_url(call.caller.tenant, url).await?;
        proved.map_err(|unproven| {
            Refusal::new(StatusCode::BAD_REQUEST, "ValidationError", unproven.0)
        })?;
    }
    Ok(())
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let subscriber = subscriber(&call);
    let found = call
        .read(move |tx| subscriptions::list(tx, subscriber))
        .await?;
    let shown = found.iter().map(|it| it.project(None)).collect();
    Reply::collection(&call, SET, &Page::all(shown))
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let (subscriber, id) = (subscriber(&call), call.key("id").to_owned());
    let found = call
        .read_few(move |tx| subscriptions::get(tx, subscriber, &id))
        .await
        .map_err(worded)?;
    Reply::entity(&call, SET, &found.project(None))
}

/// The answer to whoever has just written a subscription.
fn shown(
    call: &Call,
    made: &Subscription,
) -> Result<serde_json::Map<String, serde_json::Value>, Refusal> {
    let client_state = made.client_state(&call.platform().sealer, call.caller.tenant)?;
    Ok(made.project(client_state.as_deref()))
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let (subscriber, creator) = (subscriber(&call), creator(&call).await?);
    let now = call.platform().store.clock().now();
    let new = NewSubscription::read(&call.object("subscription")?, now)
        .map_err(|error| worded(error.into()))?;
    check_permission(&call, new.resource())?;
    let checked = new.clone();
    call.read(move |tx| subscriptions::check_new(tx, subscriber, creator, &checked).map(drop))
        .await
        .map_err(worded)?;
    prove(&call, new.urls()).await?;
    let sealer = call.platform().sealer.clone();
    let made = call
        .write(move |tx| subscriptions::create(tx, &sealer, subscriber, creator, &new))
        .await
        .map_err(worded)?;
    call.platform().node.wake_subscriptions(call.caller.tenant);
    let location = format!("/{SET}/{}", made.id);
    Reply::created(&call, SET, &shown(&call, &made)?, &location)
}

/// That a subscription is the caller's, and that its token opens what it is about.
async fn check_own(call: &Call) -> Result<(), Refusal> {
    let (subscriber, id) = (subscriber(call), call.key("id").to_owned());
    let found = call
        .read_few(move |tx| subscriptions::get(tx, subscriber, &id))
        .await
        .map_err(worded)?;
    check_permission(call, &found.resource.to_string())
}

async fn renew(call: Call) -> Result<Reply, Refusal> {
    let (subscriber, id) = (subscriber(&call), call.key("id").to_owned());
    let now = call.platform().store.clock().now();
    let renewal =
        Renewal::read(&call.object("subscription")?, now).map_err(|error| worded(error.into()))?;
    check_own(&call).await?;
    prove(&call, renewal.url().into_iter()).await?;
    let renewed = call
        .write(move |tx| subscriptions::renew(tx, subscriber, &id, &renewal))
        .await
        .map_err(worded)?;
    call.platform().node.wake_subscriptions(call.caller.tenant);
    Reply::updated(&call, SET, &shown(&call, &renewed)?)
}

async fn reauthorize(call: Call) -> Result<Reply, Refusal> {
    let (subscriber, id) = (subscriber(&call), call.key("id").to_owned());
    check_own(&call).await?;
    call.write(move |tx| subscriptions::reauthorize(tx, subscriber, &id))
        .await
        .map_err(worded)?;
    Ok(Reply::no_content())
}

async fn remove(call: Call) -> Result<Reply, Refusal> {
    let (subscriber, id) = (subscriber(&call), call.key("id").to_owned());
    call.write(move |tx| subscriptions::remove(tx, subscriber, &id))
        .await
        .map_err(worded)?;
    Ok(Reply::no_content())
}
