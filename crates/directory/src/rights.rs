//! What a signed-in user may do in the tenant: the one place that decides it.
//!
//! - An action is a resource action of the directory, such as `users/create`, without the
//!   `microsoft.directory/` before it. Each role says which it allows: always, on what the user
//!   owns, on the user's own object.
//! - A member has the role User, a guest the one that the authorization policy names; what the
//!   policy takes from members is taken from that role. Directory roles come on top, those given to
//!   a group and those that the tenant has defined included.
//! - A role for a part of the tenant allows what it does on what is in that part
//!   ([`Rights::within`]), and nothing on anything else.
//! - Some actions on people who have roles themselves are for those only who are above them
//!   ([`Rights::may_manage`]).
//!
//! Source: "Microsoft Entra built-in roles", "What are the default user permissions", "Who can
//! reset passwords", "Who can perform sensitive actions" (Microsoft Entra); the `authorizationPolicy`
//! resource (Microsoft Graph).

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use serde_json::Value;
use store::{ReadTx, params};
use types::{Error, Id, Result, kind};
use uuid::{Uuid, uuid};

use crate::authorization_policy::{self, AuthorizationPolicy, InvitesFrom, MEMBER_ROLE};
use crate::roles::{self, GLOBAL_ADMINISTRATOR, built_in};
use crate::users;

const NAMESPACE: &str = "microsoft.directory/";

/// Directly, or by a group that was made for roles, which has no groups in it.
const ROLES_OF: &str = "SELECT a.template_id FROM role_assignments AS a WHERE a.tenant_id = ?1 \
    AND a.principal_id = ?2 UNION SELECT a.template_id FROM group_members AS m \
    JOIN role_assignments AS a ON a.tenant_id = m.tenant_id AND a.principal_id = m.group_id \
    JOIN groups AS g ON g.tenant_id = m.tenant_id AND g.id = m.group_id \
    WHERE m.tenant_id = ?1 AND m.member_id = ?2 AND a.principal_kind = 2 AND g.deleted_at IS NULL";

/// The same for parts of the tenant; what a deleted unit was the scope of opens nothing.
const SCOPED_ROLES_OF: &str = "SELECT a.scope_id, a.template_id FROM scoped_role_assignments AS a \
    WHERE a.tenant_id = ?1 AND a.principal_id = ?2 AND (a.scope_kind <> 1 OR EXISTS \
    (SELECT 1 FROM administrative_units AS n WHERE n.tenant_id = ?1 AND n.id = a.scope_id \
    AND n.deleted_at IS NULL)) \
    UNION SELECT a.scope_id, a.template_id FROM group_members AS m \
    JOIN scoped_role_assignments AS a ON a.tenant_id = m.tenant_id AND a.principal_id = m.group_id \
    JOIN groups AS g ON g.tenant_id = m.tenant_id AND g.id = m.group_id \
    WHERE m.tenant_id = ?1 AND m.member_id = ?2 AND a.principal_kind = 2 AND g.deleted_at IS NULL \
    AND (a.scope_kind <> 1 OR EXISTS (SELECT 1 FROM administrative_units AS n \
    WHERE n.tenant_id = ?1 AND n.id = a.scope_id AND n.deleted_at IS NULL))";

const PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: Uuid = uuid!("7be44c8a-adaf-4e2a-84d6-ab2649e08a13");
const AUTHENTICATION_ADMINISTRATOR: Uuid = uuid!("c4e39bd9-1100-46d3-8c65-fb160da0071f");
const USER_ADMINISTRATOR: Uuid = uuid!("fe930be7-5e62-47db-91af-98c3a49a38b1");
const HELPDESK_ADMINISTRATOR: Uuid = uuid!("729827e3-9c14-49f7-bb1b-9608f156bbb8");
const PASSWORD_ADMINISTRATOR: Uuid = uuid!("966707d0-3269-4727-9be2-8c3a10f19b9d");
const GROUPS_ADMINISTRATOR: Uuid = uuid!("fdd7a751-b60b-444a-984c-02652fe8fa1c");
const DIRECTORY_READERS: Uuid = uuid!("88d8e3e3-8f55-4a1e-953a-9b9898b8876b");
const GUEST_INVITER: Uuid = uuid!("95e79109-95c0-4d8e-aee3-d01accf2d47b");
const MESSAGE_CENTER_READER: Uuid = uuid!("790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b");
const REPORTS_READER: Uuid = uuid!("4a5d8f65-41da-4de4-8968-e035b65339cf");
const USAGE_SUMMARY_REPORTS_READER: Uuid = uuid!("75934031-6c7e-415a-99d7-48dbd49e875e");
const USER_EXPERIENCE_SUCCESS_MANAGER: Uuid = uuid!("27460883-1df1-4691-b032-3b79643e5e63");

