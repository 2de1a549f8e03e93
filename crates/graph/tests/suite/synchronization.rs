//! Synchronization jobs, as tools that were written for Microsoft Graph set them up and watch them.

use crate::common::deployment::{Answer, Caller, DOMAIN, Deployment, NOBODY};
use directory::users::{self, NewUser};
use serde_json::{Value, json};
use types::{Actor, TenantId};

const TEMPLATE: &str = "518e5f48-1fc8-4c48-9387-9fdf28b0dfe7";
const PARTNERS: &str = "/policies/crossTenantAccessPolicy/partners";
const NEVER: &str = "0001-01-01T00:00:00Z";

/// A source, a target and a configuration in the source; no organization.
struct Rig {
    d: Deployment,
    fabrikam: String,
    their: Caller,
    principal: Value,
    /// `/servicePrincipals/{id}/synchronization`.
    root: String,
}

impl Rig {
    /// Up to the configuration, with nothing set in either policy.
    async fn closed() -> Self {
        let d = Deployment::start().await;
        let (fabrikam, their) = d.other("Fabrikam", "fabrikam.example").await;
        d.node.start();
        let instantiate = format!("/applicationTemplates/{TEMPLATE}/instantiate");
        let made = d
            .admin
            .post(&instantiate, json!({"displayName": "Fabrikam"}))
            .await;
        let made = made.expect(201).json;
        let principal = made["servicePrincipal"].clone();
        let id = principal["id"].as_str().unwrap().to_owned();
        Self {
            d,
            fabrikam,
            their,
            principal,
            root: format!("/servicePrincipals/{id}/synchronization"),
        }
    }

    /// With the policies as the documented sequence sets them.
    async fn open() -> Self {
        let rig = Self::closed().await;
        rig.open_target().await;
        rig.open_source().await;
        rig
    }

    async fn open_target(&self) {
        let (their, contoso) = (&self.their, &self.d.tenant);
        let partner = json!({"tenantId": contoso});
        their.post(PARTNERS, partner).await.expect(201);
        let sync = json!({"displayName": "Contoso", "userSyncInbound": {"isSyncAllowed": true}});
        let own = format!("{PARTNERS}/{contoso}");
        let put = their
            .put(&format!("{own}/identitySynchronization"), sync)
            .await;
        put.expect(204);
        let consent = json!({
            "inboundTrust": null, "automaticUserConsentSettings": {"inboundAllowed": true},
        });
        their.patch(&own, consent).await.expect(204);
    }

    async fn open_source(&self) {
        let admin = &self.d.admin;
        let partner = json!({"tenantId": self.fabrikam});
        admin.post(PARTNERS, partner).await.expect(201);
        let consent = json!({"automaticUserConsentSettings": {"outboundAllowed": true}});
        let own = format!("{PARTNERS}/{}", self.fabrikam);
        admin.patch(&own, consent).await.expect(204);
    }

    fn id(&self) -> &str {
        self.principal["id"].as_str().unwrap()
    }

    fn credentials(&self) -> Value {
        json!([
            {"key": "CompanyId", "value": self.fabrikam},
            {"key": "AuthenticationType", "value": "SyncPolicy"},
        ])
    }

    async fn job(&self) -> String {
        let body = json!({"templateId": "Azure2Azure"});
        let made = self
            .d
            .admin
            .post(&format!("{}/jobs", self.root), body)
            .await;
        let made = made.expect(201).json;
        format!("{}/jobs/{}", self.root, made["id"].as_str().unwrap())
    }

    async fn save(&self, secrets: Value) -> Answer {
        let body = json!({"value": secrets});
        self.d
            .admin
            .put(&format!("{}/secrets", self.root), body)
            .await
    }

    /// A job with a target, not started.
    async fn configured(&self) -> String {
        let job = self.job().await;
        self.save(self.credentials()).await.expect(204);
        job
    }

    async fn user(&self, alias: &str) -> String {
        let properties = json!({
            "accountEnabled": true, "displayName": alias, "mailNickname": alias,
            "userPrincipalName": format!("{alias}@{DOMAIN}"),
        });
        let new = NewUser {
            properties: properties.as_object().unwrap().clone(),
            ..NewUser::default()
        };
        let tenant: TenantId = self.d.tenant.parse().unwrap();
        let island = self.d.node.store().island(tenant).unwrap();
        let user = island.write(Actor::Operator, move |tx| users::create(tx, new));
        user.await.unwrap().id.to_string()
    }

    async fn assign(&self, principal: &str) -> Value {
        let role = &self.principal["appRoles"][0]["id"];
        let body = json!({"principalId": principal, "resourceId": self.id(), "appRoleId": role});
        let path = format!("/servicePrincipals/{}/appRoleAssignedTo", self.id());
        self.d.admin.post(&path, body).await.expect(201).json
    }

