use std::fmt::Write as _;

use clap::{Command, CommandFactory as _};

use crate::args::Cli;

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_an_example_that_is_understood() {
    let mut root = Cli::command();
    root.build();
    visit(&root, &mut |command| {
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let examples: Vec<&str> = help
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Example: "))
            .collect();
        assert!(!examples.is_empty(), "{}", command.get_name());
        for example in examples {
            let words = example.split_whitespace().take_while(|word| *word != "<");
            let parsed = Cli::command().try_get_matches_from(words);
            assert!(parsed.is_ok(), "{example}: {:?}", parsed.err());
        }
    });
}

fn visit(command: &Command, look: &mut impl FnMut(&Command)) {
    look(command);
    for inner in command.get_subcommands() {
        if inner.get_name() != "help" {
            visit(inner, look);
        }
    }
}

#[test]
fn the_document_says_what_the_help_says() {
    let mut root = Cli::command().term_width(100);
    root.build();
    let mut text = String::from(
        "# Command line\n\n\
        This file is written from the program's own help by \
        `REWRITE_DOCS=1 cargo test -p cli`. The JSON of each command is in \
        `crates/node/src/command.rs`.\n",
    );
    visit(&root.clone(), &mut |command| {
        let mut command = command.clone();
        let name = command.get_bin_name().unwrap_or("isopolity").to_owned();
        let help = command.render_help().to_string();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        let _ = write!(
            text,
            "\n## {name}\n```text\n{}\n```\n",
            lines.join("\n").trim_end()
        );
    });
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    if std::env::var_os("REWRITE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == text,
        "docs/cli.md is out of date: REWRITE_DOCS=1 cargo test -p cli"
    );
}
