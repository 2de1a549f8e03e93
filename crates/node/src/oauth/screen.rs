//! What the sign-in pages show: data, without a word of any language.

use identity::oauth::OAuthError;
use uuid::Uuid;

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Screen {
    /// Asks for the name.
    Name {
        /// For which client; none for a device.
        client: Option<ClientView>,
        /// What was entered before, or hinted at.
        name: Option<String>,
        /// Whether there is an account to go back to.
        has_accounts: bool,
    },
    /// Asks for the password.
    Password {
        /// For which client.
        client: Option<ClientView>,
        /// Whose.
        name: String,
        /// What was wrong with the last one.
        problem: Option<Problem>,
    },
    /// Asks which account.
    Accounts {
        /// For which client.
        client: Option<ClientView>,
        /// The accounts that are signed in.
        accounts: Vec<AccountView>,
    },
    /// Asks for consent.
    Consent(ConsentView),
    /// Says that an administrator has to consent.
    Approval(ConsentView),
    /// Asks for the code that a device shows.
    DeviceCode {
        /// Who is signed in.
        account: AccountView,
        /// What was wrong with the last one.
        problem: Option<Problem>,
    },
    /// Asks whether it is this device, and for consent where that is needed.
    Device(ConsentView),
    /// Says that the device has its answer.
    DeviceDone {
        /// Which client.
        client: ClientView,
        /// Whether it was allowed.
        is_allowed: bool,
    },
    /// Asks whether to sign out.
    SignOut {
        /// Who is signed in.
        accounts: Vec<AccountView>,
    },
    /// Says that nobody is signed in any more.
    SignedOut {
        /// Addresses of clients that hear of it in the browser.
        frames: Vec<String>,
        /// Where to go on.
        back: Option<String>,
    },
    /// Says what is wrong.
    Error {
        /// What.
        error: OAuthError,
        /// The client's page, to go back to.
        back: Option<String>,
    },
}

/// A client as a person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientView {
    /// Its name.
    pub name: String,
    /// The domain that stands for who has made it.
    pub publisher: Option<String>,
    /// Where its answer goes; nothing for a device.
    pub redirect_uri: Option<String>,
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// The session.
    pub session: Uuid,
    /// The name to sign in with.
    pub name: String,
    /// The name for people.
    pub display_name: String,
}

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentView {
    /// Who is asked.
    pub account: AccountView,
    /// Which client.
    pub client: ClientView,
    /// What for.
    pub scopes: Vec<ScopeView>,
    /// Whether the person may allow it for everybody in the organization.
    pub can_allow_all: bool,
}

/// One thing that a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeView {
    /// Its name, as programs call it.
    pub value: String,
    /// In short.
    pub title: String,
    /// In full.
    pub description: String,
    /// Whether only an administrator can allow it.
    pub needs_admin: bool,
}

/// Why the same page is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Name or password is wrong.
    WrongCredentials,
    /// Too many attempts.
    TooManyAttempts,
    /// No device shows this code now.
    WrongUserCode,
}
