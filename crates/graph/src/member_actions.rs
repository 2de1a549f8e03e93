//! The actions that ask in which groups an object is, directly or through others:
//! `getMemberGroups`, `getMemberObjects`, `checkMemberGroups` and `checkMemberObjects`.
//!
//! They answer ids. Those of objects also answer the directory roles, held directly or by a group, and
//! the administrative units.
//!
//! Source: "directoryObject: getMemberGroups" and its three neighbours (Microsoft Graph).

use std::collections::BTreeSet;

use directory::groups::{self, Link, LinkKind};
use directory::{administrative_units, roles, service_principals, users};
use http::StatusCode;
use serde_json::{Map, Value};
use store::ReadTx;
use types::{Error, Id, kind};
use uuid::Uuid;

use crate::errors::Refusal;
use crate::hidden_members::{Viewer, keep_seen};
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Routes, Versions};

const OF_USER: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
    "User.Read.All",
];
const OF_GROUP: &[&str] = OF_USER;
/// Ids that an answer has at most, and those for an object that is a group.
const IDS_MAX: usize = 2_046;
const IDS_OF_GROUP_MAX: usize = 11_000;
/// Ids that a call checks at most.
const CHECKED_MAX: usize = 20;
const IDS: &str = "Collection(Edm.String)";

/// What the paths begin with.
#[derive(Debug, Clone, Copy)]
enum Whose {
    User,
    Group,
    ServicePrincipal,
    Object,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
enum Which {
    /// All of them.
    Get(What),
    /// Those among the named ones; the parameter with their ids.
    Check(What, &'static str),
}

/// Of what it can be a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Groups,
    Objects,
}

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("memberships", Versions::Both);
    for (whose, permissions, paths) in [
        (
            Whose::User,
            OF_USER,
            [
                "/users/{id}/getMemberGroups",
                "/users/{id}/getMemberObjects",
                "/users/{id}/checkMemberGroups",
                "/users/{id}/checkMemberObjects",
            ],
        ),
        (
            Whose::Group,
            OF_GROUP,
            [
                "/groups/{id}/getMemberGroups",
                "/groups/{id}/getMemberObjects",
                "/groups/{id}/checkMemberGroups",
                "/groups/{id}/checkMemberObjects",
            ],
        ),
        (
            Whose::ServicePrincipal,
            OF_USER,
            [
                "/servicePrincipals/{id}/getMemberGroups",
                "/servicePrincipals/{id}/getMemberObjects",
                "/servicePrincipals/{id}/checkMemberGroups",
                "/servicePrincipals/{id}/checkMemberObjects",
            ],
        ),
        (
            Whose::Object,
            OF_USER,
            [
                "/directoryObjects/{id}/getMemberGroups",
                "/directoryObjects/{id}/getMemberObjects",
                "/directoryObjects/{id}/checkMemberGroups",
                "/directoryObjects/{id}/checkMemberObjects",
            ],
        ),
    ] {
        let [groups, objects, check_groups, check_objects] = paths;
        for (path, which, summary) in [
            (
                groups,
                Which::Get(What::Groups),
                "Get the ids of all groups that it is in",
            ),
            (
                objects,
                Which::Get(What::Objects),
                "Get the ids of all that it is a member of",
            ),
            (
                check_groups,
                Which::Check(What::Groups, "groupIds"),
                "Tell in which of some groups it is",
            ),
            (
                check_objects,
                Which::Check(What::Objects, "ids"),
                "Tell of which of some objects it is a member",
            ),
        ] {
            area.post(path, permissions, summary, move |call| {
                answer(call, whose, which)
            });
        }
    }
}

async fn answer(call: Call, whose: Whose, which: Which) -> Result<Reply, Refusal> {
    let parameters = call.parameters()?;
    let key = call.key("id").to_owned();
    let viewer = Viewer::of(&call.caller);
    match which {
        Which::Get(what) => {
            let security_only = security_only(&parameters)?;
            let is_group = matches!(whose, Whose::Group);
            let ids = call
                .read(move |tx| {
                    let object = find(tx, whose, &key)?;
                    member_of(tx, object, what, security_only, viewer)
                })
                .await?;
            let most = if is_group { IDS_OF_GROUP_MAX } else { IDS_MAX };
            if ids.len() > most {
                return Err(Refusal::new(
                    StatusCode::BAD_REQUEST,
                    "Directory_ResultSizeLimitExceeded",
                    format!(
                        "The result has more than {most} ids (limits.member_ids): read transitiveMemberOf page by page instead."
                    ),
                ));
            }
            Reply::value(&call, IDS, &ids)
        }
        Which::Check(what, name) => {
            let asked = checked(&parameters, name)?;
            let ids = call
                .read(move |tx| {
                    let object = find(tx, whose, &key)?;
                    let all = member_of(tx, object, what, false, viewer)?;
                    Ok(asked
                        .into_iter()
                        .filter(|id| all.contains(id))
                        .collect::<Vec<_>>())
                })
                .await?;
            Reply::value(&call, IDS, &ids)
        }
    }
}

