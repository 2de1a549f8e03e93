-- People on their way to another tenant: what that tenant may ask about, once, by the pass that the
-- browser carries there. Of the pass only the hash is kept.
CREATE TABLE visit_passes (
    tenant_id BYTES NOT NULL,
    pass_hash BYTES NOT NULL,
    doc TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, pass_hash)
) TABLE_OPTIONS;
CREATE INDEX visit_passes_by_expiry ON visit_passes (tenant_id, expires_at);
-- The passes that people have come in with, so that none is good twice.
CREATE TABLE visit_arrivals (
    tenant_id BYTES NOT NULL,
    pass_hash BYTES NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, pass_hash)
) TABLE_OPTIONS;
CREATE INDEX visit_arrivals_by_expiry ON visit_arrivals (tenant_id, expires_at);
-- Who of another tenant has redeemed an invitation, and which user that is here. Users who are kept
-- current by their home say so themselves.
CREATE TABLE redemptions (
    tenant_id BYTES NOT NULL,
    home_tenant_id BYTES NOT NULL,
    home_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    PRIMARY KEY (tenant_id, home_tenant_id, home_id)
) TABLE_OPTIONS;
CREATE UNIQUE INDEX redemptions_by_user ON redemptions (tenant_id, user_id);
