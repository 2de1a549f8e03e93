//! Schema migrations: numbered, forward-only, run when a database is first opened.
//!
//! All steps that are missing run in one transaction, so a failure leaves the database as it was.
//! A step that has been released is never edited; its checksum is recorded and compared.

use types::{Error, Result, Timestamp};

use crate::engine::{Connection, in_transaction};
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
    10 "0010_search",
    11 "0011_readiness",
    12 "0012_admission",
    13 "0013_departures",
    14 "0014_invitations",
    15 "0015_credentials",
    16 "0016_permission_grants",
    17 "0017_user_indexes",
    18 "0018_app_owners",
    19 "0019_roles",
    20 "0020_photos",
    21 "0021_deletion_guard",
    22 "0022_synced_groups",
    23 "0023_synchronization_schemas",
    24 "0024_synchronization_jobs",
    25 "0025_subscriptions",
    26 "0026_work",
    27 "0027_sign_in",
    28 "0028_authentication_methods",
    29 "0029_authorization_policy",
    30 "0030_visits",
    31 "0031_sign_ins",
    32 "0032_visitors",
    33 "0033_delegated_subscriptions",
    34 "0034_branding",
    35 "0035_trusted_factors",
    36 "0036_password_credentials",
    37 "0037_sign_in_activity",
    38 "0038_administrative_units",
    39 "0039_branding_localizations",
    40 "0040_audit_indexes",
    41 "0041_audit_index_position",
    42 "0042_unique_names",
    43 "0043_membership_rules",
    44 "0044_ids_of_their_own",
    45 "0045_ended_sessions",
    46 "0046_api_keys",
];

pub(crate) static REGISTRY: &[Migration] = migrations!["registry":
    1 "0001_registry",
    2 "0002_names",
    3 "0003_servers",
    4 "0004_applications",
];

/// FNV-1a: enough to notice an edited file, which is all that it is for.
fn checksum(text: &str) -> i64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash as i64
}

/// Brings a database up to the newest step.
pub(crate) fn run(connection: &dyn Connection, steps: &[Migration], now: Timestamp) -> Result<()> {
    in_transaction(connection, || apply(connection, steps, now))
}

fn apply(connection: &dyn Connection, steps: &[Migration], now: Timestamp) -> Result<()> {
    let table = connection.migrations();
    connection.batch(&connection.dialect(&format!(
        "CREATE TABLE IF NOT EXISTS {table} (number BIGINT NOT NULL PRIMARY KEY, \
         name TEXT NOT NULL, checksum BIGINT NOT NULL, at BIGINT NOT NULL) WIDE_TABLE_OPTIONS;"
    )))?;
    let mut done = std::collections::BTreeMap::new();
    let noted = format!("SELECT number, checksum FROM {table}");
    connection.query(&noted, &[], &mut |row| {
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
                    &format!(
                        "INSERT INTO {table} (number, name, checksum, at) VALUES (?1, ?2, ?3, ?4)"
                    ),
                    params![step.number, step.name, checksum(step.ddl), now],
                )?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::ISLAND;

    fn statements() -> impl Iterator<Item = &'static str> {
        ISLAND.iter().flat_map(|step| step.ddl.split(';'))
    }

    #[test]
    fn every_key_and_index_begins_with_the_tenant() {
        for statement in statements() {
            let columns = match (
                statement.split_once("PRIMARY KEY"),
                statement
                    .split_once(" INDEX ")
                    .filter(|(verb, _)| !verb.ends_with("DROP")),
            ) {
                (Some((_, key)), _) => key,
                (None, Some((_, index))) => index.split_once(" (").map_or(index, |it| it.1),
                (None, None) => {
                    assert!(!statement.contains("CREATE TABLE"), "no key: {statement}");
                    continue;
                }
            };
            let first = columns.trim_start_matches([' ', '(']);
            assert!(first.starts_with("tenant_id"), "{statement}");
        }
    }

    #[test]
    fn the_document_says_how_to_distribute_every_table() {
        let document = include_str!("../../../docs/scale.md");
        for statement in statements() {
            let Some((_, rest)) = statement.split_once("CREATE TABLE ") else {
                continue;
            };
            let made = rest.split_whitespace().next().unwrap_or_default();
            let renamed = statements().find_map(|later| {
                let (old, new) = later
                    .split_once("ALTER TABLE ")?
                    .1
                    .split_once(" RENAME TO ")?;
                (old == made).then_some(new)
            });
            let table = renamed.unwrap_or(made);
            let is_dropped = statements().any(|later| {
                later
                    .split_once("DROP TABLE ")
                    .is_some_and(|(_, gone)| gone == table)
            });
            let says = format!("SELECT create_distributed_table('{table}', 'tenant_id');");
            assert_eq!(
                document.contains(&says),
                !is_dropped,
                "docs/scale.md and {table}"
            );
        }
    }
}
