//! The statements of the table `users`, and the folded columns beside a document.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value;
use store::{Param, Row};
use types::{Error, Id, Result, TenantId, Timestamp, kind};

use super::User;
use query::SearchTable;

use crate::listing::{Listing, folded_json, folded_json_list, folded_list};
use crate::search;

macro_rules! columns {
    () => {
        "u.id, u.doc, u.created_at, u.deleted_at, u.deleted_by_home, u.account_enabled, \
         u.blocked_here, u.user_type, u.home_tenant_id, u.home_id, u.manager_ref, u.source_key, \
         u.creation_type"
    };
}

pub(crate) static LISTING: Listing = Listing {
    entity: &super::properties::ENTITY,
    search: SearchTable {
        kind: search::USER,
        table: "users AS u",
        tenant: "u.tenant_id",
        id: "u.id",
    },
    select: concat!(
        "SELECT ",
        columns!(),
        " FROM users AS u WHERE u.tenant_id = ?1"
    ),
    count: "SELECT count(*) FROM users AS u WHERE u.tenant_id = ?1",
    id: "u.id",
    display_name: "u.display_name",
    user_principal_name: Some("u.user_principal_name"),
    created_at: Some("u.created_at"),
    deleted_at: None,
};

/// Deleted users have given their names up, so that there is no order by them.
pub(crate) static DELETED_LISTING: Listing = Listing {
    user_principal_name: None,
    deleted_at: Some("u.deleted_at"),
    ..LISTING
};

pub(crate) const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users AS u WHERE u.tenant_id = ?1 AND u.id = ?2"
);
/// For [`store::Among`].
pub(crate) const GET_MANY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users AS u WHERE u.tenant_id = ?1 AND u.id = ??"
);
/// The same.
pub(crate) const IS_EXTERNAL: &str = "SELECT u.id FROM users AS u WHERE u.tenant_id = ?1 \
    AND u.id = ?? AND (u.home_tenant_id IS NOT NULL OR u.creation_type IS NOT NULL)";
pub(crate) const GET_BY_UPN: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users AS u WHERE u.tenant_id = ?1 AND u.user_principal_name = ?2"
);
/// For [`store::Among`].
pub(crate) const GET_BY_SOURCES: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users AS u WHERE u.tenant_id = ?1 AND u.source_key = ??"
);
pub(crate) const GET_BY_SOURCE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users AS u WHERE u.tenant_id = ?1 AND u.source_key = ?2"
);
pub(crate) const GET_BY_HOME: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users AS u WHERE u.tenant_id = ?1 AND u.home_tenant_id = ?2 AND u.home_id = ?3"
);
/// Of many homes; their places stand where `??` does.
pub(crate) const GET_BY_HOMES: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users AS u WHERE u.tenant_id = ?1 AND u.home_tenant_id = ?2 AND u.home_id = ??"
);
pub(crate) const SCAN_FIRST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users AS u WHERE u.tenant_id = ?1 ORDER BY u.id LIMIT ?2"
);
pub(crate) const SCAN: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users AS u WHERE u.tenant_id = ?1 AND u.id > ?3 ORDER BY u.id LIMIT ?2"
);
pub(crate) const SCAN_HOME_FIRST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users AS u WHERE u.tenant_id = ?1 AND u.home_tenant_id = ?3 AND u.home_id IS NOT NULL \
     ORDER BY u.home_id LIMIT ?2"
);
pub(crate) const SCAN_HOME: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users AS u WHERE u.tenant_id = ?1 AND u.home_tenant_id = ?3 AND u.home_id > ?4 \
     ORDER BY u.home_id LIMIT ?2"
);
/// Reports of an internal manager (?2), or of a synced one by home (?3, ?4) as well.
pub(crate) const REPORTS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM users AS u WHERE u.tenant_id = ?1 AND u.deleted_at IS NULL AND u.id > ?5 \
     AND ((u.manager_ref = ?2 AND u.home_tenant_id IS NULL) \
     OR (u.manager_ref = ?4 AND u.home_tenant_id = ?3)) ORDER BY u.id LIMIT ?6"
);
/// As [`REPORTS`], all of them.
pub(crate) const COUNT_REPORTS: &str = "SELECT count(*) FROM users AS u WHERE u.tenant_id = ?1 \
    AND u.deleted_at IS NULL AND ((u.manager_ref = ?2 AND u.home_tenant_id IS NULL) \
    OR (u.manager_ref = ?4 AND u.home_tenant_id = ?3))";
pub(crate) const COUNT_ALL: &str = "SELECT count(*) FROM users WHERE tenant_id = ?1";
pub(crate) const COUNT_INTERNAL: &str = "SELECT count(*) FROM users WHERE tenant_id = ?1 \
    AND home_tenant_id IS NULL AND creation_type IS NULL AND deleted_at IS NULL";
