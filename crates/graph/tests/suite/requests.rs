//! What a request goes through: path, token, query, body, answer.

use crate::common::{Rig, refused};
use serde_json::Value;

#[tokio::test]
async fn paths_have_graphs_spellings() {
    let rig = Rig::start().await;
    for path in [
        "/v1.0/things/a%40b",
        "/beta/THINGS('a@b')",
        "/V1.0/things(%27a@b%27)/",
    ] {
        let thing: Value = rig.get(path).await.json().await.unwrap();
        assert_eq!(thing["id"], "a@b", "{path}");
    }
    for (path, text) in [
        ("/v1.0/things/delta", "delta"),
        ("/v1.0/things/delta()", "delta"),
        ("/v1.0/things/microsoft.graph.delta()", "delta"),
        ("/v1.0/things/$count", "1"),
        ("/v1.0/things(Code='x''y')", "code x'y"),
        ("/v1.0/things('1')/parts('2')", "2 of 1"),
        ("/v1.0/things/1/parts/2", "2 of 1"),
    ] {
        assert_eq!(rig.get(path).await.text().await.unwrap(), text, "{path}");
    }
}

#[tokio::test]
async fn what_is_no_route_is_not_found() {
    let rig = Rig::start().await;
    for (path, segment) in [
        ("/v1.0/nonsense", "nonsense"),
        ("/v1.0/things/1/nonsense/2", "nonsense"),
        ("/v1.0/things()", "things"),
        ("/v1.0", ""),
        ("/v2.0/things", "things"),
        ("/nothing/here", "here"),
    ] {
        let error = refused(rig.get(path).await, 404, "ResourceNotFound").await;
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains(&format!("'{segment}'")),
            "{path}: {error}"
        );
    }
    for path in ["/v1.0/things(1)", "/v1.0/things/%zz", "/v1.0/things/%00"] {
        refused(rig.get(path).await, 400, "BadRequest").await;
    }
    let long = format!("/v1.0/things/{}", "x".repeat(60_000));
    let error = refused(rig.get(&long).await, 414, "RequestUriTooLong").await;
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("limits.url_bytes")
    );
}

#[tokio::test]
async fn methods() {
    let rig = Rig::start().await;
    let response = rig.call("DELETE", "/v1.0/things/1").send().await.unwrap();
    assert_eq!(response.headers()["allow"], "GET, HEAD, PATCH, OPTIONS");
    refused(response, 405, "Request_BadRequest").await;

    let options = rig.call("OPTIONS", "/v1.0/things/1").send().await.unwrap();
    assert_eq!(options.status(), 204);
    assert_eq!(options.headers()["allow"], "GET, HEAD, PATCH, OPTIONS");

    let full = rig.get("/v1.0/things/1").await;
    let head = rig.call("HEAD", "/v1.0/things/1").send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(
        head.headers()["content-length"],
        full.headers()["content-length"]
    );
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn answers_have_graphs_form() {
    let rig = Rig::start().await;
    let response = rig
        .call("GET", "/v1.0/things/1?$select=id,%20name")
        .header("client-request-id", "mine")
        .send()
        .await
        .unwrap();
    let headers = response.headers().clone();
    assert_eq!(headers["odata-version"], "4.0");
    assert_eq!(headers["client-request-id"], "mine");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(
        headers["content-type"],
        "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
    );
    let text = response.text().await.unwrap();
    assert_eq!(
        text,
        format!(
            "{{\"@odata.context\":\"{}/v1.0/$metadata#things(id,name)/$entity\",\"id\":\"1\"}}",
            rig.url
        )
    );

    let page: Value = rig
        .get("/beta/things?$top=5&$skiptoken=old&$count=true&$filter=a%20eq%201")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        page.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["@odata.context", "@odata.count", "@odata.nextLink", "value"]
    );
    assert_eq!(
        page["@odata.nextLink"],
        format!(
            "{}/beta/things?$top=5&$count=true&$filter=a%20eq%201&$skiptoken=a%20b",
            rig.url
        )
    );
    assert_eq!(page["value"][0]["size"], 5);
}

