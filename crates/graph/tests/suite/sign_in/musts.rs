//! What RFC 9700 (OAuth 2.0 Security Best Current Practice) and OpenID Connect Core require of an
//! authorization server, and the test that holds us to each: one of this folder, or of the file that
//! it names.

/// Where it stands, what it asks, and where that is tested.
const MUSTS: &[(&str, &str, &[&str])] = &[
    (
        "RFC 9700 §2.1",
        "redirect URIs are compared exactly, but for the port of a loopback address",
        &[
            "code::an_answer_goes_where_the_client_has_registered_and_nowhere_else",
            "/identity/src/oauth/redirect.rs::a_native_client_has_any_port_of_its_machine",
        ],
    ),
    (
        "RFC 9700 §2.1",
        "no open redirector",
        &[
            "code::an_answer_goes_where_the_client_has_registered_and_nowhere_else",
            "sign_out::it_goes_on_to_registered_addresses_only",
        ],
    ),
    (
        "RFC 9700 §2.1.1",
        "public clients use PKCE, and the challenge doesn't reveal the verifier",
        &["code::a_challenge_can_neither_be_left_out_nor_taken_out"],
    ),
    (
        "RFC 9700 §2.1.1",
        "a challenge that was sent is enforced",
        &["code::a_code_is_its_clients_and_its_askers_alone"],
    ),
    (
        "RFC 9700 §2.1.1, §4.8.2",
        "PKCE can't be downgraded: a verifier without a challenge is refused",
        &["code::a_challenge_can_neither_be_left_out_nor_taken_out"],
    ),
    (
        "RFC 9700 §2.1.1",
        "support of PKCE is published",
        &["user_info::discovery_says_where_everything_is"],
    ),
    (
        "RFC 9700 §2.1.2",
        "no access token from the authorization endpoint",
        &[
            "code::what_is_wrong_is_told_to_the_client_with_its_state",
            "code::an_id_token_comes_through_the_browser_only_where_that_is_switched_on",
        ],
    ),
    (
        "RFC 9700 §2.2.2, §4.14.2",
        "refresh tokens of public clients are rotated, and reuse is noticed",
        &["refresh::each_is_good_once_and_a_second_use_ends_the_family"],
    ),
    (
        "RFC 9700 §2.2.2",
        "refresh tokens are bound to the scope that was consented to",
        &["refresh::scopes_are_those_that_were_consented_to"],
    ),
    (
        "RFC 9700 §2.3",
        "access tokens are restricted to what is needed, and to one API",
        &[
            "refresh::scopes_are_those_that_were_consented_to",
            "code::what_is_wrong_is_told_to_the_client_with_its_state",
        ],
    ),
    (
        "RFC 9700 §2.5",
        "clients are authenticated where they can be",
        &["code::a_server_has_to_prove_who_it_is"],
    ),
    (
        "RFC 9700 §4.1.3",
        "what is wrong with client or redirect URI isn't told by redirect",
        &["code::an_answer_goes_where_the_client_has_registered_and_nowhere_else"],
    ),
    (
        "RFC 9700 §4.2.4",
        "no referrer carries codes or state on",
        &["pages::a_page_can_be_framed_scripted_and_kept_by_nobody"],
    ),
    (
        "RFC 9700 §4.3, RFC 6749 §4.1.2",
        "a code is good once, briefly, and a second use takes back what it gave",
        &[
            "code::a_code_is_good_once_and_a_second_use_takes_everything_back",
            "code::a_code_is_its_clients_and_its_askers_alone",
        ],
    ),
    (
        "RFC 9700 §4.4, RFC 9207 §2",
        "an answer names its issuer, errors too (mix-up)",
        &[
            "code::a_native_client_signs_somebody_in",
            "code::what_is_wrong_is_told_to_the_client_with_its_state",
        ],
    ),
    (
        "RFC 9700 §4.5",
        "an injected code is worth nothing",
        &[
            "code::a_code_is_its_clients_and_its_askers_alone",
            "code::another_tenants_code_is_worth_nothing",
        ],
    ),
    (
        "RFC 9700 §4.7",
        "no forged request signs anybody in or out, or consents",
        &[
            "pages::nobody_is_signed_in_by_another_sites_form",
            "sign_out::without_one_the_person_is_asked",
        ],
    ),
    (
        "RFC 9700 §4.11",
        "who has no valid redirect URI is never sent on",
        &["code::an_answer_goes_where_the_client_has_registered_and_nowhere_else"],
    ),
    (
        "RFC 9700 §4.12",
        "what was entered isn't posted on: 303 and no 307",
        &["code::a_native_client_signs_somebody_in"],
    ),
    (
        "RFC 9700 §4.14.2",
        "refresh tokens end when they aren't used",
        &[
            "refresh::they_end_with_the_account_the_consent_and_the_time",
            "refresh::a_script_has_them_for_a_day_in_all",
        ],
    ),
    (
        "RFC 9700 §4.16",
        "pages can't be framed",
        &["pages::a_page_can_be_framed_scripted_and_kept_by_nobody"],
    ),
    (
        "RFC 6749 §3.1, §3.2",
        "a parameter that comes twice is refused",
        &["code::an_answer_goes_where_the_client_has_registered_and_nowhere_else"],
    ),
    (
        "RFC 6749 §5.1",
        "tokens are kept by nobody",
        &["code::a_native_client_signs_somebody_in"],
    ),
    (
        "RFC 8628 §3.5",
        "a device that asks too often has to slow down",
        &["device::who_asks_too_often_has_to_slow_down"],
    ),
    (
        "RFC 8628 §5.1",
        "a person's code can't be tried out",
        &["device::codes_cannot_be_tried_out"],
    ),
    (
        "RFC 8628 §5.4",
        "a person is warned of what they sign in for",
        &["device::somebody_signs_in_for_a_device"],
    ),
    (
        "OpenID Connect Core §3.1.2.1",
        "authorization requests come by GET and by POST",
        &["code::an_answer_comes_in_the_mode_that_was_asked_for"],
    ),
    (
        "OpenID Connect Core §3.1.2.1",
        "prompt none asks nobody, and stands alone",
        &[
            "code::what_is_wrong_is_told_to_the_client_with_its_state",
            "pages::prompt_and_max_age_say_who_is_asked_again",
        ],
    ),
    (
        "OpenID Connect Core §3.1.2.1",
        "prompt login and max_age have people sign in again, and auth_time says when",
        &["pages::prompt_and_max_age_say_who_is_asked_again"],
    ),
    (
        "OpenID Connect Core §3.1.2.1",
        "state and nonce come back as they were",
        &["code::a_native_client_signs_somebody_in"],
    ),
    (
        "OpenID Connect Core §3.1.2.3",
        "sign-in is guarded against forged requests and clickjacking",
        &[
            "pages::nobody_is_signed_in_by_another_sites_form",
            "pages::a_page_can_be_framed_scripted_and_kept_by_nobody",
        ],
    ),
    (
        "OpenID Connect Core §3.1.2.4",
        "nothing is released without consent",
        &[
            "pages::what_is_reserved_to_administrators_only_they_allow",
            "refresh::scopes_are_those_that_were_consented_to",
        ],
    ),
    (
        "OpenID Connect Core §3.1.2.6",
        "errors have the registered words",
        &[
            "code::what_is_wrong_is_told_to_the_client_with_its_state",
            "pages::several_accounts_share_a_browser",
        ],
    ),
    (
        "OpenID Connect Core §3.1.3.2",
        "a code is its client's alone, its redirect URI repeated",
        &["code::a_code_is_its_clients_and_its_askers_alone"],
    ),
    (
        "OpenID Connect Core §3.3.2.11",
        "an ID token beside a code has nonce and c_hash",
        &["code::an_id_token_comes_through_the_browser_only_where_that_is_switched_on"],
    ),
    (
        "OpenID Connect Core §5.3.2, §5.3.3",
        "UserInfo has the ID token's subject, and says by RFC 6750 what is wrong",
        &[
            "user_info::it_tells_what_the_scopes_allow_of_the_id_tokens_subject",
            "user_info::only_a_persons_token_opens_it",
        ],
    ),
    (
        "OpenID Connect Core §6",
        "request objects are refused by their own errors",
        &["code::what_is_wrong_is_told_to_the_client_with_its_state"],
    ),
    (
        "OpenID Connect Core §12.2",
        "a refreshed ID token keeps subject and session",
        &["refresh::an_id_token_that_is_refreshed_is_of_the_same_sign_in"],
    ),
    (
        "OpenID Connect RP-Initiated Logout §2, §3",
        "a hint is checked, its age apart; who goes on goes to a registered address",
        &[
            "sign_out::a_client_that_shows_its_id_token_signs_out_at_once",
            "sign_out::a_form_of_another_site_signs_out_as_an_address_does",
            "sign_out::it_goes_on_to_registered_addresses_only",
        ],
    ),
    (
        "OpenID Connect Front-Channel Logout §3",
        "clients hear of it with issuer and session",
        &["sign_out::a_client_that_shows_its_id_token_signs_out_at_once"],
    ),
    (
        "OpenID Connect Back-Channel Logout §2.4, §2.5",
        "clients hear of it by a logout token of the session, without a nonce",
        &["back_channel::a_server_hears_that_a_session_has_ended"],
    ),
    (
        "OWASP Session Management",
        "the session is a new one after each sign-in (fixation)",
        &["pages::a_session_is_a_new_one_after_each_sign_in"],
    ),
    (
        "RFC 6265bis §4.1.3",
        "cookies are for this host, no script, no other site",
        &[
            "pages::cookies_are_for_this_site_alone",
            "/identity/src/session/cookie.rs::attributes_are_the_strictest_that_work",
        ],
    ),
    (
        "RFC 6749 §10.4, RFC 9700 §2.2.2",
        "a refresh token is its client's alone, and can't be made up",
        &["refresh::a_token_is_its_clients_and_nobody_can_make_one"],
    ),
    (
        "RFC 7523 §3",
        "a client's assertion is for this tenant, fresh, and good once",
        &["/graph/tests/suite/certificates.rs::an_assertion_has_to_be_whole_and_fresh"],
    ),
    (
        "RFC 8252 §8.6, Microsoft \"Redirect URI restrictions\"",
        "what a page's script has is brought from its own site only",
        &["code::a_script_has_to_come_from_its_own_site"],
    ),
    (
        "RFC 8725 §3.1, §3.2",
        "the algorithm is ours to say and not the token's: none, HMAC with the public key, others",
        &[
            "/identity/tests/suite/tokens.rs::tokens_that_nobody_signed_are_refused",
            "/identity/tests/suite/user_tokens.rs::what_opens_our_own_api_only_the_api_can_check",
            "/e2e/tests/black_box/tokens.rs::tampered_tokens_open_nothing",
        ],
    ),
    (
        "RFC 8725 §3.10",
        "a key is looked for among the tenant's own, wherever kid, jku or jwk would lead",
        &[
            "/identity/tests/suite/tokens.rs::tokens_that_nobody_signed_are_refused",
            "/identity/tests/suite/tokens.rs::forged_key_ids_do_not_make_the_store_work",
        ],
    ),
    (
        "RFC 8725 §3.8, §3.9, RFC 9700 §2.3",
        "a token of a tenant, or for an API, is worthless in every other",
        &[
            "/e2e/tests/black_box/tokens.rs::a_token_of_one_tenant_never_reads_another",
            "/e2e/tests/black_box/tokens.rs::a_token_for_another_audience_is_not_for_graph",
            "code::another_tenants_code_is_worth_nothing",
        ],
    ),
    (
        "RFC 8725 §3.11, §3.12",
        "a token of one kind is none of another",
        &[
            "/identity/tests/suite/tokens.rs::tokens_that_a_tenant_signed_for_something_else_are_refused",
            "/identity/tests/suite/user_tokens.rs::tokens_of_users_that_say_something_else_are_refused",
        ],
    ),
    (
        "OpenID Connect Core §5.5, §3.1.2.1",
        "claims that are essential have the person asked; others and acr_values fail nothing",
        &["claims::a_client_has_a_person_show_another_factor"],
    ),
    (
        "OpenID Connect Core §5.7",
        "nobody is matched by a name or an address that can change hands",
        &[
            "visits::who_has_no_account_here_is_told_so",
            "/directory/tests/suite/synced.rs::nobody_is_matched_by_name_or_mail",
        ],
    ),
    (
        "OpenID Connect Core §8.1",
        "a person's subject is another to each client, and stays the same",
        &[
            "/identity/tests/suite/user_tokens.rs::a_user_is_another_to_each_client_and_stays_the_same",
        ],
    ),
    (
        "RFC 9700 §4.5, §4.7 (between tenants)",
        "a pass between two tenants is for one browser, one tenant, one sign-in, and once",
        &["visits::a_pass_is_for_one_browser_one_tenant_and_once"],
    ),
    (
        "Web Authentication Level 3 §7.1, §7.2",
        "a passkey's answer is for its challenge and its browser, and good once",
        &["factors::a_passkey_signs_in_without_a_name_and_answers_once"],
    ),
    (
        "OWASP Authentication",
        "guesses are held up alike for all names, and lock nobody out",
        &["factors::guesses_are_held_up_alike_for_all_names_and_never_where_the_owner_was_before"],
    ),
    (
        "OWASP Authentication",
        "who doesn't exist looks like who does",
        &["pages::who_does_not_exist_looks_like_who_does"],
    ),
];

