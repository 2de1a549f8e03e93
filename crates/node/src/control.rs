//! How commands reach a running server: a Unix socket in the data directory.
//!
//! - One connection carries one command. Both directions are lines of JSON: the command; then any
//!   number of `{"progress":…}` and one `{"ok":…}` or `{"error":{"kind","message"}}`.
//! - A command that has been read is carried out to its end, whether or not anybody still waits.
//! - Only the directory's owner can connect: the directory has mode 0700, the socket 0600.
//! - Whoever holds the [`store::DataLock`] may bind; a socket that is there already is a dead
//!   server's.

use std::fs::{File, Permissions};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use types::{Error, Result};

use crate::command::{Answer, Command, OnProgress, Progress};

/// Commands that are worked on at once; further ones wait to be accepted.
const COMMANDS_MAX: usize = 32;
/// How long a client may take to send its command, or to take a line of the answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Progress that waits for a client; what doesn't fit is left out, for more of it follows.
const PROGRESS_WAITING_MAX: usize = 16;
/// How long to wait after a connection couldn't be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The longest line that a client takes.
const ANSWER_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The longest path that an address of a Unix socket holds, with one byte for its end.
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Takes the progress of a command; may be called from anywhere and never waits.
pub type ProgressSink = Box<dyn Fn(Progress) + Send + Sync>;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Progress(Progress),
    Ok(Answer),
    Error(Failure),
}

/// An error of the domain on its way to the client.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    kind: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// What isn't there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<String>,
}

/// What commands look for, and a client's error names.
const OBJECTS: [&str; 5] = [
    "tenant",
    "user",
    "multiTenantOrganization",
    "multiTenantOrganizationMember",
    "multiTenantOrganizationInvitation",
];

impl Failure {
    fn of(error: &Error) -> Self {
        let (kind, id) = match error {
            Error::NotFound { id, .. } => ("notFound", Some(id.clone())),
            Error::Invalid { target, .. } => ("invalid", target.clone()),
            Error::UnsupportedQuery { .. } => ("unsupportedQuery", None),
            Error::AlreadyExists { .. } => ("alreadyExists", None),
            Error::Conflict { .. } => ("conflict", None),
            Error::Forbidden { .. } => ("forbidden", None),
            Error::LimitExceeded { .. } => ("limitExceeded", None),
            Error::Gone { .. } => ("gone", None),
            Error::Unavailable { .. } => ("unavailable", None),
            Error::Internal(text) => {
                tracing::error!(error = %text, "a command failed");
                return Self {
                    kind: "internal".to_owned(),
                    message: "the server's log says what went wrong.".to_owned(),
                    id: None,
                    object: None,
                };
            }
        };
        let object = match error {
            Error::NotFound { kind, .. } => Some((*kind).to_owned()),
            _ => None,
        };
        Self {
            kind: kind.to_owned(),
            message: error.to_string(),
            id,
            object,
        }
    }

    /// The same error, as far as a client tells errors apart.
    fn into_error(self) -> Error {
        match self.kind.as_str() {
            "notFound" => {
                let object = OBJECTS
                    .into_iter()
                    .find(|known| self.object.as_deref() == Some(known))
                    .unwrap_or("object");
                Error::not_found(object, self.id.unwrap_or_default())
            }
            "invalid" => Error::Invalid {
                target: self.id,
                message: self.message,
            },
            "forbidden" => Error::forbidden(self.message),
            "unavailable" => Error::unavailable(self.message, 10),
            "internal" => Error::internal(self.message),
            _ => Error::conflict(self.message),
        }
    }
}

/// A socket's path in a form that fits into an address, however deep the directory is.
struct Address {
    path: PathBuf,
    /// Keeps the directory open for as long as the path goes through its descriptor.
    _directory: Option<File>,
}

