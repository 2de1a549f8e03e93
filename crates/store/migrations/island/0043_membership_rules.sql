-- Few groups have types, and those whose members a rule decides on are looked up by them.
CREATE INDEX groups_by_types ON groups (tenant_id, group_types, id) WHERE group_types IS NOT NULL;
-- Up to which user the rule of a group was held against all users. No row: that has still to begin.
-- `ended_at`: when it was through with them; null while it is under way.
CREATE TABLE rule_walks (
    tenant_id BYTES NOT NULL,
    group_id BYTES NOT NULL,
    after BYTES NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (tenant_id, group_id)
) TABLE_OPTIONS;
