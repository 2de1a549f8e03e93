//! CSV columns → Graph's properties, by the name in brackets, by Graph's names, or by a map.
//!
//! Rules: in Entra's bulk template only the bracketed name of a header counts, because the words
//! before it are translated; there `accountEnabled` is headed "Block sign in", so its yes means no;
//! a column that isn't known is left out and named in one warning; a column that a map names has to
//! be there.
//!
//! Sources: Microsoft Learn, "Bulk create users in Microsoft Entra ID" and "Download a list of users".

use std::io::BufRead;

use base64::Engine as _;
use types::fold;

use crate::csv::{Reader, Row};
use crate::map::Map;
use crate::properties::{Kind, PROPERTIES, flag, targets};
use crate::user::Draft;
use crate::{Collector, FileError, RecordError};

/// Names of columns that aren't Graph's names of properties, in lower case.
const ALIASES: &[(&str, &str)] = &[
    ("alternateemailaddress", "otherMails"),
    ("id", "sourceKey"),
    ("mobile", "mobilePhone"),
    ("objectid", "sourceKey"),
    ("physicaldeliveryofficename", "officeLocation"),
    ("telephonenumber", "businessPhones"),
];

/// What a column is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Named(&'static str),
    /// The template's "Block sign in".
    Blocked,
    /// The template's initial password.
    Password,
}

/// Reads all rows of `input` into `collector`.
pub(crate) fn collect(
    input: impl BufRead,
    map: &Map,
    collector: &mut Collector,
) -> Result<(), FileError> {
    let mut reader = Reader::new(input)?;
    let columns = columns(reader.header(), map, collector)?;
    // An empty field says that there is no value, and that in a file of one row too.
    for (_, target) in &columns {
        if let Target::Named(property) = target {
            collector.import.mentioned.insert(property);
        }
    }
    // The template asks for it; elsewhere the given name and the surname will do.
    let needs_name = reader
        .header()
        .fields
        .iter()
        .filter_map(|header| bracketed(header))
        .any(|name| fold(name) == "displayname");
    while let Some(row) = reader.next_row()? {
        let draft = draft(&row, &columns, &mut collector.import.warnings).and_then(|draft| {
            if needs_name && !draft.values.contains_key("displayName") {
                return Err("the display name is missing.".into());
            }
            Ok(draft)
        });
        // The template's example, which people forget to delete.
        let name = draft
            .as_ref()
            .ok()
            .and_then(|draft| draft.values.get("displayName")?.first());
        if name.is_some_and(|name| name.starts_with("Example:")) {
            collector.ignore();
            continue;
        }
        match (row.fault, draft) {
            // Without a key: in a shifted row the column of the name may hold the password.
            (Some(message), _) | (None, Err(message)) => collector.skip(row.line, None, message),
            (None, Ok(draft)) => collector.add(draft),
        }
    }
    Ok(())
}

/// Finds the target of each column; the numbers of a target's columns are in order of preference.
fn columns(
    header: &Row,
    map: &Map,
    collector: &mut Collector,
) -> Result<Vec<(usize, Target)>, FileError> {
    let names: Vec<&str> = header.fields.iter().map(|field| field.trim()).collect();
    let mut columns = Vec::new();
    let mut used = vec![false; names.len()];
    for (target, sources) in map.iter() {
        for source in sources {
            let wanted = fold(source.trim());
            let matches = |name: &&str| {
                fold(name) == wanted || bracketed(name).is_some_and(|name| fold(name) == wanted)
            };
            let Some(column) = names.iter().position(matches) else {
                let message = format!(
                    "the map names the column '{source}', and the file has {}.",
                    list(&names)
                );
                return Err(FileError::new(header.line, message));
            };
            // A map may name the template's column, whose yes still means no.
            let blocked = usual(names.get(column).unwrap_or(&"")) == Some(Target::Blocked);
            let blocked = blocked && target == "accountEnabled";
            columns.push((
                column,
                if blocked {
                    Target::Blocked
                } else {
                    Target::Named(target)
                },
            ));
            if let Some(used) = used.get_mut(column) {
                *used = true;
            }
        }
    }
    let mut unknown = Vec::new();
    for (column, name) in names.iter().enumerate() {
        if name.is_empty() {
            continue;
        }
        if names
            .get(..column)
            .unwrap_or_default()
            .iter()
            .any(|earlier| fold(earlier) == fold(name))
        {
            return Err(FileError::new(
                header.line,
                format!("the column '{name}' is there twice."),
            ));
        }
        match usual(name) {
            Some(Target::Named(target)) if map.sources(target).is_some() => {}
            Some(Target::Blocked) if map.sources("accountEnabled").is_some() => {}
            Some(target) => columns.push((column, target)),
            None if used.get(column) == Some(&true) => {}
            None => unknown.push(*name),
        }
    }
    let has = |target: &'static str| {
        columns
            .iter()
            .any(|(_, other)| *other == Target::Named(target))
    };
    if !["displayName", "givenName", "surname"].into_iter().any(has)
        || !["userPrincipalName", "mail", "mailNickname", "sourceKey"]
            .into_iter()
            .any(has)
    {
        return Err(FileError::new(
            header.line,
            format!(
                "the file needs columns displayName and userPrincipalName, and has {}; a map can say which column is which.",
                list(&names)
            ),
        ));
    }
    if !unknown.is_empty() {
        let message = format!("these columns aren't used: {}.", list(&unknown));
        collector
            .import
            .warnings
            .push(RecordError::new(header.line, None, message));
    }
    Ok(columns)
}

