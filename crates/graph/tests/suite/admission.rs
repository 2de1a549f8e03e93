//! What the receiving tenant asks of users who are synced in, over HTTP.

use crate::common::tenants::{Caller, NOBODY, Tenants};
use directory::users::{self, NewUser};
use node::command::Command;
use serde_json::{Map, Value, json};
use types::{Actor, Id};

const ADMISSION: &str = "/beta/isopolity/admission";
const ALL: &str = "Policy.Read.All,Policy.ReadWrite.CrossTenantAccess,User.ReadWrite.All,\
    Synchronization.ReadWrite.All,AuditLog.Read.All";

struct Rig {
    d: Tenants,
    home: Caller,
    here: Caller,
}

impl Rig {
    /// Two tenants in one organization; the one shares everybody with the other.
    async fn start() -> Self {
        let d = Tenants::start(ALL).await;
        let home = d.tenant("Contoso").await;
        let here = d.tenant("Fabrikam").await;
        let rig = Self { d, home, here };
        rig.execute(Command::OrganizationCreate {
            tenant: rig.home.id.to_string(),
            name: "Round table".into(),
            add: vec![rig.here.id.to_string()],
            accept_users: true,
            skip_consent: true,
        })
        .await;
        rig.execute(Command::OrganizationJoin {
            tenant: rig.here.id.to_string(),
            invited_by: rig.home.id.to_string(),
            accept_users: true,
            skip_consent: true,
        })
        .await;
        let all = json!({"scope": "all"});
        let default = "/beta/isopolity/userSharing/default";
        rig.home.put(default, all).await.expect(204);
        rig
    }

    async fn execute(&self, command: Command) -> Value {
        self.d.node.execute(command, &|_| {}).await.unwrap()
    }

    fn own(&self, rest: &str) -> String {
        format!("{ADMISSION}/tenants/{}{rest}", self.home.id)
    }

    /// A user at home.
    async fn user(&self, alias: &str, mail: Option<&str>) -> String {
        let properties: Map<String, Value> = json!({
            "accountEnabled": true, "displayName": alias, "mailNickname": alias, "mail": mail,
            "jobTitle": "Smith", "department": "Forge",
            "userPrincipalName": format!("{alias}@contoso.example"),
        })
        .as_object()
        .unwrap()
        .clone();
        let new = NewUser {
            properties,
            ..NewUser::default()
        };
        let island = self.d.node.store().island(self.home.id).unwrap();
        let user = island.write(Actor::Operator, move |tx| users::create(tx, new));
        user.await.unwrap().id.to_string()
    }

    /// What has become of a user here.
    async fn seen(&self, home_id: &str) -> Option<Value> {
        let (home, id) = (self.home.id, Id::new(types::parse_uuid(home_id).unwrap()));
        let island = self.d.node.store().island(self.here.id).unwrap();
        let found = island.read(move |tx| directory::synced::find(tx, home, id));
        let found = found.await.unwrap().filter(|user| !user.deleted);
        found.map(|user| Value::Object(user.properties().unwrap()))
    }

    /// Waits, change by change, until it fits.
    async fn until(&self, home_id: &str, fits: impl Fn(Option<&Value>) -> bool) {
        let island = self.d.node.store().island(self.home.id).unwrap();
        for _ in 0..20_000 {
            if fits(self.seen(home_id).await.as_ref()) {
                return;
            }
            self.d.node.flush(self.here.id).await;
            island.write(Actor::System, |_| Ok(())).await.unwrap();
        }
        panic!("{:?} {:?}", self.seen(home_id).await, self.failures().await);
    }

    async fn failures(&self) -> Vec<Value> {
        let path = format!(
            "/beta/isopolity/userSharing/tenants/{}/failures",
            self.here.id
        );
        let list = self.home.get(&path).await.expect(200);
        list["value"].as_array().unwrap().clone()
    }

