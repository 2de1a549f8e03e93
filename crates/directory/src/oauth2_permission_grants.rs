//! Delegated permission grants: what a client may do on a resource in the name of one person, or of
//! everybody.
//!
//! A grant is known by its client, its resource and its principal, and its id says these three.
//!
//! Source: the `oAuth2PermissionGrant` resource (Microsoft Graph).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use query::{Entity, Operators, Property, PropertyKind};
use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Id, Result, kind};
use uuid::Uuid;

use crate::schema::{Purpose, Shape, Type, read, write};
use crate::{audited, service_principals, users};

const SCOPE_MAX: usize = 8_192;
const ALL: &str = "AllPrincipals";

const LIST: &str = "SELECT client_id, resource_id, principal_id, scope \
    FROM oauth2_permission_grants WHERE tenant_id = ?1 \
    AND (client_id, resource_id, principal_id) > (?2, ?3, ?4) \
    ORDER BY client_id, resource_id, principal_id LIMIT ?5";
const OF_CLIENT: &str = "SELECT client_id, resource_id, principal_id, scope \
    FROM oauth2_permission_grants WHERE tenant_id = ?1 AND client_id = ?6 \
    AND (client_id, resource_id, principal_id) > (?2, ?3, ?4) \
    ORDER BY client_id, resource_id, principal_id LIMIT ?5";
const OF_PRINCIPAL: &str = "SELECT client_id, resource_id, principal_id, scope \
    FROM oauth2_permission_grants WHERE tenant_id = ?1 AND principal_id = ?6 \
    AND (client_id, resource_id, principal_id) > (?2, ?3, ?4) \
    ORDER BY client_id, resource_id, principal_id LIMIT ?5";
const GET: &str = "SELECT client_id, resource_id, principal_id, scope \
    FROM oauth2_permission_grants WHERE tenant_id = ?1 AND client_id = ?2 AND resource_id = ?3 \
    AND principal_id = ?4";
const INSERT: &str = "INSERT INTO oauth2_permission_grants (tenant_id, client_id, resource_id, \
    principal_id, scope) VALUES (?1, ?2, ?3, ?4, ?5)";
const UPDATE: &str = "UPDATE oauth2_permission_grants SET scope = ?5 WHERE tenant_id = ?1 \
    AND client_id = ?2 AND resource_id = ?3 AND principal_id = ?4";
const DELETE: &str = "DELETE FROM oauth2_permission_grants WHERE tenant_id = ?1 \
    AND client_id = ?2 AND resource_id = ?3 AND principal_id = ?4";
const NAMING: &str = "SELECT client_id, resource_id, principal_id, scope \
    FROM oauth2_permission_grants WHERE tenant_id = ?1 \
    AND (client_id = ?2 OR resource_id = ?2 OR principal_id = ?2)";

static OAUTH2_PERMISSION_GRANT: Type = Type {
    name: "oAuth2PermissionGrant",
    properties: &[
        read("id", Shape::Made).shown(),
        write("clientId", Shape::Guid).fixed().shown(),
        write("consentType", Shape::Choice(&[ALL, "Principal"]))
            .fixed()
            .shown(),
        write("principalId", Shape::Guid).fixed().shown(),
        write("resourceId", Shape::Guid).fixed().shown(),
        write("scope", Shape::Text(SCOPE_MAX)).shown(),
    ],
};

/// How grants are filtered. Their ids are texts in Graph.
static ENTITY: Entity = Entity {
    name: "oAuth2PermissionGrant",
    properties: &[
        text("clientId", "g.client_id"),
        text("consentType", "g.consent_type"),
        text("principalId", "g.principal_id"),
        text("resourceId", "g.resource_id"),
        text("scope", "g.scope"),
    ],
};

const fn text(name: &'static str, column: &'static str) -> Property {
    Property::new(name, PropertyKind::Text, column, Operators::EXACT)
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who may.
    pub client: Id<kind::ServicePrincipal>,
    /// On which API.
    pub resource: Id<kind::ServicePrincipal>,
    /// In whose name; everybody's if absent.
    pub principal: Option<Id<kind::User>>,
    /// What, with spaces between.
    pub scope: String,
}

/// Which grants.
#[derive(Debug, Clone, Copy)]
pub enum Of {
    /// All of the tenant.
    Tenant,
    /// Those of a client.
    Client(Id<kind::ServicePrincipal>),
    /// Those of one person.
    Principal(Id<kind::User>),
}

/// Where a page of grants ended.
pub type Place = (Uuid, Uuid, Uuid);

impl Grant {
    /// Where a page that ends with this one ended.
    pub fn place(&self) -> Place {
        let principal = self.principal.map_or(Uuid::nil(), Id::uuid);
        (self.client.uuid(), self.resource.uuid(), principal)
    }

