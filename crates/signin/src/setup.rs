//! The page on which a deployment's first tenant is set up.

use maud::{Markup, html};
use node::{FirstTenant, SetupProblem};

use crate::Rendered;
use crate::language::Language;
use crate::layout::{Layout, document};
use crate::passkey;
use crate::policy::policy;
use crate::words::{Words, fill};

/// What the page says.
#[derive(Debug)]
pub enum Setup<'a> {
    /// The form, with what was entered before and what was wrong with it.
    Form {
        /// The code.
        code: &'a str,
        /// The rest but for the password.
        entered: Option<&'a FirstTenant>,
        /// Whether a passkey can be made.
        passkeys: Passkeys,
        /// What was wrong.
        problem: Option<SetupProblem>,
        /// Whether the passwords differ.
        differ: bool,
    },
    /// The administrator's passkey is made.
    Passkey {
        /// The code.
        code: &'a str,
        /// What was entered before.
        entered: &'a FirstTenant,
        /// What the browser is asked for.
        options: &'a str,
        /// The administrator's name.
        admin: &'a str,
        /// What the passkey is bound to.
        host: &'a str,
        /// What was wrong with the one before.
        problem: Option<SetupProblem>,
    },
    /// It is done: who signs in, and where one's own account is.
    Done {
        /// The administrator's name.
        admin: &'a str,
        /// The path of the page of one's own account.
        account: &'a str,
        /// Whether by a passkey alone.
        by_passkey: bool,
    },
    /// It isn't offered any more.
    Late,
}

/// Whether passkeys can be made: they are bound to a name.
#[derive(Debug)]
pub enum Passkeys {
    /// Under the address that the server has.
    Here,
    /// Under an address such as this, if the server had it.
    Under(String),
}

const fn text_of(words: &Words, problem: SetupProblem) -> &'static str {
    match problem {
        SetupProblem::Code => words.setup_wrong_code,
        SetupProblem::Closed => words.setup_closed,
        SetupProblem::Name => words.setup_bad_name,
        SetupProblem::Domain => words.setup_bad_domain,
        SetupProblem::Admin => words.setup_bad_admin,
        SetupProblem::Password => words.weak_password,
        SetupProblem::Passkey => words.setup_bad_passkey,
    }
}

/// What was entered, carried on by a page that doesn't ask for it.
fn carried(code: &str, entered: &FirstTenant, by: &str) -> Markup {
    html! {
        @for (name, value) in [
            ("code", code), ("organization", &*entered.name), ("domain", &*entered.domain),
            ("admin", &*entered.admin), ("by", by),
        ] {
            input type="hidden" name=(name) value=(value);
        }
    }
}

fn form(
    words: &Words,
    code: &str,
    entered: Option<&FirstTenant>,
    passkeys: &Passkeys,
    wrong: Option<&str>,
) -> Markup {
    let value = |of: fn(&FirstTenant) -> &str| entered.map_or("", of);
    html! {
        form method="post" action="/setup" {
            @if let Some(text) = wrong { p #problem .bad role="alert" { (text) } }
            label for="code" { (words.setup_code) }
            input #code type="text" name="code" value=(code) required autofocus dir="ltr"
                autocomplete="one-time-code" autocapitalize="characters" spellcheck="false"
                maxlength="32" aria-describedby="code-hint";
            p #code-hint .soft { (words.setup_code_hint) }
            label for="organization" { (words.setup_organization) }
            input #organization type="text" name="organization" required maxlength="256"
                autocomplete="organization" value=(value(|it| &it.name));
            label for="domain" { (words.setup_domain) }
            input #domain type="text" name="domain" required maxlength="253" dir="ltr"
                autocapitalize="none" spellcheck="false" aria-describedby="domain-hint"
                value=(value(|it| &it.domain));
            p #domain-hint .soft { (words.setup_domain_hint) }
            label for="admin" { (words.setup_admin) }
            input #admin type="text" name="admin" required maxlength="320" dir="ltr"
                autocomplete="username" autocapitalize="none" spellcheck="false"
                value=(entered.map_or("admin", |it| &it.admin));
            label for="new" { (words.new_password) }
            input #new type="password" name="new" required autocomplete="new-password"
                minlength="8" maxlength="256";
            label for="again" { (words.new_password_again) }
            input #again type="password" name="again" required
                autocomplete="new-password" minlength="8" maxlength="256";
            button .primary type="submit" { (words.setup_start) }
            @match passkeys {
                // The passwords are left empty then; what else is missing the server says.
                Passkeys::Here => button type="submit" name="by" value="passkey" formnovalidate {
                    (words.setup_use_passkey)
                },
                Passkeys::Under(url) => p .soft { (fill(words.setup_no_passkey, "{url}", url)) },
            }
        }
    }
}

/// Renders the page.
pub fn render(setup: &Setup<'_>, language: Language) -> Rendered {
    let words = language.words();
    let mut more_policy = String::new();
    let (lead, body) = match setup {
        Setup::Form {
            code,
            entered,
            passkeys,
            problem,
            differ,
        } => {
            let wrong = problem.map(|problem| text_of(words, problem));
            let wrong = wrong.or_else(|| differ.then_some(words.passwords_differ));
            let body = form(words, code, *entered, passkeys, wrong);
            (Some(words.setup_lead.to_owned()), body)
        }
        Setup::Passkey {
            code,
            entered,
            options,
            admin,
            host,
            problem,
        } => {
            more_policy = passkey::policy();
            let text = fill(words.setup_passkey_text, "{name}", admin);
            let body = html! {
                @if let Some(problem) = *problem {
                    p #problem .bad role="alert" { (text_of(words, problem)) }
                }
                p { (fill(&text, "{host}", host)) }
                form method="post" action="/setup" data-passkey=(options)
                    data-failed=(words.passkey_failed) {
                    (carried(code, entered, "made"))
                    (passkey::parts(words, words.register_passkey, true))
                }
                form method="post" action="/setup" {
                    (carried(code, entered, "back"))
                    button type="submit" { (words.back) }
                }
                (passkey::script())
            };
            (Some((*admin).to_owned()), body)
        }
        Setup::Done {
            admin,
            account,
            by_passkey,
        } => {
            let text = if *by_passkey {
                words.setup_done_passkey
            } else {
                words.setup_done
            };
            let body = html! {
                p { (fill(text, "{name}", admin)) }
                a .button .primary href="/admin" { (words.setup_admin_centre) }
                a .button href=(account) { (words.own_title) }
            };
            (None, body)
        }
        Setup::Late => (
            None,
            html! { p { (words.setup_late) } a .button href="/admin" { (words.setup_admin_centre) } },
        ),
    };
    let layout = Layout {
        language,
        face: None,
        title: words.setup_title,
        lead,
        is_anybodys: false,
    };
    Rendered {
        html: document(&layout, body),
        policy: policy("'self'", &more_policy),
    }
}
