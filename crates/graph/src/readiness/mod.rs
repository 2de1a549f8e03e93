//! `/beta/isopolity/readiness`: whether things work between every two tenants of the organization,
//! and what would mend what doesn't; `/beta/isopolity/requests`: changes that tenants ask each
//! other for.
//!
//! It tells of policies, so the permissions are those of Graph's `crossTenantAccessPolicy`. What
//! changes whom the tenant shares needs `Synchronization.ReadWrite.All` besides. A caller mends
//! what concerns its own tenant: what that may change itself is changed, the rest is asked for.

mod requests;

use ::readiness::matrix::{Looked, Pair, Stand};
use ::readiness::{Action, Change};
use query::{Entity, Operators, Property, PropertyKind};
use serde_json::{Value, json};
use types::{Error, TenantId};

use crate::errors::Refusal;
use crate::fields::Fields;
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};

const READ: &[&str] = &["Policy.Read.All", "Policy.ReadWrite.CrossTenantAccess"];
const WRITE: &[&str] = &["Policy.ReadWrite.CrossTenantAccess"];
/// What a user who is signed in has to be allowed, to share.
const SHARE_ACTION: &str = "servicePrincipals/synchronization.cloudTenantToCloudTenant/jobs/manage";
/// What a change of the sharing needs besides.
const SHARE: &str = "Synchronization.ReadWrite.All";

static ENTITY: Entity = Entity {
    name: "readiness",
    properties: &[
        Property::new(
            "from",
            PropertyKind::Guid,
            "from_tenant_id",
            Operators::EVERY,
        ),
        Property::new("to", PropertyKind::Guid, "to_tenant_id", Operators::EVERY),
        Property::new("action", PropertyKind::Text, "action", Operators::EVERY),
        Property::new("state", PropertyKind::Text, "state", Operators::EVERY),
    ],
};

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("readiness", Versions::Beta);
    area.get(
        "/isopolity/readiness",
        READ,
        "Say for every two active tenants whether things work between them, and what would mend it",
        list,
    )
    .query(Allowed::FILTER);
    area.post(
        "/isopolity/readiness/mend",
        WRITE,
        "Change what stands in the way here, and ask the other tenant for the rest",
        mend,
    );
    requests::routes(&mut area);
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let filter = call.options.filter.as_deref();
    let filter = filter.map(query::parse_filter).transpose()?;
    let matrix = call.platform().node.readiness(call.caller.tenant).await?;
    let mut pairs = matrix.pairs();
    if let Some(filter) = &filter {
        let mut meant = Vec::new();
        for pair in pairs {
            let shown = json!({
                "from": pair.from,
                "to": pair.to,
                "action": pair.action,
                "state": pair.stand().state,
            });
            if query::evaluate(filter, &ENTITY, &shown)? {
                meant.push(pair);
            }
        }
        pairs = meant;
    }
    Reply::collection(&call, "isopolity/readiness", &Page::all(pairs))
}

/// That the caller may do these changes, as far as they are of the sharing.
fn check_sharing<'a>(
    call: &Call,
    changes: impl IntoIterator<Item = &'a Change>,
) -> Result<(), Refusal> {
    let shares = changes.into_iter().any(|change| change.is_of_sharing());
    if shares && !call.caller.allows(SHARE, SHARE_ACTION) {
        return Err(Error::forbidden(format!(
            "This changes whom the tenant shares, which needs {SHARE} besides."
        ))
        .into());
    }
    Ok(())
}

/// What is to be mended.
struct Wish {
    from: TenantId,
    to: TenantId,
    other: TenantId,
    action: Action,
    dry_run: bool,
}

fn wish(call: &Call) -> Result<Wish, Refusal> {
    let mut body = Fields::from(call.parameters()?);
    let from = body.required_tenant("from")?;
    let to = body.required_tenant("to")?;
    let action = Action::parse(&body.required_text("action")?)?;
    let dry_run = body.flag("dryRun")?;
    body.end()?;
    let own = call.caller.tenant;
    if from == to {
        return Err(
            Error::invalid("to", "Name two tenants: within one nothing is in the way.").into(),
        );
    }
    if from != own && to != own {
        return Err(Error::invalid(
            "from",
            "One of the two tenants has to be your own: an admin of one of them mends it.",
        )
        .into());
    }
    Ok(Wish {
        from,
        to,
        other: if from == own { to } else { from },
        action,
        dry_run,
    })
}

impl Wish {
    async fn pair(&self, call: &Call) -> Result<Pair, Refusal> {
        let among = vec![self.from, self.to];
        let node = &call.platform().node;
        let matrix = node.readiness_among(call.caller.tenant, among).await?;
        Ok(matrix.pair(self.from, self.to, self.action))
    }

    fn answer(&self, stand: &Stand, changes: &[Value], requests: &[Value]) -> Value {
        json!({
            "from": self.from,
            "to": self.to,
            "action": self.action,
            "dryRun": self.dry_run,
            "state": stand.state,
            "changes": changes,
            "requests": requests,
        })
    }
}

/// The changes that these steps ask for, each once, with how it reads.
fn changes(steps: &[&Looked]) -> Vec<(Change, Value)> {
    let mut changes: Vec<(Change, Value)> = Vec::new();
    for looked in steps {
        if let Some(change) = looked.change
            && !changes.iter().any(|(known, _)| *known == change)
        {
            changes.push((change, change.shown(&looked.step)));
        }
    }
    changes
}

async fn mend(call: Call) -> Result<Reply, Refusal> {
    let wish = wish(&call)?;
    let (own, other) = (call.caller.tenant, wish.other);
    let together = call
        .read(move |tx| organization::is_active_with(tx, other))
        .await?;
    if !together {
        return Err(Error::not_found("tenant", other).into());
    }
    let stand = wish.pair(&call).await?.stand();
    let in_the_way = stand.steps.iter().filter(|looked| looked.change.is_some());
    let (ours, theirs): (Vec<&Looked>, Vec<&Looked>) =
        in_the_way.partition(|looked| looked.step.tenant_id == own);
    let (ours, asked) = (changes(&ours), changes(&theirs));
    let shown: Vec<Value> = ours.iter().map(|(_, shown)| shown.clone()).collect();
    if wish.dry_run {
        let asked: Vec<Value> = asked.into_iter().map(|(_, shown)| shown).collect();
        let requests: Vec<Value> = (!asked.is_empty())
            .then(|| json!({"requestedOfTenantId": other, "changes": asked}))
            .into_iter()
            .collect();
        let answer = wish.answer(&stand, &shown, &requests);
        return Reply::object(&call, "isopolity.readinessMend", &answer);
    }
    check_sharing(&call, ours.iter().map(|(change, _)| change))?;
    let about = (wish.from, wish.to, wish.action);
    let request = call
        .write(move |tx| {
            for (change, _) in &ours {
                change.apply(tx, other)?;
            }
            if asked.is_empty() {
                return Ok(None);
            }
            ::readiness::requests::send(tx, other, about, &asked).map(|sent| Some(sent.id))
        })
        .await?;
    call.platform().node.flush(own).await;
    let mut requests = Vec::new();
    if let Some(id) = request {
        let sent = call
            .read(move |tx| ::readiness::requests::get(tx, id))
            .await?;
        requests.push(sent.to_json(own));
    }
    let stand = wish.pair(&call).await?.stand();
    let answer = wish.answer(&stand, &shown, &requests);
    Reply::object(&call, "isopolity.readinessMend", &answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_table_is_sound() {
        assert_eq!(ENTITY.problems(), Vec::<String>::new());
    }
}
