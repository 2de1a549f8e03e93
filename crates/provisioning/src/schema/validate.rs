//! What a schema has to fulfil beyond its form, so that a pair can work by it.

use types::Result;

use crate::attributes::{self, Kind};
use crate::expression::Expression;

use super::default::{self, MATCHING, MATCHING_EXPRESSION};
use super::reader::At;
use super::{AttributeMapping, Directory, FlowType, ObjectMapping, Schema};

fn at(path: String) -> At<'static> {
    At { path, value: None }
}

const USERS: &str = "synchronizationRules[0].objectMappings[User]";
const GROUPS: &str = "synchronizationRules[0].objectMappings[Group]";

impl Schema {
    pub(super) fn validate(&self) -> Result<()> {
        let rule = &self.rule;
        let named = |name: &str| self.directories.iter().find(|it| it.name == name);
        let directory = |property: &str, name: &str| {
            named(name).ok_or_else(|| {
                at(format!("synchronizationRules[0].{property}"))
                    .wrong(&format!("there is no directory '{name}' in this schema."))
            })
        };
        let source = directory("sourceDirectoryName", &rule.source_directory)?;
        directory("targetDirectoryName", &rule.target_directory)?;
        for directory in &self.directories {
            let twice = self
                .directories
                .iter()
                .filter(|it| it.name == directory.name || it.id == directory.id);
            if twice.count() > 1 {
                return Err(at("directories".to_owned())
                    .wrong(&format!("there are two directories '{}'.", directory.name)));
            }
        }
        self.validate_users(source)?;
        self.validate_groups()
    }

    fn validate_users(&self, source: &Directory) -> Result<()> {
        let mapping = &self.rule.users;
        let mut seen: Vec<&str> = Vec::new();
        for (index, one) in mapping.attribute_mappings.iter().enumerate() {
            let place = at(format!("{USERS}.attributeMappings[{index}]"));
            let property = one.check(source).map_err(|what| place.wrong(&what))?;
            if seen.contains(&property) {
                return Err(place.wrong(&format!("'{}' is mapped twice.", one.target)));
            }
            seen.push(property);
        }
        let place = at(format!("{USERS}.attributeMappings"));
        for needed in [MATCHING, "userPrincipalName", "displayName"] {
            if !seen.contains(&needed) {
                return Err(place.wrong(&format!("a mapping to '{needed}' is needed.")));
            }
        }
        check_scope(mapping, source)
    }

    /// Groups are synchronized as they are: they can be switched on and off.
    fn validate_groups(&self) -> Result<()> {
        let Some(groups) = &self.rule.groups else {
            return Ok(());
        };
        let known = default::groups();
        if groups.attribute_mappings != known.attribute_mappings || groups.scope.is_some() {
            return Err(at(GROUPS.to_owned()).wrong(
                "the attributes of groups can't be mapped in another way, and groups have no \
                 scoping filter; only 'enabled' can be changed.",
            ));
        }
        Ok(())
    }
}

fn check_scope(mapping: &ObjectMapping, source: &Directory) -> Result<()> {
    let Some(scope) = &mapping.scope else {
        return Ok(());
    };
    let sets = [
        ("groups", &scope.groups),
        ("inputFilterGroups", &scope.input_groups),
        ("categoryFilterGroups", &scope.category_groups),
    ];
    for (name, groups) in sets {
        for (index, group) in groups.iter().flatten().enumerate() {
            for (clause_index, clause) in group.clauses.iter().enumerate() {
                let place = at(format!(
                    "{USERS}.scope.{name}[{index}].clauses[{clause_index}]"
                ));
                let known = attributes::find(attributes::SOURCE, &clause.attribute);
                if known.is_some_and(|known| known.kind == Kind::Reference) {
                    let what = format!("'{}' can't be filtered by.", clause.attribute);
                    return Err(place.wrong(&what));
                }
                is_known(source, &clause.attribute).map_err(|what| place.wrong(&what))?;
            }
        }
    }
    Ok(())
}

