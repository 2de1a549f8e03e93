//! `/domains`: adding, proving, changing and removing the tenant's domains.
//!
//! A domain may be added by several tenants of a deployment, as long as none has proven it; which
//! of them holds it is told to nobody else. What proves one: [`node`]'s `domains` module.

use directory::domain_references;
use directory::domains::{self, Domain};
use serde_json::Value;
use store::ReadTx;
use types::Error;

use crate::directory_objects::{self, Link, Part, RELATED, Related};
use crate::errors::Refusal;
use crate::listing::{self, Shown};
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};

const READ: &[&str] = &[
    "Directory.Read.All",
    "Domain.Read.All",
    "Domain.ReadWrite.All",
];
const READ_RECORDS: &[&str] = &["Domain.Read.All", "Domain.ReadWrite.All"];
const WRITE: &[&str] = &["Domain.ReadWrite.All"];

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("domains", Versions::Both);
    area.get("/domains", READ, "List domains", list)
        .query(Allowed::SELECT.and(Allowed::TOP).and(Allowed::SKIP_TOKEN));
    area.post("/domains", WRITE, "Add a domain, unverified", create);
    area.get("/domains/{id}", READ, "Get a domain", get)
        .query(Allowed::SELECT);
    area.patch(
        "/domains/{id}",
        WRITE,
        "Make a verified domain the default, or change its services",
        update,
    );
    area.delete("/domains/{id}", WRITE, "Remove a domain", delete);
    area.get(
        "/domains/{id}/verificationDnsRecords",
        READ_RECORDS,
        "List the DNS records that prove a domain",
        records,
    );
    area.get(
        "/domains/{id}/serviceConfigurationRecords",
        READ_RECORDS,
        "List the DNS records that services need: none of ours does",
        service_records,
    );
    area.post("/domains/{id}/verify", WRITE, "Verify a domain", verify);
    area.get(
        "/domains/{id}/rootDomain",
        READ,
        "Get the domain that a subdomain is below",
        root,
    )
    .query(Allowed::SELECT);
    area.get(
        "/domains/{id}/domainNameReferences",
        READ_RECORDS,
        "List the users and groups that are named in a domain",
        references,
    )
    .query(RELATED);
    area.post(
        "/domains/{id}/forceDelete",
        WRITE,
        "Move all names in a domain to the initial one and remove it",
        force_delete,
    );
}

fn show(tx: &ReadTx<'_>, domain: &Domain, select: Option<&[String]>) -> types::Result<Shown> {
    domains::project(domain, &domains::list(tx)?, select)
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let (select, size) = (listing::select(&call)?, listing::page_size(&call)?);
    let after: Option<String> = call.skip_token("domains")?;
    let (items, next) = call
        .read(move |tx| {
            let all = domains::list(tx)?;
            let is_behind = |domain: &&Domain| after.as_ref().is_none_or(|at| domain.name > *at);
            let mut page: Vec<&Domain> = all.iter().filter(is_behind).take(size + 1).collect();
            let next = listing::cut(&mut page, size).map(|last| last.name.clone());
            let items = page
                .into_iter()
                .map(|domain| domains::project(domain, &all, select.as_deref()))
                .collect::<types::Result<Vec<_>>>()?;
            Ok((items, next))
        })
        .await?;
    let page = Page {
        next_link: next
            .map(|name| call.next_link("domains", &name))
            .transpose()?,
        ..Page::all(items)
    };
    Reply::collection(&call, "domains", &page)
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let name = domains::parse_new(&call.object("domain")?)?;
    let location = format!("/domains/{name}");
    let node = call.platform().node.clone();
    let (tenant, actor) = (call.caller.tenant, call.caller.actor.clone());
    let added = to_the_end(async move { node.add_domain(tenant, actor, name).await }).await?;
    let added = call.read(move |tx| show(tx, &added, None)).await?;
    Reply::created(&call, "domains", &added, &location)
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let select = listing::select(&call)?;
    let name = call.key("id").to_owned();
    let domain = call
        .read(move |tx| show(tx, &domains::get(tx, &name)?, select.as_deref()))
        .await?;
    Reply::entity(&call, "domains", &domain)
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let patch = call.object("domain")?;
    let name = call.key("id").to_owned();
    call.write(move |tx| domains::update(tx, &name, &patch))
        .await?;
    Ok(Reply::no_content())
}

