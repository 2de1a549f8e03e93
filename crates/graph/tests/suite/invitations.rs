//! Inviting people from outside: what comes of it, who may, and what both sides' rules say.

use crate::common::tenants::{Caller, NOBODY, Tenants};
use serde_json::{Value, json};

const ALL: &str = "User.Invite.All,User.ReadWrite.All,Directory.ReadWrite.All,Policy.Read.All,\
    Policy.ReadWrite.CrossTenantAccess,AuditLog.Read.All,User.DeleteRestore.All,\
    MultiTenantOrganization.ReadWrite.All,Synchronization.ReadWrite.All";

fn invitation(address: &str) -> Value {
    json!({ "invitedUserEmailAddress": address, "inviteRedirectUrl": "https://app.contoso.example" })
}

async fn invite(by: &Caller, address: &str) -> Value {
    by.post("/invitations", invitation(address))
        .await
        .expect(201)
}

async fn invited(by: &Caller, made: &Value) -> Value {
    let id = made["invitedUser"]["id"].as_str().unwrap();
    let select = "id,displayName,mail,otherMails,userPrincipalName,userType,creationType,\
        externalUserState,externalUserStateChangeDateTime,accountEnabled,identities,mailNickname";
    by.get(&format!("/users/{id}?$select={select}"))
        .await
        .expect(200)
}

#[tokio::test]
async fn a_guest_is_made_once() {
    let d = Tenants::start(ALL).await;
    let contoso = d.tenant("Contoso").await;
    let mut body = invitation("Ann.O@Outside.example");
    body["invitedUserDisplayName"] = json!("Ann");
    body["sendInvitationMessage"] = json!(true);
    body["invitedUserMessageInfo"] = json!({
        "@odata.type": "#microsoft.graph.invitedUserMessageInfo",
        "customizedMessageBody": "Come in",
        "ccRecipients": [{ "emailAddress": { "address": "boss@contoso.example" } }],
    });
    let made = contoso.post("/invitations", body).await.expect(201);
    assert!(
        made["@odata.context"]
            .as_str()
            .unwrap()
            .ends_with("#invitations/$entity")
    );
    assert_eq!(made["status"], "PendingAcceptance");
    assert_eq!(made["invitedUserType"], "Guest");
    assert_eq!(made["sendInvitationMessage"], true);
    assert_eq!(made["resetRedemption"], false);
    let message = &made["invitedUserMessageInfo"];
    assert_eq!(message["customizedMessageBody"], "Come in");
    assert_eq!(
        message["ccRecipients"][0]["emailAddress"]["address"],
        "boss@contoso.example"
    );
    let link = made["inviteRedeemUrl"].as_str().unwrap();
    assert!(link.contains(&contoso.id.to_string()) && link.contains("ticket="));

    let user = invited(&contoso, &made).await;
    assert_eq!(user["displayName"], "Ann");
    assert_eq!(user["userType"], "Guest");
    assert_eq!(user["creationType"], "Invitation");
    assert_eq!(user["externalUserState"], "PendingAcceptance");
    assert_eq!(user["mail"], "Ann.O@Outside.example");
    assert_eq!(
        user["userPrincipalName"],
        "Ann.O_Outside.example#EXT#@contoso.example"
    );
    assert_eq!(user["identities"].as_array().unwrap().len(), 1);

    // Again, in other letters: another link to the same user.
    let again = invite(&contoso, "ann.o@outside.EXAMPLE").await;
    assert_eq!(again["invitedUser"], made["invitedUser"]);
    assert_ne!(again["id"], made["id"]);
    assert_ne!(again["inviteRedeemUrl"], made["inviteRedeemUrl"]);
    let guests = contoso
        .get("/users?$filter=userType eq 'Guest'")
        .await
        .expect(200);
    assert_eq!(guests["value"].as_array().unwrap().len(), 1);
    let audits = contoso
        .get("/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Invite external user'")
        .await
        .expect(200);
    assert_eq!(audits["value"].as_array().unwrap().len(), 2);
    assert!(!audits.to_string().contains("ticket"));

    // The name is derived, the rest is this tenant's.
    let path = format!("/users/{}", user["id"].as_str().unwrap());
    contoso
        .patch(&path, json!({ "displayName": "Ann O" }))
        .await
        .expect(204);
    contoso
        .patch(&path, json!({ "userPrincipalName": "ann@contoso.example" }))
        .await
        .refused(400, "Request_BadRequest");

    // Deleted, it is named; deleted for good, the address is free.
    contoso.delete(&path).await.expect(204);
    let refused = contoso
        .post("/invitations", invitation("ann.o@outside.example"))
        .await;
    assert!(
        refused
            .refused(400, "Request_BadRequest")
            .contains("deleted")
    );
    let item = format!("/directory/deletedItems/{}", user["id"].as_str().unwrap());
    contoso.delete(&item).await.expect(204);
    let new = invite(&contoso, "ann.o@outside.example").await;
    assert_ne!(new["invitedUser"], made["invitedUser"]);
}

