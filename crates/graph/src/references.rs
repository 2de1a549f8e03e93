//! Addresses of directory objects in bodies: `@odata.id` of a `$ref`, `members@odata.bind`.
//!
//! An address is one of this server's (as it calls itself, or as the request did), or of Microsoft
//! Graph's origin, whose clients write it whatever server they talk to; `v1.0` or `beta`;
//! `/directoryObjects/{id}`, or the object's own collection.

use directory::groups::LinkKind;
use serde_json::{Map, Value};
use store::ReadTx;
use types::{Error, Id};
use uuid::Uuid;

use crate::errors::Refusal;
use crate::path::{self, Piece};
use crate::request::{Call, Request};
use crate::route::Version;

/// The origin that Graph's own clients write.
const GRAPH_ORIGIN: &str = "https://graph.microsoft.com";
/// Objects that one request binds, at most.
const BIND_MAX: usize = 20;
/// Collections whose objects can be named, and what is in them.
const COLLECTIONS: [(&str, Option<LinkKind>); 4] = [
    ("directoryObjects", None),
    ("users", Some(LinkKind::User)),
    ("groups", Some(LinkKind::Group)),
    ("servicePrincipals", Some(LinkKind::ServicePrincipal)),
];

/// An object as a body names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    kind: Option<LinkKind>,
    key: String,
}

impl Reference {
    /// The object that the body of a `$ref` names.
    pub(crate) fn of_body(call: &Call) -> Result<Self, Refusal> {
        Self::parse(call, &call.reference()?)
            .ok_or_else(|| unreadable(call).with_target("@odata.id"))
    }

    fn parse(request: &Request, address: &str) -> Option<Self> {
        let own = &*request.platform().public_url;
        let host = request.header("host").filter(|host| !host.is_empty());
        let rest = behind(address, own)
            .or_else(|| behind(address, GRAPH_ORIGIN))
            .or_else(|| behind(address, &format!("https://{}", host?)))
            .or_else(|| behind(address, &format!("http://{}", host?)))?;
        let (version, rest) = Version::split(rest);
        if version == Version::Root || rest.contains(['?', '#']) {
            return None;
        }
        let pieces = path::read(rest).ok()?;
        let [
            Piece::Name {
                text: collection,
                is_call: false,
                ..
            },
            key,
        ] = pieces.as_slice()
        else {
            return None;
        };
        let (_, kind) = COLLECTIONS
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(collection))?;
        let key = match key {
            Piece::Name {
                text,
                is_qualified: false,
                is_call: false,
            } if !text.is_empty() => text.clone().into_owned(),
            Piece::Key(text) => text.clone(),
            _ => return None,
        };
        Some(Self { kind, key })
    }

    /// The object's id; `NotFound` if this tenant has no such object of that kind.
    pub(crate) fn resolve(&self, tx: &ReadTx<'_>) -> types::Result<Uuid> {
        let id = match (types::parse_uuid(&self.key), self.kind) {
            (Some(id), _) => id,
            // A user may be named by the principal name.
            (None, Some(LinkKind::User)) => directory::users::find(tx, &self.key)?.id.uuid(),
            (None, _) => return Err(self.missing()),
        };
        let is_there = match self.kind {
            // Whether it is there at all, and what, is for those to say who refer to it.
            None => true,
            Some(LinkKind::User) => directory::users::exists(tx, Id::new(id))?,
            Some(LinkKind::Group) => directory::groups::exists(tx, Id::new(id))?,
            Some(LinkKind::ServicePrincipal) => {
                directory::service_principals::exists(tx, Id::new(id))?
            }
            // There is no collection of them here.
            Some(LinkKind::DirectoryRole | LinkKind::AdministrativeUnit) => false,
        };
        if is_there {
            Ok(id)
        } else {
            Err(self.missing())
        }
    }

    fn missing(&self) -> Error {
        let kind = self.kind.map_or("directoryObject", LinkKind::type_name);
        Error::not_found(kind, &self.key)
    }
}

/// What stands behind an origin.
fn behind<'a>(address: &'a str, origin: &str) -> Option<&'a str> {
    let (start, rest) = address.split_at_checked(origin.len())?;
    (start.eq_ignore_ascii_case(origin) && rest.starts_with('/')).then_some(rest)
}

fn unreadable(request: &Request) -> Refusal {
    Refusal::bad_request(format!(
        "Invalid object reference: write {0}/v1.0/directoryObjects/{{id}}, or {0}/v1.0/users/{{id}} for a user.",
        request.platform().public_url
    ))
}

/// The objects that a body binds to relations: takes `members@odata.bind` and the like out of it.
pub(crate) struct Bound(Vec<(&'static str, Vec<Reference>)>);

impl Bound {
    /// Reads what the body binds to these relations.
    pub(crate) fn take(
        call: &Call,
        body: &mut Map<String, Value>,
        relations: &[&'static str],
    ) -> Result<Self, Refusal> {
        let mut bound = Vec::new();
        let mut number = 0;
        for relation in relations {
            let name = format!("{relation}@odata.bind");
            let addresses = match body.shift_remove(&name) {
                None => continue,
                Some(Value::Array(addresses)) => addresses,
                Some(address @ Value::String(_)) => vec![address],
                Some(_) => return Err(unreadable(call).with_target(name)),
            };
            number += addresses.len();
            if number > BIND_MAX {
                return Err(Refusal::bad_request(format!(
                    "One request binds {BIND_MAX} objects at most (limit: limits.bind_objects)."
                ))
                .with_target(name));
            }
            let references = addresses
                .iter()
                .map(|address| {
                    let address = address.as_str();
                    let reference = address.and_then(|address| Reference::parse(call, address));
                    reference.ok_or_else(|| unreadable(call).with_target(&*name))
                })
                .collect::<Result<_, _>>()?;
            bound.push((*relation, references));
        }
        Ok(Self(bound))
    }

    /// What is bound to a relation.
    pub(crate) fn to(&self, relation: &str) -> &[Reference] {
        let found = self.0.iter().find(|(own, _)| *own == relation);
        found.map_or(&[], |(_, references)| references)
    }
}
