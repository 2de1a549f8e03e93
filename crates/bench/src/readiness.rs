//! `readiness`: what works between every two of many tenants, asked for anew and after a change.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{
    context::{Context, POLL, say},
    deployment::Template,
    http::Client,
    report::{Figure, Report},
    statistics::Sorted,
};

const SECONDS_MAX: f64 = 1.0;
const PATH: &str = "/beta/isopolity/readiness";

pub(crate) fn run(context: &Context) -> Result<Report> {
    let tenants = context.plan.ready_tenants;
    say(&format!("readiness: making {tenants} tenants"));
    let template = Template::prepare(context.scratch(), &vec![1; tenants])?;
    let mut deployment = template.into_deployment()?;
    let everybody: Vec<usize> = (0..tenants).collect();
    say("readiness: sharing");
    deployment.share_all(&everybody, 1, POLL)?;
    deployment.stop()?;
    deployment.start()?;
    let mut client = deployment.client(0)?;
    let pairs = tenants * (tenants - 1);
    say("readiness: asking");
    let (first, rows) = ask(&mut client, pairs)?;
    let mut again = Vec::new();
    for _ in 0..10 {
        again.push(ask(&mut client, pairs)?.0);
    }
    // A setting of another tenant changes; the matrix has to have heard of it.
    let mut other = deployment.client(1)?;
    let mut after = Vec::new();
    for turn in 0..10 {
        let scope = if turn % 2 == 0 { "none" } else { "all" };
        let body = json!({"scope": scope});
        let changed = other.send_json("PUT", "/beta/isopolity/userSharing/default", &body)?;
        ensure!(
            matches!(changed.status, 200..=204),
            "sharing: status {}",
            changed.status
        );
        after.push(ask(&mut client, pairs)?.0);
    }
    deployment.stop()?;
    let (again, after) = (Sorted::new(again), Sorted::new(after));
    let figure = |name: &str, measured: String, seconds: f64| {
        Figure::new(
            &format!("{name}: {pairs} pairs of {tenants} tenants"),
            measured,
            "< 1 s",
            seconds < SECONDS_MAX,
        )
    };
    Ok(Report {
        bench: "readiness",
        figures: vec![
            figure(
                "asked for the first time after the start",
                format!("{first:.2} s"),
                first,
            ),
            figure(
                "asked for again",
                format!("{} s", again.show(3)),
                again.max(),
            ),
            figure(
                "asked for after a change in another tenant",
                format!("{} s", after.show(3)),
                after.max(),
            ),
        ],
        details: json!({
            "tenants": tenants, "rows": rows, "firstSeconds": first,
            "againSeconds": again.to_json(), "afterChangeSeconds": after.to_json(),
        }),
    })
}

/// The seconds of one look at the whole matrix, page by page, and its rows.
fn ask(client: &mut Client, pairs: usize) -> Result<(f64, usize)> {
    let asked = Instant::now();
    let (mut path, mut rows) = (PATH.to_owned(), 0);
    loop {
        let page: Value = client.json(&path)?;
        rows += page["value"].as_array().context("no rows")?.len();
        let Some(next) = page["@odata.nextLink"].as_str() else {
            break;
        };
        let at = next.find("/beta/").context("a link to somewhere else")?;
        next.get(at..).unwrap_or_default().clone_into(&mut path);
    }
    ensure!(rows >= pairs, "{rows} rows of {pairs} pairs");
    Ok((asked.elapsed().as_secs_f64(), rows))
}
