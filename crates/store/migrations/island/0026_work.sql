-- The epoch of the life of a pair's work that has made sure of its position, for other servers to read.
ALTER TABLE sync_pairs ADD COLUMN sure_epoch BIGINT;
