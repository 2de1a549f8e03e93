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

/// A field of the form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Code,
    Organization,
    Domain,
    Admin,
    Password,
}

/// At which field a problem is said; that of a passkey has none.
const fn entry_of(problem: SetupProblem) -> Option<Entry> {
    Some(match problem {
        SetupProblem::Code | SetupProblem::Closed => Entry::Code,
        SetupProblem::Name => Entry::Organization,
        SetupProblem::Domain => Entry::Domain,
        SetupProblem::Admin => Entry::Admin,
        SetupProblem::Password => Entry::Password,
        SetupProblem::Passkey => return None,
    })
}

fn form(
    words: &Words,
    code: &str,
    entered: Option<&FirstTenant>,
    passkeys: &Passkeys,
    wrong: Option<(&str, Option<Entry>)>,
) -> Markup {
    let value = |of: fn(&FirstTenant) -> &str| entered.map_or("", of);
    let bad = wrong.and_then(|(_, at)| at);
    let focused = bad.unwrap_or(if code.is_empty() {
        Entry::Code
    } else {
        Entry::Organization
    });
    let is_bad = |at: Entry| (bad == Some(at)).then_some("true");
    // What is wrong is said where it is wrong, and is the field's description.
    let said = |at: Option<Entry>| {
        let text = wrong.filter(|(_, of)| *of == at).map(|(text, _)| text);
        html! { @if let Some(text) = text { p #problem .bad role="alert" { (text) } } }
    };
    let described = |at: Entry, hint: &str| {
        let problem = if bad == Some(at) { "problem" } else { "" };
        let ids = format!("{problem} {hint}");
        let ids = ids.trim();
        (!ids.is_empty()).then(|| ids.to_owned())
    };
    html! {
        form method="post" action="/setup" {
            (said(None))
            label for="code" { (words.setup_code) }
            input #code type="text" name="code" value=(code) required dir="ltr"
                autofocus[focused == Entry::Code] aria-invalid=[is_bad(Entry::Code)]
                autocomplete="one-time-code" autocapitalize="characters" spellcheck="false"
                maxlength="32" aria-describedby=[described(Entry::Code, "code-hint")];
            (said(Some(Entry::Code)))
            p #code-hint .soft { (words.setup_code_hint) }
            label for="organization" { (words.setup_tenant) }
            input #organization type="text" name="organization" required maxlength="256"
                autofocus[focused == Entry::Organization]
                aria-invalid=[is_bad(Entry::Organization)]
                aria-describedby=[described(Entry::Organization, "")]
                autocomplete="organization" value=(value(|it| &it.name));
            (said(Some(Entry::Organization)))
            label for="domain" { (words.setup_domain) }
            input #domain type="text" name="domain" required maxlength="253" dir="ltr"
                autofocus[focused == Entry::Domain] aria-invalid=[is_bad(Entry::Domain)]
                autocapitalize="none" spellcheck="false"
                aria-describedby=[described(Entry::Domain, "domain-hint")]
                value=(value(|it| &it.domain));
            (said(Some(Entry::Domain)))
            p #domain-hint .soft { (words.setup_domain_hint) }
            label for="admin" { (words.setup_admin) }
            input #admin type="text" name="admin" required maxlength="320" dir="ltr"
                autofocus[focused == Entry::Admin] aria-invalid=[is_bad(Entry::Admin)]
                aria-describedby=[described(Entry::Admin, "")]
                autocomplete="username" autocapitalize="none" spellcheck="false"
                value=(entered.map_or("admin", |it| &it.admin));
            (said(Some(Entry::Admin)))
            label for="new" { (words.new_password) }
            input #new type="password" name="new" required autocomplete="new-password"
                autofocus[focused == Entry::Password] aria-invalid=[is_bad(Entry::Password)]
                aria-describedby=[described(Entry::Password, "")]
                minlength="8" maxlength="256";
            (said(Some(Entry::Password)))
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
            let wrong = problem.map(|problem| (text_of(words, problem), entry_of(problem)));
            let differ = differ.then_some((words.passwords_differ, Some(Entry::Password)));
            let wrong = wrong.or(differ);
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
            more_policy = passkey::SCRIPT.policy();
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
                (passkey::SCRIPT.element())
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
