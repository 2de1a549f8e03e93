//! The index of words behind `$search`: a reader of the feed.
//!
//! It also has the whole values of properties that few objects have, for `$filter`: those that the
//! tables of properties place in [`query::Column::Index`]. So an object doesn't carry a column for
//! each of them.
//!
//! It isn't written with the objects but behind them, by whoever searches ([`catch_up`], before the
//! search) and by housekeeping. So writing costs what it did, objects from before the index need
//! nothing of their own, and a search still finds what was written before it, unless that is very
//! much. The position is the cursor [`READER`] of the feed. Without one, or when the feed no longer
//! goes back so far, all objects are looked at once, by id, and then what changed meanwhile.
//!
//! Words of purged objects that such a new beginning leaves behind belong to no object any more;
//! lists look objects up in their own tables, so that nobody sees them.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use query::search::{WORDED, value_field, value_word, word_field, words};
use query::{Column, Entity, Property, PropertyKind};
use serde_json::{Map, Value};
use store::{Op, ReadTx, Tx, params};
use types::{Error, Result};
use uuid::Uuid;

use crate::{administrative_units, applications, groups, service_principals, users};

/// The name of its position among the readers of the feed. With another name all objects are looked at
/// once more, which is to be when the index gets words of more properties.
pub const READER: &str = "search.2";
/// What it was called before whole values were in it.
const FORGET_EARLIER: &str = "DELETE FROM cursors WHERE tenant_id = ?1 AND reader = 'search'";

/// The numbers of the kinds of objects.
pub(crate) const USER: i64 = 1;
pub(crate) const GROUP: i64 = 2;
pub(crate) const SERVICE_PRINCIPAL: i64 = 3;
pub(crate) const APPLICATION: i64 = 4;
pub(crate) const ADMINISTRATIVE_UNIT: i64 = 5;

/// What one transaction looks at, so that nobody waits long for the writer.
const AT_ONCE: usize = 500;
/// Between an object's words, each behind the number of its field.
const SEPARATOR: char = '\u{1f}';

struct Kind {
    number: i64,
    /// How its objects are filtered.
    entity: fn() -> &'static Entity,
    /// Its name in the feed.
    name: &'static str,
    /// The next objects behind an id.
    scan: &'static str,
    get: &'static str,
}

macro_rules! kind {
    ($number:ident, $name:literal, $table:literal, $entity:path) => {
        Kind {
            number: $number,
            entity: $entity,
            name: $name,
            scan: concat!(
                "SELECT id, doc FROM ",
                $table,
                " WHERE tenant_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
            ),
            get: concat!(
                "SELECT doc FROM ",
                $table,
                " WHERE tenant_id = ?1 AND id = ?2"
            ),
        }
    };
}

/// In the order in which they are looked at.
static KINDS: [Kind; 5] = [
    kind!(USER, "user", "users", users::entity),
    kind!(GROUP, "group", "groups", groups::entity),
    kind!(
        SERVICE_PRINCIPAL,
        "servicePrincipal",
        "service_principals",
        service_principals::entity
    ),
    kind!(
        APPLICATION,
        "application",
        "applications",
        applications::entity
    ),
    kind!(
        ADMINISTRATIVE_UNIT,
        "administrativeUnit",
        "administrative_units",
        administrative_units::entity
    ),
];

const SCAN: &str = "SELECT kind, after_id FROM search_scan WHERE tenant_id = ?1";
const SET_SCAN: &str = "INSERT INTO search_scan (tenant_id, kind, after_id) VALUES (?1, ?2, ?3) \
    ON CONFLICT (tenant_id) DO UPDATE SET kind = excluded.kind, after_id = excluded.after_id";
const END_SCAN: &str = "DELETE FROM search_scan WHERE tenant_id = ?1";
const GET_WORDS: &str = "SELECT words FROM search_objects WHERE tenant_id = ?1 AND object_id = ?2";
const SET_WORDS: &str = "INSERT INTO search_objects (tenant_id, object_id, words) \
    VALUES (?1, ?2, ?3) ON CONFLICT (tenant_id, object_id) DO UPDATE SET words = excluded.words";
