//! SQL over stored rows and evaluation of JSON objects give the same answers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crate::common::{ADVANCED, FREE};
use proptest::prelude::*;
use proptest::sample::select;
use query::{SqlValue, compile, evaluate, parse_filter};
use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use serde_json::{Value, json};
use types::{Error, Timestamp, fold};

/// Few texts, so that they meet; with everything that LIKE, ranges and folding could trip over.
const TEXTS: [&str; 22] = [
    "",
    "a",
    "A",
    "ab",
    "aB",
    "b",
    "ba",
    "aba",
    "%",
    "_",
    "a_b",
    "a%",
    "\\",
    "a\\",
    "é",
    "É",
    "ß",
    "ΣΑΣ",
    "İ",
    "'",
    "\u{d7ff}\u{10ffff}",
    "\u{10ffff}",
];
const GUIDS: [&str; 3] = [
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-000000000002",
    "ffffffff-0000-4000-8000-000000000001",
];
const TIMES: [&str; 4] = [
    "1969-12-31T23:59:59.999999Z",
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.000001Z",
    "2026-06-01T12:00:00+02:00",
];
const COMPARISONS: [&str; 6] = ["eq", "ne", "gt", "ge", "lt", "le"];
const FUNCTIONS: [&str; 3] = ["startswith", "endswith", "contains"];

fn text() -> impl Strategy<Value = String> {
    select(&TEXTS[..]).prop_map(|text| format!("'{}'", text.replace('\'', "''")))
}

/// Comparisons, functions and `in` on a text.
fn text_test(path: impl Strategy<Value = &'static str>) -> impl Strategy<Value = String> {
    path.prop_flat_map(|path| {
        prop_oneof![
            (select(&COMPARISONS[..]), text()).prop_map(move |(c, v)| format!("{path} {c} {v}")),
            select(&["eq", "ne"][..]).prop_map(move |c| format!("{path} {c} null")),
            (select(&FUNCTIONS[..]), text()).prop_map(move |(f, v)| format!("{f}({path},{v})")),
            prop::collection::vec(text(), 1..4)
                .prop_map(move |values| format!("{path} in ({})", values.join(","))),
        ]
    })
}

/// Lambdas and counts on a list of texts; mostly those that aren't refused.
fn list_test(path: &'static str) -> impl Strategy<Value = String> {
    let either = || {
        prop_oneof![
            (select(&["eq", "ne"][..]), text()).prop_map(|(c, v)| format!("x {c} {v}")),
            (select(&FUNCTIONS[..2]), text()).prop_map(|(f, v)| format!("{f}(x,{v})")),
            (select(&FUNCTIONS[..2]), text()).prop_map(|(f, v)| format!("not {f}(x,{v})")),
            text().prop_map(|value| format!("not (x eq {value})")),
        ]
    };
    let one_way = || {
        prop_oneof![
            text().prop_map(|value| format!("contains(x,{value})")),
            prop::collection::vec(text(), 1..3).prop_map(|v| format!("x in ({})", v.join(","))),
        ]
    };
    let any = prop::collection::vec(prop_oneof![4 => either(), 1 => one_way()], 1..3);
    let against = one_way().prop_map(|test| format!("not ({test})"));
    let all = prop::collection::vec(prop_oneof![4 => either(), 1 => against], 1..3);
    let refused = (one_way(), either()).prop_map(|(a, b)| format!("{a} and {b}"));
    prop_oneof![
        10 => any.prop_map(move |tests| format!("{path}/any(x:{})", tests.join(" or "))),
        10 => all.prop_map(move |tests| format!("{path}/all(x:{})", tests.join(" and "))),
        1 => refused.prop_map(move |test| format!("{path}/any(x:{test})")),
        3 => count(path),
        1 => Just(format!("{path}/any()")),
    ]
}

fn count(path: &'static str) -> impl Strategy<Value = String> {
    (select(&COMPARISONS[..]), -1..4).prop_map(move |(c, n)| format!("{path}/$count {c} {n}"))
}

fn values(path: &'static str, values: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (select(&COMPARISONS[..]), select(values)).prop_map(move |(c, v)| format!("{path} {c} {v}")),
        1 => select(&["eq", "ne"][..]).prop_map(move |c| format!("{path} {c} null")),
        1 => prop::collection::vec(select(values), 1..3)
            .prop_map(move |values| format!("{path} in ({})", values.join(","))),
    ]
}

fn nest(leaf: BoxedStrategy<String>) -> BoxedStrategy<String> {
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|filter| format!("not ({filter})")),
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|v| format!("({})", v.join(" and "))),
            prop::collection::vec(inner, 2..4).prop_map(|v| format!("({})", v.join(" or "))),
        ]
    })
    .boxed()
}

