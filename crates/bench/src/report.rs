//! What a bench found: one line of JSON, and rows of the table in docs/performance.md.
//!
//! A bench replaces its own rows and leaves those of the others, so that each can be repeated alone.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::context::Context;

const BEGIN: &str = "<!-- bench: begin -->";
const END: &str = "<!-- bench: end -->";
const HEAD: &str = "| bench | figure | measured | limit, in the same run | ratio | target | met | command | date | machine |\n|---|---|---|---|---|---|---|---|---|---|\n";

/// The benches in the order of the table.
pub(crate) const BENCHES: [&str; 15] = [
    "initial-sync",
    "initial-sync-postgres",
    "change-latency",
    "mesh",
    "get-user",
    "filter",
    "delta",
    "updates",
    "creations",
    "batch",
    "grants",
    "token-checks",
    "password-sign-ins",
    "code-flow",
    "readiness",
];

/// One figure beside its limit.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) measured: String,
    pub(crate) limit: String,
    pub(crate) ratio: Option<f64>,
    pub(crate) target: String,
    /// None where nothing is asked.
    pub(crate) met: Option<bool>,
}

impl Figure {
    /// A figure that has to be `met`.
    pub(crate) fn new(name: &str, measured: String, target: &str, met: bool) -> Self {
        Self {
            name: name.to_owned(),
            measured,
            limit: "–".to_owned(),
            ratio: None,
            target: target.to_owned(),
            met: Some(met),
        }
    }

    /// A figure of which nothing is asked.
    pub(crate) fn information(name: &str, measured: String) -> Self {
        let mut figure = Self::new(name, measured, "–", true);
        figure.met = None;
        figure
    }

    /// The limit beside it, and how near it comes.
    pub(crate) fn beside(mut self, limit: String, ratio: f64) -> Self {
        self.limit = limit;
        self.ratio = Some(ratio);
        self
    }

    fn to_json(&self) -> Value {
        json!({
            "figure": self.name,
            "measured": self.measured,
            "limit": self.limit,
            "ratio": self.ratio,
            "target": self.target,
            "met": self.met,
        })
    }
}

/// What one bench found.
pub(crate) struct Report {
    pub(crate) bench: &'static str,
    pub(crate) figures: Vec<Figure>,
    /// All that was measured.
    pub(crate) details: Value,
}

impl Report {
    /// Prints it, and writes it into the table if there is one.
    pub(crate) fn publish(&self, context: &Context) -> Result<()> {
        let date = jiff::Timestamp::now()
            .strftime("%Y-%m-%d %H:%M UTC")
            .to_string();
        let figures: Vec<Value> = self.figures.iter().map(Figure::to_json).collect();
        let line = json!({
            "bench": self.bench,
            "date": date,
            "command": context.command,
            "machine": context.machine.to_json(),
            "trial": context.plan.is_trial,
            "figures": figures,
            "details": self.details,
        });
        println!("{line}");
        for figure in &self.figures {
            eprintln!("bench: {}: {} {}", self.bench, figure.name, figure.measured);
        }
        match &context.out {
            Some(path) => self.write(path, &self.rows(context, &date)),
            None => Ok(()),
        }
    }

    fn rows(&self, context: &Context, date: &str) -> String {
        let machine = context.machine.show();
        let row = |figure: &Figure| {
            let met = match (figure.met, context.plan.is_trial) {
                (None, _) => "–",
                (Some(true), false) => "yes",
                (Some(false), false) => "**no**",
                (Some(_), true) => "trial",
            };
            let ratio = figure
                .ratio
                .map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
            let Figure {
                name,
                measured,
                limit,
                target,
                ..
            } = figure;
            format!(
                "| {} | {name} | {measured} | {limit} | {ratio} | {target} | {met} | `{}` | {date} | {machine} |\n",
                self.bench, context.command,
            )
        };
        self.figures.iter().map(row).collect()
    }

    fn write(&self, path: &Path, rows: &str) -> Result<()> {
        let text = std::fs::read_to_string(path).context("the file of the table can't be read")?;
        std::fs::write(path, replaced(&text, self.bench, rows)?)?;
        Ok(())
    }
}

/// The text with a bench's rows replaced by these.
fn replaced(text: &str, bench: &str, rows: &str) -> Result<String> {
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (table, after) = rest.split_once(END)?;
        Some((before, table, after))
    });
    let (before, table, after) =
        parts.with_context(|| format!("no {BEGIN} … {END} in the file"))?;
    ensure!(
        BENCHES.contains(&bench),
        "{bench} has no place in the table"
    );
    let mut all = HEAD.to_owned();
    for known in BENCHES {
        if known == bench {
            all.push_str(rows);
            continue;
        }
        let start = format!("| {known} |");
        for row in table.lines().filter(|line| line.starts_with(&start)) {
            all.push_str(row);
            all.push('\n');
        }
    }
    Ok(format!("{before}{BEGIN}\n{all}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bench_replaces_its_own_rows_only() {
        let empty = format!("# Title\n{BEGIN}\n{END}\nafter\n");
        let one = replaced(&empty, "mesh", "| mesh | a |\n| mesh | b |\n").unwrap();
        let two = replaced(&one, "initial-sync", "| initial-sync | c |\n").unwrap();
        let three = replaced(&two, "mesh", "| mesh | d |\n").unwrap();
        assert_eq!(
            three,
            format!("# Title\n{BEGIN}\n{HEAD}| initial-sync | c |\n| mesh | d |\n{END}\nafter\n")
        );
        assert!(replaced("no markers", "mesh", "").is_err());
    }
}
