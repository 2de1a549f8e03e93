//! Importing people from a file of another directory.
//!
//! The whole file is read and checked before anything is written. A user is found again by the
//! source's own key, so that an import can be repeated: what is the same stays untouched. The
//! source owns what it says; properties that it doesn't mention stay as they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sources::{Format, Import, RecordError, SourceUser};
use store::Tx;
use tokio::task::JoinSet;
use types::{Actor, Error, Id, Result, TenantId, kind};

use crate::Node;
use crate::command::{OnProgress, Progress};

/// Users in one transaction: the writer stays free for others between them.
const USERS_PER_COMMIT: usize = 200;
/// Passwords that are hashed at once; the pool's queue holds more.
const HASHES_AT_ONCE: usize = 16;

#[derive(Debug, Default)]
struct Counts {
    created: u64,
    updated: u64,
    unchanged: u64,
}

/// Records that were skipped or warned of, as the answer lists them.
fn listed(records: &[RecordError]) -> Vec<Value> {
    records
        .iter()
        .map(|record| json!({"line": record.line, "record": record.key, "reason": record.message}))
        .collect()
}

impl Node {
    /// Imports a file; see [`crate::command::Command::ImportUsers`].
    pub(crate) async fn import_users(
        &self,
        tenant: TenantId,
        format: &str,
        content: &str,
        map: Option<&str>,
        dry_run: bool,
        progress: OnProgress<'_>,
    ) -> Result<Value> {
        let format: Format = format.parse()?;
        let map = map.map(sources::Map::parse).transpose()?;
        let content = STANDARD
            .decode(content)
            .map_err(|_| Error::invalid("content", "The file's content isn't base64."))?;
        let mut import = tokio::task::spawn_blocking(move || {
            sources::read(format, content.as_slice(), map.as_ref())
        })
        .await
        .map_err(Error::internal)?
        .map_err(|error| Error::bad_request(format!("{error} Nothing was imported.")))?;
        let island = self.store().island(tenant)?;
        let total = import.users.len() as u64;
        let mut counts = Counts::default();
        let mut people = std::mem::take(&mut import.users);
        let links: Vec<(String, Option<String>)> = people
            .iter()
            .map(|user| (user.source_key.clone(), user.manager_source_key.clone()))
            .collect();
        let mut done = 0;
        while !people.is_empty() {
            let rest = people.split_off(people.len().min(USERS_PER_COMMIT));
            let batch = std::mem::replace(&mut people, rest);
            done += batch.len() as u64;
            let batch = self
                .hash_passwords(tenant, batch, &mut import.skipped)
                .await?;
            let (part, skipped) = island
                .write(Actor::Operator, move |tx| {
                    import_batch(tx, batch, format, dry_run)
                })
                .await?;
            counts.created += part.created;
            counts.updated += part.updated;
            counts.unchanged += part.unchanged;
            import.skipped.extend(skipped);
            progress(Progress {
                message: "Importing users".into(),
                done,
                of: Some(total),
            });
        }
        if !dry_run {
            let mut links = links;
            while !links.is_empty() {
                let rest = links.split_off(links.len().min(USERS_PER_COMMIT));
                let batch = std::mem::replace(&mut links, rest);
                island
                    .write(Actor::Operator, move |tx| link_managers(tx, &batch))
                    .await?;
            }
        }
        Ok(report(&mut import, &counts, dry_run))
    }

    /// Replaces the passwords of users who are new by their hashes; a password that breaks the
    /// rules stands in its user's way.
    async fn hash_passwords(
        &self,
        tenant: TenantId,
        users: Vec<SourceUser>,
        skipped: &mut Vec<RecordError>,
    ) -> Result<Vec<SourceUser>> {
        let island = self.store().island(tenant)?;
        let users = island
            .read(move |tx| {
                let mut users = users;
                for user in users.iter_mut().filter(|user| user.password.is_some()) {
                    if directory::users::find_by_source(tx, &user.source_key)?.is_some() {
                        user.password = None;
                    }
                }
                Ok(users)
            })
            .await?;
        let mut hashed = Vec::with_capacity(users.len());
        let mut rest = users.into_iter().peekable();
        while rest.peek().is_some() {
            let mut jobs = JoinSet::new();
            for (at, mut user) in rest.by_ref().take(HASHES_AT_ONCE).enumerate() {
                let node = self.clone();
                jobs.spawn(async move {
                    if let Some(password) = user.password.take() {
                        match node.hash_password(&password).await {
                            Ok(hash) => user.password = Some(hash),
                            Err(error) => return (at, user, Some(error)),
                        }
                    }
                    (at, user, None)
                });
            }
            let mut done = jobs.join_all().await;
            done.sort_by_key(|(at, ..)| *at);
            for (_, user, error) in done {
                match error {
                    None => hashed.push(user),
                    Some(error) if error.is_transient() => return Err(error),
                    Some(error) => skipped.push(skip(user.line, &user, &error)),
                }
            }
        }
        Ok(hashed)
    }
}

