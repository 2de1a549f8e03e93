//! Several servers on one database: each serves every tenant, the work between tenants is shared, and
//! whatever happens to one of them, nothing is lost and nothing is done twice.
//!
//! On PostgreSQL only; on files a data directory has one server.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use e2e::{
    Caller, Deployment, Options, SHARING, Tenant, binary, engine, eventually_within, holds,
    organization::form_organization,
    sharing::{external_users, share_all, users},
};
use serde_json::json;

/// Longer than a lease.
const STOPPED: Duration = Duration::from_secs(12);
/// Within which others take over, and news gets around.
const SOON: Duration = Duration::from_secs(30);

/// So many servers of one database, the first of which has made the deployment's key. `None` on files.
fn servers(count: usize) -> Option<Vec<Deployment>> {
    if engine::are_files() {
        return None;
    }
    let first = Deployment::stopped(Options::default());
    let database = engine::database_url(&first.data()).unwrap();
    let url = first.url().to_owned();
    let options = |own: &str| {
        let mut options = Options::default().with_env("DATABASE_URL", &database);
        if own != url {
            options.arguments = vec!["--public-url".into(), url.clone()];
        }
        options
    };
    first.set_options(options(&url));
    first.start_server();
    let mut servers = vec![first];
    for _ in 1..count {
        let server = Deployment::stopped(Options::default());
        server.set_options(options(server.url()));
        let key = servers[0].data().join("deployment.key");
        copy_key(&key, &server.data());
        server.start_server();
        servers.push(server);
    }
    Some(servers)
}

fn copy_key(key: &Path, data: &Path) {
    fs::create_dir_all(data).unwrap();
    fs::set_permissions(data, fs::Permissions::from_mode(0o700)).unwrap();
    fs::copy(key, data.join("deployment.key")).unwrap();
}

/// A tenant's application at another server.
async fn at(server: &Deployment, tenant: &Tenant) -> Caller {
    server
        .caller(&tenant.id, &tenant.client_id, &tenant.client_secret)
        .await
}

/// Creates users until told to stop or the server is gone; answers whom it was told of, and whom
/// there may be besides.
async fn create_until(
    stop: Arc<AtomicBool>,
    caller: Caller,
    domain: String,
    prefix: String,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut certain, mut possible) = (BTreeSet::new(), BTreeSet::new());
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let alias = format!("{prefix}-{number}");
        let upn = format!("{alias}@{domain}");
        let body = json!({
            "accountEnabled": true, "displayName": alias, "mailNickname": alias,
            "userPrincipalName": upn, "passwordProfile": { "password": "Correct-horse-7-battery" },
        });
        match caller.post("/v1.0/users", body).attempt().await {
            Some(answer) if answer.status == 201 => certain.insert(upn),
            Some(answer) if answer.status == 503 => possible.insert(upn),
            Some(answer) => panic!("{answer:?}"),
            None => {
                possible.insert(upn);
                break;
            }
        };
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    (certain, possible)
}

