-- Departures from the organization: those that this tenant carries out (`own`), and what others have
-- told it of theirs. `stage` is where one stands, `doc` all of it.
CREATE TABLE departures (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    own BIGINT NOT NULL,
    by_tenant_id BYTES NOT NULL,
    stage TEXT NOT NULL,
    doc TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WIDE_TABLE_OPTIONS;
CREATE INDEX departures_by_stage ON departures (tenant_id, stage);
-- The users that a departure has changed here, until it is undone.
CREATE TABLE departure_users (
    tenant_id BYTES NOT NULL,
    departure_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    PRIMARY KEY (tenant_id, departure_id, user_id)
) TABLE_OPTIONS;
