//! One `isopolity serve` process.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::cli::binary;
use crate::engine;

/// How long a server may take until it accepts, and until it has drained.
const PATIENCE: Duration = Duration::from_secs(20);

/// How to start a server, beyond its data directory and address.
#[derive(Clone, Default)]
pub struct Options {
    /// Further arguments of `serve`.
    pub arguments: Vec<String>,
    /// Further environment variables.
    pub environment: Vec<(String, String)>,
}

impl Options {
    /// These further arguments.
    pub fn arguments(arguments: &[&str]) -> Self {
        Self {
            arguments: arguments.iter().map(ToString::to_string).collect(),
            ..Self::default()
        }
    }

    /// This further environment variable.
    #[must_use]
    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A process that prints its ready line; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// The address that the ready line names.
    pub(crate) url: String,
    log: PathBuf,
}

impl Server {
    pub(crate) fn start(data: &Path, log: &Path, listen: &str, options: &Options) -> Self {
        let stderr = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        let mut child = Command::new(binary())
            .arg("serve")
            .arg("--data")
            .arg(data)
            .args(["--listen", listen])
            .args(&options.arguments)
            .envs(engine::environment(data))
            // Nobody answers there: no test asks the world.
            .env("ISOPOLITY_DNS_SERVERS", "127.0.0.1:9")
            .envs(options.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(stderr))
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            let _ = stdout.read_line(&mut line);
            let _ = sender.send(line);
            // The pipe stays open, or the server's next line would end it.
            let _ = stdout.read_to_end(&mut Vec::new());
        });
        let line = receiver.recv_timeout(PATIENCE).unwrap_or_default();
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        let url = ready["url"].as_str().unwrap_or_default().to_owned();
        if ready["ready"] != true || url.is_empty() {
            let _ = child.kill();
            let _ = child.wait();
            panic!(
                "no ready line but {line:?}; the server's log: {}",
                tail(log)
            );
        }
        Self {
            child,
            url: url.trim_end_matches('/').to_owned(),
            log: log.to_owned(),
        }
    }

    /// Ends the process as a power cut would.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends the process a signal, by its name with a dash.
    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success(), "kill {signal}");
    }

    /// Asks the process to end, and waits for it.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        self.signal("-TERM");
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "not drained {PATIENCE:?} after SIGTERM; log: {}",
                tail(&self.log)
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// How many files and sockets the process has open.
    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))
            .unwrap()
            .count()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the server's log ends with: {}", tail(&self.log));
        }
        self.kill();
    }
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let mut text = String::new();
    if let Ok(mut file) = File::open(log) {
        let _ = file.read_to_string(&mut text);
    }
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
