-- Certificates of applications and of service principals: `owner_id` is the object's id.
CREATE TABLE key_credentials (
    tenant_id BYTES NOT NULL,
    owner_id BYTES NOT NULL,
    key_id BYTES NOT NULL,
    sha1 BYTES NOT NULL,
    sha256 BYTES NOT NULL,
    custom_key_identifier BYTES NOT NULL,
    display_name TEXT,
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    public_key BYTES NOT NULL,
    certificate BYTES NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, key_id)
) WIDE_TABLE_OPTIONS;
CREATE UNIQUE INDEX key_credentials_by_certificate ON key_credentials (tenant_id, owner_id, sha256);
-- Uses of client assertions, so that none is used again for the same resource.
CREATE TABLE client_assertions (
    tenant_id BYTES NOT NULL,
    app_id BYTES NOT NULL,
    digest BYTES NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, app_id, digest)
) TABLE_OPTIONS;
CREATE INDEX client_assertions_by_expiry ON client_assertions (tenant_id, expires_at);
