//! People out of each form: which records are taken, which aren't and why, and what becomes of the values.

#![allow(clippy::unwrap_used, reason = "the helpers are of tests too")]

use serde_json::{Value, json};
use sources::{FileError, Format, Import, ManagerRef, Map, SourceUser, read};

const OPENLDAP: &str = "\
dn: dc=contoso,dc=example
objectClass: organization
o: Contoso

dn: ou=People,dc=contoso,dc=example
objectClass: organizationalUnit
ou: People

dn: uid=jmueller,ou=People,dc=contoso,dc=example
objectClass: inetOrgPerson
uid: jmueller
cn: Jörg Müller
sn: Müller
givenName: Jörg
mail: joerg.mueller@contoso.example
mail: jm@contoso.example
title: Leiter
departmentNumber: 42
employeeNumber: E-1
l: Köln
telephoneNumber: +49 221 1
telephoneNumber: +49 221 2
preferredLanguage: de-DE, en;q=0.5
jpegPhoto:: /9j/4AAQ
entryUUID: 6F9619FF-8B86-D011-B42D-00C04FC964FF

dn: uid=tanaka,ou=People,dc=contoso,dc=example
objectClass: person
uid: tanaka
cn: Tanaka Hana
cn;lang-ja: 田中 花
displayName;lang-ja: 田中 花
sn: Tanaka
manager: UID=JMueller, OU=People, DC=contoso, DC=example

dn: cn=all,ou=Groups,dc=contoso,dc=example
objectClass: groupOfNames
seeAlso:< ldap://elsewhere
member: uid=tanaka,ou=People,dc=contoso,dc=example
";

const ACTIVE_DIRECTORY: &str = "\
dn: CN=Zoë Öztürk,OU=Staff,DC=fabrikam,DC=example
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
cn: Zoë Öztürk
displayName: Zoë Öztürk
sAMAccountName: zoe
userPrincipalName: zoë@fabrikam.example
userAccountControl: 514
objectGUID:: /xmWb4aLEdC0LQDAT8lk/w==
company: Fabrikam
department: Sales
co: Germany
c: de
proxyAddresses: SMTP:zoe@fabrikam.example
proxyAddresses: smtp:z@fabrikam.example
proxyAddresses: X500:/o=x
manager: CN=Gone,DC=fabrikam,DC=example

dn: CN=PC1,DC=fabrikam,DC=example
objectClass: user
objectClass: computer
sAMAccountName: PC1$

dn: CN=krbtgt,DC=fabrikam,DC=example
objectClass: user
isCriticalSystemObject: TRUE
sAMAccountName: krbtgt
";

const TEMPLATE: &str = "\u{feff}version:v1.0,,,,,\r\n\
Name [displayName] Required,User name [userPrincipalName] Required,Initial password [passwordProfile] Required,Block sign in (Yes/No) [accountEnabled] Required,Mobile phone [mobile],Office phone [telephoneNumber]\r\n\
Example: Chris Green,chris@contoso.com,myPassword1234,No,,\r\n\
Ивáн Петров,ivan@tailspin.example,S3cret!pass,Yes,+7 1,+7 2\r\n\
Ann,,S3cret!pass,No,,\r\n\
Bo,bo@tailspin.example,S3cret!pass,maybe,,\r\n\
Ivan the Second,IVAN@tailspin.example,S3cret!pass,No,,\r\n";

fn ldif(text: &str) -> Import {
    read(Format::Ldif, text.as_bytes(), None).unwrap()
}

fn csv(text: &str) -> Result<Import, FileError> {
    read(Format::Csv, text.as_bytes(), None)
}

fn property<'a>(user: &'a SourceUser, name: &str) -> &'a Value {
    user.properties.get(name).unwrap_or(&Value::Null)
}

