//! `/$batch`: each part as if it were sent alone.

use crate::common::deployment::{Answer, Caller, DOMAIN, Deployment, NOBODY};
use crate::common::{Rig, refused};
use graph::Limits;
use serde_json::{Value, json};

fn user(alias: &str) -> Value {
    json!({
        "accountEnabled": true, "displayName": alias, "mailNickname": alias,
        "userPrincipalName": format!("{alias}@{DOMAIN}"),
        "passwordProfile": { "password": "correct-Horse-7-battery" },
    })
}

fn part(id: &str, method: &str, url: &str) -> Value {
    json!({ "id": id, "method": method, "url": url })
}

fn with_body(id: &str, method: &str, url: &str, body: Value) -> Value {
    json!({
        "id": id, "method": method, "url": url, "body": body,
        "headers": { "Content-Type": "application/json" },
    })
}

async fn send(caller: &Caller, requests: Vec<Value>) -> Answer {
    caller
        .post("/$batch", json!({ "requests": requests }))
        .await
}

/// The answers, in the order of the requests.
async fn answers(caller: &Caller, requests: Vec<Value>) -> Vec<Value> {
    let ids: Vec<Value> = requests.iter().map(|it| it["id"].clone()).collect();
    let answer = send(caller, requests).await.expect(200);
    assert!(
        answer
            .header("content-type")
            .starts_with("application/json")
    );
    let mut responses = answer.json["responses"].as_array().unwrap().clone();
    assert_eq!(responses.len(), ids.len());
    responses.sort_by_key(|one| ids.iter().position(|id| *id == one["id"]).unwrap());
    responses
}

fn code(answer: &Value) -> (u64, &str) {
    let code = answer["body"]["error"]["code"].as_str();
    (answer["status"].as_u64().unwrap(), code.unwrap_or_default())
}

#[tokio::test]
async fn every_part_is_answered_as_if_it_were_alone() {
    let d = Deployment::start().await;
    let ann = d.admin.post("/users", user("ann")).await.expect(201).json;
    let id = ann["id"].as_str().unwrap();
    let answers = answers(
        &d.admin,
        vec![
            part("1", "GET", &format!("/users/{id}?$select=displayName,id")),
            with_body("2", "post", "users", user("bob")),
            with_body("3", "PATCH", &format!("users/{id}"), json!({ "city": "Z" })),
            json!({
                "id": "4", "method": "GET", "url": "/users/$count?$filter=displayName eq 'ann'",
                "headers": { "consistencylevel": "eventual" },
            }),
            part("5", "DELETE", &format!("/users/{NOBODY}")),
            // As the SDKs for JavaScript and Python write them.
            part("6", "GET", &format!("/v1.0/users/{id}")),
            part("7", "GET", &format!("{}/v1.0/users/{id}", d.url)),
            part("8", "GET", "/me"),
            part("9", "GET", "/nothing"),
            part("10", "DELETE", "/users"),
        ],
    )
    .await;
    assert_eq!(answers[0]["status"], 200);
    assert_eq!(answers[0]["body"]["displayName"], "ann");
    let headers = &answers[0]["headers"];
    let kind = headers["Content-Type"].as_str().unwrap();
    assert!(kind.starts_with("application/json;odata.metadata=minimal"));
    assert_eq!(headers["OData-Version"], "4.0");
    assert_eq!(headers["Cache-Control"], "no-cache");
    assert_eq!(answers[1]["status"], 201);
    let bob = answers[1]["body"]["id"].as_str().unwrap();
    assert_eq!(
        answers[1]["headers"]["Location"],
        format!("{}/v1.0/users/{bob}", d.url)
    );
    assert_eq!(answers[2]["status"], 204);
    assert!(answers[2].get("body").is_none());
    // Text is in base64: 1.
    assert_eq!(answers[3]["body"], "MQ==", "{}", answers[3]);
    assert_eq!(code(&answers[4]), (404, "Request_ResourceNotFound"));
    assert_eq!(answers[5]["body"]["id"], id);
    assert_eq!(answers[6]["body"]["id"], id);
    assert_eq!(code(&answers[7]), (400, "BadRequest"));
    assert_eq!(code(&answers[8]), (404, "ResourceNotFound"));
    assert_eq!(code(&answers[9]), (405, "Request_BadRequest"));
    let inner = &answers[9]["body"]["error"]["innerError"];
    assert_eq!(inner["request-id"], answers[9]["headers"]["request-id"]);
    let mut ids: Vec<&Value> = answers
        .iter()
        .map(|it| &it["headers"]["request-id"])
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 10);
}

