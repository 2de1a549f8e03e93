//! The limits: one table from which the configuration and `docs/limits.md` are made.
//!
//! A limit that is `fixed` is a constant of the module that keeps it: clients rely on it, or nothing
//! has needed another value yet. Setting one is refused, so that no configuration lies.

use std::fmt::Write as _;

use types::{Error, Result};

/// One limit.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Its name below `limits.`; the unit is its last word where it isn't a plain number.
    pub name: &'static str,
    /// The heading under which the document lists it.
    pub group: &'static str,
    /// What holds if nobody says otherwise.
    pub default: u64,
    /// The least that can be set.
    pub min: u64,
    /// The most that can be set.
    pub max: u64,
    /// Whether it can't be set at all.
    pub fixed: bool,
    /// What is limited.
    pub what: &'static str,
}

const fn limit(
    group: &'static str,
    name: &'static str,
    default: u64,
    (min, max): (u64, u64),
    what: &'static str,
) -> Limit {
    Limit {
        name,
        group,
        default,
        min,
        max,
        fixed: false,
        what,
    }
}

const fn fixed(group: &'static str, name: &'static str, value: u64, what: &'static str) -> Limit {
    Limit {
        fixed: true,
        ..limit(group, name, value, (value, value), what)
    }
}

const HTTP: &str = "HTTP";
const QUERIES: &str = "Queries";
const ORGANIZATION: &str = "Organization and sharing";
const DIRECTORY: &str = "Users and groups";
const TOKENS: &str = "Tokens";
const SIGN_IN: &str = "Signing in";
const IMPORT: &str = "Import";
const NOTIFICATIONS: &str = "Change notifications";
const MAPPING: &str = "Attribute mappings";
const KEEPING: &str = "How long things are kept";
const STORE: &str = "Store";

