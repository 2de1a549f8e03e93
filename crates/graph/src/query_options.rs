//! The query of an address: OData's system query options, and parameters of our own.
//!
//! - A route says which options it knows ([`Allowed`]); any other is refused, never ignored.
//! - Names are matched without regard to case; `$` may be left out, as Graph lets it.
//! - An option given twice is refused: there is no telling which one was meant.
//!
//! Source: OData 4.01 part 2 §5.1, Microsoft Graph "query parameters" and "advanced queries".

use http::StatusCode;

use crate::errors::Refusal;
use crate::path::percent_decode;

/// The largest number of parameters in a query.
const PARAMETERS_MAX: usize = 64;

/// A set of query options that a route knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowed(u16);

impl Allowed {
    /// None.
    pub const NONE: Self = Self(0);
    /// `$select`.
    pub const SELECT: Self = Self(1);
    /// `$filter`.
    pub const FILTER: Self = Self(1 << 1);
    /// `$orderby`.
    pub const ORDER_BY: Self = Self(1 << 2);
    /// `$top`.
    pub const TOP: Self = Self(1 << 3);
    /// `$skiptoken`, of links that were handed out.
    pub const SKIP_TOKEN: Self = Self(1 << 4);
    /// `$deltatoken`, of links that were handed out.
    pub const DELTA_TOKEN: Self = Self(1 << 5);
    /// `$count`.
    pub const COUNT: Self = Self(1 << 6);
    /// `$search`.
    pub const SEARCH: Self = Self(1 << 7);
    /// `$expand`.
    pub const EXPAND: Self = Self(1 << 8);
    /// What a list of objects with pages knows: all but `$search`, `$expand` and `$deltatoken`.
    pub const LIST: Self = Self::SELECT
        .and(Self::FILTER)
        .and(Self::ORDER_BY)
        .and(Self::TOP)
        .and(Self::SKIP_TOKEN)
        .and(Self::COUNT);
    /// What a delta function knows.
    pub const DELTA: Self = Self::SELECT
        .and(Self::FILTER)
        .and(Self::TOP)
        .and(Self::SKIP_TOKEN)
        .and(Self::DELTA_TOKEN);

    const NAMES: [(&'static str, Self); 9] = [
        ("$select", Self::SELECT),
        ("$filter", Self::FILTER),
        ("$orderby", Self::ORDER_BY),
        ("$top", Self::TOP),
        ("$skiptoken", Self::SKIP_TOKEN),
        ("$deltatoken", Self::DELTA_TOKEN),
        ("$count", Self::COUNT),
        ("$search", Self::SEARCH),
        ("$expand", Self::EXPAND),
    ];

    /// Both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// Whether all of `other` is in this set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    /// The names in this set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .filter(move |(_, option)| self.has(*option))
            .map(|(name, _)| name)
    }
}

/// The options of a request, decoded, not yet understood.
#[derive(Debug, Clone, Default)]
pub struct QueryOptions {
    /// `$select`.
    pub select: Option<String>,
    /// `$filter`.
    pub filter: Option<String>,
    /// `$orderby`.
    pub order_by: Option<String>,
    /// `$skiptoken`.
    pub skip_token: Option<String>,
    /// `$deltatoken`.
    pub delta_token: Option<String>,
    /// `$search`.
    pub search: Option<String>,
    /// `$expand`.
    pub expand: Option<String>,
    /// `$count=true`.
    pub count: bool,
    /// `ConsistencyLevel: eventual`.
    pub is_eventual: bool,
    top: Option<String>,
    parameters: Vec<(String, String)>,
}

impl QueryOptions {
    /// Reads a query and the header that goes with it.
    pub(crate) fn parse(
        query: &str,
        consistency_level: Option<&str>,
        allowed: Allowed,
    ) -> Result<Self, Refusal> {
        let mut options = Self {
            is_eventual: read_consistency_level(consistency_level)?,
            ..Self::default()
        };
        let mut seen = Allowed::NONE;
        for (index, (name, value)) in pairs(query)?.into_iter().enumerate() {
            if index == PARAMETERS_MAX {
                return Err(Refusal::bad_request(format!(
                    "The query has more than {PARAMETERS_MAX} parameters."
                )));
            }
            let bare = name.strip_prefix('$').unwrap_or(&name);
            let known = Allowed::NAMES
                .into_iter()
                .find(|(known, _)| known.trim_start_matches('$').eq_ignore_ascii_case(bare));
            let Some((known, option)) = known else {
                options.unknown(name, value)?;
                continue;
            };
            if !allowed.has(option) {
                return Err(unsupported(known));
            }
            if seen.has(option) {
                return Err(Refusal::bad_request(format!(
                    "Query option '{known}' was specified more than once, but it must be specified at most once."
                )));
            }
            seen = seen.and(option);
            options.set(option, value)?;
        }
        Ok(options)
    }

    /// Reads a query that isn't OData's: every name is a parameter.
    pub(crate) fn plain(query: &str) -> Result<Self, Refusal> {
        Ok(Self {
            parameters: pairs(query)?,
            ..Self::default()
        })
    }

