//! An authenticator in software with the browser around it: what a person's phone does when a site
//! asks for a passkey. For tests only.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData, WebauthnError};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use passkey::types::webauthn::{CredentialCreationOptions, CredentialRequestOptions};
use serde_json::{Value, json};
use url::Url;

/// The model that the authenticator says it is.
pub const AAGUID: [u8; 16] = *b"a soft model 123";

/// Somebody is there, and shows who it is or only touches the authenticator.
struct Owner {
    shows_who: bool,
}

#[async_trait::async_trait]
impl UserValidationMethod for Owner {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _hint: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck {
            presence,
            verification: verification && self.shows_who,
        })
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }
}

/// An authenticator with place for one passkey. A clone is a copy of its chip.
#[derive(Debug, Clone, Default)]
pub struct SoftAuthenticator {
    passkey: Option<Passkey>,
    counts: bool,
}

fn text(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn read<T: serde::de::DeserializeOwned>(options: &Value) -> Result<T, String> {
    serde_json::from_value(options.clone()).map_err(|error| error.to_string())
}

impl SoftAuthenticator {
    /// One whose passkeys are synchronized: it doesn't count its signatures.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that counts its signatures, as security keys do.
    pub fn counting() -> Self {
        Self {
            counts: true,
            ..Self::default()
        }
    }

    fn authenticator(&self) -> Authenticator<Option<Passkey>, Owner, RustCryptoBackend> {
        let mut authenticator = Authenticator::new(
            Aaguid::from(AAGUID),
            self.passkey.clone(),
            Owner { shows_who: true },
            RustCryptoBackend,
        );
        authenticator.set_make_credentials_with_signature_counter(self.counts);
        authenticator
    }

    /// `navigator.credentials.create` at a site: the answer as JSON.
    pub fn create(&mut self, origin: &str, options: &Value) -> Result<Value, String> {
        let options: CredentialCreationOptions = read(options)?;
        let origin = Url::parse(origin).map_err(|error| error.to_string())?;
        let mut client = Client::new(self.authenticator()).allows_insecure_localhost(true);
        let made = now(client.register(&origin, options, DefaultClientData))?;
        self.passkey.clone_from(client.authenticator().store());
        Ok(json!({
            "id": made.id,
            "rawId": text(&made.raw_id),
            "type": "public-key",
            "response": {
                "attestationObject": text(&made.response.attestation_object),
                "clientDataJSON": text(&made.response.client_data_json),
            },
            "clientExtensionResults": {},
        }))
    }

    /// `navigator.credentials.get` at a site: the answer as JSON.
    pub fn get(&mut self, origin: &str, options: &Value) -> Result<Value, String> {
        let options: CredentialRequestOptions = read(options)?;
        let origin = Url::parse(origin).map_err(|error| error.to_string())?;
        let mut client = Client::new(self.authenticator()).allows_insecure_localhost(true);
        let made = now(client.authenticate(&origin, options, DefaultClientData))?;
        self.passkey.clone_from(client.authenticator().store());
        Ok(json!({
            "id": made.id,
            "rawId": text(&made.raw_id),
            "type": "public-key",
            "response": {
                "authenticatorData": text(&made.response.authenticator_data),
                "clientDataJSON": text(&made.response.client_data_json),
                "signature": text(&made.response.signature),
                "userHandle": made.response.user_handle.as_ref().map(|handle| text(handle)),
            },
            "clientExtensionResults": {},
        }))
    }
}

/// What comes of a future that waits for nothing, since all that it asks is in memory.
fn now<T>(future: impl Future<Output = Result<T, WebauthnError>>) -> Result<T, String> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome.map_err(|error| format!("{error:?}")),
        Poll::Pending => Err("the authenticator waits for something".into()),
    }
}
