-- Photos of users and groups, in each size that is handed out; `owner_id` is the object's id.
CREATE TABLE photos (
    tenant_id BYTES NOT NULL,
    owner_id BYTES NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    digest BYTES NOT NULL,
    content BYTES NOT NULL,
    PRIMARY KEY (tenant_id, owner_id, width, height)
) WIDE_TABLE_OPTIONS;
-- Who answers for a user from outside. Rows of deleted objects stay; reading passes over them.
-- `sponsor_kind`: 1 user, 2 group.
CREATE TABLE user_sponsors (
    tenant_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    sponsor_id BYTES NOT NULL,
    sponsor_kind BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, sponsor_id)
) TABLE_OPTIONS;
CREATE INDEX user_sponsors_by_sponsor ON user_sponsors (tenant_id, sponsor_id, user_id);
