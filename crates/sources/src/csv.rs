//! Reads rows of CSV, one after the other.
//!
//! Rules: the delimiter is the one of comma, semicolon and tab that the header has most of; the text
//! is UTF-8 or the file is refused with the line that isn't; a quote that is never closed makes the
//! file unreadable, because every record after it would be swallowed; a row with another number of
//! fields than the header is that row's fault. Written here rather than taken from a library because
//! the lenient readers take an unclosed quote for a long value and have no bound on it.
//!
//! Source: RFC 4180; `sep=` and the delimiters of spreadsheets by their habits; the first line
//! `version:v1.0` of Entra's bulk templates.

use std::io::BufRead;

use crate::FileError;
use crate::lines::Lines;

/// The largest row, in bytes.
pub const ROW_BYTES_MAX: usize = 16 * 1024 * 1024;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line it begins at.
    pub line: u64,
    /// Its fields without quotes, not trimmed.
    pub fields: Vec<String>,
    /// What is wrong with it.
    pub fault: Option<String>,
}

/// A reader of rows below a header.
pub struct Reader<R> {
    lines: Lines<R>,
    buffer: Vec<u8>,
    /// Whether `buffer` holds a line that no row has taken yet.
    waiting: bool,
    delimiter: char,
    header: Row,
}

/// Where in a field the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Bare,
    Quoted,
    /// After the closing quote, or after the first of a doubled one.
    Closed,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header from `input`, after the lines that may stand before it.
    pub fn new(input: R) -> Result<Self, FileError> {
        let header = Row {
            line: 0,
            fields: Vec::new(),
            fault: None,
        };
        let mut reader = Self {
            lines: Lines::new(input),
            buffer: Vec::new(),
            waiting: false,
            delimiter: ',',
            header,
        };
        let mut separator = None;
        loop {
            let Some(line) = reader.line()? else {
                return Err(FileError::new(
                    reader.lines.number().max(1),
                    "the file has no header line.",
                ));
            };
            let folded = line
                .trim_matches([' ', '\t', ',', ';', '"'])
                .to_ascii_lowercase();
            if let Some(version) = folded.strip_prefix("version:") {
                if version.trim() != "v1.0" {
                    let message = "this version of the bulk template isn't known: it has to be 'version:v1.0'.";
                    return Err(FileError::new(reader.lines.number(), message));
                }
            } else if let Some(named) = line.strip_prefix("sep=") {
                separator = named.chars().next().filter(|ch| ",;\t|".contains(*ch));
            } else if !folded.is_empty() {
                reader.delimiter = separator.unwrap_or_else(|| most_frequent_delimiter(line));
                break;
            }
        }
        reader.waiting = true;
        if let Some(row) = reader.row()? {
            if let Some(fault) = row.fault {
                return Err(FileError::new(row.line, fault));
            }
            reader.header = row;
        }
        Ok(reader)
    }

    /// The header line.
    pub const fn header(&self) -> &Row {
        &self.header
    }

    /// The next row that isn't empty, or none at the end of the file.
    pub fn next_row(&mut self) -> Result<Option<Row>, FileError> {
        while let Some(mut row) = self.row()? {
            if row.fields.iter().all(|field| field.trim().is_empty()) {
                continue;
            }
            let (found, expected) = (row.fields.len(), self.header.fields.len());
            if found != expected && row.fault.is_none() {
                row.fault = Some(format!(
                    "the row has {found} fields and the header {expected}: a value with a delimiter in it has to be in quotes."
                ));
            }
            return Ok(Some(row));
        }
        Ok(None)
    }

    /// The next physical line as text.
    fn line(&mut self) -> Result<Option<&str>, FileError> {
        if !std::mem::take(&mut self.waiting) && !self.lines.read(&mut self.buffer)? {
            return Ok(None);
        }
        std::str::from_utf8(&self.buffer).map(Some).map_err(|_| {
            FileError::new(
                self.lines.number(),
                "the line isn't UTF-8 (it may be Windows-1252): save the file as 'CSV UTF-8'.",
            )
        })
    }

    /// One row, which may go over several lines.
    fn row(&mut self) -> Result<Option<Row>, FileError> {
        let delimiter = self.delimiter;
        let mut row = Row {
            line: 0,
            fields: Vec::new(),
            fault: None,
        };
        let (mut field, mut state, mut bytes) = (String::new(), State::Start, 0_usize);
        let mut opened = 0;
        loop {
            let Some(line) = self.line()? else {
                return if state == State::Quoted {
                    Err(FileError::new(
                        opened,
                        "the quote that opens here is never closed.",
                    ))
                } else {
                    Ok(None)
                };
            };
            bytes = bytes.saturating_add(line.len());
            let mut at_quote = false;
            for ch in line.chars() {
                state = match (state, ch) {
                    (State::Start, '"') => {
                        at_quote = true;
                        State::Quoted
                    }
                    (State::Closed, '"') => {
                        field.push('"');
                        State::Quoted
                    }
                    (State::Start | State::Bare | State::Closed, _) if ch == delimiter => {
                        row.fields.push(std::mem::take(&mut field));
                        State::Start
                    }
                    (State::Quoted, '"') | (State::Closed, ' ' | '\t') => State::Closed,
                    (State::Closed, _) => {
                        row.fault.get_or_insert_with(|| {
                            "text after a closing quote: a quote inside a value has to be doubled.".into()
                        });
                        State::Bare
                    }
                    (State::Start | State::Bare | State::Quoted, _) => {
                        field.push(ch);
                        if state == State::Quoted {
                            State::Quoted
                        } else {
                            State::Bare
                        }
                    }
                };
            }
            let number = self.lines.number();
            if row.line == 0 {
                row.line = number;
            }
            if state != State::Quoted {
                row.fields.push(field);
                return Ok(Some(row));
            }
            if at_quote {
                opened = number;
            }
            if bytes > ROW_BYTES_MAX {
                return Err(FileError::new(
                    opened,
                    "the quote that opens here isn't closed within 16 MiB.",
                ));
            }
            field.push('\n');
        }
    }
}

