-- How far the log is in the index of entries by what they name (`audit_targets`), which is written
-- behind it. None: all that is there, which was written along with it until now.
ALTER TABLE audit_chain ADD COLUMN indexed_seq BIGINT;
