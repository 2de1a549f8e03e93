//! Carrying a departure out, step by step; each call of [`advance`] is one transaction.

use directory::synced;
use directory::users;
use serde_json::{Map, Value, json};
use store::{ReadTx, Tx};
use sync::outlook::{is_withdrawn, outlooks};
use sync::sharing::{self, Sharing};
use types::{Error, Result, TenantId};
use uuid::Uuid;

use crate::model::{Departure, Side, Stage, Treatment};
use crate::{AT_ONCE, NAMES_MAX, WITHDRAW_SECONDS_MAX, messages, records, undo};

/// Whether there is more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// At once.
    Again,
    /// Once others have done their part.
    Wait,
    /// Nothing.
    Over,
}

/// A departure as it would begin: checked, with its counts.
fn plan(tx: &mut Tx<'_>, tenant: TenantId, users_from_them: Treatment) -> Result<Departure> {
    let own = tx.tenant();
    let members = organization::members(tx)?;
    if !members.iter().any(|member| member.tenant_id == own) {
        return Err(Error::not_found("multiTenantOrganization", own));
    }
    if !members.iter().any(|member| member.tenant_id == tenant) {
        return Err(Error::not_found("multiTenantOrganizationMember", tenant));
    }
    // What the organization would say, without doing it.
    let mut allowed = Ok(());
    let undone: Result<()> = tx.attempt(|tx| {
        allowed = organization::remove(tx, tenant);
        Err(Error::conflict("nothing is done yet"))
    });
    drop(undone);
    allowed?;
    let others: Vec<TenantId> = if tenant == own {
        organization::active_members(tx)?
    } else if organization::is_active_with(tx, tenant)? {
        vec![tenant]
    } else {
        Vec::new()
    };
    let counts = outlooks(tx, &others)?;
    let mut sides = Vec::new();
    for (other, (_, counts)) in others.iter().zip(counts) {
        let member = members.iter().find(|member| member.tenant_id == *other);
        sides.push(Side {
            tenant_id: *other,
            here: synced::standing(tx, *other)?,
            treated: 0,
            restored: 0,
            lost: 0,
            there: counts.map_or(0, |counts| counts.synced),
            withdrawn: 0,
            label: member.map_or_else(String::new, |member| member.display_name.clone()),
            sharing: sharing::get(tx, Some(*other))?,
            opened: None,
        });
    }
    Ok(Departure {
        id: tx.new_uuid(),
        by: own,
        tenant,
        users_from_them,
        stage: Stage::Withdrawing,
        reason: None,
        started_at: tx.now(),
        completed_at: None,
        sides,
        asked: false,
        at: 0,
        after: None,
    })
}

/// The first people from a tenant who are here.
fn names_here(tx: &ReadTx<'_>, source: TenantId) -> Result<Vec<Value>> {
    let listed = synced::list(tx, source, None, NAMES_MAX)?;
    let alive = listed.iter().filter(|user| user.deleted_at.is_none());
    Ok(alive.map(named).collect())
}

/// The first people from here whom a tenant has.
fn names_there(tx: &ReadTx<'_>, target: TenantId) -> Result<Vec<Value>> {
    let there = sync::status::people_there(tx, target, NAMES_MAX)?;
    let mut names = Vec::new();
    for id in there {
        // Somebody who was deleted at home may be there for a moment.
        if users::exists(tx, id)? {
            names.push(named(&users::get(tx, id)?));
        }
    }
    Ok(names)
}

fn named(user: &users::User) -> Value {
    json!({
        "id": user.id,
        "displayName": user.display_name(),
        "userPrincipalName": user.user_principal_name(),
    })
}

/// What a departure would do, with counts and names, in the API's form; nothing is done.
pub fn preview(tx: &mut Tx<'_>, tenant: TenantId, users_from_them: Treatment) -> Result<Value> {
    let departure = plan(tx, tenant, users_from_them)?;
    let mut shown = departure.to_json(0);
    shown["id"] = Value::Null;
    shown["dryRun"] = true.into();
    shown["state"] = "preview".into();
    shown["startedDateTime"] = Value::Null;
    for (at, side) in departure.sides.iter().enumerate() {
        shown["tenants"][at]["usersFromThem"]["users"] = names_here(tx, side.tenant_id)?.into();
        shown["tenants"][at]["usersOfOurs"]["users"] = names_there(tx, side.tenant_id)?.into();
        shown["tenants"][at]["theySee"] = departure.report(side).to_json()["tenants"][0].clone();
    }
    Ok(shown)
}

/// Begins a departure; [`advance`] carries it on.
pub fn start(tx: &mut Tx<'_>, tenant: TenantId, users_from_them: Treatment) -> Result<Uuid> {
    if !records::running(tx)?.is_empty() {
        return Err(Error::conflict(
            "Another departure is under way. Wait until it is over.",
        ));
    }
    let departure = plan(tx, tenant, users_from_them)?;
    if users_from_them == Treatment::SoftDelete {
        for side in &departure.sides {
            sharing::put(tx, Some(side.tenant_id), &Sharing::nobody())?;
            // It is on purpose.
            sync::guard::confirm(tx, side.tenant_id)?;
        }
    }
    records::save(tx, &departure)?;
    messages::tell(tx, &departure, messages::BEGIN)?;
    audited(tx, "Begin a departure", &departure)?;
    Ok(departure.id)
}

