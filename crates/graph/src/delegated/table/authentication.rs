//! How users sign in: their methods, and the policy of it.
//!
//! Who has another factor changes the own methods only with a token for which it was shown, as on the
//! sign-in pages; and nobody gives a pass to oneself, which would count as two factors where one was
//! shown. A password is changed by who knows it.

use super::{NONE, Row, Texts, delete, get, patch, post};

const READ: Texts = &[
    "UserAuthenticationMethod.Read.All",
    "UserAuthenticationMethod.ReadWrite.All",
];
const WRITE: Texts = &["UserAuthenticationMethod.ReadWrite.All"];
const OWN: Texts = &[
    "UserAuthenticationMethod.Read",
    "UserAuthenticationMethod.ReadWrite",
];
const OWN_PASSWORD: Texts = &["User.ReadWrite", "UserAuthenticationMethod.ReadWrite"];
const POLICY_READ: Texts = &["Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"];
const POLICY_WRITE: Texts = &["Policy.ReadWrite.AuthenticationMethod"];

const SEE: Texts = &[
    "users/authenticationMethods/standard/read",
    "users/authenticationMethods/standard/restrictedRead",
];
const CREATE: Texts = &["users/authenticationMethods/create"];
const UPDATE: Texts = &["users/authenticationMethods/basic/update"];
const REMOVE: Texts = &["users/authenticationMethods/delete"];
const PASSWORD: Texts = &["users/password/update"];
const POLICY_SEE: Texts = &[
    "organization/strongAuthentication/read",
    "organization/strongAuthentication/allTasks",
];
const POLICY_CHANGE: Texts = &["organization/strongAuthentication/allTasks"];
const REPORT: Texts = &["AuditLog.Read.All"];

#[rustfmt::skip]
pub(super) static ROWS: &[Row] = &[
    get("/users/{id}/authentication/methods", READ, SEE).own(OWN),
    get("/users/{id}/authentication/methods/{methodId}", READ, SEE).own(OWN),
    get("/users/{id}/authentication/passwordMethods", READ, SEE).own(OWN),
    get("/users/{id}/authentication/passwordMethods/{methodId}", READ, SEE).own(OWN),
    get("/users/{id}/authentication/fido2Methods", READ, SEE).own(OWN),
    get("/users/{id}/authentication/fido2Methods/{methodId}", READ, SEE).own(OWN),
    get("/users/{id}/authentication/softwareOathMethods", READ, SEE).own(OWN),
    get("/users/{id}/authentication/softwareOathMethods/{methodId}", READ, SEE).own(OWN),
    get("/users/{id}/authentication/temporaryAccessPassMethods", READ, SEE).own(OWN),
    get("/users/{id}/authentication/temporaryAccessPassMethods/{methodId}", READ, SEE).own(OWN),
    get("/users/{id}/authentication/phoneMethods", READ, SEE).own(OWN),
    get("/users/{id}/authentication/emailMethods", READ, SEE).own(OWN),
    get("/users/{id}/authentication/microsoftAuthenticatorMethods", READ, SEE).own(OWN),
    get("/users/{id}/authentication/windowsHelloForBusinessMethods", READ, SEE).own(OWN),
    get("/users/{id}/authentication/operations", READ, SEE),
    get("/users/{id}/authentication/operations/{operationId}", READ, SEE),
    get("/users/{id}/authentication/fido2Methods/creationOptions()", WRITE, CREATE).sensitive().by_factor(),
    get("/users/{id}/authentication/fido2Methods/creationOptions(challengeTimeoutInMinutes='{minutes}')", WRITE, CREATE).sensitive().by_factor(),
    post("/users/{id}/authentication/fido2Methods", WRITE, CREATE).sensitive().by_factor(),
    patch("/users/{id}/authentication/fido2Methods/{methodId}", WRITE, UPDATE).sensitive().by_factor(),
    delete("/users/{id}/authentication/fido2Methods/{methodId}", WRITE, REMOVE).sensitive().by_factor(),
    delete("/users/{id}/authentication/softwareOathMethods/{methodId}", WRITE, REMOVE).sensitive().by_factor(),
    post("/users/{id}/authentication/temporaryAccessPassMethods", WRITE, CREATE).sensitive().others_only(),
    delete("/users/{id}/authentication/temporaryAccessPassMethods/{methodId}", WRITE, REMOVE).sensitive().by_factor(),
    post("/users/{id}/authentication/methods/{methodId}/resetPassword", WRITE, PASSWORD).sensitive().by_factor(),
    post("/users/{id}/authentication/passwordMethods/{methodId}/resetPassword", WRITE, PASSWORD).sensitive().by_factor(),
    post("/users/{id}/changePassword", NONE, NONE).own(OWN_PASSWORD),
    get("/policies/authenticationMethodsPolicy", POLICY_READ, POLICY_SEE),
    patch("/policies/authenticationMethodsPolicy", POLICY_WRITE, POLICY_CHANGE),
    get("/policies/authenticationMethodsPolicy/authenticationMethodConfigurations", POLICY_READ, POLICY_SEE),
    get("/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/{id}", POLICY_READ, POLICY_SEE),
    patch("/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/{id}", POLICY_WRITE, POLICY_CHANGE),
    delete("/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/{id}", POLICY_WRITE, POLICY_CHANGE),
    get("/isopolity/signInPolicy", POLICY_READ, POLICY_SEE),
    patch("/isopolity/signInPolicy", POLICY_WRITE, POLICY_CHANGE),
    post("/isopolity/signInPolicy/preview", REPORT, SEE),
    get("/reports/authenticationMethods/userRegistrationDetails", REPORT, SEE),
    get("/reports/authenticationMethods/userRegistrationDetails/{id}", REPORT, SEE),
];
