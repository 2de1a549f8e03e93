//! The tenant itself: its organization object, and what a new tenant begins with.
//!
//! Source: the `organization` resource of Microsoft Graph.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Tx, params};
use types::{DomainName, Error, Result, Timestamp};

use crate::audited;
use crate::domains::{self, Domain};
use crate::schema::{Purpose, Shape, Type, is_mail, read, write};
use crate::service_principals;

const GET: &str = "SELECT doc, created_at FROM tenant_profile WHERE tenant_id = ?1";
const INSERT: &str = "INSERT INTO tenant_profile (tenant_id, doc, created_at) VALUES (?1, ?2, ?3)";
const UPDATE: &str = "UPDATE tenant_profile SET doc = ?2 WHERE tenant_id = ?1";

static PRIVACY_PROFILE: Type = Type {
    name: "privacyProfile",
    properties: &[
        write("contactEmail", Shape::Text(320)),
        write("statementUrl", Shape::Text(2_048)),
    ],
};

static ORGANIZATION: Type = Type {
    name: "organization",
    properties: &[
        read("id", Shape::Guid).shown(),
        read("deletedDateTime", Shape::Made).shown(),
        read("assignedPlans", Shape::MadeList).shown(),
        write("businessPhones", Shape::TextList(1, 64)).shown(),
        write("city", Shape::Text(128)).shown(),
        write("country", Shape::Text(128)).shown(),
        write("countryLetterCode", Shape::Text(2)).shown(),
        read("createdDateTime", Shape::DateTime).shown(),
        write("defaultUsageLocation", Shape::Text(2)).shown(),
        write("displayName", Shape::Name(256)).shown(),
        write("marketingNotificationEmails", Shape::TextList(20, 320)).shown(),
        read("mobileDeviceManagementAuthority", Shape::Made),
        read("onPremisesLastSyncDateTime", Shape::Made).shown(),
        read("onPremisesSyncEnabled", Shape::Made).shown(),
        read("partnerTenantType", Shape::Made).shown(),
        write("postalCode", Shape::Text(40)).shown(),
        write("preferredLanguage", Shape::Text(64)).shown(),
        write("privacyProfile", Shape::Object(&PRIVACY_PROFILE)).shown(),
        read("provisionedPlans", Shape::MadeList).shown(),
        write(
            "securityComplianceNotificationMails",
            Shape::TextList(20, 320),
        )
        .shown(),
        write(
            "securityComplianceNotificationPhones",
            Shape::TextList(20, 64),
        )
        .shown(),
        write("state", Shape::Text(128)).shown(),
        write("street", Shape::Text(1_024)).shown(),
        write("technicalNotificationMails", Shape::TextList(20, 320)).shown(),
        read("tenantType", Shape::Made).shown(),
        read("verifiedDomains", Shape::MadeList).shown(),
    ],
};

/// The tenant as Graph's `organization`.
#[derive(Debug, Clone)]
pub struct Organization {
    pub(crate) id: types::TenantId,
    pub(crate) document: Map<String, Value>,
    /// When the tenant was made.
    pub created_at: Timestamp,
    domains: Vec<Domain>,
}

