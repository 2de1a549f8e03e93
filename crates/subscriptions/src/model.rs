//! A subscription, as it is kept and as it is shown.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use types::{Id, TenantId, Timestamp, kind};
use uuid::Uuid;

use crate::resource::{ChangeTypes, Resource};

/// What of a subscription is only repeated, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    pub(crate) resource: String,
    pub(crate) change_type: String,
    pub(crate) notification_url: String,
    pub(crate) lifecycle_notification_url: Option<String>,
    pub(crate) include_resource_data: bool,
    pub(crate) encryption_certificate_id: Option<String>,
    pub(crate) latest_supported_tls_version: String,
    pub(crate) notification_url_app_id: Option<Uuid>,
}

/// What somebody wants to be told of, read and checked as far as that needs no look at the data.
#[derive(Debug, Clone)]
pub struct NewSubscription {
    pub(crate) document: Document,
    pub(crate) change_types: ChangeTypes,
    pub(crate) expires_at: Timestamp,
    pub(crate) client_state: Option<String>,
    /// The certificate in DER.
    pub(crate) certificate: Option<Vec<u8>>,
}

impl NewSubscription {
    /// The resource as it was written.
    pub fn resource(&self) -> &str {
        &self.document.resource
    }

    /// The URLs that have to prove themselves, in order.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        [
            Some(&self.document.notification_url),
            self.document.lifecycle_notification_url.as_ref(),
        ]
        .into_iter()
        .flatten()
        .map(String::as_str)
    }
}

/// What is changed about a subscription.
#[derive(Debug, Clone, Default)]
pub struct Renewal {
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) notification_url: Option<String>,
    /// A certificate in DER.
    pub(crate) certificate: Option<Vec<u8>>,
    pub(crate) certificate_id: Option<String>,
}

impl Renewal {
    /// The URL that has to prove itself, if there is another one.
    pub fn url(&self) -> Option<&str> {
        self.notification_url.as_deref()
    }
}

/// A subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Its id.
    pub id: Uuid,
    /// The client that made it.
    pub app_id: Uuid,
    /// That client's service principal.
    pub creator: Id<kind::ServicePrincipal>,
    /// In whose name, where it isn't the client's own.
    pub delegate: Option<Delegate>,
    /// What it is about.
    pub resource: Resource,
    /// When it ends.
    pub expires_at: Timestamp,
    pub(crate) change_types: ChangeTypes,
    pub(crate) is_removed: bool,
    /// Sealed.
    pub(crate) client_state: Option<Vec<u8>>,
    pub(crate) certificate: Option<Vec<u8>>,
    pub(crate) document: Document,
}

/// Somebody in whose name a client has subscribed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delegate {
    /// Who.
    pub user: Id<kind::User>,
    /// The generation of their tokens then: with it the subscription ends.
    pub generation: u64,
}

/// Who subscribes: a client, for itself or in somebody's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscriber {
    /// The client.
    pub app_id: Uuid,
    /// In whose name.
    pub user: Option<Id<kind::User>>,
}

impl Subscription {
    /// Whether it is this subscriber's.
    pub(crate) fn is_of(&self, subscriber: Subscriber) -> bool {
        self.app_id == subscriber.app_id
            && self.delegate.map(|delegate| delegate.user) == subscriber.user
    }
}

/// What `clientState` is sealed for.
const PURPOSE: &str = "subscription client state";

pub(crate) fn seal(
    sealer: &identity::Sealer,
    tenant: TenantId,
    client_state: Option<&str>,
) -> types::Result<Option<Vec<u8>>> {
    client_state
        .map(|text| sealer.seal(PURPOSE, tenant, text.as_bytes()))
        .transpose()
}

impl Subscription {
    /// What the client wants to be sent along.
    pub fn client_state(
        &self,
        sealer: &identity::Sealer,
        tenant: TenantId,
    ) -> types::Result<Option<String>> {
        let Some(sealed) = &self.client_state else {
            return Ok(None);
        };
        let opened = sealer.open(PURPOSE, tenant, sealed)?;
        Ok(Some(String::from_utf8_lossy(&opened).into_owned()))
    }

    /// As it is shown, with the `clientState` if that is shown at all.
    pub fn project(&self, client_state: Option<&str>) -> Map<String, Value> {
        let document = &self.document;
        let shown = json!({
            "id": self.id,
            "resource": document.resource,
            "applicationId": self.app_id,
            "changeType": document.change_type,
            "clientState": client_state,
            "notificationUrl": document.notification_url,
            "notificationQueryOptions": null,
            "lifecycleNotificationUrl": document.lifecycle_notification_url,
            "expirationDateTime": self.expires_at,
            "creatorId": self.creator,
            "includeResourceData": document.include_resource_data,
            "latestSupportedTlsVersion": document.latest_supported_tls_version,
            "encryptionCertificate": null,
            "encryptionCertificateId": document.encryption_certificate_id,
            "notificationUrlAppId": document.notification_url_app_id,
        });
        match shown {
            Value::Object(shown) => shown,
            _ => Map::new(),
        }
    }
}
