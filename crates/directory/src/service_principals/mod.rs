//! Service principals: what an application is in this tenant, and who it acts as.
//!
//! One that isn't deleted per client id. The Graph resource's own is there from the beginning; its
//! app roles are the catalogue in [`crate::permissions`], so that new permissions are there
//! without a change to any tenant.
//!
//! Source: the `servicePrincipal` resource of Microsoft Graph.

mod properties;

use std::sync::Arc;

use query::Entity;
use query::SearchTable;
use serde_json::{Map, Value, json};
use store::{Change, Op, Param, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, TenantId, Timestamp, fold, kind};
use uuid::Uuid;

use crate::applications::{Application, Elsewhere};
use crate::key_credentials::{self, KeyCredential};
use crate::listing::{Listing, Order, Ordered, Page, Place, Scope, folded_json_list, folded_list};
use crate::password_credentials::{self, Password};
use crate::permissions::{self, GRAPH_APP_ID};
use crate::schema::Purpose;
use crate::{applications, audited, references, search};

use properties::{ENTITY, SERVICE_PRINCIPAL};

macro_rules! columns {
    () => {
        "s.id, s.app_id, s.doc, s.created_at, s.deleted_at, s.account_enabled, \
         s.app_owner_organization_id"
    };
}

static LISTING: Listing = Listing {
    entity: &ENTITY,
    search: SearchTable {
        kind: search::SERVICE_PRINCIPAL,
        table: "service_principals AS s",
        tenant: "s.tenant_id",
        id: "s.id",
    },
    select: concat!(
        "SELECT ",
        columns!(),
        " FROM service_principals AS s WHERE s.tenant_id = ?1"
    ),
    count: "SELECT count(*) FROM service_principals AS s WHERE s.tenant_id = ?1",
    id: "s.id",
    display_name: "s.display_name",
    user_principal_name: None,
    created_at: Some("s.created_at"),
    deleted_at: None,
};

static DELETED_LISTING: Listing = Listing {
    deleted_at: Some("s.deleted_at"),
    ..LISTING
};
const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM service_principals AS s WHERE s.tenant_id = ?1 AND s.id = ?2"
);
const GET_BY_APP_ID: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM service_principals AS s WHERE s.tenant_id = ?1 AND s.app_id = ?2 \
     AND s.deleted_at IS NULL"
);
// Names hold the folded texts, each between U+001F.
const GET_BY_NAME: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM service_principals AS s WHERE s.tenant_id = ?1 \
     AND s.service_principal_names LIKE ?2 ESCAPE '\\' AND s.deleted_at IS NULL ORDER BY s.id LIMIT 1"
);
const DELETED_WITH: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM service_principals AS s WHERE s.tenant_id = ?1 AND s.app_id = ?2 \
     AND s.deleted_at = ?3"
);
const EXISTS: &str = "SELECT count(*) FROM service_principals WHERE tenant_id = ?1 AND id = ?2 \
    AND deleted_at IS NULL";
const EXPIRED: &str = "SELECT id FROM service_principals WHERE tenant_id = ?1 \
    AND deleted_at IS NOT NULL AND deleted_at < ?2 ORDER BY deleted_at LIMIT ?3";
const INSERT: &str = "INSERT INTO service_principals (tenant_id, id, doc, deleted_at, \
    account_enabled, display_name, service_principal_type, service_principal_names, tags, app_id, \
    app_owner_organization_id, created_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const UPDATE: &str = "UPDATE service_principals SET doc = ?3, deleted_at = ?4, \
    account_enabled = ?5, display_name = ?6, service_principal_type = ?7, \
    service_principal_names = ?8, tags = ?9 WHERE tenant_id = ?1 AND id = ?2";
const DELETE: &str = "DELETE FROM service_principals WHERE tenant_id = ?1 AND id = ?2";

const ALIVE: Scope<'_> = Scope {
    sql: "s.deleted_at IS NULL",
    params: &[],
};
const DELETED: Scope<'_> = Scope {
    sql: "s.deleted_at IS NOT NULL",
    params: &[],
};

