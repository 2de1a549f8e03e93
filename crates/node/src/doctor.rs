//! `doctor`: whether what must always hold does hold: the engine's files, feeds without gaps,
//! references that lead somewhere, positions within their feeds, an unbroken audit chain, keys, the
//! disk and the clock. It changes nothing and works while the server runs.

use serde_json::{Value, json};
use store::{Island, ReadTx, params};
use types::{Error, Result};

use crate::Node;

/// With less than this left on the disk, changes are about to be refused.
const DISK_BYTES_MIN: u64 = 4 * 1024 * 1024;

struct Check {
    name: String,
    ok: bool,
    detail: String,
}

impl Check {
    fn new(name: impl Into<String>, problem: Option<String>, fine: impl Into<String>) -> Self {
        let ok = problem.is_none();
        Self {
            name: name.into(),
            ok,
            detail: problem.unwrap_or_else(|| fine.into()),
        }
    }
}

impl Node {
    /// Runs all checks: `{"ok","checks":[{"name","ok","detail"}]}`.
    pub async fn doctor(&self) -> Result<Value> {
        let mut checks = vec![
            self.check_directory(),
            self.check_disk(),
            self.check_clock(),
        ];
        let mut version = None;
        for tenant in self.store().tenants() {
            let island = self.store().island(tenant.tenant_id)?;
            checks.extend(self.check_tenant(island.clone()).await?);
            if version.is_none() {
                let asked = tokio::task::spawn_blocking(move || island.engine_version());
                version = asked.await.map_err(Error::internal)?.ok();
            }
        }
        let version = version.unwrap_or_else(|| "no tenant yet".into());
        checks.push(Check::new("engine", None, version));
        let ok = checks.iter().all(|check| check.ok);
        let checks: Vec<Value> = checks
            .into_iter()
            .map(|check| json!({"name": check.name, "ok": check.ok, "detail": check.detail}))
            .collect();
        Ok(json!({"ok": ok, "checks": checks}))
    }

    /// The checks of one tenant. What is wrong with one says nothing of the others, so no error
    /// ends the report.
    async fn check_tenant(&self, island: Island) -> Result<Vec<Check>> {
        let id = island.tenant();
        let files = island.clone();
        let files = tokio::task::spawn_blocking(move || files.integrity())
            .await
            .map_err(Error::internal)?;
        let label = |what: &str| format!("{what} of {id}");
        let is_whole = files.is_none();
        let mut checks = vec![Check::new(
            label("files"),
            files,
            "The engine finds them whole.",
        )];
        if !is_whole {
            return Ok(checks);
        }
        let sealer = self.sealer().clone();
        let found = island.read(move |tx| {
            let keys = match identity::keys::problem(tx)? {
                Some(problem) => Some(problem),
                None => identity::keys::load(tx, &sealer)
                    .err()
                    .map(|error| error.to_string()),
            };
            Ok([
                ("feed", feed_problem(tx)?, "It has no gap."),
                ("references", reference_problem(tx)?, "All lead somewhere."),
                (
                    "cursors",
                    cursor_problem(tx)?,
                    "All lie within their feeds.",
                ),
                ("audit chain", audit::verify(tx)?, "It is unbroken."),
                ("keys", keys, "There is one to sign with."),
            ])
        });
        match found.await {
            Ok(found) => {
                for (what, problem, fine) in found {
                    checks.push(Check::new(label(what), problem, fine));
                }
            }
            Err(error) => {
                let problem = format!("It can't be read: {error}");
                checks.push(Check::new(label("data"), Some(problem), ""));
            }
        }
        Ok(checks)
    }

    fn check_disk(&self) -> Check {
        let problem = match rustix::fs::statvfs(self.store().directory()) {
            Ok(disk) => {
                let free = disk.f_bavail.saturating_mul(disk.f_frsize);
                (free < DISK_BYTES_MIN).then(|| {
                    format!("It has {free} bytes left. Free space: changes are refused without.")
                })
            }
            Err(error) => Some(format!("It can't be asked: {error}.")),
        };
        Check::new("disk", problem, "It has room.")
    }

    fn check_directory(&self) -> Check {
        use std::os::unix::fs::PermissionsExt;
        let problem = match std::fs::metadata(self.store().directory()) {
            Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => Some(
                "Others on this machine can read the data directory. Set its mode to 0700.".into(),
            ),
            Ok(_) => None,
            Err(error) => Some(format!("The data directory can't be read: {error}.")),
        };
        Check::new("data directory", problem, "Only its owner can read it.")
    }

