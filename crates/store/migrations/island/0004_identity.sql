-- The keys that sign this tenant's tokens. The private half is sealed under the deployment key and
-- is erased when the key retires; the public half stays until the last token has expired.
CREATE TABLE signing_keys (
    tenant_id BYTES NOT NULL,
    kid TEXT NOT NULL,
    private_key BYTES,
    n BYTES NOT NULL,
    e BYTES NOT NULL,
    created_at BIGINT NOT NULL,
    retires_at BIGINT,
    expires_at BIGINT,
    PRIMARY KEY (tenant_id, kid)
) WIDE_TABLE_OPTIONS;
-- One key signs at a time.
CREATE UNIQUE INDEX signing_keys_current ON signing_keys (tenant_id) WHERE retires_at IS NULL;
-- How often the tokens of a service principal have been revoked; no row means never.
CREATE TABLE token_generations (
    tenant_id BYTES NOT NULL,
    service_principal_id BYTES NOT NULL,
    generation BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, service_principal_id)
) TABLE_OPTIONS;