/// Who has which roles is managed by whom, apart from those who manage everybody.
static MANAGED: [(Uuid, &[Uuid]); 4] = [
    (
        HELPDESK_ADMINISTRATOR,
        &[
            DIRECTORY_READERS,
            GUEST_INVITER,
            HELPDESK_ADMINISTRATOR,
            MESSAGE_CENTER_READER,
            PASSWORD_ADMINISTRATOR,
            REPORTS_READER,
            USAGE_SUMMARY_REPORTS_READER,
            USER_EXPERIENCE_SUCCESS_MANAGER,
        ],
    ),
    (
        USER_ADMINISTRATOR,
        &[
            DIRECTORY_READERS,
            GROUPS_ADMINISTRATOR,
            GUEST_INVITER,
            HELPDESK_ADMINISTRATOR,
            MESSAGE_CENTER_READER,
            PASSWORD_ADMINISTRATOR,
            REPORTS_READER,
            USAGE_SUMMARY_REPORTS_READER,
            USER_ADMINISTRATOR,
            USER_EXPERIENCE_SUCCESS_MANAGER,
        ],
    ),
    (
        AUTHENTICATION_ADMINISTRATOR,
        &[
            AUTHENTICATION_ADMINISTRATOR,
            DIRECTORY_READERS,
            GUEST_INVITER,
            MESSAGE_CENTER_READER,
            PASSWORD_ADMINISTRATOR,
            REPORTS_READER,
            USAGE_SUMMARY_REPORTS_READER,
            USER_EXPERIENCE_SUCCESS_MANAGER,
        ],
    ),
    (
        PASSWORD_ADMINISTRATOR,
        &[DIRECTORY_READERS, GUEST_INVITER, PASSWORD_ADMINISTRATOR],
    ),
];

/// How far an action is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reach {
    /// On everything.
    pub always: bool,
    /// On what the user owns.
    pub owned: bool,
    /// On the user's own object.
    pub own: bool,
}

impl Reach {
    const EVERYTHING: Self = Self {
        always: true,
        owned: false,
        own: false,
    };

    const fn or(self, other: Self) -> Self {
        Self {
            always: self.always || other.always,
            owned: self.owned || other.owned,
            own: self.own || other.own,
        }
    }
    /// Whether it is allowed on nothing.
    pub const fn is_nothing(self) -> bool {
        !self.always && !self.owned && !self.own
    }
}

/// What a role allows.
type Granted = HashMap<Box<str>, Reach>;

fn granted_by<'a>(actions: impl Iterator<Item = (Option<&'a str>, &'a str)>) -> Granted {
    let mut granted = Granted::new();
    for (condition, action) in actions {
        let reach = granted.entry(action.into()).or_default();
        match condition {
            None => reach.always = true,
            Some("$SubjectIsOwner") => reach.owned = true,
            Some("$ResourceIsSelf") => reach.own = true,
            Some(_) => {}
        }
    }
    granted
}

/// What each role allows, what it inherits included.
static GRANTED: LazyLock<HashMap<Uuid, Granted>> = LazyLock::new(|| {
    let all = built_in::all().unwrap_or_default();
    let own = |role: &built_in::BuiltIn| (role.id, granted_by(role.actions()));
    let mut granted: HashMap<Uuid, Granted> = all.iter().map(own).collect();
    for role in all {
        for inherited in role.inherits_from() {
            let more = granted.get(&inherited).cloned().unwrap_or_default();
            let whole = granted.entry(role.id).or_default();
            for (action, reach) in more {
                let known = whole.entry(action).or_default();
                *known = known.or(reach);
            }
        }
    }
    granted
});

/// Whether a built-in role allows this; for tests of tables of actions.
pub fn is_action(action: &str) -> bool {
    GRANTED.values().any(|granted| granted.contains_key(action))
}

