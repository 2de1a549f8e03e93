//! Which domain is whose: adding, proving and removing a tenant's domains.
//!
//! A domain belongs to one tenant of a deployment; the registry says to which. It is claimed there
//! before the island has it verified, and released after the island no longer has it, so that no two
//! islands ever hold the same one.
//!
//! A domain is proven by one of the records that Graph's `verificationDnsRecords` gives, published at
//! the domain itself; by the proof of a domain above it, as in Graph, unless that is the one that the
//! tenant was made with (in Entra nobody can add names below that); or by the operator's word.

use directory::domains::{self, Domain};
use serde_json::Value;
use store::{ReadTx, Tx};
use types::{Actor, DomainName, Error, Result, TenantId};

use crate::Node;

impl Node {
    /// Adds a domain to a tenant, or verifies one that it has added, on the operator's word.
    pub(crate) async fn add_domain_for(
        &self,
        tenant: TenantId,
        domain: DomainName,
        verified: bool,
    ) -> Result<Value> {
        if verified {
            self.claim(tenant, &domain)
                .await
                .map_err(|error| taken(error, &domain))?;
        }
        let island = self.store().island(tenant)?;
        island
            .write(Actor::Operator, move |tx| {
                let known = types::found(domains::get(tx, domain.as_str()))?;
                // Asking twice to add one is a slip; a word that it is verified may come later.
                let added = match known {
                    Some(known) if verified => known,
                    _ => domains::add(tx, &domain).map_err(|error| taken(error, &domain))?,
                };
                let domain = if verified {
                    domains::mark_verified(tx, &added.name)?
                } else {
                    added
                };
                for_operator(tx, &domain)
            })
            .await
    }

    /// [`Node::verify_domain`] for the operator.
    pub(crate) async fn verify_domain_for(
        &self,
        tenant: TenantId,
        domain: String,
    ) -> Result<Value> {
        let verified = self.verify_domain(tenant, Actor::Operator, domain).await?;
        let island = self.store().island(tenant)?;
        island.read(move |tx| for_operator(tx, &verified)).await
    }

    /// Adds a domain to a tenant. It is verified at once if a domain above it is, and nobody else
    /// holds it.
    pub async fn add_domain(
        &self,
        tenant: TenantId,
        actor: Actor,
        name: DomainName,
    ) -> Result<Domain> {
        let island = self.store().island(tenant)?;
        let new = name.clone();
        let (added, is_vouched) = island
            .write(actor.clone(), move |tx| {
                let added = domains::add(tx, &new)?;
                let is_vouched = domains::is_vouched_for(tx, &added)?;
                Ok((added, is_vouched))
            })
            .await?;
        if !is_vouched {
            return Ok(added);
        }
        match self.claim(tenant, &name).await {
            Ok(()) => self.mark_verified(tenant, actor, name).await,
            Err(Error::AlreadyExists { .. }) => Ok(added),
            Err(error) => Err(error),
        }
    }

    /// Looks for the proof that a domain is the tenant's, and notes it. Without proof it is refused,
    /// with what was looked for and what was found.
    pub async fn verify_domain(
        &self,
        tenant: TenantId,
        actor: Actor,
        name: String,
    ) -> Result<Domain> {
        let island = self.store().island(tenant)?;
        let (domain, is_vouched) = island
            .read(move |tx| {
                let domain = domains::get(tx, &name)?;
                let is_vouched = domains::is_vouched_for(tx, &domain)?;
                Ok((domain, is_vouched))
            })
            .await?;
        if domain.is_verified {
            return Ok(domain);
        }
        if !is_vouched {
            self.look_for_proof(&domain).await?;
        }
        let name = DomainName::parse(&domain.name)?;
        self.claim(tenant, &name).await.map_err(|error| match error {
            Error::AlreadyExists { .. } => Error::bad_request(format!(
                "The domain {name} is proven, but another tenant of this server holds it. Have it removed there, or ask the server's operator."
            )),
            other => other,
        })?;
        let marked = self.mark_verified(tenant, actor, name.clone()).await;
        if let Err(Error::NotFound { .. }) = marked {
            // It was removed meanwhile: nobody holds it any more.
            self.release(tenant, name).await?;
        }
        marked
    }