pub(crate) const COUNT_HOME: &str = "SELECT count(*) FROM users WHERE tenant_id = ?1 \
    AND home_tenant_id = ?2 AND home_id IS NOT NULL AND deleted_at IS NULL";
pub(crate) const UPN_IS_TAKEN: &str =
    "SELECT id FROM users WHERE tenant_id = ?1 AND user_principal_name = ?2";
pub(crate) const MAIL_IS_TAKEN: &str = "SELECT count(*) FROM users WHERE tenant_id = ?1 \
    AND mail = ?2 AND home_tenant_id IS NULL AND creation_type IS NULL AND deleted_at IS NULL \
    AND id <> ?3";
pub(crate) const INTERNAL_BY_MAIL: &str = "SELECT id FROM users WHERE tenant_id = ?1 AND mail = ?2 \
    AND home_tenant_id IS NULL AND creation_type IS NULL AND deleted_at IS NULL LIMIT 1";
pub(crate) const SOURCE_IS_TAKEN: &str =
    "SELECT count(*) FROM users WHERE tenant_id = ?1 AND source_key = ?2";
/// The three before for [`store::Among`].
pub(crate) const UPNS_TAKEN: &str = "SELECT u.user_principal_name FROM users AS u \
    WHERE u.tenant_id = ?1 AND u.user_principal_name = ??";
pub(crate) const MAILS_TAKEN: &str = "SELECT u.mail FROM users AS u WHERE u.tenant_id = ?1 \
    AND u.mail = ?? AND u.home_tenant_id IS NULL AND u.creation_type IS NULL \
    AND u.deleted_at IS NULL";
pub(crate) const SOURCES_TAKEN: &str =
    "SELECT u.source_key FROM users AS u WHERE u.tenant_id = ?1 AND u.source_key = ??";
pub(crate) const MANAGER_AT_HOME: &str = "SELECT id FROM users WHERE tenant_id = ?1 \
    AND home_tenant_id = ?2 AND home_id = ?3 AND deleted_at IS NULL";
pub(crate) const EXISTS: &str =
    "SELECT count(*) FROM users WHERE tenant_id = ?1 AND id = ?2 AND deleted_at IS NULL";
pub(crate) const PASSWORD: &str = "SELECT password_hash FROM users WHERE tenant_id = ?1 \
    AND id = ?2 AND deleted_at IS NULL";
pub(crate) const EXPIRED: &str = "SELECT id FROM users WHERE tenant_id = ?1 \
    AND deleted_at IS NOT NULL AND deleted_at < ?2 ORDER BY deleted_at LIMIT ?3";
pub(crate) const LOCAL_REPORT_IDS: &str = "SELECT id FROM users WHERE tenant_id = ?1 \
    AND manager_ref = ?2 AND home_tenant_id IS NULL";

/// The order of the parameters of [`INSERT`] and [`UPDATE`] from ?10 on.
const TEXTS: [&str; 21] = [
    "displayName",
    "mail",
    "mailNickname",
    "givenName",
    "surname",
    "jobTitle",
    "department",
    "companyName",
    "employeeId",
    "employeeType",
    "officeLocation",
    "streetAddress",
    "city",
    "state",
    "postalCode",
    "country",
    "mobilePhone",
    "preferredLanguage",
    "usageLocation",
    "creationType",
    "externalUserState",
];
const LISTS: [&str; 3] = ["businessPhones", "otherMails", "proxyAddresses"];

/// Leaves the row alone if its name is taken, which the caller sees by the count.
pub(crate) const INSERT: &str = "INSERT INTO users (tenant_id, id, doc, deleted_at, \
    deleted_by_home, account_enabled, blocked_here, user_type, user_principal_name, display_name, \
    mail, mail_nickname, given_name, surname, job_title, department, company_name, employee_id, \
    employee_type, office_location, street_address, city, state, postal_code, country, \
    mobile_phone, preferred_language, usage_location, creation_type, external_user_state, \
    business_phones, other_mails, proxy_addresses, employee_hire_date, manager_ref, created_at, \
    home_tenant_id, home_id, source_key, password_hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, \
    ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, \
    ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39, ?40) \
    ON CONFLICT (tenant_id, user_principal_name) DO NOTHING";
pub(crate) const UPDATE: &str = "UPDATE users SET doc = ?3, deleted_at = ?4, deleted_by_home = ?5, \
    account_enabled = ?6, blocked_here = ?7, user_type = ?8, user_principal_name = ?9, \
    display_name = ?10, mail = ?11, mail_nickname = ?12, given_name = ?13, surname = ?14, \
    job_title = ?15, department = ?16, company_name = ?17, employee_id = ?18, employee_type = ?19, \
    office_location = ?20, street_address = ?21, city = ?22, state = ?23, postal_code = ?24, \
    country = ?25, mobile_phone = ?26, preferred_language = ?27, usage_location = ?28, \
    creation_type = ?29, external_user_state = ?30, business_phones = ?31, other_mails = ?32, \
    proxy_addresses = ?33, employee_hire_date = ?34, manager_ref = ?35 \
    WHERE tenant_id = ?1 AND id = ?2";
