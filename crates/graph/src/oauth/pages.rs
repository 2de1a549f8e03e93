//! The addresses that people's browsers visit: where a client sends them to sign in, the forms of
//! the pages, where they enter a device's code, where they sign out.
//!
//! Source: RFC 6749 §3.1, OpenID Connect Core §3.1.2.1, RFC 8628 §3.3, OpenID Connect RP-Initiated
//! Logout 1.0.

use credentials::Kind;
use http::{Method, StatusCode, header};
use identity::Secret;
use identity::discovery::Authority;
use identity::oauth::{Form, OAuthError, ResponseMode, with_parameters};
use identity::session::Cookies;
use identity::token::tenant_of_hint;
use node::oauth::{
    AccountView, Act, Browser, Face, Input, Outcome, OwnInput, Screen, SignOutRequest, Step,
    domain_hint,
};
use signin::{Language, Page};
use types::TenantId;

use super::page::{moved, page};
use super::{Failure, authority, find_tenant, trail_of};
use crate::errors::Refusal;
use crate::query_options;
use crate::reply::Reply;
use crate::request::PublicCall;
use crate::route::{Area, ErrorForm};

/// Where clients' requests go, below the tenant.
const AUTHORIZE_END: &str = "oauth2/v2.0/authorize";
/// Where a page's forms go, below the tenant.
const FORMS: &str = "signin";

/// How long clients that are framed have to hear of a sign-out.
const FRAMES_SECONDS: u32 = 3;

pub(super) fn routes(oauth: &mut Area<'_>) {
    const AUTHORIZE: &str = "/{tenant}/oauth2/v2.0/authorize";
    const CONSENTS: [&str; 2] = ["/{tenant}/v2.0/adminconsent", "/{tenant}/adminconsent"];
    const LOGOUT: &str = "/{tenant}/oauth2/v2.0/logout";
    oauth
        .public(Method::GET, AUTHORIZE, "Sign in for a client", authorize)
        .errors(ErrorForm::Page);
    oauth
        .public(
            Method::POST,
            AUTHORIZE,
            "Sign in for a client",
            post_authorize,
        )
        .errors(ErrorForm::Page);
    for path in CONSENTS {
        oauth
            .public(
                Method::GET,
                path,
                "Ask an administrator for consent for everybody",
                admin_consent,
            )
            .errors(ErrorForm::Page);
    }
    oauth
        .public(Method::GET, LOGOUT, "Sign out", sign_out)
        .errors(ErrorForm::Page);
    oauth
        .public(Method::POST, LOGOUT, "Sign out", sign_out)
        .errors(ErrorForm::Page);
    oauth
        .public(
            Method::POST,
            "/{tenant}/signin",
            "What was entered on a sign-in page",
            enter,
        )
        .errors(ErrorForm::Page);
    oauth
        .public(
            Method::GET,
            "/{tenant}/signin",
            "Begin anew where a page was that is gone",
            begin_anew,
        )
        .errors(ErrorForm::Page);
    oauth
        .public(
            Method::GET,
            "/{tenant}/account",
            "One's own account",
            account,
        )
        .errors(ErrorForm::Page);
    oauth
        .public(
            Method::GET,
            "/{tenant}/b2b/signin",
            "Sign in at home to visit another tenant",
            visit,
        )
        .errors(ErrorForm::Page);
    oauth
        .public(
            Method::GET,
            "/{tenant}/b2b/return",
            "Come back from signing in at home",
            arrive,
        )
        .errors(ErrorForm::Page);
    oauth
        .public(
            Method::GET,
            "/redeem",
            "Follow an invitation's link",
            follow_invitation,
        )
        .errors(ErrorForm::Page);
    oauth
        .public(
            Method::GET,
            "/devicelogin",
            "Find the tenant to sign in at for a device",
            find_device_page,
        )
        .errors(ErrorForm::Page);
    oauth
        .public(
            Method::GET,
            "/{tenant}/devicelogin",
            "Sign in for a device",
            device_page,
        )
        .errors(ErrorForm::Page);
}

