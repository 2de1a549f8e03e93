//! `get-user`: reading one user over HTTP with its token's check, against the bare HTTP library
//! answering the same bytes with the same headers from memory.
//!
//! Both servers are processes of their own and are asked by the same generator, in turns. The
//! generator takes processor time from both alike; so the servers' own time per request is given
//! too, which it doesn't blur.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, json};

use crate::{
    context::{Context, say},
    http::Client,
    load,
    people::{self, Numbers},
    report::{Figure, Report},
    rounds::Rounds,
    server::{self, Server},
};

const RATIO_MIN: f64 = 0.5;
/// Different users that are asked for.
const PEOPLE: usize = 500;

pub(crate) fn run(context: &mut Context) -> Result<Report> {
    let plan = context.plan.clone();
    let pair = context.small()?;
    pair.deployment.start()?;
    let deployment = &pair.deployment;
    let mut client = deployment.client(0)?;
    let domain = &deployment.tenant(0)?.domain;
    let mut numbers = Numbers::new(11);
    let (mut paths, mut answers, mut headers) = (Vec::new(), Map::new(), Vec::new());
    for _ in 0..PEOPLE {
        let name = people::alias(numbers.below(plan.small_users - 1));
        let user = client.json(&format!("/v1.0/users/{name}@{domain}?$select=id"))?;
        let path = format!("/v1.0/users/{}", user["id"].as_str().context("no id")?);
        let answer = client.get(&path)?;
        ensure!(answer.status == 200, "{path}: status {}", answer.status);
        headers = answer.headers;
        answers.insert(path.clone(), String::from_utf8(answer.body)?.into());
        paths.push(path);
    }
    // What the library writes by itself.
    headers.retain(|(name, _)| !matches!(name.as_str(), "date" | "content-length" | "connection"));
    let bare = Server::start_bare(&json!({"headers": headers, "answers": answers}))?;
    let product = deployment.server()?;
    check_same(&mut client, &bare, &paths)?;

    let token = deployment.token(0)?;
    let orders = |server: &Server| {
        json!({
            "url": server.url,
            "token": token,
            "requests": load::reading(&paths),
            "connections": plan.load_connections,
            "seconds": plan.load_seconds,
        })
    };
    let (mut of_product, mut of_bare) = (Rounds::default(), Rounds::default());
    for round in 1..=plan.load_rounds {
        say(&format!("get-user: round {round} of {}", plan.load_rounds));
        of_product.round(product.process(), || {
            server::helper("load", &orders(product))
        })?;
        of_bare.round(bare.process(), || server::helper("load", &orders(&bare)))?;
    }
    pair.deployment.stop()?;
    Ok(report(&of_product, &of_bare, plan.load_connections))
}

/// Both servers have to answer alike, or the comparison is of nothing.
fn check_same(client: &mut Client, bare: &Server, paths: &[String]) -> Result<()> {
    let path = paths.first().context("nobody to ask for")?;
    let (ours, theirs) = (
        client.get(path)?,
        Client::connect(&bare.url, None)?.get(path)?,
    );
    let names = |answer: &crate::http::Answer| {
        let mut names: Vec<String> = answer
            .headers
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        names.sort();
        names
    };
    ensure!(
        ours.body == theirs.body,
        "the bare server answers another body"
    );
    ensure!(
        names(&ours) == names(&theirs),
        "the bare server answers other headers: {:?} instead of {:?}",
        names(&theirs),
        names(&ours)
    );
    Ok(())
}

fn report(product: &Rounds, bare: &Rounds, connections: usize) -> Report {
    let ratio = product.of("requestsPerSecond").median() / bare.of("requestsPerSecond").median();
    let cpu = bare.of("cpuMicrosecondsPerRequest").median()
        / product.of("cpuMicrosecondsPerRequest").median();
    let figures = vec![
        Figure::new(
            &format!("GET /v1.0/users/{{id}} with token check on {connections} connections"),
            product.show(),
            "ratio ≥ 0.5",
            ratio >= RATIO_MIN,
        )
        .beside(format!("bare hyper: {}", bare.show()), ratio),
        Figure::information(
            "the server's processor time per request, without the generator's",
            format!("{} µs", product.of("cpuMicrosecondsPerRequest").show(1)),
        )
        .beside(
            format!("{} µs", bare.of("cpuMicrosecondsPerRequest").show(1)),
            cpu,
        ),
    ];
    let details = json!({
        "ratio": ratio,
        "ratioOfProcessorTime": cpu,
        "product": product.to_json(),
        "bare": bare.to_json(),
    });
    Report {
        bench: "get-user",
        figures,
        details,
    }
}
