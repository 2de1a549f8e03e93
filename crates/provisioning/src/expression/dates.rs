//! Functions over dates and times. A [`Moment`] is always in UTC; a text without an offset is taken
//! as UTC too.

use std::fmt;

use jiff::civil;
use jiff::{SignedDuration, Span};
use types::Timestamp;

use super::evaluate::{Arguments, Run};
use super::formats::{self, Format};
use super::value::{Value, shortened};
use super::{Expression, Failure};

type Outcome = Result<Value, Failure>;

/// Parts of a second: .NET's ticks of 100 ns.
const TICKS_PER_SECOND: i64 = 10_000_000;
/// Ticks between 1601, where Active Directory counts from, and 1970.
const ACTIVE_DIRECTORY_EPOCH: i64 = 11_644_473_600 * TICKS_PER_SECOND;

/// A date and time between the years 1 and 9999, to 100 ns: ticks since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    pub(super) fn of(now: Timestamp) -> Self {
        Self(now.0.saturating_mul(10)).within().unwrap_or(Self(0))
    }

    fn within(self) -> Option<Self> {
        (1..=9999).contains(&self.civil()?.year()).then_some(self)
    }

    /// The date and time of day in UTC.
    pub(super) fn civil(self) -> Option<civil::DateTime> {
        let start = civil::date(1970, 1, 1).at(0, 0, 0, 0);
        let seconds = self.0.div_euclid(TICKS_PER_SECOND);
        let ticks = self.0.rem_euclid(TICKS_PER_SECOND);
        let since = SignedDuration::new(seconds, i32::try_from(ticks * 100).ok()?);
        start.checked_add(since).ok()
    }

    /// What a clock shows that is so many seconds ahead of UTC.
    pub(super) fn from_civil(shown: civil::DateTime, offset_seconds: i64) -> Option<Self> {
        let start = civil::date(1970, 1, 1).at(0, 0, 0, 0);
        let since = shown.duration_since(start);
        let ticks = since
            .as_secs()
            .checked_sub(offset_seconds)?
            .checked_mul(TICKS_PER_SECOND)?
            .checked_add(i64::from(since.subsec_nanos()) / 100)?;
        Self(ticks).within()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&formats::GENERAL.write(*self))
    }
}

fn no_date(text: &str) -> Failure {
    Failure::evaluation(format!(
        "'{}' isn't a date that is understood: write it as 2026-11-24 or 2026-11-24T12:00:00Z.",
        shortened(text)
    ))
}

/// A date that is there already, or in a text; none of nothing.
fn moment(value: Value) -> Result<Option<Moment>, Failure> {
    if let Value::Moment(moment) = value {
        return Ok(Some(moment));
    }
    match value.text()? {
        None => Ok(None),
        Some(text) if text.trim().is_empty() => Ok(None),
        Some(text) => formats::read_any(&text)
            .map(Some)
            .ok_or_else(|| no_date(&text)),
    }
}

fn made(moment: Option<Moment>) -> Value {
    moment.map_or(Value::Null, Value::Moment)
}

pub(super) fn to_date(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    moment(run.argument(it, 0)?).map(made)
}

/// A kind of interval.
#[derive(Clone, Copy, PartialEq)]
enum Interval {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
}

fn interval(run: &mut Run<'_>, it: Arguments<'_>) -> Result<Interval, Failure> {
    Ok(match run.text(it, 0)?.as_deref() {
        Some("yyyy") => Interval::Year,
        Some("m") => Interval::Month,
        Some("ww") => Interval::Week,
        Some("d") => Interval::Day,
        Some("h") => Interval::Hour,
        Some("n") => Interval::Minute,
        Some("s") => Interval::Second,
        _ => {
            return Err(Failure::evaluation(
                "the interval is one of yyyy, m, d, ww, h, n and s.",
            ));
        }
    })
}

impl Interval {
    const fn seconds(self) -> i64 {
        match self {
            Self::Year | Self::Month => 0,
            Self::Week => 7 * 86_400,
            Self::Day => 86_400,
            Self::Hour => 3_600,
            Self::Minute => 60,
            Self::Second => 1,
        }
    }
}

pub(super) fn add(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let interval = interval(run, it)?;
    let count = run.number(it, 1, "value")?;
    let Some(date) = moment(run.argument(it, 2)?)? else {
        return Ok(Value::Null);
    };
    let beyond = || Failure::evaluation("the result isn't between the years 1 and 9999.");
    let after = match interval {
        Interval::Year | Interval::Month => {
            let months = if interval == Interval::Year { 12 } else { 1 };
            let months = count.checked_mul(months).ok_or_else(beyond)?;
            let span = Span::new().try_months(months).map_err(|_| beyond())?;
            let shown = date.civil().and_then(|shown| shown.checked_add(span).ok());
            shown.and_then(|shown| Moment::from_civil(shown, 0))
        }
        _ => count
            .checked_mul(interval.seconds())
            .and_then(|seconds| seconds.checked_mul(TICKS_PER_SECOND))
            .and_then(|ticks| date.0.checked_add(ticks))
            .and_then(|ticks| Moment(ticks).within()),
    };
    after.map(Value::Moment).ok_or_else(beyond)
}

