-- The feed of changes, its head, and the positions of its readers.
CREATE TABLE feed_head (
    tenant_id BYTES NOT NULL,
    seq BIGINT NOT NULL,
    floor BIGINT NOT NULL,
    PRIMARY KEY (tenant_id)
) TABLE_OPTIONS;
CREATE TABLE feed (
    tenant_id BYTES NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    object_id BYTES NOT NULL,
    related_id BYTES,
    op BIGINT NOT NULL,
    properties TEXT,
    PRIMARY KEY (tenant_id, seq)
) TABLE_OPTIONS;
CREATE TABLE cursors (
    tenant_id BYTES NOT NULL,
    reader TEXT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, reader)
) TABLE_OPTIONS;
