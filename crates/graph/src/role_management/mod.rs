//! `/roleManagement/directory`: the definitions of roles, and who is assigned to which.
//!
//! The same roles and assignments as in `/directoryRoles`, in the words of the newer API.
//!
//! Source: `rbacApplication` and its relations (Microsoft Graph).

mod assignments;
mod definitions;

use crate::errors::Refusal;
use crate::request::Call;
use crate::route::{Routes, Versions};

const READ: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "RoleManagement.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
];

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("roleManagement", Versions::Both);
    definitions::routes(&mut area);
    assignments::routes(&mut area);
}

/// A relation that is expanded, and what is selected of it.
struct Expanded {
    name: &'static str,
    select: Option<Vec<String>>,
}

/// Reads the request's `$expand`: some of these relations, each once.
fn expanded(call: &Call, names: &[&'static str]) -> Result<Vec<Expanded>, Refusal> {
    let Some(text) = call.options.expand.as_deref() else {
        return Ok(Vec::new());
    };
    let mut found: Vec<Expanded> = Vec::new();
    for item in split(text)? {
        let (name, options) = match item.split_once('(') {
            None => (item, ""),
            Some((name, rest)) => (name.trim_end(), rest.strip_suffix(')').unwrap_or_default()),
        };
        let known = names.iter().find(|own| own.eq_ignore_ascii_case(name));
        let name = known
            .copied()
            .filter(|name| found.iter().all(|it| it.name != *name))
            .ok_or_else(|| wrong(&format!("it takes {}, each once", names.join(", "))))?;
        let mut select = None;
        for option in options.split(';').map(str::trim).filter(|o| !o.is_empty()) {
            let (key, value) = option.split_once('=').unwrap_or((option, ""));
            let bare = key.trim().trim_start_matches('$');
            if !bare.eq_ignore_ascii_case("select") || select.is_some() {
                return Err(wrong("inside the parentheses stands $select, once"));
            }
            select = Some(query::parse_select(value)?);
        }
        found.push(Expanded { name, select });
    }
    Ok(found)
}

/// The items between commas that don't stand in parentheses.
fn split(text: &str) -> Result<Vec<&str>, Refusal> {
    let (mut items, mut start, mut depth) = (Vec::new(), 0, 0_u32);
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' if depth == 0 => return Err(wrong("a parenthesis is closed that isn't open")),
            ')' => depth -= 1,
            ',' if depth == 0 => {
                items.push(text.get(start..at).unwrap_or_default().trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if depth > 0 {
        return Err(wrong("a parenthesis isn't closed"));
    }
    items.push(text.get(start..).unwrap_or_default().trim());
    Ok(items)
}

fn wrong(reason: &str) -> Refusal {
    Refusal::bad_request(format!("Parsing OData Select and Expand failed: {reason}."))
        .with_target("$expand")
}