#[tokio::test]
async fn guest_and_member_are_one_object() {
    let d = Tenants::start(ALL).await;
    let contoso = d.tenant("Contoso").await;
    let made = invite(&contoso, "ann@outside.example").await;
    let path = format!("/users/{}", made["invitedUser"]["id"].as_str().unwrap());
    for kind in ["Member", "Guest", "Member"] {
        contoso
            .patch(&path, json!({ "userType": kind }))
            .await
            .expect(204);
        let user = invited(&contoso, &made).await;
        assert_eq!(user["userType"], kind);
        assert_eq!(user["id"], made["invitedUser"]["id"]);
        assert_eq!(user["externalUserState"], "PendingAcceptance");
        let again = invite(&contoso, "ann@outside.example").await;
        assert_eq!(again["invitedUser"], made["invitedUser"]);
        assert_eq!(again["invitedUserType"], kind);
    }
    // To make a member at once takes the permission to make users.
    let mut body = invitation("bob@outside.example");
    body["invitedUserType"] = json!("member");
    let inviter = contoso.with_permissions("User.Invite.All");
    inviter
        .post("/invitations", body.clone())
        .await
        .refused(403, "Authorization_RequestDenied");
    let bob = contoso.post("/invitations", body).await.expect(201);
    assert_eq!(bob["invitedUserType"], "Member");
    inviter
        .post("/invitations", invitation("cy@outside.example"))
        .await
        .expect(201);
    contoso
        .with_permissions("User.Read.All")
        .post("/invitations", invitation("dan@outside.example"))
        .await
        .refused(403, "Authorization_RequestDenied");
}

#[tokio::test]
async fn what_cannot_be_invited_is_refused() {
    let d = Tenants::start(ALL).await;
    let contoso = d.tenant("Contoso").await;
    let with = |name: &str, value: Value| {
        let mut body = invitation("ann@outside.example");
        body[name] = value;
        body
    };
    let own = json!({
        "accountEnabled": true, "displayName": "Own", "mailNickname": "own", "mail": "own@private.example",
        "userPrincipalName": "own@contoso.example", "passwordProfile": { "password": "Correct-Horse-7" },
    });
    let own = contoso.post("/users", own).await.expect(201);
    for body in [
        json!({}),
        json!({ "invitedUserEmailAddress": "ann@outside.example" }),
        with("invitedUserEmailAddress", json!("no mail")),
        with("invitedUserEmailAddress", json!("a+b@outside.example")),
        with("invitedUserEmailAddress", json!(".ann@outside.example")),
        with("invitedUserEmailAddress", json!("ann#EXT#@outside.example")),
        with(
            "invitedUserEmailAddress",
            json!(format!("{}@outside.example", "x".repeat(250))),
        ),
        with("invitedUserEmailAddress", json!("new@contoso.example")),
        with("invitedUserEmailAddress", json!("OWN@private.example")),
        with("inviteRedirectUrl", json!("/relative")),
        with("inviteRedirectUrl", json!("javascript:alert(1)")),
        with("invitedUserType", json!("Owner")),
        with("sendInvitationMessage", json!("yes")),
        with("invitedUserMessageInfo", json!({ "nonsense": 1 })),
        with(
            "invitedUserMessageInfo",
            json!({ "ccRecipients": [{}, {}] }),
        ),
        with("resetRedemption", json!(true)),
        with("status", json!("Completed")),
        with("invitedUserDisplayName", json!(7)),
    ] {
        let refused = contoso.post("/invitations", body.clone()).await;
        assert_eq!(refused.status, 400, "{body} {}", refused.json);
    }
    for user in [own["id"].clone(), json!(NOBODY), json!("x")] {
        let mut body = with("resetRedemption", json!(true));
        body["invitedUser"] = json!({ "id": user });
        let status = contoso.post("/invitations", body).await.status;
        assert_eq!(status, if user == own["id"] { 400 } else { 404 });
    }
    let invited = "/users?$filter=creationType eq 'Invitation'";
    let invited = contoso.get(invited).await.expect(200);
    assert_eq!(invited["value"], json!([]));
}