/// Every limit, in the order of the document.
#[rustfmt::skip]
pub const LIMITS: &[Limit] = &[
    limit(HTTP, "body_bytes", 1_048_576, (1_024, 67_108_864), "bytes in the body of a request"),
    fixed(HTTP, "payloads_in_flight", 16, "bodies that aren't JSON (photos) in memory at once; further ones wait"),
    limit(HTTP, "url_bytes", 16_384, (1_024, 65_536), "bytes of an address, path and query together"),
    fixed(HTTP, "header_bytes", 131_072, "bytes in the head of a request, its address included"),
    fixed(HTTP, "json_depth", 64, "levels of nesting in a JSON body"),
    limit(HTTP, "batch_requests", 20, (1, 100), "requests in one `$batch`"),
    fixed(HTTP, "batch_concurrency", 20, "requests of one `$batch` that are worked on at once"),
    fixed(HTTP, "batch_url_bytes", 60_000, "bytes of the address of a request in a `$batch`"),
    limit(HTTP, "batch_answer_bytes", 16_777_216, (65_536, 268_435_456), "bytes of the answers in one `$batch`; beyond them no further request is carried out, and a read's answer is left out"),
    limit(HTTP, "requests_in_flight", 1_024, (1, 65_536), "requests that are worked on at once"),
    limit(HTTP, "connections", 4_096, (1, 65_536), "open connections, and never more than half of the files that the system lets a process open; for a further one, the one goes that was silent the longest"),
    limit(HTTP, "application_requests", 1_000_000, (10, 1_000_000_000), "requests of one application in one tenant within 10 seconds, each part of a `$batch` counted; further ones get 429 with `Retry-After`"),
    limit(HTTP, "tenant_requests", 2_000_000, (10, 1_000_000_000), "the same of all applications in one tenant"),
    fixed(HTTP, "path_segments", 16, "segments of a path"),
    fixed(HTTP, "query_parameters", 64, "parameters of a query"),
    fixed(HTTP, "idempotency_key_characters", 255, "characters in an `Idempotency-Key`"),
    fixed(HTTP, "link_token_bytes", 8_192, "bytes of a token in a link (`$skiptoken`, `$deltatoken`)"),
    fixed(HTTP, "connection_requests", 200, "requests at once on one HTTP/2 connection"),
    limit(HTTP, "request_seconds", 60, (1, 600), "seconds that a request may take, reading its body included"),
    limit(HTTP, "header_seconds", 10, (1, 60), "seconds to send the head of a request, or to shake hands over TLS"),
    limit(HTTP, "stall_seconds", 30, (1, 600), "seconds in which a client takes nothing of an answer before it is cut off"),
    limit(HTTP, "drain_seconds", 10, (0, 600), "seconds that requests may go on once the server is told to stop"),
    fixed(QUERIES, "page_size_default", 100, "entries of a page without `$top`"),
    fixed(QUERIES, "page_size_max", 999, "`$top`"),
    fixed(QUERIES, "log_page_size_max", 1_000, "`$top` of the audit log and of the provisioning log"),
    fixed(QUERIES, "log_look", 10_000, "entries of such a log that one request looks at; the next page goes on behind them"),
    fixed(QUERIES, "filter_bytes", 16_384, "bytes of a `$filter`"),
    fixed(QUERIES, "filter_depth", 32, "levels of nesting in a `$filter`"),
    fixed(QUERIES, "filter_nodes", 500, "operators, functions and values in a `$filter`"),
    fixed(QUERIES, "in_values", 15, "values in one `in` of a `$filter`"),
    fixed(QUERIES, "search_bytes", 4_096, "bytes of a `$search`"),
    fixed(QUERIES, "search_clauses", 50, "clauses of a `$search`"),
    fixed(QUERIES, "search_depth", 16, "levels of parentheses in a `$search`"),
    fixed(QUERIES, "search_word_characters", 64, "characters of a word that `$search` looks at"),
    fixed(QUERIES, "filter_indexed_characters", 256, "characters of a value that a `$filter` looks at, where it is found by the index that `$search` has too"),
    fixed(QUERIES, "search_catch_up_seconds", 5, "seconds that a `$search`, or a `$filter` by it, brings the index up to date before it looks"),
    fixed(QUERIES, "search_behind", 10_000, "changes that a `$search` may not have seen then; with more, it is answered with 503 and `Retry-After`"),
    fixed(QUERIES, "delta_filter_ids", 50, "ids in the `$filter` of a delta query"),
    fixed(QUERIES, "delta_changes", 10_000, "changes that one page of a delta query looks at"),
    fixed(QUERIES, "delta_links", 1_000, "members and owners on one page of a delta query; the others are on the pages after it"),
    limit(ORGANIZATION, "organization_tenants", 100, (2, 1_000), "active tenants in one organization, counted when a tenant joins; pending ones don't count"),
    fixed(ORGANIZATION, "organization_pending_tenants", 1_000, "pending tenants in one organization"),
    fixed(ORGANIZATION, "organization_invitations", 1_000, "organizations that have added one tenant, which it hasn't answered"),
    limit(ORGANIZATION, "organization_invitation_days", 30, (1, 365), "days that an invitation is good for, from when the tenant was added"),
    limit(ORGANIZATION, "organization_users", 10_000_000, (1, 100_000_000), "internal users of each tenant, counted when it joins"),
    fixed(ORGANIZATION, "tenant_organizations", 1, "organizations in which one tenant is active"),
    fixed(ORGANIZATION, "organization_owners_min", 1, "active owners of an organization, at least"),
    fixed(ORGANIZATION, "sharing_list", 10_000, "users and groups listed in one sharing scope"),
    fixed(ORGANIZATION, "sync_batch_users", 1_000, "users in one message of a synchronization"),
    fixed(ORGANIZATION, "sync_batch_members", 500, "members of a group in one part of such a message"),
    fixed(ORGANIZATION, "sync_batches_in_flight", 8, "large ones of these messages under way at once in a deployment, from their plan until they are settled"),
    limit(ORGANIZATION, "on_demand_requests", 5, (1, 1_000_000), "calls of `provisionOnDemand` in one tenant within 10 seconds; further ones get 429 with `Retry-After`"),
    limit(ORGANIZATION, "scope_preview_requests", 30, (1, 1_000_000), "previews of a sharing, a schema, a join or a sign-in policy in one tenant within 10 seconds, each of which looks at every user; further ones get 429 with `Retry-After`"),
    fixed(ORGANIZATION, "on_demand_subjects", 5, "users and groups in one call of `provisionOnDemand`"),
    fixed(ORGANIZATION, "on_demand_members", 5, "members that go with a group in such a call; the others come with the pair"),
    fixed(ORGANIZATION, "synchronization_jobs", 1_000, "synchronization jobs of one tenant"),
    fixed(ORGANIZATION, "synchronization_settings", 100, "`synchronizationJobSettings` of one job, of 1,024 characters each"),
    fixed(ORGANIZATION, "synchronization_secrets", 100, "synchronization secrets in one request"),
    fixed(ORGANIZATION, "synchronization_secret_characters", 8_192, "characters of a synchronization secret"),
    fixed(ORGANIZATION, "deletion_guard_deletions", 500, "deletions and disablings within a day by which one pair of tenants goes on; with more they wait for an admin of the source. Of a tenant that sets none of its own: `PATCH /beta/isopolity/userSharing/deletionGuard`"),
    fixed(ORGANIZATION, "deletion_guard_percent", 20, "the same in percent of the users that the target has from the source; also set there"),
    fixed(ORGANIZATION, "deletion_guard_floor", 25, "deletions and disablings up to which the percentage doesn't count"),
    fixed(ORGANIZATION, "deletion_guard_hours", 24, "hours that such a day has; it slides by the hour"),
    fixed(ORGANIZATION, "admission_domains", 100, "domains in `allowedMailDomains` of an admission"),
    fixed(ORGANIZATION, "admission_hold", 1_000, "`holdFirst` of an admission"),
    fixed(ORGANIZATION, "admission_turned_away", 1_000, "users of one tenant who were turned away that the receiving tenant lists; their home lists all"),
    fixed(ORGANIZATION, "admission_coming", 100, "users who would come from a tenant that are named; the rest is counted, among its first 10,000"),
    fixed(ORGANIZATION, "change_requests", 100, "requests for a change that one tenant may have waiting at another"),
    fixed(ORGANIZATION, "departure_names", 100, "users of each tenant that the preview of a departure names; the rest is counted"),
    fixed(ORGANIZATION, "departure_withdraw_seconds", 3_600, "seconds that a departure waits for the others to remove its users; then it goes on and reports how many stayed"),
    fixed(ORGANIZATION, "departure_reports", 1_000, "reports of another tenant's departures that are kept"),
    fixed(ORGANIZATION, "reason_characters", 1_024, "characters of the reason for declining something"),
    fixed(MAPPING, "schema_bytes", 524_288, "bytes of a synchronization schema"),
    fixed(MAPPING, "schema_objects", 8, "rules, object mappings, directories, and types of objects of one directory in it"),
    fixed(MAPPING, "schema_metadata", 32, "entries of metadata at one place of it"),
    fixed(MAPPING, "schema_text_characters", 4_096, "characters of a name, a constant or a default value in it"),
    fixed(MAPPING, "attribute_mappings", 100, "attribute mappings of one object mapping"),
    fixed(MAPPING, "attribute_definitions", 500, "attributes of one type of objects"),
    fixed(MAPPING, "scope_groups", 50, "groups of clauses in a scoping filter"),
    fixed(MAPPING, "scope_clauses", 50, "clauses of one group"),
    fixed(MAPPING, "scope_values", 100, "values that one clause compares with"),
    fixed(MAPPING, "expression_characters", 10_000, "characters of an expression"),
    fixed(MAPPING, "expression_depth", 32, "levels of nesting in an expression"),
    fixed(MAPPING, "expression_nodes", 1_000, "functions, attributes, constants and empty parameters of an expression"),
    fixed(MAPPING, "expression_work_bytes", 1_048_576, "bytes of texts that one evaluation reads and makes; each match of a pattern counts the rest of its text"),
    fixed(MAPPING, "expression_text_bytes", 32_768, "bytes of one text in an evaluation"),
    fixed(MAPPING, "expression_values", 1_000, "values of one list in an evaluation"),
    fixed(MAPPING, "pattern_bytes", 1_000, "bytes of a regular expression"),
    fixed(MAPPING, "pattern_compiled_bytes", 262_144, "bytes of a regular expression once it is compiled"),
    fixed(MAPPING, "pattern_text_bytes", 4_096, "bytes of a text that a regular expression is applied to"),
    fixed(MAPPING, "random_string_characters", 256, "characters that `RandomString` makes"),
    fixed(MAPPING, "date_format_characters", 128, "characters of the format of a date"),
    fixed(MAPPING, "test_properties", 500, "properties of the test object of `parseExpression`"),
    fixed(DIRECTORY, "display_name_characters", 256, "characters in `displayName`"),
    fixed(DIRECTORY, "mail_nickname_characters", 64, "characters in `mailNickname`"),
    fixed(DIRECTORY, "business_phones", 1, "numbers in `businessPhones`"),
    fixed(DIRECTORY, "domain_renames", 1_000, "users and groups that the forced removal of a domain gives other names"),
    fixed(DIRECTORY, "policy_targets", 1_000, "users, groups and applications in one list of a cross-tenant access policy"),
    fixed(DIRECTORY, "transitive_members", 100_000, "users who are members of one group, directly or through other groups"),
    fixed(DIRECTORY, "app_owners", 100, "owners of an application or of a service principal"),
    fixed(DIRECTORY, "member_ids", 2_046, "ids in an answer of `getMemberGroups` and `getMemberObjects`; 11,000 for a group's"),
    fixed(DIRECTORY, "checked_ids", 20, "ids in one `checkMemberGroups` or `checkMemberObjects`"),
    fixed(DIRECTORY, "sponsors", 100, "sponsors of one user; 20 in one invitation"),
    fixed(DIRECTORY, "photo_bytes", 4_194_304, "bytes of a photo that is sent, JPEG or PNG"),
    fixed(DIRECTORY, "photo_pixels", 25_000_000, "pixels of a photo that is sent, and 8,192 on each side; decoding one takes 128 MiB at most, and two are worked on at once"),
    fixed(DIRECTORY, "photo_side_pixels", 648, "pixels on each side of the largest size of a photo that is kept"),
    fixed(DIRECTORY, "branding_image_bytes", 51_200, "bytes of a logo on the sign-in pages, JPEG or PNG; a banner has 245 × 36 pixels at most, a square logo 240 × 240"),
    fixed(DIRECTORY, "branding_localizations", 50, "languages in which the sign-in pages of a tenant look as it has said"),
    fixed(DIRECTORY, "administrative_units", 5_000, "administrative units of a tenant, those deleted for less than 30 days included"),
    fixed(DIRECTORY, "dynamic_groups", 1_000, "groups of a tenant whose members a rule decides on; each change of a user is held against all of them"),
    fixed(DIRECTORY, "custom_roles", 100, "directory roles that a tenant defines"),
    fixed(DIRECTORY, "role_actions", 500, "actions that one of them allows"),
    fixed(DIRECTORY, "role_assignments_look", 10_000, "role assignments that one request looks at; the next page goes on behind them"),
    fixed(DIRECTORY, "bind_objects", 20, "objects bound in one call (`members@odata.bind`, `owners@odata.bind`)"),
    fixed(TOKENS, "signing_keys", 10, "keys of a tenant that are valid at once: each rotation leaves one until the last token that it signed has expired"),
    fixed(TOKENS, "token_seconds", 3_599, "seconds that an access token is valid"),
    fixed(TOKENS, "token_bytes", 16_384, "bytes of an access token that is looked at"),
    fixed(TOKENS, "token_request_bytes", 32_768, "bytes in the body of a token request"),
    fixed(TOKENS, "token_request_parameters", 64, "parameters in the body of a token request"),
    fixed(TOKENS, "token_cache_bytes", 67_108_864, "bytes of memory for tokens that were verified"),
    fixed(TOKENS, "retired_key_seconds", 3_899, "seconds that a key stays in the key set after another has taken its place"),
    fixed(TOKENS, "client_secrets", 100, "secrets of one application or service principal"),
    fixed(TOKENS, "client_certificates", 100, "certificates of one application or service principal"),
    fixed(TOKENS, "permission_grants_look", 10_000, "delegated permission grants that one request looks at; the next page goes on behind them"),
    fixed(TOKENS, "redirect_uris", 256, "redirect URIs of one application, of 256 characters each"),
    fixed(TOKENS, "certificate_bytes", 16_384, "bytes of a certificate"),
    fixed(TOKENS, "client_assertion_bytes", 16_384, "bytes of a client assertion"),
    fixed(TOKENS, "client_assertion_seconds", 86_400, "seconds for which a client assertion may be valid ahead"),
    fixed(SIGN_IN, "sign_in_page_seconds", 3_600, "seconds that a sign-in page may stay open"),
    fixed(SIGN_IN, "browser_accounts", 10, "accounts of one tenant that are signed in at one browser; for another one the longest unused goes"),
    fixed(SIGN_IN, "session_seconds", 86_400, "seconds without use after which a browser's session ends"),
    fixed(SIGN_IN, "persistent_session_seconds", 7_776_000, "the same of who wants to stay signed in"),
    fixed(SIGN_IN, "authorization_code_seconds", 600, "seconds that an authorization code is good"),
    fixed(SIGN_IN, "refresh_token_idle_seconds", 7_776_000, "seconds without use after which a refresh token ends"),
    fixed(SIGN_IN, "spa_refresh_seconds", 86_400, "seconds that a script in a browser has refresh tokens, in all"),
    fixed(SIGN_IN, "device_code_seconds", 900, "seconds that a device waits for somebody to sign in"),
    fixed(SIGN_IN, "device_codes", 10_000, "devices of one tenant that wait at once"),
    fixed(SIGN_IN, "device_attempts", 10, "codes of devices that one person may enter in vain within 15 minutes, at each server"),
    fixed(SIGN_IN, "scope_words", 128, "scopes in one request"),
    fixed(SIGN_IN, "logout_frames", 50, "clients that hear of one sign-out in the browser"),
    fixed(SIGN_IN, "logout_tenants", 50, "other tenants where one sign-out ends sessions of the same browser, the home first"),
    fixed(TOKENS, "password_characters_min", 8, "characters in a password, at least"),
    fixed(TOKENS, "password_characters", 256, "characters in a password"),
    fixed(TOKENS, "authentication_methods", 10, "passkeys of one user, and as many authenticator apps"),
    fixed(TOKENS, "authentication_targets", 50, "groups that an authentication method is offered to, or kept from"),
    fixed(TOKENS, "sign_in_attempts", 50_000, "counts of failed sign-ins that one tenant keeps; past that, those that would end first go"),
    fixed(TOKENS, "sign_in_refusals", 10_000, "rows that refused sign-ins take in a tenant's log within an hour; further ones are counted by their reasons only"),
    fixed(NOTIFICATIONS, "application_subscriptions", 100, "subscriptions of one application in one tenant"),
    fixed(NOTIFICATIONS, "tenant_subscriptions", 1_000, "subscriptions in one tenant"),
    fixed(NOTIFICATIONS, "subscription_minutes", 41_760, "minutes that a subscription lives without being renewed; 45 at least"),
    fixed(NOTIFICATIONS, "subscription_validations", 32, "URLs of subscriptions that are validated at once in a deployment, and 8 of one tenant; for a further one, 503 with `Retry-After`"),
    fixed(NOTIFICATIONS, "notification_url_bytes", 2_048, "bytes of a `notificationUrl` or `lifecycleNotificationUrl`"),
    fixed(NOTIFICATIONS, "client_state_characters", 128, "characters in `clientState`, and in `encryptionCertificateId`"),
    fixed(NOTIFICATIONS, "notification_seconds", 10, "seconds in which a POST with notifications, or a validation, has to be answered"),
    fixed(NOTIFICATIONS, "notification_answer_bytes", 4_096, "bytes of the answer to a validation; of its head 16,384"),
    fixed(NOTIFICATIONS, "notifications", 100, "notifications in one POST; 20 with encrypted resource data"),
    fixed(NOTIFICATIONS, "notifications_pending", 10_000, "notifications of one subscription that wait; with more they are dropped, and the lifecycle notification `missed` says so"),
    fixed(NOTIFICATIONS, "notification_hours", 4, "hours that notifications are kept which nobody takes; then the same"),
    fixed(NOTIFICATIONS, "notification_machine_posts", 4, "POSTs with notifications under way at once to one host and port"),
    fixed(NOTIFICATIONS, "notification_tenant_posts", 16, "the same of one tenant"),
    fixed(NOTIFICATIONS, "notification_posts", 64, "the same in a deployment"),
    fixed(NOTIFICATIONS, "notification_retry_seconds", 600, "seconds between two attempts to deliver, at most: they double from 1, each shortened by chance by half at most; `Retry-After` of up to an hour is heeded"),
    limit(IMPORT, "import_bytes", 268_435_456, (1_024, 4_294_967_296), "bytes of a file to import"),
    fixed(IMPORT, "import_line_bytes", 10_485_760, "bytes of one line of a file"),
    fixed(IMPORT, "import_record_bytes", 16_777_216, "bytes of one LDIF record, or of one CSV row"),
    fixed(IMPORT, "import_record_values", 10_000, "values in one LDIF record"),
    limit(KEEPING, "deleted_days", 30, (1, 365), "days in which a deleted object can be restored"),
    limit(KEEPING, "feed_days", 30, (8, 3_650), "days of changes that can be read again"),
    fixed(KEEPING, "delta_token_days", 7, "days that a delta token is valid"),
    limit(KEEPING, "audit_days", 365, (1, 36_500), "days of the audit log"),
    limit(KEEPING, "sign_in_days", 30, (1, 3_650), "days of the log of sign-ins"),
    limit(KEEPING, "provisioning_days", 30, (1, 3_650), "days of provisioning records"),
    limit(KEEPING, "idempotency_hours", 24, (1, 168), "hours within which an `Idempotency-Key` returns the first answer"),
    limit(STORE, "database_connections", 32, (2, 4_096), "connections to the database, where the data are in PostgreSQL"),
    fixed(STORE, "work_shards", 64, "parts that tenants are dealt into where several servers share a database; so many can share its work"),
    fixed(STORE, "work_lease_seconds", 8, "seconds that a server's lease on such a part holds without being renewed"),
    fixed(STORE, "transaction_idle_seconds", 10, "seconds that a transaction in PostgreSQL waits for its server before the database ends it"),
    fixed(STORE, "lock_seconds", 20, "seconds that a transaction in PostgreSQL waits for another one's lock; beyond them 503 with `Retry-After`"),
    limit(STORE, "open_islands", 256, (1, 65_536), "tenants whose files are open at once, as far as the system lets a process open so many"),
    limit(STORE, "writer_queue", 1_024, (1, 65_536), "changes that wait for one tenant's writer"),
];