/// All that an object is a member of.
fn member_of(
    tx: &ReadTx<'_>,
    object: Uuid,
    what: What,
    security_only: bool,
    viewer: Viewer,
) -> types::Result<BTreeSet<Uuid>> {
    let mut found = Vec::new();
    let mut holders = vec![object];
    let link = |kind: LinkKind| move |id: Uuid| Link { id, kind };
    for id in groups::transitive_groups(tx, object)? {
        holders.push(id.uuid());
        if !security_only || groups::get(tx, id)?.security_enabled {
            found.push(link(LinkKind::Group)(id.uuid()));
        }
    }
    if what == What::Objects && !security_only {
        for holder in holders {
            let held = roles::roles_of(tx, holder)?;
            let held = held.iter().map(|role| role.id);
            found.extend(held.map(link(LinkKind::DirectoryRole)));
        }
        let units = administrative_units::units_of(tx, object)?;
        let units = units.into_iter().map(Id::uuid);
        found.extend(units.map(link(LinkKind::AdministrativeUnit)));
    }
    keep_seen(tx, viewer, &mut found)?;
    Ok(found.into_iter().map(|link| link.id).collect())
}

/// The object whose memberships are asked for.
fn find(tx: &ReadTx<'_>, whose: Whose, key: &str) -> types::Result<Uuid> {
    let id = |name: &'static str| types::parse_uuid(key).ok_or_else(|| Error::not_found(name, key));
    Ok(match whose {
        Whose::User => users::find(tx, key)?.id.uuid(),
        Whose::Group => {
            let id: Id<kind::Group> = Id::new(id("group")?);
            groups::get(tx, id)?.id.uuid()
        }
        Whose::ServicePrincipal => {
            let id = Id::new(id("servicePrincipal")?);
            service_principals::get(tx, id)?.id.uuid()
        }
        Whose::Object => {
            let id = id("directoryObject")?;
            let link = groups::link_to(tx, id)?;
            link.ok_or_else(|| Error::not_found("directoryObject", key))?
                .id
        }
    })
}

/// Whether only groups that secure something count; Graph wants to be told.
fn security_only(parameters: &Map<String, Value>) -> Result<bool, Refusal> {
    if let Some(other) = parameters.keys().find(|it| *it != "securityEnabledOnly") {
        return Err(unknown(other));
    }
    match parameters.get("securityEnabledOnly") {
        Some(Value::Bool(only)) => Ok(*only),
        None | Some(Value::Null) => Ok(false),
        Some(_) => Err(Error::invalid(
            "securityEnabledOnly",
            "The parameter 'securityEnabledOnly' has to be true or false.",
        )
        .into()),
    }
}

/// The ids that are to be checked, each once.
fn checked(parameters: &Map<String, Value>, name: &'static str) -> Result<Vec<Uuid>, Refusal> {
    if let Some(other) = parameters.keys().find(|it| *it != name) {
        return Err(unknown(other));
    }
    let wrong = || {
        Error::invalid(
            name,
            format!(
                "The parameter '{name}' has to be a list of up to {CHECKED_MAX} GUIDs (limits.checked_ids)."
            ),
        )
    };
    let list = parameters
        .get(name)
        .and_then(Value::as_array)
        .filter(|list| list.len() <= CHECKED_MAX)
        .ok_or_else(wrong)?;
    let mut ids = Vec::with_capacity(list.len());
    for id in list {
        let id = id.as_str().and_then(types::parse_uuid).ok_or_else(wrong)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn unknown(name: &str) -> Refusal {
    Error::invalid(
        name,
        format!("The parameter '{name}' in the request payload is not a valid parameter."),
    )
    .into()
}
