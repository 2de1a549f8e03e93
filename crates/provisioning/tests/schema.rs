//! Schemas as documents: the default, what is read and written, what is refused and where; and at
//! work: filters, mappings, what a pair keeps.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use provisioning::{
    Context, FilterOperator, Flow, FlowType, Mapper, ParseExpression, Schema, Standing, User,
    filter_operators_json, functions_json, parse_expression, store as kept,
};
use serde_json::{Value, json};
use store::{ManualClock, NewTenant, Store};
use types::{Actor, DomainName, TenantId, Timestamp};

const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

/// The default schema as JSON, changed.
fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut document = Schema::default_for_users().to_json("job");
    change(&mut document);
    document
}

fn users(document: &mut Value) -> &mut Value {
    &mut document["synchronizationRules"][0]["objectMappings"][0]
}

/// The mapping to an attribute.
fn mapping<'d>(document: &'d mut Value, target: &str) -> &'d mut Value {
    let mappings = users(document)["attributeMappings"].as_array_mut().unwrap();
    mappings
        .iter_mut()
        .find(|it| it["targetAttributeName"] == target)
        .unwrap()
}

fn add(document: &mut Value, mapping: Value) {
    let mappings = users(document)["attributeMappings"].as_array_mut().unwrap();
    mappings.push(mapping);
}

fn expression(target: &str, expression: &str) -> Value {
    json!({"targetAttributeName": target, "source": {"type": "Function", "expression": expression}})
}

#[test]
fn the_default_is_written_as_graph_has_it_and_read_again() {
    let schema = Schema::default_for_users();
    let document = schema.to_json("Azure2Azure.1");
    assert_eq!(document["id"], "Azure2Azure.1");
    let rule = &document["synchronizationRules"][0];
    assert_eq!(rule["name"], "USER_INBOUND_USER");
    assert_eq!(rule["sourceDirectoryName"], "Azure Active Directory");
    let users = &rule["objectMappings"][0];
    assert_eq!(users["flowTypes"], "Add,Update,Delete");
    assert_eq!(
        users["attributeMappings"][0],
        json!({
            "defaultValue": null,
            "exportMissingReferences": false,
            "flowBehavior": "FlowWhenChanged",
            "flowType": "Always",
            "matchingPriority": 1,
            "targetAttributeName": "alternativeSecurityIds",
            "source": {
                "expression": "AltSecIdFromNetId([netId])",
                "name": "AltSecIdFromNetId",
                "type": "Function",
                "parameters": [{
                    "key": "netId",
                    "value": {
                        "expression": "[netId]", "name": "netId", "type": "Attribute",
                        "parameters": [],
                    },
                }],
            },
        })
    );
    let mut changed = document.clone();
    assert_eq!(
        mapping(&mut changed, "userType")["flowType"],
        "ObjectAddOnly"
    );
    assert_eq!(Schema::from_json(&document).unwrap(), schema);
    // Whoever writes it by hand leaves most of it out.
    let short = json!({"synchronizationRules": [{"objectMappings": [{
        "sourceObjectName": "User",
        "targetObjectName": "User",
        "attributeMappings": [
            expression("alternativeSecurityIds", "AltSecIdFromNetId([netId])"),
            {"targetAttributeName": "displayName", "source": {"name": "displayName"}},
            {"targetAttributeName": "userPrincipalName", "source": {"expression": "[userPrincipalName]"}},
            {"targetAttributeName": "companyName", "defaultValue": "Contoso", "source": null},
        ],
    }]}]});
    let mut short_with_priority = short.clone();
    mapping(&mut short_with_priority, "alternativeSecurityIds")["matchingPriority"] = json!(1);
    let read = Schema::from_json(&short_with_priority).unwrap();
    assert_eq!(read.directories, schema.directories);
    assert_eq!(Schema::from_json(&read.to_json("x")).unwrap(), read);
    assert!(
        Schema::from_json(&short).is_err(),
        "without its matching priority"
    );
}

