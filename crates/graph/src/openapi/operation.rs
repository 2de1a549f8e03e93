//! One operation of the document: its parameters, its body, its answers.

use http::Method;
use serde_json::{Map, Value, json};

use super::schemas::Schemas;
use super::shape::Shape;
use crate::query_options::Allowed;
use crate::route::{Access, ErrorForm, Route, Version};

/// Writes an operation without its name.
pub(super) fn write(
    route: &Route,
    version: Version,
    shape: &Shape<'_>,
    schemas: &mut Schemas<'_>,
) -> Map<String, Value> {
    let mut operation = Map::new();
    operation.insert("summary".into(), route.summary.into());
    operation.insert("tags".into(), json!([route.area]));
    operation.insert("parameters".into(), parameters(route).into());
    if let Some(body) = body(route, version, shape, schemas) {
        operation.insert("requestBody".into(), body);
    }
    operation.insert(
        "responses".into(),
        responses(route, version, shape, schemas).into(),
    );
    let delegated: Vec<&str> = route.delegated_permissions().collect();
    operation.insert(
        "x-permissions".into(),
        json!({ "application": route.permissions, "delegated": delegated }),
    );
    if !route.actions().is_empty() {
        operation.insert("x-directory-actions".into(), json!(route.actions()));
    }
    let client = json!({ "clientCredentials": ["https://graph.microsoft.com/.default"] });
    let signed_in = delegated.iter().map(|scope| json!({ "signedIn": [scope] }));
    let security: Value = match route.access() {
        Access::Public => json!([]),
        Access::Batch => json!([client, { "signedIn": [] }]),
        Access::Application if route.is_me => signed_in.collect(),
        Access::Application => [client].into_iter().chain(signed_in).collect(),
    };
    operation.insert("security".into(), security);
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let keys = route.key_names().map(
        |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }),
    );
    let options = route.options.names().map(|name| {
        let schema = match name {
            "$top" => json!({ "type": "integer", "minimum": 1 }),
            "$count" => json!({ "type": "boolean" }),
            _ => json!({ "type": "string" }),
        };
        json!({ "name": name, "in": "query", "schema": schema })
    });
    let mut parameters: Vec<Value> = keys.chain(options).collect();
    if [Allowed::FILTER, Allowed::COUNT, Allowed::SEARCH]
        .into_iter()
        .any(|option| route.options.has(option))
    {
        parameters.push(json!({
            "name": "ConsistencyLevel", "in": "header",
            "description": "eventual, for advanced queries",
            "schema": { "type": "string", "enum": ["eventual"] },
        }));
    }
    parameters
}

fn json_body(schema: Value, is_required: bool) -> Value {
    json!({ "required": is_required, "content": { "application/json": { "schema": schema } } })
}

fn body(
    route: &Route,
    version: Version,
    shape: &Shape<'_>,
    schemas: &mut Schemas<'_>,
) -> Option<Value> {
    if !matches!(route.method, Method::POST | Method::PATCH | Method::PUT) {
        return None;
    }
    if let Some(payload) = route.payload {
        let content: Map<String, Value> = payload
            .media_types
            .iter()
            .map(|name| ((*name).to_owned(), json!({})))
            .collect();
        return Some(json!({ "required": true, "content": content }));
    }
    if route.errors == ErrorForm::Page {
        let form = json!({ "type": "object", "additionalProperties": { "type": "string" } });
        return Some(json!({
            "required": true,
            "content": { "application/x-www-form-urlencoded": { "schema": form } },
        }));
    }
    if route.path == "/oidc/userinfo" {
        // Nothing is read of it (OpenID Connect Core §5.3.1).
        let form = json!({ "type": "object" });
        return Some(json!({
            "required": false,
            "content": { "application/x-www-form-urlencoded": { "schema": form } },
        }));
    }
    if version == Version::Root {
        let form = json!({ "type": "object", "required": ["grant_type"], "properties": {
            "grant_type": { "type": "string" },
            "client_id": { "type": "string" },
            "client_secret": { "type": "string" },
            "client_assertion_type": { "type": "string" },
            "client_assertion": { "type": "string" },
            "scope": { "type": "string" },
        }});
        return Some(json!({
            "required": true,
            "content": { "application/x-www-form-urlencoded": { "schema": form } },
        }));
    }
    if route.access() == Access::Batch {
        return Some(json_body(batch(), true));
    }
    let is_post = route.method == Method::POST;
    Some(match shape {
        Shape::Of(kind) => json_body(schemas.one(&kind.name), true),
        Shape::Reference => {
            let reference = json!({ "type": "object", "required": ["@odata.id"],
                "properties": { "@odata.id": { "type": "string" } } });
            json_body(reference, true)
        }
        Shape::Operation(operation) => json_body(schemas.object(&operation.parameters), false),
        Shape::Media => json!({ "required": true, "content": { "*/*": {} } }),
        Shape::Delta(_) | Shape::Count | Shape::Own => {
            json_body(json!({ "type": "object" }), !is_post)
        }
    })
}

fn batch() -> Value {
    json!({ "type": "object", "required": ["requests"], "properties": { "requests": {
        "type": "array", "minItems": 1, "items": {
            "type": "object",
            "required": ["id", "method", "url"],
            "properties": {
                "id": { "type": "string", "minLength": 1 },
                "method": { "type": "string", "enum": ["GET", "POST", "PATCH", "PUT", "DELETE"] },
                "url": { "type": "string", "minLength": 1 },
                "headers": { "type": ["object", "null"], "additionalProperties": { "type": "string" } },
                "body": {},
                "dependsOn": { "type": ["array", "null"], "items": { "type": "string" } },
            },
        },
    }}})
}

