//! `limits`: what this machine can do at best, on made-up rows and bytes. Needs no server, and tells
//! what figures to expect before anything is built.

use anyhow::Result;
use serde_json::{Map, json};

use crate::{
    context::{Context, say},
    load, raw,
    rounds::Rounds,
    rows,
    server::{self, Server},
};

/// Measures both limits and prints them.
pub(crate) fn run(context: &Context) -> Result<()> {
    let plan = &context.plan;
    say(&format!("limits: inserting {} users", plan.users));
    let written = rows::made_up(plan.users);
    let limit = raw::measure(&written, context.scratch())?;
    let commit = raw::single_commits(plan.changes, context.scratch())?;
    let rate = |seconds: f64| (plan.users as f64 / seconds).round();

    say("limits: asking the bare server");
    let mut answers = Map::new();
    for row in written.users.rows.iter().take(500) {
        if let [_, _, rusqlite::types::Value::Text(doc), ..] = row.as_slice() {
            answers.insert(
                format!("/v1.0/users/{}", answers.len()),
                doc.as_str().into(),
            );
        }
    }
    let paths: Vec<String> = answers.keys().cloned().collect();
    let headers = json!([
        [
            "content-type",
            "application/json;odata.metadata=minimal;charset=utf-8"
        ],
        ["request-id", "00000000-0000-0000-0000-000000000000"],
    ]);
    let bare = Server::start_bare(&json!({"headers": headers, "answers": answers}))?;
    let mut rounds = Rounds::default();
    for _ in 0..plan.load_rounds {
        let orders = json!({
            "url": bare.url,
            "token": "t".repeat(1_000),
            "requests": load::reading(&paths),
            "connections": plan.load_connections,
            "seconds": plan.load_seconds,
        });
        rounds.round(bare.process(), || server::helper("load", &orders))?;
    }
    let line = json!({
        "bench": "limits",
        "command": context.command,
        "machine": context.machine.to_json(),
        "usersPerSecond": {
            "inBatches": rate(limit.users),
            "withAllRowsOneThread": rate(limit.all_one_thread),
            "withAllRowsTwoThreads": rate(limit.all_two_threads),
            "inOneCommit": rate(limit.users_one_commit),
        },
        "singleCommitMilliseconds": {"p50": commit.median(), "p99": commit.percentile(0.99)},
        "bare": rounds.to_json(),
    });
    println!("{line}");
    Ok(())
}
