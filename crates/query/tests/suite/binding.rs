//! What a property's kind and operators allow, and the SQL that comes out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crate::common::{ADVANCED, FREE, PLAIN, USER, refusal};
use query::schema::Support;
use query::{
    Compiled, Entity, Operator, Operators, Property, PropertyKind, SqlValue, compile, evaluate,
    parse_filter,
};
use serde_json::json;
use types::Error;

static WRONG: Entity = Entity {
    name: "wrong",
    properties: &[
        Property::new("a", PropertyKind::ObjectList(&USER), "a", Operators::NONE),
        Property::rows("b", &USER, "t", "on", Operators::NONE),
        Property {
            operators: Operators::TEXT,
            ..Property::unfilterable("A", PropertyKind::Text)
        },
        Property::new("d", PropertyKind::Object(&USER), "d", Operators::NONE),
        Property {
            kind: PropertyKind::Text,
            ..Property::rows("e", &USER, "t", "on", Operators::NONE)
        },
    ],
};

static BROKEN: Entity = Entity {
    name: "broken",
    properties: &[Property::new(
        "a",
        PropertyKind::ObjectList(&USER),
        "a",
        Operators::EVERY,
    )],
};

fn written(text: &str) -> Compiled {
    let filter = parse_filter(text).unwrap();
    compile(&filter, &USER, ADVANCED, 1).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn texts(values: &[&str]) -> Vec<SqlValue> {
    values
        .iter()
        .map(|value| SqlValue::Text((*value).into()))
        .collect()
}

#[test]
fn tables_are_sound() {
    assert_eq!(USER.problems(), Vec::<String>::new());
    assert_eq!(FREE.problems(), Vec::<String>::new());
    assert_eq!(
        WRONG.problems(),
        [
            "wrong.a needs rows, not a column",
            "wrong.A stands twice",
            "wrong.A has operators but no column",
            "wrong.d has a column, but it's its properties' to have",
            "wrong.e needs a column, not rows",
        ]
    );
}

#[test]
fn operators_are_sets() {
    let operators = Operators::TEXT
        .when_advanced(&[Operator::Equal])
        .without(&[Operator::In]);
    assert_eq!(operators.support(Operator::Equal), Support::Advanced);
    assert_eq!(operators.support(Operator::In), Support::None);
    assert_eq!(operators.support(Operator::StartsWith), Support::Default);
    assert_eq!(Operators::EVERY.support(Operator::All), Support::Default);
}

#[test]
fn sql_is_written_with_parameters() {
    for (text, sql, params) in [
        (
            "displayName eq 'ÄB'",
            "(u.display_name IS NOT NULL AND u.display_name = ?1)",
            &["äb"][..],
        ),
        (
            "displayName ne 'a'",
            "(u.display_name IS NULL OR NOT (u.display_name = ?1))",
            &["a"],
        ),
        ("displayName eq null", "(u.display_name IS NULL)", &[]),
        ("displayName ne null", "(u.display_name IS NOT NULL)", &[]),
        (
            "displayName in ('a','b')",
            "(u.display_name IS NOT NULL AND u.display_name IN (?1, ?2))",
            &["a", "b"],
        ),
        (
            "startswith(displayName,'Ab')",
            "(u.display_name IS NOT NULL AND u.display_name >= ?1 AND u.display_name < ?2)",
            &["ab", "ac"],
        ),
        (
            "endswith(mail,'50%_\\')",
            "(u.mail IS NOT NULL AND u.mail LIKE ?1 ESCAPE '\\')",
            &["%50\\%\\_\\\\"],
        ),
        (
            "not (displayName eq 'a' and mail eq 'b')",
            "((u.display_name IS NULL OR NOT (u.display_name = ?1)) OR (u.mail IS NULL OR NOT (u.mail = ?2)))",
            &["a", "b"],
        ),
        (
            "otherMails/any(x:x eq 'A')",
            "(u.mails IS NOT NULL AND (u.mails LIKE ?1 ESCAPE '\\'))",
            &["%\u{1f}a\u{1f}%"],
        ),
        ("otherMails/any()", "(u.mails IS NOT NULL)", &[]),
        ("otherMails/$count eq 0", "(u.mails IS NULL)", &[]),
        ("not (otherMails/$count eq 0)", "(u.mails IS NOT NULL)", &[]),
        (
            "identities/any(x:x/issuer eq 'a')",
            "(EXISTS (SELECT 1 FROM identity AS i WHERE i.user_id = u.key AND (i.issuer IS NOT NULL AND i.issuer = ?1)))",
            &["a"],
        ),
        (
            "identities/$count ne 0",
            "(EXISTS (SELECT 1 FROM identity AS i WHERE i.user_id = u.key))",
            &[],
        ),
        (
            "employeeOrgData/costCenter eq 'x'",
            "(u.cost_center IS NOT NULL AND u.cost_center = ?1)",
            &["x"],
        ),
        (
            "DISPLAYNAME eq 'x'",
            "(u.display_name IS NOT NULL AND u.display_name = ?1)",
            &["x"],
        ),
    ] {
        assert_eq!(
            written(text),
            Compiled {
                sql: sql.into(),
                params: texts(params),
                is_selective: false,
            },
            "{text}"
        );
    }
}

#[test]
fn literals_become_what_the_columns_hold() {
    for (text, param) in [
        ("accountEnabled eq true", SqlValue::Int(1)),
        (
            "createdDateTime ge 1970-01-01T00:00:01Z",
            SqlValue::Int(1_000_000),
        ),
        ("age eq -5", SqlValue::Int(-5)),
        (
            "id eq 00000000-0000-0000-0000-00000000000A",
            SqlValue::Bytes(vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10]),
        ),
        (
            "id eq '00000000-0000-0000-0000-00000000000a'",
            SqlValue::Bytes(vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10]),
        ),
    ] {
        assert_eq!(written(text).params, [param], "{text}");
    }
}

