//! Directory objects of whatever type: members, owners, managers; and `/directoryObjects`.
//!
//! Where objects of several types can stand, each says its type; a list of one type, by a cast in
//! the address, doesn't.

use directory::groups::LinkKind;
use directory::{
    Place, administrative_units, applications, groups, roles, service_principals, users,
};
use serde_json::{Value, json};
use store::ReadTx;
use types::{Error, Id};
use uuid::Uuid;

use crate::errors::Refusal;
use crate::listing::{self, Shown};
use crate::query_options::Allowed;
use crate::reply::{Page, Reply};
use crate::request::Call;
use crate::route::{Routes, Versions};
use crate::sieve::{Sieve, Sorted};
use crate::sight::Sights;

pub(crate) use directory::groups::Link;

const READ: &[&str] = &["Directory.Read.All"];
/// Ids in one `getByIds`.
const IDS_MAX: usize = 1_000;
/// All of a relation: none has as many.
const ALL: Part = Part {
    after: None,
    limit: i32::MAX as usize,
};
/// What a list of related objects knows.
pub(crate) const RELATED: Allowed = Allowed::SELECT
    .and(Allowed::FILTER)
    .and(Allowed::SEARCH)
    .and(Allowed::ORDER_BY)
    .and(Allowed::TOP)
    .and(Allowed::SKIP_TOKEN)
    .and(Allowed::COUNT);
/// What the number of related objects knows.
pub(crate) const COUNTED: Allowed = Allowed::FILTER.and(Allowed::SEARCH);

/// Registers them.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("directoryObjects", Versions::Both);
    area.get("/directoryObjects/{id}", READ, "Get an object", get)
        .query(Allowed::SELECT);
    area.post(
        "/directoryObjects/getByIds",
        READ,
        "Get objects by their ids",
        get_by_ids,
    )
    .query(Allowed::SELECT);
}

/// How objects of any type are shown.
pub(crate) struct Lens {
    sights: Sights,
    select: Option<Vec<String>>,
    says_type: bool,
}

impl Lens {
    /// As the caller may see them and has selected, each with its type.
    pub(crate) fn of(call: &Call) -> Result<Self, Refusal> {
        Ok(Self::new(Sights::of(&call.caller), listing::select(call)?)?)
    }

    /// As one may see them who sees so much and has selected this.
    pub(crate) fn new(sights: Sights, select: Option<Vec<String>>) -> types::Result<Self> {
        for name in select.iter().flatten() {
            let name = std::slice::from_ref(name);
            users::check_select(name)
                .or_else(|_| groups::check_select(name))
                .or_else(|_| service_principals::check_select(name))
                .or_else(|_| applications::check_select(name))
                .or_else(|_| roles::check_select(name))
                .or_else(|_| administrative_units::check_select(name))
                .map_err(|_| unknown_selected(name))?;
        }
        Ok(Self {
            sights,
            select,
            says_type: true,
        })
    }

    /// Without the type.
    pub(crate) fn untyped(self) -> Self {
        Self {
            says_type: false,
            ..self
        }
    }

    /// The selected properties that a type has.
    pub(crate) fn selected(&self, has: fn(&[String]) -> types::Result<()>) -> Option<Vec<String>> {
        let names = self.select.as_ref()?.iter();
        let own = names.filter(|name| has(std::slice::from_ref(*name)).is_ok());
        Some(own.cloned().collect())
    }

    /// Shows an object; none if it isn't there any more.
    pub(crate) fn show(&self, tx: &ReadTx<'_>, link: Link) -> types::Result<Option<Shown>> {
        let select = self.selected(match link.kind {
            LinkKind::User => users::check_select,
            LinkKind::Group => groups::check_select,
            LinkKind::ServicePrincipal => service_principals::check_select,
            LinkKind::DirectoryRole => roles::check_select,
            LinkKind::AdministrativeUnit => administrative_units::check_select,
        });
        let projected = project(tx, link, select.as_deref());
        let Some(mut projected) = types::found(projected)? else {
            return Ok(None);
        };
        self.sights.on(link.kind).narrow(&mut projected);
        if !self.says_type {
            return Ok(Some(projected));
        }
        Ok(Some(with_type(link.kind.type_name(), projected)))
    }
}

