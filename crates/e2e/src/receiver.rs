//! A machine that takes notifications over TLS, with an authority of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

use crate::eventually;

/// Takes notifications at `https://localhost`, until it is told not to.
#[derive(Clone)]
pub struct Receiver {
    /// Where it is.
    pub url: String,
    /// The certificate of its authority, as a PEM file for `SSL_CERT_FILE`.
    pub authority: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    is_down: bool,
    tries: usize,
    taken: Vec<Value>,
}

impl Receiver {
    /// A receiver that keeps its authority's certificate in a directory.
    pub async fn start(directory: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let own = own.signed_by(&key, &authority).unwrap();
        let path = directory.join("receiver-ca.pem");
        fs::write(&path, authority.pem()).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let receiver = Self {
            url,
            authority: path,
            state: Arc::default(),
        };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (serving, acceptor) = (serving.clone(), acceptor.clone());
                tokio::spawn(async move { serving.answer(acceptor, stream).await });
            }
        });
        receiver
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it refuses what comes.
    pub fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// How many POSTs with notifications have come.
    pub fn tries(&self) -> usize {
        self.state().tries
    }

    /// The bodies that it took.
    pub fn taken(&self) -> Vec<Value> {
        self.state().taken.clone()
    }

    /// The notifications that it took.
    pub fn notifications(&self) -> Vec<Value> {
        let taken = self.taken();
        let values = taken.iter().map(|body| body["value"].as_array().unwrap());
        values.flatten().cloned().collect()
    }

    /// The notifications, once they include these values at a JSON pointer.
    pub async fn wait_for(&self, pointer: &str, values: &[String]) -> Vec<Value> {
        eventually("the receiver is told", async || {
            let told = self.notifications();
            let found: Vec<&str> = told
                .iter()
                .filter_map(|it| it.pointer(pointer)?.as_str())
                .collect();
            let missing = values.iter().find(|value| !found.contains(&value.as_str()));
            match missing {
                None => Ok(told),
                Some(missing) => Err(format!("no {missing} in {found:?}")),
            }
        })
        .await
    }

    async fn answer(&self, acceptor: TlsAcceptor, stream: TcpStream) {
        let Ok(mut stream) = acceptor.accept(stream).await else {
            return;
        };
        let mut read = Vec::new();
        let (head, length) = loop {
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
            let text = String::from_utf8_lossy(&read).into_owned();
            if let Some((head, _)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .filter_map(|line| line.split_once(": "))
                    .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                    .map_or(0, |(_, value)| value.parse().unwrap());
                break (head.to_owned(), length);
            }
        };
        let start = head.len() + 4;
        while read.len() < start + length {
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let path = head.split(' ').nth(1).unwrap();
        let answer = if let Some((_, token)) = path.split_once("validationToken=") {
            let token = token.replace("%20", " ").replace("%3A", ":");
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{token}",
                token.len()
            )
        } else {
            let mut state = self.state();
            state.tries += 1;
            if state.is_down {
                "HTTP/1.1 503 Down\r\ncontent-length: 0\r\n\r\n".to_owned()
            } else {
                let body = serde_json::from_slice(&read[start..]).unwrap();
                state.taken.push(body);
                "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_owned()
            }
        };
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}
