//! Tokens of people who are signed in, and what their clients are told of them.

use std::sync::atomic::Ordering;

use crate::common::{NOON, URL, World, now, run};
use crate::tokens::{forge, packed, part, refusal, sign_by};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use identity::token::{ClientStrength, GRAPH_APP_ID, IdToken, LIFETIME_SECONDS, TokenError};
use identity::{Secret, keys};
use serde_json::{Map, Value, json};
use types::{Actor, Id, TenantId};
use uuid::Uuid;

fn id_token(world: &World, token: &IdToken) -> String {
    let island = world.store.island(token.tenant).unwrap();
    let keys = island
        .read_blocking(|tx| keys::load(tx, &world.sealer))
        .unwrap();
    let issued = world
        .issuer()
        .issue_id(token, keys.signing(), now(&world.clock));
    issued.unwrap().expose().to_owned()
}

fn told(world: &World, tenant: TenantId) -> IdToken {
    let user = world.signed_in(tenant);
    IdToken {
        tenant,
        app_id: user.app_id,
        user: user.user,
        scopes: ["openid", "profile", "email"].map(str::to_owned).into(),
        user_principal_name: user.user_principal_name,
        name: user.name,
        email: Some("adele@contoso.example".into()),
        is_guest: false,
        home: None,
        roles: vec![],
        amr: user.amr,
        auth_time: user.auth_time,
        session: user.session,
        nonce: Some("n-0S6_WzA2Mj".into()),
        access_token: None,
        code: None,
        login_hint: None,
        optional: Map::new(),
        lifetime_seconds: LIFETIME_SECONDS,
    }
}

#[test]
fn a_delegated_token_says_what_entras_do() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let wanted = world.signed_in(tenant);
    let token = world.issue_user(&wanted);
    let mut claims = part(&token, 1);
    for name in ["aio", "uti", "sub"] {
        let text = claims[name].as_str().unwrap();
        assert_eq!(text.len(), if name == "sub" { 43 } else { 22 });
        claims.as_object_mut().unwrap().remove(name);
    }
    let issuer = format!("{URL}/{tenant}/v2.0");
    assert_eq!(
        claims,
        json!({
            "aud": "https://graph.microsoft.com", "iss": issuer,
            "iat": NOON, "nbf": NOON, "exp": NOON + 3599,
            "acct": 0, "amr": ["pwd", "mfa"], "auth_time": NOON - 60,
            "app_displayname": "Portal", "appid": wanted.app_id, "appidacr": "0",
            "azp": wanted.app_id, "azpacr": "0", "idp": issuer, "idtyp": "user",
            "name": "Adele Vance", "preferred_username": "adele@contoso.example",
            "oid": wanted.user, "scp": "Directory.Read.All User.Read", "sid": wanted.session,
            "tid": tenant, "ver": "2.0", "wids": wanted.wids, "iso_gen": 0, "xms_tcdt": NOON,
        })
    );
    let verified = run(world.verifier().verify(&token, now(&world.clock))).unwrap();
    let (id, app_id) = (wanted.user.uuid(), wanted.app_id);
    assert_eq!(verified.actor(), Actor::User { id, app_id });
    assert!(verified.has_scope("User.Read") && !verified.has_scope("User"));
    // What a client may do by itself and what it may do for somebody are two things.
    assert!(!verified.has_role("User.Read"));
    assert_eq!(verified.signed_in().unwrap().session, wanted.session);
}