pub(crate) fn audited(tx: &mut Tx<'_>, activity: &str, departure: &Departure) -> Result<()> {
    let target = audit::Target::new(departure.tenant, "", "Tenant");
    let category = "MultiTenantOrg";
    let entry = match &departure.reason {
        Some(reason) => audit::Entry::failure(category, activity, reason.clone()),
        None => audit::Entry::success(category, activity),
    };
    let entry = entry.detail("departureId", departure.id.to_string());
    audit::record(tx, entry.target(target)).map(drop)
}

/// Goes on with a departure by one step.
pub fn advance(tx: &mut Tx<'_>, id: Uuid) -> Result<Progress> {
    let mut departure = records::own(tx, id)?;
    let progress = match departure.stage {
        Stage::Withdrawing => withdraw(tx, &mut departure)?,
        Stage::Leaving => leave(tx, &mut departure)?,
        Stage::Treating => treat(tx, &mut departure)?,
        Stage::Undoing => undo::advance(tx, &mut departure)?,
        Stage::Done | Stage::Failed | Stage::Undone => return Ok(Progress::Over),
    };
    if progress != Progress::Wait {
        records::save(tx, &departure)?;
    }
    Ok(progress)
}

fn withdraw(tx: &mut Tx<'_>, departure: &mut Departure) -> Result<Progress> {
    if departure.users_from_them == Treatment::SoftDelete {
        let over = departure.started_at.plus_seconds(WITHDRAW_SECONDS_MAX) <= tx.now();
        for side in &departure.sides {
            let together = organization::is_active_with(tx, side.tenant_id)?;
            if !over && together && is_withdrawn(tx, side.tenant_id)?.is_none() {
                return Ok(Progress::Wait);
            }
        }
        let others: Vec<TenantId> = departure.sides.iter().map(|it| it.tenant_id).collect();
        let left = outlooks(tx, &others)?;
        for (side, (_, counts)) in departure.sides.iter_mut().zip(left) {
            let left = counts.map_or(0, |counts| counts.synced + counts.failed);
            side.withdrawn = side.there.saturating_sub(left);
        }
    }
    departure.stage = Stage::Leaving;
    Ok(Progress::Again)
}

fn leave(tx: &mut Tx<'_>, departure: &mut Departure) -> Result<Progress> {
    let tenant = departure.tenant;
    let mut together = organization::members(tx)?
        .iter()
        .any(|member| member.tenant_id == tenant);
    if together && !departure.asked {
        departure.asked = true;
        return match tx.attempt(|tx| organization::remove(tx, tenant)) {
            Ok(()) => Ok(Progress::Again),
            Err(error) if error.is_transient() => Err(error),
            Err(error) => fail(tx, departure, error.to_string()),
        };
    }
    for side in &departure.sides {
        together |= organization::is_active_with(tx, side.tenant_id)?;
    }
    if together {
        let patience = 2 * WITHDRAW_SECONDS_MAX;
        if departure.started_at.plus_seconds(patience) > tx.now() {
            return Ok(Progress::Wait);
        }
        let reason = "The organization hasn't carried the removal out. Its audit log says why.";
        return fail(tx, departure, reason.into());
    }
    if departure.users_from_them != Treatment::Keep {
        for side in &mut departure.sides {
            side.opened = access::close(tx, side.tenant_id)?;
        }
    }
    departure.stage = Stage::Treating;
    Ok(Progress::Again)
}

/// It ends here; what was taken back is shared again.
fn fail(tx: &mut Tx<'_>, departure: &mut Departure, reason: String) -> Result<Progress> {
    departure.stage = Stage::Failed;
    departure.reason = Some(reason);
    undo::share_again(tx, departure)?;
    messages::tell(tx, departure, messages::END)?;
    audited(tx, "Complete a departure", departure)?;
    Ok(Progress::Again)
}

pub(crate) fn user_type(to: &str) -> Map<String, Value> {
    let mut patch = Map::new();
    patch.insert("userType".into(), to.into());
    patch
}

fn treat(tx: &mut Tx<'_>, departure: &mut Departure) -> Result<Progress> {
    let treatment = departure.users_from_them;
    let (id, at) = (departure.id, departure.at);
    let side = departure
        .sides
        .get_mut(at)
        .filter(|_| treatment != Treatment::Keep);
    let Some(side) = side else {
        departure.stage = Stage::Done;
        departure.completed_at = Some(tx.now());
        messages::tell(tx, departure, messages::END)?;
        audited(tx, "Complete a departure", departure)?;
        return Ok(Progress::Again);
    };
    let page = synced::list(tx, side.tenant_id, departure.after, AT_ONCE)?;
    let is_last = page.len() < AT_ONCE;
    for user in &page {
        let Some((home, home_id)) = user.home.filter(|_| user.deleted_at.is_none()) else {
            continue;
        };
        let is_treated = match treatment {
            Treatment::SoftDelete => synced::remove(tx, home, home_id, false)?.is_some(),
            _ => users::update_kept(tx, user.id, &user_type("Guest"))?,
        };
        if is_treated {
            records::note(tx, id, user.id)?;
            side.treated += 1;
        }
    }
    departure.after = page.last().and_then(|user| user.home).map(|(_, id)| id);
    if is_last {
        (departure.at, departure.after) = (at + 1, None);
    }
    Ok(Progress::Again)
}
