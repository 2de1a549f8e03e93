-- Which tenants and domains this deployment holds. No tenant's data is in here.
CREATE TABLE tenants (
    tenant_id BYTES NOT NULL,
    display_name TEXT NOT NULL,
    initial_domain TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    is_ready BIGINT NOT NULL,
    PRIMARY KEY (tenant_id)
) TABLE_OPTIONS;
CREATE TABLE domains (
    domain TEXT NOT NULL,
    tenant_id BYTES NOT NULL,
    PRIMARY KEY (domain)
) TABLE_OPTIONS;