fn filter() -> impl Strategy<Value = String> {
    let row = nest(
        prop_oneof![
            2 => text_test(Just("i/issuer")),
            1 => values("i/skuId", &GUIDS),
            1 => list_test("i/tags"),
        ]
        .boxed(),
    );
    let rows = (select(&["any", "all"][..]), row)
        .prop_map(|(quantifier, body)| format!("identities/{quantifier}(i:{body})"));
    let texts = select(&["displayName", "mail", "employeeOrgData/costCenter"][..]);
    nest(
        prop_oneof![
            4 => text_test(texts),
            3 => list_test("otherMails"),
            3 => rows,
            1 => count("identities"),
            1 => Just("identities/any()".to_owned()),
            1 => values("id", &GUIDS),
            1 => values("accountEnabled", &["true", "false"]),
            1 => values("age", &["-1", "0", "1"]),
            1 => values("createdDateTime", &TIMES),
        ]
        .boxed(),
    )
}

fn maybe<T: std::fmt::Debug + Clone + 'static>(
    values: &'static [T],
) -> impl Strategy<Value = Option<T>> {
    prop::option::weighted(0.8, select(values))
}

fn list() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(select(&TEXTS[..]), 0..4)
}

fn object() -> impl Strategy<Value = Value> {
    let identity = (maybe(&TEXTS), maybe(&GUIDS), list())
        .prop_map(|(issuer, sku, tags)| json!({ "issuer": issuer, "skuId": sku, "tags": tags }));
    (
        (
            select(&GUIDS[..]),
            maybe(&TEXTS),
            maybe(&TEXTS),
            maybe(&TEXTS),
        ),
        (maybe(&[true, false]), maybe(&TIMES), maybe(&[-1_i64, 0, 1])),
        list(),
        prop::collection::vec(identity, 0..3),
        any::<bool>(),
    )
        .prop_map(
            |((id, name, mail, cost), (enabled, created, age), mails, identities, whole)| {
                let mut object = json!({
                    "id": id, "displayName": name, "mail": mail, "accountEnabled": enabled,
                    "createdDateTime": created, "age": age, "otherMails": mails,
                    "employeeOrgData": { "costCenter": cost }, "identities": identities,
                });
                if !whole {
                    // What isn't set may be absent as well as null.
                    object.as_object_mut().unwrap().retain(|_, value| {
                        !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty())
                    });
                }
                object
            },
        )
}

fn stored_text(value: &Value) -> Stored {
    value
        .as_str()
        .map_or(Stored::Null, |text| Stored::Text(fold(text)))
}
fn stored_guid(value: &Value) -> Stored {
    let guid = value.as_str().and_then(types::parse_uuid);
    guid.map_or(Stored::Null, |guid| Stored::Blob(guid.as_bytes().to_vec()))
}
fn stored_list(value: &Value) -> Stored {
    let Some(list) = value.as_array().filter(|list| !list.is_empty()) else {
        return Stored::Null;
    };
    let elements = list
        .iter()
        .map(|element| fold(element.as_str().unwrap()) + "\u{1f}");
    Stored::Text(format!("\u{1f}{}", elements.collect::<String>()))
}

/// The object in tables as the schema's column rules say.
fn store(connection: &Connection, key: usize, object: &Value) {
    let key = Stored::Integer(key as i64);
    let created = object["createdDateTime"].as_str();
    let created = created.map(|time| time.parse::<Timestamp>().unwrap().0);
    let row = [
        key.clone(),
        stored_guid(&object["id"]),
        stored_text(&object["displayName"]),
        stored_text(&object["mail"]),
        object["accountEnabled"]
            .as_bool()
            .map_or(Stored::Null, |b| Stored::Integer(b.into())),
        created.map_or(Stored::Null, Stored::Integer),
        object["age"].as_i64().map_or(Stored::Null, Stored::Integer),
        stored_list(&object["otherMails"]),
        stored_text(&object["employeeOrgData"]["costCenter"]),
    ];
    let sql = "INSERT INTO user VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    connection
        .prepare_cached(sql)
        .unwrap()
        .execute(rusqlite::params_from_iter(row))
        .unwrap();
    for identity in object["identities"].as_array().into_iter().flatten() {
        let row = [
            key.clone(),
            stored_text(&identity["issuer"]),
            stored_guid(&identity["skuId"]),
            stored_list(&identity["tags"]),
        ];
        let sql = "INSERT INTO identity VALUES (?1, ?2, ?3, ?4)";
        connection
            .prepare_cached(sql)
            .unwrap()
            .execute(rusqlite::params_from_iter(row))
            .unwrap();
    }
}

fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "CREATE TABLE user (key INTEGER PRIMARY KEY, id BLOB, display_name TEXT, mail TEXT,
                 enabled INTEGER, created INTEGER, age INTEGER, mails TEXT, cost_center TEXT) STRICT;
             CREATE INDEX by_name ON user (display_name);
             CREATE TABLE identity (user_id INTEGER, issuer TEXT, sku_id BLOB, tags TEXT) STRICT;",
        )
        .unwrap();
    connection
}

