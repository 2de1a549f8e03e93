//! The operator's commands: what the command line asks of a deployment.
//!
//! One list of commands with one implementation ([`crate::operator`]), whether the command line
//! owns the data directory itself or speaks with the server that does ([`crate::control`]). A
//! command and its answer are JSON, so that they travel as they are.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A command. Tenants are named by id or by any of their domains; users by id or by UPN.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(
    tag = "command",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Command {
    /// → `{"tenantId","displayName","domain","admin":{"id","userPrincipalName","password"},"app":{"clientId","clientSecret"}}`
    TenantCreate {
        /// Its name.
        name: String,
        /// Its initial domain.
        domain: String,
        /// The first administrator; `admin@domain` if absent.
        admin_upn: Option<String>,
        /// The administrator's password; made if absent.
        admin_password: Option<String>,
    },
    /// → `{"value":[{"tenantId","displayName","domain"}]}`
    TenantList,
    /// → `{"clientId","clientSecret"}`
    AppCreate {
        /// Whose.
        tenant: String,
        /// Its name.
        name: String,
        /// Where sign-ins may return to.
        redirect_uris: Vec<String>,
        /// Application permissions, admin-consented.
        permissions: Vec<String>,
    },
    /// → the token endpoint's answer, for an application of this deployment.
    Token {
        /// Whose.
        tenant: String,
        /// The application.
        client_id: String,
        /// Its secret.
        client_secret: String,
    },
    /// → the domain in Graph's form, with `verificationDnsRecords` unless it is verified
    DomainAdd {
        /// Whose.
        tenant: String,
        /// The domain.
        domain: String,
        /// The operator's word that it is the tenant's.
        verified: bool,
    },
    /// → the domain in Graph's form, once its proof was found in the DNS
    DomainVerify {
        /// Whose.
        tenant: String,
        /// The domain.
        domain: String,
    },
    /// → `{"keyId"}`
    KeysRotate {
        /// Whose.
        tenant: String,
    },
    /// → `{"created","updated","unchanged","skipped","ignored","dryRun","skippedRecords":[{"line","record","reason"}],"warnings":[…]}`
    ImportUsers {
        /// Into which tenant.
        tenant: String,
        /// `ldif` or `csv`.
        format: String,
        /// The file, in base64.
        content: String,
        /// The map file's text.
        map: Option<String>,
        /// Only say what would happen.
        dry_run: bool,
    },
    /// → `{"id","displayName","userPrincipalName","mail","userType","creationType",
    /// "externalUserState","accountEnabled","jobTitle","department","city","country"}`
    UserShow {
        /// Whose.
        tenant: String,
        /// The user, by id or by UPN.
        user: String,
    },
    /// → `{"password"}`: a new one, made for the user
    UserPassword {
        /// Whose.
        tenant: String,
        /// The user, by id or by UPN.
        user: String,
    },
    /// → `{"temporaryAccessPass","startDateTime","lifetimeInMinutes","isUsableOnce"}`: for somebody
    /// who has lost everything else to sign in with
    UserAccessPass {
        /// Whose.
        tenant: String,
        /// The user, by id or by UPN.
        user: String,
        /// For how long; as the tenant's policy says if absent.
        minutes: Option<u32>,
    },
    /// → as `UserShow`, of the user that was synced from another tenant
    UserFind {
        /// Where it was synced to.
        tenant: String,
        /// Where it is at home.
        home_tenant: String,
        /// Its id there.
        home_id: String,
    },
    /// → `{"id","displayName","description","state","members":[…]}`
    OrganizationShow {
        /// As seen by.
        tenant: String,
    },
    /// → as `OrganizationShow`
    OrganizationCreate {
        /// The owner.
        tenant: String,
        /// The organization's name.
        name: String,
        /// Tenants to add.
        add: Vec<String>,
        /// Consent: users of the others may be synced in here.
        accept_users: bool,
        /// Consent: no prompts, in and out.
        skip_consent: bool,
    },
    /// → as `OrganizationShow`
    OrganizationAdd {
        /// An owner.
        tenant: String,
        /// Tenants to add.
        add: Vec<String>,
        /// The role that they get.
        role: Option<String>,
    },
    /// → `{"organizationName","tenants":[…],"changes":[{"tenantId","existing","setting","from","to","loosens"}]}`
    OrganizationPreviewJoin {
        /// Who would join.
        tenant: String,
        /// The tenant that added it.
        invited_by: String,
        /// As in `OrganizationJoin`.
        accept_users: bool,
        /// As in `OrganizationJoin`.
        skip_consent: bool,
    },
    /// → as `OrganizationShow`, once the join has succeeded
    OrganizationJoin {
        /// Who joins.
        tenant: String,
        /// The tenant that added it.
        invited_by: String,
        /// Consent: users of the others may be synced in here.
        accept_users: bool,
        /// Consent: no prompts, in and out.
        skip_consent: bool,
    },
    /// → `{"left":true}`
    OrganizationLeave {
        /// Who leaves.
        tenant: String,
    },
    /// → as `OrganizationShow`
    OrganizationRemove {
        /// An owner.
        tenant: String,
        /// Who goes.
        remove: String,
    },
    /// → as `OrganizationShow`
    OrganizationRole {
        /// An owner.
        tenant: String,
        /// Whose role.
        of: String,
        /// `owner` or `member`.
        role: String,
    },
    /// → `{"value":[pair status…]}` as `GET /beta/isopolity/userSharing/tenants`
    Share {
        /// Who shares.
        tenant: String,
        /// Everybody.
        all: bool,
        /// These users.
        users: Vec<String>,
        /// The members of these groups.
        groups: Vec<String>,
        /// The groups themselves too.
        #[serde(default)]
        group_objects: bool,
        /// Whoever goes by it may go, however many these are.
        #[serde(default)]
        allow_deletions: bool,
        /// With these tenants only; with all (the default entry) if empty.
        with: Vec<String>,
    },
    /// → `{"value":[pair status…]}`
    ShareStatus {
        /// Who shares.
        tenant: String,
    },
    /// → `{"allowed","steps":[…]}`
    Explain {
        /// `TENANT/USER`.
        from: String,
        /// `TENANT` or `TENANT/USER`.
        to: String,
        /// `sync` or `signin`.
        action: String,
    },
    /// → `{"tenants":[{"tenantId","displayName"}],"value":[{"from","to","action","state","counts","steps":[…]}]}`
    Readiness {
        /// Who looks.
        tenant: String,
    },
    /// → `{"ok","checks":[{"name","ok","detail"}]}`
    Doctor,
}

/// What a long command says on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// What is being done, in words.
    pub message: String,
    /// How much is done.
    pub done: u64,
    /// Of how much; none when that isn't known.
    pub of: Option<u64>,
}

/// Where progress goes.
pub type OnProgress<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// An answer: JSON, as documented at each command.
pub type Answer = Value;
