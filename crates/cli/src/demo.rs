//! `isopolity demo`: the main job from nothing to a report, and then something to try.
//!
//! - It does what an admin does, by the operator's commands, and nothing besides.
//! - A finished demonstration is used again; one that was cut off is made anew; a directory with
//!   anything else in it is left alone.
//! - Standard output has the report, and then addresses and sign-ins; how far it is goes to standard
//!   error.

mod people;
mod report;
mod state;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use node::Node;
use node::command::{Command, Progress};
use node::config::Config;
use serde_json::{Value, json};
use store::DataLock;
use types::{Error, Result};

use crate::args;
use crate::output::Output;
use crate::run;
use crate::serve::{self, Server};
use crate::show;
use people::Source;
use report::{Pair, Report};
use state::{State, Tenant};

/// Skipped records that are shown for each file.
const SKIPPED_SHOWN: usize = 5;
const ORGANIZATION: &str = "Isopolity demo";
/// How long everybody may take to arrive.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long those that failed are waited for: they are tried again.
const FAILURE_PATIENCE: Duration = Duration::from_secs(20);
/// How often the pairs are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Makes or reopens the demonstration, reports, and serves it unless `--once`.
pub(crate) async fn run(config: Config, options: &args::Demo, output: &Output) -> Result<()> {
    serve::start_log(&config, "warn")?;
    let sources = if options.users.is_empty() {
        people::built_in()?
    } else {
        people::from_files(&options.users, config.limits.get("import_bytes"))?
    };
    let made_of = made_of(&sources, options);
    run::make_directory(&config.data)?;
    state::check_is_ours(&config.data)?;
    let lock = DataLock::take(&config.data)?;
    let kept = kept(&config.data, &made_of)?;
    if kept.is_none() {
        let begun = State {
            made_of,
            ..State::default()
        };
        state::write(&config.data, &begun)?;
        state::empty(&config.data)?;
    }
    if options.once {
        let node = run::open_node(config.clone()).await?;
        node.start();
        let work = Work {
            node: &node,
            output,
            config: &config,
        };
        let report = work.report(kept, &sources).await;
        node.stop().await;
        drop(node);
        drop(lock);
        print(&report?, output);
        return Ok(());
    }
    let server = Server::open(config.clone(), lock).await?;
    let work = Work {
        node: server.node(),
        output,
        config: &config,
    };
    let report = match work.report(kept, &sources).await {
        Ok(report) => report,
        Err(error) => {
            server.node().stop().await;
            return Err(error);
        }
    };
    print(&report, output);
    let until = Server::until_told()?;
    let data = std::path::absolute(&config.data).unwrap_or_else(|_| config.data.clone());
    server
        .serve(until, |url| {
            if output.is_json() {
                output.line(&json!({ "ready": true, "url": url }));
            } else {
                output.text(&report.to_try(url, &data.to_string_lossy(), output.style()));
            }
        })
        .await
}

fn print(report: &Report, output: &Output) {
    output.document(&report.to_json(), |_, style| report.text(style));
}

