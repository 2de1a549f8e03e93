//! What `creations` and `password-sign-ins` share: something that needs a hash each time, done as fast
//! as it can be, while others read at a fixed rate.
//!
//! The limit is the hash alone on all processors. The readers ask once alone and once beside the work;
//! what they wait for must stay the same.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{
    context::{Plan, say},
    crypto, load,
    report::{Figure, Report},
    rounds::Rounds,
    server::{self, Server},
    statistics::Sorted,
};

/// How much longer the slowest hundredth of the reads may take beside the work.
const GROWTH_MAX: f64 = 1.2;
/// Reads per second of all readers together, and readers.
pub(crate) const READS: f64 = 200.0;
const READERS: usize = 8;

/// What is measured, and what it is called.
pub(crate) struct Names {
    pub(crate) bench: &'static str,
    /// The figure of the work, what is counted, and under which key its rounds are told.
    pub(crate) work: String,
    pub(crate) unit: &'static str,
    pub(crate) key: &'static str,
    /// What is read, and how "without the work" reads.
    pub(crate) read: &'static str,
    pub(crate) without: &'static str,
    /// The share of the hash's rate that has to be reached.
    pub(crate) ratio_min: f64,
}

/// Measures the work in rounds, each beside the readers of these paths.
pub(crate) fn measure(
    names: &Names,
    plan: &Plan,
    product: &Server,
    token: &str,
    paths: &[String],
    mut work: impl FnMut() -> Result<Value>,
) -> Result<Report> {
    let reads = json!({
        "url": product.url, "token": token, "requests": load::reading(paths),
        "connections": READERS, "seconds": plan.load_seconds, "perSecond": READS,
    });
    let (mut done, mut alone, mut beside) =
        (Rounds::default(), Rounds::default(), Rounds::default());
    let mut raw = Vec::new();
    for round in 1..=plan.load_rounds {
        say(&format!(
            "{}: round {round} of {}",
            names.bench, plan.load_rounds
        ));
        raw.push(crypto::hashes_per_second(plan.load_seconds)?);
        alone.round(product.process(), || server::helper("load", &reads))?;
        let (found, read) = std::thread::scope(|scope| {
            let reader = scope.spawn(|| server::helper("load", &reads));
            let found = done.round(product.process(), &mut work);
            (found, reader.join())
        });
        found?;
        beside.add(read.ok().context("the readers' thread panicked")??);
    }
    Ok(report(names, &done, &alone, &beside, raw))
}

fn report(names: &Names, done: &Rounds, alone: &Rounds, beside: &Rounds, raw: Vec<f64>) -> Report {
    let raw = Sorted::new(raw);
    let ratio = done.of("requestsPerSecond").median() / raw.median();
    let p99 = |rounds: &Rounds| rounds.of("p99Milliseconds");
    let growth = p99(beside).median() / p99(alone).median();
    let figures = vec![
        Figure::new(
            &names.work,
            format!("{}{}/s", done.of("requestsPerSecond").show(1), names.unit),
            &format!("ratio ≥ {}", names.ratio_min),
            ratio >= names.ratio_min,
        )
        .beside(
            format!("argon2id alone, on all processors: {}/s", raw.show(1)),
            ratio,
        ),
        Figure::new(
            &format!("GET {} meanwhile, p99", names.read),
            format!("{} ms", p99(beside).show(2)),
            &format!("≤ 1.2 × the p99 without {}", names.without),
            growth <= GROWTH_MAX,
        )
        .beside(
            format!("without {}: {} ms", names.without, p99(alone).show(2)),
            growth,
        ),
    ];
    let mut details = json!({
        "ratio": ratio, "growthP99": growth, "hashesPerSecond": raw.to_json(),
        "readsAlone": alone.to_json(), "readsBeside": beside.to_json(),
    });
    details[names.key] = done.to_json();
    Report {
        bench: names.bench,
        figures,
        details,
    }
}
