//! Where a call goes: a URL, read strictly.

use std::fmt;
use std::fmt::Write as _;
use std::net::IpAddr;

use http::Uri;
use types::{Error, Result};

/// The longest URL.
pub const URL_BYTES_MAX: usize = 2_048;
/// The longest DNS name, and the longest part of one (RFC 1035 §2.3.4).
const NAME_MAX: usize = 253;
const LABEL_MAX: usize = 63;

/// Ports of other protocols, whose servers might take a request for something else: the Fetch
/// standard's list of bad ports.
const OTHER_PROTOCOLS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
];

/// How it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Without TLS; to loopback addresses only.
    Http,
    /// With TLS.
    Https,
}

/// The host of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    Name(String),
    Address(IpAddr),
}

/// Where a call goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) path_and_query: String,
}

impl Target {
    /// Reads a URL. The message of a refusal says what is wrong with it, without repeating it.
    pub fn parse(url: &str) -> Result<Self> {
        let wrong = |what: &str| Error::bad_request(what);
        if url.len() > URL_BYTES_MAX {
            return Err(wrong(
                "The URL is longer than 2048 bytes (limits.notification_url_bytes).",
            ));
        }
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) || url.contains(['\\', '#']) {
            return Err(wrong(
                "The URL may have neither spaces, backslashes, a fragment nor letters beyond ASCII; write those in percent-encoding or Punycode.",
            ));
        }
        let uri: Uri = url.parse().map_err(|_| wrong("It isn't a URL."))?;
        let scheme = match uri.scheme_str() {
            Some("https") => Scheme::Https,
            Some("http") => Scheme::Http,
            _ => return Err(wrong("The URL has to begin with https://.")),
        };
        let authority = uri
            .authority()
            .ok_or_else(|| wrong("The URL has no host."))?;
        if authority.as_str().contains('@') {
            return Err(wrong("The URL may not have a user or a password in it."));
        }
        let host = host(authority.host())?;
        let rest = authority
            .as_str()
            .get(authority.host().len()..)
            .unwrap_or_default();
        let port = match rest.strip_prefix(':') {
            None if rest.is_empty() => match scheme {
                Scheme::Https => 443,
                Scheme::Http => 80,
            },
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits
                .parse()
                .map_err(|_| wrong("The port of the URL isn't one."))?,
            _ => return Err(wrong("The port of the URL isn't one.")),
        };
        if OTHER_PROTOCOLS.contains(&port) {
            return Err(wrong("The port of the URL belongs to another protocol."));
        }
        let path_and_query = uri.path_and_query().map_or("/", |it| it.as_str());
        Ok(Self {
            scheme,
            host,
            port,
            path_and_query: if path_and_query.starts_with('/') {
                path_and_query.to_owned()
            } else {
                format!("/{path_and_query}")
            },
        })
    }

    /// How it is spoken to.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Host and port, which say whose machine it is: `hooks.contoso.example:443`.
    pub fn machine(&self) -> String {
        match &self.host {
            Host::Name(name) => format!("{name}:{}", self.port),
            Host::Address(IpAddr::V4(address)) => format!("{address}:{}", self.port),
            Host::Address(IpAddr::V6(address)) => format!("[{address}]:{}", self.port),
        }
    }

    /// The same with another parameter behind those of its query.
    #[must_use]
    pub fn with_parameter(&self, name: &str, value: &str) -> Self {
        let mut target = self.clone();
        let mark = match target.path_and_query.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        target.path_and_query.push_str(mark);
        target.path_and_query.push_str(name);
        target.path_and_query.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                target.path_and_query.push(char::from(byte));
            } else {
                let _ = write!(target.path_and_query, "%{byte:02X}");
            }
        }
        target
    }

    /// What the header `Host` says.
    pub(crate) fn authority(&self) -> String {
        let machine = self.machine();
        let usual = match self.scheme {
            Scheme::Https => ":443",
            Scheme::Http => ":80",
        };
        machine.strip_suffix(usual).unwrap_or(&machine).to_owned()
    }
}

impl fmt::Display for Target {
    /// Without path and query, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.machine())
    }
}

fn host(text: &str) -> Result<Host> {
    let wrong = || Error::bad_request("The host of the URL is neither a DNS name nor an address.");
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or_else(wrong)?;
        let address = inner.parse().map_err(|_| wrong())?;
        return Ok(Host::Address(IpAddr::V6(address)));
    }
    if let Ok(address) = text.parse() {
        return Ok(Host::Address(IpAddr::V4(address)));
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let is_label = |label: &str| {
        (1..=LABEL_MAX).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    // `127.1`, `2130706433`, `0x7f.1`: spellings of addresses that a resolver would understand.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x");
    if name.len() > NAME_MAX || is_number || !name.split('.').all(is_label) {
        return Err(wrong());
    }
    Ok(Host::Name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_strictly() {
        for url in [
            "",
            "hooks.example",
            "/path",
            "ftp://hooks.example/",
            "EventHub:https://vault.example/secrets/x",
            "https://",
            "https:///x",
            "https://user@hooks.example/",
            "https://user:secret@hooks.example/",
            "https://127.0.0.1@hooks.example/",
            "https://hooks.example#x",
            "https://hooks.example/a b",
            "https://hooks.example\\@10.0.0.1/",
            "https://hooks.example:0/",
            "https://hooks.example:22/",
            "https://hooks.example:25/",
            "https://hooks.example:65536/",
            "https://hooks.example:/",
            "https://hooks.example:x/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://127.0.0.1.1/",
            "https://[::1/",
            "https://[fe80::1%25eth0]/",
            "https://-a.example/",
            "https://a..example/",
            "https://ex\u{e4}mple.example/",
            "https://ho%6fks.example/",
        ] {
            assert!(Target::parse(url).is_err(), "{url}");
        }
        let long = format!("https://hooks.example/{}", "x".repeat(URL_BYTES_MAX));
        assert!(Target::parse(&long).is_err());
    }

    #[test]
    fn a_url_says_where_and_what() {
        let target = Target::parse("https://Hooks.Example.:8443/in?code=a%2Fb").unwrap();
        assert_eq!(target.machine(), "hooks.example:8443");
        assert_eq!(target.to_string(), "hooks.example:8443");
        assert_eq!(target.path_and_query, "/in?code=a%2Fb");
        let asked = target.with_parameter("validationToken", "a: b&ä");
        assert_eq!(
            asked.path_and_query,
            "/in?code=a%2Fb&validationToken=a%3A%20b%26%C3%A4"
        );
        let plain = Target::parse("https://[2606:4700::1]?x").unwrap();
        assert_eq!(
            (plain.authority().as_str(), plain.port),
            ("[2606:4700::1]", 443)
        );
        assert_eq!(plain.path_and_query, "/?x");
        let bare = Target::parse("http://127.0.0.1:9000").unwrap();
        assert_eq!(bare.with_parameter("a", "b").path_and_query, "/?a=b");
        assert_eq!(bare.authority(), "127.0.0.1:9000");
    }
}
