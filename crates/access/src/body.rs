//! Bodies of requests, checked strictly, and the merging of a PATCH into what is there.
//!
//! - Absent leaves as it is, null inherits again, a value replaces. A part is merged member by
//!   member; a list of targets is replaced as a whole, since half a list has no meaning.
//! - What isn't known is refused by its name: a setting that was misspelt must not seem to be set.

use serde_json::{Map, Value, json};
use types::{Error, Result, TenantId};

/// Targets in one list, at most.
pub(crate) const TARGETS_MAX: usize = 1_000;
/// Characters in a display name, at most.
const DISPLAY_NAME_MAX: usize = 256;
const PRIMARY_PROVIDERS: [&str; 3] = [
    "azureActiveDirectory",
    "externalFederation",
    "socialIdentityProviders",
];
const FALLBACK_PROVIDERS: [&str; 3] = [
    "defaultConfiguredIdp",
    "emailOneTimePasscode",
    "microsoftAccount",
];

/// The part that is an object even where nothing is set.
pub(crate) const CONSENT: &str = "automaticUserConsentSettings";

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// What may stand in a member of a part.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member {
    /// True, false or null.
    Flag,
    /// Users and groups.
    Users,
    /// Applications.
    Applications,
    /// Devices, by a rule.
    Devices,
    /// Identity providers, in order.
    Providers,
    /// The last identity provider.
    Fallback,
}

/// A part of an entry.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    kind: &'static str,
    pub(crate) members: &'static [(&'static str, Member)],
}

const B2B: &[(&str, Member)] = &[
    ("usersAndGroups", Member::Users),
    ("applications", Member::Applications),
];

const fn b2b(name: &'static str) -> Part {
    Part {
        name,
        kind: "crossTenantAccessPolicyB2BSetting",
        members: B2B,
    }
}

/// The parts of the default; a partner has all but the last, a template the first six.
static PARTS: [Part; 11] = [
    Part {
        name: "inboundTrust",
        kind: "crossTenantAccessPolicyInboundTrust",
        members: &[
            ("isMfaAccepted", Member::Flag),
            ("isCompliantDeviceAccepted", Member::Flag),
            ("isHybridAzureADJoinedDeviceAccepted", Member::Flag),
        ],
    },
    Part {
        name: CONSENT,
        kind: "inboundOutboundPolicyConfiguration",
        members: &[
            ("inboundAllowed", Member::Flag),
            ("outboundAllowed", Member::Flag),
        ],
    },
    b2b("b2bCollaborationOutbound"),
    b2b("b2bCollaborationInbound"),
    b2b("b2bDirectConnectOutbound"),
    b2b("b2bDirectConnectInbound"),
    Part {
        name: "tenantRestrictions",
        kind: "crossTenantAccessPolicyTenantRestrictions",
        members: &[
            ("devices", Member::Devices),
            ("usersAndGroups", Member::Users),
            ("applications", Member::Applications),
        ],
    },
    Part {
        name: "m365CollaborationInbound",
        kind: "crossTenantAccessPolicyM365CollaborationInboundSetting",
        members: &[("users", Member::Users)],
    },
    Part {
        name: "m365CollaborationOutbound",
        kind: "crossTenantAccessPolicyM365CollaborationOutboundSetting",
        members: &[("usersAndGroups", Member::Users)],
    },
    Part {
        name: "appServiceConnectInbound",
        kind: "crossTenantAccessPolicyAppServiceConnectSetting",
        members: &[("applications", Member::Applications)],
    },
    Part {
        name: "invitationRedemptionIdentityProviderConfiguration",
        kind: "defaultInvitationRedemptionIdentityProviderConfiguration",
        members: &[
            ("primaryIdentityProviderPrecedenceOrder", Member::Providers),
            ("fallbackIdentityProvider", Member::Fallback),
        ],
    },
];

/// What the default can set.
pub(crate) fn default_parts() -> &'static [Part] {
    &PARTS
}
/// What a partner's entry can set.
pub(crate) fn partner_parts() -> &'static [Part] {
    PARTS.get(..10).unwrap_or(&PARTS)
}
/// What a template can set.
pub(crate) fn template_parts() -> &'static [Part] {
    PARTS.get(..6).unwrap_or(&PARTS)
}

/// A property that doesn't exist, or can't be set here.
pub(crate) fn unknown(path: &str) -> Error {
    Error::invalid(path, format!("Invalid property '{path}'."))
}
/// A key that a body repeats: it can't change, but naming the same tenant again does no harm.
pub(crate) fn same_tenant(path: &str, value: &Value, tenant: TenantId) -> Result<bool> {
    match value.as_str().and_then(types::parse_uuid) {
        Some(id) if id == tenant.uuid() => Ok(true),
        _ => Err(read_only(path)),
    }
}
/// A property that can't be set by anybody.
pub(crate) fn read_only(path: &str) -> Error {
    Error::invalid(
        path,
        format!("Property '{path}' is read-only and cannot be set."),
    )
}
/// A value that doesn't fit.
fn wrong(path: &str, has_to: impl std::fmt::Display) -> Error {
    Error::invalid(
        path,
        format!("Invalid value for property '{path}': it has to be {has_to}."),
    )
}

