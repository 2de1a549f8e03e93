//! Leaving well, over HTTP: the preview, the order, the report at both ends, and undoing it.

use crate::common::tenants::{Caller, NOBODY, Tenants};
use node::command::Command;
use serde_json::{Value, json};
use types::Actor;

const DEPARTURES: &str = "/beta/isopolity/departures";
const ALL: &str = "MultiTenantOrganization.ReadWrite.All,User.ReadWrite.All,\
    Policy.ReadWrite.CrossTenantAccess,Synchronization.ReadWrite.All,AuditLog.Read.All,\
    Group.ReadWrite.All,RoleManagement.ReadWrite.Directory";

struct Rig {
    d: Tenants,
    contoso: Caller,
    fabrikam: Caller,
}

impl Rig {
    /// Two tenants in one organization, everybody of each in the other: two people by tenant.
    async fn start() -> Self {
        let d = Tenants::start(ALL).await;
        let contoso = d.tenant("Contoso").await;
        let fabrikam = d.tenant("Fabrikam").await;
        let rig = Self {
            d,
            contoso,
            fabrikam,
        };
        rig.execute(Command::OrganizationCreate {
            tenant: rig.contoso.id.to_string(),
            name: "Round table".into(),
            add: vec![rig.fabrikam.id.to_string()],
            accept_users: true,
            skip_consent: true,
        })
        .await;
        rig.join().await;
        for tenant in [&rig.contoso, &rig.fabrikam] {
            let user = json!({
                "accountEnabled": true, "displayName": "Ann", "mailNickname": "ann",
                "userPrincipalName": format!("ann@{}.example", tenant.name.to_lowercase()),
                "passwordProfile": {"password": "Correct horse 9"},
            });
            tenant.post("/users", user).await.expect(201);
            let default = "/beta/isopolity/userSharing/default";
            tenant
                .put(default, json!({"scope": "all"}))
                .await
                .expect(204);
        }
        rig.synced().await;
        rig
    }

    async fn join(&self) {
        self.execute(Command::OrganizationJoin {
            tenant: self.fabrikam.id.to_string(),
            invited_by: self.contoso.id.to_string(),
            accept_users: true,
            skip_consent: true,
        })
        .await;
    }

    async fn execute(&self, command: Command) -> Value {
        self.d.node.execute(command, &|_| {}).await.unwrap()
    }

    /// The users of the other tenant who are here: name, type.
    async fn guests(&self, here: &Caller) -> Vec<(String, String)> {
        let list = here
            .get("/users?$filter=creationType eq 'Invitation'&$select=displayName,userType")
            .await
            .expect(200);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let list = list["value"].as_array().unwrap().iter();
        let mut all: Vec<_> = list
            .map(|user| (text(&user["displayName"]), text(&user["userType"])))
            .collect();
        all.sort();
        all
    }

    async fn synced(&self) {
        let island = self.d.node.store().island(self.contoso.id).unwrap();
        for _ in 0..20_000 {
            let mut all = 0;
            for here in [&self.contoso, &self.fabrikam] {
                all += self.guests(here).await.len();
            }
            if all == 4 {
                return;
            }
            island.write(Actor::System, |_| Ok(())).await.unwrap();
        }
        panic!("nobody came");
    }

    fn wish(of: &Caller, treatment: &str) -> Value {
        json!({"tenantId": of.id, "usersFromThem": treatment})
    }

    /// Reads a departure until it is over.
    async fn over(&self, caller: &Caller, departure: &Value) -> Value {
        let path = format!("{DEPARTURES}/{}", departure["id"].as_str().unwrap());
        for _ in 0..20_000 {
            let shown = caller.get(&path).await.expect(200);
            if ["done", "failed", "undone"].contains(&shown["state"].as_str().unwrap()) {
                return shown;
            }
            tokio::task::yield_now().await;
        }
        panic!("{:?}", caller.get(&path).await);
    }
}

