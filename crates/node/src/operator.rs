//! The operator's commands, carried out. Each is what an admin could do over HTTP, in one step.

use std::time::Duration;

use credentials::access_pass::Wanted;
use serde_json::{Value, json};
use types::{Actor, DomainName, Error, Id, Result, TenantId, kind};

use crate::Node;
use crate::command::{Command, OnProgress};
use crate::explain::{Action, Question};
use crate::tenants::{Credential, Founding};

/// How long a command waits for another tenant's answer.
const ANSWER_SECONDS: u64 = 10;

impl Node {
    /// Carries out a command.
    pub async fn execute(&self, command: Command, progress: OnProgress<'_>) -> Result<Value> {
        // Other servers may have made what it names.
        self.store().learn().await?;
        match command {
            Command::TenantCreate {
                name,
                domain,
                admin_upn,
                admin_password,
            } => {
                let founding = Founding {
                    tenant: None,
                    name,
                    domain,
                    admin_upn,
                    credential: Credential::Password(admin_password),
                };
                Ok(self.make_tenant(founding).await?.to_json())
            }
            Command::TenantList => Ok(json!({"value": self.store().tenants()})),
            Command::AppCreate {
                tenant,
                name,
                redirect_uris,
                permissions,
            } => {
                let tenant = self.store().find_tenant(&tenant)?;
                self.create_app(tenant, name, redirect_uris, permissions)
                    .await
            }
            Command::Token {
                tenant,
                client_id,
                client_secret,
            } => self.operator_token(&tenant, client_id, client_secret).await,
            Command::DomainAdd {
                tenant,
                domain,
                verified,
            } => {
                let tenant = self.store().find_tenant(&tenant)?;
                self.add_domain_for(tenant, DomainName::parse(&domain)?, verified)
                    .await
            }
            Command::DomainVerify { tenant, domain } => {
                let tenant = self.store().find_tenant(&tenant)?;
                self.verify_domain_for(tenant, domain).await
            }
            Command::KeysRotate { tenant } => {
                let tenant = self.store().find_tenant(&tenant)?;
                Ok(json!({"keyId": self.rotate_keys(tenant, Actor::Operator).await?}))
            }
            Command::ImportUsers {
                tenant,
                format,
                content,
                map,
                dry_run,
            } => {
                let tenant = self.store().find_tenant(&tenant)?;
                self.import_users(tenant, &format, &content, map.as_deref(), dry_run, progress)
                    .await
            }
            Command::UserShow { tenant, user } => self.show_user(&tenant, &user).await,
            Command::UserPassword { tenant, user } => self.give_password(&tenant, user).await,
            Command::UserAccessPass {
                tenant,
                user,
                minutes,
            } => self.hand_access_pass(&tenant, user, minutes).await,
            Command::UserFind {
                tenant,
                home_tenant,
                home_id,
            } => self.find_synced(&tenant, &home_tenant, &home_id).await,
            Command::Explain { from, to, action } => self.explain_names(&from, &to, &action).await,
            Command::Readiness { tenant } => {
                let tenant = self.store().find_tenant(&tenant)?;
                self.show_readiness(tenant).await
            }
            Command::Doctor => self.doctor().await,
            command => self.execute_organization(command).await,
        }
    }

