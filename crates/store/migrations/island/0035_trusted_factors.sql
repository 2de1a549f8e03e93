-- Whether something that a visitor has counts another factor that was shown at home: it ends with the trust
-- in the home's. Of those who came before this was kept, nobody knows.
ALTER TABLE visitors ADD COLUMN counts_home_factor BIGINT NOT NULL DEFAULT 1;
