//! Moving all data of a deployment from one engine to the other.
//!
//! Row by row and table by table, through the same seam as everything else. A tenant's table that
//! holds the same rows on both sides is left alone, another one is copied anew; so a move that was
//! cut off is taken up where it was. The registry comes last: before every tenant is there, and is
//! the same by count and checksum, the new side holds no tenant for anybody.

use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256};
use serde::Serialize;
use types::{Error, Result, TenantId};

use crate::clock::Clock;
use crate::database::Database;
use crate::engine::{Connection, Table, in_transaction};
use crate::island::make_private_directory;
use crate::options::Options;
use crate::registry::REGISTRY_TABLES;
use crate::value::{Param, Row, Value};

/// Rows that are read at once and written in one commit.
const PAGE: usize = 1000;
/// Rows in one statement.
const CHUNK: usize = 50;
/// Page cache of a writer, in KiB.
const CACHE_KIB: u32 = 16 * 1024;

/// What was moved of one tenant.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct MovedTenant {
    /// Whose.
    pub tenant_id: TenantId,
    /// Rows in all tables.
    pub rows: u64,
    /// The head of its feed.
    pub seq: u64,
    /// SHA-256 over all rows, in hexadecimal; the same on both sides.
    pub digest: String,
    /// Tables that had to be copied; the others were there already.
    pub copied_tables: usize,
}

/// One end of a move.
struct Side<'a> {
    database: &'a Database,
    clock: &'a dyn Clock,
}

impl Side<'_> {
    fn island(&self, tenant: TenantId) -> Result<Box<dyn Connection>> {
        self.database.writer(tenant, false, CACHE_KIB, self.clock)
    }
}

/// Copies everything from one deployment's data to another's, which must hold no tenant yet. The
/// caller holds the lock of both directories. `on_tenant` is told of each tenant that is done.
pub fn transfer(
    from: &Options,
    to: &Options,
    clock: &dyn Clock,
    mut on_tenant: impl FnMut(&MovedTenant),
) -> Result<Vec<MovedTenant>> {
    if from.database_url == to.database_url {
        return Err(Error::conflict(
            "The data are there already: both sides are the same.",
        ));
    }
    make_private_directory(&to.directory.join("tenants"))?;
    let [source, target] = [from, to].map(|options| Database::open(options, clock));
    let (source, target) = (source?, target?);
    source.refuse_servers()?;
    target.refuse_servers()?;
    let (old, new) = (source.registry(clock)?, target.new_registry(clock)?);
    let mut held = 0;
    new.query("SELECT count(*) FROM registry_tenants", &[], &mut |row| {
        held = row.count(0)?;
        Ok(())
    })?;
    if held > 0 {
        return Err(Error::conflict(
            "The other side holds tenants already. Move to an empty database or directory.",
        ));
    }
    let mut tenants: Vec<TenantId> = Vec::new();
    old.query(
        "SELECT tenant_id FROM registry_tenants WHERE is_ready = 1 ORDER BY tenant_id",
        &[],
        &mut |row| {
            tenants.push(row.id(0)?);
            Ok(())
        },
    )?;
    let [source, target] = [&source, &target].map(|database| Side { database, clock });
    let mut moved = Vec::with_capacity(tenants.len());
    for tenant in tenants {
        let done = move_tenant(tenant, &source, &target)?;
        on_tenant(&done);
        moved.push(done);
    }
    let all = old.tables()?;
    for name in REGISTRY_TABLES {
        let table = all.iter().find(|table| table.name == name);
        let table = table.ok_or_else(|| Error::internal(format!("there is no table {name}")))?;
        copy(old.as_ref(), new.as_ref(), table, None)?;
    }
    Ok(moved)
}

fn move_tenant(tenant: TenantId, source: &Side<'_>, target: &Side<'_>) -> Result<MovedTenant> {
    let (from, to) = (source.island(tenant)?, target.island(tenant)?);
    let (from, to) = (from.as_ref(), to.as_ref());
    let tables = island_tables(from)?;
    if island_tables(to)? != tables {
        return Err(Error::internal("the two sides have different tables"));
    }
    let mut moved = MovedTenant {
        tenant_id: tenant,
        rows: 0,
        seq: 0,
        digest: String::new(),
        copied_tables: 0,
    };
    let mut all = Context::new(&SHA256);
    for table in &tables {
        let (rows, digest) = sum(from, table, tenant)?;
        if sum(to, table, tenant)? != (rows, digest.clone()) {
            let delete = format!("DELETE FROM {} WHERE tenant_id = ?1", table.name);
            in_transaction(to, || to.execute(&delete, &[(&tenant).into()]))?;
            copy(from, to, table, Some(tenant))?;
            moved.copied_tables += 1;
            if sum(to, table, tenant)? != (rows, digest.clone()) {
                return Err(Error::internal(format!(
                    "the rows of {} aren't the same on both sides",
                    table.name
                )));
            }
        }
        moved.rows += rows;
        all.update(table.name.as_bytes());
        all.update(&digest);
    }
    for byte in all.finish().as_ref() {
        let _ = write!(moved.digest, "{byte:02x}");
    }
    from.query(
        "SELECT seq FROM feed_head WHERE tenant_id = ?1",
        &[(&tenant).into()],
        &mut |row| {
            moved.seq = row.count(0)?;
            Ok(())
        },
    )?;
    Ok(moved)
}

