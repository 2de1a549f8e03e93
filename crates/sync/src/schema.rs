//! A pair with a synchronization schema of its own: whom it lets in, what the target should have of
//! a user by it, and what it keeps as it is. A pair without one doesn't come by here but to find
//! that out.
//!
//! - The schema's revision is part of the scope's key, so a change makes the pair go over its users.
//! - A user that can't be mapped fails by itself, with the attribute and the reason; the others go on.
//! - What is only set when a user is made is sent as long as the target has nobody, and isn't part
//!   of the digest by which a pair knows whether the target is up to date.
//! - The target's admission rules have the last word over what is sent.

use std::collections::BTreeSet;

use ::provisioning::{self as schemas, Context, Flow, FlowType, Mapper, Standing};
use directory::synced_mapping::{OwnMapping, can_be_mapped};
use directory::users::ScannedUser;
use serde_json::{Map, Value, json};
use store::{ReadTx, Tx};
use types::{Error, Id, Result, TenantId, Timestamp, Upn, kind};

use crate::links::There;
use crate::sharing::{self, InForce, Scope, Sharing, refuse_stranger};
use crate::wire::{Own, User};
use crate::{jobs, mapping};

/// A pair's own schema, ready to be applied.
#[derive(Debug)]
pub(crate) struct PairSchema {
    mapper: Mapper,
    maps_groups: bool,
    seed: [u8; 16],
    default_domain: Option<String>,
}

/// What the target should have of a user.
pub(crate) struct Mapped {
    pub(crate) user: User,
    pub(crate) digest: [u8; 16],
    /// Whether it is sent though the target has it already.
    pub(crate) always: bool,
}

/// A reason why a user can't be mapped: a code and words.
pub(crate) type Unmapped = (String, String);

fn load(tx: &ReadTx<'_>, target: TenantId) -> Result<Option<(PairSchema, u64)>> {
    let Some(kept) = schemas::store::load(tx, target)? else {
        return Ok(None);
    };
    Ok(Some((ready(tx, &kept.schema, kept.seed)?, kept.revision)))
}

fn ready(tx: &ReadTx<'_>, schema: &schemas::Schema, seed: [u8; 16]) -> Result<PairSchema> {
    let mapper = Mapper::new(schema)
        .map_err(|failure| Error::internal(format!("a kept schema: {failure}")))?;
    let mut domains = directory::domains::list(tx)?.into_iter();
    let groups = schema.rule.groups.as_ref();
    Ok(PairSchema {
        mapper,
        maps_groups: groups.is_some_and(|groups| groups.enabled),
        seed,
        default_domain: domains.find(|it| it.is_default).map(|it| it.name),
    })
}

/// The scope of a pair that a job doesn't govern yet, by the job's schema: who is in it, the job has
/// decided.
pub(crate) fn of_job(tx: &ReadTx<'_>, schema: Option<&schemas::Schema>) -> Result<InForce> {
    let mut scope = Sharing::nobody().in_force(tx.now())?;
    if let Some(schema) = schema {
        scope.schema = Some(Box::new(ready(tx, schema, [0; 16])?));
    }
    Ok(scope)
}

/// Narrows a scope by the pair's schema.
pub(crate) fn attach(tx: &ReadTx<'_>, target: TenantId, scope: &mut InForce) -> Result<()> {
    if let Some((schema, revision)) = load(tx, target)? {
        add_revision(scope, revision);
        scope.schema = Some(Box::new(schema));
    }
    Ok(())
}

/// Puts a schema that isn't kept into the place of the pair's own.
pub(crate) fn replace(
    tx: &ReadTx<'_>,
    scope: &mut InForce,
    schema: &schemas::Schema,
) -> Result<()> {
    scope.schema = Some(Box::new(ready(tx, schema, [0; 16])?));
    Ok(())
}

/// Where nobody is shared, a schema has nothing to change.
fn add_revision(scope: &mut InForce, revision: u64) {
    if scope.scope() != Scope::None {
        scope.key = format!("{} schema {revision}", scope.key);
    }
}