const DELETE_WORDS: &str = "DELETE FROM search_objects WHERE tenant_id = ?1 AND object_id = ?2";
const ADD_WORD: &str = "INSERT INTO search_words (tenant_id, field, word, object_id) \
    VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant_id, field, word, object_id) DO NOTHING";
const DELETE_WORD: &str = "DELETE FROM search_words WHERE tenant_id = ?1 AND field = ?2 \
    AND word = ?3 AND object_id = ?4";

/// How the index stands to the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It has everything.
    Current,
    /// It lacks so many changes.
    Behind(u64),
    /// There are objects that it has never looked at.
    Building,
}

/// How the index stands.
pub fn progress(tx: &ReadTx<'_>) -> Result<Progress> {
    let Some(position) = tx.cursor(READER)? else {
        return Ok(Progress::Building);
    };
    if scan(tx)?.is_some() {
        return Ok(Progress::Building);
    }
    Ok(match tx.head()?.saturating_sub(position) {
        0 => Progress::Current,
        changes => Progress::Behind(changes),
    })
}

/// Goes on with the index for a while; how it stands afterwards.
pub fn catch_up(tx: &mut Tx<'_>) -> Result<Progress> {
    let Some(position) = tx.cursor(READER)? else {
        begin(tx)?;
        return Ok(Progress::Building);
    };
    if let Some((kind, after)) = scan(tx)? {
        look_at_next(tx, kind, after)?;
        return progress(tx);
    }
    match follow(tx, position) {
        // It was away for longer than changes are kept.
        Err(Error::Gone { .. }) => begin(tx)?,
        outcome => outcome?,
    }
    progress(tx)
}

fn scan(tx: &ReadTx<'_>) -> Result<Option<(i64, Uuid)>> {
    tx.query_one(SCAN, params![&tx.tenant()], |row| {
        Ok((row.int(0)?, row.uuid(1)?))
    })
}

fn begin(tx: &mut Tx<'_>) -> Result<()> {
    let (head, tenant) = (tx.head()?, tx.tenant());
    tx.bookkeeping().execute(FORGET_EARLIER, params![&tenant])?;
    tx.set_cursor(READER, head)?;
    set_scan(tx, USER, Uuid::nil())
}

fn set_scan(tx: &mut Tx<'_>, kind: i64, after: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(SET_SCAN, params![&tenant, kind, &after])?;
    Ok(())
}

fn look_at_next(tx: &mut Tx<'_>, number: i64, after: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    let mut kinds = KINDS.iter().skip_while(|kind| kind.number != number);
    let Some(kind) = kinds.next() else {
        tx.bookkeeping().execute(END_SCAN, params![&tenant])?;
        return Ok(());
    };
    let objects = tx.query(kind.scan, params![&tenant, &after, AT_ONCE], |row| {
        Ok((row.uuid(0)?, words_of(kind, row.text(1)?)?))
    })?;
    let last = objects.last().map(|(id, _)| *id);
    let is_last = objects.len() < AT_ONCE;
    for (id, words) in objects {
        set_words(tx, id, &words)?;
    }
    match (is_last, last, kinds.next()) {
        (false, Some(last), _) => set_scan(tx, kind.number, last),
        (_, _, Some(next)) => set_scan(tx, next.number, Uuid::nil()),
        (_, _, None) => {
            tx.bookkeeping().execute(END_SCAN, params![&tenant])?;
            Ok(())
        }
    }
}

fn follow(tx: &mut Tx<'_>, position: u64) -> Result<()> {
    let rows = tx.changes(position, AT_ONCE)?;
    let Some(last) = rows.last().map(|row| row.seq) else {
        return Ok(());
    };
    let mut changed = BTreeMap::new();
    for row in rows {
        let Some(kind) = KINDS.iter().find(|kind| kind.name == row.kind) else {
            continue;
        };
        if row.op != Op::Updated || row.properties.iter().any(|name| kind.looks_at(name)) {
            changed.insert(row.object, kind);
        }
    }
    let tenant = tx.tenant();
    for (id, kind) in changed {
        let found = tx.query_one(kind.get, params![&tenant, &id], |row| {
            words_of(kind, row.text(0)?)
        })?;
        set_words(tx, id, &found.unwrap_or_default())?;
    }
    tx.set_cursor(READER, last)
}

