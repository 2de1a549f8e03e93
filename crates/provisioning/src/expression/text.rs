//! Functions over texts and lists of them. Characters are Unicode's, never bytes.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::Failure;
use super::evaluate::{Arguments, Run};
use super::value::Value;

type Outcome = Result<Value, Failure>;

pub(super) fn append(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let suffix = run.text(it, 1)?.unwrap_or_default();
    let source = run.argument(it, 0)?;
    run.each(source, &mut |_, text| Ok(text + &suffix))
}

pub(super) fn prepend(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let prefix = run.text(it, 0)?.unwrap_or_default();
    let source = run.argument(it, 1)?;
    run.each(source, &mut |_, text| Ok(format!("{prefix}{text}")))
}

/// Puts the values together; those that aren't there leave no gap.
pub(super) fn join(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let separator = run.text(it, 0)?.unwrap_or_default();
    let mut made = String::new();
    let mut is_first = true;
    for index in 1..it.len() {
        for text in run.argument(it, index)?.into_texts() {
            if text.is_empty() {
                continue;
            }
            if !is_first {
                made.push_str(&separator);
            }
            is_first = false;
            made.push_str(&text);
            if made.len() > super::TEXT_BYTES_MAX {
                // Refused there.
                return run.made(made);
            }
        }
    }
    run.made(made)
}

pub(super) fn split(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let Some(text) = run.text(it, 0)? else {
        return Ok(Value::Null);
    };
    let delimiter = run.text(it, 1)?.unwrap_or_else(|| ",".to_owned());
    if delimiter.is_empty() {
        return Err(Failure::evaluation("the delimiter is empty."));
    }
    let parts = text.split(delimiter.as_str()).map(str::trim);
    let parts = parts.filter(|part| !part.is_empty());
    // One more than the limit is enough to see that it is passed.
    let parts = parts.take(super::VALUES_MAX + 1).map(str::to_owned);
    run.made_list(parts.collect())
}

pub(super) fn item(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let values = match run.argument(it, 0)? {
        Value::List(values) => values,
        value => value.text()?.into_iter().collect(),
    };
    let index = run.number(it, 1, "index")?;
    if values.is_empty() {
        return Ok(Value::Null);
    }
    let count = values.len();
    let place = usize::try_from(index).ok().and_then(|it| it.checked_sub(1));
    match place.and_then(|place| values.into_iter().nth(place)) {
        Some(value) => run.made(value),
        None => Err(Failure::evaluation(format!(
            "there is no value {index}: the first of the {count} is 1."
        ))),
    }
}

pub(super) fn remove_duplicates(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    match run.argument(it, 0)? {
        Value::List(values) => {
            let mut seen = HashSet::new();
            let once = values
                .into_iter()
                .filter(|value| seen.insert(value.clone()));
            let once = once.collect();
            run.made_list(once)
        }
        value => Ok(value),
    }
}

pub(super) fn left(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let text = run.text(it, 0)?.unwrap_or_default();
    let count = run.number(it, 1, "numChars")?;
    match usize::try_from(count) {
        Ok(count) => run.made(text.chars().take(count).collect()),
        Err(_) => run.made(text),
    }
}

pub(super) fn mid(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let source = run.argument(it, 0)?;
    let start = run.number(it, 1, "start")?;
    let length = run.number(it, 2, "length")?;
    let before = usize::try_from(start).ok().and_then(|it| it.checked_sub(1));
    let (Some(before), Ok(length)) = (before, usize::try_from(length)) else {
        return Err(Failure::evaluation(
            "the first character is 1, and the length isn't negative.",
        ));
    };
    run.each(source, &mut |_, text| {
        Ok(text.chars().skip(before).take(length).collect())
    })
}

