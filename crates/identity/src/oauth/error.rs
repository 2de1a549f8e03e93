//! The refusals of the OAuth endpoints, in Entra's form: this wire format's table from what is
//! wrong to status, `error` and AADSTS code.
//!
//! Source: RFC 6749 §5.2; Microsoft identity platform, authentication and authorization error codes.

use serde_json::{Value, json};
use types::Timestamp;
use uuid::Uuid;

use crate::PublicUrl;

/// Where Entra explains its codes. They are the same here, so the pages fit.
const ERROR_PAGE: &str = "https://login.microsoftonline.com/error?code=";
/// Why there is no answer but this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OAuthError {
    /// A parameter is absent or empty.
    MissingParameter(&'static str),
    /// A parameter comes twice.
    DuplicateParameter(String),
    /// The body or a parameter can't be read.
    Malformed(&'static str),
    /// The body is too long.
    BodyTooLong,
    /// An address was asked with another method than those that it has.
    Method {
        /// The method that it was asked with.
        received: String,
        /// The one that it has.
        accepted: &'static str,
    },
    /// No tenant of this name.
    UnknownTenant(String),
    /// The grant needs a tenant, and `common` or `organizations` was asked.
    NoTenant,
    /// The grant isn't known.
    UnsupportedGrantType(String),
    /// The scope isn't `{resource}/.default`.
    InvalidScope(String),
    /// The tenant has no such resource.
    UnknownResource {
        /// As it was asked for.
        resource: String,
        /// The tenant's name.
        tenant: String,
    },
    /// The tenant has no such client.
    UnknownClient {
        /// As it named itself.
        client_id: String,
        /// The tenant's name.
        tenant: String,
    },
    /// The client is for the people of its own tenant only, and was asked for under an address for those
    /// of all.
    SingleTenant {
        /// As it named itself.
        client_id: String,
    },
    /// The client may not sign in.
    DisabledClient {
        /// As it named itself.
        client_id: String,
    },
    /// The client named itself but proved nothing.
    MissingSecret,
    /// The client has no such secret.
    WrongSecret {
        /// As it named itself.
        client_id: String,
        /// Whether it used HTTP Basic.
        is_basic: bool,
    },
    /// The secret has expired.
    ExpiredSecret {
        /// As it named itself.
        client_id: String,
        /// Whether it used HTTP Basic.
        is_basic: bool,
    },
    /// The client assertion can't be read, or isn't signed by RS256 or PS256.
    MalformedAssertion,
    /// The client assertion names another client.
    AssertionClient,
    /// The client assertion is meant for somebody else.
    AssertionAudience,
    /// The client assertion isn't valid yet, or not any more, or for too long.
    AssertionTime,
    /// The key that has signed the client assertion isn't registered or doesn't fit: why.
    AssertionKey(&'static str),
    /// The client assertion was used before.
    AssertionReplayed,
    /// The `Authorization: Basic` header can't be read.
    MalformedBasic,
    /// The client authenticated in two ways at once.
    TwoAuthentications,
    /// An authority that isn't ours.
    UnknownInstance,
    /// The redirect URI isn't registered.
    RedirectUri {
        /// As it was asked for.
        redirect_uri: String,
        /// The client.
        client_id: String,
    },
    /// No such `response_type`.
    ResponseType(String),
    /// The client may not have ID tokens from the authorization endpoint.
    IdTokenSwitchedOff,
    /// No such `response_mode`.
    ResponseMode(String),
    /// A token was to go through a query.
    QueryMode,
    /// No such `prompt`, or not together.
    Prompt(String),
    /// A request object.
    RequestObject,
    /// A reference to one.
    RequestUri,
    /// A registration on the fly.
    Registration,
    /// A public client asked for a code without a challenge.
    MissingChallenge,
    /// The challenge can't be a hash.
    WrongChallenge,
    /// The challenge isn't of S256.
    WrongChallengeMethod,
    /// The verifier isn't that of the challenge.
    WrongVerifier,
    /// A scope that can't be read.
    InvalidUserScope(String),
    /// Scopes of several APIs at once.
    SeveralResources(String),
    /// `.default` together with scopes.
    DefaultScopeAmongOthers(String),
    /// The API has no such scope.
    UnknownScope {
        /// The scope.
        scope: String,
        /// The client's name.
        client: String,
        /// The API's name.
        resource: String,
    },
    /// Nobody is signed in, and nobody may be asked.
    LoginRequired,
    /// Several people are signed in, and nobody may be asked which is meant.
    AccountSelection,
    /// The person has signed in longer ago than the tenant lets a sign-in last.
    SignInTooOld,
    /// More than one factor is asked for, and wasn't shown.
    MultifactorRequired,
    /// The client wasn't allowed what it asks for.
    ConsentRequired {
        /// The client.
        client_id: String,
        /// Its name.
        client: String,
    },
    /// The person has refused.
    ConsentDeclined,
    /// Only an administrator can allow it.
    ApprovalNeeded,
    /// The person isn't assigned to the application, which asks for that.
    NotAssigned {
        /// The application's name.
        client: String,
    },
    /// The person's home doesn't let them go to this tenant.
    BlockedByHome,
    /// This tenant doesn't let people of that home in.
    BlockedHere,
    /// The person has no account in this tenant.
    NotHere,
    /// The link of an invitation isn't one, or not any more.
    UnknownInvitation,
    /// Name or password is wrong.
    WrongCredentials,
    /// The account is disabled.
    DisabledUser,
    /// The page was open for too long, or in another browser.
    PageExpired,
    /// The code, refresh token or device code isn't one, or is another client's.
    UnknownGrant,
    /// The code's time is over.
    ExpiredCode,
    /// The code was redeemed before.
    RedeemedCode,
    /// The redirect URI isn't the one that the code was sent to.
    OtherRedirectUri,
    /// The refresh token's time is over.
    ExpiredRefreshToken,
    /// The refresh token's time is over, which is fixed for scripts in a browser.
    ExpiredSpaToken,
    /// What the client had was taken back.
    RevokedGrant,
    /// A public client has proved itself.
    PublicClientProof,
    /// A script's code or refresh token was brought from elsewhere.
    SpaOrigin,
    /// A script has brought what isn't a script's.
    CrossOrigin(String),
    /// Nobody has decided on the device yet.
    AuthorizationPending,
    /// The device asks too often.
    SlowDown,
    /// The device's time is over.
    ExpiredDeviceCode,
    /// The person has refused the device.
    DeviceRefused,
    /// No device shows this code.
    WrongUserCode,
    /// Too many attempts.
    TooManyAttempts,
    /// Where to go after signing out isn't the client's.
    PostLogoutRedirectUri,
    /// The token of the session to end isn't one of ours.
    IdTokenHint,
    /// The server can't answer now.
    Unavailable,
}

/// What ties an answer to the log.
#[derive(Debug, Clone, Copy)]
pub struct Trail {
    /// This answer's own id.
    pub trace_id: Uuid,
    /// The id that the client sent (`client-request-id`), or one made for it.
    pub correlation_id: Uuid,
    /// When.
    pub now: Timestamp,
}

impl Trail {
    /// When, as Entra writes it.
    pub fn timestamp(&self) -> String {
        Timestamp::from_seconds(self.now.seconds())
            .to_string()
            .replace('T', " ")
    }
}

impl OAuthError {
    /// `error`, AADSTS code, status.
    const fn row(&self) -> (&'static str, u32, u16) {
        match self {
            Self::MissingParameter(_) => ("invalid_request", 900_144, 400),
            Self::DuplicateParameter(_) => ("invalid_request", 9_000_411, 400),
            Self::Malformed(_) | Self::UnknownInvitation => ("invalid_request", 90_013, 400),
            Self::BodyTooLong => ("invalid_request", 90_015, 400),
            Self::Method { .. } => ("invalid_request", 900_561, 405),
            Self::UnknownTenant(_) => ("invalid_request", 90_002, 400),
            Self::NoTenant => ("invalid_request", 50_059, 400),
            Self::UnsupportedGrantType(_) => ("unsupported_grant_type", 70_003, 400),
            Self::InvalidScope(_) => ("invalid_scope", 1_002_012, 400),
            Self::UnknownResource { .. } => ("invalid_resource", 500_011, 400),
            Self::UnknownClient { .. } => ("unauthorized_client", 700_016, 400),
            Self::SingleTenant { .. } => ("invalid_request", 50_194, 400),
            Self::DisabledClient { .. } => ("unauthorized_client", 7_000_112, 400),
            Self::MissingSecret => ("invalid_client", 7_000_218, 401),
            Self::WrongSecret { .. } => ("invalid_client", 7_000_215, 401),
            Self::ExpiredSecret { .. } => ("invalid_client", 7_000_222, 401),
            Self::MalformedAssertion => ("invalid_client", 50_027, 401),
            Self::AssertionClient => ("invalid_client", 700_021, 401),
            Self::AssertionAudience => ("invalid_client", 700_023, 401),
            Self::AssertionTime => ("invalid_client", 700_024, 401),
            Self::AssertionKey(_) => ("invalid_client", 700_027, 401),
            Self::AssertionReplayed => ("invalid_client", 50_013, 401),
            Self::MalformedBasic => ("invalid_client", 7_000_216, 401),
            Self::TwoAuthentications => ("invalid_request", 90_100, 400),
            Self::UnknownInstance => ("invalid_instance", 50_049, 400),
            Self::RedirectUri { .. } | Self::PostLogoutRedirectUri => {
                ("invalid_request", 50_011, 400)
            }
            Self::ResponseType(_) => ("unsupported_response_type", 70_005, 400),
            Self::IdTokenSwitchedOff => ("unsupported_response_type", 700_054, 400),
            Self::ResponseMode(_) | Self::QueryMode => ("invalid_request", 70_007, 400),
            Self::Prompt(_) | Self::WrongChallengeMethod => ("invalid_request", 90_023, 400),
            Self::RequestObject => ("request_not_supported", 90_023, 400),
            Self::RequestUri => ("request_uri_not_supported", 90_023, 400),
            Self::Registration => ("registration_not_supported", 90_023, 400),
            Self::MissingChallenge => ("invalid_request", 9_002_325, 400),
            Self::WrongChallenge => ("invalid_request", 501_491, 400),
            Self::WrongVerifier => ("invalid_grant", 501_481, 400),
            Self::InvalidUserScope(_) | Self::DefaultScopeAmongOthers(_) => {
                ("invalid_scope", 70_011, 400)
            }
            Self::SeveralResources(_) => ("invalid_scope", 28_000, 400),
            Self::UnknownScope { .. } => ("invalid_scope", 650_053, 400),
            Self::LoginRequired => ("login_required", 50_058, 400),
            Self::AccountSelection => ("interaction_required", 16_000, 400),
            Self::MultifactorRequired => ("invalid_grant", 50_076, 400),
            Self::SignInTooOld => ("invalid_grant", 70_043, 400),
            Self::ConsentRequired { .. } => ("invalid_grant", 65_001, 400),
            Self::ConsentDeclined | Self::DeviceRefused => ("access_denied", 65_004, 400),
            Self::ApprovalNeeded => ("access_denied", 90_094, 400),
            Self::NotAssigned { .. } => ("invalid_grant", 50_105, 400),
            Self::BlockedByHome => ("invalid_grant", 500_212, 400),
            Self::BlockedHere => ("invalid_grant", 500_213, 400),
            Self::NotHere => ("invalid_grant", 50_020, 400),
            Self::WrongCredentials => ("invalid_grant", 50_126, 400),
            Self::DisabledUser => ("invalid_grant", 50_057, 400),
            Self::PageExpired => ("invalid_request", 50_089, 400),
            Self::UnknownGrant => ("invalid_grant", 70_000, 400),
            Self::ExpiredCode => ("invalid_grant", 70_008, 400),
            Self::RedeemedCode => ("invalid_grant", 54_005, 400),
            Self::OtherRedirectUri => ("invalid_grant", 500_112, 400),
            Self::ExpiredRefreshToken => ("invalid_grant", 700_082, 400),
            Self::ExpiredSpaToken => ("invalid_grant", 700_084, 400),
            Self::RevokedGrant => ("invalid_grant", 50_173, 400),
            Self::PublicClientProof => ("invalid_client", 700_025, 401),
            Self::SpaOrigin => ("invalid_request", 9_002_327, 400),
            Self::CrossOrigin(_) => ("invalid_request", 9_002_326, 400),
            Self::AuthorizationPending => ("authorization_pending", 70_016, 400),
            Self::SlowDown => ("slow_down", 70_016, 400),
            Self::ExpiredDeviceCode => ("expired_token", 70_020, 400),
            Self::WrongUserCode => ("invalid_request", 70_018, 400),
            Self::TooManyAttempts => ("invalid_request", 50_053, 429),
            Self::IdTokenHint => ("invalid_request", 50_027, 400),
            Self::Unavailable => ("temporarily_unavailable", 90_033, 503),
        }
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        self.row().2
    }

    /// `error` as RFC 6749 §5.2 has it.
    pub const fn error(&self) -> &'static str {
        self.row().0
    }

    /// The number after AADSTS.
    pub const fn code(&self) -> u32 {
        self.row().1
    }

    /// The `WWW-Authenticate` header, where the client tried HTTP Basic (RFC 6749 §5.2).
    pub fn www_authenticate(&self, public_url: &PublicUrl) -> Option<String> {
        let is_basic = match self {
            Self::WrongSecret { is_basic, .. } | Self::ExpiredSecret { is_basic, .. } => *is_basic,
            Self::MalformedBasic => true,
            _ => false,
        };
        is_basic.then(|| format!(r#"Basic realm="{public_url}", charset="UTF-8""#))
    }

    /// `error` of an answer that goes through the browser, where OpenID Connect has a word of its
    /// own (Core §3.1.2.6).
    pub const fn front_channel_error(&self) -> &'static str {
        match self {
            Self::ConsentRequired { .. } => "consent_required",
            Self::MultifactorRequired => "interaction_required",
            Self::NotAssigned { .. }
            | Self::DisabledUser
            | Self::BlockedByHome
            | Self::BlockedHere
            | Self::NotHere => "access_denied",
            Self::UnknownResource { .. } => "invalid_target",
            Self::TooManyAttempts => "temporarily_unavailable",
            _ => self.error(),
        }
    }

    /// Whether a person has to read it: no client can do anything about it.
    pub const fn is_for_the_person(&self) -> bool {
        matches!(
            self,
            Self::NotAssigned { .. } | Self::BlockedByHome | Self::BlockedHere | Self::NotHere
        )
    }

    /// Which kind of attention is needed, as Microsoft's libraries look for it.
    pub const fn suberror(&self) -> Option<&'static str> {
        match self {
            Self::ConsentRequired { .. } => Some("consent_required"),
            Self::MultifactorRequired => Some("basic_action"),
            Self::RevokedGrant
            | Self::ExpiredRefreshToken
            | Self::ExpiredSpaToken
            | Self::SignInTooOld => Some("bad_token"),
            _ => None,
        }
    }

    /// Where the code is explained.
    pub fn page(&self) -> String {
        format!("{ERROR_PAGE}{}", self.code())
    }

    /// `error_description`.
    pub fn description(&self, trail: &Trail) -> String {
        format!(
            "AADSTS{}: {} Trace ID: {} Correlation ID: {} Timestamp: {}",
            self.code(),
            self.sentence(),
            trail.trace_id,
            trail.correlation_id,
            trail.timestamp()
        )
    }

    /// The body.
    pub fn body(&self, trail: &Trail) -> Value {
        let mut body = json!({
            "error": self.error(),
            "error_description": self.description(trail),
            "error_codes": [self.code()],
            "timestamp": trail.timestamp(),
            "trace_id": trail.trace_id.to_string(),
            "correlation_id": trail.correlation_id.to_string(),
            "error_uri": self.page(),
        });
        if let Some(suberror) = self.suberror() {
            body["suberror"] = suberror.into();
        }
        body
    }
}
