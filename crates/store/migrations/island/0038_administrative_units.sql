-- Administrative units with their members, roles that the tenant has defined, and roles that somebody
-- has for a part of the tenant only.
CREATE TABLE administrative_units (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    doc TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT,
    visibility TEXT,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (tenant_id, id)
) TABLE_OPTIONS;
CREATE INDEX administrative_units_by_name ON administrative_units (tenant_id, display_name, id);
CREATE INDEX administrative_units_by_deletion ON administrative_units (tenant_id, deleted_at)
    WHERE deleted_at IS NOT NULL;
-- Rows of deleted members stay, so that a restored object is in its units again; reading passes over
-- them. `member_kind`: 1 user, 2 group.
CREATE TABLE administrative_unit_members (
    tenant_id BYTES NOT NULL,
    unit_id BYTES NOT NULL,
    member_id BYTES NOT NULL,
    member_kind BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, unit_id, member_id)
) TABLE_OPTIONS;
CREATE INDEX administrative_unit_members_by_member
    ON administrative_unit_members (tenant_id, member_id, unit_id);
CREATE TABLE role_definitions (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) TABLE_OPTIONS;
-- Beside role_assignments, which are those for the whole tenant. `scope_kind`: 1 administrative unit,
-- 2 application, 3 service principal, 4 group.
CREATE TABLE scoped_role_assignments (
    tenant_id BYTES NOT NULL,
    template_id BYTES NOT NULL,
    principal_id BYTES NOT NULL,
    scope_id BYTES NOT NULL,
    scope_kind BIGINT NOT NULL,
    principal_kind BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, template_id, principal_id, scope_id)
) TABLE_OPTIONS;
CREATE INDEX scoped_role_assignments_by_principal
    ON scoped_role_assignments (tenant_id, principal_id, template_id, scope_id);
CREATE INDEX scoped_role_assignments_by_scope
    ON scoped_role_assignments (tenant_id, scope_id, template_id, principal_id);
