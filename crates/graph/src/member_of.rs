//! The groups and directory roles that a user or a service principal has, directly or through groups,
//! and the administrative units that a user is in.
//!
//! Source: "List memberOf" and "List transitiveMemberOf" of both types (Microsoft Graph).

use directory::groups::{self, LinkKind};
use directory::{administrative_units, roles, users};
use store::ReadTx;
use types::{Error, kind};
use uuid::Uuid;

use crate::app_key::AppKey;
use crate::directory_objects::{self, COUNTED, Lens, Link, Part, RELATED, Related};
use crate::errors::Refusal;
use crate::hidden_members::{Viewer, keep_seen};
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Area, Routes, Versions};

const OF_USER: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.ReadBasic.All",
    "GroupMember.ReadBasic.All",
];
const ONE_OF_USER: &[&str] = &["User.Read.All"];
const OF_USER_TRANSITIVE: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
    "User.Read.All",
];
const OF_PRINCIPAL: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Application.ReadWrite.OwnedBy",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];

/// Whose they are.
#[derive(Debug, Clone, Copy)]
enum Whose {
    User,
    ServicePrincipal,
}

/// Which list of memberships.
#[derive(Debug, Clone, Copy)]
struct Which {
    whose: Whose,
    is_transitive: bool,
    cast: Option<LinkKind>,
}

/// Every list, and how many there are in it, below what a path begins with.
macro_rules! lists {
    ($area:ident, $whose:expr, $permissions:expr, $transitive:expr, $begin:literal) => {
        lists!(@ $area, $whose, $permissions, $transitive, $begin, "", None);
        lists!(@ $area, $whose, $permissions, $transitive, $begin, "/microsoft.graph.group",
            Some(LinkKind::Group));
        lists!(@ $area, $whose, $permissions, $transitive, $begin, "/microsoft.graph.directoryRole",
            Some(LinkKind::DirectoryRole));
        lists!(@ $area, $whose, $permissions, $transitive, $begin,
            "/microsoft.graph.administrativeUnit", Some(LinkKind::AdministrativeUnit));
    };
    (@ $area:ident, $whose:expr, $permissions:expr, $transitive:expr, $begin:literal, $cast:literal,
        $kind:expr) => {
        register(
            $area,
            Which {
                whose: $whose,
                is_transitive: $transitive,
                cast: $kind,
            },
            $permissions,
            [
                concat!($begin, $cast),
                concat!($begin, $cast, "/$count"),
            ],
        )
    };
}

/// Registers them for users, in their area.
pub(crate) fn routes_of_users(area: &mut Area<'_>) {
    lists!(area, Whose::User, OF_USER, false, "/users/{id}/memberOf");
    lists!(
        area,
        Whose::User,
        OF_USER_TRANSITIVE,
        true,
        "/users/{id}/transitiveMemberOf"
    );
    area.get(
        "/users/{id}/memberOf/{memberOfId}",
        ONE_OF_USER,
        "Get one of the groups, units and roles that a user has",
        one_of_user,
    )
    .query(Allowed::SELECT);
}

/// Registers them for service principals.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("memberships", Versions::Both);
    let (area, whose) = (&mut area, Whose::ServicePrincipal);
    lists!(
        area,
        whose,
        OF_PRINCIPAL,
        false,
        "/servicePrincipals/{id}/memberOf"
    );
    lists!(
        area,
        whose,
        OF_PRINCIPAL,
        true,
        "/servicePrincipals/{id}/transitiveMemberOf"
    );
    lists!(
        area,
        whose,
        OF_PRINCIPAL,
        false,
        "/servicePrincipals(appId='{appId}')/memberOf"
    );
    lists!(
        area,
        whose,
        OF_PRINCIPAL,
        true,
        "/servicePrincipals(appId='{appId}')/transitiveMemberOf"
    );
}

fn register(
    area: &mut Area<'_>,
    which: Which,
    permissions: &'static [&'static str],
    [path, count_path]: [&'static str; 2],
) {
    let summary = match (which.whose, which.is_transitive) {
        (Whose::User, false) => "List the groups that a user is a member of, and the user's roles",
        (Whose::User, true) => {
            "List the groups and roles that a user has, directly or through groups"
        }
        (Whose::ServicePrincipal, false) => {
            "List the groups that a service principal is a member of, and its roles"
        }
        (Whose::ServicePrincipal, true) => {
            "List the groups and roles that a service principal has, directly or through groups"
        }
    };
    area.get(path, permissions, summary, move |call| list(call, which))
        .query(RELATED);
    area.get(count_path, permissions, "Count them", move |call| {
        count(call, which)
    })
    .query(COUNTED);
}

