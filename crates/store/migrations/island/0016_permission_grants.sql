-- What people have let clients do in their name. The nil principal stands for all of them.
CREATE TABLE oauth2_permission_grants (
    tenant_id BYTES NOT NULL,
    client_id BYTES NOT NULL,
    resource_id BYTES NOT NULL,
    principal_id BYTES NOT NULL,
    scope TEXT NOT NULL,
    PRIMARY KEY (tenant_id, client_id, resource_id, principal_id)
) WIDE_TABLE_OPTIONS;
CREATE INDEX oauth2_permission_grants_by_principal
    ON oauth2_permission_grants (tenant_id, principal_id, client_id, resource_id);
CREATE INDEX oauth2_permission_grants_by_resource
    ON oauth2_permission_grants (tenant_id, resource_id, client_id, principal_id);
