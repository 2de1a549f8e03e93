//! `get-user`: reading one user over HTTP with its token's check, against the bare HTTP library
//! answering the same bytes with the same headers from memory.
//!
//! Both servers are processes of their own and are asked by the same generator, in turns. The
//! generator takes processor time from both alike; so the servers' own time per request is given
//! too, which it doesn't blur.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value, json};

use crate::{
    context::{Context, say},
    http::Client,
    machine,
    people::{self, Numbers},
    report::{Figure, Report},
    server::{self, Server},
    statistics::Sorted,
};

const RATIO_MIN: f64 = 0.5;
/// Different users that are asked for.
const PEOPLE: usize = 500;

/// What the rounds found of one server.
#[derive(Default)]
pub(crate) struct Rounds(Vec<Value>);

impl Rounds {
    /// Lets the generator ask for so long, and notes what the server took for it.
    pub(crate) fn round(&mut self, process: u32, orders: &Value) -> Result<()> {
        let before = machine::cpu_seconds(process);
        let mut found = server::generate_load(orders)?;
        let taken = machine::cpu_seconds(process) - before;
        // The warm-up's requests were the server's work too; they are few.
        let requests = found["requests"].as_f64().context("no requests")?;
        found["cpuMicrosecondsPerRequest"] = json!(taken * 1e6 / requests);
        self.0.push(found);
        Ok(())
    }

    /// One figure of all rounds.
    pub(crate) fn of(&self, name: &str) -> Sorted {
        Sorted::new(self.0.iter().filter_map(|round| round[name].as_f64()))
    }

    pub(crate) fn to_json(&self) -> Value {
        json!(self.0)
    }

    /// For a cell of the table.
    pub(crate) fn show(&self) -> String {
        format!(
            "{} requests/s, p99 {} ms, {} µs of processor each",
            self.of("requestsPerSecond").show(0),
            self.of("p99Milliseconds").show(2),
            self.of("cpuMicrosecondsPerRequest").show(1),
        )
    }
}

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
            "paths": paths,
            "connections": plan.load_connections,
            "seconds": plan.load_seconds,
        })
    };
    let (mut of_product, mut of_bare) = (Rounds::default(), Rounds::default());
    for round in 1..=plan.load_rounds {
        say(&format!("get-user: round {round} of {}", plan.load_rounds));
        of_product.round(product.process(), &orders(product))?;
        of_bare.round(bare.process(), &orders(&bare))?;
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
