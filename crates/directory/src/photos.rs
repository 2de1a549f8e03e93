//! Photos of users and groups: one for each object, kept in every size that is handed out.
//!
//! Whoever sets a photo has made the sizes; a size that is asked for and isn't there is answered by
//! the largest smaller one, as in Graph. The bytes go with the object when that is gone for good.
//!
//! Source: the `profilePhoto` resource of Microsoft Graph.

use serde_json::{Map, Value, json};
use store::{Change, Op, ReadTx, Row, Tx, params};
use types::{Error, Id, Result};
use uuid::Uuid;

use crate::groups::{self, LinkKind};
use crate::schema::{Shape, Type, read};
use crate::{audited, users};

/// The sizes that are made of a photo as far as it is large enough, in pixels of each side.
pub const SIZES: [u32; 9] = [48, 64, 96, 120, 240, 360, 432, 504, 648];

const LIST: &str = "SELECT width, height, content_type, digest FROM photos WHERE tenant_id = ?1 \
    AND owner_id = ?2 ORDER BY width, height";
const LARGEST: &str = "SELECT width, height, content_type, digest, content FROM photos \
    WHERE tenant_id = ?1 AND owner_id = ?2 AND width <= ?3 ORDER BY width DESC, height DESC LIMIT 1";
const EXACT: &str = "SELECT width, height, content_type, digest, content FROM photos \
    WHERE tenant_id = ?1 AND owner_id = ?2 AND width = ?3 AND height = ?4";
const COUNT: &str = "SELECT count(*) FROM photos WHERE tenant_id = ?1 AND owner_id = ?2";
const INSERT: &str = "INSERT INTO photos (tenant_id, owner_id, width, height, content_type, digest, \
    content) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const DELETE: &str = "DELETE FROM photos WHERE tenant_id = ?1 AND owner_id = ?2";

static PROFILE_PHOTO: Type = Type {
    name: "profilePhoto",
    properties: &[
        read("id", Shape::Made).shown(),
        read("height", Shape::Integer).shown(),
        read("width", Shape::Integer).shown(),
    ],
};

/// Whose photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The object.
    pub id: Uuid,
    /// A user or a group.
    pub kind: LinkKind,
}

/// What is known of a photo in one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `image/jpeg` or `image/png`.
    pub content_type: String,
    /// SHA-256 of the bytes, or its beginning.
    pub digest: Vec<u8>,
}

/// A photo in one size, with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// What is known of it.
    pub photo: Photo,
    /// The image.
    pub content: Vec<u8>,
}

/// Which size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The largest.
    Largest,
    /// One of exactly this width and height, or the largest below it if that is one of [`SIZES`].
    Of(u32, u32),
}

impl Size {
    /// Reads `240x240`.
    pub fn parse(text: &str) -> Option<Self> {
        let (width, height) = text.split_once(['x', 'X'])?;
        let side = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            text.parse().ok().filter(|_| is_number)
        };
        Some(Self::Of(side(width)?, side(height)?))
    }
}

impl Photo {
    /// Its id: `240x240`.
    pub fn id(&self) -> String {
        format!("{}x{}", self.width, self.height)
    }
}

/// Shows what is known of a photo.
pub fn project(photo: &Photo, select: Option<&[String]>) -> Result<Map<String, Value>> {
    PROFILE_PHOTO.project(select, |name| {
        Some(match name {
            "id" => photo.id().into(),
            "height" => json!(photo.height),
            "width" => json!(photo.width),
            _ => return None,
        })
    })
}

/// Refuses names that aren't properties of photos.
pub fn check_select(select: &[String]) -> Result<()> {
    PROFILE_PHOTO.selected(Some(select)).map(drop)
}

fn side(row: &Row<'_>, column: usize) -> Result<u32> {
    row.int(column)?.try_into().map_err(Error::internal)
}

fn photo(row: &Row<'_>) -> Result<Photo> {
    Ok(Photo {
        width: side(row, 0)?,
        height: side(row, 1)?,
        content_type: row.string(2)?,
        digest: row.bytes(3)?.to_vec(),
    })
}