    fn check_clock(&self) -> Check {
        // Before the first release of this program, the clock is surely wrong.
        let now = self.store().clock().now();
        let problem = (now.seconds() < 1_735_689_600)
            .then(|| format!("The clock shows {now}. Set it: tokens depend on it."));
        Check::new("clock", problem, format!("It shows {now}."))
    }
}

fn feed_problem(tx: &ReadTx<'_>) -> Result<Option<String>> {
    let (head, floor) = (tx.head()?, tx.feed_floor()?);
    let counted = tx.query_one(
        "SELECT count(*), coalesce(min(seq), 0), coalesce(max(seq), 0) FROM feed WHERE tenant_id = ?1",
        params![&tx.tenant()],
        |row| Ok((row.count(0)?, row.count(1)?, row.count(2)?)),
    )?;
    let (count, first, last) = counted.unwrap_or_default();
    let whole = count == head - floor && (count == 0 || (first == floor + 1 && last == head));
    Ok((!whole).then(|| {
        format!("The feed says that it runs from {} to {head}, but it has {count} entries from {first} to {last}.", floor + 1)
    }))
}

/// Counts the rows of a table whose principal isn't there.
macro_rules! without_principal {
    ($table:literal) => {
        concat!(
            "SELECT count(*) FROM ",
            $table,
            " a WHERE a.tenant_id = ?1 \
             AND NOT (a.principal_kind = 1 AND EXISTS \
             (SELECT 1 FROM users u WHERE u.tenant_id = ?1 AND u.id = a.principal_id)) \
             AND NOT (a.principal_kind = 2 AND EXISTS \
             (SELECT 1 FROM groups g WHERE g.tenant_id = ?1 AND g.id = a.principal_id)) \
             AND NOT (a.principal_kind = 3 AND EXISTS \
             (SELECT 1 FROM service_principals s WHERE s.tenant_id = ?1 AND s.id = a.principal_id))"
        )
    };
}

