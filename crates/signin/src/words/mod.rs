//! What pages say, in each language: one catalogue a file. A catalogue that lacks a text doesn't
//! compile.

mod ar;
mod de;
mod en;
mod es;
mod fr;
mod ja;

pub(crate) use ar::AR;
pub(crate) use de::DE;
pub(crate) use en::EN;
pub(crate) use es::ES;
pub(crate) use fr::FR;
pub(crate) use ja::JA;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The texts of a language. `{app}` and the like stand for names. A tenant is called by its own
        /// name, or else "company or school": "organization" is what several tenants form together.
        pub(crate) struct Words { $($(#[$doc])* pub(crate) $name: &'static str,)* }

        #[cfg(test)]
        impl Words {
            pub(crate) fn all(&self) -> Vec<&'static str> {
                vec![$(self.$name,)*]
            }
        }
    };
}

words! {
    sign_in,
    /// What a search engine shows below the page's title.
    description,
    /// Below the heading, to whom one signs in: `{app}`.
    to_app,
    name,
    name_hint,
    next,
    back,
    password,
    keep,
    wrong_credentials,
    too_many,
    other_account,
    choose_account,
    unknown_domain,
    consent_title,
    /// `{app}`.
    consent_wants,
    /// `{domain}`.
    publisher,
    /// `{host}`.
    goes_to,
    accept,
    cancel,
    /// `{tenant}`.
    for_all,
    consent_note,
    /// `{tenant}`, and so in the next one.
    redeem_title,
    redeem_wants,
    redeem_profile,
    redeem_activity,
    redeem_data,
    redeem_note,
    /// `{tenant}`, and so in the next two.
    error_blocked_by_home,
    error_blocked_here,
    error_not_here,
    error_invitation,
    approval_title,
    /// `{app}`, `{tenant}`.
    approval_text,
    needs_admin,
    device_title,
    device_hint,
    device_code,
    wrong_code,
    /// `{app}`.
    device_confirm,
    device_warning,
    device_done,
    device_refused,
    close_window,
    sign_out,
    sign_out_which,
    sign_out_note,
    sign_out_all,
    signed_out,
    signed_out_of,
    signed_out_note,
    go_on,
    error_title,
    error_app,
    error_expired,
    error_disabled,
    /// `{tenant}`.
    error_not_assigned,
    error_busy,
    details,
    correlation,
    time,
    back_to_app,
    answer_title,
    scope_openid,
    scope_profile,
    scope_email,
    scope_offline_access,
    scope_user_read,
    passkey_button,
    passkey_failed,
    needs_script,
    access_pass,
    use_access_pass,
    use_password,
    factor_title,
    factor_app,
    factor_recovery,
    factor_passkey,
    code,
    recovery_code,
    use_app,
    use_passkey,
    use_recovery,
    wrong_factor,
    wrong_passkey,
    register_title,
    /// `{tenant}`.
    register_text,
    register_passkey,
    register_passkey_note,
    register_app,
    register_app_note,
    app_scan,
    app_key,
    codes_title,
    codes_text,
    codes_kept,
    new_password_title,
    new_password,
    new_password_again,
    passwords_differ,
    same_password,
    weak_password,
    admin_title,
    /// `{tenant}`.
    admin_text,
    own_title,
    own_sessions,
    own_browser,
    own_current,
    own_since,
    own_used,
    own_end_others,
    own_everywhere,
    own_everywhere_text,
    own_methods,
    own_change,
    own_app,
    own_passkey,
    own_rename,
    own_name,
    own_bad_name,
    own_remove,
    own_remove_text,
    own_codes,
    own_codes_new,
    own_codes_text,
    own_elsewhere,
    own_member,
    own_guest,
    /// `{tenant}`.
    own_by_sharing,
    own_by_invitation,
    own_open,
    own_leave,
    /// `{tenant}`, and so in the next two.
    own_leave_text,
    own_left,
    own_home,
    own_apps,
    own_home_link,
    own_consents,
    own_consents_last,
    own_take_back,
    own_none,
    own_done,
    own_refused,
    setup_title,
    setup_lead,
    setup_code,
    setup_code_hint,
    setup_tenant,
    setup_domain,
    setup_domain_hint,
    setup_admin,
    setup_start,
    setup_wrong_code,
    setup_closed,
    setup_bad_name,
    setup_bad_domain,
    setup_bad_admin,
    /// `{name}`.
    setup_done,
    setup_admin_centre,
    setup_use_passkey,
    /// `{name}`, `{host}`.
    setup_passkey_text,
    setup_bad_passkey,
    /// `{name}`.
    setup_done_passkey,
    /// `{url}`.
    setup_no_passkey,
    setup_late,
    privacy,
    terms,
}

/// Puts names into a text.
pub(crate) fn fill(text: &str, name: &str, value: &str) -> String {
    text.replace(name, value)
}