#[test]
fn a_source_may_be_a_tree_an_expression_or_both() {
    let tree = json!({
        "type": "Function",
        "name": "Replace",
        "parameters": [
            {"key": "source", "value": {"type": "Attribute", "name": "department"}},
            {"key": "Find", "value": {"type": "Constant", "name": "-", "expression": "\"-\""}},
            {"key": "Replacement", "value": {"type": "Constant", "name": "_"}},
        ],
    });
    let text = r#"Replace([department], "-", , , "_", , )"#;
    let read = |source: Value| {
        let document = changed(|it| mapping(it, "department")["source"] = source);
        Schema::from_json(&document).map(|schema| {
            let mappings = schema.rule.users.attribute_mappings;
            let found = mappings.into_iter().find(|it| it.target == "department");
            found.unwrap().source.unwrap()
        })
    };
    assert_eq!(
        read(tree.clone()).unwrap().to_string(),
        r#"Replace([department], "-", , , "_")"#
    );
    let mut both = tree.clone();
    both["expression"] = json!(text);
    assert_eq!(read(both.clone()).unwrap().to_string(), text);
    both["expression"] = json!("ToUpper([department])");
    let error = read(both).unwrap_err().to_string();
    assert!(error.contains("one of them has to go"), "{error}");
    let constant = read(
        json!({"type": "Constant", "name": "Sales \"x\"", "expression": "\"Sales \\\"x\\\"\""}),
    );
    assert_eq!(constant.unwrap().name(), "Sales \"x\"");
    // An expression may say what the type doesn't.
    assert_eq!(
        read(json!({"expression": "[city]"})).unwrap().to_string(),
        "[city]"
    );
}

#[test]
fn what_is_wrong_is_refused_with_its_place() {
    type Change = fn(&mut Value);
    let cases: &[(Change, &str, &str)] = &[
        (
            |it| it["synchronizationRules"] = json!([]),
            "synchronizationRules",
            "exactly one rule",
        ),
        (
            |it| it["sinchronizationRules"] = json!([]),
            "the schema",
            "does not exist on type",
        ),
        (
            |it| it["synchronizationRules"][0]["targetDirectoryName"] = json!("Salesforce"),
            "targetDirectoryName",
            "no directory 'Salesforce'",
        ),
        (
            |it| {
                it["synchronizationRules"][0]["containerFilter"] =
                    json!({"includedContainers": ["OU=x"]});
            },
            "containerFilter",
            "no such filter",
        ),
        (
            |it| it["synchronizationRules"][0]["objectMappings"] = json!("x"),
            "objectMappings",
            "list",
        ),
        (
            |it| users(it)["targetObjectName"] = json!("Contact"),
            "objectMappings[0]",
            "can't be mapped",
        ),
        (
            |it| users(it)["flowTypes"] = json!("Add, Merge"),
            "flowTypes",
            "Add, Update and Delete",
        ),
        (
            |it| users(it)["enabled"] = json!("yes"),
            "enabled",
            "true or false",
        ),
        (
            |it| mapping(it, "city")["flowType"] = json!("Sometimes"),
            "flowType",
            "ObjectAddOnly",
        ),
        (
            |it| mapping(it, "city")["targetAttributeName"] = json!("town"),
            "objectMappings[User].attributeMappings",
            "isn't an attribute",
        ),
        (
            |it| mapping(it, "city")["targetAttributeName"] = json!("state"),
            "attributeMappings",
            "mapped twice",
        ),
        (
            |it| mapping(it, "city")["matchingPriority"] = json!(2),
            "attributeMappings",
            "matching priority",
        ),
        (
            |it| mapping(it, "alternativeSecurityIds")["source"] = json!({"expression": "[mail]"}),
            "attributeMappings[0]",
            "AltSecIdFromNetId",
        ),
        (
            |it| mapping(it, "displayName")["targetAttributeName"] = json!("companyName"),
            "attributeMappings",
            "'displayName' is needed",
        ),
        (
            |it| *mapping(it, "city") = expression("city", "Upper([city])"),
            "source.expression",
            "no function 'Upper'",
        ),
        (
            |it| *mapping(it, "city") = expression("city", "ToUpper([town])"),
            "attributeMappings",
            "'town' isn't an attribute",
        ),
        (
            |it| *mapping(it, "city") = json!({"targetAttributeName": "city"}),
            "attributeMappings",
            "neither a source",
        ),
        (
            |it| *mapping(it, "accountEnabled") = json!({"targetAttributeName": "accountEnabled", "source": {"type": "Constant", "name": "Yes"}}),
            "attributeMappings",
            "True or False",
        ),
        (
            |it| mapping(it, "userType")["source"] = json!({"type": "Constant", "name": "Admin"}),
            "attributeMappings",
            "Member or Guest",
        ),
        (
            |it| mapping(it, "manager")["source"] = json!({"expression": "[mail]"}),
            "attributeMappings",
            "as [manager]",
        ),
        (
            |it| *mapping(it, "city") = expression("city", "SelectUniqueValue([city], [state])"),
            "attributeMappings",
            "ObjectAddOnly",
        ),
        (
            |it| mapping(it, "city")["flowType"] = json!("MultiValueAddOnly"),
            "attributeMappings",
            "several values",
        ),
        (
            |it| users(it)["scope"] = json!({"groups": [{"clauses": []}]}),
            "scope.groups[0].clauses",
            "at least one clause",
        ),
        (
            |it| users(it)["scope"] = json!({"groups": [{"clauses": [{"operatorName": "LIKE", "sourceOperandName": "city"}]}]}),
            "operatorName",
            "isn't an operator",
        ),
        (
            |it| users(it)["scope"] = json!({"groups": [{"clauses": [{"operatorName": "EQUALS", "sourceOperandName": "city"}]}]}),
            "clauses[0]",
            "there is none",
        ),
        (
            |it| users(it)["scope"] = json!({"groups": [{"clauses": [{"operatorName": "REGEX MATCH", "sourceOperandName": "city", "targetOperand": {"values": ["("]}}]}]}),
            "clauses[0]",
            "regular expression",
        ),
        (
            |it| users(it)["scope"] = json!({"groups": [{"clauses": [{"operatorName": "IS NULL", "sourceOperandName": "manager"}]}]}),
            "clauses[0]",
            "can't be filtered",
        ),
        (
            |it| it["directories"][0]["objects"][0]["attributes"][0]["type"] = json!("Text"),
            "directories[0].objects[0].attributes[0].type",
            "one of String",
        ),
        (
            |it| {
                it["synchronizationRules"][0]["objectMappings"][1]["attributeMappings"] = json!([]);
            },
            "objectMappings[Group]",
            "only 'enabled'",
        ),
    ];
    for (change, place, says) in cases {
        let error = Schema::from_json(&changed(change)).unwrap_err();
        let types::Error::Invalid { target, message } = error else {
            unreachable!("{error}");
        };
        let target = target.unwrap_or_default();
        assert!(target.contains(place), "{target} for {place}: {message}");
        assert!(message.contains(says), "{message}");
    }
    let large = changed(|it| it["version"] = json!("x".repeat(600_000)));
    assert!(matches!(
        Schema::from_json(&large).unwrap_err(),
        types::Error::LimitExceeded { .. }
    ));
    for nonsense in [
        json!(null),
        json!([]),
        json!("x"),
        json!({"synchronizationRules": [[]]}),
    ] {
        assert!(Schema::from_json(&nonsense).is_err());
    }
}