/// Whether users who leave the scope stay in the target by the pair's schema.
pub(crate) fn keeps_users(tx: &ReadTx<'_>, target: TenantId) -> Result<bool> {
    let schema = schemas::store::load(tx, target)?;
    let mapper = schema.map(|kept| Mapper::new(&kept.schema)).transpose();
    let mapper = mapper.map_err(|failure| Error::internal(failure.message))?;
    Ok(mapper.is_some_and(|it| !(it.enabled && it.flow_types.delete && it.soft_deletes)))
}

/// Attributes whose values the provisioning log doesn't show.
pub(crate) fn redacted(tx: &ReadTx<'_>, target: TenantId) -> Result<BTreeSet<String>> {
    if schemas::store::revision(tx, target)?.is_none() {
        return Ok(BTreeSet::new());
    }
    let kept = schemas::store::load(tx, target)?;
    let mapper = kept.map(|kept| Mapper::new(&kept.schema)).transpose();
    let mapper = mapper.map_err(|failure| Error::internal(failure.message))?;
    let redacted = mapper.map(|mapper| mapper.redacted().map(str::to_owned).collect());
    Ok(redacted.unwrap_or_default())
}

/// Whether it is the pair's schema that leaves a user out.
pub(crate) fn is_filtered(scope: &InForce, user: Option<&ScannedUser>) -> Result<bool> {
    match (&scope.schema, user) {
        (Some(schema), Some(user)) => Ok(!schema.lets_in(user)?),
        _ => Ok(false),
    }
}

/// Whether the pair's schema leaves a user in the target as it is, whatever should be done.
pub(crate) fn leaves_alone(
    scope: &InForce,
    user: Option<&ScannedUser>,
    wanted: bool,
    there: There,
) -> Result<bool> {
    let Some(schema) = &scope.schema else {
        return Ok(false);
    };
    let mapper = &schema.mapper;
    let may = mapper.flow_types;
    if !mapper.enabled {
        return Ok(true);
    }
    if let Some(user) = user
        && schema.standing(user, &user.properties()?) == Standing::NotProcessed
    {
        return Ok(true);
    }
    Ok(!match (wanted, there) {
        (true, There::Nothing) => may.add,
        (true, There::Synced | There::Removed) => may.update,
        // Gone for good at home.
        (false, _) if user.is_none() => may.delete,
        (false, _) => may.delete && mapper.soft_deletes,
    })
}

/// What the target should have of a user: by the pair's own schema, or by the default mapping.
pub(crate) fn map(
    tx: &ReadTx<'_>,
    scope: &InForce,
    user: &ScannedUser,
    properties: Map<String, Value>,
    there: There,
    epoch: u64,
) -> Result<Result<Mapped, Unmapped>> {
    let Some(schema) = &scope.schema else {
        let mapped = mapping::map(properties, user.account_enabled, user.manager)?;
        return Ok(Ok(Mapped {
            digest: mapping::digest(&mapped, epoch)?,
            user: mapped,
            always: false,
        }));
    };
    let mut mapped = match schema.map(user, &properties, there == There::Nothing, tx.now()) {
        Ok(mapped) => mapped,
        Err(unmapped) => return Ok(Err(unmapped)),
    };
    let begins = mapped
        .own
        .as_deref_mut()
        .map(|own| std::mem::take(&mut own.on_creation));
    let digest = mapping::digest(&mapped, epoch)?;
    if let (Some(own), Some(begins)) = (mapped.own.as_deref_mut(), begins) {
        own.on_creation = begins;
    }
    Ok(Ok(Mapped {
        user: mapped,
        digest,
        always: schema.mapper.always_exports,
    }))
}