type Words = BTreeSet<(i64, String)>;

fn words_of(kind: &Kind, document: &str) -> Result<Words> {
    let document: Map<String, Value> = serde_json::from_str(document).map_err(Error::internal)?;
    let mut all = Words::new();
    for (name, property) in WORDED {
        if let Some(text) = document.get(name).and_then(Value::as_str) {
            let field = word_field(kind.number, property);
            all.extend(words(text).into_iter().map(|word| (field, word)));
        }
    }
    add_values(kind.number, (kind.entity)(), &document, &mut all);
    Ok(all)
}

impl Kind {
    /// Whether a property's change can change the words.
    fn looks_at(&self, name: &str) -> bool {
        let is_indexed = |property: &Property| match property.kind {
            PropertyKind::Object(entity) => has_indexed(entity),
            _ => is_indexed(property),
        };
        let property = (self.entity)().properties.iter();
        WORDED.iter().any(|(own, _)| *own == name)
            || property.filter(|own| own.name == name).any(is_indexed)
    }
}

fn is_indexed(property: &Property) -> bool {
    matches!(property.column, Some(Column::Index(_)))
}

fn has_indexed(entity: &Entity) -> bool {
    entity.properties.iter().any(is_indexed)
}

/// The values of an object that are in the index as a whole, those within its complex values too.
fn add_values(kind: i64, entity: &Entity, object: &Map<String, Value>, all: &mut Words) {
    for property in entity.properties {
        // Most properties are columns; the object is asked for the others only.
        let value = || object.get(property.name);
        match (property.column, property.kind) {
            (Some(Column::Index(number)), of) => {
                let Some(value) = value() else { continue };
                let field = value_field(kind, number);
                let values = value
                    .as_array()
                    .map_or(slice::from_ref(value), Vec::as_slice);
                let words = values.iter().filter_map(|value| value_word(of, value));
                all.extend(words.map(|word| (field, word)));
            }
            (None, PropertyKind::Object(inner)) => {
                if let Some(Value::Object(object)) = value() {
                    add_values(kind, inner, object, all);
                }
            }
            _ => {}
        }
    }
}

/// Makes an object's words these.
fn set_words(tx: &mut Tx<'_>, id: Uuid, words: &Words) -> Result<()> {
    let tenant = tx.tenant();
    let written = tx.query_one(GET_WORDS, params![&tenant, &id], |row| row.string(0))?;
    let before = written.as_deref().map(read).unwrap_or_default();
    if before == *words {
        return Ok(());
    }
    let mut bookkeeping = tx.bookkeeping();
    for (field, word) in before.difference(words) {
        bookkeeping.execute(DELETE_WORD, params![&tenant, *field, word, &id])?;
    }
    for (field, word) in words.difference(&before) {
        bookkeeping.execute(ADD_WORD, params![&tenant, *field, word, &id])?;
    }
    if words.is_empty() {
        bookkeeping.execute(DELETE_WORDS, params![&tenant, &id])?;
    } else {
        bookkeeping.execute(SET_WORDS, params![&tenant, &id, &write(words)])?;
    }
    Ok(())
}

fn write(words: &Words) -> String {
    let mut text = String::new();
    for (field, word) in words {
        if !text.is_empty() {
            text.push(SEPARATOR);
        }
        text.push_str(&field.to_string());
        text.push(' ');
        text.push_str(word);
    }
    text
}

fn read(text: &str) -> Words {
    let words = text.split(SEPARATOR).filter_map(|part| {
        let (field, word) = part.split_once(' ')?;
        Some((field.parse().ok()?, word.to_owned()))
    });
    words.collect()
}
