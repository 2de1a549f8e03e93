-- The guard against accidental deletions. `quarantined_at`: since when the pair deletes nobody.
-- `allowances`: how often the admin has let through what waits; what waits since an earlier one
-- goes, as does what the feed has up to `allowed_seq`.
-- `removals`: what the scan under way does with those whom it would remove; `leaving`: how many.
ALTER TABLE sync_pairs ADD COLUMN quarantined_at BIGINT;
ALTER TABLE sync_pairs ADD COLUMN allowed_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sync_pairs ADD COLUMN allowances BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sync_pairs ADD COLUMN removals BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sync_pairs ADD COLUMN leaving BIGINT NOT NULL DEFAULT 0;
-- `enabled`: what the target was told last of the account. `held`: 1 a deletion, 2 a disabling
-- that waits for the admin since `held_at`, behind so many allowances (`held_in`).
ALTER TABLE sync_links ADD COLUMN enabled BIGINT;
ALTER TABLE sync_links ADD COLUMN held BIGINT;
ALTER TABLE sync_links ADD COLUMN held_at BIGINT;
ALTER TABLE sync_links ADD COLUMN held_in BIGINT;
CREATE INDEX sync_links_held ON sync_links (tenant_id, target_tenant_id, held_in, user_id)
    WHERE held_in IS NOT NULL;
-- Deletions and disablings that were carried out, by the hour since 1970.
CREATE TABLE sync_deletions (
    tenant_id BYTES NOT NULL,
    target_tenant_id BYTES NOT NULL,
    hour BIGINT NOT NULL,
    deletions BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, target_tenant_id, hour)
) TABLE_OPTIONS;
-- This tenant's own thresholds, if it has set any.
CREATE TABLE deletion_guard (
    tenant_id BYTES NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (tenant_id)
) WIDE_TABLE_OPTIONS;
