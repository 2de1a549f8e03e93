-- The directory: the tenant and its domains, users, groups, applications, service principals.
--
-- `doc` holds the object's properties as Graph spells them; the columns beside it are folded
-- copies of what is filtered, sorted or looked up. Lists are joined and enclosed by U+001F.
CREATE TABLE users (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    doc TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    deleted_by_home BIGINT,
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
    employee_hire_date BIGINT,
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
CREATE TABLE groups (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    doc TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    display_name TEXT NOT NULL,
    description TEXT,
    mail TEXT,
    mail_nickname TEXT NOT NULL,
    mail_enabled BIGINT NOT NULL,
    security_enabled BIGINT NOT NULL,
    group_types TEXT,
    visibility TEXT,
    classification TEXT,
    membership_rule_processing_state TEXT,
    is_assignable_to_role BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WIDE_TABLE_OPTIONS;
CREATE INDEX groups_by_display_name ON groups (tenant_id, display_name, id);
CREATE INDEX groups_by_deletion ON groups (tenant_id, deleted_at) WHERE deleted_at IS NOT NULL;
-- Rows of deleted members stay, so that a restored object is a member again; reading passes over
-- them. `member_kind`: 1 user, 2 group.
CREATE TABLE group_members (
    tenant_id BYTES NOT NULL,
    group_id BYTES NOT NULL,
    member_id BYTES NOT NULL,
    member_kind BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, group_id, member_id)
) TABLE_OPTIONS;
CREATE INDEX group_members_by_member ON group_members (tenant_id, member_id, group_id);
-- `owner_kind`: 1 user, 3 service principal.
CREATE TABLE group_owners (
    tenant_id BYTES NOT NULL,
    group_id BYTES NOT NULL,
    owner_id BYTES NOT NULL,
    owner_kind BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, group_id, owner_id)
) TABLE_OPTIONS;
CREATE INDEX group_owners_by_owner ON group_owners (tenant_id, owner_id, group_id);
CREATE TABLE applications (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    app_id BYTES NOT NULL,
    doc TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    display_name TEXT NOT NULL,
    identifier_uris TEXT,
    sign_in_audience TEXT NOT NULL,
    publisher_domain TEXT,
    tags TEXT,
    PRIMARY KEY (tenant_id, id)
) WIDE_TABLE_OPTIONS;
CREATE UNIQUE INDEX applications_by_app_id ON applications (tenant_id, app_id);
CREATE INDEX applications_by_display_name ON applications (tenant_id, display_name, id);
CREATE INDEX applications_by_deletion ON applications (tenant_id, deleted_at) WHERE deleted_at IS NOT NULL;
-- Secrets are random, so their plain hashes tell nothing.
CREATE TABLE application_secrets (
    tenant_id BYTES NOT NULL,
    application_id BYTES NOT NULL,
    key_id BYTES NOT NULL,
    secret_hash BYTES NOT NULL,
    display_name TEXT,
    hint TEXT NOT NULL,
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, application_id, key_id)
) TABLE_OPTIONS;
CREATE UNIQUE INDEX application_secrets_by_hash ON application_secrets (tenant_id, application_id, secret_hash);
CREATE TABLE service_principals (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    app_id BYTES NOT NULL,
    doc TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    account_enabled BIGINT NOT NULL,
    display_name TEXT NOT NULL,
    service_principal_type TEXT NOT NULL,
    service_principal_names TEXT,
    app_owner_organization_id BYTES,
    tags TEXT,
    PRIMARY KEY (tenant_id, id)
) WIDE_TABLE_OPTIONS;
CREATE UNIQUE INDEX service_principals_by_app_id ON service_principals (tenant_id, app_id) WHERE deleted_at IS NULL;
CREATE INDEX service_principals_by_display_name ON service_principals (tenant_id, display_name, id);
CREATE INDEX service_principals_by_deletion ON service_principals (tenant_id, deleted_at) WHERE deleted_at IS NOT NULL;
-- `principal_kind`: 1 user, 2 group, 3 service principal.
CREATE TABLE app_role_assignments (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    principal_id BYTES NOT NULL,
    principal_kind BIGINT NOT NULL,
    resource_id BYTES NOT NULL,
    app_role_id BYTES NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) TABLE_OPTIONS;
CREATE UNIQUE INDEX app_role_assignments_by_principal ON app_role_assignments (tenant_id, principal_id, resource_id, app_role_id);
CREATE INDEX app_role_assignments_by_resource ON app_role_assignments (tenant_id, resource_id, id);
CREATE TABLE tenant_profile (
    tenant_id BYTES NOT NULL,
    doc TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id)
) WIDE_TABLE_OPTIONS;
-- `feed_id` is what the feed calls the domain, since a feed's objects have UUIDs.
CREATE TABLE domains (
    tenant_id BYTES NOT NULL,
    name TEXT NOT NULL,
    feed_id BYTES NOT NULL,
    is_default BIGINT NOT NULL,
    is_initial BIGINT NOT NULL,
    is_verified BIGINT NOT NULL,
    supported_services TEXT NOT NULL,
    verification TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) TABLE_OPTIONS;
