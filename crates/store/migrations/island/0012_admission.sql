-- What this tenant asks of users who are synced in. The nil source is the default.
CREATE TABLE admission_rules (
    tenant_id BYTES NOT NULL,
    source_tenant_id BYTES NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (tenant_id, source_tenant_id)
) WIDE_TABLE_OPTIONS;
-- Users of a source that the rules have stopped, and what the admin has decided about held ones.
-- `state`: held, released, refused, turnedAway.
CREATE TABLE admission_users (
    tenant_id BYTES NOT NULL,
    source_tenant_id BYTES NOT NULL,
    home_id BYTES NOT NULL,
    state TEXT NOT NULL,
    doc TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, source_tenant_id, home_id)
) WIDE_TABLE_OPTIONS;
CREATE INDEX admission_users_by_state ON admission_users (tenant_id, source_tenant_id, state);
-- How often a target has asked for all users of a pair to be sent again.
ALTER TABLE sync_pairs ADD COLUMN again BIGINT NOT NULL DEFAULT 0;
