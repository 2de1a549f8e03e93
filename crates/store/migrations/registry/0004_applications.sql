-- Which tenant an application is registered in that is for people of others too: where to ask for it,
-- and no more. What the application is, and whether it is for others still, its tenant says.
CREATE TABLE registry_applications (
    app_id BYTES NOT NULL,
    tenant_id BYTES NOT NULL,
    PRIMARY KEY (app_id)
) TABLE_OPTIONS;
