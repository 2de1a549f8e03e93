//! `password-sign-ins`: people signing in by name and password as fast as the hash allows, while others
//! read who they are.
//!
//! A sign-in is all of it: the page, the form, the session and the code. See
//! [`crate::hashing`].

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::{
    context::Context,
    hashing::{self, Names, READS},
    portal::Portal,
    report::Report,
    server,
};

/// Browsers that sign in.
const BROWSERS: usize = 16;

pub(crate) fn run(context: &mut Context) -> Result<Report> {
    let plan = context.plan.clone();
    let deployment = context.alone()?;
    let portal = Portal::make(deployment)?;
    let product = deployment.server()?;
    let signing_in = |seconds: f64, redeem: bool| {
        portal.with_people(
            portal.orders(),
            &json!({
                "connections": BROWSERS, "seconds": seconds, "warmUp": 0.5, "redeem": redeem,
            }),
        )
    };
    // Everybody consents the first time; what is measured is every other time.
    let first = server::helper("flows", &signing_in(plan.load_seconds.max(5.0), true))?;
    let token = first["accessToken"].as_str().context("no access token")?;
    let orders = signing_in(plan.load_seconds, false);
    let names = Names {
        bench: "password-sign-ins",
        work: format!("sign-ins by password, {BROWSERS} browsers, {READS:.0} reads/s beside"),
        unit: "",
        key: "signIns",
        read: "/v1.0/me",
        without: "sign-ins",
        ratio_min: 0.9,
    };
    let paths = ["/v1.0/me".to_owned()];
    hashing::measure(&names, &plan, product, token, &paths, || {
        server::helper("flows", &orders)
    })
}
