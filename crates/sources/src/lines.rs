//! Physical lines of a file, with their numbers and a bound.
//!
//! Lines end with LF or CRLF, the last one may end with the file. A UTF-8 byte order mark is passed
//! over; UTF-16, which Windows tools write on request, is refused by name, because every later
//! message would be about something else.

use std::io::{BufRead, Read};

use crate::FileError;

/// The longest line, in bytes. A photo of Graph's largest size fits.
pub const LINE_BYTES_MAX: usize = 10 * 1024 * 1024;

pub(crate) struct Lines<R> {
    input: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) const fn new(input: R) -> Self {
        Self { input, number: 0 }
    }

    /// The number of the line read last, counted from 1.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Reads the next line into `line`, without its end; false at the end of the file.
    pub(crate) fn read(&mut self, line: &mut Vec<u8>) -> Result<bool, FileError> {
        line.clear();
        let at = self.number + 1;
        let bound = LINE_BYTES_MAX as u64 + 2;
        let read = (&mut self.input)
            .take(bound)
            .read_until(b'\n', line)
            .map_err(|error| FileError::new(at, format!("the file can't be read: {error}.")))?;
        if read == 0 {
            return Ok(false);
        }
        self.number = at;
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        if line.len() > LINE_BYTES_MAX {
            let mebibytes = LINE_BYTES_MAX / 1024 / 1024;
            return Err(FileError::new(
                at,
                format!("a line is longer than {mebibytes} MiB."),
            ));
        }
        if at == 1 {
            if is_utf16(line) {
                return Err(FileError::new(1, "the file is UTF-16: save it as UTF-8."));
            }
            if line.contains(&0) {
                return Err(FileError::new(1, "the file isn't text."));
            }
            if line.starts_with("\u{feff}".as_bytes()) {
                line.drain(..3);
            }
        }
        Ok(true)
    }
}

/// Whether a file that begins with these bytes is UTF-16, with a mark or by its first two letters.
fn is_utf16(start: &[u8]) -> bool {
    match *start {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => true,
        [a, b, c, d, ..] => matches!((a, b, c, d), (0, 1.., 0, 1..) | (1.., 0, 1.., 0)),
        _ => false,
    }
}
