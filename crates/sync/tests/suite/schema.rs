//! Pairs with a synchronization schema of their own: what the target has of whom by it, and what
//! it leaves alone.

use std::collections::BTreeMap;

use crate::common::{UserId, World, object};
use directory::users::{self, User};
use provisioning::Schema;
use serde_json::{Value, json};
use types::{Result, TenantId};

/// The default schema, changed.
fn schema(change: impl FnOnce(&mut Value)) -> Schema {
    let mut document = Schema::default_for_users().to_json("");
    change(&mut document);
    Schema::from_json(&document).unwrap()
}

fn users_of(document: &mut Value) -> &mut Value {
    &mut document["synchronizationRules"][0]["objectMappings"][0]
}

fn mappings(document: &mut Value) -> &mut Vec<Value> {
    users_of(document)["attributeMappings"]
        .as_array_mut()
        .unwrap()
}

/// Puts a mapping in the place of the one to the same attribute, or adds it.
fn map(document: &mut Value, target: &str, expression: &str, flow: &str) {
    drop_mapping(document, target);
    mappings(document).push(json!({
        "targetAttributeName": target,
        "flowType": flow,
        "source": {"expression": expression},
    }));
}

fn drop_mapping(document: &mut Value, target: &str) {
    mappings(document).retain(|it| it["targetAttributeName"] != target);
}

fn scope(document: &mut Value, attribute: &str, operator: &str, value: &str) {
    users_of(document)["scope"] = json!({"groups": [{"clauses": [{
        "sourceOperandName": attribute,
        "operatorName": operator,
        "targetOperand": {"values": [value]},
    }]}]});
}

impl World {
    async fn schema(&self, source: TenantId, target: TenantId, own: Schema) {
        self.write(source, move |tx| {
            provisioning::store::save(tx, target, &own)
        })
        .await;
    }

    /// Waits until the user in the target is as it should be.
    async fn becomes(
        &self,
        target: TenantId,
        source: TenantId,
        user: UserId,
        what: &str,
        holds: impl Fn(&User) -> bool,
    ) -> User {
        self.until(what, async || {
            let found = self.found(target, source, user).await;
            found.is_some_and(|found| holds(&found))
        })
        .await;
        self.found(target, source, user).await.unwrap()
    }

