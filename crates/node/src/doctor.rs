//! `doctor`: whether what must always hold does hold: the engine's files, feeds without gaps,
//! references that lead somewhere, positions within their feeds, an unbroken audit chain, keys, the
//! disk and the clock. It changes nothing and works while the server runs.

use serde_json::{Value, json};
use store::{ReadTx, params};
use types::Result;

use crate::Node;

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
        let mut checks = vec![self.check_directory(), self.check_clock()];
        let tenants = self.store().tenants();
        let mut version = String::from("no tenant yet");
        for tenant in &tenants {
            let id = tenant.tenant_id;
            let island = self.store().island(id)?;
            let files = tokio::task::spawn_blocking({
                let island = island.clone();
                move || Ok::<_, types::Error>((island.integrity()?, island.engine_version()?))
            })
            .await
            .map_err(types::Error::internal)??;
            version = files.1;
            let label = |what: &str| format!("{what} of {id}");
            checks.push(Check::new(
                label("files"),
                files.0,
                "The engine finds them whole.",
            ));
            let (feed, references, cursors, chain, keys) = island
                .read(move |tx| {
                    Ok((
                        feed_problem(tx)?,
                        reference_problem(tx)?,
                        cursor_problem(tx)?,
                        audit::verify(tx)?,
                        identity::keys::problem(tx)?,
                    ))
                })
                .await?;
            checks.push(Check::new(label("feed"), feed, "It has no gap."));
            checks.push(Check::new(
                label("references"),
                references,
                "All lead somewhere.",
            ));
            checks.push(Check::new(
                label("cursors"),
                cursors,
                "All lie within their feeds.",
            ));
            checks.push(Check::new(label("audit chain"), chain, "It is unbroken."));
            checks.push(Check::new(
                label("keys"),
                keys,
                "There is one to sign with.",
            ));
        }
        checks.push(Check::new("engine", None, version));
        let ok = checks.iter().all(|check| check.ok);
        let checks: Vec<Value> = checks
            .into_iter()
            .map(|check| json!({"name": check.name, "ok": check.ok, "detail": check.detail}))
            .collect();
        Ok(json!({"ok": ok, "checks": checks}))
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

/// References between rows, each as a query that counts those that lead nowhere.
const REFERENCES: &[(&str, &str)] = &[
    (
        "memberships of groups that aren't there",
        "SELECT count(*) FROM group_members m WHERE m.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM groups g WHERE g.tenant_id = ?1 AND g.id = m.group_id)",
    ),
    (
        "links of pairs that aren't there",
        "SELECT count(*) FROM sync_links l WHERE l.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM sync_pairs p WHERE p.tenant_id = ?1 AND p.target_tenant_id = l.target_tenant_id)",
    ),
    (
        "members of no organization",
        "SELECT count(*) FROM organization_members m WHERE m.tenant_id = ?1 AND NOT EXISTS \
         (SELECT 1 FROM organization o WHERE o.tenant_id = ?1)",
    ),
    (
        "pairs whose counters differ from their links",
        "SELECT count(*) FROM sync_pairs p WHERE p.tenant_id = ?1 AND (p.synced <> \
         (SELECT count(*) FROM sync_links l WHERE l.tenant_id = ?1 \
          AND l.target_tenant_id = p.target_tenant_id AND l.state = 1) OR p.failed <> \
         (SELECT count(*) FROM sync_links l WHERE l.tenant_id = ?1 \
          AND l.target_tenant_id = p.target_tenant_id AND l.next_attempt_at IS NOT NULL))",
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
    let beyond = cursors + pairs;
    Ok((beyond > 0).then(|| format!("{beyond} readers stand beyond the feed's end ({head}).")))
}
