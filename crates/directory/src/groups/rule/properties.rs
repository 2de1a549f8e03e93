//! The properties that a rule can look at: what they are called there, and where their values are.
//!
//! Some have older names than in Graph. What comes from directories on premises nobody has here.

/// Where values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    /// A text of Graph's name.
    Text(&'static str),
    /// The first text of a list.
    First(&'static str),
    /// One of the attributes that are called `extensionAttribute`, by its Graph name.
    Extension(&'static str),
    Flag(&'static str),
    Date(&'static str),
    Texts(&'static str),
    /// What no user has: a text, unless it is said otherwise.
    Nobodys(Kind),
    /// The value that `-any` and `-all` are at.
    Item,
}

/// What operators fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Flag,
    Date,
    Texts,
    /// Objects: licences.
    Objects,
    /// A property of a device, which isn't looked at.
    Unknown,
}

impl Property {
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Text(_) | Self::First(_) | Self::Extension(_) | Self::Item => Kind::Text,
            Self::Flag(_) => Kind::Flag,
            Self::Date(_) => Kind::Date,
            Self::Texts(_) => Kind::Texts,
            Self::Nobodys(kind) => kind,
        }
    }
}

const EXTENSIONS: [&str; 15] = [
    "extensionAttribute1",
    "extensionAttribute2",
    "extensionAttribute3",
    "extensionAttribute4",
    "extensionAttribute5",
    "extensionAttribute6",
    "extensionAttribute7",
    "extensionAttribute8",
    "extensionAttribute9",
    "extensionAttribute10",
    "extensionAttribute11",
    "extensionAttribute12",
    "extensionAttribute13",
    "extensionAttribute14",
    "extensionAttribute15",
];

/// The property of a user that is called so in rules; the name is folded.
pub(super) fn of_user(name: &str) -> Option<Property> {
    Some(match name {
        "accountenabled" => Property::Flag("accountEnabled"),
        "assignedplans" => Property::Nobodys(Kind::Objects),
        "city" => Property::Text("city"),
        "companyname" => Property::Text("companyName"),
        "country" => Property::Text("country"),
        "creationtype" => Property::Text("creationType"),
        "department" => Property::Text("department"),
        "dirsyncenabled" => Property::Nobodys(Kind::Flag),
        "displayname" => Property::Text("displayName"),
        "employeehiredate" => Property::Date("employeeHireDate"),
        "employeeid" => Property::Text("employeeId"),
        "facsimiletelephonenumber" => Property::Text("faxNumber"),
        "givenname" => Property::Text("givenName"),
        "jobtitle" => Property::Text("jobTitle"),
        "mail" => Property::Text("mail"),
        "mailnickname" => Property::Text("mailNickname"),
        "mobile" => Property::Text("mobilePhone"),
        "objectid" => Property::Text("id"),
        "onpremisesdistinguishedname"
        | "onpremisesdomainname"
        | "onpremisesimmutableid"
        | "onpremisessamaccountname"
        | "onpremisessecurityidentifier"
        | "onpremisesuserprincipalname"
        | "sipproxyaddress" => Property::Nobodys(Kind::Text),
        "othermails" => Property::Texts("otherMails"),
        "passwordpolicies" => Property::Text("passwordPolicies"),
        "physicaldeliveryofficename" => Property::Text("officeLocation"),
        "postalcode" => Property::Text("postalCode"),
        "preferredlanguage" => Property::Text("preferredLanguage"),
        "proxyaddresses" => Property::Texts("proxyAddresses"),
        "state" => Property::Text("state"),
        "streetaddress" => Property::Text("streetAddress"),
        "surname" => Property::Text("surname"),
        "telephonenumber" => Property::First("businessPhones"),
        "usagelocation" => Property::Text("usageLocation"),
        "userprincipalname" => Property::Text("userPrincipalName"),
        "usertype" => Property::Text("userType"),
        _ => {
            let number: usize = name.strip_prefix("extensionattribute")?.parse().ok()?;
            Property::Extension(EXTENSIONS.get(number.checked_sub(1)?)?)
        }
    })
}

/// The property of a licence that is called so; the name is folded.
pub(super) fn of_plan(name: &str) -> Option<Property> {
    let is_known = ["capabilitystatus", "service", "serviceplanid"].contains(&name);
    is_known.then_some(Property::Nobodys(Kind::Text))
}
