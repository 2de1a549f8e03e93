use std::net::IpAddr;
use std::path::Path;

use super::*;

fn flag(key: &str, value: &str) -> Flag {
    Flag {
        flag: format!("--set {key}"),
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

fn with_flags(flags: &[(&str, &str)]) -> Result<Config> {
    Config::load(&Inputs {
        flags: flags.iter().map(|(key, value)| flag(key, value)).collect(),
        ..Inputs::default()
    })
}

fn with_environment(variables: &[(&str, &str)]) -> Result<Config> {
    let pairs = variables.iter();
    Config::load(&Inputs {
        environment: pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..Inputs::default()
    })
}

fn with_file(text: &str) -> Result<Config> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("chosen.toml");
    std::fs::write(&file, text).unwrap();
    Config::load(&Inputs {
        file: Some(file),
        ..Inputs::default()
    })
}

#[track_caller]
fn refusal(result: Result<Config>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn the_stronger_source_wins_and_is_remembered() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("isopolity.toml"),
        "listen = \"127.0.0.1:1\"\npublic_url = \"https://a.example/\"\n\
        allow_egress = [\"10.0.0.0/8\", \"::1\"]\n[limits]\nbody_bytes = 2_048\nbatch_requests = 5\n",
    )
    .unwrap();
    let config = Config::load(&Inputs {
        file: None,
        environment: vec![
            (
                "ISOPOLITY_DATA".into(),
                directory.path().to_str().unwrap().into(),
            ),
            ("ISOPOLITY_LISTEN".into(), "127.0.0.1:2".into()),
            ("ISOPOLITY_LIMITS__BATCH_REQUESTS".into(), "6".into()),
            ("HOME".into(), "/nowhere".into()),
        ],
        flags: vec![flag("listen", "127.0.0.1:3")],
    })
    .unwrap();
    assert_eq!(config.listen, "127.0.0.1:3");
    assert_eq!(
        *config.source("listen"),
        Source::Flag("--set listen".into())
    );
    assert_eq!(config.limits.get("batch_requests"), 6);
    assert_eq!(
        config.source("limits.batch_requests").to_string(),
        "environment ISOPOLITY_LIMITS__BATCH_REQUESTS"
    );
    assert_eq!(config.limits.get("body_bytes"), 2_048);
    assert!(matches!(
        config.source("limits.body_bytes"),
        Source::File(_)
    ));
    assert_eq!(config.origin(), "https://a.example");
    assert_eq!(config.allow_egress.len(), 2);
    assert_eq!(*config.source("log.format"), Source::Default);
    let settings = config.settings();
    let shown = settings
        .iter()
        .find(|setting| setting.key == "allow_egress")
        .unwrap();
    assert_eq!(shown.value.as_deref(), Some("10.0.0.0/8,::1/128"));
}

#[test]
fn unknown_keys_are_refused_with_the_nearest() {
    let message = refusal(with_flags(&[("limits.batch_request", "1")]));
    assert!(message.contains("limits.batch_requests"), "{message}");
    assert!(message.contains("--set limits.batch_request"), "{message}");
    let message = refusal(with_environment(&[("ISOPOLITY_LISTN", "x")]));
    assert!(
        message.contains("ISOPOLITY_LISTN") && message.contains("'listen'"),
        "{message}"
    );
    let message = refusal(with_file("[tls]\nself_singed = true\n"));
    assert!(
        message.contains("chosen.toml") && message.contains("tls.self_signed"),
        "{message}"
    );
    for key in ["limits", "tls", "nonsense-that-is-like-nothing", ""] {
        refusal(with_flags(&[(key, "1")]));
    }
    // Made by others, not meant for us.
    with_environment(&[
        ("ISOPOLITY_BIN", "target/release/isopolity"),
        ("ISOPOLITY_SERVICE_HOST", "10.0.0.1"),
        ("ISOPOLITY_PORT", "tcp://10.0.0.1:80"),
        ("DATABASE_URL", ""),
    ])
    .unwrap();
}

