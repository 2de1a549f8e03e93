//! Forms of dates, as .NET describes them: `yyyy-MM-dd'T'HH:mm:ss.fffzzz`. In the invariant culture.
//!
//! Source: "Custom date and time format strings" and "Standard date and time format strings" (.NET).

use jiff::civil;

use super::Failure;
use super::dates::Moment;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// How dates are written where nobody says how: `M/d/yyyy h:mm:ss tt`.
pub(super) static GENERAL: std::sync::LazyLock<Format> =
    std::sync::LazyLock::new(|| Format(tokens("M/d/yyyy h:mm:ss tt")));

/// Characters of a form.
const FORMAT_CHARACTERS_MAX: usize = 128;

/// The form of a date.
pub(super) struct Format(Vec<Token>);

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Literal(char),
    /// One of .NET's letters, so often.
    Part(char, usize),
}

impl Format {
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        if text.is_empty() || text.chars().count() > FORMAT_CHARACTERS_MAX {
            return Err(Failure::evaluation(format!(
                "a date's format has 1 to {FORMAT_CHARACTERS_MAX} characters \
                 (limits.date_format_characters)."
            )));
        }
        let mut letters = text.chars();
        if let (Some(letter), None) = (letters.next(), letters.next()) {
            let custom = standard(letter).ok_or_else(|| {
                Failure::evaluation(format!("'{letter}' isn't a standard format of dates."))
            })?;
            return Ok(Self(tokens(custom)));
        }
        Ok(Self(tokens(text)))
    }

    pub(super) fn write(&self, moment: Moment) -> String {
        let Some(date) = moment.civil() else {
            return String::new();
        };
        let mut made = String::new();
        for token in &self.0 {
            match token {
                Token::Literal(character) => made.push(*character),
                Token::Part(letter, count) => write(&mut made, *letter, *count, date),
            }
        }
        made
    }

    /// Reads a text of this form; parts that it doesn't say are today's, the time of day midnight.
    pub(super) fn parse(&self, text: &str, inner_white: bool, today: Moment) -> Option<Moment> {
        let mut read = Read {
            rest: text,
            parts: Parts::default(),
        };
        for token in &self.0 {
            if inner_white {
                read.rest = read.rest.trim_start();
            }
            match token {
                Token::Literal(character) if inner_white && character.is_whitespace() => {}
                Token::Literal(character) => read.rest = read.rest.strip_prefix(*character)?,
                Token::Part(letter, count) => read.part(*letter, *count)?,
            }
        }
        if !read.rest.is_empty() {
            return None;
        }
        read.parts.moment(today)
    }
}

fn standard(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "MM/dd/yyyy",
        'D' => "dddd, dd MMMM yyyy",
        'f' => "dddd, dd MMMM yyyy HH:mm",
        'F' | 'U' => "dddd, dd MMMM yyyy HH:mm:ss",
        'g' => "MM/dd/yyyy HH:mm",
        'G' => "MM/dd/yyyy HH:mm:ss",
        'm' | 'M' => "MMMM dd",
        'o' | 'O' => "yyyy-MM-dd'T'HH:mm:ss.fffffffK",
        'r' | 'R' => "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        's' => "yyyy-MM-dd'T'HH:mm:ss",
        't' => "HH:mm",
        'T' => "HH:mm:ss",
        'u' => "yyyy-MM-dd HH:mm:ss'Z'",
        'y' | 'Y' => "yyyy MMMM",
        _ => return None,
    })
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            'd' | 'f' | 'F' | 'g' | 'h' | 'H' | 'K' | 'm' | 'M' | 's' | 't' | 'y' | 'z' => {
                let mut count = 1;
                while character != 'K' && characters.next_if_eq(&character).is_some() {
                    count += 1;
                }
                tokens.push(Token::Part(character, count));
            }
            '\'' | '"' => {
                while let Some(quoted) = characters.next_if(|it| *it != character) {
                    tokens.push(Token::Literal(quoted));
                }
                characters.next();
            }
            '\\' => tokens.extend(characters.next().map(Token::Literal)),
            '%' => {}
            other => tokens.push(Token::Literal(other)),
        }
    }
    tokens
}