async fn delete(call: Call) -> Result<Reply, Refusal> {
    let node = call.platform().node.clone();
    let (tenant, actor) = (call.caller.tenant, call.caller.actor.clone());
    let name = call.key("id").to_owned();
    to_the_end(async move { node.remove_domain(tenant, actor, name).await }).await?;
    Ok(Reply::no_content())
}

/// Does something in a task of its own: who goes away between the steps in the island and the
/// registry mustn't leave them at odds.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = types::Result<T>> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::spawn(work).await {
        Ok(outcome) => Ok(outcome?),
        Err(error) => Err(Refusal::fault(error.to_string())),
    }
}

async fn root(call: Call) -> Result<Reply, Refusal> {
    let select = listing::select(&call)?;
    let name = call.key("id").to_owned();
    let root = call
        .read(move |tx| {
            let root = domains::root(tx, &domains::get(tx, &name)?)?;
            let root = root.ok_or_else(|| Error::not_found("rootDomain", &name))?;
            show(tx, &root, select.as_deref())
        })
        .await?;
    Reply::entity(&call, "domains", &root)
}

/// Who is named in a domain.
struct References(String);

impl Related for References {
    fn part(&self, tx: &ReadTx<'_>, part: Part) -> types::Result<Vec<Link>> {
        let domain = domains::get(tx, &self.0)?;
        domain_references::list(tx, &domain, part.after, part.limit)
    }

    fn count(&self, tx: &ReadTx<'_>) -> types::Result<u64> {
        let (users, groups) = domain_references::counts(tx, &domains::get(tx, &self.0)?)?;
        Ok(users + groups)
    }
}

async fn references(call: Call) -> Result<Reply, Refusal> {
    let of = References(call.key("id").to_owned());
    directory_objects::list(&call, "domainNameReferences", None, of).await
}

async fn force_delete(call: Call) -> Result<Reply, Refusal> {
    let mut body = call.parameters()?;
    let disable = match body.shift_remove("disableUserAccounts") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(disable)) => disable,
        Some(_) => {
            return Err(Error::invalid(
                "disableUserAccounts",
                "'disableUserAccounts' has to be true or false.",
            )
            .into());
        }
    };
    let node = call.platform().node.clone();
    let (tenant, actor) = (call.caller.tenant, call.caller.actor.clone());
    let name = call.key("id").to_owned();
    to_the_end(async move { node.force_remove_domain(tenant, actor, name, disable).await }).await?;
    Ok(Reply::no_content())
}

async fn records(call: Call) -> Result<Reply, Refusal> {
    let name = call.key("id").to_owned();
    let domain = call.read(move |tx| domains::get(tx, &name)).await?;
    let context = format!("domains('{}')/verificationDnsRecords", domain.name);
    let records = domains::verification_records(&domain);
    Reply::collection(&call, &context, &Page::all(records))
}

async fn service_records(call: Call) -> Result<Reply, Refusal> {
    let name = call.key("id").to_owned();
    let domain = call.read(move |tx| domains::get(tx, &name)).await?;
    let context = format!("domains('{}')/serviceConfigurationRecords", domain.name);
    Reply::collection(&call, &context, &Page::<Shown>::all(Vec::new()))
}

async fn verify(call: Call) -> Result<Reply, Refusal> {
    let node = call.platform().node.clone();
    let (tenant, actor) = (call.caller.tenant, call.caller.actor.clone());
    let name = call.key("id").to_owned();
    let verified = to_the_end(async move { node.verify_domain(tenant, actor, name).await }).await?;
    let mut shown = call.read(move |tx| show(tx, &verified, None)).await?;
    // Said here only, as in Graph.
    shown.insert("availabilityStatus".into(), "AvailableImmediately".into());
    Reply::entity(&call, "domains", &shown)
}
