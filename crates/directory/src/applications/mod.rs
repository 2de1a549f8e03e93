//! Applications: registrations, which describe a client or a resource; what acts in a tenant is
//! their service principal.
//!
//! A deleted application takes its service principal with it, and brings it back when it is
//! restored. A redirect URI is compared as it is written (RFC 9700 §2.1), so it has to be absolute,
//! without a fragment, and encrypted unless it stays on the machine.
//!
//! Source: the `application` resource of Microsoft Graph.

mod properties;
mod published;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use query::SearchTable;
use serde_json::{Map, Value, json};
use store::{Change, Op, Param, ReadTx, Row, Tx, params};
use types::{Actor, Error, Id, Result, Timestamp, fold, kind};
use uuid::Uuid;

use crate::key_credentials::{self, KeyCredential};
use crate::listing::{Listing, Order, Ordered, Page, Place, Scope, folded_json, folded_json_list};
use crate::password_credentials::{self, Password};
use crate::schema::Purpose;
use crate::unique_names::{self, Named};
use crate::{audited, references, search, service_principals, tenant};

use properties::{APPLICATION, ENTITY};

pub use published::{Elsewhere, for_several_tenants};

macro_rules! columns {
    () => {
        "a.id, a.app_id, a.doc, a.created_at, a.deleted_at"
    };
}

static LISTING: Listing = Listing {
    entity: &ENTITY,
    search: SearchTable {
        kind: search::APPLICATION,
        table: "applications AS a",
        tenant: "a.tenant_id",
        id: "a.id",
    },
    select: concat!(
        "SELECT ",
        columns!(),
        " FROM applications AS a WHERE a.tenant_id = ?1"
    ),
    count: "SELECT count(*) FROM applications AS a WHERE a.tenant_id = ?1",
    id: "a.id",
    display_name: "a.display_name",
    user_principal_name: None,
    created_at: Some("a.created_at"),
    deleted_at: None,
};

static DELETED_LISTING: Listing = Listing {
    deleted_at: Some("a.deleted_at"),
    ..LISTING
};
const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM applications AS a WHERE a.tenant_id = ?1 AND a.id = ?2"
);
const GET_BY_APP_ID: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM applications AS a WHERE a.tenant_id = ?1 AND a.app_id = ?2 AND a.deleted_at IS NULL"
);
const EXISTS: &str =
    "SELECT count(*) FROM applications WHERE tenant_id = ?1 AND id = ?2 AND deleted_at IS NULL";
const URI_IS_TAKEN: &str = "SELECT count(*) FROM applications WHERE tenant_id = ?1 \
    AND app_id <> ?2 AND deleted_at IS NULL AND identifier_uris LIKE ?3 ESCAPE '\\'";
const EXPIRED: &str = "SELECT id FROM applications WHERE tenant_id = ?1 \
    AND deleted_at IS NOT NULL AND deleted_at < ?2 ORDER BY deleted_at LIMIT ?3";
const INSERT: &str = "INSERT INTO applications (tenant_id, id, doc, deleted_at, display_name, \
    identifier_uris, sign_in_audience, publisher_domain, tags, app_id, created_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const UPDATE: &str = "UPDATE applications SET doc = ?3, deleted_at = ?4, display_name = ?5, \
    identifier_uris = ?6, sign_in_audience = ?7, publisher_domain = ?8, tags = ?9 \
    WHERE tenant_id = ?1 AND id = ?2";
const DELETE: &str = "DELETE FROM applications WHERE tenant_id = ?1 AND id = ?2";

const ALIVE: Scope<'_> = Scope {
    sql: "a.deleted_at IS NULL",
    params: &[],
};
const DELETED: Scope<'_> = Scope {
    sql: "a.deleted_at IS NOT NULL",
    params: &[],
};

/// Redirect URIs of one application, at most.
pub const REDIRECT_URIS_MAX: usize = 256;

/// A property of ours, shown where it is named.
pub(crate) const BACK_CHANNEL_LOGOUT_URL: &str = "backChannelLogoutUrl";

