//! The pages of one's own account.

use credentials::Kind;
use identity::oauth::with_parameters;
use maud::{Markup, html};
use node::oauth::{
    Confirmation, OwnApp, OwnMethod, OwnMethods, OwnOrganization, OwnSession, OwnView, Screen,
    Through,
};

use crate::Page;
use crate::screens::{Content, form, of_tenant, problem, scopes};
use crate::times::{self, day, time};
use crate::words::{Words, fill};

/// The page of a screen, if it is one of these.
pub(crate) fn render<'a>(screen: &Screen, page: &Page, words: &'a Words) -> Option<Content<'a>> {
    let content = |title: &'a str, lead, body| Content {
        title: title.into(),
        lead,
        body,
        form_action: "'self'".into(),
        more_policy: String::new(),
    };
    Some(match screen {
        Screen::Own(view) => Content {
            more_policy: times::SCRIPT.policy(),
            ..content(
                words.own_title,
                Some(view.account.name.clone()),
                overview(page, words, view),
            )
        },
        Screen::OwnConfirm {
            name,
            what,
            problem,
        } => {
            let body = confirmation(page, words, what, *problem);
            content(words.own_title, Some(name.clone()), body)
        }
        Screen::OwnLeft { tenant } => content(
            words.own_title,
            None,
            html! { p { (fill(words.own_left, "{tenant}", tenant)) } p .soft { (words.close_window) } },
        ),
        _ => return None,
    })
}

/// A button that opens or does something.
fn button(page: &Page, act: &str, id: &str, label: &str, about: Option<&str>) -> Markup {
    form(
        page,
        "own",
        html! {
            @if !id.is_empty() { input type="hidden" name="id" value=(id); }
            button .small type="submit" name="act" value=(act)
                aria-label=[about.map(|about| format!("{label}: {about}"))] { (label) }
        },
    )
}

/// What a browser says it is, as far as that is known.
fn browser_name(words: &Words, user_agent: Option<&str>) -> String {
    let text = user_agent.unwrap_or_default();
    match (
        types::user_agent::browser(text),
        types::user_agent::system(text),
    ) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => words.own_browser.to_owned(),
    }
}

fn overview(page: &Page, words: &Words, view: &OwnView) -> Markup {
    html! {
        @if view.is_done { p .note role="status" { (words.own_done) } }
        (problem(words, view.problem))
        @if let Some(home) = &view.home {
            p { (fill(words.own_home, "{tenant}", &home.name)) }
            a .button href=(home.href) { (words.own_home_link) }
            (button(page, "leave", "", words.own_leave, None))
        }
        @if let Some(methods) = &view.methods { (self::methods(page, words, methods)) }
        (sessions(page, words, &view.sessions))
        @if view.home.is_none() { (elsewhere(page, words, &view.account.name, &view.organizations)) }
        (apps(words, view))
        (consents(page, words, view))
        (times::SCRIPT.element())
    }
}

/// What may be opened, here and elsewhere.
fn apps(words: &Words, view: &OwnView) -> Markup {
    let here = view.apps.iter().map(|app| (app, None));
    let there = view.organizations.iter().flat_map(|organization| {
        let name = Some(organization.name.as_str());
        organization.apps.iter().map(move |app| (app, name))
    });
    let all: Vec<(&OwnApp, Option<&str>)> = here.chain(there).collect();
    html! {
        h2 { (words.own_apps) }
        @if all.is_empty() { p .soft { (words.own_none) } }
        ul .plain {
            @for (app, organization) in all {
                li {
                    div .what {
                        bdi { (app.name) }
                        @if let Some(name) = organization { small { bdi { (name) } } }
                    }
                    a .button .small href=(app.href) rel="noreferrer"
                        aria-label={ (words.own_open) ": " (app.name) } { (words.own_open) }
                }
            }
        }
    }
}

fn sessions(page: &Page, words: &Words, sessions: &[OwnSession]) -> Markup {
    html! {
        h2 { (words.own_sessions) }
        ul .plain {
            @for session in sessions {
                @let name = browser_name(words, session.user_agent.as_deref());
                li {
                    div .what {
                        bdi { (name) }
                        @if session.is_current { " – " strong { (words.own_current) } }
                        small { (words.own_since) " " (time(session.created_at)) }
                        small { (words.own_used) " " (time(session.used_at)) }
                    }
                    (button(page, "end", &session.id.to_string(), words.sign_out, Some(&name)))
                }
            }
        }
        div .acts {
            @if sessions.len() > 1 {
                (button(page, "end-others", "", words.own_end_others, None))
            }
            (button(page, "everywhere", "", words.own_everywhere, None))
        }
    }
}

