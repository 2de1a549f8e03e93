//! What tokens say of a person and of a client, read in one snapshot, and their signing.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use directory::roles::built_in;
use directory::users::User;
use directory::{invitations, rights, tenant};
use identity::Secret;
use identity::keys::SigningKey;
use identity::oauth::code::SignedIn;
use identity::oauth::{AuthorizationRequest, ClaimsRequest, OAuthError};
use identity::token::{ClientStrength, IdToken, Issuer, LIFETIME_SECONDS, UserToken};
use serde_json::{Value, json};
use store::ReadTx;
use types::{Error, Id, Result, TenantId, Timestamp, kind};
use uuid::Uuid;

use super::client::{self, Client};
use super::consent::{Standing, Wanted};
use super::groups::{self, Way};
use super::optional::{self, About};
use super::{next, proof};
use crate::Node;
use crate::published::Needs;

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

impl ToSign {
    /// The access token and the ID token.
    pub(super) fn sign(
        self,
        issuer: &Issuer,
        key: &SigningKey,
        now: Timestamp,
    ) -> Result<(Secret, Option<Secret>)> {
        let access = issuer.issue_user(&self.access, key, now, identity::random()?)?;
        let id = match self.id {
            Some(mut id) => {
                id.access_token = Some(access.clone());
                Some(issuer.issue_id(&id, key, now)?)
            }
            None => None,
        };
        Ok((access, id))
    }
}

/// `client_info`: where the account is at home, and its id there.
pub(super) fn client_info(tenant: TenantId, user: Id<kind::User>) -> String {
    let text = json!({ "uid": user, "utid": tenant }).to_string();
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

/// The name that a person signs in by: that of home, for who is from elsewhere.
fn sign_in_name(user: &User, by: &SignedIn) -> String {
    let name = by.home_name.clone();
    name.unwrap_or_else(|| next::known_name(user))
}

/// Whose tokens, and for whom.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) client: &'a Client,
    pub(super) user: &'a User,
    pub(super) by: &'a SignedIn,
    pub(super) claims: &'a ClaimsRequest,
    /// How the token gets to the client.
    pub(super) way: Way<'a>,
}

/// What an access token says.
pub(super) fn access_token(
    tx: &ReadTx<'_>,
    of: &Of<'_>,
    strength: ClientStrength,
    wanted: &Wanted,
    standing: &Standing,
) -> Result<UserToken> {
    let Of {
        client,
        user,
        by,
        claims,
        way,
    } = *of;
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
    let home = invitations::home_of(tx, user)?;
    let sign_in_name = sign_in_name(user, by);
    let about = About {
        user,
        home: home.map(|(home, _)| home),
        sign_in_name: &sign_in_name,
        organization: &organization,
        has_profile: standing.openid.iter().any(|scope| scope == "profile"),
    };
    let api = client.published.application(tx, &wanted.resource)?;
    let asked = api.as_ref().map(|api| api.optional_claims("accessToken"));
    let asked = asked.unwrap_or_default();
    let mut optional = optional::claims(&about, &asked);
    let groups = match &api {
        Some(api) => groups::claims(tx, user, (api, &wanted.resource), &asked, way)?,
        None => groups::Said::default(),
    };
    let roles = groups.roles(tx, user, &wanted.resource)?;
    optional.extend(groups.claims);
    // An API says itself whether it wants to know what clients can handle; Graph does.
    if is_graph || asked.iter().any(|claim| claim.name == "xms_cc") {
        optional::say(&mut optional, "xms_cc", &claims.capabilities);
    }
    optional::contexts(&mut optional, claims, by);
    Ok(UserToken {
        tenant: tx.tenant(),
        tenant_created_at: Some(organization.created_at),
        audience: wanted.audience.clone(),
        app_id: client.app_id(),
        app_display_name: client.principal.display_name().to_owned(),
        client_strength: strength,
        user: user.id,
        user_principal_name: sign_in_name.clone(),
        name: user.display_name().to_owned(),
        is_guest: user.user_type() == "Guest",
        home,
        scopes,
        roles,
        wids: only_built_in(rights::roles_of(tx, user.id)?)?,
        amr: by.methods.0.clone(),
        auth_time: by.at(),
        session: by.session,
        generation: by.generation,
        optional,
        lifetime_seconds: LIFETIME_SECONDS,
    })
}

