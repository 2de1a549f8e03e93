//! `change-latency`: a changed user, from the answer to the change until the target shows it.
//!
//! Measured with few and with many users in blocks that alternate, so that what else the machine
//! does meets both. The limit is what can't be had for less: one durable commit in the target, and
//! one request that looks.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{
    context::{Context, Pair, say},
    deployment::Deployment,
    http::Client,
    people::{self, Numbers},
    raw,
    report::{Figure, Report},
    statistics::Sorted,
};

const P99_MS_MAX: f64 = 20.0;
const GROWTH_MAX: f64 = 1.2;
/// Changes before the other pair has its turn.
const BLOCK: usize = 50;
/// The longest that a change may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A pair under measure.
struct Subject {
    users: usize,
    source: Client,
    target: Client,
    /// The same person in the source and in the target.
    people: Vec<(String, String)>,
    numbers: Numbers,
    changes: u64,
    rounds: Vec<Round>,
}

/// The milliseconds of one round.
#[derive(Default)]
struct Round {
    visible: Vec<f64>,
    acknowledged: Vec<f64>,
}

pub(crate) fn run(context: &mut Context) -> Result<Report> {
    let plan = context.plan.clone();
    let (small, large) = context.both()?;
    say("change-latency: starting both pairs");
    let mut subjects = [
        Subject::start(small, plan.small_users)?,
        Subject::start(large, plan.users)?,
    ];
    for subject in &mut subjects {
        subject.block(BLOCK)?;
        subject.rounds.clear();
    }
    for round in 1..=plan.change_rounds {
        say(&format!(
            "change-latency: round {round} of {}",
            plan.change_rounds
        ));
        for subject in &mut subjects {
            subject.rounds.push(Round::default());
        }
        let mut left = plan.changes;
        while left > 0 {
            let block = left.min(BLOCK);
            for subject in &mut subjects {
                subject.block(block)?;
            }
            left -= block;
        }
    }
    let [small_subject, large_subject] = &mut subjects;
    let look = large_subject.looks(plan.changes)?;
    small.deployment.stop()?;
    large.deployment.stop()?;
    let commit = raw::single_commits(plan.changes, context.scratch())?;
    Ok(report(small_subject, large_subject, &commit, &look))
}

impl Subject {
    fn start(pair: &mut Pair, users: usize) -> Result<Self> {
        let deployment = &mut pair.deployment;
        deployment.start()?;
        let mut numbers = Numbers::new(7);
        let (mut source, mut target) = (deployment.client(0)?, deployment.client(1)?);
        let mut people = Vec::new();
        for _ in 0..500.min(users - 1) {
            let number = numbers.below(users - 1);
            people.push(both_ids(deployment, &mut source, &mut target, number)?);
        }
        Ok(Self {
            users,
            source,
            target,
            people,
            numbers,
            changes: 0,
            rounds: Vec::new(),
        })
    }

