//! `/tenantRelationships/multiTenantOrganization` and its neighbours on the wire: addresses,
//! permissions, query options, codes; and that the caller who has changed something reads it.

use crate::common::tenants::{Caller, NOBODY, Tenants};
use serde_json::{Value, json};

const ORGANIZATION: &str = "/tenantRelationships/multiTenantOrganization";
const TENANTS: &str = "/tenantRelationships/multiTenantOrganization/tenants";
const JOIN_REQUEST: &str = "/tenantRelationships/multiTenantOrganization/joinRequest";
const ZERO: &str = "00000000-0000-0000-0000-000000000000";
const ALL: &str = "MultiTenantOrganization.ReadWrite.All,Policy.ReadWrite.CrossTenantAccess,\
    CrossTenantInformation.ReadBasic.All,Synchronization.ReadWrite.All,User.ReadWrite.All";

fn context(of: &Value) -> &str {
    let context = of["@odata.context"].as_str().unwrap();
    context.split_once("/$metadata#").unwrap().1
}

async fn create(owner: &Caller) {
    owner
        .put(ORGANIZATION, json!({ "displayName": "Round table" }))
        .await
        .expect(201);
}

async fn add(owner: &Caller, other: &Caller) {
    owner
        .post(
            TENANTS,
            json!({ "tenantId": other.id, "displayName": other.name }),
        )
        .await
        .expect(201);
}

async fn join(joiner: &Caller, owner: &Caller) {
    joiner
        .patch(JOIN_REQUEST, json!({ "addedByTenantId": owner.id }))
        .await
        .expect(204);
}

fn path(of: &Caller) -> String {
    format!("{TENANTS}/{}", of.id)
}

#[tokio::test]
async fn each_part_has_its_address() {
    let tenants = Tenants::start(ALL).await;
    let contoso = tenants.tenant("Contoso").await;
    let created = contoso
        .put(
            ORGANIZATION,
            json!({
                "@odata.type": "#microsoft.graph.multiTenantOrganization",
                "displayName": "Round table", "description": null,
            }),
        )
        .await
        .expect(201);
    let set = "tenantRelationships/multiTenantOrganization";
    assert_eq!(context(&created), format!("{set}/$entity"));
    assert_eq!(created["description"], Value::Null);
    for (path, expected) in [
        (ORGANIZATION.to_owned(), format!("{set}/$entity")),
        (TENANTS.to_owned(), format!("{set}/tenants")),
        (path(&contoso), format!("{set}/tenants/$entity")),
        (
            format!("{TENANTS}('{}')", contoso.id),
            format!("{set}/tenants/$entity"),
        ),
        (
            JOIN_REQUEST.to_owned(),
            format!("{set}/joinRequest/$entity"),
        ),
        (
            "/beta/isopolity/invitations".to_owned(),
            "isopolity/invitations".to_owned(),
        ),
    ] {
        let read = contoso.get(&path).await.expect(200);
        assert_eq!(context(&read), expected, "{path}");
    }
    for (method, path) in [
        ("DELETE", ORGANIZATION),
        ("POST", ORGANIZATION),
        ("PUT", JOIN_REQUEST),
        ("DELETE", JOIN_REQUEST),
        ("DELETE", TENANTS),
    ] {
        contoso
            .call(method, path, Some(json!({})))
            .await
            .refused(405, "Request_BadRequest");
    }
}

#[tokio::test]
async fn what_may_read_does_not_write() {
    let tenants = Tenants::start(ALL).await;
    let contoso = tenants.tenant("Contoso").await;
    create(&contoso).await;
    let reader = contoso.with_permissions("MultiTenantOrganization.Read.All");
    let directory = contoso.with_permissions("Directory.Read.All");
    let own = path(&contoso);
    for path in [ORGANIZATION, TENANTS, &own, JOIN_REQUEST] {
        reader.get(path).await.expect(200);
    }
    directory.get(&own).await.expect(200);
    let denied = "Authorization_RequestDenied";
    directory.get(TENANTS).await.refused(403, denied);
    for (method, path) in [
        ("PUT", ORGANIZATION),
        ("PATCH", ORGANIZATION),
        ("POST", TENANTS),
        ("PATCH", &own),
        ("DELETE", &own),
        ("PATCH", JOIN_REQUEST),
    ] {
        reader
            .call(method, path, Some(json!({})))
            .await
            .refused(403, denied);
    }
}

