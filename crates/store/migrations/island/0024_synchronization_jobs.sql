-- Jobs of service principals: what automation sees of a pair. `state`: disabled, active, paused.
-- `target_tenant_id` is the pair that the job governs; none before it was started. `schema_doc` is
-- null while it is the template's; `executions` is JSON.
CREATE TABLE sync_jobs (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    service_principal_id BYTES NOT NULL,
    template_id TEXT NOT NULL,
    state TEXT NOT NULL,
    target_tenant_id BYTES,
    sync_all BIGINT NOT NULL,
    settings TEXT NOT NULL,
    schema_doc TEXT,
    steady_first_at BIGINT,
    steady_last_at BIGINT,
    executions TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WIDE_TABLE_OPTIONS;
CREATE UNIQUE INDEX sync_jobs_by_service_principal
    ON sync_jobs (tenant_id, service_principal_id, template_id);
CREATE UNIQUE INDEX sync_jobs_by_target ON sync_jobs (tenant_id, target_tenant_id)
    WHERE target_tenant_id IS NOT NULL;
-- What a service principal's jobs know of their target. What is a secret is sealed; the rest, which
-- says what a job does, is text.
CREATE TABLE sync_secrets (
    tenant_id BYTES NOT NULL,
    service_principal_id BYTES NOT NULL,
    name TEXT NOT NULL,
    setting TEXT,
    sealed BYTES,
    PRIMARY KEY (tenant_id, service_principal_id, name)
) WIDE_TABLE_OPTIONS;
-- Since when the pair is held up; and whether its job was deleted while nothing was shared, so that
-- what the target has stays there.
ALTER TABLE sync_pairs ADD COLUMN blocked_at BIGINT;
ALTER TABLE sync_pairs ADD COLUMN retired BIGINT NOT NULL DEFAULT 0;
CREATE INDEX app_role_assignments_by_kind
    ON app_role_assignments (tenant_id, resource_id, principal_kind, principal_id);
