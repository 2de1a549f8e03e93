//! What the sign-in pages show: data, without a word of any language.

use credentials::Kind;
use identity::Secret;
use identity::oauth::OAuthError;
use uuid::Uuid;

use super::account::{Confirmation, OwnView};

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
        /// What was wrong with the passkey.
        problem: Option<Problem>,
        /// What a passkey may answer, where the tenant has passkeys.
        passkey: Option<PasskeyView>,
    },
    /// Asks for the password.
    Password {
        /// For which client.
        client: Option<ClientView>,
        /// Whose.
        name: String,
        /// What was wrong with the last one.
        problem: Option<Problem>,
        /// What a passkey may answer, where the tenant has passkeys.
        passkey: Option<PasskeyView>,
        /// Whether the tenant has temporary access passes.
        has_access_passes: bool,
    },
    /// Asks for the temporary access pass.
    AccessPass {
        /// For which client.
        client: Option<ClientView>,
        /// Whose.
        name: String,
        /// What was wrong with the last one.
        problem: Option<Problem>,
    },
    /// Asks for another factor.
    Factor {
        /// Whose.
        name: String,
        /// Which.
        kind: Kind,
        /// The others that the person has.
        others: Vec<Kind>,
        /// What was wrong with the last one.
        problem: Option<Problem>,
        /// What a passkey may answer, where that is asked for.
        passkey: Option<PasskeyView>,
    },
    /// Asks which factor to register.
    Register {
        /// Whose.
        name: String,
        /// What can be registered.
        options: Vec<Kind>,
    },
    /// Shows what an authenticator app needs, and asks for its first code.
    RegisterApp {
        /// Whose.
        name: String,
        /// The seed, to type in.
        seed: Secret,
        /// The seed's address, to scan.
        uri: Secret,
        /// What was wrong with the last code.
        problem: Option<Problem>,
    },
    /// Asks the browser to make a passkey.
    RegisterPasskey {
        /// Whose.
        name: String,
        /// What it is to answer.
        passkey: PasskeyView,
        /// What was wrong with the last answer.
        problem: Option<Problem>,
    },
    /// Shows recovery codes, once.
    RecoveryCodes {
        /// Whose.
        name: String,
        /// The codes.
        codes: Vec<Secret>,
    },
    /// Asks for another password.
    NewPassword {
        /// Whose.
        name: String,
        /// What was wrong with the last one.
        problem: Option<Problem>,
        /// Whether it isn't asked for but wished.
        can_go_back: bool,
    },
    /// Somebody's own account.
    Own(Box<OwnView>),
    /// Asks whether something is to be done with it.
    OwnConfirm {
        /// Whose.
        name: String,
        /// What.
        what: Confirmation,
        /// What was wrong with the last answer.
        problem: Option<Problem>,
    },
    /// Says that somebody has left.
    OwnLeft {
        /// Which tenant.
        tenant: String,
    },
    /// Says that only an administrator can help.
    AskAdministrator {
        /// Whose.
        name: String,
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
    /// Asks whether somebody of another tenant wants to come here.
    Redeem {
        /// Who, by the name at home.
        name: String,
        /// Where.
        tenant: String,
    },
    /// Asks an administrator for consent for everybody.
    AdminConsent(ConsentView),
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
        /// What has ended.
        of: Vec<SignedOutOf>,
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

/// Sessions that have ended at a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedOutOf {
    /// What the tenant calls itself.
    pub tenant: String,
    /// The names of those who were signed in.
    pub names: Vec<String>,
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
    /// Whether the person may allow it for everybody in the tenant.
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

/// What a page asks of the browser's authenticators.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PasskeyView {
    /// The options, in JSON; empty until the page is sent.
    pub options: String,
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
    /// The code is wrong, or was used.
    WrongCode,
    /// The passkey isn't registered here, or its answer isn't right.
    WrongPasskey,
    /// The two new passwords differ.
    PasswordsDiffer,
    /// The new password is the old one.
    SamePassword,
    /// The name can't be one.
    BadName,
    /// It isn't for the person to do.
    Refused,
    /// The new password is too short, too simple or too common.
    WeakPassword,
}

impl Screen {
    /// What it asks a passkey, if it does.
    pub(super) fn passkey_mut(&mut self) -> Option<&mut Option<PasskeyView>> {
        match self {
            Self::Name { passkey, .. }
            | Self::Password { passkey, .. }
            | Self::Factor { passkey, .. } => Some(passkey),
            _ => None,
        }
    }
}
