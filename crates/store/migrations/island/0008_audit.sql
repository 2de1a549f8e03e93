-- The audit log of the tenant, a chain: each row's digest covers the row and the digest before it.
--
-- `doc` holds the entry as it was recorded; the columns beside it are what readers filter by.
CREATE TABLE audit_log (
    tenant_id BYTES NOT NULL,
    seq BIGINT NOT NULL,
    id BYTES NOT NULL,
    at BIGINT NOT NULL,
    category TEXT NOT NULL,
    activity TEXT NOT NULL,
    result TEXT NOT NULL,
    app_id BYTES,
    user_id BYTES,
    doc TEXT NOT NULL,
    digest BYTES NOT NULL,
    PRIMARY KEY (tenant_id, seq)
) WIDE_TABLE_OPTIONS;
CREATE UNIQUE INDEX audit_log_by_id ON audit_log (tenant_id, id);
CREATE INDEX audit_log_by_time ON audit_log (tenant_id, at, seq);
-- Which entries name an object.
CREATE TABLE audit_targets (
    tenant_id BYTES NOT NULL,
    target_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, target_id, at, seq)
) TABLE_OPTIONS;
CREATE INDEX audit_targets_by_entry ON audit_targets (tenant_id, seq);
-- Both ends of the chain: the last entry, and the last one that was trimmed away.
CREATE TABLE audit_chain (
    tenant_id BYTES NOT NULL,
    seq BIGINT NOT NULL,
    digest BYTES NOT NULL,
    floor_seq BIGINT NOT NULL,
    floor_digest BYTES NOT NULL,
    PRIMARY KEY (tenant_id)
) TABLE_OPTIONS;