/// The properties of an object: its type's default set, or those of the type that are selected.
pub(crate) fn project(
    tx: &ReadTx<'_>,
    link: Link,
    select: Option<&[String]>,
) -> types::Result<Shown> {
    match link.kind {
        LinkKind::User => users::project(&users::get(tx, Id::new(link.id))?, select),
        LinkKind::Group => groups::project(&groups::get(tx, Id::new(link.id))?, select),
        LinkKind::ServicePrincipal => {
            let principal = service_principals::get(tx, Id::new(link.id))?;
            service_principals::project(&principal, select)
        }
        LinkKind::DirectoryRole => roles::project(&roles::get(tx, link.id)?, select),
        LinkKind::AdministrativeUnit => {
            administrative_units::project(&administrative_units::get(tx, Id::new(link.id))?, select)
        }
    }
}

/// The id of an object that the path names. What isn't one names nothing.
pub(crate) fn id_of(call: &Call, key: &str) -> Result<Uuid, Refusal> {
    let text = call.key(key);
    types::parse_uuid(text).ok_or_else(|| Error::not_found("directoryObject", text).into())
}

/// An object that says its type first.
pub(crate) fn with_type(name: &str, shown: Shown) -> Shown {
    let kind = format!("#microsoft.graph.{name}").into();
    std::iter::once(("@odata.type".to_owned(), kind))
        .chain(shown)
        .collect()
}

fn unknown_selected(name: &[String]) -> Error {
    let name = name.first().map_or("", String::as_str);
    Error::invalid(
        "$select",
        format!(
            "Could not find a property named '{name}' on type 'microsoft.graph.directoryObject'."
        ),
    )
}

/// Which part of a list a page is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// Behind this object.
    pub(crate) after: Option<Uuid>,
    /// So many at most.
    pub(crate) limit: usize,
}

impl Part {
    /// This part of a whole that is in the order of ids.
    pub(crate) fn of(self, whole: impl IntoIterator<Item = Link>) -> Vec<Link> {
        whole
            .into_iter()
            .filter(|link| self.after.is_none_or(|after| link.id > after))
            .take(self.limit)
            .collect()
    }
}

