//! Passkeys: registered and used with an authenticator in software.

use authenticator::{AAGUID, SoftAuthenticator};
use credentials::passkey::{self, Creation, Refused, RelyingParty, Request};
use credentials::{Kind, Method, Policy, methods};
use directory::users;
use identity::{PublicUrl, Secret};
use serde_json::{Value, json};
use types::{Error, Id, Result, TenantId, kind};
use uuid::Uuid;

use crate::common::{Fixture, fixture, user};

const ORIGIN: &str = "https://id.contoso.example:8443";

fn relying_party(f: &Fixture) -> RelyingParty {
    let url = PublicUrl::parse(ORIGIN).unwrap();
    let more = PublicUrl::parse("https://app.id.contoso.example").unwrap();
    RelyingParty::new(&url, &[more], f.sealer.clone())
        .unwrap()
        .unwrap()
}

fn browser() -> Secret {
    Secret::new("a browser")
}

fn begin(f: &Fixture, user: Id<kind::User>) -> Creation {
    let rp = relying_party(f);
    f.write(move |tx| rp.begin_registration(tx, &users::get(tx, user)?, 10))
}

fn finish(f: &Fixture, user: Id<kind::User>, answer: &Value) -> Result<Method> {
    let (rp, answer) = (relying_party(f), answer.clone());
    f.try_write(move |tx| {
        let (policy, user) = (Policy::get(tx)?, users::get(tx, user)?);
        rp.finish_registration(tx, &policy, &user, &answer, "Key")
    })
}

fn register(f: &Fixture, key: &mut SoftAuthenticator) -> Method {
    let creation = begin(f, f.ann);
    let answer = key.create(ORIGIN, &creation.options).unwrap();
    finish(f, f.ann, &answer).unwrap()
}

fn ask(f: &Fixture) -> Request {
    let now = f.read(|tx| Ok(tx.now()));
    relying_party(f)
        .begin_sign_in(f.tenant, &browser(), now)
        .unwrap()
}

/// Hands an answer in: who it is, if it is good.
fn sign_in(
    f: &Fixture,
    browser: &Secret,
    state: &str,
    answer: &Value,
) -> Result<Option<Id<kind::User>>, Refused> {
    let rp = relying_party(f);
    let (now, candidate) = f.read(|tx| Ok((tx.now(), rp.candidate(tx, answer)?)));
    let Some(candidate) = candidate else {
        return Ok(None);
    };
    let answer = rp.verify(f.tenant, browser, state, answer, candidate, now)?;
    Ok(f.write(move |tx| passkey::accept(tx, &answer)))
}

