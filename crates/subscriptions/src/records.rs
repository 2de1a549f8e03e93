//! Subscriptions as rows: made, found, renewed, taken away.

use audit::{Entry, Target};
use directory::first_party::FirstParty;
use directory::service_principals::ServicePrincipal;
use directory::{app_roles, groups, oauth2_permission_grants, rights, service_principals};
use identity::{Sealer, revocation};
use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, Timestamp, kind};
use uuid::Uuid;

use crate::model::{self, Delegate, Document, NewSubscription, Renewal, Subscriber, Subscription};
use crate::queue::{self, Lane};
use crate::resource::{ChangeTypes, Resource};
use crate::{PER_APPLICATION_MAX, PER_TENANT_MAX, scan};

pub(crate) const COLUMNS: &str = "id, app_id, creator_id, path, change_types, expires_at, \
    removed_at, client_state, certificate, doc, user_id, user_generation";
const INSERT: &str = "INSERT INTO subscriptions (tenant_id, id, app_id, creator_id, path, \
    change_types, expires_at, reauthorize_at, since, client_state, certificate, doc, user_id, \
    user_generation) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
const UPDATE: &str = "UPDATE subscriptions SET expires_at = ?3, reauthorize_at = ?4, \
    certificate = ?5, doc = ?6 WHERE tenant_id = ?1 AND id = ?2";
const SET_REAUTHORIZE: &str =
    "UPDATE subscriptions SET reauthorize_at = ?3 WHERE tenant_id = ?1 AND id = ?2";
const MARK_REMOVED: &str = "UPDATE subscriptions SET removed_at = ?3, reauthorize_at = NULL \
    WHERE tenant_id = ?1 AND id = ?2";
const DELETE: &str = "DELETE FROM subscriptions WHERE tenant_id = ?1 AND id = ?2";
const COUNT_LIVE: &str =
    "SELECT count(*) FROM subscriptions WHERE tenant_id = ?1 AND removed_at IS NULL";

/// A challenge comes a quarter of the remaining life before its end, a day at most.
const CHALLENGE_SECONDS_MAX: i64 = 24 * 3_600;
/// Further ones come halfway to the end, but not sooner than this.
const CHALLENGE_AGAIN_SECONDS: i64 = 15 * 60;

pub(crate) fn of_row(row: &Row<'_>) -> Result<Subscription> {
    let document: Document = serde_json::from_str(row.text(9)?).map_err(Error::internal)?;
    Ok(Subscription {
        id: row.uuid(0)?,
        app_id: row.uuid(1)?,
        creator: row.id(2)?,
        delegate: match (row.opt_id(10)?, row.opt_int(11)?) {
            (Some(user), Some(generation)) => Some(Delegate {
                user,
                generation: u64::try_from(generation).map_err(Error::internal)?,
            }),
            _ => None,
        },
        resource: row.text(3)?.parse()?,
        change_types: ChangeTypes::of_bits(row.int(4)?),
        expires_at: row.timestamp(5)?,
        is_removed: row.opt_int(6)?.is_some(),
        client_state: row.opt_bytes(7)?.map(<[u8]>::to_vec),
        certificate: row.opt_bytes(8)?.map(<[u8]>::to_vec),
        document,
    })
}

/// A subscription, whoever made it and whether or not it is over.
pub(crate) fn load(tx: &ReadTx<'_>, id: Uuid) -> Result<Option<Subscription>> {
    tx.query_one(
        &format!("SELECT {COLUMNS} FROM subscriptions WHERE tenant_id = ?1 AND id = ?2"),
        params![&tx.tenant(), &id],
        of_row,
    )
}

/// A subscription of a subscriber that isn't over.
pub fn get(tx: &ReadTx<'_>, subscriber: Subscriber, key: &str) -> Result<Subscription> {
    let found = match types::parse_uuid(key) {
        Some(id) => load(tx, id)?,
        None => None,
    };
    found
        .filter(|it| it.is_of(subscriber) && !it.is_removed && it.expires_at > tx.now())
        .ok_or_else(|| Error::not_found("subscription", key))
}

/// The subscriptions of a subscriber that aren't over.
pub fn list(tx: &ReadTx<'_>, subscriber: Subscriber) -> Result<Vec<Subscription>> {
    let mut found = of_client(tx, subscriber.app_id)?;
    found.retain(|it| it.is_of(subscriber));
    Ok(found)
}

