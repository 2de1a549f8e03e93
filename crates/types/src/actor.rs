//! Who does something: the subject of every change in the feed and of every audit entry.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::TenantId;

/// Who does something. Written into the feed with each change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Actor {
    /// The operator of the deployment, at the command line.
    Operator,
    /// The product itself: housekeeping, expiry.
    System,
    /// An application with a token of its own.
    #[serde(rename_all = "camelCase")]
    Application {
        /// The client id.
        app_id: Uuid,
        /// Its service principal in this tenant.
        service_principal_id: Uuid,
    },
    /// A signed-in user of this tenant.
    #[serde(rename_all = "camelCase")]
    User {
        /// The user's object id here.
        id: Uuid,
        /// The client that the user works with.
        app_id: Uuid,
    },
    /// Another tenant, through the border.
    #[serde(rename_all = "camelCase")]
    Tenant {
        /// Which.
        tenant_id: TenantId,
    },
}

impl Actor {
    /// The short form that the feed and the audit log keep: `application:GUID`, `operator` ….
    pub fn code(&self) -> String {
        match self {
            Self::Operator => "operator".into(),
            Self::System => "system".into(),
            Self::Application { app_id, .. } => format!("application:{app_id}"),
            Self::User { id, .. } => format!("user:{id}"),
            Self::Tenant { tenant_id } => format!("tenant:{tenant_id}"),
        }
    }
}
