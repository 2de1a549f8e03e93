//! What can be typed: commands, flags and their help.
//!
//! - Every command has an example; `docs/cli.md` is written from what stands here.
//! - Secrets come over standard input, never as arguments: those are in the process list.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

/// Many organizations, one directory for each, and people who work across them.
#[derive(Debug, Parser)]
#[command(
    name = "isopolity",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = "Example: isopolity demo\n\nStandard output is a table on a terminal and JSON otherwise; progress and logs are on \
        standard error. Exit code 0: done; 1: refused or failed, with a sentence that says what to do; \
        2: wrong usage. Commands work with a server running on the data directory, through it, and \
        without one."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// The data directory [default: ./data] [env: ISOPOLITY_DATA]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<String>,
    /// The PostgreSQL database that holds the data instead of files [env: DATABASE_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// The configuration file [default: isopolity.toml in the data directory] [env: ISOPOLITY_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Set a key of the configuration: limits.batch_requests=20
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// JSON on standard output, on a terminal too
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve everything on one port
    #[command(after_help = "Example: isopolity serve --data ./data --listen 127.0.0.1:8080")]
    Serve(Serve),
    /// Tenants of this deployment
    #[command(subcommand, after_help = "Example: isopolity tenant list")]
    Tenant(Tenant),
    /// Applications of a tenant
    #[command(
        subcommand,
        after_help = "Example: isopolity app create --tenant contoso.example --name Reports --permission User.Read.All"
    )]
    App(App),
    /// Get an access token for an application
    #[command(
        after_help = "Example: isopolity token --tenant contoso.example --client-id 0f1d… --client-secret-stdin < secret.txt"
    )]
    Token(Token),
    /// Bring people in from files
    #[command(
        subcommand,
        after_help = "Example: isopolity import users --tenant contoso.example --format ldif people.ldif"
    )]
    Import(Import),
    /// The multi-tenant organization
    #[command(
        subcommand,
        after_help = "Example: isopolity organization show --tenant contoso.example"
    )]
    Organization(Organization),
    /// Share people with the other tenants of the organization
    #[command(
        group = ArgGroup::new("who").args(["all", "users", "groups"]).required(true).multiple(true),
        after_help = "Example: isopolity share --tenant contoso.example --all\n\
            Example: isopolity share --tenant contoso.example --user ann@contoso.example --with fabrikam.example"
    )]
    Share(Share),
    /// Say whether something is allowed between tenants, and why
    #[command(
        after_help = "Example: isopolity explain --from contoso.example/ann@contoso.example --to fabrikam.example --action sync"
    )]
    Explain(Explain),
    /// Say for every two tenants of the organization whether things work between them
    #[command(after_help = "Example: isopolity readiness --tenant contoso.example")]
    Readiness(Readiness),
    /// See it work: three tenants with people, one organization, everyone synced both ways
    #[command(after_help = "Example: isopolity demo\n\
            Example: isopolity demo --once --json --users contoso.ldif fabrikam.csv tailspin.ldif")]
    Demo(Demo),
    /// Domains of a tenant
    #[command(
        subcommand,
        after_help = "Example: isopolity domain add --tenant contoso.example --domain mail.contoso.example --verified"
    )]
    Domain(Domain),
    /// People of a tenant, where only the operator can help
    #[command(
        subcommand,
        after_help = "Example: isopolity user access-pass --tenant contoso.example --user admin@contoso.example"
    )]
    User(User),
    /// Keys that sign a tenant's tokens
    #[command(
        subcommand,
        after_help = "Example: isopolity keys rotate --tenant contoso.example"
    )]
    Keys(Keys),
    /// Look whether everything that must always hold does hold
    #[command(
        after_help = "Example: isopolity doctor --data ./data\n\nExit code 1 if anything is wrong."
    )]
    Doctor,
    /// Move all data from files to PostgreSQL, or back; the server has to be stopped
    #[command(
        after_help = "Example: isopolity migrate --data ./data --to postgres://isopolity@db.example/isopolity\n\
            Example: isopolity migrate --data ./data --database-url postgres://isopolity@db.example/isopolity --to files\n\n\
            What was moved stays where it was. A move that was cut off goes on when it is started again."
    )]
    Migrate(Migrate),
    /// The configuration in force
    #[command(subcommand, after_help = "Example: isopolity config show")]
    Config(Config),
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// The address of an empty database, or "files" for the data directory's
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The address to serve at; port 0 lets the system choose [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// The origin that clients use, which tokens and links carry [default: made of --listen]
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// A certificate chain in PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        conflicts_with = "tls_self_signed"
    )]
    pub(crate) tls_cert: Option<String>,
    /// Its private key in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<String>,
    /// Sign a certificate; clients trust tls/ca.pem of the data directory
    #[arg(long)]
    pub(crate) tls_self_signed: bool,
    /// The address for other deployments; can't be used yet
    #[arg(long, value_name = "ADDR")]
    pub(crate) peer_listen: Option<String>,
    /// Loopback, private and link-local addresses that calls may go out to
    #[arg(long, value_name = "CIDR,…")]
    pub(crate) allow_egress: Option<String>,
    /// From where X-Forwarded-* is believed
    #[arg(long, value_name = "CIDR,…")]
    pub(crate) trusted_proxy: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tenant {
    /// Make a tenant with its first administrator, and an application for automation
    #[command(
        after_help = "Example: isopolity tenant create --name Contoso --domain contoso.example"
    )]
    Create {
        /// Its name
        #[arg(long)]
        name: String,
        /// Its first domain
        #[arg(long)]
        domain: String,
        /// The administrator's name to sign in with, admin@DOMAIN by default
        #[arg(long, value_name = "UPN")]
        admin_upn: Option<String>,
        /// Read the administrator's password from standard input instead of making one
        #[arg(long)]
        admin_password_stdin: bool,
    },
    /// List all tenants
    #[command(after_help = "Example: isopolity tenant list")]
    List,
}