/// A list of answers: their statuses with what each holds.
fn responses(
    route: &Route,
    version: Version,
    shape: &Shape<'_>,
    schemas: &mut Schemas<'_>,
) -> Map<String, Value> {
    let mut responses = Map::new();
    let mut done = |statuses: &[&str], content: Option<Value>| {
        for status in statuses {
            let mut response = json!({ "description": "Done" });
            if let Some(content) = content.as_ref().filter(|_| *status != "204") {
                response["content"] = content.clone();
            }
            responses.insert((*status).into(), response);
        }
    };
    let method = &route.method;
    if version == Version::Root || route.access() == Access::Public {
        done(&["200"], public_content(route));
    } else if route.access() == Access::Batch {
        let answers = json!({ "type": "object", "required": ["responses"], "properties": {
            "responses": { "type": "array", "items": {
                "type": "object", "required": ["id", "status"], "properties": {
                    "id": { "type": "string" },
                    "status": { "type": "integer" },
                    "headers": { "type": "object" },
                    "body": {},
                },
            }},
        }});
        done(&["200"], Some(json_content(answers)));
    } else if *method == Method::DELETE {
        done(&["204"], None);
    } else {
        let content = content(route, shape, schemas);
        let statuses: &[&str] = match (method, shape) {
            (&Method::GET, _) => &["200"],
            (_, Shape::Reference) => &["204"],
            (&Method::POST, Shape::Of(_)) => &["201", "204"],
            (&Method::POST, Shape::Operation(operation)) if operation.returns.is_none() => &["204"],
            (&Method::PATCH, Shape::Of(_)) => &["200", "202", "204"],
            _ => &["200", "201", "202", "204"],
        };
        done(statuses, content);
    }
    if route.errors == ErrorForm::Page {
        for status in ["302", "303"] {
            let moved = json!({ "description": "Another address", "headers": { "Location": {
                "required": true, "schema": { "type": "string" } } } });
            responses.insert(status.into(), moved);
        }
    }
    let refusals: &[(&str, &str)] = match (route.errors, route.access()) {
        (ErrorForm::Page, _) => &[("4XX", "page"), ("503", "page")],
        (ErrorForm::OAuth, _) => &[
            ("400", "oauthError"),
            ("401", "oauthError"),
            ("4XX", "oauthError"),
            ("503", "oauthUnavailable"),
        ],
        (_, Access::Public) => &[("4XX", "error"), ("503", "unavailable")],
        _ => &[
            ("400", "error"),
            ("401", "unauthenticated"),
            ("403", "error"),
            ("404", "error"),
            ("409", "error"),
            ("4XX", "error"),
            ("429", "throttled"),
            ("503", "unavailable"),
        ],
    };
    for (status, response) in refusals {
        responses.insert(
            (*status).into(),
            json!({ "$ref": format!("#/components/responses/{response}") }),
        );
    }
    responses
}

fn json_content(schema: Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

/// What the routes answer that are open to everybody.
fn public_content(route: &Route) -> Option<Value> {
    match route.path {
        "/$metadata" => Some(json!({ "application/xml": {} })),
        "/metrics" => Some(json!({ "text/plain": {} })),
        _ if route.errors == ErrorForm::Page => Some(json!({ "text/html": {} })),
        path if route.errors == ErrorForm::OAuth || path == "/openapi.json" => {
            Some(json_content(json!({ "type": "object" })))
        }
        _ => None,
    }
}

fn content(route: &Route, shape: &Shape<'_>, schemas: &mut Schemas<'_>) -> Option<Value> {
    let context = json!({ "@odata.context": { "type": "string" } });
    let mut entity = |name: &str| {
        json!({ "allOf": [
            { "type": "object", "required": ["@odata.context"], "properties": context.clone() },
            schemas.one(name),
        ]})
    };
    Some(match shape {
        Shape::Of(kind) if kind.is_collection && route.method == Method::GET => {
            json_content(page(schemas.one(&kind.name)))
        }
        Shape::Of(kind) => json_content(entity(&kind.name)),
        Shape::Delta(name) => json_content(page(schemas.one(name))),
        Shape::Count => json!({ "text/plain": { "schema": { "type": "string" } } }),
        Shape::Operation(operation) => {
            let returns = &operation.returns.as_ref()?.kind;
            if returns.is_collection {
                json_content(page(schemas.one(&returns.name)))
            } else if returns.name.starts_with("Edm.") {
                let value = schemas.one(&returns.name);
                json_content(json!({ "type": "object", "properties": { "value": value } }))
            } else {
                json_content(entity(&returns.name))
            }
        }
        Shape::Own => json_content(json!({ "type": "object" })),
        Shape::Reference if route.method == Method::GET => {
            let reference = json!({ "type": "object", "required": ["@odata.id"],
                "properties": { "@odata.id": { "type": "string" } } });
            let is_one = route.path.ends_with("}/$ref");
            json_content(if is_one { reference } else { page(reference) })
        }
        Shape::Reference | Shape::Media => return None,
    })
}

/// A page of a collection.
fn page(item: Value) -> Value {
    json!({ "type": "object", "required": ["@odata.context", "value"], "properties": {
        "@odata.context": { "type": "string" },
        "@odata.count": { "type": "integer" },
        "@odata.nextLink": { "type": "string" },
        "@odata.deltaLink": { "type": "string" },
        "value": { "type": "array", "items": item },
    }})
}
