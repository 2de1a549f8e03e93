//! Browsers that sign in: each asks the authorization endpoint, fills in the forms that come, and
//! redeems the code. It does the same at any OpenID provider; what its forms want is in the orders.
//!
//! Raw TCP on one thread, as `load`: it is the server that is measured.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt::Write as _,
    rc::Rc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};

use crate::{
    http::{self, Answer},
    server,
    statistics::Sorted,
};

/// More pages than these in one flow are a circle.
const PAGES_MAX: usize = 8;
/// RFC 7636, Appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Where in a text a person's name and password go.
pub(crate) const NAME: &str = "{name}";
pub(crate) const PASSWORD: &str = "{password}";

/// What all browsers share.
struct Work {
    host: String,
    authorize: String,
    callback: String,
    token: String,
    redeem: bool,
    /// Whether a browser stays signed in after its first flow.
    stay: bool,
    client: String,
    /// What a page shows, and with what its form is filled in then.
    forms: Vec<(String, String)>,
    people: Vec<String>,
    password: String,
    begin: Instant,
    end: Instant,
    milliseconds: RefCell<Vec<f64>>,
    access_token: RefCell<String>,
    next: Cell<usize>,
}

/// Carries out the orders on standard input: `{"url","authorize","callback","token","client",
/// "forms":[[shown, fields]…],"people":[name…],"password","connections","seconds","warmUp"}`, and
/// `"stay"` for browsers that stay signed in, `"redeem":false` for flows that end with the code.
pub(crate) fn run() -> Result<()> {
    server::carry_out(async |orders| generate(&orders).await)
}

async fn generate(orders: &Value) -> Result<Value> {
    let text = |name: &str| -> Result<String> {
        let text = orders[name].as_str();
        Ok(text.with_context(|| format!("no {name}"))?.to_owned())
    };
    let seconds = |name: &str| -> Result<Duration> {
        let seconds = orders[name].as_f64();
        let seconds = seconds.with_context(|| format!("no {name}"))?;
        Ok(Duration::from_secs_f64(seconds))
    };
    let list = |name: &str| orders[name].as_array().cloned().unwrap_or_default();
    let forms = list("forms").into_iter().map(serde_json::from_value);
    let people = list("people").into_iter().map(serde_json::from_value);
    let url = text("url")?;
    let begin = Instant::now() + seconds("warmUp")?;
    let time = seconds("seconds")?;
    let work = Rc::new(Work {
        host: url
            .strip_prefix("http://")
            .context("an address")?
            .to_owned(),
        authorize: text("authorize")?,
        callback: text("callback")?,
        token: text("token")?,
        redeem: orders["redeem"] != false,
        stay: orders["stay"] == true,
        client: text("client")?,
        forms: forms.collect::<Result<_, _>>()?,
        people: people.collect::<Result<_, _>>()?,
        password: text("password")?,
        begin,
        end: begin + time,
        milliseconds: RefCell::default(),
        access_token: RefCell::default(),
        next: Cell::new(0),
    });
    ensure!(!work.people.is_empty(), "nobody to sign in");
    let connections = orders["connections"].as_u64().context("no connections")?;
    let mut tasks = Vec::new();
    for number in 0..connections as usize {
        tasks.push(tokio::task::spawn_local(browse(Rc::clone(&work), number)));
    }
    for task in tasks {
        task.await??;
    }
    let milliseconds = work.milliseconds.take();
    let count = milliseconds.len();
    ensure!(count > 0, "no flow came to its end");
    let sorted = Sorted::new(milliseconds);
    Ok(json!({
        "requests": count,
        "requestsPerSecond": count as f64 / time.as_secs_f64(),
        "p50Milliseconds": sorted.median(),
        "p99Milliseconds": sorted.percentile(0.99),
        "maxMilliseconds": sorted.max(),
        "accessToken": work.access_token.take(),
    }))
}

/// One browser after the other on one connection, or the same again.
async fn browse(work: Rc<Work>, own: usize) -> Result<()> {
    let stream = TcpStream::connect(&work.host).await?;
    stream.set_nodelay(true)?;
    let mut browser = Browser {
        work: Rc::clone(&work),
        stream,
        received: Vec::with_capacity(32 * 1024),
        cookies: BTreeMap::new(),
    };
    loop {
        // Whoever stays signed in is one person.
        let number = if work.stay { own } else { work.next.get() };
        work.next.set(work.next.get() + 1);
        let begun = Instant::now();
        if begun >= work.end {
            return Ok(());
        }
        if !work.stay {
            browser.cookies.clear();
        }
        let person = work.people.get(number % work.people.len());
        browser.flow(person.context("nobody")?).await?;
        let ended = Instant::now();
        if begun >= work.begin && ended < work.end {
            let taken = (ended - begun).as_secs_f64() * 1e3;
            work.milliseconds.borrow_mut().push(taken);
        }
    }
}

