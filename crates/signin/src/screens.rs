//! Each page's content.

use std::borrow::Cow;

use identity::oauth::{OAuthError, origin_of};
use maud::{Markup, html};
use node::oauth::{
    AccountView, ClientView, ConsentView, Face, PasskeyView, Problem, ScopeView, Screen,
    SignedOutOf,
};

use crate::brand::PRODUCT;
use crate::factors::{self, choose, passkey_form};
use crate::layout::{Layout, document};
use crate::policy::{branded, policy, towards};
use crate::words::{Words, fill};
use crate::{Language, Page, Rendered, own, passkey};

/// A page before it is put together.
pub(crate) struct Content<'a> {
    pub(crate) title: Cow<'a, str>,
    pub(crate) lead: Option<String>,
    pub(crate) body: Markup,
    pub(crate) form_action: String,
    pub(crate) more_policy: String,
}

pub(crate) fn render(screen: &Screen, page: &Page) -> Rendered {
    let content = content(screen, page);
    let layout = Layout {
        language: page.language,
        face: page.face.as_ref(),
        title: &content.title,
        lead: content.lead,
        is_anybodys: false,
    };
    Rendered {
        html: document(&layout, content.body),
        policy: branded(
            page.face.as_ref(),
            &content.form_action,
            &content.more_policy,
        ),
    }
}

