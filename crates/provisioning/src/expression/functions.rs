//! The functions: their names, their parameters as Graph lists them, and what carries them out.

use super::evaluate::{Arguments, Run};
use super::value::Value;
use super::{Expression, Failure, dates, numbers, replace, roles, text};

type Outcome = Result<Value, Failure>;
type Check = fn(Arguments<'_>) -> Result<(), String>;

/// A function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its parameters, in their order.
    pub parameters: &'static [Parameter],
    /// What else its arguments have to fulfil.
    pub(super) check: Check,
    pub(super) call: fn(&mut Run<'_>, Arguments<'_>) -> Outcome,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// A parameter of a function.
#[derive(Debug)]
pub struct Parameter {
    /// Its name, as in `attributeMappingParameterSchema`.
    pub name: &'static str,
    /// Its `attributeType`.
    pub kind: &'static str,
    /// Whether it has to be given.
    pub required: bool,
    /// Whether it can be given several times (the last parameter only).
    pub repeats: bool,
    pub(super) is_pattern: bool,
}

impl Function {
    pub(super) fn repeats(&self) -> bool {
        self.parameters.last().is_some_and(|last| last.repeats)
    }
    pub(super) fn parameter(&self, index: usize) -> Option<&'static Parameter> {
        let last = self.parameters.last().filter(|last| last.repeats);
        self.parameters.get(index).or(last)
    }
}

const fn required(name: &'static str, kind: &'static str) -> Parameter {
    Parameter {
        name,
        kind,
        required: true,
        repeats: false,
        is_pattern: false,
    }
}
const fn optional(name: &'static str, kind: &'static str) -> Parameter {
    Parameter {
        required: false,
        ..required(name, kind)
    }
}
const fn repeated(name: &'static str, kind: &'static str) -> Parameter {
    Parameter {
        repeats: true,
        ..required(name, kind)
    }
}
const fn source() -> Parameter {
    required("source", STRING)
}

const STRING: &str = "String";
const INTEGER: &str = "Integer";
const BOOLEAN: &str = "Boolean";
const DATE: &str = "DateTime";
const BINARY: &str = "Binary";

const fn function(
    name: &'static str,
    parameters: &'static [Parameter],
    call: fn(&mut Run<'_>, Arguments<'_>) -> Outcome,
) -> Function {
    Function {
        name,
        parameters,
        check: |_| Ok(()),
        call,
    }
}

/// Words that some functions take as they are.
pub(super) const WORDS: &[&str] = &[
    "vbTextCompare",
    "vbBinaryCompare",
    "Unicode",
    "ASCII",
    "UTF8",
    "True",
    "False",
];