/// The delimiter that stands most often outside of quotes; the comma when none does.
fn most_frequent_delimiter(header: &str) -> char {
    let mut quoted = false;
    let mut counts = [(',', 0_usize), (';', 0), ('\t', 0)];
    for ch in header.chars() {
        if ch == '"' {
            quoted = !quoted;
        } else if !quoted && let Some(count) = counts.iter_mut().find(|count| count.0 == ch) {
            count.1 += 1;
        }
    }
    // The first of equals, so that a header without any is one of commas.
    counts
        .into_iter()
        .rev()
        .max_by_key(|count| count.1)
        .map_or(',', |count| count.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<(Vec<String>, Vec<Row>), FileError> {
        let mut reader = Reader::new(text.as_bytes())?;
        let mut rows = Vec::new();
        while let Some(row) = reader.next_row()? {
            rows.push(row);
        }
        Ok((reader.header().fields.clone(), rows))
    }

    #[test]
    fn reads_quotes_newlines_and_counts_lines() {
        let (header, rows) =
            rows("\u{feff}a,b\r\n\"x, \"\"y\"\"\",\"1\r\n2\"\r\n\r\nlast,").unwrap();
        assert_eq!(header, ["a", "b"]);
        assert_eq!(rows[0].fields, ["x, \"y\"", "1\n2"]);
        assert_eq!((rows[0].line, rows[1].line), (2, 5));
        assert_eq!(rows[1].fields, ["last", ""]);
    }

    #[test]
    fn finds_the_delimiter() {
        for text in [
            "a;b,c;d\n1;2;3",
            "a\tb,c\td\n1\t2\t3",
            "sep=;\na;b,c;d\n1;2;3",
        ] {
            let (header, rows) = rows(text).unwrap();
            assert_eq!(header, ["a", "b,c", "d"]);
            assert_eq!(rows[0].fields.len(), 3);
        }
        assert_eq!(rows("\"a;b;c\",d\n1,2").unwrap().0, ["a;b;c", "d"]);
    }

    #[test]
    fn refuses_what_cannot_be_read() {
        let error = rows("a,b\n1,2\n3,\"4\n5,6\n").unwrap_err();
        assert_eq!(
            (error.line, error.message.contains("never closed")),
            (3, true)
        );
        let mut latin = b"a,b\n1,2\nM".to_vec();
        latin.extend([0xFC, b',', b'2', b'\n']);
        let mut reader = Reader::new(&latin[..]).unwrap();
        reader.next_row().unwrap();
        let error = reader.next_row().unwrap_err();
        assert_eq!((error.line, error.message.contains("UTF-8")), (3, true));
        assert_eq!(rows("").unwrap_err().line, 1);
        assert!(
            rows("version:v2.0\na,b")
                .unwrap_err()
                .message
                .contains("version:v1.0")
        );
    }

    #[test]
    fn keeps_faults_with_their_rows() {
        let (_, rows) = rows("a,b\n1\n\"x\"y,2\n3,4\n").unwrap();
        assert!(
            rows[0]
                .fault
                .as_ref()
                .unwrap()
                .contains("1 fields and the header 2")
        );
        assert!(rows[1].fault.as_ref().unwrap().contains("closing quote"));
        assert_eq!(rows[2].fault, None);
    }
}
