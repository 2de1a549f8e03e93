//! Optional claims: what an application asks its tokens to say beyond the usual. ID tokens are the client's,
//! access tokens those of the API that they are for.
//!
//! - Of what is documented, these are said always, asked for or not: `acct`, `auth_time`, `idtyp`,
//!   `preferred_username`, `sid`.
//! - What there is nothing to say of is left out, as Microsoft does: where a device is, what a network
//!   is called, when a password expires.
//! - None of them tells who somebody is: that is `oid` with `tid`, or `sub`.
//!
//! Source: Microsoft identity platform, "Optional claims reference" and "Configure optional claims";
//! Microsoft Graph, `optionalClaim`.

use directory::applications::OptionalClaim;
use directory::tenant::Organization;
use directory::users::User;
use identity::oauth::ClaimsRequest;
use identity::oauth::code::SignedIn;
use serde_json::{Map, Value, json};
use types::{TenantId, fold};

/// Whom tokens tell of.
pub(super) struct About<'a> {
    pub(super) user: &'a User,
    /// Of somebody from another tenant: that one.
    pub(super) home: Option<TenantId>,
    /// The name that the person signs in by.
    pub(super) sign_in_name: &'a str,
    pub(super) organization: &'a Organization,
    /// Whether the person's names may be told.
    pub(super) has_profile: bool,
}

impl About<'_> {
    fn text(&self, name: &str) -> Option<String> {
        let value = self.user.property(name);
        let text = value.as_str().map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// Whether the tenant has proved that the domain of an address is its own.
    fn is_verified(&self, mail: &str) -> bool {
        let domain = mail.rsplit_once('@').map(|(_, domain)| fold(domain));
        domain.is_some_and(|domain| self.organization.has_verified_domain(&domain))
    }

    fn verified(&self, mails: impl Iterator<Item = String>) -> Option<Value> {
        let verified: Vec<String> = mails.filter(|mail| self.is_verified(mail)).collect();
        (!verified.is_empty()).then(|| json!(verified))
    }

    /// The name that the person has here. A guest's has the form of the tenant, which clients can't
    /// all read, so it is told only to those who say so.
    fn upn(&self, claim: &OptionalClaim) -> Option<String> {
        let name = self.user.user_principal_name();
        let has = |name: &str| claim.additional_properties.iter().any(|own| own == name);
        if self.home.is_none() && !self.user.is_external() {
            Some(name.to_owned())
        } else if has("include_externally_authenticated_upn_without_hash") {
            Some(name.replace('#', "_"))
        } else if has("include_externally_authenticated_upn") {
            Some(name.to_owned())
        } else {
            None
        }
    }

    fn value(&self, claim: &OptionalClaim) -> Option<Value> {
        let profile = |text: Option<String>| text.filter(|_| self.has_profile).map(Value::from);
        let country = |text: Option<&str>| {
            let text = text.filter(|text| text.len() == 2);
            let text = text.filter(|text| text.bytes().all(|b| b.is_ascii_alphabetic()));
            text.map(|text| Value::from(text.to_ascii_uppercase()))
        };
        match claim.name.as_str() {
            "ctry" => country(self.text("country").as_deref()),
            "email" => self.text("mail").map(Value::from),
            "family_name" => profile(self.text("surname")),
            "given_name" => profile(self.text("givenName")),
            "login_hint" => profile(Some(self.sign_in_name.to_owned())),
            "tenant_ctry" => country(self.organization.text("countryLetterCode")),
            "upn" => profile(self.upn(claim)),
            "verified_primary_email" => self.verified(self.text("mail").into_iter()),
            "verified_secondary_email" => {
                let others = self.user.property("otherMails");
                let others = others.as_array().into_iter().flatten();
                self.verified(others.filter_map(|it| it.as_str().map(str::to_owned)))
            }
            "xms_edov" => self.text("mail").map(|mail| self.is_verified(&mail).into()),
            "xms_pl" => self.text("preferredLanguage").map(Value::from),
            "xms_tpl" => self.organization.text("preferredLanguage").map(Value::from),
            _ => None,
        }
    }
}

/// What is asked for, as far as there is something to say.
pub(super) fn claims(about: &About<'_>, asked: &[OptionalClaim]) -> Map<String, Value> {
    let said = asked.iter().filter_map(|claim| {
        let value = about.value(claim)?;
        Some((claim.name.clone(), value))
    });
    said.collect()
}

/// Says a list, unless it is empty.
pub(super) fn say(claims: &mut Map<String, Value>, name: &str, list: &[String]) {
    if !list.is_empty() {
        claims.insert(name.to_owned(), json!(list));
    }
}

/// Says which authentication contexts of those that were asked for are met.
pub(super) fn contexts(claims: &mut Map<String, Value>, asked: &ClaimsRequest, by: &SignedIn) {
    if by.methods.0.iter().any(|name| name == "mfa") {
        say(claims, "acrs", &asked.contexts);
    }
}