/// What a service principal takes over from its application.
pub(crate) const FOLLOWED: [&str; 8] = [
    "displayName",
    "appDisplayName",
    "appDescription",
    "appRoles",
    "oauth2PermissionScopes",
    "replyUrls",
    "servicePrincipalNames",
    "signInAudience",
];

/// An application.
#[derive(Debug, Clone)]
pub struct Application {
    /// Its object id.
    pub id: Id<kind::Application>,
    /// Its client id.
    pub app_id: Uuid,
    document: Map<String, Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// What is known of its secrets.
    pub passwords: Vec<Password>,
    /// Its certificates.
    pub keys: Vec<KeyCredential>,
}

/// A claim that an application asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionalClaim {
    /// Its name.
    pub name: String,
    /// How it is to be said.
    pub additional_properties: Vec<String>,
}

impl Application {
    /// What stands for one of our own apps.
    pub(crate) fn first_party(app_id: Uuid, document: Map<String, Value>, now: Timestamp) -> Self {
        Self {
            id: Id::nil(),
            app_id,
            document,
            created_at: now,
            deleted_at: None,
            passwords: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// The name for people.
    pub fn display_name(&self) -> &str {
        self.text("displayName")
    }
    /// The client that made it, if one did.
    pub fn created_by_app_id(&self) -> Option<Uuid> {
        types::parse_uuid(self.text("createdByAppId"))
    }
    /// What it asks tokens of a kind (`idToken`, `accessToken`) to say beyond the usual.
    pub fn optional_claims(&self, token: &str) -> Vec<OptionalClaim> {
        let claims = self.document.get("optionalClaims");
        let claims = claims.and_then(|claims| claims.get(token)?.as_array());
        let known = claims.into_iter().flatten().filter_map(|claim| {
            let more = claim["additionalProperties"].as_array();
            Some(OptionalClaim {
                name: claim["name"].as_str()?.to_owned(),
                additional_properties: more
                    .into_iter()
                    .flatten()
                    .filter_map(|it| it.as_str().map(str::to_owned))
                    .collect(),
            })
        });
        known.collect()
    }
    /// Which of a person's groups its tokens tell: names of `groupMembershipClaims`.
    pub fn group_membership_claims(&self) -> impl Iterator<Item = &str> {
        self.text("groupMembershipClaims").split(',').map(str::trim)
    }
    /// Its app roles that tokens can carry: those that are enabled and have a value.
    pub fn enabled_roles(&self) -> BTreeMap<Uuid, String> {
        let roles = self.document.get("appRoles").and_then(Value::as_array);
        let enabled = roles.into_iter().flatten().filter_map(|role| {
            let id = role["id"].as_str().and_then(types::parse_uuid)?;
            let value = role["value"].as_str()?.to_owned();
            (role["isEnabled"] != false).then_some((id, value))
        });
        enabled.collect()
    }
    /// Where answers to a browser may go, of all platforms.
    pub fn redirect_uris(&self) -> Vec<&str> {
        ["web", "spa", "publicClient"]
            .into_iter()
            .flat_map(|platform| self.uris(platform))
            .collect()
    }

    fn uris(&self, platform: &str) -> Vec<&str> {
        let uris = self
            .document
            .get(platform)
            .and_then(|platform| platform.get("redirectUris"))
            .and_then(Value::as_array);
        uris.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    fn text(&self, name: &str) -> &str {
        self.document
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        Some(match name {
            "id" => json!(self.id),
            "appId" => json!(self.app_id),
            "createdDateTime" => json!(self.created_at),
            "deletedDateTime" => json!(self.deleted_at?),
            "passwordCredentials" => self.passwords.iter().map(Password::to_json).collect(),
            "oauth2RequirePostResponse" => false.into(),
            // Platforms are shown with their parts, set or not.
            "api" | "info" | "publicClient" | "spa" | "web" => {
                let value = self.document.get(name).cloned();
                value.unwrap_or_else(|| Value::Object(Map::new()))
            }
            _ => self.document.get(name)?.clone(),
        })
    }

    /// What its service principal says in its place.
    pub(crate) fn for_service_principal(&self) -> Map<String, Value> {
        let scopes = self.document.get("api");
        let scopes = scopes.and_then(|api| api.get("oauth2PermissionScopes"));
        let replies: Vec<&str> = self.redirect_uris();
        let values = [
            ("displayName", self.document.get("displayName").cloned()),
            ("appDisplayName", self.document.get("displayName").cloned()),
            ("appDescription", self.document.get("description").cloned()),
            ("appRoles", self.document.get("appRoles").cloned()),
            (
                "applicationTemplateId",
                self.document.get("applicationTemplateId").cloned(),
            ),
            ("oauth2PermissionScopes", scopes.cloned()),
            ("replyUrls", (!replies.is_empty()).then(|| json!(replies))),
            (
                "servicePrincipalNames",
                self.document.get("identifierUris").cloned(),
            ),
            (
                "signInAudience",
                self.document.get("signInAudience").cloned(),
            ),
        ];
        values
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }
}

/// Shows an application: Graph's default set, or the properties that are selected.
pub fn project(application: &Application, select: Option<&[String]>) -> Result<Map<String, Value>> {
    APPLICATION.project(select, |name| match name {
        // The certificates themselves are shown to those who ask for them.
        "keyCredentials" => {
            let keys = application.keys.iter();
            Some(keys.map(|key| key.to_json(select.is_some())).collect())
        }
        _ => application.value(name),
    })
}

/// Refuses names that aren't properties of applications.
pub fn check_select(select: &[String]) -> Result<()> {
    APPLICATION.selected(Some(select)).map(drop)
}

/// The names of Graph's properties of applications.
pub fn property_names() -> Vec<String> {
    let names = APPLICATION.properties.iter().map(|it| it.name);
    names
        .filter(|name| *name != BACK_CHANNEL_LOGOUT_URL)
        .map(str::to_owned)
        .collect()
}

/// What applications can be filtered by.
pub fn entity() -> &'static query::Entity {
    &ENTITY
}

/// The client id of the application that acts, as `createdByAppId` has it.
pub(crate) fn creator(tx: &Tx<'_>) -> Option<Value> {
    match tx.actor() {
        Actor::Application { app_id, .. } => Some(json!(app_id)),
        _ => None,
    }
}

fn application(row: &Row<'_>) -> Result<Application> {
    Ok(Application {
        id: row.id(0)?,
        app_id: row.uuid(1)?,
        document: serde_json::from_str(row.text(2)?).map_err(Error::internal)?,
        created_at: row.timestamp(3)?,
        deleted_at: row.opt_timestamp(4)?,
        passwords: Vec::new(),
        keys: Vec::new(),
    })
}

fn with_credentials(tx: &ReadTx<'_>, mut found: Application) -> Result<Application> {
    found.passwords = password_credentials::list(tx, found.id.uuid())?;
    found.keys = key_credentials::list(tx, found.id.uuid())?;
    Ok(found)
}

fn load(tx: &ReadTx<'_>, id: Id<kind::Application>) -> Result<Option<Application>> {
    tx.query_one(GET, params![&tx.tenant(), &id], application)?
        .map(|found| with_credentials(tx, found))
        .transpose()
}

/// An application that isn't deleted.
pub fn get(tx: &ReadTx<'_>, id: Id<kind::Application>) -> Result<Application> {
    load(tx, id)?
        .filter(|found| found.deleted_at.is_none())
        .ok_or_else(|| Error::not_found("application", id))
}

/// Whether there is an application of this id that isn't deleted.
pub fn exists(tx: &ReadTx<'_>, id: Id<kind::Application>) -> Result<bool> {
    Ok(tx.count(EXISTS, params![&tx.tenant(), &id])? > 0)
}

/// The application of a client id, if there is one that isn't deleted.
pub fn find_by_app_id(tx: &ReadTx<'_>, app_id: Uuid) -> Result<Option<Application>> {
    tx.query_one(GET_BY_APP_ID, params![&tx.tenant(), &app_id], application)?
        .map(|found| with_credentials(tx, found))
        .transpose()
}

/// What an application says of itself: the one of a client id without its secrets and certificates,
/// which a sign-in doesn't ask for.
pub fn describe(tx: &ReadTx<'_>, app_id: Uuid) -> Result<Option<Arc<Application>>> {
    tx.remembered(app_id.as_bytes(), || {
        tx.query_one(GET_BY_APP_ID, params![&tx.tenant(), &app_id], application)
    })
}

/// The application of a client id.
pub fn get_by_app_id(tx: &ReadTx<'_>, app_id: Uuid) -> Result<Application> {
    find_by_app_id(tx, app_id)?.ok_or_else(|| Error::not_found("application", app_id))
}

/// A page of the applications that aren't deleted.
pub fn list(tx: &ReadTx<'_>, page: &Page<'_>) -> Result<Vec<Application>> {
    let found = LISTING.page(tx, &ALIVE, page, application)?;
    found
        .into_iter()
        .map(|it| with_credentials(tx, it))
        .collect()
}

/// How many there are, or for how many a filter is true.
pub fn count(tx: &ReadTx<'_>, filter: Option<&query::Filter>, advanced: bool) -> Result<u64> {
    LISTING.count(tx, &ALIVE, filter, advanced)
}

/// Where a page that ends with this one ended.
pub fn place(application: &Application, order: Order) -> Place {
    order.place(&Ordered {
        id: application.id.uuid(),
        display_name: application.display_name(),
        user_principal_name: None,
        created_at: application.created_at,
        deleted_at: application.deleted_at,
    })
}

/// Makes an application; its service principal is made apart.
pub fn create(tx: &mut Tx<'_>, properties: &Map<String, Value>) -> Result<Application> {
    create_from(tx, properties, None)
}

/// Makes an application, maybe from a template.
pub(crate) fn create_from(
    tx: &mut Tx<'_>,
    properties: &Map<String, Value>,
    template: Option<Uuid>,
) -> Result<Application> {
    if properties.get("displayName").is_none_or(Value::is_null) {
        return Err(Error::invalid(
            "displayName",
            "A value is required for property 'displayName' of resource 'Application'.",
        ));
    }
    let mut made = Application {
        id: Id::new(tx.new_uuid()),
        app_id: tx.new_uuid(),
        document: Map::new(),
        created_at: tx.now(),
        deleted_at: None,
        passwords: Vec::new(),
        keys: Vec::new(),
    };
    APPLICATION.apply(&mut made.document, properties, Purpose::Create)?;
    let domain = tenant::default_domain(tx)?;
    let document = &mut made.document;
    document.insert("publisherDomain".into(), domain.into());
    document
        .entry("signInAudience")
        .or_insert_with(|| "AzureADMyOrg".into());
    if let Some(by) = creator(tx) {
        document.insert("createdByAppId".into(), by);
    }
    if let Some(template) = template {
        document.insert("applicationTemplateId".into(), json!(template));
    }
    settle(tx, &mut made)?;
    made.refuse_foreign_uris(tx)?;
    refuse_taken_unique_name(tx, &made)?;
    store(tx, &made, Op::Created, &[])?;
    audited::act(tx, "Add application", &made)?;
    Ok(made)
}

/// Changes an application by a JSON patch object; answers whether that changed anything.
pub fn update(
    tx: &mut Tx<'_>,
    id: Id<kind::Application>,
    patch: &Map<String, Value>,
) -> Result<bool> {
    let old = get(tx, id)?;
    let mut application = old.clone();
    let changed = APPLICATION.apply(&mut application.document, patch, Purpose::Update)?;
    if changed.is_empty() {
        return Ok(false);
    }
    let renamed = changed.contains(&"displayName");
    refuse_to_remove_enabled(&old.document, &application.document)?;
    settle(tx, &mut application)?;
    if changed.contains(&"identifierUris") || changed.contains(&"signInAudience") {
        application.refuse_foreign_uris(tx)?;
    }
    store(tx, &application, Op::Updated, &changed)?;
    audited::change(tx, "Update application", &old, &application, &changed)?;
    let says = application.for_service_principal();
    service_principals::follow(tx, application.app_id, says, renamed)?;
    Ok(true)
}

/// What is given to somebody isn't taken away by mistake: a role or a scope is disabled before it is
/// removed (the `appRole` and `permissionScope` resources of Microsoft Graph).
fn refuse_to_remove_enabled(old: &Map<String, Value>, new: &Map<String, Value>) -> Result<()> {
    for (before, after) in given(old).into_iter().zip(given(new)) {
        let is_kept = |id: &Value| after.1.iter().any(|kept| kept["id"] == *id);
        let mut enabled = before.1.iter().filter(|one| one["isEnabled"] != false);
        if enabled.any(|one| !is_kept(&one["id"])) {
            return Err(wrong(
                before.0,
                "an entry is disabled before it is removed: set its isEnabled to false first, and leave it out in a later request",
            ));
        }
    }
    Ok(())
}

/// What an application has to give, with the names of the properties.
fn given(document: &Map<String, Value>) -> [(&'static str, &[Value]); 2] {
    let scopes = document
        .get("api")
        .map(|api| &api["oauth2PermissionScopes"]);
    [
        ("appRoles", document.get("appRoles")),
        ("oauth2PermissionScopes", scopes),
    ]
    .map(|(name, list)| {
        (
            name,
            list.and_then(Value::as_array)
                .map_or(&[][..], Vec::as_slice),
        )
    })
}

fn wrong(name: &str, reason: &str) -> Error {
    Error::invalid(
        name,
        format!(
            "Invalid value specified for property '{name}' of resource 'Application': {reason}."
        ),
    )
}

/// Checks what the table of properties can't, and sets what has a value without being named.
fn settle(tx: &ReadTx<'_>, application: &mut Application) -> Result<()> {
    if !application.document.contains_key("signInAudience") {
        return Err(wrong("signInAudience", "it is required"));
    }
    for (platform, is_public) in [("web", false), ("spa", false), ("publicClient", true)] {
        for uri in application.uris(platform) {
            if !is_redirect_uri(uri, is_public) {
                return Err(wrong(
                    platform,
                    &format!(
                        "'{uri}' can't be a redirect URI: it has to be absolute, without a fragment, and https unless it is http://localhost or 127.0.0.1"
                    ),
                ));
            }
        }
    }
    let logout_url = application.logout_url();
    if let Some(uri) = logout_url.filter(|uri| !is_redirect_uri(uri, false)) {
        return Err(wrong(
            "logoutUrl",
            &format!("'{uri}' has to be https unless it is http://localhost or 127.0.0.1"),
        ));
    }
    let uris = application.redirect_uris();
    if uris.len() > REDIRECT_URIS_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.redirect_uris",
            message: format!(
                "An application has {REDIRECT_URIS_MAX} redirect URIs at most, of all platforms together (limits.redirect_uris)."
            ),
        });
    }
    if uris.iter().collect::<BTreeSet<_>>().len() < uris.len() {
        return Err(wrong(
            "redirectUris",
            "redirect URIs have to differ, those of other platforms included",
        ));
    }
    identified(application, "appRoles", &["appRoles"])?;
    identified(application, "api", &["api", "oauth2PermissionScopes"])?;
    let uris = application.document.get("identifierUris");
    for uri in uris.and_then(Value::as_array).into_iter().flatten() {
        let uri = uri.as_str().unwrap_or_default();
        let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
        if !is_scheme(scheme) || uri.contains(char::is_whitespace) {
            return Err(wrong(
                "identifierUris",
                &format!("'{uri}' isn't an absolute URI"),
            ));
        }
        let named = service_principals::find_by_name(tx, uri)?;
        if named.is_some_and(|other| other.app_id != application.app_id)
            || uri_is_taken(tx, uri, application.app_id)?
        {
            return Err(Error::AlreadyExists {
                property: "identifierUris",
            });
        }
    }
    Ok(())
}

