//! An LDAP server beside ours: Debian's slapd with the same people in it, and clients that modify them.
//!
//! slapd keeps its entries in LMDB, which writes each commit to the disk before it is answered: it is
//! as durable as ours.

use std::{
    collections::HashSet,
    fmt::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use ldap3::{LdapConnAsync, Mod};
use serde_json::{Value, json};

use crate::{people, server, statistics::Sorted};

const SUFFIX: &str = "dc=bench,dc=example";
const ADMIN: &str = "cn=admin,dc=bench,dc=example";
const PASSWORD: &str = "bench";
/// The longest that slapd may take to answer after its start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running slapd.
pub(crate) struct Slapd {
    child: Child,
    url: String,
    people: usize,
}

impl Slapd {
    /// Where it is, if it is installed.
    fn program() -> Option<PathBuf> {
        let places = ["/usr/sbin/slapd", "/usr/libexec/slapd"];
        places.iter().map(PathBuf::from).find(|path| path.exists())
    }

    /// Starts it with so many people; none if it isn't installed.
    pub(crate) fn start(directory: &Path, people: usize) -> Result<Option<Self>> {
        let Some(program) = Self::program() else {
            return Ok(None);
        };
        let database = directory.join("slapd");
        std::fs::create_dir_all(&database)?;
        let configuration = database.join("slapd.conf");
        let data = database.join("data");
        std::fs::create_dir_all(&data)?;
        std::fs::write(&configuration, configured(&data))?;
        let file = database.join("people.ldif");
        std::fs::write(&file, ldif(people))?;
        // Filled without a commit for each entry: how it comes in isn't what is measured.
        let filled = Command::new(&program)
            .args(["-Tadd", "-q", "-f"])
            .arg(&configuration)
            .arg("-l")
            .arg(&file)
            .output()?;
        ensure!(
            filled.status.success(),
            "slapd can't be filled: {}",
            String::from_utf8_lossy(&filled.stderr)
        );
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let url = format!("ldap://127.0.0.1:{port}");
        // `-d 0` keeps it in the foreground.
        let child = Command::new(&program)
            .args(["-d", "0", "-h", &url, "-f"])
            .arg(&configuration)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut slapd = Self { child, url, people };
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = slapd.child.try_wait()? {
                bail!("slapd ended with {status}");
            }
            ensure!(started.elapsed() < PATIENCE, "slapd doesn't answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(slapd))
    }

    /// The number of the process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// What its clients have to do.
    pub(crate) fn orders(&self, connections: usize, seconds: f64, round: usize) -> Value {
        json!({
            "url": self.url,
            "people": self.people,
            "connections": connections,
            "seconds": seconds,
            "round": round,
        })
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lets this program's LDAP clients carry out orders.
pub(crate) fn generate(orders: &Value) -> Result<Value> {
    server::helper("ldap-load", orders)
}

fn configured(data: &Path) -> String {
    let modules = ["/usr/lib/ldap", "/usr/lib64/openldap"];
    let modules = modules.iter().find(|path| Path::new(path).exists());
    let modules = modules.copied().unwrap_or("/usr/lib/ldap");
    let schema = |name: &str| format!("include /etc/ldap/schema/{name}.schema\n");
    format!(
        "{}{}{}modulepath {modules}\nmoduleload back_mdb\nloglevel none\n\
         database mdb\nmaxsize 4294967296\nsuffix \"{SUFFIX}\"\nrootdn \"{ADMIN}\"\n\
         rootpw {PASSWORD}\ndirectory {}\nindex objectClass eq\nindex uid eq\nindex mail eq\n",
        schema("core"),
        schema("cosine"),
        schema("inetorgperson"),
        data.display(),
    )
}

fn dn(number: usize) -> String {
    format!("uid={},{SUFFIX}", people::alias(number))
}

fn ldif(count: usize) -> String {
    let mut text = format!(
        "dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: bench\no: Bench\n\n"
    );
    for number in 0..count {
        let person = people::person(number);
        let alias = &person.alias;
        // Writing to a string can't fail. Names in ASCII: LDIF would want the others in base64, and it makes no difference here.
        let _ = write!(
            text,
            "dn: {}\nobjectClass: inetOrgPerson\nuid: {alias}\ncn: {alias}\nsn: {alias}\n\
             mail: {alias}@bench.example\ntitle: {}\nou: {}\nemployeeNumber: {}\n\
             telephoneNumber: {}\nmobile: {}\npostalCode: {}\n\n",
            dn(number),
            person.job,
            person.department,
            person.employee,
            person.phone,
            person.mobile,
            person.postal_code,
        );
    }
    text
}

/// Carries out the orders on standard input: each connection modifies one person after the other.
pub(crate) fn load() -> Result<()> {
    server::carry_out(async |orders| modify(&orders).await)
}

async fn modify(orders: &Value) -> Result<Value> {
    let number = |name: &str| orders[name].as_u64().context("a number is missing");
    let url = orders["url"].as_str().context("no address")?.to_owned();
    let (connections, people) = (number("connections")? as usize, number("people")? as usize);
    let round = number("round")?;
    let seconds = Duration::from_secs_f64(orders["seconds"].as_f64().context("no seconds")?);
    let names: Rc<Vec<String>> = Rc::new((0..people).map(dn).collect());
    let mut tasks = Vec::new();
    let begin = Instant::now() + Duration::from_millis(500);
    let end = begin + seconds;
    for connection in 0..connections {
        let (names, url) = (Rc::clone(&names), url.clone());
        tasks.push(tokio::task::spawn_local(async move {
            let (driver, mut ldap) = LdapConnAsync::new(&url).await?;
            tokio::task::spawn_local(async move {
                // Its end shows at the next modification.
                let _ = driver.drive().await;
            });
            ldap.simple_bind(ADMIN, PASSWORD).await?.success()?;
            let mut times = Vec::new();
            let first = connection * names.len() / connections;
            for (turn, name) in names.iter().cycle().skip(first).enumerate() {
                let value = format!("Title {round}-{connection}-{turn}");
                let asked = Instant::now();
                let change = Mod::Replace("title", HashSet::from([value.as_str()]));
                ldap.modify(name, vec![change]).await?.success()?;
                let answered = Instant::now();
                if answered >= end {
                    break;
                }
                if asked >= begin {
                    times.push((answered - asked).as_secs_f64() * 1e3);
                }
            }
            ldap.unbind().await?;
            Ok::<_, anyhow::Error>(times)
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await??);
    }
    let count = all.len();
    ensure!(count > 0, "nothing was modified");
    let sorted = Sorted::new(all);
    Ok(json!({
        "requests": count,
        "requestsPerSecond": count as f64 / seconds.as_secs_f64(),
        "p50Milliseconds": sorted.median(),
        "p99Milliseconds": sorted.percentile(0.99),
        "maxMilliseconds": sorted.max(),
    }))
}