fn rendition(row: &Row<'_>) -> Result<Rendition> {
    Ok(Rendition {
        photo: photo(row)?,
        content: row.bytes(4)?.to_vec(),
    })
}

/// That the object is there.
fn check_owner(tx: &ReadTx<'_>, owner: Owner) -> Result<()> {
    let is_there = match owner.kind {
        LinkKind::User => users::exists(tx, Id::new(owner.id))?,
        LinkKind::Group => groups::exists(tx, Id::new(owner.id))?,
        _ => false,
    };
    if is_there {
        Ok(())
    } else {
        Err(Error::not_found(owner.kind.type_name(), owner.id))
    }
}

/// The sizes that there are of an object's photo, the smallest first; none without a photo.
pub fn list(tx: &ReadTx<'_>, owner: Owner) -> Result<Vec<Photo>> {
    check_owner(tx, owner)?;
    tx.query(LIST, params![&tx.tenant(), &owner.id], photo)
}

/// An object's photo, if it has one of that size.
pub fn get(tx: &ReadTx<'_>, owner: Owner, size: Size) -> Result<Option<Rendition>> {
    check_owner(tx, owner)?;
    let tenant = tx.tenant();
    let below = match size {
        Size::Largest => u32::MAX,
        Size::Of(width, height) => {
            let exact = params![&tenant, &owner.id, i64::from(width), i64::from(height)];
            let found = tx.query_one(EXACT, exact, rendition)?;
            if found.is_some() || width != height || !SIZES.contains(&width) {
                return Ok(found);
            }
            width
        }
    };
    tx.query_one(
        LARGEST,
        params![&tenant, &owner.id, i64::from(below)],
        rendition,
    )
}

/// Sets an object's photo, in all its sizes.
pub fn set(tx: &mut Tx<'_>, owner: Owner, sizes: &[Rendition]) -> Result<()> {
    check_owner(tx, owner)?;
    let tenant = tx.tenant();
    let mut recorded = record(tx, owner)?;
    recorded.execute(DELETE, params![&tenant, &owner.id])?;
    for Rendition { photo, content } in sizes {
        recorded.execute(
            INSERT,
            params![
                &tenant,
                &owner.id,
                i64::from(photo.width),
                i64::from(photo.height),
                &photo.content_type,
                &photo.digest,
                content
            ],
        )?;
    }
    let largest = sizes.iter().map(|it| &it.photo).max_by_key(|it| it.width);
    audited::photo(tx, owner, largest)
}

/// Takes an object's photo away; answers whether it had one.
pub fn delete(tx: &mut Tx<'_>, owner: Owner) -> Result<bool> {
    check_owner(tx, owner)?;
    let tenant = tx.tenant();
    if tx.count(COUNT, params![&tenant, &owner.id])? == 0 {
        return Ok(false);
    }
    record(tx, owner)?.execute(DELETE, params![&tenant, &owner.id])?;
    audited::photo(tx, owner, None)?;
    Ok(true)
}

fn record<'t, 'c>(tx: &'t mut Tx<'c>, owner: Owner) -> Result<store::Recorded<'t, 'c>> {
    let kind = owner.kind.type_name();
    tx.record(Change::new(kind, owner.id, Op::Updated, &["photo"]))
}

/// Drops the photo of an object that is gone for good.
pub(crate) fn drop_all(tx: &mut Tx<'_>, object: Uuid) -> Result<()> {
    let tenant = tx.tenant();
    tx.bookkeeping()
        .execute(DELETE, params![&tenant, &object])
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(Size::parse("240x240"), Some(Size::Of(240, 240)));
        assert_eq!(Size::parse("48X64"), Some(Size::Of(48, 64)));
        for bad in ["", "x", "240", "240x", "+1x1", "99999999999x1", "1x1x1"] {
            assert_eq!(Size::parse(bad), None, "{bad}");
        }
    }
}
