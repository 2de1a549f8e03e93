-- Subscriptions to changes, and what they are still to be told of.
--
-- `path` is the resource in its one spelling, `change_types` a set of bits; `since` the head of the
-- feed when it was made. `removed_at`: it is gone for its client, and stays until that was told.
CREATE TABLE subscriptions (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    app_id BYTES NOT NULL,
    creator_id BYTES NOT NULL,
    path TEXT NOT NULL,
    change_types BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    reauthorize_at BIGINT,
    removed_at BIGINT,
    since BIGINT NOT NULL,
    client_state BYTES,
    certificate BYTES,
    doc TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WIDE_TABLE_OPTIONS;
CREATE INDEX subscriptions_by_app ON subscriptions (tenant_id, app_id, id);
-- What waits: `lane` 0 for changes, 1 for the subscription's own lifecycle. `failing_since`: when
-- the oldest of them was tried in vain for the first time.
CREATE TABLE subscription_lanes (
    tenant_id BYTES NOT NULL,
    subscription_id BYTES NOT NULL,
    lane BIGINT NOT NULL,
    pending BIGINT NOT NULL,
    failing_since BIGINT,
    PRIMARY KEY (tenant_id, subscription_id, lane)
) TABLE_OPTIONS;
CREATE TABLE notifications (
    tenant_id BYTES NOT NULL,
    subscription_id BYTES NOT NULL,
    lane BIGINT NOT NULL,
    number BIGINT NOT NULL,
    queued_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant_id, subscription_id, lane, number)
) TABLE_OPTIONS;
-- Up to where the feed has been looked through for the subscriptions of the tenant.
CREATE TABLE subscription_scan (
    tenant_id BYTES NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (tenant_id)
) TABLE_OPTIONS;
