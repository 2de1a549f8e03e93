//! Why somebody may or may not sign in to a tenant, and into an application there.

use border::Handler;
use directory::users::User;
use directory::{app_roles, delegation, invitations, service_principals, synced};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::ReadTx;
use types::trace::{Mend, Step, Trace};
use types::{Error, Id, Result, TenantId, kind};
use uuid::Uuid;

use super::Question;

/// The question that crosses the border.
pub(super) const QUERY: &str = "explain.signin";

/// Its body.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body {
    user_id: Id<kind::User>,
    /// The name at home, which an invitation that waits is found by.
    #[serde(default)]
    name: Option<String>,
    groups: Vec<Id<kind::Group>>,
    application_id: Option<Uuid>,
}

/// The end of the border that answers for this tenant's part of a sign-in.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Messages;

impl Handler for Messages {
    fn answer(&self, tx: &ReadTx<'_>, from: TenantId, kind: &str, body: &str) -> Result<String> {
        if kind != QUERY {
            return Err(Error::bad_request(format!("'{kind}' isn't a query.")));
        }
        let body: Body =
            serde_json::from_str(body).map_err(|error| Error::bad_request(error.to_string()))?;
        serde_json::to_string(&told(there(tx, from, &body)?)).map_err(Error::internal)
    }
}

/// A trace as the home tenant may see it: how to mend objects here is this tenant's own matter.
fn told(trace: Trace) -> Trace {
    let mut trace = access::disclosed(trace);
    for step in &mut trace.steps {
        step.mend
            .take_if(|mend| !mend.path.starts_with("/v1.0/policies/"));
    }
    trace
}

fn patch(path: String, body: Value) -> Mend {
    let method = "PATCH".into();
    Mend { method, path, body }
}

/// Whether an account is enabled where it is at home.
fn account(tx: &ReadTx<'_>, user: Id<kind::User>, enabled: bool) -> Step {
    let setting = "user.accountEnabled";
    if enabled {
        return Step::new(
            tx.tenant(),
            setting,
            "true",
            true,
            "The account is enabled at home.",
        );
    }
    let reason = "The account is disabled at home. Enable it there.";
    Step {
        mend: Some(patch(
            format!("/v1.0/users/{user}"),
            json!({"accountEnabled": true}),
        )),
        ..Step::new(tx.tenant(), setting, "false", false, reason)
    }
}

/// The steps at home of somebody who goes to another tenant, and what that has to know for its own.
pub(super) fn home(tx: &ReadTx<'_>, question: &Question) -> Result<(Trace, Body)> {
    let user = who(tx, question)?;
    let body = Body {
        user_id: user.id,
        name: Some(user.user_principal_name().to_owned()),
        groups: directory::groups::groups_of(tx, user.id)?,
        application_id: question.application,
    };
    let mut trace = Trace::new();
    trace.step(account(tx, user.id, user.account_enabled));
    if trace.allowed && user.is_external() {
        trace.step(Step::new(
            tx.tenant(),
            "user.userType",
            "external",
            false,
            "This is a user of another tenant, who signs in from there, not from here.",
        ));
    }
    if trace.allowed {
        let subject = access::Subject {
            user: user.id,
            groups: &body.groups,
        };
        trace.join(access::outbound_sign_in(
            tx,
            question.to,
            access::Channel::Collaboration,
            &subject,
            question.application,
        )?);
    }
    Ok((trace, body))
}

fn who(tx: &ReadTx<'_>, question: &Question) -> Result<User> {
    let id = question.user.ok_or_else(|| {
        Error::invalid(
            "from",
            "Name the user who signs in: each user may have another answer.",
        )
    })?;
    directory::users::get(tx, id)
}

/// The steps at home that are the same for everybody.
pub(super) fn doors(tx: &ReadTx<'_>, to: TenantId) -> Result<Vec<Step>> {
    let stance = access::Rules::load(tx, to)?.stance();
    let steps = stance.sign_in_steps(tx.tenant(), access::Direction::Outbound);
    Ok(steps.map(|(step, _)| step).into())
}

/// The steps of somebody who signs in to the tenant where the account is.
pub(super) fn within(tx: &ReadTx<'_>, question: &Question) -> Result<Trace> {
    let user = who(tx, question)?;
    let mut trace = Trace::new();
    trace.step(account(tx, user.id, user.account_enabled));
    if let Some(application) = question.application.filter(|_| trace.allowed) {
        trace.join(into(tx, application, Some(&user))?);
    }
    Ok(trace)
}

