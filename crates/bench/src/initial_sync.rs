//! `initial-sync`: everybody of one tenant into another, durably, against the engine's raw inserts.
//!
//! The limit: the very rows that the sync wrote, read back from the stopped databases, inserted by
//! SQLite alone 1,000 per commit into fresh files with the same schema, indexes, cache and
//! durability. The main limit counts the users' rows only, which is strict: a sync also writes their
//! changes, and the source's links and records. The second counts all rows.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{
    context::{Context, POLL, Pair, micros_per_user, say},
    deployment::{SyncRun, Template},
    raw::{self, Limit},
    report::{Figure, Report},
    rows,
    statistics::Sorted,
};

/// What the targets ask.
const RATIO_MIN: f64 = 0.5;
const SECONDS_MAX: f64 = 10.0;
const MEMORY_MB_MAX: f64 = 300.0;

/// One run and its limit.
struct Run {
    sync: SyncRun,
    limit: Limit,
    rows: usize,
}

impl Run {
    fn to_json(&self) -> Value {
        let Limit {
            users,
            all_one_thread,
            all_two_threads,
            users_one_commit,
        } = &self.limit;
        json!({
            "sync": self.sync.to_json(),
            "rows": self.rows,
            "limitSeconds": {
                "usersInBatches": users,
                "allRowsOneThread": all_one_thread,
                "allRowsTwoThreads": all_two_threads,
                "usersInOneCommit": users_one_commit,
            },
        })
    }
}

pub(crate) fn run(context: &mut Context) -> Result<Report> {
    let users = context.plan.users;
    say(&format!("initial-sync: importing {users} users"));
    let template = Template::prepare(context.scratch(), &[users, 1])?;
    let mut runs = Vec::new();
    let mut last = None;
    for number in 1..=context.plan.sync_runs {
        say(&format!(
            "initial-sync: run {number} of {}",
            context.plan.sync_runs
        ));
        // The one before goes first: its files needn't be on the disk twice.
        drop(last.take());
        let mut deployment = template.start(context.scratch())?;
        let sync = deployment.share_all(&[0], users, POLL)?;
        deployment.stop()?;
        let written = rows::written(&deployment.island(0)?, &deployment.island(1)?)?;
        raw::check_schema(&written, context.scratch())?;
        let tables = [
            &written.users,
            &written.feed,
            &written.links,
            &written.provisioning,
        ];
        anyhow::ensure!(
            written.users.rows.len() == users,
            "the target has {} users instead of {users}",
            written.users.rows.len()
        );
        let limit = raw::measure(&written, context.scratch())?;
        let rows = tables.iter().map(|table| table.rows.len()).sum();
        runs.push(Run { sync, limit, rows });
        last = Some(deployment);
    }
    let micros = Sorted::new(runs.iter().map(|run| micros_per_user(&run.sync, users)));
    let report = report(&runs, users, &template);
    context.keep_large(Pair {
        deployment: last.context("no run")?,
        micros,
    });
    Ok(report)
}

fn report(runs: &[Run], users: usize, template: &Template) -> Report {
    let of = |value: fn(&Run) -> f64| Sorted::new(runs.iter().map(value));
    let seconds = of(|run| run.sync.seconds);
    let memory = of(|run| run.sync.memory.rss_mb.max(run.sync.memory.high_water_mb));
    let main = of(|run| run.limit.users / run.sync.seconds);
    let one_thread = of(|run| run.limit.all_one_thread / run.sync.seconds);
    let two_threads = of(|run| run.limit.all_two_threads / run.sync.seconds);
    let rate = |seconds: f64| format!("{:.0}/s", users as f64 / seconds);
    let users_limit = of(|run| run.limit.users);
    let limit = |seconds: &Sorted| format!("{} s, {}", seconds.show(2), rate(seconds.median()));
    let figures = vec![
        Figure::new(
            &format!(
                "{users} users synced, durable; limit: the users' rows alone, 1,000 per commit"
            ),
            format!("{} s, {}", seconds.show(2), rate(seconds.median())),
            "ratio ≥ 0.5",
            main.median() >= RATIO_MIN,
        )
        .beside(limit(&users_limit), main.median()),
        Figure::new(
            "the same; limit: all rows that it wrote, both islands' files at once by two threads",
            format!("{} s", seconds.show(2)),
            "ratio ≥ 0.5",
            two_threads.median() >= RATIO_MIN,
        )
        .beside(
            limit(&of(|run| run.limit.all_two_threads)),
            two_threads.median(),
        ),
        Figure::information(
            "the same; limit: all rows that it wrote, one file after the other by one thread",
            format!("{} s", seconds.show(2)),
        )
        .beside(
            limit(&of(|run| run.limit.all_one_thread)),
            one_thread.median(),
        ),
        Figure::information(
            "the same; limit: the users' rows in a single commit",
            format!("{} s", seconds.show(2)),
        )
        .beside(
            limit(&of(|run| run.limit.users_one_commit)),
            of(|run| run.limit.users_one_commit / run.sync.seconds).median(),
        ),
        Figure::new(
            "time until everybody is synced",
            format!("{} s", seconds.show(2)),
            "< 10 s",
            seconds.median() < SECONDS_MAX,
        ),
        Figure::new(
            "the server's memory, at most (resident)",
            format!("{} MB", memory.show(0)),
            "< 300 MB, every run",
            memory.max() < MEMORY_MB_MAX,
        ),
    ];
    let details = json!({
        "users": users,
        "ratioUsers": main.to_json(),
        "ratioAllTwoThreads": two_threads.to_json(),
        "ratioAllOneThread": one_thread.to_json(),
        "seconds": seconds.to_json(),
        "importSeconds": template.import_seconds,
        "importHighWaterMegabytes": template.import_memory.high_water_mb,
        "runs": runs.iter().map(Run::to_json).collect::<Vec<_>>(),
    });
    Report {
        bench: "initial-sync",
        figures,
        details,
    }
}
