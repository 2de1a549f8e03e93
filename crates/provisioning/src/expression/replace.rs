//! `Replace`, in its five forms.

use regex::{Captures, Regex};

use super::evaluate::{Arguments, Run};
use super::pattern::{Pattern, check_text};
use super::value::Value;
use super::{Expression, Failure};

/// The places of the parameters.
const FIND: usize = 1;
const PATTERN: usize = 2;
const GROUP: usize = 3;
const REPLACEMENT: usize = 4;
const INSTEAD: usize = 5;
const TEMPLATE: usize = 6;

/// Whether what is given makes one of the forms.
pub(super) fn check(it: &[Option<Expression>]) -> Result<(), String> {
    let has = |index: usize| it.get(index).is_some_and(Option::is_some);
    if has(FIND) && has(PATTERN) {
        return Err("Replace takes oldValue or regexPattern, not both.".into());
    }
    let is_form = match (has(FIND), has(PATTERN)) {
        (true, _) => has(REPLACEMENT) || has(TEMPLATE),
        (_, true) => has(REPLACEMENT) || (has(GROUP) && has(INSTEAD)),
        _ => false,
    };
    if !is_form {
        return Err(
            "Replace needs one of: oldValue and replacementValue; oldValue and template; \
             regexPattern and replacementValue; regexPattern, regexGroupName and \
             replacementAttributeName."
                .into(),
        );
    }
    if let (Some(Some(Expression::Text(pattern))), Some(Some(Expression::Text(group)))) =
        (it.get(PATTERN), it.get(GROUP))
    {
        let pattern = Pattern::new(pattern).map_err(|failure| failure.message)?;
        named(&pattern.0, group).map_err(|failure| failure.message)?;
    }
    Ok(())
}

fn named(pattern: &Regex, group: &str) -> Result<(), Failure> {
    if pattern.capture_names().flatten().any(|name| name == group) {
        return Ok(());
    }
    Err(Failure::evaluation(format!(
        "The regular expression has no group named '{group}'."
    )))
}

pub(super) fn replace(run: &mut Run<'_>, it: Arguments<'_>) -> Result<Value, Failure> {
    let source = run.argument(it, 0)?;
    let has = |index: usize| it.get(index).is_some_and(Option::is_some);
    if has(FIND) {
        let find = run.text(it, FIND)?.unwrap_or_default();
        if find.is_empty() {
            return Err(Failure::evaluation("oldValue is empty."));
        }
        if has(TEMPLATE) && !has(REPLACEMENT) {
            let template = run.text(it, TEMPLATE)?.unwrap_or_default();
            return run.each(source, &mut |run, source| {
                literally(run, &template, &find, &source)
            });
        }
        let replacement = run.text(it, REPLACEMENT)?.unwrap_or_default();
        return run.each(source, &mut |run, source| {
            literally(run, &source, &find, &replacement)
        });
    }
    let pattern = run.text(it, PATTERN)?.unwrap_or_default();
    // Compiling costs more than reading.
    run.budget.spend(64 * pattern.len())?;
    let pattern = Pattern::new(&pattern)?.0;
    let group = run.text(it, GROUP)?.filter(|group| !group.is_empty());
    if let Some(group) = &group {
        named(&pattern, group)?;
    }
    if has(REPLACEMENT) {
        let replacement = run.text(it, REPLACEMENT)?.unwrap_or_default();
        return run.each(source, &mut |run, source| match &group {
            Some(group) => all(run, &pattern, &source, &|captures, made| {
                around(captures, group, &replacement, made);
            }),
            None => all(run, &pattern, &source, &|captures, made| {
                expand(captures, &replacement, made);
            }),
        });
    }
    if !source.is_null_or_empty() {
        return Ok(source);
    }
    let instead = run.text(it, INSTEAD)?.unwrap_or_default();
    check_text(&instead)?;
    run.budget.spend(instead.len())?;
    let found = group.as_deref().and_then(|group| {
        let captures = pattern.captures(&instead)?;
        captures.name(group).map(|found| found.as_str().to_owned())
    });
    match found {
        Some(found) => run.made(found),
        None => Ok(Value::Null),
    }
}

/// Replaces each `find` in a text, once it is known that the result isn't too long.
fn literally(
    run: &mut Run<'_>,
    text: &str,
    find: &str,
    replacement: &str,
) -> Result<String, Failure> {
    run.budget.spend(text.len())?;
    let count = text.matches(find).count();
    run.budget
        .text(text.len() - count * find.len() + count * replacement.len())?;
    Ok(text.replace(find, replacement))
}

/// Replaces each match; a match pays for the rest of the text, which may have been looked at to find
/// it.
fn all(
    run: &mut Run<'_>,
    pattern: &Regex,
    text: &str,
    replaced: &dyn Fn(&Captures<'_>, &mut String),
) -> Result<String, Failure> {
    check_text(text)?;
    run.budget.spend(text.len())?;
    let mut made = String::with_capacity(text.len());
    let mut end = 0;
    for captures in pattern.captures_iter(text) {
        let Some(whole) = captures.get(0) else {
            continue;
        };
        run.budget.spend(text.len() - whole.start())?;
        made.push_str(text.get(end..whole.start()).unwrap_or_default());
        let before = made.len();
        replaced(&captures, &mut made);
        run.budget.text(made.len())?;
        run.budget.spend(made.len() - before)?;
        end = whole.end();
    }
    made.push_str(text.get(end..).unwrap_or_default());
    Ok(made)
}

/// The match with one group of it replaced.
fn around(captures: &Captures<'_>, group: &str, replacement: &str, made: &mut String) {
    let Some(whole) = captures.get(0) else {
        return;
    };
    let Some(part) = captures.name(group) else {
        made.push_str(whole.as_str());
        return;
    };
    let text = whole.as_str();
    let (from, to) = (part.start() - whole.start(), part.end() - whole.start());
    made.push_str(text.get(..from).unwrap_or_default());
    made.push_str(replacement);
    made.push_str(text.get(to..).unwrap_or_default());
}

/// A replacement with `$1`, `${name}`, `$&` and `$$`, as .NET has them; what names no group stays.
fn expand(captures: &Captures<'_>, replacement: &str, made: &mut String) {
    let mut rest = replacement;
    while let Some((before, behind)) = rest.split_once('$') {
        made.push_str(before);
        let (length, value) = reference(captures, behind);
        if let Some(value) = value {
            made.push_str(value);
        } else {
            made.push('$');
            made.push_str(behind.get(..length).unwrap_or_default());
        }
        rest = behind.get(length..).unwrap_or_default();
    }
    made.push_str(rest);
}

/// How long the reference behind a `$` is, and what it stands for.
fn reference<'c>(captures: &'c Captures<'_>, behind: &str) -> (usize, Option<&'c str>) {
    let whole = || captures.get(0).map(|whole| whole.as_str());
    let named = |name: &str| -> Option<&'c str> {
        let group = match name.parse::<usize>() {
            Ok(number) if number < captures.len() => captures.get(number),
            Ok(_) => return None,
            Err(_) => captures.name(name),
        };
        Some(group.map_or("", |group| group.as_str()))
    };
    if behind.starts_with('$') {
        return (1, Some("$"));
    }
    if behind.starts_with('&') {
        return (1, whole());
    }
    if let Some((name, _)) = behind.strip_prefix('{').and_then(|it| it.split_once('}')) {
        return (name.len() + 2, named(name));
    }
    let digits = behind.len()
        - behind
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .len();
    if digits == 0 {
        return (0, None);
    }
    (digits, named(behind.get(..digits).unwrap_or_default()))
}
