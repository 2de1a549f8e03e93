//! The configuration: file (TOML) < environment (`ISOPOLITY_…`) < flag.
//!
//! - Everything has a default that works. What is for the people of a tenant to decide is data in
//!   its island, never configuration.
//! - Unknown keys are refused with the nearest known one: a setting that is silently without effect
//!   is worse than no start.
//! - Each value remembers where it came from, and every message about it says so.
//! - Nothing here reads the environment or the command line: the edge hands them in.

mod limits;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Serialize;
use types::{Error, Result};

pub use egress::Cidr;
pub use limits::{LIMITS, Limit, Limits, limits_markdown};

/// A key of the configuration; the limits are keys as well, under `limits.`.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name, with its table: `tls.cert`.
    pub name: &'static str,
    /// What it says, in a phrase.
    pub what: &'static str,
}

const fn key(name: &'static str, what: &'static str) -> Key {
    Key { name, what }
}

/// Every key but the limits.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("data", "the data directory"),
    key("listen", "the address to serve at; port 0 lets the system choose"),
    key("public_url", "the origin that clients use, which tokens and links carry; made of `listen` if absent"),
    key("tls.cert", "the certificate chain, in PEM; `tls.key` belongs to it"),
    key("tls.key", "the certificate's private key, in PEM"),
    key("tls.self_signed", "whether to sign a certificate oneself; the authority is in `tls/ca.pem` of the data directory"),
    key("peer_listen", "the address for other deployments; not there yet"),
    key("database_url", "the address of a PostgreSQL database that holds the data instead of files"),
    key("allow_egress", "blocks of loopback, private and link-local addresses that calls may go out to"),
    key("dns_servers", "the DNS servers that are asked whether a domain is proven, such as `9.9.9.9` or `127.0.0.1:5353`; the system's if absent"),
    key("trusted_proxy", "blocks of addresses from which `X-Forwarded-*` is believed"),
    key("passkey_origins", "further origins below the host of `public_url` at which passkeys may be used"),
    key("log.format", "`text` or `json`"),
    key("log.filter", "what is logged: a level, or `target=level` with commas between"),
];

/// Names of the environment that begin with our prefix and aren't configuration: the file itself,
/// and the binary that the black-box tests run.
const NOT_CONFIGURATION: &[&str] = &["ISOPOLITY_CONFIG", "ISOPOLITY_BIN"];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// This variable of the environment.
    Environment(String),
    /// This flag.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// A value that a flag gives.
#[derive(Debug, Clone)]
pub struct Flag {
    /// The flag as the user wrote it, for messages: `--listen`.
    pub flag: String,
    /// The key that it sets.
    pub key: String,
    /// The value as text.
    pub value: String,
}

/// What the edge hands in.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The configuration file; without it, `isopolity.toml` in the data directory if it is there.
    pub file: Option<PathBuf>,
    /// The environment. Only what begins with `ISOPOLITY_`, and `DATABASE_URL`, is looked at.
    pub environment: Vec<(String, String)>,
    /// The flags, the later ones over the earlier.
    pub flags: Vec<Flag>,
}

/// A line of `config show`.
#[derive(Debug, Clone, Serialize)]
pub struct Setting {
    /// The key.
    pub key: String,
    /// Its value as text; none if it isn't set, and stars if it is a secret.
    pub value: Option<String>,
    /// Where it came from.
    pub source: String,
}

/// How TLS is spoken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsConfig {
    /// The certificate chain.
    pub cert: Option<PathBuf>,
    /// Its private key.
    pub key: Option<PathBuf>,
    /// Whether to sign one oneself.
    pub self_signed: bool,
}

impl TlsConfig {
    /// Whether TLS is spoken at all.
    pub fn is_on(&self) -> bool {
        self.self_signed || self.cert.is_some()
    }
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object per line.
    Json,
}

/// How the log is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// The form.
    pub format: LogFormat,
    /// What is logged; none leaves it to the command: much for a server, little for the others.
    pub filter: Option<String>,
}

