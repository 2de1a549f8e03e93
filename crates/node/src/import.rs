//! Importing people from a file of another directory.
//!
//! The whole file is read and checked before anything is written. A user is found again by the
//! source's own key, so that an import can be repeated: what is the same stays untouched. The
//! source owns what its file speaks of, a value's absence included: a property that some record has,
//! or that has a column, is cleared for those who have none. All others stay as they are.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use directory::users::User;
use serde_json::{Map, Value, json};
use sources::{Format, Import, ManagerRef, RecordError, SourceUser};
use store::{ReadTx, Tx};
use tokio::task::JoinSet;
use types::{Actor, Error, Id, Result, TenantId, kind};

use crate::Node;
use crate::command::{OnProgress, Progress};

/// Users in one transaction: the writer stays free for others between them.
const USERS_PER_COMMIT: usize = 200;
/// What a source can take away; the rest is always there, or, as `accountEnabled`, isn't turned by
/// silence.
const CLEARED: &[&str] = &[
    "givenName",
    "surname",
    "mail",
    "otherMails",
    "jobTitle",
    "department",
    "companyName",
    "employeeId",
    "employeeType",
    "officeLocation",
    "streetAddress",
    "city",
    "state",
    "postalCode",
    "country",
    "businessPhones",
    "mobilePhone",
    "preferredLanguage",
    "usageLocation",
];
/// Those of them that are lists.
const LISTS: &[&str] = &["otherMails", "businessPhones"];
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
        let mut people = std::mem::take(&mut import.users);
        let mut links: Vec<Link> = people.iter().map(Link::of).collect();
        let rules = Arc::new(Rules {
            format,
            mentioned: std::mem::take(&mut import.mentioned),
            dry_run,
        });
        let mut run = Run::default();
        let mut done = 0;
        while !people.is_empty() {
            let rest = people.split_off(people.len().min(USERS_PER_COMMIT));
            let batch = std::mem::replace(&mut people, rest);
            done += batch.len() as u64;
            let batch = self
                .hash_passwords(tenant, batch, &mut import.skipped)
                .await?;
            let (rules, mut so_far) = (rules.clone(), std::mem::take(&mut run));
            let (so_far, skipped) = island
                .write(Actor::Operator, move |tx| {
                    let skipped = import_batch(tx, batch, &rules, &mut so_far)?;
                    Ok((so_far, skipped))
                })
                .await?;
            run = so_far;
            import.skipped.extend(skipped);
            progress(Progress {
                message: "Importing users".into(),
                done,
                of: Some(total),
            });
        }
        let mut absent = HashSet::new();
        while !links.is_empty() {
            let rest = links.split_off(links.len().min(USERS_PER_COMMIT));
            let batch = std::mem::replace(&mut links, rest);
            let (rules, mut so_far) = (rules.clone(), std::mem::take(&mut run));
            let (so_far, lines) = island
                .write(Actor::Operator, move |tx| {
                    let lines = link_managers(tx, &batch, &rules, &mut so_far)?;
                    Ok((so_far, lines))
                })
                .await?;
            run = so_far;
            absent.extend(lines);
        }
        // Those whom the tenant has already are no reason to warn.
        import
            .absent_managers
            .retain(|record| absent.contains(&record.line));
        import.warnings.append(&mut import.absent_managers);
        Ok(report(&mut import, &run.counts(), dry_run))
    }

    /// Replaces the passwords of users who are new by their hashes; a password that breaks the
    /// rules stands in its user's way.
    async fn hash_passwords(
        &self,
        tenant: TenantId,
        users: Vec<SourceUser>,
        skipped: &mut Vec<RecordError>,
    ) -> Result<Vec<SourceUser>> {
        if users.iter().all(|user| user.password.is_none()) {
            return Ok(users);
        }
        let island = self.store().island(tenant)?;
        let users = island
            .read(move |tx| {
                let mut users = users;
                let keys: Vec<&str> = users.iter().map(|user| user.source_key.as_str()).collect();
                let known = directory::users::find_by_sources(tx, &keys)?;
                for user in &mut users {
                    if known.contains_key(&user.source_key) {
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
                        let names: Vec<String> = ["displayName", "userPrincipalName"]
                            .iter()
                            .filter_map(|name| user.properties.get(*name)?.as_str())
                            .map(str::to_owned)
                            .collect();
                        match node.hash_password(&password, &names).await {
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
    import.warnings.sort_by_key(|record| record.line);
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

/// What is the same for all users of a file.
struct Rules {
    format: Format,
    /// What the file speaks of, so that a value's absence means that there is none.
    mentioned: BTreeSet<&'static str>,
    dry_run: bool,
}

/// What has become of a file's users so far.
#[derive(Default)]
struct Run {
    /// By source key.
    outcomes: HashMap<String, Outcome>,
    taken: Taken,
    /// Who can be somebody's manager, by source key.
    managers: HashMap<String, Id<kind::User>>,
}

impl Run {
    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for outcome in self.outcomes.values() {
            match outcome {
                Outcome::Created => counts.created += 1,
                Outcome::Updated => counts.updated += 1,
                Outcome::Unchanged => counts.unchanged += 1,
            }
        }
        counts
    }
}

/// Names and mails that a dry run would have given away.
#[derive(Default)]
struct Taken(HashSet<(&'static str, String)>);

impl Taken {
    /// In a dry run no user stands in the way of a later one of the file; here it does.
    fn give(&mut self, user: &Map<String, Value>) -> Result<()> {
        let mut values = Vec::new();
        for property in ["userPrincipalName", "mail"] {
            if let Some(value) = user.get(property).and_then(Value::as_str) {
                let value = (property, types::fold(value));
                if self.0.contains(&value) {
                    return Err(Error::AlreadyExists { property });
                }
                values.push(value);
            }
        }
        self.0.extend(values);
        Ok(())
    }
}

fn import_batch(
    tx: &mut Tx<'_>,
    users: Vec<SourceUser>,
    rules: &Rules,
    run: &mut Run,
) -> Result<Vec<RecordError>> {
    let mut skipped = Vec::new();
    let domains = directory::tenant::verified_domains(tx)?;
    let initial = directory::tenant::initial_domain(tx)?;
    let mut batch = Vec::with_capacity(users.len());
    for user in users {
        let label = user.dn.clone().unwrap_or_else(|| user.upn_hint.clone());
        let line = user.line;
        match prepared(user, rules, &domains, &initial) {
            Ok(user) => batch.push((user, label)),
            Err(error) => skipped.push(RecordError {
                line,
                key: Some(label),
                message: error.to_string(),
            }),
        }
    }
    let mut known = known(tx, &batch)?;
    // Each that was made may be the manager of those behind.
    let mut managers = HashMap::new();
    let mut one = |tx: &mut Tx<'_>, user: &SourceUser| {
        let key = &user.source_key;
        let manager = user.manager_source_key.as_ref();
        let manager = manager.and_then(|key| managers.get(key).or_else(|| run.managers.get(key)));
        let manager = manager.copied();
        managers.remove(key);
        // Whom this transaction may have changed is read again.
        let old = match known.remove(key) {
            Some(known) => known,
            None => directory::users::find_by_source(tx, key)?,
        };
        let (outcome, id) = import_one(tx, user, old, manager, rules)?;
        managers.extend(id.map(|id| (key.clone(), id)));
        Ok(outcome)
    };
    let outcomes = if rules.dry_run {
        let each = batch.iter().map(|(user, _)| {
            let mut outcome = None;
            // A dry run does everything, and then undoes it.
            let undone = tx.attempt(|tx| {
                let done = one(tx, user)?;
                run.taken.give(&user.properties)?;
                outcome = Some(done);
                Err::<(), _>(Error::conflict("dry run"))
            });
            match (outcome, undone) {
                (Some(outcome), _) => Ok(Ok(outcome)),
                (None, Err(error @ Error::Unavailable { .. })) => Err(error),
                (None, Err(error)) => Ok(Err(error)),
                (None, Ok(())) => Err(Error::internal("a dry run wasn't undone")),
            }
        });
        each.collect::<Result<Vec<Result<Outcome>>>>()?
    } else {
        tx.attempt_each(&batch, |tx, (user, _)| one(tx, user))?
    };
    for (outcome, (user, label)) in outcomes.into_iter().zip(batch) {
        match outcome {
            Ok(outcome) => {
                run.outcomes.insert(user.source_key, outcome);
            }
            Err(error) => skipped.push(RecordError {
                line: user.line,
                key: Some(label),
                message: error.to_string(),
            }),
        }
    }
    if !rules.dry_run {
        run.managers.extend(managers);
    }
    Ok(skipped)
}

/// Who is there already of these records, and what the others need that nobody has, asked for all of
/// them at once.
fn known(tx: &ReadTx<'_>, batch: &[(SourceUser, String)]) -> Result<HashMap<String, Option<User>>> {
    let keys: Vec<&str> = batch
        .iter()
        .map(|(user, _)| user.source_key.as_str())
        .collect();
    let found = directory::users::find_by_sources(tx, &keys)?;
    let folded = |property: &str| -> Vec<String> {
        let values = batch.iter().filter_map(|(user, _)| {
            user.properties
                .get(property)
                .and_then(Value::as_str)
                .map(types::fold)
        });
        values.collect()
    };
    let (names, mails) = (folded("userPrincipalName"), folded("mail"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mails: Vec<&str> = mails.iter().map(String::as_str).collect();
    directory::users::look_for_free(tx, &names, &mails, &keys)?;
    // Whoever is looked for and not found is new.
    let mut known: HashMap<String, Option<User>> = found
        .into_iter()
        .map(|(key, user)| (key, Some(user)))
        .collect();
    for key in keys {
        known.entry(key.to_owned()).or_default();
    }
    Ok(known)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Created,
    Updated,
    Unchanged,
}

/// Gives a user the name that it will have here. A CSV says what users are to be called here, so a
/// name in a domain that isn't the tenant's is an error of its row, as in Entra. An LDIF says what
/// they are called there: such a name keeps its alias and gets the tenant's initial domain, as Entra
/// Connect does it.
fn prepared(
    mut user: SourceUser,
    rules: &Rules,
    domains: &[String],
    initial: &str,
) -> Result<SourceUser> {
    let (alias, domain) = match user.upn_hint.rsplit_once('@') {
        Some((alias, domain)) => (alias, domain.to_ascii_lowercase()),
        None => (user.upn_hint.as_str(), initial.to_owned()),
    };
    let domain = if domains.contains(&domain) {
        domain.as_str()
    } else if rules.format == Format::Csv {
        return Err(Error::invalid(
            "userPrincipalName",
            format!(
                "The domain {domain} isn't one of this tenant's verified domains. Correct the name, \
                 or add the domain: isopolity domain add --tenant {initial} --domain {domain} --verified."
            ),
        ));
    } else {
        initial
    };
    let name = json!(format!("{alias}@{domain}"));
    user.properties.insert("userPrincipalName".into(), name);
    Ok(user)
}

/// Takes over one user, who may be there; answers the id of one who can be a manager.
fn import_one(
    tx: &mut Tx<'_>,
    user: &SourceUser,
    known: Option<User>,
    manager: Option<Id<kind::User>>,
    rules: &Rules,
) -> Result<(Outcome, Option<Id<kind::User>>)> {
    let mut properties = user.properties.clone();
    let Some(known) = known else {
        properties.entry("accountEnabled").or_insert(json!(true));
        let made = directory::users::create(
            tx,
            directory::users::NewUser {
                properties,
                password_hash: user.password.clone(),
                source_key: Some(user.source_key.clone()),
                manager,
                ..directory::users::NewUser::default()
            },
        )?;
        return Ok((Outcome::Created, Some(made.id)));
    };
    if known.deleted_at.is_some() {
        return Err(Error::conflict(format!(
            "The user was deleted in this tenant. Restore the user {}, or delete it permanently so that \
             it is made anew.",
            known.id
        )));
    }
    for property in &rules.mentioned {
        if !properties.contains_key(*property) && CLEARED.contains(property) {
            let nothing = if LISTS.contains(property) {
                json!([])
            } else {
                Value::Null
            };
            properties.insert((*property).to_owned(), nothing);
        }
    }
    let id = (!known.is_external()).then_some(known.id);
    let changed = directory::users::update_of(tx, known, &properties)?;
    let outcome = if changed {
        Outcome::Updated
    } else {
        Outcome::Unchanged
    };
    Ok((outcome, id))
}

/// A user and the manager that the source names.
struct Link {
    line: u64,
    user: String,
    /// Whether the record names one.
    is_named: bool,
    /// The manager's source key, where the manager is in the file.
    manager: Option<String>,
    /// The manager as the record names him or her, for those who aren't.
    name: Option<ManagerRef>,
}

impl Link {
    fn of(user: &SourceUser) -> Self {
        Self {
            line: user.line,
            user: user.source_key.clone(),
            is_named: user.manager_key.is_some(),
            manager: user.manager_source_key.clone(),
            name: user
                .manager_key
                .clone()
                .filter(|_| user.manager_source_key.is_none()),
        }
    }

    /// The manager's source key, where that is known.
    fn manager_key(&self) -> Option<&str> {
        match (&self.manager, &self.name) {
            (Some(key), _) | (None, Some(ManagerRef::Dn(key) | ManagerRef::Key(key))) => Some(key),
            _ => None,
        }
    }

    /// The manager's object, where there is one. `known`: those who have source keys.
    fn find(
        &self,
        tx: &ReadTx<'_>,
        known: &HashMap<String, User>,
    ) -> Result<Option<Id<kind::User>>> {
        let found = match (&self.manager, &self.name) {
            (Some(key), _) | (None, Some(ManagerRef::Dn(key) | ManagerRef::Key(key))) => {
                known.get(key).cloned()
            }
            (None, Some(ManagerRef::Upn(name))) => match directory::users::find(tx, name) {
                Err(Error::NotFound { .. }) => None,
                found => Some(found?),
            },
            (None, None) => None,
        };
        let alive = found.filter(|user| user.deleted_at.is_none() && !user.is_external());
        Ok(alive.map(|user| user.id))
    }
}

/// Gives users their managers, now that all are there. Answers the lines of those whose manager
/// isn't in the tenant either.
fn link_managers(
    tx: &mut Tx<'_>,
    links: &[Link],
    rules: &Rules,
    run: &mut Run,
) -> Result<Vec<u64>> {
    let mut absent = Vec::new();
    let users = links.iter().map(|link| link.user.as_str());
    let managers = links.iter().filter_map(Link::manager_key);
    let keys: HashSet<&str> = users.chain(managers).collect();
    let known = directory::users::find_by_sources(tx, &keys.into_iter().collect::<Vec<_>>())?;
    for link in links {
        let manager = link.find(tx, &known)?;
        if link.name.is_some() && manager.is_none() {
            absent.push(link.line);
        }
        // Skipped records have no outcome; the others go on.
        let Some(outcome) = run.outcomes.get(&link.user).copied() else {
            continue;
        };
        let Some(user) = known.get(&link.user) else {
            continue;
        };
        let now = match manager {
            Some(manager) if user.names_manager(manager) => Some(manager),
            _ => directory::users::manager_of_user(tx, user)?,
        };
        let changes = if link.is_named {
            // In a dry run a manager who would be made isn't there yet.
            let comes = link.manager.as_ref().is_some_and(|key| {
                rules.dry_run && run.outcomes.get(key) == Some(&Outcome::Created)
            });
            comes || (manager.is_some() && manager != now)
        } else {
            now.is_some() && rules.mentioned.contains("manager")
        };
        if !changes {
            continue;
        }
        if outcome == Outcome::Unchanged {
            run.outcomes.insert(link.user.clone(), Outcome::Updated);
        }
        if rules.dry_run {
            continue;
        }
        match manager {
            Some(manager) => directory::users::set_manager_of(tx, user, manager)?,
            None => directory::users::remove_manager(tx, user.id)?,
        }
    }
    Ok(absent)
}