fn write(made: &mut String, letter: char, count: usize, date: civil::DateTime) {
    let padded = |made: &mut String, number: i64, least: usize| {
        let digits = number.to_string();
        made.extend(std::iter::repeat_n('0', least.saturating_sub(digits.len())));
        made.push_str(&digits);
    };
    let weekday = || {
        let day = usize::try_from(date.weekday().to_sunday_zero_offset()).unwrap_or(0);
        DAYS.get(day).copied().unwrap_or_default()
    };
    let month = || {
        let month = usize::try_from(date.month()).unwrap_or(1);
        MONTHS
            .get(month.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    };
    let short = |name: &'static str| name.get(..3).unwrap_or(name);
    let hour12 = match date.hour() % 12 {
        0 => 12,
        hour => i64::from(hour),
    };
    match (letter, count) {
        ('d', 1 | 2) => padded(made, i64::from(date.day()), count),
        ('d', 3) => made.push_str(short(weekday())),
        ('d', _) => made.push_str(weekday()),
        ('M', 1 | 2) => padded(made, i64::from(date.month()), count),
        ('M', 3) => made.push_str(short(month())),
        ('M', _) => made.push_str(month()),
        ('y', 1 | 2) => padded(made, i64::from(date.year()) % 100, count),
        ('y', _) => padded(made, i64::from(date.year()), count.min(10)),
        ('H', _) => padded(made, i64::from(date.hour()), count.min(2)),
        ('h', _) => padded(made, hour12, count.min(2)),
        ('m', _) => padded(made, i64::from(date.minute()), count.min(2)),
        ('s', _) => padded(made, i64::from(date.second()), count.min(2)),
        ('f' | 'F', _) => {
            let digits = format!("{:09}", date.subsec_nanosecond());
            let digits = digits.get(..count.min(7)).unwrap_or_default();
            if letter == 'f' {
                made.push_str(digits);
            } else {
                let digits = digits.trim_end_matches('0');
                if digits.is_empty() && made.ends_with('.') {
                    made.pop();
                }
                made.push_str(digits);
            }
        }
        ('t', 1) => made.push_str(if date.hour() < 12 { "A" } else { "P" }),
        ('t', _) => made.push_str(if date.hour() < 12 { "AM" } else { "PM" }),
        ('z', 1) => made.push_str("+0"),
        ('z', 2) => made.push_str("+00"),
        ('z', _) => made.push_str("+00:00"),
        ('K', _) => made.push('Z'),
        ('g', _) => made.push_str("A.D."),
        _ => {}
    }
}

#[derive(Default)]
struct Parts {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: i64,
    is_afternoon: Option<bool>,
    offset_seconds: i64,
}

impl Parts {
    fn moment(self, today: Moment) -> Option<Moment> {
        let hour = match self.is_afternoon {
            None => self.hour,
            Some(_) if !(1..=12).contains(&self.hour) => return None,
            Some(false) => self.hour % 12,
            Some(true) => self.hour % 12 + 12,
        };
        let today = today.civil()?;
        let has_date = self.year.is_some() || self.month.is_some() || self.day.is_some();
        let part = |part: Option<i64>, otherwise: i8| {
            let otherwise = if has_date { 1 } else { i64::from(otherwise) };
            i8::try_from(part.unwrap_or(otherwise)).ok()
        };
        let year = self.year.unwrap_or(i64::from(today.year()));
        let date = civil::Date::new(
            i16::try_from(year).ok()?,
            part(self.month, today.month())?,
            part(self.day, today.day())?,
        )
        .ok()?;
        let time = civil::Time::new(
            i8::try_from(hour).ok()?,
            i8::try_from(self.minute).ok()?,
            i8::try_from(self.second).ok()?,
            i32::try_from(self.nanosecond).ok()?,
        )
        .ok()?;
        Moment::from_civil(date.to_datetime(time), self.offset_seconds)
    }
}

struct Read<'t> {
    rest: &'t str,
    parts: Parts,
}

