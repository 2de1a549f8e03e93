-- Sign-ins: of users and of applications, good and refused. `kind`: 0 interactive, 1 not interactive, 2 an
-- application's own. Those of which there may be many alike are one row within an hour, which `slot`, a
-- digest of what they have in common, finds; `at` is that of the last, `times` says how many.
CREATE TABLE sign_ins (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    at BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    user_id BYTES,
    app_id BYTES,
    error_code BIGINT NOT NULL,
    slot BYTES,
    times BIGINT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WIDE_TABLE_OPTIONS;
CREATE INDEX sign_ins_by_time ON sign_ins (tenant_id, at, id);
CREATE INDEX sign_ins_by_user ON sign_ins (tenant_id, user_id, at, id) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX sign_ins_by_slot ON sign_ins (tenant_id, slot) WHERE slot IS NOT NULL;
-- How many rows refusals have taken within each hour, which is bounded.
CREATE TABLE sign_in_hours (
    tenant_id BYTES NOT NULL,
    hour BIGINT NOT NULL,
    refusals BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hour)
) TABLE_OPTIONS;
