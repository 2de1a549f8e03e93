//! `…/synchronization/secrets`: written and never shown. What is a secret is sealed before it is
//! kept; a list tells the names, with `*` for each value, as Graph does.

use serde_json::{Value, json};
use sync::jobs::secrets::{self, Secret, VALUE_LENGTH_MAX, Written};
use types::{Error, TenantId};

use super::{At, Owner, READ, WRITE, set};
use crate::errors::Refusal;
use crate::reply::{Page, Reply};
use crate::request::Call;

/// What the sealed ones are bound to.
const PURPOSE: &str = "synchronizationSecret";
/// Secrets in one request.
pub(super) const SECRETS_MAX: usize = 100;

/// A secret, as it may be shown.
pub(super) fn hidden(name: &str) -> Value {
    json!({"key": name, "value": "*"})
}

pub(super) async fn list(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, READ)?;
    let (principal, names) = call
        .read(move |tx| {
            let principal = owner.find(tx)?;
            let names = secrets::names(tx, principal.id)?;
            Ok((principal, names))
        })
        .await?;
    let items: Vec<Value> = names.iter().map(|name| hidden(name)).collect();
    Reply::collection(&call, &set(&principal, "secrets"), &Page::all(items))
}

/// A list of `synchronizationSecretKeyStringValuePair`: names and values.
pub(super) fn pairs<'v>(
    property: &str,
    value: Option<&'v Value>,
) -> types::Result<Vec<(&'static str, &'v str)>> {
    let wrong = || {
        Error::invalid(
            property,
            format!("'{property}' has to be a list of objects with 'key' and 'value'."),
        )
    };
    let list = value.and_then(Value::as_array).ok_or_else(wrong)?;
    if list.len() > SECRETS_MAX {
        return Err(Error::invalid(
            property,
            format!("'{property}' has {SECRETS_MAX} entries at most."),
        ));
    }
    list.iter()
        .map(|pair| {
            let pair = pair.as_object().ok_or_else(wrong)?;
            let is_known = |name: &String| ["key", "value"].contains(&name.as_str());
            if !pair
                .keys()
                .all(|name| is_known(name) || name.contains("@odata."))
            {
                return Err(wrong());
            }
            let key = pair.get("key").and_then(Value::as_str).ok_or_else(wrong)?;
            let value = match pair.get("value") {
                None | Some(Value::Null) => "",
                Some(Value::String(text)) => text,
                Some(_) => return Err(wrong()),
            };
            if value.chars().count() > VALUE_LENGTH_MAX {
                return Err(Error::LimitExceeded {
                    limit: "limits.synchronization_secret_characters",
                    message: format!(
                        "A synchronization secret has {VALUE_LENGTH_MAX} characters at most \
                         (limits.synchronization_secret_characters)."
                    ),
                });
            }
            Ok((secrets::known(key)?, value))
        })
        .collect()
}

fn written(call: &Call, tenant: TenantId, value: &Value) -> Result<Vec<Secret>, Refusal> {
    let mut written = Vec::new();
    for (name, value) in pairs("value", Some(value))? {
        let value = if value.is_empty() {
            Written::Removed
        } else if secrets::is_setting(name) {
            Written::Setting(value.to_owned())
        } else {
            let sealer = &call.platform().sealer;
            Written::Sealed(sealer.seal(PURPOSE, tenant, value.as_bytes())?)
        };
        written.push(Secret { name, value });
    }
    Ok(written)
}

pub(super) async fn put(call: Call, at: At) -> Result<Reply, Refusal> {
    let owner = Owner::of(&call, at, WRITE)?;
    let parameters = call.parameters()?;
    if let Some(other) = parameters.keys().find(|name| *name != "value") {
        return Err(Error::invalid(other.as_str(), format!("Invalid property '{other}'.")).into());
    }
    let value = parameters.get("value").unwrap_or(&Value::Null);
    let written = written(&call, call.caller.tenant, value)?;
    call.write(move |tx| {
        let principal = owner.find(tx)?;
        secrets::put(tx, principal.id, &written)
    })
    .await?;
    Ok(Reply::no_content())
}
