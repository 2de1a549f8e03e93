//! Why somebody declines something, in words that another tenant reads.

use crate::{Error, Result};

/// Characters of a reason.
pub const REASON_CHARACTERS_MAX: usize = 1_024;

/// That a reason can be kept and shown: not too long, and no control characters but line ends.
pub fn check_reason(reason: Option<&str>) -> Result<()> {
    let fits = reason.is_none_or(|reason| {
        reason.chars().count() <= REASON_CHARACTERS_MAX
            && !reason.chars().any(|c| c.is_control() && c != '\n')
    });
    if fits {
        return Ok(());
    }
    Err(Error::invalid(
        "reason",
        format!(
            "'reason' has to be a text of at most {REASON_CHARACTERS_MAX} characters without \
             control characters (limits.reason_characters)."
        ),
    ))
}