    async fn until_failing(&self, home_id: &str, code: &str) -> Value {
        for _ in 0..20_000 {
            let failures = self.failures().await;
            let of = |it: &&Value| it["userId"] == home_id && it["code"] == code;
            if let Some(failure) = failures.iter().find(of) {
                return failure.clone();
            }
            tokio::task::yield_now().await;
        }
        panic!("{:?}", self.failures().await);
    }

    async fn listed(&self) -> Vec<Value> {
        let list = self.here.get(&self.own("/users")).await.expect(200);
        list["value"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_set_inherited_and_dropped() {
    let rig = Rig::start().await;
    let default = format!("{ADMISSION}/default");
    let open = json!({"maxUsers": null, "allowedMailDomains": null,
        "attributes": {"deny": [], "override": {}}, "displayNameSuffix": null,
        "maxUserType": "member", "holdFirst": 0});
    let got = rig.here.get(&default).await.expect(200);
    for (name, value) in open.as_object().unwrap() {
        assert_eq!(got[name], *value, "{name}");
    }
    let rules = json!({"maxUsers": 10, "displayNameSuffix": " (C)", "holdFirst": 1});
    rig.here.patch(&default, rules).await.expect(204);
    rig.here
        .patch(&rig.own(""), json!({"maxUsers": 2, "maxUserType": "guest"}))
        .await
        .expect(204);
    let own = rig.here.get(&rig.own("")).await.expect(200);
    assert_eq!(
        (&own["source"], &own["maxUsers"]),
        (&json!("own"), &json!(2))
    );
    assert_eq!(
        (&own["displayNameSuffix"], &own["holdFirst"]),
        (&json!(" (C)"), &json!(1))
    );
    rig.here
        .patch(&rig.own(""), json!({"maxUsers": null}))
        .await
        .expect(204);
    assert_eq!(rig.here.get(&rig.own("")).await.expect(200)["maxUsers"], 10);
    rig.here.delete(&rig.own("")).await.expect(204);
    let again = rig.here.delete(&rig.own("")).await;
    again.refused(404, "Request_ResourceNotFound");
    assert_eq!(
        rig.here.get(&rig.own("")).await.expect(200)["source"],
        "default"
    );
    let list = rig
        .here
        .get(&format!("{ADMISSION}/tenants"))
        .await
        .expect(200);
    assert_eq!(list["value"][0]["syncAllowed"], true);
    let log = "/auditLogs/directoryAudits?$filter=activityDisplayName eq \
        'Update admission of users of other tenants'";
    assert_eq!(
        rig.here.get(log).await.expect(200)["value"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_rule_is_refused() {
    let rig = Rig::start().await;
    let default = format!("{ADMISSION}/default");
    for bad in [
        json!({"maxUsers": -1}),
        json!({"maxUsers": "3"}),
        json!({"holdFirst": 1_001}),
        json!({"allowedMailDomains": "contoso.example"}),
        json!({"allowedMailDomains": ["not a domain"]}),
        json!({"allowedMailDomains": vec!["a.example"; 101]}),
        json!({"displayNameSuffix": "x".repeat(65)}),
        json!({"displayNameSuffix": "\u{7}"}),
        json!({"maxUserType": "admin"}),
        json!({"attributes": []}),
        json!({"attributes": {"deny": ["displayName"]}}),
        json!({"attributes": {"deny": ["accountEnabled"]}}),
        json!({"attributes": {"override": {"userPrincipalName": "x@y.example"}}}),
        json!({"attributes": {"override": {"department": 7}}}),
        json!({"attributes": {"replace": {}}}),
        json!({"blockedHere": true}),
    ] {
        let refused = rig.here.patch(&default, bad.clone()).await;
        assert_eq!(refused.status, 400, "{bad}: {}", refused.json);
    }
    let stranger = rig.d.tenant("Stranger").await;
    for id in [stranger.id.to_string(), NOBODY.to_owned(), "x".to_owned()] {
        let path = format!("{ADMISSION}/tenants/{id}");
        assert_eq!(rig.here.get(&path).await.status, 404);
        assert_eq!(
            rig.here.patch(&path, json!({"maxUsers": 1})).await.status,
            404
        );
        assert_eq!(rig.here.get(&format!("{path}/users")).await.status, 404);
        let release = format!("{path}/users/{NOBODY}/release");
        assert_eq!(rig.here.call("POST", &release, None).await.status, 404);
    }
    let itself = format!("{ADMISSION}/tenants/{}", rig.here.id);
    let refused = rig.here.patch(&itself, json!({"maxUsers": 1})).await;
    refused.refused(400, "Request_BadRequest");
    let reader = rig.here.with_permissions("Policy.Read.All");
    let denied = reader.patch(&default, json!({"maxUsers": 1})).await;
    denied.refused(403, "Authorization_RequestDenied");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_is_shaped_by_the_rules_those_here_too() {
    let rig = Rig::start().await;
    let ann = rig.user("ann", Some("ann@contoso.example")).await;
    rig.until(&ann, |user| user.is_some()).await;
    let rules = json!({
        "attributes": {"deny": ["jobTitle"], "override": {"department": "External", "companyName": "Contoso"}},
        "displayNameSuffix": " (Contoso)",
        "maxUserType": "guest",
    });
    rig.here.patch(&rig.own(""), rules).await.expect(204);
    let shaped = |user: Option<&Value>| {
        user.is_some_and(|user| {
            user["displayName"]
                .as_str()
                .unwrap()
                .ends_with(" (Contoso)")
                && user["department"] == "External"
                && user["companyName"] == "Contoso"
                && user["userType"] == "Guest"
                && user.get("jobTitle").is_none()
        })
    };
    rig.until(&ann, shaped).await;
    let bob = rig.user("bob", None).await;
    rig.until(&bob, shaped).await;
    rig.here.delete(&rig.own("")).await.expect(204);
    rig.until(&bob, |user| {
        user.is_some_and(|user| {
            user["displayName"] == "bob"
                && user["department"] == "Forge"
                && user["jobTitle"] == "Smith"
                && user["userType"] == "Member"
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_turned_away_is_told_why_and_comes_once_that_is_over() {
    let rig = Rig::start().await;
    let ann = rig.user("ann", Some("ann@contoso.example")).await;
    rig.until(&ann, |user| user.is_some()).await;
    let domains = json!({"allowedMailDomains": ["Elsewhere.example"]});
    rig.here.patch(&rig.own(""), domains).await.expect(204);
    // Those who are here go, restorable.
    rig.until(&ann, |user| user.is_none()).await;
    let failure = rig.until_failing(&ann, "AdmissionMailDomain").await;
    assert!(
        failure["reason"]
            .as_str()
            .unwrap()
            .contains("contoso.example"),
        "{failure}"
    );
    let listed = rig.listed().await;
    let listed = listed.iter().find(|user| user["id"] == json!(ann)).unwrap();
    assert_eq!(listed["state"], "turnedAway");
    assert_eq!(listed["code"], "AdmissionMailDomain");
    let release = rig.own(&format!("/users/{ann}/release"));
    assert_eq!(rig.here.call("POST", &release, None).await.status, 409);
    let more = json!({"allowedMailDomains": ["contoso.example"], "maxUsers": 2});
    rig.here.patch(&rig.own(""), more).await.expect(204);
    rig.until(&ann, |user| user.is_some()).await;
    let bob = rig.user("bob", Some("bob@contoso.example")).await;
    rig.until_failing(&bob, "AdmissionMaxUsers").await;
    rig.here
        .patch(&rig.own(""), json!({"maxUsers": null}))
        .await
        .expect(204);
    rig.until(&bob, |user| user.is_some()).await;
    assert_eq!(rig.listed().await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_ones_wait_for_the_admin() {
    let rig = Rig::start().await;
    rig.here
        .patch(&rig.own(""), json!({"holdFirst": 3}))
        .await
        .expect(204);
    let ann = rig.user("ann", None).await;
    rig.until_failing(&ann, "AdmissionHeld").await;
    let bob = rig.user("bob", None).await;
    rig.until_failing(&bob, "AdmissionHeld").await;
    let cid = rig.user("cid", None).await;
    rig.until_failing(&cid, "AdmissionHeld").await;
    // The administrator came first; the last one waits behind them.
    let listed: Vec<Value> = rig.listed().await.into_iter().skip(1).collect();
    let ids: Vec<&Value> = listed.iter().map(|user| &user["id"]).collect();
    assert_eq!(ids, [&json!(ann), &json!(bob)]);
    assert_eq!(listed[0]["displayName"], "ann");
    let first = rig.listed().await[0]["id"].as_str().unwrap().to_owned();
    let decide = |user: &str, word: &str| rig.own(&format!("/users/{user}/{word}"));
    rig.here
        .call("POST", &decide(&ann, "release"), None)
        .await
        .expect(204);
    rig.until(&ann, |user| user.is_some()).await;
    rig.here
        .call("POST", &decide(&first, "release"), None)
        .await
        .expect(204);
    rig.until(&first, |user| user.is_some()).await;
    assert!(rig.seen(&cid).await.is_none());
    rig.here
        .call("POST", &decide(&bob, "refuse"), None)
        .await
        .expect(204);
    rig.until(&cid, |user| user.is_some()).await;
    rig.until_failing(&bob, "AdmissionRefused").await;
    // No change at home brings back who was refused, nor does a rule that goes.
    rig.here
        .patch(
            &rig.own(""),
            json!({"holdFirst": 0, "displayNameSuffix": "!"}),
        )
        .await
        .expect(204);
    rig.until(&cid, |user| {
        user.is_some_and(|user| user["displayName"] == "cid!")
    })
    .await;
    assert!(rig.seen(&bob).await.is_none());
    let missing = rig
        .here
        .call("POST", &decide(NOBODY, "release"), None)
        .await;
    missing.refused(404, "Request_ResourceNotFound");
    rig.here
        .call("POST", &decide(&bob, "release"), None)
        .await
        .expect(204);
    rig.until(&bob, |user| user.is_some()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_would_come_is_seen_before_anybody_comes() {
    let rig = Rig::start().await;
    let ann = rig.user("ann", Some("ann@contoso.example")).await;
    rig.until(&ann, |user| user.is_some()).await;
    // Shut off at once: whoever comes later doesn't.
    let partner = format!(
        "/policies/crossTenantAccessPolicy/partners/{}/identitySynchronization",
        rig.home.id
    );
    let shut = json!({"userSyncInbound": {"isSyncAllowed": false}});
    rig.here.patch(&partner, shut).await.expect(204);
    let bob = rig.user("bob", Some("bob@elsewhere.example")).await;
    let domains = json!({"allowedMailDomains": ["contoso.example"]});
    rig.here.patch(&rig.own(""), domains).await.expect(204);
    let coming = rig.here.get(&rig.own("/coming")).await.expect(200);
    let users = coming["users"].as_array().unwrap();
    assert_eq!(
        (&coming["count"], &coming["allowed"]),
        (&json!(1), &json!(false)),
        "{coming}"
    );
    assert_eq!(
        (&users[0]["id"], &users[0]["admitted"]),
        (&json!(bob), &json!(false))
    );
    assert_eq!(users[0]["code"], "AdmissionMailDomain");
    assert!(
        users[0]["reason"]
            .as_str()
            .unwrap()
            .contains("elsewhere.example")
    );
    // It was a question.
    assert_eq!(rig.listed().await, Vec::<Value>::new());
    let list = rig
        .here
        .get(&format!("{ADMISSION}/tenants"))
        .await
        .expect(200);
    assert_eq!(
        (&list["value"][0]["syncAllowed"], &list["value"][0]["users"]),
        (&json!(false), &json!(2))
    );
    assert!(list["value"][0]["usersSinceDateTime"].is_string());
    let stranger = rig.d.tenant("Stranger").await;
    for id in [stranger.id.to_string(), NOBODY.to_owned()] {
        let path = format!("{ADMISSION}/tenants/{id}/coming");
        rig.here
            .get(&path)
            .await
            .refused(404, "Request_ResourceNotFound");
    }
}