/// The limits in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits(Vec<u64>);

impl Default for Limits {
    fn default() -> Self {
        Self(LIMITS.iter().map(|limit| limit.default).collect())
    }
}

impl Limits {
    /// The limit with this name of [`LIMITS`]. A name that isn't there is 0, which lets nothing
    /// pass: a slip in a name shows at once and opens nothing.
    pub fn get(&self, name: &str) -> u64 {
        let at = position(name);
        debug_assert!(at.is_some(), "limits.{name} isn't in the table");
        at.and_then(|at| self.0.get(at).copied()).unwrap_or(0)
    }

    /// The same as a size.
    pub fn size(&self, name: &str) -> usize {
        usize::try_from(self.get(name)).unwrap_or(usize::MAX)
    }

    /// The same as a duration in seconds.
    pub fn seconds(&self, name: &str) -> std::time::Duration {
        std::time::Duration::from_secs(self.get(name))
    }

    /// Sets a limit from text; underscores between digits are allowed.
    pub(super) fn set(&mut self, limit: &Limit, text: &str) -> Result<()> {
        let key = format!("limits.{}", limit.name);
        if limit.fixed {
            return Err(Error::invalid(
                key,
                format!(
                    "limits.{} is fixed at {}; take it out.",
                    limit.name, limit.default
                ),
            ));
        }
        let value: Option<u64> = text.replace('_', "").parse().ok();
        match (value, position(limit.name)) {
            (Some(value), Some(at)) if (limit.min..=limit.max).contains(&value) => {
                if let Some(slot) = self.0.get_mut(at) {
                    *slot = value;
                }
                Ok(())
            }
            _ => Err(Error::invalid(
                key,
                format!(
                    "'{text}' can't be limits.{}: it is a whole number from {} to {}.",
                    limit.name, limit.min, limit.max
                ),
            )),
        }
    }
}

