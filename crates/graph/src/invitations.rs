//! `POST /invitations`: people of other tenants, or with an outside mail, as users here.
//!
//! The answer holds the link to redeem. No mail is sent, whatever `sendInvitationMessage` says: the
//! caller passes the link on. Making a member is more than inviting, so it takes the permission to
//! make users.
//!
//! Source: "Create invitation", the `invitation` resource (Microsoft Graph).

use directory::invitations::{NewInvitation, check_address};
use directory::users;
use http::StatusCode;
use identity::oauth::new_client_secret;
use serde_json::{Map, Value, json};
use types::{Error, Id, kind};
use uuid::Uuid;

use crate::errors::Refusal;
use crate::references::Bound;
use crate::reply::Reply;
use crate::request::Call;
use crate::route::{Routes, Versions};

const INVITE: &[&str] = &[
    "User.Invite.All",
    "Directory.ReadWrite.All",
    "User.ReadWrite.All",
];
/// What makes users of any type.
const MAKE_MEMBERS: [&str; 2] = ["Directory.ReadWrite.All", "User.ReadWrite.All"];
const SPONSORS: &str = "invitedUserSponsors";
/// Sponsors that one invitation names.
const SPONSORS_MAX: usize = 20;
const URL_MAX: usize = 2_048;
const MESSAGE_MAX: usize = 5_000;

/// Registers it.
pub(crate) fn routes(routes: &mut Routes) {
    let mut area = routes.area("invitations", Versions::Both);
    area.post(
        "/invitations",
        INVITE,
        "Invite somebody from outside; no mail is sent",
        create,
    );
}

/// What a body says.
struct Body {
    address: String,
    display_name: Option<String>,
    redirect_url: String,
    is_member: bool,
    sends_message: bool,
    message: Value,
    reset: Option<Id<kind::User>>,
    /// Those that stand in the body, and those that it names by their addresses.
    sponsors: Vec<Uuid>,
    bound: Bound,
}

fn wrong(name: &'static str, has_to: &str) -> Error {
    Error::invalid(
        name,
        format!(
            "Invalid value specified for property '{name}' of resource 'Invitation': it has to be {has_to}."
        ),
    )
}

fn text(
    body: &mut Map<String, Value>,
    name: &'static str,
    max: usize,
) -> Result<Option<String>, Error> {
    match body.shift_remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= max => Ok(Some(text)),
        Some(_) => Err(wrong(name, &format!("a text of {max} characters at most"))),
    }
}

fn required(
    body: &mut Map<String, Value>,
    name: &'static str,
    max: usize,
) -> Result<String, Error> {
    text(body, name, max)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| {
            Error::invalid(
                name,
                format!("A value is required for property '{name}' of resource 'Invitation'."),
            )
        })
}

fn flag(body: &mut Map<String, Value>, name: &'static str) -> Result<bool, Error> {
    match body.shift_remove(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(flag),
        Some(_) => Err(wrong(name, "true or false")),
    }
}

fn object(
    body: &mut Map<String, Value>,
    name: &'static str,
) -> Result<Option<Map<String, Value>>, Error> {
    match body.shift_remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(mut object)) => {
            object.retain(|name, _| !name.starts_with('@'));
            Ok(Some(object))
        }
        Some(_) => Err(wrong(name, "an object")),
    }
}

fn end(body: &Map<String, Value>, kind: &str) -> Result<(), Error> {
    match body.keys().next() {
        None => Ok(()),
        Some(name) => Err(Error::invalid(
            name.as_str(),
            format!(
                "Property '{name}' does not exist on type 'microsoft.graph.{kind}', or can't be set."
            ),
        )),
    }
}

impl Body {
    fn read(call: &Call) -> Result<Self, Refusal> {
        let mut body = call.object("invitation")?;
        let bound = Bound::take(call, &mut body, &[SPONSORS])?;
        let body = &mut body;
        let address = required(body, "invitedUserEmailAddress", 320)?;
        check_address(&address)?;
        let redirect_url = required(body, "inviteRedirectUrl", URL_MAX)?;
        if !is_web_address(&redirect_url) {
            return Err(wrong("inviteRedirectUrl", "an absolute http or https address").into());
        }
        let is_member = match text(body, "invitedUserType", 16)?.as_deref() {
            None => false,
            Some(kind) if kind.eq_ignore_ascii_case("Guest") => false,
            Some(kind) if kind.eq_ignore_ascii_case("Member") => true,
            Some(_) => return Err(wrong("invitedUserType", "Guest or Member").into()),
        };
        let resets = flag(body, "resetRedemption")?;
        let named = invited_user(body)?;
        if resets && named.is_none() {
            return Err(Error::invalid(
                "invitedUser",
                "A value is required for property 'invitedUser' where 'resetRedemption' is true: the id of the user who is to redeem once more.",
            )
            .into());
        }
        let read = Self {
            address,
            display_name: text(body, "invitedUserDisplayName", 256)?
                .filter(|name| !name.is_empty()),
            redirect_url,
            is_member,
            sends_message: flag(body, "sendInvitationMessage")?,
            message: message(object(body, "invitedUserMessageInfo")?)?,
            reset: named.filter(|_| resets),
            sponsors: sponsors(body)?,
            bound,
        };
        end(body, "invitation")?;
        Ok(read)
    }
}

