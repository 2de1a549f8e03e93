//! Languages without a server. `$filter`, `$search` and `$orderby`: read, written as SQL, evaluated.
//! Mapping expressions and schemas: read, written, evaluated. Membership rules: read, evaluated.

use directory::groups::rule::Rule;
use provisioning::{Context, EXPRESSION_CHARACTERS_MAX, Expression, Schema, TEXT_BYTES_MAX, Value};
use query::{
    Entity, Operators, Options, Property, PropertyKind, compile, evaluate, parse_filter,
    parse_orderby, parse_search, parse_select,
};
use serde_json::json;
use types::Timestamp;

static IDENTITY: Entity = Entity {
    name: "objectIdentity",
    properties: &[
        Property::new("issuer", PropertyKind::Text, "i.issuer", Operators::EVERY),
        Property::new("skuId", PropertyKind::Guid, "i.sku_id", Operators::EVERY),
    ],
};

static USER: Entity = Entity {
    name: "user",
    properties: &[
        Property::new("id", PropertyKind::Guid, "u.id", Operators::EXACT),
        Property::new(
            "displayName",
            PropertyKind::Text,
            "u.display_name",
            Operators::TEXT,
        ),
        Property::new("mail", PropertyKind::Text, "u.mail", Operators::MAIL),
        Property::new(
            "accountEnabled",
            PropertyKind::Bool,
            "u.enabled",
            Operators::EXACT,
        ),
        Property::new(
            "createdDateTime",
            PropertyKind::DateTime,
            "u.created",
            Operators::ORDERED,
        ),
        Property::new("age", PropertyKind::Integer, "u.age", Operators::EVERY),
        Property::new(
            "businessPhones",
            PropertyKind::TextList,
            "u.phones",
            Operators::LIST,
        ),
        Property::rows(
            "identities",
            &IDENTITY,
            "identity AS i",
            "i.user_id = u.key",
            Operators::EVERY,
        ),
    ],
};

/// A filter, a search, an order or a selection.
pub fn filter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = (parse_orderby(text), parse_select(text));
    for filter in [parse_filter(text), parse_search(text)]
        .into_iter()
        .flatten()
    {
        let options = Options {
            advanced: true,
            ..Options::default()
        };
        let Ok(compiled) = compile(&filter, &USER, options, 1) else {
            continue;
        };
        // A value is never part of the statement: no quotes but the writer's own stand in it.
        assert!(
            compiled.sql.matches('(').count() == compiled.sql.matches(')').count(),
            "{}",
            compiled.sql
        );
        for user in [
            json!({}),
            json!({
                "id": "5f1e9a3c-7d2b-4e60-8a41-c0ffee000001", "displayName": "Ann", "age": 7,
                "mail": null, "accountEnabled": true, "createdDateTime": "2026-01-01T00:00:00Z",
                "businessPhones": ["1"], "identities": [{ "issuer": "x", "skuId": null }],
            }),
        ] {
            let _ = evaluate(&filter, &USER, &user);
        }
    }
}

/// An expression, or a synchronization schema.
pub fn expression(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(body) = serde_json::from_str(text)
        && let Ok(schema) = Schema::from_json(&body)
    {
        // What is shown is what was sent.
        let shown = schema.to_json("id");
        let again = Schema::from_json(&shown).expect("what is shown can be sent");
        assert_eq!(again.to_json("id"), shown);
    }
    let Ok(read) = Expression::parse(text) else {
        return;
    };
    let written = read.to_string();
    if written.chars().count() <= EXPRESSION_CHARACTERS_MAX {
        assert_eq!(Expression::parse(&written).as_ref(), Ok(&read), "{written}");
    }
    let _ = (read.to_json(), read.attributes());
    let source = |name: &str| match name.len() % 3 {
        0 => Value::Null,
        1 => Value::Text(format!("{name} 2026-03-16")),
        _ => Value::List(vec![name.to_owned(), "b@a.example".to_owned()]),
    };
    let context = Context {
        default_domain: Some("contoso.example"),
        is_taken: &|value| value.len().is_multiple_of(2),
        ..Context::new(&source, Timestamp(1_629_913_278_000_000), [7; 32])
    };
    if let Ok(evaluated) = read.evaluate(&context) {
        for text in evaluated.into_texts() {
            assert!(text.len() <= TEXT_BYTES_MAX);
        }
    }
}

/// The rule of a dynamic membership group.
pub fn membership_rule(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let rule = match Rule::parse(text) {
        Ok(rule) => rule,
        Err(wrong) => {
            assert!(wrong.at <= text.chars().count() + 1, "{wrong}");
            return;
        }
    };
    let person = json!({
        "id": "5f1e9a3c-7d2b-4e60-8a41-c0ffee000001", "displayName": "Ann", "city": null,
        "accountEnabled": true, "employeeHireDate": "2026-01-01T00:00:00Z",
        "otherMails": ["ann@example.org"], "onPremisesExtensionAttributes": {},
    });
    for person in [json!({}), person] {
        if let Some(person) = person.as_object() {
            let _ = rule.is_true(person, Timestamp(1_629_913_278_000_000));
        }
    }
}
