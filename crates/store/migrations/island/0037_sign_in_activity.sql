-- When a user has signed in last, for as long as the user is there: interactively, by a client in the
-- user's name, and the last time that it succeeded; each with the id that the log of sign-ins has it by.
CREATE TABLE sign_in_activity (
    tenant_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    interactive_at BIGINT,
    interactive_id BYTES,
    other_at BIGINT,
    other_id BYTES,
    successful_at BIGINT,
    successful_id BYTES,
    PRIMARY KEY (tenant_id, user_id)
) TABLE_OPTIONS;
