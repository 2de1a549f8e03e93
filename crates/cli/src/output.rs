//! What is printed: one document on standard output, progress and errors on standard error.
//!
//! - JSON if it is asked for or nobody reads along, else text; colour only on a terminal, and not if
//!   `NO_COLOR` is set.
//! - Who closes the other end of a pipe has read enough: that isn't an error.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use node::command::Progress;
use serde_json::Value;

use crate::table::clean;

/// How often a line that is rewritten in place is.
const REWRITE_EVERY: Duration = Duration::from_millis(100);
/// How often a new line is printed where lines stay.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Whether text is coloured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Whether it is.
    pub(crate) color: bool,
}

impl Style {
    fn wrapped(self, code: &str, text: &str) -> String {
        if self.color {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
    /// A heading.
    pub(crate) fn bold(self, text: &str) -> String {
        self.wrapped("1", text)
    }
    /// Good news.
    pub(crate) fn green(self, text: &str) -> String {
        self.wrapped("32", text)
    }
    /// Bad news.
    pub(crate) fn red(self, text: &str) -> String {
        self.wrapped("31", text)
    }
}

/// Where everything is printed.
pub(crate) struct Output {
    is_json: bool,
    style: Style,
    rewrites: bool,
    error_style: Style,
    shown: Mutex<Shown>,
}

/// The progress that was printed last.
#[derive(Default)]
struct Shown {
    message: String,
    at: Option<Instant>,
    is_open: bool,
}

impl Output {
    /// As the terminal, the environment and `--json` want it.
    pub(crate) fn new(json: bool) -> Self {
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let (out, err) = (std::io::stdout(), std::io::stderr());
        Self {
            is_json: json || !out.is_terminal(),
            style: Style {
                color: out.is_terminal() && !is_plain,
            },
            rewrites: err.is_terminal() && !is_plain,
            error_style: Style {
                color: err.is_terminal() && !is_plain,
            },
            shown: Mutex::new(Shown::default()),
        }
    }

    /// Whether standard output is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    /// How text on standard output is coloured.
    pub(crate) fn style(&self) -> Style {
        self.style
    }

    /// How text on standard error is coloured.
    pub(crate) fn error_style(&self) -> Style {
        self.error_style
    }

    /// Prints the document of a command.
    pub(crate) fn document(&self, value: &Value, text: impl FnOnce(&Value, Style) -> String) {
        if self.is_json {
            let pretty = serde_json::to_string_pretty(value).unwrap_or_default();
            self.text(&format!("{pretty}\n"));
        } else {
            self.text(&text(value, self.style));
        }
    }

    /// Prints JSON in one line, for whoever reads lines.
    pub(crate) fn line(&self, value: &Value) {
        self.text(&format!("{value}\n"));
    }

    /// Prints text on standard output.
    pub(crate) fn text(&self, text: &str) {
        self.end_progress();
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Prints a sentence on standard error.
    pub(crate) fn note(&self, text: &str) {
        self.end_progress();
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Prints why a command failed.
    pub(crate) fn error(&self, message: &str) {
        let lines: Vec<String> = message.lines().map(clean).collect();
        let label = self.error_style.red("error:");
        self.note(&format!("{label} {}", lines.join("\n")));
    }

    /// Shows how far a command is: in one line that is rewritten on a terminal, else in a line every
    /// second.
    pub(crate) fn progress(&self, progress: Progress) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = progress.of.is_some_and(|of| progress.done >= of);
        let every = if self.rewrites {
            REWRITE_EVERY
        } else {
            LINE_EVERY
        };
        let is_new = shown.message != progress.message;
        // The end of a count is shown where it replaces what stands there.
        let is_wanted = is_new || (is_over && self.rewrites);
        if !is_wanted && shown.at.is_some_and(|at| at.elapsed() < every) {
            return;
        }
        let message = clean(&progress.message);
        let line = match progress.of {
            Some(of) => format!("{message}: {} of {of}", progress.done),
            None if progress.done > 0 => format!("{message}: {}", progress.done),
            None => message,
        };
        let mut err = std::io::stderr().lock();
        let _ = if self.rewrites {
            let end = if is_new && shown.is_open { "\n" } else { "" };
            write!(err, "{end}\r\u{1b}[2K{line}").and_then(|()| err.flush())
        } else {
            writeln!(err, "{line}")
        };
        *shown = Shown {
            message: progress.message,
            at: Some(Instant::now()),
            is_open: self.rewrites,
        };
    }

    /// Ends the line that is rewritten, before something else is printed.
    fn end_progress(&self) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.is_open {
            let _ = writeln!(std::io::stderr().lock());
        }
        *shown = Shown::default();
    }
}
