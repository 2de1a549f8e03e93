//! What can be subscribed to, who may, and which changes belong to it.

use std::fmt;
use std::str::FromStr;

use directory::{groups, users};
use store::{ChangeRow, Op, ReadTx};
use types::{Error, Id, Result, kind};
use uuid::Uuid;

/// Permissions of which any one opens subscriptions to users, and to groups. Writing doesn't count:
/// whoever is told of changes has to be allowed to read them.
const USERS: &[&str] = &["User.Read.All", "Directory.Read.All"];
const GROUPS: &[&str] = &["Group.Read.All", "Directory.Read.All"];
const RESOURCE_CHARACTERS_MAX: usize = 1_024;

/// The permissions of which any one opens what a text names, as far as its first word says; none if
/// it names nothing.
pub fn permissions_for(text: &str) -> Option<&'static [&'static str]> {
    let path = text.strip_prefix('/').unwrap_or(text);
    let first = path.split(['/', '(']).next().unwrap_or_default();
    match first.to_ascii_lowercase().as_str() {
        "users" | "me" => Some(USERS),
        "groups" => Some(GROUPS),
        _ => None,
    }
}

/// A resource that can be subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// All users.
    Users,
    /// One user.
    User(Uuid),
    /// All groups, with their members and owners.
    Groups,
    /// One group, with its members and owners.
    Group(Uuid),
    /// The members of a group.
    Members(Uuid),
    /// The owners of a group.
    Owners(Uuid),
}

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Group,
}

/// Which kinds of changes somebody is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChangeTypes(i64);

const CREATED: i64 = 1;
const UPDATED: i64 = 2;
const DELETED: i64 = 4;

impl ChangeTypes {
    /// Reads `created,updated`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut bits = 0;
        for word in text.split(',') {
            bits |= match word.trim().to_ascii_lowercase().as_str() {
                "created" => CREATED,
                "updated" => UPDATED,
                "deleted" => DELETED,
                _ => {
                    let shown: String = text.chars().take(64).collect();
                    return Err(Error::invalid(
                        "changeType",
                        format!("Invalid 'changeType' attribute: '{shown}'."),
                    ));
                }
            };
        }
        Ok(Self(bits))
    }
    pub(crate) const fn of_bits(bits: i64) -> Self {
        Self(bits)
    }
    pub(crate) const fn bits(self) -> i64 {
        self.0
    }
    /// The first of these that was asked for.
    fn first(self, wanted: &[i64]) -> Option<&'static str> {
        let found = wanted.iter().find(|bit| self.0 & **bit != 0)?;
        Some(match *found {
            CREATED => "created",
            UPDATED => "updated",
            _ => "deleted",
        })
    }
}

/// What of a change is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) change_type: &'static str,
    pub(crate) kind: Kind,
    pub(crate) object: Uuid,
    /// Who came to or left a group, and in which of its relations.
    pub(crate) link: Option<Link>,
}

/// A member or an owner that came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) relation: &'static str,
    pub(crate) other: Uuid,
    pub(crate) removed: bool,
}

impl Resource {
    /// Reads a resource as clients write it: `users`, `/groups/{id}/members`, `users('{id}')`. A user
    /// may be named by id or UPN.
    pub fn read(tx: &ReadTx<'_>, text: &str, me: Option<Id<kind::User>>) -> Result<Self> {
        let unknown = || {
            let shown: String = text.chars().take(128).collect();
            Error::invalid(
                "resource",
                format!(
                    "Resource '{shown}' isn't supported for change notifications; supported are users, users/{{id}}, groups, groups/{{id}}, groups/{{id}}/members and groups/{{id}}/owners."
                ),
            )
        };
        if text.chars().count() > RESOURCE_CHARACTERS_MAX {
            return Err(unknown());
        }
        let path = text.strip_prefix('/').unwrap_or(text);
        let path = path.strip_suffix('/').unwrap_or(path);
        if let (Some(me), true) = (me, path.eq_ignore_ascii_case("me")) {
            return Ok(Self::User(me.uuid()));
        }
        if path.eq_ignore_ascii_case("me") || path.to_ascii_lowercase().starts_with("me/") {
            return Err(Error::invalid(
                "resource",
                "/me request is only valid with delegated authentication flow.",
            ));
        }
        // The key in brackets is a segment as well.
        let path = path.replace("('", "/").replace("')", "");
        let segments: Vec<&str> = path.split('/').collect();
        let first = segments.first().map(|it| it.to_ascii_lowercase());
        let last = segments.get(2).map(|it| it.to_ascii_lowercase());
        let group = |key: &str| {
            let id = types::parse_uuid(key).ok_or_else(|| Error::not_found("group", key))?;
            groups::get(tx, Id::new(id)).map(|group| group.id.uuid())
        };
        match (
            first.as_deref(),
            segments.get(1),
            last.as_deref(),
            segments.len(),
        ) {
            (Some("users"), None, ..) => Ok(Self::Users),
            (Some("groups"), None, ..) => Ok(Self::Groups),
            (_, Some(key), ..) if key.is_empty() || key.contains(['?', '$']) => Err(unknown()),
            (Some("users"), Some(key), None, _) => {
                users::find(tx, key).map(|user| Self::User(user.id.uuid()))
            }
            (Some("groups"), Some(key), None, _) => group(key).map(Self::Group),
            (Some("groups"), Some(key), Some("members"), 3) => group(key).map(Self::Members),
            (Some("groups"), Some(key), Some("owners"), 3) => group(key).map(Self::Owners),
            _ => Err(unknown()),
        }
    }

