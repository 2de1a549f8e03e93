-- Each index costs every change a page more. An entry of the audit log is found by the time that is
-- part of its id, and what a trimmed one names by what it says.
DROP INDEX audit_log_by_id;
DROP INDEX audit_targets_by_entry;
