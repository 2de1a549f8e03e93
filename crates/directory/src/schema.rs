//! What a Graph type's properties may hold, and how a request's body changes an object.
//!
//! Each aggregate describes its type by one table of [`Property`]. From it come the checks of
//! bodies (unknown, read-only, wrong type, too long), the normal form that is stored, and what an
//! answer shows. Rules: absent, null and a value are three things in a body; a stored document has
//! no nulls and no empty lists, so that what was never set and what was cleared are the same.
//!
//! Source: the CSDL of Microsoft Graph for names and types, the pages of each resource for lengths.

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use types::{Error, Result, Timestamp};

use crate::document::ObjectText;

/// Names that begin with this are ours: kept in documents, never shown, never accepted.
pub(crate) const PRIVATE: char = '#';

/// A Graph type.
#[derive(Debug)]
pub(crate) struct Type {
    /// Its name after `microsoft.graph.`.
    pub(crate) name: &'static str,
    pub(crate) properties: &'static [Property],
}

/// One property.
#[derive(Debug)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) access: Access,
    /// Whether an answer without `$select` has it.
    pub(crate) by_default: bool,
}

/// What a property holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Up to so many characters, or null.
    Text(usize),
    /// 1 to so many characters.
    Name(usize),
    /// One of these, or null.
    Choice(&'static [&'static str]),
    /// Some of these with commas between them, or null.
    Choices(&'static [&'static str]),
    Bool,
    Integer,
    DateTime,
    Guid,
    /// Up to so many texts of up to so many characters.
    TextList(usize, usize),
    Object(&'static Type),
    /// Up to so many.
    ObjectList(&'static Type, usize),
    /// What only the server makes: any value, null if there is none.
    Made,
    /// The same, an empty list if there is none.
    MadeList,
}

/// Who sets a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    /// When the object is made, not later.
    Create,
    Read,
}

/// A property that is shown on demand.
pub(crate) const fn write(name: &'static str, shape: Shape) -> Property {
    Property {
        name,
        shape,
        access: Access::Write,
        by_default: false,
    }
}
/// A property that only the server sets, shown on demand.
pub(crate) const fn read(name: &'static str, shape: Shape) -> Property {
    Property {
        access: Access::Read,
        ..write(name, shape)
    }
}

impl Property {
    /// The same, in every answer that doesn't select.
    pub(crate) const fn shown(self) -> Self {
        Self {
            by_default: true,
            ..self
        }
    }
    /// The same, but fixed once the object is made.
    pub(crate) const fn fixed(self) -> Self {
        Self {
            access: Access::Create,
            ..self
        }
    }
}

/// What a body is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Create,
    Update,
}

