//! The report of a demonstration: as JSON for machines, as tables and commands to try for people.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::state::{State, Tenant};
use crate::output::Style;
use crate::show;
use crate::table::{Table, clean};

/// A pair as the report shows it.
pub(super) struct Pair {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) in_scope: u64,
    pub(super) synced: u64,
    pub(super) failed: u64,
    pub(super) seconds: f64,
}

/// Everything that the report tells.
pub(super) struct Report {
    pub(super) state: State,
    pub(super) organization: Value,
    pub(super) pairs: Vec<Pair>,
    /// Somebody at home and in another tenant, and who those tenants are.
    pub(super) person: Option<(Value, Value, [String; 2])>,
}

impl Report {
    /// The contract's form.
    pub(super) fn to_json(&self) -> Value {
        let tenants: Vec<Value> = self
            .state
            .tenants
            .iter()
            .map(|tenant| {
                json!({
                    "tenantId": tenant.id,
                    "displayName": tenant.display_name,
                    "domain": tenant.domain,
                    "users": tenant.users,
                })
            })
            .collect();
        let members: Vec<Value> = self.organization["members"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|member| {
                json!({
                    "tenantId": member["tenantId"],
                    "role": member["role"],
                    "state": member["state"],
                })
            })
            .collect();
        let pairs: Vec<Value> = self
            .pairs
            .iter()
            .map(|pair| {
                json!({
                    "from": pair.from,
                    "to": pair.to,
                    "inScope": pair.in_scope,
                    "synced": pair.synced,
                    "failed": pair.failed,
                    "seconds": pair.seconds,
                })
            })
            .collect();
        json!({
            "tenants": tenants,
            "organization": {
                "id": self.organization["id"],
                "displayName": self.organization["displayName"],
                "members": members,
            },
            "pairs": pairs,
        })
    }

    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        let tenant = self.state.tenants.iter().find(|tenant| tenant.id == id);
        tenant.map_or(id, |tenant| &tenant.display_name)
    }

    /// The tables.
    pub(super) fn text(&self, style: Style) -> String {
        let mut out = format!(
            "\n{}: one organization\n\n",
            style.bold(&show::cell(&self.organization["displayName"]))
        );
        let mut table = Table::new(&["tenant", "domain", ">people", "role", "state"]);
        for tenant in &self.state.tenants {
            let members = self.organization["members"].as_array();
            let member = members
                .into_iter()
                .flatten()
                .find(|member| member["tenantId"] == tenant.id.as_str());
            let [role, state] = ["role", "state"]
                .map(|name| member.map_or_else(|| "–".to_owned(), |m| show::cell(&m[name])));
            let users = tenant.users.to_string();
            table.row([&tenant.display_name, &tenant.domain, &users, &role, &state]);
        }
        out.push_str(&table.render(style));
        out.push('\n');
        let mut table = Table::new(&["from", "to", ">in scope", ">synced", ">failed", ">seconds"]);
        for pair in &self.pairs {
            table.row([
                self.name(&pair.from),
                self.name(&pair.to),
                &pair.in_scope.to_string(),
                &pair.synced.to_string(),
                &pair.failed.to_string(),
                &format!("{:.2}", pair.seconds),
            ]);
        }
        out.push_str(&table.render(style));
        out.push_str("In scope are the enabled members; a disabled account isn't synced anew.\n");
        if let Some((home, there, [at, other])) = &self.person {
            let names = [
                "displayName",
                "userPrincipalName",
                "mail",
                "jobTitle",
                "department",
                "city",
                "userType",
                "creationType",
                "externalUserState",
                "id",
            ];
            // One below the other: both names in one line would be wider than a terminal.
            for (heading, at, seen) in [
                ("One person, at home in", at, home),
                ("The same person, a member in", other, there),
            ] {
                let _ = write!(
                    out,
                    "\n{}\n{}",
                    style.bold(&format!("{heading} {}:", clean(at))),
                    show::facts(&names.map(|name| (name, &seen[name])))
                );
            }
        }
        out
    }

    /// Addresses, sign-ins and commands to paste.
    pub(super) fn to_try(&self, url: &str, directory: &str, style: Style) -> String {
        let mut out = format!(
            "\n{} {url}\n{} {url}/admin\n\n",
            style.bold("Serving at"),
            style.bold("Admin centre:"),
        );
        for tenant in &self.state.tenants {
            let mut facts = vec![
                ("administrator", json!(tenant.admin)),
                ("password", json!(tenant.admin_password)),
            ];
            if let Some(person) = &tenant.person {
                facts.push(("person", json!(person)));
                facts.push(("password", json!(tenant.person_password)));
            }
            facts.push(("client id", json!(tenant.client_id)));
            facts.push(("client secret", json!(tenant.client_secret)));
            let facts: Vec<_> = facts.iter().map(|(label, text)| (*label, text)).collect();
            let _ = write!(
                out,
                "{}\n{}\n",
                style.bold(&clean(&tenant.display_name)),
                show::facts(&facts)
            );
        }
        let Some(first) = self.state.tenants.first() else {
            return out;
        };
        let _ = write!(
            out,
            "{}\n\n{}",
            style.bold("To try, in another terminal:"),
            commands(first, url)
        );
        if let Some((home, _, [at, other])) = &self.person {
            let tenant = |name: &str| {
                let found = self
                    .state
                    .tenants
                    .iter()
                    .find(|tenant| tenant.display_name == name);
                found
                    .map(|tenant| tenant.domain.clone())
                    .unwrap_or_default()
            };
            let _ = write!(
                out,
                "# Why somebody may be synced: the decision, step by step\n\
                {program} explain --data {directory} \\\n  --from {}/{} --to {} --action sync\n",
                tenant(at),
                show::cell(&home["id"]),
                tenant(other),
                program = program(),
                directory = quoted(directory),
            );
        }
        out.push_str("\nCtrl-C ends it; the same command brings it back.\n");
        out
    }
}

