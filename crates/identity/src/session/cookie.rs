//! The cookies of the sign-in pages: their names, their attributes, how they are read.
//!
//! - One binds a page to the browser that it was shown in (sign-in CSRF); one for each tenant leads
//!   to the browser's sessions there, and one says who has signed in there before, so that strangers'
//!   guesses don't hold them up.
//! - Over https all are `__Host-` cookies: no other host and no plain connection can set them.
//! - `SameSite=Lax`: a client leads here by a link or a redirect, and nothing here is changed by a
//!   GET. A POST of another site comes without them.
//!
//! Source: RFC 6265bis §4.1.3 and §5.6.

use std::fmt::Write as _;

use types::TenantId;

use super::PERSISTENT_SECONDS;
use crate::{PublicUrl, Secret};

/// The longest value that is looked at: 32 bytes in base64.
const VALUE_MAX: usize = 64;

/// The longest value of the cookie that remembers who has signed in at a browser.
const DEVICE_MAX: usize = 2_048;

/// A cookie to be set, as the header's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCookie(Secret);

impl SetCookie {
    /// The value of `Set-Cookie`.
    pub fn header(&self) -> &str {
        self.0.expose()
    }
}

/// Names and writes a deployment's cookies.
#[derive(Debug, Clone, Copy)]
pub struct Cookies {
    is_secure: bool,
}

impl Cookies {
    /// Those of a deployment at this address.
    pub fn new(public_url: &PublicUrl) -> Self {
        Self {
            is_secure: public_url.is_secure(),
        }
    }

    fn prefix(self) -> &'static str {
        if self.is_secure { "__Host-" } else { "" }
    }

    fn browser_name(self) -> String {
        format!("{}browser", self.prefix())
    }

    fn session_name(self, tenant: TenantId) -> String {
        format!("{}session-{}", self.prefix(), tenant.uuid().simple())
    }

    /// What binds pages to the browser, of the request's `Cookie` headers.
    pub fn browser<'a>(self, headers: impl Iterator<Item = &'a str>) -> Option<Secret> {
        find(headers, &self.browser_name(), VALUE_MAX)
    }

    fn device_name(self, tenant: TenantId) -> String {
        format!("{}device-{}", self.prefix(), tenant.uuid().simple())
    }

    /// What says who has signed in at the browser before.
    pub fn device<'a>(
        self,
        headers: impl Iterator<Item = &'a str>,
        tenant: TenantId,
    ) -> Option<Secret> {
        find(headers, &self.device_name(tenant), DEVICE_MAX)
    }

    /// Sets it.
    pub fn set_device(self, tenant: TenantId, value: &Secret, seconds: i64) -> SetCookie {
        self.set(&self.device_name(tenant), value.expose(), Some(seconds))
    }

    /// What leads to the browser's sessions in a tenant.
    pub fn session<'a>(
        self,
        headers: impl Iterator<Item = &'a str>,
        tenant: TenantId,
    ) -> Option<Secret> {
        find(headers, &self.session_name(tenant), VALUE_MAX)
    }

    /// The tenants in which the browser is signed in, or was.
    pub fn tenants<'a>(self, headers: impl Iterator<Item = &'a str>) -> Vec<TenantId> {
        let prefix = format!("{}session-", self.prefix());
        headers
            .flat_map(|header| header.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter_map(|(name, _)| uuid::Uuid::try_parse(name.strip_prefix(&prefix)?).ok())
            .map(TenantId::new)
            .collect()
    }

    /// Sets what binds pages to the browser.
    pub fn set_browser(self, value: &Secret) -> SetCookie {
        self.set(&self.browser_name(), value.expose(), None)
    }

    /// Sets what leads to the browser's sessions in a tenant.
    pub fn set_session(self, tenant: TenantId, value: &Secret, is_persistent: bool) -> SetCookie {
        let age = is_persistent.then_some(PERSISTENT_SECONDS);
        self.set(&self.session_name(tenant), value.expose(), age)
    }

    /// Takes it away.
    pub fn drop_session(self, tenant: TenantId) -> SetCookie {
        self.set(&self.session_name(tenant), "", Some(0))
    }

    fn set(self, name: &str, value: &str, age: Option<i64>) -> SetCookie {
        let mut text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
        if self.is_secure {
            text.push_str("; Secure");
        }
        if let Some(seconds) = age {
            let _ = write!(text, "; Max-Age={seconds}");
        }
        SetCookie(Secret::new(text))
    }
}

fn find<'a>(
    mut headers: impl Iterator<Item = &'a str>,
    name: &str,
    longest: usize,
) -> Option<Secret> {
    headers.find_map(|header| {
        header.split(';').find_map(|pair| {
            let (own, value) = pair.trim().split_once('=')?;
            let is_ours = own == name && (1..=longest).contains(&value.len());
            is_ours.then(|| Secret::new(value))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Id;
    use uuid::Uuid;

    #[test]
    fn attributes_are_the_strictest_that_work() {
        let tenant: TenantId = Id::new(Uuid::from_u128(1));
        let secret = Secret::new("s");
        let of = |url: &str| Cookies::new(&PublicUrl::parse(url).unwrap());
        let secure = of("https://id.example").set_session(tenant, &secret, false);
        assert_eq!(
            secure.header(),
            "__Host-session-00000000000000000000000000000001=s; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        let plain = of("http://localhost:8080");
        assert!(!plain.set_browser(&secret).header().contains("__Host-"));
        assert!(plain.drop_session(tenant).header().ends_with("Max-Age=0"));
        let header = "a=b; session-00000000000000000000000000000001=t; browser=u";
        let found = |name: Option<Secret>| name.map(|it| it.expose().to_owned());
        assert_eq!(
            found(plain.session([header].into_iter(), tenant)).as_deref(),
            Some("t")
        );
        assert_eq!(
            found(plain.browser([header].into_iter())).as_deref(),
            Some("u")
        );
        assert_eq!(plain.browser(["browser="].into_iter()), None);
    }
}