fn ask(connection: &Connection, sql: &str, params: Vec<SqlValue>) -> Vec<bool> {
    let params = params.into_iter().map(|value| match value {
        SqlValue::Null => Stored::Null,
        SqlValue::Int(value) => Stored::Integer(value),
        SqlValue::Text(value) => Stored::Text(value),
        SqlValue::Bytes(value) => Stored::Blob(value),
    });
    let mut statement = connection
        .prepare(sql)
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    let rows = statement.query_map(rusqlite::params_from_iter(params), |row| {
        Ok(row
            .get::<_, Option<bool>>(0)?
            .expect("the condition is never NULL"))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn agree(filter: &str, objects: &[Value]) -> Result<(), TestCaseError> {
    let filter = parse_filter(filter).unwrap();
    prop_assert_eq!(&parse_filter(&filter.to_string()).unwrap(), &filter);
    let compiled = match compile(&filter, &FREE, ADVANCED, 1) {
        Ok(compiled) => compiled,
        Err(error) => {
            prop_assert!(
                matches!(error, Error::UnsupportedQuery { .. }),
                "{filter}: {error:?}"
            );
            prop_assert!(evaluate(&filter, &FREE, &objects[0]).is_err());
            return Ok(());
        }
    };
    let connection = database();
    for (key, object) in objects.iter().enumerate() {
        store(&connection, key, object);
    }
    let condition = &compiled.sql;
    let sql = format!("SELECT {condition} FROM user AS u ORDER BY u.key");
    let answers = ask(&connection, &sql, compiled.params.clone());
    for (object, answer) in objects.iter().zip(&answers) {
        let evaluated = evaluate(&filter, &FREE, object).unwrap();
        prop_assert_eq!(
            evaluated,
            *answer,
            "{} over {}: {:?}",
            filter,
            object,
            compiled
        );
    }
    // As a WHERE clause, where an index can serve it, and negated from outside.
    let passing = answers.iter().filter(|answer| **answer).count();
    for (sql, wanted) in [
        (
            format!("SELECT 1 FROM user AS u WHERE {condition}"),
            passing,
        ),
        (
            format!("SELECT 1 FROM user AS u WHERE NOT {condition}"),
            answers.len() - passing,
        ),
    ] {
        let rows = ask(&connection, &sql, compiled.params.clone());
        prop_assert_eq!(rows.len(), wanted, "{}", sql);
    }
    Ok(())
}

fn objects() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(object(), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn sql_and_evaluation_agree(filter in filter(), objects in objects()) {
        agree(&filter, &objects)?;
    }

    // Lists are where the SQL is furthest from the meaning.
    #[test]
    fn sql_and_evaluation_agree_on_lists(filter in list_test("otherMails"), objects in objects()) {
        agree(&filter, &objects)?;
    }
}

#[test]
fn all_short_lists_agree_on_all_tests() {
    const PARTS: [&str; 5] = ["", "a", "ab", "b", "%"];
    let mut lists = vec![vec![]];
    for first in PARTS {
        lists.push(vec![first]);
        lists.extend(PARTS.map(|second| vec![first, second]));
    }
    let objects: Vec<_> = lists
        .iter()
        .map(|list| json!({ "otherMails": list }))
        .collect();
    for part in PARTS {
        for test in [
            "x eq V",
            "x ne V",
            "startswith(x,V)",
            "endswith(x,V)",
            "contains(x,V)",
        ] {
            let test = test.replace('V', &format!("'{part}'"));
            for quantifier in ["any", "all"] {
                for body in [test.clone(), format!("not ({test})")] {
                    let filter = format!("otherMails/{quantifier}(x:{body})");
                    agree(&filter, &objects).unwrap();
                    agree(&format!("not {filter}"), &objects).unwrap();
                }
            }
        }
    }
}

#[test]
fn the_largest_filters_are_statements_that_run() {
    let connection = database();
    store(&connection, 0, &json!({ "displayName": "a" }));
    let values = vec!["'a'"; 15].join(",");
    let nested = |depth: usize| {
        let begin = "(mail eq 'x' and (mail eq 'y' or ".repeat(depth);
        format!("{begin}displayName ne 'b'{}", "))".repeat(depth))
    };
    for (filter, wanted) in [
        (vec!["displayName eq 'a'"; 499].join(" or "), true),
        (vec!["displayName eq 'a'"; 499].join(" and "), true),
        (
            vec![format!("otherMails/any(x:x in ({values}))"); 150].join(" or "),
            false,
        ),
        (nested(16), false),
        (
            format!("{}displayName eq 'a'{}", "not (".repeat(32), ")".repeat(32)),
            true,
        ),
        (
            format!("startswith(displayName,'{}')", "%".repeat(16_000)),
            false,
        ),
        (
            format!("contains(displayName,'{}')", "%".repeat(16_000)),
            false,
        ),
        (
            format!("contains(displayName,'{}')", "İ".repeat(8_000)),
            false,
        ),
    ] {
        let filter = parse_filter(&filter).unwrap();
        let compiled = compile(&filter, &FREE, ADVANCED, 1).unwrap();
        let sql = format!("SELECT {} FROM user AS u", compiled.sql);
        assert_eq!(ask(&connection, &sql, compiled.params), [wanted]);
    }
}