/// The sponsors that a body lists: objects with their ids.
fn sponsors(body: &mut Map<String, Value>) -> Result<Vec<Uuid>, Error> {
    let has_to = || {
        wrong(
            SPONSORS,
            &format!("a list of {SPONSORS_MAX} objects with their ids at most"),
        )
    };
    let listed = match body.shift_remove(SPONSORS) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(listed)) if listed.len() <= SPONSORS_MAX => listed,
        Some(_) => return Err(has_to()),
    };
    let ids = listed.iter().map(|sponsor| {
        let id = sponsor
            .get("id")
            .and_then(Value::as_str)
            .ok_or_else(has_to)?;
        types::parse_uuid(id).ok_or_else(|| Error::not_found("directoryObject", id))
    });
    ids.collect()
}

fn is_web_address(text: &str) -> bool {
    let parsed: Option<http::Uri> = text.parse().ok();
    parsed.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
    })
}

fn invited_user(body: &mut Map<String, Value>) -> Result<Option<Id<kind::User>>, Error> {
    let Some(mut user) = object(body, "invitedUser")? else {
        return Ok(None);
    };
    let id = required(&mut user, "id", 36)?;
    end(&user, "user")?;
    // What isn't an id names nobody.
    let id = types::parse_uuid(&id).ok_or_else(|| Error::not_found("user", &id))?;
    Ok(Some(Id::new(id)))
}

/// Checks what would be in the mail, and shows it as Graph does.
fn message(info: Option<Map<String, Value>>) -> Result<Value, Error> {
    let mut info = info.unwrap_or_default();
    let language = text(&mut info, "messageLanguage", 64)?;
    let custom = text(&mut info, "customizedMessageBody", MESSAGE_MAX)?;
    let mut recipients = match info.shift_remove("ccRecipients") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(recipients)) if recipients.len() <= 1 => recipients,
        Some(_) => return Err(wrong("ccRecipients", "a list of one recipient at most")),
    };
    end(&info, "invitedUserMessageInfo")?;
    let copy = match recipients.pop() {
        None => json!({ "name": null, "address": null }),
        Some(Value::Object(mut recipient)) => {
            recipient.retain(|name, _| !name.starts_with('@'));
            let mut address = object(&mut recipient, "emailAddress")?.unwrap_or_default();
            end(&recipient, "recipient")?;
            let shown = json!({
                "name": text(&mut address, "name", 256)?,
                "address": text(&mut address, "address", 320)?,
            });
            end(&address, "emailAddress")?;
            shown
        }
        Some(_) => return Err(wrong("ccRecipients", "a list of recipients")),
    };
    Ok(json!({
        "messageLanguage": language,
        "customizedMessageBody": custom,
        "ccRecipients": [{ "emailAddress": copy }],
    }))
}

async fn create(call: Call) -> Result<Reply, Refusal> {
    let body = Body::read(&call)?;
    let may_make_members = |it: &&str| call.caller.allows(it, "users/create");
    if body.is_member && !MAKE_MEMBERS.iter().any(may_make_members) {
        return Err(Error::forbidden(
            "Insufficient privileges to complete the operation: inviting a member needs User.ReadWrite.All.",
        )
        .into());
    }
    let platform = call.platform();
    let home_tenant = platform
        .node
        .home_of(call.caller.tenant, &body.address)
        .await?;
    let ticket = new_client_secret(identity::random()?);
    let new = NewInvitation {
        address: body.address.clone(),
        display_name: body.display_name.clone(),
        is_member: body.is_member,
        redirect_url: body.redirect_url.clone(),
        home_tenant,
        ticket_hash: ticket.hash,
        reset: body.reset,
    };
    let (sponsors, bound) = (body.sponsors, body.bound);
    let invited = call
        .write(move |tx| {
            let invited = node::invitations::invite(tx, &new)?;
            for sponsor in sponsors {
                users::ensure_sponsor(tx, invited.user.id, sponsor)?;
            }
            for sponsor in bound.to(SPONSORS) {
                let sponsor = sponsor.resolve(tx)?;
                users::ensure_sponsor(tx, invited.user.id, sponsor)?;
            }
            Ok(invited)
        })
        .await?;
    let (status, link) = if invited.is_pending {
        let link = format!(
            "{}/redeem?tenant={}&user={}&ticket={}&ver=2.0",
            platform.public_url,
            call.caller.tenant,
            invited.user.id,
            ticket.secret.expose()
        );
        ("PendingAcceptance", Value::from(link))
    } else {
        ("Completed", Value::Null)
    };
    let shown = json!({
        "id": invited.id,
        "inviteRedeemUrl": link,
        "invitedUserDisplayName": body.display_name,
        "invitedUserType": invited.user.user_type(),
        "invitedUserEmailAddress": body.address,
        "sendInvitationMessage": body.sends_message,
        "resetRedemption": body.reset.is_some(),
        "inviteRedirectUrl": body.redirect_url,
        "status": status,
        "invitedUserMessageInfo": body.message,
        "invitedUser": { "id": invited.user.id },
    });
    Ok(Reply::entity(&call, "invitations", &shown)?.with_status(StatusCode::CREATED))
}
