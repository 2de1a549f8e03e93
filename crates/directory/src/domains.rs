//! The tenant's domains. The initial one is there from the beginning, verified, and stays; one
//! domain is the default; only verified ones give names to users.
//!
//! Which tenant of a deployment a domain belongs to is the registry's to say, before it is added.
//!
//! Source: the `domain` resource of Microsoft Graph.

use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{DomainName, Error, Result, Timestamp};
use uuid::Uuid;

use crate::schema::{Purpose, Shape, Type, read, write};
use crate::{audited, domain_references};

const LIST: &str = "SELECT name, feed_id, is_default, is_initial, is_verified, \
    supported_services, verification, created_at FROM domains WHERE tenant_id = ?1 ORDER BY name";
const GET: &str = "SELECT name, feed_id, is_default, is_initial, is_verified, \
    supported_services, verification, created_at FROM domains WHERE tenant_id = ?1 AND name = ?2";
const INITIAL: &str = "SELECT name FROM domains WHERE tenant_id = ?1 AND is_initial = 1";
const VERIFIED: &str =
    "SELECT count(*) FROM domains WHERE tenant_id = ?1 AND name = ?2 AND is_verified = 1";
const INSERT: &str = "INSERT INTO domains (tenant_id, name, feed_id, is_default, is_initial, \
    is_verified, supported_services, verification, created_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const UPDATE: &str = "UPDATE domains SET is_default = ?3, is_verified = ?4, \
    supported_services = ?5 WHERE tenant_id = ?1 AND name = ?2";
const DELETE: &str = "DELETE FROM domains WHERE tenant_id = ?1 AND name = ?2";

/// The least that a mail exchange can have, so that no mail goes there.
const MX_PREFERENCE: u16 = 32_767;

static DOMAIN: Type = Type {
    name: "domain",
    properties: &[
        read("authenticationType", Shape::Made).shown(),
        read("availabilityStatus", Shape::Made).shown(),
        write("id", Shape::Name(253)).fixed().shown(),
        read("isAdminManaged", Shape::Bool).shown(),
        write("isDefault", Shape::Bool).shown(),
        read("isInitial", Shape::Bool).shown(),
        read("isRoot", Shape::Bool).shown(),
        read("isVerified", Shape::Bool).shown(),
        read("manufacturer", Shape::Made),
        read("model", Shape::Made),
        read("passwordNotificationWindowInDays", Shape::Integer).shown(),
        read("passwordValidityPeriodInDays", Shape::Integer).shown(),
        read("state", Shape::Made).shown(),
        write("supportedServices", Shape::TextList(16, 64)).shown(),
    ],
};

/// A domain of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Its name, in lower case.
    pub name: String,
    pub(crate) feed_id: Uuid,
    /// Whether new names get it where nobody says otherwise.
    pub is_default: bool,
    /// Whether the tenant was made with it.
    pub is_initial: bool,
    /// Whether the tenant has proven that it is its own.
    pub is_verified: bool,
    /// What it is used for, in Graph's words.
    pub supported_services: Vec<String>,
    /// The text that a TXT record has to hold for the proof.
    pub verification: String,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Domain {
    /// What is stored of a property.
    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        Some(match name {
            "id" => self.name.as_str().into(),
            "isDefault" => self.is_default.into(),
            "isInitial" => self.is_initial.into(),
            "isVerified" => self.is_verified.into(),
            "supportedServices" => json!(self.supported_services),
            _ => return None,
        })
    }
}

fn domain(row: &Row<'_>) -> Result<Domain> {
    Ok(Domain {
        name: row.string(0)?,
        feed_id: row.uuid(1)?,
        is_default: row.bool(2)?,
        is_initial: row.bool(3)?,
        is_verified: row.bool(4)?,
        supported_services: serde_json::from_str(row.text(5)?).map_err(Error::internal)?,
        verification: row.string(6)?,
        created_at: row.timestamp(7)?,
    })
}

