//! Rounds of load: what the generator saw of a server, and the processor time that the server took.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{http::Client, machine, statistics::Sorted};

/// What the rounds found of one server.
#[derive(Default)]
pub(crate) struct Rounds(Vec<Value>);

impl Rounds {
    /// Lets a generator work, and notes what it found and what the server took for it.
    pub(crate) fn round(
        &mut self,
        process: u32,
        generate: impl FnOnce() -> Result<Value>,
    ) -> Result<Value> {
        let before = machine::cpu_seconds(process);
        let mut found = generate()?;
        let taken = machine::cpu_seconds(process) - before;
        // The warm-up's requests were the server's work too; they are few.
        let requests = found["requests"].as_f64().context("no requests")?;
        found["cpuMicrosecondsPerRequest"] = json!(taken * 1e6 / requests);
        self.0.push(found.clone());
        Ok(found)
    }

    /// Notes what a generator found beside another.
    pub(crate) fn add(&mut self, found: Value) {
        self.0.push(found);
    }

    /// One figure of all rounds.
    pub(crate) fn of(&self, name: &str) -> Sorted {
        Sorted::new(self.0.iter().filter_map(|round| round[name].as_f64()))
    }

    pub(crate) fn to_json(&self) -> Value {
        json!(self.0)
    }

    /// For a cell of the table.
    pub(crate) fn show(&self) -> String {
        format!(
            "{} requests/s, p99 {} ms, {} µs of processor each",
            self.of("requestsPerSecond").show(0),
            self.of("p99Milliseconds").show(2),
            self.of("cpuMicrosecondsPerRequest").show(1),
        )
    }
}

/// The ids of so many users of a tenant.
pub(crate) fn user_ids(client: &mut Client, count: usize) -> Result<Vec<String>> {
    let mut ids = Vec::with_capacity(count);
    let mut path = format!("/v1.0/users?$select=id&$top={}", count.min(999));
    while ids.len() < count {
        let page = client.json(&path)?;
        let list = page["value"].as_array().context("no users")?;
        ensure!(!list.is_empty(), "a page without users");
        let found = list.iter().filter_map(|user| user["id"].as_str());
        ids.extend(found.map(str::to_owned));
        let Some(next) = page["@odata.nextLink"].as_str() else {
            break;
        };
        let at = next.find("/v1.0/").context("a link to somewhere else")?;
        next.get(at..).unwrap_or_default().clone_into(&mut path);
    }
    ids.truncate(count);
    Ok(ids)
}
