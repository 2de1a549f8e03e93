//! What a signed-in user may do in the tenant: the one place that decides it.
//!
//! - An action is a resource action of the built-in roles, such as `users/create`, without the
//!   `microsoft.directory/` before it. Each role says which it allows: always, on what the user
//!   owns, on the user's own object.
//! - A member has the role User, a guest the one that the authorization policy names; what the
//!   policy takes from members is taken from that role. Directory roles come on top, those given to
//!   a group included.
//! - Some actions on people who have roles themselves are for those only who are above them
//!   ([`Rights::may_manage`]).
//!
//! Source: "Microsoft Entra built-in roles", "What are the default user permissions", "Who can
//! reset passwords", "Who can perform sensitive actions" (Microsoft Entra); the `authorizationPolicy`
//! resource (Microsoft Graph).

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value;
use store::{ReadTx, params};
use types::{Error, Id, Result, kind};
use uuid::{Uuid, uuid};

use crate::authorization_policy::{self, AuthorizationPolicy, InvitesFrom, MEMBER_ROLE};
use crate::roles::{GLOBAL_ADMINISTRATOR, built_in};
use crate::users;

const NAMESPACE: &str = "microsoft.directory/";

/// Directly, or by a group that was made for roles, which has no groups in it.
const ROLES_OF: &str = "SELECT a.template_id FROM role_assignments AS a WHERE a.tenant_id = ?1 \
    AND a.principal_id = ?2 UNION SELECT a.template_id FROM group_members AS m \
    JOIN role_assignments AS a ON a.tenant_id = m.tenant_id AND a.principal_id = m.group_id \
    JOIN groups AS g ON g.tenant_id = m.tenant_id AND g.id = m.group_id \
    WHERE m.tenant_id = ?1 AND m.member_id = ?2 AND a.principal_kind = 2 AND g.deleted_at IS NULL";

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

type Granted = HashMap<&'static str, Reach>;

/// What each role allows, what it inherits included.
static GRANTED: LazyLock<HashMap<Uuid, Granted>> = LazyLock::new(|| {
    let all = built_in::all().unwrap_or_default();
    let own = |role: &'static built_in::BuiltIn| {
        let mut granted = Granted::new();
        for (condition, action) in role.actions() {
            let reach = granted.entry(action).or_default();
            match condition {
                None => reach.always = true,
                Some("$SubjectIsOwner") => reach.owned = true,
                Some("$ResourceIsSelf") => reach.own = true,
                Some(_) => {}
            }
        }
        granted
    };
    let mut granted: HashMap<Uuid, Granted> = all.iter().map(|role| (role.id, own(role))).collect();
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

/// Whether the role of this template is one that there is; for tests of tables of actions.
pub fn is_action(action: &str) -> bool {
    GRANTED.values().any(|granted| granted.contains_key(action))
}

/// How far a role allows an action: by itself, or by all of its kind.
fn granted(role: Uuid, action: &str) -> Reach {
    let Some(granted) = GRANTED.get(&role) else {
        return Reach::default();
    };
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

/// What a user may do, of one snapshot.
#[derive(Debug, Clone)]
pub struct Rights {
    /// Whose they are.
    pub user: Id<kind::User>,
    /// The user's name, folded.
    pub folded_name: String,
    /// Whether the user is a guest of the tenant.
    pub is_guest: bool,
    /// The templates of the user's directory roles.
    pub roles: Vec<Uuid>,
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

    /// What the policy leaves of the default role.
    fn by_default(&self, action: &str) -> Reach {
        let mut reach = granted(self.default_role(), action);
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
        self.roles
            .iter()
            .fold(self.by_default(action), |reach, role| {
                reach.or(granted(*role, action))
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
        let manages = |role: &Uuid| {
            self.roles.iter().any(|own| {
                let managed = MANAGED.iter().find(|(manager, _)| manager == own);
                managed.is_some_and(|(_, managed)| managed.contains(role))
            })
        };
        let all = [
            GLOBAL_ADMINISTRATOR,
            PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
        ];
        self.roles.iter().any(|own| all.contains(own)) || roles.iter().all(manages)
    }

    /// Whether a key of the path names the user: by the object id or the name.
    pub fn is_named(&self, key: &str) -> bool {
        match types::parse_uuid(key) {
            Some(id) => id == self.user.uuid(),
            None => types::fold(key) == self.folded_name,
        }
    }
}

/// The templates of a user's directory roles, also by groups.
pub fn roles_of(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<Vec<Uuid>> {
    tx.query(ROLES_OF, params![&tx.tenant(), &user], |row| row.uuid(0))
}

/// What a user may do; `None` if there is no such user, or it is disabled.
pub fn of(tx: &ReadTx<'_>, user: Id<kind::User>) -> Result<Option<Rights>> {
    let found = match users::get(tx, user) {
        Ok(found) if found.account_enabled => found,
        Ok(_) | Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(Rights {
        user,
        folded_name: types::fold(found.user_principal_name()),
        is_guest: found.user_type() == "Guest",
        roles: roles_of(tx, user)?,
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
    };

    fn with(roles: &[Uuid], is_guest: bool, policy: AuthorizationPolicy) -> Rights {
        Rights {
            user: Id::new(Uuid::from_u128(1)),
            folded_name: "ann@contoso.example".into(),
            is_guest,
            roles: roles.to_vec(),
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