/// The schema by which a pair works, and whether it is its own.
pub fn of_pair(tx: &ReadTx<'_>, target: TenantId) -> Result<(schemas::Schema, bool)> {
    refuse_stranger(tx, Some(target))?;
    let kept = schemas::store::load(tx, target)?;
    Ok(match kept {
        Some(kept) => (kept.schema, true),
        None => (schemas::Schema::default_for_users(), false),
    })
}

/// Gives a pair a schema of its own, or takes it back to the default. If a job governs the pair, the
/// schema is the job's.
pub fn set_of_pair(
    tx: &mut Tx<'_>,
    target: TenantId,
    schema: Option<&schemas::Schema>,
) -> Result<()> {
    refuse_stranger(tx, Some(target))?;
    if let Some(job) = jobs::governing(tx, target)? {
        return jobs::set_schema(tx, job.service_principal, &job.name(), schema);
    }
    match schema {
        Some(schema) => schemas::store::save(tx, target, schema),
        None => schemas::store::delete(tx, target),
    }
}

/// What a schema would make of one person, without doing it: where each clause of the filter and each
/// attribute stands. `target` has the pair whose secret random values are made from.
pub fn preview(
    tx: &ReadTx<'_>,
    target: TenantId,
    schema: &schemas::Schema,
    user: Id<kind::User>,
) -> Result<Value> {
    refuse_stranger(tx, Some(target))?;
    let user = directory::users::get_scanned(tx, user)?
        .filter(|found| !found.deleted)
        .ok_or_else(|| Error::not_found("user", user))?;
    let seed = schemas::store::load(tx, target)?.map_or([0; 16], |kept| kept.seed);
    let ready = ready(tx, schema, seed)?;
    let properties = user.properties()?;
    let manager = user.manager.map(|id| id.to_string());
    let source = schemas::User {
        properties: &properties,
        manager: manager.as_deref(),
        is_deleted: user.deleted,
    };
    let context = Context {
        default_domain: ready.default_domain.as_deref(),
        ..Context::new(&source, tx.now(), ready.seed_of(&user))
    };
    let home_upn = properties.get("userPrincipalName").and_then(Value::as_str);
    let attributes = ready.mapper.each(&context).map(|(mapping, flow)| {
        let mut told = json!({
            "targetAttributeName": mapping.target, "flows": false, "values": [], "error": null,
        });
        match flow {
            Ok(None) => {}
            Ok(Some(flow)) => {
                told["flows"] = true.into();
                told["values"] = json!(flow.values);
                let mut made = Making::new(home_upn.unwrap_or_default());
                if let Err((code, message)) = made.take(flow) {
                    told["error"] = json!({"code": code, "message": message});
                }
            }
            Err(failure) => {
                let message = failure.to_string();
                told["error"] = json!({"code": failure.code, "message": message});
            }
        }
        told
    });
    Ok(json!({
        "userId": user.id,
        "isEligible": sharing::is_eligible(&user),
        "isEnabled": ready.mapper.enabled,
        "standing": match ready.mapper.standing(&source) {
            Standing::InScope => "inScope",
            Standing::OutOfScope => "outOfScope",
            Standing::NotProcessed => "notProcessed",
        },
        "groups": told_groups(schema, &source)?,
        "attributes": attributes.collect::<Vec<_>>(),
    }))
}

/// Whom a schema would add to and remove from the pair with a target, beside what it would make of
/// one person.
pub fn preview_scope(tx: &ReadTx<'_>, target: TenantId, schema: &schemas::Schema) -> Result<Value> {
    crate::preview::preview_schema(tx, target, schema)
}

