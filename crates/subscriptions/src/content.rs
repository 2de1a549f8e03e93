//! What a notification says.

use directory::{groups, users};
use serde_json::{Map, Value, json};
use store::ReadTx;
use types::{Error, Id, Result};
use uuid::Uuid;

use crate::model::Subscription;
use crate::queue::{Batch, Item, Lane};
use crate::scan::Note;

/// A notification, and the object that it is about if that goes along.
pub(crate) struct Written {
    pub(crate) notification: Map<String, Value>,
    pub(crate) content: Option<Value>,
}

/// Writes a batch.
pub(crate) fn write(
    tx: &ReadTx<'_>,
    lane: Lane,
    batch: &Batch,
    client_state: Option<&str>,
) -> Result<Vec<Written>> {
    let subscription = &batch.subscription;
    batch
        .items
        .iter()
        .map(|item| match lane {
            Lane::Changes => change(tx, subscription, item, client_state),
            Lane::Lifecycle => {
                let event: Map<String, Value> =
                    serde_json::from_str(&item.body).map_err(Error::internal)?;
                let mut notification = frame(tx, subscription, client_state);
                notification.extend(event);
                Ok(Written {
                    notification,
                    content: None,
                })
            }
        })
        .collect()
}

/// What all notifications of a subscription have in common.
fn frame(
    tx: &ReadTx<'_>,
    subscription: &Subscription,
    client_state: Option<&str>,
) -> Map<String, Value> {
    let mut frame = Map::new();
    frame.insert("subscriptionId".into(), json!(subscription.id));
    frame.insert(
        "subscriptionExpirationDateTime".into(),
        json!(subscription.expires_at),
    );
    frame.insert("clientState".into(), json!(client_state));
    frame.insert("tenantId".into(), json!(tx.tenant()));
    frame
}

fn change(
    tx: &ReadTx<'_>,
    subscription: &Subscription,
    item: &Item,
    client_state: Option<&str>,
) -> Result<Written> {
    let note: Note = serde_json::from_str(&item.body).map_err(Error::internal)?;
    let (set, kind) = if note.group {
        ("Groups", "#Microsoft.Graph.Group")
    } else {
        ("Users", "#Microsoft.Graph.User")
    };
    let address = format!("{set}/{}", note.object);
    let mut data = Map::new();
    data.insert("@odata.type".into(), json!(kind));
    data.insert("@odata.id".into(), json!(address));
    data.insert("id".into(), json!(note.object));
    data.insert("organizationId".into(), json!(tx.tenant()));
    data.insert("eventTime".into(), json!(note.at));
    data.insert("sequenceNumber".into(), json!(item.number));
    if let (Some(relation), Some(other)) = (&note.relation, note.other) {
        let link = if note.removed {
            json!({ "id": other, "@removed": "deleted" })
        } else {
            json!({ "id": other })
        };
        data.insert(format!("{relation}@delta"), json!([link]));
    }
    let mut notification = frame(tx, subscription, client_state);
    // The same however often it is sent, so that a receiver knows a repetition.
    let id = format!("{}_{}", subscription.id, item.number);
    notification.insert("id".into(), json!(id));
    notification.insert("changeType".into(), json!(note.change_type));
    notification.insert("resource".into(), json!(address));
    notification.insert("resourceData".into(), data.into());
    let content = if subscription.document.include_resource_data {
        Some(object(tx, note.group, note.object)?)
    } else {
        None
    };
    Ok(Written {
        notification,
        content,
    })
}

/// The object as it is now, with all its properties; of one that is gone for good the id.
fn object(tx: &ReadTx<'_>, is_group: bool, id: Uuid) -> Result<Value> {
    let (kind, found) = if is_group {
        let found = groups::get(tx, Id::new(id)).or_else(|_| groups::get_deleted(tx, Id::new(id)));
        let names = groups::property_names();
        let shown = found.and_then(|group| groups::project(&group, Some(&names)));
        ("#microsoft.graph.group", shown)
    } else {
        let found = users::get(tx, Id::new(id)).or_else(|_| users::get_deleted(tx, Id::new(id)));
        let names = users::property_names();
        let shown = found.and_then(|user| users::project(&user, Some(&names)));
        ("#microsoft.graph.user", shown)
    };
    let properties = match found {
        Ok(properties) => properties,
        Err(Error::NotFound { .. }) => Map::from_iter([("id".to_owned(), json!(id))]),
        Err(error) => return Err(error),
    };
    let mut object = Map::from_iter([("@odata.type".to_owned(), json!(kind))]);
    object.extend(properties);
    Ok(object.into())
}
