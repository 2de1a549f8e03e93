//! What an evaluation may cost: bytes that it reads and makes, and how long one text may be.
//!
//! An expression has no loops, so its cost is bounded by its size and by the texts that go through
//! it. Texts can grow (`Replace` in a text of `Replace` …), and a pattern may look at a text many
//! times: hence the budget, which every function draws on before it works.

use super::Failure;

/// Bytes that one evaluation may read and make, all functions together.
pub const WORK_MAX: usize = 1 << 20;
/// Bytes of one text that is made.
pub const TEXT_BYTES_MAX: usize = 32_768;
/// Values of one multi-valued attribute.
pub const VALUES_MAX: usize = 1_000;

pub(super) struct Budget(usize);

impl Budget {
    pub(super) const fn new() -> Self {
        Self(WORK_MAX)
    }

    /// Draws on the budget.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), Failure> {
        match self.0.checked_sub(bytes) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(Failure::limit(format!(
                "The expression has more to do than {WORK_MAX} bytes of texts allow \
                 (limits.expression_work_bytes)."
            ))),
        }
    }

    /// The same for a text that is about to be so long.
    pub(super) fn text(&mut self, bytes: usize) -> Result<(), Failure> {
        if bytes > TEXT_BYTES_MAX {
            return Err(Failure::limit(format!(
                "A text in an expression has at most {TEXT_BYTES_MAX} bytes \
                 (limits.expression_text_bytes)."
            )));
        }
        self.spend(bytes + 1)
    }

    /// The same for a list.
    pub(super) fn list(&mut self, values: &[String]) -> Result<(), Failure> {
        if values.len() > VALUES_MAX {
            return Err(Failure::limit(format!(
                "A list in an expression has at most {VALUES_MAX} values \
                 (limits.expression_values)."
            )));
        }
        for value in values {
            self.text(value.len())?;
        }
        Ok(())
    }
}
