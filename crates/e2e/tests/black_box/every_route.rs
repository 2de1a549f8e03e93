//! Every route that the server lists, called by everybody who must not.
//!
//! The list is `/openapi.json`: each path and method with the permissions that open it, in
//! `x-permissions`: `{"application": […], "delegated": […]}`.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use e2e::{Call, Caller, Deployment, Shared};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

static SHARED: Shared = Shared::new();

/// A path of a route with every key filled in by something that no tenant has.
struct Route {
    method: String,
    path: String,
}

async fn routes(d: &Deployment) -> Vec<Route> {
    let routes = e2e::routes::routes(d).await;
    let filled = routes.into_iter().map(|route| Route {
        path: route.filled(|_, _| e2e::NOBODY.to_owned()),
        method: route.method,
    });
    filled.collect()
}

fn call(caller: &Caller, route: &Route) -> Call {
    let call = caller.call(&route.method, &route.path);
    if ["post", "patch", "put"].contains(&route.method.as_str()) {
        call.json(json!({}))
    } else {
        call
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_valid_token_nothing_opens() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let token = contoso.token();
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("not a token")
    };
    let claims_of = |claims: &str| -> Value {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
    };
    let altered = |name: &str, value: Value| {
        let mut claims = claims_of(claims);
        claims[name] = value;
        let claims = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
        format!("{header}.{claims}.{signature}")
    };
    let theirs: Vec<&str> = fabrikam.token().split('.').collect();
    let none = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let tokens = [
        "garbage".to_owned(),
        altered("tid", json!(fabrikam.id)),
        altered("aud", json!("https://elsewhere.example")),
        altered("iss", json!("https://elsewhere.example")),
        altered("exp", json!(1)),
        // Another tenant's key: its header and signature around our claims, and the reverse.
        format!("{}.{claims}.{}", theirs[0], theirs[2]),
        format!("{header}.{}.{signature}", theirs[1]),
        format!("{none}.{claims}."),
    ];
    let mut callers = vec![d.anonymous()];
    callers.extend(tokens.iter().map(|token| d.anonymous().with_token(token)));
    let routes = routes(&d).await;
    let (callers, routes) = (&callers, &routes);
    // A few at a time: there are thousands.
    stream::iter(routes)
        .flat_map(|route| stream::iter(callers).map(move |caller| call(caller, route)))
        .for_each_concurrent(16, |call| async {
            call.await.refused(401, "InvalidAuthenticationToken");
        })
        .await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_permission_nothing_opens() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let powerless = d.app(&contoso, &[]).await;
    for route in routes(&d).await {
        let answer = call(&powerless, &route).await;
        if route.path.starts_with("/v1.0/me") || route.path.starts_with("/beta/me") {
            // There is no "me" for an application, whatever it may.
            answer.refused_somehow();
        } else {
            answer.refused(403, "Authorization_RequestDenied");
        }
    }
    d.finish().await;
}

/// Status and code of a refusal; the message without what it names.
fn sight(status: &Value, body: &Value) -> (Value, Value, String) {
    let error = &body["error"];
    let message = error["message"].as_str().unwrap_or_default();
    (status.clone(), error["code"].clone(), message.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_batch_every_route_answers_as_alone() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let reader = d.app(&contoso, &["Domain.Read.All"]).await;
    let routes = routes(&d).await;
    for version in ["/v1.0", "/beta"] {
        let of_version: Vec<&Route> = routes
            .iter()
            .filter(|route| route.path.starts_with(version) && !route.path.ends_with("$batch"))
            .collect();
        for part in of_version.chunks(20) {
            let requests: Vec<Value> = part
                .iter()
                .enumerate()
                .map(|(id, route)| {
                    let mut request = json!({
                        "id": id.to_string(), "method": route.method,
                        "url": route.path.strip_prefix(version).unwrap(),
                    });
                    if ["post", "patch", "put"].contains(&route.method.as_str()) {
                        request["body"] = json!({});
                        request["headers"] = json!({ "Content-Type": "application/json" });
                    }
                    request
                })
                .collect();
            let batch = json!({ "requests": requests });
            let answer = reader.post(&format!("{version}/$batch"), batch).await;
            let answer = answer.expect(200);
            let answers = answer["responses"].as_array().unwrap();
            for (route, inside) in part.iter().zip(answers) {
                let alone = call(&reader, route).await;
                let alone = sight(&json!(alone.status), &alone.json);
                let inside = sight(&inside["status"], &inside["body"]);
                assert_eq!(inside, alone, "{} {}", route.method, route.path);
            }
        }
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_route_is_not_found() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    for path in [
        "/v1.0",
        "/v1.0/",
        "/v1.0/nonsense",
        "/v1.0/users/x/nonsense",
        "/v1.0/users//",
        "/v1.0/users/../../healthz",
        "/v1.0/users/%2e%2e",
        "/v1.0/users/%2F",
        "/v1.0/users('x'",
        "/v1.0/users('x')('y')",
        "/v1.0/users()",
        "/v2.0/users",
        "/beta/isopolity/nonsense",
    ] {
        let answer = contoso.get(path).await;
        // Some of these are addresses of something after the client has tidied them up.
        assert!(answer.status < 500, "{answer:?}");
    }
    for path in [
        "/v1.0/nonsense",
        "/beta/isopolity/nonsense",
        "/v1.0/users/x/nonsense",
    ] {
        contoso.get(path).await.refused_somehow();
    }
    contoso
        .get(&format!("/v1.0/users/{}", "x".repeat(60_000)))
        .await
        .refused_somehow();
    d.finish().await;
}