    fn block(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            let (acknowledged, visible) = self.change()?;
            if let Some(round) = self.rounds.last_mut() {
                round.acknowledged.push(acknowledged);
                round.visible.push(visible);
            }
        }
        Ok(())
    }

    /// Changes somebody; the milliseconds until it was acknowledged, and from then until it was seen.
    fn change(&mut self) -> Result<(f64, f64)> {
        self.changes += 1;
        let title = format!("Title {} of {}", self.changes, self.users);
        let place = self.numbers.below(self.people.len());
        let (here, there) = self.people.get(place).context("nobody to change")?;
        let (change, look) = (
            format!("/v1.0/users/{here}"),
            format!("/v1.0/users/{there}?$select=jobTitle"),
        );
        let sent = Instant::now();
        let answer = self
            .source
            .send_json("PATCH", &change, &json!({"jobTitle": title}))?;
        let acknowledged = Instant::now();
        ensure!(
            answer.status == 204,
            "a change was answered with {}",
            answer.status
        );
        let shown = format!("\"{title}\"");
        loop {
            let seen = self.target.get(&look)?;
            let now = Instant::now();
            ensure!(
                seen.status == 200,
                "a look was answered with {}",
                seen.status
            );
            if seen.shows(&shown) {
                let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
                return Ok((
                    milliseconds(acknowledged - sent),
                    milliseconds(now - acknowledged),
                ));
            }
            ensure!(
                now - acknowledged < PATIENCE,
                "a change isn't seen after {PATIENCE:?}"
            );
        }
    }

    /// The milliseconds of looks at users while nothing changes.
    fn looks(&mut self, count: usize) -> Result<Sorted> {
        let mut times = Vec::with_capacity(count);
        for (_, there) in self.people.iter().cycle().take(count) {
            let started = Instant::now();
            self.target
                .get(&format!("/v1.0/users/{there}?$select=jobTitle"))?;
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        Ok(Sorted::new(times))
    }

    /// A percentile of what was seen, one value per round.
    fn visible(&self, part: f64) -> Sorted {
        let rounds = self.rounds.iter();
        Sorted::new(rounds.map(|round| Sorted::new(round.visible.iter().copied()).percentile(part)))
    }

    fn to_json(&self) -> Value {
        let acknowledged = Sorted::new(
            self.rounds
                .iter()
                .flat_map(|round| round.acknowledged.iter().copied()),
        );
        json!({
            "users": self.users,
            "p50Milliseconds": self.visible(0.5).to_json(),
            "p99Milliseconds": self.visible(0.99).to_json(),
            "maxMilliseconds": self.visible(1.0).max(),
            "acknowledgedP50Milliseconds": acknowledged.median(),
            "acknowledgedP99Milliseconds": acknowledged.percentile(0.99),
        })
    }
}

/// The ids that a person has at home and in the target.
fn both_ids(
    deployment: &Deployment,
    source: &mut Client,
    target: &mut Client,
    number: usize,
) -> Result<(String, String)> {
    let (alias, home) = (people::alias(number), &deployment.tenant(0)?.domain);
    let there = &deployment.tenant(1)?.domain;
    let id = |client: &mut Client, name: String| {
        let user = client.json(&format!("/v1.0/users/{name}?$select=id"))?;
        user["id"]
            .as_str()
            .map(str::to_owned)
            .context("a user without an id")
    };
    Ok((
        id(source, format!("{alias}@{home}"))?,
        id(target, format!("{alias}_{home}%23EXT%23@{there}"))?,
    ))
}

fn report(small: &Subject, large: &Subject, commit: &Sorted, look: &Sorted) -> Report {
    let all = |subject: &Subject| {
        let (p50, p99) = (subject.visible(0.5), subject.visible(0.99));
        format!(
            "p50 {:.2} ms, p99 {} ms, max {:.1} ms",
            p50.median(),
            p99.show(2),
            subject.visible(1.0).max()
        )
    };
    let p99 = large.visible(0.99).median();
    let floor = commit.percentile(0.99) + look.percentile(0.99);
    let growth = p99 / small.visible(0.99).median();
    let growth_p50 = large.visible(0.5).median() / small.visible(0.5).median();
    let name = |subject: &Subject| {
        format!(
            "a change among {} users, from its answer until the target shows it",
            subject.users
        )
    };
    let figures = vec![
        Figure::new(&name(large), all(large), "p99 < 20 ms", p99 < P99_MS_MAX).beside(
            format!("one durable commit and one look, p99: {floor:.2} ms"),
            floor / p99,
        ),
        Figure::new(
            &name(small),
            all(small),
            "p99 < 20 ms",
            small.visible(0.99).median() < P99_MS_MAX,
        ),
        Figure::new(
            "p99 among many users by p99 among few",
            format!("{growth:.2} (p50: {growth_p50:.2})"),
            "≤ 1.2",
            growth <= GROWTH_MAX,
        ),
    ];
    let details = json!({
        "small": small.to_json(),
        "large": large.to_json(),
        "growthP99": growth,
        "growthP50": growth_p50,
        "commitMilliseconds": {"p50": commit.median(), "p99": commit.percentile(0.99)},
        "lookMilliseconds": {"p50": look.median(), "p99": look.percentile(0.99)},
    });
    Report {
        bench: "change-latency",
        figures,
        details,
    }
}
