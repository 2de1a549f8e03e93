//! What a pair sends (`sync.users`) and what its target answers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use types::{Id, kind};

use crate::groups::{self, GroupItem, Members};

/// The kind of the envelope.
pub const USERS: &str = "sync.users";
/// The stream that pairs use.
pub const STREAM: &str = "sync";

/// A batch of users, each at most once, and what there is about groups.
#[derive(Debug, Deserialize)]
pub struct Batch {
    /// The users.
    pub items: Vec<Item>,
    /// Whether a job sends them, which needs no organization.
    #[serde(default)]
    pub configured: bool,
    /// Groups.
    #[serde(default)]
    pub groups: Vec<GroupItem>,
    /// Members of groups.
    #[serde(default)]
    pub members: Vec<Members>,
}

/// A [`Batch`] as it is written.
#[derive(Debug, Serialize)]
pub(crate) struct Outbound<'a> {
    pub(crate) items: &'a [&'a Item],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) configured: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) groups: &'a [&'a GroupItem],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) members: &'a [&'a Members],
}

/// What the target should have of one user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// The user's object id at home.
    pub id: Id<kind::User>,
    /// Its state, or none if the target shouldn't have it (any more).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user: Option<User>,
    /// Without a state: whether the user is gone at home for good.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub purged: bool,
}

/// A user as the default attribute mapping makes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Home sign-in name; the target makes its own from it.
    pub user_principal_name: String,
    /// Whether the account is enabled at home.
    pub account_enabled: bool,
    /// Mail at home; for display, never for matching.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mail: Option<String>,
    /// The manager's object id at home.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manager: Option<Id<kind::User>>,
    /// Mapped attributes as Graph names them. What is absent has no value.
    pub properties: Map<String, Value>,
    /// Where the pair has a schema of its own: what that says beyond the default.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub own: Option<Box<Own>>,
}

/// What a pair's own schema says of a user.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Own {
    /// The attributes that are the home's; of the others none is touched.
    pub flows: BTreeSet<String>,
    /// What a new user begins with.
    #[serde(skip_serializing_if = "Map::is_empty", default)]
    pub on_creation: Map<String, Value>,
    /// What is set where there is no value.
    #[serde(skip_serializing_if = "Map::is_empty", default)]
    pub if_absent: Map<String, Value>,
    /// What the target makes its name from, if not from the one at home.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub named_after: Option<String>,
}

/// The target's answer: one outcome per item, in their order.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Reply {
    /// The outcomes.
    pub results: Vec<Outcome>,
    /// Those of groups.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub groups: Vec<groups::Outcome>,
    /// Those of members of groups.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub members: Vec<groups::Outcome>,
}

/// What became of one item.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum Outcome {
    /// A new user.
    #[serde(rename_all = "camelCase")]
    Created {
        /// The object there.
        target_id: Id<kind::User>,
    },
    /// Changed, or brought back from deletion.
    #[serde(rename_all = "camelCase")]
    Updated {
        /// The object there.
        target_id: Id<kind::User>,
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
        target_id: Id<kind::User>,
    },
    /// Soft-deleted, deleted for good, or not there.
    #[serde(rename_all = "camelCase")]
    Removed {
        /// The object there, if there was one.
        target_id: Option<Id<kind::User>>,
    },
    /// Not done; the others were.
    #[serde(rename_all = "camelCase")]
    Failed {
        /// A short code for tools.
        code: String,
        /// The reason in words.
        message: String,
    },
}