impl Organization {
    /// The tenant's name.
    pub fn display_name(&self) -> &str {
        self.document
            .get("displayName")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// One of its texts.
    pub fn text(&self, name: &str) -> Option<&str> {
        let text = self.document.get(name)?.as_str()?;
        (!text.is_empty()).then_some(text)
    }

    /// Whether a domain is the tenant's, and proven to be.
    pub fn has_verified_domain(&self, domain: &str) -> bool {
        let mut domains = self.domains.iter();
        domains.any(|own| own.is_verified && own.name == domain)
    }
}

/// Makes what every tenant has from its beginning: the organization object, the initial domain, and
/// the service principal of Graph itself, on which applications get their roles.
pub fn initialize(tx: &mut Tx<'_>, name: &str, initial_domain: &DomainName) -> Result<()> {
    let body = Map::from_iter([("displayName".to_owned(), name.into())]);
    let mut document = Map::new();
    ORGANIZATION.apply(&mut document, &body, Purpose::Create)?;
    let (tenant, now) = (tx.tenant(), tx.now());
    let doc = serde_json::to_string(&document).map_err(Error::internal)?;
    tx.record(Change::new("organization", tenant.uuid(), Op::Created, &[]))?
        .execute(INSERT, params![&tenant, &doc, now])?;
    domains::add_initial(tx, initial_domain)?;
    service_principals::create_graph(tx)
}

/// The organization object.
pub fn get(tx: &ReadTx<'_>) -> Result<Arc<Organization>> {
    let found = tx.remembered(b"", || load(tx).map(Some))?;
    found.ok_or_else(|| Error::internal("the tenant has no organization object"))
}

fn load(tx: &ReadTx<'_>) -> Result<Organization> {
    let (document, created_at) = tx
        .query_one(GET, params![&tx.tenant()], |row| {
            let document = serde_json::from_str(row.text(0)?).map_err(Error::internal)?;
            Ok((document, row.timestamp(1)?))
        })?
        .ok_or_else(|| Error::internal("the tenant has no organization object"))?;
    Ok(Organization {
        id: tx.tenant(),
        document,
        created_at,
        domains: domains::list(tx)?,
    })
}

/// The tenant's name.
pub fn display_name(tx: &ReadTx<'_>) -> Result<String> {
    Ok(get(tx)?.display_name().to_owned())
}

/// The domain that the tenant was made with.
pub fn initial_domain(tx: &ReadTx<'_>) -> Result<String> {
    domains::initial(tx)
}

/// The domain that names get where nobody says otherwise.
pub fn default_domain(tx: &ReadTx<'_>) -> Result<String> {
    let domains = domains::list(tx)?;
    let default = domains.into_iter().find(|domain| domain.is_default);
    default.map_or_else(|| domains::initial(tx), |domain| Ok(domain.name))
}

/// The domains that users may have names in.
pub fn verified_domains(tx: &ReadTx<'_>) -> Result<Vec<String>> {
    let verified = domains::list(tx)?
        .into_iter()
        .filter(|domain| domain.is_verified);
    Ok(verified.map(|domain| domain.name).collect())
}

/// Shows the organization object.
pub fn project(
    organization: &Organization,
    select: Option<&[String]>,
) -> Result<Map<String, Value>> {
    ORGANIZATION.project(select, |name| {
        Some(match name {
            "id" => json!(organization.id),
            "createdDateTime" => json!(organization.created_at),
            "mobileDeviceManagementAuthority" => "unknown".into(),
            "tenantType" => "AAD".into(),
            "verifiedDomains" => organization
                .domains
                .iter()
                .filter(|domain| domain.is_verified)
                .map(|domain| {
                    json!({
                        "capabilities": domain.supported_services.join(", "),
                        "isDefault": domain.is_default,
                        "isInitial": domain.is_initial,
                        "name": domain.name,
                        "type": "Managed",
                    })
                })
                .collect(),
            _ => organization.document.get(name)?.clone(),
        })
    })
}

/// Changes the organization object by a JSON patch object.
pub fn update(tx: &mut Tx<'_>, patch: &Map<String, Value>) -> Result<bool> {
    let old = get(tx)?;
    let mut new = Organization::clone(&old);
    let changed = ORGANIZATION.apply(&mut new.document, patch, Purpose::Update)?;
    if changed.is_empty() {
        return Ok(false);
    }
    for name in changed.iter().filter(|name| name.ends_with("ails")) {
        let mails = new.document.get(*name).and_then(Value::as_array);
        let mut mails = mails.into_iter().flatten();
        if !mails.all(|mail| mail.as_str().is_some_and(is_mail)) {
            return Err(Error::invalid(
                *name,
                format!("Property '{name}' takes mail addresses."),
            ));
        }
    }
    let tenant = tx.tenant();
    let doc = serde_json::to_string(&new.document).map_err(Error::internal)?;
    tx.record(Change::new(
        "organization",
        tenant.uuid(),
        Op::Updated,
        &changed,
    ))?
    .execute(UPDATE, params![&tenant, &doc])?;
    audited::change(tx, "Set Company Information", &*old, &new, &changed)?;
    Ok(true)
}
