//! Schema migrations: numbered, forward-only, run when a database is first opened.
//!
//! All steps that are missing run in one transaction, so a failure leaves the database as it was.
//! A step that has been released is never edited; its checksum is recorded and compared.

use types::{Error, Result, Timestamp};

use crate::engine::{Connection, Mode};
use crate::params;

pub(crate) struct Migration {
    number: i64,
    name: &'static str,
    ddl: &'static str,
}

macro_rules! migrations {
    ($folder:literal: $($number:literal $name:literal),* $(,)?) => { &[$(Migration {
        number: $number,
        name: $name,
        ddl: include_str!(concat!("../migrations/", $folder, "/", $name, ".sql")),
    }),*] };
}

pub(crate) static ISLAND: &[Migration] = migrations!["island":
    1 "0001_feed",
    2 "0002_border",
    3 "0003_directory",
    4 "0004_identity",
    5 "0005_access",
    6 "0006_organization",
    7 "0007_sync",
    8 "0008_audit",
    9 "0009_idempotency",
    12 "0012_invitations",
    13 "0013_credentials",
    14 "0014_permission_grants",
];

pub(crate) static REGISTRY: &[Migration] = migrations!["registry": 1 "0001_registry"];

/// FNV-1a: enough to notice an edited file, which is all that it is for.
fn checksum(text: &str) -> i64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash as i64
}

/// Brings a database up to the newest step.
pub(crate) fn run(connection: &dyn Connection, steps: &[Migration], now: Timestamp) -> Result<()> {
    connection.begin(Mode::Write)?;
    let outcome = apply(connection, steps, now);
    match outcome {
        Ok(()) => connection.commit(),
        Err(error) => {
            connection.rollback()?;
            Err(error)
        }
    }
}

fn apply(connection: &dyn Connection, steps: &[Migration], now: Timestamp) -> Result<()> {
    connection.batch(&connection.dialect(
        "CREATE TABLE IF NOT EXISTS migrations (number BIGINT NOT NULL PRIMARY KEY, \
         name TEXT NOT NULL, checksum BIGINT NOT NULL, at BIGINT NOT NULL) WIDE_TABLE_OPTIONS;",
    ))?;
    let mut done = std::collections::BTreeMap::new();
    connection.query("SELECT number, checksum FROM migrations", &[], &mut |row| {
        done.insert(row.int(0)?, row.int(1)?);
        Ok(())
    })?;
    let newest = steps.last().map_or(0, |step| step.number);
    if let Some((&unknown, _)) = done
        .last_key_value()
        .filter(|(number, _)| **number > newest)
    {
        return Err(Error::conflict(format!(
            "The data was written by a newer version (schema {unknown}, this one knows {newest}). \
             Use that version or a later one."
        )));
    }
    for step in steps {
        match done.get(&step.number) {
            Some(&sum) if sum == checksum(step.ddl) => {}
            Some(_) => {
                return Err(Error::conflict(format!(
                    "The data was written with another form of schema step {}. Use the version \
                     that wrote it.",
                    step.name
                )));
            }
            None => {
                connection.batch(&connection.dialect(step.ddl))?;
                connection.execute(
                    "INSERT INTO migrations (number, name, checksum, at) VALUES (?1, ?2, ?3, ?4)",
                    params![step.number, step.name, checksum(step.ddl), now],
                )?;
            }
        }
    }
    Ok(())
}
