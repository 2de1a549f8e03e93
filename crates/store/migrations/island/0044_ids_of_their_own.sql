-- Authorization codes say themselves what they stand for, and the grants that they are redeemed for have
-- their ids. Whoever was about to redeem one, which has to happen within ten minutes, signs in again.
DROP TABLE authorization_codes;
-- Sign-ins that are counted together have their row's id in common.
DROP INDEX sign_ins_by_slot;
ALTER TABLE sign_ins DROP COLUMN slot;