/// The target of a header by its name alone.
fn usual(header: &str) -> Option<Target> {
    let inner = bracketed(header);
    let name = fold(inner.unwrap_or(header));
    match (name.as_str(), inner) {
        ("accountenabled", Some(_)) => Some(Target::Blocked),
        ("passwordprofile", Some(_)) => Some(Target::Password),
        _ => targets()
            .find(|target| fold(target) == name)
            .or_else(|| {
                ALIASES
                    .iter()
                    .find(|(alias, _)| *alias == name)
                    .map(|(_, target)| *target)
            })
            .map(Target::Named),
    }
}

/// What stands in brackets: `Name [displayName] Required`.
fn bracketed(header: &str) -> Option<&str> {
    let (_, rest) = header.split_once('[')?;
    rest.split_once(']').map(|(name, _)| name.trim())
}

fn list(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(40)
        .map(|name| format!("'{}'", name.chars().take(60).collect::<String>()))
        .collect();
    shown.join(", ")
}

/// Reads one row's values.
fn draft(
    row: &Row,
    columns: &[(usize, Target)],
    warnings: &mut Vec<RecordError>,
) -> Result<Draft, String> {
    let mut draft = Draft {
        line: row.line,
        ..Draft::default()
    };
    let mut needs_key = false;
    for (column, target) in columns {
        let raw = row.fields.get(*column).map_or("", String::as_str);
        let value = raw.trim();
        needs_key |= *target == Target::Named("sourceKey");
        if value.is_empty() {
            continue;
        }
        match target {
            Target::Password => draft.password = Some(raw.to_owned()),
            Target::Blocked => draft.enabled = Some(!yes_or_no(value)?),
            Target::Named("accountEnabled") => draft.enabled = Some(yes_or_no(value)?),
            Target::Named("userPrincipalName") => {
                draft
                    .user_principal_name
                    .get_or_insert_with(|| value.to_owned());
                draft.sign_in.push(value.to_owned());
            }
            Target::Named("sourceKey") => {
                draft.key.get_or_insert_with(|| value.to_owned());
            }
            Target::Named("manager") => {
                draft.manager.get_or_insert_with(|| value.to_owned());
            }
            Target::Named("photo") => match base64::engine::general_purpose::STANDARD.decode(value)
            {
                Ok(photo) => draft.photo = Some(photo),
                Err(_) => warnings.push(RecordError::new(
                    row.line,
                    None,
                    "the photo isn't base64; it is left out.",
                )),
            },
            Target::Named(property) => {
                let values = draft.values.entry(property).or_default();
                if PROPERTIES
                    .iter()
                    .any(|(name, kind)| name == property && *kind == Kind::List)
                {
                    values.extend(value.split(';').map(|part| part.trim().to_owned()));
                } else {
                    values.push(value.to_owned());
                }
            }
        }
    }
    if needs_key && draft.key.is_none() {
        return Err("the source key is missing: every row needs its own.".into());
    }
    for property in ["mail", "mailNickname"] {
        let further = draft.values.get(property).cloned().unwrap_or_default();
        draft.sign_in.extend(further);
    }
    Ok(draft)
}

/// The message doesn't repeat the value: in a shifted row it may be the password.
fn yes_or_no(value: &str) -> Result<bool, String> {
    flag(value).ok_or_else(|| "the column accountEnabled has to be yes or no.".into())
}
