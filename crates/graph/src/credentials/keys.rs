//! `keyCredentials` in bodies of applications and service principals, and the actions `addKey` and
//! `removeKey`, by which a client rolls its own certificates.
//!
//! A list in a PATCH is the whole list: what it doesn't name goes, and with it the tokens that were
//! granted for it. The actions want a proof that one has a key that is registered already.
//!
//! Source: "application: addKey", "application: removeKey", "Generate proof of possession tokens
//! for rolling keys" (Microsoft Graph).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use directory::key_credentials::{self, KeyCredential, NewKey};
use http::{StatusCode, header};
use identity::oauth::Assertion;
use serde_json::{Map, Value};
use types::{Certificate, Error, Timestamp};

use super::{CHANGE, Of, Target, action, key_id, parameters};
use crate::app_key::Reach;
use crate::errors::Refusal;
use crate::reply::Reply;
use crate::request::Call;
use crate::revocation::reconsidering;
use crate::route::Routes;

const NAME: &str = "keyCredentials";

/// Registers the actions.
pub(super) fn routes(routes: &mut Routes) {
    action(
        routes,
        paths!("addKey"),
        "Add a certificate, by proof of another",
        add_key,
    );
    action(
        routes,
        paths!("removeKey"),
        "Remove a certificate, by proof of one",
        remove_key,
    );
}

fn wrong(name: &str, reason: &str) -> Error {
    Error::invalid(
        name,
        format!(
            "Invalid value specified for property '{name}' of resource 'KeyCredential': {reason}."
        ),
    )
}

/// Takes the list out of a body; `None` where the body says nothing of it.
pub(crate) fn take(body: &mut Map<String, Value>) -> Result<Option<Vec<NewKey>>, Refusal> {
    let list = match body.shift_remove(NAME) {
        None => return Ok(None),
        Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(wrong(NAME, "it has to be a list").into()),
    };
    if list.len() > key_credentials::CERTIFICATES_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.client_certificates",
            message: format!(
                "An object has {} certificates at most.",
                key_credentials::CERTIFICATES_MAX
            ),
        }
        .into());
    }
    let keys = list.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(keys))
}

fn binary(name: &str, text: &str) -> Result<Vec<u8>, Error> {
    BASE64_STANDARD
        .decode(text)
        .map_err(|_| wrong(name, "it has to be base64"))
}

/// Reads one credential.
fn read(value: Value) -> Result<NewKey, Error> {
    let Value::Object(object) = value else {
        return Err(wrong(NAME, "each has to be an object"));
    };
    let mut key = NewKey::default();
    for (name, value) in object {
        match (name.as_str(), value) {
            (_, Value::Null) => {}
            (name, _) if name.contains('@') => {}
            ("keyId", Value::String(text)) => {
                let id = types::parse_uuid(&text)
                    .ok_or_else(|| wrong("keyId", "it has to be a GUID"))?;
                key.key_id = Some(id);
            }
            ("displayName", Value::String(text)) if text.chars().count() <= 256 => {
                key.display_name = Some(text);
            }
            ("customKeyIdentifier", Value::String(text)) if text.len() <= 128 => {
                key.custom_key_identifier = Some(binary("customKeyIdentifier", &text)?);
            }
            ("startDateTime", Value::String(text)) => {
                key.start = Some(instant("startDateTime", &text)?);
            }
            ("endDateTime", Value::String(text)) => key.end = Some(instant("endDateTime", &text)?),
            ("key", Value::String(text)) => key.certificate = Some(certificate(&text)?),
            ("type", Value::String(text)) if text == "AsymmetricX509Cert" => {}
            ("type", _) => {
                return Err(wrong(
                    "type",
                    "it has to be AsymmetricX509Cert: keys that aren't public aren't taken",
                ));
            }
            ("usage", Value::String(text)) if text == "Verify" => {}
            ("usage", _) => return Err(wrong("usage", "it has to be Verify")),
            (
                "displayName"
                | "customKeyIdentifier"
                | "startDateTime"
                | "endDateTime"
                | "keyId"
                | "key",
                _,
            ) => {
                return Err(wrong(&name, "it has another type, or is too long"));
            }
            _ => {
                return Err(Error::invalid(
                    name.as_str(),
                    format!(
                        "Property '{name}' does not exist on type 'microsoft.graph.keyCredential'."
                    ),
                ));
            }
        }
    }
    Ok(key)
}

