-- What members and guests may do without a directory role, where it differs from what every tenant
-- begins with.
CREATE TABLE authorization_policy (
    tenant_id BYTES NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (tenant_id)
) WIDE_TABLE_OPTIONS;
