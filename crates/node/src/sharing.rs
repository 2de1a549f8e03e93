//! How a tenant's user sharing stands, with what only the running deployment knows.

use sync::admission::coming;
use sync::sharing::Scope;
use sync::status::{self, PairStatus};
use types::trace::Trace;
use types::{Error, Result, TenantId};

use crate::Node;

impl Node {
    /// How the pairs of a tenant with the organization's other active tenants stand.
    pub async fn share_status(&self, tenant: TenantId) -> Result<Vec<PairStatus>> {
        let island = self.store().island(tenant)?;
        let live = self.0.engine.positions(tenant);
        let elsewhere = match self.store().fence(tenant) {
            Some(_) => None,
            None => self.store().epoch(tenant),
        };
        let mut pairs = island
            .read(move |tx| status::pairs(tx, &live, elsewhere))
            .await?;
        for pair in &mut pairs {
            // The engine hasn't tried yet: what would it hear?
            let concerns_target = pair.scope != Scope::None || pair.synced + pair.failed > 0;
            if pair.state == "active" && pair.pending_changes > 0 && concerns_target {
                let trace = self.inbound(tenant, pair.tenant_id, false).await?;
                if !trace.allowed {
                    pair.state = "blocked";
                    pair.trace = Some(trace);
                }
            }
        }
        Ok(pairs)
    }

    /// Who would come to a tenant from another one, by that one's word. A source that can't be asked
    /// is an error of its own; the caller has made sure that both are in one organization.
    pub async fn coming(&self, tenant: TenantId, source: TenantId) -> Result<coming::Answer> {
        let transport = self.transport();
        let answer = transport
            .ask(tenant, source, coming::QUERY, "null".into())
            .await
            .map_err(|_| Error::unavailable(format!("Tenant {source} can't be asked now."), 10))?;
        serde_json::from_str(&answer).map_err(Error::internal)
    }

    /// What the target says to users from this tenant; `configured`: to a job, which needs no
    /// organization.
    pub(crate) async fn inbound(
        &self,
        tenant: TenantId,
        target: TenantId,
        configured: bool,
    ) -> Result<Trace> {
        let question = sync::explain::Question {
            user_id: None,
            configured,
        };
        let body = serde_json::to_string(&question).map_err(Error::internal)?;
        let transport = self.transport();
        let answer = transport
            .ask(tenant, target, sync::explain::QUERY, body)
            .await?;
        serde_json::from_str(&answer).map_err(Error::internal)
    }
}
