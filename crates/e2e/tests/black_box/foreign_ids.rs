//! Ids of another tenant, in every place of every route where an id may stand: each is refused, and
//! in the same words as an id that nobody has. The routes are the server's own list, so that a new
//! one is tried as soon as it is there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use e2e::{
    Answer, Deployment, NOBODY, Tenant,
    routes::{Route, routes},
};
use serde_json::{Value, json};

/// Something of every kind, so that there are ids to take.
async fn furnish(tenant: &Tenant) {
    let ann = tenant.user("ann").await;
    let bob = tenant.user("bob").await;
    let url = tenant.url();
    let reference = |id: &str| json!({ "@odata.id": format!("{url}/v1.0/directoryObjects/{id}") });
    tenant
        .put(&format!("/v1.0/users/{ann}/manager/$ref"), reference(&bob))
        .await
        .expect(204);
    for name in ["cooks", "guests"] {
        let group = tenant.group(name).await;
        tenant.add_member(&group, &ann).await;
        tenant.add_member(&group, &bob).await;
        tenant
            .post(
                &format!("/v1.0/groups/{group}/owners/$ref"),
                reference(&bob),
            )
            .await
            .expect(204);
    }
    for alias in ["gone", "left"] {
        let user = tenant.user(alias).await;
        tenant.delete(&format!("/v1.0/users/{user}")).await.ok();
        let group = tenant.group(alias).await;
        tenant.delete(&format!("/v1.0/groups/{group}")).await.ok();
    }
    let mut principals = Vec::new();
    for name in ["Payroll", "Menu"] {
        let app = tenant
            .post("/v1.0/applications", json!({ "displayName": name }))
            .await
            .expect(201);
        let principal = json!({ "appId": app["appId"] });
        let made = tenant.post("/v1.0/servicePrincipals", principal).await;
        principals.push(made.expect(201).id());
    }
    let [client, resource] = &principals[..] else {
        unreachable!()
    };
    let assignment = json!({ "principalId": client, "resourceId": resource,
        "appRoleId": "00000000-0000-0000-0000-000000000000" });
    tenant
        .post(
            &format!("/v1.0/servicePrincipals/{client}/appRoleAssignments"),
            assignment,
        )
        .await
        .expect(201);
    let grant = json!({ "clientId": client, "consentType": "AllPrincipals",
        "resourceId": resource, "scope": "User.Read" });
    tenant
        .post("/v1.0/oauth2PermissionGrants", grant)
        .await
        .expect(201);
}

/// Finds ids of a tenant by asking it as its own administrator would.
struct Finder<'t> {
    tenant: &'t Tenant,
    lists: HashMap<String, Vec<Value>>,
}

impl<'t> Finder<'t> {
    fn new(tenant: &'t Tenant) -> Self {
        Self {
            tenant,
            lists: HashMap::new(),
        }
    }

    async fn list(&mut self, path: &str) -> &[Value] {
        if !self.lists.contains_key(path) {
            let answer = self.tenant.get(path).await;
            let items = answer.json["value"].as_array().cloned();
            self.lists
                .insert(path.to_owned(), items.unwrap_or_default());
        }
        &self.lists[path]
    }

    /// What a key of this name may be in this collection: what is there, else any user.
    async fn key(&mut self, name: &str, collection: &str) -> String {
        if name == "tenantId" {
            return self.tenant.id.clone();
        }
        let own_app = self.tenant.client_id.clone();
        let candidates = [
            collection.to_owned(),
            format!("{collection}/microsoft.graph.user"),
            "/v1.0/users".to_owned(),
        ];
        for path in candidates {
            let items = self.list(&path).await;
            // The one that has most below it, and not the one that asks.
            let chosen = ["cooks", "ann", "Payroll"];
            let item = items
                .iter()
                .find(|item| chosen.iter().any(|name| item["displayName"] == *name))
                .or_else(|| items.iter().rfind(|item| item["appId"] != own_app.as_str()));
            if let Some(key) = item.and_then(|item| item[name].as_str().or(item["id"].as_str())) {
                return key.to_owned();
            }
        }
        NOBODY.to_owned()
    }

    /// The keys of a route.
    async fn keys(&mut self, route: &Route) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for place in 0..route.keys().len() {
            let mut wanted = (String::new(), String::new());
            let mut at = 0;
            route.filled(|name, collection| {
                if at == place {
                    wanted = (name.to_owned(), collection.to_owned());
                }
                at += 1;
                keys.get(at - 1).cloned().unwrap_or_default()
            });
            keys.push(self.key(&wanted.0, &wanted.1).await);
        }
        keys
    }
}

