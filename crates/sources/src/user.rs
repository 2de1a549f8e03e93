//! A person as a source describes him or her, and the checks that make one of loose values.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use types::fold;
use unicode_normalization::UnicodeNormalization as _;

use crate::alias::{alias, sign_in_name};
use crate::properties::{Kind, PROPERTIES, clean};
use crate::{ManagerRef, RecordError, dn};

/// The largest photo, as in Graph.
const PHOTO_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A person of a source. Its `Debug` has no password and no photo.
#[derive(Clone)]
pub struct SourceUser {
    /// The line the record begins at.
    pub line: u64,
    /// What stays the same when everything else changes: the source's own id (`entryUUID`,
    /// `objectGUID`, the mapped column), else the folded DN, else the folded name to sign in with.
    pub source_key: String,
    /// The manager as the record names him or her.
    pub manager_key: Option<ManagerRef>,
    /// The manager's [`SourceUser::source_key`], where the manager is in the file.
    pub manager_source_key: Option<String>,
    /// The distinguished name as written; only from LDIF.
    pub dn: Option<String>,
    /// What to make the user principal name of: a valid one, perhaps of a domain that isn't the
    /// tenant's, or an alias without `@`.
    pub upn_hint: String,
    /// Graph's properties with Graph's types; `userPrincipalName` is left to the importer, and what
    /// the source doesn't say (`accountEnabled` too) is absent. `displayName` and `mailNickname` are
    /// always there.
    pub properties: serde_json::Map<String, Value>,
    /// The photo: JPEG, PNG or GIF.
    pub photo: Option<Vec<u8>>,
    /// The initial password; only from Entra's bulk template.
    pub password: Option<String>,
}

impl fmt::Debug for SourceUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceUser")
            .field("line", &self.line)
            .field("source_key", &self.source_key)
            .field("manager_key", &self.manager_key)
            .field("manager_source_key", &self.manager_source_key)
            .field("dn", &self.dn)
            .field("upn_hint", &self.upn_hint)
            .field("properties", &self.properties)
            .field("photo_bytes", &self.photo.as_ref().map(Vec::len))
            .finish_non_exhaustive()
    }
}

/// The values of a record before they are checked against each other.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) line: u64,
    pub(crate) dn: Option<String>,
    /// The source's own id.
    pub(crate) key: Option<String>,
    /// The user principal name that the record gives, if it gives one.
    pub(crate) user_principal_name: Option<String>,
    /// What the user could sign in with, best first.
    pub(crate) sign_in: Vec<String>,
    /// Values by property, uncleaned, best first.
    pub(crate) values: BTreeMap<&'static str, Vec<String>>,
    pub(crate) enabled: Option<bool>,
    pub(crate) manager: Option<String>,
    pub(crate) photo: Option<Vec<u8>>,
    pub(crate) password: Option<String>,
}

impl Draft {
    /// How messages name the record.
    pub(crate) fn label(&self) -> Option<String> {
        self.dn.clone().or_else(|| self.sign_in.first().cloned())
    }

    /// The first value of a property that isn't empty, cleaned.
    fn text(&self, property: &str) -> Option<String> {
        self.values
            .get(property)?
            .iter()
            .find_map(|value| clean(property, value))
    }

