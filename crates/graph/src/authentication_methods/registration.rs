//! `/reports/authenticationMethods/userRegistrationDetails`: who can sign in by what.

use credentials::{Kind, Policy, Standing, methods, passkey, standing};
use directory::users::{self, User};
use serde_json::{Map, Value, json};
use store::ReadTx;

use crate::errors::Refusal;
use crate::listing::{self, Sorting, Source};
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Routes, Versions};

const READ: &[&str] = &["AuditLog.Read.All"];
const SET: &str = "reports/authenticationMethods/userRegistrationDetails";

static SOURCE: Source<User> = Source {
    set: SET,
    entity: users::entity,
    list: users::list,
    count: users::count,
    place: users::place,
    project: users::project,
};

pub(super) fn routes(routes: &mut Routes) {
    let mut area = routes.area("authenticationMethods", Versions::Both);
    area.get(
        "/reports/authenticationMethods/userRegistrationDetails",
        READ,
        "List by what users can sign in",
        list,
    )
    .query(Allowed::TOP.and(Allowed::SKIP_TOKEN));
    area.get(
        "/reports/authenticationMethods/userRegistrationDetails/{id}",
        READ,
        "Get by what a user can sign in",
        get,
    );
}

fn show(tx: &ReadTx<'_>, user: &User) -> types::Result<Map<String, Value>> {
    let policy = Policy::get(tx)?;
    let own = Standing::of(tx, &policy, user)?;
    let mut registered: Vec<&str> = Vec::new();
    let mut updated_at = user.created_at;
    for method in methods::list(tx, user.id)? {
        updated_at = updated_at.max(method.created_at);
        let name = match method.kind {
            Kind::Passkey if passkey::show(&method)?.is_synced => "passKeySynced",
            Kind::Passkey => "passKeyDeviceBound",
            Kind::Totp => "softwareOneTimePasscode",
            Kind::TemporaryAccessPass => "temporaryAccessPass",
            Kind::Password | Kind::RecoveryCode => continue,
        };
        if !registered.contains(&name) {
            registered.push(name);
        }
    }
    let shown = json!({
        "id": user.id,
        "userPrincipalName": user.user_principal_name(),
        "userDisplayName": user.display_name(),
        "userType": user.user_type().to_ascii_lowercase(),
        "isAdmin": standing::is_administrator(tx, user.id)?,
        "isSsprRegistered": false,
        "isSsprEnabled": false,
        "isSsprCapable": false,
        "isMfaRegistered": !own.registered.is_empty(),
        "isMfaCapable": !own.usable.is_empty(),
        "isPasswordlessCapable": own.usable.contains(&Kind::Passkey),
        "methodsRegistered": registered,
        "isSystemPreferredAuthenticationMethodEnabled": false,
        "systemPreferredAuthenticationMethods": [],
        "userPreferredMethodForSecondaryAuthentication": "none",
        "lastUpdatedDateTime": updated_at,
    });
    Ok(shown.as_object().cloned().unwrap_or_default())
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    listing::list_shown(&call, &SOURCE, Sorting::Plain, |tx, user, _| show(tx, user)).await
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let key = call.key("id").to_owned();
    let found = call
        .read(move |tx| show(tx, &users::find(tx, &key)?))
        .await?;
    Reply::entity(&call, SET, &found)
}