impl Address {
    fn of(path: &Path) -> std::io::Result<Self> {
        if path.as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
            return Ok(Self {
                path: path.to_owned(),
                _directory: None,
            });
        }
        let directory = File::open(path.parent().unwrap_or_else(|| Path::new(".")))?;
        let through = Path::new("/proc/self/fd")
            .join(directory.as_raw_fd().to_string())
            .join(path.file_name().unwrap_or_default());
        Ok(Self {
            path: through,
            _directory: Some(directory),
        })
    }
}

/// A bound socket. Its file goes with it.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Binds the socket at `path`. The caller holds the directory's lock and is in a runtime.
pub fn bind(path: &Path) -> Result<Listener> {
    let bound = || {
        if std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket()) {
            std::fs::remove_file(path)?;
        }
        let socket = UnixListener::bind(&Address::of(path)?.path)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(socket)
    };
    let socket = bound().map_err(|error: std::io::Error| {
        Error::unavailable(
            format!("Can't take commands at {}: {error}.", path.display()),
            30,
        )
    })?;
    Ok(Listener {
        socket,
        path: path.to_owned(),
    })
}

/// Serves commands until `shutdown` is done and the commands that were read are carried out.
/// `request_bytes_max` bounds the line of a command.
pub async fn serve<E, F>(
    listener: Listener,
    execute: E,
    request_bytes_max: u64,
    shutdown: impl Future<Output = ()> + Send,
) where
    E: Fn(Command, ProgressSink) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Answer>> + Send + 'static,
{
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            _ = connections.join_next(), if !connections.is_empty() => continue,
            accepted = listener.socket.accept(), if connections.len() < COMMANDS_MAX => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let execute = execute.clone();
                let stopped = stopped.clone();
                connections.spawn(answer(stream, execute, request_bytes_max, stopped));
            }
            Err(error) => {
                tracing::warn!(%error, "a command's connection couldn't be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let _ = stop.send(true);
    while connections.join_next().await.is_some() {}
}

async fn answer<E, F>(
    stream: UnixStream,
    execute: E,
    request_bytes_max: u64,
    mut stopped: watch::Receiver<bool>,
) where
    E: Fn(Command, ProgressSink) -> F,
    F: Future<Output = Result<Answer>> + Send + 'static,
{
    let (read, mut write) = stream.into_split();
    let command = tokio::select! {
        command = tokio::time::timeout(PATIENCE, receive(read, request_bytes_max)) => command,
        // Nothing has begun yet; the client tries again on the server that comes.
        _ = stopped.wait_for(|stopped| *stopped) => return,
    };
    let command = match command {
        Ok(Ok(Some(command))) => command,
        Ok(Ok(None)) | Err(_) => return,
        Ok(Err(error)) => return say(&mut write, &Line::Error(Failure::of(&error))).await,
    };
    let (sink, mut progress) = mpsc::channel(PROGRESS_WAITING_MAX);
    let sink = move |said| drop(sink.try_send(said));
    // In a task of its own, so that it doesn't depend on who still listens.
    let work = tokio::spawn(execute(command, Box::new(sink)));
    while let Some(said) = progress.recv().await {
        say(&mut write, &Line::Progress(said)).await;
    }
    let line = match work.await {
        Ok(Ok(answer)) => Line::Ok(answer),
        Ok(Err(error)) => Line::Error(Failure::of(&error)),
        Err(error) => Line::Error(Failure::of(&Error::internal(error))),
    };
    say(&mut write, &line).await;
}

/// Reads a command; none if the client went away without one.
async fn receive(read: OwnedReadHalf, bytes_max: u64) -> Result<Option<Command>> {
    let mut line = Vec::new();
    let mut reader = BufReader::new(read.take(bytes_max.saturating_add(1)));
    if reader.read_until(b'\n', &mut line).await.is_err() || line.is_empty() {
        return Ok(None);
    }
    if line.len() as u64 > bytes_max {
        return Err(Error::LimitExceeded {
            limit: "limits.import_bytes",
            message: format!(
                "The command has more than {bytes_max} bytes, which is the limit \
                (limits.import_bytes)."
            ),
        });
    }
    serde_json::from_slice(&line).map(Some).map_err(|_| {
        Error::bad_request(
            "The running server doesn't know this command: use the version of isopolity that it is.",
        )
    })
}

/// Writes a line. If the client doesn't take it, that's the client's affair.
async fn say(write: &mut OwnedWriteHalf, line: &Line) {
    let Ok(mut bytes) = serde_json::to_vec(line) else {
        return;
    };
    bytes.push(b'\n');
    let written = tokio::time::timeout(PATIENCE, write.write_all(&bytes)).await;
    if !matches!(written, Ok(Ok(()))) {
        tracing::debug!("a command's client went away");
    }
}

/// Whether a connection failed because nobody takes commands at the path.
fn nobody(path: &Path, error: &std::io::Error) -> Error {
    Error::unavailable(
        format!(
            "Another isopolity process is using the data directory, and doesn't take commands at {} \
            ({error}). It may be starting, ending, or be another command: try again, or end it.",
            path.display()
        ),
        1,
    )
}

/// Whether a server takes commands at the path.
pub async fn is_served(path: &Path) -> bool {
    match Address::of(path) {
        Ok(address) => UnixStream::connect(&address.path).await.is_ok(),
        Err(_) => false,
    }
}

/// Has a command carried out by the server at `path`.
pub async fn call(path: &Path, command: &Command, on_progress: OnProgress<'_>) -> Result<Answer> {
    let address = Address::of(path).map_err(|error| nobody(path, &error))?;
    let stream = UnixStream::connect(&address.path)
        .await
        .map_err(|error| nobody(path, &error))?;
    let mut request = serde_json::to_vec(command).map_err(Error::internal)?;
    request.push(b'\n');
    let (read, mut write) = stream.into_split();
    let ended = || {
        Error::unavailable(
            "The server ended before it answered. The command may have been carried out: look before you repeat it.",
            10,
        )
    };
    // A server that refuses a long command answers before it has read all of it.
    let sent = write.write_all(&request).await;
    let mut reader = BufReader::new(read.take(ANSWER_BYTES_MAX));
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line).await {
            Ok(length) if length > 0 && line.ends_with(b"\n") => {}
            _ if sent.is_err() => {
                return Err(Error::unavailable(
                    "The server ended before it took the command. Try again.",
                    1,
                ));
            }
            _ => return Err(ended()),
        }
        match serde_json::from_slice(&line).map_err(|_| ended())? {
            Line::Progress(said) => on_progress(said),
            Line::Ok(answer) => return Ok(answer),
            Line::Error(failure) => return Err(failure.into_error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex};

    use serde_json::json;
    use tokio::sync::oneshot;

    use super::*;

    struct Served {
        directory: tempfile::TempDir,
        done: Arc<AtomicU64>,
        stop: oneshot::Sender<()>,
        task: tokio::task::JoinHandle<()>,
    }

    impl Served {
        fn path(&self) -> PathBuf {
            self.directory.path().join("control.sock")
        }
        async fn end(self) {
            self.stop.send(()).unwrap();
            self.task.await.unwrap();
            assert!(!self.directory.path().join("control.sock").exists());
        }
    }

    /// A server whose executor answers by the command.
    fn served(bytes_max: u64) -> Served {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        // What a dead server left behind.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let listener = bind(&path).unwrap();
        let (stop, stopped) = oneshot::channel();
        let done = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&done);
        let execute = move |command, progress: ProgressSink| {
            let counter = Arc::clone(&counter);
            async move {
                match command {
                    Command::TenantList => {
                        for step in 1..=3 {
                            progress(Progress {
                                message: "Counting".into(),
                                done: step,
                                of: Some(3),
                            });
                        }
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        counter.fetch_add(1, Ordering::SeqCst);
                        Ok(json!({"value": ["Żółć", 1.5]}))
                    }
                    Command::Doctor => Err(Error::internal("a secret text")),
                    Command::KeysRotate { tenant } => Err(Error::not_found("tenant", tenant)),
                    _ => Err(Error::conflict("Not now.")),
                }
            }
        };
        let task = tokio::spawn(serve(listener, execute, bytes_max, async {
            let _ = stopped.await;
        }));
        Served {
            directory,
            done,
            stop,
            task,
        }
    }

    fn silent(_: Progress) {}

    #[tokio::test]
    async fn a_command_its_progress_and_its_answer() {
        let served = served(10_000);
        let mode = std::fs::metadata(served.path())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{mode:o}");
        let said = Mutex::new(Vec::new());
        let answer = call(&served.path(), &Command::TenantList, &|progress| {
            said.lock().unwrap().push(progress.done);
        })
        .await
        .unwrap();
        assert_eq!(answer, json!({"value": ["Żółć", 1.5]}));
        assert_eq!(*said.lock().unwrap(), [1, 2, 3]);
        served.end().await;
    }

    #[tokio::test]
    async fn errors_arrive_as_what_they_are() {
        let served = served(10_000);
        let path = served.path();
        let failed = async |command| call(&path, &command, &silent).await.unwrap_err();
        let tenant = "x".to_owned();
        let error = failed(Command::KeysRotate { tenant }).await;
        assert!(
            matches!(&error, Error::NotFound { kind: "tenant", id } if id == "x"),
            "{error:?}"
        );
        let tenant = "x".to_owned();
        let error = failed(Command::OrganizationLeave { tenant }).await;
        assert_eq!(error.to_string(), "Not now.");
        let error = failed(Command::Doctor).await;
        assert!(matches!(error, Error::Internal(_)), "{error:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
        served.end().await;
    }

    #[tokio::test]
    async fn a_command_is_carried_out_though_nobody_waits() {
        let served = served(10_000);
        let mut stream = UnixStream::connect(served.path()).await.unwrap();
        stream
            .write_all(b"{\"command\":\"tenantList\"}\n")
            .await
            .unwrap();
        let mut first = [0; 1];
        stream.read_exact(&mut first).await.unwrap();
        drop(stream);
        let done = Arc::clone(&served.done);
        // Shutting down waits for it as well.
        served.end().await;
        assert_eq!(done.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn silence_nonsense_and_too_much_are_harmless() {
        let served = served(1_000);
        let path = served.path();
        let silent_client = UnixStream::connect(&path).await.unwrap();
        for sent in [&b"nonsense\n"[..], b"{\"command\":\"dance\"}\n", b"\n"] {
            let mut stream = UnixStream::connect(&path).await.unwrap();
            stream.write_all(sent).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("{\"error\":"), "{answer}");
        }
        let long = Command::KeysRotate {
            tenant: "x".repeat(500_000),
        };
        let error = call(&path, &long, &silent).await.unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains("limits.import_bytes") || said.contains("took the command"),
            "{said}"
        );
        call(&path, &Command::TenantList, &silent).await.unwrap();
        assert!(is_served(&path).await);
        served.end().await;
        drop(silent_client);
    }

    #[tokio::test]
    async fn without_a_server_there_is_a_sentence() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        assert!(!is_served(&path).await);
        let error = call(&path, &Command::TenantList, &silent)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("try again"), "{error}");
    }

    #[tokio::test]
    async fn a_deep_directory_is_no_obstacle() {
        let directory = tempfile::tempdir().unwrap();
        let deep = directory.path().join("d".repeat(200));
        std::fs::create_dir(&deep).unwrap();
        let path = deep.join("control.sock");
        let listener = bind(&path).unwrap();
        assert!(is_served(&path).await);
        drop(listener);
        assert!(!path.exists());
    }
}
