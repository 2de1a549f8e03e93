//! Every route that users may call, by users who may not and by one who may: alone and in a batch.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use graph::{Access, Route, Table, Version};
use serde_json::{Value, json};

use crate::common::deployment::{Answer, Caller, DOMAIN, Deployment, NOBODY};

/// The templates of the roles that are given here.
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// One method of one address, with every key filled in by something that nobody has.
struct Case {
    method: String,
    /// Behind the version.
    path: String,
    version: &'static str,
    /// None if it is for applications only.
    scopes: String,
    is_open_to_members: bool,
    is_open_to_guests: bool,
    /// No role opens it: it is for oneself.
    is_own: bool,
}

fn filled(path: &str) -> String {
    let mut text = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        text.push_str(NOBODY);
        rest = after.split_once('}').unwrap().1;
    }
    text + rest
}

/// Whether a role that nobody has to be given opens a route, on anything or on oneself.
fn is_open_to(route: &Route, role: &str, is_me: bool) -> bool {
    let roles: Vec<Value> =
        serde_json::from_str(include_str!("../../../directory/data/built_in_roles.json")).unwrap();
    let role = roles.iter().find(|it| it["displayName"] == role).unwrap();
    route.actions().iter().any(|action| {
        let permissions = role["rolePermissions"].as_array().unwrap().iter();
        permissions
            .filter(|it| {
                it["condition"].is_null() || (is_me && it["condition"] == "$ResourceIsSelf")
            })
            .flat_map(|it| it["allowedResourceActions"].as_array().unwrap())
            .any(|it| it == &format!("microsoft.directory/{action}"))
    })
}

fn cases() -> Vec<Case> {
    let table = Table::new(graph::all_routes()).unwrap();
    let mut cases = Vec::new();
    for route in table.routes() {
        if route.access() != Access::Application {
            continue;
        }
        let is_me = route.path() == "/me" || route.path().starts_with("/me/");
        // Of groups that they know of, guests see the members from within only.
        let from_within =
            |action: &&&str| action.starts_with("groups/m") || action.starts_with("groups/o");
        let is_inner = route.actions().iter().any(|it| from_within(&it));
        let version = route.versions().each().next().map(Version::prefix);
        let is_own = route.actions().is_empty();
        cases.push(Case {
            is_own,
            method: route.method().to_string(),
            path: filled(route.path()),
            version: version.unwrap(),
            scopes: route.delegated_permissions().collect::<Vec<_>>().join(" "),
            is_open_to_members: is_open_to(route, "User", is_me) || (is_own && is_me),
            is_open_to_guests: (is_open_to(route, "Guest User", is_me) && !is_inner)
                || (is_own && is_me),
        });
    }
    assert!(cases.len() > 400, "{}", cases.len());
    cases
}

impl Case {
    async fn call(&self, caller: &Caller) -> Answer {
        let target = match self.version {
            "/beta" => format!("/beta{}", self.path),
            _ => self.path.clone(),
        };
        let call = caller.call(&self.method, &target);
        let call = if self.method == "GET" || self.method == "DELETE" {
            call
        } else {
            call.json(&self.body())
        };
        Answer::read(call.send().await.unwrap()).await
    }

    /// Nothing that would end the sessions of those who call.
    fn body(&self) -> Value {
        if self.path.ends_with("revokeSignInSessions") {
            json!({ "nonsense": 1 })
        } else {
            json!({})
        }
    }

    fn shown(&self) -> String {
        format!("{} {}{}", self.method, self.version, self.path)
    }
}

struct People {
    d: Deployment,
    member: String,
    guest: String,
    admin: String,
}

async fn people() -> People {
    let d = Deployment::start().await;
    let mut made = Vec::new();
    for (alias, kind) in [("ann", "Member"), ("gus", "Guest"), ("ada", "Member")] {
        let body = json!({ "accountEnabled": true, "displayName": alias, "mailNickname": alias,
            "userPrincipalName": format!("{alias}@{DOMAIN}"), "userType": kind,
            "passwordProfile": { "password": "Correct-Horse-7-Staple" } });
        let user = d.admin.post("/users", body).await.expect(201);
        made.push(user.json["id"].as_str().unwrap().to_owned());
    }
    let [member, guest, admin] = made.try_into().unwrap();
    give(&d, GLOBAL_ADMINISTRATOR, &admin).await;
    People {
        d,
        member,
        guest,
        admin,
    }
}

async fn give(d: &Deployment, role: &str, user: &str) {
    let body = json!({ "roleDefinitionId": role, "principalId": user, "directoryScopeId": "/" });
    let path = "/roleManagement/directory/roleAssignments";
    d.admin.post(path, body).await.expect(201);
}

/// The sight of a refusal, or that there is none.
fn sight(status: u16, body: &Value) -> (u16, String) {
    let code = body["error"]["code"].as_str().unwrap_or_default();
    (status, code.to_owned())
}