#[tokio::test]
async fn who_changes_something_reads_it_at_once() {
    let tenants = Tenants::start(ALL).await;
    let contoso = tenants.tenant("Contoso").await;
    let fabrikam = tenants.tenant("Fabrikam").await;
    let tailspin = tenants.tenant("Tailspin").await;
    create(&contoso).await;
    let added = contoso
        .post(
            TENANTS,
            json!({ "tenantId": fabrikam.id, "displayName": "F", "role": "owner" }),
        )
        .await
        .expect(201);
    assert_eq!(added["transitionDetails"], Value::Null);
    let read = contoso.get(&path(&fabrikam)).await.expect(200);
    assert_eq!(read["transitionDetails"]["desiredRole"], "owner");
    join(&fabrikam, &contoso).await;
    let request = fabrikam.get(JOIN_REQUEST).await.expect(200);
    assert_eq!(request["memberState"], "active");
    assert_eq!(request["role"], "owner");
    // Fabrikam isn't the one that puts changes in order, and sees its own all the same.
    add(&fabrikam, &tailspin).await;
    let read = fabrikam.get(&path(&tailspin)).await.expect(200);
    assert_eq!(read["state"], "pending");
    assert_eq!(read["addedByTenantId"], json!(fabrikam.id));
    join(&tailspin, &fabrikam).await;
    assert_eq!(
        tailspin.get(ORGANIZATION).await.expect(200)["state"],
        "active"
    );
    tailspin.delete(&path(&tailspin)).await.expect(204);
    assert_eq!(
        tailspin.get(ORGANIZATION).await.expect(200)["state"],
        "inactive"
    );
    fabrikam
        .patch(ORGANIZATION, json!({ "description": "Of two" }))
        .await
        .expect(204);
    let read = fabrikam.get(ORGANIZATION).await.expect(200);
    assert_eq!(read["description"], "Of two");
    assert_eq!(read["displayName"], "Round table");
}

