//! `mesh`: many tenants, all sharing everybody with all. Its limit is the single pair: what a user
//! costs there is what it should cost here.

use anyhow::Result;
use serde_json::json;

use crate::{
    context::{Context, POLL, micros_per_user, say},
    deployment::Template,
    report::{Figure, Report},
    statistics::Sorted,
};

const GROWTH_MAX: f64 = 1.5;
const MEMORY_MB_MAX: f64 = 300.0;

pub(crate) fn run(context: &mut Context) -> Result<Report> {
    let plan = context.plan.clone();
    let (tenants, users) = (plan.mesh_tenants, plan.mesh_users);
    let (small, large) = context.both()?;
    let (small, large) = (small.micros.clone(), large.micros.clone());
    say(&format!(
        "mesh: making {tenants} tenants with {users} users each"
    ));
    let template = Template::prepare(context.scratch(), &vec![users; tenants])?;
    let mut deployment = template.start(context.scratch())?;
    say("mesh: sharing");
    let everybody: Vec<usize> = (0..tenants).collect();
    let run = deployment.share_all(&everybody, users, POLL)?;
    deployment.stop()?;
    let synced = tenants * (tenants - 1) * users;
    let micros = micros_per_user(&run, synced);
    let memory = run.memory.rss_mb.max(run.memory.high_water_mb);
    let against = |name: String, pair: &Sorted| {
        let growth = micros / pair.median();
        Figure::new(
            &format!("{synced} users synced between {tenants} tenants; limit: {name}"),
            format!("{micros:.1} µs per user, {:.1} s", run.seconds),
            "≤ 1.5 × the pair's",
            growth <= GROWTH_MAX,
        )
        .beside(format!("{} µs per user", pair.show(1)), growth)
    };
    let figures = vec![
        against(format!("one pair with {} users", plan.small_users), &small),
        against(format!("one pair with {} users", plan.users), &large),
        Figure::new(
            "the server's memory, at most (resident)",
            format!("{memory:.0} MB"),
            "< 300 MB",
            memory < MEMORY_MB_MAX,
        ),
    ];
    let details = json!({
        "tenants": tenants,
        "usersOfEach": users,
        "synced": synced,
        "run": run.to_json(),
        "microsecondsPerUser": micros,
        "pairSmallMicroseconds": small.to_json(),
        "pairLargeMicroseconds": large.to_json(),
        "prepareSeconds": template.import_seconds,
    });
    Ok(Report {
        bench: "mesh",
        figures,
        details,
    })
}
