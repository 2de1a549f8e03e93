//! Regular expressions in expressions and filters: .NET's syntax as far as it goes in linear time.
//!
//! Look-around and back references aren't regular and are refused. The compiled form is bounded, and
//! so is the text that is searched, since finding all matches may look at each place of it again.

use regex::{Regex, RegexBuilder};

use super::Failure;

/// Bytes of the text of a pattern.
pub const PATTERN_BYTES_MAX: usize = 1_000;
/// Bytes of a text that a pattern is applied to.
pub const PATTERN_TEXT_BYTES_MAX: usize = 4_096;
/// Bytes of a compiled pattern.
const COMPILED_BYTES_MAX: usize = 256 * 1_024;

/// A pattern that is ready to be used.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(pub(super) Regex);

impl Pattern {
    pub(crate) fn new(pattern: &str) -> Result<Self, Failure> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(Failure::limit(format!(
                "A regular expression has at most {PATTERN_BYTES_MAX} bytes \
                 (limits.pattern_bytes)."
            )));
        }
        let regex = RegexBuilder::new(pattern)
            .size_limit(COMPILED_BYTES_MAX)
            .dfa_size_limit(COMPILED_BYTES_MAX)
            .nest_limit(32)
            .build();
        match regex {
            Ok(regex) => Ok(Self(regex)),
            Err(regex::Error::CompiledTooBig(_)) => Err(Failure::limit(format!(
                "The regular expression '{pattern}' is larger than {COMPILED_BYTES_MAX} bytes once it \
                 is compiled (limits.pattern_compiled_bytes): repeat less of it, or ask for [0-9] \
                 rather than \\d."
            ))),
            Err(_) => Err(Failure::syntax(format!(
                "'{pattern}' isn't a regular expression that is supported: look-around and back \
                 references aren't, and parentheses and brackets have to be closed."
            ))),
        }
    }

    /// Whether it matches anywhere in a text.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Refuses a text that is too long for patterns.
pub(crate) fn check_text(text: &str) -> Result<(), Failure> {
    if text.len() > PATTERN_TEXT_BYTES_MAX {
        return Err(Failure::limit(format!(
            "A regular expression is applied to at most {PATTERN_TEXT_BYTES_MAX} bytes \
             (limits.pattern_text_bytes)."
        )));
    }
    Ok(())
}