#[tokio::test]
async fn tokens_of_users_that_are_not_for_here_open_nothing() {
    let p = people().await;
    let good = p.d.user_token(&p.admin, "Directory.ReadWrite.All").await;
    let mut elsewhere = good.clone();
    elsewhere.audience = "api://wiki".into();
    let mut of_client = good.clone();
    of_client.audience = good.app_id.to_string();
    let (other, _) = p.d.other("Fabrikam", "fabrikam.example").await;
    // Who is somebody here is nobody there, whatever is signed there.
    let mut there = good.clone();
    there.tenant = other.parse().unwrap();
    let mut stale = good.clone();
    stale.generation = 0;
    p.d.admin
        .post(
            &format!("/users/{}/revokeSignInSessions", p.admin),
            json!({}),
        )
        .await
        .expect(200);
    let mut short = p.d.user_token(&p.admin, "Directory.ReadWrite.All").await;
    short.lifetime_seconds = 1;
    let mut tokens = Vec::new();
    for token in [elsewhere, of_client, there, stale, short] {
        tokens.push(p.d.with_token(p.d.issue(&token).await));
    }
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    for case in cases() {
        for caller in &tokens {
            let answer = case.call(caller).await;
            let seen = sight(answer.status, &answer.json);
            assert_eq!(
                seen,
                (401, "InvalidAuthenticationToken".into()),
                "{}",
                case.shown()
            );
        }
    }
}

#[tokio::test]
async fn users_call_what_scope_and_right_allow() {
    let p = people().await;
    let cases = cases();
    let powerless = p.d.signed_in(&p.admin, "openid").await;
    let mut callers: BTreeMap<(String, String), Caller> = BTreeMap::new();
    for case in &cases {
        for user in [&p.member, &p.guest, &p.admin] {
            let key = (user.clone(), case.scopes.clone());
            if let Entry::Vacant(place) = callers.entry(key) {
                place.insert(p.d.signed_in(user, &case.scopes).await);
            }
        }
    }
    let mut misfits = Vec::new();
    for case in &cases {
        let denied = (403, "Authorization_RequestDenied".to_owned());
        let refused = case.call(&powerless).await;
        assert_eq!(
            sight(refused.status, &refused.json),
            denied,
            "{}",
            case.shown()
        );
        for (user, is_open) in [
            (&p.member, case.is_open_to_members),
            (&p.guest, case.is_open_to_guests),
            (&p.admin, !case.is_own || case.is_open_to_members),
        ] {
            if case.scopes.is_empty() {
                continue;
            }
            let caller = &callers[&(user.clone(), case.scopes.clone())];
            let answer = case.call(caller).await;
            let seen = sight(answer.status, &answer.json);
            let is_named = case.is_own || answer.message().contains("microsoft.directory/");
            let is_denied = seen == denied && is_named;
            if is_denied == is_open || seen.0 == 401 || seen.0 >= 500 {
                let who = if *user == p.member {
                    "member"
                } else if *user == p.guest {
                    "guest"
                } else {
                    "admin"
                };
                misfits.push(format!(
                    "{who} {}: {seen:?} {}",
                    case.shown(),
                    answer.message()
                ));
            }
        }
    }
    assert!(misfits.is_empty(), "{misfits:#?}");
}

#[tokio::test]
async fn in_a_batch_users_are_answered_as_alone() {
    let p = people().await;
    let cases = cases();
    let scopes = "User.Read Group.Read.All Directory.Read.All Application.ReadWrite.All";
    let member = p.d.signed_in(&p.member, scopes).await;
    for version in ["/v1.0", "/beta"] {
        let of_version: Vec<&Case> = cases.iter().filter(|it| it.version == version).collect();
        for part in of_version.chunks(20) {
            let requests: Vec<Value> = part
                .iter()
                .enumerate()
                .map(|(id, case)| {
                    let mut request = json!({ "id": id.to_string(), "method": case.method,
                        "url": case.path });
                    if case.method != "GET" && case.method != "DELETE" {
                        request["body"] = case.body();
                        request["headers"] = json!({ "Content-Type": "application/json" });
                    }
                    request
                })
                .collect();
            let target = match version {
                "/beta" => "/beta/$batch",
                _ => "/$batch",
            };
            let answer = member.post(target, json!({ "requests": requests })).await;
            let answer = answer.expect(200).json;
            let answers = answer["responses"].as_array().unwrap();
            for (case, inside) in part.iter().zip(answers) {
                let alone = case.call(&member).await;
                let status = inside["status"].as_u64().unwrap() as u16;
                assert_eq!(
                    sight(status, &inside["body"]),
                    sight(alone.status, &alone.json),
                    "{}",
                    case.shown()
                );
            }
        }
    }
}