    /// Its id: client, resource and, of one person's, the principal.
    pub fn id(&self) -> String {
        let (client, resource, principal) = self.place();
        let mut bytes = [client.to_bytes_le(), resource.to_bytes_le()].concat();
        if self.principal.is_some() {
            bytes.extend_from_slice(&principal.to_bytes_le());
        }
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }
}

fn parse_id(id: &str) -> Option<Place> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(id).ok()?;
    let (parts, []) = bytes.as_chunks::<16>() else {
        return None;
    };
    match parts {
        [client, resource] => Some((
            Uuid::from_bytes_le(*client),
            Uuid::from_bytes_le(*resource),
            Uuid::nil(),
        )),
        [client, resource, principal] => {
            let principal = Uuid::from_bytes_le(*principal);
            let place = (
                Uuid::from_bytes_le(*client),
                Uuid::from_bytes_le(*resource),
                principal,
            );
            (!principal.is_nil()).then_some(place)
        }
        _ => None,
    }
}

fn grant(row: &Row<'_>) -> Result<Grant> {
    let principal = row.uuid(2)?;
    Ok(Grant {
        client: row.id(0)?,
        resource: row.id(1)?,
        principal: (!principal.is_nil()).then(|| Id::new(principal)),
        scope: row.string(3)?,
    })
}

/// Shows a grant.
pub fn project(grant: &Grant, select: Option<&[String]>) -> Result<Map<String, Value>> {
    OAUTH2_PERMISSION_GRANT.project(select, |name| {
        Some(match name {
            "id" => grant.id().into(),
            "clientId" => json!(grant.client),
            "consentType" if grant.principal.is_some() => "Principal".into(),
            "consentType" => ALL.into(),
            "principalId" => json!(grant.principal?),
            "resourceId" => json!(grant.resource),
            _ => grant.scope.as_str().into(),
        })
    })
}

/// What grants can be filtered by.
pub fn entity() -> &'static Entity {
    &ENTITY
}

/// Grants in the order of their client, resource and principal, behind `after`.
pub fn list(tx: &ReadTx<'_>, of: Of, after: Option<Place>, limit: usize) -> Result<Vec<Grant>> {
    let (client, resource, principal) = after.unwrap_or_default();
    let tenant = tx.tenant();
    match of {
        Of::Tenant => tx.query(
            LIST,
            params![&tenant, &client, &resource, &principal, limit],
            grant,
        ),
        Of::Client(id) => tx.query(
            OF_CLIENT,
            params![&tenant, &client, &resource, &principal, limit, &id],
            grant,
        ),
        Of::Principal(id) => tx.query(
            OF_PRINCIPAL,
            params![&tenant, &client, &resource, &principal, limit, &id],
            grant,
        ),
    }
}

fn find(tx: &ReadTx<'_>, (client, resource, principal): Place) -> Result<Option<Grant>> {
    tx.query_one(
        GET,
        params![&tx.tenant(), &client, &resource, &principal],
        grant,
    )
}

/// The grant of an id.
pub fn get(tx: &ReadTx<'_>, id: &str) -> Result<Grant> {
    let found = match parse_id(id) {
        Some(place) => find(tx, place)?,
        None => None,
    };
    found.ok_or_else(|| Error::not_found("oAuth2PermissionGrant", id))
}

fn required(name: &'static str) -> Error {
    Error::invalid(
        name,
        format!("A value is required for property '{name}' of resource 'OAuth2PermissionGrant'."),
    )
}

/// The words of a scope, each once, with one space between.
fn normal(scope: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in scope.split_whitespace() {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" ")
}

/// Makes a grant. `Conflict` if the three have one already.
pub fn create(tx: &mut Tx<'_>, body: &Map<String, Value>) -> Result<Grant> {
    let mut checked = Map::new();
    OAUTH2_PERMISSION_GRANT.apply(&mut checked, body, Purpose::Create)?;
    let text = |name: &str| checked.get(name).and_then(Value::as_str);
    let guid = |name| text(name).and_then(types::parse_uuid);
    let consent = text("consentType").ok_or_else(|| required("consentType"))?;
    let principal = guid("principalId").map(Id::<kind::User>::new);
    match (consent == ALL, principal) {
        (true, Some(_)) => {
            return Err(Error::invalid(
                "principalId",
                "The property 'principalId' has to be null where 'consentType' is AllPrincipals.",
            ));
        }
        (false, None) => return Err(required("principalId")),
        _ => {}
    }
    let made = Grant {
        client: Id::new(guid("clientId").ok_or_else(|| required("clientId"))?),
        resource: Id::new(guid("resourceId").ok_or_else(|| required("resourceId"))?),
        principal,
        scope: normal(text("scope").unwrap_or_default()),
    };
    for id in [made.client, made.resource] {
        if !service_principals::exists(tx, id)? {
            return Err(Error::not_found("servicePrincipal", id));
        }
    }
    if let Some(id) = made.principal
        && !users::exists(tx, id)?
    {
        return Err(Error::not_found("user", id));
    }
    let place = made.place();
    if find(tx, place)?.is_some() {
        return Err(Error::conflict("Permission entry already exists."));
    }
    let tenant = tx.tenant();
    record(tx, &made, Op::Created)?.execute(
        INSERT,
        params![&tenant, &place.0, &place.1, &place.2, &made.scope],
    )?;
    audited::grant(
        tx,
        "Add delegated permission grant",
        &made,
        None,
        Some(&made.scope),
    )?;
    Ok(made)
}

