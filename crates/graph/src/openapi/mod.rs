//! `/openapi.json`: the route table as OpenAPI 3.1. `x-permissions` lists the permissions of each
//! operation, any of which suffices: an application's own, and those on behalf of a user, who needs
//! one of the actions in `x-directory-actions` besides.
//!
//! What a route takes and answers isn't said by hand: its template is walked through the types that
//! `$metadata` declares, so that a route is described as soon as it is in the table.

mod csdl;
mod operation;
mod schemas;
mod shape;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use self::csdl::Types;
use self::schemas::Schemas;
use crate::public::METADATA;
use crate::route::{Route, Table, Version};

/// Renders the document, which takes milliseconds: it's the same for everybody, so once.
pub(crate) fn render(table: &Table, public_url: &str) -> types::Result<Bytes> {
    let types = Types::read(METADATA)?;
    let mut schemas = Schemas::new(&types);
    let mut paths = Map::new();
    for route in table.routes() {
        let shape = shape::of(&types, route.path);
        for version in route.versions.each() {
            let path = format!("{}{}", version.prefix(), route.path);
            let item = paths.entry(path).or_insert_with(|| json!({}));
            if let Some(item) = item.as_object_mut() {
                let mut operation = operation::write(route, version, &shape, &mut schemas);
                operation.insert("operationId".into(), operation_id(route, version).into());
                item.insert(route.method.as_str().to_ascii_lowercase(), operation.into());
            }
        }
    }
    let mut components = schemas.components();
    components.insert("error".into(), error_schema());
    components.insert("oauthError".into(), oauth_error_schema());
    // An address that can't be read is refused before it is known what it would have led to.
    let refusal =
        ["oauthError", "error"].map(|it| json!({ "$ref": format!("#/components/schemas/{it}") }));
    components.insert("oauthRefusal".into(), json!({ "anyOf": refusal }));
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
                "signedIn": {
                    "type": "oauth2",
                    "flows": { "authorizationCode": {
                        "authorizationUrl": format!("{public_url}/organizations/oauth2/v2.0/authorize"),
                        "tokenUrl": format!("{public_url}/organizations/oauth2/v2.0/token"),
                        "scopes": scopes(table),
                    }},
                },
            },
            "responses": {
                "error": response("A refusal", "error", None),
                "unauthenticated": response("No token, or one that isn't valid", "error", Some("WWW-Authenticate")),
                "throttled": response("Too many requests", "error", Some("Retry-After")),
                "unavailable": response("Not now", "error", Some("Retry-After")),
                // An address that can't be read is refused before it is known to lead to a page.
                "page": json!({ "description": "A refusal, for a person", "content": {
                    "text/html": {},
                    "application/json": { "schema": { "$ref": "#/components/schemas/error" } },
                } }),
                "oauthError": response("A refusal", "oauthRefusal", None),
                "oauthUnavailable": response("Not now", "oauthRefusal", Some("Retry-After")),
            },
            "schemas": components,
        },
    });
    serde_json::to_vec(&document)
        .map(Bytes::from)
        .map_err(types::Error::internal)
}

/// The delegated permissions that any route asks for, with what they allow.
fn scopes(table: &Table) -> Value {
    let known = directory::permissions::delegated().unwrap_or_default();
    let mut scopes = Map::new();
    for name in table.routes().iter().flat_map(Route::delegated_permissions) {
        let found = known.iter().find(|scope| scope.value == name);
        let described = found.map_or(name, |scope| scope.admin_consent_display_name.as_str());
        scopes.insert(name.to_owned(), described.into());
    }
    scopes.sort_keys();
    Value::Object(scopes)
}

fn response(description: &str, schema: &str, header: Option<&str>) -> Value {
    let mut response = json!({
        "description": description,
        "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") } } },
    });
    if let Some(header) = header {
        response["headers"] =
            json!({ header: { "required": true, "schema": { "type": "string" } } });
    }
    response
}

/// RFC 6749 §5.2, with what Entra adds.
fn oauth_error_schema() -> Value {
    json!({
        "type": "object",
        "required": ["error", "error_description"],
        "properties": {
            "error": { "type": "string" },
            "error_description": { "type": "string" },
            "error_codes": { "type": "array", "items": { "type": "integer" } },
            "timestamp": { "type": "string" },
            "trace_id": { "type": "string" },
            "correlation_id": { "type": "string" },
            "error_uri": { "type": "string" },
        },
    })
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