#[tokio::test]
async fn query_options() {
    let tenants = Tenants::start(ALL).await;
    let contoso = tenants.tenant("Contoso").await;
    let fabrikam = tenants.tenant("Fabrikam").await;
    let inactive = contoso
        .get(&format!("{ORGANIZATION}?$select=id,state"))
        .await;
    let inactive = inactive.expect(200);
    assert_eq!(inactive["state"], "inactive");
    assert_eq!(inactive.as_object().unwrap().len(), 2, "{inactive}");
    create(&contoso).await;
    add(&contoso, &fabrikam).await;
    for (filter, expected) in [
        ("state eq 'active'".to_owned(), vec![contoso.id]),
        ("state eq 'pending'".to_owned(), vec![fabrikam.id]),
        ("role eq 'owner'".to_owned(), vec![contoso.id]),
        (format!("tenantId eq '{}'", fabrikam.id), vec![fabrikam.id]),
        (
            "startswith(displayName,'Fab')".to_owned(),
            vec![fabrikam.id],
        ),
        ("joinedDateTime ne null".to_owned(), vec![]),
        (
            format!("addedByTenantId ne {} or state eq 'removed'", contoso.id),
            vec![],
        ),
    ] {
        let list = contoso
            .get(&format!("{TENANTS}?$select=tenantId&$filter={filter}"))
            .await
            .expect(200);
        let shown: Vec<Value> = expected
            .iter()
            .map(|id| json!({ "tenantId": id }))
            .collect();
        assert_eq!(list["value"], json!(shown), "{filter}");
    }
    for path in [
        format!("{TENANTS}?$filter=nonsense eq 1"),
        format!("{TENANTS}?$filter=state"),
        format!("{TENANTS}?$select=nonsense"),
        format!("{TENANTS}?$top=1"),
        format!("{ORGANIZATION}?$select=nonsense"),
        format!("{ORGANIZATION}?$expand=tenants"),
        format!("{JOIN_REQUEST}?$select=nonsense"),
    ] {
        let answer = contoso.get(&path).await;
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let tenants = Tenants::start(ALL).await;
    let contoso = tenants.tenant("Contoso").await;
    let fabrikam = tenants.tenant("Fabrikam").await;
    let refused = "Request_BadRequest";
    for body in [
        json!({}),
        json!({ "displayName": null }),
        json!({ "displayName": " " }),
        json!({ "displayName": "x".repeat(257) }),
        json!({ "displayName": "x", "description": 1 }),
        json!({ "displayName": "x", "description": "x".repeat(1025) }),
        json!({ "displayName": "x", "id": "x" }),
    ] {
        contoso.put(ORGANIZATION, body).await.refused(400, refused);
    }
    contoso
        .patch(ORGANIZATION, json!({ "displayName": "x" }))
        .await
        .refused(404, "Request_ResourceNotFound");
    create(&contoso).await;
    for body in [
        json!({ "displayName": null }),
        json!({ "displayName": "" }),
        json!({ "createdDateTime": "2020-01-01T00:00:00Z" }),
    ] {
        contoso
            .patch(ORGANIZATION, body)
            .await
            .refused(400, refused);
    }
    contoso.patch(ORGANIZATION, json!({})).await.expect(204);
    for body in [
        json!({ "tenantId": NOBODY, "displayName": "x" }),
        json!({ "tenantId": ZERO, "displayName": "x" }),
        json!({ "tenantId": contoso.id, "displayName": "x" }),
        json!({ "tenantId": fabrikam.id, "displayName": "x", "role": null }),
        json!({ "tenantId": fabrikam.id, "displayName": "x", "state": "active" }),
        json!({ "tenantId": fabrikam.id, "displayName": "x\u{7}" }),
    ] {
        contoso.post(TENANTS, body).await.refused(400, refused);
    }
    add(&contoso, &fabrikam).await;
    for body in [
        json!({ "role": "king" }),
        json!({ "role": null }),
        json!({ "displayName": "x" }),
        json!({ "role": "owner", "nonsense": 1 }),
    ] {
        contoso
            .patch(&path(&fabrikam), body)
            .await
            .refused(400, refused);
    }
    contoso.patch(&path(&fabrikam), json!({})).await.expect(204);
    for nobody in [NOBODY, "nonsense"] {
        let path = format!("{TENANTS}/{nobody}");
        for (method, body) in [
            ("GET", None),
            ("PATCH", Some(json!({}))),
            ("PATCH", Some(json!({ "role": "owner" }))),
            ("DELETE", None),
        ] {
            contoso
                .call(method, &path, body)
                .await
                .refused(404, "Directory_ObjectNotFound");
        }
    }
    for body in [
        json!({}),
        json!({ "addedByTenantId": null }),
        json!({ "addedByTenantId": "contoso.example" }),
        json!({ "addedByTenantId": contoso.id, "memberState": "active" }),
    ] {
        fabrikam
            .patch(JOIN_REQUEST, body)
            .await
            .refused(400, refused);
    }
}

#[tokio::test]
async fn a_tenant_over_the_limit_of_users_cannot_join() {
    let tenants = Tenants::with_limits(ALL, &[("organization_users", "1")]).await;
    let contoso = tenants.tenant("Contoso").await;
    let fabrikam = tenants.tenant("Fabrikam").await;
    let people = "userPrincipalName,displayName,mailNickname\n\
        ann@fabrikam.example,Ann,ann\nbob@fabrikam.example,Bob,bob\n";
    tenants.import(&fabrikam, people).await;
    create(&contoso).await;
    add(&contoso, &fabrikam).await;
    join(&fabrikam, &contoso).await;
    let request = fabrikam.get(JOIN_REQUEST).await.expect(200);
    assert_eq!(request["transitionDetails"]["status"], "failed");
    let details = request["transitionDetails"]["details"].as_str().unwrap();
    assert!(details.contains("limits.organization_users"), "{details}");
    fabrikam
        .patch(JOIN_REQUEST, json!({ "addedByTenantId": ZERO }))
        .await
        .expect(204);
    let request = fabrikam.get(JOIN_REQUEST).await.expect(200);
    assert_eq!(request["addedByTenantId"], ZERO);
    assert_eq!(request["transitionDetails"], Value::Null);
}

#[tokio::test]
async fn an_invitation_says_what_joining_would_change() {
    let tenants = Tenants::start(ALL).await;
    let contoso = tenants.tenant("Contoso").await;
    let fabrikam = tenants.tenant("Fabrikam").await;
    create(&contoso).await;
    add(&contoso, &fabrikam).await;
    let list = fabrikam
        .get("/beta/isopolity/invitations")
        .await
        .expect(200);
    assert_eq!(list["value"].as_array().unwrap().len(), 1);
    let invitation = &list["value"][0];
    assert_eq!(invitation["addedByTenantId"], json!(contoso.id));
    assert_eq!(invitation["organizationName"], "Round table");
    assert_eq!(invitation["inviterDisplayName"], "Contoso");
    let domains = json!(["contoso.example"]);
    assert_eq!(invitation["inviterVerifiedDomains"], domains);
    let (invited, expires) = (
        &invitation["invitedDateTime"],
        &invitation["expirationDateTime"],
    );
    assert!(
        invited.as_str().unwrap() < expires.as_str().unwrap(),
        "{invitation}"
    );
    assert!(!list.to_string().contains("sharedId"), "{list}");

    let address = format!("/beta/isopolity/invitations/{}/preview", contoso.id);
    let nothing = fabrikam.post(&address, json!({})).await.expect(200);
    assert_eq!(nothing["tenants"], json!([contoso.id]));
    assert_eq!(nothing["changes"], json!([]));
    let consents = json!({ "acceptUsers": true, "skipConsent": true });
    let preview = fabrikam.post(&address, consents).await.expect(200);
    let changes = preview["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 3, "{preview}");
    assert!(changes.iter().all(|change| change["loosens"] == true));
    // It was a question.
    let template =
        "/policies/crossTenantAccessPolicy/templates/multiTenantOrganizationPartnerConfiguration";
    let template = fabrikam.get(template).await.expect(200);
    assert_eq!(
        template["automaticUserConsentSettings"]["inboundAllowed"],
        Value::Null
    );
    fabrikam
        .post(&address, json!({ "acceptUsers": 1 }))
        .await
        .refused(400, "Request_BadRequest");
    for nobody in [NOBODY, "nonsense"] {
        let address = format!("/beta/isopolity/invitations/{nobody}/preview");
        fabrikam
            .post(&address, json!({}))
            .await
            .refused(404, "Request_ResourceNotFound");
    }
    // Whom it would share: by what is shared with whoever comes, which stays.
    let address = format!("/beta/isopolity/invitations/{}/sharing", contoso.id);
    let shared = fabrikam.get(&address).await.expect(200);
    let nobody_yet = json!([{ "tenantId": contoso.id, "source": "default", "scope": "none",
        "inScope": 0, "users": [] }]);
    assert_eq!(shared["value"], nobody_yet);
    for (alias, kind, enabled) in [
        ("ann", "Member", true),
        ("bob", "Member", false),
        ("guest", "Guest", true),
    ] {
        let body = json!({ "accountEnabled": enabled, "displayName": alias, "mailNickname": alias,
            "userType": kind, "userPrincipalName": format!("{alias}@fabrikam.example"),
            "passwordProfile": { "password": "Correct-Horse-7-Staple" } });
        fabrikam.post("/users", body).await.expect(201);
    }
    let all = json!({ "scope": "all" });
    let default = "/beta/isopolity/userSharing/default";
    fabrikam.put(default, all).await.expect(204);
    let shared = fabrikam.get(&address).await.expect(200);
    let [shared] = shared["value"].as_array().unwrap().as_slice() else {
        panic!("{shared}");
    };
    assert_eq!(
        (&shared["scope"], &shared["inScope"]),
        (&json!("all"), &json!(2))
    );
    assert_eq!(shared["users"][0]["displayName"], "Administrator");
    assert_eq!(shared["users"][1]["displayName"], "ann");
    let stranger = format!("/beta/isopolity/invitations/{NOBODY}/sharing");
    let stranger = fabrikam.get(&stranger).await;
    stranger.refused(404, "Request_ResourceNotFound");

    contoso.delete(&path(&fabrikam)).await.expect(204);
    let list = fabrikam
        .get("/beta/isopolity/invitations")
        .await
        .expect(200);
    assert_eq!(list["value"], json!([]));
}

#[tokio::test]
async fn an_invitation_is_declined_with_a_reason_or_accepted() {
    let tenants = Tenants::start(ALL).await;
    let contoso = tenants.tenant("Contoso").await;
    let fabrikam = tenants.tenant("Fabrikam").await;
    create(&contoso).await;
    add(&contoso, &fabrikam).await;
    let one = format!("/beta/isopolity/invitations/{}", contoso.id);
    fabrikam.get(&one).await.expect(200);
    for bad in [
        json!({"reason": 7}),
        json!({"reason": "x".repeat(1_025)}),
        json!({"why": "x"}),
    ] {
        let refused = fabrikam.post(&format!("{one}/decline"), bad).await;
        refused.refused(400, "Request_BadRequest");
    }
    let reader = fabrikam.with_permissions("MultiTenantOrganization.Read.All");
    let denied = reader.post(&format!("{one}/decline"), json!({})).await;
    denied.refused(403, "Authorization_RequestDenied");
    let reason = json!({"reason": "We are in another one."});
    fabrikam
        .post(&format!("{one}/decline"), reason)
        .await
        .expect(204);
    fabrikam
        .get(&one)
        .await
        .refused(404, "Request_ResourceNotFound");
    contoso
        .get(&path(&fabrikam))
        .await
        .refused(404, "Directory_ObjectNotFound");
    let auditor = contoso.with_permissions("AuditLog.Read.All");
    let log = "/auditLogs/directoryAudits?$filter=activityDisplayName eq \
        'Decline to join a MultiTenantOrg'";
    let log = auditor.get(log).await.expect(200);
    assert_eq!(log["value"][0]["resultReason"], "We are in another one.");

    add(&contoso, &fabrikam).await;
    let consents = json!({"acceptUsers": true, "skipConsent": true});
    let narrow = fabrikam.with_permissions("MultiTenantOrganization.ReadWrite.All");
    let denied = narrow
        .post(&format!("{one}/accept"), consents.clone())
        .await;
    denied.refused(403, "Authorization_RequestDenied");
    fabrikam
        .post(&format!("{one}/accept"), consents)
        .await
        .expect(200);
    let request = fabrikam.get(JOIN_REQUEST).await.expect(200);
    assert_eq!(request["memberState"], "active", "{request}");
    for nobody in [NOBODY, "nonsense", &contoso.id.to_string()] {
        let accept = format!("/beta/isopolity/invitations/{nobody}/accept");
        let missing = fabrikam.post(&accept, json!({})).await;
        missing.refused(404, "Request_ResourceNotFound");
    }
}

#[tokio::test]
async fn a_tenant_is_found_by_id_and_by_domain() {
    let tenants = Tenants::start(ALL).await;
    let contoso = tenants.tenant("Contoso").await;
    let fabrikam = tenants.tenant("Fabrikam").await;
    let base = "/tenantRelationships/findTenantInformationBy";
    for address in [
        format!("{base}TenantId(tenantId='{}')", fabrikam.id),
        format!("{base}DomainName(domainName='Fabrikam.example')"),
    ] {
        let found = contoso.get(&address).await.expect(200);
        assert_eq!(
            found,
            json!({
                "@odata.context": found["@odata.context"],
                "tenantId": fabrikam.id, "displayName": "Fabrikam",
                "defaultDomainName": "fabrikam.example", "federationBrandName": null,
            })
        );
        assert_eq!(context(&found), "microsoft.graph.tenantInformation");
    }
    for address in [
        format!("{base}TenantId(tenantId='{NOBODY}')"),
        format!("{base}TenantId(tenantId='nonsense')"),
        format!("{base}DomainName(domainName='nobody.example')"),
    ] {
        contoso
            .get(&address)
            .await
            .refused(404, "Directory_ObjectNotFound");
    }
}

#[tokio::test]
async fn what_was_refused_is_in_the_log_with_its_reason() {
    let tenants = Tenants::start(
        "MultiTenantOrganization.ReadWrite.All,Policy.ReadWrite.CrossTenantAccess,AuditLog.Read.All",
    )
    .await;
    let contoso = tenants.tenant("Contoso").await;
    let fabrikam = tenants.tenant("Fabrikam").await;
    let leave = contoso.delete(&path(&contoso)).await;
    let outside = leave.refused(404, "Request_ResourceNotFound");
    assert!(outside.contains("isn't active in"), "{outside}");
    create(&contoso).await;
    let twice = contoso
        .put(ORGANIZATION, json!({ "displayName": "Square table" }))
        .await
        .refused(400, "Request_BadRequest");
    add(&contoso, &fabrikam).await;
    join(&fabrikam, &contoso).await;
    let last_owner = contoso
        .delete(&path(&contoso))
        .await
        .refused(400, "Request_BadRequest");
    let member = fabrikam
        .patch(ORGANIZATION, json!({ "displayName": "Ours" }))
        .await
        .refused(403, "Authorization_RequestDenied");
    // Reading what isn't there changes nothing.
    contoso
        .get(&format!("{TENANTS}/{NOBODY}"))
        .await
        .refused(404, "Directory_ObjectNotFound");
    let told = async |tenant: &Caller| -> Vec<Value> {
        let log = tenant
            .get("/auditLogs/directoryAudits?$filter=result eq 'failure'")
            .await
            .expect(200);
        let entries = log["value"].as_array().unwrap();
        let reasons = entries.iter().rev();
        reasons.map(|entry| entry["resultReason"].clone()).collect()
    };
    assert_eq!(told(&contoso).await, [outside, twice, last_owner]);
    assert_eq!(told(&fabrikam).await, [member]);
}

#[tokio::test]
async fn joining_twice_is_joining_once() {
    let tenants = Tenants::start(ALL).await;
    let contoso = tenants.tenant("Contoso").await;
    let fabrikam = tenants.tenant("Fabrikam").await;
    create(&contoso).await;
    add(&contoso, &fabrikam).await;
    join(&fabrikam, &contoso).await;
    let joined = fabrikam.get(JOIN_REQUEST).await.expect(200);
    assert_eq!(joined["memberState"], "active");
    join(&fabrikam, &contoso).await;
    assert_eq!(fabrikam.get(JOIN_REQUEST).await.expect(200), joined);
}

/// The entries of a tenant's audit log that name another tenant, with an activity.
async fn audited(d: &Tenants, log: &Caller, about: &Caller, activity: &str) -> Vec<Value> {
    let reader = log.with_permissions("AuditLog.Read.All");
    let target = format!(
        "/auditLogs/directoryAudits?$filter=activityDisplayName eq '{activity}' and \
         targetResources/any(t:t/id eq '{}')&$orderby=activityDateTime asc",
        about.id
    );
    for _ in 0..1_000 {
        let page = reader.get(&target).await.expect(200);
        let entries = page["value"].as_array().unwrap();
        if !entries.is_empty() {
            return entries.clone();
        }
        d.node.flush(log.id).await;
        tokio::task::yield_now().await;
    }
    panic!(
        "{} has no entry '{activity}' about {}",
        log.name, about.name
    )
}

/// What an entry says of a property: the value before, and after.
fn modified(entry: &Value, name: &str) -> (Value, Value) {
    let all = entry["targetResources"][0]["modifiedProperties"].as_array();
    let found = all.unwrap().iter().find(|it| it["displayName"] == name);
    let found = found.unwrap_or_else(|| panic!("{entry}"));
    (found["oldValue"].clone(), found["newValue"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_audit_logs_tell_what_was_and_what_is() {
    let d = Tenants::start(ALL).await;
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    let tailspin = d.tenant("Tailspin").await;
    create(&contoso).await;
    add(&contoso, &fabrikam).await;
    let added = audited(&d, &contoso, &fabrikam, "Add a MultiTenantOrg tenant").await;
    assert_eq!(
        modified(&added[0], "state"),
        (Value::Null, json!("\"pending\""))
    );
    audited(
        &d,
        &fabrikam,
        &contoso,
        "Tenant was added to a MultiTenantOrg",
    )
    .await;
    join(&fabrikam, &contoso).await;
    audited(&d, &fabrikam, &contoso, "Join a MultiTenantOrg").await;
    let joined = audited(&d, &contoso, &fabrikam, "Tenant joins a MultiTenantOrg").await;
    assert_eq!(
        modified(&joined[0], "state"),
        (json!("\"pending\""), json!("\"active\""))
    );
    contoso
        .patch(&path(&fabrikam), json!({ "role": "owner" }))
        .await
        .expect(204);
    for log in [&contoso, &fabrikam] {
        let changed = audited(&d, log, &fabrikam, "Update a MultiTenantOrg tenant").await;
        assert_eq!(
            modified(changed.last().unwrap(), "role"),
            (json!("\"member\""), json!("\"owner\""))
        );
    }
    contoso.delete(&path(&fabrikam)).await.expect(204);
    for log in [&contoso, &fabrikam] {
        let removed = audited(&d, log, &fabrikam, "Delete a MultiTenantOrg tenant").await;
        let entry = removed.last().unwrap();
        assert_eq!(modified(entry, "state"), (json!("\"active\""), Value::Null));
        assert_eq!(modified(entry, "role"), (json!("\"owner\""), Value::Null));
    }
    let nothing = tailspin.with_permissions("AuditLog.Read.All");
    let log = nothing.get("/auditLogs/directoryAudits").await.expect(200);
    assert!(!log.to_string().contains(&fabrikam.id.to_string()));
}