/// All that a client has, for itself and in people's names.
fn of_client(tx: &ReadTx<'_>, app_id: Uuid) -> Result<Vec<Subscription>> {
    tx.query(
        &format!(
            "SELECT {COLUMNS} FROM subscriptions WHERE tenant_id = ?1 AND app_id = ?2 \
             AND removed_at IS NULL AND expires_at > ?3 ORDER BY id LIMIT ?4"
        ),
        params![&tx.tenant(), &app_id, tx.now(), PER_APPLICATION_MAX],
        of_row,
    )
}

/// Whether a client may be told of a resource, for itself or in somebody's name, as its tenant has it now.
pub(crate) fn may(
    tx: &ReadTx<'_>,
    creator: Id<kind::ServicePrincipal>,
    delegate: Option<Delegate>,
    resource: Resource,
) -> Result<bool> {
    let client = match service_principals::get(tx, creator) {
        Ok(found) if found.account_enabled => found,
        Ok(_) | Err(Error::NotFound { .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    if let Some(delegate) = delegate {
        return may_in_name_of(tx, &client, delegate, resource);
    }
    let roles = app_roles::roles_of(tx, creator)?;
    Ok(resource
        .permissions()
        .iter()
        .any(|permission| roles.iter().any(|role| role == permission)))
}

/// Whether a client may be told in somebody's name: what it was allowed, and what the person may read.
fn may_in_name_of(
    tx: &ReadTx<'_>,
    client: &ServicePrincipal,
    delegate: Delegate,
    resource: Resource,
) -> Result<bool> {
    let Delegate { user, generation } = delegate;
    let Some(rights) = rights::of(tx, user)? else {
        return Ok(false);
    };
    if revocation::generation(tx, user)? != generation {
        return Ok(false);
    }
    let is_self = resource == Resource::User(user.uuid());
    let graph = service_principals::graph(tx)?;
    let scopes: Vec<String> = if let Some(own) = FirstParty::find(client.app_id) {
        own.scopes().iter().map(|it| (*it).to_owned()).collect()
    } else {
        let allowed = oauth2_permission_grants::allowed(tx, client.id, graph.id, user)?;
        allowed.scopes().map(str::to_owned).collect()
    };
    let opens = |scope: &String| {
        let scope = scope.as_str();
        resource.permissions().contains(&scope) || (is_self && scope == "User.Read")
    };
    if !scopes.iter().any(opens) {
        return Ok(false);
    }
    let reach = rights.reach(resource.action());
    let (mut is_inside, mut is_hidden) = (false, resource == Resource::Groups);
    if let Some(id) = resource.group() {
        let Some(group) = types::found(groups::get(tx, Id::new(id)))? else {
            return Ok(false);
        };
        is_inside = groups::is_owner(tx, group.id, user.uuid())?
            || groups::is_member(tx, group.id, user.uuid())?;
        is_hidden = group.property("visibility") == "HiddenMembership";
    }
    // Of groups that show their members to themselves only, others aren't told who comes and goes.
    if is_hidden && !is_inside && !rights.may("groups/hiddenMembers/read") {
        return Ok(false);
    }
    Ok(reach.always || (reach.own && is_self))
}

fn check_may(
    tx: &ReadTx<'_>,
    creator: Id<kind::ServicePrincipal>,
    delegate: Option<Delegate>,
    resource: Resource,
) -> Result<()> {
    if may(tx, creator, delegate, resource)? {
        Ok(())
    } else {
        Err(Error::forbidden(
            "Insufficient privileges to complete the operation.",
        ))
    }
}

/// Looks a new subscription over: whether there is such a resource, whether the client may be told
/// of it, whether it is so already, and how many there are.
pub fn check_new(
    tx: &ReadTx<'_>,
    subscriber: Subscriber,
    creator: Id<kind::ServicePrincipal>,
    new: &NewSubscription,
) -> Result<(Resource, Option<Delegate>)> {
    let app_id = subscriber.app_id;
    let resource = Resource::read(tx, &new.document.resource, subscriber.user)?;
    let delegate = match subscriber.user {
        Some(_) if new.document.include_resource_data => {
            return Err(Error::invalid(
                "includeResourceData",
                "Resource data is sent to applications that subscribe for themselves only.",
            ));
        }
        Some(user) => Some(Delegate {
            user,
            generation: revocation::generation(tx, user)?,
        }),
        None => None,
    };
    check_may(tx, creator, delegate, resource)?;
    let own = of_client(tx, app_id)?;
    let same = own
        .iter()
        .filter(|it| it.is_of(subscriber))
        .find(|it| it.resource == resource && it.change_types == new.change_types);
    if let Some(same) = same {
        return Err(Error::conflict(format!(
            "Subscription Id {} already exists for the requested combination",
            same.id
        )));
    }
    if own.len() >= PER_APPLICATION_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.application_subscriptions",
            message: format!(
                "App '{app_id}' has reached its limit of '{PER_APPLICATION_MAX}' subscriptions on tenant '{}'.",
                tx.tenant()
            ),
        });
    }
    if live(tx)? >= PER_TENANT_MAX as u64 {
        return Err(Error::LimitExceeded {
            limit: "limits.tenant_subscriptions",
            message: format!(
                "Tenant '{}' has reached its limit of '{PER_TENANT_MAX}' subscriptions.",
                tx.tenant()
            ),
        });
    }
    Ok((resource, delegate))
}

