//! What clients find a tenant's endpoints by.

use identity::PublicUrl;
use identity::discovery::{Authority, instance, openid_configuration};
use identity::oauth::OAuthError;
use proptest::prelude::*;
use serde_json::{Value, json};
use types::TenantId;
use uuid::uuid;

const TENANT: TenantId = TenantId::new(uuid!("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"));

fn url() -> PublicUrl {
    PublicUrl::parse("https://id.contoso.example:8443").unwrap()
}

#[test]
fn discovery_documents() {
    let own = openid_configuration(&url(), Authority::Tenant(TENANT));
    let base = format!("https://id.contoso.example:8443/{TENANT}");
    for (name, path) in [
        ("issuer", "/v2.0"),
        ("token_endpoint", "/oauth2/v2.0/token"),
        ("authorization_endpoint", "/oauth2/v2.0/authorize"),
        ("device_authorization_endpoint", "/oauth2/v2.0/devicecode"),
        ("end_session_endpoint", "/oauth2/v2.0/logout"),
        ("jwks_uri", "/discovery/v2.0/keys"),
    ] {
        assert_eq!(own[name], format!("{base}{path}"), "{name}");
    }
    assert_eq!(own["subject_types_supported"], json!(["pairwise"]));
    assert_eq!(
        own["id_token_signing_alg_values_supported"],
        json!(["RS256"])
    );
    assert_eq!(own["tenant_region_scope"], Value::Null);
    assert!(own.as_object().unwrap().contains_key("tenant_region_scope"));
    assert_eq!(own["msgraph_host"], "id.contoso.example:8443");
    for (authority, segment) in [
        (Authority::Common, "common"),
        (Authority::Organizations, "organizations"),
    ] {
        let any = openid_configuration(&url(), authority);
        assert_eq!(
            any["issuer"],
            "https://id.contoso.example:8443/{tenantid}/v2.0"
        );
        assert_eq!(
            any["token_endpoint"],
            format!("https://id.contoso.example:8443/{segment}/oauth2/v2.0/token")
        );
    }
}

#[test]
fn instances() {
    let ask = |endpoint: &str| instance(&url(), Some(endpoint));
    let answer = ask(&format!(
        "https://ID.contoso.example:8443/{TENANT}/oauth2/v2.0/authorize"
    ));
    assert_eq!(
        answer.unwrap(),
        json!({
            "tenant_discovery_endpoint":
                format!("https://id.contoso.example:8443/{TENANT}/v2.0/.well-known/openid-configuration"),
            "api-version": "1.1",
            "metadata": [{
                "preferred_network": "id.contoso.example:8443",
                "preferred_cache": "id.contoso.example:8443",
                "aliases": ["id.contoso.example:8443"],
            }],
        })
    );
    for other in [
        "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        "https://id.contoso.example/common/oauth2/v2.0/authorize",
        "http://id.contoso.example:8443/common/oauth2/v2.0/authorize",
        "https://id.contoso.example:8443.evil.example/common/",
        "https://id.contoso.example:8443@evil.example/common/",
        "https://id.contoso.example:8443",
        "https://id.contoso.example:8443/",
        "https://id.contoso.example:8443/../x",
        "https://id.contoso.example:8443/a%2fb/x",
        "é",
    ] {
        assert_eq!(
            ask(other).unwrap_err(),
            OAuthError::UnknownInstance,
            "{other}"
        );
    }
    assert_eq!(instance(&url(), None).unwrap_err().code(), 900_144);
}

proptest! {
    #[test]
    fn no_endpoint_panics(text in ".{0,200}", path in "[a-z0-9./%?#-]{0,60}") {
        let _ = instance(&url(), Some(&text));
        let ours = format!("{}/{path}", url());
        if let Ok(answer) = instance(&url(), Some(&ours)) {
            let found = answer["tenant_discovery_endpoint"].as_str().unwrap().to_owned();
            prop_assert!(found.starts_with(url().as_str()));
        }
    }
}