/// A text that `Debug` doesn't show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A text to be kept out of logs.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The configuration in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data directory.
    pub data: PathBuf,
    /// The address to serve at.
    pub listen: String,
    /// The origin that clients use, without a slash at its end; see [`Config::origin`].
    pub public_url: Option<String>,
    /// How TLS is spoken.
    pub tls: TlsConfig,
    /// The address for other deployments.
    pub peer_listen: Option<String>,
    /// The database that holds the data instead of files.
    pub database_url: Option<Secret>,
    /// The limits.
    pub limits: Limits,
    /// Where calls may go out to besides public addresses.
    pub allow_egress: Vec<Cidr>,
    /// The DNS servers that are asked for the proof of a domain; with none, the system's.
    pub dns_servers: Vec<SocketAddr>,
    /// Whose `X-Forwarded-*` is believed.
    pub trusted_proxy: Vec<Cidr>,
    /// Further origins at which passkeys may be used.
    pub passkey_origins: Vec<String>,
    /// The log.
    pub log: LogConfig,
    sources: BTreeMap<String, Source>,
}

impl Config {
    /// The defaults, on this data directory.
    pub fn at(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: "127.0.0.1:8080".to_owned(),
            public_url: None,
            tls: TlsConfig::default(),
            peer_listen: None,
            database_url: None,
            limits: Limits::default(),
            allow_egress: Vec::new(),
            dns_servers: Vec::new(),
            trusted_proxy: Vec::new(),
            passkey_origins: Vec::new(),
            log: LogConfig {
                format: LogFormat::Text,
                filter: None,
            },
            sources: BTreeMap::new(),
        }
    }

    /// Reads the configuration from everything that gives it, the weakest first.
    pub fn load(inputs: &Inputs) -> Result<Self> {
        let environment = environment(&inputs.environment)?;
        let mut config = Self::at("./data");
        // Where the data is decides which file is read, so it is looked at first.
        let stronger = |config: &mut Self, data_only: bool| {
            for (key, value, source) in &environment {
                if !data_only || key == "data" {
                    config.apply(key, value, source.clone())?;
                }
            }
            for Flag { flag, key, value } in &inputs.flags {
                if !data_only || key == "data" {
                    config.apply(key, value, Source::Flag(flag.clone()))?;
                }
            }
            Ok::<_, Error>(())
        };
        stronger(&mut config, true)?;
        let default_file = config.data.join("isopolity.toml");
        match &inputs.file {
            Some(file) => config.apply_file(file)?,
            None if default_file.exists() => config.apply_file(&default_file)?,
            None => {}
        }
        stronger(&mut config, false)?;
        config.check_together()?;
        Ok(config)
    }

    /// Refuses what can be configured but not be done yet.
    pub fn check(&self) -> Result<()> {
        if self.peer_listen.is_some() {
            return Err(self.about(
                "peer_listen",
                "other deployments can't connect yet. Take the setting out.",
            ));
        }
        Ok(())
    }

    /// The origin that clients use: `public_url`, else made of `listen`. An address that stands for
    /// all of a machine's isn't one to connect to, so this machine's name for itself replaces it;
    /// so it does where nobody chose an address, because passkeys need a name.
    pub fn origin(&self) -> String {
        self.public_url.clone().unwrap_or_else(|| {
            let scheme = if self.tls.is_on() { "https" } else { "http" };
            match self.listen.rsplit_once(':') {
                Some((host, port))
                    if matches!(host, "0.0.0.0" | "[::]")
                        || *self.source("listen") == Source::Default =>
                {
                    format!("{scheme}://localhost:{port}")
                }
                _ => format!("{scheme}://{}", self.listen),
            }
        })
    }

    /// Where the value of a key came from.
    pub fn source(&self, key: &str) -> &Source {
        self.sources.get(key).unwrap_or(&Source::Default)
    }

    /// Every key with its value and source; secrets are masked.
    pub fn settings(&self) -> Vec<Setting> {
        let keys = KEYS.iter().map(|key| key.name.to_owned());
        let limits = LIMITS
            .iter()
            .filter(|limit| !limit.fixed)
            .map(|limit| format!("limits.{}", limit.name));
        keys.chain(limits)
            .map(|key| Setting {
                value: self.shown(&key),
                source: self.source(&key).to_string(),
                key,
            })
            .collect()
    }

    fn shown(&self, key: &str) -> Option<String> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let blocks = |blocks: &[Cidr]| {
            let texts: Vec<String> = blocks.iter().map(Cidr::to_string).collect();
            (!texts.is_empty()).then(|| texts.join(","))
        };
        match key {
            "data" => Some(self.data.display().to_string()),
            "listen" => Some(self.listen.clone()),
            "public_url" => self.public_url.clone(),
            "tls.cert" => path(&self.tls.cert),
            "tls.key" => path(&self.tls.key),
            "tls.self_signed" => Some(self.tls.self_signed.to_string()),
            "peer_listen" => self.peer_listen.clone(),
            "database_url" => self.database_url.as_ref().map(|_| "***".to_owned()),
            "allow_egress" => blocks(&self.allow_egress),
            "dns_servers" => {
                let servers: Vec<_> = self.dns_servers.iter().map(SocketAddr::to_string).collect();
                (!servers.is_empty()).then(|| servers.join(","))
            }
            "trusted_proxy" => blocks(&self.trusted_proxy),
            "passkey_origins" => {
                let origins = &self.passkey_origins;
                (!origins.is_empty()).then(|| origins.join(","))
            }
            "log.format" => Some(match self.log.format {
                LogFormat::Text => "text".to_owned(),
                LogFormat::Json => "json".to_owned(),
            }),
            "log.filter" => self.log.filter.clone(),
            _ => key
                .strip_prefix("limits.")
                .map(|name| self.limits.get(name).to_string()),
        }
    }

    fn apply_file(&mut self, file: &Path) -> Result<()> {
        let place = file.display();
        let text = std::fs::read_to_string(file).map_err(|error| {
            Error::bad_request(format!(
                "Can't read the configuration file {place}: {error}."
            ))
        })?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text
                .bytes()
                .take(start)
                .filter(|byte| *byte == b'\n')
                .count()
                + 1;
            Error::bad_request(format!("{place}, line {line}: {}.", error.message()))
        })?;
        let mut values = Vec::new();
        flatten("", &table, &mut values);
        for (key, value) in values {
            self.apply(&key, &value, Source::File(file.to_owned()))?;
        }
        Ok(())
    }

    /// Sets one key from text.
    fn apply(&mut self, key: &str, text: &str, source: Source) -> Result<()> {
        let set = self.set(key, text.trim());
        set.map_err(|error| Error::invalid(key, format!("{source}: {error}")))?;
        self.sources.insert(key.to_owned(), source);
        Ok(())
    }

    fn set(&mut self, key: &str, text: &str) -> Result<()> {
        // An empty value takes back what a weaker source has set.
        let optional = (!text.is_empty()).then(|| text.to_owned());
        match key {
            "data" => match optional {
                Some(data) => self.data = data.into(),
                None => return Err(Error::bad_request("the data directory needs a name.")),
            },
            "listen" => self.listen = address(text)?,
            "public_url" => self.public_url = optional.map(|url| origin(&url)).transpose()?,
            "tls.cert" => self.tls.cert = optional.map(PathBuf::from),
            "tls.key" => self.tls.key = optional.map(PathBuf::from),
            "tls.self_signed" => {
                self.tls.self_signed = text.parse().map_err(|_| {
                    Error::bad_request(format!("'{text}' has to be true or false."))
                })?;
            }
            "peer_listen" => self.peer_listen = optional.map(|text| address(&text)).transpose()?,
            "database_url" => self.database_url = optional.map(Secret),
            "allow_egress" => self.allow_egress = blocks(text)?,
            "dns_servers" => self.dns_servers = dns_servers(text)?,
            "trusted_proxy" => self.trusted_proxy = blocks(text)?,
            "passkey_origins" => {
                let parts = text.split(',').map(str::trim);
                self.passkey_origins = parts
                    .filter(|part| !part.is_empty())
                    .map(origin)
                    .collect::<Result<_>>()?;
            }
            "log.format" => {
                self.log.format = match text {
                    "text" => LogFormat::Text,
                    "json" => LogFormat::Json,
                    _ => {
                        return Err(Error::bad_request(format!(
                            "'{text}' has to be text or json."
                        )));
                    }
                }
            }
            "log.filter" => self.log.filter = optional,
            _ => {
                let limit = key
                    .strip_prefix("limits.")
                    .and_then(|name| LIMITS.iter().find(|limit| limit.name == name));
                match limit {
                    Some(limit) => self.limits.set(limit, text)?,
                    None => return Err(unknown(key)),
                }
            }
        }
        Ok(())
    }

    /// Refuses values that don't go together.
    fn check_together(&self) -> Result<()> {
        match (&self.tls.cert, &self.tls.key) {
            (Some(_), None) => Err(self.about(
                "tls.cert",
                "a certificate needs its key: give tls.key (--tls-key) too.",
            )),
            (None, Some(_)) => Err(self.about(
                "tls.key",
                "a key needs its certificate: give tls.cert (--tls-cert) too.",
            )),
            (Some(_), Some(_)) if self.tls.self_signed => Err(self.about(
                "tls.self_signed",
                "either a certificate is given or one is self-signed: take one of them out.",
            )),
            _ => Ok(()),
        }
    }

    /// An error about the value of a key, which says where it came from.
    fn about(&self, key: &str, message: &str) -> Error {
        Error::invalid(key, format!("{}: {message}", self.source(key)))
    }
}

