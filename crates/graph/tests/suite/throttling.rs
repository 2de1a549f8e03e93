//! More requests than an application may send: 429, with the time to come again.

use crate::common::{Rig, refused};
use graph::Limits;
use serde_json::{Value, json};

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let limits = Limits {
        application_requests: 10,
        ..Limits::default()
    };
    let rig = Rig::with(limits, false).await;
    for _ in 0..8 {
        assert_eq!(rig.get("/v1.0/things/1").await.status(), 200);
    }
    // Each part of a batch counts, the batch doesn't.
    let part = |id: &str| json!({ "id": id, "method": "GET", "url": "/things/1" });
    let body = json!({ "requests": [part("1"), part("2"), part("3")] });
    let call = rig.call("POST", "/v1.0/$batch").json(&body);
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    let responses = answer["responses"].as_array().unwrap();
    let throttled: Vec<&Value> = responses.iter().filter(|it| it["status"] == 429).collect();
    assert_eq!(throttled.len(), 1, "{answer}");
    assert_eq!(throttled[0]["headers"]["Retry-After"], "1");
    assert_eq!(throttled[0]["body"]["error"]["code"], "TooManyRequests");

    let answer = rig.call("DELETE", "/v1.0/users/x").send().await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "1");
    refused(answer, 429, "TooManyRequests").await;
    // Nobody's requests are no application's.
    assert_eq!(rig.get("/healthz").await.status(), 200);
    let call = rig.call("GET", "/v1.0/things/1").bearer_auth("garbage");
    assert_eq!(call.send().await.unwrap().status(), 401);
    assert!(
        rig.log.0.lock().unwrap().is_empty(),
        "nothing for the audit log"
    );
}
