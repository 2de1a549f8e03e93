//! Running the binary to its end.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::engine;

/// The longest that a command may take before it counts as stuck.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a command left behind.
#[derive(Debug)]
pub struct Cli {
    /// The exit code; −1 if a signal ended it.
    pub code: i32,
    /// Standard output, if it is one JSON value.
    pub json: Option<Value>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Cli {
    /// The JSON of a command that has to succeed.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.code, 0, "the command failed: {self:?}");
        let Some(json) = self.json else {
            panic!("standard output isn't one JSON value: {self:?}");
        };
        json
    }

    /// Checks that the command was refused with a sentence on standard error.
    #[track_caller]
    pub fn refused(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{self:?}");
        assert!(
            !self.stderr.trim().is_empty(),
            "a refusal says why on standard error: {self:?}"
        );
        assert!(
            !self.stderr.contains("panicked") && !self.stderr.contains("RUST_BACKTRACE"),
            "a refusal isn't a panic: {self:?}"
        );
        self
    }
}

/// The binary under test: `ISOPOLITY_BIN`, else the release build of this workspace.
pub fn binary() -> PathBuf {
    let path = std::env::var_os("ISOPOLITY_BIN").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/release/isopolity"),
        PathBuf::from,
    );
    assert!(
        path.exists(),
        "{} doesn't exist: run `make build`, or name a binary in ISOPOLITY_BIN",
        path.display()
    );
    path
}

/// Runs the binary with these arguments and this standard input, and waits for it.
pub fn run(arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Cli {
    let scratch = tempfile::tempdir().unwrap();
    let [input_path, stdout_path, stderr_path] =
        ["in", "out", "err"].map(|name| scratch.path().join(name));
    std::fs::write(&input_path, input).unwrap();
    let mut child = Command::new(binary())
        .args(arguments)
        .envs(engine::environment_of(arguments, environment))
        .envs(environment.iter().copied())
        .stdin(File::open(input_path).unwrap())
        .stdout(Stdio::from(File::create(&stdout_path).unwrap()))
        .stderr(Stdio::from(File::create(&stderr_path).unwrap()))
        .spawn()
        .unwrap();
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            panic!(
                "isopolity {} isn't done after {PATIENCE:?}; standard error: {}",
                arguments.join(" "),
                std::fs::read_to_string(&stderr_path).unwrap_or_default()
            );
        }
        thread::sleep(Duration::from_millis(2));
    };
    let stdout = std::fs::read_to_string(&stdout_path).unwrap();
    Cli {
        code: status.code().unwrap_or(-1),
        json: serde_json::from_str(&stdout).ok(),
        stdout,
        stderr: std::fs::read_to_string(&stderr_path).unwrap(),
    }
}
