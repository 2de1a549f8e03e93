-- Requests between tenants to change a setting, at both ends under the same id.
--
-- `sent`: whether this tenant asked. `changes` is what was asked for, `shown` how it reads with the
-- values before and after. `state`: pending, accepted, declined, failed.
CREATE TABLE change_requests (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    sent BIGINT NOT NULL,
    other_tenant_id BYTES NOT NULL,
    from_tenant_id BYTES NOT NULL,
    to_tenant_id BYTES NOT NULL,
    action TEXT NOT NULL,
    changes TEXT NOT NULL,
    shown TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    created_at BIGINT NOT NULL,
    decided_at BIGINT,
    PRIMARY KEY (tenant_id, id)
) WIDE_TABLE_OPTIONS;
CREATE INDEX change_requests_by_other ON change_requests (tenant_id, other_tenant_id, state);
CREATE INDEX change_requests_by_time ON change_requests (tenant_id, created_at);
