//! Reads people from the files that other directories export, in the words of Graph.
//!
//! Pure: bytes in, [`SourceUser`]s out; no database, no network, and nothing is looked up. Rules: the
//! whole file is read before anything is returned, so a file that can't be read imports nothing; a
//! record that can't be read costs only itself and is listed with its line and its reason; whatever
//! has no name in common with a person (groups, computers, units) is counted, not listed. Reading the
//! same file twice gives the same keys, so that an import can be repeated.
//!
//! The forms: [`ldif`] (RFC 2849) with the attributes of inetOrgPerson (RFC 2798) or of Active
//! Directory, and [`csv`] as Entra's bulk template, as an export with Graph's property names, or with
//! any header by a [`Map`].

mod alias;
mod columns;
pub mod csv;
mod dn;
mod error;
mod ldap;
pub mod ldif;
mod lines;
mod managers;
mod map;
mod properties;
mod user;

use std::collections::{BTreeSet, HashMap};
use std::io::{BufReader, Read};
use std::str::FromStr;

pub use error::{FileError, RecordError};
pub use lines::LINE_BYTES_MAX;
pub use managers::ManagerRef;
use managers::resolve_managers;
pub use map::Map;
pub use user::SourceUser;

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Directory entries, RFC 2849.
    Ldif,
    /// A table with a header.
    Csv,
}

impl FromStr for Format {
    type Err = types::Error;
    fn from_str(text: &str) -> types::Result<Self> {
        match text {
            "ldif" => Ok(Self::Ldif),
            "csv" => Ok(Self::Csv),
            _ => {
                let message =
                    format!("'{text}' isn't a format that is read here: it has to be ldif or csv.");
                Err(types::Error::invalid("format", message))
            }
        }
    }
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Import {
    /// The people, in the order of the file; source keys and names to sign in with are unique.
    pub users: Vec<SourceUser>,
    /// The records that can't be taken.
    pub skipped: Vec<RecordError>,
    /// How many records are no users: groups, computers, units, contacts, built-in accounts.
    pub ignored: u64,
    /// What was left out of, or changed in, records that were taken.
    pub warnings: Vec<RecordError>,
    /// The properties, and `manager`, that the file speaks of: for a user who has no value of these
    /// the source has none. Of all others it says nothing.
    pub mentioned: BTreeSet<&'static str>,
    /// The records whose manager isn't in the file.
    pub absent_managers: Vec<RecordError>,
}

/// Reads a whole file.
pub fn read(format: Format, bytes: impl Read, map: Option<&Map>) -> Result<Import, FileError> {
    let input = BufReader::new(bytes);
    let nothing = Map::default();
    let map = map.unwrap_or(&nothing);
    let mut collector = Collector::default();
    match format {
        Format::Ldif => ldap::collect(input, map, &mut collector)?,
        Format::Csv => columns::collect(input, map, &mut collector)?,
    }
    let mut import = collector.import;
    resolve_managers(&mut import);
    Ok(import)
}

/// Gathers users and refuses the second one with a key or a name.
#[derive(Default)]
struct Collector {
    import: Import,
    line_by_key: HashMap<String, u64>,
    line_by_upn: HashMap<String, u64>,
}

impl Collector {
    fn ignore(&mut self) {
        self.import.ignored += 1;
    }

    fn skip(&mut self, line: u64, key: Option<String>, message: impl Into<String>) {
        self.import
            .skipped
            .push(RecordError::new(line, key, message));
    }

    fn add(&mut self, draft: user::Draft) {
        let user = match draft.finish(&mut self.import.warnings) {
            Ok(user) => user,
            Err(error) => return self.import.skipped.push(error),
        };
        let upn = types::fold(&user.upn_hint);
        let label = user.dn.clone().unwrap_or_else(|| user.upn_hint.clone());
        if let Some(first) = self.line_by_key.get(&user.source_key) {
            let message = format!(
                "the record of line {first} has the same key '{}'.",
                user.source_key
            );
            return self.skip(user.line, Some(label), message);
        }
        if let Some(first) = self.line_by_upn.get(&upn) {
            let message =
                format!("the record of line {first} has the same name to sign in with, '{upn}'.");
            return self.skip(user.line, Some(label), message);
        }
        for (property, _) in properties::PROPERTIES {
            if user.properties.contains_key(*property) {
                self.import.mentioned.insert(property);
            }
        }
        if user.manager_key.is_some() {
            self.import.mentioned.insert("manager");
        }
        self.line_by_key.insert(user.source_key.clone(), user.line);
        self.line_by_upn.insert(upn, user.line);
        self.import.users.push(user);
    }
}
