//! Adoption: bringing the links in line with what the target has.
//!
//! A pair does it when it begins, since the two tenants may have been together before, and when a
//! batch may have been applied whose settlement is missing (a crash, a target that was restored
//! from a backup). It asks the target for the users that it has from here, page by page, and
//! corrects the links page by page; the pair's new epoch has made their digests old already. The
//! users whose links were wrong are looked at next, whether or not they have changed at home.

use serde::{Deserialize, Serialize};
use store::{ReadTx, Tx};
use types::trace::Trace;
use types::{Error, Id, Result, TenantId, kind};

use crate::links::{self, Link, There};
use crate::pair::Counts;
use crate::receive;

/// The question that crosses the border.
pub(crate) const QUERY: &str = "sync.known";
/// Users in one answer, and links that one commit looks at.
const PAGE: usize = 1_000;

type UserId = Id<kind::User>;

/// Its body.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Question {
    /// The last user of the page before.
    pub(crate) after: Option<UserId>,
    /// Whether a job asks.
    #[serde(default)]
    pub(crate) configured: bool,
}

/// The target's answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "camelCase")]
pub(crate) enum Answer {
    /// Its policy says no.
    Refused {
        /// How it was decided.
        trace: Trace,
    },
    /// The users of the asking tenant that it has, in the order of their ids at home.
    Known {
        /// A page of them.
        users: Vec<Known>,
    },
}

/// A user that the target has.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Known {
    /// The id at home.
    id: UserId,
    /// The object there.
    target_id: UserId,
    /// Whether it is deleted there.
    deleted: bool,
}

/// The target's answer to [`QUERY`].
pub(crate) fn answer(tx: &ReadTx<'_>, from: TenantId, body: &str) -> Result<String> {
    let question: Question =
        serde_json::from_str(body).map_err(|error| Error::bad_request(error.to_string()))?;
    let trace = receive::inbound(tx, from, question.configured)?;
    let answer = if trace.allowed {
        let users = directory::synced::list(tx, from, question.after, PAGE)?
            .into_iter()
            .filter_map(|user| {
                let (_, id) = user.home?;
                Some(Known {
                    id,
                    target_id: user.id,
                    deleted: user.deleted_at.is_some(),
                })
            })
            .collect();
        Answer::Known { users }
    } else {
        Answer::Refused { trace }
    };
    serde_json::to_string(&answer).map_err(Error::internal)
}

/// Corrects the links behind `after` by a page that was asked for from there. Answers from where to
/// go on, if there is more.
pub(crate) fn adopt(
    tx: &mut Tx<'_>,
    target: TenantId,
    after: Option<UserId>,
    known: &[Known],
) -> Result<Option<UserId>> {
    let known_end = (known.len() >= PAGE)
        .then(|| known.last().map(|known| known.id))
        .flatten();
    let links = links::range(tx, target, after, known_end, PAGE)?;
    let links_end = (links.len() == PAGE)
        .then(|| links.last().map(|link| link.user_id))
        .flatten();
    let end = match (known_end, links_end) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    let within = |id: UserId| end.is_none_or(|end| id <= end);
    let mut counts = Counts::default();
    let mut links = links
        .into_iter()
        .filter(|link| within(link.user_id))
        .peekable();
    for known in known.iter().filter(|known| within(known.id)) {
        while let Some(link) = links.next_if(|link| link.user_id < known.id) {
            not_there(tx, target, &link, &mut counts)?;
        }
        let link = links.next_if(|link| link.user_id == known.id);
        is_there(tx, target, known, link, &mut counts)?;
    }
    for link in links {
        not_there(tx, target, &link, &mut counts)?;
    }
    counts.keep(tx, target)?;
    Ok(end)
}

fn is_there(
    tx: &mut Tx<'_>,
    target: TenantId,
    known: &Known,
    link: Option<Link>,
    counts: &mut Counts,
) -> Result<()> {
    let there = if known.deleted {
        There::Removed
    } else {
        There::Synced
    };
    let before = link.clone();
    let mut link = link.unwrap_or(Link::new(known.id));
    if link.there == there && link.target_id == Some(known.target_id) {
        return Ok(());
    }
    link.there = there;
    link.target_id = Some(known.target_id);
    link.digest = None;
    link.look = true;
    counts.change(before.as_ref(), Some(&link));
    links::put(tx, target, &link)
}

fn not_there(tx: &mut Tx<'_>, target: TenantId, link: &Link, counts: &mut Counts) -> Result<()> {
    if link.there == There::Nothing {
        return Ok(());
    }
    let after = Link {
        failure: link.failure.clone(),
        look: true,
        ..Link::new(link.user_id)
    };
    counts.change(Some(link), Some(&after));
    links::put(tx, target, &after)
}