/// The place of the first occurrence from `start` on, 0 if there is none.
pub(super) fn position(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let text = run.text(it, 0)?.unwrap_or_default();
    let wanted = run.text(it, 1)?.unwrap_or_default();
    let start = match run.argument(it, 2)?.number()? {
        None => 1,
        Some(start) if start >= 1 => start,
        Some(_) => return Err(Failure::evaluation("the first character is 1.")),
    };
    let ignores_case = match run.text(it, 3)?.as_deref() {
        None | Some("vbBinaryCompare" | "0") => false,
        Some("vbTextCompare" | "1") => true,
        Some(_) => {
            return Err(Failure::evaluation(
                "compareType is vbTextCompare or vbBinaryCompare.",
            ));
        }
    };
    run.budget.spend(text.len() + wanted.len())?;
    let same = |text: &str| -> Vec<char> {
        // One character for one, so that places stay what they are.
        let fold = |it: char| it.to_lowercase().next().unwrap_or(it);
        text.chars()
            .map(|it| if ignores_case { fold(it) } else { it })
            .collect()
    };
    let (text, wanted) = (same(&text), same(&wanted));
    let skipped = usize::try_from(start - 1).unwrap_or(usize::MAX);
    let rest = text.get(skipped..).unwrap_or_default();
    let rest: String = rest.iter().collect();
    let wanted: String = wanted.iter().collect();
    if rest.is_empty() {
        return Ok(Value::Number(0));
    }
    let found = rest.split_once(wanted.as_str());
    Ok(Value::Number(found.map_or(0, |(before, _)| {
        start.saturating_add(before.chars().count() as i64)
    })))
}

pub(super) fn word(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let text = run.text(it, 0)?.unwrap_or_default();
    let number = run.number(it, 1, "wordNumber")?;
    let delimiters = run.text(it, 2)?.unwrap_or_default();
    run.budget.spend(text.len() + delimiters.len())?;
    let delimiters: HashSet<char> = delimiters.chars().collect();
    let mut words = text
        .split(|it: char| delimiters.contains(&it))
        .filter(|word| !word.is_empty());
    let place = usize::try_from(number)
        .ok()
        .and_then(|it| it.checked_sub(1));
    let found = place.and_then(|place| words.nth(place)).unwrap_or_default();
    run.made(found.to_owned())
}

/// The value of one component of a distinguished name: `Joe` of `cn=Joe,ou=…`.
pub(super) fn dn_component(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let Some(dn) = run.text(it, 0)? else {
        return Ok(Value::Null);
    };
    let number = run.number(it, 1, "componentNumber")?;
    let mut components: Vec<String> = vec![String::new()];
    let mut is_escaped = false;
    for character in dn.chars() {
        if !is_escaped && character == ',' {
            components.push(String::new());
            continue;
        }
        is_escaped = !is_escaped && character == '\\';
        if let Some(last) = components.last_mut().filter(|_| !is_escaped) {
            last.push(character);
        }
    }
    let place = usize::try_from(number)
        .ok()
        .and_then(|it| it.checked_sub(1));
    match place.and_then(|place| components.get(place)) {
        Some(component) => {
            let value = component.split_once('=').map_or("", |(_, value)| value);
            run.made(value.trim().to_owned())
        }
        None => Ok(Value::Null),
    }
}

pub(super) fn to_base64(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let source = run.argument(it, 0)?;
    run.each(source, &mut |run, text| {
        run.budget.text(text.len() * 3)?;
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        Ok(STANDARD.encode(bytes))
    })
}

pub(super) fn from_base64(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let source = run.argument(it, 0)?;
    let encoding = run.text(it, 1)?;
    run.each(source, &mut |_, text| {
        let wrong = || Failure::evaluation("the value isn't base 64 of a text.");
        let bytes = STANDARD_NO_PAD
            .decode(text.trim().trim_end_matches('='))
            .map_err(|_| wrong())?;
        match encoding.as_deref() {
            None | Some("Unicode") => {
                let (units, rest) = bytes.as_chunks::<2>();
                let units: Vec<u16> = units.iter().map(|it| u16::from_le_bytes(*it)).collect();
                let text = String::from_utf16(&units).map_err(|_| wrong())?;
                rest.is_empty().then_some(text).ok_or_else(wrong)
            }
            Some("UTF8" | "ASCII") => String::from_utf8(bytes).map_err(|_| wrong()),
            Some(_) => Err(Failure::evaluation(
                "the encoding is Unicode, ASCII or UTF8.",
            )),
        }
    })
}

