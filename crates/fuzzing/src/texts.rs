//! `$filter`, `$search` and `$orderby` without a server: read, written as SQL, evaluated.

use query::{
    Entity, Operators, Options, Property, PropertyKind, compile, evaluate, parse_filter,
    parse_orderby, parse_search, parse_select,
};
use serde_json::json;

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