/// The groups and administrative units that an object is in, in the order of ids.
pub(crate) fn groups_and_units(
    tx: &ReadTx<'_>,
    holder: Uuid,
    is_transitive: bool,
) -> types::Result<Vec<Link>> {
    let groups = if is_transitive {
        groups::transitive_groups(tx, holder)?
    } else {
        groups::member_of(tx, holder)?
    };
    let units = administrative_units::units_of(tx, holder)?;
    let groups = groups.into_iter().map(|id| (id.uuid(), LinkKind::Group));
    let units = units.into_iter();
    let units = units.map(|id| (id.uuid(), LinkKind::AdministrativeUnit));
    let links = groups.chain(units).map(|(id, kind)| Link { id, kind });
    let mut links: Vec<Link> = links.collect();
    links.sort_by_key(|link| link.id);
    Ok(links)
}

/// The groups and units that an object is in and the roles that it has, in the order of ids.
fn all(tx: &ReadTx<'_>, holder: Uuid, is_transitive: bool) -> types::Result<Vec<Link>> {
    let mut links = groups_and_units(tx, holder, is_transitive)?;
    let through = links.iter().filter(|_| is_transitive);
    let through = through.filter(|link| link.kind == LinkKind::Group);
    let holders: Vec<Uuid> = std::iter::once(holder)
        .chain(through.map(|link| link.id))
        .collect();
    for holder in holders {
        links.extend(roles::roles_of(tx, holder)?.iter().map(|role| Link {
            id: role.id,
            kind: LinkKind::DirectoryRole,
        }));
    }
    links.sort_by_key(|link| link.id);
    links.dedup();
    Ok(links)
}

/// The first of them, for `$expand`.
pub(crate) fn first(
    tx: &ReadTx<'_>,
    holder: Uuid,
    is_transitive: bool,
    limit: usize,
) -> types::Result<Vec<Link>> {
    let whole = all(tx, holder, is_transitive)?;
    Ok(Part { after: None, limit }.of(whole))
}

/// The object that a path names.
enum Holder {
    User(String),
    ServicePrincipal(AppKey<kind::ServicePrincipal>),
}

struct MemberOf {
    holder: Holder,
    which: Which,
    viewer: Viewer,
}

impl MemberOf {
    fn of(call: &Call, which: Which) -> Result<Self, Refusal> {
        Ok(Self {
            holder: match which.whose {
                Whose::User => Holder::User(call.key("id").to_owned()),
                Whose::ServicePrincipal => Holder::ServicePrincipal(AppKey::of(call)?),
            },
            which,
            viewer: Viewer::of(&call.caller),
        })
    }

    fn whole(&self, tx: &ReadTx<'_>) -> types::Result<Vec<Link>> {
        let holder = match &self.holder {
            Holder::User(key) => users::find(tx, key)?.id.uuid(),
            Holder::ServicePrincipal(key) => crate::service_principals::find(tx, *key)?.id.uuid(),
        };
        let mut all = all(tx, holder, self.which.is_transitive)?;
        all.retain(|link| self.which.cast.is_none_or(|kind| link.kind == kind));
        keep_seen(tx, self.viewer, &mut all)?;
        Ok(all)
    }
}

impl Related for MemberOf {
    fn part(&self, tx: &ReadTx<'_>, part: Part) -> types::Result<Vec<Link>> {
        Ok(part.of(self.whole(tx)?))
    }
    fn count(&self, tx: &ReadTx<'_>) -> types::Result<u64> {
        Ok(self.whole(tx)?.len() as u64)
    }
}

async fn list(call: Call, which: Which) -> Result<Reply, Refusal> {
    let related = MemberOf::of(&call, which)?;
    let name = match which.whose {
        Whose::User => "users/memberOf",
        Whose::ServicePrincipal => "servicePrincipals/memberOf",
    };
    directory_objects::list(&call, name, which.cast, related).await
}

async fn one_of_user(call: Call) -> Result<Reply, Refusal> {
    let which = Which {
        whose: Whose::User,
        is_transitive: false,
        cast: None,
    };
    let (related, lens) = (MemberOf::of(&call, which)?, Lens::of(&call)?);
    let wanted = call.key("memberOfId").to_owned();
    let shown = call
        .read(move |tx| {
            let missing = || Error::not_found("directoryObject", &wanted);
            let id = types::parse_uuid(&wanted).ok_or_else(missing)?;
            let mut all = related.whole(tx)?.into_iter();
            let link = all.find(|link| link.id == id).ok_or_else(missing)?;
            lens.show(tx, link)?.ok_or_else(missing)
        })
        .await?;
    Reply::entity(&call, "directoryObjects", &shown)
}

async fn count(call: Call, which: Which) -> Result<Reply, Refusal> {
    let related = MemberOf::of(&call, which)?;
    directory_objects::count(&call, which.cast, related).await
}
