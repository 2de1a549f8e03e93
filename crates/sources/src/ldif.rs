//! Reads LDIF content records, one after the other.
//!
//! Rules: the memory used is that of one record; a fault inside a record stays with that record,
//! and the record is handed out with it, so that a group with an odd value can still be recognized
//! as a group; a URL value (`:<`) is never fetched; a file of changes is refused as a whole, because
//! half of its meaning is in the directory it was written for. What `ldapsearch` prints around the
//! entries (search results, referrals) is passed over.
//!
//! Source: RFC 2849, with raw UTF-8 accepted where the RFC asks for base64, as most tools write it.

use std::io::BufRead;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::FileError;
use crate::lines::{LINE_BYTES_MAX, Lines};

/// The largest record, in bytes as they stand in the file without folds.
pub const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most attribute values of a record.
pub const RECORD_VALUES_MAX: usize = 10_000;

/// Some tools leave the padding away.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The line it begins at.
    pub line: u64,
    /// The attribute's name in lower case, without options.
    pub name: String,
    /// Its options in lower case, such as `lang-de` or `binary`.
    pub options: Vec<String>,
    /// The value, decoded.
    pub value: Vec<u8>,
}

/// One entry of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The line of its `dn:`.
    pub line: u64,
    /// Its distinguished name as written; empty where that couldn't be read.
    pub dn: String,
    /// Its values in the order of the file, up to the bounds.
    pub attributes: Vec<Attribute>,
    /// The first thing that is wrong with it, and the line.
    pub fault: Option<(u64, String)>,
}

/// A reader of LDIF content records.
pub struct Reader<R> {
    lines: Lines<R>,
    seen_version: bool,
    seen_record: bool,
}

/// What stands between two empty lines, as far as it has been read.
enum Block {
    /// Nothing but comments.
    Empty,
    /// What ldapsearch adds to the entries: neither an entry nor a fault.
    Aside,
    Entry {
        record: Record,
        bytes: usize,
    },
}

/// A line with its continuation lines.
struct Logical {
    line: u64,
    bytes: Vec<u8>,
    comment: bool,
    overlong: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads from `input`.
    pub const fn new(input: R) -> Self {
        Self {
            lines: Lines::new(input),
            seen_version: false,
            seen_record: false,
        }
    }

    /// The next record, or none at the end of the file.
    pub fn next_record(&mut self) -> Result<Option<Record>, FileError> {
        let mut block = Block::Empty;
        let mut pending: Option<Logical> = None;
        let mut line = Vec::new();
        loop {
            let more = self.lines.read(&mut line)?;
            if more && line.first() == Some(&b' ') {
                match pending.as_mut() {
                    Some(logical) => logical.append(line.get(1..).unwrap_or_default()),
                    None if line.iter().all(u8::is_ascii_whitespace) => {}
                    None => {
                        let message =
                            "a continuation line (with a space before it) has no line to continue.";
                        return Err(FileError::new(self.lines.number(), message));
                    }
                }
                continue;
            }
            if let Some(logical) = pending.take() {
                self.accept(&mut block, logical)?;
            }
            if more && !line.is_empty() {
                pending = Some(Logical {
                    line: self.lines.number(),
                    comment: line.first() == Some(&b'#'),
                    bytes: std::mem::take(&mut line),
                    overlong: false,
                });
                continue;
            }
            match std::mem::replace(&mut block, Block::Empty) {
                Block::Entry { record, .. } => {
                    self.seen_record = true;
                    return Ok(Some(record));
                }
                Block::Empty | Block::Aside if !more => return Ok(None),
                Block::Empty | Block::Aside => {}
            }
        }
    }