impl Read<'_> {
    /// A number of so many digits.
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let digits = self.rest.bytes().take(most);
        let length = digits.take_while(u8::is_ascii_digit).count();
        if length < least {
            return None;
        }
        let (number, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        number.parse().ok()
    }

    /// The place of the name that stands here, in full or by its first three letters.
    fn name(&mut self, names: &[&str], is_short: bool) -> Option<i64> {
        for (index, name) in names.iter().enumerate() {
            let name = if is_short { name.get(..3)? } else { name };
            if let Some((found, rest)) = self.rest.split_at_checked(name.len())
                && found.eq_ignore_ascii_case(name)
            {
                self.rest = rest;
                return i64::try_from(index).ok();
            }
        }
        None
    }

    /// `Z`, `+01:00`, `+0100`, `+01`, `+1`.
    fn offset(&mut self, has_minutes: Option<bool>) -> Option<()> {
        if let Some(rest) = self.rest.strip_prefix(['Z', 'z']) {
            self.rest = rest;
            return Some(());
        }
        let sign = match self.rest.chars().next()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        self.rest = self.rest.get(1..)?;
        let hours = self.number(1, 2)?;
        let minutes = match (has_minutes, self.rest.strip_prefix(':')) {
            (Some(false), _) => 0,
            (_, Some(rest)) => {
                self.rest = rest;
                self.number(2, 2)?
            }
            (Some(true), None) => self.number(2, 2)?,
            (None, None) if self.rest.starts_with(|it: char| it.is_ascii_digit()) => {
                self.number(2, 2)?
            }
            (None, None) => 0,
        };
        if hours > 14 || minutes > 59 {
            return None;
        }
        self.parts.offset_seconds = sign * (hours * 3_600 + minutes * 60);
        Some(())
    }

    fn part(&mut self, letter: char, count: usize) -> Option<()> {
        let (least, most) = if count == 1 { (1, 2) } else { (2, 2) };
        match (letter, count) {
            ('y', 1 | 2) => {
                let year = self.number(least, most)?;
                self.parts.year = Some(if year < 50 { 2000 + year } else { 1900 + year });
            }
            ('y', _) => self.parts.year = Some(self.number(count.min(4), count.clamp(4, 5))?),
            ('M', 1 | 2) => self.parts.month = Some(self.number(least, most)?),
            ('M', _) => self.parts.month = Some(self.name(&MONTHS, count == 3)? + 1),
            ('d', 1 | 2) => self.parts.day = Some(self.number(least, most)?),
            ('d', _) => drop(self.name(&DAYS, count == 3)?),
            ('H' | 'h', _) => self.parts.hour = self.number(least, most)?,
            ('m', _) => self.parts.minute = self.number(least, most)?,
            ('s', _) => self.parts.second = self.number(least, most)?,
            ('f' | 'F', _) => {
                let before = self.rest.len();
                let least = if letter == 'f' { count.min(7) } else { 0 };
                let number = self.number(least, count.min(7));
                let digits = u32::try_from(before - self.rest.len()).ok()?;
                let number = if digits == 0 { 0 } else { number? };
                self.parts.nanosecond = number * 10_i64.pow(9_u32.checked_sub(digits)?);
            }
            ('t', _) => {
                let (half, rest) = self.rest.split_at_checked(count.min(2))?;
                self.parts.is_afternoon = match half.to_ascii_uppercase().as_str() {
                    "A" | "AM" => Some(false),
                    "P" | "PM" => Some(true),
                    _ => return None,
                };
                self.rest = rest;
            }
            ('z', 1 | 2) => self.offset(Some(false))?,
            ('K', _) if self.rest.is_empty() => {}
            ('z' | 'K', _) => self.offset(Some(true))?,
            ('g', _) => {
                let rest = self.rest.strip_prefix("A.D.");
                self.rest = rest.or(self.rest.strip_prefix("AD"))?;
            }
            _ => return None,
        }
        Some(())
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(wanted)?;
        Some(())
    }

    /// `2026-11-24`, `2026/11/24`, `11/24/2026`.
    fn date(&mut self) -> Option<()> {
        let first = self.number(1, 4)?;
        let separator = self.rest.chars().next()?;
        if !['-', '/'].contains(&separator) {
            return None;
        }
        self.take(separator)?;
        let second = self.number(1, 2)?;
        self.take(separator)?;
        let third = self.number(1, 4)?;
        let (year, month, day) = if first > 31 || separator == '-' {
            (first, second, third)
        } else {
            (third, first, second)
        };
        self.parts.year = Some(year);
        self.parts.month = Some(month);
        self.parts.day = Some(day);
        Some(())
    }

    /// `12:00`, `12:00:00`, `12:00:00.123`, each with ` PM` behind it or not.
    fn time(&mut self) -> Option<()> {
        self.parts.hour = self.number(1, 2)?;
        self.take(':')?;
        self.parts.minute = self.number(2, 2)?;
        if self.take(':').is_some() {
            self.parts.second = self.number(2, 2)?;
            if self.take('.').is_some() {
                let least = self.rest.starts_with(|it: char| it.is_ascii_digit());
                least.then_some(())?;
                self.part('F', 7)?;
                // What is finer than 100 ns is dropped.
                self.rest = self.rest.trim_start_matches(|it: char| it.is_ascii_digit());
            }
        }
        let half = self.rest.trim_start();
        if half.starts_with(['A', 'a', 'P', 'p']) {
            self.rest = half;
            self.part('t', 2)?;
        }
        Some(())
    }
}

/// Reads a date in one of the forms that are in common use, with a time and an offset or without.
pub(super) fn read_any(text: &str) -> Option<Moment> {
    let mut read = Read {
        rest: text.trim(),
        parts: Parts::default(),
    };
    read.date()?;
    let behind = read.rest.strip_prefix(['T', 't']);
    let behind = behind.unwrap_or(read.rest.trim_start());
    if behind.starts_with(|it: char| it.is_ascii_digit()) {
        read.rest = behind;
        read.time()?;
    }
    read.rest = read.rest.trim_start();
    if !read.rest.is_empty() {
        read.offset(None)?;
    }
    if !read.rest.is_empty() {
        return None;
    }
    // The date is always said, so today isn't needed.
    read.parts.moment(Moment::of(types::Timestamp(0)))
}