    /// The right that a person needs who is told of it.
    pub(crate) const fn action(self) -> &'static str {
        match self {
            Self::Users | Self::User(_) => "users/standard/read",
            // Who comes and goes is told as well.
            Self::Groups | Self::Group(_) | Self::Members(_) => "groups/members/read",
            Self::Owners(_) => "groups/owners/read",
        }
    }

    /// The group that it is about.
    pub(crate) const fn group(self) -> Option<Uuid> {
        match self {
            Self::Group(id) | Self::Members(id) | Self::Owners(id) => Some(id),
            Self::Users | Self::User(_) | Self::Groups => None,
        }
    }

    /// The permissions of which any one is needed.
    pub fn permissions(self) -> &'static [&'static str] {
        match self {
            Self::Users | Self::User(_) => USERS,
            _ => GROUPS,
        }
    }

    /// What of a change somebody is told who has subscribed to this.
    pub(crate) fn told(self, types: ChangeTypes, change: &ChangeRow) -> Option<Told> {
        let object = change.object;
        let kind = match (self, change.kind.as_str()) {
            (Self::Users, "user") => Kind::User,
            (Self::User(id), "user") if id == object => Kind::User,
            (Self::Groups, "group" | "groupMember" | "groupOwner") => Kind::Group,
            (Self::Group(id), "group" | "groupMember" | "groupOwner") if id == object => {
                Kind::Group
            }
            (Self::Members(id), "groupMember") if id == object => Kind::Group,
            (Self::Owners(id), "groupOwner") if id == object => Kind::Group,
            // Of the group itself only that it has gone for good.
            (Self::Members(id) | Self::Owners(id), "group")
                if id == object && change.op == Op::Purged =>
            {
                Kind::Group
            }
            _ => return None,
        };
        let relation = match change.kind.as_str() {
            "groupMember" => Some("members"),
            "groupOwner" => Some("owners"),
            _ => None,
        };
        let wanted: &[i64] = match (relation, self, change.op) {
            (None, _, Op::Created) => &[CREATED, UPDATED],
            // Who comes and goes changes the group; whoever asks for members alone may have it
            // told in its own words.
            (None, _, Op::Updated | Op::Deleted | Op::Restored)
            | (Some(_), Self::Groups | Self::Group(_), _) => &[UPDATED],
            (None, _, Op::Purged) => &[DELETED],
            (Some(_), _, Op::Created) => &[UPDATED, CREATED],
            (Some(_), _, _) => &[UPDATED, DELETED],
        };
        let link = match (relation, change.related) {
            (Some(relation), Some(other)) => Some(Link {
                relation,
                other,
                removed: change.op != Op::Created,
            }),
            _ => None,
        };
        Some(Told {
            change_type: types.first(wanted)?,
            kind,
            object,
            link,
        })
    }
}

impl fmt::Display for Resource {
    /// Its one spelling.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Users => f.write_str("users"),
            Self::User(id) => write!(f, "users/{id}"),
            Self::Groups => f.write_str("groups"),
            Self::Group(id) => write!(f, "groups/{id}"),
            Self::Members(id) => write!(f, "groups/{id}/members"),
            Self::Owners(id) => write!(f, "groups/{id}/owners"),
        }
    }
}