/// References between rows (those of deleted objects stay until these are gone for good), each as a query that counts those that lead nowhere.
const REFERENCES: &[(&str, &str)] = &[
    (
        "memberships of groups that aren't there",
        "SELECT count(*) FROM group_members m WHERE m.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM groups g WHERE g.tenant_id = ?1 AND g.id = m.group_id)",
    ),
    (
        "memberships of users, groups or service principals that aren't there",
        "SELECT count(*) FROM group_members m WHERE m.tenant_id = ?1 \
         AND NOT (m.member_kind = 1 AND EXISTS \
         (SELECT 1 FROM users u WHERE u.tenant_id = ?1 AND u.id = m.member_id)) \
         AND NOT (m.member_kind = 2 AND EXISTS \
         (SELECT 1 FROM groups g WHERE g.tenant_id = ?1 AND g.id = m.member_id)) \
         AND NOT (m.member_kind = 3 AND EXISTS \
         (SELECT 1 FROM service_principals s WHERE s.tenant_id = ?1 AND s.id = m.member_id))",
    ),
    (
        "rules of groups that aren't there",
        "SELECT count(*) FROM rule_walks w WHERE w.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM groups g WHERE g.tenant_id = ?1 AND g.id = w.group_id)",
    ),
    (
        "ownerships of groups that aren't there",
        "SELECT count(*) FROM group_owners o WHERE o.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM groups g WHERE g.tenant_id = ?1 AND g.id = o.group_id)",
    ),
    (
        "ownerships by users or service principals that aren't there",
        "SELECT count(*) FROM group_owners o WHERE o.tenant_id = ?1 \
         AND NOT (o.owner_kind = 1 AND EXISTS \
         (SELECT 1 FROM users u WHERE u.tenant_id = ?1 AND u.id = o.owner_id)) \
         AND NOT (o.owner_kind = 3 AND EXISTS \
         (SELECT 1 FROM service_principals s WHERE s.tenant_id = ?1 AND s.id = o.owner_id))",
    ),
    (
        "owners of applications or service principals that aren't there",
        "SELECT count(*) FROM app_owners o WHERE o.tenant_id = ?1 \
         AND NOT (o.object_kind = 3 AND EXISTS \
         (SELECT 1 FROM service_principals s WHERE s.tenant_id = ?1 AND s.id = o.object_id)) \
         AND NOT (o.object_kind = 4 AND EXISTS \
         (SELECT 1 FROM applications a WHERE a.tenant_id = ?1 AND a.id = o.object_id))",
    ),
    (
        "applications or service principals of owners that aren't there",
        "SELECT count(*) FROM app_owners o WHERE o.tenant_id = ?1 \
         AND NOT (o.owner_kind = 1 AND EXISTS \
         (SELECT 1 FROM users u WHERE u.tenant_id = ?1 AND u.id = o.owner_id)) \
         AND NOT (o.owner_kind = 3 AND EXISTS \
         (SELECT 1 FROM service_principals s WHERE s.tenant_id = ?1 AND s.id = o.owner_id))",
    ),
    (
        "app role assignments to objects that aren't there",
        without_principal!("app_role_assignments"),
    ),
    (
        "app role assignments of resources that aren't there",
        "SELECT count(*) FROM app_role_assignments a WHERE a.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM service_principals s WHERE s.tenant_id = ?1 AND s.id = a.resource_id)",
    ),
    (
        "directory role assignments to objects that aren't there",
        without_principal!("role_assignments"),
    ),
    (
        "directory role assignments of roles that aren't active",
        "SELECT count(*) FROM role_assignments a WHERE a.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM directory_roles r WHERE r.tenant_id = ?1 AND r.template_id = a.template_id) \
         AND NOT EXISTS \
         (SELECT 1 FROM role_definitions d WHERE d.tenant_id = ?1 AND d.id = a.template_id)",
    ),
    (
        "roles for a part of the tenant that belong to objects that aren't there",
        without_principal!("scoped_role_assignments"),
    ),
    (
        "roles for a part of the tenant that isn't there",
        "SELECT count(*) FROM scoped_role_assignments a WHERE a.tenant_id = ?1 \
         AND NOT (a.scope_kind = 1 AND EXISTS \
         (SELECT 1 FROM administrative_units n WHERE n.tenant_id = ?1 AND n.id = a.scope_id)) \
         AND NOT (a.scope_kind = 2 AND EXISTS \
         (SELECT 1 FROM applications p WHERE p.tenant_id = ?1 AND p.id = a.scope_id)) \
         AND NOT (a.scope_kind = 3 AND EXISTS \
         (SELECT 1 FROM service_principals s WHERE s.tenant_id = ?1 AND s.id = a.scope_id)) \
         AND NOT (a.scope_kind = 4 AND EXISTS \
         (SELECT 1 FROM groups g WHERE g.tenant_id = ?1 AND g.id = a.scope_id))",
    ),
    (
        "roles for a part of the tenant that aren't active",
        "SELECT count(*) FROM scoped_role_assignments a WHERE a.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM directory_roles r WHERE r.tenant_id = ?1 AND r.template_id = a.template_id) \
         AND NOT EXISTS \
         (SELECT 1 FROM role_definitions d WHERE d.tenant_id = ?1 AND d.id = a.template_id)",
    ),
    (
        "members of administrative units that aren't there",
        "SELECT count(*) FROM administrative_unit_members m WHERE m.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM administrative_units n WHERE n.tenant_id = ?1 AND n.id = m.unit_id)",
    ),
    (
        "administrative units of members that aren't there",
        "SELECT count(*) FROM administrative_unit_members m WHERE m.tenant_id = ?1 \
         AND NOT (m.member_kind = 1 AND EXISTS \
         (SELECT 1 FROM users u WHERE u.tenant_id = ?1 AND u.id = m.member_id)) \
         AND NOT (m.member_kind = 2 AND EXISTS \
         (SELECT 1 FROM groups g WHERE g.tenant_id = ?1 AND g.id = m.member_id))",
    ),
    (
        "photos of users or groups that aren't there",
        "SELECT count(*) FROM photos p WHERE p.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM users u WHERE u.tenant_id = ?1 AND u.id = p.owner_id) AND NOT EXISTS \
         (SELECT 1 FROM groups g WHERE g.tenant_id = ?1 AND g.id = p.owner_id)",
    ),
    (
        "sponsors of users that aren't there",
        "SELECT count(*) FROM user_sponsors s WHERE s.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM users u WHERE u.tenant_id = ?1 AND u.id = s.user_id)",
    ),
    (
        "secrets of applications and service principals that aren't there",
        "SELECT count(*) FROM password_credentials p WHERE p.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM applications a WHERE a.tenant_id = ?1 AND a.id = p.owner_id) AND NOT EXISTS \
         (SELECT 1 FROM service_principals s WHERE s.tenant_id = ?1 AND s.id = p.owner_id)",
    ),
    (
        "identity synchronizations of partners that aren't there",
        "SELECT count(*) FROM access_identity_sync i WHERE i.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM access_partners p WHERE p.tenant_id = ?1 \
          AND p.partner_tenant_id = i.partner_tenant_id)",
    ),
    (
        "links of pairs that aren't there",
        "SELECT count(*) FROM sync_links l WHERE l.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM sync_pairs p WHERE p.tenant_id = ?1 AND p.target_tenant_id = l.target_tenant_id)",
    ),
    (
        "groups of pairs that aren't there",
        "SELECT count(*) FROM sync_groups g WHERE g.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM sync_pairs p WHERE p.tenant_id = ?1 AND p.target_tenant_id = g.target_tenant_id)",
    ),
    (
        "members of synchronized groups that aren't as at home",
        "SELECT count(*) FROM groups g JOIN synced_members m ON m.tenant_id = g.tenant_id \
         AND m.home_tenant_id = g.home_tenant_id AND m.home_group_id = g.home_id \
         JOIN users u ON u.tenant_id = g.tenant_id AND u.home_tenant_id = g.home_tenant_id \
         AND u.home_id = m.home_member_id WHERE g.tenant_id = ?1 AND g.home_id IS NOT NULL \
         AND u.home_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM group_members l \
         WHERE l.tenant_id = ?1 AND l.group_id = g.id AND l.member_id = u.id)",
    ),
    (
        "members of no organization",
        "SELECT count(*) FROM organization_members m WHERE m.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM organization o WHERE o.tenant_id = ?1)",
    ),
    (
        "pairs whose counters differ from their links",
        // Who fails isn't counted as synchronized, who is only to be looked at again is no failure,
        // and a pair that is being forgotten counts nobody.
        "SELECT count(*) FROM sync_pairs p WHERE p.tenant_id = ?1 AND p.stage <> 2 AND \
         (p.synced <> (SELECT count(*) FROM sync_links l WHERE l.tenant_id = ?1 \
          AND l.target_tenant_id = p.target_tenant_id AND l.state = 1 AND l.attempts = 0) \
         OR p.failed <> (SELECT count(*) FROM sync_links l WHERE l.tenant_id = ?1 \
          AND l.target_tenant_id = p.target_tenant_id AND l.attempts > 0))",
    ),
    (
        "lanes of subscriptions that miscount what waits in them",
        "SELECT count(*) FROM subscription_lanes l WHERE l.tenant_id = ?1 AND l.pending <> \
         (SELECT count(*) FROM notifications n WHERE n.tenant_id = ?1 \
          AND n.subscription_id = l.subscription_id AND n.lane = l.lane)",
    ),
    (
        "notifications that wait for no subscription",
        "SELECT count(*) FROM notifications n WHERE n.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM subscriptions s WHERE s.tenant_id = ?1 AND s.id = n.subscription_id)",
    ),
];

fn reference_problem(tx: &ReadTx<'_>) -> Result<Option<String>> {
    for (what, sql) in REFERENCES {
        let count = tx.count(sql, params![&tx.tenant()])?;
        if count > 0 {
            return Ok(Some(format!("{count} {what}.")));
        }
    }
    Ok(None)
}

fn cursor_problem(tx: &ReadTx<'_>) -> Result<Option<String>> {
    let head = tx.head()?;
    let cursors = tx.count(
        "SELECT count(*) FROM cursors WHERE tenant_id = ?1 AND seq > ?2",
        params![&tx.tenant(), head],
    )?;
    let pairs = tx.count(
        "SELECT count(*) FROM sync_pairs WHERE tenant_id = ?1 AND feed_seq > ?2",
        params![&tx.tenant(), head],
    )?;
    let scans = tx.count(
        "SELECT count(*) FROM subscription_scan WHERE tenant_id = ?1 AND seq > ?2",
        params![&tx.tenant(), head],
    )?;
    let beyond = cursors + pairs + scans;
    Ok((beyond > 0).then(|| format!("{beyond} readers stand beyond the feed's end ({head}).")))
}
