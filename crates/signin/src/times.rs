//! Times as people read them: by the clock and the calendar of where the browser is, in the page's
//! language.
//!
//! The server doesn't know where that is. What it writes says UTC, and a script puts the browser's own
//! time in its place; without the script, UTC stays.
//!
//! Source: HTML §4.5.14 (`time`); ECMA-402 §11 (`Intl.DateTimeFormat`).

use maud::{Markup, html};
use types::Timestamp;

use crate::policy::Script;

/// Writes each time anew, with UTC as what the pointer shows.
pub(crate) static SCRIPT: Script = Script::new(
    "\
(()=>{\
const f=timeStyle=>new Intl.DateTimeFormat(document.documentElement.lang,{dateStyle:'medium',timeStyle}),\
day=f(),minute=f('short');\
for(const t of document.querySelectorAll('time')){\
t.title=t.textContent;t.textContent=('day'in t.dataset?day:minute).format(new Date(t.dateTime));t.removeAttribute('dir')\
}\
})()",
);

/// A time as people read it, and as programs do.
pub(crate) fn time(at: Timestamp) -> Markup {
    let text = at.to_string();
    let shown: String = text.chars().take(16).collect();
    html! { time datetime=(text) dir="ltr" { (shown.replace('T', " ")) " UTC" } }
}

/// The day of a time in RFC 3339.
pub(crate) fn day(at: &str) -> Markup {
    let shown: String = at.chars().take(10).collect();
    html! { time datetime=(at) data-day dir="ltr" { (shown) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_to_the_minute() {
        let at = Timestamp::from_seconds(1_790_000_000);
        assert!(time(at).into_string().contains(":13 UTC"));
        assert!(
            day("2026-11-29T04:33:00Z")
                .into_string()
                .contains(">2026-11-29<")
        );
    }
}
