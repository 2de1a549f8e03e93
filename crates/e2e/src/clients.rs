//! Other people's clients, which `make clients` installs under `target/clients`.

use std::{
    ffi::OsStr,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A client that has run to its end.
#[derive(Debug)]
pub struct Ran {
    /// Whether it ended with 0.
    pub is_well: bool,
    /// What it wrote, to standard output and standard error.
    pub text: String,
}

/// A file of `crates/e2e/clients`.
pub fn source(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("clients")
        .join(file)
}

/// Where the clients are installed.
fn installed(file: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        PathBuf::from,
    );
    let path = target.join("clients").join(file);
    assert!(
        path.exists(),
        "{} doesn't exist: run `make clients`",
        path.display()
    );
    path
}

/// The interpreter that has Microsoft's SDK for Python, and schemathesis.
pub fn python() -> Command {
    let mut python = Command::new(installed("python/bin/python"));
    python.env("PYTHONUNBUFFERED", "1");
    python
}

/// Node.js with a script of ours that finds Microsoft's SDK for JavaScript.
pub fn node(script: &str) -> Command {
    // A module finds its packages from where it stands.
    let beside = installed("javascript").join(Path::new(script).file_name().unwrap());
    std::fs::copy(source(script), &beside).unwrap();
    let mut node = Command::new("node");
    node.arg(beside);
    node
}

/// Runs a client with this standard input, for so long at most.
pub fn run(client: &mut Command, input: impl AsRef<[u8]>, patience: Duration) -> Ran {
    let scratch = tempfile::tempdir().unwrap();
    let [input_path, output_path] = ["in", "out"].map(|name| scratch.path().join(name));
    std::fs::write(&input_path, input).unwrap();
    let output = File::create(&output_path).unwrap();
    let mut child = client
        .env_remove("HTTP_PROXY")
        .env_remove("HTTPS_PROXY")
        .stdin(File::open(input_path).unwrap())
        .stdout(Stdio::from(output.try_clone().unwrap()))
        .stderr(Stdio::from(output))
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", name(client.get_program())));
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if started.elapsed() > patience {
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
        thread::sleep(Duration::from_millis(10));
    };
    let mut text = String::from_utf8_lossy(&std::fs::read(&output_path).unwrap()).into_owned();
    if status.is_none() {
        text += "\nnot done in time";
    }
    Ran {
        is_well: status.is_some_and(|status| status.success()),
        text,
    }
}

fn name(program: &OsStr) -> String {
    program.to_string_lossy().into_owned()
}
