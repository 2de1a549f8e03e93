//! The properties of a body, taken one by one; what is left at the end has no place there.

use serde_json::{Map, Value};
use types::{Error, Id, Kind, TenantId, Timestamp};

use crate::errors::Refusal;
use crate::projection::Shown;
use crate::request::Call;

/// Properties that show something and can't be set, of all types that are read so.
const READ_ONLY: [&str; 11] = [
    "id",
    "addedByTenantId",
    "addedDateTime",
    "createdDateTime",
    "displayName",
    "joinedDateTime",
    "memberState",
    "role",
    "state",
    "tenantId",
    "transitionDetails",
];

/// A body.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// The body of a request, which has to be of this type.
    pub(crate) fn of(call: &Call, kind: &Shown) -> Result<Self, Refusal> {
        Ok(Self(call.object(kind.kind)?))
    }

    /// A text or null; `None` where the body says nothing of it.
    #[expect(clippy::option_option, reason = "absent, null and value differ")]
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<Option<String>>, Refusal> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(Value::String(text)) => Ok(Some(Some(text))),
            Some(_) => Err(wrong(name, "a text")),
        }
    }

    /// A text.
    pub(crate) fn required_text(&mut self, name: &'static str) -> Result<String, Refusal> {
        self.text(name)?.flatten().ok_or_else(|| required(name))
    }

    /// A tenant's id.
    pub(crate) fn required_tenant(&mut self, name: &'static str) -> Result<TenantId, Refusal> {
        let id = types::parse_uuid(&self.required_text(name)?).map(TenantId::new);
        id.ok_or_else(|| wrong(name, "a tenant's GUID"))
    }

    /// An id; `None` where the body says nothing of it or null.
    pub(crate) fn id<K: Kind>(&mut self, name: &'static str) -> Result<Option<Id<K>>, Refusal> {
        let Some(text) = self.text(name)?.flatten() else {
            return Ok(None);
        };
        let id = types::parse_uuid(&text).map(Id::new);
        id.map(Some).ok_or_else(|| wrong(name, "a GUID"))
    }

    /// An object.
    pub(crate) fn object(&mut self, name: &'static str) -> Result<Option<Self>, Refusal> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(object)) => Ok(Some(Self(object))),
            Some(_) => Err(wrong(name, "an object")),
        }
    }

    /// An object that has to be there.
    pub(crate) fn required_object(&mut self, name: &'static str) -> Result<Self, Refusal> {
        self.object(name)?.ok_or_else(|| required(name))
    }

    /// True or false; false where the body says nothing of it.
    pub(crate) fn flag(&mut self, name: &'static str) -> Result<bool, Refusal> {
        match self.0.remove(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(wrong(name, "true or false")),
        }
    }

    /// True or false; `None` where the body says nothing of it or null.
    pub(crate) fn bool(&mut self, name: &'static str) -> Result<Option<bool>, Refusal> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(wrong(name, "true or false")),
        }
    }

    /// A whole number; `None` where the body says nothing of it or null.
    pub(crate) fn number(&mut self, name: &'static str) -> Result<Option<u32>, Refusal> {
        let value = match self.0.remove(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(value) => value,
        };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number
            .map(Some)
            .ok_or_else(|| wrong(name, "a whole number"))
    }

    /// A date and time; `None` where the body says nothing of it or null.
    pub(crate) fn time(&mut self, name: &'static str) -> Result<Option<Timestamp>, Refusal> {
        match self.text(name)?.flatten().map(|text| text.parse()) {
            None => Ok(None),
            Some(Ok(at)) => Ok(Some(at)),
            Some(Err(_)) => Err(wrong(name, "a date and time, as 2026-11-24T12:00:00Z")),
        }
    }

    /// Refuses what nobody has taken.
    pub(crate) fn end(self) -> Result<(), Refusal> {
        let Some(name) = self.0.keys().next() else {
            return Ok(());
        };
        let message = if READ_ONLY.contains(&name.as_str()) {
            format!("Property '{name}' can't be set here.")
        } else {
            format!("Invalid property '{name}'.")
        };
        Err(Error::invalid(name.as_str(), message).into())
    }
}

impl From<Map<String, Value>> for Fields {
    fn from(body: Map<String, Value>) -> Self {
        Self(body)
    }
}

pub(crate) fn required(name: &'static str) -> Refusal {
    Error::invalid(name, format!("Property '{name}' is required.")).into()
}

fn wrong(name: &'static str, has_to: &str) -> Refusal {
    let message = format!("Invalid value for property '{name}': it has to be {has_to}.");
    Error::invalid(name, message).into()
}
