//! `/users`: making, reading, listing, changing and deleting.
//!
//! A user is named by its object id or its principal name; `/me` is the one who is signed in.

mod body;
mod related;
mod sessions;
mod sponsors;

use audit::sign_ins::activity;
use directory::groups::LinkKind;
use directory::users::{self, User};
use store::ReadTx;

use crate::errors::Refusal;
use crate::expand::Expand;
use crate::listing::{self, Shown, Sorting, Source};
use crate::query_options::Allowed;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Routes, Versions};
use crate::sight::{Sight, Sights};

use body::Body;

const READ: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "User.Read.All",
    "User.ReadBasic.All",
    "User.ReadWrite.All",
    "User.ReadWrite.CrossCloud",
];
const CREATE: &[&str] = &["Directory.ReadWrite.All", "User.ReadWrite.All"];
const UPDATE: &[&str] = &[
    "Directory.ReadWrite.All",
    "User-Mail.ReadWrite.All",
    "User-PasswordProfile.ReadWrite.All",
    "User-Phone.ReadWrite.All",
    "User.EnableDisableAccount.All",
    "User.ManageIdentities.All",
    "User.ReadWrite.All",
    "User.ReadWrite.CrossCloud",
];
const DELETE: &[&str] = &[
    "User.DeleteRestore.All",
    "User.ReadWrite.All",
    "User.ReadWrite.CrossCloud",
];

static SOURCE: Source<User> = Source {
    set: "users",
    entity: users::entity,
    list: users::list,
    count: users::count,
    place: users::place,
    project: users::project,
};

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("users", Versions::Both);
    area.get("/users", READ, "List users", list)
        .query(Allowed::LIST.and(Allowed::EXPAND).and(Allowed::SEARCH));
    area.get("/users/$count", READ, "Count users", count)
        .query(Allowed::FILTER.and(Allowed::SEARCH));
    area.post("/users", CREATE, "Create a user", create);
    // `$count` says nothing of one user; Graph's example for `$levels` has it.
    area.get("/users/{id}", READ, "Get a user", get)
        .query(Allowed::SELECT.and(Allowed::EXPAND).and(Allowed::COUNT));
    area.patch("/users/{id}", UPDATE, "Update a user", update);
    area.delete(
        "/users/{id}",
        DELETE,
        "Delete a user, for 30 days restorably",
        delete,
    );
    related::routes(&mut area);
    sponsors::routes(&mut area);
    sessions::routes(&mut area);
}

/// What tells when a user has signed in last: not part of a user unless it is asked for by name, and
/// part of the log of sign-ins, which it needs a permission for.
const ACTIVITY: &str = "signInActivity";

fn is_activity(name: &str) -> bool {
    name.eq_ignore_ascii_case(ACTIVITY)
}

/// That the caller may read the log.
fn check_activity(call: &Call) -> Result<(), Refusal> {
    let caller = &call.caller;
    if caller.may("AuditLog.Read.All") && caller.has_right("signInReports/allProperties/read") {
        return Ok(());
    }
    Err(Refusal::denied_because(
        "'signInActivity' needs the permission AuditLog.Read.All",
    ))
}

/// How a request looks at users.
struct Look {
    sight: Sight,
    expand: Option<Expand<User>>,
    with_activity: bool,
}

impl Look {
    fn of(call: &Call) -> Result<Self, Refusal> {
        let selected = listing::select(call)?;
        let with_activity = selected.is_some_and(|names| names.iter().any(|it| is_activity(it)));
        if with_activity {
            check_activity(call)?;
        }
        Ok(Self {
            sight: if call.is_about_caller() {
                Sight::Whole
            } else {
                Sights::of(&call.caller).users
            },
            expand: Expand::of(call, &related::EXPANDED, LinkKind::User)?,
            with_activity,
        })
    }

    /// Whether it shows users as the directory does.
    fn is_plain(&self) -> bool {
        self.expand.is_none() && self.sight == Sight::Whole && !self.with_activity
    }

    fn show(
        &self,
        tx: &ReadTx<'_>,
        user: &User,
        select: Option<&[String]>,
    ) -> types::Result<Shown> {
        let mut shown = users::project(user, select)?;
        self.sight.narrow(&mut shown);
        if self.with_activity && self.sight == Sight::Whole {
            match activity::of(tx, user.id.uuid())? {
                Some(last) => shown.insert(ACTIVITY.to_owned(), last),
                // Of who has never signed in it is left out, as in Graph.
                None => shown.remove(ACTIVITY),
            };
        }
        if let Some(expand) = &self.expand {
            expand.add(tx, user, &mut shown)?;
        }
        Ok(shown)
    }
}

fn check_filter(call: &Call) -> Result<(), Refusal> {
    let Some(filter) = listing::condition(call)? else {
        return Ok(());
    };
    Sights::of(&call.caller).users.check_filter(&filter)?;
    if filter.names(is_activity).is_some() {
        check_activity(call)?;
    }
    Ok(())
}

async fn list(call: Call) -> Result<Reply, Refusal> {
    check_filter(&call)?;
    let look = Look::of(&call)?;
    let show =
        move |tx: &ReadTx<'_>, user: &User, select: Option<&[String]>| look.show(tx, user, select);
    listing::list_shown(&call, &SOURCE, Sorting::Plain, show).await
}

async fn count(call: Call) -> Result<Reply, Refusal> {
    check_filter(&call)?;
    listing::count(&call, &SOURCE).await
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let body = Body::read(&call)?;
    let new = body.into_new(&call).await?;
    let (id, shown) = call
        .write_repeatable(move |tx| {
            let user = new.create(tx)?;
            Ok((user.id, users::project(&user, None)?))
        })
        .await?;
    Reply::created(&call, "users", &shown, &format!("/users/{id}"))
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let (look, select) = (Look::of(&call)?, listing::select(&call)?);
    let key = call.key("id").to_owned();
    if look.is_plain() {
        let show = move |tx: &ReadTx<'_>| users::show(tx, &key, select.as_deref());
        return Reply::entity_text(&call, "users", &call.read_few(show).await?);
    }
    let is_alone = look.expand.is_none();
    let show = move |tx: &ReadTx<'_>| look.show(tx, &users::find(tx, &key)?, select.as_deref());
    let user = if is_alone {
        call.read_few(show).await?
    } else {
        call.read(show).await?
    };
    Reply::entity(&call, "users", &user)
}

async fn update(call: Call) -> Result<Reply, Refusal> {
    let body = Body::read(&call)?;
    let reach = body::Reach::of(&call, &body)?;
    let change = body.into_change(&call).await?;
    let key = call.key("id").to_owned();
    call.write_repeatable(move |tx| {
        let user = users::find(tx, &key)?;
        reach.check_user(tx, &user)?;
        change.apply(tx, user)
    })
    .await?;
    Ok(Reply::no_content())
}

async fn delete(call: Call) -> Result<Reply, Refusal> {
    let key = call.key("id").to_owned();
    let reach = body::Reach::for_deletion(&call);
    call.write_repeatable(move |tx| {
        let user = users::find(tx, &key)?;
        reach.check_user(tx, &user)?;
        users::delete(tx, user.id)?;
        sync::look_again(tx, &user)
    })
    .await?;
    Ok(Reply::no_content())
}