    async fn execute_organization(&self, command: Command) -> Result<Value> {
        let find = |name: &str| self.store().find_tenant(name);
        match command {
            Command::OrganizationShow { tenant } => self.show_organization(find(&tenant)?).await,
            Command::OrganizationCreate {
                tenant,
                name,
                add,
                accept_users,
                skip_consent,
            } => {
                let tenant = find(&tenant)?;
                let add = self.named_tenants(&add)?;
                self.write(tenant, move |tx| {
                    consent(tx, accept_users, skip_consent)?;
                    let label = directory::tenant::display_name(tx)?;
                    organization::create(tx, &name, None, &label)?;
                    for (id, label) in add {
                        organization::add(tx, id, &label, organization::Role::Member)?;
                    }
                    Ok(())
                })
                .await?;
                self.show_organization(tenant).await
            }
            Command::OrganizationAdd { tenant, add, role } => {
                let tenant = find(&tenant)?;
                let add = self.named_tenants(&add)?;
                let role = role
                    .as_deref()
                    .map_or(Ok(organization::Role::Member), organization::Role::parse)?;
                self.write(tenant, move |tx| {
                    for (id, label) in add {
                        organization::add(tx, id, &label, role)?;
                    }
                    Ok(())
                })
                .await?;
                self.show_organization(tenant).await
            }
            Command::OrganizationPreviewJoin {
                tenant,
                invited_by,
                accept_users,
                skip_consent,
            } => {
                let (tenant, invited_by) = (find(&tenant)?, find(&invited_by)?);
                let preview = self
                    .store()
                    .island(tenant)?
                    .write(Actor::Operator, move |tx| {
                        // With the consents as they would be; then all of it is undone.
                        let mut preview = None;
                        let undone: Result<()> = tx.attempt(|tx| {
                            consent(tx, accept_users, skip_consent)?;
                            preview = Some(organization::preview_join(tx, invited_by)?);
                            Err(Error::conflict("a preview has no effect"))
                        });
                        match (preview, undone) {
                            (Some(preview), _) => Ok(preview),
                            (None, Err(error)) => Err(error),
                            (None, Ok(())) => Err(Error::internal("a preview without an answer")),
                        }
                    })
                    .await?;
                serde_json::to_value(preview).map_err(Error::internal)
            }
            Command::OrganizationJoin {
                tenant,
                invited_by,
                accept_users,
                skip_consent,
            } => {
                let (tenant, invited_by) = (find(&tenant)?, find(&invited_by)?);
                self.join(tenant, invited_by, accept_users, skip_consent)
                    .await
            }
            Command::OrganizationLeave { tenant } => {
                let tenant = find(&tenant)?;
                self.write(tenant, organization::leave).await?;
                let left = self
                    .wait_for(tenant, |tx| {
                        Ok(organization::get(tx)?.is_none().then_some(()))
                    })
                    .await;
                left.map_err(|_| {
                    Error::unavailable(
                        "The other tenants haven't answered yet; the tenant leaves once they do.",
                        10,
                    )
                })?;
                Ok(json!({"left": true}))
            }
            Command::OrganizationRemove { tenant, remove } => {
                let (tenant, remove) = (find(&tenant)?, find(&remove)?);
                self.write(tenant, move |tx| organization::remove(tx, remove))
                    .await?;
                self.show_organization(tenant).await
            }
            Command::OrganizationRole { tenant, of, role } => {
                let (tenant, of) = (find(&tenant)?, find(&of)?);
                let role = organization::Role::parse(&role)?;
                self.write(tenant, move |tx| organization::set_role(tx, of, role))
                    .await?;
                self.show_organization(tenant).await
            }
            Command::Share {
                tenant,
                all,
                users,
                groups,
                group_objects,
                allow_deletions,
                with,
            } => {
                let tenant = find(&tenant)?;
                let with = with
                    .iter()
                    .map(|name| find(name))
                    .collect::<Result<Vec<_>>>()?;
                let whom = Whom {
                    all,
                    users,
                    groups,
                    group_objects,
                    allow_deletions,
                };
                self.share(tenant, whom, with).await?;
                self.share_status_json(tenant).await
            }
            Command::ShareStatus { tenant } => self.share_status_json(find(&tenant)?).await,
            _ => Err(Error::bad_request("This command isn't known here.")),
        }
    }

    /// Runs a command of the operator in an island and delivers what it sends.
    async fn write<T: Send + 'static>(
        &self,
        tenant: TenantId,
        command: impl FnOnce(&mut store::Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let answer = self
            .store()
            .island(tenant)?
            .write(Actor::Operator, command)
            .await?;
        self.flush(tenant).await;
        Ok(answer)
    }

    fn named_tenants(&self, names: &[String]) -> Result<Vec<(TenantId, String)>> {
        names
            .iter()
            .map(|name| {
                let id = self.store().find_tenant(name)?;
                let label = self
                    .store()
                    .tenant(id)
                    .map_or_else(|| name.clone(), |t| t.display_name);
                Ok((id, label))
            })
            .collect()
    }

