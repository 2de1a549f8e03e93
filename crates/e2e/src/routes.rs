//! The routes as the server lists them at `/openapi.json`.

use serde_json::Value;

use crate::deployment::Deployment;

/// The methods that a path may have there.
pub const METHODS: [&str; 5] = ["get", "post", "patch", "put", "delete"];

/// One method of one path that asks for a permission.
pub struct Route {
    /// In lower case.
    pub method: String,
    /// With its keys in braces, behind `/v1.0` or `/beta`.
    pub template: String,
    /// The query options that it knows.
    pub options: Vec<String>,
}

impl Route {
    /// Whether it takes a body.
    pub fn has_body(&self) -> bool {
        ["post", "patch", "put"].contains(&self.method.as_str())
    }

    /// The names of its keys, in order.
    pub fn keys(&self) -> Vec<String> {
        let parts = self.template.split('{').skip(1);
        parts
            .filter_map(|part| Some(part.split_once('}')?.0.to_owned()))
            .collect()
    }

    /// The path with every key filled in, by its name and by the collection that it stands in.
    pub fn filled(&self, mut key: impl FnMut(&str, &str) -> String) -> String {
        let mut filled = String::new();
        let mut rest = self.template.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let (name, after) = after.split_once('}').unwrap();
            // `/applications(appId='{appId}')` stands in `/applications`.
            let collection = filled.split_once('(').map_or(filled.as_str(), |(it, _)| it);
            let key = key(name, collection.trim_end_matches('/'));
            filled.push_str(&key);
            rest = after;
        }
        filled + rest
    }
}

/// Every route under `/v1.0` and `/beta` that asks for a permission.
pub async fn routes(d: &Deployment) -> Vec<Route> {
    let openapi = d.anonymous().get("/openapi.json").await.expect(200);
    let mut routes = Vec::new();
    for (path, item) in openapi["paths"].as_object().unwrap() {
        if !path.starts_with("/v1.0/") && !path.starts_with("/beta/") {
            continue;
        }
        for method in METHODS {
            let operation = &item[method];
            if operation.is_null() || path.ends_with("/$metadata") {
                continue;
            }
            assert!(
                !operation["x-permissions"].is_null(),
                "{method} {path} lists no permissions"
            );
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let name = |it: &Value| it["name"].as_str().unwrap().to_owned();
            routes.push(Route {
                method: method.to_owned(),
                template: path.clone(),
                options: parameters
                    .filter(|it| it["in"] == "query")
                    .map(name)
                    .collect(),
            });
        }
    }
    assert!(routes.len() > 40, "only {} routes", routes.len());
    routes
}