fn cookies(call: &PublicCall) -> Cookies {
    Cookies::new(call.platform().node.public_url())
}

/// The `Cookie` headers.
fn cookie_headers(call: &PublicCall) -> impl Iterator<Item = &str> {
    let all = call.headers.get_all(header::COOKIE).iter();
    all.filter_map(|value| value.to_str().ok())
}

fn browser(call: &PublicCall, tenant: TenantId) -> Browser {
    let cookies = cookies(call);
    Browser {
        binding: cookies.browser(cookie_headers(call)),
        cookie: cookies.session(cookie_headers(call), tenant),
        elsewhere: sessions(call)
            .into_iter()
            .filter(|(other, _)| *other != tenant)
            .collect(),
        device: cookies.device(cookie_headers(call), tenant),
        address: Some(call.client_address()),
        user_agent: call.header("user-agent").map(str::to_owned),
    }
}

pub(super) fn language(call: &PublicCall, ui_locales: Option<&str>) -> Language {
    Language::choose(wished(call, ui_locales))
}

fn wished<'a>(call: &'a PublicCall, ui_locales: Option<&'a str>) -> Vec<&'a str> {
    signin::wished(ui_locales, call.header("accept-language"))
}

/// How the tenant's pages show it to whoever calls.
async fn face(
    call: &PublicCall,
    tenant: TenantId,
    ui_locales: Option<&str>,
) -> types::Result<Face> {
    let wished = wished(call, ui_locales).into_iter();
    let wished = wished.map(str::to_owned).collect();
    call.platform().node.face(tenant, wished).await
}

/// What is wrong, for the person to read.
pub(super) fn problem(call: &PublicCall, failure: Failure) -> Result<Reply, Refusal> {
    match failure {
        Failure::Failed(error) => Err(error.into()),
        Failure::Refused(error) => {
            let screen = Screen::Error { error, back: None };
            Ok(end(call, None, screen, language(call, None)))
        }
    }
}

fn end(call: &PublicCall, face: Option<Face>, screen: Screen, language: Language) -> Reply {
    let status = match &screen {
        Screen::Error { error, .. } => {
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST)
        }
        _ => StatusCode::OK,
    };
    let shown = Page {
        face,
        action: String::new(),
        flow: None,
        redirect_uri: None,
        language,
        trail: trail_of(call),
    };
    page(status, signin::render(&screen, &shown))
}

/// Sends what comes next.
async fn send(
    call: &PublicCall,
    tenant: TenantId,
    outcome: types::Result<Outcome>,
) -> Result<Reply, Refusal> {
    let Outcome {
        step,
        cookies,
        ui_locales,
    } = outcome?;
    let reply = match step {
        Step::Page {
            screen,
            flow,
            redirect_uri,
        } => {
            let shown = Page {
                face: Some(face(call, tenant, ui_locales.as_deref()).await?),
                action: format!("/{tenant}/{FORMS}"),
                flow: Some(flow),
                redirect_uri,
                language: language(call, ui_locales.as_deref()),
                trail: trail_of(call),
            };
            page(StatusCode::OK, signin::render(&screen, &shown))
        }
        Step::End(screen) => {
            let face = face(call, tenant, ui_locales.as_deref()).await?;
            let onward = onward(&screen);
            let language = language(call, ui_locales.as_deref());
            let reply = end(call, Some(face), screen, language);
            match onward {
                Some(onward) => reply.with_header(header::REFRESH, &onward),
                None => reply,
            }
        }
        Step::Moved(location) => moved(call.method(), &location)?,
        Step::Answer(answer) if answer.mode == ResponseMode::FormPost => {
            let language = language(call, ui_locales.as_deref());
            page(StatusCode::OK, signin::form_post(&answer, language))
        }
        Step::Answer(answer) => moved(call.method(), &answer.location())?,
    };
    Ok(cookies.iter().fold(reply, |reply, cookie| {
        reply.with_added_header(header::SET_COOKIE, cookie.header())
    }))
}

