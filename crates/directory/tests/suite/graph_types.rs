//! What is shown fits the types that Graph declares: every property by its name, every value by its
//! type, and nothing that a client may select is unknown.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../../../e2e/src/metadata.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "it is the end-to-end tests' reading of Graph's metadata"
)]
mod metadata;

use crate::common::{
    DOMAIN, Fixture, fixture, group_body, object, synced, unified_body, user_body,
};
use directory::applications;
use directory::key_credentials::Owner;
use directory::password_credentials::{self, NewPassword};
use directory::photos::{self, Photo};
use directory::roles::{self, GLOBAL_ADMINISTRATOR, built_in};
use directory::users::{self, NewUser};
use directory::{
    administrative_units, app_roles, branding, domains, groups, service_principals, synced as sync,
    tenant,
};
use metadata::assert_fits;
use serde_json::{Map, Value, json};
use types::{Error, Result};

const CSDL: &str = include_str!("../../../e2e/graph-metadata/isopolity-subset.csdl.xml");

/// The properties of a type and its bases, those that can be selected: no relations, no streams.
fn declared(kind: &str) -> Vec<String> {
    let mut names = vec!["id".to_owned()];
    let mut kind = kind;
    loop {
        let head = format!("<EntityType Name=\"{kind}\"");
        let (_, rest) = CSDL.split_once(&head).unwrap();
        let (body, _) = rest.split_once("</EntityType>").unwrap();
        let attribute = |line: &'static str, name: &str| {
            let (_, rest) = line.split_once(&format!("{name}=\""))?;
            Some(rest.split_once('"')?.0)
        };
        for line in body.lines().filter(|line| line.contains("<Property ")) {
            let name = attribute(line, "Name").unwrap();
            if attribute(line, "Type").unwrap() != "Edm.Stream" && name != "id" {
                names.push(name.to_owned());
            }
        }
        let base = body
            .lines()
            .next()
            .and_then(|line| attribute(line, "BaseType"));
        match base.and_then(|base| base.rsplit('.').next()) {
            Some(base) if base != "entity" => kind = base,
            _ => return names,
        }
    }
}

