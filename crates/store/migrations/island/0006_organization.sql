-- The multi-tenant organization as one tenant knows it.
CREATE TABLE organization (
    tenant_id BYTES NOT NULL,
    local_id BYTES NOT NULL,
    shared_id BYTES NOT NULL,
    seat_tenant_id BYTES NOT NULL,
    version BIGINT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id)
) TABLE_OPTIONS;
CREATE TABLE organization_members (
    tenant_id BYTES NOT NULL,
    member_tenant_id BYTES NOT NULL,
    display_name TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    joined_at BIGINT,
    added_by_tenant_id BYTES NOT NULL,
    -- The version of the organization that has it first, which tells one membership from a later one.
    added_in BIGINT NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    desired_role TEXT,
    PRIMARY KEY (tenant_id, member_tenant_id)
) TABLE_OPTIONS;
-- What other tenants have offered: one row per organization, with the state that it was offered in.
CREATE TABLE organization_invitations (
    tenant_id BYTES NOT NULL,
    shared_id BYTES NOT NULL,
    version BIGINT NOT NULL,
    added_by_tenant_id BYTES NOT NULL,
    organization_name TEXT NOT NULL,
    members TEXT NOT NULL,
    invited_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, shared_id)
) TABLE_OPTIONS;
-- The last request to join; while it is under way, which organization and who has been asked.
CREATE TABLE organization_join_request (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    added_by_tenant_id BYTES NOT NULL,
    member_state TEXT,
    role TEXT,
    status TEXT,
    details TEXT,
    shared_id BYTES,
    asked_tenant_id BYTES,
    PRIMARY KEY (tenant_id)
) TABLE_OPTIONS;
-- Where to send those who still ask this tenant about an organization that it has left; no seat if
-- it was dissolved.
CREATE TABLE organization_left (
    tenant_id BYTES NOT NULL,
    shared_id BYTES NOT NULL,
    seat_tenant_id BYTES,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, shared_id)
) TABLE_OPTIONS;
