-- Service principals have secrets of their own as well, so these are of any owner.
ALTER TABLE application_secrets RENAME TO password_credentials;
ALTER TABLE password_credentials RENAME COLUMN application_id TO owner_id;
