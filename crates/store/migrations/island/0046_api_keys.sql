-- With each key comes one for what only our own API reads, which it alone can check: nobody needs its
-- public half, so the key set hasn't got it. Sealed and erased as the other; keys that are older than
-- this have none.
ALTER TABLE signing_keys ADD COLUMN api_private_key BYTES;
ALTER TABLE signing_keys ADD COLUMN api_public_key BYTES;
