-- People of other tenants who have signed in here and may have something that is good still: where they
-- are at home, and the generation of their tokens there when they came. What both tenants' rules say of
-- them is looked at again whenever that may have changed.
CREATE TABLE visitors (
    tenant_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    home_tenant_id BYTES NOT NULL,
    home_id BYTES NOT NULL,
    home_generation BIGINT NOT NULL,
    came_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
) TABLE_OPTIONS;
CREATE INDEX visitors_by_home ON visitors (tenant_id, home_tenant_id, user_id);
-- This tenant's people who have been in another one, which is told when something of theirs changes.
CREATE TABLE visits_abroad (
    tenant_id BYTES NOT NULL,
    resource_tenant_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    visited_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, resource_tenant_id, user_id)
) TABLE_OPTIONS;
CREATE INDEX visits_abroad_by_user ON visits_abroad (tenant_id, user_id, resource_tenant_id);
CREATE INDEX visits_abroad_by_time ON visits_abroad (tenant_id, visited_at);
