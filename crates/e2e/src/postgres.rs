//! A PostgreSQL server of a test's own, which the test may kill: Debian's, unprivileged, on a free
//! port, removed with its directory.

use std::{
    fmt::Write as _,
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// How long the server may take to begin or to be gone.
const PATIENCE: Duration = Duration::from_mins(1);

/// A PostgreSQL server with an empty database.
pub struct Postgres {
    home: TempDir,
    programs: PathBuf,
    port: u16,
}

/// What a server shows who it is, and the authority that says so; PEM.
#[derive(Clone, Copy)]
pub struct Certificate<'a> {
    /// The server's certificate.
    pub certificate: &'a str,
    /// Its private key.
    pub key: &'a str,
}

impl Postgres {
    /// A running server.
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// A running server that takes connections by TLS only.
    pub fn start_with_tls(certificate: Certificate<'_>) -> Self {
        Self::start_with(Some(certificate))
    }

    fn start_with(certificate: Option<Certificate<'_>>) -> Self {
        let home = tempfile::Builder::new()
            .prefix("isopolity-e2e-postgres.")
            .tempdir_in("/tmp")
            .unwrap();
        let postgres = Self {
            programs: programs(),
            port: free_port(),
            home,
        };
        Self::own(postgres.home.path());
        let data = postgres.data();
        let data_text = data.to_str().unwrap();
        postgres.run(
            "initdb",
            &["-D", data_text, "-U", "postgres", "--auth=trust"],
            &["--no-sync", "-E", "UTF8", "--locale=C.UTF-8"],
        );
        let mut settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = ''\n\
             max_connections = 200\n",
            postgres.port
        );
        if let Some(Certificate { certificate, key }) = certificate {
            for (name, text) in [("server.crt", certificate), ("server.key", key)] {
                let path = data.join(name);
                fs::write(&path, text).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
                Self::own(&path);
            }
            settings.push_str("ssl = on\n");
            let only_tls = "hostssl all all 127.0.0.1/32 trust\n";
            fs::write(data.join("pg_hba.conf"), only_tls).unwrap();
        }
        let path = data.join("postgresql.conf");
        let mut text = fs::read_to_string(&path).unwrap();
        write!(text, "{settings}").unwrap();
        fs::write(&path, text).unwrap();
        postgres.begin();
        postgres.run(
            "psql",
            &["-qAt", "-U", "postgres", "-h"],
            &[
                "127.0.0.1",
                "-p",
                &postgres.port.to_string(),
                "-c",
                "CREATE ROLE isopolity LOGIN",
                "-c",
                "CREATE DATABASE isopolity OWNER isopolity",
            ],
        );
        postgres
    }

    /// The address of the database; its role is no superuser.
    pub fn url(&self) -> String {
        format!("postgres://isopolity@127.0.0.1:{}/isopolity", self.port)
    }

    /// Kills every process of the server, as a power cut would.
    pub fn kill9(&self) {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let postmaster: u32 = file.lines().next().unwrap().trim().parse().unwrap();
        // Stopped, it makes no more of them.
        signal("-STOP", postmaster);
        let processes = [children_of(postmaster), vec![postmaster]].concat();
        for process in &processes {
            signal("-KILL", *process);
        }
        let started = Instant::now();
        for process in processes {
            while is_alive(process) {
                assert!(started.elapsed() < PATIENCE, "{process} outlives SIGKILL");
                thread::sleep(Duration::from_millis(2));
            }
        }
        // Its number may live on in a process that nobody has asked for yet, and would keep a new
        // server from starting.
        fs::remove_file(self.data().join("postmaster.pid")).unwrap();
    }

    /// Starts the server (again) and waits until it accepts.
    pub fn begin(&self) {
        let (data, log) = (self.data(), self.home.path().join("log"));
        let arguments = ["-D", data.to_str().unwrap(), "-l", log.to_str().unwrap()];
        self.run("pg_ctl", &arguments, &["-t", "60", "-w", "start"]);
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// PostgreSQL refuses to run as root; Debian's package brings a user for it.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid",
                "postgres",
                "--regid",
                "postgres",
                "--clear-groups",
            ]);
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/").stdin(Stdio::null());
        command.env("HOME", self.home.path());
        command
    }

    fn run(&self, program: &str, arguments: &[&str], more: &[&str]) {
        let mut command = self.command(program);
        command.args(arguments).args(more);
        // What stays behind mustn't hold a pipe of ours open.
        let out = self.home.path().join("out");
        let file = fs::File::create(&out).unwrap();
        let status = command
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .status()
            .unwrap();
        assert!(
            status.success(),
            "{program}: {}\n{}",
            fs::read_to_string(&out).unwrap_or_default(),
            fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
        );
    }

    fn own(path: &Path) {
        if is_root() {
            let status = Command::new("chown").arg("postgres:").arg(path).status();
            assert!(status.unwrap().success(), "chown {}", path.display());
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.data();
        let _ = self
            .command("pg_ctl")
            .args(["-D", data.to_str().unwrap_or_default()])
            .args(["-m", "immediate", "-w", "stop"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

fn signal(signal: &str, process: u32) {
    let _ = Command::new("kill")
        .args([signal, &process.to_string()])
        .stderr(Stdio::null())
        .status();
}

/// A port at which nobody listens, below those that the system gives to outgoing connections: none
/// of these may take it while the server is down.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let number = std::process::id() * 7 + u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 12_000 + u16::try_from(number % 8_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn is_root() -> bool {
    // The owner of one's own entry in /proc is oneself.
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}

/// Where Debian keeps the newest version's programs.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL: run scripts/setup.sh");
    let newest = versions.filter_map(|entry| {
        let entry = entry.ok()?;
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        Some((version, entry.path().join("bin")))
    });
    newest.max().expect("a version of PostgreSQL").1
}

fn status_of(process: u32) -> Option<String> {
    fs::read_to_string(format!("/proc/{process}/status")).ok()
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()
}

fn is_alive(process: u32) -> bool {
    status_of(process).is_some_and(|status| field(&status, "State:") != Some("Z"))
}

fn children_of(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap();
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|process| {
            let status = status_of(*process).unwrap_or_default();
            field(&status, "PPid:").and_then(|it| it.parse().ok()) == Some(parent)
        })
        .collect()
}
