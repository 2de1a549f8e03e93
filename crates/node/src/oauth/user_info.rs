//! UserInfo: what a client may know of the person whose access token it holds.
//!
//! Source: OpenID Connect Core §5.3; Microsoft identity platform, "UserInfo endpoint".

use directory::users;
use identity::token::{AccessToken, Verified};
use serde_json::{Map, Value, json};
use types::Result;

use crate::Node;

impl Node {
    /// What a client with this token may know; nothing if it isn't a person's, or they are gone.
    pub async fn user_info(&self, token: Verified<AccessToken>) -> Result<Option<Value>> {
        let Some(signed_in) = token.signed_in().cloned() else {
            return Ok(None);
        };
        let island = self.store().island(token.tenant)?;
        island
            .read_few(move |tx| {
                let Some(user) = types::found(users::get(tx, signed_in.user))? else {
                    return Ok(None);
                };
                let mut claims = Map::new();
                // The one of the client's ID tokens (Core §5.3.2).
                claims.insert("sub".into(), json!(signed_in.subject));
                let mut tell = |name: &str, value: Value| {
                    if !value.is_null() {
                        claims.insert(name.into(), value);
                    }
                };
                if token.has_scope("profile") {
                    tell("name", json!(user.display_name()));
                    tell("given_name", user.property("givenName"));
                    tell("family_name", user.property("surname"));
                    // What home calls who is from elsewhere is known by the token alone.
                    let name = if user.is_external() {
                        &signed_in.user_principal_name
                    } else {
                        user.user_principal_name()
                    };
                    tell("preferred_username", json!(name));
                    tell("locale", user.property("preferredLanguage"));
                }
                if token.has_scope("email") {
                    tell("email", user.property("mail"));
                }
                Ok(Some(Value::Object(claims)))
            })
            .await
    }
}
