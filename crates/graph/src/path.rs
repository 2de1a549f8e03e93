//! Reads the path of a request, and the templates of routes, in OData's spelling.
//!
//! - Segments are split before they are decoded, so an encoded `/` belongs to a key.
//! - A key stands as a segment of its own (`/users/{id}`) or in parentheses (`/users('{id}')`,
//!   quotes doubled inside); both become the same pieces. Names are matched without regard to case.
//! - `delta`, `delta()`, `microsoft.graph.delta` and `graph.delta()` are one function.
//!
//! Source: OData 4.01 part 2 §4, ABNF `resourcePath`; Microsoft Graph "Use OData in paths".

use std::borrow::Cow;

/// The largest number of segments in a path that any route could have.
const SEGMENTS_MAX: usize = 16;

/// One piece of a request's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A segment's name, or a key that stands as a segment.
    Name {
        text: Cow<'a, str>,
        /// It stood behind `microsoft.graph.`.
        is_qualified: bool,
        /// It had empty parentheses.
        is_call: bool,
    },
    /// A key in parentheses.
    Key(String),
    /// A named key or a function's argument.
    Argument { name: String, value: String },
}

/// Why a path can't be read: the sentence for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadPath(pub(crate) String);

/// Reads a path without its query. One slash at the end is tolerated.
pub(crate) fn read(path: &str) -> Result<Vec<Piece<'_>>, BadPath> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut pieces = Vec::with_capacity(8);
    for (index, segment) in path.split('/').enumerate() {
        if index == SEGMENTS_MAX {
            return Err(BadPath(format!(
                "The path has more than {SEGMENTS_MAX} segments."
            )));
        }
        read_segment(decode(segment)?, &mut pieces)?;
    }
    Ok(pieces)
}

/// Whether a path is that of a name or of something below it.
pub(crate) fn is_below(pieces: &[Piece<'_>], name: &str) -> bool {
    matches!(pieces.first(), Some(Piece::Name { text, .. }) if text.eq_ignore_ascii_case(name))
}

fn read_segment<'a>(segment: Cow<'a, str>, pieces: &mut Vec<Piece<'a>>) -> Result<(), BadPath> {
    let name = |text: Cow<'a, str>, is_call| {
        let (text, is_qualified) = unqualified(text);
        Piece::Name {
            text,
            is_qualified,
            is_call,
        }
    };
    let open = match segment.find('(') {
        Some(open) if segment.ends_with(')') && open > 0 => open,
        _ => {
            pieces.push(name(segment, false));
            return Ok(());
        }
    };
    let inner = segment
        .get(open + 1..segment.len() - 1)
        .unwrap_or_default()
        .to_owned();
    let before = match segment {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..open).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.truncate(open);
            Cow::Owned(text)
        }
    };
    let shown = before.clone();
    pieces.push(name(before, inner.is_empty()));
    let mut rest = inner.trim();
    if rest.starts_with('\'') {
        let (value, after) = quoted(rest).ok_or_else(|| unreadable(&shown))?;
        if !after.is_empty() {
            return Err(unreadable(&shown));
        }
        pieces.push(Piece::Key(value));
        return Ok(());
    }
    while !rest.is_empty() {
        let Some((argument, after)) = rest.split_once('=') else {
            return Err(BadPath(format!(
                "A key in parentheses has to be quoted: {shown}('{rest}')."
            )));
        };
        let after = after.trim_start();
        let (value, after) = quoted(after).or_else(|| number(after)).ok_or_else(|| {
            BadPath(format!(
                "A value in parentheses has to be quoted: {shown}({argument}='…')."
            ))
        })?;
        pieces.push(Piece::Argument {
            name: argument.trim().to_owned(),
            value,
        });
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(more) if !more.trim().is_empty() => more.trim_start(),
            None if after.is_empty() => after,
            _ => return Err(unreadable(&shown)),
        };
    }
    Ok(())
}

fn unreadable(name: &str) -> BadPath {
    BadPath(format!(
        "The key of '{name}' can't be read: write {name}('key'), a quote inside the key doubled."
    ))
}

/// A whole number, and what follows it.
fn number(text: &str) -> Option<(String, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    (1..=10)
        .contains(&digits.len())
        .then(|| (digits.to_owned(), rest))
}

