//! `grants`: access tokens granted to applications by client credentials, against the signature that
//! each needs (RS256) alone on all processors, and beside Keycloak's grants.

use anyhow::Result;
use serde_json::json;

use crate::{
    context::{Context, say},
    crypto, http,
    keycloak::{self, Keycloak},
    report::{Figure, Report},
    rounds::Rounds,
    server,
    statistics::Sorted,
};

const RATIO_MIN: f64 = 0.7;

pub(crate) fn run(context: &mut Context) -> Result<Report> {
    let plan = context.plan.clone();
    let scratch = context.scratch().to_owned();
    let deployment = context.alone()?;
    let tenant = deployment.tenant(0)?;
    let path = format!("/{}/oauth2/v2.0/token", tenant.id);
    let grant = json!({"method": "POST", "path": path, "body": http::form(&tenant.grant())});
    let product = deployment.server()?;
    let keycloak = Keycloak::start(&scratch, &[], "", "http://localhost/callback")?;
    let orders = |url: &str, grant| {
        json!({
            "url": url, "requests": [grant], "connections": plan.load_connections,
            "seconds": plan.load_seconds,
        })
    };
    let theirs_warm = keycloak
        .as_ref()
        .map(|keycloak| orders(&keycloak.url, Keycloak::grant()));
    if let Some(orders) = &theirs_warm {
        server::helper("load", orders)?;
    }
    let (mut raw, mut ours, mut theirs) = (Vec::new(), Rounds::default(), Rounds::default());
    for round in 1..=plan.load_rounds {
        say(&format!("grants: round {round} of {}", plan.load_rounds));
        raw.push(crypto::signatures_per_second(plan.load_seconds)?);
        let orders = orders(&product.url, grant.clone());
        ours.round(product.process(), || server::helper("load", &orders))?;
        if let (Some(keycloak), Some(orders)) = (&keycloak, &theirs_warm) {
            theirs.round(keycloak.process(), || server::helper("load", orders))?;
        }
    }
    let raw = Sorted::new(raw);
    let rate = ours.of("requestsPerSecond").median();
    let ratio = rate / raw.median();
    let beside = if keycloak.is_some() {
        format!("Keycloak: {}", theirs.show())
    } else {
        keycloak::missing()
    };
    let figures = vec![
        Figure::new(
            &format!(
                "client credentials by secret, {} connections",
                plan.load_connections
            ),
            ours.show(),
            "ratio ≥ 0.7",
            ratio >= RATIO_MIN,
        )
        .beside(
            format!("RS256 alone, on all processors: {}/s", raw.show(0)),
            ratio,
        ),
        Figure::information("the same", ours.show())
            .beside(beside, rate / theirs.of("requestsPerSecond").median()),
    ];
    Ok(Report {
        bench: "grants",
        figures,
        details: json!({
            "ratio": ratio, "signaturesPerSecond": raw.to_json(), "product": ours.to_json(),
            "keycloak": theirs.to_json(),
        }),
    })
}
