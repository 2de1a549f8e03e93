//! `/policies/authenticationMethodsPolicy`, and our own `/beta/isopolity/signInPolicy` for what Graph
//! leaves to Conditional Access: who has to show more than a password, and how long a sign-in lasts.

use credentials::policy::graph::{self, Configuration};
use credentials::{Policy, concern};
use serde_json::{Map, Value};
use types::Error;

use crate::errors::Refusal;
use crate::projection::Shown;
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};
use crate::user_sharing;

const READ: &[&str] = &["Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"];
const WRITE: &[&str] = &["Policy.ReadWrite.AuthenticationMethod"];

/// Who has registered what is told by it, too.
const REPORT: &[&str] = &["AuditLog.Read.All"];

const SET: &str = "policies/authenticationMethodsPolicy/authenticationMethodConfigurations";
const POLICY: Shown = Shown {
    kind: "authenticationMethodsPolicy",
    more: &[],
};
const CONFIGURATION: Shown = Shown {
    kind: "authenticationMethodConfiguration",
    more: &[],
};
const SIGN_IN: Shown = Shown {
    kind: "signInPolicy",
    more: &[],
};

pub(super) fn routes(routes: &mut Routes) {
    let mut area = routes.area("authenticationMethods", Versions::Both);
    area.get(
        "/policies/authenticationMethodsPolicy",
        READ,
        "Get which methods users can sign in with",
        get,
    )
    .query(Allowed::SELECT);
    area.patch(
        "/policies/authenticationMethodsPolicy",
        WRITE,
        "Change which methods users can sign in with",
        update,
    );
    area.get(
        "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations",
        READ,
        "List the configurations of methods",
        list,
    );
    area.get(
        "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/{id}",
        READ,
        "Get the configuration of a method",
        get_configuration,
    )
    .query(Allowed::SELECT);
    area.patch(
        "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/{id}",
        WRITE,
        "Change the configuration of a method",
        update_configuration,
    );
    area.delete(
        "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/{id}",
        WRITE,
        "Reset the configuration of a method to what a new tenant has",
        reset_configuration,
    );
    let mut beta = routes.area("authenticationMethods", Versions::Beta);
    beta.get(
        "/isopolity/signInPolicy",
        READ,
        "Get who has to show more than a password, and how long a sign-in lasts",
        get_sign_in,
    )
    .query(Allowed::SELECT);
    beta.patch(
        "/isopolity/signInPolicy",
        WRITE,
        "Change that",
        update_sign_in,
    );
    beta.post(
        "/isopolity/signInPolicy/preview",
        REPORT,
        "Whom another demand for more than a password would concern",
        preview_sign_in,
    );
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let policy = call.read(Policy::get).await?;
    let mut shown = POLICY.select(&call.options, graph::show(&policy))?;
    let nested = "authenticationMethodConfigurations";
    if let Some(configurations) = shown.shift_remove(nested) {
        let context = format!("{}/$metadata#{SET}", call.root());
        shown.insert(format!("{nested}@odata.context"), context.into());
        shown.insert(nested.into(), configurations);
    }
    Reply::object(
        &call,
        "policies/authenticationMethodsPolicy/$entity",
        &shown,
    )
}

async fn change(
    call: &Call,
    change: impl FnOnce(&mut Policy) -> types::Result<()> + Send + 'static,
) -> Result<(), Refusal> {
    call.write(move |tx| {
        let mut policy = Policy::clone(&*Policy::get(tx)?);
        change(&mut policy)?;
        Policy::set(tx, policy).map(drop)
    })
    .await
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let patch = call.object(POLICY.kind)?;
    change(&call, move |policy| graph::patch(policy, &patch)).await?;
    Ok(Reply::no_content())
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    let policy = call.read(Policy::get).await?;
    let items: Vec<Value> = Configuration::ALL
        .iter()
        .map(|configuration| configuration.show(&policy))
        .collect();
    Reply::collection(&call, SET, &Page::all(items))
}

async fn get_configuration(call: Call) -> Result<Reply, Refusal> {
    let configuration = Configuration::by_id(call.key("id"))?;
    let policy = call.read(Policy::get).await?;
    let shown = configuration.show(&policy).as_object().cloned();
    let shown = CONFIGURATION.select(&call.options, shown.unwrap_or_default())?;
    Reply::entity(&call, SET, &shown)
}

async fn update_configuration(call: Call) -> Result<Reply, Refusal> {
    let configuration = Configuration::by_id(call.key("id"))?;
    let patch = call.object(configuration.graph_type())?;
    change(&call, move |policy| configuration.patch(policy, &patch)).await?;
    Ok(Reply::no_content())
}

async fn reset_configuration(call: Call) -> Result<Reply, Refusal> {
    let configuration = Configuration::by_id(call.key("id"))?;
    change(&call, move |policy| {
        configuration.reset(policy);
        Ok(())
    })
    .await?;
    Ok(Reply::no_content())
}

async fn get_sign_in(call: Call) -> Result<Reply, Refusal> {
    let policy = call.read(Policy::get).await?;
    let shown = SIGN_IN.select(&call.options, graph::show_sign_in(&policy))?;
    Reply::object(&call, "isopolity/signInPolicy", &shown)
}

async fn update_sign_in(call: Call) -> Result<Reply, Refusal> {
    let patch = call.object(SIGN_IN.kind)?;
    change(&call, move |policy| graph::patch_sign_in(policy, &patch)).await?;
    Ok(Reply::no_content())
}

/// By the `multifactorAuthentication` of the body.
async fn preview_sign_in(call: Call) -> Result<Reply, Refusal> {
    let body = call.object(SIGN_IN.kind)?;
    if let Some(name) = body
        .keys()
        .find(|name| *name != "multifactorAuthentication")
    {
        return Err(
            Error::invalid(name, "Only 'multifactorAuthentication' can be previewed.").into(),
        );
    }
    let new = body
        .get("multifactorAuthentication")
        .unwrap_or(&Value::Null);
    let new = graph::multifactor(new)?;
    user_sharing::admit_preview(&call)?;
    let shown = call.read(move |tx| concern::preview(tx, new)).await?;
    let shown: Map<String, Value> = shown.as_object().cloned().unwrap_or_default();
    Reply::object(&call, "isopolity.signInPolicyPreview", &shown)
}
