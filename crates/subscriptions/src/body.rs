//! What clients write, read and checked.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use egress::Target;
use serde_json::{Map, Value};
use types::{Error, Result, Timestamp};
use uuid::Uuid;

use crate::LIFE_MINUTES;
use crate::encryption;
use crate::model::{Document, NewSubscription, Renewal};
use crate::resource::ChangeTypes;

const CLIENT_STATE_CHARACTERS_MAX: usize = 128;
const CERTIFICATE_ID_CHARACTERS_MAX: usize = 128;
/// What a client may repeat, and nobody can set.
const READ_ONLY: &[&str] = &[
    "id",
    "applicationId",
    "creatorId",
    "notificationContentType",
];
const TLS_DEFAULT: &str = "v1_2";

/// The properties of a body, taken out one by one.
struct Properties(Map<String, Value>);

impl Properties {
    fn new(body: &Map<String, Value>) -> Self {
        let mut body = body.clone();
        body.retain(|name, value| !value.is_null() && !READ_ONLY.contains(&name.as_str()));
        Self(body)
    }

    fn text(&mut self, name: &str) -> Result<Option<String>> {
        match self.0.shift_remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::invalid(name, format!("'{name}' has to be a text."))),
        }
    }

    fn needed(&mut self, name: &str) -> Result<String> {
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| {
            Error::invalid(
                name,
                format!("'{name}' is a required property for subscription creation."),
            )
        })
    }

    fn bounded(&mut self, name: &str, characters_max: usize) -> Result<Option<String>> {
        let text = self.text(name)?;
        if text
            .as_ref()
            .is_some_and(|text| text.chars().count() > characters_max)
        {
            return Err(Error::invalid(
                name,
                format!("'{name}' has {characters_max} characters at most."),
            ));
        }
        Ok(text)
    }

    fn time(&mut self, name: &str) -> Result<Option<Timestamp>> {
        let text = self.text(name)?;
        let time = text.map(|text| text.parse::<Timestamp>()).transpose();
        time.map_err(|error| Error::invalid(name, error.to_string()))
    }

    fn flag(&mut self, name: &str) -> Result<bool> {
        match self.0.shift_remove(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(Error::invalid(
                name,
                format!("'{name}' has to be true or false."),
            )),
        }
    }

    fn certificate(&mut self) -> Result<Option<Vec<u8>>> {
        const NAME: &str = "encryptionCertificate";
        let Some(text) = self.text(NAME)?.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let wrong = |what: &str| Error::invalid(NAME, what.to_owned());
        let bytes = if text.contains("-----BEGIN") {
            text.into_bytes()
        } else {
            let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            BASE64_STANDARD
                .decode(plain)
                .map_err(|_| wrong("'encryptionCertificate' has to be a certificate in Base64."))?
        };
        let certificate = identity::certificate::parse(&bytes)
            .ok()
            .filter(|certificate| encryption::key(certificate).is_ok());
        let certificate = certificate.ok_or_else(|| {
            wrong("'encryptionCertificate' has to be an X.509 certificate with an RSA key of 2,048 to 4,096 bits, without its private key.")
        })?;
        Ok(Some(certificate.der))
    }

    fn end(mut self) -> Result<()> {
        match self.0.keys().next().cloned() {
            None => Ok(()),
            Some(name) if name == "notificationQueryOptions" => Err(Error::invalid(
                name,
                "'notificationQueryOptions' isn't supported for this resource.",
            )),
            Some(name) => {
                self.0.clear();
                let shown: String = name.chars().take(64).collect();
                Err(Error::invalid(
                    shown.clone(),
                    format!("The property '{shown}' doesn't exist here or can't be set."),
                ))
            }
        }
    }
}

fn check_url(name: &str, url: &str) -> Result<()> {
    Target::parse(url)
        .map(drop)
        .map_err(|error| Error::invalid(name, format!("'{name}': {error}")))
}

/// Whom the tokens beside encrypted content are for: an application, and never this API itself.
fn audience(text: &str) -> Result<Uuid> {
    types::parse_uuid(text)
        .filter(|id| *id != directory::permissions::GRAPH_APP_ID)
        .ok_or_else(|| {
            Error::invalid(
                "notificationUrlAppId",
                "'notificationUrlAppId' has to be the client id of an application of yours.",
            )
        })
}

