//! `POST /beta/isopolity/explain`: whether one person may do something in another tenant, and which
//! setting of which tenant decides.
//!
//! The answer tells of policies, so the permissions are those that read Graph's
//! `crossTenantAccessPolicy`. One of the two tenants has to be the caller's. A caller from the
//! resource tenant learns of the home tenant whether it allows, and only if both are active in one
//! organization: of people there it is told the same whether they don't exist or aren't shared.

use node::explain::{Action, Question};
use types::trace::{Step, Trace};
use types::{Error, Id, TenantId, kind};

use crate::errors::Refusal;
use crate::fields::Fields;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Routes, Versions};

const READ: &[&str] = &["Policy.Read.All", "Policy.ReadWrite.CrossTenantAccess"];

/// Registers it.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("explain", Versions::Beta);
    area.post(
        "/isopolity/explain",
        READ,
        "Say whether a person may do something in another tenant, and what decides",
        explain,
    );
}

/// Reads a question. Which user or channel is met there decides nothing about `sync` and `signin`;
/// without `from` it is about this account of the caller's own tenant, wherever it is at home.
fn question(call: &Call) -> Result<Question, Refusal> {
    let mut body = Fields::from(call.parameters()?);
    let action = Action::parse(&body.required_text("action")?)?;
    let from = body.object("from")?;
    let mut to = body.required_object("to")?;
    body.end()?;
    let target = to.required_tenant("tenantId")?;
    let application = to.id::<kind::Application>("applicationId")?.map(Id::uuid);
    let account = to.id::<kind::User>("userId")?;
    to.text("channelId")?;
    to.end()?;
    let (from, user) = match from {
        Some(mut from) => {
            let said = (from.required_tenant("tenantId")?, from.id("userId")?);
            from.end()?;
            said
        }
        None if account.is_some() && target == call.caller.tenant => (target, account),
        None => return Err(crate::fields::required("from")),
    };
    Ok(Question {
        action,
        from,
        user,
        to: target,
        application,
    })
}

async fn explain(call: Call) -> Result<Reply, Refusal> {
    let node = &call.platform().node;
    let own = call.caller.tenant;
    let mut question = question(&call)?;
    if question.from == own {
        question = node.at_home(question).await?;
    }
    let trace = if question.from == own {
        node.explain(question, own).await?
    } else if question.to == own {
        from_outside(&call, question).await?
    } else {
        return Err(Error::invalid(
            "from",
            "One of the two tenants has to be your own: ask as an admin of one of them.",
        )
        .into());
    };
    Reply::object(&call, "isopolity.explanation", &trace)
}

/// The answer for a caller from the resource tenant.
async fn from_outside(call: &Call, question: Question) -> Result<Trace, Refusal> {
    let home = question.from;
    let together = call
        .read(move |tx| sync::plan::membership(tx, home))
        .await?;
    if !together.allowed {
        // Whatever the action: a tenant outside tells nothing, as one that isn't there.
        return match question.action {
            Action::Sync => {
                let mut trace = Trace::new();
                trace.step(together);
                Ok(trace)
            }
            Action::Signin => Err(Error::not_found("tenant", home).into()),
        };
    }
    let node = &call.platform().node;
    let own = call.caller.tenant;
    let mut shown = Trace::new();
    // What doesn't depend on the person comes first, so that it is the same for everybody.
    let general = match question.action {
        Action::Sync => {
            let everybody = Question {
                user: None,
                ..question.clone()
            };
            let trace = node.explain(everybody, own).await?;
            let of_home = trace.steps.into_iter();
            of_home
                .filter(|step| step.tenant_id == home && !is_personal(step))
                .collect()
        }
        // Where nothing is in the way, the person's own answer says so.
        Action::Signin => {
            let doors = node.doors(home, own).await?.into_iter();
            doors.filter(|step| !step.allowed).collect::<Vec<Step>>()
        }
    };
    for step in general {
        shown.step(told(step));
    }
    if let (Action::Sync, true, Some(user)) = (question.action, shown.allowed, question.user) {
        let stopped = call
            .read(move |tx| sync::explain::stopped(tx, home, user))
            .await?;
        if let Some(step) = stopped {
            shown.step(step);
        }
    }
    if !shown.allowed {
        return Ok(shown);
    }
    let trace = match node.explain(question, own).await {
        Ok(trace) => trace,
        Err(Error::NotFound { kind: "user", .. }) => {
            shown.step(person(home, false));
            return Ok(shown);
        }
        Err(error) => return Err(error.into()),
    };
    let (of_home, of_own): (Vec<Step>, Vec<Step>) = trace
        .steps
        .into_iter()
        .partition(|step| step.tenant_id == home);
    shown.step(person(home, of_home.iter().all(|step| step.allowed)));
    for step in of_own {
        shown.step(step);
    }
    Ok(shown)
}

/// Whether a step tells of a person, or of whom the tenant shares.
fn is_personal(step: &Step) -> bool {
    ["user.", "userSharing/", "provisioning"]
        .iter()
        .any(|start| step.setting.starts_with(start))
}

/// A step of the home tenant as the other may see it: whether it allows, and which setting it is.
fn told(mut step: Step) -> Step {
    step.mend = None;
    step
}

fn person(home: TenantId, allowed: bool) -> Step {
    let (value, reason) = if allowed {
        ("yes", "The home tenant lets this person do it.")
    } else {
        (
            "no",
            "The home tenant has no such person, or doesn't let the person do it. Its admins see why.",
        )
    };
    Step {
        tenant_id: home,
        setting: "user".into(),
        value: value.into(),
        allowed,
        code: None,
        reason: reason.into(),
        mend: None,
    }
}
