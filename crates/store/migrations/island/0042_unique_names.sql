-- The names by which tools find groups and applications again (`uniqueName`), folded. `object_kind`:
-- 2 group, 4 application.
CREATE TABLE unique_names (
    tenant_id BYTES NOT NULL,
    object_kind BIGINT NOT NULL,
    name TEXT NOT NULL,
    object_id BYTES NOT NULL,
    PRIMARY KEY (tenant_id, object_kind, name)
) TABLE_OPTIONS;
CREATE INDEX unique_names_by_object ON unique_names (tenant_id, object_id);