impl Type {
    /// The property of exactly this name.
    pub(crate) fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties
            .iter()
            .find(|property| property.name == name)
    }

    /// The property that a body may set.
    pub(crate) fn settable(&self, name: &str, purpose: Purpose) -> Result<&'static Property> {
        let property = self.property(name).ok_or_else(|| {
            Error::invalid(
                name,
                format!(
                    "Property '{name}' does not exist on type 'microsoft.graph.{}'.",
                    self.name
                ),
            )
        })?;
        match (property.access, purpose) {
            (Access::Write, _) | (Access::Create, Purpose::Create) => Ok(property),
            (Access::Create, Purpose::Update) => Err(Error::invalid(
                name,
                format!("Property '{name}' can only be set when the object is created."),
            )),
            (Access::Read, _) => Err(Error::invalid(
                name,
                format!("Property '{name}' is read-only and cannot be set."),
            )),
        }
    }

    /// Carries a body over into a document; answers the names of what changed. Nothing is written
    /// if anything is wrong.
    pub(crate) fn apply(
        &self,
        document: &mut Map<String, Value>,
        body: &Map<String, Value>,
        purpose: Purpose,
    ) -> Result<Vec<&'static str>> {
        let mut news = Vec::with_capacity(body.len());
        for (name, value) in body {
            let property = self.settable(name, purpose)?;
            news.push((property, self.normal(property, value)?));
        }
        let mut changed = Vec::new();
        for (property, value) in news {
            let value = match (value, document.get(property.name)) {
                // A complex value is merged, as OData has it for PATCH.
                (Some(Value::Object(part)), Some(Value::Object(old))) => {
                    let mut whole = old.clone();
                    merge(&mut whole, part);
                    Some(Value::Object(whole))
                }
                (Some(Value::Object(mut part)), None) => {
                    part.retain(|_, value| !is_nothing(value));
                    (!part.is_empty()).then_some(Value::Object(part))
                }
                (value, _) => value,
            };
            if set(document, property.name, value) {
                changed.push(property.name);
            }
        }
        Ok(changed)
    }

    /// Checks one value and brings it into the form that is stored; `None` is no value.
    pub(crate) fn normal(&self, property: &Property, value: &Value) -> Result<Option<Value>> {
        check(property.shape, value).map_err(|wrong| {
            Error::invalid(
                property.name,
                format!(
                    "Invalid value specified for property '{}' of resource '{}': {wrong}.",
                    property.name, self.name
                ),
            )
        })
    }

    /// The names of the properties that `select` asks for, or the default set.
    pub(crate) fn selected(&self, select: Option<&[String]>) -> Result<Vec<&'static Property>> {
        let Some(select) = select else {
            let mut shown = Vec::with_capacity(16);
            shown.extend(self.properties.iter().filter(|p| p.by_default));
            return Ok(shown);
        };
        let mut chosen: Vec<&'static Property> = Vec::with_capacity(select.len());
        for name in select {
            if name == "*" {
                for property in self.properties.iter().filter(|p| p.by_default) {
                    push_once(&mut chosen, property);
                }
                continue;
            }
            let property = self
                .properties
                .iter()
                .find(|p| p.name.eq_ignore_ascii_case(name))
                .ok_or_else(|| self.unknown_selected(name))?;
            push_once(&mut chosen, property);
        }
        Ok(chosen)
    }

    fn unknown_selected(&self, name: &str) -> Error {
        Error::invalid(
            "$select",
            format!(
                "Could not find a property named '{name}' on type 'microsoft.graph.{}'.",
                self.name
            ),
        )
    }

    /// Shows an object: the selected properties, nulls present. `value` answers what is stored.
    pub(crate) fn project(
        &self,
        select: Option<&[String]>,
        mut value: impl FnMut(&'static str) -> Option<Value>,
    ) -> Result<Map<String, Value>> {
        let mut shown = Map::new();
        for property in self.selected(select)? {
            shown.insert(
                property.name.to_owned(),
                complete(property.shape, value(property.name)),
            );
        }
        Ok(shown)
    }

    /// The same as a text.
    pub(crate) fn write<'a>(
        &self,
        select: Option<&[String]>,
        mut stored: impl FnMut(&'static str) -> Option<Stored<'a>>,
    ) -> Result<ObjectText> {
        let mut text = Vec::with_capacity(512);
        for property in self.selected(select)? {
            text.extend_from_slice(if text.is_empty() { b"{\"" } else { b",\"" });
            // Names of properties have nothing in them that JSON would escape.
            text.extend_from_slice(property.name.as_bytes());
            text.extend_from_slice(b"\":");
            let value = match (property.shape, stored(property.name)) {
                (Shape::Object(_) | Shape::ObjectList(..), Some(Stored::Text(raw))) => {
                    serde_json::from_str(raw.get()).map_err(Error::internal)?
                }
                (_, Some(Stored::Text(raw))) => {
                    text.extend_from_slice(raw.get().as_bytes());
                    continue;
                }
                (_, Some(Stored::Value(value))) => Some(value),
                (_, None) => None,
            };
            let value = complete(property.shape, value);
            serde_json::to_writer(&mut text, &value).map_err(Error::internal)?;
        }
        text.extend_from_slice(if text.is_empty() { b"{}" } else { b"}" });
        Ok(ObjectText(text))
    }
}

