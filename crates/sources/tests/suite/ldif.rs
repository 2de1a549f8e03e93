//! The LDIF reader by RFC 2849: its examples, its faults, and what a writer wrote comes back.

#![allow(clippy::unwrap_used, reason = "the helpers are of tests too")]

use base64::Engine as _;
use proptest::prelude::*;
use sources::FileError;
use sources::ldif::{RECORD_VALUES_MAX, Reader, Record};

fn records(bytes: impl AsRef<[u8]>) -> Result<Vec<Record>, FileError> {
    let mut reader = Reader::new(bytes.as_ref());
    let mut records = Vec::new();
    while let Some(record) = reader.next_record()? {
        records.push(record);
    }
    Ok(records)
}

fn value<'a>(record: &'a Record, name: &str) -> &'a str {
    let found = record
        .attributes
        .iter()
        .find(|attribute| attribute.name == name);
    std::str::from_utf8(&found.unwrap().value).unwrap()
}

fn fault(text: &str) -> (u64, String) {
    records(text).unwrap().remove(0).fault.unwrap()
}

#[test]
fn reads_folds_comments_base64_and_options() {
    let text = "\u{feff}# An export\n#  of\n  two people\nversion: 1\n\n\
        dn: cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com\nobjectclass: top\n\
        # inside\ndescription:Babs is a big sailing fan, and travels exten\n sively in search of\n  perfect sailing conditions.\n\
        cn: Barbara Jensen\ntitle:\n\n\n\
        dn:: dWlkPXJvZ2FzYXdhcmEsb3U95Za25qWt6YOoLG89QWlyaXVz\n\
        ou;lang-ja:: 5Za25qWt\n 6YOo\ncn;Lang-JA;phonetic: x";
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let records = records(&text).unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].line, 6);
        assert_eq!(
            value(&records[0], "description"),
            "Babs is a big sailing fan, and travels extensively in search of perfect sailing conditions."
        );
        assert_eq!(value(&records[0], "title"), "");
        assert_eq!(records[1].dn, "uid=rogasawara,ou=営業部,o=Airius");
        assert_eq!(value(&records[1], "ou"), "営業部");
        assert_eq!(records[1].attributes[1].options, ["lang-ja", "phonetic"]);
        assert!(records.iter().all(|record| record.fault.is_none()));
    }
}

#[test]
fn passes_over_what_ldapsearch_adds() {
    let text = "# extended LDIF\n#\n# LDAPv3\n\n# anna\ndn: uid=anna\nuid: anna\n\n# search reference\nref: ldap://x\n\n\
        # search result\nsearch: 2\nresult: 0 Success\n\n# numResponses: 2\n";
    assert_eq!(records(text).unwrap().len(), 1);
    assert!(records("").unwrap().is_empty());
}

#[test]
fn a_fault_stays_with_its_record() {
    assert_eq!(
        fault("dn: uid=a\nuid: a\njpegPhoto:< file:///etc/passwd\n").0,
        3
    );
    assert!(
        fault("dn: uid=a\njpegPhoto:< file:///x\n")
            .1
            .contains("isn't fetched")
    );
    assert!(fault("dn: uid=a\ncn:: ***\n").1.contains("base64"));
    assert!(fault("dn: uid=a\njust text\n").1.contains("colon"));
    assert!(
        fault("dn: uid=a\nb\u{e4}d: x\n")
            .1
            .contains("name of an attribute")
    );
    assert!(fault("dn: uid=a\ndn: uid=b\n").1.contains("empty line"));
    let two = records("dn: uid=a\ncn:: *\n\ndn: uid=b\ncn: b\n").unwrap();
    assert_eq!((two.len(), two[1].fault.as_ref()), (2, None));
}

#[test]
fn bounds_a_record() {
    let members = (0..RECORD_VALUES_MAX + 5).map(|number| format!("member: uid={number}\n"));
    let mut text: String = std::iter::once("dn: cn=all\n".to_owned())
        .chain(members)
        .collect();
    text.push_str("objectClass: groupOfNames\n");
    let record = records(&text).unwrap().remove(0);
    assert_eq!(
        record.fault.as_ref().unwrap().0,
        RECORD_VALUES_MAX as u64 + 2
    );
    assert_eq!(value(&record, "objectclass"), "groupOfNames");
    assert_eq!(record.attributes.len(), RECORD_VALUES_MAX + 1);

    let long = format!(
        "dn: cn=a\nphoto: x\n{}\n\ndn: cn=b\n",
        format!(" {}\n", "x".repeat(9 << 20)).repeat(2).trim_end()
    );
    let two = records(&long).unwrap();
    assert!(two[0].fault.as_ref().unwrap().1.contains("10 MiB"));
    assert_eq!(two[1].fault, None);

    let error = records(format!("dn: cn=a\nphoto: {}\n", "x".repeat(11 << 20))).unwrap_err();
    assert_eq!((error.line, error.message.contains("10 MiB")), (2, true));
}