    async fn show_organization(&self, tenant: TenantId) -> Result<Value> {
        self.store()
            .island(tenant)?
            .read(|tx| {
                let organization = organization::get(tx)?;
                let members: Vec<Value> = organization::members(tx)?
                    .iter()
                    .map(organization::Member::to_graph)
                    .collect();
                let mut shown = organization::Organization::to_graph(organization.as_ref());
                shown["members"] = json!(members);
                Ok(shown)
            })
            .await
    }

    async fn join(
        &self,
        tenant: TenantId,
        invited_by: TenantId,
        accept_users: bool,
        skip_consent: bool,
    ) -> Result<Value> {
        let users_max = self.config().limits.get("organization_users");
        self.write(tenant, move |tx| {
            let users = directory::users::count_internal(tx)?;
            if organization::join_request(tx)?.status.as_deref() == Some("failed") {
                organization::reset_join(tx)?;
            }
            consent(tx, accept_users, skip_consent)?;
            organization::request_join(tx, invited_by, users, users_max)
        })
        .await?;
        let request = self
            .wait_for(tenant, |tx| {
                let request = organization::join_request(tx)?;
                let over = !matches!(request.status.as_deref(), Some("notStarted" | "running"));
                Ok(over.then_some(request))
            })
            .await
            .map_err(|_| {
                Error::unavailable("The organization hasn't answered yet; the request goes on. Read the join request later.", 10)
            })?;
        if request.status.as_deref() == Some("failed") {
            return Err(Error::conflict(request.details));
        }
        self.show_organization(tenant).await
    }

    /// Waits until a reading of an island answers something, following its head.
    async fn wait_for<T: Send + 'static>(
        &self,
        tenant: TenantId,
        look: impl Fn(&store::ReadTx<'_>) -> Result<Option<T>> + Clone + Send + 'static,
    ) -> Result<T> {
        let island = self.store().island(tenant)?;
        let mut head = island.watch();
        let waiting = async {
            loop {
                head.borrow_and_update();
                let look = look.clone();
                if let Some(found) = island.read(move |tx| look(tx)).await? {
                    return Ok(found);
                }
                let _ = tokio::time::timeout(Duration::from_millis(200), head.changed()).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS), waiting)
            .await
            .map_err(|_| Error::unavailable("It takes longer than expected.", 10))?
    }

    async fn share(&self, tenant: TenantId, whom: Whom, with: Vec<TenantId>) -> Result<()> {
        if whom.all != (whom.users.is_empty() && whom.groups.is_empty()) {
            return Err(Error::bad_request(
                "Share either everybody (--all) or users and groups.",
            ));
        }
        self.write(tenant, move |tx| {
            let targets: Vec<Option<TenantId>> = if with.is_empty() {
                vec![None]
            } else {
                with.into_iter().map(Some).collect()
            };
            for target in targets {
                let mut sharing = sync::sharing::Sharing::nobody();
                sharing.scope = if whom.all {
                    sync::sharing::Scope::All
                } else {
                    sync::sharing::Scope::Selected
                };
                for user in &whom.users {
                    sharing.users.insert(directory::users::find(tx, user)?.id);
                }
                for group in &whom.groups {
                    sharing.groups.insert(group.parse::<Id<kind::Group>>()?);
                }
                sharing.group_objects = whom.group_objects;
                sync::sharing::put(tx, target, &sharing)?;
                if whom.allow_deletions {
                    sync::guard::confirm_entry(tx, target)?;
                }
            }
            Ok(())
        })
        .await
    }

    async fn share_status_json(&self, tenant: TenantId) -> Result<Value> {
        let pairs: Vec<Value> = self
            .share_status(tenant)
            .await?
            .iter()
            .map(sync::status::PairStatus::to_json)
            .collect();
        Ok(json!({"value": pairs}))
    }

    async fn user_by_name(&self, tenant: TenantId, user: String) -> Result<Id<kind::User>> {
        self.store()
            .island(tenant)?
            .read(move |tx| Ok(directory::users::find(tx, &user)?.id))
            .await
    }

