//! Who has a name or a mail in a domain, and giving them others before it goes.
//!
//! Source: Microsoft Graph, "List domainNameReferences" and "domain: forceDelete".

use serde_json::{Map, Value, json};
use store::{ReadTx, Tx, params};
use types::{Error, Id, Result, kind};
use uuid::Uuid;

use crate::domains::{self, Domain};
use crate::groups::{self, Link, LinkKind};
use crate::users;

/// Users and groups that one forced removal renames (`limits.domain_renames`).
pub const RENAMED_MAX: usize = 1_000;

// Names and mails are folded, and a domain has none of LIKE's own characters.
const USERS: &str = "SELECT id FROM users WHERE tenant_id = ?1 AND user_principal_name LIKE ?2 \
    AND id > ?3 ORDER BY id LIMIT ?4";
const GROUPS: &str = "SELECT id FROM groups WHERE tenant_id = ?1 AND mail LIKE ?2 \
    AND deleted_at IS NULL AND id > ?3 ORDER BY id LIMIT ?4";
const COUNT_USERS: &str = "SELECT count(*) FROM users WHERE tenant_id = ?1 \
    AND user_principal_name LIKE ?2";
const COUNT_GROUPS: &str = "SELECT count(*) FROM groups WHERE tenant_id = ?1 \
    AND mail LIKE ?2 AND deleted_at IS NULL";

fn ending(domain: &Domain) -> String {
    format!("%@{}", domain.name)
}

/// How many users have a name in a domain, and how many groups a mail.
pub fn counts(tx: &ReadTx<'_>, domain: &Domain) -> Result<(u64, u64)> {
    let (tenant, ending) = (tx.tenant(), ending(domain));
    Ok((
        tx.count(COUNT_USERS, params![&tenant, &ending])?,
        tx.count(COUNT_GROUPS, params![&tenant, &ending])?,
    ))
}

/// These users and groups, by id behind `after`.
pub fn list(
    tx: &ReadTx<'_>,
    domain: &Domain,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Link>> {
    let (tenant, ending, after) = (tx.tenant(), ending(domain), after.unwrap_or_default());
    let mut links = Vec::new();
    for (sql, kind) in [(USERS, LinkKind::User), (GROUPS, LinkKind::Group)] {
        links.extend(
            tx.query(sql, params![&tenant, &ending, &after, limit], |row| {
                Ok(Link {
                    id: row.uuid(0)?,
                    kind,
                })
            })?,
        );
    }
    links.sort_unstable_by_key(|link| link.id);
    links.truncate(limit);
    Ok(links)
}

/// Gives whoever is named in a domain the same name in the initial one, and disables the users if
/// that is wanted.
pub(crate) fn rename(tx: &mut Tx<'_>, domain: &Domain, disable: bool) -> Result<()> {
    let links = list(tx, domain, None, RENAMED_MAX + 1)?;
    if links.len() > RENAMED_MAX {
        return Err(Error::bad_request(format!(
            "The domain {} is in the names of more than {RENAMED_MAX} users and groups \
             (limits.domain_renames). Rename some of them first.",
            domain.name
        )));
    }
    let initial = domains::initial(tx)?;
    for link in links {
        match link.kind {
            LinkKind::User => rename_user(tx, Id::new(link.id), domain, &initial, disable)?,
            LinkKind::Group => groups::move_mail(tx, Id::new(link.id), &initial)?,
            LinkKind::ServicePrincipal | LinkKind::DirectoryRole | LinkKind::AdministrativeUnit => {
            }
        }
    }
    Ok(())
}

fn rename_user(
    tx: &mut Tx<'_>,
    id: Id<kind::User>,
    domain: &Domain,
    initial: &str,
    disable: bool,
) -> Result<()> {
    let user = users::get(tx, id)?;
    let moved = |text: &str| {
        let (local, found) = text.rsplit_once('@')?;
        let is_there = found.eq_ignore_ascii_case(&domain.name);
        is_there.then(|| json!(format!("{local}@{initial}")))
    };
    let mut patch = Map::new();
    if let Some(name) = moved(user.user_principal_name()) {
        patch.insert("userPrincipalName".into(), name);
    }
    let mail = match user.property("mail") {
        Value::String(mail) => moved(&mail),
        _ => None,
    };
    if let Some(mail) = mail {
        patch.insert("mail".into(), mail);
    }
    if disable {
        patch.insert("accountEnabled".into(), false.into());
    }
    users::update_of(tx, user, &patch).map(drop)
}
