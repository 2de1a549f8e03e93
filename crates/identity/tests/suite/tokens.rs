//! Tokens: what is issued is verified, and by an independent library; everything else is refused.

use std::sync::atomic::Ordering;

use crate::common::{NOON, SECRET, StoreLoader, URL, World, now, run};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity::token::{LIFETIME_SECONDS, TokenError, Verifier, VerifyError};
use serde_json::{Value, json};
use types::{Actor, Id, TenantId};
use uuid::Uuid;

pub(crate) fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

pub(crate) fn packed(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

pub(crate) fn refusal(world: &World, verifier: &Verifier<StoreLoader>, token: &str) -> TokenError {
    match run(verifier.verify(token, now(&world.clock))) {
        Err(VerifyError::Token(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Signs any header and claims with a tenant's real key, taken from its sealed row: the one of the
/// algorithm that the header names.
pub(crate) fn forge(world: &World, tenant: TenantId, header: &Value, claims: &Value) -> String {
    let by_api_key = header["alg"] == "ES256";
    let (column, purpose) = if by_api_key {
        ("api_private_key", "API signing key")
    } else {
        ("private_key", "signing key")
    };
    let select =
        format!("SELECT {column} FROM signing_keys WHERE tenant_id = ?1 AND retires_at IS NULL");
    let island = world.store.island(tenant).unwrap();
    let sealed = island
        .read_blocking(|tx| {
            tx.query_one(&select, store::params![&tenant], |row| {
                Ok(row.bytes(0)?.to_vec())
            })
        })
        .unwrap()
        .unwrap();
    let private = world.sealer.open(purpose, tenant, &sealed).unwrap();
    if by_api_key {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &private).unwrap();
        sign_by(&pair, header, claims)
    } else {
        sign(&KeyPair::from_pkcs8(&private).unwrap(), header, claims)
    }
}

/// Signs by a key of P-256.
pub(crate) fn sign_by(pair: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    signed(header, claims, |message| {
        let signature = pair.sign(&SystemRandom::new(), message).unwrap();
        signature.as_ref().to_vec()
    })
}

fn sign(pair: &KeyPair, header: &Value, claims: &Value) -> String {
    signed(header, claims, |message| {
        let mut signature = vec![0; pair.public_modulus_len()];
        let random = SystemRandom::new();
        pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
            .unwrap();
        signature
    })
}

fn signed(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", packed(header), packed(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

#[test]
fn an_app_only_token_says_what_entras_do() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let token = world.token(tenant);
    let header = part(&token, 0);
    assert_eq!(header["typ"], "JWT");
    assert_eq!(header["alg"], "RS256");
    assert_eq!(header["kid"], world.jwks(tenant)["keys"][0]["kid"]);
    let mut claims = part(&token, 1);
    for name in ["aio", "uti"] {
        assert_eq!(claims[name].as_str().unwrap().len(), 22);
        claims.as_object_mut().unwrap().remove(name);
    }
    let issuer = format!("{URL}/{tenant}/v2.0");
    let (app, principal) = (Uuid::from_u128(0xa9), Uuid::from_u128(0x5e));
    assert_eq!(
        claims,
        json!({
            "aud": "https://graph.microsoft.com", "iss": issuer,
            "iat": NOON, "nbf": NOON, "exp": NOON + 3599,
            "app_displayname": "Automation", "appid": app, "appidacr": "1",
            "azp": app, "azpacr": "1", "idp": issuer, "idtyp": "app",
            "oid": principal, "roles": ["Directory.Read.All", "User.Read.All"],
            "sub": principal, "tid": tenant, "ver": "2.0", "iso_gen": 0,
            "iso_key": SECRET, "xms_tcdt": NOON,
        })
    );
    assert_ne!(part(&world.token(tenant), 1)["uti"], part(&token, 1)["uti"]);

    let verified = run(world.verifier().verify(&token, now(&world.clock))).unwrap();
    assert_eq!(verified.tenant, tenant);
    assert_eq!(verified.app_id, app);
    assert_eq!(
        verified.actor(),
        Actor::Application {
            app_id: app,
            service_principal_id: principal
        }
    );
    assert!(verified.has_role("User.Read.All") && !verified.has_role("User"));
}

#[test]
fn another_library_verifies_it_by_the_key_set() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let token = world.token(tenant);
    let keys = world.jwks(tenant);
    assert_eq!(keys["keys"][0]["issuer"], format!("{URL}/{tenant}/v2.0"));
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(keys).unwrap();
    let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(set.find(&kid).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_audience(&["https://graph.microsoft.com"]);
    validation.set_issuer(&[format!("{URL}/{tenant}/v2.0")]);
    validation.validate_exp = false;
    jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap();
}

#[test]
fn tokens_that_nobody_signed_are_refused() {
    let world = World::new();
    let (tenant, other) = (
        world.tenant("contoso.example"),
        world.tenant("fabrikam.example"),
    );
    let verifier = world.verifier();
    let token = world.token(tenant);
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("not a token")
    };
    let with_header = |name: &str, value: Value| {
        let mut header = part(&token, 0);
        header[name] = value;
        format!("{}.{claims}.{signature}", packed(&header))
    };
    let with_claim = |name: &str, value: Value| {
        let mut claims = part(&token, 1);
        claims[name] = value;
        format!("{header}.{}.{signature}", packed(&claims))
    };
    let their_kid = part(&world.token(other), 0)["kid"].clone();
    let huge = with_claim("pad", json!("x".repeat(20_000)));
    for (forged, error) in [
        (String::new(), TokenError::Missing),
        ("x".into(), TokenError::Malformed),
        ("..".into(), TokenError::Malformed),
        (format!("{header}.{claims}"), TokenError::Malformed),
        (format!("{token}.x"), TokenError::Malformed),
        (format!("{token}="), TokenError::Malformed),
        (huge, TokenError::Malformed),
        (with_header("alg", json!("none")), TokenError::Malformed),
        (
            format!("{}.{claims}.", packed(&json!({"alg": "none"}))),
            TokenError::Malformed,
        ),
        (with_header("alg", json!("HS256")), TokenError::Malformed),
        (with_header("alg", json!("RS512")), TokenError::Malformed),
        (with_header("alg", json!("rs256")), TokenError::Malformed),
        // The other half of the same key: it has the id, and didn't sign this.
        (with_header("alg", json!("ES256")), TokenError::Signature),
        (with_header("typ", json!("at+jws")), TokenError::Malformed),
        (with_header("crit", json!(["exp"])), TokenError::Malformed),
        (
            with_header("jku", json!("http://127.0.0.1:1/")),
            TokenError::Signature,
        ),
        (with_header("kid", json!("unknown")), TokenError::UnknownKey),
        (with_header("kid", their_kid), TokenError::UnknownKey),
        (format!("{header}.{claims}."), TokenError::Signature),
        (
            format!("{header}.{claims}.{}", &signature[4..]),
            TokenError::Signature,
        ),
        (
            with_claim("exp", json!(4_000_000_000_i64)),
            TokenError::Signature,
        ),
        (
            with_claim("roles", json!(["Directory.ReadWrite.All"])),
            TokenError::Signature,
        ),
        (with_claim("tid", json!(other)), TokenError::UnknownKey),
        (
            with_claim("tid", json!(Uuid::nil())),
            TokenError::UnknownTenant,
        ),
        (with_claim("aud", json!(["a", "b"])), TokenError::Malformed),
    ] {
        assert_eq!(refusal(&world, &verifier, &forged), error, "{forged:.200}");
    }
    // Twice the same claim: two readers could see two values.
    let twice = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    let twice = BASE64_URL_SAFE_NO_PAD.encode(twice.replacen('{', r#"{"tid":"x","#, 1));
    let forged = format!("{header}.{twice}.{signature}");
    assert_eq!(refusal(&world, &verifier, &forged), TokenError::Malformed);

    // The public key taken as an HMAC secret.
    let modulus = world.jwks(tenant)["keys"][0]["n"]
        .as_str()
        .unwrap()
        .to_owned();
    for secret in [
        modulus.clone().into_bytes(),
        BASE64_URL_SAFE_NO_PAD.decode(&modulus).unwrap(),
    ] {
        let mut confused = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        confused.kid = part(&token, 0)["kid"].as_str().map(str::to_owned);
        let key = jsonwebtoken::EncodingKey::from_secret(&secret);
        let forged = jsonwebtoken::encode(&confused, &part(&token, 1), &key).unwrap();
        assert_eq!(refusal(&world, &verifier, &forged), TokenError::Malformed);
    }
    // A key of nobody's, under the tenant's key id, and announced in the token itself.
    let stranger = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let mut announced = part(&token, 0);
    announced["jwk"] = world.jwks(other)["keys"][0].clone();
    for header in [part(&token, 0), announced] {
        let forged = sign(&stranger, &header, &part(&token, 1));
        assert_eq!(refusal(&world, &verifier, &forged), TokenError::Signature);
    }
    run(verifier.verify(&token, now(&world.clock))).unwrap();
}

#[test]
fn tokens_that_a_tenant_signed_for_something_else_are_refused() {
    let world = World::new();
    let (tenant, other) = (
        world.tenant("contoso.example"),
        world.tenant("fabrikam.example"),
    );
    let verifier = world.verifier();
    let token = world.token(tenant);
    let (header, claims) = (part(&token, 0), part(&token, 1));
    let issuer = |tenant: TenantId| format!("{URL}/{tenant}/v2.0");
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        forge(&world, tenant, &header, &claims)
    };
    run(verifier.verify(&forge(&world, tenant, &header, &claims), now(&world.clock))).unwrap();
    for (forged, error) in [
        (with("iss", json!(issuer(other))), TokenError::Issuer),
        (
            with("iss", json!("https://sts.windows.net/")),
            TokenError::Issuer,
        ),
        (
            with("iss", json!(format!("{}/", issuer(tenant)))),
            TokenError::Issuer,
        ),
        (
            with("aud", json!("https://elsewhere.example")),
            TokenError::Audience,
        ),
        (with("aud", json!("api://a9")), TokenError::Audience),
        (with("idtyp", json!("user")), TokenError::Malformed),
        (with("sub", json!(Uuid::nil())), TokenError::Malformed),
        (with("exp", json!(NOON)), TokenError::Expired),
        (with("nbf", json!(NOON + 6)), TokenError::NotYetValid),
        (with("exp", json!(i64::MIN)), TokenError::Expired),
        (with("nbf", json!(i64::MAX)), TokenError::NotYetValid),
    ] {
        assert_eq!(refusal(&world, &verifier, &forged), error);
    }
    run(verifier.verify(&with("nbf", json!(NOON + 5)), now(&world.clock))).unwrap();
    // A tenant signs for another: the claims name the other, whose keys don't fit.
    let mut foreign = claims.clone();
    foreign["tid"] = json!(other);
    foreign["iss"] = json!(issuer(other));
    let forged = forge(&world, tenant, &header, &foreign);
    assert_eq!(refusal(&world, &verifier, &forged), TokenError::UnknownKey);
}

#[test]
fn a_token_ends_on_the_second_even_if_it_is_known() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let verifier = world.verifier();
    let token = world.token(tenant);
    world.clock.advance_seconds(LIFETIME_SECONDS - 1);
    run(verifier.verify(&token, now(&world.clock))).unwrap();
    assert!(verifier.known(&token, now(&world.clock)).is_some());
    world.clock.advance_seconds(1);
    assert!(verifier.known(&token, now(&world.clock)).is_none());
    assert_eq!(refusal(&world, &verifier, &token), TokenError::Expired);
}

#[test]
fn a_rotation_keeps_old_tokens_until_they_expire() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let verifier = world.verifier();
    let old = world.token(tenant);
    run(verifier.verify(&old, now(&world.clock))).unwrap();

    world.clock.advance_seconds(2);
    world.rotate(tenant);
    let new = world.token(tenant);
    assert_ne!(part(&old, 0)["kid"], part(&new, 0)["kid"]);
    assert_eq!(world.jwks(tenant)["keys"].as_array().unwrap().len(), 2);
    // The verifier was told nothing: it reads the keys again when it sees an unknown one.
    run(verifier.verify(&new, now(&world.clock))).unwrap();
    let fresh = world.verifier();
    world.clock.advance_seconds(LIFETIME_SECONDS - 3);
    run(fresh.verify(&old, now(&world.clock))).unwrap();
    world.clock.advance_seconds(1);
    assert_eq!(refusal(&world, &fresh, &old), TokenError::Expired);
    run(fresh.verify(&new, now(&world.clock))).unwrap();

    // Once the last token of the old key has ended, it is gone: from the set and for verifying.
    world.clock.advance_seconds(600);
    assert_eq!(world.jwks(tenant)["keys"].as_array().unwrap().len(), 1);
    assert_eq!(refusal(&world, &fresh, &old), TokenError::UnknownKey);
    // The private half was erased when it retired; the row goes with the next rotation.
    world.rotate(tenant);
    let island = world.store.island(tenant).unwrap();
    let counts = island.read_blocking(|tx| {
        ["*", "private_key", "api_private_key", "api_public_key"]
            .into_iter()
            .map(|what| {
                let count = format!("SELECT count({what}) FROM signing_keys WHERE tenant_id = ?1");
                tx.count(&count, store::params![&tenant])
            })
            .collect::<types::Result<Vec<_>>>()
    });
    assert_eq!(counts.unwrap(), [2, 1, 1, 2]);
    assert_eq!(island.read_blocking(identity::keys::problem).unwrap(), None);
}

#[test]
fn a_ring_that_is_told_signs_with_the_new_key_at_once() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let ring = identity::KeyRing::new(world.loader(), 10);
    let kid = || {
        let keys = run(ring.get(tenant, now(&world.clock))).unwrap().unwrap();
        keys.signing().kid().to_owned()
    };
    let first = kid();
    world.rotate(tenant);
    assert_eq!(kid(), first, "kept");
    ring.forget(tenant);
    let second = kid();
    assert_ne!(second, first);
    world.rotate(tenant);
    world.clock.advance_seconds(60);
    assert_ne!(kid(), second, "nothing is kept longer than a minute");
    assert!(
        run(ring.get(Id::nil(), now(&world.clock)))
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_secret_takes_the_tokens_with_it_that_were_granted_for_it() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let loader = world.loader();
    let verifier = world.verifier_with(loader.clone());
    let of_the_old = world.claims(tenant);
    let mut of_the_new = of_the_old.clone();
    of_the_new.key_id = Some(Uuid::from_u128(0x2d));
    let (old, new) = (world.issue(&of_the_old), world.issue(&of_the_new));
    for token in [&old, &new] {
        run(verifier.verify(token, now(&world.clock))).unwrap();
    }
    loader.removed.lock().unwrap().extend(of_the_old.key_id);
    verifier.forget_principal(tenant, of_the_old.service_principal);
    assert_eq!(refusal(&world, &verifier, &old), TokenError::Revoked);
    run(verifier.verify(&new, now(&world.clock))).unwrap();
}

#[test]
fn revoked_tokens_are_refused_at_once_and_new_ones_are_not() {
    let world = World::new();
    let (tenant, other) = (
        world.tenant("contoso.example"),
        world.tenant("fabrikam.example"),
    );
    let loader = world.loader();
    let verifier = world.verifier_with(loader.clone());
    let principal = world.claims(tenant).service_principal;
    let (token, theirs) = (world.token(tenant), world.token(other));
    for token in [&token, &theirs] {
        run(verifier.verify(token, now(&world.clock))).unwrap();
    }
    world.revoke(tenant, principal);
    verifier.forget_principal(tenant, principal);
    assert_eq!(refusal(&world, &verifier, &token), TokenError::Revoked);
    // In the same instant: the generation tells them apart.
    let fresh = world.token(tenant);
    run(verifier.verify(&fresh, now(&world.clock))).unwrap();
    assert!(
        verifier.known(&theirs, now(&world.clock)).is_some(),
        "another tenant's"
    );

    loader
        .disabled
        .lock()
        .unwrap()
        .insert(principal.uuid(), true);
    run(verifier.verify(&fresh, now(&world.clock))).unwrap();
    verifier.forget_tenant(tenant);
    assert_eq!(refusal(&world, &verifier, &fresh), TokenError::Revoked);
    assert!(
        verifier.known(&theirs, now(&world.clock)).is_some(),
        "another tenant's"
    );
}

#[test]
fn forged_key_ids_do_not_make_the_store_work() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let loader = world.loader();
    let verifier = world.verifier_with(loader.clone());
    let token = world.token(tenant);
    let (_, rest) = token.split_once('.').unwrap();
    for number in 0..50 {
        let header = packed(&json!({"alg": "RS256", "kid": format!("{number}")}));
        let error = refusal(&world, &verifier, &format!("{header}.{rest}"));
        assert_eq!(error, TokenError::UnknownKey);
    }
    assert_eq!(loader.reads.load(Ordering::SeqCst), 1);
}

#[test]
fn the_sentences_are_graphs() {
    for (error, message) in [
        (TokenError::Missing, "Access token is empty."),
        (
            TokenError::Malformed,
            "CompactToken parsing failed with error code: 80049217",
        ),
        (
            TokenError::Expired,
            "Access token has expired or is not yet valid.",
        ),
        (
            TokenError::NotYetValid,
            "Access token has expired or is not yet valid.",
        ),
        (
            TokenError::Audience,
            "Access token validation failure. Invalid audience.",
        ),
    ] {
        assert_eq!(error.to_string(), message);
        assert_eq!(error.message(), message);
    }
    assert_eq!(
        TokenError::UnknownTenant.message(),
        TokenError::Signature.message()
    );
    assert_eq!(
        TokenError::UnknownKey.message(),
        TokenError::Signature.message()
    );
}
