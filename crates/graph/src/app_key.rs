//! The two keys of an application and of a service principal: its object id, and its client id
//! (`appId`); and whose it is.

use types::{Error, Id, Kind};
use uuid::Uuid;

use crate::errors::Refusal;
use crate::request::Call;

/// The permission to manage what the client itself has made.
pub(crate) const OWNED_BY: &str = "Application.ReadWrite.OwnedBy";

/// Which object the path names.
pub(crate) enum AppKey<K> {
    /// By `{id}`.
    Id(Id<K>),
    /// By `(appId='{appId}')`.
    AppId(Uuid),
}

impl<K> Clone for AppKey<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for AppKey<K> {}

impl<K: Kind> AppKey<K> {
    /// Reads the key that the route's template has. What isn't a GUID names nothing.
    pub(crate) fn of(call: &Call) -> Result<Self, Refusal> {
        match call.find_key("appId") {
            None => call.id("id").map(Self::Id),
            Some(text) => types::parse_uuid(text)
                .map(Self::AppId)
                .ok_or_else(|| Error::not_found(K::NAME, text).into()),
        }
    }
}

/// Which objects a caller may change.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reach {
    /// All.
    All,
    /// Those that this client has made.
    MadeBy(Uuid),
}

impl Reach {
    /// What the caller's permissions reach, of the route's.
    pub(crate) fn of(call: &Call, permissions: &[&str]) -> Self {
        let reaches_all = permissions
            .iter()
            .any(|permission| *permission != OWNED_BY && call.caller.may(permission));
        if reaches_all {
            Self::All
        } else {
            Self::MadeBy(call.caller.app_id)
        }
    }

    /// Refuses what somebody else has made.
    pub(crate) fn check(self, created_by: Option<Uuid>) -> types::Result<()> {
        match self {
            Self::MadeBy(client) if created_by != Some(client) => Err(Error::forbidden(
                "Insufficient privileges to complete the operation: Application.ReadWrite.OwnedBy reaches what this client has created itself.",
            )),
            Self::All | Self::MadeBy(_) => Ok(()),
        }
    }
}