    async fn look_for_proof(&self, domain: &Domain) -> Result<()> {
        let name = &domain.name;
        let published = self.0.dns.published(name).await.map_err(|_| {
            Error::bad_request(format!(
                "The DNS doesn't say what is published at {name}: its servers gave no answer. Try again once they do."
            ))
        })?;
        if domains::is_proof(domain, &published.texts, &published.exchanges) {
            return Ok(());
        }
        let found = match published.texts.len() {
            0 => "no TXT record is there".to_owned(),
            1 => "one TXT record is there, with another text".to_owned(),
            many => format!("{many} TXT records are there, all with other texts"),
        };
        Err(Error::bad_request(format!(
            "The verification record of {name} wasn't found: a TXT record with the text '{}' at the domain itself; {found}. A new record may take a while until the DNS shows it everywhere.",
            domain.verification
        )))
    }

    async fn mark_verified(
        &self,
        tenant: TenantId,
        actor: Actor,
        name: DomainName,
    ) -> Result<Domain> {
        let island = self.store().island(tenant)?;
        island
            .write(actor, move |tx| domains::mark_verified(tx, name.as_str()))
            .await
    }

    /// Has the registry say that a domain is a tenant's; a repeat changes nothing.
    async fn claim(&self, tenant: TenantId, domain: &DomainName) -> Result<()> {
        if self.store().tenant_by_domain(domain.as_str()) == Some(tenant) {
            return Ok(());
        }
        let (store, domain) = (self.store().clone(), domain.clone());
        tokio::task::spawn_blocking(move || store.claim_domain(tenant, &domain))
            .await
            .map_err(Error::internal)?
    }

    /// Removes a domain from a tenant and frees it for others.
    pub async fn remove_domain(&self, tenant: TenantId, actor: Actor, name: String) -> Result<()> {
        let island = self.store().island(tenant)?;
        let removed = name.clone();
        island
            .write(actor, move |tx: &mut Tx<'_>| domains::remove(tx, &removed))
            .await?;
        self.release(tenant, DomainName::parse(&name)?).await
    }

    /// The same after all names in it have moved to the initial domain ([`domains::force_remove`]).
    pub async fn force_remove_domain(
        &self,
        tenant: TenantId,
        actor: Actor,
        name: String,
        disable: bool,
    ) -> Result<()> {
        let island = self.store().island(tenant)?;
        let removed = name.clone();
        let remove = move |tx: &mut Tx<'_>| domains::force_remove(tx, &removed, disable);
        island.write(actor, remove).await?;
        self.release(tenant, DomainName::parse(&name)?).await
    }

    /// Has the registry say that a domain is nobody's.
    async fn release(&self, tenant: TenantId, domain: DomainName) -> Result<()> {
        let store = self.store().clone();
        tokio::task::spawn_blocking(move || store.release_domain(tenant, &domain))
            .await
            .map_err(Error::internal)?
    }
}

/// A domain in Graph's form, with the records of which one proves it as long as it isn't.
fn for_operator(tx: &ReadTx<'_>, domain: &Domain) -> Result<Value> {
    let mut shown = domains::project(domain, &domains::list(tx)?, None)?;
    if !domain.is_verified {
        let records = domains::verification_records(domain);
        shown.insert("verificationDnsRecords".to_owned(), records.into());
    }
    Ok(Value::Object(shown))
}

/// Says of a domain that is taken which one it is.
pub(crate) fn taken(error: Error, domain: &DomainName) -> Error {
    match error {
        Error::AlreadyExists { property: "id" } => Error::conflict(format!(
            "The domain {domain} is a tenant's already. `isopolity tenant list` shows the tenants."
        )),
        other => other,
    }
}
