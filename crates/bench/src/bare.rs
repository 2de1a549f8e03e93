//! The bare server: the HTTP library answering bytes from memory. The limit of `get-user`.
//!
//! Its first line of input is `{"headers":[[name,value]…],"answers":{path:body…}}`; it ends when its
//! input does, so that it never outlives the bench.

use std::{collections::HashMap, convert::Infallible, io::BufRead as _};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    header::{HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

struct Answers {
    headers: HeaderMap,
    bodies: HashMap<String, Bytes>,
}

impl Answers {
    fn parse(line: &str) -> Result<Self> {
        let orders: Value = serde_json::from_str(line).context("the answers aren't JSON")?;
        let mut headers = HeaderMap::new();
        for pair in orders["headers"].as_array().into_iter().flatten() {
            let (name, value) = (pair[0].as_str(), pair[1].as_str());
            headers.append(
                name.context("a header's name")?.parse::<HeaderName>()?,
                HeaderValue::from_str(value.context("a header's value")?)?,
            );
        }
        let mut bodies = HashMap::new();
        for (path, body) in orders["answers"].as_object().into_iter().flatten() {
            let body = body.as_str().context("a body")?.to_owned();
            bodies.insert(path.clone(), Bytes::from(body));
        }
        Ok(Self { headers, bodies })
    }

    fn answer(&self, path: &str) -> Response<Full<Bytes>> {
        let Some(body) = self.bodies.get(path) else {
            let mut missing = Response::new(Full::default());
            *missing.status_mut() = StatusCode::NOT_FOUND;
            return missing;
        };
        let mut answer = Response::new(Full::new(body.clone()));
        answer.headers_mut().clone_from(&self.headers);
        answer
    }
}

/// Serves until standard input ends.
pub(crate) fn serve() -> Result<()> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let answers: &'static Answers = Box::leak(Box::new(Answers::parse(&line)?));
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        std::process::exit(0);
    });
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(listen(answers))
}

async fn listen(answers: &'static Answers) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!(
        "{}",
        json!({"ready": true, "url": format!("http://{}", listener.local_addr()?)})
    );
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<_>| {
                let _: &hyper::body::Incoming = request.body();
                std::future::ready(Ok::<_, Infallible>(answers.answer(request.uri().path())))
            });
            // A connection that breaks off is the client's affair.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