fn content<'a>(screen: &'a Screen, page: &'a Page) -> Content<'a> {
    let words = page.language.words();
    if let Some(content) = factors::render(screen, page, words) {
        return content;
    }
    if let Some(content) = own::render(screen, page, words) {
        return content;
    }
    match screen {
        Screen::Name {
            client,
            name,
            has_accounts,
            problem,
            passkey,
        } => Content {
            title: words.sign_in.into(),
            lead: to_app(words, client.as_ref()),
            body: html! {
                (form(page, "name", html! {
                    (self::problem(words, *problem))
                    (name_field(words, page.face.as_ref(), "name", name.as_deref(), passkey.is_some()))
                    button .primary type="submit" { (words.next) }
                }))
                (by_passkey(page, words, passkey.as_ref()))
                @if *has_accounts {
                    (form(page, "accounts", html! { button type="submit" { (words.back) } }))
                }
            },
            form_action: action(page, client.as_ref()),
            more_policy: passkey_policy(passkey.as_ref()),
        },
        Screen::Password {
            client,
            name,
            problem,
            passkey,
            has_access_passes,
        } => Content {
            title: words.sign_in.into(),
            lead: to_app(words, client.as_ref()),
            body: html! {
                (form(page, "password", html! {
                    label for="username" { (words.name) }
                    input #username type="text" name="username" value=(name) readonly
                        autocomplete="username" dir="ltr";
                    (self::problem(words, *problem))
                    label for="password" { (words.password) }
                    input #password type="password" name="password" required autofocus
                        autocomplete=(if passkey.is_some() { "current-password webauthn" } else { "current-password" })
                        maxlength="256"
                        aria-describedby=[problem.map(|_| "problem")];
                    label .check {
                        input type="checkbox" name="keep" value="1";
                        span { (words.keep) }
                    }
                    button .primary type="submit" { (words.sign_in) }
                }))
                (by_passkey(page, words, passkey.as_ref()))
                @if *has_access_passes {
                    (choose(page, "choose", "temporaryAccessPass", words.use_access_pass))
                }
                (other_account(page, words))
            },
            form_action: action(page, client.as_ref()),
            more_policy: passkey_policy(passkey.as_ref()),
        },
        Screen::AccessPass {
            client,
            name,
            problem,
        } => Content {
            title: words.sign_in.into(),
            lead: to_app(words, client.as_ref()),
            body: html! {
                (form(page, "access-pass", html! {
                    label for="username" { (words.name) }
                    input #username type="text" name="username" value=(name) readonly
                        autocomplete="off" dir="ltr";
                    (self::problem(words, *problem))
                    label for="pass" { (words.access_pass) }
                    input #pass type="password" name="pass" required autofocus
                        autocomplete="one-time-code" maxlength="64"
                        aria-describedby=[problem.map(|_| "problem")];
                    button .primary type="submit" { (words.sign_in) }
                }))
                (choose(page, "choose", "password", words.use_password))
                (other_account(page, words))
            },
            form_action: action(page, client.as_ref()),
            more_policy: String::new(),
        },
        Screen::Accounts { client, accounts } => Content {
            title: words.choose_account.into(),
            lead: to_app(words, client.as_ref()),
            body: html! {
                @for account in accounts { (account_form(page, "account", account)) }
                (other_account(page, words))
            },
            form_action: action(page, client.as_ref()),
            more_policy: String::new(),
        },
        Screen::Consent(consent) => Content {
            title: words.consent_title.into(),
            lead: Some(consent.account.name.clone()),
            body: self::consent(page, words, consent),
            form_action: action(page, Some(&consent.client)),
            more_policy: String::new(),
        },
        Screen::AdminConsent(consent) => Content {
            title: words.consent_title.into(),
            lead: Some(consent.account.name.clone()),
            body: html! {
                p .note { strong { (of_tenant(page, words.for_all)) } }
                (self::consent(page, words, consent))
            },
            form_action: action(page, Some(&consent.client)),
            more_policy: String::new(),
        },
        Screen::Redeem { name, tenant } => Content {
            title: fill(words.redeem_title, "{tenant}", tenant).into(),
            lead: Some(name.clone()),
            body: html! {
                p { strong { (fill(words.redeem_wants, "{tenant}", tenant)) } }
                ul {
                    li { (words.redeem_profile) }
                    li { (words.redeem_activity) }
                    li { (words.redeem_data) }
                }
                p .soft { (words.redeem_note) }
                (form(page, "redeem", html! {
                    button .primary type="submit" name="decision" value="accept" { (words.accept) }
                    button type="submit" name="decision" value="decline" { (words.cancel) }
                }))
            },
            form_action: "'self' https: http:".into(),
            more_policy: String::new(),
        },
        Screen::Approval(consent) => Content {
            title: words.approval_title.into(),
            lead: Some(consent.account.name.clone()),
            body: html! {
                p { (fill(&of_tenant(page, words.approval_text), "{app}", &consent.client.name)) }
                (scopes(words, &consent.scopes))
                (form(page, "consent", html! {
                    button type="submit" name="decision" value="decline" { (words.back_to_app) }
                }))
                (other_account(page, words))
                (details(page, words, &OAuthError::ApprovalNeeded, false))
            },
            form_action: action(page, Some(&consent.client)),
            more_policy: String::new(),
        },
        Screen::DeviceCode { account, problem } => Content {
            title: words.device_title.into(),
            lead: Some(account.name.clone()),
            body: html! {
                (form(page, "device", html! {
                    p { (words.device_hint) }
                    (self::problem(words, *problem))
                    label for="code" { (words.device_code) }
                    input #code .code type="text" name="code" required autofocus autocomplete="off"
                        autocapitalize="characters" spellcheck="false" maxlength="16"
                        aria-describedby=[problem.map(|_| "problem")];
                    button .primary type="submit" { (words.next) }
                }))
                (other_account(page, words))
            },
            form_action: "'self'".into(),
            more_policy: String::new(),
        },
        Screen::Device(consent) => Content {
            title: words.device_title.into(),
            lead: Some(consent.account.name.clone()),
            body: html! {
                p { strong { (fill(words.device_confirm, "{app}", &consent.client.name)) } }
                p .note { (words.device_warning) }
                @if consent.scopes.is_empty() {
                    (maker(words, &consent.client))
                    (decision(page, words, false))
                } @else {
                    (self::consent(page, words, consent))
                }
            },
            form_action: "'self'".into(),
            more_policy: String::new(),
        },
        Screen::DeviceDone { client, is_allowed } => ended(
            if *is_allowed {
                words.device_done
            } else {
                words.device_refused
            },
            Some(client.name.clone()),
            html! { p { (words.close_window) } },
        ),
        Screen::SignOut { accounts } => Content {
            title: words.sign_out.into(),
            lead: Some(words.sign_out_which.to_owned()),
            body: html! {
                p .soft { (words.sign_out_note) }
                @for account in accounts { (account_form(page, "sign-out", account)) }
                @if accounts.len() > 1 {
                    (form(page, "sign-out", html! {
                        button .primary type="submit" { (words.sign_out_all) }
                    }))
                }
            },
            form_action: "'self' https: http:".into(),
            more_policy: String::new(),
        },
        Screen::SignedOut { of, frames, back } => signed_out(words, of, frames, back.as_deref()),
        Screen::Error { error, back } => self::error(page, words, error, back.as_deref()),
        // Rendered above.
        Screen::Factor { .. }
        | Screen::Register { .. }
        | Screen::RegisterApp { .. }
        | Screen::RegisterPasskey { .. }
        | Screen::RecoveryCodes { .. }
        | Screen::NewPassword { .. }
        | Screen::Own(_)
        | Screen::OwnConfirm { .. }
        | Screen::OwnLeft { .. }
        | Screen::AskAdministrator { .. } => ended(words.error_title, None, html! {}),
    }
}

