//! The rules applied to one batch: who is let in, and as what.

use directory::synced::{self, EXTRA, SyncedUser};
use serde_json::{Value, json};
use store::Tx;
use types::{Result, TenantId, fold};

use super::rules::{Rules, in_force};
use super::users::{self, UserState};

/// Characters of a display name.
const DISPLAY_NAME_CHARACTERS_MAX: usize = 256;
/// The code of users whose mail is of another domain.
const MAIL_DOMAIN: &str = "AdmissionMailDomain";
/// The code of users beyond the most that may come.
const MAX_USERS: &str = "AdmissionMaxUsers";

/// What the rules say of one user.
pub(crate) enum Verdict {
    /// Let in, as the user has become.
    Passes,
    /// Not let in.
    Stopped { code: &'static str, message: String },
}

/// How many are here and how many wait, as the batch goes on.
struct Counts {
    here: u64,
    held: u64,
    decided: u64,
}

/// Looks at the users of a batch from `source` in their order, and makes of each what the rules want.
/// `None` if there are no rules.
pub(crate) fn admit<'u>(
    tx: &mut Tx<'_>,
    source: TenantId,
    users: impl Iterator<Item = Option<&'u mut SyncedUser>>,
) -> Result<Option<Vec<Verdict>>> {
    let rules = in_force(tx, source)?;
    let (held, decided) = users::held_and_decided(tx, source)?;
    if rules.is_open() && held + decided == 0 {
        return Ok(None);
    }
    let mut counts = Counts {
        here: match rules.max_users {
            Some(_) => synced::count(tx, source)?,
            None => 0,
        },
        held,
        decided,
    };
    let mut verdicts = Vec::new();
    for user in users {
        verdicts.push(match user {
            Some(user) => one(tx, &rules, &mut counts, user)?,
            None => Verdict::Passes,
        });
    }
    Ok(Some(verdicts))
}

fn one(
    tx: &mut Tx<'_>,
    rules: &Rules,
    counts: &mut Counts,
    user: &mut SyncedUser,
) -> Result<Verdict> {
    let source = user.home_tenant;
    let tenant = tx.tenant();
    let here = synced::find(tx, source, user.home_id)?;
    let is_here = here.as_ref().is_some_and(|here| !here.deleted);
    let known = users::find(tx, source, user.home_id)?;
    if known
        .as_ref()
        .is_some_and(|it| it.state == UserState::Refused)
    {
        if is_here {
            synced::remove(tx, source, user.home_id, false)?;
        }
        return Ok(Verdict::Stopped {
            code: "AdmissionRefused",
            message: format!("An administrator of tenant {tenant} has refused this user."),
        });
    }
    if let Some(domains) = rules
        .allowed_mail_domains
        .as_ref()
        .filter(|it| !it.is_empty())
    {
        let address = user
            .home_mail
            .as_deref()
            .unwrap_or(&user.user_principal_name);
        let domain = fold(address.rsplit_once('@').map_or("", |(_, domain)| domain));
        if !domains.contains(&domain) {
            if is_here {
                synced::remove(tx, source, user.home_id, false)?;
                counts.here = counts.here.saturating_sub(1);
            }
            let message = format!(
                "Tenant {tenant} doesn't admit users with mail of the domain '{domain}' \
                 (allowedMailDomains)."
            );
            users::stop(
                tx,
                user,
                known.as_ref(),
                UserState::TurnedAway,
                Some((MAIL_DOMAIN, &message)),
            )?;
            return Ok(Verdict::Stopped {
                code: MAIL_DOMAIN,
                message,
            });
        }
    }
    if !is_here {
        if let Some(max) = rules.max_users.filter(|max| counts.here >= *max) {
            let message =
                format!("Tenant {tenant} admits at most {max} users of this tenant (maxUsers).");
            if known
                .as_ref()
                .is_none_or(|it| it.state == UserState::TurnedAway)
            {
                users::stop(
                    tx,
                    user,
                    known.as_ref(),
                    UserState::TurnedAway,
                    Some((MAX_USERS, &message)),
                )?;
            }
            return Ok(Verdict::Stopped {
                code: MAX_USERS,
                message,
            });
        }
        let hold = rules.hold_first.unwrap_or(0);
        let state = known.as_ref().map(|known| known.state);
        let is_held = state == Some(UserState::Held);
        if here.is_none() && state != Some(UserState::Released) && hold > 0 {
            if is_held || (counts.decided < hold && counts.held + counts.decided < hold) {
                counts.held += u64::from(!is_held);
                users::stop(tx, user, known.as_ref(), UserState::Held, None)?;
                return Ok(Verdict::Stopped {
                    code: "AdmissionHeld",
                    message: format!(
                        "Tenant {tenant} holds this user until one of its administrators has decided (holdFirst)."
                    ),
                });
            }
            if counts.decided < hold {
                return Ok(Verdict::Stopped {
                    code: "AdmissionHeld",
                    message: format!(
                        "Tenant {tenant} admits this user once its administrators have decided about the first {hold} (holdFirst)."
                    ),
                });
            }
        }
        counts.here += 1;
    }
    // What the admin has decided stays known; the rest is over.
    if known.is_some_and(|it| matches!(it.state, UserState::TurnedAway | UserState::Held)) {
        users::pass(tx, source, user.home_id)?;
    }
    shape(rules, user);
    Ok(Verdict::Passes)
}

/// Makes of a user what the rules want.
fn shape(rules: &Rules, user: &mut SyncedUser) {
    for name in rules.deny.iter().flatten() {
        user.deny(name);
    }
    for (name, value) in rules.r#override.iter().flatten() {
        let values = if EXTRA.contains(&name.as_str()) {
            &mut user.extra
        } else {
            &mut user.properties
        };
        values.insert(name.clone(), value.clone());
    }
    let suffix = rules.display_name_suffix.as_deref().unwrap_or_default();
    if !suffix.is_empty() {
        let own = user.mapping.as_deref_mut();
        let begins = own.map(|own| &mut own.on_creation);
        for values in [&mut user.properties].into_iter().chain(begins) {
            if let Some(name) = values.get("displayName").and_then(Value::as_str) {
                let room = DISPLAY_NAME_CHARACTERS_MAX.saturating_sub(suffix.chars().count());
                let name: String = name.chars().take(room).collect();
                values.insert("displayName".into(), json!(format!("{name}{suffix}")));
            }
        }
    }
    user.guest_at_most = rules.guests_only == Some(true);
}