/// The tenant that a command is about.
#[derive(Debug, Args)]
pub(crate) struct Of {
    /// The tenant, by id or by a domain
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum App {
    /// Register a confidential client
    #[command(
        after_help = "Example: isopolity app create --tenant contoso.example --name Reports --permission User.Read.All Group.Read.All"
    )]
    Create {
        #[command(flatten)]
        of: Of,
        /// Its name
        #[arg(long)]
        name: String,
        /// Where sign-ins may return to
        #[arg(long = "redirect-uri", value_name = "URI", num_args = 1..)]
        redirect_uris: Vec<String>,
        /// Application permissions, consented for the whole tenant
        #[arg(long = "permission", value_name = "PERMISSION", num_args = 1..)]
        permissions: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Token {
    #[command(flatten)]
    pub(crate) of: Of,
    /// The application
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: String,
    /// Read its secret from standard input
    #[arg(long, required = true)]
    pub(crate) client_secret_stdin: bool,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// Directory entries, of OpenLDAP or Active Directory
    Ldif,
    /// A table: Entra's bulk template, or any header by --map
    Csv,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Import people; again and again, if you like
    #[command(
        after_help = "Example: isopolity import users --tenant contoso.example --format ldif people.ldif --dry-run"
    )]
    Users {
        #[command(flatten)]
        of: Of,
        /// The form of the file
        #[arg(long)]
        format: Format,
        /// The file
        file: PathBuf,
        /// A file that says which column is which property
        #[arg(long, value_name = "FILE")]
        map: Option<PathBuf>,
        /// Only say what would happen
        #[arg(long)]
        dry_run: bool,
    },
}

/// The admin's two consents.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Consents {
    /// Consent: users of the other tenants may be synced in here
    #[arg(long)]
    pub(crate) accept_users: bool,
    /// Consent: nobody is asked at the first sign-in, in and out
    #[arg(long)]
    pub(crate) skip_consent: bool,
}