static ALL: &[Function] = &[
    function(
        "AltSecIdFromNetId",
        &[required("netId", STRING)],
        |run, it| run.argument(it, 0),
    ),
    function(
        "Append",
        &[source(), required("suffix", STRING)],
        text::append,
    ),
    function("AppRoleAssignments", &[source()], roles::values),
    function("AppRoleAssignmentsComplex", &[source()], roles::complex),
    function(
        "AssertiveAppRoleAssignmentsComplex",
        &[source()],
        roles::complex,
    ),
    function(
        "BitAnd",
        &[required("value1", INTEGER), required("value2", INTEGER)],
        numbers::bit_and,
    ),
    function(
        "CBool",
        &[required("expression", STRING)],
        numbers::to_boolean,
    ),
    function("CDate", &[required("expression", STRING)], dates::to_date),
    function("Coalesce", &[repeated("source", STRING)], |run, it| {
        for index in 0..it.len() {
            let value = run.argument(it, index)?;
            if !value.is_null() {
                return Ok(value);
            }
        }
        Ok(Value::Null)
    }),
    function(
        "ConvertFromBase64",
        &[source(), optional("encoding", STRING)],
        text::from_base64,
    ),
    function("ConvertToBase64", &[source()], text::to_base64),
    function("ConvertToUTF8Hex", &[source()], text::to_utf8_hex),
    function("Count", &[required("attribute", STRING)], numbers::count),
    function("CStr", &[required("value", STRING)], |run, it| {
        let value = run.argument(it, 0)?;
        run.each(value, &mut |_, text| Ok(text))
    }),
    function(
        "DateAdd",
        &[
            required("interval", STRING),
            required("value", INTEGER),
            required("dateTime", DATE),
        ],
        dates::add,
    ),
    function(
        "DateDiff",
        &[
            required("interval", STRING),
            required("date1", DATE),
            required("date2", DATE),
        ],
        dates::difference,
    ),
    function(
        "DateFromNum",
        &[required("value", INTEGER)],
        dates::from_number,
    ),
    function("DefaultDomain", &[], |run, _| {
        let domain = run.context.default_domain;
        Ok(domain.map_or(Value::Null, |domain| Value::Text(domain.to_owned())))
    }),
    function(
        "DNComponent",
        &[required("dn", STRING), required("componentNumber", INTEGER)],
        text::dn_component,
    ),
    function("Error", &[required("message", STRING)], |run, it| {
        let message = run.text(it, 0)?.unwrap_or_default();
        Err(Failure::evaluation(super::value::shortened(&message)))
    }),
    // The short form leaves out the styles.
    function(
        "FormatDateTime",
        &[
            source(),
            optional("dateTimeStyles", STRING),
            optional("inputFormat", STRING),
            optional("outputFormat", STRING),
        ],
        dates::format,
    )
    .checked(dates::check_format),
    function("Guid", &[], numbers::guid),
    function(
        "IgnoreFlowIfNullOrEmpty",
        &[required("expression", STRING)],
        |run, it| {
            let value = run.argument(it, 0)?;
            Ok(if value.is_null_or_empty() {
                Value::Ignored
            } else {
                value
            })
        },
    ),
    function(
        "IIF",
        &[
            required("condition", BOOLEAN),
            optional("valueIfTrue", STRING),
            optional("valueIfFalse", STRING),
        ],
        |run, it| {
            let condition = run.argument(it, 0)?.truth()?;
            run.argument(it, if condition { 1 } else { 2 })
        },
    ),
    function(
        "InStr",
        &[
            required("value1", STRING),
            required("value2", STRING),
            optional("start", INTEGER),
            optional("compareType", STRING),
        ],
        text::position,
    ),
    function("IsNothing", &[source()], is_null),
    function("IsNull", &[required("expression", STRING)], is_null),
    function(
        "IsNullOrEmpty",
        &[required("expression", STRING)],
        |run, it| Ok(Value::Boolean(run.argument(it, 0)?.is_null_or_empty())),
    ),
    function("IsPresent", &[required("expression", STRING)], |run, it| {
        Ok(Value::Boolean(!run.argument(it, 0)?.is_null_or_empty()))
    }),
    function("IsString", &[required("expression", STRING)], |run, it| {
        let value = run.argument(it, 0)?;
        Ok(Value::Boolean(matches!(value.text(), Ok(Some(_)))))
    }),
    function(
        "Item",
        &[required("attribute", STRING), required("index", INTEGER)],
        text::item,
    ),
    function(
        "Join",
        &[required("separator", STRING), repeated("source", STRING)],
        text::join,
    ),
    function(
        "Left",
        &[source(), required("numChars", INTEGER)],
        text::left,
    ),
    function("Len", &[source()], numbers::length),
    function(
        "Mid",
        &[
            source(),
            required("start", INTEGER),
            required("length", INTEGER),
        ],
        text::mid,
    ),
    function(
        "NormalizeDiacritics",
        &[source()],
        text::normalize_diacritics,
    ),
    function("Not", &[required("source", BOOLEAN)], |run, it| {
        Ok(Value::Boolean(!run.argument(it, 0)?.truth()?))
    }),
    function("Now", &[], |run, _| {
        Ok(Value::Moment(dates::Moment::of(run.context.now)))
    }),
    function(
        "NumFromDate",
        &[required("value", STRING)],
        dates::to_number,
    ),
    function(
        "PCase",
        &[source(), optional("wordSeparators", STRING)],
        text::proper_case,
    ),
    function(
        "Prepend",
        &[required("prefix", STRING), source()],
        text::prepend,
    ),
    function(
        "RandomString",
        &[
            required("length", INTEGER),
            required("minimumNumbers", INTEGER),
            required("minimumSpecialCharacters", INTEGER),
            required("minimumCapital", INTEGER),
            required("minimumLowerCase", INTEGER),
            optional("charactersToAvoid", STRING),
        ],
        numbers::random_string,
    ),
    function("Redact", &[required("attribute", STRING)], |run, it| {
        run.redacted = true;
        run.argument(it, 0)
    }),
    function(
        "RemoveDuplicates",
        &[required("attribute", STRING)],
        text::remove_duplicates,
    ),
    function(
        "Replace",
        &[
            source(),
            optional("Find", STRING),
            Parameter {
                is_pattern: true,
                ..optional("RegularExpression", STRING)
            },
            optional("RegularExpressionGroupName", STRING),
            optional("Replacement", STRING),
            optional("ReplacementPropertyName", STRING),
            optional("Template", STRING),
        ],
        replace::replace,
    )
    .checked(replace::check),
    function(
        "SelectUniqueValue",
        &[repeated("uniqueValueRule", STRING)],
        text::select_unique_value,
    )
    .checked(|it| match it.iter().flatten().count() {
        0 | 1 => Err("SelectUniqueValue needs at least two values to choose from.".into()),
        _ => Ok(()),
    }),
    function("SingleAppRoleAssignment", &[source()], roles::single),
    function(
        "Split",
        &[source(), optional("delimiter", STRING)],
        text::split,
    ),
    function(
        "StringFromSid",
        &[required("objectSid", BINARY)],
        numbers::string_from_sid,
    ),
    function("StripSpaces", &[source()], |run, it| {
        let value = run.argument(it, 0)?;
        run.each(value, &mut |_, text| Ok(text.replace(' ', "")))
    }),
    function(
        "Switch",
        &[
            source(),
            optional("defaultValue", STRING),
            repeated("switchValue", STRING),
        ],
        switch,
    )
    .checked(check_switch),
    function(
        "ToLower",
        &[source(), optional("culture", STRING)],
        text::to_lower,
    ),
    function(
        "ToUpper",
        &[source(), optional("culture", STRING)],
        text::to_upper,
    ),
    function("Trim", &[source()], |run, it| {
        let value = run.argument(it, 0)?;
        run.each(value, &mut |_, text| Ok(text.trim().to_owned()))
    }),
    function(
        "Word",
        &[
            source(),
            required("wordNumber", INTEGER),
            required("delimiters", STRING),
        ],
        text::word,
    ),
];

impl Function {
    const fn checked(self, check: Check) -> Self {
        Self { check, ..self }
    }
}

/// All functions, in the order of their names.
pub fn all() -> &'static [Function] {
    ALL
}

pub(super) fn find(name: &str) -> Option<&'static Function> {
    ALL.iter().find(|function| function.name == name)
}

fn is_null(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    Ok(Value::Boolean(run.argument(it, 0)?.is_null()))
}

/// The values of what stands behind the key that the source is equal to, case included; an absent
/// source is equal to the empty key.
fn switch(run: &mut Run<'_>, it: Arguments<'_>) -> Outcome {
    let source = run.text(it, 0)?.unwrap_or_default();
    for index in (2..it.len()).step_by(2) {
        if run.text(it, index)?.unwrap_or_default() == source {
            return run.argument(it, index + 1);
        }
    }
    run.argument(it, 1)
}

fn check_switch(it: &[Option<Expression>]) -> Result<(), String> {
    if it.len().is_multiple_of(2) {
        Ok(())
    } else {
        Err(
            "Switch takes an even number of parameters: a source, a default value (which may be \
             left empty), and pairs of key and value."
                .into(),
        )
    }
}
