//! Confidential clients that the operator makes: application, service principal, secret and
//! admin-consented permissions in one step.

use directory::applications;
use directory::key_credentials::Owner;
use directory::password_credentials::{self, NewPassword};
use directory::{app_roles, permissions, service_principals};
use identity::Secret;
use identity::oauth::{NewClientSecret, new_client_secret};
use serde_json::{Map, Value, json};
use store::Tx;
use types::{Actor, Error, Result, TenantId};
use uuid::Uuid;

use crate::Node;

/// Characters of a secret that are kept readable, so that people can tell secrets apart.
const HINT_LENGTH: usize = 3;

/// A client as it is shown once.
pub(crate) struct MadeApplication {
    pub(crate) client_id: Uuid,
    pub(crate) client_secret: Secret,
}

pub(crate) fn new_secret() -> Result<NewClientSecret> {
    Ok(new_client_secret(identity::random()?))
}

/// Makes a client with these permissions on the Graph API.
pub(crate) fn make(
    tx: &mut Tx<'_>,
    name: &str,
    redirect_uris: &[String],
    permissions: &[&str],
    secret: NewClientSecret,
) -> Result<MadeApplication> {
    let mut properties = Map::new();
    properties.insert("displayName".into(), json!(name));
    if !redirect_uris.is_empty() {
        properties.insert("web".into(), json!({ "redirectUris": redirect_uris }));
    }
    let application = applications::create(tx, &properties)?;
    let hint: String = secret.secret.expose().chars().take(HINT_LENGTH).collect();
    password_credentials::add(
        tx,
        Owner::Application(application.id),
        &NewPassword {
            display_name: Some("Made by the operator"),
            start: None,
            end: None,
            secret_hash: &secret.hash,
            hint: &hint,
        },
    )?;
    let mut body = Map::new();
    body.insert("appId".into(), json!(application.app_id));
    let principal = service_principals::create(tx, &body)?;
    let graph = service_principals::graph(tx)?.id;
    for name in permissions {
        let permission = permissions::by_value(name).ok_or_else(|| {
            Error::invalid(
                "permission",
                format!(
                    "'{name}' isn't an application permission; docs/permissions.md lists them."
                ),
            )
        })?;
        app_roles::assign_app_role(tx, principal.id.uuid(), graph, permission.id())?;
    }
    Ok(MadeApplication {
        client_id: application.app_id,
        client_secret: secret.secret,
    })
}

impl Node {
    pub(crate) async fn create_app(
        &self,
        tenant: TenantId,
        name: String,
        redirect_uris: Vec<String>,
        permissions: Vec<String>,
    ) -> Result<Value> {
        let secret = new_secret()?;
        let island = self.store().island(tenant)?;
        let made = island
            .write(Actor::Operator, move |tx| {
                let permissions: Vec<&str> = permissions.iter().map(String::as_str).collect();
                make(tx, &name, &redirect_uris, &permissions, secret)
            })
            .await?;
        Ok(json!({"clientId": made.client_id, "clientSecret": made.client_secret.expose()}))
    }
}