/// Everything that a tenant would see changed if somebody had reached it.
async fn portrait(tenant: &Tenant, routes: &[Route]) -> BTreeMap<String, String> {
    let mut portrait = BTreeMap::new();
    for route in routes {
        let is_list = route.method == "get" && route.keys().is_empty();
        if is_list && !route.template.contains("auditLogs") && !route.template.contains("delta") {
            let seen = tenant.advanced().get(&route.template).await;
            if seen.status == 200 {
                portrait.insert(route.template.clone(), seen.text);
            }
        }
    }
    portrait
}

/// A refusal without what it names: status, code, message.
fn sight(status: &Value, body: &Value, id: &str) -> (Value, Value, String) {
    let message = body["error"]["message"].as_str().unwrap_or_default();
    let rest = if body["error"].is_null() {
        body.to_string()
    } else {
        message.to_owned()
    };
    (
        status.clone(),
        body["error"]["code"].clone(),
        rest.replace(id, "…"),
    )
}

fn sight_of(answer: &Answer, id: &str) -> (Value, Value, String) {
    sight(&json!(answer.status), &answer.json, id)
}

/// A call with an id in one place.
struct Probe {
    method: String,
    path: String,
    body: Option<Value>,
    id: String,
}

impl Probe {
    async fn send(&self, by: &Tenant) -> Answer {
        let call = by.call(&self.method, &self.path);
        match &self.body {
            Some(body) => call.json(body.clone()).await,
            None => call.await,
        }
    }

    fn part(&self, number: usize) -> Value {
        let url = self
            .path
            .strip_prefix("/v1.0")
            .or(self.path.strip_prefix("/beta"));
        let mut part = json!({ "id": number.to_string(), "method": self.method, "url": url });
        if let Some(body) = &self.body {
            part["body"] = body.clone();
            part["headers"] = json!({ "Content-Type": "application/json" });
        }
        part
    }
}

/// The same call with an id of another tenant, and with one that nobody has.
struct Pair {
    foreign: Probe,
    nobody: Probe,
    /// In a path an id that isn't there is refused; lists of ids may pass over it.
    is_path: bool,
}

/// Bodies that a route may be given, as far as the path's id is looked at before them.
fn bodies(route: &Route) -> Vec<Option<Value>> {
    if !route.has_body() {
        return vec![None];
    }
    vec![Some(json!({})), Some(json!({ "displayName": "Reached" }))]
}

async fn in_paths(routes: &[Route], own: &mut Finder<'_>, theirs: &mut Finder<'_>) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for route in routes {
        // Which tenant is whose is told by Graph to whoever asks; roles and templates are the same
        // everywhere.
        let is_public = [
            "findTenantInformation",
            "domainName",
            "directoryRoleTemplates",
            "roleDefinitions",
            "applicationTemplates",
            "synchronization/templates/",
            "roleTemplateId",
        ];
        if is_public.iter().any(|part| route.template.contains(part)) {
            continue;
        }
        let own_keys = own.keys(route).await;
        let their_keys = theirs.keys(route).await;
        for (place, their_key) in their_keys.iter().enumerate() {
            // The method that a password is has the same id everywhere.
            if own_keys[place] == *their_key && their_key != NOBODY {
                continue;
            }
            let with = |id: &str| {
                let mut at = 0;
                route.filled(|_, _| {
                    at += 1;
                    let own = own_keys[at - 1].clone();
                    if at - 1 == place { id.to_owned() } else { own }
                })
            };
            for body in bodies(route) {
                let probe = |id: &str| Probe {
                    method: route.method.clone(),
                    path: with(id),
                    body: body.clone(),
                    id: id.to_owned(),
                };
                pairs.push(Pair {
                    foreign: probe(their_key),
                    nobody: probe(NOBODY),
                    is_path: true,
                });
            }
        }
    }
    pairs
}

