//! Branding: how a tenant's sign-in pages look.
//!
//! A tenant has none until something of it is set. The default one has the id `0`; a localization has
//! the tag of its language, and what it doesn't say the default one says. With the default one its
//! localizations go. What Graph has of brandings and our pages don't show can be read, as nothing, and
//! isn't taken.
//!
//! Source: the `organizationalBranding` resource of Microsoft Graph.

use serde_json::{Map, Value, json};
use store::{Change, Op, Param, ReadTx, Recorded, Row, Tx, params};
use types::{Error, Result, TenantId};

use crate::audited::{self, Audited};
use crate::schema::{Purpose, Shape, Type, read, write};
use crate::tenant;

/// The statements of one kind of branding. The parameters of the default one come first; a
/// localization's has its locale behind them.
struct Statements {
    get: &'static str,
    put: &'static str,
    delete: &'static str,
    logos: &'static str,
    image: &'static str,
    put_image: &'static str,
    delete_image: &'static str,
    delete_images: &'static str,
}

static DEFAULT: Statements = Statements {
    get: "SELECT '0', doc FROM branding WHERE tenant_id = ?1",
    put: "INSERT INTO branding (tenant_id, doc) VALUES (?1, ?2) \
        ON CONFLICT (tenant_id) DO UPDATE SET doc = excluded.doc",
    delete: "DELETE FROM branding WHERE tenant_id = ?1",
    logos: "SELECT name, width, height, content_type, digest FROM branding_images \
        WHERE tenant_id = ?1 ORDER BY name",
    image: "SELECT name, width, height, content_type, digest, content FROM branding_images \
        WHERE tenant_id = ?1 AND name = ?2",
    put_image: "INSERT INTO branding_images (tenant_id, name, width, height, content_type, \
        digest, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
        ON CONFLICT (tenant_id, name) DO UPDATE SET width = excluded.width, \
        height = excluded.height, content_type = excluded.content_type, \
        digest = excluded.digest, content = excluded.content",
    delete_image: "DELETE FROM branding_images WHERE tenant_id = ?1 AND name = ?2",
    delete_images: "DELETE FROM branding_images WHERE tenant_id = ?1",
};
static LOCALIZED: Statements = Statements {
    get: "SELECT id, doc FROM branding_localizations WHERE tenant_id = ?1 AND locale = ?2",
    put: "INSERT INTO branding_localizations (tenant_id, doc, locale, id) \
        VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant_id, locale) DO UPDATE SET doc = excluded.doc",
    delete: "DELETE FROM branding_localizations WHERE tenant_id = ?1 AND locale = ?2",
    logos: "SELECT name, width, height, content_type, digest FROM branding_localization_images \
        WHERE tenant_id = ?1 AND locale = ?2 ORDER BY name",
    image: "SELECT name, width, height, content_type, digest, content \
        FROM branding_localization_images WHERE tenant_id = ?1 AND name = ?2 AND locale = ?3",
    put_image: "INSERT INTO branding_localization_images (tenant_id, name, width, height, \
        content_type, digest, content, locale) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
        ON CONFLICT (tenant_id, locale, name) DO UPDATE SET width = excluded.width, \
        height = excluded.height, content_type = excluded.content_type, \
        digest = excluded.digest, content = excluded.content",
    delete_image: "DELETE FROM branding_localization_images WHERE tenant_id = ?1 AND name = ?2 \
        AND locale = ?3",
    delete_images: "DELETE FROM branding_localization_images WHERE tenant_id = ?1 AND locale = ?2",
};
const LOCALES: &str =
    "SELECT id FROM branding_localizations WHERE tenant_id = ?1 ORDER BY locale LIMIT ?2";

/// Localizations of one branding, at most.
pub const LOCALIZATIONS_MAX: usize = 50;

/// Which of a tenant's brandings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// That for whatever language has none of its own.
    Default,
    /// That for a language, by its tag: `fr-FR`.
    Localization(String),
}

impl Which {
    /// The one of an id: `0`, which `default` stands for as well, or a language's tag.
    pub fn parse(id: &str) -> Option<Self> {
        match id {
            "0" | "default" => Some(Self::Default),
            tag => is_tag(tag).then(|| Self::Localization(tag.to_owned())),
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Default => "0",
            Self::Localization(tag) => tag,
        }
    }

    /// The key of its rows beside the tenant.
    fn locale(&self) -> Option<String> {
        match self {
            Self::Default => None,
            Self::Localization(tag) => Some(types::fold(tag)),
        }
    }

    const fn statements(&self) -> &'static Statements {
        match self {
            Self::Default => &DEFAULT,
            Self::Localization(_) => &LOCALIZED,
        }
    }

    /// That the tenant has no such branding.
    pub fn missing(&self) -> Error {
        let kind = match self {
            Self::Default => "organizationalBranding",
            Self::Localization(_) => "organizationalBrandingLocalization",
        };
        Error::not_found(kind, self.id())
    }
}

/// Parameters with the locale behind them, of what has one.
fn with_locale<'a>(params: &[Param<'a>], locale: Option<&'a String>) -> Vec<Param<'a>> {
    let mut params = params.to_vec();
    params.extend(locale.map(Param::from));
    params
}

