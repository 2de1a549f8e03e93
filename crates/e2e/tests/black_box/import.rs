//! `isopolity import users`: people from LDIF and CSV, as they are exported elsewhere.

use std::path::{Path, PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD};
use e2e::{Cli, Deployment, Shared, Tenant, sharing::users};
use serde_json::Value;

static SHARED: Shared = Shared::new();

fn write(d: &Deployment, tenant: &Tenant, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = d.scratch().join(format!("{}-{name}", tenant.domain));
    std::fs::write(&path, content).unwrap();
    path
}

fn import(d: &Deployment, tenant: &Tenant, format: &str, file: &Path, more: &[&str]) -> Cli {
    let mut arguments = vec![
        "import",
        "users",
        "--tenant",
        &tenant.id,
        "--format",
        format,
        file.to_str().unwrap(),
    ];
    arguments.extend(more);
    d.cli(&arguments)
}

/// A count, which may be given as a number or as the list that was counted.
#[track_caller]
fn count(report: &Value, name: &str) -> u64 {
    let value = &report[name];
    value
        .as_u64()
        .or_else(|| value.as_array().map(|list| list.len() as u64))
        .unwrap_or_else(|| panic!("no count {name} in {report}"))
}

#[track_caller]
fn counts(report: &Value, created: u64, updated: u64, unchanged: u64, skipped: u64) {
    let found = ["created", "updated", "unchanged", "skipped"].map(|name| count(report, name));
    assert_eq!(found, [created, updated, unchanged, skipped], "{report}");
}

/// Every skipped record, wherever the report keeps them: an object with a line and a reason.
fn skipped_records(report: &Value) -> Vec<&Value> {
    match report {
        Value::Object(object) if object.contains_key("line") && object.contains_key("reason") => {
            vec![report]
        }
        Value::Object(object) => object.values().flat_map(skipped_records).collect(),
        Value::Array(items) => items.iter().flat_map(skipped_records).collect(),
        _ => Vec::new(),
    }
}

async fn person(tenant: &Tenant, display_name: &str) -> Value {
    let everybody = users(tenant).await;
    let found = everybody
        .iter()
        .find(|user| user["displayName"] == display_name);
    found
        .cloned()
        .unwrap_or_else(|| panic!("no {display_name}: {everybody:#?}"))
}