/// As with Microsoft Graph's, nobody but the API can check what opens it: no service can be made to
/// take such a token for a proof of who somebody is.
#[test]
fn what_opens_our_own_api_only_the_api_can_check() {
    let world = World::new();
    let (tenant, other) = (
        world.tenant("contoso.example"),
        world.tenant("fabrikam.example"),
    );
    let verifier = world.verifier();
    let mut wanted = world.signed_in(tenant);
    let token = world.issue_user(&wanted);
    let (header, claims) = (part(&token, 0), part(&token, 1));
    assert_eq!(header["alg"], "ES256");
    let keys = world.jwks(tenant);
    for key in keys["keys"].as_array().unwrap() {
        assert_eq!((&key["kty"], &key["alg"]), (&json!("RSA"), &json!("RS256")));
    }
    run(verifier.verify(&token, now(&world.clock))).unwrap();

    // What others have to check is signed by what they find in the key set.
    "api://wiki".clone_into(&mut wanted.audience);
    let for_others = part(&world.issue_user(&wanted), 0);
    assert_eq!(for_others["alg"], "RS256");
    assert_eq!(for_others["kid"], keys["keys"][0]["kid"]);
    assert_eq!(
        part(&id_token(&world, &told(&world, tenant)), 0),
        for_others
    );
    assert_eq!(part(&world.token(tenant), 0), for_others);

    // Neither half's signature passes for the other's, nor does a stranger's, nor another tenant's.
    let by = |name: &str| {
        let mut header = header.clone();
        header["alg"] = json!(name);
        header
    };
    let [_, body, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("not a token")
    };
    let renamed = |name: &str| format!("{}.{body}.{signature}", packed(&by(name)));
    let stranger = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let zeros = "A".repeat(86);
    for (forged, error) in [
        (renamed("RS256"), TokenError::Signature),
        (renamed("none"), TokenError::Malformed),
        (renamed("ES384"), TokenError::Malformed),
        (
            format!("{}.{body}.{zeros}", packed(&header)),
            TokenError::Signature,
        ),
        (sign_by(&stranger, &header, &claims), TokenError::Signature),
        (
            forge(&world, other, &header, &claims),
            TokenError::Signature,
        ),
    ] {
        assert_eq!(refusal(&world, &verifier, &forged), error, "{forged}");
    }
    // What a tenant has signed before it had a key for the API goes on.
    let older = forge(&world, tenant, &by("RS256"), &claims);
    run(verifier.verify(&older, now(&world.clock))).unwrap();

    // A rotation changes both halves; what the old one signed is worth something until it expires.
    world.clock.advance_seconds(2);
    world.rotate(tenant);
    let fresh = world.verifier();
    run(fresh.verify(&token, now(&world.clock))).unwrap();
    let mut wanted = world.signed_in(tenant);
    wanted.auth_time = now(&world.clock);
    let new = world.issue_user(&wanted);
    assert_ne!(part(&new, 0)["kid"], header["kid"]);
    run(fresh.verify(&new, now(&world.clock))).unwrap();
    let mut under_new = claims;
    under_new["uti"] = json!("another");
    let forged = forge(&world, tenant, &header, &under_new);
    assert_eq!(refusal(&world, &fresh, &forged), TokenError::Signature);
}

/// A key from before there were keys for the API signs everything, until it is rotated.
#[test]
fn an_older_key_signs_for_the_api_as_for_others() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let island = world.store.island(tenant).unwrap();
    let strip = "UPDATE signing_keys SET api_private_key = NULL, api_public_key = NULL \
        WHERE tenant_id = ?1";
    let stripped = island.write_blocking(Actor::System, move |tx| {
        let tenant = tx.tenant();
        tx.bookkeeping().execute(strip, store::params![&tenant])
    });
    stripped.unwrap();
    let (verifier, wanted) = (world.verifier(), world.signed_in(tenant));
    let token = world.issue_user(&wanted);
    assert_eq!(part(&token, 0)["alg"], "RS256");
    run(verifier.verify(&token, now(&world.clock))).unwrap();
    let mut header = part(&token, 0);
    header["alg"] = json!("ES256");
    let [_, body, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("not a token")
    };
    let forged = format!("{}.{body}.{signature}", packed(&header));
    assert_eq!(refusal(&world, &verifier, &forged), TokenError::Signature);
    world.clock.advance_seconds(2);
    world.rotate(tenant);
    let token = world.issue_user(&wanted);
    assert_eq!(part(&token, 0)["alg"], "ES256");
    run(verifier.verify(&token, now(&world.clock))).unwrap();
}

#[test]
fn a_guest_is_known_by_the_home_tenant_too() {
    let world = World::new();
    let (tenant, home) = (
        world.tenant("contoso.example"),
        world.tenant("fabrikam.example"),
    );
    let at_home = Id::new(Uuid::from_u128(0x40e));
    let mut wanted = world.signed_in(tenant);
    wanted.is_guest = true;
    wanted.home = Some((home, at_home));
    wanted.client_strength = ClientStrength::Certificate;
    wanted.lifetime_seconds = 600;
    let token = world.issue_user(&wanted);
    let claims = part(&token, 1);
    assert_eq!(claims["iss"], format!("{URL}/{tenant}/v2.0"));
    assert_eq!(claims["idp"], format!("{URL}/{home}/v2.0"));
    assert_eq!(
        (&claims["home_oid"], &claims["home_tid"]),
        (&json!(at_home), &json!(home))
    );
    assert_eq!(
        (&claims["acct"], &claims["azpacr"]),
        (&json!(1), &json!("2"))
    );
    assert_eq!(claims["exp"], NOON + 600);
    let verified = run(world.verifier().verify(&token, now(&world.clock))).unwrap();
    let signed_in = verified.signed_in().unwrap();
    assert_eq!(signed_in.home, Some((home, at_home)));
    assert!(signed_in.is_guest);
    // No key outlives what it signed by more than that.
    wanted.lifetime_seconds = i64::MAX;
    assert_eq!(part(&world.issue_user(&wanted), 1)["exp"], NOON + 3599);
}

