-- First answers to requests with an Idempotency-Key; without a status the answer isn't made yet.
CREATE TABLE idempotency (
    tenant_id BYTES NOT NULL,
    app_id BYTES NOT NULL,
    idempotency_key TEXT NOT NULL,
    request BYTES NOT NULL,
    at BIGINT NOT NULL,
    status BIGINT,
    location TEXT,
    content_type TEXT,
    body BYTES,
    PRIMARY KEY (tenant_id, app_id, idempotency_key)
) WIDE_TABLE_OPTIONS;
CREATE INDEX idempotency_by_time ON idempotency (tenant_id, at);
