//! Deployments under measure: tenants with people, in one organization, before anybody shares.
//!
//! Such a deployment is prepared once and kept stopped as a template; each run works on a copy, so
//! that a sync can be measured several times from the same start.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    http::{self, Client},
    machine::{self, Memory, Most},
    people,
    server::{self, Server},
};

/// The longest that a sync may take.
const SYNC_PATIENCE: Duration = Duration::from_mins(5);
const SHARING: &str = "/beta/isopolity/userSharing";

/// A tenant, and the application that may do everything in it.
#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) domain: String,
    client_id: String,
    client_secret: String,
}

impl Tenant {
    /// What its application asks the token endpoint for a token of Graph with.
    pub(crate) fn grant(&self) -> [(&'static str, &str); 4] {
        [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
            ("scope", "https://graph.microsoft.com/.default"),
        ]
    }
}

/// A stopped deployment to start from.
pub(crate) struct Template {
    directory: TempDir,
    pub(crate) tenants: Arc<[Tenant]>,
    /// How long the import of people took, in seconds, and the server's memory meanwhile.
    pub(crate) import_seconds: f64,
    pub(crate) import_memory: Most,
}

/// A deployment on a copy of a template.
pub(crate) struct Deployment {
    directory: TempDir,
    pub(crate) tenants: Arc<[Tenant]>,
    server: Option<Server>,
}

/// How a sync went.
#[derive(Debug, Clone)]
pub(crate) struct SyncRun {
    /// From the first call that shares until everything is synced.
    pub(crate) seconds: f64,
    pub(crate) memory: Most,
    pub(crate) polls: usize,
    /// What one look at the status took on average.
    pub(crate) poll_ms: f64,
    /// The processor time that the server took.
    pub(crate) cpu_seconds: f64,
}

impl SyncRun {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "seconds": self.seconds,
            "rssMegabytes": self.memory.rss_mb,
            "highWaterMegabytes": self.memory.high_water_mb,
            "polls": self.polls,
            "pollMilliseconds": self.poll_ms,
            "serverCpuSeconds": self.cpu_seconds,
        })
    }
}

/// People in one file, so that it is no larger than a file may be.
const IMPORTED_AT_ONCE: usize = 250_000;

impl Template {
    /// Makes tenants with these numbers of users each, in one organization with both consents, by
    /// the command line through a running server.
    pub(crate) fn prepare(scratch: &Path, users: &[usize]) -> Result<Self> {
        Self::prepare_in(scratch, users, None)
    }

    /// The same with the data in a database, of which there is one copy: one run can start from it.
    pub(crate) fn prepare_in(
        scratch: &Path,
        users: &[usize],
        database: Option<&str>,
    ) -> Result<Self> {
        let directory = TempDir::new_in(scratch)?;
        let data = directory.path().join("data");
        if let Some(database) = database {
            std::fs::create_dir(&data)?;
            let configuration = format!("database_url = \"{database}\"\n");
            std::fs::write(data.join("isopolity.toml"), configuration)?;
        }
        let server = Server::start(&data, &directory.path().join("log"))?;
        let memory = Memory::watch(server.process());
        let mut tenants = Vec::new();
        let started = Instant::now();
        for (number, users) in users.iter().enumerate() {
            tenants.push(create(directory.path(), &data, number, *users)?);
        }
        let import_seconds = started.elapsed().as_secs_f64();
        let import_memory = memory.end();
        organize(&data, &tenants)?;
        server.stop()?;
        Ok(Self {
            directory,
            tenants: tenants.into(),
            import_seconds,
            import_memory,
        })
    }

    /// Starts a server on a copy.
    pub(crate) fn start(&self, scratch: &Path) -> Result<Deployment> {
        let directory = TempDir::new_in(scratch)?;
        machine::copy_directory(
            &self.directory.path().join("data"),
            &directory.path().join("data"),
        )?;
        let tenants = Arc::clone(&self.tenants);
        let mut deployment = Deployment {
            directory,
            tenants,
            server: None,
        };
        deployment.start()?;
        Ok(deployment)
    }

    /// Starts a server on the template itself, which is too large to copy.
    pub(crate) fn into_deployment(self) -> Result<Deployment> {
        let mut deployment = Deployment {
            directory: self.directory,
            tenants: self.tenants,
            server: None,
        };
        deployment.start()?;
        Ok(deployment)
    }
}

fn create(scratch: &Path, data: &Path, number: usize, users: usize) -> Result<Tenant> {
    let (name, domain) = (
        format!("Tenant {number}"),
        format!("tenant{number}.example"),
    );
    let made = server::cli(
        data,
        &["tenant", "create", "--name", &name, "--domain", &domain],
    )?;
    let text = |value: &Value| {
        value
            .as_str()
            .map(str::to_owned)
            .context("tenant create: a field is missing")
    };
    let id = text(&made["tenantId"])?;
    // The administrator is a user too.
    let people = users.saturating_sub(1);
    let mut created = 0;
    for first in (0..people).step_by(IMPORTED_AT_ONCE) {
        let some = first..people.min(first + IMPORTED_AT_ONCE);
        let file = scratch.join("people.csv");
        std::fs::write(&file, people::csv(some, &domain))?;
        let file = file
            .to_str()
            .context("the scratch directory's name isn't text")?;
        let counts = server::cli(
            data,
            &["import", "users", "--tenant", &id, "--format", "csv", file],
        )?;
        created += counts["created"].as_u64().unwrap_or(0);
    }
    ensure!(
        created == people as u64,
        "{created} people of {people} were imported"
    );
    Ok(Tenant {
        id,
        domain,
        client_id: text(&made["app"]["clientId"])?,
        client_secret: text(&made["app"]["clientSecret"])?,
    })
}

