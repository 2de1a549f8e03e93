//! Documents as they are stored, and objects as text.
//!
//! Whoever changes an object takes its document apart into values. An answer with one object needs
//! none of that: it copies the texts of the values that it shows from one JSON text into another.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use types::{Error, Result};

/// The JSON text of one object, as [`crate::users::show`] writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectText(pub(crate) Vec<u8>);

impl ObjectText {
    /// The text in UTF-8, from brace to brace.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Where an object's properties are looked up.
pub(crate) trait Document {
    /// Whether it has a value.
    fn has(&self, name: &str) -> bool;
    /// The value, if it is a text.
    fn text(&self, name: &str) -> Option<Cow<'_, str>>;
}

impl Document for Map<String, Value> {
    fn has(&self, name: &str) -> bool {
        self.contains_key(name)
    }
    fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).and_then(Value::as_str).map(Cow::Borrowed)
    }
}

/// A document of which only the names were read.
#[derive(Debug)]
pub(crate) struct Unparsed<'a>(Vec<(Name<'a>, &'a RawValue)>);

#[derive(Debug, Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Unparsed<'a> {
    /// Looks a stored document over.
    pub(crate) fn of(document: &'a str) -> Result<Self> {
        serde_json::from_str(document).map_err(Error::internal)
    }
    /// The text of a value.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().find(|(own, _)| own.0 == name);
        found.map(|(_, value)| *value)
    }
}

impl Document for Unparsed<'_> {
    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
    fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        let text: Name<'_> = serde_json::from_str(self.get(name)?.get()).ok()?;
        Some(text.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Unparsed<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Unparsed<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Unparsed<'de>, A::Error> {
                let mut found = Vec::with_capacity(32);
                while let Some(entry) = map.next_entry()? {
                    found.push(entry);
                }
                Ok(Unparsed(found))
            }
        }
        deserializer.deserialize_map(Names)
    }
}
