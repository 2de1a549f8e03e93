//! Functions that give numbers, truth values, and what is random.

use base64::Engine as _;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt};
use uuid::Builder;

use super::Failure;
use super::evaluate::{Arguments, Run};
use super::value::Value;

/// Characters of a random string.
const RANDOM_CHARACTERS_MAX: i64 = 256;

type Outcome = Result<Value, Failure>;

pub(super) fn bit_and(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let (left, right) = (run.number(it, 0, "value1")?, run.number(it, 1, "value2")?);
    Ok(Value::Number(left & right))
}

pub(super) fn to_boolean(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    run.argument(it, 0)?.truth().map(Value::Boolean)
}

pub(super) fn count(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let count = match run.argument(it, 0)? {
        Value::List(values) => values.len(),
        value => usize::from(!value.is_null()),
    };
    Ok(Value::Number(count as i64))
}

pub(super) fn length(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let text = run.text(it, 0)?.unwrap_or_default();
    Ok(Value::Number(text.chars().count() as i64))
}

pub(super) fn guid(run: &mut Run<'_>, _: Arguments<'_>) -> Outcome {
    let mut bytes = [0; 16];
    run.random.fill_bytes(&mut bytes);
    run.made(Builder::from_random_bytes(bytes).into_uuid().to_string())
}

pub(super) fn random_string(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    const SETS: [(usize, &str, &str); 4] = [
        (1, "minimumNumbers", "0123456789"),
        (
            2,
            "minimumSpecialCharacters",
            "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/",
        ),
        (3, "minimumCapital", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        (4, "minimumLowerCase", "abcdefghijklmnopqrstuvwxyz"),
    ];
    let range = 0..=RANDOM_CHARACTERS_MAX;
    let length = run.number(it, 0, "length")?;
    if !range.contains(&length) {
        return Err(Failure::evaluation(format!(
            "length has to be from 0 to {RANDOM_CHARACTERS_MAX} \
             (limits.random_string_characters)."
        )));
    }
    let avoided = run.text(it, 5)?.unwrap_or_default();
    let mut made: Vec<char> = Vec::new();
    let mut others: Vec<char> = Vec::new();
    let mut least = 0;
    for (index, name, set) in SETS {
        let minimum = run.number(it, index, name)?;
        if !range.contains(&minimum) {
            return Err(Failure::evaluation(format!(
                "{name} has to be from 0 to {RANDOM_CHARACTERS_MAX}."
            )));
        }
        least += minimum;
        if least > length {
            return Err(Failure::evaluation(
                "length is less than the characters that are asked for.",
            ));
        }
        let set: Vec<char> = set.chars().filter(|it| !avoided.contains(*it)).collect();
        for _ in 0..minimum {
            let Some(character) = set.choose(&mut run.random) else {
                return Err(Failure::evaluation(format!(
                    "charactersToAvoid leaves nothing for {name}."
                )));
            };
            made.push(*character);
        }
        if minimum > 0 {
            others.extend(set);
        }
    }
    if others.is_empty() {
        let letters = ('0'..='9').chain('A'..='Z').chain('a'..='z');
        others.extend(letters.filter(|it| !avoided.contains(*it)));
    }
    while (made.len() as i64) < length {
        let Some(character) = others.choose(&mut run.random) else {
            return Err(Failure::evaluation("charactersToAvoid leaves nothing."));
        };
        made.push(*character);
    }
    made.shuffle(&mut run.random);
    // One more draw, so that two strings in one expression have nothing to do with each other.
    let _: u64 = run.random.random();
    run.made(made.into_iter().collect())
}

/// A security identifier, as bytes in base 64, in its written form.
pub(super) fn string_from_sid(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let Some(text) = run.text(it, 0)? else {
        return Ok(Value::Null);
    };
    let wrong = || Failure::evaluation("This isn't a security identifier in base 64.");
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text.trim())
        .map_err(|_| wrong())?;
    let (head, parts) = bytes.split_at_checked(8).ok_or_else(wrong)?;
    let [revision, count, authority @ ..] = head else {
        return Err(wrong());
    };
    if *revision != 1 || parts.len() != 4 * usize::from(*count) || *count > 15 {
        return Err(wrong());
    }
    let authority = authority
        .iter()
        .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    let mut made = format!("S-1-{authority}");
    for part in parts.as_chunks::<4>().0 {
        made.push('-');
        made.push_str(&u32::from_le_bytes(*part).to_string());
    }
    run.made(made)
}