/// Whether the source has an attribute: by its definition in the schema, or by ours.
fn is_known(source: &Directory, name: &str) -> std::result::Result<(), String> {
    let user = source.objects.iter().find(|object| object.name == "User");
    let defined = user.is_some_and(|user| {
        let mut names = user.attributes.iter();
        names.any(|attribute| attribute.name.eq_ignore_ascii_case(name))
    });
    if defined || attributes::find(attributes::SOURCE, name).is_some() {
        return Ok(());
    }
    Err(format!(
        "'{name}' isn't an attribute of User in the source directory."
    ))
}

impl AttributeMapping {
    /// Checks one mapping; answers which property of the target's user it sets.
    fn check(&self, directory: &Directory) -> std::result::Result<&'static str, String> {
        let target = attributes::find(attributes::TARGET, &self.target).ok_or_else(|| {
            format!(
                "'{}' isn't an attribute of User that can be set in the target directory.",
                self.target
            )
        })?;
        let matching = Expression::parse(MATCHING_EXPRESSION).ok();
        if target.name == MATCHING {
            if self.source != matching
                || self.matching_priority != 1
                || self.flow_type != FlowType::Always
            {
                return Err(format!(
                    "'{MATCHING}' is how users are found again; it has to be \
                     {MATCHING_EXPRESSION} with the matching priority 1."
                ));
            }
            return Ok(target.property);
        }
        if self.matching_priority != 0 {
            return Err(format!(
                "users are found by '{MATCHING}' alone: no other attribute can have a matching \
                 priority."
            ));
        }
        match &self.source {
            None if self.default_value.is_none() => {
                return Err("there is neither a source nor a default value.".to_owned());
            }
            None => {}
            Some(source) => {
                for name in source.attributes() {
                    is_known(directory, name)?;
                }
                self.check_source(source)?;
            }
        }
        if self.flow_type == FlowType::MultiValueAddOnly && !target.multivalued {
            return Err(format!(
                "MultiValueAddOnly is for attributes of several values, and '{}' has one.",
                self.target
            ));
        }
        let is_attribute = |name: &str| matches!(&self.source, Some(Expression::Attribute(it)) if it.eq_ignore_ascii_case(name));
        match target.property {
            "manager" if !is_attribute("manager") || self.default_value.is_some() => {
                return Err("the manager can only be mapped as [manager].".to_owned());
            }
            "isSoftDeleted" if !is_attribute("IsSoftDeleted") => {
                return Err(
                    "IsSoftDeleted can only be mapped as [IsSoftDeleted]; without the mapping \
                     nobody is deleted who leaves the scope."
                        .to_owned(),
                );
            }
            _ => {}
        }
        for constant in self.constants() {
            let is_one_of =
                |words: &[&str]| words.iter().any(|it| it.eq_ignore_ascii_case(constant));
            if target.kind == Kind::Boolean && !is_one_of(&["True", "False"]) {
                return Err(format!("'{}' is True or False.", self.target));
            }
            if target.property == "userType" && !is_one_of(&["Member", "Guest"]) {
                return Err("userType is Member or Guest.".to_owned());
            }
        }
        Ok(target.property)
    }

    fn constants(&self) -> impl Iterator<Item = &str> {
        let source = match &self.source {
            Some(Expression::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        source.into_iter().chain(self.default_value.as_deref())
    }

    fn check_source(&self, source: &Expression) -> std::result::Result<(), String> {
        const UNIQUE: &str = "SelectUniqueValue";
        if source.name() == UNIQUE {
            let nested = matches!(source, Expression::Call { arguments, .. }
                if arguments.iter().flatten().any(|it| it.calls(UNIQUE)));
            if nested || self.flow_type != FlowType::ObjectAddOnly {
                return Err(format!(
                    "{UNIQUE} stands by itself, in a mapping that is applied only when an object \
                     is created (ObjectAddOnly)."
                ));
            }
        } else if source.calls(UNIQUE) {
            return Err(format!("{UNIQUE} can't be within another function."));
        }
        Ok(())
    }
}
