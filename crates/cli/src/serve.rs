//! `isopolity serve`: one process that owns a data directory and answers on one port.
//!
//! - The order of a start: the lock, the port, the node, the socket for commands, the ready line.
//!   What fails before that line fails the start, with a sentence.
//! - The first SIGTERM or SIGINT lets requests and commands finish; a second one ends at once.

use std::io::IsTerminal as _;
use std::net::SocketAddr;

use graph::{App, Platform, Tls};
use node::Node;
use node::config::{Config, Flag, LogFormat};
use node::control;
use serde_json::json;
use store::{Clock as _, DataLock, SystemClock};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;
use types::{Error, Result};

use crate::args;
use crate::commands::flag;
use crate::output::Output;
use crate::run;

/// The flags of `serve` as values of the configuration.
pub(crate) fn flags(options: &args::Serve) -> Vec<Flag> {
    let texts = [
        ("--listen", "listen", &options.listen),
        ("--public-url", "public_url", &options.public_url),
        ("--tls-cert", "tls.cert", &options.tls_cert),
        ("--tls-key", "tls.key", &options.tls_key),
        ("--peer-listen", "peer_listen", &options.peer_listen),
        ("--allow-egress", "allow_egress", &options.allow_egress),
        ("--trusted-proxy", "trusted_proxy", &options.trusted_proxy),
    ];
    let mut flags: Vec<Flag> = texts
        .into_iter()
        .filter_map(|(name, key, value)| Some(flag(name, key, value.as_deref()?)))
        .collect();
    if options.tls_self_signed {
        flags.push(flag("--tls-self-signed", "tls.self_signed", "true"));
    }
    flags
}

/// Serves until told to stop.
pub(crate) async fn run(config: Config, output: &Output) -> Result<()> {
    start_log(&config, "info")?;
    run::make_directory(&config.data)?;
    let lock = DataLock::take(&config.data)?;
    let server = Server::open(config, lock).await?;
    let until = Server::until_told()?;
    let code = server.node().offer_setup()?;
    server
        .serve(until, |url| {
            if let Some(code) = &code {
                output.note(&format!(
                    "There is no tenant yet. Set the first one up at {url}/setup with the code {}",
                    code.expose()
                ));
            }
            output.line(&json!({ "ready": true, "url": url }));
        })
        .await
}

/// A node with its port, before it answers.
pub(crate) struct Server {
    node: Node,
    config: Config,
    url: String,
    listener: TcpListener,
    tls: Option<Tls>,
    lock: DataLock,
}

impl Server {
    /// Takes the port and opens the node. The caller has made the directory and holds its lock.
    pub(crate) async fn open(mut config: Config, lock: DataLock) -> Result<Self> {
        let unavailable = |error: std::io::Error| {
            Error::unavailable(
                format!(
                    "Can't listen at {}: {error}. End what uses the address, or choose another by --listen.",
                    config.listen
                ),
                30,
            )
        };
        let listener = TcpListener::bind(&config.listen)
            .await
            .map_err(unavailable)?;
        let at = listener.local_addr().map_err(unavailable)?;
        config.listen = with_port(&config.listen, at);
        let url = config.origin();
        config.public_url = Some(url.clone());
        let tls = tls(&config, &url)?;
        let node = run::open_node(config.clone()).await?;
        node.start();
        Ok(Self {
            node,
            config,
            url,
            listener,
            tls,
            lock,
        })
    }

    /// The node, for work that comes before serving.
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Watches for signals from here on: true once the first has come.
    pub(crate) fn until_told() -> Result<watch::Receiver<bool>> {
        let watched = |kind| signal(kind).map_err(Error::internal);
        let mut signals = (
            watched(SignalKind::terminate())?,
            watched(SignalKind::interrupt())?,
        );
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(async move {
            next(&mut signals).await;
            tracing::info!("told to stop; requests may finish");
            let _ = stop.send(true);
            next(&mut signals).await;
            tracing::warn!("told to stop again; ending at once");
            std::process::exit(1);
        });
        Ok(stopped)
    }

    /// Answers until told to stop, and ends in order.
    pub(crate) async fn serve(
        self,
        until: watch::Receiver<bool>,
        on_ready: impl FnOnce(&str),
    ) -> Result<()> {
        let Self {
            node,
            config,
            url,
            listener,
            tls,
            lock,
        } = self;
        let app = face(&node, &url)?;
        let socket = control::bind(&run::socket(&config.data))?;
        let executor = node.clone();
        let execute = move |command, progress: control::ProgressSink| {
            let node = executor.clone();
            async move { node.execute(command, &*progress).await }
        };
        let (end_commands, commands_end) = watch::channel(false);
        let commands = tokio::spawn(control::serve(
            socket,
            execute,
            run::command_bytes_max(&config),
            told(commands_end),
        ));
        let requests = tokio::spawn(graph::serve(listener, app, tls, told(until)));
        tracing::info!(url, "ready");
        on_ready(&url);
        let requests = requests.await;
        let _ = end_commands.send(true);
        let commands = commands.await;
        node.stop().await;
        drop(node);
        drop(lock);
        requests.and(commands).map_err(Error::internal)
    }
}

/// Puts the HTTP face before a node: the one place where the two meet.
fn face(node: &Node, url: &str) -> Result<App> {
    let app = App::new(Platform::of(node, url), graph::all_routes())?;
    Ok(app.with_pages(web::answer))
}

async fn next((terminate, interrupt): &mut (Signal, Signal)) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

async fn told(mut until: watch::Receiver<bool>) {
    // A sender that is gone can't tell any more: that is the end, too.
    let _ = until.wait_for(|told| *told).await;
}

/// The address as it was written, with the port that it got.
fn with_port(listen: &str, at: SocketAddr) -> String {
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
    format!("{host}:{}", at.port())
}

fn tls(config: &Config, url: &str) -> Result<Option<Tls>> {
    if config.tls.self_signed {
        let authority = url
            .split_once("://")
            .map_or(url, |(_, authority)| authority);
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() => host,
            _ => authority,
        };
        return Tls::self_signed(&config.data.join("tls"), host, SystemClock.now()).map(Some);
    }
    match (&config.tls.cert, &config.tls.key) {
        (Some(cert), Some(key)) => Tls::from_files(cert, key).map(Some),
        _ => Ok(None),
    }
}

/// Whether the filter of the log can be understood.
pub(crate) fn check_log_filter(config: &Config) -> Result<()> {
    log_filter(config, "info").map(drop)
}

fn log_filter(config: &Config, default: &str) -> Result<EnvFilter> {
    let text = config.log.filter.as_deref().unwrap_or(default);
    EnvFilter::try_new(text).map_err(|error| {
        Error::invalid(
            "log.filter",
            format!(
                "{}: '{text}' isn't a log filter: {error}.",
                config.source("log.filter")
            ),
        )
    })
}

/// Sends the log to standard error; `default` is what is logged if nobody says.
pub(crate) fn start_log(config: &Config, default: &str) -> Result<()> {
    let log = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(log_filter(config, default)?);
    // A second start in the same process keeps the first one's log.
    let _ = match config.log.format {
        LogFormat::Json => log.json().try_init(),
        LogFormat::Text => log.try_init(),
    };
    Ok(())
}
