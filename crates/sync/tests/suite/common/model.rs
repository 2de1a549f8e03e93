//! What a target should have of a source, worked out the slow way from the source's own objects,
//! and what it has.

use std::collections::{BTreeMap, BTreeSet};

use directory::groups::{self, LinkKind};
use directory::users::{self, User};
use serde_json::{Value, json};
use store::ReadTx;
use sync::sharing::{self, Scope};
use types::{Result, TenantId};

use super::{GroupId, UserId, World};

/// The default mapping, as the documentation lists it.
const MAPPED: [&str; 16] = [
    "displayName",
    "givenName",
    "surname",
    "mailNickname",
    "jobTitle",
    "department",
    "employeeId",
    "officeLocation",
    "streetAddress",
    "city",
    "state",
    "postalCode",
    "country",
    "businessPhones",
    "preferredLanguage",
    "mail",
];

#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    pub properties: BTreeMap<String, Value>,
    /// The part of the name before `#EXT#`, without a number that made it unique.
    pub name: String,
    pub enabled: bool,
    /// By the id at home.
    pub manager: Option<UserId>,
}

#[derive(Debug)]
pub struct Expected {
    pub shape: Shape,
    /// A disabled user comes only if it has come before.
    pub may_be_absent: bool,
}

#[derive(Debug)]
pub struct Actual {
    pub shape: Shape,
    pub blocked_here: bool,
    pub user_type: &'static str,
}

fn properties(user: &User) -> BTreeMap<String, Value> {
    MAPPED
        .iter()
        .map(|name| ((*name).to_owned(), user.property(name)))
        .collect()
}

fn everybody(tx: &ReadTx<'_>) -> Result<Vec<User>> {
    let mut all = Vec::new();
    for scanned in users::scan(tx, None, 1_000_000)? {
        if !scanned.deleted {
            all.push(users::get(tx, scanned.id)?);
        }
    }
    Ok(all)
}

/// The members of a group and of the groups in it.
fn members_of(tx: &ReadTx<'_>, group: GroupId, into: &mut BTreeSet<uuid::Uuid>) -> Result<()> {
    if !groups::exists(tx, group)? {
        return Ok(());
    }
    for link in groups::members(tx, group, None, 1_000_000)? {
        if into.insert(link.id) && link.kind == LinkKind::Group {
            members_of(tx, types::Id::new(link.id), into)?;
        }
    }
    Ok(())
}

/// The one kind of rule that tests use: `department eq '…'`.
fn rule_holds(rule: &str, user: &User) -> bool {
    let wanted = rule
        .strip_prefix("department eq '")
        .and_then(|rest| rest.strip_suffix('\''))
        .unwrap();
    user.property("department") == json!(wanted)
}

/// What a target should have, by id at home; `None` where the two aren't together.
pub async fn expected(
    world: &World,
    source: TenantId,
    target: TenantId,
) -> BTreeMap<UserId, Expected> {
    world
        .read(source, move |tx| {
            let entry = match sharing::get(tx, Some(target))? {
                Some(own) => own,
                None => sharing::get(tx, None)?.unwrap_or_else(sharing::Sharing::nobody),
            };
            let mut listed: BTreeSet<uuid::Uuid> = entry.users.iter().map(|id| id.uuid()).collect();
            for group in &entry.groups {
                members_of(tx, *group, &mut listed)?;
            }
            let is_over = entry.until_date_time.is_some_and(|until| until <= tx.now());
            let mut expected = BTreeMap::new();
            for user in everybody(tx)? {
                let internal = user.home.is_none() && user.user_type() == "Member";
                let shared = match entry.scope {
                    Scope::All => true,
                    Scope::None => false,
                    Scope::Selected => {
                        listed.contains(&user.id.uuid())
                            || entry
                                .rule
                                .as_ref()
                                .is_some_and(|rule| rule_holds(rule, &user))
                    }
                };
                if !internal || !shared || is_over {
                    continue;
                }
                let shape = Shape {
                    properties: properties(&user),
                    name: user.user_principal_name().replace('@', "_"),
                    enabled: user.account_enabled,
                    manager: users::manager_of(tx, user.id)?,
                };
                let may_be_absent = !user.account_enabled;
                expected.insert(
                    user.id,
                    Expected {
                        shape,
                        may_be_absent,
                    },
                );
            }
            Ok(expected)
        })
        .await
}

/// What a target has of a source, by id at home.
pub async fn actual(world: &World, source: TenantId, target: TenantId) -> BTreeMap<UserId, Actual> {
    world
        .read(target, move |tx| {
            let mut actual = BTreeMap::new();
            for user in everybody(tx)? {
                let Some((home, id)) = user.home else {
                    continue;
                };
                if home != source {
                    continue;
                }
                let (name, _) = user.user_principal_name().split_once("#EXT#").unwrap();
                let manager = match users::manager_of(tx, user.id)? {
                    Some(manager) => users::get(tx, manager)?.home.map(|(_, id)| id),
                    None => None,
                };
                let shape = Shape {
                    properties: properties(&user),
                    name: name.to_owned(),
                    enabled: user.account_enabled,
                    manager,
                };
                let there = Actual {
                    shape,
                    blocked_here: user.blocked_here,
                    user_type: user.user_type(),
                };
                assert!(actual.insert(id, there).is_none(), "{id} is there twice");
            }
            Ok(actual)
        })
        .await
}

pub fn compare(expected: &BTreeMap<UserId, Expected>, actual: &BTreeMap<UserId, Actual>) {
    for (id, wanted) in expected {
        let Some(there) = actual.get(id) else {
            assert!(wanted.may_be_absent, "{id} is missing: {wanted:#?}");
            continue;
        };
        let mut shape = there.shape.clone();
        if there.blocked_here {
            assert!(!shape.enabled, "{id} is blocked here and enabled");
            shape.enabled = wanted.shape.enabled;
        }
        if shape.name != wanted.shape.name {
            let number = shape.name.strip_prefix(&wanted.shape.name);
            assert!(
                number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit())),
                "{} isn't named after {}",
                shape.name,
                wanted.shape.name
            );
            shape.name.clone_from(&wanted.shape.name);
        }
        let mut wanted = wanted.shape.clone();
        // The link is there exactly if its other end is.
        wanted
            .manager
            .take_if(|manager| !actual.contains_key(manager));
        assert_eq!(shape, wanted, "{id}");
        assert_eq!(there.user_type, "Member");
    }
    let extra: Vec<_> = actual
        .iter()
        .filter(|(id, _)| !expected.contains_key(id))
        .collect();
    assert!(extra.is_empty(), "nobody shares these: {extra:#?}");
}