/// Where a browser goes on to by itself once the frames of a page have had time to load.
fn onward(screen: &Screen) -> Option<String> {
    match screen {
        Screen::SignedOut {
            frames,
            back: Some(back),
            ..
        } if !frames.is_empty() => Some(format!("{FRAMES_SECONDS};url={back}")),
        _ => None,
    }
}

fn is_form(call: &PublicCall) -> bool {
    crate::body::is_of_type(&call.headers, "application/x-www-form-urlencoded")
}

/// The parameters of a form's body.
pub(super) fn posted(call: &PublicCall) -> Result<Form, Failure> {
    if !is_form(call) {
        return Err(OAuthError::Malformed("the body isn't a form").into());
    }
    Ok(Form::parse(call.header("content-type"), &call.body)?)
}

/// The parameters of a client's request and the tenant that it is for, or the way to that tenant.
/// `end`: the request's path below the tenant.
async fn addressed(
    call: &PublicCall,
    end: &str,
) -> Result<Result<(TenantId, Form), Reply>, Refusal> {
    let found = async {
        let form = Form::of_query(&call.query)?;
        Ok::<_, Failure>((form, authority(call).await?))
    };
    Ok(match found.await {
        Ok((form, Authority::Tenant(tenant))) => Ok((tenant, form)),
        Ok((form, _)) => Err(find_home(call, &form, end).await?),
        Err(failure) => Err(problem(call, failure)?),
    })
}

async fn authorize(call: PublicCall) -> Result<Reply, Refusal> {
    let (tenant, form) = match addressed(&call, AUTHORIZE_END).await? {
        Ok(addressed) => addressed,
        Err(reply) => return Ok(reply),
    };
    let node = &call.platform().node;
    let browser = browser(&call, tenant);
    let outcome = node.authorize(tenant, form, browser, trail_of(&call)).await;
    send(&call, tenant, outcome).await
}

/// A request that comes in a form goes on as an address: so that the browser brings its cookies,
/// which it doesn't when another site posts.
async fn post_authorize(call: PublicCall) -> Result<Reply, Refusal> {
    if !is_form(&call) {
        let error = OAuthError::Malformed("the body isn't a form");
        return problem(&call, error.into());
    }
    let parameters = call.form()?;
    moved(call.method(), &with_parameters(&call.path, &parameters))
}

async fn admin_consent(call: PublicCall) -> Result<Reply, Refusal> {
    let (tenant, form) = match addressed(&call, "v2.0/adminconsent").await? {
        Ok(addressed) => addressed,
        Err(reply) => return Ok(reply),
    };
    let node = &call.platform().node;
    let browser = browser(&call, tenant);
    let outcome = node
        .admin_consent(tenant, form, browser, trail_of(&call))
        .await;
    send(&call, tenant, outcome).await
}

/// The link of an invitation, which says itself which tenant it is of.
async fn follow_invitation(call: PublicCall) -> Result<Reply, Refusal> {
    let found = async {
        let form = Form::of_query(&call.query)?;
        let id = |name| form.require(name).map(types::parse_uuid);
        let (tenant, user) = (id("tenant")?, id("user")?);
        let ticket = form.require("ticket")?.to_owned();
        let (Some(tenant), Some(user)) = (tenant, user) else {
            return Err(OAuthError::UnknownInvitation.into());
        };
        let tenant = match find_tenant(&call, &tenant.to_string()).await {
            Err(Failure::Refused(_)) => return Err(OAuthError::UnknownInvitation.into()),
            tenant => tenant?,
        };
        Ok::<_, Failure>((tenant, user, ticket))
    };
    let (tenant, user, ticket) = match found.await {
        Ok(found) => found,
        Err(failure) => return problem(&call, failure),
    };
    let node = &call.platform().node;
    let browser = browser(&call, tenant);
    let outcome = node
        .follow_invitation(tenant, user, &ticket, browser, trail_of(&call))
        .await;
    send(&call, tenant, outcome).await
}