#[test]
fn parameters_begin_where_they_are_told_to() {
    let filter = parse_filter("displayName eq 'a' or mail eq 'b'").unwrap();
    let compiled = compile(&filter, &USER, PLAIN, 7).unwrap();
    assert!(
        compiled.sql.contains("?7") && compiled.sql.contains("?8"),
        "{}",
        compiled.sql
    );
    assert!(!compiled.sql.contains("?1"));
}

#[test]
fn user_text_never_becomes_sql() {
    let filter = parse_filter("displayName eq 'x'' OR 1=1 --'").unwrap();
    let compiled = compile(&filter, &USER, PLAIN, 1).unwrap();
    assert!(!compiled.sql.contains("1=1"));
    assert_eq!(compiled.params, texts(&["x' or 1=1 --"]));
}

#[test]
fn default_operators_need_no_header() {
    for text in [
        "displayName eq 'a' and startswith(mail,'b') or mail in ('c')",
        "displayName ge 'a' and displayName le 'b'",
        "createdDateTime ge 2026-01-01T00:00:00Z",
        "accountEnabled eq false",
        "otherMails/any(x:x eq 'a' or x eq 'b')",
        "identities/any(x:x/issuer eq 'a' and x/skuId eq 00000000-0000-0000-0000-00000000000a)",
        "identities/$count eq 0",
    ] {
        assert_eq!(refusal(text, PLAIN), "", "{text}");
    }
}

#[test]
fn advanced_operators_need_the_header() {
    for (text, operator) in [
        (
            "displayName ne 'a'",
            "'ne' on property 'displayName' (position 0)",
        ),
        (
            "displayName eq null",
            "'eq null' on property 'displayName' (position 0)",
        ),
        (
            "accountEnabled eq true and not (displayName eq 'a')",
            "'not' on property 'displayName' (position 32)",
        ),
        (
            "NOT startswith(displayName,'a')",
            "'not' on property 'displayName' (position 15)",
        ),
        (
            "endswith(mail,'a')",
            "'endsWith' on property 'mail' (position 9)",
        ),
        (
            "otherMails/$count eq 0",
            "'/$count' on property 'otherMails' (position 0)",
        ),
        (
            "otherMails/any()",
            "'/$count' on property 'otherMails' (position 0)",
        ),
        (
            "otherMails/any(x:startswith(x,'a'))",
            "'startsWith' on property 'otherMails' (position 0)",
        ),
        (
            "otherMails/any(x:x ne 'a')",
            "'ne' on property 'otherMails' (position 0)",
        ),
        (
            "otherMails/all(x:x eq 'a')",
            "'all' on property 'otherMails' (position 0)",
        ),
        (
            "not otherMails/any(x:x eq 'a')",
            "'not' on property 'otherMails' (position 4)",
        ),
        (
            "not identities/any(x:x/issuer eq 'a')",
            "'not' on property 'identities' (position 4)",
        ),
    ] {
        let message = refusal(text, PLAIN);
        assert!(
            message.starts_with("unsupported: Operator "),
            "{text}: {message}"
        );
        assert!(message.contains(operator), "{text}: {message}");
        assert!(
            message.contains("'ConsistencyLevel: eventual'") && message.contains("'$count=true'")
        );
        assert_eq!(refusal(text, ADVANCED), "", "{text}");
    }
}

