//! `/openapi.json`: the route table as OpenAPI 3.1. `x-permissions` lists the application
//! permissions of each operation, any of which suffices.

use bytes::Bytes;
use http::Method;
use serde_json::{Map, Value, json};
use types::Error;

use crate::route::{Access, Route, Table, Version};

/// Renders the document once; it's the same for everybody.
pub(crate) fn render(table: &Table, public_url: &str) -> types::Result<Bytes> {
    let mut paths = Map::new();
    for route in table.routes() {
        for version in route.versions.each() {
            let path = format!("{}{}", version.prefix(), route.path);
            let item = paths.entry(path).or_insert_with(|| json!({}));
            if let Some(item) = item.as_object_mut() {
                item.insert(
                    route.method.as_str().to_ascii_lowercase(),
                    operation(route, version),
                );
            }
        }
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "isopolity",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "An organization platform that follows Microsoft Graph. Types are described by /v1.0/$metadata.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": public_url }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "clientCredentials": {
                    "type": "oauth2",
                    "flows": { "clientCredentials": {
                        "tokenUrl": format!("{public_url}/{{tenant}}/oauth2/v2.0/token"),
                        "scopes": { "https://graph.microsoft.com/.default": "The permissions that the application was given" },
                    }},
                },
            },
            "responses": {
                "error": {
                    "description": "A refusal",
                    "content": { "application/json": { "schema": { "$ref": "#/components/schemas/error" } } },
                },
            },
            "schemas": { "error": error_schema() },
        },
    });
    serde_json::to_vec(&document)
        .map(Bytes::from)
        .map_err(Error::internal)
}

fn error_schema() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "properties": { "error": {
            "type": "object",
            "required": ["code", "message", "innerError"],
            "properties": {
                "code": { "type": "string" },
                "message": { "type": "string" },
                "target": { "type": "string" },
                "details": { "type": "array", "items": {
                    "type": "object",
                    "properties": {
                        "code": { "type": "string" },
                        "message": { "type": "string" },
                        "target": { "type": "string" },
                    },
                }},
                "innerError": {
                    "type": "object",
                    "properties": {
                        "date": { "type": "string", "format": "date-time" },
                        "request-id": { "type": "string", "format": "uuid" },
                        "client-request-id": { "type": "string" },
                    },
                },
            },
        }},
    })
}

fn operation(route: &Route, version: Version) -> Value {
    let mut parameters: Vec<Value> = route
        .key_names()
        .map(|name| {
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
        })
        .collect();
    parameters.extend(route.options.names().map(|name| {
        let kind = match name {
            "$top" => "integer",
            "$count" => "boolean",
            _ => "string",
        };
        json!({ "name": name, "in": "query", "schema": { "type": kind } })
    }));
    let mut responses = Map::new();
    responses.insert("2XX".into(), json!({ "description": "Done" }));
    let refusals: &[&str] = match route.access() {
        Access::Public => &["4XX", "503"],
        Access::Application | Access::Batch => &["400", "401", "403", "404", "4XX", "503"],
    };
    for status in refusals {
        responses.insert(
            (*status).into(),
            json!({ "$ref": "#/components/responses/error" }),
        );
    }
    let mut operation = json!({
        "summary": route.summary,
        "tags": [route.area],
        "operationId": operation_id(route, version),
        "parameters": parameters,
        "responses": responses,
        "x-permissions": route.permissions,
    });
    if let Some(operation) = operation.as_object_mut() {
        let has_body = matches!(route.method, Method::POST | Method::PATCH | Method::PUT);
        if has_body && version != Version::Root {
            let content = match route.payload {
                Some(payload) => payload
                    .media_types
                    .iter()
                    .map(|name| ((*name).to_owned(), json!({})))
                    .collect(),
                None => json!({ "application/json": { "schema": { "type": "object" } } }),
            };
            operation.insert("requestBody".into(), json!({ "content": content }));
        }
        let security = match route.access() {
            Access::Public => json!([]),
            Access::Application | Access::Batch => {
                json!([{ "clientCredentials": ["https://graph.microsoft.com/.default"] }])
            }
        };
        operation.insert("security".into(), security);
    }
    operation
}

/// `v1.0.get.users.id`: unique, since method and template are.
fn operation_id(route: &Route, version: Version) -> String {
    let mut id = version.prefix().trim_start_matches('/').to_owned();
    for word in std::iter::once(route.method.as_str())
        .chain(route.path.split(|c: char| !c.is_ascii_alphanumeric()))
        .filter(|word| !word.is_empty())
    {
        if !id.is_empty() {
            id.push('.');
        }
        id.push_str(word);
    }
    id
}
