//! `creations`: users made with a password as fast as the hash allows, while others read
//! ([`crate::hashing`]).

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::{
    context::Context,
    hashing::{self, Names, READS},
    load::NUMBER,
    report::Report,
    rounds::user_ids,
    server,
};

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
    let names = Names {
        bench: "creations",
        work: format!(
            "POST /v1.0/users with a password, {MAKERS} clients, {READS:.0} reads/s beside"
        ),
        unit: " users",
        key: "creations",
        read: "/v1.0/users/{id}",
        without: "creations",
        ratio_min: 0.8,
    };
    let mut number = 0;
    hashing::measure(&names, &plan, product, &token, &paths, || {
        let orders = json!({
            "url": product.url, "token": token, "requests": [creation], "connections": MAKERS,
            "seconds": plan.load_seconds, "status": 201, "firstNumber": number,
        });
        let found = server::helper("load", &orders)?;
        number = found["lastNumber"].as_u64().context("no last number")?;
        Ok(found)
    })
}
