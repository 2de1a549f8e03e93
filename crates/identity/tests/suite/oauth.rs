//! The token endpoint's requests, decisions and answers.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use identity::PublicUrl;
use identity::oauth::{
    BODY_BYTES_MAX, ClientRecord, Form, OAuthError, Proof, ProofStanding, Resource, ResourceRecord,
    TokenRequest, TokenResponse, Trail, decide, new_client_secret, secret_hash,
};
use identity::{Secret, token::AppToken};
use proptest::prelude::*;
use serde_json::json;
use types::{Id, TenantId, Timestamp};
use uuid::{Uuid, uuid};

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
const TENANT: TenantId = TenantId::new(uuid!("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"));

fn url() -> PublicUrl {
    PublicUrl::parse("https://id.contoso.example:8443").unwrap()
}

fn parse(body: &str) -> Result<TokenRequest, OAuthError> {
    TokenRequest::parse(&url(), None, FORM, body.as_bytes())
}

fn secret(request: &TokenRequest) -> (&str, bool) {
    match &request.proof {
        Proof::Secret { secret, is_basic } => (secret.expose(), *is_basic),
        Proof::Assertion(_) => ("", false),
    }
}

fn parse_basic(authorization: &str, body: &str) -> Result<TokenRequest, OAuthError> {
    TokenRequest::parse(&url(), Some(authorization), FORM, body.as_bytes())
}

