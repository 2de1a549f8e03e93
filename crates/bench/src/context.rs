//! What the benches of one run share: the plan, the machine, and the pairs that several of them need.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::{
    Settings,
    deployment::{Deployment, SyncRun, Template},
    machine::Machine,
    statistics::Sorted,
};

/// How much is measured.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Users of the large tenant.
    pub(crate) users: usize,
    /// Users of the small tenant.
    pub(crate) small_users: usize,
    /// How often the large sync is measured.
    pub(crate) sync_runs: usize,
    /// How often the small sync is measured.
    pub(crate) small_sync_runs: usize,
    pub(crate) mesh_tenants: usize,
    /// Users of each tenant of the mesh.
    pub(crate) mesh_users: usize,
    /// Changes of one round, and rounds.
    pub(crate) changes: usize,
    pub(crate) change_rounds: usize,
    /// Seconds of one round of reading, and rounds.
    pub(crate) load_seconds: f64,
    pub(crate) load_rounds: usize,
    pub(crate) load_connections: usize,
    /// Users of the tenant that is searched.
    pub(crate) searched_users: usize,
    /// Users of the tenant whose users are changed and made, shared with nobody.
    pub(crate) alone_users: usize,
    /// Tenants whose readiness is asked for.
    pub(crate) ready_tenants: usize,
    /// Questions of each kind that are timed one by one.
    pub(crate) questions: usize,
    /// Whether it is smaller than what the targets are for.
    pub(crate) is_trial: bool,
}

impl Plan {
    /// The plan that the settings ask for.
    pub(crate) fn new(settings: &Settings) -> Self {
        let full = Self {
            users: 100_000,
            small_users: 1_000,
            sync_runs: 3,
            small_sync_runs: 5,
            mesh_tenants: 20,
            mesh_users: 1_000,
            changes: 500,
            change_rounds: 5,
            load_seconds: 10.0,
            load_rounds: 3,
            load_connections: 32,
            searched_users: 1_000_000,
            alone_users: 10_000,
            ready_tenants: 100,
            questions: 1_000,
            is_trial: false,
        };
        let mut plan = full.clone();
        if settings.quick {
            plan = Self {
                users: 5_000,
                sync_runs: 1,
                small_sync_runs: 2,
                mesh_tenants: 4,
                mesh_users: 300,
                changes: 100,
                change_rounds: 2,
                load_seconds: 2.0,
                load_rounds: 1,
                searched_users: 20_000,
                alone_users: 1_000,
                ready_tenants: 8,
                questions: 100,
                is_trial: true,
                ..full.clone()
            };
        }
        if let Some(users) = settings.users {
            plan.users = users.max(2);
            plan.is_trial |= users < full.users;
        }
        plan
    }
}

/// A pair of tenants whose sync was measured; the deployment is kept, stopped.
pub(crate) struct Pair {
    pub(crate) deployment: Deployment,
    /// Microseconds per synced user.
    pub(crate) micros: Sorted,
}

/// What the benches of one run share.
pub(crate) struct Context {
    pub(crate) plan: Plan,
    pub(crate) machine: Machine,
    /// As it was called, for the table.
    pub(crate) command: String,
    pub(crate) out: Option<PathBuf>,
    scratch: TempDir,
    large: Option<Pair>,
    small: Option<Pair>,
    alone: Option<Deployment>,
}

/// How often the status of a large and of a small sync is looked at: often enough for the second to
/// take many looks.
pub(crate) const POLL: Duration = Duration::from_millis(20);
const POLL_SMALL: Duration = Duration::from_millis(2);

impl Context {
    /// Looks at the machine.
    pub(crate) fn new(plan: Plan, settings: Settings) -> Result<Self> {
        let beside = settings.dir.unwrap_or_else(|| {
            // On the disk of the build, which is a real one: /tmp may be memory.
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench")
        });
        std::fs::create_dir_all(&beside).context("the scratch directory can't be made")?;
        let scratch = TempDir::new_in(beside)?;
        let machine = Machine::look(scratch.path())?;
        Ok(Self {
            plan,
            machine,
            command: command(),
            out: settings.out,
            scratch,
            large: None,
            small: None,
            alone: None,
        })
    }

    /// Where databases are made.
    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Keeps the large pair for the benches that come.
    pub(crate) fn keep_large(&mut self, pair: Pair) {
        self.large = Some(pair);
    }

    /// The pair with many users, synced now if no bench has done it yet.
    pub(crate) fn large(&mut self) -> Result<&mut Pair> {
        if self.large.is_none() {
            self.large = Some(self.sync_pair(self.plan.users, 1, POLL)?);
        }
        self.large.as_mut().context("the large pair")
    }

    /// The pair with few users.
    pub(crate) fn small(&mut self) -> Result<&mut Pair> {
        if self.small.is_none() {
            let (users, runs) = (self.plan.small_users, self.plan.small_sync_runs);
            self.small = Some(self.sync_pair(users, runs, POLL_SMALL)?);
        }
        self.small.as_mut().context("the small pair")
    }

    /// A tenant that shares with nobody, so that its writes are its own work only; running.
    pub(crate) fn alone(&mut self) -> Result<&mut Deployment> {
        if self.alone.is_none() {
            let users = self.plan.alone_users;
            say(&format!("a tenant with {users} users"));
            let template = Template::prepare(self.scratch(), &[users])?;
            self.alone = Some(template.start(self.scratch())?);
        }
        let alone = self.alone.as_mut().context("the tenant alone")?;
        alone.start()?;
        Ok(alone)
    }

    /// Stops and removes the tenant that shares with nobody.
    pub(crate) fn end_alone(&mut self) -> Result<()> {
        self.alone.take().map_or(Ok(()), |mut alone| alone.stop())
    }

    /// Both pairs, synced.
    pub(crate) fn both(&mut self) -> Result<(&mut Pair, &mut Pair)> {
        self.small()?;
        self.large()?;
        let small = self.small.as_mut().context("the small pair")?;
        Ok((small, self.large.as_mut().context("the large pair")?))
    }

    fn sync_pair(&self, users: usize, runs: usize, pause: Duration) -> Result<Pair> {
        say(&format!("a pair of tenants with {users} users"));
        let template = Template::prepare(self.scratch(), &[users, 1])?;
        let mut micros = Vec::new();
        let mut last = None;
        for _ in 0..runs.max(1) {
            let mut deployment = template.start(self.scratch())?;
            let run = deployment.share_all(&[0], users, pause)?;
            deployment.stop()?;
            micros.push(micros_per_user(&run, users));
            last = Some(deployment);
        }
        Ok(Pair {
            deployment: last.context("no run")?,
            micros: Sorted::new(micros),
        })
    }
}

/// What a sync took per user.
pub(crate) fn micros_per_user(run: &SyncRun, users: usize) -> f64 {
    run.seconds * 1e6 / users as f64
}

/// A line of progress.
pub(crate) fn say(what: &str) {
    eprintln!("bench: {what} …");
}

/// The arguments as they were given, without names of files.
fn command() -> String {
    let mut words = vec!["bench".to_owned()];
    let mut arguments = std::env::args().skip(1);
    while let Some(word) = arguments.next() {
        match word.as_str() {
            "--out" | "--dir" => drop(arguments.next()),
            file if file.starts_with("--out=") || file.starts_with("--dir=") => {}
            _ => words.push(word),
        }
    }
    words.join(" ")
}