/// A tenant's standing in an organization.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Role {
    /// May change the organization
    Owner,
    /// Takes part
    Member,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Organization {
    /// Found an organization
    #[command(
        after_help = "Example: isopolity organization create --tenant contoso.example --name Alliance --add fabrikam.example --accept-users --skip-consent"
    )]
    Create {
        #[command(flatten)]
        of: Of,
        /// The organization's name
        #[arg(long)]
        name: String,
        /// Tenants to add; each joins by itself
        #[arg(long, value_name = "TENANT", num_args = 1..)]
        add: Vec<String>,
        #[command(flatten)]
        consents: Consents,
    },
    /// Add tenants, which then join by themselves
    #[command(
        after_help = "Example: isopolity organization add --tenant contoso.example --add tailspin.example"
    )]
    Add {
        #[command(flatten)]
        of: Of,
        /// Tenants to add
        #[arg(long, value_name = "TENANT", num_args = 1.., required = true)]
        add: Vec<String>,
        /// Their role [default: member]
        #[arg(long)]
        role: Option<Role>,
    },
    /// Join the organization of a tenant that has added this one
    #[command(
        after_help = "Example: isopolity organization join --tenant fabrikam.example --invited-by contoso.example --accept-users --skip-consent\n\n\
            Prints what would change and asks, unless --yes."
    )]
    Join {
        #[command(flatten)]
        of: Of,
        /// The tenant that added it
        #[arg(long, value_name = "TENANT")]
        invited_by: String,
        #[command(flatten)]
        consents: Consents,
        /// Don't ask
        #[arg(long)]
        yes: bool,
    },
    /// Leave the organization
    #[command(after_help = "Example: isopolity organization leave --tenant fabrikam.example")]
    Leave {
        #[command(flatten)]
        of: Of,
    },
    /// Remove another tenant
    #[command(
        after_help = "Example: isopolity organization remove --tenant contoso.example --remove fabrikam.example"
    )]
    Remove {
        #[command(flatten)]
        of: Of,
        /// The tenant that goes
        #[arg(long, value_name = "TENANT")]
        remove: String,
    },
    /// Change a tenant's role
    #[command(
        after_help = "Example: isopolity organization role --tenant contoso.example --of fabrikam.example --role owner"
    )]
    Role {
        #[command(flatten)]
        by: Of,
        /// Whose role
        #[arg(long, value_name = "TENANT")]
        of: String,
        /// The role
        #[arg(long)]
        role: Role,
    },
    /// Show the organization as a tenant sees it
    #[command(after_help = "Example: isopolity organization show --tenant contoso.example")]
    Show {
        #[command(flatten)]
        of: Of,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Share {
    #[command(flatten)]
    pub(crate) of: Of,
    /// Share everybody
    #[arg(long, conflicts_with_all = ["users", "groups"])]
    pub(crate) all: bool,
    /// Share these users, by id or UPN
    #[arg(long = "user", value_name = "USER", num_args = 1..)]
    pub(crate) users: Vec<String>,
    /// Share the members of these groups, by id
    #[arg(long = "group", value_name = "GROUP", num_args = 1..)]
    pub(crate) groups: Vec<String>,
    /// Share the groups themselves too, as groups of the other tenants
    #[arg(long, requires = "groups")]
    pub(crate) group_objects: bool,
    /// Let everybody go who isn't shared any more, however many these are
    #[arg(long)]
    pub(crate) allow_deletions: bool,
    /// With these tenants only [default: with all, later ones too]
    #[arg(long, value_name = "TENANT", num_args = 1..)]
    pub(crate) with: Vec<String>,
}

/// What is asked about.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Action {
    /// Synchronize a user into the other tenant
    Sync,
    /// Sign in there
    Signin,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Who: TENANT/USER
    #[arg(long, value_name = "TENANT/USER")]
    pub(crate) from: String,
    /// Where: TENANT or TENANT/USER
    #[arg(long, value_name = "TENANT[/USER]")]
    pub(crate) to: String,
    /// What
    #[arg(long)]
    pub(crate) action: Action,
}

#[derive(Debug, Args)]
pub(crate) struct Readiness {
    #[command(flatten)]
    pub(crate) of: Of,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where the demonstration keeps its data; a finished one is used again
    #[arg(long, value_name = "DIR", default_value = "./demo-data")]
    pub(crate) dir: PathBuf,
    /// Your own people: a file for each tenant, LDIF or CSV, named as the tenant
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) users: Vec<PathBuf>,
    /// End after the report instead of serving
    #[arg(long)]
    pub(crate) once: bool,
    /// The address to serve at [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Domain {
    /// Add a domain
    #[command(
        after_help = "Example: isopolity domain add --tenant contoso.example --domain mail.contoso.example --verified"
    )]
    Add {
        #[command(flatten)]
        of: Of,
        /// The domain
        #[arg(long)]
        domain: String,
        /// Your word that it is the tenant's; otherwise it is proved in the DNS
        #[arg(long)]
        verified: bool,
    },
    /// Look in the DNS for the record that proves a domain, and note it if it is there
    #[command(
        after_help = "Example: isopolity domain verify --tenant contoso.example --domain mail.contoso.example"
    )]
    Verify {
        #[command(flatten)]
        of: Of,
        /// The domain
        #[arg(long)]
        domain: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Make a temporary access pass for somebody who has lost everything else to sign in with
    ///
    /// It counts as two factors and leads to where a passkey or an authenticator app is set up. The
    /// tenant's log says that the operator has made it.
    #[command(
        after_help = "Example: isopolity user access-pass --tenant contoso.example --user admin@contoso.example"
    )]
    AccessPass {
        #[command(flatten)]
        of: Of,
        /// The person, by id or by user principal name
        #[arg(long)]
        user: String,
        /// For how long it is valid [default: as the tenant's policy says]
        #[arg(long, value_name = "MINUTES")]
        minutes: Option<u32>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Sign with a new key; tokens of the old one stay valid until they expire
    #[command(after_help = "Example: isopolity keys rotate --tenant contoso.example")]
    Rotate {
        #[command(flatten)]
        of: Of,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Print every value in force and where it came from
    #[command(after_help = "Example: isopolity config show --set limits.batch_requests=10")]
    Show,
    /// Say whether a server would start with it
    #[command(after_help = "Example: isopolity config check --config isopolity.toml")]
    Check,
}