#[test]
fn a_user_is_another_to_each_client_and_stays_the_same() {
    let world = World::new();
    let (tenant, other) = (
        world.tenant("contoso.example"),
        world.tenant("fabrikam.example"),
    );
    let wanted = world.signed_in(tenant);
    let of = |tenant, user, app| world.issuer().subject(tenant, user, app);
    let subject = of(tenant, wanted.user, wanted.app_id);
    assert_eq!(part(&world.issue_user(&wanted), 1)["sub"], subject);
    assert_eq!(
        part(&id_token(&world, &told(&world, tenant)), 1)["sub"],
        subject
    );
    world.rotate(tenant);
    assert_eq!(part(&world.issue_user(&wanted), 1)["sub"], subject);
    let someone = Id::new(Uuid::from_u128(7));
    for another in [
        of(tenant, wanted.user, Uuid::from_u128(7)),
        of(tenant, someone, wanted.app_id),
        of(other, wanted.user, wanted.app_id),
    ] {
        assert_ne!(another, subject);
    }
}

#[test]
fn an_id_token_tells_what_was_granted() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let mut wanted = told(&world, tenant);
    wanted.access_token = Some(Secret::new("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"));
    wanted.code = Some(Secret::new(
        "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk",
    ));
    wanted.login_hint = Some("O.adele".into());
    // An application can ask for more, not for something else.
    for (name, value) in [
        ("family_name", json!("Vance")),
        ("sub", json!("me")),
        ("idtyp", json!("user")),
        ("scp", json!("User.Read.All")),
    ] {
        wanted.optional.insert(name.into(), value);
    }
    let issuer = format!("{URL}/{tenant}/v2.0");
    let subject = world.issuer().subject(tenant, wanted.user, wanted.app_id);
    let everything = json!({
        "aud": wanted.app_id, "iss": issuer, "iat": NOON, "nbf": NOON, "exp": NOON + 3599,
        "acct": 0, "amr": ["pwd", "mfa"], "auth_time": NOON - 60, "idp": issuer,
        "sid": wanted.session, "sub": subject, "tid": tenant, "ver": "2.0",
        "oid": wanted.user, "name": "Adele Vance", "preferred_username": "adele@contoso.example",
        "email": "adele@contoso.example", "nonce": "n-0S6_WzA2Mj", "family_name": "Vance",
        // The examples of OpenID Connect Core, appendix A.4 and A.6.
        "at_hash": "77QmUPtjPfzWtF2AnpK9RQ", "c_hash": "LDktKdoQak3Pk0cnXxCltA",
        "login_hint": "O.adele",
    });
    assert_eq!(part(&id_token(&world, &wanted), 1), everything);

    let mut wanted = told(&world, tenant);
    wanted.scopes = vec!["openid".into()];
    wanted.nonce = None;
    let token = id_token(&world, &wanted);
    let claims = part(&token, 1);
    for name in [
        "oid",
        "name",
        "preferred_username",
        "email",
        "nonce",
        "at_hash",
        "home_oid",
    ] {
        assert_eq!(claims.get(name), None, "{name}");
    }
    // It opens nothing, even if the client that it is for is the API itself.
    let verifier = world.verifier();
    assert_eq!(refusal(&world, &verifier, &token), TokenError::Malformed);
    wanted.app_id = Uuid::parse_str(GRAPH_APP_ID).unwrap();
    let token = id_token(&world, &wanted);
    assert_eq!(refusal(&world, &verifier, &token), TokenError::Malformed);
}

