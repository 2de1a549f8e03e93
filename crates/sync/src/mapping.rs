//! The default attribute mapping (Microsoft's, with absence as a value of its own).
//!
//! Mapped attributes are the source's, their absence included: what is cleared at home is cleared
//! in the target. `userType` Member and `showInAddressList` are constants that the target sets on
//! creation; photos, other mails and extension attributes aren't mapped by default.

use serde_json::{Map, Value};
use types::{Error, Id, Result, kind};

use crate::wire::User;

/// The properties that are taken over as they are.
pub const PROPERTIES: &[&str] = &[
    "displayName",
    "givenName",
    "surname",
    "mailNickname",
    "jobTitle",
    "department",
    "employeeId",
    "officeLocation",
    "streetAddress",
    "city",
    "state",
    "postalCode",
    "country",
    "businessPhones",
    "preferredLanguage",
];

/// Maps a user's properties.
pub fn map(
    mut properties: Map<String, Value>,
    account_enabled: bool,
    manager: Option<Id<kind::User>>,
) -> Result<User> {
    let mut text = |name: &str| match properties.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let user_principal_name = text("userPrincipalName")
        .ok_or_else(|| Error::internal("a user without a userPrincipalName"))?;
    let mail = text("mail");
    let mapped = PROPERTIES
        .iter()
        .filter_map(|name| properties.remove_entry(*name))
        .filter(|(_, value)| {
            !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty())
        })
        .collect();
    Ok(User {
        user_principal_name,
        account_enabled,
        mail,
        manager,
        properties: mapped,
        own: None,
    })
}

/// A digest of the mapped state, by which a pair knows whether the target has it already: FNV-1a
/// of 128 bits over the pair's epoch and the JSON text. It guards against nobody; it only has to be
/// the same next year.
pub fn digest(user: &User, epoch: u64) -> Result<[u8; 16]> {
    let text = serde_json::to_vec(user).map_err(Error::internal)?;
    Ok(digest_of(&text, epoch))
}

pub(crate) fn digest_of(text: &[u8], epoch: u64) -> [u8; 16] {
    let bytes = epoch.to_be_bytes().into_iter().chain(text.iter().copied());
    let hash = bytes.fold(
        0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128,
        |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        },
    );
    hash.to_be_bytes()
}
