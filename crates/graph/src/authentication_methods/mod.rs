//! `/users/{id}/authentication`: how a user can sign in; and the policy of it.
//!
//! Of kinds that Graph has and this product hasn't (phones, mails, Windows Hello …) nobody has any:
//! their lists are empty, for tools that go through all kinds.
//!
//! Source: `authenticationMethod` and its kinds, `authenticationMethodsPolicy`, `user:
//! changePassword`, `userRegistrationDetails` (Microsoft Graph).

mod passes;
mod passkeys;
mod passwords;
mod policy;
mod registration;

use credentials::{Kind, Policy, access_pass, methods, totp};
use directory::users::{self, User};
use serde_json::{Map, Value, json};
use store::ReadTx;
use types::{Error, Id, kind};
use uuid::Uuid;

use crate::errors::Refusal;
use crate::projection::Shown;
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};

const READ: &[&str] = &[
    "UserAuthenticationMethod.Read.All",
    "UserAuthenticationMethod.ReadWrite.All",
];
const WRITE: &[&str] = &["UserAuthenticationMethod.ReadWrite.All"];

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("authenticationMethods", Versions::Both);
    area.get(
        "/users/{id}/authentication/methods",
        READ,
        "List how a user can sign in",
        |call| list(call, None),
    )
    .query(Allowed::SELECT);
    area.get(
        "/users/{id}/authentication/methods/{methodId}",
        READ,
        "Get a way in which a user can sign in",
        |call| get(call, None),
    )
    .query(Allowed::SELECT);
    for (all, one, kind) in [
        (
            "/users/{id}/authentication/passwordMethods",
            "/users/{id}/authentication/passwordMethods/{methodId}",
            Kind::Password,
        ),
        (
            "/users/{id}/authentication/fido2Methods",
            "/users/{id}/authentication/fido2Methods/{methodId}",
            Kind::Passkey,
        ),
        (
            "/users/{id}/authentication/softwareOathMethods",
            "/users/{id}/authentication/softwareOathMethods/{methodId}",
            Kind::Totp,
        ),
        (
            "/users/{id}/authentication/temporaryAccessPassMethods",
            "/users/{id}/authentication/temporaryAccessPassMethods/{methodId}",
            Kind::TemporaryAccessPass,
        ),
    ] {
        area.get(all, READ, "List a user's methods of a kind", move |call| {
            list(call, Some(kind))
        })
        .query(Allowed::SELECT);
        area.get(one, READ, "Get a user's method of a kind", move |call| {
            get(call, Some(kind))
        })
        .query(Allowed::SELECT);
        if kind != Kind::Password {
            area.delete(one, WRITE, "Take a user's method away", move |call| {
                delete(call, kind)
            });
        }
    }
    for (path, segment) in [
        ("/users/{id}/authentication/phoneMethods", "phoneMethods"),
        ("/users/{id}/authentication/emailMethods", "emailMethods"),
        (
            "/users/{id}/authentication/microsoftAuthenticatorMethods",
            "microsoftAuthenticatorMethods",
        ),
        (
            "/users/{id}/authentication/windowsHelloForBusinessMethods",
            "windowsHelloForBusinessMethods",
        ),
        // One is found by its id, which the answer to the request tells.
        ("/users/{id}/authentication/operations", "operations"),
    ] {
        area.get(
            path,
            READ,
            "List a user's methods of a kind that there isn't",
            move |call| none(call, segment),
        )
        .query(Allowed::SELECT);
    }
    passwords::routes(&mut area);
    passkeys::routes(&mut area);
    passes::routes(&mut area);
    registration::routes(routes);
    policy::routes(routes);
}

const fn segment(kind: Option<Kind>) -> &'static str {
    match kind {
        None => "methods",
        Some(Kind::Password) => "passwordMethods",
        Some(Kind::Passkey) => "fido2Methods",
        Some(Kind::Totp) => "softwareOathMethods",
        Some(Kind::TemporaryAccessPass | Kind::RecoveryCode) => "temporaryAccessPassMethods",
    }
}

/// The context's part that says whose methods these are.
fn context(user: Id<kind::User>, segment: &str) -> String {
    format!("users('{user}')/authentication/{segment}")
}

/// What is selected of a method.
fn shown(kind: Option<Kind>) -> Shown {
    Shown {
        kind: kind.map_or("authenticationMethod", Kind::graph_type),
        more: &["createdDateTime", "password", "secretKey"],
    }
}