/// Offers a passkey instead of what the page asks for.
fn by_passkey(page: &Page, words: &Words, asked: Option<&PasskeyView>) -> Markup {
    html! {
        @if let Some(asked) = asked {
            (passkey_form(page, words, "passkey", asked, words.passkey_button, false))
            (passkey::SCRIPT.element())
        }
    }
}

fn passkey_policy(asked: Option<&PasskeyView>) -> String {
    asked.map(|_| passkey::SCRIPT.policy()).unwrap_or_default()
}

/// Where a page's form may lead: to the client, or to where the errand ends without one.
fn action(page: &Page, client: Option<&ClientView>) -> String {
    let client = client.and_then(|client| client.redirect_uri.as_deref());
    towards(client.or(page.redirect_uri.as_deref()))
}

fn ended(title: &str, lead: Option<String>, body: Markup) -> Content<'_> {
    Content {
        title: title.into(),
        lead,
        body,
        form_action: "'none'".into(),
        more_policy: String::new(),
    }
}

/// A text with the name of the page's tenant.
pub(crate) fn of_tenant(page: &Page, text: &str) -> String {
    let face = page.face.as_ref();
    fill(text, "{tenant}", face.map_or(PRODUCT, |face| &face.name))
}

/// A form of a page, which carries the flow.
pub(crate) fn form(page: &Page, step: &str, fields: Markup) -> Markup {
    html! {
        form method="post" action=(page.action) {
            input type="hidden" name="step" value=(step);
            @if let Some(flow) = &page.flow { input type="hidden" name="flow" value=(flow); }
            (fields)
        }
    }
}

fn to_app(words: &Words, client: Option<&ClientView>) -> Option<String> {
    client.map(|client| fill(words.to_app, "{app}", &client.name))
}

fn name_field(
    words: &Words,
    face: Option<&Face>,
    field: &str,
    value: Option<&str>,
    with_passkeys: bool,
) -> Markup {
    let hint = face.and_then(|face| face.name_hint.as_deref());
    html! {
        label for="name" { (words.name) }
        input #name type="text" name=(field) value=[value] required autofocus inputmode="email"
            autocomplete=(if with_passkeys { "username webauthn" } else { "username" }) autocapitalize="none" spellcheck="false" maxlength="320"
            placeholder=(hint.unwrap_or(words.name_hint)) dir="ltr";
    }
}

