//! Processes: the server under measure, its command line, and our own helpers.

use std::{
    ffi::OsStr,
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// The longest that a process may take to be ready, or to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// The binary: `ISOPOLITY_BIN`, else the release build of this workspace.
pub(crate) fn binary() -> Result<PathBuf> {
    let path = std::env::var_os("ISOPOLITY_BIN").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/release/isopolity"),
        PathBuf::from,
    );
    ensure!(
        path.exists(),
        "target/release/isopolity doesn't exist: run `make build`, or name a binary in ISOPOLITY_BIN"
    );
    Ok(path)
}

/// A process that said on its first line that it is ready, and where.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    /// Starts the server on a data directory, on a port that the system gives it.
    pub(crate) fn start(data: &Path, log: &Path) -> Result<Self> {
        let mut command = Command::new(binary()?);
        command
            .arg("serve")
            .arg("--data")
            .arg(data)
            .args(["--listen", "127.0.0.1:0"]);
        command.stderr(File::options().create(true).append(true).open(log)?);
        Self::spawn(command, None).with_context(|| format!("the server's log ends: {}", tail(log)))
    }

    /// Starts this program as the bare server, with what it has to answer.
    pub(crate) fn start_bare(answers: &Value) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare-server");
        Self::spawn(command, Some(answers))
    }

    fn spawn(mut command: Command, input: Option<&Value>) -> Result<Self> {
        command.stdout(Stdio::piped());
        command.stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        let mut child = command.spawn().context("a process can't be started")?;
        if let Some(input) = input {
            // Its standard input stays open: the helper ends when it closes.
            let stdin = child.stdin.as_mut().context("no standard input")?;
            writeln!(stdin, "{input}")?;
            stdin.flush()?;
        }
        let mut stdout = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut server = Self {
            child,
            url: String::new(),
        };
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = stdout.read_line(&mut line);
            let _ = sender.send(line);
            // The pipe stays open, or the process's next line would end it.
            let _ = stdout.read_to_end(&mut Vec::new());
        });
        let line = receiver.recv_timeout(PATIENCE).unwrap_or_default();
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        ensure!(
            ready["ready"] == true,
            "the process isn't ready after {PATIENCE:?}: {line:?}"
        );
        let url = ready["url"]
            .as_str()
            .context("the ready line has no address")?;
        url.trim_end_matches('/').clone_into(&mut server.url);
        Ok(server)
    }

    /// The number of the process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// SIGTERM, and waits.
    pub(crate) fn stop(mut self) -> Result<()> {
        let process = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &process]).status()?;
        ensure!(asked.success(), "the server can't be asked to end");
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the server ended with {status}");
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("the server isn't drained {PATIENCE:?} after SIGTERM")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already, mostly.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command of the product on a data directory and returns its JSON.
pub(crate) fn cli<S: AsRef<OsStr>>(data: &Path, arguments: &[S]) -> Result<Value> {
    let mut command = Command::new(binary()?);
    command
        .args(arguments)
        .env("ISOPOLITY_DATA", data)
        .stdin(Stdio::null());
    finished(command, "")
}

/// Runs this program as one of its helpers (a load generator) with orders on standard input.
pub(crate) fn helper(name: &str, orders: &Value) -> Result<Value> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(name).stdin(Stdio::piped());
    finished(command, &orders.to_string())
}

/// Is such a helper: carries out the orders on standard input on one thread, and prints its report.
pub(crate) fn carry_out(work: impl AsyncFnOnce(Value) -> Result<Value>) -> Result<()> {
    let orders: Value = serde_json::from_reader(std::io::stdin().lock())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = tokio::task::LocalSet::new().block_on(&runtime, work(orders))?;
    println!("{report}");
    Ok(())
}

fn finished(mut command: Command, input: &str) -> Result<Value> {
    let name: Vec<_> = command
        .get_args()
        .take(2)
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let name = name.join(" ");
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "`{name}` failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    serde_json::from_slice(&output.stdout).with_context(|| format!("`{name}` didn't answer JSON"))
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let mut lines: Vec<&str> = text.lines().rev().take(10).collect();
    lines.reverse();
    lines.join(" / ")
}
