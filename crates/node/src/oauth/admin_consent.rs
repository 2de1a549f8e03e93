//! The consent of an administrator for everybody, by an address of its own: what a client asks for or, with
//! `.default` or nothing, all that it says it needs, its own permissions included.
//!
//! The client hears of it at its redirect URI: `admin_consent=True`, the tenant and what was allowed.
//!
//! Source: Microsoft identity platform, "Admin consent on the Microsoft identity platform".

use std::sync::Arc;

use directory::delegation::{self, Scope};
use directory::service_principals::{self, ServicePrincipal};
use directory::{
    app_roles, oauth2_permission_grants as grants, permissions, rights, roles, tenant,
};
use identity::oauth::{Form, OAuthError, ResponseMode, ReturnAddress, ScopeRequest, Trail};
use identity::session::{self, Flow};
use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx};
use types::{Actor, Error, Id, Result, TenantId, kind};
use uuid::{Uuid, uuid};

use super::client::{self, Client};
use super::next::{self, Account, Need};
use super::sign_in::{Begun, Errand, Pending};
use super::{Browser, ConsentView, Outcome, Screen, Step, consent};
use crate::Node;
use crate::published::Published;

/// Who may give applications roles on Graph, besides Global Administrators.
const PRIVILEGED_ROLE_ADMINISTRATOR: Uuid = uuid!("e8611ab8-c189-46e8-94e1-60213ab1f814");
/// The longest `state`.
const STATE_MAX: usize = 4_096;

/// A client's request for an administrator's consent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AdminConsent {
    pub(super) to: ReturnAddress,
    /// Nothing: all that it says it needs.
    pub(super) scope: Option<ScopeRequest>,
}

/// What it comes to on one API.
struct Asked {
    resource: Arc<ServicePrincipal>,
    scopes: Vec<Scope>,
    roles: Vec<Scope>,
}

fn begin(
    tx: &ReadTx<'_>,
    published: &Published,
    form: &Form,
    public_url: &identity::PublicUrl,
    cookie: Option<&identity::Secret>,
) -> Result<Begun> {
    let (addressed, client, platform) = match client::addressed(tx, published, form)? {
        Ok(found) => found,
        Err(error) => return Ok(Begun::Stopped(error)),
    };
    let to = ReturnAddress {
        client_id: addressed.client_id,
        redirect_uri: addressed.redirect_uri,
        platform,
        mode: ResponseMode::Query,
        state: form.get("state").map(str::to_owned),
    };
    if to.state.as_ref().is_some_and(|it| it.len() > STATE_MAX) {
        let error = OAuthError::Malformed("the state is too long");
        return Ok(Begun::Stopped(error));
    }
    let scope = match form.get("scope").filter(|text| !text.trim().is_empty()) {
        None => None,
        Some(text) => match ScopeRequest::parse(text, public_url) {
            Ok(scope) => Some(scope),
            Err(error) => return Ok(Begun::Refused(to, error)),
        },
    };
    let errand = AdminConsent { to, scope };
    if let Err(error) = errand.resolve(tx, &client)? {
        return Ok(Begun::Refused(errand.to, error));
    }
    let flow = Flow::new(Errand::AdminConsent(Box::new(errand)), tx.now());
    let need = next::advance(tx, published, &flow, next::accounts(tx, cookie)?)?;
    Ok(Begun::Pending(Box::new(flow), need))
}

impl AdminConsent {
    /// What is asked for, found in the directory.
    fn resolve(&self, tx: &ReadTx<'_>, client: &Client) -> Result<Result<Vec<Asked>, OAuthError>> {
        let dynamic = self.scope.as_ref().filter(|scope| !scope.is_default);
        if let Some(scope) = dynamic {
            let wanted = match consent::resolve(tx, client, scope)? {
                Ok(wanted) => wanted,
                Err(error) => return Ok(Err(error)),
            };
            let mut asked = vec![Asked {
                resource: service_principals::graph(tx)?,
                scopes: wanted.openid,
                roles: Vec::new(),
            }];
            asked.push(Asked {
                resource: wanted.resource,
                scopes: wanted.scopes,
                roles: Vec::new(),
            });
            return Ok(Ok(asked));
        }
        let mut asked = Vec::new();
        for access in client.application.required_access() {
            let found = if client.is_prospective() && access.resource == client.app_id() {
                Some(client.principal.clone())
            } else {
                service_principals::find_by_app_id(tx, access.resource)?
            };
            let Some(resource) = found.filter(|found| found.account_enabled) else {
                return Ok(Err(OAuthError::UnknownResource {
                    resource: access.resource.to_string(),
                    tenant: tenant::get(tx)?.display_name().to_owned(),
                }));
            };
            let scopes = delegation::scopes(&resource)?;
            let scopes = scopes.iter().filter(|it| access.scopes.contains(&it.id));
            let scopes = scopes.cloned().collect();
            let roles = access.roles.iter();
            let roles = roles.filter_map(|id| delegation::application_role(&resource, *id));
            asked.push(Asked {
                roles: roles.collect(),
                resource,
                scopes,
            });
        }
        Ok(Ok(asked))
    }

