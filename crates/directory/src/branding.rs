//! Branding: how a tenant's sign-in pages look.
//!
//! A tenant has none until something of it is set. There is one for all languages, of the id `0`.
//! What Graph has of it and our pages don't show can be read, as nothing, and isn't taken.
//!
//! Source: the `organizationalBranding` resource of Microsoft Graph.

use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Recorded, Row, Tx, params};
use types::{Error, Result, TenantId};

use crate::audited::{self, Audited};
use crate::schema::{Purpose, Shape, Type, read, write};
use crate::tenant;

const GET: &str = "SELECT doc FROM branding WHERE tenant_id = ?1";
const PUT: &str = "INSERT INTO branding (tenant_id, doc) VALUES (?1, ?2) \
    ON CONFLICT (tenant_id) DO UPDATE SET doc = excluded.doc";
const DELETE: &str = "DELETE FROM branding WHERE tenant_id = ?1";
const LOGOS: &str = "SELECT name, width, height, content_type, digest FROM branding_images \
    WHERE tenant_id = ?1 ORDER BY name";
const IMAGE: &str = "SELECT name, width, height, content_type, digest, content \
    FROM branding_images WHERE tenant_id = ?1 AND name = ?2";
const PUT_IMAGE: &str = "INSERT INTO branding_images (tenant_id, name, width, height, \
    content_type, digest, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
    ON CONFLICT (tenant_id, name) DO UPDATE SET width = excluded.width, \
    height = excluded.height, content_type = excluded.content_type, digest = excluded.digest, \
    content = excluded.content";
const DELETE_IMAGE: &str = "DELETE FROM branding_images WHERE tenant_id = ?1 AND name = ?2";
const DELETE_IMAGES: &str = "DELETE FROM branding_images WHERE tenant_id = ?1";

static BRANDING: Type = Type {
    name: "organizationalBranding",
    properties: &[
        read("id", Shape::Made).shown(),
        write("backgroundColor", Shape::Text(7)).shown(),
        read("backgroundImageRelativeUrl", Shape::Made).shown(),
        read("bannerLogoRelativeUrl", Shape::Made).shown(),
        read("cdnList", Shape::MadeList).shown(),
        read("contentCustomization", Shape::Made),
        read("customAccountResetCredentialsUrl", Shape::Made).shown(),
        read("customCannotAccessYourAccountText", Shape::Made).shown(),
        read("customCannotAccessYourAccountUrl", Shape::Made).shown(),
        read("customCSSRelativeUrl", Shape::Made).shown(),
        read("customForgotMyPasswordText", Shape::Made).shown(),
        write("customPrivacyAndCookiesText", Shape::Text(256)).shown(),
        write("customPrivacyAndCookiesUrl", Shape::Text(128)).shown(),
        read("customResetItNowText", Shape::Made).shown(),
        write("customTermsOfUseText", Shape::Text(256)).shown(),
        write("customTermsOfUseUrl", Shape::Text(128)).shown(),
        read("faviconRelativeUrl", Shape::Made).shown(),
        read("headerBackgroundColor", Shape::Made).shown(),
        read("headerLogoRelativeUrl", Shape::Made).shown(),
        read("loginPageLayoutConfiguration", Shape::Made),
        read("loginPageTextVisibilitySettings", Shape::Made),
        write("signInPageText", Shape::Text(1_024)).shown(),
        read("squareLogoDarkRelativeUrl", Shape::Made).shown(),
        read("squareLogoRelativeUrl", Shape::Made).shown(),
        write("usernameHintText", Shape::Text(64)).shown(),
    ],
};

/// The images that there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoKind {
    /// A wide one, with the organization's name in it.
    Banner,
    /// A square one, beside the name.
    Square,
}

impl LogoKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Banner, Self::Square];

    /// Its property.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Banner => "bannerLogo",
            Self::Square => "squareLogo",
        }
    }

    /// The one of a property.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Pixels from side to side and from top to bottom, at most.
    pub const fn pixels_max(self) -> (u32, u32) {
        match self {
            Self::Banner => (245, 36),
            Self::Square => (240, 240),
        }
    }
}

/// What is known of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// Which it is.
    pub kind: LogoKind,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `image/jpeg` or `image/png`.
    pub content_type: String,
    /// SHA-256 of the bytes, or its beginning.
    pub digest: Vec<u8>,
}

