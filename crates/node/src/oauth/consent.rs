//! What a client asks for, and whether it was allowed.
//!
//! It was where an administrator has allowed it for everybody, where the person has, or where the
//! API itself says that this client needs nobody's consent. A person can allow what isn't reserved
//! to administrators, where the tenant lets people; an administrator can allow it all, for everybody
//! too.
//!
//! Source: Microsoft identity platform, "Permissions and consent overview".

use std::collections::BTreeSet;
use std::sync::Arc;

use directory::delegation::{self, Scope};
use directory::service_principals::{self, ServicePrincipal};
use directory::{
    authorization_policy, oauth2_permission_grants as grants, permissions, rights, roles, tenant,
};
use identity::oauth::{OAuthError, Resource, ScopeRequest};
use identity::token::GRAPH_AUDIENCE;
use store::{ReadTx, Tx};
use types::{Id, Result, kind};
use uuid::{Uuid, uuid};

use super::ScopeView;
use super::client::Client;

/// The roles whose holders can allow clients what they ask for in people's names.
const CONSENTING_ROLES: [Uuid; 4] = [
    roles::GLOBAL_ADMINISTRATOR,
    // Privileged Role Administrator, Application Administrator, Cloud Application Administrator.
    uuid!("e8611ab8-c189-46e8-94e1-60213ab1f814"),
    uuid!("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"),
    uuid!("158c047a-c907-4556-b7ef-446551a6b5f7"),
];

/// What a client asks for, found in the directory.
pub(super) struct Wanted {
    pub(super) resource: Arc<ServicePrincipal>,
    /// The audience of its tokens.
    pub(super) audience: String,
    /// The API's scopes.
    pub(super) scopes: Vec<Scope>,
    /// OpenID Connect's.
    pub(super) openid: Vec<Scope>,
    graph: Id<kind::ServicePrincipal>,
    /// Whether all that was allowed before is meant.
    is_default: bool,
}

/// What of it is allowed.
pub(super) struct Standing {
    /// Names of the API's scopes that a token may carry.
    pub(super) scopes: Vec<String>,
    /// Names of OpenID Connect's.
    pub(super) openid: Vec<String>,
    /// What isn't allowed yet.
    pub(super) missing: Vec<Scope>,
}

/// Finds what a client asks for.
pub(super) fn resolve(
    tx: &ReadTx<'_>,
    client: &Client,
    request: &ScopeRequest,
) -> Result<Result<Wanted, OAuthError>> {
    let graph = service_principals::graph(tx)?;
    let of_graph = delegation::scopes(&graph)?;
    let openid = of_graph
        .iter()
        .filter(|scope| request.has(&scope.value))
        .cloned()
        .collect();
    let graph_id = graph.id;
    let (resource, audience) = match &request.resource {
        Resource::Graph => (graph, GRAPH_AUDIENCE.to_owned()),
        Resource::Application(name) => {
            let found = match service_principals::find_by_name(tx, name)? {
                // What is its own API, too, and isn't here yet.
                None if client.is_prospective() && client.principal.is_called(name) => {
                    Some(Arc::clone(&client.principal))
                }
                found => found,
            };
            let usable =
                |it: &Arc<ServicePrincipal>| it.account_enabled && client.published.offers(tx, it);
            match found.filter(usable) {
                // Graph by a name that isn't one of those that are looked for before.
                Some(found) if found.app_id == permissions::GRAPH_APP_ID => {
                    (found, GRAPH_AUDIENCE.to_owned())
                }
                // Of version 2.0: the client id, whatever the API was called by.
                Some(found) => {
                    let audience = found.app_id.to_string();
                    (found, audience)
                }
                None => {
                    return Ok(Err(OAuthError::UnknownResource {
                        resource: name.clone(),
                        tenant: tenant::get(tx)?.display_name().to_owned(),
                    }));
                }
            }
        }
    };
    let known = delegation::scopes(&resource)?;
    let mut scopes = Vec::new();
    if request.is_default {
        let required: BTreeSet<Uuid> = client
            .application
            .required_scopes(resource.app_id)
            .into_iter()
            .collect();
        let known = known.iter().filter(|it| required.contains(&it.id));
        scopes.extend(known.cloned());
    } else {
        for name in &request.scopes {
            match known.iter().find(|it| it.value.eq_ignore_ascii_case(name)) {
                Some(scope) => scopes.push(scope.clone()),
                None => {
                    return Ok(Err(OAuthError::UnknownScope {
                        scope: name.clone(),
                        client: client.principal.display_name().to_owned(),
                        resource: resource.display_name().to_owned(),
                    }));
                }
            }
        }
    }
    Ok(Ok(Wanted {
        resource,
        audience,
        scopes,
        openid,
        graph: graph_id,
        is_default: request.is_default,
    }))
}