/// Home-realm discovery: under `common` and `organizations`, the tenant is that of the domain in
/// the person's name.
async fn find_home(call: &PublicCall, form: &Form, end: &str) -> Result<Reply, Refusal> {
    let domain = form
        .get("login_hint")
        .and_then(|hint| hint.rsplit_once('@'))
        .map(|(_, domain)| domain)
        .or_else(|| domain_hint(form))
        .map(str::trim)
        .filter(|domain| !domain.is_empty());
    // A token says whom it is about.
    let hinted = form.get("id_token_hint").and_then(tenant_of_hint);
    let hinted = hinted.map(|tenant| tenant.to_string());
    let domain = hinted.as_deref().or(domain);
    let found = match domain {
        None => None,
        Some(domain) => match find_tenant(call, domain).await {
            Ok(tenant) => Some(tenant),
            Err(Failure::Refused(_)) => None,
            Err(failure) => return problem(call, failure),
        },
    };
    let parameters = query_options::pairs(&call.query)?;
    let is_silent = end == AUTHORIZE_END && form.get("prompt") == Some("none");
    if let Some(tenant) = found.filter(|_| !is_silent) {
        let node = &call.platform().node;
        if let Err(error) = node.check_audience(tenant, form).await {
            return problem(call, error.into());
        }
        let path = format!("/{tenant}/{end}");
        return moved(call.method(), &with_parameters(&path, &parameters));
    }
    let node = &call.platform().node;
    let accounts = match node.accounts_at_home(sessions(call)).await {
        Ok(accounts) => accounts,
        Err(error) => return problem(call, error.into()),
    };
    if is_silent {
        return match find_silently(call, form, found, domain.is_some(), accounts).await {
            Ok(reply) => reply,
            Err(error) => problem(call, error.into()),
        };
    }
    let accounts: Vec<_> = accounts.into_iter().map(|(_, account)| account).collect();
    let language = language(call, form.get("ui_locales"));
    let known = &parameters;
    let rendered = signin::find_tenant(&call.path, known, &accounts, domain.is_some(), language);
    Ok(page(StatusCode::OK, rendered))
}

/// The tenant of a request that lets nobody be asked: that of the person, if the client is one of it,
/// else the client's own, which tells the client that nobody is signed in. A page is only for what no
/// client can be told.
async fn find_silently(
    call: &PublicCall,
    form: &Form,
    found: Option<TenantId>,
    names_domain: bool,
    mut accounts: Vec<(TenantId, AccountView)>,
) -> types::Result<Result<Reply, Refusal>> {
    let node = &call.platform().node;
    let mut first: Vec<TenantId> = found.into_iter().collect();
    first.extend(accounts.iter().map(|(tenant, _)| *tenant));
    let known = node.tenants_of_client(form, &first).await?;
    let parameters = match query_options::pairs(&call.query) {
        Ok(parameters) => parameters,
        Err(refusal) => return Ok(Err(refusal)),
    };
    accounts.retain(|(tenant, _)| known.contains(tenant));
    let mut homes: Vec<TenantId> = accounts.iter().map(|(tenant, _)| *tenant).collect();
    homes.dedup();
    let tenant = match (found, &*homes) {
        (Some(found), _) if known.contains(&found) => Some(found),
        (None, [_, _, ..]) if !names_domain => {
            let form = Form::of_query(&call.query);
            let (Some(tenant), Ok(form)) = (homes.first(), form) else {
                return Ok(problem(call, OAuthError::NoTenant.into()));
            };
            let error = OAuthError::AccountSelection;
            let outcome = node
                .refuse_silently(*tenant, form, error, trail_of(call))
                .await;
            return Ok(send(call, *tenant, outcome).await);
        }
        // Who visits there is one of those that it has to choose from, so it isn't told whom to take.
        (None, [home]) if !names_domain => Some(*home),
        _ => known.first().copied(),
    };
    Ok(match tenant {
        Some(tenant) => {
            let path = format!("/{tenant}/{AUTHORIZE_END}");
            moved(call.method(), &with_parameters(&path, &parameters))
        }
        None => problem(call, OAuthError::NoTenant.into()),
    })
}