/// Whether an application of another client id has an identifier URI.
pub(crate) fn uri_is_taken(tx: &ReadTx<'_>, uri: &str, app_id: Uuid) -> Result<bool> {
    let pattern = format!("%\u{1f}{}\u{1f}%", escaped(&fold(uri)));
    let taken = tx.count(URI_IS_TAKEN, params![&tx.tenant(), &app_id, &pattern])?;
    Ok(taken > 0)
}

/// That each element of a list of roles or scopes has an id of its own; enabled unless it says not.
fn identified(application: &mut Application, name: &str, path: &[&str]) -> Result<()> {
    let mut at = Some(&mut application.document);
    let mut list = None;
    for (depth, part) in path.iter().enumerate() {
        let Some(value) = at.take().and_then(|object| object.get_mut(*part)) else {
            return Ok(());
        };
        if depth + 1 == path.len() {
            list = value.as_array_mut();
        } else {
            at = value.as_object_mut();
        }
    }
    let mut seen = BTreeSet::new();
    for item in list.into_iter().flatten().filter_map(Value::as_object_mut) {
        let id = item.get("id").and_then(Value::as_str).map(str::to_owned);
        if !id.is_some_and(|id| seen.insert(id)) {
            return Err(wrong(name, "each needs an id that no other has"));
        }
        item.entry("isEnabled").or_insert(Value::Bool(true));
    }
    Ok(())
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

fn is_redirect_uri(uri: &str, is_public: bool) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    if !is_scheme(scheme)
        || rest.is_empty()
        || uri.contains(|c: char| c.is_whitespace() || c == '#')
    {
        return false;
    }
    let authority = rest
        .strip_prefix("//")
        .map(|rest| rest.split(['/', '?']).next().unwrap_or_default());
    let host = authority.map(|authority| {
        authority
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
            .map_or(authority, |(host, _)| host)
    });
    match (fold(scheme).as_str(), host) {
        ("https", Some(host)) => !host.is_empty() && !host.contains('@'),
        ("http", Some(host)) => ["localhost", "127.0.0.1", "[::1]"].contains(&host),
        ("javascript" | "data" | "vbscript" | "file" | "http" | "https", _) => false,
        // An app's own scheme.
        _ => is_public,
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

fn store(tx: &mut Tx<'_>, application: &Application, op: Op, changed: &[&str]) -> Result<()> {
    let tenant = tx.tenant();
    let document = &application.document;
    let doc = serde_json::to_string(document).map_err(Error::internal)?;
    let name = fold(application.display_name());
    let uris = folded_json_list(document.get("identifierUris"));
    let audience = fold(application.text("signInAudience"));
    let domain = folded_json(document.get("publisherDomain"));
    let tags = folded_json_list(document.get("tags"));
    let mut values: Vec<Param<'_>> = vec![
        (&tenant).into(),
        (&application.id).into(),
        (&doc).into(),
        application.deleted_at.into(),
        (&name).into(),
        uris.as_deref().into(),
        (&audience).into(),
        domain.as_deref().into(),
        tags.as_deref().into(),
    ];
    let change = Change::new("application", application.id.uuid(), op, changed);
    let mut recorded = tx.record(change)?;
    if op == Op::Created {
        values.push((&application.app_id).into());
        values.push(application.created_at.into());
        recorded.execute(INSERT, &values)?;
    } else {
        recorded.execute(UPDATE, &values)?;
    }
    if matches!(op, Op::Created | Op::Restored) {
        Named::Application.take(&mut recorded, tenant, document, application.id.uuid())?;
    }
    Ok(())
}

fn refuse_taken_unique_name(tx: &ReadTx<'_>, application: &Application) -> Result<()> {
    let is_there = |other| Ok(types::found(get(tx, Id::new(other)))?.is_some());
    let (document, id) = (&application.document, application.id.uuid());
    Named::Application.refuse_taken(tx, document, id, is_there)
}

/// The application that isn't deleted and has this `uniqueName`.
pub fn get_by_unique_name(tx: &ReadTx<'_>, name: &str) -> Result<Application> {
    match Named::Application.find(tx, name)? {
        Some(id) => get(tx, Id::new(id)),
        None => Err(Error::not_found("application", name)),
    }
}

/// Deletes an application and with it its service principal; both can be restored for 30 days.
pub fn delete(tx: &mut Tx<'_>, id: Id<kind::Application>) -> Result<()> {
    let mut application = get(tx, id)?;
    if let Some(principal) = service_principals::find_by_app_id(tx, application.app_id)? {
        service_principals::mark_deleted(tx, Arc::unwrap_or_clone(principal))?;
    }
    application.deleted_at = Some(tx.now());
    store(tx, &application, Op::Deleted, &[])?;
    audited::act(tx, "Delete application", &application)
}

/// A page of the deleted applications.
pub fn list_deleted(tx: &ReadTx<'_>, page: &Page<'_>) -> Result<Vec<Application>> {
    let found = DELETED_LISTING.page(tx, &DELETED, page, application)?;
    found
        .into_iter()
        .map(|it| with_credentials(tx, it))
        .collect()
}

/// How many deleted applications there are, or for how many a filter is true.
pub fn count_deleted(
    tx: &ReadTx<'_>,
    filter: Option<&query::Filter>,
    advanced: bool,
) -> Result<u64> {
    DELETED_LISTING.count(tx, &DELETED, filter, advanced)
}

/// A deleted application.
pub fn get_deleted(tx: &ReadTx<'_>, id: Id<kind::Application>) -> Result<Application> {
    load(tx, id)?
        .filter(|found| found.deleted_at.is_some())
        .ok_or_else(|| Error::not_found("application", id))
}

/// Brings a deleted application back with its ids, and the service principal that went with it.
pub fn restore(tx: &mut Tx<'_>, id: Id<kind::Application>) -> Result<Application> {
    let mut application = get_deleted(tx, id)?;
    if let Some(at) = application.deleted_at.take()
        && let Some(principal) = service_principals::deleted_with(tx, application.app_id, at)?
    {
        service_principals::mark_restored(tx, principal)?;
    }
    settle(tx, &mut application)?;
    refuse_taken_unique_name(tx, &application)?;
    store(tx, &application, Op::Restored, &[])?;
    audited::act(tx, "Restore application", &application)?;
    Ok(application)
}

/// Deletes a deleted application for good, and its secrets and certificates with it.
pub fn purge(tx: &mut Tx<'_>, id: Id<kind::Application>) -> Result<()> {
    let application = get_deleted(tx, id)?;
    let tenant = tx.tenant();
    references::drop_all(tx, id.uuid())?;
    let mut recorded = tx.record(Change::new("application", id.uuid(), Op::Purged, &[]))?;
    password_credentials::forget(&mut recorded, tenant, id.uuid())?;
    key_credentials::forget(&mut recorded, tenant, id.uuid())?;
    unique_names::forget(&mut recorded, tenant, id.uuid())?;
    recorded.execute(DELETE, params![&tenant, &id])?;
    audited::act(tx, "Hard Delete application", &application)
}

/// Purges those that were deleted before an instant, so many at most; answers how many.
pub fn purge_expired(tx: &mut Tx<'_>, deleted_before: Timestamp, limit: usize) -> Result<usize> {
    let ids: Vec<Id<kind::Application>> = tx.query(
        EXPIRED,
        params![&tx.tenant(), deleted_before, limit],
        |row| row.id(0),
    )?;
    for id in &ids {
        purge(tx, *id)?;
    }
    Ok(ids.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris_are_absolute_and_safe() {
        for good in [
            "https://app.example/cb",
            "https://app.example:8443/",
            "http://localhost:3000",
            "http://127.0.0.1/cb",
            "http://[::1]:80/",
        ] {
            assert!(is_redirect_uri(good, false), "{good}");
        }
        for bad in [
            "",
            "/cb",
            "http://app.example/cb",
            "https://",
            "https://user@app.example/",
            "https://a.example/#f",
            "http://localhost.evil.example/",
            "javascript:alert(1)",
            "myapp://auth",
        ] {
            assert!(!is_redirect_uri(bad, false), "{bad}");
        }
        assert!(is_redirect_uri("myapp://auth", true));
        assert!(is_redirect_uri("msauth.com.app:auth", true));
    }
}