/// Whether this is written as an action on something of the directory:
/// `microsoft.directory/users/basic/update`.
pub(crate) fn is_of_directory(action: &str) -> bool {
    static RESOURCES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
        let actions = GRANTED.values().flat_map(HashMap::keys);
        let resources = actions.filter_map(|action| action.split_once('/'));
        resources.map(|(resource, _)| resource).collect()
    });
    let rest = action.strip_prefix(NAMESPACE);
    rest.and_then(|rest| rest.split_once('/'))
        .is_some_and(|(resource, task)| !task.is_empty() && RESOURCES.contains(resource))
}

/// Whether an action gives roles or decides on them: whoever may do that could have everything, so no
/// role of a tenant's own allows it, as in Entra.
pub(crate) fn gives_roles(action: &str) -> bool {
    const RESOURCES: [&str; 4] = [
        "directoryRoles/",
        "groupsAssignableToRoles/",
        "roleAssignments/",
        "roleDefinitions/",
    ];
    let action = action.strip_prefix(NAMESPACE).unwrap_or(action);
    RESOURCES.iter().any(|it| action.starts_with(it)) && !action.ends_with("/read")
        || action.starts_with("servicePrincipals/managePermissionGrantsForAll")
}

/// How far an action is allowed: by itself, or by all of its kind.
fn reach_in(granted: &Granted, action: &str) -> Reach {
    let mut reach = granted.get(action).copied().unwrap_or_default();
    if let Some((entity, _)) = action.split_once('/') {
        let kind = action.rsplit('/').next().unwrap_or_default();
        let mut name = String::with_capacity(entity.len() + 24);
        for all in ["allTasks", kind] {
            if all == kind && !matches!(kind, "read" | "update") {
                continue;
            }
            name.clear();
            name.push_str(entity);
            name.push_str("/allProperties/");
            name.push_str(all);
            reach = reach.or(granted.get(name.as_str()).copied().unwrap_or_default());
        }
    }
    reach
}

/// Roles that count on one object only, for actions on what it is.
#[derive(Debug, Clone, Default)]
struct Within {
    /// What actions on it begin with.
    resources: &'static [&'static str],
    roles: Vec<Uuid>,
}

impl Within {
    fn roles(&self, action: &str) -> &[Uuid] {
        let resource = action.split_once('/').map_or(action, |(start, _)| start);
        if self.resources.contains(&resource) {
            &self.roles
        } else {
            &[]
        }
    }
}

/// What a user may do, of one snapshot.
#[derive(Debug, Clone)]
pub struct Rights {
    /// Whose they are.
    pub user: Id<kind::User>,
    /// The user's name, folded.
    pub folded_name: String,
    /// Whether the user is a guest of the tenant.
    pub is_guest: bool,
    /// The templates of the roles that the user has for the whole tenant.
    pub roles: Vec<Uuid>,
    /// The roles that the user has for parts of it: what for, and the role's template.
    scoped: Vec<(Uuid, Uuid)>,
    /// What those of the user's roles allow that the tenant has defined.
    custom: Arc<HashMap<Uuid, Granted>>,
    within: Within,
    /// The policy in force.
    pub policy: AuthorizationPolicy,
}

impl Rights {
    /// The role that nobody has to be given.
    const fn default_role(&self) -> Uuid {
        if self.is_guest {
            self.policy.guest_role
        } else {
            MEMBER_ROLE
        }
    }

    /// How far a role allows an action.
    fn granted(&self, role: Uuid, action: &str) -> Reach {
        let granted = GRANTED.get(&role).or_else(|| self.custom.get(&role));
        granted.map_or_else(Reach::default, |granted| reach_in(granted, action))
    }

    /// Whether there are roles for parts of the tenant, so that it matters what an object is in.
    pub fn is_scoped(&self) -> bool {
        !self.scoped.is_empty()
    }

