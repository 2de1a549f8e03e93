//! From what was typed to the commands of [`node::command`], and their answers to what is printed.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::ValueEnum;
use node::command::Command;
use node::config::{Config, Flag, Inputs};
use serde_json::{Value, json};
use types::{Error, Result};

use crate::args::{self, Cli, Global};
use crate::output::{Output, Style};
use crate::{demo, matrix, migrate, run, serve, show};

/// The longest secret that standard input may give.
const SECRET_BYTES_MAX: u64 = 4_096;
/// The longest file that says which column is which property.
const MAP_BYTES_MAX: u64 = 1024 * 1024;

/// Carries out what was typed.
pub(crate) async fn dispatch(cli: Cli, output: &Output) -> Result<()> {
    let global = &cli.global;
    let (command, text): (Command, fn(&Value, Style) -> String) = match cli.command {
        args::Command::Serve(options) => {
            let config = load(global, serve::flags(&options))?;
            return serve::run(config, output).await;
        }
        args::Command::Demo(options) => {
            // `--dir` is the data directory here.
            let mut flags = vec![flag("--dir", "data", &options.dir.to_string_lossy())];
            flags.extend(
                options
                    .listen
                    .iter()
                    .map(|at| flag("--listen", "listen", at)),
            );
            let config = load(global, flags)?;
            return demo::run(config, &options, output).await;
        }
        args::Command::Migrate(args::Migrate { to }) => {
            let config = load(global, Vec::new())?;
            return migrate::run(&config, &to, output).await;
        }
        args::Command::Config(command) => return configuration(global, &command, output),
        args::Command::Doctor => {
            let config = load(global, Vec::new())?;
            let report = run::once(&config, Command::Doctor, output).await?;
            output.document(&report, show::doctor);
            return if report["ok"] == true {
                Ok(())
            } else {
                Err(Error::conflict(
                    "Something is wrong with the data; the report names it. Keep a copy of the data directory before anything else.",
                ))
            };
        }
        args::Command::Organization(args::Organization::Join {
            of,
            invited_by,
            consents,
            yes,
        }) => {
            let config = load(global, Vec::new())?;
            return join(&config, of.tenant, invited_by, consents, yes, output).await;
        }
        args::Command::Import(args::Import::Users {
            of,
            format,
            file,
            map,
            dry_run,
        }) => {
            let config = load(global, Vec::new())?;
            let content = read_file(&file, config.limits.get("import_bytes"))?;
            let map = map.map(|map| read_text(&map)).transpose()?;
            let command = Command::ImportUsers {
                tenant: of.tenant,
                format: name(format),
                content: BASE64_STANDARD.encode(content),
                map,
                dry_run,
            };
            (command, show::import)
        }
        args::Command::Tenant(args::Tenant::Create {
            name,
            domain,
            admin_upn,
            admin_password_stdin,
        }) => {
            let admin_password = admin_password_stdin
                .then(|| secret("the administrator's password"))
                .transpose()?;
            let command = Command::TenantCreate {
                name,
                domain,
                admin_upn,
                admin_password,
            };
            (command, show::tenant)
        }
        args::Command::Tenant(args::Tenant::List) => (Command::TenantList, show::tenants),
        args::Command::App(args::App::Create {
            of,
            name,
            redirect_uris,
            permissions,
        }) => {
            let tenant = of.tenant;
            let command = Command::AppCreate {
                tenant,
                name,
                redirect_uris,
                permissions,
            };
            (command, show::app)
        }
        args::Command::Token(args::Token { of, client_id, .. }) => {
            let client_secret = secret("the client's secret")?;
            let tenant = of.tenant;
            (
                Command::Token {
                    tenant,
                    client_id,
                    client_secret,
                },
                show::token,
            )
        }
        args::Command::Share(args::Share {
            of,
            all,
            users,
            groups,
            group_objects,
            allow_deletions,
            with,
        }) => {
            let tenant = of.tenant;
            (
                Command::Share {
                    tenant,
                    all,
                    users,
                    groups,
                    group_objects,
                    allow_deletions,
                    with,
                },
                show::pairs,
            )
        }
        args::Command::Explain(args::Explain { from, to, action }) => (
            Command::Explain {
                from,
                to,
                action: name(action),
            },
            show::decision,
        ),
        args::Command::Readiness(args::Readiness { of }) => {
            let tenant = of.tenant;
            (Command::Readiness { tenant }, matrix::readiness)
        }
        args::Command::Domain(args::Domain::Add {
            of,
            domain,
            verified,
        }) => {
            let tenant = of.tenant;
            (
                Command::DomainAdd {
                    tenant,
                    domain,
                    verified,
                },
                show::domain,
            )
        }
        args::Command::Domain(args::Domain::Verify { of, domain }) => {
            let tenant = of.tenant;
            (Command::DomainVerify { tenant, domain }, show::domain)
        }
        args::Command::User(args::User::AccessPass { of, user, minutes }) => {
            let tenant = of.tenant;
            (
                Command::UserAccessPass {
                    tenant,
                    user,
                    minutes,
                },
                show::access_pass,
            )
        }
        args::Command::Keys(args::Keys::Rotate { of }) => {
            (Command::KeysRotate { tenant: of.tenant }, show::rotated)
        }
        args::Command::Organization(command) => organization(command),
    };
    let config = load(global, Vec::new())?;
    let answer = run::once(&config, command, output).await?;
    output.document(&answer, text);
    Ok(())
}