/// What a client is allowed on a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    /// In everybody's name.
    pub for_all: Vec<String>,
    /// In the name of one person, who has said so.
    pub own: Vec<String>,
}

impl Allowed {
    /// All of it.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.for_all.iter().chain(&self.own).map(String::as_str)
    }
}

/// What a client is allowed in everybody's name, or in one person's.
struct Words(Vec<String>);

/// What a client is allowed on a resource in the name of one person, by himself or for everybody.
pub fn allowed(
    tx: &ReadTx<'_>,
    client: Id<kind::ServicePrincipal>,
    resource: Id<kind::ServicePrincipal>,
    principal: Id<kind::User>,
) -> Result<Allowed> {
    let words = |of: Uuid| -> Result<Vec<String>> {
        let key = [*client.bytes(), *resource.bytes(), *of.as_bytes()].concat();
        let kept = tx.remembered(&key, || {
            let found = find(tx, (client.uuid(), resource.uuid(), of))?;
            let scope = found.map(|found| found.scope).unwrap_or_default();
            let words = scope.split_whitespace().map(str::to_owned);
            Ok(Some(Words(words.collect())))
        })?;
        Ok(kept.map(|kept| kept.0.clone()).unwrap_or_default())
    };
    Ok(Allowed {
        for_all: words(Uuid::nil())?,
        own: words(principal.uuid())?,
    })
}

/// Lets a client do more on a resource, in the name of one person or of everybody.
pub fn allow(
    tx: &mut Tx<'_>,
    client: Id<kind::ServicePrincipal>,
    resource: Id<kind::ServicePrincipal>,
    principal: Option<Id<kind::User>>,
    scopes: &[String],
) -> Result<()> {
    let asked = Grant {
        client,
        resource,
        principal,
        scope: normal(&scopes.join(" ")),
    };
    let mut body = Map::new();
    if let Some(old) = find(tx, asked.place())? {
        let scope = normal(&format!("{} {}", old.scope, asked.scope));
        body.insert("scope".into(), scope.into());
        return update(tx, &old.id(), &body);
    }
    let consent = if principal.is_some() {
        "Principal"
    } else {
        ALL
    };
    for (name, value) in [
        ("clientId", json!(client)),
        ("consentType", consent.into()),
        ("principalId", json!(principal)),
        ("resourceId", json!(resource)),
        ("scope", asked.scope.into()),
    ] {
        body.insert(name.into(), value);
    }
    create(tx, &body).map(drop)
}

fn record<'t, 'c>(tx: &'t mut Tx<'c>, grant: &Grant, op: Op) -> Result<store::Recorded<'t, 'c>> {
    let (client, resource, _) = grant.place();
    tx.record(Change::relation(
        "oauth2PermissionGrant",
        client,
        resource,
        op,
    ))
}

/// Changes what a grant allows.
pub fn update(tx: &mut Tx<'_>, id: &str, patch: &Map<String, Value>) -> Result<()> {
    let old = get(tx, id)?;
    let mut checked = Map::new();
    OAUTH2_PERMISSION_GRANT.apply(&mut checked, patch, Purpose::Update)?;
    if !patch.contains_key("scope") {
        return Ok(());
    }
    let scope = normal(
        checked
            .get("scope")
            .and_then(Value::as_str)
            .unwrap_or_default(),
    );
    if scope == old.scope {
        return Ok(());
    }
    let (tenant, place) = (tx.tenant(), old.place());
    record(tx, &old, Op::Updated)?.execute(
        UPDATE,
        params![&tenant, &place.0, &place.1, &place.2, &scope],
    )?;
    let activity = "Update delegated permission grant";
    audited::grant(tx, activity, &old, Some(&old.scope), Some(&scope))
}

/// Takes a grant back.
pub fn remove(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    let old = get(tx, id)?;
    delete(tx, &old)?;
    let activity = "Remove delegated permission grant";
    audited::grant(tx, activity, &old, Some(&old.scope), None)
}

fn delete(tx: &mut Tx<'_>, old: &Grant) -> Result<()> {
    let (tenant, place) = (tx.tenant(), old.place());
    record(tx, old, Op::Deleted)?
        .execute(DELETE, params![&tenant, &place.0, &place.1, &place.2])?;
    Ok(())
}

/// Drops the grants that name an object that is gone for good.
pub(crate) fn drop_all(tx: &mut Tx<'_>, object: Uuid) -> Result<()> {
    let naming = tx.query(NAMING, params![&tx.tenant(), &object], grant)?;
    naming.iter().try_for_each(|found| delete(tx, found))
}
