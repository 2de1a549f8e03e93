//! Typed ids: one marker per kind of object, so that a user's id can't be passed for a group's.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::Error;

/// A kind of object that has ids.
pub trait Kind: 'static {
    /// The word for it in messages, as Graph spells the type ("user", "group").
    const NAME: &'static str;
}

/// The registry of kinds.
pub mod kind {
    macro_rules! kinds {
        ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => { $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub enum $name {}
            impl super::Kind for $name { const NAME: &'static str = $text; }
        )* };
    }
    kinds! {
        /// A tenant, which is one island of data.
        Tenant = "tenant";
        /// A user of one tenant, synced ones included.
        User = "user";
        /// A group of one tenant.
        Group = "group";
        /// An application registration.
        Application = "application";
        /// An application's presence in a tenant.
        ServicePrincipal = "servicePrincipal";
        /// A part of a tenant's directory, for which roles can be given.
        AdministrativeUnit = "administrativeUnit";
        /// A multi-tenant organization as all its tenants know it; never shown.
        Organization = "multiTenantOrganization";
        /// Anything in the directory whose kind isn't known yet.
        DirectoryObject = "directoryObject";
    }
}

/// The id of one object of kind `K`: a UUID, written in lower case with dashes.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

/// The id of a tenant. The one identity of a tenant: never a domain, never a name.
pub type TenantId = Id<kind::Tenant>;

impl<K> Id<K> {
    /// Wraps a UUID that is known to name an object of this kind.
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }
    /// The UUID underneath.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
    /// The sixteen bytes, as the store keeps them.
    pub const fn bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
    /// The same UUID as the id of another kind; for code that has just found out which it is.
    pub const fn cast<L>(self) -> Id<L> {
        Id::new(self.0)
    }
    /// The all-zero id, which Graph uses for "none".
    pub const fn nil() -> Self {
        Self::new(Uuid::nil())
    }
    /// Whether this is the all-zero id.
    pub const fn is_nil(&self) -> bool {
        self.0.is_nil()
    }
}

const SID_PREFIX: &str = "S-1-12-1";

/// Reads a UUID as Graph clients write it: 36 characters, any case. Braces, URNs and the short
/// form are refused, so that one object has one spelling.
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    (text.len() == 36)
        .then(|| Uuid::try_parse(text).ok())
        .flatten()
}

/// The Windows security identifier that Entra derives from an object's id: its four words in
/// little-endian order, `S-1-12-1-…`.
pub fn security_identifier(id: Uuid) -> String {
    let bytes = id.to_bytes_le();
    let words = bytes.as_chunks::<4>().0.iter();
    words.fold(SID_PREFIX.to_owned(), |sid, word| {
        format!("{sid}-{}", u32::from_le_bytes(*word))
    })
}

/// The id of the object that has this [`security_identifier`], in any case.
pub fn of_security_identifier(sid: &str) -> Option<Uuid> {
    let (prefix, words) = sid.split_at_checked(SID_PREFIX.len())?;
    if !prefix.eq_ignore_ascii_case(SID_PREFIX) {
        return None;
    }
    let mut bytes = [0; 16];
    let mut words = words.strip_prefix('-')?.split('-');
    for place in bytes.as_chunks_mut::<4>().0 {
        *place = words.next()?.parse::<u32>().ok()?.to_le_bytes();
    }
    let id = Uuid::from_bytes_le(bytes);
    // So that one object has one spelling: no signs, no leading zeros, nothing behind it.
    security_identifier(id)
        .eq_ignore_ascii_case(sid)
        .then_some(id)
}

impl<K: Kind> FromStr for Id<K> {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        parse_uuid(text).map(Self::new).ok_or_else(|| {
            Error::invalid(
                "id",
                format!("'{text}' isn't a {} id: it has to be a GUID.", K::NAME),
            )
        })
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