    async fn show_user(&self, tenant: &str, user: &str) -> Result<Value> {
        let tenant = self.store().find_tenant(tenant)?;
        let user = user.to_owned();
        self.store()
            .island(tenant)?
            .read(move |tx| shown(&directory::users::find(tx, &user)?))
            .await
    }

    async fn give_password(&self, tenant: &str, user: String) -> Result<Value> {
        let tenant = self.store().find_tenant(tenant)?;
        let change = directory::users::PasswordChange::None;
        let given = self
            .reset_password(tenant, Actor::Operator, user, None, change)
            .await?;
        let made = given.made.ok_or_else(|| Error::internal("no password"))?;
        Ok(json!({"password": made.expose()}))
    }

    async fn hand_access_pass(
        &self,
        tenant: &str,
        user: String,
        minutes: Option<u32>,
    ) -> Result<Value> {
        let tenant = self.store().find_tenant(tenant)?;
        let wanted = Wanted {
            lifetime_minutes: minutes,
            ..Wanted::default()
        };
        let (pass, text) = self
            .give_access_pass(tenant, Actor::Operator, user, wanted)
            .await?;
        Ok(json!({
            "temporaryAccessPass": text.expose(),
            "startDateTime": pass.start_at,
            "lifetimeInMinutes": pass.lifetime_minutes,
            "isUsableOnce": pass.is_usable_once,
        }))
    }

    async fn find_synced(&self, tenant: &str, home: &str, home_id: &str) -> Result<Value> {
        let (tenant, home) = (
            self.store().find_tenant(tenant)?,
            self.store().find_tenant(home)?,
        );
        let home_id: Id<kind::User> = home_id.parse()?;
        self.store()
            .island(tenant)?
            .read(move |tx| {
                let found = directory::synced::find(tx, home, home_id)?
                    .ok_or_else(|| Error::not_found("user", home_id))?;
                shown(&directory::users::get(tx, found.id)?)
            })
            .await
    }

    async fn explain_names(&self, from: &str, to: &str, action: &str) -> Result<Value> {
        let action = Action::parse(action)?;
        let (from, user) = from
            .split_once('/')
            .map_or((from, None), |(t, u)| (t, Some(u)));
        let (to, _) = to.split_once('/').map_or((to, None), |(t, u)| (t, Some(u)));
        let (from, to) = (
            self.store().find_tenant(from)?,
            self.store().find_tenant(to)?,
        );
        let user = match user {
            Some(user) => Some(self.user_by_name(from, user.to_owned()).await?),
            None => None,
        };
        let question = Question {
            action,
            from,
            user,
            to,
            application: None,
        };
        let question = self.at_home(question).await?;
        let explained = self.explain(question, from).await?;
        serde_json::to_value(explained).map_err(Error::internal)
    }
}

/// What a person at the command line wants to see of a user.
fn shown(user: &directory::users::User) -> Result<Value> {
    let select: Vec<String> = [
        "id",
        "displayName",
        "userPrincipalName",
        "mail",
        "userType",
        "creationType",
        "externalUserState",
        "accountEnabled",
        "jobTitle",
        "department",
        "city",
        "country",
    ]
    .map(str::to_owned)
    .to_vec();
    Ok(Value::Object(directory::users::project(
        user,
        Some(&select),
    )?))
}

/// The admin's two consents, as the templates carry them to every partner.
pub fn consent(tx: &mut store::Tx<'_>, accept_users: bool, skip_consent: bool) -> Result<()> {
    if accept_users {
        access::update_identity_sync_template(
            tx,
            &object(json!({"userSyncInbound": {"isSyncAllowed": true}})),
        )?;
    }
    if skip_consent {
        access::update_partner_template(
            tx,
            &object(
                json!({"automaticUserConsentSettings": {"inboundAllowed": true, "outboundAllowed": true}}),
            ),
        )?;
    }
    Ok(())
}

fn object(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => serde_json::Map::new(),
    }
}

/// Who is shared.
struct Whom {
    all: bool,
    users: Vec<String>,
    groups: Vec<String>,
    group_objects: bool,
    allow_deletions: bool,
}