/// The settings that the environment makes.
fn environment(variables: &[(String, String)]) -> Result<Vec<(String, String, Source)>> {
    let mut out = Vec::new();
    for (name, value) in variables {
        if value.is_empty() {
            continue;
        }
        let source = Source::Environment(name.clone());
        if name == "DATABASE_URL" {
            out.push(("database_url".to_owned(), value.clone(), source));
        } else if let Some(rest) = name.strip_prefix("ISOPOLITY_")
            && !NOT_CONFIGURATION.contains(&name.as_str())
            && !is_service_link(rest)
        {
            let key = rest.to_ascii_lowercase().replace("__", ".");
            if !is_known(&key) {
                return Err(Error::invalid(
                    key.clone(),
                    format!("{source}: {}", unknown(&key)),
                ));
            }
            out.push((key, value.clone(), source));
        }
    }
    Ok(out)
}

/// Whether Kubernetes made the variable, which it does for every service: one that is named
/// `isopolity` gives all pods `ISOPOLITY_SERVICE_HOST`, `ISOPOLITY_PORT_8080_TCP` and more.
fn is_service_link(rest: &str) -> bool {
    rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_")
}

/// The dotted keys of a TOML table; lists are joined by commas.
fn flatten(prefix: &str, table: &toml::Table, out: &mut Vec<(String, String)>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value {
            toml::Value::Table(table) if !is_known(&key) => {
                flatten(&format!("{key}."), table, out);
            }
            value => out.push((key, text(value))),
        }
    }
}

