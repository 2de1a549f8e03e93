//! What clients may do in people's names: the scopes that an API has, and those that a client needs
//! nobody's consent for.
//!
//! Source: "Microsoft Graph permissions reference"; the `permissionScope`, `apiApplication` and
//! `requiredResourceAccess` resources (Microsoft Graph).

use std::borrow::Cow;
use std::sync::LazyLock;

use serde_json::Value;
use store::ReadTx;
use types::Result;
use uuid::Uuid;

use crate::applications::{Application, BACK_CHANNEL_LOGOUT_URL};
use crate::permissions::{self, GRAPH_APP_ID};
use crate::service_principals::ServicePrincipal;

/// A delegated permission of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Its id.
    pub id: Uuid,
    /// Its name, as tokens carry it.
    pub value: String,
    /// Whether only an administrator can allow it.
    pub needs_admin: bool,
    /// What it allows, in short, in words for the person who allows it.
    pub title: String,
    /// The same in full.
    pub description: String,
}

fn of_graph(listed: &permissions::Scope) -> Scope {
    let (title, description) = if listed.is_admin {
        (
            &listed.admin_consent_display_name,
            &listed.admin_consent_description,
        )
    } else {
        (
            &listed.user_consent_display_name,
            &listed.user_consent_description,
        )
    };
    Scope {
        id: listed.id(),
        value: listed.value.clone(),
        needs_admin: listed.is_admin,
        title: title.clone(),
        description: description.clone(),
    }
}

/// Those of Graph, made once: each sign-in looks some up among hundreds.
static OF_GRAPH: LazyLock<Vec<Scope>> = LazyLock::new(|| {
    let all = permissions::delegated().unwrap_or_default();
    all.iter().map(of_graph).collect()
});

/// The scopes that an API has now.
pub fn scopes(resource: &ServicePrincipal) -> Result<Cow<'static, [Scope]>> {
    if resource.app_id == GRAPH_APP_ID {
        permissions::delegated()?;
        return Ok(Cow::Borrowed(&OF_GRAPH));
    }
    let listed = resource.value("oauth2PermissionScopes");
    let listed = listed.as_ref().and_then(Value::as_array);
    let own = listed.into_iter().flatten().filter_map(scope);
    Ok(Cow::Owned(own.collect()))
}

fn scope(listed: &Value) -> Option<Scope> {
    let text = |name: &str| listed[name].as_str().filter(|text| !text.is_empty());
    let value = text("value")?;
    if listed["isEnabled"] == false {
        return None;
    }
    let needs_admin = listed["type"] == "Admin";
    let (first, second) = if needs_admin {
        ("admin", "user")
    } else {
        ("user", "admin")
    };
    let word = |end: &str| {
        text(&format!("{first}{end}"))
            .or_else(|| text(&format!("{second}{end}")))
            .unwrap_or(value)
            .to_owned()
    };
    Some(Scope {
        id: text("id").and_then(types::parse_uuid)?,
        value: value.to_owned(),
        needs_admin,
        title: word("ConsentDisplayName"),
        description: word("ConsentDescription"),
    })
}

/// What a client says that it needs of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredAccess {
    /// The API's client id.
    pub resource: Uuid,
    /// Its scopes, in people's names.
    pub scopes: Vec<Uuid>,
    /// Its roles, for the client itself.
    pub roles: Vec<Uuid>,
}

/// A role of an API for applications, as who grants it sees it; `None` if there is none of this id.
pub fn application_role(resource: &ServicePrincipal, id: Uuid) -> Option<Scope> {
    let roles = resource.value("appRoles")?;
    let text = id.to_string();
    let role = (roles.as_array()?.iter()).find(|role| role["id"] == text.as_str())?;
    let for_applications = role["allowedMemberTypes"]
        .as_array()
        .is_some_and(|types| types.iter().any(|it| it == "Application"));
    if !for_applications || role["isEnabled"] == false {
        return None;
    }
    let word = |name: &str| role[name].as_str().unwrap_or_default().to_owned();
    Some(Scope {
        id,
        value: word("value"),
        needs_admin: true,
        title: word("displayName"),
        description: word("description"),
    })
}

/// Whether only those get into an application who are assigned to it.
pub fn requires_assignment(client: &ServicePrincipal) -> bool {
    client.value("appRoleAssignmentRequired") == Some(Value::Bool(true))
}