impl FromStr for Resource {
    type Err = Error;
    /// Reads the one spelling.
    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split('/');
        let set = parts.next().unwrap_or_default();
        let id = parts.next().and_then(types::parse_uuid);
        match (set, id, parts.next()) {
            ("users", None, None) => Ok(Self::Users),
            ("users", Some(id), None) => Ok(Self::User(id)),
            ("groups", None, None) => Ok(Self::Groups),
            ("groups", Some(id), None) => Ok(Self::Group(id)),
            ("groups", Some(id), Some("members")) => Ok(Self::Members(id)),
            ("groups", Some(id), Some("owners")) => Ok(Self::Owners(id)),
            _ => Err(Error::internal(format!("'{text}' isn't a resource"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use types::Timestamp;

    use super::*;

    fn change(kind: &str, op: Op) -> ChangeRow {
        ChangeRow {
            seq: 7,
            at: Timestamp(0),
            actor: "system".into(),
            kind: kind.into(),
            object: Uuid::from_u128(1),
            related: kind.starts_with("groupM").then(|| Uuid::from_u128(2)),
            op,
            properties: Vec::new(),
        }
    }

    #[test]
    fn each_change_is_told_as_what_was_asked_for() {
        let one = Uuid::from_u128(1);
        for (resource, types, kind, op, told) in [
            (
                Resource::Users,
                "updated",
                "user",
                Op::Created,
                Some("updated"),
            ),
            (
                Resource::Users,
                "created,updated",
                "user",
                Op::Created,
                Some("created"),
            ),
            (
                Resource::Users,
                "Updated,Deleted,Created",
                "user",
                Op::Updated,
                Some("updated"),
            ),
            (Resource::Users, "created", "user", Op::Updated, None),
            (
                Resource::Users,
                "updated,deleted",
                "user",
                Op::Deleted,
                Some("updated"),
            ),
            (Resource::Users, "deleted", "user", Op::Deleted, None),
            (
                Resource::Users,
                "updated,deleted",
                "user",
                Op::Purged,
                Some("deleted"),
            ),
            (
                Resource::Users,
                "updated",
                "user",
                Op::Restored,
                Some("updated"),
            ),
            (Resource::Users, "updated", "group", Op::Updated, None),
            (
                Resource::User(one),
                "updated",
                "user",
                Op::Updated,
                Some("updated"),
            ),
            (
                Resource::User(Uuid::nil()),
                "updated",
                "user",
                Op::Updated,
                None,
            ),
            (
                Resource::Groups,
                "updated",
                "groupMember",
                Op::Created,
                Some("updated"),
            ),
            (
                Resource::Groups,
                "deleted",
                "groupMember",
                Op::Deleted,
                None,
            ),
            (
                Resource::Group(one),
                "updated",
                "groupOwner",
                Op::Deleted,
                Some("updated"),
            ),
            (
                Resource::Members(one),
                "updated,deleted",
                "groupMember",
                Op::Deleted,
                Some("updated"),
            ),
            (
                Resource::Members(one),
                "created",
                "groupMember",
                Op::Created,
                Some("created"),
            ),
            (
                Resource::Members(one),
                "deleted",
                "groupMember",
                Op::Deleted,
                Some("deleted"),
            ),
            (
                Resource::Members(one),
                "updated",
                "group",
                Op::Updated,
                None,
            ),
            (
                Resource::Members(one),
                "deleted",
                "group",
                Op::Purged,
                Some("deleted"),
            ),
            (
                Resource::Members(Uuid::nil()),
                "updated",
                "groupMember",
                Op::Created,
                None,
            ),
            (
                Resource::Owners(one),
                "updated",
                "groupMember",
                Op::Created,
                None,
            ),
        ] {
            let types = ChangeTypes::parse(types).unwrap();
            let found = resource.told(types, &change(kind, op));
            assert_eq!(
                found.map(|it| it.change_type),
                told,
                "{resource} {kind} {op:?}"
            );
            assert_eq!(resource, resource.to_string().parse().unwrap());
        }
        assert!(ChangeTypes::parse("").is_err());
        assert!(ChangeTypes::parse("created,").is_err());
        assert!(ChangeTypes::parse("renamed").is_err());
    }
}
