-- How a tenant's sign-in pages look in a language, where that differs from how they look by default.
-- `locale` is the tag of the language, folded; `id` as it was written.
CREATE TABLE branding_localizations (
    tenant_id BYTES NOT NULL,
    locale TEXT NOT NULL,
    id TEXT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (tenant_id, locale)
) WIDE_TABLE_OPTIONS;
CREATE TABLE branding_localization_images (
    tenant_id BYTES NOT NULL,
    locale TEXT NOT NULL,
    name TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    digest BYTES NOT NULL,
    content BYTES NOT NULL,
    PRIMARY KEY (tenant_id, locale, name)
) WIDE_TABLE_OPTIONS;
