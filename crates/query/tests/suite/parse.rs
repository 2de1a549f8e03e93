//! What the parsers read and refuse.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;
use query::filter::{
    Comparison, Expression, MAX_DEPTH, MAX_NODES, MAX_TEXT, Node, Path, Position, Quantifier,
};
use query::{Filter, OrderBy, parse_filter, parse_log_filter, parse_orderby, parse_select};
use types::Error;

/// The filter as it is written back.
fn read(text: &str) -> String {
    parse_filter(text)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .to_string()
}

fn message(text: &str) -> String {
    match parse_filter(text) {
        Ok(filter) => panic!("'{text}' was read as '{filter}'"),
        Err(Error::Invalid { target, message }) => {
            assert_eq!(target.as_deref(), Some("$filter"));
            message
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn every_construct_is_read() {
    for text in [
        "a eq 'x'",
        "a ne 'x'",
        "a gt 1",
        "a ge -1",
        "a lt 9223372036854775807",
        "a le -9223372036854775808",
        "a/b/c eq 'it''s'",
        "a eq ''",
        "a eq ''''",
        "a eq true",
        "a eq false",
        "a eq null",
        "a eq 6f1b2c3d-0000-4000-8000-00000000000a",
        "a ge 2026-01-01T00:00:00Z",
        "a in ('x')",
        "a in ('x','y',1)",
        "startswith(a,'x')",
        "endswith(a/b,'x')",
        "contains(a,'x')",
        "a eq 1 and b eq 2 and c eq 3",
        "a eq 1 or b eq 2 and c eq 3",
        "(a eq 1 or b eq 2) and c eq 3",
        "(a eq 1 and b eq 2) and c eq 3",
        "(a eq 1 or b eq 2) or c eq 3",
        "not (a eq 1)",
        "not (not (a eq 1 or b eq 2))",
        "a/any()",
        "a/any(x:x eq 'v')",
        "a/any(x:startswith(x,'v'))",
        "a/b/any(x:x/sub eq 'v' or x/sub eq 'w')",
        "a/all(x:not (x eq 'v'))",
        "a/any(x:x/b/any(y:y eq 'v'))",
        "a/$count eq 0",
        "a/b/$count ne 0",
        "notes eq 1 and order eq 2 or android eq 3",
    ] {
        assert_eq!(read(text), text);
    }
}

#[test]
fn other_spellings_are_read() {
    for (text, written) in [
        ("  a   EQ\t'x' ", "a eq 'x'"),
        ("a eq 1 AND b eq 2 Or c eq 3", "a eq 1 and b eq 2 or c eq 3"),
        ("NOT startsWith(a, 'x')", "not (startswith(a,'x'))"),
        ("not(startsWith ( a , 'x' ))", "not (startswith(a,'x'))"),
        ("((a eq 1))", "a eq 1"),
        ("(a eq 1)and(b eq 2)", "a eq 1 and b eq 2"),
        ("a IN('x' , 'y')", "a in ('x','y')"),
        ("a/Any( x : x eq 'v' )", "a/any(x:x eq 'v')"),
        (
            "startswith(a,'x') eq true and b eq 1",
            "startswith(a,'x') and b eq 1",
        ),
        ("startswith(a,'x') eq false", "not (startswith(a,'x'))"),
        ("a/any(x:x eq 'v') ne true", "not (a/any(x:x eq 'v'))"),
        ("a eq TRUE", "a eq true"),
        (
            "a eq 6F1B2C3D-0000-4000-8000-00000000000A",
            "a eq 6f1b2c3d-0000-4000-8000-00000000000a",
        ),
        ("a ge 2026-01-01", "a ge 2026-01-01T00:00:00Z"),
        ("a ge 2026-01-01T10:30Z", "a ge 2026-01-01T10:30:00Z"),
        (
            "a ge 2026-01-01t10:30:00.25+02:00",
            "a ge 2026-01-01T08:30:00.25Z",
        ),
    ] {
        assert_eq!(read(text), written, "{text}");
    }
}

#[test]
fn nonsense_is_refused_at_its_place() {
    for (text, wanted) in [
        ("", "expected a condition at position 0"),
        ("   ", "expected a condition at position 3"),
        (
            "a",
            "expected an operator: eq, ne, gt, ge, lt, le or in at position 1",
        ),
        (
            "a like 'x'",
            "expected an operator: eq, ne, gt, ge, lt, le or in at position 2",
        ),
        ("a eq", "expected a value at position 4"),
        (
            "a eq 'x",
            "There is an unterminated string literal at position 5",
        ),
        ("a eq b", "'b' isn't a value"),
        ("a eq 1.5", "'1.5' isn't a value"),
        (
            "a eq 9223372036854775808",
            "'9223372036854775808' isn't a value",
        ),
        ("a eq 2026-13-01T00:00:00Z", "isn't a value"),
        ("a eq 2026-01-01T00:00:00", "isn't a value"),
        ("a eq 0000-01-01T00:00:00+02:00", "isn't a value"),
        (
            "a eq guid'x'",
            "'guid' isn't a type of literal that filters know at position 5",
        ),
        (
            "a eq 1 b eq 2",
            "expected 'and', 'or' or the end at position 7",
        ),
        ("a eq 1 and", "expected a condition at position 10"),
        ("(a eq 1", "expected ')' at position 7"),
        ("a eq 1)", "expected 'and', 'or' or the end at position 6"),
        ("not", "expected an operator"),
        (
            "tolower(a) eq 'x'",
            "An unknown function with name 'tolower' was found at position 0",
        ),
        (
            "startswith('x',a)",
            "expected a property name at position 11",
        ),
        ("startswith(a)", "expected ',' at position 12"),
        (
            "startswith(a,'x') eq 1",
            "a condition can only be compared 'eq true'",
        ),
        ("a in ()", "expected a value at position 6"),
        ("a in ('x'", "expected ')' at position 9"),
        ("a/ eq 1", "expected a property name at position 2"),
        ("a/$counter eq 0", "expected a property name at position 2"),
        (
            "a/$count eq '0'",
            "'$count' is compared with a whole number at position 12",
        ),
        (
            "a/first(x:x eq 1)",
            "'first' isn't 'any' or 'all' at position 2",
        ),
        ("a/all()", "expected a variable"),
        ("a/any(x)", "expected ':' at position 7"),
        ("a/any(x:)", "expected a condition at position 8"),
        ("é eq 1", "expected a condition at position 0"),
        (
            "a eq 'é' é",
            "expected 'and', 'or' or the end at position 10",
        ),
    ] {
        let message = message(text);
        assert!(message.starts_with("Invalid filter clause: "), "{message}");
        assert!(message.contains(wanted), "{text}: {message}");
    }
}

#[test]
fn positions_are_kept() {
    let filter = parse_filter("a eq 1 or  b/c eq 'x'").unwrap();
    let Expression::Or(nodes) = &filter.root().expression else {
        panic!("{filter}")
    };
    let Expression::Compare { path, value, .. } = &nodes[1].expression else {
        panic!("{filter}")
    };
    assert_eq!((nodes[1].at.0, path.at.0, value.at.0), (11, 11, 18));
}

#[test]
fn bounds_hold() {
    let values = |count| vec!["1"; count].join(",");
    assert!(parse_filter(&format!("a in ({})", values(15))).is_ok());
    assert!(message(&format!("a in ({})", values(16))).contains("1 to 15 values at position 36"));

    let nested = |depth: usize| format!("{}a eq 1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse_filter(&nested(MAX_DEPTH)).is_ok());
    assert!(message(&nested(MAX_DEPTH + 1)).contains("nested deeper than 32 at position 32"));
    let nots = |depth: usize| format!("{}a eq 1", "not ".repeat(depth));
    assert!(parse_filter(&nots(MAX_DEPTH)).is_ok());
    assert!(message(&nots(MAX_DEPTH + 1)).contains("nested deeper than 32"));
    assert!(message(&nots(4000)).contains("nested deeper than 32"));
    assert!(message(&"a/any(x:".repeat(2000)).contains("nested deeper than 32"));
    assert!(message(&"(".repeat(MAX_TEXT)).contains("nested deeper than 32"));

    let many = |count: usize| vec!["a eq 1"; count].join(" or ");
    assert!(parse_filter(&many(MAX_NODES - 1)).is_ok());
    assert!(message(&many(MAX_NODES)).contains("more than 500 conditions at position 4990"));

    let long = |length: usize| format!("a eq '{}'", "x".repeat(length - 7));
    assert!(parse_filter(&long(MAX_TEXT)).is_ok());
    assert!(message(&long(MAX_TEXT + 1)).contains("longer than 16384 bytes"));
    assert!(parse_select(&"a".repeat(MAX_TEXT + 1)).is_err());
    assert!(parse_select(&vec!["a"; 201].join(",")).is_err());
}

#[test]
fn select_is_read() {
    assert_eq!(
        parse_select("id, displayName ,a/b,*").unwrap(),
        ["id", "displayName", "a/b", "*"]
    );
    for (text, wanted) in [
        ("", "expected a property name at position 0"),
        ("id,", "expected a property name at position 3"),
        ("id mail", "expected ',' at position 3"),
        ("id;mail", "expected ',' at position 2"),
    ] {
        let Err(Error::Invalid { target, message }) = parse_select(text) else {
            panic!("{text}")
        };
        assert_eq!(target.as_deref(), Some("$select"));
        assert!(message.contains(wanted), "{message}");
    }
}

#[test]
fn orderby_is_read() {
    let key = |property: &str, descending| OrderBy {
        property: property.into(),
        descending,
    };
    assert_eq!(
        parse_orderby("displayName, a/b DESC,c asc").unwrap(),
        [key("displayName", false), key("a/b", true), key("c", false)]
    );
    for (text, wanted) in [
        ("", "expected a property name at position 0"),
        ("a up", "expected 'asc', 'desc' or a comma at position 2"),
        ("a desc,", "expected a property name at position 7"),
        ("a desc b", "expected ',' at position 7"),
    ] {
        let Err(Error::Invalid { target, message }) = parse_orderby(text) else {
            panic!("{text}")
        };
        assert_eq!(target.as_deref(), Some("$orderby"));
        assert!(message.contains(wanted), "{message}");
    }
}

#[test]
fn trees_of_other_front_ends_are_checked() {
    let path = |name: &str| Path {
        at: Position(0),
        segments: vec![name.to_owned()],
    };
    let node = |expression| Node {
        at: Position(0),
        expression,
    };
    let any = |name: &str, quantifier| Expression::Lambda {
        path: path(name),
        quantifier,
        predicate: None,
    };
    assert_eq!(
        Filter::new(node(any("a", Quantifier::Any)))
            .unwrap()
            .to_string(),
        "a/any()"
    );
    let leaf = || node(any("a", Quantifier::Any));
    let deep = (0..=MAX_DEPTH).fold(leaf(), |tree, _| node(Expression::Not(Box::new(tree))));
    for wrong in [
        any("a", Quantifier::All),
        any("a b", Quantifier::Any),
        any("", Quantifier::Any),
        any("1", Quantifier::Any),
        Expression::And(vec![leaf()]),
        Expression::Or(vec![]),
        Expression::In {
            path: path("a"),
            values: vec![],
        },
        Expression::Count {
            path: Path {
                at: Position(0),
                segments: vec![],
            },
            comparison: Comparison::Equal,
            number: 0,
        },
        deep.expression,
    ] {
        assert!(Filter::new(node(wrong)).is_err());
    }
}

/// Text out of the language's own words, which gets further into the parser than noise does.
fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "a",
        "b/c",
        "eq",
        "ne",
        "and",
        "or",
        "not",
        "(",
        ")",
        "'x'",
        "'",
        "''",
        "1",
        "null",
        ",",
        "in",
        "any",
        "/any(x:",
        "all",
        "$count",
        "/$count",
        "startswith(",
        "x",
        " ",
        "/",
        "-",
        "é",
        "2026-01-01",
        "true",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

fn survives(text: &str) {
    let _ = parse_select(text);
    let _ = parse_orderby(text);
    match parse_filter(text) {
        Ok(filter) => {
            let written = filter.to_string();
            assert_eq!(
                parse_filter(&written).unwrap(),
                filter,
                "{text} -> {written}"
            );
        }
        Err(Error::Invalid { message, .. }) => {
            assert!(message.contains(" at position "), "{message}");
        }
        Err(other) => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        survives(&text);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_words_are_read_or_refused(text in words()) {
        survives(&text);
        survives(&text.replace(' ', ""));
    }

    #[test]
    fn any_search_is_read_or_refused(text in "(\\(|\\)|\"|:|\\\\| |AND|OR|NOT|a|é|displayName){0,40}", any in any::<String>()) {
        for text in [&text, &any] {
            let _ = query::parse_search(text);
            let quoted = format!("\"displayName:{}\"", text.replace(['\\', '"', '\0', '\u{1f}'], "x"));
            if !text.trim().is_empty() && quoted.len() < 4_096 {
                query::parse_search(&quoted).unwrap();
            }
        }
    }

    #[test]
    fn a_text_is_found_by_each_of_its_words(text in any::<String>()) {
        let words = query::search::words(&text);
        for word in &words {
            prop_assert!(!word.is_empty() && word.chars().count() <= 64);
        }
    }
}

#[test]
fn tolower_is_understood_around_paths_of_logs() {
    for (text, same) in [
        ("contains(tolower(a/b),'x')", "contains(a/b,'x')"),
        ("tolower( a ) eq 'x'", "a eq 'x'"),
        ("ToLower(a) in ('x','y')", "a in ('x','y')"),
    ] {
        let read = parse_log_filter(text).unwrap().to_string();
        assert_eq!(read, parse_filter(same).unwrap().to_string(), "{text}");
    }
    for text in [
        "tolower(a)",
        "tolower(tolower(a)) eq 'x'",
        "contains(tolower(a,'x')",
    ] {
        assert!(parse_log_filter(text).is_err(), "{text}");
    }
}