/// What tells demonstrations apart: whose people they show.
fn made_of(sources: &[Source], options: &args::Demo) -> String {
    if options.users.is_empty() {
        return "built-in".to_owned();
    }
    let mut hasher = DefaultHasher::new();
    for source in sources {
        (&source.name, &source.content).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

/// The finished demonstration of the same people in the directory.
fn kept(directory: &Path, made_of: &str) -> Result<Option<State>> {
    match state::read(directory) {
        Some(state) if state.finished && state.made_of == made_of => Ok(Some(state)),
        Some(state) if state.finished => Err(Error::conflict(format!(
            "{} has a demonstration of other people. Choose another --dir, or remove it.",
            directory.display()
        ))),
        _ => Ok(None),
    }
}

/// A text of an answer.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// What has to be reported when time is up, and what was measured.
struct Seen {
    pair: Pair,
    state: String,
    pending: u64,
    reason: Option<String>,
}

impl Seen {
    fn is_settled(&self, since: Instant) -> bool {
        let Pair {
            in_scope,
            synced,
            failed,
            ..
        } = self.pair;
        let patient = failed == 0 || since.elapsed() > FAILURE_PATIENCE;
        self.state == "active"
            && self.pending == 0
            && in_scope > 0
            && synced + failed == in_scope
            && patient
    }
}

struct Work<'a> {
    node: &'a Node,
    output: &'a Output,
    config: &'a Config,
}

impl Work<'_> {
    async fn execute(&self, command: Command) -> Result<Value> {
        self.node
            .execute(command, &|progress| self.output.progress(progress))
            .await
    }

    /// One step that is worth a line.
    fn say(&self, message: String) {
        self.output.progress(Progress {
            message,
            done: 0,
            of: None,
        });
    }

    async fn report(&self, kept: Option<State>, sources: &[Source]) -> Result<Report> {
        let state = match kept {
            Some(state) => state,
            None => self.make(sources).await?,
        };
        let now = Instant::now();
        let since = state.tenants.iter().map(|tenant| (tenant.id.clone(), now));
        let mut pairs = self.settle(&state, &since.collect()).await?;
        for pair in &mut pairs {
            let measured = state
                .pairs
                .iter()
                .find(|kept| kept.from == pair.from && kept.to == pair.to);
            pair.seconds = measured.map_or(pair.seconds, |kept| kept.seconds);
        }
        let first = state.tenants.first().map(|tenant| tenant.id.clone());
        let organization = self
            .execute(Command::OrganizationShow {
                tenant: first.unwrap_or_default(),
            })
            .await?;
        let person = self.person(&state).await;
        Ok(Report {
            state,
            organization,
            pairs,
            person,
        })
    }

    /// Makes tenants, people, the organization and the sharing.
    async fn make(&self, sources: &[Source]) -> Result<State> {
        let mut state = state::read(&self.config.data).unwrap_or_default();
        for source in sources {
            let tenant = self.tenant(source).await?;
            state.tenants.push(tenant);
        }
        self.organize(&state.tenants).await?;
        let mut since = BTreeMap::new();
        for tenant in &state.tenants {
            self.say(format!(
                "{} shares everybody with everybody",
                tenant.display_name
            ));
            since.insert(tenant.id.clone(), Instant::now());
            self.execute(Command::Share {
                tenant: tenant.id.clone(),
                all: true,
                users: Vec::new(),
                groups: Vec::new(),
                group_objects: false,
                allow_deletions: false,
                with: Vec::new(),
            })
            .await?;
        }
        let pairs = self.settle(&state, &since).await?;
        state.pairs = pairs
            .into_iter()
            .map(|pair| state::Pair {
                from: pair.from,
                to: pair.to,
                seconds: pair.seconds,
            })
            .collect();
        state.finished = true;
        state::write(&self.config.data, &state)?;
        Ok(state)
    }

    async fn tenant(&self, source: &Source) -> Result<Tenant> {
        self.say(format!("Making {} ({})", source.name, source.domain));
        let made = self
            .execute(Command::TenantCreate {
                name: source.name.clone(),
                domain: source.domain.clone(),
                admin_upn: None,
                admin_password: None,
            })
            .await?;
        let id = text(&made["tenantId"]);
        for domain in &source.more_domains {
            let command = Command::DomainAdd {
                tenant: id.clone(),
                domain: domain.clone(),
                verified: true,
            };
            match self.execute(command).await {
                // Another file's tenant has it; these people get names under the tenant's own.
                Err(error) if !error.is_transient() => {
                    self.output
                        .note(&format!("{}: {domain} isn't added: {error}", source.name));
                }
                other => drop(other?),
            }
        }
        let imported = self
            .execute(Command::ImportUsers {
                tenant: id.clone(),
                format: source.format_name().to_owned(),
                content: BASE64_STANDARD.encode(&source.content),
                map: None,
                dry_run: false,
            })
            .await?;
        let skipped = count(&imported["skipped"]);
        if skipped > 0 {
            let records = imported["skippedRecords"].as_array();
            for record in records.into_iter().flatten().take(SKIPPED_SHOWN) {
                self.output.note(&format!(
                    "{}: line {} is skipped: {}",
                    source.name,
                    record["line"],
                    show::cell(&record["reason"])
                ));
            }
            if skipped > SKIPPED_SHOWN as u64 {
                self.output.note(&format!(
                    "{}: {skipped} records are skipped; `isopolity import users --dry-run` lists all.",
                    source.name
                ));
            }
        }
        let person = source.person_upn();
        let person_password = match person.clone() {
            Some(user) => {
                let tenant = id.clone();
                let given = self.execute(Command::UserPassword { tenant, user }).await?;
                text(&given["password"])
            }
            None => String::new(),
        };
        Ok(Tenant {
            id,
            display_name: source.name.clone(),
            domain: source.domain.clone(),
            // And the administrator.
            users: count(&imported["created"]) + 1,
            admin: text(&made["admin"]["userPrincipalName"]),
            admin_password: text(&made["admin"]["password"]),
            client_id: text(&made["app"]["clientId"]),
            client_secret: text(&made["app"]["clientSecret"]),
            person,
            person_password,
        })
    }

    /// The first tenant founds, the others join; all with both consents.
    async fn organize(&self, tenants: &[Tenant]) -> Result<()> {
        let Some((first, others)) = tenants.split_first() else {
            return Ok(());
        };
        self.say(format!(
            "{} founds the organization {ORGANIZATION}",
            first.display_name
        ));
        self.execute(Command::OrganizationCreate {
            tenant: first.id.clone(),
            name: ORGANIZATION.to_owned(),
            add: others.iter().map(|tenant| tenant.id.clone()).collect(),
            accept_users: true,
            skip_consent: true,
        })
        .await?;
        for tenant in others {
            self.say(format!("{} joins", tenant.display_name));
            let join = Command::OrganizationJoin {
                tenant: tenant.id.clone(),
                invited_by: first.id.clone(),
                accept_users: true,
                skip_consent: true,
            };
            match self.execute(join).await {
                // It goes on by itself; whether it arrived shows in the pairs.
                Err(Error::Unavailable { .. }) => {}
                other => drop(other?),
            }
        }
        Ok(())
    }

    /// Waits until every pair has nothing left to do, and measures it.
    async fn settle(&self, state: &State, since: &BTreeMap<String, Instant>) -> Result<Vec<Pair>> {
        let started = Instant::now();
        let tenants = &state.tenants;
        let wanted = tenants.len() * tenants.len().saturating_sub(1);
        let mut settled: BTreeMap<(String, String), Pair> = BTreeMap::new();
        loop {
            let mut open = Vec::new();
            let (mut done, mut of) = (0, 0);
            for tenant in tenants {
                let shared = since.get(&tenant.id).copied().unwrap_or(started);
                for seen in self.look(tenant, shared).await? {
                    done += seen.pair.synced;
                    of += seen.pair.in_scope + seen.pending;
                    let key = (seen.pair.from.clone(), seen.pair.to.clone());
                    if settled.contains_key(&key) {
                        continue;
                    }
                    if seen.is_settled(shared) {
                        settled.insert(key, seen.pair);
                    } else {
                        open.push(seen);
                    }
                }
            }
            if settled.len() >= wanted {
                // In the order of the tenants, for people.
                let place = |id: &str| tenants.iter().position(|tenant| tenant.id == id);
                let mut pairs: Vec<Pair> = settled.into_values().collect();
                pairs.sort_by_key(|pair| (place(&pair.from), place(&pair.to)));
                return Ok(pairs);
            }
            if started.elapsed() > PATIENCE {
                return Err(Self::missing(tenants, &open, wanted - settled.len()));
            }
            let message = "Synchronizing people".to_owned();
            self.output.progress(Progress {
                message,
                done,
                of: Some(of),
            });
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// How the pairs of one tenant stand.
    async fn look(&self, tenant: &Tenant, since: Instant) -> Result<Vec<Seen>> {
        let status = self
            .execute(Command::ShareStatus {
                tenant: tenant.id.clone(),
            })
            .await?;
        let pairs = status["value"].as_array().map_or(&[][..], Vec::as_slice);
        let seen = pairs.iter().map(|pair| Seen {
            pair: Pair {
                from: tenant.id.clone(),
                to: text(&pair["tenantId"]),
                in_scope: count(&pair["inScope"]),
                synced: count(&pair["synced"]),
                failed: count(&pair["failed"]),
                // As precise as the looking.
                seconds: (since.elapsed().as_secs_f64() * 100.0).round() / 100.0,
            },
            state: text(&pair["state"]),
            pending: count(&pair["pendingChanges"]),
            reason: pair["trace"]["steps"]
                .as_array()
                .and_then(|steps| steps.last())
                .map(|step| text(&step["reason"])),
        });
        Ok(seen.collect())
    }

    /// What is missing when time is up.
    fn missing(tenants: &[Tenant], open: &[Seen], number: usize) -> Error {
        let name = |id: &str| {
            let tenant = tenants.iter().find(|tenant| tenant.id == id);
            tenant.map_or_else(|| id.to_owned(), |tenant| tenant.display_name.clone())
        };
        let mut lines = vec![format!(
            "{number} pairs of tenants aren't done after {} seconds:",
            PATIENCE.as_secs()
        )];
        for seen in open {
            let pair = &seen.pair;
            lines.push(format!(
                "{} → {}: {}, {} of {} synced, {} failed, {} changes waiting{}",
                name(&pair.from),
                name(&pair.to),
                seen.state,
                pair.synced,
                pair.in_scope,
                pair.failed,
                seen.pending,
                seen.reason
                    .as_ref()
                    .map(|reason| format!(": {reason}"))
                    .unwrap_or_default(),
            ));
        }
        if open.len() < number {
            lines.push("The others have not joined.".to_owned());
        }
        lines.push("Run it again: what isn't finished is made anew.".to_owned());
        Error::unavailable(lines.join("\n"), 10)
    }

    /// Somebody at home and elsewhere, best with a name beyond plain Latin letters.
    async fn person(&self, state: &State) -> Option<(Value, Value, [String; 2])> {
        let mut plain = None;
        for tenant in state.tenants.iter().rev() {
            let Some(user) = tenant.person.clone() else {
                continue;
            };
            let show = Command::UserShow {
                tenant: tenant.id.clone(),
                user,
            };
            let Ok(home) = self.execute(show).await else {
                continue;
            };
            for other in state.tenants.iter().filter(|other| other.id != tenant.id) {
                let find = Command::UserFind {
                    tenant: other.id.clone(),
                    home_tenant: tenant.id.clone(),
                    home_id: text(&home["id"]),
                };
                if let Ok(there) = self.execute(find).await {
                    let is_plain = text(&home["displayName"]).is_ascii();
                    let names = [tenant.display_name.clone(), other.display_name.clone()];
                    let found = (home.clone(), there, names);
                    if !is_plain {
                        return Some(found);
                    }
                    plain.get_or_insert(found);
                    break;
                }
            }
        }
        plain
    }
}