    /// Puts one logical line where it belongs.
    fn accept(&mut self, block: &mut Block, logical: Logical) -> Result<(), FileError> {
        if logical.comment {
            return Ok(());
        }
        let line = logical.line;
        let name = logical.name();
        match block {
            Block::Aside => Ok(()),
            Block::Empty => match name.as_str() {
                "version" if !self.seen_version && !self.seen_record => {
                    self.seen_version = true;
                    match decode(&logical).as_deref() {
                        Ok(b"1") => Ok(()),
                        _ => Err(FileError::new(
                            line,
                            "this version of LDIF isn't known: it has to be 'version: 1'.",
                        )),
                    }
                }
                "dn" => {
                    // Without a name for the record nothing in it can be told apart: the file is
                    // damaged.
                    let dn = decode(&logical).map_err(|message| FileError::new(line, message))?;
                    let dn = String::from_utf8(dn)
                        .map_err(|_| FileError::new(line, "the dn isn't UTF-8."))?;
                    let record = Record {
                        line,
                        dn: dn.trim().to_owned(),
                        attributes: Vec::new(),
                        fault: None,
                    };
                    *block = Block::Entry {
                        record,
                        bytes: logical.bytes.len(),
                    };
                    Ok(())
                }
                "search" | "result" | "ref" => {
                    *block = Block::Aside;
                    Ok(())
                }
                _ if self.seen_record => Err(FileError::new(
                    line,
                    "a record has to begin with 'dn:'; is there an empty line inside a record?",
                )),
                _ => Err(FileError::new(
                    line,
                    "this isn't LDIF: its first record has to begin with 'dn:'.",
                )),
            },
            Block::Entry { record, bytes } => {
                if name == "changetype" {
                    return changes(&logical).map_err(|message| FileError::new(line, message));
                }
                *bytes = bytes.saturating_add(logical.bytes.len());
                let full =
                    *bytes > RECORD_BYTES_MAX || record.attributes.len() >= RECORD_VALUES_MAX;
                // Past a bound only the classes are still of interest: they tell a large group,
                // which is no user anyway, from a user that can't be taken.
                let kept = !full
                    || (name == "objectclass" && record.attributes.len() < 2 * RECORD_VALUES_MAX);
                let result = if full && !kept {
                    Err(format!(
                        "the record has more than {RECORD_VALUES_MAX} values or {} MiB.",
                        RECORD_BYTES_MAX / 1024 / 1024
                    ))
                } else {
                    attribute(&logical).map(|attribute| record.attributes.push(attribute))
                };
                if let Err(message) = result {
                    record.fault.get_or_insert((line, message));
                }
                Ok(())
            }
        }
    }
}

impl Logical {
    /// Adds a continuation line, up to the bound.
    fn append(&mut self, more: &[u8]) {
        if self.comment || self.overlong {
        } else if self.bytes.len().saturating_add(more.len()) > LINE_BYTES_MAX {
            self.overlong = true;
        } else {
            self.bytes.extend_from_slice(more);
        }
    }

    /// What stands before the colon, in lower case; the whole line where there is no colon.
    fn name(&self) -> String {
        let name = self
            .bytes
            .split(|byte| *byte == b':')
            .next()
            .unwrap_or_default();
        String::from_utf8_lossy(name.get(..name.len().min(256)).unwrap_or_default())
            .to_ascii_lowercase()
    }
}

/// Lets `changetype: add` pass, with which ldifde marks each entry that it exports; says why a file
/// of other changes isn't imported.
fn changes(logical: &Logical) -> Result<(), String> {
    let kind = decode(logical)?;
    let kind = String::from_utf8_lossy(&kind).trim().to_ascii_lowercase();
    if kind == "add" {
        return Ok(());
    }
    let shown: String = kind.chars().take(32).collect();
    Err(format!(
        "this is a file of changes (it has 'changetype: {shown}'), export entries instead."
    ))
}

/// Splits `name;option: value` and decodes the value.
fn attribute(logical: &Logical) -> Result<Attribute, String> {
    let full = logical.name();
    let mut parts = full.split(';');
    let name = parts.next().unwrap_or_default();
    let options: Vec<String> = parts.map(ToOwned::to_owned).collect();
    if !logical.bytes.contains(&b':') {
        return Err("a line without a colon: it has to be 'attribute: value'.".into());
    }
    if name == "dn" {
        return Err("a second 'dn:' in one record: an empty line before it is missing.".into());
    }
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.=".contains(&byte))
    };
    if !is_name(name) || !options.iter().all(|option| is_name(option)) {
        let shown: String = full.chars().take(60).collect();
        return Err(format!(
            "'{}' isn't the name of an attribute.",
            shown.escape_debug()
        ));
    }
    let value = decode(logical)?;
    Ok(Attribute {
        line: logical.line,
        name: name.to_owned(),
        options,
        value,
    })
}

/// The value of a line: as it stands after `:`, or decoded after `::`.
fn decode(logical: &Logical) -> Result<Vec<u8>, String> {
    if logical.overlong {
        return Err(format!(
            "a value is longer than {} MiB.",
            LINE_BYTES_MAX / 1024 / 1024
        ));
    }
    let colon = logical
        .bytes
        .iter()
        .position(|byte| *byte == b':')
        .unwrap_or(logical.bytes.len());
    let rest = logical.bytes.get(colon + 1..).unwrap_or_default();
    match rest.first() {
        Some(b':') => {
            let text: Vec<u8> = rest
                .iter()
                .skip(1)
                .copied()
                .filter(|byte| !byte.is_ascii_whitespace())
                .collect();
            BASE64
                .decode(text)
                .map_err(|_| format!("the value of '{}' isn't valid base64.", logical.name()))
        }
        Some(b'<') => Err(format!(
            "the value of '{}' is a URL: it isn't fetched; export the value itself.",
            logical.name()
        )),
        _ => {
            let start = rest
                .iter()
                .position(|byte| *byte != b' ')
                .unwrap_or(rest.len());
            Ok(rest.get(start..).unwrap_or_default().to_vec())
        }
    }
}
