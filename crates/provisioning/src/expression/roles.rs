//! Application roles: values of `[appRoleAssignments]`, each a role's name or a JSON object that
//! says more of it.

use serde_json::{Value as Json, json};

use super::Failure;
use super::evaluate::{Arguments, Run};
use super::value::Value;

struct Role {
    value: String,
    display: String,
}

fn assigned(run: &mut Run<'_>, it: Arguments<'_>) -> Result<Vec<Role>, Failure> {
    let values = match run.argument(it, 0)? {
        Value::List(values) => values,
        value => value.text()?.into_iter().collect(),
    };
    let read = |text: String| {
        let parts = serde_json::from_str::<Json>(&text).ok();
        let part = |name: &str| {
            let part = parts.as_ref()?.get(name)?.as_str()?;
            (!part.is_empty()).then(|| part.to_owned())
        };
        let value = part("value").or_else(|| part("displayName"));
        let display = part("displayName").or_else(|| part("value"));
        Role {
            value: value.unwrap_or_else(|| text.clone()),
            display: display.unwrap_or(text),
        }
    };
    let named = values.into_iter().filter(|text| !text.is_empty());
    Ok(named.map(read).collect())
}

/// The roles' values.
pub(super) fn values(run: &mut Run<'_>, it: Arguments<'_>) -> Result<Value, Failure> {
    let roles = assigned(run, it)?;
    run.made_list(roles.into_iter().map(|role| role.value).collect())
}

/// The one role: of several, nobody could say which is meant.
pub(super) fn single(run: &mut Run<'_>, it: Arguments<'_>) -> Result<Value, Failure> {
    let mut roles = assigned(run, it)?;
    if roles.len() > 1 {
        return Err(Failure::evaluation(format!(
            "The user has {} application roles; only one can be taken.",
            roles.len()
        )));
    }
    match roles.pop() {
        Some(role) => run.made(role.value),
        None => Ok(Value::Null),
    }
}

/// Each role as an object, none of them primary.
pub(super) fn complex(run: &mut Run<'_>, it: Arguments<'_>) -> Result<Value, Failure> {
    let roles = assigned(run, it)?;
    let object = |role: Role| {
        json!({
            "primary": false,
            "type": "WindowsAzureActiveDirectoryRole",
            "display": role.display,
            "value": role.value,
        })
        .to_string()
    };
    run.made_list(roles.into_iter().map(object).collect())
}
