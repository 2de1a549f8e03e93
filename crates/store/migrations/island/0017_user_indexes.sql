-- Who has this mail or employee number, in the order of ids, so that a page of them needs no sorting
-- and is found by the number of those who have it, not of all.
DROP INDEX users_by_mail;
CREATE INDEX users_by_mail ON users (tenant_id, mail, id) WHERE mail IS NOT NULL;
CREATE INDEX users_by_employee_id ON users (tenant_id, employee_id, id) WHERE employee_id IS NOT NULL;
