//! What a route speaks of, found by walking its template through Graph's declared types.

use super::csdl::{Kind, Operation, Types};
use crate::path::{self, Slot};

/// What is at an address.
pub(super) enum Shape<'t> {
    /// One or many of a type.
    Of(Kind),
    /// The changes of a collection of a type.
    Delta(String),
    /// A number, as text.
    Count,
    /// A reference to an object.
    Reference,
    /// Bytes of a media type.
    Media,
    /// An action or a function of Graph's.
    Operation(&'t Operation),
    /// Something of our own, or of the protocols beside Graph.
    Own,
}

/// Walks a template.
pub(super) fn of<'t>(types: &'t Types, template: &'static str) -> Shape<'t> {
    let mut slots = path::template(template).into_iter();
    let root = match slots.next() {
        Some(Slot::Static(name)) => types.root(name),
        _ => None,
    };
    let Some(root) = root else {
        return Shape::Own;
    };
    let mut shape = Shape::Of(root.clone());
    for slot in slots {
        shape = step(types, shape, slot);
    }
    shape
}

fn step<'t>(types: &'t Types, shape: Shape<'t>, slot: Slot) -> Shape<'t> {
    match (slot, shape) {
        (Slot::Static("$count"), _) => Shape::Count,
        (Slot::Static("$ref"), _) => Shape::Reference,
        (Slot::Static("$value"), _) => Shape::Media,
        (Slot::Static(name), Shape::Of(at)) => {
            let property = (!at.is_collection)
                .then(|| types.property(&at.name, name))
                .flatten();
            match property {
                Some(property) if property.kind.name == "Edm.Stream" => Shape::Media,
                Some(property) => Shape::Of(property.kind.clone()),
                None => operation(types, &at, name),
            }
        }
        (Slot::Function("delta"), Shape::Of(at)) if at.is_collection => Shape::Delta(at.name),
        (Slot::Function(name), Shape::Of(at)) => operation(types, &at, name),
        (Slot::Cast(name), Shape::Of(at)) => Shape::Of(Kind {
            name: name.to_owned(),
            ..at
        }),
        (Slot::Key(_) | Slot::Argument(..), Shape::Of(at)) if at.is_collection => Shape::Of(Kind {
            is_collection: false,
            ..at
        }),
        // The arguments of a function.
        (Slot::Argument(..), shape @ Shape::Operation(_)) => shape,
        _ => Shape::Own,
    }
}

fn operation<'t>(types: &'t Types, at: &Kind, name: &str) -> Shape<'t> {
    types
        .operation(at, name)
        .map_or(Shape::Own, Shape::Operation)
}