/// The commands of `organization` but for `join`, which asks first.
fn organization(command: args::Organization) -> (Command, fn(&Value, Style) -> String) {
    use args::Organization as Typed;
    let command = match command {
        Typed::Create {
            of,
            name,
            add,
            consents,
        } => Command::OrganizationCreate {
            tenant: of.tenant,
            name,
            add,
            accept_users: consents.accept_users,
            skip_consent: consents.skip_consent,
        },
        Typed::Add { of, add, role } => Command::OrganizationAdd {
            tenant: of.tenant,
            add,
            role: role.map(name),
        },
        Typed::Leave { of } => {
            return (Command::OrganizationLeave { tenant: of.tenant }, show::left);
        }
        Typed::Remove { of, remove } => Command::OrganizationRemove {
            tenant: of.tenant,
            remove,
        },
        Typed::Role { by, of, role } => Command::OrganizationRole {
            tenant: by.tenant,
            of,
            role: name(role),
        },
        Typed::Show { of } | Typed::Join { of, .. } => {
            Command::OrganizationShow { tenant: of.tenant }
        }
    };
    (command, show::organization)
}

/// Shows what a join would change and asks, unless `--yes`.
async fn join(
    config: &Config,
    tenant: String,
    invited_by: String,
    consents: args::Consents,
    yes: bool,
    output: &Output,
) -> Result<()> {
    let args::Consents {
        accept_users,
        skip_consent,
    } = consents;
    let deployment = run::open(config).await?;
    let work = async {
        let command = Command::OrganizationPreviewJoin {
            tenant: tenant.clone(),
            invited_by: invited_by.clone(),
            accept_users,
            skip_consent,
        };
        let preview = deployment.execute(command, output).await?;
        output.note(show::preview(&preview, output.error_style()).trim_end());
        if !yes {
            ask()?;
        }
        let command = Command::OrganizationJoin {
            tenant,
            invited_by,
            accept_users,
            skip_consent,
        };
        deployment.execute(command, output).await
    };
    let answer = work.await;
    deployment.close().await;
    output.document(&answer?, show::organization);
    Ok(())
}

/// Asks whether to go on. Without a terminal there is nobody to ask, so the answer is no.
fn ask() -> Result<()> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Error::conflict(
            "Nothing was changed. Look at what joining would change, and pass --yes to go on.",
        ));
    }
    let mut answer = String::new();
    let mut err = std::io::stderr().lock();
    let _ = write!(err, "Go on? [y/N] ").and_then(|()| err.flush());
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Error::conflict("Nothing was changed."))
    }
}

fn configuration(global: &Global, command: &args::Config, output: &Output) -> Result<()> {
    match command {
        args::Config::Show => {
            let config = Config::load(&inputs(global, Vec::new())?)?;
            output.document(&json!({ "value": config.settings() }), show::settings);
        }
        args::Config::Check => {
            let config = load(global, Vec::new())?;
            serve::check_log_filter(&config)?;
            output.document(&json!({ "ok": true }), show::checked);
        }
    }
    Ok(())
}

/// The value of a flag that names a key of the configuration.
pub(crate) fn flag(flag: &str, key: &str, value: &str) -> Flag {
    Flag {
        flag: flag.to_owned(),
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

/// The configuration in force, refused if it asks for what can't be done.
fn load(global: &Global, flags: Vec<Flag>) -> Result<Config> {
    let config = Config::load(&inputs(global, flags)?)?;
    config.check()?;
    Ok(config)
}

fn inputs(global: &Global, own: Vec<Flag>) -> Result<Inputs> {
    let mut flags = Vec::new();
    for setting in &global.set {
        let Some((key, value)) = setting.split_once('=') else {
            return Err(Error::invalid(
                "--set",
                format!(
                    "'--set {setting}' has no value: write it as --set limits.batch_requests=20."
                ),
            ));
        };
        flags.push(flag(&format!("--set {key}"), key, value));
    }
    if let Some(data) = &global.data {
        flags.push(flag("--data", "data", data));
    }
    if let Some(url) = &global.database_url {
        flags.push(flag("--database-url", "database_url", url));
    }
    flags.extend(own);
    // Names and values that aren't text can't be ours.
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let file = global.config.clone().or_else(|| {
        let named = environment
            .iter()
            .find(|(name, _)| name == "ISOPOLITY_CONFIG");
        named
            .filter(|(_, file)| !file.is_empty())
            .map(|(_, file)| file.into())
    });
    Ok(Inputs {
        file,
        environment,
        flags,
    })
}

/// The name of a choice as it is typed.
fn name(choice: impl ValueEnum) -> String {
    let value = choice.to_possible_value();
    value
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}

/// Reads a secret from standard input: one line.
fn secret(what: &str) -> Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(SECRET_BYTES_MAX)
        .read_line(&mut text)
        .map_err(|error| Error::bad_request(format!("Can't read {what}: {error}.")))?;
    if text.len() as u64 >= SECRET_BYTES_MAX {
        return Err(Error::bad_request(format!(
            "Standard input is too long: it has to be {what}, in one line."
        )));
    }
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(Error::bad_request(format!(
            "Standard input is empty: it has to be {what}."
        )));
    }
    Ok(text.to_owned())
}

/// Reads a file that isn't longer than may be.
pub(crate) fn read_file(path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| {
            file.take(bytes_max.saturating_add(1))
                .read_to_end(&mut content)
        })
        .map_err(|error| Error::bad_request(format!("Can't read {}: {error}.", path.display())))?;
    if content.len() as u64 > bytes_max {
        return Err(Error::LimitExceeded {
            limit: "limits.import_bytes",
            message: format!(
                "{} has more than {bytes_max} bytes, which is the limit (limits.import_bytes).",
                path.display()
            ),
        });
    }
    Ok(content)
}

fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read_file(path, MAP_BYTES_MAX)?)
        .map_err(|_| Error::bad_request(format!("{} isn't text in UTF-8.", path.display())))
}