#[test]
fn attributes_that_the_schema_itself_lists_are_known() {
    let document = changed(|it| {
        let attributes = it["directories"][0]["objects"][0]["attributes"]
            .as_array_mut()
            .unwrap();
        attributes.push(json!({"name": "extension_1_shoeSize", "type": "String"}));
        *mapping(it, "city") = expression("city", "Append([extension_1_shoeSize], \"\")");
    });
    assert!(Schema::from_json(&document).is_ok());
}

fn user() -> Value {
    json!({
        "id": "11111111-2222-3333-4444-555555555555",
        "displayName": "Ann Smith",
        "userPrincipalName": "ann@contoso.example",
        "accountEnabled": true,
        "department": "Sales",
        "employeeId": "1200",
        "businessPhones": ["+1 5"],
        "onPremisesExtensionAttributes": {"extensionAttribute3": "three"},
    })
}

fn standing(scope: Value) -> Standing {
    let document = changed(|it| users(it)["scope"] = scope);
    let mapper = Mapper::new(&Schema::from_json(&document).unwrap()).unwrap();
    let user = user();
    mapper.standing(&User {
        properties: user.as_object().unwrap(),
        manager: None,
        is_deleted: false,
    })
}

fn holds(attribute: &str, operator: &str, values: &[&str]) -> bool {
    let clause = json!({
        "sourceOperandName": attribute,
        "operatorName": operator,
        "targetOperand": {"values": values},
    });
    standing(json!({"groups": [{"clauses": [clause]}]})) == Standing::InScope
}