/// [`UPDATE`] where nothing has changed that an index is made of: an engine that is told to set a
/// column writes its index anew, whether or not the value is another.
pub(crate) const UPDATE_UNINDEXED: &str = "UPDATE users SET doc = ?3, deleted_by_home = ?4, account_enabled = ?5, blocked_here = \
    ?6, user_type = ?7, mail_nickname = ?8, given_name = ?9, surname = ?10, job_title = ?11, \
    department = ?12, company_name = ?13, employee_type = ?14, office_location = ?15, \
    street_address = ?16, city = ?17, state = ?18, postal_code = ?19, country = ?20, \
    mobile_phone = ?21, preferred_language = ?22, usage_location = ?23, creation_type = ?24, \
    external_user_state = ?25, business_phones = ?26, other_mails = ?27, proxy_addresses = \
    ?28, employee_hire_date = ?29 WHERE tenant_id = ?1 AND id = ?2";
/// The properties whose columns an index is made of, besides when a user was deleted.
pub(crate) const INDEXED: [&str; 5] = [
    "userPrincipalName",
    "displayName",
    "mail",
    "employeeId",
    "manager",
];
/// Their places among the parameters of [`UPDATE`].
const INDEXED_PARAMETERS: [usize; 6] = [3, 8, 9, 10, 17, 34];
/// [`UPDATE`] where of all columns only the document and that of one property have changed, by the
/// property; none for those that an index is made of, and those that have no column of their own.
pub(crate) fn update_one(property: &str) -> Option<&'static str> {
    static STATEMENTS: LazyLock<HashMap<&str, String>> = LazyLock::new(|| {
        let own = TEXTS.iter().filter(|name| !INDEXED.contains(name));
        own.map(|name| {
            let set = format!("doc = ?3, {} = ?4", column(name));
            let sql = format!("UPDATE users SET {set} WHERE tenant_id = ?1 AND id = ?2");
            (*name, sql)
        })
        .collect()
    });
    STATEMENTS.get(property).map(String::as_str)
}

/// The column of one of [`TEXTS`].
fn column(name: &str) -> String {
    let mut column = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            column.push('_');
        }
        column.push(letter.to_ascii_lowercase());
    }
    column
}

/// Whether a row is as the parameters of an [`UPDATE`] have it.
#[cfg(debug_assertions)]
pub(crate) static IS_AS_UPDATED: LazyLock<String> = LazyLock::new(|| {
    let (_, set) = UPDATE.split_once(" SET ").unwrap_or_default();
    let (set, key) = set.split_once(" WHERE ").unwrap_or_default();
    let columns = set
        .replace(',', " AND")
        .replace(" =", " IS NOT DISTINCT FROM");
    format!("SELECT count(*) FROM users WHERE {key} AND {columns}")
});
pub(crate) const SET_MANAGER: &str =
    "UPDATE users SET manager_ref = ?3 WHERE tenant_id = ?1 AND id = ?2";
pub(crate) const SET_HOME: &str =
    "UPDATE users SET home_tenant_id = ?3, home_id = ?4 WHERE tenant_id = ?1 AND id = ?2";
pub(crate) const SET_DOC: &str = "UPDATE users SET doc = ?3 WHERE tenant_id = ?1 AND id = ?2";
pub(crate) const SET_PASSWORD: &str =
    "UPDATE users SET doc = ?3, password_hash = ?4 WHERE tenant_id = ?1 AND id = ?2";
pub(crate) const MARK_DELETED: &str = "UPDATE users SET deleted_at = ?3, deleted_by_home = ?4, \
    user_principal_name = NULL WHERE tenant_id = ?1 AND id = ?2";
pub(crate) const DELETE: &str = "DELETE FROM users WHERE tenant_id = ?1 AND id = ?2";

/// A user's row, all but what never changes.
pub(crate) struct Columns<'a> {
    pub(crate) doc: &'a str,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) deleted_by_home: Option<bool>,
    pub(crate) account_enabled: bool,
    pub(crate) blocked_here: bool,
    pub(crate) user_type: &'a str,
    /// Folded; none while deleted.
    pub(crate) user_principal_name: Option<&'a str>,
    pub(crate) manager_ref: Option<Id<kind::User>>,
    pub(crate) folded: &'a Folded,
}

