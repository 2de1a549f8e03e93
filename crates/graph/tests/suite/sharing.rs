//! User sharing, its log and explanations over HTTP, between three tenants of one deployment.

use std::sync::Arc;

use crate::common::deployment::{Caller, DOMAIN, Deployment, NOBODY};
use directory::users::{self, NewUser};
use node::command::Command;
use node::config::{Config, Flag, Inputs};
use serde_json::{Map, Value, json};
use store::{ManualClock, SystemClock};
use types::{Actor, Result, TenantId, Timestamp};

const SHARING: &str = "/beta/isopolity/userSharing";
const EXPLAIN: &str = "/beta/isopolity/explain";

struct Rig {
    d: Deployment,
    contoso: String,
    fabrikam: String,
    their: Caller,
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

impl Rig {
    /// Two tenants with nothing between them; the engine runs.
    async fn apart() -> Self {
        Self::apart_in(Deployment::start().await).await
    }

    async fn apart_in(d: Deployment) -> Self {
        let (fabrikam, their) = d.other("Fabrikam", "fabrikam.example").await;
        d.node.start();
        Self {
            contoso: d.tenant.clone(),
            d,
            fabrikam,
            their,
        }
    }

    /// Two tenants in one organization, with both consents on both sides.
    async fn together() -> Self {
        let rig = Self::apart().await;
        rig.join().await;
        rig
    }

    async fn join(&self) {
        self.execute(Command::OrganizationCreate {
            tenant: self.contoso.clone(),
            name: "Round table".into(),
            add: vec![self.fabrikam.clone()],
            accept_users: true,
            skip_consent: true,
        })
        .await;
        self.execute(Command::OrganizationJoin {
            tenant: self.fabrikam.clone(),
            invited_by: self.contoso.clone(),
            accept_users: true,
            skip_consent: true,
        })
        .await;
    }

    async fn execute(&self, command: Command) -> Value {
        self.d.node.execute(command, &|_| {}).await.unwrap()
    }

    async fn user(&self, tenant: &str, domain: &str, alias: &str) -> String {
        let properties = map(json!({
            "accountEnabled": true, "displayName": alias, "mailNickname": alias,
            "userPrincipalName": format!("{alias}@{domain}"),
        }));
        let new = NewUser {
            properties,
            ..NewUser::default()
        };
        let tenant: TenantId = tenant.parse().unwrap();
        let island = self.d.node.store().island(tenant).unwrap();
        let user = island.write(Actor::Operator, move |tx| users::create(tx, new));
        user.await.unwrap().id.to_string()
    }

    async fn status(&self) -> Value {
        let list = self.d.admin.get(&format!("{SHARING}/tenants")).await;
        let list = list.expect(200);
        list.json["value"][0].clone()
    }

    /// Waits, change by change, until the pair's status fits.
    async fn until(&self, fits: impl Fn(&Value) -> bool) -> Value {
        let contoso: TenantId = self.contoso.parse().unwrap();
        let fabrikam: TenantId = self.fabrikam.parse().unwrap();
        let island = self.d.node.store().island(fabrikam).unwrap();
        for _ in 0..20_000 {
            let status = self.status().await;
            if fits(&status) {
                return status;
            }
            // A write on either island gives the engine its turn; nothing here looks at a clock.
            self.d.node.flush(contoso).await;
            let turn = island.write(Actor::System, |_| Ok(())).await;
            turn.unwrap();
        }
        panic!("{}", self.status().await);
    }