fn messages(list: &[sources::RecordError]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn openldap() {
    let import = ldif(OPENLDAP);
    assert_eq!((import.users.len(), import.ignored), (2, 3));
    assert!(import.skipped.is_empty());
    assert_eq!(
        messages(&import.warnings),
        [
            "line 9 (uid=jmueller,ou=People,dc=contoso,dc=example): of 2 business phones only the \
             first, '+49 221 1', is taken."
        ]
    );
    assert!(import.mentioned.contains("jobTitle") && import.mentioned.contains("manager"));
    assert!(!import.mentioned.contains("mobilePhone"));
    let [jorg, hana] = &import.users[..] else {
        panic!()
    };
    assert_eq!(jorg.source_key, "6f9619ff-8b86-d011-b42d-00c04fc964ff");
    assert_eq!(jorg.upn_hint, "jmueller");
    assert_eq!(
        Value::from(jorg.properties.clone()),
        json!({
            "displayName": "Jörg Müller", "givenName": "Jörg", "surname": "Müller", "mailNickname": "jmueller",
            "mail": "joerg.mueller@contoso.example", "otherMails": ["jm@contoso.example"], "jobTitle": "Leiter",
            "department": "42", "employeeId": "E-1", "city": "Köln",
            "businessPhones": ["+49 221 1"], "preferredLanguage": "de-DE",
        })
    );
    assert!(
        jorg.photo
            .as_ref()
            .unwrap()
            .starts_with(&[0xFF, 0xD8, 0xFF])
    );
    assert_eq!(
        hana.source_key,
        "uid=tanaka,ou=people,dc=contoso,dc=example"
    );
    assert_eq!(property(hana, "displayName"), "田中 花");
    assert_eq!(hana.manager_source_key.as_ref(), Some(&jorg.source_key));
    assert!(
        matches!(&hana.manager_key, Some(ManagerRef::Dn(dn)) if dn.starts_with("uid=jmueller,"))
    );
}

#[test]
fn active_directory() {
    let import = ldif(ACTIVE_DIRECTORY);
    assert_eq!((import.users.len(), import.ignored), (1, 2));
    let zoe = &import.users[0];
    assert_eq!(zoe.source_key, "6f9619ff-8b86-d011-b42d-00c04fc964ff");
    assert_eq!(zoe.upn_hint, "zoe@fabrikam.example");
    assert_eq!(property(zoe, "accountEnabled"), false);
    assert_eq!(property(zoe, "mail"), "zoe@fabrikam.example");
    assert_eq!(property(zoe, "otherMails"), &json!(["z@fabrikam.example"]));
    assert_eq!(property(zoe, "companyName"), "Fabrikam");
    assert_eq!(
        (property(zoe, "country"), property(zoe, "usageLocation")),
        (&json!("Germany"), &json!("DE"))
    );
    let warnings = messages(&import.warnings);
    assert!(
        warnings[0].contains("'zoë@fabrikam.example' can't be"),
        "{warnings:?}"
    );
    assert!(
        messages(&import.absent_managers)[0]
            .contains("'cn=gone,dc=fabrikam,dc=example' isn't in the file")
    );
}

#[test]
fn entra_template() {
    let import = csv(TEMPLATE).unwrap();
    assert_eq!((import.users.len(), import.ignored), (1, 1));
    let ivan = &import.users[0];
    assert_eq!(
        (ivan.line, ivan.source_key.as_str()),
        (4, "ivan@tailspin.example")
    );
    assert_eq!(property(ivan, "displayName"), "Ивáн Петров");
    assert_eq!(property(ivan, "accountEnabled"), false);
    assert_eq!(property(ivan, "mobilePhone"), "+7 1");
    assert_eq!(property(ivan, "businessPhones"), &json!(["+7 2"]));
    assert_eq!(ivan.password.as_deref(), Some("S3cret!pass"));
    let skipped = messages(&import.skipped);
    assert!(
        skipped[0].starts_with("line 5: the record needs a user principal name"),
        "{skipped:?}"
    );
    assert!(
        skipped[1].starts_with("line 6: the column accountEnabled"),
        "{skipped:?}"
    );
    assert!(
        skipped[2].starts_with("line 7 (IVAN@tailspin.example): the record of line 4"),
        "{skipped:?}"
    );
    assert!(!format!("{import:?}").contains("S3cret"));
}

#[test]
fn export_with_graph_names() {
    let text = "userPrincipalName;displayName;id;accountEnabled;manager;businessPhones;shoeSize\n\
        a@x.example;A;1;True;;+1 1; 44\n\
        b@x.example;B;2;False;A@x.example;+1 2;\n\
        c@x.example;C;3;;1;;\n\
        d@x.example;D;4;;D@x.example;;\n\
        e#EXT#@x.example;E;5;;;;\n\
        f@x.example;F;1;;;;\n";
    let import = csv(text).unwrap();
    let keys: Vec<_> = import
        .users
        .iter()
        .map(|user| user.source_key.as_str())
        .collect();
    assert_eq!(keys, ["1", "2", "3", "4"]);
    let managers: Vec<_> = import
        .users
        .iter()
        .map(|user| user.manager_source_key.as_deref())
        .collect();
    assert_eq!(managers, [None, Some("1"), Some("1"), None]);
    let enabled: Vec<_> = import
        .users
        .iter()
        .map(|user| property(user, "accountEnabled").as_bool())
        .collect();
    assert_eq!(enabled, [Some(true), Some(false), None, None]);
    let (skipped, warnings) = (messages(&import.skipped), messages(&import.warnings));
    assert!(skipped[0].contains("guest"), "{skipped:?}");
    assert!(
        skipped[1].contains("line 2 has the same key '1'"),
        "{skipped:?}"
    );
    assert_eq!(
        warnings[0],
        "line 1: these columns aren't used: 'shoeSize'."
    );
    assert!(warnings[1].contains("names itself"), "{warnings:?}");
}

#[test]
fn any_header_by_a_map() {
    let map = Map::parse("displayName = 'Full name'\nuserPrincipalName = ['Login', 'E-mail']\nsourceKey = 'No'\nmail = 'E-mail'\nbusinessPhones = ['P1', 'P2']\nmanager = 'Boss'").unwrap();
    let text = "No\tFull name\tLogin\tE-mail\tP1\tP2\tBoss\n7\tÅsa Ek\t\tasa@x.example\t1\t2\t\n8\tBo\tbo\t\t\t\t7\n\tNo key\tn\t\t\t\t\n9\tPeter Ek\t\t\t\t\t\n";
    let import = read(Format::Csv, text.as_bytes(), Some(&map)).unwrap();
    let hints: Vec<_> = import
        .users
        .iter()
        .map(|user| user.upn_hint.as_str())
        .collect();
    assert_eq!(hints, ["asa@x.example", "bo", "peter.ek"]);
    assert_eq!(property(&import.users[0], "businessPhones"), &json!(["1"]));
    assert_eq!(import.users[1].manager_source_key.as_deref(), Some("7"));
    assert!(messages(&import.skipped)[0].contains("source key is missing"));

    // A column that a map uses still gives its usual property, and a yes to blocking stays a no.
    // What has a column is spoken of, whether or not somebody has a value.
    assert!(import.mentioned.contains("mail") && !import.mentioned.contains("jobTitle"));
    let usual = Map::parse("sourceKey = 'mail'\naccountEnabled = 'accountEnabled'").unwrap();
    let text = "displayName,mail,Block [accountEnabled]\nA,A@x.example,Yes\n";
    let import = read(Format::Csv, text.as_bytes(), Some(&usual)).unwrap();
    let user = &import.users[0];
    assert_eq!(
        (user.source_key.as_str(), user.upn_hint.as_str()),
        ("A@x.example", "A@x.example")
    );
    assert_eq!(property(user, "mail"), "A@x.example");
    assert_eq!(property(user, "accountEnabled"), false);

    let error = read(Format::Csv, &b"Name,Login\na,b\n"[..], Some(&map)).unwrap_err();
    assert!(
        error.message.contains("'E-mail'") || error.message.contains("'P1'"),
        "{error}"
    );
    assert!(error.message.contains("'Name', 'Login'"), "{error}");

    let map =
        Map::parse("displayName = 'cn;lang-ja'\nsourceKey = 'uid'\naccountEnabled = 'active'")
            .unwrap();
    let text = OPENLDAP.replace("uid: tanaka", "uid: tanaka\nactive: no");
    let import = read(Format::Ldif, text.as_bytes(), Some(&map)).unwrap();
    let hana = import
        .users
        .iter()
        .find(|user| user.source_key == "tanaka")
        .unwrap();
    assert_eq!(property(hana, "displayName"), "田中 花");
    assert_eq!(property(hana, "accountEnabled"), false);
    // Without a value for the mapped name the parts of the name serve.
    assert_eq!(property(&import.users[0], "displayName"), "Jörg Müller");
}

#[test]
fn bad_records_are_skipped_with_their_reason() {
    let person = |name: &str, more: &str| {
        format!("dn: uid={name}\nobjectClass: inetOrgPerson\nuid: {name}\nsn: {name}\n{more}\n")
    };
    let text = [
        person("a", ""),
        person("b", "jpegPhoto:< file:///x\n"),
        person("c", "objectGUID: short\n"),
        person("d", "title:: /w==\n"),
        "dn: uid=e\nobjectClass: person\nuid: e\n\n".to_owned(),
        person("A", "entryUUID: x\n"),
        person("g", "jpegPhoto: text\nmail: nobody\nc: Narnia\n"),
        "dn: cn=Иван\nobjectClass: person\ncn: Иван\n\n".to_owned(),
        "dn: uid=h\nnonsense\n\n".to_owned(),
    ]
    .concat();
    let import = ldif(&text);
    let names: Vec<_> = import
        .users
        .iter()
        .map(|user| user.upn_hint.as_str())
        .collect();
    assert_eq!(names, ["a", "g"]);
    let skipped = messages(&import.skipped);
    for (skipped, part) in skipped.iter().zip([
        "line 10 (uid=b): the value of 'jpegphoto' is a URL",
        "line 16 (uid=c): the objectGUID isn't",
        "line 22 (uid=d): the value of 'title' isn't UTF-8",
        "line 24 (uid=e): the record has no name",
        "line 28 (uid=A): the record of line 1 has the same name",
        "(cn=Иван): the record needs",
        "(uid=h): a line without a colon",
    ]) {
        assert!(skipped.contains(part), "{skipped} / {part}");
    }
    assert_eq!(skipped.len(), 7);
    let warnings = messages(&import.warnings);
    for part in [
        "'nobody' isn't a mail",
        "'Narnia' isn't a usage location",
        "photo isn't",
    ] {
        assert!(
            warnings.iter().any(|warning| warning.contains(part)),
            "{warnings:?}"
        );
    }
}

#[test]
fn a_broken_file_gives_nothing() {
    assert!(
        read(
            Format::Ldif,
            format!("{OPENLDAP}\ndn: uid=x\nchangetype: delete\n").as_bytes(),
            None
        )
        .is_err()
    );
    assert!(csv(&format!("{TEMPLATE}\"open,x\n")).is_err());
    for (text, part) in [
        ("", "no header"),
        ("a,b\n1,2\n", "needs columns displayName"),
        ("displayName,Mail,mail\n", "twice"),
    ] {
        assert!(csv(text).unwrap_err().message.contains(part), "{text}");
    }
    let error = types::Error::from(csv("").unwrap_err());
    assert!(matches!(error, types::Error::Invalid { .. }));
}

#[test]
fn exports_of_chosen_attributes_need_no_classes() {
    let import = ldif(
        "dn: cn=a\nsn: A\nuid: a\n\ndn: cn=g\ncn: g\nmember: cn=a\n\ndn: cn=p\nsAMAccountName: P$\n",
    );
    assert_eq!((import.users.len(), import.ignored), (1, 2));
}