/// Each clause of a scoping filter, with the value that it looks at and whether it holds.
fn told_groups(schema: &schemas::Schema, source: &dyn schemas::Source) -> Result<Vec<Value>> {
    let filter = schema.rule.users.scope.as_ref();
    let groups = filter.and_then(|filter| filter.groups.as_ref());
    let clause = |clause: &schemas::FilterClause| -> Result<Value> {
        Ok(json!({
            "sourceOperandName": clause.attribute,
            "operatorName": clause.operator.name(),
            "values": source.attribute(&clause.attribute).into_texts(),
            "holds": clause.holds(source).map_err(Error::internal)?,
        }))
    };
    let group = |group: &schemas::FilterGroup| -> Result<Value> {
        let clauses: Vec<Value> = group.clauses.iter().map(clause).collect::<Result<_>>()?;
        let holds = clauses.iter().all(|clause| clause["holds"] == true);
        Ok(json!({"name": group.name, "holds": holds, "clauses": clauses}))
    };
    groups.into_iter().flatten().map(group).collect()
}

impl PairSchema {
    fn standing(&self, user: &ScannedUser, properties: &Map<String, Value>) -> Standing {
        let manager = user.manager.map(|id| id.to_string());
        self.mapper.standing(&schemas::User {
            properties,
            manager: manager.as_deref(),
            is_deleted: user.deleted,
        })
    }

    /// Whether groups themselves are synchronized.
    pub(crate) const fn maps_groups(&self) -> bool {
        self.maps_groups
    }

    /// Whether a user is in the schema's scope.
    pub(crate) fn lets_in(&self, user: &ScannedUser) -> Result<bool> {
        Ok(self.mapper.enabled && self.standing(user, &user.properties()?) == Standing::InScope)
    }

    /// The schema's secret, then the user: nobody outside can foretell a value.
    fn seed_of(&self, user: &ScannedUser) -> [u8; 32] {
        let id = user.id.uuid();
        let mut seed = [0; 32];
        let bytes = self.seed.iter().chain(id.as_bytes());
        for (place, byte) in seed.iter_mut().zip(bytes) {
            *place = *byte;
        }
        seed
    }

    fn map(
        &self,
        user: &ScannedUser,
        properties: &Map<String, Value>,
        is_new: bool,
        now: Timestamp,
    ) -> Result<User, Unmapped> {
        let manager = user.manager.map(|id| id.to_string());
        let source = schemas::User {
            properties,
            manager: manager.as_deref(),
            is_deleted: user.deleted,
        };
        let seed = self.seed_of(user);
        let context = Context {
            default_domain: self.default_domain.as_deref(),
            ..Context::new(&source, now, seed)
        };
        let flows = self.mapper.map(&context, is_new).map_err(|unmapped| {
            let code = unmapped.failure.code.to_owned();
            (
                code,
                format!("{}: {}", unmapped.attribute, unmapped.failure),
            )
        })?;
        let home_upn = properties.get("userPrincipalName").and_then(Value::as_str);
        let mut made = Making::new(home_upn.unwrap_or_default());
        for flow in flows {
            made.take(flow)?;
        }
        Ok(made.finish(properties, is_new))
    }
}

/// A user as its attributes come in.
struct Making {
    user: User,
    own: Own,
}

fn unmapped(attribute: &str, what: &str) -> Unmapped {
    let code = "InvalidPropertyValue".to_owned();
    (code, format!("{attribute}: {what}"))
}

impl Making {
    fn new(home_upn: &str) -> Self {
        Self {
            user: User {
                user_principal_name: home_upn.to_owned(),
                account_enabled: true,
                mail: None,
                manager: None,
                properties: Map::new(),
                own: None,
            },
            own: Own::default(),
        }
    }