/// Bodies that name an object, `ID` in its place.
async fn in_bodies(routes: &[Route], own: &mut Finder<'_>, theirs: &mut Finder<'_>) -> Vec<Pair> {
    let url = own.tenant.url().to_owned();
    let at = |collection: &str| json!({ "@odata.id": format!("{url}/v1.0/{collection}/ID") });
    let bind = |name: &str, kind: &str| json!({ name: [format!("{url}/v1.0/{kind}/ID")] });
    let with = |mut body: Value, more: Value| {
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let group = json!({ "displayName": "new", "mailEnabled": false, "mailNickname": "new",
        "securityEnabled": true });
    let principal = own.key("id", "/v1.0/servicePrincipals").await;
    let role = "00000000-0000-0000-0000-000000000000";
    let grant = |client: &str, resource: &str| json!({ "clientId": client, "resourceId": resource, "consentType": "AllPrincipals", "scope": "x" });
    let mut named: Vec<(&str, String, Value, &str)> = Vec::new();
    for route in routes {
        let own_path = {
            let keys = own.keys(route).await;
            let mut keys = keys.into_iter();
            route.filled(|_, _| keys.next().unwrap())
        };
        if route.has_body() && route.template.ends_with("/$ref") {
            for collection in ["directoryObjects", "users", "groups"] {
                named.push((
                    if route.method == "put" { "PUT" } else { "POST" },
                    own_path.clone(),
                    at(collection),
                    if collection == "groups" {
                        "/v1.0/groups"
                    } else {
                        "/v1.0/users"
                    },
                ));
            }
        }
        let (version, tail) = route
            .template
            .split_at(route.template[1..].find('/').unwrap() + 1);
        let _ = version;
        for (method, template, body, kind) in [
            (
                "post",
                "/groups",
                with(
                    group.clone(),
                    bind("members@odata.bind", "directoryObjects"),
                ),
                "/v1.0/users",
            ),
            (
                "post",
                "/groups",
                with(group.clone(), bind("members@odata.bind", "users")),
                "/v1.0/users",
            ),
            (
                "post",
                "/groups",
                with(group.clone(), bind("owners@odata.bind", "users")),
                "/v1.0/users",
            ),
            (
                "patch",
                "/groups/{id}",
                bind("members@odata.bind", "directoryObjects"),
                "/v1.0/users",
            ),
            (
                "post",
                "/servicePrincipals",
                json!({ "appId": "ID" }),
                "appId",
            ),
            (
                "post",
                "/servicePrincipals/{id}/appRoleAssignments",
                json!({ "principalId": principal, "resourceId": "ID", "appRoleId": role }),
                "/v1.0/servicePrincipals",
            ),
            (
                "post",
                "/servicePrincipals/{id}/appRoleAssignedTo",
                json!({ "principalId": "ID", "resourceId": principal, "appRoleId": role }),
                "/v1.0/servicePrincipals",
            ),
            (
                "post",
                "/servicePrincipals/{id}/appRoleAssignedTo",
                json!({ "principalId": "ID", "resourceId": principal, "appRoleId": role }),
                "/v1.0/users",
            ),
            (
                "post",
                "/oauth2PermissionGrants",
                grant("ID", &principal),
                "/v1.0/servicePrincipals",
            ),
            (
                "post",
                "/oauth2PermissionGrants",
                grant(&principal, "ID"),
                "/v1.0/servicePrincipals",
            ),
            (
                "post",
                "/directoryObjects/getByIds",
                json!({ "ids": ["ID"] }),
                "/v1.0/users",
            ),
            (
                "put",
                "/isopolity/userSharing/default",
                json!({ "scope": "selected", "users": ["ID"], "groups": [] }),
                "/v1.0/users",
            ),
            (
                "put",
                "/isopolity/userSharing/default",
                json!({ "scope": "selected", "users": [], "groups": ["ID"] }),
                "/v1.0/groups",
            ),
        ] {
            if route.method == method && tail == template {
                named.push((method, own_path.clone(), body, kind));
            }
        }
    }
    assert!(named.len() > 20, "only {} bodies", named.len());
    let mut pairs = Vec::new();
    for (method, path, body, kind) in named {
        let foreign = match kind {
            "appId" => theirs.key("appId", "/v1.0/applications").await,
            kind => theirs.key("id", kind).await,
        };
        let probe = |id: &str| Probe {
            method: method.to_owned(),
            path: path.clone(),
            body: Some(serde_json::from_str(&body.to_string().replace("ID", id)).unwrap()),
            id: id.to_owned(),
        };
        pairs.push(Pair {
            foreign: probe(&foreign),
            nobody: probe(NOBODY),
            is_path: false,
        });
    }
    pairs
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_another_tenant_is_nobodys() {
    let d = Deployment::start();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    furnish(&contoso).await;
    furnish(&fabrikam).await;
    let routes = routes(&d).await;
    let before = portrait(&fabrikam, &routes).await;

    let (mut own, mut theirs) = (Finder::new(&contoso), Finder::new(&fabrikam));
    let mut pairs = in_paths(&routes, &mut own, &mut theirs).await;
    assert!(pairs.len() > 100, "only {} places", pairs.len());
    pairs.extend(in_bodies(&routes, &mut own, &mut theirs).await);
    // To Fabrikam itself the ids are somebody's.
    let ids: BTreeSet<&str> = pairs.iter().map(|pair| pair.foreign.id.as_str()).collect();
    let mut known = 0;
    for id in &ids {
        let object = format!("/v1.0/directoryObjects/{id}");
        known += usize::from(fabrikam.get(&object).await.status == 200);
    }
    assert!(known >= 4, "only {known} objects of Fabrikam among {ids:?}");
    let mut misfits = Vec::new();
    let mut expected = Vec::new();
    for pair in &pairs {
        let foreign = pair.foreign.send(&contoso).await;
        let nobody = pair.nobody.send(&contoso).await;
        let (seen, wanted) = (
            sight_of(&foreign, &pair.foreign.id),
            sight_of(&nobody, &pair.nobody.id),
        );
        let is_refused = (400..500).contains(&foreign.status);
        if seen != wanted || (pair.is_path && !is_refused) {
            misfits.push(format!("{foreign:?}\n   nobody: {nobody:?}"));
        }
        expected.push(wanted);
    }
    assert!(misfits.is_empty(), "{}", misfits.join("\n"));

    for version in ["/v1.0", "/beta"] {
        let of_version: Vec<_> = pairs
            .iter()
            .zip(&expected)
            .filter(|(pair, _)| pair.foreign.path.starts_with(version))
            .collect();
        for chunk in of_version.chunks(20) {
            let parts: Vec<Value> = chunk
                .iter()
                .enumerate()
                .map(|(number, (pair, _))| pair.foreign.part(number))
                .collect();
            let batch = json!({ "requests": parts });
            let answer = contoso.post(&format!("{version}/$batch"), batch).await;
            let answer = answer.expect(200);
            let answers = answer["responses"].as_array().unwrap();
            for ((pair, wanted), inside) in chunk.iter().zip(answers) {
                let seen = sight(&inside["status"], &inside["body"], &pair.foreign.id);
                assert_eq!(
                    seen, **wanted,
                    "in a batch: {} {}",
                    pair.foreign.method, pair.foreign.path
                );
            }
        }
    }
    assert!(before.len() > 20, "only {} lists", before.len());
    for (path, after) in portrait(&fabrikam, &routes).await {
        assert_eq!(before[&path], after, "{path} has changed in Fabrikam");
    }
    d.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_good_for_its_tenant_and_its_route_only() {
    let d = Deployment::start();
    let contoso = d.tenant("Contoso").await;
    let fabrikam = d.tenant("Fabrikam").await;
    furnish(&fabrikam).await;
    furnish(&contoso).await;
    let mut theirs = Finder::new(&fabrikam);
    let mut links = Vec::new();
    for route in routes(&d).await {
        if route.method != "get" || !route.options.iter().any(|it| it == "$skiptoken") {
            continue;
        }
        let mut keys = theirs.keys(&route).await.into_iter();
        let path = route.filled(|_, _| keys.next().unwrap());
        for query in ["?$top=1", ""] {
            let page = fabrikam.get(&format!("{path}{query}")).await;
            for link in ["@odata.nextLink", "@odata.deltaLink"] {
                if let Some(link) = page.json[link].as_str() {
                    links.push((route.template.clone(), link.to_owned()));
                }
            }
        }
    }
    assert!(links.len() > 20, "only {} links", links.len());
    for (template, link) in &links {
        fabrikam.get(link).await.expect(200);
        let answer = contoso.get(link).await;
        assert!(
            [400, 404, 410].contains(&answer.status),
            "another tenant's link opens: {answer:?}"
        );
        let (_, token) = link.rsplit_once('=').unwrap();
        let option = if link.contains("skiptoken=") {
            "$skiptoken"
        } else {
            "$deltatoken"
        };
        // On a route that goes through something else.
        let other = if template.contains("/groups") {
            "/v1.0/users"
        } else {
            "/v1.0/groups"
        };
        let other = match option {
            "$deltatoken" => format!("{other}/delta"),
            _ => other.to_owned(),
        };
        let answer = fabrikam.get(&format!("{other}?{option}={token}")).await;
        assert!(
            [400, 410].contains(&answer.status),
            "{template}'s link opens {other}: {answer:?}"
        );
    }
    d.finish().await;
}
