//! Undoing: the users come back as they were, then the settings and the sharing.

use directory::users;
use store::Tx;
use sync::sharing;
use types::{Error, Result};
use uuid::Uuid;

use crate::model::{Departure, Stage, Treatment};
use crate::run::{Progress, audited, user_type};
use crate::{AT_ONCE, messages, records};

/// Begins to undo a departure; [`crate::advance`] carries it on. `deleted_days` is how long deleted
/// users can be restored.
pub fn undo(tx: &mut Tx<'_>, id: Uuid, deleted_days: u64) -> Result<()> {
    let mut departure = records::own(tx, id)?;
    match departure.undoable_until(deleted_days) {
        Some(until) if tx.now() < until => {}
        Some(until) => {
            return Err(Error::conflict(format!(
                "The departure could be undone until {until}; its users are being deleted for good."
            )));
        }
        None => {
            return Err(Error::conflict(format!(
                "The departure is {}: only one that is done can be undone.",
                departure.stage.as_str()
            )));
        }
    }
    if !records::running(tx)?.is_empty() {
        return Err(Error::conflict(
            "Another departure is under way. Wait until it is over.",
        ));
    }
    departure.stage = Stage::Undoing;
    records::save(tx, &departure)?;
    audited(tx, "Begin to undo a departure", &departure)
}

/// The sharing that was taken back is there again.
pub(crate) fn share_again(tx: &mut Tx<'_>, departure: &Departure) -> Result<()> {
    if departure.users_from_them != Treatment::SoftDelete {
        return Ok(());
    }
    for side in &departure.sides {
        match &side.sharing {
            Some(entry) => sharing::put_back(tx, side.tenant_id, entry)?,
            None if sharing::get(tx, Some(side.tenant_id))?.is_some() => {
                sharing::delete(tx, side.tenant_id)?;
            }
            None => {}
        }
    }
    Ok(())
}

pub(crate) fn advance(tx: &mut Tx<'_>, departure: &mut Departure) -> Result<Progress> {
    let noted = records::noted(tx, departure.id, AT_ONCE)?;
    for id in &noted {
        let treatment = departure.users_from_them;
        let mut home = None;
        let back = tx.attempt(|tx| {
            if treatment == Treatment::Guest {
                home = users::get(tx, *id)?.home;
                return users::update_kept(tx, *id, &user_type("Member")).map(drop);
            }
            home = users::get_deleted(tx, *id)?.home;
            users::restore_without_mail(tx, *id).map(drop)
        });
        let is_back = match back {
            Ok(()) => true,
            Err(error) if error.is_transient() => return Err(error),
            Err(_) => false,
        };
        let side = departure
            .sides
            .iter_mut()
            .find(|side| home.is_some_and(|(home, _)| home == side.tenant_id));
        if let Some(side) = side {
            side.restored += u64::from(is_back);
            side.lost += u64::from(!is_back);
        }
        records::forget(tx, departure.id, *id)?;
    }
    if noted.len() == AT_ONCE {
        return Ok(Progress::Again);
    }
    if departure.tenant != departure.by {
        for side in &departure.sides {
            let (tenant, label) = (side.tenant_id, side.label.clone());
            let role = organization::Role::Member;
            let added = tx.attempt(|tx| organization::add(tx, tenant, &label, role));
            match added {
                Err(error) if error.is_transient() => return Err(error),
                // It has been added meanwhile, or this tenant isn't an owner any more.
                Err(error) => departure.reason = Some(error.to_string()),
                Ok(_) => {}
            }
        }
    }
    for side in &departure.sides {
        if let Some(opened) = side.opened {
            access::reopen(tx, side.tenant_id, opened)?;
        }
    }
    share_again(tx, departure)?;
    departure.stage = Stage::Undone;
    messages::tell(tx, departure, messages::END)?;
    audited(tx, "Undo a departure", departure)?;
    Ok(Progress::Again)
}
