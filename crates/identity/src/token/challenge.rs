//! Which clients can be told what a token lacks.
//!
//! Source: Microsoft identity platform, "Claims challenges, claims requests and client capabilities".

use serde::Deserialize;

use super::compact;

/// Whether the client of an access token has said that it takes claims challenges (`cp1`). Unverified:
/// for tokens only that were verified and are refused for another reason.
pub fn takes_challenges(token: &str) -> bool {
    #[derive(Deserialize)]
    struct Claims {
        #[serde(default)]
        xms_cc: Vec<String>,
    }
    let parsed = compact::parse::<Claims>(token);
    parsed.is_ok_and(|parsed| parsed.claims.xms_cc.iter().any(|it| it == "cp1"))
}
