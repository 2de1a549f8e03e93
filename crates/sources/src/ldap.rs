//! LDAP attributes → Graph's properties, for OpenLDAP and its kin and for Active Directory.
//!
//! Rules: a record is a person by its object classes, never by its place in the tree; of several
//! attributes the first that has a value counts, so one table serves both families; a value with a
//! language option counts only where there is none without. Accounts that the domain made for itself
//! (`isCriticalSystemObject`, trusts) aren't people, as in Entra Connect's default rules.
//!
//! Sources: RFC 2798 (inetOrgPerson), RFC 4519 (names and their aliases), Active Directory schema
//! (`userAccountControl`, `objectGUID`), Entra Connect "Attributes synchronized".

use std::io::BufRead;

use uuid::Uuid;

use crate::ldif::{Attribute, Reader, Record};
use crate::map::Map;
use crate::properties::{Kind, PROPERTIES, flag};
use crate::user::Draft;
use crate::{Collector, FileError};

/// The attributes that give a property, best first, in lower case.
const SOURCES: &[(&str, &[&str])] = &[
    ("displayName", &["displayname", "cn", "commonname"]),
    ("givenName", &["givenname", "gn"]),
    ("surname", &["sn", "surname"]),
    ("mailNickname", &["mailnickname"]),
    ("mail", &["mail", "rfc822mailbox"]),
    ("jobTitle", &["title"]),
    ("department", &["department", "ou", "departmentnumber"]),
    ("companyName", &["company", "o"]),
    ("employeeId", &["employeeid", "employeenumber"]),
    ("employeeType", &["employeetype"]),
    (
        "officeLocation",
        &["physicaldeliveryofficename", "roomnumber"],
    ),
    ("streetAddress", &["streetaddress", "street"]),
    ("city", &["l", "localityname"]),
    ("state", &["st", "stateorprovincename"]),
    ("postalCode", &["postalcode"]),
    (
        "country",
        &["co", "friendlycountryname", "c", "countryname"],
    ),
    ("businessPhones", &["telephonenumber", "othertelephone"]),
    ("mobilePhone", &["mobile", "mobiletelephonenumber"]),
    ("preferredLanguage", &["preferredlanguage"]),
    (
        "usageLocation",
        &["msexchusagelocation", "c", "countryname"],
    ),
];

/// What one can sign in with, best first.
const SIGN_IN: &[&str] = &[
    "userprincipalname",
    "uid",
    "userid",
    "samaccountname",
    "mail",
    "mailnickname",
];

const PERSON_CLASSES: &[&str] = &["person", "organizationalperson", "inetorgperson", "user"];
/// These inherit from a class of persons, or are found beside one.
const OTHER_CLASSES: &[&str] = &[
    "computer",
    "contact",
    "group",
    "groupofnames",
    "groupofuniquenames",
    "msds-groupmanagedserviceaccount",
    "msds-managedserviceaccount",
];

/// `userAccountControl`: ACCOUNTDISABLE.
const ACCOUNT_DISABLED: i64 = 0x2;
/// `userAccountControl`: accounts of trusts, workstations and domain controllers.
const ACCOUNT_OF_MACHINE: i64 = 0x800 | 0x1000 | 0x2000;

/// Reads all records of `input` into `collector`.
pub(crate) fn collect(
    input: impl BufRead,
    map: &Map,
    collector: &mut Collector,
) -> Result<(), FileError> {
    let mut reader = Reader::new(input);
    while let Some(record) = reader.next_record()? {
        let label = Some(record.dn.clone()).filter(|dn| !dn.is_empty());
        if !is_person(&record) {
            // A record that broke before its classes could be one of a person.
            match record.fault {
                Some((line, message)) if !has(&record, "objectclass") => {
                    collector.skip(line, label, message);
                }
                _ => collector.ignore(),
            }
        } else if let Some((line, message)) = record.fault {
            collector.skip(line, label, message);
        } else {
            match draft(&record, map) {
                Ok(draft) => collector.add(draft),
                Err((line, message)) => collector.skip(line, label, message),
            }
        }
    }
    Ok(())
}

