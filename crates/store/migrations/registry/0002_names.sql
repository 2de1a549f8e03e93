-- Names of their own, since on an engine with one database for all the islands' tables stand beside.
ALTER TABLE tenants RENAME TO registry_tenants;
ALTER TABLE domains RENAME TO registry_domains;
