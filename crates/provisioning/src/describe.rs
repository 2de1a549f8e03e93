//! What Graph answers about the language itself: `functions()`, `filterOperators()`, and
//! `parseExpression`.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use types::{Error, Result, Timestamp};

use crate::expression::{Context, Expression, Failure, Value, functions};
use crate::filter::FilterOperator;
use crate::schema::{At, attribute_definition};

/// Properties of a test object.
pub const TEST_PROPERTIES_MAX: usize = 500;

/// Graph's collection of `attributeMappingFunctionSchema`.
pub fn functions_json() -> Vec<Json> {
    let functions = functions().iter().map(|function| {
        let parameters = function.parameters.iter().map(|parameter| {
            json!({
                "allowMultipleOccurrences": parameter.repeats,
                "name": parameter.name,
                "required": parameter.required,
                "type": parameter.kind,
            })
        });
        json!({"id": function.name, "parameters": parameters.collect::<Vec<_>>()})
    });
    functions.collect()
}

/// Graph's collection of `filterOperatorSchema`.
pub fn filter_operators_json() -> Vec<Json> {
    let operators = FilterOperator::ALL.iter().map(|operator| {
        json!({
            "id": operator.name(),
            "arity": if operator.is_binary() { "Binary" } else { "Unary" },
            "multivaluedComparisonType": "All",
            "supportedAttributeTypes": operator.types(),
        })
    });
    operators.collect()
}

/// What `parseExpression` is asked.
#[derive(Debug, Clone, Copy)]
pub struct ParseExpression<'a> {
    /// The expression.
    pub expression: &'a str,
    /// An `expressionInputObject` to evaluate it for, if it should be.
    pub test_input_object: Option<&'a Json>,
    /// An `attributeDefinition`: the attribute that takes the value.
    pub target_attribute_definition: Option<&'a Json>,
    /// The time.
    pub now: Timestamp,
    /// What everything random is made from.
    pub seed: [u8; 32],
    /// What `DefaultDomain()` answers.
    pub default_domain: Option<&'a str>,
}

/// Graph's `parseExpressionResponse`. Only a request that has another form than Graph's is an error;
/// an expression that is wrong, or fails for the test object, is an answer.
pub fn parse_expression(request: &ParseExpression<'_>) -> Result<Json> {
    let input = request.test_input_object.filter(|it| !it.is_null());
    let input = input.map(test_object).transpose()?;
    let target = request
        .target_attribute_definition
        .filter(|it| !it.is_null());
    let target = target
        .map(|target| {
            let at = At {
                path: "targetAttributeDefinition".to_owned(),
                value: Some(target),
            };
            attribute_definition(at)
        })
        .transpose()?;
    let expression = match Expression::parse(request.expression) {
        Ok(expression) => expression,
        Err(failure) => return Ok(answer(None, None, Some(&failure))),
    };
    let Some(input) = input else {
        return Ok(answer(Some(&expression), None, None));
    };
    let lookup = |name: &str| {
        let exactly = input.get(name);
        let value = exactly.or_else(|| {
            let mut all = input.iter();
            all.find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        });
        value.cloned().unwrap_or(Value::Null)
    };
    let context = Context {
        default_domain: request.default_domain,
        ..Context::new(&lookup, request.now, request.seed)
    };
    let evaluated = expression.evaluate(&context).and_then(|evaluated| {
        let values = evaluated.into_texts();
        match target {
            Some(target) if !target.multivalued && values.len() > 1 => {
                Err(Failure::evaluation(format!(
                    "'{}' has one value, and the expression gives {}.",
                    target.name,
                    values.len()
                )))
            }
            Some(target) if values.is_empty() => Ok(target.default_value.into_iter().collect()),
            _ => Ok(values),
        }
    });
    Ok(match evaluated {
        Ok(values) => answer(Some(&expression), Some(values), None),
        Err(failure) => answer(Some(&expression), None, Some(&failure)),
    })
}

fn answer(
    parsed: Option<&Expression>,
    values: Option<Vec<String>>,
    failure: Option<&Failure>,
) -> Json {
    let error = failure.map(|failure| {
        json!({
            "code": failure.code,
            "message": failure.message,
            "target": "expression",
            "details": [],
            "innerError": null,
        })
    });
    json!({
        "error": error,
        "evaluationSucceeded": values.is_some(),
        "evaluationResult": values.unwrap_or_default(),
        "parsedExpression": parsed.map(Expression::to_json),
        "parsingSucceeded": parsed.is_some(),
    })
}

/// The properties of an `expressionInputObject`, by their names.
fn test_object(input: &Json) -> Result<BTreeMap<String, Value>> {
    let at = At {
        path: "testInputObject".to_owned(),
        value: Some(input),
    };
    let object = at.object("expressionInputObject", &["definition", "properties"])?;
    let mut values = BTreeMap::new();
    for at in object
        .at("properties")
        .list((TEST_PROPERTIES_MAX, "limits.test_properties"))?
    {
        let pair = at.object("stringKeyObjectValuePair", &["key", "value"])?;
        values.insert(
            pair.at("key").needed_text()?,
            pair.at("value").value.map_or(Value::Null, Value::from_json),
        );
    }
    Ok(values)
}

/// Reads the body of `parseExpression`.
impl<'a> ParseExpression<'a> {
    /// What a request's body asks, at a time and with a seed.
    pub fn from_body(body: &'a Map<String, Json>, now: Timestamp, seed: [u8; 32]) -> Result<Self> {
        const NAMES: [&str; 3] = ["expression", "testInputObject", "targetAttributeDefinition"];
        let unknown = body
            .keys()
            .find(|name| !name.contains('@') && !NAMES.contains(&name.as_str()));
        if let Some(name) = unknown {
            return Err(Error::invalid(
                name,
                format!(
                    "'{name}' isn't a parameter of parseExpression; these are {}.",
                    NAMES.join(", ")
                ),
            ));
        }
        let Some(expression) = body.get("expression").and_then(Json::as_str) else {
            return Err(Error::invalid(
                "expression",
                "'expression' is needed, and has to be a string.",
            ));
        };
        Ok(Self {
            expression,
            test_input_object: body.get("testInputObject"),
            target_attribute_definition: body.get("targetAttributeDefinition"),
            now,
            seed,
            default_domain: None,
        })
    }
}