/// Whether an object fits by default, and with all that the type declares.
fn check(kind: &str, project: impl Fn(Option<&[String]>) -> Result<Map<String, Value>>) {
    assert_fits(kind, &Value::Object(project(None).unwrap()));
    let mut missing = Vec::new();
    let mut all = Vec::new();
    for name in declared(kind) {
        match project(Some(std::slice::from_ref(&name))) {
            Ok(_) => all.push(name),
            Err(Error::Invalid { .. }) => missing.push(name),
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "{kind} can't select these");
    let whole = project(Some(&all)).unwrap();
    assert_eq!(whole.len(), all.len());
    assert_fits(kind, &Value::Object(whole));
}

fn user(f: &Fixture, id: types::Id<types::kind::User>) {
    let user = f.read(|tx| users::get(tx, id));
    check("user", |select| {
        let shown = users::project(&user, select)?;
        let text = f.read(|tx| users::show(tx, &id.to_string(), select));
        assert_eq!(text.as_bytes(), serde_json::to_vec(&shown).unwrap());
        Ok(shown)
    });
}

#[test]
fn users_fit() {
    let f = fixture();
    user(&f, f.user("bare").id);
    let full = json!({
        "businessPhones": ["+49 1"], "givenName": "Ann", "jobTitle": "x", "mail": "a@x.example",
        "mobilePhone": "1", "officeLocation": "1/2", "preferredLanguage": "de-DE", "surname": "L",
        "aboutMe": "x", "ageGroup": "adult", "birthday": "1990-01-01T00:00:00Z", "city": "Kiel",
        "companyName": "x", "consentProvidedForMinor": "granted", "country": "DE",
        "department": "x", "employeeHireDate": "2026-01-01T00:00:00+02:00", "employeeId": "1",
        "employeeLeaveDateTime": "2027-01-01T00:00:00.5Z", "employeeType": "x",
        "employeeOrgData": {"costCenter": "1"}, "faxNumber": "1", "interests": ["x"],
        "hireDate": "2026-01-01T00:00:00Z", "mySite": "https://x.example", "otherMails": ["b@x.example"],
        "passwordPolicies": "None", "pastProjects": ["x"], "postalCode": "1", "preferredName": "A",
        "responsibilities": ["x"], "schools": ["x"], "showInAddressList": true, "skills": ["x"],
        "state": "x", "streetAddress": "x", "usageLocation": "de", "userType": "Guest",
    });
    let mut properties = user_body("full");
    properties.extend(object(full));
    let new = NewUser {
        properties,
        password_hash: Some("hash".into()),
        ..NewUser::default()
    };
    let full = f.write(move |tx| users::create(tx, new)).id;
    user(&f, full);
    let guest = synced(1, "eve", json!({"businessPhones": ["1"]}));
    let guest = f.write(move |tx| sync::upsert(tx, &guest)).id;
    user(&f, guest);
    f.write(move |tx| users::delete(tx, full));
    let gone = f.read(|tx| users::get_deleted(tx, full));
    check("user", |select| users::project(&gone, select));
}

#[test]
fn groups_fit() {
    let f = fixture();
    let mut full = unified_body("full");
    full.extend(object(json!({
        "groupTypes": ["Unified", "DynamicMembership"], "membershipRule": "user.city -eq \"Kiel\"",
        "membershipRuleProcessingState": "paused", "classification": "x", "description": "x",
        "preferredDataLocation": "EUR", "preferredLanguage": "de-DE",
        "theme": "Blue", "visibility": "hiddenMembership", "uniqueName": "full",
        "resourceBehaviorOptions": ["x"],
    })));
    let mut for_roles = group_body("roles");
    for_roles.extend(object(json!({"isAssignableToRole": true})));
    for body in [group_body("bare"), full, for_roles] {
        let group = f.group_of(body);
        check("group", |select| groups::project(&group, select));
    }
}

#[test]
fn applications_service_principals_and_assignments_fit() {
    let f = fixture();
    let id = "11111111-0000-4000-8000-000000000001";
    let full = json!({
        "displayName": "Full", "description": "x", "notes": "x", "tags": ["x"],
        "identifierUris": ["api://contoso.example/full"], "signInAudience": "azureadmultipleorgs",
        "appRoles": [{"id": id, "value": "Read", "displayName": "x", "description": "x",
            "allowedMemberTypes": ["Application", "User"]}],
        "api": {"requestedAccessTokenVersion": 2, "knownClientApplications": [id],
            "oauth2PermissionScopes": [{"id": id, "value": "read", "type": "user",
                "adminConsentDisplayName": "x", "adminConsentDescription": "x"}],
            "preAuthorizedApplications": [{"appId": id, "delegatedPermissionIds": [id]}]},
        "web": {"homePageUrl": "https://x.example", "redirectUris": ["https://x.example/cb"],
            "implicitGrantSettings": {"enableIdTokenIssuance": true},
            "redirectUriSettings": [{"uri": "https://x.example/cb", "index": 0}]},
        "spa": {"redirectUris": ["http://localhost:3000"]},
        "publicClient": {"redirectUris": ["myapp://auth"]},
        "info": {"supportUrl": "https://x.example"}, "isFallbackPublicClient": true,
        "requiredResourceAccess": [{"resourceAppId": id,
            "resourceAccess": [{"id": id, "type": "role"}]}],
        "optionalClaims": {"idToken": [{"name": "email", "essential": false}]},
        "parentalControlSettings": {"legalAgeGroupRule": "Allow", "countriesBlockedForMinors": ["DE"]},
        "groupMembershipClaims": "All", "uniqueName": "full", "samlMetadataUrl": "https://x.example",
        "serviceManagementReference": "x", "defaultRedirectUri": "https://x.example/cb",
        "isDeviceOnlyAuthSupported": false,
    });
    let ann = f.user("ann").id.uuid();
    for body in [json!({"displayName": "Bare"}), full] {
        let (app, principal) = f.write(move |tx| {
            let app = applications::create(tx, &object(body))?;
            let new = NewPassword {
                display_name: None,
                start: None,
                end: None,
                secret_hash: b"hash",
                hint: "abc",
            };
            password_credentials::add(tx, Owner::Application(app.id), &new)?;
            let body = object(json!({"appId": app.app_id, "tags": ["x"]}));
            let principal = service_principals::create(tx, &body)?;
            Ok((applications::get(tx, app.id)?, principal))
        });
        check("application", |select| applications::project(&app, select));
        check("servicePrincipal", |select| {
            service_principals::project(&principal, select)
        });
        let role = app.enabled_roles().into_keys().next().unwrap_or_default();
        let made = f.write(move |tx| app_roles::assign_app_role(tx, ann, principal.id, role));
        check("appRoleAssignment", |select| {
            f.try_read(|tx| app_roles::project(tx, &made, select))
        });
    }
    let graph = f.read(service_principals::graph);
    check("servicePrincipal", |select| {
        service_principals::project(&graph, select)
    });
}

#[test]
fn roles_and_photos_fit() {
    let f = fixture();
    for role in built_in::all().unwrap() {
        check("directoryRoleTemplate", |select| role.template(select));
        let definition = roles::Definition::BuiltIn(role);
        check("unifiedRoleDefinition", |select| definition.project(select));
    }
    let body = object(
        json!({"displayName": "Readers", "isEnabled": true, "rolePermissions":
        [{"allowedResourceActions": ["microsoft.directory/users/standard/read"]}]}),
    );
    let own = roles::Definition::Custom(f.write(move |tx| roles::create(tx, &body)));
    check("unifiedRoleDefinition", |select| own.project(select));
    let body = object(json!({"displayName": "West", "visibility": "HiddenMembership"}));
    let unit = f.write(move |tx| administrative_units::create(tx, &body));
    check("administrativeUnit", |select| {
        administrative_units::project(&unit, select)
    });
    let ann = f.user("ann").id.uuid();
    let made =
        f.write(move |tx| roles::assign(tx, GLOBAL_ADMINISTRATOR, ann, roles::Scope::Tenant));
    check("unifiedRoleAssignment", |select| {
        f.try_read(|tx| roles::project_assignment(tx, &made, select))
    });
    let role = f.read(|tx| roles::get_by_template(tx, GLOBAL_ADMINISTRATOR));
    check("directoryRole", |select| roles::project(&role, select));
    let photo = Photo {
        width: 48,
        height: 64,
        content_type: "image/png".into(),
        digest: vec![1],
    };
    check("profilePhoto", |select| photos::project(&photo, select));
}

#[test]
fn domains_and_the_organization_fit() {
    let f = fixture();
    f.write(|tx| domains::add(tx, &types::DomainName::parse("second.example")?));
    let all = f.read(domains::list);
    assert_eq!(all.len(), 2);
    for domain in &all {
        check("domain", |select| domains::project(domain, &all, select));
    }
    let fits = || {
        let organization = f.read(tenant::get);
        check("organization", |select| {
            tenant::project(&organization, select)
        });
    };
    fits();
    let patch = object(json!({
        "businessPhones": ["1"], "city": "Kiel", "country": "Germany", "countryLetterCode": "DE",
        "defaultUsageLocation": "DE", "marketingNotificationEmails": [format!("a@{DOMAIN}")],
        "postalCode": "1", "preferredLanguage": "de", "state": "x", "street": "x",
        "privacyProfile": {"contactEmail": "a@x.example"},
        "securityComplianceNotificationPhones": ["1"],
    }));
    f.write(move |tx| tenant::update(tx, &patch));
    fits();
    let patch = object(json!({ "backgroundColor": "#4851bd", "signInPageText": "x" }));
    f.write(move |tx| branding::update(tx, &branding::Which::Default, &patch));
    let branding = f
        .read(|tx| branding::get(tx, &branding::Which::Default))
        .unwrap();
    check("organizationalBranding", |select| {
        branding::project(&branding, select, "id.example")
    });
}
