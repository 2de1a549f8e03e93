//! `code-flow`: the whole authorization code flow with PKCE, beside Keycloak's in the same run, by the
//! same browsers: the page, the form, the code, the tokens.
//!
//! Once by browsers that are signed in, whom the provider sends back at once; once by browsers that
//! have to show a password, where both providers mostly hash it.

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    context::{Context, say},
    keycloak::{self, Keycloak},
    portal::{self, Portal},
    report::{Figure, Report},
    rounds::Rounds,
    server,
};

const RATIO_MIN: f64 = 10.0;
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
        for round in 1..=plan.load_rounds {
            say(&format!("{name}: round {round} of {}", plan.load_rounds));
            // Browsers that stay have to sign in first.
            let own = orders(portal.orders(), stay, 2.0);
            ours.round(product.process(), || server::helper("flows", &own))?;
            if let Some(keycloak) = &keycloak {
                let warm_up = if round == 1 { WARM_UP } else { 2.0 };
                let orders = orders(keycloak.orders(portal::CALLBACK), stay, warm_up);
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