/// The source of each file of this folder.
const FILES: &[(&str, &str)] = &[
    ("back_channel", include_str!("back_channel.rs")),
    ("claims", include_str!("claims.rs")),
    ("code", include_str!("code.rs")),
    ("device", include_str!("device.rs")),
    ("factors", include_str!("factors.rs")),
    ("pages", include_str!("pages.rs")),
    ("refresh", include_str!("refresh.rs")),
    ("sign_out", include_str!("sign_out.rs")),
    ("user_info", include_str!("user_info.rs")),
    ("visits", include_str!("visits.rs")),
    (
        "/directory/tests/suite/synced.rs",
        include_str!("../../../../directory/tests/suite/synced.rs"),
    ),
    (
        "/e2e/tests/black_box/tokens.rs",
        include_str!("../../../../e2e/tests/black_box/tokens.rs"),
    ),
    (
        "/graph/tests/suite/certificates.rs",
        include_str!("../certificates.rs"),
    ),
    (
        "/identity/src/oauth/redirect.rs",
        include_str!("../../../../identity/src/oauth/redirect.rs"),
    ),
    (
        "/identity/src/session/cookie.rs",
        include_str!("../../../../identity/src/session/cookie.rs"),
    ),
    (
        "/identity/tests/suite/tokens.rs",
        include_str!("../../../../identity/tests/suite/tokens.rs"),
    ),
    (
        "/identity/tests/suite/user_tokens.rs",
        include_str!("../../../../identity/tests/suite/user_tokens.rs"),
    ),
];

#[test]
fn each_has_its_test() {
    for (source, what, tests) in MUSTS {
        assert!(!tests.is_empty(), "{source}: {what}");
        for test in *tests {
            let (file, name) = test.rsplit_once("::").unwrap();
            let (_, text) = FILES
                .iter()
                .find(|(own, _)| *own == file)
                .unwrap_or_else(|| panic!("{source}: no file {file}"));
            assert!(
                text.contains(&format!("fn {name}()")),
                "{source}: {what}: no test {test}"
            );
        }
    }
}
