//! Secrets of a service principal's jobs (Graph `synchronization/secrets`): how they reach their
//! target, and some that say what they do.
//!
//! They are written and never shown. What is a secret comes here sealed; `CompanyId` (the target),
//! `SyncAll` and the like are settings by another name, and kept as text. A write adds to what is
//! there; an empty value takes one away.

use serde_json::Value;
use store::{Change, Op, ReadTx, Tx, params};
use types::{Error, Id, Result, TenantId, kind};

use super::{Job, State, keep_state, leave, of, run};

/// Characters of one value.
pub const VALUE_LENGTH_MAX: usize = 8_192;

/// The names that there are (`synchronizationSecret`).
const NAMES: [&str; 44] = [
    "UserName",
    "Password",
    "SecretToken",
    "AppKey",
    "BaseAddress",
    "ClientIdentifier",
    "ClientSecret",
    "SingleSignOnType",
    "Sandbox",
    "Url",
    "Domain",
    "ConsumerKey",
    "ConsumerSecret",
    "TokenKey",
    "TokenExpiration",
    "Oauth2AccessToken",
    "Oauth2AccessTokenCreationTime",
    "Oauth2RefreshToken",
    "SyncAll",
    "InstanceName",
    "Oauth2ClientId",
    "Oauth2ClientSecret",
    "CompanyId",
    "UpdateKeyOnSoftDelete",
    "SynchronizationSchedule",
    "SystemOfRecord",
    "SandboxName",
    "EnforceDomain",
    "SyncNotificationSettings",
    "SkipOutOfScopeDeletions",
    "Oauth2AuthorizationCode",
    "Oauth2RedirectUri",
    "ApplicationTemplateIdentifier",
    "Oauth2TokenExchangeUri",
    "Oauth2AuthorizationUri",
    "AuthenticationType",
    "Server",
    "PerformInboundEntitlementGrants",
    "HardDeletesEnabled",
    "SyncAgentCompatibilityKey",
    "SyncAgentADContainer",
    "ValidateDomain",
    "TestReferences",
    "ConnectionString",
];
/// Those that aren't secrets.
const SETTINGS: [&str; 4] = [
    "AuthenticationType",
    "CompanyId",
    "SyncAll",
    "SyncNotificationSettings",
];

type ServicePrincipal = Id<kind::ServicePrincipal>;

/// One that is to be written.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its name, one of Graph's.
    pub name: &'static str,
    /// What becomes of it.
    pub value: Written,
}

/// What becomes of a secret.
#[derive(Debug, Clone)]
pub enum Written {
    /// Text that says what a job does.
    Setting(String),
    /// A secret, sealed.
    Sealed(Vec<u8>),
    /// It goes.
    Removed,
}

/// Graph's spelling of a name; names are compared as they are written.
pub fn known(name: &str) -> Result<&'static str> {
    let found = NAMES.into_iter().find(|known| *known == name);
    found.ok_or_else(|| {
        let shown: String = name.chars().take(64).collect();
        Error::invalid(
            "key",
            format!("There is no synchronization secret '{shown}'."),
        )
    })
}

/// Whether a value isn't a secret.
pub fn is_setting(name: &str) -> bool {
    SETTINGS.contains(&name)
}

/// What the secrets say of what the jobs do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The target.
    pub company_id: Option<TenantId>,
    /// How the target knows that the job may: `SyncPolicy`.
    pub authentication_type: Option<String>,
    /// Whether all internal members are in scope.
    pub sync_all: bool,
    /// `SyncNotificationSettings`, as it was written.
    pub notification: Option<String>,
}

impl Settings {
    /// Takes in one value, which is checked.
    pub fn set(&mut self, own: TenantId, name: &str, value: Option<&str>) -> Result<()> {
        let value = value.filter(|value| !value.is_empty());
        match name {
            "CompanyId" => self.company_id = value.map(|text| company(own, text)).transpose()?,
            "AuthenticationType" => self.authentication_type = value.map(str::to_owned),
            "SyncAll" => {
                self.sync_all = match value.map(str::to_ascii_lowercase).as_deref() {
                    Some("true") => true,
                    None | Some("false") => false,
                    Some(_) => {
                        return Err(Error::invalid("SyncAll", "'SyncAll' is true or false."));
                    }
                };
            }
            "SyncNotificationSettings" => {
                let is_object = value.is_none_or(|text| {
                    serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object())
                });
                if !is_object {
                    return Err(Error::invalid(
                        "SyncNotificationSettings",
                        "'SyncNotificationSettings' is a JSON object as text.",
                    ));
                }
                self.notification = value.map(str::to_owned);
            }
            _ => {}
        }
        Ok(())
    }
}