/// Those of the roles that are the same in every tenant, which is what `wids` names.
fn only_built_in(roles: Vec<Uuid>) -> Result<Vec<Uuid>> {
    let mut known = Vec::with_capacity(roles.len());
    for role in roles {
        known.extend(built_in::by_id(role)?.map(|role| role.id));
    }
    Ok(known)
}

/// What an ID token says.
pub(super) fn id_token(
    tx: &ReadTx<'_>,
    of: &Of<'_>,
    openid: &[String],
    nonce: Option<&str>,
) -> Result<IdToken> {
    let Of {
        client,
        user,
        by,
        claims,
        way,
    } = *of;
    let mail = user.property("mail");
    let home = invitations::home_of(tx, user)?;
    let sign_in_name = sign_in_name(user, by);
    let about = About {
        user,
        home: home.map(|(home, _)| home),
        sign_in_name: &sign_in_name,
        organization: &*tenant::get(tx)?,
        has_profile: openid.iter().any(|scope| scope == "profile"),
    };
    let asked = client.application.optional_claims("idToken");
    let mut optional = optional::claims(&about, &asked);
    let of_client = (&*client.application, &*client.principal);
    let groups = groups::claims(tx, user, of_client, &asked, way)?;
    let roles = groups.roles(tx, user, &client.principal)?;
    optional.extend(groups.claims);
    if groups.wids {
        let wids = only_built_in(rights::roles_of(tx, user.id)?)?;
        let wids: Vec<String> = wids.iter().map(Uuid::to_string).collect();
        optional::say(&mut optional, "wids", &wids);
    }
    let mut scopes = openid.to_vec();
    // The same claim as the scope's.
    if optional.contains_key("email") {
        scopes.push("email".to_owned());
    }
    let login_hint = optional.get("login_hint").and_then(Value::as_str);
    let login_hint = login_hint.map(str::to_owned);
    optional::contexts(&mut optional, claims, by);
    Ok(IdToken {
        tenant: tx.tenant(),
        app_id: client.app_id(),
        user: user.id,
        scopes,
        user_principal_name: sign_in_name.clone(),
        name: user.display_name().to_owned(),
        email: mail.as_str().map(str::to_owned),
        is_guest: user.user_type() == "Guest",
        home,
        roles,
        amr: by.methods.0.clone(),
        auth_time: by.at(),
        session: by.session,
        nonce: nonce.map(str::to_owned),
        access_token: None,
        code: None,
        login_hint,
        optional,
        lifetime_seconds: LIFETIME_SECONDS,
    })
}

impl Node {
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
        let claims = request.claims.clone();
        let needs = Needs::of(client_id, Some(&request.scope.resource));
        let published = self.publications().look_for(tenant, None, needs);
        let published = published.await?;
        let island = self.store().island(tenant)?;
        let described = island
            .read(move |tx| {
                let client = client::find(tx, &published, client_id)?;
                let user = proof::standing_user(tx, &by)?;
                Ok(match (client, user) {
                    (Ok(client), Ok(user)) => {
                        let of = Of {
                            client: &client,
                            user: &user,
                            by: &by,
                            claims: &claims,
                            way: Way::Address,
                        };
                        Ok(id_token(tx, &of, &openid, nonce.as_deref())?)
                    }
                    (Err(refusal), _) | (_, Err(refusal)) => Err(refusal),
                })
            })
            .await?;
        let mut described =
            described.map_err(|refusal: OAuthError| Error::forbidden(refusal.sentence()))?;
        described.code = code.cloned();
        let signing = self.0.signer.sign(tenant, move |issuer, key, now| {
            issuer.issue_id(&described, key, now)
        });
        signing.await
    }
}
