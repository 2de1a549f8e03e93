//! What is kept between two requests of a sign-in, and how it goes.

use crate::common::{World, now};
use identity::oauth::code::{self, CodeGrant, CodeProof, Codes, Found, SignedIn};
use identity::oauth::refresh::{self, RefreshTokens, TokenGrant};
use identity::oauth::{ClaimsRequest, OAuthError, Platform, ScopeRequest, device};
use identity::session::{self, Methods, NewSession};
use identity::{PublicUrl, Secret};
use store::{ReadTx, Tx, params};
use types::{Actor, Id, Result, TenantId};
use uuid::Uuid;

const CLIENT: Uuid = Uuid::from_u128(0xc1);

fn write<T: Send + 'static>(
    world: &World,
    tenant: TenantId,
    command: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
) -> T {
    let island = world.store.island(tenant).unwrap();
    island.write_blocking(Actor::System, command).unwrap()
}

fn read<T: Send + 'static>(
    world: &World,
    tenant: TenantId,
    query: impl FnOnce(&ReadTx<'_>) -> Result<T> + Send + 'static,
) -> T {
    let island = world.store.island(tenant).unwrap();
    island.read_blocking(query).unwrap()
}

fn new_session(user: u128) -> NewSession {
    NewSession {
        user: Id::new(Uuid::from_u128(user)),
        generation: 0,
        methods: Methods(vec!["pwd".into(), "mfa".into()]),
        is_persistent: false,
        lifetimes: identity::session::Lifetimes::default(),
        user_agent: Some("x".repeat(1_000)),
        home_session: None,
    }
}

fn scope(text: &str) -> ScopeRequest {
    let url = PublicUrl::parse("https://id.contoso.example").unwrap();
    ScopeRequest::parse(text, &url).unwrap()
}

fn by(user: u128) -> SignedIn {
    SignedIn {
        user: Id::new(Uuid::from_u128(user)),
        session: Uuid::from_u128(0x5e),
        generation: 0,
        methods: Methods(vec!["pwd".into()]),
        authenticated_at: 0,
        home_name: None,
    }
}

fn code_grant() -> CodeGrant {
    CodeGrant {
        client_id: CLIENT,
        platform: Platform::Web,
        redirect_uri: "https://app.example/cb".into(),
        code_challenge: None,
        nonce: None,
        scope: scope("openid"),
        by: by(1),
        claims: ClaimsRequest::default(),
        unlogged: None,
    }
}

fn counts(world: &World, tenant: TenantId) -> Vec<u64> {
    [
        "sign_in_sessions",
        "session_clients",
        "token_grants",
        "device_codes",
    ]
    .map(|table| {
        let sql = format!("SELECT count(*) FROM {table} WHERE tenant_id = ?1");
        read(world, tenant, move |tx| {
            tx.count(&sql, params![&tx.tenant()])
        })
    })
    .to_vec()
}

#[test]
fn a_browser_has_so_many_accounts_and_one_secret() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let mut cookie: Option<Secret> = None;
    for user in 1..=12 {
        let old = cookie.clone();
        let (session, fresh) = write(&world, tenant, move |tx| {
            session::start(tx, &new_session(user), old.as_ref())
        });
        assert_eq!(session.methods.0, ["pwd", "mfa"]);
        assert_eq!(session.user_agent.map(|it| it.len()), Some(256));
        if let Some(old) = &cookie {
            let old = old.clone();
            assert!(read(&world, tenant, move |tx| session::of_browser(tx, &old)).is_empty());
        }
        world.clock.advance_seconds(1);
        cookie = Some(fresh);
    }
    let cookie = cookie.unwrap();
    let all = {
        let cookie = cookie.clone();
        read(&world, tenant, move |tx| session::of_browser(tx, &cookie))
    };
    let users: Vec<u128> = all.iter().map(|it| it.user.uuid().as_u128()).collect();
    assert_eq!(users, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    // Who signs in again has the same session, newly proved.
    let (again, cookie) = write(&world, tenant, move |tx| {
        session::start(tx, &new_session(5), Some(&cookie))
    });
    let before = all.iter().find(|it| it.user == again.user).unwrap();
    assert_eq!((again.id, again.created_at), (before.id, before.created_at));
    assert!(again.authenticated_at > before.authenticated_at);
    // No other tenant knows of it.
    let other = world.tenant("fabrikam.example");
    assert!(read(&world, other, move |tx| session::of_browser(tx, &cookie)).is_empty());
}

