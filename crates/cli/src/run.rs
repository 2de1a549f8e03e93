//! How a command is carried out: in this process if it can have the data directory, else by the
//! server that has it.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use node::Node;
use node::command::{Answer, Command};
use node::config::Config;
use node::control;
use store::DataLock;
use types::{Error, Result};

use crate::output::Output;
use crate::serve;

/// How long a command waits for another one that has the directory, or for a server that starts.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Who carries commands out.
pub(crate) enum Deployment {
    /// This process, which holds the directory.
    Own(Node, DataLock),
    /// The server that takes commands at this socket.
    Served(PathBuf),
}

/// Where the server of a data directory takes commands.
pub(crate) fn socket(data: &Path) -> PathBuf {
    data.join("control.sock")
}

/// The longest command that a server takes: a file to import, in base64, and its map.
pub(crate) fn command_bytes_max(config: &Config) -> u64 {
    config.limits.get("import_bytes") / 3 * 4 + 2 * 1024 * 1024
}

/// Makes the data directory, for its owner alone, unless it is there.
pub(crate) fn make_directory(data: &Path) -> Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .map_err(|error| {
            Error::unavailable(
                format!(
                    "Can't make the data directory {}: {error}. Choose another by --data.",
                    data.display()
                ),
                30,
            )
        })
}

/// Opens the deployment: its bounded wait is for the moment in which another command has it.
pub(crate) async fn open(config: &Config) -> Result<Deployment> {
    serve::start_log(config, "warn")?;
    make_directory(&config.data)?;
    let socket = socket(&config.data);
    let started = Instant::now();
    let lock = loop {
        match DataLock::take(&config.data) {
            Ok(lock) => break lock,
            Err(Error::Conflict { .. }) if control::is_served(&socket).await => {
                return Ok(Deployment::Served(socket));
            }
            Err(Error::Conflict { .. }) if started.elapsed() < PATIENCE => {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Err(Error::Conflict { message }) => {
                return Err(Error::conflict(format!(
                    "{message} It doesn't take commands: it may be starting, ending, or be another command."
                )));
            }
            Err(error) => return Err(error),
        }
    };
    let node = open_node(config.clone()).await?;
    node.start_as_guest();
    Ok(Deployment::Own(node, lock))
}

/// Opens a node away from the runtime's threads, for opening reads and migrates files.
pub(crate) async fn open_node(config: Config) -> Result<Node> {
    tokio::task::spawn_blocking(move || Node::open(config))
        .await
        .map_err(Error::internal)?
}

impl Deployment {
    /// Carries out a command, with its progress on standard error.
    pub(crate) async fn execute(&self, command: Command, output: &Output) -> Result<Answer> {
        let on_progress = |progress| output.progress(progress);
        match self {
            Self::Own(node, _) => node.execute(command, &on_progress).await,
            Self::Served(socket) => control::call(socket, &command, &on_progress).await,
        }
    }

    /// Ends what this process began.
    pub(crate) async fn close(self) {
        if let Self::Own(node, lock) = self {
            node.stop().await;
            drop(node);
            drop(lock);
        }
    }
}

/// Opens the deployment, carries out one command, and closes it.
pub(crate) async fn once(config: &Config, command: Command, output: &Output) -> Result<Answer> {
    let deployment = open(config).await?;
    let answer = deployment.execute(command, output).await;
    deployment.close().await;
    answer
}
