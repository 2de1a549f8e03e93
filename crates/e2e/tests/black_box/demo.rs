//! `isopolity demo`: the main job, from nothing to a report.

use std::collections::BTreeSet;

use e2e::run;
use serde_json::Value;

fn demo(more: &[&str]) -> Value {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("demo");
    let arguments = [
        &["demo", "--once", "--json", "--dir", path.to_str().unwrap()],
        more,
    ]
    .concat();
    run(&arguments, &[], "").ok()
}

/// The report's shape, and that everybody is everywhere.
fn check(report: &Value, least_users: u64) {
    let tenants = report["tenants"].as_array().unwrap();
    assert_eq!(tenants.len(), 3);
    let mut ids = BTreeSet::new();
    for tenant in tenants {
        assert!(ids.insert(tenant["tenantId"].as_str().unwrap().to_owned()));
        assert!(tenant["displayName"].is_string() && tenant["domain"].is_string());
        assert!(tenant["users"].as_u64().unwrap() >= least_users, "{tenant}");
    }
    let organization = &report["organization"];
    assert!(organization["id"].is_string() && organization["displayName"].is_string());
    let members = organization["members"].as_array().unwrap();
    assert_eq!(members.len(), 3);
    for member in members {
        assert!(ids.contains(member["tenantId"].as_str().unwrap()));
        assert_eq!(member["state"], "active");
    }
    let owners = members.iter().filter(|member| member["role"] == "owner");
    assert!(owners.count() >= 1);

    let pairs = report["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 6, "every ordered pair");
    let mut seen = BTreeSet::new();
    for pair in pairs {
        let (from, to) = (pair["from"].as_str().unwrap(), pair["to"].as_str().unwrap());
        assert!(
            ids.contains(from) && ids.contains(to) && from != to,
            "{pair}"
        );
        assert!(seen.insert((from, to)));
        assert!(pair["inScope"].as_u64().unwrap() >= least_users, "{pair}");
        assert_eq!(pair["synced"], pair["inScope"], "{pair}");
        assert_eq!(pair["failed"], 0, "{pair}");
        assert!(pair["seconds"].is_number());
    }
}

#[test]
fn everybody_is_everywhere() {
    check(&demo(&[]), 100);
}

#[test]
fn ones_own_people() {
    let directory = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for name in ["a", "b", "c"] {
        let path = directory.path().join(format!("{name}.ldif"));
        std::fs::write(
            &path,
            format!(
                "dn: uid={name}1,dc={name},dc=example\nobjectClass: inetOrgPerson\nuid: {name}1\n\
                cn: One {name}\nsn: One\nmail: {name}1@{name}.example\n\n\
                dn: uid={name}2,dc={name},dc=example\nobjectClass: inetOrgPerson\nuid: {name}2\n\
                cn: Two {name}\nsn: Two\nmail: {name}2@{name}.example\n"
            ),
        )
        .unwrap();
        files.push(path.to_str().unwrap().to_owned());
    }
    let mut arguments = vec!["--users"];
    arguments.extend(files.iter().map(String::as_str));
    check(&demo(&arguments), 2);
}
