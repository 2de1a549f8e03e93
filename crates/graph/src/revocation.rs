//! Commands that take something away from service principals: their tokens end with it.

use identity::revocation;
use store::Tx;
use types::{Id, kind};

use crate::errors::Refusal;
use crate::request::Call;

/// Carries out a command on the caller's island and revokes all tokens of the service principals
/// that it answers, in the same transaction.
pub(crate) async fn revoking(
    call: &Call,
    command: impl FnOnce(&mut Tx<'_>) -> types::Result<Vec<Id<kind::ServicePrincipal>>> + Send + 'static,
) -> Result<(), Refusal> {
    reconsidering(call, |tx| {
        let principals = command(tx)?;
        for principal in &principals {
            revocation::revoke(tx, *principal)?;
        }
        Ok(principals)
    })
    .await
}

/// Carries out a command on the caller's island, after which the tokens of the service principals
/// that it answers are verified anew.
pub(crate) async fn reconsidering(
    call: &Call,
    command: impl FnOnce(&mut Tx<'_>) -> types::Result<Vec<Id<kind::ServicePrincipal>>> + Send + 'static,
) -> Result<(), Refusal> {
    let (island, tenant) = (call.island()?, call.caller.tenant);
    let (actor, node) = (call.caller.actor.clone(), call.platform().node.clone());
    let command = call.once(command);
    let work = async move {
        let concerned = island.write(actor, command).await?;
        for principal in concerned {
            node.forget_principal(tenant, principal);
        }
        Ok(())
    };
    // In a task of its own, because the caller, who may be the one that loses something, could go
    // away between the two steps.
    match tokio::spawn(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(Refusal::fault(error.to_string())),
    }
}
