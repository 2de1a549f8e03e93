//! Instants in rules: a date and time, or so much before or after now.

use types::Timestamp;

/// The longest distance from now that is understood, in its unit.
const COUNT_MAX: i64 = 100_000;

#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    At(Timestamp),
    /// So many seconds from now.
    FromNow(i64),
}

impl When {
    pub(super) const fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::FromNow(seconds) => now.plus_seconds(seconds),
        }
    }
}

/// The seconds of an ISO 8601 duration of weeks, days, hours, minutes and seconds, such as `p1d`.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let text = text.to_ascii_lowercase();
    let (mut seconds, mut count, mut in_time) = (0_i64, None, false);
    let parts = text.strip_prefix('p')?;
    for character in parts.chars() {
        if let Some(digit) = character.to_digit(10) {
            let so_far: i64 = count.unwrap_or(0);
            count = Some(so_far * 10 + i64::from(digit)).filter(|count| *count <= COUNT_MAX);
            count?;
            continue;
        }
        let unit = match (character, in_time) {
            ('t', false) if count.is_none() => {
                in_time = true;
                continue;
            }
            ('w', false) => 7 * 86_400,
            ('d', false) => 86_400,
            ('h', true) => 3_600,
            ('m', true) => 60,
            ('s', true) => 1,
            _ => return None,
        };
        seconds += count.take()? * unit;
    }
    (count.is_none() && parts.len() > 1).then_some(seconds)
}
