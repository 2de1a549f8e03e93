//! The page that carries an answer to a client in a form.
//!
//! Source: OAuth 2.0 Form Post Response Mode §2.

use identity::oauth::Answer;
use maud::html;

use crate::layout::{Layout, document};
use crate::policy::{Script, policy};
use crate::{Language, Rendered};

static SCRIPT: Script = Script::new("document.forms[0].submit()");

/// Renders an answer as a form that the browser posts by itself, or at a press of its button.
pub fn form_post(answer: &Answer, language: Language) -> Rendered {
    let words = language.words();
    let body = html! {
        form method="post" action=(answer.redirect_uri) {
            @for (name, value) in &answer.parameters {
                input type="hidden" name=(name) value=(value);
            }
            button .primary type="submit" { (words.go_on) }
        }
        (SCRIPT.element())
    };
    let layout = Layout {
        language,
        face: None,
        title: words.answer_title,
        lead: None,
        is_anybodys: false,
    };
    Rendered {
        html: document(&layout, body),
        // The client may lead on from its own address.
        policy: policy("https: http:", &SCRIPT.policy()),
    }
}
