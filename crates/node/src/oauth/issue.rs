//! What tokens say of a person and of a client, read in one snapshot, and their signing.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use directory::users::User;
use directory::{app_roles, invitations, rights, tenant};
use identity::Secret;
use identity::oauth::code::SignedIn;
use identity::oauth::{AuthorizationRequest, OAuthError};
use identity::token::{ClientStrength, IdToken, LIFETIME_SECONDS, UserToken};
use serde_json::{Map, json};
use store::ReadTx;
use types::{Error, Id, Result, TenantId, kind};

use super::client::{self, Client};
use super::consent::{Standing, Wanted};
use super::proof;
use crate::Node;

/// Tokens in a person's name.
#[derive(Debug)]
pub struct UserTokens {
    /// For the API.
    pub access_token: Secret,
    /// For the client.
    pub id_token: Option<Secret>,
    /// For more of them.
    pub refresh_token: Option<Secret>,
    /// What the access token is good for.
    pub scope: String,
    /// Who, in the form that Microsoft's libraries keep accounts by.
    pub client_info: Option<String>,
}

/// What is to be signed.
pub(super) struct ToSign {
    pub(super) access: UserToken,
    pub(super) id: Option<IdToken>,
}

/// `client_info`: where the account is at home, and its id there.
pub(super) fn client_info(tenant: TenantId, user: Id<kind::User>) -> String {
    let text = json!({ "uid": user, "utid": tenant }).to_string();
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

/// What an access token says.
pub(super) fn access_token(
    tx: &ReadTx<'_>,
    client: &Client,
    strength: ClientStrength,
    wanted: &Wanted,
    standing: &Standing,
    user: &User,
    by: &SignedIn,
) -> Result<UserToken> {
    let organization = tenant::get(tx)?;
    let is_graph = wanted.audience == identity::token::GRAPH_AUDIENCE;
    let mut scopes = standing.scopes.clone();
    if is_graph {
        // Where UserInfo looks for what it may tell.
        scopes.extend(
            standing
                .openid
                .iter()
                .filter(|it| *it != "offline_access")
                .cloned(),
        );
    }
    Ok(UserToken {
        tenant: tx.tenant(),
        tenant_created_at: Some(organization.created_at),
        audience: wanted.audience.clone(),
        app_id: client.app_id(),
        app_display_name: client.principal.display_name().to_owned(),
        client_strength: strength,
        user: user.id,
        user_principal_name: user.user_principal_name().to_owned(),
        name: user.display_name().to_owned(),
        is_guest: user.user_type() == "Guest",
        home: invitations::home_of(tx, user)?,
        scopes,
        roles: app_roles::user_roles_on(tx, user.id, &wanted.resource)?.unwrap_or_default(),
        wids: rights::roles_of(tx, user.id)?,
        amr: by.methods.0.clone(),
        auth_time: by.at(),
        session: by.session,
        generation: by.generation,
        lifetime_seconds: LIFETIME_SECONDS,
    })
}

/// What an ID token says.
pub(super) fn id_token(
    tx: &ReadTx<'_>,
    client: &Client,
    user: &User,
    by: &SignedIn,
    openid: &[String],
    nonce: Option<&str>,
) -> Result<IdToken> {
    let mail = user.property("mail");
    Ok(IdToken {
        tenant: tx.tenant(),
        app_id: client.app_id(),
        user: user.id,
        scopes: openid.to_vec(),
        user_principal_name: user.user_principal_name().to_owned(),
        name: user.display_name().to_owned(),
        email: mail.as_str().map(str::to_owned),
        is_guest: user.user_type() == "Guest",
        home: invitations::home_of(tx, user)?,
        roles: app_roles::user_roles_on(tx, user.id, &client.principal)?.unwrap_or_default(),
        amr: by.methods.0.clone(),
        auth_time: by.at(),
        session: by.session,
        nonce: nonce.map(str::to_owned),
        access_token: None,
        code: None,
        login_hint: None,
        optional: Map::new(),
        lifetime_seconds: LIFETIME_SECONDS,
    })
}

impl Node {
    /// Signs tokens with the tenant's key.
    pub(super) async fn sign_user(&self, to_sign: ToSign) -> Result<(Secret, Option<Secret>)> {
        let now = self.store().clock().now();
        let tenant = to_sign.access.tenant;
        let keys = self.0.ring.get(tenant, now).await?;
        let keys = keys.ok_or_else(|| Error::not_found("tenant", tenant))?;
        let (issuer, key) = (self.0.issuer.clone(), std::sync::Arc::clone(keys.signing()));
        let random = identity::random()?;
        tokio::task::spawn_blocking(move || {
            let access = issuer.issue_user(&to_sign.access, &key, now, random)?;
            let id = match to_sign.id {
                Some(mut id) => {
                    id.access_token = Some(access.clone());
                    Some(issuer.issue_id(&id, &key, now)?)
                }
                None => None,
            };
            Ok((access, id))
        })
        .await
        .map_err(Error::internal)?
    }

    /// An ID token that goes through the browser, maybe beside a code.
    pub(super) async fn front_channel_id_token(
        &self,
        tenant: TenantId,
        request: &AuthorizationRequest,
        by: &SignedIn,
        code: Option<&Secret>,
    ) -> Result<Secret> {
        let (client_id, by) = (request.to.client_id, by.clone());
        let (nonce, openid) = (request.nonce.clone(), request.scope.openid.clone());
        let island = self.store().island(tenant)?;
        let described = island
            .read(move |tx| {
                let client = client::find(tx, client_id)?;
                let user = proof::standing_user(tx, &by)?;
                Ok(match (client, user) {
                    (Ok(client), Ok(user)) => Ok(id_token(
                        tx,
                        &client,
                        &user,
                        &by,
                        &openid,
                        nonce.as_deref(),
                    )?),
                    (Err(refusal), _) | (_, Err(refusal)) => Err(refusal),
                })
            })
            .await?;
        let mut described =
            described.map_err(|refusal: OAuthError| Error::forbidden(refusal.sentence()))?;
        described.code = code.cloned();
        let now = self.store().clock().now();
        let keys = self.0.ring.get(tenant, now).await?;
        let keys = keys.ok_or_else(|| Error::not_found("tenant", tenant))?;
        let (issuer, key) = (self.0.issuer.clone(), std::sync::Arc::clone(keys.signing()));
        tokio::task::spawn_blocking(move || issuer.issue_id(&described, &key, now))
            .await
            .map_err(Error::internal)?
    }
}
