//! The readiness matrix: asks every tenant of the organization for its posture, through the border.
//!
//! Postures are kept in memory, for all readers of a deployment: the next reading asks what has
//! changed since. Each asker is answered anew, so that whoever isn't a member any more learns
//! nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use ::readiness::Matrix;
use ::readiness::posture::{self, Answer, Posture, Question};
use serde_json::{Value, json};
use sync::outlook::Counts;
use tokio::task::JoinSet;
use types::{Error, Result, TenantId};

use crate::Node;

/// Postures that are kept. One is some 20 kB in an organization of 100 tenants.
const POSTURES_MAX: usize = 1_000;

/// What is known of tenants, by tenant.
#[derive(Default)]
pub(crate) struct Postures(Mutex<HashMap<TenantId, Arc<Posture>>>);

impl Postures {
    fn get(&self, of: TenantId) -> Option<Arc<Posture>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&of).cloned()
    }

    fn keep(&self, of: TenantId, posture: &Arc<Posture>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= POSTURES_MAX && !kept.contains_key(&of) {
            kept.clear();
        }
        kept.insert(of, Arc::clone(posture));
    }
}

type Told = (Arc<Posture>, Vec<(TenantId, Counts)>);

impl Node {
    /// How every pair of the organization's active tenants stands, as `tenant` may see it. A tenant
    /// outside an organization sees no pair.
    pub async fn readiness(&self, tenant: TenantId) -> Result<Arc<Matrix>> {
        let island = self.store().island(tenant)?;
        let mut members = island.read(organization::active_members).await?;
        if !members.is_empty() {
            members.push(tenant);
        }
        self.readiness_among(tenant, members).await
    }

    /// The same among these tenants only, who are active in the caller's organization.
    pub async fn readiness_among(
        &self,
        tenant: TenantId,
        among: Vec<TenantId>,
    ) -> Result<Arc<Matrix>> {
        let mut asked = JoinSet::new();
        for of in among {
            let node = self.clone();
            asked.spawn(async move { (of, node.posture_of(tenant, of).await) });
        }
        let (mut postures, mut counts) = (BTreeMap::new(), BTreeMap::new());
        while let Some(told) = asked.join_next().await {
            match told.map_err(Error::internal)? {
                (of, Ok((posture, counted))) => {
                    postures.insert(of, Some(posture));
                    counts.extend(counted.into_iter().map(|(to, count)| ((of, to), count)));
                }
                (of, Err(error)) if of == tenant => return Err(error),
                (of, Err(error)) => {
                    tracing::debug!(%tenant, %of, %error, "a posture couldn't be asked for");
                    postures.insert(of, None);
                }
            }
        }
        Ok(Arc::new(Matrix::new(postures, counts)))
    }

    /// [`Node::readiness`] with the names of the tenants.
    pub(crate) async fn show_readiness(&self, tenant: TenantId) -> Result<Value> {
        let island = self.store().island(tenant)?;
        let members = island.read(organization::members).await?;
        let tenants: Vec<Value> = members
            .iter()
            .filter(|member| member.state == organization::State::Active)
            .map(|it| json!({"tenantId": it.tenant_id, "displayName": it.display_name}))
            .collect();
        let pairs = self.readiness(tenant).await?.pairs();
        Ok(json!({"tenants": tenants, "value": pairs}))
    }

    async fn posture_of(&self, asker: TenantId, of: TenantId) -> Result<Told> {
        let now = self.store().clock().now();
        let known = self.0.postures.get(of).filter(|known| !known.is_over(now));
        let since = known.as_ref().map(|known| known.seq);
        let answer = self.ask_posture(asker, of, Question { since }).await?;
        let posture = Posture::after(known.as_deref(), &answer)
            .ok_or_else(|| Error::internal("a posture without its beginning"))?;
        let posture = Arc::new(posture);
        self.0.postures.keep(of, &posture);
        Ok((posture, answer.counts))
    }

    async fn ask_posture(
        &self,
        asker: TenantId,
        of: TenantId,
        question: Question,
    ) -> Result<Answer> {
        if asker == of {
            let island = self.store().island(of)?;
            return island
                .read(move |tx| posture::tell(tx, None, question))
                .await;
        }
        let body = serde_json::to_string(&question).map_err(Error::internal)?;
        let answer = self
            .transport()
            .ask(asker, of, posture::QUERY, body)
            .await?;
        serde_json::from_str(&answer).map_err(Error::internal)
    }
}