/// Whether a name is an annotation, which is no property. A type that contradicts is refused; the
/// others are left alone, since clients send back what they were given.
pub(crate) fn annotation(path: &str, name: &str, value: &Value, kind: &str) -> Result<bool> {
    if name == "@odata.type" {
        let given = value.as_str().map(|text| text.trim_start_matches('#'));
        if given != Some(&format!("microsoft.graph.{kind}")) {
            return Err(wrong(&join(path, name), format!("#microsoft.graph.{kind}")));
        }
    }
    Ok(name.contains("@odata."))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn object<'a>(path: &str, value: &'a Value) -> Result<&'a Object> {
    value.as_object().ok_or_else(|| wrong(path, "an object"))
}

/// Applies a body to the parts of an entry. `other` takes the properties that aren't parts and
/// answers whether it knows them.
pub(crate) fn apply(
    parts: &[Part],
    kind: &str,
    entry: &mut Object,
    body: &Object,
    mut other: impl FnMut(&str, &Value) -> Result<bool>,
) -> Result<()> {
    for (name, value) in body {
        if let Some(part) = parts.iter().find(|part| part.name == name) {
            let merged = merge(part, entry.get(name).unwrap_or(&Value::Null), value)?;
            entry.insert(name.clone(), merged);
        } else if !other(name, value)? && !annotation("", name, value, kind)? {
            return Err(unknown(name));
        }
    }
    Ok(())
}

/// Merges a part of a PATCH into what is there; null where it is to be null.
fn merge(part: &Part, old: &Value, patch: &Value) -> Result<Value> {
    if patch.is_null() {
        // Graph shows unset consent as an object with nulls.
        return Ok(if part.name == CONSENT {
            json!({"inboundAllowed": null, "outboundAllowed": null})
        } else {
            Value::Null
        });
    }
    let patch = object(part.name, patch)?;
    let mut merged: Object = part
        .members
        .iter()
        .map(|(name, _)| {
            (
                (*name).to_owned(),
                old.get(*name).cloned().unwrap_or(Value::Null),
            )
        })
        .collect();
    for (name, value) in patch {
        let path = join(part.name, name);
        if let Some((_, member)) = part.members.iter().find(|(known, _)| known == name) {
            merged.insert(name.clone(), check(*member, &path, value)?);
        } else if !annotation(part.name, name, value, part.kind)? {
            return Err(unknown(&path));
        }
    }
    agree(part.name, &merged)?;
    Ok(Value::Object(merged))
}

/// All users and all applications go together: both blocked or both allowed.
fn agree(path: &str, part: &Object) -> Result<()> {
    let all = |half: &str, name: &str| {
        let half = part.get(half)?;
        let targets = half.get("targets")?.as_array()?;
        let names_all = targets
            .iter()
            .any(|t| t.get("target").is_some_and(|t| t == name));
        if names_all {
            half.get("accessType")
        } else {
            None
        }
    };
    match (
        all("usersAndGroups", "AllUsers"),
        all("applications", "AllApplications"),
    ) {
        (Some(users), Some(applications)) if users != applications => Err(Error::invalid(
            path,
            format!(
                "Invalid value for property '{path}': AllUsers and AllApplications have to be \
                 both allowed or both blocked."
            ),
        )),
        _ => Ok(()),
    }
}

fn check(member: Member, path: &str, value: &Value) -> Result<Value> {
    match member {
        Member::Flag => flag(path, value).map(|flag| json!(flag)),
        _ if value.is_null() => Ok(Value::Null),
        Member::Users | Member::Applications => configuration(member, path, value),
        Member::Devices => devices(path, value),
        Member::Fallback => word(path, value, &FALLBACK_PROVIDERS),
        Member::Providers => {
            let items = value.as_array().filter(|items| !items.is_empty());
            let items = items.ok_or_else(|| wrong(path, "a collection of identity providers"))?;
            let mut order: Vec<Value> = Vec::new();
            for item in items {
                let provider = word(path, item, &PRIMARY_PROVIDERS)?;
                if order.contains(&provider) {
                    return Err(wrong(path, "a collection that names each provider once"));
                }
                order.push(provider);
            }
            Ok(order.into())
        }
    }
}

fn word(path: &str, value: &Value, words: &[&str]) -> Result<Value> {
    match value.as_str() {
        Some(text) if words.contains(&text) => Ok(value.clone()),
        _ => Err(wrong(path, format!("one of {}", words.join(", ")))),
    }
}

/// True, false or null.
pub(crate) fn flag(path: &str, value: &Value) -> Result<Option<bool>> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(*flag)),
        _ => Err(wrong(path, "true, false or null")),
    }
}

/// A text or null.
pub(crate) fn display_name(path: &str, value: &Value) -> Result<Option<String>> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.chars().count() <= DISPLAY_NAME_MAX => Ok(Some(text.clone())),
        _ => Err(wrong(
            path,
            format!("a text of at most {DISPLAY_NAME_MAX} characters or null"),
        )),
    }
}