    fn take(&mut self, flow: Flow) -> Result<(), Unmapped> {
        let name = flow.property;
        let Some(value) = self.value(&flow)? else {
            return self.clear(name);
        };
        // What always has a value can only be set where there is none by setting it at first.
        let always_there = [
            "accountEnabled",
            "displayName",
            "showInAddressList",
            "userPrincipalName",
            "userType",
        ];
        match flow.flow_type {
            FlowType::Always | FlowType::ValueAddOnly => {
                self.own.flows.insert(name.to_owned());
                match (name, value) {
                    ("accountEnabled", value) => {
                        self.user.account_enabled = value.as_bool().unwrap_or(true);
                    }
                    ("mail", Value::String(mail)) => self.user.mail = Some(mail),
                    ("manager", Value::String(id)) => self.user.manager = id.parse().ok(),
                    ("userPrincipalName", Value::String(name)) => {
                        let differs = name != self.user.user_principal_name;
                        self.own.named_after = differs.then_some(name);
                    }
                    (name, value) => drop(self.user.properties.insert(name.to_owned(), value)),
                }
            }
            FlowType::AttributeAddOnly | FlowType::MultiValueAddOnly
                if !always_there.contains(&name) =>
            {
                self.own.if_absent.insert(name.to_owned(), value);
            }
            FlowType::ObjectAddOnly | FlowType::AttributeAddOnly | FlowType::MultiValueAddOnly => {
                self.own.on_creation.insert(name.to_owned(), value);
            }
        }
        Ok(())
    }

    /// The attribute is the home's, and has no value.
    fn clear(&mut self, name: &str) -> Result<(), Unmapped> {
        match name {
            "displayName" | "userPrincipalName" => Err(unmapped(name, "there is no value.")),
            // They have a value as long as there is a user.
            "accountEnabled" | "showInAddressList" | "userType" => Ok(()),
            _ => {
                self.own.flows.insert(name.to_owned());
                Ok(())
            }
        }
    }

    /// The value in the form that the property has; none clears it.
    fn value(&self, flow: &Flow) -> Result<Option<Value>, Unmapped> {
        let name = flow.property;
        let Some(first) = flow.values.first() else {
            return Ok(None);
        };
        Ok(Some(match name {
            "accountEnabled" | "showInAddressList" => {
                match first.trim().to_ascii_lowercase().as_str() {
                    "true" | "1" => true.into(),
                    "false" | "0" => false.into(),
                    _ => return Err(unmapped(name, "the value is neither True nor False.")),
                }
            }
            "userType" => match first.trim().to_ascii_lowercase().as_str() {
                "member" => "Member".into(),
                "guest" => "Guest".into(),
                _ => return Err(unmapped(name, "the value is neither Member nor Guest.")),
            },
            "userPrincipalName" => {
                self.check_name(first)?;
                first.as_str().into()
            }
            // A list at home and here, though a schema may speak of one value.
            "businessPhones" => json!(flow.values),
            _ => first.as_str().into(),
        }))
    }

    /// The target makes its name from this one, so it has to be one that the home may give.
    fn check_name(&self, name: &str) -> Result<(), Unmapped> {
        let domain = |name: &str| {
            let domain = name.rsplit_once('@').map(|(_, domain)| domain);
            domain.unwrap_or_default().to_lowercase()
        };
        if Upn::parse(name).is_err() || domain(name) != domain(&self.user.user_principal_name) {
            return Err(unmapped(
                "userPrincipalName",
                "the value has to be a name in the domain of the user's own.",
            ));
        }
        Ok(())
    }

    fn finish(mut self, properties: &Map<String, Value>, is_new: bool) -> User {
        let maps_mail = self.own.flows.contains("mail") || self.own.if_absent.contains_key("mail");
        if is_new && !maps_mail && !self.own.on_creation.contains_key("mail") {
            // By itself, an invitation gives a new user the mail that it goes to.
            let mail = properties.get("mail").filter(|mail| mail.is_string());
            let begins = mail.map(|mail| ("mail".to_owned(), mail.clone()));
            self.own.on_creation.extend(begins);
        }
        self.user.own = Some(Box::new(self.own));
        self.user
    }
}

/// What a target makes of it: of names that it knows.
pub(crate) fn received(own: Own) -> OwnMapping {
    let known = |mut values: Map<String, Value>| {
        values.retain(|name, _| can_be_mapped(name));
        values
    };
    let mut flows = own.flows;
    flows.retain(|name| can_be_mapped(name));
    OwnMapping {
        flows,
        on_creation: known(own.on_creation),
        if_absent: known(own.if_absent),
        named_after: own.named_after,
    }
}