/// How the program was called.
fn program() -> String {
    let first = std::env::args().next().unwrap_or_default();
    quoted(if first.is_empty() {
        "isopolity"
    } else {
        &first
    })
}

/// A word that a shell takes as it is.
fn quoted(text: &str) -> String {
    let is_plain = |ch: char| ch.is_ascii_alphanumeric() || "/._-+=:@".contains(ch);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn commands(tenant: &Tenant, url: &str) -> String {
    let Tenant {
        domain,
        client_id,
        client_secret,
        display_name,
        ..
    } = tenant;
    format!(
        "# A token of {display_name}'s application\n\
        TOKEN=$(curl -s {url}/{domain}/oauth2/v2.0/token -d grant_type=client_credentials \\\n  \
        -d client_id={client_id} --data-urlencode 'client_secret={client_secret}' \\\n  \
        -d scope=https://graph.microsoft.com/.default | sed -n 's/.*\"access_token\": *\"\\([^\"]*\\)\".*/\\1/p')\n\n\
        # People of the other tenants, members here\n\
        curl -sw '\\n' -H \"Authorization: Bearer $TOKEN\" \\\n  \
        \"{url}/v1.0/users?\\$top=5&\\$select=displayName,userPrincipalName,userType&\\$filter=creationType%20eq%20'Invitation'\"\n\n\
        # The organization and its tenants\n\
        curl -sw '\\n' -H \"Authorization: Bearer $TOKEN\" \\\n  {url}/v1.0/tenantRelationships/multiTenantOrganization\n\
        curl -sw '\\n' -H \"Authorization: Bearer $TOKEN\" \\\n  {url}/v1.0/tenantRelationships/multiTenantOrganization/tenants\n\n\
        # How sharing stands with each\n\
        curl -sw '\\n' -H \"Authorization: Bearer $TOKEN\" \\\n  {url}/beta/isopolity/userSharing/tenants\n\n",
        display_name = clean(display_name),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            state: State {
                tenants: vec![Tenant {
                    id: "1".into(),
                    display_name: "Contoso".into(),
                    domain: "contoso.example".into(),
                    users: 3,
                    client_secret: "s~3".into(),
                    ..Tenant::default()
                }],
                ..State::default()
            },
            organization: json!({
                "id": "o", "displayName": "Isopolity demo", "state": "active",
                "members": [{"tenantId": "1", "role": "owner", "state": "active", "displayName": "Contoso"}],
            }),
            pairs: vec![Pair {
                from: "1".into(),
                to: "2".into(),
                in_scope: 3,
                synced: 3,
                failed: 0,
                seconds: 0.25,
            }],
            person: None,
        }
    }

    #[test]
    fn the_json_is_the_contracts() {
        assert_eq!(
            report().to_json().to_string(),
            r#"{"tenants":[{"tenantId":"1","displayName":"Contoso","domain":"contoso.example","users":3}],"organization":{"id":"o","displayName":"Isopolity demo","members":[{"tenantId":"1","role":"owner","state":"active"}]},"pairs":[{"from":"1","to":"2","inScope":3,"synced":3,"failed":0,"seconds":0.25}]}"#
        );
    }

    #[test]
    fn the_text_names_tenants_and_has_what_to_paste() {
        let style = Style { color: false };
        let text = report().text(style);
        assert!(text.contains("Contoso  2"), "{text}");
        let mut with_person = report();
        let user = |name: &str| json!({"userPrincipalName": format!("{name}@{}", "d".repeat(50))});
        with_person.person = Some((user("a"), user("b"), ["Contoso".into(), "Fabrikam".into()]));
        let text = with_person.text(style);
        assert!(text.contains("a member in Fabrikam"), "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        let text = report().to_try("http://x", "a dir", style);
        assert!(
            text.contains("client_secret=s~3") && text.contains("http://x/v1.0/users"),
            "{text}"
        );
    }

    #[test]
    fn words_for_a_shell_are_quoted() {
        assert_eq!(quoted("./demo-data"), "./demo-data");
        assert_eq!(quoted("a b'c"), r"'a b'\''c'");
    }
}
