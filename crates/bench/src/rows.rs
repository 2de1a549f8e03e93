//! The rows whose insertion is the limit: read from a stopped database as they are, or made up.

use std::path::Path;

use anyhow::{Context as _, Result};
use rusqlite::{Connection, OpenFlags, types::Value};

use crate::people::{Numbers, person};

/// Rows of one table, in the order in which they were written.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// What a sync wrote: the users and their changes in the target, the links and the records of
/// provisioning in the source.
pub(crate) struct Written {
    pub(crate) users: Table,
    pub(crate) feed: Table,
    pub(crate) links: Table,
    pub(crate) provisioning: Table,
    /// The definitions of these tables and of their indexes, as the product made them.
    pub(crate) schema: Vec<String>,
}

/// The tables that a sync of users writes to in bulk.
pub(crate) const TABLES: [&str; 4] = ["users", "feed", "sync_links", "provisioning"];

/// Reads what a sync wrote from the files of two islands that no server has open.
pub(crate) fn written(source: &Path, target: &Path) -> Result<Written> {
    let (source, target) = (open(source)?, open(target)?);
    let synced = "SELECT id FROM users WHERE home_id IS NOT NULL";
    Ok(Written {
        // A table's own row numbers are the order of insertion.
        users: read(&target, "users", "WHERE home_id IS NOT NULL ORDER BY rowid")?,
        feed: read(
            &target,
            "feed",
            &format!("WHERE kind = 'user' AND object_id IN ({synced}) ORDER BY seq"),
        )?,
        links: read(&source, "sync_links", "ORDER BY user_id")?,
        provisioning: read(&source, "provisioning", "ORDER BY rowid")?,
        schema: schema(&target)?,
    })
}

/// The definitions of the four tables and of their indexes, in a fixed order.
pub(crate) fn schema(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name IN (?1, ?2, ?3, ?4) \
         ORDER BY type DESC, name",
    )?;
    let found = statement.query_map(TABLES, |row| row.get(0))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn open(path: &Path) -> Result<Connection> {
    // To read the log that a killed server left, the file has to be open for writing.
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .context("the database of an island can't be opened")
}

fn read(connection: &Connection, name: &'static str, which: &str) -> Result<Table> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {name} {which}"))?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let count = columns.len();
    let rows = statement
        .query_map([], |row| (0..count).map(|column| row.get(column)).collect())?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Table {
        name,
        columns,
        rows,
    })
}

/// Made-up rows of the same form and about the same size, for `bench limits`.
pub(crate) fn made_up(count: usize) -> Written {
    let mut numbers = Numbers::new(42);
    let (home, target) = (id(&mut numbers, 0), id(&mut numbers, 0));
    let (job, cycle) = (id(&mut numbers, 0), id(&mut numbers, 0));
    let ids: Vec<[Value; 2]> = (0..count)
        .map(|number| [id(&mut numbers, number), id(&mut numbers, number)])
        .collect();
    let mut written = Written {
        users: table("users", USER_COLUMNS),
        feed: table("feed", "tenant_id, seq, at, actor, kind, object_id, op"),
        links: table(
            "sync_links",
            "tenant_id, target_tenant_id, user_id, target_user_id, state, digest, attempts",
        ),
        provisioning: table(
            "provisioning",
            "tenant_id, id, at, job_id, cycle_id, target_tenant_id, action, status, source_id, \
             target_id, display_name, changes",
        ),
        schema: Vec::new(),
    };
    for (number, [there, here]) in ids.iter().enumerate() {
        let manager = person(number)
            .manager
            .and_then(|manager| ids.get(manager))
            .map(|ids| &ids[1]);
        let (row, doc) = user_row(number, [&target, there, &home, here], manager);
        written.users.rows.push(row);
        written.feed.rows.push(vec![
            target.clone(),
            int(number + 1),
            TIME,
            text("sync"),
            text("user"),
            there.clone(),
            int(1),
        ]);
        written.links.rows.push(vec![
            home.clone(),
            target.clone(),
            here.clone(),
            there.clone(),
            int(1),
            id(&mut numbers, number),
            int(0),
        ]);
        let record = id(&mut numbers, number);
        written.provisioning.rows.push(vec![
            home.clone(),
            record,
            TIME,
            job.clone(),
            cycle.clone(),
            target.clone(),
            text("create"),
            text("success"),
            here.clone(),
            there.clone(),
            text(&format!(
                "{} {}",
                person(number).given,
                person(number).surname
            )),
            text(&doc),
        ]);
    }
    written
}

const USER_COLUMNS: &str = "tenant_id, id, doc, created_at, account_enabled, blocked_here, \
    user_type, home_tenant_id, home_id, manager_ref, user_principal_name, display_name, mail, \
    mail_nickname, given_name, surname, job_title, department, company_name, employee_id, \
    office_location, street_address, city, state, postal_code, country, mobile_phone, \
    preferred_language, usage_location, creation_type, external_user_state, business_phones";

const TIME: Value = Value::Integer(1_760_000_000_000_000);

fn table(name: &'static str, columns: &str) -> Table {
    let columns = columns
        .split(',')
        .map(|column| column.trim().to_owned())
        .collect();
    Table {
        name,
        columns,
        rows: Vec::new(),
    }
}

/// An id that sorts by `number`, with random bytes behind, as the product makes them.
fn id(numbers: &mut Numbers, number: usize) -> Value {
    let mut bytes = (number as u64).to_be_bytes().to_vec();
    bytes.extend(numbers.next().to_be_bytes());
    Value::Blob(bytes)
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn int(value: usize) -> Value {
    Value::Integer(value as i64)
}

fn user_row(number: usize, ids: [&Value; 4], manager: Option<&Value>) -> (Vec<Value>, String) {
    let person = person(number);
    let [tenant, there, home, here] = ids.map(Clone::clone);
    let (city, state, country, code) = person.city;
    let mail = format!("{}@a.example", person.alias);
    let upn = format!("{}_a.example#EXT#@b.example", person.alias);
    let name = format!("{} {}", person.given, person.surname);
    let nickname = format!("{}_a.example#EXT#", person.alias);
    let doc = serde_json::json!({
        "displayName": name, "givenName": person.given, "surname": person.surname, "mail": mail,
        "userPrincipalName": upn, "mailNickname": nickname, "jobTitle": person.job,
        "department": person.department, "companyName": "Benchmark Industries",
        "employeeId": person.employee, "officeLocation": person.office,
        "streetAddress": person.street, "city": city, "state": state,
        "postalCode": person.postal_code, "country": country, "usageLocation": code,
        "preferredLanguage": "en-US", "businessPhones": [person.phone],
        "mobilePhone": person.mobile,
    });
    let doc = doc.to_string();
    let folded = |value: &str| text(&value.to_lowercase());
    let row = vec![
        tenant,
        there,
        text(&doc),
        TIME,
        int(1),
        int(0),
        text("member"),
        home,
        here,
        manager.cloned().unwrap_or(Value::Null),
        folded(&upn),
        folded(&name),
        folded(&mail),
        folded(&nickname),
        folded(person.given),
        folded(person.surname),
        folded(person.job),
        folded(person.department),
        text("benchmark industries"),
        folded(&person.employee),
        folded(&person.office),
        folded(&person.street),
        folded(city),
        folded(state),
        folded(&person.postal_code),
        folded(country),
        folded(&person.mobile),
        text("en-us"),
        folded(code),
        text("invitation"),
        text("accepted"),
        folded(&person.phone),
    ];
    (row, doc)
}