/// A relation to other objects, worked out in a snapshot.
pub(crate) trait Related: Send + 'static {
    /// A part of them, by id.
    fn part(&self, tx: &ReadTx<'_>, part: Part) -> types::Result<Vec<Link>>;
    /// How many there are.
    fn count(&self, tx: &ReadTx<'_>) -> types::Result<u64>;
}

/// Answers a page of a relation. `name` is that of the tokens in its links; with `cast` all of the
/// objects are of that type.
pub(crate) async fn list(
    call: &Call,
    name: &'static str,
    cast: Option<LinkKind>,
    related: impl Related,
) -> Result<Reply, Refusal> {
    let lens = Lens::of(call)?;
    let (lens, set) = match cast {
        None => (lens, "directoryObjects"),
        Some(kind) => (lens.untyped(), set_of(kind)),
    };
    let size = listing::page_size(call)?;
    let after: Option<Place> = call.skip_token(name)?;
    let sought = Sought {
        sieve: Sieve::of(call, cast)?,
        sorted: Sorted::of(call, cast)?,
        counted: call.options.is_advanced() && after.is_none(),
        after,
        limit: size + 1,
    };
    let is_by_id = sought.sieve.as_ref().is_none_or(Sieve::is_by_id);
    if !is_by_id && !listing::is_advanced(call) {
        return Err(Error::unsupported(
            "Filtering needs the header ConsistencyLevel: eventual and the parameter $count=true here.",
        )
        .into());
    }
    let (items, count, next) = call
        .read(move |tx| {
            let (mut links, count) = sought.through(tx, &related)?;
            let next = listing::cut(&mut links, size).map(|(place, _)| place.clone());
            let mut items = Vec::with_capacity(links.len());
            for (_, link) in links {
                items.extend(lens.show(tx, link)?);
            }
            Ok((items, count, next))
        })
        .await?;
    let page = Page {
        count,
        next_link: next.map(|place| call.next_link(name, &place)).transpose()?,
        ..Page::all(items)
    };
    Reply::collection(call, set, &page)
}

/// Answers a page of a relation as the addresses of its objects: `members/$ref`.
pub(crate) async fn list_references(call: &Call, related: impl Related) -> Result<Reply, Refusal> {
    const NAME: &str = "$ref";
    let size = listing::page_size(call)?;
    let after: Option<Uuid> = call.skip_token(NAME)?;
    let (links, next) = call
        .read(move |tx| {
            let limit = size + 1;
            let mut links = related.part(tx, Part { after, limit })?;
            let next = listing::cut(&mut links, size).map(|last| last.id);
            Ok((links, next))
        })
        .await?;
    let items: Vec<Value> = links
        .iter()
        .map(|link| json!({"@odata.id": address(call, link.id)}))
        .collect();
    let page = Page {
        next_link: next.map(|id| call.next_link(NAME, &id)).transpose()?,
        ..Page::all(items)
    };
    Reply::collection(call, "Collection($ref)", &page)
}

/// Answers the address of an object: `members/{id}/$ref`.
pub(crate) fn reference(call: &Call, id: Uuid) -> Result<Reply, Refusal> {
    Reply::object(call, "$ref", &json!({"@odata.id": address(call, id)}))
}

fn address(call: &Call, id: Uuid) -> String {
    format!("{}/directoryObjects/{id}", call.root())
}

/// Objects with their places in an order.
pub(crate) type Placed = Vec<(Place, Link)>;

/// Which objects of a relation a page is to have.
struct Sought {
    sieve: Option<Sieve>,
    sorted: Option<Sorted>,
    after: Option<Place>,
    limit: usize,
    counted: bool,
}

impl Sought {
    /// Those of a page, each with its place, and how many there are if that was asked.
    fn through(
        &self,
        tx: &ReadTx<'_>,
        related: &impl Related,
    ) -> types::Result<(Placed, Option<u64>)> {
        let limit = self.limit;
        let after = self.after.as_ref().map(|place| place.id);
        let in_order = |links: Vec<Link>| {
            let place = |link: &Link| Place {
                key: None,
                id: link.id,
            };
            links.iter().map(|link| (place(link), *link)).collect()
        };
        match (&self.sieve, self.sorted) {
            (None, None) => Ok((
                in_order(related.part(tx, Part { after, limit })?),
                self.counted.then(|| related.count(tx)).transpose()?,
            )),
            (Some(sieve), None) => {
                let enough = if self.counted { usize::MAX } else { limit };
                let passed = sifted(tx, related, sieve, after, enough)?;
                let count = self.counted.then_some(passed.len() as u64);
                Ok((in_order(passed), count))
            }
            (sieve, Some(sorted)) => {
                let whole = match sieve {
                    None => related.part(tx, ALL)?,
                    Some(sieve) => sifted(tx, related, sieve, None, usize::MAX)?,
                };
                let count = self.counted.then_some(whole.len() as u64);
                let sorted = sorted.sort(tx, whole, self.after.as_ref(), limit)?;
                Ok((sorted, count))
            }
        }
    }
}

/// The objects of a relation that pass, behind one of them; those first that are enough.
fn sifted(
    tx: &ReadTx<'_>,
    related: &impl Related,
    sieve: &Sieve,
    after: Option<Uuid>,
    enough: usize,
) -> types::Result<Vec<Link>> {
    let mut passed = Vec::new();
    for link in related.part(tx, Part { after, ..ALL })? {
        if sieve.passes(tx, link)? {
            passed.push(link);
            if passed.len() == enough {
                break;
            }
        }
    }
    Ok(passed)
}

const fn set_of(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::User => "users",
        LinkKind::Group => "groups",
        LinkKind::ServicePrincipal => "servicePrincipals",
        LinkKind::DirectoryRole => "directoryRoles",
        LinkKind::AdministrativeUnit => "directory/administrativeUnits",
    }
}

