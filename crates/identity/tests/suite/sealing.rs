//! The deployment key, sealed secrets and signed positions.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::World;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use identity::{DeploymentKey, PublicUrl, Sealer, Secret, keys};
use proptest::prelude::*;
use types::{Error, TenantId};
use uuid::Uuid;

const A: TenantId = TenantId::new(Uuid::from_u128(1));
const B: TenantId = TenantId::new(Uuid::from_u128(2));

fn sealer(byte: u8) -> Sealer {
    let key = DeploymentKey::from_text(&BASE64_STANDARD.encode([byte; 32])).unwrap();
    Sealer::new(&key).unwrap()
}

#[test]
fn a_key_is_made_once_and_only_its_owner_reads_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deployment.key");
    assert!(DeploymentKey::load(directory.path()).unwrap().is_none());
    // What a making that was cut off left behind doesn't matter.
    fs::write(directory.path().join("deployment.key.new"), b"half").unwrap();
    let first = Sealer::new(&DeploymentKey::load_or_create(directory.path()).unwrap()).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes.len(), 32);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    let second = Sealer::new(&DeploymentKey::load_or_create(directory.path()).unwrap()).unwrap();
    let sealed = first.seal("x", A, b"secret").unwrap();
    assert_eq!(second.open("x", A, &sealed).unwrap().as_slice(), b"secret");
    assert_eq!(fs::read(&path).unwrap(), bytes);

    for mode in [0o640, 0o604, 0o660, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let refused = DeploymentKey::load_or_create(directory.path()).unwrap_err();
        assert!(refused.to_string().contains("0600"), "{refused}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    for length in [0, 31, 33] {
        fs::write(&path, vec![7; length]).unwrap();
        let refused = DeploymentKey::load_or_create(directory.path()).unwrap_err();
        assert!(
            refused.to_string().contains("exactly 32 bytes"),
            "{refused}"
        );
        assert_eq!(fs::read(&path).unwrap().len(), length, "it isn't replaced");
    }
}

#[test]
fn a_key_from_the_environment_is_base64() {
    let bytes = [0xfb; 32];
    let sealed = sealer(0xfb).seal("x", A, b"secret").unwrap();
    for text in [
        BASE64_STANDARD.encode(bytes),
        format!(" {}\n", BASE64_STANDARD.encode(bytes)),
        BASE64_URL_SAFE_NO_PAD.encode(bytes),
    ] {
        let sealer = Sealer::new(&DeploymentKey::from_text(&text).unwrap()).unwrap();
        assert_eq!(sealer.open("x", A, &sealed).unwrap().as_slice(), b"secret");
    }
    for text in [
        "",
        "short",
        "ä",
        &BASE64_STANDARD.encode([1; 31]),
        &BASE64_STANDARD.encode([1; 33]),
    ] {
        let refused = DeploymentKey::from_text(text).unwrap_err();
        assert!(!refused.to_string().contains("short"), "{refused}");
    }
}

#[test]
fn a_seal_is_bound_to_key_purpose_and_tenant() {
    let sealed = sealer(1).seal("signing key", A, b"secret").unwrap();
    assert!(!sealed.windows(6).any(|window| window == b"secret"));
    assert_ne!(
        sealed,
        sealer(1).seal("signing key", A, b"secret").unwrap(),
        "the nonce is random"
    );
    assert_eq!(
        sealer(1)
            .open("signing key", A, &sealed)
            .unwrap()
            .as_slice(),
        b"secret"
    );
    assert!(sealer(2).open("signing key", A, &sealed).is_err());
    assert!(sealer(1).open("totp", A, &sealed).is_err());
    assert!(sealer(1).open("signing key", B, &sealed).is_err());
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        if let Some(byte) = changed.get_mut(at) {
            *byte ^= 1;
        }
        assert!(
            sealer(1).open("signing key", A, &changed).is_err(),
            "byte {at}"
        );
        assert!(
            sealer(1)
                .open("signing key", A, sealed.get(..at).unwrap())
                .is_err()
        );
    }
}

#[test]
fn data_of_another_deployment_key_says_so() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let island = world.store.island(tenant).unwrap();
    let error = island
        .read_blocking(|tx| keys::load(tx, &sealer(9)))
        .unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("deployment key"));
}

#[test]
fn a_position_is_bound_to_key_purpose_and_tenant() {
    let token = sealer(1).sign_cursor("users delta", A, b"42");
    assert_eq!(
        sealer(1).verify_cursor("users delta", A, &token).unwrap(),
        b"42"
    );
    assert!(
        token
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    );
    assert!(sealer(2).verify_cursor("users delta", A, &token).is_err());
    assert!(sealer(1).verify_cursor("groups delta", A, &token).is_err());
    assert!(sealer(1).verify_cursor("users delta", B, &token).is_err());
    for at in 0..token.len() {
        let mut changed = token.clone();
        let other = if changed.get(at..=at) == Some("A") {
            "B"
        } else {
            "A"
        };
        changed.replace_range(at..=at, other);
        assert!(
            sealer(1).verify_cursor("users delta", A, &changed).is_err(),
            "character {at}"
        );
    }
    assert!(
        sealer(1)
            .verify_cursor("users delta", A, &"A".repeat(9000))
            .is_err()
    );
    let empty = sealer(1).sign_cursor("x", A, b"");
    assert_eq!(sealer(1).verify_cursor("x", A, &empty).unwrap(), b"");
}

#[test]
fn secrets_print_as_nothing() {
    let key = DeploymentKey::from_text(&BASE64_STANDARD.encode([1; 32])).unwrap();
    assert_eq!(format!("{key:?}"), "DeploymentKey");
    assert_eq!(format!("{:?}", sealer(1)), "Sealer");
    assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret");
}

#[test]
fn public_urls() {
    let url = PublicUrl::parse("HTTPS://Id.Contoso.example:8443/").unwrap();
    assert_eq!(url.as_str(), "https://id.contoso.example:8443");
    assert_eq!(url.authority(), "id.contoso.example:8443");
    assert!(PublicUrl::parse("http://[::1]:8080").is_ok());
    for wrong in [
        "",
        "id.contoso.example",
        "ftp://x",
        "https://",
        "https://a/b",
        "https://a?b",
        "https://u@a",
    ] {
        assert!(PublicUrl::parse(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn positions_come_back_and_nothing_panics(
        payload in proptest::collection::vec(any::<u8>(), 0..200),
        noise in ".{0,200}",
    ) {
        let sealer = sealer(1);
        let token = sealer.sign_cursor("p", A, &payload);
        prop_assert_eq!(sealer.verify_cursor("p", A, &token).unwrap(), payload.clone());
        prop_assert!(sealer.verify_cursor("p", A, &noise).is_err());
        prop_assert!(sealer.open("p", A, &payload).is_err());
    }
}
