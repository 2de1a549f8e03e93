//! `password-sign-ins`: people signing in by name and password as fast as the hash allows, while others
//! read who they are.
//!
//! A sign-in is all of it: the page, the form, the session and the code. The limit is the hash alone
//! (argon2id with the same parameters) on all processors, which nothing that checks passwords can
//! exceed.

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::{
    context::{Context, say},
    crypto, load,
    portal::Portal,
    report::{Figure, Report},
    rounds::Rounds,
    server,
    statistics::Sorted,
};

const RATIO_MIN: f64 = 0.9;
/// How much longer the slowest hundredth of the reads may take beside the sign-ins.
const GROWTH_MAX: f64 = 1.2;
/// Reads per second of all readers together, and readers.
const READS: f64 = 200.0;
const READERS: usize = 8;
/// Browsers that sign in.
const BROWSERS: usize = 16;

pub(crate) fn run(context: &mut Context) -> Result<Report> {
    let plan = context.plan.clone();
    let deployment = context.alone()?;
    let portal = Portal::make(deployment)?;
    let product = deployment.server()?;
    let signing_in = |seconds: f64, redeem: bool| {
        portal.with_people(
            portal.orders(),
            &json!({
                "connections": BROWSERS, "seconds": seconds, "warmUp": 0.5, "redeem": redeem,
            }),
        )
    };
    // Everybody consents the first time; what is measured is every other time.
    let first = server::helper("flows", &signing_in(plan.load_seconds.max(5.0), true))?;
    let token = first["accessToken"].as_str().context("no access token")?;
    let reads = json!({
        "url": product.url, "token": token, "requests": load::reading(&["/v1.0/me".to_owned()]),
        "connections": READERS, "seconds": plan.load_seconds, "perSecond": READS,
    });
    let orders = signing_in(plan.load_seconds, false);
    let (mut signed_in, mut alone, mut beside) =
        (Rounds::default(), Rounds::default(), Rounds::default());
    let mut raw = Vec::new();
    for round in 1..=plan.load_rounds {
        say(&format!(
            "password-sign-ins: round {round} of {}",
            plan.load_rounds
        ));
        raw.push(crypto::hashes_per_second(plan.load_seconds)?);
        alone.round(product.process(), || server::helper("load", &reads))?;
        let (found, read) = std::thread::scope(|scope| {
            let reader = scope.spawn(|| server::helper("load", &reads));
            let found = signed_in.round(product.process(), || server::helper("flows", &orders));
            (found, reader.join())
        });
        found?;
        beside.add(read.ok().context("the readers' thread panicked")??);
    }
    Ok(report(&signed_in, &alone, &beside, raw))
}

fn report(signed_in: &Rounds, alone: &Rounds, beside: &Rounds, raw: Vec<f64>) -> Report {
    let raw = Sorted::new(raw);
    let ratio = signed_in.of("requestsPerSecond").median() / raw.median();
    let p99 = |rounds: &Rounds| rounds.of("p99Milliseconds");
    let growth = p99(beside).median() / p99(alone).median();
    let figures = vec![
        Figure::new(
            &format!("sign-ins by password, {BROWSERS} browsers, {READS:.0} reads/s beside"),
            format!("{}/s", signed_in.of("requestsPerSecond").show(1)),
            "ratio ≥ 0.9",
            ratio >= RATIO_MIN,
        )
        .beside(
            format!("argon2id alone, on all processors: {}/s", raw.show(1)),
            ratio,
        ),
        Figure::new(
            "GET /v1.0/me meanwhile, p99",
            format!("{} ms", p99(beside).show(2)),
            "≤ 1.2 × the p99 without sign-ins",
            growth <= GROWTH_MAX,
        )
        .beside(
            format!("without sign-ins: {} ms", p99(alone).show(2)),
            growth,
        ),
    ];
    Report {
        bench: "password-sign-ins",
        figures,
        details: json!({
            "ratio": ratio, "growthP99": growth, "hashesPerSecond": raw.to_json(),
            "signIns": signed_in.to_json(), "readsAlone": alone.to_json(),
            "readsBeside": beside.to_json(),
        }),
    }
}