/// Whether a record describes somebody who could sign in.
fn is_person(record: &Record) -> bool {
    let classes: Vec<String> = ascii(record, "objectclass").collect();
    let control = account_control(record).unwrap_or(0);
    let is_of_the_domain = ascii(record, "iscriticalsystemobject").any(|value| value == "true");
    if control & ACCOUNT_OF_MACHINE != 0 || is_of_the_domain {
        return false;
    }
    if classes.is_empty() {
        // Exports of chosen attributes often leave the classes away.
        let is_other = ["grouptype", "member", "uniquemember", "memberuid"]
            .iter()
            .any(|name| has(record, name))
            || ascii(record, "samaccountname").any(|name| name.ends_with('$'));
        let names = [
            "userprincipalname",
            "uid",
            "samaccountname",
            "sn",
            "givenname",
        ];
        return !is_other && names.iter().any(|name| has(record, name));
    }
    let any_of = |names: &[&str]| classes.iter().any(|class| names.contains(&class.as_str()));
    any_of(PERSON_CLASSES) && !any_of(OTHER_CLASSES)
}

/// Reads a person's values. An error names its line.
fn draft(record: &Record, map: &Map) -> Result<Draft, (u64, String)> {
    let mut draft = Draft {
        line: record.line,
        dn: Some(record.dn.clone()).filter(|dn| !dn.is_empty()),
        ..Draft::default()
    };
    for (property, kind) in PROPERTIES {
        let usual = SOURCES
            .iter()
            .find(|(name, _)| name == property)
            .map_or(&[][..], |(_, names)| names);
        let found = match map.sources(property) {
            Some(names) => texts(record, names.iter().map(String::as_str))?,
            None => texts(record, usual.iter().copied())?,
        };
        if *kind != Kind::Flag {
            draft.values.insert(property, found);
        } else if let Some(value) = found.first() {
            let Some(enabled) = flag(value) else {
                return Err((
                    record.line,
                    format!("'{value}' isn't yes or no, as {property} has to be."),
                ));
            };
            draft.enabled = Some(enabled);
        }
    }
    if map.sources("accountEnabled").is_none() {
        draft.enabled = enabled(record);
    }
    if map.sources("otherMails").is_none() {
        other_mails(record, &mut draft)?;
    }
    if let Some(names) = map.sources("userPrincipalName") {
        draft.sign_in = texts(record, names.iter().map(String::as_str))?;
        draft.user_principal_name = draft.sign_in.first().cloned();
    } else {
        draft.user_principal_name = texts(record, ["userPrincipalName"].into_iter())?
            .into_iter()
            .next();
    }
    draft
        .sign_in
        .extend(texts(record, SIGN_IN.iter().copied())?);
    draft.key = match map.sources("sourceKey") {
        Some(names) => match texts(record, names.iter().map(String::as_str))?
            .into_iter()
            .next()
        {
            Some(key) => Some(key),
            None => {
                return Err((
                    record.line,
                    format!("the source key ({}) is missing.", names.join(", ")),
                ));
            }
        },
        None => own_id(record)?,
    };
    draft.manager = match map.sources("manager") {
        Some(names) => texts(record, names.iter().map(String::as_str))?,
        None => texts(record, ["manager"].into_iter())?,
    }
    .into_iter()
    .next();
    let photos: Vec<&str> = match map.sources("photo") {
        Some(names) => names.iter().map(String::as_str).collect(),
        None => vec!["jpegphoto", "thumbnailphoto"],
    };
    let photo = photos
        .into_iter()
        .find_map(|name| find(record, name).into_iter().next());
    draft.photo = photo
        .map(|photo| photo.value.clone())
        .filter(|photo| !photo.is_empty());
    Ok(draft)
}

