//! `updates`: users changed over HTTP by many clients at once, each change durable before its answer,
//! against Debian's slapd modifying the same number of entries by as many clients.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{
    context::{Context, say},
    ldap::{self, Slapd},
    load::NUMBER,
    report::{Figure, Report},
    rounds::{Rounds, user_ids},
    server,
};

const RATIO_MIN: f64 = 3.0;
/// Different users that are changed.
const PEOPLE: usize = 2_000;

pub(crate) fn run(context: &mut Context) -> Result<Report> {
    let plan = context.plan.clone();
    let scratch = context.scratch().to_owned();
    let deployment = context.alone()?;
    let mut client = deployment.client(0)?;
    let ids = user_ids(&mut client, PEOPLE.min(plan.alone_users))?;
    let body = json!({"jobTitle": format!("Title {NUMBER}")});
    let requests: Vec<Value> = ids
        .iter()
        .map(|id| json!({"method": "PATCH", "path": format!("/v1.0/users/{id}"), "body": body}))
        .collect();
    let token = deployment.token(0)?;
    let product = deployment.server()?;
    let mut number = 0;
    let slapd = Slapd::start(&scratch, plan.alone_users)?;
    let (mut ours, mut theirs) = (Rounds::default(), Rounds::default());
    for round in 1..=plan.load_rounds {
        say(&format!("updates: round {round} of {}", plan.load_rounds));
        let orders = json!({
            "url": product.url,
            "token": token,
            "requests": requests,
            "connections": plan.load_connections,
            "seconds": plan.load_seconds,
            "status": 204,
            "firstNumber": number,
        });
        let found = ours.round(product.process(), || server::helper("load", &orders))?;
        number = found["lastNumber"].as_u64().context("no last number")?;
        if let Some(slapd) = &slapd {
            let orders = slapd.orders(plan.load_connections, plan.load_seconds, round);
            theirs.round(slapd.process(), || ldap::generate(&orders))?;
        }
    }
    let connections = plan.load_connections;
    let ratio = ours.of("requestsPerSecond").median() / theirs.of("requestsPerSecond").median();
    let name = format!("PATCH /v1.0/users/{{id}}, durable, {connections} clients");
    let figure = if slapd.is_some() {
        Figure::new(&name, ours.show(), "ratio ≥ 3", ratio >= RATIO_MIN)
            .beside(format!("slapd: {}", theirs.show()), ratio)
    } else {
        // A figure without its peer says so, and doesn't pass.
        Figure::new(&name, ours.show(), "ratio ≥ 3", false)
            .beside("slapd isn't installed".to_owned(), f64::NAN)
    };
    Ok(Report {
        bench: "updates",
        figures: vec![figure],
        details: json!({"ratio": ratio, "product": ours.to_json(), "slapd": theirs.to_json()}),
    })
}