/// The tables of an island, by name; where one database holds all, the registry's stand beside.
fn island_tables(connection: &dyn Connection) -> Result<Vec<Table>> {
    let mut tables = connection.tables()?;
    tables.retain(|table| {
        table.key.first().is_some_and(|first| first == "tenant_id")
            && !REGISTRY_TABLES.contains(&table.name.as_str())
    });
    Ok(tables)
}

/// How many rows a tenant has in a table, and the checksum over them in the order of their keys.
fn sum(connection: &dyn Connection, table: &Table, tenant: TenantId) -> Result<(u64, Vec<u8>)> {
    let mut context = Context::new(&SHA256);
    let mut rows = 0;
    each_page(connection, table, Some(tenant), |page| {
        rows += page.len() as u64;
        for value in page.iter().flatten() {
            feed(&mut context, value);
        }
        Ok(())
    })?;
    Ok((rows, context.finish().as_ref().to_vec()))
}

/// A value with its kind and its length before it, so that no two rows look alike.
fn feed(context: &mut Context, value: &Value) {
    let (kind, bytes) = match value {
        Value::Null => (0_u8, Vec::new()),
        Value::Int(value) => (1, value.to_le_bytes().to_vec()),
        Value::Text(value) => (2, value.as_bytes().to_vec()),
        Value::Bytes(value) => (3, value.clone()),
    };
    context.update(&[kind]);
    context.update(&(bytes.len() as u64).to_le_bytes());
    context.update(&bytes);
}

fn copy(
    from: &dyn Connection,
    to: &dyn Connection,
    table: &Table,
    tenant: Option<TenantId>,
) -> Result<()> {
    let names: Vec<&str> = table
        .columns
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let insert = |rows: usize| {
        let mut number = 0;
        let mut groups = Vec::with_capacity(rows);
        for _ in 0..rows {
            let places: Vec<String> = names
                .iter()
                .map(|_| {
                    number += 1;
                    format!("?{number}")
                })
                .collect();
            groups.push(format!("({})", places.join(", ")));
        }
        format!(
            "INSERT INTO {} ({}) VALUES {}",
            table.name,
            names.join(", "),
            groups.join(", ")
        )
    };
    let (many, one) = (insert(CHUNK), insert(1));
    each_page(from, table, tenant, |page| {
        in_transaction(to, || {
            let mut chunks = page.chunks_exact(CHUNK);
            for chunk in &mut chunks {
                let params: Vec<Param<'_>> = chunk.iter().flatten().map(Value::as_param).collect();
                to.execute(&many, &params)?;
            }
            for row in chunks.remainder() {
                let params: Vec<Param<'_>> = row.iter().map(Value::as_param).collect();
                to.execute(&one, &params)?;
            }
            Ok(())
        })
    })
}

/// Reads a table in the order of its key, a page at a time.
fn each_page(
    connection: &dyn Connection,
    table: &Table,
    tenant: Option<TenantId>,
    mut each: impl FnMut(&[Vec<Value>]) -> Result<()>,
) -> Result<()> {
    let columns: Vec<&str> = table
        .columns
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let key = table.key.join(", ");
    let places: Vec<usize> = table
        .key
        .iter()
        .filter_map(|key| columns.iter().position(|column| column == key))
        .collect();
    let mut after: Option<Vec<Value>> = None;
    loop {
        let mut params: Vec<Param<'_>> = Vec::new();
        let mut conditions = Vec::new();
        if let Some(tenant) = &tenant {
            params.push(tenant.into());
            conditions.push("tenant_id = ?1".to_owned());
        }
        if let Some(after) = &after {
            let marks: Vec<String> = (0..after.len())
                .map(|place| format!("?{}", params.len() + place + 1))
                .collect();
            conditions.push(format!("({key}) > ({})", marks.join(", ")));
            params.extend(after.iter().map(Value::as_param));
        }
        let filter = if conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", conditions.join(" AND "))
        };
        let select = format!(
            "SELECT {} FROM {}{filter} ORDER BY {key} LIMIT {PAGE}",
            columns.join(", "),
            table.name
        );
        let mut page: Vec<Vec<Value>> = Vec::new();
        connection.query(&select, &params, &mut |row| {
            page.push(read(row, table)?);
            Ok(())
        })?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        let last = places.iter().filter_map(|place| last.get(*place).cloned());
        let last: Vec<Value> = last.collect();
        each(&page)?;
        if page.len() < PAGE {
            return Ok(());
        }
        after = Some(last);
    }
}

fn read(row: &Row<'_>, table: &Table) -> Result<Vec<Value>> {
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(place, (_, kind))| Value::read(row, place, *kind))
        .collect()
}