/// Years and months are those of the calendar, weeks begin on Sundays, the rest is whole parts of
/// the time between, as Visual Basic's `DateDiff` has it.
pub(super) fn difference(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let interval = interval(run, it)?;
    let (from, to) = (moment(run.argument(it, 1)?)?, moment(run.argument(it, 2)?)?);
    let (Some(from), Some(to)) = (from, to) else {
        return Ok(Value::Null);
    };
    let (Some(first), Some(second)) = (from.civil(), to.civil()) else {
        return Ok(Value::Null);
    };
    let years = i64::from(second.year()) - i64::from(first.year());
    let number = match interval {
        Interval::Year => years,
        Interval::Month => years * 12 + i64::from(second.month()) - i64::from(first.month()),
        Interval::Week => {
            let sunday = |date: civil::Date| {
                let start = civil::date(1970, 1, 1);
                let days = date.duration_since(start).as_secs().div_euclid(86_400);
                days - i64::from(date.weekday().to_sunday_zero_offset())
            };
            (sunday(second.date()) - sunday(first.date())) / 7
        }
        _ => (to.0 - from.0) / (interval.seconds() * TICKS_PER_SECOND),
    };
    Ok(Value::Number(number))
}

pub(super) fn from_number(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let Some(number) = run.argument(it, 0)?.number()? else {
        return Ok(Value::Null);
    };
    let since = number.checked_sub(ACTIVE_DIRECTORY_EPOCH);
    let date = since
        .filter(|_| number >= 0)
        .and_then(|it| Moment(it).within());
    date.map(Value::Moment)
        .ok_or_else(|| Failure::evaluation(format!("{number} isn't a date of Active Directory.")))
}

pub(super) fn to_number(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let Some(date) = moment(run.argument(it, 0)?)? else {
        return Ok(Value::Null);
    };
    let number = date.0.checked_add(ACTIVE_DIRECTORY_EPOCH);
    number
        .filter(|number| *number >= 0)
        .map(Value::Number)
        .ok_or_else(|| Failure::evaluation("Active Directory's dates begin in 1601."))
}

/// Three arguments leave the styles out.
pub(super) fn check_format(it: &[Option<Expression>]) -> Result<(), String> {
    let has = |index: usize| it.get(index).is_some_and(Option::is_some);
    match it.len() {
        3 if has(2) => Ok(()),
        4 if has(3) => Ok(()),
        _ => Err(
            "FormatDateTime takes a source, styles (which may be left empty), an input format and \
             an output format."
                .into(),
        ),
    }
}

const STYLES: [&str; 10] = [
    "None",
    "AllowLeadingWhite",
    "AllowTrailingWhite",
    "AllowInnerWhite",
    "AllowWhiteSpaces",
    "NoCurrentDateDefault",
    "AdjustToUniversal",
    "AssumeLocal",
    "AssumeUniversal",
    "RoundtripKind",
];

pub(super) fn format(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let (styles, input, output) = if it.len() == 4 {
        (run.text(it, 1)?, run.text(it, 2)?, run.text(it, 3)?)
    } else {
        (None, run.text(it, 1)?, run.text(it, 2)?)
    };
    let styles = styles.unwrap_or_default();
    let styles: Vec<&str> = styles
        .split([',', '|'])
        .map(|style| style.trim().trim_start_matches("DateTimeStyles."))
        .filter(|style| !style.is_empty())
        .collect();
    if let Some(style) = styles.iter().find(|style| !STYLES.contains(style)) {
        return Err(Failure::evaluation(format!(
            "'{}' isn't a style; these are {}.",
            shortened(style),
            STYLES.join(", ")
        )));
    }
    let inner_white = styles
        .iter()
        .any(|style| ["AllowInnerWhite", "AllowWhiteSpaces"].contains(style));
    let source = run.argument(it, 0)?;
    if source.is_null_or_empty() {
        return Ok(Value::Null);
    }
    let date = match (source, input.filter(|input| !input.is_empty())) {
        (value @ Value::Moment(_), _) | (value, None) => moment(value)?,
        (value, Some(input)) => {
            let text = value.text()?.unwrap_or_default();
            run.budget.spend(text.len() + input.len())?;
            let format = Format::read(&input)?;
            let today = Moment::of(run.context.now);
            let date = format.parse(text.trim(), inner_white, today);
            Some(date.ok_or_else(|| {
                Failure::evaluation(format!(
                    "'{}' isn't a date of the form {}.",
                    shortened(&text),
                    shortened(&input)
                ))
            })?)
        }
    };
    let Some(date) = date else {
        return Ok(Value::Null);
    };
    let output = output.unwrap_or_default();
    run.budget.text(output.len() * 16)?;
    let format = Format::read(&output)?;
    run.made(format.write(date))
}
