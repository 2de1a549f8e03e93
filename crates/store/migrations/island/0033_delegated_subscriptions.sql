-- In whose name a client has subscribed, and the generation of that person's tokens then; nothing where a
-- client has for itself.
ALTER TABLE subscriptions ADD COLUMN user_id BYTES;
ALTER TABLE subscriptions ADD COLUMN user_generation BIGINT;