/// The record's own id: the same for as long as the entry lives, wherever it is moved.
fn own_id(record: &Record) -> Result<Option<String>, (u64, String)> {
    if let Some(id) = find(record, "objectguid").into_iter().next() {
        // Sixteen bytes, the first three groups with the lowest byte first; some tools write text.
        let text = std::str::from_utf8(&id.value)
            .ok()
            .map(|text| text.trim().trim_matches(['{', '}']));
        let guid = Uuid::from_slice_le(&id.value)
            .ok()
            .or_else(|| text.and_then(|text| Uuid::try_parse(text).ok()));
        return match guid {
            Some(guid) => Ok(Some(guid.to_string())),
            None => Err((id.line, "the objectGUID isn't a GUID of 16 bytes.".into())),
        };
    }
    let ids = texts(
        record,
        ["entryuuid", "nsuniqueid", "ipauniqueid"].into_iter(),
    )?;
    Ok(ids.into_iter().next().map(|id| types::fold(&id)))
}

/// Whether the account is enabled, where the record says so.
fn enabled(record: &Record) -> Option<bool> {
    if let Some(control) = account_control(record) {
        return Some(control & ACCOUNT_DISABLED == 0);
    }
    // OpenLDAP's password policy writes this instant for "locked until an administrator unlocks".
    let locked_for_good = ascii(record, "pwdaccountlockedtime").any(|time| time == "000001010000z");
    let lock = ascii(record, "nsaccountlock")
        .next()
        .and_then(|value| flag(&value));
    if locked_for_good {
        Some(false)
    } else {
        lock.map(|locked| !locked)
    }
}

fn account_control(record: &Record) -> Option<i64> {
    ascii(record, "useraccountcontrol")
        .next()
        .and_then(|value| value.trim().parse().ok())
}

/// Adds the further mail addresses, and the main one where only `proxyAddresses` has it.
fn other_mails(record: &Record, draft: &mut Draft) -> Result<(), (u64, String)> {
    let mails = draft.values.get("mail").cloned().unwrap_or_default();
    let mut others: Vec<String> = mails.get(1..).unwrap_or_default().to_vec();
    for address in texts(record, ["proxyaddresses"].into_iter())? {
        // Upper case marks the main address; other prefixes (X500, SIP) are no mail.
        if let Some(main) = address.strip_prefix("SMTP:") {
            if mails.is_empty() {
                draft.values.insert("mail", vec![main.to_owned()]);
            } else {
                others.push(main.to_owned());
            }
        } else if let Some(other) = address.strip_prefix("smtp:") {
            others.push(other.to_owned());
        }
    }
    draft.values.insert("otherMails", others);
    Ok(())
}

fn has(record: &Record, name: &str) -> bool {
    record
        .attributes
        .iter()
        .any(|attribute| attribute.name == name)
}

/// The values of attributes whose syntax is ASCII, in lower case.
fn ascii<'a>(record: &'a Record, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let found = record
        .attributes
        .iter()
        .filter(move |attribute| attribute.name == name);
    found.map(|attribute| {
        String::from_utf8_lossy(&attribute.value)
            .trim()
            .to_ascii_lowercase()
    })
}

/// The values of one attribute: of exactly that option where `name` has one; otherwise those without
/// a language, and only where there are none those with one.
fn find<'a>(record: &'a Record, name: &str) -> Vec<&'a Attribute> {
    let name = name.trim().to_ascii_lowercase();
    let mut parts = name.split(';');
    let base = parts.next().unwrap_or_default();
    let options: Vec<&str> = parts.collect();
    let all = || {
        record
            .attributes
            .iter()
            .filter(|attribute| attribute.name == base)
    };
    if !options.is_empty() {
        return all()
            .filter(|attribute| attribute.options == options)
            .collect();
    }
    let plain = |attribute: &&Attribute| attribute.options.iter().all(|option| option == "binary");
    let found: Vec<&Attribute> = all().filter(plain).collect();
    if found.is_empty() {
        all().collect()
    } else {
        found
    }
}

/// The values of all attributes of `names` as text, in the order of the names, without empty ones.
fn texts<'n>(
    record: &Record,
    names: impl Iterator<Item = &'n str>,
) -> Result<Vec<String>, (u64, String)> {
    let mut out = Vec::new();
    for name in names {
        for attribute in find(record, name) {
            match std::str::from_utf8(&attribute.value) {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => out.push(text.to_owned()),
                Err(_) => {
                    return Err((
                        attribute.line,
                        format!("the value of '{name}' isn't UTF-8."),
                    ));
                }
            }
        }
    }
    Ok(out)
}
