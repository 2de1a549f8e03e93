//! Reads JSON with the place in mind, so that an error says where it is:
//! `synchronizationRules[0].objectMappings[0].attributeMappings[3].source`.

use serde_json::{Map, Value};
use types::{Error, Result};

use super::{METADATA_MAX, SCHEMA_TEXT_CHARACTERS_MAX};

/// How many there may be of something, and the name of that limit.
pub(crate) type Max = (usize, &'static str);

pub(super) const METADATA: Max = (METADATA_MAX, "limits.schema_metadata");

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct At<'v> {
    pub(crate) path: String,
    pub(crate) value: Option<&'v Value>,
}

impl<'v> At<'v> {
    pub(crate) fn root(value: &'v Value) -> Self {
        Self {
            path: String::new(),
            value: Some(value),
        }
    }

    pub(crate) fn wrong(&self, what: &str) -> Error {
        let place = if self.path.is_empty() {
            "the schema"
        } else {
            &self.path
        };
        Error::invalid(place, format!("{place}: {what}"))
    }

    fn given(&self) -> Option<&'v Value> {
        self.value.filter(|value| !value.is_null())
    }

    pub(crate) fn is_absent(&self) -> bool {
        self.given().is_none()
    }

    /// An object of these properties.
    pub(crate) fn object(&self, of: &str, names: &[&str]) -> Result<Object<'v>> {
        let Some(Value::Object(map)) = self.given() else {
            return Err(self.wrong(&format!("a {of} has to be an object.")));
        };
        // Annotations say nothing of the mapping.
        let unknown = map
            .keys()
            .find(|name| !name.contains('@') && !names.contains(&name.as_str()));
        if let Some(name) = unknown {
            return Err(self.wrong(&format!(
                "Property '{name}' does not exist on type 'microsoft.graph.{of}'."
            )));
        }
        Ok(Object {
            path: self.path.clone(),
            map,
        })
    }

    /// A list of at most so many; nothing is an empty one.
    pub(crate) fn list(&self, (max, limit): Max) -> Result<Vec<At<'v>>> {
        let items = match self.given() {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.wrong("this has to be a list.")),
        };
        if items.len() > max {
            return Err(self.wrong(&format!("there are at most {max} of these ({limit}).")));
        }
        let item = |(index, value)| At {
            path: format!("{}[{index}]", self.path),
            value: Some(value),
        };
        Ok(items.iter().enumerate().map(item).collect())
    }

    pub(crate) fn text(&self) -> Result<Option<String>> {
        match self.given() {
            None => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= SCHEMA_TEXT_CHARACTERS_MAX => {
                Ok(Some(text.clone()))
            }
            Some(Value::String(_)) => Err(self.wrong(&format!(
                "a text has at most {SCHEMA_TEXT_CHARACTERS_MAX} characters here \
                 (limits.schema_text_characters)."
            ))),
            Some(_) => Err(self.wrong("this has to be a string.")),
        }
    }

    pub(crate) fn needed_text(&self) -> Result<String> {
        match self.text()? {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => Err(self.wrong("this is needed, and can't be empty.")),
        }
    }

    pub(crate) fn flag(&self, otherwise: bool) -> Result<bool> {
        match self.given() {
            None => Ok(otherwise),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.wrong("this has to be true or false.")),
        }
    }

    pub(crate) fn number(&self, otherwise: i32) -> Result<i32> {
        match self.given() {
            None => Ok(otherwise),
            Some(value) => value
                .as_i64()
                .and_then(|number| i32::try_from(number).ok())
                .ok_or_else(|| self.wrong("this has to be a whole number.")),
        }
    }

    /// One of these words, whatever their case.
    pub(crate) fn choice(&self, words: &[&'static str]) -> Result<Option<&'static str>> {
        let Some(text) = self.text()? else {
            return Ok(None);
        };
        words
            .iter()
            .find(|word| word.eq_ignore_ascii_case(text.trim()))
            .map(|word| Some(*word))
            .ok_or_else(|| self.wrong(&format!("this has to be one of {}.", words.join(", "))))
    }

    /// Pairs of key and value.
    pub(crate) fn pairs(&self, of: &str) -> Result<Vec<(String, String)>> {
        let pair = |entry: At<'v>| {
            let entry = entry.object(of, &["key", "value"])?;
            let value = entry.at("value").text()?;
            Ok((entry.at("key").needed_text()?, value.unwrap_or_default()))
        };
        self.list(METADATA)?.into_iter().map(pair).collect()
    }
}

/// An object and its place.
pub(crate) struct Object<'v> {
    path: String,
    map: &'v Map<String, Value>,
}

impl<'v> Object<'v> {
    pub(crate) fn at(&self, name: &str) -> At<'v> {
        At {
            path: if self.path.is_empty() {
                name.to_owned()
            } else {
                format!("{}.{name}", self.path)
            },
            value: self.map.get(name),
        }
    }
}
