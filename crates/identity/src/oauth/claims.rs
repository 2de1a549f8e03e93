//! What a client asks tokens to say beyond the usual: the `claims` parameter, and `acr_values`.
//!
//! - `xms_cc`: what the client can handle (`cp1`, claims challenges), repeated in its access tokens.
//! - `acrs`: authentication contexts, `c1` to `c99`. A context is met by more than one factor; tokens name
//!   those that were asked for and met. One that is `essential` has the person show another factor.
//! - `amr` with `mfa`: the same without a name.
//! - Whatever else stands there is asked for in vain, as OpenID Connect allows.
//!
//! Source: OpenID Connect Core §5.5; Microsoft identity platform, "Claims challenges, claims requests and
//! client capabilities" and "Developer guide to Conditional Access authentication context".

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::OAuthError;

/// The longest `claims`.
const TEXT_MAX: usize = 4_096;
/// Contexts and capabilities that are looked at.
const VALUES_MAX: usize = 16;

/// What a client asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimsRequest {
    /// Authentication contexts.
    pub contexts: Vec<String>,
    /// Whether another factor has to be shown.
    pub is_multifactor: bool,
    /// What the client can handle.
    pub capabilities: Vec<String>,
}

fn push(to: &mut Vec<String>, value: &str) {
    if to.len() < VALUES_MAX && !to.iter().any(|own| own == value) {
        to.push(value.to_owned());
    }
}

fn is_context(name: &str) -> bool {
    let number = name.strip_prefix('c').unwrap_or_default();
    !number.starts_with('0') && matches!(number.parse::<u8>(), Ok(1..=99))
}

fn is_capability(name: &str) -> bool {
    !name.is_empty() && name.len() <= 16 && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The values that a member of a claims request asks for (OpenID Connect Core §5.5.1).
fn values(asked: &Value) -> impl Iterator<Item = &str> {
    let several = asked["values"].as_array().into_iter().flatten();
    asked["value"]
        .as_str()
        .into_iter()
        .chain(several.filter_map(Value::as_str))
}

impl ClaimsRequest {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Reads the two parameters.
    pub fn parse(claims: Option<&str>, acr_values: Option<&str>) -> Result<Self, OAuthError> {
        let malformed = || OAuthError::Malformed("claims isn't a JSON object");
        let mut request = Self::default();
        for context in acr_values
            .unwrap_or_default()
            .split(' ')
            .filter(|it| is_context(it))
        {
            push(&mut request.contexts, context);
        }
        let Some(claims) = claims else {
            return Ok(request);
        };
        if claims.len() > TEXT_MAX {
            return Err(OAuthError::Malformed("a parameter is too long"));
        }
        let asked: Map<String, Value> = serde_json::from_str(claims).map_err(|_| malformed())?;
        for token in ["access_token", "id_token"] {
            let Some(of_token) = asked.get(token) else {
                continue;
            };
            let contexts = &of_token["acrs"];
            for context in values(contexts).filter(|it| is_context(it)) {
                push(&mut request.contexts, context);
                request.is_multifactor |= contexts["essential"] == true;
            }
            let methods = &of_token["amr"];
            request.is_multifactor |=
                methods["essential"] == true && values(methods).any(|name| name == "mfa");
            for name in values(&of_token["xms_cc"]).filter(|it| is_capability(it)) {
                push(&mut request.capabilities, name);
            }
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(claims: &str) -> ClaimsRequest {
        ClaimsRequest::parse(Some(claims), None).unwrap()
    }

    #[test]
    fn what_microsofts_libraries_send_is_read() {
        let request = parsed(
            r#"{"access_token":{"acrs":{"essential":true,"value":"c1"},"xms_cc":{"values":["cp1"]}}}"#,
        );
        assert_eq!(request.contexts, ["c1"]);
        assert_eq!(request.capabilities, ["cp1"]);
        assert!(request.is_multifactor);
        // A claims challenge of revoked tokens.
        let request = parsed(r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#);
        assert_eq!(request, ClaimsRequest::default());
    }

    #[test]
    fn what_isnt_essential_asks_nobody() {
        let request = parsed(r#"{"id_token":{"acrs":{"values":["c2","c100","x"]},"amr":null}}"#);
        assert_eq!(request.contexts, ["c2"]);
        assert!(!request.is_multifactor);
        let request = ClaimsRequest::parse(None, Some("c3 urn:mace:silver c03 c3")).unwrap();
        assert_eq!(request.contexts, ["c3"]);
        assert!(
            parsed(r#"{"id_token":{"amr":{"essential":true,"values":["mfa"]}}}"#).is_multifactor
        );
    }

    #[test]
    fn anything_else_is_refused_or_left_alone() {
        for claims in ["", "[]", "1", "{", "null"] {
            assert!(
                ClaimsRequest::parse(Some(claims), None).is_err(),
                "{claims}"
            );
        }
        let long = format!(r#"{{"x":"{}"}}"#, "y".repeat(TEXT_MAX));
        assert!(ClaimsRequest::parse(Some(&long), None).is_err());
        for claims in [
            r#"{"access_token":null}"#,
            r#"{"access_token":[1],"id_token":"x"}"#,
            r#"{"access_token":{"acrs":{"value":1,"values":[2,{}]},"xms_cc":{"values":["a b"]}}}"#,
        ] {
            assert_eq!(parsed(claims), ClaimsRequest::default(), "{claims}");
        }
    }
}
