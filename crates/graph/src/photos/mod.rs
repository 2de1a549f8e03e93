//! `/photo` and `/photos` of users and groups.
//!
//! What is known of a photo is JSON, `$value` is the image. A photo is sent as JPEG or PNG to
//! `/photo/$value`, or to `/photo`; what is made of it, [`sizes`] says. An object without a photo
//! answers 404 `ImageNotFound`.
//!
//! Source: the `profilePhoto` resource and its operations (Microsoft Graph).

mod sizes;

use directory::groups::LinkKind;
use directory::photos::{self, Owner, Photo, Size};
use directory::{groups, users};
use http::{StatusCode, header};
use serde_json::Value;
use store::ReadTx;

use crate::errors::Refusal;
use crate::images;
use crate::listing::{self, Shown};
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Payload, Routes, Versions};

const READ_OF_USER: &[&str] = &[
    "ProfilePhoto.Read.All",
    "ProfilePhoto.ReadWrite.All",
    "User.Read.All",
    "User.ReadBasic.All",
    "User.ReadWrite.All",
    "User.ReadWrite.CrossCloud",
];
const WRITE_OF_USER: &[&str] = &["ProfilePhoto.ReadWrite.All", "User.ReadWrite.All"];
const READ_OF_GROUP: &[&str] = &[
    "Group.Read.All",
    "Group.ReadWrite.All",
    "ProfilePhoto.Read.All",
    "ProfilePhoto.ReadWrite.All",
];
const WRITE_OF_GROUP: &[&str] = &["Group.ReadWrite.All", "ProfilePhoto.ReadWrite.All"];

/// What a photo's body may be.
const PAYLOAD: Payload = Payload {
    media_types: images::MEDIA_TYPES,
    bytes_max: sizes::PHOTO_BYTES_MAX,
    limit: "limits.photo_bytes",
};

/// The paths of the photos of one kind of object.
struct Paths {
    kind: LinkKind,
    read: &'static [&'static str],
    write: &'static [&'static str],
    photo: &'static str,
    value: &'static str,
    all: &'static str,
    size: &'static str,
    size_value: &'static str,
}

const PATHS: [Paths; 2] = [
    Paths {
        kind: LinkKind::User,
        read: READ_OF_USER,
        write: WRITE_OF_USER,
        photo: "/users/{id}/photo",
        value: "/users/{id}/photo/$value",
        all: "/users/{id}/photos",
        size: "/users/{id}/photos/{size}",
        size_value: "/users/{id}/photos/{size}/$value",
    },
    Paths {
        kind: LinkKind::Group,
        read: READ_OF_GROUP,
        write: WRITE_OF_GROUP,
        photo: "/groups/{id}/photo",
        value: "/groups/{id}/photo/$value",
        all: "/groups/{id}/photos",
        size: "/groups/{id}/photos/{size}",
        size_value: "/groups/{id}/photos/{size}/$value",
    },
];

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("photos", Versions::Both);
    for Paths {
        kind,
        read,
        write,
        photo,
        value,
        all,
        size,
        size_value,
    } in PATHS
    {
        for path in [photo, size] {
            area.get(path, read, "Get what is known of a photo", move |call| {
                get(call, kind)
            })
            .query(Allowed::SELECT);
        }
        for path in [value, size_value] {
            area.get(path, read, "Get a photo", move |call| get_value(call, kind));
        }
        area.get(all, read, "List the sizes of a photo", move |call| {
            list(call, kind)
        })
        .query(Allowed::SELECT);
        for path in [photo, value] {
            area.put(path, write, "Set a photo", move |call| set(call, kind))
                .payload(PAYLOAD);
            area.patch(path, write, "Set a photo", move |call| set(call, kind))
                .payload(PAYLOAD);
            area.delete(path, write, "Delete a photo", move |call| {
                delete(call, kind)
            });
        }
    }
}

/// Whose photo a path names.
struct Key {
    kind: LinkKind,
    text: String,
}

impl Key {
    fn of(call: &Call, kind: LinkKind) -> Result<Self, Refusal> {
        if kind == LinkKind::Group {
            // What isn't a GUID names no group.
            call.id::<types::kind::Group>("id")?;
        }
        let text = call.key("id").to_owned();
        Ok(Self { kind, text })
    }

