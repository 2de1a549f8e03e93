//! What a password must be: long enough, mixed, and not what everybody takes.
//!
//! - 8 to 256 characters, three of lower case, upper case, digits and others.
//! - Common words count as one character each, in any case and with the usual replacements (`0`
//!   for `o` …); what remains must count at least five.
//!
//! Source: Microsoft Entra, password policies; Microsoft Entra Password Protection, "How are
//! passwords evaluated".

use types::{Error, Result};

use crate::Secret;

/// Characters of a password.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=256;
/// Classes of characters that have to be there.
const CLASSES_MIN: usize = 3;
/// What a password must count.
const SCORE_MIN: usize = 5;

/// Words that are in too many passwords, folded and with replacements undone; longer ones before
/// those that they contain.
const COMMON: &[&str] = &[
    "administrator",
    "isopolity",
    "iloveyou",
    "changeme",
    "trustnoone",
    "microsoft",
    "letmein",
    "password",
    "passwort",
    "princess",
    "football",
    "baseball",
    "superman",
    "sunshine",
    "starwars",
    "computer",
    "internet",
    "whatever",
    "contoso",
    "fabrikam",
    "welcome",
    "charlie",
    "michael",
    "jennifer",
    "jordan",
    "default",
    "temporary",
    "qwertyuiop",
    "qwerty",
    "qwertz",
    "azerty",
    "asdfgh",
    "zxcvbn",
    "onetwothree",
    "abcdef",
    "monkey",
    "dragon",
    "master",
    "shadow",
    "freedom",
    "hunter",
    "summer",
    "winter",
    "spring",
    "autumn",
    "secret",
    "login",
    "admin",
    "hello",
    "guest",
    "12345678",
    "123456",
    "12345",
    "1234",
    "987654",
    "654321",
    "111111",
    "000000",
    "abc123",
    "123",
];

/// Checks a password that is to be set.
pub fn check(password: &Secret) -> Result<()> {
    let text = password.expose();
    let length = text.chars().count();
    let refused = |why: &str| {
        Err(Error::invalid(
            "passwordProfile.password",
            format!(
                "The specified password does not comply with password complexity requirements. \
                 {why} Please provide a different password."
            ),
        ))
    };
    if !LENGTH.contains(&length) {
        return refused("It has to have 8 to 256 characters.");
    }
    let has = |is: fn(char) -> bool| usize::from(text.chars().any(is));
    let classes = has(char::is_lowercase)
        + has(char::is_uppercase)
        + has(|c| c.is_ascii_digit())
        + has(|c| !c.is_lowercase() && !c.is_uppercase() && !c.is_ascii_digit());
    if classes < CLASSES_MIN {
        return refused(
            "It has to have three of: lower case letters, upper case letters, digits, others.",
        );
    }
    if score(text) < SCORE_MIN {
        return refused("It is too close to words that many passwords are made of.");
    }
    Ok(())
}

/// How much a password counts: one for each common word, one for each other character. Digits are
/// tried as they are and as the letters that they stand for; the lower count holds.
fn score(text: &str) -> usize {
    let folded = types::fold(text);
    let letters: String = folded
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | '!' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            other => other,
        })
        .collect();
    let count = |mut rest: String| {
        for word in COMMON {
            // No password has this character (U+FFFF is none), so words can't grow together.
            rest = rest.replace(word, "\u{ffff}");
        }
        rest.chars().count()
    };
    count(folded).min(count(letters))
}