/// Whether this is a tag as BCP 47 has them, of a language and maybe its region or script.
fn is_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let is_part = |part: &str, least: usize, bytes: fn(&u8) -> bool| {
        (least..=8).contains(&part.len()) && part.as_bytes().iter().all(bytes)
    };
    parts
        .next()
        .is_some_and(|it| is_part(it, 2, u8::is_ascii_alphabetic))
        && parts.all(|it| is_part(it, 1, u8::is_ascii_alphanumeric))
        && text.len() <= 35
}

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
    fn path(&self, tenant: TenantId, locale: Option<&str>) -> String {
        let digits = self.digest.iter().map(|byte| format!("{byte:02x}"));
        let version: String = digits.collect();
        let locale = locale.map_or(String::new(), |locale| format!("{locale}/"));
        format!("{tenant}/branding/{locale}{}?v={version}", self.kind.name())
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
    which: Which,
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

    /// Where one of its images is, below the deployment's address, with what is known of it.
    pub fn logo_path(&self, kind: LogoKind) -> Option<(String, &Logo)> {
        let logo = self.logo(kind)?;
        Some((logo.path(self.tenant, self.which.locale().as_deref()), logo))
    }

    fn value(&self, property: &str, cdn: &str) -> Option<Value> {
        let path = |kind| self.logo_path(kind).map(|(path, _)| path.into());
        match property {
            "id" => Some(self.which.id().into()),
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

/// One of a tenant's brandings, if it has that one.
pub fn get(tx: &ReadTx<'_>, which: &Which) -> Result<Option<Branding>> {
    let (tenant, locale) = (tx.tenant(), which.locale());
    let key = with_locale(params![&tenant], locale.as_ref());
    let sql = which.statements();
    let found = tx.query_one(sql.get, &key, |row| {
        let document = serde_json::from_str(row.text(1)?).map_err(Error::internal)?;
        Ok((row.string(0)?, document))
    })?;
    let Some((id, document)) = found else {
        return Ok(None);
    };
    Ok(Some(Branding {
        tenant,
        tenant_name: tenant::display_name(tx)?,
        // As it was written when it was made.
        which: Which::parse(&id).unwrap_or(Which::Default),
        document,
        logos: tx.query(sql.logos, &key, logo)?,
    }))
}

fn locales(tx: &ReadTx<'_>) -> Result<Vec<String>> {
    tx.query(LOCALES, params![&tx.tenant(), LOCALIZATIONS_MAX], |row| {
        row.string(0)
    })
}

/// All of a tenant's brandings, the default one first.
pub fn list(tx: &ReadTx<'_>) -> Result<Vec<Branding>> {
    let mut all = Vec::from_iter(get(tx, &Which::Default)?);
    for tag in locales(tx)? {
        all.extend(get(tx, &Which::Localization(tag))?);
    }
    Ok(all)
}

/// The branding for somebody who would like these languages, in this order: what the first of them
/// that has one says, and for the rest the default one. A language is found by its tag, or by
/// another of the same language.
pub fn for_languages(tx: &ReadTx<'_>, tags: &[&str]) -> Result<Vec<Branding>> {
    let Some(default) = get(tx, &Which::Default)? else {
        return Ok(Vec::new());
    };
    let known = if tags.is_empty() {
        Vec::new()
    } else {
        locales(tx)?
    };
    let language = |tag: &str| tag.split('-').next().map(str::to_ascii_lowercase);
    let chosen = tags.iter().find_map(|tag| {
        let exact = known.iter().find(|own| own.eq_ignore_ascii_case(tag));
        exact.or_else(|| known.iter().find(|own| language(own) == language(tag)))
    });
    let mut all = Vec::with_capacity(2);
    if let Some(tag) = chosen {
        all.extend(get(tx, &Which::Localization(tag.clone()))?);
    }
    all.push(default);
    Ok(all)
}

fn existing(tx: &ReadTx<'_>, which: &Which) -> Result<Branding> {
    get(tx, which)?.ok_or_else(|| which.missing())
}

/// The branding that is changed: the default one is made by its first change.
fn changeable(tx: &ReadTx<'_>, which: &Which) -> Result<Branding> {
    Ok(match (get(tx, which)?, which) {
        (Some(branding), _) => branding,
        (None, Which::Default) => new(tx, which)?,
        (None, Which::Localization(_)) => return Err(which.missing()),
    })
}

fn new(tx: &ReadTx<'_>, which: &Which) -> Result<Branding> {
    Ok(Branding {
        tenant: tx.tenant(),
        tenant_name: tenant::display_name(tx)?,
        which: which.clone(),
        document: Map::new(),
        logos: Vec::new(),
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
pub fn image(tx: &ReadTx<'_>, which: &Which, kind: LogoKind) -> Result<Option<Image>> {
    existing(tx, which)?;
    let (tenant, locale) = (tx.tenant(), which.locale());
    let key = with_locale(params![&tenant, kind.name()], locale.as_ref());
    tx.query_one(which.statements().image, &key, |row| {
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
    let (tenant, locale) = (tx.tenant(), new.which.locale());
    let doc = serde_json::to_string(&new.document).map_err(Error::internal)?;
    let mut row = with_locale(params![&tenant, &doc], locale.as_ref());
    if locale.is_some() {
        row.push(new.which.id().into());
    }
    let mut recorded = tx.record(change(tenant))?;
    recorded.execute(new.which.statements().put, &row)?;
    more(&mut recorded)?;
    audited::change(tx, "Update organizational branding", old, new, changed)
}

fn change(tenant: TenantId) -> Change<'static> {
    Change::new("organization", tenant.uuid(), Op::Updated, &["branding"])
}

/// Makes a localization, and the default branding if there is none.
pub fn create(tx: &mut Tx<'_>, body: &Map<String, Value>) -> Result<Branding> {
    let mut body = body.clone();
    let id = body.shift_remove("id");
    let id = id.as_ref().and_then(Value::as_str);
    let Some(which @ Which::Localization(_)) = id.and_then(Which::parse) else {
        return Err(Error::invalid(
            "id",
            "A localization needs the tag of its language as its 'id', such as fr-FR.",
        ));
    };
    if get(tx, &which)?.is_some() {
        return Err(Error::AlreadyExists { property: "id" });
    }
    if locales(tx)?.len() >= LOCALIZATIONS_MAX {
        return Err(Error::LimitExceeded {
            limit: "limits.branding_localizations",
            message: format!(
                "A branding has {LOCALIZATIONS_MAX} localizations at most (limits.branding_localizations)."
            ),
        });
    }
    if get(tx, &Which::Default)?.is_none() {
        update(tx, &Which::Default, &Map::new())?;
    }
    let old = new(tx, &which)?;
    let mut made = old.clone();
    let changed = BRANDING.apply(&mut made.document, &body, Purpose::Create)?;
    check(&made, &changed)?;
    store(tx, &old, &made, &changed, |_| Ok(0))?;
    Ok(made)
}

/// Changes a branding by a JSON patch object; makes the default one if there is none.
pub fn update(tx: &mut Tx<'_>, which: &Which, patch: &Map<String, Value>) -> Result<()> {
    let old = changeable(tx, which)?;
    let mut new = old.clone();
    let changed = BRANDING.apply(&mut new.document, patch, Purpose::Update)?;
    check(&new, &changed)?;
    if changed.is_empty() && get(tx, which)?.is_some() {
        return Ok(());
    }
    store(tx, &old, &new, &changed, |_| Ok(0))
}

/// Sets an image; makes the default branding if there is none.
pub fn set_image(tx: &mut Tx<'_>, which: &Which, image: &Image) -> Result<()> {
    let old = changeable(tx, which)?;
    let mut new = old.clone();
    new.logos.retain(|logo| logo.kind != image.logo.kind);
    new.logos.push(image.logo.clone());
    let Image { logo, content } = image;
    let (tenant, locale) = (tx.tenant(), which.locale());
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
    let row = with_locale(row, locale.as_ref());
    let sql = which.statements().put_image;
    store(tx, &old, &new, &[name], |it| it.execute(sql, &row))
}

/// Takes an image away.
pub fn delete_image(tx: &mut Tx<'_>, which: &Which, kind: LogoKind) -> Result<()> {
    let old = existing(tx, which)?;
    if old.logo(kind).is_none() {
        return Ok(());
    }
    let mut new = old.clone();
    new.logos.retain(|logo| logo.kind != kind);
    let (tenant, locale, name) = (tx.tenant(), which.locale(), kind.name());
    let key = with_locale(params![&tenant, name], locale.as_ref());
    let sql = which.statements().delete_image;
    store(tx, &old, &new, &[name], |it| it.execute(sql, &key))
}

/// Takes a branding away, its images included; with the default one its localizations go.
pub fn delete(tx: &mut Tx<'_>, which: &Which) -> Result<()> {
    let old = existing(tx, which)?;
    if *which == Which::Default {
        for tag in locales(tx)? {
            delete(tx, &Which::Localization(tag))?;
        }
    }
    let (tenant, locale) = (tx.tenant(), which.locale());
    let key = with_locale(params![&tenant], locale.as_ref());
    let sql = which.statements();
    let mut recorded = tx.record(change(tenant))?;
    recorded.execute(sql.delete, &key)?;
    recorded.execute(sql.delete_images, &key)?;
    audited::act(tx, "Delete organizational branding", &old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localizations_are_called_by_tags_of_languages() {
        for good in ["fr", "fr-FR", "zh-Hans-CN", "sr-Latn", "es-419"] {
            assert!(is_tag(good), "{good}");
        }
        for bad in [
            "",
            "f",
            "fr_FR",
            "fr-",
            "-fr",
            "1",
            "default!",
            "fr-verylongpart",
            "f r",
        ] {
            assert!(!is_tag(bad), "{bad}");
        }
        assert_eq!(Which::parse("0"), Some(Which::Default));
        assert_eq!(Which::parse("default"), Some(Which::Default));
        assert_eq!(Which::parse("7"), None);
    }

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
