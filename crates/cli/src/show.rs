//! The answers of commands as text for people. Their JSON is the contract; this isn't.

use std::fmt::Write as _;

use serde_json::Value;

use crate::output::Style;
use crate::table::{Table, clean};

/// A value as it stands in a cell.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => clean(text),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Yes in green, no in red.
fn verdict(style: Style, is_good: bool, good: &str, bad: &str) -> String {
    if is_good {
        style.green(good)
    } else {
        style.red(bad)
    }
}

pub(crate) fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// One line for each pair of a label and a value.
pub(crate) fn facts(pairs: &[(&str, &Value)]) -> String {
    let widest = pairs
        .iter()
        .map(|(label, _)| label.len())
        .max()
        .unwrap_or(0);
    let mut out = String::new();
    for (label, value) in pairs {
        let _ = writeln!(out, "{label:<widest$}  {}", cell(value));
    }
    out
}

pub(crate) fn tenant(made: &Value, style: Style) -> String {
    let head = style.bold(&format!("{} is there.", cell(&made["displayName"])));
    let admin = &made["admin"];
    let lines = facts(&[
        ("tenant id", &made["tenantId"]),
        ("domain", &made["domain"]),
        ("administrator", &admin["userPrincipalName"]),
        ("password", &admin["password"]),
        ("client id", &made["app"]["clientId"]),
        ("client secret", &made["app"]["clientSecret"]),
    ]);
    format!("{head}\n{lines}The password and the client secret aren't shown again.\n")
}

pub(crate) fn tenants(list: &Value, style: Style) -> String {
    let mut table = Table::new(&["tenant", "domain", "id"]);
    for tenant in items(list, "value") {
        table.row(["displayName", "domain", "tenantId"].map(|name| cell(&tenant[name])));
    }
    table.render(style)
}

pub(crate) fn app(made: &Value, _style: Style) -> String {
    let lines = facts(&[
        ("client id", &made["clientId"]),
        ("client secret", &made["clientSecret"]),
    ]);
    format!("{lines}The secret isn't shown again.\n")
}

pub(crate) fn token(answer: &Value, _style: Style) -> String {
    format!("{}\n", cell(&answer["access_token"]))
}

pub(crate) fn import(report: &Value, style: Style) -> String {
    let mut out = String::new();
    if report["dryRun"] == true {
        out.push_str("Nothing was changed; this would happen:\n");
    }
    let mut table = Table::new(&[
        ">created",
        ">updated",
        ">unchanged",
        ">skipped",
        ">not people",
    ]);
    table.row(["created", "updated", "unchanged", "skipped", "ignored"].map(|n| cell(&report[n])));
    out.push_str(&table.render(style));
    for (name, heading) in [
        ("skippedRecords", "Skipped"),
        ("warnings", "Changed or left out"),
    ] {
        let records = items(report, name);
        if !records.is_empty() {
            let mut table = Table::new(&[">line", "record", "reason"]);
            for record in records {
                table.row(["line", "record", "reason"].map(|name| cell(&record[name])));
            }
            let _ = write!(out, "\n{heading}:\n{}", table.render(style));
        }
    }
    out
}

pub(crate) fn organization(shown: &Value, style: Style) -> String {
    if items(shown, "members").is_empty() {
        return "The tenant is in no organization.\n".to_owned();
    }
    let mut table = Table::new(&["tenant", "role", "state", "id"]);
    for member in items(shown, "members") {
        table.row(["displayName", "role", "state", "tenantId"].map(|name| cell(&member[name])));
    }
    let name = style.bold(&cell(&shown["displayName"]));
    format!(
        "{name} ({})\n{}",
        cell(&shown["state"]),
        table.render(style)
    )
}

/// What a join would change.
pub(crate) fn preview(preview: &Value, style: Style) -> String {
    let mut out = format!(
        "Joining {} changes:\n",
        style.bold(&cell(&preview["organizationName"]))
    );
    let mut table = Table::new(&["with", "setting", "from", "to", ""]);
    for change in items(preview, "changes") {
        let note = match (change["existing"] == true, change["loosens"] == true) {
            (true, true) => "loosens what you have",
            (false, true) => "opens",
            _ => "",
        };
        let [with, setting, from, to] =
            ["tenantId", "setting", "from", "to"].map(|n| cell(&change[n]));
        // Which partner it is stands beside it.
        let setting = setting
            .strip_prefix(&format!("partners/{with}."))
            .unwrap_or(&setting)
            .to_owned();
        table.row([&with, &setting, &from, &to, note]);
    }
    if items(preview, "changes").is_empty() {
        out.push_str("no setting between you and its tenants.\n");
    } else {
        out.push_str(&table.render(style));
    }
    out
}