    fn owner(&self, tx: &ReadTx<'_>) -> types::Result<Owner> {
        let id = match (self.kind, types::parse_uuid(&self.text)) {
            (LinkKind::Group, Some(id)) => groups::get(tx, types::Id::new(id))?.id.uuid(),
            _ => users::find(tx, &self.text)?.id.uuid(),
        };
        Ok(Owner {
            id,
            kind: self.kind,
        })
    }
}

fn not_found() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "ImageNotFound",
        "The photo wasn't found.",
    )
}

/// The size that a path names; what isn't a size is no photo's.
fn size(call: &Call) -> Result<Size, Refusal> {
    match call.find_key("size") {
        None => Ok(Size::Largest),
        Some(text) => Size::parse(text).ok_or_else(not_found),
    }
}

fn etag(photo: &Photo) -> String {
    let digits = photo.digest.iter().map(|byte| format!("{byte:02X}"));
    format!("\"{}\"", digits.collect::<String>())
}

fn show(photo: &Photo, select: Option<&[String]>) -> types::Result<Shown> {
    let annotations = [
        (
            "@odata.mediaContentType".to_owned(),
            Value::from(photo.content_type.as_str()),
        ),
        ("@odata.mediaEtag".to_owned(), etag(photo).into()),
    ];
    let known = photos::project(photo, select)?;
    Ok(annotations.into_iter().chain(known).collect())
}

/// The context's part that says whose photo it is.
fn context(owner: Owner, relation: &str) -> String {
    let set = match owner.kind {
        LinkKind::Group => "groups",
        _ => "users",
    };
    format!("{set}('{}')/{relation}", owner.id)
}

async fn get(call: Call, kind: LinkKind) -> Result<Reply, Refusal> {
    let (select, key, size) = (listing::select(&call)?, Key::of(&call, kind)?, size(&call)?);
    let relation = match size {
        Size::Largest => "photo",
        Size::Of(..) => "photos",
    };
    let (owner, found) = call
        .read(move |tx| {
            let owner = key.owner(tx)?;
            Ok((owner, photos::get(tx, owner, size)?))
        })
        .await?;
    let found = found.ok_or_else(not_found)?;
    let shown = show(&found.photo, select.as_deref())?;
    Reply::entity(&call, &context(owner, relation), &shown)
}

async fn get_value(call: Call, kind: LinkKind) -> Result<Reply, Refusal> {
    let (key, size) = (Key::of(&call, kind)?, size(&call)?);
    let found = call
        .read(move |tx| photos::get(tx, key.owner(tx)?, size))
        .await?
        .ok_or_else(not_found)?;
    let etag = etag(&found.photo);
    let content_type = images::kept_type(&found.photo.content_type);
    Ok(Reply::bytes(content_type, found.content).with_header(header::ETAG, &etag))
}

async fn list(call: Call, kind: LinkKind) -> Result<Reply, Refusal> {
    let (select, key) = (listing::select(&call)?, Key::of(&call, kind)?);
    if let Some(select) = &select {
        photos::check_select(select)?;
    }
    let (owner, found) = call
        .read(move |tx| {
            let owner = key.owner(tx)?;
            Ok((owner, photos::list(tx, owner)?))
        })
        .await?;
    let items = found
        .iter()
        .map(|photo| show(photo, select.as_deref()))
        .collect::<types::Result<Vec<_>>>()?;
    Reply::collection(&call, &context(owner, "photos"), &Page::all(items))
}

async fn set(call: Call, kind: LinkKind) -> Result<Reply, Refusal> {
    let key = Key::of(&call, kind)?;
    // Before anything is made of the image.
    let owner = call.read(move |tx| key.owner(tx)).await?;
    let made = sizes::of(&call).await?;
    call.write(move |tx| photos::set(tx, owner, &made)).await?;
    Ok(Reply::no_content().with_status(StatusCode::OK))
}

async fn delete(call: Call, kind: LinkKind) -> Result<Reply, Refusal> {
    let key = Key::of(&call, kind)?;
    let had_one = call
        .write(move |tx| {
            let owner = key.owner(tx)?;
            photos::delete(tx, owner)
        })
        .await?;
    if had_one {
        Ok(Reply::no_content())
    } else {
        Err(not_found())
    }
}