/// `{"isSyncAllowed": …}` or null, merged into what is there.
pub(crate) fn user_sync_inbound(
    path: &str,
    value: &Value,
    old: Option<bool>,
) -> Result<Option<bool>> {
    sync_inbound(path, value, old, "crossTenantUserSyncInbound")
}

/// The same for groups.
pub(crate) fn group_sync_inbound(
    path: &str,
    value: &Value,
    old: Option<bool>,
) -> Result<Option<bool>> {
    sync_inbound(path, value, old, "crossTenantGroupSyncInbound")
}

fn sync_inbound(path: &str, value: &Value, old: Option<bool>, kind: &str) -> Result<Option<bool>> {
    if value.is_null() {
        return Ok(None);
    }
    let mut allowed = old;
    for (name, value) in object(path, value)? {
        match name.as_str() {
            "isSyncAllowed" => allowed = flag(&join(path, name), value)?,
            _ if annotation(path, name, value, kind)? => {}
            _ => return Err(unknown(&join(path, name))),
        }
    }
    Ok(allowed)
}

fn devices(path: &str, value: &Value) -> Result<Value> {
    let (mut mode, mut rule) = (Value::Null, Value::Null);
    for (name, value) in object(path, value)? {
        let path = join(path, name);
        match name.as_str() {
            "mode" if value.is_null() => {}
            "mode" => mode = word(&path, value, &["allowed", "blocked"])?,
            "rule" if value.is_null() || value.is_string() => rule = value.clone(),
            "rule" => return Err(wrong(&path, "a text or null")),
            _ if annotation(&path, name, value, "devicesFilter")? => {}
            _ => return Err(unknown(&path)),
        }
    }
    Ok(json!({"mode": mode, "rule": rule}))
}

fn configuration(member: Member, path: &str, value: &Value) -> Result<Value> {
    let (mut access_type, mut targets) = (None, None);
    for (name, value) in object(path, value)? {
        let at = join(path, name);
        match name.as_str() {
            "accessType" => access_type = Some(word(&at, value, &["allowed", "blocked"])?),
            "targets" => targets = Some(target_list(member, &at, value)?),
            _ if annotation(
                path,
                name,
                value,
                "crossTenantAccessPolicyTargetConfiguration",
            )? => {}
            _ => return Err(unknown(&at)),
        }
    }
    let (Some(access_type), Some(targets)) = (access_type, targets) else {
        return Err(wrong(path, "an object with accessType and targets"));
    };
    Ok(json!({"accessType": access_type, "targets": targets}))
}

fn target_list(member: Member, path: &str, value: &Value) -> Result<Vec<Value>> {
    let items = value
        .as_array()
        .ok_or_else(|| wrong(path, "a collection of targets"))?;
    if items.is_empty() {
        return Err(wrong(path, "a collection of at least one target"));
    }
    if items.len() > TARGETS_MAX {
        return Err(wrong(
            path,
            format!("a collection of at most {TARGETS_MAX} targets"),
        ));
    }
    let mut targets = Vec::with_capacity(items.len());
    let mut seen = std::collections::BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let (target, kind) = one_target(member, &format!("{path}[{index}]"), item)?;
        // Naming somebody twice says no more than once.
        if seen.insert((target.clone(), kind)) {
            targets.push(json!({"target": target, "targetType": kind}));
        }
    }
    Ok(targets)
}

fn one_target(member: Member, path: &str, item: &Value) -> Result<(String, &'static str)> {
    let (mut target, mut kind) = (None, None);
    for (name, value) in object(path, item)? {
        match name.as_str() {
            "target" => target = value.as_str(),
            "targetType" => kind = value.as_str(),
            _ if annotation(path, name, value, "crossTenantAccessPolicyTarget")? => {}
            _ => return Err(unknown(&join(path, name))),
        }
    }
    let special = match member {
        Member::Users => ["AllUsers"].as_slice(),
        _ => ["AllApplications", "Office365"].as_slice(),
    };
    let is_special = target.is_some_and(|target| special.contains(&target));
    let kind = match (member, kind) {
        (Member::Users, Some("user")) => "user",
        (Member::Users, Some("group")) if !is_special => "group",
        (Member::Users, Some("group")) => {
            return Err(wrong(
                &join(path, "targetType"),
                "user for the target AllUsers",
            ));
        }
        (Member::Users, _) => return Err(wrong(&join(path, "targetType"), "user or group")),
        (_, Some("application")) => "application",
        (_, _) => return Err(wrong(&join(path, "targetType"), "application")),
    };
    let id = target.and_then(types::parse_uuid);
    match (target, id) {
        (Some(target), _) if is_special => Ok((target.to_owned(), kind)),
        (_, Some(id)) if !id.is_nil() => Ok((id.to_string(), kind)),
        _ => Err(wrong(
            &join(path, "target"),
            format!("a GUID or {}", special.join(" or ")),
        )),
    }
}