fn text(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn names() -> impl Iterator<Item = String> {
    KEYS.iter()
        .map(|key| key.name.to_owned())
        .chain(LIMITS.iter().map(|limit| format!("limits.{}", limit.name)))
}

fn is_known(key: &str) -> bool {
    names().any(|name| name == key)
}

fn unknown(key: &str) -> Error {
    let tail = format!("{key}.");
    if let Some(inside) = names().find(|name| name.starts_with(&tail)) {
        return Error::bad_request(format!(
            "'{key}' is a table: set one of its keys, for example {inside}."
        ));
    }
    let nearest = names().min_by_key(|name| distance(key, name));
    Error::bad_request(match nearest {
        Some(name) if distance(key, &name) <= key.chars().count().max(4) / 2 => {
            format!("there is no key '{key}'; the nearest is '{name}'.")
        }
        _ => format!("there is no key '{key}'; `isopolity config show` lists all."),
    })
}

/// How many letters have to be changed, added or taken away to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut next = vec![at + 1];
        for (column, theirs) in other.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX - 1);
            let changed = cell(&row, column) + usize::from(letter != *theirs);
            next.push(
                changed
                    .min(cell(&row, column + 1) + 1)
                    .min(cell(&next, column) + 1),
            );
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

fn address(text: &str) -> Result<String> {
    let is_good = text
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if is_good {
        Ok(text.to_owned())
    } else {
        Err(Error::bad_request(format!(
            "'{text}' isn't an address: write it as 127.0.0.1:8080 or [::1]:8080."
        )))
    }
}

/// An origin: scheme, host and perhaps port.
fn origin(text: &str) -> Result<String> {
    let trimmed = text.strip_suffix('/').unwrap_or(text);
    let host = trimmed
        .strip_prefix("https://")
        .or_else(|| trimmed.strip_prefix("http://"));
    let is_good = host.is_some_and(|host| {
        !host.is_empty()
            && !host.contains(|ch: char| {
                ch.is_whitespace() || ch.is_control() || "/?#@\\\"<>".contains(ch)
            })
    });
    if is_good {
        Ok(trimmed.to_owned())
    } else {
        Err(Error::bad_request(format!(
            "'{text}' isn't an origin: write it as https://id.contoso.example, without a path."
        )))
    }
}

/// Addresses of DNS servers; the port is 53 unless it is said.
fn dns_servers(text: &str) -> Result<Vec<SocketAddr>> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let plain = part.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
            plain.or_else(|_| part.parse()).map_err(|_| {
                Error::bad_request(format!(
                    "'{part}' isn't the address of a DNS server, such as 9.9.9.9 or 127.0.0.1:5353."
                ))
            })
        })
        .collect()
}

fn blocks(text: &str) -> Result<Vec<Cidr>> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::parse)
        .collect()
}
