//! `/setup`: the first tenant of a deployment that has none ([`node::Node::offer_setup`]).

use http::{Method, StatusCode};
use identity::Secret;
use node::{FirstProof, FirstTenant, SetUp};
use signin::{Language, Passkeys, Setup};

use super::page::page;
use super::pages::{language, posted};
use crate::errors::Refusal;
use crate::query_options;
use crate::reply::Reply;
use crate::request::PublicCall;
use crate::route::{Area, ErrorForm};

const PATH: &str = "/setup";

pub(super) fn routes(oauth: &mut Area<'_>) {
    oauth
        .public(Method::GET, PATH, "Set up the first tenant", ask)
        .errors(ErrorForm::Page);
    oauth
        .public(Method::POST, PATH, "Set up the first tenant", set_up)
        .errors(ErrorForm::Page);
}

fn late(language: Language) -> Reply {
    page(StatusCode::NOT_FOUND, signin::setup(&Setup::Late, language))
}

async fn ask(call: PublicCall) -> Result<Reply, Refusal> {
    let language = language(&call, None);
    if !call.platform().node.awaits_setup() {
        return Ok(late(language));
    }
    let parameters = query_options::pairs(&call.query)?;
    let code = parameters.iter().find(|(name, _)| name == "code");
    let form = Setup::Form {
        code: code.map_or("", |(_, code)| code),
        entered: None,
        passkeys: passkeys(&call),
        problem: None,
        differ: false,
    };
    Ok(page(StatusCode::OK, signin::setup(&form, language)))
}

async fn set_up(call: PublicCall) -> Result<Reply, Refusal> {
    let language = language(&call, None);
    let form = match posted(&call) {
        Ok(form) => form,
        Err(failure) => return super::pages::problem(&call, failure),
    };
    let text = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let first = FirstTenant {
        name: text("organization"),
        domain: text("domain"),
        admin: text("admin"),
    };
    let code = text("code");
    let again = |problem, differ| {
        let form = Setup::Form {
            code: &code,
            entered: Some(&first),
            passkeys: passkeys(&call),
            problem,
            differ,
        };
        page(StatusCode::OK, signin::setup(&form, language))
    };
    let by = match form.get("by").unwrap_or_default() {
        "passkey" => FirstProof::Passkey,
        "made" => FirstProof::MadePasskey(text("answer")),
        // Whoever would rather have a password after all.
        "back" => return Ok(again(None, false)),
        _ if text("new") != text("again") => return Ok(again(None, true)),
        _ => FirstProof::Password(Secret::new(text("new"))),
    };
    let is_by_passkey = !matches!(by, FirstProof::Password(_));
    let node = &call.platform().node;
    Ok(match node.set_up(&code, first.clone(), by).await? {
        SetUp::Late => late(language),
        SetUp::Again(problem) => again(Some(problem), false),
        SetUp::Passkey {
            options,
            admin,
            host,
            problem,
        } => {
            let passkey = Setup::Passkey {
                code: &code,
                entered: &first,
                options: &options,
                admin: &admin,
                host: &host,
                problem,
            };
            page(StatusCode::OK, signin::setup(&passkey, language))
        }
        SetUp::Done { tenant, admin } => {
            let account = format!("/{tenant}/account");
            let done = Setup::Done {
                admin: &admin,
                account: &account,
                by_passkey: is_by_passkey,
            };
            page(StatusCode::OK, signin::setup(&done, language))
        }
    })
}

/// Whether a passkey can be made here, or where it could.
fn passkeys(call: &PublicCall) -> Passkeys {
    let node = &call.platform().node;
    if node.has_passkeys() {
        return Passkeys::Here;
    }
    let own = node.public_url().as_str();
    let named = own
        .replace("127.0.0.1", "localhost")
        .replace("[::1]", "localhost");
    Passkeys::Under(if named == own {
        "https://id.contoso.example".to_owned()
    } else {
        named
    })
}
