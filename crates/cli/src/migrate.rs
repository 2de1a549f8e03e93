//! `isopolity migrate`: all data from files to PostgreSQL, or back.

use node::config::{Config, Secret};
use serde_json::{Value, json};
use store::{DataLock, Options, SystemClock};
use types::{Error, Result};

use crate::output::Output;
use crate::{run, serve, show};

/// What `--to` says for the data directory's files.
const FILES: &str = "files";

/// Moves what the configuration names to `to`.
pub(crate) async fn run(config: &Config, to: &str, output: &Output) -> Result<()> {
    serve::start_log(config, "warn")?;
    let from = options(config, config.database_url.as_ref());
    let url = match to {
        FILES => None,
        url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            Some(Secret::new(url))
        }
        _ => {
            return Err(Error::invalid(
                "--to",
                "Say where to: the address of a database (postgres://user@host/name), or files.",
            ));
        }
    };
    let to = options(config, url.as_ref());
    run::make_directory(&config.data)?;
    let lock = DataLock::take(&config.data)?;
    let (sender, mut done) = tokio::sync::mpsc::channel::<String>(64);
    let moving = tokio::task::spawn_blocking(move || {
        let moved = store::transfer(&from, &to, &SystemClock, |tenant| {
            let line = format!("{}: {} rows", tenant.tenant_id, tenant.rows);
            let _ = sender.blocking_send(line);
        });
        drop(lock);
        moved
    });
    while let Some(line) = done.recv().await {
        output.note(&line);
    }
    let moved = moving.await.map_err(Error::internal)??;
    let rows: u64 = moved.iter().map(|tenant| tenant.rows).sum();
    let answer: Value = json!({ "tenants": moved, "rows": rows });
    output.document(&answer, show::migrated);
    Ok(())
}

fn options(config: &Config, url: Option<&Secret>) -> Options {
    Options {
        database_url: url.map(|url| url.reveal().to_owned()),
        database_connections: config.limits.size("database_connections"),
        ..Options::new(&config.data)
    }
}
