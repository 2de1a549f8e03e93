-- Who was invited, by the folded address: an address is invited as one user, however often.
--
-- `home_tenant_id` is the tenant that held the address's domain at that time, if one did;
-- `ticket_hash` belongs to the newest link.
CREATE TABLE invitations (
    tenant_id BYTES NOT NULL,
    address TEXT NOT NULL,
    id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    home_tenant_id BYTES,
    ticket_hash BYTES NOT NULL,
    redirect_url TEXT NOT NULL,
    invited_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, address)
) WIDE_TABLE_OPTIONS;
CREATE INDEX invitations_by_user ON invitations (tenant_id, user_id);
CREATE INDEX invitations_by_home ON invitations (tenant_id, home_tenant_id) WHERE home_tenant_id IS NOT NULL;
