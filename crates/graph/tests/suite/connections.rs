//! Connections: protocols, TLS, limits, slow clients, draining.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::common::{Rig, refused};
use graph::{Limits, Tls};
use reqwest::{Certificate, Client, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

fn impatient() -> Limits {
    Limits {
        header_time: Duration::from_millis(500),
        ..Limits::default()
    }
}

async fn raw(rig: &Rig) -> TcpStream {
    let port = rig.url.rsplit(':').next().unwrap();
    TcpStream::connect(format!("127.0.0.1:{port}"))
        .await
        .unwrap()
}

#[tokio::test]
async fn http_2_without_tls() {
    let rig = Rig::start().await;
    let client = Client::builder()
        .http2_prior_knowledge()
        .no_proxy()
        .build()
        .unwrap();
    let request = client.get(format!("{}/v1.0/things/1", rig.url));
    let response = request.bearer_auth("Thing.Read.All").send().await.unwrap();
    assert_eq!(
        (response.version(), response.status().as_u16()),
        (Version::HTTP_2, 200)
    );
    let long = format!("{}/v1.0/things/{}", rig.url, "x".repeat(60_000));
    refused(
        client.get(long).send().await.unwrap(),
        414,
        "RequestUriTooLong",
    )
    .await;
    let head = client
        .head(format!("{}/healthz", rig.url))
        .send()
        .await
        .unwrap();
    assert_eq!(head.headers()["content-length"], "15");
}

#[tokio::test]
async fn self_signed_tls_keeps_its_authority() {
    let rig = Rig::with(Limits::default(), true).await;
    let tls = rig.directory.path().join("tls");
    let ca = std::fs::read(tls.join("ca.pem")).unwrap();
    let mode = std::fs::metadata(tls.join("ca-key.pem"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let client = Client::builder()
        .tls_certs_only([Certificate::from_pem(&ca).unwrap()])
        .no_proxy()
        .build()
        .unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let url = rig.url.replace("localhost", host);
        let response = client.get(format!("{url}/healthz")).send().await.unwrap();
        assert_eq!(
            (response.version(), response.status().as_u16()),
            (Version::HTTP_2, 200)
        );
    }
    assert!(
        rig.client
            .get(format!("{}/healthz", rig.url))
            .send()
            .await
            .is_err()
    );

    let now = rig.app.platform().store.clock().now();
    Tls::self_signed(&tls, "graph.example", now).unwrap();
    assert_eq!(std::fs::read(tls.join("ca.pem")).unwrap(), ca);
    // Half an authority isn't replaced behind the operator's back.
    std::fs::remove_file(tls.join("ca-key.pem")).unwrap();
    assert!(Tls::self_signed(&tls, "localhost", now).is_err());
}

#[tokio::test]
async fn who_sends_no_head_is_cut_off() {
    let rig = Rig::with(impatient(), false).await;
    for beginning in [
        "",
        "P",
        "PRI * HTTP/2.0\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n",
    ] {
        let mut stream = raw(&rig).await;
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let ended = timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "{beginning:?} is still open");
    }
    // A request in time is answered on a connection that then may be idle for a moment.
    assert_eq!(rig.get("/healthz").await.status(), 200);
}

#[tokio::test]
async fn who_is_idle_after_a_request_is_cut_off() {
    let rig = Rig::with(impatient(), false).await;
    let mut stream = raw(&rig).await;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let ended = timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "still open");
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_cut_off() {
    let limits = Limits {
        stall_time: Duration::from_millis(200),
        ..Limits::default()
    };
    let mut rig = Rig::with(limits, false).await;
    let mut stream = raw(&rig).await;
    stream
        .write_all(b"GET /v1.0/things/large HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer Thing.Read.All\r\n\r\n")
        .await
        .unwrap();
    stream.readable().await.unwrap();
    // The server can't stop in time unless it lets go of this connection, which is still open.
    rig.stop();
    timeout(Duration::from_secs(5), &mut rig.server)
        .await
        .expect("the connection is given up")
        .unwrap();
    drop(stream);
}

#[tokio::test]
async fn who_takes_an_answer_slowly_isnt_late_with_the_next_head() {
    let rig = Rig::with(impatient(), false).await;
    let mut stream = raw(&rig).await;
    stream
        .write_all(b"GET /v1.0/things/large HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer Thing.Read.All\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(impatient().header_time * 3).await;
    let mut answer = Vec::new();
    let ended = timeout(Duration::from_secs(10), stream.read_to_end(&mut answer));
    ended.await.expect("still open").unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let length = format!("content-length: {}", body.len());
    assert!(head.to_ascii_lowercase().contains(&length), "{head}");
}

#[tokio::test]
async fn who_is_still_sending_isnt_late_with_the_next_head() {
    let rig = Rig::with(impatient(), false).await;
    let mut stream = raw(&rig).await;
    let body = vec![b'x'; 200_000];
    let head = "POST /v1.0/things HTTP/1.1\r\nHost: x\r\nContent-Length: 600000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..3 {
        stream.write_all(&body).await.unwrap();
        tokio::time::sleep(impatient().header_time).await;
    }
    let mut answer = String::new();
    let ended = timeout(Duration::from_secs(10), stream.read_to_string(&mut answer));
    ended.await.expect("still open").unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[tokio::test]
async fn garbage_is_answered_or_cut_off() {
    let rig = Rig::with(impatient(), false).await;
    for garbage in [
        "\0\0\0\0\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(200_000)),
    ] {
        let mut stream = raw(&rig).await;
        let _ = stream.write_all(garbage.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = timeout(Duration::from_secs(5), stream.read_to_end(&mut answer))
            .await
            .expect("still open");
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer:.80}"
        );
    }
}

#[tokio::test]
async fn beyond_the_limit_requests_are_sent_away_but_health_is_told() {
    let limits = Limits {
        requests_in_flight: 1,
        ..Limits::default()
    };
    let rig = Rig::with(limits, false).await;
    let waiting = tokio::spawn(rig.call("GET", "/v1.0/things/wait").send());
    rig.reached.notified().await;
    refused(rig.get("/v1.0/things/1").await, 503, "serviceNotAvailable").await;
    assert_eq!(rig.get("/healthz").await.status(), 200);
    rig.gate.notify_one();
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    assert_eq!(rig.get("/v1.0/things/1").await.status(), 200);
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let limits = Limits {
        request_time: Duration::from_millis(100),
        ..Limits::default()
    };
    let rig = Rig::with(limits, false).await;
    let error = refused(
        rig.get("/v1.0/things/wait").await,
        503,
        "serviceNotAvailable",
    )
    .await;
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("limits.request_seconds")
    );
}

