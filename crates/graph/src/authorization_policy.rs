//! `/policies/authorizationPolicy`: what members and guests may do without a directory role.

use directory::authorization_policy as policy;

use crate::errors::Refusal;
use crate::listing;
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Routes, Versions};

const READ: &[&str] = &["Policy.Read.All", "Policy.ReadWrite.Authorization"];
const WRITE: &[&str] = &["Policy.ReadWrite.Authorization"];
const SET: &str = "policies/authorizationPolicy";

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("authorizationPolicy", Versions::Both);
    area.get(
        "/policies/authorizationPolicy",
        READ,
        "Get what members and guests may do",
        get,
    )
    .query(Allowed::SELECT);
    area.patch(
        "/policies/authorizationPolicy",
        WRITE,
        "Change what members and guests may do",
        update,
    );
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let select = listing::select(&call)?;
    let shown = call
        .read_few(move |tx| policy::show(tx, select.as_deref()))
        .await?;
    Reply::entity(&call, SET, &shown)
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let patch = call.object("authorizationPolicy")?;
    call.write(move |tx| policy::update(tx, &patch)).await?;
    Ok(Reply::no_content())
}