#[test]
fn each_operator_of_a_scoping_filter_does_what_it_says() {
    for (attribute, operator, values, expected) in [
        ("department", "EQUALS", &["Sales"][..], true),
        ("department", "EQUALS", &["sales"], false),
        ("department", "EQUALS", &["HR", "Sales"], true),
        ("department", "NOT EQUALS", &["HR"], true),
        ("department", "NOT EQUALS", &["Sales"], false),
        ("department", "Includes", &["ale"], true),
        ("department", "ENDS_WITH", &["les"], true),
        ("department", "ENDS WITH", &["sale"], false),
        ("department", "&", &["Sales, HR"], true),
        ("department", "!&", &["Sales, HR"], false),
        ("department", "REGEX MATCH", &["^S.l"], true),
        ("department", "NOT REGEX MATCH", &["^S.l"], false),
        (
            "userPrincipalName",
            "REGEX MATCH",
            &[".*\\@contoso.example"],
            true,
        ),
        ("employeeId", "Greater_Than", &["1199"], true),
        ("employeeId", "Greater_Than", &["1200"], false),
        ("employeeId", "Greater_Than_OR_EQUALS", &["1200"], true),
        ("department", "GREATER_THAN", &["1"], false),
        ("accountEnabled", "IS TRUE", &[], true),
        ("accountEnabled", "IS FALSE", &[], false),
        ("IsSoftDeleted", "IS FALSE", &[], true),
        ("city", "IS NULL", &[], true),
        ("department", "IS NOT NULL", &[], true),
        ("extensionAttribute3", "EQUALS", &["three"], true),
        ("telephoneNumber", "EQUALS", &["+1 5"], true),
        // A clause about what isn't there is false, its negation too.
        ("city", "EQUALS", &["x"], false),
        ("city", "NOT EQUALS", &["x"], false),
        ("city", "NOT REGEX MATCH", &["x"], false),
        ("city", "!&", &["x"], false),
        ("city", "IS TRUE", &[], false),
        ("city", "IS FALSE", &[], false),
    ] {
        let found = holds(attribute, operator, values);
        assert_eq!(found, expected, "{attribute} {operator} {values:?}");
    }
    assert_eq!(FilterOperator::ALL.len(), filter_operators_json().len());
}

#[test]
fn clauses_are_joined_by_and_groups_by_or() {
    let clause = |value: &str| {
        json!({
            "sourceOperandName": "department",
            "operatorName": "EQUALS",
            "targetOperand": {"values": [value]},
        })
    };
    let (is, isnt) = (clause("Sales"), clause("HR"));
    let group = |clauses: Value| json!({"name": "g", "clauses": clauses});
    let both = group(json!([is, isnt]));
    let fits = group(json!([is]));
    assert_eq!(standing(json!({"groups": [both]})), Standing::OutOfScope);
    assert_eq!(standing(json!({"groups": [both, fits]})), Standing::InScope);
    assert_eq!(standing(json!({"groups": []})), Standing::InScope);
    assert_eq!(standing(json!(null)), Standing::InScope);
    // Whom the input filter keeps out is left as it is.
    for set in ["inputFilterGroups", "categoryFilterGroups"] {
        assert_eq!(standing(json!({set: [both]})), Standing::NotProcessed);
    }
}

fn map(document: &Value, new: bool) -> Vec<Flow> {
    let mapper = Mapper::new(&Schema::from_json(document).unwrap()).unwrap();
    let user = user();
    let source = User {
        properties: user.as_object().unwrap(),
        manager: Some("66666666-2222-3333-4444-555555555555"),
        is_deleted: false,
    };
    mapper
        .map(&Context::new(&source, NOW, [1; 32]), new)
        .unwrap()
}