/// The steps in the tenant that is signed in to.
pub(super) fn there(tx: &ReadTx<'_>, from: TenantId, body: &Body) -> Result<Trace> {
    let subject = access::Subject {
        user: body.user_id,
        groups: &body.groups,
    };
    let mut trace = access::inbound_sign_in(
        tx,
        from,
        access::Channel::Collaboration,
        &subject,
        body.application_id,
    )?;
    if !trace.allowed {
        return Ok(trace);
    }
    let name = body.name.as_deref().unwrap_or_default();
    let user = invitations::visitor(tx, (from, body.user_id), name)?;
    trace.step(presence(tx, from, body, user.as_ref())?);
    if let Some(application) = body.application_id.filter(|_| trace.allowed) {
        trace.join(into(tx, application, user.as_ref())?);
    }
    Ok(trace)
}

/// Whether somebody of another tenant has an account here that may be used.
fn presence(tx: &ReadTx<'_>, from: TenantId, body: &Body, user: Option<&User>) -> Result<Step> {
    let setting = "user.accountEnabled";
    let Some(user) = user else {
        let was_here = synced::find(tx, from, body.user_id)?;
        return Ok(if was_here.is_some_and(|user| user.deleted) {
            let reason = "The user's account in this tenant is deleted. Restore it.";
            Step::new(tx.tenant(), setting, "deleted", false, reason)
        } else {
            // The rules let the user in; whether there is an account yet is another matter.
            let reason = "The user has no account in this tenant yet. Share the user with it, or \
                          invite the user.";
            Step::new(tx.tenant(), setting, "none", true, reason)
        });
    };
    Ok(if user.blocked_here {
        let reason = "The user's account in this tenant is blocked by its admin.";
        Step {
            mend: Some(patch(
                format!("/v1.0/users/{}", user.id),
                json!({"blockedHere": false}),
            )),
            ..Step::new(tx.tenant(), "user.blockedHere", "true", false, reason)
        }
    } else if user.account_enabled {
        let reason = "The user has an account in this tenant.";
        Step::new(tx.tenant(), setting, "enabled", true, reason)
    } else {
        let reason = "The user's account in this tenant is disabled or blocked by its admin.";
        Step::new(tx.tenant(), setting, "disabled", false, reason)
    })
}

/// The steps of an application of this tenant: that it is here, on, and that the user may use it.
fn into(tx: &ReadTx<'_>, app_id: Uuid, user: Option<&User>) -> Result<Trace> {
    let mut trace = Trace::new();
    let setting = format!("servicePrincipals(appId='{app_id}')");
    let Some(principal) = service_principals::find_by_app_id(tx, app_id)? else {
        let reason = "No application of this tenant has this client id.";
        trace.step(Step::new(tx.tenant(), &setting, "none", false, reason));
        return Ok(trace);
    };
    let path = format!("/v1.0/servicePrincipals/{}", principal.id);
    let enabled = format!("{setting}.accountEnabled");
    if !principal.account_enabled {
        let reason = "The application is switched off for everybody in this tenant.";
        trace.step(Step {
            mend: Some(patch(path, json!({"accountEnabled": true}))),
            ..Step::new(tx.tenant(), &enabled, "false", false, reason)
        });
        return Ok(trace);
    }
    let reason = "The application is switched on in this tenant.";
    trace.step(Step::new(tx.tenant(), &enabled, "true", true, reason));
    let setting = format!("{setting}.appRoleAssignmentRequired");
    if !delegation::requires_assignment(&principal) {
        let reason = "The application doesn't ask for an assignment.";
        trace.step(Step::new(tx.tenant(), &setting, "false", true, reason));
        return Ok(trace);
    }
    let assigned = match user {
        Some(user) => app_roles::user_roles_on(tx, user.id, &principal)?.is_some(),
        None => false,
    };
    trace.step(if assigned {
        let reason = "The application asks for an assignment, and the user has one.";
        Step::new(tx.tenant(), &setting, "true", true, reason)
    } else {
        let reason = "The application asks for an assignment, and neither the user nor a group of \
                      the user's has one.";
        let mend = user.map(|user| Mend {
            method: "POST".into(),
            path: format!("{path}/appRoleAssignedTo"),
            body: json!({
                "principalId": user.id,
                "resourceId": principal.id,
                "appRoleId": Uuid::nil(),
            }),
        });
        Step {
            mend,
            ..Step::new(tx.tenant(), &setting, "true", false, reason)
        }
    });
    Ok(trace)
}