/// All domains, by name.
pub fn list(tx: &ReadTx<'_>) -> Result<Vec<Domain>> {
    tx.query(LIST, params![&tx.tenant()], domain)
}

/// One domain, in any case.
pub fn get(tx: &ReadTx<'_>, name: &str) -> Result<Domain> {
    tx.query_one(
        GET,
        params![&tx.tenant(), &name.to_ascii_lowercase()],
        domain,
    )?
    .ok_or_else(|| Error::not_found("domain", name))
}

/// What was asked in this transaction, which may make many users.
#[derive(Default)]
struct Known {
    initial: Option<String>,
    verified: Option<String>,
}

/// The name of the initial domain.
pub(crate) fn initial(tx: &ReadTx<'_>) -> Result<String> {
    if let Some(known) = tx.known(|known: &mut Known| known.initial.clone()) {
        return Ok(known);
    }
    let initial = tx
        .query_one(INITIAL, params![&tx.tenant()], |row| row.string(0))?
        .ok_or_else(|| Error::internal("the tenant has no initial domain"))?;
    tx.known(|known: &mut Known| known.initial = Some(initial.clone()));
    Ok(initial)
}

/// Whether users may have names in a (folded) domain.
pub(crate) fn is_verified(tx: &ReadTx<'_>, name: &str) -> Result<bool> {
    if tx.known(|known: &mut Known| known.verified.as_deref() == Some(name)) {
        return Ok(true);
    }
    let is_verified = tx.count(VERIFIED, params![&tx.tenant(), name])? > 0;
    if is_verified {
        tx.known(|known: &mut Known| known.verified = Some(name.to_owned()));
    }
    Ok(is_verified)
}

/// Shows a domain; `all` are the domains of the tenant, among which it may be a subdomain.
pub fn project(
    domain: &Domain,
    all: &[Domain],
    select: Option<&[String]>,
) -> Result<Map<String, Value>> {
    DOMAIN.project(select, |name| {
        Some(match name {
            "authenticationType" => "Managed".into(),
            "isAdminManaged" => true.into(),
            "isRoot" => (!all.iter().any(|other| is_below(&domain.name, &other.name))).into(),
            _ => return domain.value(name),
        })
    })
}

/// The DNS records of which one proves that a domain is the tenant's; none once that is done.
pub fn verification_records(domain: &Domain) -> Vec<Value> {
    if domain.is_verified {
        return Vec::new();
    }
    vec![
        json!({
            "@odata.type": "#microsoft.graph.domainDnsTxtRecord",
            "id": domain.feed_id,
            "isOptional": false,
            "label": domain.name,
            "recordType": "Txt",
            "supportedService": "Email",
            "ttl": 3_600,
            "text": domain.verification,
        }),
        json!({
            "@odata.type": "#microsoft.graph.domainDnsMxRecord",
            "id": other_record(domain.feed_id),
            "isOptional": false,
            "label": domain.name,
            "recordType": "Mx",
            "supportedService": "Email",
            "ttl": 3_600,
            "mailExchange": proving_exchange(domain),
            "preference": MX_PREFERENCE,
        }),
    ]
}

/// Whether what is published at a domain has one of its [`verification_records`]; exchanges come in
/// lower case.
pub fn is_proof(domain: &Domain, texts: &[String], exchanges: &[String]) -> bool {
    let is_text = |text: &String| text.trim().eq_ignore_ascii_case(&domain.verification);
    texts.iter().any(is_text) || exchanges.contains(&proving_exchange(domain))
}

/// Whether a domain above this one is proven: that is a proof of this one too. The initial domain
/// vouches for none, since it is the operator's word for itself alone.
pub fn is_vouched_for(tx: &ReadTx<'_>, domain: &Domain) -> Result<bool> {
    let all = list(tx)?;
    let vouches = |other: &Domain| {
        other.is_verified && !other.is_initial && is_below(&domain.name, &other.name)
    };
    Ok(all.iter().any(vouches))
}

