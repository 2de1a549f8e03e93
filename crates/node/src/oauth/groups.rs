//! The `groups` claim: what an application's `groupMembershipClaims` has its tokens say of the person's
//! groups. ID tokens follow the client's setting, access tokens the API's.
//!
//! - `SecurityGroup`: security groups, also by way of other groups; `All`: every group;
//!   `ApplicationGroup`: those that are assigned to the application and have the person as a direct
//!   member, as assignments count; each brings also `wids` but the last; `DirectoryRole` brings only
//!   those.
//! - Groups are told by their ids. The optional claim `groups` asks for names instead: that of the
//!   on-premises directory, or with `cloud_displayname` the one for people, the latter only where the
//!   groups are `ApplicationGroup`s: anybody may call a group as another is called, but only an admin
//!   assigns it. `emit_as_roles` says them as `roles`, in the place of the app roles.
//! - More than [`TOLD_MAX`] aren't told but where to ask for them; of a token that comes through the
//!   browser's address, more than [`TOLD_IN_ADDRESS_MAX`] aren't but that there are some.
//!
//! Source: Microsoft identity platform, "Configure group claims", "Access token claims reference"
//! (groups overage); Microsoft Graph, `application`.

use directory::app_roles;
use directory::applications::{Application, OptionalClaim};
use directory::groups::{self, Group};
use directory::service_principals::ServicePrincipal;
use directory::users::User;
use serde_json::{Map, Value, json};
use store::ReadTx;
use types::Result;

use super::optional;

/// Groups that a token tells.
const TOLD_MAX: usize = 200;
/// Groups that a token tells that comes through the browser's address.
const TOLD_IN_ADDRESS_MAX: usize = 5;

/// Which groups are told.
struct Wanted {
    all: bool,
    security: bool,
    assigned: bool,
    roles: bool,
}

impl Wanted {
    fn of(application: &Application) -> Self {
        let said: Vec<&str> = application.group_membership_claims().collect();
        let has = |name: &str| said.iter().any(|own| own.eq_ignore_ascii_case(name));
        Self {
            all: has("All"),
            security: has("SecurityGroup"),
            assigned: has("ApplicationGroup"),
            roles: has("DirectoryRole"),
        }
    }

    fn wids(&self) -> bool {
        self.all || self.security || self.roles
    }
}

/// What a token says of somebody's groups.
#[derive(Default)]
pub(super) struct Said {
    /// Claims by their names.
    pub(super) claims: Map<String, Value>,
    /// Groups in the place of the app roles.
    roles: Option<Vec<String>>,
    /// Whether directory roles are told.
    pub(super) wids: bool,
}

impl Said {
    /// What the token says in `roles`: the user's app roles on a resource, unless groups take their place.
    pub(super) fn roles(
        &self,
        tx: &ReadTx<'_>,
        user: &User,
        resource: &ServicePrincipal,
    ) -> Result<Vec<String>> {
        match &self.roles {
            Some(groups) => Ok(groups.clone()),
            None => Ok(app_roles::user_roles_on(tx, user.id, resource)?.unwrap_or_default()),
        }
    }
}

/// Which token it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way<'a> {
    /// From the token endpoint; where a person's memberships are asked for ends in this address.
    Direct(&'a str),
    /// Through the browser's address.
    Address,
}

/// What an application's tokens say of the groups of a user. `asked`: its optional claims for such
/// tokens; `resource`: what groups are assigned to.
pub(super) fn claims(
    tx: &ReadTx<'_>,
    user: &User,
    (application, resource): (&Application, &ServicePrincipal),
    asked: &[OptionalClaim],
    way: Way<'_>,
) -> Result<Said> {
    let wanted = Wanted::of(application);
    let mut said = Said {
        wids: wanted.wids(),
        ..Said::default()
    };
    let most = match way {
        Way::Direct(_) => TOLD_MAX,
        Way::Address => TOLD_IN_ADDRESS_MAX,
    };
    let Some(found) = find(tx, user, resource, &wanted, most)? else {
        match way {
            Way::Direct(url) => {
                let endpoint = format!("{url}/v1.0/users/{}/getMemberObjects", user.id);
                said.claims
                    .insert("_claim_names".to_owned(), json!({ "groups": "src1" }));
                said.claims.insert(
                    "_claim_sources".to_owned(),
                    json!({ "src1": { "endpoint": endpoint } }),
                );
            }
            Way::Address => {
                said.claims.insert("hasgroups".to_owned(), true.into());
            }
        }
        return Ok(said);
    };
    let form = asked.iter().find(|claim| claim.name == "groups");
    let properties = form.map_or(&[][..], |claim| &claim.additional_properties);
    let is_assigned_only = wanted.assigned && !wanted.all && !wanted.security;
    let told: Vec<String> = found
        .iter()
        .filter_map(|group| shown(group, properties, is_assigned_only))
        .collect();
    if properties.iter().any(|name| name == "emit_as_roles") {
        said.roles = (!told.is_empty()).then_some(told);
    } else {
        optional::say(&mut said.claims, "groups", &told);
    }
    Ok(said)
}

/// The groups that are told, by id; `None` if there are more than `most`, or if it would take too long to
/// find them among very many others.
fn find(
    tx: &ReadTx<'_>,
    user: &User,
    resource: &ServicePrincipal,
    wanted: &Wanted,
    most: usize,
) -> Result<Option<Vec<Group>>> {
    let mut found = if wanted.all || wanted.security {
        let is_wanted = |group: &Group| wanted.all || group.security_enabled;
        match groups::some_groups_of(tx, user.id.uuid(), most, is_wanted)? {
            Some(found) => found,
            None => return Ok(None),
        }
    } else {
        Vec::new()
    };
    if wanted.assigned && !wanted.all && app_roles::has_groups(tx, resource.id)? {
        for group in groups::member_of(tx, user.id.uuid())? {
            if found.iter().all(|known| known.id != group)
                && app_roles::is_assigned(tx, group.uuid(), resource.id)?
            {
                found.push(groups::get(tx, group)?);
                if found.len() > most {
                    return Ok(None);
                }
            }
        }
    }
    found.sort_by_key(|group| group.id);
    Ok(Some(found))
}

/// How a group is told; not at all if it hasn't the name that is asked for.
fn shown(group: &Group, properties: &[String], is_assigned_only: bool) -> Option<String> {
    let text = |name: &str| group.property(name).as_str().map(str::to_owned);
    let mut is_named = false;
    for property in properties {
        let domain = match property.as_str() {
            "sam_account_name" => None,
            "dns_domain_and_sam_account_name" => Some("onPremisesDomainName"),
            "netbios_domain_and_sam_account_name" => Some("onPremisesNetBiosName"),
            "cloud_displayname" if is_assigned_only => {
                if text("onPremisesSamAccountName").is_none() {
                    return Some(group.display_name().to_owned());
                }
                continue;
            }
            _ => continue,
        };
        is_named = true;
        let name = text("onPremisesSamAccountName");
        let said = match domain {
            None => name,
            Some(domain) => name.and_then(|name| Some(format!("{}\\{name}", text(domain)?))),
        };
        if said.is_some() {
            return said;
        }
    }
    (!is_named).then(|| group.id.to_string())
}
