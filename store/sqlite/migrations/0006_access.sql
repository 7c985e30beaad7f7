-- What API keys may do (a sum of 1 read, 2 write, 4 admin; 0 is everything), until when,
-- what for, and the day of their last use. Instants of 0 are none.
ALTER TABLE api_key ADD COLUMN expires_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN note       TEXT    NOT NULL DEFAULT '';
ALTER TABLE api_key ADD COLUMN scopes     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN used_on    INTEGER NOT NULL DEFAULT 0;

-- Users who are suspended (1), or whose sessions were ended.
CREATE TABLE user_access (
  user           TEXT    NOT NULL PRIMARY KEY,
  suspended      INTEGER NOT NULL DEFAULT 0,
  sessions_ended INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
