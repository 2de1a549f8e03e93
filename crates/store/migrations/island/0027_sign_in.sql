-- Who is signed in at which browser. Of the browser's cookie only the hash is kept; one cookie leads
-- to all accounts that are signed in there. `generation`: of the user's tokens at the sign-in.
CREATE TABLE sign_in_sessions (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    browser_hash BYTES NOT NULL,
    user_id BYTES NOT NULL,
    generation BIGINT NOT NULL,
    amr TEXT NOT NULL,
    is_persistent BIGINT NOT NULL,
    user_agent TEXT,
    created_at BIGINT NOT NULL,
    authenticated_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WIDE_TABLE_OPTIONS;
CREATE UNIQUE INDEX sign_in_sessions_by_browser
    ON sign_in_sessions (tenant_id, browser_hash, user_id);
CREATE INDEX sign_in_sessions_by_user ON sign_in_sessions (tenant_id, user_id, id);
CREATE INDEX sign_in_sessions_by_expiry ON sign_in_sessions (tenant_id, expires_at);
-- The clients that a session was used for, which are told when it ends.
CREATE TABLE session_clients (
    tenant_id BYTES NOT NULL,
    session_id BYTES NOT NULL,
    app_id BYTES NOT NULL,
    PRIMARY KEY (tenant_id, session_id, app_id)
) TABLE_OPTIONS;
-- Authorization codes by their hashes. One that was redeemed stays until it ends, so that a second
-- use is noticed.
CREATE TABLE authorization_codes (
    tenant_id BYTES NOT NULL,
    code_hash BYTES NOT NULL,
    doc TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    redeemed_by BYTES,
    PRIMARY KEY (tenant_id, code_hash)
) WIDE_TABLE_OPTIONS;
CREATE INDEX authorization_codes_by_expiry ON authorization_codes (tenant_id, expires_at);
-- What a client has from one sign-in: all refresh tokens that came of each other are one row, which
-- holds the number and the hash of the one that is good.
CREATE TABLE token_grants (
    tenant_id BYTES NOT NULL,
    id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    app_id BYTES NOT NULL,
    session_id BYTES NOT NULL,
    is_browser BIGINT NOT NULL,
    doc TEXT NOT NULL,
    number BIGINT NOT NULL,
    token_hash BYTES,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, id)
) WIDE_TABLE_OPTIONS;
CREATE INDEX token_grants_by_user ON token_grants (tenant_id, user_id, id);
CREATE INDEX token_grants_by_session ON token_grants (tenant_id, session_id, id);
CREATE INDEX token_grants_by_expiry ON token_grants (tenant_id, expires_at);
-- Devices that wait for somebody to sign in for them. `state`: 0 waits, 1 allowed, 2 refused.
CREATE TABLE device_codes (
    tenant_id BYTES NOT NULL,
    code_hash BYTES NOT NULL,
    user_code_hash BYTES NOT NULL,
    app_id BYTES NOT NULL,
    doc TEXT NOT NULL,
    state BIGINT NOT NULL,
    interval_seconds BIGINT NOT NULL,
    polled_at BIGINT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, code_hash)
) WIDE_TABLE_OPTIONS;
CREATE UNIQUE INDEX device_codes_by_user_code ON device_codes (tenant_id, user_code_hash);
CREATE INDEX device_codes_by_expiry ON device_codes (tenant_id, expires_at);
