//! Finds managers among the people of a file, after all of them have been read.
//!
//! A manager who isn't in the file is no fault: exports are often of one department, and the tenant
//! may have the manager already. Cycles stay as they are; only a user who manages herself loses that
//! manager.

use std::collections::HashMap;

use types::fold;

use crate::{Import, RecordError, SourceUser, dn};

/// A manager as a record names him or her, folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManagerRef {
    /// By distinguished name.
    Dn(String),
    /// By user principal name or mail address.
    Upn(String),
    /// By source key, employee id or alias.
    Key(String),
}

impl ManagerRef {
    /// Tells which kind a text is by its form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match (text.find('='), text.find('@')) {
            _ if text.is_empty() => None,
            (Some(equals), at) if at.is_none_or(|at| equals < at) => {
                Some(Self::Dn(dn::normalize(text)))
            }
            (_, Some(_)) => Some(Self::Upn(fold(text))),
            _ => Some(Self::Key(fold(text))),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Dn(text) | Self::Upn(text) | Self::Key(text) => text,
        }
    }
}

/// Sets [`SourceUser::manager_source_key`] of each user, and notes which managers aren't there.
pub(crate) fn resolve_managers(import: &mut Import) {
    let users = &mut import.users;
    let found: Vec<Option<String>> = {
        let index = Index::of(users);
        users
            .iter()
            .map(|user| user.manager_key.as_ref().and_then(|key| index.find(key)))
            .collect()
    };
    for (user, manager) in users.iter_mut().zip(found) {
        let label = user.dn.clone().unwrap_or_else(|| user.upn_hint.clone());
        let record = |message| RecordError::new(user.line, Some(label), message);
        match (&user.manager_key, &manager) {
            (Some(key), None) => import.absent_managers.push(record(format!(
                "the manager '{}' isn't in the file.",
                key.text()
            ))),
            (Some(_), Some(manager)) if *manager == user.source_key => {
                import.warnings.push(record(
                    "the record names itself as its manager; that is left out.".into(),
                ));
                user.manager_key = None;
            }
            _ => user.manager_source_key = manager,
        }
    }
}

/// Source keys by the names that a manager can have; none where two people share the name.
#[derive(Default)]
struct Index<'a> {
    dns: HashMap<String, Option<&'a str>>,
    upns: HashMap<String, Option<&'a str>>,
    mails: HashMap<String, Option<&'a str>>,
    keys: HashMap<String, Option<&'a str>>,
    employees: HashMap<String, Option<&'a str>>,
    aliases: HashMap<String, Option<&'a str>>,
}

impl<'a> Index<'a> {
    fn of(users: &'a [SourceUser]) -> Self {
        let mut index = Self::default();
        for user in users {
            let key = user.source_key.as_str();
            let put = |map: &mut HashMap<String, Option<&'a str>>, name: String| {
                map.entry(name)
                    .and_modify(|known| *known = None)
                    .or_insert(Some(key));
            };
            let text = |property: &str| {
                user.properties
                    .get(property)
                    .and_then(|value| value.as_str())
                    .map(fold)
            };
            if let Some(dn) = &user.dn {
                put(&mut index.dns, dn::normalize(dn));
            }
            let upn = fold(&user.upn_hint);
            let alias = upn
                .rsplit_once('@')
                .map_or(upn.as_str(), |(local, _)| local)
                .to_owned();
            put(&mut index.aliases, alias);
            put(&mut index.upns, upn);
            put(&mut index.keys, fold(key));
            if let Some(mail) = text("mail") {
                put(&mut index.mails, mail);
            }
            if let Some(employee) = text("employeeId") {
                put(&mut index.employees, employee);
            }
        }
        index
    }

    fn find(&self, manager: &ManagerRef) -> Option<String> {
        let (maps, name) = match manager {
            ManagerRef::Dn(name) => (vec![&self.dns, &self.keys], name),
            ManagerRef::Upn(name) => (vec![&self.upns, &self.mails, &self.keys], name),
            ManagerRef::Key(name) => (vec![&self.keys, &self.employees, &self.aliases], name),
        };
        maps.into_iter()
            .find_map(|map| map.get(name).copied().flatten())
            .map(ToOwned::to_owned)
    }
}
