//! `/openapi.json` is true: schemathesis calls every operation with what the document allows and with
//! what it doesn't, and compares each answer with what it promises.

use std::time::Duration;

use e2e::{Caller, Deployment, clients, engine};
use serde_json::Value;

/// How long a run may take on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_mins(10);

/// Without `positive_data_acceptance`: OData's grammars, domains that have to be verified and the like
/// can't be said by a schema, so that what a schema allows may be refused.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,negative_data_rejection,\
    missing_required_header,unsupported_method,allow_header_conformance,use_after_free,\
    ensure_resource_availability,ignored_auth";

/// By which whoever asks would take away its own right to ask.
const OWN_APP: &str = "^/(v1.0|beta)/(applications|servicePrincipals|directory)";

fn schemathesis(caller: &Caller, arguments: &[&str]) {
    let mut python = clients::python();
    // It keeps what it has seen where it stands.
    let scratch = tempfile::tempdir().unwrap();
    python
        .current_dir(scratch.path())
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("{}/openapi.json", caller.url()))
        .args([
            "--header",
            &format!("Authorization: Bearer {}", caller.token()),
        ])
        .args(["--checks", CHECKS, "--seed", "1", "--no-color"])
        .args([
            "--warnings",
            "off",
            "--request-timeout",
            "20",
            "--workers",
            "2",
        ])
        .args(["--continue-on-failure"])
        .args(arguments);
    let ran = clients::run(&mut python, "", PATIENCE);
    assert!(ran.is_well, "{}", ran.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing() {
    // The document and what it is compared with are above the engines.
    if !engine::are_files() {
        return;
    }
    let d = Deployment::start();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    for alias in ["ann", "bob"] {
        contoso.user(alias).await;
        contoso.group(alias).await;
    }
    // Both versions are one table; what only one of them has is found under it.
    let beta = "^/(beta|common|\\{tenant\\}|healthz|readyz|metrics)";
    let within = [
        "--include-path-regex",
        beta,
        "--exclude-path-regex",
        OWN_APP,
    ];
    // Filters that include are alternatives, so that the methods are told by those that aren't meant.
    let mut coverage = vec!["--phases", "coverage"];
    for method in ["POST", "PATCH", "PUT", "DELETE"] {
        coverage.extend(["--exclude-method", method]);
    }
    schemathesis(&contoso, &[&coverage[..], &within].concat());
    let fuzzing = ["--phases", "fuzzing", "--max-examples", "2"];
    schemathesis(&contoso, &[&fuzzing[..], &within].concat());
    let apps = ["--include-path-regex", OWN_APP];
    schemathesis(&fabrikam, &[&fuzzing[..], &apps].concat());
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_says_what_it_takes_and_answers() {
    let d = Deployment::start();
    let openapi = d.anonymous().get("/openapi.json").await.expect(200);
    assert_eq!(openapi["openapi"], "3.1.0");
    let schemas = openapi["components"]["schemas"].as_object().unwrap();
    let user = &openapi["paths"]["/v1.0/users/{id}"]["get"]["responses"]["200"];
    let user = &user["content"]["application/json"]["schema"];
    assert!(
        user.to_string().contains("#/components/schemas/user\""),
        "{user}"
    );
    assert_eq!(
        schemas["user"]["allOf"][1]["properties"]["accountEnabled"]["type"][0],
        "boolean"
    );
    let mut text = openapi.text.as_str();
    while let Some((_, rest)) = text.split_once("\"#/components/schemas/") {
        let (name, rest) = rest.split_once('"').unwrap();
        assert!(
            schemas.contains_key(name),
            "{name} is named and isn't there"
        );
        text = rest;
    }
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in openapi["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} stands twice");
            let responses = operation["responses"].as_object().unwrap();
            let is_done = responses.keys().any(|status| status.starts_with('2'));
            assert!(is_done && responses.contains_key("4XX"), "{method} {path}");
            let has_body = ["post", "patch", "put"].contains(&method.as_str());
            assert_eq!(
                has_body,
                operation["requestBody"] != Value::Null,
                "{method} {path}"
            );
        }
    }
    d.finish().await;
}