fn methods(page: &Page, words: &Words, methods: &OwnMethods) -> Markup {
    html! {
        h2 { (words.own_methods) }
        ul .plain {
            @if methods.has_password {
                li {
                    div .what { (words.password) }
                    (button(page, "password", "", words.own_change, Some(words.password)))
                }
            }
            @for method in &methods.registered { (self::method(page, words, method)) }
            @if let Some(left) = methods.codes {
                li {
                    div .what { (fill(words.own_codes, "{count}", &left.to_string())) }
                    (button(page, "codes", "", words.own_codes_new, None))
                }
            }
        }
        @if methods.can_add_passkey || methods.can_add_app {
            div .acts {
                @if methods.can_add_passkey {
                    (button(page, "passkey", "", words.register_passkey, None))
                }
                @if methods.can_add_app { (button(page, "app", "", words.register_app, None)) }
            }
        }
    }
}

fn kind_name(words: &Words, kind: Kind) -> &'static str {
    match kind {
        Kind::Passkey => words.own_passkey,
        _ => words.own_app,
    }
}

fn method(page: &Page, words: &Words, method: &OwnMethod) -> Markup {
    let kind = kind_name(words, method.kind);
    let (name, id) = (method.name.as_deref(), method.id.to_string());
    html! {
        li {
            div .what {
                (kind)
                @if let Some(name) = name { " – " bdi { (name) } }
                small { (words.own_since) " " (time(method.created_at)) }
                @if let Some(used_at) = method.used_at {
                    small { (words.own_used) " " (time(used_at)) }
                }
            }
            div .acts {
                @if method.kind == Kind::Passkey {
                    (button(page, "rename", &id, words.own_rename, name))
                    (button(page, "remove-passkey", &id, words.own_remove, name))
                } @else {
                    (button(page, "remove-app", &id, words.own_remove, Some(kind)))
                }
            }
        }
    }
}

/// `name`: whose, so that nobody is asked for it there again.
fn elsewhere(page: &Page, words: &Words, name: &str, organizations: &[OwnOrganization]) -> Markup {
    let href = |tenant, more: &[_]| {
        let parameters = [more, &[("login_hint", name)]].concat();
        with_parameters(&format!("/{tenant}/account"), &parameters)
    };
    html! {
        h2 { (words.own_elsewhere) }
        @if organizations.is_empty() { p .soft { (words.own_none) } }
        ul .plain {
            @for organization in organizations {
                li {
                    div .what {
                        bdi { (organization.name) }
                        small {
                            (if organization.is_guest { words.own_guest } else { words.own_member })
                            " – "
                            (match organization.through {
                                Through::Sharing => of_tenant(page, words.own_by_sharing),
                                Through::Invitation => words.own_by_invitation.to_owned(),
                            })
                        }
                        @if let Some(since) = &organization.since {
                            small { (words.own_since) " " (day(since)) }
                        }
                    }
                    div .acts {
                        a .button .small href=(href(organization.tenant, &[])) { (words.own_open) }
                        a .button .small href=(href(organization.tenant, &[("act", "leave")])) { (words.own_leave) }
                    }
                }
            }
        }
    }
}

fn consents(page: &Page, words: &Words, view: &OwnView) -> Markup {
    let consents = &view.consents;
    html! {
        h2 { (words.own_consents) }
        @if consents.is_empty() { p .soft { (words.own_none) } }
        @else if !view.may_consent { p .soft { (words.own_consents_last) } }
        ul .plain {
            @for consent in consents {
                li {
                    div .what {
                        bdi { (consent.client) }
                        (scopes(words, &consent.scopes))
                    }
                    (button(page, "take-back", &consent.id, words.own_take_back, Some(&consent.client)))
                }
            }
        }
    }
}

fn confirmation(
    page: &Page,
    words: &Words,
    what: &Confirmation,
    wrong: Option<node::oauth::Problem>,
) -> Markup {
    let confirm = |label: &str, fields: Markup| {
        form(
            page,
            "own-do",
            html! {
                (fields)
                button .primary type="submit" { (label) }
            },
        )
    };
    html! {
        (problem(words, wrong))
        @match what {
            Confirmation::Remove(kind, name) => {
                @let shown = name.as_deref().unwrap_or(kind_name(words, *kind));
                p { (fill(words.own_remove_text, "{name}", shown)) }
                (confirm(words.own_remove, html! {}))
            }
            Confirmation::Rename(name) => {
                (confirm(words.own_rename, html! {
                    label for="own-name" { (words.own_name) }
                    input #own-name type="text" name="name" value=(name) required autofocus
                        maxlength="64" autocomplete="off" dir="auto";
                }))
            }
            Confirmation::NewCodes => {
                p { (words.own_codes_text) }
                (confirm(words.own_codes_new, html! {}))
            }
            Confirmation::SignOutEverywhere => {
                p { (words.own_everywhere_text) }
                (confirm(words.own_everywhere, html! {}))
            }
            Confirmation::Leave(tenant) => {
                p { (fill(words.own_leave_text, "{tenant}", tenant)) }
                (confirm(words.own_leave, html! {}))
            }
        }
        (form(page, "own", html! {
            button type="submit" name="act" value="overview" { (words.back) }
        }))
    }
}
