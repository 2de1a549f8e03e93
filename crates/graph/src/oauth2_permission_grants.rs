//! `/oauth2PermissionGrants`: what clients may do in people's names; also those of one client and of
//! one person.
//!
//! Source: the `oAuth2PermissionGrant` resource and its operations (Microsoft Graph).

use directory::oauth2_permission_grants::{self as grants, Grant, Of, Place};
use directory::users;
use http::StatusCode;
use query::Filter;
use serde_json::Value;
use store::ReadTx;

use crate::app_key::AppKey;
use crate::errors::Refusal;
use crate::listing;
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};
use crate::service_principals::find;

const READ: &[&str] = &[
    "Directory.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.ReadWrite.All",
];
const READ_OF_USER: &[&str] = &[
    "Directory.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
];
const WRITE: &[&str] = &[
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.ReadWrite.All",
];
const SET: &str = "oauth2PermissionGrants";
const PAGE: Allowed = Allowed::SELECT
    .and(Allowed::TOP)
    .and(Allowed::SKIP_TOKEN)
    .and(Allowed::FILTER);
/// Grants that one request looks at; the next page goes on behind them.
const LOOK_MAX: usize = 10_000;

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("oauth2PermissionGrants", Versions::Both);
    area.get(
        "/oauth2PermissionGrants",
        READ,
        "List what clients may do in people's names",
        |call| list(call, Whose::All),
    )
    .query(PAGE);
    area.post(
        "/oauth2PermissionGrants",
        WRITE,
        "Let a client do something in people's names",
        create,
    );
    area.get(
        "/oauth2PermissionGrants/{id}",
        READ,
        "Get such a grant",
        get,
    )
    .query(Allowed::SELECT);
    area.patch(
        "/oauth2PermissionGrants/{id}",
        WRITE,
        "Change what such a grant allows",
        update,
    );
    area.delete(
        "/oauth2PermissionGrants/{id}",
        WRITE,
        "Take such a grant back",
        remove,
    );
    area.get(
        "/servicePrincipals/{id}/oauth2PermissionGrants",
        READ,
        "List what a service principal may do in people's names",
        |call| list(call, Whose::Client),
    )
    .query(PAGE);
    area.get(
        "/servicePrincipals(appId='{appId}')/oauth2PermissionGrants",
        READ,
        "List what a client may do in people's names",
        |call| list(call, Whose::Client),
    )
    .query(PAGE);
    area.get(
        "/users/{id}/oauth2PermissionGrants",
        READ_OF_USER,
        "List what clients may do in a user's name",
        |call| list(call, Whose::User),
    )
    .query(PAGE);
}

/// Whose grants a path names.
#[derive(Debug, Clone, Copy)]
enum Whose {
    All,
    Client,
    User,
}

/// What is looked through, and how far.
struct Look {
    of: Of,
    after: Option<Place>,
    size: usize,
    filter: Option<Filter>,
}

impl Look {
    /// The grants of a page, and behind which one the next begins.
    fn through(&self, tx: &ReadTx<'_>) -> types::Result<(Vec<Grant>, Option<Place>)> {
        let (mut passed, mut after, mut looked) = (Vec::new(), self.after, 0);
        while looked < LOOK_MAX {
            let found = grants::list(tx, self.of, after, self.size + 1)?;
            let is_last = found.len() <= self.size;
            for grant in found {
                if self.passes(&grant)? {
                    if passed.len() == self.size {
                        return Ok((passed, after));
                    }
                    passed.push(grant.clone());
                }
                after = Some(grant.place());
                looked += 1;
            }
            if is_last {
                return Ok((passed, None));
            }
        }
        Ok((passed, after))
    }

    fn passes(&self, grant: &Grant) -> types::Result<bool> {
        match &self.filter {
            None => Ok(true),
            Some(filter) => {
                let shown = grants::project(grant, None)?;
                query::evaluate(filter, grants::entity(), &shown.into())
            }
        }
    }
}

async fn list(call: Call, whose: Whose) -> Result<Reply, Refusal> {
    let (select, filter) = (listing::select(&call)?, listing::filter(&call)?);
    if let Some(filter) = &filter {
        query::evaluate(filter, grants::entity(), &Value::Null)?;
    }
    let (size, after) = (listing::page_size(&call)?, call.skip_token(SET)?);
    let client = match whose {
        Whose::Client => Some(AppKey::of(&call)?),
        Whose::All | Whose::User => None,
    };
    let user = call.find_key("id").unwrap_or_default().to_owned();
    let (items, next) = call
        .read(move |tx| {
            let of = match (whose, client) {
                (Whose::User, _) => Of::Principal(users::find(tx, &user)?.id),
                (_, Some(client)) => Of::Client(find(tx, client)?.id),
                (_, None) => Of::Tenant,
            };
            let look = Look {
                of,
                after,
                size,
                filter,
            };
            let (found, next) = look.through(tx)?;
            let shown = found
                .iter()
                .map(|grant| grants::project(grant, select.as_deref()))
                .collect::<types::Result<Vec<_>>>()?;
            Ok((shown, next))
        })
        .await?;
    let page = Page {
        next_link: next.map(|place| call.next_link(SET, &place)).transpose()?,
        ..Page::all(items)
    };
    Reply::collection(&call, SET, &page)
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let (id, select) = (call.key("id").to_owned(), listing::select(&call)?);
    let shown = call
        .read(move |tx| grants::project(&grants::get(tx, &id)?, select.as_deref()))
        .await?;
    Reply::entity(&call, SET, &shown)
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let mut body = call.object("oAuth2PermissionGrant")?;
    // The id follows from the rest, whatever a client writes.
    body.shift_remove("id");
    let made = call.write(move |tx| grants::create(tx, &body)).await;
    let made = made.map_err(|refusal| match refusal.status() {
        StatusCode::CONFLICT => Refusal::new(
            StatusCode::CONFLICT,
            "Request_MultipleObjectsWithSameKeyValue",
            refusal.message(),
        ),
        _ => refusal,
    })?;
    let location = format!("/{SET}/{}", made.id());
    Reply::created(&call, SET, &grants::project(&made, None)?, &location)
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let (id, patch) = (
        call.key("id").to_owned(),
        call.object("oAuth2PermissionGrant")?,
    );
    call.write(move |tx| grants::update(tx, &id, &patch))
        .await?;
    Ok(Reply::no_content())
}

async fn remove(call: Call) -> Result<Reply, Refusal> {
    let id = call.key("id").to_owned();
    call.write(move |tx| grants::remove(tx, &id)).await?;
    Ok(Reply::no_content())
}
