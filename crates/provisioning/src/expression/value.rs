//! What expressions compute with.

use super::Failure;
use super::dates::Moment;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// None: the attribute isn't there.
    Null,
    /// The attribute is left out of the flow.
    Ignored,
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// True or false.
    Boolean(bool),
    /// A date and time in UTC.
    Moment(Moment),
    /// The values of a multi-valued attribute.
    List(Vec<String>),
}

impl Value {
    /// A value as it stands in JSON.
    pub fn from_json(value: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Boolean(*flag),
            Json::Number(number) => number
                .as_i64()
                .map_or_else(|| Self::Text(number.to_string()), Self::Number),
            Json::String(text) => Self::Text(text.clone()),
            Json::Array(values) => Self::List(
                values
                    .iter()
                    .filter(|value| !value.is_null())
                    .map(|value| match value {
                        Json::String(text) => text.clone(),
                        other => Self::from_json(other).to_text().unwrap_or_default(),
                    })
                    .collect(),
            ),
            Json::Object(_) => Self::Text(value.to_string()),
        }
    }

    pub(super) const fn is_null(&self) -> bool {
        matches!(self, Self::Null | Self::Ignored)
    }

    pub(super) fn is_null_or_empty(&self) -> bool {
        match self {
            Self::Null | Self::Ignored => true,
            Self::Text(text) => text.is_empty(),
            Self::List(values) => values.iter().all(String::is_empty),
            Self::Number(_) | Self::Boolean(_) | Self::Moment(_) => false,
        }
    }

    /// The values, as a target takes them.
    pub fn into_texts(self) -> Vec<String> {
        match self {
            Self::List(values) => values,
            value => value.to_text().into_iter().collect(),
        }
    }

    /// As a text; none of nothing and of a list.
    fn to_text(&self) -> Option<String> {
        Some(match self {
            Self::Null | Self::Ignored | Self::List(_) => return None,
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Boolean(true) => "True".to_owned(),
            Self::Boolean(false) => "False".to_owned(),
            Self::Moment(moment) => moment.to_string(),
        })
    }

    /// As one text; none if there is nothing. A list of one value is that value.
    pub(super) fn text(self) -> Result<Option<String>, Failure> {
        match self {
            Self::Text(text) => Ok(Some(text)),
            Self::List(values) if values.len() > 1 => Err(Failure::evaluation(format!(
                "One value is needed here, and there are {}: take one with Item, or put them \
                 together with Join.",
                values.len()
            ))),
            Self::List(values) => Ok(values.into_iter().next()),
            value => Ok(value.to_text()),
        }
    }

    /// As a number; none if there is nothing.
    pub(super) fn number(self) -> Result<Option<i64>, Failure> {
        match self {
            Self::Number(number) => Ok(Some(number)),
            Self::Boolean(flag) => Ok(Some(i64::from(flag))),
            value => {
                let Some(text) = value.text()? else {
                    return Ok(None);
                };
                text.trim().parse().map(Some).map_err(|_| {
                    Failure::evaluation(format!("'{}' isn't a whole number.", shortened(&text)))
                })
            }
        }
    }

    /// Whether it is true.
    pub(super) fn truth(self) -> Result<bool, Failure> {
        match self {
            Self::Boolean(flag) => Ok(flag),
            Self::Number(number) => Ok(number != 0),
            value => {
                let Some(text) = value.text()? else {
                    return Ok(false);
                };
                let text = text.trim();
                if text.eq_ignore_ascii_case("true") {
                    return Ok(true);
                }
                if text.is_empty() || text.eq_ignore_ascii_case("false") {
                    return Ok(false);
                }
                text.parse::<i64>().map(|number| number != 0).map_err(|_| {
                    Failure::evaluation(format!("'{}' is neither True nor False.", shortened(text)))
                })
            }
        }
    }
}

/// A value in a message.
pub(super) fn shortened(text: &str) -> String {
    const CHARACTERS: usize = 64;
    let mut short: String = text.chars().take(CHARACTERS).collect();
    if text.chars().nth(CHARACTERS).is_some() {
        short.push('…');
    }
    short
}