/// The browser's session at each tenant where it has one.
fn sessions(call: &PublicCall) -> Vec<(TenantId, Secret)> {
    let cookies = cookies(call);
    let tenants = cookies.tenants(cookie_headers(call)).into_iter();
    let sessions = tenants.filter_map(|tenant| {
        let session = cookies.session(cookie_headers(call), tenant)?;
        Some((tenant, session))
    });
    sessions.collect()
}

/// The address of a form, opened by itself: what it was about is gone with the page, so that the person
/// begins at their own account.
async fn begin_anew(call: PublicCall) -> Result<Reply, Refusal> {
    match authority(&call).await {
        Ok(Authority::Tenant(tenant)) => moved(call.method(), &format!("/{tenant}/account")),
        Ok(_) => problem(&call, OAuthError::NoTenant.into()),
        Err(failure) => problem(&call, failure),
    }
}

/// What was entered on a page.
async fn enter(call: PublicCall) -> Result<Reply, Refusal> {
    let found = async {
        let form = posted(&call)?;
        let Authority::Tenant(tenant) = authority(&call).await? else {
            return Err(OAuthError::NoTenant.into());
        };
        let flow = form.require("flow")?.to_owned();
        Ok::<_, Failure>((tenant, flow, input(&form)?))
    };
    let (tenant, flow, input) = match found.await {
        Ok(found) => found,
        Err(failure) => return problem(&call, failure),
    };
    let node = &call.platform().node;
    let browser = browser(&call, tenant);
    let entered = node.enter(tenant, &flow, input, browser, trail_of(&call));
    let outcome = Box::pin(entered).await;
    send(&call, tenant, outcome).await
}

fn input(form: &Form) -> Result<Input, OAuthError> {
    let text = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let session = || match form.get("session") {
        None => Ok(None),
        Some(session) => types::parse_uuid(session)
            .map(Some)
            .ok_or(OAuthError::Malformed("there is no such session")),
    };
    Ok(match form.require("step")? {
        "name" => Input::Name(text("name")),
        "password" => Input::Password {
            password: Secret::new(text("password")),
            keep: form.get("keep").is_some(),
        },
        "access-pass" => Input::AccessPass(Secret::new(text("pass"))),
        "passkey" => Input::Passkey {
            answer: text("answer"),
            keep: form.get("keep") == Some("1"),
        },
        "code" => Input::Code(Kind::Totp, text("code")),
        "recovery-code" => Input::Code(Kind::RecoveryCode, text("code")),
        "choose" => Input::Choose(match form.get("kind") {
            Some("passkey") => Kind::Passkey,
            Some("totp") => Kind::Totp,
            Some("recoveryCode") => Kind::RecoveryCode,
            Some("temporaryAccessPass") => Kind::TemporaryAccessPass,
            _ => Kind::Password,
        }),
        "register-app" => Input::RegisterApp(text("code")),
        "register-passkey" => Input::RegisterPasskey(text("answer")),
        "codes" => Input::CodesKept,
        "new-password" => Input::NewPassword {
            new: Secret::new(text("new")),
            again: Secret::new(text("again")),
        },
        "account" => Input::Account(session()?),
        "accounts" => Input::Accounts,
        "consent" => Input::Consent {
            accept: form.get("decision") == Some("accept"),
            for_all: form.get("all").is_some(),
        },
        "device" => Input::DeviceCode(text("code")),
        "sign-out" => Input::SignOut(session()?),
        "own" => Input::Own(own(form)?),
        "own-do" => Input::Own(OwnInput::Do(form.get("name").map(str::to_owned))),
        "redeem" => Input::Redeem {
            accept: form.get("decision") == Some("accept"),
        },
        _ => return Err(OAuthError::Malformed("there is no such step")),
    })
}

