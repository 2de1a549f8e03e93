//! `code-flow`: the whole authorization code flow with PKCE, beside Keycloak's in the same run, by the
//! same browsers: the page, the form, the code, the tokens.
//!
//! Once by browsers that are signed in, whom the provider sends back at once; once by browsers that
//! have to show a password, where both providers mostly hash it: what that may take, `password-sign-ins`
//! says, and here argon2id alone stands beside it. A flow's two tokens are signed, the
//! ID token by RS256, the API's access token by ES256 (Keycloak's both by RS256), which bounds it
//! whatever else it takes: the signatures alone stand beside it, too.

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
            raw.push(if stay {
                crypto::pairs_of_signatures_per_second(plan.load_seconds)?
            } else {
                crypto::hashes_per_second(plan.load_seconds)?
            });
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
        let name = format!("{name}, {BROWSERS} browsers");
        let figure = if stay {
            // A figure without its peer doesn't pass.
            let met = keycloak.is_some() && ratio >= RATIO_MIN;
            Figure::new(&name, show(&ours), "ratio ≥ 10", met)
        } else {
            Figure::information(&name, show(&ours))
        };
        figures.push(figure.beside(beside, ratio));
        let raw = Sorted::new(raw);
        let bound = if stay {
            "its two signatures alone (RS256 and ES256)"
        } else {
            "argon2id alone"
        };
        let limit = format!("{bound}, on all processors: {}/s", raw.show(0));
        let figure = Figure::information("the same", show(&ours));
        figures.push(figure.beside(limit, rate(&ours) / raw.median()));
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
