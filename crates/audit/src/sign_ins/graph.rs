//! The log of sign-ins in Graph's words.

use serde_json::{Value, json};
use types::{TenantId, user_agent};

use super::{Kind, Row};

/// A row as Graph's `signIn`. `whole`: with what only `/beta` declares, and what is ours: `signInCount`, and
/// `crossTenantAccessDecision`, the settings that were asked.
pub fn to_graph(row: &Row, tenant: TenantId, whole: bool) -> Value {
    let it = &row.sign_in;
    let named = |name: Option<&String>| name.cloned();
    let is_multifactor = it.methods.iter().any(|method| method == "mfa");
    // Of whom this tenant has no user, Graph still wants an id.
    let user_id = it
        .user
        .as_ref()
        .map_or_else(String::new, |user| user.id.unwrap_or_default().to_string());
    let home = it.crossing.as_ref().map_or(tenant, |it| it.home);
    let resource_tenant = it.crossing.as_ref().map_or(tenant, |it| it.resource);
    let (system, browser) = it.user_agent.as_deref().map_or((None, None), |text| {
        (user_agent::system(text), user_agent::browser(text))
    });
    let is_person = it.kind != Kind::ServicePrincipal;
    let mut shown = json!({
        "id": row.id,
        "createdDateTime": row.at,
        "userDisplayName": it.user.as_ref().map(|user| &user.display_name),
        "userPrincipalName": it.user.as_ref().map(|user| &user.user_principal_name),
        "userId": user_id,
        "appId": it.app.as_ref().map(|app| app.id),
        "appDisplayName": it.app.as_ref().and_then(|app| named(app.display_name.as_ref())),
        "ipAddress": it.address,
        "clientAppUsed": match (is_person, it.is_browser) {
            (false, _) => None,
            (true, true) => Some("Browser"),
            (true, false) => Some("Mobile Apps and Desktop clients"),
        },
        "userAgent": it.user_agent,
        "correlationId": it.correlation_id,
        "conditionalAccessStatus": "notApplied",
        "appliedConditionalAccessPolicies": [],
        "isInteractive": it.kind == Kind::InteractiveUser,
        "riskDetail": "none",
        "riskLevelAggregated": "none",
        "riskLevelDuringSignIn": "none",
        "riskState": "none",
        "riskEventTypes": [],
        "riskEventTypes_v2": [],
        "resourceId": it.resource.as_ref().map(|resource| resource.id),
        "resourceDisplayName":
            it.resource.as_ref().and_then(|resource| named(resource.display_name.as_ref())),
        "servicePrincipalId": it.principal.as_ref().map(|principal| principal.id),
        "servicePrincipalName": it.principal.as_ref().map(|principal| &principal.display_name),
        "homeTenantId": home,
        "resourceTenantId": resource_tenant,
        "status": {
            "errorCode": it.error_code,
            "failureReason": it.failure_reason.as_deref().unwrap_or(if it.error_code == 0 {
                "Other."
            } else {
                ""
            }),
            "additionalDetails": it.additional_details,
        },
        "deviceDetail": {
            "deviceId": "", "displayName": "", "operatingSystem": system, "browser": browser,
            "isCompliant": false, "isManaged": false, "trustType": "",
        },
        "location": null,
    });
    if whole {
        shown["signInEventTypes"] = json!([it.kind.as_str()]);
        shown["crossTenantAccessType"] = json!(if it.crossing.is_some() {
            "b2bCollaboration"
        } else {
            "none"
        });
        shown["userType"] = json!(match &it.user {
            Some(user) if user.is_guest => Some("guest"),
            Some(_) => Some("member"),
            None => None,
        });
        shown["authenticationRequirement"] = json!(if is_multifactor {
            "multiFactorAuthentication"
        } else {
            "singleFactorAuthentication"
        });
        shown["authenticationMethodsUsed"] = json!(it.methods);
        shown["authenticationProtocol"] = json!(it.protocol.as_deref().unwrap_or("none"));
        shown["sessionId"] = json!(it.session);
        shown["servicePrincipalCredentialKeyId"] =
            json!(it.principal.as_ref().and_then(|principal| principal.key_id));
        shown["signInCount"] = json!(row.times);
        shown["crossTenantAccessDecision"] = json!(
            it.crossing
                .as_ref()
                .and_then(|crossing| crossing.decision.as_ref())
        );
    }
    shown
}
