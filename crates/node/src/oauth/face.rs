//! What a tenant's pages have of the tenant: its name and its branding.

use directory::branding::{self, Branding, Image, LogoKind, Which};
use directory::tenant;
use types::{Error, Result, TenantId};

use crate::Node;

/// A tenant, as its sign-in pages show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Face {
    /// What it calls itself.
    pub name: String,
    /// The colour around the card: `#` and six hexadecimal digits.
    pub background: Option<String>,
    /// A wide logo, which has the name in it.
    pub banner: Option<Picture>,
    /// A square one, beside the name.
    pub square: Option<Picture>,
    /// What stands below the form.
    pub text: Option<String>,
    /// What stands in an empty field for the name.
    pub name_hint: Option<String>,
    /// Where privacy is written about.
    pub privacy: Option<Link>,
    /// Where the terms are.
    pub terms: Option<Link>,
}

/// An image of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its address, at this origin.
    pub path: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// An address elsewhere, which people may follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where.
    pub url: String,
    /// In the tenant's words, if it has said any.
    pub text: Option<String>,
}

impl Face {
    /// From the brandings that apply: what the first says, else the second.
    fn of(name: String, brandings: &[Branding]) -> Self {
        let text = |property| {
            let said = brandings.iter().find_map(|it| it.text(property));
            said.map(str::to_owned)
        };
        let picture = |kind| {
            let found = brandings.iter().find_map(|it| it.logo_path(kind));
            found.map(|(path, logo)| Picture {
                path: format!("/{path}"),
                width: logo.width,
                height: logo.height,
            })
        };
        let link = |url, words| {
            text(url).map(|url| Link {
                url,
                text: text(words),
            })
        };
        Self {
            name,
            background: text("backgroundColor"),
            banner: picture(LogoKind::Banner),
            square: picture(LogoKind::Square),
            text: text("signInPageText"),
            name_hint: text("usernameHintText"),
            privacy: link("customPrivacyAndCookiesUrl", "customPrivacyAndCookiesText"),
            terms: link("customTermsOfUseUrl", "customTermsOfUseText"),
        }
    }
}

impl Node {
    /// How a tenant's pages show it to somebody who would like these languages, in this order.
    pub async fn face(&self, tenant: TenantId, languages: Vec<String>) -> Result<Face> {
        let island = self.store().island(tenant)?;
        island
            .read_few(move |tx| {
                let tags: Vec<&str> = languages.iter().map(String::as_str).collect();
                let brandings = branding::for_languages(tx, &tags)?;
                let name = tenant::display_name(tx)?;
                Ok(Face::of(name, &brandings))
            })
            .await
    }

    /// A tenant's logo, if it has that one.
    pub async fn logo(
        &self,
        tenant: TenantId,
        which: Which,
        kind: LogoKind,
    ) -> Result<Option<Image>> {
        let island = self.store().island(tenant)?;
        let found = island
            .read(move |tx| branding::image(tx, &which, kind))
            .await;
        match found {
            Err(Error::NotFound { .. }) => Ok(None),
            found => found,
        }
    }
}