    /// The same with the roles that the user has for these, as far as they allow actions on the
    /// resources that these are or hold (`users`).
    #[must_use]
    pub fn within(&self, scopes: &[Uuid], resources: &'static [&'static str]) -> Self {
        let roles = self.scoped.iter();
        let roles = roles.filter(|(scope, _)| scopes.contains(scope));
        Self {
            within: Within {
                resources,
                roles: roles.map(|(_, role)| *role).collect(),
            },
            ..self.clone()
        }
    }

    /// What the policy leaves of the default role.
    fn by_default(&self, action: &str) -> Reach {
        let mut reach = self.granted(self.default_role(), action);
        let is_taken = match action {
            "applications/createAsOwner" | "servicePrincipals/createAsOwner" => {
                !self.policy.may_create_apps
            }
            "groups/createAsOwner" => !self.policy.may_create_groups,
            "users/inviteGuest" => {
                let needed = if self.is_guest {
                    InvitesFrom::Everyone
                } else {
                    InvitesFrom::AllMembers
                };
                self.policy.invites_from < needed
            }
            _ => {
                action.starts_with("users/")
                    && action.ends_with("/read")
                    && !self.policy.may_read_others
            }
        };
        if is_taken {
            // One's own object stays one's own.
            reach.own |= reach.always && action.starts_with("users/") && action.ends_with("/read");
            reach.always = false;
        }
        // No role says so; Graph lets everybody see the own methods.
        reach.own |= action == "users/authenticationMethods/standard/restrictedRead";
        reach
    }

    /// How far an action is allowed.
    pub fn reach(&self, action: &str) -> Reach {
        if action == "users/inviteGuest" && self.policy.invites_from == InvitesFrom::None {
            return Reach::default();
        }
        if self.roles.contains(&GLOBAL_ADMINISTRATOR) {
            return Reach::EVERYTHING;
        }
        let roles = self.roles.iter().chain(self.within.roles(action));
        roles.fold(self.by_default(action), |reach, role| {
            reach.or(self.granted(*role, action))
        })
    }

    /// How far the one of several actions is allowed that is allowed furthest.
    pub fn reach_of_any(&self, actions: &[&str]) -> Reach {
        actions.iter().fold(Reach::default(), |reach, action| {
            reach.or(self.reach(action))
        })
    }

    /// Whether an action is allowed on everything.
    pub fn may(&self, action: &str) -> bool {
        self.reach(action).always
    }

    /// Whether the user may take sign-in or the account away from somebody who has these roles, or
    /// could become that person.
    pub fn may_manage(&self, roles: &[Uuid]) -> bool {
        let own: Vec<Uuid> = self
            .roles
            .iter()
            .chain(&self.within.roles)
            .copied()
            .collect();
        manage(&own, roles)
    }

    /// Whether a key of the path names the user: by the object id or the name.
    pub fn is_named(&self, key: &str) -> bool {
        match types::parse_uuid(key) {
            Some(id) => id == self.user.uuid(),
            None => types::fold(key) == self.folded_name,
        }
    }
}

/// Whether who has some roles may take sign-in or the account away from somebody who has others.
pub fn manage(own: &[Uuid], roles: &[Uuid]) -> bool {
    let manages = |role: &Uuid| {
        own.iter().any(|own| {
            let managed = MANAGED.iter().find(|(manager, _)| manager == own);
            managed.is_some_and(|(_, managed)| managed.contains(role))
        })
    };
    let all = [
        GLOBAL_ADMINISTRATOR,
        PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    ];
    own.iter().any(|own| all.contains(own)) || roles.iter().all(manages)
}

