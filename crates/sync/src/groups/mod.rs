//! Group objects: groups that a sharing names, as groups of the target.
//!
//! A pair does with groups what it does with users: it *reconciles* each whose turn has come (what
//! should the target have, what has it by its last answer) by state, not by difference. Members are
//! state as well: *among the ids from here to there exactly these are in the group*. A change of one
//! membership sends the range of one id; a group that is new is filled in ranges of a batch each,
//! behind everything else, from a place that is written down ([`links`]). No list of what was sent
//! is kept at home: the target knows its own, by the ids at home, and links users and groups as they
//! come ([`directory::synced_groups`]).
//!
//! Only groups of this tenant are sent, nothing is passed on; the target has to let groups in
//! (`groupSyncInbound`) besides users. Deletions of groups wait while the [guard](crate::guard) holds
//! those of users.

pub(crate) mod adoption;
pub(crate) mod links;
pub(crate) mod look;
pub(crate) mod receive;
pub(crate) mod settle;
mod shown;

use directory::groups::Group;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use types::{Error, Id, Result, kind};
use uuid::Uuid;

pub use shown::list;

use crate::BATCH_USERS_MAX;

/// Groups in one envelope, and members of one range.
pub const BATCH_GROUPS_MAX: usize = BATCH_USERS_MAX / 2;

type GroupId = Id<kind::Group>;

/// What the target should have of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupItem {
    /// Its object id at home.
    pub id: GroupId,
    /// Its state, or none if the target shouldn't have it (any more).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<State>,
    /// Without a state: whether the group is gone at home for good.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub purged: bool,
}

/// A group as it crosses the border.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// Its name.
    pub display_name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// Its nickname.
    pub mail_nickname: String,
}

impl State {
    pub(crate) fn of(group: &Group) -> Self {
        let text = |name: &str| match group.property(name) {
            Value::String(text) => Some(text),
            _ => None,
        };
        Self {
            display_name: group.display_name().to_owned(),
            description: text("description"),
            mail_nickname: text("mailNickname").unwrap_or_default(),
        }
    }
}

/// Who is in a group among the ids behind `after` up to `through`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Members {
    /// The group's object id at home.
    pub group: GroupId,
    /// Behind this id.
    pub after: Uuid,
    /// Up to this one.
    pub through: Uuid,
    /// Users among them, by their ids at home.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub users: Vec<Uuid>,
    /// Groups among them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub groups: Vec<Uuid>,
}

impl Members {
    pub(crate) fn len(&self) -> usize {
        self.users.len() + self.groups.len()
    }
}

/// What became of a group, or of its members.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum Outcome {
    /// A new group.
    #[serde(rename_all = "camelCase")]
    Created {
        /// The object there.
        target_id: GroupId,
    },
    /// Changed, or brought back from deletion.
    #[serde(rename_all = "camelCase")]
    Updated {
        /// The object there.
        target_id: GroupId,
        /// Whether it came back from deletion.
        #[serde(default)]
        restored: bool,
        /// Property, old value, new value.
        changes: Vec<(String, Value, Value)>,
    },
    /// There was nothing to do.
    #[serde(rename_all = "camelCase")]
    Unchanged {
        /// The object there.
        target_id: GroupId,
    },
    /// Soft-deleted, deleted for good, or not there.
    #[serde(rename_all = "camelCase")]
    Removed {
        /// The object there, if there was one.
        target_id: Option<GroupId>,
    },
    /// The members are as they should be.
    MembersSet,
    /// Not done; the others were.
    #[serde(rename_all = "camelCase")]
    Failed {
        /// A short code for tools.
        code: String,
        /// The reason in words.
        message: String,
    },
}

/// What a batch has about groups.
#[derive(Debug, Clone, Default)]
pub struct Work {
    pub(crate) groups: Vec<PlannedGroup>,
    pub(crate) members: Vec<PlannedMembers>,
}

impl Work {
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.members.is_empty()
    }
    /// What of it is sent: groups, then members.
    pub(crate) fn sent(&self) -> (Vec<&GroupItem>, Vec<&Members>) {
        let groups = self.groups.iter().filter_map(|group| group.item.as_ref());
        let members = self.members.iter().map(|members| &members.item);
        (groups.collect(), members.collect())
    }
    /// How much it is, in users.
    pub(crate) fn weight(&self) -> usize {
        let members: usize = self
            .members
            .iter()
            .map(|members| members.item.len() + 1)
            .sum();
        self.groups.len() + members
    }
    /// Deletions wait.
    pub(crate) fn hold(&mut self) {
        for planned in &mut self.groups {
            if planned
                .item
                .as_ref()
                .is_some_and(|item| item.group.is_none())
            {
                planned.item = None;
                planned.waits = true;
            }
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct PlannedGroup {
    /// None: only the link is put in order.
    pub(crate) item: Option<GroupItem>,
    pub(crate) id: GroupId,
    pub(crate) digest: Option<[u8; 16]>,
    pub(crate) display_name: String,
    pub(crate) waits: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct PlannedMembers {
    pub(crate) item: Members,
    /// Of a part of a filling: whether it is the last one.
    pub(crate) fills: Option<bool>,
}

/// As of users: whether the target has this state already.
pub(crate) fn digest(state: &State, epoch: u64) -> Result<[u8; 16]> {
    let text = serde_json::to_vec(state).map_err(Error::internal)?;
    Ok(crate::mapping::digest_of(&text, epoch))
}
