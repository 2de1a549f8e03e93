-- How a tenant's sign-in pages look, where it has said so; and its logos, by their names in Graph.
CREATE TABLE branding (
    tenant_id BYTES NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (tenant_id)
) WIDE_TABLE_OPTIONS;
CREATE TABLE branding_images (
    tenant_id BYTES NOT NULL,
    name TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    digest BYTES NOT NULL,
    content BYTES NOT NULL,
    PRIMARY KEY (tenant_id, name)
) WIDE_TABLE_OPTIONS;
