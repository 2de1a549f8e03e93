-- What the servers of one database have to agree about: a version that grows with each change of the
-- registry, and a value that only the deployment's key opens.
CREATE TABLE registry_settings (
    name TEXT NOT NULL,
    number BIGINT NOT NULL,
    value BYTES NOT NULL,
    PRIMARY KEY (name)
) TABLE_OPTIONS;
-- The data directory of the server that is making the tenant.
ALTER TABLE registry_tenants ADD COLUMN made_by BYTES;