/// A method as Graph shows it, with its type where that isn't known by the address.
fn typed(kind: Kind, is_typed: bool, members: Value) -> Map<String, Value> {
    let mut object = Map::new();
    if is_typed {
        let name = format!("#microsoft.graph.{}", kind.graph_type());
        object.insert("@odata.type".into(), name.into());
    }
    if let Value::Object(members) = members {
        object.extend(members);
    }
    object
}

/// All methods of a user, or those of a kind.
fn methods_of(
    tx: &ReadTx<'_>,
    user: &User,
    kind: Option<Kind>,
) -> types::Result<Vec<Map<String, Value>>> {
    let (is_typed, policy) = (kind.is_none(), Policy::get(tx)?);
    let mut shown = Vec::new();
    if kind.is_none_or(|kind| kind == Kind::Password)
        && let Some(password) = passwords::show(tx, user)?
    {
        shown.push(typed(Kind::Password, is_typed, password));
    }
    for method in methods::list(tx, user.id)? {
        if kind.is_some_and(|kind| kind != method.kind) {
            continue;
        }
        let members = match method.kind {
            Kind::Passkey => passkeys::show(&method)?,
            Kind::Totp => json!({
                "id": method.id,
                "createdDateTime": method.created_at,
                "displayName": totp::name(&method),
                "secretKey": null,
            }),
            Kind::TemporaryAccessPass => {
                let pass = access_pass::get(tx, user.id, method.id)?;
                passes::show(&pass, pass.usability(tx, &policy)?)
            }
            Kind::Password | Kind::RecoveryCode => continue,
        };
        shown.push(typed(method.kind, is_typed, members));
    }
    Ok(shown)
}

async fn list(call: Call, kind: Option<Kind>) -> Result<Reply, Refusal> {
    let key = call.key("id").to_owned();
    let (user, found) = call
        .read(move |tx| {
            let user = users::find(tx, &key)?;
            Ok((user.id, methods_of(tx, &user, kind)?))
        })
        .await?;
    let shown = shown(kind);
    let items = found
        .into_iter()
        .map(|method| shown.select(&call.options, method))
        .collect::<Result<Vec<_>, _>>()?;
    Reply::collection(&call, &context(user, segment(kind)), &Page::all(items))
}

/// That a user has none.
async fn none(call: Call, segment: &'static str) -> Result<Reply, Refusal> {
    let key = call.key("id").to_owned();
    let user = call.read(move |tx| Ok(users::find(tx, &key)?.id)).await?;
    Reply::collection(
        &call,
        &context(user, segment),
        &Page::all(Vec::<Map<String, Value>>::new()),
    )
}

/// The method that a path names.
fn one_of(
    found: Vec<Map<String, Value>>,
    id: &str,
    kind: Option<Kind>,
) -> Result<Map<String, Value>, Error> {
    let kind = kind.map_or("authenticationMethod", Kind::graph_type);
    let wanted = types::parse_uuid(id).map(|id| Value::from(id.to_string()));
    found
        .into_iter()
        .find(|method| wanted.is_some() && method.get("id") == wanted.as_ref())
        .ok_or_else(|| Error::not_found(kind, id))
}

async fn get(call: Call, kind: Option<Kind>) -> Result<Reply, Refusal> {
    let (key, id) = (call.key("id").to_owned(), call.key("methodId").to_owned());
    let (user, found) = call
        .read(move |tx| {
            let user = users::find(tx, &key)?;
            Ok((user.id, one_of(methods_of(tx, &user, kind)?, &id, kind)?))
        })
        .await?;
    let found = shown(kind).select(&call.options, found)?;
    Reply::entity(&call, &context(user, segment(kind)), &found)
}

/// The id in a path; what isn't one names nothing.
fn method_id(call: &Call, kind: Kind) -> Result<Uuid, Refusal> {
    let text = call.key("methodId");
    types::parse_uuid(text).ok_or_else(|| Error::not_found(kind.graph_type(), text).into())
}

async fn delete(call: Call, kind: Kind) -> Result<Reply, Refusal> {
    let (key, id) = (call.key("id").to_owned(), method_id(&call, kind)?);
    call.write(move |tx| {
        let user = users::find(tx, &key)?.id;
        match kind {
            Kind::Passkey => credentials::passkey::delete(tx, user, id),
            Kind::Totp => totp::delete(tx, user, id),
            _ => access_pass::delete(tx, user, id),
        }
    })
    .await?;
    Ok(Reply::no_content())
}