    /// What comes next for somebody who is signed in.
    pub(super) fn next(
        &self,
        tx: &ReadTx<'_>,
        published: &Published,
        account: &Account,
    ) -> Result<Need> {
        let user = account.user().id;
        let client = match client::find(tx, published, self.to.client_id)? {
            Ok(client) => client,
            Err(refusal) => return Ok(Need::Refuse(refusal, Some(user))),
        };
        let asked = match self.resolve(tx, &client)? {
            Ok(asked) => asked,
            Err(refusal) => return Ok(Need::Refuse(refusal, Some(user))),
        };
        let all = asked
            .iter()
            .flat_map(|it| it.scopes.iter().chain(&it.roles));
        let view = ConsentView {
            account: account.view(),
            client: client.view(Some(&self.to.redirect_uri)),
            scopes: consent::views(all),
            can_allow_all: false,
        };
        Ok(Need::Show(Box::new(if may_allow(tx, user, &asked)? {
            Screen::AdminConsent(view)
        } else {
            Screen::Approval(view)
        })))
    }

    /// Allows it for everybody; `false` if the person may not any more.
    fn allow(&self, tx: &mut Tx<'_>, published: &Published, user: Id<kind::User>) -> Result<bool> {
        let Ok(mut client) = client::find(tx, published, self.to.client_id)? else {
            return Ok(false);
        };
        let Ok(asked) = self.resolve(tx, &client)? else {
            return Ok(false);
        };
        if !may_allow(tx, user, &asked)? {
            return Ok(false);
        }
        client.install(tx)?;
        let Ok(asked) = self.resolve(tx, &client)? else {
            return Ok(false);
        };
        let principal = client.principal.id;
        for it in &asked {
            let scopes: Vec<String> = it.scopes.iter().map(|it| it.value.clone()).collect();
            if !scopes.is_empty() {
                grants::allow(tx, principal, it.resource.id, None, &scopes)?;
            }
            for role in &it.roles {
                let given = tx.attempt(|tx| {
                    app_roles::assign_app_role(tx, principal.uuid(), it.resource.id, role.id)
                });
                match given {
                    // It has it already.
                    Ok(_) | Err(Error::Conflict { .. } | Error::Invalid { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(true)
    }
}

/// Whether somebody may allow this: roles on Graph only those who may give anybody any role.
fn may_allow(tx: &ReadTx<'_>, user: Id<kind::User>, asked: &[Asked]) -> Result<bool> {
    let on_graph = |it: &Asked| it.resource.app_id == permissions::GRAPH_APP_ID;
    if asked.iter().any(|it| on_graph(it) && !it.roles.is_empty()) {
        let held = rights::roles_of(tx, user)?;
        return Ok(held.contains(&roles::GLOBAL_ADMINISTRATOR)
            || held.contains(&PRIVILEGED_ROLE_ADMINISTRATOR));
    }
    consent::is_consenting_admin(tx, user)
}

impl Node {
    /// A client's request for an administrator's consent.
    pub async fn admin_consent(
        &self,
        tenant: TenantId,
        form: Form,
        browser: Browser,
        trail: Trail,
    ) -> Result<Outcome> {
        let island = self.store().island(tenant)?;
        let (public_url, cookie) = (self.public_url().clone(), browser.cookie.clone());
        let published = self.published_named(tenant, &form).await?;
        let begun = island
            .read(move |tx| begin(tx, &published, &form, &public_url, cookie.as_ref()))
            .await?;
        self.begun(tenant, begun, browser, trail).await
    }

    /// The administrator's decision.
    pub(super) async fn decide_for_all(
        &self,
        tenant: TenantId,
        flow: &Pending,
        errand: AdminConsent,
        accept: bool,
        (browser, trail): (&Browser, &Trail),
    ) -> Result<Option<Outcome>> {
        if !accept {
            return Ok(Some(self.refuse(
                tenant,
                flow,
                OAuthError::ConsentDeclined,
                trail,
            )));
        }
        let (asked, cookie) = (flow.clone(), browser.cookie.clone());
        let published = self.published_of(tenant, flow).await?;
        let known = published.clone();
        let island = self.store().island(tenant)?;
        let user = island
            .read(move |tx| {
                let accounts = next::accounts(tx, cookie.as_ref())?;
                let Need::Show(screen) = next::advance(tx, &known, &asked, accounts)? else {
                    return Ok(None);
                };
                let Screen::AdminConsent(view) = *screen else {
                    return Ok(None);
                };
                let session = session::get(tx, view.account.session)?;
                Ok(session.map(|session| session.user))
            })
            .await?;
        let Some(user) = user else {
            return Ok(None);
        };
        let actor = Actor::User {
            id: user.uuid(),
            app_id: errand.to.client_id,
        };
        let asked = errand.clone();
        let is_allowed = island
            .write(actor, move |tx| asked.allow(tx, &published, user))
            .await?;
        if !is_allowed {
            return Ok(None);
        }
        let mut parameters = vec![
            ("admin_consent", "True".to_owned()),
            ("tenant", tenant.to_string()),
        ];
        if let Some(scope) = &errand.scope {
            let words = scope.openid.iter().chain(&scope.scopes);
            let mut words: Vec<String> = words.cloned().collect();
            if scope.is_default {
                words.push(".default".to_owned());
            }
            parameters.push(("scope", words.join(" ")));
        }
        let answer = errand.to.answer(self.public_url(), tenant, parameters);
        Ok(Some(Step::Answer(answer).into()))
    }
}
