//! The pages that ask for another factor, register one, or take another password.

use credentials::Kind;
use identity::Secret;
use maud::{Markup, html};
use node::oauth::{PasskeyView, Problem, Screen};

use crate::policy::towards;
use crate::screens::{Content, form, of_tenant, other_account, problem};
use crate::words::Words;
use crate::{Page, passkey, qr};

fn content<'a>(page: &Page, title: &'a str, name: &str, body: Markup) -> Content<'a> {
    Content {
        title: title.into(),
        lead: Some(name.to_owned()),
        body,
        form_action: towards(page.redirect_uri.as_deref()),
        more_policy: String::new(),
    }
}

/// The page of a screen, if it is one of these.
pub(crate) fn render<'a>(screen: &Screen, page: &Page, words: &'a Words) -> Option<Content<'a>> {
    Some(match screen {
        Screen::Factor {
            name,
            kind,
            others,
            problem,
            passkey,
        } => factor(page, words, name, *kind, others, *problem, passkey.as_ref()),
        Screen::Register { name, options } => register(page, words, name, options),
        Screen::RegisterApp {
            name,
            seed,
            uri,
            problem,
        } => register_app(page, words, name, (seed, uri), *problem),
        Screen::RegisterPasskey {
            name,
            passkey,
            problem,
        } => {
            let body = html! {
                (self::problem(words, *problem))
                (passkey_form(page, words, "register-passkey", passkey, words.register_passkey, true))
                (choose(page, "choose", "", words.back))
                (passkey::SCRIPT.element())
            };
            let mut content = content(page, words.register_title, name, body);
            content.more_policy = passkey::SCRIPT.policy();
            content
        }
        Screen::RecoveryCodes { name, codes } => {
            let body = html! {
                p { (words.codes_text) }
                ol .codes dir="ltr" { @for code in codes { li { code { (code.expose()) } } } }
                (form(page, "codes", html! {
                    button .primary type="submit" { (words.codes_kept) }
                }))
            };
            content(page, words.codes_title, name, body)
        }
        Screen::NewPassword {
            name,
            problem,
            can_go_back,
        } => new_password(page, words, name, *problem, *can_go_back),
        Screen::AskAdministrator { name } => content(
            page,
            words.admin_title,
            name,
            html! { p { (of_tenant(page, words.admin_text)) } },
        ),
        _ => return None,
    })
}

/// A form that a passkey answers.
pub(crate) fn passkey_form(
    page: &Page,
    words: &Words,
    step: &str,
    asked: &PasskeyView,
    label: &str,
    alone: bool,
) -> Markup {
    html! {
        form method="post" action=(page.action) data-passkey=(asked.options)
            data-failed=(words.passkey_failed) {
            input type="hidden" name="step" value=(step);
            @if let Some(flow) = &page.flow { input type="hidden" name="flow" value=(flow); }
            (passkey::parts(words, label, alone))
        }
    }
}

/// A button that asks for another way.
pub(crate) fn choose(page: &Page, step: &str, kind: &str, label: &str) -> Markup {
    form(
        page,
        step,
        html! { button type="submit" name="kind" value=(kind) { (label) } },
    )
}

fn code_field(words: &Words, kind: Kind, wrong: Option<Problem>) -> Markup {
    let is_app = kind == Kind::Totp;
    html! {
        (problem(words, wrong))
        label for="code" { (if is_app { words.code } else { words.recovery_code }) }
        input #code .code[is_app] type="text" name="code" required autofocus spellcheck="false"
            autocapitalize="none" dir="ltr" maxlength="32"
            inputmode=[is_app.then_some("numeric")]
            autocomplete=(if is_app { "one-time-code" } else { "off" })
            aria-describedby=[wrong.map(|_| "problem")];
        button .primary type="submit" { (words.next) }
    }
}

fn factor<'a>(
    page: &Page,
    words: &'a Words,
    name: &str,
    kind: Kind,
    others: &[Kind],
    wrong: Option<Problem>,
    asked: Option<&PasskeyView>,
) -> Content<'a> {
    let body = html! {
        @match (kind, asked) {
            (Kind::Passkey, Some(asked)) => {
                p { (words.factor_passkey) }
                (problem(words, wrong))
                (passkey_form(page, words, "passkey", asked, words.use_passkey, true))
            }
            (Kind::RecoveryCode, _) => {
                p { (words.factor_recovery) }
                (form(page, "recovery-code", code_field(words, kind, wrong)))
            }
            _ => {
                p { (words.factor_app) }
                (form(page, "code", code_field(words, Kind::Totp, wrong)))
            }
        }
        @for other in others {
            @match other {
                Kind::Passkey => (choose(page, "choose", "passkey", words.use_passkey)),
                Kind::RecoveryCode => (choose(page, "choose", "recoveryCode", words.use_recovery)),
                _ => (choose(page, "choose", "totp", words.use_app)),
            }
        }
        (other_account(page, words))
        @if asked.is_some() { (passkey::SCRIPT.element()) }
    };
    let mut content = content(page, words.factor_title, name, body);
    if asked.is_some() {
        content.more_policy = passkey::SCRIPT.policy();
    }
    content
}

fn register<'a>(page: &Page, words: &'a Words, name: &str, options: &[Kind]) -> Content<'a> {
    let option = |kind: &str, title: &str, note: &str| {
        form(
            page,
            "choose",
            html! {
                button .account type="submit" name="kind" value=(kind) {
                    (title)
                    small { (note) }
                }
            },
        )
    };
    let body = html! {
        p { (of_tenant(page, words.register_text)) }
        @for kind in options {
            @match kind {
                Kind::Passkey => (option("passkey", words.register_passkey, words.register_passkey_note)),
                _ => (option("totp", words.register_app, words.register_app_note)),
            }
        }
        (other_account(page, words))
    };
    content(page, words.register_title, name, body)
}

fn register_app<'a>(
    page: &Page,
    words: &'a Words,
    name: &str,
    (seed, uri): (&Secret, &Secret),
    wrong: Option<Problem>,
) -> Content<'a> {
    // In groups, as people read it off.
    let characters: Vec<char> = seed.expose().chars().collect();
    let groups: Vec<String> = characters.chunks(4).map(|it| it.iter().collect()).collect();
    let body = html! {
        p { (words.app_scan) }
        @if let Some(code) = qr::code(uri.expose(), words.register_app) { (code) }
        p .soft { (words.app_key) ": " code dir="ltr" { (groups.join(" ")) } }
        (form(page, "register-app", code_field(words, Kind::Totp, wrong)))
        (choose(page, "choose", "", words.back))
    };
    content(page, words.register_app, name, body)
}

fn new_password<'a>(
    page: &Page,
    words: &'a Words,
    name: &str,
    wrong: Option<Problem>,
    can_go_back: bool,
) -> Content<'a> {
    let fields = form(
        page,
        "new-password",
        html! {
            input type="text" name="username" value=(name) autocomplete="username" dir="ltr"
                readonly hidden;
            (problem(words, wrong))
            label for="new" { (words.new_password) }
            input #new type="password" name="new" required autofocus autocomplete="new-password"
                minlength="8" maxlength="256" aria-describedby=[wrong.map(|_| "problem")];
            label for="again" { (words.new_password_again) }
            input #again type="password" name="again" required autocomplete="new-password"
                minlength="8" maxlength="256";
            button .primary type="submit" { (words.next) }
        },
    );
    let body = html! {
        (fields)
        @if can_go_back { (choose(page, "choose", "", words.back)) }
    };
    content(page, words.new_password_title, name, body)
}
