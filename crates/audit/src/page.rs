//! The statement that reads a page of a log.

use store::Param;
use types::{TenantId, Timestamp};

/// What a page is read by.
pub(crate) struct Page<'a> {
    /// The statement as far as the place behind which the page begins: tenant, from and until are its
    /// first three parameters.
    pub(crate) list: &'a str,
    /// The columns that it is ordered by.
    pub(crate) order: [&'a str; 2],
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    /// The place: the time, and what tells those of one time apart.
    pub(crate) after: (Timestamp, Param<'a>),
    pub(crate) oldest_first: bool,
}

/// The time before all entries, in a page's order.
pub(crate) const fn start(oldest_first: bool) -> Timestamp {
    Timestamp(if oldest_first { i64::MIN } else { i64::MAX })
}

impl<'a> Page<'a> {
    /// The statement with its parameters, for at most `limit` entries that meet the conditions: a column
    /// and an operator, and the value behind it.
    pub(crate) fn statement(
        self,
        tenant: &'a TenantId,
        conditions: impl IntoIterator<Item = (&'a str, Option<Param<'a>>)>,
        limit: usize,
    ) -> (String, Vec<Param<'a>>) {
        let (comparison, direction) = if self.oldest_first {
            (">", "ASC")
        } else {
            ("<", "DESC")
        };
        let mut params: Vec<Param<'_>> = vec![
            tenant.into(),
            self.from.unwrap_or(Timestamp(i64::MIN)).into(),
            self.until.unwrap_or(Timestamp(i64::MAX)).into(),
            self.after.0.into(),
            self.after.1,
        ];
        let mut sql = format!("{} {comparison} (?4, ?5)", self.list);
        // Only what is asked for is in the statement: an engine plans `x = ?` better than
        // `? IS NULL OR x = ?`, and there are few combinations to keep prepared.
        for (condition, value) in conditions {
            if let Some(value) = value {
                params.push(value);
                let condition = format!(" AND {condition} ?{}", params.len());
                sql.push_str(&condition);
            }
        }
        params.push(limit.into());
        let [time, tie] = self.order;
        let end = format!(
            " ORDER BY {time} {direction}, {tie} {direction} LIMIT ?{}",
            params.len()
        );
        sql.push_str(&end);
        (sql, params)
    }
}
