//! In which language a page is shown.

use crate::words::{self, Words};

/// A language that there is a catalogue of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Japanese.
    Japanese,
    /// Arabic.
    Arabic,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Japanese,
        Self::Arabic,
    ];

    /// Its tag (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Japanese => "ja",
            Self::Arabic => "ar",
        }
    }

    /// The direction of its script.
    pub(crate) const fn direction(self) -> &'static str {
        match self {
            Self::Arabic => "rtl",
            _ => "ltr",
        }
    }

    pub(crate) const fn words(self) -> &'static Words {
        match self {
            Self::English => &words::EN,
            Self::German => &words::DE,
            Self::French => &words::FR,
            Self::Spanish => &words::ES,
            Self::Japanese => &words::JA,
            Self::Arabic => &words::AR,
        }
    }

    fn of_tag(tag: &str) -> Option<Self> {
        let language = tag.split(['-', '_']).next()?;
        Self::ALL
            .into_iter()
            .find(|own| own.tag().eq_ignore_ascii_case(language))
    }

    /// The first of the languages that somebody would like ([`wished`]) that there is a catalogue of.
    pub fn choose<'a>(wished: impl IntoIterator<Item = &'a str>) -> Self {
        wished
            .into_iter()
            .find_map(Self::of_tag)
            .unwrap_or_default()
    }
}

/// The tags of the languages that somebody would like, the most wanted first: `ui_locales` (OpenID
/// Connect Core §3.1.2.1), then `Accept-Language` (RFC 9110 §12.5.4); 64 at most.
pub fn wished<'a>(ui_locales: Option<&'a str>, accept_language: Option<&'a str>) -> Vec<&'a str> {
    let mut accepted: Vec<(f32, &str)> = accept_language
        .unwrap_or_default()
        .split(',')
        .take(32)
        .filter_map(|range| {
            let mut parts = range.trim().split(';');
            let tag = parts.next()?.trim();
            let weight = parts.find_map(|part| part.trim().strip_prefix("q="));
            let weight: f32 = weight.map_or(Some(1.0), |q| q.trim().parse().ok())?;
            (weight > 0.0).then_some((weight, tag))
        })
        .collect();
    // Stable: of equal weights, the first.
    accepted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let asked = ui_locales.unwrap_or_default().split(' ').take(32);
    let accepted = accepted.into_iter().map(|(_, tag)| tag);
    asked
        .chain(accepted)
        .filter(|tag| !tag.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_that_there_is_wins() {
        let of = |asked, accepted| Language::choose(wished(asked, accepted));
        assert_eq!(of(None, None), Language::English);
        assert_eq!(
            of(None, Some("pt, de-AT;q=0.8, fr;q=0.9")),
            Language::French
        );
        assert_eq!(of(Some("xx ja-JP"), Some("de")), Language::Japanese);
        assert_eq!(of(None, Some("de;q=0, es;q=0.1")), Language::Spanish);
        assert_eq!(of(None, Some(";;q=x,,*")), Language::English);
    }

    #[test]
    fn every_catalogue_has_the_same_places_for_names() {
        let places = |words: &Words| -> Vec<Vec<String>> {
            let all = words.all().into_iter();
            all.map(|text| {
                let mut found: Vec<String> = text
                    .match_indices('{')
                    .filter_map(|(at, _)| Some(text[at..].split_once('}')?.0.to_owned()))
                    .collect();
                found.sort();
                found
            })
            .collect()
        };
        for language in Language::ALL {
            assert_eq!(places(language.words()), places(&words::EN), "{language:?}");
            assert!(language.words().all().iter().all(|text| !text.is_empty()));
        }
    }
}