/// What of it a client is allowed in somebody's name.
pub(super) fn standing(
    tx: &ReadTx<'_>,
    client: &Client,
    wanted: &Wanted,
    user: Id<kind::User>,
) -> Result<Standing> {
    let allowed = |resource| grants::allowed(tx, client.principal.id, resource, user);
    let allowed_there = allowed(wanted.resource.id)?;
    let on_resource: BTreeSet<&str> = allowed_there.scopes().collect();
    let allowed_on_graph = (wanted.resource.id != wanted.graph)
        .then(|| allowed(wanted.graph))
        .transpose()?;
    let on_graph: BTreeSet<&str> = match &allowed_on_graph {
        Some(allowed) => allowed.scopes().collect(),
        None => on_resource.clone(),
    };
    let pre_authorized: Vec<Uuid> = if client.is_first_party() {
        client.application.required_scopes(wanted.resource.app_id)
    } else if wanted.resource.app_id == permissions::GRAPH_APP_ID {
        Vec::new()
    } else {
        let api = client.published.application(tx, &wanted.resource)?;
        api.map(|api| api.pre_authorized(client.app_id()))
            .unwrap_or_default()
    };
    let is_allowed =
        |it: &Scope| on_resource.contains(it.value.as_str()) || pre_authorized.contains(&it.id);
    let mut missing: Vec<Scope> = wanted
        .scopes
        .iter()
        .filter(|it| !is_allowed(it))
        .cloned()
        .collect();
    // Whoever needs nobody's consent for an API needs none to know whom the call is for; nor does whom
    // an administrator has allowed it, with which Entra allows that, too.
    let for_all = &allowed_there.for_all;
    let needs_nobody = |it: &Scope| pre_authorized.contains(&it.id) || for_all.contains(&it.value);
    let is_trusted =
        !(wanted.scopes.is_empty() && for_all.is_empty()) && wanted.scopes.iter().all(needs_nobody);
    if !is_trusted {
        let openid = wanted.openid.iter();
        missing.extend(
            openid
                .filter(|it| !on_graph.contains(it.value.as_str()))
                .cloned(),
        );
    }
    let mut scopes: Vec<String> = names(&wanted.scopes);
    if wanted.is_default {
        let known = delegation::scopes(&wanted.resource)?;
        scopes.extend(
            known
                .iter()
                .filter(|it| is_allowed(it))
                .map(|it| it.value.clone()),
        );
        scopes.sort();
        scopes.dedup();
        scopes.retain(|name| !identity::oauth::OPENID_SCOPES.contains(&name.as_str()));
    }
    Ok(Standing {
        scopes,
        openid: names(&wanted.openid),
        missing,
    })
}

fn names(scopes: &[Scope]) -> Vec<String> {
    scopes.iter().map(|scope| scope.value.clone()).collect()
}

/// Whether somebody can allow clients what is reserved to administrators.
pub(super) fn is_consenting_admin(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<bool> {
    let held = rights::roles_of(tx, user)?;
    Ok(CONSENTING_ROLES.iter().any(|role| held.contains(role)))
}

/// Whether people can allow clients what isn't reserved to administrators.
pub(super) fn may_people_consent(tx: &ReadTx<'_>) -> Result<bool> {
    Ok(authorization_policy::get(tx)?.may_consent)
}

/// Writes down that a client is allowed what it asks for, in the name of one person or of everybody; it
/// is installed with that, if it isn't yet.
pub(super) fn allow(
    tx: &mut Tx<'_>,
    mut client: Client,
    request: &ScopeRequest,
    principal: Option<Id<kind::User>>,
) -> Result<()> {
    if resolve(tx, &client, request)?.is_err() {
        return Ok(());
    }
    client.install(tx)?;
    let Ok(wanted) = resolve(tx, &client, request)? else {
        return Ok(());
    };
    let openid = names(&wanted.openid);
    let mut on_resource = names(&wanted.scopes);
    if wanted.resource.id == wanted.graph {
        on_resource.extend(openid);
    } else if !openid.is_empty() {
        grants::allow(tx, client.principal.id, wanted.graph, principal, &openid)?;
    }
    if on_resource.is_empty() {
        return Ok(());
    }
    grants::allow(
        tx,
        client.principal.id,
        wanted.resource.id,
        principal,
        &on_resource,
    )
}

/// As people see them.
pub(super) fn views<'a>(scopes: impl IntoIterator<Item = &'a Scope>) -> Vec<ScopeView> {
    scopes
        .into_iter()
        .map(|scope| ScopeView {
            value: scope.value.clone(),
            title: scope.title.clone(),
            description: scope.description.clone(),
            needs_admin: scope.needs_admin,
        })
        .collect()
}
