//! What a home says of one of its users by a mapping of its own: which attributes are the home's,
//! and what a user begins with. The other attributes are this tenant's.
//!
//! Without such a mapping the default holds ([`crate::synced::MAPPED`]).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use types::{Error, Id, Result, Upn, kind};

use crate::schema::{is_mail, set};
use crate::synced::{MAPPED, SyncedUser};
use crate::users::{self, User};

/// Attributes that a home may map besides [`MAPPED`]; they aren't in the default mapping.
pub const MAPPABLE: [&str; 5] = [
    "companyName",
    "employeeType",
    "faxNumber",
    "mobilePhone",
    "usageLocation",
];
/// What is no property of the document, or has rules of its own.
const SPECIAL: [&str; 6] = [
    "accountEnabled",
    "mail",
    "manager",
    "showInAddressList",
    "userPrincipalName",
    "userType",
];

/// Document key of ours: the attributes that are the home's, where it has a mapping of its own.
pub(crate) const FLOWS: &str = "#flows";

/// A home's own mapping for one user.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OwnMapping {
    /// The attributes that are the home's: what has no value is cleared. Of the others none is
    /// touched.
    pub flows: BTreeSet<String>,
    /// What a user begins with.
    pub on_creation: Map<String, Value>,
    /// What is set where there is no value.
    pub if_absent: Map<String, Value>,
    /// What the name here is made from, if not from the one at home; its domain is the home's.
    pub named_after: Option<String>,
}

/// Whether a mapping of a home's own may speak of an attribute.
pub fn can_be_mapped(name: &str) -> bool {
    MAPPED.contains(&name) || MAPPABLE.contains(&name) || SPECIAL.contains(&name)
}

/// A user who is about to be made.
pub(crate) struct New<'a> {
    pub(crate) properties: Map<String, Value>,
    pub(crate) name: &'a str,
    pub(crate) mail: Option<&'a str>,
    pub(crate) manager: Option<Id<kind::User>>,
    pub(crate) account_enabled: bool,
    pub(crate) is_guest: bool,
    pub(crate) show_in_address_list: bool,
    pub(crate) flows: Value,
}

fn wrong(name: &str, has_to: &str) -> Error {
    Error::invalid(
        name,
        format!(
            "Invalid value specified for property '{name}' of resource 'User': it has to be {has_to}."
        ),
    )
}

fn flag(name: &str, value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| wrong(name, "true or false"))
}

fn is_guest(value: &Value) -> Result<bool> {
    match value.as_str() {
        Some(text) if text.eq_ignore_ascii_case("guest") => Ok(true),
        Some(text) if text.eq_ignore_ascii_case("member") => Ok(false),
        _ => Err(wrong("userType", "Member or Guest")),
    }
}

/// A name that a mapping has made: another one in the same domain.
fn check_name(name: &str, home_upn: &str) -> Result<()> {
    Upn::parse(name)?;
    let domain = |name: &str| {
        let domain = name.rsplit_once('@').map(|(_, domain)| domain);
        domain.unwrap_or_default().to_lowercase()
    };
    if domain(name) == domain(home_upn) {
        return Ok(());
    }
    Err(wrong(
        "userPrincipalName",
        "in the domain that the user has at home",
    ))
}

impl OwnMapping {
    pub(crate) fn flows(&self, name: &str) -> bool {
        self.flows.contains(name)
    }

    /// Checks what has rules of its own, and brings the rest into the form that is stored.
    pub(crate) fn normal(&self, synced: &SyncedUser) -> Result<Self> {
        let mut normal = self.clone();
        normal.flows.retain(|name| can_be_mapped(name));
        for values in [&mut normal.on_creation, &mut normal.if_absent] {
            *values = checked(values, &synced.user_principal_name)?;
        }
        if let Some(name) = &self.named_after {
            check_name(name, &synced.user_principal_name)?;
        }
        Ok(normal)
    }

    /// The name that the one here is made from.
    pub(crate) fn name<'a>(&'a self, synced: &'a SyncedUser) -> &'a str {
        self.named_after
            .as_deref()
            .unwrap_or(&synced.user_principal_name)
    }