    /// The names of Contoso's users in Fabrikam, sorted.
    async fn arrived(&self) -> Vec<String> {
        let list = self
            .their
            .get("/users?$select=displayName,userPrincipalName")
            .await;
        let list = list.expect(200).json;
        let users = list["value"].as_array().unwrap().iter();
        let external = users.filter(|user| user["userPrincipalName"].to_string().contains("#EXT#"));
        let names = external.map(|user| user["displayName"].as_str().unwrap().to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// Gives the engine its turn until something is so; nothing here looks at a clock.
    async fn until<F: Future<Output = bool>>(&self, what: &str, mut is_so: impl FnMut() -> F) {
        let contoso: TenantId = self.d.tenant.parse().unwrap();
        let fabrikam: TenantId = self.fabrikam.parse().unwrap();
        for _ in 0..2_000 {
            if is_so().await {
                return;
            }
            self.d.node.flush(contoso).await;
            let island = self.d.node.store().island(fabrikam).unwrap();
            island.write(Actor::System, |_| Ok(())).await.unwrap();
        }
        panic!("never came: {what}; there are {:?}", self.arrived().await);
    }

    async fn until_there(&self, names: &[&str]) {
        let what = format!("{names:?}");
        self.until(&what, || async { self.arrived().await == names })
            .await;
    }

    async fn until_code(&self, job: &str, code: &str) -> Value {
        let fits = || async { self.d.admin.get(job).await.json["status"]["code"] == code };
        self.until(code, fits).await;
        self.d.admin.get(job).await.expect(200).json
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_sequence_works_without_an_organization() {
    let rig = Rig::closed().await;
    let admin = &rig.d.admin;
    // The test of the connection names the side that is missing, until both are open.
    let validate = format!("{}/jobs/validateCredentials", rig.root);
    let body = json!({
        "useSavedCredentials": false, "templateId": "Azure2Azure",
        "credentials": rig.credentials(),
    });
    let code = "AzureActiveDirectoryCrossTenantSyncPolicyCheckFailure";
    let refused = admin.post(&validate, body.clone()).await.refused(400, code);
    assert!(
        refused.message().contains(&rig.d.tenant),
        "{}",
        refused.message()
    );
    rig.open_source().await;
    let refused = admin.post(&validate, body.clone()).await.refused(400, code);
    assert!(
        refused.message().contains(&rig.fabrikam),
        "{}",
        refused.message()
    );
    // A tenant that isn't there looks like one that doesn't let users in.
    let mut nobody = body.clone();
    nobody["credentials"][0]["value"] = json!(NOBODY);
    admin.post(&validate, nobody).await.refused(400, code);
    rig.open_target().await;
    admin.post(&validate, body).await.expect(204);

    let jobs = format!("{}/jobs", rig.root);
    let made = admin
        .post(&jobs, json!({"templateId": "Azure2Azure"}))
        .await;
    let made = made.expect(201);
    assert_eq!(made.json["schedule"]["state"], "Disabled");
    assert_eq!(made.json["schedule"]["interval"], "PT40M");
    assert_eq!(made.json["status"]["code"], "Paused");
    assert_eq!(made.json["status"]["steadyStateFirstAchievedTime"], NEVER);
    assert_eq!(made.json["status"]["quarantine"], Value::Null);
    let settings = made.json["synchronizationJobSettings"].to_string();
    assert!(settings.contains("AzureIngestionAttributeOptimization"));
    let id = made.json["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("Azure2Azure."), "{id}");
    let job = format!("{}/jobs/{id}", rig.root);

    let secrets = json!([
        {"key": "AuthenticationType", "value": "SyncPolicy"},
        {"key": "CompanyId", "value": rig.fabrikam},
        {"key": "SyncNotificationSettings",
         "value": "{\"Enabled\":false,\"DeleteThresholdEnabled\":false}"},
        {"key": "SyncAll", "value": "false"},
    ]);
    rig.save(secrets).await.expect(204);
    let (ann, bob) = (rig.user("ann").await, rig.user("bob").await);
    rig.user("carl").await;
    let assignment = rig.assign(&ann).await;
    assert_eq!(assignment["principalType"], "User");
    let group = json!({
        "displayName": "Sales", "mailNickname": "sales", "mailEnabled": false,
        "securityEnabled": true,
    });
    let group = admin.post("/groups", group).await.expect(201).json;
    let group = group["id"].as_str().unwrap();
    let member = json!({"@odata.id": format!("{}/v1.0/directoryObjects/{bob}", rig.d.url)});
    let members = format!("/groups/{group}/members/$ref");
    admin.post(&members, member).await.expect(204);
    assert_eq!(rig.assign(group).await["principalType"], "Group");

    admin
        .post(&format!("{job}/start"), json!({}))
        .await
        .expect(204);
    let started = admin.get(&job).await.expect(200).json;
    assert_eq!(started["schedule"]["state"], "Active");
    rig.until_there(&["ann", "bob"]).await;
    let status = rig.until_code(&job, "Active").await["status"].clone();
    assert_ne!(status["steadyStateFirstAchievedTime"], NEVER);
    assert_eq!(status["lastExecution"]["state"], "Succeeded");
    assert_eq!(
        status["lastSuccessfulExecutionWithExports"]["countExported"],
        2
    );
    assert_eq!(
        status["synchronizedEntryCountByType"],
        json!([{"key": "User", "value": 2}])
    );
    assert_eq!(status["progress"][0]["completedUnits"], 2);

    // The log, by the filter of the same document.
    let filter = format!(
        "((contains(tolower(servicePrincipal/id), '{id}') or \
         contains(tolower(servicePrincipal/displayName), '{id}')) and \
         activityDateTime gt 2023-07-30 and activityDateTime lt 2099-07-31)",
        id = rig.id()
    );
    let path =
        format!("/auditLogs/provisioning?$filter={filter}&$top=500&$orderby=activityDateTime desc");
    let log = admin.get(&path).await.expect(200).json;
    let log = log["value"].as_array().unwrap();
    assert_eq!(log.len(), 2, "{log:#?}");
    assert_eq!(log[0]["servicePrincipal"]["displayName"], "Fabrikam");
    assert_eq!(log[0]["jobId"], id.as_str());
    assert_eq!(log[0]["provisioningAction"], "create");

    // Who isn't assigned any more goes, and comes back.
    admin
        .delete(&format!("/groups/{group}/members/{bob}/$ref"))
        .await
        .expect(204);
    rig.until_there(&["ann"]).await;
    let path = format!(
        "/users/{ann}/appRoleAssignments/{}",
        assignment["id"].as_str().unwrap()
    );
    admin.delete(&path).await.expect(204);
    rig.until_there(&[]).await;
    rig.assign(&ann).await;
    rig.until_there(&["ann"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_paused_restarted_and_deleted_and_its_target_keeps_what_it_has() {
    let rig = Rig::open().await;
    let admin = &rig.d.admin;
    let job = rig.configured().await;
    rig.save(json!([{"key": "SyncAll", "value": "true"}]))
        .await
        .expect(204);
    rig.user("ann").await;
    admin
        .post(&format!("{job}/start"), json!({}))
        .await
        .expect(204);
    rig.until_code(&job, "Active").await;
    let all = rig.arrived().await;
    assert!(
        all.contains(&"ann".to_owned()),
        "everybody is in scope: {all:?}"
    );

    admin
        .post(&format!("{job}/pause"), json!({}))
        .await
        .expect(204);
    let paused = admin.get(&job).await.expect(200).json;
    assert_eq!(
        (&paused["schedule"]["state"], &paused["status"]["code"]),
        (&json!("Paused"), &json!("Paused"))
    );
    rig.user("bob").await;
    admin
        .post(
            &format!("{job}/restart"),
            json!({"criteria": {"resetScope": "Nonsense"}}),
        )
        .await
        .refused(400, "Request_BadRequest");
    let scopes = [
        "None",
        "ConnectorDataStore",
        "Escrows",
        "Watermark",
        "QuarantineState",
        "Full",
        "ForceDeletes",
        "",
        "Watermark, Escrows, QuarantineState",
    ];
    for scope in scopes {
        let body = json!({"criteria": {"resetScope": scope}});
        admin
            .post(&format!("{job}/restart"), body)
            .await
            .expect(204);
        rig.until_code(&job, "Active").await;
    }
    admin
        .post(&format!("{job}/restart"), json!({}))
        .await
        .expect(204);
    let with_bob = || async { rig.arrived().await.contains(&"bob".to_owned()) };
    rig.until("bob", with_bob).await;
    rig.until_code(&job, "Active").await;

    // A target that closes puts the job into quarantine, with the setting that does it.
    let sync = format!("{PARTNERS}/{}/identitySynchronization", rig.d.tenant);
    let closed = json!({"userSyncInbound": {"isSyncAllowed": false}});
    rig.their.patch(&sync, closed).await.expect(204);
    rig.user("carl").await;
    let status = rig.until_code(&job, "Quarantine").await["status"].clone();
    assert_eq!(
        status["quarantine"]["reason"],
        "EncounteredQuarantineException"
    );
    let message = status["quarantine"]["error"]["message"].as_str().unwrap();
    assert!(message.contains(&rig.fabrikam), "{message}");
    let open = json!({"userSyncInbound": {"isSyncAllowed": true}});
    rig.their.patch(&sync, open).await.expect(204);
    rig.until_code(&job, "Active").await;
    let with_carl = || async { rig.arrived().await.contains(&"carl".to_owned()) };
    rig.until("carl", with_carl).await;

    let before = rig.arrived().await;
    admin.delete(&job).await.expect(204);
    admin
        .get(&job)
        .await
        .refused(404, "Request_ResourceNotFound");
    rig.user("dora").await;
    // Another job with the same target may come, which finds what is there.
    let again = rig.job().await;
    assert_eq!(rig.arrived().await, before);
    admin
        .post(&format!("{again}/start"), json!({}))
        .await
        .expect(204);
    let with_dora = || async { rig.arrived().await.contains(&"dora".to_owned()) };
    rig.until("dora", with_dora).await;
    assert_eq!(rig.arrived().await.len(), before.len() + 1);
    // What goes with its application leaves the users, too.
    let before = rig.arrived().await;
    let app = rig.principal["appId"].as_str().unwrap();
    admin
        .delete(&format!("/applications(appId='{app}')"))
        .await
        .expect(204);
    admin
        .get(&again)
        .await
        .refused(404, "Request_ResourceNotFound");
    assert_eq!(rig.arrived().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_on_demand_is_told_step_by_step() {
    let rig = Rig::closed().await;
    let admin = &rig.d.admin;
    let job = rig.configured().await;
    let (ann, bob) = (rig.user("ann").await, rig.user("bob").await);
    rig.assign(&ann).await;
    let schema = admin.get(&format!("{job}/schema")).await.expect(200).json;
    let rule = schema["synchronizationRules"][0]["id"].clone();
    let call = |user: &str| {
        json!({"parameters": [{
            "ruleId": rule, "subjects": [{"objectId": user, "objectTypeName": "User"}],
        }]})
    };
    let demand = format!("{job}/provisionOnDemand");
    let step = |account: &Value, name: &str| -> Value {
        let mut steps = account["provisioningSteps"].as_array().unwrap().iter();
        steps
            .find(|step| step["name"] == name)
            .unwrap_or(&Value::Null)
            .clone()
    };
    // Neither side is open: the account says who refuses.
    let account = told(admin.post(&demand, call(&ann)).await);
    assert_eq!(account["statusInfo"]["status"], "Failure");
    assert_eq!(step(&account, "TestConnection")["status"], "Failure");
    rig.open_source().await;
    rig.open_target().await;

    let answer = admin.post(&demand, call(&ann)).await.expect(200);
    assert!(
        answer.json["@odata.context"]
            .to_string()
            .contains("stringKeyStringValuePair")
    );
    assert!(answer.json["key"].as_str().unwrap().ends_with("StatusInfo"));
    let account = told(answer);
    assert_eq!(account["action"], "Create");
    let import = step(&account, "EntryImport");
    assert_eq!(
        (&import["type"], &import["details"]["objectId"]),
        (&json!("Import"), &json!(ann))
    );
    let scoping = step(&account, "EntrySynchronizationScoping");
    assert_eq!(scoping["details"]["Assigned to the application"], "True");
    assert_eq!(step(&account, "EntryExportAdd")["status"], "Success");
    assert_eq!(account["sourceIdentity"]["id"], ann.as_str());
    assert_eq!(rig.arrived().await, ["ann"], "without the job running");

    let account = told(admin.post(&demand, call(&ann)).await);
    assert_eq!(account["statusInfo"]["status"], "Skipped");
    let skip = step(&account, "EntrySynchronizationSkip");
    assert_eq!(skip["details"]["SkipReason"], "RedundantExport");
    // Who isn't assigned isn't provisioned.
    let account = told(admin.post(&demand, call(&bob)).await);
    assert_eq!(account["statusInfo"]["errorCode"], "NotEffectivelyEntitled");
    assert_eq!(rig.arrived().await, ["ann"]);
    // The fifth within ten seconds passes, the sixth has to wait.
    admin
        .post(&demand, call(NOBODY))
        .await
        .refused(404, "Request_ResourceNotFound");
    let later = admin
        .post(&demand, call(&ann))
        .await
        .refused(429, "TooManyRequests");
    assert!(!later.header("retry-after").is_empty());
    let mut unknown = call(&ann);
    unknown["parameters"][0]["ruleId"] = json!(NOBODY);
    admin
        .post(&demand, unknown)
        .await
        .refused(400, "Request_BadRequest");

    // A job that starts afterwards finds the user.
    admin
        .post(&format!("{job}/start"), json!({}))
        .await
        .expect(204);
    rig.until_code(&job, "Active").await;
    assert_eq!(rig.arrived().await, ["ann"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_written_and_never_shown() {
    let rig = Rig::open().await;
    let admin = &rig.d.admin;
    let secret = "correct-horse-battery-staple";
    rig.save(json!([
        {"key": "BaseAddress", "value": "https://directory.example"},
        {"key": "SecretToken", "value": secret},
        {"key": "CompanyId", "value": rig.fabrikam},
    ]))
    .await
    .expect(204);
    let list = admin
        .get(&format!("{}/secrets", rig.root))
        .await
        .expect(200);
    assert_eq!(list.json["value"].as_array().unwrap().len(), 3);
    assert!(
        list.json["value"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["value"] == "*")
    );
    let whole = admin.get(&rig.root).await.expect(200);
    let audits = admin.get("/auditLogs/directoryAudits").await.expect(200);
    for text in [&list.text, &whole.text, &audits.text] {
        assert!(!text.contains(secret) && !text.contains("directory.example"));
    }
    // An empty value takes one away.
    rig.save(json!([{"key": "SecretToken", "value": ""}]))
        .await
        .expect(204);
    let list = admin
        .get(&format!("{}/secrets", rig.root))
        .await
        .expect(200);
    assert!(!list.text.contains("SecretToken"));
    for (secrets, target) in [
        (json!([{"key": "Nonsense", "value": "x"}]), "key"),
        (
            json!([{"key": "CompanyId", "value": "fabrikam.example"}]),
            "CompanyId",
        ),
        (
            json!([{"key": "CompanyId", "value": rig.d.tenant}]),
            "CompanyId",
        ),
        (json!([{"key": "SyncAll", "value": "maybe"}]), "SyncAll"),
        (json!({"key": "SyncAll"}), "value"),
        (json!([{"value": "x"}]), "value"),
    ] {
        let refused = rig.save(secrets).await.refused(400, "Request_BadRequest");
        assert_eq!(refused.json["error"]["target"], target);
    }
    // A job that was started first waits for its target.
    rig.save(json!([{"key": "CompanyId", "value": ""}]))
        .await
        .expect(204);
    let job = rig.job().await;
    admin
        .post(&format!("{job}/start"), json!({}))
        .await
        .expect(204);
    let waiting = admin.get(&job).await.expect(200).json;
    assert_eq!(waiting["status"]["code"], "NotConfigured");
    let ann = rig.user("ann").await;
    rig.assign(&ann).await;
    rig.save(rig.credentials()).await.expect(204);
    rig.until_there(&["ann"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_their_tenants_and_their_makers() {
    let rig = Rig::open().await;
    let admin = &rig.d.admin;
    let job = rig.configured().await;
    // Another tenant's looks like one that isn't there, and a job of another principal too.
    let strange = format!("/servicePrincipals/{NOBODY}/synchronization");
    for (method, below) in [("GET", "/jobs"), ("GET", "/secrets"), ("GET", "/templates")] {
        let theirs = rig.their.call(method, &format!("{}{below}", rig.root));
        let theirs = Answer::read(theirs.send().await.unwrap()).await;
        let nobodys = rig.their.call(method, &format!("{strange}{below}"));
        let nobodys = Answer::read(nobodys.send().await.unwrap()).await;
        let message = nobodys.message().replace(NOBODY, rig.id());
        assert_eq!((theirs.status, theirs.message()), (404, message.as_str()));
    }
    let (_, other) = admin.application(json!({"displayName": "Other"})).await;
    let other = format!("/servicePrincipals/{}", other["id"].as_str().unwrap());
    let name = job.rsplit('/').next().unwrap();
    let path = format!("{other}/synchronization/jobs/{name}");
    admin
        .get(&path)
        .await
        .refused(404, "Request_ResourceNotFound");

    // Reading is less than writing; what a client has made itself it may do.
    let reader = rig.d.client(&["Synchronization.Read.All"]).await;
    reader.get(&job).await.expect(200);
    let start = format!("{job}/start");
    reader
        .post(&start, json!({}))
        .await
        .refused(403, "Authorization_RequestDenied");
    let owner = rig.d.client(&["Application.ReadWrite.OwnedBy"]).await;
    owner
        .get(&job)
        .await
        .refused(403, "Authorization_RequestDenied");
    let instantiate = format!("/applicationTemplates/{TEMPLATE}/instantiate");
    let own = owner
        .post(&instantiate, json!({"displayName": "Mine"}))
        .await;
    let own = own.expect(201).json;
    let own = format!(
        "/servicePrincipals/{}/synchronization",
        own["servicePrincipal"]["id"].as_str().unwrap()
    );
    let body = json!({"templateId": "Azure2Azure"});
    let made = owner
        .post(&format!("{own}/jobs"), body.clone())
        .await
        .expect(201)
        .json;
    owner
        .post(&format!("{own}/jobs"), body)
        .await
        .refused(409, "Conflict");
    let nonsense = json!({"templateId": "Nonsense"});
    owner
        .post(&format!("{own}/jobs"), nonsense)
        .await
        .refused(400, "Request_BadRequest");

    // There is one pair with a target, and so one job.
    admin.post(&start, json!({})).await.expect(204);
    let secrets = json!({"value": rig.credentials()});
    owner
        .put(&format!("{own}/secrets"), secrets)
        .await
        .expect(204);
    let second = format!("{own}/jobs/{}/start", made["id"].as_str().unwrap());
    owner
        .post(&second, json!({}))
        .await
        .refused(409, "Conflict");

    // By the application's address it is the same.
    let application = rig.principal["appId"].as_str().unwrap();
    let list = admin
        .get(&format!("/applications?$filter=appId eq '{application}'"))
        .await;
    let id = list.expect(200).json["value"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let jobs = admin
        .get(&format!("/applications/{id}/synchronization/jobs"))
        .await;
    assert_eq!(jobs.expect(200).json["value"][0]["id"], name);
    let settings = json!({"synchronizationJobSettings": [
        {"name": "QuarantineTooManyDeletesThreshold", "value": "500"},
    ]});
    admin.patch(&job, settings).await.expect(204);
    assert!(
        admin
            .get(&job)
            .await
            .text
            .contains("QuarantineTooManyDeletesThreshold")
    );
    admin
        .patch(&job, json!({"templateId": "Other"}))
        .await
        .refused(400, "Request_BadRequest");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_beside_what_is_shared() {
    let rig = Rig::open().await;
    let admin = &rig.d.admin;
    let job = rig.configured().await;
    let (ann, bob) = (rig.user("ann").await, rig.user("bob").await);
    rig.assign(&ann).await;
    admin
        .post(&format!("{job}/start"), json!({}))
        .await
        .expect(204);
    rig.until_there(&["ann"]).await;
    // Outside an organization the sharing counts for nothing.
    let share = json!({"scope": "selected", "users": [bob]});
    let sharing = "/beta/isopolity/userSharing/default";
    admin.put(sharing, share).await.expect(204);
    rig.until_code(&job, "Active").await;
    assert_eq!(rig.arrived().await, ["ann"]);

    let organization = "/tenantRelationships/multiTenantOrganization";
    admin
        .put(organization, json!({"displayName": "Round table"}))
        .await
        .expect(201);
    let member = json!({"tenantId": rig.fabrikam, "displayName": "Fabrikam"});
    admin
        .post(&format!("{organization}/tenants"), member)
        .await
        .expect(201);
    let join = json!({"addedByTenantId": rig.d.tenant});
    rig.their
        .patch(&format!("{organization}/joinRequest"), join)
        .await
        .expect(204);
    rig.until_there(&["ann", "bob"]).await;
    // Without its job the pair goes on with what is shared.
    admin.delete(&job).await.expect(204);
    rig.until_there(&["bob"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_and_secrets_of_new_applications() {
    let d = Deployment::start().await;
    let list = d
        .admin
        .get("/applicationTemplates?$filter=displayName eq 'Custom'")
        .await;
    let list = list.expect(200).json;
    assert_eq!(list["value"].as_array().unwrap().len(), 1, "{list}");
    let one = d
        .admin
        .get(&format!("/applicationTemplates/{TEMPLATE}"))
        .await;
    assert_eq!(one.expect(200).json["id"], TEMPLATE);
    let nobody = format!("/applicationTemplates/{NOBODY}");
    d.admin
        .get(&nobody)
        .await
        .refused(404, "Request_ResourceNotFound");
    let instantiate = format!("/applicationTemplates/{TEMPLATE}/instantiate");
    for body in [
        json!({}),
        json!({"displayName": ""}),
        json!({"displayName": "x", "more": 1}),
    ] {
        d.admin
            .post(&instantiate, body)
            .await
            .refused(400, "Request_BadRequest");
    }
    let made = d
        .admin
        .post(&instantiate, json!({"displayName": "Fabrikam"}))
        .await;
    let made = made.expect(201).json;
    for part in ["application", "servicePrincipal"] {
        assert_eq!(made[part]["applicationTemplateId"], TEMPLATE);
        assert_eq!(made[part]["appRoles"][0]["displayName"], "msiam_access");
    }
    assert_eq!(made["servicePrincipal"]["appRoleAssignmentRequired"], true);

    // Secrets in the body of a new application are shown this once.
    let body = json!({"displayName": "Tool", "passwordCredentials": [
        {"displayName": "first", "endDateTime": "2099-01-01T00:00:00Z"}, {"displayName": "second"},
    ]});
    let application = d.admin.post("/applications", body).await.expect(201).json;
    let secrets = application["passwordCredentials"].as_array().unwrap();
    assert_eq!(secrets.len(), 2);
    let first = secrets
        .iter()
        .find(|it| it["displayName"] == "first")
        .unwrap();
    let secret = first["secretText"].as_str().unwrap().to_owned();
    assert_eq!(first["endDateTime"], "2099-01-01T00:00:00Z");
    let app = json!({"appId": application["appId"]});
    d.admin.post("/servicePrincipals", app).await.expect(201);
    let mut client = d.admin.clone();
    client.client_id = application["appId"].as_str().unwrap().into();
    client.client_secret.clone_from(&secret);
    d.token_of(&client).await.token();
    let path = format!("/applications/{}", application["id"].as_str().unwrap());
    let shown = d.admin.get(&path).await.expect(200);
    assert!(!shown.text.contains(&secret));
    for wrong in [json!("x"), json!([1]), json!([{"secretText": "mine"}])] {
        let body = json!({"displayName": "Tool", "passwordCredentials": wrong});
        d.admin
            .post("/applications", body)
            .await
            .refused(400, "Request_BadRequest");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_of_users_and_groups() {
    let rig = Rig::closed().await;
    let admin = &rig.d.admin;
    let ann = rig.user("ann").await;
    let role = &rig.principal["appRoles"][0]["id"];
    let body = json!({"principalId": ann, "resourceId": rig.id(), "appRoleId": role});
    let path = format!("/users/ann@{DOMAIN}/appRoleAssignments");
    let made = admin.post(&path, body.clone()).await.expect(201);
    assert_eq!(made.json["principalDisplayName"], "ann");
    admin
        .post(&path, body)
        .await
        .refused(400, "Request_BadRequest");
    let list = admin.get(&path).await.expect(200).json;
    assert_eq!(list["value"][0]["id"], made.json["id"]);
    let other = json!({"principalId": NOBODY, "resourceId": rig.id(), "appRoleId": role});
    admin
        .post(&path, other)
        .await
        .refused(400, "Request_BadRequest");
    let group = json!({
        "displayName": "Sales", "mailNickname": "sales", "mailEnabled": false,
        "securityEnabled": true,
    });
    let group = admin.post("/groups", group).await.expect(201).json;
    let own = format!(
        "/groups/{}/appRoleAssignments",
        group["id"].as_str().unwrap()
    );
    let body = json!({"principalId": group["id"], "resourceId": rig.id(), "appRoleId": role});
    let of_group = admin.post(&own, body).await.expect(201).json;
    assert_eq!(of_group["principalType"], "Group");
    // One isn't found at another's address.
    let id = of_group["id"].as_str().unwrap();
    admin
        .get(&format!("{path}/{id}"))
        .await
        .refused(404, "Request_ResourceNotFound");
    admin.get(&format!("{own}/{id}")).await.expect(200);
    let reader = rig.d.client(&["Directory.Read.All"]).await;
    reader.get(&own).await.expect(200);
    reader
        .delete(&format!("{own}/{id}"))
        .await
        .refused(403, "Authorization_RequestDenied");
    admin.delete(&format!("{own}/{id}")).await.expect(204);
    assert_eq!(admin.get(&own).await.expect(200).json["value"], json!([]));
    let nobody = format!("/users/{NOBODY}/appRoleAssignments");
    admin
        .get(&nobody)
        .await
        .refused(404, "Request_ResourceNotFound");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_is_read_replaced_and_put_back() {
    let rig = Rig::open().await;
    let admin = &rig.d.admin;
    let job = rig.configured().await;
    let schema = format!("{job}/schema");
    let default = admin.get(&schema).await.expect(200).json;
    assert_eq!(default["id"], job.rsplit('/').next().unwrap());
    let rule = &default["synchronizationRules"][0];
    assert_eq!(rule["name"], "USER_INBOUND_USER");
    assert_eq!(rule["sourceDirectoryName"], "Azure Active Directory");
    let template = format!("{}/templates/Azure2Azure", rig.root);
    let of_template = admin
        .get(&format!("{template}/schema"))
        .await
        .expect(200)
        .json;
    assert_eq!(
        of_template["synchronizationRules"],
        default["synchronizationRules"]
    );
    let unknown = format!("{}/templates/Slack/schema", rig.root);
    admin
        .get(&unknown)
        .await
        .refused(404, "Request_ResourceNotFound");

    // What was read can be written back, with a filter that lets Sales pass.
    let mut filtered = default.clone();
    filtered.as_object_mut().unwrap().remove("@odata.context");
    filtered["synchronizationRules"][0]["objectMappings"][0]["scope"] = json!({"groups": [{
        "name": "Sales only", "clauses": [{
            "sourceOperandName": "displayName", "operatorName": "EQUALS",
            "targetOperand": {"values": ["ann"]},
        }],
    }]});
    admin.put(&schema, filtered.clone()).await.expect(204);
    let read = admin.get(&schema).await.expect(200);
    assert!(read.text.contains("Sales only"));
    let bob = rig.user("bob").await;
    rig.assign(&bob).await;
    let call = json!({"parameters": [{
        "ruleId": rule["id"], "subjects": [{"objectId": bob, "objectTypeName": "User"}],
    }]});
    let told = admin
        .post(&format!("{job}/provisionOnDemand"), call)
        .await
        .expect(200);
    let told = told.json["value"].as_str().unwrap().to_owned();
    assert!(
        told.contains("Sales only.displayName EQUALS 'ann'"),
        "{told}"
    );
    assert!(told.contains("NotInScope"), "{told}");

    // A wrong one is refused at its place and changes nothing.
    let mut wrong = filtered.clone();
    wrong["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][0]["source"] =
        json!({"type": "Function", "expression": "Nonsense([a])", "name": "Nonsense"});
    let refused = admin
        .put(&schema, wrong)
        .await
        .refused(400, "schemaInvalid");
    assert!(
        refused.json["error"]["target"]
            .as_str()
            .unwrap()
            .contains("attributeMappings")
    );
    admin
        .put(&schema, json!({"synchronizationRules": 1}))
        .await
        .refused(400, "schemaInvalid");
    admin
        .patch(&schema, json!({"version": "v1.3"}))
        .await
        .expect(204);
    let read = admin.get(&schema).await.expect(200);
    assert_eq!(read.json["version"], "v1.3");
    assert!(read.text.contains("Sales only"), "PATCH leaves the rest");
    admin.delete(&schema).await.expect(204);
    let read = admin.get(&schema).await.expect(200).json;
    assert_eq!(
        read["synchronizationRules"],
        default["synchronizationRules"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_to_write_a_schema_with() {
    let rig = Rig::closed().await;
    let admin = &rig.d.admin;
    let job = rig.job().await;
    for root in [job, format!("{}/templates/Azure2Azure", rig.root)] {
        let functions = admin
            .get(&format!("{root}/schema/functions()"))
            .await
            .expect(200);
        let list = functions.json["value"].as_array().unwrap();
        assert!(list.iter().any(|function| function["id"] == "Replace"));
        let operators = admin
            .get(&format!("{root}/schema/filterOperators"))
            .await
            .expect(200);
        let list = operators.json["value"].as_array().unwrap();
        assert!(list.iter().any(|operator| operator["id"] == "REGEX MATCH"));
        let parse = format!("{root}/schema/parseExpression");
        let body = json!({
            "expression": "Replace([preferredLanguage], \"-\", , , \"_\", , )",
            "targetAttributeDefinition": null,
            "testInputObject": {"definition": null, "properties": [
                {"key": "preferredLanguage", "value": "EN-US"},
            ]},
        });
        let parsed = admin.post(&parse, body).await.expect(200).json;
        assert_eq!(parsed["parsingSucceeded"], true);
        assert_eq!(parsed["evaluationResult"], json!(["EN_US"]));
        assert_eq!(parsed["parsedExpression"]["name"], "Replace");
        let wrong = admin
            .post(&parse, json!({"expression": "Replace("}))
            .await
            .expect(200);
        assert_eq!(wrong.json["parsingSucceeded"], false);
        admin
            .post(&parse, json!({}))
            .await
            .refused(400, "Request_BadRequest");
        let directories = admin
            .get(&format!("{root}/schema/directories"))
            .await
            .expect(200);
        let list = directories.json["value"].as_array().unwrap();
        assert_eq!(list.len(), 2);
        let one = format!(
            "{root}/schema/directories/{}",
            list[0]["id"].as_str().unwrap()
        );
        assert_eq!(
            admin.get(&one).await.expect(200).json["name"],
            list[0]["name"]
        );
        let found = admin
            .post(&format!("{one}/discover"), json!({}))
            .await
            .expect(200)
            .json;
        assert_ne!(found["discoveryDateTime"], Value::Null);
        let nobody = format!("{root}/schema/directories/{NOBODY}");
        admin
            .get(&nobody)
            .await
            .refused(404, "Request_ResourceNotFound");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_deletions_wait_until_they_are_forced() {
    let rig = Rig::open().await;
    let admin = &rig.d.admin;
    let job = rig.configured().await;
    let threshold =
        "{\"Enabled\":false,\"DeleteThresholdEnabled\":true,\"DeleteThresholdValue\":1}";
    rig.save(json!([{"key": "SyncNotificationSettings", "value": threshold}]))
        .await
        .expect(204);
    let mut users = Vec::new();
    for alias in ["ann", "bob", "carl"] {
        let user = rig.user(alias).await;
        rig.assign(&user).await;
        users.push(user);
    }
    admin
        .post(&format!("{job}/start"), json!({}))
        .await
        .expect(204);
    rig.until_there(&["ann", "bob", "carl"]).await;
    admin
        .delete(&format!("/users/{}", users[1]))
        .await
        .expect(204);
    rig.until_there(&["ann", "carl"]).await;
    admin
        .delete(&format!("/users/{}", users[2]))
        .await
        .expect(204);
    let status = rig.until_code(&job, "Quarantine").await["status"].clone();
    assert_eq!(status["quarantine"]["reason"], "TooManyDeletes");
    assert_eq!(rig.arrived().await, ["ann", "carl"]);
    // Others still come.
    let dora = rig.user("dora").await;
    rig.assign(&dora).await;
    rig.until_there(&["ann", "carl", "dora"]).await;
    let force = json!({"criteria": {"resetScope": "ForceDeletes"}});
    admin
        .post(&format!("{job}/restart"), force)
        .await
        .expect(204);
    rig.until_there(&["ann", "dora"]).await;
    rig.until_code(&job, "Active").await;
}

/// The account of the first subject of a call on demand.
fn told(answer: Answer) -> Value {
    let value = answer.expect(200).json["value"].clone();
    let accounts: Value = serde_json::from_str(value.as_str().unwrap()).unwrap();
    accounts[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn assigned_groups_come_where_the_schema_maps_groups() {
    let rig = Rig::open().await;
    let (admin, their) = (&rig.d.admin, &rig.their);
    let job = rig.configured().await;
    let (ann, bob) = (rig.user("ann").await, rig.user("bob").await);
    let group = async |name: &str| {
        let body = json!({
            "displayName": name, "mailNickname": name, "mailEnabled": false,
            "securityEnabled": true,
        });
        let made = admin.post("/groups", body).await.expect(201).json;
        made["id"].as_str().unwrap().to_owned()
    };
    let member = async |group: &str, member: &str| {
        let body = json!({
            "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{member}"),
        });
        let path = format!("/groups/{group}/members/$ref");
        admin.post(&path, body).await.expect(204);
    };
    let (sales, inner, other) = (
        group("sales").await,
        group("inner").await,
        group("other").await,
    );
    member(&sales, &ann).await;
    member(&sales, &inner).await;
    member(&inner, &bob).await;
    let assignment = rig.assign(&sales).await;
    let schema = format!("{job}/schema");
    let mut mapped = admin.get(&schema).await.expect(200).json;
    let rule = mapped["synchronizationRules"][0]["id"].clone();
    let demand = format!("{job}/provisionOnDemand");
    let call = |group: &str, members: &[&str]| {
        let members = members.iter();
        let members = members.map(|id| json!({"objectId": id, "objectTypeName": "User"}));
        let members: Vec<Value> = members.collect();
        json!({"parameters": [{"ruleId": rule, "subjects": [{
            "objectId": group, "objectTypeName": "Group", "links": {"members": members},
        }]}]})
    };
    let skipped = |account: &Value| account["statusInfo"]["errorCode"].clone();
    // Groups aren't mapped to begin with.
    let account = told(admin.post(&demand, call(&sales, &[])).await);
    assert_eq!(skipped(&account), "EntityTypeNotSupported");
    let mappings = mapped["synchronizationRules"][0]["objectMappings"].as_array_mut();
    let mut mappings = mappings.unwrap().iter_mut();
    let groups = mappings
        .find(|it| it["sourceObjectName"] == "Group")
        .unwrap();
    groups["enabled"] = json!(true);
    mapped.as_object_mut().unwrap().remove("@odata.context");
    admin.put(&schema, mapped).await.expect(204);
    // The target lets none in yet.
    let account = told(admin.post(&demand, call(&sales, &[])).await);
    assert_eq!(account["statusInfo"]["status"], "Failure");
    assert_eq!(skipped(&account), "GroupSyncNotAllowed");
    let sync = format!("/beta{PARTNERS}/{}/identitySynchronization", rig.d.tenant);
    let allowed = json!({"groupSyncInbound": {"isSyncAllowed": true}});
    their.patch(&sync, allowed).await.expect(204);

    // On demand, without the job running: the group, and of its members the one that is named.
    let six = vec![ann.as_str(); 6];
    admin
        .post(&demand, call(&sales, &six))
        .await
        .refused(400, "Request_BadRequest");
    let account = told(admin.post(&demand, call(&sales, &[&ann])).await);
    assert_eq!(account["action"], "Create", "{account}");
    assert_eq!(account["sourceIdentity"]["type"], "Group");
    assert!(account.to_string().contains("Member '"), "{account}");
    let id = account["targetIdentity"]["id"].as_str().unwrap().to_owned();
    let copy = their.get(&format!("/groups/{id}")).await.expect(200).json;
    assert_eq!(copy["displayName"], "sales");
    let account = told(admin.post(&demand, call(&other, &[])).await);
    assert_eq!(skipped(&account), "NotEffectivelyEntitled");

    // The job brings those in it as well, and takes with it what is assigned no more.
    admin
        .post(&format!("{job}/start"), json!({}))
        .await
        .expect(204);
    let in_target = async || -> Vec<String> {
        let list = their
            .get("/groups?$select=displayName")
            .await
            .expect(200)
            .json;
        let list = list["value"].as_array().unwrap().iter();
        let mut names: Vec<String> = list
            .map(|group| group["displayName"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let members = async |id: &str| -> usize {
        let list = their.get(&format!("/groups/{id}/members")).await;
        list.expect(200).json["value"].as_array().unwrap().len()
    };
    let complete = async || {
        let groups = in_target().await;
        groups.contains(&"inner".to_owned()) && members(&id).await == 2
    };
    rig.until("the groups with those in them", complete).await;
    assert!(!in_target().await.contains(&"other".to_owned()));
    assert_eq!(rig.arrived().await, ["ann", "bob"]);
    let own = format!(
        "/servicePrincipals/{}/appRoleAssignedTo/{}",
        rig.id(),
        assignment["id"].as_str().unwrap()
    );
    admin.delete(&own).await.expect(204);
    let gone = async || {
        !in_target()
            .await
            .iter()
            .any(|name| name == "sales" || name == "inner")
    };
    rig.until("the groups leave", gone).await;
}
