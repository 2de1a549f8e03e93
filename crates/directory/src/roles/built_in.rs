//! The built-in roles: what there is to assign, the same in every tenant.
//!
//! Three of them are nobody's to assign: who is a user or a guest has them.
//!
//! Source: "Microsoft Entra built-in roles"; `data/NOTICE` says more.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use types::{Error, Result};
use uuid::{Uuid, uuid};

use crate::schema::{Shape, Type, read};

/// Who may do everything.
pub const GLOBAL_ADMINISTRATOR: Uuid = uuid!("62e90394-69f5-4237-9190-012177145e10");

/// A built-in role.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BuiltIn {
    /// The id of its template, which is that of its definition, too.
    pub id: Uuid,
    /// The name for people.
    pub display_name: String,
    description: String,
    is_privileged: bool,
    /// Whether it can be given to anybody.
    pub is_assignable: bool,
    inherits: Vec<Uuid>,
    role_permissions: Value,
}

static ALL: LazyLock<std::result::Result<Vec<BuiltIn>, String>> = LazyLock::new(|| {
    let text = include_str!("../../data/built_in_roles.json");
    serde_json::from_str(text).map_err(|error| error.to_string())
});

/// All of them, by id.
pub fn all() -> Result<&'static [BuiltIn]> {
    match &*ALL {
        Ok(all) => Ok(all),
        Err(error) => Err(Error::internal(format!("the built-in roles: {error}"))),
    }
}

/// The role of a template's id.
pub fn by_id(id: Uuid) -> Result<Option<&'static BuiltIn>> {
    let all = all()?;
    let found = all.binary_search_by_key(&id, |role| role.id);
    Ok(found.ok().and_then(|place| all.get(place)))
}

static TEMPLATE: Type = Type {
    name: "directoryRoleTemplate",
    properties: &[
        read("id", Shape::Guid).shown(),
        read("deletedDateTime", Shape::Made).shown(),
        read("description", Shape::Made).shown(),
        read("displayName", Shape::Made).shown(),
    ],
};

impl BuiltIn {
    /// The roles whose permissions it has as well.
    pub fn inherits_from(&self) -> impl Iterator<Item = Uuid> {
        self.inherits.iter().copied()
    }

    /// What it allows, with the condition under which it does ([`crate::rights`]).
    pub(crate) fn actions(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        crate::rights::actions(&self.role_permissions)
    }

    /// What it is for, in a sentence.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Shows it as a `directoryRoleTemplate`.
    pub fn template(&self, select: Option<&[String]>) -> Result<Map<String, Value>> {
        TEMPLATE.project(select, |name| match name {
            "deletedDateTime" => None,
            name => self.value(name),
        })
    }

    pub(super) fn value(&self, name: &str) -> Option<Value> {
        Some(match name {
            "id" | "templateId" => json!(self.id),
            "description" => self.description.as_str().into(),
            "displayName" => self.display_name.as_str().into(),
            "isBuiltIn" | "isEnabled" => true.into(),
            "isPrivileged" => self.is_privileged.into(),
            "resourceScopes" => json!(["/"]),
            "rolePermissions" => self.role_permissions.clone(),
            "version" => "1".into(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_can_be_read_and_found() {
        let all = all().unwrap();
        assert!(all.len() > 100);
        assert!(all.is_sorted_by(|a, b| a.id < b.id));
        let admin = by_id(GLOBAL_ADMINISTRATOR).unwrap().unwrap();
        assert_eq!(admin.display_name, "Global Administrator");
        assert!(admin.is_assignable);
        for role in all {
            for id in role.inherits_from() {
                assert!(by_id(id).unwrap().is_some());
            }
        }
    }
}