#[test]
fn a_passkey_says_who_it_is_by_itself_and_each_answer_counts_once() {
    let f = fixture();
    let mut key = SoftAuthenticator::new();
    let creation = begin(&f, f.ann);
    let asked = &creation.options["publicKey"];
    assert_eq!(asked["rp"]["id"], "id.contoso.example");
    assert_eq!(asked["rp"]["name"], "Contoso");
    assert_eq!(asked["attestation"], "none");
    assert_eq!(asked["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(
        asked["authenticatorSelection"]["userVerification"],
        "required"
    );
    let answer = key.create(ORIGIN, &creation.options).unwrap();
    let method = finish(&f, f.ann, &answer).unwrap();
    let shown = passkey::show(&method).unwrap();
    assert_eq!(
        (&*shown.name, shown.aaguid),
        ("Key", Uuid::from_bytes(AAGUID))
    );
    assert!(
        finish(&f, f.ann, &answer).is_err(),
        "its challenge was answered"
    );

    let request = ask(&f);
    assert_eq!(request.options["publicKey"]["allowCredentials"], json!([]));
    let answer = key.get(ORIGIN, &request.options).unwrap();
    assert_eq!(relying_party(&f).tenant_of(&answer), Some(f.tenant));
    let signed_in = sign_in(&f, &browser(), &request.state, &answer).unwrap();
    assert_eq!(signed_in, Some(f.ann));
    let again = sign_in(&f, &browser(), &request.state, &answer).unwrap();
    assert_eq!(again, None, "an answer is good once");
    let used = f.read(|tx| methods::list_of(tx, f.ann, Kind::Passkey));
    assert!(used[0].used_at.is_some());

    let id = method.id;
    let ann = f.ann;
    f.write(move |tx| passkey::rename(tx, ann, id, " Blue key "));
    let renamed = f.read(|tx| methods::get(tx, ann, Kind::Passkey, id));
    assert_eq!(passkey::show(&renamed).unwrap().name, "Blue key");
    f.write(move |tx| passkey::delete(tx, ann, id));
    let request = ask(&f);
    let answer = key.get(ORIGIN, &request.options).unwrap();
    let gone = sign_in(&f, &browser(), &request.state, &answer).unwrap();
    assert_eq!(gone, None);
}

#[test]
fn an_answer_is_this_browsers_this_tenants_and_not_too_late() {
    let f = fixture();
    let mut key = SoftAuthenticator::new();
    register(&f, &mut key);
    let request = ask(&f);
    let answer = key.get(ORIGIN, &request.options).unwrap();
    let other = Secret::new("another browser");
    let stolen = sign_in(&f, &other, &request.state, &answer);
    assert_eq!(stolen, Err(Refused::Malformed));
    let rp = relying_party(&f);
    let (now, candidate) = f.read(|tx| Ok((tx.now(), rp.candidate(tx, &answer)?)));
    let elsewhere = TenantId::new(Uuid::from_u128(7));
    let refused = rp.verify(
        elsewhere,
        &browser(),
        &request.state,
        &answer,
        candidate.unwrap(),
        now,
    );
    assert_eq!(refused.unwrap_err(), Refused::Malformed);
    let mismatched = sign_in(&f, &browser(), &ask(&f).state, &answer);
    assert_eq!(mismatched, Err(Refused::Wrong), "another's challenge");
    f.clock.advance_seconds(600);
    let late = sign_in(&f, &browser(), &request.state, &answer);
    assert_eq!(late, Err(Refused::TooLate));
    assert_eq!(
        sign_in(&f, &browser(), "x", &answer),
        Err(Refused::Malformed)
    );
}

#[test]
fn what_was_changed_on_the_way_is_refused() {
    let f = fixture();
    let mut key = SoftAuthenticator::new();
    register(&f, &mut key);
    let request = ask(&f);
    let answer = key.get(ORIGIN, &request.options).unwrap();
    for (member, expected) in [
        ("signature", Err(Refused::Wrong)),
        ("authenticatorData", Err(Refused::Wrong)),
        ("userHandle", Ok(None)),
    ] {
        let mut changed = answer.clone();
        let text = changed["response"][member].as_str().unwrap();
        // The first character holds no bits that are left over.
        let first = if text.starts_with('A') { "B" } else { "A" };
        changed["response"][member] = format!("{first}{}", &text[1..]).into();
        assert_eq!(
            sign_in(&f, &browser(), &request.state, &changed),
            expected,
            "{member}"
        );
    }
    for nonsense in [json!(null), json!({}), json!({"rawId": "AAAA"}), json!([1])] {
        assert_eq!(
            sign_in(&f, &browser(), &request.state, &nonsense),
            Ok(None),
            "{nonsense}"
        );
    }
    let mut wrong_type = answer.clone();
    wrong_type["response"]["signature"] = json!(7);
    let refused = sign_in(&f, &browser(), &request.state, &wrong_type);
    assert_eq!(refused, Err(Refused::Malformed));
}

#[test]
fn a_copied_key_shows_by_its_counter() {
    let f = fixture();
    let mut key = SoftAuthenticator::counting();
    register(&f, &mut key);
    let mut copy = key.clone();
    for _ in 0..2 {
        let request = ask(&f);
        let answer = key.get(ORIGIN, &request.options).unwrap();
        let signed_in = sign_in(&f, &browser(), &request.state, &answer);
        assert_eq!(signed_in, Ok(Some(f.ann)));
    }
    let request = ask(&f);
    let answer = copy.get(ORIGIN, &request.options).unwrap();
    let refused = sign_in(&f, &browser(), &request.state, &answer);
    assert_eq!(refused, Err(Refused::Copied(f.ann)));
}

#[test]
fn a_registration_is_one_users_and_one_sites() {
    let f = fixture();
    let ben = f.write(|tx| user(tx, "ben"));
    let mut key = SoftAuthenticator::new();
    let creation = begin(&f, f.ann);
    let answer = key.create(ORIGIN, &creation.options).unwrap();
    assert!(finish(&f, ben, &answer).is_err(), "the challenge is Ann's");
    f.clock.advance_seconds(600);
    assert!(finish(&f, f.ann, &answer).is_err(), "too late");

    let mut options = begin(&f, f.ann).options;
    options["publicKey"]["rp"]["id"] = json!("evil.example");
    let answer = key.create("https://evil.example", &options).unwrap();
    assert!(finish(&f, f.ann, &answer).is_err(), "another site's");

    // The browser of a page below the host is one of ours, too.
    let creation = begin(&f, f.ann);
    let below = "https://app.id.contoso.example";
    let answer = key.create(below, &creation.options).unwrap();
    finish(&f, f.ann, &answer).unwrap();
    // A person has one handle, so that an authenticator keeps one entry for each.
    let again = begin(&f, f.ann).options;
    let (handle, before) = (&again["publicKey"]["user"]["id"], &creation.options);
    assert_eq!(handle, &before["publicKey"]["user"]["id"]);
    assert_ne!(handle, &begin(&f, ben).options["publicKey"]["user"]["id"]);
    assert_eq!(
        again["publicKey"]["excludeCredentials"][0]["id"],
        answer["id"]
    );
    for nonsense in [
        json!(null),
        json!({}),
        json!({"response": {"clientDataJSON": "e30"}}),
    ] {
        let error = finish(&f, f.ann, &nonsense).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error:?}");
    }
}