impl Logo {
    /// Where it is, below the deployment's address. The address changes with the image.
    pub fn path(&self, tenant: TenantId) -> String {
        let digits = self.digest.iter().map(|byte| format!("{byte:02x}"));
        let version: String = digits.collect();
        format!("{tenant}/branding/{}?v={version}", self.kind.name())
    }
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// What is known of it.
    pub logo: Logo,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// A tenant's branding.
#[derive(Debug, Clone)]
pub struct Branding {
    tenant: TenantId,
    tenant_name: String,
    document: Map<String, Value>,
    /// Its images.
    pub logos: Vec<Logo>,
}

impl Branding {
    /// What is said for a property, if it isn't blank.
    pub fn text(&self, property: &str) -> Option<&str> {
        let text = self.document.get(property).and_then(Value::as_str)?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// One of its images.
    pub fn logo(&self, kind: LogoKind) -> Option<&Logo> {
        self.logos.iter().find(|logo| logo.kind == kind)
    }

    fn value(&self, property: &str, cdn: &str) -> Option<Value> {
        let path = |kind| self.logo(kind).map(|it| it.path(self.tenant).into());
        match property {
            "id" => Some("0".into()),
            "bannerLogoRelativeUrl" => path(LogoKind::Banner),
            "squareLogoRelativeUrl" => path(LogoKind::Square),
            "cdnList" if !self.logos.is_empty() => Some(json!([cdn])),
            _ => self.document.get(property).cloned(),
        }
    }
}

impl Audited for Branding {
    const CATEGORY: &'static str = "DirectoryManagement";
    fn target(&self) -> audit::Target {
        audit::Target::new(self.tenant, &self.tenant_name, "Tenant")
    }
    fn audited_value(&self, property: &str) -> Option<Value> {
        if let Some(kind) = LogoKind::by_name(property) {
            let logo = self.logo(kind)?;
            let (width, height) = (logo.width, logo.height);
            return Some(format!("{} {width}x{height}", logo.content_type).into());
        }
        self.document.get(property).cloned()
    }
}

fn logo(row: &Row<'_>) -> Result<Logo> {
    let name = row.text(0)?;
    Ok(Logo {
        kind: LogoKind::by_name(name)
            .ok_or_else(|| Error::internal(format!("no logo is called {name}")))?,
        width: row.int(1)?.try_into().map_err(Error::internal)?,
        height: row.int(2)?.try_into().map_err(Error::internal)?,
        content_type: row.string(3)?,
        digest: row.bytes(4)?.to_vec(),
    })
}

/// A tenant's branding, if it has any.
pub fn get(tx: &ReadTx<'_>) -> Result<Option<Branding>> {
    let tenant = tx.tenant();
    let found = tx.query_one(GET, params![&tenant], |row| {
        serde_json::from_str(row.text(0)?).map_err(Error::internal)
    })?;
    let Some(document) = found else {
        return Ok(None);
    };
    Ok(Some(Branding {
        tenant,
        tenant_name: tenant::display_name(tx)?,
        document,
        logos: tx.query(LOGOS, params![&tenant], logo)?,
    }))
}

fn existing(tx: &ReadTx<'_>) -> Result<Branding> {
    get(tx)?.ok_or_else(|| Error::not_found("organizationalBranding", "0"))
}

fn existing_or_new(tx: &ReadTx<'_>) -> Result<Branding> {
    Ok(match get(tx)? {
        Some(branding) => branding,
        None => Branding {
            tenant: tx.tenant(),
            tenant_name: tenant::display_name(tx)?,
            document: Map::new(),
            logos: Vec::new(),
        },
    })
}

/// Shows a branding. `cdn`: the address that its images' addresses are below, without a scheme.
pub fn project(
    branding: &Branding,
    select: Option<&[String]>,
    cdn: &str,
) -> Result<Map<String, Value>> {
    BRANDING.project(select, |name| branding.value(name, cdn))
}

/// One of a branding's images, if it has that one. Without a branding there is nothing to ask.
pub fn image(tx: &ReadTx<'_>, kind: LogoKind) -> Result<Option<Image>> {
    existing(tx)?;
    tx.query_one(IMAGE, params![&tx.tenant(), kind.name()], |row| {
        Ok(Image {
            logo: logo(row)?,
            content: row.bytes(5)?.to_vec(),
        })
    })
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// That nothing but a web address without a secret way out of it is taken: it becomes a link.
fn is_address(text: &str) -> bool {
    text.strip_prefix("https://").is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && !host.contains('@') && rest.bytes().all(|b| b.is_ascii_graphic())
    })
}

fn check(branding: &Branding, changed: &[&'static str]) -> Result<()> {
    for name in changed {
        let Some(text) = branding.text(name) else {
            continue;
        };
        let (is_right, wanted) = match *name {
            "backgroundColor" => (is_colour(text), "a colour such as #4851BD"),
            "customPrivacyAndCookiesUrl" | "customTermsOfUseUrl" => {
                (is_address(text), "an address that begins with https://")
            }
            _ => (true, ""),
        };
        if !is_right {
            let message = format!("Property '{name}' takes {wanted}.");
            return Err(Error::invalid(*name, message));
        }
    }
    Ok(())
}

/// Keeps what has changed; `more` is kept with it.
fn store(
    tx: &mut Tx<'_>,
    old: &Branding,
    new: &Branding,
    changed: &[&'static str],
    more: impl FnOnce(&mut Recorded<'_, '_>) -> Result<u64>,
) -> Result<()> {
    let tenant = tx.tenant();
    let doc = serde_json::to_string(&new.document).map_err(Error::internal)?;
    let mut recorded = tx.record(change(tenant))?;
    recorded.execute(PUT, params![&tenant, &doc])?;
    more(&mut recorded)?;
    audited::change(tx, "Update organizational branding", old, new, changed)
}

fn change(tenant: TenantId) -> Change<'static> {
    Change::new("organization", tenant.uuid(), Op::Updated, &["branding"])
}

/// Changes the branding by a JSON patch object; makes one if there is none.
pub fn update(tx: &mut Tx<'_>, patch: &Map<String, Value>) -> Result<()> {
    let old = existing_or_new(tx)?;
    let mut new = old.clone();
    let changed = BRANDING.apply(&mut new.document, patch, Purpose::Update)?;
    check(&new, &changed)?;
    if changed.is_empty() && get(tx)?.is_some() {
        return Ok(());
    }
    store(tx, &old, &new, &changed, |_| Ok(0))
}

/// Sets an image; makes a branding if there is none.
pub fn set_image(tx: &mut Tx<'_>, image: &Image) -> Result<()> {
    let old = existing_or_new(tx)?;
    let mut new = old.clone();
    new.logos.retain(|logo| logo.kind != image.logo.kind);
    new.logos.push(image.logo.clone());
    let Image { logo, content } = image;
    let tenant = tx.tenant();
    let name = logo.kind.name();
    let (width, height) = (i64::from(logo.width), i64::from(logo.height));
    let row = params![
        &tenant,
        name,
        width,
        height,
        &logo.content_type,
        &logo.digest,
        content
    ];
    store(tx, &old, &new, &[name], |it| it.execute(PUT_IMAGE, row))
}

/// Takes an image away.
pub fn delete_image(tx: &mut Tx<'_>, kind: LogoKind) -> Result<()> {
    let old = existing(tx)?;
    if old.logo(kind).is_none() {
        return Ok(());
    }
    let mut new = old.clone();
    new.logos.retain(|logo| logo.kind != kind);
    let (tenant, name) = (tx.tenant(), kind.name());
    store(tx, &old, &new, &[name], |it| {
        it.execute(DELETE_IMAGE, params![&tenant, name])
    })
}

/// Takes the whole branding away, its images included.
pub fn delete(tx: &mut Tx<'_>) -> Result<()> {
    let old = existing(tx)?;
    let tenant = tx.tenant();
    let mut recorded = tx.record(change(tenant))?;
    recorded.execute(DELETE, params![&tenant])?;
    recorded.execute(DELETE_IMAGES, params![&tenant])?;
    audited::act(tx, "Delete organizational branding", &old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colours_and_web_addresses_get_onto_a_page() {
        assert!(is_colour("#4851bD"));
        for bad in [
            "", "#fff", "4851bd", "#4851bg", "#fff;}*{", "red", "#4851bd0",
        ] {
            assert!(!is_colour(bad), "{bad}");
        }
        assert!(is_address("https://contoso.example/terms?lang=en#top"));
        for bad in [
            "https://",
            "http://contoso.example",
            "javascript:alert(1)",
            "https:///path",
            "https://contoso.example/a b",
            "https://contoso.example@evil.example/",
            "https://b\u{fc}cher.example",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