/// How many subscriptions a tenant has.
pub(crate) fn live(tx: &ReadTx<'_>) -> Result<u64> {
    tx.count(COUNT_LIVE, params![&tx.tenant()])
}

/// Makes a subscription, whose URLs have proved themselves.
pub fn create(
    tx: &mut Tx<'_>,
    sealer: &Sealer,
    subscriber: Subscriber,
    creator: Id<kind::ServicePrincipal>,
    new: &NewSubscription,
) -> Result<Subscription> {
    let (resource, delegate) = check_new(tx, subscriber, creator, new)?;
    let app_id = subscriber.app_id;
    let is_first = live(tx)? == 0;
    let (tenant, now, id) = (tx.tenant(), tx.now(), tx.new_uuid());
    let client_state = model::seal(sealer, tenant, new.client_state.as_deref())?;
    let doc = serde_json::to_string(&new.document).map_err(Error::internal)?;
    let challenge = first_challenge(&new.document, now, new.expires_at);
    let path = resource.to_string();
    let mut recorded = tx.record(Change::new("subscription", id, Op::Created, &[]))?;
    let since = recorded.seq();
    recorded.execute(
        INSERT,
        params![
            &tenant,
            &id,
            &app_id,
            &creator,
            &path,
            new.change_types.bits(),
            new.expires_at,
            challenge,
            since,
            client_state.as_ref(),
            new.certificate.as_ref(),
            &doc,
            delegate.as_ref().map(|delegate| &delegate.user),
            delegate.map(|delegate| delegate.generation),
        ],
    )?;
    queue::open(tx, id)?;
    if is_first {
        scan::begin(tx, since)?;
    }
    audited(tx, "Create subscription", id, &path)?;
    Ok(Subscription {
        id,
        app_id,
        creator,
        delegate,
        resource,
        expires_at: new.expires_at,
        change_types: new.change_types,
        is_removed: false,
        client_state,
        certificate: new.certificate.clone(),
        document: new.document.clone(),
    })
}

/// Changes a subscription of a client, which counts as its word that it still wants it.
pub fn renew(
    tx: &mut Tx<'_>,
    subscriber: Subscriber,
    key: &str,
    renewal: &Renewal,
) -> Result<Subscription> {
    let mut subscription = get(tx, subscriber, key)?;
    let Subscription {
        creator, delegate, ..
    } = subscription;
    check_may(tx, creator, delegate, subscription.resource)?;
    let mut changed = Vec::new();
    if let Some(expires_at) = renewal.expires_at {
        subscription.expires_at = expires_at;
        changed.push("expirationDateTime");
    }
    if let Some(url) = &renewal.notification_url {
        subscription.document.notification_url.clone_from(url);
        changed.push("notificationUrl");
    }
    if let Some(certificate) = &renewal.certificate {
        subscription.certificate = Some(certificate.clone());
        subscription
            .document
            .encryption_certificate_id
            .clone_from(&renewal.certificate_id);
        changed.push("encryptionCertificate");
    }
    let (tenant, now, id) = (tx.tenant(), tx.now(), subscription.id);
    let doc = serde_json::to_string(&subscription.document).map_err(Error::internal)?;
    let challenge = first_challenge(&subscription.document, now, subscription.expires_at);
    tx.record(Change::new("subscription", id, Op::Updated, &changed))?
        .execute(
            UPDATE,
            params![
                &tenant,
                &id,
                subscription.expires_at,
                challenge,
                subscription.certificate.as_ref(),
                &doc,
            ],
        )?;
    audited(
        tx,
        "Update subscription",
        id,
        &subscription.resource.to_string(),
    )?;
    Ok(subscription)
}