/// What there is of a property: a value, or the text that a document has for it.
pub(crate) enum Stored<'a> {
    Value(Value),
    Text(&'a RawValue),
}

fn push_once(chosen: &mut Vec<&'static Property>, property: &'static Property) {
    if !chosen.iter().any(|known| known.name == property.name) {
        chosen.push(property);
    }
}

/// Sets or clears a property of a document; answers whether that changed it.
pub(crate) fn set(document: &mut Map<String, Value>, name: &str, value: Option<Value>) -> bool {
    let Some(value) = value else {
        return document.shift_remove(name).is_some();
    };
    if document.get(name) == Some(&value) {
        return false;
    }
    document.insert(name.to_owned(), value);
    true
}

fn merge(whole: &mut Map<String, Value>, part: Map<String, Value>) {
    for (name, value) in part {
        match (value, whole.get_mut(&name)) {
            (value, _) if is_nothing(&value) => drop(whole.shift_remove(&name)),
            (Value::Object(inner), Some(Value::Object(old))) => merge(old, inner),
            (value, _) => drop(whole.insert(name, value)),
        }
    }
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// What an answer shows for a stored value: the parts of complex values that aren't set are null,
/// lists that aren't set are empty.
pub(crate) fn complete(shape: Shape, value: Option<Value>) -> Value {
    match (shape, value.filter(|value| !value.is_null())) {
        (Shape::Object(inner), Some(Value::Object(object))) => Value::Object(fill(inner, object)),
        (Shape::ObjectList(inner, _), Some(Value::Array(list))) => list
            .into_iter()
            .map(|item| match item {
                Value::Object(object) => Value::Object(fill(inner, object)),
                other => other,
            })
            .collect(),
        (_, Some(value)) => value,
        (Shape::TextList(..) | Shape::ObjectList(..) | Shape::MadeList, None) => {
            Value::Array(Vec::new())
        }
        (_, None) => Value::Null,
    }
}

fn fill(kind: &Type, mut object: Map<String, Value>) -> Map<String, Value> {
    kind.properties
        .iter()
        .map(|property| {
            let value = object.shift_remove(property.name);
            (property.name.to_owned(), complete(property.shape, value))
        })
        .collect()
}

fn check(shape: Shape, value: &Value) -> std::result::Result<Option<Value>, String> {
    Ok(match (shape, value) {
        (Shape::Name(_), Value::Null) => return Err("it is required".into()),
        (Shape::TextList(..) | Shape::ObjectList(..), Value::Array(list)) if list.is_empty() => {
            None
        }
        (_, Value::Null) => None,
        (Shape::Name(max), Value::String(text)) => {
            if text.trim().is_empty() {
                return Err("it can't be empty".into());
            }
            Some(checked_text(text, max)?.into())
        }
        (Shape::Text(max), Value::String(text)) => {
            let text = checked_text(text, max)?;
            // An empty text would be a third kind of nothing; Graph stores null for it as well.
            (!text.is_empty()).then(|| text.into())
        }
        (Shape::Choice(choices), Value::String(text)) => Some(chosen(choices, text)?.into()),
        (Shape::Choices(_), Value::String(text)) if text.is_empty() => None,
        (Shape::Choices(choices), Value::String(text)) => {
            let chosen: Vec<&str> = text
                .split(',')
                .map(|one| chosen(choices, one.trim()))
                .collect::<Result<_, _>>()?;
            Some(chosen.join(",").into())
        }
        (Shape::Bool, Value::Bool(flag)) => Some((*flag).into()),
        (Shape::Integer, Value::Number(number)) if number.is_i64() => Some(value.clone()),
        (Shape::DateTime, Value::String(text)) => {
            let wrong = |error: Error| error.to_string().trim_end_matches('.').to_owned();
            let at: Timestamp = text.parse().map_err(wrong)?;
            Some(at.to_string().into())
        }
        (Shape::Guid, Value::String(text)) => {
            let guid = types::parse_uuid(text).ok_or("it has to be a GUID")?;
            Some(guid.to_string().into())
        }
        (Shape::TextList(items, max), Value::Array(list)) => {
            if list.len() > items {
                return Err(format!("it takes {items} values at most"));
            }
            let texts = list.iter().map(|item| match item {
                Value::String(text) => checked_text(text, max).map(Value::from),
                _ => Err("it has to be a list of texts".into()),
            });
            Some(Value::Array(
                texts.collect::<std::result::Result<_, String>>()?,
            ))
        }
        (Shape::Object(inner), Value::Object(object)) => {
            Some(Value::Object(check_object(inner, object)?))
        }
        (Shape::ObjectList(inner, items), Value::Array(list)) => {
            if list.len() > items {
                return Err(format!("it takes {items} values at most"));
            }
            let objects = list.iter().map(|item| match item {
                Value::Object(object) => {
                    let mut object = check_object(inner, object)?;
                    object.retain(|_, value| !is_nothing(value));
                    Ok(Value::Object(object))
                }
                _ => Err("it has to be a list of objects".into()),
            });
            Some(Value::Array(
                objects.collect::<std::result::Result<_, String>>()?,
            ))
        }
        _ => return Err(expected(shape)),
    })
}

/// Checks a complex value. Nulls stay, because merging has to know what to clear.
fn check_object(
    kind: &Type,
    object: &Map<String, Value>,
) -> std::result::Result<Map<String, Value>, String> {
    let mut checked = Map::new();
    for (name, value) in object {
        if name == "@odata.type" {
            continue;
        }
        let property = kind
            .property(name)
            .ok_or_else(|| format!("'{name}' does not exist on '{}'", kind.name))?;
        let value = check(property.shape, value).map_err(|wrong| format!("'{name}': {wrong}"))?;
        checked.insert(name.clone(), value.unwrap_or(Value::Null));
    }
    Ok(checked)
}

fn expected(shape: Shape) -> String {
    match shape {
        Shape::Text(_) | Shape::Name(_) | Shape::Choice(_) | Shape::Choices(_) => {
            "it has to be a text"
        }
        Shape::Bool => "it has to be true or false",
        Shape::Integer => "it has to be a whole number",
        Shape::DateTime => "it has to be a date and time as a text",
        Shape::Guid => "it has to be a GUID as a text",
        Shape::TextList(..) => "it has to be a list of texts",
        Shape::Object(_) => "it has to be an object",
        Shape::ObjectList(..) => "it has to be a list of objects",
        Shape::Made | Shape::MadeList => "it can't be set",
    }
    .into()
}

/// One of some words, as it is written.
fn chosen(choices: &[&'static str], text: &str) -> Result<&'static str, String> {
    let same = |choice: &&&str| choice.eq_ignore_ascii_case(text);
    let found = choices.iter().find(same).copied();
    found.ok_or_else(|| format!("it has to be one of {}", choices.join(", ")))
}

/// A text that can be stored: not too long, and without the two characters that columns and
/// documents give a meaning of their own.
fn checked_text(text: &str, max: usize) -> std::result::Result<&str, String> {
    if text.len() > max && text.chars().count() > max {
        return Err(format!("it takes {max} characters at most"));
    }
    if text.bytes().any(|b| b == 0 || b == 0x1f) {
        return Err("it has a control character".into());
    }
    Ok(text)
}

/// Whether a text has the form of a mail address.
pub(crate) fn is_mail(text: &str) -> bool {
    text.len() <= 320
        && text.rsplit_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && !local
                    .chars()
                    .any(|c| c.is_whitespace() || c.is_control() || "@<>(),;:\\\"[]".contains(c))
                && !domain.is_empty()
                && !domain.starts_with('.')
                && !domain.ends_with('.')
                && domain
                    .chars()
                    .all(|c| c.is_alphanumeric() || c == '-' || c == '.')
        })
}

/// Whether a text can be a mail nickname (alias): no spaces, no `@` and nothing else that an
/// address gives a meaning.
pub(crate) fn is_nickname(text: &str) -> bool {
    !text
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || "@()\\[]\";:<>,".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    static INNER: Type = Type {
        name: "inner",
        properties: &[
            write("uris", Shape::TextList(2, 10)),
            write("page", Shape::Text(10)),
        ],
    };
    static THING: Type = Type {
        name: "thing",
        properties: &[
            read("id", Shape::Guid).shown(),
            write("name", Shape::Name(5)).shown(),
            write("born", Shape::DateTime),
            write("inner", Shape::Object(&INNER)),
            write("kind", Shape::Text(5)).fixed(),
        ],
    };

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn bodies_change_documents_and_wrong_ones_say_where() {
        let mut doc = Map::new();
        let made = map(
            json!({"name": "é€é€é", "born": "2026-01-01T02:00:00+02:00", "kind": "a",
            "inner": {"uris": ["x"], "page": "p"}}),
        );
        THING.apply(&mut doc, &made, Purpose::Create).unwrap();
        assert_eq!(doc["born"], "2026-01-01T00:00:00Z");
        let patch = map(json!({"inner": {"page": null}, "born": null, "name": "é€é€é"}));
        let changed = THING.apply(&mut doc, &patch, Purpose::Update).unwrap();
        assert_eq!(changed, ["inner", "born"]);
        assert_eq!(doc["inner"], json!({"uris": ["x"]}));
        for (wrong, target) in [
            (json!({"id": "x"}), "id"),
            (json!({"name": null}), "name"),
            (json!({"name": "  "}), "name"),
            (json!({"name": "123456"}), "name"),
            (json!({"name": "a\u{1f}"}), "name"),
            (json!({"born": "soon"}), "born"),
            (json!({"kind": "b"}), "kind"),
            (json!({"other": 1}), "other"),
            (json!({"#private": 1}), "#private"),
            (json!({"inner": {"uris": ["1", "2", "3"]}}), "inner"),
        ] {
            let before = doc.clone();
            let error = THING
                .apply(&mut doc, &map(wrong), Purpose::Update)
                .unwrap_err();
            assert!(
                matches!(&error, Error::Invalid { target: Some(at), .. } if at == target),
                "{error:?}"
            );
            assert_eq!(doc, before);
        }
    }

    #[test]
    fn answers_have_nulls_and_empty_lists() {
        let doc = map(json!({"name": "n", "inner": {"page": "p"}}));
        let value = |name: &str| doc.get(name).cloned();
        let all = ["NAME".to_owned(), "born".to_owned(), "inner".to_owned()];
        let shown = THING.project(Some(&all), value).unwrap();
        assert_eq!(
            Value::Object(shown),
            json!({"name": "n", "born": null, "inner": {"uris": [], "page": "p"}})
        );
        assert!(THING.project(Some(&["x".to_owned()]), value).is_err());
        let names: Vec<_> = THING
            .project(None, value)
            .unwrap()
            .keys()
            .cloned()
            .collect();
        assert_eq!(names, ["id", "name"]);
    }

    #[test]
    fn mails_and_nicknames() {
        for good in ["a@b.c", "o'neil+x@localhost", "ä@bücher.example"] {
            assert!(is_mail(good), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a b@c", "a@b@c", "a@.b", "<a@b>"] {
            assert!(!is_mail(bad), "{bad}");
        }
        assert!(is_nickname("ann.lee") && !is_nickname("ann lee") && !is_nickname("a@b"));
    }
}
