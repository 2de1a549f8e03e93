//! A schema at work: who is provisioned, and what the target should have of a user.

use crate::attributes::{self, Attribute};
use crate::expression::{Context, Failure, Source};
use crate::filter::{Compiled, Standing};
use crate::schema::{AttributeMapping, FlowBehavior, FlowType, FlowTypes, Schema};

/// A schema that is ready to be applied to users.
#[derive(Debug)]
pub struct Mapper {
    rows: Vec<Row>,
    scope: Compiled,
    /// Whether users are mapped at all.
    pub enabled: bool,
    /// What may be done in the target.
    pub flow_types: FlowTypes,
    /// Whether users who leave the scope, or are deleted, are soft-deleted in the target.
    pub soft_deletes: bool,
    /// Whether users are sent each time that they are looked at, changed or not.
    pub always_exports: bool,
}

#[derive(Debug)]
struct Row {
    target: &'static Attribute,
    mapping: AttributeMapping,
}

/// What becomes of one attribute of the target.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// The property of Graph's user.
    pub property: &'static str,
    /// Whether it takes several values.
    pub multivalued: bool,
    /// What may be done with them.
    pub flow_type: FlowType,
    /// Its values; none clears it.
    pub values: Vec<String>,
    /// Whether logs show `[Redact]` in their place.
    pub redacted: bool,
}

/// Why a user can't be mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmapped {
    /// The attribute of the target.
    pub attribute: String,
    /// What is wrong.
    pub failure: Failure,
}

impl Mapper {
    /// Makes a schema ready.
    pub fn new(schema: &Schema) -> Result<Self, Failure> {
        let users = &schema.rule.users;
        let scope = users.scope.as_ref().map(Compiled::new).transpose()?;
        let mut rows = Vec::new();
        for mapping in &users.attribute_mappings {
            if let Some(target) = attributes::find(attributes::TARGET, &mapping.target) {
                rows.push(Row {
                    target,
                    mapping: mapping.clone(),
                });
            }
        }
        let has = |property: &str| rows.iter().any(|row| row.target.property == property);
        let is_always = |row: &Row| row.mapping.flow_behavior == FlowBehavior::Always;
        Ok(Self {
            scope: scope.unwrap_or_default(),
            enabled: users.enabled,
            flow_types: users.flow_types,
            soft_deletes: has("isSoftDeleted"),
            always_exports: rows.iter().any(is_always),
            rows: rows
                .into_iter()
                .filter(|row| {
                    // The first is how users are found again, the second what decides whether they
                    // are there at all.
                    !["alternativeSecurityIds", "isSoftDeleted"].contains(&row.target.property)
                })
                .collect(),
        })
    }

    /// The properties whose values logs don't show.
    pub fn redacted(&self) -> impl Iterator<Item = &'static str> {
        let hides = |row: &&Row| {
            row.mapping
                .source
                .as_ref()
                .is_some_and(|it| it.calls("Redact"))
        };
        self.rows
            .iter()
            .filter(hides)
            .map(|row| row.target.property)
    }

    /// Where a user stands with the scoping filter.
    pub fn standing(&self, source: &dyn Source) -> Standing {
        self.scope.standing(source)
    }

    /// What the target should have of a user. Attributes that are only set when a user is made are
    /// left out unless it is `new` there; those that are left out of the flow are left out.
    ///
    /// Each attribute has a seed of its own, made from the context's.
    pub fn map(&self, context: &Context<'_>, new: bool) -> Result<Vec<Flow>, Unmapped> {
        let mut flows = Vec::with_capacity(self.rows.len());
        for (mapping, flow) in self.each(context) {
            if mapping.flow_type == FlowType::ObjectAddOnly && !new {
                continue;
            }
            flows.extend(flow.map_err(|failure| Unmapped {
                attribute: mapping.target.clone(),
                failure,
            })?);
        }
        Ok(flows)
    }

    /// What becomes of each attribute by itself, with its mapping; none where it is left out.
    pub fn each<'a>(
        &'a self,
        context: &'a Context<'_>,
    ) -> impl Iterator<Item = (&'a AttributeMapping, Result<Option<Flow>, Failure>)> {
        self.rows.iter().map(|Row { target, mapping }| {
            let context = Context {
                seed: seed_of(context.seed, target.property),
                ..*context
            };
            (mapping, one(target, mapping, &context))
        })
    }
}

fn one(
    target: &'static Attribute,
    mapping: &AttributeMapping,
    context: &Context<'_>,
) -> Result<Option<Flow>, Failure> {
    let (mut values, mut redacted) = (Vec::new(), false);
    if let Some(source) = &mapping.source {
        let evaluated = source.evaluate(context)?;
        if evaluated.is_ignored() {
            return Ok(None);
        }
        redacted = evaluated.redacted;
        values = evaluated.into_texts();
        values.retain(|value| !value.is_empty());
    }
    if values.is_empty() {
        values.extend(mapping.default_value.clone().filter(|it| !it.is_empty()));
    }
    if values.len() > 1 && !target.multivalued {
        return Err(Failure::evaluation(format!(
            "'{}' has one value, and there are {}: take one with Item, or put them together with \
             Join.",
            mapping.target,
            values.len()
        )));
    }
    let never_clears = matches!(
        mapping.flow_type,
        FlowType::ValueAddOnly
            | FlowType::MultiValueAddOnly
            | FlowType::AttributeAddOnly
            | FlowType::ObjectAddOnly
    );
    if values.is_empty() && never_clears {
        return Ok(None);
    }
    Ok(Some(Flow {
        property: target.property,
        multivalued: target.multivalued,
        flow_type: mapping.flow_type,
        values,
        redacted,
    }))
}

/// A seed for one attribute (FNV-1a over its name, mixed in).
fn seed_of(mut seed: [u8; 32], property: &str) -> [u8; 32] {
    let hash = property
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    for (place, byte) in seed.iter_mut().zip(hash.to_be_bytes()) {
        *place ^= byte;
    }
    seed
}