fn named(kind: &str) -> Vec<(String, String)> {
    [("Administrator", kind), ("Ann", kind)]
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_counts_names_and_changes_nothing() {
    let rig = Rig::start().await;
    let group = json!({"displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true});
    let group = rig.fabrikam.post("/groups", group).await.expect(201);
    let them = rig
        .fabrikam
        .get("/users?$filter=creationType eq 'Invitation'")
        .await
        .expect(200);
    let context = group["@odata.context"].as_str().unwrap();
    let root = context.split("$metadata").next().unwrap();
    let them = them["value"][0]["id"].as_str().unwrap();
    let member = json!({"@odata.id": format!("{root}directoryObjects/{them}")});
    let members = format!("/groups/{}/members/$ref", group["id"].as_str().unwrap());
    rig.fabrikam.post(&members, member).await.expect(204);
    let reader = json!({"roleDefinitionId": "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
        "principalId": them, "directoryScopeId": "/"});
    rig.fabrikam
        .post("/roleManagement/directory/roleAssignments", reader)
        .await
        .expect(201);

    let mut dry = Rig::wish(&rig.fabrikam, "softDelete");
    dry["dryRun"] = true.into();
    let preview = rig.fabrikam.post(DEPARTURES, dry).await.expect(200);
    assert_eq!(
        (&preview["dryRun"], &preview["state"]),
        (&json!(true), &json!("preview"))
    );
    let side = &preview["tenants"][0];
    assert_eq!(side["tenantId"], json!(rig.contoso.id));
    assert_eq!(side["usersFromThem"]["count"], 2);
    assert_eq!(side["usersFromThem"]["groupMemberships"], 1);
    assert_eq!(side["usersFromThem"]["roleAssignments"], 1);
    assert_eq!(side["usersFromThem"]["users"].as_array().unwrap().len(), 2);
    assert_eq!(side["usersOfOurs"]["count"], 2);
    assert_eq!(side["usersOfOurs"]["users"].as_array().unwrap().len(), 2);
    assert_eq!(side["theySee"]["usersOfOurs"]["count"], 2);
    assert_eq!(
        rig.fabrikam.get(DEPARTURES).await.expect(200)["value"],
        json!([])
    );
    assert_eq!(rig.guests(&rig.fabrikam).await, named("Member"));
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_takes_everybody_home_and_is_undone() {
    let rig = Rig::start().await;
    let begun = rig
        .fabrikam
        .post(DEPARTURES, Rig::wish(&rig.fabrikam, "softDelete"))
        .await
        .expect(201);
    let done = rig.over(&rig.fabrikam, &begun).await;
    assert_eq!(done["state"], "done", "{done}");
    let side = &done["tenants"][0];
    assert_eq!(
        (
            &side["usersFromThem"]["treated"],
            &side["usersOfOurs"]["treated"]
        ),
        (&json!(2), &json!(2))
    );
    assert_eq!(rig.guests(&rig.fabrikam).await, []);
    assert_eq!(rig.guests(&rig.contoso).await, []);
    let organization = "/tenantRelationships/multiTenantOrganization";
    let reader = rig
        .fabrikam
        .with_permissions("MultiTenantOrganization.Read.All");
    assert_eq!(
        reader.get(organization).await.expect(200)["state"],
        "inactive"
    );
    let partner = format!(
        "/policies/crossTenantAccessPolicy/partners/{}",
        rig.contoso.id
    );
    let entry = rig.fabrikam.get(&partner).await.expect(200);
    let closed = json!({"inboundAllowed": null, "outboundAllowed": null});
    assert_eq!(entry["automaticUserConsentSettings"], closed);

    // The other side has the same report, from its side.
    let path = format!("{DEPARTURES}/{}", done["id"].as_str().unwrap());
    let told = rig.contoso.get(&path).await.expect(200);
    assert_eq!(
        (&told["direction"], &told["state"]),
        (&json!("theirs"), &json!("done"))
    );
    assert_eq!(
        told["tenants"][0]["usersOfOurs"]["treated"],
        side["usersFromThem"]["treated"]
    );
    assert_eq!(
        told["tenants"][0]["usersFromThem"]["treated"],
        side["usersOfOurs"]["treated"]
    );
    assert_eq!(
        rig.contoso
            .call("POST", &format!("{path}/undo"), None)
            .await
            .status,
        409
    );
    let stranger = rig.d.tenant("Stranger").await;
    stranger
        .get(&path)
        .await
        .refused(404, "Request_ResourceNotFound");
    let undo = stranger.call("POST", &format!("{path}/undo"), None).await;
    undo.refused(404, "Request_ResourceNotFound");

    rig.fabrikam
        .call("POST", &format!("{path}/undo"), None)
        .await
        .expect(200);
    let undone = rig.over(&rig.fabrikam, &begun).await;
    assert_eq!(
        (
            &undone["state"],
            &undone["tenants"][0]["usersFromThem"]["restored"]
        ),
        (&json!("undone"), &json!(2))
    );
    assert_eq!(rig.guests(&rig.fabrikam).await, named("Member"));
    let entry = rig.fabrikam.get(&partner).await.expect(200);
    assert_eq!(
        entry["automaticUserConsentSettings"]["inboundAllowed"],
        true
    );
    let again = rig
        .fabrikam
        .call("POST", &format!("{path}/undo"), None)
        .await;
    assert_eq!(again.status, 409, "{}", again.json);
    // Once it is in again, its people are too, as the same objects.
    let added = json!({"tenantId": rig.fabrikam.id, "displayName": "Fabrikam"});
    rig.contoso
        .post(&format!("{organization}/tenants"), added)
        .await
        .expect(201);
    rig.join().await;
    rig.synced().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_takes_a_tenant_out_whose_people_stay_as_guests() {
    let rig = Rig::start().await;
    let begun = rig
        .contoso
        .post(DEPARTURES, Rig::wish(&rig.fabrikam, "guest"))
        .await
        .expect(201);
    let done = rig.over(&rig.contoso, &begun).await;
    assert_eq!(
        (
            &done["state"],
            &done["tenants"][0]["usersFromThem"]["treated"]
        ),
        (&json!("done"), &json!(2))
    );
    assert_eq!(rig.guests(&rig.contoso).await, named("Guest"));
    // What is in the other's directory is the other's to say.
    assert_eq!(rig.guests(&rig.fabrikam).await, named("Member"));
    let path = format!("{DEPARTURES}/{}/undo", done["id"].as_str().unwrap());
    rig.contoso.call("POST", &path, None).await.expect(200);
    rig.over(&rig.contoso, &begun).await;
    assert_eq!(rig.guests(&rig.contoso).await, named("Member"));
    // It is added again, and joins by itself.
    rig.join().await;
    let list = rig.contoso.get(DEPARTURES).await.expect(200);
    assert_eq!(list["value"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_before_anything_is_done() {
    let rig = Rig::start().await;
    let good = Rig::wish(&rig.fabrikam, "keep");
    for (name, value) in [
        ("tenantId", json!("x")),
        ("tenantId", Value::Null),
        ("usersFromThem", json!("burn")),
        ("usersFromThem", Value::Null),
        ("dryRun", json!(1)),
        ("more", json!(1)),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        rig.contoso
            .post(DEPARTURES, bad)
            .await
            .refused(400, "Request_BadRequest");
    }
    let stranger = rig.d.tenant("Stranger").await;
    for id in [stranger.id.to_string(), NOBODY.to_owned()] {
        let wish = json!({"tenantId": id, "usersFromThem": "keep"});
        assert_eq!(rig.contoso.post(DEPARTURES, wish.clone()).await.status, 404);
        assert_eq!(stranger.post(DEPARTURES, wish).await.status, 404);
    }
    // The last owner can't leave; a member can't take another out.
    for dry_run in [true, false] {
        let mut wish = Rig::wish(&rig.contoso, "softDelete");
        wish["dryRun"] = dry_run.into();
        rig.contoso
            .post(DEPARTURES, wish.clone())
            .await
            .refused(400, "Request_BadRequest");
        let denied = rig.fabrikam.post(DEPARTURES, wish).await;
        denied.refused(403, "Authorization_RequestDenied");
    }
    // Whoever may change the organization may not by that change users.
    let narrow = rig
        .fabrikam
        .with_permissions("MultiTenantOrganization.ReadWrite.All");
    let denied = narrow
        .post(DEPARTURES, Rig::wish(&rig.fabrikam, "softDelete"))
        .await;
    denied.refused(403, "Authorization_RequestDenied");
    assert_eq!(rig.guests(&rig.contoso).await, named("Member"));
    let kept = narrow
        .post(DEPARTURES, Rig::wish(&rig.fabrikam, "keep"))
        .await
        .expect(201);
    rig.over(&rig.fabrikam, &kept).await;
    assert_eq!(rig.guests(&rig.contoso).await, named("Member"));
    assert_eq!(rig.guests(&rig.fabrikam).await, named("Member"));
}
