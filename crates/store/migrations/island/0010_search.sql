-- The words of names and descriptions, by which `$search` finds objects. `field` says of which kind
-- of object and of which property; `words` are all that an object has, to take away what it loses.
CREATE TABLE search_words (
    tenant_id BYTES NOT NULL,
    field BIGINT NOT NULL,
    word TEXT NOT NULL,
    object_id BYTES NOT NULL,
    PRIMARY KEY (tenant_id, field, word, object_id)
) TABLE_OPTIONS;
CREATE TABLE search_objects (
    tenant_id BYTES NOT NULL,
    object_id BYTES NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (tenant_id, object_id)
) WIDE_TABLE_OPTIONS;
-- How far the index has come with the objects that were there before it; no row once it has all.
CREATE TABLE search_scan (
    tenant_id BYTES NOT NULL,
    kind BIGINT NOT NULL,
    after_id BYTES NOT NULL,
    PRIMARY KEY (tenant_id)
) TABLE_OPTIONS;