/// Where people open an application, if that is known and an address for a browser: what its service
/// principal says, or else what its application does. Hidden ones have none.
pub fn start_page(tx: &ReadTx<'_>, client: &ServicePrincipal) -> Result<Option<String>> {
    let is_hidden = client.value("tags").is_some_and(|tags| {
        tags.as_array()
            .into_iter()
            .flatten()
            .any(|tag| tag == "HideApp")
    });
    if is_hidden || !client.account_enabled {
        return Ok(None);
    }
    let own = ["homepage", "loginUrl"]
        .into_iter()
        .find_map(|name| client.value(name)?.as_str().map(str::to_owned));
    let page = match own {
        Some(page) => Some(page),
        None => crate::applications::find_by_app_id(tx, client.app_id)?
            .and_then(|application| application.home_page_url()),
    };
    Ok(page.filter(|page| is_for_browsers(page)))
}

/// Whether an address is one that a page may link to: no script, no other program.
pub fn is_for_browsers(address: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| {
        let begins = address.get(..scheme.len());
        begins.is_some_and(|it| it.eq_ignore_ascii_case(scheme))
    })
}

impl Application {
    /// The redirect URIs of one platform: `web`, `spa` or `publicClient`.
    pub fn redirect_uris_of(&self, platform: &str) -> Vec<String> {
        let platform = self.value(platform);
        let uris = platform
            .as_ref()
            .and_then(|it| it["redirectUris"].as_array());
        let uris = uris.into_iter().flatten().filter_map(Value::as_str);
        uris.map(str::to_owned).collect()
    }

    /// Where people open it.
    pub fn home_page_url(&self) -> Option<String> {
        let web = self.value("web")?;
        web["homePageUrl"].as_str().map(str::to_owned)
    }

    /// Whether ID tokens may go to it through the browser.
    pub fn allows_id_tokens(&self) -> bool {
        self.value("web")
            .is_some_and(|web| web["implicitGrantSettings"]["enableIdTokenIssuance"] == true)
    }

    /// Whether it may sign people in without a redirect URI and without proving itself.
    pub fn is_fallback_public_client(&self) -> bool {
        self.value("isFallbackPublicClient") == Some(Value::Bool(true))
    }

    /// Where it hears in the browser that somebody signs out.
    pub fn logout_url(&self) -> Option<String> {
        let web = self.value("web")?;
        web["logoutUrl"].as_str().map(str::to_owned)
    }

    /// Where its server hears that somebody signs out.
    pub fn back_channel_logout_url(&self) -> Option<String> {
        let url = self.value(BACK_CHANNEL_LOGOUT_URL)?;
        url.as_str().map(str::to_owned)
    }

    /// The domain that stands for who has made it.
    pub fn publisher_domain(&self) -> Option<String> {
        let domain = self.value("publisherDomain")?;
        domain.as_str().map(str::to_owned)
    }

    /// The scopes of an API that it says it needs.
    pub fn required_scopes(&self, resource: Uuid) -> Vec<Uuid> {
        let required = self.value("requiredResourceAccess");
        let required = required.as_ref().and_then(Value::as_array);
        let is_resource = |access: &&Value| {
            let id = access["resourceAppId"].as_str();
            id.and_then(types::parse_uuid) == Some(resource)
        };
        let of_resource = required.into_iter().flatten().filter(is_resource);
        let access = of_resource.filter_map(|it| it["resourceAccess"].as_array());
        access
            .flatten()
            .filter(|it| it["type"] == "Scope")
            .filter_map(|it| it["id"].as_str().and_then(types::parse_uuid))
            .collect()
    }

    /// All that it says it needs.
    pub fn required_access(&self) -> Vec<RequiredAccess> {
        let required = self.value("requiredResourceAccess");
        let required = required.as_ref().and_then(Value::as_array);
        let all = required.into_iter().flatten().filter_map(|access| {
            let of = |kind: &str| {
                let listed = access["resourceAccess"].as_array();
                let listed = listed.into_iter().flatten().filter(|it| it["type"] == kind);
                listed
                    .filter_map(|it| it["id"].as_str().and_then(types::parse_uuid))
                    .collect()
            };
            Some(RequiredAccess {
                resource: access["resourceAppId"]
                    .as_str()
                    .and_then(types::parse_uuid)?,
                scopes: of("Scope"),
                roles: of("Role"),
            })
        });
        all.collect()
    }

    /// Those of its own scopes that a client has without being allowed them.
    pub fn pre_authorized(&self, client: Uuid) -> Vec<Uuid> {
        let api = self.value("api");
        let clients = api
            .as_ref()
            .and_then(|api| api["preAuthorizedApplications"].as_array());
        let is_client = |it: &&Value| {
            let id = it["appId"].as_str();
            id.and_then(types::parse_uuid) == Some(client)
        };
        let of_client = clients.into_iter().flatten().filter(is_client);
        of_client
            .filter_map(|it| it["delegatedPermissionIds"].as_array())
            .flatten()
            .filter_map(|id| id.as_str().and_then(types::parse_uuid))
            .collect()
    }
}
