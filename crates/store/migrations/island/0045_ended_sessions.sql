-- The session at home that a visitor's session came from; and at home, of people who have been elsewhere,
-- the sessions that were ended by signing out: what came from them ends as well.
ALTER TABLE sign_in_sessions ADD COLUMN home_session_id BYTES;
CREATE TABLE ended_sessions (
    tenant_id BYTES NOT NULL,
    session_id BYTES NOT NULL,
    ended_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, session_id)
) TABLE_OPTIONS;
CREATE INDEX ended_sessions_by_end ON ended_sessions (tenant_id, ended_at);
