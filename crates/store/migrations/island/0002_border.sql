-- The border: what waits to be sent, and how far each incoming stream has been applied.
CREATE TABLE outbox (
    tenant_id BYTES NOT NULL,
    to_tenant_id BYTES NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, to_tenant_id, seq)
) WIDE_TABLE_OPTIONS;
CREATE TABLE outbox_heads (
    tenant_id BYTES NOT NULL,
    to_tenant_id BYTES NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, to_tenant_id)
) TABLE_OPTIONS;
CREATE TABLE inbound_streams (
    tenant_id BYTES NOT NULL,
    from_tenant_id BYTES NOT NULL,
    stream TEXT NOT NULL,
    seq BIGINT NOT NULL,
    -- What the last envelope of the control stream was answered with.
    receipt TEXT,
    PRIMARY KEY (tenant_id, from_tenant_id, stream)
) WIDE_TABLE_OPTIONS;
