//! What a client asks for in a person's name: scopes of one API, and those of OpenID Connect.
//!
//! - `User.Read`, `https://graph.microsoft.com/User.Read`: scopes of the Graph API; those of others
//!   stand behind the API's id or identifier URI. `{resource}/.default` stands for all that was
//!   allowed already.
//! - A token is for one API, so a request names one.
//!
//! Source: Microsoft identity platform, "Scopes and permissions"; OpenID Connect Core §5.4.

use serde::{Deserialize, Serialize};

use super::{OAuthError, Resource};
use crate::PublicUrl;

/// The longest `scope`.
const TEXT_MAX: usize = 8_192;
/// The most words in one.
const WORDS_MAX: usize = 128;
/// Scopes that aren't a resource's own: what the client is told of the person, and for how long.
pub const OPENID_SCOPES: [&str; 4] = ["email", "offline_access", "openid", "profile"];

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeRequest {
    /// Which of [`OPENID_SCOPES`], sorted.
    pub openid: Vec<String>,
    /// The API.
    pub resource: Resource,
    /// The API's scopes, as they were written, without repetition.
    pub scopes: Vec<String>,
    /// Whether it asks for all that the client was allowed.
    pub is_default: bool,
}

impl ScopeRequest {
    /// Reads `scope`.
    pub fn parse(text: &str, public_url: &PublicUrl) -> Result<Self, OAuthError> {
        let invalid = || OAuthError::InvalidUserScope(text.to_owned());
        let is_word = |word: &str| {
            // RFC 6749 §3.3: NQCHAR.
            word.bytes()
                .all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        };
        let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        if text.len() > TEXT_MAX || words.len() > WORDS_MAX || !words.iter().all(|it| is_word(it)) {
            return Err(invalid());
        }
        let mut request = Self {
            openid: Vec::new(),
            resource: Resource::Graph,
            scopes: Vec::new(),
            is_default: false,
        };
        let mut named: Option<Resource> = None;
        for word in words {
            if OPENID_SCOPES.contains(&word) {
                push(&mut request.openid, word);
                continue;
            }
            let (resource, scope) = match word.rsplit_once('/') {
                None => (Resource::Graph, word),
                Some(("", _) | (_, "")) => return Err(invalid()),
                // An API by itself (`api://wiki`), without a scope of it.
                Some((name, _)) if name.ends_with(":/") => return Err(invalid()),
                Some((name, scope)) if Resource::is_graph(name, public_url) => {
                    (Resource::Graph, scope)
                }
                Some((name, scope)) => (Resource::Application(name.to_owned()), scope),
            };
            if OPENID_SCOPES.contains(&scope) && resource == Resource::Graph {
                push(&mut request.openid, scope);
                continue;
            }
            match &named {
                Some(other) if *other != resource => {
                    return Err(OAuthError::SeveralResources(text.to_owned()));
                }
                _ => named = Some(resource),
            }
            if scope == ".default" {
                request.is_default = true;
            } else {
                push(&mut request.scopes, scope);
            }
        }
        if request.is_default && !request.scopes.is_empty() {
            return Err(OAuthError::DefaultScopeAmongOthers(text.to_owned()));
        }
        request.openid.sort();
        if let Some(resource) = named {
            request.resource = resource;
        } else if request.openid.is_empty() {
            return Err(invalid());
        }
        Ok(request)
    }

    /// Whether it has one of [`OPENID_SCOPES`].
    pub fn has(&self, scope: &str) -> bool {
        self.openid.iter().any(|own| own == scope)
    }

    /// Whether it asks for nothing of an API.
    pub fn is_openid_only(&self) -> bool {
        self.scopes.is_empty() && !self.is_default
    }
}

fn push(list: &mut Vec<String>, word: &str) {
    if !list.iter().any(|own| own == word) {
        list.push(word.to_owned());
    }
}
