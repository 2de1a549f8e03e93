//! The permissions of the Graph resource: what an application may be allowed for itself, and what on
//! behalf of a user ([`delegated`]).
//!
//! Ids are Microsoft's where it has published them, so that what was written for Graph finds them;
//! else they are derived from the name, the same in every tenant and for ever.
//!
//! Source: "Microsoft Graph permissions reference"; ids from `permissions-descriptions.json` in
//! microsoftgraph/microsoft-graph-devx-content (MIT).

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};
use types::{Error, Result};
use uuid::{Uuid, uuid};

/// The client id of the Graph resource, the same in every tenant.
pub const GRAPH_APP_ID: Uuid = uuid!("00000003-0000-0000-c000-000000000000");

/// An application permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// Its name, as tokens carry it.
    pub value: &'static str,
    /// What it allows, in short.
    pub display_name: &'static str,
    known_id: Option<Uuid>,
}

impl Permission {
    /// Its id as an app role.
    pub fn id(&self) -> Uuid {
        self.known_id.unwrap_or_else(|| derived_id(self.value))
    }
}

const fn known(id: Uuid, value: &'static str, display_name: &'static str) -> Permission {
    Permission {
        value,
        display_name,
        known_id: Some(id),
    }
}

const fn named(value: &'static str, display_name: &'static str) -> Permission {
    Permission {
        value,
        display_name,
        known_id: None,
    }
}

