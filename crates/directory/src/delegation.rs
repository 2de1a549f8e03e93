//! What clients may do in people's names: the scopes that an API has, and those that a client needs
//! nobody's consent for.
//!
//! The Graph API's scopes that people may allow themselves are listed here; whatever else an
//! application can be permitted on it, an administrator can let a client do in people's names.
//!
//! Source: "Microsoft Graph permissions reference"; the `permissionScope`, `apiApplication` and
//! `requiredResourceAccess` resources (Microsoft Graph).

use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use crate::applications::Application;
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

/// What people may let a client do on the Graph API: id, name, title, description.
static OF_PEOPLE: [(Uuid, &str, &str, &str); 7] = [
    (
        uuid!("37f7f235-527c-4136-accd-4a02d197296e"),
        "openid",
        "Sign you in",
        "Lets you sign in to the app with your work account and lets the app know that it is you.",
    ),
    (
        uuid!("14dad69e-099b-42c9-810b-d002981feec1"),
        "profile",
        "View your basic profile",
        "Lets the app see your name and your user name.",
    ),
    (
        uuid!("64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0"),
        "email",
        "View your email address",
        "Lets the app see your primary email address.",
    ),
    (
        uuid!("7427e0e9-2fba-42fe-b0c0-848c9e6a8182"),
        "offline_access",
        "Maintain access to data you have given it access to",
        "Lets the app go on with what you have allowed it while you aren't using it.",
    ),
    (
        uuid!("e1fe6dd8-ba31-4d61-89e7-88639da4683d"),
        "User.Read",
        "Sign you in and read your profile",
        "Lets you sign in to the app, and lets the app read your profile and basic information of your organization.",
    ),
    (
        uuid!("b340eb25-3456-403f-be2f-af7a0d370277"),
        "User.ReadBasic.All",
        "Read all users' basic profiles",
        "Lets the app read the names and addresses of the people of your organization.",
    ),
    (
        uuid!("b4e74841-8e56-480b-be8b-910348b18b4c"),
        "User.ReadWrite",
        "Read and update your profile",
        "Lets the app read your profile and change it.",
    ),
];

fn of_people(&(id, value, title, description): &(Uuid, &str, &str, &str)) -> Scope {
    Scope {
        id,
        value: value.into(),
        needs_admin: false,
        title: title.into(),
        description: description.into(),
    }
}

fn graph_scopes() -> Vec<Scope> {
    let mut scopes: Vec<Scope> = OF_PEOPLE.iter().map(of_people).collect();
    let others = permissions::ALL.iter().map(|permission| Scope {
        id: permission.id(),
        value: permission.value.into(),
        needs_admin: true,
        title: permission.display_name.into(),
        description: permission.display_name.into(),
    });
    let others = others.filter(|other| OF_PEOPLE.iter().all(|own| own.1 != other.value));
    scopes.extend(others);
    scopes
}

/// The scopes of the Graph resource as Graph shows them.
pub(crate) fn graph_permission_scopes() -> Value {
    graph_scopes()
        .into_iter()
        .map(|scope| {
            json!({
                "adminConsentDescription": scope.description,
                "adminConsentDisplayName": scope.title,
                "id": scope.id,
                "isEnabled": true,
                "type": if scope.needs_admin { "Admin" } else { "User" },
                "userConsentDescription": scope.description,
                "userConsentDisplayName": scope.title,
                "value": scope.value,
            })
        })
        .collect()
}

/// The scopes that an API has now.
pub fn scopes(resource: &ServicePrincipal) -> Vec<Scope> {
    if resource.app_id == GRAPH_APP_ID {
        return graph_scopes();
    }
    let listed = resource.value("oauth2PermissionScopes");
    let listed = listed.as_ref().and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(scope).collect()
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

/// Whether only those get into an application who are assigned to it.
pub fn requires_assignment(client: &ServicePrincipal) -> bool {
    client.value("appRoleAssignmentRequired") == Some(Value::Bool(true))
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
        let web = self.value("web")?;
        web["backChannelLogoutUrl"].as_str().map(str::to_owned)
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