struct Browser {
    work: Rc<Work>,
    stream: TcpStream,
    received: Vec<u8>,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// From the authorization endpoint to the tokens.
    async fn flow(&mut self, person: &str) -> Result<()> {
        let work = Rc::clone(&self.work);
        let code = self.code(person).await?;
        if !work.redeem {
            return Ok(());
        }
        let fields = http::form(&[
            ("grant_type", "authorization_code"),
            ("client_id", &work.client),
            ("redirect_uri", &work.callback),
            ("code_verifier", VERIFIER),
        ]);
        // The code is as it stood in the address: escaped already.
        let fields = format!("{fields}&code={code}");
        let answer = self.send("POST", &work.token, &fields).await?;
        let tokens = answer.expect(200).context("the code isn't redeemed")?;
        ensure!(tokens["id_token"].is_string(), "no ID token: {tokens}");
        let token = tokens["access_token"].as_str().context("no access token")?;
        token.clone_into(&mut work.access_token.borrow_mut());
        Ok(())
    }

    /// The code that the browser is sent back with.
    async fn code(&mut self, person: &str) -> Result<String> {
        let work = Rc::clone(&self.work);
        let authorize = work.authorize.replace(NAME, &http::escaped(person));
        let mut answer = self.send("GET", &authorize, "").await?;
        for _ in 0..PAGES_MAX {
            if let Some(location) = answer.header("location") {
                if let Some(query) = location.strip_prefix(&work.callback) {
                    let query = query.trim_start_matches('?');
                    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
                    let code = pairs.find(|(name, _)| *name == "code");
                    let (_, code) = code.with_context(|| format!("no code: {query}"))?;
                    return Ok(code.to_owned());
                }
                let path = self.path(location)?;
                answer = self.send("GET", &path, "").await?;
                continue;
            }
            let page = String::from_utf8_lossy(&answer.body).into_owned();
            let mut forms = work.forms.iter();
            let Some((_, fields)) = forms.find(|(shown, _)| page.contains(shown.as_str())) else {
                let (_, shown) = page.split_once("<body").unwrap_or(("", &page));
                bail!("a page that nobody expects ({}): {shown}", answer.status);
            };
            let mut body = fields
                .replace(NAME, &http::escaped(person))
                .replace(PASSWORD, &http::escaped(&work.password));
            let is_filled = |name: &str| {
                let mut pairs = fields.split('&').filter_map(|pair| pair.split_once('='));
                pairs.any(|(own, _)| own == name)
            };
            for (name, value) in hidden(&page) {
                if is_filled(&name) {
                    continue;
                }
                // Writing to a string can't fail.
                let _ = write!(body, "&{name}={}", http::escaped(&value));
            }
            let action = after(&page, "action=\"").context("a page without a form")?;
            let path = self.path(&action)?;
            answer = self.send("POST", &path, &body).await?;
        }
        bail!("{PAGES_MAX} pages, and no end")
    }

    /// The path of an address at this server.
    fn path(&self, address: &str) -> Result<String> {
        if address.starts_with('/') {
            return Ok(address.to_owned());
        }
        let rest = address.strip_prefix("http://");
        let rest = rest.and_then(|rest| rest.strip_prefix(self.work.host.as_str()));
        Ok(rest
            .with_context(|| format!("led to somewhere else: {address}"))?
            .to_owned())
    }

    async fn send(&mut self, method: &str, path: &str, form: &str) -> Result<Answer> {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let headers = [("cookie", cookies.as_str())];
        let headers = if cookies.is_empty() {
            &[][..]
        } else {
            &headers
        };
        let kind = if method == "POST" { http::FORM } else { "" };
        let host = &self.work.host;
        let request = http::request_with(method, path, host, headers, kind, form);
        self.received.clear();
        self.stream.write_all(&request).await?;
        let answer = loop {
            let count = self.stream.read_buf(&mut self.received).await?;
            ensure!(count > 0, "the server closed a connection");
            if let Some(frame) = http::frame(&self.received)? {
                break frame.answer(&self.received);
            }
        };
        for (_, set) in answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
        {
            let pair = set.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                if value.is_empty() || set.contains("Max-Age=0") {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        Ok(answer)
    }
}

/// What stands in a page after this, until the next quotation mark.
fn after(page: &str, start: &str) -> Option<String> {
    let (_, rest) = page.split_once(start)?;
    let (value, _) = rest.split_once('"')?;
    Some(value.replace("&quot;", "\"").replace("&amp;", "&"))
}

/// The hidden fields of a page's first form.
fn hidden(page: &str) -> Vec<(String, String)> {
    let form = page.split_once("<form").map_or("", |(_, rest)| rest);
    let form = form.split_once("</form").map_or(form, |(form, _)| form);
    form.split("<input")
        .skip(1)
        .filter_map(|input| input.split_once('>').map(|(input, _)| input))
        .filter(|input| input.contains("type=\"hidden\""))
        .filter_map(|input| {
            let value = after(input, "value=\"").unwrap_or_default();
            Some((after(input, "name=\"")?, value))
        })
        .collect()
}