fn basic(pair: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

/// The right body but for one parameter.
fn with(name: &str, value: Option<&str>) -> String {
    let mut parts = Vec::new();
    for (own, standard) in [
        ("client_id", CLIENT),
        ("grant_type", "client_credentials"),
        ("client_info", "1"),
        ("client_secret", "s%2Be%26cret"),
        ("scope", "https%3A%2F%2Fgraph.microsoft.com%2F.default"),
    ] {
        let value = if own == name { value } else { Some(standard) };
        parts.extend(value.map(|value| format!("{own}={value}")));
    }
    parts.join("&")
}

fn scope(scope: &str) -> Result<Resource, OAuthError> {
    parse(&with("scope", Some(scope))).map(|request| request.resource)
}

#[test]
fn what_msal_sends_is_read() {
    let request = parse(&with("", None)).unwrap();
    assert_eq!(
        request.app_id(),
        Some(uuid!("11111111-2222-3333-4444-555555555555"))
    );
    assert_eq!(secret(&request), ("s+e&cret", false));
    assert_eq!(request.resource, Resource::Graph);
    assert!(!format!("{request:?}").contains("cret\""));
    let charset = Some("Application/X-WWW-Form-Urlencoded; charset=UTF-8");
    assert!(TokenRequest::parse(&url(), None, charset, with("", None).as_bytes()).is_ok());
}

#[test]
fn graph_has_several_names() {
    for name in [
        "https://graph.microsoft.com/.default",
        "https%3a%2f%2fgraph.microsoft.com%2f.default",
        "https://graph.microsoft.com//.default",
        "HTTPS://Graph.Microsoft.com/.default",
        "https://id.contoso.example:8443/.default",
        "00000003-0000-0000-c000-000000000000/.default",
        "+https://graph.microsoft.com/.default+",
    ] {
        assert_eq!(scope(name).unwrap(), Resource::Graph, "{name}");
    }
    for name in [
        "api://abc",
        "https://elsewhere.example",
        CLIENT,
        "https://graph.microsoft.com.evil.example",
    ] {
        let resource = scope(&format!("{name}/.default")).unwrap();
        assert_eq!(resource, Resource::Application(name.into()));
    }
    for wrong in [
        "https://graph.microsoft.com/User.Read.All",
        "/.default",
        ".default",
        "openid",
        "a/.default+b/.default",
        "https://graph.microsoft.com/.default+offline_access",
        "++",
    ] {
        assert_eq!(scope(wrong).unwrap_err().code(), 1_002_012, "{wrong}");
    }
}

#[test]
fn wrong_requests() {
    for (body, error, code) in [
        (String::new(), "invalid_request", 900_144),
        (with("grant_type", None), "invalid_request", 900_144),
        (with("grant_type", Some("")), "invalid_request", 900_144),
        (
            with("grant_type", Some("magic")),
            "unsupported_grant_type",
            70_003,
        ),
        (
            with("grant_type", Some("password")),
            "unsupported_grant_type",
            70_003,
        ),
        (with("client_id", None), "invalid_request", 900_144),
        (with("client_secret", None), "invalid_client", 7_000_218),
        (with("client_secret", Some("")), "invalid_client", 7_000_218),
        (with("scope", None), "invalid_request", 900_144),
        (with("", None) + "&scope=x", "invalid_request", 9_000_411),
        (with("", None) + "&scope=", "invalid_request", 9_000_411),
        (with("", None) + "&%73cope=x", "invalid_request", 9_000_411),
        (with("client_info", Some("%zz")), "invalid_request", 90_013),
        (with("client_info", Some("%e")), "invalid_request", 90_013),
        (with("client_info", Some("%ff")), "invalid_request", 90_013),
        (
            (0..65)
                .map(|i| format!("p{i}=1"))
                .collect::<Vec<_>>()
                .join("&"),
            "invalid_request",
            90_013,
        ),
        (
            with("client_info", Some(&"x".repeat(BODY_BYTES_MAX))),
            "invalid_request",
            90_015,
        ),
    ] {
        let refused = parse(&body).unwrap_err();
        assert_eq!(
            (refused.error(), refused.code()),
            (error, code),
            "{body:.80}"
        );
    }
    for content_type in [None, Some("application/json"), Some("multipart/form-data")] {
        let body = with("", None);
        let refused = TokenRequest::parse(&url(), None, content_type, body.as_bytes()).unwrap_err();
        assert_eq!(refused, OAuthError::MissingParameter("grant_type"));
    }
}

#[test]
fn http_basic_is_form_encoded_and_the_only_way() {
    let body = "grant_type=client_credentials&scope=https://graph.microsoft.com/.default";
    let request = parse_basic(&basic(&format!("{CLIENT}:a%3Ab%2Bc+d")), body).unwrap();
    assert_eq!(request.client_id, CLIENT);
    assert_eq!(secret(&request), ("a:b+c d", true));
    assert!(
        parse_basic(
            &basic(&format!("{CLIENT}:a:b")).replace("Basic", "bAsIc"),
            body
        )
        .is_ok()
    );
    // The same client named again is no second way.
    let named = format!("{body}&client_id={CLIENT}");
    assert!(parse_basic(&basic(&format!("{CLIENT}:x")), &named).is_ok());
    for second in [
        "&client_id=other",
        "&client_secret=x",
        "&client_assertion=x",
    ] {
        let refused = parse_basic(&basic(&format!("{CLIENT}:x")), &(body.to_owned() + second));
        assert_eq!(refused.unwrap_err(), OAuthError::TwoAuthentications);
    }
    for wrong in [
        "Basic",
        "Basic ",
        "Basic ?",
        &basic("x"),
        &basic(":x"),
        &basic("x:"),
        &basic("x:%z"),
    ] {
        let refused = parse_basic(wrong, body).unwrap_err();
        assert_eq!(
            (refused.error(), refused.status()),
            ("invalid_client", 401),
            "{wrong}"
        );
        assert!(
            refused
                .www_authenticate(&url())
                .unwrap()
                .starts_with("Basic realm=")
        );
    }
    // Other schemes authenticate no client; the body does.
    assert!(parse_basic("Bearer x", &with("", None)).is_ok());
}

fn client() -> ClientRecord {
    ClientRecord {
        app_id: uuid!("11111111-2222-3333-4444-555555555555"),
        display_name: "Automation".into(),
        service_principal: Id::new(Uuid::from_u128(5)),
        is_enabled: true,
        proof: ProofStanding::Valid(Uuid::from_u128(0x5ec)),
        generation: 3,
    }
}

fn decided(
    resource: Resource,
    client: Option<ClientRecord>,
    record: Option<ResourceRecord>,
) -> Result<AppToken, OAuthError> {
    let mut request = parse(&with("", None)).unwrap();
    request.resource = resource;
    decide(&request, &url(), TENANT, None, "Contoso", client, record)
}

#[test]
fn decisions() {
    let record = |audience: &str| {
        Some(ResourceRecord {
            audience: audience.into(),
            roles: vec!["Do.It".into()],
        })
    };
    let app = || Resource::Application("api://x".into());
    let granted = decided(Resource::Graph, Some(client()), record("ignored")).unwrap();
    assert_eq!(granted.audience, "https://graph.microsoft.com");
    assert_eq!(
        (granted.roles.as_slice(), granted.generation),
        (&["Do.It".to_owned()][..], 3)
    );
    // No roles are no reason to refuse: such a token opens nothing.
    assert!(
        decided(Resource::Graph, Some(client()), None)
            .unwrap()
            .roles
            .is_empty()
    );
    assert_eq!(
        decided(app(), Some(client()), record("api://x"))
            .unwrap()
            .audience,
        "api://x"
    );
    let code = |outcome: Result<AppToken, OAuthError>| outcome.unwrap_err().code();
    assert_eq!(code(decided(app(), Some(client()), None)), 500_011);
    for graph in [
        "https://graph.microsoft.com",
        "https://ID.contoso.example:8443/",
        "00000003-0000-0000-C000-000000000000",
    ] {
        assert_eq!(
            code(decided(app(), Some(client()), record(graph))),
            500_011,
            "{graph}"
        );
    }
    assert_eq!(code(decided(Resource::Graph, None, None)), 700_016);
    let with_secret = |proof| Some(ClientRecord { proof, ..client() });
    assert_eq!(
        code(decided(
            Resource::Graph,
            with_secret(ProofStanding::Unknown),
            None
        )),
        7_000_215
    );
    assert_eq!(
        code(decided(
            Resource::Graph,
            with_secret(ProofStanding::Expired),
            None
        )),
        7_000_222
    );
    let disabled = Some(ClientRecord {
        is_enabled: false,
        ..client()
    });
    assert_eq!(code(decided(Resource::Graph, disabled, None)), 7_000_112);
    // Whether a client is disabled is told to nobody but the client.
    let unproven = ClientRecord {
        is_enabled: false,
        proof: ProofStanding::Unknown,
        ..client()
    };
    assert_eq!(
        code(decided(Resource::Graph, Some(unproven), None)),
        7_000_215
    );
}

fn trail() -> Trail {
    Trail {
        trace_id: uuid!("0a0a0a0a-0000-0000-0000-000000000001"),
        correlation_id: uuid!("0b0b0b0b-0000-0000-0000-000000000002"),
        now: Timestamp::from_seconds(1_795_521_600),
    }
}

#[test]
fn a_wrong_secret_literally() {
    let wrong = OAuthError::WrongSecret {
        client_id: CLIENT.into(),
        is_basic: false,
    };
    assert_eq!(wrong.status(), 401);
    assert_eq!(wrong.www_authenticate(&url()), None);
    assert_eq!(
        wrong.body(&trail()),
        json!({
            "error": "invalid_client",
            "error_description": "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '11111111-2222-3333-4444-555555555555'. Trace ID: 0a0a0a0a-0000-0000-0000-000000000001 Correlation ID: 0b0b0b0b-0000-0000-0000-000000000002 Timestamp: 2026-11-24 12:00:00Z",
            "error_codes": [7_000_215],
            "timestamp": "2026-11-24 12:00:00Z",
            "trace_id": "0a0a0a0a-0000-0000-0000-000000000001",
            "correlation_id": "0b0b0b0b-0000-0000-0000-000000000002",
            "error_uri": "https://login.microsoftonline.com/error?code=7000215",
        })
    );
    let basic = OAuthError::WrongSecret {
        client_id: CLIENT.into(),
        is_basic: true,
    };
    assert_eq!(
        basic.www_authenticate(&url()).unwrap(),
        r#"Basic realm="https://id.contoso.example:8443", charset="UTF-8""#
    );
}

#[test]
fn every_refusal_has_its_status_error_and_code() {
    let text = || "x".to_owned();
    let two = || (text(), text());
    for (refusal, status, error, code) in [
        (
            OAuthError::MissingParameter("scope"),
            400,
            "invalid_request",
            900_144,
        ),
        (
            OAuthError::DuplicateParameter(text()),
            400,
            "invalid_request",
            9_000_411,
        ),
        (OAuthError::Malformed("x"), 400, "invalid_request", 90_013),
        (OAuthError::BodyTooLong, 400, "invalid_request", 90_015),
        (
            OAuthError::MultifactorRequired,
            400,
            "invalid_grant",
            50_076,
        ),
        (
            OAuthError::Method {
                received: text(),
                accepted: "POST",
            },
            405,
            "invalid_request",
            900_561,
        ),
        (
            OAuthError::UnknownTenant(text()),
            400,
            "invalid_request",
            90_002,
        ),
        (OAuthError::NoTenant, 400, "invalid_request", 50_059),
        (
            OAuthError::UnsupportedGrantType(text()),
            400,
            "unsupported_grant_type",
            70_003,
        ),
        (
            OAuthError::InvalidScope(text()),
            400,
            "invalid_scope",
            1_002_012,
        ),
        (
            {
                let (resource, tenant) = two();
                OAuthError::UnknownResource { resource, tenant }
            },
            400,
            "invalid_resource",
            500_011,
        ),
        (
            {
                let (client_id, tenant) = two();
                OAuthError::UnknownClient { client_id, tenant }
            },
            400,
            "unauthorized_client",
            700_016,
        ),
        (
            OAuthError::DisabledClient { client_id: text() },
            400,
            "unauthorized_client",
            7_000_112,
        ),
        (OAuthError::MissingSecret, 401, "invalid_client", 7_000_218),
        (
            OAuthError::ExpiredSecret {
                client_id: text(),
                is_basic: false,
            },
            401,
            "invalid_client",
            7_000_222,
        ),
        (OAuthError::MalformedBasic, 401, "invalid_client", 7_000_216),
        (
            OAuthError::TwoAuthentications,
            400,
            "invalid_request",
            90_100,
        ),
        (OAuthError::UnknownInstance, 400, "invalid_instance", 50_049),
    ] {
        assert_eq!(
            (refusal.status(), refusal.error(), refusal.code()),
            (status, error, code)
        );
        let body = refusal.body(&trail());
        assert_eq!(body["error"], error);
        assert_eq!(body["error_codes"], json!([code]));
        let description = body["error_description"].as_str().unwrap();
        assert!(
            description.starts_with(&format!("AADSTS{code}: ")),
            "{description}"
        );
        assert!(
            description.contains(" Trace ID: 0a0a0a0a-"),
            "{description}"
        );
        assert!(!description.contains("  "), "{description}");
    }
}

#[test]
fn what_a_caller_wrote_is_repeated_within_rfc_6749() {
    let hostile = "\"\\\r\n<script>\u{e9}\u{202e}".to_owned() + &"y".repeat(500);
    for refusal in [
        OAuthError::UnsupportedGrantType(hostile.clone()),
        OAuthError::InvalidScope(hostile.clone()),
        OAuthError::DuplicateParameter(hostile.clone()),
        OAuthError::UnknownTenant(hostile.clone()),
        OAuthError::UnknownClient {
            client_id: hostile.clone(),
            tenant: hostile.clone(),
        },
        OAuthError::UnknownResource {
            resource: hostile.clone(),
            tenant: hostile.clone(),
        },
    ] {
        let body = refusal.body(&trail());
        let description = body["error_description"].as_str().unwrap();
        // §5.2: %x20-21 / %x23-5B / %x5D-7E
        assert!(
            description
                .chars()
                .all(|c| matches!(c, ' '..='!' | '#'..='[' | ']'..='~'))
        );
        assert!(description.len() < 1000);
    }
}

#[test]
fn an_answer_literally() {
    let answer = serde_json::to_string(&TokenResponse::new(&Secret::new("eyJ0"))).unwrap();
    assert_eq!(
        answer,
        r#"{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"eyJ0"}"#
    );
}

#[test]
fn client_secrets() {
    let made = new_client_secret([0xfb; 32]);
    let text = made.secret.expose();
    assert_eq!(text.len(), 40);
    assert!(text.starts_with('~'), "never a hyphen in front: {text}");
    assert!(
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_~".contains(&b))
    );
    assert_eq!(made.hint, &text[..3]);
    assert_eq!(made.hash, secret_hash(text));
    assert_ne!(new_client_secret([1; 32]).hash, made.hash);
    assert!(!format!("{made:?}").contains(text));
    // FIPS 180-2, appendix B.1.
    assert_eq!(secret_hash("abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
}

proptest! {
    #[test]
    fn no_request_panics(
        authorization in proptest::option::of(".{0,80}"),
        body in proptest::collection::vec(any::<u8>(), 0..300),
        text in "[a-z_%&=+0-9./: ]{0,200}",
    ) {
        let ask = |body: &[u8]| TokenRequest::parse(&url(), authorization.as_deref(), FORM, body);
        let outcomes = [ask(&body), ask(text.as_bytes())];
        for refusal in outcomes.into_iter().filter_map(Result::err) {
            prop_assert!([400, 401].contains(&refusal.status()));
            prop_assert!(refusal.body(&trail())["error_description"].is_string());
        }
    }

    #[test]
    fn basic_headers_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let header = format!("Basic {}", BASE64_STANDARD.encode(bytes));
        let _ = parse_basic(&header, "grant_type=client_credentials&scope=a/.default");
    }

    #[test]
    fn forms_come_back(pairs in proptest::collection::btree_map("[a-z]{1,8}", "\\PC{1,20}", 0..20)) {
        use std::fmt::Write as _;
        let encode = |text: &str| text.bytes().fold(String::new(), |mut out, byte| {
            let _ = write!(out, "%{byte:02X}");
            out
        });
        let body: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let form = Form::parse(FORM, body.join("&").as_bytes()).unwrap();
        for (name, value) in &pairs {
            prop_assert_eq!(form.get(name), Some(value.as_str()));
        }
    }
}
