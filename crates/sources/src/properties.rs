//! The properties of a user that a source can give, and how their values are cleaned.
//!
//! Names and types are those of Graph's `user`. Lengths aren't checked here: the directory does that
//! for every way in.

use unicode_normalization::UnicodeNormalization as _;

/// How many values a property has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    List,
    Flag,
}

/// All properties, in the order in which they are written out.
pub(crate) const PROPERTIES: &[(&str, Kind)] = &[
    ("displayName", Kind::Text),
    ("givenName", Kind::Text),
    ("surname", Kind::Text),
    ("mailNickname", Kind::Text),
    ("mail", Kind::Text),
    ("otherMails", Kind::List),
    ("jobTitle", Kind::Text),
    ("department", Kind::Text),
    ("companyName", Kind::Text),
    ("employeeId", Kind::Text),
    ("employeeType", Kind::Text),
    ("officeLocation", Kind::Text),
    ("streetAddress", Kind::Text),
    ("city", Kind::Text),
    ("state", Kind::Text),
    ("postalCode", Kind::Text),
    ("country", Kind::Text),
    ("businessPhones", Kind::List),
    ("mobilePhone", Kind::Text),
    ("preferredLanguage", Kind::Text),
    ("usageLocation", Kind::Text),
    ("accountEnabled", Kind::Flag),
];

/// What a source can give besides properties.
pub(crate) const OTHER_TARGETS: &[&str] = &["userPrincipalName", "sourceKey", "manager", "photo"];

/// Every name that a map may have on its left side.
pub(crate) fn targets() -> impl Iterator<Item = &'static str> {
    OTHER_TARGETS
        .iter()
        .copied()
        .chain(PROPERTIES.iter().map(|(name, _)| *name))
}

/// Trims a value, composes its accents, and makes of each run of line breaks and control characters a
/// space; in addresses line breaks stay. None where nothing is left.
pub(crate) fn clean(property: &str, value: &str) -> Option<String> {
    let breaks_stay = property == "streetAddress";
    let mut out = String::with_capacity(value.len());
    for ch in value.trim().nfc() {
        if !ch.is_control() || (breaks_stay && ch == '\n') {
            out.push(ch);
        } else if !out.ends_with([' ', '\n']) {
            out.push(' ');
        }
    }
    (!out.is_empty()).then_some(out)
}

/// Reads yes or no as administrators write it.
pub(crate) fn flag(value: &str) -> Option<bool> {
    match types::fold(value.trim()).as_str() {
        "true" | "yes" | "1" | "ja" | "oui" => Some(true),
        "false" | "no" | "0" | "nein" | "non" => Some(false),
        _ => None,
    }
}
