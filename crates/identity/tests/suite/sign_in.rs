//! What is kept between two requests of a sign-in, and how it goes.

use crate::common::World;
use identity::oauth::code::{self, CodeGrant, Found, SignedIn};
use identity::oauth::refresh::{self, RefreshTokens, TokenGrant};
use identity::oauth::{ClaimsRequest, Platform, ScopeRequest, device};
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
    }
}

fn counts(world: &World, tenant: TenantId) -> Vec<u64> {
    [
        "sign_in_sessions",
        "session_clients",
        "authorization_codes",
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
            session::note_client(tx, session.id, CLIENT)?;
            code::issue(tx, &code_grant())?;
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
    assert_eq!(counts(&world, tenant), [5; 5]);
    let sweep = || {
        write(&world, tenant, |tx| {
            Ok([
                session::sweep(tx, 2)?,
                code::sweep(tx, 2)?,
                refresh::sweep(tx, 2)?,
                device::sweep(tx, 2)?,
            ])
        })
    };
    assert_eq!(sweep(), [0; 4]);
    world.clock.advance_seconds(24 * 3_600);
    assert_eq!(sweep(), [2; 4]);
    assert_eq!(counts(&world, tenant), [3; 5]);
    assert_eq!((sweep(), sweep(), sweep()), ([2; 4], [1; 4], [0; 4]));
    assert_eq!(counts(&world, tenant), [0; 5]);
}

#[test]
fn a_codes_hash_is_all_that_is_kept() {
    let world = World::new();
    let tenant = world.tenant("contoso.example");
    let issued = write(&world, tenant, |tx| code::issue(tx, &code_grant()));
    assert_eq!(code::tenant_of(issued.expose()), Some(tenant));
    assert_eq!(code::tenant_of("short"), None);
    let kept = read(&world, tenant, |tx| {
        tx.query_one(
            "SELECT code_hash, doc FROM authorization_codes WHERE tenant_id = ?1",
            params![&tx.tenant()],
            |row| Ok((row.bytes(0)?.to_vec(), row.string(1)?)),
        )
    });
    let (hash, doc) = kept.unwrap();
    assert_eq!(hash, identity::sha256(issued.expose().as_bytes()));
    assert!(!doc.contains(issued.expose()));
    let found = read(&world, tenant, move |tx| code::find(tx, issued.expose()));
    assert!(matches!(found, Some(Found::Fresh { .. })));
}