/// One organization of all: the first founds it with the others, who join; each gives both consents.
fn organize(data: &Path, tenants: &[Tenant]) -> Result<()> {
    let (owner, others) = tenants.split_first().context("no tenants")?;
    let consents = ["--accept-users", "--skip-consent"];
    let mut create = vec![
        "organization",
        "create",
        "--tenant",
        &owner.id,
        "--name",
        "Bench",
    ];
    for other in others {
        create.extend(["--add", &other.id]);
    }
    create.extend(consents);
    server::cli(data, &create)?;
    for other in others {
        let mut join = vec!["organization", "join", "--tenant", &other.id];
        join.extend(["--invited-by", &owner.id, "--yes"]);
        join.extend(consents);
        server::cli(data, &join)?;
    }
    Ok(())
}

impl Deployment {
    /// Starts the server (again).
    pub(crate) fn start(&mut self) -> Result<()> {
        if self.server.is_none() {
            let data = self.directory.path().join("data");
            self.server = Some(Server::start(&data, &self.directory.path().join("log"))?);
        }
        Ok(())
    }

    /// Stops the server in order.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.server.take().map_or(Ok(()), Server::stop)
    }

    /// The running server.
    pub(crate) fn server(&self) -> Result<&Server> {
        self.server.as_ref().context("the server isn't running")
    }

    /// The tenant with this number.
    pub(crate) fn tenant(&self, number: usize) -> Result<&Tenant> {
        self.tenants.get(number).context("no such tenant")
    }

    /// The file of a tenant's island.
    pub(crate) fn island(&self, number: usize) -> Result<PathBuf> {
        let name = format!("{}.db", self.tenant(number)?.id);
        Ok(self.directory.path().join("data/tenants").join(name))
    }

    /// A fresh token of a tenant's application.
    pub(crate) fn token(&self, number: usize) -> Result<String> {
        let tenant = self.tenant(number)?;
        let mut client = Client::connect(&self.server()?.url, None)?;
        let form = http::form(&tenant.grant());
        let path = format!("/{}/oauth2/v2.0/token", tenant.id);
        let answer = client.send("POST", &path, http::FORM, &form)?;
        let token = answer.expect(200).context("a token")?;
        token["access_token"]
            .as_str()
            .map(str::to_owned)
            .context("an answer without a token")
    }

    /// A kept-alive connection of a tenant's application.
    pub(crate) fn client(&self, number: usize) -> Result<Client> {
        Client::connect(&self.server()?.url, Some(&self.token(number)?))
    }

    /// Lets these tenants share everybody with the organization, and waits until each of their pairs
    /// has synced so many users. Looks every `pause`.
    pub(crate) fn share_all(
        &self,
        sharing: &[usize],
        users: usize,
        pause: Duration,
    ) -> Result<SyncRun> {
        let mut clients = sharing
            .iter()
            .map(|number| self.client(*number))
            .collect::<Result<Vec<_>>>()?;
        let process = self.server()?.process();
        let all = json!({"scope": "all", "users": [], "groups": []});
        let (memory, cpu_before) = (Memory::watch(process), machine::cpu_seconds(process));
        let started = Instant::now();
        for client in &mut clients {
            let answer = client.send_json("PUT", &format!("{SHARING}/default"), &all)?;
            ensure!(
                matches!(answer.status, 200..=204),
                "sharing: status {}",
                answer.status
            );
        }
        let (mut polls, mut poll_seconds) = (0, 0.0);
        for client in &mut clients {
            loop {
                let asked = Instant::now();
                let status = client.json(&format!("{SHARING}/tenants"))?;
                poll_seconds += asked.elapsed().as_secs_f64();
                polls += 1;
                if is_synced(&status, self.tenants.len() - 1, users) {
                    break;
                }
                ensure!(
                    started.elapsed() < SYNC_PATIENCE,
                    "not synced in time: {status}"
                );
                std::thread::sleep(pause);
            }
        }
        Ok(SyncRun {
            seconds: started.elapsed().as_secs_f64(),
            cpu_seconds: machine::cpu_seconds(process) - cpu_before,
            memory: memory.end(),
            polls,
            poll_ms: poll_seconds * 1e3 / polls as f64,
        })
    }
}

/// Whether all pairs have synced so many users and have nothing left to do.
fn is_synced(status: &Value, pairs: usize, users: usize) -> bool {
    let Some(list) = status["value"].as_array() else {
        return false;
    };
    list.len() == pairs
        && list
            .iter()
            .all(|pair| pair["synced"] == users && pair["pendingChanges"] == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synced_means_every_pair_and_nothing_left() {
        let pair =
            |synced: usize, pending: usize| json!({"synced": synced, "pendingChanges": pending});
        let status = |pairs: &[Value]| json!({"value": pairs});
        assert!(is_synced(&status(&[pair(5, 0), pair(5, 0)]), 2, 5));
        assert!(!is_synced(&status(&[pair(5, 0), pair(4, 1)]), 2, 5));
        assert!(!is_synced(&status(&[pair(5, 0)]), 2, 5));
        assert!(!is_synced(&status(&[pair(5, 1)]), 1, 5));
    }
}
