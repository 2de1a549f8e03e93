//! The way to a PostgreSQL that speaks TLS only, with a certificate of a private authority.

use std::process::Command;

use e2e::{
    Deployment, Options, binary, encode, engine,
    postgres::{Certificate, Postgres},
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// An authority: its certificate as PEM, and itself.
fn authority() -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), Issuer::new(params, key))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_has_to_show_a_certificate_of_the_named_authority() {
    if engine::are_files() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let (pem, issuer) = authority();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let database = Postgres::start_with_tls(Certificate {
        certificate: &certificate.pem(),
        key: &key.serialize_pem(),
    });
    let file = |name: &str, text: &str| {
        let path = scratch.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let own = file("authority.pem", &pem);
    let other = file("other.pem", &authority().0);
    let nothing = file("nothing.pem", "no certificate");
    let named = |path: &str| {
        let file = encode(path);
        format!("{}?sslmode=require&sslrootcert={file}", database.url())
    };

    let options = Options::default().with_env("DATABASE_URL", &named(&own));
    let d = Deployment::start_with(options);
    let contoso = d.tenant("Contoso").await;
    contoso.user("ann").await;
    d.finish().await;

    for (url, word) in [
        (named(&other), "can't be reached"),
        (
            format!("{}?sslmode=require", database.url()),
            "can't be reached",
        ),
        (database.url(), "can't be reached"),
        (named(&nothing), "sslrootcert"),
        (named("/nowhere/authority.pem"), "sslrootcert"),
        (
            format!("{}?sslrootcert={}", database.url(), encode(&own)),
            "sslmode=require",
        ),
    ] {
        let data = scratch.path().join("data");
        let output = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .env("DATABASE_URL", &url)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains(word),
            "{url}: {said}"
        );
    }
}
