//! The map file: which column or attribute gives which property, where the names aren't the usual ones.
//!
//! TOML, or JSON when its first character is `{`: on the left a property of the user, on the right
//! the column of the CSV file or the attribute of the LDIF file, or a list of them: the first that
//! has a value counts, and all of them for properties with several values.
//!
//! ```toml
//! displayName       = "Full name"
//! userPrincipalName = ["Login", "E-mail"]
//! sourceKey         = "Personnel number"   # the stable key; never changes, never used twice
//! manager           = "Boss"               # a DN, a user principal name, or a source key
//! otherMails        = ["Mail 2", "Mail 3"]
//! givenName         = "givenName;lang-en"  # LDIF: an attribute with its option
//! ```
//!
//! Besides the properties there are `userPrincipalName`, `sourceKey`, `manager` and `photo`. What a
//! map doesn't name keeps its usual source. Passwords can't be mapped: a directory's password values
//! are hashes, which nobody could sign in with.

use std::collections::BTreeMap;

use types::{Error, Result, fold};

use crate::properties::targets;

/// A map that has been read: every name on its left side is known.
#[derive(Debug, Clone, Default)]
pub struct Map(BTreeMap<&'static str, Vec<String>>);

impl Map {
    /// Reads a map file.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim_start_matches('\u{feff}');
        let table: toml::Table = if text.trim_start().starts_with('{') {
            serde_json::from_str(text)
                .map_err(|error| Error::invalid("map", format!("The map isn't JSON: {error}.")))?
        } else {
            toml::from_str(text)
                .map_err(|error| Error::invalid("map", format!("The map isn't TOML: {error}")))?
        };
        let mut map = BTreeMap::new();
        for (name, value) in table {
            let Some(target) = targets().find(|target| fold(target) == fold(&name)) else {
                let known: Vec<&str> = targets().collect();
                let message = format!(
                    "The map names '{name}', which isn't known; known are {}.",
                    known.join(", ")
                );
                return Err(Error::invalid("map", message));
            };
            let sources = match value {
                toml::Value::String(source) => Some(vec![source]),
                toml::Value::Array(list) => list.into_iter().map(string).collect(),
                _ => None,
            };
            let sources = sources
                .filter(|list| !list.is_empty() && list.iter().all(|s| !s.trim().is_empty()));
            let Some(sources) = sources else {
                let message =
                    format!("The map's value for '{name}' has to be a name or a list of names.");
                return Err(Error::invalid("map", message));
            };
            if map.insert(target, sources).is_some() {
                return Err(Error::invalid(
                    "map",
                    format!("The map names '{target}' twice."),
                ));
            }
        }
        Ok(Self(map))
    }

    /// The sources of one target, where the map names it.
    pub(crate) fn sources(&self, target: &str) -> Option<&[String]> {
        self.0.get(target).map(Vec::as_slice)
    }

    /// All targets with their sources.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        self.0
            .iter()
            .map(|(target, sources)| (*target, sources.as_slice()))
    }
}

fn string(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms() {
        for text in [
            "displayname = 'Full name'\nbusinessPhones = ['A', 'B']\n",
            r#"{ "displayName": "Full name", "businessPhones": ["A", "B"] }"#,
        ] {
            let map = Map::parse(text).unwrap();
            assert_eq!(map.sources("displayName").unwrap(), ["Full name"]);
            assert_eq!(map.sources("businessPhones").unwrap(), ["A", "B"]);
            assert_eq!(map.sources("mail"), None);
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let message = Map::parse("shoeSize = 'Shoes'").unwrap_err().to_string();
        assert!(
            message.contains("'shoeSize'") && message.contains("jobTitle"),
            "{message}"
        );
        for text in [
            "mail = 3",
            "mail = []",
            "mail = ['', 'x']",
            "mail = [1]",
            "= ",
            "{ x",
            "mail='a'\nMail='b'",
        ] {
            assert!(Map::parse(text).is_err(), "{text}");
        }
        assert!(Map::parse("passwordProfile = 'Password'").is_err());
    }
}
