//! Application templates: what applications can be made from (Graph `applicationTemplate`).
//!
//! Of Microsoft's gallery there are the two that have a meaning here, with their published ids: the
//! configuration of cross-tenant synchronization, and an application that isn't in the gallery.
//!
//! Source: Microsoft Graph, "applicationTemplate resource type", "applicationTemplate: instantiate".

use query::{Entity, Operators, Property as Filterable, PropertyKind};
use serde_json::{Map, Value, json};
use store::Tx;
use types::{Error, Result};
use uuid::{Uuid, uuid};

use crate::applications::{self, Application};
use crate::schema::{Shape, Type, read};
use crate::service_principals::{self, ServicePrincipal};

/// The template of a cross-tenant synchronization.
pub const CROSS_TENANT_SYNCHRONIZATION: Uuid = uuid!("518e5f48-1fc8-4c48-9387-9fdf28b0dfe7");
/// The template of an application that isn't in the gallery.
pub const NON_GALLERY: Uuid = uuid!("8adf8e6e-67b2-4cf2-a259-e3dc5476c621");

/// The tag of applications that stand in the list of enterprise applications.
const INTEGRATED: &str = "WindowsAzureActiveDirectoryIntegratedApp";

static APPLICATION_TEMPLATE: Type = Type {
    name: "applicationTemplate",
    properties: &[
        read("id", Shape::Made).shown(),
        read("categories", Shape::MadeList).shown(),
        read("description", Shape::Made).shown(),
        read("displayName", Shape::Made).shown(),
        read("homePageUrl", Shape::Made).shown(),
        read("logoUrl", Shape::Made).shown(),
        read("publisher", Shape::Made).shown(),
        read("supportedProvisioningTypes", Shape::MadeList).shown(),
        read("supportedSingleSignOnModes", Shape::MadeList).shown(),
    ],
};

static ENTITY: Entity = Entity {
    name: "applicationTemplate",
    properties: &[
        Filterable::new("id", PropertyKind::Text, "id", Operators::TEXT),
        Filterable::new("displayName", PropertyKind::Text, "name", Operators::TEXT),
        Filterable::new(
            "publisher",
            PropertyKind::Text,
            "publisher",
            Operators::TEXT,
        ),
    ],
};

/// A template.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// Its published id.
    pub id: Uuid,
    display_name: &'static str,
    description: &'static str,
    publisher: &'static str,
    provisioning: &'static [&'static str],
    single_sign_on: &'static [&'static str],
}

static TEMPLATES: [Template; 2] = [
    Template {
        id: CROSS_TENANT_SYNCHRONIZATION,
        display_name: "Cross-tenant synchronization",
        description: "Users of this tenant as B2B collaboration users in another.",
        publisher: "isopolity",
        provisioning: &["sync"],
        single_sign_on: &[],
    },
    Template {
        id: NON_GALLERY,
        display_name: "Custom",
        description: "An application that isn't in the gallery.",
        publisher: "isopolity",
        provisioning: &[],
        single_sign_on: &["notSupported"],
    },
];

/// All templates, in the order of their ids.
pub fn all() -> &'static [Template] {
    &TEMPLATES
}

/// A template.
pub fn get(id: &str) -> Result<&'static Template> {
    let uuid = types::parse_uuid(id);
    let found = TEMPLATES.iter().find(|template| Some(template.id) == uuid);
    found.ok_or_else(|| Error::not_found("applicationTemplate", id))
}

/// What templates can be filtered by.
pub fn entity() -> &'static Entity {
    &ENTITY
}

/// Shows a template.
pub fn project(template: &Template, select: Option<&[String]>) -> Result<Map<String, Value>> {
    APPLICATION_TEMPLATE.project(select, |name| {
        Some(match name {
            "id" => json!(template.id),
            "categories" => json!([]),
            "description" => json!(template.description),
            "displayName" => json!(template.display_name),
            "publisher" => json!(template.publisher),
            "supportedProvisioningTypes" => json!(template.provisioning),
            "supportedSingleSignOnModes" => json!(template.single_sign_on),
            _ => return None,
        })
    })
}

/// Makes an application from a template, and its service principal.
pub fn instantiate(
    tx: &mut Tx<'_>,
    template: &Template,
    display_name: &str,
) -> Result<(Application, ServicePrincipal)> {
    let (scope, role) = (tx.new_uuid(), tx.new_uuid());
    let about = |text: &str| text.replace("{}", display_name);
    let body = json!({
        "displayName": display_name,
        "api": {"oauth2PermissionScopes": [{
            "adminConsentDescription":
                about("Lets the application reach {} for the person who is signed in."),
            "adminConsentDisplayName": about("Access {}"),
            "id": scope,
            "isEnabled": true,
            "type": "User",
            "userConsentDescription": about("Lets the application reach {} for you."),
            "userConsentDisplayName": about("Access {}"),
            "value": "user_impersonation",
        }]},
        "appRoles": [{
            "allowedMemberTypes": ["User"],
            "description": "msiam_access",
            "displayName": "msiam_access",
            "id": role,
            "isEnabled": true,
            "origin": "Application",
        }],
    });
    let application = applications::create_from(tx, &object(body), Some(template.id))?;
    let body = json!({
        "appId": application.app_id,
        "appRoleAssignmentRequired": true,
        "tags": [INTEGRATED],
    });
    let principal = service_principals::create(tx, &object(body))?;
    Ok((application, principal))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
