//! The demonstration files: all of their people are taken, and the others are known for what they are.

#![allow(clippy::unwrap_used, reason = "the helpers are of tests too")]

use std::collections::HashSet;

use sources::{Format, Import, SourceUser, read};

fn demo(format: Format, bytes: &[u8], people: usize, ignored: u64) -> Import {
    let import = read(format, bytes, None).unwrap();
    let keys = |import: &Import| {
        import
            .users
            .iter()
            .map(|user| user.source_key.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&import), keys(&read(format, bytes, None).unwrap()));
    assert_eq!(import.skipped, []);
    assert_eq!(import.warnings, []);
    assert_eq!((import.users.len(), import.ignored), (people, ignored));
    for user in &import.users {
        assert!(user.upn_hint.is_ascii() && !user.upn_hint.is_empty());
        assert_eq!(
            user.manager_key.is_some(),
            user.manager_source_key.is_some()
        );
    }
    import
}

/// Everybody but the head has a manager, and following managers leads to the head.
fn assert_one_hierarchy(users: &[SourceUser]) {
    let keys: HashSet<_> = users.iter().map(|user| user.source_key.as_str()).collect();
    let heads: Vec<_> = users
        .iter()
        .filter(|user| user.manager_source_key.is_none())
        .collect();
    assert_eq!(heads.len(), 1);
    for user in users {
        let (mut at, mut steps) = (user, 0);
        while let Some(manager) = &at.manager_source_key {
            assert!(keys.contains(manager.as_str()) && steps < 5);
            at = users
                .iter()
                .find(|other| other.source_key == *manager)
                .unwrap();
            steps += 1;
        }
    }
}

fn disabled(users: &[SourceUser]) -> usize {
    users
        .iter()
        .filter(|user| {
            user.properties
                .get("accountEnabled")
                .is_some_and(|enabled| enabled == false)
        })
        .count()
}

fn photos(users: &[SourceUser]) -> usize {
    users.iter().filter(|user| user.photo.is_some()).count()
}

fn by_hint<'a>(users: &'a [SourceUser], hint: &str) -> &'a SourceUser {
    users.iter().find(|user| user.upn_hint == hint).unwrap()
}

#[test]
fn contoso() {
    let import = demo(
        Format::Ldif,
        include_bytes!("../../../../demo/contoso.ldif"),
        280,
        21,
    );
    assert_one_hierarchy(&import.users);
    assert_eq!(disabled(&import.users), 16);
    assert_eq!(photos(&import.users), 7);
    let tanaka = by_hint(&import.users, "dtanaka");
    assert_eq!(tanaka.properties["displayName"], "田中 大輔");
    assert_eq!(tanaka.properties["mail"], "daisuke.tanaka@contoso.example");
    let omar = by_hint(&import.users, "ohaddad");
    assert_eq!(omar.properties["displayName"], "عمر حداد");
}

#[test]
fn fabrikam() {
    let import = demo(
        Format::Ldif,
        include_bytes!("../../../../demo/fabrikam.ldif"),
        250,
        17,
    );
    assert_one_hierarchy(&import.users);
    assert_eq!(disabled(&import.users), 7);
    assert_eq!(photos(&import.users), 7);
    let michal = by_hint(&import.users, "michal.mizrahi@fabrikam.example");
    assert_eq!(michal.properties["displayName"], "מיכל מזרחי");
    assert_eq!(michal.properties["accountEnabled"], true);
    // The manager's name has an escaped comma in the DN.
    let manager = by_hint(&import.users, "oyvind.akerstroem@fabrikam.example");
    assert_eq!(
        manager.dn.as_deref(),
        Some("CN=Åkerström\\, Øyvind,OU=Berlin,DC=fabrikam,DC=example")
    );
    assert_eq!(
        michal.manager_source_key.as_ref(),
        Some(&manager.source_key)
    );
}

#[test]
fn tailspin() {
    let import = demo(
        Format::Csv,
        include_bytes!("../../../../demo/tailspin.csv"),
        215,
        0,
    );
    assert!(
        import
            .users
            .iter()
            .all(|user| user.password.is_some() && user.upn_hint.ends_with("@tailspin.example"))
    );
    assert_eq!(disabled(&import.users), 11);
    let duong = by_hint(&import.users, "thuyduong.nguyen@tailspin.example");
    assert_eq!(duong.properties["displayName"], "Nguyễn Thùy Dương");
    let seoyeon = by_hint(&import.users, "seoyeon.cho@tailspin.example");
    assert_eq!(
        seoyeon.properties["streetAddress"],
        "중구 을지로 \"하늘\" 빌딩 9"
    );
}
