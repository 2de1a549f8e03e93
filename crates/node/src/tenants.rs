//! Making tenants.

use credentials::passkey::{FirstPasskey, PASSKEY_NAME};
use directory::roles::{self, GLOBAL_ADMINISTRATOR, Scope};
use directory::tenant;
use directory::users::{self, NewUser, User};
use identity::keys;
use serde_json::{Map, Value, json};
use store::{NewTenant, Tenant};
use types::{Actor, DomainName, Error, Result, TenantId, Upn};

use crate::Node;
use crate::applications::{self, MadeApplication};
use crate::domains::taken;

/// Characters of a made password: no two that look alike.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const MADE_PASSWORD_LENGTH: usize = 20;

/// A password that meets the rules: four groups of letters and digits.
pub(crate) fn made_password() -> Result<String> {
    loop {
        let mut password = String::new();
        for byte in identity::random::<64>()? {
            // Bytes beyond the last whole multiple would make some characters likelier.
            if usize::from(byte) >= 256 / ALPHABET.len() * ALPHABET.len() {
                continue;
            }
            if !password.is_empty() && password.len() % 6 == 5 {
                password.push('-');
            }
            let index = usize::from(byte) % ALPHABET.len();
            password.extend(ALPHABET.get(index).map(|byte| char::from(*byte)));
            if password.len() >= MADE_PASSWORD_LENGTH {
                break;
            }
        }
        if identity::password::check(&identity::Secret::new(&*password)).is_ok() {
            return Ok(password);
        }
    }
}

/// A tenant that is to be made, with its first administrator.
pub(crate) struct Founding {
    /// Its id, if that was settled beforehand.
    pub(crate) tenant: Option<TenantId>,
    pub(crate) name: String,
    pub(crate) domain: String,
    /// The administrator's name, if it isn't `admin`.
    pub(crate) admin_upn: Option<String>,
    pub(crate) credential: Credential,
}

/// How the first administrator signs in.
pub(crate) enum Credential {
    /// By a password; one that is made here, if it isn't given.
    Password(Option<String>),
    /// By a passkey, without a password.
    Passkey(Box<FirstPasskey>),
}

/// A tenant that was just made.
pub(crate) struct MadeTenant {
    pub(crate) tenant: Tenant,
    pub(crate) admin: User,
    /// The administrator's.
    password: Option<String>,
    app: MadeApplication,
}

impl MadeTenant {
    /// As commands answer it: the one time that its secrets are shown.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "tenantId": self.tenant.tenant_id,
            "displayName": self.tenant.display_name,
            "domain": self.tenant.initial_domain,
            "admin": {
                "id": self.admin.id,
                "userPrincipalName": self.admin.user_principal_name(),
                "password": self.password,
            },
            "app": {
                "clientId": self.app.client_id,
                "clientSecret": self.app.client_secret.expose(),
            },
        })
    }
}

impl Node {
    /// Makes a tenant with its first administrator and an application for automation.
    pub(crate) async fn make_tenant(&self, founding: Founding) -> Result<MadeTenant> {
        let Founding {
            name, admin_upn, ..
        } = founding;
        let domain = DomainName::parse(&founding.domain)?;
        let upn = admin_upn.unwrap_or_else(|| format!("admin@{domain}"));
        let upn = Upn::parse(&upn)?;
        if upn.domain() != domain.as_str() {
            return Err(Error::invalid(
                "adminUpn",
                format!("The administrator's name has to be in the tenant's domain: …@{domain}."),
            ));
        }
        let (password, passkey) = match founding.credential {
            Credential::Password(Some(password)) => (Some(password), None),
            Credential::Password(None) => (Some(made_password()?), None),
            Credential::Passkey(passkey) => (None, Some(passkey)),
        };
        let names = [name.clone(), upn.as_str().to_owned()];
        let password_hash = match &password {
            Some(password) => Some(self.hash_password(password, &names).await?),
            None => None,
        };
        let key = tokio::task::spawn_blocking(keys::generate)
            .await
            .map_err(Error::internal)??;
        let secret = applications::new_secret()?;
        let sealer = self.sealer().clone();
        let initial = domain.clone();
        let (store, new) = (
            self.store().clone(),
            NewTenant {
                tenant_id: founding.tenant,
                display_name: name.clone(),
                domain: domain.clone(),
            },
        );
        let made = tokio::task::spawn_blocking(move || {
            store.create_tenant(new, Actor::Operator, move |tx| {
                tenant::initialize(tx, &name, &domain)?;
                keys::initialize(tx, &sealer, &key)?;
                let admin = users::create(
                    tx,
                    NewUser {
                        properties: administrator(&upn),
                        password_hash,
                        ..NewUser::default()
                    },
                )?;
                roles::assign(tx, GLOBAL_ADMINISTRATOR, admin.id.uuid(), Scope::Tenant)?;
                if let Some(passkey) = passkey {
                    passkey.register(tx, admin.id, PASSKEY_NAME)?;
                }
                let permissions = directory::permissions::ALL.iter();
                let all: Vec<&str> = permissions.map(|permission| permission.value).collect();
                let app = applications::make(tx, "Automation", &[], &all, secret)?;
                Ok((admin, app))
            })
        });
        let (tenant, (admin, app)) = made
            .await
            .map_err(Error::internal)?
            .map_err(|error| taken(error, &initial))?;
        self.tend(tenant.tenant_id);
        Ok(MadeTenant {
            tenant,
            admin,
            password,
            app,
        })
    }
}

fn administrator(upn: &Upn) -> Map<String, Value> {
    let mut properties = Map::new();
    for (name, value) in [
        ("accountEnabled", json!(true)),
        ("displayName", json!("Administrator")),
        ("mailNickname", json!(upn.local())),
        ("userPrincipalName", json!(upn.as_str())),
    ] {
        properties.insert(name.to_owned(), value);
    }
    properties
}
