-- Who looks after an application or a service principal. `object_kind`: 3 service principal,
-- 4 application; `owner_kind`: 1 user, 3 service principal. Rows of deleted owners stay, so that
-- who is restored owns again.
CREATE TABLE app_owners (
    tenant_id BYTES NOT NULL,
    object_id BYTES NOT NULL,
    owner_id BYTES NOT NULL,
    object_kind BIGINT NOT NULL,
    owner_kind BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, object_id, owner_id)
) TABLE_OPTIONS;
CREATE INDEX app_owners_by_owner ON app_owners (tenant_id, owner_id, object_id);
