//! `/users/{id}/sponsors`: who answers for a user.

use directory::groups::{Link, LinkKind};
use directory::users::{self, User};
use store::ReadTx;
use types::Error;

use crate::directory_objects::{self, COUNTED, Part, RELATED, Related};
use crate::errors::Refusal;
use crate::expand::Relation;
use crate::references::Reference;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::Area;

const READ: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "User.Read.All",
    "User.ReadWrite.All",
];
const WRITE: &[&str] = &["Directory.ReadWrite.All", "User.ReadWrite.All"];

/// What can be expanded.
pub(super) const EXPANDED: Relation<User> = Relation::many("sponsors", |tx, user, limit| {
    users::sponsors(tx, user.id, None, limit)
});

pub(super) fn routes(area: &mut Area<'_>) {
    area.get(
        "/users/{id}/sponsors",
        READ,
        "List who answers for a user",
        |call| async move {
            let sponsors = Sponsors(call.key("id").to_owned());
            directory_objects::list(&call, "users/sponsors", None, sponsors).await
        },
    )
    .query(RELATED);
    area.get(
        "/users/{id}/sponsors/$count",
        READ,
        "Count who answers for a user",
        |call| async move {
            let sponsors = Sponsors(call.key("id").to_owned());
            directory_objects::count(&call, None, sponsors).await
        },
    )
    .query(COUNTED);
    area.post(
        "/users/{id}/sponsors/$ref",
        WRITE,
        "Let a user or a group answer for a user",
        add,
    );
    area.delete(
        "/users/{id}/sponsors/{sponsorId}/$ref",
        WRITE,
        "Take a sponsor of a user away",
        remove,
    );
}

/// The sponsors of a user who is named by id or name.
struct Sponsors(String);

impl Related for Sponsors {
    fn part(&self, tx: &ReadTx<'_>, part: Part) -> types::Result<Vec<Link>> {
        let user = users::find(tx, &self.0)?;
        users::sponsors(tx, user.id, part.after, part.limit)
    }
    fn count(&self, tx: &ReadTx<'_>) -> types::Result<u64> {
        users::count_sponsors(tx, users::find(tx, &self.0)?.id)
    }
}

async fn add(call: Call) -> Result<Reply, Refusal> {
    let sponsor = Reference::of_body(&call)?;
    let key = call.key("id").to_owned();
    call.write(move |tx| {
        let user = users::find(tx, &key)?;
        let sponsor = sponsor.resolve(tx)?;
        users::add_sponsor(tx, user.id, sponsor)
    })
    .await?;
    Ok(Reply::no_content())
}

async fn remove(call: Call) -> Result<Reply, Refusal> {
    let (key, text) = (call.key("id").to_owned(), call.key("sponsorId").to_owned());
    call.write(move |tx| {
        let user = users::find(tx, &key)?;
        let kind = LinkKind::User.type_name();
        let sponsor = types::parse_uuid(&text).ok_or_else(|| Error::not_found(kind, &text))?;
        users::remove_sponsor(tx, user.id, sponsor)
    })
    .await?;
    Ok(Reply::no_content())
}
