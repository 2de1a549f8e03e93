//! `batch`: 20 requests in one, against the slowest of them alone.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{
    context::{Context, say},
    http::Client,
    report::{Figure, Report},
    rounds::user_ids,
    statistics::Sorted,
};

const GROWTH_MAX: f64 = 1.3;
const PARTS: usize = 20;

/// A batch under measure.
struct Subject {
    name: &'static str,
    parts: Vec<Value>,
    /// Whether the limit is meant for it.
    has_target: bool,
}

pub(crate) fn run(context: &mut Context) -> Result<Report> {
    let plan = context.plan.clone();
    let deployment = context.alone()?;
    let mut client = deployment.client(0)?;
    let ids = user_ids(&mut client, PARTS)?;
    let read = |id: &String| json!({"method": "GET", "url": format!("/users/{id}")});
    let change = |id: &String| {
        json!({"method": "PATCH", "url": format!("/users/{id}"),
            "headers": {"content-type": "application/json"}, "body": {"jobTitle": "…"}})
    };
    // What a screen of a directory asks for: a page of people, counts, and what each card shows.
    let mut screen: Vec<Value> = ids.iter().take(PARTS - 4).map(read).collect();
    let eventual = json!({"ConsistencyLevel": "eventual"});
    screen.extend([
        json!({"method": "GET", "url": "/users?$top=100&$orderby=displayName&$count=true", "headers": eventual}),
        json!({"method": "GET", "url": "/users?$filter=startswith(displayName,'A')&$top=50"}),
        json!({"method": "GET", "url": "/groups?$top=50"}),
        json!({"method": "GET", "url": "/organization"}),
    ]);
    let subjects = [
        Subject {
            name: "16 users, a page of 100 in order with its count, a filter, groups, the tenant",
            parts: screen,
            has_target: true,
        },
        Subject {
            name: "20 users changed, durable",
            parts: ids.iter().map(change).collect(),
            has_target: true,
        },
        Subject {
            name: "20 users read",
            parts: ids.iter().map(read).collect(),
            has_target: false,
        },
    ];
    let (mut figures, mut details) = (Vec::new(), Vec::new());
    for subject in &subjects {
        say(&format!("batch: {}", subject.name));
        let (together, slowest) = subject.measure(&mut client, plan.questions / 4)?;
        let growth = together.median() / slowest.median();
        let name = format!("$batch of {PARTS}: {}", subject.name);
        let measured = format!(
            "p50 {:.2} ms, p99 {:.2} ms",
            together.median(),
            together.percentile(0.99)
        );
        let figure = if subject.has_target {
            Figure::new(
                &name,
                measured,
                "≤ 1.3 × its slowest part",
                growth <= GROWTH_MAX,
            )
        } else {
            Figure::information(&name, measured)
        };
        figures.push(figure.beside(
            format!("its slowest part alone: p50 {:.2} ms", slowest.median()),
            growth,
        ));
        details.push(json!({"batch": subject.name, "growth": growth, "milliseconds": together.to_json(), "slowestPart": slowest.to_json()}));
    }
    Ok(Report {
        bench: "batch",
        figures,
        details: json!(details),
    })
}

impl Subject {
    /// The milliseconds of the batch, and of its slowest part asked for alone, in turns.
    fn measure(&self, client: &mut Client, times: usize) -> Result<(Sorted, Sorted)> {
        let mut together = Vec::new();
        let mut alone: Vec<Vec<f64>> = vec![Vec::new(); self.parts.len()];
        for turn in 0..times + 5 {
            let requests: Vec<Value> = self
                .parts
                .iter()
                .enumerate()
                .map(|(id, part)| {
                    let mut part = changed(part, &format!("{turn} together"));
                    part["id"] = id.to_string().into();
                    part
                })
                .collect();
            let asked = Instant::now();
            let answer =
                client.send_json("POST", "/v1.0/$batch", &json!({"requests": requests}))?;
            let taken = asked.elapsed().as_secs_f64() * 1e3;
            let answer = answer.expect(200)?;
            let answers = answer["responses"].as_array().context("no responses")?;
            ensure!(
                answers.len() == self.parts.len()
                    && answers
                        .iter()
                        .all(|answer| matches!(answer["status"].as_u64(), Some(200 | 204))),
                "a part of a batch failed: {answer}"
            );
            // The first few warm up.
            if turn >= 5 {
                together.push(taken);
            }
            for (part, times) in self.parts.iter().zip(&mut alone) {
                let part = changed(part, &format!("{turn} alone"));
                let text = |name: &str| part[name].as_str().unwrap_or_default();
                let path = format!("/v1.0{}", text("url"));
                let level = part["headers"]["ConsistencyLevel"].as_str();
                let asked = Instant::now();
                let answer = match &part["body"] {
                    Value::Null => client.get_with(&path, level)?,
                    body => client.send_json(text("method"), &path, body)?,
                };
                let taken = asked.elapsed().as_secs_f64() * 1e3;
                ensure!(
                    matches!(answer.status, 200 | 204),
                    "{path}: status {}",
                    answer.status
                );
                if turn >= 5 {
                    times.push(taken);
                }
            }
        }
        let slowest = alone
            .into_iter()
            .map(Sorted::new)
            .max_by(|a, b| a.median().total_cmp(&b.median()))
            .context("a batch without parts")?;
        Ok((Sorted::new(together), slowest))
    }
}

/// The part with another value to write, if it writes.
fn changed(part: &Value, value: &str) -> Value {
    let mut part = part.clone();
    if let Some(title) = part.pointer_mut("/body/jobTitle") {
        *title = value.into();
    }
    part
}
