//! The load generator: so many kept-alive connections, each asking again as soon as it is answered.
//!
//! Raw TCP on one thread, with requests that were made before, so that it takes as little as possible
//! of the processors that the server needs too. It is the same for both servers.

use std::{cell::RefCell, rc::Rc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::LocalSet,
    time::Instant,
};

use crate::{http, statistics::Sorted};

/// The time before the measured time, in which caches and connections warm up.
const WARM_UP: Duration = Duration::from_millis(500);

/// What one connection saw.
#[derive(Default)]
struct Seen {
    milliseconds: Vec<f64>,
    bytes: u64,
}

/// Carries out the orders on standard input: `{"url","token","paths":[…],"connections","seconds"}`.
pub(crate) fn run() -> Result<()> {
    let orders: Value = serde_json::from_reader(std::io::stdin().lock())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = LocalSet::new().block_on(&runtime, generate(&orders))?;
    println!("{report}");
    Ok(())
}

async fn generate(orders: &Value) -> Result<Value> {
    let url = orders["url"].as_str().context("no address")?;
    let host = url
        .strip_prefix("http://")
        .context("only http:// is measured")?
        .to_owned();
    let token = orders["token"].as_str();
    let paths = orders["paths"].as_array().context("no paths")?;
    let requests: Vec<Vec<u8>> = paths
        .iter()
        .filter_map(Value::as_str)
        .map(|path| http::request("GET", path, &host, token, "", ""))
        .collect();
    let requests = Rc::new(requests);
    let connections = orders["connections"].as_u64().context("no connections")? as usize;
    let seconds = Duration::from_secs_f64(orders["seconds"].as_f64().context("no seconds")?);

    let begin = Instant::now() + WARM_UP;
    let end = begin + seconds;
    let seen = Rc::new(RefCell::new(Seen::default()));
    let mut tasks = Vec::new();
    for number in 0..connections {
        let stream = TcpStream::connect(&host).await?;
        stream.set_nodelay(true)?;
        // Connections start at different places, so that they don't ask for the same at once.
        let first = number * requests.len() / connections;
        tasks.push(tokio::task::spawn_local(connection(
            stream,
            Rc::clone(&requests),
            first,
            (begin, end),
            Rc::clone(&seen),
        )));
    }
    for task in tasks {
        task.await??;
    }
    let seen = seen.take();
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
    }))
}

async fn connection(
    mut stream: TcpStream,
    requests: Rc<Vec<Vec<u8>>>,
    first: usize,
    (begin, end): (Instant, Instant),
    seen: Rc<RefCell<Seen>>,
) -> Result<()> {
    let mut received: Vec<u8> = Vec::with_capacity(16 * 1024);
    for request in requests.iter().cycle().skip(first) {
        received.clear();
        let asked = Instant::now();
        stream.write_all(request).await?;
        let frame = loop {
            let count = stream.read_buf(&mut received).await?;
            ensure!(count > 0, "the server closed a connection");
            if let Some(frame) = http::frame(&received)? {
                break frame;
            }
        };
        let answered = Instant::now();
        ensure!(
            frame.status == 200,
            "status {} instead of 200",
            frame.status
        );
        ensure!(
            frame.length == received.len(),
            "more than one answer to a request"
        );
        if answered >= end {
            break;
        }
        if asked >= begin {
            let mut seen = seen.borrow_mut();
            seen.milliseconds
                .push((answered - asked).as_secs_f64() * 1e3);
            seen.bytes += frame.length as u64;
        }
    }
    Ok(())
}