/// The mail exchange that proves a domain.
fn proving_exchange(domain: &Domain) -> String {
    let word = domain.verification.trim_start_matches("MS=");
    format!("{word}.msv1.invalid")
}

/// The id of the second record.
fn other_record(first: Uuid) -> Uuid {
    Uuid::from_u128(first.as_u128() ^ 1)
}

fn is_below(name: &str, other: &str) -> bool {
    name.strip_suffix(other)
        .is_some_and(|rest| rest.ends_with('.'))
}

/// Adds a domain; it gives no names before it is verified.
pub fn add(tx: &mut Tx<'_>, name: &DomainName) -> Result<Domain> {
    if tx
        .query_one(GET, params![&tx.tenant(), name.as_str()], domain)?
        .is_some()
    {
        return Err(Error::AlreadyExists { property: "id" });
    }
    let number = u32::from_be_bytes(tx.random_bytes());
    let added = Domain {
        name: name.to_string(),
        feed_id: tx.new_uuid(),
        is_default: false,
        is_initial: false,
        is_verified: false,
        supported_services: Vec::new(),
        verification: format!("MS=ms{:08}", number % 100_000_000),
        created_at: tx.now(),
    };
    insert(tx, &added)?;
    audited::act(tx, "Add unverified domain", &added)?;
    Ok(added)
}

/// Reads a domain that a body asks for: its name.
pub fn parse_new(body: &Map<String, Value>) -> Result<DomainName> {
    DOMAIN.apply(&mut Map::new(), body, Purpose::Create)?;
    match body {
        body if body.len() > 1 => Err(Error::bad_request(
            "A new domain has an id and nothing else. Update it once it is verified.",
        )),
        body => DomainName::parse(body.get("id").and_then(Value::as_str).unwrap_or_default()),
    }
}

/// Makes the initial domain of a new tenant.
pub(crate) fn add_initial(tx: &mut Tx<'_>, name: &DomainName) -> Result<()> {
    let initial = Domain {
        name: name.to_string(),
        feed_id: tx.new_uuid(),
        is_default: true,
        is_initial: true,
        is_verified: true,
        supported_services: ["Email", "OfficeCommunicationsOnline"]
            .map(str::to_owned)
            .into(),
        verification: String::new(),
        created_at: tx.now(),
    };
    insert(tx, &initial)
}

fn insert(tx: &mut Tx<'_>, new: &Domain) -> Result<()> {
    let tenant = tx.tenant();
    tx.forget::<Known>();
    let services = json!(new.supported_services).to_string();
    tx.record(Change::new("domain", new.feed_id, Op::Created, &[]))?
        .execute(
            INSERT,
            params![
                &tenant,
                &new.name,
                &new.feed_id,
                new.is_default,
                new.is_initial,
                new.is_verified,
                &services,
                &new.verification,
                new.created_at
            ],
        )?;
    Ok(())
}

fn save(tx: &mut Tx<'_>, domain: &Domain, changed: &[&str]) -> Result<()> {
    let tenant = tx.tenant();
    tx.forget::<Known>();
    let services = json!(domain.supported_services).to_string();
    tx.record(Change::new("domain", domain.feed_id, Op::Updated, changed))?
        .execute(
            UPDATE,
            params![
                &tenant,
                &domain.name,
                domain.is_default,
                domain.is_verified,
                &services
            ],
        )?;
    Ok(())
}

/// Marks a domain as proven; whoever calls has seen the proof.
pub fn mark_verified(tx: &mut Tx<'_>, name: &str) -> Result<Domain> {
    let mut domain = get(tx, name)?;
    if !domain.is_verified {
        let old = domain.clone();
        domain.is_verified = true;
        domain.supported_services = vec!["Email".into(), "OfficeCommunicationsOnline".into()];
        let changed = ["isVerified", "supportedServices"];
        save(tx, &domain, &changed)?;
        audited::change(tx, "Verify domain", &old, &domain, &changed)?;
    }
    Ok(domain)
}

