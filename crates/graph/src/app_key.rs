//! The two keys of an application and of a service principal: its object id, and its client id
//! (`appId`); and whose it is.

use directory::owners::{self, Owned};
use directory::service_principals;
use store::ReadTx;
use types::{Error, Id, Kind};
use uuid::Uuid;

use crate::delegated;
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

/// Whether an object that isn't there is to be made: Graph's upsert.
pub(crate) fn creates_missing(call: &Call) -> bool {
    call.prefers("create-if-missing")
}

/// What an upsert makes has the name that the address says; a body that says another one is refused.
pub(crate) fn name_in_body(
    body: &mut serde_json::Map<String, serde_json::Value>,
    property: &'static str,
    value: &str,
) -> types::Result<()> {
    match body.get(property).and_then(serde_json::Value::as_str) {
        Some(own) if !own.eq_ignore_ascii_case(value) => Err(Error::invalid(
            property,
            format!("The property '{property}' has to be what the address says."),
        )),
        Some(_) => Ok(()),
        None => {
            body.insert(property.to_owned(), value.into());
            Ok(())
        }
    }
}

/// Which objects a caller may change.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reach {
    /// All.
    All,
    /// Those that this client has made, or is an owner of.
    OwnedBy(Uuid),
}

impl Reach {
    /// What the caller's permissions reach, of the route's.
    pub(crate) fn of(call: &Call, permissions: &[&str]) -> Self {
        let reaches_all = permissions
            .iter()
            .any(|permission| *permission != OWNED_BY && call.caller.may(permission));
        // What a user who is signed in owns was looked at before.
        if reaches_all || call.caller.rights.is_some() {
            Self::All
        } else {
            Self::OwnedBy(call.caller.app_id)
        }
    }

    /// Refuses what somebody else has made and owns.
    pub(crate) fn check(
        self,
        tx: &ReadTx<'_>,
        object: Owned,
        created_by: Option<Uuid>,
    ) -> types::Result<()> {
        match self {
            Self::OwnedBy(client) if created_by != Some(client) => {
                let principal = service_principals::find_by_app_id(tx, client)?;
                match principal {
                    Some(it) if owners::is_owner(tx, object, it.id.uuid())? => Ok(()),
                    _ => Err(Error::forbidden(
                        "Insufficient privileges to complete the operation: Application.ReadWrite.OwnedBy reaches what this client has created or owns.",
                    )),
                }
            }
            Self::All | Self::OwnedBy(_) => Ok(()),
        }
    }
}

/// That a user who is signed in may change credentials, too: not all who may change an application
/// may become it.
pub(crate) async fn check_credentials(
    call: &Call,
    action: &'static str,
    find: impl FnOnce(&ReadTx<'_>) -> types::Result<Owned> + Send + 'static,
) -> Result<(), Refusal> {
    let Some(rights) = &call.caller.rights else {
        return Ok(());
    };
    let (reach, user) = (rights.reach(action), rights.user.uuid());
    let look = move |tx: &ReadTx<'_>| owners::is_owner(tx, find(tx)?, user);
    if reach.always || (reach.owned && call.read_few(look).await?) {
        Ok(())
    } else {
        Err(delegated::no_right(action))
    }
}
