//! Aligned tables for terminals.
//!
//! - Columns are as wide as their widest cell, counted as a terminal draws it: letters of East Asian
//!   scripts are two columns wide, marks that sit on another letter none.
//! - Control characters are replaced: a name must not be able to move the cursor.

use crate::output::Style;

/// A table.
pub(crate) struct Table {
    heads: Vec<&'static str>,
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these heads; those that begin with `>` are of columns aligned to the right.
    pub(crate) fn new(heads: &[&'static str]) -> Self {
        Self {
            heads: heads
                .iter()
                .map(|head| head.strip_prefix('>').unwrap_or(head))
                .collect(),
            right: heads.iter().map(|head| head.starts_with('>')).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(crate) fn row<I: IntoIterator<Item = S>, S: AsRef<str>>(&mut self, cells: I) {
        self.rows
            .push(cells.into_iter().map(|cell| clean(cell.as_ref())).collect());
    }

    /// The text, with a line end after each row.
    pub(crate) fn render(&self, style: Style) -> String {
        let mut widths: Vec<usize> = self.heads.iter().map(|head| width(head)).collect();
        for row in &self.rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(cell));
            }
        }
        let heads: Vec<String> = self.heads.iter().map(ToString::to_string).collect();
        let mut out = style.bold(&self.line(&heads, &widths));
        out.push('\n');
        for row in &self.rows {
            out.push_str(&self.line(row, &widths));
            out.push('\n');
        }
        out
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut out = String::new();
        for (at, ((cell, widest), right)) in cells.iter().zip(widths).zip(&self.right).enumerate() {
            if at > 0 {
                out.push_str("  ");
            }
            let padding = " ".repeat(widest.saturating_sub(width(cell)));
            if *right {
                out.push_str(&padding);
                out.push_str(cell);
            } else {
                out.push_str(cell);
                out.push_str(&padding);
            }
        }
        out.trim_end().to_owned()
    }
}

/// The text without control characters, so that it is safe on a terminal.
pub(crate) fn clean(text: &str) -> String {
    let is_bad = |ch: char| {
        // The last two ranges turn the direction of writing of what follows.
        ch.is_control() || matches!(ch, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(is_bad, "\u{fffd}")
}

/// How many columns a terminal draws the text in.
fn width(text: &str) -> usize {
    let of = |ch: char| match ch {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    };
    text.chars().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(table: &Table) -> String {
        table.render(Style { color: false })
    }

    #[test]
    fn columns_are_aligned_as_they_are_drawn() {
        let mut table = Table::new(&["name", ">count"]);
        table.row(["Żółć", "7"]);
        table.row(["조은지", "1234567"]);
        table.row(["Zoe\u{301}", "12"]);
        assert_eq!(
            plain(&table),
            "name      count\nŻółć          7\n조은지  1234567\nZoe\u{301}          12\n"
        );
    }

    #[test]
    fn lines_have_no_blanks_at_their_end_and_no_controls() {
        let mut table = Table::new(&["a", "b"]);
        table.row(["long long", ""]);
        table.row(["\u{1b}[31mred\nline", "x\u{202e}y"]);
        let text = plain(&table);
        assert!(text.lines().all(|line| !line.ends_with(' ')), "{text:?}");
        assert!(
            text.lines().count() == 3 && !text.contains('\u{1b}'),
            "{text:?}"
        );
        assert!(!text.contains('\u{202e}'));
    }

    #[test]
    fn heads_are_bold_in_colour_only() {
        let table = Table::new(&["a"]);
        assert!(table.render(Style { color: true }).contains('\u{1b}'));
        assert!(!plain(&table).contains('\u{1b}'));
    }
}