/// How a record that isn't taken is reported.
fn skip(line: u64, user: &SourceUser, error: &Error) -> RecordError {
    RecordError {
        line,
        key: Some(user.dn.clone().unwrap_or_else(|| user.upn_hint.clone())),
        message: error.to_string(),
    }
}

fn report(import: &mut Import, counts: &Counts, dry_run: bool) -> Value {
    // Some are found as the file is read, some as their users are made.
    import.skipped.sort_by_key(|record| record.line);
    json!({
        "created": counts.created,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "skipped": import.skipped.len(),
        "ignored": import.ignored,
        "dryRun": dry_run,
        "skippedRecords": listed(&import.skipped),
        "warnings": listed(&import.warnings),
    })
}

fn import_batch(
    tx: &mut Tx<'_>,
    users: Vec<SourceUser>,
    format: Format,
    dry_run: bool,
) -> Result<(Counts, Vec<RecordError>)> {
    let mut counts = Counts::default();
    let mut skipped = Vec::new();
    let domains = directory::tenant::verified_domains(tx)?;
    let initial = directory::tenant::initial_domain(tx)?;
    for user in users {
        let (line, label) = (
            user.line,
            user.dn.clone().unwrap_or_else(|| user.upn_hint.clone()),
        );
        let mut outcome = None;
        let attempt = tx.attempt(|tx| {
            outcome = Some(import_one(tx, user, format, &domains, &initial)?);
            // A dry run does everything, and then undoes it.
            if dry_run {
                Err(Error::conflict("dry run"))
            } else {
                Ok(())
            }
        });
        match (outcome, attempt) {
            (Some(Outcome::Created), _) => counts.created += 1,
            (Some(Outcome::Updated), _) => counts.updated += 1,
            (Some(Outcome::Unchanged), _) => counts.unchanged += 1,
            (None, Err(error @ Error::Unavailable { .. })) => return Err(error),
            (None, Err(error)) => skipped.push(RecordError {
                line,
                key: Some(label),
                message: error.to_string(),
            }),
            (None, Ok(())) => {}
        }
    }
    Ok((counts, skipped))
}

enum Outcome {
    Created,
    Updated,
    Unchanged,
}

/// Takes over one user. A CSV says what users are to be called here, so a name in a domain that
/// isn't the tenant's is an error of its row, as in Entra. An LDIF says what they are called there:
/// such a name keeps its alias and gets the tenant's initial domain, as Entra Connect does it.
fn import_one(
    tx: &mut Tx<'_>,
    user: SourceUser,
    format: Format,
    domains: &[String],
    initial: &str,
) -> Result<Outcome> {
    let (alias, domain) = match user.upn_hint.rsplit_once('@') {
        Some((alias, domain)) => (alias, domain.to_ascii_lowercase()),
        None => (user.upn_hint.as_str(), initial.to_owned()),
    };
    let domain = if domains.contains(&domain) {
        domain.as_str()
    } else if format == Format::Csv {
        return Err(Error::invalid(
            "userPrincipalName",
            format!(
                "The domain {domain} isn't one of this tenant's verified domains. Correct the name, \
                 or add the domain: isopolity domain add --domain {domain} --verified."
            ),
        ));
    } else {
        initial
    };
    let mut properties: Map<String, Value> = user.properties;
    properties.insert(
        "userPrincipalName".into(),
        json!(format!("{alias}@{domain}")),
    );
    let Some(known) = directory::users::find_by_source(tx, &user.source_key)? else {
        properties.entry("accountEnabled").or_insert(json!(true));
        directory::users::create(
            tx,
            directory::users::NewUser {
                properties,
                password_hash: user.password,
                source_key: Some(user.source_key),
            },
        )?;
        return Ok(Outcome::Created);
    };
    let changed = directory::users::update(tx, known.id, &properties)?;
    Ok(if changed {
        Outcome::Updated
    } else {
        Outcome::Unchanged
    })
}

fn link_managers(tx: &mut Tx<'_>, links: &[(String, Option<String>)]) -> Result<()> {
    let find = |tx: &Tx<'_>, key: &str| -> Result<Option<Id<kind::User>>> {
        Ok(directory::users::find_by_source(tx, key)?.map(|user| user.id))
    };
    for (user, manager) in links {
        let Some(manager) = manager else { continue };
        // Skipped records have no user; the others go on.
        if let (Some(user), Some(manager)) = (find(tx, user)?, find(tx, manager)?)
            && directory::users::manager_of(tx, user)? != Some(manager)
        {
            directory::users::set_manager(tx, user, manager)?;
        }
    }
    Ok(())
}
