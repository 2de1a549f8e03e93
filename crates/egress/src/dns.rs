//! Asking the DNS what the holder of a name has published there.
//!
//! - Only records at the name itself count: where a name is an alias (CNAME), whoever holds its
//!   target would speak for it, and forgotten aliases can be taken over.
//! - Nothing is remembered from one question to the next: a record counts as soon as the DNS servers
//!   that are asked know it.
//! - The system's servers are asked (`/etc/resolv.conf`, read anew), or those that the operator names.
//!
//! Source: RFC 1035 §3.3.9 and §3.3.14; RFC 7208 §3.3 (the texts of one record belong together).

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver};

/// How long one server may take, how often it is asked, and how long all of it may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);
const ATTEMPTS: usize = 2;
const TIME_MAX: Duration = Duration::from_secs(6);

/// What is published at a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// Its TXT records.
    pub texts: Vec<String>,
    /// The mail exchanges of its MX records, in lower case, without a dot at their end.
    pub exchanges: Vec<String>,
}

/// The DNS can't say what is published: its servers aren't there, or the name's own don't answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unanswered;

/// The DNS, as seen by certain servers.
#[derive(Debug, Clone, Default)]
pub struct Dns {
    servers: Vec<SocketAddr>,
}

impl Dns {
    /// The DNS as these servers see it; with none, as the system's do.
    pub fn new(servers: Vec<SocketAddr>) -> Self {
        Self { servers }
    }

    /// What is published at a name. A name that doesn't exist has nothing published.
    pub async fn published(&self, name: &str) -> Result<Published, Unanswered> {
        let asked = async {
            let mut name = Name::from_ascii(name)?;
            name.set_fqdn(true);
            let resolver = self.resolver()?;
            let (texts, exchanges) = tokio::join!(
                records(&resolver, &name, RecordType::TXT),
                records(&resolver, &name, RecordType::MX),
            );
            // The second way to prove a name mustn't stand in the way of the first.
            let exchanges = exchanges.unwrap_or_default();
            let texts = texts?.into_iter().filter_map(|data| match data {
                RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into()),
                _ => None,
            });
            let exchanges = exchanges.into_iter().filter_map(|data| match data {
                RData::MX(mail) => {
                    let exchange = mail.exchange.to_ascii().to_ascii_lowercase();
                    Some(exchange.trim_end_matches('.').to_owned())
                }
                _ => None,
            });
            Ok::<_, NetError>(Published {
                texts: texts.collect(),
                exchanges: exchanges.collect(),
            })
        };
        match tokio::time::timeout(TIME_MAX, asked).await {
            Ok(Ok(published)) => Ok(published),
            Ok(Err(error)) => {
                tracing::debug!(name, %error, "the DNS couldn't be asked");
                Err(Unanswered)
            }
            Err(_) => Err(Unanswered),
        }
    }

    fn resolver(&self) -> Result<TokioResolver, NetError> {
        let mut builder = if self.servers.is_empty() {
            TokioResolver::builder_tokio()?
        } else {
            let servers = self.servers.iter().map(|server| {
                let at = |mut connection: ConnectionConfig| {
                    connection.port = server.port();
                    connection
                };
                let ways = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
                NameServerConfig::new(server.ip(), true, ways)
            });
            let config = ResolverConfig::from_name_servers(servers.collect());
            Resolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let options = builder.options_mut();
        options.timeout = ANSWER_TIME_MAX;
        options.attempts = ATTEMPTS;
        options.cache_size = 0;
        options.try_tcp_on_error = true;
        builder.build()
    }
}

/// The records of a type at exactly this name.
async fn records(
    resolver: &TokioResolver,
    name: &Name,
    wanted: RecordType,
) -> Result<Vec<RData>, NetError> {
    match resolver.lookup(name.clone(), wanted).await {
        Ok(found) => {
            let records = found.answers().iter();
            let own = records.filter(|record| record.name == *name);
            Ok(own.map(|record| record.data.clone()).collect())
        }
        Err(error) if error.is_no_records_found() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
