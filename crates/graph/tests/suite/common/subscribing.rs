//! A deployment whose clock a test moves, with a machine that takes its notifications.

use std::sync::Arc;

use serde_json::{Value, json};
use store::{Clock as _, ManualClock};
use types::Timestamp;

use super::deployment::{Caller, Deployment};
use super::receiver::Receiver;

pub struct Rig {
    pub d: Deployment,
    pub clock: Arc<ManualClock>,
    pub receiver: Receiver,
}

impl Rig {
    pub async fn start() -> Self {
        let start = "2026-11-26T12:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::new(start));
        let d = Deployment::start_with(Arc::<ManualClock>::clone(&clock), |config| {
            config.allow_egress = vec!["127.0.0.0/8".parse().unwrap()];
        });
        let d = d.await;
        // Deliveries are work, which a node does once it is started.
        d.node.start();
        Self {
            d,
            clock,
            receiver: Receiver::start().await,
        }
    }

    /// Lets time pass, and has the work look at the clock at once.
    pub fn pass(&self, seconds: i64) {
        self.clock.advance_seconds(seconds);
        self.d
            .node
            .wake_subscriptions(self.d.tenant.parse().unwrap());
    }

    pub fn after(&self, minutes: i64) -> Timestamp {
        self.clock.now().plus_seconds(minutes * 60)
    }

    /// What has to be sent, and no more.
    pub fn body(&self, resource: &str, change_type: &str) -> Value {
        json!({
            "changeType": change_type, "resource": resource,
            "notificationUrl": format!("{}/told", self.receiver.url),
            "expirationDateTime": self.after(24 * 60),
        })
    }

    pub async fn subscribe(&self, body: Value) -> Value {
        let made = self.d.admin.post("/subscriptions", body).await;
        made.expect(201).json
    }

    /// A fresh token for a client, whose last one may have ended.
    pub async fn again(&self, caller: &Caller) -> Caller {
        self.d.client_with(caller, &caller.client_secret).await
    }

    pub async fn user(&self, alias: &str) -> String {
        self.user_by(&self.d.admin, alias).await
    }

    pub async fn user_by(&self, caller: &Caller, alias: &str) -> String {
        let user = json!({
            "accountEnabled": true, "displayName": alias, "mailNickname": alias,
            "userPrincipalName": format!("{alias}@contoso.example"),
            "passwordProfile": { "password": "Correct-Horse-7" },
        });
        let user = caller.post("/users", user).await.expect(201).json;
        user["id"].as_str().unwrap().to_owned()
    }

    pub async fn group(&self, name: &str) -> String {
        let group = json!({
            "displayName": name, "mailEnabled": false, "mailNickname": name, "securityEnabled": true,
        });
        let group = self.d.admin.post("/groups", group).await.expect(201).json;
        group["id"].as_str().unwrap().to_owned()
    }

    pub fn reference(&self, id: &str) -> Value {
        json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{id}", self.d.url) })
    }
}
