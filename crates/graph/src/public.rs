//! What is open to everybody: operations and descriptions.

use bytes::Bytes;
use http::{Method, StatusCode, header};
use serde_json::json;

use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::PublicCall;
use crate::route::{Routes, Versions};

/// Types of Graph v1.0 that this project speaks; see `metadata/NOTICE`.
pub(crate) const METADATA: &str = include_str!("../metadata/v1.0.csdl.xml");

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut operations = routes.area("operations", Versions::Root);
    operations
        .public(
            Method::GET,
            "/healthz",
            "Whether the process answers",
            healthz,
        )
        .always();
    operations
        .public(
            Method::GET,
            "/readyz",
            "Whether requests can be served",
            readyz,
        )
        .always();
    operations
        .public(
            Method::GET,
            "/metrics",
            "Counters in the text format of Prometheus",
            metrics,
        )
        .always();
    operations.public(
        Method::GET,
        "/openapi.json",
        "Every route with its permissions, as OpenAPI 3.1",
        openapi,
    );
    routes.area("descriptions", Versions::Both).public(
        Method::GET,
        "/$metadata",
        "The types, as CSDL 4.0",
        metadata,
    );
}

async fn healthz(_call: PublicCall) -> Result<Reply, Refusal> {
    Reply::json(StatusCode::OK, &json!({ "status": "ok" }))
}

async fn readyz(call: PublicCall) -> Result<Reply, Refusal> {
    match (call.platform().readiness)() {
        Ok(()) => Reply::json(StatusCode::OK, &json!({ "status": "ready" })),
        Err(reason) => Ok(Reply::json(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({ "status": "not ready", "reason": reason }),
        )?
        .with_header(header::RETRY_AFTER, "1")),
    }
}

async fn metrics(call: PublicCall) -> Result<Reply, Refusal> {
    Ok(Reply::bytes(
        "text/plain; version=0.0.4; charset=utf-8",
        call.app.metrics_text(),
    ))
}

async fn openapi(call: PublicCall) -> Result<Reply, Refusal> {
    Ok(Reply::bytes("application/json", call.app.openapi()?))
}

async fn metadata(_call: PublicCall) -> Result<Reply, Refusal> {
    Ok(Reply::bytes(
        "application/xml; charset=utf-8",
        Bytes::from_static(METADATA.as_bytes()),
    ))
}
