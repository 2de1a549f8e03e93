-- Authorization codes say themselves what they stand for, and the grants that they are redeemed for have
-- their ids. Whoever was about to redeem one, which has to happen within ten minutes, signs in again.
DROP TABLE authorization_codes;
-- Sign-ins that are counted together have their row's id in common.
DROP INDEX sign_ins_by_slot;
ALTER TABLE sign_ins DROP COLUMN slot;
-- A session is one person's, so what is asked of a session's grants is asked of that person's.
DROP INDEX token_grants_by_session;
DROP INDEX token_grants_by_user;
CREATE INDEX token_grants_by_user ON token_grants (tenant_id, user_id, session_id);