#[test]
fn the_policy_says_which_models_may_hold_passkeys() {
    let f = fixture();
    let mut key = SoftAuthenticator::new();
    let refuse = |f: &Fixture, allows_listed, aaguids: Vec<Uuid>| {
        f.set_policy(move |policy| {
            policy.passkeys.restrictions.is_enforced = true;
            policy.passkeys.restrictions.allows_listed = allows_listed;
            policy.passkeys.restrictions.aaguids = aaguids;
        });
    };
    let model = Uuid::from_bytes(AAGUID);
    for (allows_listed, aaguids, expected) in [
        (false, vec![model], false),
        (true, vec![Uuid::from_u128(1)], false),
        (true, vec![model], true),
    ] {
        refuse(&f, allows_listed, aaguids);
        let creation = begin(&f, f.ann);
        let answer = key.create(ORIGIN, &creation.options).unwrap();
        assert_eq!(finish(&f, f.ann, &answer).is_ok(), expected);
    }
}

#[test]
fn a_bare_address_has_no_passkeys_and_a_strange_origin_is_refused() {
    let f = fixture();
    let new = |url: &str, more: &str| {
        let url = PublicUrl::parse(url).unwrap();
        let more = PublicUrl::parse(more).unwrap();
        RelyingParty::new(&url, &[more], f.sealer.clone())
    };
    assert!(matches!(
        new("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        Ok(None)
    ));
    assert!(new("http://localhost:8080", "http://localhost:9090").is_ok());
    assert!(new("https://id.contoso.example", "https://id.fabrikam.example").is_err());
    assert!(
        new(
            "https://id.contoso.example",
            "https://notid.contoso.example"
        )
        .is_err()
    );
}