/// Answers how many objects a relation has; with `cast` all of them are of that type.
pub(crate) async fn count(
    call: &Call,
    cast: Option<LinkKind>,
    related: impl Related,
) -> Result<Reply, Refusal> {
    listing::check_count(call)?;
    let sieve = Sieve::of(call, cast)?;
    let count = call
        .read(move |tx| match &sieve {
            None => related.count(tx),
            Some(sieve) => Ok(sifted(tx, &related, sieve, None, usize::MAX)?.len() as u64),
        })
        .await?;
    Ok(Reply::text(count.to_string()))
}

async fn get(call: Call) -> Result<Reply, Refusal> {
    let lens = Lens::of(&call)?;
    let key = call.key("id").to_owned();
    let found = call
        .read(move |tx| {
            let missing = || Error::not_found("directoryObject", &key);
            let id = types::parse_uuid(&key).ok_or_else(missing)?;
            find(tx, &lens, id, |_| true)?.ok_or_else(missing)
        })
        .await?;
    Reply::entity(&call, "directoryObjects", &found)
}

/// An object of a type that is wanted. Applications are among them, though they are related to
/// nothing by their ids but owners.
pub(crate) fn find(
    tx: &ReadTx<'_>,
    lens: &Lens,
    id: Uuid,
    is_wanted: impl Fn(&str) -> bool,
) -> types::Result<Option<Shown>> {
    const APPLICATION: &str = "application";
    if let Some(link) = groups::link_to(tx, id)? {
        let is_wanted = is_wanted(link.kind.type_name());
        return if is_wanted {
            lens.show(tx, link)
        } else {
            Ok(None)
        };
    }
    if !is_wanted(APPLICATION) {
        return Ok(None);
    }
    let select = lens.selected(applications::check_select);
    match applications::get(tx, Id::new(id)) {
        Ok(found) => {
            let shown = applications::project(&found, select.as_deref())?;
            Ok(Some(with_type(APPLICATION, shown)))
        }
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Unknown ids are left out, as in Graph.
async fn get_by_ids(call: Call) -> Result<Reply, Refusal> {
    let lens = Lens::of(&call)?;
    let mut body = call.parameters()?;
    let ids = texts(body.shift_remove("ids"))
        .filter(|ids| ids.len() <= IDS_MAX)
        .ok_or_else(|| {
            Refusal::bad_request(format!(
                "The body has to name the objects: {{\"ids\": [\"…\"]}}, {IDS_MAX} at most."
            ))
            .with_target("ids")
        })?;
    let types = match body.shift_remove("types") {
        None | Some(Value::Null) => None,
        some => Some(texts(some).ok_or_else(|| {
            Refusal::bad_request("'types' has to be a list of texts: [\"user\", \"group\"].")
                .with_target("types")
        })?),
    };
    let is_wanted = move |kind: &str| {
        types.as_ref().is_none_or(|types| {
            types.iter().any(|name| {
                name.eq_ignore_ascii_case(kind) || name.eq_ignore_ascii_case("directoryObject")
            })
        })
    };
    let items = call
        .read(move |tx| {
            let mut items = Vec::new();
            for id in ids.iter().filter_map(|id| types::parse_uuid(id)) {
                items.extend(find(tx, &lens, id, &is_wanted)?);
            }
            Ok(items)
        })
        .await?;
    Reply::collection(&call, "directoryObjects", &Page::all(items))
}

fn texts(value: Option<Value>) -> Option<Vec<String>> {
    serde_json::from_value(value?).ok()
}
