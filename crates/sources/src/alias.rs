//! Makes names to sign in with: what Graph allows as a user principal name, from what a source has.
//!
//! Rules: accents are taken off and a few letters written out (`ß` as `ss`); a letter without such a
//! form (Cyrillic, Han …) makes the text unusable instead of being dropped, because a name with holes
//! belongs to nobody; what isn't a letter or digit and isn't allowed is dropped. Source: Graph, create
//! user, `userPrincipalName`; Unicode normalization form KD.

use types::{DomainName, Upn};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// The longest alias.
const ALIAS_BYTES_MAX: usize = 64;

/// The alias that `text` gives, or none.
pub(crate) fn alias(text: &str) -> Option<String> {
    let mut out = String::new();
    for ch in text.trim().nfkd() {
        match ch {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '\'' | '.' | '-' | '_' | '!' | '#' | '^' | '~' => {
                out.push(ch);
            }
            'ß' => out.push_str("ss"),
            'ẞ' => out.push_str("SS"),
            'æ' => out.push_str("ae"),
            'Æ' => out.push_str("Ae"),
            'œ' => out.push_str("oe"),
            'Œ' => out.push_str("Oe"),
            'ø' => out.push('o'),
            'Ø' => out.push('O'),
            'ł' => out.push('l'),
            'Ł' => out.push('L'),
            'đ' | 'ð' => out.push('d'),
            'Đ' | 'Ð' => out.push('D'),
            'þ' => out.push_str("th"),
            'Þ' => out.push_str("Th"),
            'ı' => out.push('i'),
            '’' => out.push('\''),
            _ if ch.is_whitespace() && out.ends_with('.') => {}
            _ if ch.is_whitespace() => out.push('.'),
            _ if is_combining_mark(ch)
                && out.ends_with(|last: char| last.is_ascii_alphabetic()) => {}
            _ if ch.is_alphanumeric() => return None,
            _ => {}
        }
    }
    out.truncate(ALIAS_BYTES_MAX);
    let out = out.trim_matches('.');
    (!out.is_empty()).then(|| out.to_owned())
}

/// A user principal name or, without a domain, an alias; or none where `text` gives neither.
pub(crate) fn sign_in_name(text: &str) -> Option<String> {
    let text = text.trim();
    let Some((local, domain)) = text.rsplit_once('@') else {
        return alias(text);
    };
    DomainName::parse(domain).ok()?;
    let name = format!("{}@{domain}", alias(local)?);
    Upn::parse(&name).ok().map(|_| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_accents_off_and_keeps_what_is_allowed() {
        for (text, expected) in [
            ("Łukasz Żółć", "Lukasz.Zolc"),
            ("Nguyễn Đức", "Nguyen.Duc"),
            ("Groß, Jörg", "Gross.Jorg"),
            ("o’brien", "o'brien"),
            (".Işık.", "Isik"),
        ] {
            assert_eq!(alias(text).as_deref(), Some(expected));
        }
        assert_eq!(alias("Иван"), None);
        assert_eq!(alias("山田1"), None);
        assert_eq!(alias("..."), None);
    }

    #[test]
    fn keeps_domains_and_refuses_what_is_none() {
        assert_eq!(
            sign_in_name("jörg@contoso.example").as_deref(),
            Some("jorg@contoso.example")
        );
        assert_eq!(sign_in_name("jorg@contoso"), None);
        assert_eq!(sign_in_name("jorg").as_deref(), Some("jorg"));
    }
}
