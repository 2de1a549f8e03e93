//! Keeps secrets out of the log.

use serde_json::Value;

/// Ends of property names whose values are secrets: `password`, `clientSecret`, `secretText`,
/// `access_token`, `SecretToken` ….
const SECRET_ENDS: [&str; 4] = ["password", "secret", "secrettext", "token"];

/// Whether a property of this name holds a secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

/// A value without the secrets in it: members with a secret's name are dropped at every depth, and
/// so is the value of a `{"key": …, "value": …}` pair whose key is one.
pub fn redact(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(redact).collect(),
        Value::Object(members) => {
            let is_secret_pair = ["key", "name"]
                .iter()
                .filter_map(|key| members.get(*key)?.as_str())
                .any(is_secret);
            Value::Object(
                members
                    .iter()
                    .filter(|(name, _)| !(is_secret(name) || is_secret_pair && *name == "value"))
                    .map(|(name, value)| (name.clone(), redact(value)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_dropped_at_every_depth_and_nothing_else() {
        let value = json!({
            "displayName": "Kay", "passwordProfile": {"password": "p", "forceChange": true},
            "credentials": [{"keyId": 1, "secretText": "s"}, {"key": "SecretToken", "value": "t"}],
            "accessToken": "a", "client_secret": "c", "tokens": 3,
            "pairs": [{"key": "BaseAddress", "value": "https://a.example"}],
        });
        assert_eq!(
            redact(&value),
            json!({
                "displayName": "Kay", "passwordProfile": {"forceChange": true},
                "credentials": [{"keyId": 1}, {"key": "SecretToken"}], "tokens": 3,
                "pairs": [{"key": "BaseAddress", "value": "https://a.example"}],
            })
        );
    }
}
