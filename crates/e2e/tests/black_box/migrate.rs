//! `isopolity migrate`: a deployment's data from files to PostgreSQL and back, by the command line.

use e2e::{engine, run};
use serde_json::Value;

/// Runs a command on the files of a directory, or on a database.
fn on(data: &str, url: &str, arguments: &[&str]) -> e2e::Cli {
    let mut all = arguments.to_vec();
    all.extend(["--data", data, "--json"]);
    run(&all, &[("DATABASE_URL", url)], "")
}

fn domains(list: &Value) -> Vec<&str> {
    let tenants = list["value"].as_array().unwrap().iter();
    tenants.map(|it| it["domain"].as_str().unwrap()).collect()
}

#[test]
fn a_deployment_moves_to_the_database_and_back() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("data");
    let data = directory.to_str().unwrap();
    let Some(url) = engine::database_url(&directory) else {
        return;
    };
    let url = url.as_str();
    for (name, domain) in [
        ("Contoso", "contoso.example"),
        ("Fabrikam", "fabrikam.example"),
    ] {
        on(
            data,
            "",
            &["tenant", "create", "--name", name, "--domain", domain],
        )
        .ok();
    }
    on(data, "", &["migrate", "--to", "nowhere"]).refused(1);
    on(data, "", &["migrate", "--to", "files"]).refused(1);
    let moved = on(data, "", &["migrate", "--to", url]).ok();
    assert_eq!(moved["tenants"].as_array().unwrap().len(), 2);
    assert!(moved["rows"].as_u64().unwrap() > 20);
    let refused = on(data, "", &["migrate", "--to", url]);
    assert!(refused.refused(1).stderr.contains("already"), "{refused:?}");

    let there = on(data, url, &["tenant", "list"]).ok();
    assert_eq!(domains(&there), ["contoso.example", "fabrikam.example"]);
    let made = on(
        data,
        url,
        &[
            "tenant",
            "create",
            "--name",
            "Tailspin",
            "--domain",
            "tailspin.example",
        ],
    );
    made.ok();
    let report = on(data, url, &["doctor"]).ok();
    assert_eq!(report["ok"], true, "{report}");
    assert_eq!(domains(&on(data, "", &["tenant", "list"]).ok()).len(), 2);

    // What was moved stays, and has to be out of the way of what comes back.
    on(data, url, &["migrate", "--to", "files"]).refused(1);
    for old in ["registry.db", "registry.db-wal", "registry.db-shm"] {
        let _ = std::fs::remove_file(directory.join(old));
    }
    std::fs::rename(directory.join("tenants"), directory.join("old")).unwrap();
    let back = on(data, url, &["migrate", "--to", "files"]).ok();
    assert_eq!(back["tenants"].as_array().unwrap().len(), 3);
    assert_eq!(domains(&on(data, "", &["tenant", "list"]).ok()).len(), 3);
    let report = on(data, "", &["doctor"]).ok();
    assert_eq!(report["ok"], true, "{report}");
}
