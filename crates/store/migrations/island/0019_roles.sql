-- Directory roles: those that are active, and who has them.
--
-- A role is known by its template's id everywhere; `id` is its object here. Once the Global
-- Administrator is active, the tenant's first administrator has been appointed.
CREATE TABLE directory_roles (
    tenant_id BYTES NOT NULL,
    template_id BYTES NOT NULL,
    id BYTES NOT NULL,
    activated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, template_id)
) TABLE_OPTIONS;
CREATE UNIQUE INDEX directory_roles_by_id ON directory_roles (tenant_id, id);
-- Rows of deleted principals stay, so that a restored object has its roles again; reading passes
-- over them. `principal_kind`: 1 user, 2 group, 3 service principal.
CREATE TABLE role_assignments (
    tenant_id BYTES NOT NULL,
    template_id BYTES NOT NULL,
    principal_id BYTES NOT NULL,
    principal_kind BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, template_id, principal_id)
) TABLE_OPTIONS;
CREATE INDEX role_assignments_by_principal ON role_assignments (tenant_id, principal_id, template_id);