/// What only the insertion sets.
pub(crate) struct Fixed<'a> {
    pub(crate) created_at: Timestamp,
    pub(crate) home: Option<(TenantId, Id<kind::User>)>,
    pub(crate) source_key: Option<&'a str>,
    pub(crate) password_hash: Option<&'a str>,
}

/// The folded columns.
pub(crate) struct Folded {
    texts: [Option<String>; TEXTS.len()],
    lists: [Option<String>; LISTS.len()],
    employee_hire_date: Option<i64>,
}

impl Folded {
    /// Folds what `value` says about each property.
    pub(crate) fn new<'v>(value: impl Fn(&str) -> Option<&'v Value>) -> Self {
        let hired = value("employeeHireDate").and_then(Value::as_str);
        Self {
            texts: TEXTS.map(|name| folded_json(value(name))),
            lists: LISTS.map(|name| match name {
                "proxyAddresses" => {
                    let proxy = super::proxy_address(value("mail")?.as_str()?);
                    folded_list([proxy.as_str()])
                }
                name => folded_json_list(value(name)),
            }),
            employee_hire_date: hired
                .and_then(|text| text.parse::<Timestamp>().ok())
                .map(|at| at.0),
        }
    }
}

/// The parameters ?1 to ?35.
pub(crate) fn parameters<'a>(
    tenant: &'a TenantId,
    id: &'a Id<kind::User>,
    columns: &'a Columns<'a>,
) -> [Param<'a>; 40] {
    let mut params = [Param::Null; 40];
    let head = [
        tenant.into(),
        id.into(),
        columns.doc.into(),
        columns.deleted_at.into(),
        columns.deleted_by_home.into(),
        columns.account_enabled.into(),
        columns.blocked_here.into(),
        columns.user_type.into(),
        columns.user_principal_name.into(),
    ];
    let folded = columns.folded;
    let texts = folded.texts.iter().chain(&folded.lists);
    let tail = [
        folded.employee_hire_date.into(),
        columns.manager_ref.as_ref().into(),
    ];
    let values = head
        .into_iter()
        .chain(texts.map(|text| text.as_deref().into()))
        .chain(tail);
    for (place, value) in params.iter_mut().zip(values) {
        *place = value;
    }
    params
}

/// How many of [`parameters`] an [`UPDATE`] has.
pub(crate) const UPDATE_PARAMETERS: usize = 35;

/// Of the parameters of an [`UPDATE`] those of [`UPDATE_UNINDEXED`], and how many they are.
pub(crate) fn unindexed<'a>(params: &[Param<'a>]) -> ([Param<'a>; UPDATE_PARAMETERS], usize) {
    let mut found = [Param::Null; UPDATE_PARAMETERS];
    let values = params.iter().enumerate();
    let values = values.filter(|(place, _)| !INDEXED_PARAMETERS.contains(place));
    let mut count = 0;
    for (place, (_, value)) in found.iter_mut().zip(values) {
        *place = *value;
        count += 1;
    }
    (found, count)
}

/// The parameters of [`INSERT`].
pub(crate) fn insertion<'a>(
    tenant: &'a TenantId,
    id: &'a Id<kind::User>,
    columns: &'a Columns<'a>,
    fixed: &'a Fixed<'a>,
) -> [Param<'a>; 40] {
    let mut params = parameters(tenant, id, columns);
    let home = fixed.home.as_ref();
    let values = [
        fixed.created_at.into(),
        home.map(|(tenant, _)| tenant).into(),
        home.map(|(_, id)| id).into(),
        fixed.source_key.into(),
        fixed.password_hash.into(),
    ];
    for (place, value) in params.iter_mut().skip(UPDATE_PARAMETERS).zip(values) {
        *place = value;
    }
    params
}

/// Makes a user of a row with the columns of [`GET`].
pub(crate) fn user(row: &Row<'_>) -> Result<User> {
    user_with(
        row,
        serde_json::from_str(row.text(1)?).map_err(Error::internal)?,
    )
}

/// The same, with the document read in a way of one's own.
pub(crate) fn user_with<D>(row: &Row<'_>, document: D) -> Result<User<D>> {
    let home = match (row.opt_id(8)?, row.opt_id(9)?) {
        (Some(tenant), Some(id)) => Some((tenant, id)),
        _ => None,
    };
    Ok(User {
        id: row.id(0)?,
        document,
        created_at: row.timestamp(2)?,
        deleted_at: row.opt_timestamp(3)?,
        deleted_by_home: row.opt_int(4)?.is_some_and(|flag| flag != 0),
        account_enabled: row.bool(5)?,
        blocked_here: row.bool(6)?,
        folded_type: row.string(7)?,
        home,
        manager_ref: row.opt_id(10)?,
        source_key: row.opt_string(11)?,
        is_invited: row.opt_text(12)?.is_some(),
    })
}