#[test]
fn users_are_mapped_as_the_schema_says() {
    let document = changed(|it| {
        *mapping(it, "department") = expression("department", "ToUpper([department])");
        *mapping(it, "jobTitle") = expression("jobTitle", "IgnoreFlowIfNullOrEmpty([jobTitle])");
        mapping(it, "city")["defaultValue"] = json!("Lima");
        mapping(it, "state")["flowType"] = json!("ValueAddOnly");
        mapping(it, "employeeId")["flowType"] = json!("AttributeAddOnly");
        add(it, expression("companyName", "Redact(\"Contoso\")"));
        add(
            it,
            json!({
                "targetAttributeName": "employeeType",
                "flowType": "ObjectAddOnly",
                "source": {"expression": "RandomString(8,1,1,1,1)"},
            }),
        );
    });
    let flows = map(&document, true);
    let flow = |property: &str| flows.iter().find(|flow| flow.property == property);
    let values = |property: &str| flow(property).map(|flow| flow.values.clone());
    let one = |text: &str| Some(vec![text.to_owned()]);
    assert_eq!(values("department"), one("SALES"));
    assert_eq!(values("businessPhones"), one("+1 5"));
    assert_eq!(values("accountEnabled"), one("True"));
    assert_eq!(
        values("manager"),
        one("66666666-2222-3333-4444-555555555555")
    );
    assert_eq!(values("city"), one("Lima"), "the default value");
    assert_eq!(values("country"), Some(Vec::new()), "cleared");
    assert_eq!(values("jobTitle"), None, "left out of the flow");
    assert_eq!(values("state"), None, "never cleared");
    assert_eq!(values("userType"), one("Member"));
    assert_eq!(
        flow("employeeId").unwrap().flow_type,
        FlowType::AttributeAddOnly
    );
    assert!(flow("companyName").unwrap().redacted);
    for absent in ["isSoftDeleted", "alternativeSecurityIds"] {
        assert_eq!(flow(absent), None);
    }
    assert_eq!(
        flows,
        map(&document, true),
        "the same user has the same values"
    );
    let later = map(&document, false);
    let only_at_first = ["userType", "showInAddressList", "employeeType"];
    assert_eq!(later.len() + only_at_first.len(), flows.len());
    assert!(
        later
            .iter()
            .all(|flow| !only_at_first.contains(&flow.property))
    );
    // Two attributes have nothing to do with each other.
    let twice = changed(|it| {
        add(it, expression("companyName", "Guid()"));
        add(it, expression("employeeType", "Guid()"));
    });
    let flows = map(&twice, true);
    let guid = |property: &str| flows.iter().find(|it| it.property == property).unwrap();
    assert_ne!(guid("companyName").values, guid("employeeType").values);
}

#[test]
fn one_user_that_cant_be_mapped_is_told_by_the_attribute() {
    let document = changed(|it| {
        *mapping(it, "city") =
            expression("city", "IIF(IsPresent([city]), [city], Error(\"No city\"))");
    });
    let mapper = Mapper::new(&Schema::from_json(&document).unwrap()).unwrap();
    let user = user();
    let source = User {
        properties: user.as_object().unwrap(),
        manager: None,
        is_deleted: false,
    };
    let unmapped = mapper
        .map(&Context::new(&source, NOW, [1; 32]), false)
        .unwrap_err();
    assert_eq!(unmapped.attribute, "city");
    assert!(unmapped.failure.message.contains("No city"));
}

fn ask(body: Value) -> Value {
    let body = body.as_object().unwrap().clone();
    parse_expression(&ParseExpression::from_body(&body, NOW, [3; 32]).unwrap()).unwrap()
}

