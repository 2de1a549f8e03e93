//! Lists: pages stay right while others write, and a filter means the same in SQL and over what is
//! shown.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use crate::common;
use std::collections::{BTreeMap, BTreeSet};

use crate::common::{Fixture, fixture, group_body, home, home_id, object, synced, user_body};
use directory::search::{self, Progress};
use directory::users::{self, NewUser, User};
use directory::{
    Order, OrderBy, Page, Place, applications, groups, service_principals, synced as sync,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use query::schema::Support;
use query::{Column, Entity, Filter, Operator, Property, PropertyKind, evaluate, parse_filter};
use serde_json::{Map, Value, json};
use store::{ReadTx, Tx};
use types::{Error, Id, Result, fold};
use uuid::Uuid;

const ORDERS: [OrderBy; 5] = [
    OrderBy::Id,
    OrderBy::DisplayName,
    OrderBy::UserPrincipalName,
    OrderBy::CreatedDateTime,
    OrderBy::DeletedDateTime,
];

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

/// What happens between two pages.
#[derive(Debug, Clone)]
enum Event {
    Create(&'static str),
    Rename(Index, &'static str),
    Delete(Index),
}

fn event() -> impl Strategy<Value = Event> {
    let names = || select(&["a", "B", "ann", "Ann", "é", "m", "z"][..]);
    prop_oneof![
        2 => names().prop_map(Event::Create),
        1 => (any::<Index>(), names()).prop_map(|(who, name)| Event::Rename(who, name)),
        1 => any::<Index>().prop_map(Event::Delete),
    ]
}

fn create(tx: &mut Tx<'_>, name: &str, number: usize) -> Result<User> {
    let mut properties = user_body(&format!("{number}"));
    properties.insert("displayName".into(), name.into());
    // The order of names isn't that of ids.
    let upn = format!("{}{number}@contoso.example", ["q", "B", "x"][number % 3]);
    properties.insert("userPrincipalName".into(), upn.into());
    users::create(
        tx,
        NewUser {
            properties,
            ..NewUser::default()
        },
    )
}

fn key(user: &User, by: OrderBy) -> (String, Uuid) {
    let key = match by {
        // Whoever is listed here isn't deleted.
        OrderBy::Id | OrderBy::DeletedDateTime => String::new(),
        OrderBy::DisplayName => fold(user.display_name()),
        OrderBy::UserPrincipalName => fold(user.user_principal_name()),
        OrderBy::CreatedDateTime => format!("{:020}", user.created_at.0),
    };
    (key, user.id.uuid())
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn pages_go_on_whatever_is_written_meanwhile(
        names in prop::collection::vec(select(&["a", "A", "b", "ann", "É", "z"][..]), 5..12),
        events in prop::collection::vec(prop::collection::vec(event(), 0..3), 12),
        by in select(&ORDERS[..]),
        descending: bool,
    ) {
        let f = fixture();
        let mut number = 0;
        let mut first = Vec::new();
        for name in names {
            number += 1;
            first.push(f.write(move |tx| create(tx, name, number)));
        }
        let order = Order { by, descending };
        let mut touched = BTreeSet::new();
        let mut listed: Vec<User> = Vec::new();
        let mut after: Option<Place> = None;
        let mut events = events.into_iter();
        loop {
            let page = Page { order, after: after.as_ref(), ..Page::first(2) };
            let page = f.read(|tx| users::list(tx, &page));
            let Some(last) = page.last() else { break };
            // A place survives the token that carries it.
            let token = serde_json::to_string(&users::place(last, order)).unwrap();
            after = Some(serde_json::from_str(&token).unwrap());
            listed.extend(page);
            for event in events.next().into_iter().flatten() {
                number += 1;
                match event {
                    Event::Create(name) => drop(f.write(move |tx| create(tx, name, number))),
                    Event::Rename(who, name) => {
                        let id = who.get(&first).id;
                        touched.insert(id.uuid());
                        let patch = object(json!({"displayName": name}));
                        // Nobody who is deleted is renamed.
                        drop(f.try_write(move |tx| users::update(tx, id, &patch)));
                    }
                    Event::Delete(who) => {
                        let id = who.get(&first).id;
                        touched.insert(id.uuid());
                        drop(f.try_write(move |tx| users::delete(tx, id)));
                    }
                }
            }
        }
        let keys: Vec<_> = listed.iter().map(|user| key(user, by)).collect();
        prop_assert!(
            keys.is_sorted_by(|a, b| if descending { a > b } else { a < b }),
            "{keys:?}"
        );
        for user in first.iter().filter(|user| !touched.contains(&user.id.uuid())) {
            let times = listed.iter().filter(|listed| listed.id == user.id).count();
            prop_assert_eq!(times, 1, "{}", user.display_name());
        }
    }
}

/// All ids, page by page.
fn paged<T>(
    order: Order,
    list: impl Fn(&Page<'_>) -> Result<Vec<T>>,
    place: impl Fn(&T, Order) -> Place,
) -> Result<Vec<Uuid>> {
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let page = list(&Page {
            order,
            after: after.as_ref(),
            ..Page::first(2)
        })?;
        let Some(last) = page.last() else {
            return Ok(ids);
        };
        after = Some(place(last, order));
        ids.extend(page.iter().map(|item| place(item, order).id));
    }
}

#[test]
fn every_order_that_is_taken_lists_everything() {
    let f = fixture();
    let deleted: Vec<Uuid> = ["b", "a", "c", "B", "d"]
        .into_iter()
        .enumerate()
        .map(|(number, name)| {
            let user = f.write(move |tx| create(tx, name, number));
            f.write(move |tx| users::delete(tx, user.id));
            f.group(name);
            user.id.uuid()
        })
        .collect();
    for by in ORDERS {
        for descending in [false, true] {
            let order = Order { by, descending };
            let gone = paged(
                order,
                |page| f.try_read(|tx| users::list_deleted(tx, page)),
                users::place,
            );
            let groups = paged(
                order,
                |page| f.try_read(|tx| groups::list(tx, page)),
                groups::place,
            );
            if by == OrderBy::CreatedDateTime {
                let refused = groups.as_ref().unwrap_err();
                assert!(matches!(refused, Error::UnsupportedQuery { .. }));
                let gone: BTreeSet<_> = gone.unwrap().into_iter().collect();
                assert_eq!(gone, deleted.iter().copied().collect(), "{order:?}");
                continue;
            }
            if by == OrderBy::UserPrincipalName {
                // Deleted users have given their names up, and groups have none.
                for refused in [gone.unwrap_err(), groups.unwrap_err()] {
                    assert!(matches!(refused, Error::UnsupportedQuery { .. }));
                }
                continue;
            }
            let gone: BTreeSet<_> = gone.unwrap().into_iter().collect();
            assert_eq!(gone, deleted.iter().copied().collect(), "{order:?}");
            assert_eq!(groups.unwrap().len(), 5, "{order:?}");
        }
    }
}

#[test]
fn an_order_is_one_property_and_a_place_belongs_to_its_order() {
    for (text, by, descending) in [
        ("displayName", OrderBy::DisplayName, false),
        ("DISPLAYNAME desc", OrderBy::DisplayName, true),
        ("userPrincipalName asc", OrderBy::UserPrincipalName, false),
        ("id desc", OrderBy::Id, true),
        ("createdDateTime desc", OrderBy::CreatedDateTime, true),
        ("deletedDateTime", OrderBy::DeletedDateTime, false),
    ] {
        let order = Order::parse(&query::parse_orderby(text).unwrap()).unwrap();
        assert_eq!(order, Order { by, descending });
    }
    for wrong in ["department", "displayName,id"] {
        let error = Order::parse(&query::parse_orderby(wrong).unwrap()).unwrap_err();
        assert!(matches!(error, Error::UnsupportedQuery { .. }), "{error:?}");
    }
    let f = fixture();
    let ann = f.user("ann");
    let by_name = Order {
        by: OrderBy::DisplayName,
        descending: false,
    };
    for (order, other) in [(Order::default(), by_name), (by_name, Order::default())] {
        let place = users::place(&ann, other);
        let page = Page {
            order,
            after: Some(&place),
            ..Page::first(2)
        };
        let error = f.try_read(|tx| users::list(tx, &page)).unwrap_err();
        assert_eq!(common::target(&error), "$skiptoken");
    }
}

/// Texts that meet, with what LIKE, ranges and folding could trip over.
const TEXTS: [&str; 12] = [
    "a", "A", "ab", "b", "%", "a_b", "a%", "\\", "É", "ß", "İ", "o'b",
];
const MAILS: [&str; 4] = [
    "a@x.example",
    "A_b@X.example",
    "o'b%@y.example",
    "é@x.example",
];
const TIMES: [&str; 3] = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.000001Z",
    "1969-12-31T23:59:59Z",
];
const USER_TEXTS: [&str; 15] = [
    "city",
    "companyName",
    "country",
    "department",
    "employeeId",
    "employeeType",
    "givenName",
    "jobTitle",
    "mobilePhone",
    "officeLocation",
    "postalCode",
    "preferredLanguage",
    "state",
    "streetAddress",
    "surname",
];

fn text() -> impl Strategy<Value = Value> {
    select(&TEXTS[..]).prop_map(Value::from)
}
/// Bodies that have each of the properties or not.
fn bodies(
    table: Vec<(&'static str, BoxedStrategy<Value>)>,
) -> impl Strategy<Value = Map<String, Value>> {
    let properties: Vec<_> = table
        .into_iter()
        .map(|(name, value)| (Just(name), prop::option::weighted(0.7, value)))
        .collect();
    properties.prop_map(|properties| {
        let some = properties.into_iter();
        some.filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    })
}

fn user() -> impl Strategy<Value = (Map<String, Value>, bool, bool)> {
    let texts = USER_TEXTS.map(|name| (name, text().boxed()));
    let others = [
        ("displayName", text().boxed()),
        (
            "mailNickname",
            select(&["a", "A_b", "é%"][..])
                .prop_map(Value::from)
                .boxed(),
        ),
        ("mail", select(&MAILS[..]).prop_map(Value::from).boxed()),
        (
            "usageLocation",
            select(&["DE", "us"][..]).prop_map(Value::from).boxed(),
        ),
        (
            "userType",
            select(&["Member", "guest"][..])
                .prop_map(Value::from)
                .boxed(),
        ),
        (
            "accountEnabled",
            any::<bool>().prop_map(Value::from).boxed(),
        ),
        (
            "employeeHireDate",
            select(&TIMES[..]).prop_map(Value::from).boxed(),
        ),
        (
            "businessPhones",
            text().prop_map(|text| json!([text])).boxed(),
        ),
        (
            "otherMails",
            prop::collection::vec(select(&MAILS[..]), 0..3)
                .prop_map(|list| json!(list))
                .boxed(),
        ),
    ];
    let table = texts.into_iter().chain(others).collect();
    (bodies(table), any::<bool>(), any::<bool>())
}

fn group() -> impl Strategy<Value = Map<String, Value>> {
    let kind = select(vec![
        json!({}),
        json!({"groupTypes": ["Unified"], "mailEnabled": true, "securityEnabled": false}),
        json!({"groupTypes": ["Unified", "DynamicMembership"], "mailEnabled": true,
            "membershipRule": "user.city -eq \"Kiel\"", "membershipRuleProcessingState": "Paused"}),
        json!({"groupTypes": ["DynamicMembership"], "membershipRule": "user.city -eq \"Kiel\"",
            "membershipRuleProcessingState": "On"}),
        json!({"isAssignableToRole": true}),
        json!({"isAssignableToRole": false}),
    ]);
    let table = vec![
        ("displayName", text().boxed()),
        ("description", text().boxed()),
        ("classification", text().boxed()),
        (
            "visibility",
            select(&["Private", "public"][..])
                .prop_map(Value::from)
                .boxed(),
        ),
    ];
    (bodies(table), kind).prop_map(|(body, kind)| {
        let mut all = group_body("a.b");
        all.extend(object(kind));
        all.extend(body);
        if all.get("isAssignableToRole") == Some(&json!(true)) {
            all.shift_remove("visibility");
        }
        all
    })
}

fn make_user(f: &Fixture, number: usize, body: Map<String, Value>, is_synced: bool) {
    let alias = format!("{}{number}", ["a", "A_b", "o'b"][number % 3]);
    let made = if is_synced {
        let mut user = synced(number as u128, &alias, Value::Object(body));
        user.home_mail = user
            .properties
            .shift_remove("mail")
            .map(|mail| mail.as_str().unwrap().to_owned());
        user.account_enabled = user.properties.get("accountEnabled") != Some(&json!(false));
        user.properties
            .retain(|name, _| sync::MAPPED.contains(&name.as_str()));
        f.try_write(move |tx| sync::upsert(tx, &user)).map(drop)
    } else {
        let mut properties = user_body(&alias);
        properties.extend(body);
        let new = NewUser {
            properties,
            ..NewUser::default()
        };
        f.try_write(move |tx| users::create(tx, new)).map(drop)
    };
    // Two with one mail can't be; the second isn't made.
    assert!(
        matches!(
            made,
            Ok(()) | Err(Error::AlreadyExists { property: "mail" })
        ),
        "{made:?}"
    );
}

/// Objects as they are shown.
type Shown = Vec<(Uuid, Value)>;

/// One kind of object, as the checks below need it.
struct Subject {
    entity: &'static Entity,
    list: fn(&ReadTx<'_>, &Page<'_>) -> Result<Shown>,
    count: fn(&ReadTx<'_>, Option<&Filter>, bool) -> Result<u64>,
}

/// The names of all properties that filters know and objects show.
fn selected(entity: &Entity) -> Vec<String> {
    entity
        .properties
        .iter()
        .filter(|property| !property.is_relation())
        .map(|property| property.name.to_owned())
        .collect()
}

macro_rules! subject {
    ($module:ident) => {
        Subject {
            entity: $module::entity(),
            list: |tx, page| {
                let select = selected($module::entity());
                let all = $module::list(tx, page)?;
                all.iter()
                    .map(|it| {
                        let shown = $module::project(it, Some(&select))?;
                        Ok((it.id.uuid(), Value::Object(shown)))
                    })
                    .collect()
            },
            count: $module::count,
        }
    };
}

/// A literal, if a value can be one.
fn literal(kind: PropertyKind, value: &Value) -> Option<String> {
    match (kind, value) {
        (PropertyKind::DateTime, Value::String(text)) => Some(text.clone()),
        (_, Value::String(text)) => Some(format!("'{}'", text.replace('\'', "''"))),
        (PropertyKind::Bool, Value::Bool(flag)) => Some(flag.to_string()),
        _ => None,
    }
}

/// Literals for a property: those that its objects have, and some more.
fn literals(property: &Property, objects: &[(Uuid, Value)]) -> BTreeSet<String> {
    let kind = property.kind;
    let more: Vec<Value> = match kind {
        PropertyKind::Bool => vec![json!(true), json!(false)],
        PropertyKind::DateTime => TIMES.map(Value::from).to_vec(),
        PropertyKind::Guid => vec![json!(Uuid::nil())],
        _ => ["", "a", "B", "%", "é", "unified", "member"]
            .map(Value::from)
            .to_vec(),
    };
    let own = objects.iter().map(|(_, object)| &object[property.name]);
    let own = own.flat_map(|value| match value {
        Value::Array(list) => list.iter().take(2).collect(),
        value => vec![value],
    });
    own.take(5)
        .chain(&more)
        .filter_map(|value| literal(kind, value))
        .collect()
}

/// Filters that use one operator on one property, for some literals.
fn leaves(property: &Property, operator: Operator, literals: &BTreeSet<String>) -> Vec<String> {
    let name = property.name;
    let each = |write: &dyn Fn(&str) -> String| literals.iter().map(|it| write(it)).collect();
    let comparison = operator.keyword();
    if let PropertyKind::TextList = property.kind {
        return match operator {
            Operator::Equal | Operator::NotEqual => {
                each(&|v| format!("{name}/any(x:x {comparison} {v})"))
            }
            Operator::Not => each(&|v| format!("not {name}/any(x:x eq {v})")),
            Operator::In => each(&|v| format!("{name}/any(x:x in ({v},'zz'))")),
            Operator::StartsWith | Operator::EndsWith => {
                each(&|v| format!("{name}/any(x:{comparison}(x,{v}))"))
            }
            Operator::Count => (0..3)
                .flat_map(|n| ["eq", "ne", "ge"].map(|c| format!("{name}/$count {c} {n}")))
                .chain([format!("{name}/any()")])
                .collect(),
            Operator::All => each(&|v| format!("{name}/all(x:x eq {v})")),
            other => panic!("{name}: no filter is known for {other:?} of a list"),
        };
    }
    match operator {
        Operator::Not => each(&|v| format!("not ({name} eq {v})")),
        Operator::In => each(&|v| {
            let last = literals.last().unwrap();
            format!("{name} in ({v},{last})")
        }),
        Operator::StartsWith | Operator::EndsWith | Operator::Contains => {
            each(&|v| format!("{comparison}({name},{v})"))
        }
        Operator::Null => vec![format!("{name} eq null"), format!("{name} ne null")],
        Operator::Count | Operator::All => panic!("{name}: {operator:?} of what isn't a list"),
        _ => each(&|v| format!("{name} {comparison} {v}")),
    }
}

const OPERATORS: [Operator; 14] = [
    Operator::Equal,
    Operator::NotEqual,
    Operator::Not,
    Operator::Greater,
    Operator::GreaterOrEqual,
    Operator::Less,
    Operator::LessOrEqual,
    Operator::In,
    Operator::StartsWith,
    Operator::EndsWith,
    Operator::Contains,
    Operator::Null,
    Operator::Count,
    Operator::All,
];

/// Compares, for every filterable property and each of its operators, and for some of these
/// filters together, what a list answers with what evaluation says of the objects as shown.
fn agree(
    f: &Fixture,
    subject: &Subject,
    together: &[(Index, Index, u8)],
) -> std::result::Result<(), TestCaseError> {
    let entity = subject.entity;
    let list = |filter: Option<&Filter>, advanced| {
        let page = Page {
            filter,
            advanced,
            ..Page::first(1_000)
        };
        f.try_read(|tx| (subject.list)(tx, &page))
    };
    while f.write(search::catch_up) != Progress::Current {}
    let objects = list(None, false).unwrap();
    let mut filters = BTreeMap::new();
    for property in entity.properties {
        // What nobody has is the same condition under many names.
        let is_constant =
            matches!(property.column, Some(Column::Name(sql)) if sql.starts_with("CAST(NULL"));
        let is_rows = matches!(property.kind, PropertyKind::ObjectList(_));
        if property.column.is_none() || is_constant || is_rows {
            continue;
        }
        let literals = literals(property, &objects);
        for operator in OPERATORS {
            let support = property.operators.support(operator);
            if support != Support::None {
                for leaf in leaves(property, operator, &literals) {
                    filters.insert(leaf, support == Support::Default);
                }
            }
        }
    }
    let leaves: Vec<String> = filters.keys().cloned().collect();
    for (one, other, shape) in together {
        let (one, other) = (one.get(&leaves), other.get(&leaves));
        let both = match shape % 4 {
            0 => format!("({one}) and ({other})"),
            1 => format!("({one}) or ({other})"),
            2 => format!("not (({one}) or ({other}))"),
            _ => format!("({one}) and not ({other})"),
        };
        filters.insert(both, false);
    }
    for (text, is_default) in filters {
        let filter = parse_filter(&text).unwrap();
        let wanted: BTreeSet<Uuid> = objects
            .iter()
            .filter(|(_, object)| evaluate(&filter, entity, object).unwrap())
            .map(|(id, _)| *id)
            .collect();
        let found = list(Some(&filter), true).unwrap();
        let found: BTreeSet<Uuid> = found.into_iter().map(|(id, _)| id).collect();
        prop_assert_eq!(&found, &wanted, "{}\nover {:#?}", text, objects);
        let count = f.read(|tx| (subject.count)(tx, Some(&filter), true));
        prop_assert_eq!(count, wanted.len() as u64, "{}", text);
        if is_default {
            prop_assert!(list(Some(&filter), false).is_ok(), "{}", text);
        }
    }
    Ok(())
}

fn together() -> impl Strategy<Value = Vec<(Index, Index, u8)>> {
    prop::collection::vec(any::<(Index, Index, u8)>(), 40)
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn users_are_filtered_as_they_are_shown(
        bodies in prop::collection::vec(user(), 1..10),
        together in together(),
    ) {
        let f = fixture();
        for (number, (body, is_synced, later)) in bodies.into_iter().enumerate() {
            f.clock.advance_seconds(later.into());
            make_user(&f, number, body, is_synced);
        }
        // Who is deleted is in no answer.
        let gone = f.user("gone").id;
        f.write(move |tx| users::delete(tx, gone));
        agree(&f, &subject!(users), &together)?;
    }

    #[test]
    fn groups_are_filtered_as_they_are_shown(
        bodies in prop::collection::vec(group(), 1..10),
        together in together(),
    ) {
        let f = fixture();
        for (number, mut body) in bodies.into_iter().enumerate() {
            let nickname = format!("{}{number}", ["a.b", "A_b", "é%"][number % 3]);
            body.insert("mailNickname".into(), nickname.into());
            f.group_of(body);
        }
        agree(&f, &subject!(groups), &together)?;
    }
}

#[test]
fn applications_and_service_principals_are_filtered_as_they_are_shown() {
    let f = fixture();
    for body in [
        json!({"displayName": "a"}),
        json!({"displayName": "É%", "tags": ["a", "B"], "signInAudience": "AzureADMultipleOrgs"}),
        json!({"displayName": "a_b", "tags": ["%"], "identifierUris": ["api://A", "api://a_b"]}),
    ] {
        f.clock.advance_seconds(1);
        f.write(move |tx| {
            let app = applications::create(tx, &object(body))?;
            let tags = if app.display_name() == "a" {
                json!([])
            } else {
                json!(["a", "b"])
            };
            let body = object(json!({"appId": app.app_id, "tags": tags}));
            service_principals::create(tx, &body)
        });
    }
    agree(&f, &subject!(applications), &[]).unwrap();
    agree(&f, &subject!(service_principals), &[]).unwrap();
}

#[test]
fn changes_reach_the_columns_that_filters_read() {
    let f = fixture();
    let id = f
        .user_with(
            "ann",
            json!({"department": "Sales", "otherMails": ["a@x.example"]}),
        )
        .id;
    let guest = f
        .write(|tx| sync::upsert(tx, &synced(1, "eve", json!({"department": "Sales"}))))
        .id;
    let find = |text: &str| {
        let filter = parse_filter(text).unwrap();
        let page = Page {
            filter: Some(&filter),
            advanced: true,
            ..Page::first(10)
        };
        let found = f.read(|tx| users::list(tx, &page));
        found.into_iter().map(|user| user.id).collect::<Vec<_>>()
    };
    assert_eq!(find("department eq 'sales'").len(), 2);
    f.patch(
        id,
        json!({"department": null, "otherMails": ["b@x.example"], "accountEnabled": false}),
    );
    f.write(|tx| sync::upsert(tx, &synced(1, "eve", json!({"department": "IT"}))));
    assert_eq!(find("department eq null"), [id]);
    assert_eq!(find("department eq 'it'"), [guest]);
    // Names of this tenant are no identity that a filter finds.
    let federated =
        "identities/any(i:i/issuer eq 'ExternalAzureAD' and i/issuerAssignedId eq null)";
    assert_eq!(find(federated), [guest]);
    assert!(find("identities/any(i:i/signInType eq 'userPrincipalName')").is_empty());
    assert_eq!(find("assignedLicenses/$count eq 0").len(), 2);
    assert!(find("assignedPlans/any(p:p/service eq 'x')").is_empty());
    assert_eq!(find("otherMails/any(x:x eq 'B@x.example')"), [id]);
    assert_eq!(find("accountEnabled eq false"), [id]);
    f.write(|tx| sync::remove(tx, home(), home_id(1), false));
    assert_eq!(
        find("department eq 'it'"),
        Vec::<Id<types::kind::User>>::new()
    );
}