/// All permissions, by name.
pub static ALL: &[Permission] = &[
    known(
        uuid!("134fd756-38ce-4afd-ba33-e9623dbe66c2"),
        "AdministrativeUnit.Read.All",
        "Read all administrative units",
    ),
    known(
        uuid!("5eb59dd3-1da2-4329-8733-9dabdc435916"),
        "AdministrativeUnit.ReadWrite.All",
        "Read and write all administrative units",
    ),
    named("AppRegistration.Create", "Create application registrations"),
    known(
        uuid!("06b708a9-e830-4db3-a914-8e69da51d44f"),
        "AppRoleAssignment.ReadWrite.All",
        "Manage app permission grants and app role assignments",
    ),
    known(
        uuid!("9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"),
        "Application.Read.All",
        "Read all applications",
    ),
    known(
        uuid!("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9"),
        "Application.ReadWrite.All",
        "Read and write all applications",
    ),
    known(
        uuid!("18a4783c-866b-4cc7-a460-3d5e5662c884"),
        "Application.ReadWrite.OwnedBy",
        "Manage apps that this app creates or owns",
    ),
    known(
        uuid!("b0afded3-3588-46d8-8b3d-9842eff778da"),
        "AuditLog.Read.All",
        "Read all audit log data",
    ),
    known(
        uuid!("cac88765-0581-4025-9725-5ebc13f729ee"),
        "CrossTenantInformation.ReadBasic.All",
        "Read cross-tenant basic information",
    ),
    known(
        uuid!("8e8e4742-1d95-4f68-9d56-6ee75648c72a"),
        "DelegatedPermissionGrant.ReadWrite.All",
        "Manage all delegated permission grants",
    ),
    known(
        uuid!("7438b122-aefc-4978-80ed-43db9fcc7715"),
        "Device.Read.All",
        "Read all devices",
    ),
    known(
        uuid!("1138cb37-bd11-4084-a2b7-9f71582aeddb"),
        "Device.ReadWrite.All",
        "Read and write devices",
    ),
    known(
        uuid!("7ab1d382-f21e-4acd-a863-ba3e13f7da61"),
        "Directory.Read.All",
        "Read directory data",
    ),
    known(
        uuid!("19dbc75e-c2e2-444c-a770-ec69d8559fc7"),
        "Directory.ReadWrite.All",
        "Read and write directory data",
    ),
    named(
        "Domain-InternalFederation.Read.All",
        "Read internal federation configuration for a domain",
    ),
    named(
        "Domain-InternalFederation.ReadWrite.All",
        "Create, read, update and delete internal federation configuration for a domain",
    ),
    known(
        uuid!("dbb9058a-0e50-45d7-ae91-66909b5d4664"),
        "Domain.Read.All",
        "Read domains",
    ),
    known(
        uuid!("7e05723c-0bb0-42da-be95-ae9f08a6e53c"),
        "Domain.ReadWrite.All",
        "Read and write domains",
    ),
    named(
        "Group-NestingSupport.ReadWrite.All",
        "Read and write the nesting support of groups",
    ),
    named(
        "Group-PreferredDataLocation.ReadWrite.All",
        "Read and write the preferred data location of groups",
    ),
    named(
        "Group-XTenantIdentitySync.Read.All",
        "Read the cross-tenant synchronization of groups",
    ),
    known(
        uuid!("bf7b1a76-6e77-406b-b258-bf5c7720e98f"),
        "Group.Create",
        "Create groups",
    ),
    named(
        "Group.ManageProtection.All",
        "Manage the protection of groups",
    ),
    known(
        uuid!("5b567255-7703-4780-807c-7be8301ae99b"),
        "Group.Read.All",
        "Read all groups",
    ),
    named("Group.ReadBasic.All", "Read basic properties of all groups"),
    known(
        uuid!("62a82d76-70ea-41e2-9197-370581804d09"),
        "Group.ReadWrite.All",
        "Read and write all groups",
    ),
    known(
        uuid!("98830695-27a2-44f7-8c18-0c3ebc9698f6"),
        "GroupMember.Read.All",
        "Read all group memberships",
    ),
    named(
        "GroupMember.ReadBasic.All",
        "Read basic properties of all group memberships",
    ),
    known(
        uuid!("dbaae8cf-10b5-4b86-a4a1-f871c94c6695"),
        "GroupMember.ReadWrite.All",
        "Read and write all group memberships",
    ),
    known(
        uuid!("4f994bc0-31bb-44bb-b480-7a7c1be8c02e"),
        "MultiTenantOrganization.Read.All",
        "Read all multi-tenant organization details and tenants",
    ),
    known(
        uuid!("f9c2b2a7-3895-4b2e-80f6-c924b456e50b"),
        "MultiTenantOrganization.ReadBasic.All",
        "Read multi-tenant organization basic details and active tenants",
    ),
    known(
        uuid!("920def01-ca61-4d2d-b3df-105b46046a70"),
        "MultiTenantOrganization.ReadWrite.All",
        "Read and write all multi-tenant organization details and tenants",
    ),
    known(
        uuid!("498476ce-e0fe-48b0-b801-37ba7e2685c6"),
        "Organization.Read.All",
        "Read organization information",
    ),
    known(
        uuid!("292d869f-3427-49a8-9dab-8c70152b74e9"),
        "Organization.ReadWrite.All",
        "Read and write organization information",
    ),
    known(
        uuid!("eb76ac34-0d62-4454-b97c-185e4250dc20"),
        "OrganizationalBranding.Read.All",
        "Read organizational branding information",
    ),
    known(
        uuid!("d2ebfbc1-a5f8-424b-83a6-56ab5927a73c"),
        "OrganizationalBranding.ReadWrite.All",
        "Read and write organizational branding information",
    ),
    known(
        uuid!("246dd0d5-5bd0-4def-940b-0421030a5b68"),
        "Policy.Read.All",
        "Read your organization's policies",
    ),
    known(
        uuid!("29c18626-4985-4dcd-85c0-193eef327366"),
        "Policy.ReadWrite.AuthenticationMethod",
        "Read and write all authentication method policies",
    ),
    known(
        uuid!("fb221be6-99f2-473f-bd32-01c6a0e9ca3b"),
        "Policy.ReadWrite.Authorization",
        "Read and write your organization's authorization policy",
    ),
    known(
        uuid!("338163d7-f101-4c92-94ba-ca46fe52447c"),
        "Policy.ReadWrite.CrossTenantAccess",
        "Read and write your organization's cross tenant access policies",
    ),
    known(
        uuid!("e24d31aa-e1ab-4c80-85fe-23018690335d"),
        "ProfilePhoto.Read.All",
        "Read all profile photos",
    ),
    known(
        uuid!("27baa7f6-5dfb-4ba8-b1d3-1e812c143013"),
        "ProfilePhoto.ReadWrite.All",
        "Read and write all profile photos",
    ),
    named("ProvisioningLog.Read.All", "Read all provisioning log data"),
    known(
        uuid!("c7fbd983-d9aa-4fa7-84b8-17382c103bc4"),
        "RoleManagement.Read.All",
        "Read role management data for all RBAC providers",
    ),
    known(
        uuid!("483bed4a-2ad3-4361-a73b-c83ccdbdc53c"),
        "RoleManagement.Read.Directory",
        "Read all directory RBAC settings",
    ),
    known(
        uuid!("9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"),
        "RoleManagement.ReadWrite.Directory",
        "Read and write all directory RBAC settings",
    ),
    known(
        uuid!("5ba43d2f-fa88-4db2-bd1c-a67c5f0fb1ce"),
        "Synchronization.Read.All",
        "Read all synchronization data",
    ),
    known(
        uuid!("9b50c33d-700f-43b1-b2eb-87e89b703581"),
        "Synchronization.ReadWrite.All",
        "Read and write all synchronization data",
    ),
    known(
        uuid!("db31e92a-b9ea-4d87-bf6a-75a37a9ca35a"),
        "SynchronizationData-User.Upload",
        "Upload user data to the identity synchronization service",
    ),
    named(
        "SynchronizationData-User.Upload.OwnedBy",
        "Upload user data to the identity sync service for apps that this app creates or owns",
    ),
    known(
        uuid!("280d0935-0796-47d1-8d26-273470a3f17a"),
        "User-Mail.ReadWrite.All",
        "Read and write secondary mail addresses of users",
    ),
    known(
        uuid!("cc117bb9-00cf-4eb8-b580-ea2a878fe8f7"),
        "User-PasswordProfile.ReadWrite.All",
        "Read and write password profiles and reset passwords",
    ),
    known(
        uuid!("86ceff06-c822-49ff-989a-d912845ffe69"),
        "User-Phone.ReadWrite.All",
        "Read and write phone numbers of users",
    ),
    known(
        uuid!("eccc023d-eccf-4e7b-9683-8813ab36cecc"),
        "User.DeleteRestore.All",
        "Delete and restore all users",
    ),
    known(
        uuid!("3011c876-62b7-4ada-afa2-506cbbecc68c"),
        "User.EnableDisableAccount.All",
        "Enable and disable user accounts",
    ),
    known(
        uuid!("09850681-111b-4a89-9bed-3f2cae46d706"),
        "User.Invite.All",
        "Invite guest users to the organization",
    ),
    known(
        uuid!("c529cfca-c91b-489c-af2b-d92990b66ce6"),
        "User.ManageIdentities.All",
        "Manage all users' identities",
    ),
    known(
        uuid!("df021288-bdef-4463-88db-98f22de89214"),
        "User.Read.All",
        "Read all users' full profiles",
    ),
    known(
        uuid!("97235f07-e226-4f63-ace3-39588e11d3a1"),
        "User.ReadBasic.All",
        "Read all users' basic profiles",
    ),
    known(
        uuid!("741f803b-c850-494e-b5df-cde7c675a1ca"),
        "User.ReadWrite.All",
        "Read and write all users' full profiles",
    ),
    named(
        "User.ReadWrite.CrossCloud",
        "Read and write profiles of users that originate from an external cloud",
    ),
    known(
        uuid!("77f3a031-c388-4f99-b373-dc68676a979e"),
        "User.RevokeSessions.All",
        "Revoke all sign in sessions for users",
    ),
    known(
        uuid!("38d9df27-64da-44fd-b7c5-a6fbac20248f"),
        "UserAuthenticationMethod.Read.All",
        "Read all users' authentication methods",
    ),
    known(
        uuid!("50483e42-d915-4231-9639-7fdb7fd190e5"),
        "UserAuthenticationMethod.ReadWrite.All",
        "Read and write all users' authentication methods",
    ),
];