/// A service principal.
#[derive(Debug, Clone)]
pub struct ServicePrincipal {
    /// Its object id.
    pub id: Id<kind::ServicePrincipal>,
    /// The client id of the application that it stands for.
    pub app_id: Uuid,
    document: Map<String, Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// Whether it may sign in.
    pub account_enabled: bool,
    owner: Option<Uuid>,
    /// What is known of its own secrets, beside those of its application; of one that was looked up
    /// alone.
    pub passwords: Vec<Password>,
    /// Its own certificates, beside those of its application; of one that was looked up alone.
    pub keys: Vec<KeyCredential>,
}

impl ServicePrincipal {
    /// One of our own apps, in a tenant that hasn't had it.
    pub(crate) fn first_party(
        id: Id<kind::ServicePrincipal>,
        app_id: Uuid,
        name: &str,
        now: Timestamp,
    ) -> Self {
        let mut document = Map::new();
        for (key, value) in [
            ("displayName", json!(name)),
            ("appDisplayName", json!(name)),
            ("signInAudience", json!("AzureADMultipleOrgs")),
            ("servicePrincipalNames", json!([app_id])),
        ] {
            document.insert(key.into(), value);
        }
        Self {
            id,
            app_id,
            document,
            created_at: now,
            deleted_at: None,
            account_enabled: true,
            owner: None,
            passwords: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// What an application of another tenant would be here, where it isn't yet.
    pub fn prospective(tx: &ReadTx<'_>, elsewhere: &Elsewhere) -> Self {
        Self {
            id: Id::nil(),
            app_id: elsewhere.application.app_id,
            document: elsewhere.application.for_service_principal(),
            created_at: tx.now(),
            deleted_at: None,
            account_enabled: true,
            owner: Some(elsewhere.home.uuid()),
            passwords: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// Whether it is one that isn't here yet.
    pub fn is_prospective(&self) -> bool {
        self.id == Id::nil()
    }

    /// The tenant in which its application is registered; none for our own apps and Graph.
    pub fn home(&self) -> Option<TenantId> {
        self.owner.map(TenantId::new)
    }

    /// Whether its application says something of itself that it doesn't say yet.
    pub fn is_behind(&self, application: &Application) -> bool {
        let says = application.for_service_principal();
        let is_same = |name: &str| match name {
            // Its own tenant may call it something else.
            "displayName" => true,
            "servicePrincipalNames" => {
                let own = self.names();
                let names = texts(says.get(name));
                let app_id = self.app_id.to_string();
                names.len() == own.iter().filter(|it| **it != app_id).count()
                    && names.iter().all(|name| own.contains(name))
            }
            _ => self.document.get(name) == says.get(name),
        };
        !applications::FOLLOWED.iter().all(|name| is_same(name))
    }

    /// Where its answers go.
    pub fn reply_urls(&self) -> Vec<String> {
        texts(self.document.get("replyUrls"))
    }

    pub(crate) fn has_reply_urls(&self, urls: &[String]) -> bool {
        self.reply_urls() == urls
    }

    pub(crate) fn set_reply_urls(&mut self, urls: &[String]) {
        self.document.insert("replyUrls".into(), json!(urls));
    }

    /// The name for people.
    pub fn display_name(&self) -> &str {
        self.document
            .get("displayName")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The client that made it, if one did.
    pub fn created_by_app_id(&self) -> Option<Uuid> {
        let by = self.document.get("createdByAppId").and_then(Value::as_str);
        by.and_then(types::parse_uuid)
    }

    /// Whether this resource has an app role, enabled or not.
    pub(crate) fn has_role(&self, id: Uuid) -> bool {
        if self.app_id == GRAPH_APP_ID {
            return permissions::by_id(id).is_some();
        }
        self.own_role(id).is_some()
    }

    /// The value of an app role of this resource, as tokens carry it; none if it has no such role,
    /// or the role isn't enabled or has no value.
    pub(crate) fn role_value(&self, id: Uuid) -> Option<String> {
        if self.app_id == GRAPH_APP_ID {
            return permissions::by_id(id).map(|permission| permission.value.to_owned());
        }
        let role = self.own_role(id)?;
        let value = role["value"].as_str().map(str::to_owned);
        value.filter(|_| role["isEnabled"] != false)
    }

    fn own_role(&self, id: Uuid) -> Option<&Value> {
        let text = id.to_string();
        let roles = self.document.get("appRoles").and_then(Value::as_array);
        let mut roles = roles.into_iter().flatten();
        roles.find(|role| role["id"] == text.as_str())
    }

    /// Whether this resource has any app roles: if not, it can be assigned without one.
    pub(crate) fn has_roles(&self) -> bool {
        self.app_id == GRAPH_APP_ID || self.document.contains_key("appRoles")
    }

    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        Some(match name {
            "id" => json!(self.id),
            "appId" => json!(self.app_id),
            "deletedDateTime" => json!(self.deleted_at?),
            "accountEnabled" => self.account_enabled.into(),
            "passwordCredentials" => self.passwords.iter().map(Password::to_json).collect(),
            "appOwnerOrganizationId" => json!(self.owner?),
            "appRoles" if self.app_id == GRAPH_APP_ID => permissions::app_roles(),
            "oauth2PermissionScopes" if self.app_id == GRAPH_APP_ID => permissions::scopes(),
            "appRoleAssignmentRequired" => {
                let value = self.document.get(name).cloned();
                value.unwrap_or(Value::Bool(false))
            }
            "servicePrincipalType" => "Application".into(),
            "servicePrincipalNames" => json!(self.names()),
            _ => self.document.get(name)?.clone(),
        })
    }

    /// Whether it goes by this name.
    pub fn is_called(&self, name: &str) -> bool {
        let name = fold(name);
        self.names().iter().any(|own| fold(own) == name)
    }

    /// The client id, and the identifier URIs.
    fn names(&self) -> Vec<String> {
        let own = self.document.get("servicePrincipalNames");
        let own = own.and_then(Value::as_array).into_iter().flatten();
        let own = own.filter_map(Value::as_str).map(str::to_owned);
        let app_id = self.app_id.to_string();
        let mut names: Vec<String> = own.filter(|name| *name != app_id).collect();
        names.push(app_id);
        names
    }
}

/// Shows a service principal: Graph's default set, or the properties that are selected.
pub fn project(
    principal: &ServicePrincipal,
    select: Option<&[String]>,
) -> Result<Map<String, Value>> {
    SERVICE_PRINCIPAL.project(select, |name| match name {
        // The certificates themselves are shown to those who ask for them.
        "keyCredentials" => {
            let keys = principal.keys.iter();
            Some(keys.map(|key| key.to_json(select.is_some())).collect())
        }
        _ => principal.value(name),
    })
}

/// Refuses names that aren't properties of service principals.
pub fn check_select(select: &[String]) -> Result<()> {
    SERVICE_PRINCIPAL.selected(Some(select)).map(drop)
}

/// The names of all properties.
pub fn property_names() -> Vec<String> {
    let names = SERVICE_PRINCIPAL.properties.iter().map(|it| it.name);
    names.map(str::to_owned).collect()
}

/// What service principals can be filtered by.
pub fn entity() -> &'static Entity {
    &ENTITY
}

fn principal(row: &Row<'_>) -> Result<ServicePrincipal> {
    Ok(ServicePrincipal {
        id: row.id(0)?,
        app_id: row.uuid(1)?,
        document: serde_json::from_str(row.text(2)?).map_err(Error::internal)?,
        created_at: row.timestamp(3)?,
        deleted_at: row.opt_timestamp(4)?,
        account_enabled: row.bool(5)?,
        owner: row.opt_uuid(6)?,
        passwords: Vec::new(),
        keys: Vec::new(),
    })
}

fn with_credentials(tx: &ReadTx<'_>, mut found: ServicePrincipal) -> Result<ServicePrincipal> {
    found.passwords = password_credentials::list(tx, found.id.uuid())?;
    found.keys = key_credentials::list(tx, found.id.uuid())?;
    Ok(found)
}

/// A service principal, deleted or not.
pub(crate) fn load(
    tx: &ReadTx<'_>,
    id: Id<kind::ServicePrincipal>,
) -> Result<Option<ServicePrincipal>> {
    tx.query_one(GET, params![&tx.tenant(), &id], principal)
}

/// A service principal that isn't deleted.
pub fn get(tx: &ReadTx<'_>, id: Id<kind::ServicePrincipal>) -> Result<ServicePrincipal> {
    let found = load(tx, id)?.filter(|found| found.deleted_at.is_none());
    with_credentials(
        tx,
        found.ok_or_else(|| Error::not_found("servicePrincipal", id))?,
    )
}

/// The service principal of a client id, if there is one that isn't deleted.
pub fn find_by_app_id(tx: &ReadTx<'_>, app_id: Uuid) -> Result<Option<Arc<ServicePrincipal>>> {
    tx.remembered(app_id.as_bytes(), || {
        tx.query_one(GET_BY_APP_ID, params![&tx.tenant(), &app_id], principal)
    })
}

/// The service principal that has a name, which is its client id or an identifier URI.
pub fn find_by_name(tx: &ReadTx<'_>, name: &str) -> Result<Option<Arc<ServicePrincipal>>> {
    if let Some(app_id) = types::parse_uuid(name) {
        return find_by_app_id(tx, app_id);
    }
    let folded = fold(name);
    let mut pattern = String::from("%\u{1f}");
    for letter in folded.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push_str("\u{1f}%");
    let found = tx.query_one(GET_BY_NAME, params![&tx.tenant(), &pattern], principal)?;
    Ok(found.filter(|found| found.is_called(name)).map(Arc::new))
}

/// The service principal of a client id.
pub fn get_by_app_id(tx: &ReadTx<'_>, app_id: Uuid) -> Result<ServicePrincipal> {
    let found = find_by_app_id(tx, app_id)?;
    let found = found.ok_or_else(|| Error::not_found("servicePrincipal", app_id))?;
    with_credentials(tx, Arc::unwrap_or_clone(found))
}

/// The service principal of the Graph resource, as [`find_by_app_id`] finds it.
pub fn graph(tx: &ReadTx<'_>) -> Result<Arc<ServicePrincipal>> {
    let found = find_by_app_id(tx, GRAPH_APP_ID)?;
    found.ok_or_else(|| Error::not_found("servicePrincipal", GRAPH_APP_ID))
}

/// Whether there is such a service principal that isn't deleted.
pub fn exists(tx: &ReadTx<'_>, id: Id<kind::ServicePrincipal>) -> Result<bool> {
    Ok(tx.count(EXISTS, params![&tx.tenant(), &id])? > 0)
}

/// A page of the service principals that aren't deleted.
pub fn list(tx: &ReadTx<'_>, page: &Page<'_>) -> Result<Vec<ServicePrincipal>> {
    let found = LISTING.page(tx, &ALIVE, page, principal)?;
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
pub fn place(principal: &ServicePrincipal, order: Order) -> Place {
    order.place(&Ordered {
        id: principal.id.uuid(),
        display_name: principal.display_name(),
        user_principal_name: None,
        created_at: principal.created_at,
        deleted_at: principal.deleted_at,
    })
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let listed = list.and_then(Value::as_array).into_iter().flatten();
    let texts = listed.filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// Makes the service principal of an application of this tenant; the body names its `appId`.
pub fn create(tx: &mut Tx<'_>, properties: &Map<String, Value>) -> Result<ServicePrincipal> {
    create_of(tx, properties, None)
}

/// Makes the service principal that a body describes; its application may be one of another tenant.
pub fn create_of(
    tx: &mut Tx<'_>,
    properties: &Map<String, Value>,
    elsewhere: Option<&Elsewhere>,
) -> Result<ServicePrincipal> {
    let Some(text) = properties.get("appId").and_then(Value::as_str) else {
        return Err(Error::invalid(
            "appId",
            "A value is required for property 'appId' of resource 'ServicePrincipal'.",
        ));
    };
    let unknown = || {
        Error::invalid(
            "appId",
            format!(
                "The appId '{text}' of the service principal does not reference a valid application object."
            ),
        )
    };
    let app_id = types::parse_uuid(text).ok_or_else(unknown)?;
    if find_by_app_id(tx, app_id)?.is_some() {
        return Err(Error::AlreadyExists {
            property: "servicePrincipalNames",
        });
    }
    let elsewhere = elsewhere.filter(|it| it.application.app_id == app_id);
    let (mut document, home) = match (applications::describe(tx, app_id)?, elsewhere) {
        (Some(own), _) => (own.for_service_principal(), tx.tenant()),
        (None, Some(other)) => {
            let mut says = says_here(tx, other)?;
            // Whose application can't be looked at for it.
            if let Some(page) = other.application.home_page_url() {
                says.insert("homepage".into(), page.into());
            }
            (says, other.home)
        }
        (None, None) => return Err(unknown()),
    };
    let mut body = properties.clone();
    let enabled = body.shift_remove("accountEnabled");
    SERVICE_PRINCIPAL.apply(&mut document, &body, Purpose::Create)?;
    document.shift_remove("appId");
    if let Some(by) = applications::creator(tx) {
        document.insert("createdByAppId".into(), by);
    }
    let made = ServicePrincipal {
        id: Id::new(tx.new_uuid()),
        app_id,
        document,
        created_at: tx.now(),
        deleted_at: None,
        account_enabled: flag(enabled)?.unwrap_or(true),
        owner: Some(home.uuid()),
        passwords: Vec::new(),
        keys: Vec::new(),
    };
    refuse_taken_names(tx, &made)?;
    store(tx, &made, Op::Created, &[])?;
    audited::act(tx, "Add service principal", &made)?;
    Ok(made)
}

/// What another tenant's application says of itself here: without the names that are taken, since what
/// an API is called here by its own tenant comes first.
fn says_here(tx: &ReadTx<'_>, elsewhere: &Elsewhere) -> Result<Map<String, Value>> {
    let application = &elsewhere.application;
    let mut says = application.for_service_principal();
    let mut free = Vec::new();
    for name in texts(says.get("servicePrincipalNames")) {
        let other = find_by_name(tx, &name)?;
        let is_taken = other.is_some_and(|other| other.app_id != application.app_id)
            || applications::uri_is_taken(tx, &name, application.app_id)?;
        if !is_taken {
            free.push(name);
        }
    }
    says.shift_remove("servicePrincipalNames");
    if !free.is_empty() {
        says.insert("servicePrincipalNames".into(), json!(free));
    }
    Ok(says)
}

/// The service principal of another tenant's application: made if there is none, and brought up to
/// date with what the application says of itself.
pub fn take_over(tx: &mut Tx<'_>, elsewhere: &Elsewhere) -> Result<Arc<ServicePrincipal>> {
    if let Some(known) = catch_up(tx, elsewhere)? {
        return Ok(known);
    }
    let mut body = Map::new();
    body.insert("appId".into(), json!(elsewhere.application.app_id));
    create_of(tx, &body, Some(elsewhere)).map(Arc::new)
}

/// Brings the service principal of another tenant's application, if it is there, up to date with what
/// the application says of itself.
pub fn catch_up(tx: &mut Tx<'_>, elsewhere: &Elsewhere) -> Result<Option<Arc<ServicePrincipal>>> {
    let app_id = elsewhere.application.app_id;
    let Some(known) = find_by_app_id(tx, app_id)? else {
        return Ok(None);
    };
    if known.home() != Some(elsewhere.home) || !known.is_behind(&elsewhere.application) {
        return Ok(Some(known));
    }
    let is_called_otherwise =
        known.document.get("displayName") != known.document.get("appDisplayName");
    let says = says_here(tx, elsewhere)?;
    let changed = follow(tx, app_id, says, !is_called_otherwise)?;
    let now = get_by_app_id(tx, app_id)?;
    if !changed.is_empty() {
        audited::change(tx, "Update service principal", &*known, &now, &changed)?;
    }
    Ok(Some(Arc::new(now)))
}

/// A token's audience is found by name, so a name that another has would let this one stand in for
/// it.
fn refuse_taken_names(tx: &ReadTx<'_>, principal: &ServicePrincipal) -> Result<()> {
    for name in principal.names() {
        let other = find_by_name(tx, &name)?.filter(|other| other.id != principal.id);
        if other.is_some() || applications::uri_is_taken(tx, &name, principal.app_id)? {
            return Err(Error::AlreadyExists {
                property: "servicePrincipalNames",
            });
        }
    }
    Ok(())
}

fn flag(value: Option<Value>) -> Result<Option<bool>> {
    match value {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(flag)),
        Some(_) => Err(Error::invalid(
            "accountEnabled",
            "Invalid value specified for property 'accountEnabled' of resource 'ServicePrincipal': it has to be true or false.",
        )),
    }
}

/// Makes the service principal of the Graph resource in a new tenant.
pub(crate) fn create_graph(tx: &mut Tx<'_>) -> Result<()> {
    let mut document = Map::new();
    for (name, value) in [
        ("displayName", json!("Microsoft Graph")),
        ("appDisplayName", json!("Microsoft Graph")),
        ("signInAudience", json!("AzureADMultipleOrgs")),
        (
            "servicePrincipalNames",
            json!(["https://graph.microsoft.com"]),
        ),
    ] {
        document.insert(name.into(), value);
    }
    let made = ServicePrincipal {
        id: Id::new(tx.new_uuid()),
        app_id: GRAPH_APP_ID,
        document,
        created_at: tx.now(),
        deleted_at: None,
        account_enabled: true,
        owner: None,
        passwords: Vec::new(),
        keys: Vec::new(),
    };
    store(tx, &made, Op::Created, &[])
}

/// Writes the service principal of one of our own apps.
pub(crate) fn store_first_party(
    tx: &mut Tx<'_>,
    principal: &ServicePrincipal,
    op: Op,
) -> Result<()> {
    store(tx, principal, op, &["replyUrls"])?;
    let activity = match op {
        Op::Created => "Add service principal",
        _ => "Update service principal",
    };
    audited::act(tx, activity, principal)
}

/// Changes a service principal by a JSON patch object; answers whether that changed anything.
pub fn update(
    tx: &mut Tx<'_>,
    id: Id<kind::ServicePrincipal>,
    patch: &Map<String, Value>,
) -> Result<bool> {
    let old = get(tx, id)?;
    let mut principal = old.clone();
    let mut body = patch.clone();
    let enabled = flag(body.shift_remove("accountEnabled"))?;
    let mut changed = SERVICE_PRINCIPAL.apply(&mut principal.document, &body, Purpose::Update)?;
    if let Some(enabled) = enabled.filter(|enabled| *enabled != principal.account_enabled) {
        refuse_graph(&principal)?;
        principal.account_enabled = enabled;
        changed.push("accountEnabled");
    }
    if changed.is_empty() {
        return Ok(false);
    }
    if changed.contains(&"servicePrincipalNames") {
        refuse_taken_names(tx, &principal)?;
    }
    store(tx, &principal, Op::Updated, &changed)?;
    audited::change(tx, "Update service principal", &old, &principal, &changed)?;
    Ok(true)
}

fn refuse_graph(principal: &ServicePrincipal) -> Result<()> {
    if principal.app_id == GRAPH_APP_ID {
        return Err(Error::bad_request(
            "The service principal of Microsoft Graph can't be disabled or deleted.",
        ));
    }
    Ok(())
}

/// Carries what the application says of itself over to its service principal; answers what changed.
pub(crate) fn follow(
    tx: &mut Tx<'_>,
    app_id: Uuid,
    says: Map<String, Value>,
    renamed: bool,
) -> Result<Vec<&'static str>> {
    let Some(principal) = find_by_app_id(tx, app_id)? else {
        return Ok(Vec::new());
    };
    let mut principal = Arc::unwrap_or_clone(principal);
    let mut changed = Vec::new();
    for name in applications::FOLLOWED {
        if name == "displayName" && !renamed {
            continue;
        }
        if crate::schema::set(&mut principal.document, name, says.get(name).cloned()) {
            changed.push(name);
        }
    }
    if !changed.is_empty() {
        store(tx, &principal, Op::Updated, &changed)?;
    }
    Ok(changed)
}

fn store(tx: &mut Tx<'_>, principal: &ServicePrincipal, op: Op, changed: &[&str]) -> Result<()> {
    let tenant = tx.tenant();
    let doc = serde_json::to_string(&principal.document).map_err(Error::internal)?;
    let name = fold(principal.display_name());
    let names = folded_list(principal.names().iter().map(String::as_str));
    let tags = folded_json_list(principal.document.get("tags"));
    let mut values: Vec<Param<'_>> = vec![
        (&tenant).into(),
        (&principal.id).into(),
        (&doc).into(),
        principal.deleted_at.into(),
        principal.account_enabled.into(),
        (&name).into(),
        "application".into(),
        names.as_deref().into(),
        tags.as_deref().into(),
    ];
    let change = Change::new("servicePrincipal", principal.id.uuid(), op, changed);
    let mut recorded = tx.record(change)?;
    if op == Op::Created {
        values.push((&principal.app_id).into());
        values.push(principal.owner.as_ref().into());
        values.push(principal.created_at.into());
        recorded.execute(INSERT, &values)?;
    } else {
        recorded.execute(UPDATE, &values)?;
    }
    Ok(())
}

/// Deletes a service principal; it can be restored for 30 days.
pub fn delete(tx: &mut Tx<'_>, id: Id<kind::ServicePrincipal>) -> Result<()> {
    let principal = get(tx, id)?;
    let principal = mark_deleted(tx, principal)?;
    audited::act(tx, "Remove service principal", &principal)
}

/// Deletes a service principal that goes with its application.
pub(crate) fn mark_deleted(
    tx: &mut Tx<'_>,
    mut principal: ServicePrincipal,
) -> Result<ServicePrincipal> {
    refuse_graph(&principal)?;
    principal.deleted_at = Some(tx.now());
    store(tx, &principal, Op::Deleted, &[])?;
    Ok(principal)
}

/// A page of the deleted service principals.
pub fn list_deleted(tx: &ReadTx<'_>, page: &Page<'_>) -> Result<Vec<ServicePrincipal>> {
    DELETED_LISTING.page(tx, &DELETED, page, principal)
}

/// How many deleted service principals there are, or for how many a filter is true.
pub fn count_deleted(
    tx: &ReadTx<'_>,
    filter: Option<&query::Filter>,
    advanced: bool,
) -> Result<u64> {
    DELETED_LISTING.count(tx, &DELETED, filter, advanced)
}

/// A deleted service principal.
pub fn get_deleted(tx: &ReadTx<'_>, id: Id<kind::ServicePrincipal>) -> Result<ServicePrincipal> {
    load(tx, id)?
        .filter(|found| found.deleted_at.is_some())
        .ok_or_else(|| Error::not_found("servicePrincipal", id))
}

/// The service principal that went with its application, at the same instant.
pub(crate) fn deleted_with(
    tx: &ReadTx<'_>,
    app_id: Uuid,
    at: Timestamp,
) -> Result<Option<ServicePrincipal>> {
    tx.query_one(DELETED_WITH, params![&tx.tenant(), &app_id, at], principal)
}

/// Brings a deleted service principal back with its id, if its application is there.
pub fn restore(tx: &mut Tx<'_>, id: Id<kind::ServicePrincipal>) -> Result<ServicePrincipal> {
    let principal = get_deleted(tx, id)?;
    // That of another tenant's application is this tenant's own; what it is good for shows when it is
    // used.
    let is_of_here = principal.home().is_none_or(|home| home == tx.tenant());
    if is_of_here && applications::find_by_app_id(tx, principal.app_id)?.is_none() {
        return Err(Error::conflict(
            "The application of this service principal is deleted. Restore the application instead.",
        ));
    }
    let principal = mark_restored(tx, principal)?;
    audited::act(tx, "Restore service principal", &principal)?;
    Ok(principal)
}

/// Brings back a service principal that comes with its application.
pub(crate) fn mark_restored(
    tx: &mut Tx<'_>,
    mut principal: ServicePrincipal,
) -> Result<ServicePrincipal> {
    if find_by_app_id(tx, principal.app_id)?.is_some() {
        return Err(Error::AlreadyExists {
            property: "servicePrincipalNames",
        });
    }
    principal.deleted_at = None;
    refuse_taken_names(tx, &principal)?;
    store(tx, &principal, Op::Restored, &[])?;
    Ok(principal)
}

/// Deletes a deleted service principal for good, and its role assignments, secrets and certificates
/// with it.
pub fn purge(tx: &mut Tx<'_>, id: Id<kind::ServicePrincipal>) -> Result<()> {
    let principal = get_deleted(tx, id)?;
    let tenant = tx.tenant();
    references::drop_all(tx, id.uuid())?;
    let mut recorded = tx.record(Change::new("servicePrincipal", id.uuid(), Op::Purged, &[]))?;
    password_credentials::forget(&mut recorded, tenant, id.uuid())?;
    key_credentials::forget(&mut recorded, tenant, id.uuid())?;
    recorded.execute(DELETE, params![&tenant, &id])?;
    audited::act(tx, "Hard delete service principal", &principal)
}

/// Purges those that were deleted before an instant, so many at most; answers how many.
pub fn purge_expired(tx: &mut Tx<'_>, deleted_before: Timestamp, limit: usize) -> Result<usize> {
    let ids: Vec<Id<kind::ServicePrincipal>> = tx.query(
        EXPIRED,
        params![&tx.tenant(), deleted_before, limit],
        |row| row.id(0),
    )?;
    for id in &ids {
        purge(tx, *id)?;
    }
    Ok(ids.len())
}
