//! The program `isopolity`: the server, and the commands of its operator.
//!
//! What it prints is in [`output`], how a command is carried out in [`run`]; the commands themselves
//! are [`node::command`]'s. Exit code 0: done; 1: refused or failed; 2: wrong usage.

mod args;
mod commands;
mod demo;
mod matrix;
mod migrate;
mod output;
mod run;
mod serve;
mod show;
mod table;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Parser as _;
use types::{Error, Result};

// A server's threads free what others allocated; the system's allocator is slow at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    let output = output::Output::new(cli.global.json);
    node::descriptors::claim();
    let work = || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::unavailable(format!("Can't start: {error}."), 30))?;
        let result = runtime.block_on(commands::dispatch(cli, &output));
        // Whatever still hangs on a thread of its own doesn't keep the process.
        runtime.shutdown_timeout(std::time::Duration::from_secs(2));
        result
    };
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Internal(text)) => {
            output.error(&format!(
                "Something went wrong inside isopolity, which is a fault of ours: {text}"
            ));
            ExitCode::FAILURE
        }
        Err(error) => {
            output.error(&sentence(&error));
            ExitCode::FAILURE
        }
    }
}

/// Why a command failed and what to do, where Graph's words for it aren't an operator's.
fn sentence(error: &Error) -> String {
    let Error::NotFound { kind, id } = error else {
        return error.to_string();
    };
    match *kind {
        "tenant" => format!("There is no tenant '{id}'. `isopolity tenant list` lists all."),
        "user" => format!("There is no user '{id}' in the tenant. Name it by id or UPN."),
        "multiTenantOrganization" => format!(
            "Tenant {id} isn't active in an organization. Found one by `isopolity organization \
             create`, or join one by `isopolity organization join`."
        ),
        "multiTenantOrganizationMember" => format!(
            "Tenant {id} isn't in the organization. `isopolity organization show` lists who is."
        ),
        "multiTenantOrganizationInvitation" => format!(
            "Tenant {id} hasn't added this one to its organization. Its administrator does that by \
             `isopolity organization add`."
        ),
        _ => format!("There is no '{id}'. Look whether it is written as it is listed."),
    }
}
