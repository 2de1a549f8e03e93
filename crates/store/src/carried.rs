//! Rows that each command of a group would write anew, such as the end of a chain: they are handed on
//! from command to command in memory, and written once.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::HashMap;

use types::{Result, TenantId};

use crate::engine::Connection;
use crate::value::Param;

/// A row of which an island has one, or none. Whoever reads it in a transaction that may write asks
/// [`crate::Tx::carried`] first.
pub trait Carried: Any + Clone {
    /// Writes all of the row.
    fn write(&self, tenant: TenantId, rows: &Rows<'_>) -> Result<()>;
}

/// Where what is carried is written.
pub struct Rows<'c>(&'c dyn Connection);

impl Rows<'_> {
    /// Runs a statement that writes all of one row, whose key its first `key` parameters are.
    pub fn put(&self, key: usize, sql: &str, params: &[Param<'_>]) -> Result<()> {
        self.0.put_later(key, sql, params)
    }
}

/// [`Carried`] of any type.
trait AnyRow {
    fn as_any(&self) -> &dyn Any;
    fn write_to(&self, rows: &Rows<'_>, tenant: TenantId) -> Result<()>;
}

impl<T: Carried> AnyRow for T {
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn write_to(&self, rows: &Rows<'_>, tenant: TenantId) -> Result<()> {
        self.write(tenant, rows)
    }
}

struct Kept {
    row: Box<dyn AnyRow>,
    is_written: bool,
}

/// What a group's commands hand on.
#[derive(Default)]
pub(crate) struct Carrier(RefCell<HashMap<TypeId, Kept>>);

impl Carrier {
    pub(crate) fn get<T: Carried>(&self) -> Option<T> {
        let kept = self.0.borrow();
        let row = &kept.get(&TypeId::of::<T>())?.row;
        row.as_ref().as_any().downcast_ref().cloned()
    }

    /// Keeps what the database has.
    pub(crate) fn note<T: Carried>(&self, row: T) {
        self.keep(row, true);
    }

    /// Keeps what the database is to have.
    pub(crate) fn set<T: Carried>(&self, row: T) {
        self.keep(row, false);
    }

    fn keep<T: Carried>(&self, row: T, is_written: bool) {
        let row = Box::new(row);
        self.0
            .borrow_mut()
            .insert(TypeId::of::<T>(), Kept { row, is_written });
    }

    /// Writes what the database doesn't have yet.
    pub(crate) fn settle(&self, connection: &dyn Connection, tenant: TenantId) -> Result<()> {
        for kept in self.0.borrow_mut().values_mut() {
            if !kept.is_written {
                kept.row.write_to(&Rows(connection), tenant)?;
                kept.is_written = true;
            }
        }
        Ok(())
    }

    /// Forgets everything: something was undone.
    pub(crate) fn forget(&self) {
        self.0.borrow_mut().clear();
    }
}