#[tokio::test]
async fn draining_finishes_what_was_begun() {
    let mut rig = Rig::start().await;
    let waiting = tokio::spawn(rig.call("GET", "/v1.0/things/wait").send());
    rig.reached.notified().await;
    let mut idle = raw(&rig).await;
    rig.stop();
    // An idle connection ends at once; a new one isn't taken.
    let mut rest = Vec::new();
    let _ = timeout(Duration::from_secs(5), idle.read_to_end(&mut rest))
        .await
        .expect("idle connections are closed");
    assert!(
        rig.client
            .get(format!("{}/healthz", rig.url))
            .send()
            .await
            .is_err()
    );
    assert!(!rig.server.is_finished());
    rig.gate.notify_one();
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    timeout(Duration::from_secs(5), &mut rig.server)
        .await
        .expect("the server ends")
        .unwrap();
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let rig = Rig::start().await;
    for (authorization, status) in [
        ("", 401),
        ("Authorization: Bearer Thing.ReadWrite.All\r\n", 413),
    ] {
        let mut stream = raw(&rig).await;
        let length = 24 * 1024 * 1024;
        let head = format!(
            "POST /v1.0/things HTTP/1.1\r\nHost: x\r\n{authorization}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // Like the simplest of clients: first all of it, then the answer.
        let piece = vec![b' '; 65_536];
        for _ in 0..length / piece.len() {
            stream.write_all(&piece).await.unwrap();
        }
        let mut answer = Vec::new();
        let ended = timeout(Duration::from_secs(10), stream.read_to_end(&mut answer));
        ended.await.expect("still open").unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        assert!(
            answer
                .to_ascii_lowercase()
                .contains("\r\nconnection: close\r\n")
        );
    }
}

#[tokio::test]
async fn a_short_body_that_nobody_reads_costs_no_connection() {
    let rig = Rig::start().await;
    let mut stream = raw(&rig).await;
    let body = vec![b'x'; 30_000];
    let request = "POST /v1.0/things HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n\r\n";
    for _ in 0..2 {
        stream.write_all(request.as_bytes()).await.unwrap();
        tokio::task::yield_now().await;
        stream.write_all(&body).await.unwrap();
    }
    let last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(last).await.unwrap();
    let mut answers = String::new();
    let ended = timeout(Duration::from_secs(10), stream.read_to_string(&mut answers));
    ended.await.expect("still open").unwrap();
    assert_eq!(answers.matches("HTTP/1.1 401").count(), 2, "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 1, "{answers}");
}

#[tokio::test]
async fn who_lets_a_connection_lie_keeps_nobody_out() {
    let limits = Limits {
        connections: 4,
        ..Limits::default()
    };
    let rig = Rig::with(limits, false).await;
    let begun = "POST /v1.0/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer Thing.ReadWrite.All\r\nContent-Length: 9\r\n\r\n{";
    let waiting = tokio::spawn(rig.call("GET", "/v1.0/things/wait").send());
    rig.reached.notified().await;
    let mut lying = Vec::new();
    for start in ["", "GET /", begun, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        for _ in 0..8 {
            let mut stream = raw(&rig).await;
            let _ = stream.write_all(start.as_bytes()).await;
            lying.push(stream);
        }
        let fresh = Client::builder().no_proxy().build().unwrap();
        let health = fresh.get(format!("{}/healthz", rig.url)).send();
        let health = timeout(Duration::from_secs(1), health).await;
        assert_eq!(health.expect("in time").unwrap().status(), 200, "{start:?}");
    }
    // What is worked on stays.
    rig.gate.notify_one();
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
}
