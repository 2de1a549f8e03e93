-- The directory: users, groups, applications, service principals, domains.
--
-- `doc` holds the object's properties as Graph spells them; the columns beside it are folded
-- copies of what is filtered, sorted or looked up. Lists are joined and enclosed by U+001F.
CREATE TABLE users (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    doc TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    account_enabled BIGINT NOT NULL,
    blocked_here BIGINT NOT NULL,
    user_type TEXT NOT NULL,
    home_tenant_id BYTES,
    home_id BYTES,
    manager_ref BYTES,
    source_key TEXT,
    password_hash TEXT,
    user_principal_name TEXT,
    display_name TEXT NOT NULL,
    mail TEXT,
    mail_nickname TEXT,
    given_name TEXT,
    surname TEXT,
    job_title TEXT,
    department TEXT,
    company_name TEXT,
    employee_id TEXT,
    employee_type TEXT,
    office_location TEXT,
    street_address TEXT,
    city TEXT,
    state TEXT,
    postal_code TEXT,
    country TEXT,
    mobile_phone TEXT,
    preferred_language TEXT,
    usage_location TEXT,
    creation_type TEXT,
    external_user_state TEXT,
    business_phones TEXT,
    other_mails TEXT,
    proxy_addresses TEXT,
    PRIMARY KEY (tenant_id, id)
) WIDE_TABLE_OPTIONS;
-- The name of a deleted user is null here, so that it is free for another.
CREATE UNIQUE INDEX users_by_upn ON users (tenant_id, user_principal_name);
CREATE UNIQUE INDEX users_by_home ON users (tenant_id, home_tenant_id, home_id) WHERE home_id IS NOT NULL;
CREATE INDEX users_by_mail ON users (tenant_id, mail) WHERE mail IS NOT NULL;
CREATE INDEX users_by_display_name ON users (tenant_id, display_name, id);
CREATE INDEX users_by_manager ON users (tenant_id, manager_ref) WHERE manager_ref IS NOT NULL;
CREATE UNIQUE INDEX users_by_source ON users (tenant_id, source_key) WHERE source_key IS NOT NULL;
CREATE INDEX users_by_deletion ON users (tenant_id, deleted_at) WHERE deleted_at IS NOT NULL;
