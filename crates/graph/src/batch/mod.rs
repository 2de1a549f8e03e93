//! `/$batch`: several requests in one.
//!
//! - Each part goes the way that it would go alone ([`crate::App::handle`]): the same table, the
//!   same permissions and limits, an id, an audit entry and a count of its own. Nothing is
//!   transactional. Its caller is the batch's, whatever its own headers say.
//! - Parts run at once, at most [`run::AT_ONCE_MAX`], unless they wait for others (`dependsOn`,
//!   which may name earlier ones only); what depends on a refused one is answered with 424.
//! - A batch that can't be read is refused as a whole, and nothing of it is carried out.
//! - An `Idempotency-Key` of the batch becomes one of each POST in it that has none.
//!
//! Source: "Combine multiple HTTP requests using JSON batching" (Microsoft Graph).

mod answers;
mod parts;
mod run;

use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Routes, Versions};

/// Registers it.
pub(crate) fn routes(routes: &mut Routes) {
    routes
        .area("batch", Versions::Both)
        .post("/$batch", &[], "Several requests in one", batch)
        .batch();
}

async fn batch(call: Call) -> Result<Reply, Refusal> {
    let parts = parts::read(&call)?;
    let done = run::run(&call, parts).await;
    Ok(Reply::bytes("application/json", answers::write(&done)))
}