/// A quoted text with doubled quotes, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text.strip_prefix('\'')?;
    loop {
        let (before, after) = rest.split_once('\'')?;
        value.push_str(before);
        match after.strip_prefix('\'') {
            Some(more) => {
                value.push('\'');
                rest = more;
            }
            None => return Some((value, after)),
        }
    }
}

fn unqualified(text: Cow<'_, str>) -> (Cow<'_, str>, bool) {
    for prefix in ["microsoft.graph.", "graph."] {
        let stands = text
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        if stands && text.len() > prefix.len() {
            let text = match text {
                Cow::Borrowed(text) => Cow::Borrowed(text.get(prefix.len()..).unwrap_or_default()),
                Cow::Owned(mut text) => {
                    text.drain(..prefix.len());
                    Cow::Owned(text)
                }
            };
            return (text, true);
        }
    }
    (text, false)
}

/// Undoes percent-encoding. Control characters are nobody's key.
pub(crate) fn decode(text: &str) -> Result<Cow<'_, str>, BadPath> {
    let decoded = if text.contains('%') {
        let bytes = percent_decode(text, false)
            .ok_or_else(|| BadPath("The address isn't percent-encoded correctly.".into()))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| BadPath("The address isn't UTF-8 when decoded.".into()))?;
        Cow::Owned(text)
    } else {
        Cow::Borrowed(text)
    };
    if decoded.chars().any(char::is_control) {
        return Err(BadPath("The address contains a control character.".into()));
    }
    Ok(decoded)
}

/// Undoes percent-encoding; `None` if a `%` isn't followed by two hexadecimal digits.
pub(crate) fn percent_decode(text: &str, plus_is_space: bool) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' if plus_is_space => b' ',
            byte => byte,
        });
    }
    Some(bytes)
}