pub(super) fn to_utf8_hex(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let source = run.argument(it, 0)?;
    run.each(source, &mut |run, text| {
        run.budget.text(text.len() * 2)?;
        let digit = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap_or('0');
        let digits = text
            .bytes()
            .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
        Ok(digits.collect::<String>().to_ascii_uppercase())
    })
}

/// The marks above and below letters; those of scripts where they make another letter aren't.
const fn is_diacritic(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
    )
}

/// Letters without their marks; letters that are made of others than marks are spelled out.
pub(super) fn normalize_diacritics(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let source = run.argument(it, 0)?;
    run.each(source, &mut |run, text| {
        run.budget.spend(text.len())?;
        let mut made = String::with_capacity(text.len());
        for character in text.nfd().filter(|it| !is_diacritic(*it)) {
            match character {
                'æ' => made.push_str("ae"),
                'Æ' => made.push_str("AE"),
                'ø' | 'œ' => made.push_str("oe"),
                'Ø' | 'Œ' => made.push_str("OE"),
                'ß' => made.push_str("ss"),
                'ẞ' => made.push_str("SS"),
                'ł' => made.push('l'),
                'Ł' => made.push('L'),
                'đ' => made.push('d'),
                'Đ' => made.push('D'),
                'ı' => made.push('i'),
                other => made.push(other),
            }
        }
        // What belongs to a letter of another script was taken apart, and is put together again.
        Ok(made.nfc().collect())
    })
}

/// The first letter of each word in upper case, the others in lower case.
pub(super) fn proper_case(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let source = run.argument(it, 0)?;
    let separators = run.text(it, 1)?.filter(|separators| !separators.is_empty());
    run.each(source, &mut |run, text| {
        run.budget.text(text.len() * 3)?;
        let separates = |it: char| match &separators {
            Some(separators) => separators.contains(it),
            None => !(it.is_alphanumeric() || is_combining_mark(it) || it == '\''),
        };
        let mut made = String::with_capacity(text.len());
        let mut is_within = false;
        for character in text.chars() {
            if separates(character) {
                is_within = false;
                made.push(character);
            } else if is_within {
                made.extend(character.to_lowercase());
            } else {
                made.extend(character.to_uppercase());
                is_within = separators.is_some() || character.is_alphabetic();
            }
        }
        Ok(made)
    })
}

/// Whether a culture has an `i` with a dot in both cases and one without.
fn has_dotless_i(run: &mut Run<'_>, it: Arguments<'_>) -> Result<bool, Failure> {
    let culture = run.text(it, 1)?.unwrap_or_default();
    let is_tag = culture.len() <= 35
        && (culture.is_empty()
            || culture.split('-').all(|part| {
                (1..=8).contains(&part.len()) && part.chars().all(|it| it.is_ascii_alphanumeric())
            }));
    if !is_tag {
        return Err(Failure::evaluation(
            "the culture is a language tag, as en-US is one.",
        ));
    }
    let language = culture.split('-').next().unwrap_or_default();
    Ok(["tr", "az"]
        .iter()
        .any(|it| it.eq_ignore_ascii_case(language)))
}

pub(super) fn to_lower(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let source = run.argument(it, 0)?;
    let dotless = has_dotless_i(run, it)?;
    run.each(source, &mut |run, text| {
        run.budget.text(text.len() * 3)?;
        if dotless {
            return Ok(text.replace('İ', "i").replace('I', "ı").to_lowercase());
        }
        Ok(text.to_lowercase())
    })
}

pub(super) fn to_upper(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let source = run.argument(it, 0)?;
    let dotless = has_dotless_i(run, it)?;
    run.each(source, &mut |run, text| {
        run.budget.text(text.len() * 3)?;
        if dotless {
            return Ok(text.replace('i', "İ").to_uppercase());
        }
        Ok(text.to_uppercase())
    })
}

/// The first value that the target doesn't have.
pub(super) fn select_unique_value(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let mut tried = 0;
    for index in 0..it.len() {
        let Some(value) = run.text(it, index)?.filter(|value| !value.is_empty()) else {
            continue;
        };
        if !(run.context.is_taken)(&value) {
            return run.made(value);
        }
        tried += 1;
    }
    if tried == 0 {
        return Ok(Value::Null);
    }
    Err(Failure::evaluation(format!(
        "the target has all of the {tried} values already."
    )))
}
