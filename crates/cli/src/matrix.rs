//! The readiness matrix for a terminal: one table for each action, tenants down and across, and what
//! stands in the way below.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::output::Style;
use crate::show::{cell, items};
use crate::table::clean;

/// Pairs whose reasons are printed; the JSON has all of them.
const REASONS_MAX: usize = 20;

/// Every pair, as `Command::Readiness` answers.
pub(crate) fn readiness(answer: &Value, style: Style) -> String {
    let tenants = items(answer, "tenants");
    if tenants.len() < 2 {
        return "There is no other active tenant in the organization yet.\n".to_owned();
    }
    let name = |id: &Value| {
        let found = tenants.iter().find(|tenant| tenant["tenantId"] == *id);
        cell(found.map_or(id, |tenant| &tenant["displayName"]))
    };
    let mut states: BTreeMap<&str, BTreeMap<(&str, &str), &str>> = BTreeMap::new();
    for pair in items(answer, "value") {
        let text = |name: &str| pair[name].as_str().unwrap_or_default();
        let of_action = states.entry(text("action")).or_default();
        of_action.insert((text("from"), text("to")), text("state"));
    }
    let ids: Vec<&str> = tenants
        .iter()
        .filter_map(|tenant| tenant["tenantId"].as_str())
        .collect();
    let width = ids.len().to_string().len();
    let mut out = String::new();
    for (action, states) in &states {
        let title = format!("{}, from the tenants down to those across", clean(action));
        let _ = writeln!(out, "{}", style.bold(&title));
        let heads: Vec<String> = (1..=ids.len()).map(|at| format!("{at:>width$}")).collect();
        let _ = writeln!(out, "{:width$}  {}", "", heads.join(" "));
        for (at, from) in ids.iter().enumerate() {
            let mut line = format!("{:>width$} ", at + 1);
            for to in &ids {
                let mark = match states.get(&(*from, *to)).copied() {
                    Some("ready") => style.green("✓"),
                    Some("partial") => "◐".to_owned(),
                    Some(_) => style.red("✗"),
                    None => "·".to_owned(),
                };
                let _ = write!(line, " {:pad$}{mark}", "", pad = width - 1);
            }
            let tenant = name(&Value::from(*from));
            let _ = writeln!(out, "{line}  {tenant}");
        }
        out.push('\n');
    }
    out.push_str("✓ ready  ◐ for some  ✗ blocked\n");
    reasons(&mut out, items(answer, "value"), &name);
    out
}

/// What stands in the way, and what would mend it.
fn reasons(out: &mut String, pairs: &[Value], name: &impl Fn(&Value) -> String) {
    let troubled: Vec<&Value> = pairs
        .iter()
        .filter(|pair| pair["state"] != "ready")
        .collect();
    for pair in troubled.iter().take(REASONS_MAX) {
        let _ = writeln!(
            out,
            "\n{} → {}, {}: {}",
            name(&pair["from"]),
            name(&pair["to"]),
            cell(&pair["action"]),
            cell(&pair["state"])
        );
        for step in items(pair, "steps") {
            if step["allowed"] == true {
                continue;
            }
            let _ = writeln!(out, "  {}", cell(&step["reason"]));
            if let Some(method) = step["mend"]["method"].as_str() {
                let mend = &step["mend"];
                let _ = writeln!(
                    out,
                    "    in {}: {} {} {}",
                    name(&step["tenantId"]),
                    clean(method),
                    cell(&mend["path"]),
                    clean(&mend["body"].to_string())
                );
            }
        }
    }
    if troubled.len() > REASONS_MAX {
        let more = troubled.len() - REASONS_MAX;
        let _ = writeln!(out, "\n{more} more aren't ready; --json has all of them.");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pairs_stand_where_their_tenants_cross() {
        let pair = |from: &str, to: &str, state: &str| {
            let steps = if state == "blocked" {
                json!([{"tenantId": "b", "allowed": false, "reason": "B doesn't.",
                    "mend": {"method": "PATCH", "path": "/p", "body": {"x": 1}}}])
            } else {
                json!([])
            };
            json!({"from": from, "to": to, "action": "sync", "state": state, "steps": steps})
        };
        let answer = json!({
            "tenants": [{"tenantId": "a", "displayName": "A\u{1b}"}, {"tenantId": "b", "displayName": "B"}],
            "value": [pair("a", "b", "blocked"), pair("b", "a", "ready")],
        });
        assert_eq!(
            readiness(&answer, Style { color: false }),
            "sync, from the tenants down to those across\n   1 2\n1  · ✗  A\u{fffd}\n2  ✓ ·  B\n\n\
             ✓ ready  ◐ for some  ✗ blocked\n\nA\u{fffd} → B, sync: blocked\n  B doesn't.\n    \
             in B: PATCH /p {\"x\":1}\n"
        );
        let alone = readiness(&json!({"tenants": [], "value": []}), Style { color: false });
        assert!(alone.contains("no other active tenant"));
    }
}
