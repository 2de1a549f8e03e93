//! What a password must be: long enough, mixed, and not what everybody takes.
//!
//! - 8 to 256 characters, three of lower case, upper case, digits and others.
//! - Common words count as one character each, in any case and with the usual replacements (`0`
//!   for `o` …), and so do the names of the user and of the tenant; what remains must count at least
//!   five.
//! - What is left of a password without the digits and signs at its ends counts as one character if
//!   it is what many passwords are, of which `common.bin` knows 11,782: the first four bytes of
//!   their FNV-1a hashes, sorted.
//!
//! Source: Microsoft Entra, password policies; Microsoft Entra Password Protection, "How are
//! passwords evaluated"; the list of Django 5.2 (BSD-3-Clause), which is Royce Williams's of the most
//! frequent in Pwned Passwords.

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

/// What many passwords are, hashed.
static MANY: &[u8] = include_bytes!("common.bin");
/// The shortest name that counts as one.
const NAME_MIN: usize = 4;

/// Checks a password that is to be set.
pub fn check(password: &Secret) -> Result<()> {
    check_for(password, &[])
}

/// [`check`] for somebody with these names: the user's, the tenant's.
pub fn check_for(password: &Secret, names: &[&str]) -> Result<()> {
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
    if score(text, &[]) < SCORE_MIN {
        return refused("It is too close to words that many passwords are made of.");
    }
    if score(text, &parts(names)) < SCORE_MIN {
        return refused("It is too close to the name of the user or of the organization.");
    }
    Ok(())
}

/// The words in names, longer ones before those that they contain.
fn parts(names: &[&str]) -> Vec<String> {
    let mut parts: Vec<String> = names
        .iter()
        .flat_map(|name| name.split(|c: char| !c.is_alphanumeric()))
        .map(types::fold)
        .filter(|part| part.chars().count() >= NAME_MIN)
        .collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts
}

/// Whether many passwords are this, without what stands at their ends.
fn is_common(text: &str) -> bool {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let wanted = ((hash >> 32) as u32).to_be_bytes();
    let (entries, _) = MANY.as_chunks::<4>();
    entries.binary_search(&wanted).is_ok()
}

/// How much a password counts: one for each common word or name, one for each other character.
/// Digits are tried as they are and as the letters that they stand for; the lower count holds.
fn score(text: &str, names: &[String]) -> usize {
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
    let words = || {
        names
            .iter()
            .map(String::as_str)
            .chain(COMMON.iter().copied())
    };
    let count = |mut rest: String| {
        let core = rest.trim_matches(|c: char| !c.is_alphabetic());
        let around = rest.chars().count() - core.chars().count();
        let as_a_whole = if is_common(core) || is_common(&rest) {
            around + 1
        } else {
            usize::MAX
        };
        for word in words() {
            // No password has this character (U+FFFF is none), so words can't grow together.
            rest = rest.replace(word, "\u{ffff}");
        }
        rest.chars().count().min(as_a_whole)
    };
    count(folded).min(count(letters))
}