/// As slapcat writes it: a version, a suffix and an organizational unit that aren't people,
/// comments, folded lines, base64 values, and a photo.
fn open_ldap(domain: &str) -> String {
    let base64 = |text: &str| BASE64_STANDARD.encode(text);
    let photo = BASE64_STANDARD.encode([0xff, 0xd8, 0xff, 0xe0].repeat(60));
    let (first, rest) = photo.split_at(60);
    format!(
        "version: 1\n\
        \n\
        # the suffix\n\
        dn: dc=contoso,dc=example\n\
        objectClass: dcObject\n\
        objectClass: organization\n\
        o: Contoso\n\
        dc: contoso\n\
        \n\
        dn: ou=people,dc=contoso,dc=example\n\
        objectClass: organizationalUnit\n\
        ou: people\n\
        \n\
        dn: uid=jdoe,ou=people,dc=contoso,dc=example\n\
        objectClass: inetOrgPerson\n\
        uid: jdoe\n\
        cn: Jane Doe\n\
        sn: Doe\n\
        givenName: Jane\n\
        displayName: Jane Doe\n\
        mail: jdoe@{domain}\n\
        title: Head of the kitchen and of ever\n \
        ything around it\n\
        ou: Kitchen\n\
        departmentNumber: Kitchen\n\
        employeeNumber: 17\n\
        l: Chania\n\
        telephoneNumber: +30 1\n\
        userPassword:: {}\n\
        jpegPhoto:: {first}\n {rest}\n\
        entryUUID: 11111111-1111-4111-8111-111111111111\n\
        \n\
        dn:: {}\n\
        objectClass: inetOrgPerson\n\
        uid: zoltan\n\
        cn:: {}\n\
        sn:: {}\n\
        displayName:: {}\n\
        mail: zoltan@{domain}\n\
        manager: uid=jdoe,ou=people,dc=contoso,dc=example\n\
        entryUUID: 22222222-2222-4222-8222-222222222222\n",
        base64("{SSHA}abcdefgh"),
        base64("uid=zoltan,ou=people,dc=contoso,dc=example"),
        base64("Zoltán Őry"),
        base64("Őry"),
        base64("Zoltán Őry"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_openldap_export() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let file = write(&d, &contoso, "people.ldif", open_ldap(&contoso.domain));
    let before = users(&contoso).await.len();

    // A rehearsal says the same and does nothing.
    let rehearsal = import(&d, &contoso, "ldif", &file, &["--dry-run"]).ok();
    assert_eq!(count(&rehearsal, "created"), 2, "{rehearsal}");
    assert_eq!(users(&contoso).await.len(), before);

    let report = import(&d, &contoso, "ldif", &file, &[]).ok();
    assert_eq!(count(&report, "created"), 2, "{report}");
    assert_eq!(users(&contoso).await.len(), before + 2);
    let jane = person(&contoso, "Jane Doe").await;
    assert_eq!(jane["givenName"], "Jane");
    assert_eq!(jane["surname"], "Doe");
    assert_eq!(jane["mail"], format!("jdoe@{}", contoso.domain));
    assert_eq!(
        jane["jobTitle"], "Head of the kitchen and of everything around it",
        "a folded line"
    );
    assert_eq!(jane["city"], "Chania");
    assert_eq!(jane["userType"], "Member");
    let zoltan = person(&contoso, "Zoltán Őry").await;
    assert_eq!(zoltan["surname"], "Őry");
    let manager = contoso
        .get(&format!(
            "/v1.0/users/{}/manager",
            zoltan["id"].as_str().unwrap()
        ))
        .await
        .expect(200);
    assert_eq!(manager["id"], jane["id"]);

    // Again: nothing to do. Changed: an update of the same object.
    let report = import(&d, &contoso, "ldif", &file, &[]).ok();
    assert_eq!(count(&report, "created"), 0, "{report}");
    assert_eq!(count(&report, "updated"), 0, "{report}");
    assert_eq!(count(&report, "unchanged"), 2, "{report}");
    let changed = open_ldap(&contoso.domain).replace("l: Chania", "l: Rethymno");
    let file = write(&d, &contoso, "changed.ldif", changed);
    let report = import(&d, &contoso, "ldif", &file, &[]).ok();
    assert_eq!(count(&report, "updated"), 1, "{report}");
    assert_eq!(count(&report, "unchanged"), 1, "{report}");
    let again = person(&contoso, "Jane Doe").await;
    assert_eq!(again["id"], jane["id"]);
    assert_eq!(again["city"], "Rethymno");

    // A new name for somebody with the same source key is the same person.
    let renamed = open_ldap(&contoso.domain)
        .replace("Jane Doe", "Jane Roe")
        .replace("sn: Doe", "sn: Roe");
    let file = write(&d, &contoso, "renamed.ldif", renamed);
    let report = import(&d, &contoso, "ldif", &file, &[]).ok();
    assert_eq!(count(&report, "created"), 0, "{report}");
    assert_eq!(person(&contoso, "Jane Roe").await["id"], jane["id"]);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_directory_export() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let guid = |byte: u8| BASE64_STANDARD.encode([byte; 16]);
    let person_of = |name: &str, sam: &str, byte: u8, control: u32| {
        format!(
            "dn: CN={name},OU=Staff,DC=contoso,DC=example\r\n\
            changetype: add\r\n\
            objectClass: top\r\n\
            objectClass: person\r\n\
            objectClass: organizationalPerson\r\n\
            objectClass: user\r\n\
            cn: {name}\r\n\
            sn: {sam}\r\n\
            title: Cook\r\n\
            physicalDeliveryOfficeName: 2/14\r\n\
            givenName: {name}\r\n\
            displayName: {name}\r\n\
            department: Kitchen\r\n\
            company: Contoso\r\n\
            streetAddress: Main St 1\r\n\
            l: Chania\r\n\
            st: Crete\r\n\
            postalCode: 73100\r\n\
            co: Greece\r\n\
            telephoneNumber: +30 1\r\n\
            employeeID: 4711\r\n\
            sAMAccountName: {sam}\r\n\
            userAccountControl: {control}\r\n\
            objectGUID:: {}\r\n\
            userPrincipalName: {sam}@{}\r\n\
            mail: {sam}@{}\r\n\r\n",
            guid(byte),
            contoso.domain,
            contoso.domain,
        )
    };
    // As ldifde writes it: carriage returns, `changetype: add`, an account that is disabled.
    let file = write(
        &d,
        &contoso,
        "ad.ldif",
        person_of("Ann", "ann", 1, 512) + &person_of("Bob", "bob", 2, 514),
    );
    let report = import(&d, &contoso, "ldif", &file, &[]).ok();
    counts(&report, 2, 0, 0, 0);
    let ann = person(&contoso, "Ann").await;
    for (name, value) in [
        ("userPrincipalName", format!("ann@{}", contoso.domain)),
        ("mailNickname", "ann".to_owned()),
        ("jobTitle", "Cook".to_owned()),
        ("department", "Kitchen".to_owned()),
        ("officeLocation", "2/14".to_owned()),
        ("streetAddress", "Main St 1".to_owned()),
        ("city", "Chania".to_owned()),
        ("state", "Crete".to_owned()),
        ("postalCode", "73100".to_owned()),
        ("country", "Greece".to_owned()),
        ("employeeId", "4711".to_owned()),
    ] {
        assert_eq!(ann[name], value, "{name}");
    }
    assert_eq!(ann["businessPhones"][0], "+30 1");
    assert_eq!(ann["accountEnabled"], true);
    let bob = person(&contoso, "Bob").await;
    assert_eq!(bob["accountEnabled"], false);
    counts(&import(&d, &contoso, "ldif", &file, &[]).ok(), 0, 0, 2, 0);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entra_bulk_template() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let domain = &contoso.domain;
    let template = format!(
        "\u{feff}version:v1.0\r\n\
        Name [displayName] Required,User name [userPrincipalName] Required,\
        Initial password [passwordProfile] Required,Block sign in (Yes/No) [accountEnabled] Required,\
        First name [givenName],Last name [surname],Job title [jobTitle],Department [department],\
        Usage location [usageLocation],Street address [streetAddress],State or province [state],\
        Country or region [country],Office [physicalDeliveryOfficeName],City [city],\
        ZIP or postal code [postalCode],Office phone [telephoneNumber],Mobile phone [mobile]\r\n\
        \"Żółć, Łukasz\",lukasz@{domain},Correct-horse-7-battery,No,Łukasz,Żółć,Cook,\"Kitchen \"\"A\"\"\",\
        PL,\"Main St 1\r\nBack door\",Mazovia,Poland,2/14,Warszawa,00-001,+48 1,+48 2\r\n\
        山田 太郎,taro@{domain},Correct-horse-7-battery,Yes,,,,,JP,,,,,,,,\r\n"
    );
    let file = write(&d, &contoso, "bulk.csv", template);
    counts(&import(&d, &contoso, "csv", &file, &[]).ok(), 2, 0, 0, 0);
    let lukasz = person(&contoso, "Żółć, Łukasz").await;
    assert_eq!(lukasz["userPrincipalName"], format!("lukasz@{domain}"));
    assert_eq!(lukasz["givenName"], "Łukasz");
    assert_eq!(lukasz["department"], "Kitchen \"A\"");
    assert_eq!(lukasz["officeLocation"], "2/14");
    assert_eq!(lukasz["businessPhones"][0], "+48 1");
    assert_eq!(lukasz["accountEnabled"], true, "not blocked");
    let taro = person(&contoso, "山田 太郎").await;
    assert_eq!(taro["accountEnabled"], false, "blocked");
    assert_eq!(taro["jobTitle"], Value::Null, "empty is absent");
    counts(&import(&d, &contoso, "csv", &file, &[]).ok(), 0, 0, 2, 0);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_record_is_named_and_skipped() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let domain = &contoso.domain;
    let rows = format!(
        "version:v1.0\n\
        Name [displayName] Required,User name [userPrincipalName] Required,\
        Initial password [passwordProfile] Required,Block sign in (Yes/No) [accountEnabled] Required\n\
        Ann,ann@{domain},Correct-horse-7-battery,No\n\
        Bad,bad@elsewhere.example,Correct-horse-7-battery,No\n\
        ,nameless@{domain},Correct-horse-7-battery,No\n\
        Bob,bob@{domain},Correct-horse-7-battery,No\n"
    );
    let file = write(&d, &contoso, "some.csv", rows);
    let report = import(&d, &contoso, "csv", &file, &[]);
    let report = report.json.expect("a report");
    counts(&report, 2, 0, 0, 2);
    let records = skipped_records(&report);
    let lines: Vec<&Value> = records.iter().map(|record| &record["line"]).collect();
    assert_eq!(lines, [4, 5], "{report}");
    for record in records {
        assert!(!record["reason"].as_str().unwrap().is_empty(), "{record}");
    }
    person(&contoso, "Ann").await;
    person(&contoso, "Bob").await;

    // The template asks for a name, however much else there is.
    let rows = format!(
        "version:v1.0\nName [displayName] Required,User name [userPrincipalName] Required,\
        First name [givenName]\n,first@{domain},First\n"
    );
    let file = write(&d, &contoso, "nameless.csv", rows);
    counts(&import(&d, &contoso, "csv", &file, &[]).ok(), 0, 0, 0, 1);

    // The same in LDIF.
    let ldif = format!(
        "dn: uid=good,dc=x\nobjectClass: inetOrgPerson\nuid: good\ncn: Good\nsn: Good\nmail: good@{domain}\n\n\
        dn: uid=bad,dc=x\nobjectClass: inetOrgPerson\nuid: bad\ncn: Bad\nsn: Bad\nmail: bad@{domain}\n\
        userPrincipalName: b a d@{domain}\n"
    );
    let file = write(&d, &contoso, "some.ldif", ldif);
    let report = import(&d, &contoso, "ldif", &file, &[]).json.unwrap();
    assert_eq!(count(&report, "created"), 1, "{report}");
    assert_eq!(count(&report, "skipped"), 1, "{report}");
    assert_eq!(skipped_records(&report)[0]["line"], 8, "{report}");
    d.finish().await;
}

/// Of two records with one key the first counts, whether the user is new or known, and the other is
/// named with its line.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_with_a_key_that_was_there_before_is_skipped() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let domain = &contoso.domain;
    for (first, last) in [("Cook", "Chef"), ("Waiter", "Host")] {
        let rows = format!(
            "userPrincipalName,displayName,jobTitle\n\
            dora@{domain},Dora,{first}\nemil@{domain},Emil,Cook\nDORA@{domain},Dora,{last}\n"
        );
        let file = write(&d, &contoso, "twice.csv", rows);
        let report = import(&d, &contoso, "csv", &file, &[]).json.unwrap();
        assert_eq!(count(&report, "skipped"), 1, "{report}");
        assert_eq!(skipped_records(&report)[0]["line"], 4, "{report}");
        assert_eq!(person(&contoso, "Dora").await["jobTitle"], first);
    }
    d.finish().await;
}

/// What the file speaks of is the source's, its absence included; the rest stays.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_source_takes_away_goes() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let domain = &contoso.domain;
    let entry = |name: &str, more: &str| {
        format!(
            "dn: uid={name},dc=x\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name}\nsn: {name}\n{more}\n"
        )
    };
    let boss = entry(
        "boss",
        "title: Boss\ntelephoneNumber: 1\ntelephoneNumber: 2\n",
    );
    let before = boss.clone() + &entry("ann", "title: Cook\nmanager: uid=boss,dc=x\n");
    let file = write(&d, &contoso, "before.ldif", before);
    counts(&import(&d, &contoso, "ldif", &file, &[]).ok(), 2, 0, 0, 0);
    assert_eq!(
        person(&contoso, "boss").await["businessPhones"],
        serde_json::json!(["1"]),
        "Graph's list holds one number"
    );
    let ann = person(&contoso, "ann").await;
    let path = format!("/v1.0/users/{}", ann["id"].as_str().unwrap());
    let own = serde_json::json!({"officeLocation": "by hand"});
    contoso.patch(&path, own).await.expect(204);

    // The manager alone goes, then the title too; each run says what it does, and a repeat nothing.
    for (number, rest, changed) in [
        (1, "title: Cook\n", true),
        (2, "title: Cook\n", false),
        (3, "", true),
        (4, "manager: uid=boss,dc=x\n", true),
    ] {
        // The title of one stays, so the file speaks of titles.
        let other = entry("other", "manager: uid=boss,dc=x\n");
        let text = boss.clone() + &entry("ann", rest) + &other;
        let file = write(&d, &contoso, &format!("after{number}.ldif"), text);
        let (made, same) = if number == 1 { (1, 1) } else { (0, 2) };
        let (updated, same) = if changed { (1, same) } else { (0, same + 1) };
        if number > 1 {
            let dry = import(&d, &contoso, "ldif", &file, &["--dry-run"]).ok();
            counts(&dry, 0, updated, same, 0);
        }
        let report = import(&d, &contoso, "ldif", &file, &[]).ok();
        counts(&report, made, updated, same, 0);
        let manager = contoso.get(&format!("{path}/manager")).await;
        manager.expect(if number == 4 { 200 } else { 404 });
    }
    let ann = contoso
        .get(&format!("{path}?$select=jobTitle,officeLocation"))
        .await
        .expect(200);
    assert_eq!(ann["jobTitle"], Value::Null);
    assert_eq!(ann["officeLocation"], "by hand");

    // A manager who is here already needn't be in the file; one record stands in another's way in a
    // dry run as it does in earnest.
    let rows = format!(
        "displayName,userPrincipalName,mail,manager\n\
        New,new@{domain},m@x.example,BOSS@{domain}\n\
        Also,also@{domain},M@x.example,nobody@{domain}\n"
    );
    let file = write(&d, &contoso, "new.csv", rows);
    for more in [&["--dry-run"][..], &[]] {
        let report = import(&d, &contoso, "csv", &file, more).ok();
        counts(&report, 1, 0, 0, 1);
        assert_eq!(skipped_records(&report["skippedRecords"])[0]["line"], 3);
        let warned = skipped_records(&report["warnings"]);
        assert!(
            warned.iter().all(|warning| warning["line"] != 2),
            "{report}"
        );
    }
    let manager = contoso
        .get(&format!("/v1.0/users/new@{domain}/manager"))
        .await;
    assert_eq!(manager.expect(200)["displayName"], "boss");

    // Whom this tenant's admin deleted isn't made anew behind the admin's back.
    contoso.delete(&path).await.expect(204);
    let text = boss.clone() + &entry("ann", "");
    let file = write(&d, &contoso, "deleted.ldif", text);
    let report = import(&d, &contoso, "ldif", &file, &[]).ok();
    counts(&report, 0, 0, 1, 1);
    let reason = skipped_records(&report)[0]["reason"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(reason.contains("deleted"), "{report}");
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_leaves_nothing() {
    let d = SHARED.get();
    let contoso = d.tenant("Contoso").await;
    let before = users(&contoso).await.len();
    let good = format!(
        "dn: uid=good,dc=x\nobjectClass: inetOrgPerson\nuid: good\ncn: Good\nsn: Good\nmail: good@{}\n",
        contoso.domain
    );
    for (number, rest) in [
        "\nthis is no LDIF\n",
        "\ndn: uid=x,dc=x\nchangetype: delete\n",
        "\ndn: uid=x,dc=x\nchangetype: modify\nreplace: sn\nsn: X\n-\n",
        "\ndn:: !!!not base64!!!\nobjectClass: inetOrgPerson\n",
    ]
    .iter()
    .enumerate()
    {
        let file = write(
            &d,
            &contoso,
            &format!("broken{number}.ldif"),
            format!("{good}{rest}"),
        );
        let refused = import(&d, &contoso, "ldif", &file, &[]);
        refused.refused(1);
        assert!(
            refused.stderr.chars().any(|c| c.is_ascii_digit()),
            "it names the line: {refused:?}"
        );
        assert_eq!(users(&contoso).await.len(), before, "{rest}");
    }
    // A value that stands in another file isn't fetched: its record is skipped.
    let elsewhere = "\ndn: uid=x,dc=x\nobjectClass: inetOrgPerson\nuid: x\ncn: X\nsn: X\n\
        jpegPhoto:< file:///etc/passwd\n";
    let file = write(&d, &contoso, "elsewhere.ldif", elsewhere);
    let report = import(&d, &contoso, "ldif", &file, &[]).ok();
    counts(&report, 0, 0, 0, 1);
    assert_eq!(skipped_records(&report)[0]["line"], 7, "{report}");
    assert!(!report.to_string().contains("root:"), "a file was read");
    for (name, content) in [
        ("empty.csv", &b""[..]),
        ("odd.csv", b"a,b\n1,2\n"),
        ("binary.csv", b"\xff\xfe\x00\x01"),
        (
            "open.csv",
            b"version:v1.0\nName [displayName] Required\n\"open",
        ),
    ] {
        let file = write(&d, &contoso, name, content);
        import(&d, &contoso, "csv", &file, &[]).refused(1);
        assert_eq!(users(&contoso).await.len(), before, "{name}");
    }
    let missing = d.scratch().join("missing.ldif");
    import(&d, &contoso, "ldif", &missing, &[]).refused(1);
    d.cli(&[
        "import",
        "users",
        "--tenant",
        e2e::NOBODY,
        "--format",
        "ldif",
        write(&d, &contoso, "good.ldif", &good).to_str().unwrap(),
    ])
    .refused(1);
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn import_works_without_a_server() {
    let d = Deployment::start();
    let contoso = d.tenant("Contoso").await;
    let file = write(&d, &contoso, "people.ldif", open_ldap(&contoso.domain));
    assert_eq!(d.terminate(), Some(0));
    let report = import(&d, &contoso, "ldif", &file, &[]).ok();
    assert_eq!(count(&report, "created"), 2, "{report}");
    d.assert_doctor_is_content();
    d.start_server();
    person(&contoso, "Jane Doe").await;
    d.finish().await;
}