    async fn try_patch(&self, tenant: TenantId, user: UserId, patch: Value) -> Result<bool> {
        self.try_write(tenant, move |tx| users::update(tx, user, &object(patch)))
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_schema_makes_the_pair_go_over_its_users() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let body = json!({"department": "Sales", "city": "Lima", "jobTitle": "Agent"});
    let ann = w.user_with(home, "ann", body).await;
    let boss = w.user(home, "boss").await;
    w.write(home, move |tx| users::set_manager(tx, ann, boss))
        .await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    w.check(home, there).await;

    let own = schema(|it| {
        map(
            it,
            "displayName",
            "Join(\" \", [displayName], \"(Contoso)\")",
            "Always",
        );
        map(it, "department", "ToUpper([department])", "Always");
        map(it, "companyName", "\"Contoso\"", "Always");
        map(it, "employeeType", "Guid()", "Always");
        drop_mapping(it, "jobTitle");
        drop_mapping(it, "manager");
    });
    w.schema(home, there, own.clone()).await;
    let user = w
        .becomes(there, home, ann, "the schema is applied", |user| {
            user.property("companyName") == "Contoso"
        })
        .await;
    assert_eq!(user.display_name(), "ann (Contoso)");
    assert_eq!(user.property("department"), "SALES");
    assert_eq!(user.property("city"), "Lima");
    // What has no mapping stays, and is the target's from now on.
    assert_eq!(user.property("jobTitle"), "Agent");
    let patch = json!({"jobTitle": "Guest agent"});
    assert!(w.try_patch(there, user.id, patch).await.unwrap());
    for homes in [
        json!({"city": "Rome"}),
        json!({"companyName": "Own"}),
        json!({"userPrincipalName": "x@y.example"}),
    ] {
        assert!(w.try_patch(there, user.id, homes).await.is_err());
    }
    let random = user.property("employeeType");
    w.patch(home, ann, json!({"department": null, "city": "Cusco"}))
        .await;
    let user = w
        .becomes(there, home, ann, "changes go on", |user| {
            user.property("city") == "Cusco"
        })
        .await;
    assert_eq!(user.property("department"), Value::Null, "cleared at home");
    assert_eq!(user.property("jobTitle"), "Guest agent");
    assert_eq!(user.property("employeeType"), random, "the same each time");
    let manager = w
        .read(there, move |tx| users::manager_of(tx, user.id))
        .await;
    assert!(manager.is_some(), "left alone");

    // Back to the default: what that maps is the home's again.
    w.write(home, move |tx| provisioning::store::delete(tx, there))
        .await;
    let user = w
        .becomes(there, home, ann, "the default holds", |user| {
            user.display_name() == "ann"
        })
        .await;
    assert_eq!(user.property("jobTitle"), "Agent");
    assert_eq!(user.property("companyName"), "Contoso", "left as it was");
    w.settled(home, there).await;
    w.check(home, there).await;
    let patch = json!({"jobTitle": "x"});
    assert!(w.try_patch(there, user.id, patch).await.is_err());
    let patch = json!({"companyName": "Own"});
    assert!(w.try_patch(there, user.id, patch).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_creation_is_set_then_and_left_alone_after() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let own = schema(|it| {
        map(it, "userType", "\"Guest\"", "ObjectAddOnly");
        map(it, "showInAddressList", "\"False\"", "ObjectAddOnly");
        map(it, "employeeType", "\"Visitor\"", "ObjectAddOnly");
        map(it, "usageLocation", "[usageLocation]", "AttributeAddOnly");
        map(it, "state", "[state]", "ValueAddOnly");
        map(
            it,
            "userPrincipalName",
            "Append(\"x.\", [userPrincipalName])",
            "Always",
        );
        drop_mapping(it, "mail");
        drop_mapping(it, "accountEnabled");
    });
    w.schema(home, there, own).await;
    let mail = format!("ann@{}", w.domain_of(home));
    let body = json!({"mail": mail, "usageLocation": "PE", "state": "Lima"});
    let ann = w.user_with(home, "ann", body).await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    let user = w.there(there, home, ann).await;
    assert_eq!(user.user_type(), "Guest");
    assert_eq!(user.property("showInAddressList"), false);
    assert_eq!(user.property("employeeType"), "Visitor");
    assert_eq!(user.property("usageLocation"), "PE");
    assert!(user.user_principal_name().starts_with("x.ann_"));
    assert_eq!(user.property("mail"), json!(mail), "that of the invitation");
    let patch = json!({
        "userType": "Member", "employeeType": "Employee", "usageLocation": "IT", "mail": null,
    });
    w.patch(there, user.id, patch).await;
    let patch =
        json!({"state": null, "city": "Rome", "accountEnabled": false, "usageLocation": "DE"});
    w.patch(home, ann, patch).await;
    let user = w
        .becomes(there, home, ann, "changes go on", |user| {
            user.property("city") == "Rome"
        })
        .await;
    assert_eq!(user.user_type(), "Member");
    assert_eq!(user.property("employeeType"), "Employee");
    assert_eq!(user.property("usageLocation"), "IT", "there was a value");
    assert_eq!(user.property("state"), "Lima", "never taken away");
    assert_eq!(user.property("mail"), Value::Null);
    assert!(user.account_enabled, "isn't mapped");
    assert!(user.user_principal_name().starts_with("x.ann_"));
    w.patch(there, user.id, json!({"usageLocation": null}))
        .await;
    w.patch(home, ann, json!({"city": "Pisa"})).await;
    w.becomes(there, home, ann, "it is set where there is none", |user| {
        user.property("usageLocation") == "DE"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scoping_filter_narrows_what_is_shared() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let ann = w
        .user_with(home, "ann", json!({"department": "Sales"}))
        .await;
    let bob = w.user_with(home, "bob", json!({"department": "HR"})).await;
    w.schema(
        home,
        there,
        schema(|it| scope(it, "department", "EQUALS", "Sales")),
    )
    .await;
    w.share(home, None, json!({"scope": "all"})).await;
    let status = w.settled(home, there).await;
    assert_eq!((status.in_scope, status.synced), (1, 1));
    assert!(w.is_there(there, home, ann).await);
    assert!(!w.is_there(there, home, bob).await);
    let trace = w
        .read(home, move |tx| sync::explain::home(tx, there, Some(bob)))
        .await;
    let last = trace.steps.last().unwrap();
    assert!(
        !last.allowed && last.reason.contains("scoping filter"),
        "{last:?}"
    );

    // Whose attributes change comes, or goes.
    w.patch(home, bob, json!({"department": "Sales"})).await;
    w.patch(home, ann, json!({"department": "HR"})).await;
    w.until("the filter is followed", async || {
        w.is_there(there, home, bob).await && !w.is_there(there, home, ann).await
    })
    .await;
    // Whoever isn't in the sharing doesn't come by the filter.
    w.share(home, None, json!({"scope": "none"})).await;
    w.until("nobody is shared", async || {
        !w.is_there(there, home, bob).await
    })
    .await;
    // Whom the input filter keeps out stays as it is.
    w.share(home, None, json!({"scope": "all"})).await;
    w.until("bob is back", async || w.is_there(there, home, bob).await)
        .await;
    let input = schema(|it| {
        scope(it, "department", "EQUALS", "HR");
        let groups = users_of(it)["scope"]["groups"].take();
        users_of(it)["scope"] = json!({"inputFilterGroups": groups});
    });
    w.schema(home, there, input).await;
    w.until("ann is back", async || w.is_there(there, home, ann).await)
        .await;
    assert!(w.is_there(there, home, bob).await);
    let city = |user: Option<User>| user.unwrap().property("city");
    w.patch(home, bob, json!({"city": "Rome"})).await;
    w.patch(home, ann, json!({"city": "Rome"})).await;
    w.becomes(there, home, ann, "ann is followed", |user| {
        user.property("city") == "Rome"
    })
    .await;
    assert_eq!(city(w.found(there, home, bob).await), Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_that_are_switched_off_arent_taken() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let ann = w.user(home, "ann").await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    let only_updates = schema(|it| users_of(it)["flowTypes"] = json!("Update"));
    w.schema(home, there, only_updates).await;
    let bob = w.user(home, "bob").await;
    let cyd = w.user(home, "cyd").await;
    w.patch(home, ann, json!({"city": "Rome"})).await;
    w.becomes(there, home, ann, "updates go on", |user| {
        user.property("city") == "Rome"
    })
    .await;
    assert!(!w.is_there(there, home, bob).await);
    w.delete(home, ann).await;
    // Without the mapping of IsSoftDeleted the deletion isn't sent either; new users are.
    let adds = schema(|it| drop_mapping(it, "IsSoftDeleted"));
    w.schema(home, there, adds).await;
    w.until("users come", async || {
        w.is_there(there, home, bob).await && w.is_there(there, home, cyd).await
    })
    .await;
    assert!(w.is_there(there, home, ann).await);
    w.write(home, move |tx| users::purge(tx, ann)).await;
    w.until("what is gone for good goes", async || {
        !w.is_there(there, home, ann).await
    })
    .await;
    w.schema(
        home,
        there,
        schema(|it| users_of(it)["enabled"] = json!(false)),
    )
    .await;
    w.delete(home, bob).await;
    w.patch(home, cyd, json!({"city": "Pisa"})).await;
    w.nudge().await;
    w.settled(home, there).await;
    assert!(w.is_there(there, home, bob).await);
    w.schema(home, there, Schema::default_for_users()).await;
    w.becomes(there, home, cyd, "all is as usual", |user| {
        user.property("city") == "Pisa"
    })
    .await;
    w.until("bob goes", async || !w.is_there(there, home, bob).await)
        .await;
    w.settled(home, there).await;
    w.check(home, there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_cant_be_mapped_fails_by_itself() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    let ann = w.user_with(home, "ann", json!({"city": "Lima"})).await;
    let bob = w.user(home, "bob").await;
    let own = schema(|it| {
        let checked = "IIF(IsPresent([city]), [city], Error(\"No city\"))";
        map(it, "city", checked, "Always");
    });
    w.schema(home, there, own).await;
    w.share(home, None, json!({"scope": "all"})).await;
    let status = w.settled(home, there).await;
    assert_eq!((status.in_scope, status.synced, status.failed), (2, 1, 1));
    assert!(w.is_there(there, home, ann).await && !w.is_there(there, home, bob).await);
    let records = w.records(home, bob).await;
    assert_eq!(records[0], ("create".into(), "failure".into()));
    let trace = w
        .read(home, move |tx| sync::explain::home(tx, there, Some(bob)))
        .await;
    let last = trace.steps.last().unwrap();
    assert!(
        last.reason.contains("city") && last.reason.contains("No city"),
        "{last:?}"
    );
    w.patch(home, bob, json!({"city": "Rome"})).await;
    w.until("it is mended", async || w.is_there(there, home, bob).await)
        .await;
    // A name in somebody else's domain is none that the home may give.
    let own = schema(|it| {
        map(
            it,
            "userPrincipalName",
            "Join(\"@\", [mailNickname], \"fabrikam.example\")",
            "Always",
        );
    });
    w.schema(home, there, own).await;
    w.until("names are refused", async || {
        w.status(home, there).await.failed == 2
    })
    .await;
    let user = w.there(there, home, ann).await;
    assert!(
        user.user_principal_name()
            .starts_with("ann_t0.example#EXT#")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_target_has_the_last_word_and_logs_keep_what_is_redacted() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    w.write(there, move |tx| {
        let rules = json!({
            "attributes": {"deny": ["city", "employeeId"], "override": {"companyName": "Partner"}},
            "displayNameSuffix": " (ext)",
            "maxUserType": "guest",
        });
        sync::admission::set(tx, Some(home), &object(rules))
    })
    .await;
    let own = schema(|it| {
        map(it, "companyName", "\"Contoso\"", "Always");
        map(it, "city", "\"Lima\"", "Always");
        map(it, "employeeId", "\"7\"", "ObjectAddOnly");
        map(it, "userType", "\"Member\"", "Always");
        map(it, "department", "Redact([department])", "Always");
    });
    w.schema(home, there, own).await;
    let ann = w
        .user_with(home, "ann", json!({"department": "Secret"}))
        .await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    let user = w.there(there, home, ann).await;
    assert_eq!(user.display_name(), "ann (ext)");
    assert_eq!(user.property("companyName"), "Partner");
    assert_eq!(user.property("city"), Value::Null);
    assert_eq!(user.property("employeeId"), Value::Null);
    assert_eq!(user.user_type(), "Guest");
    assert_eq!(user.property("department"), "Secret");
    w.patch(
        home,
        ann,
        json!({"department": "Secret too", "jobTitle": "Agent"}),
    )
    .await;
    w.becomes(there, home, ann, "changes go on", |user| {
        user.property("jobTitle") == "Agent"
    })
    .await;
    w.settled(home, there).await;
    let log = w
        .read(home, move |tx| {
            let filter = sync::provisioning::Filter {
                source_id: Some(ann.uuid()),
                ..Default::default()
            };
            let records = sync::provisioning::list(tx, &filter, None, 100)?;
            let shown = records
                .iter()
                .map(|record| record.to_graph(home, &BTreeMap::new()).to_string());
            Ok(shown.collect::<Vec<_>>().join("\n"))
        })
        .await;
    assert!(!log.contains("Secret"), "{log}");
    assert_eq!(log.matches("[Redact]").count(), 3, "{log}");
    assert!(log.contains("Agent"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_pair_has_its_own_and_the_others_are_as_before() {
    let w = World::together(3).await;
    let (home, one, other) = (w.tenants[0], w.tenants[1], w.tenants[2]);
    let ann = w
        .user_with(home, "ann", json!({"department": "Sales"}))
        .await;
    w.schema(
        home,
        one,
        schema(|it| map(it, "department", "ToLower([department])", "Always")),
    )
    .await;
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, one).await;
    w.settled(home, other).await;
    assert_eq!(
        w.there(one, home, ann).await.property("department"),
        "sales"
    );
    assert_eq!(
        w.there(other, home, ann).await.property("department"),
        "Sales"
    );
    w.check(home, other).await;
    // What is the home's always is changed in those who are there already.
    let own = schema(|it| map(it, "userType", "\"Guest\"", "Always"));
    w.schema(home, other, own).await;
    w.becomes(other, home, ann, "the type is mapped", |user| {
        user.user_type() == "Guest"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_would_disable_too_many_is_stopped() {
    let w = World::together(2).await;
    let (home, there) = (w.tenants[0], w.tenants[1]);
    for number in 0..30 {
        w.user(home, &format!("u{number}")).await;
    }
    w.share(home, None, json!({"scope": "all"})).await;
    w.settled(home, there).await;
    let off = schema(|document| map(document, "accountEnabled", "\"False\"", "Always"));
    w.schema(home, there, off).await;
    w.until("the pair has stopped", async || {
        w.status(home, there).await.state == "quarantined"
    })
    .await;
    let enabled = w
        .read(there, move |tx| {
            let all = directory::synced::list(tx, home, None, 100)?;
            Ok(all.iter().filter(|user| user.account_enabled).count())
        })
        .await;
    assert_eq!(enabled, 30);
    // Taken back, nothing waits any more.
    w.schema(home, there, Schema::default_for_users()).await;
    let status = w.settled(home, there).await;
    assert_eq!((status.state, status.waiting), ("active", 0));
}