/// What a button on the pages of the account is for.
fn own(form: &Form) -> Result<OwnInput, OAuthError> {
    let id = || {
        form.get("id")
            .and_then(types::parse_uuid)
            .ok_or(OAuthError::Malformed("there is no such id"))
    };
    Ok(match form.require("act")? {
        "overview" => OwnInput::Overview,
        "password" => OwnInput::Open(Act::ChangePassword),
        "app" => OwnInput::Open(Act::AddApp),
        "passkey" => OwnInput::Open(Act::AddPasskey),
        "codes" => OwnInput::Open(Act::NewCodes),
        "remove-app" => OwnInput::Open(Act::RemoveApp(id()?)),
        "remove-passkey" => OwnInput::Open(Act::RemovePasskey(id()?)),
        "rename" => OwnInput::Open(Act::RenamePasskey(id()?)),
        "everywhere" => OwnInput::Open(Act::SignOutEverywhere),
        "leave" => OwnInput::Open(Act::Leave),
        "end" => OwnInput::EndSession(id()?),
        "end-others" => OwnInput::EndOthers,
        "take-back" => OwnInput::TakeBack(form.require("id")?.to_owned()),
        _ => return Err(OAuthError::Malformed("there is no such act")),
    })
}

/// One's own account.
async fn account(call: PublicCall) -> Result<Reply, Refusal> {
    let found = async {
        match authority(&call).await? {
            Authority::Tenant(tenant) => Ok(tenant),
            Authority::Common | Authority::Organizations => signed_in_tenant(&call).await,
        }
    };
    let tenant = match found.await {
        Ok(tenant) => tenant,
        Err(failure) => return problem(&call, failure),
    };
    // What is opened from elsewhere is asked about first, and never done.
    let act = match call.options.parameter("act") {
        Some("leave") => Some(Act::Leave),
        Some("password") => Some(Act::ChangePassword),
        _ => None,
    };
    let node = &call.platform().node;
    let browser = browser(&call, tenant);
    let name = call.options.parameter("login_hint").map(str::to_owned);
    let outcome = node
        .account(tenant, name, act, browser, trail_of(&call))
        .await;
    send(&call, tenant, outcome).await
}

/// The tenant where the browser is signed in, if it is one.
async fn signed_in_tenant(call: &PublicCall) -> Result<TenantId, Failure> {
    let mut tenants = cookies(call).tenants(cookie_headers(call));
    match (tenants.pop(), tenants.is_empty()) {
        (Some(tenant), true) => find_tenant(call, &tenant.to_string()).await,
        _ => Err(OAuthError::NoTenant.into()),
    }
}

/// A page that another tenant of ours has sent the browser to.
async fn between(call: &PublicCall) -> Result<(TenantId, Form), Failure> {
    let form = Form::of_query(&call.query)?;
    match authority(call).await? {
        Authority::Tenant(tenant) => Ok((tenant, form)),
        Authority::Common | Authority::Organizations => Err(OAuthError::NoTenant.into()),
    }
}

async fn visit(call: PublicCall) -> Result<Reply, Refusal> {
    let (home, form) = match between(&call).await {
        Ok(found) => found,
        Err(failure) => return problem(&call, failure),
    };
    let node = &call.platform().node;
    let browser = browser(&call, home);
    let outcome = node.visit(home, &form, browser, trail_of(&call)).await;
    send(&call, home, outcome).await
}

async fn arrive(call: PublicCall) -> Result<Reply, Refusal> {
    let (tenant, form) = match between(&call).await {
        Ok(found) => found,
        Err(failure) => return problem(&call, failure),
    };
    let node = &call.platform().node;
    let browser = browser(&call, tenant);
    let outcome = node.arrive(tenant, &form, browser, trail_of(&call)).await;
    send(&call, tenant, outcome).await
}

/// Finds the tenant whose page takes a device's code.
async fn find_device_page(call: PublicCall) -> Result<Reply, Refusal> {
    let hint = call.options.parameter("login_hint").unwrap_or_default();
    let domain = hint.rsplit_once('@').map(|(_, domain)| domain.trim());
    let found = match domain {
        None => None,
        Some(domain) => match find_tenant(&call, domain).await {
            Ok(tenant) => Some(tenant),
            Err(Failure::Refused(_)) => None,
            Err(failure) => return problem(&call, failure),
        },
    };
    let parameters = [("login_hint".to_owned(), hint.to_owned())];
    if let Some(tenant) = found {
        let path = format!("/{tenant}/devicelogin");
        return moved(call.method(), &with_parameters(&path, &parameters));
    }
    let known = if hint.is_empty() {
        &[][..]
    } else {
        &parameters
    };
    let language = language(&call, None);
    let rendered = signin::find_tenant("/devicelogin", known, &[], !hint.is_empty(), language);
    Ok(page(StatusCode::OK, rendered))
}