    fn set(&mut self, option: Allowed, value: String) -> Result<(), Refusal> {
        let place = match option {
            Allowed::SELECT => &mut self.select,
            Allowed::FILTER => &mut self.filter,
            Allowed::ORDER_BY => &mut self.order_by,
            Allowed::SKIP_TOKEN => &mut self.skip_token,
            Allowed::DELTA_TOKEN => &mut self.delta_token,
            Allowed::SEARCH => &mut self.search,
            Allowed::EXPAND => &mut self.expand,
            Allowed::TOP => &mut self.top,
            _ => {
                self.count = match value.trim() {
                    text if text.eq_ignore_ascii_case("true") => true,
                    text if text.eq_ignore_ascii_case("false") => false,
                    _ => {
                        return Err(Refusal::bad_request(
                            "Invalid value for $count: it has to be true or false.",
                        ));
                    }
                };
                return Ok(());
            }
        };
        *place = Some(value);
        Ok(())
    }

    fn unknown(&mut self, name: String, value: String) -> Result<(), Refusal> {
        if name.eq_ignore_ascii_case("$skip") {
            return Err(Refusal::bad_request(
                "'$skip' is not supported by the service.",
            ));
        }
        if name.eq_ignore_ascii_case("$format") {
            let is_json = value
                .split(';')
                .next()
                .is_some_and(|kind| ["json", "application/json"].contains(&kind.trim()));
            return if is_json {
                Ok(())
            } else {
                Err(Refusal::bad_request(
                    "Invalid value for $format: answers are JSON.",
                ))
            };
        }
        if name.starts_with('$') {
            return Err(unsupported(&name));
        }
        self.parameters.push((name, value));
        Ok(())
    }

    /// The size of a page: `$top`, at most `max`; `default` without it.
    pub fn page_size(&self, default: u32, max: u32) -> Result<u32, Refusal> {
        let Some(text) = &self.top else {
            return Ok(default);
        };
        match text.trim().parse() {
            Ok(size) if (1..=max).contains(&size) => Ok(size),
            _ => Err(Refusal::bad_request(format!(
                "Invalid page size specified: '{}'. Must be between 1 and {max} inclusive.",
                text.chars().take(32).collect::<String>()
            ))
            .with_target("$top")),
        }
    }

    /// Whether advanced queries on directory objects were asked for in full: the header and
    /// `$count=true`.
    pub const fn is_advanced(&self) -> bool {
        self.is_eventual && self.count
    }

    /// A parameter that isn't a query option of OData.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }
}

fn unsupported(name: &str) -> Refusal {
    let shown: String = name.chars().take(32).collect();
    Refusal::bad_request(format!("The query option '{shown}' isn't supported here."))
        .with_target(shown)
}

fn read_consistency_level(header: Option<&str>) -> Result<bool, Refusal> {
    match header.map(str::trim) {
        None => Ok(false),
        Some(level) if level.eq_ignore_ascii_case("eventual") => Ok(true),
        Some(level) if level.eq_ignore_ascii_case("session") => Ok(false),
        Some(_) => Err(Refusal::bad_request(
            "Invalid value for the header ConsistencyLevel: it has to be eventual.",
        )
        .with_target("ConsistencyLevel")),
    }
}

/// The parameters of a query or of a form, decoded.
pub(crate) fn pairs(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let decode = |text: &str| {
        percent_decode(text, true)
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .filter(|text| !text.contains('\0'))
            .ok_or_else(|| {
                Refusal::new(
                    StatusCode::BAD_REQUEST,
                    "Request_BadRequest",
                    "The parameters aren't percent-encoded UTF-8.",
                )
            })
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

/// Percent-encodes a value for a link.
pub(crate) fn encode(value: &str, link: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            link.push(char::from(byte));
        } else {
            link.push('%');
            for digit in [byte >> 4, byte & 15] {
                link.push(char::from(
                    DIGITS.get(usize::from(digit)).copied().unwrap_or(b'0'),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<QueryOptions, Refusal> {
        QueryOptions::parse(query, None, Allowed::LIST)
    }

    #[test]
    fn options_are_decoded() {
        let options = parse(
            "$filter=department%20eq%20%27Sales%27&$select=id,department&$top=5&%24count=true",
        )
        .unwrap();
        assert_eq!(options.filter.as_deref(), Some("department eq 'Sales'"));
        assert_eq!(options.select.as_deref(), Some("id,department"));
        assert_eq!(options.page_size(100, 999).unwrap(), 5);
        assert!(options.count);
        assert_eq!(parse("top=7").unwrap().page_size(100, 999).unwrap(), 7);
        assert_eq!(parse("").unwrap().page_size(100, 999).unwrap(), 100);
        assert_eq!(parse("a=b+c").unwrap().parameter("a"), Some("b c"));
        parse("$format=json").unwrap();
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for query in [
            "$skip=1",
            "$nonsense=1",
            "$search=x",
            "$expand=x",
            "$deltatoken=x",
            "$select=a&$SELECT=b",
            "$select=a&select=b",
            "$count=1",
            "$filter=%ff",
            "$filter=%zz",
            "$filter=a%00b",
            "$format=xml",
        ] {
            assert!(parse(query).is_err(), "{query}");
        }
        for top in ["0", "1000", "-1", "x", "", "99999999999"] {
            let options = parse(&format!("$top={top}")).unwrap();
            assert!(options.page_size(100, 999).is_err(), "{top}");
        }
    }

    #[test]
    fn links_survive_decoding() {
        let mut link = String::from("t=");
        encode("a b&c=é", &mut link);
        assert_eq!(
            pairs(&link).unwrap(),
            [("t".to_owned(), "a b&c=é".to_owned())]
        );
    }
}
