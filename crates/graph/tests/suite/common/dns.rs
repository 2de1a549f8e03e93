//! A DNS server that knows what a test tells it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{CNAME, MX, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;

type Zone = Arc<Mutex<BTreeMap<String, Vec<RData>>>>;

/// The server; it ends with the test's runtime.
pub struct DnsServer {
    pub address: SocketAddr,
    zone: Zone,
}

impl DnsServer {
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let zone = Zone::default();
        let known = Arc::clone(&zone);
        tokio::spawn(async move {
            let mut bytes = [0; 4_096];
            loop {
                let (length, from) = socket.recv_from(&mut bytes).await.unwrap();
                let query = Message::from_vec(&bytes[..length]).unwrap();
                let answer = answer(&known, query).to_vec().unwrap();
                socket.send_to(&answer, from).await.unwrap();
            }
        });
        Self { address, zone }
    }

    fn publish(&self, name: &str, records: Vec<RData>) {
        let mut zone = self.zone.lock().unwrap();
        zone.insert(format!("{name}."), records);
    }

    /// Publishes TXT records, each with its parts, instead of what was at the name.
    pub fn texts(&self, name: &str, records: &[&[&str]]) {
        let record = |parts: &&[&str]| {
            RData::TXT(TXT::new(
                parts.iter().map(|part| (*part).to_owned()).collect(),
            ))
        };
        self.publish(name, records.iter().map(record).collect());
    }

    /// Publishes a mail exchange instead of what was at the name.
    pub fn exchange(&self, name: &str, exchange: &str) {
        let exchange = Name::from_ascii(format!("{exchange}.")).unwrap();
        self.publish(name, vec![RData::MX(MX::new(10, exchange))]);
    }

    /// Makes a name an alias of another one.
    pub fn alias(&self, name: &str, of: &str) {
        let of = Name::from_ascii(format!("{of}.")).unwrap();
        self.publish(name, vec![RData::CNAME(CNAME(of))]);
    }
}

fn answer(zone: &Zone, query: Message) -> Message {
    let asked = query.queries[0].clone();
    let zone = zone.lock().unwrap();
    let mut answer = query.into_response();
    answer.additionals.clear();
    let mut name = asked.name().clone();
    answer.metadata.response_code = ResponseCode::NXDomain;
    while let Some(records) = zone.get(&name.to_ascii().to_ascii_lowercase()) {
        answer.metadata.response_code = ResponseCode::NoError;
        let mut next = None;
        for data in records {
            if let RData::CNAME(alias) = data {
                next = Some(alias.0.clone());
            }
            let kind = data.record_type();
            if kind == asked.query_type() || kind == RecordType::CNAME {
                answer.add_answer(Record::from_rdata(name.clone(), 60, data.clone()));
            }
        }
        match next {
            Some(next) => name = next,
            None => break,
        }
    }
    answer
}