/// The target has each of the source's people once, and nobody else from there.
async fn is_in(source: &Tenant, target: &Tenant) {
    let what = format!("{} is in {} as at home", source.name, target.name);
    eventually_within(Duration::from_mins(1), &what, async || {
        let home: BTreeSet<String> = users(source)
            .await
            .iter()
            .map(|user| user["userPrincipalName"].as_str().unwrap().to_owned())
            .filter(|upn| !upn.contains("#EXT#"))
            .map(|upn| upn.replace('@', "_"))
            .collect();
        let there: Vec<String> = external_users(target)
            .await
            .iter()
            .map(|user| user["userPrincipalName"].as_str().unwrap().to_owned())
            .map(|upn| upn.split("#EXT#").next().unwrap().to_owned())
            .collect();
        let once: BTreeSet<String> = there.iter().cloned().collect();
        holds(there.len() == once.len(), "somebody is there twice")?;
        holds(
            once == home,
            format!("{} there, {} at home", once.len(), home.len()),
        )
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_killed_and_one_is_stopped_and_nothing_is_lost_or_done_twice() {
    let Some(servers) = servers(3) else { return };
    let [a, b, c] = servers.as_slice() else {
        panic!("three servers")
    };
    let contoso = a.tenant("Contoso").await;
    let fabrikam = a.tenant("Fabrikam").await;
    form_organization(&[&contoso, &fabrikam]).await;
    share_all(&contoso).await;
    share_all(&fabrikam).await;

    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for (name, server) in [("a", a), ("b", b), ("c", c)] {
        for tenant in [&contoso, &fabrikam] {
            let caller = at(server, tenant).await;
            let (stop, domain) = (Arc::clone(&stop), tenant.domain.clone());
            writers.push(tokio::spawn(create_until(
                stop,
                caller,
                domain,
                name.to_owned(),
            )));
        }
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    c.kill9();
    b.signal("-STOP");
    // Whichever of them did the work, those that are left do it soon.
    let late = contoso.user("late").await;
    let late = contoso
        .get(&format!("/v1.0/users/{late}"))
        .await
        .expect(200);
    let name = late["userPrincipalName"]
        .as_str()
        .unwrap()
        .replace('@', "_");
    let stopped = tokio::time::Instant::now();
    eventually_within(SOON, "the work is taken over", async || {
        let there = external_users(&fabrikam).await;
        let is_there = |user: &serde_json::Value| {
            let upn = user["userPrincipalName"].as_str().unwrap_or_default();
            upn.starts_with(&name)
        };
        holds(there.iter().any(is_there), there.len())
    })
    .await;
    tokio::time::sleep_until(stopped + STOPPED).await;
    b.signal("-CONT");
    tokio::time::sleep(Duration::from_secs(2)).await;
    stop.store(true, Ordering::Relaxed);
    let (mut certain, mut possible) = (BTreeSet::new(), BTreeSet::new());
    for writer in writers {
        let (told, maybe) = writer.await.unwrap();
        certain.extend(told);
        possible.extend(maybe);
    }
    assert!(certain.len() > 20, "hardly anybody: {}", certain.len());

    for tenant in [&contoso, &fabrikam] {
        let made = ["a-", "b-", "c-"];
        let found: BTreeSet<String> = users(tenant)
            .await
            .iter()
            .map(|user| user["userPrincipalName"].as_str().unwrap().to_owned())
            .filter(|upn| !upn.contains("#EXT#") && made.iter().any(|it| upn.starts_with(it)))
            .collect();
        let own = |upn: &&String| upn.ends_with(&tenant.domain);
        let lost: Vec<_> = certain
            .iter()
            .filter(own)
            .filter(|it| !found.contains(*it))
            .collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        let strange: Vec<_> = found
            .iter()
            .filter(|upn| !certain.contains(*upn) && !possible.contains(*upn))
            .collect();
        assert!(strange.is_empty(), "never asked for: {strange:?}");
    }
    is_in(&contoso, &fabrikam).await;
    is_in(&fabrikam, &contoso).await;
    // Nobody was made twice on the way either: the log has one creation for each.
    for tenant in [&contoso, &fabrikam] {
        let records = tenant
            .all("/v1.0/auditLogs/provisioning?$top=100&$filter=provisioningAction eq 'create'")
            .await;
        let mut times = BTreeMap::<String, usize>::new();
        for record in &records {
            let id = record["sourceIdentity"]["id"].as_str().unwrap();
            *times.entry(id.to_owned()).or_default() += 1;
        }
        assert!(times.values().all(|times| *times == 1), "{times:?}");
    }
    // Each server knows that it is done, whoever did it.
    for server in [a, b] {
        let caller = at(server, &contoso).await;
        eventually_within(SOON, "nothing is left to do", async || {
            let status = caller.get(&format!("{SHARING}/tenants")).await.expect(200);
            holds(status["value"][0]["pendingChanges"] == 0, &status.text)
        })
        .await;
    }
    c.start_server();
    for server in [a, b, c] {
        server.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_is_told_holds_at_the_others() {
    let Some(servers) = servers(2) else { return };
    let [a, b] = servers.as_slice() else {
        panic!("two servers")
    };
    // Made here, used there, at once.
    let contoso = a.tenant("Contoso").await;
    let fabrikam = b.tenant("Fabrikam").await;
    let there = at(b, &contoso).await;
    at(a, &fabrikam)
        .await
        .get("/v1.0/organization")
        .await
        .expect(200);
    let user = contoso.user("ann").await;
    let path = format!("/v1.0/users/{user}");
    there
        .patch(&path, json!({ "jobTitle": "Chief" }))
        .await
        .expect(204);
    assert_eq!(contoso.get(&path).await.expect(200)["jobTitle"], "Chief");

    // One key, two servers at the same time: one user.
    for round in 0..10 {
        let body = contoso.user_body(&format!("once{round}"));
        let key = format!("key-{round}");
        let mut calls = Vec::new();
        for caller in [&*contoso, &there] {
            let call = caller.post("/v1.0/users", body.clone());
            calls.push(tokio::spawn(
                call.header("idempotency-key", &key).into_future(),
            ));
        }
        let mut created = BTreeSet::new();
        for call in calls {
            let answer = call.await.unwrap();
            match answer.status {
                201 => drop(created.insert(answer.id())),
                409 => {}
                _ => panic!("{answer:?}"),
            }
        }
        assert_eq!(created.len(), 1, "made twice, or never");
        let again = there
            .post("/v1.0/users", body)
            .header("idempotency-key", &key);
        let again = again.await.expect(201);
        assert!(created.contains(&again.id()), "{again:?}");
    }

    // What is taken away here is gone there.
    let narrow = a
        .cli(&[
            "app",
            "create",
            "--tenant",
            &contoso.id,
            "--name",
            "Narrow",
            "--permission",
            "User.Read.All",
        ])
        .ok();
    let (id, secret) = (
        narrow["clientId"].as_str().unwrap(),
        narrow["clientSecret"].as_str().unwrap(),
    );
    let caller = b.caller(&contoso.id, id, secret).await;
    caller.get("/v1.0/users").await.expect(200);
    let principal = format!("/v1.0/servicePrincipals(appId='{id}')");
    contoso
        .patch(&principal, json!({ "accountEnabled": false }))
        .await
        .expect(204);
    eventually_within(Duration::from_secs(10), "the token is over", async || {
        let answer = caller.get("/v1.0/users").await;
        holds(answer.status == 401, answer.status)
    })
    .await;
    a.finish().await;
    b.finish().await;
}

#[test]
fn a_server_with_another_key_is_refused() {
    let Some(servers) = servers(1) else { return };
    let stranger = Deployment::stopped(Options::default());
    let other = Deployment::start();
    copy_key(&other.data().join("deployment.key"), &stranger.data());
    let output = Command::new(binary())
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(stranger.data())
        .env(
            "DATABASE_URL",
            engine::database_url(&servers[0].data()).unwrap(),
        )
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("deployment.key"), "{said}");
}
