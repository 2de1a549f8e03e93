//! The load generator: so many kept-alive connections, each asking again as soon as it is answered,
//! or so many times a second.
//!
//! Raw TCP on one thread, with requests that were made before, so that it takes as little as possible
//! of the processors that the server needs too. It is the same for both servers.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};

use crate::{http, server, statistics::Sorted};

/// The time before the measured time, in which caches and connections warm up.
const WARM_UP: Duration = Duration::from_millis(500);

/// Where a request's body has this, each time that it is sent there is another number.
pub(crate) const NUMBER: &str = "##########";

/// The orders to read these paths.
pub(crate) fn reading(paths: &[String]) -> Vec<Value> {
    let request = |path: &String| json!({"method": "GET", "path": path});
    paths.iter().map(request).collect()
}

/// What one connection saw.
#[derive(Default)]
struct Seen {
    milliseconds: Vec<f64>,
    bytes: u64,
}

/// A request as it is sent.
struct Request {
    bytes: Vec<u8>,
    /// Where its number goes, if it has one.
    number_at: Option<usize>,
}

/// What all connections share.
struct Work {
    requests: Vec<Request>,
    /// What every answer has to have.
    status: u16,
    begin: Instant,
    end: Instant,
    /// From one question of a connection to its next; none: at once.
    pace: Option<Duration>,
    /// The last number that was written into a request.
    number: Cell<u64>,
    seen: RefCell<Seen>,
}

/// Carries out the orders on standard input: `{"url","token","requests":[{"method","path","body"?}…],
/// "connections","seconds"}` (a body that is a text is a form, any other is JSON), and as they are
/// needed `"status"` (200), `"perSecond"` (of all connections together) and `"firstNumber"`.
pub(crate) fn run() -> Result<()> {
    server::carry_out(async |orders| generate(&orders).await)
}

async fn generate(orders: &Value) -> Result<Value> {
    let url = orders["url"].as_str().context("no address")?;
    let host = url
        .strip_prefix("http://")
        .context("only http:// is measured")?
        .to_owned();
    let token = orders["token"].as_str();
    let requests = orders["requests"].as_array().context("no requests")?;
    let requests: Vec<Request> = requests
        .iter()
        .map(|order| {
            let text = |name: &str| order[name].as_str().unwrap_or_default();
            let (kind, body) = match &order["body"] {
                Value::Null => ("", String::new()),
                Value::String(form) => (http::FORM, form.clone()),
                body => ("application/json", body.to_string()),
            };
            let bytes = http::request(text("method"), text("path"), &host, token, kind, &body);
            let number_at = find(&bytes, NUMBER.as_bytes());
            Request { bytes, number_at }
        })
        .collect();
    ensure!(!requests.is_empty(), "no requests");
    let connections = orders["connections"].as_u64().context("no connections")? as usize;
    let seconds = Duration::from_secs_f64(orders["seconds"].as_f64().context("no seconds")?);

    let pace = orders["perSecond"]
        .as_f64()
        .map(|rate| Duration::from_secs_f64(connections as f64 / rate));
    let begin = Instant::now() + WARM_UP;
    let count = requests.len();
    let work = Rc::new(Work {
        requests,
        status: orders["status"].as_u64().unwrap_or(200) as u16,
        begin,
        end: begin + seconds,
        pace,
        number: Cell::new(orders["firstNumber"].as_u64().unwrap_or_default()),
        seen: RefCell::default(),
    });
    let mut tasks = Vec::new();
    for number in 0..connections {
        let stream = TcpStream::connect(&host).await?;
        stream.set_nodelay(true)?;
        // Connections start at different places, so that they don't ask for the same at once.
        let first = number * count / connections;
        let part = number as f64 / connections as f64;
        let offset = pace.map(|pace| pace.mul_f64(part)).unwrap_or_default();
        let work = Rc::clone(&work);
        tasks.push(tokio::task::spawn_local(connection(
            stream, work, first, offset,
        )));
    }
    for task in tasks {
        task.await??;
    }
    let last = work.number.get();
    let seen = work.seen.take();
    let count = seen.milliseconds.len();
    ensure!(count > 0, "nothing was answered");
    let sorted = Sorted::new(seen.milliseconds);
    Ok(json!({
        "requests": count,
        "requestsPerSecond": count as f64 / seconds.as_secs_f64(),
        "p50Milliseconds": sorted.median(),
        "p99Milliseconds": sorted.percentile(0.99),
        "maxMilliseconds": sorted.max(),
        "bytesPerAnswer": seen.bytes as f64 / count as f64,
        "lastNumber": last,
    }))
}

async fn connection(
    mut stream: TcpStream,
    work: Rc<Work>,
    first: usize,
    offset: Duration,
) -> Result<()> {
    let mut received: Vec<u8> = Vec::with_capacity(16 * 1024);
    let mut numbered: Vec<u8> = Vec::with_capacity(1024);
    // Paced questions are due at fixed times: a slow answer doesn't put off those after it, and
    // what they wait for it counts.
    let mut due = Instant::now() + offset;
    for request in work.requests.iter().cycle().skip(first) {
        let bytes = if let Some(at) = request.number_at {
            work.number.set(work.number.get() + 1);
            let number = format!("{:010}", work.number.get());
            numbered.clear();
            numbered.extend_from_slice(&request.bytes);
            numbered.splice(at..at + NUMBER.len(), number.bytes());
            &numbered
        } else {
            &request.bytes
        };
        if work.pace.is_some() {
            tokio::time::sleep_until(due).await;
        }
        received.clear();
        let asked = work.pace.map_or_else(Instant::now, |_| due);
        stream.write_all(bytes).await?;
        let frame = loop {
            let count = stream.read_buf(&mut received).await?;
            ensure!(count > 0, "the server closed a connection");
            if let Some(frame) = http::frame(&received)? {
                break frame;
            }
        };
        let answered = Instant::now();
        ensure!(
            frame.status == work.status,
            "status {} instead of {}: {}",
            frame.status,
            work.status,
            String::from_utf8_lossy(&received)
        );
        ensure!(
            frame.length == received.len(),
            "more than one answer to a request"
        );
        if answered >= work.end {
            break;
        }
        if asked >= work.begin {
            let mut seen = work.seen.borrow_mut();
            seen.milliseconds
                .push((answered - asked).as_secs_f64() * 1e3);
            seen.bytes += frame.length as u64;
        }
        if let Some(pace) = work.pace {
            due += pace;
        }
    }
    Ok(())
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