#[test]
fn refuses_files_that_are_something_else() {
    let changes =
        "version: 1\n\ndn: uid=a\nuid: a\n\ndn: uid=b\nchangetype: modify\nreplace: cn\ncn: x\n-\n";
    let error = records(changes).unwrap_err();
    assert_eq!(error.line, 7);
    assert!(error.message.contains("file of changes") && error.message.contains("export entries"));
    // ldifde marks what it exports so.
    assert_eq!(records("dn: a\nchangetype: add\ncn: a\n").unwrap().len(), 1);
    assert!(records("dn: a\nchangetype: delete\n").is_err());
    // Records whose names can't be read can't be told apart.
    assert!(
        records("dn:: /w==\ncn: x\n")
            .unwrap_err()
            .message
            .contains("UTF-8")
    );
    assert!(
        records("dn:: ***\ncn: x\n")
            .unwrap_err()
            .message
            .contains("base64")
    );
    assert_eq!(records("name,mail\na,b\n").unwrap_err().line, 1);
    assert!(
        records("version: 2\n")
            .unwrap_err()
            .message
            .contains("version: 1")
    );
    assert!(
        records(" x\n")
            .unwrap_err()
            .message
            .contains("continuation")
    );
    let error = records("dn: uid=a\nuid: a\n\nmail: a\n").unwrap_err();
    assert_eq!(
        (error.line, error.message.contains("empty line")),
        (4, true)
    );
    assert!(
        records(b"\xFF\xFEd\0n\0")
            .unwrap_err()
            .message
            .contains("UTF-16")
    );
}

/// Writes one line as RFC 2849 asks for: base64 where the value isn't a SAFE-STRING, folded at `width`.
fn write(out: &mut String, name: &str, value: &[u8], width: usize, end: &str) {
    let safe_first = value.first().is_none_or(|byte| !b" :<".contains(byte));
    let safe = safe_first
        && value
            .iter()
            .all(|byte| byte.is_ascii() && !b"\0\r\n".contains(byte));
    let text = match std::str::from_utf8(value) {
        Ok(text) if safe => format!("{name}: {text}"),
        _ => format!(
            "{name}:: {}",
            base64::engine::general_purpose::STANDARD.encode(value)
        ),
    };
    let chars: Vec<char> = text.chars().collect();
    let lines: Vec<String> = chars
        .chunks(width)
        .map(|part| part.iter().collect())
        .collect();
    out.push_str(&lines.join(&format!("{end} ")));
    out.push_str(end);
}

proptest! {
    #[test]
    fn what_was_written_comes_back(
        entries in prop::collection::vec(
            (".{0,40}", prop::collection::vec(("[a-z][a-z0-9-]{0,12}", prop::collection::vec(any::<u8>(), 0..120)), 0..8)),
            0..6,
        ),
        width in 20_usize..90,
        crlf in any::<bool>(),
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut text = format!("version: 1{end}");
        for (dn, attributes) in &entries {
            text.push_str(end);
            write(&mut text, "dn", dn.as_bytes(), width, end);
            for (name, value) in attributes {
                write(&mut text, &format!("x{name}"), value, width, end);
            }
        }
        let found = records(&text).unwrap();
        prop_assert_eq!(found.len(), entries.len());
        for (record, (dn, attributes)) in found.iter().zip(&entries) {
            prop_assert_eq!(&record.dn, dn.trim());
            prop_assert_eq!(&record.fault, &None);
            prop_assert_eq!(record.attributes.len(), attributes.len());
            for (found, (name, value)) in record.attributes.iter().zip(attributes) {
                prop_assert_eq!(&found.name, &format!("x{name}"));
                prop_assert_eq!(&found.value, value);
            }
        }
    }
}
