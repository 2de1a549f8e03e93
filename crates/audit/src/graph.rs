//! The log in Graph's words.

use serde_json::{Map, Value, json};
use types::Actor;

use crate::entry::{Row, Target};

/// An entry as Graph's `directoryAudit`.
pub fn to_graph(row: &Row) -> Map<String, Value> {
    let entry = &row.entry;
    let details: Vec<Value> = entry
        .details
        .iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .chain(client(&row.actor))
        .collect();
    let targets: Vec<Value> = entry.targets.iter().map(target).collect();
    let mut object = Map::new();
    object.insert("id".into(), json!(row.id));
    object.insert("category".into(), json!(entry.category));
    object.insert("correlationId".into(), json!(entry.correlation_id));
    object.insert("result".into(), json!(entry.result.as_str()));
    object.insert(
        "resultReason".into(),
        json!(entry.reason.as_deref().unwrap_or("")),
    );
    object.insert(
        "activityDisplayName".into(),
        json!(entry.activity_display_name),
    );
    object.insert("activityDateTime".into(), json!(row.at));
    object.insert("loggedByService".into(), json!(entry.logged_by_service));
    object.insert("operationType".into(), json!(entry.operation_type));
    object.insert("initiatedBy".into(), initiated_by(&row.actor));
    object.insert("targetResources".into(), Value::Array(targets));
    object.insert("additionalDetails".into(), Value::Array(details));
    object
}

/// The client that a user has worked with, among the details of an entry.
fn client(actor: &Actor) -> Option<Value> {
    match actor {
        Actor::User { app_id, .. } => Some(json!({"key": "AppId", "value": app_id})),
        _ => None,
    }
}

/// Graph knows users and applications only. The operator, the product itself and other tenants are
/// shown as applications without an id, by a name that no application can be mistaken for.
fn initiated_by(actor: &Actor) -> Value {
    let by_name = |name: String| {
        json!({
            "app": {
                "appId": null, "displayName": name,
                "servicePrincipalId": null, "servicePrincipalName": null,
            },
            "user": null,
        })
    };
    match actor {
        Actor::User { id, .. } => json!({
            "app": null,
            "user": {"id": id, "displayName": null, "userPrincipalName": null, "ipAddress": null},
        }),
        Actor::Application {
            app_id,
            service_principal_id,
        } => json!({
            "app": {
                "appId": app_id, "displayName": null,
                "servicePrincipalId": service_principal_id, "servicePrincipalName": null,
            },
            "user": null,
        }),
        Actor::Operator => by_name("isopolity (operator)".into()),
        Actor::System => by_name("isopolity".into()),
        Actor::Tenant { tenant_id } => by_name(format!("isopolity (tenant {tenant_id})")),
    }
}

fn target(target: &Target) -> Value {
    let modified: Vec<Value> = target
        .modified
        .iter()
        .map(|(name, old, new)| {
            json!({"displayName": name, "oldValue": as_text(old), "newValue": as_text(new)})
        })
        .collect();
    json!({
        "id": target.id,
        "displayName": target.display_name,
        "type": target.kind,
        "userPrincipalName": target.user_principal_name,
        "groupType": null,
        "modifiedProperties": modified,
    })
}

/// Values are JSON in a string, as Graph has them; no value is null.
fn as_text(value: &Value) -> Value {
    if value.is_null() {
        Value::Null
    } else {
        Value::String(value.to_string())
    }
}