#[test]
fn tokens_of_users_that_say_something_else_are_refused() {
    let world = World::new();
    let (tenant, other) = (
        world.tenant("contoso.example"),
        world.tenant("fabrikam.example"),
    );
    let verifier = world.verifier();
    let token = world.issue_user(&world.signed_in(tenant));
    let (header, claims) = (part(&token, 0), part(&token, 1));
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        forge(&world, tenant, &header, &claims)
    };
    run(verifier.verify(&with("ver", json!("2.0")), now(&world.clock))).unwrap();
    for (forged, error) in [
        (with("aud", json!("api://wiki")), TokenError::Audience),
        (
            with("aud", json!(Uuid::from_u128(0xa9))),
            TokenError::Audience,
        ),
        (
            with("iss", json!(format!("{URL}/{other}/v2.0"))),
            TokenError::Issuer,
        ),
        (with("tid", json!(other)), TokenError::UnknownKey),
        (with("exp", json!(NOON)), TokenError::Expired),
        (with("nbf", json!(NOON + 6)), TokenError::NotYetValid),
        // Neither of both kinds.
        (with("idtyp", json!("app")), TokenError::Malformed),
        (with("idtyp", Value::Null), TokenError::Malformed),
        (with("scp", Value::Null), TokenError::Malformed),
        (with("sid", Value::Null), TokenError::Malformed),
        (with("auth_time", Value::Null), TokenError::Malformed),
        (with("acct", Value::Null), TokenError::Malformed),
        (with("sub", json!("")), TokenError::Malformed),
        (with("home_oid", json!(other)), TokenError::Malformed),
        (with("scp", json!(["User.Read"])), TokenError::Malformed),
    ] {
        assert_eq!(refusal(&world, &verifier, &forged), error);
    }
    // An application's token that claims delegated permissions is neither.
    let of_application = world.token(tenant);
    let mut claims = part(&of_application, 1);
    claims["scp"] = json!("User.Read");
    let forged = forge(&world, tenant, &header, &claims);
    assert_eq!(refusal(&world, &verifier, &forged), TokenError::Malformed);
}

#[test]
fn a_users_tokens_end_when_the_feed_says_so() {
    let world = World::new();
    let (tenant, other) = (
        world.tenant("contoso.example"),
        world.tenant("fabrikam.example"),
    );
    let loader = world.loader();
    let verifier = world.verifier_with(loader.clone());
    let looks = || loader.looks.load(Ordering::SeqCst);
    let wanted = world.signed_in(tenant);
    let token = world.issue_user(&wanted);
    let theirs = world.issue_user(&world.signed_in(other));
    let mut of_another = wanted.clone();
    of_another.user = Id::new(Uuid::from_u128(0xa1e8));
    let another = world.issue_user(&of_another);
    for token in [&token, &theirs, &another] {
        run(verifier.verify(token, now(&world.clock))).unwrap();
        assert!(verifier.known(token, now(&world.clock)).is_some());
    }
    assert_eq!(looks(), 3);

    // Nobody tells the verifier anything.
    world.revoke(tenant, wanted.user);
    assert!(verifier.known(&token, now(&world.clock)).is_none());
    assert_eq!(refusal(&world, &verifier, &token), TokenError::Revoked);
    assert_eq!(refusal(&world, &verifier, &token), TokenError::Revoked);
    run(verifier.verify(&another, now(&world.clock))).unwrap();
    assert!(verifier.known(&another, now(&world.clock)).is_some());
    assert!(verifier.known(&theirs, now(&world.clock)).is_some());
    // In the same instant: the generation tells them apart.
    let fresh = world.issue_user(&world.signed_in(tenant));
    run(verifier.verify(&fresh, now(&world.clock))).unwrap();

    // The user, or the client, is disabled; what moves the feed is anything.
    for id in [wanted.user.uuid(), wanted.app_id] {
        loader.disabled.lock().unwrap().insert(id, true);
        world.revoke(tenant, of_another.user);
        assert_eq!(refusal(&world, &verifier, &fresh), TokenError::Revoked);
        loader.disabled.lock().unwrap().clear();
        run(verifier.verify(&fresh, now(&world.clock))).unwrap();
    }
    // Other servers tell of a tenant as a whole.
    let before = looks();
    verifier.forget_tenant(tenant);
    run(verifier.verify(&fresh, now(&world.clock))).unwrap();
    assert_eq!(looks(), before + 1);
    world.clock.advance_seconds(LIFETIME_SECONDS);
    assert!(verifier.known(&fresh, now(&world.clock)).is_none());
    assert_eq!(refusal(&world, &verifier, &fresh), TokenError::Expired);
}