pub(crate) fn problem(words: &Words, problem: Option<Problem>) -> Markup {
    let text = problem.map(|problem| match problem {
        Problem::WrongCredentials => words.wrong_credentials,
        Problem::TooManyAttempts => words.too_many,
        Problem::WrongUserCode => words.wrong_code,
        Problem::WrongCode => words.wrong_factor,
        Problem::WrongPasskey => words.wrong_passkey,
        Problem::PasswordsDiffer => words.passwords_differ,
        Problem::SamePassword => words.same_password,
        Problem::WeakPassword => words.weak_password,
        Problem::BadName => words.own_bad_name,
        Problem::Refused => words.own_refused,
    });
    html! { @if let Some(text) = text { p #problem .bad role="alert" { (text) } } }
}

fn account_form(page: &Page, step: &str, account: &AccountView) -> Markup {
    form(
        page,
        step,
        html! {
            button .account type="submit" name="session" value=(account.session) {
                bdi { (account.display_name) }
                small { bdi dir="ltr" { (account.name) } }
            }
        },
    )
}

pub(crate) fn other_account(page: &Page, words: &Words) -> Markup {
    form(
        page,
        "account",
        html! { button type="submit" { (words.other_account) } },
    )
}

fn consent(page: &Page, words: &Words, consent: &ConsentView) -> Markup {
    html! {
        p { strong { (fill(words.consent_wants, "{app}", &consent.client.name)) } }
        (scopes(words, &consent.scopes))
        (maker(words, &consent.client))
        p .soft { (words.consent_note) }
        (decision(page, words, consent.can_allow_all))
    }
}

/// Who has made a client, and where it takes the answer.
fn maker(words: &Words, client: &ClientView) -> Markup {
    let host = client
        .redirect_uri
        .as_deref()
        .filter(|uri| uri.starts_with("https://"))
        .and_then(origin_of)
        .and_then(|origin| origin.strip_prefix("https://"));
    html! {
        @if let Some(domain) = &client.publisher {
            p .soft { (fill(words.publisher, "{domain}", domain)) }
        }
        @if let Some(host) = host { p .soft { (fill(words.goes_to, "{host}", host)) } }
    }
}

fn decision(page: &Page, words: &Words, can_allow_all: bool) -> Markup {
    form(
        page,
        "consent",
        html! {
            @if can_allow_all {
                label .check {
                    input type="checkbox" name="all" value="1";
                    span { (of_tenant(page, words.for_all)) }
                }
            }
            button .primary type="submit" name="decision" value="accept" { (words.accept) }
            button type="submit" name="decision" value="decline" { (words.cancel) }
        },
    )
}

pub(crate) fn scopes(words: &Words, scopes: &[ScopeView]) -> Markup {
    html! {
        ul {
            @for scope in scopes {
                li {
                    @match own_words(words, &scope.value) {
                        Some(title) => (title),
                        None => {
                            bdi { (scope.title) }
                            @if scope.description != scope.title { small dir="auto" { (scope.description) } }
                        }
                    }
                    @if scope.needs_admin { small { (words.needs_admin) } }
                }
            }
        }
    }
}

/// The scopes that nearly every client asks for, in the person's language.
fn own_words(words: &Words, scope: &str) -> Option<&'static str> {
    Some(match scope {
        "openid" => words.scope_openid,
        "profile" => words.scope_profile,
        "email" => words.scope_email,
        "offline_access" => words.scope_offline_access,
        "User.Read" => words.scope_user_read,
        _ => return None,
    })
}

fn signed_out<'a>(
    words: &'a Words,
    of: &[SignedOutOf],
    frames: &[String],
    back: Option<&str>,
) -> Content<'a> {
    let origins: Vec<&str> = frames.iter().filter_map(|frame| origin_of(frame)).collect();
    let mut content = ended(
        words.signed_out,
        None,
        html! {
            @if !of.is_empty() {
                p { (words.signed_out_of) }
                ul {
                    @for ended in of {
                        li {
                            bdi { (ended.tenant) }
                            @for name in &ended.names { small dir="ltr" { (name) } }
                        }
                    }
                }
            }
            p { (words.signed_out_note) }
            @if let Some(back) = back { a .button .primary href=(back) { (words.go_on) } }
            @for frame in frames {
                iframe src=(frame) sandbox="allow-scripts allow-same-origin" title="" aria-hidden="true" {}
            }
        },
    );
    if !origins.is_empty() {
        content.more_policy = format!("; frame-src {}", origins.join(" "));
    }
    content
}

