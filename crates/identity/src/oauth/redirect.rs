//! Where an answer may go: the redirect URIs that a client has registered, compared as they are
//! written.
//!
//! The one exception is a native client's loopback address, whose port is whatever the machine gave
//! it (RFC 8252 §7.3). What kind of client it is follows from the list that the address stands in.
//!
//! Source: RFC 9700 §2.1 and §4.1.3; Microsoft identity platform, "Redirect URI restrictions".

use serde::{Deserialize, Serialize};

/// The kind of a redirect URI, and so of the client that uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Platform {
    /// A server, which can keep a secret.
    Web,
    /// A script in a browser.
    Spa,
    /// A program on somebody's machine.
    Native,
}

impl Platform {
    /// Whether clients of this kind can't prove who they are.
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Spa | Self::Native)
    }
}

/// The redirect URIs of a client.
#[derive(Debug, Clone, Copy, Default)]
pub struct RedirectUris<'a> {
    /// `web.redirectUris`.
    pub web: &'a [String],
    /// `spa.redirectUris`.
    pub spa: &'a [String],
    /// `publicClient.redirectUris`.
    pub native: &'a [String],
}

impl RedirectUris<'_> {
    /// Of which kind a redirect URI is; `None` if it isn't registered.
    pub fn platform(&self, asked: &str) -> Option<Platform> {
        let is_one = |list: &[String]| list.iter().any(|own| own == asked);
        if is_one(self.web) {
            return Some(Platform::Web);
        }
        if is_one(self.spa) {
            return Some(Platform::Spa);
        }
        let portless = loopback(asked);
        let is_native = is_one(self.native)
            || (portless.is_some() && self.native.iter().any(|own| loopback(own) == portless));
        is_native.then_some(Platform::Native)
    }

    /// Whether an answer may go there.
    pub fn has(&self, asked: &str) -> bool {
        self.platform(asked).is_some()
    }

    /// Whether a script of this origin belongs to the client.
    pub fn has_spa_origin(&self, origin: &str) -> bool {
        self.spa.iter().any(|own| origin_of(own) == Some(origin))
    }
}

/// Host and rest of an address on the machine itself, the port left out.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = ["localhost", "127.0.0.1", "[::1]"]
        .into_iter()
        .find(|host| rest.starts_with(host))?;
    let rest = rest.strip_prefix(host)?;
    let rest = match rest.strip_prefix(':') {
        Some(port) => {
            let digits = port.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, rest) = port.split_at_checked(digits)?;
            if !(1..=5).contains(&digits.len()) {
                return None;
            }
            rest
        }
        None => rest,
    };
    let is_end = rest.is_empty() || rest.starts_with(['/', '?']);
    // An empty path is the root (RFC 3986 §6.2.3).
    is_end.then_some((host, if rest == "/" { "" } else { rest }))
}

/// Whether an address may be framed to tell a client of a sign-out: one of the web, or of the machine
/// itself. Its origin becomes part of a page's policy.
pub fn can_be_framed(uri: &str) -> bool {
    if loopback(uri).is_some() {
        return true;
    }
    let host = origin_of(uri).and_then(|origin| origin.strip_prefix("https://"));
    host.is_some_and(|host| {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
        !host.is_empty() && !host.starts_with(':') && host.bytes().all(is_plain)
    })
}

/// Scheme, host and port of an address.
pub fn origin_of(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    uri.get(..scheme.len() + 3 + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(asked: &str) -> Option<Platform> {
        let list = |uris: &[&str]| uris.iter().map(ToString::to_string).collect::<Vec<_>>();
        let web = list(&["https://app.example/cb", "http://localhost/web"]);
        let spa = list(&["https://spa.example/", "http://localhost:3000/spa"]);
        let native = list(&["http://localhost", "http://127.0.0.1/cb", "myapp://auth"]);
        let uris = RedirectUris {
            web: &web,
            spa: &spa,
            native: &native,
        };
        assert!(uris.has_spa_origin("https://spa.example"));
        assert!(!uris.has_spa_origin("https://app.example"));
        uris.platform(asked)
    }

    #[test]
    fn an_address_is_compared_as_it_is_written() {
        assert_eq!(platform("https://app.example/cb"), Some(Platform::Web));
        assert_eq!(platform("https://spa.example/"), Some(Platform::Spa));
        assert_eq!(platform("myapp://auth"), Some(Platform::Native));
        for other in [
            "",
            "https://app.example/cb/",
            "https://app.example/CB",
            "https://APP.example/cb",
            "https://app.example/cb?x=1",
            "https://app.example/cb#x",
            "https://app.example:443/cb",
            "https://app.example/cb/../cb",
            "https://app.example/%63b",
            "https://app.example.evil.example/cb",
            "https://app.example@evil.example/cb",
            "https://evil.example/?https://app.example/cb",
            "http://app.example/cb",
            "https://spa.example",
            "http://localhost:81/web",
            "http://localhost:3001/spa",
        ] {
            assert_eq!(platform(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_framed_is_compared_by_its_parts() {
        for own in [
            "https://app.example/out",
            "https://app.example:8443?x=1",
            "http://localhost/out",
            "http://localhost:3000",
            "http://127.0.0.1:9/out",
        ] {
            assert!(can_be_framed(own), "{own}");
        }
        for other in [
            "",
            "https://",
            "https://:1/",
            "http://app.example/",
            "http://localhost.evil.example/",
            "http://localhost:80@evil.example/",
            "https://a;script-src *",
            "https://a b/",
            "javascript:alert(1)",
        ] {
            assert!(!can_be_framed(other), "{other}");
        }
    }

    #[test]
    fn a_native_client_has_any_port_of_its_machine() {
        for own in [
            "http://localhost",
            "http://localhost/",
            "http://localhost:51234",
            "http://localhost:51234/",
            "http://127.0.0.1:9/cb",
        ] {
            assert_eq!(platform(own), Some(Platform::Native), "{own}");
        }
        for other in [
            "https://localhost:51234",
            "http://localhost:51234/other",
            "http://localhost:51234@evil.example",
            "http://localhost:@evil.example",
            "http://localhost.evil.example",
            "http://localhost:123456",
            "http://127.0.0.1:9/",
            "http://[::1]:9/cb",
            "http://2130706433:9/cb",
        ] {
            assert_eq!(platform(other), None, "{other}");
        }
    }
}
