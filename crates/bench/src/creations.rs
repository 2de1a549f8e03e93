//! `creations`: users made with a password as fast as the hash allows, while others read.
//!
//! The limit is the hash alone (argon2id with the same parameters) on as many threads as there are
//! processors, which nothing that makes passwords can exceed. The readers ask at a fixed rate, once
//! alone and once beside the creations; what they wait for must stay the same.

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::{
    context::{Context, say},
    crypto,
    load::{self, NUMBER},
    report::{Figure, Report},
    rounds::{Rounds, user_ids},
    server,
};

const RATIO_MIN: f64 = 0.8;
/// How much longer the slowest hundredth of the reads may take beside the creations.
const GROWTH_MAX: f64 = 1.2;
/// Reads per second of all readers together, and readers.
const READS: f64 = 200.0;
const READERS: usize = 8;
/// Clients that make users.
const MAKERS: usize = 16;

pub(crate) fn run(context: &mut Context) -> Result<Report> {
    let plan = context.plan.clone();
    let deployment = context.alone()?;
    let domain = deployment.tenant(0)?.domain.clone();
    let mut client = deployment.client(0)?;
    let paths: Vec<String> = user_ids(&mut client, 500.min(plan.alone_users))?
        .iter()
        .map(|id| format!("/v1.0/users/{id}"))
        .collect();
    let name = format!("made{NUMBER}");
    let creation = json!({
        "method": "POST",
        "path": "/v1.0/users",
        "body": {
            "accountEnabled": true,
            "displayName": "Made by the bench",
            "mailNickname": "made",
            "userPrincipalName": format!("{name}@{domain}"),
            "passwordProfile": {"password": "Correct-horse-battery-9"},
        },
    });
    let token = deployment.token(0)?;
    let product = deployment.server()?;
    let reads = json!({
        "url": product.url, "token": token, "requests": load::reading(&paths),
        "connections": READERS, "seconds": plan.load_seconds, "perSecond": READS,
    });
    let (mut made, mut alone, mut beside) =
        (Rounds::default(), Rounds::default(), Rounds::default());
    let (mut raw, mut number) = (Vec::new(), 0);
    for round in 1..=plan.load_rounds {
        say(&format!("creations: round {round} of {}", plan.load_rounds));
        raw.push(crypto::hashes_per_second(plan.load_seconds)?);
        alone.round(product.process(), || server::helper("load", &reads))?;
        let orders = json!({
            "url": product.url, "token": token, "requests": [creation], "connections": MAKERS,
            "seconds": plan.load_seconds, "status": 201, "firstNumber": number,
        });
        let (found, read) = std::thread::scope(|scope| {
            let reader = scope.spawn(|| server::helper("load", &reads));
            let found = made.round(product.process(), || server::helper("load", &orders));
            (found, reader.join())
        });
        number = found?["lastNumber"].as_u64().context("no last number")?;
        beside.add(read.ok().context("the readers' thread panicked")??);
    }
    Ok(report(&made, &alone, &beside, raw))
}

fn report(made: &Rounds, alone: &Rounds, beside: &Rounds, raw: Vec<f64>) -> Report {
    let raw = crate::statistics::Sorted::new(raw);
    let ratio = made.of("requestsPerSecond").median() / raw.median();
    let p99 = |rounds: &Rounds| rounds.of("p99Milliseconds");
    let growth = p99(beside).median() / p99(alone).median();
    let figures = vec![
        Figure::new(
            &format!(
                "POST /v1.0/users with a password, {MAKERS} clients, {READS:.0} reads/s beside"
            ),
            format!("{} users/s", made.of("requestsPerSecond").show(1)),
            "ratio ≥ 0.8",
            ratio >= RATIO_MIN,
        )
        .beside(
            format!("argon2id alone, on all processors: {}/s", raw.show(1)),
            ratio,
        ),
        Figure::new(
            "GET /v1.0/users/{id} meanwhile, p99",
            format!("{} ms", p99(beside).show(2)),
            "≤ 1.2 × the p99 without creations",
            growth <= GROWTH_MAX,
        )
        .beside(
            format!("without creations: {} ms", p99(alone).show(2)),
            growth,
        ),
    ];
    Report {
        bench: "creations",
        figures,
        details: json!({
            "ratio": ratio, "growthP99": growth, "hashesPerSecond": raw.to_json(),
            "creations": made.to_json(), "readsAlone": alone.to_json(),
            "readsBeside": beside.to_json(),
        }),
    }
}
