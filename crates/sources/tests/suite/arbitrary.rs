//! No bytes make a reader panic, and reading is repeatable.

use proptest::prelude::*;
use sources::{Format, Map, read};

/// Bytes that look enough like a file to get past its first line.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "dn: uid=a\n",
        "dn:: dQ==\n",
        "dn:",
        "\n\n",
        " ",
        "\n ",
        ":: ",
        ":< ",
        "uid: ",
        "#",
        "\r\n",
        "version: 1\n",
        "version:v1.0\n",
        "sep=;\n",
        "displayName,mail\n",
        "Name [displayName],[userPrincipalName],[accountEnabled]\n",
        "\"",
        ",",
        ";",
        "a@b.example",
        "objectClass: person\n",
        "objectGUID:: ",
        "manager: cn=\\",
        "\\2",
        "\u{feff}",
        "é",
        "Yes",
        "proxyAddresses: SMTP:",
        "jpegPhoto:: /9j/\n",
        "userAccountControl: 514\n",
        "[",
        "]",
        "\t",
    ]);
    let piece = prop_oneof![
        4 => pieces.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn nothing_panics(structured in bytes(), loose in prop::collection::vec(any::<u8>(), 0..400)) {
        let map = Map::parse("displayName = ['cn', 'mail']\nsourceKey = 'uid;x-a'\nmanager = 'mail'").unwrap();
        for bytes in [&structured, &loose] {
            for format in [Format::Ldif, Format::Csv] {
                for map in [None, Some(&map)] {
                    let first = format!("{:?}", read(format, &bytes[..], map));
                    prop_assert_eq!(first, format!("{:?}", read(format, &bytes[..], map)));
                }
            }
        }
    }

    #[test]
    fn maps_do_not_panic(text in ".{0,200}") {
        let _ = Map::parse(&text);
        let _ = Map::parse(&format!("{{{text}"));
    }
}