async fn device_page(call: PublicCall) -> Result<Reply, Refusal> {
    let tenant = match authority(&call).await {
        Ok(Authority::Tenant(tenant)) => tenant,
        Ok(Authority::Common | Authority::Organizations) => {
            return moved(call.method(), "/devicelogin");
        }
        Err(failure) => return problem(&call, failure),
    };
    let node = &call.platform().node;
    let name = call.options.parameter("login_hint").map(str::to_owned);
    let browser = browser(&call, tenant);
    let outcome = node
        .device_page(tenant, name, browser, trail_of(&call))
        .await;
    send(&call, tenant, outcome).await
}

/// Where somebody signs out whom nobody has said the tenant of: that of the account which is named, else
/// the home of those who are signed in, where they visit ending with it.
async fn tenant_to_leave(
    call: &PublicCall,
    hint: Option<&str>,
) -> Result<Option<TenantId>, Failure> {
    let sessions = sessions(call);
    if sessions.is_empty() {
        return Ok(None);
    }
    if let Some((_, domain)) = hint.and_then(|hint| hint.rsplit_once('@')) {
        match find_tenant(call, domain.trim()).await {
            Ok(tenant) if sessions.iter().any(|(own, _)| *own == tenant) => {
                return Ok(Some(tenant));
            }
            Ok(_) | Err(Failure::Refused(_)) => {}
            Err(failure) => return Err(failure),
        }
    }
    let accounts = call.platform().node.accounts_at_home(sessions).await?;
    let mut homes: Vec<TenantId> = accounts.iter().map(|(tenant, _)| *tenant).collect();
    homes.dedup();
    match *homes {
        [home] => Ok(Some(home)),
        _ => signed_in_tenant(call).await.map(Some),
    }
}

async fn sign_out(call: PublicCall) -> Result<Reply, Refusal> {
    // A form of another site comes without the browser's cookies; an address brings them.
    if *call.method() == Method::POST && is_form(&call) && sessions(&call).is_empty() {
        let parameters = call.form()?;
        return moved(call.method(), &with_parameters(&call.path, &parameters));
    }
    let found = async {
        let form = if *call.method() == Method::POST {
            posted(&call)?
        } else {
            Form::of_query(&call.query)?
        };
        let tenant = match authority(&call).await? {
            Authority::Tenant(tenant) => tenant,
            Authority::Common | Authority::Organizations => match form.get("id_token_hint") {
                Some(hint) => {
                    let tenant = tenant_of_hint(hint).ok_or(OAuthError::IdTokenHint)?;
                    match find_tenant(&call, &tenant.to_string()).await {
                        Err(Failure::Refused(_)) => return Err(OAuthError::IdTokenHint.into()),
                        found => found?,
                    }
                }
                None => match tenant_to_leave(&call, form.get("logout_hint")).await? {
                    Some(tenant) => tenant,
                    None => return Ok(None),
                },
            },
        };
        Ok::<_, Failure>(Some((tenant, SignOutRequest::parse(&form)?)))
    };
    let (tenant, request) = match found.await {
        Ok(Some(found)) => found,
        // Nobody is signed in anywhere, and no client has said who it is.
        Ok(None) => {
            let (of, frames, back) = (Vec::new(), Vec::new(), None);
            let screen = Screen::SignedOut { of, frames, back };
            let ui_locales = call.options.parameter("ui_locales");
            return Ok(end(&call, None, screen, language(&call, ui_locales)));
        }
        Err(failure) => return problem(&call, failure),
    };
    let node = &call.platform().node;
    let browser = browser(&call, tenant);
    let outcome = node.sign_out(tenant, request, browser).await;
    send(&call, tenant, outcome).await
}