#[test]
fn names_are_checked() {
    for (text, wanted) in [
        (
            "x eq 1",
            "Could not find a property named 'x' on type 'microsoft.graph.user'. (position 0)",
        ),
        (
            "age eq 1 or x eq 1",
            "Could not find a property named 'x' on type 'microsoft.graph.user'. (position 12)",
        ),
        (
            "employeeOrgData/x eq 'a'",
            "Could not find a property named 'x' on type 'microsoft.graph.employeeOrgData'. (position 16)",
        ),
        (
            "displayName/x eq 'a'",
            "Could not find a property named 'x' on type 'Edm.String'. (position 12)",
        ),
        (
            "identities/any(i:i/x eq 'a')",
            "Could not find a property named 'x' on type 'microsoft.graph.objectIdentity'. (position 19)",
        ),
        (
            "otherMails/any(i:i/x eq 'a')",
            "Could not find a property named 'x' on type 'Edm.String'. (position 19)",
        ),
        (
            "identities/any(i:displayName eq 'a')",
            "'displayName' has to begin with 'i/', the lambda's variable, at position 17.",
        ),
        (
            "otherMails/any(i:mail eq 'a')",
            "'mail' has to be 'i', the lambda's variable, at position 17.",
        ),
        (
            "identities/any(i:i eq 'a')",
            "'i' is an object: name one of its properties, as in 'i/id', at position 17.",
        ),
    ] {
        assert!(
            refusal(text, ADVANCED).ends_with(wanted),
            "{text}: {}",
            refusal(text, ADVANCED)
        );
    }
}

#[test]
fn kinds_are_checked() {
    for (text, wanted) in [
        (
            "displayName eq 1",
            "Found operand types 'Edm.String' and 'Edm.Int32' for operator kind 'Equal' on property 'displayName' at position 15.",
        ),
        ("displayName eq 5000000000", "'Edm.Int64'"),
        (
            "displayName in ('a',true)",
            "'Edm.String' and 'Edm.Boolean' for operator kind 'Equal' on property 'displayName' at position 20.",
        ),
        (
            "displayName ge null",
            "'Edm.String' and 'null' for operator kind 'GreaterThanOrEqual'",
        ),
        (
            "displayName eq 00000000-0000-0000-0000-00000000000a",
            "'Edm.Guid'",
        ),
        ("accountEnabled eq 'true'", "'Edm.Boolean' and 'Edm.String'"),
        (
            "createdDateTime ge '2026-01-01T00:00:00Z'",
            "'Edm.DateTimeOffset' and 'Edm.String'",
        ),
        ("age eq 'x'", "'Edm.Int64' and 'Edm.String'"),
        ("id eq 1", "'Edm.Guid' and 'Edm.Int32'"),
        (
            "id eq 'x'",
            "property 'id' is compared with 'x', which isn't a GUID, at position 6.",
        ),
        (
            "startswith(id,'x')",
            "'startswith' takes a text, but property 'id' is Edm.Guid at position 11.",
        ),
        (
            "startswith(displayName,1)",
            "has to be Edm.String, but is Edm.Int32 at position 23.",
        ),
        (
            "otherMails eq 'a'",
            "property 'otherMails' is a collection: write 'otherMails/any(x:x eq 'v')' at position 0.",
        ),
        (
            "startswith(otherMails,'a')",
            "property 'otherMails' is a collection",
        ),
        (
            "identities/issuer eq 'a'",
            "property 'identities' is a collection: write 'identities/any(x:x/id eq 'v')'",
        ),
        ("age/any(x:x eq 'a')", "property 'age' isn't a collection"),
        ("age/$count eq 0", "property 'age' isn't a collection"),
        (
            "displayName eq '\0'",
            "U+0000 and U+001F; found one at position 15.",
        ),
        (
            "otherMails/any(x:x eq 'a\u{1f}b')",
            "U+0000 and U+001F; found one at position 22.",
        ),
    ] {
        let message = refusal(text, ADVANCED);
        assert!(
            message.starts_with("Invalid filter clause: "),
            "{text}: {message}"
        );
        assert!(message.contains(wanted), "{text}: {message}");
    }
}

#[test]
fn operators_are_checked() {
    for (text, wanted) in [
        (
            "contains(displayName,'a')",
            "'displayName' of resource 'user': operator 'contains' isn't supported (position 9).",
        ),
        (
            "endswith(displayName,'a')",
            "'displayName' of resource 'user': operator 'endsWith' isn't supported (position 9).",
        ),
        (
            "displayName gt 'a'",
            "operator 'gt' isn't supported (position 0).",
        ),
        ("id eq null", "operator 'eq null' isn't supported"),
        (
            "aboutMe eq 'a'",
            "'aboutMe' of resource 'user': it can't be filtered (position 0).",
        ),
        (
            "employeeOrgData eq null",
            "'employeeOrgData' of resource 'user': it's an object",
        ),
        (
            "identities/any(x:x/secret eq 'a')",
            "'x/secret' of resource 'objectIdentity': it can't be filtered (position 17).",
        ),
        (
            "businessPhones/any(x:endswith(x,'a'))",
            "operator 'endsWith' isn't supported",
        ),
        (
            "otherMails/any(x:x eq 'a' and x eq 'b')",
            "within 'any' only 'or'",
        ),
        (
            "otherMails/all(x:x eq 'a' or x eq 'b')",
            "within 'any' only 'or', within 'all' only 'and'",
        ),
        (
            "otherMails/all(x:x in ('a','b'))",
            "'in' can't be negated within a lambda",
        ),
        (
            "otherMails/any(x:x/any(y:y eq 'a'))",
            "its elements aren't collections (position 17)",
        ),
        (
            "identities/any(x:x/tags/all(t:contains(t,'a')))",
            "'contains' can't be negated within a lambda",
        ),
        (
            "identities/any(x:x/tags/any(t:t ge 'a'))",
            "a collection of texts has no order (position 30)",
        ),
    ] {
        let message = refusal(text, ADVANCED);
        assert!(
            message.starts_with("unsupported: Unsupported or invalid query filter clause"),
            "{text}: {message}"
        );
        assert!(message.contains(wanted), "{text}: {message}");
    }
}

