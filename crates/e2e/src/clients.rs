//! Other people's clients, which `make clients` installs under `target/clients`.

use std::{
    ffi::OsStr,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};

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
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

/// Node.js with a script of ours that finds Microsoft's SDK for JavaScript.
pub fn node(script: &str) -> Command {
    // A module finds its packages, and those beside it, from where it stands.
    let beside = installed("javascript");
    let path = source(script);
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let module = entry.unwrap().path();
        if module.extension() != Some(OsStr::new("mjs")) {
            continue;
        }
        // Another test may be reading it: it gets a whole one, before or after.
        let copy = tempfile::NamedTempFile::new_in(&beside).unwrap();
        std::fs::copy(&module, copy.path()).unwrap();
        copy.persist(beside.join(module.file_name().unwrap()))
            .unwrap();
    }
    let mut node = Command::new("node");
    node.arg(beside.join(path.file_name().unwrap()));
    node
}

/// A key with its certificate, as the scripts take them: the key in PEM, the certificate in base64,
/// and its SHA-256 in hexadecimal digits.
pub fn certificate() -> Value {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let certificate = CertificateParams::new(Vec::new())
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let sha256: String = digest(&SHA256, certificate.der())
        .as_ref()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|half| char::from_digit(u32::from(half), 16))
        .collect();
    json!({
        "key": key.serialize_pem(),
        "der": BASE64_STANDARD.encode(certificate.der()),
        "sha256": sha256,
    })
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