fn error<'a>(
    page: &'a Page,
    words: &'a Words,
    error: &OAuthError,
    back: Option<&str>,
) -> Content<'a> {
    let text = match error {
        OAuthError::PageExpired | OAuthError::ExpiredDeviceCode | OAuthError::WrongUserCode => {
            words.error_expired
        }
        OAuthError::DisabledUser => words.error_disabled,
        OAuthError::NotAssigned { .. } => words.error_not_assigned,
        OAuthError::BlockedByHome => words.error_blocked_by_home,
        OAuthError::BlockedHere => words.error_blocked_here,
        OAuthError::NotHere => words.error_not_here,
        OAuthError::UnknownInvitation => words.error_invitation,
        OAuthError::Unavailable => words.error_busy,
        OAuthError::TooManyAttempts => words.too_many,
        _ => words.error_app,
    };
    ended(
        words.error_title,
        None,
        html! {
            p { (of_tenant(page, text)) }
            @if let Some(back) = back { a .button .primary href=(back) { (words.back_to_app) } }
            (details(page, words, error, true))
        },
    )
}

/// What an administrator needs to find it in the log.
fn details(page: &Page, words: &Words, error: &OAuthError, is_open: bool) -> Markup {
    html! {
        details open[is_open] {
            summary { (words.details) }
            p dir="ltr" lang="en" { "AADSTS" (error.code()) ": " (error.sentence()) }
            dl {
                dt { (words.correlation) }
                dd { bdi dir="ltr" { (page.trail.correlation_id) } }
                dt { (words.time) }
                dd { bdi dir="ltr" { (page.trail.timestamp()) } }
            }
        }
    }
}

/// Asks for a name, to find the tenant by its domain.
pub(crate) fn find_tenant(
    action: &str,
    parameters: &[(String, String)],
    accounts: &[AccountView],
    is_unknown: bool,
    language: Language,
) -> Rendered {
    let words = language.words();
    // Who chooses here isn't asked again there.
    let is_choice =
        |(name, value): &&(String, String)| name == "prompt" && value == "select_account";
    let hint = parameters
        .iter()
        .find(|(name, _)| name == "login_hint")
        .map(|(_, value)| value.as_str());
    let body = html! {
        @for account in accounts {
            form method="get" action=(action) {
                @for (name, value) in parameters.iter().filter(|it| it.0 != "login_hint" && !is_choice(it)) {
                    input type="hidden" name=(name) value=(value);
                }
                button .account type="submit" name="login_hint" value=(account.name) {
                    bdi { (account.display_name) }
                    small { bdi dir="ltr" { (account.name) } }
                }
            }
        }
        @if !accounts.is_empty() { h2 { (words.other_account) } }
        form method="get" action=(action) {
            @for (name, value) in parameters.iter().filter(|(name, _)| name != "login_hint") {
                input type="hidden" name=(name) value=(value);
            }
            @if is_unknown { p #problem .bad role="alert" { (words.unknown_domain) } }
            (name_field(words, None, "login_hint", hint, false))
            button .primary type="submit" { (words.next) }
        }
    };
    let layout = Layout {
        language,
        face: None,
        title: if accounts.is_empty() {
            words.sign_in
        } else {
            words.choose_account
        },
        lead: None,
        is_anybodys: hint.is_none(),
    };
    Rendered {
        html: document(&layout, body),
        // It leads to the tenant's page, and from there maybe on to the client at once. It has no
        // script that could connect; what looks at the page for a search reads robots.txt from it.
        policy: policy("'self' https: http:", "; connect-src 'self'"),
    }
}
