//! Secrets of applications and service principals: in the body of a new application, and the actions
//! `addPassword` and `removePassword`. A secret is shown once, in the answer that makes it.
//!
//! Source: "application: addPassword", "servicePrincipal: addPassword", "removePassword" (Microsoft
//! Graph).

use directory::key_credentials::Owner;
use directory::password_credentials::{self, NewPassword, Password, PasswordBody, SECRETS_MAX};
use identity::oauth::{NewClientSecret, new_client_secret};
use serde_json::{Map, Value};
use store::Tx;
use types::Error;
use uuid::Uuid;

use super::{CHANGE, Of, Target, action, key_id, parameters};
use crate::app_key::Reach;
use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::Call;
use crate::revocation::reconsidering;
use crate::route::Routes;

/// Registers the actions.
pub(super) fn routes(routes: &mut Routes) {
    action(
        routes,
        paths!("addPassword"),
        "Make a secret, which is shown this once",
        add_password,
    );
    action(
        routes,
        paths!("removePassword"),
        "Remove a secret",
        remove_password,
    );
}

/// A secret that is to be added.
pub(crate) struct Wanted {
    body: PasswordBody,
    made: NewClientSecret,
}

impl Wanted {
    fn new(body: PasswordBody) -> Result<Self, Error> {
        let made = new_client_secret(identity::random()?);
        Ok(Self { body, made })
    }

    /// Adds it to an object.
    fn add(&self, tx: &mut Tx<'_>, owner: Owner) -> types::Result<Password> {
        let new = NewPassword {
            display_name: self.body.display_name.as_deref(),
            start: self.body.start,
            end: self.body.end,
            secret_hash: &self.made.hash,
            hint: &self.made.hint,
        };
        password_credentials::add(tx, owner, &new)
    }

    /// The secret itself.
    fn secret(&self) -> String {
        self.made.secret.expose().to_owned()
    }
}

/// Takes the secrets out of the body of a new application, and makes them.
pub(crate) fn take(body: &mut Map<String, Value>) -> Result<Vec<Wanted>, Refusal> {
    let wrong = || {
        Error::invalid(
            "passwordCredentials",
            "'passwordCredentials' has to be a list of objects.",
        )
    };
    let list = match body.shift_remove("passwordCredentials") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(wrong().into()),
    };
    let mut wanted = Vec::new();
    // More than an application may have needn't be made.
    for credential in list.iter().take(SECRETS_MAX + 1) {
        let mut credential = credential.as_object().ok_or_else(wrong)?.clone();
        credential.retain(|name, value| !name.starts_with("@odata.") && !value.is_null());
        wanted.push(Wanted::new(password_credentials::parse(&credential)?)?);
    }
    Ok(wanted)
}

/// Adds the secrets of a new application; answers each by its id.
pub(crate) fn add_all(
    tx: &mut Tx<'_>,
    owner: Owner,
    wanted: &[Wanted],
) -> types::Result<Vec<(Uuid, String)>> {
    let mut secrets = Vec::new();
    for wanted in wanted {
        let added = wanted.add(tx, owner)?;
        secrets.push((added.key_id, wanted.secret()));
    }
    Ok(secrets)
}

/// Shows new secrets, this once.
pub(crate) fn show(shown: &mut Map<String, Value>, secrets: &[(Uuid, String)]) {
    let list = shown.get_mut("passwordCredentials");
    for credential in list.and_then(Value::as_array_mut).into_iter().flatten() {
        let id = credential["keyId"].as_str().and_then(types::parse_uuid);
        if let Some((_, secret)) = secrets.iter().find(|(key, _)| Some(*key) == id) {
            credential["secretText"] = secret.as_str().into();
        }
    }
}

/// Reads the parameter of `addPassword`.
fn wanted(parameters: &Map<String, Value>) -> Result<PasswordBody, Refusal> {
    match parameters.get("passwordCredential") {
        None | Some(Value::Null) => Ok(PasswordBody::default()),
        Some(Value::Object(credential)) => {
            let mut credential = credential.clone();
            credential.retain(|name, _| !name.starts_with("@odata."));
            Ok(password_credentials::parse(&credential)?)
        }
        Some(_) => Err(Error::invalid(
            "passwordCredential",
            "The parameter 'passwordCredential' has to be an object.",
        )
        .into()),
    }
}

async fn add_password(call: Call, of: Of) -> Result<Reply, Refusal> {
    let (target, reach) = (Target::of(&call, of)?, Reach::of(&call, CHANGE));
    let wanted = Wanted::new(wanted(&parameters(&call, &["passwordCredential"])?)?)?;
    let secret = wanted.secret();
    let added = call
        .write(move |tx| {
            let owner = target.find(tx, reach)?.owner;
            wanted.add(tx, owner)
        })
        .await?;
    let mut shown = added.to_json();
    shown["secretText"] = secret.into();
    Reply::object(&call, "microsoft.graph.passwordCredential", &shown)
}

async fn remove_password(call: Call, of: Of) -> Result<Reply, Refusal> {
    let (target, reach) = (Target::of(&call, of)?, Reach::of(&call, CHANGE));
    let key_id = key_id(&parameters(&call, &["keyId"])?, "secret")?;
    // The tokens that were granted for it end with it; those of other secrets live on.
    reconsidering(&call, move |tx| {
        let found = target.find(tx, reach)?;
        password_credentials::remove(tx, found.owner, key_id)?;
        Ok(found.principal.into_iter().collect())
    })
    .await?;
    Ok(Reply::no_content())
}
