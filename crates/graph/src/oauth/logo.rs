//! A tenant's logo, as its sign-in pages show it: to everybody, as those pages are.

use directory::branding::{LogoKind, Which};
use http::header;

use super::{Authority, Failure, authority};
use crate::errors::Refusal;
use crate::images;
use crate::reply::Reply;
use crate::request::PublicCall;

/// The address says which version it is, so it may be kept.
const A_DAY: &str = "public, max-age=86400";
/// Nothing in it may do anything, should a browser be led to take it for a page.
const POLICY: &str = "default-src 'none'; sandbox";

pub(super) async fn logo(call: PublicCall) -> Result<Reply, Refusal> {
    let missing = || Refusal::from(types::Error::not_found("image", call.key("name")));
    let which = match call.find_key("locale") {
        None => Some(Which::Default),
        Some(tag) => Which::parse(tag),
    };
    let (Some(kind), Some(which)) = (LogoKind::by_name(call.key("name")), which) else {
        return Err(missing());
    };
    let tenant = match authority(&call).await {
        Ok(Authority::Tenant(tenant)) => tenant,
        Ok(_) | Err(Failure::Refused(_)) => return Err(missing()),
        Err(Failure::Failed(error)) => return Err(error.into()),
    };
    let image = call.platform().node.logo(tenant, which, kind).await?;
    let image = image.ok_or_else(missing)?;
    let reply = Reply::bytes(images::kept_type(&image.logo.content_type), image.content);
    Ok(reply
        .with_header(header::CACHE_CONTROL, A_DAY)
        .with_header(header::CONTENT_SECURITY_POLICY, POLICY))
}