pub(crate) fn pairs(list: &Value, style: Style) -> String {
    let mut table = Table::new(&[
        "with",
        "scope",
        "state",
        ">in scope",
        ">synced",
        ">failed",
        ">pending",
    ]);
    let mut reasons = String::new();
    for pair in items(list, "value") {
        table.row(
            [
                "tenantId",
                "scope",
                "state",
                "inScope",
                "synced",
                "failed",
                "pendingChanges",
            ]
            .map(|name| cell(&pair[name])),
        );
        if let Some(step) = items(&pair["trace"], "steps").last() {
            let _ = writeln!(
                reasons,
                "{} is blocked: {}",
                cell(&pair["tenantId"]),
                cell(&step["reason"])
            );
        }
    }
    if items(list, "value").is_empty() {
        return "There is no other active tenant to share with yet; it begins when one joins.\n"
            .to_owned();
    }
    format!("{}{reasons}", table.render(style))
}

pub(crate) fn decision(trace: &Value, style: Style) -> String {
    let mut out = verdict(style, trace["allowed"] == true, "Allowed.", "Not allowed.");
    out.push('\n');
    let mut table = Table::new(&["", "tenant", "setting", "value", "reason"]);
    let steps = items(trace, "steps");
    for step in steps {
        let mark = if step["allowed"] == true {
            "✓"
        } else {
            "✗"
        }
        .to_owned();
        let [tenant, setting, value, reason] =
            ["tenantId", "setting", "value", "reason"].map(|name| cell(&step[name]));
        table.row([mark, tenant, setting, value, reason]);
    }
    if !steps.is_empty() {
        out.push_str(&table.render(style));
    }
    if let Some(step) = steps.last()
        && let Some(method) = step["mend"]["method"].as_str()
    {
        let mend = &step["mend"];
        let _ = writeln!(
            out,
            "\nThis would mend it, in {}:\n{} {}\n{}",
            cell(&step["tenantId"]),
            clean(method),
            cell(&mend["path"]),
            clean(&mend["body"].to_string())
        );
    }
    out
}

pub(crate) fn domain(domain: &Value, _style: Style) -> String {
    let name = cell(&domain["id"]);
    if domain["isVerified"] == true {
        return format!("{name} is verified.\n");
    }
    let text = cell(&domain["verificationDnsRecords"][0]["text"]);
    format!(
        "{name} is added and has to be proven. Publish this record in the DNS, then run \
         isopolity domain verify:\n\n  {name}. TXT \"{text}\"\n"
    )
}

pub(crate) fn access_pass(pass: &Value, _style: Style) -> String {
    let uses = if pass["isUsableOnce"] == true {
        "for one sign-in within"
    } else {
        "for"
    };
    format!(
        "Temporary access pass: {}\nIt is valid {uses} {} minutes and isn't shown again.\n",
        cell(&pass["temporaryAccessPass"]),
        pass["lifetimeInMinutes"]
    )
}

pub(crate) fn rotated(answer: &Value, _style: Style) -> String {
    format!(
        "Tokens are signed with {} now. The old key stays published until its last token has expired.\n",
        cell(&answer["keyId"])
    )
}

pub(crate) fn left(_answer: &Value, _style: Style) -> String {
    "The tenant has left the organization.\n".to_owned()
}

pub(crate) fn doctor(report: &Value, style: Style) -> String {
    let mut out = String::new();
    for check in items(report, "checks") {
        let mark = verdict(style, check["ok"] == true, "ok   ", "WRONG");
        let _ = writeln!(
            out,
            "{mark} {}: {}",
            cell(&check["name"]),
            cell(&check["detail"])
        );
    }
    out
}

pub(crate) fn migrated(report: &Value, style: Style) -> String {
    let tenants = items(report, "tenants").len();
    let head = style.green("Everything is there, and the same on both sides.");
    format!(
        "{head}\n{tenants} tenants, {} rows. What was moved stays where it was: put it away, so that nobody goes on with it.\n",
        cell(&report["rows"])
    )
}

pub(crate) fn settings(list: &Value, style: Style) -> String {
    let mut table = Table::new(&["key", "value", "source"]);
    for setting in items(list, "value") {
        table.row(["key", "value", "source"].map(|name| cell(&setting[name])));
    }
    table.render(style)
}

pub(crate) fn checked(_answer: &Value, _style: Style) -> String {
    "A server would start with this configuration.\n".to_owned()
}
