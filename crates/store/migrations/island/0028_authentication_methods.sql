-- How the tenant lets its users prove who they are. No row means as every tenant begins.
CREATE TABLE authentication_policy (
    tenant_id BYTES NOT NULL,
    doc TEXT NOT NULL,
    modified_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id)
) WIDE_TABLE_OPTIONS;
-- How users can prove who they are beside the password that stands in their rows. `kind`: 2 passkey,
-- 3 TOTP, 5 temporary access pass. `lookup`: a passkey's credential id. `secret`: the sealed seed of
-- a TOTP, the hash of a pass. `counter`: a passkey's signatures, the last step of a TOTP that was
-- used, the uses of a pass. It only grows.
CREATE TABLE authentication_methods (
    tenant_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    id BYTES NOT NULL,
    kind BIGINT NOT NULL,
    lookup BYTES,
    secret BYTES,
    counter BIGINT NOT NULL,
    doc TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (tenant_id, user_id, id)
) WIDE_TABLE_OPTIONS;
CREATE UNIQUE INDEX authentication_methods_by_lookup
    ON authentication_methods (tenant_id, lookup) WHERE lookup IS NOT NULL;
-- What authenticators know a user by.
CREATE TABLE passkey_handles (
    tenant_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    handle BYTES NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
) WIDE_TABLE_OPTIONS;
-- Passkeys that are being made, by the digest of their challenge.
CREATE TABLE passkey_registrations (
    tenant_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    challenge BYTES NOT NULL,
    doc TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, challenge)
) WIDE_TABLE_OPTIONS;
CREATE INDEX passkey_registrations_by_expiry ON passkey_registrations (tenant_id, expires_at);
-- Challenges that a passkey has answered, so that none is answered twice.
CREATE TABLE passkey_challenges (
    tenant_id BYTES NOT NULL,
    challenge BYTES NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, challenge)
) TABLE_OPTIONS;
CREATE INDEX passkey_challenges_by_expiry ON passkey_challenges (tenant_id, expires_at);
-- Recovery codes that weren't used yet, by their hashes.
CREATE TABLE recovery_codes (
    tenant_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    code_hash BYTES NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, code_hash)
) TABLE_OPTIONS;
-- Attempts to sign in that failed, by the digest of who it was tried as and from where.
CREATE TABLE sign_in_attempts (
    tenant_id BYTES NOT NULL,
    subject BYTES NOT NULL,
    failures BIGINT NOT NULL,
    failed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, subject)
) TABLE_OPTIONS;
CREATE INDEX sign_in_attempts_by_expiry ON sign_in_attempts (tenant_id, expires_at);
