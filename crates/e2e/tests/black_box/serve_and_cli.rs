//! `isopolity serve` and the commands beside it: how they start, answer, refuse and end.

use e2e::{Deployment, Options, Shared, client, eventually, holds, run};
use serde_json::Value;

static SHARED: Shared = Shared::new();

#[tokio::test(flavor = "multi_thread")]
async fn the_operations_addresses_answer_without_a_token() {
    let d = SHARED.get();
    let anonymous = d.anonymous();
    for path in ["/healthz", "/readyz"] {
        anonymous.get(path).await.expect(200);
    }
    anonymous.get("/nothing/here").await.refused_somehow();
    anonymous.get("/v1.0/nothingHere").await.refused_somehow();
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_describes_itself() {
    let d = SHARED.get();
    let openapi = d.anonymous().get("/openapi.json").await.expect(200);
    assert!(
        openapi["openapi"].as_str().unwrap().starts_with('3'),
        "{openapi:?}"
    );
    assert!(openapi["paths"].as_object().unwrap().len() > 20);
    for version in ["v1.0", "beta"] {
        let metadata = d
            .anonymous()
            .get(&format!("/{version}/$metadata"))
            .await
            .expect(200);
        assert!(metadata.text.contains("<edmx:Edmx"), "{metadata:?}");
        assert!(metadata.text.contains("Name=\"user\""), "{metadata:?}");
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ready_line_names_the_port_that_the_system_gave() {
    let d = Deployment::start_on_any_port();
    assert!(!d.url().ends_with(":0"), "{}", d.url());
    let contoso = d.tenant("Contoso").await;
    contoso.get("/v1.0/users").await.expect(200);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_sockets_are_given_back() {
    let d = Deployment::start();
    let contoso = d.tenant("Contoso").await;
    let storm = async || {
        for _ in 0..100 {
            let caller = contoso.through(client());
            caller.get("/v1.0/users").await.expect(200);
            caller.get("/v1.0/users/nobody").await.refused_somehow();
        }
    };
    storm().await;
    let before = d.open_files();
    storm().await;
    eventually("as few open files as before", async || {
        let now = d.open_files();
        holds(now <= before + 8, format!("{now} instead of {before}"))
    })
    .await;
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_data_is_refused() {
    let d = SHARED.get();
    let data = d.data();
    let second = run(
        &[
            "serve",
            "--data",
            data.to_str().unwrap(),
            "--listen",
            "127.0.0.1:0",
        ],
        &[],
        "",
    );
    second.refused(1);
    assert!(
        !second.stdout.contains("\"ready\":true"),
        "it never was ready: {second:?}"
    );
    // The first one hasn't noticed.
    d.anonymous().get("/healthz").await.expect(200);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_listen_says_so() {
    let d = SHARED.get();
    let elsewhere = tempfile::tempdir().unwrap();
    let listen = d.url().trim_start_matches("http://");
    let second = run(
        &[
            "serve",
            "--data",
            elsewhere.path().to_str().unwrap(),
            "--listen",
            listen,
        ],
        &[],
        "",
    );
    second.refused(1);
    assert!(
        second.stderr.contains(listen.split_once(':').unwrap().1),
        "it names the address: {second:?}"
    );
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_work_with_the_server_running_and_stopped() {
    let d = Deployment::stopped(Options::default());
    let create = |name: &str, domain: &str| {
        d.cli(&["tenant", "create", "--name", name, "--domain", domain])
            .ok()
    };
    let names = || {
        let list = d.cli(&["tenant", "list"]).ok();
        let mut domains: Vec<String> = list["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tenant| {
                assert!(tenant["tenantId"].is_string() && tenant["displayName"].is_string());
                tenant["domain"].as_str().unwrap().to_owned()
            })
            .collect();
        domains.sort();
        domains
    };

    // Stopped: no server has ever run on this directory.
    let before = create("Before", "before.example");
    assert_eq!(names(), ["before.example"]);
    d.assert_doctor_is_content();

    // Running: the same commands go through the server.
    d.start_server();
    create("During", "during.example");
    assert_eq!(names(), ["before.example", "during.example"]);

    // What was made before works over HTTP, and so does what is made while it runs.
    let tenant = before["tenantId"].as_str().unwrap();
    let caller = d
        .caller(
            tenant,
            before["app"]["clientId"].as_str().unwrap(),
            before["app"]["clientSecret"].as_str().unwrap(),
        )
        .await;
    let admin = before["admin"]["id"].as_str().unwrap();
    let user = caller
        .get(&format!("/v1.0/users/{admin}"))
        .await
        .expect(200);
    assert_eq!(
        user["userPrincipalName"],
        before["admin"]["userPrincipalName"]
    );
    d.finish().await;

    // Stopped again: nothing is lost.
    assert_eq!(d.terminate(), Some(0), "SIGTERM drains and exits 0");
    create("After", "after.example");
    assert_eq!(
        names(),
        ["after.example", "before.example", "during.example"]
    );
    d.assert_doctor_is_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn data_and_token_survive_a_restart() {
    let d = Deployment::start();
    let contoso = d.tenant("Contoso").await;
    let id = contoso.user("ann").await;
    d.restart();
    // The same process of ours, the same token, another process of theirs.
    let user = contoso.get(&format!("/v1.0/users/{id}")).await.expect(200);
    assert_eq!(user["displayName"], "ann");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_belongs_to_one_tenant() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    for domain in [contoso.domain.clone(), contoso.domain.to_uppercase()] {
        d.cli(&["tenant", "create", "--name", "Other", "--domain", &domain])
            .refused(1);
    }
    for domain in [
        "",
        "two words.example",
        "@",
        "-x.example",
        "nodots..example",
    ] {
        let made = d.cli(&["tenant", "create", "--name", "Bad", "--domain", domain]);
        assert_ne!(made.code, 0, "{domain:?} isn't a domain: {made:?}");
    }
    let list = d.cli(&["tenant", "list"]).ok();
    let tenants = list["value"].as_array().unwrap();
    assert!(
        tenants
            .iter()
            .all(|tenant| tenant["displayName"] != "Other")
    );
    assert!(tenants.iter().all(|tenant| tenant["displayName"] != "Bad"));
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_administrator_may_be_chosen() {
    let d = SHARED.get();
    let made = d
        .cli_with_input(
            &[
                "tenant",
                "create",
                "--name",
                "Chosen",
                "--domain",
                "chosen.example",
                "--admin-upn",
                "root@chosen.example",
                "--admin-password-stdin",
            ],
            "Correct-horse-7-battery\n",
        )
        .ok();
    assert_eq!(made["admin"]["userPrincipalName"], "root@chosen.example");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_a_tenant_has_the_permissions_it_was_given() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let reader = d.app(&contoso, &["User.Read.All"]).await;
    reader.get("/v1.0/users").await.expect(200);
    reader
        .get("/v1.0/groups")
        .await
        .refused(403, "Authorization_RequestDenied");
    d.cli(&[
        "app",
        "create",
        "--tenant",
        &contoso.id,
        "--name",
        "Odd",
        "--permission",
        "No.Such.Permission",
    ])
    .refused(1);
    d.cli(&["app", "create", "--tenant", e2e::NOBODY, "--name", "Odd"])
        .refused(1);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_by_command() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let arguments = [
        "token",
        "--tenant",
        &contoso.id,
        "--client-id",
        &contoso.client_id,
        "--client-secret-stdin",
    ];
    let token = d
        .cli_with_input(&arguments, &format!("{}\n", contoso.client_secret))
        .ok();
    let token = token["access_token"].as_str().unwrap();
    let caller = d.anonymous().with_token(token);
    caller.get("/v1.0/users").await.expect(200);

    let wrong = d.cli_with_input(&arguments, "wrong\n");
    wrong.refused(1);
    assert!(!wrong.stderr.contains("wrong\n"), "no secret in an error");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_added_on_the_operators_word() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let second = format!("mail.{}", contoso.domain);
    d.cli(&[
        "domain",
        "add",
        "--tenant",
        &contoso.id,
        "--domain",
        &second,
        "--verified",
    ])
    .ok();
    contoso
        .user_with(
            "eve",
            serde_json::json!({ "userPrincipalName": format!("eve@{second}") }),
        )
        .await;
    let domains = contoso.get("/v1.0/domains").await.expect(200);
    let names: Vec<&Value> = domains.items().iter().map(|d| &d["id"]).collect();
    assert!(
        names.iter().any(|name| **name == second.as_str()),
        "{names:?}"
    );
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_without_proof_comes_with_the_record_that_proves_it() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let third = format!("shop.{}", contoso.domain);
    let arguments = ["--tenant", &contoso.id, "--domain", &third];
    let added = d.cli(&[&["domain", "add"][..], &arguments].concat()).ok();
    assert_eq!(added["isVerified"], false);
    let record = &added["verificationDnsRecords"][0];
    assert_eq!(record["label"], third.as_str());
    let refused = d.cli(&[&["domain", "verify"][..], &arguments].concat());
    refused.refused(1);
    let arguments = [&["domain", "add"][..], &arguments, &["--verified"]].concat();
    let verified = d.cli(&arguments).ok();
    assert_eq!(verified["isVerified"], true);
    assert!(verified.get("verificationDnsRecords").is_none());
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_lets_somebody_in_who_has_lost_everything() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let ann = contoso.user("ann").await;
    let arguments = ["user", "access-pass", "--tenant", &contoso.id, "--user"];
    let made = d.cli(&[&arguments[..], &[&ann]].concat()).ok();
    assert!(made["temporaryAccessPass"].as_str().unwrap().len() >= 8);
    let path = format!("/v1.0/users/{ann}/authentication/temporaryAccessPassMethods");
    let passes = contoso.get(&path).await.expect(200);
    assert_eq!(passes.items()[0]["isUsable"], true);
    assert_eq!(passes.items()[0]["temporaryAccessPass"], Value::Null);
    let entries = "/v1.0/auditLogs/directoryAudits?$top=1";
    let entries = contoso.get(entries).await.expect(200);
    let entry = &entries.items()[0];
    assert_eq!(entry["targetResources"][0]["id"], ann.as_str());
    d.cli(&[&arguments[..], &["nobody@nowhere.example"]].concat())
        .refused(1);
    d.finish().await;
}

#[test]
fn wrong_usage_is_exit_2() {
    for arguments in [
        &["nonsense"][..],
        &["serve", "--nonsense"],
        &["tenant", "create"],
        &["tenant", "create", "--name"],
        &["import", "users", "--tenant", "x", "--format", "xml", "f"],
        &["explain", "--from", "a/b", "--to", "c", "--action", "dance"],
        &["share"],
    ] {
        let data = tempfile::tempdir().unwrap();
        let cli = run(
            arguments,
            &[("ISOPOLITY_DATA", data.path().to_str().unwrap())],
            "",
        );
        cli.refused(2);
    }
}

#[test]
fn every_command_has_help_with_an_example() {
    let top = run(&["--help"], &[], "");
    assert_eq!(top.code, 0);
    for command in [
        &["serve"][..],
        &["tenant", "create"],
        &["tenant", "list"],
        &["app", "create"],
        &["token"],
        &["import", "users"],
        &["organization", "create"],
        &["organization", "join"],
        &["share"],
        &["explain"],
        &["demo"],
        &["domain", "add"],
        &["domain", "verify"],
        &["user", "access-pass"],
        &["keys", "rotate"],
        &["doctor"],
    ] {
        assert!(top.stdout.contains(command[0]), "{command:?} in --help");
        let help = run(&[command, &["--help"]].concat(), &[], "");
        assert_eq!(help.code, 0, "{help:?}");
        assert!(
            help.stdout
                .contains(&format!("isopolity {}", command.join(" "))),
            "{help:?}"
        );
        assert!(
            help.stdout.to_lowercase().contains("example"),
            "no example: {help:?}"
        );
    }
}

#[test]
fn unknown_configuration_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let environment = [("ISOPOLITY_DATA", data.path().to_str().unwrap())];
    let show = run(&["config", "show"], &environment, "");
    assert_eq!(show.code, 0, "{show:?}");
    assert!(show.json.is_some(), "JSON when not a terminal: {show:?}");
    for setting in ["limits.no_such_limit=1", "nonsense", "limits=1"] {
        let serve = run(
            &["serve", "--listen", "127.0.0.1:0", "--set", setting],
            &environment,
            "",
        );
        assert!(serve.code == 1 || serve.code == 2, "{serve:?}");
        assert!(!serve.stderr.is_empty(), "{serve:?}");
    }
}

#[test]
fn the_data_directory_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let d = Deployment::start();
    let mode = std::fs::metadata(d.data()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "{mode:o}");
}

#[tokio::test(flavor = "multi_thread")]
async fn self_signed_tls_has_a_ca_that_validates() {
    let d = Deployment::start_with(Options::arguments(&["--tls-self-signed"]));
    assert!(d.url().starts_with("https://"));
    let ca = std::fs::read(d.data().join("tls/ca.pem")).unwrap();
    let certificate = reqwest::Certificate::from_pem(&ca).unwrap();
    let trusting = reqwest::Client::builder()
        .tls_certs_only([certificate])
        .no_proxy()
        .build()
        .unwrap();
    d.anonymous()
        .through(trusting.clone())
        .get("/healthz")
        .await
        .expect(200);
    let stranger = d.anonymous().through(client());
    assert!(
        stranger.get("/healthz").attempt().await.is_none(),
        "who doesn't know the CA doesn't trust it"
    );

    // The CA stays the same over a restart: it was handed to somebody.
    d.restart();
    assert_eq!(std::fs::read(d.data().join("tls/ca.pem")).unwrap(), ca);
    d.anonymous()
        .through(trusting)
        .get("/healthz")
        .await
        .expect(200);
    d.assert_doctor_is_content();
}
