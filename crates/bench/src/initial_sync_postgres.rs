//! `initial-sync-postgres`: everybody of one tenant into another with the data in PostgreSQL, against
//! raw multi-row insertions of the same rows by one connection, as durably.
//!
//! The limit: the very users' rows that the sync wrote, inserted into a table with the same indexes,
//! [`STATEMENT_ROWS`] in a statement and 1,000 in a commit. The database is the one that
//! `TEST_DATABASE_URL` names (`scripts/with-postgres.sh` starts one; with `PG_FSYNC=on` it is durable).

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use bytes::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, NoTls};
use serde_json::json;

use crate::{
    context::{Context, POLL, say},
    deployment::{SyncRun, Template},
    report::{Figure, Report},
    statistics::Sorted,
};

/// What the target asks.
const RATIO_MIN: f64 = 0.4;
/// Rows in one statement of the limit, and in one commit.
const STATEMENT_ROWS: usize = 250;
const COMMIT_ROWS: usize = 1_000;
/// Runs, each on a schema of its own with an import before it.
const RUNS_MAX: usize = 2;

/// A value of a row, in whatever type it has.
#[derive(Debug)]
enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

type Boxed = Box<dyn std::error::Error + Sync + Send>;

impl<'a> FromSql<'a> for Cell {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> std::result::Result<Self, Boxed> {
        Ok(match *ty {
            Type::INT8 => Self::Int(i64::from_sql(ty, raw)?),
            Type::BYTEA => Self::Bytes(raw.to_vec()),
            _ => Self::Text(String::from_sql(ty, raw)?),
        })
    }
    fn from_sql_null(_: &Type) -> std::result::Result<Self, Boxed> {
        Ok(Self::Null)
    }
    fn accepts(_: &Type) -> bool {
        true
    }
}

impl ToSql for Cell {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Boxed> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Text(value) => value.to_sql(ty, out),
            Self::Bytes(value) => value.to_sql(ty, out),
        }
    }
    fn accepts(_: &Type) -> bool {
        true
    }
    to_sql_checked!();
}

struct Run {
    sync: SyncRun,
    import_seconds: f64,
    limit: f64,
}

pub(crate) fn run(context: &Context) -> Result<Report> {
    let database = std::env::var("TEST_DATABASE_URL")
        .context("TEST_DATABASE_URL isn't set: run it by scripts/with-postgres.sh")?;
    let users = context.plan.users;
    let mut client = Client::connect(&database, NoTls)?;
    let is_durable: String = client.query_one("SHOW fsync", &[])?.get(0);
    let mut runs = Vec::new();
    for number in 0..context.plan.sync_runs.min(RUNS_MAX) {
        say(&format!(
            "initial-sync-postgres: run {}, importing {users} users",
            number + 1
        ));
        let schema = format!("bench_{}_{number}", std::process::id());
        client.batch_execute(&format!("CREATE SCHEMA {schema}"))?;
        let url = format!("{database}?options=-c%20search_path%3D{schema}");
        let template = Template::prepare_in(context.scratch(), &[users, 1], Some(&url))?;
        say("initial-sync-postgres: syncing them");
        let mut deployment = template.start(context.scratch())?;
        let sync = deployment.share_all(&[0], users, POLL)?;
        let target = deployment.tenant(1)?.id.clone();
        deployment.stop()?;
        say("initial-sync-postgres: inserting the same rows");
        let limit = limit(&mut client, &schema, &target, users)?;
        client.batch_execute(&format!("DROP SCHEMA {schema} CASCADE"))?;
        runs.push(Run {
            sync,
            import_seconds: template.import_seconds,
            limit,
        });
    }
    Ok(report(&runs, users, is_durable == "on"))
}

/// The seconds that the users' rows take by themselves.
fn limit(client: &mut Client, schema: &str, tenant: &str, users: usize) -> Result<f64> {
    client.batch_execute(&format!(
        "SET search_path = {schema}; CREATE TABLE raw_users (LIKE users INCLUDING ALL)"
    ))?;
    let mut transaction = client.transaction()?;
    let tenant = tenant.replace('-', "");
    transaction.batch_execute(&format!("SET LOCAL isopolity.tenant = '{tenant}'"))?;
    let select = "SELECT * FROM users WHERE home_id IS NOT NULL ORDER BY id";
    let select = transaction.prepare(select)?;
    let columns = select.columns().len();
    let names: Vec<&str> = select
        .columns()
        .iter()
        .map(postgres::Column::name)
        .collect();
    let rows = transaction.query(&select, &[])?;
    ensure!(
        rows.len() == users,
        "the target has {} users instead of {users}",
        rows.len()
    );
    let cells: Vec<Cell> = rows
        .iter()
        .flat_map(|row| (0..columns).map(|column| row.get(column)))
        .collect();
    drop(rows);
    let insert = |rows: usize| {
        let row = |row: usize| {
            let places = (1..=columns).map(|column| format!("${}", row * columns + column));
            format!("({})", places.collect::<Vec<_>>().join(", "))
        };
        let rows: Vec<String> = (0..rows).map(row).collect();
        format!(
            "INSERT INTO raw_users ({}) VALUES {}",
            names.join(", "),
            rows.join(", ")
        )
    };
    let many = insert(STATEMENT_ROWS);
    let one = insert(1);
    transaction.commit()?;
    let (many, one) = (client.prepare(&many)?, client.prepare(&one)?);
    let started = Instant::now();
    for batch in cells.chunks(COMMIT_ROWS * columns) {
        let mut transaction = client.transaction()?;
        for some in batch.chunks(STATEMENT_ROWS * columns) {
            if some.len() == STATEMENT_ROWS * columns {
                let params: Vec<&(dyn ToSql + Sync)> = some.iter().map(|it| it as _).collect();
                transaction.execute(&many, &params)?;
                continue;
            }
            for row in some.chunks(columns) {
                let params: Vec<&(dyn ToSql + Sync)> = row.iter().map(|it| it as _).collect();
                transaction.execute(&one, &params)?;
            }
        }
        transaction.commit()?;
    }
    Ok(started.elapsed().as_secs_f64())
}

fn report(runs: &[Run], users: usize, is_durable: bool) -> Report {
    let of = |value: fn(&Run) -> f64| Sorted::new(runs.iter().map(value));
    let seconds = of(|run| run.sync.seconds);
    let limit = of(|run| run.limit);
    let ratio = of(|run| run.limit / run.sync.seconds);
    let shown = |seconds: &Sorted| {
        let rate = users as f64 / seconds.median();
        format!("{} s, {rate:.0}/s", seconds.show(2))
    };
    let durable = if is_durable { "durable" } else { "not durable" };
    let figures = vec![
        Figure::new(
            &format!(
                "{users} users synced in PostgreSQL, {durable}; limit: raw multi-row insertions of the \
                 users' rows"
            ),
            shown(&seconds),
            "ratio ≥ 0.4",
            ratio.median() >= RATIO_MIN && is_durable,
        )
        .beside(shown(&limit), ratio.median()),
    ];
    let details = json!({
        "users": users,
        "isDurable": is_durable,
        "ratio": ratio.to_json(),
        "seconds": seconds.to_json(),
        "limitSeconds": limit.to_json(),
        "importSeconds": runs.iter().map(|run| run.import_seconds).collect::<Vec<_>>(),
        "runs": runs.iter().map(|run| run.sync.to_json()).collect::<Vec<_>>(),
    });
    Report {
        bench: "initial-sync-postgres",
        figures,
        details,
    }
}