/// Changes a verified domain by a JSON patch object: the default, its services.
pub fn update(tx: &mut Tx<'_>, name: &str, patch: &Map<String, Value>) -> Result<bool> {
    let mut domain = get(tx, name)?;
    let old = domain.clone();
    let mut document = Map::new();
    DOMAIN.apply(&mut document, patch, Purpose::Update)?;
    if !domain.is_verified {
        return Err(Error::bad_request(format!(
            "The domain {name} isn't verified yet. Verify it first."
        )));
    }
    let mut changed = Vec::new();
    match document.get("isDefault").and_then(Value::as_bool) {
        Some(true) if !domain.is_default => {
            for mut other in list(tx)?.into_iter().filter(|other| other.is_default) {
                let was_default = other.clone();
                other.is_default = false;
                save(tx, &other, &["isDefault"])?;
                audited::change(tx, "Update domain", &was_default, &other, &["isDefault"])?;
            }
            domain.is_default = true;
            changed.push("isDefault");
        }
        Some(false) if domain.is_default => {
            return Err(Error::invalid(
                "isDefault",
                "A tenant has one default domain. Make another one the default instead.",
            ));
        }
        _ => {}
    }
    if patch.contains_key("supportedServices") {
        let services: Vec<String> = match document.get("supportedServices") {
            Some(list) => serde_json::from_value(list.clone()).map_err(Error::internal)?,
            None => Vec::new(),
        };
        if services != domain.supported_services {
            domain.supported_services = services;
            changed.push("supportedServices");
        }
    }
    if !changed.is_empty() {
        save(tx, &domain, &changed)?;
        audited::change(tx, "Update domain", &old, &domain, &changed)?;
    }
    Ok(!changed.is_empty())
}

/// The domain that a domain is below, furthest up among the tenant's; none of a root.
pub fn root(tx: &ReadTx<'_>, domain: &Domain) -> Result<Option<Domain>> {
    let above = list(tx)?.into_iter();
    let above = above.filter(|other| is_below(&domain.name, &other.name));
    Ok(above.min_by_key(|other| other.name.len()))
}

fn removable(tx: &ReadTx<'_>, name: &str) -> Result<Domain> {
    let domain = get(tx, name)?;
    if domain.is_initial || domain.is_default {
        return Err(Error::bad_request(format!(
            "The domain {} is the {} domain and can't be removed.",
            domain.name,
            if domain.is_initial {
                "initial"
            } else {
                "default"
            }
        )));
    }
    Ok(domain)
}

/// Removes a domain after everybody's name and every group's mail in it has moved to the initial one;
/// with `disable` these users can't sign in any more.
pub fn force_remove(tx: &mut Tx<'_>, name: &str, disable: bool) -> Result<()> {
    let domain = removable(tx, name)?;
    domain_references::rename(tx, &domain, disable)?;
    remove(tx, name)
}

/// Removes a domain that nobody's name and no group's mail is in.
pub fn remove(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    let domain = removable(tx, name)?;
    let (users, groups) = domain_references::counts(tx, &domain)?;
    if users > 0 {
        return Err(Error::bad_request(format!(
            "The domain {} is in the names of {users} users. Rename them first.",
            domain.name
        )));
    }
    if groups > 0 {
        return Err(Error::bad_request(format!(
            "The domain {} is in the mails of {groups} groups. Delete them first.",
            domain.name
        )));
    }
    let tenant = tx.tenant();
    tx.forget::<Known>();
    tx.record(Change::new("domain", domain.feed_id, Op::Purged, &[]))?
        .execute(DELETE, params![&tenant, &domain.name])?;
    let activity = if domain.is_verified {
        "Remove verified domain"
    } else {
        "Remove unverified domain"
    };
    audited::act(tx, activity, &domain)
}