#[test]
fn what_is_over_goes_a_few_at_a_time() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let tokens = RefreshTokens::new(world.sealer.clone());
    write(&world, tenant, move |tx| {
        for number in 0..5 {
            let (session, _) = session::start(tx, &new_session(number), None)?;
            assert!(session::note_client(tx, session.id, CLIENT)?);
            assert!(!session::note_client(tx, Uuid::from_u128(number), CLIENT)?);
            let grant = TokenGrant {
                client_id: CLIENT,
                platform: Platform::Spa,
                scope: scope("openid offline_access"),
                by: by(1),
                claims: ClaimsRequest::default(),
            };
            let id = tx.new_uuid();
            tokens.begin(tx, id, &grant)?;
            device::begin(tx, CLIENT, scope("openid"))?.unwrap();
        }
        Ok(())
    });
    assert_eq!(counts(&world, tenant), [5; 4]);
    let sweep = || {
        write(&world, tenant, |tx| {
            Ok([
                session::sweep(tx, 2)?,
                refresh::sweep(tx, 2)?,
                device::sweep(tx, 2)?,
            ])
        })
    };
    assert_eq!(sweep(), [0; 3]);
    world.clock.advance_seconds(24 * 3_600);
    assert_eq!(sweep(), [2; 3]);
    assert_eq!(counts(&world, tenant), [3; 4]);
    assert_eq!((sweep(), sweep(), sweep()), ([2; 3], [1; 3], [0; 3]));
    assert_eq!(counts(&world, tenant), [0; 4]);
}

#[test]
fn it_is_known_for_long_which_sessions_at_home_have_ended_and_what_came_from_them() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let (user, ended) = (Id::new(Uuid::from_u128(1)), Uuid::from_u128(7));
    let here = write(&world, tenant, move |tx| {
        let mut new = new_session(1);
        let (own, _) = session::start(tx, &new, None)?;
        assert!(session::from_home(tx, user, 10)?.is_empty());
        new.home_session = Some(ended);
        let (visit, _) = session::start(tx, &new, None)?;
        session::note_end(tx, ended)?;
        session::note_end(tx, ended)?;
        session::end(tx, own.id)?;
        assert!(!session::has_ended(tx, own.id)?);
        Ok(visit.id)
    });
    let look = || {
        read(&world, tenant, move |tx| {
            let from_home = session::from_home(tx, user, 10)?;
            Ok((from_home, session::has_ended(tx, ended)?))
        })
    };
    assert_eq!(look(), (vec![(here, ended)], true));
    write(&world, tenant, |tx| session::sweep(tx, 10));
    assert_eq!(look(), (vec![(here, ended)], true));
    world.clock.advance_seconds(401 * 24 * 3_600);
    write(&world, tenant, |tx| session::sweep(tx, 10));
    assert_eq!(look(), (vec![], false));
}

#[test]
fn a_code_is_sealed_for_its_tenant_and_good_once() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let codes = Codes::new(world.sealer.clone());
    let issue = || {
        codes
            .issue(tenant, now(&world.clock), &code_grant())
            .unwrap()
    };
    let find = |tenant, code: &str| {
        let (codes, code) = (codes.clone(), code.to_owned());
        read(&world, tenant, move |tx| codes.find::<()>(tx, &code))
    };
    let issued = issue();
    assert_eq!(code::tenant_of(issued.expose()), Some(tenant));
    assert_eq!(code::tenant_of("short"), None);
    assert_ne!(issued, issue());
    let Some(Found::Fresh(fresh)) = find(tenant, issued.expose()) else {
        panic!("a new code is good");
    };
    assert_eq!(fresh.grant, code_grant());
    // Nobody else's, and not with another character anywhere.
    let other = world.tenant("fabrikam.example");
    assert_eq!(find(other, issued.expose()), None);
    assert_eq!(find(tenant, ""), None);
    for at in 0..issued.expose().len() {
        let mut bent = issued.expose().as_bytes().to_vec();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        let bent = String::from_utf8(bent).unwrap();
        assert_eq!(find(tenant, &bent), None, "{at}");
        assert_eq!(find(tenant, &issued.expose()[..at]), None, "{at}");
    }
    // The grant that it was redeemed for says so, as long as the code would be good.
    let (id, tokens) = (fresh.id, RefreshTokens::new(world.sealer.clone()));
    write(&world, tenant, move |tx| {
        let grant = code_grant();
        let grant = TokenGrant {
            client_id: grant.client_id,
            platform: grant.platform,
            scope: grant.scope,
            by: grant.by,
            claims: grant.claims,
        };
        tokens.begin(tx, id, &grant)
    });
    assert_eq!(find(tenant, issued.expose()), Some(Found::Redeemed(id)));
    world.clock.advance_seconds(code::CODE_SECONDS);
    let Some(Found::Fresh(over)) = find(tenant, issued.expose()) else {
        panic!("its time is over, which is all that there is to say");
    };
    let proof = CodeProof {
        client_id: CLIENT,
        redirect_uri: Some("https://app.example/cb"),
        code_verifier: None,
    };
    let checked = over.grant.check(over.expires_at, now(&world.clock), proof);
    assert!(matches!(checked, Err(OAuthError::ExpiredCode)));
}
