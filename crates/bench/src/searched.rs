//! `filter` and `delta`: what is asked among very many users. Neither may grow with their number.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{
    context::{Context, say},
    deployment::{Deployment, Template},
    people::{self, Numbers},
    report::{Figure, Report},
    rounds::user_ids,
    statistics::Sorted,
};

const MS_MAX: f64 = 5.0;

/// Writes the filter that finds a person, by number and domain, and whatever goes with it.
type Expression = fn(usize, &str) -> String;

pub(crate) fn run(context: &Context) -> Result<Vec<Report>> {
    let (users, questions) = (context.plan.searched_users, context.plan.questions);
    say(&format!("searched: a tenant with {users} users"));
    let template = Template::prepare(context.scratch(), &[users])?;
    let import = template.import_seconds;
    let mut deployment = template.into_deployment()?;
    let reports = vec![
        filter(&deployment, users, questions, import)?,
        delta(&deployment, users, questions)?,
    ];
    deployment.stop()?;
    Ok(reports)
}

/// Filters on indexed properties, each question for somebody else.
fn filter(deployment: &Deployment, users: usize, questions: usize, import: f64) -> Result<Report> {
    let mut client = deployment.client(0)?;
    let domain = deployment.tenant(0)?.domain.clone();
    let kinds: [(&str, Expression); 5] = [
        ("userPrincipalName eq", |number, domain| {
            format!(
                "userPrincipalName%20eq%20'{}@{domain}'",
                people::alias(number)
            )
        }),
        ("mail eq", |number, domain| {
            format!("mail%20eq%20'{}@{domain}'", people::alias(number))
        }),
        ("employeeId eq", |number, _| {
            format!("employeeId%20eq%20'{}'", people::person(number).employee)
        }),
        ("startswith(userPrincipalName)", |number, _| {
            format!("startswith(userPrincipalName,'{}')", people::alias(number))
        }),
        ("department eq, a page of 100", |number, _| {
            let department = people::person(number).department.replace(' ', "%20");
            format!("department%20eq%20'{department}'&$top=100")
        }),
    ];
    let (mut figures, mut details) = (Vec::new(), Vec::new());
    for (name, write) in kinds {
        say(&format!("filter: {name}"));
        let mut numbers = Numbers::new(31);
        let mut times = Vec::new();
        for turn in 0..questions + 20 {
            let expression = write(numbers.below(users - 1), &domain);
            let path = format!("/v1.0/users?$filter={expression}");
            let asked = Instant::now();
            let answer = client.get(&path)?;
            let taken = asked.elapsed().as_secs_f64() * 1e3;
            let found = answer.expect(200)?;
            ensure!(
                found["value"]
                    .as_array()
                    .is_some_and(|list| !list.is_empty()),
                "{path}: nobody was found"
            );
            if turn >= 20 {
                times.push(taken);
            }
        }
        let times = Sorted::new(times);
        let p99 = times.percentile(0.99);
        figures.push(Figure::new(
            &format!("$filter={name}, among {users} users"),
            format!(
                "p50 {:.2} ms, p99 {p99:.2} ms, max {:.1} ms",
                times.median(),
                times.max()
            ),
            "p99 < 5 ms",
            p99 < MS_MAX,
        ));
        details
            .push(json!({"filter": name, "p99Milliseconds": p99, "milliseconds": times.to_json()}));
    }
    figures.push(Figure::information(
        &format!("import of the {users} users from CSV"),
        format!("{import:.1} s"),
    ));
    Ok(Report {
        bench: "filter",
        figures,
        details: json!({"users": users, "importSeconds": import, "filters": details}),
    })
}

/// A round of a delta after one change: asked with the last link, it names the one that changed.
fn delta(deployment: &Deployment, users: usize, questions: usize) -> Result<Report> {
    say("delta: rounds after one change");
    let mut client = deployment.client(0)?;
    let ids = user_ids(&mut client, 500.min(users - 1))?;
    let path = "/v1.0/users/delta?$deltatoken=latest&$select=jobTitle";
    let mut link = next(&client.json(path)?)?;
    let mut times = Vec::new();
    for turn in 0..questions / 2 {
        let id = ids.get(turn % ids.len()).context("nobody to change")?;
        let body = json!({"jobTitle": format!("Title {turn}")});
        let changed = client.send_json("PATCH", &format!("/v1.0/users/{id}"), &body)?;
        ensure!(
            changed.status == 204,
            "a change was answered with {}",
            changed.status
        );
        let asked = Instant::now();
        let answer = client.get(&link)?;
        let taken = asked.elapsed().as_secs_f64() * 1e3;
        let answer = answer.expect(200)?;
        ensure!(
            answer["value"]
                .as_array()
                .is_some_and(|list| list.len() == 1)
                && answer["value"][0]["id"] == id.as_str(),
            "a round of the delta named somebody else: {answer}"
        );
        link = next(&answer)?;
        times.push(taken);
    }
    let times = Sorted::new(times);
    let p99 = times.percentile(0.99);
    let figure = Figure::new(
        &format!("a delta round after 1 change among {users} users"),
        format!(
            "p50 {:.2} ms, p99 {p99:.2} ms, max {:.1} ms",
            times.median(),
            times.max()
        ),
        "p99 < 5 ms",
        p99 < MS_MAX,
    );
    Ok(Report {
        bench: "delta",
        figures: vec![figure],
        details: json!({"users": users, "p99Milliseconds": p99, "milliseconds": times.to_json()}),
    })
}

/// The path of the link that the next round asks with.
fn next(answer: &Value) -> Result<String> {
    let link = answer["@odata.deltaLink"]
        .as_str()
        .context("no delta link")?;
    let at = link
        .find("/v1.0/")
        .context("a delta link to somewhere else")?;
    Ok(link.get(at..).unwrap_or_default().to_owned())
}
