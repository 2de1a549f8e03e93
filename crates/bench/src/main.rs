//! `bench`: measures the real server from outside, and each limit in the same run.
//!
//! A figure alone says little: it is the machine's as much as ours. So each bench also measures what
//! the machine can do at best (the same rows inserted by the engine alone, the same bytes answered
//! by the HTTP library alone) and reports the ratio. Three rules hold in it: the server is the
//! release binary in a process of its own, spoken to by its command line and over HTTP; the limit is
//! measured in the same run on the same disk; and everything random comes from fixed seeds.
//!
//! Each bench prints one line of JSON to standard output; `--out` also writes the table.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool: figures on standard output, progress on standard error"
)]

mod bare;
mod batch;
mod change_latency;
mod code_flow;
mod context;
mod creations;
mod crypto;
mod deployment;
mod flows;
mod get_user;
mod grants;
mod hashing;
mod http;
mod initial_sync;
mod initial_sync_postgres;
mod keycloak;
mod ldap;
mod limits;
mod load;
mod machine;
mod mesh;
mod password_sign_ins;
mod people;
mod portal;
mod raw;
mod readiness;
mod report;
mod rounds;
mod rows;
mod searched;
mod server;
mod statistics;
mod token_checks;
mod updates;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::context::{Context, Plan};

/// Measures the server, each figure beside its limit measured in the same run.
#[derive(Parser)]
#[command(after_help = "Example: bench initial-sync --users 10000")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

/// What is measured, and how much of it.
#[derive(Args)]
struct Settings {
    /// Users of the large tenant.
    #[arg(long, global = true)]
    users: Option<usize>,
    /// A short trial of everything; its figures say that the benches work, no more.
    #[arg(long, global = true)]
    quick: bool,
    /// Writes the figures into the table of this Markdown file.
    #[arg(long, global = true, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where databases are made and removed: it has to be on the disk that is to be measured.
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Subcommand, Clone, Copy)]
enum Command {
    /// All benches (the default); that of PostgreSQL where there is one.
    All,
    /// One tenant's users into another, against the engine's raw inserts of the same rows.
    InitialSync,
    /// The same in PostgreSQL, against raw multi-row insertions; by `scripts/with-postgres.sh`.
    InitialSyncPostgres,
    /// A changed user, from the answer to the change until the target shows it.
    ChangeLatency,
    /// Many tenants, all sharing with all.
    Mesh,
    /// Reading one user over HTTP, against the HTTP library answering the same bytes.
    GetUser,
    /// Filters and delta rounds among very many users.
    Searched,
    /// Users changed over HTTP by many clients, against an LDAP server's modifications.
    Updates,
    /// Users made with a password, against the hash alone, while others read.
    Creations,
    /// Batches of 20, against their slowest part.
    Batch,
    /// Tokens granted to applications, against the signature alone.
    Grants,
    /// Checks of tokens that are known already.
    TokenChecks,
    /// People signing in by password, against the hash alone, while others read.
    PasswordSignIns,
    /// The whole authorization code flow with PKCE, beside Keycloak's.
    CodeFlow,
    /// What works between every two of many tenants.
    Readiness,
    /// The limits alone, on made-up rows and bytes: tells a machine's measure, needs no server.
    Limits,
    /// The bare server: a process of `get-user`.
    #[command(hide = true)]
    BareServer,
    /// The load generator: a process of the benches.
    #[command(hide = true)]
    Load,
    /// The browsers: a process of `password-sign-ins` and `code-flow`.
    #[command(hide = true)]
    Flows,
    /// The LDAP client: a process of `updates`.
    #[command(hide = true)]
    LdapLoad,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(Command::All);
    match command {
        Command::BareServer => return bare::serve(),
        Command::Load => return load::run(),
        Command::LdapLoad => return ldap::load(),
        Command::Flows => return flows::run(),
        _ => {}
    }
    let plan = Plan::new(&cli.settings);
    let mut context = Context::new(plan, cli.settings)?;
    if matches!(command, Command::Limits) {
        return limits::run(&context);
    }
    server::binary()?;
    if matches!(command, Command::All | Command::InitialSync) {
        initial_sync::run(&mut context)?.publish(&context)?;
    }
    let is_named = matches!(command, Command::InitialSyncPostgres);
    let is_there = std::env::var_os("TEST_DATABASE_URL").is_some();
    if is_named || (is_there && matches!(command, Command::All)) {
        initial_sync_postgres::run(&context)?.publish(&context)?;
    }
    if matches!(command, Command::All | Command::ChangeLatency) {
        change_latency::run(&mut context)?.publish(&context)?;
    }
    if matches!(command, Command::All | Command::Mesh) {
        mesh::run(&mut context)?.publish(&context)?;
    }
    if matches!(command, Command::All | Command::GetUser) {
        get_user::run(&mut context)?.publish(&context)?;
    }
    if matches!(command, Command::All | Command::Updates) {
        updates::run(&mut context)?.publish(&context)?;
    }
    if matches!(command, Command::All | Command::Creations) {
        creations::run(&mut context)?.publish(&context)?;
    }
    if matches!(command, Command::All | Command::Batch) {
        batch::run(&mut context)?.publish(&context)?;
    }
    if matches!(command, Command::All | Command::Grants) {
        grants::run(&mut context)?.publish(&context)?;
    }
    if matches!(command, Command::All | Command::TokenChecks) {
        token_checks::run(&context)?.publish(&context)?;
    }
    if matches!(command, Command::All | Command::PasswordSignIns) {
        password_sign_ins::run(&mut context)?.publish(&context)?;
    }
    if matches!(command, Command::All | Command::CodeFlow) {
        code_flow::run(&mut context)?.publish(&context)?;
    }
    context.end_alone()?;
    if matches!(command, Command::All | Command::Readiness) {
        readiness::run(&context)?.publish(&context)?;
    }
    if matches!(command, Command::All | Command::Searched) {
        for report in searched::run(&context)? {
            report.publish(&context)?;
        }
    }
    Ok(())
}
