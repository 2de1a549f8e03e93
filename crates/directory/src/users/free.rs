//! What is free to be given to users who are to be made: asked once for many of them, where each by
//! itself would be three questions.

use std::collections::HashSet;
use std::sync::LazyLock;

use store::{Among, ReadTx, params};
use types::Result;

use super::User;
use super::sql;

/// What nobody has, as far as it was looked for in this transaction. Of what isn't in here nothing is
/// known.
#[derive(Default)]
struct Free {
    upns: HashSet<String>,
    mails: HashSet<String>,
    source_keys: HashSet<String>,
}

/// Looks which of these (folded) names and mails, and of these source keys, nobody has. Making users
/// and changing them by their properties asks for these no more in this transaction.
pub fn look_for_free(
    tx: &ReadTx<'_>,
    upns: &[&str],
    mails: &[&str],
    source_keys: &[&str],
) -> Result<()> {
    static UPNS: LazyLock<Among> = LazyLock::new(|| Among::new(sql::UPNS_TAKEN, 2));
    static MAILS: LazyLock<Among> = LazyLock::new(|| Among::new(sql::MAILS_TAKEN, 2));
    static SOURCES: LazyLock<Among> = LazyLock::new(|| Among::new(sql::SOURCES_TAKEN, 2));
    let free = Free {
        upns: free_of(tx, &UPNS, upns)?,
        mails: free_of(tx, &MAILS, mails)?,
        source_keys: free_of(tx, &SOURCES, source_keys)?,
    };
    tx.known(|known: &mut Free| *known = free);
    Ok(())
}

fn free_of(tx: &ReadTx<'_>, taken: &Among, all: &[&str]) -> Result<HashSet<String>> {
    let mut free: HashSet<String> = all.iter().copied().map(str::to_owned).collect();
    tx.for_each_named(taken, params![&tx.tenant()], all, |row| {
        free.remove(row.text(0)?);
        Ok(())
    })?;
    Ok(free)
}

pub(super) fn is_upn_free(tx: &ReadTx<'_>, folded: &str) -> bool {
    tx.known(|free: &mut Free| free.upns.contains(folded))
}

pub(super) fn is_mail_free(tx: &ReadTx<'_>, folded: &str) -> bool {
    tx.known(|free: &mut Free| free.mails.contains(folded))
}

pub(super) fn is_source_key_free(tx: &ReadTx<'_>, key: &str) -> bool {
    tx.known(|free: &mut Free| free.source_keys.contains(key))
}

/// A user is written that has these now.
pub(super) fn take(tx: &ReadTx<'_>, user: &User) {
    tx.known(|free: &mut Free| {
        free.upns.remove(&types::fold(user.user_principal_name()));
        free.mails.remove(&types::fold(user.text("mail")));
        if let Some(key) = &user.source_key {
            free.source_keys.remove(key);
        }
    });
}
