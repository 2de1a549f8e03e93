//! `code-flow`: the whole authorization code flow with PKCE, beside Keycloak's in the same run, by the
//! same browsers: the page, the form, the code, the tokens.
//!
//! Once by browsers that are signed in, whom the provider sends back at once; once by browsers that
//! have to show a password, where both providers mostly hash it. A flow's two tokens are signed, which
//! bounds it whatever else it takes: the signatures alone stand beside it, too.

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    context::{Context, say},
    crypto,
    keycloak::{self, Keycloak},
    portal::{self, Portal},
    report::{Figure, Report},
    rounds::Rounds,
    server,
    statistics::Sorted,
};

const RATIO_MIN: f64 = 10.0;
/// An ID token's and an access token's.
const SIGNATURES: f64 = 2.0;
/// Browsers at once.
const BROWSERS: usize = 16;
/// How long a virtual machine's compiler has to get warm, in seconds: Keycloak gets faster for most of a
/// minute.
const WARM_UP: f64 = 60.0;

pub(crate) fn run(context: &mut Context) -> Result<Report> {
    let plan = context.plan.clone();
    let scratch = context.scratch().to_owned();
    let deployment = context.alone()?;
    let portal = Portal::make(deployment)?;
    let product = deployment.server()?;
    let keycloak = Keycloak::start(&scratch, &portal.people, portal::PASSWORD, portal::CALLBACK)?;
    let orders = |of: Value, stay: bool, warm_up: f64| {
        portal.with_people(
            of,
            &json!({
                "connections": BROWSERS, "seconds": plan.load_seconds, "warmUp": warm_up,
                "stay": stay,
            }),
        )
    };
    let mut figures = Vec::new();
    let mut details = json!({});
    for (stay, name, key) in [
        (true, "code and PKCE, signed in already", "signedIn"),
        (false, "code and PKCE with name and password", "password"),
    ] {
        let (mut ours, mut theirs) = (Rounds::default(), Rounds::default());
        let mut raw = Vec::new();
        // Before anything is measured: what it still makes of itself after its start isn't ours to pay.
        if let Some(keycloak) = &keycloak {
            say(&format!("{name}: Keycloak gets warm"));
            let orders = orders(keycloak.orders(portal::CALLBACK), stay, WARM_UP);
            server::helper("flows", &orders)?;
        }
        for round in 1..=plan.load_rounds {
            say(&format!("{name}: round {round} of {}", plan.load_rounds));
            // With a password the hash is what bounds it.
            if stay {
                raw.push(crypto::signatures_per_second(plan.load_seconds)? / SIGNATURES);
            }
            // Browsers that stay have to sign in first.
            let own = orders(portal.orders(), stay, 2.0);
            ours.round(product.process(), || server::helper("flows", &own))?;
            if let Some(keycloak) = &keycloak {
                let orders = orders(keycloak.orders(portal::CALLBACK), stay, 2.0);
                theirs.round(keycloak.process(), || server::helper("flows", &orders))?;
            }
        }
        let rate = |rounds: &Rounds| rounds.of("requestsPerSecond").median();
        let ratio = rate(&ours) / rate(&theirs);
        let show = |rounds: &Rounds| {
            format!(
                "{} flows/s, p99 {} ms",
                rounds.of("requestsPerSecond").show(1),
                rounds.of("p99Milliseconds").show(1),
            )
        };
        let beside = if keycloak.is_some() {
            format!("Keycloak: {}", show(&theirs))
        } else {
            keycloak::missing()
        };
        let figure = Figure::new(
            &format!("{name}, {BROWSERS} browsers"),
            show(&ours),
            "ratio ≥ 10",
            // A figure without its peer doesn't pass.
            keycloak.is_some() && ratio >= RATIO_MIN,
        );
        figures.push(figure.beside(beside, ratio));
        if stay {
            let raw = Sorted::new(raw);
            let limit = format!(
                "its two signatures alone (RS256), on all processors: {}/s",
                raw.show(0)
            );
            for (name, rounds) in [("the same", &ours), ("Keycloak's", &theirs)] {
                if rounds.is_empty() {
                    continue;
                }
                let figure = Figure::information(name, show(rounds));
                let of_limit = rate(rounds) / raw.median();
                figures.push(figure.beside(limit.clone(), of_limit));
            }
        }
        details[key] = json!({
            "ratio": ratio, "product": ours.to_json(), "keycloak": theirs.to_json(),
        });
    }
    Ok(Report {
        bench: "code-flow",
        figures,
        details,
    })
}