#[tokio::test]
async fn parts_wait_for_what_they_depend_on() {
    let d = Deployment::start().await;
    let after = |mut part: Value, ids: &[&str]| {
        part["dependsOn"] = json!(ids);
        part
    };
    let address = format!("/users/ann@{DOMAIN}");
    let done = answers(
        &d.admin,
        vec![
            with_body("make", "POST", "/users", user("ann")),
            after(part("see", "GET", &address), &["MAKE"]),
            after(part("drop", "DELETE", &address), &["see", "make"]),
            after(part("gone", "GET", &address), &["drop"]),
            after(part("never", "GET", "/users"), &["gone", "make"]),
            after(part("neither", "GET", "/users"), &["never"]),
            // As the SDK for Python writes it.
            json!({ "id": "python", "method": "GET", "url": "/users", "depends_on": ["gone"] }),
            after(part("alone", "GET", "/users"), &[]),
        ],
    )
    .await;
    let statuses: Vec<u64> = done
        .iter()
        .map(|it| it["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [201, 200, 204, 404, 424, 424, 424, 200]);
    assert_eq!(code(&done[4]), (424, "FailedDependency"));
    let message = done[5]["body"]["error"]["message"].as_str().unwrap();
    assert!(message.contains("'never'"), "{message}");
}

#[tokio::test]
async fn a_batch_that_cannot_be_read_does_nothing() {
    let d = Deployment::start().await;
    let make = || with_body("1", "POST", "/users", user("ann"));
    let after = |id: &str, ids: Value| json!({ "id": id, "method": "GET", "url": "/users", "dependsOn": ids });
    let headers =
        |headers: Value| json!({ "id": "2", "method": "GET", "url": "/users", "headers": headers });
    let many: serde_json::Map<String, Value> =
        (0..40_000).map(|n| (format!("x{n}"), "".into())).collect();
    for wrong in [
        // Itself, a later one, nobody.
        vec![after("2", json!(["2"]))],
        vec![after("2", json!(["3"])), part("3", "GET", "/users")],
        vec![after("2", json!(["3"])), after("3", json!(["2"]))],
        vec![after("2", json!(["9"]))],
        vec![after("2", json!("1"))],
        vec![after("2", json!([1]))],
        vec![part("1", "GET", "/users")],
        vec![part("É", "GET", "/users"), part("é", "GET", "/users")],
        vec![part("", "GET", "/users")],
        vec![json!({ "id": 2, "method": "GET", "url": "/users" })],
        vec![json!({ "method": "GET", "url": "/users" })],
        vec![json!("users")],
        vec![part("2", "HEAD", "/users")],
        vec![part("2", "TRACE", "/users")],
        vec![part("2", "", "/users")],
        vec![part("2", "GET", "")],
        vec![part("2", "GET", "https://graph.microsoft.com/v1.0/users")],
        vec![part("2", "GET", &format!("{}/beta/users", d.url))],
        vec![part("2", "GET", &format!("{}/healthz", d.url))],
        vec![with_body("2", "POST", "/$batch", json!({ "requests": [] }))],
        vec![with_body(
            "2",
            "POST",
            "/v1.0/%24Batch",
            json!({ "requests": [] }),
        )],
        vec![json!({ "id": "2", "method": "POST", "url": "/users", "body": {} })],
        vec![
            json!({ "id": "2", "method": "PUT", "url": "/users", "body": "é",
            "headers": { "Content-Type": "image/png" } }),
        ],
        vec![headers(json!({ "a b": "c" }))],
        vec![headers(json!({ "a": "b\r\nc: d" }))],
        vec![headers(json!({ "a": 1 }))],
        vec![headers(json!([]))],
        vec![headers(Value::Object(many))],
        vec![json!({ "id": "2", "method": "GET", "url": "/users", "atomicityGroup": "a" })],
        (2..=21)
            .map(|n| part(&n.to_string(), "GET", "/users"))
            .collect(),
    ] {
        let requests = std::iter::once(make()).chain(wrong).collect();
        send(&d.admin, requests).await.refused(400, "BadRequest");
    }
    for body in [
        json!({}),
        json!([]),
        json!({ "requests": [] }),
        json!({ "requests": {} }),
    ] {
        d.admin
            .post("/$batch", body)
            .await
            .refused(400, "BadRequest");
    }
    let too_many = (0..21)
        .map(|n| part(&n.to_string(), "GET", "/users"))
        .collect();
    let refusal = send(&d.admin, too_many).await.refused(400, "BadRequest");
    assert!(refusal.message().contains("limits.batch_requests"));
    d.admin
        .get(&format!("/users/ann@{DOMAIN}"))
        .await
        .refused(404, "Request_ResourceNotFound");
    let twenty = (0..20)
        .map(|n| part(&n.to_string(), "GET", "/users"))
        .collect();
    answers(&d.admin, twenty).await;
}

#[tokio::test]
async fn the_caller_is_the_batch_s() {
    let d = Deployment::start().await;
    let (_, theirs) = d.other("Fabrikam", "fabrikam.example").await;
    let ann = d.admin.post("/users", user("ann")).await.expect(201).json;
    let address = format!("/users/{}", ann["id"].as_str().unwrap());
    let stolen = json!({ "Authorization": format!("Bearer {}", d.admin.token), "Host": "x" });
    let done = answers(
        &theirs,
        vec![
            part("1", "GET", &address),
            part("2", "GET", &format!("/users/{NOBODY}")),
            json!({ "id": "3", "method": "GET", "url": address, "headers": stolen }),
            part("4", "DELETE", &address),
        ],
    )
    .await;
    for part in &done {
        assert_eq!(code(part), (404, "Request_ResourceNotFound"));
    }
    let message = |part: &Value| {
        let message = part["body"]["error"]["message"].as_str().unwrap();
        message
            .replace(ann["id"].as_str().unwrap(), "ID")
            .replace(NOBODY, "ID")
    };
    assert_eq!(message(&done[0]), message(&done[1]));
    assert_eq!(message(&done[0]), message(&done[2]));

    // Each part asks for its own permission, and a refusal is in the tenant's audit log.
    let reader = d.client(&["User.Read.All"]).await;
    let done = answers(
        &reader,
        vec![part("1", "GET", &address), part("2", "DELETE", &address)],
    )
    .await;
    assert_eq!(done[0]["status"], 200);
    assert_eq!(code(&done[1]), (403, "Authorization_RequestDenied"));
    let log = d.admin.get("/auditLogs/directoryAudits").await.expect(200);
    assert!(
        log.text
            .contains(done[1]["headers"]["request-id"].as_str().unwrap())
    );

    let nobody = d.client(&[]).await;
    send(&nobody, vec![part("1", "GET", "/users")])
        .await
        .refused(403, "Authorization_RequestDenied");
    let call = d
        .call("POST", "/v1.0/$batch")
        .json(&json!({ "requests": [] }));
    Answer::read(call.send().await.unwrap())
        .await
        .refused(401, "InvalidAuthenticationToken");
    d.admin
        .get("/$batch")
        .await
        .refused(405, "Request_BadRequest");
    d.admin.get(&address).await.expect(200);
}

#[tokio::test]
async fn an_idempotency_key_counts_for_each_part() {
    let d = Deployment::start().await;
    let requests = json!({ "requests": [
        with_body("1", "POST", "/users", user("ann")),
        with_body("2", "POST", "/users", user("bob")),
        part("3", "GET", "/users"),
    ]});
    let sent = async || {
        let call = d.admin.call("POST", "/$batch").json(&requests);
        let call = call.header("Idempotency-Key", "once");
        Answer::read(call.send().await.unwrap())
            .await
            .expect(200)
            .json
    };
    let (first, again) = (sent().await, sent().await);
    for part in [0, 1] {
        assert_eq!(first["responses"][part]["status"], 201);
        let id = |answer: &Value| answer["responses"][part]["body"]["id"].clone();
        assert_eq!(id(&first), id(&again));
    }
    let call = d.admin.call("POST", "/$batch").json(&requests);
    let call = call.header("Idempotency-Key", "x".repeat(256));
    let refusal = Answer::read(call.send().await.unwrap()).await;
    refusal.refused(400, "Request_BadRequest");
}

#[tokio::test]
async fn a_long_address_fits_into_a_batch() {
    let d = Deployment::start().await;
    let long = |bytes: usize| format!("/users?$filter=displayName eq '{}'", "x".repeat(bytes));
    let done = answers(
        &d.admin,
        vec![
            part("1", "GET", &long(16_300)),
            part("2", "GET", &long(60_000)),
            part("3", "GET", &long(70_000)),
        ],
    )
    .await;
    assert_eq!(done[0]["status"], 200);
    assert_eq!(code(&done[1]), (414, "RequestUriTooLong"));
    assert_eq!(code(&done[2]), (414, "RequestUriTooLong"));
}

fn batch(requests: &[Value]) -> String {
    json!({ "requests": requests }).to_string()
}

async fn post(rig: &Rig, requests: &[Value]) -> reqwest::Response {
    rig.call("POST", "/beta/$batch")
        .header("content-type", "application/json")
        .body(batch(requests))
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn parts_run_at_once() {
    let rig = Rig::start().await;
    let requests = [
        part("1", "GET", "/things/wait"),
        part("2", "GET", "/things/x/panic"),
        part("3", "GET", "/things/wait"),
    ];
    let both = async {
        for _ in 0..2 {
            rig.reached.notified().await;
        }
        rig.gate.notify_one();
        rig.gate.notify_one();
    };
    let (answer, ()) = tokio::join!(post(&rig, &requests), both);
    let answer: Value = answer.json().await.unwrap();
    let statuses: Vec<&Value> = (0..3).map(|n| &answer["responses"][n]["status"]).collect();
    assert_eq!(statuses, [200, 503, 200]);
    assert_eq!(answer["responses"][1]["headers"]["Retry-After"], "2");
    // "waited"
    assert_eq!(answer["responses"][0]["body"], "d2FpdGVk");
}

#[tokio::test]
async fn answers_are_bounded() {
    let limits = Limits {
        batch_answer_bytes: 65_536,
        ..Limits::default()
    };
    let rig = Rig::with(limits, false).await;
    let mut late = part("3", "PATCH", "/things/1");
    late["dependsOn"] = json!(["2"]);
    let answer: Value = post(
        &rig,
        &[
            part("1", "GET", "/things/large"),
            with_body("2", "POST", "/things", json!({})),
            late,
        ],
    )
    .await
    .json()
    .await
    .unwrap();
    assert_eq!(
        code(&answer["responses"][0]),
        (413, "Directory_ResultSizeLimitExceeded")
    );
    // What was done is told; what isn't begun is refused.
    assert_eq!(answer["responses"][1]["status"], 201);
    assert_eq!(
        code(&answer["responses"][2]),
        (413, "Directory_ResultSizeLimitExceeded")
    );
    let whole = rig
        .call("POST", "/v1.0/$batch")
        .header("content-type", "application/json")
        .body("{}")
        .send()
        .await
        .unwrap();
    refused(whole, 400, "BadRequest").await;
}