fn company(own: TenantId, text: &str) -> Result<TenantId> {
    let id = types::parse_uuid(text).map(TenantId::new);
    match id {
        Some(id) if id == own => Err(Error::invalid(
            "CompanyId",
            "'CompanyId' is the target's tenant id, and this is your own.",
        )),
        Some(id) => Ok(id),
        None => Err(Error::invalid(
            "CompanyId",
            "'CompanyId' has to be the target's tenant id.",
        )),
    }
}

/// What the secrets of a service principal say.
pub fn settings(tx: &ReadTx<'_>, service_principal: ServicePrincipal) -> Result<Settings> {
    let rows: Vec<(String, String)> = tx.query(
        "SELECT name, setting FROM sync_secrets WHERE tenant_id = ?1 \
         AND service_principal_id = ?2 AND setting IS NOT NULL",
        params![&tx.tenant(), &service_principal],
        |row| Ok((row.string(0)?, row.string(1)?)),
    )?;
    let mut settings = Settings::default();
    for (name, value) in rows {
        settings.set(tx.tenant(), &name, Some(&value))?;
    }
    Ok(settings)
}

/// The names of the secrets that a service principal has.
pub fn names(tx: &ReadTx<'_>, service_principal: ServicePrincipal) -> Result<Vec<String>> {
    tx.query(
        "SELECT name FROM sync_secrets WHERE tenant_id = ?1 AND service_principal_id = ?2 \
         ORDER BY name",
        params![&tx.tenant(), &service_principal],
        |row| row.string(0),
    )
}

fn changed<'t, 'c>(
    tx: &'t mut Tx<'c>,
    service_principal: ServicePrincipal,
) -> Result<store::Recorded<'t, 'c>> {
    tx.record(Change::new(
        "synchronizationSecrets",
        service_principal.uuid(),
        Op::Updated,
        &["secrets"],
    ))
}

/// Writes secrets. A running job follows: another target is another pair.
pub fn put(tx: &mut Tx<'_>, service_principal: ServicePrincipal, secrets: &[Secret]) -> Result<()> {
    let tenant = tx.tenant();
    let mut settings = settings(tx, service_principal)?;
    for secret in secrets {
        match &secret.value {
            Written::Setting(text) => settings.set(tenant, secret.name, Some(text))?,
            Written::Removed => settings.set(tenant, secret.name, None)?,
            Written::Sealed(_) => {}
        }
        let (setting, sealed) = match &secret.value {
            Written::Setting(text) => (Some(text.as_str()), None),
            Written::Sealed(sealed) => (None, Some(sealed.as_slice())),
            Written::Removed => {
                changed(tx, service_principal)?.execute(
                    "DELETE FROM sync_secrets WHERE tenant_id = ?1 AND service_principal_id = ?2 \
                     AND name = ?3",
                    params![&tenant, &service_principal, secret.name],
                )?;
                continue;
            }
        };
        changed(tx, service_principal)?.execute(
            "INSERT INTO sync_secrets (tenant_id, service_principal_id, name, setting, sealed) \
             VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (tenant_id, service_principal_id, name) DO UPDATE SET \
             setting = excluded.setting, sealed = excluded.sealed",
            params![&tenant, &service_principal, secret.name, setting, sealed],
        )?;
    }
    for mut job in of(tx, service_principal)? {
        follow(tx, &mut job, &settings)?;
    }
    let names: Vec<&str> = secrets.iter().map(|secret| secret.name).collect();
    let target = audit::Target::new(service_principal.uuid(), "", "ServicePrincipal");
    audit::record(
        tx,
        audit::Entry::success("ProvisioningManagement", "Update synchronization secrets")
            .target(target)
            .detail("keys", names.join(", ")),
    )
    .map(drop)
}

fn follow(tx: &mut Tx<'_>, job: &mut Job, settings: &Settings) -> Result<()> {
    job.sync_all = settings.sync_all;
    match job.state {
        State::Active => run(tx, job),
        State::Disabled | State::Paused => {
            if job.target.is_some() && job.target != settings.company_id {
                leave(tx, job)?;
            }
            keep_state(tx, job)
        }
    }
}

pub(super) fn delete_all(tx: &mut Tx<'_>, service_principal: ServicePrincipal) -> Result<()> {
    let tenant = tx.tenant();
    if names(tx, service_principal)?.is_empty() {
        return Ok(());
    }
    changed(tx, service_principal)?
        .execute(
            "DELETE FROM sync_secrets WHERE tenant_id = ?1 AND service_principal_id = ?2",
            params![&tenant, &service_principal],
        )
        .map(drop)
}
