//! Synchronization jobs, with what only the running deployment knows: where the engine stands, and
//! what the target says.

use border::{Envelope, Receipt};
use serde_json::Value;
use store::Fence;
use sync::jobs::on_demand::{self, Begun, Sending, Subject};
use sync::jobs::status::{self, Shown};
use sync::jobs::{self, Job};
use types::trace::{Step, Trace};
use types::{Actor, Error, Id, Result, TenantId, kind};

use crate::Node;

type ServicePrincipal = Id<kind::ServicePrincipal>;

/// How often a place in the stream of users on demand is looked for. More than one is needed only
/// when others go by it at the same time.
const PLACES_TRIED: usize = 8;

impl Node {
    /// How jobs of a tenant stand.
    pub async fn jobs(&self, tenant: TenantId, jobs: Vec<Job>) -> Result<Vec<Shown>> {
        let island = self.store().island(tenant)?;
        let live = self.0.engine.positions(tenant);
        let mut shown = island
            .read(move |tx| {
                jobs.into_iter()
                    .map(|job| status::look(tx, job, &live))
                    .collect::<Result<Vec<_>>>()
            })
            .await?;
        for shown in &mut shown {
            let Some(pair) = &mut shown.pair else {
                continue;
            };
            // The engine hasn't tried yet: what would it hear?
            if pair.state == "active" && pair.pending_changes > 0 {
                let trace = self.job_inbound(tenant, pair.tenant_id).await?;
                if !trace.allowed {
                    pair.state = "blocked";
                    pair.trace = Some(trace);
                }
            }
        }
        Ok(shown)
    }

    /// Whether a job of a tenant may send to another: both sides' policies.
    pub async fn job_policies(&self, tenant: TenantId, target: TenantId) -> Result<Trace> {
        let island = self.store().island(tenant)?;
        let mut trace = island
            .read(move |tx| access::outbound_sync(tx, target))
            .await?;
        if trace.allowed {
            trace.join(self.job_inbound(tenant, target).await?);
        }
        Ok(trace)
    }

    /// What the target says to a job. One that isn't there says what one says that doesn't let it.
    async fn job_inbound(&self, tenant: TenantId, target: TenantId) -> Result<Trace> {
        match self.inbound(tenant, target, true).await {
            Err(Error::NotFound { .. }) => {
                let mut trace = Trace::new();
                trace.step(Step {
                    tenant_id: target,
                    setting: format!(
                        "partners/{tenant}.identitySynchronization.userSyncInbound.isSyncAllowed"
                    ),
                    value: "not set".into(),
                    allowed: false,
                    code: None,
                    reason: format!(
                        "Tenant {target} doesn't allow users of tenant {tenant} to be \
                         synchronized into it."
                    ),
                    mend: None,
                });
                Ok(trace)
            }
            answer => answer,
        }
    }

    /// Provisions a user or a group at once, by a job's scope; tells of each step.
    pub async fn provision_on_demand(
        &self,
        tenant: TenantId,
        actor: Actor,
        (principal, job): (ServicePrincipal, String),
        subject: Subject,
    ) -> Result<Value> {
        let island = self.store().island(tenant)?;
        let begun = island
            .write(actor.clone(), move |tx| {
                on_demand::begin(tx, principal, &job, &subject)
            })
            .await?;
        self.go_on_demand(tenant, actor, begun).await
    }

    /// Provisions a user at once by the scope of the pair with a target, whether or not a job governs
    /// it.
    pub async fn provision_for_pair(
        &self,
        tenant: TenantId,
        actor: Actor,
        target: TenantId,
        user: Id<kind::User>,
    ) -> Result<Value> {
        let island = self.store().island(tenant)?;
        let begun = island
            .write(actor.clone(), move |tx| {
                on_demand::begin_for_pair(tx, target, user)
            })
            .await?;
        self.go_on_demand(tenant, actor, begun).await
    }

    async fn go_on_demand(&self, tenant: TenantId, actor: Actor, begun: Begun) -> Result<Value> {
        let island = self.store().island(tenant)?;
        let sending = match begun {
            Begun::Done(account) => return Ok(account),
            Begun::Send(sending) => sending,
        };
        let asked = self.job_inbound(tenant, sending.target).await?;
        let receipt = if asked.allowed {
            self.deliver_on_demand(tenant, &sending).await?
        } else {
            Receipt::Refused { trace: asked }
        };
        island
            .write(actor, move |tx| match receipt {
                Receipt::Applied { reply } => sending.settle(tx, &reply),
                Receipt::Refused { trace } => Ok(sending.refused(tx, &trace)),
                Receipt::Rejected { reason } => Err(Error::internal(reason)),
                Receipt::Duplicate { .. } | Receipt::Gap { .. } => Err(Error::unavailable(
                    "The target is being provisioned on demand by too many at once.",
                    2,
                )),
            })
            .await
    }

    /// Delivers a subject by the stream of its own, whose next place the target knows.
    async fn deliver_on_demand(&self, tenant: TenantId, sending: &Sending) -> Result<Receipt> {
        let mut seq = 1;
        for _ in 0..PLACES_TRIED {
            let envelope = Envelope {
                from: tenant,
                to: sending.target,
                stream: on_demand::STREAM.into(),
                seq,
                kind: sending.kind.into(),
                body: sending.body.clone(),
                fence: Fence::open(),
            };
            match self.transport().deliver(envelope).await? {
                Receipt::Duplicate { last } | Receipt::Gap { last } => seq = last + 1,
                receipt => return Ok(receipt),
            }
        }
        Ok(Receipt::Gap { last: seq })
    }

    /// A job of a tenant, as it stands.
    pub async fn job(
        &self,
        tenant: TenantId,
        principal: ServicePrincipal,
        name: String,
    ) -> Result<Shown> {
        let island = self.store().island(tenant)?;
        let job = island
            .read(move |tx| jobs::get(tx, principal, &name))
            .await?;
        let shown = self.jobs(tenant, vec![job]).await?;
        shown
            .into_iter()
            .next()
            .ok_or_else(|| Error::internal("a job without a status"))
    }
}