/// The permission of a name.
pub fn by_value(value: &str) -> Option<&'static Permission> {
    ALL.iter().find(|permission| permission.value == value)
}

/// Each grant of a token looks its permissions up, and ids that are derived take a hash.
static BY_ID: LazyLock<HashMap<Uuid, &Permission>> =
    LazyLock::new(|| ALL.iter().map(|it| (it.id(), it)).collect());

/// The permission of an app role's id.
pub fn by_id(id: Uuid) -> Option<&'static Permission> {
    BY_ID.get(&id).copied()
}

/// The permissions as app roles of the Graph resource.
pub(crate) fn app_roles() -> Value {
    ALL.iter()
        .map(|permission| {
            json!({
                "allowedMemberTypes": ["Application"],
                "description": permission.display_name,
                "displayName": permission.display_name,
                "id": permission.id(),
                "isEnabled": true,
                "origin": "Application",
                "value": permission.value,
            })
        })
        .collect()
}

/// A delegated permission: a scope.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scope {
    /// Its name, as tokens carry it in `scp`.
    pub value: String,
    id: Option<Uuid>,
    /// Whether an admin has to consent.
    pub is_admin: bool,
    /// For an admin who is asked to consent for everybody.
    pub admin_consent_display_name: String,
    /// The same at length.
    pub admin_consent_description: String,
    /// For a user who is asked to consent.
    pub user_consent_display_name: String,
    /// The same at length.
    pub user_consent_description: String,
}