    /// What a user is made of; `properties` are the home's, checked.
    pub(crate) fn new_user<'a>(
        &'a self,
        synced: &'a SyncedUser,
        properties: &Map<String, Value>,
    ) -> Result<New<'a>> {
        let begins = |name: &str| {
            let value = self.on_creation.get(name);
            value.or_else(|| self.if_absent.get(name))
        };
        let text = |name: &str| begins(name).and_then(Value::as_str);
        let value = |name: &str| properties.get(name).or_else(|| begins(name));
        let mut all = self.if_absent.clone();
        for (name, value) in self.on_creation.iter().chain(properties) {
            all.insert(name.clone(), value.clone());
        }
        all.retain(|name, _| !SPECIAL.contains(&name.as_str()));
        if !all.get("displayName").is_some_and(Value::is_string) {
            return Err(wrong("displayName", "there when a user is made"));
        }
        let manager = match (self.flows("manager"), text("manager")) {
            (true, _) => synced.manager_home_id,
            (false, Some(id)) => Some(id.parse().map_err(|_| wrong("manager", "an object id"))?),
            (false, None) => None,
        };
        let mail = if self.flows("mail") {
            synced.home_mail.as_deref()
        } else {
            text("mail")
        };
        let account_enabled = match begins("accountEnabled") {
            _ if self.flows("accountEnabled") => synced.account_enabled,
            Some(value) => flag("accountEnabled", value)?,
            None => true,
        };
        Ok(New {
            properties: all,
            name: text("userPrincipalName").unwrap_or_else(|| self.name(synced)),
            mail,
            manager,
            account_enabled,
            is_guest: synced.guest_at_most || value("userType").map_or(Ok(false), is_guest)?,
            show_in_address_list: value("showInAddressList")
                .map_or(Ok(true), |value| flag("showInAddressList", value))?,
            flows: json!(self.flows),
        })
    }

    /// Sets of a user who is here what the home's mapping says, beyond what the default mapping
    /// knows.
    pub(crate) fn apply(&self, user: &mut User, properties: &Map<String, Value>) -> Result<()> {
        for name in MAPPABLE {
            match properties.get(name) {
                Some(value) => {
                    set(&mut user.document, name, Some(value.clone()));
                }
                None if self.flows(name) => {
                    set(&mut user.document, name, None);
                }
                None => {}
            }
        }
        if let Some(value) = properties.get("showInAddressList") {
            flag("showInAddressList", value)?;
            set(&mut user.document, "showInAddressList", Some(value.clone()));
        }
        if let Some(value) = properties.get("userType") {
            let folded = if is_guest(value)? { "guest" } else { "member" };
            folded.clone_into(&mut user.folded_type);
        }
        for (name, value) in &self.if_absent {
            let absent = !user.document.contains_key(name.as_str());
            match name.as_str() {
                "mail" if absent => {
                    set(&mut user.document, "mail", Some(value.clone()));
                    set(&mut user.document, "otherMails", Some(json!([value])));
                }
                "manager" if user.manager_ref.is_none() => {
                    user.manager_ref = value.as_str().and_then(|id| id.parse().ok());
                }
                name if absent && !SPECIAL.contains(&name) => {
                    set(&mut user.document, name, Some(value.clone()));
                }
                _ => {}
            }
        }
        set(&mut user.document, FLOWS, Some(json!(self.flows)));
        Ok(())
    }
}

/// Values of attributes in the form that is stored.
pub(crate) fn checked(values: &Map<String, Value>, home_upn: &str) -> Result<Map<String, Value>> {
    let mut normal = Map::new();
    for (name, value) in values {
        let value = match name.as_str() {
            "accountEnabled" | "showInAddressList" => Some(flag(name, value)?.into()),
            "userType" => is_guest(value).map(|_| Some(value.clone()))?,
            "manager" => {
                let id = value
                    .as_str()
                    .and_then(|id| id.parse::<Id<kind::User>>().ok());
                Some(json!(id.ok_or_else(|| wrong(name, "an object id"))?))
            }
            "mail" => {
                let mail = value.as_str().filter(|mail| is_mail(mail));
                Some(mail.ok_or_else(|| wrong(name, "a mail address"))?.into())
            }
            "userPrincipalName" => {
                check_name(value.as_str().unwrap_or_default(), home_upn)?;
                Some(value.clone())
            }
            _ if can_be_mapped(name) => users::normal(name, value)?,
            _ => {
                return Err(Error::invalid(
                    name,
                    format!("Property '{name}' isn't one that synchronization sets."),
                ));
            }
        };
        normal.extend(value.map(|value| (name.clone(), value)));
    }
    Ok(normal)
}

/// Whether an attribute of a synced user is its home's to change.
pub(crate) fn is_owned(user: &User, name: &str) -> bool {
    let Some(flows) = user.document.get(FLOWS).and_then(Value::as_array) else {
        return MAPPED.contains(&name)
            || ["userPrincipalName", "mail", "otherMails"].contains(&name);
    };
    let flows = |name: &str| flows.iter().any(|flow| flow == name);
    match name {
        // Nobody but the home gives the name.
        "userPrincipalName" => true,
        "otherMails" => flows("mail"),
        name => flows(name),
    }
}
