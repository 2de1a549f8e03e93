//! The sentence of each refusal.
//!
//! What a caller wrote is repeated only within the characters that RFC 6749 §5.2 allows in
//! `error_description`, and cut; secrets are never repeated.

use super::OAuthError;
use super::form::BODY_BYTES_MAX;

/// How much of what a caller wrote is repeated.
const ECHO_LENGTH_MAX: usize = 200;

/// What a caller wrote, fit to be repeated.
fn echo(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .map(|c| {
            if matches!(c, ' '..='~') && c != '"' && c != '\\' {
                c
            } else {
                '?'
            }
        })
        .take(ECHO_LENGTH_MAX)
        .collect();
    if text.chars().nth(ECHO_LENGTH_MAX).is_some() {
        shown.push_str("...");
    }
    shown
}

impl OAuthError {
    /// The sentence, without code and trail.
    pub fn sentence(&self) -> String {
        let not_found_hint = "This can happen if the application has not been installed by the \
            administrator of the tenant or consented to by any user in the tenant. You may have \
            sent your authentication request to the wrong tenant.";
        match self {
            Self::MissingParameter(name) => {
                format!("The request body must contain the following parameter: '{name}'.")
            }
            Self::DuplicateParameter(name) => format!(
                "The request is not properly formatted. The parameter '{}' is duplicated.",
                echo(name)
            ),
            Self::Malformed(what) => format!("Invalid input received from the user: {what}."),
            Self::BodyTooLong => {
                format!("The request body is too long: it may have {BODY_BYTES_MAX} bytes.")
            }
            Self::Method { received, accepted } => format!(
                "The endpoint only accepts {accepted} requests. Received a {} request.",
                echo(received)
            ),
            Self::UnknownTenant(tenant) => format!(
                "Tenant '{}' not found. Check to make sure you have the correct tenant ID and are \
                 signing into the correct cloud.",
                echo(tenant)
            ),
            Self::NoTenant => "No tenant-identifying information found in either the request or \
                implied by any provided credentials. Use the tenant's own endpoint."
                .into(),
            Self::UnsupportedGrantType(grant) => {
                format!(
                    "The app requested an unsupported grant type '{}'.",
                    echo(grant)
                )
            }
            Self::InvalidScope(scope) => format!(
                "The provided value for scope {} is not valid. Client credential flows must have \
                 a scope value with /.default suffixed to the resource identifier (application ID \
                 URI).",
                echo(scope)
            ),
            Self::UnknownResource { resource, tenant } => format!(
                "The resource principal named {} was not found in the tenant named {}. \
                 {not_found_hint}",
                echo(resource),
                echo(tenant)
            ),
            Self::UnknownClient { client_id, tenant } => format!(
                "Application with identifier '{}' was not found in the directory '{}'. \
                 {not_found_hint}",
                echo(client_id),
                echo(tenant)
            ),
            // Without the name that Entra tells: it is another tenant's to tell.
            Self::SingleTenant { client_id } => format!(
                "Application '{}' is not configured as a multi-tenant application. Usage of the \
                 /common endpoint is not supported for such applications. Use a tenant-specific \
                 endpoint or configure the application to be multi-tenant.",
                echo(client_id)
            ),
            Self::DisabledClient { client_id } => {
                format!("Application '{}' is disabled.", echo(client_id))
            }
            Self::MissingSecret => {
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.".into()
            }
            Self::WrongSecret { client_id, .. } => format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is \
                 the client secret value, not the client secret ID, for a secret added to app \
                 '{}'.",
                echo(client_id)
            ),
            Self::ExpiredSecret { client_id, .. } => format!(
                "The provided client secret keys for app '{}' are expired. Create new keys for \
                 your app.",
                echo(client_id)
            ),
            Self::MalformedAssertion => "JWT token is invalid or malformed: a client assertion is \
                signed by RS256 or PS256 and says 'iss', 'aud' and 'exp'."
                .into(),
            Self::AssertionClient => "Client assertion application identifier doesn't match \
                'client_id' parameter: 'iss' and 'sub' have to be the client id."
                .into(),
            Self::AssertionAudience => "Client assertion audience claim does not match Realm \
                issuer: 'aud' has to be the address of the tenant's token endpoint."
                .into(),
            Self::AssertionTime => "Client assertion is not within its valid time range: 'exp' has \
                to lie ahead, by a day at most (limits.client_assertion_seconds), and 'nbf' behind."
                .into(),
            Self::AssertionKey(reason) => format!(
                "The certificate with identifier used to sign the client assertion is not \
                 registered on application, or the signature is invalid. [Reason - {reason}]"
            ),
            Self::AssertionReplayed => "Assertion is not valid: one with this 'jti' was used \
                before for the same resource."
                .into(),
            Self::MalformedBasic => "The Authorization header must contain the client id and the \
                client secret, each form-encoded, joined by a colon and encoded in base64."
                .into(),
            Self::TwoAuthentications => "The client must authenticate in one way: by the \
                Authorization header or in the request body."
                .into(),
            Self::UnknownInstance => "Unknown or invalid instance.".into(),
            Self::RedirectUri {
                redirect_uri,
                client_id,
            } => format!(
                "The redirect URI '{}' specified in the request does not match the redirect URIs \
                 configured for the application '{}'. Make sure the redirect URI sent in the \
                 request matches one added to your application, to the letter.",
                echo(redirect_uri),
                echo(client_id)
            ),
            Self::ResponseType(text) => format!(
                "The response_type '{}' isn't supported: it has to be code, or id_token or code \
                 id_token where the application has that switched on.",
                echo(text)
            ),
            Self::IdTokenSwitchedOff => "response_type 'id_token' is not enabled for the \
                application (web.implicitGrantSettings.enableIdTokenIssuance)."
                .into(),
            Self::ResponseMode(text) => format!(
                "The response_mode '{}' isn't supported: it has to be query, fragment or \
                 form_post.",
                echo(text)
            ),
            Self::QueryMode => "'query' is not a supported value of 'response_mode' when \
                requesting a token."
                .into(),
            Self::Prompt(text) => format!(
                "The prompt '{}' isn't supported: it has to be none alone, or some of login, \
                 consent and select_account.",
                echo(text)
            ),
            Self::RequestObject | Self::RequestUri => {
                "Request objects aren't supported: send the parameters themselves.".into()
            }
            Self::Registration => "Clients are registered beforehand.".into(),
            Self::MissingChallenge => "Proof Key for Code Exchange is required for public clients: \
                send code_challenge, with code_challenge_method=S256."
                .into(),
            Self::WrongChallenge => "Invalid size of Code_Challenge parameter: it has to be a \
                SHA-256 in base64url."
                .into(),
            Self::WrongChallengeMethod => "code_challenge_method has to be S256.".into(),
            Self::WrongVerifier => "The Code_Verifier does not match the code_challenge supplied \
                in the authorization request."
                .into(),
            Self::InvalidUserScope(scope) => format!(
                "The provided value for the input parameter 'scope' is not valid. The scope '{}' \
                 does not exist.",
                echo(scope)
            ),
            Self::SeveralResources(scope) => format!(
                "Provided value for the input parameter scope is not valid because it contains \
                 more than one resource. Scope {} is not valid.",
                echo(scope)
            ),
            Self::DefaultScopeAmongOthers(scope) => format!(
                "The provided value for the input parameter 'scope' is not valid. '.default' \
                 can't be combined with scopes of a resource: {}.",
                echo(scope)
            ),
            Self::UnknownScope {
                scope,
                client,
                resource,
            } => format!(
                "The application '{}' asked for scope '{}' that doesn't exist on the resource \
                 '{}'.",
                echo(client),
                echo(scope),
                echo(resource)
            ),
            Self::LoginRequired => {
                "A silent sign-in request was sent but no user is signed in.".into()
            }
            Self::MultifactorRequired => "Due to a configuration change made by your administrator, or \
                because the application asks for it, you must use multi-factor authentication."
                .into(),
            Self::SignInTooOld => "The refresh token has expired or is invalid due to sign-in \
                frequency checks: the tenant asks for a more recent sign-in."
                .into(),
            Self::AccountSelection => "Either multiple user identities are available for the \
                current request or selected account is not supported for the scenario."
                .into(),
            Self::ConsentRequired { client_id, client } => format!(
                "The user or administrator has not consented to use the application with ID '{}' \
                 named '{}'. Send an interactive authorization request for this user and resource.",
                echo(client_id),
                echo(client)
            ),
            Self::ConsentDeclined => "User declined to consent to access the app.".into(),
            Self::DeviceRefused => "The person has refused to sign in for this device.".into(),
            Self::ApprovalNeeded => {
                "An administrator has to allow what the application asks for.".into()
            }
            Self::NotAssigned { client } => format!(
                "Your administrator has configured the application '{}' to block users unless \
                 they are specifically granted access: assign the user, or a group that the user \
                 is a direct member of.",
                echo(client)
            ),
            Self::BlockedByHome => "The user's administrator has set an outbound access policy \
                that does not allow access to the resource tenant."
                .into(),
            Self::BlockedHere => "The resource tenant's cross-tenant access policy does not allow \
                this user to access this tenant."
                .into(),
            Self::NotHere => "User account from identity provider does not exist in this tenant \
                and cannot access the application in it. The account needs to be added as an \
                external user in the tenant first. Sign out and sign in again with a different \
                account."
                .into(),
            Self::UnknownInvitation => "The link isn't that of an invitation that can be redeemed: a \
                newer one has replaced it, or the invitation was taken back."
                .into(),
            Self::WrongCredentials => {
                "Error validating credentials due to invalid username or password.".into()
            }
            Self::DisabledUser => "The user account is disabled.".into(),
            Self::PageExpired => "Authentication failed due to flow token expired: the page was \
                open for too long, or the browser doesn't keep cookies."
                .into(),
            Self::UnknownGrant => "Provided grant is invalid or malformed.".into(),
            Self::ExpiredCode => "The provided authorization code has expired. Send a new \
                interactive authorization request for this user and resource."
                .into(),
            Self::RedeemedCode => "OAuth2 Authorization code was already redeemed. Please retry \
                with a new valid code."
                .into(),
            Self::OtherRedirectUri => "The reply address does not match the reply address \
                provided when requesting the authorization code."
                .into(),
            Self::ExpiredRefreshToken => {
                "The refresh token has expired due to inactivity. Sign in again.".into()
            }
            Self::ExpiredSpaToken => "The refresh token was issued to a single page app (SPA), \
                and therefore has a fixed, limited lifetime of 1.00:00:00, which can't be \
                extended. Sign in again."
                .into(),
            Self::RevokedGrant => "The provided grant has expired due to it being revoked, and a \
                fresh auth token is needed. Sign in again."
                .into(),
            Self::PublicClientProof => "Client is public so neither 'client_assertion' nor \
                'client_secret' should be presented."
                .into(),
            Self::SpaOrigin => "Tokens issued for the 'Single-Page Application' client-type may \
                only be redeemed via cross-origin requests, from an origin that is registered."
                .into(),
            Self::CrossOrigin(origin) => format!(
                "Cross-origin token redemption is permitted only for the 'Single-Page \
                 Application' client-type. Request origin: '{}'.",
                echo(origin)
            ),
            Self::AuthorizationPending => "OAuth 2.0 device flow error. Authorization is pending. \
                Continue polling."
                .into(),
            Self::SlowDown => "OAuth 2.0 device flow error. Authorization is pending. Continue \
                polling, five seconds slower than until now."
                .into(),
            Self::ExpiredDeviceCode => "The provided value for the input parameter 'device_code' \
                is not valid. This device code has expired."
                .into(),
            Self::WrongUserCode => "The code isn't one that a device shows now.".into(),
            Self::TooManyAttempts => "Too many attempts. Try again later.".into(),
            Self::PostLogoutRedirectUri => "The post_logout_redirect_uri is not one of the \
                application's redirect URIs."
                .into(),
            Self::IdTokenHint => {
                "The id_token_hint is not an ID token of this tenant for this client.".into()
            }
            Self::Unavailable => "A transient error has occurred. Please try again.".into(),
        }
    }
}
