-- Groups of other tenants, as synchronization puts them here.
ALTER TABLE groups ADD COLUMN home_tenant_id BYTES;
ALTER TABLE groups ADD COLUMN home_id BYTES;
ALTER TABLE groups ADD COLUMN deleted_by_home BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX groups_by_home ON groups (tenant_id, home_tenant_id, home_id) WHERE home_id IS NOT NULL;
-- Their members, all by their ids at home, whether or not they are here. `member_kind`: 1 user, 2 group.
CREATE TABLE synced_members (
    tenant_id BYTES NOT NULL,
    home_tenant_id BYTES NOT NULL,
    home_group_id BYTES NOT NULL,
    home_member_id BYTES NOT NULL,
    member_kind BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, home_tenant_id, home_group_id, home_member_id)
) TABLE_OPTIONS;
CREATE INDEX synced_members_by_member
    ON synced_members (tenant_id, home_tenant_id, home_member_id, home_group_id);
-- At home: what a target has of each group, as its last answer said; `state` as in sync_links.
-- `members_after`: up to where it has the members; none once it has them all. `held`: its deletion
-- waits together with those of users.
CREATE TABLE sync_groups (
    tenant_id BYTES NOT NULL,
    target_tenant_id BYTES NOT NULL,
    group_id BYTES NOT NULL,
    target_group_id BYTES,
    state BIGINT NOT NULL,
    digest BYTES,
    members_after BYTES,
    held BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT,
    error_code TEXT,
    error TEXT,
    PRIMARY KEY (tenant_id, target_tenant_id, group_id)
) WIDE_TABLE_OPTIONS;
CREATE INDEX sync_groups_to_retry ON sync_groups (tenant_id, target_tenant_id, next_attempt_at)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX sync_groups_to_fill ON sync_groups (tenant_id, target_tenant_id, group_id)
    WHERE members_after IS NOT NULL;
-- Whether the target has ever been sent groups.
ALTER TABLE sync_pairs ADD COLUMN has_groups BIGINT NOT NULL DEFAULT 0;
ALTER TABLE provisioning ADD COLUMN is_group BIGINT NOT NULL DEFAULT 0;
-- Whether groups of a partner may be synchronized in.
ALTER TABLE access_identity_sync ADD COLUMN is_group_sync_allowed BIGINT;