#[test]
fn evaluation_refuses_what_sql_refuses() {
    for text in [
        "x eq 1",
        "aboutMe eq 'a'",
        "otherMails/any(x:x eq 'a' and x eq 'b')",
    ] {
        assert!(
            evaluate(&parse_filter(text).unwrap(), &USER, &json!({})).is_err(),
            "{text}"
        );
    }
    let error = evaluate(&parse_filter("a/any()").unwrap(), &BROKEN, &json!({})).unwrap_err();
    assert!(matches!(error, Error::Internal(_)));
}

#[test]
fn evaluation_reads_objects() {
    let object = json!({
        "id": "00000000-0000-0000-0000-00000000000A",
        "displayName": "Ada LOVELACE",
        "mail": null,
        "accountEnabled": true,
        "createdDateTime": "2026-01-01T12:00:00+02:00",
        "otherMails": ["Ada@a.example", "ada@b.example"],
        "employeeOrgData": { "costCenter": "K7" },
        "identities": [{ "issuer": "a", "tags": ["T"] }, { "issuer": "B" }]
    });
    for (text, wanted) in [
        ("displayName eq 'ada lovelace'", true),
        ("startswith(displayName,'ADA ')", true),
        ("id eq '00000000-0000-0000-0000-00000000000a'", true),
        ("mail eq null and age eq null", true),
        ("mail ne 'x'", true),
        ("not (mail eq 'x' or startswith(mail,'y'))", true),
        ("mail ge ''", false),
        ("accountEnabled ne true", false),
        ("createdDateTime eq 2026-01-01T10:00:00Z", true),
        ("otherMails/any(m:m eq 'ADA@B.example')", true),
        ("otherMails/all(m:startswith(m,'ada'))", true),
        ("otherMails/all(m:m eq 'ada@a.example')", false),
        ("otherMails/any(m:m ne 'ada@a.example')", true),
        ("otherMails/$count eq 2", true),
        ("businessPhones/any()", false),
        ("businessPhones/all(x:x eq 'a')", true),
        ("employeeOrgData/costCenter eq 'k7'", true),
        ("identities/any(i:i/issuer eq 'b')", true),
        ("identities/all(i:i/issuer eq 'b')", false),
        (
            "identities/any(i:i/issuer eq 'a' and i/tags/any(t:t eq 't'))",
            true,
        ),
        ("identities/any(i:i/issuer eq 'b' and i/tags/any())", false),
        ("identities/$count gt 1", true),
    ] {
        let filter = parse_filter(text).unwrap();
        assert_eq!(evaluate(&filter, &USER, &object).unwrap(), wanted, "{text}");
    }
}

#[test]
fn few_are_found_where_each_way_leads_over_a_property_that_few_share() {
    static PERSON: Entity = Entity {
        name: "person",
        properties: &[
            Property::new("mail", PropertyKind::Text, "p.mail", Operators::EVERY).selective(),
            Property::new("number", PropertyKind::Text, "p.number", Operators::EVERY).selective(),
            Property::new("city", PropertyKind::Text, "p.city", Operators::EVERY),
        ],
    };
    for (text, few) in [
        ("mail eq 'a'", true),
        ("mail in ('a','b')", true),
        ("mail eq 'a' or number eq '1'", true),
        ("city eq 'c' and mail eq 'a'", true),
        ("city eq 'c'", false),
        ("mail eq 'a' or city eq 'c'", false),
        ("mail ne 'a'", false),
        ("not(mail eq 'a')", false),
        ("mail eq null", false),
        ("startswith(mail,'a')", false),
    ] {
        let filter = parse_filter(text).unwrap();
        let compiled = compile(&filter, &PERSON, query::Options::default(), 1).unwrap();
        assert_eq!(compiled.is_selective, few, "{text}");
    }
}
