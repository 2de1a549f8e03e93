//! `kill -9` at random moments under concurrent writes and sync: everything acknowledged is there,
//! and every target ends up as its sources say. With the data in PostgreSQL, its processes are
//! killed too, in turn: the server's, the database's, both; who asks meanwhile gets 503 with
//! `Retry-After`, and the server finds its database again by itself.
//!
//! Three rounds by default; `E2E_SOAK_ROUNDS` asks for more (`make soak`: 200). The seed of the moments is printed, and
//! `E2E_SEED` repeats it (as far as processes on a real machine can be repeated).

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use e2e::{
    Caller, Deployment, Options, Tenant, client, engine, eventually_within, holds,
    organization::form_organization,
    postgres::Postgres,
    sharing::{external_users, home_upn_in, share_all, users},
};
use serde_json::{Value, json};

/// Who writes at the same time in each tenant.
const WRITERS: usize = 3;

/// What may be found of a user after a crash: the state that was acknowledged last and, if a call
/// was under way, the one that it asked for. A state is the job title; `None` is no user.
type Possible = Vec<Option<String>>;

/// Creates, changes and deletes users until no answer comes, and returns what may be found.
async fn write_until_the_end(
    caller: Caller,
    domain: String,
    prefix: String,
) -> BTreeMap<String, Possible> {
    let mut users = BTreeMap::new();
    for number in 0.. {
        let alias = format!("{prefix}-{number}");
        let upn = format!("{alias}@{domain}");
        let path = format!("/v1.0/users/{upn}");
        let create = json!({
            "accountEnabled": true, "displayName": alias, "mailNickname": alias,
            "userPrincipalName": upn, "jobTitle": "0",
            "passwordProfile": { "password": "Correct-horse-7-battery" },
        });
        let mut steps = vec![(
            caller.post("/v1.0/users", create),
            201,
            Some("0".to_owned()),
        )];
        for step in 1..=number % 4 {
            let title = step.to_string();
            let change = caller.patch(&path, json!({ "jobTitle": title }));
            steps.push((change, 204, Some(title)));
        }
        if number % 5 == 4 {
            steps.push((caller.delete(&path), 204, None));
        }
        let mut possible = vec![None];
        for (call, status, state) in steps {
            // 503: the database has gone, and nobody knows whether before or behind the change.
            let answer = call.attempt().await.filter(|answer| answer.status != 503);
            let Some(answer) = answer else {
                possible.push(state);
                users.insert(upn, possible);
                return users;
            };
            answer.expect(status);
            possible = vec![state];
        }
        users.insert(upn, possible);
    }
    users
}

/// Everything acknowledged is there, and nothing that wasn't asked for.
fn check_acknowledged(found: &[Value], expected: &BTreeMap<String, Possible>, domain: &str) {
    let found: BTreeMap<&str, &str> = found
        .iter()
        .map(|user| {
            let title = user["jobTitle"].as_str().unwrap_or_default();
            (user["userPrincipalName"].as_str().unwrap(), title)
        })
        .collect();
    for (upn, possible) in expected.iter().filter(|(upn, _)| upn.ends_with(domain)) {
        let there = found.get(upn.as_str()).map(|title| (*title).to_owned());
        assert!(
            possible.contains(&there),
            "{upn}: found {there:?}, expected one of {possible:?}"
        );
    }
}

/// The properties in which a synced user equals the one at home.
fn mapped(user: &Value) -> Vec<&Value> {
    ["displayName", "jobTitle", "mailNickname", "accountEnabled"]
        .iter()
        .map(|name| &user[*name])
        .collect()
}

/// The target has exactly what the source says.
async fn target_equals_source(source: &Tenant, target: &Tenant) {
    let mut expected = BTreeMap::new();
    let initial = home_upn_in(target, "x").await;
    let suffix = initial.trim_start_matches('x');
    for user in users(source).await {
        let upn = user["userPrincipalName"].as_str().unwrap().to_owned();
        if !upn.contains("#EXT#") {
            expected.insert(format!("{}{suffix}", upn.replace('@', "_")), user);
        }
    }
    let what = format!("{} is in {} as at home", source.name, target.name);
    eventually_within(Duration::from_mins(1), &what, async || {
        let there: BTreeMap<String, Value> = external_users(target)
            .await
            .into_iter()
            .map(|user| (user["userPrincipalName"].as_str().unwrap().to_owned(), user))
            .collect();
        holds(
            there.keys().eq(expected.keys()),
            format!("{} there, {} at home", there.len(), expected.len()),
        )?;
        for (upn, user) in &there {
            holds(
                mapped(user) == mapped(&expected[upn]),
                format!("{user} instead of {}", expected[upn]),
            )?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let rounds: u64 = number("E2E_SOAK_ROUNDS").unwrap_or(3);
    let mut seed: u64 = number("E2E_SEED").unwrap_or_else(|| RandomState::new().hash_one(0) >> 16);
    eprintln!("E2E_SEED={seed} E2E_SOAK_ROUNDS={rounds}");

    let database = (!engine::are_files()).then(Postgres::start);
    let options = match &database {
        Some(database) => Options::default().with_env("DATABASE_URL", &database.url()),
        None => Options::default(),
    };
    let d = Arc::new(Deployment::start_with(options));
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    form_organization(&[&contoso, &fabrikam]).await;
    share_all(&contoso).await;
    share_all(&fabrikam).await;
    // Each fifth user is deleted again, which many rounds would add up to too many.
    for tenant in [&contoso, &fabrikam] {
        let guard = "/beta/isopolity/userSharing/deletionGuard";
        tenant
            .patch(guard, json!({ "isEnabled": false }))
            .await
            .expect(204);
    }

    for round in 0..rounds {
        // Connections of the last round's process are of no use.
        let fresh = client();
        let mut writers = Vec::new();
        for tenant in [&contoso, &fabrikam] {
            for writer in 0..WRITERS {
                let prefix = format!("r{round}-w{writer}");
                let caller = tenant.through(fresh.clone());
                let domain = tenant.domain.clone();
                writers.push(tokio::spawn(write_until_the_end(caller, domain, prefix)));
            }
        }
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        tokio::time::sleep(Duration::from_millis(30 + (seed >> 33) % 500)).await;
        let database = database.as_ref().filter(|_| round % 3 != 0);
        let is_server = database.is_none() || round % 3 == 2;
        if is_server {
            d.kill9();
        }
        if let Some(database) = database {
            database.kill9();
        }
        let mut expected = BTreeMap::new();
        for writer in writers {
            expected.extend(writer.await.unwrap());
        }
        if let Some(database) = database {
            if !is_server {
                let answer = contoso.through(client()).get("/v1.0/users?$top=1").await;
                answer.expect(503);
            }
            database.begin();
        }
        if is_server {
            d.start_server();
        }
        for tenant in [&contoso, &fabrikam] {
            let what = format!("{} is served again", tenant.name);
            eventually_within(Duration::from_secs(30), &what, async || {
                let answer = tenant.get("/v1.0/users?$top=1").await;
                holds(answer.status == 200, answer.status)
            })
            .await;
        }
        for tenant in [&contoso, &fabrikam] {
            check_acknowledged(&users(tenant).await, &expected, &tenant.domain);
        }
        target_equals_source(&contoso, &fabrikam).await;
        target_equals_source(&fabrikam, &contoso).await;
        d.finish().await;
    }
}