#[tokio::test]
async fn redemption_can_be_asked_for_again_under_another_address() {
    let d = Tenants::start(ALL).await;
    let contoso = d.tenant("Contoso").await;
    let ann = invite(&contoso, "ann@old.example").await;
    let bob = invite(&contoso, "bob@old.example").await;
    let mut body = invitation("ann@new.example");
    body["resetRedemption"] = json!(true);
    body["invitedUser"] = ann["invitedUser"].clone();
    let again = contoso.post("/invitations", body.clone()).await.expect(201);
    assert_eq!(again["invitedUser"], ann["invitedUser"]);
    assert_eq!(again["resetRedemption"], true);
    let user = invited(&contoso, &ann).await;
    assert_eq!(user["mail"], "ann@new.example");
    assert_eq!(
        user["userPrincipalName"],
        "ann_old.example#EXT#@contoso.example"
    );
    // The old address is nobody's now; another's can't be taken.
    let old = invite(&contoso, "ann@old.example").await;
    assert_ne!(old["invitedUser"], ann["invitedUser"]);
    body["invitedUserEmailAddress"] = json!("bob@old.example");
    contoso
        .post("/invitations", body)
        .await
        .refused(400, "Request_BadRequest");
    let user = invited(&contoso, &bob).await;
    assert_eq!(user["mail"], "bob@old.example");
}

async fn set_users(tenant: &Caller, part: &str, access: &str, target: &str) {
    let kind = if target == "AllUsers" {
        "user"
    } else {
        "group"
    };
    let list = |target: &str, kind: &str| json!({ "accessType": access, "targets": [{ "target": target, "targetType": kind }] });
    let applications = list("AllApplications", "application");
    let body =
        json!({ part: { "usersAndGroups": list(target, kind), "applications": applications } });
    tenant
        .patch("/policies/crossTenantAccessPolicy/default", body)
        .await
        .expect(204);
}

#[tokio::test]
async fn both_sides_have_to_allow_it() {
    let d = Tenants::start(ALL).await;
    let (contoso, fabrikam) = (d.tenant("Contoso").await, d.tenant("Fabrikam").await);
    let refused = async |address: &str| {
        let answer = contoso.post("/invitations", invitation(address)).await;
        let message = answer.refused(403, "Authorization_RequestDenied");
        assert!(
            message.contains("cross-tenant access settings"),
            "{message}"
        );
    };
    set_users(&contoso, "b2bCollaborationInbound", "blocked", "AllUsers").await;
    refused("ann@fabrikam.example").await;
    // Of a mail that is no tenant's the rules between tenants say nothing.
    invite(&contoso, "ann@outside.example").await;
    set_users(&contoso, "b2bCollaborationInbound", "allowed", "AllUsers").await;
    set_users(&fabrikam, "b2bCollaborationOutbound", "blocked", "AllUsers").await;
    refused("ann@fabrikam.example").await;
    set_users(&fabrikam, "b2bCollaborationOutbound", "allowed", "AllUsers").await;

    // Whether somebody of that name exists makes no difference.
    let real = json!({
        "accountEnabled": true, "displayName": "Ann", "mailNickname": "ann",
        "userPrincipalName": "ann@fabrikam.example", "passwordProfile": { "password": "Correct-Horse-7" },
    });
    let real = fabrikam.post("/users", real).await.expect(201);
    let ann = invite(&contoso, "ann@fabrikam.example").await;
    let nobody = invite(&contoso, "nobody@fabrikam.example").await;
    for made in [&ann, &nobody] {
        assert_eq!(made["status"], "PendingAcceptance");
        assert!(!made.to_string().contains(real["id"].as_str().unwrap()));
    }
    // And the invited tenant has got nobody by it, nor sees the guest.
    let theirs = format!("/users/{}", ann["invitedUser"]["id"].as_str().unwrap());
    fabrikam
        .get(&theirs)
        .await
        .refused(404, "Request_ResourceNotFound");
}