#[test]
fn parse_expression_answers_as_graph_does() {
    let answer = ask(json!({
        "expression": "Replace([preferredLanguage], \"-\", , , \"_\", ,  )",
        "targetAttributeDefinition": null,
        "testInputObject": {
            "definition": null,
            "properties": [
                {"key": "preferredLanguage", "value": "EN-US"},
                {"key": "appRoleAssignments", "value@odata.type": "#Collection(String)", "value": ["x"]},
            ],
        },
    }));
    let constant = |text: &str| json!({"expression": format!("\"{text}\""), "name": text, "type": "Constant", "parameters": []});
    assert_eq!(
        answer,
        json!({
            "error": null,
            "evaluationSucceeded": true,
            "evaluationResult": ["EN_US"],
            "parsedExpression": {
                "expression": "Replace([preferredLanguage], \"-\", , , \"_\", , )",
                "name": "Replace",
                "type": "Function",
                "parameters": [
                    {"key": "source", "value": {
                        "expression": "[preferredLanguage]", "name": "preferredLanguage",
                        "type": "Attribute", "parameters": [],
                    }},
                    {"key": "Find", "value": constant("-")},
                    {"key": "Replacement", "value": constant("_")},
                ],
            },
            "parsingSucceeded": true,
        })
    );
    let answer = ask(json!({"expression": "Mid([userPrincipalName], 1, 8)"}));
    assert_eq!(answer["parsingSucceeded"], true);
    assert_eq!(answer["evaluationSucceeded"], false);
    assert_eq!(
        answer["parsedExpression"]["expression"],
        "Mid([userPrincipalName], 1, 8)"
    );
    assert_eq!(
        answer["parsedExpression"]["parameters"][1]["value"],
        constant("1")
    );
    let answer = ask(json!({"expression": "Mid([userPrincipalName], 1"}));
    assert_eq!(answer["parsingSucceeded"], false);
    assert_eq!(answer["parsedExpression"], Value::Null);
    assert_eq!(answer["error"]["code"], "InvalidExpression");
    let input = json!({"properties": [{"key": "roles", "value": ["a", "b"]}]});
    let several = |target: Value| {
        ask(json!({
            "expression": "Coalesce([roles])",
            "testInputObject": input,
            "targetAttributeDefinition": target,
        }))
    };
    assert_eq!(several(json!(null))["evaluationResult"], json!(["a", "b"]));
    let answer = several(json!({"name": "role", "type": "String"}));
    assert_eq!(answer["parsingSucceeded"], true);
    assert_eq!(answer["evaluationSucceeded"], false);
    assert_eq!(answer["error"]["code"], "ExpressionEvaluationFailed");
    // Only what isn't of the form is an error of the request.
    for body in [
        json!({}),
        json!({"expression": 1}),
        json!({"expression": "Now()", "input": {}}),
    ] {
        let body = body.as_object().unwrap();
        assert!(ParseExpression::from_body(body, NOW, [3; 32]).is_err());
    }
    for input in [
        json!([]),
        json!({"properties": [1]}),
        json!({"properties": [{"value": 1}]}),
    ] {
        let body = json!({"expression": "Now()", "testInputObject": input});
        let body = body.as_object().unwrap();
        assert!(
            parse_expression(&ParseExpression::from_body(body, NOW, [3; 32]).unwrap()).is_err()
        );
    }
    assert!(functions_json().iter().any(|function| {
        function["id"] == "Join" && function["parameters"][1]["allowMultipleOccurrences"] == true
    }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_keeps_its_schema_and_goes_back_to_the_default() {
    let directory = tempfile::tempdir().unwrap();
    let clock = std::sync::Arc::new(ManualClock::new(NOW));
    let options = engines::options(directory.path());
    let (store, tenants) = tokio::task::spawn_blocking(move || {
        let store = Store::open(options, clock).unwrap();
        let tenant = |name: &str| {
            let new = NewTenant {
                tenant_id: None,
                display_name: name.to_owned(),
                domain: DomainName::parse(&format!("{name}.example")).unwrap(),
            };
            let made = store.create_tenant(new, Actor::Operator, |_| Ok(()));
            made.unwrap().0.tenant_id
        };
        let tenants = [tenant("one"), tenant("two")];
        (store, tenants)
    })
    .await
    .unwrap();
    let island = store.island(tenants[0]).unwrap();
    let target = TenantId::new(uuid::Uuid::from_u128(9));
    let own = Schema::from_json(&changed(|it| {
        *mapping(it, "city") = expression("city", "ToUpper([city])");
    }))
    .unwrap();
    let load = |island: store::Island| async move {
        island.read(move |tx| kept::load(tx, target)).await.unwrap()
    };
    assert!(load(island.clone()).await.is_none());
    let write = |schema: Option<Schema>| {
        let island = island.clone();
        async move {
            let command = move |tx: &mut store::Tx<'_>| match &schema {
                Some(schema) => kept::save(tx, target, schema),
                None => kept::delete(tx, target),
            };
            island.write(Actor::Operator, command).await.unwrap();
            island.read(|tx| Ok(tx.head())).await.unwrap().unwrap()
        }
    };
    let before = write(Some(Schema::default_for_users())).await;
    assert!(
        load(island.clone()).await.is_none(),
        "the default needn't be kept"
    );
    let saved = write(Some(own.clone())).await;
    assert!(saved > before, "the pair is woken");
    let first = load(island.clone()).await.unwrap();
    assert_eq!(first.schema, own);
    assert_eq!(
        write(Some(own.clone())).await,
        saved,
        "the same again changes nothing"
    );
    write(None).await;
    assert!(load(island.clone()).await.is_none());
    write(Some(own)).await;
    let second = load(island.clone()).await.unwrap();
    assert!(second.revision > first.revision);
    assert_ne!(second.seed, first.seed);
    let other = store.island(tenants[1]).unwrap();
    assert!(
        load(other).await.is_none(),
        "another tenant has nothing of it"
    );
}