    async fn settled(&self) -> Value {
        self.until(|status| {
            status["state"] == "active"
                && status["pendingChanges"] == 0
                && status["inScope"] == status["synced"]
        })
        .await
    }
}

async fn written(
    rig: &Rig,
    command: impl FnOnce(&mut store::Tx<'_>) -> Result<()> + Send + 'static,
) {
    let tenant: TenantId = rig.fabrikam.parse().unwrap();
    let island = rig.d.node.store().island(tenant).unwrap();
    island.write(Actor::Operator, command).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_counts_as_removed_only_whom_the_other_tenant_has() {
    let rig = Rig::together().await;
    let admin = &rig.d.admin;
    rig.user(&rig.contoso, DOMAIN, "ann").await;
    let bob = rig.user(&rig.contoso, DOMAIN, "bob").await;
    let disabled = json!({"accountEnabled": false});
    let path = format!("/users/{bob}");
    admin.patch(&path, disabled).await.expect(204);
    let default = format!("{SHARING}/default");
    admin
        .put(&default, json!({"scope": "all"}))
        .await
        .expect(204);
    let status = rig.settled().await;
    let said = admin
        .post(&format!("{default}/preview"), json!({"scope": "none"}))
        .await
        .expect(200);
    assert_eq!(said.json["removed"]["count"], status["synced"]);
    let removed = said.json["removed"]["users"].as_array().unwrap();
    assert!(removed.iter().all(|user| user["id"] != bob.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_set_read_previewed_and_removed() {
    let rig = Rig::together().await;
    let admin = &rig.d.admin;
    let ann = rig.user(&rig.contoso, DOMAIN, "ann").await;
    let bob = rig.user(&rig.contoso, DOMAIN, "bob").await;
    let default = format!("{SHARING}/default");
    let own = format!("{SHARING}/tenants/{}", rig.fabrikam);

    let nobody = admin.get(&default).await.expect(200);
    assert_eq!(nobody.json["scope"], "none");
    admin
        .get(&own)
        .await
        .refused(404, "Request_ResourceNotFound");

    let selected = json!({"scope": "selected", "users": [ann]});
    admin.put(&default, selected.clone()).await.expect(204);
    let read = admin.get(&default).await.expect(200);
    assert_eq!(read.json["users"], json!([ann]));
    assert!(read.json["@odata.context"].is_string());
    let status = rig.settled().await;
    assert_eq!(status["source"], "default");
    assert_eq!(status["inScope"], 1);

    let preview = json!({"scope": "selected", "users": [bob]});
    let said = admin
        .post(&format!("{own}/preview"), preview.clone())
        .await
        .expect(200);
    assert_eq!(said.json["added"]["count"], 1);
    assert_eq!(said.json["added"]["users"][0]["id"], bob);
    assert_eq!(said.json["removed"]["users"][0]["id"], ann);
    assert_eq!(rig.settled().await["synced"], 1);

    admin.put(&own, preview).await.expect(204);
    assert_eq!(rig.settled().await["source"], "own");
    assert_eq!(
        admin.get(&own).await.expect(200).json["users"],
        json!([bob])
    );
    admin.delete(&own).await.expect(204);
    admin
        .delete(&own)
        .await
        .refused(404, "Request_ResourceNotFound");
    assert_eq!(rig.settled().await["source"], "default");

    for nobody in [NOBODY, &rig.contoso, "nonsense"] {
        let path = format!("{SHARING}/tenants/{nobody}");
        for answer in [
            admin.put(&path, selected.clone()).await,
            admin
                .post(&format!("{path}/preview"), selected.clone())
                .await,
            admin.post(&format!("{path}/pause"), json!({})).await,
            admin.get(&format!("{path}/failures")).await,
        ] {
            assert!([400, 404].contains(&answer.status), "{}", answer.text);
            assert!(!answer.message().is_empty());
        }
    }
    let theirs = rig.user(&rig.fabrikam, "fabrikam.example", "eve").await;
    for body in [
        json!({}),
        json!({"scope": "some"}),
        json!({"scope": "selected", "users": "all"}),
        json!({"scope": "selected", "users": [theirs]}),
        json!({"scope": "selected", "groups": [ann]}),
        json!({"scope": "all", "users": [ann]}),
        json!({"scope": "all", "nonsense": 1}),
        json!({"scope": "selected", "rule": "nonsense eq 1"}),
        json!([]),
    ] {
        admin
            .put(&default, body)
            .await
            .refused(400, "Request_BadRequest");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_is_tried_on_a_person_before_it_is_set_and_a_person_comes_at_once() {
    // So few previews that a slow machine makes them in time as well.
    let flags = vec![Flag {
        flag: "--set".into(),
        key: "limits.scope_preview_requests".into(),
        value: "2".into(),
    }];
    let limits = Config::load(&Inputs {
        flags,
        ..Inputs::default()
    });
    let limits = limits.unwrap().limits;
    let clock = Arc::new(SystemClock);
    let d = Deployment::start_with(clock, |config| config.limits = limits).await;
    let rig = Rig::apart_in(d).await;
    rig.join().await;
    let admin = &rig.d.admin;
    let ann = rig.user(&rig.contoso, DOMAIN, "ann").await;
    let own = format!("{SHARING}/tenants/{}", rig.fabrikam);
    let path = format!("{own}/schema");

    let before = admin.get(&path).await.expect(200).json;
    assert_eq!(before["source"], "default");
    let mut schema = before.clone();
    let users = &mut schema["synchronizationRules"][0]["objectMappings"][0];
    users["scope"] = json!({"groups": [{"name": "ours", "clauses": [{
        "sourceOperandName": "displayName", "operatorName": "EQUALS",
        "targetOperand": {"values": ["bob"]},
    }]}]});
    for mapping in users["attributeMappings"].as_array_mut().unwrap() {
        if mapping["targetAttributeName"] == "displayName" {
            mapping["source"] = json!({"expression": "Append([displayName], \" (Contoso)\")"});
        }
    }
    // Tried on somebody: nothing is changed by it.
    let tried = admin
        .post(
            &format!("{path}/preview"),
            json!({"userId": ann, "schema": schema}),
        )
        .await
        .expect(200)
        .json;
    assert_eq!(tried["standing"], "outOfScope");
    assert_eq!(tried["groups"][0]["clauses"][0]["values"], json!(["ann"]));
    assert_eq!(tried["groups"][0]["clauses"][0]["holds"], false);
    let name = |tried: &Value| {
        let all = tried["attributes"].as_array().unwrap().iter();
        let mut named = all.filter(|each| each["targetAttributeName"] == "displayName");
        named.next().unwrap()["values"].clone()
    };
    assert_eq!(name(&tried), json!(["ann (Contoso)"]));
    assert_eq!(admin.get(&path).await.expect(200).json["source"], "default");

    // Paused, so that nobody comes meanwhile.
    admin
        .post(&format!("{own}/pause"), json!({}))
        .await
        .expect(204);
    admin.put(&own, json!({"scope": "all"})).await.expect(204);
    let effect = admin
        .post(&format!("{path}/preview"), json!({"schema": schema}))
        .await
        .expect(200)
        .json;
    assert_eq!(effect["added"]["count"], 0);
    let gone = effect["removed"]["users"].as_array().unwrap().iter();
    assert!(gone.clone().any(|user| user["id"] == ann.as_str()));
    // Each of these looks at everybody, so there are so many within a time; those of one person don't.
    let mut last = 200;
    for _ in 0..40 {
        let answer = admin
            .post(&format!("{path}/preview"), json!({"schema": schema}))
            .await;
        last = answer.status;
        if last == 429 {
            assert!(answer.message().contains("limits.scope_preview_requests"));
            break;
        }
    }
    assert_eq!(last, 429);
    admin
        .post(
            &format!("{path}/preview"),
            json!({"userId": ann, "schema": schema}),
        )
        .await
        .expect(200);
    admin.put(&own, json!({"scope": "none"})).await.expect(204);

    // Whoever isn't shared is told so; who is comes at once, by the schema that was set.
    let demand = format!("{own}/provisionOnDemand");
    let skipped = admin
        .post(&demand, json!({"userId": ann}))
        .await
        .expect(200)
        .json;
    assert_eq!(skipped["statusInfo"]["errorCode"], "NotEffectivelyEntitled");
    schema["synchronizationRules"][0]["objectMappings"][0]["scope"] = Value::Null;
    admin.put(&path, schema).await.expect(204);
    assert_eq!(admin.get(&path).await.expect(200).json["source"], "own");
    admin.put(&own, json!({"scope": "all"})).await.expect(204);
    let done = admin
        .post(&demand, json!({"userId": ann}))
        .await
        .expect(200)
        .json;
    assert_eq!(done["statusInfo"]["status"], "Success");
    assert_eq!(done["action"], "Create");
    let there = done["targetIdentity"]["id"].as_str().unwrap();
    let there = rig.their.get(&format!("/users/{there}")).await.expect(200);
    assert_eq!(there.json["displayName"], "ann (Contoso)");

    admin.delete(&path).await.expect(204);
    assert_eq!(admin.get(&path).await.expect(200).json["source"], "default");
    let wrong = admin
        .put(&path, json!({"synchronizationRules": 1}))
        .await
        .expect(400);
    assert_eq!(wrong.json["error"]["code"], "schemaInvalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_pair_says_so_and_a_reader_can_change_nothing() {
    let rig = Rig::together().await;
    let admin = &rig.d.admin;
    let own = format!("{SHARING}/tenants/{}", rig.fabrikam);
    admin
        .call("POST", &format!("{own}/pause"))
        .send()
        .await
        .unwrap();
    assert_eq!(rig.status().await["state"], "paused");
    admin
        .post(&format!("{own}/resume"), json!({}))
        .await
        .expect(204);
    assert_eq!(rig.status().await["state"], "active");

    let reader = rig.d.client(&["Synchronization.Read.All"]).await;
    reader.get(&format!("{SHARING}/tenants")).await.expect(200);
    let all = json!({"scope": "all"});
    reader
        .post(&format!("{SHARING}/default/preview"), all.clone())
        .await
        .expect(200);
    for answer in [
        reader.put(&format!("{SHARING}/default"), all.clone()).await,
        reader.put(&own, all).await,
        reader.delete(&own).await,
        reader.post(&format!("{own}/pause"), json!({})).await,
        reader.post(EXPLAIN, json!({})).await,
        reader.get("/auditLogs/provisioning").await,
    ] {
        answer.refused(403, "Authorization_RequestDenied");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sales_until_march() {
    let rig = Rig::together().await;
    let admin = &rig.d.admin;
    let default = format!("{SHARING}/default");
    let ann = rig.user(&rig.contoso, DOMAIN, "ann").await;
    let cyd = rig.user(&rig.contoso, DOMAIN, "cyd").await;
    let moves = async |user: &str, department: &str| {
        let patch = json!({"department": department});
        let path = format!("/users/{user}");
        admin.patch(&path, patch).await.expect(204);
    };
    let there = async || {
        let path = "/users?$select=displayName&$filter=creationType eq 'Invitation'";
        let list = rig.their.get(path).await.expect(200).json;
        let names = list["value"].as_array().unwrap().iter();
        let mut names: Vec<String> = names
            .map(|user| user["displayName"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    moves(&ann, "Sales").await;
    let mut entry = json!({"scope": "selected", "rule": "department eq 'Sales'"});
    admin.put(&default, entry.clone()).await.expect(204);
    rig.settled().await;
    assert_eq!(there().await, ["ann"]);
    // Who comes to Sales comes; who leaves it goes.
    moves(&cyd, "Sales").await;
    rig.until(|status| status["synced"] == 2).await;
    moves(&ann, "Office").await;
    rig.until(|status| status["synced"] == 1 && status["pendingChanges"] == 0)
        .await;
    assert_eq!(there().await, ["cyd"]);

    // The end comes by itself, while the server runs and nothing else happens.
    let late = rig.user(&rig.contoso, DOMAIN, "late").await;
    let path = format!("/beta/users/{late}?$select=createdDateTime");
    let now = admin.get(&path).await.expect(200).json;
    let now: types::Timestamp = now["createdDateTime"].as_str().unwrap().parse().unwrap();
    entry["untilDateTime"] = json!(now.plus_seconds(3));
    admin.put(&default, entry.clone()).await.expect(204);
    assert_eq!(rig.status().await["scope"], "selected");
    let mut status = rig.status().await;
    for _ in 0..200_000 {
        if status["synced"] == 0 {
            break;
        }
        status = rig.status().await;
    }
    assert_eq!(
        (&status["scope"], &status["synced"]),
        (&json!("none"), &json!(0))
    );
    assert!(there().await.is_empty());
    let kept = admin.get(&default).await.expect(200).json;
    assert_eq!(kept["untilDateTime"], entry["untilDateTime"]);
    // Prolonged, it goes on with the same people.
    entry["untilDateTime"] = json!(now.plus_seconds(3_600));
    admin.put(&default, entry).await.expect(204);
    rig.settled().await;
    assert_eq!(there().await, ["cyd"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_deletions_wait_for_the_admin() {
    let rig = Rig::together().await;
    let admin = &rig.d.admin;
    // With the administrator these are forty.
    for number in 0..39 {
        rig.user(&rig.contoso, DOMAIN, &format!("u{number:02}"))
            .await;
    }
    let default = format!("{SHARING}/default");
    let own = format!("{SHARING}/tenants/{}", rig.fabrikam);
    let everybody = json!({"scope": "all"});
    admin.put(&default, everybody.clone()).await.expect(204);
    assert_eq!(rig.settled().await["synced"], 40);

    let guard = format!("{SHARING}/deletionGuard");
    let settings = admin.get(&guard).await.expect(200);
    for (name, value) in [("isEnabled", json!(true)), ("maxDeletions", json!(500))] {
        assert_eq!(settings.json[name], value);
    }
    assert_eq!(settings.json["maxPercent"], 20);
    let nobody = json!({"scope": "none"});
    let preview = format!("{default}/preview");
    let said = admin.post(&preview, nobody.clone()).await.expect(200).json;
    assert_eq!(said["deletionGuard"]["trips"], true);
    assert_eq!(said["deletionGuard"]["tenants"][0]["deletions"], 40);
    assert_eq!(said["deletionGuard"]["tenants"][0]["threshold"], 25);

    admin.put(&default, nobody.clone()).await.expect(204);
    let status = rig
        .until(|status| status["state"] == "quarantined" && status["waitingDeletions"] == 40)
        .await;
    assert_eq!(status["synced"], 40);
    let step = &status["trace"]["steps"][0];
    assert_eq!(step["allowed"], false);
    let allow = step["mend"]["path"].as_str().unwrap().to_owned();
    assert_eq!(allow, format!("{own}/deletions/allow"));

    // Who waits, in pages; only to whom it concerns.
    let mut link = format!("{own}/deletions?$top=15");
    let mut waiting = 0;
    for size in [15, 15, 10] {
        let page = admin.get(&link).await.expect(200).json;
        let listed = page["value"].as_array().unwrap().clone();
        assert_eq!(listed.len(), size);
        assert_eq!(listed[0]["action"], "delete");
        assert!(listed[0]["displayName"].is_string());
        waiting += size;
        link = page["@odata.nextLink"].as_str().unwrap_or_default().into();
    }
    assert!(link.is_empty() && waiting == 40);
    for path in [
        format!("{SHARING}/tenants/{NOBODY}/deletions"),
        format!("{SHARING}/tenants/{}/deletions", rig.contoso),
    ] {
        admin
            .get(&path)
            .await
            .refused(404, "Request_ResourceNotFound");
        admin
            .post(&format!("{path}/allow"), json!({}))
            .await
            .refused(404, "Request_ResourceNotFound");
    }
    let theirs = format!("{SHARING}/tenants/{}/deletions", rig.contoso);
    let listed = rig.their.get(&theirs).await.expect(200);
    assert_eq!(listed.json["value"], json!([]));

    // Allowed, by an admin whom the log names.
    admin.post(&allow, json!({})).await.expect(204);
    assert_eq!(rig.settled().await["synced"], 0);
    let log = "/auditLogs/directoryAudits?$top=100";
    let log = admin.get(log).await.expect(200).json;
    let entries = log["value"].as_array().unwrap();
    for activity in ["Stop deletions in a tenant", "Allow deletions in a tenant"] {
        let found = entries
            .iter()
            .find(|entry| entry["activityDisplayName"] == activity);
        assert!(found.is_some(), "{activity}");
    }

    // With the word in the same call nothing waits; the word isn't kept.
    admin.put(&default, everybody).await.expect(204);
    assert_eq!(rig.settled().await["synced"], 40);
    let wrong = json!({"scope": "none", "allowDeletions": "yes"});
    admin
        .put(&default, wrong)
        .await
        .refused(400, "Request_BadRequest");
    let meant = json!({"scope": "none", "allowDeletions": true});
    admin.put(&default, meant).await.expect(204);
    assert_eq!(rig.settled().await["synced"], 0);
    let kept = admin.get(&default).await.expect(200).json;
    assert!(kept.get("allowDeletions").is_none());

    let changed = json!({"maxDeletions": 10, "maxPercent": null});
    admin.patch(&guard, changed).await.expect(204);
    let settings = admin.get(&guard).await.expect(200).json;
    assert_eq!(settings["maxDeletions"], 10);
    for wrong in [
        json!({"maxDeletions": "10"}),
        json!({"windowHours": 1}),
        json!([]),
    ] {
        admin
            .patch(&guard, wrong)
            .await
            .refused(400, "Request_BadRequest");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_brings_new_people_into_the_other_tenant() {
    let rig = Rig::together().await;
    let admin = &rig.d.admin;
    let body = json!({
        "displayName": "sales", "mailEnabled": false, "mailNickname": "sales",
        "securityEnabled": true, "groupTypes": ["DynamicMembership"],
        "membershipRule": "user.department -eq \"Sales\"",
    });
    let made = admin.post("/groups", body).await.expect(201);
    let entry = json!({"scope": "selected", "groups": [made.json["id"]]});
    let default = format!("{SHARING}/default");
    admin.put(&default, entry).await.expect(204);
    let ann = rig.user(&rig.contoso, DOMAIN, "ann").await;
    rig.user(&rig.contoso, DOMAIN, "bob").await;
    let ann = format!("/users/{ann}");
    for (department, synced) in [("Sales", 1), ("IT", 0)] {
        let patch = json!({"department": department});
        admin.patch(&ann, patch).await.expect(204);
        // The rule has its own time; what it leads to is waited for below.
        let count = format!(
            "/groups/{}/members/$count",
            made.json["id"].as_str().unwrap()
        );
        for _ in 0..1_500 {
            if admin.get_advanced(&count).await.expect(200).text == synced.to_string() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        rig.until(|status| status["synced"] == synced && status["pendingChanges"] == 0)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_themselves_are_shared_on_request() {
    let rig = Rig::together().await;
    let admin = &rig.d.admin;
    let ann = rig.user(&rig.contoso, DOMAIN, "ann").await;
    let new = |name: &str| {
        json!({
            "displayName": name, "mailNickname": name,
            "mailEnabled": false, "securityEnabled": true,
        })
    };
    let mut groups = Vec::new();
    for name in ["outer", "inner"] {
        let made = admin.post("/groups", new(name)).await.expect(201);
        groups.push(made.json["id"].as_str().unwrap().to_owned());
    }
    let (outer, inner) = (&groups[0], &groups[1]);
    for (group, member) in [(outer, inner), (inner, &ann)] {
        let reference = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{member}")});
        admin
            .post(&format!("/groups/{group}/members/$ref"), reference)
            .await
            .expect(204);
    }
    let default = format!("{SHARING}/default");
    for wrong in [
        json!({"scope": "all", "groupObjects": true}),
        json!({"scope": "selected", "groups": [outer], "groupObjects": "yes"}),
    ] {
        admin
            .put(&default, wrong)
            .await
            .refused(400, "Request_BadRequest");
    }
    // The target says that groups may come, as Graph's beta has it.
    let policy = format!(
        "/beta/policies/crossTenantAccessPolicy/partners/{}/identitySynchronization",
        rig.contoso
    );
    let unset = rig.their.get(&policy).await.expect(200);
    assert!(unset.json.get("groupSyncInbound").is_none());
    let allowed = json!({"groupSyncInbound": {"isSyncAllowed": true}});
    rig.their.patch(&policy, allowed).await.expect(204);
    let set = rig.their.get(&policy).await.expect(200).json;
    assert_eq!(set["groupSyncInbound"]["isSyncAllowed"], true);
    assert_eq!(set["userSyncInbound"]["isSyncAllowed"], true);
    for wrong in [
        json!({"groupSyncInbound": true}),
        json!({"groupSyncInbound": {"all": true}}),
    ] {
        rig.their
            .patch(&policy, wrong)
            .await
            .refused(400, "Request_BadRequest");
    }

    let entry = json!({"scope": "selected", "groups": [outer], "groupObjects": true});
    admin.put(&default, entry).await.expect(204);
    assert_eq!(
        admin.get(&default).await.expect(200).json["groupObjects"],
        true
    );
    let status = rig
        .until(|status| status["groups"]["synced"] == 2 && status["pendingChanges"] == 0)
        .await;
    assert_eq!(
        (&status["synced"], &status["groups"]["failed"]),
        (&json!(1), &json!(0))
    );
    let listed = format!("{SHARING}/tenants/{}/groups", rig.fabrikam);
    let listed = admin.get(&listed).await.expect(200).json;
    assert_eq!(listed["value"].as_array().unwrap().len(), 2);
    assert_eq!(listed["value"][0]["state"], "synced");
    let copy = listed["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|group| group["groupId"] == json!(outer))
        .unwrap()["targetId"]
        .as_str()
        .unwrap()
        .to_owned();
    let nobodys = format!("{SHARING}/tenants/{NOBODY}/groups");
    admin
        .get(&nobodys)
        .await
        .refused(404, "Request_ResourceNotFound");

    // In the target: marked, with everybody in it, and not to be written.
    let path = format!("/groups/{copy}");
    let their = &rig.their;
    let shown = their
        .get(&format!("{path}?$select=displayName,organizationId"))
        .await
        .expect(200)
        .json;
    assert_eq!(shown["displayName"], "outer");
    assert_eq!(shown["organizationId"], json!(rig.contoso));
    let members = format!("{path}/transitiveMembers?$count=true");
    let members = their.get(&members).await.expect(200).json;
    let names: Vec<&str> = members["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["displayName"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"ann") && names.contains(&"inner"),
        "{names:?}"
    );
    let eve = rig.user(&rig.fabrikam, "fabrikam.example", "eve").await;
    let reference =
        json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{eve}")});
    their
        .post(&format!("{path}/members/$ref"), reference)
        .await
        .refused(400, "Request_BadRequest");
    their
        .patch(&path, json!({"displayName": "ours"}))
        .await
        .refused(400, "Request_BadRequest");
    // Its id at home is nothing there.
    their
        .get(&format!("/groups/{outer}"))
        .await
        .refused(404, "Request_ResourceNotFound");
    let log = "/auditLogs/provisioning?$top=100";
    let log = admin.get(log).await.expect(200).json;
    let kinds: Vec<&str> = log["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["sourceIdentity"]["identityType"].as_str().unwrap())
        .collect();
    assert!(kinds.contains(&"Group") && kinds.contains(&"User"));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_paged_and_said_in_words() {
    let rig = Rig::together().await;
    let admin = &rig.d.admin;
    for alias in ["ann", "bob", "cyd"] {
        rig.user(&rig.contoso, DOMAIN, alias).await;
    }
    admin
        .put(&format!("{SHARING}/default"), json!({"scope": "all"}))
        .await
        .expect(204);
    rig.settled().await;
    // Fabrikam's admin deletes them; when they change at home, the home hears of it.
    let contoso: TenantId = rig.contoso.parse().unwrap();
    written(&rig, move |tx| {
        for user in directory::synced::list(tx, contoso, None, 10)? {
            users::delete(tx, user.id)?;
        }
        Ok(())
    })
    .await;
    let island = rig.d.node.store().island(contoso).unwrap();
    island
        .write(Actor::Operator, |tx| {
            for alias in ["ann", "bob", "cyd"] {
                let id = users::find(tx, &format!("{alias}@{DOMAIN}"))?.id;
                users::update(tx, id, &map(json!({"jobTitle": "Cook"})))?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let status = rig.until(|status| status["failed"] == 3).await;
    assert_eq!(status["state"], "active");

    let path = format!("{SHARING}/tenants/{}/failures", rig.fabrikam);
    let mut seen = Vec::new();
    let mut next = Some(format!("{path}?$top=2"));
    while let Some(path) = next {
        let page = admin.get(&path).await.expect(200).json;
        for failure in page["value"].as_array().unwrap() {
            assert_eq!(failure["code"], "Conflict");
            assert!(
                failure["reason"]
                    .as_str()
                    .unwrap()
                    .contains("administrator")
            );
            assert!(failure["nextAttemptDateTime"].is_string());
            seen.push(failure["displayName"].as_str().unwrap().to_owned());
        }
        next = page["@odata.nextLink"].as_str().map(str::to_owned);
    }
    // Pages go by id, and ids made within one millisecond have no order of their own.
    seen.sort();
    assert_eq!(seen, ["ann", "bob", "cyd"]);
    admin
        .get(&format!("{path}?$top=0"))
        .await
        .refused(400, "Request_BadRequest");
    admin
        .get(&format!("{path}?$skiptoken=x"))
        .await
        .refused(400, "Request_BadRequest");

    // The log has them too.
    let failed = "/auditLogs/provisioning?$filter=statusInfo/status eq 'failure'";
    let failed = admin.get(failed).await.expect(200);
    let failed = failed.json["value"].as_array().unwrap().clone();
    assert_eq!(failed.len(), 3);
    assert_eq!(
        failed[0]["provisioningStatusInfo"]["errorInformation"]["errorCode"],
        "Conflict"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_brought_back_or_deleted_for_good_comes_at_once() {
    // On a clock that stands still nobody's time to be tried again comes.
    let clock = Arc::new(ManualClock::new(Timestamp(1_790_000_000_000_000)));
    let rig = Rig::apart_in(Deployment::start_with(clock, |_| {}).await).await;
    rig.join().await;
    for alias in ["ann", "bob", "cyd"] {
        rig.user(&rig.contoso, DOMAIN, alias).await;
    }
    let everybody = json!({"scope": "all"});
    let default = format!("{SHARING}/default");
    rig.d.admin.put(&default, everybody).await.expect(204);
    rig.settled().await;
    let listed = rig
        .their
        .get("/users?$filter=userType eq 'Member'&$select=id,displayName,identities")
        .await
        .expect(200)
        .json;
    let synced = |name: &str| {
        let users = listed["value"].as_array().unwrap().iter();
        let mut found = users.filter(|user| user["displayName"] == name);
        found.next().unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (ann, bob) = (synced("ann"), synced("bob"));
    for id in [&ann, &bob] {
        rig.their.delete(&format!("/users/{id}")).await.expect(204);
    }
    for alias in ["ann", "bob"] {
        let path = format!("/users/{alias}@{DOMAIN}");
        let change = json!({"jobTitle": "Cook"});
        rig.d.admin.patch(&path, change).await.expect(204);
    }
    rig.until(|status| status["failed"] == 2).await;
    // Without a change at home it is noticed as well, and what comes of it too.
    let cyd = synced("cyd");
    let there = format!("/users/{cyd}");
    rig.their.delete(&there).await.expect(204);
    rig.until(|status| status["failed"] == 3).await;
    let restore = format!("/directory/deletedItems/{cyd}/restore");
    rig.their.post(&restore, json!({})).await.expect(200);
    rig.until(|status| status["failed"] == 2).await;
    let item = |id: &str| format!("/directory/deletedItems/{id}");
    let restore = format!("{}/restore", item(&ann));
    rig.their.post(&restore, json!({})).await.expect(200);
    rig.until(|status| status["failed"] == 1).await;
    rig.their.delete(&item(&bob)).await.expect(204);
    rig.settled().await;
    let shown = rig.their.get(&format!("/users/{ann}")).await.expect(200);
    assert_eq!(shown.json["jobTitle"], "Cook");
    rig.their.get(&format!("/users/{bob}")).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logs_are_filtered_ordered_and_paged() {
    let rig = Rig::together().await;
    let admin = &rig.d.admin;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(rig.user(&rig.contoso, DOMAIN, &format!("u{number}")).await);
    }
    let own = format!("{SHARING}/tenants/{}", rig.fabrikam);
    for _ in 0..3 {
        admin
            .post(&format!("{own}/pause"), json!({}))
            .await
            .expect(204);
        admin
            .post(&format!("{own}/resume"), json!({}))
            .await
            .expect(204);
    }
    admin
        .put(&own, json!({"scope": "selected", "users": ids}))
        .await
        .expect(204);
    rig.settled().await;
    let all = async |path: &str| {
        let (mut next, mut items) = (Some(path.to_owned()), Vec::new());
        while let Some(path) = next {
            let page = admin.get(&path).await.expect(200).json;
            items.extend(page["value"].as_array().unwrap().clone());
            next = page["@odata.nextLink"].as_str().map(str::to_owned);
        }
        items
    };
    let names = |entries: &[Value]| -> Vec<String> {
        let name = |entry: &Value| entry["activityDisplayName"].as_str().unwrap().to_owned();
        entries.iter().map(name).collect()
    };
    let by_us = format!(
        "/auditLogs/directoryAudits?$top=2&$filter=initiatedBy/app/appId eq '{}'",
        admin.client_id
    );
    let newest = names(&all(&by_us).await);
    assert_eq!(newest.len(), 7, "{newest:?}");
    assert_eq!(newest[0], "Share users with the organization");
    let mut oldest = names(&all(&format!("{by_us}&$orderby=activityDateTime asc")).await);
    oldest.reverse();
    assert_eq!(oldest, newest);
    let about = format!(
        "{by_us} and targetResources/any(t:t/id eq '{}') and startswith(activityDisplayName,'pause')",
        rig.fabrikam
    );
    let pauses = all(&about).await;
    assert_eq!(names(&pauses), ["Pause synchronization"; 3]);

    let one = pauses[0]["id"].as_str().unwrap();
    let entry = admin
        .get(&format!("/auditLogs/directoryAudits/{one}"))
        .await
        .expect(200);
    assert_eq!(
        entry.json["activityDateTime"],
        pauses[0]["activityDateTime"]
    );
    for nothing in [NOBODY, "nonsense"] {
        let path = format!("/auditLogs/directoryAudits/{nothing}");
        admin
            .get(&path)
            .await
            .refused(404, "Request_ResourceNotFound");
        rig.their
            .get(&format!("/auditLogs/directoryAudits/{one}"))
            .await
            .refused(404, "Request_ResourceNotFound");
    }

    let created =
        all("/auditLogs/provisioning?$top=2&$filter=provisioningAction eq 'create'").await;
    assert_eq!(created.len(), 5);
    let of_one = format!(
        "/auditLogs/provisioning?$filter=sourceIdentity/id eq '{}'",
        ids[3]
    );
    let of_one = all(&of_one).await;
    assert_eq!(of_one.len(), 1);
    assert_eq!(of_one[0]["sourceIdentity"]["displayName"], "u3");
    let job = of_one[0]["jobId"].as_str().unwrap();
    let of_job = all(&format!(
        "/auditLogs/provisioning?$filter=jobId eq '{job}'&$orderby=activityDateTime asc"
    ))
    .await;
    assert_eq!(of_job.len(), 5);
    assert_eq!(
        rig.their
            .get("/auditLogs/provisioning")
            .await
            .expect(200)
            .json["value"],
        json!([])
    );

    for query in [
        "$filter=nonsense eq 1",
        "$filter=category ne 'x'",
        "$orderby=category",
        "$orderby=activityDateTime asc,category",
        "$top=1001",
        "$skiptoken=x",
        "$select=nonsense",
    ] {
        for log in ["directoryAudits", "provisioning"] {
            let answer = admin.get(&format!("/auditLogs/{log}?{query}")).await;
            assert_eq!(answer.status, 400, "{log} {query} {}", answer.text);
        }
    }
    let selected = all("/auditLogs/directoryAudits?$select=ID,category").await;
    let names: Vec<_> = selected[0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "category"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_is_explained_to_both_sides_and_to_nobody_else() {
    let rig = Rig::apart().await;
    let (us, them) = (&rig.d.admin, &rig.their);
    let ann = rig.user(&rig.contoso, DOMAIN, "ann").await;
    let bob = rig.user(&rig.contoso, DOMAIN, "bob").await;
    let question = |user: &str| {
        json!({
            "action": "sync", "from": {"tenantId": rig.contoso, "userId": user},
            "to": {"tenantId": rig.fabrikam},
        })
    };
    let refused = us.post(EXPLAIN, question(&ann)).await.expect(200);
    assert_eq!(refused.json["allowed"], false);
    // Outside an organization nobody learns whether a tenant or a person is there.
    let outside = them.post(EXPLAIN, question(&ann)).await.expect(200);
    assert_eq!(outside.json["allowed"], false);
    assert_eq!(outside.json["steps"][0]["tenantId"], rig.fabrikam);
    let mut signin = question(&ann);
    signin["action"] = json!("signin");
    them.post(EXPLAIN, signin.clone())
        .await
        .refused(404, "Directory_ObjectNotFound");
    us.post(EXPLAIN, signin).await.expect(200);

    rig.join().await;
    us.put(
        &format!("{SHARING}/default"),
        json!({"scope": "selected", "users": [ann]}),
    )
    .await
    .expect(204);
    let allowed = us.post(EXPLAIN, question(&ann)).await.expect(200);
    assert_eq!(allowed.json["allowed"], true, "{}", allowed.text);
    let theirs = them.post(EXPLAIN, question(&ann)).await.expect(200);
    assert_eq!(theirs.json["allowed"], true, "{}", theirs.text);
    for tenant in [&rig.contoso, &rig.fabrikam] {
        assert!(theirs.text.contains(tenant.as_str()));
    }

    // Whom the home doesn't share: it is told why, and how to share; the others aren't.
    let why = us.post(EXPLAIN, question(&bob)).await.expect(200);
    assert!(
        why.text.contains(&ann),
        "the mend keeps who is shared already: {}",
        why.text
    );
    let unshared = them.post(EXPLAIN, question(&bob)).await.expect(200);
    let unknown = them.post(EXPLAIN, question(NOBODY)).await.expect(200);
    assert_eq!(unshared.json["allowed"], false);
    assert_eq!(unshared.json, unknown.json);
    assert!(!unshared.text.contains(&ann));
    us.post(EXPLAIN, question(NOBODY))
        .await
        .refused(404, "Request_ResourceNotFound");

    let (stranger, third) = rig.d.other("Stranger", "stranger.example").await;
    third
        .post(EXPLAIN, question(&ann))
        .await
        .refused(400, "Request_BadRequest");
    for body in [
        json!({}),
        json!({"action": "dance", "from": {"tenantId": rig.contoso}, "to": {"tenantId": stranger}}),
        json!({"action": "chat", "from": {"tenantId": rig.contoso}, "to": {"tenantId": stranger}}),
        json!({"action": "sync", "from": {"tenantId": rig.contoso}, "to": {}}),
        json!({"action": "sync", "from": {"tenantId": rig.contoso}, "to": {"tenantId": "x"}}),
        json!({"action": "sync", "from": {"tenantId": rig.contoso}, "to": {"tenantId": rig.contoso}}),
        json!({"action": "signin", "from": {"tenantId": rig.contoso}, "to": {"tenantId": stranger}}),
    ] {
        let answer = us.post(EXPLAIN, body.clone()).await;
        assert_eq!(answer.status, 400, "{body} {}", answer.text);
    }
    let nowhere = json!({"action": "sync", "from": {"tenantId": rig.contoso, "userId": ann}, "to": {"tenantId": NOBODY}});
    assert!(matches!(us.post(EXPLAIN, nowhere).await.status, 400..=404));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_told_in_the_words_of_the_api() {
    let rig = Rig::apart().await;
    let admin = &rig.d.admin;
    let (from, to) = (
        json!({ "tenantId": rig.contoso }),
        json!({ "tenantId": rig.fabrikam }),
    );
    for (body, target) in [
        (json!({}), "scope"),
        (json!({ "scope": 1 }), "scope"),
        (json!({ "scope": "selected", "users": "\u{2028}" }), "users"),
        (json!({ "scope": "selected", "users": [[]] }), "users"),
        (json!({ "scope": "selected", "groups": {} }), "groups"),
        (json!({ "scope": "selected", "rule": true }), "rule"),
        (
            json!({ "scope": "all", "untilDateTime": [] }),
            "untilDateTime",
        ),
        (
            json!({ "scope": "all", "untilDateTime": "soon" }),
            "untilDateTime",
        ),
        // What is over when it is said would pass the guard against deletions.
        (
            json!({ "scope": "all", "untilDateTime": "2020-01-01T00:00:00Z" }),
            "untilDateTime",
        ),
        (json!({ "scope": "all", "nonsense": 1 }), "nonsense"),
    ] {
        let answer = admin.put(&format!("{SHARING}/default"), body).await;
        assert_eq!(answer.json["error"]["target"], target);
        answer.refused(400, "Request_BadRequest");
    }
    for (body, target) in [
        (json!({ "action": [], "from": from, "to": to }), "action"),
        (json!({ "action": "sync", "from": "x", "to": to }), "from"),
        (json!({ "action": "sync", "from": from, "to": [] }), "to"),
        (
            json!({ "action": "sync", "from": from, "to": to, "what": 1 }),
            "what",
        ),
        (
            json!({ "action": "sync", "from": from, "to": { "tenantId": 7 } }),
            "tenantId",
        ),
        (
            json!({ "action": "sync", "from": { "tenantId": rig.contoso, "userId": 1 }, "to": to }),
            "userId",
        ),
    ] {
        let answer = admin.post(EXPLAIN, body).await;
        let text = answer.json.to_string();
        assert_eq!(answer.json["error"]["target"], target);
        answer.refused(400, "Request_BadRequest");
        assert!(
            !text.contains("struct") && !text.contains("invalid type"),
            "{text}"
        );
    }
}

/// The entries of a tenant's audit log with an activity, the oldest first.
async fn audited(caller: &Caller, activity: &str) -> Vec<Value> {
    let target = format!(
        "/auditLogs/directoryAudits?$filter=activityDisplayName eq '{activity}'&$orderby=activityDateTime asc"
    );
    let page = caller.get(&target).await.expect(200).json;
    page["value"].as_array().unwrap().clone()
}

fn detail<'v>(entry: &'v Value, key: &str) -> &'v Value {
    let details = entry["additionalDetails"].as_array().unwrap();
    let found = details.iter().find(|detail| detail["key"] == key);
    found.map_or(&Value::Null, |detail| &detail["value"])
}

fn modified<'v>(target: &'v Value, name: &str) -> &'v Value {
    let all = target["modifiedProperties"].as_array().unwrap();
    let found = all.iter().find(|it| it["displayName"] == name);
    found.unwrap_or(&Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn both_audit_logs_tell_what_one_tenant_does_in_the_other() {
    let rig = Rig::together().await;
    let (admin, their) = (&rig.d.admin, &rig.their);
    let ann = rig.user(&rig.contoso, DOMAIN, "ann").await;
    let default = format!("{SHARING}/default");
    let one = json!({"scope": "selected", "users": [ann]});
    admin.put(&default, one).await.expect(204);
    rig.settled().await;
    let added = audited(their, "Add user").await;
    let added = added.last().unwrap();
    let target = &added["targetResources"][0];
    assert_eq!(
        (&target["displayName"], &target["type"]),
        (&json!("ann"), &json!("User"))
    );
    assert_eq!(modified(target, "displayName")["newValue"], "\"ann\"");
    assert_eq!(modified(target, "displayName")["oldValue"], Value::Null);
    assert_eq!(detail(added, "SourceTenantId"), rig.contoso.as_str());
    let by = added["initiatedBy"]["app"]["displayName"].as_str().unwrap();
    assert!(by.contains(&rig.contoso), "{by}");
    let copy = target["id"].as_str().unwrap().to_owned();

    let user = format!("/users/{ann}");
    admin
        .patch(&user, json!({ "jobTitle": "Cook" }))
        .await
        .expect(204);
    rig.settled().await;
    admin
        .patch(&user, json!({ "jobTitle": "Baker" }))
        .await
        .expect(204);
    rig.settled().await;
    let updated = audited(their, "Update user").await;
    let target = &updated.last().unwrap()["targetResources"][0];
    assert_eq!(target["id"], copy.as_str());
    let title = modified(target, "jobTitle");
    assert_eq!(
        (&title["oldValue"], &title["newValue"]),
        (&json!("\"Cook\""), &json!("\"Baker\""))
    );
    admin.delete(&user).await.expect(204);
    rig.settled().await;
    let deleted = audited(their, "Delete user").await;
    assert_eq!(
        deleted.last().unwrap()["targetResources"][0]["id"],
        copy.as_str()
    );

    // The tenant that has acted says the same of its own user.
    let sent = audited(admin, "Export").await;
    let actions: Vec<&Value> = sent.iter().map(|entry| detail(entry, "Action")).collect();
    assert_eq!(
        actions,
        ["Add user", "Update user", "Update user", "Delete user"]
    );
    for entry in &sent {
        assert_eq!(entry["category"], "ProvisioningManagement");
        assert_eq!(detail(entry, "TargetTenantId"), rig.fabrikam.as_str());
        assert_eq!(entry["targetResources"][0]["id"], ann.as_str());
        assert_eq!(entry["targetResources"][1]["id"], rig.fabrikam.as_str());
    }
    let title = modified(&sent[2]["targetResources"][0], "jobTitle");
    assert_eq!(title["newValue"], "\"Baker\"");

    // Many at once are named together, and each is still found.
    for number in 0..60 {
        rig.user(&rig.contoso, DOMAIN, &format!("user{number}"))
            .await;
    }
    admin
        .put(&default, json!({"scope": "all"}))
        .await
        .expect(204);
    rig.settled().await;
    let added = audited(their, "Add user").await;
    let named: usize = added
        .iter()
        .filter(|entry| detail(entry, "SourceTenantId") == rig.contoso.as_str())
        .map(|entry| entry["targetResources"].as_array().unwrap().len())
        .sum();
    assert_eq!(named, 62, "ann, the administrator and the sixty");
    assert!(added.len() < 30, "{} entries", added.len());
    let last = &added.last().unwrap()["targetResources"][0]["id"];
    let of_one = format!(
        "/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id eq '{}')",
        last.as_str().unwrap()
    );
    let found = their.get(&of_one).await.expect(200).json;
    assert_eq!(found["value"].as_array().unwrap().len(), 1);
    for tenant in [&rig.contoso, &rig.fabrikam] {
        let island = rig.d.node.store().island(tenant.parse().unwrap()).unwrap();
        assert_eq!(island.read(audit::verify).await.unwrap(), None);
    }
}
