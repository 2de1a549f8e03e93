-- How users of this tenant become users of a target, where that isn't the default. `doc` is none
-- again once the pair has gone back to it; the row stays for the revision to rise.
CREATE TABLE synchronization_schemas (
    tenant_id BYTES NOT NULL,
    target_tenant_id BYTES NOT NULL,
    revision BIGINT NOT NULL,
    seed BYTES NOT NULL,
    doc TEXT,
    PRIMARY KEY (tenant_id, target_tenant_id)
) WIDE_TABLE_OPTIONS;