#[tokio::test]
async fn making_and_changing() {
    let rig = Rig::start().await;
    let made = rig.post("/v1.0/things", r#"{"name":"x"}"#).await;
    assert_eq!(made.status(), 201);
    let location = made.headers()["location"].to_str().unwrap().to_owned();
    let body: Value = made.json().await.unwrap();
    assert_eq!(
        location,
        format!("{}/v1.0/things/{}", rig.url, body["id"].as_str().unwrap())
    );
    let minimal = rig
        .call("POST", "/v1.0/things")
        .header("content-type", "application/json")
        .header("prefer", "return=minimal")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(minimal.status(), 204);
    assert_eq!(minimal.headers()["preference-applied"], "return=minimal");
    assert!(minimal.headers().contains_key("location"));

    let changed = rig
        .call("PATCH", "/v1.0/things/1")
        .header("content-type", "application/json;odata.metadata=none")
        .body(r##"{"@odata.type":"#microsoft.graph.thing","a":null}"##)
        .send()
        .await
        .unwrap();
    assert_eq!(changed.status(), 204);
    assert!(changed.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn bodies_that_are_refused() {
    let rig = Rig::start().await;
    for body in [
        "{",
        "[]",
        r#"{"a":1,"a":2}"#,
        r##"{"@odata.type":"#microsoft.graph.user"}"##,
    ] {
        refused(
            rig.post("/v1.0/things", body).await,
            400,
            "Request_BadRequest",
        )
        .await;
    }
    let empty = refused(rig.post("/v1.0/things", "").await, 400, "BadRequest").await;
    assert_eq!(empty["message"], "Empty Payload. JSON content expected.");

    let plain = rig.call("POST", "/v1.0/things").body("{}");
    refused(plain.send().await.unwrap(), 415, "Request_BadRequest").await;

    // Clients that compress by themselves try again without, told by this status.
    for (encoding, status) in [("gzip", 415), ("identity, br", 415), ("Identity", 201)] {
        let call = rig
            .call("POST", "/v1.0/things")
            .header("content-type", "application/json")
            .header("content-encoding", encoding);
        let answer = call.body("{}").send().await.unwrap();
        if status == 415 {
            assert_eq!(answer.headers()["accept-encoding"], "identity");
            refused(answer, 415, "Request_BadRequest").await;
        } else {
            assert_eq!(answer.status(), status, "{encoding}");
        }
    }

    let large = rig
        .call("POST", "/v1.0/things")
        .header("content-type", "application/json")
        .body(vec![b' '; 1024 * 1024 + 1]);
    let error = refused(large.send().await.unwrap(), 413, "RequestEntityTooLarge").await;
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("limits.body_bytes")
    );
}

#[tokio::test]
async fn queries_that_are_refused() {
    let rig = Rig::start().await;
    for query in [
        "$skip=1",
        "$nonsense=1",
        "$expand=a",
        "$top=0",
        "$top=1000",
        "$select=a&$select=b",
    ] {
        let answer = rig.get(&format!("/v1.0/things?{query}")).await;
        refused(answer, 400, "Request_BadRequest").await;
    }
    let answer = rig.get("/v1.0/things/1?$filter=a").await;
    let error = refused(answer, 400, "Request_BadRequest").await;
    assert_eq!(error["target"], "$filter");
    let level = rig
        .call("GET", "/v1.0/things")
        .header("consistencylevel", "odd");
    refused(level.send().await.unwrap(), 400, "Request_BadRequest").await;
}

#[tokio::test]
async fn a_reader_that_fell_behind_is_told_where_to_start() {
    let rig = Rig::start().await;
    let path = "/v1.0/things/delta?$select=id&$deltatoken";
    let answer = rig.get(&format!("{path}=old")).await;
    let start = answer.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(start, format!("{}{path}=", rig.url));
    refused(answer, 410, "syncStateNotFound").await;
}

#[tokio::test]
async fn without_a_token_nothing_opens() {
    let rig = Rig::start().await;
    let anonymous = || rig.client.post(format!("{}/v1.0/things", rig.url));
    for request in [
        anonymous(),
        anonymous().bearer_auth("garbage"),
        anonymous().bearer_auth(""),
        anonymous().header("authorization", "Basic eDp4"),
        anonymous().header("authorization", "Bearer"),
        anonymous()
            .bearer_auth("Thing.ReadWrite.All")
            .bearer_auth("Thing.ReadWrite.All"),
        // Not even what is wrong with the body is told.
        anonymous().body("{"),
    ] {
        let response = request.send().await.unwrap();
        let challenge = response.headers()["www-authenticate"].to_str().unwrap();
        assert_eq!(
            challenge,
            format!(
                "Bearer realm=\"\", authorization_uri=\"{}/common/oauth2/v2.0/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"",
                rig.url
            )
        );
        refused(response, 401, "InvalidAuthenticationToken").await;
    }
    assert!(rig.log.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn without_a_permission_nothing_opens_and_it_is_written_down() {
    let rig = Rig::start().await;
    let reader = rig
        .client
        .post(format!("{}/v1.0/things", rig.url))
        .bearer_auth("Thing.Read.All,Other.ReadWrite.All");
    let error = refused(
        reader.send().await.unwrap(),
        403,
        "Authorization_RequestDenied",
    )
    .await;
    assert_eq!(
        error["message"],
        "Insufficient privileges to complete the operation."
    );
    let answer = rig.get("/v1.0/things/secret/forbidden").await;
    refused(answer, 403, "Authorization_RequestDenied").await;
    let tenant = "00000000-0000-0000-0000-000000000001";
    assert_eq!(
        *rig.log.0.lock().unwrap(),
        [
            format!("{tenant} POST /things: Insufficient privileges to complete the operation."),
            format!("{tenant} GET /things/{{id}}/forbidden: Not this one."),
        ]
    );
}

#[tokio::test]
async fn what_goes_wrong_inside_stays_inside() {
    let rig = Rig::start().await;
    for path in ["/v1.0/things/1/panic", "/v1.0/things/1/fault"] {
        let error = refused(rig.get(path).await, 503, "serviceNotAvailable").await;
        let text = error.to_string();
        assert!(
            !text.contains("purpose") && !text.contains("table"),
            "{text}"
        );
    }
    let error = refused(
        rig.get("/v1.0/things/missing").await,
        404,
        "Request_ResourceNotFound",
    )
    .await;
    assert!(error["message"].as_str().unwrap().contains("'missing'"));
}

#[tokio::test]
async fn a_repeat_with_the_same_key_gets_the_first_answer() {
    let rig = Rig::start().await;
    let post = |key: &'static str, body: &'static str| {
        let request = rig
            .call("POST", "/v1.0/things")
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(body);
        async { request.send().await.unwrap() }
    };
    let first = post("k", "{}").await;
    let (status, location) = (first.status(), first.headers()["location"].clone());
    let first = first.text().await.unwrap();
    let second = post("k", "{}").await;
    assert_eq!(
        (second.status(), &second.headers()["location"]),
        (status, &location)
    );
    assert_eq!(second.text().await.unwrap(), first);
    assert_ne!(post("l", "{}").await.text().await.unwrap(), first);
    refused(post("k", r#"{"a":1}"#).await, 400, "Request_BadRequest").await;
    // Nor is it used for another request while the first one is on its way.
    let bodies = ["{}", r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#];
    let posts: Vec<_> = bodies
        .map(|body| tokio::spawn(post("n", body)))
        .into_iter()
        .collect();
    let mut statuses = Vec::new();
    for post in posts {
        statuses.push(post.await.unwrap().status().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400, 400, 400]);
    // A refusal isn't kept.
    refused(post("m", "{").await, 400, "Request_BadRequest").await;
    refused(post("m", "{").await, 400, "Request_BadRequest").await;
}

#[tokio::test]
async fn the_server_describes_itself() {
    let rig = Rig::start().await;
    let get = |path: &str| rig.client.get(format!("{}{path}", rig.url)).send();
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json"] {
        assert_eq!(get(path).await.unwrap().status(), 200, "{path}");
    }
    for version in ["v1.0", "beta"] {
        let metadata = get(&format!("/{version}/$metadata")).await.unwrap();
        assert!(metadata.text().await.unwrap().contains("Name=\"user\""));
    }
    let openapi: Value = get("/openapi.json").await.unwrap().json().await.unwrap();
    let operation = &openapi["paths"]["/v1.0/things/{id}"]["get"];
    assert_eq!(
        operation["x-permissions"],
        serde_json::json!({ "application": ["Thing.Read.All", "Thing.ReadWrite.All"], "delegated": [] })
    );
    assert_eq!(operation["parameters"][0]["name"], "id");
    assert_eq!(operation["parameters"][1]["name"], "$select");
    rig.get("/v1.0/things/secret-name").await;
    let metrics = get("/metrics").await.unwrap().text().await.unwrap();
    assert!(
        metrics.contains(
            "isopolity_http_requests_total{method=\"GET\",route=\"/things/{id}\",status=\"2xx\"} 1"
        ),
        "{metrics}"
    );
    assert!(!metrics.contains("secret-name"));
    assert!(
        metrics.contains("requests_in_flight 1"),
        "this one: {metrics}"
    );
}