fn instant(name: &str, text: &str) -> Result<Timestamp, Error> {
    text.parse()
        .map_err(|_| wrong(name, "it has to be a date and time: 2027-01-31T12:00:00Z"))
}

fn certificate(text: &str) -> Result<Certificate, Error> {
    identity::certificate::parse(&binary("key", text)?)
}

fn proof(parameters: &Map<String, Value>) -> Result<Assertion, Refusal> {
    let proof = parameters.get("proof").and_then(Value::as_str);
    let proof = proof.ok_or_else(|| {
        Error::invalid(
            "proof",
            "The parameter 'proof' is required: a token that is signed with a key of the object.",
        )
    })?;
    Assertion::parse(proof).ok_or_else(unproven)
}

fn unproven() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "Authentication_MissingOrMalformed",
        "The proof of possession isn't one: it has to be signed by RS256 or PS256 with the key of a valid certificate of this object, 'aud' 00000002-0000-0000-c000-000000000000, 'iss' the object's id, 'exp' ten minutes ahead at most.",
    )
    .with_header(header::WWW_AUTHENTICATE, "Bearer")
}

/// That whoever asks has the key of one of the object's certificates.
async fn prove(call: &Call, target: Target, reach: Reach, proof: Assertion) -> Result<(), Refusal> {
    let is_proven = call
        .read(move |tx| {
            let owner = target.find(tx, reach)?.owner.id();
            if !proof.is_proof_of(owner, tx.now()) {
                return Ok(false);
            }
            let keys = key_credentials::list(tx, owner)?;
            let signed =
                |key: &KeyCredential| key.is_valid(tx.now()) && proof.is_signed_by(&key.public_key);
            Ok(keys.iter().any(signed))
        })
        .await?;
    if is_proven { Ok(()) } else { Err(unproven()) }
}

async fn add_key(call: Call, of: Of) -> Result<Reply, Refusal> {
    let (target, reach) = (Target::of(&call, of)?, Reach::of(&call, CHANGE));
    let parameters = parameters(&call, &["keyCredential", "passwordCredential", "proof"])?;
    let proof = proof(&parameters)?;
    if !matches!(
        parameters.get("passwordCredential"),
        None | Some(Value::Null)
    ) {
        return Err(wrong(
            "passwordCredential",
            "it has to be null: keys that aren't public aren't taken",
        )
        .into());
    }
    let mut key = read(parameters.get("keyCredential").cloned().unwrap_or_default())?;
    key.key_id = None;
    prove(&call, target, reach, proof).await?;
    let added = call
        .write(move |tx| {
            let owner = target.find(tx, reach)?.owner;
            key_credentials::add(tx, owner, &key)
        })
        .await?;
    Reply::object(
        &call,
        "microsoft.graph.keyCredential",
        &added.to_json(false),
    )
}

async fn remove_key(call: Call, of: Of) -> Result<Reply, Refusal> {
    let (target, reach) = (Target::of(&call, of)?, Reach::of(&call, CHANGE));
    let parameters = parameters(&call, &["keyId", "proof"])?;
    let key_id = key_id(&parameters, "certificate")?;
    prove(&call, target, reach, proof(&parameters)?).await?;
    // The tokens that were granted for it end with it.
    reconsidering(&call, move |tx| {
        let found = target.find(tx, reach)?;
        key_credentials::remove(tx, found.owner, key_id)?;
        Ok(found.principal.into_iter().collect())
    })
    .await?;
    Ok(Reply::no_content())
}