#[test]
fn values_are_checked() {
    for (key, value) in [
        ("listen", "localhost"),
        ("listen", "127.0.0.1:99999"),
        ("public_url", "ftp://x"),
        ("public_url", "https://x/path"),
        ("public_url", "https://user@x"),
        ("tls.self_signed", "yes"),
        ("tls.cert", "alone.pem"),
        ("allow_egress", "10.0.0.0/33"),
        ("dns_servers", "dns.example"),
        ("trusted_proxy", "everybody"),
        ("log.format", "xml"),
        ("data", ""),
        ("limits.batch_requests", "0"),
        ("limits.batch_requests", "-1"),
        ("limits.batch_requests", "many"),
        ("limits.request_seconds", "99999"),
        ("limits.json_depth", "65"),
    ] {
        let message = refusal(with_flags(&[(key, value)]));
        assert!(
            message.contains("--set") && message.ends_with('.'),
            "{message}"
        );
    }
    let message = refusal(with_file("listen = \n"));
    assert!(message.contains("line 1"), "{message}");
    let missing = Config::load(&Inputs {
        file: Some("no/such/file.toml".into()),
        ..Inputs::default()
    });
    assert!(refusal(missing).contains("no/such/file.toml"));
}

#[test]
fn secrets_are_masked_and_what_cannot_be_done_yet_is_refused() {
    let config = with_environment(&[("DATABASE_URL", "postgres://user:secret@host/db")]).unwrap();
    config.check().unwrap();
    assert!(!format!("{config:?}").contains("secret"));
    let settings = serde_json::to_string(&config.settings()).unwrap();
    assert!(!settings.contains("secret"), "{settings}");
    let config = with_flags(&[("peer_listen", "127.0.0.1:9")]).unwrap();
    config.check().unwrap_err();
    Config::at("x").check().unwrap();
}

#[test]
fn the_origin_is_made_of_the_address() {
    assert_eq!(Config::at("x").origin(), "http://localhost:8080");
    let config = with_flags(&[("listen", "127.0.0.1:8080")]).unwrap();
    assert_eq!(config.origin(), "http://127.0.0.1:8080");
    let config = with_flags(&[("tls.self_signed", "true"), ("listen", "[::1]:1")]).unwrap();
    assert_eq!(config.origin(), "https://[::1]:1");
    let config = with_flags(&[("listen", "0.0.0.0:1")]).unwrap();
    assert_eq!(config.origin(), "http://localhost:1");
}

#[test]
fn blocks_contain_their_addresses() {
    let contains = |block: &str, address: &str| {
        let block: Cidr = block.parse().unwrap();
        block.contains(address.parse::<IpAddr>().unwrap())
    };
    assert!(contains("10.0.0.0/8", "10.255.0.1"));
    assert!(!contains("10.0.0.0/8", "11.0.0.1"));
    assert!(contains("0.0.0.0/0", "1.2.3.4"));
    assert!(contains("127.0.0.1", "127.0.0.1"));
    assert!(!contains("127.0.0.1", "127.0.0.2"));
    assert!(
        contains("127.0.0.0/8", "::ffff:127.0.0.1"),
        "IPv4 in IPv6's clothes"
    );
    assert!(contains("::/0", "fd00::1"));
    assert!(contains("fd00::/8", "fd12::1"));
    assert!(!contains("fd00::/8", "fe80::1"));
    assert!(!contains("::/0", "1.2.3.4"));
}

#[test]
fn limits_have_sound_defaults_and_the_document_lists_them() {
    for limit in LIMITS {
        assert!(
            (limit.min..=limit.max).contains(&limit.default),
            "{}",
            limit.name
        );
        assert_eq!(
            LIMITS
                .iter()
                .filter(|other| other.name == limit.name)
                .count(),
            1,
            "{}",
            limit.name
        );
    }
    assert_document("limits.md", &limits_markdown());
}

#[test]
fn every_key_is_in_the_document() {
    let document = read_document("configuration.md");
    for key in KEYS {
        assert!(
            document.contains(&format!("`{}`", key.name)),
            "{}",
            key.name
        );
    }
}

fn read_document(name: &str) -> String {
    std::fs::read_to_string(document(name)).unwrap()
}

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name)
}

#[track_caller]
fn assert_document(name: &str, text: &str) {
    if std::env::var_os("REWRITE_DOCS").is_some() {
        std::fs::write(document(name), text).unwrap();
    }
    assert!(
        read_document(name) == text,
        "docs/{name} is out of date: REWRITE_DOCS=1 cargo test -p node --lib config"
    );
}