    fn texts(&self, property: &str) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for value in self.values.get(property).into_iter().flatten() {
            if let Some(value) = clean(property, value)
                && !out.iter().any(|known| fold(known) == fold(&value))
            {
                out.push(value);
            }
        }
        out
    }

    /// Checks the record and makes the user; what is left out is added to `warnings`.
    pub(crate) fn finish(self, warnings: &mut Vec<RecordError>) -> Result<SourceUser, RecordError> {
        let label = self.label();
        let fail = |message: String| RecordError::new(self.line, label.clone(), message);
        let mut warn =
            |message: String| warnings.push(RecordError::new(self.line, label.clone(), message));

        let (given, surname) = (self.text("givenName"), self.text("surname"));
        let full = [given.as_deref(), surname.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
        let Some(name) = self
            .text("displayName")
            .or_else(|| Some(full).filter(|full| !full.is_empty()))
        else {
            return Err(fail(
                "the record has no name: neither a display name nor a given name or surname."
                    .into(),
            ));
        };

        let upn_hint = self.upn_hint(&name).map_err(&fail)?;
        if let Some(first) = self.sign_in.first()
            && first.trim() != upn_hint
        {
            warn(format!(
                "'{first}' can't be a name to sign in with; '{upn_hint}' is used."
            ));
        }
        let local = upn_hint
            .rsplit_once('@')
            .map_or(upn_hint.as_str(), |(local, _)| local);
        let source_key = match (&self.key, &self.dn) {
            (Some(key), _) => key.clone(),
            (None, Some(dn)) => dn::normalize(dn),
            (None, None) => fold(&upn_hint),
        };

        let mut properties = serde_json::Map::new();
        let mail = self.texts("mail").into_iter().find(|mail| is_mail(mail));
        for (property, kind) in PROPERTIES {
            let value = match (*property, kind) {
                ("displayName", _) => Some(Value::from(name.as_str())),
                ("mailNickname", _) => {
                    let nickname = self.text(property).and_then(|nickname| alias(&nickname));
                    Some(Value::from(nickname.unwrap_or_else(|| local.to_owned())))
                }
                ("mail", _) => {
                    if mail.is_none()
                        && let Some(text) = self.text(property)
                    {
                        warn(format!("'{text}' isn't a mail address; it is left out."));
                    }
                    mail.clone().map(Value::from)
                }
                ("otherMails", _) => {
                    let mut others = self.texts(property);
                    others.retain(|other| {
                        is_mail(other) && mail.as_deref().map(fold) != Some(fold(other))
                    });
                    (!others.is_empty()).then(|| Value::from(others))
                }
                // The header form of RFC 2798, `de-CH, de;q=0.8`, has the best first.
                ("preferredLanguage", _) => self.text(property).and_then(|text| {
                    text.split([',', ';'])
                        .next()
                        .map(|first| Value::from(first.trim()))
                }),
                ("usageLocation", _) => match self.text(property) {
                    Some(code)
                        if code.len() == 2
                            && code.bytes().all(|byte| byte.is_ascii_alphabetic()) =>
                    {
                        Some(Value::from(code.to_ascii_uppercase()))
                    }
                    Some(text) => {
                        warn(format!(
                            "'{text}' isn't a usage location of two letters; it is left out."
                        ));
                        None
                    }
                    None => None,
                },
                // Graph's is a list that holds one number.
                ("businessPhones", _) => {
                    let phones = self.texts(property);
                    if let [first, _, ..] = &phones[..] {
                        warn(format!(
                            "of {} business phones only the first, '{first}', is taken.",
                            phones.len()
                        ));
                    }
                    phones.first().map(|first| Value::from(vec![first.clone()]))
                }
                (_, Kind::Flag) => self.enabled.map(Value::from),
                (_, Kind::Text) => self.text(property).map(Value::from),
                (_, Kind::List) => Some(self.texts(property))
                    .filter(|list| !list.is_empty())
                    .map(Value::from),
            };
            if let Some(value) = value {
                properties.insert((*property).to_owned(), value);
            }
        }
        let photo = self.photo.filter(|photo| {
            let good = is_image(photo) && photo.len() <= PHOTO_BYTES_MAX;
            if !good {
                warn("the photo isn't a JPEG, PNG or GIF of at most 4 MiB; it is left out.".into());
            }
            good
        });
        Ok(SourceUser {
            line: self.line,
            source_key,
            manager_key: self.manager.as_deref().and_then(ManagerRef::parse),
            manager_source_key: None,
            dn: self.dn,
            upn_hint,
            properties,
            photo,
            password: self.password,
        })
    }

    /// The first name that can be signed in with. Only a record with a key of its own may have one
    /// made of the person's name: otherwise that name would be the key, and marriage a new person.
    fn upn_hint(&self, name: &str) -> Result<String, String> {
        if let Some(external) = self.sign_in.iter().find(|text| text.contains("#EXT#")) {
            return Err(format!(
                "'{external}' is a guest there, with a home elsewhere; import from there."
            ));
        }
        // Accents are spelled without; a name with spaces is no name.
        if let Some(given) = &self.user_principal_name
            && (given.trim().contains(char::is_whitespace) || sign_in_name(given).is_none())
        {
            return Err(format!(
                "'{given}' can't be a user principal name; it has to be like alias@domain."
            ));
        }
        let has_key = self.key.is_some() || self.dn.is_some();
        let made = || alias(name).filter(|_| has_key).map(|made| fold(&made));
        self.sign_in.iter().find_map(|text| sign_in_name(text)).or_else(made).ok_or_else(|| {
            let first = self.sign_in.first();
            let found = first.map_or_else(|| "has none".into(), |first| format!("has only '{first}'"));
            format!(
                "the record needs a user principal name, a mail address or an alias in the letters a-z, and {found}."
            )
        })
    }
}

/// Whether a text has the form of an address; whether it exists nobody can tell.
fn is_mail(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && domain
                .nfc()
                .all(|ch| ch.is_alphanumeric() || ch == '.' || ch == '-')
            && !text.contains(char::is_whitespace)
    })
}

/// Whether the bytes begin as an image does: JPEG, PNG, GIF.
fn is_image(bytes: &[u8]) -> bool {
    [&b"\xFF\xD8\xFF"[..], b"\x89PNG\r\n\x1a\n", b"GIF8"]
        .iter()
        .any(|magic| bytes.starts_with(magic))
}