impl Scope {
    /// Its id as a permission scope.
    pub fn id(&self) -> Uuid {
        self.id
            .unwrap_or_else(|| derived_id(&format!("delegated {}", self.value)))
    }
}

static DELEGATED: LazyLock<std::result::Result<Vec<Scope>, String>> = LazyLock::new(|| {
    let text = include_str!("../data/delegated_permissions.json");
    serde_json::from_str(text).map_err(|error| error.to_string())
});

/// The delegated permissions, by name.
pub fn delegated() -> Result<&'static [Scope]> {
    match &*DELEGATED {
        Ok(all) => Ok(all),
        Err(error) => Err(Error::internal(format!(
            "the delegated permissions: {error}"
        ))),
    }
}

/// The delegated permissions as permission scopes of the Graph resource.
pub(crate) fn scopes() -> Value {
    let all = delegated().unwrap_or_default().iter();
    all.map(|scope| {
        json!({
            "adminConsentDescription": scope.admin_consent_description,
            "adminConsentDisplayName": scope.admin_consent_display_name,
            "id": scope.id(),
            "isEnabled": true,
            "origin": "Application",
            "type": if scope.is_admin { "Admin" } else { "User" },
            "userConsentDescription": scope.user_consent_description,
            "userConsentDisplayName": scope.user_consent_display_name,
            "value": scope.value,
        })
    })
    .collect()
}

/// A UUID of version 8 (RFC 9562: made as its maker likes) from FNV-1a of the name.
fn derived_id(value: &str) -> Uuid {
    let hash = value.bytes().fold(
        0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128,
        |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        },
    );
    uuid::Builder::from_custom_bytes(hash.to_be_bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_ids_differ() {
        assert!(ALL.is_sorted_by(|a, b| a.value < b.value));
        let ids: std::collections::BTreeSet<_> = ALL.iter().map(Permission::id).collect();
        assert_eq!(ids.len(), ALL.len());
        for permission in ALL {
            assert_eq!(by_id(permission.id()), by_value(permission.value));
        }
    }

    #[test]
    fn scopes_are_sorted_and_ids_differ() {
        let all = delegated().unwrap();
        assert!(all.is_sorted_by(|a, b| a.value < b.value));
        let ids: std::collections::BTreeSet<_> = all.iter().map(Scope::id).collect();
        assert_eq!(ids.len(), all.len());
    }

    #[test]
    fn ids_stay_what_they_are() {
        assert_eq!(
            by_value("User.Read.All").unwrap().id().to_string(),
            "df021288-bdef-4463-88db-98f22de89214"
        );
        assert_eq!(derived_id("ProvisioningLog.Read.All").get_version_num(), 8);
    }
}