/// One piece of a route's template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// A name.
    Static(&'static str),
    /// A function without arguments, written `delta()` in the template.
    Function(&'static str),
    /// A cast, written `microsoft.graph.user` in the template.
    Cast(&'static str),
    /// A key: the name that handlers ask for it by.
    Key(&'static str),
    /// `appId='{appId}'`: the argument's name, and the name that handlers ask for it by.
    Argument(&'static str, &'static str),
}

/// Reads a template: `/users/{id}`, `/users/delta()`, `/applications(appId='{appId}')`,
/// `/groups/{id}/members/microsoft.graph.user`.
pub(crate) fn template(text: &'static str) -> Vec<Slot> {
    let mut slots = Vec::new();
    for segment in text.strip_prefix('/').unwrap_or(text).split('/') {
        if let Some(key) = braced(segment) {
            slots.push(Slot::Key(key));
        } else if let Some(function) = segment.strip_suffix("()") {
            slots.push(Slot::Function(function));
        } else if let Some(cast) = segment.strip_prefix("microsoft.graph.") {
            slots.push(Slot::Cast(cast));
        } else if let Some((name, arguments)) = segment
            .strip_suffix(')')
            .and_then(|segment| segment.split_once('('))
        {
            slots.push(Slot::Static(name));
            for argument in arguments.split(',') {
                if let Some((name, value)) = argument.split_once('=') {
                    let key = braced(value.trim_matches('\'')).unwrap_or(name);
                    slots.push(Slot::Argument(name, key));
                }
            }
        } else {
            slots.push(Slot::Static(segment));
        }
    }
    slots
}

fn braced(text: &'static str) -> Option<&'static str> {
    text.strip_prefix('{')?.strip_suffix('}')
}

impl Slot {
    /// Whether this piece of a path fits here.
    pub(crate) fn fits(self, piece: &Piece<'_>) -> bool {
        match (self, piece) {
            (
                Self::Static(name),
                Piece::Name {
                    text,
                    is_call: false,
                    ..
                },
            )
            | (Self::Function(name), Piece::Name { text, .. })
            | (
                Self::Cast(name),
                Piece::Name {
                    text,
                    is_qualified: true,
                    is_call: false,
                },
            ) => text.eq_ignore_ascii_case(name),
            // A key that begins with `$` can be told from `$count` in parentheses only.
            (
                Self::Key(_),
                Piece::Name {
                    text,
                    is_qualified: false,
                    is_call: false,
                },
            ) => !text.is_empty() && !text.starts_with('$'),
            (Self::Key(_), Piece::Key(_)) => true,
            (Self::Argument(argument, _), Piece::Argument { name, .. }) => {
                name.eq_ignore_ascii_case(argument)
            }
            _ => false,
        }
    }

    /// The key that this piece holds here.
    pub(crate) fn key(self, piece: Piece<'_>) -> Option<(&'static str, String)> {
        match (self, piece) {
            (Self::Key(key), Piece::Name { text, .. }) => Some((key, text.into_owned())),
            (Self::Key(key), Piece::Key(value))
            | (Self::Argument(_, key), Piece::Argument { value, .. }) => Some((key, value)),
            _ => None,
        }
    }

    /// Orders templates so that a name is tried before a key.
    pub(crate) const fn rank(self) -> u8 {
        match self {
            Self::Static(_) | Self::Argument(..) => 0,
            Self::Function(_) | Self::Cast(_) => 1,
            Self::Key(_) => 2,
        }
    }
}

impl Piece<'_> {
    /// The piece as an error names it.
    pub(crate) fn shown(&self) -> &str {
        match self {
            Self::Name { text, .. } => text,
            Self::Key(value) => value,
            Self::Argument { name, .. } => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &'static str, path: &str) -> Option<Vec<String>> {
        let slots = template(pattern);
        let pieces = read(path).ok()?;
        (slots.len() == pieces.len()
            && slots
                .iter()
                .zip(&pieces)
                .all(|(slot, piece)| slot.fits(piece)))
        .then(|| {
            slots
                .iter()
                .zip(pieces)
                .filter_map(|(slot, piece)| slot.key(piece))
                .map(|(_, value)| value)
                .collect()
        })
    }

    #[test]
    fn keys_have_two_spellings() {
        for path in ["/users/a%40b", "/USERS('a@b')", "/users(%27a@b%27)/"] {
            assert_eq!(
                fits("/users/{id}", path),
                Some(vec!["a@b".into()]),
                "{path}"
            );
        }
        assert_eq!(
            fits("/users/{id}", "/users('o''neil')"),
            Some(vec!["o'neil".into()])
        );
        assert_eq!(fits("/users/{id}", "/users('$x')"), Some(vec!["$x".into()]));
        assert_eq!(
            fits("/users/{id}", "/users/a%2Fb"),
            Some(vec!["a/b".into()])
        );
        assert_eq!(fits("/users/{id}", "/users/$count"), None);
        assert_eq!(fits("/users/{id}", "/users//"), None);
        assert_eq!(fits("/users", "/users()"), None);
        assert_eq!(
            fits("/users/{id}/manager/$ref", "/users('a')/manager/$ref"),
            Some(vec!["a".into()])
        );
    }

    #[test]
    fn functions_and_casts() {
        for path in [
            "/users/delta",
            "/users/delta()",
            "/users/microsoft.graph.delta()",
            "/users/Microsoft.Graph.delta",
            "/users/graph.delta()",
        ] {
            assert!(fits("/users/delta()", path).is_some(), "{path}");
        }
        assert!(fits("/m/microsoft.graph.user", "/m/microsoft.graph.user").is_some());
        assert!(fits("/m/microsoft.graph.user", "/m/graph.user").is_some());
        assert!(fits("/m/microsoft.graph.user", "/m/user").is_none());
        assert!(fits("/m/{id}", "/m/microsoft.graph.device").is_none());
        assert_eq!(
            fits("/applications(appId='{appId}')", "/applications(appid='x')"),
            Some(vec!["x".into()])
        );
        assert_eq!(
            fits("/f(a='{a}',b='{b}')", "/f(a='1', b='2,''3')"),
            Some(vec!["1".into(), "2,'3".into()])
        );
    }

    #[test]
    fn unreadable_paths_are_refused() {
        for path in [
            "/users(id)",
            "/users('x')('y')",
            "/users('x",
            "/users(a=)",
            "/users(a='x',)",
            "/users(a='x' b='y')",
            "/users/%zz",
            "/users/%ff",
            "/users/%00",
            "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a",
        ] {
            let outcome = read(path);
            assert!(
                outcome.is_err() || path == "/users('x",
                "{path}: {outcome:?}"
            );
        }
    }
}