/// The templates of the roles that a user has for the whole tenant, also by groups.
pub fn roles_of(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<Vec<Uuid>> {
    let found = tx.remembered(user.bytes(), || {
        let roles = tx.query(ROLES_OF, params![&tx.tenant(), &user], |row| row.uuid(0))?;
        Ok(Some(Roles(roles)))
    })?;
    Ok(found.map(|found| found.0.clone()).unwrap_or_default())
}

/// The templates of the roles that somebody has in the whole tenant.
struct Roles(Vec<Uuid>);

fn scoped_roles_of(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<Vec<(Uuid, Uuid)>> {
    tx.query(SCOPED_ROLES_OF, params![&tx.tenant(), &user], |row| {
        Ok((row.uuid(0)?, row.uuid(1)?))
    })
}

/// The templates of all roles that a user has, whatever for.
pub fn all_roles_of(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<Vec<Uuid>> {
    let mut roles = roles_of(tx, user)?;
    roles.extend(scoped_roles_of(tx, user)?.into_iter().map(|(_, role)| role));
    Ok(roles)
}

/// What a user may do; `None` if there is no such user, or it is disabled.
pub fn of(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<Option<Rights>> {
    let found = match users::get(tx, user) {
        Ok(found) if found.account_enabled => found,
        Ok(_) | Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let (roles, scoped) = (roles_of(tx, user)?, scoped_roles_of(tx, user)?);
    let mut custom = HashMap::new();
    for role in roles.iter().chain(scoped.iter().map(|(_, role)| role)) {
        if !GRANTED.contains_key(role)
            && let Some(found) = roles::find_custom(tx, *role)?
        {
            custom.insert(*role, granted_by(found.actions()));
        }
    }
    Ok(Some(Rights {
        user,
        folded_name: types::fold(found.user_principal_name()),
        is_guest: found.user_type() == "Guest",
        roles,
        scoped,
        custom: Arc::new(custom),
        within: Within::default(),
        policy: authorization_policy::get(tx)?,
    }))
}

/// The actions of a role with their conditions, as its data has them.
pub(crate) fn actions(permissions: &Value) -> impl Iterator<Item = (Option<&str>, &str)> {
    let all = permissions.as_array().into_iter().flatten();
    all.flat_map(|permission| {
        let condition = permission.get("condition").and_then(Value::as_str);
        let actions = permission
            .get("allowedResourceActions")
            .and_then(Value::as_array);
        actions.into_iter().flatten().filter_map(move |action| {
            let action = action.as_str()?.strip_prefix(NAMESPACE)?;
            Some((condition, action))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: AuthorizationPolicy = AuthorizationPolicy {
        invites_from: InvitesFrom::Everyone,
        guest_role: uuid!("10dae51f-b6af-4016-8d66-8c2a99b929b3"),
        may_create_apps: true,
        may_create_groups: true,
        may_read_others: true,
        may_consent: true,
    };

    fn with(roles: &[Uuid], is_guest: bool, policy: AuthorizationPolicy) -> Rights {
        Rights {
            user: Id::new(Uuid::from_u128(1)),
            folded_name: "ann@contoso.example".into(),
            is_guest,
            roles: roles.to_vec(),
            scoped: Vec::new(),
            custom: Arc::default(),
            within: Within::default(),
            policy,
        }
    }

    #[test]
    fn members_read_and_change_what_is_theirs() {
        let member = with(&[], false, POLICY);
        assert!(member.may("users/standard/read") && member.may("groups/createAsOwner"));
        assert!(!member.may("users/create") && !member.may("auditLogs/allProperties/read"));
        let members = member.reach("groups/members/update");
        assert!(members.owned && !members.always);
        let sessions = member.reach("users/invalidateAllRefreshTokens");
        assert!(sessions.own && !sessions.always);
        assert!(member.is_named("ANN@contoso.example") && !member.is_named("bob@contoso.example"));
    }

    #[test]
    fn guests_see_little_beyond_themselves() {
        let guest = with(&[], true, POLICY);
        assert!(guest.reach("users/standard/read").own && !guest.may("users/standard/read"));
        assert!(!guest.may("groups/standard/read") && guest.may("groups/standard/limitedRead"));
        assert!(guest.reach("groups/createAsOwner").is_nothing());
        let as_members = AuthorizationPolicy {
            guest_role: MEMBER_ROLE,
            ..POLICY
        };
        assert!(with(&[], true, as_members).may("users/standard/read"));
        assert!(with(&[DIRECTORY_READERS], true, POLICY).may("users/standard/read"));
    }

    #[test]
    fn the_policy_takes_from_members_what_roles_give_back() {
        let policy = AuthorizationPolicy {
            invites_from: InvitesFrom::AdminsAndGuestInviters,
            may_create_apps: false,
            may_create_groups: false,
            may_read_others: false,
            ..POLICY
        };
        let member = with(&[], false, policy);
        for action in [
            "applications/createAsOwner",
            "groups/createAsOwner",
            "users/inviteGuest",
            "users/standard/read",
        ] {
            assert!(!member.may(action), "{action}");
        }
        assert!(member.reach("users/standard/read").own);
        assert!(with(&[GUEST_INVITER], false, policy).may("users/inviteGuest"));
        assert!(with(&[DIRECTORY_READERS], false, policy).may("users/standard/read"));
        let nobody = AuthorizationPolicy {
            invites_from: InvitesFrom::None,
            ..policy
        };
        assert!(!with(&[GLOBAL_ADMINISTRATOR], false, nobody).may("users/inviteGuest"));
    }

    #[test]
    fn roles_allow_what_their_data_says() {
        let admin = with(&[USER_ADMINISTRATOR], false, POLICY);
        assert!(admin.may("users/create") && admin.may("groups/members/update"));
        assert!(!admin.may("groupsAssignableToRoles/allProperties/update"));
        assert!(!admin.may("roleAssignments/allProperties/allTasks"));
        let reader = with(
            &[uuid!("f2ef992c-3afb-46b9-b7cf-a126ee74c451")],
            false,
            POLICY,
        );
        assert!(reader.may("domains/verificationRecords/read"));
        assert!(!reader.may("users/create") && !reader.may("domains/create"));
        let of_domains = with(
            &[uuid!("8329153b-31d0-4727-b945-745eb3bc5f31")],
            false,
            POLICY,
        );
        assert!(of_domains.may("domains/create") && of_domains.may("domains/standard/read"));
        assert!(with(&[GLOBAL_ADMINISTRATOR], false, POLICY).may("anything/at/all"));
    }

    #[test]
    fn roles_for_a_part_reach_what_is_in_it_and_actions_on_it_alone() {
        let (unit, other) = (Uuid::from_u128(7), Uuid::from_u128(8));
        let helper = Rights {
            scoped: vec![(unit, USER_ADMINISTRATOR)],
            ..with(&[], false, POLICY)
        };
        assert!(!helper.may("users/password/update") && !helper.may_manage(&[REPORTS_READER]));
        let there = helper.within(&[unit, other], &["users"]);
        assert!(there.may("users/password/update") && there.may_manage(&[REPORTS_READER]));
        assert!(!there.may("groups/members/update"));
        assert!(!there.may_manage(&[GLOBAL_ADMINISTRATOR]));
        assert!(
            !helper
                .within(&[other], &["users"])
                .may("users/password/update")
        );
    }

    #[test]
    fn a_role_of_the_tenants_own_allows_what_it_says() {
        let role = Uuid::from_u128(9);
        let actions = [
            (None, "users/basic/update"),
            (Some("$SubjectIsOwner"), "groups/delete"),
        ];
        let own = Rights {
            custom: Arc::new(HashMap::from([(role, granted_by(actions.into_iter()))])),
            ..with(&[role], false, POLICY)
        };
        assert!(own.may("users/basic/update") && !own.may("users/password/update"));
        assert!(own.reach("groups/delete").owned && !own.may("groups/delete"));
        // Somebody whose role nobody knows is above all but those above everybody.
        let manages = |own: &[Uuid]| with(own, false, POLICY).may_manage(&[role]);
        assert!(!manages(&[USER_ADMINISTRATOR]) && manages(&[GLOBAL_ADMINISTRATOR]));
    }

    #[test]
    fn actions_are_those_on_something_of_the_directory() {
        assert!(is_of_directory(
            "microsoft.directory/applications/basic/update"
        ));
        // The page of the API itself has one that no role has.
        assert!(is_of_directory(
            "microsoft.directory/applications/basic/read"
        ));
        for bad in [
            "",
            "microsoft.directory/",
            "microsoft.directory/applications",
            "microsoft.directory/applications/",
            "microsoft.directory/moons/create",
            "applications/create",
            "microsoft.office365/applications/create",
        ] {
            assert!(!is_of_directory(bad), "{bad}");
        }
    }

    #[test]
    fn actions_that_give_roles_are_known() {
        for action in [
            "microsoft.directory/roleAssignments/allProperties/allTasks",
            "microsoft.directory/directoryRoles/members/update",
            "microsoft.directory/groupsAssignableToRoles/allProperties/update",
            "microsoft.directory/servicePrincipals/managePermissionGrantsForAll.microsoft-company-admin",
        ] {
            assert!(gives_roles(action), "{action}");
        }
        for action in [
            "microsoft.directory/roleAssignments/standard/read",
            "microsoft.directory/users/password/update",
        ] {
            assert!(!gives_roles(action), "{action}");
        }
    }

    #[test]
    fn nobody_manages_those_above() {
        let manages = |own: &[Uuid], other: &[Uuid]| with(own, false, POLICY).may_manage(other);
        assert!(manages(&[HELPDESK_ADMINISTRATOR], &[]));
        assert!(manages(&[HELPDESK_ADMINISTRATOR], &[REPORTS_READER]));
        assert!(!manages(&[HELPDESK_ADMINISTRATOR], &[USER_ADMINISTRATOR]));
        assert!(!manages(
            &[USER_ADMINISTRATOR],
            &[REPORTS_READER, GLOBAL_ADMINISTRATOR]
        ));
        let all = [GLOBAL_ADMINISTRATOR];
        assert!(manages(&[PRIVILEGED_AUTHENTICATION_ADMINISTRATOR], &all));
        assert!(manages(&all, &all) && !manages(&[], &[DIRECTORY_READERS]));
    }
}
