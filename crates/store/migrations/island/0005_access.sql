-- The cross-tenant access policy: what this tenant allows between itself and others.
--
-- Settings are JSON as Graph spells it, never queried inside; a null document is the service's own.
CREATE TABLE access_policy (
    tenant_id BYTES NOT NULL,
    display_name TEXT,
    allowed_cloud_endpoints TEXT NOT NULL,
    default_doc TEXT,
    partner_template_doc TEXT,
    identity_template_doc TEXT,
    PRIMARY KEY (tenant_id)
) WIDE_TABLE_OPTIONS;
CREATE TABLE access_partners (
    tenant_id BYTES NOT NULL,
    partner_tenant_id BYTES NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (tenant_id, partner_tenant_id)
) WIDE_TABLE_OPTIONS;
CREATE TABLE access_identity_sync (
    tenant_id BYTES NOT NULL,
    partner_tenant_id BYTES NOT NULL,
    display_name TEXT,
    is_sync_allowed BIGINT,
    PRIMARY KEY (tenant_id, partner_tenant_id)
) TABLE_OPTIONS;
-- Who is active in this tenant's organization, whether or not there is a partner entry: an entry
-- that is deleted and made again is marked again.
CREATE TABLE access_organization (
    tenant_id BYTES NOT NULL,
    partner_tenant_id BYTES NOT NULL,
    PRIMARY KEY (tenant_id, partner_tenant_id)
) TABLE_OPTIONS;
