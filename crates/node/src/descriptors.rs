//! File descriptors: as many as the system gives, shared between clients and files, so that neither
//! takes what the other needs.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is open anyway: the registry, the log, the runtime, the socket for commands.
const OWN: usize = 16;
/// Descriptors of one open island besides its readers' connections: the file and its log by the
/// writer, and the log's index.
const PER_ISLAND: usize = 3;
/// Descriptors of one reading connection.
const PER_READER: usize = 2;

/// Takes as many as this process may have. The usual first limit, 1,024, is meant for programs
/// that wait by `select`.
pub fn claim() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: maximum,
        maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, all) {
        tracing::debug!(%error, "no more file descriptors are to be had");
    }
}

fn available() -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    })
}

/// Connections that may be open at once, of those that are asked for: half of what there is.
pub fn connections(asked: usize) -> usize {
    asked.min(available() / 2)
}

/// Islands that may be open at once, of those that are asked for.
pub(crate) fn islands(asked: usize, readers: usize) -> usize {
    let files = (available() / 2).saturating_sub(OWN);
    asked
        .min(files / (PER_ISLAND + PER_READER * readers))
        .max(1)
}