/// Takes a client's word that it still wants to be told.
pub fn reauthorize(tx: &mut Tx<'_>, subscriber: Subscriber, key: &str) -> Result<()> {
    let subscription = get(tx, subscriber, key)?;
    let Subscription {
        creator, delegate, ..
    } = subscription;
    check_may(tx, creator, delegate, subscription.resource)?;
    let challenge = first_challenge(&subscription.document, tx.now(), subscription.expires_at);
    let (tenant, id) = (tx.tenant(), subscription.id);
    tx.record(Change::new("subscription", id, Op::Updated, &[]))?
        .execute(SET_REAUTHORIZE, params![&tenant, &id, challenge])?;
    audited(
        tx,
        "Update subscription",
        id,
        &subscription.resource.to_string(),
    )
}

/// Takes a subscription of a client away.
pub fn remove(tx: &mut Tx<'_>, subscriber: Subscriber, key: &str) -> Result<()> {
    let subscription = get(tx, subscriber, key)?;
    forget(tx, subscription.id)?;
    audited(
        tx,
        "Delete subscription",
        subscription.id,
        &subscription.resource.to_string(),
    )
}

/// Drops a subscription and everything that waits for it.
pub(crate) fn forget(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    queue::close(tx, id)?;
    tx.record(Change::new("subscription", id, Op::Deleted, &[]))?
        .execute(DELETE, params![&tenant, &id])
        .map(drop)
}

/// Drops the rest of a subscription that was taken away before.
pub(crate) fn forget_removed(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    queue::close(tx, id)?;
    tx.bookkeeping()
        .execute(DELETE, params![&tenant, &id])
        .map(drop)
}

/// Takes a subscription away because its client lost what it needs for it; answers the lane in which
/// the client is told so, if it wants to be told.
pub(crate) fn revoke(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<queue::Key>> {
    let Some(subscription) = load(tx, id)?.filter(|it| !it.is_removed) else {
        return Ok(None);
    };
    audited(
        tx,
        "Remove subscription",
        id,
        &subscription.resource.to_string(),
    )?;
    if subscription.document.lifecycle_notification_url.is_none() {
        forget(tx, id)?;
        return Ok(None);
    }
    let (tenant, now) = (tx.tenant(), tx.now());
    queue::clear(tx, id, Lane::Changes)?;
    queue::clear(tx, id, Lane::Lifecycle)?;
    tx.record(Change::new("subscription", id, Op::Deleted, &[]))?
        .execute(MARK_REMOVED, params![&tenant, &id, now])?;
    queue::lifecycle(tx, id, "subscriptionRemoved").map(Some)
}

fn audited(tx: &mut Tx<'_>, activity: &str, id: Uuid, path: &str) -> Result<()> {
    let target = Target::new(id.to_string(), path, "Subscription");
    let entry = Entry::success("ApplicationManagement", activity).target(target);
    audit::record(tx, entry).map(drop)
}

/// When a client is first asked whether it still wants to be told.
fn first_challenge(
    document: &Document,
    now: Timestamp,
    expires_at: Timestamp,
) -> Option<Timestamp> {
    document.lifecycle_notification_url.as_ref()?;
    let remaining = expires_at.seconds() - now.seconds();
    Some(expires_at.plus_seconds(-(remaining / 4).min(CHALLENGE_SECONDS_MAX)))
}

/// When it is asked again, if it hasn't answered.
pub(crate) fn next_challenge(now: Timestamp, expires_at: Timestamp) -> Option<Timestamp> {
    let halfway = (expires_at.seconds() - now.seconds()) / 2;
    let next = now.plus_seconds(halfway.max(CHALLENGE_AGAIN_SECONDS));
    (next < expires_at).then_some(next)
}

pub(crate) fn set_challenge(tx: &mut Tx<'_>, id: Uuid, at: Option<Timestamp>) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(SET_REAUTHORIZE, params![&tenant, &id, at])
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_come_closer_together_towards_the_end() {
        let end = Timestamp::from_seconds(29 * 24 * 3_600);
        let mut at = Some(end.plus_seconds(-CHALLENGE_SECONDS_MAX));
        let mut before_end = Vec::new();
        while let Some(now) = at {
            before_end.push((end.seconds() - now.seconds()) / 60);
            at = next_challenge(now, end);
        }
        assert_eq!(before_end, [1440, 720, 360, 180, 90, 45, 22, 7]);
    }
}
