//! The applications that somebody may open in a tenant: those that say where they begin, and need no
//! assignment or have the person's.

use directory::listing::Page;
use directory::users::User;
use directory::{app_roles, delegation, service_principals};
use store::ReadTx;
use types::Result;

use super::view::OwnApp;

/// Applications that are looked at.
const LOOKED_AT_MAX: usize = 500;
/// Applications that are shown of a tenant.
pub(super) const SHOWN_MAX: usize = 100;

pub(super) fn open_to(tx: &ReadTx<'_>, user: &User) -> Result<Vec<OwnApp>> {
    let mut apps = Vec::new();
    for client in service_principals::list(tx, &Page::first(LOOKED_AT_MAX))? {
        let Some(href) = delegation::start_page(tx, &client)? else {
            continue;
        };
        let may_enter = !delegation::requires_assignment(&client)
            || app_roles::user_roles_on(tx, user.id, &client)?.is_some();
        if may_enter {
            let name = client.display_name().to_owned();
            apps.push(OwnApp { name, href });
        }
    }
    apps.sort_by_key(|app| app.name.to_lowercase());
    apps.truncate(SHOWN_MAX);
    Ok(apps)
}