/// When a subscription ends that somebody wants to end then.
fn end(wanted: Timestamp, now: Timestamp) -> Result<Timestamp> {
    let (least, most) = LIFE_MINUTES;
    if wanted <= now {
        return Err(Error::invalid(
            "expirationDateTime",
            "Subscription expiration has to be in the future.",
        ));
    }
    if wanted > now.plus_seconds(most * 60) {
        return Err(Error::invalid(
            "expirationDateTime",
            format!(
                "Subscription expiration can only be {most} minutes in the future (limit: limits.subscription_minutes)."
            ),
        ));
    }
    Ok(wanted.max(now.plus_seconds(least * 60)))
}

impl NewSubscription {
    /// Reads the body of a POST.
    pub fn read(body: &Map<String, Value>, now: Timestamp) -> Result<Self> {
        let mut properties = Properties::new(body);
        let change_type = properties.needed("changeType")?;
        let change_types = ChangeTypes::parse(&change_type)?;
        let notification_url = properties.needed("notificationUrl")?;
        check_url("notificationUrl", &notification_url)?;
        let resource = properties.needed("resource")?;
        let expires_at = properties.needed("expirationDateTime")?;
        let expires_at = expires_at
            .parse()
            .map_err(|error: Error| Error::invalid("expirationDateTime", error.to_string()))?;
        let expires_at = end(expires_at, now)?;
        let lifecycle_notification_url = properties
            .text("lifecycleNotificationUrl")?
            .filter(|url| !url.is_empty());
        if let Some(url) = &lifecycle_notification_url {
            check_url("lifecycleNotificationUrl", url)?;
        }
        let tls = properties.text("latestSupportedTlsVersion")?;
        let tls = tls.unwrap_or_else(|| TLS_DEFAULT.to_owned());
        if !["v1_2", "v1_3"].contains(&tls.as_str()) {
            return Err(Error::invalid(
                "latestSupportedTlsVersion",
                "'latestSupportedTlsVersion' has to be v1_2 or v1_3: earlier ones aren't spoken any more.",
            ));
        }
        let client_state = properties.bounded("clientState", CLIENT_STATE_CHARACTERS_MAX)?;
        let include_resource_data = properties.flag("includeResourceData")?;
        let certificate = properties.certificate()?;
        let encryption_certificate_id = properties
            .bounded("encryptionCertificateId", CERTIFICATE_ID_CHARACTERS_MAX)?
            .filter(|id| !id.is_empty());
        if include_resource_data && (certificate.is_none() || encryption_certificate_id.is_none()) {
            return Err(Error::invalid(
                "encryptionCertificate",
                "'encryptionCertificate' and 'encryptionCertificateId' are required when 'includeResourceData' is true.",
            ));
        }
        let notification_url_app_id = properties
            .text("notificationUrlAppId")?
            .filter(|text| !text.is_empty())
            .map(|text| audience(&text))
            .transpose()?;
        properties.end()?;
        Ok(Self {
            document: Document {
                resource,
                change_type,
                notification_url,
                lifecycle_notification_url,
                include_resource_data,
                encryption_certificate_id,
                latest_supported_tls_version: tls,
                notification_url_app_id,
            },
            change_types,
            expires_at,
            client_state,
            certificate,
        })
    }
}

impl Renewal {
    /// Reads the body of a PATCH.
    pub fn read(body: &Map<String, Value>, now: Timestamp) -> Result<Self> {
        let mut properties = Properties::new(body);
        let expires_at = properties.time("expirationDateTime")?;
        let expires_at = expires_at.map(|wanted| end(wanted, now)).transpose()?;
        let notification_url = properties.text("notificationUrl")?;
        if let Some(url) = &notification_url {
            check_url("notificationUrl", url)?;
        }
        let certificate = properties.certificate()?;
        let certificate_id = properties
            .bounded("encryptionCertificateId", CERTIFICATE_ID_CHARACTERS_MAX)?
            .filter(|id| !id.is_empty());
        properties.end()?;
        if certificate.is_some() != certificate_id.is_some() {
            return Err(Error::invalid(
                "encryptionCertificateId",
                "'encryptionCertificate' and 'encryptionCertificateId' are changed together.",
            ));
        }
        if expires_at.is_none() && notification_url.is_none() && certificate.is_none() {
            return Err(Error::invalid(
                "expirationDateTime",
                "'expirationDateTime' is a required property to renew a subscription.",
            ));
        }
        Ok(Self {
            expires_at,
            notification_url,
            certificate,
            certificate_id,
        })
    }
}