fn position(name: &str) -> Option<usize> {
    LIMITS.iter().position(|limit| limit.name == name)
}

/// A number with commas between its thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `docs/limits.md`.
pub fn limits_markdown() -> String {
    let mut out = String::from(
        "# Limits\n\n\
        Going past a limit is refused with an error that names it. Those with a range can be \
        changed: `isopolity serve --set limits.NAME=VALUE`, `ISOPOLITY_LIMITS__NAME=VALUE` in the \
        environment, or under `[limits]` in the configuration file \
        ([configuration.md](configuration.md)); `isopolity config show` prints what is in force \
        and where it came from. The others are part of the API, and clients rely on them.\n\n\
        This file is written from the table in `crates/node/src/config/limits.rs` by \
        `REWRITE_DOCS=1 cargo test -p node --lib config`.\n",
    );
    let mut group = "";
    for limit in LIMITS {
        if limit.group != group {
            group = limit.group;
            let _ = write!(
                out,
                "\n## {group}\n| limit | name | default | can be set |\n|---|---|--:|---|\n"
            );
        }
        let range = if limit.fixed {
            "–".to_owned()
        } else {
            format!("{} to {}", grouped(limit.min), grouped(limit.max))
        };
        let _ = writeln!(
            out,
            "| {} | `limits.{}` | {} | {range} |",
            limit.what,
            limit.name,
            grouped(limit.default)
        );
    }
    out
}
