-- What this tenant shares, and how far each of its pairs with another tenant has come.
-- The nil target is the default.
CREATE TABLE sharing (
    tenant_id BYTES NOT NULL,
    target_tenant_id BYTES NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (tenant_id, target_tenant_id)
) WIDE_TABLE_OPTIONS;
-- `stage`: 0 what the target has isn't known, 1 running, 2 links are being forgotten, 3 over.
-- `phase`: 0 follows the feed, 1 counts the users in scope, 2 scans them. `epoch` is part of each
-- digest in the links: a new one makes them all old.
CREATE TABLE sync_pairs (
    tenant_id BYTES NOT NULL,
    target_tenant_id BYTES NOT NULL,
    job_id BYTES NOT NULL,
    cycle_id BYTES NOT NULL,
    stage BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    stream_seq BIGINT NOT NULL,
    feed_seq BIGINT NOT NULL,
    phase BIGINT NOT NULL,
    scan_after BYTES,
    scan_left BIGINT NOT NULL,
    in_scope BIGINT NOT NULL,
    scope_key TEXT NOT NULL,
    paused BIGINT NOT NULL,
    synced BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    blocked TEXT,
    applied_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, target_tenant_id)
) TABLE_OPTIONS;
-- What a target has of each user, as its last answer said. `state`: 0 nothing, 1 synced, 2 removed.
CREATE TABLE sync_links (
    tenant_id BYTES NOT NULL,
    target_tenant_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    target_user_id BYTES,
    state BIGINT NOT NULL,
    digest BYTES,
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT,
    failed_at BIGINT,
    error_code TEXT,
    error TEXT,
    PRIMARY KEY (tenant_id, target_tenant_id, user_id)
) TABLE_OPTIONS;
CREATE INDEX sync_links_to_retry ON sync_links (tenant_id, target_tenant_id, next_attempt_at)
    WHERE next_attempt_at IS NOT NULL;
CREATE TABLE provisioning (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    at BIGINT NOT NULL,
    job_id BYTES NOT NULL,
    cycle_id BYTES NOT NULL,
    target_tenant_id BYTES NOT NULL,
    action TEXT NOT NULL,
    status TEXT NOT NULL,
    source_id BYTES NOT NULL,
    target_id BYTES,
    display_name TEXT NOT NULL,
    error_code TEXT,
    error TEXT,
    changes TEXT,
    PRIMARY KEY (tenant_id, id)
) WIDE_TABLE_OPTIONS;
