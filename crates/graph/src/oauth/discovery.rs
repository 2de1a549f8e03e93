//! What clients read before they do anything: a tenant's configuration and keys.

use http::header;
use identity::discovery::{self, Authority};
use serde_json::json;

use super::{Failure, answer, authority};
use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::PublicCall;

/// Any site's script may read what is public.
fn open(reply: Reply) -> Reply {
    reply.with_header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
}

pub(super) async fn configuration(call: PublicCall) -> Result<Reply, Refusal> {
    let public_url = call.platform().node.public_url();
    let document = authority(&call)
        .await
        .map(|authority| discovery::openid_configuration(public_url, authority));
    answer(&call, document).map(open)
}

pub(super) async fn instance(call: PublicCall) -> Result<Reply, Refusal> {
    let public_url = call.platform().node.public_url();
    let endpoint = call.options.parameter("authorization_endpoint");
    let document = discovery::instance(public_url, endpoint);
    answer(&call, document.map_err(Failure::from)).map(open)
}

pub(super) async fn endpoints(call: PublicCall) -> Result<Reply, Refusal> {
    let document = discovery::endpoints(call.platform().node.public_url());
    answer(&call, Ok::<_, Failure>(document)).map(open)
}

pub(super) async fn keys(call: PublicCall) -> Result<Reply, Refusal> {
    let keys = match authority(&call).await {
        Ok(Authority::Tenant(tenant)) => call
            .platform()
            .node
            .jwks(tenant)
            .await
            .map_err(Failure::from),
        // Their discovery documents lead here, and no key is anything but a tenant's.
        Ok(Authority::Common | Authority::Organizations) => Ok(json!({ "keys": [] })),
        Err(failure) => Err(failure),
    };
    answer(&call, keys).map(open)
}
